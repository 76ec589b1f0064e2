"""Checkpoints: what a pause catches, what it stops for nothing, how long it takes, and whether anybody reads.

A message was bad when its checkpoint says so (``was_bad``), else when another one does; where none says anything,
when its object was a bad entry at the time. A bad message that was held was caught, unless it was approved all the
same (``bad_approved``).
"""

from datetime import UTC, datetime

import polars as pl

from integrhealth.analyses.error_propagation.tables import TABLES
from integrhealth.language.decisions import is_approved, is_caught
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import (
    MIN_BAD_ENTRIES,
    MIN_MESSAGES,
    RUBBER_STAMP_SECONDS,
)

# Later than all that is logged: an entry that nobody has detected.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
CHECKPOINTS = TABLES["checkpoints"] | {
    "integration": TEXT,
    "messages": COUNT,
    "catch_low": NUMBER,
    "catch_high": NUMBER,
    "stopped_share": NUMBER,
    "stopped_low": NUMBER,
    "stopped_high": NUMBER,
    "false_low": NUMBER,
    "false_high": NUMBER,
    "rubber_low": NUMBER,
    "rubber_high": NUMBER,
    "approvals": COUNT,
    "rubber_stamps": COUNT,
    "bad_approved": COUNT,
    "undecided": COUNT,
    "still_held": COUNT,
}


