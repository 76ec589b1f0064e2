"""The map of the systems: who sends to whom, and the worst that any report says of each."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.overview.ends import all_systems, connections, ends, spoken_of
from integrhealth.language.report_tables import SEVERITIES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NOTHING = "nothing"


def system_findings(evidence: "Evidence", findings: pl.DataFrame) -> pl.DataFrame:
    """One row per system, worst first: the worst that any of the `findings` says of it, how many, and where to look.

    A finding about an integration speaks of both of its ends. Notes do not count; ``worst`` is critical, warning or
    nothing, ``report`` and ``rule`` those of the worst finding.

    >>> findings = ih.overview.report(ih.all_reports(evidence)).findings
    >>> ih.overview.system_findings(evidence, findings).select("system", "worst").row(0)
    ('ERP', 'critical')
    """
    systems = all_systems(evidence)
    urgent = findings.filter(pl.col("severity") != "note").with_row_index("rank")
    spoken = spoken_of(urgent, ends(evidence), systems)
    of_system = pl.concat(
        spoken.select("rank", "report", "rule", "severity", system=end).drop_nulls("system")
        for end in ("source", "target")
    ).unique(["rank", "system"], keep="first", maintain_order=True)
    worst = of_system.sort("rank", "system").group_by("system", maintain_order=True)
    worst = worst.agg(pl.col("severity", "report", "rule").first(), findings=pl.len(), rank=pl.col("rank").first())
    rows = (
        systems.to_frame("system")
        .join(worst, on="system", how="left")
        .with_columns(
            worst=pl.col("severity").fill_null(NOTHING), findings=pl.col("findings").fill_null(0).cast(pl.Int64)
        )
    )
    order = pl.col("worst").replace_strict([*SEVERITIES, NOTHING], range(len(SEVERITIES) + 1), return_dtype=pl.Int8)
    ranked = rows.sort(order, "findings", "rank", "system", descending=[False, True, False, False], nulls_last=True)
    return ranked.select("system", "worst", "findings", "report", "rule")


def system_map(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of systems of which one sends to the other, by the logs or the catalog, and how many messages.

    >>> ih.overview.system_map(evidence).row(0)
    ('BI', 'Planning', 300)
    """
    return connections(evidence)
