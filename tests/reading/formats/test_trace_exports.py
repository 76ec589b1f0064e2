"""Traces as SkyWalking, X-Ray, the Python console and Java's logging exporter write them; metrics of OTLP 0.7."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head, Parsed
from integrhealth.reading.formats import FORMATS, console_spans, otlp, skywalking, xray
from integrhealth.reading.inner_frames import SPANS
from integrhealth.reading.spans.to_messages import messages

CASES = {
    "B07/spans.jsonl": ("otlp", 2, [("svc-a", "svc-b", "failed", "GET /hello")]),
    "B08/spans.log": ("console_spans", 2, [("svc-a", "svc-b", "failed", "GET /hello")]),
    "B11/trace.json": ("skywalking", 2, [("shop", "10.0.0.1", "failed", "/a/b/c"), ("user", "shop", "ok", "/a/b/c")]),
    "B19/traces.json": (
        "xray",
        3,
        [
            ("sqs-handler", "DynamoDB", "failed", "DynamoDB"),
            ("sqs-handler", "sqs-handler", "failed", "sqs-handler"),
            ("user", "sqs-handler", "ok", "sqs-handler"),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_each_writes_is_known_by_its_content_and_read(name, tmp_path):
    format, spans, expected = CASES[name]
    path = shared_data("cases", *name.split("/"))
    for copy in (path, tmp_path / "anything.gz"):
        if copy != path:
            copy.write_bytes(gzip.compress(path.read_bytes()))
        evidence = ih.read(copy)
        account = evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected").rows()
        assert account == [(format, spans, spans, 0)]
        assert sorted(evidence.messages.select("source", "target", "status", "operation").rows()) == expected


@pytest.mark.parametrize("name", CASES)
def test_no_other_format_takes_them(name):
    path = shared_data("cases", *name.split("/"))
    head = Head(path, path.read_bytes())
    assert [each.name for each in FORMATS if each.recognises(head)] == [CASES[name][0]]


def test_files_of_neighbours_are_left_to_them():
    ours = (skywalking.FORMAT, xray.FORMAT, console_spans.FORMAT)
    folders = [shared_data("formats", name) for name in ("otlp", "jaeger", "zipkin")]
    heads = [Head(path, path.read_bytes()[:65536]) for folder in folders for path in folder.iterdir()]
    assert len(heads) > 20
    assert not [head.path.name for head in heads for each in ours if each.recognises(head)]


def read(format, path: Path) -> Parsed:
    assert format.recognises(Head(path, path.read_bytes()[:65536]))
    (parsed,) = format.read(path, path.name)
    assert parsed.rows.schema == pl.Schema(SPANS)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    return parsed


def written(format, folder: Path, *parts: object, indent: int | None = None) -> Parsed:
    path = folder / "any"
    path.write_text("\n".join(part if isinstance(part, str) else json.dumps(part, indent=indent) for part in parts))
    return read(format, path)


# SkyWalking


def entered(number=0, parent=-1, *, segment="s1", kind="Entry", **fields):
    given = {"traceId": "t", "segmentId": segment, "spanId": number, "parentSpanId": parent, "refs": []}
    given |= {"serviceCode": "shop", "startTime": 1_594_177_138_929, "endTime": 1_594_177_138_939, "type": kind}
    return (
        given | {"endpointName": "/a", "peer": "", "isError": False, "layer": "Http", "tags": [], "logs": []} | fields
    )


def reference(segment, number, trace="t"):
    return {"traceId": trace, "parentSegmentId": segment, "parentSpanId": number, "type": "CROSS_PROCESS"}


@pytest.mark.parametrize(
    "wrap", [lambda trace: {"data": {"queryTrace": trace}}, lambda trace: [trace], lambda trace: {"x": {"y": [trace]}}]
)
def test_segments_of_skywalking_refer_to_the_spans_that_called_them(tmp_path, wrap):
    called = entered(segment="s2", serviceCode="stock", refs=[reference("s1", 1)])
    asks = entered(1, 0, kind="Exit", peer="stock:8080")
    found = messages(written(skywalking.FORMAT, tmp_path, wrap({"spans": [entered(), asks, called]})).rows)
    assert found.select("message_id", "parent_id", "source", "target").sort("message_id").rows() == [
        ("t:s1-0", None, "user", "shop"),
        ("t:s2-0", "t:s1-0", "shop", "stock"),
    ]


def test_a_batch_of_skywalking_has_every_producer_and_its_topic(tmp_path):
    topic = [{"key": "mq.topic", "value": "bills"}, {"key": "mq.broker", "value": "k:9092"}]
    sent = [
        entered(segment=f"p{n}", traceId=f"t{n}", kind="Exit", layer="MQ", peer="k:9092,l:9092", tags=topic)
        for n in range(3)
    ]
    refs = [reference("p0", 0, "t0"), reference("p1", 0, "t1")]
    log = {"time": 1, "data": [{"key": "event", "value": "error"}, {"key": "message", "value": "no such bill"}]}
    taken = entered(segment="c", serviceCode="billing", layer="MQ", refs=refs, isError=True, logs=[log], tags=topic)
    found = messages(written(skywalking.FORMAT, tmp_path, {"spans": [*sent, taken]}).rows)
    assert found.select("source", "target", "kind", "status", "error_text").sort("target", "status").rows() == [
        ("shop", "billing", "queue", "failed", "no such bill"),
        ("shop", "billing", "queue", "failed", "no such bill"),
        ("shop", "bills", "queue", "ok", None),
    ]


def test_odd_spans_of_skywalking_cost_themselves(tmp_path):
    odd = [5, None, entered(segment=None), entered(startTime=None), entered(startTime="x"), entered(tags="x", refs=5)]
    running = entered(9, endTime=0, isError=None, type=None, serviceCode="")
    parsed = written(skywalking.FORMAT, tmp_path, {"spans": [*odd, running, entered(2)]})
    assert (parsed.rows.height, parsed.rejected.height) == (3, 5)
    assert parsed.rows.select("end", "status", "span_kind", "service").rows()[1] == (
        None,
        None,
        None,
        "unknown_service",
    )


# X-Ray

TRACE = "1-61dc455f-6ea9978529a7aed4065a86cf"


def segment(id="3fee87845621506a", **fields):
    given = {"id": id, "name": "shop", "trace_id": TRACE, "start_time": 1641825631.034, "end_time": 1641825631.5}
    return given | fields


def answer(*segments):
    documents = [{"Id": each["id"], "Document": json.dumps(each)} for each in segments]
    return {"Traces": [{"Id": TRACE, "Segments": documents}], "UnprocessedTraceIds": []}


CALL = {"id": "a" * 16, "name": "stock.example.com", "start_time": 1641825631.1, "namespace": "remote"}
SHAPES = {
    "answer": lambda segments: [answer(*segments)],
    "lines": lambda segments: segments,
    "list": lambda segments: [segments],
    "daemon": lambda segments: [part for each in segments for part in ({"format": "json", "version": 1}, each)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_segments_of_xray_with_what_is_nested_in_them(tmp_path, shape):
    inner = CALL | {"end_time": 1641825631.4, "http": {"response": {"status": 503}}, "fault": True}
    local = {"id": "b" * 16, "name": "work", "start_time": 1641825631.05, "subsegments": [inner]}
    first = segment(fault=True, subsegments=[local], annotations={"business.object_id": "7"})
    second = segment("c" * 16, name="stock", parent_id="a" * 16, fault=True)
    parsed = written(xray.FORMAT, tmp_path, *SHAPES[shape]([first, second]))
    assert parsed.rejected.height == 0
    found = messages(parsed.rows).sort("sent_at")
    assert found.select("source", "target", "kind", "status", "error_code", "object_id").rows() == [
        ("user", "shop", "request", "failed", None, "7"),
        ("shop", "shop", "internal", "ok", None, None),
        ("shop", "stock", "request", "failed", "503", None),
    ]
    assert found["parent_id"].to_list() == [None, f"{TRACE}:3fee87845621506a", f"{TRACE}:{'b' * 16}"]


@pytest.mark.parametrize(
    ("marks", "status", "code"),
    [
        ({}, "ok", None),
        ({"error": True, "http": {"response": {"status": 404}}}, "rejected", "404"),
        ({"throttle": True, "error": True}, "rejected", None),
        ({"fault": True, "error": True}, "failed", None),
        ({"fault": True, "http": {"response": {"status": 504}}}, "timeout", "504"),
        ({"in_progress": True, "end_time": None}, "pending", None),
        ({"fault": True, "cause": {"exceptions": [{"type": "Boom", "message": "bad"}]}}, "failed", "Boom"),
        ({"fault": True, "cause": "e" * 16}, "failed", None),
    ],
)
def test_the_marks_of_xray_are_outcomes(tmp_path, marks, status, code):
    row = written(xray.FORMAT, tmp_path, segment(**marks)).rows.row(0, named=True)
    assert (row["status"], row["error_code"]) == (status, code)


def test_a_function_that_took_messages_of_other_traces_is_linked_to_who_sent_them(tmp_path):
    other = "1-61dc455f-" + "b" * 24
    sends = [
        segment(
            f"{n}" * 16, trace_id=f"{other[:-1]}{n}", subsegments=[CALL | {"id": f"{n}" * 15 + "f", "namespace": "aws"}]
        )
        for n in (1, 2)
    ]
    links = [{"trace_id": f"{other[:-1]}{n}", "id": f"{n}" * 15 + "f"} for n in (1, 2)]
    found = messages(written(xray.FORMAT, tmp_path, *sends, segment(name="biller", links=links)).rows)
    assert found.filter(pl.col("target") == "biller").select("source", "kind").rows() == [("shop", "queue")] * 2


def test_odd_segments_cost_themselves(tmp_path):
    broken = {
        "Traces": [{"Segments": [{"Id": "x", "Document": "{"}, {"Id": "y", "Document": json.dumps(segment("1" * 16))}]}]
    }
    odd = [segment(id=None), segment(start_time=None), segment(start_time="noon"), segment(subsegments=[5]), {"x": 1}]
    parsed = written(xray.FORMAT, tmp_path, broken, *odd, "garbage", segment())
    assert (parsed.rows.height, parsed.rejected.height) == (3, 7)


# The console of Python


def printed(span_id="00f067aa0ba902b8", **fields):
    context = {"trace_id": "0x4bf92f3577b34da6a3ce929d0e0e4736", "span_id": f"0x{span_id}", "trace_state": "[]"}
    given = {"name": "GET", "context": context, "kind": "SpanKind.SERVER", "parent_id": None}
    given |= {"start_time": "2024-07-03T09:46:40.005000Z", "end_time": "2024-07-03T09:46:40.080000Z"}
    given |= {"status": {"status_code": "UNSET"}, "attributes": {}, "events": [], "links": []}
    return given | {"resource": {"attributes": {"service.name": "shop"}, "schema_url": ""}} | fields


@pytest.mark.parametrize("indent", [4, None])
def test_spans_stand_between_what_else_a_program_prints(tmp_path, indent):
    cut = json.dumps(printed(), indent=4).splitlines()[:7]
    whole = [printed(f"{number:016x}") for number in (1, 2, 3)]
    text = [" * Serving Flask app 'shop'", whole[0], "127.0.0.1 - GET /", *cut, whole[1], "", whole[2]]
    parsed = written(console_spans.FORMAT, tmp_path, *text, indent=indent)
    assert parsed.rows["span_id"].to_list() == [f"{number:016x}" for number in (1, 2, 3)]
    assert parsed.rejected["line"].to_list()[0] == 1
    assert parsed.rejected.height == 3


def test_all_that_a_printed_span_says_is_read(tmp_path):
    thrown = {"exception.type": "ValueError", "exception.message": "no stock"}
    events = [{"name": "exception", "timestamp": "2024-07-03T09:46:40.05Z", "attributes": thrown}]
    link = {"context": {"trace_id": "0x" + "f" * 32, "span_id": "0x" + "e" * 16}, "attributes": {}}
    attributes = {"http.status_code": 500, "business.load_test": True, "list": ["a"], "peer.service": "web"}
    status = {"status_code": "ERROR", "description": "ValueError: no stock"}
    full = printed(events=events, links=[link], attributes=attributes, status=status, parent_id="0x" + "1" * 16)
    row = written(console_spans.FORMAT, tmp_path, full, indent=4).rows.row(0, named=True)
    assert (row["status"], row["error_code"], row["error_text"]) == ("failed", "ValueError", "ValueError: no stock")
    assert (row["load_test"], row["peer"], row["links"]) == (True, "web", [f"{'f' * 32}:{'e' * 16}"])
    assert (row["parent_id"], row["span_kind"], str(row["start"])) == (
        "1" * 16,
        "server",
        "2024-07-03 09:46:40.005000+00:00",
    )
    old = written(console_spans.FORMAT, tmp_path, printed(resource={"service.name": "erp"})).rows
    assert old["service"].to_list() == ["erp"]


def test_odd_printed_spans_cost_themselves(tmp_path):
    odd = [printed(start_time=None), printed(start_time="noon"), printed(attributes=[1], resource=None), {"name": "x"}]
    parsed = written(
        console_spans.FORMAT, tmp_path, *odd, printed(kind="SpanKind.ODD"), printed("1" * 16, end_time=None)
    )
    assert (parsed.rows.height, parsed.rejected.height) == (2, 4)


# Java's logging exporter

EXPORTER = "io.opentelemetry.exporter.logging.otlp.OtlpJsonLoggingSpanExporter"


def in_one_resource(span_id, name="scopeSpans"):
    span = {
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": span_id,
        "startTimeUnixNano": "1720000000000000000",
    }
    named = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    return {"resource": {"attributes": named}, name: [{"scope": {}, "spans": [span]}]}


@pytest.mark.parametrize(
    "before",
    [
        "",
        f"Jul 03, 2024 9:46:40 AM {EXPORTER} export\nINFO: ",
        f"2024-07-03 09:46:40,000 INFO [main] {EXPORTER} - ",
        f"[otel.javaagent 2024-07-03 09:46:40:000 +0000] [main] INFO {EXPORTER} - ",
    ],
)
def test_resources_by_themselves_with_what_a_logger_writes_before_them(tmp_path, before):
    lines = [before + json.dumps(in_one_resource(f"{number:016x}")) for number in (1, 2)]
    parsed = written(otlp.FORMAT, tmp_path, *lines, "something else")
    assert parsed.rows["span_id"].to_list() == [f"{number:016x}" for number in (1, 2)]
    assert parsed.rejected["raw"].to_list() == ["something else"]


def test_logs_and_metrics_of_a_resource_by_itself(tmp_path):
    shared = in_one_resource("1" * 16)
    at = "1720000000000000000"
    log = {
        "resource": shared["resource"],
        "scopeLogs": [{"logRecords": [{"timeUnixNano": at, "body": {"stringValue": "x"}}]}],
    }
    points = [{"timeUnixNano": at, "asInt": "7"}]
    metric = {"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": points}}]}]}
    path = tmp_path / "any.log"
    path.write_text(
        "\n".join(f"INFO: {json.dumps(each)}" for each in (shared, log, metric | {"resource": shared["resource"]}))
    )
    evidence = ih.read(path)
    assert (evidence.messages.height, evidence.logs.height, evidence.metrics.height) == (1, 1, 1)
    assert evidence.sources["rows_in"].to_list() == [1, 1, 1]
    assert evidence.rejected.height == 0


# OTLP before version 1


def test_metric_streams_of_cloudwatch_say_the_same_in_the_old_words():
    folder = shared_data("formats_more", "cloudwatch_metric_stream")
    old, new = (ih.read(folder / f"cw-metric-stream-{name}.json") for name in ("source", "expect"))
    columns = ["time", "system", "metric", "statistic", "unit", "value"]
    assert old.metrics.height == 36
    assert old.metrics.select(columns).equals(new.metrics.select(columns))
    assert old.sources.select("rows_in", "rows_out").rows() == [(9, 9)]


@pytest.mark.parametrize(
    ("name", "data", "point", "expected"),
    [
        ("intGauge", {}, {"value": "7"}, [(None, 7.0)]),
        ("doubleGauge", {}, {}, [(None, 0.0)]),
        ("intSum", {"isMonotonic": True, "aggregationTemporality": 2}, {"value": "7"}, [("cumulative", 7.0)]),
        ("doubleSum", {"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA"}, {"value": 0.5}, [("delta", 0.5)]),
        (
            "intHistogram",
            {},
            {"count": "3", "sum": "9", "explicitBounds": [5], "bucketCounts": ["1", "2"]},
            [("count", 3.0), ("sum", 9.0), ("bucket le=5", 1.0), ("bucket le=+Inf", 3.0)],
        ),
    ],
)
def test_old_kinds_of_metrics(tmp_path, name, data, point, expected):
    points = [{"timeUnixNano": "1679195520000000000", "labels": [{"key": "a", "value": "b"}, 5, {"key": 1}]} | point]
    metric = {"name": "m", name: data | {"dataPoints": points}}
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"resourceMetrics": [{"instrumentationLibraryMetrics": [{"metrics": [metric]}]}]}))
    found = ih.read(path).metrics
    assert found.select("statistic", "value").rows() == expected
    assert found["metric"].unique().to_list() == ['m{a="b"}']
