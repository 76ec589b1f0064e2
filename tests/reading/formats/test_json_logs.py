"""Log lines in JSON, an object per line, of the libraries that most programs log with."""

# ruff: noqa: E501 -- a line of a log stays on one line

import gzip
import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

AT = "2024-01-01T10:00:00.123Z"
MILLIS = 1_704_103_200_123
# The library, what it writes, and what that says: system, level, site, text, trace.
LINES = [
    ("pino", {"level": 50, "time": MILLIS, "pid": 1, "hostname": "h", "service.name": "pay", "trace_id": "t", "msg": "down"}, ("pay", "ERROR", None, "down", "t")),
    ("bunyan", {"name": "pay", "hostname": "h", "pid": 1, "level": 50, "msg": "down", "time": AT, "v": 0}, ("pay", "ERROR", None, "down", None)),
    ("zap", {"level": "error", "ts": MILLIS / 1000, "logger": "http", "caller": "a.go:12", "msg": "down", "error": "db", "stacktrace": "main\n\tx.go:1"}, ("shop", "error", "http", "down: db\nmain\n\tx.go:1", None)),
    ("winston", {"level": "error", "message": "down", "timestamp": AT, "service": "pay"}, ("pay", "error", None, "down", None)),
    ("logstash-logback", {"@timestamp": "2024-01-01T11:00:00.123+01:00", "@version": "1", "message": "down", "logger_name": "c.acme", "level": "ERROR", "level_value": 40000, "stack_trace": "X: y\n\tat z", "traceId": "t"}, ("shop", "ERROR", "c.acme", "down\nX: y\n\tat z", "t")),
    ("Serilog", {"@t": AT, "@mt": "{Id} down", "@l": "Error", "@x": "X: y", "SourceContext": "Acme", "@tr": "t"}, ("shop", "Error", "Acme", "{Id} down: X: y", "t")),
    ("Serilog, of the usual level", {"@t": AT, "@m": "1 up", "@i": "af8"}, ("shop", "INFO", None, "1 up", None)),
    ("MongoDB", {"t": {"$date": AT}, "s": "W", "c": "STORAGE", "id": 22430, "ctx": "main", "msg": "slow"}, ("shop", "WARN", "STORAGE", "slow", None)),
    ("Rust", {"timestamp": AT, "level": "ERROR", "fields": {"message": "down", "port": 1}, "target": "a::b"}, ("shop", "ERROR", "a::b", "down", None)),
    (".NET", {"Timestamp": AT, "EventId": 14, "LogLevel": "Error", "Category": "Acme", "Message": "down", "State": {"Message": "down"}}, ("shop", "Error", "Acme", "down", None)),
    ("GELF", {"version": "1.1", "host": "box", "short_message": "down", "timestamp": MILLIS / 1000, "level": 3}, ("shop", "ERROR", None, "down", None)),
    ("Monolog", {"message": "down", "context": {}, "level": 400, "level_name": "ERROR", "channel": "app", "datetime": AT}, ("shop", "ERROR", "app", "down", None)),
    ("structlog", {"event": "down", "level": "error", "timestamp": AT, "logger": "acme"}, ("shop", "error", "acme", "down", None)),
    ("python-json-logger", {"asctime": "2024-01-01 10:00:00,123", "levelname": "ERROR", "name": "acme", "message": "down"}, ("acme", "ERROR", None, "down", None)),
    ("Quarkus", {"timestamp": AT, "loggerName": "c.acme", "level": "ERROR", "message": "down", "mdc": {"traceId": "t"}}, ("shop", "ERROR", "c.acme", "down", "t")),
]  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def read(*records, name="shop.log"):
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        data = "".join(f"{line}\n" for line in lines).encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return ih.read(str(tmp_path))

    return read


@pytest.mark.parametrize(("record", "said"), [each[1:] for each in LINES], ids=[each[0] for each in LINES])
def test_a_line_says_who_how_serious_where_and_what(read, record, said):
    evidence = read(record)
    assert evidence.sources["format"].to_list() == ["json_logs"]
    (row,) = evidence.logs.select("time", "system", "level", "site", "text", "trace_id").rows()
    assert row == (datetime(2024, 1, 1, 10, 0, 0, 123_000, tzinfo=UTC), *said)


def test_a_broken_record_costs_itself(read):
    good = LINES[1][1]
    evidence = read(good, "no json", good | {"time": "yesterday"}, good | {"msg": "up"}, "[1]", name="shop.log.gz")
    assert evidence.logs["text"].to_list() == ["down", "up"]
    assert evidence.rejected["line"].to_list() == [2, 3, 5]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(5, 2, 3)]


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "date": "2024-01-01", "status": "paid", "amount": 1.5, "message": "thanks"},
        {"event": "click", "timestamp": AT, "user": "x"},
        {"timestamp": AT, "metric": "cpu", "value": 1.5, "severity": "low"},
        {"message_id": "m", "from": "a", "to": "b", "text": "hello", "time": AT},
        {"time": AT, "level": 7, "event": "level up", "player": "x"},
        {"timestamp": AT, "severity": "high", "event": "login", "body": "x"},
        {"timestamp": AT, "level": 0.73, "text": "tank 3"},
        {"timestamp": AT, "level": {"name": "INFO"}, "text": "a"},
        {"level": "error", "message": "without a time"},
        {"level": "error", "time": AT},
    ],
)
def test_orders_events_metrics_and_messages_are_no_log_lines(read, record):
    assert read(*[record] * 3).sources["format"].to_list() == [None]


def test_a_few_lines_of_a_program_that_logs_otherwise_change_nothing(read):
    evidence = read("starting up", *[LINES[3][1] | {"message": f"m{n}"} for n in range(4)])
    assert evidence.logs.height == 4
    assert evidence.rejected["line"].to_list() == [1]


@pytest.mark.parametrize(
    ("path", "rows", "systems", "levels"),
    [
        ("node_json_log/logfile_bunyan.0", 10, {"renovate"}, {"DEBUG", "INFO"}),
        ("node_json_log/logfile_pino.0", 1, {"payment"}, {"info"}),
    ],
)
def test_real_log_lines(path, rows, systems, levels):
    evidence = ih.read(str(shared_data("formats_more", *path.split("/"))))
    assert evidence.sources.select("format", "rows_in", "rows_rejected").rows() == [("json_logs", rows, 0)]
    assert set(evidence.logs["system"]) == systems
    assert set(evidence.logs["level"]) == levels


def test_the_trace_of_a_real_log_line():
    evidence = ih.read(str(shared_data("formats_more", "node_json_log", "logfile_pino.0")))
    row = evidence.logs.select("trace_id", "parent_id", "text").row(0)
    assert row == ("c759f29f5f1e2162be56f32dd1e77fce", "17c4a60ca4297cf1", "Charge request received.")
