"""The weekly meeting about a published report: fifteen minutes a finding, its two owners, the section to look at."""

import json
import os
import re
from datetime import UTC, datetime, time, timedelta
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import polars as pl

from integrhealth.analyses import OVERVIEW
from integrhealth.catalog import WEEKDAYS, Catalog
from integrhealth.errors import NothingToRead, WrongValue
from integrhealth.language.safe_text import visible
from integrhealth.language.thresholds import CONVERSATION_MINUTES, FRONT_PAGE_FINDINGS
from integrhealth.runner.folder import RUN

STARTERS = Path("tables") / OVERVIEW / "starters.parquet"
# What of a conversation the agenda says.
SAID = (
    *("severity", "statement", "ask", "page"),
    *(f"{part}_{side}" for side in "ab" for part in ("owner", "says", "invite")),
)
MARKDOWN, CALENDAR = "agenda.md", "agenda.ics"
# When a company meets that has said nothing of it (own).
USUAL_WEEKDAY, USUAL_HOUR = "tuesday", time(10)
NOBODY = "nobody named"
NOTHING_OPEN = "No finding is critical or a warning. There is nothing to talk about this week."
# What Markdown may take for something else than text.
ACTING_IN_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~=:/@^$])")


class Meeting(NamedTuple):
    """The conversations of one meeting, when it begins and ends, and who is invited."""

    run_at: datetime
    starters: pl.DataFrame
    begins: datetime
    invited: list[str]

    @property
    def ends(self) -> datetime:
        """Fifteen minutes for each finding; as long for none, to say so."""
        return self.begins + timedelta(minutes=CONVERSATION_MINUTES * max(1, self.starters.height))


def rhythm(catalog: Catalog) -> dict[str, str]:
    """What run.json keeps of the catalog for the meeting: the time zone, the weekday of the first ritual with one."""
    weekdays = catalog.rituals["weekday"].drop_nulls()
    return {"timezone": catalog.timezone, "weekday": weekdays[0] if len(weekdays) else USUAL_WEEKDAY}


def written(folder: Path, *, out: Path | None = None, at: str | None = None, now: datetime | None = None) -> list[Path]:
    """Write agenda.md and agenda.ics of the report in `folder` into `out`, by default beside it; gives their paths.

    The meeting is on the next weekday of the company's ritual, else on Tuesday, at ten in its time zone, or `at` the
    time given. Raises NothingToRead where `folder` holds no report with conversations, WrongValue for a wrong time or
    an `out` that cannot be written.
    """
    place = out or folder
    meeting = met(folder, at=at, now=now or datetime.now(UTC))
    texts = {MARKDOWN: markdown(meeting, _way(folder, place)).encode(), CALENDAR: calendar(meeting)}
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (place / name).write_bytes(text)
    except OSError as error:
        raise WrongValue(f"{place} cannot be written ({error.strerror}); name another folder with --out") from error
    return [place / name for name in texts]


def met(folder: Path, *, at: str | None, now: datetime) -> Meeting:
    """The meeting about the report in `folder`."""
    run, starters = _published(folder)
    zone = ZoneInfo(run["meeting"]["timezone"])
    begins = _given(at, zone) if at else _next(run["meeting"]["weekday"], zone, now)
    shown = starters.head(FRONT_PAGE_FINDINGS)
    invited = list(dict.fromkeys(chain.from_iterable(shown.select("invite_a", "invite_b").iter_rows())))
    return Meeting(datetime.fromisoformat(run["run_at"]), shown, begins, [each for each in invited if each])


