"""Attempts at one call: one that nobody answered, and servers that received one call twice."""

import pytest
from drawing.spans import drawn, spans

from integrhealth.reading.spans.to_messages import messages
from integrhealth.traces.links import linked, with_causes


def test_an_attempt_that_nobody_answered_goes_where_the_one_went_that_was_answered():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind operation  peer      attempt status start end
            r       -         shop    server    order      -         -       failed 0     9
            a       r         shop    client    GET        stock.svc -       failed 1     2
            b       r         shop    client    GET        stock.svc 2       ok     3     4
            s       b         stock   server    GET/{item} -         -       ok     3     4
            d       r         shop    client    POST       pay.svc   -       failed 5     6
            """
        )
    )
    assert drawn(found, "message_id", "target", "operation") == [
        ("t:a", "stock", "GET/{item}"),
        ("t:d", "pay.svc", "POST"),
        ("t:r", "shop", "order"),
        ("t:s", "stock", "GET/{item}"),
    ]
    caused = with_causes(linked(found)).sort("message_id")
    assert caused["replaced"].to_list() == [True, False, False, False]
    assert caused["failed_causes"].to_list() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    "other",
    [
        "a       r         shop    client    GET        other.svc -       failed 1     2",
        "a       r         shop    client    PUT        stock.svc -       failed 1     2",
        "a       q         shop    client    GET        stock.svc -       failed 1     2",
        "a       r         shop    producer  GET        stock.svc -       failed 1     2",
    ],
)
def test_another_call_keeps_the_name_it_gives(other):
    found = messages(
        spans(
            f"""
            span_id parent_id service span_kind operation  peer      attempt status start end
            r       -         shop    server    order      -         -       failed 0     9
            q       r         shop    internal  inner      -         -       failed 0     9
            {other}
            b       r         shop    client    GET        stock.svc 2       ok     3     4
            s       b         stock   server    GET/{{item}} -         -       ok     3     4
            """
        )
    )
    assert drawn(found, "target")[0] == (other.split()[5],)


def test_calls_without_a_word_of_a_second_try_keep_the_names_they_give():
    found = messages(
        spans(
            """
            span_id parent_id service span_kind operation  peer      status start end
            r       -         shop    server    order      -         failed 0     9
            a       r         shop    client    GET        stock.svc failed 1     2
            b       r         shop    client    GET        stock.svc ok     3     4
            s       b         stock   server    GET/{item} -         ok     3     4
            """
        )
    )
    assert drawn(found, "target", "operation")[0] == ("stock.svc", "GET")


SERVED = """
    span_id parent_id service span_kind operation status   start end attempt
    r       -         shop    server    order     failed   0     99  -
    a       r         shop    client    GET       {client} 1     9   {attempt}
    s       a         {one}   server    stock     failed   2     3   -
    v       a         stock   server    stock     ok       5     8   -
    d       r         shop    client    POST      failed   10    20  -
    """


def test_a_call_that_was_sent_again_on_the_way_has_attempts_of_which_the_first_explains_nothing():
    found = messages(spans(SERVED.format(client="ok", one="stock", attempt="-")))
    assert drawn(found, "message_id", "attempt", "parent_id", "status")[2:] == [
        ("t:s", 1, "t:r", "failed"),
        ("t:v", 2, "t:r", "ok"),
    ]
    caused = with_causes(linked(found)).sort("message_id")
    assert caused["replaced"].to_list() == [False, False, True, False]
    assert caused["failed_causes"].to_list() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("client", "one", "attempt"), [("failed", "stock", "-"), ("ok", "auth", "-")], ids=["unanswered", "another service"]
)
def test_what_else_was_done_for_a_call_stays_below_it(client, one, attempt):
    found = messages(spans(SERVED.format(client=client, one=one, attempt=attempt)))
    assert drawn(found, "message_id", "attempt", "parent_id")[2:] == [("t:s", None, "t:r"), ("t:v", None, "t:s")]


def test_a_call_with_a_number_keeps_it_in_whatever_was_sent_again_on_the_way():
    found = messages(spans(SERVED.format(client="ok", one="stock", attempt="3")))
    assert drawn(found, "message_id", "parent_id")[2:] == [("t:s", "t:r"), ("t:v", "t:r")]
