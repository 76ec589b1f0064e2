"""What happened to each delivered report: read, skimmed or unread, and the minutes it needed and got.

Per person and day, per person, and for everybody together.
"""

import polars as pl
from scipy.special import stdtrit

from integrhealth.language.period import local_day
from integrhealth.language.statistics import CONFIDENCE
from integrhealth.language.thresholds import (
    FASTEST_READING_WPM,
    FASTEST_SKIMMING_WPM,
    MAX_UNTIMED,
    MIN_DAYS,
    MIN_MESSAGES,
    READING_WPM,
    SLOWEST_READING_WPM,
)

# What reaches somebody again and again.
STREAM = ["report", "person"]
READ_CLASSES = ("read", "skimmed", "unread")
# A whole company as one row, in the same columns as a person.
EVERYONE = "all people"


def read_classes(deliveries: pl.DataFrame, reads: pl.DataFrame, *, reports: pl.DataFrame) -> pl.DataFrame:
    """One row per delivery: what it held, how often and how long it was opened, and its class.

    ``words`` are those of the text, and figures and charts as words (``inventory.reading_words``).

    A read belongs to the latest delivery of that report to that person at or before it; seconds are summed and
    capped at the slowest reading. ``wpm`` is the speed that follows. ``read_class``: read up to 300 words per minute,
    skimmed up to 1,000, unread beyond or when never opened (Brysbaert 2019). An opened delivery whose speed cannot
    be known (no words, no seconds) is put between, at skimmed, so that read + skimmed + unread = deliveries. Without
    a single read nothing was tracked: ``opens`` and ``read_class`` are null, not unread.
    """
    opened = (
        assigned_reads(deliveries, reads)
        .drop_nulls("delivered_at")
        .group_by(*STREAM, "delivered_at")
        .agg(
            opens=pl.len().cast(pl.Int64),
            seconds=pl.when(pl.col("seconds").count() > 0).then(pl.col("seconds").sum()),
        )
    )
    tracked = not reads.is_empty()
    opens = pl.col("opens").fill_null(0) if tracked else pl.lit(None, pl.Int64)
    slowest = pl.col("words") / SLOWEST_READING_WPM * 60
    seconds = pl.when(pl.col("seconds") > slowest).then(slowest).otherwise(pl.col("seconds"))
    return (
        distinct_deliveries(deliveries)
        .join(measured_words(reports), on="report", how="left")
        .join(opened, left_on=[*STREAM, "at"], right_on=[*STREAM, "delivered_at"], how="left")
        .with_columns(opens=opens, seconds=seconds)
        .with_columns(wpm=pl.col("words") / (pl.col("seconds") / 60))
        .with_columns(read_class=_read_class())
        .select(*STREAM, "at", "flag", "words", "opens", "seconds", "wpm", "read_class", "log_file", "log_line")
        .sort("at", *STREAM)
    )


def measured_words(reports: pl.DataFrame) -> pl.DataFrame:
    """One row per report: what it takes to read, in words; none or less is unknown."""
    measured = reports.filter(pl.col("reading_words") > 0)
    return measured.group_by("report").agg(words=pl.col("reading_words").max())


def _read_class() -> pl.Expr:
    wpm = pl.col("wpm")
    return (
        pl.when(pl.col("opens").is_null())
        .then(pl.lit(None, pl.String))
        .when(pl.col("opens") == 0)
        .then(pl.lit("unread"))
        .when(wpm.is_null())
        .then(pl.lit("skimmed"))
        .when(wpm <= FASTEST_READING_WPM)
        .then(pl.lit("read"))
        .when(wpm <= FASTEST_SKIMMING_WPM)
        .then(pl.lit("skimmed"))
        .otherwise(pl.lit("unread"))
    )


def distinct_deliveries(deliveries: pl.DataFrame) -> pl.DataFrame:
    """The same report reaching the same person at the same time is one delivery, by however many channels."""
    order = [*STREAM, "at", "flag", "channel", "log_file", "log_line"]
    return deliveries.sort(order, nulls_last=True).unique([*STREAM, "at"], keep="first", maintain_order=True)


def assigned_reads(deliveries: pl.DataFrame, reads: pl.DataFrame) -> pl.DataFrame:
    """One row per read, exact copies once, with the time of the delivery it belongs to (null: opened unasked).

    ``seconds`` that are negative or no number are unknown and become null.
    """
    usable = (pl.col("seconds") >= 0) & pl.col("seconds").is_finite()
    distinct = reads.unique([*STREAM, "at", "seconds", "action"]).with_columns(
        seconds=pl.when(usable).then(pl.col("seconds"))
    )
    return with_delivery(deliveries, distinct)


def with_delivery(deliveries: pl.DataFrame, reads: pl.DataFrame) -> pl.DataFrame:
    """`reads` with ``delivered_at``, the latest delivery of that report to that person at or before each."""
    delivered = deliveries.select(*STREAM, "at", delivered_at="at").unique().sort("at")
    return reads.sort("at").join_asof(delivered, on="at", by=STREAM, strategy="backward", check_sortedness=False)


