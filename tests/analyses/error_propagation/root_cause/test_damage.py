"""Silent damage: one wrong value that travels while nothing fails, beside systems that fail more; and true cascades."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON
from drawing.root_causes import reported_of

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.damage import travelled
from integrhealth.analyses.error_propagation.root_cause.ranking import root_causes
from integrhealth.language.schema import TIME, conform

RECEIVERS = ("crm", "wms", "shop", "mes", "portal")
INNOCENTS = ("mail", "tax")
REASON = pl.lit("typing error, corrected")
HOURS, WRONG_AT = 30, NOON + timedelta(minutes=2)


def silent(seed: int, *, wrong: int = 1, burst: int = 0, failing: float = 0.05) -> ih.Evidence:
    """Thirty hours around noon: the erp sends a material to five systems every ten minutes, always ok; two innocents
    are asked every half minute and fail at their usual level, and BURST times more just after noon. So many materials
    are entered WRONG just after noon and corrected by a person five hours later.
    """
    random = np.random.default_rng(seed)
    start = NOON - timedelta(hours=20)
    minutes = np.arange(0, HOURS * 60, 10)
    sent = [
        pl.DataFrame({"minute": minutes.astype(float), "object_id": [f"m{minute}" for minute in minutes]}).with_columns(
            source=pl.lit("erp"), target=pl.lit(target), kind=pl.lit("file"), status=pl.lit("ok")
        )
        for target in RECEIVERS
    ]
    for target in INNOCENTS:
        at = np.concatenate([np.arange(0, HOURS * 60, 0.5), np.full(burst, 20 * 60 + 3.0)])
        failed = random.random(len(at)) < failing
        failed[len(at) - burst :] = True
        sent.append(
            pl.DataFrame({"minute": at, "status": np.where(failed, "failed", "ok")}).with_columns(
                source=pl.lit("erp"), target=pl.lit(target), kind=pl.lit("request")
            )
        )
    frame = pl.concat(sent, how="diagonal").with_row_index("n")
    at = pl.lit(start).cast(TIME) + pl.duration(seconds=pl.col("minute") * 60)
    messages = conform(
        frame.with_columns(
            message_id=pl.format("x{}", "n"),
            trace_id=pl.format("t{}", pl.coalesce(pl.format("o{}", "object_id"), pl.format("{}", "n"))),
            object_type=pl.when(pl.col("object_id").is_not_null()).then(pl.lit("material")),
            sent_at=at,
            finished_at=at + pl.duration(seconds=1),
        ),
        "messages",
    )
    # The materials of 12:10, 12:20 and so on are entered wrong at 12:02.
    written = ((WRONG_AT, "bad"), (NOON + timedelta(hours=5), "good"))
    writes = [(f"m{1210 + 10 * place}", *each) for place in range(wrong) for each in written]
    changes = pl.DataFrame(writes, schema=["entity", "at", "value_hash"], orient="row").with_columns(
        element=pl.lit("material.price"),
        system=pl.lit("erp"),
        actor=pl.lit("p1"),
        actor_type=pl.lit("person"),
        change_reason=REASON,
    )
    return ih.Evidence(messages=messages, field_changes=conform(changes, "field_changes") if wrong else None)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("burst", [0, 15])
def test_where_the_wrong_value_was_entered_ranks_first_although_others_fail_more(seed, burst):
    evidence = silent(seed, burst=burst)
    failed = evidence.messages.filter(pl.col("status") == "failed")["target"].value_counts()
    assert (failed["count"] > 100).all()
    assert failed.height == 2
    found = root_causes(evidence, at=WRONG_AT)
    assert found["system"][0] == "erp"
    assert root_causes(evidence, at=WRONG_AT + timedelta(minutes=10))["system"][0] == "erp"
    assert "1 wrong value was entered and damaged 5 records in up to 5 other systems" in found["evidence"][0][0]


@pytest.mark.parametrize("seed", range(3))
def test_the_report_finds_the_hour_in_which_it_was_entered(seed):
    table, why = reported_of(silent(seed, wrong=2))
    assert table["system"][0] == "erp"
    assert why.startswith("What changed from 2026-03-02 12:02 UTC on, in ")
    assert (table["at"][0], table["began_at"][0]) == (NOON, WRONG_AT)


def test_one_value_that_damaged_five_records_makes_no_worst_hour():
    table, why = reported_of(silent(1))
    assert table.is_empty()
    assert "No hour stands out" in why


def test_without_a_wrong_value_nothing_is_named():
    for seed in range(4):
        evidence = silent(seed, wrong=0)
        assert root_causes(evidence, at=WRONG_AT).is_empty()
        table, why = reported_of(evidence)
        assert table.is_empty()
        assert "No hour stands out" in why
    table, why = reported_of(silent(1, wrong=0, failing=0))
    assert "no wrong value" in why


def test_what_stayed_at_its_origin_or_came_after_the_detection_is_no_damage():
    entries = pl.DataFrame(
        {"entry": [0, 1], "origin": ["erp", "crm"], "entered_at": [NOON, NOON], "amount": [10.0, None]}
    )
    steps = pl.DataFrame(
        [
            (0, "wms", "order", "1", True),
            (0, "wms", "order", "1", True),
            (0, "wms", "order", "2", True),
            (0, "shop", "order", "1", True),
            (0, "bank", "order", "1", False),
            (0, "erp", "order", "1", True),
            (1, "crm", "order", "3", True),
        ],
        schema=["entry", "target", "object_type", "object_id", "before_detection"],
        orient="row",
    )
    assert travelled(entries, steps).rows() == [("erp", NOON, 3, 2, 10.0)]


def test_an_origin_that_often_sends_wrong_values_does_not_stand_out_by_them():
    evidence = silent(1, wrong=0, burst=15)
    entered = [
        (f"m{minute}", NOON - timedelta(minutes=1208 - minute) + timedelta(hours=hours), value)
        for minute in range(1210 - 400 * 3, HOURS * 60 - 400, 400)
        for hours, value in ((0, "bad"), (5, "good"))
    ]
    changes = pl.DataFrame(entered, schema=["entity", "at", "value_hash"], orient="row").with_columns(
        element=pl.lit("material.price"),
        system=pl.lit("erp"),
        actor=pl.lit("p1"),
        actor_type=pl.lit("person"),
        change_reason=REASON,
    )
    usual = ih.Evidence(messages=evidence.messages, field_changes=conform(changes, "field_changes"))
    assert set(root_causes(usual, at=WRONG_AT)["system"]) == set(INNOCENTS)


@pytest.mark.parametrize(("at_once", "named"), [(1, None), (2, None), (5, "erp")])
def test_an_hour_of_wrong_values_stands_out_only_by_more_than_chance_deals_to_it(at_once, named):
    evidence = silent(1, wrong=0)
    minutes = {*range(10, HOURS * 60 - 400, 100), *range(1210, 1210 + 10 * at_once, 10)}
    entered = [
        (f"m{minute}", NOON - timedelta(hours=20) + timedelta(minutes=minute) + timedelta(hours=hours), value)
        for minute in sorted(minutes)
        for hours, value in ((0, "bad"), (5, "good"))
    ]
    changes = pl.DataFrame(entered, schema=["entity", "at", "value_hash"], orient="row").with_columns(
        element=pl.lit("material.price"),
        system=pl.lit("erp"),
        actor=pl.lit("p1"),
        actor_type=pl.lit("person"),
        change_reason=REASON,
    )
    table, why = reported_of(ih.Evidence(messages=evidence.messages, field_changes=conform(changes, "field_changes")))
    assert next(iter(table["system"]), None) == named
    assert why.startswith("What changed from" if named else "No hour stands out")


@pytest.mark.parametrize("seed", range(3))
def test_the_root_of_a_cascade_ranks_before_innocents_that_fail_more(seed):
    """The bank fails every second call for ten minutes and takes pay and shop with it; two others always fail more."""
    random = np.random.default_rng(seed)
    rows = []
    for minute in range(8 * 60):
        at = NOON + timedelta(minutes=minute - 6 * 60)
        broken = 0 <= minute - 360 < 10 and random.random() < 0.5
        for place, (source, target) in enumerate((("user", "shop"), ("shop", "pay"), ("pay", "bank"))):
            parent = f"{minute}-{place - 1}" if place else None
            status = "failed" if broken else "ok"
            rows.append((f"{minute}-{place}", f"t{minute}", parent, source, target, at, 9 - place, status))
        for target in INNOCENTS:
            status = "failed" if random.random() < 0.6 else "ok"
            rows.append((f"{minute}-{target}", f"{minute}-{target}", None, "user", target, at, 1, status))
    names = ["message_id", "trace_id", "parent_id", "source", "target", "sent_at", "took", "status"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None).with_columns(
        kind=pl.lit("request"), finished_at=pl.col("sent_at") + pl.duration(seconds=pl.col("took"))
    )
    messages = conform(frame, "messages")
    within = messages.filter(pl.col("sent_at").is_between(NOON, NOON + timedelta(minutes=30)))
    failed = dict(within.filter(pl.col("status") == "failed")["target"].value_counts().iter_rows())
    assert min(failed[name] for name in INNOCENTS) > failed["bank"]
    found = root_causes(ih.Evidence(messages=messages), at=NOON)
    assert found["system"][0] == "bank"
    assert found["path"].to_list()[0] == ["shop", "pay", "bank"]
    others = found.filter(pl.col("system") != "bank")["evidence"].explode()
    assert not others.str.contains("failed").any()
