"""GitHub Actions: runs and jobs as GitHub documents its API and as gh prints them."""

import json
from datetime import timedelta
from functools import partial

import pytest
from drawing.exported import read_as, seen

import integrhealth as ih

BEGUN, ENDED, AGAIN = "2022-02-25T23:49:51Z", "2022-02-25T23:50:43Z", "2022-02-26T12:00:00Z"


read = partial(read_as, "github_actions", name="runs.json")


def run(number: int, conclusion: str | None = "success", **more: object) -> dict:
    own = {"id": number, "name": "CI", "event": "push", "status": "completed", "conclusion": conclusion}
    own |= {"workflow_id": 1, "created_at": BEGUN, "updated_at": ENDED, "run_started_at": BEGUN, "run_attempt": 1}
    return own | {"actor": {"login": "octocat"}, "repository": {"full_name": "acme/shop"}} | more


def job(number: int, *steps: dict, **more: object) -> dict:
    own = {"id": number, "run_id": 7, "run_attempt": 2, "workflow_name": "CI", "name": "build", "status": "completed"}
    own |= {"run_url": "https://api.github.com/repos/acme/shop/actions/runs/7", "conclusion": "failure"}
    own |= {"created_at": "2022-02-26T12:00:01Z", "started_at": "2022-02-26T12:00:11Z"}
    return own | {"completed_at": "2022-02-26T12:01:00Z", "steps": list(steps)} | more


def test_a_run_is_a_message_per_attempt_from_the_start_of_that_attempt(tmp_path):
    again = run(2, "failure", run_attempt=2, run_started_at=AGAIN, updated_at="2022-02-26T12:01:00Z")
    going = run(3, None, status="in_progress", updated_at="2022-02-25T23:49:53Z")
    evidence = read(tmp_path, {"total_count": 3, "workflow_runs": [run(1), again, going]})
    assert seen(evidence, "message_id", "trace_id", "attempt", "status", "integration", "operation") == [
        ("1/1", "1", 1, "ok", "acme/shop: CI", "push"),
        ("2/2", "2", 2, "failed", "acme/shop: CI", "push"),
        ("3/1", "3", 1, "pending", "acme/shop: CI", "push"),
    ]
    lasted = (evidence.messages["finished_at"] - evidence.messages["sent_at"]).to_list()
    assert lasted == [timedelta(seconds=52), timedelta(seconds=60), None]
    assert any("earlier attempts are not in this file: 1" in warning for warning in evidence.warnings)
    first = run(2, "failure")
    assert not any("earlier attempts" in each for each in read(tmp_path, [first, again]).warnings)


@pytest.mark.parametrize(
    ("conclusion", "status"),
    [("success", "ok"), ("neutral", "ok"), ("failure", "failed"), ("startup_failure", "failed"),
     ("timed_out", "timeout"), ("stale", "timeout"), ("cancelled", "cancelled"), ("skipped", "skipped"),
     ("action_required", "held"), ("exploded", "unknown")],
)  # fmt: skip
def test_what_a_conclusion_means(tmp_path, conclusion, status):
    assert seen(read(tmp_path, [run(1, conclusion)]), "status") == [(status,)]


@pytest.mark.parametrize(
    ("state", "status"),
    [("queued", "pending"), ("in_progress", "pending"), ("requested", "pending"), ("pending", "pending"),
     ("waiting", "held")],
)  # fmt: skip
def test_what_is_not_completed_has_no_end(tmp_path, state, status):
    assert seen(read(tmp_path, [run(1, None, status=state)]), "status", "finished_at") == [(status, None)]


def test_a_job_lies_in_its_attempt_and_its_steps_in_the_job(tmp_path):
    steps = [
        {"name": "checkout", "status": "completed", "conclusion": "success", "number": 1,
         "started_at": "2022-02-26T12:00:12Z", "completed_at": "2022-02-26T12:00:14Z"},
        {"name": "test", "status": "completed", "conclusion": "failure", "number": 2,
         "started_at": "2022-02-26T12:00:14Z", "completed_at": "2022-02-26T12:00:59Z"},
        {"name": "publish", "status": "completed", "conclusion": "skipped", "number": 3, "started_at": None},
    ]  # fmt: skip
    again = run(7, "failure", run_attempt=2, run_started_at=AGAIN, updated_at="2022-02-26T12:01:00Z")
    (tmp_path / "jobs.json").write_text(json.dumps({"total_count": 1, "jobs": [job(70, *steps)]}))
    evidence = read(tmp_path, {"total_count": 1, "workflow_runs": [again]})
    assert seen(evidence, "message_id", "parent_id", "trace_id", "operation", "status") == [
        ("70", "7/2", "7", "build", "failed"),
        ("70/1", "70", "7", "checkout", "ok"),
        ("70/2", "70", "7", "test", "failed"),
        ("70/3", "70", "7", "publish", "skipped"),
        ("7/2", None, "7", "push", "failed"),
    ]
    assert set(evidence.messages["integration"]) == {"acme/shop: CI"}
    waited = evidence.messages["received_at"] - evidence.messages["sent_at"]
    assert waited.dt.total_seconds().to_list() == [10, None, None, None, None]
    assert ih.error_propagation.report(evidence).tables["cascades"]["root_id"].to_list() == ["70/2"]


def test_runs_and_jobs_as_gh_prints_them(tmp_path):
    own = {"attempt": 2, "conclusion": "failure", "createdAt": BEGUN, "databaseId": 5, "event": "schedule"}
    own |= {"headBranch": "main", "startedAt": AGAIN, "status": "completed", "updatedAt": "2022-02-26T12:01:00Z"}
    own |= {"url": "https://github.com/acme/shop/actions/runs/5", "workflowName": "Nightly"}
    evidence = read(
        tmp_path, json.dumps([own, own | {"databaseId": 6, "conclusion": "", "status": "queued"}], indent=1)
    )
    assert seen(evidence, "message_id", "integration", "operation", "attempt", "status") == [
        ("5/2", "acme/shop: Nightly", "schedule", 2, "failed"),
        ("6/2", "acme/shop: Nightly", "schedule", 2, "pending"),
    ]
    assert evidence.messages["finished_at"].to_list()[1] is None
    never = {"startedAt": AGAIN, "completedAt": "0001-01-01T00:00:00Z", "status": "in_progress", "conclusion": ""}
    viewed = {"jobs": [never | {"databaseId": 50, "name": "build", "steps": [never | {"name": "test", "number": 1}]}]}
    (tmp_path / "runs.json").unlink()
    evidence = read(tmp_path, viewed, name="jobs.json")
    assert seen(evidence, "message_id", "status", "finished_at") == [("50", "pending", None), ("50/1", "pending", None)]


def test_records_that_are_no_runs_cost_themselves(tmp_path):
    rows = [run(1), {"id": 2}, 7, run(3) | {"id": None}, run(4, run_started_at="soon"), run(5, steps={}, run_id=None)]
    evidence = read(tmp_path, "\n".join(map(json.dumps, rows)) + "\n{broken")
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(7, 2, 5)]
    assert [status for (status,) in seen(evidence, "status")] == ["ok", "ok"]


def test_other_things_of_github_are_not_taken_for_runs(tmp_path):
    row = {"id": 1, "status": "open", "created_at": BEGUN, "actor": {"login": "a"}, "repository": {"full_name": "a/b"}}
    (tmp_path / "issues.json").write_text(json.dumps([row]))
    assert "github_actions" not in set(ih.read(tmp_path).sources["format"])
