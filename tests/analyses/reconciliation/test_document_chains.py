"""What follows what: every piece of every document is led back to its order line once, however it is written."""

import random
from collections import defaultdict

import polars as pl
import pytest
from drawing.document_flows import background, chain, doc, flow, frame, healthy
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.documents import lines, links
from integrhealth.analyses.reconciliation.documents.questions import document_gaps, documents

MEASURED = ("shipped", "invoiced", "invoiced_amount", "paid")


def orders(*rows):
    """shipped, invoiced, invoiced_amount and paid of each order line."""
    table = documents(flow(*rows)).filter(pl.col("ordered").is_not_null())
    return {(row["document"], row["line"]): tuple(row[each] for each in MEASURED) for row in table.to_dicts()}


def two_orders(first=4.0, second=6.0, price=10.0):
    return [doc("order", "A", None, first, first * price), doc("order", "B", None, second, second * price)]


def test_an_invoice_that_tells_order_and_delivery_follows_the_delivery():
    """As SAP writes them: the links at second hand too, each with the whole quantity."""
    rows = [*two_orders(), doc("delivery", "D", "A", 4, None, 1)]
    rows += [doc("goods_issue", "G", before, 4, None, 2) for before in ("A", "D")]
    rows += [doc("invoice", "I", before, 4, 40.0, 3) for before in ("A", "D", "G")]
    assert orders(*rows) == {("A", "1"): (4, 4, 40, 0), ("B", "1"): (0, 0, 0, 0)}


def test_a_line_for_two_orders_is_split_by_what_is_open():
    rows = [*two_orders(), *(doc("delivery", "D", before, 10, None, 1) for before in "AB")]
    rows.append(doc("invoice", "I", "D", 10, 100.0, 2))
    assert orders(*rows) == {("A", "1"): (4, 4, 40, 0), ("B", "1"): (6, 6, 60, 0)}
    # What can only belong to A goes there first, though it is younger.
    rows = [*two_orders(), *(doc("delivery", "D", before, 7, None, 1) for before in "AB")]
    rows.append(doc("delivery", "E", "A", 3, None, 2))
    assert orders(*rows) == {("A", "1"): (4, 0, 0, 0), ("B", "1"): (6, 0, 0, 0)}


def test_parts_that_are_written_out_are_taken_as_they_are():
    rows = [*two_orders(), doc("delivery", "D", "A", 1, None, 1), doc("delivery", "D", "B", 6, None, 1)]
    assert orders(*rows) == {("A", "1"): (1, 0, 0, 0), ("B", "1"): (6, 0, 0, 0)}
    # Equal numbers that the orders can take each are parts too.
    rows = [*two_orders(), doc("delivery", "D", "A", 3, None, 1), doc("delivery", "D", "B", 3, None, 1)]
    assert orders(*rows) == {("A", "1"): (3, 0, 0, 0), ("B", "1"): (3, 0, 0, 0)}


def test_what_follows_a_whole_document_follows_all_its_lines():
    rows = [doc("order", "A", None, 2, 20.0, line="1"), doc("order", "A", None, 8, 800.0, line="2")]
    rows.append(doc("delivery", "D", "A", 10, None, 1, after_line=None))
    rows.append(doc("invoice", "I", "A", 10, 820.0, 2, after_line=None))
    rows.append(doc("payment", "P", "I", None, 410.0, 3, after_line=None))
    assert orders(*rows) == {
        ("A", "1"): (2, 2, 20, 10),
        ("A", "2"): (8, 8, 800, 400),
    }


