"""Whether business documents and the books balance: one call on evidence per published table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.documents import allocation, balance, chains, flags, gaps, lines, links
from integrhealth.analyses.reconciliation.documents import books as ledger
from integrhealth.analyses.reconciliation.documents import waterfall as steps
from integrhealth.analyses.reconciliation.documents.due import due
from integrhealth.language.period import last_moment
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@dataclass(frozen=True)
class _Chains:
    """The balance of each order line, and how many lines follow themselves in a circle."""

    balances: pl.DataFrame
    circles: int


@question
def _chains(evidence: "Evidence") -> _Chains:
    rows = lines.document_lines(evidence.documents)
    network = links.linked(rows)
    pieces = allocation.split(rows, network.links)
    moved = chains.moves(rows, pieces, network.nodes)
    return _Chains(balance.balances(rows, moved, network.nodes), network.circles)


@question
def documents(evidence: "Evidence") -> pl.DataFrame:
    """One row per order line, or line where a chain of documents begins without one: whether it balances.

    Each later document is led back over what it follows, in any number of steps. One that follows several lines is
    split by what is open on them, the oldest first, so that everything counts once. ``shipped`` are goods issues, where
    they are usually posted, else deliveries; a reversal (minus) takes back; ``ordered`` is null where the order is not
    in the evidence. ``flag`` is the worst of, from best to worst: balanced, open, shipment without invoice, invoice
    without shipment, over-shipped, over-invoiced, paid twice, shipped again, never shipped. Open is what waits no
    longer than 99% of the past steps of its kind took, and the rest of what came in part. Quantities may differ by 2%,
    prices by 2% or 50, whichever is more (guides of vendors say 1 to 5%, 1 to 3%, 25 to 250); in systems that have to
    do with the first level only, by nothing. ``at_stake`` is the difference that the flag is about, in ``currency``;
    ``since`` when. ``certain`` is false for what is only late.

    >>> again = ih.reconciliation.documents(evidence).filter(pl.col("flag") == "shipped again")
    >>> again.select("document", "ordered", "shipped", "at_stake").rows()
    [('SO101385', 1.0, 3.0, 220.76)]

    Columns: document, line (text); ordered, shipped, invoiced, returned, credited (number, in unit); flag (text);
    shipments, invoices (count); ordered_amount, invoiced_amount, credited_amount, paid, at_stake (number, in currency);
    currency, unit (text); since (time); age_days (number, days); certain (flag); why, system (text)
    """
    balances = _chains(evidence).balances
    limits = due(balances, moments=evidence.documents["created_at"])
    return flags.flagged(balances, limits, exact=exact_systems(evidence.catalog.integrations))


@question
def document_gaps(evidence: "Evidence") -> pl.DataFrame:
    """One row per flag of `documents` but balanced, age band in days and currency: how many lines, how much money.

    ``amount`` adds up ``at_stake``, of which ``unpriced`` lines have none; different currencies are never added. The
    age is that of what is wrong (``since``) when the evidence ends.

    >>> ih.reconciliation.document_gaps(evidence).row(0)
    ('never shipped', '31-90', 159, 9799.27, 'EUR', 0)

    Columns: flag, age_band (text); lines (count); amount (number, in currency); currency (text); unpriced (count)
    """
    return gaps.document_gaps(documents(evidence))


@question
def document_steps(evidence: "Evidence") -> pl.DataFrame:
    """One row per currency and step from ordered to paid: how much money came so far, and what was lost before it.

    Of each line that has an order with an amount: what was ordered; how much of it was shipped (at the ordered price);
    how much of that was invoiced; how much of that was paid. ``gap`` is what the step before had more; ``extra``
    what the step has beyond it: shipped and not ordered, invoiced and not shipped, paid and not invoiced.

    >>> ih.reconciliation.document_steps(evidence).select("step", "amount", "gap").rows()[:2]
    [('ordered', 232924.83, 0.0), ('shipped', 221342.63, 11582.2)]

    Columns: currency, step (text); amount, gap, extra (number, in currency); lines (count)
    """
    return steps.document_steps(documents(evidence))


@question
def _entries(evidence: "Evidence") -> pl.DataFrame:
    return ledger.entries(evidence.outcomes, evidence.documents, evidence.catalog.integrations)


@question
def books(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration of the first level (books, bank, tax) and currency: whether both ends hold the same sum.

    ``difference`` = ``received_total`` - ``sent_total``, exact to a hundredth of a cent. Where both systems hold
    documents of a type that the integration carries, these are compared; else the messages: each object that was sent
    counts once, and as received as often as it was delivered (``unit``: documents or objects, ``n`` of them). Failed
    for good is ``lost``, applied again is ``twice``; what failed within the last day, or is declined, is neither.
    ``apart`` objects differ, by ``gross`` in all: differences that cancel each other show here. ``tolerance`` is 0.

    >>> ih.reconciliation.books(evidence).select("integration", "difference", "lost").row(0)
    ('erp-invoices', -17810.39, 193)

    Columns: integration (text); difference, tolerance, sent_total, received_total (number, in currency);
    currency, unit (text); n, lost, twice, apart (count); gross (number, in currency); as_of (time)
    """
    as_of = last_moment(evidence.messages["sent_at"], evidence.documents["created_at"])
    return ledger.books(_entries(evidence), evidence.catalog.integrations, as_of=as_of)


def exact_systems(integrations: pl.DataFrame) -> list[str]:
    """The systems of the catalog's `integrations` that have to do with the first level alone: nothing may differ there.

    A system that also takes part in other levels, as an ERP does, is none.
    """
    ends = pl.concat([integrations.select("level", system=end) for end in ("source", "target")]).drop_nulls("system")
    first = ends.group_by("system").agg(only=(pl.col("level") == ledger.LEVELS[0]).fill_null(False).all())
    return sorted(first.filter("only")["system"])
