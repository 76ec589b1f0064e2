"""SQLite: what a query of mapping.yaml gives, what refuses one row of it, and what is wrong with the whole."""

import sqlite3
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

import integrhealth as ih
from integrhealth.cli import main
from integrhealth.errors import FaultyFile
from integrhealth.reading.databases import queries as database
from integrhealth.reading.databases import sqlite as database_sqlite
from integrhealth.reading.databases.queries import read_query
from integrhealth.reading.mapping.passwords import has_password
from integrhealth.reading.mapping.sources import Column, Constant, MappedSource, Query
from integrhealth.reading.values.times import TimeRule

SECRET = "hunter2/@:#?%s"
UNDECLARED = TimeRule()
COLUMNS = {
    "message_id": Column("id"),
    "source": Column("src"),
    "target": Constant("ERP"),
    "sent_at": Column("at"),
    "status": Column("state"),
}
LOG = """
create table log (id, src, at, state, amount, flag, note);
insert into log values
  (1, 'Shop', '2026-03-01 08:00:00', 'ok', 100000000000000000000, 1, 'a'),
  (2.0, x'53686F70', '2026-03-01T09:00:00Z', 'failed', 0.1, 'no', 'b'),
  ('m3', x'FF00', '2026-03-01T10:00:00+02:00', 'ok', 12345678901234567, null, null),
  ('m4', cast(x'C328' as text), '2026-03-01 10:00:00', 'ok', null, null, null),
  ('m5', 'Shop', 'yesterday', 'ok', 'many', 'maybe', null),
  ('m6', null, '2026-03-02', 'ok', 9e999, 0, 'c');
"""


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def log(tmp_path):
    return written(tmp_path, LOG)


def written(folder, script, name="audit.db"):
    made = sqlite3.connect(folder / name)
    made.executescript(script)
    made.close()
    return folder / name


def asked(tmp_path, text, *, url="sqlite:///audit.db", columns=None, frame="messages", time=UNDECLARED, **options):
    source = MappedSource(
        frame,
        COLUMNS if columns is None else columns,
        time=time,
        file=str(tmp_path / "mapping.yaml"),
        where="sources[3]",
    )
    (parsed,) = read_query(Query(text, url, (source,)), "mapping.yaml sources[3]", **options)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    return parsed


def fault(tmp_path, text, **options):
    with pytest.raises(FaultyFile) as caught:
        asked(tmp_path, text, **options)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert error.file == str(tmp_path / "mapping.yaml")
    assert "\n" not in str(error)
    return error.where, error.reason, error.remedy


def test_a_column_may_hold_any_types_and_a_bad_value_rejects_its_row_alone(log, tmp_path):
    parsed = asked(tmp_path, "select * from log order by rowid")
    assert parsed.format == "sqlite"
    assert parsed.rows.select("message_id", "source", "sent_at", "status", "log_file", "log_line").rows() == [
        ("1", "Shop", at(2026, 3, 1, 8), "ok", "mapping.yaml sources[3]", 1),
        ("2", "Shop", at(2026, 3, 1, 9), "failed", "mapping.yaml sources[3]", 2),
    ]
    assert parsed.rejected.select("line", "reason").rows() == [
        (3, "bad_text:src"),
        (4, "bad_text:src"),
        (5, "bad_time:sent_at"),
        (6, "no_source"),
    ]
    assert parsed.rejected["raw"][2] == '{"id":"m5","src":"Shop","at":"yesterday","state":"ok"}'
    assert "times without a zone were read as UTC: sent_at (2)" in "".join(parsed.warnings)


