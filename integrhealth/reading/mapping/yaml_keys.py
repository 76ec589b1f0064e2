"""One entry of mapping.yaml, key by key: what it says of columns, times, statuses, lines; a fault names its place."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from integrhealth.catalog.yaml_file import checked_keys, kind, nearest
from integrhealth.errors import FaultyFile
from integrhealth.language.schema import FRAMES, STATUSES, TEXT, TIME, Frame
from integrhealth.reading.inner_frames import BEGUN, EVENTS, frame_schema
from integrhealth.reading.mapping.shorthand import WORDS as SHORTHAND
from integrhealth.reading.mapping.shorthand import expanded, names_of_groups, pattern_fault
from integrhealth.reading.mapping.sources import (
    ANY,
    Column,
    Constant,
    First,
    Hashed,
    Host,
    IdOf,
    Joined,
    Origin,
    Part,
    Sum,
    Translated,
)
from integrhealth.reading.mapping.upstreams import Upstreams
from integrhealth.reading.values.times import UNITS_US, TimeRule

TIME_KEYS = ("zone", "format", "unit")
# ``continues: any``: every line that fits no pattern.
ANY_LINE = "^"
CSV_KEYS = ("separator", "encoding", "decimal")
# UTF-8 needs no decoding: lines that are not UTF-8 are rejected one by one.
ENCODINGS: dict[str, str | None] = {
    "utf8": None,
    "utf-8": None,
    "utf16": "utf-16",
    "utf-16": "utf-16",
    "latin1": "latin-1",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
}
FORMS = (
    "write a column, {value: x}, {first: [a, b]}, {join: [a, b]}, {of: a, map: {...}}, {match: a, pattern: ...}, "
    "{id_of: [a, b]}, {hash: a}, {host: a}, {add: [a, b]} or {subtract: [a, b]}"
)


@dataclass(frozen=True)
class Keys:
    """The keys of one entry; ``where`` is its place in the file, so that every fault names it."""

    path: Path
    where: str

    def fault(self, below: str, reason: str, remedy: str) -> FaultyFile:
        return FaultyFile(self.path, f"{self.where}.{below}" if below else self.where, reason, remedy)

    def mapping(self, entry: dict[str, Any], key: str) -> dict[Any, Any]:
        value = entry.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.fault(key, f"expected a mapping, found {kind(value)}", "write keys and values")
        return value or {}

    def text(self, entry: dict[str, Any], key: str, default: str) -> str:
        value = entry.get(key, default)
        if not isinstance(value, str):
            raise self.fault(key, f"expected text, found {kind(value)}", "write it in quotes")
        return value

    def names(self, below: str, value: Any, *, at_least: int) -> tuple[str, ...]:
        if (
            not isinstance(value, list)
            or len(value) < at_least
            or any(isinstance(each, dict | list) or each is None for each in value)
        ):
            raise self.fault(below, f"expected a list of {at_least} or more columns", "write it as [a, b]")
        return tuple(plain(each) for each in value)

    def frame(self, entry: dict[str, Any]) -> Frame:
        if entry.get("frame") is None:
            raise self.fault("", "missing key 'frame'", f"say what a row is: {', '.join(FRAMES)}")
        name = self.text(entry, "frame", "")
        if (frame := frame_schema(name)) is None:
            raise self.fault("frame", f"unknown frame {name!r}", nearest(name, FRAMES))
        return frame

    def columns(self, entry: Any, frame: Frame) -> dict[str, Origin]:
        if not isinstance(entry, dict):
            raise self.fault(
                "columns", f"expected a mapping, found {kind(entry)}", "write canonical column: source column"
            )
        for name in entry:
            if name not in frame.columns:
                raise self.fault(
                    f"columns.{name}", f"unknown column {str(name)!r} of {frame.name}", nearest(name, frame.columns)
                )
        given = {name: value for name, value in entry.items() if value is not None}
        for name in frame.required:
            if name not in given:
                raise self.fault(
                    "columns",
                    f"missing column {name!r} of {frame.name}",
                    f"add {name}: <column>, or {name}: {{value: ...}}",
                )
        return {name: self.origin(f"columns.{name}", value, frame.columns[name]) for name, value in given.items()}

    def origin(self, below: str, value: Any, dtype: Any) -> Origin:
        if not isinstance(value, dict):
            if isinstance(value, list):
                raise self.fault(
                    below, "expected a column, found a list", "write {first: [a, b]} for the first that is not null"
                )
            return Column(plain(value))
        if value.keys() == {"value"} and not isinstance(value["value"], dict | list) and value["value"] is not None:
            return Constant(plain(value["value"]))
        if "first" in value and value.keys() <= {"first", "else"}:
            otherwise = None if value.get("else") is None else plain(value["else"])
            return First(self.names(f"{below}.first", value["first"], at_least=1), otherwise)
        for word, sign in (("add", 1), ("subtract", -1)):
            if word in value and value.keys() <= {word, "unit"}:
                if dtype != TIME:
                    reason = f"only times can be {'added to' if sign > 0 else 'subtracted from'}"
                    raise self.fault(f"{below}.{word}", reason, "use it for a column such as finished_at")
                unit = value.get("unit", "ms")
                if unit not in UNITS_US:
                    raise self.fault(f"{below}.unit", f"unknown unit {unit!r}", nearest(unit, UNITS_US))
                return Sum(self.names(f"{below}.{word}", value[word], at_least=2), unit, sign)
        if "join" in value and value.keys() <= {"join", "with"}:
            return Joined(self.names(f"{below}.join", value["join"], at_least=2), self.text(value, "with", " "))
        if value.keys() == {"id_of"}:
            return IdOf(self.names(f"{below}.id_of", value["id_of"], at_least=1))
        if "match" in value and value.keys() == {"match", "pattern"}:
            return self.part(below, value)
        if "of" in value and value.keys() <= {"of", "map", "else"}:
            words = self.mapping(value, "map")
            otherwise = None if value.get("else") is None else plain(value["else"])
            if "map" not in value and otherwise is not None:
                return First((plain(value["of"]),), otherwise)
            return Translated(
                plain(value["of"]), {plain(word): plain(meaning) for word, meaning in words.items()}, otherwise
            )
        if value.keys() == {"hash"} and not isinstance(value["hash"], dict | list):
            return Hashed(plain(value["hash"]))
        if value.keys() == {"host"} and not isinstance(value["host"], dict | list):
            return Host(plain(value["host"]))
        raise self.fault(below, "unknown form", FORMS)

    def part(self, below: str, value: dict[str, Any]) -> Part:
        (pattern,) = self.patterns(f"{below}.pattern", [value["pattern"]])
        groups = pl.Series(["x"]).str.extract_groups(pattern).struct.fields
        if len(groups) != 1:
            reason = f"a pattern that takes a part has one group, this one has {len(groups)}"
            raise self.fault(f"{below}.pattern", reason, "write (?:...) for what is not the part")
        return Part(plain(value["match"]), pattern)

    def patterns(self, below: str, value: Any) -> tuple[str, ...]:
        """One pattern or several as regular expressions."""
        patterns = []
        for written in value if isinstance(value, list) else [value]:
            if not isinstance(written, str) or not written:
                raise self.fault(below, f"expected text, found {kind(written)}", "write a pattern in single quotes")
            try:
                patterns.append(expanded(written))
            except KeyError as error:
                word = str(error.args[0])
                raise self.fault(below, f"unknown word %{{{word}}}", nearest(word, SHORTHAND)) from error
            if (reason := pattern_fault(patterns[-1])) is not None:
                raise self.fault(below, f"a pattern that cannot be used: {reason}", "write it as in Rust or RE2")
        return tuple(patterns)

    def line_patterns(self, entry: dict[str, Any]) -> tuple[str, ...]:
        """The patterns of an entry for lines of text, each with named groups."""
        if entry.get("pattern") is None:
            return ()
        patterns = self.patterns("pattern", entry["pattern"])
        if not all(names_of_groups(pattern) for pattern in patterns):
            remedy = "name what it takes out, as in (?P<level>[A-Z]+) or %{LOGLEVEL:level}"
            raise self.fault("pattern", "a pattern without a named group", remedy)
        return patterns

    def continues(self, entry: dict[str, Any]) -> str | None:
        """What a line looks like that continues the one before, where the entry says so."""
        if entry.get("continues") is None:
            return None
        written = self.text(entry, "continues", "")
        return ANY_LINE if written == "any" else self.patterns("continues", [written])[0]

    def make(self, entry: dict[str, Any]) -> dict[str, Origin]:
        """Columns made of others."""
        return {
            plain(name): self.origin(f"make.{plain(name)}", value, TEXT)
            for name, value in self.mapping(entry, "make").items()
        }

    def upstreams(self, entry: dict[str, Any]) -> Upstreams | None:
        """The columns that hold lists of what the upstreams of a request answered."""
        if not (columns := self.mapping(entry, "upstreams")):
            return None
        checked_keys(self.path, f"{self.where}.upstreams", columns, Upstreams._fields)
        lists = {key: value if isinstance(value, list) else [value] for key, value in columns.items()}
        checked = {key: self.names(f"upstreams.{key}", value, at_least=1) for key, value in lists.items()}
        return Upstreams(*(checked.get(key, ()) for key in Upstreams._fields))

    def chosen(self, entry: dict[str, Any], key: str) -> dict[str, tuple[str, ...]]:
        """Columns with the words that choose rows; ``"*"`` is any word."""
        words_of = self.mapping(entry, key)
        lists = {plain(name): words if isinstance(words, list) else [words] for name, words in words_of.items()}
        for name, words in lists.items():
            if any(isinstance(word, dict | list) or word is None for word in words):
                raise self.fault(
                    f"{key}.{name}", "expected a list of words", f'write {{column: [word, ...]}}, or "{ANY}"'
                )
        return {name: tuple(plain(word) for word in words) for name, words in lists.items()}

    def times(self, entry: dict[Any, Any], frame: Frame) -> tuple[TimeRule, dict[str, TimeRule]]:
        columns = [name for name, dtype in frame.columns.items() if dtype == TIME]
        checked_keys(self.path, f"{self.where}.time", entry, [*TIME_KEYS, *columns])
        common = self.time_rule("time", {key: value for key, value in entry.items() if key in TIME_KEYS}, TimeRule())
        own = {}
        for name in columns:
            if name in entry:
                rule = self.mapping(entry, name) if entry[name] is None else entry[name]
                if not isinstance(rule, dict):
                    raise self.fault(
                        f"time.{name}",
                        f"expected a mapping, found {kind(rule)}",
                        "write {zone: ..., format: ..., unit: ...}",
                    )
                own[name] = self.time_rule(f"time.{name}", rule, common)
        return common, own

    def time_rule(self, below: str, entry: dict[Any, Any], common: TimeRule) -> TimeRule:
        checked_keys(self.path, f"{self.where}.{below}", entry, TIME_KEYS)
        given = {key: self.text(entry, key, "") for key in entry if entry[key] is not None}
        if "zone" in given and given["zone"] not in available_timezones():
            raise self.fault(f"{below}.zone", f"unknown time zone {given['zone']!r}", nearest_zone(given["zone"]))
        if "unit" in given and given["unit"] not in UNITS_US:
            raise self.fault(f"{below}.unit", f"unknown unit {given['unit']!r}", nearest(given["unit"], UNITS_US))
        if "format" in given:
            self.check_format(f"{below}.format", given["format"])
        # A column with a format of its own does not keep the common unit, nor the other way round.
        other = {"format": "unit", "unit": "format"}
        freed = {other[key]: None for key in given if key in other and other[key] not in given}
        return replace(common, **freed, **given)

    def check_format(self, below: str, format: str) -> None:
        remedy = 'write it as in strptime, such as "%d.%m.%Y %H:%M:%S", with %.f for fractions of a second'
        if "%" not in format or re.search(r"(?<![.,])%f", format):
            raise self.fault(below, f"invalid time format {format!r}", remedy)
        try:
            pl.Series(["x"]).str.to_datetime(format.replace(".%f", "%.f").replace(",%f", "%.f"), strict=False)
        except pl.exceptions.PolarsError as error:
            raise self.fault(below, f"invalid time format {format!r}", remedy) from error

    def null(self, value: Any) -> tuple[str, ...]:
        if value is None:
            return ("",)
        tokens = value if isinstance(value, list) else [value]
        if any(isinstance(token, dict | list) for token in tokens):
            raise self.fault("null", "expected a list of words", 'write the words that mean nothing, such as ["", "-"]')
        return tuple(dict.fromkeys(["", *(plain(token) for token in tokens)]))

    def status(self, entry: dict[Any, Any], frame: Frame) -> dict[str, str]:
        allowed = (*STATUSES, BEGUN) if frame is EVENTS else STATUSES
        for written, status in entry.items():
            if status not in allowed:
                raise self.fault(f"status.{plain(written)}", f"unknown status {status!r}", nearest(status, allowed))
        return {plain(written): status for written, status in entry.items()}

    def csv(self, entry: dict[Any, Any]) -> dict[str, Any]:
        checked_keys(self.path, f"{self.where}.csv", entry, CSV_KEYS)
        given: dict[str, Any] = {key: self.text(entry, key, "") for key in entry if entry[key] is not None}
        separator = given.get("separator")
        if separator is not None and (len(separator) != 1 or not separator.isascii() or separator in '"\n\r'):
            raise self.fault(
                "csv.separator", f"invalid separator {separator!r}", 'write one character, such as ";" or "\\t"'
            )
        if "encoding" in given:
            encoding = given["encoding"].casefold()
            if encoding not in ENCODINGS:
                raise self.fault(
                    "csv.encoding", f"unknown encoding {given['encoding']!r}", nearest(encoding, ENCODINGS)
                )
            given["encoding"] = ENCODINGS[encoding]
        if given.get("decimal", ".") not in (".", ","):
            raise self.fault("csv.decimal", f"invalid decimal mark {given['decimal']!r}", 'write "." or ","')
        return given


def nearest_zone(name: str) -> str:
    """A remedy for a zone that does not exist."""
    close = nearest(name, available_timezones())
    return close if close.startswith("did you mean") else "write one such as Europe/Madrid or UTC"


def plain(value: Any) -> str:
    """A YAML scalar as the text that stood in the file: true, 53."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
