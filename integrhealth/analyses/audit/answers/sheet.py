"""The fourteen questions: their words, the table that shows the rows behind each, and the rule that answers it."""

from collections.abc import Callable
from typing import NamedTuple

from integrhealth.analyses.audit.answers import people, systems
from integrhealth.analyses.audit.answers.measured import Measured, Tables


class Question(NamedTuple):
    """One question of the audit; `report` and `table` are where to look at the rows."""

    number: int
    asks: str
    report: str
    table: str
    measure: Callable[[Tables], Measured]


QUESTIONS = (
    Question(
        1,
        "Can you state in one sentence the problem each integration solves?",
        "audit",
        "five_questions",
        people.problem_stated,
    ),
    Question(
        2, "Is there a named beneficiary, and do they use it?", "audit", "five_questions", people.beneficiary_served
    ),
    Question(
        3, "Does every integration have a named person as owner?", "accountability", "owners", people.owner_answers
    ),
    Question(
        4,
        "Does every data element have one origin, one record, one owner?",
        "accountability",
        "elements",
        systems.truth_has_a_home,
    ),
    Question(
        5,
        "Is it decided what happens at 2 AM on the busiest day?",
        "dependency_fragility",
        "outages",
        systems.night_is_decided,
    ),
    Question(
        6,
        "If one system stops, do the others degrade gracefully?",
        "dependency_fragility",
        "coupling",
        systems.others_degrade,
    ),
    Question(7, "Has it been tested at ten times normal volume?", "latency", "capacity", systems.load_is_tested),
    Question(8, "Does every transaction leave a full trail?", "reconciliation", "trail_whole", systems.trail_is_full),
    Question(
        9,
        "Are returns, partials, cancellations, credit notes and disputes handled?",
        "reconciliation",
        "exceptions",
        systems.exceptions_are_handled,
    ),
    Question(
        10,
        "Do high-stakes flows pass a checkpoint where delay is cheaper than error?",
        "error_propagation",
        "friction",
        systems.checkpoints_catch,
    ),
    Question(
        11, "Does each report serve a decision, and is it read?", "report_overload", "reports", people.reports_serve
    ),
    Question(
        12,
        "Do the foundation links tie out before more is built on them?",
        "dependency_fragility",
        "levels",
        systems.foundation_ties_out,
    ),
    Question(
        13,
        "Can you show the integration improved a metric set in advance?",
        "audit",
        "outcomes",
        people.metric_improved,
    ),
    Question(14, "Do the teams it connects talk, and share a KPI?", "collaboration", "pairs", people.teams_talk),
)
