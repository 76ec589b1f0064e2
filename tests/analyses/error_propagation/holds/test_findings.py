"""What holds and checkpoints ask people to talk about: findings with their whole row, and what lies just below."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.findings import finding, table
from drawing.frames import NOON, drawn, messages

from integrhealth.analyses.error_propagation.holds.checkpoints import CHECKPOINTS, checkpoints
from integrhealth.analyses.error_propagation.holds.findings import checkpoint_findings, friction_findings
from integrhealth.analyses.error_propagation.holds.friction import FRICTION, friction_and_costs
from integrhealth.bad_entries.entries import ENTRIES, STEPS
from integrhealth.catalog import CATALOG

INTEGRATIONS = table(
    CATALOG["integrations"],
    {"integration": "invoices", "owner": "ivy", "source": "erp"},
    {"integration": "orders", "owner": "ann", "source": "shop"},
)


def told(*rows: dict, currency: str | None = "EUR") -> list[dict]:
    return friction_findings(table(FRICTION, *rows), INTEGRATIONS, currency=currency).rows(named=True)


def told_of_checkpoints(*rows: dict) -> list[dict]:
    return checkpoint_findings(table(CHECKPOINTS, *rows), INTEGRATIONS).rows(named=True)


# Holds.


HOLD = {"integration": "orders", "verdict": "hold", "messages": 6400, "bad_entries": 1240, "wrong_entries": 1234} | {
    "best_hold_minutes": 97.4, "best_low_minutes": 80.0, "best_high_minutes": 137.0, "saved": 6127.5,
    "delay_cost": 838.1, "net": 5289.4, "net_low": 3968.0, "net_high": 6827.3, "saved_60_minutes": 5250.0,
    "net_60_minutes": -1731.6, "break_even_error_cost": 3.3, "first_share": 0.9, "bad_share": 0.19,
    "checkpoint": "credit", "checkpoint_net": 12.0, "checkpoint_net_high": 20.0, "objects_touched": 1300,
}  # fmt: skip


def test_a_hold_that_pays_is_told_with_what_it_saves_to_the_owner_of_the_integration():
    pays = finding(
        "hold_pays",
        "orders",
        severity="warning",
        statement="Holding orders for 97 minutes would have saved 5,289 EUR net of the delay; an hour: -1,732 EUR. "
        "1,240 wrong entries passed.",
        value=97.4,
        unit="minutes of hold",
        low=80.0,
        high=137.0,
        n=1240,
        threshold=0.0,
        cost=5289.4,
        owner="ann",
        ask="Who would notice if orders waited 97 minutes, and who could then still correct an entry?",
    )
    assert told(HOLD | {"integration": "invoices", "verdict": "instant"}, HOLD) == [pays]
    [found] = told(HOLD, currency=None)
    assert "saved 5,289 net of the delay; an hour: -1,732. 1,240 wrong" in found["statement"]


def test_money_that_rounds_to_nothing_has_no_sign_and_an_integration_that_nobody_declared_has_no_owner():
    [found] = told(HOLD | {"integration": "stock", "net_60_minutes": -0.4})
    assert "an hour: 0 EUR." in found["statement"]
    assert (found["subject"], found["owner"]) == ("stock", None)


@pytest.mark.parametrize("verdict", ["instant", "approval", "not enough data"])
def test_any_other_verdict_is_no_finding(verdict):
    assert told(HOLD | {"verdict": verdict}) == []


HELPLESS = HOLD | {"verdict": "a hold cannot help", "best_hold_minutes": 0.0, "net": 0.0, "first_share": 0.5}


def test_errors_that_no_hold_would_have_stopped_are_told_where_most_left_their_origin():
    assert told(HELPLESS) == [
        finding(
            "hold_cannot_help",
            "orders",
            severity="warning",
            statement="No hold of up to a day would have stopped any of the 1,234 wrong entries on orders: detected "
            "too late, or only because they went out.",
            value=0.0,
            unit="records a hold would have spared",
            n=1234,
            owner="ann",
            ask="Which check before orders could detect a wrong entry on the day it is made?",
        )
    ]


@pytest.mark.parametrize(
    "other", [{"first_share": 0.4999}, {"first_share": None}, {"net_60_minutes": None}, {"wrong_entries": 9}]
)
def test_without_costs_or_wrong_values_or_beside_their_way_nothing_is_said(other):
    assert told(HELPLESS | other) == []


COSTLY = HOLD | {"verdict": "instant", "checkpoint_net": -1234.6, "checkpoint_net_high": -56.7}


def test_a_checkpoint_that_delays_for_more_than_it_saves_is_told_with_its_loss():
    assert told(COSTLY) == [
        finding(
            "checkpoint_costs_more",
            "credit",
            severity="warning",
            statement="credit on orders delayed messages for 1,235 EUR more than the errors it caught would have cost.",
            value=-1234.6,
            unit="saved less delay",
            high=-56.7,
            n=6400,
            threshold=0.0,
            cost=1234.6,
            owner="ann",
            ask="Which of the messages that credit holds could go on at once?",
        )
    ]
    [found] = told(COSTLY, currency=None)
    assert "for 1,235 more than" in found["statement"]


@pytest.mark.parametrize("high", [0.0, 0.1, None])
def test_a_checkpoint_that_may_be_worth_its_delay_is_no_finding(high):
    assert told(COSTLY | {"checkpoint_net_high": high}) == []


def fed(*, bad: int, size: int = 40, priced: bool = True) -> dict:
    """Orders a minute apart, the first BAD of them wrong and detected half an hour later; the row of ``friction``."""
    sent = [NOON + timedelta(minutes=number) for number in range(size)]
    carried = messages(
        "message_id source target integration object_id\n"
        + "\n".join(f"m{number} shop erp orders o{number}" for number in range(size))
    ).with_columns(sent_at=pl.Series(sent))
    late = [at + timedelta(minutes=30) for at in sent]
    entries = table(
        ENTRIES,
        *(
            {"entry": n, "object_id": f"o{n}", "entered_at": sent[n], "detected_at": late[n], "independent_at": late[n]}
            | {"needs_release": False}
            for n in range(bad)
        ),
    )
    steps = table(
        STEPS,
        *(
            {"entry": n, "step": n, "integration": "orders", "source": "shop", "target": "erp", "object_id": f"o{n}"}
            | {"sent_at": sent[n], "arrived_at": sent[n]}
            for n in range(bad)
        ),
    )
    costs = {"delay_cost_per_hour": 0.0, "error_cost": 10.0 if priced else 0.0}
    catalog = table(CATALOG["integrations"], {"integration": "orders", **costs})
    friction, _ = friction_and_costs(carried, entries, steps, table(CHECKPOINTS), catalog)
    return friction.row(0, named=True)


@pytest.mark.parametrize(
    ("drawing", "verdict"),
    [
        ({"bad": 10}, "hold"),
        ({"bad": 9}, "not enough data"),
        ({"bad": 10, "size": 30}, "hold"),
        ({"bad": 10, "size": 29}, "not enough data"),
        ({"bad": 10, "priced": False}, "instant"),  # it nets nothing, so its interval does not lie above zero
    ],
)
def test_a_hold_pays_from_ten_errors_and_thirty_messages_on_and_where_it_certainly_nets_something(drawing, verdict):
    row = fed(**drawing)
    assert row["verdict"] == verdict
    assert row["bad_entries"] == drawing["bad"]
    assert (row["best_hold_minutes"] == 30) == (verdict == "hold")


# Checkpoints.


STAMPED = {"checkpoint": "credit", "integration": "orders", "messages": 9000, "held": 8000} | {
    "approvals": 7654, "rubber_stamps": 7350, "rubber_stamp_share": 0.96, "rubber_low": 0.95, "rubber_high": 0.97,
    "bad_held": 31, "bad_total": 43, "bad_approved": 30, "catch_rate": 0.7, "catch_low": 0.6, "catch_high": 0.8,
    "stopped_share": 0.02, "stopped_low": 0.01, "stopped_high": 0.1, "false_hold_rate": 0.99, "false_low": 0.98,
    "false_high": 0.999, "median_hold_minutes": 0.1, "undecided": 3, "still_held": 4,
}  # fmt: skip


def test_approvals_that_nobody_read_are_told_to_the_owner_of_the_integration():
    unread = finding(
        "rubber_stamps",
        "credit",
        severity="critical",
        statement="7,350 of 7,654 approvals at credit were given in less than 10 seconds.",
        value=0.96,
        unit="share of approvals",
        low=0.95,
        high=0.97,
        n=7654,
        threshold=0.5,
        owner="ann",
        ask="What would you have to see at credit to say no?",
    )
    other = STAMPED | {"checkpoint": "dock", "integration": "invoices", "rubber_stamp_share": 0.1}
    assert told_of_checkpoints(other, STAMPED) == [unread]
    [found] = told_of_checkpoints(STAMPED | {"integration": None})
    assert found == unread | {"owner": None}


@pytest.mark.parametrize(
    ("low", "severity"), [(0.9001, "critical"), (0.8999, "warning"), (0.5001, "warning"), (0.4999, "note")]
)
def test_rubber_stamps_are_critical_only_where_the_whole_interval_lies_beyond(low, severity):
    [found] = told_of_checkpoints(STAMPED | {"rubber_low": low})
    assert (found["severity"], found["low"]) == (severity, low)


def test_more_than_half_of_the_approvals_at_a_glance_are_a_warning_where_it_is_certain():
    [found] = told_of_checkpoints(STAMPED | {"rubber_stamp_share": 0.505, "rubber_low": 0.5005})
    assert (found["severity"], found["value"]) == ("warning", 0.505)
    [found] = told_of_checkpoints(STAMPED | {"rubber_stamp_share": 0.505, "rubber_low": 0.4})
    assert (found["severity"], found["value"]) == ("note", 0.505)


@pytest.mark.parametrize("share", [0.5, 0.4, None])
def test_up_to_half_of_the_approvals_at_a_glance_are_no_finding(share):
    assert told_of_checkpoints(STAMPED | {"rubber_stamp_share": share}) == []


BLIND = STAMPED | {"rubber_stamp_share": 0.2, "bad_approved": 31, "bad_total": 1043}


def test_a_checkpoint_that_let_every_bad_message_pass_is_told_with_how_many():
    assert told_of_checkpoints(BLIND) == [
        finding(
            "checkpoint_catches_nothing",
            "credit",
            severity="warning",
            statement="credit held 8,000 messages and let all 1,043 bad ones pass.",
            value=0.0,
            unit="share of bad messages caught",
            n=1043,
            owner="ann",
            ask="Which check at credit would have stopped the last one?",
        )
    ]


@pytest.mark.parametrize("other", [{"bad_approved": 30}, {"catch_rate": None}])
def test_a_checkpoint_that_stopped_one_or_saw_too_few_is_no_finding(other):
    assert told_of_checkpoints(BLIND | other) == []


def judged(*, bad: int, approved: int, seconds: float = 600) -> list[str]:
    """The rules that a picture breaks: BAD and 30 good orders are held, APPROVED of all of them after SECONDS."""
    size = bad + 30
    sent = messages(
        "message_id source target integration\n" + "\n".join(f"m{number} shop erp orders" for number in range(size))
    )
    lines = [
        f"credit m{n} 0 {seconds if n < approved else 600} {'ok' if n < approved else 'rejected'} "
        f"{str(n < bad).lower()}"
        for n in range(size)
    ]
    held = drawn("holds", "checkpoint message_id held_at released_at decision was_bad\n" + "\n".join(lines))
    return checkpoint_findings(checkpoints(sent, held, table(ENTRIES), table(CATALOG["checkpoints"])), INTEGRATIONS)[
        "rule"
    ].to_list()


def test_ten_bad_messages_that_were_all_approved_are_a_finding_and_nine_or_one_that_was_stopped_are_not():
    assert judged(bad=10, approved=40) == ["checkpoint_catches_nothing"]
    assert judged(bad=9, approved=39) == []
    assert judged(bad=10, approved=9) == []


@pytest.mark.parametrize(
    ("approved", "seconds", "rules"),
    [(30, 9.99, ["rubber_stamps"]), (30, 10, []), (29, 9.99, [])],
)
def test_thirty_approvals_in_under_ten_seconds_are_rubber_stamps(approved, seconds, rules):
    assert judged(bad=0, approved=approved, seconds=seconds) == rules