def test_numbers_are_exact(log, tmp_path):
    columns = COLUMNS | {"source": Constant("Shop"), "amount": Column("amount"), "bytes": Column("amount")}
    one = asked(tmp_path, "select * from log where id = 1", columns=columns | {"bytes": Constant("1")})
    assert one.rows["amount"].to_list() == [1e20]
    large = asked(tmp_path, "select * from log where id = 'm3'", columns=columns)
    assert large.rows["bytes"].to_list() == [12345678901234567]
    refused = asked(
        tmp_path, "select * from log where id > 'm4'", columns=columns | {"sent_at": Constant("2026-03-01")}
    )
    assert refused.rejected["reason"].to_list() == ["bad_number:bytes; bad_number:amount"] * 2


def test_rows_come_in_batches_of_any_size_with_the_same_outcome(log, tmp_path, monkeypatch):
    whole = asked(tmp_path, "select * from log order by rowid")
    monkeypatch.setattr(database_sqlite, "BATCH_ROWS", 1)
    single = asked(tmp_path, "select * from log order by rowid")
    assert single.rows.equals(whole.rows)
    assert single.rejected.equals(whole.rejected)


def test_a_period_is_bound_and_without_one_every_time_lies_in_it(log, tmp_path):
    query = "select * from log where id in (1, 2.0) and datetime(at) >= :since and datetime(at) < datetime(:until)"
    lines = {
        (None, None): ["1", "2"],
        (at(2026, 3, 1, 8, 30), None): ["2"],
        (None, at(2026, 3, 1, 9)): ["1"],
        (at(2026, 3, 1, 8), at(2026, 3, 1, 9)): ["1"],
    }
    for (since, until), ids in lines.items():
        assert asked(tmp_path, query, since=since, until=until).rows["message_id"].to_list() == ids
    margin = "select * from log where id = 1 and datetime(at) >= datetime(:since, '-1 hour')"
    assert asked(tmp_path, margin, since=at(2026, 3, 1, 8, 30)).rows.height == 1
    pasted = asked(tmp_path, "select ':since' as id, 'a' as src, :since as at, typeof(:until) as state")
    assert pasted.rejected["raw"].to_list() == ['{"id":":since","src":"a","at":"0001-01-01 00:00:00","state":"text"}']


def test_numbers_since_1970_are_bound_through_unixepoch(tmp_path):
    written(tmp_path, "create table log (id, at); insert into log values (1, 1772352000), (2, 1772355600)")
    query = "select id, at, 'Shop' as src, 'ok' as state from log where at >= strftime('%s', :since) + 0"
    rows = asked(tmp_path, query, since=at(2026, 3, 1, 9), time=TimeRule(unit="s")).rows
    assert rows.select("message_id", "sent_at").rows() == [("2", at(2026, 3, 1, 9))]


def test_json_columns_are_reached_into_and_texts_become_lists(tmp_path):
    written(tmp_path, """create table log (doc); insert into log values ('{"r": {"id": "x", "fields": "A; B"}}')""")
    columns = {"report": Column("doc.r.id"), "fields": Column("doc.r.fields")}
    rows = asked(tmp_path, "select doc from log", frame="reports", columns=columns).rows
    assert rows.select("report", "fields").rows() == [("x", ["A", "B"])]


def test_huge_text_and_text_with_nul_survive(tmp_path):
    written(tmp_path, "create table log (id, note)")
    made = sqlite3.connect(tmp_path / "audit.db")
    made.executemany("insert into log values (?, ?)", [(1, "x" * 5_000_000), (2, "a\0b")])
    made.commit()
    columns = COLUMNS | {"error_text": Column("note")}
    query = "select id, note, 'Shop' src, '2026-03-01' at, 'ok' state from log order by id"
    rows = asked(tmp_path, query, columns=columns).rows
    assert rows["error_text"].str.len_bytes().to_list() == [5_000_000, 3]


def test_without_columns_those_of_the_frame_are_taken_by_name(log, tmp_path):
    named = (
        "select id as message_id, 'A' as source, 'B' as target, at as sent_at, 'ok' as status, 1 as log_line from log"
    )
    parsed = asked(tmp_path, named, columns={})
    assert parsed.rows.select("message_id", "source", "log_line").row(1) == ("2", "A", 2)
    where, reason, remedy = fault(tmp_path, "select id as message_id, 'A' as source from log", columns={})
    assert (where, reason) == ("sources[3].columns", "the query gives no column 'target'")
    assert remedy == "it gives message_id, source"


