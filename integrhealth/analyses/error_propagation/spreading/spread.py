"""Error spread: when something goes wrong once, how many systems does it hit?

A root is a failed message none of whose causes failed; what it brought down with it is its cascade. The reproduction
number R is the share of failed messages that another failure caused: the mean number of errors that one error causes
where the traces are complete. Which way a failure travels along a link is told in ``traces.failure_links``. The rule
own / passed on / stopped is that of CRISP (Zhang et al., USENIX ATC 2022). Facts add up over traces.
"""

import numpy as np
import polars as pl

from integrhealth.analyses.error_propagation.spreading.swallowed import swallowed
from integrhealth.analyses.error_propagation.tables import TABLES
from integrhealth.language.schema import is_ended, is_failed
from integrhealth.language.statistics import NONE_SEEN, enough, ratio_margin, wilson_interval
from integrhealth.language.thresholds import CONTAINED, MIN_MESSAGES, MIN_ROOTS, RESAMPLES, RUNAWAY, SEED
from integrhealth.traces.cascades import cascade_members

NOT_ENOUGH, NO_LINKS = "not enough data", "no links"
# A reproduction number nearer to 1 than this is 1: sums of weights are a few digits off.
HAIR = 1e-12
SYSTEMS_FURTHER = ("ended", "swallowed", "saved_by_retry", "reached", "stopping_low", "stopping_high")
SPREAD_BY_INTEGRATION = [
    "integration",
    "messages",
    "ended",
    "failed",
    "roots",
    "cascades",
    "caused",
    "reproduction",
    "low",
    "high",
    "verdict",
]


def link_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row of counts that add up: rows that name a parent, those whose parent is here, the same among failed rows.

    ``loops`` counts the messages whose parent link was cut because it closed a loop.
    """
    names, links = pl.col("parent_id").is_not_null(), pl.col("parent_row").is_not_null()
    failed = is_failed(pl.col("status"))
    return caused.select(
        messages=pl.len().cast(pl.Int64),
        failed=failed.sum().cast(pl.Int64),
        named=names.sum().cast(pl.Int64),
        found=links.sum().cast(pl.Int64),
        failed_named=(names & failed).sum().cast(pl.Int64),
        failed_found=(links & failed).sum().cast(pl.Int64),
        loops=pl.col("in_loop").sum().cast(pl.Int64),
    )


def link_coverage(links: pl.DataFrame) -> float | None:
    """Share of the parents named that are in the data; None when no row names one.

    Over failed rows if at least 30 of them name a parent, else over all rows: errors are often sampled otherwise.
    """
    total = links.sum().row(0, named=True)
    scope = "failed_" if total["failed_named"] >= MIN_ROOTS else ""
    return total[f"{scope}found"] / total[f"{scope}named"] if total[f"{scope}named"] else None


def spread(cascades: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row, the whole: reproduction number with its 95% interval, corrected for parents that are not in the data.

    `cascades` as ``cascade_facts`` gives them, `links` as ``link_facts`` does. A message with j failed causes in the
    data would have shown none of them with probability (1-c)^j, c the link coverage, and so counts 1 / (1 - (1-c)^j);
    with one cause each that is R / c exactly, with several ``at_most`` is true. The interval resamples cascades. Fewer
    than 30 roots: "not enough data"; at 1 the tree never ends: "runaway", without a mean cascade.
    """
    coverage = link_coverage(links)
    failed, roots = int(cascades["messages"].sum() or 0), cascades.height
    row = {"roots": roots, "link_coverage": coverage, "failed": failed, "caused": failed - roots}
    row |= {"at_most": bool((cascades["failed_causes"].list.max().max() or 0) > 1), "loops": int(links["loops"].sum())}
    if roots < MIN_ROOTS:
        row["verdict"] = NOT_ENOUGH
    elif not coverage:
        row["verdict"] = NO_LINKS
    else:
        value, low, high = _reproduction(cascades, coverage)
        row |= {"reproduction": value, "low": low, "high": high}
        row["mean_cascade"] = 1 / (1 - value) if value < 1 else None
        row["verdict"] = spread_verdict(value)
    more = {"failed": pl.Int64, "caused": pl.Int64, "at_most": pl.Boolean, "loops": pl.Int64}
    return pl.DataFrame([row], schema=TABLES["spread"] | more)


def _reproduction(cascades: pl.DataFrame, coverage: float) -> tuple[float, float, float]:
    """R and its interval. Cascades alike in size and weight are drawn together, so that resampling costs little."""
    weighted = cascades.select("messages", caused=_weighted(coverage))
    alike = weighted.group_by("messages", "caused").len().sort("messages", "caused")
    size, caused, count = (alike[name].to_numpy().astype(float) for name in ("messages", "caused", "len"))
    drawn = np.random.default_rng(SEED).multinomial(int(count.sum()), count / count.sum(), size=RESAMPLES)
    low, high = np.quantile(np.minimum((drawn @ caused) / (drawn @ size), 1), [0.025, 0.975])
    if not caused.any():
        high = min(NONE_SEEN / (coverage * (count @ size)), 1)
    value = float((count @ caused) / (count @ size))
    if value > 1 - HAIR:
        value = 1.0
    # Where all cascades are alike, every sum of them has the same ratio, but for its last digit.
    return value, min(float(low), value), max(float(high), value)


