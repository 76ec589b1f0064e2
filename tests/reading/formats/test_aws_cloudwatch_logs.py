"""CloudWatch Logs by every way out of it: the same lines, whoever wraps them."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import aws_cloudwatch_logs

AT = datetime(2024, 6, 18, 10, 0, 0, 123_000, tzinfo=UTC)
INNER = json.dumps({"level": "ERROR", "msg": "boom", "service": "orders"})
GROUP, LAMBDA = "/aws/lambda/orders", "2024/06/18/[$LATEST]abcdef0123456789"


@pytest.fixture
def read(tmp_path):
    """What is read of a file with this content."""

    def read(content, *, name="out.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        evidence = ih.read(path)
        assert (evidence.sources["rows_in"] == evidence.sources["rows_out"] + evidence.sources["rows_rejected"]).all()
        assert set(evidence.sources["format"]) == {"aws_cloudwatch_logs"}
        return evidence

    return read


def lines(evidence, *columns):
    return evidence.logs.sort("time").select(columns or ("time", "system", "level", "text")).rows()


@pytest.mark.parametrize(
    ("case", "systems"),
    [
        ("B14a/insights.json", ("orders", "insights")),
        ("B14b/logs-insights-results.csv", ("orders", "orders")),
        ("B14c/filter-log-events.json", ("a/b", "a/b")),
    ],
)
def test_three_ways_to_the_same_two_lines(case, systems):
    evidence = ih.read(shared_data("cases", *case.split("/")))
    assert evidence.sources.select("format", "frame", "rows_in", "rows_out").rows() == [
        ("aws_cloudwatch_logs", "logs", 2, 2)
    ]
    assert lines(evidence) == [
        (AT, systems[0], "ERROR", "boom"),
        (datetime(2024, 6, 18, 10, 0, 1, 456_000, tzinfo=UTC), systems[1], None, "START RequestId: 1"),
    ]


def result(**fields):
    return [{"field": name.replace("at_", "@"), "value": value} for name, value in fields.items()]


def events(*logged, **around):
    return json.dumps({"events": [{"ingestionTime": 1, **each} for each in logged]} | around)


def delivered(*logged, group=GROUP, stream=LAMBDA):
    return json.dumps(
        {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": group, "logStream": stream, "logEvents": list(logged)}
    )


LOGGED = {"timestamp": 1718704800123, "message": INNER}


@pytest.mark.parametrize(
    "content",
    [
        events(LOGGED | {"logStreamName": LAMBDA}, nextForwardToken="f/1", nextBackwardToken="b/1"),
        json.dumps(json.loads(events(LOGGED)), indent=2),
        delivered({"id": "1", **LOGGED}),
        gzip.compress(delivered({"id": "1", **LOGGED}).encode()),
        json.dumps(
            {"results": [result(at_timestamp="2024-06-18 10:00:00.123", at_message=INNER, at_log=f"1:{GROUP}")]}
        ),
        json.dumps([{"@timestamp": "2024-06-18 10:00:00.123", "@message": INNER, "@logStream": LAMBDA}]),
        json.dumps({"@timestamp": "2024-06-18 10:00:00.123", "@message": INNER, "@log": GROUP}) + "\n",
        '@ptr,@message,@timestamp\nx,"' + INNER.replace('"', '""') + '",2024-06-18 10:00:00.123\n',
    ],
)
def test_every_way_out_says_the_same(read, content):
    assert lines(read(content)) == [(AT, "orders", "ERROR", "boom")]


@pytest.mark.parametrize(
    ("group", "stream", "system"),
    [
        ("/aws/lambda/orders", LAMBDA, "orders"),
        ("/ecs/shop/", "web/cart/0123456789abcdef0123456789abcdef", "shop"),
        (None, "web/cart/0123456789abcdef0123456789abcdef", "cart"),
        (None, "i-0123456789abcdef0", "i-0123456789abcdef0"),
        (None, LAMBDA, "out"),
        (None, None, "out"),
    ],
)
def test_who_logged(read, group, stream, system):
    content = delivered({"id": "1", "timestamp": 1718704800123, "message": "plain\n"}, group=group, stream=stream)
    # A subscription always names its group; without one an answer stands for it.
    content = content if group else events({"timestamp": 1718704800123, "message": "plain\n", "logStreamName": stream})
    assert lines(read(content)) == [(AT, system, None, "plain")]


def test_levels_as_lambda_writes_them(read):
    texts = [
        "2024-06-18T10:00:00.000Z\tb7a5\tERROR\tInvoke Error\tmore",
        "[WARNING]\t2024-06-18T10:00:00.000Z\tb7a5\tslow",
        "REPORT RequestId: b7a5\tDuration: 3.40 ms\tBilled Duration: 4 ms",
    ]
    content = events(*({"timestamp": 1718704800000 + n, "message": text} for n, text in enumerate(texts)))
    assert lines(read(content), "level") == [("ERROR",), ("WARNING",), (None,)]


def test_access_logs_inside_become_messages(read):
    line = (
        "2024-06-18T10:00:00.000000Z shop-elb 192.0.2.9:2817 10.0.0.1:80 0.001 0.002 0.003 503 503 0 29 "
        '"GET http://shop.example:80/ HTTP/1.1" "curl/7.38.0" - -'
    )
    evidence = read(events(*({"timestamp": 1718704800000, "message": line, "logStreamName": "lb"},) * 2, LOGGED))
    assert evidence.messages.select("target", "status").rows() == [("shop-elb", "failed")] * 2
    assert lines(evidence, "text") == [("boom",)]


def test_what_is_broken_costs_itself_alone(read):
    good = {"timestamp": 1718704800123, "message": "fine"}
    bad = [{"timestamp": "soon", "message": "x"}, {"timestamp": 10**30, "message": "x"}, {"timestamp": 1}, 7]
    content = json.dumps({"events": [good, *bad, {"ingestionTime": 1, **good, "message": "too"}], "nextToken": "t"})
    evidence = read(content)
    assert evidence.logs.height == 2
    assert sorted(evidence.rejected["reason"]) == ["bad_time:time", "bad_time:time", "no_log_event", "no_log_event"]
    assert any("nextToken names a next page" in sentence for sentence in evidence.warnings)
    control = json.dumps({"messageType": "CONTROL_MESSAGE", "logGroup": "", "logEvents": [{"message": "checking"}]})
    # Firehose writes deliveries one after the other, without a line end.
    evidence = read(control + delivered({"id": "1", **LOGGED}) + delivered({"id": "2", **LOGGED}) + '{"messageType"')
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(4, 3, 1)]


def test_rows_of_a_table_over_several_lines(read):
    evidence = read(
        '@timestamp,@message\n2024-06-18 10:00:00.123,"a\n\tat b"\n1,2,3\n2024-06-18 10:00:01.000,c\n', name="r.csv"
    )
    assert lines(evidence, "log_line", "text") == [(2, "a\n\tat b"), (5, "c")]
    assert evidence.rejected["line"].to_list() == [4]


def test_an_export_of_lambda_keeps_its_events_whole(read):
    text = (
        "2024-06-18T10:00:00.123Z START RequestId: b7a5 Version: 3\n"
        "2024-06-18T10:00:01.123Z [ERROR]\tno stock\nTraceback (most recent call last):\n  File x\n\n"
        "2024-06-18T10:00:02.123Z END RequestId: b7a5\n"
    )
    evidence = read("lost\n" + text, name="orders.log")
    assert lines(evidence, "log_line", "system", "level", "text") == [
        (2, "orders", None, "START RequestId: b7a5 Version: 3"),
        (3, "orders", "ERROR", "[ERROR]\tno stock\nTraceback (most recent call last):\n  File x"),
        (7, "orders", None, "END RequestId: b7a5"),
    ]
    assert evidence.rejected.select("line", "reason").rows() == [(1, "no_entry")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"@timestamp": "2024-06-18T10:00:00Z", "message": "as Elastic has it"}\n',
        '{"events": [{"message": "x", "timestamp": 1}]}',
        "2024-06-18T10:00:00.123Z INFO started\n",
        "timestamp,message\n1,x\n",
        '{"results": [{"field": "status", "value": "@message"}]}',
    ],
)
def test_other_files_are_left_alone(tmp_path, text):
    assert not aws_cloudwatch_logs.recognises(Head(tmp_path / "x", text.encode()))
