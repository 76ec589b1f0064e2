"""What the renderer makes of a chart: titles in lines that fit, texts cut, expressions untouched."""

import altair as alt
import polars as pl

from integrhealth.charts.theme import LONGEST_TEXT, MIME, SUBTITLE_LETTERS, TITLE_LETTERS, titled


def drawn(title: str, subtitle: str) -> dict:
    chart = titled(alt.Chart(pl.DataFrame({"x": [1]})).mark_point().encode(x="x:Q"), title, subtitle)
    return chart._repr_mimebundle_()[MIME]


def test_a_long_title_is_broken_into_lines_and_a_short_one_is_left():
    long = ("ERP " * 40).strip()
    spec = drawn(long, long)
    for key, letters in (("text", TITLE_LETTERS), ("subtitle", SUBTITLE_LETTERS)):
        assert max(len(line) for line in spec["title"][key]) <= letters
        assert " ".join(spec["title"][key]).split() == long.split()
    assert spec["description"] == f"{long}. {long}"
    assert drawn("short", "n = 3")["title"] == {"text": "short", "subtitle": "n = 3"}


def test_a_name_without_end_is_cut_before_it_is_broken():
    lines = drawn("x" * 100_000, "n = 3")["title"]["text"]
    assert sum(len(line) for line in lines) == LONGEST_TEXT
