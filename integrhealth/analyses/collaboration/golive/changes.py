"""What became of the contact between two teams when an integration went live between their systems."""

from datetime import datetime

import numpy as np
import polars as pl

from integrhealth.analyses.collaboration.contacts.needs import between_teams
from integrhealth.analyses.collaboration.golive import orders
from integrhealth.analyses.collaboration.golive.weeks import (
    GO_LIVES,
    ROW,
    WEEKS,
    pair_weeks,
    weeks,
    windows,
    without_go_live,
)
from integrhealth.analyses.collaboration.team_contacts import PAIR
from integrhealth.language.period import local_day
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import (
    MIN_CONTROL_PAIRS,
    MIN_GOLIVE_WEEKS,
    MIN_PAIR_CONTACTS,
    MOST_ALIKE,
)

GOLIVE = {
    "integration": TEXT,
    "team_a": TEXT,
    "team_b": TEXT,
    "before": NUMBER,
    "after": NUMBER,
    "effect": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "go_live": pl.Date,
    "weeks_before": COUNT,
    "weeks_after": COUNT,
    "contacts_before": COUNT,
    "contacts_after": COUNT,
    "controls": COUNT,
    "control_change": NUMBER,
    "alike": COUNT,
    "p_value": NUMBER,
    "verdict": TEXT,
}
FELL, ROSE, UNCHANGED = "fell", "rose", "no change seen"
FEW, UNCLEAR = "not enough data", "cannot tell"
SUMS = ("contacts_after", "contacts_before", "others_after", "others_before")
Period = tuple[datetime, datetime]


