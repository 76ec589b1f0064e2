"""Meaning: bits that are lost are counted, copies and renamed columns lose none, and random ids say nothing."""

from datetime import timedelta
from math import log2

import numpy as np
import polars as pl
import pytest
from drawing.transforms import INTEGRATION, evidence, sent
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.transforms.bits import pair_facts, unrelated_chance
from integrhealth.analyses.reconciliation.transforms.names import same_field
from integrhealth.analyses.reconciliation.transforms.questions import transform_fields, transforms

STATUSES = ["new", "packed", "shipped", "returned", "closed"]
MERGED = {"new": "open", "packed": "open", "shipped": "open", "returned": "done", "closed": "done"}
LOST = 0.6 * log2(3) + 0.4 * log2(2)


def one(table):
    (row,) = table.filter(integration=INTEGRATION).to_dicts()
    return row


def turns(values, count):
    return [values[number % len(values)] for number in range(count)]


def drawn(values, count, seed=1):
    return [str(value) for value in np.random.default_rng(seed).choice(values, count)]


def ids(prefix, count):
    return [f"{prefix}{number}" for number in range(count)]


# Planted truth


@pytest.mark.parametrize("registered", [(), [(INTEGRATION, "status", "map", ["status"])]])
def test_five_statuses_on_two_lose_exactly_their_bits(registered):
    before = turns(STATUSES, 1000)
    part = sent([("order.status", "order.status", before, [MERGED[status] for status in before])])
    row, field = (one(table(evidence(part, transforms=registered))) for table in (transforms, transform_fields))
    assert round(LOST, 3) == 1.351
    assert row["loss_bits"] == pytest.approx(LOST, abs=1e-12)
    assert row["loss_low"] < LOST < row["loss_high"] < LOST + 0.05
    assert (row["verdict"], row["copy_share"], row["added_fields"]) == ("loses meaning", 0, [])
    assert (field["fate"], field["values_before"], field["values_after"], field["paired"]) == ("loses", 5, 2, 1000)
    assert (field["copied"], field["renamed"]) == (0, 0)
    assert field["before_bits"] == pytest.approx(log2(5))
    assert field["gain_bits"] == pytest.approx(0)
    assert field["kind"] == ("map" if registered else None)


@pytest.mark.parametrize("registered", [(), [(INTEGRATION, "Kundenstatus", "copy", ["status"])]])
@pytest.mark.parametrize("values", [turns(STATUSES, 200), ids("c", 200)])
def test_a_renamed_column_is_a_copy_and_loses_nothing(registered, values):
    """Registered or not: the values arrive as they were."""
    row = one(transforms(evidence(sent([("customer.status", "Kundenstatus", values, values)]), transforms=registered)))
    assert (row["copy_share"], row["loss_bits"], row["loss_high"], row["verdict"]) == (1, 0, 0, "passes through")
    assert row["added_fields"] == []
    linked = one(
        transform_fields(evidence(sent([("customer.status", "Kundenstatus", values, values)]), transforms=registered))
    )
    assert (linked["from"], linked["linked_by"], linked["fate"]) == (
        ["customer.status"],
        "catalog" if registered else "values",
        "copied",
    )


def test_codes_that_stand_one_to_one_for_words_lose_nothing_and_are_no_copies():
    before = drawn(STATUSES, 500)
    after = [f"0{STATUSES.index(status)}" for status in before]
    row, field = (
        one(table(evidence(sent([("status", "status", before, after)])))) for table in (transforms, transform_fields)
    )
    assert (row["copy_share"], row["renamed_share"], row["loss_bits"], row["verdict"]) == (0, 1, 0, "passes through")
    assert (field["fate"], field["p_value"], field["renamed"]) == ("renamed", 1 / 200, 500)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (turns(STATUSES, 400), ids("i", 400)),
        (ids("k", 400), ids("i", 400)),
        (ids("k", 400), turns(["a", "b"], 400)),
        (None, ids("i", 400)),
    ],
)
def test_random_ids_are_neither_gain_nor_loss(before, after):
    part = sent(
        [
            ("code" if before else None, "code", before, after),
            ("name", "name", turns(STATUSES, 400), turns(STATUSES, 400)),
        ]
    )
    fields = transform_fields(evidence(part)).filter(field="code").to_dicts()[0]
    assert (fields["fate"], fields["loss_bits"], fields["gain_bits"], fields["n"]) == ("cannot tell", None, None, 400)
    row = one(transforms(evidence(part)))
    assert (row["added_fields"], row["loss_bits"]) == ([], 0)


