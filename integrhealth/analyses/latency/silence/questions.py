"""Has it gone quiet: one call on evidence per table."""

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.silence import arrivals, over_time, verdicts
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def arrival_facts(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration and hour in which something was sent, as `arrivals.arrival_facts`."""
    return arrivals.arrival_facts(evidence.outcomes)


@question
def _judged(evidence: "Evidence", *, at: datetime | None = None) -> verdicts.Judged | None:
    came = arrivals.within_period(arrival_facts(evidence))
    now = at or arrivals.evidence_end(came, arrivals.beginning_facts(evidence.outcomes))
    return None if now is None else verdicts.judged(came, now, timezone=evidence.catalog.timezone)


@question
def silence(evidence: "Evidence", *, at: datetime | None = None) -> pl.DataFrame:
    """One row per integration, the silent ones first, then by what is missing: does it still bring what it did?

    Judged where the evidence ends, when its last trace began, or `at` a moment. ``missing`` are the messages to be
    expected since ``last_at`` by the hour of the week, the level of the days before (a power steady model: Smith 1979)
    and holidays, days on which nearly all others are low too; ``expected_gap`` is in hours, as ``silent_hours`` is: in
    so many one message was due. Silent: so much was missing in hardly any gap before (``p_value``, peaks over a
    threshold: Davison and Smith 1990; Holm over all integrations). Thin: at most a quarter of the last 24 hours'
    messages came, or they come and bring no bytes where they always did (``what`` is then "content"). "Cannot tell":
    less than two weeks or than 10 gaps, as quiet as it was before, or declared in the catalog and never seen.

    >>> told = "integration", "silent_hours", "missing", "verdict"
    >>> ih.latency.silence(evidence).select(told).head(1).select(pl.all().exclude(pl.Float64)).rows()
    [('stock-counts', 'cannot tell')]

    Columns: integration (text); last_at (time, UTC); expected_gap, silent_hours (number, hours); missing (number,
    messages); verdict, what (text); began_at (time, UTC); p_value (number); messages, gaps, day_messages (count);
    day_expected (number, messages); measured_by (text)
    """
    return verdicts.silence(_judged(evidence, at=at), evidence.catalog.integrations)


@question
def silences(evidence: "Evidence", *, at: datetime | None = None) -> pl.DataFrame:
    """One row per stretch in which an integration brought nothing, or hardly anything for 24 hours, and which ended.

    As in `silence`, by time; ``p_value`` is the chance that any gap or any day of the integration is so, and what is
    listed is no chance among all integrations. From ``began_at``, the last message before, to ``ended_at``.

    >>> ih.latency.silences(evidence).select("integration", "began_at", "verdict").head(1).select("integration").rows()
    [('stock-counts',)]

    Columns: integration (text); began_at, ended_at (time, UTC); hours (number, hours); verdict (text); messages
    (count); missing (number, messages); p_value (number)
    """
    return verdicts.silences(_judged(evidence, at=at))


@question
def arrivals_over_time(evidence: "Evidence", *, at: datetime | None = None) -> pl.DataFrame:
    """One row per day of twelve integrations, by the company's calendar: what came, and what was to be expected.

    First those that are silent or thin, then those that were, then those that cannot be told, then the busiest. On a
    ``holiday`` nothing is expected.

    >>> ih.latency.arrivals_over_time(evidence).select("integration", "messages").head(1).select("integration").rows()
    [('stock-counts',)]

    Columns: integration (text); at (time, UTC); messages (count); expected (number, messages); holiday (flag);
    verdict (text)
    """
    return over_time.arrivals_over_time(_judged(evidence, at=at), silence(evidence, at=at), silences(evidence, at=at))
