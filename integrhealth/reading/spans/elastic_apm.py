"""What Elastic APM calls a transaction, a span and its outcome, in the words of the spans frame."""

from decimal import Decimal, InvalidOperation
from typing import Any

OUTCOMES = {"success": "ok", "failure": "failed", "unknown": "unknown"}
# Transactions that somebody asked for, spans that ask another system, and what either does at a queue.
SERVED, EXIT, QUEUED = ("request",), ("db", "external", "storage", "cache", "rpc", "http"), ("messaging",)
RECEIVING = ("receive", "poll", "process", "consume")
OTEL_KINDS = ("client", "server", "producer", "consumer", "internal")
NOT_FOUND, TIMEOUTS = 404, (408, 504)


def outcome(mark: Any, http: Any, *, server: bool, otel: bool = False) -> tuple[str, str | None]:
    """The canonical status, and the `http` status where it says that something went wrong.

    A server fails from 500 on, a caller from 400 on, except that a lookup that finds nothing (404) is not a failure.
    Through the bridge to OpenTelemetry a span without a mark is a success.
    """
    code = whole(http)
    wrong = code is not None and code >= 400
    if (status := OUTCOMES.get(str(mark).lower())) in ("ok", "failed"):
        late = status == "failed" and code in TIMEOUTS
        return "timeout" if late else status, str(code) if wrong else None
    if mark is not None:
        return "unknown", str(code) if wrong else None
    if code is None:
        return "ok" if otel else "unknown", None
    failed = code >= 500 or (not server and wrong and code != NOT_FOUND)
    return ("timeout" if failed and code in TIMEOUTS else "failed" if failed else "ok"), str(code) if wrong else None


def span_kind(kind: Any, event: str, type: Any, action: Any, peer: Any) -> str | None:
    """client, server, producer, consumer or internal; what says so itself, else by what it is and does."""
    if isinstance(kind, str) and kind.lower() in OTEL_KINDS:
        return kind.lower()
    first = str(type or "").split(".")[0].lower()
    if event == "transaction":
        return "server" if first in SERVED else "consumer" if first in QUEUED else "internal"
    if first in QUEUED:
        return "consumer" if str(action or "").lower() in RECEIVING else "producer"
    return "client" if first in EXIT or peer else "internal"


def whole(number: Any, *, times: int = 1) -> int | None:
    """A number `times` over without what is behind its point, as Elastic cuts it; null for what is not a number."""
    try:
        product = Decimal(str(number)) * times
        return int(product) if abs(product) < 2**63 else None
    except (InvalidOperation, ValueError, OverflowError):
        return None
