"""Order lines: what was planted is flagged line by line, what balances is not, and a hair's breadth decides."""

from collections import Counter

import polars as pl
import pytest
from drawing.document_flows import background, chain, doc, flow, foundation, healthy

from integrhealth.analyses.reconciliation.documents.findings import document_findings
from integrhealth.analyses.reconciliation.documents.questions import document_gaps, document_steps, documents


def line(evidence, document="O"):
    """The row of an order."""
    return documents(evidence).filter(pl.col("document") == document).row(0, named=True)


def flag(*rows, catalog=None):
    """The flag of order O among the orders of a company where all is well, which end long after it."""
    return line(flow(*background(), *rows, *chain("-last", 200), catalog=catalog))["flag"]


def said(evidence):
    return document_findings(documents(evidence), systems=evidence.catalog.systems, currency="EUR")


# Planted truth


def christmas():
    """The night of the essay: three shipments to one customer, a hundred orders missed, invoices for goods that never
    left; and around it what only looks alike."""
    rows = background(400, 40.0)
    rows += [doc("order", f"missed {number}", None, 2, 50.0, 40) for number in range(100)]
    for number in range(37):
        rows.append(doc("order", f"billed {number}", None, 2, 50.0, 40))
        rows.append(doc("invoice", f"IB{number}", f"billed {number}", 2, 50.0, 40.1))
    rows += chain(" thrice", 40)
    for number in range(2):
        rows.append(doc("delivery", f"DX{number}", "O thrice", 10, None, 41.1))
        rows.append(doc("goods_issue", f"GX{number}", f"DX{number}", 10, None, 41.2))
    rows += chain(" first", 40) + chain(" second", 40)  # the same customer truly ordered twice
    rows.append(doc("order", "O parts", None, 10, 200.0, 40))
    for part in range(5):
        rows.append(doc("delivery", f"DP{part}", "O parts", 2, None, 41 + part))
        rows.append(doc("goods_issue", f"GP{part}", f"DP{part}", 2, None, 41.5 + part))
        rows.append(doc("invoice", f"IP{part}", f"DP{part}", 2, 40.0, 42 + part))
    rows += [doc("order", f"O of three {number}", None, number + 1, 30.0 * (number + 1), 40) for number in range(3)]
    for number in range(3):
        rows.append(doc("delivery", f"DT{number}", f"O of three {number}", number + 1, None, 41))
        rows.append(doc("goods_issue", f"GT{number}", f"DT{number}", number + 1, None, 41.5))
        rows.append(doc("invoice", "I of three", f"DT{number}", 6, 180.0, 42))
    rows.append(doc("payment", "P of three", "I of three", None, 180.0, 49, after_line=None))
    rows += chain(" end", 70)
    return flow(*rows)


def test_the_christmas_night_is_counted_exactly():
    rows = documents(christmas())
    counts = Counter(rows["flag"])
    assert counts == {
        "never shipped": 100,
        "invoice without shipment": 37,
        "shipped again": 1,
        "open": 1,  # the five parts were invoiced and not yet paid
        "balanced": 400 + 2 + 3 + 1,
    }
    thrice = rows.filter(pl.col("flag") == "shipped again").row(0, named=True)
    assert (thrice["document"], thrice["shipments"], thrice["shipped"], thrice["ordered"]) == ("O thrice", 3, 30, 10)
    # Two of the three shipments were not ordered, at 20 apiece.
    assert (thrice["at_stake"], thrice["currency"]) == (400.0, "EUR")
    assert thrice["why"] == "10 pc ordered, 30 shipped in 3 shipments"
    missed = rows.filter(pl.col("flag") == "never shipped")
    assert set(missed["document"]) == {f"missed {number}" for number in range(100)}
    assert missed["at_stake"].sum() == 5000.0
    assert missed["age_days"].to_list() == pytest.approx([79 - 40.0] * 100)
    parts = rows.filter(pl.col("document") == "O parts").row(0, named=True)
    assert (parts["shipped"], parts["invoiced"], parts["shipments"]) == (10, 10, 5)
    shared = rows.filter(pl.col("document").str.starts_with("O of three")).sort("document")
    assert shared.select("invoiced", "invoiced_amount", "paid").rows() == [
        (1, 30, 30),
        (2, 60, 60),
        (3, 90, 90),
    ]


