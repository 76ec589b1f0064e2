"""Error spread against trees whose truth is known, and against nothing at all."""

import numpy as np
import polars as pl
import pytest
from frames import messages
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth import traces
from integrhealth.analyses import propagation
from integrhealth.analyses.cascades import cascade_facts, survival
from integrhealth.analyses.spread import edge_facts, edges, link_facts, system_facts
from integrhealth.evidence import Evidence
from integrhealth.facts import merged
from integrhealth.schema import FRAMES, conform


def galton_watson(mean: float, roots: int, *, kind: str = "queue", seed: int = 7) -> pl.DataFrame:
    """One trace per root: every failed message causes Poisson(mean) failed ones, generation by generation.

    A queue is drawn parent causes child; for a request the same tree hangs upside down: the child is the cause, and
    has at most one parent, so every failed message has at most one child (a chain of Bernoulli(mean) links).
    """
    rng = np.random.default_rng(seed)
    generation = pl.DataFrame(
        {"message_id": [f"r{i}" for i in range(roots)], "trace_id": [f"t{i}" for i in range(roots)]}
    )
    generation = generation.with_columns(parent_id=pl.lit(None, pl.String))
    grown, depth = [generation.with_columns(depth=pl.lit(0))], 0
    while generation.height:
        depth += 1
        children = rng.poisson(mean, generation.height) if kind == "queue" else rng.binomial(1, mean, generation.height)
        generation = generation.select(pl.all().repeat_by(pl.Series(children)).explode(empty_as_null=False))
        number = pl.int_range(pl.len()).over("message_id")
        generation = generation.select(
            parent_id="message_id", message_id=pl.format("{}.{}", "message_id", number), trace_id="trace_id"
        ).select("message_id", "trace_id", "parent_id")
        grown.append(generation.with_columns(depth=pl.lit(depth)))
    rows = pl.concat(grown)
    if kind == "request":
        callers = rows.drop_nulls("parent_id").select(message_id="parent_id", caller="message_id")
        rows = rows.join(callers, on="message_id", how="left").with_columns(parent_id=pl.col("caller")).drop("caller")
    start = pl.datetime(2026, 1, 1, time_zone="UTC")
    return conform(
        rows.with_columns(
            source=pl.format("s{}", pl.col("depth") % 5),
            target=pl.format("s{}", (pl.col("depth") + 1) % 5),
            kind=pl.lit(kind),
            status=pl.lit("failed"),
            sent_at=start + pl.duration(seconds=pl.col("depth")),
            finished_at=start + pl.duration(seconds=pl.col("depth") + 1),
        ),
        "messages",
    )


def spread(frame: pl.DataFrame) -> dict:
    return propagation.report(Evidence(messages=frame)).tables["spread"].row(0, named=True)


@pytest.mark.parametrize("mean", [0.3, 0.6, 0.85])
def test_the_reproduction_number_of_galton_watson_trees_is_found(mean):
    found = spread(galton_watson(mean, 3000))
    assert found["reproduction"] == pytest.approx(mean, abs=0.03)
    assert found["low"] < mean < found["high"]
    assert found["mean_cascade"] == pytest.approx(1 / (1 - found["reproduction"]))
    assert (found["roots"], found["link_coverage"], found["at_most"]) == (3000, 1.0, False)


@pytest.mark.parametrize("kind", ["queue", "request"])
def test_a_third_of_the_rows_lost_does_not_hide_the_reproduction_number(kind):
    kept = galton_watson(0.6, 3000, kind=kind).sample(fraction=0.7, seed=3)
    found = spread(kept)
    assert found["link_coverage"] == pytest.approx(0.7, abs=0.02)
    assert found["reproduction"] == pytest.approx(0.6, abs=0.03)
    naive = found["caused"] / found["failed"]
    assert naive < 0.5  # what a count without the correction would say


