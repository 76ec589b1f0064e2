"""Events that a search of Splunk gave, as CSV or as JSON: ``_raw`` is the line, and the fields around it say of whom.

``system`` is the host, ``site`` the file that the line came from. Without ``_time`` the time is the one that the line
begins with. An export by the API may begin with previews, which come again in the result.
https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTsearch
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.log_exports import Export, export_names, export_records
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.line_beginnings import leading_times
from integrhealth.reading.records.nested import Found, Record

RAW, RESULT, PREVIEW = "_raw", "result", "preview"
# What Splunk knows of every event.
ORIGIN = {"source", "sourcetype", "host"}
EXPORT = Export(
    time=("_time",),
    system=("host",),
    text=(RAW,),
    level=("log_level", "level", "severity", "loglevel"),
    site=("source",),
    trace_id=("trace_id", "traceid"),
    span_id=("span_id", "spanid"),
    log_id=("_cd",),
)


def recognises(head: Head) -> bool:
    """Lines beside their time or where they came from; or results of the API with lines in them."""
    if RAW.encode() not in head.start:
        return False
    names = export_names(head)
    return {PREVIEW, RESULT} <= names or (RAW in names and ("_time" in names or len(ORIGIN & names) > 1))


def records(path: Path) -> Iterator[Found]:
    """One record per event."""
    read = list(export_records(path, EXPORT, entries=_results))
    untimed = [each for each in read if isinstance(each, Record) and each.rows and not each.rows[0][1]["time"]]
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    times = iter(leading_times([each.rows[0][1]["text"] for each in untimed], written=written))
    waiting = set(map(id, untimed))
    for each in read:
        if id(each) in waiting and isinstance(each, Record):
            ((kind, fields),) = each.rows
            yield each._replace(rows=((kind, fields | {"time": next(times)}),))
        else:
            yield each


def _results(value: dict[str, Any]) -> list[Any]:
    """The event in what the API exports; none in a preview, and none at the end of the results."""
    if PREVIEW not in value:
        return [value]
    return [value[RESULT]] if RESULT in value and value[PREVIEW] is not True else []


FORMAT = envelope(
    name="splunk",
    description="Splunk: the events of a search, as CSV or JSON",
    recognises=recognises,
    records=records,
)
