"""The values of catalog.yaml: each reader turns what stands behind a key into the columns it fills, or says why not."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from integrhealth.catalog.yaml_file import kind, nearest

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")


class Wrong(Exception):
    """A value that does not fit its key: why, what to write instead, and where below the key it stands."""

    def __init__(self, reason: str, remedy: str, below: str = "") -> None:
        super().__init__(reason, remedy, below)
        self.reason, self.remedy, self.below = reason, remedy, below


# A value of the YAML as the columns it fills.
Reader = Callable[[Any], dict[str, Any]]


def text(column: str) -> Reader:
    """Text; a number is taken as it is written."""

    def read(value: Any) -> dict[str, Any]:
        if isinstance(value, dict | list):
            raise Wrong(f"expected text, found {kind(value)}", "write one word or sentence")
        return {column: value if isinstance(value, str) else str(value)}

    return read


def word(column: str, allowed: tuple[str, ...]) -> Reader:
    """One of the words that are allowed."""

    def read(value: Any) -> dict[str, Any]:
        if value not in allowed:
            raise Wrong(f"unknown word {value!r}", nearest(value, allowed))
        return {column: value}

    return read


def choice(column: str, allowed: tuple[int, ...]) -> Reader:
    """One of the whole numbers that are allowed."""

    def read(value: Any) -> dict[str, Any]:
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            remedy = f"write one of {', '.join(map(str, allowed))}"
            raise Wrong(f"expected one of the numbers allowed, found {value!r}", remedy)
        return {column: value}

    return read


def number(column: str, low: float = 0, high: float = math.inf) -> Reader:
    """A number from `low` to `high`."""

    def read(value: Any) -> dict[str, Any]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Wrong(f"expected a number, found {kind(value)}", "write a number such as 85.0")
        if not low <= value <= high:
            raise Wrong(f"{value} is outside {low} to {high}", "check the unit: shares run from 0 to 1")
        return {column: float(value)}

    return read


def count(column: str) -> Reader:
    """A whole number from 0 on."""

    def read(value: Any) -> dict[str, Any]:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            unfit = value if isinstance(value, int) else kind(value)
            raise Wrong(f"expected a whole number from 0 on, found {unfit}", "write a whole number such as 14")
        return {column: value}

    return read


def flag(column: str) -> Reader:
    """True or false."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, bool):
            raise Wrong(f"expected true or false, found {kind(value)}", "write true or false")
        return {column: value}

    return read


def day(column: str) -> Reader:
    """A date as YAML reads it, without quotes."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, date):
            raise Wrong(f"expected a date, found {kind(value)}", "write a date such as 2026-12-31, without quotes")
        return {column: value}

    return read


def duration(column: str) -> Reader:
    """A number with its unit, in milliseconds."""

    def read(value: Any) -> dict[str, Any]:
        matched = DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if matched is None:
            raise Wrong(f"invalid duration {value!r}", "write a number and ms, s, m, h or d, such as 5m")
        return {column: float(matched[1]) * UNITS_MS[matched[2]]}

    return read


def words(column: str) -> Reader:
    """A list of texts; one alone is a list of one."""

    def read(value: Any) -> dict[str, Any]:
        texts = value if isinstance(value, list) else [value]
        for index, each in enumerate(texts):
            if each is None or isinstance(each, dict | list):
                raise Wrong(f"expected text, found {kind(each)}", "write a list such as [a, b]", f"[{index}]")
        return {column: [str(each) for each in texts]}

    return read


def zone(value: Any) -> dict[str, Any]:
    """The name of a time zone, such as Europe/Madrid."""
    if value not in available_timezones():
        raise Wrong(f"unknown time zone {value!r}", "write one such as Europe/Madrid or UTC")
    return {"timezone": value}


def owner(value: Any, *, since: str | None = None, backup: str | None = "backup") -> dict[str, Any]:
    """An owner, written as a name or as {name, backup, since}."""
    if not isinstance(value, dict):
        return text("owner")(value)
    read = parts({"name": text("owner"), "backup": text("backup"), "since": day("since")})(value)
    renamed = {"owner": read.get("owner"), backup: read.get("backup"), since: read.get("since")}
    return {column: each for column, each in renamed.items() if column is not None and each is not None}


def parts(readers: Mapping[str, Reader], short: Reader | None = None) -> Reader:
    """A nested mapping of keys to readers; `short` reads the value where one word stands for the mapping."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            if short is not None and not isinstance(value, list):
                return short(value)
            raise Wrong(f"expected a mapping, found {kind(value)}", f"write {{{', '.join(readers)}}}")
        row: dict[str, Any] = {}
        for key, part in value.items():
            if key not in readers:
                raise Wrong(f"unknown key {str(key)!r}", nearest(key, readers), f".{key}")
            if part is None:
                continue
            try:
                row |= readers[key](part)
            except Wrong as wrong:
                raise Wrong(wrong.reason, wrong.remedy, f".{key}{wrong.below}") from None
        return row

    return read
