"""What journeys wait for: sums over journeys that add up, and the tables of durations, steps and shares from them."""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import QUANTILES, at_most_the_largest
from integrhealth.analyses.latency.tables import TABLES
from integrhealth.language.statistics import enough, ratio_margin
from integrhealth.language.thresholds import MIN_MESSAGES
from integrhealth.language.wording import duration
from integrhealth.traces.facts import log_bucket, percentiles
from integrhealth.traces.journeys import PARTS, Journeys

STEP = ("system", "operation")
SUMS = ("self_us", "gap_us", "overhang_us", "retrying_us", "outside_us")


def journey_facts(walked: Journeys) -> pl.DataFrame:
    """One row per object type and log bucket of duration: sums over journeys, in microseconds, that add up.

    ``bucket`` is null for journeys without any end. The parts are those along the critical path, gaps counted as
    waiting; ``gap_us`` and ``retrying_us`` are of which. ``path_us`` is the self time on the path and ``path_sq`` the
    sum of its squares over journeys, in ms².
    """
    summed = pl.col(*PARTS, "gap_us", "retrying_us", "self_us")
    path = pl.col("self_us")
    return (
        walked.journeys.join(walked.steps.group_by("journey").agg(summed.sum()), on="journey", how="left")
        .with_columns(summed.fill_null(0))
        .with_columns(waiting_us=pl.col("waiting_us") + pl.col("gap_us"), bucket=log_bucket(pl.col("duration_us")))
        .group_by("object_type", "bucket")
        .agg(
            pl.col("messages", "skewed", "duration_us", *PARTS, "gap_us", "retrying_us").sum(),
            journeys=pl.len().cast(pl.Int64),
            path_us=path.sum(),
            path_sq=(path / 1000).pow(2).sum(),
            max_us=pl.col("duration_us").max(),
        )
        .sort("object_type", "bucket")
    )


def passed(walked: Journeys) -> pl.DataFrame:
    """One row per journey and step on its critical path or overhanging it: what the step was in that journey.

    ``drag_us`` is what its messages drag together: those of one knot never more than what limits any of them.
    """
    summed = pl.col(*SUMS, "drag_us").sum()
    steps = walked.steps.group_by("journey", *STEP).agg(
        summed, pl.col("skewed").sum().cast(pl.Int64), pl.col("start_us").min(), pl.col("on_path").any()
    )
    # Two messages that run beside the same others cannot both gain what these leave.
    over = (pl.col("drag_us").sum() - pl.col("limit_us").min()).clip(0)
    twice = (
        walked.steps.filter(pl.col("knot").is_not_null(), pl.col("drag_us") > 0)
        .group_by("journey", *STEP, "knot")
        .agg(over=over)
        .group_by("journey", *STEP)
        .agg(pl.col("over").sum())
        .filter(pl.col("over") > 0)
    )
    keys = ["journey", *STEP]
    joint = pl.col("drag_us") - pl.col("over").fill_null(0)
    return steps.join(twice, on=keys, how="left", nulls_equal=True).with_columns(drag_us=joint).drop("over")