def test_one_invoice_that_names_three_whole_deliveries_counts_once():
    """It tells its whole beside each of them, and no line; two of the orders have two lines."""
    rows = [doc("order", name, None, 10, 100.0, line="1") for name in "ABC"]
    rows += [doc("order", name, None, 5, 50.0, line="2") for name in "AB"]
    rows += [doc("delivery", f"D{name}", name, 10, None, 1, line="1") for name in "ABC"]
    rows += [doc("delivery", f"D{name}", name, 5, None, 1, line="2", after_line="2") for name in "AB"]
    rows += [doc("invoice", "I", f"D{name}", 40, 400.0, 2, after_line=None) for name in "ABC"]
    assert orders(*rows) == {
        **{(name, "1"): (10, 10, 100, 0) for name in "ABC"},
        **{(name, "2"): (5, 5, 50, 0) for name in "AB"},
    }
    # What the deliveries can take each is a part, though it names none of their lines.
    parts = [*rows[:-3], *(doc("invoice", "I", f"D{name}", 10, 100.0, 2, after_line=None) for name in "ABC")]
    assert sum(each[1] for each in orders(*parts).values()) == pytest.approx(30)


def test_an_invoice_that_names_the_whole_order_beside_a_delivery_follows_the_delivery():
    rows = [doc("order", "A", None, 5, 50.0, line=str(number)) for number in range(3)]
    rows.append(doc("delivery", "D", "A", 5, None, 1, after_line="1"))
    rows += [doc("invoice", "I", "A", 5, 50.0, 2, after_line=None), doc("invoice", "I", "D", 5, 50.0, 2)]
    assert [each[1] for _, each in sorted(orders(*rows).items())] == [0, 5, 0]


def test_the_same_number_is_another_document_of_another_type():
    """Order, delivery and invoice 1001 follow each other; no line follows itself."""
    rows = [doc("order", "1001", None, 5, 50.0), doc("delivery", "1001", "1001", 5, None, 1)]
    rows += [doc("invoice", "1001", "1001", 5, 50.0, 2), doc("payment", "1001", "1001", None, 50.0, 3)]
    assert orders(*rows) == {("1001", "1"): (5, 5, 50, 50)}
    assert links.linked(lines.document_lines(frame(rows))).circles == 0


def test_of_several_documents_with_a_number_the_nearest_type_before_is_followed():
    """Order 1001 is another than the one that delivery 1001 follows."""
    rows = [doc("order", "1001", None, 3, 30.0), doc("order", "7", None, 5, 50.0)]
    rows += [doc("delivery", "1001", "7", 5, None, 1), doc("invoice", "900", "1001", 5, 50.0, 2)]
    assert orders(*rows) == {("1001", "1"): (0, 0, 0, 0), ("7", "1"): (5, 5, 50, 0)}


def test_a_reversal_for_two_orders_takes_back_where_something_is():
    rows = [*two_orders(), doc("delivery", "D", "A", 4, None, 1), doc("delivery", "E", "B", 2, None, 1)]
    rows += [doc("delivery", "R", before, -6, None, 2) for before in "AB"]
    assert orders(*rows) == {("A", "1"): (0, 0, 0, 0), ("B", "1"): (0, 0, 0, 0)}


def test_an_order_that_is_only_followed_has_a_row():
    rows = [doc("delivery", "D", "4711", 5, None, 1, after_line="10"), doc("invoice", "I", "D", 5, 50.0, 2)]
    row = documents(flow(*rows)).row(0, named=True)
    assert (row["document"], row["line"], row["ordered"], row["shipped"], row["invoiced"]) == ("4711", "10", None, 5, 5)


def test_what_an_order_follows_is_no_order_line_of_its_own():
    """A quotation before it is not in the frame, and the invoice names it too."""
    rows = [doc("order", "A", "Q", 5, 50.0), doc("delivery", "D", "A", 5, None, 1)]
    rows += [doc("invoice", "I", before, 5, 50.0, 2) for before in ("Q", "A", "D")]
    assert documents(flow(*rows)).select("document", "invoiced").rows() == [("A", 5)]


def test_a_document_that_two_systems_hold_counts_once():
    rows = [doc("order", "A", None, 5, 50.0), doc("order", "A", None, 5, 50.0, 0.1, system="shop")]
    rows += [doc("delivery", "D", "A", 5, None, 1, system="WMS"), doc("delivery", "D", None, 5, None, 0.9)]
    assert orders(*rows) == {("A", "1"): (5, 0, 0, 0)}


