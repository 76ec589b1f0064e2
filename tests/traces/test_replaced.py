"""Attempts that a later one replaced explain nothing above them: drawn, drawn at random, and in real cases."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from drawing.frames import messages
from drawing.shared_data import shared_data
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses import error_propagation as propagation
from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FAILED
from integrhealth.traces import links

HEAD = "message_id trace_id parent_id integration source target operation kind    object_id attempt status  sent_at"
PARENT = "p          t        -         buy         user   web    buy       request -         -       failed  0"


def caused_by(*calls: str, parent: str = PARENT) -> tuple[list[bool], str | None]:
    """Whether each of these calls of one parent (integration to sent_at) was replaced, and which the parent's cause."""
    lines = [f"c{number} t p {call}" for number, call in enumerate(calls)]
    caused = links.with_causes(links.linked(messages("\n".join([HEAD, parent, *lines]))))
    row = caused["cause_row"][0]
    return caused["replaced"].to_list()[1:], None if row is None else caused["message_id"][row]


@pytest.mark.parametrize(
    ("calls", "replaced", "cause"),
    [
        # Saved by the second try; what failed for good after it is the cause, or nothing else but the parent itself.
        (["s web stock get request - 1 failed 1", "s web stock get request - 2 ok 2"], [1, 0], None),
        (
            [
                "s web stock get request - - failed 1",
                "s web stock get request - 2 ok 2",
                "m web pay put request - - failed 3",
            ],
            [1, 0, 0],
            "c2",
        ),
        # Three tries that all failed: the last explains. An attempt may be missing, and some count from 0.
        ([f"s web stock get request - {n} failed {n}" for n in (1, 2, 3)], [1, 1, 0], "c2"),
        (["s web stock get request - 1 failed 1", "s web stock get request - 3 timeout 3"], [1, 0], "c1"),
        (["s web stock get request - 0 failed 1", "s web stock get request - 1 ok 2"], [1, 0], None),
        # In one second: the numbers say which came first.
        (["s web stock get request - 2 ok 1", "s web stock get request - 1 failed 1"], [0, 1], None),
        # Another integration, system, operation or object is no try of the same.
        (["s web stock get request - 1 failed 1", "z web stock get request - 2 ok 2"], [0, 0], "c0"),
        (["s web stock get request - 1 failed 1", "s web cache get request - 2 ok 2"], [0, 0], "c0"),
        (["s web stock get request - 1 failed 1", "s web stock put request - 2 ok 2"], [0, 0], "c0"),
        (["s web stock get request a 1 failed 1", "s web stock get request b 2 ok 2"], [0, 0], "c0"),
        # Without numbers the same again is a try of the same only where the object has an id.
        (["s web stock get request a - failed 1", "s web stock get request a - ok 2"], [1, 0], None),
        (["s web stock get request a - failed 1", "s web stock get request b - ok 2"], [0, 0], "c0"),
        (["s web stock get request - - failed 1", "s web stock get request - - ok 2"], [0, 0], "c0"),
        # Numbers that say otherwise: the same number, a lower one later, one that was sent before.
        (["s web stock get request a 1 failed 1", "s web stock get request a 1 ok 2"], [0, 0], "c0"),
        (["s web stock get request - 2 failed 1", "s web stock get request - 1 ok 2"], [0, 0], "c0"),
        (["s web stock get request - 2 ok 1", "s web stock get request - 1 failed 2"], [0, 0], "c1"),
        (["s web stock get request - -1 failed 1", "s web stock get request - 2 ok 2"], [1, 0], None),
        # One try replaces one: of two objects without an id only one was tried again, and only one was saved.
        (
            [
                "s web stock get request - 1 failed 1",
                "s web stock get request - 1 failed 2",
                "s web stock get request - 2 ok 3",
            ],
            [1, 0, 0],
            "c1",
        ),
        # A second try whose first is missing came before: it saved nothing.
        (
            [
                "s web stock get request - 2 ok 1",
                "s web stock get request - 1 failed 2",
                "s web stock get request - 2 ok 3",
            ],
            [0, 1, 0],
            None,
        ),
        # A try without an outcome replaces nothing yet.
        (["s web stock get request - 1 failed 1", "s web stock get request - 2 pending 2"], [0, 0], "c0"),
        (["s web stock get request - 1 failed 1", "s web stock get request - 2 cancelled 2"], [0, 0], "c0"),
        (["s web stock get request - 1 failed 1", "s web stock get request - 2 partial 2"], [1, 0], None),
    ],
)
def test_what_a_later_attempt_replaced_is_no_cause(calls, replaced, cause):
    assert caused_by(*calls) == ([bool(each) for each in replaced], cause)


