"""A Slack export: one ZIP with a folder per channel and a file per day; who talks to whom, never what was said.

A record is one message. A conversation is a thread, or what was written in a channel beside threads, on one day. Each
pair of teams that met in one is a contact: at the message with which the second of them joined, with the number of all
people in it; a team meets itself once two of its people are there. Joins, topics, bots and the like are noise.

Slack knows no teams: the team is the title in a person's profile, as it is written there, else ``unknown``. Text is not
read, names are not taken over. ``ts`` is text, the id of a message and its time; a float would lose its last digits.
``log_line`` is the ordinal of the message in the file of its day.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed, no_rejections
from integrhealth.reading.files.archives import UNREADABLE, ZIP_MAGIC, Volume, read_packed
from integrhealth.reading.json.values import field as inner
from integrhealth.reading.json.values import json_values
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, fills, read_records

NAME = "slack"
DAY = re.compile(r"(?:^|/)([^/]+)/\d{4}-\d{2}-\d{2}\.json$")
MOMENT = re.compile(r"(\d{1,10})\.(\d{6})")
USERS = "users.json"
PRIVATE = ("groups.json", "dms.json", "mpims.json")
LISTS = (USERS, "channels.json", *PRIVATE, "integration_logs.json")
# Messages that a person wrote; all other kinds report what somebody or something did.
WRITTEN = (None, "file_share", "me_message", "thread_broadcast")
UNKNOWN = "unknown"
PUBLIC = "the export has public channels only: what was said in private ones and in direct messages is not in it"


@dataclass
class _Export:
    """What the whole archive tells of its messages: the team of every person, empty where the profile has no title."""

    strict: bool
    teams: dict[str, str] = field(default_factory=dict)
    bots: set[str] = field(default_factory=lambda: {"USLACKBOT"})
    public: bool = True

    def people(self, path: Path, name: str, *, volume: Volume) -> list[Parsed]:
        """Take in the list of people; no other file says anything yet."""
        if _leaf(name) == USERS:
            for person in _elements(path):
                if isinstance(person, dict) and isinstance(person.get("id"), str):
                    self.add(person["id"], person)
        self.public = self.public and _leaf(name) not in PRIVATE
        return []

    def add(self, user: str, person: Fields) -> None:
        if person.get("is_bot") is True:
            self.bots.add(user)
            return
        title = inner(person, "profile", "title")
        self.teams[user] = title.strip() if isinstance(title, str) else ""

    def member(self, path: Path, name: str, *, volume: Volume) -> list[Parsed]:
        """What one file of the archive holds."""
        if day := DAY.search(name):
            records = self.messages(path, day[1])
        elif _leaf(name) in LISTS:
            records = self.list_of(path, name)
        else:
            return [Parsed(None, None, pl.DataFrame(), 0, no_rejections(), file=name)]
        return read_records(records, preset_sources(NAME), format=NAME, log_file=name, strict=self.strict)

    def list_of(self, path: Path, name: str) -> Iterator[Found]:
        """The records of a list, which say nothing of contacts; with that of people what is to say of all."""
        for each in _elements(path):
            yield each if isinstance(each, Refused) else Record(None)
        if _leaf(name) == USERS:
            if untitled := sum(not team for team in self.teams.values()):
                yield Note(f"people whose profile has no title, their team is {UNKNOWN}: {untitled:,}")
            if self.public:
                yield Note(PUBLIC)

    def messages(self, path: Path, channel: str) -> Iterator[Found]:
        """The messages of a channel on one day, each with the contacts that began with it."""
        messages = [self.message(each) for each in _elements(path)]
        people: dict[str | None, set[str]] = {}
        for each in messages:
            if isinstance(each, _Message):
                people.setdefault(each.thread, set()).add(each.user)
        there: dict[str | None, dict[str, str]] = {}
        for each in messages:
            if not isinstance(each, _Message):
                yield each
                continue
            pairs = self.joined(there.setdefault(each.thread, {}), each.user)
            common = {"at": each.at, "people": len(people[each.thread]), "about": channel}
            yield Record(None, tuple(("contact", common | {"team_a": a, "team_b": b}) for a, b in pairs))

    def joined(self, there: dict[str, str], user: str) -> list[tuple[str, str]]:
        """The pairs of teams that meet when `user` comes to those who are `there`, and is there from now on."""
        if user in there:
            return []
        team = self.teams.get(user) or UNKNOWN
        teams = Counter(there.values())
        there[user] = team
        if team in teams:
            return [(team, team)] if teams[team] == 1 else []
        return [(min(team, other), max(team, other)) for other in sorted(teams)]

    def message(self, value: Any) -> "_Message | Found":
        """A message that a person wrote; a record without contacts for any other, and what is none."""
        if isinstance(value, Refused):
            return value
        if not isinstance(value, dict):
            return Refused(None, "not_an_object", None)
        ts, user, thread = value.get("ts"), value.get("user"), value.get("thread_ts")
        moment = MOMENT.fullmatch(ts) if isinstance(ts, str) else None
        if moment is None:
            return Refused(None, "bad_ts", {name: value.get(name) for name in ("type", "subtype", "ts")})
        by_machine = value.get("bot_id") is not None or user in self.bots
        if value.get("subtype") not in WRITTEN or by_machine or not isinstance(user, str):
            return Record(None)
        at = datetime.fromtimestamp(int(moment[1]), UTC).replace(microsecond=int(moment[2]))
        return _Message(at.isoformat(), user, thread if isinstance(thread, str) else None)


class _Message(NamedTuple):
    """When a person wrote, and in which thread; None beside threads."""

    at: str
    user: str
    thread: str | None


def recognises(head: Head) -> bool:
    """A ZIP with a list of people, one of channels, and a file for a day in a folder."""
    if not head.start.startswith(ZIP_MAGIC):
        return False
    try:
        with ZipFile(head.path) as archive:
            names = archive.namelist()
    except UNREADABLE:
        return False
    return {USERS, "channels.json"} <= set(map(_leaf, names)) and any(DAY.search(name) for name in names)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The contacts in one export, one Parsed per file in it."""
    export = _Export(strict)
    # Twice, since the list of people may be the last file.
    read_packed(path, log_file, read=export.people)
    return read_packed(path, log_file, read=export.member)


def _elements(path: Path) -> Iterator[Any]:
    """The elements of the list that a file holds; of what is not JSON never the text, people wrote that."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield Refused(None, value.reason, None)
        else:
            yield from value.value if isinstance(value.value, list) else [value.value]


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


FORMAT = Format(
    NAME,
    "Slack export (ZIP): which teams talk in channels and threads, without what they say",
    recognises,
    read,
    fills=lambda: fills(preset_sources(NAME)),
)
