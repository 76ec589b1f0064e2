"""Values that changed on their way with no registered transformation, and the integration where they did."""

import polars as pl

from integrhealth.analyses.accountability.truth_home.exposures import ASOF, BROUGHT, INSIDE, shown_by_others
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import ALIKE_VALUES, MIN_COMPARED

LAUNDERING = {
    "element": TEXT,
    "entity": TEXT,
    "integration": TEXT,
    "at": TIME,
    "changed": TEXT,
    "source": TEXT,
    "target": TEXT,
    "value_before": TEXT,
    "value_after": TEXT,
    "message_in": TEXT,
    "message_out": TEXT,
}
CARRIED = {
    "element": TEXT,
    "integration": TEXT,
    "source": TEXT,
    "target": TEXT,
    "brought": COUNT,
    "compared": COUNT,
    "changed": COUNT,
    "share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "registered": FLAG,
    "verdict": TEXT,
}
ON_THE_WAY, IN_A_SYSTEM = "on the way", "inside the source"
# Kinds of transformations that leave a value as it is.
NO_CHANGE = ("copy", "drop")
EDGE = ["element", "integration", "source", "target"]


def registered(elements: pl.DataFrame, transforms: pl.DataFrame) -> pl.DataFrame:
    """element, integration of the transformations that the catalog registers: those that map or derive the element.

    A field is meant by the whole name of the element or by what stands behind its last point, in any case: `amount` is
    `order.amount`. A transformation without a kind is one.
    """
    fields = transforms.filter(~pl.col("kind").is_in(NO_CHANGE).fill_null(False)).select(
        "integration", field=pl.col("field").str.to_lowercase()
    )
    whole = pl.col("element").str.to_lowercase()
    meant = pl.concat(
        [
            elements.select("element", field=whole),
            elements.select("element", field=whole.str.split(".").list.last()),
        ]
    ).unique()
    return meant.join(fields, on="field").select("element", "integration").unique().sort("element", "integration")


def carried(exposures: pl.DataFrame, registered: pl.DataFrame) -> pl.DataFrame:
    """One row per element and edge that brought it, most changes first.

    ``compared``: values of which the sender's is known; ``changed`` of them on the way. The verdict is ``registered``
    for a registered transformation, ``not comparable`` where at least ten were compared and nearly all changed (the two
    systems write the same in different ways, or all is changed: nobody can tell), ``changed``, ``as it was``, or
    ``cannot tell`` where nothing could be compared.
    """
    rows = (
        exposures.filter(pl.col("source").is_not_null())
        .group_by(*EDGE[:3], target="system")
        .agg(brought=pl.len(), compared=pl.col("compared").sum(), changed=pl.col("changed").sum())
        .join(registered.with_columns(registered=True), on=["element", "integration"], how="left")
        .with_columns(pl.col("registered").fill_null(False))
    )
    low, high = wilson_interval(rows["changed"], rows["compared"])
    some = pl.when(pl.col("compared") > 0)
    unlike = (pl.col("compared") >= MIN_COMPARED) & (pl.col("changed") > (1 - ALIKE_VALUES) * pl.col("compared"))
    return (
        rows.with_columns(
            share=some.then(pl.col("changed") / pl.col("compared")),
            low=some.then(pl.Series(low)),
            high=some.then(pl.Series(high)),
            verdict=pl.when("registered")
            .then(pl.lit("registered"))
            .when(pl.col("compared") == 0)
            .then(pl.lit("cannot tell"))
            .when(unlike)
            .then(pl.lit("not comparable"))
            .when(pl.col("changed") > 0)
            .then(pl.lit("changed"))
            .otherwise(pl.lit("as it was")),
        )
        .sort("changed", "brought", *EDGE, descending=[True, True, *[False] * len(EDGE)])
        .select(*CARRIED)
        .cast(CARRIED)
    )


def laundering(
    exposures: pl.DataFrame, homes: pl.DataFrame, carried: pl.DataFrame, registered: pl.DataFrame
) -> pl.DataFrame:
    """One row per value that changed on its way with no registered transformation, by time.

    ``on the way``: what came by ``message_out`` is not what its source showed, nor had ever shown. ``inside the
    source``: a machine at the source changed what ``message_in`` had brought, and it left by ``message_out``; the
    source is neither origin nor record nor declared writer. What a person writes is no laundering but a writer.
    """
    way_in = exposures.select(sender="exposure", message_in="message_id")
    changed = exposures.filter("changed").join(
        carried.filter(pl.col("verdict") == "changed").select(*EDGE),
        left_on=[*EDGE[:3], "system"],
        right_on=EDGE,
        how="semi",
    )
    on_the_way = changed.join(way_in, on="sender", how="left").select(
        *("element", "entity", "integration", "source", "value_before", "message_in"),
        at="from_at",
        changed=pl.lit(ON_THE_WAY),
        target="system",
        value_after="value_hash",
        message_out="message_id",
    )
    both = (on_the_way, _inside(exposures, homes, registered))
    both = [rows.select(*LAUNDERING).cast(LAUNDERING) for rows in both]
    return pl.concat(both).sort("at", "element", "entity", "integration", "target", nulls_last=True)


def _inside(exposures: pl.DataFrame, homes: pl.DataFrame, registered: pl.DataFrame) -> pl.DataFrame:
    """What machines changed inside a system, between a way in and the first way out; a null actor_type is none."""
    by_machine = (pl.col("came") == INSIDE) | ((pl.col("came") != BROUGHT) & pl.col("machine"))
    # One after another, machines may change a value several times: what was there before the first of them came in.
    placed = exposures.drop("value_before").with_columns(silent=by_machine & ~pl.col("first"))
    placed = placed.with_columns(chain=(~pl.col("silent")).cum_sum())
    came = placed.filter(~pl.col("silent"), pl.col("source").is_not_null()).select(
        "chain", value_before="value_hash", message_in="message_id", way_in="integration"
    )
    silent = placed.filter("silent").join(came, on="chain")
    silent = silent.filter(~shown_by_others(silent, exposures, after="from_at"))
    allowed = homes.select("element", system="allowed").explode("system").drop_nulls()
    silent = silent.join(allowed, on=["element", "system"], how="anti")
    sent_on = exposures.filter(pl.col("source").is_not_null()).join(silent, on="value", how="semi")
    left = sent_on.select(
        "thing",
        "value_hash",
        system="source",
        time="sent_at",
        target="system",
        way_out="integration",
        message_out="message_id",
        number="exposure",
    )
    gone = (
        silent.with_columns(time="in_hand_at")
        .sort("time", "exposure")
        .join_asof(
            left.sort("time", "number"), on="time", by=["thing", "system", "value_hash"], strategy="forward", **ASOF
        )
        .filter(pl.col("target").is_not_null())
    )
    for way in ("way_in", "way_out"):
        gone = gone.join(registered, left_on=["element", way], right_on=["element", "integration"], how="anti")
    return gone.select(
        *("element", "entity", "value_before", "message_in", "target", "message_out"),
        integration="way_out",
        at="from_at",
        changed=pl.lit(IN_A_SYSTEM),
        source="system",
        value_after="value_hash",
    )