def test_what_is_said_anew_of_a_line_is_what_counts():
    rows = [doc("order", "A", None, 5, 50.0), doc("order", "A", None, 7, 70.0, 1)]
    assert documents(flow(*rows))["ordered"].to_list() == [7]


def test_a_parcel_behind_a_delivery_is_the_same_shipment():
    rows = [*two_orders(), doc("delivery", "D", "A", 4, None, 1), doc("delivery", "parcel", "D", 4, None, 2)]
    assert orders(*rows)["A", "1"][0] == 4


@pytest.mark.parametrize("size", [1, 2, 3])
def test_circles_are_counted_and_do_not_hang(size):
    circle = [doc("goods_issue", f"C{at}", f"C{(at + 1) % size}", 3, None, 1) for at in range(size)]
    rows = [*background(20), *circle, doc("invoice", "I", "C0", 3, 30.0, 2), doc("invoice", "I2", "I", 3, 30.0, 3)]
    assert links.linked(lines.document_lines(frame(rows))).circles == size
    table = documents(flow(*rows))
    assert set(table.filter(pl.col("document").str.starts_with("O-"))["flag"]) == {"balanced"}
    assert table.filter(pl.col("document") == "C0").select("shipped", "invoiced").row(0) == (3, 3)


def test_a_chain_longer_than_any_ends():
    rows = [doc("order", "A", None, 1, 10.0)]
    rows += [doc("invoice", f"I{at}", f"I{at - 1}" if at else "A", 1, 10.0, at) for at in range(400)]
    assert documents(flow(*rows)).height >= 1


# Against a plain loop


def drawn(seed):
    """Order lines, and pieces of deliveries, invoices and payments that each follow up to three lines at random."""
    rng = random.Random(seed)
    pieces, rows, before = [], [], []
    for number in range(rng.randint(1, 4)):
        quantity = rng.choice([0, rng.randint(1, 30)])
        before.append(("order", f"O{number}"))
        pieces.append(("order", f"O{number}", float(quantity), quantity * 7.0, 0.0, []))
    for kind, least in (("delivery", 1), ("invoice", 1), ("payment", 0)):
        made = []
        for number in range(rng.randint(least, 5)):
            preds = rng.sample(before, min(len(before), rng.randint(1, 3)))
            day, name = rng.randint(1, 4) + rng.random() * rng.choice([0, 1]), f"{kind[0].upper()}{number}"
            if len(preds) > 1 and rng.random() < 0.5:  # parts, all different
                parts = rng.sample(range(-3 if kind == "delivery" else 1, 40), len(preds))
                for pred, part in zip(preds, parts, strict=True):
                    pieces.append((kind, name, float(part), part * 7.0, day, [pred]))
            else:
                # The whole, told with each line: more than the lines can take so often, so that it is no part.
                room = sum(abs(piece[2]) for piece in pieces if piece[:2] in preds)
                quantity = float(int(room) + rng.randint(1, 30))
                pieces.append((kind, name, quantity, quantity * 7.0 + rng.choice([0, 5]), day, preds))
            made.append((kind, name))
        before = made or before
    for kind, name, quantity, amount, day, preds in pieces:
        for pred in preds or [None]:
            rows.append(doc(kind, name, pred and pred[1], quantity if kind != "payment" else None, amount, day))
    return pieces, rows