def attention(classes: pl.DataFrame, *, timezone: str = "UTC") -> pl.DataFrame:
    """One row per person and day with a delivery: deliveries, minutes needed, minutes spent.

    `classes` are the rows of ``read_classes``. Days are those of `timezone`; a read counts on the day of its delivery,
    so that both minutes speak of the same reports. Both leave out deliveries whose report has no words
    (``without_words``): what they need is unknown. ``untimed`` were opened for an unknown time.
    """
    measured = pl.col("words").is_not_null()
    return (
        classes.with_columns(day=local_day(pl.col("at"), timezone))
        .group_by("person", "day")
        .agg(
            deliveries=pl.len().cast(pl.Int64),
            measured=measured.sum().cast(pl.Int64),
            opened=(pl.col("opens") > 0).sum().cast(pl.Int64),
            untimed=((pl.col("opens") > 0) & pl.col("seconds").is_null()).sum().cast(pl.Int64),
            needed_minutes=pl.col("words").sum() / READING_WPM,
            spent_minutes=pl.col("seconds").filter(measured).sum() / 60,
            tracked=pl.col("opens").is_not_null().any(),
        )
        .sort("person", "day")
    )


def people(classes: pl.DataFrame, *, timezone: str = "UTC", min_deliveries: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per person who was sent a report, the largest gap between needed and spent minutes first.

    ``reports_per_day`` and minutes are means over the days with a delivery. ``flood_ratio`` = needed / spent, with
    its 95% interval over days (``low``, ``high``: null under 5 days); null under `min_deliveries` deliveries, and when
    nothing was spent: somebody who never reads has spent 0 and no ratio. Needed is null when no report sent has
    words; spent when that is so, when no read was logged at all, or when more than a tenth of what was opened was
    opened for an unknown time.
    """
    floods = _floods(attention(classes, timezone=timezone), min_deliveries=min_deliveries)
    gap = pl.col("needed_minutes") - pl.col("spent_minutes")
    return (
        floods.with_columns(without_words=pl.col("deliveries") - pl.col("measured"))
        .select(
            "person",
            reports_per_day=pl.col("deliveries") / pl.col("days"),
            needed_minutes=pl.col("needed_minutes") / pl.col("days"),
            spent_minutes=pl.col("spent_minutes") / pl.col("days"),
            flood_ratio="flood_ratio",
            low="low",
            high="high",
            days="days",
            deliveries="deliveries",
            without_words="without_words",
            untimed="untimed",
        )
        .sort(gap, "needed_minutes", "person", descending=[True, True, False], nulls_last=True)
    )


def company(classes: pl.DataFrame, *, timezone: str = "UTC", min_deliveries: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row, all people whose minutes are known, taken together; minutes are per person and day.

    No rows when nobody's are known, or under `min_deliveries` deliveries. ``days`` are calendar days, the draws of the
    interval; ``person_days`` are those of the means; ``never_reading`` counts the people who spent no time at all.
    """
    days = attention(classes, timezone=timezone)
    measured = _floods(days, min_deliveries=min_deliveries).drop_nulls(["needed_minutes", "spent_minutes"])
    counted = days.join(measured, on="person", how="semi")
    return (
        _floods(counted.with_columns(person=pl.lit(EVERYONE)), min_deliveries=min_deliveries)
        .rename({"person": "subject"})
        .filter(pl.col("measured") >= min_deliveries)
        .with_columns(
            people=pl.lit(measured.height, pl.Int64),
            never_reading=pl.lit(measured.filter(pl.col("spent_minutes") == 0).height, pl.Int64),
            person_days=pl.lit(counted.height, pl.Int64),
            needed_minutes=pl.col("needed_minutes") / counted.height,
            spent_minutes=pl.col("spent_minutes") / counted.height,
        )
    )


def _floods(person_days: pl.DataFrame, *, min_deliveries: int) -> pl.DataFrame:
    """One row per person: sums over their days, and needed / spent with its interval.

    The interval is the delta method on the logarithm, days being the draws (Cochran 1977, 6.4), Student's t.
    """
    daily = person_days.group_by("person", "day").agg(
        pl.col("deliveries", "measured", "opened", "untimed", "needed_minutes", "spent_minutes").sum(),
        pl.col("tracked").any(),
    )
    described = pl.col("measured") > 0
    timed = pl.col("tracked") & (pl.col("untimed") <= MAX_UNTIMED * pl.col("opened"))
    needed, spent = pl.col("needed_minutes"), pl.col("spent_minutes")
    residual = needed - spent * (needed.sum() / spent.sum())
    sums = (
        daily.sort("person", "day")
        .group_by("person", maintain_order=True)
        .agg(
            pl.col("deliveries", "measured", "opened", "untimed").sum(),
            pl.col("tracked").any(),
            days=pl.len().cast(pl.Int64),
            needed_minutes=needed.sum(),
            spent_minutes=spent.sum(),
            spread=(pl.len() * residual.pow(2).sum() / (pl.len() - 1)).sqrt() / needed.sum(),
        )
        .with_columns(
            needed_minutes=pl.when(described).then(needed), spent_minutes=pl.when(described & timed).then(spent)
        )
        .with_columns(flood_ratio=pl.when((spent > 0) & (pl.col("measured") >= min_deliveries)).then(needed / spent))
    )
    student = stdtrit((sums["days"] - 1).clip(1).to_numpy(), (1 + CONFIDENCE) / 2)
    half = pl.when((pl.col("days") >= MIN_DAYS) & pl.col("spread").is_finite()).then(
        pl.col("spread") * pl.Series(student, dtype=pl.Float64)
    )
    return sums.with_columns(low=pl.col("flood_ratio") / half.exp(), high=pl.col("flood_ratio") * half.exp()).drop(
        "spread"
    )
