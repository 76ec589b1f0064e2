"""Documents that are not there, or broken: what can be said is said, and the note says what is missing."""

import polars as pl
import pytest
from drawing.document_flows import background, chain, doc, flow

import integrhealth as ih
from integrhealth.analyses.reconciliation.documents.findings import document_findings
from integrhealth.analyses.reconciliation.documents.flags import DOCUMENTS, FLAGS
from integrhealth.analyses.reconciliation.documents.gaps import GAPS
from integrhealth.analyses.reconciliation.documents.notes import ALL_BALANCE, NO_DOCUMENTS, document_notes
from integrhealth.analyses.reconciliation.documents.questions import (
    books,
    document_gaps,
    document_steps,
    documents,
)
from integrhealth.analyses.reconciliation.tables import TABLES

ORDERED = doc("order", "O", None, 100, 2000.0, 10)
SHIPPED = [doc("delivery", "D", "O", 100, None, 11), doc("goods_issue", "G", "D", 100, None, 11.5)]
BILLED = doc("invoice", "I", "D", 100, 2000.0, 12)
PAID = doc("payment", "P", "I", None, 2000.0, 19)


def line(evidence, document="O"):
    """The row of an order."""
    return documents(evidence).filter(pl.col("document") == document).row(0, named=True)


def test_without_documents_there_are_columns_and_a_sentence():
    nothing = ih.Evidence()
    tables = {each.__name__: each(nothing) for each in (documents, document_gaps, document_steps, books)}
    assert tables["documents"].schema == DOCUMENTS
    assert tables["document_gaps"].schema == GAPS
    assert all(frame.is_empty() for frame in tables.values())
    assert list(DOCUMENTS)[:8] == list(TABLES["documents"])
    why = document_notes(tables, documents=nothing.documents, integrations=nothing.catalog.integrations)
    assert why.keys() == tables.keys()
    assert why["documents"] == NO_DOCUMENTS
    assert document_findings(tables["documents"], systems=nothing.catalog.systems, currency="EUR").is_empty()


def test_where_all_balances_the_note_says_so():
    evidence = flow(*background())
    tables = {each.__name__: each(evidence) for each in (documents, document_gaps, document_steps, books)}
    why = document_notes(tables, documents=evidence.documents, integrations=evidence.catalog.integrations)
    assert why["document_gaps"] == ALL_BALANCE
    assert why.keys() == {"document_gaps", "books"}


@pytest.mark.parametrize("column", ["quantity", "amount", "preceding", "preceding_line", "unit", "currency", "system"])
def test_a_column_without_values_is_borne(column):
    rows = documents(flow(*(row | {column: None} for row in [*background(), ORDERED, *chain("-last", 200)])))
    if column == "preceding":  # nothing is linked: nothing can be said of orders but that nothing follows them
        assert rows.height == 62 * 5 - 4
    else:
        flags = dict(rows.select("document", "flag").rows())
        assert flags["O"] == "never shipped"
        assert flags["O-7"] == "balanced"


def test_one_line_alone():
    for kind in ("order", "delivery", "goods_issue", "invoice", "return", "credit_note", "payment"):
        rows = documents(flow(doc(kind, "X", None, 1, 5.0)))
        assert rows.select("document", "line").rows() == [("X", "1")]
        assert rows["flag"][0] in FLAGS


def test_numbers_that_are_none_and_types_that_are_none_are_left_out():
    rows = [ORDERED, *SHIPPED, BILLED, PAID, doc("memo", "M", "O", 5, 5.0, 20)]
    bad = doc("delivery", "DN", "O", float("nan"), float("inf"), 12)
    row = line(flow(*background(), *rows, bad, *chain("-last", 200)))
    assert (row["flag"], row["shipped"]) == ("balanced", 100)


def test_other_units_and_currencies_are_never_added():
    rows = [ORDERED, *[row | {"quantity": 10.0, "unit": "box"} for row in SHIPPED]]
    rows.append(BILLED | {"currency": "USD", "amount": 2300.0})
    row = line(flow(*background(), *rows, *chain("-last", 200)))
    assert (row["shipped"], row["invoiced_amount"], row["currency"], row["unit"]) == (None, None, "EUR", "pc")
    assert row["flag"] == "balanced"


def test_an_invoice_without_quantity_counts_by_its_amount():
    row = line(flow(*background(), ORDERED, *SHIPPED, BILLED | {"quantity": None, "amount": 1000.0}, *chain("-l", 200)))
    assert (row["invoiced"], row["flag"]) == (50, "shipment without invoice")
    assert row["at_stake"] == 1000


def test_a_down_payment_without_quantity_is_no_more_goods_than_were_ordered():
    """600 before the goods leave, and 1,400 for all 100 pieces after."""
    bills = [doc("invoice", "I0", "O", None, 600.0, 10.5), doc("invoice", "I", "D", 100, 1400.0, 12)]
    row = line(flow(*background(), ORDERED, *SHIPPED, *bills, PAID, *chain("-last", 200)))
    assert (row["invoiced"], row["invoiced_amount"], row["flag"]) == (100, 2000, "balanced")
    # Beside the whole amount the same is money too much.
    bills[1] = BILLED
    row = line(flow(*background(), ORDERED, *SHIPPED, *bills, PAID, *chain("-last", 200)))
    assert (row["invoiced_amount"], row["flag"], row["at_stake"]) == (2600, "over-invoiced", 600)
