"""Latency: how long each integration takes and what it promised, what a journey waits for, and what metrics say.

Percentiles are read from logarithmic buckets that add up and are at most 1% off; they are never averaged. Timeouts
count with the time at which they were given up, a floor of the true wait; failed and rejected messages do not count:
failing fast is not being fast.
"""

from typing import TYPE_CHECKING

from integrhealth.analyses.latency.capacity.findings import capacity_findings, said_of_capacity
from integrhealth.analyses.latency.capacity.questions import capacity, load_curve, load_points
from integrhealth.analyses.latency.clocks import said_of_clocks
from integrhealth.analyses.latency.findings import latency_findings
from integrhealth.analyses.latency.promises.findings import promise_findings
from integrhealth.analyses.latency.promises.questions import burn_over_time, slo
from integrhealth.analyses.latency.questions import (
    corrected_latencies,
    critical_path,
    integrations,
    journeys,
    latency_facts,
    measurements,
    measurements_over_time,
    waterfall,
)
from integrhealth.analyses.latency.request_metrics.findings import request_findings
from integrhealth.analyses.latency.request_metrics.questions import (
    by_metrics_alone,
    counts_compared,
    said_of_metrics,
)
from integrhealth.analyses.latency.shifts.findings import shift_findings
from integrhealth.analyses.latency.shifts.levels import unshifted
from integrhealth.analyses.latency.shifts.questions import hours, latency_heat, latency_over_time, shifts
from integrhealth.analyses.latency.surge.notes import said_of_surge
from integrhealth.analyses.latency.surge.questions import surge, surge_backlog
from integrhealth.analyses.latency.tables import NAME, TABLES
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

__all__ = [
    "burn_over_time",
    "capacity",
    "critical_path",
    "integrations",
    "journeys",
    "latency_heat",
    "latency_over_time",
    "load_curve",
    "load_points",
    "measurements",
    "measurements_over_time",
    "report",
    "shifts",
    "slo",
    "surge",
    "surge_backlog",
    "waterfall",
]
LATER = {
    "silence": "Whether an integration has gone quiet is not judged yet by this version.",
}
MISSING = "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages"
MISSING_BESIDES_METRICS = MISSING.replace("messages:", "messages for all but the metrics:", 1)
MISSING_BESIDES_REQUESTS = MISSING.replace("messages:", "messages for all but the requests that metrics count:", 1)


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of latency, its findings, and why a table is empty.

    >>> ih.latency.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('critical', 'failing_integration'), ('critical', 'failing_integration')]
    """
    tables = answers(evidence, globals(), min_messages=min_messages)
    notes = dict(LATER)
    if evidence.messages.height and not tables["integrations"].height:
        notes["integrations"] = "No message passed from one system to another."
    if said := [each for each in (said_of_clocks(tables["integrations"]), said_of_metrics(evidence)) if each]:
        notes["integrations"] = " ".join(said)
    if evidence.messages.height and not tables["slo"].height:
        notes["slo"] = "No message between two systems has ended."
    if evidence.messages.height and not tables["critical_path"].height:
        notes["critical_path"] = "No journey has an end: finished_at and answered_at are null throughout."
    if hours(evidence).height and not tables["shifts"].height:
        notes["shifts"] = unshifted(hours(evidence))
    if said := said_of_capacity(tables["capacity"]):
        notes["capacity"] = said
    missing = MISSING_BESIDES_METRICS if evidence.metrics.height else MISSING
    if tables["integrations"].height:
        missing = MISSING_BESIDES_REQUESTS
    if said := said_of_surge(tables["surge"], sent=evidence.messages.height > 0):
        notes["surge"] = said
    return published_report(
        NAME,
        TABLES,
        tables,
        ranked(
            [
                latency_findings(
                    tables,
                    evidence.catalog.integrations,
                    latency_facts(evidence),
                    corrected_latencies(evidence, min_messages=min_messages),
                    min_messages=min_messages,
                ),
                shift_findings(tables["shifts"], hours(evidence)["integration"], evidence.catalog.integrations),
                capacity_findings(tables["capacity"], evidence.catalog.systems),
                promise_findings(tables["slo"], evidence.catalog.integrations),
                request_findings(
                    tables["integrations"].filter(measured_by="metrics"),
                    by_metrics_alone(evidence).taken,
                    counts_compared(evidence),
                    evidence.catalog.integrations,
                    min_messages=min_messages,
                ),
            ]
        ),
        notes=notes,
        missing=None if evidence.messages.height else missing,
    )
