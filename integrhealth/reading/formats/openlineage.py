"""OpenLineage events: one per line, an array of them, or a single one.

A record is an event; ``log_line`` is its line, or its ordinal in a document of several lines. The events of a run
become one message, told in several events over all files. What a run is a part of, and which systems its datasets are
in, is gathered over the file: any of its events may say so. Events about a job or a dataset alone tell of no run, only
of edges and owners. Who owns a job or a dataset is a row where it is first told, and where it changes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, record_keys
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MOMENT = re.compile(rb'"eventTime"\s*:\s*"|"eventType"\s*:\s*"(START|RUNNING|COMPLETE|ABORT|FAIL|OTHER)"')
SUBJECT = re.compile(rb'"(run|job|dataset)"\s*:\s*\{')
# What an event has beside its moment: of all logs that have an eventTime, only these have two of them.
PARTS = {"run", "job", "dataset", "inputs", "outputs", "producer", "schemaURL"}
# Tells more of a run at any time, also after its end.
ASIDE = "OTHER"
# Digits of a size; more is not a size of anything.
DIGITS = 18


@dataclass
class _Run:
    """What the events of one run say together."""

    parent: str | None = None
    root: str | None = None
    reads: str | None = None
    writes: str | None = None
    lived: bool = False
    states: list[tuple[str, str]] = attribute(default_factory=list)

    def taken_back(self) -> set[str]:
        """The times at which the run is called complete after it failed, with no start between: failed is an end."""
        ordered = sorted(self.states, key=lambda state: state[0])
        return {at for (_, before), (at, state) in pairwise(ordered) if (before, state) == ("FAIL", "COMPLETE")}


def recognises(head: Head) -> bool:
    """The time or the type of an event, beside the run, job or dataset that it is about and who tells of it."""
    if not MOMENT.search(head.start) or not SUBJECT.search(head.start):
        return False
    keys = record_keys(head.start)
    return bool(keys & {"eventTime", "eventType"}) and len(keys & PARTS) > 1


def records(path: Path) -> Iterator[Found]:
    """Every event: of a run as a row of its life, and edges and owners where they are first told."""
    runs, edges, owned = _runs(path), set(), {}
    taken_back = {(name, at) for name, run in runs.items() for at in run.taken_back()}
    for line, event in _events(path):
        if isinstance(event, Refused | Note):
            yield event
            continue
        if (left := _template(event)) is not None:
            yield Refused(line, f"template:{left}", event)
            continue
        moment = (_name(event, "run", "runId"), _name(event, "eventTime"))
        late = event.get("eventType") == "COMPLETE" and moment in taken_back
        rows = [("run", _told(event, runs))] if _is_of_a_run(event, runs) and not late else []
        for edge in product(_systems(event, "inputs"), _systems(event, "outputs")):
            if edge[0] != edge[1] and edge not in edges:
                edges.add(edge)
                rows.append(("edge", {"source": edge[0], "target": edge[1]}))
        for what, owners in _owners(event).items():
            if owned.get(what) != owners:
                owned[what] = owners
                rows += [("owner", _owned(what, owner, event)) for owner in owners]
        yield Record(line, tuple(rows))
    if taken_back:
        yield Note(f"runs called complete after they failed, with no start between, are failed: {len(taken_back):,}")


def _events(path: Path) -> Iterator[tuple[int | None, Any]]:
    for event in api_records(path):
        if not isinstance(event, Value):
            yield None, event
        elif _is_event(event.value):
            yield event
        else:
            yield None, Refused(event.line, "no OpenLineage event", event.value)


def _is_event(value: Any) -> bool:
    return any(isinstance(field(value, part), dict) for part in ("run", "job", "dataset"))


def _template(event: Fields) -> str | None:
    """Which of the two values that no run can do without is a place that a template left open."""
    template = {"eventTime": event.get("eventTime"), "runId": field(event, "run", "runId")}
    return next((name for name, value in template.items() if isinstance(value, str) and "{{" in value), None)


def _runs(path: Path) -> dict[str, _Run]:
    """The runs of a file by their id."""
    runs: dict[str, _Run] = {}
    for _, event in _events(path):
        if not isinstance(name := field(event, "run", "runId"), str):
            continue
        run = runs.setdefault(name, _Run())
        parent = field(event, "run", "facets", "parent")
        run.parent = run.parent or _name(parent, "run", "runId")
        run.root = run.root or _name(parent, "root", "run", "runId")
        reads, writes = _systems(event, "inputs"), _systems(event, "outputs")
        run.writes = run.writes or next(iter(writes), None)
        # Of several, one that lies elsewhere: that is where data crossed.
        run.reads = run.reads or next((each for each in reads if each != run.writes), next(iter(reads), None))
        state, at = field(event, "eventType"), field(event, "eventTime")
        run.lived |= state not in (None, ASIDE)
        if isinstance(state, str) and isinstance(at, str) and state != ASIDE:
            run.states.append((at, state))
    return runs


def _is_of_a_run(event: Fields, runs: dict[str, _Run]) -> bool:
    """Whether an event is a step in the life of a run; an aside is one only where nothing else tells of the run."""
    kind, name = event.get("eventType"), field(event, "run", "runId")
    aside = kind == ASIDE and isinstance(name, str) and runs[name].lived
    return kind is not None and isinstance(event.get("run"), dict) and not aside


def _told(event: Fields, runs: dict[str, _Run]) -> Fields:
    name = field(event, "run", "runId")
    run = runs[name] if isinstance(name, str) else _Run()
    system = _name(event, "job", "namespace")
    source, target = run.reads or system, run.writes or system
    return {
        "run": name,
        "trace": _root(name, runs),
        "parent": run.parent,
        "job": field(event, "job", "name"),
        "type": field(event, "job", "facets", "jobType", "jobType"),
        "source": source,
        "target": target,
        # Its parent waits for a run: only work inside one system can be said to be of a kind.
        "kind": "internal" if source == target else None,
        "dataset": _first_output(event),
        "bytes": _bytes(event),
        "event": event.get("eventType"),
        "at": event.get("eventTime"),
        "error": field(event, "run", "facets", "errorMessage", "message"),
    }


def _root(name: Any, runs: dict[str, _Run]) -> Any:
    """The run that all of this began with: as told, else the topmost that the file knows of."""
    passed = set()
    while isinstance(name, str) and name in runs and name not in passed:
        passed.add(name)
        run = runs[name]
        if run.root or not run.parent:
            return run.root or name
        name = run.parent
    return name


def _datasets(event: Any, side: str) -> list[Any]:
    datasets = field(event, side)
    return datasets if isinstance(datasets, list) else []


def _systems(event: Any, side: str) -> list[str]:
    """The namespaces of the datasets on one side, each once."""
    return list(dict.fromkeys(name for each in _datasets(event, side) if (name := _name(each, "namespace"))))


def _first_output(event: Fields) -> str | None:
    return next((name for each in _datasets(event, "outputs") if (name := _name(each, "name"))), None)


def _bytes(event: Fields) -> str | None:
    """The bytes written to all outputs that say so."""
    sizes = [field(each, "outputFacets", "outputStatistics", "size") for each in _datasets(event, "outputs")]
    counts = [int(size) for size in sizes if isinstance(size, str) and size.isdecimal() and len(size) <= DIGITS]
    return str(sum(counts)) if counts else None


def _owners(event: Fields) -> dict[tuple[str, str], list[tuple[str, str | None]]]:
    """The owners, each with its role, that the facets of the job and of the datasets name, by what they own."""
    datasets = [event.get("dataset"), *_datasets(event, "inputs"), *_datasets(event, "outputs")]
    owner_of: dict[tuple[str, str], list[tuple[str, str | None]]] = {}
    for kind, each in [("integration", event.get("job")), *(("dataset", each) for each in datasets)]:
        owners = field(each, "facets", "ownership", "owners")
        listed = owners if isinstance(owners, list) else []
        names = [(name, _name(owner, "type")) for owner in listed if (name := _name(owner, "name"))]
        if (what := _name(each, "name")) and names:
            owner_of[kind, what] = names
    return owner_of


def _owned(what: tuple[str, str], owner: tuple[str, str | None], event: Fields) -> Fields:
    (kind, subject), (name, role) = what, owner
    return {"kind": kind, "subject": subject, "owner": name, "role": role, "at": event.get("eventTime")}


def _name(value: Any, *keys: str) -> str | None:
    name = field(value, *keys)
    return name if isinstance(name, str) and name else None


FORMAT = nested_format(
    "openlineage",
    "OpenLineage run events: what ran, on which datasets, and how it ended",
    recognises=recognises,
    records=records,
)
