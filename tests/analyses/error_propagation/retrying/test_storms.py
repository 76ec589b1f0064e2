"""Retry storms against a queue that is simulated request by request, where it is known whether it recovers."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON
from drawing.retries import TRIGGER, by_minute, served, tables
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.retrying.findings import retries_findings
from integrhealth.catalog import Catalog
from integrhealth.language.schema import conform


def rules(found: dict[str, pl.DataFrame]) -> list[str]:
    told = retries_findings(found["retries"], found["retry_storms"], found["retry_layers"], Catalog().integrations)
    return told["rule"].to_list()


@pytest.mark.parametrize(
    ("how", "trigger"), [({"surge": 2.5}, "surge"), ({"outage": True, "retries": 8, "gap": 20.0}, "outage")]
)
def test_a_storm_that_outlives_its_trigger_is_sustained(how, trigger):
    found = tables(served(**how))
    storm = found["retry_storms"].row(0, named=True)
    assert (storm["trigger"], storm["sustained"], storm["ended_at"]) == (trigger, True, None)
    assert abs((storm["trigger_ended_at"] - NOON).total_seconds() - TRIGGER[1] * 60) <= 5
    assert storm["goodput_change"] < -0.5
    assert storm["high"] < -0.1
    assert storm["offered_after_per_minute"] == pytest.approx(storm["offered_before_per_minute"], rel=0.1)
    assert found["retries"]["verdict"].to_list() == ["sustained"]
    assert rules(found)[0] == "retry_storm"
    load = found["retry_load"]
    assert load["at"].is_sorted()
    assert load["attempts_per_minute"].max() > 2 * load["offered_per_minute"].median()


@pytest.mark.parametrize(("how", "trigger"), [({"surge": 2.5, "sheds": True}, "surge"), ({"outage": True}, "outage")])
def test_a_storm_that_ends_with_its_trigger_is_not_sustained(how, trigger):
    found = tables(served(**how))
    storm = found["retry_storms"].row(0, named=True)
    assert (storm["trigger"], storm["sustained"]) == (trigger, False)
    assert storm["goodput_change"] > -0.1
    assert storm["drain_actual_minutes"] < 2
    assert "sustained" not in found["retries"]["verdict"]
    assert "retry_storm" not in rules(found)


def test_without_a_trigger_there_is_no_storm():
    found = tables(served())
    assert found["retry_storms"].is_empty()
    assert found["retry_load"].is_empty()
    assert found["retries"]["verdict"].to_list() == ["calm"]
    assert rules(found) == []


def test_data_that_end_with_the_trigger_cannot_tell():
    until = NOON + pl.duration(seconds=TRIGGER[1] * 60 + 10)
    storms = tables(served(surge=2.5).filter(pl.col("sent_at") < until))["retry_storms"]
    assert storms["sustained"].to_list() == [None]


def test_the_figures_of_a_storm_are_those_of_the_picture():
    calm, down, choked = (40, 40, 0), (40, 0, 5), (40, 16, 5)
    storm = tables(by_minute([calm] * 30 + [down] * 5 + [choked] * 12 + [calm] * 13))["retry_storms"].row(0, named=True)
    assert (storm["trigger"], storm["sustained"]) == ("outage", True)
    minutes = [(storm[name] - NOON).total_seconds() / 60 for name in ("started_at", "trigger_ended_at", "ended_at")]
    assert minutes == pytest.approx([30, 35, 47], abs=0.5)
    assert storm["goodput_before_per_minute"] == pytest.approx(40, rel=0.02)
    assert storm["goodput_after_per_minute"] == pytest.approx(16, rel=0.1)
    assert storm["goodput_change"] == pytest.approx(-0.6, abs=0.05)
    assert storm["low"] < -0.6 < storm["high"]
    assert storm["drain_actual_minutes"] == pytest.approx(12, abs=0.5)


@pytest.mark.parametrize("worse", [(40, 38, 5), (80, 80, 0), (40, 16, 0)])
def test_less_without_retries_or_more_load_alone_does_not_outlive_the_trigger(worse):
    calm, down = (40, 40, 0), (40, 0, 5)
    storms = tables(by_minute([calm] * 30 + [down] * 5 + [worse] * 12 + [calm] * 13))["retry_storms"]
    assert storms["sustained"].to_list() == [False]


def test_a_certain_loss_under_a_tenth_is_no_storm_that_stays():
    calm, down, worse = (200, 200, 0), (200, 0, 9), (200, 186, 9)
    storms = tables(by_minute([calm] * 30 + [down] * 12 + [worse] * 14 + [calm] * 4))["retry_storms"]
    assert storms["high"].item() < 0
    assert storms["sustained"].to_list() == [False]


def test_an_earlier_surge_is_not_what_was_usual():
    calm, down, choked, busy = (40, 40, 0), (40, 0, 5), (40, 16, 5), (120, 120, 0)
    storms = tables(by_minute([calm] * 14 + [busy] * 6 + [calm] * 5 + [down] * 5 + [choked] * 12))["retry_storms"]
    assert storms["offered_before_per_minute"].item() == pytest.approx(40, rel=0.01)


def test_too_few_messages_show_no_storm():
    found = tables(by_minute(([(1, 1, 0)] + [(0, 0, 0)] * 9) * 60 + ([(1, 0, 5)] + [(0, 0, 0)] * 9) * 10))
    assert found["retry_storms"].is_empty()
    assert found["retries"]["drain_per_minute"].to_list() == [None]


def test_a_clock_that_fell_back_to_1970_changes_no_storm():
    frame = served(outage=True)
    odd = frame.tail(1).with_columns(
        message_id=pl.lit("odd"),
        object_id=pl.lit("odd"),
        sent_at=pl.lit(NOON.replace(year=1970)),
        attempt=pl.lit(1, pl.Int64),
    )
    assert_frame_equal(tables(pl.concat([frame, odd]))["retry_storms"], tables(frame)["retry_storms"])


def test_doubled_and_shuffled_rows_change_nothing():
    frame = served(outage=True)
    mixed = pl.concat([frame, frame]).sample(fraction=1, shuffle=True, seed=4)
    doubled = tables(mixed)
    for name, table in tables(frame).items():
        assert_frame_equal(table, doubled[name])


def queued(per_minute: int) -> pl.DataFrame:
    """An hour and a half of 40 messages a minute through a queue whose receiver rests for ten minutes and then works
    off PER_MINUTE; every 20th message is refused at first and sent again at once.
    """
    sent = np.arange(90 * 40) * 1.5
    done, free = np.empty(sent.size), 0.0
    for i, at in enumerate(sent):
        free = max(at, free, 2400.0 if at >= 1800 else 0.0) + 60 / per_minute
        done[i] = free
    again = np.arange(0, sent.size, 20)
    at, until = np.concatenate([sent[again] - 0.4, sent]), np.concatenate([sent[again] - 0.2, done])
    order = np.concatenate([again, np.arange(sent.size)])
    second = np.concatenate([np.zeros(again.size), np.arange(sent.size) % 20 == 0]).astype(int)
    first = np.arange(at.size) < again.size
    moments = {
        name: pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Duration("us")) + NOON
        for name, seconds in (("sent_at", at), ("finished_at", until))
    }
    return conform(
        pl.DataFrame({"order": order, "attempt": second + 1, "failed": first}).select(
            message_id=pl.format("{}-{}", "order", "attempt"), source=pl.lit("shop"), target=pl.lit("erp"),
            object_type=pl.lit("order"), object_id=pl.format("o{}", "order"), attempt="attempt", kind=pl.lit("queue"),
            status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")), **moments,
        ),
        "messages",
    )  # fmt: skip


@pytest.mark.parametrize(("per_minute", "verdict"), [(60, "vulnerable"), (100, "no jitter")])
def test_peak_arrivals_with_all_retries_against_what_was_worked_off_behind(per_minute, verdict):
    found = tables(queued(per_minute))
    row = found["retries"].row(0, named=True)
    assert row["drain_per_minute"] == pytest.approx(per_minute, rel=0.05)
    assert row["drain_minutes"] == pytest.approx(400 / (per_minute - 40), abs=3)
    assert row["vulnerability"] == pytest.approx(row["peak_per_minute"] * 2 / row["drain_per_minute"])
    assert row["vulnerability"] == pytest.approx(80 / per_minute, rel=0.1)
    assert row["verdict"] == verdict
    assert ("vulnerable_to_storm" in rules(found)) == (verdict == "vulnerable")


def test_a_storm_that_takes_thrice_as_long_as_its_backlog_is_told():
    found = tables(served(outage=True))
    slow = found["retry_storms"].with_columns(drain_ratio=pl.lit(3.0), integration=pl.lit("slow"))
    calm = found["retries"].clear()
    told = retries_findings(calm, slow, found["retry_layers"], Catalog().integrations)
    assert told.select("rule", "subject", "severity", "value").rows() == [("retry_storm", "slow", "warning", 3.0)]
    assert retries_findings(calm, found["retry_storms"], found["retry_layers"], Catalog().integrations).is_empty()
