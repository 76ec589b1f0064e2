"""JSON lines: nothing altered in silence, every bad line with its number and reason, the good ones around it kept."""

import gzip
import json
import tracemalloc

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.reading.files import lines as lines_module
from integrhealth.reading.files.lines import read_json_array, read_json_lines
from integrhealth.reading.files.opened import in_order, line_blocks

SCHEMA = {
    "id": pl.String,
    "n": pl.Int64,
    "x": pl.Float64,
    "flag": pl.Boolean,
    "inner": pl.Struct({"key": pl.String, "deep": pl.Struct({"leaf": pl.String})}),
    "list": pl.List(pl.String),
}


@pytest.fixture
def read(tmp_path):
    def reading(data, **options):
        path = tmp_path / "log.jsonl"
        path.write_bytes(data)
        return read_json_lines(path, SCHEMA, **options)

    return reading


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"n": 1.5}', "bad_number:n"),
        (b'{"n": 100000000000000000000}', "bad_number:n"),
        (b'{"n": 9223372036854775808}', "bad_number:n"),
        (b'{"n": "7"}', "bad_number:n"),
        (b'{"n": true}', "bad_number:n"),
        (b'{"x": "1.5"}', "bad_number:x"),
        (b'{"x": NaN}', "bad_json"),
        (b'{"x": 1e400}', "bad_json"),
        (b'{"flag": 1}', "bad_flag:flag"),
        (b'{"id": {"a": 1}}', "bad_text:id"),
        (b'{"id": [1]}', "bad_text:id"),
        (b'{"inner": "text"}', "bad_object:inner"),
        (b'{"inner": {"key": [1]}}', "bad_text:inner.key"),
        (b'{"inner": {"deep": 5}}', "bad_object:inner.deep"),
        (b'{"list": 5}', "bad_list:list"),
        (b'{"id": "a"} trailing', "bad_json"),
        (b'{"id": "a"}{"id": "b"}', "bad_json"),
        (b'{"id": "cut', "bad_json"),
        (b'{"id": "\xff"}', "bad_utf8"),
        (b'{"id": "\\ud800"}', "bad_json"),
        (b"[1,2]", "not_an_object"),
        (b"42", "not_an_object"),
        (b"null", "not_an_object"),
    ],
)
def test_a_bad_line_is_rejected_with_its_number_and_the_good_ones_survive(read, line, reason):
    found = read(b'{"id": "before"}\n\n' + line + b'\n{"id": "after"}\n')
    assert found.rows.select("id", "log_line").rows() == [("before", 1), ("after", 4)]
    assert found.rejected.select("line", "reason").rows() == [(3, reason)]
    assert found.rejected["raw"].to_list() == [line.decode("utf-8", "replace")]
    assert found.rows_in == 3


def test_values_keep_what_they_are(read):
    found = read(
        b'{"id": 9007199254740993, "n": 9007199254740993, "x": 1, "flag": false}\n'
        b'{"id": "007", "n": 2.0, "list": "a; b;"}\n'
        b'{"id": "{not an object}", "list": ["a", 1], "inner": {"key": true, "deep": {"leaf": 5}}}\n'
        b'{"id": "\\ud83d\\ude00", "inner": null}\n'
    )
    assert found.rejected.is_empty()
    assert found.rows["id"].to_list() == ["9007199254740993", "007", "{not an object}", "😀"]
    assert found.rows["n"].to_list() == [9007199254740993, 2, None, None]
    assert found.rows["list"].to_list() == [None, ["a", "b"], ["a", "1"], None]
    assert found.rows["inner"].to_list()[2] == {"key": "true", "deep": {"leaf": "5"}}


