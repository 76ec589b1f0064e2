"""What open questions cost: parts that share no money, a year's worth of them, and the verdict."""

from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
import pytest
from drawing.audit_tables import DAY, all_yes, claims, frame

import integrhealth as ih
from integrhealth.analyses.audit.answers import questions
from integrhealth.analyses.audit.answers.answering import answers
from integrhealth.analyses.audit.answers.debt import band, debt, yearly_value
from integrhealth.analyses.audit.answers.interest import INTEREST, interest
from integrhealth.analyses.audit.answers.notes import NO_HOUR_COST, TOO_SHORT, answer_notes

YEAR = 365.25
NO_DOCUMENTS = pl.DataFrame(schema={"integration": pl.String, "document": pl.String})
KEY = ("integration", "object_type", "object_id")


def documents(*rows: tuple) -> pl.DataFrame:
    """Order lines: document, flag, at_stake, certain, currency."""
    kinds = {"document": pl.String, "flag": pl.String, "at_stake": pl.Float64, "certain": pl.Boolean}
    return pl.DataFrame([list(row) for row in rows], schema=kinds | {"currency": pl.String}, orient="row")


def lost(*rows: tuple) -> pl.DataFrame:
    """Transfers that did not arrive: integration, object, amount."""
    kinds = dict.fromkeys((*KEY, "class"), pl.String) | {"amount": pl.Float64}
    return pl.DataFrame([[who, "order", what, "lost", money] for who, what, money in rows], schema=kinds, orient="row")


def twice(*rows: tuple) -> pl.DataFrame:
    """Transfers that took effect several times: integration, object, amount, applied."""
    kinds = dict.fromkeys((*KEY, "class"), pl.String) | {"amount": pl.Float64, "applied": pl.Int64}
    made = [[who, "order", what, "applied twice", money, count] for who, what, money, count in rows]
    return pl.DataFrame(made, schema=kinds, orient="row")


def outage(loss: float = 900.0, *, messages: int, arrivals: int = 10, outages: int = 2) -> dict[str, pl.DataFrame]:
    """The integration ``orders`` into ERP, which was down so many times."""
    return {
        "dependency_fragility.outages": frame(
            integration=["orders"], target=["ERP"], median_loss=[loss], arrivals=[arrivals]
        ),
        "dependency_fragility.down_times": frame(system=["ERP"] * outages + ["WMS"]),
        "latency.integrations": frame(integration=["orders"], messages=[messages]),
    }


def friction(net: float = 300.0, verdict: str = "hold") -> dict[str, pl.DataFrame]:
    return {"error_propagation.friction": frame(integration=["prices"], verdict=[verdict], net=[net], bad_entries=[20])}


def amounts(tables: dict, carried: pl.DataFrame = NO_DOCUMENTS, days: float = YEAR, **options) -> dict[tuple, float]:
    table = interest(tables, carried, period_days=days, currency="EUR", **options)
    assert dict(table.schema) == INTEREST
    return {(part, subject): amount for part, subject, amount in table.select("part", "subject", "amount").rows()}


def test_each_part_alone_is_scaled_to_a_year():
    half = YEAR / 2
    assert amounts(friction(), days=half) == {("wrong entries", "prices"): 600.0}
    assert amounts(friction(verdict="instant")) == amounts(friction(net=0.0)) == {}
    never = {"reconciliation.documents": documents(("1", "never shipped", 70.0, True, "EUR"))}
    assert amounts(never, days=half) == {("documents", "never shipped"): 140.0}
    gone = {"reconciliation.unmatched": lost(("orders", "1", 50.0))}
    assert amounts(gone, days=half) == {("transfers", "orders"): 100.0}
    searched = {"accountability.incidents": frame(search_hours=[3.0, 2.0, 0.0, None])}
    assert amounts(searched, days=half) == {("search", "incidents"): None}
    assert amounts(searched, days=half, hour_cost=80.0) == {("search", "incidents"): 800.0}


def test_an_outage_counts_at_an_ordinary_hour_and_as_often_as_it_was_seen():
    hours = 24 * YEAR
    # Five messages in a mean hour, ten in the busiest: half of the loss, twice.
    ((_, amount),) = amounts(outage(messages=int(5 * hours))).items()
    assert amount == pytest.approx(900.0, rel=1e-3)
    # Never more than in the busiest hour.
    ((_, amount),) = amounts(outage(messages=int(50 * hours))).items()
    assert amount == pytest.approx(1800.0)
    assert amounts(outage(messages=1000, outages=0)) == {}


