"""What red flags came to: per incident that they announced, and in all."""

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER
from integrhealth.language.statistics import wilson_interval

SHARE = {
    "flagged": COUNT,
    "linked": COUNT,
    "unread": COUNT,
    "share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "incidents": COUNT,
    "missed": COUNT,
    "minutes_earlier": NUMBER,
}


def announced(linked: pl.DataFrame) -> pl.DataFrame:
    """One row per incident that red flags announced, the longest unread first; `linked` are rows of ``announcing``.

    ``read_at`` is when anybody first read one of them, ``unread_minutes`` what passed from the first flag to then or
    to the incident. ``missed``: nobody had read any before it.
    """
    soon = pl.min_horizontal("read_at", "began")
    return (
        linked.sort("delivered_at", "linked_by", "about", "flag", "report", "person")
        .group_by("incident", "began", maintain_order=True)
        .agg(
            pl.col("linked_by", "about", "flag", "report").first(),
            flags=pl.struct("report", "flag", "delivered_at").n_unique().cast(pl.Int64),
            people=pl.col("person").n_unique().cast(pl.Int64),
            deliveries=pl.len().cast(pl.Int64),
            unread=pl.col("unread").sum().cast(pl.Int64),
            flagged_at=pl.col("delivered_at").min(),
            read_at=pl.col("seen_at").min(),
            chance=pl.col("chance").min(),
        )
        .with_columns(
            missed=pl.col("unread") == pl.col("deliveries"),
            minutes_earlier=_minutes(pl.col("began") - pl.col("flagged_at")),
            unread_minutes=_minutes(soon - pl.col("flagged_at")),
        )
        .sort("missed", "unread_minutes", "incident", descending=[True, True, False])
    )


def _minutes(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 60_000_000


def red_flag_share(flagged: int, linked: pl.DataFrame, incidents: pl.DataFrame) -> pl.DataFrame:
    """One row, or none where nothing was announced: how many of all announcing deliveries were not read in time.

    The 95% interval is Wilson's over the announced `incidents`, not over deliveries: those who got the same flag may
    all have had the same reason. ``minutes_earlier`` is the median of the incidents that were missed.
    """
    if linked.is_empty():
        return pl.DataFrame(schema=SHARE)
    unread = linked["unread"].sum()
    share, independent = unread / linked.height, incidents.height
    low, high = wilson_interval([share * independent], [independent])
    missed = incidents.filter("missed")
    row = {
        "flagged": flagged,
        "linked": linked.height,
        "unread": unread,
        "share": share,
        "low": low[0],
        "high": high[0],
        "incidents": independent,
        "missed": missed.height,
        "minutes_earlier": missed["minutes_earlier"].median(),
    }
    return pl.DataFrame([row], schema=SHARE)
