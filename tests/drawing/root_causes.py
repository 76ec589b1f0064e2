"""The root causes that a report would name, from evidence."""

import polars as pl

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import report_root_causes


def reported_of(evidence: ih.Evidence) -> tuple[pl.DataFrame, str | None]:
    return report_root_causes(evidence)
