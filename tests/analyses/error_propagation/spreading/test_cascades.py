"""Cascades in time: how fast, how far, step by step, and where an error was swallowed instead of stopped."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import drawn, messages
from drawing.trees import galton_watson
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import error_propagation as propagation
from integrhealth.analyses.error_propagation.spreading.cascade_steps import cascade_steps
from integrhealth.analyses.error_propagation.spreading.cascades import (
    cascade_facts,
    reach,
    reach_facts,
)
from integrhealth.analyses.error_propagation.spreading.spread import system_facts, systems
from integrhealth.analyses.error_propagation.spreading.swallowed import swallowed
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES
from integrhealth.traces import links
from integrhealth.traces.cascades import cascade_members
from integrhealth.traces.facts import merged

ORDER = """
    message_id trace_id parent_id source target integration kind    status   sent_at finished_at amount error_code
    order      t        -         user   web    orders      request failed   0       9           80     500
    book       t        order     web    erp    bookings    request failed   1       7           100    E17
    stock      t        book      erp    wms    stock       request timeout  2       4           100    T1
    price      t        book      erp    crm    prices      request ok       2       3           100    -
    mail       t        order     web    mail   mails       queue   rejected 10      12          5      -
    track      t        mail      mail   dhl    parcels     queue   failed   13      64          1      -
    bill       t        order     web    fin    invoices    queue   ok       20      21          1      -
    lone       u        -         user   web    orders      request failed   0       1           -      X
    near       v        -         user   web    orders      request failed   0       2           -      X
    nearer     v        near      web    web    -           queue   failed   3       5           -      X
"""


def with_causes(frame: pl.DataFrame) -> pl.DataFrame:
    return links.with_causes(links.linked(frame))


def test_a_cascade_has_a_speed_unless_it_went_nowhere_or_took_no_time():
    found = cascade_facts(with_causes(messages(ORDER)))
    assert found.select("root_id", "depth", "spread_ms", "links_per_minute").rows() == [
        ("stock", 4, 60_000, 4.0),
        ("near", 1, 3000, 20.0),
        ("lone", 0, 0, None),
    ]
    at_once = messages(ORDER).with_columns(finished_at=pl.col("sent_at").min())
    assert cascade_facts(with_causes(at_once))["links_per_minute"].to_list() == [None] * 3
    untimed = cascade_facts(with_causes(messages(ORDER).with_columns(finished_at=None)))
    assert untimed.select("spread_ms", "links_per_minute").rows() == [(None, None)] * 3


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("parcels 13", [4, None, None]),  # mail failed at 12, parcels not before 64
        ("parcels 64", [5, None, None]),
        ("parcels 13\n stock 5", [1, None, None]),
        ("stock 1", [None] * 3),  # before the root began: another matter
        ("orders 8", [2, 1, 1]),
        ("- 5", [None] * 3),
    ],
)
def test_systems_are_counted_that_failed_before_anybody_wrote_an_incident(events, expected):
    named = [f"i {line}" for line in events.splitlines()]
    incidents = drawn("incident_events", "incident integration at\n" + "\n".join(named))
    found = cascade_facts(with_causes(messages(ORDER).filter(pl.col("message_id") != "nearer")), incidents)
    assert found.sort("root_id", descending=True)["systems_before_detection"].to_list() == expected


OF_OBJECTS = """
    message_id trace_id source target integration object_id status sent_at finished_at
    first      a        shop   erp    orders      17        failed 0       1
    second     b        shop   erp    orders      18        failed 0       1
    returned   c        shop   erp    returns     17        failed 0       1