def test_no_row_is_said_and_is_no_fault(log, tmp_path):
    parsed = asked(tmp_path, "select * from log where 0")
    assert (parsed.rows_in, parsed.rows.height) == (0, 0)
    assert parsed.warnings[0].startswith("the query gave no row")


def test_with_no_row_at_all_there_is_nothing_to_report_on(tmp_path, monkeypatch):
    monkeypatch.setenv("AUDIT", "sqlite:///audit.db")
    written(tmp_path, "create table log (id, src, at, state)")
    (tmp_path / "mapping.yaml").write_text(WRITTEN)
    result = CliRunner().invoke(main, ["report", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "nothing to report on: mapping.yaml sources[0]: the query gave no row; widen" in result.output


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("select * from nope", "query", "no such table: nope"),
        ("select nope from log", "query", "no such column: nope"),
        ("selec 1", "query", 'near "selec": syntax error'),
        ("select 1; select 2", "query", "You can only execute one statement at a time."),
        ("select id from log", "columns", "the query gives no column 'src'"),
        ("select *, id from log", "query", "the query gives more than one column 'id'"),
        ("select * from log where at > :from", "query", "You did not supply a value for binding"),
        ("delete from log", "query", "attempt to write a readonly database"),
        ("create table more (a)", "query", "attempt to write a readonly database"),
        ("pragma query_only = off", "query", "the statement gives no rows, whatever the data"),
    ],
)
def test_what_is_wrong_with_a_query_is_one_line(log, tmp_path, text, where, reason):
    before = log.read_bytes()
    place, said, remedy = fault(tmp_path, text)
    assert place == f"sources[3].{where}"
    assert said.startswith(reason)
    assert remedy
    assert log.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.db"]


def test_a_query_that_takes_too_long_ends(log, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.2)
    forever = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    assert fault(tmp_path, forever)[:2] == ("sources[3].query", "the query took longer than 0.2 s")


def test_a_database_that_is_locked_or_none_is_one_line(log, tmp_path, monkeypatch):
    monkeypatch.setattr(database_sqlite, "LOCKED_SECONDS", 0.1)
    writer = sqlite3.connect(log)
    writer.execute("begin exclusive")
    assert fault(tmp_path, "select * from log")[1] == "database is locked"
    writer.close()
    (tmp_path / "text.db").write_text("message_id,source\n" * 100)
    where, reason, _ = fault(tmp_path, "select * from log", url="sqlite:///text.db")
    assert (where, reason) == ("sources[3].url", "file is not a database")
    where, reason, _ = fault(tmp_path, "select * from log", url="sqlite:///none.db")
    assert (where, reason) == ("sources[3].url", f"database {tmp_path / 'none.db'} does not exist")
    assert not (tmp_path / "none.db").exists()


def test_the_url_comes_from_the_environment_and_is_never_shown(log, tmp_path, monkeypatch):
    monkeypatch.setenv("AUDIT", f"sqlite:///{log}")
    assert asked(tmp_path, "select * from log", url="${AUDIT}").rows.height == 2
    monkeypatch.setenv("FOLDER", str(tmp_path))
    assert asked(tmp_path, "select * from log", url="sqlite:///${FOLDER}/audit.db").rows.height == 2
    where, reason, remedy = fault(tmp_path, "select 1", url="${NOT_SET}")
    assert (where, reason) == ("sources[3].url", "the environment variable NOT_SET is not set")
    for url in (f"mysql://me:{SECRET}@host/db", f"postgresql://me:{SECRET}", "$AUDIT", f"postgresql://h:{SECRET}/db"):
        monkeypatch.setenv("AUDIT", url)
        where, reason, remedy = fault(tmp_path, "select 1", url="${AUDIT}")
        assert (where, reason) == ("sources[3].url", "invalid database URL")
        assert SECRET not in reason + remedy


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("${URL}", False),
        ("postgresql://reader@host:5432/db?sslmode=require", False),
        ("postgresql://reader:${PASSWORD}@host/db", False),
        ("postgresql://host/db?password=${PASSWORD}", False),
        ("sqlite:///C:/me@home.db", False),
        ("postgresql://reader:secret@host/db", True),
        ("postgresql://reader:se/c@r?e#t@host/db", True),
        ("mysql://reader:secret@host/db", True),
        ("postgresql://host/db?password=secret", True),
        ("postgresql://reader:s${PASSWORD}@host/db", True),
    ],
)
def test_a_password_in_the_mapping_itself_is_seen(url, held):
    assert has_password(url) is held