def test_blank_lines_count_in_the_numbers_and_a_byte_order_mark_is_no_fault(read):
    found = read(b'\xef\xbb\xbf\n{"id": "a"}\r\n\r\n  \n{"id": "b"}')
    assert found.rows.select("id", "log_line").rows() == [("a", 2), ("b", 5)]
    assert found.rows_in == 2


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_nothing_in_gives_all_columns_and_no_rows(read, data):
    found = read(data)
    assert (found.rows.columns, found.rows.height, found.rows_in) == ([*SCHEMA, "log_line"], 0, 0)


def test_numbers_are_right_across_blocks(read):
    data = b"".join(b'{"id": "%d"}\n' % number if number % 7 else b"\n" for number in range(1, 2001))
    bad = data.replace(b'{"id": "1000"}', b'{"id": 1000').replace(b'{"id": "13"}', b'{"n": 1.5}')
    found = read(bad, block_bytes=512)
    assert found.rejected.select("line", "reason").rows() == [(13, "bad_number:n"), (1000, "bad_json")]
    assert found.rows["id"].cast(pl.Int64).to_list() == found.rows["log_line"].to_list()
    assert found.rows_in == sum(1 for number in range(1, 2001) if number % 7)


def test_only_the_piece_with_the_fault_goes_line_by_line(read, monkeypatch):
    judged = []
    real = lines_module.judge

    def counting(schema):
        judge = real(schema)
        return lambda line: (judged.append(line), judge(line))[1]

    monkeypatch.setattr(lines_module, "judge", counting)
    data = b'{"id": "clean"}\n' * 16_000
    assert read(data).rows.height == 16_000
    assert judged == []
    assert read(data + b"bad\n").rejected.height == 1
    assert len(judged) <= 16_001 // 16 + 16


def test_a_line_longer_than_a_block_is_one_record(read):
    found = read(json.dumps({"id": "x" * 5_000}).encode() + b'\n{"id": "b"}\n', block_bytes=64)
    assert found.rows["id"].str.len_chars().to_list() == [5_000, 1]


def test_the_raw_text_is_cut_and_masked(read):
    found = read(b'{"id": "bearer abcdefgh12345 ann@example.com ' + b"x" * 10_000)
    (raw,) = found.rejected["raw"]
    assert len(raw) == 200
    assert "abcdefgh" not in raw
    assert "ann@" not in raw


WHOLE = b"".join(b'{"id": "%d", "n": %d}\n' % (number * 7919, number) for number in range(30_000))


def test_gzip_reads_as_plain(read):
    plain, packed = read(WHOLE), read(gzip.compress(WHOLE[:1000]) + gzip.compress(WHOLE[1000:]))
    assert packed.rows.equals(plain.rows)
    assert plain.rows.height == 30_000


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.999])
def test_a_truncated_gzip_keeps_its_good_lines_and_rejects_one_record(read, kept):
    packed = gzip.compress(WHOLE)
    found = read(packed[: int(len(packed) * kept)])
    assert found.rejected["reason"].to_list() == ["truncated_gzip"]
    assert found.rejected["line"].to_list() == [found.rows.height + 1]
    assert found.rows["n"].to_list() == list(range(found.rows.height))
    assert found.rows.height > 30_000 * kept * 0.9


def test_a_damaged_gzip_is_one_rejected_record_more(read):
    found = read(gzip.compress(WHOLE) + b"garbage")
    assert found.rows.height == 30_000
    assert found.rejected["reason"].to_list() == ["damaged_gzip"]


def test_utf16_lines_are_read(read):
    assert read('{"id": "ü"}\n{"id": "b"}\n'.encode("utf-16")).rows["id"].to_list() == ["ü", "b"]


