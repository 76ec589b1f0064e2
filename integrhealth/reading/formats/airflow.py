"""Airflow in JSON: task instances and runs of DAGs, of the REST API, the command line, or rows of its database.

A record is a task instance or a run; ``log_line`` is its line, or its ordinal in a document of several lines. Each is
one message: a task inside its run, attempt by ``try_number``. The id of a run is one only within its DAG. A list of
instances holds the last try of each. What never ran has no time of its own: its run's, as far as it is in the file,
else the date the run is for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, record_keys
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MARKS = {"dag_id", "state", "start_date", "end_date"}
# What tells a run from others of its DAG, the best first: the command line gives only the date.
RUN_NAMES = ("dag_run_id", "run_id", "logical_date", "execution_date")
# The index of an instance that no mapping made several of.
UNMAPPED = ("-1", "")


def recognises(head: Head) -> bool:
    """Records with the fields of task instances or of runs."""
    keys = record_keys(head.start) if b'"dag_id"' in head.start else set()
    return keys >= MARKS and not keys.isdisjoint(RUN_NAMES)


def records(path: Path) -> Iterator[Found]:
    """Every task instance and every run of the file."""
    began = _beginnings(path)
    never = 0
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        run = _run_id(each)
        if run is None or "state" not in each:
            yield Refused(line, "no task or run of Airflow", each)
            continue
        begun = _first(each, "start_date", "queued_when", "queued_dttm", "queued_at", "end_date")
        never += begun is None
        row = {
            "id": _task_id(each, run) if _is_task(each) else run,
            "run": run,
            "parent": run if _is_task(each) else None,
            "dag": each.get("dag_id"),
            "task": _first(each, "task_id", "run_type"),
            "attempt": each.get("try_number") if each.get("try_number") != "0" else None,
            "begun": begun or began.get(run) or _first(each, "run_after", "logical_date", "execution_date"),
            "ended": each.get("end_date") if each.get("start_date") else None,
            "state": each.get("state") or "none",
        }
        yield Record(line, (("work", row),))
    if never:
        yield Note(f"records of what never began, which have the time of their run: {never:,}")


def _beginnings(path: Path) -> dict[str, Any]:
    """When each run began, as far as the file tells: its first start."""
    began: dict[str, Any] = {}
    for answer in api_records(path):
        run = _run_id(answer.value) if isinstance(answer, Value) else None
        start = field(answer.value, "start_date") if run is not None else None
        if isinstance(start, str) and start:
            began[run] = min(began.get(run, start), start)
    return began


def _run_id(each: Any) -> str | None:
    name = _first(each, *RUN_NAMES)
    return f"{each['dag_id']}/{name}" if name and isinstance(field(each, "dag_id"), str) else None


def _is_task(each: Fields) -> bool:
    return isinstance(each.get("task_id"), str)


def _task_id(task: Fields, run: str) -> str:
    index = task.get("map_index")
    mapped = f"/{index}" if isinstance(index, str) and index not in UNMAPPED else ""
    return f"{run}/{task['task_id']}{mapped}"


def _first(each: Any, *names: str) -> Any:
    return next((value for name in names if (value := field(each, name)) not in (None, "")), None)


FORMAT = nested_format(
    "airflow",
    "Airflow task instances and runs of DAGs, in JSON",
    recognises=recognises,
    records=records,
    tried="documented",
)
