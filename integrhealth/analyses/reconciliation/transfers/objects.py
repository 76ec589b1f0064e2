"""Which objects are behind the counts: what is missing, what nobody sent, and what stands there more than once."""

import polars as pl

from integrhealth.analyses.reconciliation.transfers.counts import Transfers, priced
from integrhealth.analyses.reconciliation.transfers.reconciled import (
    NO_COMMON_KEY,
    SENDER_ONLY,
    SIDES,
    TWO_LOGS,
    is_covered,
    is_phantom,
    ms,
)
from integrhealth.analyses.reconciliation.transfers.sends import CONTENT, OBJECT
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import POSSIBLE_HOURS

LOST, IN_FLIGHT, PHANTOM = "lost", "in flight", "phantom"
APPLIED_TWICE, ABSORBED, REPEAT, POSSIBLE = "applied twice", "absorbed", "repeat", "possible"
UNMATCHED = {
    "integration": TEXT,
    "object_type": TEXT,
    "object_id": TEXT,
    "class": TEXT,
    "at": TIME,
    "waited_ms": NUMBER,
    "amount": NUMBER,
    "message_id": TEXT,
}
DUPLICATES = {
    "integration": TEXT,
    "object_type": TEXT,
    "object_id": TEXT,
    "times": COUNT,
    "first_at": TIME,
    "last_at": TIME,
    "class": TEXT,
    "amount": NUMBER,
    "applied": COUNT,
}


def unmatched(made: Transfers, bounds: pl.DataFrame, *, currency: str | None) -> pl.DataFrame:
    """One row per transfer that is lost or in flight, and per object that arrived of none (UNMATCHED).

    `bounds` as ``reconciled.limits`` gives them.
    """
    missing = made.each.filter(~pl.col("arrived"), ~pl.col("failed"), ~pl.col("one_sided"))
    missing = priced(missing, currency).join(bounds, on="integration", how="inner", suffix="_of_all")
    can_tell = is_covered("last_sent_at") & ~pl.col("side").is_in([SENDER_ONLY, NO_COMMON_KEY])
    lost = pl.col("last_sent_at") + ms("limit_ms") <= pl.col("ends")
    sent = missing.filter(can_tell).select(
        "integration",
        "object_type",
        "message_id",
        object_id="object",
        at="last_sent_at",
        amount="money",
        waited_ms=(pl.col("ends") - pl.col("last_sent_at")).dt.total_microseconds() / 1000,
        **{"class": pl.when(lost).then(pl.lit(LOST)).otherwise(pl.lit(IN_FLIGHT))},
    )
    unsent = priced(made.unsent, currency).join(bounds, on="integration", how="inner", suffix="_of_all")
    unsent = unsent.filter(is_phantom("first_at"), pl.col("side") == SIDES[TWO_LOGS]).select(
        "integration",
        "object_type",
        message_id=pl.lit(None, TEXT),
        object_id="object",
        at="first_at",
        amount="money",
        waited_ms=pl.lit(None, NUMBER),
        **{"class": pl.lit(PHANTOM)},
    )
    rows = pl.concat(
        [part.select(pl.col(name).cast(kind) for name, kind in UNMATCHED.items()) for part in (sent, unsent)]
    )
    return rows.sort("integration", "at", "object_type", "object_id", "message_id", nulls_last=True)


def duplicates(each: pl.DataFrame, declared: pl.DataFrame, *, currency: str | None) -> pl.DataFrame:
    """One row per transfer that stands more than once, or per content that does (DUPLICATES).

    `each` as ``counts.transfers`` gives it, `declared` are the integrations of the catalog: of an idempotent receiver
    everything is absorbed.
    """
    harmless = declared.filter("idempotent")["integration"]
    rows = priced(each.filter("knows"), currency).with_columns(
        harmless=pl.col("integration").is_in(harmless.implode()), last_at="last_sent_at"
    )
    again = (pl.col("effects") > 1) | (pl.col("arrived") & (pl.col("unsure") > 1))
    effect = (pl.col("effects") > 1) & ~pl.col("harmless")
    technical = rows.filter(again).with_columns(
        times=pl.max_horizontal("sends", "effects"),
        applied="effects",
        **{"class": pl.when(effect).then(pl.lit(APPLIED_TWICE)).otherwise(pl.lit(ABSORBED))},
    )
    parts = [technical, _same_content(rows, [*OBJECT, "object_type", "operation", *CONTENT], REPEAT)]
    parts.append(_same_content(rows, ["integration", "operation", *CONTENT], POSSIBLE))
    shown = [
        part.select(
            pl.col({"object_id": "object", "first_at": "first_sent_at", "amount": "money"}.get(name, name))
            .cast(dtype)
            .alias(name)
            for name, dtype in DUPLICATES.items()
        )
        for part in parts
    ]
    return pl.concat(shown).sort("integration", "first_at", "object_type", "object_id", "class", nulls_last=True)


def _same_content(rows: pl.DataFrame, key: list[str], name: str) -> pl.DataFrame:
    """Transfers that bring what an earlier one of the same `key` brought: of their object, or of another soon after.

    What two objects have in common shows in the hash of what was sent alone; a number stands on one of them only.
    """
    possible = name == POSSIBLE
    comparable = pl.col("payload_hash").is_not_null() if possible else _known()
    chosen = rows.filter(comparable)
    several = chosen.filter(pl.struct(key).is_duplicated()).sort(*key, "first_sent_at", "object", nulls_last=True)
    same = pl.all_horizontal(pl.col(each).eq_missing(pl.col(each).shift(1)) for each in key)
    earlier = {"at": pl.col("first_sent_at").shift(1), "other": pl.col("object").shift(1)}
    paired = several.with_columns(same=same, **earlier)
    mine = pl.col("same")
    if possible:
        near = pl.col("first_sent_at") - pl.col("at") <= pl.duration(hours=POSSIBLE_HOURS)
        mine = mine & near & (pl.col("other") != pl.col("object"))
    return paired.filter(mine).with_columns(
        times=pl.lit(2), applied="effects", first_sent_at="at", last_at="last_sent_at", **{"class": pl.lit(name)}
    )


def _known() -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_not_null() for name in CONTENT if name != "currency")
