"""What became of the work that needed a system while it was down: each end planted, and what must not pass for it."""

import polars as pl
import pytest
from drawing.down_times import evidence, failing, measured, messages, sent, three
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility.coupling import down_times as down
from integrhealth.analyses.dependency_fragility.coupling import grace
from integrhealth.evidence import Evidence
from integrhealth.traces.facts import merged
from integrhealth.traces.links import linked, with_causes


def row_of(*rows: dict, metrics: pl.DataFrame | None = None, source: str = "A", target: str = "B") -> dict:
    asked = fragility.coupling(evidence(*rows, metrics=metrics))
    return asked.filter(source=source, target=target).row(0, named=True)


def ends(row: dict) -> tuple:
    return tuple(row[name] for name in ("outages", "served", "deferred", "failed", "lost", "grace"))


def test_direct_calls_have_no_grace():
    assert ends(row_of(*three(lambda day: failing(day + 10, day + 11, day + 12)))) == (3, 0, 0, 9, 0, 0.0)


def test_a_queue_has_all_the_grace():
    def outage(day):
        waiting = [sent(day + minute, kind="queue", after=40) for minute in (10.5, 11.5)]
        return [*failing(day + 10, day + 11, day + 12, source="C"), *waiting]

    assert ends(row_of(*three(outage))) == (3, 0, 6, 0, 0, 1.0)
    assert ends(row_of(*three(outage), source="C")) == (3, 0, 0, 9, 0, 0.0)


def test_a_failed_attempt_that_a_later_one_makes_good_is_deferred_and_counts_once():
    def outage(day):
        tries = [
            *failing(*(day + minute for minute in (10, 11, 12)), object_id=f"{day}", object_type="order"),
            sent(day + 30, object_id=f"{day}", object_type="order"),
        ]
        return [*tries, *failing(day + 10.5, day + 11.5, object_id=f"gone {day}", object_type="order")]

    assert ends(row_of(*three(outage))) == (3, 0, 3, 3, 0, 0.5)


def test_the_same_message_id_is_enough_and_another_payload_is_another_message():
    def again(day):
        return [*failing(day + 10, day + 11, day + 12, source="C"), sent(day + 11, "failed", message_id=f"x{day}")]

    def later(day, **more):
        return [sent(day + 30, message_id=f"x{day}", attempt=2, **more)]

    assert ends(row_of(*three(lambda day: again(day) + later(day)))) == (3, 0, 3, 0, 0, 1.0)

    def changed(day):
        order = {"object_id": f"{day}", "object_type": "order"}
        old = sent(day + 11, "failed", payload_hash="old", **order)
        return [*failing(day + 10, day + 11, day + 12, source="C"), old, sent(day + 30, payload_hash="new", **order)]

    assert ends(row_of(*three(changed))) == (3, 0, 0, 3, 0, 0.0)


@pytest.mark.parametrize(("operation", "kept"), [(None, 3), ("POST /orders", 3), ("DELETE /orders", 0)])
def test_a_batch_that_brings_it_hours_later_defers_it_whatever_its_id(operation, kept):
    def outage(day):
        order = {"object_type": "order", "object_id": f"{day}"}
        refused = sent(day + 11.5, "failed", operation="POST /orders", message_id=f"x{day}", **order)
        night = sent(day + 400, kind="batch", after=5, source="D", operation=operation, message_id=f"y{day}", **order)
        return [*failing(day + 10, day + 11, day + 12, source="C"), refused, night]

    assert ends(row_of(*three(outage))) == (3, 0, kept, 3 - kept, 0, kept / 3)


@pytest.mark.parametrize("status", ["ok", "pending", "held", "unknown"])
def test_accepted_and_then_lost_is_not_deferred(status):
    def outage(day):
        direct = failing(day + 10, day + 11, day + 12, source="C")
        return [*direct, sent(day + 11.5, status, kind="queue", after=None), sent(day + 50, kind="queue", after=5)]

    assert ends(row_of(*three(outage))) == (3, 0, 0, 0, 3, 0.0)


def test_accepted_by_a_broker_while_metrics_say_that_it_was_down_is_lost_unless_applied_later():
    up = ([1] * 10 + [0] * 5 + [1] * 1425) * 3
    order = {"object_type": "order", "kind": "queue"}

    def outage(day, *, applied):
        accepted = sent(day + 12, object_id=f"{day}", **order)
        return [accepted, *([sent(day + 30, object_id=f"{day}", **order)] if applied else [])]

    lost = row_of(*three(lambda day: outage(day, applied=False)), metrics=measured({"B": up}))
    assert ends(lost) == (3, 0, 0, 0, 3, 0.0)
    made_good = row_of(*three(lambda day: outage(day, applied=True)), metrics=measured({"B": up}))
    assert ends(made_good) == (3, 0, 3, 0, 0, 1.0)


