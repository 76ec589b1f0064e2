"""Holds against feeds whose best hold is known in closed form, and against nothing at all."""

import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.holds import questions
from integrhealth.analyses.error_propagation.holds.checkpoints import CHECKPOINTS
from integrhealth.analyses.error_propagation.holds.findings import friction_findings
from integrhealth.analyses.error_propagation.holds.friction import (
    FRICTION,
    HOLD_COSTS,
    friction_and_costs,
    missing_costs,
)
from integrhealth.catalog import CATALOG
from integrhealth.evidence import Evidence
from integrhealth.language.schema import COUNT, FLAG, FRAMES, NUMBER, TEXT, TIME, conform
from integrhealth.language.thresholds import HOLD_MINUTES

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTRIES = {"entry": COUNT, "object_type": TEXT, "object_id": TEXT, "entered_at": TIME, "detected_at": TIME} | {
    "independent_at": TIME, "needs_release": FLAG, "message_id": TEXT, "amount": NUMBER, "detection": TEXT,
}  # fmt: skip
STEPS = {"entry": COUNT, "step": COUNT, "before": COUNT, "integration": TEXT, "source": TEXT, "target": TEXT} | {
    "object_type": TEXT, "object_id": TEXT, "sent_at": TIME, "arrived_at": TIME,
}  # fmt: skip
NO_CHECKPOINTS = pl.DataFrame(schema=CHECKPOINTS)
RATE, DELAY, ERROR = 2.0, 0.5, 100.0  # detections per hour, cost of an hour of one object, cost of one bad object


def declared(*, delay: float | None = DELAY, error: float | None = ERROR, name: str = "orders") -> pl.DataFrame:
    costs = {"delay_cost_per_hour": delay, "error_cost": error}
    return pl.DataFrame([{"integration": name, "owner": "ann", **costs}], schema=CATALOG["integrations"])


def feed(
    size: int = 6000,
    bad: float = 0.02,
    *,
    later: float = 0.0,
    needs_release: bool = False,
    detection: str = "corrected",
    seed: int = 3,
) -> dict:
    """Orders of one object each, sent every minute; a share is entered wrong, flows to two more systems within
    seconds, and is detected (by DETECTION) exponentially at the origin, LATER minutes after that."""
    rng = np.random.default_rng(seed)
    messages = conform(
        pl.DataFrame({"message_id": [f"m{i}" for i in range(size)], "object_id": [f"o{i}" for i in range(size)]})
        .with_columns(source=pl.lit("shop"), target=pl.lit("erp"), integration=pl.lit("orders"), status=pl.lit("ok"))
        .with_columns(sent_at=pl.lit(START) + pl.duration(minutes=pl.int_range(pl.len()))),
        "messages",
    )
    wrong = messages.filter(pl.Series(rng.random(size) < bad)).with_row_index("entry")
    seconds = pl.Series((rng.exponential(60 / RATE, wrong.height) + later) * 60 + 1)
    detected_at = pl.col("sent_at") + pl.duration(seconds=seconds)
    entries = conformed(
        wrong.with_columns(
            entered_at="sent_at",
            detected_at=detected_at,
            needs_release=pl.lit(needs_release),
            detection=pl.lit(detection),
        ).with_columns(independent_at=pl.when(~pl.col("needs_release")).then("detected_at")),
        ENTRIES,
    )
    edges = [("orders", "shop", "erp"), ("erp > wms", "erp", "wms"), ("erp > bi", "erp", "bi")]
    steps = [
        wrong.with_columns(step=pl.col("entry") * 3 + i, before=pl.col("entry") * 3 if i else pl.lit(None))
        .with_columns(integration=pl.lit(name), source=pl.lit(source), target=pl.lit(target))
        .with_columns(arrived_at="sent_at")
        for i, (name, source, target) in enumerate(edges)
    ]
    return {"caused": messages, "entries": entries, "steps": pl.concat(conformed(rows, STEPS) for rows in steps)}


def conformed(rows: pl.DataFrame, columns: dict) -> pl.DataFrame:
    return rows.cast({name: dtype for name, dtype in columns.items() if name in rows.columns}).select(list(columns))


def tables(frames: dict, catalog: pl.DataFrame, checkpoints: pl.DataFrame = NO_CHECKPOINTS) -> dict[str, pl.DataFrame]:
    parts = frames["caused"], frames["entries"], frames["steps"]
    return dict(zip(("friction", "hold_costs"), friction_and_costs(*parts, checkpoints, catalog), strict=True))


