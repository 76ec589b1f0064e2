"""Messages drafted from a table: an id, the two systems, when, with which status, and what else there is."""

import re
from itertools import combinations
from typing import Any

import polars as pl

from integrhealth.language.schema import FRAMES
from integrhealth.reading.drafting.begin_and_end import begin_with_the_first, first_time, say_ends
from integrhealth.reading.drafting.contents import Content
from integrhealth.reading.drafting.entry import Entry
from integrhealth.reading.drafting.moments import say_times
from integrhealth.reading.drafting.roles import ends_by_values, identifies, looks_like_ids, roles, two_ends
from integrhealth.reading.drafting.statuses import (
    COUNTED,
    ERRORS,
    failure_column,
    say_status,
    status_column,
    unexplained_status,
)
from integrhealth.reading.drafting.words import LEVELS, plain, words_in

MESSAGES = FRAMES["messages"]
LEFT_OUT = ("actor_type", "payload_hash", "kind", "checkpoint", "fallback", "load_test", "status", "seq")
INBOUND = words_in(
    "in inbound incoming received receive receiving i rx inboundapi inbound-api import download get pull"
    " eingang eingehend entrada entrante entrant entree reception recepcion ingresso ricevuto"
)
OUTBOUND = words_in(
    "out outbound outgoing sent send sending o tx outboundapi outbound-api export upload put push"
    " ausgang ausgehend salida saliente sortant sortie envoi envio uscita inviato"
)
CALLED = words_in("address endpoint webhook callback target destination request host hook upstream backend service")
QUEUES = frozenset(["queue", "topic", "exchange"])
# More columns than this make no id that anybody would want.
MOST_JOINED = 4


def drafted_messages(contents: list[Content], system: str, *, where: str) -> list[Entry]:
    """The entries that read a table as messages; none where it has no time, or nothing that means a status.

    `system` is the one that a file of one system speaks of, after `where`: its name or its folder.
    """
    status = status_column(contents)
    rest = [each for each in contents if each is not status]
    chosen = roles(MESSAGES, [each for each in rest if leads_to_a_system(each, status)], without=LEFT_OUT)
    ends = two_ends(rest)
    if ends is None and not {"source", "target"} & chosen.keys():
        ends = ends_by_values(rest)
    if ends is not None:
        chosen = {name: each for name, each in chosen.items() if all(each is not end for end in ends)}
        chosen |= dict(zip(("source", "target"), ends, strict=True))
    _name_by_content(chosen, rest, status)
    begin_with_the_first(chosen, rest)
    start = chosen.get("sent_at") or chosen.get("finished_at") or first_time(rest)
    failure = None if status is not None else failure_column(rest)
    if status is None and failure is None and {"source", "target", "message_id"} & chosen.keys():
        status = unexplained_status(rest)
    if start is None or (status is None and failure is None):
        return []
    # The level of a line says how a message ended only where there are two systems that it went between.
    if status is not None and status.is_level and not {"source", "target"} <= chosen.keys():
        return []
    entry = Entry("messages", {})
    say_ends(entry, chosen, start, rest)
    say_status(entry, status, failure, rest)
    if failure is not None:
        chosen.pop("error_text", None)
    _prefer_a_text_of_errors(chosen, rest)
    direction = direction_column(rest, chosen)
    _say_systems(entry, chosen, rest, system, where, direction)
    _say_id(entry, chosen, rest, start)
    _leave_out_empty_links(entry, chosen)
    _say_others(entry, chosen, rest)
    used = {name: chosen[name] for name in ("sent_at", "received_at", "finished_at", "answered_at") if name in chosen}
    used = {name: content for name, content in used.items() if entry.columns.get(name) == content.origin}
    say_times(entry, used or {"sent_at": start})
    entry.columns = {name: entry.columns[name] for name in MESSAGES.columns if name in entry.columns}
    return both_ways(entry, direction) if direction is not None else [entry]


def _prefer_a_text_of_errors(chosen: dict[str, Content], rest: list[Content]) -> None:
    """Not a text that every record has, where another is there on some only."""
    if "error_text" in chosen and chosen["error_text"].filled > 0.95:
        some = roles(MESSAGES, [each for each in rest if each.filled <= 0.95], only=("error_text",))
        chosen |= {name: each for name, each in some.items() if all(each is not other for other in chosen.values())}


