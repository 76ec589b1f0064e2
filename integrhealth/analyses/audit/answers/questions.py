"""The audit: one call on evidence per published table. What it asks, it asks of the reports that say so."""

from types import ModuleType
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses import (
    accountability,
    collaboration,
    dependency_fragility,
    error_propagation,
    latency,
    reconciliation,
    report_overload,
)
from integrhealth.analyses.audit.answers import answering
from integrhealth.analyses.audit.answers import debt as owed
from integrhealth.analyses.audit.answers.interest import interest as interest_of
from integrhealth.analyses.audit.answers.measured import Tables
from integrhealth.analyses.audit.five_questions.questions import five_questions
from integrhealth.analyses.audit.outcomes.questions import outcomes
from integrhealth.language.period import period
from integrhealth.language.questions import answers as answers_of
from integrhealth.language.questions import question
from integrhealth.language.schema import is_business, is_delivered
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

SECONDS_PER_DAY = 86_400
# What the rules ask, report by report.
ANSWERS_ASK: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (accountability, ("owners", "elements")),
    (collaboration, ("pairs", "rituals", "joint_kpi")),
    (dependency_fragility, ("outages", "fallbacks", "coupling", "levels")),
    (error_propagation, ("friction", "checkpoints")),
    (latency, ("capacity",)),
    (reconciliation, ("trail_whole", "exceptions")),
    (report_overload, ("people", "reports")),
)
INTEREST_ASKS: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (accountability, ("incidents",)),
    (dependency_fragility, ("outages", "down_times")),
    (error_propagation, ("friction",)),
    (latency, ("integrations",)),
    (reconciliation, ("documents", "unmatched", "duplicates")),
)


def _tables(evidence: "Evidence", wanted: tuple[tuple[ModuleType, tuple[str, ...]], ...], **options: int) -> Tables:
    """The tables of other reports by name: "reconciliation.trail_whole"."""
    return {
        f"{report.__name__.rpartition('.')[2]}.{name}": table
        for report, names in wanted
        for name, table in answers_of(evidence, vars(report) | {"__all__": names}, **options).items()
    }


@question
def _period_days(evidence: "Evidence") -> float | None:
    """Days from the first to the last of what has a time, those that a wrong clock made left out."""
    times = [evidence.messages["sent_at"], evidence.documents["created_at"], evidence.incident_events["at"]]
    covered = period(*times)
    return None if covered is None else (covered[1] - covered[0]).total_seconds() / SECONDS_PER_DAY


@question
def _currency(evidence: "Evidence") -> str | None:
    """The catalog's currency, else the one that most documents are in."""
    used = (
        evidence.documents["currency"].drop_nulls().value_counts().sort("count", "currency", descending=[True, False])
    )
    return evidence.catalog.currency or (None if used.is_empty() else used["currency"][0])


