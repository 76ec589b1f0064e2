"""The front page: the worst findings of all reports, what changed, what stands on what, and what cannot be answered."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.overview.front_page import worst
from integrhealth.analyses.overview.starters import starters
from integrhealth.analyses.overview.state import owed, state
from integrhealth.analyses.overview.systems import system_findings, system_map
from integrhealth.analyses.overview.tables import TABLES
from integrhealth.analyses.overview.without_messages import logs_and_metrics
from integrhealth.language.findings import changes, no_findings, ranked
from integrhealth.language.period import days
from integrhealth.language.report_tables import SEVERITIES, Report, published_report
from integrhealth.language.thresholds import FRONT_PAGE_REMEDIES
from integrhealth.language.wording import counted

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NAME = "overview"
__all__ = [
    "debt",
    "levels",
    "owed",
    "report",
    "scores",
    "starters",
    "state",
    "system_findings",
    "system_map",
    "unsupported",
    "verdict",
    "worst",
]
# The reports that say whether each level of integrations stands on stable ones, and what is owed.
FRAGILITY, AUDIT = "dependency_fragility", "audit"
WITHOUT_EVIDENCE = "Whose systems a finding lies between is said only with the evidence at hand."
NO_FINDING = "No finding is critical or a warning: there is nothing that two owners have to talk about."
NOT_ASKED = "Dependency fragility, which says what stands on what, is not among these reports."
FIRST_RUN = "This is the first run, so nothing can have changed."


def __dir__() -> list[str]:
    return __all__


def scores(findings: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """One row per report: how many findings of each severity it has.

    >>> report = ih.latency.report(evidence)
    >>> ih.overview.scores(report.findings, ["latency"]).rows()
    [('latency', 2, 13, 25)]
    """
    counted = findings.group_by("report").agg((pl.col("severity") == level).sum().alias(level) for level in SEVERITIES)
    rows = pl.DataFrame({"report": list(names)}, schema={"report": pl.String})
    return rows.join(counted, on="report", how="left", maintain_order="left").with_columns(
        pl.col(*SEVERITIES).fill_null(0).cast(pl.Int64)
    )


def levels(reports: Mapping[str, Report]) -> pl.DataFrame:
    """The table `levels` of dependency_fragility, foundation first; no rows where that is not among the `reports`.

    >>> reports = {"dependency_fragility": ih.dependency_fragility.report(evidence)}
    >>> ih.overview.levels(reports).select("level", "stable", "verdict").row(0)
    ('foundation', 2, 'unstable')
    """
    if FRAGILITY in reports:
        return reports[FRAGILITY].tables["levels"]
    return pl.DataFrame(schema=TABLES["levels"])


def debt(reports: Mapping[str, Report]) -> pl.DataFrame | None:
    """The table `debt` of the audit; None where the audit is not among the `reports` or has no answer.

    >>> ih.overview.debt({"latency": ih.latency.report(evidence)}) is None
    True
    """
    owing = reports[AUDIT].tables.get("debt") if AUDIT in reports else None
    return None if owing is None or owing.is_empty() else owing


def unsupported(reports: Mapping[str, Report]) -> str | None:
    """One sentence: which reports this input cannot support, and what would make them possible; None when all are.

    What several of them need is said once in full. Each page says what its report needs: what is too long for the front
    page ends there.

    >>> ih.overview.unsupported({"latency": ih.latency.report(ih.Evidence())})
    'Not possible with this input: latency needs messages: traces (OTLP, Jaeger, Zipkin) ...'
    """
    lacking, said = [], []
    for name, report in reports.items():
        missing = report.missing or ""
        for remedy in said:
            missing = missing.replace(f": {remedy}", "")
        remedy = missing.partition(": ")[2].partition("; ")[0]
        said += [remedy] if remedy else []
        lacking += [f"{name.replace('_', ' ')} {missing}"] if missing else []
    if not lacking:
        return None
    words = f"Not possible with this input: {'; '.join(lacking)}.".split()
    return " ".join(words if len(words) <= FRONT_PAGE_REMEDIES else [*words[: FRONT_PAGE_REMEDIES - 1], "…"])


def verdict(evidence: "Evidence", findings: pl.DataFrame) -> str:
    """The state of things in one sentence: findings by severity, and over how much they were looked for.

    Without messages it says what logs and metrics there are, and what stands out in them.

    >>> ih.overview.verdict(evidence, ih.latency.report(evidence).findings)
    '2 critical findings, 13 warnings: 64,648 messages, 15 systems, 94 days.'
    """
    counts = {level: findings.filter(pl.col("severity") == level).height for level in SEVERITIES}
    messages = evidence.messages
    systems = pl.concat([messages["source"], messages["target"]]).n_unique()
    covered = ", ".join(
        counted(count, thing)
        for count, thing in ((messages.height, "message"), (systems, "system"), (days(messages["sent_at"]), "day"))
    )
    besides = None if messages.height else logs_and_metrics(evidence)
    seen = covered if messages.height else "no messages"
    if not counts["critical"] and not counts["warning"]:
        return f"No messages, but {besides}" if besides else f"Nothing that needs you: {seen}."
    critical, warnings = counted(counts["critical"], "critical finding"), counted(counts["warning"], "warning")
    return f"{critical}, {warnings}: {seen}" + (f", but {besides}" if besides else ".")


def report(
    reports: Mapping[str, Report], *, previous: pl.DataFrame | None = None, evidence: "Evidence | None" = None
) -> Report:
    """The overview of `reports`: its findings are all of theirs; ``changes`` compares them with `previous` ones.

    ``starters`` needs the `evidence`, which says between which systems and owners a finding lies.

    >>> ih.overview.report(ih.all_reports(evidence), evidence=evidence)
    Report overview: 16 critical, 81 warning, 54 note findings
      levels                        4 rows
      changes                            -
      starters                     12 rows
      scores                        8 rows
    """
    findings = ranked(report.findings for report in reports.values())
    before = no_findings() if previous is None else previous
    changed = changes(findings, before) if before.height else changes(no_findings(), no_findings())
    asked = pl.DataFrame(schema=TABLES["starters"]) if evidence is None else starters(evidence, findings)
    tables = {
        "levels": levels(reports),
        "changes": changed,
        "starters": asked,
        "scores": scores(findings, reports),
    }
    no_starters = WITHOUT_EVIDENCE if evidence is None else NO_FINDING if asked.is_empty() else None
    notes = {
        "levels": reports[FRAGILITY].notes.get("levels") if FRAGILITY in reports else NOT_ASKED,
        "changes": FIRST_RUN if before.is_empty() else None,
        "starters": no_starters,
    }
    said = {table: note for table, note in notes.items() if note}
    return published_report(NAME, TABLES, tables, findings, notes=said)
