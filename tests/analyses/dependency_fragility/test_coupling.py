"""Who fails together within the hours of the week: coupling and busy hours, planted by the textbook process."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.down_times import MONDAY

from integrhealth.analyses.dependency_fragility.charts import coupling_chart
from integrhealth.analyses.dependency_fragility.coupling import odds

PAIRS = pl.DataFrame({"source": ["A"], "target": ["B"]})


def hours_alike(
    rng: np.random.Generator, *, weeks: int, busy: float, quiet: float, coupled: float = 1.0
) -> pl.DataFrame:
    """Bins of two systems: each fails with the probability of the hour, one hour in eight being busy.

    `coupled` is the odds ratio within each hour: the second fails with so many times the odds where the first does.
    """
    bins = np.arange(weeks * 7 * 96)
    chance = np.where((bins // 4) % 8 == 0, busy, quiet)
    first = rng.random(bins.size) < chance
    factor = np.where(first, coupled, 1.0) * chance / (1 - chance)
    second = rng.random(bins.size) < factor / (1 + factor)
    at = pl.datetime_range(MONDAY, interval="15m", end=MONDAY + timedelta(weeks=weeks), closed="left", eager=True)
    return pl.concat(
        [
            pl.DataFrame({"system": [system] * bins.size, "bin": at, "failing": failing})
            for system, failing in (("A", first), ("B", second))
        ]
    )


def odds_of(bins: pl.DataFrame) -> dict:
    return odds.odds(odds.strata(bins, PAIRS)).row(0, named=True)


def test_a_busy_hour_alone_is_no_coupling_whatever_the_raw_lift_says():
    judged = odds_of(hours_alike(np.random.default_rng(1), weeks=26, busy=0.45, quiet=0.029))
    assert judged["lift"] == pytest.approx(3.9, abs=0.5)
    assert judged["low"] < 1 < judged["high"]
    assert judged["odds_ratio"] == pytest.approx(1, abs=0.2)


def test_a_planted_coupling_is_measured():
    judged = odds_of(hours_alike(np.random.default_rng(2), weeks=26, busy=0.3, quiet=0.03, coupled=6))
    assert judged["low"] < 6 < judged["high"]
    assert judged["low"] > 4


@pytest.mark.parametrize("coupled", [1, 4])
def test_the_interval_holds_the_truth_as_often_as_it_says(coupled):
    judged = [
        odds_of(hours_alike(np.random.default_rng([3, seed]), weeks=8, busy=0.3, quiet=0.05, coupled=coupled))
        for seed in range(100)
    ]
    held = sum(row["low"] <= coupled <= row["high"] for row in judged)
    assert 89 <= held <= 100
    above = sum(row["low"] > coupled for row in judged)
    below = sum(row["high"] < coupled for row in judged)
    assert above <= 7
    assert below <= 7


def test_the_ratio_is_that_of_the_formula():
    # Two strata: R = 4*10/20 + 2*3/10, S = 3*3/20 + 1*4/10.
    cells = pl.DataFrame(
        {"hour": [0, 1], "both": [4, 2], "source_only": [3, 1], "target_only": [3, 4], "neither": [10, 3]}
    ).with_columns(source=pl.lit("A"), target=pl.lit("B"))
    judged = odds.odds(cells).row(0, named=True)
    r, s = np.array([4 * 10 / 20, 2 * 3 / 10]), np.array([3 * 3 / 20, 1 * 4 / 10])
    p, q = np.array([14 / 20, 5 / 10]), np.array([6 / 20, 5 / 10])
    variance = (p * r).sum() / (2 * r.sum() ** 2) + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
    variance += (q * s).sum() / (2 * s.sum() ** 2)
    assert judged["odds_ratio"] == pytest.approx(r.sum() / s.sum())
    assert np.log(judged["high"] / judged["odds_ratio"]) == pytest.approx(1.959964 * np.sqrt(variance))
    assert judged["lift"] == pytest.approx(6 * 30 / (10 * 13))


def test_two_that_always_fail_together_have_a_finite_ratio_and_a_certain_low():
    always = np.random.default_rng(4).random(96 * 28) < 0.02
    at = pl.datetime_range(MONDAY, interval="15m", end=MONDAY + timedelta(days=28), closed="left", eager=True)
    bins = pl.concat([pl.DataFrame({"system": system, "bin": at, "failing": always}) for system in "AB"])
    judged = odds_of(bins)
    assert judged["low"] > 10
    assert np.isfinite(judged["high"])


def test_four_failing_bins_are_too_few_and_five_are_not():
    def judged(failing: int) -> dict:
        at = pl.datetime_range(MONDAY, interval="15m", end=MONDAY + timedelta(hours=48), closed="left", eager=True)
        fails = pl.int_range(at.len(), eager=True) % 4 == 0
        both = fails & (fails.cum_sum() <= failing)
        return odds_of(pl.concat([pl.DataFrame({"system": s, "bin": at, "failing": both}) for s in "AB"]))

    assert judged(4)["odds_ratio"] is None
    assert judged(4)["source_failing"] == 4
    assert judged(5)["odds_ratio"] > 1


def test_bins_in_which_one_of_the_two_did_nothing_do_not_count():
    bins = hours_alike(np.random.default_rng(5), weeks=2, busy=0.3, quiet=0.1)
    idle = bins.filter((pl.col("system") == "A") | (pl.col("bin").dt.hour() >= 12))
    assert odds_of(idle)["bins"] == odds_of(bins)["bins"] / 2


# --- the matrix -------------------------------------------------------------------------------------------------------


def edge(source: str, target: str, **more) -> dict:
    none = dict.fromkeys(("odds_ratio", "low", "high", "lift", "grace"), None)
    zero = dict.fromkeys(("bins", "outages", "served", "deferred", "failed", "lost"), 0)
    return {"source": source, "target": target} | none | zero | more


def drawn(*edges: dict) -> dict:
    types = dict.fromkeys(("odds_ratio", "low", "high", "lift", "grace"), pl.Float64)
    return coupling_chart(pl.DataFrame(list(edges), schema_overrides=types)).to_dict()


def cells(spec: dict) -> dict[tuple, dict]:
    (rows,) = (rows for rows in spec["datasets"].values())
    return {(row["source"], row["target"]): row for row in rows}


def test_the_matrix_says_the_least_grace_and_nothing_where_there_is_none():
    coupled = edge("A", "B", odds_ratio=300.0, low=90.0, high=900.0, outages=3, grace=0.25, served=1, failed=3)
    spec = drawn(coupled, edge("B", "C", odds_ratio=0.9, low=0.5, high=1.6), edge("C", "D"))
    assert spec["title"]["text"] == "A saves 25% of its work while B is down"
    assert {pair: cell["said"] for pair, cell in cells(spec).items()} == {
        ("A", "B"): "25%",
        ("B", "C"): "",
        ("C", "D"): "",
    }
    assert cells(spec)["A", "B"]["colour"] == 64  # the end of the scale; the tooltip has the ratio
    assert cells(spec)["C", "D"]["colour"] is None


def test_without_three_outages_the_matrix_says_who_fails_together():
    both = {"odds_ratio": 9.0, "low": 4.0, "high": 20.0}
    assert drawn(edge("A", "B", **both))["title"]["text"] == "A and B fail together most"
    chance = {"odds_ratio": 1.5, "low": 0.7, "high": 3.0}
    assert "No two systems" in drawn(edge("A", "B", **chance))["title"]["text"]


def test_a_matrix_of_nothing_is_a_sentence_and_a_large_one_stays_small():
    assert "no coupling to draw" in drawn(edge("A", "B"))["description"]
    many = [edge(f"S{n}", f"S{n + 1}", odds_ratio=float(n + 1), low=0.5, high=99.0) for n in range(200)]
    spec = drawn(*many)
    assert len({end for pair in cells(spec) for end in pair}) <= 16
    assert ("S199", "S200") in cells(spec) or ("S0", "S1") in cells(spec)
