"""When a message began and ended: by the names of the times, and by the order in which they come."""

from typing import Any

import polars as pl

from integrhealth.language.schema import FRAMES, TIME
from integrhealth.reading.drafting.contents import Content
from integrhealth.reading.drafting.entry import Entry
from integrhealth.reading.drafting.words import name_rank, words_in

TIMES_OF_MESSAGES = frozenset(name for name, dtype in FRAMES["messages"].columns.items() if dtype == TIME)
# These words say of a time no more than that it is one.
ANY_TIME = words_in("date time timestamp datetime ts moment data fecha datum at")
# So many records may have one time.
MOST_AT_ONCE = 5
# Times under these names are wishes and plans: nothing ended then.
PLANNED = words_in("due next expires expiry expected planned valid until deadline scheduled estimated schedule sla")


def begin_with_the_first(chosen: dict[str, Content], rest: list[Content]) -> None:
    """Where a message was received before it was sent by their names, the names mean something else. What no name
    gives away is when it began or ended if it lies before or after the other.
    """
    rest = [each for each in rest if each.is_time and not _is_constant(each)]
    for name in [name for name, each in chosen.items() if name in TIMES_OF_MESSAGES and _is_constant(each)]:
        del chosen[name]
    _complete_times(chosen, rest)
    sent, received = chosen.get("sent_at"), chosen.get("received_at")
    if received is not None and (sent is None or _mostly_before(received, sent)):
        chosen["sent_at"] = chosen.pop("received_at")
        if sent is not None:
            chosen.setdefault("finished_at", sent)


def _complete_times(chosen: dict[str, Content], rest: list[Content]) -> None:
    """The start or the end that is missing, if one column of times is left that lies on that side of the other."""
    ends = [name for name in ("finished_at", "answered_at", "received_at") if name in chosen]
    free = [each for each in rest if not PLANNED & set(each.words)]
    free = [each for each in free if all(each is not other for other in chosen.values())]
    sent = chosen.get("sent_at")
    if sent is None and ends:
        before = [each for each in free if each.filled >= 0.9 and _mostly_before(each, chosen[ends[0]])]
        chosen |= {"sent_at": before[0]} if before else {}
    elif sent is not None and not ends and set(sent.words) <= ANY_TIME:
        before = [each for each in free if each.filled >= 0.9 and _begins(each) and _mostly_before(each, sent)]
        chosen |= {"sent_at": before[0], "finished_at": sent} if before else {}
        ends = ["finished_at"] if before else []
    after = [each for each in free if "sent_at" in chosen and _mostly_before(chosen["sent_at"], each)]
    if not ends and len(free) == len(after) == 1 and after[0].filled > 0.5:
        chosen["finished_at"] = after[0]


def _begins(content: Content) -> bool:
    """Whether a name is one of when something began."""
    return name_rank("sent_at", content.words, content.core) is not None


def _is_constant(content: Content) -> bool:
    """One time on all of many records is when the file was made, or its machine; not when each of them was."""
    return content.distinct == 1 and len(content.values) > MOST_AT_ONCE


def first_time(contents: list[Content]) -> Content | None:
    """The first column of times that is nearly full."""
    return next((each for each in contents if each.is_time and each.filled >= 0.9), None)


def say_ends(entry: Entry, chosen: dict[str, Content], start: Content, rest: list[Content]) -> None:
    """Write when messages began and ended; the end may be a duration after the start, or the start one before it."""
    duration = duration_column(rest)
    end = chosen.get("finished_at")
    if end is start and "sent_at" not in chosen and duration is not None:
        entry.fill("sent_at", {"subtract": [_only_name(start), duration.name], "unit": duration.unit}, _unit(duration))
        entry.fill("finished_at", start.origin)
        return
    entry.fill("sent_at", start.origin)
    chosen["sent_at"] = start
    for name in ("received_at", "finished_at", "answered_at"):
        if name in chosen and chosen[name] is not start:
            if _mostly_before(chosen[name], start):
                del chosen[name]
            else:
                entry.fill(name, chosen[name].origin)
    if "finished_at" in entry.columns or "answered_at" in entry.columns:
        return
    if duration is not None and isinstance(start.origin, str):
        entry.fill("finished_at", {"add": [start.name, duration.name], "unit": duration.unit}, _unit(duration))


def _only_name(content: Content) -> Any:
    return content.origin if isinstance(content.origin, str) else content.names[0]


def _unit(duration: Content) -> str:
    return "" if duration.has_unit_in_name else f"undecided: is {duration.name} in {duration.unit}?"


def duration_column(contents: list[Content]) -> Content | None:
    """How long a message took."""
    lengths = [each for each in contents if each.unit is not None and each.filled > 0.1]
    return min(lengths, key=lambda each: ("wait" in each.words, "queue" in each.words, -each.filled), default=None)


def _mostly_before(end: Content, start: Content) -> bool:
    """Ends that lie before their starts are no ends."""
    ends, starts = (_spread(each) for each in (end, start))
    return bool(((ends < starts).mean() or 0) > 0.5)


def _spread(content: Content) -> pl.Series:
    there = content.column.is_not_null().arg_true()
    nothing = pl.Series([None], dtype=content.times.times.dtype).new_from_index(0, len(content.column))
    return nothing.scatter(there, content.times.times)