def test_blocks_hold_the_whole_file_once(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(WHOLE)
    blocks = list(line_blocks(path, block_bytes=1000))
    assert b"".join(block.data for block in blocks) == WHOLE
    assert [block.first_line for block in blocks[:2]] == [1, 1 + blocks[0].newlines]


def test_reading_ahead_holds_a_few_blocks_and_not_the_file(tmp_path):
    path, size = tmp_path / "log", 1 << 18
    path.write_bytes(WHOLE * 20)
    tracemalloc.start()
    newlines = sum(in_order(lambda block: block.newlines, line_blocks(path, block_bytes=size)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert newlines == 600_000
    assert peak < 10 * size < path.stat().st_size


def test_an_array_reads_as_lines_with_the_line_each_element_begins_on():
    found = read_json_array(b'[\n {"id": "a",\n  "n": 1},\n {"n": 1.5}, 7,\n {"id": "b"}\n]\n', SCHEMA)
    assert found.rows.select("id", "log_line").rows() == [("a", 2), ("b", 5)]
    assert found.rejected.select("line", "reason").rows() == [(4, "bad_number:n"), (4, "not_an_object")]


@pytest.mark.parametrize(
    "data", [b"[", b'[{"id": "a"}', b'[{"id": "a"}, {"id"', b'[{"id": "a"}] x', b'[{"id": "a"} 5]']
)
def test_an_array_that_breaks_off_keeps_what_came_before(data):
    found = read_json_array(data, SCHEMA)
    assert found.rows["id"].to_list() == ["a"] * data.count(b'"a"')
    assert found.rejected.height == 1


@given(
    damage=st.lists(st.tuples(st.integers(0, 399), st.binary(min_size=1, max_size=2)), max_size=6),
    cut=st.integers(0, 400),
    packed=st.booleans(),
)
def test_damaged_bytes_never_crash_and_no_line_is_lost(tmp_path_factory, damage, cut, packed):
    data = bytearray(b"".join(b'{"id": "%d", "n": %d, "x": 0.5}\n' % (n, n) for n in range(12)))[:400]
    for place, patch in damage:
        data[place : place + len(patch)] = patch
    data = bytes(data[:cut])
    path = tmp_path_factory.mktemp("damaged") / "log.jsonl"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_json_lines(path, SCHEMA, block_bytes=100)
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        expected = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t\r")]
        assert found.rows.height + found.rejected.height == len(expected)
    numbers = found.rows["log_line"].to_list() + found.rejected["line"].to_list()
    assert len(set(numbers)) == len(numbers)


FLAT = {"id": pl.String, "n": pl.Int64, "x": pl.Float64}


@pytest.mark.parametrize(
    ("late", "row", "strange"),
    [
        (b'{"id": "late", "n": 7}', ("late", 7, None), ()),
        (b'{"id": "late", "n" : 7}', ("late", 7, None), ()),
        (b'{"n":7}', (None, 7, None), ()),
        (b'{"id": null, "n": 7, "x":null}', (None, 7, None), ()),
        (b'{"id": "a\\": \\"n", "\\u006e": 7}', ('a": "n', 7, None), ()),
        (b'{"id": "late", "other": 7, "again": {"n": 1}}', ("late", None, None), ("other", "again")),
        (b'{"id": "late", "other": null}', ("late", None, None), ()),
    ],
)
def test_keys_that_the_first_lines_lack_are_found_where_they_turn_up(tmp_path, late, row, strange):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"id": "early"}\n' * 50 + late + b"\n" + b'{"id": null}\n' * 50)
    for block_bytes in (40, 1_000, 1 << 20):
        found = read_json_lines(path, FLAT, keys=["id"], block_bytes=block_bytes)
        assert found.rows.select(list(FLAT)).row(50) == row
        assert (found.rows.columns, found.rows.height, found.strange) == ([*FLAT, "log_line"], 101, strange)


def test_a_late_key_with_a_bad_value_refuses_its_line_only(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"id": "early"}\n' * 50 + b'{"id": "late", "n": 1.5}\n' + b'{"id": "last"}\n')
    found = read_json_lines(path, FLAT, keys=["id"])
    assert found.rejected.select("line", "reason").rows() == [(51, "bad_number:n")]
    assert (found.rows.height, found.rows.columns) == (51, [*FLAT, "log_line"])
