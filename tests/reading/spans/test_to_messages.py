"""Spans become messages: each rule as a picture, and what must hold for any spans."""

import random

import polars as pl
import pytest
from drawing.spans import drawn, frame, spans
from hypothesis import given, settings
from hypothesis import strategies as st

from integrhealth.language.schema import FRAMES
from integrhealth.reading.inner_frames import SPANS
from integrhealth.reading.spans.to_messages import messages, span_counts, span_notes


def test_a_call_and_its_server_are_one_message_with_four_times():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind start end
            a       -         shop    client    1     9
            b       a         erp     server    2     8
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "kind", "parent_id") == [
        ("t:b", "shop", "erp", "request", None)
    ]
    assert drawn(found, "sent_at", "received_at", "finished_at", "answered_at") == [(1.0, 2.0, 8.0, 9.0)]


def test_the_halves_meet_over_files_and_children_of_either_half_name_the_message():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind start end log_file
            b       a         erp     server    2     8   erp.jsonl
            c       b         erp     internal  3     4   erp.jsonl
            a       -         shop    client    1     9   shop.jsonl
            d       a         shop    internal  1     2   shop.jsonl
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "kind", "parent_id") == [
        ("t:b", "shop", "erp", "request", None),
        ("t:c", "erp", "erp", "internal", "t:b"),
        ("t:d", "shop", "shop", "internal", "t:b"),
    ]
    assert found.sort("message_id")["log_file"].to_list() == ["erp.jsonl", "erp.jsonl", "shop.jsonl"]


def test_a_second_server_under_the_same_call_is_a_message_of_its_own():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind start end
            a       -         shop    client    1     9
            c       a         wms     server    5     8
            b       a         erp     server    2     4
            """
        )
    )
    assert drawn(found, "message_id", "source", "sent_at", "answered_at", "parent_id") == [
        ("t:b", "shop", 1.0, 9.0, None),
        ("t:c", "shop", 5.0, 8.0, "t:b"),
    ]


def test_shared_ids_are_halves_and_their_children_hang_on_the_half_of_their_own_service():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind start end
            r       -         shop    server    0     9
            a       r         shop    client    1     8
            a       r         erp     server    2     7
            b       a         erp     client    3     4
            """,
        )
    )
    assert drawn(found, "message_id", "source", "target", "parent_id", "kind") == [
        ("t:a", "shop", "erp", "t:r", "request"),
        ("t:b", "erp", "unknown (asked by erp)", "t:a", "request"),
        ("t:r", "user", "shop", None, "request"),
    ]


def test_a_child_hangs_on_the_half_that_did_the_work_unless_one_is_of_its_own_service():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind start end
            a       -         shop    server    1     8
            a       -         erp     client    0     9
            a       -         crm     server    2     8
            b       a         wms     -         3     4
            c       a         crm     -         3     4
            """
        )
    )
    below = found.filter(pl.col("message_id").is_in(["t:b", "t:c"]))
    assert drawn(below, "source", "target") == [("shop", "wms"), ("crm", "crm")]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(("producer", "consumer"), "queue"), (("client", "server"), "request"), (("client", "consumer"), "queue")],
)
def test_a_broker_makes_a_queue(kinds, expected):
    half = {"trace_id": "t", "start": 1}
    pair = [
        half | {"span_id": "a", "service": "shop", "span_kind": kinds[0]},
        half | {"span_id": "b", "parent_id": "a", "service": "erp", "span_kind": kinds[1]},
    ]
    assert messages(frame(pair))["kind"].to_list() == [expected]


def test_a_call_alone_goes_to_the_peer_it_names_else_to_one_that_is_unknown():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind peer  start end
            a       -         shop    client    mysql 1     2
            b       -         shop    producer  jobs  1     2
            c       -         shop    client    -     1     2
            """
        )
    )
    assert drawn(found, "source", "target", "kind") == [
        ("shop", "mysql", "request"),
        ("shop", "jobs", "queue"),
        ("shop", "unknown (asked by shop)", "request"),
    ]
    assert drawn(found, "sent_at", "received_at", "finished_at", "answered_at")[0] == (1.0, 1.0, 2.0, 2.0)


def test_a_call_that_names_nobody_went_to_the_service_that_worked_for_it():
    picture = """
        span_id parent_id service span_kind start end
        a       -         shop    client    1     9
        b       a         shop    internal  1     2
        c       a         erp     -         3     4
        d       a         wms     -         2     4
        e       -         crm     client    1     2
        """
    found = messages(spans(picture)).filter(pl.col("message_id").is_in(["t:a", "t:e"]))
    assert drawn(found, "source", "target") == [("shop", "wms"), ("crm", "unknown (asked by crm)")]
    told = "calls that do not say to whom, their target is 'unknown (asked by <caller>)': 1"
    assert told in span_notes(spans(picture))


