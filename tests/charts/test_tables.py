"""Frames and findings as a person reads them: cut, escaped, with their units."""

import re
from datetime import UTC, datetime

import polars as pl
import pytest

from integrhealth.charts.tables import cell, findings_list, front_page, reading_summary, sentences, table
from integrhealth.evidence import Evidence
from integrhealth.language.findings import findings, no_findings

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, "", "-"),
        (True, "", "yes"),
        (1234567, "", "1,234,567"),
        (0.1234, "error_share", "12.3%"),
        (0.99912, "availability", "99.912%"),
        (1.0, "link_coverage", "100.0%"),
        (12345.6, "amount", "12,346"),
        (0.5678, "reproduction", "0.57"),
        (0.00321, "low", "0.0032"),
        (90_000.0, "p95_ms", "90 s"),
        (4_320.0, "median_minutes", "3 days"),
        (90, "minutes", "90 min"),
        (4_328.0, "saved_60_minutes", "4,328"),
        (["a", "b"], "", "a, b"),
        ([], "", "-"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "", "2026-03-02 12:00"),
        ("two\n lines", "", "two lines"),
    ],
)
def test_values_read_as_people_write_them(value, column, text):
    assert cell(value, column) == text


def test_long_text_is_cut():
    assert len(cell("x" * 1_000_000)) == 160


def test_bounds_read_as_what_they_bound():
    row = {"availability": 0.5, "low": 0.4, "high": 0.6, "bad_entries": 7, "bad_share": 0.1, "bad_low": 0.05}
    row |= {"reproduction": 1.5, "stopping_power": 0.2, "stopping_high": 0.25, "net": 5.0, "net_low": 4.0}
    assert table(pl.DataFrame([row]), "Shares").text.splitlines()[2].split(" | ") == [
        *("50.0%", "40.0%", "60.0%", "7", "10.0%", "5.0%"),
        *("1.50", "20.0%", "25.0%", "5.00", "4.00"),
    ]
    times = pl.DataFrame([{"rate": 0.5, "median_minutes": 4_320.0, "low": 60.0, "p95_ms": 1.0, "p95_low_ms": 0.5}])
    assert table(times, "Times").text.splitlines()[2].split(" | ") == ["50.0%", "3 days", "1 h", "1 ms", "0.5 ms"]


def test_a_heading_leaves_the_unit_to_the_cells():
    shown = table(pl.DataFrame({"minutes": [90.0], "spent_minutes": [3.0], "p95_ms": [1.0]}), "Times").html
    assert re.findall(r"<th[^>]*>([^<]*)</th>", shown) == ["time", "spent", "p95"]


def test_a_table_says_how_many_rows_there_are_and_escapes_them_all():
    shown = table(pl.DataFrame({HOSTILE: [HOSTILE] * 3, "n_ms": [1.0, 2.0, 3.0]}), HOSTILE, top=2)
    assert "(first 2 of 3)" in shown.html
    assert "<script" not in shown.html
    assert shown.html.count("<tr>") == 3
    assert 'class="n"' in shown.html or "class=n" in shown.html


def test_an_empty_table_says_why():
    assert table(pl.DataFrame({"a": []}), "Cascades", empty="no message failed").text == "Cascades: no message failed"


def test_findings_show_owner_and_question_and_count_the_rest():
    rows = pl.DataFrame(
        [
            {"subject": str(i), "severity": "warning", "statement": HOSTILE, "ask": f"Why {i}?", "owner": None}
            for i in range(7)
        ]
    )
    shown = findings_list(findings("r", "rule", rows), top=5)
    assert shown.html.split("<details")[0].count("<li") == 5
    assert shown.html.count("<li") == 7
    assert '<details class="ih-note"><summary>2 more</summary>' in shown.html
    assert shown.text.splitlines()[5] == "2 more:"
    assert "nobody named: Why 0?" in shown.html
    assert "<script" not in shown.html


def test_no_findings_say_whether_that_is_good_or_unknown():
    assert findings_list(no_findings()).text == "Nothing found that needs you."
    assert findings_list(no_findings(), missing="needs reads").text == "Not enough data: this report needs reads."
    assert front_page(no_findings().with_columns(more=pl.lit(0))).text == "Nothing found that needs you."
    assert front_page(no_findings().with_columns(more=pl.lit(0)), judged=False).text == ""


def test_what_was_read_is_said_in_a_sentence_with_the_notes_folded():
    nothing = Evidence()
    sources = pl.DataFrame(
        [("a.csv", "csv", "messages", 9, 7, 2, 1, 4, 2), ("b.bin", *[None] * 8)],
        schema=nothing.sources.schema,
        orient="row",
    )
    rejected = pl.DataFrame(
        [("a.csv", 2, "no JSON: one thing", ""), ("a.csv", 3, "no JSON: another", "")],
        schema=nothing.rejected.schema,
        orient="row",
    )
    warnings = tuple(f"note {number}" for number in range(20))
    said = reading_summary(Evidence._of({}, nothing.catalog, sources, rejected, warnings))
    assert said.text.startswith(
        "Read 9 records from 1 file: 7 understood, 2 rejected. Rows: 4 messages, passed over 2, copies 1. "
        "Rejected: 2 times no JSON."
    )
    assert "b.bin" in said.html
    assert "And 8 more notes" in said.html
    assert said.html.index("<details") > said.html.index("</p>")


def test_sentences_leave_out_what_is_not_said():
    assert sentences("one", None, "two", "one").text == "one\ntwo"
