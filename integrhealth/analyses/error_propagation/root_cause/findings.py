"""What the worst hour asks people to talk about: where to look first."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, system_owners


def rootcause_findings(root_causes: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Where to look first, one finding at most: the top suspect of the worst hour and its strongest evidence.

    `root_causes` as ``report_root_causes`` gives them, `declared` the systems of the catalog, for their owners.
    """
    seen = pl.col("evidence").list.first().str.replace(r" \(n=.*", "")
    rows = (
        root_causes.with_columns(n=pl.len().cast(pl.Int64))
        .filter(pl.col("rank") == 1)
        .join(system_owners(declared), on="system", how="left")
        .with_columns(
            subject=pl.col("system"),
            severity=pl.lit("warning"),
            statement=pl.format(
                "For the worst hour, {} UTC, look at {} first: {}.",
                pl.col("at").dt.strftime("%Y-%m-%d %H:%M"),
                "system",
                seen,
            ),
            value=pl.col("share"),
            unit=pl.lit("share of what stood out, among n suspects"),
            ask=pl.format("What changed at {} at {} UTC?", "system", pl.col("began_at").dt.strftime("%H:%M")),
        )
    )
    return findings(NAME, "root_cause", rows)