def test_a_server_alone_comes_from_its_parent_its_peer_the_user_or_itself():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind peer start end
            a       -         shop    internal  -    1     2
            b       a         erp     server    crm  1     2
            c       gone      erp     server    crm  1     2
            d       -         erp     server    -    1     2
            e       gone      erp     server    -    1     2
            f       -         erp     consumer  -    1     2
            """
        )
    )
    assert drawn(found, "source", "target", "kind", "parent_id") == [
        ("shop", "shop", "internal", None),
        ("shop", "erp", "request", "t:a"),
        ("crm", "erp", "request", "t:gone"),
        ("user", "erp", "request", None),
        ("erp", "erp", "internal", "t:gone"),
        ("erp", "erp", "internal", None),
    ]


def test_spans_without_kind_are_requests_and_what_follows_from_another_is_a_queue():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind async_parent start end
            a       -         shop    -         -            1     2
            b       a         erp     -         false        1     2
            c       a         wms     -         true         1     2
            """
        )
    )
    assert drawn(found, "source", "target", "kind") == [
        ("shop", "shop", "internal"),
        ("shop", "erp", "request"),
        ("shop", "wms", "queue"),
    ]


@pytest.mark.parametrize(
    ("sent", "received", "status", "text"),
    [
        ("ok", "failed", "failed", "deep"),
        ("timeout", "ok", "timeout", "upper"),
        ("failed", "rejected", "rejected", "deep"),
        ("failed", None, "failed", "upper"),
        (None, "partial", "partial", "deep"),
        (None, None, "ok", "deep"),
    ],
)
def test_a_pair_failed_if_either_half_failed_and_speaks_with_the_half_that_did(sent, received, status, text):
    half = {"trace_id": "t", "start": 1}
    pair = [
        half | {"span_id": "a", "service": "s", "span_kind": "client", "status": sent, "error_text": "upper"},
        half | {"span_id": "b", "service": "e", "span_kind": "server", "status": received, "error_text": "deep"},
    ]
    pair[1]["parent_id"] = "a"
    assert messages(frame(pair)).select("status", "error_text").rows() == [(status, text)]


def test_what_either_half_says_of_the_object_is_kept():
    half = {"trace_id": "t", "start": 1}
    pair = [
        half | {"span_id": "a", "service": "s", "span_kind": "client", "attempt": 2, "fallback": "true"},
        half | {"span_id": "b", "parent_id": "a", "service": "e", "span_kind": "server", "object_id": "7"},
    ]
    assert messages(frame(pair)).select("attempt", "fallback", "object_id").rows() == [(2, True, "7")]


