"""The replay of a hold against pictures, and against a naive walk over every record."""

import itertools
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from integrhealth.analyses.error_propagation.holds.replay import detected_share, hold_replay
from integrhealth.language.schema import COUNT, FLAG, TEXT, TIME

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTRIES = {"entry": COUNT, "object_type": TEXT, "object_id": TEXT, "needs_release": FLAG, "independent_at": TIME}
STEPS = {"entry": COUNT, "step": COUNT, "before": COUNT, "integration": TEXT, "source": TEXT, "target": TEXT} | {
    "object_type": TEXT, "object_id": TEXT, "sent_at": TIME, "arrived_at": TIME,
}  # fmt: skip


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


PICTURE = [  # entry step before integration source target object arrived_at
    (0, 1, None, "orders", "shop", "erp", "o", 0),
    (0, 2, 1, "erp > wms", "erp", "wms", "o", 5),
    (0, 3, 2, "wms > dhl", "wms", "dhl", "parcel", 10),
    (0, 4, None, "shop > mail", "shop", "mail", "o", 1),
    (0, 5, 1, "erp", "erp", "erp", "o", 1),
]


def drawn(rows: list[tuple], *, detected: float) -> dict:
    steps = [
        {"entry": e, "step": s, "before": b, "integration": i, "source": f, "target": t, "object_id": o,
         "sent_at": at(m - 2), "arrived_at": at(m)} for e, s, b, i, f, t, o, m in rows
    ]  # fmt: skip
    entry = {"entry": 0, "object_id": "o", "needs_release": False, "independent_at": at(detected)}
    return {
        "entries": pl.DataFrame([entry], schema=ENTRIES),
        "steps": pl.DataFrame(steps, schema=STEPS),
    }


def replayed(frames: dict, integration: str) -> dict[int, tuple]:
    replay = hold_replay(frames["steps"], frames["entries"]).filter(pl.col("integration") == integration)
    return {step: (part, minutes) for step, part, minutes in replay.select("step", "part", "minutes").rows()}


def test_a_hold_shifts_what_lies_at_or_below_its_integration_and_no_parallel_branch():
    frames = drawn(PICTURE, detected=12.5)
    third = pytest.approx(1 / 4)
    assert replayed(frames, "orders") == {1: (third, 13), 2: (third, 8), 3: (1, 3), 4: (third, None), 5: (third, 12)}
    assert replayed(frames, "erp > wms") == {
        1: (third, None),
        2: (third, 8),
        3: (1, 3),
        4: (third, None),
        5: (third, None),
    }
    assert replayed(frames, "erp") == {}  # work inside a system is no integration


@pytest.mark.filterwarnings("ignore:Comparisons with None")
def test_a_branch_of_an_integration_that_nobody_named_is_not_held():
    unnamed = [(*row[:3], None, *row[4:]) if row[1] == 4 else row for row in PICTURE]
    assert replayed(drawn(unnamed, detected=12.5), "orders")[4] == (1 / 4, None)


def test_what_was_under_way_at_the_detection_is_spared_if_it_had_not_been_sent_or_its_cause_is():
    assert replayed(drawn(PICTURE, detected=9), "orders")[3] == (1, 1)  # sent at 8, there at 10
    assert replayed(drawn(PICTURE, detected=7), "orders")[3] == (1, 2)  # sent after the detection, brought by step 2
    assert replayed(drawn(PICTURE, detected=7), "wms > dhl")[3] == (1, None)


def test_a_hold_shifts_the_longest_chain_to_its_end_and_the_first_message_is_known():
    chain = [(0, i, i - 1 if i else None, f"edge {i}", f"s{i}", f"s{i + 1}", "o", i) for i in range(40)]
    frames = drawn(chain, detected=50)
    assert {minutes for _, minutes in replayed(frames, "edge 0").values()} == {50 - i for i in range(40)}
    replay = hold_replay(frames["steps"], frames["entries"])
    assert replay.filter("first").select("integration", "step").rows() == [("edge 0", 0)]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_replay_equals_a_walk_over_every_record(data):
    size = data.draw(st.integers(1, 9))
    minutes = data.draw(st.lists(st.integers(0, 30), min_size=size, max_size=size))
    rows = []
    for step in range(size):
        before = data.draw(st.sampled_from([None, *range(max(step - 3, 0), step)]))
        name = data.draw(st.sampled_from("xyz"))
        rows.append(
            (
                0,
                step,
                before,
                name,
                "a",
                data.draw(st.sampled_from("ab")),
                data.draw(st.sampled_from("op")),
                minutes[step],
            )
        )
    detected = data.draw(st.integers(0, 40))
    frames = drawn(rows, detected=detected)
    found = hold_replay(frames["steps"], frames["entries"])
    for integration, hold in itertools.product("xyz", (0, 1, 7, 40)):
        spared = found.filter(pl.col("integration") == integration, pl.col("minutes") <= hold)
        assert sorted(spared["step"]) == naive_spared(rows, integration, hold, detected)


def naive_spared(rows: list[tuple], integration: str, hold: int, detected: float) -> list[int]:
    """Records that would not have come before the detection, had all at or below the integration come later."""
    by_step = {row[1]: row for row in rows}

    def shifted(step: int | None) -> bool:
        if step is None:
            return False
        _, _, before, name, source, target, _, _ = by_step[step]
        return (name == integration and source != target) or shifted(before)

    def spared(step: int | None) -> bool:
        if not shifted(step):
            return False
        came = by_step[step][7]
        last = came if came < detected else came - 2  # under way at the detection: when it was sent
        return last < detected <= last + hold or spared(by_step[step][2])

    return sorted(step for step in by_step if spared(step))


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60))
def test_the_share_detected_is_that_of_kaplan_and_meier(entries):
    passed = pl.DataFrame(entries, schema={"minutes": pl.Float64, "detected": pl.Boolean}, orient="row")
    minutes = pl.Series([0.0, 0.5, *range(1, 40)]).to_numpy()
    seen, waiting = (passed.filter(detected=each)["minutes"].to_numpy() for each in (True, False))
    expected = ecdf(CensoredData(seen, right=waiting)).cdf.evaluate(minutes) if len(seen) else 0 * minutes
    assert detected_share(passed, minutes).tolist() == pytest.approx(expected.tolist(), abs=1e-12)
