"""Exceptions that documents show: returns, credit notes, and orders that left in parts."""

import csv
import io
import zipfile
from collections import Counter

from drawing.exceptions import documents, happy, logs, row
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.analyses.reconciliation.exceptions import in_documents
from integrhealth.analyses.reconciliation.exceptions.questions import exceptions


def test_documents_show_returns_credit_notes_and_what_left_in_parts():
    five = [(f"D{n}", "1", "delivery", 2.0, "O1", "1") for n in range(5)]
    rows = [
        ("O1", "1", "order", 10.0),
        *five,
        # The same sent twice in full, one delivery of two batches, and two of another unit are no parts.
        ("O2", "1", "order", 5.0),
        *[(f"E{n}", "1", "delivery", 5.0, "O2", "1") for n in range(2)],
        ("O3", "1", "order", 5.0),
        *[("F0", str(n), "delivery", 2.5, "O3", "1") for n in range(2)],
        ("O4", "1", "order", 5.0, None, None, "box"),
        *[(f"G{n}", "1", "delivery", 2.0, "O4", "1", "piece") for n in range(2)],
        # Nobody tells what was ordered: less than all that left.
        *[(f"H{n}", "1", "delivery", 2.0, "O5", "1") for n in range(2)],
        ("R1", "1", "return", 1.0, "O1", "1"),
        ("R1", "2", "return", 1.0, "O1", "1"),
        # The goods of that return come back with a document of their own.
        ("R2", "1", "return", 1.0, "R1", "1"),
        ("C1", "1", "credit_note", 1.0, "R1", "1"),
    ]
    shown = in_documents.exceptions_in(ih.Evidence(documents=documents(rows)).documents)
    assert shown.sort("exception", "object_id").rows() == [
        ("C1", "credit note"),
        ("O1", "partial shipment"),
        ("O5", "partial shipment"),
        ("R1", "return"),
    ]
    table = exceptions(ih.Evidence(documents=documents(rows)))
    assert dict(table.select("type", "cases").rows()) == {
        "return": 1,
        "partial shipment": 2,
        "cancellation": 0,
        "credit note": 1,
        "dispute": 0,
    }
    # No document says that it was cancelled, so that nobody knows whether any was.
    assert set(table["verdict"]) == {"too few"}


def test_documents_tell_which_objects_of_messages_are_exceptions():
    rows = []
    for n in range(25):
        rows += [(f"O{n}", "1", "order", 10.0), (f"R{n}", "1", "return", 1.0, f"O{n}", "1")]
        rows += [(f"D{n}-{part}", "1", "delivery", 5.0, f"O{n}", "1") for part in range(2)]
    moved = [("order", f"O{n}", "post", "failed" if n < 5 else "ok", n) for n in range(25)]
    moved += [("return", f"R{n}", "post", "ok", n) for n in range(10)]
    # Orders that left in parts are compared with orders, and not with deliveries, which all fail.
    evidence = logs([*happy("order", 100), *happy("delivery", 200, failing=200), *moved], documents=documents(rows))
    partial, returned = row(evidence, "partial shipment"), row(evidence, "return")
    assert (partial["cases"], partial["judged"], partial["failed"], partial["happy_cases"]) == (25, 25, 5, 100)
    assert (partial["happy_path"], partial["gap"]) == ("order", 0.2)
    assert (returned["cases"], returned["judged"], returned["verdict"]) == (25, 10, "too few")
    assert (returned["happy_path"], returned["happy_failure_share"]) == ("delivery", 1.0)


def test_the_document_flow_of_sap_against_a_plain_count():
    path = shared_data("formats", "sap", "VBFA.zip")
    with zipfile.ZipFile(path) as packed:
        text = packed.read(packed.namelist()[0])
    if text[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(text)) as inner:
            text = inner.read(inner.namelist()[0])
    lines = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig")), delimiter=_delimiter(text)))
    types = {"H": "return", "T": "return", "O": "credit note"}
    known = {(types[line["VBTYP_N"]], line["VBELN"]) for line in lines if line["VBTYP_N"] in types}
    follow = {
        (name, line["VBELN"])
        for line in lines
        if (name := types.get(line["VBTYP_N"])) and (name, line["VBELV"]) in known
    }
    expected = Counter(name for name, _ in known - follow)
    # Deliveries of one line of an order; of most nobody tells what was ordered, and it is what they deliver together.
    kept = [line for line in lines if line["VBTYP_N"] in "CHJMORT"]
    others = {line["VBELN"] for line in kept if line["VBTYP_N"] != "C"}
    ordered = {(line["VBELN"], line["POSNN"]): line for line in reversed(kept) if line["VBTYP_N"] == "C"}
    sent = {}
    for line in kept:
        if line["VBTYP_N"] in "JR" and line["VBELV"] not in others:
            key = line["VBTYP_N"], line["VBELV"], line["POSNV"], line["MEINS"]
            sent.setdefault(key, Counter())[line["VBELN"]] += float(line["RFMNG"])
    split = set()
    for (_, order, number, unit), parts in sent.items():
        told = ordered.get((order, number))
        whole = float(told["RFMNG"]) if told else sum(parts.values())
        below = [quantity for quantity in parts.values() if 0 < quantity < whole]
        if len(below) > 1 and (told is None or told["MEINS"] == unit):
            split.add(order)
    table = dict(exceptions(ih.read(path)).select("type", "cases").rows())
    assert (table["return"], table["credit note"]) == (expected["return"], expected["credit note"])
    assert table["partial shipment"] == len(split) == 48


def _delimiter(text):
    head = text.splitlines()[0].decode("utf-8-sig")
    return max(",;\t|", key=head.count)