def test_ids_are_unique_where_spans_repeat_them():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind start end
            a       -         shop    server    1     2
            a       -         erp     server    1     2
            a       -         erp     server    3     4
            b       -         erp     server    3     4
            """
        )
    )
    assert found["message_id"].sort().to_list() == ["t:a:server:erp", "t:a:server:erp:2", "t:a:server:shop", "t:b"]


def test_links_stay_inside_a_trace_and_without_a_trace_inside_a_file():
    rows = [
        {"trace_id": "t", "span_id": "a", "service": "shop", "start": 1},
        {"trace_id": "u", "span_id": "b", "parent_id": "a", "service": "erp", "start": 1},
        {"span_id": "a", "service": "crm", "start": 1, "log_file": "x"},
        {"span_id": "b", "parent_id": "a", "service": "erp", "start": 1, "log_file": "x"},
        {"span_id": "c", "parent_id": "a", "service": "erp", "start": 1, "log_file": "y"},
    ]
    found = messages(frame(rows)).select("message_id", "source", "parent_id").rows()
    assert found == [
        ("t:a", "shop", None),
        ("u:b", "erp", "u:a"),
        ("a", "crm", None),
        ("b", "crm", "a"),
        ("c", "erp", "a"),
    ]


def test_the_lower_half_of_a_trace_id_finds_the_whole():
    low = "a" * 16
    whole = "b" * 16 + low
    rows = [
        {"trace_id": whole, "span_id": "1", "service": "shop", "span_kind": "client", "start": 1},
        {"trace_id": low, "span_id": "2", "parent_id": "1", "service": "erp", "span_kind": "server", "start": 2},
    ]
    assert messages(frame(rows)).select("message_id", "source").rows() == [(f"{whole}:2", "shop")]
    doubtful = [*rows, {"trace_id": "c" * 16 + low, "span_id": "9", "service": "crm", "start": 1}]
    assert messages(frame(doubtful)).height == 3


def test_counts_say_what_is_odd():
    odd = spans(
        """
        span_id parent_id service span_kind start end status
        a       -         shop    client    5     9   -
        b       a         erp     server    4     8   ok
        c       gone      erp     -         1     0   -
        d       e         erp     -         1     2   -
        e       d         erp     -         1     -   -
        e       d         erp     -         2     3   -
        f       a         shop    -         6     10  failed
        """
    )
    counts = span_counts(odd)
    assert counts == {
        "spans": 7,
        "pairs": 1,
        "status_inferred": 4,
        "missing_parents": 1,
        "loops": 3,
        "skewed_pairs": 1,
        "outside_parent": 3,
        "repeated_ids": 1,
        "ends_before_start": 1,
        "no_end": 1,
        "nameless": 0,
        "batched": 0,
        "absent_links": 0,
    }
    assert "spans that name a parent that is not in the data: 1 of 7" in span_notes(odd)


def test_no_spans_are_no_messages():
    none = pl.DataFrame(schema=SPANS)
    assert messages(none).schema == pl.Schema(FRAMES["messages"].schema)
    assert messages(none).height == 0
    assert span_notes(none) == []


IDS = st.sampled_from(["a", "b", "c", "d"])
ANY_SPAN = st.fixed_dictionaries(
    {
        "trace_id": st.sampled_from(["t", "u", None]),
        "span_id": IDS,
        "parent_id": st.one_of(st.none(), IDS),
        "service": st.sampled_from(["shop", "erp", "wms"]),
        "peer": st.sampled_from([None, "erp", "db"]),
        "span_kind": st.sampled_from([None, "client", "server", "producer", "consumer", "internal"]),
        "start": st.integers(0, 4),
        "end": st.one_of(st.none(), st.integers(0, 6)),
        "status": st.sampled_from([None, "ok", "failed"]),
        "async_parent": st.sampled_from([None, "true"]),
        "links": st.one_of(st.none(), st.lists(st.sampled_from(["t:a", "u:b", "u:a", "t:c", "v:a"])).map(",".join)),
    }
)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(ANY_SPAN, max_size=14), seed=st.integers(0, 9))
def test_whatever_repeats_or_loops_rows_are_kept_ids_are_unique_and_order_changes_nothing(rows, seed):
    made = frame(rows)
    found = messages(made)
    assert found.height == made.height - span_counts(made)["pairs"]
    assert found["message_id"].n_unique() == found.height
    assert (
        found.select("message_id", "source", "target", "kind", "sent_at", "status").null_count().sum_horizontal().item()
        == 0
    )
    there = made.select(pl.concat_str("trace_id", "span_id", separator=":", ignore_nulls=True)).to_series()
    assert not (set(found["parent_id"].drop_nulls()) - set(found["message_id"])) & set(there)
    random.Random(seed).shuffle(rows)
    again = messages(frame(rows))
    every = found.columns
    assert again.sort(every).equals(found.sort(every))


@settings(max_examples=25, deadline=None)
@given(
    calls=st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), min_size=1, max_size=30),
    seed=st.integers(0, 9),
)
def test_calls_planted_in_a_tree_come_back_as_they_were_made(calls, seed):
    """Each call is a client and a server span, of which one may be lost; the naive reading is the plan itself."""
    rows, plan = [], {}
    for number, (above, keeps_client, keeps_server) in enumerate(calls):
        parent = None if number == 0 else above % number
        caller = "user" if parent is None else f"s{parent}"
        half = {"trace_id": "t", "start": number, "end": number + 1}
        client = {"span_id": f"c{number}", "parent_id": None if parent is None else f"r{parent}", "service": caller}
        server = {"span_id": f"r{number}", "parent_id": f"c{number}", "service": f"s{number}"}
        if keeps_client or not keeps_server:
            rows.append(half | client | {"span_kind": "client", "peer": f"s{number}"})
        if keeps_server:
            rows.append(half | server | {"span_kind": "server", "peer": caller})
        plan[number] = (caller, f"s{number}")
    random.Random(seed).shuffle(rows)
    found = messages(frame(rows))
    assert sorted(found.select("source", "target").rows()) == sorted(plan.values())
    assert set(found["kind"]) == {"request"}
