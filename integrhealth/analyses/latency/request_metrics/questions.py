"""What metrics alone say of requests: one call on evidence per frame that other subjects read."""

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from integrhealth.analyses.latency.request_metrics import answers, compared
from integrhealth.analyses.latency.request_metrics.findings import said_of_requests
from integrhealth.analyses.latency.request_metrics.increases import binned, increases, resets
from integrhealth.analyses.latency.request_metrics.requests import ENDS, ended_requests, taken_requests
from integrhealth.analyses.latency.request_metrics.series import SERIES_KEYS, request_series
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


class Measured(NamedTuple):
    """The requests that metrics count: how they ended, how long they took, and what to say of how they were read."""

    ended: pl.DataFrame
    taken: pl.DataFrame
    series: pl.DataFrame
    down: pl.DataFrame
    resets: int
    faulty: int


def measured(evidence: "Evidence") -> Measured:
    """All requests that the metrics of `evidence` count, once per traffic, by source, target and five minutes."""
    return evidence.once(_measured)


def by_metrics_alone(evidence: "Evidence") -> Measured:
    """The same for the integrations of which no messages tell."""
    return evidence.once(_by_metrics_alone)


@question
def requests_by_integration(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source, target and integration that metrics alone count, as `answers.integrations`."""
    alone = by_metrics_alone(evidence)
    return answers.integrations(alone.ended, alone.taken, min_messages=min_messages)


@question
def requests_over_time(evidence: "Evidence", *, width: str) -> pl.DataFrame:
    """One row per integration that metrics alone count and `width` of time, as `answers.over_time`."""
    alone = by_metrics_alone(evidence)
    return answers.over_time(alone.ended, alone.taken, width)


@question
def request_buckets(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration that metrics alone count, hour and bucket, as `answers.bucket_facts`."""
    return answers.bucket_facts(by_metrics_alone(evidence).taken)


@question
def request_bins(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration that metrics alone count and five minutes, as `answers.bins`."""
    alone = by_metrics_alone(evidence)
    return answers.bins(alone.ended, alone.taken, evidence.catalog.integrations)


@question
def request_spending(evidence: "Evidence") -> pl.DataFrame:
    """What integrations that metrics alone count spent their error budgets on, as `answers.spending`."""
    alone = by_metrics_alone(evidence)
    return answers.spending(alone.ended, alone.taken, evidence.catalog.integrations)


@question
def counts_compared(evidence: "Evidence") -> pl.DataFrame:
    """One row per source and target that messages and metrics both count, as `compared.compared`."""
    return compared.compared(measured(evidence).ended, evidence.messages)


def said_of_metrics(evidence: "Evidence") -> str | None:
    """How the metrics of `evidence` were read, for the notes on method; None where they count no requests."""
    alone = by_metrics_alone(evidence)
    differing = counts_compared(evidence)
    counting = alone.series.height > 0 and measured(evidence).ended.is_empty()
    return said_of_requests(
        alone.ended, differing, alone.down, counting=counting, resets=alone.resets, faulty=alone.faulty
    )


def _by_metrics_alone(evidence: "Evidence") -> Measured:
    every = measured(evidence)
    edges = pl.concat([frame.select(answers.EDGE) for frame in (every.ended, every.taken)]).unique()
    both = compared.covered(edges, evidence.messages)
    ended, taken = (
        frame.join(both, on=list(ENDS), how="anti", nulls_equal=True, maintain_order="left")
        for frame in (every.ended, every.taken)
    )
    return every._replace(ended=ended, taken=taken)


def _measured(evidence: "Evidence") -> Measured:
    # One row per series with its samples, so that names are compared once.
    every = evidence.metrics.group_by(SERIES_KEYS).agg("time", "value").sort(SERIES_KEYS)
    every = every.with_row_index("series").cast({"series": pl.Int64})
    aliases = evidence.catalog.systems.select("system", alias="aliases").explode("alias").drop_nulls()
    series = request_series(every.drop("time", "value"), aliases)
    counting = every.join(series.select("series"), on="series", how="semi", maintain_order="left")
    samples = _in_order(counting.select("series", "time", "value").explode("time", "value"))
    counted = binned(increases(samples, series))
    taken, faulty = taken_requests(counted, series)
    ended = ended_requests(counted, series)
    edges = pl.concat([ended.select(ENDS), taken.select(ENDS)])
    by_name = answers.integration_names(edges, evidence.catalog.integrations)
    ended, taken = (
        frame.join(by_name, on=list(ENDS), nulls_equal=True, maintain_order="left") for frame in (ended, taken)
    )
    return Measured(
        ended,
        taken,
        series,
        _down(evidence.metrics, aliases),
        resets(counted, series),
        faulty,
    )


def _in_order(samples: pl.DataFrame) -> pl.DataFrame:
    """`samples`, which are in the order of their series, in that of time; of several at one time the last."""
    samples = samples.filter(pl.col("value").is_finite())
    another = pl.col("series") != pl.col("series").shift(1)
    if samples.select((another | (pl.col("time") > pl.col("time").shift(1))).all()).item():
        return samples
    return samples.unique(["series", "time"], keep="last", maintain_order=True).sort("series", "time")


def _down(metrics: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """system, samples: how often ``up`` said of a system that nobody could ask it."""
    down = metrics.filter(pl.col("metric").str.contains(r"^up(\{|$)"), pl.col("value") == 0)
    systems = down.with_columns(pl.col("system").replace(aliases["alias"], aliases["system"]))
    return systems.group_by("system").agg(samples=pl.len()).sort("system")
