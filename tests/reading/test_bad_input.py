"""Damaged files, foreign files and odd records: each file is accounted for, and the good records around them count."""

import gzip
import io
import json
import os
import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner
from drawing.bad_input import (
    ACTING,
    ALL_BAD,
    GOOD,
    HEAD,
    JPEG,
    csv_rows,
    folder,
    half,
    lines,
    noise,
    otlp_line,
    overwritten,
    png,
    record,
)
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses import published_tables
from integrhealth.cli import main
from integrhealth.errors import WrongValue
from integrhealth.reading import discovery as intake
from integrhealth.reading.files.opened import HEAD_BYTES, beginning

UNKNOWN = (None, None, None, None, None)
NAMES = ("a b.csv", "new\nline.csv", "{braces}.csv", "<b>bold<b>.csv", "--out.csv", "$(rm).csv", "\x1b[31m.csv")
COLUMNS = "{message_id: message_id, source: source, target: target, sent_at: sent_at, status: status}"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


def accounts(document):
    return {
        row["file"]: (row["format"], row["frame"], row["rows_in"], row["rows_out"], row["rows_rejected"])
        for row in document["sources"]
    }


def checked(run, *paths):
    """The document of ``check --json``, held to its laws: every record out or rejected, every rejection listed."""
    shown = run("check", "--json", *paths)
    assert shown.exit_code in (0, 1), shown.stderr
    document = json.loads(shown.stdout)
    assert shown.exit_code == (0 if any(row["rows_out"] for row in document["sources"]) else 1)
    unknown = [row["file"] for row in document["sources"] if row["format"] is None]
    assert [each["file"] for each in document["unknown"]] == unknown
    assert all(each["looks_like"] and each["next"] for each in document["unknown"])
    assert not ACTING.search(shown.stdout)
    for name, (_, frame, rows_in, rows_out, rows_rejected) in accounts(document).items():
        if frame is not None:
            assert rows_in == rows_out + rows_rejected, name
            assert rows_rejected == sum(each["file"] == name for each in document["rejected"]), name
    text = run("check", *paths)
    assert text.exit_code == shown.exit_code
    assert not ACTING.search(text.stdout)
    return document


