"""What transfers ask people to talk about: what never arrived, came twice, was sent by nobody, or came too late."""

import polars as pl

from integrhealth.analyses.reconciliation.tables import NAME
from integrhealth.analyses.reconciliation.transfers.reconciled import chance_of_gaps
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.schema import NUMBER
from integrhealth.language.statistics import chance_of_more, wilson_interval
from integrhealth.language.thresholds import LATE_ALLOWED
from integrhealth.language.wording import percent, spoken_ms


def transfer_findings(
    transfers: pl.DataFrame, declared: pl.DataFrame, *, currency: str | None = None
) -> list[pl.DataFrame]:
    """The findings of each rule, from the table of this name; `declared` are the integrations of the catalog."""
    worth = declared.select("integration", "value_per_object", "error_cost")
    worth = worth.unique("integration", keep="first", maintain_order=True)
    owned = transfers.join(integration_owners(declared), on="integration", how="left", maintain_order="left")
    owned = owned.join(worth, on="integration", how="left", maintain_order="left").with_columns(subject="integration")
    said = "" if currency is None else f" {currency}"
    return [lost(owned, said), duplicates_applied(owned, said), phantom(owned), late_transfers(owned)]


def _worth(amount: str, count: str) -> pl.Expr:
    """Money: the amounts, else what the catalog says that one object is worth."""
    stated = pl.col("value_per_object") * pl.col(count)
    return pl.when(pl.col(amount) > 0).then(amount).otherwise(stated)


def _with_money(sentence: pl.Expr, currency: str) -> pl.Expr:
    money = pl.format(", worth {}{}", written(pl.col("cost").round().cast(pl.Int64)), pl.lit(currency))
    return pl.format("{}{}.", sentence, pl.when(pl.col("cost") >= 1).then(money).otherwise(pl.lit("")))


def _objects(count: str) -> pl.Expr:
    said = pl.format("{} messages", written(pl.col(count)))
    return pl.when(pl.col(count) == 1).then(pl.lit("1 message")).otherwise(said)


def lost(owned: pl.DataFrame, currency: str = "") -> pl.DataFrame:
    """``lost``: critical where the receiver's own log certainly lacks some, or one log more than it may lack by itself.

    A warning where messages are pending for more than 24 hours; a note where all that is missing may still come, or
    where so few may be gaps of the one log there is.
    """
    tested = owned.with_columns(severity=severity(warning=chance_of_gaps(), critical=chance_of_gaps()))
    waiting = (pl.col("surely_lost") == 0) & (pl.col("overdue") > 0)
    judged = tested.filter(pl.col("lost") > 0).with_columns(
        waiting=waiting,
        cost=_worth("lost_amount", "lost"),
        severity=pl.when(waiting).then(pl.lit("warning")).otherwise("severity"),
    )
    what = pl.format(
        "{}: {} of {} sent {}, the oldest of {}",
        *("subject", _objects("lost"), written(pl.col("sent"))),
        pl.when("waiting").then(pl.lit("stayed pending and never arrived")).otherwise(pl.lit("never arrived")),
        pl.col("oldest").dt.strftime("%Y-%m-%d %H:%M UTC"),
    )
    rows = judged.with_columns(
        statement=_with_money(what, currency),
        value=pl.col("lost").cast(NUMBER),
        unit=pl.lit("messages lost"),
        low=pl.col("low") * _decided(),
        high=pl.col("high") * _decided(),
        n=_decided(),
        ask=pl.when("waiting")
        .then(pl.format("Who looks after the {} of {} that wait?", _objects("lost"), "subject"))
        .otherwise(pl.format("Who sends the {} of {} again, and who would have noticed?", _objects("lost"), "subject")),
    )
    return findings(NAME, "lost", rows)


def _decided() -> pl.Expr:
    return pl.sum_horizontal("received", "failed", "lost")


def duplicates_applied(owned: pl.DataFrame, currency: str = "") -> pl.DataFrame:
    """``duplicates_applied``: a warning where some surely took effect twice, critical where that is money.

    A note where only the amount says that it was the same.
    """
    again = owned.filter(pl.col("duplicate_applied") > 0).with_columns(
        cost=_worth("applied_again_amount", "applied_again")
    )
    sure = pl.col("surely_applied_twice") > 0
    what = pl.format(
        "{}: {} took effect more than once, {} too often",
        *("subject", _objects("duplicate_applied"), _times(pl.col("applied_again"))),
    )
    rows = again.with_columns(
        severity=pl.when(sure & (pl.col("cost") > 0))
        .then(pl.lit("critical"))
        .when(sure)
        .then(pl.lit("warning"))
        .otherwise(pl.lit("note")),
        statement=_with_money(what, currency),
        value=pl.col("duplicate_applied").cast(NUMBER),
        unit=pl.lit("messages applied twice"),
        n=pl.col("sent"),
        ask=pl.format("What happens to a customer when {} applies the same message again?", "subject"),
    )
    return findings(NAME, "duplicates_applied", rows)


def _times(count: pl.Expr) -> pl.Expr:
    return pl.when(count == 1).then(pl.lit("once")).otherwise(pl.format("{} times", written(count)))


def phantom(owned: pl.DataFrame) -> pl.DataFrame:
    """``phantom``: a warning where the receiver's log has what the sender's, which covers the time, has not."""
    rows = owned.filter(pl.col("phantom") > 0).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format("{}: the receiver has {} that nobody sent.", "subject", _objects("phantom")),
        value=pl.col("phantom").cast(NUMBER),
        unit=pl.lit("messages that nobody sent"),
        n=pl.col("received") + pl.col("phantom"),
        ask=pl.format("Who else writes what {} should bring?", "subject"),
    )
    return findings(NAME, "phantom", rows)


def late_transfers(owned: pl.DataFrame) -> pl.DataFrame:
    """``late_transfers``: a warning where certainly more than 1% came later than the catalog's sync limit."""
    promised = owned.filter(pl.col("sync_limit_ms").is_not_null(), pl.col("late").is_not_null(), pl.col("received") > 0)
    chance = chance_of_more(pl.col("late"), pl.col("received"), pl.lit(LATE_ALLOWED))
    broken = promised.with_columns(severity=severity(warning=chance)).filter(pl.col("severity") != "note")
    low, high = (pl.Series(each, dtype=NUMBER) for each in wilson_interval(broken["late"], broken["received"]))
    rows = broken.with_columns(
        low=low,
        high=high,
        statement=pl.format(
            "{}: {} of {} that arrived took longer than the promised {}: {}.",
            *("subject", _objects("late"), written(pl.col("received")), spoken_ms(pl.col("sync_limit_ms"))),
            percent(pl.col("late") / pl.col("received")),
        ),
        value=pl.col("late") / pl.col("received"),
        unit=pl.lit("share of what arrived"),
        n=pl.col("received"),
        threshold=pl.lit(LATE_ALLOWED),
        ask=pl.format("Who waits for {}, and for how long can they?", "subject"),
    )
    return findings(NAME, "late_transfers", rows)
