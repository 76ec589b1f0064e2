"""Documents of Elasticsearch: dumps, answers to searches, and what Discover exports."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

AT = "2024-05-01T10:00:00.000Z"
LOG = {"@timestamp": AT, "message": "ERROR boom", "service": {"name": "pay"}, "trace": {"id": "t"}, "span": {"id": "s"}}
HIT = {"_index": "logs-2024.05.01", "_id": "1", "_score": 1, "_source": LOG}
ACCESS = '10.0.0.1 - bob [10/Oct/2023:13:55:36 +0000] "GET /a HTTP/1.1" 503 12 "-" "curl"'


def written(tmp_path, *lines, name="dump.json"):
    """What is read of a file with these JSON values, one to a line, or with this text."""
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    (tmp_path / name).write_text(text)
    return ih.read(str(tmp_path / name))


def table(*rows, separator=","):
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


def counts(evidence):
    return evidence.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected").rows()


def test_a_dump_of_containers():
    evidence = ih.read(str(shared_data("cases", "B12c", "dump.json")))
    assert counts(evidence) == [("elasticsearch", "logs", 2, 2, 0)]
    assert evidence.logs.select("system", "level", "site", "text").rows() == [
        ("orders", None, "orders-1", "start"),
        ("orders", "ERROR", "orders-1", "ERROR boom"),
    ]


def test_a_table_of_discover():
    evidence = ih.read(str(shared_data("cases", "B18", "discover.csv")))
    assert counts(evidence) == [("elasticsearch", "logs", 2, 2, 0)]
    assert evidence.logs.select("time", "system", "level", "text").rows() == [
        (datetime(2012, 2, 14, 17, 47, 8, tzinfo=UTC), "orders", "error", "db down"),
        (datetime(2012, 2, 14, 17, 47, 9, 123000, tzinfo=UTC), "orders", "info", "started"),
    ]


@pytest.mark.parametrize(
    "wrapped",
    [
        HIT,
        [HIT],
        {"took": 1, "hits": {"total": {"value": 1, "relation": "eq"}, "hits": [HIT]}},
        {"responses": [{"hits": {"total": 1, "hits": [HIT]}}]},
        {"_index": "i", "_id": "1", "fields": {"@timestamp": [AT], "message": ["ERROR boom"], "service.name": ["pay"]}
         | {"trace.id": ["t"], "span.id": ["s"]}},
    ],
)  # fmt: skip
def test_every_wrapping_of_a_document_is_opened(wrapped, tmp_path):
    for name, indent in (("one.json", None), ("two.json", 2)):
        logs = written(tmp_path, json.dumps(wrapped, indent=indent), name=name).logs
        assert logs.select("system", "level", "text", "trace_id", "parent_id").rows() == [
            ("pay", "ERROR", "ERROR boom", "t", "t:s")
        ]


def test_a_search_says_when_it_answered_a_part(tmp_path):
    answer = {"hits": {"total": {"value": 25_000, "relation": "gte"}, "hits": [HIT]}}
    assert any("25,000 documents, of which 1 are in this answer" in each for each in written(tmp_path, answer).warnings)


def test_the_id_of_a_document_tells_a_copy_and_a_broken_one_costs_itself(tmp_path):
    other = HIT | {"_id": "2"}
    evidence = written(tmp_path, HIT, other, HIT | {"_score": 2}, '{"_index": "x", "_id": \n', {"_index": "x"}, [])
    assert counts(evidence) == [("elasticsearch", "logs", 5, 3, 2)]
    assert evidence.logs.height == 2
    assert evidence.rejected["reason"].str.slice(0, 7).to_list() == ["no JSON", "no_docu"]
    assert any("passed over: 1" in each for each in evidence.warnings)


def test_gzip_and_a_byte_order_mark_change_nothing(tmp_path):
    text = "\ufeff" + json.dumps(HIT) + "\r\n" + json.dumps(HIT | {"_id": "2"})
    (tmp_path / "dump.json.gz").write_bytes(gzip.compress(text.encode()))
    assert counts(ih.read(str(tmp_path))) == [("elasticsearch", "logs", 2, 2, 0)]


def test_spans_of_apm_become_messages_and_errors_stay_log_lines(tmp_path):
    shared = {
        "@timestamp": AT,
        "service": {"name": "shop"},
        "trace": {"id": "t"},
        "timestamp": {"us": 1714557600000000},
    }
    transaction = {"id": "a", "name": "GET /", "type": "request", "duration": {"us": 1000}}
    error = {"exception": [{"message": "no stock", "type": "E"}]}
    evidence = written(
        tmp_path,
        HIT | {"_source": shared | {"processor": {"event": "transaction"}, "transaction": transaction}},
        HIT | {"_id": "2", "_source": shared | {"processor": {"event": "error"}, "error": error}},
    )
    assert evidence.messages.select("message_id", "target", "log_line").rows() == [("t:a", "shop", 1)]
    assert evidence.logs.select("system", "level", "log_line").rows() == [("shop", "error", 2)]


def test_rows_of_discover_in_all_their_shapes(tmp_path):
    names = ["@timestamp", "message", "log.level", "kubernetes.container.name", "_id", "_index", "_score"]
    rows = [
        ["Feb 14, 2012 @ 17:47:08.000", "a\nb, c", "warn", "app", "1", "logs-1", " - "],
        ["Feb 14, 2012 @ 17:47:09.000", ACCESS, "-", "web", "2", "logs-1", "-"],
        ["Feb 14, 2012 @ 17:47:10.000", " - ", "-", "web", "3", "logs-1", "-"],
    ]
    for name, separator, mark in (("a.csv", ",", ""), ("b.csv", ";", "\ufeff")):
        evidence = written(tmp_path, mark + table(names, *rows, separator=separator), name=name)
        assert evidence.logs.select("system", "level", "text", "log_line").rows() == [("app", "warn", "a\nb, c", 2)]
        assert evidence.messages.select("target", "status", "operation", "log_line").rows() == [
            ("web", "failed", "GET /a", 4)
        ]
        assert sum(row[2] for row in counts(evidence)) == sum(row[3] for row in counts(evidence)) == 3
    older = table(["@timestamp", "message", "host.name"], ["2019-02-14T17:47:08.000Z", "up", "h1"])
    logs = written(tmp_path, older, name="c.csv").logs
    assert logs.select("time", "system").rows() == [(datetime(2019, 2, 14, 17, 47, 8, tzinfo=UTC), "h1")]


def test_requests_are_messages(tmp_path):
    names = ["@timestamp", "http.request.method", "http.response.status_code", "url.path"]
    names += ["event.duration", "event.end", "service.name", "source.ip"]
    at = "Feb 14, 2012 @ 17:47:08.000"
    rows = [
        [at, "GET", "503", "/a?b=1", "1,500,000,000", "-", "shop", "10.0.0.9"],
        ["Feb 14, 2012 @ 17:47:30.000", "POST", "404", "/b", "500,000,000", at, "shop", "-"],
        [at, "GET", "200", "/c", "-", "-", "shop", "-"],
    ]
    messages = written(tmp_path, table(names, *rows), name="d.csv").messages.sort("log_line")
    assert messages.select("source", "target", "operation", "status", "error_code").rows() == [
        ("client", "shop", "GET /a", "failed", "503"),
        ("client", "shop", "POST /b", "rejected", "404"),
        ("client", "shop", "GET /c", "ok", None),
    ]
    begin = datetime(2012, 2, 14, 17, 47, 8, tzinfo=UTC)
    assert messages["sent_at"].to_list() == [begin, begin.replace(second=7, microsecond=500_000), begin]
    assert messages["finished_at"].to_list() == [begin.replace(second=9, microsecond=500_000), begin, None]
    assert not messages["actor"][0].startswith("10.")


def test_documents_that_say_nothing_the_kit_knows_are_a_table_to_be_mapped(tmp_path):
    order = {"_index": "orders", "_id": "1", "_source": {"order_date": AT, "total": 3}}
    for text in (json.dumps(order) + "\n", table(["_id", "_index", "order_date", "total"], ["1", "orders", AT, "3"])):
        assert written(tmp_path, text).sources["format"].to_list() == [None]


def test_where_nobody_is_named_the_index_is_the_system(tmp_path):
    hit = {"_index": "shop-logs-2024.05.01", "_id": "1", "_source": {"@timestamp": AT, "message": "up"}}
    assert written(tmp_path, hit).logs["system"].to_list() == ["shop-logs"]


@pytest.mark.parametrize(
    "text",
    [
        '"@timestamp",amount\n2024-05-01T10:00:00Z,3\n',
        "_id,amount\n1,3\n",
        '{"_source": "web", "_index": "x", "text": "y"}\n',
        '{"hits": 3, "_index": "x"}\n',
    ],
)
def test_what_is_no_document_is_left_to_others(text, tmp_path):
    assert "elasticsearch" not in written(tmp_path, text).sources["format"].to_list()
