"""Messages that were never sent because the one before them stalled: coordinated omission, corrected.

Who sends on a schedule and waits for the answer measures one stall and none of the messages that it kept from being
sent, so that percentiles look as if nearly all had been quick (Gil Tene, HdrHistogram). Each latency L above the
interval I of the schedule then stands for further ones of L - I, L - 2I and so on, down to I.
"""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import EDGE, edge_name
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import REGULAR_SHARE, REGULAR_WITHIN
from integrhealth.traces.facts import GAMMA, RELATIVE_ERROR, bucket_ms, log_bucket, percentiles

QUANTILES = {"p95_unsent_ms": 0.95, "p99_unsent_ms": 0.99}
SCHEDULES = dict.fromkeys(EDGE, TEXT) | {"schedule_ms": NUMBER, "schedule_from": TEXT}


def sent_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target and integration: how many messages it sent, the first and the last; they add up."""
    between = messages.lazy().filter(pl.col("source") != pl.col("target"))
    sent = between.group_by(*EDGE).agg(
        sent=pl.len().cast(COUNT), min_sent_at=pl.col("sent_at").min(), max_sent_at=pl.col("sent_at").max()
    )
    edges = sent.with_columns(integration=edge_name()).group_by(EDGE)
    summed = edges.agg(pl.col("sent").sum(), pl.col("min_sent_at").min(), pl.col("max_sent_at").max())
    return summed.sort(EDGE).collect(engine="streaming")


def send_gaps(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, integration and log bucket of the time to the next message sent: gaps and their sum.

    Over all messages at once: the next one may belong to any trace.
    """
    between = messages.lazy().filter(pl.col("source") != pl.col("target")).select(*EDGE, "sent_at").sort("sent_at")
    gaps = between.select(*EDGE, us=pl.col("sent_at").diff().over(EDGE).dt.total_microseconds())
    counted = gaps.filter(pl.col("us").is_not_null()).group_by(*EDGE, bucket=log_bucket(pl.col("us")))
    summed = counted.agg(gaps=pl.len().cast(COUNT), gaps_us=pl.col("us").sum()).with_columns(integration=edge_name())
    return summed.group_by(*EDGE, "bucket").agg(pl.col("gaps", "gaps_us").sum()).sort(*EDGE, "bucket").collect()


def schedules(gaps: pl.DataFrame, declared: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per source, target and integration that sends on a schedule: schedule_ms, and schedule_from.

    From the "catalog" (`declared`), else from the "sends" themselves, where nine of ten follow each other within a
    tenth of the usual gap, of at least `min_messages`: of sends at random one in fourteen does.
    """
    promised = declared.select("integration", "schedule_ms").drop_nulls().filter(pl.col("schedule_ms") > 0)
    promised = promised.unique("integration", keep="first", maintain_order=True)
    said = gaps.select(EDGE).unique().join(promised, on="integration")
    ranked = gaps.sort(*EDGE, "bucket").with_columns(
        ms=bucket_ms(pl.col("bucket")), reached=pl.col("gaps").cum_sum().over(EDGE), n=pl.col("gaps").sum().over(EDGE)
    )
    usual = pl.col("ms").filter(pl.col("reached") >= pl.col("n") / 2).first().over(EDGE)
    near = ranked.filter((pl.col("ms") - usual).abs() <= REGULAR_WITHIN * usual, usual > 0)
    seen = (
        near.group_by(EDGE)
        .agg(pl.col("n").first(), near=pl.col("gaps").sum(), schedule_ms=pl.col("gaps_us").sum() / 1000)
        .filter(pl.col("near") >= REGULAR_SHARE * pl.col("n"), enough(pl.col("n"), min_messages))
        .with_columns(schedule_ms=pl.col("schedule_ms") / pl.col("near"))
    )
    rows = [
        said.with_columns(schedule_from=pl.lit("catalog")).select(*SCHEDULES),
        seen.with_columns(schedule_from=pl.lit("sends")).select(*SCHEDULES),
    ]
    return pl.concat(rows).unique(EDGE, keep="first", maintain_order=True).sort(EDGE)


def unsent_facts(facts: pl.DataFrame, schedules: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, integration and log bucket: unsent, the latencies that were never measured.

    `facts` as ``latency_facts`` gives them. So many as stand in closed form for each bucket of latencies: counts that
    add up.
    """
    interval, latency = pl.col("schedule_ms"), bucket_ms(pl.col("from"))
    late = (
        facts.select(*EDGE, "measured", **{"from": "bucket"})
        .join(schedules, on=EDGE)
        .with_columns(latency=latency)
        .filter(pl.col("measured") > 0, pl.col("latency") >= 2 * interval)
        .with_columns(first=log_bucket((interval * 1000).ceil()))
        .with_columns(bucket=pl.int_ranges(pl.col("first") - 1, pl.col("from") + 1, dtype=pl.Int16))
        .explode("bucket")
    )
    high = pl.lit(GAMMA).pow(pl.col("bucket").cast(pl.Float64)) / 1000
    most = (pl.col("latency") / interval).floor() - 1
    # How many of L - I, L - 2I and so on lie above a bound.
    above = {
        name: pl.min_horizontal(((pl.col("latency") - bound) / interval).ceil() - 1, most).clip(0)
        for name, bound in {"above_low": high / GAMMA, "above_high": high}.items()
    }
    return (
        late.with_columns(**above)
        .with_columns(unsent=((pl.col("above_low") - pl.col("above_high")) * pl.col("measured")).cast(COUNT))
        .group_by(*EDGE, "bucket")
        .agg(pl.col("unsent").sum())
        .filter(pl.col("unsent") > 0)
        .sort(*EDGE, "bucket")
    )


def corrected(facts: pl.DataFrame, sent: pl.DataFrame, schedules: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per source, target and integration with a schedule: unsent, and percentiles with those counted as well.

    `facts` and `sent` are ``latency_facts`` and ``sent_facts``. Where more would be added than the schedule lacks,
    messages were sent during the stalls, and nothing is added. Null below `min_messages` measured.
    """
    unsent = unsent_facts(facts, schedules)
    span = (pl.col("max_sent_at") - pl.col("min_sent_at")).dt.total_microseconds() / 1000
    lacking = sent.join(schedules, on=EDGE).with_columns(lacking=span / pl.col("schedule_ms") + 1 - pl.col("sent"))
    added = unsent.group_by(EDGE).agg(pl.col("unsent").sum())
    judged = lacking.join(added, on=EDGE, how="left").with_columns(pl.col("unsent").fill_null(0))
    # A latency read back from its bucket is off by up to 1%, and so is what it stands for.
    omitted = pl.col("unsent") <= (pl.col("lacking") + 1) * (1 + 2 * RELATIVE_ERROR)
    judged = judged.with_columns(unsent=pl.when(omitted).then("unsent").otherwise(0))
    counted = pl.concat(
        [
            facts.select(*EDGE, "bucket", count="measured").join(schedules, on=EDGE, how="semi"),
            unsent.join(judged.filter(pl.col("unsent") > 0), on=EDGE, how="semi").rename({"unsent": "count"}),
        ]
    )
    read_back = percentiles(counted, EDGE, count="count", quantiles=QUANTILES).drop("n")
    measured = facts.group_by(EDGE).agg(pl.col("measured").sum())
    joined = judged.join(read_back, on=EDGE, how="left").join(measured, on=EDGE)
    rated = pl.when(enough(pl.col("measured"), min_messages))
    figures = rated.then(pl.col(*QUANTILES)).name.keep()
    return joined.with_columns(figures).select(*SCHEDULES, "unsent", *QUANTILES).sort(EDGE)
