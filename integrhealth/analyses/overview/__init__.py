"""The front page: the worst findings of all reports, what changed, what stands on what, and what cannot be answered."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.overview.tables import TABLES
from integrhealth.analyses.overview.without_messages import logs_and_metrics
from integrhealth.language.findings import changes, no_findings, ranked
from integrhealth.language.period import days
from integrhealth.language.report_tables import SEVERITIES, Report, published_report
from integrhealth.language.thresholds import (
    FRONT_PAGE_FINDINGS,
    FRONT_PAGE_FRAME,
    FRONT_PAGE_LADDER,
    FRONT_PAGE_REMEDIES,
    FRONT_PAGE_SENTENCES,
    FRONT_PAGE_WORDS,
)
from integrhealth.language.wording import counted

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NAME = "overview"
__all__ = ["levels", "report", "scores", "unsupported", "verdict", "worst"]
# The report that says whether each level of integrations stands on stable ones.
FRAGILITY = "dependency_fragility"
NOT_ASKED = "Dependency fragility, which says what stands on what, is not among these reports."
FIRST_RUN = "This is the first run, so nothing can have changed."


def __dir__() -> list[str]:
    return __all__


def worst(
    findings: pl.DataFrame, *, besides: Iterable[str | None] = (), ladder: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The findings of the front page, worst first: the worst of each rule, five at most, in the page's budget of words.

    ``more`` counts the further warnings of the same report and rule, so that ten systems with one fault take one line.
    `besides` are the other sentences of the page and `ladder` the levels drawn on it: what they take is not left for
    findings. Sentences with overlong names lose their middle, so that no name can keep its finding from the page.

    >>> findings = ih.overview.report(ih.all_reports(evidence)).findings
    >>> ih.overview.worst(findings).select("report", "rule", "more").head(2).rows()
    [('reconciliation', 'documents_unbalanced', 6), ('report_overload', 'flood', 0)]
    """
    urgent = findings.filter(pl.col("severity") != "note").with_columns(more=pl.len().over("report", "rule") - 1)
    leaders = urgent.unique(["report", "rule"], keep="first", maintain_order=True)
    shown = leaders.head(FRONT_PAGE_FINDINGS)
    shown = shown.with_columns(_without_middle(column, most) for column, most in FRONT_PAGE_SENTENCES.items())
    said = pl.concat_str("severity", "statement", "ask", pl.col("owner").fill_null("nobody named"), separator=" ")
    words = said.str.count_matches(r"\S+") + pl.when(pl.col("more") > 0).then(2).otherwise(0)
    left = FRONT_PAGE_WORDS - FRONT_PAGE_FRAME - sum(len(text.split()) for text in besides if text)
    left -= 0 if ladder is None or ladder.is_empty() else _ladder_words(ladder)
    return shown.filter(words.cum_sum() <= left)


def _ladder_words(ladder: pl.DataFrame) -> int:
    """What is read on the ladder: its title, that it is a chart, and of each level name, verdict and one number."""
    rungs = ladder.select(pl.concat_str("level", "verdict", separator=" ").str.count_matches(r"\S+") + 1)
    return FRONT_PAGE_LADDER + rungs.to_series().sum()


def _without_middle(column: str, most: int) -> pl.Expr:
    """A text of at most `most` words: the first two thirds and, as figures stand at the end, the last third."""
    words = pl.col(column).str.extract_all(r"\S+")
    first, last = most - 1 - most // 3, most // 3
    parts = [words.list.head(first).list.join(" "), pl.lit("…"), words.list.tail(last).list.join(" ")]
    cut = pl.concat_str(parts, separator=" ")
    return pl.when(words.list.len() > most).then(cut).otherwise(pl.col(column)).alias(column)


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
    '2 critical findings and 13 warnings, in 64,648 messages between 15 systems in 94 days.'
    """
    counts = {level: findings.filter(pl.col("severity") == level).height for level in SEVERITIES}
    messages = evidence.messages
    systems = pl.concat([messages["source"], messages["target"]]).n_unique()
    covered = f"{messages.height:,} messages between {systems} systems in {days(messages['sent_at'])} days"
    besides = None if messages.height else logs_and_metrics(evidence)
    seen = covered if messages.height else "no messages"
    if not counts["critical"] and not counts["warning"]:
        return f"No messages, but {besides}" if besides else f"Nothing that needs you, in {seen}."
    critical, warnings = counted(counts["critical"], "critical finding"), counted(counts["warning"], "warning")
    return f"{critical} and {warnings}, in {seen}" + (f", but {besides}" if besides else ".")


def report(reports: Mapping[str, Report], *, previous: pl.DataFrame | None = None) -> Report:
    """The overview of `reports`: its findings are all of theirs; ``changes`` compares them with `previous` ones.

    >>> ih.overview.report(ih.all_reports(evidence))
    Report overview: 16 critical, 63 warning, 50 note findings
      levels                        4 rows
      changes                            -
      scores                        6 rows
    """
    findings = ranked(report.findings for report in reports.values())
    before = no_findings() if previous is None else previous
    on_levels = reports[FRAGILITY].notes.get("levels") if FRAGILITY in reports else NOT_ASKED
    notes = ({"levels": on_levels} if on_levels else {}) | ({"changes": FIRST_RUN} if before.is_empty() else {})
    changed = changes(findings, before) if before.height else changes(no_findings(), no_findings())
    tables = {"levels": levels(reports), "changes": changed, "scores": scores(findings, reports)}
    return published_report(NAME, TABLES, tables, findings, notes=notes)
