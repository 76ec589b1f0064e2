"""What the worst hour asks people to talk about: where to look first."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, system_owners, written


def rootcause_findings(root_causes: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Where to look first, one finding at most: the top suspect and its strongest evidence.

    A warning where the hour stands out as well as the system; else an analyst asked for the moment, and it is a note.
    `root_causes` as ``report_root_causes`` gives them, `declared` the systems of the catalog, for their owners.
    """
    seen = pl.col("evidence").list.first().str.replace(r" \(n=.*", "")
    usual, failed = pl.col("usual_failed_traces"), pl.col("failed_traces")
    usually = pl.when(usual < 0.1).then(pl.lit("hardly any")).otherwise(usual.round_sig_figs(2).cast(pl.String))
    counted = pl.format(
        "{} of {} traces failed where hours like it lose {}; ",
        written(failed),
        written(pl.col("traces")),
        usually.str.strip_suffix(".0"),
    )
    moment = pl.col("at").dt.strftime("%Y-%m-%d %H:%M")
    rows = (
        root_causes.filter(pl.col("rank") == 1)
        .join(system_owners(declared), on="system", how="left")
        .with_columns(
            subject=pl.col("system"),
            severity=pl.when("stands_out").then(pl.lit("warning")).otherwise(pl.lit("note")),
            statement=pl.format(
                "{}, {} UTC: {}look at {} first: {}.",
                pl.when("stands_out").then(pl.lit("Worst hour")).otherwise(pl.lit("Moment asked for")),
                moment,
                pl.when(failed > 0).then(counted).otherwise(pl.lit("")),
                "system",
                seen,
            ),
            value=failed - usual,
            unit=pl.when(failed > 0).then(pl.lit("failed traces beyond the usual, of n in the hour")),
            n=pl.col("traces"),
            ask=pl.format("What changed at {} at {} UTC?", "system", pl.col("began_at").dt.strftime("%H:%M")),
        )
    )
    return findings(NAME, "root_cause", rows)
