"""Latency: how long each integration takes and what it promised, what a journey waits for, and what metrics say.

Percentiles are read from logarithmic buckets that add up and are at most 1% off; they are never averaged. Timeouts
count with the time at which they were given up, a floor of the true wait; failed and rejected messages do not count:
failing fast is not being fast.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.capacity.findings import capacity_findings, said_of_capacity
from integrhealth.analyses.latency.capacity.questions import capacity, load_curve, load_points
from integrhealth.analyses.latency.clocks import said_of_clocks
from integrhealth.analyses.latency.findings import latency_findings
from integrhealth.analyses.latency.journeys import journey_times
from integrhealth.analyses.latency.journeys.questions import (
    critical_path,
    journey_steps,
    journeys,
    steps,
    waterfall,
)
from integrhealth.analyses.latency.promises.findings import promise_findings
from integrhealth.analyses.latency.promises.questions import burn_over_time, slo
from integrhealth.analyses.latency.questions import (
    corrected_latencies,
    integrations,
    latency_facts,
    measurements,
    measurements_over_time,
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
from integrhealth.analyses.latency.silence.findings import silence_findings
from integrhealth.analyses.latency.silence.questions import arrivals_over_time, silence, silences
from integrhealth.analyses.latency.silence.verdicts import said_of_silence
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
    "arrivals_over_time",
    "burn_over_time",
    "capacity",
    "critical_path",
    "integrations",
    "journey_steps",
    "journeys",
    "latency_heat",
    "latency_over_time",
    "load_curve",
    "load_points",
    "measurements",
    "measurements_over_time",
    "report",
    "shifts",
    "silence",
    "silences",
    "slo",
    "steps",
    "surge",
    "surge_backlog",
    "waterfall",
]
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
    missing = MISSING_BESIDES_METRICS if evidence.metrics.height else MISSING
    if tables["integrations"].height:
        missing = MISSING_BESIDES_REQUESTS
    return published_report(
        NAME,
        TABLES,
        tables,
        _findings(evidence, tables, min_messages),
        notes={table: sentence for table, sentence in _notes(evidence, tables).items() if sentence},
        missing=None if evidence.messages.height else missing,
    )


def _findings(evidence: "Evidence", tables: dict[str, pl.DataFrame], min_messages: int) -> pl.DataFrame:
    """What the tables ask a person, worst first."""
    declared = evidence.catalog.integrations
    timed = latency_facts(evidence), corrected_latencies(evidence, min_messages=min_messages)
    counted = tables["integrations"].filter(measured_by="metrics"), by_metrics_alone(evidence).taken
    return ranked(
        [
            latency_findings(tables, declared, *timed, min_messages=min_messages),
            shift_findings(tables["shifts"], hours(evidence)["integration"], declared),
            silence_findings(tables["silence"], tables["silences"], declared),
            promise_findings(tables["slo"], declared),
            capacity_findings(tables["capacity"], evidence.catalog.systems),
            request_findings(*counted, counts_compared(evidence), declared, min_messages=min_messages),
        ]
    )


def _notes(evidence: "Evidence", tables: dict[str, pl.DataFrame]) -> dict[str, str | None]:
    """Why a table has no rows, or less than could be, or how it was made; None where there is nothing to say."""
    sent = not evidence.messages.is_empty()

    def empty(table: str, sentence: str) -> str | None:
        return sentence if sent and tables[table].is_empty() else None

    between = empty("integrations", "No message passed from one system to another.")
    said = (between, said_of_clocks(tables["integrations"]), said_of_metrics(evidence))
    endless = empty("critical_path", "No journey has an end: finished_at and answered_at are null throughout.")
    no_shift = tables["shifts"].is_empty() and not hours(evidence).is_empty()
    return {
        "integrations": " ".join(each for each in said if each),
        "critical_path": endless or journey_times.said_of_clocks(tables["critical_path"], tables["integrations"]),
        "shifts": unshifted(hours(evidence)) if no_shift else None,
        "silence": said_of_silence(tables["silence"]),
        "slo": empty("slo", "No message between two systems has ended."),
        "capacity": said_of_capacity(tables["capacity"]),
        "surge": said_of_surge(tables["surge"], sent=sent),
    }
