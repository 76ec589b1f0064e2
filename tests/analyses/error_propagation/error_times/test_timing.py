"""Spread told by times alone, against processes whose truth is known, against nothing, and against a naive fit."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from drawing.frames import drawn, messages
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.charts.error_times import timing_chart
from integrhealth.analyses.error_propagation.error_times import fit as timing_fit
from integrhealth.analyses.error_propagation.error_times import timing
from integrhealth.analyses.error_propagation.error_times.findings import timing_findings
from integrhealth.analyses.error_propagation.error_times.fit import (
    Edges,
    Errors,
    Fit,
    Problem,
    candidates,
    fitted,
    intervals,
    likelier,
)
from integrhealth.analyses.error_propagation.error_times.timing import (
    errors_in_time,
    failure_edges,
    no_timing,
    timing_tables,
)
from integrhealth.language.schema import FRAMES, conform
from integrhealth.language.statistics import NONE_SEEN
from integrhealth.language.thresholds import MIN_EDGE_ERRORS, TIMING_LEVEL

HOUR = 3600.0
SYSTEMS = 6
DIAMOND = np.array([(0, 1), (1, 2), (2, 3), (0, 4), (4, 3), (3, 5)])
NONE = FRAMES["dependencies"].empty()


def branching(follow, *, seed, hours=100, per_hour=30, delay=120.0, busy=None):
    """Own errors of six systems (Poisson), each with Poisson(FOLLOW) errors along every edge, an exponential DELAY on.

    BUSY maps seconds to the share of the highest rate that holds then. Returns seconds, systems, the share caused.
    """
    rng, span = np.random.default_rng(seed), hours * HOUR
    share = (lambda at: np.ones(len(at))) if busy is None else busy
    highest = per_hour * hours / share(np.linspace(0, span, 10_001)).mean()
    at = rng.uniform(0, span, rng.poisson(highest))
    at = at[rng.uniform(size=len(at)) < share(at)]
    system = rng.integers(0, SYSTEMS, len(at))
    grown = [(at, system)]
    while len(at):
        children = []
        for cause, effect in DIAMOND:
            above = at[system == cause]
            above = np.repeat(above, rng.poisson(follow, len(above)))
            children.append((above + rng.exponential(delay, len(above)), np.full(len(above), effect)))
        at, system = (np.concatenate(part) for part in zip(*children, strict=True))
        at, system = at[at < span], system[at < span]
        grown.append((at, system))
    roots = len(grown[0][0])
    at, system = (np.concatenate(part) for part in zip(*grown, strict=True))
    return at, system, 1 - roots / len(at)


def problem(at, system):
    order = np.argsort(at, kind="stable")
    ticks = np.round(at[order] * 1000).astype(np.int64)
    errors = Errors(ticks - ticks[0], system[order], np.ones(len(at), int), 0.001, SYSTEMS, at.min())
    return Problem(errors, Edges(*DIAMOND.T, np.zeros(len(DIAMOND), int)), HOUR)


def logged(at, system, *, kind="queue", edges=DIAMOND):
    """The errors as failed messages from outside, and every edge once as a message that arrived, of KIND."""
    start = pl.datetime(2026, 1, 1, time_unit="us", time_zone="UTC")
    failed = pl.DataFrame({"target": [f"s{each}" for each in system], "us": (np.asarray(at) * 1e6).astype(np.int64)})
    failed = failed.with_columns(source=pl.lit("outside"), status=pl.lit("failed"), kind=pl.lit("queue"))
    exchanges = pl.DataFrame({"source": [f"s{a}" for a, _ in edges], "target": [f"s{b}" for _, b in edges]})
    exchanges = exchanges.with_columns(status=pl.lit("ok"), kind=pl.lit(kind, pl.String), us=pl.lit(0, pl.Int64))
    rows = pl.concat([failed, exchanges], how="diagonal").with_columns(
        sent_at=start + pl.duration(microseconds="us"), message_id=pl.format("m{}", pl.int_range(pl.len()))
    )
    return conform(rows, "messages")


def told(frame):
    tables = timing_tables(frame, NONE)
    return tables["timing"].row(0, named=True), tables["timing_edges"]


@pytest.fixture(autouse=True, scope="module")
def few_shifts():
    """A fifth of the shifts: the smallest p value is then the level itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing_fit, "TIMING_SHIFTS", 19)
        yield


