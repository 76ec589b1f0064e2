"""Lines of text by the pattern form of mapping.yaml: what fits, what continues, what is refused, what is a fault."""

import gzip

import polars as pl
import pytest

import integrhealth as ih
from integrhealth.errors import FaultyFile
from integrhealth.reading.files import opened

LOG = r"""
sources:
  - glob: "*.log"
    frame: logs
    pattern: '^%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level} \[[^]]+\] (?P<log.logger>[^ ]+) - (?P<text>.*)$'
    columns: {time: time, system: {value: orders}, level: level, site: log.logger, text: text}
"""
ANSWER = r"""
  - glob: "*.log"
    frame: messages
    pattern:
      - '^req %{NOTSPACE:at} %{WORD:to} %{INT:code} %{INT:took}$'
      - '^call %{WORD:to} %{NOTSPACE:at} %{INT:code} %{INT:took}$'
    columns:
      message_id: {id_of: [at, to, code, took]}
      source: {value: web}
      target: to
      sent_at: {subtract: [at, took], unit: ms}
      finished_at: at
      status: code
    status: {"5xx": failed, "401-403": rejected, "*": ok}
"""
LINES = """2024-01-01 10:00:00,123 ERROR [main] c.acme.Orders - db down
java.lang.IllegalStateException: x
\tat a.b.C(D.java:1)
--- something else
2024-01-01 10:00:01,123 INFO [main] c.acme.Orders - up
req 2024-01-01T10:00:02Z billing 502 1500
req 2024-01-01T10:00:02Z billing 502 1500
call stock 2024-01-01T10:00:03Z 403 20
"""


@pytest.fixture
def read(tmp_path):
    def read(mapping, lines, name="app.log"):
        (tmp_path / "mapping.yaml").write_text(mapping)
        data = lines if isinstance(lines, bytes) else lines.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return ih.read(str(tmp_path))

    return read


def test_the_groups_of_a_pattern_are_the_columns_of_a_line(read):
    logs = read(LOG, LINES).logs
    assert logs.select("level", "system", "site").rows() == [
        ("ERROR", "orders", "c.acme.Orders"),
        ("INFO", "orders", "c.acme.Orders"),
    ]
    assert logs["time"].dt.millisecond().to_list() == [123, 123]
    assert logs["log_line"].to_list() == [1, 5]


def test_a_stack_trace_is_part_of_its_entry_and_anything_else_is_refused_on_its_own(read):
    evidence = read(LOG, LINES)
    assert evidence.logs["text"][0] == "db down\njava.lang.IllegalStateException: x\n\tat a.b.C(D.java:1)"
    assert evidence.rejected.select("line", "reason").rows()[0] == (4, "no_entry")
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").row(0) == (8, 4, 4)


def test_all_that_fits_no_pattern_belongs_to_the_entry_before_it_where_the_mapping_says_so(read):
    evidence = read(LOG.replace("frame: logs", "frame: logs\n    continues: any"), "lost\n" + LINES)
    assert evidence.logs["text"].str.count_matches("\n").to_list() == [3, 3]
    assert evidence.rejected.select("line", "reason").rows() == [(1, "no_entry")]


def test_what_continues_an_entry_may_be_a_pattern_of_its_own(read):
    evidence = read(LOG.replace("frame: logs", "frame: logs\n    continues: '^---'"), LINES)
    assert evidence.logs["text"].to_list() == ["db down", "up"]
    # What stands behind a refused line continues nothing.
    assert evidence.rejected["line"].to_list() == [2, 3, 4, 6, 7, 8]


def test_two_entries_for_one_file_have_their_own_rows_and_no_line_is_lost(read):
    evidence = read(LOG + ANSWER, LINES)
    assert evidence.logs.height == 2
    messages = evidence.messages.sort("log_line")
    assert messages.select("target", "status", "log_line").rows() == [
        ("billing", "failed", 6),
        ("billing", "failed", 7),
        ("stock", "rejected", 8),
    ]
    assert (messages["finished_at"] - messages["sent_at"]).dt.total_milliseconds().to_list() == [1500, 1500, 20]
    assert messages["message_id"].n_unique() == 3, "a line that stands twice is two events"
    assert evidence.rejected["line"].to_list() == [4]


