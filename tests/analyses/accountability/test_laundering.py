"""Values that changed on their way with no registered transformation: the integration where they did, and no other."""

import polars as pl
import pytest
from drawing.truth_homes import MINUTES, Log, at, edge, home

from integrhealth.analyses.accountability.truth_home import questions
from integrhealth.analyses.accountability.truth_home.findings import truth_findings

AMOUNT = "order.amount"
SHOP = home(AMOUNT, "Shop")


def orders(count=30, *, changed=(), inside=(), person=False, late=0.0):
    """Orders from the shop to the ERP, the WMS and the books; the amounts of some change between ERP and WMS, or in
    the ERP, by a machine or a person there."""
    log = Log()
    for number in range(count):
        order, hour, amount = f"O{number}", float(number), f"{number}.00"
        log.write("Shop", order, amount, hour + late, element=AMOUNT)
        log.send("Shop", "ERP", order, amount, hour, element=AMOUNT)
        if number in inside:
            amount = f"{number}.00 rounded"
            log.write("ERP", order, amount, hour + 0.2, element=AMOUNT, machine=not person, actor="who")
        log.send("ERP", "WMS", order, f"{amount} net" if number in changed else amount, hour + 0.3, element=AMOUNT)
        log.send("WMS", "Books", order, f"{amount} net" if number in changed else amount, hour + 0.5, element=AMOUNT)
    return log


def laundered(log, **catalog):
    return questions.laundering(log.evidence(**({"elements": [SHOP]} | catalog)))


def verdicts(log, **catalog):
    table = questions.carried(log.evidence(**({"elements": [SHOP]} | catalog)))
    return dict(table.select("integration", "verdict").rows())


# Planted truth


def test_the_integration_that_changes_a_value_is_named_and_not_those_behind_it():
    log = orders(changed=(3, 7))
    rows = laundered(log)
    assert rows.select("entity", "integration", "source", "target", "value_before", "value_after").rows() == [
        ("O3", "ERP-WMS", "ERP", "WMS", "3.00", "3.00 net"),
        ("O7", "ERP-WMS", "ERP", "WMS", "7.00", "7.00 net"),
    ]
    # Three messages an order: the one into the ERP, and the one out of it.
    assert rows.select("changed", "message_in", "message_out", "at").row(0) == (
        "on the way",
        "m00009",
        "m00010",
        at(3.3 + 5 * MINUTES),
    )
    assert verdicts(log) == {"Shop-ERP": "as it was", "ERP-WMS": "changed", "WMS-Books": "as it was"}


def test_a_workflow_that_changes_a_value_inside_a_system_is_named_by_the_way_out():
    rows = laundered(orders(inside=(4, 5)))
    assert rows.select("entity", "integration", "changed", "source", "target", "message_in", "message_out").rows() == [
        ("O4", "ERP-WMS", "inside the source", "ERP", "WMS", "m00012", "m00013"),
        ("O5", "ERP-WMS", "inside the source", "ERP", "WMS", "m00015", "m00016"),
    ]
    assert rows.select("value_before", "value_after").row(0) == ("4.00", "4.00 rounded")


def test_a_value_that_machines_change_twice_came_in_before_the_first_of_them():
    log = Log()
    log.write("Shop", "O1", "1.00", 0, element=AMOUNT)
    way_in = log.send("Shop", "ERP", "O1", "1.00", 0.1, element=AMOUNT)
    log.write("ERP", "O1", "0.90", 1, element=AMOUNT, machine=True)
    log.write("ERP", "O1", "0.85", 2, element=AMOUNT, machine=True)
    way_out = log.send("ERP", "WMS", "O1", "0.85", 3, element=AMOUNT)
    rows = laundered(log)
    assert rows.select("value_before", "value_after", "message_in", "message_out", "at").rows() == [
        ("1.00", "0.85", way_in, way_out, at(2))
    ]
    # What a person wrote in between began there.
    log.write("ERP", "O1", "0.80", 1.5, element=AMOUNT)
    assert laundered(log).is_empty()