@pytest.mark.parametrize("follow", [0.4, 0.5])
def test_the_share_of_errors_that_follow_another_is_found(follow):
    for seed in range(2):
        at, system, share = branching(follow, seed=seed)
        assert 0.33 < share < 0.48
        found = problem(at, system)
        fit = fitted(found)
        low, high = intervals(found, fit)
        assert fit.caused.sum() / len(at) == pytest.approx(share, abs=0.05)
        assert low[0] < share < high[0]
        assert fit.follow == pytest.approx([follow] * len(DIAMOND), abs=0.2)
        assert 1 / fit.rate == pytest.approx([120] * len(DIAMOND), rel=0.5)


def test_an_edge_over_which_nothing_follows_leaves_the_interval_of_the_whole_alone():
    at, system, _ = branching(0.5, seed=1, hours=10)
    found = problem(at, system)
    fit, first = fitted(found), np.arange(len(DIAMOND)) == 0
    values = {name: np.where(first, 0, getattr(fit, name)) for name in ("follow", "caused")}
    low, high = intervals(found, replace(fit, **values, rate=np.where(first, 20, fit.rate)))
    assert high[0] - low[0] < 0.3
    assert (low[1], high[1]) == (0, pytest.approx(NONE_SEEN / found.sources[0]))


def busy_once(at):
    return np.where((at > 20 * HOUR) & (at < 23 * HOUR), 1, 0.125)