def test_attempts_under_one_id_belong_together_though_others_do_the_same_beside_them():
    caused = links.with_causes(
        links.linked(
            messages("""
        message_id trace_id parent_id source target operation kind    attempt status sent_at
        p          t        -         user   web    buy       request -       failed 0
        one        t        p         web    stock  get       request 1       failed 1
        two        t        p         web    stock  get       request 1       failed 2
        two        t        p         web    stock  get       request 2       ok     3
    """)
        )
    )
    assert caused["replaced"].to_list() == [False, False, True, False]
    assert caused["cause_row"][0] == 1


def test_a_call_of_another_parent_replaces_nothing():
    linked = links.linked(
        messages("""
        message_id trace_id parent_id source target operation kind    attempt status sent_at
        p          t        -         user   web    buy       request -       failed 0
        q          t        -         user   web    buy       request -       ok     0
        a          t        p         web    stock  get       request 1       failed 1
        b          t        q         web    stock  get       request 2       ok     2
        c          t        gone      web    stock  get       request 1       failed 1
        d          t        gone      web    stock  get       request 2       ok     2
    """)
    )
    assert not linked["replaced"].any()


def test_a_replaced_attempt_is_a_cascade_of_its_own_with_what_brought_it_down():
    caused = links.with_causes(
        links.linked(
            messages("""
        message_id trace_id parent_id source target operation kind    attempt status sent_at finished_at
        order      t        -         user   web    buy       request -       failed 0       9
        first      t        order     web    stock  get       request 1       failed 1       2
        disk       t        first     stock  db     read      request -       failed 1       2
        second     t        order     web    stock  get       request 2       ok     3       4
        pay        t        order     web    bank   put       request -       failed 5       8
    """)
        )
    )
    found = cascade_facts(caused).select("root_id", "messages")
    assert sorted(found.rows()) == [("disk", 2), ("pay", 2)]
    assert caused.filter("own_error")["message_id"].to_list() == ["disk", "pay"]


def test_every_try_of_what_was_sent_away_failed_because_its_sender_had():
    calls = [f"s web stock send queue - {number} failed {number}" for number in (1, 2, 3)]
    lines = [f"c{number} t p {call}" for number, call in enumerate(calls)]
    caused = links.with_causes(links.linked(messages("\n".join([HEAD, PARENT, *lines]))))
    assert caused["cause_row"].to_list() == [None, 0, 0, 0]


def test_an_answer_that_a_retry_saved_was_stopped_as_before():
    calls = ["s web stock get request - 1 failed 1", "s web stock get request - 2 ok 2"]
    lines = [f"c{number} t p {call}" for number, call in enumerate(calls)]
    caused = links.with_causes(links.linked(messages("\n".join([HEAD, PARENT.replace("failed", "ok    "), *lines]))))
    assert caused["stopped"].to_list() == [True, False, False]


def shops(orders: int, seed: int) -> tuple[pl.DataFrame, dict[str, str | None]]:
    """Orders that call three systems one after the other, each up to three times, and why each order failed."""
    random = np.random.default_rng(seed)
    lines, why = [], {}
    for order in range(orders):
        cause, at, children = None, 0, []
        for target in ("stock", "bank", "mail"):
            for attempt in range(1, 4):
                at += 1
                fails = random.random() < 0.4
                name = f"{order}-{target}-{attempt}"
                number = attempt if attempt > 1 else "-"
                status = "failed" if fails else "ok"
                children.append(f"{name} t{order} {order} web {target} call request {number} {status} {at} {at}.5")
                if not fails:
                    break
            if fails:
                cause = name
                break
        failed = cause is not None or random.random() < 0.1
        why[str(order)] = cause
        status = "failed" if failed else "ok"
        lines += [f"{order} t{order} - user web buy request - {status} 0 {at + 1}", *children]
    head = "message_id trace_id parent_id source target operation kind attempt status sent_at finished_at"
    return messages("\n".join([head, *lines])), why


@pytest.mark.parametrize("seed", [1, 2])
def test_the_planted_cause_of_every_order_is_what_is_said(seed):
    frame, why = shops(400, seed)
    caused = links.with_causes(links.linked(frame))
    orders = caused.filter(pl.col("parent_id").is_null())
    said = dict(zip(orders["message_id"], caused["message_id"].gather(orders["cause_row"]), strict=True))
    assert said == why
    failed = orders.filter(status="failed")
    assert failed["own_error"].sum() == sum(why[order] is None for order in failed["message_id"]) > 0
    assert failed["failed_causes"].max() == 1
    edges = propagation.edges(Evidence(messages=frame)).filter(source="web")
    planted = {target: sum(target in (each or "") for each in why.values()) for target in ("stock", "bank", "mail")}
    assert dict(edges.select("target", "caused").rows()) == planted


def test_without_retries_nothing_is_replaced_and_every_cause_stays():
    frame, _ = shops(300, 3)
    single = frame.filter(pl.col("attempt").is_null())
    caused = links.with_causes(links.linked(single))
    assert not caused["replaced"].any()
    failed_calls = caused.filter(status="failed").group_by(row="parent_row").agg(calls=pl.len()).drop_nulls()
    orders = caused.filter(pl.col("parent_row").is_null(), status="failed").join(failed_calls, on="row", how="left")
    assert orders["failed_causes"].to_list() == orders["calls"].fill_null(0).to_list()
    assert orders["failed_causes"].sum() > 80


