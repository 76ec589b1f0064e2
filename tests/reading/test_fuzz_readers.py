"""Every reader on real files that were damaged at random: no crash, no hang, every record in or rejected."""

import gzip
import re
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data, small_real_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.reading.discovery import parsed_file
from integrhealth.reading.inner_frames import frame_schema

LONGEST = 24_000
# A value of JSON, XML or CSV: a quoted text, a number, a word.
VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null')
NASTY = [
    *(b'""', b"null", b"true", b"-1", b"1.5", b"1e400", b"-0", b"NaN", b"1" + b"0" * 30, b"[]", b"{}", b'"{{ id }}"'),
    *(b'"\\ud800"', b'"\\u0000"', b"[[[[[[[[]]]]]]]]", b'{"a":{"a":{"a":{"a":{}}}}}', b'"2026-13-45T99:99:99Z"'),
    *(b"0", b"99999999999999999999", b'"9223372036854775808"', b"'", b"\xff\xfe", b"\x00", b"<", b"&x;", b"]]>", b"\n"),
    *(b"[" * 3_000, b'{"a":' * 3_000, b"<a>" * 3_000),
]


@st.composite
def damage(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` after one to four mishaps: cut, flipped, swapped, repeated, or with nasty values in it."""
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["cut", "flip", "value", "value", "value", "double", "lose", "swap"]))
        at = draw(st.integers(0, max(0, len(data) - 1)))
        values = [match.span() for match in VALUE.finditer(data)]
        lines = data.split(b"\n")
        line = draw(st.integers(0, len(lines) - 1))
        if kind == "cut":
            data = data[:at]
        elif kind == "flip":
            data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
        elif kind == "value" and values:
            start, end = draw(st.sampled_from(values))
            data = data[:start] + draw(st.sampled_from(NASTY)) + data[end:]
        elif kind == "swap" and len(values) > 1:
            (one, other) = sorted(draw(st.tuples(st.sampled_from(values), st.sampled_from(values))))
            if one[1] <= other[0]:
                data = (
                    data[: one[0]]
                    + data[slice(*other)]
                    + data[one[1] : other[0]]
                    + data[slice(*one)]
                    + data[other[1] :]
                )
        elif kind == "double":
            data = b"\n".join([*lines[: line + 1], *lines[line:]])
        elif kind == "lose":
            data = b"\n".join([*lines[:line], *lines[line + 1 :]])
    return data


def check(path: Path) -> None:
    for part in parsed_file(path, path.name, mapping=None, strict=False):
        if part.frame is None:
            continue
        frame = frame_schema(part.frame)
        assert frame is not None
        assert part.rows.schema == pl.Schema(frame.schema)
        assert part.rows_in == part.rows_out + part.rejected.height
        assert part.rejected["reason"].null_count() == 0
        for name in frame.required:
            assert part.rows[name].null_count() == 0
    sources = ih.read(path).sources.drop_nulls("frame")
    assert sources.filter(pl.col("rows_in") != pl.col("rows_out") + pl.col("rows_rejected")).is_empty()


@pytest.mark.parametrize("name", small_real_files(per_folder=3, longest=LONGEST))
def test_a_damaged_file_costs_what_is_damaged_and_nothing_else(name, tmp_path):
    original = shared_data("formats", *name.split("/")).read_bytes()
    path = tmp_path / Path(name).name
    path.write_bytes(original)
    check(path)

    @settings(max_examples=3, deadline=20_000, database=None, suppress_health_check=list(HealthCheck))
    @given(damage(original), st.booleans())
    def mutated(data, packed):
        path.write_bytes(gzip.compress(data, 1) if packed else data)
        check(path)

    mutated()
