"""SAP Cloud Integration: message processing logs of the OData API, as JSON (``d.results``) or as an ATOM feed.

A record is one log; ``log_line`` is its line where each stands on one, else its ordinal. Sender and receiver
are often not set: then the integration flow stands for them. The text of an error is behind a link and not in the log;
a message that is tried again overwrites its log, so that its earlier tries are not here.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format
from integrhealth.reading.xml.documents import root_name, root_or_refused

MARKS = re.compile(rb'"MessageGuid"\s*:|<(?:\w+:)?MessageGuid\b')
BESIDE = re.compile(rb"\b(?:LogStart|IntegrationFlowName|CorrelationId)\b")
# A log that is still written to: what it calls its end is only its latest entry.
OPEN = ("PROCESSING", "RETRY")
WELL = ("COMPLETED", *OPEN)


def recognises(head: Head) -> bool:
    """The id of a message processing log and a field that stands beside it."""
    return bool(MARKS.search(head.start) and BESIDE.search(head.start))


def records(path: Path) -> Iterator[Found]:
    """Every log of a page, or the single one."""
    if root_name(beginning(path)) is not None:
        yield from _feed(path)
        return
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        single = field(answer.value, "d")
        yield _log(answer.line, answer.value if single is None else single)


def _feed(path: Path) -> Iterator[Found]:
    root = root_or_refused(path)
    if isinstance(root, Refused):
        yield root
        return
    if any(link.get("rel") == "next" for link in root.findall("link")):
        yield Note("a link names a next page: this export is not complete unless that page is here too")
    for properties in root.iter("properties"):
        yield _log(None, {child.tag: child.text for child in properties})


def _log(line: int | None, value: Any) -> Found:
    if not isinstance(value, dict) or not value.get("MessageGuid"):
        return Refused(line, "no_message_processing_log", value)
    return Record(line, (("log", value | _made_of(value)),))


def _made_of(log: Fields) -> Fields:
    flow = log.get("IntegrationFlowName") or field(log.get("IntegrationArtifact"), "Name")
    sides = [log.get("Sender") or flow, log.get("Receiver") or flow]
    status, own = str(log.get("Status")).upper(), log.get("CustomStatus")
    return {
        "flow": flow,
        "source": sides[0],
        "target": sides[1],
        "kind": "internal" if sides[0] == sides[1] else None,
        "ended": None if status in OPEN else log.get("LogEnd"),
        "code": own if status not in WELL and own != log.get("Status") else None,
    }


FORMAT = nested_format(
    "sap_cpi",
    "SAP Cloud Integration message processing logs, as JSON or ATOM",
    recognises=recognises,
    records=records,
)
