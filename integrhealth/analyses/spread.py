"""Error spread: when something goes wrong once, how many systems does it hit?

A root is a failed message none of whose causes failed; what it brought down with it is its cascade. The reproduction
number R is the share of failed messages that another failure caused: the mean number of errors that one error causes
where the traces are complete. Which way a failure travels along a link is told in ``traces.failure_links``. The rule
own / passed on / stopped is that of CRISP (Zhang et al., USENIX ATC 2022). Facts add up over traces.
"""

import numpy as np
import polars as pl

from integrhealth.published import TABLES
from integrhealth.schema import is_ended, is_failed
from integrhealth.statistics import wilson_interval
from integrhealth.thresholds import CONTAINED, MIN_MESSAGES, MIN_ROOTS, RESAMPLES, RUNAWAY, SEED

NOT_ENOUGH = "not enough data"


def link_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row of counts that add up: rows that name a parent, those whose parent is here, the same among failed rows.

    ``loops`` counts the messages whose parent link was cut because it closed a loop.
    """
    names, found = pl.col("parent_id").is_not_null(), pl.col("parent_row").is_not_null()
    failed = is_failed(pl.col("status"))
    return caused.select(
        messages=pl.len().cast(pl.Int64),
        failed=failed.sum().cast(pl.Int64),
        named=names.sum().cast(pl.Int64),
        found=found.sum().cast(pl.Int64),
        failed_named=(names & failed).sum().cast(pl.Int64),
        failed_found=(found & failed).sum().cast(pl.Int64),
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

    CASCADES as ``cascade_facts`` gives them, LINKS as ``link_facts`` does. A message with j failed causes in the data
    would have shown none of them with probability (1-c)^j, c the link coverage, and so counts 1 / (1 - (1-c)^j);
    with one cause each that is R / c exactly, with several ``at_most`` is true. The interval resamples cascades.
    Fewer than 30 roots: "not enough data"; at 1 the tree never ends: "runaway", without a mean cascade.
    """
    coverage = link_coverage(links)
    failed, roots = int(cascades["messages"].sum() or 0), cascades.height
    row = {"roots": roots, "link_coverage": coverage, "failed": failed, "caused": failed - roots}
    row |= {"at_most": bool((cascades["failed_causes"].list.max().max() or 0) > 1), "loops": int(links["loops"].sum())}
    if roots < MIN_ROOTS:
        row["verdict"] = NOT_ENOUGH
    elif not coverage:
        row["verdict"] = "no links"
    else:
        value, low, high = _reproduction(cascades, coverage)
        row |= {"reproduction": value, "low": low, "high": high}
        row["mean_cascade"] = 1 / (1 - value) if value < 1 else None
        row["verdict"] = _verdict(value)
    more = {"failed": pl.Int64, "caused": pl.Int64, "at_most": pl.Boolean, "loops": pl.Int64}
    return pl.DataFrame([row], schema=TABLES["error_propagation"]["spread"] | more)


def _reproduction(cascades: pl.DataFrame, coverage: float) -> tuple[float, float, float]:
    """R and its interval. Cascades alike in size and weight are drawn together, so that resampling costs little."""
    hidden = 1 - coverage
    weights = cascades["failed_causes"].list.eval(1 / (1 - pl.lit(hidden).pow(pl.element()))).list.sum().fill_null(0)
    alike = cascades.select("messages", caused=weights).group_by("messages", "caused").len().sort("messages", "caused")
    size, caused, count = (alike[name].to_numpy().astype(float) for name in ("messages", "caused", "len"))
    drawn = np.random.default_rng(SEED).multinomial(int(count.sum()), count / count.sum(), size=RESAMPLES)
    low, high = np.quantile(np.minimum((drawn @ caused) / (drawn @ size), 1), [0.025, 0.975])
    # Rounded, so that a tree without a true root reads 1 and not a hair below.
    return min(round(float((count @ caused) / (count @ size)), 12), 1.0), float(low), float(high)


def _verdict(reproduction: float) -> str:
    if reproduction >= 1:
        return "runaway"
    if reproduction > RUNAWAY:
        return "runaway risk"
    return "spreading" if reproduction >= CONTAINED else "contained"


def system_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per system, the target that had to do the work: counts that add up over traces."""
    return (
        caused.group_by(system="target")
        .agg(
            messages=pl.len().cast(pl.Int64),
            ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
            own_errors=pl.col("own_error").sum().cast(pl.Int64),
            passed_on=pl.col("passed_on").sum().cast(pl.Int64),
            stopped=pl.col("stopped").sum().cast(pl.Int64),
        )
        .sort("system")
    )


def systems(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system, most errors first: where errors begin, where they pass, where they stop.

    ``stopping_power`` = stopped / (stopped + passed_on) with its Wilson interval; null when fewer than MIN_MESSAGES
    errors of others reached the system.
    """
    reached = pl.col("stopped") + pl.col("passed_on")
    low, high = wilson_interval(facts["stopped"], facts["stopped"] + facts["passed_on"])
    enough = pl.when(reached >= max(min_messages, 1))
    return (
        facts.with_columns(low=pl.Series(low), high=pl.Series(high), reached=reached)
        .with_columns(
            stopping_power=enough.then(pl.col("stopped") / reached),
            stopping_low=enough.then("low"),
            stopping_high=enough.then("high"),
        )
        .drop("low", "high")
        .sort(pl.col("own_errors") + pl.col("passed_on"), "system", descending=[True, False])
    )


def edge_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per source and target: messages, ended, failed, caused (by its failures), and squares over cascades.

    ``failed_sq``, ``caused_sq`` and ``cross`` are sums over cascades of failed², caused² and failed x caused: what
    the interval of caused per failed needs, in a form that adds up over traces.
    """
    effects = caused.filter("passed_on").group_by(row="cause_row").agg(caused=pl.len().cast(pl.Int64))
    failures = (
        caused.filter(is_failed(pl.col("status")))
        .select("row", "source", "target", "trace")
        .join(effects, on="row", how="left")
        .group_by("source", "target", "trace")
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
    sum of failed x caused_per_error is all that was caused; null without failures. Its interval treats traces as the
    sampled units (ratio estimate, linearised) and is null below MIN_MESSAGES failures.
    """
    failed, ratio = pl.col("failed"), pl.col("caused_per_error")
    spread_sq = pl.col("caused_sq") - 2 * ratio * pl.col("cross") + ratio.pow(2) * pl.col("failed_sq")
    error = spread_sq.clip(0).sqrt() / failed
    enough = pl.when(failed >= max(min_messages, 1))
    return (
        facts.with_columns(caused_per_error=pl.when(failed > 0).then(pl.col("caused") / failed))
        .with_columns(
            low=enough.then((ratio - 1.96 * error).clip(0)),
            high=enough.then(ratio + 1.96 * error),
            failed_share=pl.when(pl.col("ended") >= max(min_messages, 1)).then(failed / pl.col("ended")),
        )
        .drop("failed_sq", "caused_sq", "cross")
        .sort("failed", "source", "target", descending=[True, False, False])
    )
