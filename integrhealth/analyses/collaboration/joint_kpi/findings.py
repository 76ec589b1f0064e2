"""Whether the number that departments share is low, and who takes how much from it: words for one conversation."""

import polars as pl

from integrhealth.language.findings import findings, severity, written
from integrhealth.language.statistics import chance_of_more
from integrhealth.language.thresholds import ON_TIME_CRITICAL, ON_TIME_WARNING
from integrhealth.language.wording import joined, percent

SUBJECT = "on-time delivery"
# Departments that a sentence names, those that take most.
NAMED = 4


def joint_kpi_lateness(report: str, rates: pl.DataFrame, departments: pl.DataFrame) -> pl.DataFrame:
    """``joint_kpi_lateness``: on-time delivery is certainly below nine in ten, at most one finding.

    `rates` and `departments` are the tables ``joint_kpi_rates`` and ``joint_kpi``. No single department is named as the
    one that takes most while the intervals of the first two overlap: both are asked. The owners are those who are.
    """
    late = pl.col("late").cast(pl.Float64)
    judged = rates.filter(pl.col("kpi") == SUBJECT, pl.col("rate").is_not_null()).with_columns(
        severity=severity(
            warning=chance_of_more(late, pl.col("n"), pl.lit(1 - ON_TIME_WARNING)),
            critical=chance_of_more(late, pl.col("n"), pl.lit(1 - ON_TIME_CRITICAL)),
        )
    )
    low = judged.filter(pl.col("severity") != "note", pl.col("rate") < ON_TIME_WARNING)
    costly = departments.filter(pl.col("low") > 0).sort(-pl.col("points"), "department")
    asked = _most(costly)
    who = pl.lit(joined(asked["department"].to_list()), pl.String)
    statement = pl.format(
        "{} of {} orders were delivered as promised{}. When the metric is shared, the conversation is shared.",
        *(percent(pl.col("rate")), written(pl.col("n")), pl.lit(_parts(costly, asked))),
    )
    together = pl.format("What do {} need from each other so that the next order goes out as promised?", who)
    alone = pl.format("What does {} need from the others so that the next order goes out as promised?", who)
    nobody = pl.lit("Was the plan of these orders ever in time for what was promised?")
    ask = (nobody, alone, together)[min(asked.height, 2)]
    rows = low.with_columns(
        subject=pl.lit(SUBJECT),
        statement=statement,
        ask=ask,
        value="rate",
        unit=pl.lit("share of orders"),
        threshold=pl.lit(ON_TIME_WARNING),
        owner=who if asked.height else pl.lit(None, pl.String),
    )
    return findings(report, "joint_kpi_lateness", rows)


def _most(costly: pl.DataFrame) -> pl.DataFrame:
    """The departments that take most, as far as one can tell: those whose interval reaches that of the first."""
    return costly.filter(pl.col("high") >= costly["low"].first()).head(NAMED) if costly.height else costly


def _parts(costly: pl.DataFrame, asked: pl.DataFrame) -> str:
    if costly.is_empty():
        return ""
    shown = [f"{department} takes {points:.1f}" for department, points in costly.select("department", "points").rows()]
    listed = ", ".join([f"{shown[0]} points", *(each.replace(" takes ", " ") for each in shown[1:NAMED])])
    if asked.height == 1:
        return f": {listed}"
    all_of = "both" if asked.height == 2 else "all"
    return f": {listed}; of {joined(asked['department'].to_list())} nobody can say who takes more, so ask {all_of}"
