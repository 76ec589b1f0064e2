"""Tables: every record becomes a row or is rejected with its line, its reason and its beginning."""

import gzip
import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.errors import FaultyFile
from integrhealth.language.schema import KINDS
from integrhealth.reading.account.parsed import REJECTED
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.mapping.yaml_entries import load_mapping
from integrhealth.reading.table.files import canonical_frame, head_of, read_table

MESSAGE = {"message_id": "007", "source": "ERP", "target": "WMS", "sent_at": "2026-01-02T03:04:05Z", "status": "OK"}
MESSAGES = [
    MESSAGE | {"bytes": 5},
    MESSAGE | {"message_id": "008", "sent_at": "2026-01-02T03:04:06Z", "status": "failed", "bytes": 6},
]
ERP = """
sources:
  - glob: "*"
    frame: messages
    columns:
      message_id: MSG_ID
      source: {value: ERP}
      target: PARTNER
      object_id: {first: [ORDER_NO, REF]}
      sent_at: SENT
      finished_at: {add: [SENT, DURATION], unit: ms}
      status: STATE
      amount: AMOUNT
    time: {zone: Europe/Madrid, format: "%d.%m.%Y %H:%M:%S"}
    null: ["", "-"]
    status: {"53": ok, "51": failed}
    csv: {separator: ";"}
"""
EXPORT = """MSG_ID;PARTNER;ORDER_NO;REF;SENT;DURATION;STATE;AMOUNT
007;WMS;0042;x;01.02.2026 10:00:00;1500;53;1.5
008;WMS;-;0043;01.07.2026 10:00:00;-;OK;
009;-;1;;01.02.2026 10:00:00;5;99;1
010;WMS;1;;29.03.2026 02:30:00;5;53;1
011;WMS;1;;01.02.2026 10:00:00;soon;53;1
012;WMS;1;;01.02.2026 10:00:00;5;53;12,50
"""


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def read(tmp_path):
    def reading(data, name="messages.csv", *, mapping=None, strict=False):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        sources = ()
        if mapping is not None:
            (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
            sources = load_mapping(tmp_path / "mapping.yaml").sources_for(name)
        (parsed,) = read_table(path, name, sources=sources, strict=strict)
        assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
        assert parsed.rows.schema == pl.Schema(frame_schema(parsed.frame).schema)
        assert parsed.rejected.schema == pl.Schema(REJECTED)
        return parsed

    return reading


def reasons(parsed):
    return parsed.rejected.select("line", "reason").rows()


def csv_of(rows):
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def test_a_mapped_export_becomes_messages_and_nothing_is_lost_in_silence(read):
    parsed = read(EXPORT, mapping=ERP)
    columns = ["message_id", "object_id", "sent_at", "finished_at", "status", "amount", "log_line"]
    assert parsed.rows.select(columns).rows() == [
        ("007", "0042", at(2026, 2, 1, 9), at(2026, 2, 1, 9, 0, 1, 500000), "ok", 1.5, 2),
        ("008", "0043", at(2026, 7, 1, 8), None, "ok", None, 3),
    ]
    assert reasons(parsed) == [
        (4, "no_target"),
        (5, "bad_time:sent_at; bad_time:finished_at"),
        (6, "bad_number:finished_at"),
        (7, "bad_number:amount"),
    ]
    assert parsed.rejected["raw"].to_list() == EXPORT.splitlines()[3:]
    assert "'99' (1)" in parsed.warnings[0]


def test_a_kind_that_is_no_canonical_word_becomes_null_and_is_counted(read):
    kinds = ["Queue", "topic", "topic", "rfc", "", "batch"]
    rows = [MESSAGE | {"message_id": number, "kind": kind} for number, kind in enumerate(kinds)]
    columns = ", ".join(f"{name}: {name}" for name in rows[0])
    for parsed in (
        read(csv_of(rows)),
        read(csv_of(rows), mapping=f"sources: [{{glob: '*', frame: messages, columns: {{{columns}}}}}]"),
    ):
        assert parsed.rows["kind"].to_list() == ["queue", None, None, None, None, "batch"]
        said = f"3 rows with a kind that is not one of {', '.join(KINDS)} became null: 'topic' (2), 'rfc' (1)"
        assert parsed.warnings == (said,)


def test_the_kind_of_a_contact_is_any_word(read):
    parsed = read("at,team_a,team_b,kind\n2026-01-01T00:00:00Z,a,b,chat\n", "contacts.csv")
    assert (parsed.rows["kind"].to_list(), parsed.warnings) == (["chat"], ())


def test_a_decimal_comma_can_be_declared(read):
    parsed = read(EXPORT, mapping=ERP.replace('{separator: ";"}', '{separator: ";", decimal: ","}'))
    assert parsed.rows.filter(pl.col("message_id") == "012")["amount"].to_list() == [12.5]


@pytest.mark.parametrize("encode", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_canonical_table_needs_no_mapping_whatever_its_separator_and_encoding(read, encode, mark):
    parsed = read(csv_of(MESSAGES).replace(",", mark).replace("WMS", "Lager Süd").encode(encode))
    assert parsed.rows.select("message_id", "target", "status", "bytes").rows() == [
        ("007", "Lager Süd", "ok", 5),
        ("008", "Lager Süd", "failed", 6),
    ]


def test_a_declared_windows_encoding_is_read_and_an_undeclared_one_is_said(read):
    data = EXPORT.replace("WMS;0042", "Köln;0042").encode("cp1252")
    declared = read(data, mapping=ERP.replace('{separator: ";"}', '{separator: ";", encoding: cp1252}'))
    assert declared.rows["target"].to_list()[0] == "Köln"
    undeclared = read(data, mapping=ERP)
    assert (2, "bad_utf8") in reasons(undeclared)
    assert any("encoding: cp1252" in sentence for sentence in undeclared.warnings)


@pytest.mark.parametrize(
    "name", ["messages.jsonl", "messages.jsonl.gz", "messages.json", "messages.csv.gz", "any.parquet"]
)
def test_every_kind_of_table_gives_the_same_rows(read, tmp_path, name):
    lines = "\n".join(json.dumps(row) for row in MESSAGES)
    if name.endswith(".parquet"):
        pl.DataFrame(MESSAGES).write_parquet(tmp_path / "written")
        data = (tmp_path / "written").read_bytes()
    else:
        text = (
            csv_of(MESSAGES) if "csv" in name else f"[{lines.replace(chr(10), ',')}]" if name[-5:] == ".json" else lines
        )
        data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    parsed = read(data, name)
    assert parsed.rows.select("message_id", "sent_at", "status", "bytes").rows() == [
        ("007", at(2026, 1, 2, 3, 4, 5), "ok", 5),
        ("008", at(2026, 1, 2, 3, 4, 6), "failed", 6),
    ]
    assert parsed.rows["log_file"].unique().to_list() == [name]
    assert parsed.rejected.is_empty()


def test_a_ragged_row_is_rejected_and_the_rows_around_it_survive(read):
    parsed = read(
        "report,person,at,seconds\na,p,2026-01-01T00:00:00Z,1\nb,p\nc,p,2026-01-01T00:00:00Z,1,2\n"
        "d,p,2026-01-01T00:00:00Z,1,\ne,p,2026-01-01T00:00:00Z,1",
        "reads.csv",
    )
    assert parsed.rows.select("report", "log_line").rows() == [("a", 2), ("e", 6)]
    assert reasons(parsed) == [(3, "too_few_fields"), (4, "too_many_fields"), (5, "too_many_fields")]
    assert parsed.rejected["raw"].to_list()[0] == "b,p"


def test_rows_that_are_only_too_short_are_not_padded(read):
    parsed = read('source,target,calls\na,b,1\na,c\n"a,x",d,2\n', "dependencies.csv")
    assert parsed.rows.select("source", "calls").rows() == [("a", 1), ("a,x", 2)]
    assert reasons(parsed) == [(3, "too_few_fields")]


def test_quotes_that_span_lines_hold_separators_or_are_never_closed(read):
    parsed = read(
        'time,system,text\n2026-01-01T00:00:00Z,a,"one,\ntwo ""x"""\n\n2026-01-01T00:00:00Z,b,5" pipe\n'
        '2026-01-01T00:00:00Z,c,"never closed\n2026-01-01T00:00:00Z,d,fine\n',
        "logs.csv",
    )
    assert parsed.rows.select("system", "text", "log_line").rows() == [
        ("a", 'one,\ntwo "x"', 2),
        ("b", '5" pipe', 5),
        ("d", "fine", 7),
    ]
    assert reasons(parsed) == [(6, "bad_quotes")]


def test_repeated_column_names_are_renamed_and_unknown_ones_named_once(read):
    parsed = read("source,target,calls,calls,\na,b,1,2,3\n", "dependencies.csv")
    assert parsed.rows.select("source", "calls").rows() == [("a", 1)]
    assert "calls_2, column_5" in parsed.warnings[0]
    assert parsed.warnings[1].endswith("ignored: calls_2, column_5")


@pytest.mark.parametrize("name", ["messages.jsonl", "messages.json"])
def test_columns_that_first_turn_up_far_down_are_read_or_named(tmp_path, name):
    rows = [{"message_id": f"m{n}", "source": "A", "target": "B", "sent_at": 1.7e9, "status": "ok"} for n in range(900)]
    rows[899] |= {"amount": 3.5, "extra": 1}
    lines = [json.dumps(row) for row in rows]
    path = tmp_path / name
    path.write_text("[" + ",\n".join(lines) + "]" if name.endswith("json") else "\n".join(lines))
    [parsed] = read_table(path, name, sources=())
    assert parsed.rows["amount"].to_list() == [None] * 899 + [3.5]
    assert "unknown columns of messages are ignored: extra" in parsed.warnings


def test_numbers_flags_and_lists_from_text(read):
    parsed = read(
        "report,fields,statutory,words\na,x; y;,Yes,10\nb,,0,10.0\nc,,maybe,1\nd,,true,1.5\ne,,true,1e30\n",
        "reports.csv",
    )
    assert parsed.rows.select("report", "fields", "statutory", "words").rows() == [
        ("a", ["x", "y"], True, 10),
        ("b", None, False, 10),
    ]
    assert reasons(parsed) == [(4, "bad_flag:statutory"), (5, "bad_number:words"), (6, "bad_number:words")]


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "12,5x"])
def test_what_is_no_finite_number_is_rejected(read, value):
    parsed = read(f'report,person,at,seconds\na,p,2026-01-01T00:00:00Z,"{value}"\n', "reads.csv")
    assert reasons(parsed) == [(2, "bad_number:seconds")]


