"""Mechanism: what the integrations were built to improve, day by day before and after they went live. In company B all
of it improved as declared; of three numbers in company A none may be credited to an integration.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from integrhealth.sample.chance import stream

AROUND = timedelta(days=91)
# How much of a day's chance is still there on the next one.
LASTING = 0.5


@dataclass(frozen=True)
class Outcome:
    """A number of one integration: ``before`` go-live and ``after`` it on average, ``per_day`` its steady trend, which
    was there all along, and ``spread`` its standard deviation. ``declared`` is null where nobody wrote down when.
    """

    metric: str
    unit: str
    baseline: float
    target: float
    declared: date | None
    due: date
    go_live: date
    before: float
    after: float
    per_day: float
    spread: float
    verdict: str


UNDECLARED = "not declared before go-live"
OUTCOMES_A = {
    # It fell with the go-live, but was declared when that was known.
    "carrier-tracking": Outcome(
        *(
            "parcels searched for",
            "parcels a day",
            24.0,
            14.0,
            date(2025, 7, 14),
            date(2025, 12, 31),
            date(2025, 5, 19),
        ),
        *(24.0, 13.0, 0.0, 3.0, UNDECLARED),
    ),
    "wms-orders": Outcome(
        *("pick errors", "errors a day", 30.0, 20.0, None, date(2025, 12, 31), date(2025, 5, 5)),
        *(30.0, 18.0, 0.0, 3.5, UNDECLARED),
    ),
    # It fell all year, faster than anybody asked, and no faster since go-live.
    "crm-orders": Outcome(
        *("quotes typed again", "quotes a day", 40.0, 35.0, date(2025, 3, 3), date(2025, 12, 31), date(2025, 6, 16)),
        *(40.0, 40.0, -0.1, 2.5, "no change"),
    ),
}
# Company B: the share that came late, before and after.
LATE_BEFORE, LATE_AFTER, LATE_SPREAD = 0.12, 0.05, 0.012


def success_metric(outcome: Outcome) -> dict[str, Any]:
    """What the catalog of company A says of it."""
    said = {"name": outcome.metric, "baseline": outcome.baseline, "target": outcome.target, "due": outcome.due}
    return said | ({"declared_on": outcome.declared} if outcome.declared else {}) | {"better": "lower"}


def outcomes(company: str, integrations: list[dict[str, Any]]) -> dict[str, Outcome]:
    """The numbers of a company by integration; `integrations` are those of its catalog."""
    if company == "a":
        return OUTCOMES_A
    return {entry["name"]: _improved(entry) for entry in integrations}


def _improved(entry: dict[str, Any]) -> Outcome:
    said = entry["success_metric"]
    return Outcome(
        said["name"],
        "share",
        said["baseline"],
        said["target"],
        said["declared_on"],
        said["due"],
        entry["go_live"],
        LATE_BEFORE,
        LATE_AFTER,
        0.0,
        LATE_SPREAD,
        "met",
    )


def metric_rows(company: str, integrations: list[dict[str, Any]], seed: int) -> pl.DataFrame:
    """A value a day of each number, in the kit's own columns; integrations into one system may share it."""
    targets = {entry["name"]: entry["target"] for entry in integrations}
    series = {(targets[name], outcome.metric): outcome for name, outcome in outcomes(company, integrations).items()}
    rows = [_daily(system, outcome, seed, company) for (system, _), outcome in series.items()]
    return pl.concat(rows).sort("time", "system", "metric")


def _daily(system: str, outcome: Outcome, seed: int, company: str) -> pl.DataFrame:
    days = [outcome.go_live - AROUND + timedelta(days=number) for number in range(2 * AROUND.days)]
    since = np.array([(day - outcome.go_live).days for day in days])
    draws = stream(seed, "outcomes", company, system, outcome.metric).standard_normal(len(days) + 1)
    chance = (draws[1:] + LASTING * draws[:-1]) / np.sqrt(1 + LASTING**2) * outcome.spread
    level = np.where(since < 0, outcome.before, outcome.after) + outcome.per_day * since
    return pl.DataFrame(
        {
            "time": [f"{day}T00:00Z" for day in days],
            "system": system,
            "metric": outcome.metric,
            "unit": outcome.unit,
            "value": np.round(np.maximum(level + chance, 0), 4 if outcome.unit == "share" else 1),
        }
    )


def outcome_truth(company: str, integrations: list[dict[str, Any]], rows: pl.DataFrame) -> dict[str, Any]:
    """By integration the verdict on its number, what was planted, and the means of the days before and after."""
    targets = {entry["name"]: entry["target"] for entry in integrations}
    truth = {}
    for name, outcome in outcomes(company, integrations).items():
        values = rows.filter(pl.col("system") == targets[name], pl.col("metric") == outcome.metric)
        before = pl.col("time") < f"{outcome.go_live}"
        truth[name] = {
            "metric": outcome.metric,
            "system": targets[name],
            "verdict": outcome.verdict,
            "go_live": str(outcome.go_live),
            "declared_on": outcome.declared and str(outcome.declared),
            "planted_step": outcome.after - outcome.before,
            "planted_trend_per_day": outcome.per_day,
            "mean_before": values.filter(before)["value"].mean(),
            "mean_after": values.filter(~before)["value"].mean(),
            "days": {"before": values.filter(before).height, "after": values.filter(~before).height},
        }
    return truth
