"""How far clocks are apart, against clocks that are set apart in the test, and latencies without that."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from integrhealth.analyses import latency
from integrhealth.analyses.latency import clocks
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform
from integrhealth.traces.facts import merged

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AHEAD = {"shop": 0.0, "erp": 130.0, "wms": -2600.0, "partner": 0.0}


def exchanged(source: str, target: str, kind: str, count: int, *, seed: int, name: str | None = None) -> pl.DataFrame:
    """Messages with lognormal ways and work, in ms, as both sides write them down by the clocks of AHEAD."""
    rng = np.random.default_rng(seed)
    there, work, back = (rng.lognormal(np.log(median), 0.4, count) for median in (40.0, 200.0, 40.0))
    sent = rng.uniform(0, 86_400_000, count)
    here, far = AHEAD[source], AHEAD[target]
    answered = sent + there + work + back if kind == "request" else sent + 4.0
    ended = (sent + here, sent + there + far, sent + there + work + far, answered + here)
    times = dict(zip(("sent_at", "received_at", "finished_at", "answered_at"), ended, strict=True))
    frame = pl.DataFrame(times).select(
        **{
            each: pl.lit(NOON) + pl.duration(microseconds=(pl.col(each) * 1000).round().cast(pl.Int64))
            for each in times
        }
    )
    return conform(
        frame.with_columns(
            message_id=pl.format("{} {} {} {}", *map(pl.lit, (source, target, kind)), pl.int_range(pl.len())),
            source=pl.lit(source), target=pl.lit(target), kind=pl.lit(kind), status=pl.lit("ok"),
            integration=pl.lit(name or kind),
        ),
        "messages",
    )  # fmt: skip


def apart(*frames: pl.DataFrame, min_messages: int = 30) -> dict[tuple[str, str], float]:
    told = clocks.offsets(clocks.way_facts(pl.concat(frames)), min_messages=min_messages)
    return {(source, target): offset for source, target, offset in told.iter_rows()}


def test_requests_and_their_answers_tell_the_offset_both_ways_round():
    told = apart(exchanged("shop", "erp", "request", 400, seed=1), exchanged("erp", "wms", "request", 400, seed=2))
    assert told == {
        ("shop", "erp"): pytest.approx(130, abs=3),
        ("erp", "shop"): pytest.approx(-130, abs=3),
        ("erp", "wms"): pytest.approx(-2730, abs=3),
        ("wms", "erp"): pytest.approx(2730, abs=3),
    }


def test_twenty_landscapes_tell_their_offset_within_a_tenth_of_a_way():
    off = [apart(exchanged("shop", "erp", "request", 400, seed=seed))["shop", "erp"] - 130 for seed in range(20)]
    assert np.abs(off).max() < 4


def test_messages_of_both_directions_bound_it_and_the_middle_is_taken():
    told = apart(exchanged("shop", "erp", "queue", 400, seed=3), exchanged("erp", "shop", "queue", 400, seed=4))
    assert told["shop", "erp"] == pytest.approx(130, abs=10) == -told["erp", "shop"]


def test_two_that_only_send_one_way_are_compared_by_others():
    feed = exchanged("wms", "shop", "queue", 400, seed=20)
    linked = [exchanged("shop", "erp", "request", 400, seed=21), exchanged("erp", "wms", "request", 400, seed=22)]
    assert apart(feed, *linked)["wms", "shop"] == pytest.approx(2600, abs=6)
    # It seems to take 2.6 s on its way, and nothing else leads from one clock to the other.
    assert apart(feed) == {}
    assert set(apart(feed, linked[0])) == {("shop", "erp"), ("erp", "shop")}


def test_of_two_ways_between_clocks_the_quicker_is_taken():
    feed = exchanged("wms", "shop", "queue", 400, seed=20)
    quick = [exchanged("shop", "erp", "request", 400, seed=21), exchanged("erp", "wms", "request", 400, seed=22)]
    # By the partner nothing is certain: the way there takes a second, the way back none.
    slow = [exchanged(*pair, "request", 400, seed=23) for pair in (("shop", "partner"), ("partner", "wms"))]
    late = [frame.with_columns(pl.col("received_at", "finished_at").dt.offset_by("1s")) for frame in slow]
    late = [frame.with_columns(pl.col("answered_at").dt.offset_by("1s")) for frame in late]
    assert apart(feed, *quick, *late)["wms", "shop"] == pytest.approx(2600, abs=6)
    assert apart(feed, *late)["wms", "shop"] == pytest.approx(1600, abs=20)


def test_one_direction_tells_only_how_far_a_clock_is_behind_at_least():
    assert apart(exchanged("shop", "erp", "queue", 400, seed=5)) == {}
    behind = apart(exchanged("shop", "wms", "queue", 400, seed=6))["shop", "wms"]
    assert -2600 < behind < -2500


def test_too_few_messages_and_times_of_one_side_tell_nothing():
    few = exchanged("shop", "wms", "request", 29, seed=7)
    assert apart(few) == {}
    assert apart(few, min_messages=29) != {}
    one_side = exchanged("shop", "wms", "request", 100, seed=8).with_columns(
        received_at="sent_at", finished_at="answered_at"
    )
    assert apart(one_side) == {}
    assert apart(exchanged("shop", "wms", "queue", 100, seed=8).with_columns(target="source")) == {}


def test_corrected_latencies_are_those_of_true_clocks_and_stand_beside_the_raw():
    feed = exchanged("shop", "wms", "queue", 2000, seed=9, name="feed")
    given = Evidence(messages=pl.concat([feed, exchanged("shop", "wms", "request", 400, seed=10, name="asks")]))
    rows = {row["integration"]: row for row in latency.integrations(given).rows(named=True)}
    true = ((feed["finished_at"] - feed["sent_at"]).dt.total_microseconds() / 1000) - AHEAD["wms"]
    row = rows["feed"]
    assert row["clock_offset_ms"] == pytest.approx(-2600, abs=4)
    assert row["two_clocks"] == 2000
    assert row["p50_corrected_ms"] == pytest.approx(true.median(), rel=0.03)
    assert row["p95_corrected_ms"] == pytest.approx(true.quantile(0.95), rel=0.03)
    # By these clocks they all ended before they were sent.
    assert (row["p50_ms"], row["measured"], row["skewed"]) == (None, 0, 2000)
    asks = rows["asks"]
    assert asks["p50_ms"] == pytest.approx(290, rel=0.1)
    assert (asks["two_clocks"], asks["p50_corrected_ms"]) == (0, None)


def test_the_notes_say_how_far_the_clocks_are_apart():
    sent = exchanged("shop", "wms", "queue", 100, seed=11)
    offset = latency.integrations(Evidence(messages=sent))["clock_offset_ms"].item()
    said = latency.report(Evidence(messages=sent)).notes["integrations"]
    assert said.endswith(f"as corrected: these are up to {-offset / 1000:.2f} s apart, over 1 pairs of systems.")
    unclear = latency.report(Evidence(messages=exchanged("shop", "erp", "queue", 100, seed=11)))
    assert "integrations" not in unclear.notes


def test_days_add_up():
    frames = [exchanged("shop", "wms", "queue", 50, seed=seed) for seed in (12, 13)]
    both = pl.concat(frames)
    keys = ["source", "target", "way", "ms"]
    assert merged(map(clocks.way_facts, frames), keys).equals(clocks.way_facts(both))
    offset = clocks.offsets(clocks.way_facts(both), min_messages=30)
    parts = [clocks.corrected_facts(frame, offset) for frame in frames]
    assert merged(parts, ["source", "target", "integration", "bucket"]).equals(clocks.corrected_facts(both, offset))