def test_a_fallback_serves_the_message_or_the_request_that_it_was_sent_for():
    def outage(day, *, parent: bool):
        direct = failing(day + 10, day + 11, day + 12, source="C")
        if not parent:
            return [*direct, sent(day + 11.5, fallback=True)]
        ids = {"trace_id": f"t{day}"}
        request = sent(day + 11.4, source="X", target="A", message_id=f"r{day}", after=1, fallback=True, **ids)
        return [*direct, request, sent(day + 11.5, "failed", parent_id=f"r{day}", **ids)]

    for parent in (False, True):
        assert ends(row_of(*three(lambda day, parent=parent: outage(day, parent=parent)))) == (3, 3, 0, 0, 0, 1.0)


def test_a_fallback_that_comes_after_the_last_sign_of_the_outage_serves_the_same_object():
    """Nothing names the request: what was refused last ends the time down, and its fallback answers seconds later."""

    def outage(day, *, after=0.1, payload=None, repaired=False, **fallback):
        order = {"object_type": "order", "object_id": f"{day}", "payload_hash": "p"}
        tries = [sent(day + 12 + n / 60, "failed", attempt=n, **order) for n in (1, 2)]
        instead = order | {"payload_hash": payload or "p", "fallback": True, "attempt": 3} | fallback
        itself = [sent(day + 12.05, **order)] if repaired else []
        return [*failing(day + 10, day + 11, source="C"), *tries, *itself, sent(day + 12 + after, **instead)]

    def ends_of(**how):
        return ends(row_of(*three(lambda day: outage(day, **how))))

    assert ends_of() == (3, 3, 0, 0, 0, 1.0)
    assert ends_of(after=30 * 1440 - 1) == (3, 3, 0, 0, 0, 1.0)
    assert ends_of(after=30 * 1440 + 1) == (3, 0, 0, 3, 0, 0.0)
    assert ends_of(after=-3) == (3, 0, 0, 3, 0, 0.0)  # from the copy, before it was down
    assert ends_of(payload="q") == (3, 0, 0, 3, 0, 0.0)
    assert ends_of(source="X") == (3, 0, 0, 3, 0, 0.0)
    assert ends_of(object_type="return") == (3, 0, 0, 3, 0, 0.0)
    assert ends_of(repaired=True) == (3, 0, 3, 0, 0, 1.0)  # the target itself was first


def test_a_fallback_at_another_system_is_the_same_work_where_the_trace_says_so():
    def outage(day, trace: str | None):
        order = {"object_type": "order", "object_id": f"{day}", "trace_id": f"t{day}"}
        direct = failing(day + 10, day + 11, day + 12, source="C")
        copy = sent(day + 11.51, target="Copy", fallback=True, **order | {"trace_id": trace})
        return [*direct, sent(day + 11.5, "failed", **order), copy]

    assert ends(row_of(*three(lambda day: outage(day, f"t{day}")))) == (3, 3, 0, 0, 0, 1.0)
    # Without it the one failed, and the other was served without a try.
    assert ends(row_of(*three(lambda day: outage(day, None)))) == (3, 3, 0, 3, 0, 0.5)


def test_a_request_served_by_a_fallback_without_a_try_counts_as_served():
    def outage(day):
        direct = failing(day + 10, day + 11, day + 12, source="C")
        return [
            *direct,
            sent(day + 11.5, source="X", target="A", fallback=True),
            sent(day + 11.6, source="X", target="A"),
        ]

    assert ends(row_of(*three(outage))) == (3, 3, 0, 0, 0, 1.0)


def test_below_three_outages_grace_is_null_and_the_counts_stay():
    rows = three(lambda day: failing(day + 10, day + 11, day + 12) if day else [])
    assert ends(row_of(*rows)) == (2, 0, 0, 6, 0, None)


def test_what_was_declined_or_taken_back_and_what_a_load_test_sent_needed_nothing():
    def outage(day):
        others = [sent(day + 11.2, status) for status in ("skipped", "cancelled")]
        return [*failing(day + 10, day + 11, day + 12), *others, *failing(day + 11.5, load_test=True)]

    assert ends(row_of(*three(outage))) == (3, 0, 0, 9, 0, 0.0)


def test_what_was_accepted_where_no_arrival_is_ever_logged_is_not_lost_and_what_failed_there_is():
    def outage(day):
        direct = failing(day + 10, day + 11, day + 12, source="C")
        queue = {"source": "D", "kind": "queue", "after": None}
        return [*direct, sent(day + 11.5, **queue), *failing(day + 11.6, **queue)]

    alive = [sent(day + 5, kind="queue") for day in (0, 1440, 2880)]  # others do log arrivals
    assert ends(row_of(*alive, *three(outage), source="D")) == (3, 0, 0, 3, 0, 0.0)


