"""Links into other traces: who sent what a consumer processed, many producers of one batch, and how failures travel."""

import random

import polars as pl
import pytest
from drawing.spans import drawn, frame, spans

from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts
from integrhealth.analyses.error_propagation.spreading.spread import edge_facts, link_facts, spread
from integrhealth.reading.spans.to_messages import messages, span_counts
from integrhealth.traces.links import linked, with_causes

BATCHES, LARGEST, OWN_ERROR, PASSED_ON = 250, 5, 0.15, 0.6


def test_producer_and_consumer_in_two_traces_are_one_message_and_what_follows_joins_the_trace():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind links start end
            t        r       -         shop    server    -     0     2
            t        p       r         shop    producer  -     1     2
            u        c       -         billing consumer  t:p   5     8
            u        d       c         billing internal  -     6     7
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "kind", "parent_id") == [
        ("t:r", "user", "shop", "request", None),
        ("u:c", "shop", "billing", "queue", "t:r"),
        ("u:d", "billing", "billing", "internal", "u:c"),
    ]
    assert drawn(found, "sent_at", "received_at", "finished_at", "answered_at")[1] == (1.0, 5.0, 8.0, 2.0)
    joined = linked(found.sort("message_id"))
    assert joined["parent_row"].to_list() == [None, 0, 1]
    assert joined["trace"].to_list() == ["t"] * 3
    assert joined["trace_id"].to_list() == ["t", "u", "u"]


def test_every_producer_of_a_batch_is_a_message_and_what_the_batch_did_stands_once():
    many = spans(
        """
        trace_id span_id parent_id service span_kind links       start end status object_id peer
        t        p       -         shop    producer  -           1     2   -      one       bills
        u        q       -         web     producer  -           3     4   ok     two       bills
        v        x       -         web     producer  -           4     5   -      -         bills
        v        c       -         billing consumer  t:p,u:q,w:z 5     9   failed -         bills
        v        d       c         billing client    -           6     7   failed -         db
        """
    )
    found = messages(many)
    assert drawn(found, "message_id", "source", "target", "kind", "status", "parent_id", "object_id") == [
        ("u:q in v:c", "web", "billing", "queue", "failed", None, "two"),
        ("v:c", "shop", "billing", "queue", "failed", None, "one"),
        ("v:d", "billing", "db", "request", "failed", "v:c", None),
        ("v:x", "web", "bills", "queue", "ok", None, None),
    ]
    assert drawn(found, "sent_at", "received_at", "finished_at", "answered_at")[0] == (3.0, 5.0, 9.0, 4.0)
    counts = span_counts(many)
    assert {name: counts[name] for name in ("pairs", "batched", "absent_links", "status_inferred")} == {
        "pairs": 1,
        "batched": 1,
        "absent_links": 1,
        "status_inferred": 1,
    }


@pytest.mark.parametrize(
    ("links", "parent", "source"), [("-", "-", "bills"), ("t:gone", "-", "bills"), ("-", "gone", "bills")]
)
def test_without_its_producer_a_consumer_comes_from_its_queue(links, parent, source):
    found = messages(
        spans(
            f"""
            trace_id span_id parent_id service span_kind links   peer  start end
            u        c       {parent}  billing consumer  {links} bills 5     8
            """
        )
    )
    assert drawn(found, "source", "target", "kind") == [(source, "billing", "queue")]


def test_one_message_read_by_two_systems_is_two_messages_that_did_not_cause_each_other():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind links status start end
            t        r       -         shop    server    -     ok     0     3
            t        p       r         shop    producer  -     -      1     2
            u        b       -         billing consumer  t:p   failed 5     8
            v        c       -         crm     consumer  t:p   failed 6     8
            w        d       -         crm     consumer  t:p   failed 7     9
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "kind", "parent_id") == [
        ("t:r", "user", "shop", "request", None),
        ("u:b", "shop", "billing", "queue", "t:r"),
        ("v:c", "shop", "crm", "queue", "t:r"),
        ("w:d", "shop", "crm", "queue", "t:r"),
    ]
    caused = with_causes(linked(found))
    assert caused["own_error"].to_list() == [False, True, True, True]
    assert caused["trace"].to_list() == ["t"] * 4