ACCOUNTS = {
    "pictures": (
        {"a.png": png(), "photo.jpg": JPEG, "messages.csv": JPEG},
        {"a.png": UNKNOWN, "photo.jpg": UNKNOWN, "messages.csv": UNKNOWN},
    ),
    "binary": (
        {"a.json": noise(3000), "b.json": bytes(3000), "messages.jsonl": bytes(range(256)) * 9, "m.parquet": b"PAR1"},
        {"a.json": UNKNOWN, "b.json": UNKNOWN, "messages.jsonl": UNKNOWN, "m.parquet": UNKNOWN},
    ),
    "nothing inside": (
        {"messages.csv": "", "reads.jsonl": " \n\t\n", "a.json": "[]", "b.json": "null", "c.gz": gzip.compress(b"")},
        dict.fromkeys(["messages.csv", "reads.jsonl", "a.json", "b.json", "c.gz"], UNKNOWN),
    ),
    "header only": ({"messages.csv": HEAD}, {"messages.csv": ("csv", "messages", 0, 0, 0)}),
    "all bad": (
        {"messages.csv": ALL_BAD},
        {"messages.csv": ("csv", "messages", 3, 0, 3)},
    ),
    "byte order mark": ({"messages.csv": GOOD.encode("utf-8-sig")}, {"messages.csv": ("csv", "messages", 2, 2, 0)}),
    "UTF-16": ({"messages.csv": GOOD.encode("utf-16")}, {"messages.csv": ("csv", "messages", 2, 2, 0)}),
    "Windows": ({"messages.csv": GOOD.replace("\n", "\r\n")}, {"messages.csv": ("csv", "messages", 2, 2, 0)}),
    "old Mac": ({"messages.csv": GOOD.replace("\n", "\r")}, {"messages.csv": ("csv", "messages", 2, 2, 0)}),
    "repeated column": (
        {"messages.csv": "message_id,source,target,sent_at,status,status\nm1,A,B,2026-03-01T08:00:00Z,ok,failed\n"},
        {"messages.csv": ("csv", "messages", 1, 1, 0)},
    ),
    "line ends in quotes": (
        {
            "messages.csv": "message_id,source,target,sent_at,error_text,status\n"
            'm1,A,B,2026-03-01T08:00:00Z,"one\ntwo, ""three""\n",ok\nm2,A,B,2026-03-01T08:00:00Z,,ok\n'
        },
        {"messages.csv": ("csv", "messages", 2, 2, 0)},
    ),
    "deep": (
        {"a.json": "[" * 50_000 + "]" * 50_000, "messages.jsonl": '{"a":' * 5000 + "1" + "}" * 5000 + "\n"},
        {"a.json": UNKNOWN, "messages.jsonl": UNKNOWN},
    ),
    "cut and broken gzip": (
        {
            "messages.csv.gz": half(csv_rows(2000)),
            "m.jsonl.gz": overwritten(lines(*map(record, range(2000)))),
            "spans.jsonl.gz": half(lines(*map(otlp_line, range(400)))),
            "reads.csv.gz": b"\x1f\x8b" + noise(200),
        },
        None,
    ),
    "names of files": (
        {name: GOOD.replace("m1", f"a{n}").replace("m2", f"b{n}") for n, name in enumerate(NAMES)},
        dict.fromkeys(NAMES, ("csv", "messages", 2, 2, 0)),
    ),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_file_is_listed_and_every_record_is_out_or_rejected(run, tmp_path, name):
    files, expected = ACCOUNTS[name]
    found = accounts(checked(run, folder(tmp_path / "logs", files)))
    assert found.keys() == files.keys()
    if expected is not None:
        assert found == expected


def test_a_damaged_archive_costs_one_record_and_keeps_those_before(run, tmp_path):
    files, _ = ACCOUNTS["cut and broken gzip"]
    document = checked(run, folder(tmp_path / "logs", files))
    found = accounts(document)
    assert found["reads.csv.gz"] == UNKNOWN
    reasons = {each["file"]: each["reason"] for each in document["rejected"]}
    assert reasons["messages.csv.gz"] == reasons["spans.jsonl.gz"] == "truncated_gzip"
    assert "gzip" in reasons["m.jsonl.gz"] or reasons["m.jsonl.gz"].startswith("bad_")
    for name in ("messages.csv.gz", "m.jsonl.gz", "spans.jsonl.gz"):
        assert found[name][3] > 50, name
    assert found["messages.csv.gz"][4] == found["spans.jsonl.gz"][4] == 1


def test_an_archive_broken_at_its_very_beginning_is_still_known_by_what_it_holds(run, tmp_path):
    packed = gzip.compress(lines(*map(record, range(3000))).encode())
    broken = packed[:1500] + noise(300) + packed[1800:]
    found = accounts(checked(run, folder(tmp_path / "logs", {"messages.jsonl.gz": broken})))
    format, frame, _, rows_out, _ = found["messages.jsonl.gz"]
    assert (format, frame) == ("jsonl", "messages")
    assert rows_out > 10


def test_the_beginning_of_an_archive_is_no_more_than_it_needs_to_be(tmp_path):
    place = folder(
        tmp_path, {"bomb.csv.gz": gzip.compress(bytes(1) * 30_000_000), "messages.csv.gz": half(csv_rows(9))}
    )
    assert len(beginning(place / "bomb.csv.gz")) == HEAD_BYTES
    assert beginning(place / "messages.csv.gz").startswith(b"message_id")


def test_a_first_error_message_of_a_megabyte_does_not_hide_the_file(run, tmp_path):
    long = record(1, status="failed", error_text="x" * 1_000_000)
    array = json.dumps([long, record(2)])
    place = folder(tmp_path / "logs", {"messages.jsonl": lines(long, record(2)), "array/messages.json": array})
    assert accounts(checked(run, place)) == {
        "messages.jsonl": ("jsonl", "messages", 2, 2, 0),
        "array/messages.json": ("json", "messages", 2, 2, 0),
    }


def test_two_folders_with_the_same_names_have_accounts_of_their_own(run, tmp_path):
    row = "m{},Shop,ERP,2026-03-01T08:00:00Z,{}\n"
    first = folder(tmp_path / "one", {"messages.csv": HEAD + row.format(1, "ok") + row.format(2, "ok")})
    text = HEAD + row.format(1, "ok") + row.format(2, "failed") + row.format(3, "ok")
    second = folder(tmp_path / "two", {"messages.csv": text})
    document = checked(run, first, second, first)
    rows = {each["file"]: (each["rows_in"], each["rows_out"], each["duplicates"]) for each in document["sources"]}
    assert rows == {"messages.csv": (2, 2, 0), str(second / "messages.csv"): (3, 2, 1)}
    assert [(each["file"], each["reason"]) for each in document["rejected"]] == [
        (str(second / "messages.csv"), "conflicting_id")
    ]


def test_a_second_catalog_that_says_something_else_is_named(run, tmp_path):
    place = [folder(tmp_path / name, {"messages.csv": GOOD, "catalog.yml": f"company: {name}\n"}) for name in "ab"]
    (warning,) = checked(run, *place)["warnings"]
    assert warning.startswith(f"{place[1] / 'catalog.yml'} is not read, as {place[0] / 'catalog.yml'} comes first")
    shutil.copy(place[0] / "catalog.yml", place[1] / "catalog.yml")
    assert checked(run, *place)["warnings"] == []


def test_a_file_that_may_not_be_read_is_named_and_the_others_are_read(run, tmp_path, monkeypatch):
    place = folder(tmp_path / "logs", {"messages.csv": GOOD, "secret.csv": GOOD})

    def guarded(path):
        if path.name == "secret.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return beginning(path)

    monkeypatch.setattr(intake, "beginning", guarded)
    document = checked(run, place)
    assert accounts(document) == {"messages.csv": ("csv", "messages", 2, 2, 0), "secret.csv": UNKNOWN}
    assert document["warnings"] == ["secret.csv: cannot be read (Permission denied); check who may read it"]
    alone = run("report", place / "secret.csv", "--out", "out")
    assert alone.exit_code == 2
    assert "secret.csv: cannot be read (Permission denied)" in alone.stderr
    assert len(alone.stderr.splitlines()) == 1


def test_links_that_lead_nowhere_or_in_circles_are_left_alone(run, tmp_path):
    place = folder(tmp_path / "logs", {"messages.csv": GOOD})
    (place / "loop").symlink_to(".")
    (place / "gone.csv").symlink_to("nowhere.csv")
    (place / "again.csv").symlink_to("messages.csv")
    document = checked(run, place)
    assert {each["file"]: each["duplicates"] for each in document["sources"]} == {"again.csv": 0, "messages.csv": 2}


def test_a_name_that_is_no_text_is_shown_with_marks_in_it(run, tmp_path):
    place = folder(tmp_path / "logs", {})
    (Path(os.fsdecode(bytes(place) + b"/mess\xff.csv"))).write_text(GOOD)
    assert accounts(checked(run, place)) == {"mess\ufffd.csv": ("csv", "messages", 2, 2, 0)}


def test_parquet_files_are_opened_under_any_name(run, tmp_path):
    place = folder(tmp_path / "logs", {})
    row = {"source": ["Shop"], "target": ["ERP"], "sent_at": [datetime(2026, 3, 1, tzinfo=UTC)], "status": ["ok"]}
    names = [b"export [1].parquet", b"{a,b}.parquet", b"*.parquet", b"m\xff.parquet"]
    for number, name in enumerate(names):
        file = io.BytesIO()
        pl.DataFrame({"message_id": [f"m{number}"]} | row).write_parquet(file)
        Path(os.fsdecode(bytes(place) + b"/" + name)).write_bytes(file.getvalue())
    unknown = io.BytesIO()
    pl.DataFrame({"colour": ["red"]}).write_parquet(unknown)
    folder(place, {"unknown [2].parquet": unknown.getvalue(), "unknown.parquet.gz": gzip.compress(unknown.getvalue())})
    found = accounts(checked(run, place))
    assert found.pop("unknown [2].parquet") == found.pop("unknown.parquet.gz") == UNKNOWN
    assert found == {name.decode("utf-8", "replace"): ("parquet", "messages", 1, 1, 0) for name in names}


def test_many_small_files_are_one_frame(tmp_path):
    files = {f"{n:03}.csv": HEAD + f"m{n},Shop,ERP,2026-03-01T08:00:00Z,ok\n" for n in range(150)}
    evidence = ih.read(folder(tmp_path, files))
    assert evidence.messages.height == 150
    assert evidence.sources.select("rows_in", "rows_out").sum().row(0) == (150, 150)


def test_a_glob_that_is_no_pattern_is_a_fault_and_one_that_fits_no_file_is_said(run, tmp_path):
    entry = f'sources:\n  - glob: "{{}}"\n    frame: messages\n    columns: {COLUMNS}\n'
    place = folder(tmp_path / "logs", {"messages.csv": GOOD, "mapping.yaml": entry.replace("{}", "[z-a].csv")})
    shown = run("check", place)
    assert shown.exit_code == 2
    assert "sources[0].glob: invalid pattern '[z-a].csv': bad character range z-a" in shown.stderr
    folder(place, {"mapping.yaml": entry.replace("{}", "orders/*.csv")})
    document = checked(run, place)
    assert document["warnings"] == [f"{place / 'mapping.yaml'}: sources[0].glob: no file fits 'orders/*.csv'"]
    assert accounts(document)["messages.csv"] == ("csv", "messages", 2, 2, 0)
    assert checked(run, place / "messages.csv")["warnings"] == []


def test_epoch_times_of_every_unit_are_the_same_moments(tmp_path):
    read = []
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        text = HEAD + "".join(f"m{n},A,B,{(1_772_352_000 + n) * unit},ok\n" for n in range(3))
        read.append(ih.read(folder(tmp_path / str(unit), {"messages.csv": text})).messages["sent_at"])
    assert str(read[0][0]) == "2026-03-01 08:00:00+00:00"
    assert all(each.to_list() == read[0].to_list() for each in read)


def test_times_out_of_range_or_without_a_zone_are_counted(run, tmp_path):
    bad = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "99999-01-01T00:00:00Z"]
    text = GOOD + "".join(f"x{n},A,B,{time},ok\n" for n, time in enumerate(bad))
    place = folder(tmp_path / "far", {"messages.csv": text})
    assert accounts(checked(run, place)) == {"messages.csv": ("csv", "messages", 6, 2, 4)}
    place = folder(tmp_path / "naive", {"messages.csv": GOOD.replace("Z,", ",")})
    (warning,) = checked(run, place)["warnings"]
    assert "times without a zone were read as UTC: sent_at (2)" in warning
    strict = json.loads(run("check", "--strict", "--json", place).stdout)
    assert [each["reason"] for each in strict["rejected"]] == ["naive_time:sent_at"] * 2
    assert run("report", "--strict", place, "--out", "out").exit_code == 2