def _name_by_content(chosen: dict[str, Content], rest: list[Content], status: Content | None) -> None:
    """An id and a partner that no name gives away: what differs in every record, and a URL that was called."""
    if "message_id" not in chosen:
        trace = chosen.get("trace_id")
        if trace is not None and trace.is_unique and identifies(trace):
            chosen["message_id"] = chosen.pop("trace_id")
        elif (unique := next((each for each in rest if looks_like_ids(each)), None)) is not None:
            chosen["message_id"] = unique
            for name in [name for name, each in chosen.items() if each is unique and name != "message_id"]:
                del chosen[name]
    if "target" not in chosen:
        called = [each for each in rest if each.is_url and each.filled == 1 and leads_to_a_system(each, status)]
        if called:
            chosen["target"] = called[0]


def leads_to_a_system(content: Content, status: Content | None) -> bool:
    """A URL that was called; not one under which to look at the record."""
    called = bool(CALLED & set(content.words)) or (status is not None and status.is_http)
    return called or not content.is_url


def direction_column(contents: list[Content], chosen: dict[str, Content]) -> Content | None:
    """A column of in and out, where only one partner stands beside it."""
    if "source" in chosen and "target" in chosen:
        return None
    for content in contents:
        folded = {plain(value).split(" ")[0] for value in content.values.unique()}
        if folded <= INBOUND | OUTBOUND and "direction" in {*content.words, *_synonym(content.words)}:
            return content
    return None


def _synonym(words: list[str]) -> set[str]:
    names = {"direction", "inout", "dir", "richtung", "sentido", "sens", "direccion", "direzione", "direcao", "way"}
    return {"direction"} if names & set(words) else set()


def _say_systems(
    entry: Entry,
    chosen: dict[str, Content],
    rest: list[Content],
    system: str,
    where: str,
    direction: Content | None,
) -> None:
    path = path_column(rest)
    if path is not None:
        chosen["operation"] = path
    source, target = chosen.get("source"), chosen.get("target")
    if source is not None:
        entry.fill("source", _system(source, system, entry))
    if target is not None:
        entry.fill("target", _system(target, system, entry))
    if source is not None and target is not None:
        _say_kind(entry, target)
        return
    constant = {"value": system}
    why = f"after {where}: is it the system that all of this file is of?"
    if source is not None or target is not None:
        missing = "source" if source is None else "target"
        entry.fill(missing, constant, why)
        _say_kind(entry, target)
        return
    own = system_column(rest, chosen)
    if path is not None:
        entry.fill("source", {"value": "client"}, "whoever called; addresses are not systems")
        entry.fill("target", constant if own is None else _system(own, system, entry), why if own is None else "")
        entry.fill("kind", {"value": "request"})
        return
    if own is not None and direction is not None:  # the one at the other end
        entry.fill("source", constant, why)
        entry.fill("target", _system(own, system, entry))
        return
    if own is not None:
        entry.fill("source", _system(own, system, entry), "work inside one system")
        entry.fill("target", _system(own, system, entry))
    else:
        entry.fill("source", constant, why)
        entry.fill("target", constant, "no column names another system: work inside this one")
    entry.fill("kind", {"value": "internal"})


def _system(content: Content, system: str, entry: Entry) -> Any:
    if content.is_url:
        return {"host": content.name}
    if content.filled < 1:
        return {"first": [content.name], "else": system}
    return content.origin


def _say_kind(entry: Entry, target: Content | None) -> None:
    if target is not None and QUEUES & set(target.words):
        entry.fill("kind", {"value": "queue"})


def system_column(contents: list[Content], chosen: dict[str, Content]) -> Content | None:
    """The column of the system that a record is of."""
    free = [each for each in contents if all(each is not other for other in chosen.values())]
    own = roles(FRAMES["logs"], free, only=("system",)).get("system")
    return own if own is not None and own.filled > 0.5 else None


def path_column(contents: list[Content]) -> Content | None:
    """The paths of requests, where a method of HTTP stands beside them, or the address of a client."""
    methods = any(each.share(r"^(GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS)$") > 0.9 for each in contents)
    if not methods and not any(each.is_address for each in contents):
        return None
    return next((each for each in contents if each.share(r"^/") > 0.9), None)


def _say_id(entry: Entry, chosen: dict[str, Content], rest: list[Content], start: Content) -> None:
    own = chosen.get("message_id")
    if own is not None and _differ([own, start]):
        entry.fill("message_id", own.origin)
        return
    whole = [each for each in rest if each.column.null_count() == 0 and each is not start]
    order = sorted(whole, key=lambda each: (each is not own, each.is_sentence, -each.distinct))[:8]
    for size in range(1, MOST_JOINED):
        for parts in combinations(order, size):
            if _differ([start, *parts]):
                names = list(dict.fromkeys(name for each in (start, *parts) for name in each.names))
                entry.fill("message_id", {"join": names, "with": "/"}, "no column is an id: these together differ")
                return
    names = list(dict.fromkeys(name for each in (start, *order[: MOST_JOINED - 1]) for name in each.names))
    if len(names) > 1:
        entry.fill("message_id", {"join": names, "with": "/"}, "no columns tell all records apart; which is the id?")
    else:
        entry.fill("message_id", names[0], "the time is all that tells records apart; which column is the id?")