def _weighted(coverage: float) -> pl.Expr:
    """Caused messages, each weighing as many as it stands for: with j failed causes here, 1 / (1 - (1-c)^j)."""
    hidden = pl.lit(1 - coverage)
    return pl.col("failed_causes").list.eval(1 / (1 - hidden.pow(pl.element()))).list.sum().fill_null(0)


def spread_verdict(reproduction: float) -> str:
    """The word for a reproduction number: contained, spreading, runaway risk; at 1 the tree never ends, runaway."""
    if reproduction >= 1:
        return "runaway"
    if reproduction > RUNAWAY:
        return "runaway risk"
    return "spreading" if reproduction >= CONTAINED else "contained"


def integration_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: messages, ended, failed and roots (own errors), counts that add up over traces."""
    return (
        caused.group_by("integration")
        .agg(
            messages=pl.len().cast(pl.Int64),
            ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
            failed=is_failed(pl.col("status")).sum().cast(pl.Int64),
            roots=pl.col("own_error").sum().cast(pl.Int64),
        )
        .sort("integration")
    )


def integration_cascades(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and cascade that it has part in: failed messages of the integration, and for each
    message that these caused, anywhere, how many failed causes it has (``failed_causes``). The rows add up.
    """
    members = cascade_members(caused).select("row", "root", "integration", "cause_row", "failed_causes")
    causes = members.select("integration", "root", cause_row="row")
    effects = members.select("cause_row", "failed_causes").drop_nulls("cause_row").join(causes, on="cause_row")
    listed = effects.group_by("integration", "root").agg(pl.col("failed_causes").sort())
    return (
        members.group_by("integration", "root")
        .agg(failed=pl.len().cast(pl.Int64))
        .join(listed, on=["integration", "root"], how="left", nulls_equal=True)
        .with_columns(caused=pl.col("failed_causes").list.len().fill_null(0).cast(pl.Int64))
        .sort("integration", "failed", "caused", "root")
        .drop("root")
    )