def test_ids_keep_every_digit_and_numbers_that_do_not_fit_are_rejected(run, tmp_path):
    rows = [
        record(0, message_id="007", amount=-3.5),
        record(1, message_id=18446744073709551615, status="OK"),
        record(2, message_id="2", status="erfolgreich"),
        record(3, bytes=10**20),
        record(4, bytes=1.5),
        json.dumps(record(5)).replace('"ok"', '"ok", "amount": NaN'),
        json.dumps(record(6)).replace('"m6"', '"\\ud800"'),
    ]
    place = folder(tmp_path / "logs", {"messages.jsonl": lines(*rows)})
    document = checked(run, place)
    assert accounts(document) == {"messages.jsonl": ("jsonl", "messages", 7, 3, 4)}
    assert [each["reason"] for each in document["rejected"]] == ["bad_number:bytes"] * 2 + ["bad_json"] * 2
    messages = ih.read(place).messages
    assert messages.select("message_id", "status", "amount").rows() == [
        ("007", "ok", -3.5),
        ("18446744073709551615", "ok", None),
        ("2", "unknown", None),
    ]


def test_columns_of_parquet_that_are_no_text_cost_their_rows_only(run, tmp_path):
    moment = datetime(2026, 3, 1, 8, tzinfo=UTC)
    good = {"source": ["Shop"] * 3, "target": ["ERP"] * 3, "sent_at": [moment] * 3, "status": ["ok"] * 3}
    odd = {
        "bytes": {"message_id": [b"m1", b"\xff\x00", b"m3"]},
        "amounts": {"amount": [b"1.5", b"\xff", None]},
        "infinite": {"amount": [1.5, float("nan"), None]},
        "objects": {"error_text": [{"a": 1}, None, None]},
        "durations": {"error_code": [None, None, timedelta(1)]},
    }
    for name, columns in odd.items():
        (tmp_path / "logs" / name).mkdir(parents=True)
        ids = {"message_id": [f"{name}{n}" for n in range(3)]}
        pl.DataFrame(good | ids | columns).write_parquet(tmp_path / "logs" / name / "messages.parquet")
    document = checked(run, tmp_path / "logs")
    assert set(accounts(document).values()) == {("parquet", "messages", 3, 2, 1)}
    assert {each["file"].split("/")[0]: (each["line"], each["reason"]) for each in document["rejected"]} == {
        "bytes": (2, "bad_text:message_id"),
        "amounts": (2, "bad_number:amount"),
        "infinite": (2, "bad_number:amount"),
        "objects": (1, "bad_text:error_text"),
        "durations": (3, "bad_text:error_code"),
    }