def test_ids_of_entities_that_are_sent_again_and_again_are_no_gain_either():
    after = [f"i{number % 40}" for number in range(400)]
    part = sent([(None, "wms.id", None, after)], entities=40)
    assert one(transform_fields(evidence(part)))["fate"] == "cannot tell"
    zones = [f"zone {number % 40 % 4}" for number in range(400)]
    (field,) = transform_fields(evidence(sent([(None, "wms.zone", None, zones)], entities=40))).to_dicts()
    assert (field["fate"], field["gain_bits"]) == ("added", pytest.approx(2))


def test_ids_of_one_entity_say_as_little():
    for source in ("code", None):
        part = sent([(source, "code", turns(STATUSES, 100), ids("i", 100))], entities=1)
        assert one(transform_fields(evidence(part)))["fate"] == "cannot tell"


def test_constants_are_not_taken_for_each_other():
    part = sent([("client", None, ["100"] * 60, ["100"] * 60), (None, "plant", None, ["100"] * 60)])
    field = one(transform_fields(evidence(part)))
    assert (field["field"], field["from"], field["linked_by"]) == ("plant", None, None)


def test_what_the_source_never_had_is_added_and_a_constant_adds_nothing():
    copied = turns(STATUSES, 120)
    part = sent(
        [
            ("status", "status", copied, copied),
            (None, "zone", None, turns("ABCD", 120)),
            (None, "client", None, ["100"] * 120),
        ]
    )
    row = one(transforms(evidence(part)))
    assert (row["added_fields"], row["verdict"], row["copy_share"]) == (["zone"], "adds meaning", 1)
    assert transform_fields(evidence(part)).select("field", "fate", "gain_bits").rows() == [
        ("client", "cannot tell", None),
        ("status", "copied", 0),
        ("zone", "added", 2),
    ]


def test_what_the_catalog_derives_or_looks_up_is_added_and_what_it_maps_is_not():
    registered = [
        (INTEGRATION, "promised_on", "derive", ["sku", "quantity"]),
        (INTEGRATION, "tax_code", "map", None),
        (INTEGRATION, "colour", "map", ["colour"]),
        (INTEGRATION, "order_id", "copy", ["order_id"]),
        (INTEGRATION, "remark", "drop", ["remark"]),
    ]
    logs = evidence(transforms=registered)
    assert one(transforms(logs))["added_fields"] == ["promised_on", "tax_code"]
    assert one(transforms(logs))["verdict"] == "adds meaning"
    assert dict(transform_fields(logs).select("field", "fate").iter_rows()) == {
        "colour": "not seen",
        "order_id": "not seen",
        "promised_on": "added",
        "remark": "dropped",
        "tax_code": "added",
    }


def test_what_one_field_merges_and_another_keeps_is_not_lost():
    before = turns(STATUSES, 300)
    registered = [(INTEGRATION, "phase", "map", ["status"]), (INTEGRATION, "status", "copy", ["status"])]
    fields = [("status", "status", before, before), (None, "phase", None, [MERGED[status] for status in before])]
    row = one(transforms(evidence(sent(fields), transforms=registered)))
    assert (row["loss_bits"], row["copy_share"]) == (0, 0.5)
    lost = {
        field["field"]: field["loss_bits"]
        for field in transform_fields(evidence(sent(fields), transforms=registered)).to_dicts()
    }
    assert lost == {"phase": pytest.approx(LOST), "status": 0}


