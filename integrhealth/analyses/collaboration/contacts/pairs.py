"""Who should talk and who does: one row per pair of teams, and how many of those who should do."""

from datetime import datetime

import polars as pl

from integrhealth.analyses.collaboration.team_contacts import PAIR, between, is_spoken
from integrhealth.language.period import days as days_of
from integrhealth.language.period import local_day
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import CONTACT_DAYS

PAIRS = {
    "team_a": TEXT,
    "team_b": TEXT,
    "needed": FLAG,
    "contacts": COUNT,
    "congruent": FLAG,
    "tickets": COUNT,
    "spoken_days": COUNT,
    "spoken_per_week": NUMBER,
    "last_spoken_at": TIME,
    "integrations": WORDS,
    "messages_per_day": NUMBER,
    "value_per_day": NUMBER,
    "currency": TEXT,
}
CONGRUENCE = {
    "needed": COUNT,
    "judged": COUNT,
    "congruent": COUNT,
    "share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "unneeded": COUNT,
    "days": COUNT,
    "since": TIME,
    "until": TIME,
    "broadcasts": COUNT,
    "hidden_teams": COUNT,
}
Period = tuple[datetime, datetime]


def pairs(
    needs: pl.DataFrame,
    flows: pl.DataFrame,
    contacts: pl.DataFrame,
    watched: Period | None,
    *,
    heard: pl.DataFrame,
    timezone: str,
    currency: str | None,
) -> pl.DataFrame:
    """One row per pair of teams that need to talk (`needs`) or have `contacts`, the needed and silent ones first.

    Counted are the contacts of the `watched` period. ``congruent``: they spoke on one day of thirty at least; null for
    pairs that need not, and where nobody can tell: judged is only who is `heard` (``team_contacts.heard_teams``), for
    tickets alone show no silence, and neither does a log of less than thirty days.
    """
    length = days(watched)
    met = _met(contacts, watched, length, timezone)
    rows = needs.with_columns(needed=pl.lit(True)).join(met, on=PAIR, how="full", coalesce=True)
    enough = pl.col("spoken_days") * CONTACT_DAYS >= max(length, 1)
    judged = pl.all_horizontal(pl.col(PAIR).is_in(heard["team"].to_list())) & (length >= CONTACT_DAYS)
    counts = pl.col("contacts", "tickets", "spoken_days").fill_null(0)
    return (
        rows.with_columns(counts, pl.col("needed").fill_null(False), pl.col("integrations").fill_null([]))
        .with_columns(
            congruent=pl.when(pl.col("needed") & judged).then(enough),
            spoken_per_week=(pl.col("contacts") - pl.col("tickets")) * 7 / length if length else pl.lit(None),
        )
        .join(_carried(flows, currency), on=PAIR, how="left")
        .select(*PAIRS)
        .cast(PAIRS)
        .sort(
            *("needed", "congruent", "messages_per_day", "contacts", *PAIR),
            descending=[True, False, True, True, False, False],
            nulls_last=True,
        )
    )


def _met(contacts: pl.DataFrame, watched: Period | None, length: int, timezone: str) -> pl.DataFrame:
    inside = contacts.filter(pl.col("at").is_between(*watched)) if watched else contacts.clear()
    spoken = is_spoken(pl.col("kind"))
    return inside.group_by(PAIR).agg(
        contacts=pl.len().cast(pl.Int64),
        tickets=(~spoken).sum().cast(pl.Int64),
        spoken_days=local_day(pl.col("at").filter(spoken), timezone).n_unique().cast(pl.Int64),
        last_spoken_at=pl.col("at").filter(spoken).max(),
    )


def _carried(flows: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    """What flows between the systems of each pair on a day."""
    length = days_of(flows["sent_at"])
    value = pl.col("value")
    return flows.group_by(PAIR).agg(
        messages_per_day=pl.len() / max(length, 1),
        value_per_day=pl.when(value.count() > 0).then(value.sum() / max(length, 1)),
        currency=pl.when(value.count() > 0).then(pl.lit(currency, TEXT)),
    )


def congruence(
    pairs: pl.DataFrame, watched: Period | None, *, heard: pl.DataFrame, broadcasts: int, hidden_teams: int
) -> pl.DataFrame:
    """One row, or none where nobody can tell: how many of the needed `pairs` of teams that are `heard` are congruent.

    With the 95% interval of the share over these pairs (Wilson 1927). ``unneeded`` talk without an integration.
    """
    needed = pairs.filter("needed")
    judged = between(needed, heard)
    if judged.is_empty() or days(watched) < CONTACT_DAYS:
        return pl.DataFrame(schema=CONGRUENCE)
    congruent = judged["congruent"].sum()
    low, high = wilson_interval([congruent], [judged.height])
    row = {
        "needed": needed.height,
        "judged": judged.height,
        "congruent": congruent,
        "share": congruent / judged.height,
        "low": low[0],
        "high": high[0],
        "unneeded": pairs.filter(~pl.col("needed"), pl.col("contacts") > pl.col("tickets")).height,
        "days": days(watched),
        "since": watched[0],
        "until": watched[1],
        "broadcasts": broadcasts,
        "hidden_teams": hidden_teams,
    }
    return pl.DataFrame([row], schema=CONGRUENCE)


def days(watched: Period | None) -> int:
    """How many days a period takes, a begun one being one; 0 without one."""
    return (watched[1] - watched[0]).days + 1 if watched else 0
