"""Offered load, attempts and deliveries over time, and how fast a feed works off what has piled up."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import TIME
from integrhealth.language.thresholds import (
    BEHIND_RUN,
    BEHIND_TIMES,
    DOWN_SHARE,
    MAX_BINS,
    MIN_BIN_MESSAGES,
    MIN_RETRIES,
)

BIN_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
# Data of less than some hours are cut finer than by the minute, but not into more pieces than this.
FINE_BINS = 500
SECOND_US = 1_000_000
BINS = {
    "integration": pl.String(),
    "at": TIME,
    "seconds": pl.Int64(),
    "offered": pl.Int64(),
    "attempts": pl.Int64(),
    "delivered": pl.Int64(),
    "open": pl.Int64(),
    "running": pl.Int64(),
}


def load_bins(tried: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and time bin, empty ones included: integration, at, seconds, and counts.

    `tried` as ``chains.attempts`` gives it. ``offered`` counts new messages and ``attempts`` all attempts sent in
    it, ``delivered`` deliveries that ended in it; ``open`` messages and ``running`` attempts begun and not over when
    it begins. The time bin is the shortest that usually holds 10 new messages: a minute or longer, shorter where the
    data span only hours. Integrations with under 20 retries, or too few messages for an hour, are left out.
    """
    often = tried.group_by("integration").agg(n=pl.col("retry").sum()).filter(pl.col("n") >= MIN_RETRIES)
    followed = tried.select(row="before").drop_nulls().with_columns(followed=pl.lit(True))
    ended = pl.coalesce("finished_at", "answered_at", "sent_at").dt.epoch("us")
    rows = (
        tried.join(often, on="integration", how="semi")
        .join(followed, on="row", how="left")
        .select(
            "integration",
            "failed",
            begins=pl.col("new") | pl.col("blind"),
            ends=pl.col("followed").is_null(),
            sent=pl.col("sent_at").dt.epoch("us"),
            ended=pl.max_horizontal(ended, pl.col("sent_at").dt.epoch("us")),
        )
        .drop_nulls("sent")
    )
    grouped = rows.sort("integration").group_by("integration", maintain_order=True)
    return pl.concat([pl.DataFrame(schema=BINS), *(_binned(name, of_one) for (name,), of_one in grouped)])


def _binned(integration: str, rows: pl.DataFrame) -> pl.DataFrame:
    sent, ended = _within(rows["sent"].to_numpy()), rows["ended"].to_numpy()
    begins, ends = rows["begins"].to_numpy() & (sent >= 0), rows["ends"].to_numpy() & (sent >= 0)
    seconds = _bin_seconds(np.sort(sent[begins]))
    if seconds is None:
        return pl.DataFrame(schema=BINS)
    width = seconds * SECOND_US
    first = sent[sent >= 0].min() // width
    count = int(sent.max() // width - first + 1)

    def counted(at: NDArray, which: NDArray) -> NDArray:
        place = at[which & (sent >= 0)] // width - first
        return np.bincount(np.clip(place, 0, count), minlength=count + 1)[:count]

    every = np.ones(len(sent), bool)
    offered, attempts = counted(sent, begins), counted(sent, every)
    left = counted(ended, ends), counted(ended, every)
    open_, running = (
        np.concatenate([[0], np.cumsum(came - went)[:-1]]) for came, went in zip((offered, attempts), left, strict=True)
    )
    delivered = counted(ended, ~rows["failed"].to_numpy())
    return pl.DataFrame(
        {
            "integration": [integration] * count,
            "at": pl.Series((np.arange(count) + first) * width).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "seconds": [seconds] * count,
            "offered": offered,
            "attempts": attempts,
            "delivered": delivered,
            "open": open_,
            "running": running,
        },
        schema=BINS,
    )


def _within(sent: NDArray) -> NDArray:
    """Times as they are, -1 for the few that lie so far off (a clock that fell back to 1970) that no time bin fits."""
    low, high = np.quantile(sent, (0.001, 0.999))
    span = high - low + SECOND_US
    return np.where((sent >= low - span) & (sent <= high + span), sent, -1)


def _bin_seconds(sent: NDArray) -> int | None:
    """The shortest time bin in which a usual one holds enough new messages; none when even an hour does not."""
    span_s = (sent[-1] - sent[0]) / SECOND_US if len(sent) else 0
    for seconds in BIN_SECONDS:
        if seconds >= min(60, span_s / FINE_BINS) and span_s / seconds <= MAX_BINS:
            places = sent // (seconds * SECOND_US)
            held = np.diff(np.flatnonzero(np.diff(places, prepend=-1, append=places[-1:] + 1)))
            if len(held) and np.median(held) >= MIN_BIN_MESSAGES:
                return seconds
    return None


def drains(bins: pl.DataFrame, tried: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: peak_per_minute, drain_per_minute, drain_minutes.

    ``peak_per_minute`` are the most new messages of a minute. ``drain_per_minute`` is the median of what was delivered
    in time bins in which the integration was *behind*, ``drain_minutes`` how long that was; null and 0 when never.
    Behind: for three time bins in a row as many messages are open as usually come in one, three times as many as are
    usually open, attempts fail or wait three times as much as usual, and still some are delivered.
    """
    minutes = tried.filter(pl.col("new") & pl.col("sent_at").is_not_null()).group_by(
        "integration", minute=pl.col("sent_at").dt.truncate("1m")
    )
    peaks = minutes.agg(n=pl.len()).group_by("integration").agg(peak_per_minute=pl.col("n").max().cast(pl.Float64))
    marked = bins.with_columns(behind=behind())
    # A time bin or two behind is chance, or the end of an outage.
    run = pl.col("behind").rle_id().over("integration")
    marked = marked.with_columns(run=run).with_columns(
        behind=pl.col("behind") & (pl.len().over("integration", "run") >= BEHIND_RUN)
    )
    per_minute = pl.col("delivered") * 60 / pl.col("seconds")
    measured = marked.group_by("integration").agg(
        drain_per_minute=per_minute.filter("behind").median(),
        drain_minutes=(pl.col("seconds").filter("behind").sum() / 60),
    )
    return peaks.join(measured, on="integration", how="left").sort("integration")


def behind() -> pl.Expr:
    """Whether a time bin of ``load_bins`` begins with a backlog and is too busy to be through with it."""

    def usual(column: str) -> pl.Expr:
        return pl.col(column).quantile(0.25).over("integration")

    load = pl.col("offered").median().over("integration")
    failing = pl.col("attempts") - pl.col("delivered")
    usually_failing = (failing.clip(0) / pl.col("attempts").clip(1)).quantile(0.25).over("integration")
    busy = (pl.col("running") >= BEHIND_TIMES * usual("running").clip(1)) | (
        failing >= pl.col("attempts") * (BEHIND_TIMES * usually_failing).clip(0.2)
    )
    backlog = (pl.col("open") >= load) & (pl.col("open") >= BEHIND_TIMES * usual("open"))
    return backlog & busy & (pl.col("delivered") >= DOWN_SHARE * load) & (pl.col("attempts") > 0)
