"""OTLP JSON lines to one row per span: ours against duckdb and a loop over orjson.

Run ``python benchmarks/parse_otlp.py [SPANS]``. All give the same columns: ids, service, name, kind, times, status and
six attributes. Ours also checks every span, tells its outcome and keeps the place in the log.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import orjson
from measure import in_turns, measured, table

SERVICES = ["webshop", "erp", "wms", "crm", "bank", "carrier", "pim", "bi", "hr", "edi", "mes", "pos", "dms", "tax"]
SPANS_PER_LINE = 64
WARMUP_SPANS = 640
ATTRIBUTES = {
    "http.response.status_code": "intValue",
    "peer.service": "stringValue",
    "business.object_id": "stringValue",
    "business.object_type": "stringValue",
    "http.request.method": "stringValue",
    "server.address": "stringValue",
}


def write_spans(path: Path, spans: int) -> None:
    """Batches of spans of one service, as the OpenTelemetry collector's file exporter writes them."""
    random = np.random.default_rng(7)
    with path.open("wb") as file:
        for first in range(0, spans, SPANS_PER_LINE):
            numbers = range(first, min(first + SPANS_PER_LINE, spans))
            service = SERVICES[first // SPANS_PER_LINE % len(SERVICES)]
            took, peers = random.integers(1_000, 900_000_000, len(numbers)), random.choice(SERVICES, len(numbers))
            named = [{"key": "service.name", "value": {"stringValue": service}}]
            made = [_span(number, int(ns), str(peer)) for number, ns, peer in zip(numbers, took, peers, strict=True)]
            scopes = [{"scope": {"name": "http"}, "spans": made}]
            file.write(orjson.dumps({"resourceSpans": [{"resource": {"attributes": named}, "scopeSpans": scopes}]}))
            file.write(b"\n")


def _span(number: int, took_ns: int, peer: str) -> dict[str, object]:
    start, failed = 1_767_600_000_000_000_000 + number * 1_000_003, number % 20 == 0
    values = ["503" if failed else "200", peer, str(4_500_000_000 + number % 90_000), "order", "POST", f"{peer}.local"]
    pairs = zip(ATTRIBUTES.items(), values, strict=True)
    return {
        "traceId": f"{number // 10:032x}"[::-1].replace("0", "a"),
        "spanId": f"{number + 1:016x}",
        "parentSpanId": f"{number:016x}" if number % 10 else "",
        "name": f"POST /orders/{number % 40}",
        "kind": 3 if number % 2 else 2,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + took_ns),
        "attributes": [{"key": key, "value": {kind: value}} for (key, kind), value in pairs],
        "status": {"code": 2, "message": "upstream failed"} if failed else {},
    }


def ours(path: Path) -> int:
    """Read, check and tell the outcome of every span with integrhealth."""
    from integrhealth.reading.formats.otlp import read

    return sum(part.rows.height for part in read(path, path.name))


VALUE = "STRUCT(stringValue VARCHAR, intValue VARCHAR)"
PAIRS = f'STRUCT("key" VARCHAR, "value" {VALUE})[]'
SPAN = f"""STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, kind INTEGER,
    startTimeUnixNano VARCHAR, endTimeUnixNano VARCHAR, attributes {PAIRS},
    status STRUCT(code INTEGER, message VARCHAR))"""
LINE = f"STRUCT(resource STRUCT(attributes {PAIRS}), scopeSpans STRUCT(spans {SPAN}[])[])[]"


def with_duckdb(path: Path) -> int:
    """The types given, three times unnest, one list_filter per attribute."""
    import duckdb

    def attribute(pairs: str, key: str, kind: str) -> str:
        return f'list_filter({pairs}, lambda a: a."key" = \'{key}\')[1]."value".{kind}'

    columns = ", ".join(f'{attribute("s.attributes", key, kind)} as "{key}"' for key, kind in ATTRIBUTES.items())
    query = f"""
        with resources as (select unnest(resourceSpans) as r from read_json('{path}', format='newline_delimited',
                           maximum_object_size=100000000, columns={{resourceSpans: '{LINE}'}})),
             scopes as (select {attribute("r.resource.attributes", "service.name", "stringValue")} as service,
                        unnest(r.scopeSpans) as scope from resources),
             spans as (select service, unnest(scope.spans) as s from scopes)
        select service, s.traceId, s.spanId, s.parentSpanId, s.name, s.kind, s.status.code, s.status.message,
               make_timestamp(s.startTimeUnixNano::BIGINT // 1000) as started,
               make_timestamp(s.endTimeUnixNano::BIGINT // 1000) as ended, {columns}
        from spans"""
    return duckdb.sql(query).to_arrow_table().num_rows


def with_orjson(path: Path) -> int:
    """One dictionary per span in a Python loop, then pandas."""
    import pandas

    rows = []
    with path.open("rb") as file:
        for line in file:
            for resource in orjson.loads(line)["resourceSpans"]:
                told = {pair["key"]: pair["value"].get("stringValue") for pair in resource["resource"]["attributes"]}
                for scope in resource["scopeSpans"]:
                    rows += [_flat(span, told["service.name"]) for span in scope["spans"]]
    frame = pandas.DataFrame(rows)
    for column in ("startTimeUnixNano", "endTimeUnixNano"):
        frame[column] = pandas.to_datetime(frame[column].astype("int64"), unit="ns", utc=True)
    return len(frame)


def _flat(span: dict[str, object], service: str) -> dict[str, object]:
    told = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
    kept = {key: span[key] for key in ("traceId", "spanId", "parentSpanId", "name", "kind")}
    times = {key: span[key] for key in ("startTimeUnixNano", "endTimeUnixNano")}
    return kept | times | {key: told.get(key) for key in ATTRIBUTES} | span["status"] | {"service": service}


READERS = {"ours": ours, "duckdb": with_duckdb, "orjson loop": with_orjson}


def main(spans: int) -> None:
    """Make the file, run every case three times in turn, print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_spans(folder / "spans.jsonl", spans)
        write_spans(folder / "warmup.jsonl", WARMUP_SPANS)
        runs = in_turns(__file__, [(reader, "spans.jsonl") for reader in READERS], folder)
        megabytes = (folder / "spans.jsonl").stat().st_size / 1e6
    print(table(runs, f"{spans:,} spans, {megabytes:.0f} MB"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        path = Path(sys.argv[3])
        measured(READERS[sys.argv[2]], path, warmup=path.with_name("warmup.jsonl"))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