def test_nothing_is_lost_of_what_something_is_derived_from():
    before = turns(STATUSES, 300)
    part = sent([("status", "phase", before, [MERGED[status] for status in before])])
    row = one(transforms(evidence(part, transforms=[(INTEGRATION, "phase", "derive", ["status"])])))
    assert (row["verdict"], row["added_fields"], row["loss_bits"]) == ("adds meaning", ["phase"], None)


def test_two_source_elements_of_one_field_are_lost_together():
    """Two independent bits, of which the sum tells one and a half: H(X, Y | sum) = 1/2."""
    first, second = turns("0011", 400), turns("0101", 400)
    both = [str(int(a) + int(b)) for a, b in zip(first, second, strict=True)]
    registered = [(INTEGRATION, "total", "map", ["first", "line.second"])]
    part = sent([("first", "total", first, both), ("second", None, second, both)])
    field = transform_fields(evidence(part, transforms=registered)).to_dicts()[0]
    assert (field["from"], field["values_before"]) == (["first", "second"], 4)
    assert field["loss_bits"] == pytest.approx(0.5)


# The minimum data


def test_what_is_sent_and_never_used_is_named():
    wanted = ["order_id", "Order.Amount", "vat_id"]
    sends = ["order_id", "amount", "colour", "weight", "sku", "remark", "stock"]
    registered = [(INTEGRATION, "pick_zone", "derive", ["sku"]), (INTEGRATION, "remark", "drop", ["remark"])]
    part = sent([(None, "article.stock", None, ["1"] * 3)])
    row = one(transforms(evidence(part, transforms=registered, fields=[(INTEGRATION, wanted, sends)])))
    assert row["unused_fields"] == ["colour", "remark", "weight"]
    assert (row["sent_fields"], row["used_fields"], row["used_share"]) == (7, 4, pytest.approx(4 / 7))
    assert row["lost_fields"] == ["vat_id"]
    unsaid = one(transforms(evidence(part, fields=[(INTEGRATION, None, sends)])))
    assert (unsaid["unused_fields"], unsaid["used_share"], unsaid["sent_fields"]) == (None, None, 7)
    nothing = one(transforms(evidence(part, fields=[(INTEGRATION, ["a"], [])])))
    assert (nothing["unused_fields"], nothing["used_share"], nothing["lost_fields"]) == ([], None, ["a"])


@pytest.mark.parametrize(
    ("one_name", "other", "same"),
    [
        ("status", "status", True),
        ("order.status", "status", True),
        (" Status", "order.STATUS", True),
        ("order.status", "invoice.status", False),
        ("order.status", "order", False),
        ("status_code", "status", False),
        ("a.b.status", "status", True),
        (None, "status", None),
    ],
)
def test_the_object_before_a_field_may_be_left_out(one_name, other, same):
    row = pl.DataFrame({"one": [one_name], "other": [other]}, schema={"one": pl.String, "other": pl.String})
    assert row.select(same_field(pl.col("one"), pl.col("other"))).item() is same


# Edges and nothing there


def test_values_that_have_nothing_to_do_with_each_other_tell_nothing():
    """Shuffled: what the source showed is not what was sent, and a loss of it is none to talk about."""
    part = sent([("status", "status", drawn(STATUSES, 300, 1), drawn(["A", "B", "C"], 300, 2))])
    field, row = one(transform_fields(evidence(part))), one(transforms(evidence(part)))
    assert field["p_value"] > 0.05
    assert (field["fate"], field["loss_bits"], row["verdict"]) == ("cannot tell", None, "cannot tell")


def test_all_values_on_one_are_lost_whole():
    row = one(transforms(evidence(sent([("status", "status", turns(STATUSES, 100), ["x"] * 100)]))))
    assert (row["verdict"], row["loss_bits"]) == ("loses meaning", pytest.approx(log2(5)))