"""
HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("events", "detected"),
    [
        ("i orders 17 60", {"first"}),
        ("i - 17 60", {"first", "returned"}),
        ("i orders - 60", {"first", "second"}),
        ("i orders 99 60", set()),
        ("i returns 18 60", set()),
        # A ticket is opened without saying what it is about, and the object is written into it later.
        (f"i orders - 60\ni - 17 {2 * DAY}", {"first"}),
        (f"i - - 60\ni orders - {2 * DAY}", {"first", "second"}),
        (f"i orders - {24 * HOUR}", {"first", "second"}),
        (f"i orders - {24 * HOUR + 1}", set()),
        (f"i orders 17 {30 * DAY}", {"first"}),
        (f"i orders 17 {30 * DAY + 1}", set()),
        # What was opened before is another matter, whenever it is worked on.
        ("i orders 17 -60\ni orders 17 60", set()),
        ("i orders 99 60\nj orders 18 90", {"second"}),
        ("- orders 17 60", set()),
    ],
)
def test_an_incident_is_about_its_object_or_about_what_just_failed_on_its_integration(events, detected):
    incidents = drawn("incident_events", "incident integration object_id at\n" + events)
    seen = cascade_facts(with_causes(messages(OF_OBJECTS)), incidents).filter(
        pl.col("systems_before_detection").is_not_null()
    )
    assert set(seen["root_id"]) == detected


def test_a_busy_service_desk_does_not_detect_every_cascade():
    """One order in ten fails and one failure in ten has its ticket, an hour later; everything on one integration."""
    status = ["failed", *["ok"] * 9] * 100
    rows = [f"m{n} t{n} shop erp orders {n} {status[n]} {n * 600} {n * 600 + 1}" for n in range(1000)]
    tickets = [f"i{n} orders {n} {n * 600 + HOUR}" for n in range(0, 1000, 100)]
    header = "message_id trace_id source target integration object_id status sent_at finished_at"
    incidents = drawn("incident_events", "\n".join(["incident integration object_id at", *tickets]))
    seen = cascade_facts(with_causes(messages("\n".join([header, *rows]))), incidents)
    assert seen.height == 100
    assert seen["systems_before_detection"].is_not_null().sum() == 10


def test_the_worst_cascade_step_by_step():
    caused = with_causes(messages(ORDER))
    steps = cascade_steps(caused, cascade_facts(caused))
    columns = ["step", "cause_step", "message_id", "target", "integration", "depth", "status", "at_ms", "ended_ms"]
    assert steps.select(columns).rows() == [
        (1, None, "stock", "wms", "stock", 0, "timeout", 0, 2000),
        (2, 1, "book", "erp", "bookings", 1, "failed", -1000, 5000),
        (3, 2, "order", "web", "orders", 2, "failed", -2000, 7000),
        (4, 3, "mail", "mail", "mails", 3, "rejected", 8000, 10_000),
        (5, 3, "bill", "fin", "invoices", 3, "ok", 18_000, 19_000),
        (6, 4, "track", "dhl", "parcels", 4, "failed", 11_000, 62_000),
    ]
    assert steps["root_id"].unique().to_list() == ["stock"]
    assert "price" not in steps["message_id"]  # fine, and no cause of it failed


def test_more_than_one_cascade_is_replayed_worst_first():
    caused = with_causes(messages(ORDER))
    two = cascade_steps(caused, cascade_facts(caused), top=2)
    # Of those that hit one system, the one with more messages is worse.
    assert two.group_by("cascade", "root_id", maintain_order=True).len().rows() == [(1, "stock", 6), (2, "near", 2)]
    worth = pl.col("message_id").replace_strict({"lone": 9.0, "near": 3.0}, default=pl.col("amount"))
    alone = messages(ORDER).with_columns(amount=worth)
    alone = with_causes(alone.filter(pl.col("trace_id") != "t", pl.col("message_id") != "nearer"))
    assert cascade_steps(alone, cascade_facts(alone))["root_id"].to_list() == ["lone"]
    storm = "".join(f"again{i} v near web web - queue failed 3 5 - X\n" for i in range(9))
    wide = with_causes(messages(ORDER + storm))
    assert cascade_facts(wide)["root_id"].to_list()[0] == "near"  # more messages, but in one system
    assert cascade_steps(wide, cascade_facts(wide))["root_id"].to_list()[0] == "stock"


def test_the_root_is_the_first_step_also_where_its_caller_gave_up_before():
    late = pl.when(pl.col("message_id") == "stock").then(pl.col("sent_at") + pl.duration(seconds=6))
    caused = with_causes(messages(ORDER).with_columns(finished_at=late.otherwise("finished_at")))
    steps = cascade_steps(caused, cascade_facts(caused))
    assert steps["message_id"].to_list()[:3] == ["stock", "book", "order"]
    assert steps["ended_ms"].to_list()[:2] == [6000, 5000]


def test_nothing_failed_gives_no_steps_and_no_reach():
    caused = with_causes(FRAMES["messages"].empty())
    assert cascade_steps(caused, cascade_facts(caused)).is_empty()
    assert reach(reach_facts(caused)).is_empty()
    assert swallowed(caused).is_empty()


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_steps_of_all_cascades_hold_every_failed_message_once_and_causes_come_first(seed):
    frame = galton_watson(0.6, 20, seed=seed)
    ok = np.random.default_rng(seed).random(frame.height) < 0.2
    caused = with_causes(frame.with_columns(status=pl.when(pl.Series(ok)).then(pl.lit("ok")).otherwise("status")))
    cascades = cascade_facts(caused)
    steps = cascade_steps(caused, cascades, top=cascades.height)
    failed = steps.filter(pl.col("status") == "failed")
    assert failed.height == failed["message_id"].n_unique() == cascades["messages"].sum()
    assert (
        steps.filter(pl.col("status") == "ok")["message_id"]
        .sort()
        .equals(caused.filter("stopped")["message_id"].sort())
    )
    assert (steps["cause_step"].fill_null(0) < steps["step"]).all()
    assert (steps["cause_step"].is_null() == (steps["step"] == 1)).all()


def test_the_time_to_the_second_and_third_system():
    lines = ["message_id trace_id parent_id source target kind status sent_at finished_at"]
    for i in range(40):
        lines += [
            f"a{i} t{i} -    x a queue failed 0 0",
            f"b{i} t{i} a{i} a b queue failed 1 {1 + i}",
            f"B{i} t{i} b{i} b b queue failed 1 {100 + i}",  # a system hit twice is reached once
        ]
        lines += [f"c{i} t{i} b{i} b c queue failed 1 {'-' if i == 0 else 50 + i}"] if i < 35 else []
    caused = with_causes(messages("\n".join(lines)))
    found = reach(reach_facts(caused))
    assert found.select("systems", "cascades", "timed").rows() == [(1, 40, 39), (2, 40, 39), (3, 35, 34)]
    # Ranks of the median: 20 of 39 and 17 of 34; its interval by the binomial: ranks 13 and 27, 11 and 24 (Conover).
    expected = [(0, 0, 0), (21_000, 14_000, 28_000), (67_000, 61_000, 74_000)]
    for row, truth in zip(found.select("median_ms", "low_ms", "high_ms").rows(), expected, strict=True):
        assert row == pytest.approx(truth, rel=0.01)
    assert reach(reach_facts(caused), min_messages=35)["median_ms"].is_null().to_list() == [False, False, True]


def test_reach_adds_up_over_traces():
    frame = galton_watson(0.7, 200)
    part = pl.col("trace_id").str.ends_with("7")
    whole, *parts = (with_causes(f) for f in (frame, frame.filter(part), frame.filter(~part)))
    assert_frame_equal(merged([reach_facts(p) for p in parts], ["systems", "bucket"]), reach_facts(whole))
    assert reach_facts(whole)["cascades"].sum() == cascade_facts(whole)["systems"].sum()
    assert cascade_members(whole).height == cascade_facts(whole)["messages"].sum()


CALLER = """
    message_id trace_id parent_id source target operation kind    object_id attempt status sent_at fallback
    p          t        -         user   web    buy       request o         -       ok     0       -
