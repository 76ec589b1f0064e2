"""The root causes that a report would name, from evidence."""

import polars as pl

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import report_root_causes
from integrhealth.bad_entries.entries import bad_entries, entry_steps
from integrhealth.traces import links


def reported_of(evidence: ih.Evidence) -> tuple[pl.DataFrame, str | None]:
    caused = links.with_causes(links.linked(evidence.messages))
    entries = bad_entries(caused, evidence.field_changes, evidence.holds)
    return report_root_causes(evidence, entries, entry_steps(caused, entries))