def row(frames: dict, catalog: pl.DataFrame, checkpoints: pl.DataFrame = NO_CHECKPOINTS) -> dict:
    return tables(frames, catalog, checkpoints)["friction"].row(
        by_predicate=pl.col("integration") == "orders", named=True
    )


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_hold_that_pays_is_found_where_the_closed_form_has_it(seed):
    found = row(feed(seed=seed), declared())
    best = 60 * math.log(0.02 * ERROR * RATE / DELAY) / RATE
    assert found["verdict"] == "hold"
    assert found["best_low_minutes"] < best < found["best_high_minutes"]
    assert 0 < found["net_low"] < found["net"] < found["net_high"]
    hours = best / 60
    expected = 6000 * (0.02 * ERROR * (1 - math.exp(-RATE * hours)) - DELAY * hours)
    assert found["net_low"] < expected < found["net_high"]
    assert found["net"] == pytest.approx(found["saved"] - found["delay_cost"])
    assert found["detected_60_minutes"] == pytest.approx(1 - math.exp(-RATE), abs=0.08)
    assert found["break_even_delay_hours"] == pytest.approx(1 / (0.02 * RATE), rel=0.5)
    assert found["break_even_error_cost"] == DELAY * found["break_even_delay_hours"] < ERROR


def test_a_hold_that_costs_is_not_advised():
    found = row(feed(bad=0.005), declared(delay=5.0))
    assert found["verdict"] == "instant"
    assert found["net_60_minutes"] < 0 < found["saved_60_minutes"]
    assert found["break_even_error_cost"] > ERROR


def test_errors_detected_after_three_days_cannot_be_helped():
    found = row(feed(later=3 * 24 * 60), declared())
    assert found["verdict"] == "a hold cannot help"
    assert found["detected_60_minutes"] == found["saved"] == found["best_hold_minutes"] == found["net"] == 0
    assert found["net_60_minutes"] == -DELAY * 6000
    assert (found["break_even_error_cost"], found["first_share"]) == (None, 1)


def test_errors_seen_only_because_they_were_released_cannot_be_helped():
    found = row(feed(needs_release=True), declared())
    assert (found["verdict"], found["needs_release_share"], found["detected_60_minutes"]) == (
        "a hold cannot help",
        1,
        0,
    )


def test_a_correction_after_a_detection_that_needed_the_release_is_its_consequence():
    frames = feed(needs_release=True)
    frames["entries"] = frames["entries"].with_columns(independent_at=pl.col("detected_at") + pl.duration(minutes=1))
    assert row(frames, declared())["verdict"] == "a hold cannot help"


def test_entries_that_only_a_release_shows_stay_in_the_denominator_and_open_ones_are_censored():
    """Half of them detected after thirty minutes; the rest only by a release, or still open when the data end."""
    frames = feed(size=2000)
    last = frames["caused"]["sent_at"].max()
    half = pl.col("entry") % 2 == 0
    soon = pl.when(half).then(pl.col("entered_at") + pl.duration(minutes=30))
    frames["entries"] = (
        frames["entries"].head(40).with_columns(detected_at=soon, independent_at=soon, needs_release=~half)
    )
    frames["steps"] = frames["steps"].filter(pl.col("entry") < 40)
    found = row(frames, declared())
    assert (found["detected_60_minutes"], found["needs_release_share"]) == (0.5, 0.5)
    late = pl.when(half).then("entered_at").otherwise(pl.lit(last) - pl.duration(minutes=29))
    frames["entries"] = frames["entries"].with_columns(entered_at=late, needs_release=pl.when(half).then(False))
    assert row(frames, declared())["detected_60_minutes"] == 1


def test_no_bad_entries_need_no_hold():
    found = row(feed(bad=0.0), declared())
    assert (found["verdict"], found["best_hold_minutes"], found["saved"], found["net"]) == ("instant", 0, 0, 0)
    assert (found["bad_entries"], found["bad_share"], found["break_even_error_cost"]) == (0, 0, None)


def test_messages_that_name_no_object_cannot_show_that_all_is_well():
    frames = feed(bad=0.0)
    frames["caused"] = frames["caused"].with_columns(object_id=pl.lit(None, TEXT))
    assert row(frames, declared())["verdict"] == "not enough data"


def test_few_messages_or_few_bad_entries_are_not_enough_data_and_counts_stay():
    few, rare = row(feed(size=29, bad=0.9), declared()), row(feed(size=400, bad=0.02), declared())
    assert few["verdict"] == rare["verdict"] == "not enough data"
    assert few["bad_entries"] > 20 > 10 > rare["bad_entries"] > 0
    assert few["bad_share"] is few["net"] is rare["net"] is rare["detected_60_minutes"] is None
    assert rare["bad_share"] == rare["bad_entries"] / 400
    assert rare["saved_60_minutes"] > 0


@pytest.mark.parametrize("catalog", [declared(delay=None), declared(error=None), declared(name="else")])
def test_without_costs_the_break_even_remains(catalog):
    found = row(feed(), catalog)
    assert (found["verdict"], found["net"], found["break_even_error_cost"]) == ("not enough data", None, None)
    assert found["break_even_delay_hours"] == row(feed(), declared())["break_even_delay_hours"]
    assert found["detected_60_minutes"] > 0.8
    assert "delay_cost_per_hour" in missing_costs(catalog) if catalog["integration"][0] != "else" else True
    assert missing_costs(declared()) is None


