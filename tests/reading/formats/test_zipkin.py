"""Zipkin v2 JSON: shared ids, missing times, error tags, and traces logged by halves of their ids."""

import json
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.reading.account.parsed import Head, Parsed
from integrhealth.reading.formats.zipkin import FORMAT
from integrhealth.reading.inner_frames import SPANS
from integrhealth.reading.spans.to_messages import messages, span_counts

TRACE, START = "8ce82b2e9ed820ba", 1_543_334_727_215_550


def span(name="a", parent=None, **fields):
    given = {"traceId": TRACE, "id": name * 16, "name": "get", "timestamp": START, "duration": 1000}
    ancestry = {} if parent is None else {"parentId": parent * 16}
    return given | ancestry | {"localEndpoint": {"serviceName": "shop"}} | fields


def read(path: Path) -> Parsed:
    assert FORMAT.recognises(Head(path, path.read_bytes()[:65536]))
    (parsed,) = FORMAT.read(path, path.name)
    assert parsed.rows.schema == pl.Schema(SPANS)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    return parsed


def written(folder: Path, *values: object, indent: int | None = None) -> Parsed:
    path = folder / "zipkin.json"
    path.write_text(
        "\n".join(value if isinstance(value, str) else json.dumps(value, indent=indent) for value in values)
    )
    return read(path)


def one(folder: Path, **fields) -> dict:
    return written(folder, [span(**fields)]).rows.row(0, named=True)


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: [s], lambda s: [[part] for part in s]])
@pytest.mark.parametrize("indent", [None, 1])
def test_spans_traces_and_lists_of_traces(tmp_path, wrap, indent):
    rows = written(tmp_path, wrap([span("a"), span("b", "a")]), indent=indent).rows
    assert rows.select("span_id", "parent_id").rows() == [("a" * 16, None), ("b" * 16, "a" * 16)]


def test_one_span_per_line_and_a_bad_line_between(tmp_path):
    parsed = written(tmp_path, span("a"), "nonsense", [span("b"), 5], span("c"))
    assert parsed.rows["log_line"].to_list() == [1, 3, 4]
    assert parsed.rejected["line"].to_list() == [2, 3]


def test_the_two_halves_of_a_shared_span_are_one_message(tmp_path):
    halves = [
        span("a", kind="SERVER"),
        span("b", "a", kind="CLIENT", remoteEndpoint={"serviceName": "auth"}),
        span("b", "a", kind="SERVER", shared=True, localEndpoint={"serviceName": "auth"}, timestamp=START + 100),
        span("c", "b", kind="CLIENT", localEndpoint={"serviceName": "auth"}, remoteEndpoint={"serviceName": "db"}),
    ]
    found = messages(written(tmp_path, halves).rows).sort("message_id")
    ids = {name: f"{TRACE}:{name * 16}" for name in "abc"}
    assert found.select("message_id", "source", "target", "parent_id").rows() == [
        (ids["a"], "user", "shop", None),
        (ids["b"], "shop", "auth", ids["a"]),
        (ids["c"], "auth", "db", ids["b"]),
    ]


@pytest.mark.parametrize(
    ("tags", "status", "code", "text"),
    [
        ({"error": ""}, "failed", None, None),
        ({"error": "true"}, "failed", None, None),
        ({"error": "401"}, "failed", "401", None),
        ({"error": "refused"}, "failed", None, "refused"),
        ({"error": "404"}, "ok", "404", None),
        ({"error": "false"}, "ok", None, None),
        ({"http.status_code": "500"}, "failed", "500", None),
        ({"http.status_code": "200"}, "ok", None, None),
        ({}, None, None, None),
        (None, None, None, None),
    ],
)
def test_an_error_tag_is_an_error_whatever_it_says_but_a_lookup_that_found_nothing(tmp_path, tags, status, code, text):
    row = one(tmp_path, tags=tags)
    assert (row["status"], row["error_code"], row["error_text"]) == (status, code, text)


def test_lookups_that_found_nothing_are_counted(tmp_path):
    parsed = written(tmp_path, [span("a", tags={"error": "404"}), span("b", tags={"error": "404"})])
    assert parsed.warnings == ("lookups that found nothing (404), read as ok: 2",)


