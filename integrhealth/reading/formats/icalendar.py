"""iCalendar files (.ics): which teams met, never what about.

A record is one VEVENT. Each time that it took place is a contact between every two teams at the table, and of a team
with itself where two of its people were there; ``people`` are all of them. A team is what the address tells: its mail
domain. Rooms, and people who declined, are not there; organisers are. What is cancelled, or shown as free time, is no
meeting. A series is expanded, in the time of its zone, without its exceptions (EXDATE) and the times that another event
of the same UID tells anew (RECURRENCE-ID). A series without an end is followed until the last day that the calendar
tells of. Times without a zone (floating) and whole days are as the viewer has them: they are counted as naive.
``about`` is a hash of the UID, which makes one meeting in two calendars one. ``log_line`` is the line of BEGIN:VEVENT.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, tzinfo
from datetime import time as clock
from itertools import combinations, islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import whole
from integrhealth.reading.records.nested import Found, Note, Record, Refused, nested_format

# The libraries are imported where a calendar is read: they take longer to load than all other readers together.
if TYPE_CHECKING:
    from icalendar import Event

BEGIN, END = "BEGIN:VEVENT", "END:VEVENT"
TIMES = ("DTSTART", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
STAMPS = ("DTSTAMP", "LAST-MODIFIED", "CREATED")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
UNKNOWN = "unknown"
# Nobody meets more often; a rule that never comes true is looked for in vain, which may take seconds for each.
MOST_TIMES, MOST_CONTACTS, PATIENCE_S = 10_000, 100_000, 60.0


class _Block(NamedTuple):
    """The lines of one event, and the number of the first."""

    line: int
    text: str


class _Meeting(NamedTuple):
    """An event that could be read, and where it stands."""

    line: int
    event: "Event"

    @property
    def uid(self) -> str:
        return str(self.event.get("UID", ""))


def recognises(head: Head) -> bool:
    """What begins with a calendar."""
    return head.start.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper() == b"BEGIN:VCALENDAR"


def records(path: Path) -> Iterator[Found]:
    """The events, each with its contacts."""
    data, damage = whole(path)
    blocks, refused, rest = _blocks(data.decode("utf-8", "replace"))
    yield from (each._replace(reason=damage or each.reason) for each in refused)
    yield from _zones(rest)
    meetings: list[_Meeting] = []
    for block in blocks:
        read = _read(block)
        if isinstance(read, Refused):
            yield read
        else:
            meetings.append(read)
    moved: dict[str, list[Any]] = {}
    for each in meetings:
        if "RECURRENCE-ID" in each.event:
            moved.setdefault(each.uid, []).append(each.event["RECURRENCE-ID"].dt)
    last = max((day for each in meetings for day in _days(each.event)), default=date.min)
    if any(_endless(each.event) for each in meetings):
        yield Note(f"series without an end are followed until {last}, the last day that the calendar tells of")
    deadline = time.monotonic() + PATIENCE_S
    for each in meetings:
        late = time.monotonic() > deadline and "RRULE" in each.event
        yield Refused(each.line, "too_long_to_expand", None) if late else _met(each, moved.get(each.uid, []), last)


def _blocks(text: str) -> tuple[list[_Block], list[Refused], str]:
    """The lines of every event; those that do not end; all other lines. A folded line goes on with a blank."""
    blocks, refused, rest = [], [], []
    start, lines = 0, []
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        word = line.rstrip().upper()
        if word == BEGIN:
            if start:
                refused.append(Refused(start, "unfinished_event", None))
            start, lines = number, []
        (lines if start else rest).append(line)
        if word == END and start:
            blocks.append(_Block(start, "\r\n".join(lines)))
            start = 0
    if start:
        refused.append(Refused(start, "unfinished_event", None))
    return blocks, refused, "\r\n".join(rest)


def _zones(rest: str) -> Iterator[Note]:
    """Lets the library know the zones that the file describes; it knows the usual ones without."""
    from icalendar import Calendar

    try:
        Calendar.from_ical(rest, multiple=True)
    except Exception as error:  # of a library that reads what strangers write, as below
        yield Note(
            f"the zones that the calendar describes cannot be read ({type(error).__name__}); times in them are naive"
        )


def _read(block: _Block) -> _Meeting | Refused:
    from icalendar import Event

    try:
        event = Event.from_ical(block.text)
    except Exception as error:  # of a library that reads what strangers write: any of its failures is a bad event
        return Refused(block.line, f"no_event: {type(error).__name__}", None)
    bad = next((name for name, _ in event.errors if name in TIMES), None)
    if bad is None and not isinstance(event, Event):
        return Refused(block.line, "no_event", None)
    if bad is not None:
        return Refused(block.line, f"bad_time:{bad}", None)
    if not isinstance(getattr(event.get("DTSTART"), "dt", None), date):
        return Refused(block.line, "no_at", None)
    return _Meeting(block.line, event)


def _met(meeting: _Meeting, moved: list[Any], last: date) -> Found:
    """The contacts of all the times that an event took place."""
    event = meeting.event
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return Record(meeting.line)
    people = _people(event)
    pairs = _pairs(people)
    if not pairs:
        return Record(meeting.line)
    try:
        starts = _starts(event, moved if "RECURRENCE-ID" not in event else [], last)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        return Refused(meeting.line, f"bad_rule: {error}", str(event.get("RRULE")))
    if len(starts) * len(pairs) > MOST_CONTACTS:
        return Refused(meeting.line, "too_many_contacts", None)
    common = {"people": len(people), "uid": meeting.uid or None}
    return Record(
        meeting.line,
        tuple(("meeting", common | {"at": at, "team_a": a, "team_b": b}) for at in starts for a, b in pairs),
    )


def _people(event: "Event") -> dict[str, str]:
    """The team of everybody at the table by address."""
    there: dict[str, str] = {}
    declined = set()
    for each in [*_listed(event.get("ORGANIZER")), *_listed(event.get("ATTENDEE"))]:
        address = str(each).strip().casefold().removeprefix("mailto:")
        parameters = {name.upper(): str(value).upper() for name, value in getattr(each, "params", {}).items()}
        if parameters.get("PARTSTAT") in ("DECLINED", "DELEGATED"):
            declined.add(address)
        elif address and parameters.get("CUTYPE", "INDIVIDUAL") not in ("ROOM", "RESOURCE"):
            there[address] = address.rpartition("@")[2] if "@" in address else UNKNOWN
    return {address: team for address, team in there.items() if address not in declined}


def _pairs(people: dict[str, str]) -> list[tuple[str, str]]:
    teams = Counter(people.values())
    return [*combinations(sorted(teams), 2), *((team, team) for team in sorted(teams) if teams[team] > 1)]


def _starts(event: "Event", moved: list[Any], last: date) -> list[str]:
    """Every time that the event began, as written where it is: with its offset, naive, or as a day."""
    first = event["DTSTART"].dt
    zone = getattr(first, "tzinfo", None)
    start = _local(first, zone, clock())
    added = (_local(each, zone, start.time()) for each in _dates(event.get("RDATE")))
    gone = {_local(each, zone, start.time()) for each in [*_dates(event.get("EXDATE")), *moved]}
    times = {start, *added}
    for rule in _listed(event.get("RRULE")):
        times.update(_repeated(rule, start, zone, last))
    if len(times) > MOST_TIMES:
        raise ValueError(f"it happens more than {MOST_TIMES:,} times")
    kept = sorted(times - gone)
    if not isinstance(first, datetime):
        return [each.date().isoformat() for each in kept]
    return [each.replace(tzinfo=zone).isoformat() for each in kept]


def _repeated(rule: Any, start: datetime, zone: tzinfo | None, last: date) -> Iterable[datetime]:
    """What a rule gives, in the time of the zone, where the end of the rule lies as well."""
    from dateutil.rrule import rrulestr

    parts = {name.upper(): value for name, value in rule.items()}
    if (frequency := str(parts["FREQ"][0]).upper()) not in FREQUENCIES:
        raise ValueError(f"{frequency} is not a series of meetings")
    if any(number < 1 for number in parts.get("INTERVAL", [])):
        raise ValueError("its interval is zero")  # and the library would look for the next time for ever
    end = datetime.combine(last, clock.max)
    if "UNTIL" in parts:
        end = _local(parts["UNTIL"][0], zone, clock.max)
    elif "COUNT" in parts:
        end = datetime.max
    endless = ";".join(part for part in rule.to_ical().decode().split(";") if not part.upper().startswith("UNTIL="))
    return takewhile(lambda each: each <= end, islice(rrulestr(endless, dtstart=start), MOST_TIMES + 1))


def _local(value: Any, zone: tzinfo | None, at: clock) -> datetime:
    """A time as the clocks of the zone show it, a period as its start, a day at `at`."""
    if isinstance(value, tuple):
        value = value[0]
    if not isinstance(value, datetime):
        return datetime.combine(value, at)
    return value.astimezone(zone or UTC).replace(tzinfo=None) if value.tzinfo else value


def _dates(value: Any) -> list[Any]:
    return [each.dt for listed in _listed(value) for each in listed.dts]


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _endless(event: "Event") -> bool:
    return any("UNTIL" not in rule and "COUNT" not in rule for rule in _listed(event.get("RRULE")))


def _days(event: "Event") -> Iterator[date]:
    """The days that an event names: of its start, and when it was written."""
    for name in ("DTSTART", *STAMPS):
        value = getattr(event.get(name, None), "dt", None) if name not in {bad for bad, _ in event.errors} else None
        if isinstance(value, date):
            yield value.date() if isinstance(value, datetime) else value


FORMAT = nested_format(
    "icalendar",
    "iCalendar (.ics): which teams met, by mail domain, with series expanded; never what about",
    recognises=recognises,
    records=records,
    tried="documented",
)
