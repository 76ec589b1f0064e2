"""Arrivals as they come in companies: by the hour of the day and of the week, one by one, in bursts, by the clock."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
WEEK, DAY = 168, 24


def moment(hours: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(microseconds=int(hours * 3.6e9))


def sent(integration: str | None, hours: np.ndarray, **columns) -> pl.DataFrame:
    """One message per moment, each a trace of its own; `columns` are one value for all, or an array of them."""
    frame = pl.DataFrame({"us": (np.asarray(hours) * 3.6e9).astype(np.int64)}, schema={"us": pl.Int64})
    given = {"source": "source", "target": "target", "status": "ok", "kind": "request"} | columns
    values = {
        name: pl.Series(value[: frame.height]) if isinstance(value, np.ndarray) else pl.lit(value)
        for name, value in given.items()
    }
    number = pl.format("{} {} {}", pl.lit(f"{integration} {given['status']}"), "us", pl.int_range(pl.len()))
    return conform(
        frame.with_columns(
            message_id=number,
            trace_id=number,
            integration=pl.lit(integration, pl.String),
            sent_at=pl.lit(START) + pl.duration(microseconds="us"),
            **values,
        ),
        "messages",
    )


def evidence(*frames: pl.DataFrame, unseen: str | None = None, timezone: str = "UTC") -> Evidence:
    """Evidence of these messages; `unseen` is an integration that the catalog declares."""
    declared = [{"integration": unseen}] if unseen else []
    catalog = Catalog(timezone=timezone, integrations=pl.DataFrame(declared, schema=CATALOG["integrations"]))
    return Evidence(messages=pl.concat(frames), catalog=catalog)


def rhythm(kind: str, weeks: int) -> np.ndarray:
    """Weights of the hours, one for each week in all: nights are quiet, offices rest at the weekend, shops half."""
    hour = np.arange(weeks * WEEK)
    of_day, of_week = hour % DAY, hour // DAY % 7
    by_day = np.exp(-(((of_day - 13) / 4) ** 2)) + 0.02
    weights = {
        "flat": np.ones(hour.size),
        "shop": by_day * np.where(of_week >= 5, 0.5, 1),
        "office": ((of_day >= 8) & (of_day < 18)) * np.where(of_week >= 5, 0.0, 1.0),
    }[kind]
    return weights / weights.sum() * weeks


def by_rhythm(kind: str, a_week: float, weeks: int, *, seed: int, trend: float = 0.0, busy: int = 1) -> np.ndarray:
    """Moments of a Poisson process in hours after the start: `a_week` of them, growing by `trend` a week, `busy` times
    as many on the last three days of each month."""
    rng = np.random.default_rng([seed, weeks])
    hour = np.arange(weeks * WEEK)
    rate = rhythm(kind, weeks) * a_week * np.exp(trend * hour / WEEK)
    return _at_random(rate * np.where(hour // DAY % 30 >= 27, busy, 1), rng)


def _at_random(rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    counts = rng.poisson(rate)
    return np.sort(np.repeat(np.arange(rate.size), counts) + rng.random(counts.sum()))


def in_bursts(a_week: float, weeks: int, *, seed: int) -> np.ndarray:
    """About five messages at a time, some minutes apart."""
    rng = np.random.default_rng([seed, weeks, 1])
    first = _at_random(rhythm("shop", weeks) * a_week / 5, rng)
    many = rng.geometric(0.2, first.size)
    each = np.repeat(first, many) + rng.exponential(0.2, many.sum())
    return np.sort(each[each < weeks * WEEK])


def daily(weeks: int, *, hour: float, late: float, seed: int, working_days: bool = False) -> np.ndarray:
    """One a day at the `hour`, up to some times `late` hours later."""
    rng = np.random.default_rng([seed, weeks, 2])
    days = np.arange(weeks * 7)
    days = days[days % 7 < 5] if working_days else days
    return np.sort(days * DAY + hour + rng.exponential(late, days.size))


def landscape(seed: int, *, weeks: int) -> dict[str, np.ndarray]:
    """Sixteen integrations in which nothing is wrong, seldom and often, by day, by night and by the clock."""
    seeds = iter(range(100 * seed, 100 * seed + 100))
    drawn = {
        f"{kind} {a_week}": by_rhythm(kind, a_week, weeks, seed=next(seeds))
        for kind, counts in (("office", (10, 60, 500)), ("shop", (10, 60, 500, 2500)), ("flat", (10, 400)))
        for a_week in counts
    }
    return drawn | {
        "growing": by_rhythm("shop", 200, weeks, seed=next(seeds), trend=0.1),
        "fading": by_rhythm("shop", 300, weeks, seed=next(seeds), trend=-0.1),
        "month end": by_rhythm("office", 100, weeks, seed=next(seeds), busy=5),
        "bursts": in_bursts(300, weeks, seed=next(seeds)),
        "batch": daily(weeks, hour=2, late=0.5, seed=next(seeds)),
        "batch of working days": daily(weeks, hour=4, late=0.3, seed=next(seeds), working_days=True),
        "beat": np.arange(0, weeks * WEEK, 0.5) + 0.01,
    }
