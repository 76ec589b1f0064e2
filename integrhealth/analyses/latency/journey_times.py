"""What journeys wait for: sums over journeys that add up, and the tables of durations, steps and shares from them."""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import QUANTILES, at_most_the_largest
from integrhealth.analyses.latency.tables import TABLES
from integrhealth.language.statistics import enough, ratio_margin
from integrhealth.language.thresholds import MIN_MESSAGES
from integrhealth.traces.facts import log_bucket, percentiles
from integrhealth.traces.journeys import PARTS, Journeys

STEP = ("system", "operation")


def journey_facts(walked: Journeys) -> pl.DataFrame:
    """One row per object type and log bucket of duration: sums over journeys, in microseconds, that add up.

    ``bucket`` is null for journeys without any end. The parts are those along the critical path, gaps counted as
    waiting; ``path_us`` is the self time on it and ``path_sq`` the sum of its squares over journeys, in ms².
    """
    sums = walked.steps.group_by("journey").agg(pl.col(*PARTS, "gap_us", "self_us").sum())
    path = pl.col("self_us")
    return (
        walked.journeys.join(sums, on="journey", how="left")
        .with_columns(pl.col(*PARTS, "gap_us", "self_us").fill_null(0))
        .with_columns(waiting_us=pl.col("waiting_us") + pl.col("gap_us"), bucket=log_bucket(pl.col("duration_us")))
        .group_by("object_type", "bucket")
        .agg(
            pl.col("messages", "skewed", "duration_us", *PARTS).sum(),
            journeys=pl.len().cast(pl.Int64),
            path_us=path.sum(),
            path_sq=(path / 1000).pow(2).sum(),
            max_us=pl.col("duration_us").max(),
        )
        .sort("object_type", "bucket")
    )


def step_facts(walked: Journeys) -> pl.DataFrame:
    """One row per object type, system and operation on a critical path or overhanging it: sums that add up.

    ``traces`` counts the journeys with it on their path, ``seen`` those with it at all. ``start_us`` sums when it
    first began after the start of the journey.
    ``self_sq`` and ``cross`` are sums over journeys of the self time squared and times all self time of the journey,
    in ms²: what the interval of a share needs.
    """
    total = walked.steps.group_by("journey").agg(all_us=pl.col("self_us").sum())
    typed = walked.journeys.select("journey", "object_type")
    self_ms = pl.col("self_us") / 1000
    summed = pl.col("self_us", "gap_us", "overhang_us", "drag_us").sum()
    return (
        walked.steps.group_by("journey", *STEP)
        .agg(summed, pl.col("start_us").min(), pl.col("on_path").any())
        .join(total, on="journey")
        .join(typed, on="journey")
        .group_by("object_type", *STEP)
        .agg(
            summed,
            pl.col("start_us").sum(),
            traces=pl.col("on_path").sum().cast(pl.Int64),
            seen=pl.len().cast(pl.Int64),
            self_sq=self_ms.pow(2).sum(),
            cross=(self_ms * pl.col("all_us") / 1000).sum(),
        )
        .sort("object_type", *STEP)
    )


