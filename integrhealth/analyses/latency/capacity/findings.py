"""What the report asks people to talk about: systems that were at their limit, and those that would break at three."""

import polars as pl

from integrhealth.analyses.latency.capacity.verdicts import BREAKS, TEST
from integrhealth.analyses.latency.tables import NAME
from integrhealth.language.findings import findings, ranked, severity, system_owners
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import ROOM_WARNING
from integrhealth.language.wording import percent


def capacity_findings(capacity: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Systems whose busiest hour came near to what they can take, and those that break at three times the normal load.

    `declared` are the systems of the catalog: their owners.
    """
    owned = capacity.join(system_owners(declared), on="system", how="left", maintain_order="left")
    judged = owned.with_columns(subject="system")
    return ranked([_at_the_limit(judged), _breaks(judged)])


def said_of_capacity(capacity: pl.DataFrame) -> str | None:
    """Why no system has a capacity, in one sentence, where none has."""
    if capacity["capacity_per_minute"].count():
        return None
    reasons = capacity["reason"].value_counts(sort=True)
    if reasons.is_empty():
        return "No message passed from one system to another."
    counted = reasons.sort("count", "reason", descending=[True, False]).iter_rows()
    why = ", ".join(f"{reason} ({count} {'system' if count == 1 else 'systems'})" for reason, count in counted)
    return (
        f"How much a system can take nobody can tell from these messages: {why}. "
        "Messages of days on which it was nearly overrun would tell, or those of a load test (load_test)."
    )


def _at_the_limit(judged: pl.DataFrame) -> pl.DataFrame:
    """The busiest hour asked for more than a system can take, or for nearly as much."""
    can_take, asked = pl.col("capacity_per_minute"), pl.col("busiest_per_minute")
    margin = pl.col("high") - can_take
    tested = judged.filter(can_take.is_not_null()).with_columns(
        severity=severity(
            warning=chance_of_distance(asked / ROOM_WARNING - can_take, margin),
            critical=chance_of_distance(asked - can_take, margin),
        )
    )
    rows = tested.filter(asked > ROOM_WARNING * can_take).with_columns(
        statement=pl.format(
            "{} can take {} messages a minute; its busiest hour asked for {}.", "system", _rate(can_take), _rate(asked)
        ),
        value=can_take,
        unit=pl.lit("messages per minute"),
        n=pl.col("minutes"),
        threshold=asked / ROOM_WARNING,
        ask=pl.format("What should {} put off when more comes than it can take?", "system"),
    )
    return findings(NAME, "capacity_reached", rows)


def _breaks(judged: pl.DataFrame) -> pl.DataFrame:
    """Systems that break at three times their normal load: a note, since nobody has said that so much will come."""
    normal = pl.col("normal_per_minute")
    by_test = pl.format(
        "a load test of {} a minute failed {} of its messages",
        _rate(pl.col("tested_per_minute")),
        percent(pl.col("tested_error_share")),
    )
    by_curve = pl.format("it can take {} a minute", _rate(pl.col("capacity_per_minute")))
    rows = judged.filter(pl.col("at_3x") == BREAKS).with_columns(
        severity=pl.lit("note"),
        statement=pl.format(
            "{} breaks at three times its normal {} messages a minute: {}.",
            "system",
            _rate(normal),
            pl.when(pl.col("at_3x_by") == TEST).then(by_test).otherwise(by_curve),
        ),
        value=pl.coalesce("capacity_per_minute", "tested_per_minute"),
        unit=pl.lit("messages per minute"),
        n=pl.col("minutes"),
        threshold=3 * normal,
        ask=pl.format("How much will {} have to take at the next peak, and who tests it before?", "system"),
    )
    return findings(NAME, "breaks_at_3x", rows)


def _rate(per_minute: pl.Expr) -> pl.Expr:
    """A rate with the digits that count."""
    return per_minute.round_sig_figs(3).cast(pl.String).str.replace(r"\.0$", "")