def test_what_failed_in_a_batch_is_the_cause_of_every_message_of_it():
    picture = """
        trace_id span_id parent_id service span_kind links       start end status peer
        t        p       -         shop    producer  -           1     2   -      -
        u        q       -         web     producer  -           3     4   ok     -
        v        x       -         web     producer  -           4     5   -      -
        b        c       -         billing consumer  t:p,u:q,v:x 5     9   {batch} -
        b        d       c         billing client    -           6     7   failed db
        b        e       c         billing producer  -           7     8   failed ledger
        """
    told = {
        batch: with_causes(linked(messages(spans(picture.format(batch=batch)))))
        .sort("message_id")
        .select("message_id", "target", "own_error", "passed_on", "stopped", "failed_causes")
        .rows()
        for batch in ("failed", "ok")
    }
    assert told["failed"] == [
        ("b:c", "billing", False, True, False, 1),
        ("b:d", "db", True, False, False, 0),
        ("b:e", "ledger", False, True, False, 1),
        ("u:q in b:c", "billing", False, True, False, 1),
        ("v:x in b:c", "billing", False, True, False, 1),
    ]
    # What a batch got over it got over once.
    assert [(row[0], *row[2:5]) for row in told["ok"]] == [
        ("b:c", False, False, True),
        ("b:d", True, False, False),
        ("b:e", True, False, False),
        ("u:q in b:c", False, False, False),
        ("v:x in b:c", False, False, False),
    ]


def test_an_id_that_looks_like_one_of_a_batch_by_chance_shares_nothing():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind start end status peer
            t        c       -         billing consumer  5     9   failed bills
            t        d       c         billing client    6     7   failed db
            t        x       -         billing consumer  5     8   failed bills
            """
        )
    ).with_columns(pl.col("message_id").replace({"t:x": "t:x in t:c"}))
    caused = with_causes(linked(found)).select("message_id", "own_error").rows()
    assert caused == [("t:c", False), ("t:d", True), ("t:x in t:c", True)]


def test_a_span_without_a_parent_follows_what_it_is_linked_to_and_one_with_a_parent_does_not():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind links start end
            t        r       -         shop    internal  -     1     2
            u        a       -         erp     internal  t:r   5     8
            u        b       a         wms     -         t:r   6     7
            u        c       -         erp     internal  u:c   5     8
            """
        )
    )
    assert drawn(found, "source", "target", "kind", "parent_id") == [
        ("shop", "shop", "internal", None),
        ("shop", "erp", "queue", "t:r"),
        ("erp", "wms", "request", "u:a"),
        ("erp", "erp", "internal", None),
    ]


def test_a_client_that_fetched_for_a_consumer_of_its_own_service_is_no_producer():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind links peer  start end
            t        p       -         shop    producer  -     bills 1     2
            u        f       -         billing client    -     bills 4     5
            u        c       f         billing consumer  t:p   bills 5     8
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "kind") == [
        ("u:c", "shop", "billing", "queue"),
        ("u:f", "billing", "bills", "request"),
    ]


def test_what_was_fetched_without_a_word_of_its_producer_is_work_below_the_fetch():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind peer  start end
            f       -         billing client    bills 4     5
            c       f         billing consumer  bills 5     8
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "kind", "parent_id") == [
        ("t:c", "billing", "billing", "internal", "t:f"),
        ("t:f", "billing", "bills", "request", None),
    ]