def step_facts(passed: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, system and operation on a critical path or overhanging it: sums that add up.

    ``traces`` counts the journeys with it on their path, ``seen`` those with it at all. ``start_us`` sums when it
    first began after the start of the journey.
    ``self_sq`` and ``cross`` are sums over journeys of the self time squared and times all self time of the journey,
    in ms²: what the interval of a share needs.
    """
    total = passed.group_by("journey").agg(all_us=pl.col("self_us").sum())
    self_ms = pl.col("self_us") / 1000
    return (
        passed.join(total, on="journey")
        .join(journeys.select("journey", "object_type"), on="journey")
        .group_by("object_type", *STEP)
        .agg(
            pl.col(*SUMS, "drag_us", "skewed", "start_us").sum(),
            traces=pl.col("on_path").sum().cast(pl.Int64),
            seen=pl.len().cast(pl.Int64),
            self_sq=self_ms.pow(2).sum(),
            cross=(self_ms * pl.col("all_us") / 1000).sum(),
        )
        .sort("object_type", *STEP)
    )


def beside_facts(walked: Journeys, passed: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, system and operation: beside, the journeys that have it on no path, and slack_us.

    That is the least slack of its messages in each, summed over journeys: sums that add up.
    """
    keys = ["journey", *STEP]
    off = walked.beside.group_by(keys).agg(pl.col("slack_us").min()).join(passed, on=keys, how="anti", nulls_equal=True)
    typed = off.join(walked.journeys.select("journey", "object_type"), on="journey").group_by("object_type", *STEP)
    return typed.agg(pl.col("slack_us").sum(), beside=pl.len().cast(pl.Int64)).sort("object_type", *STEP)


def journeys(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per object type, slowest mean first: how long its journeys take, and how that time is spent.

    The four parts are means along the critical path and sum to ``mean_ms``; of which ``retrying_ms`` went to attempts
    that failed and to the time between attempts, and in ``gap_ms`` no message was under way. ``unended`` journeys
    have no end time and count in nothing else. Percentiles are null below `min_messages` journeys, the means never.
    Journeys whose messages name no object type are the row with null.
    """
    ended = pl.col("bucket").is_not_null()
    kept = pl.col("journeys").filter(ended).sum()
    columns = (*PARTS, "retrying_us", "gap_us")
    means = {column.replace("_us", "_ms"): pl.col(column).filter(ended).sum() / 1000 / kept for column in columns}
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


def critical_path(
    steps: pl.DataFrame, whole: pl.DataFrame, savings: pl.DataFrame, *, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per target system and operation, most time first: what all journeys together waited for.

    `steps` and `whole` are ``step_facts`` and ``journey_facts``, `savings` the ``median_savings``: that of the object
    type in which the step drags most. ``share`` = self_ms / all self_ms, with its 95% interval: journeys are the
    sampled units (ratio estimate, linearised); null below `min_messages` journeys. What only ever ran on after its
    caller had ended is on no path and has no row.
    """
    summed = steps.group_by(STEP).agg(pl.exclude("object_type", "start_us").sum()).filter(pl.col("traces") > 0)
    most = steps.sort("drag_us", "object_type", descending=[True, False]).unique(
        STEP, keep="first", maintain_order=True
    )
    saved = most.join(savings, on=["object_type", *STEP], how="left", nulls_equal=True)
    all_us, all_sq = pl.lit(whole["path_us"].sum()), pl.lit(whole["path_sq"].sum())
    share = pl.when(all_us > 0).then(pl.col("self_us") / all_us)
    squares = pl.col("self_sq"), pl.col("cross"), all_sq
    # Rounded, since sums of squares depend on the order of rows in their last digits.
    margin = ratio_margin(*squares, ratio=pl.col("share"), bottom=all_us / 1000).round(9)
    rated = pl.when(enough(pl.lit(whole["journeys"].sum()), min_messages))
    names = ("self", "drag", "gap", "overhang", "retrying", "outside")
    in_ms = [(pl.col(f"{name}_us") / 1000).alias(f"{name}_ms") for name in names]
    return (
        summed.join(saved.select(*STEP, "object_type", "median_saved_ms"), on=STEP, nulls_equal=True)
        .with_columns(*in_ms, share=share)
        .with_columns(
            median_saved_ms=rated.then(pl.col("median_saved_ms")),
            share_low=rated.then((pl.col("share") - margin).clip(0)),
            share_high=rated.then((pl.col("share") + margin).clip(upper_bound=1)),
        )
        .select(
            *(*STEP, "self_ms", "share", "drag_ms", "traces", "share_low", "share_high", "gap_ms", "overhang_ms"),
            *("retrying_ms", "median_saved_ms", "object_type", "skewed", "outside_ms"),
        )
        .sort("self_ms", *STEP, descending=[True, False, False])
    )


def steps(
    on_path: pl.DataFrame,
    beside: pl.DataFrame,
    whole: pl.DataFrame,
    savings: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """One row per object type, system and operation, on a path or not: most drag first, then least slack.

    `on_path`, `beside` and `whole` are ``step_facts``, ``beside_facts`` and ``journey_facts``, `savings` the
    ``median_savings``.
    """
    keys = ["object_type", *STEP]
    ended = whole.filter(pl.col("bucket").is_not_null()).group_by("object_type").agg(pl.col("journeys").sum())
    names = ("self", "drag", "slack", "gap", "retrying")
    joined = on_path.join(beside, on=keys, how="full", coalesce=True, nulls_equal=True)
    counted = joined.with_columns(pl.col("traces", "beside", *(f"{name}_us" for name in names)).fill_null(0))
    in_ms = [(pl.col(f"{name}_us") / 1000).alias(f"{name}_ms") for name in names]
    return (
        counted.join(ended, on="object_type", nulls_equal=True)
        .join(savings, on=keys, how="left", nulls_equal=True)
        .with_columns(
            *in_ms,
            on_path="traces",
            # What drags nothing saves nothing.
            median_saved_ms=pl.when(enough(pl.col("journeys"), min_messages)).then(
                pl.col("median_saved_ms").fill_null(0.0)
            ),
        )
        .select(*keys, "journeys", "on_path", "beside", *(f"{name}_ms" for name in names), "median_saved_ms")
        .sort("drag_ms", "slack_ms", *keys, descending=[True, False, False, False, False])
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


def said_of_clocks(path: pl.DataFrame, integrations: pl.DataFrame) -> str | None:
    """Where times that contradict each other touched the critical `path`, and the clocks that are apart there.

    For the notes on method; None where nothing was moved.
    """
    moved = path.filter((pl.col("skewed") > 0) | (pl.col("outside_ms") > 0))
    if moved.is_empty():
        return None
    said = (
        f"On the critical path {moved['skewed'].sum():,} messages were received or ended before they were sent, and "
        f"{duration(moved['outside_ms'].sum())} of messages lie outside of their callers: their times were moved to "
        f"the nearest that do not contradict, in {moved.height:,} of {path.height:,} steps."
    )
    apart = integrations.filter(pl.col("clock_offset_ms") != 0).join(
        moved, left_on="target", right_on="system", how="semi"
    )
    most = apart.unique(["source", "target"]).sort(
        pl.col("clock_offset_ms").abs(), "source", "target", descending=[True, False, False]
    )
    pairs = [
        f"{source} > {target} {duration(offset)}"
        for source, target, offset in most.head(3).select("source", "target", "clock_offset_ms").rows()
    ]
    return f"{said} Clocks that are apart there: {', '.join(pairs)}." if pairs else said