def by_loops(pieces):
    """The same by loops and dictionaries: {order: {type: [quantity, amount]}}."""
    size = defaultdict(lambda: [0.0, 0.0])
    for kind, name, quantity, amount, _, _ in pieces:
        size[kind, name][0] = None if kind == "payment" else size[kind, name][0] + quantity
        size[kind, name][1] += amount
    taken, given = defaultdict(lambda: [0.0, 0.0]), defaultdict(lambda: [0.0, 0.0])
    order = sorted(pieces, key=lambda piece: (len(piece[5]) > 1, piece[4], piece[1]))
    for kind, name, quantity, amount, _, preds in order:
        said = [None if kind == "payment" else quantity, amount]
        parts = [None, None]
        for measure in (0, 1):
            if len(preds) == 1:
                parts[measure] = [1.0]
            elif said[measure] is not None and all(size[pred][measure] is not None for pred in preds):
                room = [max(size[pred][measure] - taken[kind, pred][measure], 0) for pred in preds]
                whole = [max(size[pred][measure], 0) for pred in preds]
                weights = room if sum(room) > 0 else whole
                parts[measure] = [weight / sum(weights) for weight in weights] if sum(weights) > 0 else None
        even = [1 / len(preds)] * len(preds) if preds else []
        parts = [parts[0] or parts[1] or even, parts[1] or parts[0] or even]
        for at, pred in enumerate(preds):
            for measure in (0, 1):
                share = (said[measure] or 0) * parts[measure][at]
                taken[kind, pred][measure] += share
                given[(kind, name), pred][measure] += share
    result = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))

    def climb(kind, node, quantity, amount):
        if node[0] == "order":
            result[node[1]][kind][0] += quantity
            result[node[1]][kind][1] += amount
            return
        above = {pred: share for (child, pred), share in given.items() if child == node}
        totals = [sum(share[measure] for share in above.values()) for measure in (0, 1)]
        for pred, share in above.items():
            climb(
                kind,
                pred,
                quantity * (share[0] / totals[0]) if totals[0] else 0.0,
                amount * (share[1] / totals[1]) if totals[1] else 0.0,
            )

    for (child, pred), share in given.items():
        climb(child[0], pred, *share)
    return result


def test_random_chains_are_split_as_a_plain_loop_splits_them():
    companies = {seed: drawn(seed) for seed in range(120)}
    rows = [row for seed, (_, made) in companies.items() for row in renamed(made, seed)]
    table = {row["document"]: row for row in documents(flow(*rows)).to_dicts()}
    compared = 0
    for seed, (pieces, _) in companies.items():
        plain = by_loops(pieces)
        for name in (piece[1] for piece in pieces if piece[0] == "order"):
            row, expected = table[f"{seed}/{name}"], plain[name]
            assert row["shipped"] == pytest.approx(expected["delivery"][0], abs=1e-6), (seed, name)
            assert row["invoiced"] == pytest.approx(expected["invoice"][0], abs=1e-6), (seed, name)
            assert row["invoiced_amount"] == pytest.approx(expected["invoice"][1], abs=1e-6), (seed, name)
            assert row["paid"] == pytest.approx(expected["payment"][1], abs=1e-6), (seed, name)
            compared += 1
    assert compared > 250


# Laws


def renamed(rows, seed):
    """`rows` as those of another company."""
    return [row | {name: row[name] and f"{seed}/{row[name]}" for name in ("document", "preceding")} for row in rows]


def test_rows_in_another_order_change_nothing():
    rows = [row for seed in range(5) for row in renamed(drawn(seed)[1], seed)]
    evidence = ih.Evidence(documents=pl.concat([healthy(3, orders=200).documents, frame(rows)]))
    again = ih.Evidence(documents=evidence.documents.sample(fraction=1, shuffle=True, seed=5))
    assert_frame_equal(documents(again), documents(evidence))
    assert_frame_equal(document_gaps(again), document_gaps(evidence))


def test_a_file_that_was_read_twice_changes_nothing():
    evidence = healthy(4, orders=200)
    rows = evidence.documents
    doubled = pl.concat([rows.with_columns(log_file=pl.lit(name)) for name in ("a", "b")])
    assert_frame_equal(documents(evidence.replace(documents=doubled)), documents(evidence))
    assert lines.document_lines(doubled).height == lines.document_lines(rows).height


def test_what_two_companies_do_adds_up():
    """Chains that share nothing are judged alike, whatever stands beside them."""
    apart = [*chain("x", 3), *chain("y", 4, quantity=7)]
    both = orders(*apart, *background(5))
    assert {name: both[name] for name in orders(*apart)} == orders(*apart)
