"""The answers: a folder per report, with everything of its own; adding a report is its folder and a word in REPORTS.

error_propagation      when something goes wrong once, how far does it go? spreading (how many systems it hits),
                       error_times (the same where no message names its parent), root_cause (where the worst hour
                       began), retrying (what retries made of it), wrong_values (what travelled with status ok),
                       holds (where a pause would have paid, and what checkpoints caught), log_lines (which errors
                       the logs tell by themselves)
latency                how long does everything take, and which step decides? what did metrics measure?
dependency_fragility   which system stops the business, and how often is it up?
report_overload        is there time to read what is sent, and which few reports would serve every decision?
accountability         where does the truth live, and who answers for it? truth_home (writers, conflicts, values changed
                       on their way), incidents (where their days went), owners (who ever answered), blame (who was
                       blamed first, and who it was)
reconciliation         did what was sent arrive, exactly once? trail (does every message say what became of it),
                       transfers (from one log or two), documents (ordered to paid, and the books), exceptions
                       (returns, credit notes and the like), transforms (does data gain meaning on its way)
collaboration          do the teams talk whose systems do? contacts (who should, who does, what flows in silence),
                       golive (what became of it), rituals (are they held), joint_kpi (which department a late order
                       is late by)
audit                  what do people claim, and what do the data say? answers (fourteen questions, and the debt),
                       outcomes (did it work), five_questions (of each integration); alone asks all its neighbours
overview               what should we talk about this week?

In each: ``__init__`` has ``report(evidence)`` and one function on evidence per published table, of the same name;
``tables`` the published columns, ``findings`` what a person should talk about, ``charts`` what is drawn.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence
    from integrhealth.language.report_tables import Report

# In the order in which they are read. Module, notebook, folder of tables and command share the word; the overview,
# which reads the others, comes last.
REPORTS = (
    "error_propagation",
    "latency",
    "dependency_fragility",
    "report_overload",
    "accountability",
    "reconciliation",
    "collaboration",
    "audit",
    "overview",
)
OVERVIEW = REPORTS[-1]


def published_tables(report: str) -> dict[str, dict[str, Any]]:
    """The tables of a report of REPORTS: table -> column -> type."""
    return import_module(f"integrhealth.analyses.{report}.tables").TABLES


def all_reports(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> dict[str, "Report"]:
    """Every report but the overview, by name, in the order in which they are read."""
    modules = {name: import_module(f"integrhealth.analyses.{name}") for name in REPORTS if name != OVERVIEW}
    return {name: module.report(evidence, min_messages=min_messages) for name, module in modules.items()}