def go_lives(integrations: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """One row per integration of the catalog with a go-live, between systems of two teams that are `owned`."""
    dated = integrations.select("integration", "source", "target", "go_live").drop_nulls("go_live")
    return between_teams(dated, owned).select(*GO_LIVES).cast(GO_LIVES).unique().sort(*GO_LIVES)


def golive_weeks(
    go_lives: pl.DataFrame, contacts: pl.DataFrame, watched: Period | None, *, timezone: str
) -> pl.DataFrame:
    """One row per go-live and whole week around it in the `watched` period, as ``weeks.weeks``."""
    if watched is None:
        return pl.DataFrame(schema=WEEKS)
    around, by_pair = _around(go_lives, contacts, watched, timezone)
    return weeks(around, by_pair, without_go_live(by_pair, go_lives))


def golive(go_lives: pl.DataFrame, contacts: pl.DataFrame, watched: Period | None, *, timezone: str) -> pl.DataFrame:
    """One row per go-live, the largest loss of contact first.

    ``effect`` is by which part the contact of the pair changed beside that of all pairs without a go-live in these
    weeks (``control_change``): after / before of the one over after / before of the others, less one. So what moves the
    whole company moves no effect. ``alike``: how many of these others changed as much, for as few contacts.
    """
    if watched is None:
        return pl.DataFrame(schema=GOLIVE)
    around, by_pair = _around(go_lives, contacts, watched, timezone)
    controls = without_go_live(by_pair, go_lives)
    weekly = weeks(around, by_pair, controls)
    counted = around
    for name in ("contacts", "others"):
        counted = counted.join(_before_and_after(weekly, list(ROW), name, name), on=list(ROW), how="left")
    counted = counted.with_columns(pl.col(SUMS).fill_null(0))
    size = controls.group_by("go_live").agg(controls=pl.struct(PAIR).n_unique().cast(COUNT))
    rows = counted.join(size, on="go_live", how="left").with_columns(pl.col("controls").fill_null(0))
    rows = rows.with_columns(_sigmas(rows))
    rows = rows.join(_alike(rows, controls), on=list(ROW), how="left")
    sure = _intervals(rows.filter(_enough(), _comparable()), weekly)
    judged = rows.join(sure, on=list(ROW), how="left").with_columns(*_rates(), *_effects())
    complete = judged.with_columns(pl.col("alike").fill_null(0), verdict=_verdict())
    return complete.select(*GOLIVE).cast(GOLIVE).sort("effect", *ROW, nulls_last=True)


def _around(
    go_lives: pl.DataFrame, contacts: pl.DataFrame, watched: Period, timezone: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The windows of `go_lives`, and the contact of all pairs in them."""
    first, last = pl.select(local_day(pl.lit(list(watched), pl.List(TIME)).explode(), timezone)).to_series()
    around = windows(go_lives, first, last)
    return around, pair_weeks(contacts, around, timezone=timezone)


def _before_and_after(weekly: pl.DataFrame, keys: list[str], name: str, column: str = "contacts") -> pl.DataFrame:
    """The sums of a `column` before and after each go-live, as columns of that `name`."""
    week, counts = pl.col("week"), pl.col(column)
    sums = {f"{name}_before": counts.filter(week < 0).sum(), f"{name}_after": counts.filter(week >= 0).sum()}
    return weekly.group_by(keys).agg(**sums)


def _enough() -> pl.Expr:
    weeks = pl.min_horizontal("weeks_before", "weeks_after") >= MIN_GOLIVE_WEEKS
    return weeks & (pl.col("contacts_before") >= MIN_PAIR_CONTACTS)


def _comparable() -> pl.Expr:
    """Enough pairs without a go-live, with enough contact on both sides."""
    contacts = pl.min_horizontal("others_before", "others_after") >= MIN_PAIR_CONTACTS
    return (pl.col("controls") >= MIN_CONTROL_PAIRS) & contacts


def _sigmas(rows: pl.DataFrame) -> pl.Series:
    counts = (rows[name].cast(NUMBER).to_numpy() for name in SUMS)
    return pl.Series("sigmas", orders.sigmas(*counts), dtype=NUMBER)


def _alike(rows: pl.DataFrame, controls: pl.DataFrame) -> pl.DataFrame:
    """How many of the `controls` changed as much as each go-live's pair, beside all others but themselves."""
    together = _before_and_after(controls, ["go_live"], "others")
    own = _before_and_after(controls, ["go_live", *PAIR], "contacts").join(together, on="go_live")
    all_but = [pl.col(f"others_{side}") - pl.col(f"contacts_{side}") for side in ("before", "after")]
    sums = own.with_columns(all_but).filter(pl.col("contacts_before") >= MIN_PAIR_CONTACTS)
    placebos = sums.with_columns(_sigmas(sums)).select("go_live", placebo="sigmas")
    both = rows.select(*ROW, "sigmas").join(placebos, on="go_live")
    as_much = pl.col("placebo") * pl.col("sigmas").sign() >= pl.col("sigmas").abs()
    return both.group_by(ROW).agg(alike=as_much.sum().cast(COUNT), compared=pl.len().cast(COUNT))


def _intervals(judged: pl.DataFrame, weekly: pl.DataFrame) -> pl.DataFrame:
    """The interval of the effect of each go-live that can be judged, and its p-value."""
    parts = [pl.DataFrame(schema=GO_LIVES | dict.fromkeys(("low", "high", "p_value"), NUMBER))]
    listed = weekly.sort("week").group_by(ROW).agg("contacts", "others")
    for (before, _), alike in judged.group_by("weeks_before", "weeks_after"):
        same = alike.select(*ROW).join(listed, on=list(ROW)).sort(*ROW)
        contacts, others = (np.array(same[name].to_list(), float) for name in ("contacts", "others"))
        low, high, p_value = orders.intervals(contacts, others, before)
        # Where the orders rule out no loss, contact may have ended.
        bounds = {"low": np.nan_to_num(low, nan=0.0) - 1, "high": high - 1, "p_value": p_value}
        columns = [pl.Series(name, values, NUMBER, nan_to_null=True) for name, values in bounds.items()]
        parts.append(same.select(*ROW).with_columns(columns))
    return pl.concat(parts)


def _rates() -> list[pl.Expr]:
    """Contacts per week, where there are weeks enough."""
    return [
        pl.when(pl.col(f"weeks_{side}") >= MIN_GOLIVE_WEEKS)
        .then(pl.col(f"contacts_{side}") / pl.col(f"weeks_{side}"))
        .alias(side)
        for side in ("before", "after")
    ]


def _effects() -> list[pl.Expr]:
    judged = pl.col("p_value").is_not_null()
    pair, others = (
        pl.col("contacts_after") / pl.col("contacts_before"),
        pl.col("others_after") / pl.col("others_before"),
    )
    per_week = pl.col("weeks_before") / pl.col("weeks_after")
    return [
        pl.when(judged).then(pair / others - 1).alias("effect"),
        pl.when(judged).then(others * per_week - 1).alias("control_change"),
    ]


def _verdict() -> pl.Expr:
    alone = pl.col("alike") <= MOST_ALIKE * pl.col("compared").fill_null(0)
    beyond = (pl.col("high") < 0) | (pl.col("low") > 0)
    return (
        pl.when(~_enough())
        .then(pl.lit(FEW))
        .when(~_comparable() | (beyond & ~alone))
        .then(pl.lit(UNCLEAR))
        .when(pl.col("high") < 0)
        .then(pl.lit(FELL))
        .when(pl.col("low") > 0)
        .then(pl.lit(ROSE))
        .otherwise(pl.lit(UNCHANGED))
    )
