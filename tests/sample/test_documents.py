"""The documents of the sample companies: truth.json against a plain walk over the rows, with csv and json alone."""

import csv
import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from drawing.samples import sample

from integrhealth.sample import write_sample
from integrhealth.sample.documents.orders import FLAGS

SAMPLES = Path(__file__).parents[2] / "sample_logs"
EXPORTED = datetime(2026, 1, 30, tzinfo=UTC)
# Prices may differ by so much.
TOLERANCE = 50


def read(folder: Path) -> tuple[list[dict[str, str]], dict]:
    """The rows of the documents and the truth of a sample."""
    packed = (folder / "documents" / "documents.csv.gz").read_bytes()
    rows = list(csv.DictReader(gzip.decompress(packed).decode().splitlines()))
    for row in rows:
        row["at"] = datetime.fromisoformat(row["created_at"])
    return rows, json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="module", params=["a", "b"])
def company(request):
    """Name, rows and truth of a committed sample."""
    return request.param, *read(SAMPLES / f"company_{request.param}")


def once(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each paper once, whoever holds it, as the one does that had it first."""
    papers: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in rows:
        papers.setdefault((row["type"], row["document"], row["line"]), row)
    return list(papers.values())


def order_lines(rows: list[dict[str, str]]) -> dict[tuple[str, str], dict]:
    """By order and line what was ordered, and the rows of each type that lead back to it."""
    rows = once(rows)
    papers = {(row["document"], row["line"]): row for row in rows}
    lines = {
        (row["document"], row["line"]): {"order": row, "rows": defaultdict(list)}
        for row in rows
        if row["type"] == "order"
    }
    for row in rows:
        first = row
        while first["preceding"]:
            first = papers[first["preceding"], first["preceding_line"]]
        lines[first["document"], first["line"]]["rows"][row["type"]].append(row)
    return lines


def flag_of(line: dict) -> str:
    """The flag of an order line, from the quantities and amounts of what followed."""

    def total(kind: str, what: str) -> float:
        return sum(float(row[what]) for row in line["rows"][kind])

    ordered, price = float(line["order"]["quantity"]), float(line["order"]["amount"])
    shipped, invoiced = total("goods_issue", "quantity"), total("invoice", "quantity")
    billed, paid = total("invoice", "amount"), total("payment", "amount")
    young = EXPORTED - line["order"]["at"] < timedelta(days=4)
    if shipped == invoiced == 0 and not young:
        return "never shipped"
    if shipped >= 2 * ordered:
        return "shipped again"
    if billed and paid > 1.9 * billed:
        return "paid twice"
    if invoiced > ordered or billed > price + TOLERANCE:
        return "over-invoiced"
    if shipped > ordered:
        return "over-shipped"
    if invoiced > shipped and not young:
        return "invoice without shipment"
    if shipped > invoiced and not young:
        return "shipment without invoice"
    returned, credited = total("return", "quantity"), total("credit_note", "quantity")
    waits = ordered != shipped or shipped != invoiced or returned != credited or billed - paid > TOLERANCE
    return "open" if waits else "balanced"


def test_every_flag_is_counted_right(company):
    key, rows, truth = company
    planted = truth["mechanisms"]["documents"]
    flags = {place: flag_of(line) for place, line in order_lines(rows).items()}
    assert Counter(flags.values()) == Counter({k: n for k, n in planted["lines_by_flag"].items() if n})
    for flag, orders in planted["orders_of"].items():
        assert {document for (document, _), each in flags.items() if each == flag} == set(orders)
        assert len(orders) == planted["orders_by_flag"][flag]
    assert Counter(row["type"] for row in rows) == planted["rows"]
    if key == "b":
        assert set(flags.values()) == {"balanced", "open"}


def test_the_christmas_of_company_a_is_the_one_that_was_told():
    _, truth = read(SAMPLES / "company_a")
    counts = truth["answers"]["reconciliation"]["documents"]["orders_by_flag"]
    assert counts["never shipped"] == 100
    assert counts["shipped again"] == 1
    assert {flag: counts[flag] for flag in FLAGS[2:]} == {
        "invoice without shipment": 23,
        "shipment without invoice": 17,
        "never shipped": 100,
        "shipped again": 1,
        "over-shipped": 8,
        "over-invoiced": 6,
        "paid twice": 12,
    }


def test_what_went_wrong_did_so_at_christmas(company):
    _, rows, truth = company
    wrong = {order for orders in truth["mechanisms"]["documents"]["orders_of"].values() for order in orders}
    placed = [row["at"] for row in rows if row["type"] == "order" and row["document"] in wrong]
    assert all(datetime(2025, 12, 15, tzinfo=UTC) <= at < datetime(2025, 12, 28, tzinfo=UTC) for at in placed)


def test_the_same_order_is_shipped_three_times_in_full():
    rows, truth = read(SAMPLES / "company_a")
    (order,) = truth["mechanisms"]["documents"]["orders_of"]["shipped again"]
    (line,) = [line for (document, _), line in order_lines(rows).items() if document == order]
    parcels = line["rows"]["goods_issue"]
    assert [row["quantity"] for row in parcels] == [line["order"]["quantity"]] * 3
    assert len({row["document"] for row in parcels}) == 3


def test_money_at_stake_is_what_differs_at_the_price_of_the_order():
    rows, truth = read(SAMPLES / "company_a")
    planted = truth["mechanisms"]["documents"]["at_stake"]
    lines = order_lines(rows)
    wrong = defaultdict(float)
    for line in lines.values():
        flag, price = flag_of(line), float(line["order"]["amount"]) / float(line["order"]["quantity"])
        shipped, invoiced, ordered = (
            sum(float(row["quantity"]) for row in each)
            for each in (line["rows"]["goods_issue"], line["rows"]["invoice"], [line["order"]])
        )
        wrong[flag] += {
            "never shipped": ordered,
            "invoice without shipment": invoiced,
            "shipment without invoice": shipped,
            "shipped again": shipped - ordered,
            "over-shipped": shipped - ordered,
            "over-invoiced": invoiced - ordered,
            "paid twice": ordered,
        }.get(flag, 0) * price
    for flag, amount in planted.items():
        assert wrong[flag] == pytest.approx(amount, abs=0.1)


def test_a_shipment_in_five_parts_and_a_return_balance(company):
    _, rows, truth = company
    planted = truth["mechanisms"]["documents"]
    lines = order_lines(rows)
    parts = Counter()
    for line in lines.values():
        shipped = line["rows"]["goods_issue"]
        if len(shipped) > 1 and flag_of(line) == "balanced":
            parts[str(len(shipped))] += 1
    # Those of the last days are still under way.
    assert 0 <= sum(planted["partial_shipments"].values()) - sum(parts.values()) < 10
    assert parts["5"] > 5
    back = [line for line in lines.values() if line["rows"]["return"]]
    assert len(back) == planted["returned_lines"] > 400
    assert all(line["rows"]["credit_note"] for line in back)
    assert {flag_of(line) for line in back} <= {"balanced", "open"}


def test_what_is_open_is_young(company):
    _, rows, truth = company
    planted = truth["mechanisms"]["documents"]
    waiting = [line["order"]["at"] for line in order_lines(rows).values() if flag_of(line) == "open"]
    assert sum(planted["open"].values()) == len(waiting) == planted["lines_by_flag"]["open"]
    assert max(EXPORTED - at for at in waiting) < timedelta(days=4)
    assert planted["oldest_open_hours"] < 72
    assert max(row["at"] for row in rows) < EXPORTED


def test_papers_are_those_of_the_messages(company):
    key, rows, _ = company
    messages = sample(key).messages
    placed = messages.filter(pl.col("integration").is_in(["shop-orders", "crm-orders"])).unique("object_id")
    said = dict(placed.select("object_id", "amount").rows())
    ordered = defaultdict(float)
    for row in rows:
        if row["type"] == "order":
            ordered[row["document"]] += float(row["amount"])
    assert ordered.keys() == said.keys()
    assert all(amount == pytest.approx(said[order], abs=0.005) for order, amount in ordered.items())
    credits_said = dict(
        messages.filter(pl.col("integration") == "portal-returns")
        .unique("object_id")
        .select("object_id", "amount")
        .rows()
    )
    returned = {row["document"]: float(row["amount"]) for row in rows if row["type"] == "return"}
    assert all(amount == pytest.approx(credits_said[document], abs=0.005) for document, amount in returned.items())


def test_orders_that_never_left_had_failed_in_the_messages_or_were_forgotten():
    _, truth = read(SAMPLES / "company_a")
    planted = truth["mechanisms"]["documents"]
    placed = sample("a").messages.filter(pl.col("integration").is_in(["shop-orders", "crm-orders"]))
    delivered = set(placed.filter(pl.col("status") == "ok")["object_id"])
    lost = [order for order in planted["orders_of"]["never shipped"] if order not in delivered]
    assert len(lost) == planted["never_shipped"]["order failed for good in the messages"] > 20
    # Whatever failed for good and was not made up for by hand is among them.
    assert sum(planted["never_shipped"].values()) == 100


def test_both_ends_of_the_foundation_hold_the_same_papers_in_b():
    rows, truth = read(SAMPLES / "company_b")
    assert truth["mechanisms"]["documents"]["held_by_both_ends"]
    held = defaultdict(dict)
    for row in rows:
        held[row["system"], row["type"]][row["document"], row["line"]] = row["amount"]
    end = EXPORTED - timedelta(hours=4)
    young = {(row["document"], row["line"]) for row in rows if row["at"] >= end}
    for one, other, kind in (
        ("ERP", "Financial system", "invoice"),
        ("ERP", "Tax authority", "credit_note"),
        ("ERP", "Tax authority", "invoice"),
        ("Financial system", "Bank", "payment"),
    ):
        here, there = ({k: v for k, v in held[system, kind].items() if k not in young} for system in (one, other))
        assert here == there
        assert len(here) > 400
    assert {row["system"] for row in read(SAMPLES / "company_a")[0] if row["type"] == "invoice"} == {"Financial system"}


def test_a_paper_follows_what_it_names(company):
    _, rows, _ = company
    assert len({(row["document"], row["line"], row["system"]) for row in rows}) == len(rows)
    rows = once(rows)
    papers = {(row["document"], row["line"]): row for row in rows}
    assert len(papers) == len(rows)
    before = {
        "order": set(),
        "delivery": {"order"},
        "goods_issue": {"delivery"},
        "invoice": {"delivery", "order"},
        "payment": {"invoice"},
        "return": {"delivery"},
        "credit_note": {"return"},
    }
    for row in rows:
        if not row["preceding"]:
            assert row["type"] == "order"
            continue
        preceding = papers[row["preceding"], row["preceding_line"]]
        assert preceding["type"] in before[row["type"]]
        assert preceding["at"] <= row["at"], row


@pytest.mark.parametrize("company", ["a", "b"])
def test_a_small_company_of_another_seed_is_counted_right(tmp_path, company):
    write_sample(tmp_path, company=company, messages=5000, seed=7)
    rows, truth = read(tmp_path)
    counts = Counter(flag_of(line) for line in order_lines(rows).values())
    assert counts == Counter({k: n for k, n in truth["mechanisms"]["documents"]["lines_by_flag"].items() if n})
    assert (counts["shipped again"] == 1) == (company == "a")