def _differ(contents: list[Content]) -> bool:
    rows = pl.DataFrame([each.column.alias(str(place)) for place, each in enumerate(contents)])
    return rows.n_unique() >= 0.99 * rows.height


def _leave_out_empty_links(entry: Entry, chosen: dict[str, Content]) -> None:
    """A trace of everything is none, nor is a parent that is no id of the file, or the record itself."""
    own, parent, trace = (chosen.get(name) for name in ("message_id", "parent_id", "trace_id"))
    if trace is not None and trace.distinct == 1 and len(trace.values) > 1:
        del chosen["trace_id"]
    if parent is not None:
        is_id = own is not None and entry.columns["message_id"] == own.origin
        if not is_id or not parent.values.is_in(own.values.implode()).any() or (parent.column == own.column).any():
            del chosen["parent_id"]


def _say_others(entry: Entry, chosen: dict[str, Content], rest: list[Content]) -> None:
    said = {name: origin for name, origin in entry.columns.items() if name != "message_id" or isinstance(origin, str)}
    used = {name for origin in said.values() for name in columns_in(origin)}
    if "error_text" not in chosen and "error_code" in chosen and chosen["error_code"].is_sentence:
        chosen["error_text"] = chosen.pop("error_code")
    for name, content in chosen.items():
        if name in entry.columns or name in ("source", "target", "message_id") or MESSAGES.columns[name] == "time":
            continue
        if name in ("received_at", "finished_at", "answered_at", "sent_at") or content.name in used:
            continue
        if name == "attempt" and (content.values.cast(pl.Int64, strict=False).min() or 1) == 0:
            entry.fill(name, {"of": content.name, "map": {str(n): n + 1 for n in range(10)}}, "tries after the first")
        else:
            entry.fill(name, content.origin)
    counts = [each for each in rest if _counts_errors(each)]
    if counts:
        entry.keys["errors_inside"] = [each.name for each in counts]


def _counts_errors(content: Content) -> bool:
    words = set(content.words)
    counted = bool(ERRORS & words and (COUNTED - ERRORS) & words) or {"errors"} == words
    return counted and content.is_number and not content.is_flag and "code" not in words and content.filled == 1


def columns_in(origin: Any) -> list[str]:
    """The columns of the file in what a mapping writes for a canonical column."""
    if isinstance(origin, str):
        return [origin]
    for key in ("of", "host", "hash", "match"):
        if key in origin:
            return [origin[key]]
    return next((list(origin[key]) for key in ("first", "join", "add", "subtract") if key in origin), [])


def both_ways(entry: Entry, direction: Content) -> list[Entry]:
    """The entry once for what came in and once for what went out, the two systems in each other's place."""
    written = list(direction.values.unique(maintain_order=True))
    ways = {
        True: [word for word in written if plain(word).split(" ")[0] in INBOUND],
        False: [word for word in written if plain(word).split(" ")[0] in OUTBOUND],
    }
    partner = "source" if "value" not in str(entry.columns["source"]) else "target"
    made = []
    for inbound, words in ways.items():
        if not words:
            continue
        columns, beside = dict(entry.columns), dict(entry.beside)
        if inbound != (partner == "source"):
            columns["source"], columns["target"] = columns["target"], columns["source"]
            swapped = {"source": "target", "target": "source"}
            beside = {swapped.get(name, name): said for name, said in beside.items()}
        keys = {"only": {direction.name: words}} | entry.keys
        made.append(Entry(entry.frame, columns, keys, beside, entry.asked if not made else []))
    return made


def system_after(stem: str, folder: str) -> tuple[str, str]:
    """A name for the system that a file is of, by the name of the file, else of its folder; and which it was."""
    for name, where in ((stem, "the name of the file"), (folder, "the folder")):
        words = [word for word in re.split(r"[\s_.-]+", name) if word and not re.fullmatch(r"[\dTZ]+", word)]
        telling = [word for word in words if word.casefold() not in OF_ANY_FILE]
        if telling:
            return "-".join(telling), where
    return stem or "system", "the name of the file"


OF_ANY_FILE = (
    words_in(
        "export exports log logs data output report reports history list csv json messages message "
        "events event records result results dump extract download table monitor"
    )
    | LEVELS
)
