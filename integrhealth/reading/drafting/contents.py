"""What the values of a column can be: times, numbers, flags, levels, statuses, addresses, texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from integrhealth.language.schema import NUMBER
from integrhealth.reading.drafting.date_orders import order_of
from integrhealth.reading.drafting.status_words import LETTERS_OF_STATUS, status_of
from integrhealth.reading.drafting.words import DURATION_NAMES, LEVELS, UNITS, core_of, words_in, words_of
from integrhealth.reading.values.conversions import CLOCK as CLOCKED
from integrhealth.reading.values.conversions import numbers
from integrhealth.reading.values.times import TimeRule, Times, times

# Of the values that are there, this share must be one thing for the column to count as it.
MOSTLY = 0.9
# A status has few values; more than this many are texts.
MOST_STATUSES = 30
LONGEST_STATUS = 40
# The codes of HTTP that servers send, and 0 where none was sent; some numbers of three digits are something else.
HTTP_CODES = [
    0,
    *range(200, 209),
    226,
    *range(300, 309),
    *range(400, 430),
    431,
    451,
    499,
    *range(500, 512),
    520,
    522,
    524,
]
MOST_HTTP = 60
# Where a system name ends and a text begins.
LONGEST_NAME = 80
TIME_NAMES = words_in(
    "time date at ts timestamp datetime created updated started finished start end ended epoch "
    "moment when sent received modified unixtime on log clock queued completed closed opened "
    "occurred last fecha datum hora uhrzeit startzeit endezeit inicio fin run logged"
    " zeit zeitpunkt horodatage debut heure data ora submitted processed published"
)
SUCCESS_NAMES = words_in("success succeeded ok successful passed delivered completed finished isok")
FAILURE_NAMES = words_in("error failed failure fault faulted iserror haserror haserrors")
ADDRESS = r"^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})\]?(?::\d+)?$"
DIGIT = r"\d"
CLOCK = r"^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[AaPp][Mm])?$"
DAY = r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d{6})$"
# A year of two digits.
SHORT_DATE = r"^\d{1,2}[./-]\d{1,2}[./-]\d{2}(?:[T, ]+\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?)?$"
PERSON = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
# A first and a last name, or one and an initial.
FULL_NAME = r"^\p{Lu}[\p{L}'.-]+ (?:\p{Lu}[\p{L}'.-]* )?\p{Lu}[\p{L}'.-]*$"
PHONE = r"^\+?[\d ()-]{7,}$"
DAY_OR_CLOCK = words_in("date time day at fecha hora datum zeit uhrzeit heure jour data ora dia")
# Units of durations that a mapping has no word for.
LONG_UNITS = words_in("min mins minute minutes minuten minutos minuti h hours stunden horas heures ore days")
TRUE, FALSE = frozenset(("true", "yes", "y", "t", "1")), frozenset(("false", "no", "n", "f", "0"))


@dataclass(frozen=True)
class Content:
    """One column, or several read as one: its values where there are any, and how many of the records have one.

    ``origin`` is what a mapping writes for it: the name of the column, or a form such as ``{join: [day, clock]}``.
    """

    name: str
    column: pl.Series
    origin: Any

    @cached_property
    def values(self) -> pl.Series:
        """The values that are there."""
        return self.column.drop_nulls()

    @property
    def filled(self) -> float:
        """The share of the records that have a value."""
        return len(self.values) / len(self.column)

    @property
    def names(self) -> list[str]:
        """The columns of the file that it is made of."""
        return self.origin["join"] if isinstance(self.origin, dict) else [self.origin]

    @cached_property
    def words(self) -> list[str]:
        """The words of the name."""
        return words_of(self.name)

    @cached_property
    def core(self) -> frozenset[str]:
        """The words of its last part, where it is one inside an object."""
        return core_of(self.name)

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return self.values.n_unique()

    @cached_property
    def is_unique(self) -> bool:
        """No value stands twice."""
        return self.distinct == len(self.values)

    @cached_property
    def length(self) -> float:
        """How long a value is, on the average."""
        return self.values.str.len_chars().mean() or 0.0

    @cached_property
    def order(self) -> tuple[str | None, str]:
        """How dates are written that do not show whether the day or the month comes first, and why so; else None."""
        undecided = self.times_as_they_stand.reason.startswith("undecided")
        return order_of(self.values) if undecided or self.share(SHORT_DATE) >= MOSTLY else (None, "")

    @cached_property
    def times_as_they_stand(self) -> Times:
        """The values read as times without a rule."""
        return times(self.values)

    @cached_property
    def times(self) -> Times:
        """The values read as times."""
        format, _ = self.order
        return times(self.values, TimeRule(format=format)) if format is not None else self.times_as_they_stand

    @cached_property
    def is_time(self) -> bool:
        """Times, or dates that only wait for what comes first; numbers only where they look and are named like it."""
        if self.is_number and not (TIME_NAMES & set(self.words) and not DURATION_NAMES & set(self.words)):
            return False
        if self.is_clock or self.share(DIGIT) < MOSTLY:
            return False
        if self.times.reason.startswith("undecided"):
            return True
        years = self.times.times.dt.year()
        return 1 - (self.times.faults.mean() or 0) >= MOSTLY and years.is_between(1990, 2100).mean() >= MOSTLY

    @cached_property
    def is_clock(self) -> bool:
        """A time of day without its day."""
        return self.share(CLOCK) >= MOSTLY

    @cached_property
    def is_day(self) -> bool:
        """A day without a time of day."""
        return self.share(DAY) >= MOSTLY

    @cached_property
    def is_span(self) -> bool:
        """A duration written as a clock does: 00:00:01.5."""
        return self.share(CLOCKED) >= MOSTLY and bool(DURATION_NAMES & set(self.words))

    @cached_property
    def is_number(self) -> bool:
        """Numbers, with a point or without one."""
        return self.values.cast(NUMBER, strict=False).is_not_null().mean() >= MOSTLY

    @cached_property
    def is_comma_number(self) -> bool:
        """Numbers with a decimal comma."""
        if self.is_number:
            return False
        return numbers(self.values, NUMBER, decimal=",").is_not_null().mean() >= MOSTLY

    @cached_property
    def size(self) -> float:
        """The number in the middle."""
        return numbers(self.values, NUMBER, decimal="," if self.is_comma_number else ".").median() or 0.0

    @cached_property
    def is_level(self) -> bool:
        """The words that logs have for how serious a line is."""
        folded = self.values.str.to_lowercase()
        return folded.is_in(list(LEVELS)).mean() >= MOSTLY and not self.is_number

    @cached_property
    def is_http(self) -> bool:
        """The status codes of HTTP, or what stands where there was no answer."""
        codes = self.values.cast(pl.Int64, strict=False)
        if self.distinct > MOST_HTTP or not (codes > 0).any():
            return False
        return bool((codes.is_in(HTTP_CODES).fill_null(False).mean() or 0) >= MOSTLY)

    @cached_property
    def is_flag(self) -> bool:
        """Yes or no."""
        return set(self.values.str.to_lowercase().to_list()) <= TRUE | FALSE and self.distinct <= 2

    @cached_property
    def is_address(self) -> bool:
        """Addresses of machines, IPv4 or IPv6."""
        return self.share(ADDRESS) >= MOSTLY / 2

    @cached_property
    def is_url(self) -> bool:
        """Addresses on the web."""
        return self.share(r"^[a-z][a-z0-9+.-]*://[^/\s]") >= MOSTLY

    @cached_property
    def is_person(self) -> bool:
        """People, by their e-mail addresses or by first and last names."""
        return self.share(PERSON) >= MOSTLY or self.share(FULL_NAME) >= MOSTLY

    @cached_property
    def is_system(self) -> bool:
        """Names of systems: few, short, no numbers, times, addresses of machines or people."""
        if self.is_number or self.is_time or self.is_clock or self.is_address or self.share(PHONE) >= MOSTLY:
            return False
        if self.share(PERSON) >= MOSTLY or self.share(r"^/") > 0.5 or self.length > LONGEST_NAME or self.is_flag:
            return False
        return self.is_url or len(self.values) < 5 or self.distinct <= max(3, 0.6 * len(self.values))

    @cached_property
    def is_sentence(self) -> bool:
        """Texts of several words, or too many different words to be a code."""
        if self.is_number or self.is_time or self.is_clock or self.is_address or self.is_url:
            return False
        return self.share(r"\S\s+\S") >= MOSTLY / 2

    @cached_property
    def statuses(self) -> dict[str, str | None]:
        """Every different word and what it means as a status, most frequent first; empty when there are too many."""
        counts = self.values.value_counts(sort=True, name="rows")
        written = sorted(counts.rows(), key=lambda row: (-row[1], row[0]))
        if len(written) > MOST_STATUSES or self.length > LONGEST_STATUS:
            return {}
        if {word for word, _ in written} <= LETTERS_OF_STATUS.keys():
            return {word: LETTERS_OF_STATUS[word] for word, _ in written}
        return {word: self._meaning(word) for word, _ in written}

    def _meaning(self, word: str) -> str | None:
        name, folded = set(self.words), word.casefold()
        if self.is_flag:
            good = folded in TRUE
            if name & FAILURE_NAMES:
                return "failed" if good else "ok"
            if name & SUCCESS_NAMES or (self.distinct == 2 and folded in ("true", "false", "yes", "no")):
                return "ok" if good else "failed"
        if name >= {"exit", "code"} or name >= {"return", "code"} or name & {"exitcode", "rc", "retcode", "returncode"}:
            return "ok" if word.strip("0") == "" else "failed"
        return status_of(word)

    def share_of(self, words: Iterable[str]) -> float:
        """The share of the values that are one of the words."""
        return float(self.values.is_in(list(words)).mean() or 0)

    @cached_property
    def unit(self) -> str | None:
        """The unit of a duration by its name, else by the size of its numbers; None for what is no duration."""
        if self.is_span:
            return "s"
        if self.is_time or self.is_clock or not (self.is_number or self.is_comma_number):
            return None
        if LONG_UNITS & set(self.words):
            return None
        by_name = next((UNITS[word] for word in reversed(self.words) if word in UNITS), None)
        about = DURATION_NAMES & set(self.words) or {"time", "taken"} <= set(self.words)
        about = about or {"response", "time"} <= set(self.words) or {"processing", "time"} <= set(self.words)
        if by_name is not None and (about or self.words[-1] in UNITS or self.words[0] in UNITS):
            return by_name
        if not about:
            return None
        fractions = self.values.str.contains(r"[.,]\d").any()
        return "s" if fractions and self.size < 1_000 else "ms"

    @property
    def has_unit_in_name(self) -> bool:
        """Whether the name says the unit, or the values do."""
        return self.is_span or any(word in UNITS for word in self.words)

    def share(self, pattern: str) -> float:
        """The share of the values that a pattern fits."""
        return float(self.values.str.contains(pattern).mean() or 0)


def contents_of(columns: dict[str, pl.Series]) -> list[Content]:
    """What each column holds; a day and the clock beside it are one."""
    single = [Content(name, column, name) for name, column in columns.items()]
    clocks = [each for each in single if each.is_clock or _is_clock_of_digits(each)]
    joined: list[Content] = []
    for day in [each for each in single if each.is_day and each.is_time]:
        beside = [each for each in clocks if each.filled >= day.filled]
        if beside:
            clock = max(beside, key=lambda each: len((set(each.words) - DAY_OR_CLOCK) & set(day.words)))
            clocks.remove(clock)
            both = pl.select(pl.concat_str([day.column, clock.column], separator=" ", ignore_nulls=False)).to_series()
            name = f"{day.name} {clock.name}"
            joined.append(Content(name, both.rename(name), {"join": [day.name, clock.name]}))
    taken = {name for each in joined for name in each.names}
    return [*joined, *(each for each in single if each.name not in taken)]


def _is_clock_of_digits(content: Content) -> bool:
    """93005 for 9:30:05, as databases keep it in a number."""
    digits = content.share(r"^\d{1,2}[0-5]\d[0-5]\d$|^\d{1,4}$")
    return digits == 1 and "time" in content.words and not DURATION_NAMES & set(content.words)
