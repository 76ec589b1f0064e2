"""Corrections in logs that begin with them, and detections without a trace: the record began when it was first sent."""

import polars as pl
import pytest
from drawing.frames import drawn, messages

from integrhealth.bad_entries.entries import entries_and_changes, entry_steps
from integrhealth.language.schema import FRAMES
from integrhealth.traces import links

NO_CHANGES, NO_HOLDS = FRAMES["field_changes"].empty(), FRAMES["holds"].empty()
DAY = 86_400
ORDERS = """
    message_id source target kind  object_type object_id sent_at finished_at
    a1         shop   erp    queue order       1         0       10
    b1         erp    wms    queue order       1         20      30
    a2         shop   erp    queue order       2         100     110
    a3         shop   erp    queue order       3         200     210
    a4         shop   erp    queue order       4         300     310
"""
CORRECTED = "element entity system value_hash at\nprice 1 {} right {}"


def changes(picture: str) -> pl.DataFrame:
    """Field changes, each with a reason that would make a change of a person a correction."""
    return drawn("field_changes", picture, change_reason="correction")


def told(frame: pl.DataFrame, field_changes: pl.DataFrame = NO_CHANGES) -> tuple[list, list]:
    """The bad entries (object, origin, entered and detected in seconds after the first, detection, needs_release),
    and the ids of the messages they travelled by."""
    caused = links.with_causes(links.linked(frame))
    entries, _ = entries_and_changes(caused, field_changes, NO_HOLDS)
    start = frame["sent_at"].min()
    seconds = [(pl.col(name) - start).dt.total_seconds() for name in ("entered_at", "detected_at")]
    rows = entries.select("object_id", "origin", *seconds, "detection", "needs_release").rows()
    return rows, entry_steps(caused, entries)["message_id"].to_list()


@pytest.mark.parametrize(("system", "needs_release"), [("shop", False), ("erp", True)])
def test_a_log_that_begins_with_a_correction_tells_of_the_value_that_was_sent(system, needs_release):
    entries, travelled = told(messages(ORDERS), changes(CORRECTED.format(system, 600)))
    assert entries == [("1", "shop", 0, 600, "corrected", needs_release)]
    assert travelled == ["a1", "b1"]


@pytest.mark.parametrize(
    "more",
    [
        "price 2 shop x 50",  # the log shows values when objects begin
        "price 2 shop x 700",  # half of the objects are written to: that is work
        "price 1 shop last 900",  # the value before is known
    ],
)
def test_a_first_value_is_no_correction(more):
    entries, _ = told(messages(ORDERS), changes(f"{CORRECTED.format('shop', 600)}\n{more}"))
    assert [entry for entry in entries if entry[2] == 0] == []


@pytest.mark.parametrize("at", [31 * DAY, -5])
def test_a_write_before_or_long_after_the_object_was_sent_corrects_nothing(at):
    assert told(messages(ORDERS), changes(CORRECTED.format("shop", at))) == ([], [])


def test_an_object_that_is_sent_for_months_has_no_first_value():
    longer = messages(f"{ORDERS}    a0 shop erp queue order 1 -{20 * DAY} -{20 * DAY}")
    assert told(longer, changes(CORRECTED.format("shop", 15 * DAY))) == ([], [])


def test_systems_and_brought_values_correct_nothing():
    for how in ("actor_type\nprice 1 shop right 600 system", "message_id\nprice 1 shop right 600 a1"):
        assert told(messages(ORDERS), changes(f"element entity system value_hash at {how}")) == ([], [])


@pytest.mark.parametrize(
    ("traced", "last", "needs_release"),
    [
        ("-", "shop shop", False),  # a check inside the origin, without a trace
        ("night", "shop shop", False),  # with a trace of its own
        ("-", "shop erp", True),
    ],
)
def test_a_detection_without_the_trace_of_the_record_finds_when_it_was_first_sent(traced, last, needs_release):
    head, *lines = ORDERS.strip().splitlines()
    picture = [f"{head} status trace_id", *(f"{line} ok {'-' if traced == '-' else 'day'}" for line in lines)]
    refused = f"c {last} queue order 1 600 610 rejected {traced}"
    entries, travelled = told(messages("\n".join([*picture, refused])))
    assert entries == [("1", "shop", 0, 610, "rejected", needs_release)]
    assert travelled == ["a1", "b1"]


def test_other_content_without_a_trace_is_another_record():
    head, *lines = ORDERS.strip().splitlines()
    picture = [f"{head} status payload_hash", *(f"{line} ok x" for line in lines)]
    entries, travelled = told(messages("\n".join([*picture, "c shop erp queue order 1 600 610 rejected y"])))
    assert entries == [("1", "shop", 600, 610, "rejected", True)]
    assert travelled == []


def test_a_value_that_only_a_system_downstream_showed_is_what_the_correction_replaced():
    log = "element entity system value_hash at message_id\nprice 1 erp wrong 10 a1\nprice 1 shop right 600 -"
    entries, travelled = told(messages(ORDERS), changes(log))
    assert entries == [("1", "shop", 0, 600, "corrected", False)]
    assert travelled == ["a1", "b1"]


def test_a_correction_downstream_replaces_what_the_message_before_it_showed():
    orders = f"{ORDERS}    b2 erp wms queue order 2 120 130\n    b3 erp wms queue order 3 220 230\n"
    log = "element entity system value_hash at message_id\nprice 1 erp wrong 10 a1\nprice 1 wms right 600 -"
    entries, travelled = told(messages(orders), changes(log))
    assert entries == [("1", "shop", 0, 600, "corrected", True)]
    assert travelled == ["a1", "b1"]


@pytest.mark.parametrize(("logged", "entered"), [(4, 0), (11, 11)])
def test_a_value_logged_while_its_message_was_under_way_was_sent_with_it(logged, entered):
    log = f"element entity system value_hash at\nprice 1 shop wrong {logged}\nprice 1 shop right 600"
    entries, travelled = told(messages(ORDERS), changes(log))
    assert entries == [("1", "shop", entered, 600, "corrected", False)]
    assert ("a1" in travelled) == (entered == 0)


def test_a_detection_before_the_message_above_was_sent_tells_nothing_of_it():
    """The clock of the bank is behind: its rejection seems to come before what it is a part of was entered."""
    skewed = """
        message_id trace_id parent_id source target kind  object_type object_id sent_at finished_at status
        a          t        -         shop   erp    queue order       1         50      60          ok
        b          t        a         erp    bank   queue payment     9         0       5           rejected
        c          t        a         erp    wms    queue order       1         90      95          rejected
    """
    entries, _ = told(messages(skewed))
    assert [(entry[0], entry[3] >= entry[2]) for entry in entries] == [("9", True), ("1", True)]
