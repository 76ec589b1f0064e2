"""Intervals of errors caused per error, by hand and by drawing cascades anew, and no number that is none."""

import math

import numpy as np
import polars as pl
import pytest
from drawing.frames import messages

from integrhealth.analyses.error_propagation.spreading import questions
from integrhealth.evidence import Evidence
from integrhealth.language.statistics import NONE_SEEN, Z

# Cascades of an edge: how many of its messages failed, and what these caused, how often.
CASCADES = {(1, 3): 20, (2, 1): 20, (1, 0): 15}
HEAD = "message_id trace_id parent_id source target integration kind status sent_at finished_at"


@pytest.fixture(scope="module")
def evidence():
    """Failures on the edge erp to wms and the integration stock, each the root of a cascade as CASCADES says."""
    lines = []
    for (failed, caused), count in CASCADES.items():
        for place in range(count):
            name = f"{failed}{caused}{place}"
            lines.append(f"{name} {name} - erp wms stock queue failed 0 1")
            lines += [f"{name}s{n} {name} {name} erp wms stock queue failed 2 3" for n in range(failed - 1)]
            lines += [f"{name}m{n} {name} {name} wms post mails queue failed 2 4" for n in range(caused + 1 - failed)]
    lines += [f"ok{place} ok{place} - erp wms stock queue ok 0 1" for place in range(25)]
    return Evidence(messages=messages("\n".join([HEAD, *lines])))


def test_the_interval_of_a_ratio_over_cascades_is_the_one_by_hand_and_that_of_cascades_drawn_anew(evidence):
    failed, caused = np.repeat(np.array(list(CASCADES)), list(CASCADES.values()), axis=0).T
    ratio = caused.sum() / failed.sum()
    half = Z * math.sqrt(((caused - ratio * failed) ** 2).sum()) / failed.sum()
    drawn = np.random.default_rng(2).integers(0, len(failed), (10_000, len(failed)))
    resampled = np.quantile(caused[drawn].sum(1) / failed[drawn].sum(1), [0.025, 0.975])
    edge = questions.edges(evidence).row(by_predicate=pl.col("target") == "wms", named=True)
    stock = questions.spread_by_integration(evidence).row(by_predicate=pl.col("integration") == "stock", named=True)
    assert (edge["failed"], edge["caused"], edge["caused_per_error"]) == (75, 80, 80 / 75)
    assert (edge["ended"], edge["error_share"]) == (100, 0.75)
    assert (stock["failed"], stock["caused"], stock["cascades"], stock["reproduction"]) == (75, 80, 55, 80 / 75)
    for row in (edge, stock):
        assert (row["low"], row["high"]) == (pytest.approx(ratio - half), pytest.approx(ratio + half))
        assert (row["low"], row["high"]) == pytest.approx(tuple(resampled), abs=0.04)


def test_where_nothing_was_caused_the_upper_bound_is_that_of_a_poisson_count(evidence):
    mails = questions.spread_by_integration(evidence).row(by_predicate=pl.col("integration") == "mails", named=True)
    edge = questions.edges(evidence).row(by_predicate=pl.col("target") == "post", named=True)
    assert mails["verdict"] == "not enough data"  # twenty cascades
    assert (edge["failed"], edge["low"], edge["high"]) == (60, 0, pytest.approx(NONE_SEEN / 60))


def test_intervals_need_as_many_failures_as_asked_for_and_shares_as_many_messages(evidence):
    for least, judged in ((60, True), (61, False)):
        edge = questions.edges(evidence, min_messages=least).row(by_predicate=pl.col("target") == "post", named=True)
        assert [edge[name] is not None for name in ("low", "high", "error_share")] == [judged] * 3


@pytest.mark.parametrize("name", ["systems", "edges", "reach", "blast_radius"])
def test_with_none_asked_for_what_has_no_rate_is_null_and_not_a_number_nowhere(name):
    picture = """
        message_id trace_id parent_id source target kind    status  sent_at finished_at
        a          t        -         user   shop   request pending 0       -
        b          u        -         user   web    request failed  0       1
        c          u        b         web    erp    queue   failed  2       -
    """
    for drawn in (picture, picture.replace("failed", "ok")):
        answer = getattr(questions, name)(Evidence(messages=messages(drawn)), min_messages=0)
        numbers = answer.select(pl.col(pl.Float64)).unpivot()["value"]
        assert not numbers.is_nan().any()
        assert not numbers.is_infinite().any()
