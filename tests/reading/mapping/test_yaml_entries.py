"""mapping.yaml: every key of the interface is read, every fault is one line with file, path and remedy."""

import sqlite3
from datetime import UTC, datetime

import polars as pl
import pytest
from drawing.shared_data import ROOT, shared_data

import integrhealth as ih
from integrhealth.errors import FaultyFile
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.mapping import yaml_entries as mapping_module
from integrhealth.reading.mapping.sources import Column, Constant, First, Sum
from integrhealth.reading.mapping.yaml_entries import load_mapping
from integrhealth.reading.table.files import read_table
from integrhealth.reading.values.times import TimeRule, times

WHOLE = r"""
sources:
  - glob: "erp_monitor/*.csv"
    frame: messages
    columns:
      message_id: MSG_ID
      trace_id: {first: [CORRELATION, FLOW]}
      source: {value: ERP}
      target: PARTNER
      attempt: {value: 1}
      sent_at: SENT
      finished_at: {add: [SENT, DURATION], unit: s}
      answered_at: ANSWERED
      status: STATE
      operation: null
    time: {zone: Europe/Madrid, format: "%d.%m.%Y %H:%M:%S", answered_at: {unit: ms}}
    null: ["", "-", 0]
    status: {53: ok, "51": failed, true: ok}
    csv: {separator: ";", encoding: cp1252}
  - glob: "**/webhooks/*.jsonl.gz"
    frame: reads
    columns: {report: delivery.report, person: who, at: delivery.at}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "mapping.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def only(sources):
    """The one source that a file has, or None."""
    assert len(sources) <= 1
    return sources[0] if sources else None


def fault(path):
    with pytest.raises(FaultyFile) as caught:
        load_mapping(path)
    return caught.value


def test_every_key_of_the_interface_is_read(written):
    erp, webhooks = load_mapping(written(WHOLE)).sources
    assert erp.columns["message_id"] == Column("MSG_ID")
    assert erp.columns["trace_id"] == First(("CORRELATION", "FLOW"))
    assert erp.columns["source"] == Constant("ERP")
    assert erp.columns["attempt"] == Constant("1")
    assert erp.columns["finished_at"] == Sum(("SENT", "DURATION"), "s")
    assert "operation" not in erp.columns
    assert erp.time_rule("sent_at") == TimeRule("Europe/Madrid", "%d.%m.%Y %H:%M:%S", None)
    assert erp.time_rule("answered_at") == TimeRule("Europe/Madrid", None, "ms")
    assert erp.null == ("", "-", "0")
    assert erp.status == {"53": "ok", "51": "failed", "true": "ok"}
    assert (erp.separator, erp.encoding) == (";", "cp1252")
    assert webhooks.columns["report"] == Column("delivery.report")


LOGGED = "select 3 as message_id, 'CRM' as source, 'ERP' as target, '2026-02-02T00:00:00Z' as sent_at, 'ok' as status"


def example():
    shared_data("formats")
    return (ROOT.parent / "examples" / "mapping.yaml").read_text(encoding="utf-8")


def test_the_example_that_users_copy_loads_whole(written):
    path = written(example())
    mapping = load_mapping(path)
    assert [source.glob for source in mapping.sources] == ["erp_monitor/*.csv", "webhooks/*.jsonl.gz", "boomi/*.csv"]
    assert [(query.where, query.url) for query in mapping.queries] == [("sources[3]", "${AUDIT_DATABASE_URL}")]
    assert only(mapping.sources_for("erp_monitor/a.csv")).columns["kind"] == Constant("queue")
    assert only(mapping.sources_for("other/a.csv")) is None
    assert only(mapping.sources_for("boomi/a.csv")).columns["message_id"] == Column("executionId")
    path = written(example().replace("boomi_executions", "boomi_excursions"))
    with pytest.raises(FaultyFile) as caught:
        only(load_mapping(path).sources_for("boomi/a.csv"))
    assert (caught.value.file, caught.value.where) == (str(path), "sources[2].preset")
    assert caught.value.reason == "unknown preset 'boomi_excursions'"


def test_the_example_beside_an_erp_export_reads_it_and_asks_the_database(written, tmp_path, monkeypatch):
    path = written(example().replace("audit.message_log", "message_log"))
    monkeypatch.setenv("AUDIT_DATABASE_URL", "sqlite:///audit.db")
    audit = sqlite3.connect(tmp_path / "audit.db")
    audit.executescript(f"create table message_log as {LOGGED}")
    head = "MSG_ID;CORRELATION;PARTNER;ORDER_NO;SENT;DURATION;STATE;MESSAGE\n"
    for folder in ("erp_monitor", "boomi"):
        (tmp_path / folder).mkdir()
    (tmp_path / "erp_monitor" / "a.csv").write_text(head + "1;t;WMS;0042;01.02.2026 10:00:00;1500;53;-\n")
    (tmp_path / "erp_monitor" / "b.csv").write_text(head + "2;t;CRM;0042;01.02.2026 10:00:02;?;51;no route\n")
    evidence = ih.read(tmp_path, tmp_path / "erp_monitor", mapping=path)
    columns = ["message_id", "source", "target", "kind", "object_id", "sent_at", "finished_at", "status", "error_text"]
    expected = [
        ("1", "ERP", "WMS", "queue", "0042", at(2026, 2, 1, 9), at(2026, 2, 1, 9, 0, 1, 500000), "ok", None),
        ("2", "ERP", "CRM", "queue", "0042", at(2026, 2, 1, 9, 0, 2), None, "failed", "no route"),
        ("3", "CRM", "ERP", None, None, at(2026, 2, 2), None, "ok", None),
    ]
    assert evidence.messages.select(columns).sort("message_id").rows() == expected
    assert evidence.sources.filter(pl.col("rows_in") == 1)["format"].to_list() == ["sqlite", "csv", "csv"]
    assert "audit.db" not in evidence.sources["file"].to_list()
    assert ih.read(tmp_path).messages.equals(evidence.messages)
    alone = ih.read(tmp_path / "erp_monitor" / "a.csv", mapping=path)
    assert alone.messages["message_id"].to_list() == ["3"]
    (tmp_path / "boomi" / "a.csv").write_text("executionId,executionTime,status\n9,2026-02-03T00:00:00Z,COMPLETE\n")
    assert ih.read(tmp_path).messages["message_id"].sort().to_list() == ["1", "2", "3", "9"]
    path.write_text(path.read_text().replace("boomi_executions", "boomi_excursions"))
    with pytest.raises(FaultyFile, match="unknown preset 'boomi_excursions'"):
        ih.read(tmp_path)


def test_a_sum_is_written_like_the_column_it_adds_to_unless_it_says_otherwise(written, tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("I,T1,DUR\n1,01.02.2026 10:00:00,1500\n")
    entry = """
