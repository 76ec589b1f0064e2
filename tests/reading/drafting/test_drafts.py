"""What a draft says, asks and leaves alone: systems, ids, times, statuses, hostile names, files that are no table."""

import gzip
import json

import polars as pl
import pytest
from drawing.shared_data import shared_data

from integrhealth.evidence import read
from integrhealth.reading.drafting.contents import Content, contents_of
from integrhealth.reading.drafting.draft import draft_of, suggested_mapping
from integrhealth.reading.drafting.status_words import status_of
from integrhealth.reading.drafting.statuses import status_column
from integrhealth.reading.drafting.words import name_rank, words_of
from integrhealth.reading.mapping.sources import Column
from integrhealth.reading.mapping.yaml_entries import load_mapping

EXPORT = """MSG_ID;PARTNER;SENT;DURATION;STATE;MESSAGE
007;WMS;01.02.2026 10:00:00;1500;COMPLETED;"a; b"
008;CRM;13.02.2026 10:00:00;20;FAILED;
009;CRM;13.02.2026 10:00:01;20;64;
"""


def content(name, *values):
    column = pl.Series(name, values, dtype=pl.String)
    return Content(name, column, name)


def drafted(folder, name, text):
    """The only entry for a file of this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    (entry,) = draft_of(path).entries
    return entry


def lines(*rows):
    return "\n".join(rows) + "\n"


def test_a_suggested_mapping_loads_and_reads_the_table(tmp_path):
    table = tmp_path / 'monitor "a" [1].csv'
    table.write_text(EXPORT)
    suggestion = suggested_mapping(table)
    (tmp_path / "mapping.yaml").write_text(suggestion)
    (source,) = load_mapping(tmp_path / "mapping.yaml").sources_for(table.name)
    assert source.columns["message_id"] == Column("MSG_ID")
    assert source.columns["target"] == Column("PARTNER")
    assert source.columns["sent_at"] == Column("SENT")
    assert source.status == {"COMPLETED": "ok", "FAILED": "failed"}
    assert "# what does '64' mean (1 of the first records)? add it under status:" in suggestion
    assert "# in which zone is sent_at?" in suggestion
    rows = read(tmp_path).messages
    assert rows.select("message_id", "status").rows() == [("007", "ok"), ("008", "failed"), ("009", "unknown")]


def test_what_nothing_fits_has_no_mapping_and_says_what_lacks(tmp_path):
    table = tmp_path / "x.jsonl"
    table.write_text('{"colour": "red\\u0085", "no\\nline: {": 1}\n' * 2)
    assert suggested_mapping(table) == ""
    assert draft_of(table).missing == "no column is a time: export it with one"


def test_a_table_of_times_alone_has_no_mapping(tmp_path):
    table = tmp_path / "x.csv"
    table.write_text("id,time,colour\n" + "".join(f"{n},2026-01-0{n}T08:00:00Z,red\n" for n in range(1, 6)))
    draft = draft_of(table)
    assert draft.entries == ()
    assert "no column whose words say how a message ended" in draft.missing


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n\0\0\0", b"\0\0\0", b"{" * 100_000, b"\xff\xfe\0"])
def test_no_mapping_for_what_is_no_table(tmp_path, data):
    (tmp_path / "picture.csv").write_bytes(data)
    assert suggested_mapping(tmp_path / "picture.csv") == ""


def test_mappings_for_real_exports_load_and_read(tmp_path):
    folder = shared_data("formats", "servicenow")
    mappings = {path: text for path in sorted(folder.glob("*.csv")) if (text := suggested_mapping(path))}
    assert {path.name for path in mappings} >= {"incident_data.csv", "change_request_data.csv"}
    for path, text in mappings.items():
        (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
        assert not read(path, mapping=tmp_path / "mapping.yaml").is_empty


HOSTILE = ['a"b', "a: b", "# c", "{x}", "[y]", "é\u202e", "- z", "\x1b[31m", "yes", "a\u2028b", "x" * 5_000]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_columns_mean_nothing_in_yaml(tmp_path, name):
    column = f"{name} status"
    rows = [
        {"message id": f"m{n}", "from": "A", "to": "B", "sent": f"2026-01-0{n}T08:00:00Z", column: "ok", name: n}
        for n in range(1, 6)
    ]
    table = tmp_path / "t.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    suggestion = suggested_mapping(table)
    assert all(each.isprintable() for each in suggestion.splitlines())
    (tmp_path / "mapping.yaml").write_text(suggestion, encoding="utf-8")
    assert read(tmp_path).messages["status"].to_list() == ["ok"] * 5


def test_a_packed_file_with_huge_cells_is_drafted_like_any_other(tmp_path):
    header, *rows = EXPORT.splitlines()
    text = lines(header, *(row.replace('"a; b"', "x" * 30_000) for row in rows))
    path = tmp_path / "monitor.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    (entry,) = draft_of(path).entries
    assert (entry.columns["message_id"], entry.keys["csv"]) == ("MSG_ID", {"separator": ";"})


def test_the_system_is_named_after_the_file_else_after_the_folder_and_it_is_said(tmp_path):
    folder = tmp_path / "billing"
    folder.mkdir()
    text = lines("id,start time,status", *(f"{n},2026-01-0{n}T08:00:00Z,failed" for n in range(1, 6)))
    ours = drafted(folder, "crm_jobs_2026-01-05.csv", text)
    assert ours.columns["source"] == {"value": "crm-jobs"}
    assert "name of the file" in ours.beside["source"]
    assert drafted(folder, "export_20260105.csv", text).columns["source"] == {"value": "billing"}


def test_without_an_id_the_columns_that_differ_together_are_one(tmp_path):
    rows = [f"2026-01-01T08:00:0{n // 2}Z,{'AB'[n % 2]},W,ok" for n in range(8)]
    entry = drafted(tmp_path, "t.csv", lines("time,from,to,status", *rows, "2026-01-01T08:00:09Z,A,W,failed"))
    assert entry.columns["message_id"] == {"join": ["time", "from"], "with": "/"}


def test_the_address_of_a_client_is_no_system(tmp_path):
    rows = [f"2026-01-01T08:00:0{n}Z,10.0.0.{n},GET,/a,20{n % 2}" for n in range(8)]
    entry = drafted(tmp_path, "web.csv", lines("time,client,method,path,status", *rows))
    assert entry.columns["source"] == {"value": "client"}
    assert "client" not in [origin for origin in entry.columns.values() if isinstance(origin, str)]


def test_a_level_is_no_status_of_a_message(tmp_path):
    rows = [f"2026-01-01T08:00:0{n}Z,ERROR,it went wrong {n}" for n in range(8)]
    entry = drafted(tmp_path, "x.csv", lines("time,level,message", *rows))
    assert (entry.frame, entry.columns["level"]) == ("logs", "level")


def test_codes_of_http_are_ranges(tmp_path):
    rows = [f"m{n},A,B,2026-01-01T08:00:0{n}Z,{code}" for n, code in enumerate([200, 404, 503, 504, 0])]
    entry = drafted(tmp_path, "x.csv", lines("message id,from,to,sent,status code", *rows))
    assert entry.keys["status"]["5xx"] == "failed"
    (tmp_path / "mapping.yaml").write_text(suggested_mapping(tmp_path / "x.csv"))
    assert read(tmp_path).messages["status"].to_list() == ["ok", "rejected", "failed", "timeout", "timeout"]


def test_codes_are_explained_by_the_texts_beside_them():
    code = content("run_status", "1", "0", "1", "0")
    text = content("message", "The job succeeded.", "The job failed.", "The job succeeded.", "The job failed.")
    assert status_column([code]) is None
    assert status_column([code, text]) is code


def test_dates_that_may_begin_with_either_lie_closest_together(tmp_path):
    rows = [f"m{n},A,B,0{n}/03/2026 08:00:00,ok,{n}" for n in range(1, 6)]
    entry = drafted(tmp_path, "x.csv", lines("message id,from,to,sent,status,size", *rows))
    assert entry.keys["time"] == {"format": "%d/%m/%Y %H:%M:%S"}
    assert "4 days" in entry.beside["time"]
    (tmp_path / "mapping.yaml").write_text(suggested_mapping(tmp_path / "x.csv"))
    assert [each.day for each in read(tmp_path).messages["sent_at"]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("duration_ms", ["1", "2"], "ms"),
        ("Duration (s)", ["1", "2"], "s"),
        ("took", ["0.25", "1.5"], "s"),
        ("elapsed", ["1500", "20"], "ms"),
        ("response time", ["30", "40"], "ms"),
        ("Dauer Sekunden", ["1,5", "2,5"], "s"),
        ("duration", ["00:00:01.5", "1.00:00:02"], "s"),
        ("size", ["1", "2"], None),
    ],
)
def test_the_unit_of_a_duration_is_in_its_name_or_its_size(name, values, unit):
    assert content(name, *values).unit == unit


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("COMPLETED", "ok"),
        ("Complete with warnings", "partial"),
        ("Ended Not OK", "failed"),
        ("not delivered", "failed"),
        ("fehlgeschlagen", "failed"),
        ("Erróneo", "failed"),
        ("timed-out", "timeout"),
        ("64", None),
        ("blue", None),
        ("error ok", None),
    ],
)
def test_words_of_a_status_have_one_meaning_or_none(word, status):
    assert status_of(word) == status


def test_names_are_known_by_their_words():
    assert words_of("messageGUID") == ["message", "guid"]
    assert name_rank("status", ["pending", "status"]) is None
    assert name_rank("sent_at", ["start", "time"]) < name_rank("sent_at", ["order", "date"])


def test_a_duration_written_as_a_clock_gives_the_end(tmp_path):
    rows = [f"m{n},A,B,2026-01-0{n}T08:00:00Z,ok,00:0{n}:01.5" for n in range(1, 6)]
    drafted(tmp_path, "x.csv", lines("message id,from,to,sent,status,duration", *rows))
    (tmp_path / "mapping.yaml").write_text(suggested_mapping(tmp_path / "x.csv"))
    messages = read(tmp_path).messages
    taken = (messages["finished_at"] - messages["sent_at"]).dt.total_milliseconds()
    assert taken.to_list() == [n * 60_000 + 1_500 for n in range(1, 6)]


def test_a_day_and_the_clock_beside_it_are_one_time():
    columns = {
        "run_date": pl.Series(["20260314", "20260315"]),
        "run_time": pl.Series(["93005", "235959"]),
        "Start": pl.Series(["a", "b"]),
    }
    both, other = contents_of(columns)
    assert (both.origin, both.is_time, other.name) == ({"join": ["run_date", "run_time"]}, True, "Start")


def test_an_inventory_has_figures_and_charts_and_an_opening_its_agent(tmp_path):
    inventory = drafted(tmp_path, "a.csv", "Report,Words,Tiles,Visuals\nSales,300,12,4\nCash,120,3,\nStock,80,,1\n")
    assert inventory.columns == {"report": "Report", "words": "Words", "figures": "Tiles", "charts": "Visuals"}
    rows = (f"Sales,u{n},2026-03-0{n}T08:00:07Z,Mozilla/5.0 (X11) Firefox/12{n}.0" for n in range(1, 6))
    opened = drafted(tmp_path, "b.csv", lines("Report,Viewer,Viewed At,User Agent", *rows))
    assert (opened.frame, opened.columns["agent"]) == ("reads", "User Agent")