def test_times_without_a_zone_are_counted_and_strict_rejects_them(read):
    data = "report,person,at\na,p,2026-01-01 00:00:00\nb,p,2026-01-01T00:00:00Z\n"
    parsed = read(data, "reads.csv")
    assert parsed.rows["at"].to_list() == [at(2026, 1, 1)] * 2
    assert [sentence for sentence in parsed.warnings if "read as UTC: at (1)" in sentence]
    assert reasons(read(data, "reads.csv", strict=True)) == [(2, "naive_time:at")]


def test_dates_that_could_be_either_are_all_rejected_with_the_remedy(read):
    parsed = read("report,person,at\na,p,01/02/2026\nb,p,03/04/2026\n", "reads.csv")
    assert reasons(parsed) == [(2, "undecided_day_or_month:at"), (3, "undecided_day_or_month:at")]
    assert any("declare time: {format:" in sentence for sentence in parsed.warnings)


def test_a_message_without_status_is_unknown_and_counted(read):
    rows = [MESSAGES[0] | {"status": None}, MESSAGES[1] | {"status": "WEIRD"}]
    parsed = read("\n".join(json.dumps(row) for row in rows), "messages.jsonl")
    assert parsed.rows["status"].to_list() == ["unknown", "unknown"]
    assert "'WEIRD' (1)" in parsed.warnings[0]
    assert "1 row without a status" in parsed.warnings[1]