"""


def fate(*calls: str) -> tuple[int, int, int]:
    """stopped, swallowed and saved by retry at the caller of these calls (operation to fallback)."""
    lines = [f"c{i} t p web erp {call}" for i, call in enumerate(calls)]
    facts = system_facts(with_causes(messages(CALLER + "\n".join(lines))))
    return systems(facts).filter(pl.col("system") == "web").select("stopped", "swallowed", "saved_by_retry").row(0)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (["price request o - failed 1 -"], (1, 1, 0)),
        (["price request o - failed 1 -", "price request o - ok 2 -"], (1, 0, 1)),
        (["price request o 1 failed 1 -", "price request o 2 failed 2 -", "price request o 3 partial 3 -"], (1, 0, 1)),
        (["price request o 1 failed 1 -", "price request o 2 failed 2 -"], (1, 1, 0)),
        # Delivered before it failed, the same attempt, another operation, another object: no retry.
        (["price request o - ok 1 -", "price request o - failed 2 -"], (1, 1, 0)),
        (["price request o 1 failed 1 -", "price request o 1 ok 2 -"], (1, 1, 0)),
        (["price request o - failed 1 -", "stock request o - ok 2 -"], (1, 1, 0)),
        (["price request o - failed 1 -", "price request q - ok 2 -"], (1, 1, 0)),
        # One call saved, the other not.
        (["price request o - failed 1 -", "price request o - ok 2 -", "stock request o - timeout 3 -"], (1, 1, 0)),
        # A fallback stood in: neither.
        (["price request o - failed 1 -", "cache request o - ok 2 true"], (1, 0, 0)),
        (["price request o - failed 1 -", "cache request o - failed 2 true"], (1, 1, 0)),
        # What was sent away and failed later does not make the answer incomplete.
        (["price queue o - failed 1 -"], (0, 0, 0)),
    ],
)
def test_an_answer_that_lacks_something_is_told_from_one_that_a_retry_saved(calls, expected):
    assert fate(*calls) == expected


def test_what_was_sent_away_and_is_fine_although_its_sender_failed_swallowed_nothing():
    facts = system_facts(
        with_causes(
            messages("""
        message_id trace_id parent_id source target kind    status
        q          t        -         user   app    request failed
        p          t        q         app    web    request failed
        c          t        p         web    erp    queue   ok
    """)
        )
    )
    assert facts.select("system", "stopped", "swallowed", "saved_by_retry").rows() == [
        ("app", 0, 0, 0),
        ("erp", 1, 0, 0),
        ("web", 0, 0, 0),
    ]


def test_a_call_of_another_parent_is_no_retry():
    caused = with_causes(
        messages("""
        message_id trace_id parent_id source target operation kind    status sent_at
        p          t        -         user   web    buy       request ok     0
        c          t        p         web    erp    price     request failed 1
        q          t        -         user   web    buy       request ok     2
        d          t        q         web    erp    price     request ok     3
    """)
    )
    assert swallowed(caused).rows() == [(0, True, False)]


@pytest.mark.parametrize(("swallows", "rules"), [(40, ["swallows_errors"]), (15, []), (0, [])])
def test_a_system_that_swallows_most_errors_is_told_though_it_stops_them_all(swallows, rules):
    lines = ["message_id trace_id parent_id source target operation kind status sent_at"]
    for i in range(40):
        lines += [f"p{i} t{i} - user web buy request ok 0", f"c{i} t{i} p{i} web erp price request failed 1"]
        lines += [f"d{i} t{i} p{i} web erp price request ok 2"] if i >= swallows else []
    report = propagation.report(Evidence(messages=messages("\n".join(lines))))
    assert report.findings["rule"].to_list() == rules
    if rules:
        assert report.findings.select("subject", "value", "n").rows() == [("web", 1.0, 40)]


def test_the_three_worst_cascades_are_shown_step_by_step():
    five = messages(
        "message_id trace_id source target kind status sent_at finished_at\n"
        + "\n".join(f"m{n} t{n} shop erp request failed {n} {n + 1}" for n in range(5))
    )
    steps = propagation.cascade_steps(Evidence(messages=five))
    assert steps["cascade"].to_list() == [1, 2, 3]
