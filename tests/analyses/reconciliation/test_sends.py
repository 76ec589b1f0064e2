"""Which sends are one transfer, which arrival is of which of them, and in which order they came."""

import pytest
from drawing.frames import drawn
from drawing.transfers import SHOP

import integrhealth as ih
from integrhealth.analyses.reconciliation.transfers.questions import transfers, unmatched


def only(frame):
    (row,) = frame.rows(named=True)
    return row


# What a send is


def one_log(picture):
    """Messages of one queue, and twenty of other objects that were received at once and then went on for an hour."""
    filler = "\n".join(f"f{n} filler{n} - - - {n} {n + 1} {n + 1} ok" for n in range(0, 4000, 200))
    head = "message_id object_id payload_hash amount attempt sent_at received_at finished_at status"
    table = drawn("messages", f"{head}\n{filler}\n{picture}", kind="queue", **SHOP)
    return only(transfers(ih.Evidence(messages=table)))


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("a o - - 1 10 - - failed\nb o - - 2 20 21 21 ok", {"sent": 21, "received": 21}),
        ("a o - - 1 10 - - failed\nb o - - 2 20 - - failed", {"sent": 21, "failed": 1}),
        ("a o - - 1 10 - - timeout\nb o - - 2 20 21 21 ok", {"sent": 21, "absorbed": 1}),
        ("a o - - 1 10 11 12 timeout\nb o - - 2 20 21 21 ok", {"sent": 21, "duplicate_applied": 1}),
        ("a o x - - 10 11 11 ok\nb o x - - 20 21 21 ok", {"sent": 21, "duplicate_applied": 1}),
        ("a o x - - 10 11 11 ok\nb o y - - 20 21 21 ok", {"sent": 22, "duplicate_applied": 0}),
        ("a o x - - 10 11 11 ok\nb o y - - 20 21 21 ok\nc o x - - 30 31 31 ok", {"sent": 23, "duplicate_applied": 0}),
        ("a o - 5 - 10 11 11 ok\nb o - 5 - 20 21 21 ok", {"sent": 21, "duplicate_applied": 1}),
        ("a o - - - 10 11 11 ok\nb o - - - 20 21 21 ok", {"sent": 22, "duplicate_applied": 0}),
        ("a o - - - 10 11 11 ok\na o - - - 20 21 21 ok", {"sent": 21, "duplicate_applied": 1}),
        ("a o x - - 10 11 11 ok\nb p x - - 20 21 21 ok", {"sent": 22, "duplicate_applied": 0}),
        ("a o - - - 10 - - ok", {"sent": 21, "lost": 1}),
        ("a o - - - 10 - - pending", {"sent": 21, "lost": 1}),
        ("a o - - - 3790 - - ok", {"sent": 21, "lost": 0, "in_flight": 1}),
        ("a o - - - 10 - - skipped\nb p - - - 10 - - held\nc q - - - 10 - - cancelled", {"sent": 20, "lost": 0}),
        ("a o - - - 10 - - rejected", {"sent": 21, "failed": 1, "lost": 0}),
    ],
)
def test_what_became_of_a_few_sends(picture, expected):
    row = one_log(picture)
    assert {name: row[name] for name in expected} == expected
    assert row["sent"] == row["received"] + row["failed"] + row["lost"] + row["in_flight"] + row["no_receipt_known"]


@pytest.mark.parametrize(("hours", "twice"), [(12, 1), (12.01, 0)])
def test_the_same_half_a_day_later_is_sent_anew(hours, twice):
    later = hours * 3600
    row = one_log(f"a o x - - 10 11 11 ok\nb o x - - {10 + later} {11 + later} {11 + later} ok")
    assert row["duplicate_applied"] == twice


# Several transfers of one object


def two_of_one(sent, received):
    """The row, and what is lost, of the order "o" that was sent several times, beside twenty that arrived at once."""
    count = range(0, 4000, 200)
    sent = "\n".join([f"f{n} filler{n} - - {n}" for n in count] + [sent])
    received = "\n".join([f"filler{n} - - {n + 1} ok" for n in count] + [received])
    messages = drawn("messages", f"message_id object_id seq payload_hash sent_at\n{sent}", status="ok", **SHOP)
    receipts = drawn("receipts", f"object_id seq payload_hash received_at status\n{received}", **SHOP)
    evidence = ih.Evidence(messages=messages, receipts=receipts)
    return only(transfers(evidence)), set(unmatched(evidence)["message_id"].drop_nulls())


@pytest.mark.parametrize(
    ("sent", "received", "expected", "lost"),
    [
        ("a o - x 10\nb o - y 20", "o - y 25 ok", {"received": 21, "lost": 1}, {"a"}),
        ("a o - x 10\nb o - y 20", "o - - 25 ok", {"received": 21, "lost": 1}, {"b"}),
        ("a o 1 x 10\nb o 2 y 20", "o 2 other 25 ok\no 1 - 26 ok", {"received": 22, "out_of_order": 1}, set()),
        ("a o - x 10\nb o - y 20", "o - - 15 ok\no - - 25 ok\no - - 35 ok", {"duplicate_applied": 1}, set()),
        ("a o - x 10\nb o - y 20", "o - x 15 ok\no - y 25 ok\no - x 35 ok", {"duplicate_applied": 1}, set()),
        (
            "a o - x 10\nb o - y 20",
            "o - - 15 rejected\no - - 25 ok\no - - 35 ok",
            {"received": 22, "failed": 0, "duplicate_applied": 0},
            set(),
        ),
        ("a o - x 10\nb o - y 20", "o - x 15 rejected\no - y 25 ok", {"received": 21, "failed": 1}, set()),
        ("a o - x 10", "o - - 15 pending\no - - 25 ok", {"received": 21, "duplicate_applied": 0}, set()),
        # Each night the same, and one night it does not arrive.
        (
            "a o - x 10\nb o - x 86410\nc o - x 172810",
            "o - x 15 ok\no - x 172815 ok",
            {"sent": 23, "received": 22, "lost": 1, "duplicate_applied": 0},
            {"b"},
        ),
    ],
)
def test_which_of_several_sends_of_one_object_arrived(sent, received, expected, lost):
    row, missing = two_of_one(sent, received)
    assert {name: row[name] for name in expected} == expected
    assert missing == lost


# Order


def in_order(picture):
    frame = drawn("messages", f"message_id object_id seq sent_at received_at\n{picture}", status="ok", **SHOP)
    frame = frame.with_columns(finished_at="received_at")
    row = only(transfers(ih.Evidence(messages=frame)))
    return row["out_of_order"], row["pairs"]


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("a o 1 1 9\nb o 2 2 8\nc o 3 3 10", (1, 2)),  # numbered as a whole: one after a higher one
        ("a o 1 1 9\nb p 2 2 8\nc q 3 3 10", (1, 2)),
        ("a o 1 1 9\nb o 2 2 8\nc p 1 3 10\nd p 2 4 11", (1, 2)),  # numbered per object
        ("a o - 1 9\nb o - 2 8\nc p - 3 10", (1, 1)),  # not numbered: by the time of sending
        ("a o - 1 9\nb p - 2 8", (0, 0)),
        ("a o 1 1 7\nb o 2 2 8", (0, 1)),
        ("a o 1 1 7\nb o 2 2 7", (0, 1)),
        ("a o - 1 9\nb o - 1 8", (0, 1)),  # sent at once
    ],
)
def test_out_of_order_is_what_comes_after_a_later_one(picture, expected):
    assert in_order(picture) == expected
