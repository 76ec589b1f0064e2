"""Error spread against trees whose truth is known, and against nothing at all."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import messages
from drawing.trees import fanned_calls, galton_watson
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import error_propagation as propagation
from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts, survival
from integrhealth.analyses.error_propagation.spreading.spread import edge_facts, edges, link_facts, system_facts
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, conform
from integrhealth.traces import links
from integrhealth.traces.facts import merged


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


@pytest.mark.parametrize("mean", [0.3, 0.85])
def test_lost_rows_are_made_up_for_at_any_spread(mean):
    found = spread(galton_watson(mean, 3000).sample(fraction=0.7, seed=3))
    assert found["reproduction"] == pytest.approx(mean, abs=0.03)
    assert found["low"] < mean < found["high"]


def test_a_finding_says_what_is_seen_and_how_many_parents_are_missing():
    whole = galton_watson(0.6, 300)
    found = [propagation.report(Evidence(messages=f)) for f in (whole, whole.sample(fraction=0.7, seed=3))]
    told = [report.findings.filter(pl.col("rule") == "errors_multiply")["statement"].item() for report in found]
    assert told[0].endswith("because another one had.")
    parents = round(100 * found[1].tables["spread"]["link_coverage"].item())
    assert told[1].endswith(f"because another one had, with {parents} of 100 parents in the data.")


def test_with_several_failed_causes_the_correction_is_an_upper_bound_and_says_so():
    frame, truth = fanned_calls(1200, 0.075)
    whole, kept = spread(frame), spread(frame.sample(fraction=0.7, seed=3))
    assert whole["reproduction"] == pytest.approx(truth) == pytest.approx(0.54, abs=0.01)
    assert kept["caused"] / kept["failed"] / kept["link_coverage"] == pytest.approx(0.61, abs=0.01)
    assert truth < kept["reproduction"] == pytest.approx(0.57, abs=0.01)
    assert kept["at_most"]


def test_every_row_twice_changes_nothing():
    frame = galton_watson(0.6, 300)
    once, twice = (propagation.report(Evidence(messages=f)) for f in (frame, pl.concat([frame, frame])))
    for table, rows in once.tables.items():
        assert_frame_equal(rows, twice.tables[table])
    assert_frame_equal(once.findings, twice.findings)


def test_one_day_and_ninety_days_of_the_same_process_agree():
    frame = galton_watson(0.6, 9000)
    day = pl.col("trace_id").str.slice(1).cast(pl.Int64) % 90
    ninety = frame.with_columns(pl.col("sent_at", "finished_at") + pl.duration(days=day))
    of_one_day, of_all = spread(frame.filter(day == 3)), spread(ninety)
    assert of_one_day["low"] < of_all["reproduction"] < of_one_day["high"]
    assert of_all["high"] - of_all["low"] < (of_one_day["high"] - of_one_day["low"]) / 5
    assert of_all == spread(frame)  # when it happened does not matter


def test_parents_in_a_loop_are_cut_counted_and_do_not_feed_themselves():
    lines = [f"a{i} t{i} b{i} x y request failed\nb{i} t{i} a{i} y x request failed" for i in range(40)]
    found = spread(messages("message_id trace_id parent_id source target kind status\n" + "\n".join(lines)))
    assert (found["loops"], found["roots"], found["caused"]) == (80, 80, 0)


def test_where_nothing_was_caused_the_interval_still_has_a_width():
    frame = galton_watson(0.0, 200).with_columns(
        parent_id=pl.when(pl.int_range(pl.len()) > 0).then(pl.lit("r0")), trace_id=pl.lit("t")
    )
    found = spread(
        frame.with_columns(status=pl.when(pl.col("message_id") == "r0").then(pl.lit("ok")).otherwise("status"))
    )
    assert found["reproduction"] == found["low"] == 0
    assert found["high"] == pytest.approx(3.689 / 199, rel=1e-3)  # exact Poisson; the rule of three on two sides


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
    caused = links.with_causes(links.linked(frame))
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
    caused = links.with_causes(links.linked(frame))
    failed = frame.filter(pl.col("status").is_in(["failed", "timeout", "rejected"])).height
    cascades, edge_rows = cascade_facts(caused), edges(edge_facts(caused))
    assert cascades["messages"].sum() == failed
    assert sum(len(causes) for causes in cascades["failed_causes"]) == failed - cascades.height
    shared = (edge_rows["failed"] * edge_rows["caused_per_error"].fill_null(0)).sum()
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
    whole, *parts = (links.with_causes(links.linked(f)) for f in (frame, frame.filter(part), frame.filter(~part)))
    for facts, keys in (
        (system_facts, ["system"]),
        (edge_facts, ["source", "target"]),
    ):
        assert_frame_equal(merged([facts(p) for p in parts], keys), facts(whole), check_column_order=False)
    assert_frame_equal(
        pl.concat([cascade_facts(p) for p in parts]).sort("root_id"), cascade_facts(whole).sort("root_id")
    )
    assert pl.concat([link_facts(p) for p in parts]).sum().rows() == link_facts(whole).rows()


def test_a_constant_trace_id_makes_no_edge_surer_than_its_cascades_do():
    frame = galton_watson(0.6, 200)
    apart, together = (
        propagation.report(Evidence(messages=f)) for f in (frame, frame.with_columns(trace_id=pl.lit("-")))
    )
    assert_frame_equal(apart.tables["edges"], together.tables["edges"])


def test_the_interval_of_cascades_that_are_all_alike_holds_the_estimate():
    threes = pl.concat(
        messages(
            f"""
            message_id trace_id parent_id source target kind    status
            a{n}       {n}      -         x      y      request failed
            b{n}       {n}      a{n}      y      z      request failed
            c{n}       {n}      b{n}      z      u      request failed
            """
        )
        for n in range(40)
    )
    report = propagation.report(Evidence(messages=threes))
    found = report.tables["spread"].row(0, named=True)
    assert found["low"] <= found["reproduction"] == 2 / 3 <= found["high"]
    edges = report.tables["edges"]
    assert edges["caused_per_error"].is_between(edges["low"], edges["high"]).all()


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