def test_a_line_broken_over_blocks_and_a_trace_in_the_next_one_are_whole(read, monkeypatch):
    whole = read(LOG + ANSWER, LINES)
    monkeypatch.setattr(opened, "BLOCK_BYTES", 64)
    monkeypatch.setattr(opened.line_blocks, "__kwdefaults__", {"block_bytes": 64})
    parts = read(LOG + ANSWER, LINES)
    assert parts.logs.equals(whole.logs)
    assert parts.messages.equals(whole.messages)
    assert parts.rejected.equals(whole.rejected)


def test_a_packed_log_and_a_coloured_one_read_alike(read, tmp_path):
    plain = read(LOG, LINES).logs.drop("log_file")
    (tmp_path / "app.log").unlink()
    assert read(LOG.replace("*.log", "*.gz"), LINES, "app.log.gz").logs.drop("log_file").equals(plain)
    (tmp_path / "app.log.gz").unlink()
    coloured = LINES.replace("ERROR", "\x1b[1;31mERROR\x1b[0m").replace("INFO", "\x1b[32mINFO\x1b[0m")
    assert read(LOG, coloured).logs.drop("log_file").equals(plain)


def test_bytes_that_are_no_text_cost_their_line(read):
    evidence = read(LOG, LINES.encode().replace(b"db down", b"db \xff down"))
    assert evidence.logs["text"].to_list() == ["up"]
    assert evidence.rejected["reason"].str.starts_with("bad_utf8").sum() == 1


def test_a_log_without_a_line_that_fits_is_all_refused(read):
    evidence = read(LOG, "a\nb\n")
    assert evidence.logs.is_empty()
    assert evidence.rejected["reason"].to_list() == ["no_entry", "no_entry"]


def test_a_hostile_line_costs_time_by_its_length_alone(read):
    # Backtracking engines need 2**50 steps for this one.
    mapping = LOG.replace(LOG[LOG.index("pattern: ") : LOG.index("    columns")], "pattern: '^(?P<text>(a+)+)$'\n")
    mapping = mapping.replace("time: time", "time: {value: 2024-01-01}").replace("level: level, site: log.logger, ", "")
    assert read(mapping, "a" * 50 + "!\n" + "a" * 50 + "\n").logs["text"].to_list() == ["a" * 50]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("'^(?P<time>x'", "cannot be used"),
        ("'^(?P<time>[^ ]+) (?=x)'", "ahead or behind"),
        (r"'^(?P<time>[^ ]+) (x)\2'", "refers back"),
        ("'^(?P<a>x{1000}{1000}{1000})'", "cannot be used"),
        ("'^%{NOWORD:time}'", "unknown word %{NOWORD}"),
        ("'^[^ ]+$'", "without a named group"),
        ("'(?P<a>x)(?P<a>y)'", "cannot be used"),
        ("17", "expected text"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_a_fault_of_the_mapping(read, pattern, reason):
    line = LOG[LOG.index("pattern: ") : LOG.index("    columns")]
    with pytest.raises(FaultyFile, match=reason.replace("{", "\\{")):
        read(LOG.replace(line, f"pattern: {pattern}\n"), LINES)


def test_one_file_is_either_lines_or_a_table(read):
    table = '\n  - glob: "*.log"\n    frame: logs\n    columns: {time: t, system: s}\n'
    with pytest.raises(FaultyFile, match="lines of text by one entry, and a table by another"):
        read(LOG + table, LINES)


def test_two_entries_for_one_table_have_their_own_rows(tmp_path):
    (tmp_path / "mapping.yaml").write_text("""
sources:
  - glob: "*.csv"
    frame: messages
    columns: {message_id: id, source: {value: shop}, target: {value: erp}, sent_at: at, status: {of: state, else: ok}}
    only: {kind: [order]}
  - glob: "*.csv"
    frame: reads
    columns: {report: id, person: who, at: at}
""")
    (tmp_path / "a.csv").write_text(
        "id,kind,who,at,state\n1,order,ann,2024-01-01T10:00:00Z,\n2,view,bob,2024-01-01T10:00:01Z,\n3,view,,2024-01-01T10:00:02Z,\n"
    )
    evidence = ih.read(str(tmp_path), show_people=True)
    assert evidence.messages.select("message_id", "status").rows() == [("1", "ok")]
    assert evidence.reads["person"].to_list() == ["ann", "bob"]
    assert evidence.rejected.select("line", "reason").rows() == [(4, "no_person")]
    assert evidence.sources.select("frame", "rows_in", "rows_out", "rows_rejected").rows() == [
        ("messages", 3, 3, 0),
        ("reads", 3, 2, 1),
    ]


def test_entries_that_fill_one_frame_count_a_record_once(tmp_path):
    entry = """
  - glob: "*.csv"
    frame: messages
    columns: {message_id: {id_of: [id, TO]}, source: {value: shop}, target: TO, sent_at: at, status: {value: ok}}
"""
    (tmp_path / "mapping.yaml").write_text("sources:" + entry.replace("TO", "erp") + entry.replace("TO", "crm"))
    (tmp_path / "a.csv").write_text(
        "id,erp,crm,at\n1,sap,sales,2024-01-01T10:00:00Z\n2,sap,,2024-01-01T10:00:00Z\n3,,,2024-01-01T10:00:00Z\n"
    )
    evidence = ih.read(str(tmp_path))
    assert sorted(evidence.messages["target"]) == ["sales", "sap", "sap"]
    assert evidence.rejected.select("line", "reason").rows() == [(4, "no_target")]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(3, 2, 1)]


