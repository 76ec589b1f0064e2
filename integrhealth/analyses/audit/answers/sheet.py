"""The fourteen questions: the rule that answers each, and the table that shows the rows behind it."""

from collections.abc import Callable
from typing import NamedTuple

from integrhealth.analyses.audit.answers import people, systems
from integrhealth.analyses.audit.answers.measured import Measured, Tables


class Question(NamedTuple):
    """One question of the audit; `report` and `table` are where to look at the rows."""

    number: int
    report: str
    table: str
    measure: Callable[[Tables], Measured]


QUESTIONS = (
    Question(1, "audit", "five_questions", people.problem_stated),
    Question(2, "audit", "five_questions", people.beneficiary_served),
    Question(3, "accountability", "owners", people.owner_answers),
    Question(4, "accountability", "elements", systems.truth_has_a_home),
    Question(5, "dependency_fragility", "outages", systems.night_is_decided),
    Question(6, "dependency_fragility", "coupling", systems.others_degrade),
    Question(7, "latency", "capacity", systems.load_is_tested),
    Question(8, "reconciliation", "trail_whole", systems.trail_is_full),
    Question(9, "reconciliation", "exceptions", systems.exceptions_are_handled),
    Question(10, "error_propagation", "friction", systems.checkpoints_catch),
    Question(11, "report_overload", "reports", people.reports_serve),
    Question(12, "dependency_fragility", "levels", systems.foundation_ties_out),
    Question(13, "audit", "outcomes", people.metric_improved),
    Question(14, "collaboration", "pairs", people.teams_talk),
)
