"""Lines wrapped by a collector: read by what is inside them, each record counted once."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih


def wrapped(lines, tag=None, start=0):
    """Lines of a container as Docker keeps them, a second apart."""
    extra = {"attrs": {"tag": tag}} if tag else {}
    at = [datetime(2024, 5, 1, 10, 0, start + second, tzinfo=UTC).isoformat() for second in range(len(lines))]
    records = [
        {"log": f"{line}\n", "stream": "stdout", "time": time} | extra for line, time in zip(lines, at, strict=True)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)


def message(number, status="ok"):
    return json.dumps(
        {
            "message_id": f"m{number}",
            "source": "shop",
            "target": "erp",
            "sent_at": f"2024-05-01T09:59:{number:02}Z",
            "status": status,
        }
    )


def test_what_a_format_knows_is_read_as_that_and_the_rest_stays_log_lines(tmp_path):
    text = wrapped([message(1), message(2, "failed")], "bridge") + wrapped(["hello", "world"], "web")
    (tmp_path / "c.log").write_text(text)
    evidence = ih.read(str(tmp_path))
    assert evidence.messages.select("message_id", "status", "log_line").rows() == [("m1", "ok", 1), ("m2", "failed", 2)]
    assert evidence.logs.select("system", "text", "log_line").rows() == [("web", "hello", 3), ("web", "world", 4)]
    assert evidence.sources["rows_in"].sum() == 4
    assert evidence.sources["rows_out"].sum() == 4
    assert evidence.rejected.is_empty()


def test_a_record_that_is_refused_inside_is_refused_at_its_place_in_the_envelope(tmp_path):
    lines = [message(1), message(2), message(3), '{"message_id": "m4", "source": "shop"}']
    (tmp_path / "c.log").write_text(wrapped(["", *lines]))
    evidence = ih.read(str(tmp_path))
    assert evidence.messages.height == 3
    assert evidence.rejected.select("file", "line").rows() == [("c.log", 5)]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(5, 4, 1)]


def test_a_line_in_json_says_who_how_serious_and_what(tmp_path):
    line = '{"severity": "error", "msg": "boom", "service": {"name": "pay"}, "trace_id": "abc", "logger": "web"}'
    (tmp_path / "c.log").write_text(wrapped([line, "plain"], "box"))
    logs = ih.read(str(tmp_path)).logs
    assert logs.select("system", "level", "text", "trace_id", "site").rows() == [
        ("pay", "error", "boom", "abc", "web"),
        ("box", None, "plain", None, None),
    ]
    assert logs["time"].dt.second().to_list() == [0, 1]


def test_lines_of_logs_stand_at_the_time_of_their_envelope(tmp_path):
    inside = [f"May  1 12:00:{second:02} box app[1]: x{second}" for second in range(3)]
    (tmp_path / "c.log").write_text(wrapped(inside))
    logs = ih.read(str(tmp_path)).logs
    assert logs["text"].to_list() == ["x0", "x1", "x2"]
    assert logs["time"].dt.hour().to_list() == [10, 10, 10], "the clock inside has no zone"


def test_parts_of_a_long_line_are_one_record_and_a_cut_one_is_never_lost(tmp_path):
    records = [
        {"log": "begin ", "stream": "stdout", "time": "2024-05-01T10:00:00Z"},
        {"log": "aside\n", "stream": "stderr", "time": "2024-05-01T10:00:00Z"},
        {"log": "end\n", "stream": "stdout", "time": "2024-05-01T10:00:00Z"},
        {"log": "cut off", "stream": "stdout", "time": "2024-05-01T10:00:01Z"},
    ]
    (tmp_path / "c.log").write_text("".join(json.dumps(record) + "\n" for record in records))
    evidence = ih.read(str(tmp_path))
    assert evidence.logs["text"].to_list() == ["aside", "begin end", "cut off"]
    assert evidence.sources.select("rows_in", "rows_out").rows() == [(4, 4)]


@pytest.mark.parametrize("deep", [1, 3, 6])
def test_envelopes_in_envelopes_end_somewhere(tmp_path, deep):
    line = "hello"
    for _ in range(deep):
        line = json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2024-05-01T10:00:00Z"})
    (tmp_path / "c.log").write_text(line + "\n")
    evidence = ih.read(str(tmp_path))
    assert evidence.logs.height == 1
    assert "hello" in evidence.logs["text"][0]
    assert evidence.logs["time"][0].hour == 10


def test_a_container_of_docker():
    evidence = ih.read(str(shared_data("formats_more", "docker_json", "container-json.log")))
    assert evidence.sources.select("rows_in", "rows_rejected").rows() == [(10, 0)]
    assert evidence.logs["time"].min() == datetime(2016, 1, 7, 16, 49, 10, tzinfo=UTC)
    assert evidence.logs["text"].str.contains("ls").any()
    assert evidence.logs.schema["time"] == pl.Datetime("us", "UTC")


ACCESS = '10.0.0.1 - - [01/May/2024:10:00:00 +0000] "GET /health HTTP/1.1" 200 2 "-" "probe"'


def test_alike_lines_of_two_systems_are_two_messages_and_those_of_one_are_two_as_well(tmp_path):
    (tmp_path / "c.log").write_text(wrapped([ACCESS, ACCESS], "one") + wrapped([ACCESS], "two"))
    evidence = ih.read(str(tmp_path))
    assert evidence.messages["target"].sort().to_list() == ["one", "one", "two"]
    assert evidence.rejected.is_empty()


def stored(*documents, index="any-2024.05.01"):
    return "".join(
        json.dumps({"_index": index, "_id": str(number), "_source": document}) + "\n"
        for number, document in enumerate(documents)
    )


def test_documents_of_a_format_are_read_as_that_and_the_rest_by_what_their_texts_say(tmp_path):
    said = {"@timestamp": "2024-05-01T10:00:00Z"}
    lines = stored(json.loads(message(1)), index="kit")
    lines += stored(said | {"message": ACCESS, "service": {"name": "web"}}, said)
    lines += stored(said | {"message": "plain", "service": {"name": "app"}}, index="other")
    (tmp_path / "dump.json").write_text(lines)
    evidence = ih.read(str(tmp_path))
    assert evidence.messages.filter(pl.col("message_id") == "m1")["log_line"].to_list() == [1]
    assert evidence.messages.filter(pl.col("source") == "client")["target"].to_list() == ["web"]
    assert evidence.logs.select("system", "text").rows() == [("app", "plain")]
    assert any("have no text, passed over: 1" in each for each in evidence.warnings)
    assert evidence.sources.select(pl.col("rows_in", "rows_out", "rows_rejected").sum()).rows() == [(4, 4, 0)]


def test_what_the_envelope_knows_completes_the_line(tmp_path):
    streams = {"stream": {"app": "web", "trace_id": "t1"}, "values": [["1714557600000000000", ACCESS]]}
    (tmp_path / "loki.json").write_text(json.dumps({"streams": [streams]}))
    assert ih.read(str(tmp_path)).messages.select("target", "trace_id").rows() == [("web", "t1")]


def test_the_colours_of_a_terminal_are_no_text(tmp_path):
    (tmp_path / "c.log").write_text(wrapped(["\x1b[31mboom\x1b[0m", "\x1b]0;root@box\x07ready"], "box"))
    assert ih.read(str(tmp_path)).logs["text"].to_list() == ["boom", "ready"]


def test_a_container_without_a_name_has_the_short_id_that_docker_shows(tmp_path):
    (tmp_path / f"{'e7d0b7ea5ccf' + 'a' * 52}-json.log").write_text(wrapped(["hello", "world"]))
    assert ih.read(str(tmp_path)).logs["system"].unique().to_list() == ["e7d0b7ea5ccf"]