def busy_daily(at):
    return np.where(at // HOUR % 24 == 10, 1, 0.125)


@pytest.mark.parametrize("busy", [None, busy_once, busy_daily], ids=["even", "busy once", "busy daily"])
def test_independent_errors_follow_nothing_while_a_window_says_all_do(busy):
    for seed in range(2):
        at, system, share = branching(0.0, seed=seed, busy=busy)
        assert share == 0
        assert fitted(problem(at, system)).caused.sum() / len(at) < 0.1
    ordered = np.sort(at)
    assert (np.diff(ordered) < 600).mean() > 0.6  # "another error within ten minutes"


def test_independent_errors_are_no_finding():
    at, system, _ = branching(0.0, seed=5, hours=40, busy=busy_once)
    whole, edges = told(logged(at, system))
    assert whole["reproduction"] < 0.1
    assert whole["p_value"] > TIMING_LEVEL
    assert whole["verdict"] == "no spread shown"
    assert set(edges["verdict"]) <= {"no spread shown", "not enough data"}
    assert timing_findings(pl.DataFrame([whole | {"reproduction": 0.4, "low": 0.35, "high": 0.45}])).is_empty()


@pytest.fixture(scope="module")
def spreading():
    at, system, share = branching(0.5, seed=1, hours=30)
    frame = logged(at, system)
    return frame, timing_tables(frame, NONE), share


def test_spread_is_reported_with_its_edges_and_a_finding(spreading):
    frame, tables, share = spreading
    whole = tables["timing"].row(0, named=True)
    assert whole["reproduction"] == pytest.approx(share, abs=0.08)
    assert whole["low"] < share < whole["high"]
    assert whole["p_value"] == TIMING_LEVEL
    assert whole["verdict"] == "spreading"
    assert whole["by_chance"] < whole["low"]
    assert whole["errors"] == whole["errors_used"] == frame.height - len(DIAMOND)
    assert whole["roots"] == round(whole["errors"] * (1 - whole["reproduction"]))
    edges = tables["timing_edges"]
    assert sorted(edges.select("source", "target").rows()) == sorted((f"s{a}", f"s{b}") for a, b in DIAMOND)
    assert edges["caused"].sum() == pytest.approx(whole["errors"] * whole["reproduction"])
    found = timing_findings(tables["timing"]).row(0, named=True)
    assert (found["rule"], found["severity"], found["n"]) == ("errors_follow_errors", "warning", whole["errors"])
    assert "follow" in found["statement"]
    assert "cause" not in found["statement"]


def test_doubled_and_shuffled_rows_change_nothing(spreading):
    frame, tables, _ = spreading
    doubled = pl.concat([frame, frame]).sample(fraction=1, shuffle=True, seed=3)
    for name, table in timing_tables(doubled, NONE).items():
        assert_frame_equal(table, tables[name])


def test_the_kind_of_the_edge_tells_which_way_a_failure_travels():
    exchanges = """
        message_id source target kind
        a          web    erp    request
        b          erp    bus    queue
        c          bus    dwh    batch
        d          bus    ftp    file
        e          crm    erp    -
        f          erp    erp    internal
        g          user   web    request
    """
    declared = drawn("dependencies", "source target kind\nweb crm phone\nftp - queue")
    assert failure_edges(messages(exchanges), declared).rows() == [
        ("bus", "dwh", True), ("bus", "ftp", True), ("crm", "erp", False), ("crm", "web", True), ("erp", "bus", True),
        ("erp", "crm", True), ("erp", "web", True), ("web", "crm", False),
    ]  # fmt: skip


def test_errors_of_one_moment_cause_each_other_one_way_and_nobody_is_seen_failing_whom_no_message_reaches():
    exchanges = "message_id source target kind\na web erp request\nb erp web request\nc user web request"
    assert failure_edges(messages(exchanges), NONE).rows() == [("erp", "web", True), ("web", "erp", False)]


def test_where_the_kind_is_unknown_time_decides_the_direction():
    at, system, share = branching(0.5, seed=2, hours=24)
    whole, edges = told(logged(at, system, kind=None))
    assert whole["reproduction"] == pytest.approx(share, abs=0.08)
    onwards = pl.struct("source", "target").is_in([{"source": f"s{a}", "target": f"s{b}"} for a, b in DIAMOND])
    right = edges.filter(onwards)["caused"].sum()
    assert right > 0.85 * edges["caused"].sum()


def test_attempts_of_one_message_are_one_error_at_its_first():
    rows = messages("""
        message_id source target operation object_id attempt status   finished_at
        a          web    erp    book      1         -       failed   10
        b          web    erp    book      1         -       timeout  40
        c          web    erp    book      1         -       failed   3500
        later      web    erp    book      1         -       failed   7300
        other      web    erp    book      2         -       failed   11
        ship       web    erp    ship      1         -       failed   12
        fresh      web    erp    book      1         1       failed   3600
        null1      web    wms    -         -         -       failed   20
        null2      web    wms    -         -         -       failed   21
        try1       web    crm    -         -         1       failed   30
        try2       web    crm    -         -         2       failed   31
        try3       web    crm    -         -         3       rejected 32
        good       web    crm    -         -         4       ok       33
        same       web    bus    -         -         -       failed   50
        same       web    bus    -         -         -       failed   55
    """)
    counted = errors_in_time(rows)
    assert counted.group_by("system").len().sort("system").rows() == [("bus", 1), ("crm", 1), ("erp", 5), ("wms", 2)]
    assert counted["at"].dt.second().to_list() == [10, 11, 12, 20, 21, 30, 50, 0, 40]


def test_retries_do_not_read_as_spread():
    at, system, _ = branching(0.0, seed=4, hours=20)
    frame = logged(at, system).with_columns(object_id=pl.col("message_id"), finished_at=pl.col("sent_at"))
    again = [
        frame.filter(pl.col("status") == "failed").with_columns(
            pl.format("{}r{}", "message_id", pl.lit(n)).alias("message_id"), pl.col("finished_at").dt.offset_by(f"{n}m")
        )
        for n in (1, 2, 4)
    ]
    assert_frame_equal(told(pl.concat([frame, *again]))[1], told(frame)[1])


def test_few_errors_are_not_enough_data_and_counts_stay():
    at, system, _ = branching(0.5, seed=1, hours=30)
    whole, edges = told(logged(at[:29], system[:29]))
    assert (whole["verdict"], whole["errors"], whole["reproduction"]) == ("not enough data", 29, None)
    assert edges["errors"].sum() > 0
    assert set(edges["verdict"]) == {"not enough data"}
    # Errors enough for the whole, but for no single edge.
    whole, edges = told(logged(at[:400], system[:400]))
    assert whole["reproduction"] is not None
    assert edges.filter(pl.col("errors") < MIN_EDGE_ERRORS)["caused_per_error"].null_count() > 0
    assert edges.filter(pl.col("errors") < MIN_EDGE_ERRORS)["caused_per_error"].drop_nulls().is_empty()


def test_a_system_that_failed_only_before_the_errors_that_are_shifted_changes_nothing(monkeypatch):
    monkeypatch.setattr(timing, "TIMING_SHIFTED_ERRORS", 400)
    at, system, _ = branching(0.5, seed=3, hours=20)
    frame = logged(at + HOUR, system)
    # Named before all others, and with no neighbour.
    alone = logged(np.arange(40.0), np.zeros(40, int), edges=[]).with_columns(source=pl.lit("a"), target=pl.lit("a"))
    usual, _ = told(frame)
    crowded, _ = told(pl.concat([alone.with_columns(message_id="a" + pl.col("message_id")), frame]))
    assert (crowded["errors"], crowded["errors_shifted"]) == (usual["errors"] + 40, 400)
    assert usual["p_value"] == crowded["p_value"] <= TIMING_LEVEL
    assert usual["horizon_minutes"] == crowded["horizon_minutes"] == 60


def test_broken_input_gives_typed_answers():
    empty = FRAMES["messages"].empty()
    whole, edges = told(empty)
    assert (whole["verdict"], whole["errors"], edges.height) == ("not enough data", 0, 0)
    at, system, _ = branching(0.0, seed=1, hours=5)
    alone = logged(at, np.zeros(len(at), int), edges=np.empty((0, 2), int))
    assert told(alone)[0]["verdict"] == "no edges"
    unsent = logged(at, system).with_columns(sent_at=pl.lit(None, pl.Datetime("us", "UTC")))
    assert told(unsent)[0]["errors"] == 0
    at_once = logged(np.zeros(len(at)), system)
    assert told(at_once)[0]["errors"] == len(at)
    nothing = no_timing()
    assert {name: table.schema for name, table in nothing.items()} == {
        name: table.schema for name, table in timing_tables(empty, NONE).items()
    }
    assert timing_findings(nothing["timing"]).is_empty()


def naive_step(found: Problem, fit: Fit, pace):
    """One step of expectation maximisation, error by error and cause by cause."""
    seconds, system = found.errors.seconds, found.errors.system
    caused, waited, own = np.zeros(len(fit.follow)), np.zeros(len(fit.follow)), np.zeros(SYSTEMS)
    for effect in range(len(seconds)):
        parts = {}
        for edge, (cause_system, effect_system) in enumerate(DIAMOND):
            if system[effect] == effect_system:
                for cause in range(effect):
                    waiting = seconds[effect] - seconds[cause]
                    if system[cause] == cause_system and 0 < waiting <= found.horizon:
                        parts[edge, waiting] = fit.follow[edge] * fit.rate[edge] * np.exp(-fit.rate[edge] * waiting)
        alone = fit.own[system[effect]] * pace[effect]
        total = alone + sum(parts.values())
        own[system[effect]] += alone / total
        for (edge, waiting), part in parts.items():
            caused[edge] += part / total
            waited[edge] += part / total * waiting
    rate = np.clip(caused / np.maximum(waited, 1e-300), 1 / found.horizon, 1000)
    return Fit(caused / found.sources, rate, own / found.errors.span, caused)


def test_the_fit_is_that_of_the_naive_one():
    at, system, _ = branching(0.5, seed=9, hours=6)
    found = problem(at, system)
    naive = fast = timing_fit._start(found)
    for _ in range(5):
        naive, fast = naive_step(found, naive, found.pace), likelier(found, fast)
    for name in ("follow", "rate", "own", "caused"):
        assert getattr(fast, name) == pytest.approx(getattr(naive, name), rel=1e-6, abs=1e-12)
    for _ in range(2000):
        fast = likelier(found, fast)
    assert fitted(found).follow == pytest.approx(fast.follow, abs=0.01)


def test_errors_of_one_tick_may_be_counted_together():
    at, system, _ = branching(0.5, seed=9, hours=6)
    alone = problem(np.floor(at / 60) * 60, system)
    keys, count = np.unique(np.stack([alone.errors.ticks, alone.errors.system]), axis=1, return_counts=True)
    together = Problem(Errors(*keys, count, 0.001, SYSTEMS), alone.edges, HOUR)
    assert len(count) < len(at)
    assert fitted(together).follow == pytest.approx(fitted(alone).follow, rel=1e-9)
    for one, other in zip(intervals(together, fitted(together)), intervals(alone, fitted(alone)), strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-9)


def test_ties_and_single_moments_leave_every_rate_within_its_bounds():
    many = np.full(SYSTEMS, 5000)
    errors = Errors(np.zeros(SYSTEMS, np.int64), np.arange(SYSTEMS), many, 1.0, SYSTEMS)
    together = Problem(errors, Edges(*DIAMOND.T, np.ones(len(DIAMOND), int)), HOUR)
    assert candidates(errors, together.edges, HOUR).seen.tolist() == [2500] * len(DIAMOND)
    fit = fitted(together)
    assert np.isfinite(fit.follow).all()
    assert ((fit.rate >= 1 / HOUR) & (fit.rate <= 1)).all()


def test_the_chart_says_what_follows_or_why_it_says_nothing(spreading):
    _, tables, _ = spreading
    spec = timing_chart(tables["timing"], tables["timing_edges"]).to_dict()
    assert spec["title"]["text"].endswith("of errors follow one of a neighbouring system")
    assert "Messages name" in timing_chart(**no_timing()).to_dict()["description"]
