"""A real document flow of SAP: goods without invoice and invoices without goods, against loops over the file."""

import csv
import io
import zipfile
from collections import defaultdict

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.analyses.reconciliation.documents.questions import document_gaps, documents

ORDER, GOODS_ISSUE, INVOICE, RETURNS = "C", "R", "M", ("H", "T")
# Order lines with goods issues only, with invoices only, and with both.
EXPECTED = (6_627, 29_019, 15_640)
READ = ("C", "H", "J", "M", "O", "R", "T")


@pytest.fixture(scope="module")
def evidence():
    return ih.read(shared_data("formats", "sap", "VBFA.zip"))


@pytest.fixture(scope="module")
def plain():
    """{order line: {shipped, invoiced}} of the file: what follows it in any number of steps, by dictionaries.

    Where something follows a line and what comes before that too, it follows the nearer one. A goods issue behind a
    return is a receipt; one of nothing, as the pseudo documents of warehouse management are, is none.
    """
    with zipfile.ZipFile(shared_data("formats", "sap", "VBFA.zip")) as packed:
        text = packed.read(packed.namelist()[0]).decode()
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["VBTYP_N"] in READ]
    kinds, before = {}, defaultdict(dict)
    for row in rows:
        here = (row["VBELN"], row["POSNN"])
        kinds[here] = row["VBTYP_N"]
        near = before[here]
        near[row["VBELV"], row["POSNV"]] = near.get((row["VBELV"], row["POSNV"]), 0) + float(row["RFMNG"])
    above, begins = {}, {}

    def ancestors(line):
        if line not in above:
            above[line] = set()
            above[line] = set.union(set(), *({near} | ancestors(near) for near in before.get(line, ())))
        return above[line]

    def nearest(line):
        near = before.get(line, {})
        further = set.union(set(), *(ancestors(each) for each in near)) if len(near) > 1 else set()
        kept = {each: quantity for each, quantity in near.items() if each not in further}
        # A part of nothing beside parts of something brings nothing.
        return {each for each, quantity in kept.items() if quantity or not any(kept.values())}

    def beginnings(line):
        """The order lines where the chain of a line begins, each with whether it came by way of a return."""
        if line not in begins:
            if kinds.get(line) == ORDER or not nearest(line):
                begins[line] = {(line, kinds.get(line) in RETURNS)}
            else:
                back = kinds[line] in RETURNS
                begins[line] = {(at, back or was) for each in nearest(line) for at, was in beginnings(each)}
        return begins[line]

    found = defaultdict(lambda: {"shipped": set(), "invoiced": set()})
    for row in rows:
        here, kind = (row["VBELN"], row["POSNN"]), row["VBTYP_N"]
        before_it = (row["VBELV"], row["POSNV"])
        if kind not in (GOODS_ISSUE, INVOICE) or before_it not in nearest(here):
            continue
        if float(row["RFMNG"]) <= 0 or float(row["RFWRT"]) < 0:
            continue
        for at, back in beginnings(before_it):
            follows_its_kind = any(kinds.get(each) == kind for each in ancestors(here))
            if not follows_its_kind and not (kind == GOODS_ISSUE and back):
                found[at]["shipped" if kind == GOODS_ISSUE else "invoiced"].add(here)
    return found


def numbers(rows):
    return set(rows.select("document", "line").rows())


def test_goods_without_invoice_and_invoices_without_goods_are_those_of_a_plain_count(evidence, plain):
    rows = documents(evidence)
    unbilled = {at for at, each in plain.items() if each["shipped"] and not each["invoiced"]}
    unshipped = {at for at, each in plain.items() if each["invoiced"] and not each["shipped"]}
    both = {at for at, each in plain.items() if each["invoiced"] and each["shipped"]}
    shipments, invoices = pl.col("shipments") > 0, pl.col("invoices") > 0
    assert numbers(rows.filter(shipments, ~invoices)) == unbilled
    assert numbers(rows.filter(invoices, ~shipments)) == unshipped
    assert numbers(rows.filter(invoices, shipments)) == both
    assert (len(unbilled), len(unshipped), len(both)) == EXPECTED


def test_how_often_a_line_was_shipped_is_that_of_a_plain_count(evidence, plain):
    counted = {(row["document"], row["line"]): row["shipments"] for row in documents(evidence).to_dicts()}
    assert {at: count for at, count in counted.items() if count} == {
        at: len(each["shipped"]) for at, each in plain.items() if each["shipped"]
    }


def test_most_of_them_are_flagged_and_currencies_stay_apart(evidence):
    rows = documents(evidence)
    assert set(rows.filter(pl.col("invoices") == 0)["flag"]).isdisjoint({"invoice without shipment"})
    gaps = document_gaps(evidence)
    assert gaps["lines"].sum() == rows.filter(pl.col("flag") != "balanced").height
    assert gaps.filter(pl.col("flag") == "shipment without invoice")["currency"].n_unique() > 10