NESTED = """
sources:
  - glob: "*"
    frame: messages
    columns:
      {message_id: delivery.id, source: {value: GitHub}, target: hook.name, sent_at: delivery.at, status: delivery.ok}
    status: {true: ok, false: failed}
"""


def test_a_mapping_reaches_into_nested_json_and_into_keys_with_dots(read):
    lines = [
        {"delivery": {"id": 9007199254740993, "at": "2026-01-01T00:00:00Z", "ok": True}, "hook": {"name": "crm"}},
        {"delivery": {"id": "8", "at": 1767225600000, "ok": False, "more": [1]}, "hook": {"name": "crm"}},
        {"delivery": "gone", "hook": {"name": "crm"}},
        {"delivery": None, "hook": {"name": "crm"}},
    ]
    parsed = read("\n".join(json.dumps(line) for line in lines), "hooks.jsonl", mapping=NESTED)
    assert parsed.rows.select("message_id", "sent_at", "status").rows() == [
        ("9007199254740993", at(2026, 1, 1), "ok"),
        ("8", at(2026, 1, 1), "failed"),
    ]
    assert reasons(parsed) == [(3, "bad_object:delivery"), (4, "no_message_id; no_sent_at")]
    flat = {"delivery.id": "1", "delivery.at": "2026-01-01T00:00:00Z", "delivery.ok": True, "hook.name": "crm"}
    assert read(json.dumps(flat), "hooks.jsonl", mapping=NESTED).rows["message_id"].to_list() == ["1"]


