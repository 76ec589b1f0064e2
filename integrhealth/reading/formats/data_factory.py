"""Azure Data Factory runs of activities and of pipelines: query answers, lists, or single runs.

A record is one run of an activity or of a pipeline; ``log_line`` is its line where each stands on one, else its
ordinal. PowerShell writes the same fields, their names with a capital, and objects that lie deep as text,
``@{source=; sink=}``: such text says nothing of the systems, and an error in it is kept as it is written.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

ACTIVITY = re.compile(rb'"activityRunId"\s*:', re.IGNORECASE)
PIPELINE = re.compile(rb'"runStart"\s*:', re.IGNORECASE)
PIPELINE_NAME = re.compile(rb'"pipelineName"\s*:', re.IGNORECASE)
# Diagnostic logs have the same ids, and an event for every step of a run.
DIAGNOSTIC = re.compile(rb'"category"\s*:\s*"(?:Activity|Pipeline|Trigger)Runs"', re.IGNORECASE)
FACTORY = re.compile(r"/factories/([^/]+)/", re.IGNORECASE)
UNNAMED = "Azure Data Factory"
# More is neither a count nor a duration of anything.
DIGITS = 18


def recognises(head: Head) -> bool:
    """The ids of a run of an activity, or the name and start of one of a pipeline."""
    start = head.start
    of_a_run = PIPELINE_NAME.search(start) and (ACTIVITY.search(start) or PIPELINE.search(start))
    return bool(of_a_run) and not DIAGNOSTIC.search(start)


def records(path: Path) -> Iterator[Found]:
    """Every run of an activity or a pipeline."""
    told_to_fail, failed = set(), set()
    for run in api_records(path):
        record = _run(*run) if isinstance(run, Value) else run
        if isinstance(record, Record):
            fields = record.rows[0][1]
            pipeline = str(fields.get("pipelineRunId") or fields.get("runId"))
            (told_to_fail if fields.get("told_to_fail") else failed if _failed(fields) else set()).add(pipeline)
        yield record
    if alone := len(told_to_fail - failed):
        yield Note(
            f"pipeline runs that a Fail activity ended, and nothing else in the file says that they failed: {alone:,}"
        )


def _run(line: int | None, value: Any) -> Found:
    if not isinstance(value, dict):
        return Refused(line, "not_an_object", value)
    run = {name[:1].lower() + name[1:]: inner for name, inner in value.items()}
    if run.get("activityRunId"):
        return Record(line, (("activity", run | _activity(run)),))
    if run.get("runId"):
        own = {"factory": _factory(run), "invoked_by": field(run.get("invokedBy"), "name")}
        return Record(line, (("pipeline", run | own),))
    return Refused(line, "no_run_of_an_activity_or_pipeline", value)


def _activity(run: Mapping[str, Any]) -> Fields:
    output, factory = run.get("output"), _factory(run)
    # A Fail activity does what it was made for: the failure is that of the run, which it ends.
    told_to_fail = _failed(run) and str(run.get("activityType")).casefold() == "fail"
    source, sink = (_system(run, side) for side in ("source", "sink"))
    alone = run.get("linkedServiceName") if isinstance(run.get("linkedServiceName"), str) else None
    target = sink or (None if source else alone) or factory
    return {
        "source": source or factory,
        "target": target,
        "kind": "internal" if (source or factory) == target else "batch",
        "attempt": _attempt(run),
        "queued": _queued(output),
        "bytes": _first(field(output, "dataWritten"), field(output, "dataRead")),
        "rows_lost": _lost(output),
        "files_lost": field(output, "filesSkipped"),
        "errors": len(errors) if isinstance(errors := field(output, "errors"), list) else None,
        "status": "Succeeded" if told_to_fail else run.get("status"),
        "told_to_fail": told_to_fail,
        **_error(run),
    }


def _failed(run: Mapping[str, Any]) -> bool:
    return str(run.get("status")).casefold() == "failed"


def _factory(run: Mapping[str, Any]) -> str:
    match = FACTORY.search(run["id"]) if isinstance(run.get("id"), str) else None
    return match[1] if match else UNNAMED


def _system(run: Mapping[str, Any], side: str) -> str | None:
    """What a copy read from or wrote to: as it ran, else as it was asked."""
    details = field(run.get("output"), "executionDetails")
    ran = details[0] if isinstance(details, list) and details else None
    type_name = _first(field(ran, side, "type"), field(run.get("input"), side, "type"))
    return type_name if isinstance(type_name, str) and type_name else None


def _attempt(run: Mapping[str, Any]) -> Any:
    """The first try has no number, the first after it is 1."""
    if "retryAttempt" not in run:
        return None
    number = _number(_first(run["retryAttempt"], "0"))
    return run["retryAttempt"] if number is None else int(number) + 1


def _queued(output: Any) -> str | None:
    """Seconds in the queue of the integration runtime: of the whole activity, else of the copy."""
    details = field(output, "executionDetails")
    ran = details[0] if isinstance(details, list) and details else None
    seconds = _number(field(output, "durationInQueue", "integrationRuntimeQueue"))
    copied = _number(field(ran, "detailedDurations", "queuingDuration"))
    waits = [wait for wait in (seconds, copied) if wait is not None]
    return str(max(waits)) if waits else None


def _lost(output: Any) -> str | None:
    """Rows that were read and did not arrive: told as skipped, or silently missing."""
    read, copied, skipped = (_number(field(output, name)) for name in ("rowsRead", "rowsCopied", "rowsSkipped"))
    missing = abs(read - copied) if read is not None and copied is not None else None
    counts = [count for count in (missing, skipped) if count is not None]
    return str(max(counts)) if counts else None


def _error(run: Mapping[str, Any]) -> Fields:
    error = run.get("error")
    if str(run.get("status")).casefold() == "succeeded":
        return {}
    if isinstance(error, str):
        return {"error_text": error}
    code = _first(field(error, "errorCode") or None, field(error, "failureType"))
    return {"error_code": code, "error_text": field(error, "message")}


def _first(one: Any, other: Any) -> Any:
    return other if one is None else one


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and abs(number.adjusted()) < DIGITS else None


FORMAT = nested_format(
    "data_factory",
    "Azure Data Factory runs of activities and pipelines, with rows lost and time in the queue",
    recognises=recognises,
    records=records,
)
