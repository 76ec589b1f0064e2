"""The trail: planted answers come back one by one and jointly, and what says nothing is no answer."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.trail import facts as made
from integrhealth.analyses.reconciliation.trail.questions import trail, trail_integrations, trail_whole
from integrhealth.analyses.reconciliation.trail.shares import ANSWERS, shares
from integrhealth.catalog import Catalog
from integrhealth.language.schema import FRAMES, conform
from integrhealth.traces.facts import merged

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
END = START + timedelta(days=60)
# One of them has no answer to the question, and so has no trail.
FULL = {
    "integration": "a",
    "source": "ERP",
    "target": "WMS",
    "kind": "queue",
    "sent_at": START,
    "received_at": START + timedelta(seconds=1),
    "status": "ok",
    "actor": "ana",
    "payload_hash": "c0ffee",
}


def frame(*rows, **columns):
    """Canonical messages, each full but for what it says itself; a required column may be null here."""
    rows = [FULL | {"message_id": f"m{number}"} | columns | row for number, row in enumerate(rows)]
    return pl.DataFrame(rows, schema=FRAMES["messages"].schema, orient="row")


def facts(messages, **options):
    return made.trail_facts(messages, until=options.pop("until", END), **options)


def whole(messages, *, min_messages=0, **options):
    (row,) = shares(facts(messages, **options), (), min_messages=min_messages).to_dicts()
    return row


def planted(count, share, *, failed, seed=5):
    """Messages of which each question is answered on a `share` of the rows, drawn apart for each question.

    Half of the missing reasons are null, half are texts that say nothing.
    """
    there = np.random.default_rng(seed).random((6, count)) < share
    kept = {name: pl.Series(row) for name, row in zip(ANSWERS, there, strict=True)}
    rows = pl.DataFrame(kept).with_row_index("number")
    at = pl.lit(START) + pl.duration(minutes=pl.col("number") % 40_000)
    reasons = (
        pl.when("why").then(pl.lit("deadlock detected")).when(pl.col("number") % 2 == 0).then(pl.lit("Unknown error"))
    )
    return conform(
        rows.select(
            message_id=pl.format("m{}", "number"),
            integration=pl.lit("a"),
            source=pl.lit("ERP"),
            target=pl.lit("WMS"),
            kind=pl.lit("queue"),
            payload_hash=pl.when("what").then(pl.lit("c0ffee")),
            sent_at=pl.when("when").then(at),
            actor=pl.when("who").then(pl.lit("ana")),
            received_at=pl.when("received").then(at),
            status=pl.when("succeeded").then(pl.lit("failed" if failed else "ok")).otherwise(pl.lit("unknown")),
            error_text=reasons if failed else pl.lit(None, pl.String),
        ),
        "messages",
    )


# Planted truth


@pytest.mark.parametrize("failed", [False, True])
def test_answers_of_independent_rows_are_multiplied_not_taken_for_one(failed):
    """Five on rows that went well (0.774), six on those that failed (0.735)."""
    messages = planted(40_000, 0.95, failed=failed)
    row = whole(messages, until=END)
    for answer in ANSWERS[:5]:
        assert row[answer] == pytest.approx(0.95, abs=0.005), answer
    joint = 0.95**6 if failed else 0.95**5
    assert row["joint"] == pytest.approx(joint, abs=0.01)
    assert round(joint, 2) == (0.74 if failed else 0.77)
    assert row["low"] < joint < row["high"]
    assert row["why"] == (pytest.approx(0.95, abs=0.005) if failed else None)
    assert row["verdict"] == "gaps"
    assert (row["messages"], row["in_flight"]) == (40_000, 0)


def test_each_missing_answer_alone_breaks_the_trail():
    gaps = {
        "what": {"payload_hash": None},
        "when": {"sent_at": None},
        "who": {"actor": None},
        "received": {"received_at": None},
        "succeeded": {"status": "unknown"},
        "why": {"status": "failed"},
    }
    for answer, gap in gaps.items():
        row = whole(frame({}, {"status": "failed", "error_code": "AM10"}, {}, gap))
        assert (row["trailed"], row["messages"], row["missing"]) == (3, 4, answer)
        assert row[answer] == (0.5 if answer == "why" else 0.75)
        assert all(row[other] == 1 for other in ANSWERS if other != answer)


def test_what_was_declined_owes_a_reason_and_what_went_well_does_not():
    row = whole(
        frame({"status": "declined"}, {"status": "declined", "error_text": "card expired"}, {"status": "partial"})
    )
    assert (row["declined"], row["failed"], row["reasons"], row["trailed"]) == (2, 0, 1, 2)


# The weaker answers


def test_the_object_says_what_only_where_the_log_never_has_a_payload():
    rows = frame(
        {"integration": "hashes"},
        {"integration": "hashes", "payload_hash": None, "object_id": "4711"},
        {"integration": "sizes", "payload_hash": None, "bytes": 0},
        {"integration": "objects", "payload_hash": None, "object_id": "4711"},
        {"integration": "objects", "payload_hash": "", "object_id": None},
        {"integration": "nothing", "payload_hash": None},
    )
    table = shares(facts(rows), ["integration"], min_messages=0)
    assert table.select("integration", "what", "what_by", "never_logged").rows() == [
        ("hashes", 0.5, "hash or size", []),
        ("nothing", 0.0, None, ["what"]),
        ("objects", 0.5, "object id", []),
        ("sizes", 1.0, "hash or size", []),
    ]


def test_the_sending_system_says_who_only_where_the_log_never_names_an_actor():
    rows = frame(
        {"integration": "actors"},
        {"integration": "actors", "actor": None},
        {"integration": "systems", "actor": None},
        {"integration": "systems", "actor": None, "source": "unknown (asked by WMS)"},
        {"integration": "systems", "actor": "", "source": "user"},
    )
    table = shares(facts(rows), ["integration"], min_messages=0)
    assert table.select("integration", "who", "who_by").rows() == [
        ("actors", 0.5, "actor"),
        ("systems", pytest.approx(1 / 3), "sending system"),
    ]


def test_what_a_log_never_records_is_apart_from_what_it_lacks_here_and_there():
    rows = frame({"received_at": None}, {"received_at": None, "payload_hash": None}, {"received_at": None})
    row = whole(rows)
    assert (row["joint"], row["never_logged"], row["trailed_as_logged"], row["missing"]) == (0, ["received"], 2, "what")
    months = shares(
        facts(frame({}, {"received_at": None, "sent_at": START + timedelta(days=40)})),
        ("integration", "month"),
        min_messages=0,
    )
    assert months["never_logged"].to_list() == [[], []], "the log of the integration records it in another month"


@pytest.mark.parametrize(
    ("gap", "received"),
    [
        ({"finished_at": START}, 1),
        ({"kind": "request", "answered_at": START}, 1),
        ({"kind": "request", "answered_at": START, "status": "timeout"}, 0),
        ({"kind": "queue", "answered_at": START}, 0),
        ({"kind": None, "answered_at": START}, 0),
    ],
)
def test_the_moment_of_the_receiver_counts_and_not_that_of_a_broker_or_of_giving_up(gap, received):
    assert whole(frame({"received_at": None} | gap))["received"] == received


# Who is asked


def test_load_tests_work_inside_and_what_was_never_sent_are_not_asked():
    rows = frame(
        {}, {"load_test": True}, {"target": "ERP"}, *({"status": status} for status in ("skipped", "held", "cancelled"))
    )
    assert whole(rows)["messages"] == 1


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_without_an_end_a_message_is_in_flight_for_a_day_and_then_unanswered(status):
    rows = frame(
        *({"status": status, "sent_at": END - timedelta(hours=hours)} for hours in (0, 23, 24)), {"status": status}
    )
    row = whole(rows)
    assert (row["in_flight"], row["unanswered"], row["messages"]) == (3, 1, 1)
    later = whole(rows, until=END + timedelta(microseconds=1))
    assert (later["in_flight"], later["unanswered"]) == (2, 2)


def test_what_usually_takes_longer_than_a_day_is_waited_for_as_long():
    slow = [{"sent_at": START, "finished_at": START + timedelta(hours=hours)} for hours in range(25, 65)]
    rows = frame(
        *slow,
        {"status": "pending", "sent_at": END - timedelta(hours=64)},
        {"status": "pending", "sent_at": END - timedelta(hours=65)},
    )
    limits = made.answer_limits(rows)
    assert limits == {"a": 64 * 3_600_000.0}
    row = whole(rows, limits=limits)
    assert (row["in_flight"], row["unanswered"]) == (1, 1)
    assert made.answer_limits(rows.tail(25)) == {}, "too few deliveries say how long one takes"
    quick = frame(
        *({"finished_at": START + timedelta(hours=1)} for _ in range(100)), {"finished_at": START + timedelta(hours=30)}
    )
    assert made.answer_limits(quick) == {}, "one in a hundred is no habit"


def test_months_are_those_of_the_time_zone():
    late = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    rows = frame({"sent_at": late}, {"sent_at": late - timedelta(hours=1)})
    assert set(facts(rows)["month"]) == {"2026-03"}
    assert sorted(facts(rows, timezone="Europe/Madrid")["month"]) == ["2026-03", "2026-04"]
    assert facts(frame({"sent_at": None}))["month"].to_list() == ["2026-03"], "of the other times where that is missing"
    assert facts(frame({"sent_at": None, "received_at": None}))["month"].to_list() == ["no time"]
    assert facts(frame({"sent_at": datetime(2025, 12, 31, tzinfo=UTC)}))["month"].to_list() == ["2025-12"]


# Money and codes


def test_money_is_that_of_the_catalog_and_traced_where_the_whole_trail_is():
    rows = frame(
        {"amount": 100.0, "currency": "EUR"},
        {"amount": -50.25, "currency": "EUR", "actor": None},
        {"amount": 20.0, "currency": None},
        {"amount": 1e6, "currency": "USD"},
        {"amount": float("nan"), "currency": "EUR"},
        {"status": "pending", "sent_at": END, "amount": 7.0, "currency": "EUR"},
    )
    (row,) = shares(facts(rows), (), currency="EUR", min_messages=0).to_dicts()
    assert (row["with_amount"], row["amount"], row["currency"], row["other_amounts"]) == (3, 170.25, "EUR", 1)
    assert row["traced_money"] == pytest.approx(120 / 170.25)
    assert whole(rows)["currency"] == "EUR", "the one of most messages"
    assert whole(frame({"amount": 3.0}))["amount"] == 3
    assert whole(frame({}))["amount"] is None


def test_the_commonest_code_is_of_failures_alone():
    rows = frame(
        *({"status": "failed", "error_code": code} for code in ("A", "A", "B", "500", None)),
        *({"status": "ok", "error_code": "B"} for _ in range(3)),
        {"status": "declined", "error_code": "B"},
    )
    row = whole(rows)
    assert (row["failed"], row["top_error"], row["top_error_share"]) == (5, "A", 0.4)
    tie = frame(*({"status": "failed", "error_code": code} for code in ("Z", "A")))
    assert whole(tie)["top_error"] == whole(tie.reverse())["top_error"] == "A"


# Samples


def test_below_the_sample_counts_stay_and_figures_go():
    rows = frame(*({"status": "failed", "error_code": "A", "amount": 1.0} for _ in range(29)), {})
    (row,) = shares(facts(rows), ()).to_dicts()
    assert (row["joint"], row["why"], row["failed"], row["reasons"]) == (1.0, None, 29, 29)
    assert (row["top_error"], row["top_error_share"], row["traced_money"], row["amount"]) == ("A", None, None, 29.0)
    (row,) = shares(facts(rows.head(29)), ()).to_dicts()
    assert (row["messages"], row["trailed"], row["joint"], row["low"], row["verdict"]) == (
        29,
        29,
        None,
        None,
        "not enough data",
    )


@pytest.mark.parametrize(("lacking", "verdict"), [(1, "full"), (2, "partial"), (10, "partial"), (11, "gaps")])
def test_the_verdict_has_the_thresholds_of_the_audit(lacking, verdict):
    row = whole(frame(*({"actor": None} for _ in range(lacking)), *({} for _ in range(100 - lacking))))
    assert row["verdict"] == verdict


# Laws

MAYBE = {
    "integration": ["a", "b", None],
    "kind": ["request", "queue", None],
    "sent_at": [START, END, START + timedelta(days=33), None],
    "received_at": [START, None],
    "answered_at": [START, None],
    "status": ["ok", "failed", "timeout", "declined", "pending", "unknown", "skipped"],
    "actor": ["ana", "", None],
    "source": ["ERP", "WMS", "user", "unknown (asked by WMS)"],
    "payload_hash": ["c0ffee", "", None],
    "object_id": ["4711", None],
    "error_text": ["deadlock", "Unknown error", None],
    "error_code": ["AM10", "500", None],
    "amount": [12.34, -0.1, None],
    "currency": ["EUR", "USD", None],
    "load_test": [True, False, None],
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in MAYBE.items()}), min_size=1, max_size=40
)


def by_loops(rows, ever):
    """The joint answer by hand: [asked, trailed] of rows with their integration."""
    asked = trailed = 0
    for row in rows:
        if row["source"] == row["target"] or row["load_test"] or row["status"] == "skipped":
            continue
        young = row["sent_at"] is not None and END - row["sent_at"] <= timedelta(days=1)
        ended = row["status"] not in ("pending", "unknown")
        if not ended and young:
            continue
        has = ever[row["integration"] or f"{row['source']} > {row['target']}"]
        what = row["payload_hash"] if "payload" in has else row["object_id"]
        system = row["source"] != "user" and not row["source"].startswith("unknown")
        who = row["actor"] if "actor" in has else system
        answer = row["kind"] == "request" and row["answered_at"] and row["status"] != "timeout"
        refused = row["status"] in ("failed", "timeout", "declined")
        why = not refused or row["error_text"] == "deadlock" or row["error_code"] == "AM10"
        asked += 1
        trailed += bool(what and row["sent_at"] and who and (row["received_at"] or answer) and ended and why)
    return asked, trailed


def recorded(rows):
    """What the log of each integration ever has, of messages that are asked."""
    ever = {}
    for row in rows:
        has = ever.setdefault(row["integration"] or f"{row['source']} > {row['target']}", set())
        if by_loops([row], {name: set() for name in ever})[0]:
            has |= {"payload"} if row["payload_hash"] else set()
            has |= {"actor"} if row["actor"] else set()
    return ever


@given(ROWS)
def test_counts_are_those_of_a_loop_over_the_rows(rows):
    messages = frame(*rows)
    row = whole(messages) if facts(messages).height else {"messages": 0, "trailed": 0}
    assert (row["messages"], row["trailed"]) == by_loops(messages.to_dicts(), recorded(messages.to_dicts()))


@given(ROWS, st.integers(0, 40), st.randoms(use_true_random=False))
def test_facts_of_the_parts_are_those_of_the_whole_in_any_order(rows, cut, random):
    messages = frame(*rows)
    together = facts(messages)
    shuffled = messages.sample(fraction=1, shuffle=True, seed=random.randint(0, 99))
    assert_frame_equal(facts(shuffled), together)
    assert_frame_equal(merged([facts(shuffled.head(cut)), facts(shuffled.slice(cut))], made.KEYS), together)


# On evidence


def evidence(messages, **catalog):
    return ih.Evidence(messages=messages, catalog=Catalog(**catalog))


def test_doubled_files_and_evidence_without_columns_change_nothing():
    messages = planted(300, 0.95, failed=True).drop_nulls("sent_at")
    once = evidence(messages)
    assert_frame_equal(
        trail(evidence(pl.concat([messages, messages]).sample(fraction=1, shuffle=True, seed=1))), trail(once)
    )
    bare = ih.Evidence(messages=messages.select("message_id", "source", "target", "sent_at", "status"))
    (row,) = trail_whole(bare).to_dicts()
    assert (row["joint"], row["never_logged"]) == (0, ["what", "received"])
    for asked in (trail, trail_integrations, trail_whole):
        assert asked(ih.Evidence()).schema == asked(once).schema
        assert asked(ih.Evidence()).height == 0


def test_a_business_rejection_is_asked_why_and_did_not_fail():
    rows = frame(*({"status": "rejected", "error_text": "payment declined"} for _ in range(3)))
    (row,) = trail_whole(evidence(rows)).to_dicts()
    assert (row["declined"], row["failed"], row["reasons"], row["trailed"]) == (3, 0, 3, 3)


def test_the_month_the_currency_and_the_sample_come_from_the_catalog_and_the_caller():
    rows = frame(
        *({"sent_at": datetime(2026, 3, 31, 22, 30, tzinfo=UTC), "amount": 1.0, "currency": "CHF"} for _ in range(5)),
        {"amount": 2.0, "currency": "EUR"},
    )
    logs = evidence(rows, currency="EUR", timezone="Europe/Madrid")
    table = trail(logs, min_messages=5)
    assert table.select("month", "messages", "joint", "amount", "currency").rows() == [
        ("2026-03", 1, None, 2.0, "EUR"),
        ("2026-04", 5, 1.0, None, None),
    ]