def test_a_key_cannot_be_a_value_and_an_object(read):
    with pytest.raises(FaultyFile, match="as a value and as an object"):
        read("{}", "hooks.jsonl", mapping=NESTED.replace("hook.name", "delivery"))


def test_typed_parquet_columns_are_kept_and_converted(read, tmp_path):
    frame = pl.DataFrame(
        {
            "report": [1.0, 2.0, 3.0],
            "person": ["p", "q", None],
            "at": [datetime(2026, 1, 1), datetime(2026, 1, 2), datetime(2026, 1, 3)],
            "seconds": [1, 2, 3],
        }
    )
    frame.write_parquet(tmp_path / "written")
    parsed = read((tmp_path / "written").read_bytes(), "reads.parquet")
    assert parsed.rows.select("report", "at", "seconds", "log_line").rows() == [
        ("1", at(2026, 1, 1), 1.0, 1),
        ("2", at(2026, 1, 2), 2.0, 2),
    ]
    assert reasons(parsed) == [(3, "no_person")]
    assert '"report":3' in parsed.rejected["raw"][0]


def test_parquet_columns_that_cannot_be_what_they_should_are_rejected(read, tmp_path):
    frame = {"source": ["a"], "target": [["b"]], "kind": ["queue"], "calls": [{"n": 1}]}
    pl.DataFrame(frame).write_parquet(tmp_path / "written")
    parsed = read((tmp_path / "written").read_bytes(), "dependencies.parquet")
    assert reasons(parsed) == [(1, "bad_text:target; bad_number:calls")]
    times = {"report": ["a"], "person": ["p"], "at": [{"day": 1}]}
    pl.DataFrame(times).write_parquet(tmp_path / "written")
    assert reasons(read((tmp_path / "written").read_bytes(), "reads.parquet")) == [(1, "bad_time:at")]


@pytest.mark.parametrize(
    ("data", "rows_in"),
    [(b"", 0), (b"\n\n", 0), (b"\x89PNG\r\n\x1a\n\0\0\0", 1), (b"PAR1 cut off", 1), (b"MSG_ID;PARTNER\n", 0)],
)
def test_a_mapped_file_that_is_no_table_is_rejected_and_not_a_crash(read, data, rows_in):
    parsed = read(data, "monitor.csv", mapping=ERP)
    assert (parsed.rows.height, parsed.rows_in) == (0, rows_in)


def test_columns_that_the_mapping_names_and_the_file_lacks_are_said(read):
    parsed = read("MSG_ID;PARTNER\n1;WMS\n", "monitor.csv", mapping=ERP)
    assert reasons(parsed) == [(2, "no_sent_at")]
    assert "ORDER_NO, REF, SENT, DURATION, STATE, AMOUNT; it has 'MSG_ID', 'PARTNER'" in parsed.warnings[0]


