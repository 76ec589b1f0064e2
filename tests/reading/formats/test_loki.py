"""Log lines of Loki, however they left it."""

import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

NS = "1696946136123456789"
AT = datetime(2023, 10, 10, 13, 55, 36, 123456, tzinfo=UTC)
LABELS = {"service_name": "unknown_service", "app": "shop", "detected_level": "error"}
STREAM = {"stream": LABELS, "values": [[NS, "boom"]]}


def written(tmp_path, content, name="loki.json"):
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return ih.read(str(tmp_path / name))


def counts(evidence):
    return evidence.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected").rows()


def test_lines_of_logcli():
    evidence = ih.read(str(shared_data("cases", "B32a", "loki.jsonl")))
    assert counts(evidence) == [("loki", "logs", 2, 2, 0)]
    trace, span = "538c3ecc666055f097652fbf8f9aa63d", "be5471eac9953fe0"
    assert evidence.logs.select("time", "system", "level", "trace_id", "parent_id").rows() == [
        (datetime(2025, 9, 13, 19, 27, 0, 661106, tzinfo=UTC), "otelgen", "error", trace, f"{trace}:{span}"),
        (datetime(2025, 9, 13, 19, 27, 0, 798832, tzinfo=UTC), "otelgen", None, None, None),
    ]


def test_an_answer_of_the_api():
    evidence = ih.read(str(shared_data("cases", "B32b", "query_range.json")))
    assert counts(evidence) == [("loki", "logs", 3, 3, 0)]
    assert evidence.logs.select("system", "level", "text").rows() == [
        ("orders", "error", "boom"),
        ("orders", "error", "boom2"),
        ("web", None, "ok"),
    ]
    assert evidence.logs["time"][0] == datetime(2019, 10, 11, 18, 23, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        {"streams": [STREAM]},
        {"status": "success", "data": {"resultType": "streams", "result": [STREAM], "stats": {}}},
        {"streams": [{"labels": '{app="shop", level="error"}', "entries": [{"ts": AT.isoformat(), "line": "boom"}]}]},
        {"streams": [{"stream": {"app": "shop"}, "values": [[NS, "boom", {"level": "error"}]]}]},
        {"streams": [{"stream": {"app": "shop"}, "values": [[NS, "boom", {"parsed": {"level": "error"}}]]}]},
        [{"line": "boom", "timestamp": NS, "date": "2023-10-10T13:55:36.123Z", "fields": LABELS}],
        {"labels": LABELS, "line": "boom", "timestamp": "2023-10-10T15:55:36.123456789+02:00"},
        '2023-10-10T13:55:36.123456Z {app="shop", level="error"} boom\n',
        f"Common labels: {json.dumps(LABELS)}\nLine limit: 1000 (1 returned)\n\n\n"
        "1696946136123\t2023-10-10T13:55:36.123456Z\tboom\n",
        f'Date,Time,Line,tsNs,id,labels\n2023-10-10T13:55:36.123Z,1696946136123,boom,{NS},1_x,"{{""app"": ""shop"", '
        '""level"": ""error""}"\n',
    ],
)  # fmt: skip
def test_every_way_out_of_loki_says_the_same(content, tmp_path):
    logs = written(tmp_path, content).logs
    assert logs.select("time", "system", "level", "text").rows() == [(AT, "shop", "error", "boom")]


def test_labels_that_say_nothing_and_levels_that_only_the_line_says(tmp_path):
    labels = {"service_name": "unknown_service", "detected_level": "unknown", "job": "ns/pay", "filename": "/a.log"}
    values = [[NS, "WARN low"], [NS, "fine"], [NS, " "]]
    evidence = written(tmp_path, {"streams": [{"stream": labels, "values": values}]})
    assert evidence.logs.select("system", "level", "site").rows() == [("ns/pay", "WARN", "/a.log")] * 1 + [
        ("ns/pay", None, "/a.log")
    ]
    assert counts(evidence) == [("loki", "logs", 3, 3, 0)]


def test_a_broken_entry_costs_itself(tmp_path):
    values = [[NS, "good"], [NS], [NS, None], "x", ["yesterday", "bad"]]
    evidence = written(tmp_path, {"streams": [{"stream": {"app": "a"}, "values": values}, "none", {"stream": None}]})
    assert evidence.logs["text"].to_list() == ["good"]
    assert counts(evidence) == [("loki", "logs", 7, 1, 6)]
    reasons = ["no_line"] * 3 + ["bad_time:time"] + ["not_an_object", "no_line"]
    assert sorted(evidence.rejected["reason"].to_list()) == sorted(reasons)


def test_lines_that_go_on_belong_to_the_one_above(tmp_path):
    text = (
        '\ufeff2023-10-10T13:55:36Z {app="a"} boom\r\n  at x\r\n2023-10-10T13:55:37+02:00 {app="b"} JSON {"a": "}"}\r\n'
    )
    evidence = written(tmp_path, text, name="logcli.txt")
    assert evidence.logs.select("system", "text", "log_line").rows() == [
        ("a", "boom\n  at x", 1),
        ("b", 'JSON {"a": "}"}', 3),
    ]
    assert counts(evidence) == [("loki", "logs", 3, 3, 0)]


def test_what_programs_wrote_is_read_as_what_it_is(tmp_path):
    access = '10.0.0.1 - - [10/Oct/2023:13:55:36 +0000] "GET /a HTTP/1.1" 503 12'
    inner = '{"level": "error", "msg": "no stock", "ts": "2023-10-10T13:55:36Z", "service": "stock"}'
    streams = [
        {"stream": {"app": "web", "trace_id": "t"}, "values": [[NS, access]]},
        {"stream": {"app": "x", "trace_id": "u"}, "values": [[NS, inner]]},
    ]
    evidence = written(tmp_path, {"streams": streams})
    assert evidence.messages.select("source", "target", "status", "trace_id").rows() == [
        ("client", "web", "failed", "t")
    ]
    assert evidence.logs.select("time", "system", "level", "text", "trace_id").rows() == [
        (AT, "stock", "error", "no stock", "u")
    ]


@pytest.mark.parametrize(
    "content",
    [
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"app":"a"},"values":[[1,"2"]]}]}}',
        '{"streams": [{"name": "a", "values": [1]}]}',
        '{"line": 3, "timestamp": "2023-10-10T13:55:36Z"}\n',
        "2023-10-10T13:55:36Z {broken} x\n",
        "Line,Amount\na,1\n",
    ],
)
def test_what_is_not_of_loki_is_left_to_others(content, tmp_path):
    assert "loki" not in written(tmp_path, content).sources["format"].to_list()


@pytest.mark.parametrize("label", [{"a": "b"}, ["error"], None, True, "\u00b2"])
def test_a_label_that_is_no_text_costs_nothing_but_itself(tmp_path, label):
    odd = {"stream": LABELS | {"detected_level": label, "app": label}, "values": [[NS, "odd"]]}
    evidence = written(tmp_path, {"streams": [STREAM, odd]})
    assert counts(evidence) == [("loki", "logs", 2, 2, 0)]
    assert evidence.logs["text"].to_list() == ["boom", "odd"]
