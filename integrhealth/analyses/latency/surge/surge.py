"""What several times the busiest day would do to every integration: backlog, drain, age, timeouts and retries."""

import numpy as np
import polars as pl

from integrhealth.analyses.latency.surge.arrivals import FEED
from integrhealth.analyses.latency.surge.replay import (
    DAY,
    Feeds,
    Replay,
    backlogs,
    drain_minutes,
    longest_waits,
    replayed,
)
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import SURGE_DAYS, SURGE_MULTIPLES, SURGE_WAIT_MINUTES, UNANSWERED_MINUTES

# Verdicts, the worst first.
VERDICTS = ("breaks", "slows", "cannot tell", "holds")
# The three capacities that are replayed: what is estimated, and the ends of its interval.
ENDS = ("capacity_per_minute", "low", "high")
# What else the capacity of a system says: why there is none, and how a load test went.
SAID = ("reason", "tested_multiple", "tested_error_share")
SUFFIXES = ("", "_low", "_high")
FIGURES = ("peak_backlog", "drain", "oldest", "timeouts", "lost", "retries")
SURGE = {
    "integration": TEXT,
    "multiple": NUMBER,
    "peak_backlog": NUMBER,
    "drain_minutes": NUMBER,
    "oldest_minutes": NUMBER,
    "system": TEXT,
    "verdict": TEXT,
    "sure": FLAG,
    "why": TEXT,
    "day": TIME,
    "messages": COUNT,
    "demand_per_minute": NUMBER,
    "capacity_per_minute": NUMBER,
    "capacity_low": NUMBER,
    "capacity_high": NUMBER,
    "peak_backlog_low": NUMBER,
    "peak_backlog_high": NUMBER,
    "drain_low_minutes": NUMBER,
    "drain_high_minutes": NUMBER,
    "oldest_low_minutes": NUMBER,
    "oldest_high_minutes": NUMBER,
    "queued": FLAG,
    "limit_minutes": NUMBER,
    "timeouts": NUMBER,
    "retries": NUMBER,
    "lost": NUMBER,
    "duplicates": NUMBER,
    "tested_multiple": NUMBER,
    "tested_error_share": NUMBER,
}


