"""What names mean: reports that show the same under other names, orders and languages, and those that do not."""

import polars as pl
import pytest
from drawing.reports import stock
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.analyses.report_overload.cover.names import meaning, meanings
from integrhealth.analyses.report_overload.cover.overlap import near_duplicates, overlaps


@pytest.mark.parametrize(
    "names",
    [
        ("customer_id", "CustomerID", "Customer No.", "customer-ids", "Kundennummer", "Kunden-Nr.", "klantnummer"),
        ("revenue", "Turnover", "Umsatz", "Umsätze", "omzet", "chiffre d'affaires"),
        ("invoice amount", "InvoiceAmount", "Rechnungsbetrag", "factuurbedrag", "montant de la facture"),
        ("delivery date", "date_of_delivery", "Lieferdatum", "leverdatum", "date de livraison", "fecha de entrega"),
        ("number of orders", "order count", "Anzahl Auftraege", "Anzahl Aufträge", "aantal bestellingen"),
        ("revenue EUR", "Revenue (€)", "€ Umsatz", "omzet_eur"),
        ("revenue per customer", "Umsatz je Kunde", "omzet per klant", "chiffre d'affaires par client"),
    ],
    ids=lambda names: names[0],
)
def test_one_thing_has_one_meaning_in_every_spelling_and_language(names):
    assert {meaning(name) for name in names} == {meaning(names[0])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("revenue per customer", "customers per revenue"),
        ("stock from plant to store", "stock from store to plant"),
        ("field 1.2", "field 2.1"),
        ("extra_0", "extra_1"),
        ("region = north", "region = south"),
        ("age < 30", "age > 30"),
        ("invoice date", "delivery date"),
        ("order amount", "order count"),
        ("revenue (€)", "revenue ($)"),
        ("revenue (£)", "revenue"),
        ("col_17", "revenue"),
        ("Deckungsbeitrag", "contribution margin"),
    ],
)
def test_other_things_keep_other_meanings_and_what_is_no_term_meets_itself_only(one, other):
    assert meaning(one) != meaning(other)


def test_a_word_without_end_is_no_compound():
    assert meaning("tag" * 5000) == "tag" * 5000
    assert meaning("auftrag" * 5) == " ".join(["order"] * 5)


def test_names_without_a_word_stay_themselves():
    assert meanings(pl.Series(["", "---", "de", "y", None, "漢字", "Ä"])).to_list() == [
        "",
        "---",
        "de",
        "y",
        None,
        "漢字",
        "a",
    ]


words = st.lists(
    st.sampled_from(["price", "stock", "item", "line", "store", "depot", "gauge"]), min_size=1, max_size=4, unique=True
)


@given(words, st.randoms(), st.sampled_from(["_", "-", " ", ".", "/"]))
def test_order_case_and_separator_change_no_meaning(name, random, separator):
    shuffled = name[:]
    random.shuffle(shuffled)
    assert meaning(separator.join(shuffled).upper()) == meaning(" ".join(name))
    assert meaning("".join(word.title() for word in shuffled)) == meaning(" ".join(name))


ENGLISH = {
    "fields": ["customer", "country", "invoice_date", "due_date"],
    "metrics": ["open amount", "number of invoices"],
}
COPIES = {
    "Report 7": {
        "fields": ["Due Date", "InvoiceDate", "CUSTOMER", "country"],
        "metrics": ["number-of-invoices", "open_amount"],
    },
    "Offene Posten": {
        "fields": ["Rechnungsdatum", "Land", "Kunde", "Fälligkeit"],
        "metrics": ["Offener Betrag", "Anzahl Rechnungen"],
    },
    "Openstaande posten": {
        "fields": ["klant", "land", "factuurdatum", "vervaldatum"],
        "metrics": ["openstaand bedrag", "aantal facturen"],
    },
}


@pytest.mark.parametrize("name", COPIES)
def test_renamed_reordered_and_translated_copies_are_near_duplicates(name):
    reports = stock({"report": "open items"} | ENGLISH, {"report": name} | COPIES[name], {"report": "another thing"})
    assert near_duplicates(overlaps(reports)).rows() == sorted([("open items", name), (name, "open items")])


def test_the_name_of_a_report_makes_no_near_duplicate():
    reports = stock({"report": "open items"} | ENGLISH, {"report": "open items (2)", "fields": ["shift", "scrap"]})
    assert overlaps(reports).is_empty()


NINE = [f"field {number}" for number in range(9)]


@pytest.mark.parametrize(
    ("ours", "theirs", "differs"),
    [
        (["region = north"], ["region = south"], "filter"),
        ([], ["region = south"], "filter"),
        (["day"], ["Monat"], "grain"),
        (["day"], ["day", "month"], None),
        (["day"], [], None),
        (["Region=North"], ["region = north"], None),
    ],
)
def test_another_filter_or_grain_is_another_number(ours, theirs, differs):
    reports = stock({"report": "a", "fields": [*NINE, *ours]}, {"report": "b", "fields": [*NINE, *theirs]})
    (pair,) = overlaps(reports).rows(named=True)
    assert pair["overlap"] >= 0.8
    assert (pair["differs"], pair["kind"]) == (differs, "overlapping" if differs else "near-duplicate")
    assert (pair["group"] == pair["other_group"]) == (differs is None)
