"""The two frames that files fill and nobody sees: spans and events, which become messages once all files are read."""

from typing import Any

from integrhealth.language.schema import COUNT, FLAG, FRAMES, NUMBER, TEXT, TIME, WORDS, Frame

SPAN_FRAME = Frame(
    "spans",
    "one span: a piece of work in one service, or one half of a message between two",
    {
        "trace_id": TEXT,
        "span_id": TEXT,
        "parent_id": TEXT,
        "async_parent": FLAG,
        "links": WORDS,
        "service": TEXT,
        "peer": TEXT,
        "operation": TEXT,
        "span_kind": TEXT,
        "start": TIME,
        "end": TIME,
        "status": TEXT,
        "error_code": TEXT,
        "error_text": TEXT,
        "integration": TEXT,
        "object_type": TEXT,
        "object_id": TEXT,
        "attempt": COUNT,
        "actor": TEXT,
        "actor_type": TEXT,
        "payload_hash": TEXT,
        "bytes": COUNT,
        "amount": NUMBER,
        "currency": TEXT,
        "seq": COUNT,
        "checkpoint": TEXT,
        "fallback": FLAG,
        "load_test": FLAG,
    },
    required=("span_id", "service", "start"),
)
# span_kind: client, server, producer, consumer, internal or null. peer: the other side as the span names it.
# async_parent: the parent did not wait (FOLLOWS_FROM, a link). links: other spans that it says it came from, each as
# trace:span; of a consumer the producers of its messages. status: canonical, or null where nothing marks it.
SPANS: dict[str, Any] = SPAN_FRAME.schema

BEGUN = "begun"
EVENTS = Frame(
    "message_events",
    "one event in the life of a message: begun, or one of its statuses",
    {"at": TIME, "event": TEXT}
    | {name: dtype for name, dtype in FRAMES["messages"].columns.items() if name != "status"},
    required=("message_id", "source", "target", "at", "event"),
)
"""``event`` is ``begun`` or a canonical status; ``at`` is when it happened. The other columns say what they say of a
message; those of the latest event that fills them count. Of events at the same moment ``seq`` tells the order."""

# What becomes messages, by name.
INNER_FRAMES = {frame.name: frame for frame in (SPAN_FRAME, EVENTS)}


def frame_schema(name: str) -> Frame | None:
    """The frame of that name, canonical or one that becomes messages; None for any other name."""
    return INNER_FRAMES.get(name) or FRAMES.get(name)
