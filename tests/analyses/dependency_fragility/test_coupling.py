"""Who fails together, when a system was down, and what its callers did then: planted by the textbook process."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility.coupling import down_times as down
from integrhealth.analyses.dependency_fragility.coupling import grace, odds
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform
from integrhealth.traces.facts import merged
from integrhealth.traces.links import linked, with_causes

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
PAIRS = pl.DataFrame({"source": ["A"], "target": ["B"]})


# --- failing together -------------------------------------------------------------------------------------------------


def hours_alike(
    rng: np.random.Generator, *, weeks: int, busy: float, quiet: float, coupled: float = 1.0
) -> pl.DataFrame:
    """Bins of two systems: each fails with the probability of the hour, one hour in eight being busy.

    `coupled` is the odds ratio within each hour: the second fails with so many times the odds where the first does.
    """
    bins = np.arange(weeks * 7 * 96)
    chance = np.where((bins // 4) % 8 == 0, busy, quiet)
    first = rng.random(bins.size) < chance
    factor = np.where(first, coupled, 1.0) * chance / (1 - chance)
    second = rng.random(bins.size) < factor / (1 + factor)
    at = pl.datetime_range(MONDAY, interval="15m", end=MONDAY + timedelta(weeks=weeks), closed="left", eager=True)
    return pl.concat(
        [
            pl.DataFrame({"system": [system] * bins.size, "bin": at, "failing": failing})
            for system, failing in (("A", first), ("B", second))
        ]
    )


def odds_of(bins: pl.DataFrame) -> dict:
    return odds.odds(odds.strata(bins, PAIRS)).row(0, named=True)


def test_a_busy_hour_alone_is_no_coupling_whatever_the_raw_lift_says():
    judged = odds_of(hours_alike(np.random.default_rng(1), weeks=26, busy=0.45, quiet=0.029))
    assert judged["lift"] == pytest.approx(3.9, abs=0.5)
    assert judged["low"] < 1 < judged["high"]
    assert judged["odds_ratio"] == pytest.approx(1, abs=0.2)


def test_a_planted_coupling_is_measured():
    judged = odds_of(hours_alike(np.random.default_rng(2), weeks=26, busy=0.3, quiet=0.03, coupled=6))
    assert judged["low"] < 6 < judged["high"]
    assert judged["low"] > 4


@pytest.mark.parametrize("coupled", [1, 4])
def test_the_interval_holds_the_truth_as_often_as_it_says(coupled):
    judged = [
        odds_of(hours_alike(np.random.default_rng([3, seed]), weeks=8, busy=0.3, quiet=0.05, coupled=coupled))
        for seed in range(100)
    ]
    held = sum(row["low"] <= coupled <= row["high"] for row in judged)
    assert 89 <= held <= 100
    above = sum(row["low"] > coupled for row in judged)
    below = sum(row["high"] < coupled for row in judged)
    assert above <= 7
    assert below <= 7


def test_the_ratio_is_that_of_the_formula():
    # Two strata: R = 4*10/20 + 2*3/10, S = 3*3/20 + 1*4/10.
    cells = pl.DataFrame(
        {"hour": [0, 1], "both": [4, 2], "source_only": [3, 1], "target_only": [3, 4], "neither": [10, 3]}
    ).with_columns(source=pl.lit("A"), target=pl.lit("B"))
    judged = odds.odds(cells).row(0, named=True)
    r, s = np.array([4 * 10 / 20, 2 * 3 / 10]), np.array([3 * 3 / 20, 1 * 4 / 10])
    p, q = np.array([14 / 20, 5 / 10]), np.array([6 / 20, 5 / 10])
    variance = (p * r).sum() / (2 * r.sum() ** 2) + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
    variance += (q * s).sum() / (2 * s.sum() ** 2)
    assert judged["odds_ratio"] == pytest.approx(r.sum() / s.sum())
    assert np.log(judged["high"] / judged["odds_ratio"]) == pytest.approx(1.959964 * np.sqrt(variance))
    assert judged["lift"] == pytest.approx(6 * 30 / (10 * 13))


def test_two_that_always_fail_together_have_a_finite_ratio_and_a_certain_low():
    always = np.random.default_rng(4).random(96 * 28) < 0.02
    at = pl.datetime_range(MONDAY, interval="15m", end=MONDAY + timedelta(days=28), closed="left", eager=True)
    bins = pl.concat([pl.DataFrame({"system": system, "bin": at, "failing": always}) for system in "AB"])
    judged = odds_of(bins)
    assert judged["low"] > 10
    assert np.isfinite(judged["high"])


def test_four_failing_bins_are_too_few_and_five_are_not():
    def judged(failing: int) -> dict:
        at = pl.datetime_range(MONDAY, interval="15m", end=MONDAY + timedelta(hours=48), closed="left", eager=True)
        fails = pl.int_range(at.len(), eager=True) % 4 == 0
        both = fails & (fails.cum_sum() <= failing)
        return odds_of(pl.concat([pl.DataFrame({"system": s, "bin": at, "failing": both}) for s in "AB"]))

    assert judged(4)["odds_ratio"] is None
    assert judged(4)["source_failing"] == 4
    assert judged(5)["odds_ratio"] > 1


def test_bins_in_which_one_of_the_two_did_nothing_do_not_count():
    bins = hours_alike(np.random.default_rng(5), weeks=2, busy=0.3, quiet=0.1)
    idle = bins.filter((pl.col("system") == "A") | (pl.col("bin").dt.hour() >= 12))
    assert odds_of(idle)["bins"] == odds_of(bins)["bins"] / 2


# --- when a system was down -------------------------------------------------------------------------------------------


def sent(minute: float, status: str = "ok", *, source="A", target="B", kind="request", after=0.01, **more) -> dict:
    """A message sent in a minute of the first Monday that ended `after` so many minutes; None: nothing says when."""
    at = MONDAY + timedelta(minutes=minute)
    ended = None if after is None else at + timedelta(minutes=after)
    row = {"source": source, "target": target, "kind": kind, "status": status, "sent_at": at, "finished_at": ended}
    return row | {"fallback": False} | more


def messages(*rows: dict) -> pl.DataFrame:
    named = [{"message_id": f"m{number}"} | row for number, row in enumerate(rows)]
    return conform(pl.DataFrame(named, infer_schema_length=None), "messages")


def evidence(*rows: dict, metrics: pl.DataFrame | None = None) -> Evidence:
    return Evidence(messages=messages(*rows), metrics=metrics)


def outages(*rows: dict, metrics: pl.DataFrame | None = None) -> list[tuple]:
    """system, first and last minute, failures of each outage."""
    minute = (pl.col("started_at", "ended_at") - MONDAY).dt.total_seconds() / 60
    dated = fragility.down_times(evidence(*rows, metrics=metrics))
    return dated.select("system", minute, "failures").rows()


def failing(*minutes: float, **more) -> list[dict]:
    return [sent(minute, "failed", **more) for minute in minutes]


def test_three_failures_in_a_row_are_an_outage_dated_by_them_and_two_are_none():
    around = [sent(1), sent(20)]
    assert outages(*around, *failing(5, 6, 7)) == [("B", 5, 7, 3)]
    assert outages(*around, *failing(5, 6)) == []
    assert outages(*around, *failing(5, 6), sent(6.5), *failing(7)) == []


def test_failures_of_one_object_are_no_outage():
    assert outages(sent(1), *failing(5, 6, 7, object_id="poison", object_type="order")) == []
    mixed = [*failing(5, 6, object_id="one", object_type="order"), *failing(7, object_id="two", object_type="order")]
    assert outages(sent(1), *mixed) == [("B", 5, 7, 3)]


def test_failures_passed_on_are_an_outage_where_they_began():
    rows = []
    for number, minute in enumerate((5, 6, 7)):
        rows.append(sent(minute, "failed", message_id=f"p{number}", trace_id=f"t{number}", after=0.5))
        below = {"source": "B", "target": "C", "trace_id": f"t{number}", "parent_id": f"p{number}"}
        rows.append(sent(minute + 0.1, "failed", **below))
    assert [row[0] for row in outages(sent(1), sent(1, source="B", target="C"), *rows)] == ["C"]


def test_what_a_fallback_served_is_no_sign_of_life():
    rows = [*failing(5, 6, 8), sent(7, fallback=True)]
    assert outages(sent(1), sent(20), *rows) == [("B", 5, 8, 3)]


def test_a_queue_that_accepts_says_nothing_where_arrivals_are_logged():
    accepted = [sent(minute, kind="queue", after=None) for minute in (5.5, 6.5)]
    direct = failing(5, 6, 7, source="C")
    assert outages(sent(1, kind="queue"), *accepted, *direct, sent(20)) == [("B", 5, 7, 3)]
    silent = sent(1, kind="queue", after=None)
    assert outages(silent, *accepted, *direct, sent(20)) == []


def test_an_outage_through_which_a_few_get_is_one_and_what_lies_farther_apart_is_two():
    first, second = failing(10, 15, 20), failing(25, 28, 30)
    assert outages(*first, sent(22), *second) == [("B", 10, 30, 6)]
    later = failing(35, 38, 40)
    assert outages(*first, sent(22), *later) == [("B", 10, 20, 3), ("B", 35, 40, 3)]


def measured(values: dict[str, list[float | None]], *, metric: str = "up") -> pl.DataFrame:
    """A sample each minute of each system; None: it is missing."""
    return pl.DataFrame(
        [
            {"time": MONDAY + timedelta(minutes=minute), "system": system, "metric": metric, "value": float(value)}
            for system, samples in values.items()
            for minute, value in enumerate(samples)
            if value is not None
        ]
    )


def test_metrics_that_say_it_was_not_up_are_an_outage():
    samples = measured({"B": [1] * 10 + [0] * 5 + [1] * 10})
    assert outages(sent(1), sent(22), metrics=samples) == [("B", 10, 14, 0)]
    assert outages(sent(1), sent(12), sent(22), metrics=samples) == []  # it answered all the same
    assert outages(*failing(13, 14, 15), sent(22), metrics=samples) == [("B", 10, 15, 3)]


def test_missing_samples_are_an_outage_unless_the_collector_was_down():
    gap = [5.0] * 30 + [None] * 3 + [5.0] * 10
    whole = [5.0] * 43
    assert outages(sent(1), metrics=measured({"B": gap, "C": whole}, metric="cpu")) == [("B", 30, 32, 0)]
    assert outages(sent(1), metrics=measured({"B": gap}, metric="cpu")) == [("B", 30, 32, 0)]
    assert outages(sent(1), metrics=measured({"B": gap, "C": gap}, metric="cpu")) == []
    short = [5.0] * 30 + [None] * 2 + [5.0] * 10
    assert outages(sent(1), metrics=measured({"B": short, "C": whole}, metric="cpu")) == []


# --- grace ------------------------------------------------------------------------------------------------------------

DAYS = (0, 1440, 2880)


def row_of(*rows: dict, metrics: pl.DataFrame | None = None, source: str = "A", target: str = "B") -> dict:
    asked = fragility.coupling(evidence(*rows, metrics=metrics))
    return asked.filter(source=source, target=target).row(0, named=True)


def ends(row: dict) -> tuple:
    return tuple(row[name] for name in ("outages", "served", "deferred", "failed", "lost", "grace"))


def three(outage) -> list[dict]:
    """The rows of `outage(day)` on three days, and of B alive before and after each."""
    return [row for day in DAYS for row in (sent(day + 1), *outage(day), sent(day + 60))]


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


# --- findings ---------------------------------------------------------------------------------------------------------


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


# --- laws and broken input --------------------------------------------------------------------------------------------

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
