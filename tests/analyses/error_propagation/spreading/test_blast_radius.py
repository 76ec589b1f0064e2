"""Blast radius against closed forms of chains and diamonds, planted cascades, shared objects and broken input."""

from datetime import timedelta
from itertools import product

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, messages
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.spreading.blast_radius import (
    SCHEMA,
    blast_radius,
    error_links,
    reached_systems,
)
from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts
from integrhealth.language.schema import conform
from integrhealth.traces import links


def matrix(size: int, links: dict[tuple[int, int], float]) -> np.ndarray:
    probability = np.zeros((size, size))
    for (source, target), value in links.items():
        probability[source, target] = value
    return probability


def radius(frame: pl.DataFrame, **options: int) -> pl.DataFrame:
    caused = links.with_causes(links.linked(frame))
    return blast_radius(caused, cascade_facts(caused), **options)


def exact(probability: np.ndarray) -> np.ndarray:
    """P(row reaches column) by enumerating every set of open links: a naive oracle."""
    links = np.argwhere(probability > 0)
    reached = np.zeros_like(probability)
    for open_ in product([0, 1], repeat=len(links)):
        chance = np.prod(
            [probability[*link] if o else 1 - probability[*link] for o, link in zip(open_, links, strict=True)]
        )
        reach = np.eye(len(probability))
        for _ in probability:
            for o, (source, target) in zip(open_, links, strict=True):
                if o:
                    reach[:, target] = np.maximum(reach[:, target], reach[:, source])
        reached += chance * reach
    return reached


