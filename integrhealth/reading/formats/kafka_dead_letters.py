"""Kafka: records of dead letter topics with the headers of Kafka Connect or of Spring, as ``kcat -J`` prints them.

A record is one of the topic; ``log_line`` is its line, or its ordinal in a document of several lines. Each is one
message that went from its first topic to a connector, or to a group of consumers, and failed there. Its time is when
it was put aside: the topic does not say when it was first written.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

CONNECT, SPRING = "__connect.errors.", "kafka_dlt-"
MARK = re.compile(rb'"(?:__connect\.errors\.|kafka_dlt-)')


def recognises(head: Head) -> bool:
    """Headers that Kafka Connect or Spring gives to dead letters, in a record of a topic."""
    return bool(MARK.search(head.start)) and b'"headers"' in head.start and b'"offset"' in head.start


def records(path: Path) -> Iterator[Found]:
    """Every record of the file."""
    plain = 0
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        if field(each, "topic") is None or field(each, "offset") is None:
            yield Refused(line, "no record of a topic", each)
            continue
        row = _row(each, _headers(each.get("headers")))
        plain += row is None
        yield Record(line, (("death", row),) if row else ())
    if plain:
        yield Note(f"records without the headers of a dead letter, which say nothing of a failure: {plain:,}")


def _headers(headers: Any) -> Fields:
    """Names and values: kcat writes them by turns in one list, others as an object or as a list of objects."""
    if isinstance(headers, dict):
        return headers
    if not isinstance(headers, list):
        return {}
    if all(isinstance(each, dict) for each in headers):
        return {key: field(each, "value") for each in headers if isinstance(key := field(each, "key"), str)}
    return {name: value for name, value in zip(headers[::2], headers[1::2], strict=False) if isinstance(name, str)}


def _row(record: Fields, headers: Fields) -> Fields | None:
    common = {"id": "/".join(str(record.get(name)) for name in ("topic", "partition", "offset"))}
    common["at"] = record.get("ts") or record.get("timestamp")
    if (topic := headers.get(f"{CONNECT}topic")) is not None:
        first = [topic, headers.get(f"{CONNECT}partition"), headers.get(f"{CONNECT}offset")]
        return common | {
            "trace": "/".join(map(str, first)),
            "topic": topic,
            "reader": headers.get(f"{CONNECT}connector.name"),
            "stage": headers.get(f"{CONNECT}stage"),
            "code": headers.get(f"{CONNECT}exception.class.name"),
            "error": headers.get(f"{CONNECT}exception.message"),
        }
    if (topic := headers.get(f"{SPRING}original-topic")) is not None:
        cause = headers.get(f"{SPRING}exception-cause-fqcn") or headers.get(f"{SPRING}exception-fqcn")
        return common | {
            "trace": common["id"],
            "topic": topic,
            "reader": headers.get(f"{SPRING}original-consumer-group"),
            "code": cause,
            "error": headers.get(f"{SPRING}exception-message"),
        }
    return None


FORMAT = nested_format(
    "kafka_dead_letters",
    "Kafka dead letters of Kafka Connect and Spring, as kcat prints them in JSON",
    recognises=recognises,
    records=records,
    tried="documented",
)
