"""What Prometheus sees of a stream of requests: counters and histograms of processes, scraped now and then.

Requests arrive as a Poisson process, take a lognormal time and fail at random. A process counts them from zero on, and
again from zero when it starts anew; the series of a status is there from its first request on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METRICS = ("time", "system", "metric", "statistic", "unit", "value")


def requests(
    seed: int, *, seconds: float, rate: float, failing: float = 0.02, median_s: float = 0.1, sigma: float = 1.0
) -> pl.DataFrame:
    """One row per request: second (of its end), took_s, code."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(seconds * rate)
    codes = np.where(rng.random(count) < failing, rng.choice(["500", "404", "503"], count), "200")
    times = np.sort(rng.random(count) * seconds)
    return pl.DataFrame({"second": times, "took_s": rng.lognormal(np.log(median_s), sigma, count), "code": codes})


def seen(stream: pl.DataFrame, scrapes: Sequence[float], starts: Sequence[float] = ()) -> pl.DataFrame:
    """The requests of `stream` that the `scrapes` of its process can show: all but those before the first scrape that
    shows any and after the last one, and between the scrape before a start of the process and that start."""
    first = min(scrape for scrape in scrapes if scrape >= stream["second"][0])
    lost = pl.lit(False)
    for start in starts:
        before = max(scrape for scrape in scrapes if scrape < start)
        lost |= (pl.col("second") > before) & (pl.col("second") <= start)
    return stream.filter((pl.col("second") > first) & (pl.col("second") <= max(scrapes)) & ~lost)


def scraped(
    stream: pl.DataFrame,
    scrapes: Sequence[float],
    *,
    starts: Sequence[float] = (),
    system: str = "orders",
    counter: str | None = "http_requests_total",
    histogram: str | None = "http_request_duration_seconds",
    labels: str = 'instance="a"',
    bounds: Sequence[float] = BOUNDS,
) -> pl.DataFrame:
    """The samples that `scrapes` (in seconds) take of a process that counts `stream` and begins anew at `starts`."""
    at = np.asarray(scrapes, float)
    begun = np.asarray([-1.0, *starts])
    begins = begun[np.searchsorted(begun, at, side="right") - 1]
    parts = []
    for (code,), rows in stream.group_by("code", maintain_order=True):
        if counter is not None:
            parts.append(_samples(rows, at, begins, f'{counter}{{code="{code}",{labels}}}', "cumulative"))
        if histogram is None:
            continue
        name = f'{histogram}{{code="{code}",{labels}}}'
        there = _count(rows, at, begins) > 0
        parts.append(_samples(rows, at, begins, name, "count"))
        for bound in (*bounds, np.inf):
            le = "+Inf" if np.isinf(bound) else f"{bound:g}"
            within = rows.filter(pl.col("took_s") <= bound)
            parts.append(_samples(within, at, begins, name, f"bucket le={le}", there=there))
    samples = pl.concat(parts)
    return samples.select(
        time=pl.lit(BEGIN) + pl.duration(microseconds=(pl.col("at") * 1e6).round().cast(pl.Int64)),
        system=pl.lit(system),
        metric="metric",
        statistic="statistic",
        unit=pl.lit(None, pl.String),
        value="value",
    ).cast({"time": pl.Datetime("us", "UTC")})


def messages(stream: pl.DataFrame, *, source: str = "web", target: str = "orders") -> pl.DataFrame:
    """The same requests as messages, logged when they end."""
    ended = pl.lit(BEGIN) + pl.duration(microseconds=(pl.col("second") * 1e6).cast(pl.Int64))
    status = pl.col("code").replace_strict({"200": "ok", "404": "rejected"}, default="failed")
    took = pl.duration(microseconds=(pl.col("took_s") * 1e6).cast(pl.Int64))
    return stream.with_row_index("message_id").select(
        pl.col("message_id").cast(pl.String),
        source=pl.lit(source),
        target=pl.lit(target),
        kind=pl.lit("request"),
        sent_at=ended - took,
        answered_at=ended,
        status=status,
    )


def every(seconds: float, until: float, *, offset: float = 0.0, lost: Sequence[int] = ()) -> list[float]:
    """Scrapes every so many seconds, without those that are `lost`, by number."""
    times = np.arange(offset, until, seconds)
    return [float(time) for number, time in enumerate(times) if number not in lost]


def moment(second: float) -> datetime:
    """The time of a second of the stream."""
    return BEGIN + timedelta(seconds=second)


def _count(rows: pl.DataFrame, at: np.ndarray, begins: np.ndarray) -> np.ndarray:
    times = rows["second"].to_numpy()
    return np.searchsorted(times, at, side="right") - np.searchsorted(times, begins, side="right")


def _samples(
    rows: pl.DataFrame,
    at: np.ndarray,
    begins: np.ndarray,
    metric: str,
    statistic: str,
    there: np.ndarray | None = None,
) -> pl.DataFrame:
    counts = _count(rows, at, begins)
    there = counts > 0 if there is None else there
    frame = {"at": at[there], "value": counts[there].astype(float)}
    return pl.DataFrame(frame).with_columns(metric=pl.lit(metric), statistic=pl.lit(statistic))
