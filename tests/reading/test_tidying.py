"""A record that two exports tell of, one of them only in part, is one; and what ids and warnings must not hold."""

import json
from datetime import datetime

import polars as pl
import pytest
from drawing.samples import sample
from drawing.shared_data import shared_data

import integrhealth as ih

RUN = "/subscriptions/s/providers/Microsoft.Logic/workflows/orders/runs/r1"
TIMES = {"startTime": "2026-03-01T10:00:00Z", "endTime": "2026-03-01T10:00:09Z"}
TOLD = TIMES | {"waitEndTime": TIMES["startTime"], "status": "Succeeded", "correlation": {"clientTrackingId": "r1"}}
OVERVIEW = {"value": [{"id": RUN, "properties": TOLD}]}
WHOLE = {"id": RUN, "properties": TOLD | {"actions": {"HTTP": TIMES | {"status": "Failed"}}}}


def read(folder, **documents):
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return ih.read(folder)


def account(evidence):
    return evidence.sources.select("file", "rows_in", "rows_out", "rows_rejected", "duplicates").rows()


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_run_in_an_overview_and_in_full_is_one(tmp_path, names):
    evidence = read(tmp_path, **dict(zip(names, (OVERVIEW, WHOLE), strict=True)))
    assert evidence.messages.select("message_id", "status").sort("message_id").rows() == [
        ("r1", "partial"),
        ("r1/actions/HTTP", "failed"),
    ]
    assert account(evidence) == sorted([(f"{names[0]}.json", 1, 1, 0, 1), (f"{names[1]}.json", 2, 2, 0, 0)])


def executions(*told):
    common = {"id": "7", "workflowId": "w", "mode": "trigger", "startedAt": "2026-03-01T10:00:00Z"}
    return {"data": [common | each for each in told]}


def test_a_run_that_was_exported_while_it_went_on_and_at_its_end_is_one(tmp_path):
    running = executions({"stoppedAt": None, "status": "running"})
    ended = executions({"stoppedAt": "2026-03-01T10:00:09Z", "status": "error"})
    evidence = read(tmp_path, a=running, b=ended)
    assert evidence.messages["status"].to_list() == ["failed"]
    assert account(evidence) == [("a.json", 1, 1, 0, 1), ("b.json", 1, 1, 0, 0)]


@pytest.mark.parametrize(
    ("other", "kept", "rejected"),
    [
        ({"stoppedAt": "2026-03-01T10:00:09Z", "status": "success"}, 1, 1),
        ({"stoppedAt": "2026-03-01T10:00:08Z", "status": "success"}, 2, 0),
        ({"stoppedAt": "2026-03-01T10:00:09Z", "status": "error", "mode": "retry"}, 2, 0),
    ],
    ids=["another outcome", "another end", "another attempt"],
)
def test_what_says_something_else_is_no_part(tmp_path, other, kept, rejected):
    evidence = read(tmp_path, a=executions({"stoppedAt": "2026-03-01T10:00:09Z", "status": "error"}, other))
    assert account(evidence) == [("a.json", 2, kept, rejected, 0)]


def test_an_id_made_of_an_address_holds_no_password(tmp_path):
    event = {"specversion": "1.0", "id": "9", "type": "placed", "time": "2026-03-01T10:00:00Z"}
    evidence = read(tmp_path, a=event | {"source": "https://shop:hunter2@example.com/x?sig=abcdef"})
    assert evidence.messages["message_id"].to_list() == ["https://shop:***@example.com/x?sig=*** 9"]


def test_people_in_warnings_are_masked(tmp_path):
    (tmp_path / "deliveries.csv").write_text("report,person,at,for ann@example.com\nstock,bo,2026-03-01T10:00:00Z,x\n")
    evidence = ih.read(tmp_path)
    assert any("for ***" in sentence for sentence in evidence.warnings), evidence.warnings
    assert not any("ann@" in sentence for sentence in evidence.warnings)


