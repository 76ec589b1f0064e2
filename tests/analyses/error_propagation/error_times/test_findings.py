"""What the times of errors ask people to talk about: the finding with its whole row, and what lies below its rule."""

import numpy as np
import polars as pl
import pytest
from drawing.findings import finding, table
from drawing.frames import NOON

from integrhealth.analyses import error_propagation
from integrhealth.analyses.error_propagation.error_times import fit
from integrhealth.analyses.error_propagation.error_times.findings import timing_findings
from integrhealth.analyses.error_propagation.error_times.timing import TIMING
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform
from integrhealth.language.statistics import Z

WHOLE = {"reproduction": 0.4, "low": 0.35, "high": 0.45, "by_chance": 0.06, "p_value": 0.01, "errors": 30_000} | {
    "errors_used": 20_000, "errors_shifted": 3000, "edges": 7, "roots": 12_000, "verdict": "spreading",
}  # fmt: skip


def told(**row: object) -> list[dict]:
    return timing_findings(table(TIMING, WHOLE | row)).rows(named=True)


def test_errors_that_follow_errors_are_told_with_the_errors_used_as_n_and_as_an_association():
    assert told() == [
        finding(
            "errors_follow_errors",
            "all systems",
            severity="warning",
            statement="About 40 of 100 errors follow one of a neighbouring system, judged by the times of 20,000 "
            "errors.",
            value=0.4,
            unit="share of errors that follow another",
            low=0.35,
            high=0.45,
            n=20_000,
            threshold=0.3,
            ask="Could the logs carry a trace and parent id, so that we know which error caused which?",
        )
    ]


@pytest.mark.parametrize(
    ("row", "severity"),
    [
        ({"reproduction": 0.2999}, None),
        ({"reproduction": None, "low": None, "high": None, "p_value": None}, None),
        ({"p_value": 0.06}, None),
        ({"p_value": 0.05}, "warning"),
        ({"reproduction": 0.3}, "note"),
        # Above the threshold with the estimate, yet not for certain.
        ({"reproduction": 0.4, "low": 0.2999}, "note"),
        ({"reproduction": 0.4, "low": 0.3001}, "warning"),
        ({"reproduction": 0.8, "low": 0.6999, "high": 0.9}, "warning"),
        ({"reproduction": 0.8, "low": 0.7001, "high": 0.9}, "critical"),
    ],
)
def test_spread_beyond_chance_is_told_from_three_in_ten_on_and_critically_where_all_of_the_interval_lies_above_seven(
    row, severity
):
    assert [each["severity"] for each in told(**row)] == ([severity] if severity else [])


def test_three_of_four_errors_that_another_system_has_two_seconds_later_are_told_by_the_report(monkeypatch):
    monkeypatch.setattr(fit, "TIMING_SHIFTS", 19)
    hours = np.random.default_rng(5).uniform(0, 2000, 120)
    first, alone = hours[:100], hours[100:]
    follows = np.arange(100) % 4 > 0
    errors = [(hour, "erp") for hour in first] + [(hour + 2 / 3600, "wms") for hour in first[follows]]
    errors += [(hour, "wms") for hour in alone]
    rows = [("user", target, "failed", hour) for hour, target in errors] + [("erp", "wms", "ok", 0.0)]
    drawn = pl.DataFrame(rows, schema=["source", "target", "status", "hour"], orient="row").select(
        pl.exclude("hour"),
        kind=pl.lit("queue"),
        message_id=pl.format("m{}", pl.int_range(pl.len())),
        sent_at=NOON + pl.duration(microseconds=(pl.col("hour") * 3.6e9).cast(pl.Int64)),
    )
    answers = error_propagation.report(Evidence(messages=conform(drawn, "messages")))
    (row,) = answers.findings.filter(pl.col("rule") == "errors_follow_errors").rows(named=True)
    # 75 of 195, a count that is off by its root where the times leave no doubt: perhaps fewer than three in ten.
    half = Z * 75**0.5 / 195
    assert (row["value"], row["n"], row["severity"]) == (pytest.approx(75 / 195, abs=0.01), 195, "note")
    assert (row["low"], row["high"]) == pytest.approx((75 / 195 - half, 75 / 195 + half), abs=0.02)
    assert row["statement"].startswith("About 38 of 100 errors follow one of a neighbouring system,")
