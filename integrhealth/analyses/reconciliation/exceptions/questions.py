"""Whether exceptions are handled, and which ways objects take: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.exceptions import courses, in_documents, readiness
from integrhealth.analyses.reconciliation.exceptions import variants as ways
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_EXCEPTION_CASES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _documented(evidence: "Evidence") -> pl.DataFrame:
    return in_documents.exceptions_in(evidence.documents)


@question
def _courses(evidence: "Evidence") -> pl.DataFrame:
    return courses.courses(evidence.outcomes, in_documents.marks(_documented(evidence)))


@question
def exceptions(evidence: "Evidence", min_cases: int = MIN_EXCEPTION_CASES) -> pl.DataFrame:
    """One row per exception: returns, partial shipments, cancellations, credit notes, disputes; always these five.

    A case is one object (object_type, object_id), however many messages, orders or attempts it has: its type or an
    operation on it names the exception, or documents show it. Its course begins with the first step that does.
    ``straight_through``: nothing failed, no attempt came again, no person touched it after it was entered.
    ``failure_share``: the last attempt of one of its steps failed. Both of the cases ``judged``, of which a message
    tells an outcome. ``gap`` = failure share minus that of the objects of the ``happy_path``, which show no exception,
    with its interval (Newcombe 1998). ``verdict``: ready where the gap is below 10 points (own), else not ready;
    ``certain`` where the whole interval says so; too few below `min_cases` (own) on either side; never exercised where
    orders, deliveries or invoices are moved and no such case is seen.

    >>> ih.reconciliation.exceptions(evidence)["type"].to_list()
    ['return', 'partial shipment', 'cancellation', 'credit note', 'dispute']

    Columns: type (text); cases (count); straight_through, failure_share, gap (number, share); verdict (text); low, high
    (number, share); certain (flag); judged, failed (count); failure_low, failure_high (number, share); manual_touches
    (count); cycle_hours (number, hours); happy_path (text); happy_cases, happy_failed (count); happy_failure_share
    (number, share); why (text)
    """
    moved = in_documents.moved(evidence.documents)
    return readiness.readiness(_courses(evidence), _documented(evidence), moved=moved, min_cases=min_cases)


@question
def exception_failures(evidence: "Evidence") -> pl.DataFrame:
    """One row per exception and integration at which its cases failed, the most cases first.

    A case counts once, at the integration of the last of its steps that failed for good.

    >>> ih.reconciliation.exception_failures(evidence).columns
    ['type', 'integration', 'cases']

    Columns: type, integration (text); cases (count)
    """
    return readiness.failures(_courses(evidence))


@question
def variants(evidence: "Evidence", min_cases: int = MIN_EXCEPTION_CASES) -> pl.DataFrame:
    """One row per object type and each of its ten most frequent ways, object types with the most objects first.

    A way is the steps of one object in order of time; retries make no way of their own. ``coverage`` is the share of
    the type's objects that take this way or a more frequent one, ``failed_share`` that of its objects with a step whose
    last attempt failed, ``median_hours`` lasts from the first message to the end of the last (at most 1% off). Both are
    null below `min_cases`. ``objects`` and ``variants`` are those of the type. Incidents take ways as well.

    >>> ih.reconciliation.variants(evidence)["rank"].max()
    10

    Columns: object_type (text); rank (count); variant (text); steps, cases (count); share, coverage, failed_share
    (number, share); median_hours (number, hours); objects, variants (count)
    """
    taken = pl.concat([ways.message_ways(evidence.outcomes), ways.incident_ways(evidence.incident_events)])
    return ways.variants(taken, min_cases=min_cases)