def test_an_order_lost_in_an_outage_and_missing_among_the_documents_counts_once():
    """Planted overlap: two outages of 900 each lost orders that are also flagged, and logged as lost transfers."""
    often = int(10 * 24 * YEAR)
    tables = outage(messages=often) | {
        "reconciliation.documents": documents(
            ("SO1", "never shipped", 500.0, True, "EUR"), ("SO2", "paid twice", 40.0, True, "EUR")
        ),
        "reconciliation.unmatched": lost(("orders", "SO1", 500.0), ("orders", "X9", 100.0)),
    }
    carried = frame(integration=["orders", "orders", None], document=["SO1", "SO2", "SO3"])
    found = amounts(tables, carried)
    # SO1 stands under documents, X9 under transfers; the outages keep what goes beyond these 600.
    assert found == pytest.approx(
        {
            ("documents", "never shipped"): 500.0,
            ("documents", "paid twice"): 40.0,
            ("transfers", "orders"): 100.0,
            ("outages", "orders"): 1800.0 - 600.0,
        },
        rel=1e-4,
    )
    # What another integration carried is not the outage's.
    elsewhere = frame(integration=["invoices"], document=["SO1"])
    assert amounts(tables, elsewhere)["outages", "orders"] == pytest.approx(1700.0, rel=1e-4)


def test_an_order_that_two_integrations_lost_in_one_outage_counts_once():
    both = ["orders", "confirmations"]
    tables = {
        "reconciliation.unmatched": lost(*((each, "4711", 100.0) for each in both)),
        "dependency_fragility.outages": frame(
            integration=both, target=["ERP"] * 2, median_loss=[100.0] * 2, arrivals=[1] * 2
        ),
        "dependency_fragility.down_times": frame(system=["ERP"]),
        "latency.integrations": frame(integration=both, messages=[10**6] * 2),
    }
    assert sum(amounts(tables).values()) == pytest.approx(100)
    # What one of them lost besides is its own.
    besides = tables | {"reconciliation.unmatched": lost(("orders", "4711", 100.0), ("confirmations", "4712", 30.0))}
    assert sum(amounts(besides).values()) == pytest.approx(200)


def test_an_outage_never_owes_less_than_nothing():
    tables = outage(100.0, messages=int(10 * 24 * YEAR), outages=1) | {
        "reconciliation.documents": documents(("SO1", "never shipped", 500.0, True, "EUR"))
    }
    table = interest(tables, frame(integration=["orders"], document=["SO1"]), period_days=YEAR, currency="EUR")
    row = table.filter(part="outages").row(0, named=True)
    assert (row["amount"], row["left_to_others"]) == (0.0, pytest.approx(100.0, rel=1e-3))


def test_a_wrong_amount_is_a_wrong_entry_or_a_document_and_never_both():
    wrong = {"reconciliation.documents": documents(("SO1", "over-invoiced", 80.0, True, "EUR"))}
    assert amounts(wrong) == {("documents", "over-invoiced"): 80.0}
    assert amounts(wrong | friction()) == {("wrong entries", "prices"): 300.0, ("documents", "over-invoiced"): 0.0}
    assert amounts(wrong | friction(verdict="instant")) == {("documents", "over-invoiced"): 80.0}
    table = interest(wrong | friction(), NO_DOCUMENTS, period_days=YEAR, currency="EUR")
    assert table.filter(part="documents")["left_to_others"].item() == 80.0


def test_an_object_counts_once_however_often_it_is_lost():
    tables = {
        "reconciliation.unmatched": lost(("orders", "1", 50.0), ("stock", "1", 70.0), ("orders", "2", None)),
        "reconciliation.duplicates": twice(
            ("orders", "1", 20.0, 3), ("orders", "3", 20.0, 3), ("orders", "4", -5.0, 2)
        ),
    }
    assert amounts(tables) == {("transfers", "stock"): 70.0, ("transfers", "orders"): 45.0}


def test_what_is_only_late_or_in_another_currency_or_balanced_is_no_loss():
    rows = documents(
        ("1", "never shipped", 10.0, True, "EUR"),
        ("2", "never shipped", 1000.0, False, "EUR"),
        ("3", "never shipped", 1000.0, True, "USD"),
        ("4", "open", 1000.0, True, "EUR"),
        ("5", "balanced", 1000.0, True, "EUR"),
        ("6", "paid twice", None, True, "EUR"),
    )
    assert amounts({"reconciliation.documents": rows}) == {("documents", "never shipped"): 10.0}


def test_fewer_than_four_weeks_say_nothing_of_a_year():
    assert amounts(friction(), days=27.9) == {("wrong entries", "prices"): None}
    assert amounts(friction(), days=28.0) == {("wrong entries", "prices"): 300.0 * YEAR / 28}
    assert amounts(friction(), days=None) == {("wrong entries", "prices"): None}


