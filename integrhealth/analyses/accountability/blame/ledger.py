"""The blame ledger: how often each reporter blamed whom first, and how often it was somebody else's system."""

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import MIN_BLAMED

BLAME = {
    "reporter": TEXT,
    "blamed": TEXT,
    "root": TEXT,
    "cases": COUNT,
    "wrong": COUNT,
    "low": NUMBER,
    "high": NUMBER,
    "days_lost": NUMBER,
    "accused": COUNT,
    "wrong_share": NUMBER,
}
ACCUSATIONS = {name: dtype for name, dtype in BLAME.items() if name != "reporter"}
COVERAGE = {
    "incidents": COUNT,
    "nobody_blamed": COUNT,
    "no_root": COUNT,
    "no_team": COUNT,
    "compared": COUNT,
    "wrong": COUNT,
    "wrong_share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "days_lost": NUMBER,
    "no_reporter": COUNT,
}


def blame(cases: pl.DataFrame) -> pl.DataFrame:
    """One row per reporter, team blamed first and measured root, as BLAME, most days lost first.

    `cases` as ``cases.cases``. ``cases`` are the reporter's incidents with this root in which somebody was blamed,
    ``accused`` those in which it was this team first; where it is not the root, they are ``wrong``. Share and interval
    (Wilson 1927) are of wrong / cases, null under MIN_BLAMED cases. Without a root nothing is wrong.
    """
    return _counted(cases.drop_nulls("reporter"), ["reporter"], BLAME)


def accusations(cases: pl.DataFrame) -> pl.DataFrame:
    """One row per team blamed first and measured root, whoever reported, as ACCUSATIONS."""
    return _counted(cases, [], ACCUSATIONS)


def _counted(cases: pl.DataFrame, by: list[str], columns: dict) -> pl.DataFrame:
    compared = cases.drop_nulls("wrong")
    of_root = compared.group_by(*by, "root").agg(cases=pl.len())
    wrong = pl.col("wrong")
    rows = (
        compared.group_by(*by, "blamed", "root")
        .agg(accused=pl.len(), wrong=wrong.sum(), days_lost=pl.col("days").filter(wrong).sum())
        .join(of_root, on=[*by, "root"])
        .sort("days_lost", *by, "blamed", "root", descending=[True, *([False] * (len(by) + 2))])
    )
    return _with_share(rows, pl.col("cases"), "cases").select(*columns).cast(columns)


def coverage(cases: pl.DataFrame) -> pl.DataFrame:
    """One row, the whole: of how many incidents it can be said whether the first blamed was the root, as COVERAGE.

    No row without incidents.
    """
    blamed, root, wrong = (pl.col(name) for name in ("blamed", "root_system", "wrong"))
    counts = cases.select(
        incidents=pl.len(),
        nobody_blamed=blamed.is_null().sum(),
        no_root=(blamed.is_not_null() & root.is_null()).sum(),
        no_team=(blamed.is_not_null() & root.is_not_null() & wrong.is_null()).sum(),
        compared=wrong.is_not_null().sum(),
        wrong=wrong.sum(),
        days_lost=pl.col("days").filter(wrong).sum(),
        no_reporter=(wrong.is_not_null() & pl.col("reporter").is_null()).sum(),
    ).filter(pl.col("incidents") > 0)
    return _with_share(counts, pl.col("compared"), "compared").select(*COVERAGE).cast(COVERAGE)


def _with_share(rows: pl.DataFrame, n: pl.Expr, name: str) -> pl.DataFrame:
    low, high = wilson_interval(rows["wrong"].to_numpy(), rows[name].to_numpy())
    shares = {
        "wrong_share": pl.col("wrong") / n,
        "low": pl.Series(low, dtype=NUMBER),
        "high": pl.Series(high, dtype=NUMBER),
    }
    sample = enough(n, MIN_BLAMED)
    return rows.with_columns(pl.when(sample).then(share).alias(each) for each, share in shares.items())
