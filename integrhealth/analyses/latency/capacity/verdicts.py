"""Whether a system would hold at so many times its normal load: by a load test, by traffic, by its curve."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from integrhealth.analyses.latency.capacity import demand as asked
from integrhealth.analyses.latency.capacity.curves import FEW, Curve, curve
from integrhealth.analyses.latency.capacity.load import loads
from integrhealth.analyses.latency.tables import TABLES
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import TAIL, enough
from integrhealth.language.thresholds import LATE_SHARE, LOAD_BINS, WINDOW_COMPLETIONS, WINDOW_MINUTES

HOLDS, SLOWS, BREAKS, UNKNOWN = "holds", "slows", "breaks", "cannot tell"
TEST, TRAFFIC, CURVE = "load test", "traffic", "curve"
MULTIPLES = {"at_3x": 3, "at_10x": 10}
FURTHER = (
    *(f"{name}_by" for name in MULTIPLES),
    "reason",
    "normal_per_minute",
    "mean_per_minute",
    "busiest_per_minute",
    "done_per_minute",
    "queue",
    "sigma",
    "kappa",
    "gamma",
    "peak_concurrency",
    "minutes",
    "sustained_per_minute",
    "observed_headroom",
    "tested_per_minute",
    "tested_error_share",
    "tested_multiple",
)
# The columns of a drawn curve, and its points.
DRAWN, CURVE_STEPS = ("concurrency", "throughput_per_minute", "low", "high"), 60
FITTED = {
    "system": TEXT,
    "capacity_per_minute": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "reason": TEXT,
    "gamma": NUMBER,
    "sigma": NUMBER,
    "kappa": NUMBER,
    "peak_concurrency": NUMBER,
    "minutes": COUNT,
}


def windows(facts: pl.DataFrame) -> pl.DataFrame:
    """The loads of every system in windows as short as its traffic allows, as `loads` gives them.

    How busy a minute is, is asked of the messages: the mean over them of what their minute completes. Systems with less
    in an hour have no rows.
    """
    traffic = facts.filter(~pl.col("load_test"))
    done = pl.col("completions")
    busy = traffic.group_by("system").agg(per_minute=(done * done).sum() / done.sum())
    width = pl.coalesce(
        pl.when(pl.col("per_minute") * minutes >= WINDOW_COMPLETIONS).then(minutes) for minutes in WINDOW_MINUTES
    )
    widths = busy.filter(pl.col("per_minute").is_finite()).select("system", minutes=width.cast(pl.Int64))
    return loads(traffic, widths.drop_nulls())


def curves(loaded: pl.DataFrame) -> dict[str, tuple[Curve, int]]:
    """The curve of every system that is `loaded` (as `windows` gives them), and the minutes of all of its windows."""
    fits = {}
    for (system,), of_one in loaded.group_by("system", maintain_order=True):
        minutes = of_one["minutes"][0]
        throughput = of_one["completions"].to_numpy() / minutes
        fits[system] = curve(throughput, of_one["concurrency"].to_numpy(), minutes=minutes), minutes * of_one.height
    return fits


def fitted_table(fits: Mapping[str, tuple[Curve, int]]) -> pl.DataFrame:
    """One row per system with a curve: capacity with its interval, the terms of its law, or the reason for none."""
    rows = []
    for system, (fit, minutes) in fits.items():
        law, answered = fit.law, fit.reason is None
        terms = [float(each[0]) for each in (law.gamma, law.sigma, law.kappa)] if answered else [None] * 3
        peak = float(law.peak_concurrency[0]) if answered and law.kappa[0] > 0 else None
        rows.append((system, fit.capacity, fit.low, fit.high, fit.reason, *terms, peak, minutes))
    return pl.DataFrame(rows, schema=FITTED, orient="row")


def sustained(loaded: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """system, sustained_per_minute: the highest throughput at which 95 of 100 messages were as fast as promised.

    `loaded` as `windows` gives them, in bins of equal width by throughput; a bin of fewer than `min_messages` messages
    with a promise says nothing.
    """
    rate = pl.col("completions") / pl.col("minutes")
    least, most = rate.min().over("system"), rate.max().over("system")
    place = ((rate - least) / (most - least) * LOAD_BINS).fill_nan(0).floor().clip(0, LOAD_BINS - 1)
    bins = loaded.group_by("system", place=place).agg(rate.mean().alias("rate"), pl.col("timed", "late").sum())
    kept = enough(pl.col("timed"), min_messages) & (pl.col("late") <= LATE_SHARE * pl.col("timed"))
    return bins.filter(kept).group_by("system").agg(sustained_per_minute=pl.col("rate").max())


def capacities(
    facts: pl.DataFrame, loaded: pl.DataFrame, fits: Mapping[str, tuple[Curve, int]], *, min_messages: int
) -> pl.DataFrame:
    """One row per system that messages come to, the one with the least room first, as the question `capacity` says."""
    hourly = asked.hours(facts)
    demanded = asked.demand(facts, hourly)
    parts = [
        fitted_table(fits),
        asked.tested(facts, demanded),
        sustained(loaded, min_messages=min_messages),
        *(
            asked.came_through(hourly, demanded, multiple, min_messages=min_messages).rename({"came_through": name})
            for name, multiple in {f"came_{name}": multiple for name, multiple in MULTIPLES.items()}.items()
        ),
    ]
    joined = demanded
    for part in parts:
        joined = joined.join(part, on="system", how="left", maintain_order="left")
    normal = pl.col("normal_per_minute")
    judged = joined.with_columns(
        reason=pl.when(pl.col("capacity_per_minute").is_null()).then(pl.col("reason").fill_null(FEW)),
        observed_headroom=pl.when(normal > 0).then(pl.col("sustained_per_minute") / normal),
        **{name: _verdict(name, multiple) for name, multiple in MULTIPLES.items()},
        **{f"{name}_by": _by(name, multiple) for name, multiple in MULTIPLES.items()},
    )
    published = TABLES["capacity"]
    order = pl.col("capacity_per_minute") / pl.col("busiest_per_minute")
    return judged.select(*published, *FURTHER).sort(order, "system", nulls_last=True)


def _evidence(name: str, multiple: int) -> list[tuple[pl.Expr, str, str]]:
    """What is asked in turn, what it answers when true, and what that rests on."""
    reached, failing = pl.col("tested_multiple"), pl.col("test_failed")
    wanted, whole_day = (multiple * pl.col(each) for each in ("normal_per_minute", "mean_per_minute"))
    low, high, queue = pl.col("low"), pl.col("high"), pl.col("queue")
    return [
        ((reached >= multiple) & ~failing, HOLDS, TEST),
        ((reached <= multiple) & failing, BREAKS, TEST),
        (wanted <= low, HOLDS, CURVE),
        (queue & (whole_day < low), SLOWS, CURVE),
        (~queue & (wanted > high), BREAKS, CURVE),
        (queue & (whole_day > high), BREAKS, CURVE),
        (pl.col(f"came_{name}"), HOLDS, TRAFFIC),
    ]


def _verdict(name: str, multiple: int) -> pl.Expr:
    answers = [pl.when(true).then(pl.lit(verdict)) for true, verdict, _ in _evidence(name, multiple)]
    return pl.coalesce(*answers, pl.lit(UNKNOWN))


def _by(name: str, multiple: int) -> pl.Expr:
    return pl.coalesce(pl.when(true).then(pl.lit(source)) for true, _, source in _evidence(name, multiple))


def load_points(fits: Mapping[str, tuple[Curve, int]]) -> pl.DataFrame:
    """One row per system and bin of its windows: the points of its curve, by throughput."""
    rows = [
        (system, float(x), float(n), float(n / x * 60_000), int(count))
        for system, (fit, _) in fits.items()
        for x, n, count in zip(fit.throughput, fit.concurrency, fit.windows, strict=True)
    ]
    columns = {"throughput_per_minute": NUMBER, "concurrency": NUMBER, "response_ms": NUMBER, "windows": COUNT}
    return pl.DataFrame(rows, schema={"system": TEXT} | columns, orient="row").sort("system", "throughput_per_minute")


def load_curve(fits: Mapping[str, tuple[Curve, int]]) -> pl.DataFrame:
    """One row per system with a capacity and concurrency, up to half as much again as was seen or to the peak."""
    frames = [pl.DataFrame(schema={"system": TEXT} | dict.fromkeys(DRAWN, NUMBER))]
    for system, (fit, _) in fits.items():
        if fit.reason is None:
            seen, peak = float(fit.concurrency.max()), float(fit.law.peak_concurrency[0])
            steps = np.geomspace(fit.concurrency.min(), max(1.5 * seen, min(1.2 * peak, 4 * seen)), CURVE_STEPS)
            low, high = np.quantile(fit.resampled.throughput(steps), [TAIL, 1 - TAIL], axis=0)
            drawn = zip(DRAWN, (steps, fit.law.throughput(steps)[0], low, high), strict=True)
            frames.append(pl.DataFrame(dict(drawn)).select(pl.lit(system).alias("system"), *DRAWN))
    return pl.concat(frames).sort("system", "concurrency")