def test_the_replay_agrees_with_the_closed_form_at_every_hold():
    frames = feed(size=100_000)
    costs = tables(frames, declared())["hold_costs"].filter(pl.col("integration") == "orders")
    assert costs.filter(~pl.col("best") | pl.col("minutes").is_in(HOLD_MINUTES))["minutes"].to_list() == list(
        HOLD_MINUTES
    )
    assert costs.filter("best")["total_cost"].item() == costs["total_cost"].min()
    hours = costs["minutes"].to_numpy() / 60
    truth = 100_000 * (DELAY * hours + 0.02 * ERROR * np.exp(-RATE * hours))
    assert costs["total_cost"].to_numpy() == pytest.approx(truth, rel=0.06)
    assert costs["expected_cost"].to_numpy() == pytest.approx(truth, rel=0.06)
    assert ((costs["total_low"] <= costs["total_cost"]) & (costs["total_cost"] <= costs["total_high"])).all()
    assert costs["saved"].to_list() == sorted(costs["saved"])
    assert costs["objects_spared"][-1] == pytest.approx(frames["entries"].height)
    assert costs["records_spared"].to_list() == (3 * costs["entries_caught"]).to_list()
    assert (costs["entries_caught"][0], costs["entries_caught"][-1]) == (0, frames["entries"].height)


def test_rows_that_are_shuffled_or_told_twice_change_nothing():
    frames = feed(size=1500)
    mixed = {
        "caused": frames["caused"].sample(fraction=1, shuffle=True, seed=1),
        "entries": pl.concat([frames["entries"]] * 2).sample(fraction=1, shuffle=True, seed=2),
        "steps": pl.concat([frames["steps"]] * 2).sample(fraction=1, shuffle=True, seed=3),
    }
    for name, table in tables(frames, declared()).items():
        assert_frame_equal(table, tables(mixed, declared())[name])


def checkpoint(**counts: float) -> pl.DataFrame:
    usual = {"checkpoint": "credit", "integration": "orders", "bad_approved": 0, "stopped_high": 0.9}
    return pl.DataFrame([usual | counts], schema=CHECKPOINTS)


def test_a_checkpoint_that_beats_every_hold_is_advised_and_one_that_costs_more_is_a_finding():
    caught = checkpoint(held=60, bad_held=50, bad_total=70, catch_rate=50 / 70, median_hold_minutes=30.0)
    assert row(feed(later=5000), declared(), caught)["verdict"] == "approval"
    assert row(feed(later=5000), declared(), caught)["checkpoint_net"] == 50 * ERROR - 60 * DELAY / 2
    # Where a hold would have dealt with the same errors better, it is the one to advise.
    many = checkpoint(held=180, bad_held=150, bad_total=300, catch_rate=0.5, median_hold_minutes=30.0)
    found = row(feed(), declared(), many)
    assert found["verdict"] == "hold"
    assert found["net"] < found["checkpoint_net"] < found["hold_instead_net"]
    slow = checkpoint(
        held=6000, bad_held=1, bad_total=70, catch_rate=1 / 70, stopped_high=0.08, median_hold_minutes=600.0
    )
    friction = tables(feed(later=5000), declared(), slow)["friction"]
    assert "a hold cannot help" in friction["verdict"].to_list()
    assert set(friction_findings(friction, declared())["rule"]) == {"hold_cannot_help", "checkpoint_costs_more"}
    stamped = caught.with_columns(bad_approved=pl.lit(50))
    assert row(feed(later=5000), declared(), stamped)["verdict"] == "a hold cannot help"


def test_messages_that_merely_failed_say_nothing_of_wrong_values_that_a_hold_could_not_stop():
    for detection, rules in (("corrected", ["hold_cannot_help"]), ("rejected", ["hold_cannot_help"]), ("failed", [])):
        friction = tables(feed(later=5000, detection=detection), declared())["friction"]
        assert "a hold cannot help" in friction["verdict"].to_list()
        assert friction_findings(friction, declared())["rule"].to_list() == rules


def test_a_hold_that_pays_is_told_with_its_saving_owner_and_a_question():
    friction = tables(feed(), declared())["friction"]
    [found] = friction_findings(friction, declared(), currency="EUR").rows(named=True)
    assert (found["rule"], found["subject"], found["owner"]) == ("hold_pays", "orders", "ann")
    assert found["cost"] == friction["net"].max()
    assert found["value"] == friction["best_hold_minutes"].drop_nulls().max()
    assert "EUR net of the delay; an hour: " in found["statement"]
    assert found["ask"].endswith("?")


def test_each_question_is_answered_by_its_own_table():
    found = (questions.friction(Evidence()), questions.hold_costs(Evidence()), questions.checkpoints(Evidence()))
    assert [table.schema for table in found] == [FRICTION, HOLD_COSTS, CHECKPOINTS]


def test_nothing_at_all_is_no_row():
    nothing = {"caused": FRAMES["messages"].empty(), "entries": pl.DataFrame(schema=ENTRIES)}
    found = tables(nothing | {"steps": pl.DataFrame(schema=STEPS)}, pl.DataFrame(schema=CATALOG["integrations"]))
    assert found["friction"].is_empty()
    assert found["hold_costs"].schema == HOLD_COSTS
