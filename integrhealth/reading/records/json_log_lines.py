"""What a JSON object that is a log line says: when, how serious, who, and what happened."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from integrhealth.reading.records.nested import Fields, text
from integrhealth.reading.records.plain_entries import SEVERITIES

# The keys that fill a field, in the order in which they are asked; case does not matter. ``a.b`` may be nested.
KEYS = {
    "time": (
        "@timestamp",
        "timestamp",
        "time",
        "ts",
        "t.$date",
        "t",
        "@t",
        "datetime",
        "date",
        "asctime",
        "eventtime",
        "timeMillis",
        "instant.epochSecond",
    ),
    "level": (
        "level_name",
        "level",
        "severity",
        "log.level",
        "lvl",
        "@l",
        "loglevel",
        "log_level",
        "levelname",
        "severity_text",
        "s",
    ),
    "message": ("msg", "message", "fields.message", "@m", "@mt", "short_message", "event", "text", "body", "log"),
    "error": ("err.message", "error.message", "exception.message", "err", "error", "exception", "exc_info", "@x"),
    "tail": ("stack_trace", "error.stack_trace", "err.stack", "stack", "stacktrace"),
    "system": ("service.name", "service", "serviceName", "service_name", "app", "application", "app_name", "appname"),
    "name": ("name",),
    "site": (
        "logger",
        "log.logger",
        "logger_name",
        "loggerName",
        "category",
        "SourceContext",
        "channel",
        "module",
        "caller",
        "target",
        "c",
    ),
    "trace_id": ("trace_id", "traceid", "trace.id", "dd.trace_id", "mdc.traceId", "@tr", "trace"),
    "parent_id": ("span_id", "spanid", "span.id", "dd.span_id", "mdc.spanId", "@sp"),
}
# Each key in one case, and in two parts for what lies inside an object: once, and not for every record.
PLACES = {
    name: tuple((key.casefold(), key.partition(".")[0].casefold(), key.partition(".")[2]) for key in keys)
    for name, keys in KEYS.items()
}
# Levels that bunyan and pino write as numbers, and MongoDB as letters.
NUMBERED = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
LETTERED = {"F": "FATAL", "E": "ERROR", "W": "WARN", "I": "INFO", **{f"D{number}": "DEBUG" for number in range(1, 6)}}
# Neither a power written as a sign, which is a digit too, nor more digits than a number is read from.
NUMBER = re.compile(r"[0-9]{1,9}")
# What GELF, which has the numbers of syslog, and Serilog's compact format, which leaves out the usual level, have.
GELF, COMPACT, USUAL = "short_message", "@t", "INFO"
LEVEL = re.compile(
    r"trace|verbose|silly|debug|config|fine|finer|finest|info|information|informational|notice|default|http|success|"
    r"warn|warning|err|error|severe|alert|crit|critical|fatal|panic|dpanic|emerg|emergency",
    re.IGNORECASE,
)


def is_level(word: Any) -> bool:
    """Whether it says how serious a log line is: many other things have a level, or a severity."""
    return isinstance(word, str) and LEVEL.fullmatch(word.strip()) is not None


def json_object(line: str) -> dict[str, Any] | None:
    """The object that a text is, or None for any other text."""
    if not line.startswith("{"):
        return None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def log_fields(record: dict[str, Any]) -> Fields:
    """The fields of a log line, as KEYS names them, that the record has; ``text`` is its message, its error and the
    stack below. An object or a list fills a field only where nothing plain does.
    """
    folded = {str(key).casefold(): value for key, value in record.items()}
    said = {name: value for name, keys in PLACES.items() if (value := _first(folded, keys)) is not None}
    level = said.get("level", USUAL if COMPACT in folded else None)
    if level is not None:
        said["level"] = _level(level, SEVERITIES if GELF in folded else NUMBERED)
    message, error = text(said.pop("message", None)), text(said.pop("error", None))
    said["text"] = "\n".join(
        part for part in (": ".join(part for part in (message, error) if part), text(said.pop("tail", None))) if part
    )
    return said


def _level(level: Any, numbered: Mapping[int, str] | Sequence[str]) -> Any:
    """The level in words where it is a number that `numbered` has, or a letter."""
    if not NUMBER.fullmatch(str(level)):
        return LETTERED.get(level, level) if isinstance(level, str) else level
    number = int(str(level))
    if isinstance(numbered, Mapping):
        return numbered.get(number // 10 * 10, text(level))
    return numbered[number] if number < len(numbered) else text(level)


def _first(folded: dict[str, Any], keys: tuple[tuple[str, str, str], ...]) -> Any:
    plain = nested = None
    for key, above, below in keys:
        value = folded.get(key)
        if value is None and below:
            inner = folded.get(above)
            value = inner.get(below) if isinstance(inner, dict) else None
        if value is None or value == "":
            continue
        if not isinstance(value, dict | list):
            plain = value
            break
        nested = value if nested is None else nested
    return nested if plain is None else plain