def test_work_below_the_span_that_received_a_message_stays_below_it_though_it_names_the_producer_too():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind links start end
            t        r       -         shop    internal  -     1     2
            t        p       r         shop    producer  -     1     2
            u        w       -         billing consumer  t:p   4     9
            u        v       w         billing internal  -     4     9
            u        c       v         billing consumer  t:p   5     8
            """
        )
    )
    assert drawn(found, "message_id", "source", "target", "parent_id") == [
        ("t:r", "shop", "shop", None),
        ("u:c", "billing", "billing", "u:v"),
        ("u:v", "billing", "billing", "u:w"),
        ("u:w", "shop", "billing", "t:r"),
    ]


def test_a_parent_that_is_missing_is_named_in_the_trace_of_the_producer():
    found = messages(
        spans(
            """
            trace_id span_id parent_id service span_kind links start end
            t        p       gone      shop    producer  -     1     2
            u        c       -         billing consumer  t:p   4     9
            """
        )
    )
    assert found["parent_id"].to_list() == ["t:gone"]


def test_links_that_lead_round_in_a_circle_are_cut_and_lose_no_row():
    found = messages(
        spans(
            """
            trace_id span_id service span_kind links start end
            t        a       shop    internal  u:b   1     2
            u        b       erp     internal  t:a   1     2
            """
        )
    )
    joined = linked(found)
    assert joined["in_loop"].to_list() == [True, True]
    assert joined["trace"].to_list() == ["t", "u"]


def planted(*, in_one_trace: bool, seed: int) -> pl.DataFrame:
    """Orders that billing processes in batches and passes on to the ledger, with errors that travel along.

    Each batch is one consumer with links into the traces of its producers; in one trace each message has a consumer
    of its own instead, with the outcome of the batch, of which the first passes the batch on.
    """
    dice, rows = random.Random(seed), []
    for number in range(BATCHES):
        size, outcome = dice.randint(1, LARGEST), {}
        for each in range(size):
            outcome[each] = dice.random() < OWN_ERROR
        hit = [failed and dice.random() < PASSED_ON for failed in outcome.values()]
        batch = any(hit) or dice.random() < OWN_ERROR
        ledger = batch and dice.random() < PASSED_ON
        start = number * 100
        trace = f"b{number}"
        for each in range(size):
            own = {"trace_id": trace if in_one_trace else f"o{number}.{each}", "start": start + each, "service": "shop"}
            status = "failed" if outcome[each] else "ok"
            rows.append(own | {"span_id": f"r{each}", "span_kind": "server", "status": status, "end": start + each + 1})
            rows.append(own | {"span_id": f"p{each}", "span_kind": "producer", "parent_id": f"r{each}"})
        consumer = {"trace_id": trace, "service": "billing", "span_kind": "consumer", "start": start + 20}
        consumer |= {"end": start + 30, "status": "failed" if batch else "ok"}
        if in_one_trace:
            rows += [consumer | {"span_id": f"c{each}", "parent_id": f"p{each}"} for each in range(size)]
        else:
            links = ",".join(f"o{number}.{each}:p{each}" for each in range(size))
            rows.append(consumer | {"span_id": "c0", "links": links})
        passed = {"trace_id": trace, "span_id": "q", "parent_id": "c0", "service": "billing", "span_kind": "producer"}
        rows.append(passed | {"start": start + 25})
        last = {"service": "ledger", "span_kind": "consumer", "start": start + 40, "end": start + 50, "span_id": "l"}
        last |= (
            {"trace_id": trace, "parent_id": "q"} if in_one_trace else {"trace_id": f"l{number}", "links": f"{trace}:q"}
        )
        rows.append(last | {"status": "failed" if ledger else "ok"})
    dice.shuffle(rows)
    return frame(rows)


@pytest.mark.parametrize("seed", range(3))
def test_batches_over_links_spread_errors_as_their_twin_in_one_trace(seed):
    told = []
    for in_one_trace in (False, True):
        read = planted(in_one_trace=in_one_trace, seed=seed)
        made = messages(read)
        assert made.height == read.height - span_counts(read)["pairs"]
        caused = with_causes(linked(made))
        cascades = cascade_facts(caused)
        facts = spread(cascades, link_facts(caused)).select("roots", "reproduction", "low", "high", "failed", "caused")
        sizes = cascades.select("messages", "systems", "depth", "spread_ms").sort(pl.all())
        told.append((facts.rows(), sizes.rows(), edge_facts(caused).rows()))
    assert told[0] == told[1]
    ((_, reproduction, *_),) = told[0][0]
    assert 0.2 < reproduction < 0.8
    assert dict(pl.DataFrame(told[0][2], orient="row").select("column_0", "column_1").rows())["shop"] == "billing"


def test_where_no_error_travels_no_link_makes_one_travel():
    quiet = planted(in_one_trace=False, seed=9).with_columns(
        status=pl.when(pl.col("service") == "shop").then("status").otherwise(pl.lit("ok"))
    )
    cascades = cascade_facts(with_causes(linked(messages(quiet))))
    assert cascades.height > 50
    assert cascades["messages"].unique().to_list() == [1]


def test_of_spans_that_differ_only_in_their_links_the_order_in_the_log_chooses_nothing():
    twins = spans(
        """
        trace_id span_id parent_id service span_kind links start
        t        a       -         shop    -         -     0
        t        a       -         shop    -         t:a   0
        """
    )
    made = messages(twins).sort("message_id")
    again = messages(twins.reverse()).sort("message_id")
    assert made.select("message_id", "parent_id").equals(again.select("message_id", "parent_id"))