def replaced_naively(frame: pl.DataFrame) -> set[int]:
    """Row by row: each try takes the place of the failed one before it that has waited longest."""
    groups = defaultdict(list)
    for row, call in enumerate(frame.rows(named=True)):
        if call["parent_id"] is not None and call["status"] in ("ok", *FAILED):
            groups[call["parent_id"], call["target"], call["object_id"]].append((call, row))
    replaced = set()
    for (_, _, thing), calls in groups.items():
        numbered = any(call["attempt"] is not None for call, _ in calls)
        if not numbered and thing is None:
            continue
        level = {row: (call["attempt"] or 1) if numbered else call["sent_at"] for call, row in calls}
        levels = sorted(set(level.values()))
        for lower, higher in pairwise(levels):
            waiting = [(call["sent_at"], row) for call, row in calls if level[row] == lower and call["status"] != "ok"]
            waiting.sort()
            for at, _ in sorted((call["sent_at"], row) for call, row in calls if level[row] == higher):
                if waiting and waiting[0][0] <= at:
                    replaced.add(waiting.pop(0)[1])
    return replaced


CALL = st.tuples(
    st.sampled_from("pq"),
    st.sampled_from(["stock", "bank"]),
    st.sampled_from(["-", "-", "a"]),
    st.sampled_from(["-", "1", "2", "3"]),
    st.sampled_from(["failed", "ok", "timeout", "pending"]),
    st.integers(0, 6),
)
PARENTS = "p t - user web - - failed 0\nq t - user web - - failed 0"


@given(st.lists(CALL, max_size=14))
def test_any_calls_are_paired_as_one_pairs_them_by_hand(calls):
    lines = [f"c{n} t {parent} web {' '.join(map(str, rest))}" for n, (parent, *rest) in enumerate(calls)]
    frame = messages(
        "\n".join(["message_id trace_id parent_id source target object_id attempt status sent_at", PARENTS, *lines])
    )
    linked = links.linked(frame)
    assert set(linked.filter("replaced")["row"]) == replaced_naively(frame)
    shuffled = links.linked(frame.sample(fraction=1, shuffle=True, seed=1))
    count = pl.col("replaced").sum()
    assert_frame_equal(
        *(f.group_by("parent_id", "target").agg(count).sort("parent_id", "target") for f in (linked, shuffled))
    )


def test_parts_of_whole_traces_say_together_what_the_whole_says():
    frame, _ = shops(200, 4)
    part = pl.col("trace_id").hash() % 2 == 0
    whole, *parts = (
        links.with_causes(links.linked(each)).select("message_id", "replaced", "failed_causes", "own_error")
        for each in (frame, frame.filter(part), frame.filter(~part))
    )
    assert_frame_equal(pl.concat(parts).sort("message_id"), whole.sort("message_id"))


def test_a_second_try_of_stock_that_was_answered_leaves_the_payment_as_the_cause():
    evidence = ih.read(shared_data("cases", "B29x"))
    caused_per_error = propagation.edges(evidence).select("source", "target", "failed", "caused").rows()
    assert sorted(caused_per_error) == [
        ("orders", "payments", 40, 40),
        ("orders", "stock", 40, 0),
        ("user", "orders", 40, 0),
    ]
    found = propagation.cascades(evidence).group_by("root_system").agg(pl.len(), pl.col("messages").sum())
    assert sorted(found.rows()) == [("payments", 40, 80), ("stock", 40, 40)]
    by_integration = propagation.spread_by_integration(evidence).filter(pl.col("caused") > 0)
    assert by_integration.select("integration", "caused").rows() == [("orders > payments", 40)]
    assert propagation.systems(evidence).filter(system="orders")["passed_on"].item() == 40
    steps = propagation.cascade_steps(evidence).filter(cascade=1)
    assert steps.select("target", "cause_step").rows() == [("payments", None), ("orders", 1)]
    findings = propagation.report(evidence).findings
    named = findings.filter(pl.col("rule") == "integration_multiplies")["subject"].to_list()
    assert named == ["orders > payments"]


def test_a_run_that_retried_one_state_failed_by_the_other_and_not_by_the_state_that_says_so():
    evidence = ih.read(shared_data("cases", "B29"))
    states = evidence.caused.select("operation", "status", "replaced", "own_error", "cause_row").rows()
    assert states == [
        (None, "failed", False, False, 3),
        ("A", "failed", True, True, None),
        ("A", "ok", False, False, None),
        ("B", "failed", False, True, None),
        ("NotifyFailure", "ok", False, False, None),
    ]
    worst = propagation.cascades(evidence).row(0, named=True)
    assert (worst["root_system"], worst["messages"]) == ("dynamodb", 2)
