"""What lies in a folder: it is a report and takes reading, but who looks at it no log says.

The kit's own report is one of these. Such reports are counted and not judged, and no number of a person holds them.
"""

import polars as pl

from integrhealth.language.schema import COUNT, FOLDER

IN_A_FOLDER = "in a folder"


def to_people(deliveries: pl.DataFrame) -> pl.DataFrame:
    """The `deliveries` that reached a person: all but those laid in a folder."""
    return deliveries.filter(pl.col("channel").ne_missing(FOLDER))


def in_folders(deliveries: pl.DataFrame, reads: pl.DataFrame) -> pl.DataFrame:
    """One row per report that is only ever laid in folders, and never opened: report, deliveries."""
    reaching = pl.concat([to_people(deliveries).select("report"), reads.select("report")])
    laid = deliveries.filter(pl.col("channel") == FOLDER).group_by("report").agg(deliveries=pl.len().cast(COUNT))
    return laid.join(reaching, on="report", how="anti").sort("report")


def with_folders(judged: pl.DataFrame, laid: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """`judged`, the reports that reach people, and after them those of ``in_folders``, as far as `stock` knows them.

    Of these nobody can tell what becomes of them, nor how many read them: the counts of readers are null.
    """
    counted = laid.join(stock, on="report", how="left").with_columns(
        verdict=pl.lit("cannot tell"),
        why=pl.lit(IN_A_FOLDER),
        decisions=pl.col("decisions").fill_null([]),
        statutory=pl.col("statutory").fill_null(False),
        covered_by=pl.lit([], pl.List(pl.String)),
    )
    shared = [pl.col(name).cast(dtype) for name, dtype in judged.schema.items() if name in counted.columns]
    return pl.concat([judged, counted.select(shared)], how="diagonal")
