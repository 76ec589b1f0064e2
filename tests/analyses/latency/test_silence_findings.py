"""What silence asks people to talk about, and how it is drawn."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.arrivals import START, by_rhythm, evidence, landscape, moment, sent

from integrhealth.analyses import latency
from integrhealth.analyses.latency.charts import silence_chart
from integrhealth.analyses.latency.silence.findings import silence_findings
from integrhealth.analyses.latency.silence.over_time import OVER_TIME, SHOWN
from integrhealth.analyses.latency.silence.verdicts import SILENCE, SILENCES
from integrhealth.catalog import CATALOG

HOUR_MS = 3_600_000.0


def table(**row):
    usual = {
        "integration": "orders to stock",
        "last_at": START,
        "expected_gap": 2.0,
        "silent_hours": 30.0,
        "missing": 15.0,
        "verdict": "silent",
        "what": "messages",
        "began_at": START + timedelta(hours=2),
        "p_value": 1e-6,
        "messages": 4000,
        "gaps": 600,
        "day_messages": 3,
        "day_expected": 40.0,
        "measured_by": "messages",
    }
    return pl.DataFrame([usual | row], schema=SILENCE)


def said(silence, *, silences=None, **declared):
    integrations = pl.DataFrame(
        [{"integration": "orders to stock"} | declared], schema=CATALOG["integrations"], orient="row"
    )
    past = pl.DataFrame(schema=SILENCES) if silences is None else silences
    return silence_findings(silence, past, integrations)


@pytest.mark.parametrize(
    ("tolerance", "severity"), [(None, "warning"), (28 * HOUR_MS, "warning"), (27.9 * HOUR_MS, "critical")]
)
def test_silence_is_critical_where_it_lasts_longer_than_the_catalog_tolerates(tolerance, severity):
    finding = said(table(), tolerance_ms=tolerance, owner="stock team").row(0, named=True)
    assert (finding["rule"], finding["severity"], finding["owner"]) == ("gone_silent", severity, "stock team")
    assert finding["statement"] == "orders to stock: nothing came for 30 h; 15 messages were to be expected meanwhile."
    assert finding["ask"].startswith("Is anybody waiting for orders to stock")
    assert (finding["value"], finding["n"]) == (30.0, 4000)


@pytest.mark.parametrize("verdict", ["normal", "cannot tell"])
def test_what_is_not_certain_is_no_finding(verdict):
    assert said(table(verdict=verdict, what=None)).is_empty()


def test_a_thin_day_and_empty_answers_are_rules_of_their_own():
    thin = said(table(verdict="thin")).row(0, named=True)
    assert (thin["rule"], thin["severity"], thin["value"]) == ("thin_day", "warning", 3 / 40)
    assert thin["statement"] == "orders to stock: 3 messages came in the last 24 hours instead of 40."
    empty = said(table(verdict="thin", what="content")).row(0, named=True)
    assert (empty["rule"], empty["severity"]) == ("empty_answers", "warning")
    assert "2026-03-02 02:00 UTC" in empty["statement"]


def test_one_certain_among_many_that_were_tested_is_a_warning_and_one_that_chance_allows_is_not():
    others = pl.concat([table(integration=f"other {n}", verdict="normal", p_value=0.5) for n in range(60)])
    severities = [said(pl.concat([table(p_value=chance), others]))["severity"][0] for chance in (1e-5, 0.02)]
    assert severities == ["warning", "note"]


def fall(name, begin, hours, missing):
    return {
        "integration": name,
        "began_at": START + timedelta(hours=begin),
        "ended_at": START + timedelta(hours=begin + hours),
        "hours": float(hours),
        "verdict": "silent",
        "messages": 0,
        "missing": missing,
        "p_value": 1e-9,
    }


def test_silences_that_overlap_are_one_note_and_the_longest_are_told():
    falls = [fall("a", 0, 30, 20.0), fall("b", 9, 3, 50.0), fall("c", 18, 4, 5.0), fall("a", 100, 5, 30.0)]
    notes = said(table(verdict="normal", what=None), silences=pl.DataFrame(falls, schema=SILENCES))
    assert notes.select("rule", "subject", "severity", "n", "value").rows() == [
        ("was_silent", "b", "note", 3, 50.0),
        ("was_silent", "a", "note", 1, 30.0),
    ]
    assert notes["statement"][0] == (
        "b and 2 more brought nothing for 3 h from 2026-03-02 09:00 UTC on, and came back; 50 messages were missing."
    )


def planted():
    times = by_rhythm("shop", 900, 6, seed=40)
    frames = [sent(name, each) for name, each in landscape(40, weeks=6).items()]
    return evidence(*frames, sent("watched", times[times < 5 * 168 + 40]))


def test_the_report_tells_a_planted_stop():
    report = latency.report(planted())
    assert report.tables["silence"].columns[:6] == [
        "integration",
        "last_at",
        "expected_gap",
        "silent_hours",
        "missing",
        "verdict",
    ]
    assert report.findings.filter(pl.col("rule") == "gone_silent")["subject"].to_list() == ["watched"]


def test_the_chart_draws_what_is_silent_first_and_stays_small():
    everything = planted()
    over_time, silence = latency.arrivals_over_time(everything), latency.silence(everything)
    assert over_time.schema == pl.Schema(OVER_TIME)
    assert over_time["integration"].unique(maintain_order=True)[0] == "watched"
    assert over_time["integration"].n_unique() == SHOWN
    drawn = silence_chart(over_time, silence).to_dict()
    assert drawn["title"]["text"] == "watched is silent"
    assert "n = " in drawn["title"]["subtitle"]
    assert len(json.dumps(drawn)) < 250_000
    last = over_time.filter(pl.col("integration") == "watched").tail(3)
    assert last["messages"].sum() == 0
    assert (last["expected"] > 50).all()


def test_the_chart_says_why_there_is_nothing_to_draw():
    empty = evidence(sent("a", np.array([])))
    drawn = silence_chart(latency.arrivals_over_time(empty), latency.silence(empty)).to_dict()
    assert drawn["description"] == "No message with a time was read."


def test_days_of_the_table_add_up_to_all_that_came():
    times = by_rhythm("flat", 700, 3, seed=41)
    assert latency.arrivals_over_time(evidence(sent("a", times)), at=moment(504))["messages"].sum() == times.size
