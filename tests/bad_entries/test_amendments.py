"""A change is not an error: what says that a value was wrong, each kind planted alone, and business that goes on."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, drawn, messages
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.error_propagation.wrong_values.amendments import AMENDMENTS
from integrhealth.analyses.error_propagation.wrong_values.amendments import amendments as amended
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.corrections import CORRECTING, says_corrected
from integrhealth.language.schema import TIME, conform

DAY = 86_400
COLUMNS = "element entity system value_hash at actor actor_type message_id change_reason\n"
# An order of two goes from the shop to the erp and the warehouse, and a person makes it three after an hour.
ORDER = """
    message_id source target kind  object_type object_id operation     sent_at finished_at status
    a          shop   erp    queue order       1         order.created 0       10          ok
    b          erp    wms    queue order       1         order.created 20      30          ok
"""
AMENDED = f"{COLUMNS}quantity 1 shop two 0 anna person - -\nquantity 1 shop three 3600 {{by}} person - {{reason}}\n"


def asked(picture: str, changes: str, *, elements: tuple[dict, ...] = (), **frames: pl.DataFrame) -> ih.Evidence:
    catalog = Catalog(elements=pl.DataFrame(elements, schema=CATALOG["elements"]))
    return ih.Evidence(
        messages=messages(picture), field_changes=drawn("field_changes", changes), catalog=catalog, **frames
    )


def judged(*given: str, **more) -> list[str | None]:
    """The evidence of each change by a person, by time; every one with evidence is a bad entry, and no other is."""
    evidence = asked(*given, **more)
    listed = evidence.changes_by_persons
    corrected = evidence.bad_entries.filter(
        pl.col("detection").is_in(["corrected", "reversed"]) | pl.col("element").is_not_null()
    )
    assert corrected.height == listed["evidence"].drop_nulls().len()
    return listed["evidence"].to_list()


def test_an_order_that_is_amended_was_never_wrong():
    evidence = asked(ORDER, AMENDED.format(by="anna", reason="-"))
    assert evidence.bad_entries.is_empty()
    assert ih.error_propagation.amendments(evidence).rows() == [("quantity", "shop", 1, 0, 1, 1)]


@pytest.mark.parametrize(
    ("reason", "evidence"),
    [
        ("typo", "marked as a correction"),
        ("Storno", "marked as a correction"),
        ("ENTRY_CORRECTED", "marked as a correction"),
        ("priceCorrection", "marked as a correction"),
        ("rückgängig", "marked as a correction"),
        ("Z1", "marked as a correction"),  # a code of the catalog
        ("z1", None),
        ("customer_wish", None),
        ("prefix", None),  # words are whole
        ("fixed_price", None),
        ("correctional_facility_moved", None),
    ],
)
def test_a_reason_says_that_it_corrects(reason, evidence):
    codes = {"element": "quantity", "correction_codes": ["Z1", "07"]}
    assert judged(ORDER, AMENDED.format(by="anna", reason=reason), elements=(codes,)) == [evidence]
    other = codes | {"element": "address"}
    expected = None if reason == "Z1" else evidence
    assert judged(ORDER, AMENDED.format(by="anna", reason=reason), elements=(other,)) == [expected]


def test_every_word_of_the_list_is_one_and_a_longer_word_is_another():
    words = pl.DataFrame({"word": CORRECTING})
    assert words.select(says_corrected(pl.col("word"))).to_series().all()
    assert not words.select(says_corrected(pl.format("x{}x", "word"))).to_series().any()
    assert not pl.DataFrame({"word": [None, ""]}).select(says_corrected(pl.col("word"))).to_series().any()


@pytest.mark.parametrize(
    ("line", "evidence"),
    [
        ("c shop erp queue order 1 order.corrected 3605 3610 ok", "marked by its message"),
        ("c shop erp queue order 1 order.changed 3605 3610 ok", None),
        ("c erp wms queue order 1 order.corrected 3605 3610 ok", None),  # of another system
        ("c shop erp queue order 2 order.corrected 3605 3610 ok", None),  # of another order
        ("c shop erp queue order 1 order.corrected 3599 3610 ok", None),  # of before
        # Of two the first carries the change.
        ("c shop erp queue order 1 order.changed 3604 3610 ok\nd shop erp queue order 1 fix 3605 3610 ok", None),
    ],
)
def test_the_message_that_carries_the_change_says_that_it_corrects(line, evidence):
    assert judged(ORDER + line, AMENDED.format(by="anna", reason="-")) == [evidence]


def test_a_correction_of_the_next_value_says_nothing_of_this_one():
    changes = AMENDED.format(by="anna", reason="-") + "quantity 1 shop four 7200 anna person - -"
    line = "c shop erp queue order 1 order.corrected 7205 7210 ok"
    assert judged(ORDER + line, changes) == [None, "marked by its message"]


@pytest.mark.parametrize(
    ("line", "evidence"),
    [
        ("c erp bank queue order 1 pay 40 50 rejected", "rejected or stopped"),
        ("c erp bank queue order 1 pay 40 50 failed", None),  # says nothing of the content
        ("c erp bank queue order 1 pay 3700 3710 rejected", None),  # of the value after it
        ("c erp bank queue order 2 pay 40 50 rejected", None),
    ],
)
def test_what_a_later_system_rejected_before_the_change_was_wrong(line, evidence):
    evidence_of = asked(ORDER + line, AMENDED.format(by="anna", reason="-")).changes_by_persons["evidence"]
    assert evidence_of.to_list() == [evidence]


@pytest.mark.parametrize(
    ("decision", "was_bad", "evidence"),
    [
        ("rejected", "-", "rejected or stopped"),
        ("released", "true", "rejected or stopped"),
        ("released", "false", None),
    ],
)
def test_what_a_checkpoint_stopped_before_the_change_was_wrong(decision, was_bad, evidence):
    holds = drawn("holds", f"checkpoint message_id held_at released_at decision was_bad\nx a 1 9 {decision} {was_bad}")
    assert judged(ORDER, AMENDED.format(by="anna", reason="-"), holds=holds) == [evidence]


@pytest.mark.parametrize(
    ("at", "entity", "evidence"),
    [
        (0, "1", "named by an incident"),
        (3600, "1", "named by an incident"),
        (-1, "1", None),
        (3601, "1", None),
        (60, "2", None),
    ],
)
def test_an_incident_named_the_object_while_it_had_the_value(at, entity, evidence):
    events = drawn("incident_events", f"incident at object_id\nINC1 {at} {entity}\nINC0 60 -")
    assert judged(ORDER, AMENDED.format(by="anna", reason="-"), incident_events=events) == [evidence]


@pytest.mark.parametrize(
    ("declared", "evidence"),
    [
        ({"element": "quantity", "amended": False}, "not amended, says the catalog"),
        ({"element": "quantity", "amended": True}, None),
        ({"element": "quantity"}, None),
        ({"element": "address", "amended": False}, None),
    ],
)
def test_the_catalog_says_what_people_do_not_amend(declared, evidence):
    assert judged(ORDER, AMENDED.format(by="anna", reason="-"), elements=(declared,)) == [evidence]


# The warehouse got two right and the erp something else, which a person there sets to two.
ODD = f"""{COLUMNS}quantity 1 shop two 0 anna person - -
quantity 1 wms two 30 - system b -
quantity 1 erp odd 40 - system a -
quantity 1 erp {{new}} 3600 bert person - -
"""


@pytest.mark.parametrize(
    ("new", "more", "evidence"),
    [
        ("two", "", "no other system held it"),
        ("three", "", None),  # to what no other system holds
        ("two", "quantity 1 bank odd 20 - system m -", None),  # another one holds it too
        ("two", "quantity 1 bank odd 20 - system m -\nquantity 1 bank two 50 - system n -", None),  # it held it once
        ("two", "quantity 1 bank other 20 - system m -", None),  # the others do not agree
    ],
)
def test_a_value_that_no_other_system_held_was_wrong(new, more, evidence):
    assert judged(ORDER, ODD.format(new=new) + more) == [evidence]


def test_one_other_system_is_no_majority():
    alone = "\n".join(line for line in ODD.format(new="two").splitlines() if " wms " not in line)
    assert judged(ORDER, alone) == [None]


def test_an_address_that_a_person_copies_to_a_system_without_messages_moved_before():
    changes = f"""{COLUMNS}address 1 shop old {-9 * DAY} anna person - -
        address 1 erp old {-9 * DAY + 600} bert person - -
        address 1 crm old {-9 * DAY + 10} - system m -
        address 1 shop new 0 anna person - -
        address 1 crm new 10 - system n -
        address 1 erp new 7200 bert person - -
    """
    assert judged(ORDER, changes) == [None, None]
    # Also where the log begins with the move.
    late = f"{COLUMNS}address 1 shop new 0 anna person - -\naddress 1 crm new 10 - system n -\n"
    late += "address 1 erp old -600 bert person - -\naddress 1 erp new 7200 bert person - -"
    assert judged(ORDER, late) == [None]


BACK = f"""{COLUMNS}quantity 1 shop two 0 anna person - -
quantity 1 shop three 600 {{who}} {{kind}} {{message}} -
quantity 1 shop two 4200 {{back}} person - -
"""


def others(count: int) -> str:
    """As many other orders that are amended in the shop, and stay so."""
    return "".join(
        f"quantity o{place} shop two 0 anna person - -\nquantity o{place} shop four {900 + place} anna person - -\n"
        for place in range(count)
    )


@pytest.mark.parametrize(
    ("who", "kind", "message", "back", "evidence"),
    [
        ("anna", "person", "-", "anna", None),  # changed her mind
        ("-", "person", "-", "-", None),  # who knows
        ("-", "person", "-", "bert", None),
        ("anna", "person", "-", "bert", "taken back"),
        ("job", "system", "-", "anna", "taken back"),
        ("-", "system", "m9", "anna", "taken back"),  # brought by a message, and nobody entered it
    ],
)
def test_a_change_back_is_evidence_if_somebody_else_takes_it_back(who, kind, message, back, evidence):
    changes = BACK.format(who=who, kind=kind, message=message, back=back) + others(9)
    listed = asked(ORDER, changes).changes_by_persons
    assert (
        listed.filter(pl.col("entity") == "1", pl.col("changed_at") == NOON + timedelta(seconds=4200))[
            "evidence"
        ].item()
        == evidence
    )
    assert listed.filter(pl.col("entity") != "1")["evidence"].null_count() == 9


@pytest.mark.parametrize(
    ("taken_back", "lasting", "entries"),
    [(1, 0, 1), (1, 1, 0), (3, 0, 3), (3, 1, 0), (9, 2, 9), (9, 3, 0)],  # lower bounds of the last: 0.52, 0.47
)
def test_where_changes_do_not_last_a_change_back_is_a_correction(taken_back, lasting, entries):
    rows = BACK.format(who="anna", kind="person", message="-", back="anna").splitlines()[1:]
    several = [line.replace(" 1 ", f" r{place} ", 1) for place in range(taken_back) for line in rows]
    corrected = asked(ORDER, COLUMNS + "\n".join(several) + "\n" + others(lasting)).bad_entries
    assert corrected["detection"].to_list() == ["reversed"] * entries


def test_a_change_after_thirty_days_is_an_amendment_whatever_is_said_of_it():
    changes = f"{COLUMNS}quantity 1 shop two 0 anna person - -\nquantity 1 shop three {{}} anna person - typo\n"
    assert judged(ORDER, changes.format(30 * DAY)) == ["marked as a correction"]
    assert judged(ORDER, changes.format(30 * DAY + 1)) == [None]


@pytest.mark.parametrize(("at", "evidence"), [(30 * DAY, "marked as a correction"), (30 * DAY + 1, None)])
def test_the_thirty_days_run_from_the_entry_also_where_a_copy_came_late(at, evidence):
    changes = f"{COLUMNS}quantity 1 shop two 0 anna person - -\nquantity 1 erp two {25 * DAY} - system m9 -\n"
    assert judged(ORDER, f"{changes}quantity 1 erp three {at} bert person - typo") == [evidence]


def customers(seed: int, *, orders: int = 200, mistakes: int = 0) -> ih.Evidence:
    """ORDERS of customers that go to two systems, each amended once after a while and every tenth back again, by the
    same customer; in a few more a clerk mistypes the article, and a colleague takes that back."""
    random = np.random.default_rng(seed)
    number = np.arange(orders)
    entered = number * 600.0
    back = number % 10 == 0
    amended_at = entered + random.exponential(7200, orders) + 60
    rows = [(f"o{n}", "quantity", "shop", "v0", entered[n], f"c{n}", "person", None) for n in number]
    rows += [(f"o{n}", "quantity", "shop", "v1", amended_at[n], f"c{n}", "person", None) for n in number]
    rows += [
        (f"o{n}", "quantity", "shop", "v0", amended_at[n] + 60 + random.exponential(3600), f"c{n}", "person", None)
        for n in number[back]
    ]
    for n in number[:mistakes]:
        wrong_at = entered[n] + 30
        rows += [
            (f"o{n}", "article", "erp", "right", entered[n] + 10, "clerk1", "person", None),
            (f"o{n}", "article", "erp", "wrong", wrong_at, "clerk1", "person", None),
            (f"o{n}", "article", "erp", "right", wrong_at + random.exponential(3600) + 60, "clerk2", "person", None),
        ]
    names = ["entity", "element", "system", "value_hash", "second", "actor", "actor_type", "message_id"]
    changes = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    sent = [
        pl.DataFrame({"object_id": [f"o{n}" for n in number], "second": entered + late}).with_columns(
            source=pl.lit(source), target=pl.lit(target)
        )
        for source, target, late in (("shop", "erp", 5), ("erp", "wms", 40))
    ]
    moments = pl.lit(NOON).cast(TIME) + pl.duration(microseconds=(pl.col("second") * 1e6).cast(pl.Int64))
    frame = pl.concat(sent).with_row_index("n").with_columns(
        message_id=pl.format("m{}", "n"), object_type=pl.lit("order"), status=pl.lit("ok"), kind=pl.lit("queue"),
        sent_at=moments, finished_at=moments + pl.duration(seconds=2),
    )  # fmt: skip
    catalog = Catalog(
        integrations=pl.DataFrame(
            [
                {
                    "integration": "orders",
                    "source": "shop",
                    "target": "erp",
                    "delay_cost_per_hour": 1.0,
                    "error_cost": 50.0,
                }
            ],
            schema=CATALOG["integrations"],
        )
    )
    return ih.Evidence(
        messages=conform(frame, "messages"),
        field_changes=conform(changes.with_columns(at=moments), "field_changes"),
        catalog=catalog,
    )


@pytest.mark.parametrize("seed", range(5))
def test_customers_who_amend_orders_and_change_their_minds_are_business(seed):
    evidence = customers(seed)
    assert evidence.bad_entries.is_empty()
    report = ih.error_propagation.report(evidence)
    assert report.tables["amendments"].rows() == [("quantity", "shop", 220, 0, 220, 200)]
    assert report.findings.is_empty()
    assert report.tables["root_causes"].is_empty()
    assert set(report.tables["friction"]["verdict"]) == {"instant"}
    assert "220 in the course of business" in report.notes["contamination"]


@pytest.mark.parametrize("seed", range(5))
def test_mistakes_that_colleagues_take_back_are_told_from_amendments(seed):
    evidence = customers(seed, mistakes=12)
    assert evidence.bad_entries.select("origin", "element", "detection").unique().rows() == [
        ("erp", "article", "reversed")
    ]
    assert evidence.bad_entries.height == 12
    table = ih.error_propagation.amendments(evidence)
    # The write of the mistake itself is a change that no write corrected.
    assert table.rows() == [("quantity", "shop", 220, 0, 220, 200), ("article", "erp", 24, 12, 12, 12)]
    [subject] = ih.error_propagation.report(evidence).findings.filter(rule="wrong_value_spread")["subject"]
    assert subject == "erp"


def direct_changes(field_changes: pl.DataFrame) -> int:
    """How many direct writes of persons replaced another value, counted row by row."""
    count, shown = 0, {}
    for row in field_changes.sort("at").iter_rows(named=True):
        place = row["element"], row["entity"], row["system"]
        before = shown.get(place)
        shown[place] = row["value_hash"]
        count += before not in (None, row["value_hash"]) and not row["message_id"] and row["actor_type"] != "system"
    return count


@pytest.mark.parametrize("seed", range(5))
def test_every_change_is_a_correction_or_an_amendment_and_parts_add_up(seed):
    random = np.random.default_rng(seed)
    size = 2000
    pick = lambda *options: random.choice(options, size).tolist()  # noqa: E731
    written = pl.DataFrame(
        {
            "element": pick("a", "b"),
            "entity": pick(*(f"o{place}" for place in range(60))),
            "system": pick("shop", "erp", "wms"),
            "value_hash": pick("x", "y", "z"),
            "at": [NOON + timedelta(seconds=int(second)) for second in random.permutation(60 * DAY)[:size]],
            "actor": pick("anna", "bert", None),
            "actor_type": pick("person", "person", "system", None),
            "change_reason": pick("typo", None, None, "wish", None),
        },
    )
    evidence = ih.Evidence(messages=messages(ORDER), field_changes=conform(written, "field_changes"))
    changes, table = evidence.changes_by_persons, ih.error_propagation.amendments(evidence)
    assert (
        0
        < table["corrections"].sum()
        < table["changes"].sum()
        == changes.height
        == direct_changes(evidence.field_changes)
    )
    assert (table["corrections"] + table["amendments"]).equals(table["changes"], check_names=False)
    halves = [amended(changes.filter((pl.col("entity").str.tail(1) < "5") == half)) for half in (True, False)]
    added = pl.concat(halves).group_by("element", "system").agg(pl.col(list(AMENDMENTS)[2:]).sum())
    assert_frame_equal(added, table, check_row_order=False)


def test_nobody_changed_anything():
    evidence = ih.Evidence()
    assert dict(ih.error_propagation.amendments(evidence).schema) == AMENDMENTS
    assert evidence.changes_by_persons.is_empty()