def test_a_pandas_frame_of_mixed_objects_is_one_sentence():
    frame = pd.DataFrame({name: ["a", 1] for name in HEAD.strip().split(",")})
    with pytest.raises(WrongValue, match="messages: not a frame of plain columns"):
        ih.Evidence(messages=frame)


def test_loops_self_parents_and_a_constant_trace_count_every_message_once(tmp_path):
    def row(name, number, parent, **changes):
        return record(number, message_id=name, trace_id="0", parent_id=parent, status="failed") | changes

    rows = [
        row("a", 0, "b"),
        row("b", 1, "c"),
        row("c", 2, "a"),
        row("self", 3, "self"),
        row("lost", 4, "nowhere"),
        row("before", 5, "a", received_at="2026-03-01T07:00:00Z", answered_at="2026-03-01T06:00:00Z"),
        row("a", 0, "b"),
        row("a", 0, "b", status="ok"),
        row("a", 9, "b"),
    ]
    evidence = ih.read(folder(tmp_path, {"messages.jsonl": lines(*rows)}))
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected", "duplicates").row(0) == (9, 8, 1, 1)
    assert evidence.messages.height == 7
    tables = ih.error_propagation.report(evidence).tables
    assert tables["cascades"]["messages"].sum() == 7
    assert tables["systems"]["messages"].sum() == 7
    assert tables["spread"].select("reproduction", "verdict").row(0) == (None, "not enough data")


