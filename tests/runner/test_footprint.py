"""What a page asks of its reader, counted by hand and by the kit."""

import re

import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from integrhealth.charts.tables import findings_list, table
from integrhealth.language.findings import findings
from integrhealth.runner.footprint import Footprint, footprint
from integrhealth.runner.page import CHART_MIME, METHOD, Link, page

# Shown: Reports Late (2 words), Show code (2), Late orders and why (4), Orders by hour (3), n = 7, in UTC (4: the sign
# is none), the caption and cells of the table (2 + 2 + 2), How it is counted (4), Run at noon (3). Folded: failed
# / ended, see it (4), one table of one cell (1). Neither: the code, the script, the way past the navigation, the title
# of the window, what is said without JavaScript.
BY_HAND = """<!DOCTYPE html><html><head><title>Late - integration health</title><style>p { color: red }</style></head>
<body><a class="ih-skip" href="#ih-main">To the report</a>
<header><nav><ul><li><a href="index.html">Reports</a></li><li><a>Late</a></li></ul></nav>
<button>Show code</button></header>
<main><h1>Late orders<br>and why</h1>
<div class="ih-code"><pre><span>import</span> this <b>and that</b></pre></div>
<figure class="ih-chart"><script type="application/json">{"title": {"text": ["Orders", "by hour"], "subtitle":
"n = 7, in UTC"}, "description": "not shown", "data": {"values": [{"label": "not counted"}]}}</script>
<div></div></figure>
<table><caption>Two edges</caption><tr><th>edge</th><th>late</th></tr><tr><td>a</td><td>12.5%</td></tr></table>
<details><summary>How it is counted</summary><p>failed / ended, see it</p><table><tr><td>1</td></tr></table>
<details open><summary></summary></details></details></main>
<footer><p>Run at noon</p></footer><noscript>The charts need JavaScript</noscript><script>let never = "read";</script>
</body></html>"""

CHART = '<script type="application/json">{"title": "%s"}</script>'


def test_a_page_counted_by_hand():
    assert footprint(BY_HAND) == Footprint(28, charts=1, tables=1, folded=Footprint(5, tables=1))


@pytest.mark.parametrize(
    ("html", "asked"),
    [
        ("", Footprint()),
        ("<p>-- · > </p>", Footprint()),
        ("<details open><summary>more</summary>two words</details>", Footprint(3)),
        ("<details><summary>more</summary>two words</details>", Footprint(1, folded=Footprint(2))),
        ("<details><details><summary>more</summary></details></details>", Footprint(0, folded=Footprint(1))),
        ("<img src='data:'>seen", Footprint(1, charts=1)),
        ("<p>never closed", Footprint(2)),
        ("</p></table>closed twice", Footprint(2)),
        ('<script type="application/json">{}</script>', Footprint(0, charts=1)),
        (CHART % "late", Footprint(1, charts=1)),
        ('<script type="application/json">{"title": {"text": 5}}</script>', Footprint(1, charts=1)),
        ('<script type="application/json">[1, 2]</script>seen', Footprint(1)),
        ('<script type="application/json">{"no": JSON}</script>seen', Footprint(1)),
        ('<script type="application/json">{"description": "No data."}</script>', Footprint(2)),
        (
            '<details><script type="application/json">{"title": "a"}</script></details>',
            Footprint(0, folded=Footprint(1, 1)),
        ),
        ('<div class="ih-code"><table><tr><td>x</td></tr></table></div>', Footprint()),
    ],
)
def test_what_counts(html, asked):
    assert footprint(html) == asked


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        (Footprint(), 0),
        (Footprint(238), 1),
        (Footprint(0, charts=1), 12 / 60),
        (Footprint(119, charts=2, tables=9), 0.5 + 23 / 60),
        # 12 + 11 + ... + 3 are ten charts; the eleventh takes 3 seconds more.
        (Footprint(0, charts=11), (75 + 3) / 60),
        (Footprint(0, folded=Footprint(999)), 0),
    ],
)
def test_minutes_are_238_words_and_the_falling_seconds_of_charts(asked, minutes):
    assert asked.minutes == pytest.approx(minutes)


def test_the_sentence_says_one_thing_in_one_form():
    assert Footprint(1, charts=1, tables=1).sentence == "1 word, 1 chart, 1 table: 0.2 min to read"
    assert Footprint(2380, folded=Footprint(7, 2)).sentence == (
        "2,380 words: 10.0 min to read; folded away: 7 words, 2 charts"
    )


def report_page(*outputs):
    cells = [
        new_markdown_cell("# Late orders\n\n**Why?**", id="title"),
        new_code_cell("hidden(code)", outputs=list(outputs), id="shown"),
        new_markdown_cell(f"{METHOD}\n\nfailed / ended", id="method"),
    ]
    links = [Link("index.html", "Overview")]
    return page(new_notebook(cells=cells), title="Late orders", charts=lambda: "let vega;", links=links, footer="now")


def foot(html):
    (said,) = re.findall(r'<p class="ih-footprint">(.*?)</p>', html)
    return said


def test_the_foot_of_a_page_states_the_page_its_own_words_included():
    chart = new_output("display_data", {CHART_MIME: {"title": {"text": "It is late", "subtitle": "n = 3"}}})
    html = report_page(chart)
    # Overview, Show code, Late orders, Why?, It is late, n 3, How this is counted, now, and the foot's twelve.
    assert foot(html) == "28 words, 1 chart: 0.3 min to read; folded away: 2 words"
    assert foot(html) == footprint(html).sentence


def test_what_came_out_of_a_cell_cannot_speak_for_the_foot():
    html = report_page(new_output("display_data", {"text/html": '<p class="ih-footprint"></p>'}))
    assert html.count("min to read") == 1
    assert html.index("min to read") > html.index("<footer>")


def test_folded_findings_are_counted_apart():
    rows = pl.DataFrame({"subject": [f"s{n}" for n in range(8)]}).with_columns(
        severity=pl.lit("warning"), statement=pl.lit("It is late."), ask=pl.lit("Why?")
    )
    shown = findings_list(findings("latency", "late", rows))
    # Of eight findings five are shown: warning, It is late., nobody named:, Why?; and the line "3 more".
    assert footprint(shown.html) == Footprint(5 * 7 + 2, folded=Footprint(3 * 7))
    assert footprint(table(rows, "Late").html).tables == 1