def checkpoints(
    messages: pl.DataFrame,
    holds: pl.DataFrame,
    entries: pl.DataFrame,
    declared: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """One row per checkpoint that held something, that messages name, or that the catalog declares; by name.

    Its population are the messages that name it, those it held, and those of its integration in the catalog; where
    that is but what it held, those of the integrations that it held messages of. A message with status held that
    names its checkpoint is held there, also without a row in `holds`.
    ``catch_rate`` = bad held / all bad of the population (null under 10 bad, or where no hold at all is known);
    ``stopped_share`` the same without those that were approved; ``false_hold_rate`` = held and not bad / held (null
    under `min_messages` held); ``median_hold_minutes`` over holds that ended (null under `min_messages`);
    ``rubber_stamp_share`` = approvals given within 10 s / approvals (null under `min_messages`); intervals are
    Wilson's. ``integration`` is that of the catalog, else that of its messages if they have but one. Counts are of
    messages, those of ``approvals``, ``rubber_stamps`` (with a known end), ``undecided`` (neither let through nor
    caught, though ended) and ``still_held`` (no end) of holds.

    `declared`: the checkpoints of the catalog. `entries`: the bad entries, of which the object and its time are used.
    """
    once = messages.unique("message_id", keep="first", maintain_order=True)
    holds = _with_held_messages(holds, once)
    passing = _population(once, holds, declared)
    said_elsewhere = holds.group_by("message_id").agg(said_bad=pl.col("was_bad").max())
    bad = (
        passing.join(said_elsewhere, on="message_id", how="left")
        .join(_carried_bad(once, entries), on="message_id", how="left")
        .with_columns(bad=pl.coalesce("was_bad", "said_bad", "carried_bad", pl.lit(False)))
    )
    counted = bad.group_by("checkpoint").agg(
        messages=pl.len(),
        held=pl.col("held").sum(),
        bad_held=(pl.col("held") & pl.col("bad")).sum(),
        bad_total=pl.col("bad").sum(),
        bad_approved=(pl.col("bad") & pl.col("approved")).sum(),
    )
    decided = _decisions(holds)
    names = pl.concat([counted.select("checkpoint"), decided.select("checkpoint"), declared.select("checkpoint")])
    counts = pl.selectors.integer()
    rows = (
        names.unique()
        .join(counted, on="checkpoint", how="left")
        .join(decided, on="checkpoint", how="left")
        .join(_integrations(once, passing, declared), on="checkpoint", how="left")
        .with_columns(counts.fill_null(0).cast(COUNT))
    )
    return _with_rates(rows, min_messages=min_messages).select(*CHECKPOINTS).cast(CHECKPOINTS).sort("checkpoint")


def _with_held_messages(holds: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """`holds` plus the messages that are held, as their status says."""
    held = messages.filter(pl.col("status") == "held").drop_nulls("checkpoint")
    place = ["checkpoint", "message_id"]
    untold = held.select(*place, held_at="sent_at").join(holds, on=place, how="anti")
    return pl.concat([holds, untold], how="diagonal")


def _population(messages: pl.DataFrame, holds: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per checkpoint and message of its population: held, approved (in the last hold), was_bad (in any)."""
    stopped = (
        holds.sort("checkpoint", "message_id", "held_at", "released_at", "decision", nulls_last=True)
        .group_by("checkpoint", "message_id", maintain_order=True)
        .agg(
            held=pl.lit(True),
            approved=is_approved(pl.col("decision").last()),
            was_bad=pl.col("was_bad").max(),
        )
    )
    naming = messages.drop_nulls("checkpoint").select("checkpoint", "message_id")
    of_integration = messages.join(declared.drop_nulls("integration"), on="integration", suffix="_declared").select(
        checkpoint="checkpoint_declared", message_id="message_id"
    )
    held = stopped.select("checkpoint", "message_id")
    let_by = pl.concat([naming, of_integration]).join(held, on=held.columns, how="anti")
    alone = held.join(let_by, on="checkpoint", how="anti").join(messages, on="message_id")
    beside = alone.select("checkpoint", "integration").unique().join(messages, on="integration").select(held.columns)
    everyone = pl.concat([held, let_by, beside]).unique()
    return everyone.join(stopped, on=["checkpoint", "message_id"], how="left").with_columns(
        pl.col("held", "approved").fill_null(False)
    )


def _carried_bad(messages: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """message_id and carried_bad of the messages of a bad entry's object, sent while nobody had detected it."""
    thing = ["object_type", "object_id"]
    objects = entries.select(thing).unique().with_row_index("object")
    # Of one object the latest end of all entries so far: a look back at one row tells of all, however many they are.
    wrong = (
        entries.join(objects, on=thing, nulls_equal=True)
        .sort("entered_at")
        .with_columns(until=pl.col("detected_at").fill_null(NEVER).cum_max().over("object"))
        .select("object", "until", time="entered_at")
    )
    return (
        messages.join(objects, on=thing, nulls_equal=True)
        .select("message_id", "object", time="sent_at")
        .sort("time")
        .join_asof(wrong, on="time", by="object", check_sortedness=False)
        .filter(pl.col("time") < pl.col("until"))
        .select("message_id", carried_bad=pl.lit(True))
    )


def _decisions(holds: pl.DataFrame) -> pl.DataFrame:
    """One row per checkpoint: how its holds ended."""
    ended = pl.col("released_at").is_not_null()
    took = (pl.col("released_at") - pl.col("held_at")).dt.total_microseconds() / 60_000_000
    approved = is_approved(pl.col("decision")) & ended
    return (
        holds.unique(["checkpoint", "message_id", "held_at", "released_at", "decision"])
        .with_columns(minutes=pl.when(took >= 0).then(took), approved=approved)
        .group_by("checkpoint")
        .agg(
            approvals=pl.col("approved").sum(),
            rubber_stamps=(pl.col("approved") & (pl.col("minutes") * 60 < RUBBER_STAMP_SECONDS)).sum(),
            undecided=(ended & ~pl.col("approved") & ~is_caught(pl.col("decision"))).sum(),
            still_held=(~ended & ~is_caught(pl.col("decision"))).sum(),
            ended_holds=pl.col("minutes").count(),
            median_minutes=pl.col("minutes").median(),
        )
    )


def _integrations(messages: pl.DataFrame, passing: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """checkpoint and integration: the catalog's, else the only one that its messages travel on."""
    observed = (
        passing.select("checkpoint", "message_id")
        .join(messages.select("message_id", "integration"), on="message_id")
        .drop_nulls("integration")
        .group_by("checkpoint")
        .agg(observed=pl.when(pl.col("integration").n_unique() == 1).then(pl.col("integration").first()))
    )
    catalog = declared.select("checkpoint", declared="integration")
    return observed.join(catalog, on="checkpoint", how="full", coalesce=True).select(
        "checkpoint", integration=pl.coalesce("declared", "observed")
    )


def _with_rates(rows: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """The counts with their rates and intervals, null under too small a denominator."""
    least_bad = min(MIN_BAD_ENTRIES, min_messages)
    # Without a single hold it is not known what was held.
    all_bad = pl.when(pl.col("held").sum() > 0).then("bad_total")
    rates = {
        ("catch_rate", "catch"): (pl.col("bad_held"), all_bad, least_bad),
        ("stopped_share", "stopped"): (pl.col("bad_held") - pl.col("bad_approved"), all_bad, least_bad),
        ("false_hold_rate", "false"): (pl.col("held") - pl.col("bad_held"), pl.col("held"), min_messages),
        ("rubber_stamp_share", "rubber"): (pl.col("rubber_stamps"), pl.col("approvals"), min_messages),
    }
    for (rate, stem), (part, whole, least) in rates.items():
        shares = rows.select(part=part, whole=whole)
        low, high = wilson_interval(shares["part"], shares["whole"].fill_null(0))
        judged = pl.when(enough(whole, least))
        rows = rows.with_columns(
            judged.then(part / whole).alias(rate),
            judged.then(pl.Series(low)).alias(f"{stem}_low"),
            judged.then(pl.Series(high)).alias(f"{stem}_high"),
        )
    median = pl.when(enough(pl.col("ended_holds"), min_messages)).then("median_minutes")
    return rows.with_columns(median_hold_minutes=median)
