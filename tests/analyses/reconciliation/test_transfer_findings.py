"""What is said of lost, repeated, unsent and late messages, how severely, and what is not."""

import polars as pl
import pytest
from drawing.findings import whole
from drawing.transfers import EVE, SHOP

from integrhealth.analyses.reconciliation.transfers.findings import transfer_findings
from integrhealth.analyses.reconciliation.transfers.notes import transfer_notes
from integrhealth.analyses.reconciliation.transfers.reconciled import TRANSFERS, breaks
from integrhealth.catalog import CATALOG

HEALTHY = dict.fromkeys((name for name, kind in TRANSFERS.items() if kind == pl.Int64), 0) | {
    "integration": "shop-orders",
    "sent": 1000,
    "received": 1000,
    "lost_amount": 0.0,
    "applied_again_amount": 0.0,
    "limit_ms": 60_000.0,
    "low": 0.0,
    "high": 0.004,
    "lost_share": 0.0,
    "side": "two logs",
}


def rows(*changed):
    return pl.DataFrame([HEALTHY | each for each in changed], schema=TRANSFERS, orient="row")


def catalog(**columns):
    return pl.DataFrame([SHOP | columns], schema=CATALOG["integrations"], orient="row")


def said(table, declared=None, **options):
    declared = catalog() if declared is None else declared
    return pl.concat(transfer_findings(table, declared, **options))


def lost(count, surely=None, **columns):
    surely = count if surely is None else surely
    return {"lost": count, "surely_lost": surely, "received": 1000 - count, "oldest": EVE, "low": 0.005} | columns


def test_nothing_is_said_where_all_arrived():
    assert said(rows({}), catalog(sync_limit_ms=60_000.0)).is_empty()
    assert said(rows()).is_empty()


def test_what_is_lost_is_told_with_its_worth():
    found = said(rows(lost(10, lost_amount=1234.4)), catalog(owner="ana@example.com"), currency="EUR")
    assert found.rows(named=True) == [
        whole(
            report="reconciliation",
            rule="lost",
            subject="shop-orders",
            severity="critical",
            statement="shop-orders: 10 messages of 1,000 sent never arrived, the oldest of 2025-12-24 12:00 UTC, "
            "worth 1,234 EUR.",
            value=10.0,
            unit="messages lost",
            low=5.0,
            high=4.0,
            n=1000,
            cost=1234.4,
            owner="ana@example.com",
            ask="Who sends the 10 messages of shop-orders again, and who would have noticed?",
        )
    ]


def test_what_the_log_calls_pending_is_said_to_wait():
    (found,) = said(rows(lost(10, surely=0, overdue=10, side="one log"))).rows(named=True)
    assert found["statement"].startswith("shop-orders: 10 messages of 1,000 sent stayed pending and never arrived")
    assert found["ask"] == "Who looks after the 10 messages of shop-orders that wait?"


def test_without_amounts_the_catalog_says_what_an_object_is_worth():
    (cost,) = said(rows(lost(10, lost_amount=None)), catalog(value_per_object=20.0))["cost"]
    assert cost == 200
    assert said(rows(lost(10, lost_amount=None)))["cost"].to_list() == [None]


@pytest.mark.parametrize(
    ("row", "severity", "opened"),
    [
        (lost(1), "critical", 1),  # the receiver's own log lacks it
        (lost(1, surely=0), "note", 0),  # it may still come
        (lost(3, side="one log"), "note", 0),  # as much as one log may lack by itself
        (lost(10, side="one log"), "critical", 10),
        (lost(10, surely=0, overdue=10, side="one log"), "warning", 0),  # pending: it is known where they are
    ],
)
def test_how_certain_a_loss_is(row, severity, opened):
    assert said(rows(row)).select("rule", "severity").rows() == [("lost", severity)]
    assert breaks(rows(row)).rows() == [("shop-orders", opened)]


@pytest.mark.parametrize(
    ("row", "severity", "opened"),
    [
        ({"surely_applied_twice": 3}, "warning", 3),
        ({"surely_applied_twice": 3, "applied_again_amount": 75.0}, "critical", 3),
        ({"applied_again_amount": 75.0}, "note", 0),  # only the amount says that it was the same
    ],
)
def test_what_took_effect_twice(row, severity, opened):
    table = rows({"duplicate_applied": 3, "applied_again": 5} | row)
    (found,) = said(table).rows(named=True)
    assert (found["rule"], found["severity"], found["value"]) == ("duplicates_applied", severity, 3)
    assert found["statement"].startswith("shop-orders: 3 messages took effect more than once, 5 times too often")
    assert breaks(table)["open"].to_list() == [opened]


def test_what_nobody_sent():
    (found,) = said(rows({"phantom": 1})).rows(named=True)
    assert (found["rule"], found["severity"]) == ("phantom", "warning")
    assert found["statement"] == "shop-orders: the receiver has 1 message that nobody sent."
    assert breaks(rows({"phantom": 1}))["open"].to_list() == [1]


@pytest.mark.parametrize(("late", "promised", "count"), [(30, 60_000.0, 1), (12, 60_000.0, 0), (30, None, 0)])
def test_late_is_said_where_a_promise_is_certainly_broken(late, promised, count):
    table = rows({"late": late, "sync_limit_ms": promised})
    found = said(table)
    assert found.height == count
    assert breaks(table)["open"].to_list() == [0]
    if count:
        assert found["statement"].item() == (
            "shop-orders: 30 messages of 1,000 that arrived took longer than the promised 1 min: 3%."
        )


def test_a_sender_alone_is_told_what_is_lacking():
    null = dict.fromkeys(("lost", "phantom", "duplicate_applied", "surely_lost", "late", "surely_applied_twice"))
    table = rows(null | {"side": "sender only"})
    assert said(table, catalog(sync_limit_ms=1.0)).is_empty()
    assert breaks(table)["open"].to_list() == [None]
    empty = {name: pl.DataFrame() for name in ("unmatched", "duplicates", "transfer_ages")}
    assert set(transfer_notes(empty | {"transfers": table})) == set(empty)
    assert "messages from one system" in transfer_notes({"transfers": rows()})["transfers"]
    assert transfer_notes(empty | {"transfers": rows({})})["unmatched"].startswith("All that was sent has arrived")