sources:
  - glob: "*.csv"
    frame: messages
    columns:
      {message_id: I, source: {value: T1}, target: {value: B}, sent_at: T1, status: {value: ok},
       received_at: {first: [T0, DUR]}, finished_at: {add: [T1, DUR], unit: ms}}
    time: {unit: s, received_at: {unit: ms}, sent_at: {format: "%d.%m.%Y %H:%M:%S", zone: Europe/Madrid}OWN}
"""
    sources = load_mapping(written(entry.replace("OWN", ""))).sources_for("a.csv")
    (parsed,) = read_table(table, "a.csv", sources=sources)
    assert parsed.rows.select("sent_at", "finished_at").rows() == [(at(2026, 2, 1, 9), at(2026, 2, 1, 9, 0, 1, 500000))]
    own = ', finished_at: {format: "%m.%d.%Y %H:%M:%S", zone: UTC}'
    (parsed,) = read_table(
        table, "a.csv", sources=load_mapping(written(entry.replace("OWN", own))).sources_for("a.csv")
    )
    assert parsed.rows["finished_at"].to_list() == [at(2026, 1, 2, 10, 0, 1, 500000)]


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("erp_monitor/a.csv", "messages"),
        ("logs/erp_monitor/a.csv", "messages"),
        ("erp_monitor/deep/a.csv", None),
        ("other_erp_monitor/a.csv", None),
        ("erp_monitor/a.csv.gz", None),
        ("webhooks/x.jsonl.gz", "reads"),
        ("a/b/webhooks/x.jsonl.gz", "reads"),
    ],
)
def test_a_glob_is_relative_to_any_folder_above_the_file(written, name, frame):
    source = only(load_mapping(written(WHOLE)).sources_for(name))
    assert (source.frame if source else None) == frame


@pytest.mark.parametrize(
    ("right", "wrong", "where", "remedy"),
    [
        ("frame: reads", "frame: read", "sources[1].frame", "did you mean 'reads'?"),
        ("      target: PARTNER\n", "", "sources[0].columns", "add target"),
        ("target: PARTNER", "taget: PARTNER", "sources[0].columns.taget", "did you mean 'target'?"),
        ("target: PARTNER", "target: [a, b]", "sources[0].columns.target", "first"),
        ("target: PARTNER", "target: {valeu: x}", "sources[0].columns.target", "{value: x}"),
        ("target: PARTNER", "target: {add: [a, b]}", "sources[0].columns.target.add", "finished_at"),
        ("[SENT, DURATION]", "[SENT]", "sources[0].columns.finished_at.add", "[a, b]"),
        ("unit: s}", "unit: sec}", "sources[0].columns.finished_at.unit", "use one of"),
        ("Europe/Madrid", "Europe/Madird", "sources[0].time.zone", "did you mean 'Europe/Madrid'?"),
        ("%d.%m.%Y %H:%M:%S", "DD.MM.YYYY", "sources[0].time.format", "%d.%m.%Y"),
        ("%H:%M:%S", "%H:%M:%S%f", "sources[0].time.format", "%.f"),
        (
            "answered_at: {unit: ms}",
            "anwered_at: {unit: ms}",
            "sources[0].time.anwered_at",
            "did you mean 'answered_at'",
        ),
        ("answered_at: {unit: ms}", "answered_at: {unit: hours}", "sources[0].time.answered_at.unit", "use one of"),
        ("53: ok", "53: okay", "sources[0].status.53", "did you mean 'ok'?"),
        ("encoding: cp1252", "encoding: ebcdic", "sources[0].csv.encoding", "use one of"),
        ('separator: ";"', 'separator: "::"', "sources[0].csv.separator", "one character"),
        ("    null: [", "    nul: [", "sources[0].nul", "did you mean 'null'?"),
        ('  - glob: "erp_monitor/*.csv"\n    frame', "  - frame", "sources[0]", "glob"),
        ("    frame: reads", "    preset: [boomi]", "sources[1].preset", "write it in quotes"),
        ("    frame: reads", "    preset: dbt", "sources[1].preset", "leave this entry out"),
        ("frame: reads", "frame: reads\n    query: select 1", "sources[1].query", "write glob, or query and url"),
        ("sources:", "source:", "source", "did you mean 'sources'?"),
    ],
)
def test_a_fault_names_file_path_and_remedy(written, right, wrong, where, remedy):
    assert right in WHOLE
    path = written(WHOLE.replace(right, wrong, 1))
    error = fault(path)
    assert (error.file, error.where) == (str(path), where)
    assert remedy in error.remedy
    assert "\n" not in str(error)


def test_a_preset_gives_what_the_entry_does_not_say(written, tmp_path, monkeypatch):
    monkeypatch.setattr(mapping_module, "PRESETS", tmp_path / "presets")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "vendor.yaml").write_text(
        "description: reads\ntried: documented\nrecognise: [R, P, T]\nsources:\n"
        "- {frame: reads, columns: {report: R, person: P, at: T}, time: {zone: UTC, unit: ms}, null: [x]}\n"
    )
    (source,) = load_mapping(
        written("sources:\n  - {glob: '*.csv', preset: vendor, columns: {person: WHO}, time: {unit: s}}\n")
    ).sources
    assert source.columns == {"report": Column("R"), "person": Column("WHO"), "at": Column("T")}
    assert (source.time, source.null) == (TimeRule("UTC", None, "s"), ("", "x"))


def test_spans_are_a_frame_too():
    assert frame_schema("spans").required == ("span_id", "service", "start")
    assert frame_schema("nothing") is None


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written_as", "rule", "instant"),
    [
        ("2026-01-02T03:04:05Z", {}, at(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T03:04:05.1234567Z", {}, at(2026, 1, 2, 3, 4, 5, 123456)),
        ("2026-01-02T03:04:05.123456789+02:00", {}, at(2026, 1, 2, 1, 4, 5, 123456)),
        ("2026-01-02T03:04:05-0500", {}, at(2026, 1, 2, 8, 4, 5)),
        ("2026-01-02 03:04:05,5 +0100", {}, at(2026, 1, 2, 2, 4, 5, 500000)),
        ("2026-01-02 03:04:05 UTC", {}, at(2026, 1, 2, 3, 4, 5)),
        ("2026-07-02 6:04:05", {"zone": "Europe/Madrid"}, at(2026, 7, 2, 4, 4, 5)),
        ("2026-01-02", {"zone": "Europe/Madrid"}, at(2026, 1, 1, 23)),
        ("1700000000", {}, at(2023, 11, 14, 22, 13, 20)),
        ("1700000000123", {}, at(2023, 11, 14, 22, 13, 20, 123000)),
        ("1601839169774235400", {}, at(2020, 10, 4, 19, 19, 29, 774235)),
        ("1700000000.000001", {"unit": "s"}, at(2023, 11, 14, 22, 13, 20, 1)),
        ("0", {"unit": "ms"}, at(1970, 1, 1)),
        ("20240311160000.500", {}, at(2024, 3, 11, 16, 0, 0, 500000)),
        ("/Date(1611846759005)/", {}, at(2021, 1, 28, 15, 12, 39, 5000)),
        ("31/12/2026 23:00", {}, at(2026, 12, 31, 23)),
        ("12/31/2026 11:00:00 PM", {}, at(2026, 12, 31, 23)),
        ("01.02.2026 10:00:00", {"format": "%d.%m.%Y %H:%M:%S"}, at(2026, 2, 1, 10)),
        ("01.02.2026 10:00:00,250", {"format": "%d.%m.%Y %H:%M:%S,%f"}, at(2026, 2, 1, 10, 0, 0, 250000)),
        ("01.02.2026 10:00 +01:00", {"format": "%d.%m.%Y %H:%M %z"}, at(2026, 2, 1, 9)),
        ("2026-10-25 02:30:00", {"zone": "Europe/Madrid"}, at(2026, 10, 25, 0, 30)),
    ],
)
def test_a_time_however_it_is_written(written_as, rule, instant):
    read = times(pl.Series([written_as, None]), TimeRule(**rule))
    assert read.times.to_list() == [instant, None]
    assert not read.faults.any()


@pytest.mark.parametrize(
    "written_as",
    [
        "",
        "timestamp",
        "{{start}}",
        "2026-13-01",
        "2026-02-30T00:00:00Z",
        "0000-00-00 00:00:00",
        "22-09-01 06:12:13",
        "nan.",
    ],
)
def test_what_is_no_time_is_a_fault_and_never_null_in_silence(written_as):
    read = times(pl.Series([written_as, "2026-01-01T00:00:00Z"]))
    assert read.faults.to_list() == [True, False]


def test_a_local_time_that_the_clocks_skipped_is_a_fault():
    read = times(pl.Series(["2026-03-29 02:30:00", "2026-03-29 03:30:00"]), TimeRule(zone="Europe/Madrid"))
    assert read.faults.to_list() == [True, False]


def test_one_date_decides_the_order_for_the_whole_column_and_it_is_said():
    read = times(pl.Series(["03/04/2026 10:00", "13/04/2026 10:00"]))
    assert read.times.to_list() == [at(2026, 4, 3, 10), at(2026, 4, 13, 10)]
    assert "day first" in read.notes[0]


@pytest.mark.parametrize("dates", [["03/04/2026", "05/06/2026"], ["13/04/2026", "04/13/2026"]])
def test_dates_whose_order_nothing_decides_are_all_refused(dates):
    read = times(pl.Series(dates))
    assert read.faults.all()
    assert read.reason == "undecided_day_or_month"


def test_the_unit_of_numbers_is_guessed_for_the_column_not_the_cell_and_it_is_said():
    read = times(pl.Series(["1700000000000", "1700000000001", "800000000000"]))
    assert read.times.to_list()[2] == at(1995, 5, 9, 6, 13, 20)
    assert "read as ms" in read.notes[0]


def test_times_without_a_zone_are_marked():
    read = times(pl.Series(["2026-01-01 00:00:00", "2026-01-01T00:00:00Z", None]))
    assert read.naive.to_list() == [True, False, False]


@pytest.mark.parametrize("written_as", ["%Y-%m-%dT%H:%M:%S%.6fZ", "%Y-%m-%d %H:%M:%S%.6f"])
def test_the_short_way_for_many_times_gives_what_the_long_way_gives(written_as):
    instants = pl.Series(range(0, 30_000 * 700_001, 700_001)).cast(pl.Datetime("us")) + pl.duration(days=20_000)
    instants = pl.select(instants).to_series()
    text = instants.dt.to_string(written_as)
    assert times(text).times.equals(instants.dt.replace_time_zone("UTC"))
    for broken in ("2024-10-04T00:00:61.000000Z", "2024-10-04T00:00x00.000000Z", "2024-10-04T00:00:00.00000xZ"):
        one_bad = text.clone()
        one_bad[5] = broken[: len(text[0])]
        assert times(one_bad).faults.arg_true().to_list() == [5]