WRITTEN = """
sources:
  - query: |
      select id, src, at, state from log where datetime(at) >= :since and datetime(at) < :until
    url: ${AUDIT}
    frame: messages
    columns: {message_id: id, source: src, target: {value: ERP}, sent_at: at, status: state}
"""


def test_a_folder_with_a_mapping_is_read_with_what_its_databases_give(log, tmp_path, monkeypatch):
    monkeypatch.setenv("AUDIT", "sqlite:///audit.db")
    (tmp_path / "mapping.yaml").write_text(WRITTEN)
    evidence = ih.read(tmp_path)
    assert evidence.sources.rows() == [("mapping.yaml sources[0]", "sqlite", "messages", 5, 2, 3, 0, 2, 0)]
    later = ih.read(tmp_path, since="2026-03-01T08:30:00Z", until="2026-03-01T11:30+01:00")
    assert later.sources["rows_in"].to_list() == [2]
    assert later.messages["message_id"].to_list() == ["2"]
    assert ih.read(log.parent, mapping=tmp_path / "mapping.yaml").messages.equals(evidence.messages)


def test_two_mappings_keep_the_accounts_of_their_queries_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("AUDIT", "sqlite:///audit.db")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mapping.yaml").write_text(WRITTEN)
        written(tmp_path / name, LOG)
    read = ih.read(tmp_path / "a", tmp_path / "b", tmp_path / "a" / ".." / "a").sources
    assert read["file"].to_list() == ["mapping.yaml sources[0]", f"{tmp_path}/b/mapping.yaml sources[0]"]


def test_beside_a_file_that_is_named_no_database_is_asked(log, tmp_path):
    (tmp_path / "mapping.yaml").write_text(WRITTEN)
    (tmp_path / "messages.csv").write_text("message_id,source,target,sent_at\n1,A,B,2026-03-01T00:00:00Z\n")
    assert ih.read(tmp_path / "messages.csv").sources["file"].to_list() == ["messages.csv"]
    with pytest.raises(FaultyFile, match="AUDIT is not set"):
        ih.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        (("url: ${AUDIT}", f"url: 'postgresql://me:{SECRET}@host/db'"), "sources[0].url", "a password must not stand"),
        (("    url: ${AUDIT}\n", ""), "sources[0]", "missing key 'url'"),
        (
            ("select id, src, at, state from log where datetime(at) >= :since and datetime(at) < :until", ""),
            "sources[0].query",
            "empty query",
        ),
        (("url:", "glob: '*'\n    url:"), "sources[0].query", "an entry is either for files or for a database"),
        (("frame: messages", "preset: none_such"), "sources[0].preset", "unknown preset"),
    ],
)
def test_a_fault_of_the_entry_is_one_line_and_exit_code_2(tmp_path, change, where, reason):
    (tmp_path / "mapping.yaml").write_text(WRITTEN.replace(*change))
    result = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert result.exit_code == 2
    assert f"{where}: {reason}" in result.output
    assert result.output.count("\n") == 1
    assert SECRET not in result.output
