"""Cascades: what one error brought down with it, how fast, and how many systems it reached."""

from datetime import timedelta

import polars as pl

from integrhealth.analyses.error_propagation.tables import TABLES
from integrhealth.language.schema import FRAMES
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import DETECTED_WITHIN_HOURS, MIN_MESSAGES, PARENT_DAYS
from integrhealth.traces.cascades import cascade_members
from integrhealth.traces.facts import log_bucket, percentiles

# What an incident can say of the messages that it is about.
ABOUT = ("integration", "object_id")


def cascade_facts(caused: pl.DataFrame, incident_events: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per cascade, largest first. Cascades partition the failed messages: sum(messages) = failed messages.

    `caused` as ``traces.with_causes`` gives it. ``messages`` counts failed messages, the root included; ``systems``
    distinct targets; ``depth`` is 0 for a lone root; ``spread_ms`` runs from the root's finish to the last;
    ``links_per_minute`` = depth / minutes of spread, null for a lone root and where no time passed or is known;
    ``amount`` sums distinct business objects, each at its largest (messages without an object id count as one
    object); ``failed_causes`` lists, for each message that was caused, how many failed causes it has in the data.
    ``systems_before_detection`` are those that had failed when the first incident about the cascade was opened, from
    the root's start on; null when none was. An incident is about the object that it names, within 30 days, else about
    what failed on its integration within a day. A cascade lies in one trace, so the rows add up.
    """
    placed = cascade_members(caused)
    before = _systems_before_detection(
        placed, FRAMES["incident_events"].empty() if incident_events is None else incident_events
    )
    objects = (
        placed.group_by("root", "object_type", "object_id")
        .agg(pl.col("amount").max())
        .group_by("root")
        .agg(amount=pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()))
    )
    spread_ms = ((pl.col("ended_at").max() - pl.col("root_ended_at").first()).dt.total_microseconds() / 1000).clip(0)
    sizes = placed.group_by("root").agg(
        messages=pl.len().cast(pl.Int64),
        systems=pl.col("target").n_unique().cast(pl.Int64),
        depth=pl.col("below_root").max(),
        spread_ms=spread_ms,
        failed_causes=pl.col("failed_causes").filter(pl.col("failed_causes") > 0).sort(),
    )
    travelled = (pl.col("depth") > 0) & (pl.col("spread_ms") > 0)
    sizes = sizes.with_columns(
        links_per_minute=pl.when(travelled).then(pl.col("depth") / (pl.col("spread_ms") / 60_000))
    )
    heads = placed.filter("own_error").select(
        "root", "trace_id", "error_code", root_id="message_id", root_system="target", started_at="sent_at"
    )
    return (
        heads.join(sizes, on="root")
        .join(objects, on="root")
        .join(before, on="root", how="left")
        .select(*TABLES["cascades"], "links_per_minute", "systems_before_detection", "failed_causes")
        .sort("messages", "started_at", "root_id", descending=[True, False, False])
    )


def _systems_before_detection(placed: pl.DataFrame, incident_events: pl.DataFrame) -> pl.DataFrame:
    """root and systems_before_detection of the cascades of which an incident tells."""
    failed_at = pl.coalesce("ended_at", "sent_at")
    failures = placed.select("root", "target", failed_at=failed_at).join(_detected(placed, incident_events), on="root")
    return failures.group_by("root").agg(
        systems_before_detection=pl.col("target")
        .filter(pl.col("failed_at") <= pl.col("detected_at"))
        .n_unique()
        .cast(pl.Int64)
    )


def _detected(placed: pl.DataFrame, incident_events: pl.DataFrame) -> pl.DataFrame:
    """root and detected_at, when the first incident was opened that is about the cascade.

    One that names an object is about that object alone, for as long as ids are not used again; one that names none is
    about what failed on its integration in the day before.
    """
    events = incident_events.drop_nulls(["incident", "at"])
    incidents = events.group_by("incident").agg(detected_at=pl.col("at").min())
    for each in ABOUT:
        incidents = incidents.join(events.select("incident", each).drop_nulls().unique(), on="incident", how="left")
    incidents = incidents.sort("detected_at", "incident")
    began = placed.filter("own_error").select("root", began_at="sent_at")
    affected = placed.select("root", *ABOUT).unique().join(began, on="root").sort("began_at", "root")
    kinds = (
        (ABOUT, timedelta(days=PARENT_DAYS)),
        (("object_id",), timedelta(days=PARENT_DAYS)),
        (("integration",), timedelta(hours=DETECTED_WITHIN_HOURS)),
    )
    first = [
        affected.drop_nulls(by).join_asof(
            incidents.filter(pl.col(each).is_not_null() == (each in by) for each in ABOUT).select(*by, "detected_at"),
            left_on="began_at",
            right_on="detected_at",
            by=list(by),
            strategy="forward",
            tolerance=within,
            check_sortedness=False,  # sorted above; polars cannot check within groups
        )
        for by, within in kinds
    ]
    return pl.concat(first).group_by("root").agg(pl.col("detected_at").min()).drop_nulls()


def survival(cascades: pl.DataFrame) -> pl.DataFrame:
    """One row per cascade size that occurs: the share of cascades that are at least that large, and their number."""
    counted = cascades.group_by("messages").agg(cascades=pl.len().cast(pl.Int64)).sort("messages", descending=True)
    return counted.select(
        "messages", at_least=pl.col("cascades").cum_sum(), share=pl.col("cascades").cum_sum() / pl.col("cascades").sum()
    ).sort("messages")


def reach_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per number of systems and bucket of time: cascades whose so many-th system failed so long after the root.

    A system is reached when the first message to it has failed. Cascades in which an end time is missing have no
    bucket: which system was the third cannot be told. Rows add up over traces.
    """
    reached = (
        cascade_members(caused)
        .group_by("root", "target")
        .agg(pl.col("ended_at").min(), pl.col("root_ended_at").first(), timed=pl.col("ended_at").is_not_null().all())
        .sort("root", "ended_at", "target")
        .with_columns(systems=pl.int_range(1, pl.len() + 1).over("root"), timed=pl.col("timed").all().over("root"))
    )
    after_us = (pl.col("ended_at") - pl.col("root_ended_at")).dt.total_microseconds().clip(0)
    return (
        reached.group_by("systems", bucket=log_bucket(pl.when("timed").then(after_us)))
        .agg(cascades=pl.len().cast(pl.Int64))
        .sort("systems", "bucket")
    )


def reach(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per number of systems: cascades that reached so many, and the median time from the root's failure.

    The root's own system is the first. ``timed`` counts the cascades with all their end times, the n of the median;
    median and interval (order statistics) are null below `min_messages` of them.
    """
    counted = facts.group_by("systems").agg(pl.col("cascades").sum())
    times = percentiles(facts, ["systems"], count="cascades", quantiles={"median_ms": 0.5}, interval_of="median_ms")
    return (
        counted.join(times.rename({"n": "timed"}), on="systems", how="left")
        .with_columns(pl.col("timed").fill_null(0))
        .with_columns(
            pl.when(enough(pl.col("timed"), min_messages)).then(pl.col("median_ms", "low_ms", "high_ms")).name.keep()
        )
        .sort("systems")
    )
