"""Storms: retries that pile up after a surge or an outage, and some that stay when it is over.

A storm is metastable where retries alone keep the feed overloaded: the trigger is gone, the load is normal again, and
still less gets through (Bronson et al., HotOS 2021; Huang et al., OSDI 2022). Nobody says when the trigger ended: a
surge ends when the offered load is back, an outage when anything is delivered again.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import TIME
from integrhealth.language.statistics import Z
from integrhealth.language.thresholds import (
    DOWN_SHARE,
    GOODPUT_LOST,
    MIN_STORM_BINS,
    RESUMED_SHARE,
    STORM_AMPLIFICATION,
    STORM_CALM_BINS,
    STORM_LEVEL,
    SURGE_SIGMAS,
    SURGE_TIMES,
    USUAL_BINS,
)

STORMS = {
    "integration": pl.String(),
    "trigger": pl.String(),
    "started_at": TIME,
    "trigger_ended_at": TIME,
    "ended_at": TIME,
    "minutes": pl.Float64(),
    "offered_before_per_minute": pl.Float64(),
    "offered_after_per_minute": pl.Float64(),
    "goodput_before_per_minute": pl.Float64(),
    "goodput_after_per_minute": pl.Float64(),
    "goodput_change": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "attempts_per_message": pl.Float64(),
    "messages_after": pl.Int64(),
    "drain_actual_minutes": pl.Float64(),
    "drain_predicted_minutes": pl.Float64(),
    "drain_ratio": pl.Float64(),
    "sustained": pl.Boolean(),
}


def retry_storms(bins: pl.DataFrame, drains: pl.DataFrame) -> pl.DataFrame:
    """One row per storm, in the order of integrations and time.

    `bins` and `drains` as ``bins.load_bins`` and ``bins.drains`` give them. A storm is a run of time bins with at least
    half again as many attempts per message as in the calm tenth of the data, around a ``trigger``: a surge (offered
    load above 1.5 times the usual one) or an outage (under a tenth of the usual deliveries). *Before* are the up to 60
    time bins ahead of it; *after* as many after the trigger's end as it took, at least three, at a normal load.
    ``goodput_change`` = deliveries per new message, after against before. ``sustained``: retries stayed for all of
    *after*, and goodput is down by over 10%, p < 0.01 (binomial); null when the data end sooner. The drain is predicted
    as (L - mu) T / (mu - l0), in an outage with nothing served L T / (mu - l0); null where mu is unknown or below l0,
    or the storm never ended.
    """
    rates = dict(drains.select("integration", "drain_per_minute").iter_rows())
    parts = [pl.DataFrame(schema=STORMS)]
    for (name,), rows in bins.group_by("integration", maintain_order=True):
        parts.append(_storms_of(name, rows, rates.get(name)))
    return pl.concat(parts).sort("integration", "started_at")


def retry_load(bins: pl.DataFrame, storms: pl.DataFrame) -> pl.DataFrame:
    """One row per time bin around the worst storm: integration, at, minutes, and what happened per minute.

    The worst outlived its trigger, else lasted longest. As much is shown before it and after it as it lasted, at
    least an eighth of 60 time bins and at most 60.
    """
    worst = storms.sort(
        pl.col("sustained").fill_null(False),
        "minutes",
        "integration",
        "started_at",
        descending=[True, True, False, False],
    ).head(1)
    minutes = pl.col("seconds") / 60
    around = bins.join(worst.select("integration", "started_at", "ended_at", lasted="minutes"), on="integration")
    margin = pl.duration(
        seconds=(pl.col("lasted") * 60).clip(pl.col("seconds") * USUAL_BINS / 8, pl.col("seconds") * USUAL_BINS)
    )
    until = pl.coalesce("ended_at", pl.col("at").max()) + margin
    return (
        around.filter(pl.col("at").is_between(pl.col("started_at") - margin, until))
        .select(
            "integration",
            "at",
            minutes=minutes,
            offered_per_minute=pl.col("offered") / minutes,
            attempts_per_minute=pl.col("attempts") / minutes,
            goodput_per_minute=pl.col("delivered") / minutes,
        )
        .sort("at")
    )


def _storms_of(integration: str, rows: pl.DataFrame, drain_per_minute: float | None) -> pl.DataFrame:
    offered, attempts, delivered = (rows[name].to_numpy() for name in ("offered", "attempts", "delivered"))
    per_message = attempts / np.maximum(offered, 1)
    calm = max(1.0, np.quantile(per_message[offered > 0], 0.1)) if (offered > 0).any() else 1.0
    stormy = (per_message >= STORM_AMPLIFICATION * calm) & (attempts - offered >= MIN_STORM_BINS)
    storms = []
    for start, stop in _runs(stormy, STORM_CALM_BINS):
        usual = np.flatnonzero(~stormy[:start])[-USUAL_BINS:]
        if len(usual) < MIN_STORM_BINS:
            continue
        load, served = np.median(offered[usual]), np.median(delivered[usual])
        surge = (offered > SURGE_TIMES * load) & (offered - load > SURGE_SIGMAS * np.sqrt(load))
        down = delivered < DOWN_SHARE * served
        near = slice(max(0, start - STORM_CALM_BINS), min(stop, start + STORM_CALM_BINS))
        trigger = "surge" if surge[near].any() else "outage"
        # A surge may have gone on for a while before the first retries.
        blocks = _runs(surge if trigger == "surge" else down, 1)
        blocks = [block for block in blocks if near.start < block[1] and block[0] < stop]
        if not blocks:
            continue
        begun, over = blocks[0]
        usual = usual[(usual < begun) & ~surge[usual]]
        if len(usual) < MIN_STORM_BINS:
            continue
        span = max(over - begun, MIN_STORM_BINS)
        # Zero deliveries are the outage going on, unless they had come back: then it is the retries that choke it.
        back = trigger == "surge" or delivered[over : over + MIN_STORM_BINS].max(initial=0) >= RESUMED_SHARE * served
        normal = ~surge & (~down | back)
        after = over + np.flatnonzero(normal[over:])[:span]
        ongoing = stop >= len(offered) - 1
        storms.append(
            {"integration": integration, "trigger": trigger, "started_at": begun, "trigger_ended_at": over}
            | {"ended_at": None if ongoing else stop, "attempts_per_message": per_message[begun:stop].max()}
            | _compared(offered, delivered, usual, after)
            | {"trigger_load": offered[begun:over].mean()}
            | {"lasting": len(after) == span and bool(after[-1] < stop), "cut": len(after) < span and ongoing}
        )
    return _table(storms, rows, drain_per_minute)


def _runs(flags: NDArray, gap: int) -> list[tuple[int, int]]:
    """Start and stop of each run of true `flags`, those less than `gap` + 1 apart taken as one."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    apart = starts[1:] - stops[:-1] > gap
    return list(
        zip(
            starts[np.concatenate([[True], apart])[: len(starts)]].tolist(),
            stops[np.concatenate([apart, [True]])[-len(stops) :] if len(stops) else []].tolist(),
            strict=True,
        )
    )