def test_the_christmas_night_is_told_with_lines_money_and_an_example():
    findings = said(christmas())
    assert findings.select("subject", "severity", "value", "cost").rows() == [
        ("never shipped", "critical", 100, 5000),
        ("shipped again", "critical", 1, 400),
        ("invoice without shipment", "critical", 37, 1850),
    ]
    assert findings["statement"][0] == (
        "100 order lines were never shipped, 5,000 EUR at stake, such as missed 0 line 1: "
        "2 pc ordered, nothing shipped."
    )
    assert set(findings["rule"]) == {"documents_unbalanced"}
    assert set(findings["n"]) == {545}


def test_gaps_are_counted_by_flag_age_and_currency():
    dollars = [doc("order", f"missed in USD {number}", None, 2, 70.0, 75, currency="USD") for number in range(2)]
    evidence = flow(*christmas().documents.drop("log_file", "log_line").to_dicts(), *dollars, *chain(" late", 72))
    assert document_gaps(evidence).rows() == [
        ("never shipped", "0-7", 2, 140.0, "USD", 0),
        ("never shipped", "31-90", 100, 5000.0, "EUR", 0),
        ("shipped again", "31-90", 1, 400.0, "EUR", 0),
        ("invoice without shipment", "31-90", 37, 1850.0, "EUR", 0),
        ("open", "31-90", 1, 200.0, "EUR", 0),
    ]


def test_the_steps_from_ordered_to_paid_lose_what_was_planted():
    steps = {row["step"]: row for row in document_steps(christmas()).to_dicts()}
    chains = 400 + 1 + 2 + 1  # of 200 each, the one shipped again among them
    assert steps["ordered"]["amount"] == chains * 200 + 180 + 5000 + 1850
    assert steps["shipped"]["gap"] == 5000 + 1850
    assert steps["shipped"]["extra"] == 400
    assert (steps["invoiced"]["gap"], steps["invoiced"]["extra"]) == (0, 1850)
    assert (steps["paid"]["amount"], steps["paid"]["gap"]) == (chains * 200 + 180, 0)


# Each flag, and the edge below it


SHIPPED = [doc("delivery", "D", "O", 100, None, 11), doc("goods_issue", "G", "D", 100, None, 11.5)]
ORDERED = doc("order", "O", None, 100, 2000.0, 10)
BILLED = doc("invoice", "I", "D", 100, 2000.0, 12)
PAID = doc("payment", "P", "I", None, 2000.0, 19)


def shipping(quantity):
    return [doc("delivery", "D", "O", quantity, None, 11), doc("goods_issue", "G", "D", quantity, None, 11.5)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*SHIPPED, BILLED, PAID], "balanced"),
        ([], "never shipped"),
        ([BILLED | {"preceding": "O"}, PAID], "invoice without shipment"),
        ([*SHIPPED], "shipment without invoice"),
        ([*shipping(103), BILLED, PAID], "over-shipped"),
        ([*shipping(102), BILLED, PAID], "balanced"),
        ([*shipping(101), BILLED, PAID], "balanced"),
        ([*SHIPPED, BILLED | {"quantity": 103.0}, PAID], "over-invoiced"),
        ([*SHIPPED, BILLED | {"quantity": 101.0}, PAID], "balanced"),
        ([*SHIPPED, BILLED | {"amount": 2040.0}, PAID | {"amount": 2040.0}], "balanced"),
        ([*SHIPPED, BILLED | {"amount": 2050.0}, PAID | {"amount": 2050.0}], "balanced"),
        ([*SHIPPED, BILLED | {"amount": 2050.01}, PAID | {"amount": 2050.01}], "over-invoiced"),
        ([*SHIPPED, BILLED, PAID, PAID | {"document": "P2"}], "paid twice"),
        ([*SHIPPED, BILLED, PAID | {"amount": 1000.0}, PAID | {"document": "P2", "amount": 1000.0}], "balanced"),
        # One payment that is too large may be for more than its reference says.
        ([*SHIPPED, BILLED, PAID | {"amount": 6000.0}], "balanced"),
        ([*SHIPPED, BILLED, PAID, doc("delivery", "D2", "O", 100, None, 12)], "balanced"),  # not issued
        (
            [*SHIPPED, BILLED, PAID, *(row | {"document": row["document"] + "2"} for row in shipping(50)[:1])],
            "balanced",
        ),
        (
            [
                *SHIPPED,
                BILLED,
                PAID,
                doc("delivery", "D2", "O", 100, None, 12),
                doc("goods_issue", "G2", "D2", 100, None, 12),
            ],
            "shipped again",
        ),
        # In one shipment it is a wrong quantity.
        ([*shipping(200), BILLED, PAID], "over-shipped"),
        ([*shipping(60), BILLED | {"quantity": 60.0, "amount": 1200.0}, PAID | {"amount": 1200.0}], "open"),
        ([*SHIPPED, BILLED], "open"),  # not paid
    ],
)
def test_a_line_has_the_worst_flag_that_is_true_of_it(rows, expected):
    assert flag(ORDERED, *rows) == expected


