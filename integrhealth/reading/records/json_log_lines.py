"""What a JSON object that is a log line says: when, how serious, who, and what happened."""

from typing import Any

import orjson

from integrhealth.reading.records.nested import Fields, text

# The keys that fill a field, in the order in which they are asked; case does not matter. ``a.b`` may be nested.
KEYS = {
    "time": ("@timestamp", "timestamp", "time", "ts", "t.$date", "t", "@t", "datetime", "date", "asctime", "eventtime"),
    "level": (
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
    "site": ("logger", "log.logger", "logger_name", "loggerName", "category", "module", "caller", "target", "c"),
    "trace_id": ("trace_id", "traceid", "trace.id", "dd.trace_id", "trace"),
    "parent_id": ("span_id", "spanid", "span.id", "dd.span_id"),
}
# Levels that bunyan and pino write as numbers, and MongoDB as letters.
NUMBERED = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
LETTERED = {"F": "FATAL", "E": "ERROR", "W": "WARN", "I": "INFO", **{f"D{number}": "DEBUG" for number in range(1, 6)}}


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
    said = {name: value for name, keys in KEYS.items() if (value := _first(folded, keys)) is not None}
    level = said.get("level")
    if str(level).isdigit():
        said["level"] = NUMBERED.get(int(str(level)) // 10 * 10, text(level))
    elif isinstance(level, str):
        said["level"] = LETTERED.get(level, level)
    message, error = text(said.pop("message", None)), text(said.pop("error", None))
    said["text"] = "\n".join(
        part for part in (": ".join(part for part in (message, error) if part), text(said.pop("tail", None))) if part
    )
    return said


def _first(folded: dict[str, Any], keys: tuple[str, ...]) -> Any:
    plain = nested = None
    for key in keys:
        value = folded.get(key.casefold())
        if value is None and "." in key:
            above, _, below = key.partition(".")
            inner = folded.get(above.casefold())
            value = inner.get(below) if isinstance(inner, dict) else None
        if value is None or value == "":
            continue
        if not isinstance(value, dict | list):
            plain = value
            break
        nested = value if nested is None else nested
    return nested if plain is None else plain
