"""Who writes an element: the systems with a change that no message brought."""

import polars as pl

from integrhealth.analyses.accountability.truth_home.exposures import ASOF, BROUGHT, shown_by_others
from integrhealth.language.schema import WORDS


def homes(declared: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """One row per element that the catalog declares or changes show: element, origin, record, owner,
    declared_writers, allowed (those, the origin and the record), complete (both are declared).

    Where the catalog names one of origin and record, it stands for both.
    """
    shown = exposures.select("element").unique()
    catalog = declared.select("element", "origin", "record", "owner", declared_writers="writers").unique(
        "element", keep="first", maintain_order=True
    )
    every = pl.concat([catalog, shown.join(catalog, on="element", how="anti")], how="diagonal").sort("element")
    places = pl.concat_list(pl.col("declared_writers").fill_null([]), pl.concat_list("origin", "record"))
    return every.with_columns(
        complete=pl.all_horizontal(pl.col("origin", "record").is_not_null()),
        origin=pl.coalesce("origin", "record"),
        record=pl.coalesce("record", "origin"),
        allowed=places.list.drop_nulls().list.unique().cast(WORDS),
    )


def writes(exposures: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """The exposures that were written where they stand, as far as they are somebody's own: exposure, thing, element,
    entity, system, value_hash, person, home, outside, entered, unsure.

    No writes are what a person writes over from the record, which shows the same, and what a machine writes that some
    other system shows: a copy of which no message is logged. ``entered``: the first value of an entity at its origin or
    record. ``unsure``: no person's and not at home, of an element of which no change names a message, so that nobody
    can tell what was brought; such make no writers. ``outside``: neither in the origin nor in the record.
    """
    direct = exposures.filter(pl.col("came") != BROUGHT).join(
        homes.select("element", "origin", "record"), on="element", how="left", maintain_order="left"
    )
    naming = exposures.group_by("element").agg(names_messages=pl.col("message_id").is_not_null().any())
    record = exposures.join(homes.select("element", system="record"), on=["element", "system"], how="semi")
    record = record.select("thing", recorded="value_hash", time="from_at", number="exposure").sort("time", "number")
    unmanned = direct.filter(~pl.col("person"))
    copies = unmanned.filter(shown_by_others(unmanned, exposures, after="from_at"))["exposure"]
    direct = (
        direct.with_columns(copied=pl.col("exposure").is_in(copies.implode()), time="from_at")
        .sort("time", "exposure")
        .join_asof(record.drop("number"), on="time", by="thing", allow_exact_matches=False, **ASOF)
        .join(naming, on="element")
        .sort("exposure")
    )
    home = pl.any_horizontal(pl.col("system") == pl.col("origin"), pl.col("system") == pl.col("record"))
    retyped = (pl.col("recorded") == pl.col("value_hash")) & (pl.col("system") != pl.col("record"))
    copied = pl.when("person").then(retyped.fill_null(False)).otherwise("copied")
    return direct.filter(~copied).select(
        *("exposure", "thing", "element", "entity", "system", "value_hash", "person", "from_at", "came"),
        declared=pl.col("record").is_not_null(),
        outside=~home.fill_null(False),
        entered=pl.col("first") & home.fill_null(False),
        unsure=~pl.col("person") & ~pl.col("names_messages") & ~home.fill_null(False),
        only_origin=(pl.col("system") == pl.col("origin")) & (pl.col("origin") != pl.col("record")),
    )


def writers(writes: pl.DataFrame) -> pl.DataFrame:
    """One row per element: element, writers, outside_writers, main_writer, writes, outside_writes, outside_entities,
    unsure_writes.

    What is entered at an origin that is not the record makes no writer of it. Without a declared home the system that
    writes most is taken for it.
    """
    sure = writes.filter(~pl.col("unsure"), ~(pl.col("only_origin") & pl.col("entered")))
    counts = sure.group_by("element", "system").agg(n=pl.len()).sort("n", "system", descending=[True, False])
    first = counts.unique("element", keep="first", maintain_order=True)
    main = first.select("element", main="system")
    sure = sure.join(main, on="element").with_columns(
        outside=pl.when("declared").then("outside").otherwise(pl.col("system") != pl.col("main"))
    )
    totals = sure.group_by("element").agg(
        writers=pl.col("system").unique().sort(),
        outside_writers=pl.col("system").filter("outside").unique().sort(),
        main_writer=pl.col("main").first(),
        writes=pl.len(),
        outside_writes=pl.col("outside").sum(),
        outside_entities=pl.col("thing").filter("outside").n_unique(),
    )
    unsure = writes.group_by("element").agg(unsure_writes=pl.col("unsure").sum())
    return unsure.join(totals, on="element", how="left")