def lines(minutes: pl.DataFrame, patience: pl.DataFrame, capacity: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and system, those of one system side by side: what the replay needs to know of each.

    `minutes` as ``arrivals.minute_facts``, `patience` as ``patience.patience`` and `capacity` as the question of that
    name gives them; what a system can take is null where nobody knows, and has a reason.
    """
    totals = minutes.group_by("target", "integration").agg(
        pl.col("day").first(), pl.col("messages").sum(), most=pl.col("messages").max()
    )
    of_system = capacity.select(pl.col("system").alias("target"), *ENDS, *SAID)
    of_system = of_system.unique("target", keep="first", maintain_order=True)
    estimate, low, high = (pl.col(end) for end in ENDS)
    usable = pl.when((estimate > 0) & estimate.is_finite())
    return (
        totals.join(patience, on=FEED, how="left")
        .join(of_system, on="target", how="left")
        .with_columns(
            usable.then(estimate).alias("capacity_per_minute"),
            low=usable.then(pl.when(low > 0).then(pl.min_horizontal(low, estimate)).otherwise(estimate)),
            high=usable.then(pl.when(high.is_finite()).then(pl.max_horizontal(high, estimate)).otherwise(estimate)),
        )
        .sort("target", "integration")
    )


def feeds(rows: pl.DataFrame, minutes: pl.DataFrame) -> Feeds:
    """The `rows` of ``lines`` and their minutes of `minutes` as arrays.

    Retries that followed a timeout are left out of the day: the replay makes its own.
    """
    placed = minutes.join(rows.with_row_index("place"), on=["target", "integration"], how="inner", suffix="_day")
    made = pl.when(pl.col("limit_minutes").is_not_null()).then(pl.col("timeout_share") * pl.col("retries")).otherwise(0)
    again = np.array(rows["tried_again"].to_list(), float).reshape(rows.height, -1)
    # Attempts that nobody makes need no place; the last has none after it.
    most = np.flatnonzero(again.any(axis=0)).max(initial=-1) + 2
    sent = np.zeros((rows.height, DAY))
    sent[placed["place"].to_numpy(), placed["minute"].to_numpy()] = placed.select(pl.col("messages") - made).to_series()
    return Feeds(
        sent=sent,
        system=rows["target"].rle_id().to_numpy().astype(int),
        limit=rows["limit_minutes"].fill_null(float("inf")).to_numpy(),
        pause=rows["pause_minutes"].to_numpy(),
        again=again[:, :most],
    )


def surge(rows: pl.DataFrame, minutes: pl.DataFrame, *, multiples: tuple[float, ...] = SURGE_MULTIPLES) -> pl.DataFrame:
    """One row per integration and multiple, the worst first, as the question ``surge`` tells.

    `rows` as ``lines`` and `minutes` as ``arrivals.minute_facts`` give them. An integration with several targets is as
    good as the worst of them, whose row it is.
    """
    each = rows.select(
        "integration",
        "day",
        "queued",
        "limit_minutes",
        "idempotent",
        "capacity_per_minute",
        *SAID,
        system="target",
        demand="most",
        sent="messages",
        capacity_low="low",
        capacity_high="high",
    )
    judged = [each.filter(pl.col("capacity_per_minute").is_null()).join(_multiples(multiples), how="cross")]
    usable = rows.filter(pl.col("capacity_per_minute").is_not_null())
    if usable.height:
        judgeable = each.filter(pl.col("capacity_per_minute").is_not_null())
        judged.append(pl.concat([judgeable] * len(multiples)).hstack(_figures(usable, minutes, multiples)))
    return _verdicts(pl.concat(judged, how="diagonal"))


def _multiples(multiples: tuple[float, ...]) -> pl.DataFrame:
    return pl.DataFrame({"multiple": multiples}, schema={"multiple": NUMBER})


def _figures(rows: pl.DataFrame, minutes: pl.DataFrame, multiples: tuple[float, ...]) -> pl.DataFrame:
    """The figures of `rows` at each of `multiples`, all rows of the first multiple first."""
    drawn = feeds(rows, minutes)
    replay = replay_of(rows, drawn, multiples, ends=ENDS)
    waits = longest_waits(drawn, replay)
    figures = {
        "peak_backlog": backlogs(drawn, replay).max(axis=2),
        "drain": np.where(waits > 0, drain_minutes(drawn, replay)[drawn.system], 0),
        "oldest": waits,
        **{name: getattr(replay, name).sum(axis=2) for name in ("timeouts", "lost")},
        "retries": replay.retried.sum(axis=2),
    }
    columns = {
        f"{name}{end}": part.T.ravel()
        for name, array in figures.items()
        for end, part in zip(SUFFIXES, np.split(array, len(ENDS), axis=1), strict=True)
    }
    return pl.DataFrame(columns).with_columns(
        pl.col(pl.Float64).fill_nan(None), multiple=np.repeat(np.array(multiples, float), rows.height)
    )


def replay_of(
    rows: pl.DataFrame, drawn: Feeds, multiples: tuple[float, ...], *, ends: tuple[str, ...] = ENDS[:1]
) -> Replay:
    """The replay of `drawn` at each of `multiples`, all with the capacity at the first of `ends` first."""
    systems = rows.unique("target", keep="first", maintain_order=True)
    capacity = np.repeat(systems.select(ends).to_numpy(), len(multiples), axis=1)
    return replayed(drawn, np.tile(np.array(multiples, float), len(ends)), capacity, days=SURGE_DAYS)


def _verdict(end: str) -> pl.Expr:
    """holds: nobody waits longer than a step of the replay; breaks: somebody gives up, or the line never ends.

    Who waits for an answer gives up at last, also where nobody knows after which time.
    """
    oldest, timeouts = pl.col(f"oldest{end}"), pl.col(f"timeouts{end}")
    unanswered = ~pl.col("queued") & (oldest > UNANSWERED_MINUTES)
    return (
        pl.when(oldest.is_null())
        .then(pl.lit("cannot tell"))
        .when((timeouts >= 1) | unanswered | pl.col(f"drain{end}").is_null())
        .then(pl.lit("breaks"))
        .when(oldest > SURGE_WAIT_MINUTES)
        .then(pl.lit("slows"))
        .otherwise(pl.lit("holds"))
    )


def _verdicts(judged: pl.DataFrame) -> pl.DataFrame:
    columns = [f"{figure}{end}" for figure in FIGURES for end in SUFFIXES]
    complete = judged.with_columns(pl.lit(None, NUMBER).alias(name) for name in columns if name not in judged.columns)
    verdict, ends = _verdict(""), [_verdict("_low"), _verdict("_high")]
    order = pl.col("verdict").replace_strict(VERDICTS, range(len(VERDICTS)), return_dtype=pl.Int8)
    refused = pl.col("capacity_per_minute").is_null()
    return (
        complete.with_columns(verdict=verdict, sure=pl.when(~refused).then((ends[0] == verdict) & (ends[1] == verdict)))
        .with_columns(
            messages=(pl.col("sent") * pl.col("multiple")).round().cast(COUNT),
            demand_per_minute=pl.col("demand") * pl.col("multiple"),
            drain_minutes="drain",
            oldest_minutes="oldest",
            # A higher capacity leaves less to wait for.
            peak_backlog_low="peak_backlog_high",
            peak_backlog_high="peak_backlog_low",
            drain_low_minutes="drain_high",
            drain_high_minutes="drain_low",
            oldest_low_minutes="oldest_high",
            oldest_high_minutes="oldest_low",
            duplicates=pl.when("idempotent").then(pl.col("retries") * 0).otherwise("retries"),
            why=pl.when(refused).then(
                pl.format("what {} can take: {}", "system", pl.col("reason").fill_null("nobody knows"))
            ),
        )
        .sort(order, "peak_backlog", "system", descending=[False, True, False], nulls_last=True)
        .unique(["integration", "multiple"], keep="first", maintain_order=True)
        .sort(order, "peak_backlog", "integration", "multiple", descending=[False, True, False, False], nulls_last=True)
        .select(*SURGE)
        .cast(SURGE)
    )
