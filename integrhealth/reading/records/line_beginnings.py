"""What the beginning of a line of a log says where nothing beside it does: how serious it is, and when it was."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

# A word in capitals, or one that a bracket or a colon sets off: "error handling was improved" says nothing.
LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|CRIT|CRITICAL|SEVERE|ALERT|FATAL|PANIC|EMERG"
LEVEL = re.compile(rf"[\s|-]*(?:({LEVELS})(?![\w-])|\[(?i:({LEVELS}))\]|(?i:({LEVELS})):(?!\S))")
# A date and a time; a stamp in brackets may stand behind an address and a user.
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
CLOCK = r"(?P<clock>\d{2}:\d{2}:\d{2})(?:[.,:](?P<fraction>\d{1,9}))?"
ZONE = r"(?: ?(?P<zone>Z|[+-]\d{2}:?\d{2}))?(?!\d)"
DATED = (
    re.compile(rf"\W{{0,2}}(?P<year>\d{{4}})[-/](?P<month>\d{{2}})[-/](?P<day>\d{{2}})[T ]{CLOCK}{ZONE}"),
    re.compile(rf"\S+ \S+ \S+ \[(?P<day>\d{{2}})/(?P<month>{MONTHS})/(?P<year>\d{{4}}):{CLOCK}{ZONE}"),
    re.compile(rf"(?:<\d{{1,3}}>)?(?P<month>{MONTHS}) {{1,2}}(?P<day>\d{{1,2}})(?: (?P<year>\d{{4}}))? {CLOCK}{ZONE}"),
)
STAMPS = (DATED[0], DATED[2])
# Clocks of machines differ; 29 February comes every eight years at the least.
AHEAD, YEARS = timedelta(days=1), 9


def leading_level(text: str) -> str | None:
    """The level that a line begins with, perhaps behind its time, in capitals."""
    stamp = next((match for form in STAMPS if (match := form.match(text))), None)
    match = LEVEL.match(text, stamp.end() if stamp else 0)
    return None if match is None else (match[1] or match[2] or match[3]).upper()


def leading_times(texts: Sequence[str], *, written: datetime) -> list[str | None]:
    """The time that each line begins with, as ISO text, with an offset where the line has one.

    A date without a year is of the latest year that puts it before the latest of those that have one, or else before
    the file was `written`.
    """
    matches = [next((match for form in DATED if (match := form.match(text))), None) for text in texts]
    years = (_at(match, int(match["year"])) for match in matches if match and match["year"])
    latest = _latest(years) or written.astimezone(UTC).replace(tzinfo=None)
    return [match and _iso(match, latest + AHEAD) for match in matches]


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in times if each is not None), default=None)


def _at(match: re.Match[str], year: int) -> datetime | None:
    month = match["month"]
    number = int(month) if month.isdecimal() else MONTHS.split("|").index(month) + 1
    try:
        return datetime.fromisoformat(f"{year:04}-{number:02}-{int(match['day']):02}T{match['clock']}")
    except ValueError:
        return None


def _iso(match: re.Match[str], until: datetime) -> str | None:
    years = [int(match["year"])] if match["year"] else range(until.year, until.year - YEARS, -1)
    at = next((at for year in years if (at := _at(match, year)) and (match["year"] or at <= until)), None)
    if at is None:
        return None
    fraction = f".{match['fraction']}" if match["fraction"] else ""
    return f"{at.isoformat()}{fraction}{match['zone'] or ''}"
