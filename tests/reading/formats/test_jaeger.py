"""Jaeger JSON: the UI form, Elasticsearch documents and the storage form say the same of a span."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data
from hypothesis import given
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.reading.account.parsed import Head, Parsed
from integrhealth.reading.formats import jaeger_dependencies, otlp
from integrhealth.reading.formats.jaeger import FORMAT
from integrhealth.reading.inner_frames import SPANS
from integrhealth.reading.spans.to_messages import messages

TRACE, OTHER = "4766f1209f70a5e2e55417fc296fd101", "0000000000000000000000000000abcd"
START = 1_700_000_000_123_456
NOON = datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)


def tag(key, value):
    return {"key": key, "type": "string", "value": value}


def span(name, parent=None, *, tags=(), **fields):
    given = {"traceID": TRACE, "spanID": name * 16, "operationName": "op", "startTime": START, "duration": 1000}
    references = [] if parent is None else [reference(parent)]
    told = [tag(key, value) for key, value in dict(tags).items()]
    return given | {"references": references, "tags": told, "processID": "p1", "logs": []} | fields


def reference(name, kind="CHILD_OF", trace=TRACE):
    return {"refType": kind, "traceID": trace, "spanID": name * 16}


def trace(*spans, **services):
    named = services or {"p1": "shop", "p2": "erp"}
    processes = {key: {"serviceName": service, "tags": []} for key, service in named.items()}
    return {"traceID": TRACE, "spans": list(spans), "processes": processes}


def read(path: Path) -> Parsed:
    assert FORMAT.recognises(Head(path, path.read_bytes()[:65536]))
    (parsed,) = FORMAT.read(path, path.name)
    assert parsed.rows.schema == pl.Schema(SPANS)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    return parsed


def written(folder: Path, *values: object, indent: int | None = None) -> Parsed:
    path = folder / "jaeger.json"
    path.write_text(
        "\n".join(value if isinstance(value, str) else json.dumps(value, indent=indent) for value in values)
    )
    return read(path)


def one(folder: Path, *args, **fields) -> dict:
    return written(folder, {"data": [trace(span("a", *args, **fields))]}).rows.row(0, named=True)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda t: {"data": [t], "total": 0},
        lambda t: {"data": t},
        lambda t: t,
        lambda t: [t],
        lambda t: {"hits": {"hits": [{"_source": s | {"process": {"serviceName": "shop"}}} for s in t["spans"]]}},
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_every_wrapping_reads_alike(tmp_path, wrap, indent):
    parsed = written(tmp_path, wrap(trace(span("a"), span("b", "a"))), indent=indent)
    assert parsed.rows.select("span_id", "parent_id", "service").rows() == [
        ("a" * 16, None, "shop"),
        ("b" * 16, "a" * 16, "shop"),
    ]


def test_several_documents_and_documents_per_line(tmp_path):
    two = [{"data": [trace(span("a"))]}, {"data": [trace(span("b"))]}]
    assert written(tmp_path, *two, indent=1).rows["log_line"].to_list() == [1, 2]
    flat = [span(name) | {"process": {"serviceName": "shop"}} for name in "abc"]
    lines = written(tmp_path, flat[0], "{broken", {"parent": "x", "child": "y"}, *flat[1:])
    assert lines.rows["log_line"].to_list() == [1, 4, 5]
    assert lines.rejected["line"].to_list() == [2, 3]


def test_a_process_names_the_service_in_its_own_trace_only(tmp_path):
    first, second = trace(span("a"), p1="shop"), trace(span("b"), span("c", processID="gone"), p1="erp")
    parsed = written(tmp_path, {"data": [first, second]})
    assert parsed.rows["service"].to_list() == ["shop", "erp", "unknown_service"]
    assert parsed.warnings == ("spans that name no service, read as 'unknown_service': 1",)


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ({"error": True}, "failed"),
        ({"error": "true"}, "failed"),
        ({"error": "upstream broke"}, "failed"),
        ({"error": False, "http.status_code": 200}, "ok"),
        ({"error": ""}, None),
        ({"http.status_code": 503}, "failed"),
        ({"http.status_code": "500"}, "failed"),
        ({"http.status_code": 404, "span.kind": "client"}, "ok"),
        ({"otel.status_code": "ERROR"}, "failed"),
        ({"otel.status_code": "OK"}, "ok"),
        ({"error": True, "http.status_code": 504}, "timeout"),
        ({}, None),
    ],
)
def test_errors_in_every_spelling(tmp_path, tags, status):
    assert one(tmp_path, tags=tags)["status"] == status


def test_the_error_says_what_the_last_error_log_says(tmp_path):
    logs = [
        {"fields": [tag("event", "cache miss"), tag("message", "no")]},
        {"fields": [tag("event", "error"), tag("message", "first")]},
        {"fields": [tag("event", "error"), tag("error.kind", "Null"), tag("message", "column is null")]},
        {"fields": []},
    ]
    row = one(tmp_path, tags={"error": True}, logs=logs)
    assert (row["error_code"], row["error_text"]) == ("Null", "column is null")
    assert one(tmp_path, tags={"error": "broke"})["error_text"] == "broke"


def test_references_child_of_first_and_only_inside_the_trace(tmp_path):
    apart = reference("f", trace=OTHER)
    spans = [
        span("b", references=[apart, reference("c", "FOLLOWS_FROM"), reference("a")]),
        span("c", references=[reference("a", "FOLLOWS_FROM")]),
        span("d", references=[apart]),
        span("e", references=None, parentSpanID="a" * 16),
        span("f", references=[], parentSpanID="0"),
    ]
    parsed = written(tmp_path, trace(*spans))
    assert parsed.rows.select("parent_id", "async_parent").rows() == [
        ("a" * 16, False),
        ("a" * 16, True),
        (None, False),
        ("a" * 16, False),
        (None, False),
    ]
    apart, after = f"{OTHER[16:]}:{'f' * 16}", f"{TRACE}:{'c' * 16}"
    assert parsed.rows["links"].to_list() == [[apart, after], [f"{TRACE}:{'a' * 16}"], [apart], None, None]
    assert parsed.warnings == ()


@pytest.mark.parametrize("kind", ["FOLLOWS_FROM", "CHILD_OF"])
def test_a_consumer_in_another_trace_is_led_back_to_its_producer(tmp_path, kind):
    sent = span("a", tags={"span.kind": "producer", "message_bus.destination": "bills"}, traceID=OTHER)
    received = span("b", tags={"span.kind": "consumer"}, processID="p2", references=[reference("a", kind, OTHER)])
    found = messages(written(tmp_path, trace(sent, received)).rows)
    assert found.select("source", "target", "kind", "trace_id").rows() == [("shop", "erp", "queue", TRACE)]


def test_what_follows_from_another_span_is_a_queue(tmp_path):
    spans = [span("a"), span("b", references=[reference("a", "FOLLOWS_FROM")], processID="p2")]
    found = messages(written(tmp_path, trace(*spans)).rows)
    assert found.select("source", "target", "kind").rows() == [("shop", "shop", "internal"), ("shop", "erp", "queue")]


def test_ids_regain_the_zeros_that_jaeger_drops_and_short_ones_stay(tmp_path):
    row = one(tmp_path, traceID="DF84e36b9e2ee3815d07f0867a5be1f", spanID="a0b1c2d3e4f506")
    assert (row["trace_id"], row["span_id"]) == ("0df84e36b9e2ee3815d07f0867a5be1f", "00a0b1c2d3e4f506")
    assert one(tmp_path, traceID="0" * 16 + "1" * 16)["trace_id"] == "1" * 16
    assert one(tmp_path, traceID="A", spanID="S1")["span_id"] == "S1"


@pytest.mark.parametrize(
    ("start", "duration", "seconds"),
    [
        (START, 1_500_000, 1.5),
        (str(START), "1500000", 1.5),
        ("2023-11-14T17:13:20.123456789-05:00", "5000ns", 5e-6),
        ("2023-11-14T22:13:20.123456Z", "1.5s", 1.5),
        ("2023-11-14T22:13:20.123456Z", "2ms", 0.002),
        (START, None, None),
        (START, "soon", None),
    ],
)
def test_times_and_durations_in_every_spelling(tmp_path, start, duration, seconds):
    row = one(tmp_path, startTime=start, duration=duration)
    assert row["start"] == NOON
    assert row["end"] == (None if seconds is None else NOON + timedelta(seconds=seconds))


def test_a_start_of_zero_is_a_time_and_none_is_not(tmp_path):
    spans = [span("a", startTime=0), span("b", startTime=None), span("c", startTime=-5), span("", startTime=0)]
    parsed = written(tmp_path, trace(*spans, "no span", span("e") | {"tags": 5}), indent=1)
    assert parsed.rows["start"].to_list() == [datetime(1970, 1, 1, tzinfo=UTC)]
    assert parsed.rejected.select("line", "reason").rows() == [
        (2, "no_start"),
        (3, "start_out_of_range"),
        (4, "no_span_id"),
        (5, "wrong_type"),
        (6, "wrong_type"),
    ]


def test_attributes_fill_their_columns_and_the_peer(tmp_path):
    told = {"span.kind": "CLIENT", "peer.service": "erp", "integrhealth.object_id": "0042", "amount": 2.5}
    row = one(tmp_path, tags=told)
    assert [row[name] for name in ("span_kind", "peer", "object_id", "amount")] == ["client", "erp", "0042", 2.5]


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(fields=st.dictionaries(st.sampled_from(sorted(span("a"))), ANYTHING, max_size=3), processes=ANYTHING)
def test_whatever_stands_in_a_document_every_span_is_counted(tmp_path_factory, fields, processes):
    odd = trace(span("a"), span("b") | fields) | {"processes": processes}
    parsed = written(tmp_path_factory.mktemp("any"), {"data": [trace(span("c")), odd]})
    assert parsed.rows_in == 3
    assert parsed.rows.height >= 2


def real(name: str) -> Parsed:
    return read(shared_data("formats", "jaeger", name))


def test_storage_form_and_ui_form_of_one_trace_read_alike():
    place = ["log_file", "log_line"]
    domain, ui = real("pair_domain_01.json").rows.drop(place), real("pair_ui_01.json").rows.drop(place)
    assert domain.equals(ui)
    assert domain["status"].to_list() == [None, "failed", None, None, None]
    assert domain["parent_id"].to_list() == [None, None, *["0000000000000002"] * 2, "0000000000000004"]


def test_the_elasticsearch_document():
    row = real("es_01.json").rows.row(0, named=True)
    assert (row["parent_id"], row["service"], row["status"]) == ("0000000000000003", "service-x", "failed")


def test_a_trace_converted_from_otlp_is_the_same_trace():
    (source,) = otlp.FORMAT.read(shared_data("formats", "otlp", "pair_otlp2jaeger-multi-in.json"), "x")
    columns = ["trace_id", "span_id", "parent_id", "service", "operation", "start", "span_kind"]
    there, here = source.rows.select(columns), real("pair_otlp2jaeger-multi-out.json").rows.select(columns)
    assert here.sort(columns).equals(there.sort(columns))


def test_the_answers_embedded_in_the_crisp_files():
    """CRISP counts an error without a failed child as self, with one as propagated, and a shielded one as stopped."""
    files = sorted(shared_data("formats", "jaeger").glob("crisp_errpat*.json"))
    assert files
    for path in files:
        rows = real(path.name).rows
        failed = rows.with_columns(failed=(pl.col("status") == "failed").fill_null(False))
        below = failed.filter("failed").select(span_id="parent_id").unique().with_columns(child_failed=True)
        judged = failed.join(below, on="span_id", how="left").with_columns(pl.col("child_failed").fill_null(False))
        counted = judged.select(
            own=(pl.col("failed") & ~pl.col("child_failed")).sum(),
            passed=(pl.col("failed") & pl.col("child_failed")).sum(),
            stopped=(~pl.col("failed") & pl.col("child_failed")).sum(),
        ).row(0)
        told = json.loads(path.read_text())["testing"]["errCounts"].values()
        assert counted == tuple(sum(counts) for counts in zip(*told, strict=True)), path.name
        inclusive = (rows["end"] - rows["start"]).dt.total_microseconds()
        assert rows["start"].min() == datetime(1970, 1, 1, tzinfo=UTC)
        assert inclusive.max() == 100


def test_every_real_file_keeps_its_spans():
    counts = {path.name: real(path.name).rows.height for path in shared_data("formats", "jaeger").glob("[!d]*.json")}
    assert counts["selftime_spansAmongEachOther.json"] == 12
    assert counts["ui_flamegraph_testTrace.json"] == 4
    assert min(counts.values()) == 1


def test_dependencies_are_no_trace():
    path = shared_data("formats", "jaeger", "dependencies_small.json")
    assert not FORMAT.recognises(Head(path, path.read_bytes()))


def edge(parent="shop", child="erp", count=3, **more):
    return {"parent": parent, "child": child, "callCount": count} | more


def graph(path: Path) -> Parsed:
    assert jaeger_dependencies.FORMAT.recognises(Head(path, path.read_bytes()[:65536]))
    (parsed,) = jaeger_dependencies.FORMAT.read(path, path.name)
    assert parsed.rows.schema == pl.Schema(ih.Evidence().dependencies.schema)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    return parsed


def test_the_real_dependency_graph_keeps_every_edge_and_count():
    path = shared_data("formats", "jaeger", "dependencies_small.json")
    told = [(one["parent"], one["child"], None, one["callCount"]) for one in json.loads(path.read_text())]
    assert graph(path).rows.select("source", "target", "kind", "calls").rows() == told
    evidence = ih.read(path)
    assert evidence.dependencies.select("source", "target", "kind", "calls").rows() == told
    assert evidence.sources.rows() == [(path.name, "jaeger_dependencies", "dependencies", 7, 7, 0, 0, 7, 0)]


@pytest.mark.parametrize(
    "wrap", [lambda e: {"data": e, "total": 0, "errors": None}, lambda e: {"data": e}, lambda e: e]
)
@pytest.mark.parametrize("indent", [None, 1])
def test_every_edge_is_a_row_or_rejected_with_its_reason(tmp_path, wrap, indent):
    good = [edge(), edge("shop {eu}", "shop {eu}", 0), edge("a", "b", None), edge("a", "b", "12", source="zipkin")]
    faults = {
        "no_source": [edge(""), {"child": "erp", "callCount": 1}],
        "no_target": [edge(child=None)],
        "bad_number:calls": [edge(count=count) for count in (-1, 1.5, True, "many", 2**64)],
        "wrong_type": ["shop", None, edge(["shop"])],
    }
    bad = [(reason, each) for reason, several in faults.items() for each in several]
    path = tmp_path / "dependencies.json"
    path.write_text(json.dumps(wrap([each for _, each in bad] + good), indent=indent))
    parsed = graph(path)
    assert parsed.rows.select("source", "target", "calls").rows() == [
        ("shop", "erp", 3),
        ("shop {eu}", "shop {eu}", 0),
        ("a", "b", None),
        ("a", "b", 12),
    ]
    assert sorted(parsed.rejected["reason"]) == sorted(reason for reason, _ in bad)
    if indent:
        assert parsed.rejected.select("line", "reason").rows() == [(n, reason) for n, (reason, _) in enumerate(bad, 1)]
        assert parsed.rows["log_line"].to_list() == [len(bad) + n for n in range(1, 5)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"parent": "a", "child": "b"}]),
        json.dumps([{"message_id": "m", "seen": edge()}]),
        json.dumps({"data": [trace(span("a"))], "note": "callCount"}),
        json.dumps({"data": [{"tags": [edge()]}]}),
        json.dumps(edge()) + "\n" + json.dumps(edge()),
        '"parent","child","callCount"\na,b,1\n',
        "",
    ],
)
def test_what_only_resembles_a_dependency_graph_is_none(tmp_path, text):
    assert not jaeger_dependencies.FORMAT.recognises(Head(tmp_path / "x.json", text.encode()))


@given(edges=st.lists(ANYTHING | st.fixed_dictionaries({"parent": ANYTHING, "child": ANYTHING, "callCount": ANYTHING})))
def test_whatever_stands_in_a_dependency_graph_every_edge_is_counted(tmp_path_factory, edges):
    path = tmp_path_factory.mktemp("any") / "dependencies.json"
    path.write_text(json.dumps({"data": [edge(), *edges]}))
    assert graph(path).rows_in == 1 + len(edges)
