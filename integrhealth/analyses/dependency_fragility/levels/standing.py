"""Which integrations stand on which level, and which of them are new or changed."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl

from integrhealth.language.levels import LEVELS, level_place
from integrhealth.language.period import outlying
from integrhealth.language.schema import TEXT, TIME, is_exchanged
from integrhealth.language.statistics import TAIL, holm
from integrhealth.language.thresholds import MUCH_CHANGE, NEW_LEVEL, STABLE_DAYS
from integrhealth.language.wording import percent, spoken_ms

NEW, CHANGED = "new", "changed"
LATENCIES, ERRORS = ("p50_ms", "p95_ms"), ("error_share",)
CHANGES = {"integration": TEXT, "level": TEXT, "what": TEXT, "day": pl.Date, "why": TEXT}
US_PER_DAY = 86_400_000_000
NEVER = datetime.max.replace(tzinfo=UTC)


class Period(NamedTuple):
    """The days by which stability is judged, from ``since`` to the ``end`` of the evidence; it has ``earlier`` ones."""

    since: datetime
    end: datetime
    earlier: int


def placed(declared: pl.DataFrame) -> pl.DataFrame:
    """One row per integration of the catalog that stands on one of the four levels, foundation first.

    integration, level, owner, go_live. Another word than one of the four is no level.
    """
    return (
        declared.unique("integration", keep="first", maintain_order=True)
        .filter(pl.col("level").is_in(LEVELS))
        .select("integration", "level", "owner", "go_live")
        .sort(level_place(), "integration")
    )


def systems(declared: pl.DataFrame) -> pl.DataFrame:
    """One row per system of the integrations on a level, the lowest of its levels as number and name.

    What a system is needed for first is what it has to carry; a hub is on every level, and so on the lowest.
    """
    ends = declared.unique("integration", keep="first", maintain_order=True).filter(pl.col("level").is_in(LEVELS))
    return (
        pl.concat(ends.select(system=end, level_name="level") for end in ("source", "target"))
        .drop_nulls()
        .with_columns(level=level_place("level_name"))
        .sort("level", "system")
        .unique("system", keep="first", maintain_order=True)
        .select("system", "level", "level_name")
    )


def day_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and day (UTC) on which it sent something: messages, which add up."""
    return (
        messages.lazy()
        .filter(is_exchanged(), pl.col("integration").is_not_null())
        .group_by("integration", day=pl.col("sent_at").dt.epoch("us") // US_PER_DAY)
        .agg(messages=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
        .with_columns(pl.col("day").cast(pl.Int32).cast(pl.Date))
        .sort("integration", "day")
    )


def period(days: pl.DataFrame, promises: pl.DataFrame) -> Period:
    """The last 28 days up to the last message that counts for a promise (`promises`: ``latency.slo``).

    `days` as ``day_facts`` gives them. Where no message ever counted, nothing is as late as the period.
    """
    end = promises["last_at"].max() or NEVER
    since = end - timedelta(days=STABLE_DAYS)
    first = _usual(days)["day"].min() or end.date()
    return Period(since, end, max(0, (since.date() - first).days + 1))


def seen(days: pl.DataFrame, judged: Period) -> pl.DataFrame:
    """One row per integration with messages: first_day, and of the period sending_days and messages."""
    recent = pl.col("day") > judged.since.date()
    return (
        _usual(days)
        .group_by("integration")
        .agg(
            first_day=pl.col("day").min(),
            sending_days=recent.sum().cast(pl.Int64),
            messages=pl.col("messages").filter(recent).sum(),
        )
        .sort("integration")
    )


def _usual(days: pl.DataFrame) -> pl.DataFrame:
    """`days` without those that a wrong clock must have made."""
    return days.filter(~outlying(days["day"].cast(TIME)))


def last_shifts(shifts: pl.DataFrame, promises: pl.DataFrame, judged: Period) -> pl.DataFrame:
    """The last shift or drift of each integration and metric, where it lies in the period and changed much.

    Much: by half upwards, or back from there. ``certain``: Holm over all integrations with messages, for latency and
    for errors each. ``worse``: upwards, but for errors that are still within what is promised.
    """
    when = pl.coalesce("until", "at")
    newest = shifts.sort("integration", "metric", when).unique(
        ["integration", "metric"], keep="last", maintain_order=True
    )
    allowed = promises.filter(pl.col("promise") == "success").select("integration", allowed=1 - pl.col("objective"))
    ratio = (pl.col("after") / pl.col("before")).log().abs()
    lasting = (
        newest.filter(when >= judged.since, (ratio >= pl.lit(1 + MUCH_CHANGE).log()) | pl.col("change").is_null())
        .join(allowed.unique("integration"), on="integration", how="left", maintain_order="left")
        .with_columns(
            worse=(pl.col("after") > pl.col("before"))
            & ~(pl.col("metric").is_in(ERRORS) & (pl.col("after") <= pl.col("allowed"))).fill_null(False)
        )
    )
    tested = promises.filter(pl.col("messages") > 0).select("integration").unique().sort("integration")
    families = [
        tested.join(pl.DataFrame({"metric": metrics}), how="cross")
        .join(lasting, on=["integration", "metric"], how="left", maintain_order="left")
        .with_columns(certain=holm(pl.col("p_value").fill_null(1.0)) <= TAIL)
        for metrics in (LATENCIES, ERRORS)
    ]
    return pl.concat(families).filter(pl.col("at").is_not_null()).sort("integration", "at", "metric")


def said_of_shift() -> pl.Expr:
    """A shift in words: what it was and what it is, and since when."""
    metric = pl.col("metric")
    level = {
        column: pl.when(metric.is_in(ERRORS)).then(percent(pl.col(column))).otherwise(spoken_ms(pl.col(column)))
        for column in ("before", "after")
    }
    what = metric.replace_strict(
        {"p50_ms": "half of its messages took over", "p95_ms": "5 of 100 messages took over", "error_share": "failed:"},
        return_dtype=pl.String,
    )
    day = pl.coalesce("until", "at").dt.strftime("%Y-%m-%d")
    return pl.format("{} {} before {}, {} since", what, level["before"], day, level["after"])


def changes(standing: pl.DataFrame, first_seen: pl.DataFrame, shifts: pl.DataFrame, judged: Period) -> pl.DataFrame:
    """One row per integration of `standing` (``placed``) that is new or changed: integration, level, what, day, why.

    New by its go-live date in the catalog, in the period or still to come; without one, by its first message
    (`first_seen` as ``seen`` gives it), where an integration that had been there before would nearly never have kept
    all its days of sending for the period. Changed by a certain step of latency or error share (`shifts` as
    ``last_shifts`` gives them), whichever way. New goes before changed.
    """
    live = (
        standing.filter(pl.col("go_live") > judged.since.date())
        .with_columns(day=pl.col("go_live"), what=pl.lit(NEW))
        .with_columns(why=pl.format("{} {}", _going_live(judged.end.date()), "day"))
    )
    always_new = (STABLE_DAYS / (STABLE_DAYS + judged.earlier)) ** pl.col("sending_days")
    first = (
        standing.filter(pl.col("go_live").is_null())
        .join(first_seen, on="integration", maintain_order="left")
        .filter(pl.col("first_day") > judged.since.date(), always_new <= NEW_LEVEL)
        .with_columns(day=pl.col("first_day"), what=pl.lit(NEW))
        .with_columns(why=pl.format("first message on {}", "day"))
    )
    stepped = (
        standing.join(shifts.filter("certain", pl.col("kind") == "shift"), on="integration", maintain_order="left")
        .sort("p_value", "metric", maintain_order=True)
        .with_columns(day=pl.col("at").dt.date(), what=pl.lit(CHANGED), why=said_of_shift())
    )
    every = pl.concat(each.select(*CHANGES) for each in (live, first, stepped))
    kept = every.unique("integration", keep="first", maintain_order=True)
    return standing.select("integration").join(kept, on="integration", maintain_order="left")


def _going_live(end: date) -> pl.Expr:
    return pl.when(pl.col("day") > end).then(pl.lit("goes live on")).otherwise(pl.lit("live since"))