def test_parts_add_up_to_no_more_than_an_oracle_that_counts_each_object_once():
    """Random companies: whatever overlaps, the money of objects is counted at most once."""
    for seed in range(40):
        rng = Random(seed)
        numbers = [str(each) for each in range(6)]
        flags = ("never shipped", "invoice without shipment", "paid twice", "over-invoiced", "balanced")
        lines = [
            (number, rng.choice(flags), float(rng.randint(1, 50)), rng.random() < 0.8, "EUR") for number in numbers[:4]
        ]
        gone = [(rng.choice("ab"), rng.choice(numbers), float(rng.randint(1, 50))) for _ in range(4)]
        carried = frame(integration=[rng.choice(["a", "b", None]) for _ in lines], document=numbers[:4])
        held = rng.random() < 0.5
        tables = {"reconciliation.documents": documents(*lines), "reconciliation.unmatched": lost(*gone)}
        found = amounts(tables | (friction() if held else {}), carried)
        expected = 0.0
        for _, flag, money, certain, _ in lines:
            if certain and flag != "balanced" and not (held and flag == "over-invoiced"):
                expected += money
        for number in numbers[4:]:
            expected += max((money for _, what, money in gone if what == number), default=0.0)
        assert sum(found.values()) == pytest.approx(expected + 300.0 * held), seed


BAD_TRAIL = frame(verdict=["gaps"], joint=[0.5], messages=[100], missing=["why"])
UNSTABLE = frame(level=["foundation"], verdict=["unstable"], integrations=[2])
ORPHANS = frame(report=["r"], decisions=[[]], statutory=[False], deliveries=[5])
OPEN = {
    "reconciliation.trail_whole": BAD_TRAIL,
    "dependency_fragility.levels": UNSTABLE,
    "report_overload.reports": ORPHANS,
}


def owed(tables: dict, said: pl.DataFrame, of: pl.DataFrame | None = None, value: float | None = None) -> dict:
    rows = pl.DataFrame(schema=INTEREST) if of is None else of
    table = debt(answers(tables, said), rows, search_hours=None, value=(value, None), currency="EUR", period_days=YEAR)
    return table.row(0, named=True)


def test_more_than_two_open_questions_are_debt():
    for many in range(4):
        tables = all_yes() | dict(list(OPEN.items())[:many])
        row = owed(tables, claims())
        assert row["open_questions"] == many
        assert row["verdict"] == ("debt" if many > 2 else "none")
        assert row["open"] == ["8 no", "11 partial", "12 no"][:many] if many != 2 else ["8 no", "12 no"]


def test_none_only_where_the_unanswered_could_not_make_it_debt():
    tables = all_yes() | {"reconciliation.trail_whole": BAD_TRAIL}
    del tables["latency.capacity"]
    row = owed(tables, claims())
    assert (row["verdict"], row["open_questions"], row["unanswered"], row["answered"]) == ("none", 1, 1, 13)
    del tables["audit.outcomes"]
    assert owed(tables, claims())["verdict"] == "cannot tell"
    # A claim of yes closes a question that nobody can measure, an admission opens it.
    row = owed(tables, claims((7, "yes", "coo", DAY), (13, "partial", "coo", DAY)))
    assert (row["verdict"], row["open_questions"], row["claimed_only"]) == ("none", 2, 2)
    assert row["open"] == ["8 no", "13 partial (claimed only)"]
    assert owed({}, claims())["verdict"] == "cannot tell"


def test_interest_is_the_sum_of_its_parts_and_its_band_a_share_of_the_value():
    rows = interest(
        friction() | {"reconciliation.documents": documents(("1", "never shipped", 70.0, True, "EUR"))},
        NO_DOCUMENTS,
        period_days=YEAR,
        currency="EUR",
    )
    row = owed(all_yes(), claims(), rows, value=3700.0)
    assert row["yearly_interest"] == 370.0 == row["wrong_entries_interest"] + row["documents_interest"]
    assert row["search_interest"] is row["transfers_interest"] is row["outages_interest"] is None
    assert row["band"] == "B"
    assert owed(all_yes(), claims())["yearly_interest"] is None


@pytest.mark.parametrize(
    ("share", "letter"),
    [(0.0, "A"), (0.05, "A"), (0.0501, "B"), (0.1, "B"), (0.2, "C"), (0.21, "D"), (0.5, "D"), (0.51, "E"), (7.0, "E")],
)
def test_the_bands_of_interest(share, letter):
    assert band(share, 1.0) == letter
    assert band(share, None) is band(share, 0.0) is band(None, 1.0) is None


