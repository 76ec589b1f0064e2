"""The finished front page passes the kit's own test of report overload: 200 words and five findings at most."""

import json
import re

import nbformat
import polars as pl
import pytest
from drawing.frames import drawn, messages
from drawing.notebook_runs import ran
from drawing.samples import sample

import integrhealth as ih
from integrhealth.analyses import OVERVIEW, REPORTS, published_tables
from integrhealth.language.findings import findings
from integrhealth.language.report_tables import published_report
from integrhealth.language.thresholds import FRONT_PAGE_FINDINGS, FRONT_PAGE_WORDS
from integrhealth.locations import notebooks
from integrhealth.runner.footprint import footprint, words
from integrhealth.runner.page import Link, page
from integrhealth.runner.publication import publish
from integrhealth.runner.site import title

NEWS = "Nothing new since 2026-03-01 08:00: the same 1,234 findings are open."
CHANGED = "Since 2026-03-01 08:00: 1,234 new findings, 1,234 gone, 1,234 still open."
LONG = "a system whose name does not come to its end " * 9
LEVELS = ("foundation", "operations", "intelligence", "experience")


def finished(notebook):
    """The page of an executed overview as a run publishes it after another, with the most words that news can have."""
    links = [Link("x.html", title(notebooks() / f"{name}.ipynb"), name == OVERVIEW) for name in REPORTS]
    files = [Link("x", what) for what in ("notebook", "findings", "run")]
    assert words(NEWS) == words(CHANGED)
    return page(
        notebook,
        title="Integration health",
        charts=lambda: "let vega;",
        links=links,
        files=files,
        news=NEWS,
        footer="integrhealth, 2026-03-02 08:00 UTC · numbers: tables/overview",
    )


def drawn_words(html):
    """The words that the marks of the charts show: a rung's level, verdict and number, and the legend of the map.

    No tooltips, and no names of systems on their places: where things are is looked at, not read.
    """
    specs = [
        json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    ]
    rows = [row for spec in specs for data in spec.get("datasets", {}).values() for row in data if "level" in row]
    legends = {
        row["worst"] for spec in specs for data in spec.get("datasets", {}).values() for row in data if "worst" in row
    }
    return sum(words(f"{row['level']} {row['verdict']} {row['counted']}") for row in rows) + len(legends)


def overview_of(evidence, reports, place):
    """The overview notebook on these reports, as a run hands them over."""
    evidence.save(place / "evidence")
    for report in reports.values():
        publish(report, place)
    return ran(notebooks() / "overview.ipynb", logs=str(place / "evidence"), published=str(place))


def a_landscape_with_long_names():
    """Every report finds five things, of systems and owners with names that do not end, and no level stands."""
    evidence = ih.Evidence(messages=messages("message_id source target sent_at\na web erp 0\nb erp wms 90000"))
    rows = pl.DataFrame({"severity": ["critical"], "subject": LONG, "statement": f"{LONG} is down for 97%.", "n": 9})
    rows = rows.with_columns(ask=pl.lit(f"What is it with {LONG}?"), owner=pl.lit(LONG), cost=pl.lit(1e9))
    rungs = {"level": LEVELS, "integrations": 1234, "stable": 1000, "verdict": ["unstable", *["house of cards"] * 3]}
    reports = {}
    for name in REPORTS[:-1]:
        tables = {table: pl.DataFrame(schema=columns) for table, columns in published_tables(name).items()}
        if "levels" in tables:
            more = {"uncertain": 9, "changes": 9, "why": LONG, "blocked_by": LONG}
            tables["levels"] = pl.DataFrame(rungs | more).cast(published_tables(name)["levels"])
        five = pl.concat(findings(name, f"rule_{number}", rows) for number in range(5))
        reports[name] = published_report(name, published_tables(name), tables, five)
    return evidence, reports


def a_landscape_without_messages():
    """Only logs and metrics, in which texts and names do not end: most cannot be answered, and each says why."""
    lines = drawn("logs", "time system level text\n0 a FATAL x\n7200 a ERROR y")
    samples = drawn("metrics", "time system metric value\n0 a m 1\n10 a m 1\n20 a m 1\n320 a m 2")
    long = {"system": pl.lit(LONG)}
    logs, metrics = lines.with_columns(**long, text=pl.lit(LONG)), samples.with_columns(**long, metric=pl.lit(LONG))
    evidence = ih.Evidence(logs=logs, metrics=metrics)
    return evidence, ih.all_reports(evidence)


def sample_b():
    return sample("b"), ih.all_reports(sample("b"))


@pytest.mark.parametrize(
    ("landscape", "least"), [(sample_b, 3), (a_landscape_with_long_names, 1), (a_landscape_without_messages, 0)]
)
def test_the_front_page_keeps_its_words_and_findings(landscape, least, tmp_path):
    html = finished(overview_of(*landscape(), tmp_path))
    assert footprint(html).words + drawn_words(html) <= FRONT_PAGE_WORDS
    assert least <= html.count('<li class="ih-') <= FRONT_PAGE_FINDINGS
    assert footprint(html).folded is None


def test_so_does_that_of_company_a_as_its_notebook_stands_here():
    html = finished(nbformat.read(notebooks() / "overview.ipynb", as_version=4))
    assert footprint(html).words + drawn_words(html) <= FRONT_PAGE_WORDS
    assert 4 <= html.count('<li class="ih-') <= FRONT_PAGE_FINDINGS


def test_short_findings_are_shown_to_the_fifth(tmp_path):
    rows = pl.DataFrame({"subject": ["x"], "severity": ["warning"], "statement": ["x is late."], "ask": ["Why?"]})
    seven = pl.concat(findings("latency", f"rule_{number}", rows) for number in range(7))
    reports = {"latency": published_report("latency", published_tables("latency"), {}, seven)}
    evidence = ih.Evidence(messages=messages("message_id source target sent_at\na web erp 0"))
    html = finished(overview_of(evidence, reports, tmp_path))
    assert html.count('<li class="ih-') == FRONT_PAGE_FINDINGS