def journeys(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per object type, slowest mean first: how long its journeys take, and how that time is spent.

    The four parts are means along the critical path and sum to ``mean_ms``. ``unended`` journeys have no end time
    and count in nothing else. Percentiles are null below `min_messages` journeys, the means never. Journeys whose
    messages name no object type are the row with null.
    """
    ended = pl.col("bucket").is_not_null()
    kept = pl.col("journeys").filter(ended).sum()
    means = {column.replace("_us", "_ms"): pl.col(column).filter(ended).sum() / 1000 / kept for column in PARTS}
    totals = facts.group_by("object_type").agg(
        journeys=kept,
        unended=pl.col("journeys").filter(~ended).sum(),
        skewed=pl.col("skewed").sum(),
        mean_ms=pl.col("duration_us").filter(ended).sum() / 1000 / kept,
        max_ms=pl.col("max_us").max() / 1000,
        **means,
    )
    wanted = {name: QUANTILES[name] for name in ("p50_ms", "p95_ms")}
    read_back = percentiles(facts, ["object_type"], count="journeys", quantiles=wanted, interval_of="p95_ms")
    read_back = read_back.drop("n").rename({"low_ms": "p95_low_ms", "high_ms": "p95_high_ms"})
    rated = pl.when(enough(pl.col("journeys"), min_messages))
    figures = [*wanted, "p95_low_ms", "p95_high_ms"]
    published = TABLES["journeys"]
    return (
        totals.join(read_back, on="object_type", how="left", nulls_equal=True)
        .with_columns(rated.then(at_most_the_largest(figure)).alias(figure) for figure in figures)
        .with_columns(pl.col("mean_ms", *means).fill_nan(None))
        .select(*published, pl.exclude(*published))
        .sort("mean_ms", "object_type", descending=[True, False], nulls_last=True)
    )


def critical_path(steps: pl.DataFrame, whole: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per target system and operation, most time first: what all journeys together waited for.

    `steps` and `whole` are ``step_facts`` and ``journey_facts``. ``share`` = self_ms / all self_ms, with its 95%
    interval: journeys are the sampled units (ratio estimate, linearised); null below `min_messages` journeys.
    ``drag_ms``: how much the step could shrink before something beside it limits. ``gap_ms``: how long the journeys
    stood still before the step, in no message; ``overhang_ms``: how long it ran on after its caller had ended (what
    only ever did that is on no path and has no row).
    """
    summed = steps.group_by(STEP).agg(pl.exclude("object_type", "start_us").sum()).filter(pl.col("traces") > 0)
    all_us, all_sq = pl.lit(whole["path_us"].sum()), pl.lit(whole["path_sq"].sum())
    share = pl.when(all_us > 0).then(pl.col("self_us") / all_us)
    squares = pl.col("self_sq"), pl.col("cross"), all_sq
    # Rounded, since sums of squares depend on the order of rows in their last digits.
    margin = ratio_margin(*squares, ratio=pl.col("share"), bottom=all_us / 1000).round(9)
    rated = pl.when(enough(pl.lit(whole["journeys"].sum()), min_messages))
    in_ms = [(pl.col(f"{name}_us") / 1000).alias(f"{name}_ms") for name in ("self", "drag", "gap", "overhang")]
    return (
        summed.with_columns(*in_ms, share=share)
        .with_columns(
            share_low=rated.then((pl.col("share") - margin).clip(0)),
            share_high=rated.then((pl.col("share") + margin).clip(upper_bound=1)),
        )
        .select(*STEP, "self_ms", "share", "drag_ms", "traces", "share_low", "share_high", "gap_ms", "overhang_ms")
        .sort("self_ms", *STEP, descending=[True, False, False])
    )


def waterfall(steps: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, step of its mean journey and part, in the order of the flow, from 0 to the mean.

    Steps stand in order of when they began on average. ``part`` is "between steps" (the journey stood still before
    the step) or "step" (its self time, overhang included); from_ms to to_ms is the mean over all journeys of the
    type, also those without the step.
    """
    journeys = whole.filter(pl.col("bucket").is_not_null()).group_by("object_type").agg(pl.col("journeys").sum())
    begins = pl.col("start_us") / pl.col("seen")
    ordered = (
        steps.join(journeys, on="object_type", nulls_equal=True)
        .sort(pl.col("object_type"), begins, *STEP)
        .with_columns(step=pl.int_range(1, pl.len() + 1).over("object_type"))
    )
    parts = {"between steps": pl.col("gap_us"), "step": pl.col("self_us") + pl.col("overhang_us")}
    columns = ("object_type", "step", *STEP, "journeys", "seen")
    rows = [ordered.select(*columns, part=pl.lit(part), us=us) for part, us in parts.items()]
    reached = pl.col("us").cum_sum().over("object_type")
    return (
        pl.concat(rows)
        .sort("object_type", "step", "part")
        .with_columns(
            from_ms=(reached - pl.col("us")) / 1000 / pl.col("journeys"), to_ms=reached / 1000 / pl.col("journeys")
        )
        .filter(pl.col("us") != 0)
        .drop("us")
    )