def test_spans_that_cannot_be_read_are_rejected_with_the_reason(tmp_path):
    v1 = {"traceId": TRACE, "id": "f" * 16, "annotations": [{"value": "cs", "timestamp": START}]}
    spans = [
        span("a"),
        span("b", timestamp=None),
        span("c", timestamp=2**63),
        span("d", kind="SIDEWAYS"),
        span("", kind="CLIENT"),
        span("e", tags=[1]),
        v1 | {"timestamp": START},
        v1 | {"annotations": [], "binaryAnnotations": [{"key": "lc", "value": "x"}]},
    ]
    parsed = written(tmp_path, spans, indent=1)
    assert parsed.rejected.select("line", "reason").rows() == [
        (2, "no_start"),
        (3, "start_out_of_range"),
        (4, "invalid_kind"),
        (5, "no_span_id"),
        (6, "wrong_type"),
        (7, "zipkin_v1_only_v2_is_read"),
        (8, "zipkin_v1_only_v2_is_read"),
    ]


def test_a_start_of_zero_and_a_missing_duration_are_no_faults(tmp_path):
    row = one(tmp_path, timestamp=0, duration=None)
    assert (row["start"].year, row["end"]) == (1970, None)


def test_ids_are_padded_and_a_trace_by_the_half_of_its_id_is_the_same_trace(tmp_path):
    whole = "463ac35c9f6413ad48485a3953bb6124"
    spans = [
        span("a", kind="CLIENT", traceId=whole.upper()),
        span("b", "a", kind="SERVER", traceId=whole[16:], localEndpoint={"serviceName": "erp"}),
        span(traceId="5c9f6413ad48485", id="b3953bb6124"),
    ]
    rows = written(tmp_path, spans).rows
    assert rows.row(2, named=True)["trace_id"] == "05c9f6413ad48485"
    assert rows.row(2, named=True)["span_id"] == "00000b3953bb6124"
    assert messages(rows).select("source", "target").rows() == [("shop", "erp"), ("shop", "shop")]


def test_the_other_side_is_the_remote_endpoint(tmp_path):
    remote = {"remoteEndpoint": {"serviceName": "kafka"}}
    assert one(tmp_path, kind="PRODUCER", **remote)["peer"] == "kafka"
    assert one(tmp_path, kind="CONSUMER", **remote)["peer"] == "kafka"
    assert one(tmp_path, kind="CLIENT", tags={"peer.service": "erp"})["peer"] == "erp"
    assert one(tmp_path, kind="CLIENT", remoteEndpoint={"ipv4": "10.0.0.1"})["peer"] == "10.0.0.1"
    assert one(tmp_path, kind="CLIENT", remoteEndpoint={"ipv6": "::7", "serviceName": ""})["peer"] == "::7"
    assert one(tmp_path, kind="SERVER", remoteEndpoint={"ipv4": "10.0.0.1"})["peer"] is None


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(fields=st.dictionaries(st.sampled_from([*span(), "tags", "kind"]), ANYTHING, max_size=3))
def test_whatever_stands_in_a_span_it_is_counted(tmp_path_factory, fields):
    parsed = written(tmp_path_factory.mktemp("any"), [span("b"), span("c") | fields])
    assert parsed.rows_in == 2
    assert parsed.rows.height >= 1


def real(name: str) -> Parsed:
    return read(shared_data("formats", "zipkin", name))


def test_no_real_span_is_lost_and_none_is_multiplied():
    counts = {}
    for path in sorted(shared_data("formats", "zipkin").glob("*.json")):
        rows = real(path.name).rows
        found = messages(rows)
        pairs = span_counts(rows)["pairs"]
        assert found.height == rows.height - pairs
        assert found["message_id"].n_unique() == found.height
        counts[path.name] = (rows.height, pairs)
    assert counts == {
        "ascend.json": (8, 2),
        "envoy.json": (1, 0),
        "messaging-kafka.json": (28, 3),
        "messaging.json": (4, 1),
        "simple-db-p6.json": (5, 0),
        "skew.json": (4, 1),
        "smartthings-oauth-authorization.json": (175, 41),
        "yelp.json": (16, 3),
    }


def test_a_real_broker_stands_between_two_services():
    found = messages(real("messaging.json").rows).sort("sent_at")
    assert found.select("source", "target", "kind").rows() == [
        ("user", "frontend", "request"),
        ("frontend", "backend", "queue"),
        ("backend", "backend", "internal"),
    ]


def test_clocks_that_disagree_are_counted_and_give_no_latency():
    counts = span_counts(real("skew.json").rows)
    assert (counts["skewed_pairs"], counts["pairs"]) == (1, 1)
