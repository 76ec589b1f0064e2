"""Business documents as rows: orders and what became of them, line by line."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import conform

START = datetime(2025, 11, 1, 8, tzinfo=UTC)


def doc(kind, document, after=None, quantity=1.0, amount=None, day=0.0, *, line="1", after_line="1", **more):
    """One line of a document that follows line 1 of another, so many days after the start."""
    return {
        "type": kind,
        "document": document,
        "line": line,
        "preceding": after,
        "preceding_line": None if after is None else after_line,
        "quantity": quantity,
        "amount": amount,
        "currency": "EUR",
        "unit": "pc",
        "system": "ERP",
        "created_at": START + timedelta(days=day),
    } | more


def flow(*rows, catalog=None):
    """Evidence of documents alone."""
    return ih.Evidence(documents=frame(rows), catalog=catalog)


def frame(rows):
    return conform(pl.DataFrame(list(rows), infer_schema_length=None), "documents")


def chain(name, day=0.0, *, quantity=10.0, price=20.0, paid=True):
    """An order that is delivered, issued, invoiced and paid as it should be."""
    amount = quantity * price
    rows = [
        doc("order", f"O{name}", None, quantity, amount, day),
        doc("delivery", f"D{name}", f"O{name}", quantity, None, day + 1),
        doc("goods_issue", f"G{name}", f"D{name}", quantity, None, day + 1.5),
        doc("invoice", f"I{name}", f"D{name}", quantity, amount, day + 2),
    ]
    return rows + ([doc("payment", f"P{name}", f"I{name}", None, amount, day + 9)] if paid else [])


def background(count=60, last=40.0):
    """Orders with all that follows, evenly over the days: they say how long each step takes."""
    return [row for number in range(count) for row in chain(f"-{number}", last * number / count)]


def foundation(**levels):
    """A catalog of integrations `source_target=level`."""
    rows = [
        {"integration": name, "source": name.split("_")[0], "target": name.split("_")[1], "level": level}
        for name, level in levels.items()
    ]
    return Catalog(currency="EUR", integrations=pl.DataFrame(rows, schema=CATALOG["integrations"]))


def healthy(seed, orders=1000):
    """A month and a half of a company where nothing is wrong, cut off where the evidence ends.

    Steps take log-normal times. One order in eight is prepaid, one in ten comes in five parts, one in fifteen comes
    back and is credited, some share an invoice, prices are rounded by a cent, and some are cancelled at once.
    """
    rng = np.random.default_rng(seed)
    placed = np.sort(rng.uniform(0, 45, orders))
    wait = rng.lognormal(0, 0.8, (orders, 4)) * (1.0, 0.3, 8.0, 3.0)
    kind = rng.random((orders, 4))
    rows = []
    for number in range(orders):
        quantity = float(rng.integers(1, 40) * 5)
        amount = round(quantity * float(rng.uniform(2, 90)), 2)
        order, day = f"O{number}", placed[number]
        if kind[number, 0] > 0.98:  # cancelled
            rows.append(doc("order", order, None, quantity, amount, day))
            rows.append(doc("order", f"C{number}", order, -quantity, -amount, day + 0.5))
            continue
        rows.append(doc("order", order, None, quantity, amount, day))
        parts = 5 if kind[number, 1] < 0.1 else 1
        shipped = [day + wait[number, 0] + 0.7 * part for part in range(parts)]
        for part, at in enumerate(shipped):
            rows.append(doc("delivery", f"D{number}-{part}", order, quantity / parts, None, at))
            rows.append(doc("goods_issue", f"G{number}-{part}", f"D{number}-{part}", quantity / parts, None, at + 0.2))
        prepaid = kind[number, 2] < 0.125
        billed = day + 0.1 if prepaid else shipped[-1] + 0.2 + wait[number, 1]
        total = round(amount + float(rng.choice([-0.01, 0, 0.01])), 2)
        for part in range(1 if prepaid else parts):
            share = 1 if prepaid else parts
            before = order if prepaid else f"D{number}-{part}"
            rows.append(doc("invoice", f"I{number}", before, quantity / share, total / share, billed, line=str(part)))
        rows.append(doc("payment", f"P{number}", f"I{number}", None, total, billed + wait[number, 2], after_line=None))
        if kind[number, 3] < 1 / 15:
            back = shipped[-1] + 5 + wait[number, 3]
            rows.append(doc("return", f"R{number}", f"D{number}-0", quantity / parts, None, back))
            rows.append(doc("goods_issue", f"B{number}", f"R{number}", quantity / parts, None, back + 0.1))
            rows.append(doc("credit_note", f"N{number}", f"R{number}", quantity / parts, total / parts, back + 1))
    end = START + timedelta(days=45)
    return flow(*(row for row in rows if row["created_at"] <= end))