def spreading(count: int, links: dict[tuple[str, str], float], first: str = "a", seed: int = 1) -> pl.DataFrame:
    """COUNT errors at FIRST, each sent on over a queue with the probability of the link, in a trace of its own."""
    random, rows = np.random.default_rng(seed), []
    for trace in range(count):
        here = [(first, f"{trace}", None)]
        while here:
            system, message, parent = here.pop()
            rows.append((message, f"t{trace}", parent, "x" if parent is None else "w", system, f"o{trace}"))
            here += [
                (target, f"{message}{target}", message)
                for (source, target), chance in links.items()
                if source == system and random.random() < chance
            ]
    names = ["message_id", "trace_id", "parent_id", "source", "target", "object_id"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    sent = pl.lit(NOON) + pl.duration(minutes=pl.col("trace_id").str.slice(1).cast(pl.Int64))
    return conform(
        frame.with_columns(kind=pl.lit("queue"), status=pl.lit("failed"), sent_at=sent, finished_at=sent), "messages"
    )


def test_a_chain_multiplies_and_a_diamond_is_counted_once():
    chain = reached_systems(matrix(3, {(0, 1): 0.5, (1, 2): 0.4}), draws=20_000).mean(0)
    assert chain[0] == pytest.approx([1, 0.5, 0.2], abs=0.012)
    assert chain[2].tolist() == [0, 0, 1]
    # Two ways with 0.25 each: 1 - 0.75 ** 2, not 0.5.
    diamond = reached_systems(matrix(4, {(0, 1): 0.5, (0, 2): 0.5, (1, 3): 0.5, (2, 3): 0.5}), draws=20_000).mean(0)
    assert diamond[0, 3] == pytest.approx(1 - 0.75**2, abs=0.012)
    sure = reached_systems(matrix(4, {(0, 1): 1, (0, 2): 1, (1, 3): 1, (2, 3): 1}), draws=10)
    assert (sure[:, 0].sum(1) == 4).all()


def test_shared_links_loops_and_cross_links_agree_with_enumeration():
    probability = matrix(5, {(0, 1): 0.7, (1, 2): 0.5, (1, 3): 0.4, (2, 4): 0.6, (3, 4): 0.6, (4, 1): 0.3, (3, 0): 0.2})
    assert np.abs(reached_systems(probability, draws=20_000).mean(0) - exact(probability)).max() < 0.015


def test_expected_and_observed_systems_of_planted_cascades_agree_with_the_closed_form():
    found = radius(spreading(2000, {("a", "b"): 0.6, ("b", "c"): 0.5}))
    row = found.row(0, named=True)
    assert (row["system"], row["errors"], row["roots"]) == ("a", 2000, 2000)
    assert row["expected_systems"] == pytest.approx(1.9, abs=0.08)
    assert row["observed_systems"] == pytest.approx(1.9, abs=0.06)
    assert row["low"] < 1.9 < row["high"] < row["low"] + 0.3
    assert found["roots"].to_list() == [2000, 0, 0]
    assert found.filter(pl.col("system") == "c").select("expected_systems", "low", "high").row(0) == (1, 1, 1)


def test_a_way_that_no_cascade_took_is_expected():
    """a reaches b, and b's own errors reach c: an error at a is expected at c, though none was seen there."""
    seen = pl.concat(
        [
            spreading(100, {("a", "b"): 1.0}),
            spreading(100, {("b", "c"): 1.0}, first="b").with_columns(
                pl.format("b{}", pl.col(c)).alias(c) for c in ("message_id", "parent_id", "trace_id")
            ),
        ]
    )
    a = radius(seen).filter(pl.col("system") == "a").row(0, named=True)
    assert a["observed_systems"] == 2
    assert a["expected_systems"] == pytest.approx(1 + 1 + 0.5, abs=0.06)


def test_work_inside_a_system_is_one_error_and_a_wait_for_two_is_one_passage():
    frame = messages("""
                message_id  trace_id  parent_id  source  target  kind      status
                1           t         -          user    shop    request   failed
                2           t         1          shop    erp     request   failed
                3           t         2          erp     erp     internal  failed
                4           t         1          shop    erp     request   failed
                5           u         -          shop    erp     request   failed
    """)
    # At erp: 3 with 2, 4 and 5; two of the three made shop fail.
    assert error_links(links.with_causes(links.linked(frame))).rows() == [("erp", "shop", 3, 2, pytest.approx(2 / 3))]
    assert radius(frame, min_messages=1).filter(pl.col("system") == "erp")["errors"].item() == 3


def test_objects_that_pass_several_systems_are_at_stake_once():
    errors = spreading(40, {("a", "b"): 1.0})
    sent = [NOON + timedelta(minutes=minute) for minute in range(0, 121, 2)]
    orders = pl.concat(
        [
            pl.DataFrame({"message_id": [f"{target}{n}" for n in range(61)], "object_id": [f"{n}" for n in range(61)]})
            .with_columns(pl.Series("sent_at", sent), source=pl.lit("x"), target=pl.lit(target), status=pl.lit("ok"))
            .with_columns(amount=10.0 if target == "a" else 7.0)
            for target in ("a", "b", "c")
        ]
    )
    found = radius(pl.concat([errors, conform(orders, "messages")]))
    a, b = (found.filter(pl.col("system") == system).row(0, named=True) for system in "ab")
    # 61 orders of 10 and the 40 objects that failed, of unknown amount, in two hours.
    assert a["expected_objects_per_hour"] == pytest.approx(101 / 2)
    assert a["expected_amount_per_hour"] == pytest.approx(610 / 2)
    assert b["expected_amount_per_hour"] == pytest.approx(610 / 2)
    assert a["observed_amount"] is None


def test_few_errors_no_links_and_nothing_give_counts_and_no_expectation():
    few = radius(spreading(29, {("a", "b"): 1.0}))
    assert few.select("errors", "expected_systems", "observed_systems").rows() == [(29, None, None)] * 2
    unlinked = radius(spreading(50, {("a", "b"): 1.0}).with_columns(parent_id=pl.lit(None, pl.String)))
    assert unlinked.select("system", "errors", "expected_systems").rows() == [("a", 50, None), ("b", 50, None)]
    for nothing in (messages("message_id source target\n1 a b"), messages("message_id source target\n1 a b").clear()):
        assert radius(nothing).is_empty()
        assert dict(radius(nothing).schema) == SCHEMA


def test_lost_parents_are_made_up_for_and_order_changes_nothing():
    whole = spreading(3000, {("a", "b"): 0.5, ("b", "c"): 0.5})
    kept = whole.sample(fraction=0.7, seed=2)
    a = radius(kept).filter(pl.col("system") == "a").row(0, named=True)
    assert a["expected_systems"] == pytest.approx(1.75, abs=0.12)
    assert_frame_equal(radius(kept.sample(fraction=1, shuffle=True, seed=3)), radius(kept))


def test_of_many_systems_those_with_most_errors_are_told():
    heads = ["message_id", "trace_id", "source", "target", "status"]
    many = [(f"m{n}", f"t{n}", "x", f"s{n % 70:02}", "failed") for n in range(70 * 30)]
    parent = [("child", "t0", "m0", "s00", "y", "failed", "queue")]
    frame = pl.concat(
        [
            pl.DataFrame(many, schema=heads, orient="row"),
            pl.DataFrame(
                [(f"more{n}", f"more{n}", "x", "s69", "failed") for n in range(9)], schema=heads, orient="row"
            ),
            pl.DataFrame(parent, schema=[*heads[:2], "parent_id", *heads[2:], "kind"], orient="row"),
        ],
        how="diagonal",
    )
    found = radius(conform(frame.with_columns(sent_at=pl.lit(NOON)), "messages"))
    told = found.drop_nulls("expected_systems")["system"].to_list()
    assert found.height == 71
    assert told == ["s69", *(f"s{n:02}" for n in range(63))]