def test_work_inside_the_system_that_is_logged_as_a_message_is_such_a_workflow():
    log = orders(5)
    log.messages.append({"message_id": "flow", "source": "WMS", "target": "WMS", "sent_at": at(8), "status": "ok"})
    log.write("WMS", "O1", "1.5", 8, element=AMOUNT, message="flow", machine=True)
    log.send("WMS", "Books", "O1", "1.5", 9, element=AMOUNT)
    assert laundered(log).select("entity", "integration", "source").rows() == [("O1", "WMS-Books", "WMS")]


def test_silent_changes_are_talked_about_by_integration():
    log = orders(changed=(3, 7, 9))
    evidence = log.evidence(elements=[SHOP], integrations=[edge("ERP", "WMS", owner="Bo Ek")])
    tables = {name: getattr(questions, name)(evidence) for name in ("elements", "laundering", "carried")}
    findings = pl.concat(truth_findings(tables, integrations=evidence.catalog.integrations))
    row = findings.row(by_predicate=pl.col("rule") == "laundering", named=True)
    assert row["statement"] == (
        "3 of 30 values of order.amount changed from ERP to WMS before they came out of ERP-WMS, and no transformation "
        "is registered; see message m00010."
    )
    assert (row["subject"], row["severity"], row["owner"], row["n"]) == ("ERP-WMS", "warning", "Bo Ek", 30)
    assert row["value"] == pytest.approx(0.1)


def test_few_compared_values_make_a_note():
    evidence = orders(9, changed=(3, 7)).evidence(elements=[SHOP])
    tables = {name: getattr(questions, name)(evidence) for name in ("elements", "laundering", "carried")}
    findings = pl.concat(truth_findings(tables, integrations=evidence.catalog.integrations))
    assert findings.select("rule", "severity", "n").rows() == [("laundering", "note", 9)]


# What is registered


@pytest.mark.parametrize(
    ("field", "kind", "counts"),
    [
        ("amount", "map", False),
        ("Order.Amount", "derive", False),
        ("amount", None, False),
        ("amount", "copy", True),
        ("amount", "drop", True),
        ("net_amount", "map", True),
    ],
)
def test_a_registered_transformation_may_change_a_value(field, kind, counts):
    transforms = [{"integration": "ERP-WMS", "field": field, "kind": kind}]
    integrations = [edge("ERP", "WMS")]
    for log in (orders(changed=(3,)), orders(inside=(3,))):
        catalog = {"transforms": transforms, "integrations": integrations}
        assert laundered(log, **catalog).height == counts
    registered = {"transforms": [{"integration": "Shop-ERP", "field": field, "kind": kind}]}
    assert laundered(orders(changed=(3,)), **registered).height == 1
    assert laundered(orders(inside=(3,)), **registered).height == counts


# What is none


def test_nothing_is_laundered_where_all_comes_as_it_was_sent():
    assert laundered(orders()).is_empty()


def test_a_persons_edit_makes_a_writer_and_no_laundering():
    log = orders(inside=(4,), person=True)
    assert laundered(log).is_empty()
    assert questions.elements(log.evidence(elements=[SHOP]))["outside_writers"].to_list() == [["ERP"]]


def test_an_actor_of_an_unknown_kind_is_not_accused():
    log = orders(inside=(4,))
    for row in log.changes:
        row["actor_type"] = None
    assert laundered(log).is_empty()


def test_who_may_write_may_change():
    assert laundered(orders(inside=(4,)), elements=[SHOP | {"writers": ["Shop", "ERP"]}]).is_empty()
    assert laundered(orders(inside=(4,)), elements=[home(AMOUNT, "ERP", origin="Shop")]).is_empty()


def test_a_copy_by_a_machine_that_names_no_message_is_no_change_of_its_own():
    log = Log()
    log.write("Shop", "O1", "a", 0, element=AMOUNT)
    log.send("Shop", "ERP", "O1", "a", 0.1, element=AMOUNT)
    log.write("Shop", "O1", "b", 5, element=AMOUNT)
    log.write("ERP", "O1", "b", 6, element=AMOUNT, machine=True)
    log.send("ERP", "WMS", "O1", "b", 7, element=AMOUNT)
    assert laundered(log).is_empty()


def test_what_never_left_was_not_laundered():
    log = orders(5)
    log.write("Books", "O1", "x", 9, element=AMOUNT, machine=True)
    assert laundered(log).is_empty()


