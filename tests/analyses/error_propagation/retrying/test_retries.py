"""Retries against feeds whose number of tries, pauses and layers are known."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, messages
from drawing.retries import feed, full_jitter, tables
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.retrying.bins import behind, load_bins
from integrhealth.analyses.error_propagation.retrying.chains import attempts
from integrhealth.analyses.error_propagation.retrying.findings import retries_findings
from integrhealth.analyses.error_propagation.retrying.pauses import jitter, pauses
from integrhealth.catalog import Catalog
from integrhealth.language.schema import TIME, conform
from integrhealth.traces import links


def row(frame: pl.DataFrame) -> dict:
    return tables(frame)["retries"].row(0, named=True)


def findings(frame: pl.DataFrame) -> pl.DataFrame:
    found = tables(frame)
    return retries_findings(found["retries"], found["retry_storms"], found["retry_layers"], Catalog().integrations)


def test_of_two_feeds_with_the_same_failures_only_the_one_without_jitter_is_flagged():
    both = pl.concat([feed("fixed"), feed("jittered", pause=full_jitter)])
    found = {r["integration"]: r for r in tables(both)["retries"].rows(named=True)}
    fixed, jittered = found["fixed"], found["jittered"]
    assert (fixed["verdict"], fixed["jittered"], fixed["constant_share"]) == ("no jitter", False, 1.0)
    assert (jittered["verdict"], jittered["jittered"]) == ("watch", True)
    assert jittered["constant_share"] < 0.15
    assert fixed["error_share"] == pytest.approx(jittered["error_share"], abs=0.01)
    assert findings(both).select("rule", "subject", "severity").rows() == [("no_jitter", "fixed", "warning")]


@pytest.mark.parametrize("fails", [0.1, 0.3, 0.6])
def test_amplification_is_what_theory_says(fails):
    found = row(feed(fails=fails, pause=full_jitter))
    assert found["low"] < (1 - fails**6) / (1 - fails) < found["high"]
    assert found["amplification_expected"] == pytest.approx(found["amplification"], rel=0.01)
    assert found["delivered"] == 1000
    assert found["retries"] == found["attempts"] - 1000


def test_first_attempts_that_are_missing_are_messages_all_the_same():
    whole = feed(fails=0.5)
    lost = whole.filter((pl.col("attempt") > 1) | (pl.col("object_id").hash(seed=1) % 10 >= 3))
    left = lost.filter(pl.col("attempt") == 1).height
    seen = lost["object_id"].n_unique()
    assert left < seen
    assert row(lost)["delivered"] == seen


def test_attempts_that_were_never_logged_are_found_again():
    told = feed(pause=full_jitter)
    guessed = row(told.with_columns(attempt=pl.lit(None, pl.Int64)))
    known = row(told)
    assert guessed["delivered"] == pytest.approx(known["delivered"], rel=0.005)
    assert guessed["amplification"] == pytest.approx(known["amplification"], rel=0.005)
    fixed = feed()
    assert row(fixed.with_columns(attempt=pl.lit(None, pl.Int64))) == row(fixed)


@pytest.mark.parametrize("logged", [True, False])
def test_an_object_sent_often_is_not_retried(logged):
    rng = np.random.default_rng(3)
    status = np.where(rng.random(900) < 0.1, "failed", "ok")
    hot = pl.DataFrame({"status": status}).with_row_index("i").select(
        "status", message_id=pl.format("m{}", "i"), source=pl.lit("a"), target=pl.lit("b"), object_type=pl.lit("item"),
        object_id=pl.format("o{}", pl.col("i") % 3), attempt=pl.lit(1 if logged else None, pl.Int64),
        sent_at=pl.lit(NOON) + pl.duration(seconds=pl.col("i") * 7),
    )  # fmt: skip
    found = row(hot)
    assert (found["amplification"], found["retries"], found["verdict"]) == (1.0, 0, "calm")
    assert findings(hot).is_empty()


def test_a_repeat_soon_after_a_failure_is_one_more_attempt_and_a_later_one_is_not():
    drawn = messages("""
        message_id source target operation object_type object_id payload_hash sent_at status
        a          x      y      put       order       1         h            0       failed
        b          x      y      put       order       1         h            5       failed
        c          x      y      put       order       1         h            10      ok
        d          x      y      put       order       1         h            12      ok
        e          x      y      put       order       2         h            0       failed
        f          x      y      put       order       2         h            900     ok
        g          x      y      put       order       3         h            0       failed
        h          x      y      put       order       3         other        5       ok
        i          x      y      put       -           -         -            0       failed
        j          x      y      put       -           -         -            5       ok
    """)
    found = attempts(links.linked(drawn))
    assert found["chain"].to_list() == [0, 0, 0, 3, 4, 5, 6, 7, 8, 9]
    assert found["number"].to_list() == [1, 2, 3, 1, 1, 1, 1, 1, 1, 1]


def test_attempts_of_one_message_share_its_id_or_its_parent_or_stand_in_order():
    drawn = messages("""
        message_id trace_id parent_id source target operation object_id attempt sent_at status
        one        -        -         x      y      put       -         1       0       failed
        one        -        -         x      y      put       -         2       3       ok
        p1         t        up        x      z      put       -         1       0       failed
        p2         t        up        x      z      put       -         2       5       ok
        q1         t        other     x      z      put       -         1       1       ok
        n1         -        -         x      v      put       -         1       0       failed
        n2         -        -         x      v      put       -         1       1       failed
        n3         -        -         x      v      put       -         2       2       failed
        n4         -        -         x      v      put       -         3       3       ok
        i1         -        -         x      w      put       7         1       0       failed
        i2         -        -         x      w      put       7         1       1       failed
        i3         -        -         x      w      put       7         2       5       ok
        i4         -        -         x      w      put       7         2       6       ok
    """).with_columns(integration=pl.col("target"))
    found = attempts(links.linked(drawn)).group_by("integration").agg(pl.col("new").sum(), pl.len())
    assert sorted(found.rows()) == [("v", 2, 4), ("w", 2, 4), ("y", 1, 2), ("z", 2, 3)]


def test_attempts_without_an_object_are_told_apart_by_their_trace():
    drawn = messages("""
        message_id trace_id source target operation attempt sent_at status
        a          t1       x      y      put       1       0       failed
        b          t2       x      y      put       1       1       failed
        c          t2       x      y      put       2       2       ok
        d          t1       x      y      put       2       3       ok
        e          t3       x      y      put       2       4       failed
        f          t3       x      y      put       3       6       ok
    """)
    found = attempts(links.linked(drawn))
    assert found["chain"].to_list() == [0, 1, 1, 0, 4, 4]
    assert not found["blind"].any()


def test_a_time_bin_is_behind_with_a_backlog_and_three_times_the_usual_work_or_failures():
    usual = {"offered": 10, "attempts": 10, "delivered": 9, "running": 1, "open": 2}
    late = usual | {"open": 10, "attempts": 20}
    bins = [
        *[usual] * 8,
        late | {"delivered": 13},  # 7 of 20 fail, more than three in ten
        late | {"delivered": 15},
        late | {"delivered": 20, "running": 3},
        late | {"delivered": 20, "running": 2},
        late | {"delivered": 13, "open": 9},
    ]
    sound = [usual | {"delivered": 10}] * 8 + [late | {"delivered": 16}, late | {"delivered": 17}]
    frame = pl.concat(
        [
            pl.DataFrame(bins).with_columns(integration=pl.lit("a")),
            pl.DataFrame(sound).with_columns(integration=pl.lit("b")),
        ]
    )
    found = frame.with_columns(behind=behind()).with_row_index().filter("behind")
    assert found["index"].to_list() == [8, 10, len(bins) + 8]


@pytest.mark.parametrize(
    ("pause", "jittered"),
    [
        (lambda k, rng, n: 5.0, False),
        (lambda k, rng, n: 8.0 * 2 ** (k - 1), False),
        (full_jitter, True),
        (lambda k, rng, n: rng.uniform(5, 10, n) * k, True),
    ],
)
@pytest.mark.parametrize("clock", ["1us", "1ms", "1s"])
def test_constant_pauses_are_told_from_jitter_on_any_clock(pause, jittered, clock):
    times = ("sent_at", "finished_at", "answered_at")
    frame = feed(fails=0.5, pause=pause, count=600).with_columns(pl.col(times).dt.truncate(clock))
    assert row(frame)["jittered"] is jittered


def test_pauses_shorter_than_the_clock_say_nothing():
    second = feed(fails=0.5, pause=lambda k, rng, n: rng.uniform(0, 1, n), retries=1)
    times = ("sent_at", "finished_at", "answered_at")
    assert row(second.with_columns(pl.col(times).dt.truncate("1s")))["jittered"] is None
    assert row(second)["jittered"] is True


@pytest.mark.parametrize(("retried", "jittered"), [(19, None), (20, False)])
def test_under_twenty_retries_nobody_knows(retried, jittered):
    frame = feed(fails=1.0, retries=1, count=200)
    few = frame.filter((pl.col("attempt") == 1) | (pl.col("object_id").str.slice(1).cast(pl.Int64) < retried))
    assert row(few)["jittered"] is jittered


def test_nothing_retried_is_calm():
    found = row(feed(fails=0.0))
    assert (found["amplification"], found["verdict"], found["jittered"]) == (1.0, "calm", None)
    assert (found["low"], found["high"], found["vulnerability"]) == (1.0, 1.0, None)
    assert findings(feed(fails=0.0)).is_empty()


def test_a_fixed_schedule_on_a_clock_of_seconds_is_seen_without_any_end():
    frame = feed(fails=0.5, count=300)
    begun = pl.col("sent_at").min().over("object_id") + pl.duration(milliseconds=(pl.col("attempt") - 1) * 5500)
    blurred = frame.with_columns(
        sent_at=begun.dt.truncate("1s"), finished_at=pl.lit(None, TIME), answered_at=pl.lit(None, TIME)
    )
    assert (row(blurred)["jittered"], row(blurred)["constant_share"]) == (False, 1.0)


def test_attempts_counted_from_zero_are_attempts():
    frame = feed(fails=0.5, count=300)
    from_zero = row(frame.with_columns(pl.col("attempt") - 1))
    assert [from_zero[name] for name in ("delivered", "retries", "most")] == [300, row(frame)["retries"], 6]


def test_under_thirty_attempts_counts_stay_and_rates_go():
    found = row(feed(count=20, fails=0.0))
    assert (found["attempts"], found["delivered"], found["amplification"]) == (20, 20, None)
    assert found["verdict"] == "not enough data"
    assert tables(conform(feed(count=1).clear(), "messages"))["retries"].is_empty()


def test_doubled_and_shuffled_rows_change_nothing():
    frame = pl.concat([feed(), feed("second", pause=full_jitter, seed=2), total_outage(3, layers=2, retries=2)])
    mixed = pl.concat([frame, frame]).sample(fraction=1, shuffle=True, seed=4)
    once, twice = (tables(f) for f in (frame, mixed))
    for name, table in once.items():
        assert_frame_equal(table, twice[name])


def test_broken_attempts_do_not_break_the_count():
    frame = feed(fails=0.5, count=300)
    zero = pl.when(pl.col("attempt") == 1).then(pl.col("message_id").str.len_chars().cast(pl.Int64) % 3 - 1)
    zero = zero.otherwise("attempt")
    holes = frame.with_columns(attempt=zero.cast(pl.Int64)).filter(pl.col("attempt") != 3)
    assert row(holes)["delivered"] == 300
    no_times = frame.with_columns(finished_at=pl.lit(None), answered_at=pl.lit(None))
    assert row(no_times)["delivered"] == 300
    never = attempts(links.linked(frame.with_columns(sent_at=pl.lit(None, TIME))))
    assert jitter(pauses(never)).is_empty()
    assert load_bins(never).is_empty()


def total_outage(tops: int, *, layers: int, retries: int) -> pl.DataFrame:
    """Every message fails and is tried RETRIES more times, on every layer: a tree with (1 + RETRIES) branches."""
    rows, level = [], [(f"t{i}", None, f"t{i}") for i in range(tops)]
    for layer in range(layers):
        tried = [(f"{path}.{k}", above, trace, k + 1) for path, above, trace in level for k in range(retries + 1)]
        rows += [(f"layer{layer}", *attempt) for attempt in tried]
        level = [(path, path, trace) for path, _, trace, _ in tried]
    drawn = pl.DataFrame(
        rows, ["integration", "message_id", "parent_id", "trace_id", "attempt"], orient="row", infer_schema_length=None
    )
    return conform(
        drawn.sort("message_id").with_row_index("i").select(
            pl.exclude("i"), source=pl.lit("a"), target=pl.lit("b"), operation=pl.lit("call"), kind=pl.lit("request"),
            object_type=pl.lit("order"), object_id=pl.col("trace_id"), status=pl.lit("failed"),
            sent_at=pl.lit(NOON) + pl.duration(milliseconds=pl.col("i") * 10),
        ),
        "messages",
    )  # fmt: skip


@pytest.mark.parametrize("told", [True, False])
def test_three_layers_of_three_retries_make_sixty_four_attempts(told):
    frame = total_outage(32, layers=3, retries=3)
    if not told:
        frame = frame.with_columns(attempt=pl.lit(None, pl.Int64))
    found = tables(frame)["retry_layers"].select(pl.exclude("attempts_below")).rows()
    assert found == [
        ("layer0", "layer2", ["layer1"], 32, 64, 64.0, 64),
        ("layer0", "layer1", [], 32, 16, 16.0, 16),
        ("layer1", "layer2", [], 128, 16, 16.0, 16),
    ]
    assert {r["amplification"] for r in tables(frame)["retries"].rows(named=True)} == {4.0}
    layered = findings(frame).filter(pl.col("rule") == "layered_retries")
    assert layered.select("subject", "severity", "value").rows() == [("layer0 > layer2", "warning", 64.0)]


def test_one_layer_that_retries_above_one_that_does_not_is_no_layering():
    frame = total_outage(32, layers=3, retries=3).filter(
        (pl.col("integration") == "layer0") | pl.col("message_id").str.ends_with(".0")
    )
    single = frame.with_columns(attempt=pl.when(pl.col("integration") == "layer0").then("attempt").otherwise(1))
    assert tables(single)["retry_layers"].is_empty()
    unlogged = tables(single.with_columns(attempt=pl.lit(None, pl.Int64)))
    assert unlogged["retry_layers"].is_empty()
    assert unlogged["retries"].sort("integration")["retries"].to_list() == [96, 0, 0]