def test_a_truncated_gzip_keeps_its_rows_and_rejects_one_record(read):
    data = gzip.compress(
        ("report,person,at\n" + "".join(f"{n * 7919},p,2026-01-01T00:00:00Z\n" for n in range(5_000))).encode()
    )
    parsed = read(data[: len(data) // 2], "reads.csv.gz")
    assert parsed.rejected["reason"].to_list() == ["truncated_gzip"]
    assert parsed.rejected["line"].to_list() == [parsed.rows.height + 2]
    assert parsed.rows.height > 1_000


@pytest.mark.parametrize(
    ("name", "text", "frame"),
    [
        ("reads.csv", "report,person,at\n", "reads"),
        ("deliveries.csv.gz", "report,person,at\n", "deliveries"),
        ("x.csv", "report,person,at\n", None),
        ("x.csv", "report,person,at,channel\n", "deliveries"),
        ("x.csv", "source;target;message_id;sent_at;status\n", "messages"),
        ("x.csv", "source,target,calls\n", "dependencies"),
        ("x.csv", "source,target,lat,lon,population,area\n", None),
        ("messages.csv", "source,target\n", "dependencies"),
        ("x.jsonl", '{"report": "a"}\n{"decisions": ["b"]}\n', "reports"),
        ("x.json", '[{"report": "a", "tool": "b"}, {"rep', "reports"),
        ("x.json", '{"resourceSpans": []}', None),
        ("x.txt", "hello world\n", None),
        ("reads.csv", "", None),
    ],
)
def test_a_table_is_recognised_by_its_name_and_columns(tmp_path, name, text, frame):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert canonical_frame(head_of(path)) == frame


@given(
    damage=st.lists(st.tuples(st.integers(0, 499), st.binary(min_size=1, max_size=2)), max_size=6),
    cut=st.integers(1, 500),
    lines=st.booleans(),
)
def test_damaged_bytes_never_crash_and_every_record_is_accounted_for(tmp_path_factory, damage, cut, lines):
    folder = tmp_path_factory.mktemp("damaged")
    text = "\n".join(json.dumps(row) for row in MESSAGES * 2) if lines else EXPORT
    data = bytearray(text.encode())
    for place, patch in damage:
        data[place : place + len(patch)] = patch
    (folder / "log").write_bytes(bytes(data[:cut]))
    (folder / "mapping.yaml").write_text(ERP)
    sources = load_mapping(folder / "mapping.yaml").sources_for("log")
    (parsed,) = read_table(folder / "log", "log", sources=sources)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    assert parsed.rejected["reason"].null_count() == 0
    assert parsed.rows["message_id"].null_count() == parsed.rows["sent_at"].null_count() == 0


@given(st.permutations(EXPORT.splitlines()[1:]))
def test_the_order_of_rows_changes_nothing(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("shuffled")
    (folder / "mapping.yaml").write_text(ERP)
    sources = load_mapping(folder / "mapping.yaml").sources_for("log.csv")

    def read(lines):
        (folder / "log.csv").write_text("\n".join([EXPORT.splitlines()[0], *lines]))
        (parsed,) = read_table(folder / "log.csv", "log.csv", sources=sources)
        return parsed.rows.drop("log_line").sort("message_id"), sorted(parsed.rejected["raw"])

    (one, refused), (other, also_refused) = read(rows), read(EXPORT.splitlines()[1:])
    assert one.equals(other)
    assert refused == also_refused


def test_a_span_without_status_is_unset_and_told_from_its_marks(read):
    mapping = """
sources:
  - glob: "*"
    frame: spans
    columns: {span_id: id, service: service, start: start, status: status}
"""
    parsed = read(
        "id,service,start,status\na,erp,2026-03-02T12:00:00Z,\nb,erp,2026-03-02T12:00:00Z,odd\n",
        "spans.csv",
        mapping=mapping,
    )
    assert parsed.rows["status"].to_list() == [None, "unknown"]
    assert not [sentence for sentence in parsed.warnings if "without a status" in sentence]


def test_an_array_that_breaks_off_in_its_archive_says_so(tmp_path):
    packed = gzip.compress(
        json.dumps([MESSAGE | {"message_id": str(n), "error_text": "x" * n} for n in range(900)]).encode()
    )
    path = tmp_path / "messages.json.gz"
    path.write_bytes(packed[: len(packed) // 2])
    (parsed,) = read_table(path, path.name)
    assert parsed.rows.height > 100
    assert parsed.rejected["reason"].to_list() == ["truncated_gzip"]


@pytest.mark.parametrize("blank", ["", " ", "\t", "  \t "])
@pytest.mark.parametrize("other", ["x", ""])
def test_a_blank_is_nothing_whatever_stands_in_the_other_rows(tmp_path, blank, other):
    rows = [f'{n},ERP,WMS,2026-01-02T03:04:05Z,ok,"{text}"' for n, text in enumerate([blank, other])]
    (tmp_path / "messages.csv").write_text("\n".join(["message_id,source,target,sent_at,status,actor", *rows]))
    (parsed,) = read_table(tmp_path / "messages.csv", "messages.csv")
    assert parsed.rows["actor"].to_list() == [None, other or None]