def _compared(offered: NDArray, delivered: NDArray, before: NDArray, after: NDArray) -> dict[str, float | None]:
    """Offered load and goodput per time bin, before and after, and how goodput per new message changed."""
    from scipy.special import bdtr

    new, came = offered[before].sum(), delivered[before].sum()
    again, got = offered[after].sum(), delivered[after].sum()
    compared = {
        "offered_before_per_minute": offered[before].mean(),
        "goodput_before_per_minute": delivered[before].mean(),
        "offered_after_per_minute": offered[after].mean() if len(after) else None,
        "goodput_after_per_minute": delivered[after].mean() if len(after) else None,
        "messages_after": int(again),
        "goodput_change": None,
        "low": None,
        "high": None,
        "p_value": 1.0,
    }
    if not (new and came and again):
        return compared
    ratio = (got / again) / (came / new)
    # Half an event more keeps the interval finite where nothing at all came through.
    factor = np.exp(Z * np.sqrt(1 / (got + 0.5) + 1 / came))
    middle = ((got + 0.5) / again) / (came / new)
    return compared | {
        "goodput_change": ratio - 1,
        "low": middle / factor - 1,
        "high": middle * factor - 1,
        "p_value": float(bdtr(got, got + came, again / (again + new))),
    }


def _table(storms: list[dict], rows: pl.DataFrame, drain_per_minute: float | None) -> pl.DataFrame:
    """The storms of one integration, from counts per time bin to times, minutes and rates."""
    if not storms:
        return pl.DataFrame(schema=STORMS)
    seconds = rows["seconds"][0]
    minutes, begins = seconds / 60, rows["at"][0]

    def at(place: str) -> pl.Expr:
        return (pl.lit(begins) + pl.duration(seconds=pl.col(place) * seconds)).cast(TIME)

    load, surge_load = pl.col("offered_before_per_minute"), pl.col("trigger_load")
    drain = pl.lit(drain_per_minute, pl.Float64)
    # What the surge brought beyond what could be served, or all that came while nothing was.
    piled_up = pl.when(pl.col("trigger") == "surge").then((surge_load - drain).clip(0)).otherwise(surge_load)
    lost = (pl.col("p_value") < STORM_LEVEL) & (pl.col("goodput_change") < -GOODPUT_LOST)
    return (
        pl.DataFrame(storms, infer_schema_length=None)
        .with_columns(
            minutes=(pl.coalesce("ended_at", pl.lit(rows.height)) - pl.col("started_at")) * minutes,
            trigger_minutes=(pl.col("trigger_ended_at") - pl.col("started_at")) * minutes,
            drain_actual_minutes=(pl.col("ended_at") - pl.col("trigger_ended_at")) * minutes,
            sustained=pl.when(~pl.col("cut")).then(pl.col("lasting") & lost),
            trigger_load=surge_load / minutes,
            **{name: pl.col(name).cast(pl.Float64) / minutes for name in STORMS if name.endswith("per_minute")},
        )
        .with_columns(
            drain_predicted_minutes=pl.when(drain > load).then(piled_up * pl.col("trigger_minutes") / (drain - load)),
            **{name: at(name) for name in ("started_at", "trigger_ended_at", "ended_at")},
        )
        .with_columns(
            drain_ratio=pl.when(pl.col("drain_predicted_minutes") > 0).then(
                pl.col("drain_actual_minutes") / pl.col("drain_predicted_minutes")
            )
        )
        .select(*STORMS)
        .cast(STORMS)
    )