def spread_by_integration(facts: pl.DataFrame, cascades: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, the one that caused most first: how many errors one error here causes, anywhere.

    `facts`, `cascades` and `links` as ``integration_facts``, ``integration_cascades`` and ``link_facts`` give them.
    ``caused`` counts failed messages whose first failed cause is a failure of this integration; ``reproduction`` =
    caused, each weighing as in ``spread``, / failed. It may exceed 1: the errors of one integration can all go on to
    several others. Failed x reproduction sums to that of ``spread`` unless that is cut at 1. The interval treats
    cascades as the sampled units (ratio estimate, linearised). Fewer than 30 cascades with a failure of the
    integration, ``cascades``, are "not enough data": they are the independent cases, while roots alone would leave
    out every integration that only passes errors on.
    """
    coverage = link_coverage(links)
    weighted = cascades.with_columns(weight=_weighted(coverage) if coverage else pl.lit(0.0))
    sums = (
        weighted.sort("integration", "failed", "weight")
        .group_by("integration", maintain_order=True)
        .agg(
            pl.col("caused", "weight").sum(),
            cascades=pl.len().cast(pl.Int64),
            weight_sq=pl.col("weight").pow(2).sum(),
            failed_sq=pl.col("failed").pow(2).sum(),
            cross=(pl.col("failed") * pl.col("weight")).sum(),
        )
    )
    failed, ratio = pl.col("failed"), pl.col("weight") / pl.col("failed")
    squares = pl.col("weight_sq"), pl.col("cross"), pl.col("failed_sq")
    margin = ratio_margin(*squares, ratio=ratio, bottom=failed)
    none_seen = NONE_SEEN / (failed * pl.lit(coverage, pl.Float64))
    certain = enough(pl.col("cascades"), MIN_ROOTS)
    judged = pl.when(certain & pl.lit(bool(coverage)))
    return (
        facts.join(sums, on="integration", how="left", nulls_equal=True)
        .with_columns(pl.col("caused", "cascades").fill_null(0))
        .with_columns(
            reproduction=judged.then(ratio),
            low=judged.then((ratio - margin).clip(0)),
            high=judged.then(pl.when(pl.col("caused") == 0).then(none_seen).otherwise(ratio + margin)),
        )
        .with_columns(
            verdict=pl.when(~certain)
            .then(pl.lit(NOT_ENOUGH))
            .when(pl.lit(not coverage))
            .then(pl.lit(NO_LINKS))
            .when(pl.col("reproduction") > RUNAWAY)
            .then(pl.lit("runaway risk"))
            .when(pl.col("reproduction") >= CONTAINED)
            .then(pl.lit("spreading"))
            .otherwise(pl.lit("contained"))
        )
        .select(SPREAD_BY_INTEGRATION)
        .sort("caused", "failed", "integration", descending=[True, True, False])
    )


def system_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per system, the target that had to do the work: counts that add up over traces."""
    answered = caused.select("row", "target").join(swallowed(caused), on="row").group_by(system="target")
    ends = answered.agg(pl.col("swallowed", "saved_by_retry").sum().cast(pl.Int64))
    return (
        caused.group_by(system="target")
        .agg(
            messages=pl.len().cast(pl.Int64),
            ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
            own_errors=pl.col("own_error").sum().cast(pl.Int64),
            passed_on=pl.col("passed_on").sum().cast(pl.Int64),
            stopped=pl.col("stopped").sum().cast(pl.Int64),
        )
        .join(ends, on="system", how="left")
        .with_columns(pl.col("swallowed", "saved_by_retry").fill_null(0))
        .sort("system")
    )


def systems(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system, most errors first: where errors begin, where they pass, where they stop.

    ``stopping_power`` = stopped / (stopped + passed_on) with its Wilson interval; null when fewer than `min_messages`
    errors of others reached the system. Of the stopped, ``saved_by_retry`` and ``swallowed`` are told in
    ``swallowed``; the rest had a fallback or had waited for nothing.
    """
    low, high = wilson_interval(facts["stopped"], facts["stopped"] + facts["passed_on"])
    judged = pl.when(enough(pl.col("reached"), min_messages))
    return (
        facts.with_columns(low=pl.Series(low), high=pl.Series(high), reached=pl.col("stopped") + pl.col("passed_on"))
        .with_columns(
            stopping_power=judged.then(pl.col("stopped") / pl.col("reached")),
            stopping_low=judged.then("low"),
            stopping_high=judged.then("high"),
        )
        .select(*TABLES["systems"], *SYSTEMS_FURTHER)
        .sort(pl.col("own_errors") + pl.col("passed_on"), "system", descending=[True, False])
    )


def edge_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per source and target: messages, ended, failed, caused (by its failures), and squares over cascades.

    ``failed_sq``, ``caused_sq`` and ``cross`` are sums over cascades of failed², caused² and failed x caused: what
    the interval of caused per failed needs, in a form that adds up over traces.
    """
    failed = cascade_members(caused).select("row", "source", "target", "root", "cause_row")
    effects = failed.drop_nulls("cause_row").group_by(row="cause_row").agg(caused=pl.len().cast(pl.Int64))
    failures = (
        failed.join(effects, on="row", how="left")
        .group_by("source", "target", "root")
        .agg(failed=pl.len().cast(pl.Int64), caused=pl.col("caused").sum())
        .group_by("source", "target")
        .agg(
            pl.col("failed", "caused").sum(),
            failed_sq=pl.col("failed").pow(2).sum(),
            caused_sq=pl.col("caused").pow(2).sum(),
            cross=(pl.col("failed") * pl.col("caused")).sum(),
        )
    )
    counted = caused.group_by("source", "target").agg(
        messages=pl.len().cast(pl.Int64), ended=is_ended(pl.col("status")).sum().cast(pl.Int64)
    )
    sums = pl.col("failed", "caused", "failed_sq", "caused_sq", "cross").fill_null(0)
    return counted.join(failures, on=["source", "target"], how="left").with_columns(sums).sort("source", "target")


def edges(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source and target, most failures first: how many failures each failure here caused elsewhere.

    ``caused_per_error`` = failed messages caused by this edge's failed messages / those failed messages, so that the
    sum of failed x caused_per_error is all that was caused; null without failures. Its interval treats cascades as
    the sampled units (ratio estimate, linearised) and is null below `min_messages` failures.
    """
    failed, ratio = pl.col("failed"), pl.col("caused_per_error")
    squares = pl.col("caused_sq"), pl.col("cross"), pl.col("failed_sq")
    margin = ratio_margin(*squares, ratio=ratio, bottom=failed)
    judged = pl.when(enough(failed, min_messages))
    return (
        facts.with_columns(caused_per_error=pl.when(failed > 0).then(pl.col("caused") / failed))
        .with_columns(
            low=judged.then((ratio - margin).clip(0)),
            high=judged.then(pl.when(pl.col("caused") == 0).then(NONE_SEEN / failed).otherwise(ratio + margin)),
            error_share=pl.when(enough(pl.col("ended"), min_messages)).then(failed / pl.col("ended")),
        )
        .select(*TABLES["edges"], "ended", "caused", "error_share")
        .sort("failed", "source", "target", descending=[True, False, False])
    )
