"""The home of each data element: who should write it, who does, whose value stands, and what that makes of it."""

import polars as pl

from integrhealth.analyses.accountability.names import PERSON, owner_kind
from integrhealth.analyses.accountability.truth_home.exposures import BROUGHT
from integrhealth.analyses.accountability.truth_home.upstream import present_values
from integrhealth.analyses.accountability.truth_home.writers import writers
from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import MIN_DECIDED

HOME, TWO_TRUTHS, NO_OWNER = "home", "two truths", "no owner"
NOT_DECLARED, CANNOT_TELL = "not declared", "cannot tell"
NOBODY = "nobody"
ELEMENTS = {
    "element": TEXT,
    "origin": TEXT,
    "record": TEXT,
    "owner": TEXT,
    "writers": WORDS,
    "authority": NUMBER,
    "verdict": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "decided": COUNT,
    "record_won": COUNT,
    "disputes": COUNT,
    "open": COUNT,
    "owner_kind": TEXT,
    "declared_writers": WORDS,
    "outside_writers": WORDS,
    "main_writer": TEXT,
    "entities": COUNT,
    "writes": COUNT,
    "outside_writes": COUNT,
    "outside_entities": COUNT,
    "overwritten": COUNT,
    "unsure_writes": COUNT,
    "not_comparable": WORDS,
    "copies": COUNT,
    "traced": COUNT,
    "trace_share": NUMBER,
    "median_hours": NUMBER,
}
COUNTS = [name for name, dtype in ELEMENTS.items() if dtype == COUNT]


def elements(
    homes: pl.DataFrame,
    exposures: pl.DataFrame,
    writes: pl.DataFrame,
    conflicts: pl.DataFrame,
    medians: pl.DataFrame,
    *,
    unlike: pl.DataFrame,
    teams: pl.Series,
) -> pl.DataFrame:
    """One row per element of the catalog or of field changes, the most contested first.

    The first verdict that holds: ``two truths``: a system besides origin and record writes, or both of these do, or the
    catalog itself names several writers; ``not declared``: the catalog names no origin or no record; ``no owner``: it
    names no person; ``cannot tell``: no changes show who writes; else ``home``. `exposures` as ``with_roots`` gives
    them, `unlike` as ``conflicts.not_alike`` does.
    """
    decided = pl.col("closed_at").is_not_null()
    fought = conflicts.group_by("element").agg(
        decided=decided.sum(),
        record_won=pl.col("record_won").sum(),
        open=(~decided).sum(),
        disputes=pl.struct("entity", "opened_at").filter(decided).n_unique(),
    )
    held = exposures.group_by("element").agg(entities=pl.col("entity").n_unique())
    apart = unlike.group_by("element").agg(not_comparable=pl.col("system").sort())
    rows = homes.with_columns(owner_kind=owner_kind(pl.col("owner"), teams).fill_null(NOBODY))
    parts = (held, writers(writes), fought, _overwritten(exposures, homes), _traced(exposures, homes), medians, apart)
    for part in parts:
        rows = rows.join(part, on="element", how="left", maintain_order="left")
    rows = rows.with_columns(
        pl.col(COUNTS).fill_null(0), pl.col("writers", "outside_writers", "not_comparable").fill_null([])
    )
    judged = pl.when(pl.col("decided") >= MIN_DECIDED)
    rows = rows.with_columns(authority=judged.then(pl.col("record_won") / pl.col("decided")))
    low, high = wilson_interval(rows["authority"].fill_null(0) * rows["disputes"], rows["disputes"])
    rows = rows.with_columns(
        low=judged.then(pl.Series(low)),
        high=judged.then(pl.Series(high)),
        trace_share=pl.when(pl.col("copies") > 0).then(pl.col("traced") / pl.col("copies")),
        verdict=_verdict(),
    )
    contested = ["open", "decided", "outside_writes"]
    return rows.sort(*contested, "element", descending=[True, True, True, False]).select(*ELEMENTS).cast(ELEMENTS)


def _verdict() -> pl.Expr:
    several = pl.col("writers").list.len() > 1
    elsewhere = pl.col("outside_writers").list.len() > 0
    said = pl.col("declared_writers").list.len().fill_null(0) > 1
    unseen = (pl.col("entities") == 0) | (pl.col("unsure_writes") > 0)
    return (
        pl.when(several | elsewhere | said)
        .then(pl.lit(TWO_TRUTHS))
        .when(~pl.col("complete"))
        .then(pl.lit(NOT_DECLARED))
        .when(pl.col("owner_kind") != PERSON)
        .then(pl.lit(NO_OWNER))
        .when(unseen)
        .then(pl.lit(CANNOT_TELL))
        .otherwise(pl.lit(HOME))
    )


def _overwritten(exposures: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """element, overwritten: values that replaced one of the record and had been written outside origin and record."""
    record = exposures.filter(pl.col("came") == BROUGHT, ~pl.col("first")).join(
        homes.drop_nulls("record").select("element", "origin", system="record"), on=["element", "system"]
    )
    elsewhere = (pl.col("began_in") != pl.col("origin")) & (pl.col("began_in") != pl.col("system"))
    foreign = pl.col("began_at").is_not_null() & elsewhere
    return record.group_by("element").agg(overwritten=foreign.sum())


def _traced(exposures: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """element, copies, traced: the values that systems other than origin and record show now, and those of them whose
    way leads back there. Where neither is declared: those that were brought, and lead back to where they were written.
    """
    now = present_values(exposures).join(homes.select("element", "origin", "record"), on="element", how="left")
    declared = pl.col("record").is_not_null()

    def at_home(system: str) -> pl.Expr:
        """Whether the system of this column is origin or record."""
        return (pl.col(system) == pl.col("origin")) | (pl.col(system) == pl.col("record"))

    copy = pl.when(declared).then(~at_home("system")).otherwise(pl.col("came") == BROUGHT)
    traced = pl.when(declared).then(at_home("began_in").fill_null(False)).otherwise("begun")
    return now.filter(copy).group_by("element").agg(copies=pl.len(), traced=traced.sum())
