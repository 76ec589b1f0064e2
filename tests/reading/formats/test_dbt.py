"""dbt results and logs, against the OpenLineage events that the same logs are known to mean."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

WRITTEN, AT = "2026-03-01T10:00:09Z", "2026-03-01T10:00:0"


def result(name: str, status: str, *steps: tuple[int, int], **more) -> dict:
    timing = [{"name": "execute", "started_at": f"{AT}{a}Z", "completed_at": f"{AT}{b}Z"} for a, b in steps]
    return {"unique_id": name, "status": status, "timing": timing, "message": f"{name} said", **more}


def results(folder: Path, *found: object, name: str = "run_results.json") -> ih.Evidence:
    metadata = {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json", "generated_at": WRITTEN}
    document = {"metadata": metadata | {"invocation_id": "run1"}, "results": found, "elapsed_time": 3.1}
    (folder / name).write_text(json.dumps(document, indent=1))
    return read(folder)


def logged(folder: Path, *lines: object) -> ih.Evidence:
    (folder / "dbt.jsonl").write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
    return read(folder)


def line(name: str, second: int, **data) -> dict:
    info = {"name": name, "invocation_id": "run1", "ts": f"{AT}{second}.5Z", "level": "info", "msg": f"{name} says"}
    return {"info": info, "data": data}


def node(name: str, status: str, begun: int, ended: int | None = None) -> dict:
    finished = "" if ended is None else f"{AT}{ended}"
    return {"unique_id": name, "node_status": status, "node_started_at": f"{AT}{begun}", "node_finished_at": finished}


def read(path: Path) -> ih.Evidence:
    evidence = ih.read(path)
    for counts in evidence.sources.rows(named=True):
        assert counts["format"] == "dbt"
        assert counts["rows_in"] == counts["rows_out"] + counts["rows_rejected"]
    return evidence


def told(evidence: ih.Evidence) -> dict[str, str]:
    return dict(evidence.messages.select("integration", "status").rows())


def test_the_results_of_a_command_and_the_command_itself(tmp_path):
    evidence = results(tmp_path, result("model.a", "success", (1, 2), (2, 4)), result("model.b", "error", (3, 5)))
    seconds = evidence.messages.select(
        "integration",
        "parent_id",
        "status",
        "error_text",
        begun=evidence.messages["sent_at"].dt.second(),
        ended=evidence.messages["finished_at"].dt.second(),
    )
    assert seconds.rows() == [
        ("dbt", None, "failed", None, 1, 9),
        ("model.a", "run1", "ok", None, 1, 4),
        ("model.b", "run1", "failed", "model.b said", 3, 5),
    ]
    (root,) = ih.error_propagation.report(evidence).tables["cascades"].rows(named=True)
    assert (root["root_id"], root["messages"]) == ("run1 model.b", 2)


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("success", "ok"),
        ("pass", "ok"),
        ("warn", "partial"),
        ("partial success", "partial"),
        ("error", "failed"),
        ("fail", "failed"),
        ("runtime error", "failed"),
        ("skipped", "skipped"),
        ("no-op", "skipped"),
        ("reused", "skipped"),
        ("adjourned", "unknown"),
    ],
)
def test_every_status(tmp_path, written, status):
    evidence = results(tmp_path, result("test.a", written, (1, 2)))
    assert told(evidence) == {"dbt": "failed" if status == "failed" else "ok", "test.a": status}


def test_bad_results_are_refused_and_the_good_ones_around_them_stay(tmp_path):
    bad = [
        7,
        {"status": "error"},
        result("model.{{ name }}", "success", (1, 2)),
        result("model.t", "success") | {"timing": 3},
    ]
    evidence = results(tmp_path, result("model.a", "success", (1, 2)), *bad, result("model.z", "skipped"))
    assert told(evidence) == {"dbt": "failed", "model.a": "ok", "model.t": "ok", "model.z": "skipped"}
    assert evidence.rejected.select("line", "reason").rows() == [
        (2, "not_an_object"),
        (3, "no_message_id"),
        (4, "template:message_id"),
    ]


def test_a_result_that_is_no_list_and_other_artifacts(tmp_path):
    (tmp_path / "a.json").write_text('{"metadata": {"dbt_schema_version": "dbt/run-results/v6.json"}, "results": 5}')
    assert read(tmp_path).rejected["reason"].to_list() == ["no dbt results and no line of a dbt log"]
    (tmp_path / "a.json").write_text('{"metadata": {"dbt_schema_version": "dbt/manifest/v12.json"}, "nodes": {}}')
    assert ih.read(tmp_path).sources["format"].to_list() == [None]


def test_a_log_tells_of_the_command_and_its_nodes(tmp_path):
    evidence = logged(
        tmp_path,
        line("MainReportVersion", 0),
        line("NodeStart", 1, node_info=node("model.a", "started", 1)),
        line("SQLQuery", 1, node_info=node("model.a", "executing", 1)),
        "{ not JSON",
        line("NodeFinished", 3, node_info=node("model.a", "success", 1, 2), run_result={"status": "success"}),
        line("NodeStart", 4, node_info=node("model.b", "started", 4)),
        {"info": {}, "data": []},
        line("NodeFinished", 5, node_info=7),
    )
    assert told(evidence) == {"dbt": "pending", "model.a": "ok", "model.b": "pending"}
    ended = evidence.messages.filter(integration="model.a").row(0, named=True)
    assert (ended["sent_at"].second, ended["finished_at"].second, ended["log_line"]) == (1, 2, 2)
    assert [reason.split(":")[0] for reason in evidence.rejected["reason"]] == ["no JSON", "no_message_id"]
    assert any("no end is logged" in each and each.endswith(": 2") for each in evidence.warnings)


def test_results_and_log_of_one_command_are_the_same_messages(tmp_path):
    results(tmp_path, result("model.a", "error", (1, 2)))
    evidence = logged(
        tmp_path,
        line("MainReportVersion", 0),
        line("NodeStart", 1, node_info=node("model.a", "started", 1)),
        line("NodeFinished", 3, node_info=node("model.a", "error", 1, 2), run_result={"status": "error"}),
        line("CommandCompleted", 9, success=False, command="dbt run"),
    )
    assert evidence.messages.select("message_id", "status", "attempt").rows() == [
        ("run1", "failed", None),
        ("run1 model.a", "failed", None),
    ]


PAIRS = [
    "run_failed_run",
    "run_successful_run",
    "seed_seed",
    "snapshot_snapshot",
    "test_source_test_source",
    "test_test",
]


@pytest.mark.parametrize("name", PAIRS)
def test_logs_mean_the_events_that_openlineage_makes_of_them(name):
    """Same command and nodes, same outcomes, same times; the statements inside a node are not told apart here."""
    path = shared_data("formats", "dbt_logs", f"postgres_{name}_logs.jsonl")
    expected = json.loads(shared_data("formats", "openlineage", f"postgres_{name}_ol_events.json").read_text())
    expected = [event for event in expected if ".sql." not in event["job"]["name"]]
    moments = {(event["job"]["name"], event["eventType"] == "START"): event for event in expected}
    wanted = set()
    for job in {job for job, _ in moments}:
        start, end = moments[job, True], moments[job, False]
        times = [datetime.fromisoformat(event["eventTime"]) for event in (start, end)]
        status = {"COMPLETE": "ok", "FAIL": "failed"}[end["eventType"]]
        wanted.add(("dbt" if job.startswith("dbt-run-") else job, status, *times))
    evidence = read(path)
    assert evidence.rejected.height == 0
    assert evidence.sources["rows_in"].item() == len(path.read_text().splitlines())
    assert set(evidence.messages.select("integration", "status", "sent_at", "finished_at").rows()) == wanted
    assert evidence.messages.height == len(wanted)


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("fail", {"failed": 1, "ok": 2, "skipped": 1}),
        ("test", {"failed": 4, "ok": 10}),
        ("spark", {"ok": 28}),
    ],
)
def test_real_results(name, statuses):
    evidence = read(shared_data("formats", "dbt_logs", f"{name}_run_results.json"))
    nodes = evidence.messages.filter(evidence.messages["parent_id"].is_not_null())
    assert Counter(nodes["status"]) == statuses
    assert evidence.messages.height == nodes.height + 1


def test_a_real_failure_began_in_its_model_and_what_it_skipped_is_no_failure():
    evidence = read(shared_data("formats", "dbt_logs", "fail_run_results.json"))
    (root,) = ih.error_propagation.report(evidence).tables["cascades"].rows(named=True)
    assert root["root_id"].endswith(" model.dbt_bigquery_test.test_second_parallel_dbt_model")
    assert root["messages"] == 2
    first = evidence.messages.filter(integration="model.dbt_bigquery_test.test_first_dbt_model").row(0, named=True)
    assert first["sent_at"] == datetime(2021, 7, 28, 12, 9, 46, 41017, UTC)
    assert first["finished_at"] == datetime(2021, 7, 28, 12, 9, 47, 994760, UTC)
