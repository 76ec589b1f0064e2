"""What flows between teams that do not talk: the human bypass."""

from datetime import datetime, timedelta

import polars as pl

from integrhealth.analyses.collaboration.team_contacts import PAIR
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import CONTACT_DAYS

BYPASS = {
    "team_a": TEXT,
    "team_b": TEXT,
    "share": NUMBER,
    "days_since_contact": NUMBER,
    "own_share": NUMBER,
    "messages": COUNT,
    "silent_messages": COUNT,
    "value": NUMBER,
    "silent_value": NUMBER,
    "currency": TEXT,
    "longest_silence_days": NUMBER,
    "integration": TEXT,
}
INDEX = {
    "share": NUMBER,
    "messages": COUNT,
    "silent_messages": COUNT,
    "value": NUMBER,
    "silent_value": NUMBER,
    "currency": TEXT,
    "pairs": COUNT,
    "silent_pairs": COUNT,
    "since": TIME,
    "until": TIME,
}
AMOUNTS = ("messages", "silent_messages", "value", "silent_value")
Period = tuple[datetime, datetime]


def judged_from(watched: Period | None) -> Period | None:
    """The part of the `watched` period in which a silence of thirty days can be seen; None where there is none."""
    if watched is None or watched[0] + timedelta(days=CONTACT_DAYS) > watched[1]:
        return None
    return watched[0] + timedelta(days=CONTACT_DAYS), watched[1]


def bypass(
    flows: pl.DataFrame, contacts: pl.DataFrame, watched: Period | None, *, currency: str | None
) -> pl.DataFrame:
    """One row per pair of teams between whose systems messages flow, those with the largest share first.

    A message is silent where its teams had not spoken (`contacts`) in the thirty days before it; judged are messages
    from thirty days after the `watched` period begins to its end. ``share`` = silent value of the pair / value of all
    pairs, so that it adds up; messages where no amounts are. ``own_share``: of its own value, or messages. By
    ``integration`` most of what is silent goes.
    """
    judged = judged_from(watched)
    if judged is None:
        return pl.DataFrame(schema=BYPASS)
    seen = contacts.filter(pl.col("at").is_between(*watched)).select(*PAIR, last_at="at").sort("last_at")
    inside = flows.filter(pl.col("sent_at").is_between(*judged))
    followed = inside.join_asof(
        seen,
        left_on="sent_at",
        right_on="last_at",
        by=list(PAIR),
        strategy="backward",
        check_sortedness=False,  # both are in the order of time; polars cannot check within groups
    )
    recent = pl.col("sent_at") - pl.col("last_at") <= timedelta(days=CONTACT_DAYS)
    marked = followed.with_columns(silent=~recent.fill_null(False))
    counted = marked.group_by(PAIR).agg(
        *_amounts(),
        integration=pl.col("integration").filter("silent").drop_nulls().mode().sort().first(),
    )
    return (
        counted.join(_silences(seen, watched), on=PAIR, how="left")
        .with_columns(
            *_shares(counted),
            longest_silence_days=pl.col("longest_silence_days").fill_null(_days(pl.lit(watched[1] - watched[0]))),
            currency=pl.when(pl.col("value").is_not_null()).then(pl.lit(currency, TEXT)),
        )
        .select(*BYPASS)
        .cast(BYPASS)
        .sort("share", "silent_messages", *PAIR, descending=[True, True, False, False])
    )


def _amounts() -> list[pl.Expr]:
    value = pl.col("value")
    return [
        pl.len().cast(pl.Int64).alias("messages"),
        pl.col("silent").sum().cast(pl.Int64).alias("silent_messages"),
        pl.when(value.count() > 0).then(value.sum()).alias("value"),
        pl.when(value.count() > 0).then(value.filter("silent").sum()).alias("silent_value"),
    ]


def _shares(counted: pl.DataFrame) -> list[pl.Expr]:
    """Of all value, or of all messages where nothing has a value; and of the pair's own, likewise."""
    by_message = pl.col("silent_messages") / pl.col("messages")
    by_value = pl.when(pl.col("value") > 0).then(pl.col("silent_value") / pl.col("value"))
    silent, whole = ("silent_value", "value") if counted["value"].sum() else ("silent_messages", "messages")
    share = pl.col(silent).fill_null(0) / pl.col(whole).sum()
    return [share.alias("share"), pl.coalesce(by_value, by_message).alias("own_share")]


def _silences(seen: pl.DataFrame, watched: Period) -> pl.DataFrame:
    """The longest time without a contact of each pair, and the time since the last, in the `watched` period."""
    first, last = (pl.lit(moment, TIME) for moment in watched)
    at = pl.col("last_at")
    gaps = pl.max_horizontal(at.min() - first, at.diff().max(), last - at.max())
    return seen.group_by(PAIR, maintain_order=True).agg(
        longest_silence_days=_days(gaps), days_since_contact=_days(last - at.max())
    )


def _days(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_seconds() / 86_400


def bypass_index(bypass: pl.DataFrame, watched: Period | None) -> pl.DataFrame:
    """One row, or none where nothing could be judged: all pairs of `bypass` together."""
    judged = judged_from(watched)
    if bypass.is_empty() or judged is None:
        return pl.DataFrame(schema=INDEX)
    sums = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in AMOUNTS]
    row = bypass.select(
        pl.col("share").sum(),
        *sums,
        pl.col("currency").drop_nulls().first(),
        pairs=pl.len(),
        silent_pairs=(pl.col("silent_messages") > 0).sum(),
        since=pl.lit(judged[0]),
        until=pl.lit(judged[1]),
    )
    return row.select(*INDEX).cast(INDEX)
