"""Whether the meetings that were agreed on are held, week by week, and with everybody there."""

from datetime import datetime

import polars as pl

from integrhealth.analyses.collaboration.rituals.meetings import BY_NAME
from integrhealth.language.period import local_day
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import MIN_RITUAL_WEEKS, RITUAL_HELD

RITUAL_WEEKS = {
    "ritual": TEXT,
    "planned_on": pl.Date,
    "state": TEXT,
    "held": FLAG,
    "complete": FLAG,
    "moved": FLAG,
    "broadcast": FLAG,
    "missing": WORDS,
    "held_at": TIME,
    "recognised_by": TEXT,
}
HOLDING = {
    "ritual": TEXT,
    "planned": COUNT,
    "held": COUNT,
    "complete": COUNT,
    "share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "moved": COUNT,
    "broadcasts": COUNT,
    "missing_team": TEXT,
    "missing_weeks": COUNT,
    "last_held_at": TIME,
    "teams": WORDS,
    "recognised_by": TEXT,
    "verdict": TEXT,
}
COMPLETE, INCOMPLETE, HELD, SKIPPED = "held complete", "held incomplete", "held", "skipped"
FEW, UNCLEAR, NEVER, NO_WEEKDAY = "not enough data", "cannot tell", "never seen", "no weekday"
Period = tuple[datetime, datetime]


def ritual_weeks(
    rituals: pl.DataFrame, held: pl.DataFrame, broadcasts: pl.DataFrame, watched: Period | None, *, timezone: str
) -> pl.DataFrame:
    """One row per ritual and week for which it was planned: each with its weekday in the `watched` period.

    It was held where there was a meeting of it on any day of that week (Monday to Sunday), ``moved`` where not on its
    own, complete where all its teams were there on one day, if the log knows all of them. ``missing`` were
    not there on the day on which most were. ``broadcast``: only a meeting of more than 25 people was about it.
    """
    if watched is None:
        return pl.DataFrame(schema=RITUAL_WEEKS)
    first, last = pl.select(local_day(pl.lit(list(watched), pl.List(TIME)).explode(), timezone)).to_series()
    days = pl.select(planned_on=pl.date_range(first, last)).with_columns(
        weekday=pl.col("planned_on").dt.weekday().cast(COUNT), week=pl.col("planned_on").dt.truncate("1w")
    )
    planned = days.join(rituals, on="weekday")
    missing = pl.col("heard").list.set_difference("present").list.sort()
    met = held.join(rituals, on="ritual").with_columns(missing=missing, week=pl.col("day").dt.truncate("1w"))
    own_day = pl.col("day").dt.weekday() == pl.col("weekday")
    best = met.sort(pl.col("missing").list.len(), ~own_day, "day").group_by("ritual", "week", maintain_order=True)
    weekly = best.agg(
        pl.col("missing", "recognised_by").first(), moved=~own_day.any(), held_at=pl.col("at").max(), held=pl.lit(True)
    )
    large = broadcasts.select("ritual", week=pl.col("day").dt.truncate("1w"), broadcast=pl.lit(True)).unique()
    rows = planned.join(weekly, on=["ritual", "week"], how="left").join(large, on=["ritual", "week"], how="left")
    with_all = pl.col("missing").list.len() == 0
    # Whoever is not in the log cannot be missed.
    can_tell = (pl.col("heard").list.len() == pl.col("teams").list.len()).fill_null(False)
    judged = rows.with_columns(
        pl.col("held", "moved").fill_null(False),
        broadcast=pl.col("broadcast").fill_null(False) & pl.col("held").is_null(),
    ).with_columns(complete=pl.when(can_tell).then(pl.col("held") & with_all.fill_null(False)))
    return judged.with_columns(state=_state()).select(*RITUAL_WEEKS).cast(RITUAL_WEEKS).sort("ritual", "planned_on")


def _state() -> pl.Expr:
    return (
        pl.when(~pl.col("held"))
        .then(pl.lit(SKIPPED))
        .when(pl.col("complete").is_null())
        .then(pl.lit(HELD))
        .when("complete")
        .then(pl.lit(COMPLETE))
        .otherwise(pl.lit(INCOMPLETE))
    )


def holding(rituals: pl.DataFrame, weeks: pl.DataFrame) -> pl.DataFrame:
    """One row per ritual, the least held first, from its `weeks` (``ritual_weeks``).

    ``share`` = held / planned with the interval of Wilson (1927). A ritual that no meeting is about has none, unless
    the log names another of the `rituals`: then this one was not held, else it may go by a name that is not the
    catalog's.
    """
    log_names_rituals = (weeks["recognised_by"] == BY_NAME).any()
    counted = weeks.group_by("ritual").agg(
        planned=pl.len(),
        held=pl.col("held").sum(),
        complete=pl.when(pl.col("complete").count() > 0).then(pl.col("complete").sum()),
        moved=pl.col("moved").sum(),
        broadcasts=pl.col("broadcast").sum(),
        last_held_at=pl.col("held_at").max(),
        recognised_by=pl.col("recognised_by").drop_nulls().first(),
    )
    rows = rituals.join(counted, on="ritual", how="left").join(_most_missing(weeks), on="ritual", how="left")
    seen = pl.col("recognised_by").is_not_null() | pl.lit(log_names_rituals)
    enough = seen & (pl.col("planned") >= MIN_RITUAL_WEEKS)
    rows = rows.with_columns(
        pl.col("planned", "held", "moved", "broadcasts", "missing_weeks").fill_null(0), enough=enough.fill_null(False)
    )
    low, high = wilson_interval(rows["held"].to_numpy(), rows["planned"].to_numpy())
    bounds = {"low": pl.Series(low, nan_to_null=True), "high": pl.Series(high, nan_to_null=True)}
    rates = {"share": pl.col("held") / pl.col("planned")} | {name: pl.lit(bounds[name]) for name in bounds}
    judged = rows.with_columns(**{name: pl.when("enough").then(rate) for name, rate in rates.items()})
    complete = judged.with_columns(verdict=_verdict(seen))
    return complete.select(*HOLDING).cast(HOLDING).sort("share", "ritual", nulls_last=True)


def _verdict(seen: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col("weekday").is_null())
        .then(pl.lit(NO_WEEKDAY))
        .when(pl.col("planned") < MIN_RITUAL_WEEKS)
        .then(pl.lit(FEW))
        .when(~seen)
        .then(pl.lit(NEVER))
        .when(pl.col("share") >= RITUAL_HELD)
        .then(pl.lit(HELD))
        .when(pl.col("high") < RITUAL_HELD)
        .then(pl.lit(SKIPPED))
        .otherwise(pl.lit(UNCLEAR))
    )


def _most_missing(weeks: pl.DataFrame) -> pl.DataFrame:
    """The team that was not there in most of the weeks in which a ritual was held, of several the first by name."""
    each = weeks.filter("held").select("ritual", missing_team="missing").explode("missing_team").drop_nulls()
    counts = each.group_by("ritual", "missing_team").agg(missing_weeks=pl.len())
    in_order = counts.sort("missing_weeks", "missing_team", descending=[True, False])
    return in_order.unique("ritual", keep="first", maintain_order=True)
