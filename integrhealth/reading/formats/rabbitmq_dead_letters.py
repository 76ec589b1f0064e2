"""RabbitMQ: messages taken from dead letter queues, with the headers that say why and how often they died.

A record is a message, as the management API and ``rabbitmqadmin get`` hand it out; ``log_line`` is its line, or its
ordinal in a document of several lines. Each pair of queue and reason in ``x-death`` is one message from the exchange to
that queue, which failed there as often as it counts. Its time is that of the first death; only of the first of all
deaths is it known when the message was published, where the publisher wrote that. Spring keeps no ``x-death`` of what
it puts aside itself, but the exception.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MARK = re.compile(rb'"x-(?:death|exception-message|original-exchange)"\s*:')
AROUND = (b'"headers"', b'"header"')
SPRING = ("x-exception-message", "x-original-exchange")
# The exchange without a name, which is there in every broker.
UNNAMED = "RabbitMQ"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Epoch seconds stay below this for three thousand years.
MOST_SECONDS = 10**11


def recognises(head: Head) -> bool:
    """Headers that only dead letters have."""
    return bool(MARK.search(head.start)) and any(mark in head.start for mark in AROUND)


def records(path: Path) -> Iterator[Found]:
    """Every message of the file, a row for each way in which it died."""
    alive, unnamed = 0, Counter()
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        headers = _headers(each)
        if headers is None:
            yield Refused(line, "no message of RabbitMQ", each)
            continue
        rows = _rows(each, headers, unnamed)
        alive += not rows
        yield Record(line, tuple(("death", row) for row in rows))
    if alive:
        yield Note(f"messages without a death in their headers, which were put into the queue as they are: {alive:,}")


def _headers(message: Any) -> Fields | None:
    """The headers of a message, inside its properties or beside them."""
    for keys in (("properties", "headers"), ("headers",), ("header",)):
        if isinstance(headers := field(message, *keys), dict):
            return headers
    return {} if isinstance(field(message, "properties"), list | dict) and "payload" in message else None


def _rows(message: Fields, headers: Fields, unnamed: Counter[str]) -> list[Fields]:
    said = field(message, "properties")
    name = _either((said, "message_id"), (said, "messageId"), (message, "message_id"), (headers, "message-id"))
    if name is None:
        # Of messages that are alike in all, each is one: the first, the second of its kind in the file.
        made = _made_name(message, headers)
        name = f"{made}-{unnamed[made]}" if unnamed[made] else made
        unnamed[made] += 1
    common = {
        "message": name,
        "trace": _either((said, "correlation_id"), (said, "correlationId")) or name,
        "type": _either((said, "type"), (headers, "__TypeId__")),
        "error": headers.get("x-exception-message"),
        "bytes": message.get("payload_bytes"),
    }
    published = _moment(_either((said, "timestamp"), (message, "timestamp")))
    application = _either((said, "app_id"), (said, "appId"))
    deaths = headers.get("x-death")
    deaths = [each for each in deaths if isinstance(each, dict)] if isinstance(deaths, list) else []
    if not deaths:
        exchange = headers.get("x-original-exchange")
        key = headers.get("x-original-routingKey")
        is_spring = any(headers.get(header) is not None for header in SPRING)
        row = {"source": exchange or application or UNNAMED, "queue": key, "routing": key, "reason": "exception"}
        return [common | row | {"id": name, "at": published}] if is_spring else []
    # The latest death comes first.
    rows = [common | _row(each, name) for each in deaths]
    first = rows[-1]
    if published is not None:
        first |= {"died": first["at"], "at": published}
    first["source"] = first["source"] or application
    return [row | {"source": row["source"] or UNNAMED} for row in rows]


def _row(death: Fields, name: str) -> Fields:
    keys = death.get("routing-keys")
    return {
        "id": f"{name}/{death.get('queue')}/{death.get('reason')}",
        "source": death.get("exchange"),
        "queue": death.get("queue"),
        "routing": keys[0] if isinstance(keys, list) and keys else None,
        "reason": death.get("reason"),
        "count": death.get("count"),
        "at": _moment(death.get("time")),
    }


def _made_name(message: Fields, headers: Fields) -> str:
    """A name made of what a message is and when it died first, which later deaths do not change."""
    properties = message.get("properties")
    parts = [message.get("payload"), properties | {"headers": None} if isinstance(properties, dict) else None]
    parts.append({name: value for name, value in headers.items() if name != "x-death" and "last-death" not in name})
    deaths = headers.get("x-death")
    parts.append(field(deaths[-1], "time") if isinstance(deaths, list) and deaths else None)
    return f"message-{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]}"


def _moment(time: Any) -> Any:
    """Numbers are seconds, of some clients milliseconds; a text is as it is, for the reader of times."""
    if not isinstance(time, str) or not re.fullmatch(r"\d{1,13}", time):
        return time
    number = int(time)
    return (EPOCH + timedelta(seconds=number if number < MOST_SECONDS else number / 1_000)).isoformat()


def _either(*places: tuple[Any, str]) -> Any:
    values = (field(value, key) for value, key in places)
    return next((value for value in values if isinstance(value, str) and value), None)


FORMAT = nested_format(
    "rabbitmq_dead_letters",
    "RabbitMQ dead letters: why, where and how often messages died (x-death)",
    recognises=recognises,
    records=records,
    tried="documented",
)
