"""What is read beside what was sent: openings by others than those whom a report was sent to, and forwarding."""

import polars as pl

from integrhealth.language.schema import COUNT
from integrhealth.language.thresholds import SLOWEST_READING_WPM

# What logs call passing a report on to somebody.
FORWARDING = ["forward", "forwarded", "share", "shared"]
COUNTS = ["unasked_opens", "forwards"]


def passed_on(assigned: pl.DataFrame, deliveries: pl.DataFrame) -> pl.DataFrame:
    """One row per report that was passed on: forwarded, or opened by somebody it was not sent to, after it was sent.

    `assigned` are the rows of ``reading.assigned_reads``. ``forwards`` by ``forwarders`` people are openings that the
    log calls so: they count as opened. ``other_opens`` by ``other_readers`` are those of people who were not sent the
    report by then, once others were, and ``other_minutes`` how long those took, null where none is timed. Whether they
    followed a forwarded mail, a link or a bookmark no log says.
    """
    first = deliveries.group_by("report").agg(first_sent=pl.col("at").min())
    other = pl.col("delivered_at").is_null() & (pl.col("at") >= pl.col("first_sent"))
    forward = pl.col("action").str.to_lowercase().is_in(FORWARDING).fill_null(False)
    seconds = pl.col("seconds").filter(other)
    return (
        assigned.join(first, on="report", how="left")
        .group_by("report")
        .agg(
            forwards=forward.sum().cast(COUNT),
            forwarders=pl.col("person").filter(forward).n_unique().cast(COUNT),
            other_opens=other.sum().cast(COUNT),
            other_readers=pl.col("person").filter(other).n_unique().cast(COUNT),
            other_minutes=pl.when(seconds.count() > 0).then(seconds.sum() / 60),
        )
        .filter((pl.col("forwards") > 0) | (pl.col("other_opens") > 0))
        .sort("other_opens", "forwards", "report", descending=[True, True, False])
    )


def beside_deliveries(assigned: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """One row per person: openings of what was not sent to her, the minutes of those, and what she forwarded.

    `assigned` are the rows of ``reading.assigned_reads``. A window left open is not reading: an opening of a report of
    known length counts no longer than the slowest reading.
    """
    slowest = pl.col("reading_words") / SLOWEST_READING_WPM
    unasked = pl.col("delivered_at").is_null()
    minutes = pl.min_horizontal(pl.col("seconds") / 60, slowest).filter(unasked & pl.col("seconds").is_not_null())
    forward = pl.col("action").str.to_lowercase().is_in(FORWARDING).fill_null(False)
    return (
        assigned.join(stock.select("report", "reading_words"), on="report", how="left")
        .group_by("person")
        .agg(
            unasked_opens=unasked.sum().cast(COUNT),
            unasked_minutes=pl.when(minutes.count() > 0).then(minutes.sum()),
            forwards=forward.sum().cast(COUNT),
        )
        .sort("person")
    )


def with_unasked(people: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """`people` with what they opened beside their deliveries; minutes per day with a delivery, as those spent are."""
    return people.join(beside, on="person", how="left", maintain_order="left").with_columns(
        pl.col(COUNTS).fill_null(0), unasked_minutes=pl.col("unasked_minutes") / pl.col("days")
    )
