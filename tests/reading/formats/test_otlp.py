"""OTLP JSON: every spelling of the same span reads alike, and what is no span is rejected with its place."""

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.reading.account.parsed import Head, Parsed
from integrhealth.reading.formats.otlp import FORMAT
from integrhealth.reading.inner_frames import SPANS
from integrhealth.reading.spans.to_messages import messages

START = 1_700_000_000_123_456_789
TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173"


def attribute(key, value):
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(value), "stringValue")
    return {"key": key, "value": {kind: str(value) if kind == "intValue" else value}}


def span(attributes=(), **fields):
    given = {"traceId": TRACE, "spanId": SPAN, "name": "place order", "kind": 3, "startTimeUnixNano": str(START)}
    told = [attribute(key, value) for key, value in dict(attributes).items()]
    return given | {"endTimeUnixNano": str(START + 10**9), "attributes": told} | fields


def document(*spans, service="shop"):
    resource = {"attributes": [attribute("service.name", service)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def read(path: Path) -> Parsed:
    (parsed,) = FORMAT.read(path, path.name)
    assert parsed.frame == "spans"
    assert parsed.rows.schema == pl.Schema(SPANS)
    assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
    return parsed


def written(folder: Path, *texts: object, name: str = "traces.jsonl") -> Parsed:
    path = folder / name
    path.write_text("\n".join(text if isinstance(text, str) else json.dumps(text) for text in texts) + "\n")
    return read(path)


def one(folder: Path, *args, **fields) -> dict:
    return written(folder, document(span(*args, **fields))).rows.row(0, named=True)


def reasons(parsed: Parsed) -> list[tuple]:
    return parsed.rejected.select("line", "reason").rows()


def recognised(path: Path) -> bool:
    return FORMAT.recognises(Head(path, path.read_bytes()[:65536]))


def test_a_span_fills_its_columns(tmp_path):
    row = one(
        tmp_path,
        {
            "peer.service": "erp",
            "http.request.resend_count": 2,
            "http.request.body.size": 512,
            "integrhealth.object_type": "order",
            "business.object_id": "0042",
            "integrhealth.amount": 12.5,
            "currency": "EUR",
            "integrhealth.fallback": True,
            "load_test": "false",
            "enduser.id": "ann",
        },
        parentSpanId=PARENT.upper(),
        traceId=TRACE.upper(),
    )
    expected = {
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_id": PARENT,
        "service": "shop",
        "peer": "erp",
        "span_kind": "client",
        "operation": "place order",
        "start": datetime(2023, 11, 14, 22, 13, 20, 123456, UTC),
        "end": datetime(2023, 11, 14, 22, 13, 21, 123456, UTC),
        "status": None,
        "attempt": 3,
        "bytes": 512,
        "object_type": "order",
        "object_id": "0042",
        "amount": 12.5,
        "currency": "EUR",
        "fallback": True,
        "load_test": False,
        "actor": "ann",
        "async_parent": False,
        "log_file": "traces.jsonl",
        "log_line": 1,
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    "wrap",
    [
        lambda d: d,
        lambda d: {"batches": d["resourceSpans"]},
        lambda d: {"result": d},
        lambda d: {"trace": {"batches": d["resourceSpans"]}},
        lambda d: [d],
        lambda d: [[d]],
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_every_wrapping_reads_alike(tmp_path, wrap, indent):
    path = tmp_path / "traces.json"
    path.write_text(json.dumps(wrap(document(span(), span(spanId="1" * 16))), indent=indent))
    parsed = read(path)
    assert parsed.rows["span_id"].to_list() == [SPAN, "1" * 16]
    assert recognised(path)


def test_spans_of_a_document_are_numbered_and_those_of_lines_name_their_line(tmp_path):
    both = [document(span(), span(spanId="1" * 16)), document(span(spanId="2" * 16))]
    (tmp_path / "pretty.json").write_text("\n".join(json.dumps(part, indent=1) for part in both))
    assert read(tmp_path / "pretty.json").rows["log_line"].to_list() == [1, 2, 3]
    assert written(tmp_path, "", *both, "").rows["log_line"].to_list() == [2, 2, 3]


def test_the_name_that_scopes_had_before_2022(tmp_path):
    old = document(span())
    old["resourceSpans"][0]["instrumentationLibrarySpans"] = old["resourceSpans"][0].pop("scopeSpans")
    new = document(span(spanId="1" * 16))
    assert written(tmp_path, old, new).rows["span_id"].to_list() == [SPAN, "1" * 16]


@pytest.mark.parametrize(
    ("trace", "identifier"),
    [
        ("W47/95gDgQPSabYzgT/GDA==", "7uGbfsPBsXQ="),
        ("W47_95gDgQPSabYzgT_GDA", "7uGbfsPBsXQ"),
        (TRACE.upper(), SPAN.upper()),
    ],
)
def test_the_length_of_an_id_tells_base64_from_hex(tmp_path, trace, identifier):
    row = one(tmp_path, traceId=trace, spanId=identifier)
    assert (row["trace_id"], row["span_id"]) == (TRACE, SPAN)


@pytest.mark.parametrize("kind", [3, "3", "SPAN_KIND_CLIENT", "span_kind_client", 0, "SPAN_KIND_UNSPECIFIED", None])
def test_kinds_in_every_spelling(tmp_path, kind):
    says_nothing = kind in (0, "SPAN_KIND_UNSPECIFIED", None)
    assert one(tmp_path, kind=kind)["span_kind"] == (None if says_nothing else "client")


@pytest.mark.parametrize("code", [2, "2", "STATUS_CODE_ERROR"])
def test_an_error_in_every_spelling_with_its_innermost_text(tmp_path, code):
    thrown = [attribute("exception.type", "NotNull"), attribute("exception.message", "column is null")]
    earlier = {"name": "exception", "attributes": [attribute("exception.message", "first try")]}
    events = [earlier, {"name": "exception", "attributes": thrown}, {"name": "retry"}]
    row = one(tmp_path, status={"code": code}, events=events)
    assert (row["status"], row["error_code"], row["error_text"]) == ("failed", "NotNull", "column is null")
    assert one(tmp_path, status={"code": code, "message": "said"}, events=events)["error_text"] == "said"


@pytest.mark.parametrize(
    ("kind", "attributes", "code", "status"),
    [
        (2, {"http.status_code": 500}, 0, "failed"),
        (2, {"http.response.status_code": 200}, 0, "ok"),
        (2, {"http.response.status_code": "404"}, 0, "ok"),
        (2, {"http.response.status_code": 422}, 0, "ok"),
        (3, {"http.response.status_code": 422}, 0, "failed"),
        (3, {"http.response.status_code": 404}, 0, "ok"),
        (3, {"http.response.status_code": 404}, 2, "failed"),
        (3, {"http.response.status_code": 503}, 1, "ok"),
        (3, {"http.response.status_code": 504}, 0, "timeout"),
        (3, {"rpc.grpc.status_code": 7}, 0, "failed"),
        (2, {"rpc.grpc.status_code": 7}, 0, "ok"),
        (2, {"rpc.grpc.status_code": 14}, 0, "failed"),
        (3, {"rpc.response.status_code": "DEADLINE_EXCEEDED"}, 0, "timeout"),
        (3, {"rpc.grpc.status_code": 0}, 0, "ok"),
        (3, {"error.type": "java.net.SocketTimeoutException"}, 2, "timeout"),
        (3, {"integrhealth.status": "held"}, 2, "held"),
        (3, {}, 0, None),
        (3, {}, 1, "ok"),
        (3, {}, 9, "unknown"),
    ],
)
def test_status_comes_from_the_span_else_from_its_codes(tmp_path, kind, attributes, code, status):
    assert one(tmp_path, attributes, kind=kind, status={"code": code})["status"] == status


@pytest.mark.parametrize(
    ("attributes", "peer"),
    [
        ({"server.address": "10.0.0.1", "peer.service": "erp", "db.name": "orders"}, "erp"),
        ({"db.system": "postgresql", "db.name": "orders"}, "orders"),
        ({"messaging.destination.name": "", "server.address": "broker"}, "broker"),
        ({"messaging.destination": "jobs", "net.peer.name": "host"}, "jobs"),
        ({"net.peer.name": "host"}, "host"),
        ({}, None),
    ],
)
def test_a_sender_names_its_peer_by_the_first_that_is_there(tmp_path, attributes, peer):
    assert one(tmp_path, attributes)["peer"] == peer


def test_a_receiver_is_not_its_own_peer(tmp_path):
    assert one(tmp_path, {"server.address": "me", "db.system": "x"}, kind=2)["peer"] is None


def test_times_keep_every_digit_whether_text_or_number(tmp_path):
    number = 1601839169774235400
    row = one(tmp_path, startTimeUnixNano=number, endTimeUnixNano=number + 2000)
    assert (row["end"] - row["start"]).microseconds == 2
    assert row["start"] == datetime(2020, 10, 4, 19, 19, 29, 774235, UTC)


def test_odd_ends_leave_the_span(tmp_path):
    ends = [span(endTimeUnixNano=end) for end in ("0", str(START - 5000), "99999999999999999999", None)]
    parsed = written(tmp_path, document(*ends, span(startTimeUnixNano="0", endTimeUnixNano="0")))
    gone = [row["end"] is None for row in parsed.rows.iter_rows(named=True)]
    assert gone == [True, False, True, True, False]
    assert parsed.rows["end"][1] < parsed.rows["start"][1]
    assert parsed.rows["start"][4] == datetime(1970, 1, 1, tzinfo=UTC)
    assert parsed.warnings == ("spans with an invalid end time, which is left out: 1",)


def test_links_serve_where_there_is_no_parent(tmp_path):
    elsewhere, here = {"traceId": "f" * 32, "spanId": PARENT}, {"traceId": TRACE, "spanId": PARENT}
    spans = [span(links=[elsewhere, here], kind=5), span(links=[here], parentSpanId="1" * 16), span(links=[elsewhere])]
    rows = written(tmp_path, document(*spans)).rows
    assert rows.select("parent_id", "async_parent").rows() == [(PARENT, True), ("1" * 16, False), (None, False)]
    told, other = f"{TRACE}:{PARENT}", f"{'f' * 32}:{PARENT}"
    assert rows["links"].to_list() == [[other, told], [told], [other]]


def test_a_real_shape_of_a_consumer_in_a_trace_of_its_own():
    parsed = read(shared_data("cases", "D5", "trace.json"))
    found = messages(parsed.rows).select("source", "target", "kind", "status", "operation").rows()
    assert found == [("orders", "billing", "queue", "failed", "process invoices")]


def test_no_call_of_a_client_is_an_error_of_its_own():
    found = messages(read(shared_data("cases", "D13", "trace.json")).rows)
    assert found["kind"].unique().to_list() == ["request"]
    host = "pay.example.com"
    assert found["target"].to_list() == [host, host, host, "10.0.0.7", "unknown (asked by orders)", "S3", "fn1"]


def test_what_is_no_span_is_rejected_with_its_line_and_reason(tmp_path):
    good = document(span())
    lines = [
        good,
        "garbage",
        '{"resourceSpans": [',
        {"invalid": "not otlp"},
        {"resourceLogs": []},
        [1, 2],
        "42",
        document(span(startTimeUnixNano=None)),
        document(span(startTimeUnixNano="18446744073709551615")),
        document(span(startTimeUnixNano="-1")),
        document(span(startTimeUnixNano="noon")),
        document(span(spanId="")),
        document(span(spanId="0" * 16)),
        document(span(traceId="zzz", spanId="xyz")),
        document(span(kind="SPAN_KIND_WRONG")),
        document(span() | {"attributes": "none"}, span(spanId="1" * 16)),
        {"resourceSpans": "none"},
        document(None),
        '{"resourceSpans":[{"a":1e999}]}',
        "[" * 100_000,
        '{"resourceSpans":' * 2000,
        document(span(spanId="2" * 16)),
    ]
    parsed = written(tmp_path, *lines)
    assert parsed.rows["log_line"].to_list() == [1, 16, 22]
    told = reasons(parsed)
    assert [line for line, _ in told if line != 19] == [2, 3, 4, *range(6, 19), 20, 21]
    assert dict(told)[4] == "no OTLP: no resourceSpans"
    named = [reason.split(":")[0] for line, reason in told if line in range(8, 19)]
    faults = [*["start_out_of_range"] * 3, *["no_span_id"] * 2, "invalid_id", "invalid_kind"]
    assert named == ["no_start", *faults, "wrong_type", "wrong type", "wrong_type"]
    assert parsed.rejected["raw"].str.len_chars().max() <= 200
    assert parsed.rejected["raw"][0] == "garbage"


def test_two_broken_lines_that_join_to_one_value_are_both_rejected(tmp_path):
    parsed = written(tmp_path, '{"resourceSpans":[{}', "{}]}", document(span()), "", name="traces.jsonl")
    assert [line for line, _ in reasons(parsed)] == [1, 2]
    assert parsed.rows["log_line"].to_list() == [3]


def test_a_document_cut_short_is_one_rejected_record_and_its_predecessors_stay(tmp_path):
    text = json.dumps(document(span()), indent=2)
    (tmp_path / "cut.json").write_text(f"{text}\n{text[: len(text) // 2]}")
    parsed = read(tmp_path / "cut.json")
    assert (parsed.rows.height, parsed.rejected.height) == (1, 1)
    (tmp_path / "only.json").write_text(text[: len(text) // 2])
    parsed = read(tmp_path / "only.json")
    assert (parsed.rows.height, parsed.rejected.height) == (0, 1)


def test_a_bad_first_line_and_bad_bytes_cost_themselves(tmp_path):
    path = tmp_path / "traces.jsonl"
    good = json.dumps(document(span())).encode()
    path.write_bytes(b'{"incomplete\n' + good + b"\n\xff\xfe{}\r\n" + good + b"\r\n")
    parsed = read(path)
    assert parsed.rows["log_line"].to_list() == [2, 4]
    assert [line for line, _ in reasons(parsed)] == [1, 3]


def test_packed_files_and_byte_order_marks(tmp_path):
    text = b"\xef\xbb\xbf" + b"".join(json.dumps(document(span(name=f"n{n}"))).encode() + b"\n" for n in range(500))
    (tmp_path / "plain.jsonl").write_bytes(text)
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(text))
    plain, packed = read(tmp_path / "plain.jsonl"), read(tmp_path / "packed.jsonl.gz")
    assert plain.rows.height == 500
    assert packed.rows.drop("log_file").equals(plain.rows.drop("log_file"))


def test_a_gzip_cut_short_keeps_the_lines_before_the_cut(tmp_path):
    noise = [document(span(spanId=f"{n:016x}", name=hashlib.sha256(b"%d" % n).hexdigest())) for n in range(1, 3000)]
    packed = gzip.compress(b"".join(json.dumps(part).encode() + b"\n" for part in noise))
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) * 3 // 4])
    parsed = read(tmp_path / "cut.jsonl.gz")
    assert parsed.rows.height > 1000
    assert reasons(parsed) == [(parsed.rows.height + 1, "truncated_gzip")]


def test_values_that_are_no_numbers_are_left_out_and_counted(tmp_path):
    parsed = written(tmp_path, document(span({"integrhealth.amount": "a lot", "bytes": "1e3", "attempt": 2})))
    assert parsed.rows.select("amount", "bytes", "attempt").rows() == [(None, None, 2)]
    assert parsed.warnings[0].endswith("left out: 2")


def test_nested_and_repeated_attributes_do_no_harm(tmp_path):
    deep = {"key": "peer.service", "value": {"kvlistValue": {"values": [attribute("a", 1)]}}}
    listed = {"key": "x", "value": {"arrayValue": {"values": [{"stringValue": "y"}]}}}
    told = [deep, listed, attribute("peer.service", "erp"), attribute("peer.service", "crm"), {"key": None}, {}]
    row = written(tmp_path, document(span() | {"attributes": told})).rows.row(0, named=True)
    assert row["peer"] == "erp"


def test_secrets_in_rejected_lines_are_masked(tmp_path):
    parsed = written(tmp_path, document(span()), "x" * 190 + " password=hunter22hunter22")
    assert "hunter" not in parsed.rejected["raw"][0]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(
    fields=st.dictionaries(st.sampled_from(sorted(span())), ANYTHING, max_size=3), lines=st.lists(ANYTHING, max_size=3)
)
def test_whatever_stands_in_a_file_every_record_is_counted(tmp_path_factory, fields, lines):
    folder = tmp_path_factory.mktemp("any")
    parsed = written(folder, document(span()), *map(json.dumps, lines), document(span() | fields, span()))
    assert parsed.rows.height >= 2
    assert parsed.rows_in >= 3


def test_the_peer_set_of_broken_and_of_bare_files():
    folder = shared_data("formats", "otlp")
    others = (b'"resourceLogs"', b'"resourceMetrics"')
    paths = [path for path in sorted(folder.iterdir()) if not any(name in path.read_bytes() for name in others)]
    told = {path.name: read(path) for path in paths if recognised(path)}
    counts = {name: (parsed.rows.height, parsed.rejected.height) for name, parsed in told.items()}
    assert counts == {
        "duckdbotlp_malformed.jsonl": (1, 3),
        "duckdbotlp_multifile_malformed_traces.jsonl": (0, 1),
        "duckdbotlp_single_trace.jsonl": (0, 1),
        "duckdbotlp_traces_deep_nesting.jsonl": (0, 1),
        "duckdbotlp_traces_large_attrs.jsonl": (0, 1),
        "duckdbotlp_traces_nulls.jsonl": (1, 2),
        "duckdbotlp_traces_simple.jsonl": (3, 0),
        "invalid_trace_invalid_kind.json": (0, 1),
        "invalid_trace_mixed_encoding.json": (0, 1),
        "otlp2parquet_trace.json": (2, 0),
        "pair_otlp2jaeger-in-error.json": (1, 0),
        "pair_otlp2jaeger-in.json": (2, 0),
        "pair_otlp2jaeger-multi-in.json": (4, 0),
        "proto_trace.json": (1, 0),
        "tempo_trace-with-expired-edges.json": (5, 0),
    }
    assert reasons(told["duckdbotlp_malformed.jsonl"])[0] == (1, "no OTLP: no resourceSpans")
    assert [line for line, _ in reasons(told["duckdbotlp_malformed.jsonl"])] == [1, 2, 4]
    assert set(pl.concat([told[name].rejected for name in told if "traces_" in name])["reason"]) == {"no_start"}


def test_a_real_trace_becomes_the_edges_that_tempo_counts():
    parsed = read(shared_data("formats", "otlp", "tempo_trace-with-expired-edges.json"))
    edges = messages(parsed.rows).select("source", "target", "kind", "operation").sort("operation").rows()
    assert edges == [
        ("mythical-requester", "mysql", "request", "db-access"),
        ("mythical-server", "mythical-requester", "request", "server-matched"),
        ("user", "mythical-server", "request", "server-root"),
        ("mythical-requester", "mythical-requester", "internal", "unmatched"),
    ]


def test_half_of_a_surrogate_pair_costs_its_line_and_nothing_becomes_a_zero_byte(tmp_path):
    def line(name: str) -> str:
        start = f'{{"traceId": "{1:032x}", "spanId": "{1:016x}", "startTimeUnixNano": "1", "name": "{name}"}}'
        return f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{start}]}}]}}]}}'

    path = tmp_path / "traces.jsonl"
    path.write_text("\n".join(line(name) for name in ("a", "x\\ud83dy", "x\\ud83d\\ude00", "\\\\ud83d")))
    (parsed,) = FORMAT.read(path, path.name)[:1]
    assert parsed.rows["operation"].to_list() == ["a", "x\U0001f600", "\\ud83d"]
    assert parsed.rejected.select("line", "reason").rows() == [(2, "no JSON: half of a surrogate pair")]


def test_an_attempt_of_grpc_counts_those_before_it(tmp_path):
    assert one(tmp_path, {"previous-rpc-attempts": 1, "transparent-retry": False})["attempt"] == 2