@pytest.mark.parametrize(("count", "verdict"), [(29, "cannot tell"), (30, "loses meaning")])
def test_below_the_sample_counts_stay_and_bits_go(count, verdict):
    before = turns(STATUSES, count)
    logs = evidence(sent([("status", "status", before, [MERGED[status] for status in before])]))
    row = one(transforms(logs))
    assert (row["verdict"], row["paired"], row["loss_bits"] is None) == (verdict, count, count == 29)
    assert one(transforms(logs, min_messages=5))["verdict"] == "loses meaning"


@pytest.mark.parametrize(("wrong", "fate"), [(6, "copied"), (50, "loses")])
def test_a_few_values_that_arrive_wrong_are_no_loss(wrong, fate):
    before = turns(STATUSES, 500)
    after = ["other" if number % 7 == 0 and number < 7 * wrong else value for number, value in enumerate(before)]
    assert one(transform_fields(evidence(sent([("status", "status", before, after)]))))["fate"] == fate


@pytest.mark.parametrize(("share", "verdict"), [(0.95, "cannot tell"), (0.96, "passes through")])
def test_passed_through_is_over_nineteen_of_twenty(share, verdict):
    """Addresses, each another: what is not copied can be anything."""
    before = ids("street ", 100)
    after = [value if number < share * 100 else f"other {number}" for number, value in enumerate(before)]
    row = one(transforms(evidence(sent([("address", "address", before, after)]))))
    assert (row["verdict"], row["copy_share"]) == (verdict, share)


def test_the_value_as_of_sending_is_compared_and_not_a_later_one():
    messages, changes = sent([("status", "status", turns(STATUSES, 100), turns(STATUSES, 100))])
    later = changes.filter(system="ERP").with_columns(pl.col("at") + timedelta(minutes=30), value_hash=pl.lit("later"))
    logs = ih.Evidence(messages=messages, field_changes=pl.concat([changes, later]))
    assert one(transforms(logs))["copy_share"] == 1
    early = changes.with_columns(
        at=pl.when(system="ERP").then(pl.col("at") + timedelta(minutes=10, seconds=59)).otherwise("at")
    )
    assert one(transforms(ih.Evidence(messages=messages, field_changes=early)))["copy_share"] == 1, (
        "logged a little late"
    )
    late = changes.with_columns(
        at=pl.when(system="ERP").then(pl.col("at") + timedelta(minutes=11, seconds=1)).otherwise("at")
    )
    row = one(transforms(ih.Evidence(messages=messages, field_changes=late)))
    assert (row["copy_share"], row["arrivals"], row["paired"]) == (None, 100, 0)


def test_what_the_source_logs_a_little_late_is_what_it_sent_where_it_had_shown_nothing():
    before = turns(STATUSES, 100)
    messages, changes = sent([("status", "status", before, [MERGED[status] for status in before])])
    late = pl.when(system="ERP").then(pl.col("at") + timedelta(minutes=10, seconds=30)).otherwise("at")
    row = one(transforms(ih.Evidence(messages=messages, field_changes=changes.with_columns(at=late))))
    assert (row["paired"], row["loss_bits"]) == (100, pytest.approx(LOST))


def test_other_arrivals_count_nowhere():
    messages, changes = sent([("status", "status", turns(STATUSES, 60), turns(STATUSES, 60))])
    elsewhere = changes.filter(system="WMS").with_columns(
        pl.col("at") + timedelta(minutes=1), system=pl.lit("BI"), value_hash=pl.lit("other")
    )
    nobody = changes.filter(system="WMS").with_columns(message_id=pl.lit("no such message"))
    logs = ih.Evidence(messages=messages, field_changes=pl.concat([changes, elsewhere, nobody]))
    row = one(transforms(logs))
    assert (row["arrivals"], row["copy_share"]) == (60, 1)
    tests = ih.Evidence(messages=messages.with_columns(load_test=True), field_changes=changes)
    assert transforms(tests).is_empty()


