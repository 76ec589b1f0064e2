"""OpenLineage events: the life of runs, what they are a part of, and where a failure began."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

START, END = "2026-03-01T10:00:00Z", "2026-03-01T10:00:05Z"


def event(kind: str | None, run: str = "a", at: str = START, *, parent: str | None = None, **more) -> dict:
    facets = more.pop("facets", {}) | ({} if parent is None else {"parent": {"run": {"runId": parent}, "job": {}}})
    job = {"namespace": "etl", "name": f"job of {run}"} | more.pop("job", {})
    typed = {} if kind is None else {"eventType": kind}
    return typed | {"eventTime": at, "run": {"runId": run, "facets": facets}, "job": job} | more


def dataset(namespace: str, name: str = "t", **more) -> dict:
    return {"namespace": namespace, "name": name} | more


def read(folder: Path, *events: dict | str, edges_only: int = 0) -> ih.Evidence:
    lines = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in events]
    (folder / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    evidence = ih.read(folder)
    counts = evidence.sources.filter(frame="messages").row(0, named=True)
    assert counts["format"] == "openlineage"
    assert counts["rows_in"] + edges_only == len(lines)
    assert counts["rows_in"] == counts["rows_out"] + counts["rows_rejected"]
    return evidence


def statuses(evidence: ih.Evidence) -> dict[str, str]:
    return dict(evidence.messages.select("message_id", "status").rows())


def test_the_events_of_a_run_are_one_message(tmp_path):
    error = {"errorMessage": {"message": "disk full", "programmingLanguage": "sql"}}
    evidence = read(
        tmp_path,
        event("START", "a"),
        event("RUNNING", "a", "2026-03-01T10:00:01Z"),
        event("COMPLETE", "a", END),
        event("START", "b"),
        event("FAIL", "b", END, facets=error),
        event("START", "c"),
        event("ABORT", "c", END),
        event("START", "d"),
        event("FAIL", "e", END),
        event("OTHER", "f"),
    )
    found = {"a": "ok", "b": "failed", "c": "cancelled", "d": "pending", "e": "failed", "f": "pending"}
    assert statuses(evidence) == found
    run = evidence.messages.filter(message_id="b").row(0, named=True)
    assert (run["finished_at"] - run["sent_at"], run["error_text"]) == (timedelta(seconds=5), "disk full")
    assert (run["integration"], run["source"], run["target"], run["kind"]) == ("job of b", "etl", "etl", "internal")
    assert any("no end is logged" in each and each.endswith(": 2") for each in evidence.warnings)
    assert any("no beginning is logged" in each and each.endswith(": 1") for each in evidence.warnings)


def test_what_is_told_after_the_end_does_not_begin_the_run_again(tmp_path):
    later = event("OTHER", "a", "2026-03-01T10:09:00Z")
    evidence = read(tmp_path, event("START", "a"), event("FAIL", "a", END), later)
    assert evidence.messages.select("message_id", "status", "attempt").rows() == [("a", "failed", None)]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_run_that_is_called_complete_after_it_failed_has_failed(tmp_path, turn):
    error = {"errorMessage": {"message": "boom"}}
    events = [
        event("START", "a"),
        event("START", "a", "2026-03-01T10:00:01Z"),
        event("FAIL", "a", "2026-03-01T10:00:02Z", facets=error),
        event("COMPLETE", "a", "2026-03-01T10:00:03Z"),
        event("START", "b"),
        event("FAIL", "b", "2026-03-01T10:00:02Z"),
        event("START", "b", "2026-03-01T10:00:03Z"),
        event("COMPLETE", "b", END),
    ]
    evidence = read(tmp_path, *events[::turn])
    rows = evidence.messages.select("message_id", "attempt", "status", "error_text").rows()
    # A new start is a new try.
    assert sorted(rows) == [("a", None, "failed", "boom"), ("b", 1, "failed", None), ("b", 2, "ok", None)]
    assert any("after they failed" in each and each.endswith(": 1") for each in evidence.warnings)


@pytest.mark.parametrize("facets", [{}, {"parent": None}])
def test_an_end_before_its_start_is_one_run_and_either_may_name_the_parent(tmp_path, facets):
    evidence = read(
        tmp_path,
        event("COMPLETE", "a", END, facets=facets),
        event("START", "a", parent="dag"),
        event("START", "b", parent="dag"),
        event("COMPLETE", "b", END, facets=facets),
    )
    rows = evidence.messages.select("message_id", "parent_id", "trace_id", "status").rows()
    assert rows == [("a", "dag", "dag", "ok"), ("b", "dag", "dag", "ok")]
    lasted = (evidence.messages["finished_at"] - evidence.messages["sent_at"]).dt.total_seconds()
    assert lasted.to_list() == [5, 5]


def three_failures() -> list[dict]:
    """As dbt tells of one SQL that failed: the statement, its model and the whole job."""
    error = {"errorMessage": {"message": "Command failed"}}
    return [
        event("START", "job", "2026-03-01T10:00:00Z"),
        event("START", "model", "2026-03-01T10:00:01Z", parent="job"),
        event("START", "sql", "2026-03-01T10:00:02Z", parent="model"),
        event("FAIL", "sql", "2026-03-01T10:00:03Z", parent="model", facets={"errorMessage": {"message": "bad SQL"}}),
        event("FAIL", "model", "2026-03-01T10:00:04Z", parent="job", facets=error),
        event("FAIL", "job", "2026-03-01T10:00:05Z", facets=error),
    ]


def test_three_failures_of_one_cause_have_one_root_the_deepest(tmp_path):
    evidence = read(tmp_path, *three_failures())
    assert evidence.messages.select("message_id", "trace_id", "parent_id").rows() == [
        ("job", "job", None),
        ("model", "job", "job"),
        ("sql", "job", "model"),
    ]
    cascades = ih.error_propagation.report(evidence).tables["cascades"]
    assert cascades.select("root_id", "messages", "depth").rows() == [("sql", 3, 2)]


def test_one_root_also_where_the_model_moves_data_between_systems(tmp_path):
    events = three_failures()
    moves = {"inputs": [dataset("lake")], "outputs": [dataset("warehouse")]}
    events[4] |= moves
    evidence = read(tmp_path, *events)
    assert evidence.messages.filter(message_id="model").select("source", "target", "kind").rows() == [
        ("lake", "warehouse", None)
    ]
    cascades = ih.error_propagation.report(evidence).tables["cascades"]
    assert cascades.select("root_id", "messages").rows() == [("sql", 3)]


def test_the_root_is_as_told_and_any_event_of_the_run_may_tell_it(tmp_path):
    told = {"parent": {"run": {"runId": "p"}, "root": {"run": {"runId": "dag"}}}}
    evidence = read(
        tmp_path, event("START", "a", facets=told), event("COMPLETE", "a", END), event("START", "b", parent="a")
    )
    assert evidence.messages.select("message_id", "trace_id", "parent_id").rows() == [
        ("a", "dag", "p"),
        ("b", "dag", "a"),
    ]


def test_runs_that_are_each_others_parents_are_read(tmp_path):
    evidence = read(tmp_path, event("START", "a", parent="b"), event("START", "b", parent="a"))
    assert statuses(evidence) == {"a": "pending", "b": "pending"}


def test_data_goes_from_the_system_of_the_inputs_to_that_of_the_outputs(tmp_path):
    size = {"outputFacets": {"outputStatistics": {"rowCount": 3, "size": 700}}}
    evidence = read(
        tmp_path,
        event("START", "a", inputs=[dataset("wh"), dataset("lake")], outputs=[dataset("wh", "sales", **size)]),
        event("COMPLETE", "a", END, outputs=[dataset("wh", "sales", **size), dataset("wh", "x", **size)]),
        event("COMPLETE", "b", END, inputs=[dataset("lake")]),
        event("COMPLETE", "c", END, outputs=[dataset("wh")]),
    )
    rows = evidence.messages.select("message_id", "source", "target", "object_type", "bytes").rows()
    assert rows == [("a", "lake", "wh", "sales", 1400), ("b", "lake", "etl", None, None), ("c", "etl", "wh", "t", None)]
    assert evidence.dependencies.select("source", "target", "log_line").rows() == [("lake", "wh", 1)]


def test_events_about_jobs_and_datasets_are_understood_and_tell_of_edges_only(tmp_path):
    evidence = read(
        tmp_path,
        event("START", "a"),
        event(None, "a"),
        {"eventTime": START, "dataset": dataset("lake")},
        {"eventTime": START, "job": dataset("n"), "inputs": [dataset("p")], "outputs": [dataset("q")]},
        edges_only=1,
    )
    assert statuses(evidence) == {"a": "pending"}
    assert evidence.rejected.height == 0
    assert evidence.dependencies.select("source", "target").rows() == [("p", "q")]


def test_owners_are_rows_where_they_are_first_told_and_where_they_change(tmp_path):
    data, ann = ({"name": "team:data", "type": "MAINTAINER"}, {"name": "user:ann"})
    owned = [{"facets": {"ownership": {"owners": owners}}} for owners in ([data], [data], [data, ann])]
    evidence = read(
        tmp_path,
        event("START", job=owned[0]),
        event("RUNNING", at="2026-03-01T10:00:01Z", job=owned[1]),
        event("COMPLETE", at=END, job=owned[2], outputs=[dataset("wh", "sales", **owned[0])]),
    )
    first, last = (datetime.fromisoformat(at) for at in (START, END))
    assert evidence.ownerships.select("kind", "subject", "owner", "role", "at").rows() == [
        ("integration", "job of a", "team:data", "MAINTAINER", first),
        ("integration", "job of a", "team:data", "MAINTAINER", last),
        ("integration", "job of a", "user:ann", None, last),
        ("dataset", "sales", "team:data", "MAINTAINER", last),
    ]
    assert evidence.messages["integration"].to_list() == ["job of a"]
    assert evidence.since("2026-03-02").ownerships.height == 4


@pytest.mark.parametrize(
    "facets", [None, [], {"ownership": None}, {"ownership": {"owners": [{}, {"name": ""}, "ann", {"name": ["ann"]}]}}]
)
def test_what_names_no_owner_is_none(tmp_path, facets):
    evidence = read(tmp_path, event("START", job={"facets": facets}))
    assert evidence.ownerships.is_empty()
    assert evidence.rejected.is_empty()


def test_the_addresses_of_owners_are_pseudonyms(tmp_path):
    owned = {"facets": {"ownership": {"owners": [{"name": "ann@example.com"}]}}}
    (owner,) = read(tmp_path, event("START", job=owned)).ownerships["owner"]
    assert owner.startswith("person-")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event("START", "{{ any(result) }}"), "template:runId"),
        (event("START", at="{{RUN_START_TIME}}"), "template:eventTime"),
        (event("START", at="yesterday"), "bad_time:at"),
        (event("START", None), "no_message_id"),
        (event("START") | {"run": {}}, "no_message_id"),
        ({"eventTime": START}, "no OpenLineage event"),
        ('"text"', "no OpenLineage event"),
        ('{"eventTime": ', "no JSON: Expecting value: line 1 column 14 (char 13)"),
    ],
)  # fmt: skip
def test_a_bad_event_is_refused_and_the_good_ones_around_it_stay(tmp_path, bad, reason):
    evidence = read(tmp_path, event("START", "x"), bad, event("COMPLETE", "x", END))
    assert statuses(evidence) == {"x": "ok"}
    assert evidence.rejected.select("line", "reason").rows() == [(2, reason)]


def test_times_without_a_zone_are_counted_and_nanoseconds_are_cut(tmp_path):
    evidence = read(tmp_path, event("START", at="2026-03-01T10:00:00.123456789Z"), event("START", "b", START[:-1]))
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert evidence.messages["sent_at"].to_list() == [at + timedelta(microseconds=123456), at]
    assert any("without a zone were read as UTC: at (1)" in each for each in evidence.warnings)


def real(name: str) -> Path:
    return shared_data("formats", "openlineage", name)


def filled(name: str, folder: Path) -> tuple[Path, list[dict]]:
    """The expected events of dbt with ids in place of the templates: the name of the job, which each has once."""
    events = json.loads(real(name).read_text())
    for each in events:
        each["run"]["runId"] = each["job"]["name"]
        if "parent" in (facets := each["run"]["facets"]):
            facets["parent"]["run"]["runId"] = facets["parent"]["job"]["name"]
    (folder / name).write_text(json.dumps(events))
    return folder / name, events


@pytest.mark.parametrize(
    "name",
    ["run_failed_run", "run_successful_run", "seed_seed", "snapshot_snapshot", "test_source_test_source", "test_test"],
)
def test_the_events_of_dbt_as_they_are_and_with_their_ids(name, tmp_path):
    name = f"postgres_{name}_ol_events.json"
    assert set(ih.read(real(name)).rejected["reason"]) == {"template:runId"}
    path, events = filled(name, tmp_path)
    evidence = ih.read(path)
    ends = {each["run"]["runId"]: each["eventType"] for each in events if each["eventType"] != "START"}
    assert statuses(evidence) == {run: {"COMPLETE": "ok", "FAIL": "failed"}[end] for run, end in ends.items()}
    assert evidence.messages["trace_id"].unique().to_list() == ["dbt-run-jaffle_shop"]
    roots = ih.error_propagation.report(evidence).tables["cascades"]
    assert roots.height == ("FAIL" in ends.values())


def test_the_failure_of_dbt_began_in_the_statement(tmp_path):
    evidence = ih.read(filled("postgres_run_failed_run_ol_events.json", tmp_path)[0])
    (root,) = ih.error_propagation.report(evidence).tables["cascades"].rows(named=True)
    assert (root["root_id"], root["messages"]) == ("model.jaffle_shop.orders.sql.2", 3)
    failed = evidence.messages.filter(message_id=root["root_id"]).row(0, named=True)
    assert 'syntax error at or near "final"' in failed["error_text"]
    assert failed["finished_at"] == datetime(2024, 11, 22, 15, 58, 8, 942303, UTC)


def test_a_pipeline_with_its_times_filled_in(tmp_path):
    path = real("marquez_metadata.template.json")
    assert Counter(ih.read(path).rejected["reason"]) == {"template:eventTime": 26}
    text = path.read_text().replace("{{RUN_START_TIME}}", START)
    for minutes in range(5, 11):
        text = text.replace(f"{{{{RUN_END_TIME_AFTER_{minutes}_MINUTES}}}}", f"2026-03-01T10:{minutes:02}:00Z")
    (tmp_path / "a.json").write_text(text)
    messages = ih.read(tmp_path / "a.json").messages
    minutes = (messages["finished_at"] - messages["sent_at"]).dt.total_minutes().to_list()
    assert minutes == [8, 9, 8, 5, 7, 10, 7, 5, 10, 6, 6, 5, 6]
    assert set(messages["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("event_full", "ok"),
        ("marquez_event_additional_facet", "pending"),
        ("marquez_event_dataset_event", None),
        ("marquez_event_job_event", None),
        ("marquez_event_required_nanoseconds", None),
        ("marquez_event_required_no_timezone", None),
        ("marquez_event_required_only", None),
        ("marquez_event_simple", "ok"),
        ("marquez_event_unicode", "ok"),
        ("marquez_event_without_schema_url", "ok"),
        ("marquez_null_nominal_end_time", "pending"),
        ("pysparkCLLEnd", None),
    ],
)
def test_single_events(name, status):
    evidence = ih.read(real(f"{name}.json"))
    assert evidence.sources.filter(frame="messages").select("format", "rows_in", "rows_out").rows() == [
        ("openlineage", 1, 1)
    ]
    assert evidence.messages["status"].to_list() == ([] if status is None else [status])


def test_the_schema_is_no_event():
    assert ih.read(real("SCHEMA_OpenLineage.json")).sources["format"].to_list() == [None]


OWN = {"message_id": "1", "source": "a", "target": "b", "sent_at": START, "status": "ok"}


@pytest.mark.parametrize(
    ("record", "format"),
    [
        (OWN | {"eventType": "START", "job": {"id": 5}}, "jsonl"),
        ({"eventTime": START, "level": "info", "job": {"id": 5}}, None),
        (
            {"Records": [{"eventTime": START, "eventName": "CreateJob", "responseElements": {"job": {"arn": "x"}}}]},
            None,
        ),
    ],
    ids=["canonical", "own log", "CloudTrail"],
)
def test_a_moment_and_a_job_are_no_event_yet(tmp_path, record, format):
    (tmp_path / "log.jsonl").write_text(f"{json.dumps(record)}\n", encoding="utf-8")
    assert ih.read(tmp_path).sources["format"].to_list() == [format]
