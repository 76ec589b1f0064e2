"""Airbyte jobs: the answers of its own API (jobs with their attempts) and of the public one (jobs alone).

A record is a job; ``log_line`` is its line, or its ordinal in a document of several lines. Each attempt of a job is
one message, a job that was never attempted one as well. Its own API counts seconds since 1970, the public one writes
ISO times. Records that were read and not written, and a failure after which some were, make an attempt partial.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format

JOB = re.compile(rb'"job"\s*:\s*\{')
OWN = (b'"attempts"', b'"configType"', b'"createdAt"')
OPEN = ("pending", "running", "incomplete")
PUBLIC = (b'"jobId"', b'"jobType"', b'"startTime"', b'"connectionId"')


def recognises(head: Head) -> bool:
    """A job with its attempts, or the fields that the public API gives of one."""
    own = JOB.search(head.start) and all(mark in head.start for mark in OWN)
    return bool(own) or all(mark in head.start for mark in PUBLIC)


def records(path: Path) -> Iterator[Found]:
    """Every job of the file, its attempts as rows."""
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        if isinstance(job := field(each, "job"), dict):
            yield Record(line, tuple(("attempt", row) for row in _attempts(job, each.get("attempts"))))
        elif field(each, "jobId") is not None:
            yield Record(line, (("job", _public(each)),))
        else:
            yield Refused(line, "no Airbyte job", each)


def _attempts(job: Fields, attempts: Any) -> list[Fields]:
    """A row per attempt; of a job without one, what is said of the job."""
    common = {"id": job.get("id"), "connection": job.get("configId"), "type": job.get("configType")}
    # With its log, an attempt lies one level deeper.
    tried = [field(each, "attempt") or each for each in attempts] if isinstance(attempts, list) else []
    if not tried:
        return [common | {"status": job.get("status"), "begun": job.get("createdAt")}]
    return [common | _attempt(each, number) for number, each in enumerate(tried, 1)]


def _attempt(attempt: Any, number: int) -> Fields:
    failures = field(attempt, "failureSummary", "failures")
    failure = failures[0] if isinstance(failures, list) and failures else None
    origin = [field(failure, name) for name in ("failureOrigin", "failureType")]
    return {
        "attempt": number,
        "status": "partial" if _is_partial(attempt) else field(attempt, "status"),
        "begun": field(attempt, "createdAt"),
        "ended": field(attempt, "endedAt"),
        "bytes": field(attempt, "bytesSynced"),
        "code": " ".join(word for word in origin if isinstance(word, str)) or None,
        "error": field(failure, "externalMessage") or field(failure, "internalMessage"),
    }


def _is_partial(attempt: Any) -> bool:
    """Whether some of what an attempt read was written, and not all."""
    if field(attempt, "status") == "failed":
        return field(attempt, "failureSummary", "partialSuccess") is True
    emitted, committed = (_count(attempt, name) for name in ("recordsEmitted", "recordsCommitted"))
    return field(attempt, "status") == "succeeded" and None not in (emitted, committed) and emitted > committed


def _count(attempt: Any, name: str) -> Decimal | None:
    count = field(attempt, "totalStats", name)
    return Decimal(count) if isinstance(count, str) and count.isdecimal() else None


def _public(job: Fields) -> Fields:
    ended = job.get("status") not in OPEN
    return {
        "id": job.get("jobId"),
        "connection": job.get("connectionId"),
        "type": job.get("jobType"),
        "status": job.get("status"),
        "begun": job.get("startTime"),
        # It was last changed when it ended.
        "ended": job.get("lastUpdatedAt") if ended else None,
        "bytes": job.get("bytesSynced"),
    }


FORMAT = nested_format(
    "airbyte_jobs",
    "Airbyte jobs, one message per attempt",
    recognises=recognises,
    records=records,
    tried="documented",
)