def test_an_integration_of_which_nothing_more_is_seen_has_its_row():
    messages, _ = sent([("status", "status", STATUSES, STATUSES)])
    row = one(transforms(ih.Evidence(messages=messages)))
    assert (row["messages"], row["arrivals"], row["verdict"], row["loss_bits"]) == (5, 0, "cannot tell", None)
    assert (row["added_fields"], row["unused_fields"], row["copy_share"]) == ([], None, None)


def test_shuffled_rows_doubled_files_and_one_row_change_nothing():
    before = drawn(STATUSES, 200)
    messages, changes = sent(
        [("status", "status", before, [MERGED[status] for status in before]), (None, "zone", None, turns("AB", 200))]
    )
    once = ih.Evidence(messages=messages, field_changes=changes)
    twice = {"messages": messages, "field_changes": changes}
    twice = {name: pl.concat([each, each]).sample(fraction=1, shuffle=True, seed=4) for name, each in twice.items()}
    for table in (transforms, transform_fields):
        assert_frame_equal(table(ih.Evidence(**twice)), table(once))
        assert table(ih.Evidence()).schema == table(once).schema
        assert table(ih.Evidence()).is_empty()
    single = ih.Evidence(messages=messages.head(1), field_changes=changes)
    assert one(transforms(single))["paired"] == 1


# Laws

PAIRS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.sampled_from("123456")), min_size=1, max_size=30
)


@given(PAIRS)
def test_bits_are_those_of_a_loop_over_the_pairs(pairs):
    frame = pl.DataFrame(pairs, schema=["x", "y", "entity"], orient="row").with_columns(field=pl.lit("f"))
    (row,) = pair_facts(frame, ["field"]).to_dicts()
    n, loss, gain, before = len(pairs), 0.0, 0.0, 0.0
    for x, y, _ in pairs:
        both = sum((a, b) == (x, y) for a, b, _ in pairs)
        loss -= log2(both / sum(b == y for _, b, _ in pairs)) / n
        gain -= log2(both / sum(a == x for a, _, _ in pairs)) / n
        before -= log2(sum(a == x for a, _, _ in pairs) / n) / n
    assert (row["loss_bits"], row["gain_bits"], row["before_bits"]) == pytest.approx((loss, gain, before))
    assert row["low"] <= row["loss_bits"] + 1e-12
    assert row["loss_bits"] <= row["high"] + 1e-12
    assert row["copied"] == sum(x == y for x, y, _ in pairs)


def test_the_interval_holds_the_true_loss():
    """400 samples of 200 pairs, statuses of unequal shares on two: 95% of the intervals hold the truth."""
    rng, share = np.random.default_rng(8), np.array([0.4, 0.2, 0.1, 0.2, 0.1])
    merged = np.array([0, 0, 0, 1, 1])
    truth = -sum(p * log2(p / share[merged == merged[k]].sum()) for k, p in enumerate(share))
    x = rng.choice(5, (400, 200), p=share)
    frame = pl.DataFrame(
        {
            "run": np.repeat(np.arange(400), 200),
            "x": x.ravel(),
            "y": merged[x.ravel()],
            "entity": np.tile(np.arange(200), 400),
        }
    )
    facts = pair_facts(frame.with_columns(pl.col("x", "y", "entity").cast(pl.String)), ["run"])
    held = facts.select(pl.lit(truth).is_between("low", "high").mean()).item()
    assert 0.92 <= held <= 0.98
    assert facts["loss_bits"].mean() == pytest.approx(truth, abs=0.01)


def test_chance_of_the_unrelated_is_even_and_of_the_related_small():
    rng = np.random.default_rng(3)
    chances = [unrelated_chance(*(pl.Series(rng.choice(5, 60).astype(str)) for _ in "xy")) for _ in range(60)]
    assert np.mean(np.array(chances) <= 0.05) <= 0.15
    x = pl.Series(rng.choice(5, 60).astype(str))
    assert unrelated_chance(x, x) == 1 / 200
