"""Tableau REST answers: views and workbooks, an inventory of reports, and jobs, each a piece of work of the server.

A view's count of views is a total without times: it tells no reading, so none is made of it. ``log_line`` is the
ordinal of the view, workbook or job.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format
from integrhealth.reading.xml.documents import LINE, root_name, root_or_refused

REPORTS, JOBS = ("view", "workbook"), ("job", "backgroundJob")
# Where an answer lists what it is about; a workbook names its views, a view its workbook, and neither is another one.
LISTS = ("views", "workbooks", "backgroundJobs", "jobs")


def recognises(head: Head) -> bool:
    """A tsResponse."""
    return root_name(head.start) == "tsResponse"


def records(path: Path) -> Iterator[Found]:
    """One record per view, workbook or job, and the error that an answer may be."""
    root = root_or_refused(path)
    if isinstance(root, Refused):
        yield root
        return
    counted = False
    for part in root:
        if part.tag == "error":
            yield Refused(None, "tableau_error", f"{part.get('code', '')} {part.findtext('summary', '')}".strip())
        elif part.tag == "pagination" and _is_one_of_several(part):
            yield Note("pagination names more pages: this answer is not complete unless those are here too")
        for each in part if part.tag in LISTS else [part]:
            counted |= each.find(".//usage") is not None
            yield from _of(each)
    if counted:
        yield Note(
            "totalViewCount is a total without times: it tells how often, not when or by whom; no reads are made"
        )


def _is_one_of_several(pagination: Element) -> bool:
    numbers = [pagination.get(name, "") for name in ("pageNumber", "pageSize", "totalAvailable")]
    if not all(number.isdecimal() for number in numbers):
        return False
    page, size, available = map(int, numbers)
    return page > 1 or page * size < available


def _of(element: Element) -> Iterator[Found]:
    if element.tag in REPORTS:
        yield Record(None, (("report", _report(element)),))
        for view in element.findall("views/view"):
            yield Record(None, (("report", _report(view)),))
    elif element.tag in JOBS:
        yield Record(None, (("job", _job(element)),))


def _report(element: Element) -> Fields:
    owner = element.find("owner")
    address = element.get("contentUrl")
    # The activity log knows a view by its id, the address of a page leaves out the word between workbook and view.
    others = (element.get("id"), address and address.replace("/sheets/", "/"))
    return {
        "report": address or element.get("id"),
        "other_names": [other for other in others if other and other != address] if address else None,
        "owner": None if owner is None else owner.get("name") or owner.get("id"),
    }


def _job(element: Element) -> Fields:
    ended = element.get("completedAt") or element.get("endedAt")
    notes = [
        note for each in element.iter() if (note := each.get("text") or (each.text if each.tag == "notes" else None))
    ]
    return {name: value for name, value in element.attrib.items() if name != LINE} | {
        "ended": ended,
        "kind": element.get("jobType") or element.get("type"),
        "outcome": element.get("finishCode") or element.get("status") or (None if ended else "pending"),
        "notes": " ".join(note.strip() for note in notes) or None,
    }


FORMAT = nested_format(
    "tableau",
    "Tableau REST answers (XML): views and workbooks as an inventory of reports, jobs as work of the server",
    recognises=recognises,
    records=records,
)
