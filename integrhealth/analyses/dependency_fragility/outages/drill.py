"""The drill: every integration fails in its busiest hour, 2,000 times, and what becomes of its messages."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.dependency_fragility.outages import backlog
from integrhealth.analyses.dependency_fragility.outages.repair_times import drawn_outages
from integrhealth.analyses.dependency_fragility.structure import COUNTED, SUPPOSED
from integrhealth.analyses.dependency_fragility.suppositions import AS_IT_IS, Suppositions, without
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import MIN_NIGHT_REPAIRS, OUTAGE_CERTAINTY
from integrhealth.language.wording import spoken_ms

# Nine of ten runs lie between the outer two.
INTERVAL = (0.05, 0.5, 0.95)
HOUR_MS, MINUTES = 3_600_000, 60
STOP, BY_HAND, SURVIVE, UNKNOWN = "stop", "work around", "survive", "cannot tell"
ORDER = (STOP, BY_HAND, SURVIVE, UNKNOWN)
NO_TOLERANCE = "the catalog names no tolerance of it"
NO_REPAIRS = "no log of incidents says how long a repair takes (incident_events: opened, resolved, integration)"
RATES = ("past_tolerance", "past_low", "past_high", "past_share", "median_loss", "loss_low", "p95_loss", "staff_hours")
OUTAGES = {
    "integration": TEXT,
    "verdict": TEXT,
    **dict.fromkeys(RATES, NUMBER),
    "why": TEXT,
    "source": TEXT,
    "target": TEXT,
    "hour": TIME,
    "arrivals": COUNT,
    "repairs": COUNT,
    "repairs_from": TEXT,
    "outage_minutes": NUMBER,
    "outage_p95_minutes": NUMBER,
    "owned": FLAG,
    "find_minutes": NUMBER,
    "tolerance_minutes": NUMBER,
    "waits": FLAG,
    "queue_limit": NUMBER,
    "manual_rate_per_hour": NUMBER,
    "value_per_object": NUMBER,
    "delay_cost_per_hour": NUMBER,
    "survived_share": NUMBER,
    "worked_share": NUMBER,
}


def outages(
    busiest: pl.DataFrame,
    times: pl.DataFrame,
    declared: pl.DataFrame,
    tested: pl.DataFrame,
    *,
    supposed: Suppositions = AS_IT_IS,
) -> pl.DataFrame:
    """One row per integration of `busiest` (OUTAGES), those that stop first, by what is lost.

    `busiest` as ``arrivals.busiest_hours``, `times` as ``repair_times.repair_times``, `declared` the integrations of
    the catalog and `tested` those with a fallback that was tested, as ``structure.fallback_tests``. What leads to or
    from a system `supposed` to be removed is gone; where repairs are slower the whole outage takes so much longer.
    """
    rows = _with_means(busiest.filter(without(supposed.removed)), declared, tested)
    drawn = drawn_outages(times, rows.select("integration", "owned"))
    factor = np.array([supposed.of_integrations.get(name, 1.0) for name in rows["integration"]])
    basis = drawn.basis.drop("integration", "owned").with_columns(pl.col("find_minutes") * pl.Series(factor))
    judged = _judged(pl.concat([rows, basis], how="horizontal"), drawn.minutes * factor)
    place = pl.col("verdict").replace_strict(ORDER, range(len(ORDER)), return_dtype=pl.Int8)
    return (
        judged.select(*OUTAGES)
        .cast(OUTAGES)
        .sort(
            place, "p95_loss", "past_tolerance", "integration", descending=[False, True, True, False], nulls_last=True
        )
    )


def _with_means(busiest: pl.DataFrame, declared: pl.DataFrame, tested: pl.DataFrame) -> pl.DataFrame:
    """What the company can do meanwhile: whether messages wait and how many, who does them by hand, what is borne."""
    said = declared.unique("integration", keep="first", maintain_order=True).select(
        "integration",
        "queue",
        "queue_limit",
        "manual_rate_per_hour",
        "value_per_object",
        "delay_cost_per_hour",
        owned=pl.col("owner").is_not_null(),
        tolerance_minutes=pl.col("tolerance_ms") / HOUR_MS * MINUTES,
    )
    # A queue that takes over, or a cache that goes on answering: nobody is refused.
    covers = tested.filter(pl.col("fallback").is_in(("queue", "cache", SUPPOSED)), pl.col("verdict").is_in(COUNTED))
    covered = pl.col("integration").is_in(covers["integration"].implode())
    sent_away = pl.col("sent_away_share") > 0.5
    return busiest.join(said, on="integration", how="left", maintain_order="left").with_columns(
        owned=pl.col("owned").fill_null(False),
        waits=covered | (pl.col("queue_limit") > 0).fill_null(False) | pl.coalesce("queue", sent_away, pl.lit(True)),
    )


def _judged(rows: pl.DataFrame, minutes: NDArray) -> pl.DataFrame:
    """`rows` with their verdicts; `minutes` are the outages drawn, a column for each row."""
    tolerance, value, delay, hand = (
        rows[column].to_numpy()
        for column in ("tolerance_minutes", "value_per_object", "delay_cost_per_hour", "manual_rate_per_hour")
    )
    means = {
        "arrivals": rows["arrivals"].to_numpy(),
        "limit": np.where(rows["waits"], rows["queue_limit"].fill_null(np.inf), 0.0),
        "tolerance": tolerance / MINUTES,
    }
    helping = np.nan_to_num(hand)
    alone, worked = (
        (minutes <= MINUTES * backlog.borne_hours(by_hand=each, **means)).mean(axis=0) for each in (0.0, helping)
    )
    survives = alone >= OUTAGE_CERTAINTY
    # What an outage does grows with its length: its quantiles are what the quantiles of the length do.
    lasted = np.quantile(minutes, INTERVAL, axis=0, method="inverted_cdf")
    line = backlog.line(lasted / MINUTES, by_hand=np.where(survives, 0.0, helping), **means)
    loss = line.past * np.nan_to_num(value) + line.waited_hours * np.nan_to_num(delay)
    with np.errstate(divide="ignore", invalid="ignore"):
        # What was refused has to be entered by hand when the outage is over.
        staff = np.where(hand > 0, (line.by_hand + line.refused) / hand, np.nan)
        share = line.past / line.arrived
    numbers = pl.DataFrame(
        {
            "past_low": line.past[0],
            "past_tolerance": line.past[1],
            "past_high": line.past[2],
            "past_share": share[1],
            "loss_low": loss[0],
            "median_loss": loss[1],
            "p95_loss": loss[2],
            "staff_hours": np.where(survives, 0.0, staff[1]),
            "outage_minutes": lasted[1],
            "outage_p95_minutes": lasted[2],
            "survived_share": alone,
            "worked_share": worked,
        },
        nan_to_null=True,
    )
    return pl.concat([rows, numbers], how="horizontal").pipe(_said)


def _said(judged: pl.DataFrame) -> pl.DataFrame:
    """The verdict and why; where nothing can be told, no numbers but those that were measured."""
    unknown = pl.col("tolerance_minutes").is_null() | (pl.col("repairs") == 0)
    verdict = (
        pl.when(unknown)
        .then(pl.lit(UNKNOWN))
        .when(pl.col("survived_share") >= OUTAGE_CERTAINTY)
        .then(pl.lit(SURVIVE))
        .when(pl.col("worked_share") >= OUTAGE_CERTAINTY)
        .then(pl.lit(BY_HAND))
        .otherwise(pl.lit(STOP))
    )
    priced = ~unknown & pl.any_horizontal(pl.col("value_per_object", "delay_cost_per_hour").is_not_null())
    lacking = pl.concat_str(
        pl.when(pl.col("tolerance_minutes").is_null()).then(pl.lit(NO_TOLERANCE)),
        pl.when(pl.col("repairs") == 0).then(pl.lit(NO_REPAIRS)),
        separator="; ",
        ignore_nulls=True,
    )
    bears = pl.format(
        "19 of 20 outages end within {}, it bears {}",
        spoken_ms(pl.col("outage_p95_minutes") * 60_000),
        spoken_ms(pl.col("tolerance_minutes") * 60_000),
    )
    holds = (
        pl.when(~pl.col("waits"))
        .then(pl.lit("nothing waits in a queue"))
        .when(pl.col("queue_limit").is_not_null())
        .then(pl.format("its queue holds {}", pl.col("queue_limit").cast(COUNT, strict=False)))
        .otherwise(pl.lit("messages wait"))
    )
    hand = pl.coalesce(
        pl.format("people do {} of {} an hour", pl.col("manual_rate_per_hour").round(1), pl.col("arrivals")),
        pl.lit("the catalog names no manual rate (fallback: rate_per_hour)"),
    )
    # Of so few the longest is most likely still to come.
    few = pl.format(
        "only {}",
        pl.when(pl.col("repairs") == 1)
        .then(pl.lit("1 repair says so"))
        .otherwise(pl.format("{} repairs say so", "repairs")),
    )
    few = pl.when(pl.col("repairs") < MIN_NIGHT_REPAIRS).then(few)
    means = (pl.when(verdict != SURVIVE).then(each) for each in (holds, hand))
    why = pl.concat_str(bears, *means, few, separator="; ", ignore_nulls=True)
    money, counts = ("median_loss", "loss_low", "p95_loss"), ("past_tolerance", "past_low", "past_high", "past_share")
    left = ("staff_hours", "survived_share", "worked_share")
    measured = ("outage_minutes", "outage_p95_minutes")
    return judged.with_columns(
        pl.when(priced).then(pl.col(money)).name.keep(),
        pl.when(~unknown).then(pl.col(*counts, *left)).name.keep(),
        pl.when(pl.col("repairs") > 0).then(pl.col(measured)).name.keep(),
        verdict=verdict,
        why=pl.when(unknown).then(lacking).otherwise(why),
    )
