"""What becomes of each field on its way, and of the meaning that an integration carries."""

import polars as pl

from integrhealth.analyses.reconciliation.transforms.arrivals import FIELD
from integrhealth.analyses.reconciliation.transforms.bits import after_facts, pair_facts, unrelated_chance
from integrhealth.analyses.reconciliation.transforms.names import same_field
from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import COPY_SHARE, LOSS_BITS, MEANING_LEVEL, MIN_MESSAGES

COPIED, RENAMED, LOSES, ADDED, DROPPED = "copied", "renamed", "loses", "added", "dropped"
CANNOT_TELL, NOT_SEEN = "cannot tell", "not seen"
FATES = (COPIED, RENAMED, LOSES, ADDED, DROPPED, CANNOT_TELL, NOT_SEEN)
FIELDS = {
    "integration": TEXT,
    "field": TEXT,
    "from": WORDS,
    "kind": TEXT,
    "linked_by": TEXT,
    **dict.fromkeys(("n", "paired", "copied", "renamed", "entities", "values_before", "values_after"), COUNT),
    **dict.fromkeys(("before_bits", "loss_bits", "low", "high", "gain_bits", "p_value"), NUMBER),
    "fate": TEXT,
}
BITS = ("before_bits", "loss_bits", "low", "high", "gain_bits")


def transform_fields(
    pairs: pl.DataFrame, linked: pl.DataFrame, transforms: pl.DataFrame, *, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per field that arrives on an integration or that the catalog registers for it, with its fate.

    `pairs` and `linked` as ``arrivals`` makes them, `transforms` those of the catalog. Bits are null below
    `min_messages` pairs, where the values before or after stand nearly alone and not all were copied, and where
    shuffled values tell as much of each other.
    """
    counted = (
        linked.join(after_facts(pairs, FIELD), on=FIELD)
        .join(pair_facts(pairs, FIELD), on=FIELD, how="left")
        .with_columns(pl.col("paired", "copied", "renamed", "entities").fill_null(0))
    )
    sampled = enough(pl.col("paired"), min_messages)
    alone = pl.col("alone_before") | pl.col("alone_after")
    counted = counted.with_columns(
        mostly_copied=sampled & (pl.col("copied") > COPY_SHARE * pl.col("paired")),
        measured=sampled & ((pl.col("copied") == pl.col("paired")) | ~alone),
    )
    counted = _with_chance(counted, pairs)
    # A single value after cannot be tested by shuffling; that it tells nothing of those before is certain without.
    related = (pl.col("p_value") <= MEANING_LEVEL).fill_null(True)
    counted = counted.with_columns(measured=pl.col("measured") & related, fate=_fate(related, min_messages))
    no_source, measured = pl.col("from").is_null(), pl.when("measured")
    added_bits = pl.when(pl.col("fate") == ADDED, ~pl.col("alone_added")).then("after_bits")
    arriving = counted.with_columns(
        *(measured.then(column).alias(column) for column in BITS[:-1]),
        gain_bits=pl.when(no_source).then(added_bits).otherwise(measured.then("gain_bits")),
        renamed=measured.then("renamed").otherwise(0),
        values_after=pl.coalesce("values_after", "values"),
    )
    return pl.concat([arriving.select(*FIELDS).cast(FIELDS), _not_arriving(linked, transforms)]).sort(FIELD)


def _fate(related: pl.Expr, min_messages: int) -> pl.Expr:
    """What became of a field that arrives; first what the catalog says, then what the values do."""
    no_source, kind = pl.col("from").is_null(), pl.col("kind")
    informs = ~pl.col("alone_added") & (pl.col("after_bits") > LOSS_BITS)
    made_there = no_source & (pl.col("kind") != "drop").fill_null(True) & enough(pl.col("n"), min_messages) & informs
    measured = pl.col("measured") & related
    one_to_one = pl.col("copied") + pl.col("renamed") > COPY_SHARE * pl.col("paired")
    return (
        pl.when((kind == "derive") | ((kind == "map") & no_source) | made_there)
        .then(pl.lit(ADDED))
        .when("mostly_copied")
        .then(pl.lit(COPIED))
        .when(measured & (pl.col("low") > LOSS_BITS))
        .then(pl.lit(LOSES))
        .when(measured & one_to_one)
        .then(pl.lit(RENAMED))
        .otherwise(pl.lit(CANNOT_TELL))
    )


def _with_chance(counted: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """`counted` plus p_value of the fields that are measured, not copied, and have several values after and before."""
    several = (pl.col("values_before") > 1) & (pl.col("values_after") > 1)
    tested = counted.filter("measured", ~pl.col("mostly_copied"), several).select(FIELD)
    rows = pairs.drop_nulls("x").join(tested, on=FIELD, how="semi").sort(*FIELD, "message_id", "entity")
    chances = [
        (*name, unrelated_chance(part["x"], part["y"])) for name, part in rows.group_by(FIELD, maintain_order=True)
    ]
    schema = dict.fromkeys(FIELD, TEXT) | {"p_value": NUMBER}
    return counted.join(pl.DataFrame(chances, schema=schema, orient="row"), on=FIELD, how="left")


def _not_arriving(linked: pl.DataFrame, transforms: pl.DataFrame) -> pl.DataFrame:
    """What the catalog registers of fields of which no value was seen to arrive."""
    registered = transforms.unique(FIELD, keep="first", maintain_order=True).drop_nulls("integration")
    seen = registered.join(linked.select("integration", arrives="field"), on="integration")
    seen = seen.filter(same_field(pl.col("field"), pl.col("arrives"))).select(FIELD)
    kind, takes_nothing = pl.col("kind"), pl.col("from").list.len().fill_null(0) == 0
    fate = (
        pl.when((kind == "derive") | ((kind == "map") & takes_nothing))
        .then(pl.lit(ADDED))
        .when(kind == "drop")
        .then(pl.lit(DROPPED))
        .otherwise(pl.lit(NOT_SEEN))
    )
    counts = [column for column, dtype in FIELDS.items() if dtype == COUNT]
    rows = registered.join(seen, on=FIELD, how="anti").with_columns(
        *(pl.lit(0).alias(column) for column in counts), linked_by=pl.lit("catalog"), fate=fate
    )
    absent = [pl.lit(None, dtype).alias(column) for column, dtype in FIELDS.items() if column not in rows.columns]
    return rows.with_columns(absent).select(*FIELDS).cast(FIELDS)
