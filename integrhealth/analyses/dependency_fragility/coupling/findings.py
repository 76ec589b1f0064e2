"""Who stops working when a system it needs is down."""

import polars as pl

from integrhealth.analyses.dependency_fragility.coupling.grace import ENDS
from integrhealth.analyses.dependency_fragility.findings import NAME
from integrhealth.language.findings import findings, severity, system_owners, written
from integrhealth.language.statistics import chance_of_distance, chance_of_more
from integrhealth.language.thresholds import GRACE_GOOD, GRACE_WARNING


def coupling_findings(coupling: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """``no_grace``: edges of `coupling` that save too little of the work while their target is down.

    That two systems fail together is in the table and no finding by itself. A warning where grace is below 80% for
    certain, both over outages and over messages; `declared` are the systems of the catalog, with their owners.
    """
    owners = system_owners(declared).rename({"system": "source"})
    tested = coupling.drop_nulls("grace").join(owners, on="source", how="left", maintain_order="left")
    everyone = pl.sum_horizontal(ENDS)
    gone = pl.col("failed") + pl.col("lost")
    certain = pl.max_horizontal(
        chance_of_more(gone, everyone, pl.lit(1 - GRACE_WARNING)),
        chance_of_distance(GRACE_WARNING - pl.col("grace"), pl.col("grace_high") - pl.col("grace")),
    )
    lost = (
        pl.when(pl.col("lost") > 0)
        .then(pl.format(", {} of these after being accepted", written(pl.col("lost"))))
        .otherwise(pl.lit(""))
    )
    rows = (
        tested.with_columns(severity=severity(warning=certain))
        .filter(pl.col("grace") < GRACE_GOOD)
        .with_columns(
            subject=pl.format("{} to {}", "source", "target"),
            statement=pl.format(
                "While {} was down, {} of {} messages that {} needed it for came to nothing, in {} outages{}.",
                "target",
                written(gone),
                written(everyone),
                "source",
                "outages",
                lost,
            ),
            value=pl.col("grace"),
            unit=pl.lit("share of the work served or applied later"),
            low=pl.col("grace_low"),
            high=pl.col("grace_high"),
            n=everyone,
            threshold=pl.lit(GRACE_WARNING),
            ask=pl.format(
                "What could {} do without {}: queue, answer from a copy, or say so at once?", "source", "target"
            ),
        )
    )
    return findings(NAME, "no_grace", rows)