def test_independent_errors_at_the_same_minute_do_not_spread():
    single = galton_watson(0.0, 3000)
    frame = single.with_columns(
        parent_id=pl.when(pl.int_range(pl.len()) % 2 == 1).then(pl.col("message_id").shift(1)),
        trace_id=pl.format("t{}", pl.int_range(pl.len()) // 2),
        status=pl.when(pl.int_range(pl.len()) % 2 == 1).then(pl.lit("ok")).otherwise(pl.lit("failed")),
    )
    found = spread(frame)
    assert found["reproduction"] < 0.1
    assert found["verdict"] == "contained"
    assert propagation.report(Evidence(messages=frame)).findings.is_empty()


def test_fewer_than_thirty_roots_are_not_enough_data_and_counts_stay():
    found = spread(galton_watson(0.6, 29))
    assert found["verdict"] == "not enough data"
    assert found["reproduction"] is found["low"] is found["mean_cascade"] is None
    assert found["roots"] == 29


def test_without_parents_there_is_no_reproduction_number():
    assert spread(galton_watson(0.0, 100)) | {"failed": 0} == {
        "reproduction": None, "low": None, "high": None, "mean_cascade": None, "roots": 100, "link_coverage": None,
        "verdict": "no links", "failed": 0, "caused": 0, "at_most": False, "loops": 0,
    }  # fmt: skip


def test_where_no_true_root_is_in_the_data_errors_seem_to_have_no_beginning():
    without_roots = galton_watson(0.6, 600).filter(pl.col("parent_id").is_not_null())
    found = spread(without_roots)
    assert (found["reproduction"], found["verdict"], found["mean_cascade"]) == (1.0, "runaway", None)


def test_a_drawn_cascade_has_the_counts_one_reads_off_the_picture():
    frame = messages("""
        message_id trace_id parent_id source target kind    status   finished_at object_type object_id amount error_code
        order      t        -         user   web    request failed   9           order       1         80     500
        book       t        order     web    erp    request failed   8           order       1         100    E17
        stock      t        book      erp    wms    request timeout  4           order       1         100    T1
        price      t        book      erp    crm    request ok       3           order       1         100    -
        mail       t        order     web    mail   queue   rejected 12          -           -         5      -
        track      t        mail      mail   dhl    queue   failed   20          parcel      7         1      -
        lone       u        -         user   web    request failed   1           -           -         -      X
    """)
    caused = traces.with_causes(traces.linked(frame))
    found = cascade_facts(caused).rows(named=True)
    assert [(c["root_id"], c["messages"], c["systems"], c["depth"], c["spread_ms"], c["amount"]) for c in found] == [
        ("stock", 5, 5, 4, 16_000.0, 106.0),
        ("lone", 1, 1, 0, 0.0, None),
    ]
    assert (found[0]["root_system"], found[0]["error_code"], found[0]["trace_id"]) == ("wms", "T1", "t")
    told = system_facts(caused).select("system", "own_errors", "passed_on", "stopped").rows()
    assert told == [
        ("crm", 0, 0, 0),
        ("dhl", 0, 1, 0),
        ("erp", 0, 1, 0),
        ("mail", 0, 1, 0),
        ("web", 1, 1, 0),
        ("wms", 1, 0, 0),
    ]


@given(st.integers(0, 2**31))
def test_cascades_partition_the_failed_messages_and_edges_share_out_all_that_was_caused(seed):
    frame = random_forest(seed)
    caused = traces.with_causes(traces.linked(frame))
    failed = frame.filter(pl.col("status").is_in(["failed", "timeout", "rejected"])).height
    cascades, hops = cascade_facts(caused), edges(edge_facts(caused))
    assert cascades["messages"].sum() == failed
    assert sum(len(causes) for causes in cascades["failed_causes"]) == failed - cascades.height
    shared = (hops["failed"] * hops["caused_per_error"].fill_null(0)).sum()
    assert shared == pytest.approx(failed - cascades.height)
    assert cascades.sort("root_id")["root_id"].to_list() == sorted(naive_roots(frame))


def random_forest(seed: int, size: int = 60) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    parent = [None if i == 0 or rng.random() < 0.2 else f"m{rng.integers(i):03d}" for i in range(size)]
    kinds = rng.choice(["request", "queue", "internal", "none"], size)
    return conform(
        pl.DataFrame(
            {
                "message_id": [f"m{i:03d}" for i in range(size)],
                "parent_id": parent,
                "trace_id": ["t"] * size,
                "source": rng.choice(["a", "b", "c"], size),
                "target": rng.choice(["a", "b", "c"], size),
                "kind": [None if k == "none" else str(k) for k in kinds],
                "status": rng.choice(["ok", "failed", "timeout", "partial"], size),
                "sent_at": np.datetime64("2026-01-01", "us") + rng.integers(0, 99, size).astype("timedelta64[s]"),
                "finished_at": np.datetime64("2026-01-01", "us") + rng.integers(0, 9, size).astype("timedelta64[s]"),
            }
        ),
        "messages",
    )


def naive_roots(frame: pl.DataFrame) -> list[str]:
    """Failed messages none of whose causes failed, by walking over dictionaries."""
    rows = {row["message_id"]: row for row in frame.iter_rows(named=True)}
    failed = {i for i, row in rows.items() if row["status"] in ("failed", "timeout", "rejected")}
    caused = set()
    for i, row in rows.items():
        if (parent := row["parent_id"]) is None:
            continue
        down = row["kind"] == "queue" or (row["kind"] is None and rows[parent]["finished_at"] < row["finished_at"])
        cause, effect = (parent, i) if down else (i, parent)
        if cause in failed and effect in failed:
            caused.add(effect)
    return sorted(failed - caused)


def test_facts_of_the_parts_merged_are_the_facts_of_the_whole():
    frame = galton_watson(0.6, 200)
    part = frame["trace_id"].str.ends_with("7")
    whole, *parts = (traces.with_causes(traces.linked(f)) for f in (frame, frame.filter(part), frame.filter(~part)))
    for facts, keys in (
        (system_facts, ["system"]),
        (edge_facts, ["source", "target"]),
    ):
        assert_frame_equal(merged([facts(p) for p in parts], keys), facts(whole), check_column_order=False)
    assert_frame_equal(
        pl.concat([cascade_facts(p) for p in parts]).sort("root_id"), cascade_facts(whole).sort("root_id")
    )
    assert pl.concat([link_facts(p) for p in parts]).sum().rows() == link_facts(whole).rows()


def test_shuffled_rows_give_the_same_report():
    frame = galton_watson(0.6, 300)
    straight, mixed = (
        propagation.report(Evidence(messages=f)) for f in (frame, frame.sample(fraction=1, shuffle=True, seed=5))
    )
    for table, rows in straight.tables.items():
        assert_frame_equal(rows, mixed.tables[table])
    assert_frame_equal(straight.findings, mixed.findings)


@pytest.mark.parametrize("status", ["ok", "failed", "unknown"])
def test_one_message_all_errors_and_no_errors_are_reported_without_a_rate(status):
    report = propagation.report(Evidence(messages=messages(f"message_id source target status\na x y {status}")))
    assert report.tables["spread"]["verdict"].to_list() == ["not enough data"]
    assert report.tables["systems"].select("messages", "own_errors").row(0) == (1, int(status == "failed"))
    assert report.tables["systems"]["stopping_power"].to_list() == [None]
    assert report.findings.is_empty()


def test_nothing_at_all_says_what_is_missing():
    report = propagation.report(Evidence())
    assert "needs messages" in report.missing
    assert all(frame.is_empty() for name, frame in report.tables.items() if name != "spread")


def test_a_system_that_passes_everything_on_is_named_with_its_owner_and_a_question():
    whole = galton_watson(0.6, 300)
    findings = propagation.report(Evidence(messages=whole)).findings
    assert {"errors_multiply", "passes_errors_on", "wide_cascade"} <= set(findings["rule"])
    assert findings.filter(pl.col("rule") == "passes_errors_on")["severity"].unique().to_list() == ["critical"]
    assert findings["ask"].str.ends_with("?").all()


def test_survival_is_the_share_of_cascades_at_least_as_large():
    sizes = pl.DataFrame({"messages": [1, 1, 1, 5, 9]})
    assert survival(sizes).rows() == [(1, 5, 1.0), (5, 2, 0.4), (9, 1, 0.2)]
    assert survival(FRAMES["messages"].empty().select(messages="log_line")).is_empty()