def test_the_same_small_thing_twice_is_no_difference_of_price():
    """Two payments of 20 for one differ by less than a price may."""
    small = [doc("order", "O", None, 1, 20.0, 10), *shipping(1), doc("invoice", "I", "D", 1, 20.0, 12)]
    paid = doc("payment", "P", "I", None, 20.0, 19)
    assert flag(*small, paid) == "balanced"
    assert flag(*small, paid, paid | {"document": "P2"}) == "paid twice"


def test_on_the_first_level_a_cent_counts():
    """A system that has to do with the foundation alone, not one that also takes part in what stands above it."""
    order = [row | {"system": "Ledger"} for row in (ORDERED, *SHIPPED, BILLED | {"amount": 2000.01}, PAID)]
    only = foundation(ERP_Ledger="foundation", ERP_WMS="operations")
    both = foundation(ERP_Ledger="foundation", Ledger_WMS="operations")
    assert flag(*order, catalog=only) == "over-invoiced"
    assert flag(*order, catalog=both) == "balanced"
    exact = [row | {"system": "Ledger"} for row in (ORDERED, *SHIPPED, BILLED, PAID)]
    assert flag(*exact, catalog=only) == "balanced"


def test_sums_of_parts_are_exact_on_the_first_level():
    """Ten tenths add up to less than one in binary."""
    order = [doc("order", "O", None, 10, 1.0, 10), *shipping(10)]
    billed = [doc("invoice", f"I{part}", "D", 1, 0.1, 12) for part in range(10)]
    rows = [row | {"system": "Ledger"} for row in order + billed]
    only = foundation(ERP_Ledger="foundation")
    assert line(flow(*rows, *chain("-last", 100, paid=False), catalog=only))["flag"] == "balanced"


# What reduces and what takes back


def test_returns_and_credit_notes_reduce():
    back = doc("return", "R", "D", 100, None, 20)
    credit = doc("credit_note", "N", "R", 100, 2000.0, 21)
    others = [*chain("x", 5), doc("return", "Rx", "Dx", 10, None, 15), doc("credit_note", "Nx", "Rx", 10, 200.0, 16)]
    done = [ORDERED, *SHIPPED, BILLED, PAID]
    assert flag(*others, *done, back, credit) == "balanced"
    assert flag(*others, *done, back) == "over-invoiced"  # came back and was not credited
    received = doc("goods_issue", "GR", "R", 100, None, 20.1)
    returned = flow(*background(), *others, *done, back, received, credit, *chain("-last", 200))
    assert line(returned)["shipped"] == 100  # what comes back is received and not issued again
    assert line(returned)["flag"] == "balanced"
    again = [doc("delivery", "D2", "O", 100, None, 22), doc("goods_issue", "G2", "D2", 100, None, 22)]
    assert flag(*others, *done, back, *again) == "balanced"  # a replacement


def test_credit_notes_with_a_minus_are_credit_notes():
    rows = [*background(), ORDERED, *SHIPPED, BILLED, PAID]
    rows += [doc("return", "R", "D", -100, None, 20), doc("credit_note", "N", "R", -100, -2000.0, 21)]
    found = line(flow(*rows, *chain("-last", 200)))
    assert (found["flag"], found["returned"], found["credited"], found["credited_amount"]) == (
        "balanced",
        100,
        100,
        2000,
    )


def test_reversals_take_back():
    twice = [ORDERED, *SHIPPED, BILLED, BILLED | {"document": "I2"}, PAID]
    assert flag(*twice) == "over-invoiced"
    assert flag(*twice, doc("invoice", "I3", "I2", -100, -2000.0, 13)) == "balanced"
    issued = doc("goods_issue", "G2", "D", 100, None, 12)
    assert flag(ORDERED, *SHIPPED, BILLED, PAID, issued) == "shipped again"
    assert flag(ORDERED, *SHIPPED, BILLED, PAID, issued, doc("goods_issue", "G3", "G2", -100, None, 13)) == "balanced"


def test_an_order_that_was_cancelled_is_not_missed():
    assert flag(ORDERED, doc("order", "C", "O", -100, -2000.0, 11)) == "balanced"
    assert flag(ORDERED | {"quantity": 0.0, "amount": 0.0}) == "balanced"
    assert flag(ORDERED, ORDERED | {"quantity": 0.0, "amount": 0.0, "created_at": BILLED["created_at"]}) == "balanced"
    assert flag(ORDERED | {"quantity": 0.0, "amount": 0.0}, *SHIPPED) == "over-shipped"