SMALL = {
    "one message": HEAD + "m1,Shop,ERP,2026-03-01T08:00:00Z,ok\n",
    "one system": csv_rows(40).replace("Shop", "ERP"),
    "no errors": csv_rows(200),
    "all errors": csv_rows(200).replace(",ok", ",failed"),
    "backwards": HEAD + "".join(reversed(csv_rows(100).splitlines(keepends=True)[1:])),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_report_answers_with_its_tables_or_says_what_is_missing(tmp_path, name):
    evidence = ih.read(folder(tmp_path, {"messages.csv": SMALL[name]}))
    count = SMALL[name].count("\n") - 1
    reports = ih.all_reports(evidence)
    for report in reports.values():
        assert set(published_tables(report.name)) <= set(report.tables)
    propagation = reports["error_propagation"]
    assert propagation.tables["systems"]["messages"].sum() == count
    assert propagation.tables["cascades"].height == (count if name == "all errors" else 0)
    assert reports["latency"].tables["integrations"]["messages"].sum() == (0 if name == "one system" else count)
    assert reports["report_overload"].missing
    if name != "all errors":
        assert propagation.tables["spread"]["verdict"].to_list() in ([], ["not enough data"])
        assert propagation.findings.is_empty()


def landscape(place):
    """Eighty traces of three edges, in which errors spread by chance, and mail that people read or do not."""
    draw = random.Random(3)
    rows = []
    for trace in range(80):
        failed = draw.random() < 0.4
        for edge, (source, target) in enumerate([("Shop", "ERP"), ("ERP", "WMS"), ("WMS", "Carrier")]):
            failed = (failed and draw.random() < 0.7) or draw.random() < 0.1
            sent = f"2026-03-{1 + trace // 20:02}T{trace % 20:02}:0{edge}:00"
            rows.append(
                record(0, message_id=f"m{trace}.{edge}", trace_id=f"t{trace}", source=source, target=target)
                | {"parent_id": f"m{trace}.{edge - 1}" if edge else None, "kind": "request", "sent_at": sent + "Z"}
                | {"received_at": sent + ".1Z", "finished_at": f"{sent}.{draw.randint(200, 800)}Z"}
                | {"answered_at": sent + ".9Z", "status": "failed" if failed else "ok", "object_type": "order"}
            )
    people = [f"person {n}" for n in range(4)]
    mail = [(f"report {n}", who, day) for n in range(5) for who in people for day in range(1, 21)]
    reads = [(name, who, day) for name, who, day in mail if draw.random() < 0.5]
    files = {
        "messages.jsonl": lines(*rows),
        "reports.jsonl": lines(*({"report": f"report {n}", "words": 400, "metrics": ["a", "b"]} for n in range(5))),
        "deliveries.csv": "report,person,at\n" + "".join(f"{r},{p},2026-03-{d:02}T08:00:00Z\n" for r, p, d in mail),
        "reads.csv": "report,person,at,seconds\n"
        + "".join(f"{r},{p},2026-03-{d:02}T09:00:00Z,{5 + d}\n" for r, p, d in reads),
    }
    return folder(place, files)


def shuffled(text, *, header):
    first, *rest = text.splitlines(keepends=True)
    kept, moved = ([first], rest) if header else ([], [first, *rest])
    random.Random(5).shuffle(moved)
    return "".join(kept + moved)


def test_doubled_and_shuffled_files_and_another_time_zone_give_the_same_tables(tmp_path, monkeypatch):
    place = landscape(tmp_path / "logs")
    once = ih.all_reports(ih.read(place))
    assert once["error_propagation"].tables["spread"]["reproduction"].item() is not None
    shutil.copytree(place, tmp_path / "doubled" / "a")
    shutil.copytree(place, tmp_path / "doubled" / "b")
    mixed = {path.name: shuffled(path.read_text(), header=path.suffix == ".csv") for path in sorted(place.iterdir())}
    others = {
        "doubled in one folder": ih.all_reports(ih.read(tmp_path / "doubled")),
        "two folders": ih.all_reports(ih.read(place, tmp_path / "doubled" / "b")),
        "shuffled": ih.all_reports(ih.read(folder(tmp_path / "mixed", mixed))),
    }
    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    try:
        others["another time zone"] = ih.all_reports(ih.read(place))
    finally:
        monkeypatch.undo()
        time.tzset()
    for what, reports in others.items():
        for name, report in reports.items():
            assert report.notes == once[name].notes, what
            assert_frame_equal(report.findings, once[name].findings)
            for table, frame in report.tables.items():
                columns = [column for column in frame.columns if column not in ("log_file", "log_line")]
                told = frame.select(columns), once[name].tables[table].select(columns)
                assert_frame_equal(*told, rel_tol=1e-12, abs_tol=1e-9)
