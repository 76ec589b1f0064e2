"""Books of the first level: what left is what arrived, to the last digit, or the integration says by how much not."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.document_flows import START, doc, foundation, frame
from drawing.landscapes import healthy as healthy_landscape

import integrhealth as ih
from integrhealth.analyses.reconciliation.documents.books import BOOKS
from integrhealth.analyses.reconciliation.documents.findings import book_findings
from integrhealth.analyses.reconciliation.documents.questions import books
from integrhealth.language.schema import conform

FIRST = foundation(ERP_Ledger="foundation", ERP_Bank="foundation", Shop_ERP="operations")


def message(name, amount=10.0, status="ok", day=0.0, *, to="Ledger", source="ERP", **more):
    """A message that carries an invoice, so many days after the start."""
    return {
        "message_id": f"{name}-{day}-{status}-{more.get('operation')}-{to}",
        "integration": f"{source}_{to}",
        "source": source,
        "target": to,
        "operation": "post",
        "kind": "queue",
        "object_type": "invoice",
        "object_id": name,
        "status": status,
        "amount": amount,
        "currency": "EUR",
        "sent_at": START + timedelta(days=day),
    } | more


def sent(*rows, catalog=FIRST, documents=()):
    """Evidence of messages, and a late one of no interest, so that the others are not on their way any more."""
    rows = [*rows, message("late", None, day=50, object_type=None)]
    held = frame(documents) if documents else None
    return ih.Evidence(
        messages=conform(pl.DataFrame(rows, infer_schema_length=None), "messages"), catalog=catalog, documents=held
    )


def row(evidence, integration="ERP_Ledger"):
    return books(evidence).filter(pl.col("integration") == integration).row(0, named=True)


def said(evidence):
    return book_findings(
        books(evidence), integrations=evidence.catalog.integrations, currency=evidence.catalog.currency
    )


def test_planted_losses_and_repetitions_are_named_to_the_digit():
    """A thousand invoices, of which seven are lost for good, three are applied twice, and fifty are sent again."""
    amounts = np.random.default_rng(5).integers(1, 900_000, 1000) / 100
    rows = []
    for number, amount in enumerate(amounts.tolist()):
        fails = number < 7 or 100 <= number < 150
        rows.append(message(f"I{number}", amount, "failed" if fails else "ok", number / 100))
        if 100 <= number < 150:
            rows.append(message(f"I{number}", amount, "ok", number / 100 + 0.01))
        if 200 <= number < 203:
            rows.append(message(f"I{number}", amount, "ok", number / 100 + 0.02))
    found = row(sent(*rows))
    cents = [round(amount * 100) for amount in amounts.tolist()]
    difference = sum(cents[200:203]) - sum(cents[:7])
    assert found["difference"] == difference / 100
    assert (found["sent_total"], found["received_total"]) == (sum(cents) / 100, (sum(cents) + difference) / 100)
    assert (found["n"], found["lost"], found["twice"], found["apart"]) == (1000, 7, 3, 10)
    assert found["gross"] == (sum(cents[200:203]) + sum(cents[:7])) / 100
    assert (found["currency"], found["unit"], found["tolerance"]) == ("EUR", "objects", 0)
    finding = said(sent(*rows)).row(0, named=True)
    assert (finding["rule"], finding["subject"], finding["severity"]) == ("books_apart", "ERP_Ledger", "note")
    assert finding["value"] == difference / 100
    assert finding["cost"] == found["gross"]
    assert "7 lost and 3 twice" in finding["statement"]


def test_sums_that_are_equal_are_apart_by_nothing():
    """In binary ten tenths are not one, in any order."""
    rows = [message(f"I{number}", 0.1, day=number / 100) for number in range(1000)]
    assert row(sent(*rows))["difference"] == 0.0
    assert said(sent(*rows)).is_empty()


def test_a_hundredth_is_named():
    """The target holds another amount than was sent last: the update of a cent was lost."""
    rows = [message("I1", 100.0), message("I1", 100.01, "failed", 1)]
    found = row(sent(*rows, *(message(f"J{number}", 5.0) for number in range(20))))
    assert (found["difference"], found["lost"], found["twice"], found["apart"]) == (-0.01, 0, 0, 1)
    assert said(sent(*rows))["severity"].to_list() == ["note"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([message("I", status="failed"), message("I", status="ok", day=1)], 0),
        ([message("I", status="timeout")], -10),
        ([message("I", status="rejected", error_text="card declined")], None),
        ([message("I", status="pending")], None),
        ([message("I", status="held")], None),
        ([message("I", status="failed", day=49.5)], None),  # may be sent again
        ([message("I", status="failed", day=48.5)], -10),
        ([message("I"), message("I", day=1)], 10),
        ([message("I"), message("I", day=1, payload_hash="b")], 0),  # something in it is new
        ([message("I"), message("I", 12.0, day=1)], 0),  # another amount
        ([message("I"), message("I", day=1, operation="cancel")], 0),  # another operation
        ([message("I"), message("I", status="skipped", day=1)], None),  # what it says last is not ended
        ([message("I", load_test=True, status="failed")], None),
        ([message("I", object_id=None, status="failed")], None),
        ([message("I", None, status="failed")], None),
        ([message("I", float("nan"), status="failed")], None),
        ([message("I", 1e300, status="failed")], None),
    ],
)
def test_what_is_sent_and_what_is_applied(rows, expected):
    found = books(sent(*rows))
    assert found["difference"].to_list() == ([] if expected is None else [expected])


def test_currencies_are_not_added():
    rows = [message("I1", status="failed"), message("I2", 7.0, status="failed", currency="USD")]
    assert books(sent(*rows)).select("currency", "difference").rows() == [("EUR", -10), ("USD", -7)]


def test_differences_that_cancel_each_other_are_named():
    rows = [message("I1", status="failed"), message("I2"), message("I2", day=1)]
    evidence = sent(*rows)
    assert row(evidence)["difference"] == 0
    finding = said(evidence).row(0, named=True)
    assert (finding["severity"], finding["cost"]) == ("note", 20)
    assert (
        finding["statement"]
        == "ERP_Ledger ties out only as differences of 20.00 EUR in 2 of 2 objects cancel each other."
    )


def test_only_the_first_level_ties_out_to_zero():
    rows = [message("S1", 100.0, "failed", source="Shop", to="ERP"), message("I1", 100.0, "failed")]
    assert books(sent(*rows))["integration"].to_list() == ["ERP_Ledger"]


# Documents of both systems


def both(count=100, **changes):
    """Invoices of an ERP that stand in the ledger a few hours later, with a change of some of these rows."""
    rows = []
    for number in range(count):
        here = doc("invoice", f"I{number}", None, 1, 100.25, number / 10, system="ERP")
        rows += [here, here | {"system": "Ledger", "created_at": here["created_at"] + timedelta(hours=3)}]
    return [row for row in rows if changes.get(f"{row['system']}_{row['document']}", row) is not None]


def test_documents_of_both_systems_are_compared_rather_than_messages():
    rows = both(Ledger_I7=None)
    rows = [row | {"amount": 100.24} if (row["system"], row["document"]) == ("Ledger", "I9") else row for row in rows]
    rows.append(doc("invoice", "phantom", None, 1, 3.0, 5, system="Ledger"))
    found = row(sent(message("I7"), documents=rows))
    assert (found["unit"], found["n"], found["lost"], found["apart"]) == ("documents", 101, 1, 3)
    assert found["difference"] == pytest.approx(3.0 - 0.01 - 100.25, abs=1e-9)
    assert found["gross"] == pytest.approx(103.26)


def test_documents_that_tie_out_and_those_on_their_way():
    assert row(sent(documents=both()))["difference"] == 0
    young = doc("invoice", "young", None, 1, 55.0, 9.95, system="ERP")
    assert row(sent(documents=[*both(), young]))["difference"] == 0
    old = doc("invoice", "old", None, 1, 55.0, 9.0, system="ERP")
    assert row(sent(documents=[*both(), old]))["difference"] == -55


def test_documents_from_before_the_other_system_has_any_are_not_missing():
    rows = [row for row in both() if row["system"] == "ERP" or int(row["document"][1:]) >= 50]
    assert row(sent(documents=rows))["difference"] == 0


def test_an_integration_that_carries_something_else_is_not_judged_by_these_documents():
    rows = both(Ledger_I7=None)
    question = message("O1", status="failed", object_type="order")
    assert books(sent(question, documents=rows)).is_empty()
    assert books(sent(question))["unit"].to_list() == ["objects"]
    assert row(sent(message("I1", object_type="Invoice"), documents=rows))["unit"] == "documents"
    assert row(sent(message("I1", object_type=None), documents=rows))["unit"] == "documents"


def test_systems_without_a_document_in_common_are_compared_by_messages():
    rows = [doc("invoice", "I1", None, 1, 5.0, system="ERP"), doc("invoice", "L1", None, 1, 5.0, system="Ledger")]
    assert row(sent(message("I1", status="failed"), documents=rows))["unit"] == "objects"


# Laws, and nothing


def test_rows_in_another_order_and_twice_change_nothing():
    rng = np.random.default_rng(3)
    status = rng.choice(["ok", "failed", "timeout", "rejected"], 300).tolist()
    rows = [message(f"I{number // 3}", 7.0, status[number], number / 10) for number in range(300)]
    evidence = sent(*rows, documents=both(Ledger_I3=None))
    turned = ih.Evidence(
        messages=pl.concat([evidence.messages.reverse(), evidence.messages]),
        documents=pl.concat([evidence.documents.reverse(), evidence.documents]),
        catalog=FIRST,
    )
    assert books(turned).rows() == books(evidence).rows()


def test_without_a_catalog_or_amounts_there_are_columns():
    for evidence in (ih.Evidence(), sent(message("I", status="failed"), catalog=None), sent()):
        assert books(evidence).schema == BOOKS
        assert books(evidence).is_empty()
        assert said(evidence).is_empty()


@pytest.mark.parametrize("seed", [1, 4])
def test_a_healthy_landscape_without_amounts_says_nothing(seed):
    evidence = healthy_landscape(seed)
    assert said(evidence).is_empty()
