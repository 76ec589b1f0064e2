"""Links between messages: one parent at most, only inside a trace, loops cut and counted."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import messages
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.language.schema import FRAMES
from integrhealth.traces import links
from integrhealth.traces.ancestry import depths


def parents(picture: str) -> dict[str, str | None]:
    linked = links.linked(messages(picture))
    ids = linked["message_id"].to_list()
    return {i: None if row is None else ids[row] for i, row in zip(ids, linked["parent_row"], strict=True)}


def test_a_parent_is_found_only_inside_its_own_trace():
    assert parents("""
        message_id trace_id parent_id source target
        a          t1       -         web    erp
        b          t1       a         erp    wms
        c          t2       a         erp    wms
    """) == {"a": None, "b": "a", "c": None}


def test_a_parent_in_another_trace_is_found_by_an_id_that_begins_with_its_trace():
    """All below the link join the trace of the topmost message; what else stands in the trace of the link stays."""
    linked = links.linked(
        messages("""
        message_id trace_id parent_id source target sent_at
        t:a        t        -         web    erp    0
        u:b        u        t:a       erp    wms    1
        u:c        u        u:b       wms    dhl    2
        u:d        u        -         wms    dhl    3
        v:e        v        u:c       dhl    bank   4
        w          w        u:d       dhl    bank   5
        x          w        w         bank   bank   6
        y:f        y        w         dhl    bank   7
        y:g        y        t:gone    dhl    bank   7
    """)
    )
    assert linked["parent_row"].to_list() == [None, 0, 1, None, 2, 3, 5, None, None]
    assert linked["trace"].to_list() == ["t", "t", "t", "u", "t", "u", "u", "y", "y"]
    assert linked["depth"].to_list() == [0, 1, 2, 0, 3, 1, 2, 0, 0]


def test_without_a_trace_a_message_joins_its_parents_trace_in_the_same_file():
    linked = links.linked(
        messages("""
        message_id trace_id parent_id source target log_file
        a          t1       -         web    erp    x.csv
        b          -        a         erp    wms    x.csv
        c          -        b         wms    dhl    x.csv
        d          -        a         erp    wms    y.csv
        e          -        -         erp    wms    x.csv
        f          -        -         erp    wms    x.csv
    """)
    )
    assert linked["trace"].to_list()[:3] == ["t1"] * 3
    assert linked["trace"].n_unique() == 4
    assert linked["parent_row"].to_list() == [None, 0, 1, None, None, None]
    assert linked["depth"].to_list() == [0, 1, 2, 0, 0, 0]


def test_a_parent_that_joined_a_trace_is_found_by_its_children_there():
    """The first message names trace t1, the second was logged without one, the third names t1 again."""
    linked = links.linked(
        messages("""
        message_id trace_id parent_id source target
        a          t1       -         web    erp
        b          -        a         erp    wms
        c          t1       b         wms    dhl
        d          t2       b         wms    dhl
        e          t1       f         wms    dhl
        f          -        -         erp    wms
    """)
    )
    assert linked["parent_row"].to_list() == [None, 0, 1, None, None, None]
    assert linked["depth"].to_list() == [0, 1, 2, 0, 0, 0]


def test_attempts_that_share_an_id_do_not_multiply_their_children():
    linked = links.linked(
        messages("""
        message_id trace_id parent_id attempt source target sent_at
        a          t        -         1       web    erp    0
        a          t        -         2       web    erp    10
        b          t        a         1       erp    wms    5
        c          t        a         1       erp    wms    12
        d          t        a         1       erp    wms    -5
    """)
    )
    assert linked["parent_row"].to_list() == [None, None, 0, 1, 0]


def test_loops_are_cut_and_counted_and_what_hangs_below_them_stays_linked():
    linked = links.linked(
        messages("""
        message_id trace_id parent_id source target
        a          t        b         x      y
        b          t        a         y      x
        c          t        a         x      z
        d          t        d         x      z
        e          t        c         z      q
    """)
    )
    assert linked["in_loop"].to_list() == [True, True, False, False, False]
    assert linked["parent_row"].to_list() == [None, None, 0, None, 2]
    assert linked["depth"].to_list() == [0, 0, 1, 0, 2]


def test_a_constant_is_no_trace(monkeypatch):
    monkeypatch.setattr(links, "MAX_TRACE_MESSAGES", 2)
    frame = messages("""
        message_id trace_id parent_id source target log_file
        a          0        -         web    erp    x
        b          0        a         erp    wms    x
        c          0        -         web    erp    x
        d          t        -         web    erp    x
    """)
    assert links.linked(frame)["trace"].n_unique() == 3
    assert links.oversized_traces(frame).rows() == [("0", 3)]


def test_an_empty_frame_stays_empty_and_keeps_its_columns():
    linked = links.with_causes(links.linked(FRAMES["messages"].empty()))
    assert linked.height == 0
    assert {"trace", "row", "parent_row", "depth", "own_error", "passed_on", "stopped"} <= set(linked.columns)


@pytest.mark.parametrize(
    ("kind", "child", "parent", "expected"),
    [
        ("request", "failed", "failed", ("own", "passed")),
        ("queue", "failed", "failed", ("passed", "own")),
        ("request", "failed", "ok", ("own", "stopped")),
        ("request", "ok", "failed", ("-", "own")),
        ("queue", "ok", "failed", ("stopped", "own")),
        ("queue", "failed", "ok", ("own", "-")),
        ("batch", "timeout", "rejected", ("passed", "own")),
        ("internal", "failed", "partial", ("own", "-")),
        ("-", "failed", "failed", ("own", "passed")),
    ],
)
def test_the_kind_of_the_child_decides_which_way_a_failure_travels(kind, child, parent, expected):
    caused = links.with_causes(
        links.linked(
            messages(f"""
        message_id trace_id parent_id source target kind    status
        child      t        parent    erp    wms    {kind}  {child}
        parent     t        -         web    erp    request {parent}
    """)
        )
    )
    names = pl.when("own_error").then(pl.lit("own")).when("passed_on").then(pl.lit("passed"))
    names = names.when("stopped").then(pl.lit("stopped")).otherwise(pl.lit("-"))
    assert tuple(caused.select(names).to_series()) == expected


@pytest.mark.parametrize(
    ("child_end", "parent_end", "cause"), [("5", "9", "c"), ("9", "5", "p"), ("5", "5", "c"), ("-", "9", "c")]
)
def test_without_a_kind_whichever_finished_first_is_the_cause(child_end, parent_end, cause):
    found_links = links.failure_links(
        links.linked(
            messages(f"""
        message_id trace_id parent_id source target status finished_at
        c          t        p         erp    wms    failed {child_end}
        p          t        -         web    erp    failed {parent_end}
    """)
        )
    )
    assert ["c", "p"][found_links["cause_row"].item()] == cause


def test_of_several_causes_the_one_that_finished_first_is_chosen():
    caused = links.with_causes(
        links.linked(
            messages("""
        message_id trace_id parent_id source target kind    status finished_at
        p          t        -         web    erp    request failed 9
        late       t        p         erp    wms    request failed 5
        z          t        p         erp    wms    request failed 3
        a          t        p         erp    wms    request failed 3
        ok         t        p         erp    wms    request ok     1
    """)
        )
    )
    assert caused["cause_row"].to_list() == [3, None, None, None, None]
    assert caused["failed_causes"].to_list() == [3, 0, 0, 0, 0]


@given(st.lists(st.integers(-1, 30), min_size=1, max_size=31))
def test_depths_agree_with_a_walk(pointers):
    parent = np.array([p if p < len(pointers) else -1 for p in pointers])
    depth, looped = depths(parent)
    for row in range(len(parent)):
        seen, at = [], row
        while at >= 0 and at not in seen:
            seen.append(at)
            at = parent[at]
        assert looped[row] == (at == row)
        first_loop = next((i for i, r in enumerate(seen) if looped[r]), None)
        assert depth[row] == (len(seen) - 1 if first_loop is None else first_loop)


@given(st.randoms(use_true_random=False))
def test_shuffled_rows_have_the_same_causes(random):
    rows = [(f"m{i}", f"m{random.randrange(i)}" if i else "-", random.choice(["ok", "failed"])) for i in range(12)]
    picture = "message_id parent_id status trace_id source target kind\n" + "\n".join(
        f"{i} {p} {s} t x y {random.choice(['request', 'queue', '-'])}" for i, p, s in rows
    )
    frame = messages(picture)
    columns = ["message_id", "own_error", "passed_on", "stopped", "failed_causes", "depth"]
    straight, mixed = (
        links.with_causes(links.linked(f)).select(columns).sort("message_id")
        for f in (frame, frame.sample(fraction=1, shuffle=True, seed=random.randrange(1000)))
    )
    assert_frame_equal(straight, mixed)


YEAR, MONTH = 365 * 86_400, 30 * 86_400


@pytest.mark.parametrize("trace", ["-", "t"])
def test_an_id_used_again_a_year_later_is_no_parent(trace):
    linked = links.linked(
        messages(f"""
        message_id trace_id parent_id source target sent_at
        a          {trace}  -         web    erp    0
        b          {trace}  a         erp    wms    1
        c          {trace}  a         erp    wms    {YEAR}
        d          {trace}  a         erp    wms    {-YEAR}
        e          {trace}  a         erp    wms    {MONTH}
        f          {trace}  a         erp    wms    {MONTH + 1}
        g          {trace}  a         erp    wms    -1
    """)
    )
    assert linked["parent_row"].to_list() == [None, 0, None, None, 0, None, 0]


@pytest.mark.parametrize("traced", [("t1", "t2"), ("t", "t"), ("-", "-")])
def test_of_two_years_with_the_same_ids_each_keeps_its_own_parents(traced):
    this, next_year = traced
    linked = links.linked(
        messages(f"""
        message_id trace_id    parent_id source target sent_at
        a          {this}      -         web    erp    0
        b          {this}      a         erp    wms    1
        a          {next_year} -         web    erp    {YEAR}
        b          {next_year} a         erp    wms    {YEAR + 1}
        c          {next_year} a         erp    wms    {YEAR - 1}
        d          {this}      a         erp    wms    {-YEAR}
    """)
    )
    assert linked["parent_row"].to_list() == [None, 0, None, 2, 2, None]
