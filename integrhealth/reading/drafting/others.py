"""Drafts of the frames besides messages: logs, metrics, readers of reports, tickets, documents, talks of teams."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from integrhealth.language.schema import FRAMES, Frame
from integrhealth.reading.drafting.begin_and_end import first_time
from integrhealth.reading.drafting.contents import Content
from integrhealth.reading.drafting.entry import Entry
from integrhealth.reading.drafting.moments import say_times
from integrhealth.reading.drafting.roles import roles
from integrhealth.reading.drafting.words import (
    REPORT_NAMES,
    TICKET_NAMES,
    TICKET_STATES,
    UNITS,
    plain,
    words_in,
)

# One of these words must be there; the other words of tickets stand in other exports too.
OF_TICKETS_ALONE = words_in(
    "ticket incident assignee assigned assignment alert technician agent requester"
    " storung vorfall bearbeiter incidencia asignado technicien tecnico behandelaar"
)
# Numbers under these words name something or place it; they measure nothing.
NO_MEASURE = words_in("id number no code port version year month day line row seq offset partition pid zip key")
MOST_METRICS = 12
# A table of more columns without a level is no log.
MOST_OF_A_LOG = 15
# The names of times at which something happened to a ticket.
STEPS = words_in(
    "created opened acknowledged resolved closed solved updated assigned reopened escalated modified started"
    " erstellt gelost geschlossen geandert aktualisiert creado resuelto cerrado actualizado cree resolu ferme modifie"
    " creato risolto chiuso aangemaakt opgelost gesloten gewijzigd apertura cierre ouverture cloture"
)


def drafted_tickets(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """Incidents: a number, when it changed, and a state, a team or a person; by several words that tickets alone have.

    A table with a row per ticket and several times gives a step for each of them.
    """
    words = {word for each in contents for word in each.words}
    ticket = words & TICKET_NAMES
    if len(ticket) < 2 or not (ticket & OF_TICKETS_ALONE):
        return []
    frame = FRAMES["incident_events"]
    chosen = roles(frame, contents)
    state = chosen.get("state")
    states = {plain(value).replace(" ", "_") for value in state.values.unique()} if state is not None else set()
    if not {"incident", "at"} <= chosen.keys() or not {"state", "team", "person"} & chosen.keys():
        return []
    if states and not states & TICKET_STATES and not ticket & {"ticket", "incident"}:
        return []
    services = [each for each in contents if "source" not in each.words]
    if "integration" not in chosen and (service := roles(FRAMES["logs"], services, only=("system",)).get("system")):
        chosen["integration"] = service
    steps = [each for each in contents if each.is_time and STEPS & set(each.words)] or [chosen["at"]]
    last = max(steps, key=lambda each: (each.filled >= 0.9, each.times.times.max()))
    entries = []
    for step in steps:
        entry = _entry(frame, chosen | {"at": step})
        if step is not last:
            entry.columns.pop("state", None)
        if "action" not in chosen:
            entry.fill("action", {"value": step.name})
        if step.filled < 1:
            entry.keys["only"] = {step.name: ["*"]}
        entry.columns = {name: entry.columns[name] for name in frame.columns if name in entry.columns}
        say_times(entry, {"at": step})
        entries.append(entry)
    return entries


def drafted_readers(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """Reads, or deliveries where the person is a recipient: a report, a person and a time, named as such."""
    words = {word for each in contents for word in each.words}
    if not words & REPORT_NAMES and not _opens_files(contents):
        return []
    received = bool(words & {"recipient", "recipients", "subscriber", "subscription"})
    frame = FRAMES["deliveries" if received else "reads"]
    chosen = roles(frame, contents)
    if not set(frame.required) <= chosen.keys():
        return []
    entry = _entry(frame, chosen)
    if "seconds" in chosen and chosen["seconds"].unit == "ms":
        del entry.columns["seconds"]
    say_times(entry, {"at": chosen["at"]})
    return [entry]


def _opens_files(contents: list[Content]) -> bool:
    """Whether an action of the records is that somebody opened or looked at something."""
    opened = r"(?i)(viewed|opened|accessed|downloaded)\b|\b(view|open|access|download|read)"
    return any(each.distinct <= 30 and each.share(opened) > 0.5 for each in contents)


def drafted_logs(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """Log lines: a time and a text, with the system, the level and the logger where there are any."""
    frame = FRAMES["logs"]
    chosen = roles(frame, contents)
    time = chosen.get("time") or first_time(contents)
    sentences = [each for each in contents if each.is_sentence and not each.is_person]
    if time is None:
        return []
    if "level" not in chosen and len(contents) > MOST_OF_A_LOG:
        return []
    if "text" not in chosen and sentences:
        chosen["text"] = max(sentences, key=lambda each: (each.filled > 0.5, each.length))
    if "text" not in chosen or not ("level" in chosen or chosen["text"].is_sentence):
        return []
    entry = _entry(frame, {"time": time} | chosen)
    if "system" not in chosen:
        entry.fill("system", {"value": system}, f"after {where}: is it the system that all of this file is of?")
    elif chosen["system"].filled < 1:
        entry.fill("system", {"first": [chosen["system"].name], "else": system})
    entry.columns = {name: entry.columns[name] for name in frame.columns if name in entry.columns}
    say_times(entry, {"time": time})
    return [entry]


def drafted_metrics(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """Values of series: a metric and a value in each row, or one column of numbers per metric."""
    frame = FRAMES["metrics"]
    chosen = roles(frame, contents)
    time = chosen.get("time") or first_time(contents)
    if time is None:
        return []
    chosen["time"] = time
    said = f"after {where}: is it the system that all of this file is of?"
    if {"metric", "value"} <= chosen.keys():
        entries = [_entry(frame, chosen)]
    else:
        if any(_names_records(each) for each in contents):
            return []
        measured = [each for each in contents if _measures(each) and each is not time][:MOST_METRICS]
        rest = {name: each for name, each in chosen.items() if name in ("time", "system")}
        entries = [_metric(_entry(frame, rest), each) for each in measured]
    told_apart = [time, *(chosen[name] for name in ("system", "metric") if name in chosen)]
    part = _part_of_system(told_apart, contents)
    for entry in entries:
        if part is not None and "system" in entry.columns:
            entry.fill("system", {"join": [entry.columns["system"], part.name], "with": "/"})
        elif part is not None:
            entry.fill("system", part.name)
        if "system" not in entry.columns:
            entry.fill("system", {"value": system}, said)
        entry.columns = {name: entry.columns[name] for name in frame.columns if name in entry.columns}
        say_times(entry, {"time": time})
    for entry in entries[1:]:
        entry.asked = []
    return entries


def _part_of_system(told_apart: list[Content], contents: list[Content]) -> Content | None:
    """A column of names without which several values are of the same time and system: a queue, a disk, a pod."""
    free = [each for each in contents if each.is_system and each.filled == 1]
    free = [each for each in free if all(each is not other for other in told_apart)]
    if _share_of_rows(told_apart) > 0.95:
        return None
    return next((each for each in free if _share_of_rows([*told_apart, each]) > 0.95), None)


def _share_of_rows(contents: list[Content]) -> float:
    rows = pl.DataFrame([each.column.alias(str(place)) for place, each in enumerate(contents)])
    return rows.n_unique() / rows.height


def _names_records(content: Content) -> bool:
    """Whether a column is an id of its own for every record: samples of a series have none."""
    number = content.is_number or content.is_comma_number
    return content.is_unique and len(content.values) > 2 and not content.is_time and not number


def _measures(content: Content) -> bool:
    number = content.is_number or content.is_comma_number
    return number and not content.is_time and not NO_MEASURE & set(content.words) and content.distinct > 1


def _metric(entry: Entry, content: Content) -> Entry:
    entry.fill("metric", {"value": content.name})
    entry.fill("value", content.name)
    if (
        unit := next((word for word in content.words if word in {*UNITS, "percent", "pct", "bytes"}), None)
    ) is not None:
        entry.fill("unit", {"value": unit})
    # What is empty in a wide table was not measured.
    if content.filled < 1:
        entry.keys["only"] = {content.name: ["*"]}
    return entry


def drafted_documents(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """Lines of business documents."""
    return _whole("documents", contents, {"created_at"})


def drafted_contacts(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """People of two teams talking."""
    return _whole("contacts", contents, {"at"})


def drafted_reports(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """An inventory of reports: each of them once."""
    words = {word for each in contents for word in each.words}
    if not words & REPORT_NAMES:
        return []
    entries = _whole("reports", contents, set())
    by_name = {each.name: each for each in contents}
    return entries if entries and by_name[entries[0].columns["report"]].is_unique else []


def _whole(name: str, contents: list[Content], times: Iterable[str]) -> list[Entry]:
    frame = FRAMES[name]
    chosen = roles(frame, contents)
    if not set(frame.required) <= chosen.keys():
        return []
    entry = _entry(frame, chosen)
    say_times(entry, {each: chosen[each] for each in times})
    return [entry]


def _entry(frame: Frame, chosen: dict[str, Content]) -> Entry:
    columns: dict[str, Any] = {name: chosen[name].origin for name in frame.columns if name in chosen}
    return Entry(frame.name, columns)
