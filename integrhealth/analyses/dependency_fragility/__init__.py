"""Dependency fragility: what must be up for the business to get through, and how often it is.

The systems on every way from an entry to a goal are the dominators of the graph that the traffic draws. That there are
such is a fact, in a company with a hub always; it is a finding where they cost the capability its promise.
"""

from typing import TYPE_CHECKING

from integrhealth.analyses.dependency_fragility.availability.questions import capabilities, fallbacks, parts, systems
from integrhealth.analyses.dependency_fragility.coupling.findings import coupling_findings
from integrhealth.analyses.dependency_fragility.coupling.questions import coupling, down_times
from integrhealth.analyses.dependency_fragility.findings import NAME, fragility_findings
from integrhealth.analyses.dependency_fragility.levels.findings import level_findings, said_of_levels
from integrhealth.analyses.dependency_fragility.levels.questions import (
    changes,
    level_checks,
    level_spend,
    levels,
    system_levels,
)
from integrhealth.analyses.dependency_fragility.outages.findings import outage_findings, said_of_outages
from integrhealth.analyses.dependency_fragility.outages.questions import outages
from integrhealth.analyses.dependency_fragility.questions import edges
from integrhealth.analyses.dependency_fragility.repairs import repairs
from integrhealth.analyses.dependency_fragility.suppositions import suppositions, without
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.analyses.dependency_fragility.what_if.questions import what_if
from integrhealth.analyses.dependency_fragility.what_if.supposing import said_of_changes, supposed
from integrhealth.language.findings import no_findings, ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

__all__ = [
    "capabilities",
    "coupling",
    "down_times",
    "edges",
    "fallbacks",
    "level_checks",
    "level_spend",
    "levels",
    "outages",
    "parts",
    "report",
    "supposed",
    "system_levels",
    "systems",
    "what_if",
]
# What is asked again where something is supposed: levels, who fails with whom and when were measured today.
SUPPOSABLE = ("capabilities", "edges", "fallbacks", "outages", "parts", "systems")
NO_CAPABILITY = (
    "No path from an entry to a goal was found: it takes messages that share a trace_id (or name a parent_id), "
    "or a dependency graph in which a system that nobody calls leads to one that calls nobody."
)
NO_RATES = (
    "Structure only, from a dependency graph: without messages nothing says how often a system was up, "
    "or which of its calls stand in for each other."
)
NO_PAIR = "No message went from one system to another, so nothing says who fails with whom."
NEVER_DOWN = (
    "No system was down: that takes three failures in a row at one of them, "
    "or metrics in which its `up` is 0 or its samples are missing."
)
MISSING = "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages; or a dependency graph"


def __dir__() -> list[str]:
    return __all__


def report(
    evidence: "Evidence",
    *,
    min_messages: int = MIN_MESSAGES,
    remove_system: str = "",
    add_fallback: str = "",
    add_queue: str = "",
    double_repair: str = "",
) -> Report:
    """All published tables of dependency_fragility, its findings, and why a table is empty.

    The changes are those of ``supposed``: the tables are then of the landscape that is supposed, ``what_if`` is its
    difference to today's. Findings are of what is; a landscape that is only supposed has none.

    >>> ih.dependency_fragility.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('critical', 'single_point'), ('critical', 'low_availability')]
    """
    supposition = {
        "remove_system": remove_system,
        "add_fallback": add_fallback,
        "add_queue": add_queue,
        "double_repair": double_repair,
    }
    then = supposed(evidence, **supposition)
    tables = answers(evidence, globals(), min_messages=min_messages)
    shown = tables | answers(then, globals() | {"__all__": SUPPOSABLE}, min_messages=min_messages)
    shown["coupling"] = tables["coupling"].filter(without(suppositions(then.catalog.supposed).removed))
    shown["what_if"] = what_if(evidence, min_messages=min_messages, **supposition)
    asked = tables["capabilities"]
    measured = asked.height > 0 and not evidence.messages.is_empty()
    unjudged = evidence.messages.is_empty() and asked["cut"].null_count() == asked.height
    judged = [
        fragility_findings(
            tables["systems"],
            asked,
            evidence.catalog.systems,
            repairs(evidence.incident_events, evidence.messages, evidence.catalog.integrations),
            min_messages=min_messages,
        ),
        outage_findings(tables["outages"], evidence.catalog.integrations),
        coupling_findings(tables["coupling"], evidence.catalog.systems),
        level_findings(tables["levels"], changes(evidence, min_messages=min_messages), evidence.catalog.integrations),
    ]
    measured_landscape = evidence.catalog.supposed.is_empty()
    notes = {} if measured else {"capabilities": NO_RATES if asked.height else NO_CAPABILITY}
    of_levels = tables["levels"], evidence.catalog.integrations, tables["outages"]["integration"]
    empty = {"coupling": NO_PAIR, "down_times": NEVER_DOWN}
    return published_report(
        NAME,
        TABLES,
        shown,
        ranked(judged) if measured_landscape else no_findings(),
        notes=notes
        | ({"outages": said} if (said := said_of_outages(tables["outages"])) else {})
        | ({"levels": said} if (said := said_of_levels(*of_levels)) else {})
        | {table: why for table, why in empty.items() if tables[table].is_empty()}
        | {"what_if": said_of_changes(then.catalog.supposed, shown["what_if"])},
        missing=MISSING if unjudged else None,
    )
