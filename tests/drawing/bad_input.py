"""Folders that hold what nobody meant to be a log, or what somebody meant to do harm: for tests of the command line."""

import gzip
import json
import random
import re
import struct
import zlib
from pathlib import Path

# Characters that act instead of being seen: control characters and marks that turn the text around them.
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HEAD = "message_id,source,target,sent_at,status\n"
GOOD = HEAD + "m1,Shop,ERP,2026-03-01T08:00:00Z,ok\nm2,ERP,WMS,2026-03-01T08:01:00Z,failed\n"
ALL_BAD = HEAD + "m1,A,B,nope,ok\n,A,B,2026-03-01T08:00:00Z,ok\nm3,,B,2026-03-01T08:00:00Z,ok\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00" + bytes(range(256)) * 4 + b"\n\xff\xd9"
# What each must stay: text.
ATTACKS = (
    "<script>window.owned=1</script>",
    "</script><img src=x onerror=alert(1)>",
    '"onmouseover="alert(1)',
    "<svg/onload=alert(1)>",
    "<!-- ",
    "<style>*{display:none}</style>",
    "<iframe src=//evil.example>",
    "[click](javascript:alert(1))",
    "javascript:alert(1)",
    "=cmd|'/c calc'!A1",
    "$(rm -rf ~)",
    "{{7*7}}",
    "{%- if 1 %}",
    "${jndi:ldap://evil.example}",
    "&lt;b&gt;",
    "\x1b[2J\x1b[31mred\x1b]0;owned\x07",
    "\x9b31mred",
    "\u202egnp.exe\u2066 turned",
)
# Columns of messages that take any text, beside the ids, the systems and the text of the error.
NAMED = ("integration", "operation", "object_type", "error_code", "payload_hash", "actor", "currency", "checkpoint")


def folder(place: Path, files: dict[str, str | bytes]) -> Path:
    """PLACE with these files in it."""
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def png() -> bytes:
    """A picture of eight by eight grey dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    dots = zlib.compress(b"\0" + b"\x80" * 8 * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", dots) + chunk(b"IEND", b"")


def noise(size: int) -> bytes:
    """Bytes without meaning, the same ones every time."""
    return random.Random(7).randbytes(size)


def csv_rows(count: int) -> str:
    """COUNT good messages, a second apart."""
    return HEAD + "".join(
        f"m{n},Shop,ERP,2026-03-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z,ok\n" for n in range(count)
    )


def record(number: int, **changes: object) -> dict[str, object]:
    """One good message as JSON has it."""
    sent = f"2026-03-01T08:{number // 60 % 60:02}:{number % 60:02}Z"
    return {"message_id": f"m{number}", "source": "Shop", "target": "ERP", "sent_at": sent, "status": "ok"} | changes


def lines(*records: object) -> str:
    """JSON lines; a text stands as it is."""
    return "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in records)


def otlp_line(number: int) -> dict[str, object]:
    """One CLIENT span of the Shop towards the ERP, in the lines of an OTLP file exporter."""
    span = {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "order",
        "kind": 3,
        "startTimeUnixNano": str(1_772_352_000_000_000_000 + number),
        "endTimeUnixNano": str(1_772_352_001_000_000_000 + number),
        "attributes": [{"key": "peer.service", "value": {"stringValue": "ERP"}}],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "Shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}


def half(text: str) -> bytes:
    """TEXT gzipped, and the second half of that lost."""
    packed = gzip.compress(text.encode())
    return packed[: len(packed) // 2]


def overwritten(text: str) -> bytes:
    """TEXT gzipped, and a piece in the middle overwritten."""
    packed, piece = gzip.compress(text.encode()), noise(200)
    middle = len(packed) // 2
    return packed[:middle] + piece + packed[middle + len(piece) :]


def named_alike(attack: str, number: int, *, hostile: bool) -> str:
    """The attack as a name, or a harmless name of the same place in the alphabet."""
    return f"{chr(ord('a') + number)} {attack}" if hostile else f"{chr(ord('a') + number)} name"


def attacked(place: Path, *, hostile: bool) -> Path:
    """A landscape in which every text column holds each of the attacks, or its harmless twin of the same shape."""
    count = len(ATTACKS)
    names = [named_alike(attack, number, hostile=hostile) for number, attack in enumerate(ATTACKS)]
    messages = []
    for trace in range(40):
        for hop, name in enumerate(names):
            parent = f"m{trace}.{hop - 1} {names[hop - 1]}" if hop else None
            sent = f"2026-03-01T08:{trace:02}:{hop:02}"
            text = names[hop] + ("x" * 1_000_000 if hostile and trace == 0 and hop == 3 else "")
            messages.append(
                dict.fromkeys(NAMED, name)
                | {"message_id": f"m{trace}.{hop} {name}", "trace_id": f"t{trace} {names[0]}", "parent_id": parent}
                | {"source": name, "target": names[(hop + 1) % count], "object_id": f"{trace} {name}"}
                | {"sent_at": sent + "Z", "finished_at": sent + ".5Z", "answered_at": sent + ".7Z"}
                | {"kind": "request", "actor_type": "person", "error_text": text, "amount": -1.5}
                | {"status": "failed" if (hop + trace) % 3 else "ok"}
            )
    systems = [name for name in names if name.isprintable()]
    catalog = "systems:\n" + "".join(
        f"  - {{name: {json.dumps(name)}, owner: {json.dumps(name)}}}\n" for name in systems
    )
    bad = HEAD + "".join('"' + name.replace('"', "'") + '",Shop,ERP,not a time,ok\n' for name in names)
    return folder(place, {"messages.jsonl": lines(*messages), "bad.csv": bad, "catalog.yaml": catalog})
