"""Airflow: task instances and runs of DAGs as its API, its command line and its database hand them out."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from drawing.exported import read_as, seen

import integrhealth as ih

RUN = "scheduled__2026-02-12T00:00:00+00:00"
BEGUN = datetime(2026, 2, 13, 0, 0, 1, tzinfo=UTC)


read = partial(read_as, "airflow", name="tasks.json")


def at(second: int) -> str:
    return (BEGUN + timedelta(seconds=second)).isoformat()


def task(name: str, state: str | None, start: int | None, end: int | None, **more: object) -> dict:
    own = {"task_id": name, "dag_id": "load", "dag_run_id": RUN, "execution_date": "2026-02-12T00:00:00+00:00"}
    own |= {"start_date": None if start is None else at(start), "end_date": None if end is None else at(end)}
    return own | {"state": state, "try_number": 1, "max_tries": 2, "map_index": -1, "queued_when": None} | more


def test_a_task_is_a_message_inside_its_run(tmp_path):
    rows = [
        task("extract", "success", 0, 60),
        task("load", "up_for_retry", 61, 71, try_number=2),
        task("publish", "running", 61, None),
        task("notify", "upstream_failed", None, None, try_number=0),
        task("each", "success", 5, 6, map_index=3),
        task("report", "skipped", None, 70),
    ]
    evidence = read(tmp_path, {"task_instances": rows, "total_entries": 6})
    run = f"load/{RUN}"
    assert seen(evidence, "message_id", "parent_id", "trace_id", "integration", "attempt", "status") == [
        (f"{run}/extract", run, run, "load", 1, "ok"),
        (f"{run}/load", run, run, "load", 2, "failed"),
        (f"{run}/publish", run, run, "load", 1, "pending"),
        (f"{run}/notify", run, run, "load", None, "skipped"),
        (f"{run}/each/3", run, run, "load", 1, "ok"),
        (f"{run}/report", run, run, "load", 1, "skipped"),
    ]
    lasted = (evidence.messages["finished_at"] - evidence.messages["sent_at"]).dt.total_seconds()
    assert lasted.to_list() == [60, 10, None, None, 1, None]
    # What never ran has the time of its run, not the date that the run is for.
    assert [when.isoformat() for (when,) in seen(evidence, "sent_at")[3::2]] == [at(0), at(70)]
    assert any("never began" in warning and warning.endswith(": 1") for warning in evidence.warnings)


@pytest.mark.parametrize(
    ("state", "status"),
    [("success", "ok"), ("failed", "failed"), ("up_for_retry", "failed"), ("upstream_failed", "skipped"),
     ("skipped", "skipped"), ("removed", "cancelled"), ("shutdown", "cancelled"), ("restarting", "cancelled"),
     ("deferred", "pending"), ("up_for_reschedule", "pending"), ("queued", "pending"), ("scheduled", "pending"),
     (None, "pending"), ("exploded", "unknown")],
)  # fmt: skip
def test_what_a_state_means(tmp_path, state, status):
    assert seen(read(tmp_path, {"task_instances": [task("a", state, 0, 1)]}), "status") == [(status,)]


def test_runs_of_two_dags_with_the_same_id_are_two(tmp_path):
    own = {"dag_run_id": RUN, "run_type": "scheduled", "state": "success", "start_date": at(0), "end_date": at(9)}
    rows = [own | {"dag_id": name, "logical_date": "2026-02-12T00:00:00Z", "conf": {}} for name in ("load", "clean")]
    (tmp_path / "runs.json").write_text(json.dumps({"dag_runs": rows, "total_entries": 2}))
    evidence = read(tmp_path, {"task_instances": [task("extract", "success", 0, 5)]})
    assert seen(evidence, "message_id", "parent_id", "operation") == [
        (f"load/{RUN}", None, "scheduled"),
        (f"clean/{RUN}", None, "scheduled"),
        (f"load/{RUN}/extract", f"load/{RUN}", "extract"),
    ]


def test_tries_of_one_task_are_its_attempts(tmp_path):
    tries = [task("a", "failed", 0, 1), task("a", "success", 5, 9, try_number=2)]
    evidence = read(tmp_path, {"task_instances": tries, "total_entries": 2})
    assert seen(evidence, "attempt", "status") == [(1, "failed"), (2, "ok")]


@pytest.mark.parametrize("date", ["execution_date", "logical_date"])
def test_states_as_the_command_line_prints_them(tmp_path, date):
    own = {"dag_id": "load", date: "2026-02-12T00:00:00+00:00"}
    rows = [
        own | {"task_id": "extract", "state": "success", "start_date": at(0), "end_date": at(4), "map_index": ""},
        own | {"task_id": "load", "state": "", "start_date": "", "end_date": ""},
        {"task_id": "nothing"},
    ]
    evidence = read(tmp_path, rows)
    assert seen(evidence, "message_id", "status", "sent_at") == [
        ("load/2026-02-12T00:00:00+00:00/extract", "ok", BEGUN),
        ("load/2026-02-12T00:00:00+00:00/load", "pending", BEGUN),
    ]
    assert evidence.sources.select("rows_in", "rows_rejected").rows() == [(3, 1)]


def test_the_tables_of_the_database(tmp_path):
    rows = [
        "task_id,dag_id,run_id,map_index,start_date,end_date,duration,state,try_number,queued_dttm,updated_at",
        f"extract,load,{RUN},-1,2026-02-13 00:00:01+00,2026-02-13 00:01:01+00,60,success,1,,",
        f"each,load,{RUN},2,2026-02-13 00:00:01+00,2026-02-13 00:01:01+00,60,failed,2,,",
        f"notify,load,{RUN},-1,,,,upstream_failed,0,,2026-02-13 00:02:00+00",
        f"late,load,{RUN},-1,,,,,0,,",
    ]
    evidence = read_as("airflow_tables", tmp_path, "\n".join(rows), "task_instance.csv")
    run = f"load/{RUN}"
    assert sorted(seen(evidence, "message_id", "parent_id", "attempt", "status")) == [
        (f"{run}/each/2", run, 2, "failed"),
        (f"{run}/extract", run, 1, "ok"),
        (f"{run}/notify", run, 0, "skipped"),
    ]
    assert evidence.messages["sent_at"].max() == datetime(2026, 2, 13, 0, 2, tzinfo=UTC)
    assert evidence.rejected["reason"].to_list() == ["no_sent_at"]


def test_the_table_of_runs(tmp_path):
    head = "id,dag_id,queued_at,execution_date,start_date,end_date,state,run_id,run_type"
    row = f"1,load,2026-02-13 00:00:00+00,2026-02-12 00:00:00+00,2026-02-13 00:00:01+00,,running,{RUN},scheduled"
    evidence = read_as("airflow_tables", tmp_path, f"{head}\n{row}", "dag_run.csv")
    assert seen(evidence, "message_id", "parent_id", "status", "sent_at") == [(f"load/{RUN}", None, "pending", BEGUN)]


def test_a_list_of_dags_is_no_list_of_runs(tmp_path):
    (tmp_path / "dags.json").write_text(json.dumps([{"dag_id": "load", "is_paused": False, "owners": ["a"]}]))
    assert "airflow" not in set(ih.read(tmp_path).sources["format"])