@question
def _delivered(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration that delivered something: integration, first_at, last_at."""
    delivered = evidence.messages.filter(is_delivered(pl.col("status")), is_business())
    return delivered.group_by("integration").agg(first_at=pl.col("sent_at").min(), last_at=pl.col("sent_at").max())


@question
def _carried(evidence: "Evidence") -> pl.DataFrame:
    """One row per document and integration that carried it: integration, document."""
    documents = evidence.documents.select("document").drop_nulls().unique()
    real = evidence.messages.filter(is_business())
    messages = real.select("integration", document="object_id").drop_nulls().unique()
    return documents.join(messages, on="document", how="left").select("integration", "document")


@question
def answers(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per question of the audit: what people claim, what the data say, and the worse of the two, which counts.

    ``claimed`` is the latest answer in the catalog (audit), ``claimed_by`` whom and ``claimed_on`` which day.
    ``measured`` comes from the tables of the reports, by the thresholds of `thresholds.py` (own): ``evidence`` names
    them with the numbers that decided, ``n`` is what these rest on, ``report`` and ``table`` are where to look at the
    rows. ``counted`` is yes, partial or no; "claimed only" where nothing can be measured, and "no answer" where nobody
    claims anything either. ``contradicted``: claimed yes, and what was seen says less. What only people know is asked,
    and never scored from data. Nothing read and nothing claimed is no row.

    >>> ih.audit.answers(evidence).filter(pl.col("question") == 8).select("measured", "evidence").row(0)
    ('partial', ['reconciliation.trail_whole: joint 98.39% of 60,684'])

    Columns: question (count); claimed, measured, counted (text); evidence (list of text); n (count); asks, why,
    claimed_by (text); claimed_on (date); report, table (text); contradicted (flag)
    """
    tables = _tables(evidence, ANSWERS_ASK, min_messages=min_messages)
    own = {"audit.five_questions": five_questions(evidence), "audit.outcomes": outcomes(evidence)}
    seen = {"catalog.integrations": evidence.catalog.integrations, "messages.delivered": _delivered(evidence)}
    table = answering.answers(tables | own | seen, evidence.catalog.audit)
    silent = (table["counted"] == answering.NO_ANSWER).all()
    return table.clear() if evidence.is_empty and silent else table


@question
def interest(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES, hour_cost: float | None = None) -> pl.DataFrame:
    """One row per part and subject of what open questions cost, the most money first; the parts share no money.

    Wrong entries: what the best hold would have saved, less its delay (`error_propagation.friction`). Outages: those
    of the target that were seen x the median loss of one at an ordinary hour, and of it what goes beyond documents and
    transfers for objects that the integration carried. Search: hours in teams that did not repair the incident x
    `hour_cost`; without that only hours. Documents: money certainly at stake by flag; amounts over-invoiced count as
    wrong entries where these have money. Transfers: objects lost or applied again, that are no document.
    ``left_to_others`` is what a part would count and another one owns. ``amount`` is ``period_amount`` scaled to a
    year, null under 28 days (own).

    >>> ih.audit.interest(evidence).select("part", "subject", pl.col("period_amount").round(2)).row(0)
    ('documents', 'never shipped', 9799.27)

    Columns: part, subject (text); amount (number, currency per year); period_amount, left_to_others (number,
    currency); n (count); how, report, table (text)
    """
    return interest_of(
        _tables(evidence, INTEREST_ASKS, min_messages=min_messages),
        _carried(evidence),
        period_days=_period_days(evidence),
        currency=_currency(evidence),
        hour_cost=hour_cost,
    )


@question
def debt(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES, hour_cost: float | None = None) -> pl.DataFrame:
    """One row: how many of the fourteen questions are not answered with yes, and what that costs a year.

    Verdicts: debt (more than two are open: partial, no, or admitted where nothing is measured); none (no more than two
    could be, whatever the unanswered ones are); cannot tell. ``yearly_interest`` adds up `interest`, whose parts share
    no money; null where no part has any. ``band``: A to E, interest as a part of ``yearly_value`` up to 5, 10, 20 and
    50% (the grid of SQALE, borrowed). The value is what an hour of the catalog's capabilities is worth x the hours of a
    year, else what the integration that carries most delivered.

    >>> ih.audit.debt(evidence)["verdict"].item()
    'debt'

    Columns: open_questions (count); verdict (text); yearly_interest (number, currency per year); open (list of text);
    answered, claimed_only, unanswered (count); wrong_entries_interest, outages_interest, search_interest,
    documents_interest, transfers_interest (number, currency per year); search_hours (number, hours per year);
    yearly_value (number, currency per year); value_from, band, currency (text); period_days (number, days)
    """
    days, catalog = _period_days(evidence), evidence.catalog
    return owed.debt(
        answers(evidence, min_messages=min_messages),
        interest(evidence, min_messages=min_messages, hour_cost=hour_cost),
        search_hours=accountability.incidents(evidence)["search_hours"].sum() or None,
        value=owed.yearly_value(
            catalog.capabilities, catalog.integrations, latency.integrations(evidence), period_days=days
        ),
        currency=_currency(evidence),
        period_days=days,
    )
