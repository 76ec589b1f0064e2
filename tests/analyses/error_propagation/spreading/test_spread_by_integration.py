"""Errors that one error of an integration causes: planted per integration, and sharing out all that was caused."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import messages
from drawing.trees import START, galton_watson
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts
from integrhealth.analyses.error_propagation.spreading.findings import integration_findings
from integrhealth.analyses.error_propagation.spreading.spread import (
    integration_cascades,
    integration_facts,
    link_facts,
    spread,
    spread_by_integration,
)
from integrhealth.language.schema import conform
from integrhealth.traces import links
from integrhealth.traces.facts import merged

# Mean number of errors of the second that one error of the first causes.
PLANTED = {"orders": {"orders": 0.2, "stock": 0.9}, "stock": {"mail": 0.4}, "mail": {}}


def with_causes(frame: pl.DataFrame) -> pl.DataFrame:
    return links.with_causes(links.linked(frame))


def by_integration(frame: pl.DataFrame) -> pl.DataFrame:
    caused = with_causes(frame)
    return spread_by_integration(integration_facts(caused), integration_cascades(caused), link_facts(caused))


def grown(roots: int, *, seed: int = 12) -> pl.DataFrame:
    """A Galton-Watson process of three types as in PLANTED; two roots of three are orders, the others stock."""
    rng = np.random.default_rng(seed)
    generation = [(f"r{i}", None, f"t{i}", "orders" if i % 3 else "stock") for i in range(roots)]
    rows, depth = [], 0
    while generation:
        rows += [(*row, depth) for row in generation]
        depth += 1
        generation = [
            (f"{parent}.{integration}{child}", parent, trace, integration)
            for parent, _, trace, cause in generation
            for integration, mean in PLANTED[cause].items()
            for child in range(rng.poisson(mean))
        ]
    named = dict.fromkeys(["message_id", "parent_id", "trace_id", "integration"], pl.String)
    frame = pl.DataFrame(rows, schema=named | {"depth": pl.Int64}, orient="row")
    at = START + pl.duration(seconds=pl.col("depth"))
    return conform(
        frame.with_columns(
            source=pl.lit("a"),
            target=pl.lit("b"),
            kind=pl.lit("queue"),
            status=pl.lit("failed"),
            sent_at=at,
            finished_at=at,
        ),
        "messages",
    )


@pytest.mark.parametrize("kept", [1.0, 0.7])
def test_what_was_planted_per_integration_is_found(kept):
    found = by_integration(grown(3000).sample(fraction=kept, seed=5))
    for row in found.rows(named=True):
        truth = sum(PLANTED[row["integration"]].values())
        assert row["reproduction"] == pytest.approx(truth, abs=0.06)
        assert row["low"] <= truth <= row["high"]
        assert row["high"] - row["low"] < 0.15
    assert dict(found.select("integration", "verdict").rows()) == {
        "orders": "runaway risk",
        "stock": "spreading",
        "mail": "contained",
    }


@settings(max_examples=15)
@given(st.integers(0, 2**31))
def test_integrations_share_out_all_that_was_caused(seed):
    frame = grown(120, seed=seed).sample(fraction=0.8, seed=seed)
    frame = frame.with_columns(integration=pl.when(pl.col("integration") != "mail").then("integration"))
    caused = with_causes(frame)
    found, whole = by_integration(frame), spread(cascade_facts(caused), link_facts(caused))
    shared = (found["failed"] * found["reproduction"]).sum()
    assert found["failed"].sum() == frame.height
    assert found["caused"].sum() == whole["caused"].item()
    assert found["roots"].sum() == whole["roots"].item()
    if found["reproduction"].null_count() == 0:
        assert shared == pytest.approx((whole["failed"] * whole["reproduction"]).item())


def test_an_integration_that_only_passes_errors_on_is_judged_by_the_cascades_that_reached_it():
    calls = "\n".join(
        f"a{i} t{i} -   user shop request front failed\nb{i} t{i} a{i} shop erp request middle failed\n"
        f"c{i} t{i} b{i} erp wms request back failed"
        for i in range(30)
    )
    found = by_integration(messages("message_id trace_id parent_id source target kind integration status\n" + calls))
    columns = ["integration", "roots", "cascades", "caused", "reproduction", "low", "verdict"]
    assert found.select(columns).rows() == [
        ("back", 30, 30, 30, 1.0, 1.0, "runaway risk"),
        ("middle", 0, 30, 30, 1.0, 1.0, "runaway risk"),
        ("front", 0, 30, 0, 0.0, 0.0, "contained"),
    ]
    assert found["high"].to_list()[:2] == [1, 1]
    assert found["high"].to_list()[2] == pytest.approx(3.689 / 30, rel=1e-3)


def test_what_certainly_multiplies_is_taken_to_the_owner_of_the_integration():
    found = by_integration(grown(3000))
    declared = pl.DataFrame({"integration": ["orders", "mail"], "owner": ["Ann", "Bob"]})
    told = integration_findings(found, declared)
    assert told.select("rule", "subject", "owner", "severity", "n").rows() == [
        ("integration_multiplies", "orders", "Ann", "warning", found.row(0, named=True)["failed"])
    ]
    assert told["ask"].item() == "What that waits for orders could go on without it?"
    assert told["statement"].item().endswith("one error there causes 1.1 elsewhere.")
    assert integration_findings(by_integration(grown(30)), declared.clear()).is_empty()  # nothing is certain yet


def test_too_few_cascades_and_no_links_are_said_and_counts_stay():
    few = by_integration(galton_watson(0.9, 29).with_columns(integration=pl.lit("i")))
    assert few.select("cascades", "verdict", "reproduction", "low", "high").row(0) == (
        29,
        "not enough data",
        *[None] * 3,
    )
    assert few["failed"].item() > 29
    unlinked = by_integration(galton_watson(0.0, 40).with_columns(integration=pl.lit("i")))
    assert unlinked.select("failed", "verdict", "reproduction", "high").row(0) == (40, "no links", None, None)


def test_without_failures_a_row_has_its_counts_and_nothing_else():
    picture = "message_id source target integration status\na x y i ok\nb x y i pending"
    assert by_integration(messages(picture)).row(0) == ("i", 2, 1, 0, 0, 0, 0, None, None, None, "not enough data")
    assert by_integration(messages("message_id source target\na x y").clear()).is_empty()


def test_facts_of_the_parts_are_the_facts_of_the_whole_and_rows_may_stand_in_any_order():
    frame = grown(200)
    part = pl.col("trace_id").str.ends_with("7")
    whole, *parts = (with_causes(f) for f in (frame, frame.filter(part), frame.filter(~part)))
    counts = merged([integration_facts(p) for p in parts], ["integration"])
    cascades = pl.concat([integration_cascades(p) for p in parts])
    links = pl.concat([link_facts(p) for p in parts]).sum()
    assert_frame_equal(counts, integration_facts(whole), check_column_order=False)
    assert_frame_equal(spread_by_integration(counts, cascades, links), by_integration(frame))
    assert_frame_equal(by_integration(frame.sample(fraction=1, shuffle=True, seed=2)), by_integration(frame))
