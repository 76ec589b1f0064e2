"""Measured queues: where metrics tell how much waits at a system, they check the replay of the day as it was."""

import polars as pl

from integrhealth.analyses.latency.surge.replay import DAY
from integrhealth.analyses.latency.surge.surge import feeds, replay_of
from integrhealth.language.measured import CUMULATIVE, DEPTH
from integrhealth.language.schema import NUMBER, TEXT

# What metrics of waiting messages are called, by convention: RabbitMQ, Amazon SQS, Kafka and its exporters, Azure
# Service Bus, ActiveMQ, IBM MQ, OpenTelemetry. Letters of both cases, without the labels.
QUEUE_DEPTHS = (
    r"messages_(ready|unacked|unacknowledged|pending|waiting)$",
    r"approximatenumberofmessages(visible|delayed|notvisible)?$",
    r"queue[ _.-]?(depth|length|size|backlog|messages)$",
    r"(depth|length|size) of (the )?queue$",
    r"consumer[a-z_.-]*lag([_.-](sum|max|avg))?$",
    r"records[_.-]lag([_.-](max|avg))?$",
    r"active_?messages$",
    r"(^|[ _.-])backlog$",
)
# A lag may also be a time.
TIMES = ("s", "ms", "us", "ns", "sec", "seconds", "min", "minutes", "milliseconds")
CHECKS = {
    "system": TEXT,
    "checked_by": TEXT,
    "queue_measured": NUMBER,
    "queue_replayed": NUMBER,
    "queue_correlation": NUMBER,
}


def queue_depths(metrics: pl.DataFrame) -> pl.DataFrame:
    """One row per system and minute that a queue of it was measured: at, waiting over all its queues, metric.

    Which metrics are depths is told by their names, and of others by a mapping (``meaning``). Several samples of one
    queue in a minute are their mean.
    """
    name = pl.col("metric").str.extract(r"^([^{]+)").str.strip_chars().str.to_lowercase()
    by_name = pl.col("meaning").is_null() & name.str.contains("|".join(QUEUE_DEPTHS))
    depth = metrics.filter(
        by_name | pl.col("meaning").eq_missing(DEPTH),
        pl.col("value").is_finite() & (pl.col("value") >= 0),
        pl.col("statistic").ne_missing(CUMULATIVE),
        ~pl.col("unit").str.to_lowercase().is_in(TIMES).fill_null(False),
    ).with_columns(at=pl.col("time").dt.truncate("1m"))
    queues = depth.group_by("system", "metric", "at").agg(pl.col("value").mean())
    return (
        queues.group_by("system", "at")
        .agg(waiting=pl.col("value").sum(), metric=pl.col("metric").sort().first().str.extract(r"^([^{]+)"))
        .sort("system", "at")
    )


def queue_checks(depths: pl.DataFrame, rows: pl.DataFrame, minutes: pl.DataFrame) -> pl.DataFrame:
    """One row per system with a measured queue and a known capacity: checked_by, and the figures of both.

    `depths` as ``queue_depths``, `rows` and `minutes` as in ``surge.surge``. ``queue_measured`` is the most that waited
    on the day, ``queue_replayed`` the most at the same minutes of the day replayed as it was; ``queue_correlation`` is
    Pearson's over those minutes, null where one of them never moves.
    """
    usable = rows.filter(pl.col("capacity_per_minute").is_not_null()).join(
        depths, left_on="target", right_on="system", how="semi", maintain_order="left"
    )
    if usable.is_empty():
        return pl.DataFrame(schema=CHECKS)
    drawn = feeds(usable, minutes)
    line = replay_of(usable, drawn, (1,)).backlog[:, 0, :DAY]
    systems = usable.unique("target", keep="first", maintain_order=True).select("day", system="target")
    replayed = systems.with_columns(replayed=pl.Series(line.tolist()), minute=pl.lit(list(range(DAY))))
    every = replayed.explode("replayed", "minute").with_columns(at=pl.col("day") + pl.duration(minutes="minute"))
    both = every.join(depths, on=["system", "at"])
    moves = (pl.col("replayed").std() > 0) & (pl.col("waiting").std() > 0)
    return (
        both.group_by("system")
        .agg(
            checked_by=pl.col("metric").first(),
            queue_measured=pl.col("waiting").max(),
            queue_replayed=pl.col("replayed").max(),
            queue_correlation=pl.when(moves).then(pl.corr("replayed", "waiting")),
        )
        .sort("system")
        .cast(CHECKS)
    )