def _published(folder: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    for needed in (RUN, STARTERS):
        if not (folder / needed).is_file():
            raise NothingToRead(f"{folder} has no {needed}; name a folder that 'integrhealth report --out' wrote")
    try:
        run = json.loads((folder / RUN).read_text(encoding="utf-8"))
        starters = pl.read_parquet(folder / STARTERS, columns=list(SAID))
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise NothingToRead(f"{folder} holds no report that can be read; run 'integrhealth report' into it") from error
    if not isinstance(run, dict) or "meeting" not in run:
        raise NothingToRead(f"{folder} is of an older version; run 'integrhealth report' into it again")
    return run, starters


def _given(at: str, zone: ZoneInfo) -> datetime:
    try:
        given = datetime.fromisoformat(at)
        begins = given if given.tzinfo else given.replace(tzinfo=zone)
        # The first and the last day that can be written are none elsewhere in the world.
        _ = begins.astimezone(UTC) - timedelta(days=1), begins.astimezone(UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise WrongValue(f"invalid time {at!r:.80}; write --at 2026-12-01T10:00") from None
    return begins


def _next(weekday: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The next such weekday at ten that is still to come; the hour is that of the wall, also when clocks change."""
    today = now.astimezone(zone)
    ahead = (WEEKDAYS.index(weekday) - today.weekday()) % len(WEEKDAYS)
    first = datetime.combine(today.date() + timedelta(days=ahead), USUAL_HOUR, zone)
    return first if first > now else datetime.combine(first.date() + timedelta(weeks=1), USUAL_HOUR, zone)


def markdown(meeting: Meeting, way: str = "") -> str:
    """The meeting as Markdown: what comes from logs is text in it, whatever it holds. `way` leads to the report."""
    zone, minutes = meeting.begins.tzname(), CONVERSATION_MINUTES * meeting.starters.height
    lines = [
        "# Integration health, weekly meeting",
        f"{meeting.begins:%A %Y-%m-%d, %H:%M} to {meeting.ends:%H:%M} {_inert(zone)}. "
        f"Report of {meeting.run_at:%Y-%m-%d %H:%M} UTC.",
        f"{CONVERSATION_MINUTES} minutes a finding, {minutes} in all." if minutes else NOTHING_OPEN,
    ]
    for number, row in enumerate(meeting.starters.iter_rows(named=True)):
        begins = meeting.begins + timedelta(minutes=CONVERSATION_MINUTES * number)
        owner_a, owner_b = (_inert(row[side] or NOBODY) for side in ("owner_a", "owner_b"))
        lines += [
            f"## {begins:%H:%M} {owner_a} and {owner_b}",
            f"{row['severity'].capitalize()}: {_inert(row['statement'])}",
            f"Question: {_inert(row['ask'])}",
            f"- {owner_a} can begin: {_inert(row['says_a'])}\n- {owner_b} can begin: {_inert(row['says_b'])}",
            f"Look together at [{_inert(row['page'])}](<{way}{quote(row['page'], safe='#/')}>)",
        ]
    return "\n\n".join(lines) + "\n"


def calendar(meeting: Meeting) -> bytes:
    """The meeting as iCalendar (RFC 5545): one event, in UTC, with the owners that have an address as attendees.

    The same run gives the same UID, so that a second import moves the meeting instead of adding one.
    """
    from icalendar import Calendar, Event, vCalAddress

    event = Event()
    event.add("uid", f"{uuid5(NAMESPACE_URL, f'integrhealth {meeting.run_at.isoformat()}')}@integrhealth")
    event.add("dtstamp", meeting.run_at.astimezone(UTC))
    event.add("dtstart", meeting.begins.astimezone(UTC))
    event.add("dtend", meeting.ends.astimezone(UTC))
    findings = meeting.starters.height
    said = {0: "nothing to talk about", 1: "1 finding"}.get(findings, f"{findings} findings")
    event.add("summary", f"Integration health: {said}")
    event.add("description", _described(meeting))
    for address in meeting.invited:
        event.add("attendee", vCalAddress(f"mailto:{address}"))
    whole = Calendar()
    whole.add("prodid", "-//integrhealth//agenda//EN")
    whole.add("version", "2.0")
    whole.add_component(event)
    return whole.to_ical()


def _described(meeting: Meeting) -> str:
    """The conversations as plain lines, one finding after another."""
    lines = []
    for number, row in enumerate(meeting.starters.iter_rows(named=True)):
        begins = meeting.begins + timedelta(minutes=CONVERSATION_MINUTES * number)
        owners = f"{_plain(row['owner_a'] or NOBODY)} and {_plain(row['owner_b'] or NOBODY)}"
        lines += [f"{begins:%H:%M} {owners}: {_plain(row['statement'])} {_plain(row['ask'])} ({_plain(row['page'])})"]
    return "\n".join(lines) or NOTHING_OPEN


def _plain(text: str) -> str:
    """Text on one line, with nothing in it that acts."""
    return visible(" ".join(text.split()))


def _inert(text: str) -> str:
    """Text as Markdown shows it letter by letter: no HTML, no link, no emphasis, no formula."""
    return escape(ACTING_IN_MARKDOWN.sub(r"\\\1", _plain(text)), quote=False)


def _way(folder: Path, place: Path) -> str:
    """How a link in `place` leads to the report in `folder`: nothing where they are the same."""
    way = Path(os.path.relpath(folder.resolve(), place.resolve())).as_posix()
    return "" if way == "." else f"{quote(way)}/"
