"""What holds and checkpoints ask people to talk about: where a pause pays, where it cannot help, what nobody reads."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, written
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import (
    MIN_BAD_ENTRIES,
    RUBBER_STAMP_CRITICAL,
    RUBBER_STAMP_SECONDS,
    RUBBER_STAMP_WARNING,
)


def friction_findings(friction: pl.DataFrame, declared: pl.DataFrame, *, currency: str | None = None) -> pl.DataFrame:
    """What a person should talk about, from the table ``friction``; `declared` are the integrations of the catalog."""
    owned = friction.join(integration_owners(declared), on="integration", how="left").with_columns(
        subject=pl.col("integration")
    )
    money = f" {currency}" if currency else ""
    return ranked([_paying(owned, money), _helpless(owned), _costly(owned, money)])


def _whole(value: str) -> pl.Expr:
    """Money or minutes as people say them."""
    rounded = pl.col(value).round().cast(pl.Int64)
    return pl.format("{}{}", pl.when(rounded < 0).then(pl.lit("-")).otherwise(pl.lit("")), written(rounded.abs()))


def _paying(owned: pl.DataFrame, money: str) -> pl.DataFrame:
    rows = owned.filter(pl.col("verdict") == "hold").with_columns(
        severity=pl.lit("warning"),
        statement=pl.format(
            "Holding {} for {} minutes would have saved {}{} net of the delay; an hour: {}{}. {} wrong entries passed.",
            "integration",
            _whole("best_hold_minutes"),
            _whole("net"),
            pl.lit(money),
            _whole("net_60_minutes"),
            pl.lit(money),
            written(pl.col("bad_entries")),
        ),
        value=pl.col("best_hold_minutes"),
        unit=pl.lit("minutes of hold"),
        low=pl.col("best_low_minutes"),
        high=pl.col("best_high_minutes"),
        n=pl.col("bad_entries"),
        threshold=pl.lit(0.0),
        cost=pl.col("net"),
        ask=pl.format(
            "Who would notice if {} waited {} minutes, and who could then still correct an entry?",
            "integration",
            _whole("best_hold_minutes"),
        ),
    )
    return findings(NAME, "hold_pays", rows)


def _helpless(owned: pl.DataFrame) -> pl.DataFrame:
    """Only where an error is known to cost something, where values are known to have been wrong (a message that merely
    failed says nothing of that), and on the way by which most of them left their origin."""
    helpless = (pl.col("verdict") == "a hold cannot help") & pl.col("net_60_minutes").is_not_null()
    helpless &= pl.col("wrong_entries") >= MIN_BAD_ENTRIES
    rows = owned.filter(helpless, pl.col("first_share") >= 0.5).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format(
            "No hold of up to a day would have stopped any of the {} wrong entries on {}: "
            "detected too late, or only because they went out.",
            written(pl.col("wrong_entries")),
            "integration",
        ),
        value=pl.lit(0.0),
        unit=pl.lit("records a hold would have spared"),
        n=pl.col("wrong_entries"),
        ask=pl.format("Which check before {} could detect a wrong entry on the day it is made?", "integration"),
    )
    return findings(NAME, "hold_cannot_help", rows)


def _costly(owned: pl.DataFrame, money: str) -> pl.DataFrame:
    """Checkpoints that cost more than they save even at the upper bound of what they stop."""
    rows = owned.filter(pl.col("checkpoint_net_high") < 0).with_columns(
        subject=pl.col("checkpoint"),
        severity=pl.lit("warning"),
        statement=pl.format(
            "{} on {} delayed messages for {}{} more than the errors it caught would have cost.",
            "checkpoint",
            "integration",
            written((-pl.col("checkpoint_net")).round().cast(pl.Int64)),
            pl.lit(money),
        ),
        value=pl.col("checkpoint_net"),
        unit=pl.lit("saved less delay"),
        high=pl.col("checkpoint_net_high"),
        n=pl.col("messages"),
        threshold=pl.lit(0.0),
        cost=-pl.col("checkpoint_net"),
        ask=pl.format("Which of the messages that {} holds could go on at once?", "checkpoint"),
    )
    return findings(NAME, "checkpoint_costs_more", rows)


def checkpoint_findings(checkpoints: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """What a person should talk about: approvals that nobody read, and checkpoints that caught no bad message.

    `checkpoints` is the table of that name; `declared` the integrations of the catalog.
    """
    owned = checkpoints.join(integration_owners(declared), on="integration", how="left")
    return ranked([_rubber_stamps(owned), _blind(owned)])


def _rubber_stamps(owned: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("rubber_stamp_share")
    warning, critical = (
        chance_of_distance(value - most, value - pl.col("rubber_low"))
        for most in (RUBBER_STAMP_WARNING, RUBBER_STAMP_CRITICAL)
    )
    judged = owned.with_columns(severity=severity(warning=warning, critical=critical))
    rows = judged.filter(value > RUBBER_STAMP_WARNING).with_columns(
        subject=pl.col("checkpoint"),
        statement=pl.format(
            "{} of {} approvals at {} were given in less than {} seconds.",
            written(pl.col("rubber_stamps")),
            written(pl.col("approvals")),
            "checkpoint",
            pl.lit(RUBBER_STAMP_SECONDS),
        ),
        value=value,
        unit=pl.lit("share of approvals"),
        low=pl.col("rubber_low"),
        high=pl.col("rubber_high"),
        n=pl.col("approvals"),
        threshold=pl.lit(RUBBER_STAMP_WARNING),
        ask=pl.format("What would you have to see at {} to say no?", "checkpoint"),
    )
    return findings(NAME, "rubber_stamps", rows)


def _blind(owned: pl.DataFrame) -> pl.DataFrame:
    """Checkpoints that let every bad message pass, of at least as many as a catch rate needs."""
    rows = owned.filter(pl.col("catch_rate").is_not_null(), pl.col("bad_held") == pl.col("bad_approved")).with_columns(
        subject=pl.col("checkpoint"),
        severity=pl.lit("warning"),
        statement=pl.format(
            "{} held {} messages and let all {} bad ones pass.",
            "checkpoint",
            written(pl.col("held")),
            written(pl.col("bad_total")),
        ),
        value=pl.lit(0.0),
        unit=pl.lit("share of bad messages caught"),
        n=pl.col("bad_total"),
        ask=pl.format("Which check at {} would have stopped the last one?", "checkpoint"),
    )
    return findings(NAME, "checkpoint_catches_nothing", rows)
