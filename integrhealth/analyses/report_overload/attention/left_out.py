"""What machines opened, counted: so that nothing that is left out is lost."""

import polars as pl

from integrhealth.analyses.report_overload.machines import PROXY, kind_of_agent
from integrhealth.language.schema import COUNT


def machine_openings(marked: pl.DataFrame) -> pl.DataFrame:
    """One row per person and kind of machine, the most openings first; ``counted`` are those of a reader's proxy.

    `marked` are the rows of ``machines.openings``, exact copies of which are one.
    """
    proxied = pl.when(kind_of_agent(pl.col("agent")) == PROXY).then(pl.lit(PROXY))
    return (
        marked.unique(["report", "person", "at", "seconds", "action", "agent"])
        .with_columns(counted=pl.col("machine").is_null(), machine=pl.coalesce("machine", proxied))
        .drop_nulls("machine")
        .group_by("person", "machine", "counted")
        .agg(
            opens=pl.len().cast(COUNT),
            reports=pl.col("report").n_unique().cast(COUNT),
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
        )
        .sort("opens", "person", "machine", descending=[True, False, False])
    )