def test_a_business_rejection_is_an_answer():
    def outage(day):
        return [*failing(day + 10, day + 11, day + 12, source="C"), sent(day + 11.5, "failed", error_code="no stock")]

    caused = with_causes(linked(messages(*three(outage))))
    status = pl.when(pl.col("error_code") == "no stock").then(pl.lit("declined")).otherwise("status")
    windows = down.windows(down.seen_facts(caused), Evidence().metrics)
    assert grace.grace_facts(caused, windows)["failed"].sum() == 12
    assert grace.grace_facts(caused.with_columns(status=status), windows)["failed"].sum() == 9


def test_the_interval_of_grace_is_over_outages():
    def outage(day):
        many = range(30) if day == 0 else range(3)
        more = [{"object_id": f"{day} {n}", "object_type": "order"} for n in many]
        lost = [sent(day + 10 + n / 30, "failed", **each) for n, each in enumerate(more)]
        saved = [sent(day + 30, **each) for each in more] if day == 0 else []
        return lost + saved

    row = row_of(*three(outage))
    assert row["grace"] == pytest.approx(30 / 36)
    assert row["grace_low"] < 0.3  # one outage went well, two did not
    assert row["grace_high"] == 1


def rules(*rows: dict) -> list[tuple]:
    answered = fragility.report(evidence(*rows))
    return answered.findings.filter(rule="no_grace").select("subject", "severity").rows()


def test_certainly_no_grace_is_a_warning_and_enough_is_no_finding():
    assert rules(*three(lambda day: failing(day + 10, day + 11, day + 12))) == [("A to B", "warning")]

    def outage(day, saved: int):
        units = [{"object_id": f"{day} {n}", "object_type": "order"} for n in range(20)]
        tried = [sent(day + 10 + n / 20, "failed", **each) for n, each in enumerate(units)]
        return tried + [sent(day + 30, **each) for each in units[:saved]]

    assert rules(*three(lambda day: outage(day, 19))) == []
    assert rules(*three(lambda day: outage(day, 18))) == [("A to B", "note")]
    assert rules(*three(lambda day: outage(day, 15))) == [("A to B", "note")]
    assert rules(*three(lambda day: outage(day, 8))) == [("A to B", "warning")]


minutes = st.integers(0, 40)
statuses = st.sampled_from(["ok", "failed", "timeout", "pending", "skipped", "partial"])
kinds = st.sampled_from(["request", "queue", None])
names = st.sampled_from(["o1", "o2", None])
rows = st.builds(
    lambda minute, status, kind, name, after, target, fallback: sent(
        minute, status, kind=kind, object_id=name, object_type="order", after=after, target=target, fallback=fallback
    ),
    minutes,
    statuses,
    kinds,
    names,
    st.sampled_from([None, 0.2, 5]),
    st.sampled_from(["B", "C"]),
    st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, min_size=1, max_size=40), st.integers(0, 3))
def test_facts_of_the_parts_are_those_of_the_whole(drawn, split):
    whole = messages(*drawn)
    caused = with_causes(linked(whole))
    parts = [caused.filter(pl.col("row") % 4 <= split), caused.filter(pl.col("row") % 4 > split)]
    seen = down.seen_facts(caused)
    assert_frame_equal(merged([down.seen_facts(part) for part in parts], down.KEYS), seen)
    windows = down.windows(seen, Evidence().metrics)
    everything = grace.grace_facts(caused, windows)
    nameless = caused.filter(pl.col("object_id").is_null())
    by_object = [caused.filter(pl.col("object_id") == name) for name in ("o1", "o2")]
    logged = caused.filter(pl.col("kind") == "queue", pl.col("finished_at").is_null()).is_empty()
    if logged:  # whether an edge logs arrivals is asked of all its messages
        facts = [grace.grace_facts(part, windows) for part in (nameless, *by_object)]
        assert_frame_equal(merged(facts, grace.OUTAGE).sort(grace.OUTAGE), everything)


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, max_size=40))
def test_whatever_comes_in_shares_are_shares_and_outages_do_not_overlap(drawn):
    given_ = evidence(*drawn) if drawn else Evidence()
    asked = fragility.coupling(given_)
    assert asked.drop_nulls("grace").select(pl.col("grace", "grace_low", "grace_high").is_between(0, 1).all()).row(
        0
    ) in ((True,) * 3, (None,) * 3)
    dated = fragility.down_times(given_)
    assert (dated["ended_at"] >= dated["started_at"]).all()
    after = dated.select((pl.col("started_at") > pl.col("ended_at").shift().over("system")).fill_null(True))
    assert after.to_series().all()


def test_without_input_the_tables_have_their_columns_and_a_sentence():
    answered = fragility.report(Evidence())
    assert answered.tables["coupling"].is_empty()
    assert answered.tables["down_times"].is_empty()
    assert "who fails with whom" in answered.notes["coupling"]
    assert "three failures" in answered.notes["down_times"]
