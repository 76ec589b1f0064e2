"""Latency: how long each integration takes, what a journey waits for, which step to speed up first; what metrics say.

Percentiles are read from logarithmic buckets that add up and are at most 1% off; they are never averaged. Timeouts
count with the time at which they were given up, a floor of the true wait; failed and rejected messages do not count:
failing fast is not being fast.
"""

from typing import TYPE_CHECKING

from integrhealth.analyses.latency.clocks import said_of_clocks
from integrhealth.analyses.latency.findings import latency_findings
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
from integrhealth.analyses.latency.silence.findings import silence_findings
from integrhealth.analyses.latency.silence.questions import arrivals_over_time, silence, silences
from integrhealth.analyses.latency.silence.verdicts import said_of_silence
from integrhealth.analyses.latency.tables import NAME, TABLES
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

__all__ = [
    "arrivals_over_time",
    "critical_path",
    "integrations",
    "journeys",
    "measurements",
    "measurements_over_time",
    "report",
    "silence",
    "silences",
    "waterfall",
]
LATER = {
    "shifts": "Shifts of latency over time are not detected yet by this version.",
    "slo": "Service levels are not judged over time yet by this version.",
    "capacity": "Capacity is not estimated yet by this version.",
    "surge": "A surge is not simulated yet by this version.",
}
MISSING = "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages"
MISSING_BESIDES_METRICS = MISSING.replace("messages:", "messages for all but the metrics:", 1)


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
    if said := said_of_clocks(tables["integrations"]):
        notes["integrations"] = said
    if evidence.messages.height and not tables["critical_path"].height:
        notes["critical_path"] = "No journey has an end: finished_at and answered_at are null throughout."
    if said := said_of_silence(tables["silence"]):
        notes["silence"] = said
    missing = MISSING_BESIDES_METRICS if evidence.metrics.height else MISSING
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
                silence_findings(tables["silence"], tables["silences"], evidence.catalog.integrations),
            ]
        ),
        notes=notes,
        missing=None if evidence.messages.height else missing,
    )
