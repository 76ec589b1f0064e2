"""The answers: one module per question, frames in, frames out."""

from importlib import import_module
from typing import TYPE_CHECKING

from integrhealth.published import Report
from integrhealth.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

QUESTIONS = ("propagation", "latency", "fragility", "overload")


def all_reports(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> dict[str, Report]:
    """Every report but the overview, by name, in the order in which they are read."""
    modules = [import_module(f"integrhealth.analyses.{question}") for question in QUESTIONS]
    answered = [module.report(evidence, min_messages=min_messages) for module in modules]
    return {report.name: report for report in answered}
