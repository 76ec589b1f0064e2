"""GitHub Actions: runs of workflows and their jobs, as the REST API answers and as ``gh run list`` and ``view`` print.

A record is a run or a job; ``log_line`` is its line, or its ordinal in a document of several lines. A run is one
message per attempt, in the trace of the run; a job is one inside its attempt, each of its steps one inside the job.
A list of runs holds the last attempt of each. A run began at ``run_started_at``: ``created_at`` is that of the first
attempt. Only what is completed has an end: ``updated_at`` moves while a run goes on.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, record_keys
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

# What records have in any case: runs and jobs of the API, runs and jobs of gh, which prints the fields it is asked for.
MARKS = (
    {"run_attempt", "run_started_at"},
    {"run_id", "run_url", "started_at", "conclusion"},
    {"databaseId", "conclusion"},
)
REPOSITORY = re.compile(r"([^/]+/[^/]+)/actions/")
# gh writes the year 1 where there is no time.
NEVER = "0001-01-01"


def recognises(head: Head) -> bool:
    """Records with the fields of runs or of jobs."""
    return any(marks <= record_keys(head.start) for marks in MARKS) if b"conclusion" in head.start else False


def records(path: Path) -> Iterator[Found]:
    """Every run and every job of the file."""
    attempts: set[tuple[str, int]] = set()
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        name = _either(each, "id", "databaseId")
        if not isinstance(name, str) or not {"conclusion", "status"} & each.keys():
            yield Refused(line, "no run of GitHub Actions", each)
        elif isinstance(each.get("steps"), list) or "run_id" in each:
            yield Record(line, tuple(("work", row) for row in _job(each, name)))
        else:
            run = _run(each, name)
            attempts.add((name, int(run["attempt"])))
            yield Record(line, (("work", run),))
    if missing := sum(number > 1 and (name, number - 1) not in attempts for name, number in attempts):
        yield Note(f"runs whose earlier attempts are not in this file: {missing:,}; a list of runs holds the last ones")


def _run(run: Fields, name: str) -> Fields:
    attempt = _attempt(run, "run_attempt", "attempt")
    return _work(run) | {
        "id": f"{name}/{attempt}",
        "trace": name,
        "attempt": attempt,
        "workflow": _workflow(run, _either(run, "workflowName", "name")),
        "operation": run.get("event"),
        "begun": _time(run, "run_started_at", "startedAt", "created_at", "createdAt"),
        "ended": _time(run, "updated_at", "updatedAt") if run.get("status") == "completed" else None,
        "actor": field(run, "triggering_actor", "login") or field(run, "actor", "login"),
    }


def _job(job: Fields, name: str) -> Iterator[Fields]:
    """A job and its steps; a step that did not begin has the time of its job."""
    run, attempt = job.get("run_id"), _attempt(job, "run_attempt")
    started = _time(job, "started_at", "startedAt")
    own = _work(job) | {
        "id": name,
        "trace": run or name,
        "parent": f"{run}/{attempt}" if run else None,
        "attempt": attempt,
        "workflow": _workflow(job, _either(job, "workflow_name", "workflowName")),
        "operation": job.get("name"),
        "begun": _time(job, "created_at") or started,
        "received": started,
        "ended": _time(job, "completed_at", "completedAt"),
    }
    yield own
    steps = job.get("steps")
    for place, step in enumerate(steps if isinstance(steps, list) else [], 1):
        inside = {"id": f"{name}/{field(step, 'number') or place}", "parent": name, "operation": field(step, "name")}
        begun = _time(step, "started_at", "startedAt") or started or own["begun"]
        times = {"begun": begun, "received": None, "ended": _time(step, "completed_at", "completedAt")}
        yield own | _work(step) | inside | times


def _work(each: Any) -> Fields:
    """What happened: the conclusion of what is completed, else how far it is."""
    return {"status": field(each, "conclusion") or field(each, "status")}


def _attempt(each: Fields, *names: str) -> int:
    number = _either(each, *names)
    return int(number) if isinstance(number, str) and re.fullmatch(r"[0-9]{1,9}", number) else 1


def _workflow(each: Fields, name: Any) -> str | None:
    """The workflow in its repository: many have one of the same name."""
    addresses = (each.get(key) for key in ("html_url", "url", "run_url"))
    matches = (REPOSITORY.search(each) for each in addresses if isinstance(each, str))
    repository = field(each, "repository", "full_name") or next((match[1] for match in matches if match), None)
    return ": ".join(part for part in (repository, name) if isinstance(part, str)) or None


def _either(each: Any, *names: str) -> Any:
    return next((value for name in names if (value := field(each, name)) not in (None, "")), None)


def _time(each: Any, *names: str) -> Any:
    times = (field(each, name) for name in names)
    return next((time for time in times if isinstance(time, str) and time and not time.startswith(NEVER)), None)


FORMAT = nested_format(
    "github_actions",
    "GitHub Actions: runs of workflows, one message per attempt, with jobs and steps",
    recognises=recognises,
    records=records,
    tried="documented",
)