def test_the_value_of_a_year_counts_no_object_twice():
    nothing = pl.DataFrame(schema={"value_per_hour": pl.Float64})
    worth = frame(integration=["a", "b"], value_per_object=[10.0, 4.0])
    moved = frame(integration=["a", "a", "b"], messages=[100, 50, 300], error_share=[0.5, None, 0.0])
    assert yearly_value(nothing, worth, moved, period_days=YEAR) == (1200.0, "the integration that carries most")
    assert yearly_value(nothing, worth, moved, period_days=20.0) == (None, None)
    assert yearly_value(nothing, worth, moved, period_days=None) == (None, None)
    assert yearly_value(nothing, worth.clear(), moved, period_days=YEAR) == (None, None)
    hourly = frame(value_per_hour=[2.0, 3.0, None])
    assert yearly_value(hourly, worth, moved, period_days=YEAR) == (5.0 * 24 * YEAR, "capabilities")


def test_on_evidence_documents_own_what_messages_carried():
    """One order never shipped, of the orders of two months, which a message also lost on its way."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(60)]
    orders = pl.DataFrame(
        {"document": [f"SO{day}" for day in range(60)], "line": "1", "type": "order", "quantity": 1.0, "amount": 25.0}
    ).with_columns(created_at=pl.Series(days), currency=pl.lit("EUR"))
    shipped = orders.with_columns(
        type=pl.lit("delivery"),
        preceding="document",
        preceding_line="line",
        document=pl.lit("DL") + pl.col("document"),
        created_at=pl.col("created_at") + pl.duration(hours=1),
    ).filter(pl.col("preceding") != "SO3")
    evidence = ih.Evidence(documents=pl.concat([orders, shipped], how="diagonal"))
    (row,) = questions.interest(evidence).filter(subject="never shipped").to_dicts()
    assert (row["part"], row["period_amount"], row["n"]) == ("documents", 25.0, 1)
    whole = questions.debt(evidence).row(0, named=True)
    assert whole["yearly_interest"] == questions.interest(evidence)["amount"].sum()
    assert whole["currency"] == "EUR"


def test_notes_say_what_would_make_more_possible():
    short = debt(
        answers({}, claims()),
        interest({}, NO_DOCUMENTS, period_days=3, currency=None),
        search_hours=5.0,
        value=(None, None),
        currency=None,
        period_days=3.0,
    )
    table = answers({}, claims())
    notes = answer_notes(table, pl.DataFrame(schema=INTEREST), short)
    assert notes["interest"] == TOO_SHORT
    assert "catalog.yaml" in notes["answers"]
    year = short.with_columns(period_days=YEAR, search_hours=5.0)
    assert answer_notes(table, pl.DataFrame(schema=INTEREST), year)["debt"] == NO_HOUR_COST
    assert answer_notes(
        answers(all_yes(), claims((1, "yes", "coo", DAY))), pl.DataFrame(schema=INTEREST), year
    ).keys() == {
        "interest",
        "debt",
    }


def test_order_copies_and_a_single_row_change_nothing():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = pl.DataFrame(
        {"document": [f"SO{day}" for day in range(40)], "line": "1", "type": "order", "quantity": 1.0, "amount": 25.0}
    ).with_columns(created_at=pl.Series([start + timedelta(days=day) for day in range(40)]), currency=pl.lit("EUR"))
    once = ih.Evidence(documents=rows)
    for other in (rows.sample(fraction=1, shuffle=True, seed=3), pl.concat([rows, rows.reverse()])):
        assert questions.interest(ih.Evidence(documents=other)).equals(questions.interest(once))
        assert questions.debt(ih.Evidence(documents=other)).equals(questions.debt(once))
    single = questions.debt(ih.Evidence(documents=rows.head(1))).row(0, named=True)
    assert (single["period_days"], single["yearly_interest"], single["verdict"]) == (0.0, None, "cannot tell")


def test_load_tests_carry_no_document_and_are_no_use():
    sent = datetime(2026, 1, 1, tzinfo=UTC)
    row = {
        "source": "CRM",
        "target": "ERP",
        "integration": "orders",
        "object_id": "SO1",
        "status": "ok",
        "sent_at": sent,
    }
    messages = pl.DataFrame([row | {"message_id": "1", "load_test": True}])
    order = pl.DataFrame([{"document": "SO1", "line": "1", "type": "order", "created_at": sent}])
    evidence = ih.Evidence(messages=messages, documents=order)
    assert questions._delivered(evidence).is_empty()
    assert questions._carried(evidence).row(0) == (None, "SO1")
    real = evidence.replace(messages=messages.with_columns(load_test=False))
    assert questions._delivered(real).height == 1
    assert questions._carried(real).row(0) == ("orders", "SO1")
