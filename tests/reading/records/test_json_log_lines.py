"""What a JSON object that is a log line says, whatever the names of its fields are."""

# ruff: noqa: E501 -- a line of a log stays on one line

import pytest

from integrhealth.reading.records.json_log_lines import is_level, json_object, log_fields


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"level": 30, "msg": "up"}, {"level": "INFO", "text": "up"}),
        ({"level": 35, "msg": "up"}, {"level": "INFO", "text": "up"}),
        ({"level": "60", "msg": "up"}, {"level": "FATAL", "text": "up"}),
        ({"Level": "warn", "Message": "up"}, {"level": "warn", "text": "up"}),
        ({"s": "D2", "msg": "up"}, {"level": "DEBUG", "text": "up"}),
        ({"level": 400, "level_name": "ERROR", "message": "up"}, {"level": "ERROR", "text": "up"}),
        ({"level": 3, "short_message": "up"}, {"level": "ERROR", "text": "up"}),
        ({"level": 9, "short_message": "up"}, {"level": "9", "text": "up"}),
        ({"@t": "2024", "@m": "up"}, {"time": "2024", "level": "INFO", "text": "up"}),
        ({"@t": "2024", "@mt": "a {B}", "@l": "Error", "@x": "X: y"}, {"time": "2024", "level": "Error", "text": "a {B}: X: y"}),
        ({"service": {"name": "pay"}, "msg": "up"}, {"system": "pay", "text": "up"}),
        ({"service.name": "pay", "name": "logger", "msg": "up"}, {"system": "pay", "name": "logger", "text": "up"}),
        ({"log": {"level": "info", "logger": "a"}, "message": "up"}, {"level": "info", "site": "a", "text": "up"}),
        ({"t": {"$date": "2024"}, "c": "NETWORK", "msg": "up"}, {"time": "2024", "site": "NETWORK", "text": "up"}),
        ({"msg": "failed", "err": {"message": "down", "stack": "Error: down\n at x"}}, {"text": "failed: down\nError: down\n at x"}),
        ({"message": "failed", "error": "down", "stack_trace": "at x"}, {"text": "failed: down\nat x"}),
        ({"error": "down"}, {"text": "down"}),
        ({"msg": "", "message": "up"}, {"text": "up"}),
        ({"msg": None, "level": None}, {"text": ""}),
        ({"msg": {"a": 1}, "message": "up"}, {"text": "up"}),
        ({"msg": {"a": "x"}}, {"text": '{"a": "x"}'}),
        ({"fields": {"message": "up", "port": 1}, "target": "a::b"}, {"site": "a::b", "text": "up"}),
        ({"mdc": {"traceId": "t", "spanId": "s"}, "message": "up"}, {"trace_id": "t", "parent_id": "s", "text": "up"}),
        ({}, {"text": ""}),
    ],
)  # fmt: skip
def test_the_names_differ_and_the_meanings_do_not(record, said):
    assert log_fields(record) == said


@pytest.mark.parametrize("word", ["INFO", "Information", "warn", "dpanic", "silly", " error "])
def test_a_level_is_a_word_for_how_serious_it_is(word):
    assert is_level(word)


@pytest.mark.parametrize("word", ["high", "7", "gold", "informative", "", None, 7, ["INFO"], {"level": "INFO"}])
def test_many_other_things_have_a_level(word):
    assert not is_level(word)


@pytest.mark.parametrize("line", ["[1]", "plain", '{"a": ', "", '"{}"', " {}"])
def test_only_a_whole_object_is_one(line):
    assert json_object(line) is None


@pytest.mark.parametrize("level", ["\u00b2", "9" * 5_000, "\u0663", -1, 1e300])
def test_what_only_looks_like_a_number_stays_what_it_is(level):
    assert log_fields({"msg": "up", "level": level})["level"] == level
