"""The answers: one module per question, frames in, frames out; its parts beside it.

propagation   how far does an error go? spread, cascades (cascade_steps, swallowed, blast_radius), timing where no
              message names its parent; rootcause where it began (worst_hour, rootcause_damage); retries what they made
              of it (retry_chains, _pauses, _bins, _storms, _layers); contamination by wrong values, of which entries
              tells (corrections, first_values, rejections, wrong_values, entry_trees); friction where a hold would
              pay (hold_replay), and checkpoints
latency       how long does everything take?
fragility     which system stops the business? (capabilities, paths)
overload      is there time to read what is sent? (reading, overlap, smallest_set)
overview      what should we talk about this week?

What a person should talk about stands in the modules named findings.
"""

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