def test_an_order_that_another_one_continues_is_not_missed():
    assert flag(ORDERED, doc("order", "O2", "O", 100, 2000.0, 11)) == "balanced"


def test_what_costs_nothing_needs_no_invoice():
    assert flag(ORDERED | {"amount": 0.0}, *SHIPPED) == "balanced"


def test_services_are_not_shipped():
    """Of many lines of a kind none was ever: then its invoices need no shipment."""
    service = [doc("order", f"S{number}", None, 1, 90.0, 10, object_type="service") for number in range(40)]
    service += [doc("invoice", f"IS{number}", f"S{number}", 1, 90.0, 12) for number in range(40)]
    goods = [row | {"object_type": "goods"} for row in [*background(), *chain("-last", 200)]]
    missed = doc("order", "O", None, 1, 90.0, 10, object_type="goods")
    flags = dict(documents(flow(*service, *goods, missed)).select("document", "flag").rows())
    assert {flags[f"S{number}"] for number in range(40)} == {"open"}  # to be paid
    assert flags["O"] == "never shipped"


def test_steps_that_the_documents_do_not_hold_are_not_missing():
    rows = [row for number in range(50) for row in chain(f"-{number}", number)]
    orders = [row for row in rows if row["type"] == "order"]
    assert set(documents(flow(*orders))["flag"]) == {"balanced"}
    shipped = [row for row in rows if row["type"] in ("order", "delivery", "goods_issue")]
    assert set(documents(flow(*shipped))["flag"]) == {"balanced"}
    billed = [row | {"preceding": row["preceding"] and row["preceding"].replace("D", "O")} for row in rows]
    billed = [row for row in billed if row["type"] in ("order", "invoice")]
    assert set(documents(flow(*billed))["flag"]) == {"balanced"}


# Young chains


def test_what_is_not_due_is_open_and_what_is_only_late_is_not_certain():
    """Orders are shipped within a day and a half; this evidence ends at day 57.5 + 0.5."""
    rows = background(60, 50.0)
    end = max(row["created_at"] for row in rows)
    last = (end - ORDERED["created_at"]).total_seconds() / 86_400 + 10
    ages = {"young": 1.0, "late": 2.0, "gone": 6.5}
    orders = [doc("order", name, None, 1, 10.0, last - age) for name, age in ages.items()]
    found = documents(flow(*rows, *orders)).filter(pl.col("document").is_in(list(ages)))
    assert sorted(found.select("document", "flag", "certain").rows()) == [
        ("gone", "never shipped", True),
        ("late", "never shipped", False),
        ("young", "open", True),
    ]
    assert said(flow(*rows, *orders)).select("subject", "value").rows() == [("never shipped", 1)]


def test_many_that_are_late_are_certain():
    """One in a hundred always is: thirty are not."""
    rows = background(60, 50.0)
    late = [doc("order", f"O{number}", None, 1, 10.0, 57.2) for number in range(30)]
    last = doc("delivery", "D last", None, 1, None, 59.2)
    found = documents(flow(*rows, *late, last)).filter(
        pl.col("document").str.starts_with("O") & (pl.col("ordered") == 1)
    )
    assert found["flag"].to_list() == ["never shipped"] * 30
    assert found["certain"].all()
    one = documents(flow(*rows, late[0], last)).filter(pl.col("document") == "O0")
    assert one.select("flag", "certain").row(0) == ("never shipped", False)


def test_few_past_steps_make_nothing_certain_before_a_month():
    few = [*chain("a", 0), *chain("b", 1)]
    found = documents(flow(*few, doc("order", "O", None, 1, 10.0, 2), doc("delivery", "D", "Oa", 0, None, 12)))
    assert found.filter(pl.col("document") == "O").select("flag", "certain").row(0) == ("never shipped", False)
    found = documents(flow(*few, doc("order", "O", None, 1, 10.0, 2), doc("delivery", "D", "Oa", 0, None, 40)))
    assert found.filter(pl.col("document") == "O").select("flag", "certain").row(0) == ("never shipped", True)


@pytest.mark.parametrize("seed", range(8))
def test_a_healthy_company_raises_nothing(seed):
    evidence = healthy(seed)
    rows = documents(evidence)
    assert rows.height == 1000
    assert said(evidence).is_empty()
    assert set(rows.filter(pl.col("certain"))["flag"]) == {"balanced", "open"}