def test_people_in_red_flags_are_masked(tmp_path):
    (tmp_path / "deliveries.csv").write_text(
        "report,person,at,flag\nstock,bo@example.com,2026-03-01T10:00:00Z,ERP refused ann@example.com\n"
    )
    assert ih.read(tmp_path).deliveries["flag"].to_list() == ["ERP refused ***"]


def counted(evidence):
    """The account by frame, once it is sure that no record and no row is missing in it."""
    sources = evidence.sources.drop_nulls("frame")
    assert (sources["rows_in"] == sources["rows_out"] + sources["rows_rejected"]).all()
    assert (sources["rows_out"] >= sources["passed_over"]).all()
    assert not sources.select(pl.struct("file", "frame").is_duplicated().any()).item()
    rows = dict(sources.group_by("frame").agg(pl.col("rows").sum()).rows())
    assert {name: frame.height for name, frame in evidence.frames.items() if frame.height or name in rows} == rows
    return rows


@pytest.mark.parametrize("company", ["a", "b"])
def test_the_rows_of_the_files_are_those_of_the_frames(company):
    assert counted(sample(company))


@pytest.mark.parametrize("folder", ["jaeger", "zipkin", "email_events", "stepfunctions", "logicapps", "azure_adf"])
def test_the_rows_of_real_files_are_those_of_the_frames(folder):
    counted(ih.read(shared_data("formats", folder)))


def test_the_rows_of_a_period_are_those_within_it(tmp_path):
    evidence = ih.read("sample:a", until="2026-01-01")
    assert counted(evidence) != counted(sample("a"))
    evidence.save(tmp_path / "kept")
    assert counted(ih.read(tmp_path / "kept")) == counted(evidence)


def test_records_that_say_nothing_of_the_frame_are_counted_apart(tmp_path):
    deliveries = [
        {"event": word, "sg_event_id": word, "sg_message_id": "m", "email": "a@b.example", "timestamp": 1461095246}
        for word in ("delivered", "processed", "deferred")
    ]
    (tmp_path / "mails.json").write_text(json.dumps(deliveries), encoding="utf-8")
    assert ih.read(tmp_path).sources.select("rows_in", "rows_out", "passed_over", "rows").row(0) == (3, 3, 2, 1)


HEAD = "message_id,source,target,sent_at,status\n"


def test_a_message_of_long_ago_is_kept_and_named_and_makes_no_long_period(tmp_path):
    days = [f"m{day},Shop,ERP,2026-03-{day:02d}T08:00:00Z,ok\n" for day in range(1, 21)]
    odd = ["old,Shop,ERP,1976-03-01T08:00:00Z,ok\n", "none,Shop,ERP,1970-01-01T00:00:00Z,ok\n"]
    (tmp_path / "messages.csv").write_text(HEAD + "".join([*days, *odd]))
    evidence = ih.read(tmp_path)
    assert evidence.messages.height == 22
    assert evidence.warnings == (
        "messages whose sent_at lies far from all others, kept but left out of the period: 2; "
        "1970-01-01T00:00:00Z (messages.csv line 23), 1976-03-01T08:00:00Z (messages.csv line 22)",
    )
    said = ih.overview.verdict(evidence, ih.latency.report(evidence).findings)
    assert said.endswith("22 messages, 2 systems, 20 days.")


def test_another_name_of_a_report_is_the_report_unless_two_have_it_or_it_is_one():
    reports = pl.DataFrame(
        {"report": ["a", "b", "c"], "other_names": [["id of a", "shared", "a"], ["id of b", "shared", "c"], None]}
    )
    logged = ["id of a", "id of b", "shared", "c", "a", "unheard of"]
    reads = pl.DataFrame({"report": logged, "person": "ann", "at": [datetime(2026, 3, 2, 8, n) for n in range(6)]})
    evidence = ih.Evidence(reports=reports, reads=reads, deliveries=reads)
    expected = ["a", "b", "shared", "c", "a", "unheard of"]
    assert evidence.reads["report"].to_list() == evidence.deliveries["report"].to_list() == expected
    assert ih.Evidence(reads=reads).reads["report"].to_list() == logged