def test_an_id_made_of_what_a_record_says_is_the_same_in_a_copy_and_another_in_a_repetition(tmp_path):
    (tmp_path / "mapping.yaml").write_text("""
sources:
  - glob: "*.csv"
    frame: messages
    columns: {message_id: {id_of: [at, to]}, source: {value: shop}, target: to, sent_at: at, status: {value: ok}}
""")
    rows = "at,to\n2024-01-01T10:00:00Z,erp\n2024-01-01T10:00:00Z,erp\n2024-01-01T10:00:00Z,crm\n"
    (tmp_path / "a.csv").write_text(rows)
    (tmp_path / "b.csv").write_text(rows)
    messages = ih.read(str(tmp_path)).messages
    assert sorted(messages["target"]) == ["crm", "erp", "erp"]


@pytest.mark.parametrize(
    ("word", "status"), [("200", "ok"), ("599", "failed"), ("403", "rejected"), ("404", "skipped"), ("x", "partial")]
)
def test_a_status_may_be_a_range_and_a_word_goes_before_it(tmp_path, word, status):
    (tmp_path / "mapping.yaml").write_text("""
sources:
  - glob: "*.csv"
    frame: messages
    columns: {message_id: id, source: {value: shop}, target: {value: erp}, sent_at: at, status: code}
    status: {"2xx": ok, "400-499": rejected, "5XX": failed, 404: skipped, "*": partial}
""")
    (tmp_path / "a.csv").write_text(f"id,at,code\n1,2024-01-01T10:00:00Z,{word}\n")
    assert ih.read(str(tmp_path)).messages["status"].to_list() == [status]


def test_a_part_of_a_column_is_what_the_group_of_a_pattern_takes(tmp_path):
    mapping = """
sources:
  - glob: "*.csv"
    frame: logs
    columns: {time: at, system: {match: arn, pattern: 'function:([^:]+)'}, trace_id: {match: x, pattern: '%{UUID}'}}
"""
    (tmp_path / "a.csv").write_text("at,arn,x\n2024-01-01T10:00:00Z,arn:aws:lambda:function:pay:1,q\n")
    (tmp_path / "mapping.yaml").write_text(mapping)
    with pytest.raises(FaultyFile, match="has one group, this one has 0"):
        ih.read(str(tmp_path))
    (tmp_path / "mapping.yaml").write_text(mapping.replace("'%{UUID}'", "'(%{UUID})'"))
    assert ih.read(str(tmp_path)).logs.select("system", "trace_id").rows() == [("pay", None)]


def test_rows_of_lines_add_up_over_files(read, tmp_path):
    whole = read(LOG + ANSWER, LINES).messages
    lines = LINES.splitlines(keepends=True)
    (tmp_path / "app.log").unlink()
    (tmp_path / "1.log").write_text("".join(lines[:6]))
    (tmp_path / "2.log").write_text("".join(lines[6:]))
    parts = ih.read(str(tmp_path)).messages
    # The line that stands in both files is a copy: nothing but its place tells the two apart.
    assert parts.height == whole.height - 1
    assert parts.select(pl.col("target").sort())["target"].to_list() == ["billing", "stock"]