def test_a_value_that_is_logged_a_little_late_is_the_senders():
    """The shop logs its value forty seconds after the message was sent, when it had arrived."""
    log = Log()
    for number in range(12):
        log.write("Shop", f"O{number}", "old", 0, element=AMOUNT)
        log.send("Shop", "ERP", f"O{number}", "new", 10, element=AMOUNT, after=10 / 3600)
        log.write("Shop", f"O{number}", "new", 10 + 40 / 3600, element=AMOUNT)
    assert laundered(log).is_empty()
    assert verdicts(log) == {"Shop-ERP": "as it was"}


def test_a_value_that_the_sender_replaced_while_it_was_under_way_is_the_senders():
    log = Log()
    log.write("Shop", "O1", "old", 0, element=AMOUNT)
    log.write("Shop", "O1", "new", 10 + MINUTES, element=AMOUNT)
    log.send("Shop", "ERP", "O1", "old", 10, element=AMOUNT, after=3)
    log.send("Shop", "ERP", "O1", "new", 11, element=AMOUNT, after=1)
    # Delivered once more, long after.
    log.send("Shop", "ERP", "O1", "old", 90, element=AMOUNT)
    assert laundered(log).is_empty()


def test_a_system_that_keeps_nothing_passes_values_on():
    log = Log()
    for number in range(12):
        log.write("Shop", f"O{number}", f"{number}", number, element=AMOUNT)
        # The hub logs messages and no values.
        into = {"message_id": f"in {number}", "trace_id": f"t{number}"}
        row = {"integration": "Shop-Hub", "source": "Shop", "target": "Hub", "sent_at": at(number), "status": "ok"}
        log.messages.append(into | row)
        value = "other" if number == 5 else f"{number}"
        onwards = {"trace_id": f"t{number}", "parent_id": f"in {number}"}
        log.send("Hub", "ERP", f"O{number}", value, number + 0.2, element=AMOUNT, **onwards)
    rows = laundered(log)
    assert rows.select("entity", "integration", "value_before", "value_after").rows() == [
        ("O5", "Hub-ERP", "5", "other")
    ]
    (row,) = questions.elements(log.evidence(elements=[SHOP])).to_dicts()
    assert (row["copies"], row["traced"]) == (12, 12)


def test_what_the_sender_took_from_elsewhere_and_did_not_keep_is_no_change():
    """A failed import: the ERP passed the new amount on and kept the old one."""
    log = Log()
    log.write("Shop", "O1", "old", 0, element=AMOUNT)
    log.send("Shop", "ERP", "O1", "old", 0, element=AMOUNT)
    log.write("Shop", "O1", "new", 10, element=AMOUNT)
    log.send("ERP", "WMS", "O1", "new", 10.1, element=AMOUNT)
    assert laundered(log).is_empty()


def test_representations_that_always_differ_cannot_be_compared():
    log = Log()
    for number in range(10):
        log.write("Shop", f"O{number}", f"{number}", number, element=AMOUNT)
        log.send("Shop", "ERP", f"O{number}", f"hash of {number}", number, element=AMOUNT)
    assert laundered(log).is_empty()
    assert verdicts(log) == {"Shop-ERP": "not comparable"}
    # One fewer, and each of them may be a change; one that is alike, and the others are.
    few = Log()
    few.changes, few.messages = log.changes[:-2], log.messages[:-1]
    assert laundered(few).height == 9
    log.write("Shop", "O99", "99", 50, element=AMOUNT)
    log.send("Shop", "ERP", "O99", "99", 50, element=AMOUNT)
    assert verdicts(log) == {"Shop-ERP": "changed"}
    assert laundered(log).height == 10


def test_a_message_nobody_has_logged_cannot_be_judged():
    log = orders(12, changed=range(12))
    log.messages = [row for row in log.messages if row["integration"] != "ERP-WMS"]
    assert laundered(log).is_empty()
    assert "ERP-WMS" not in verdicts(log)


def test_of_a_sender_that_showed_nothing_nothing_can_be_told():
    log = Log()
    log.send("Shop", "ERP", "O1", "1", 0, element=AMOUNT)
    assert verdicts(log) == {"Shop-ERP": "cannot tell"}
    assert laundered(log).is_empty()
