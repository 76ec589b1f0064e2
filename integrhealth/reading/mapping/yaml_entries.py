"""Reading mapping.yaml and the presets: every fault is one error with file, place and remedy."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from integrhealth.catalog.yaml_file import checked_keys, kind, nearest, yaml_file
from integrhealth.errors import FaultyFile
from integrhealth.language.schema import FRAMES, STATUSES, TIME, Frame
from integrhealth.reading.inner_frames import BEGUN, EVENTS, frame_schema
from integrhealth.reading.mapping.passwords import IN_THE_ENVIRONMENT, has_password
from integrhealth.reading.mapping.sources import (
    ANY,
    Column,
    Constant,
    First,
    Hashed,
    Host,
    Joined,
    MappedSource,
    Mapping,
    Origin,
    Query,
    Sum,
    Translated,
    pattern,
)
from integrhealth.reading.values.times import UNITS_US, TimeRule

PRESETS = Path(__file__).parents[1] / "formats" / "presets"
# What an entry says of the rows; an entry of mapping.yaml says besides which files it is for.
ROW_KEYS = ("frame", "columns", "time", "null", "status", "csv", "only", "unless", "errors_inside")
SOURCE_KEYS = ("glob", "preset", *ROW_KEYS, "query", "url")
PRESET_KEYS = ("description", "tried", "recognise", "sources")
TRIED = ("real", "documented")
TIME_KEYS = ("zone", "format", "unit")
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
    "write a column, {value: x}, {first: [a, b]}, {join: [a, b]}, {of: a, map: {...}}, {hash: a}, {host: a} "
    "or {add: [a, b]}"
)


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file.

    Raises FaultyFile for YAML that cannot be read, an unknown or repeated key, a wrong type, an unknown frame,
    column, status or zone, a required column without a source, and a password in the URL of a database. An unknown
    preset is a fault only once a file fits its entry: one mapping serves several versions.
    """
    document = yaml_file(Path(path))
    checked_keys(path, "", document, ["sources"])
    entries = document.get("sources") or []
    if not isinstance(entries, list):
        raise FaultyFile(path, "sources", f"expected a list, found {kind(entries)}", "start each source with '- '")
    placed = [(_Entry(Path(path), f"sources[{index}]"), entry) for index, entry in enumerate(entries)]
    read = [place.read(entry) for place, entry in placed]
    return Mapping(
        str(path),
        tuple(source for each in read if not isinstance(each, Query) for source in each),
        tuple(each for each in read if isinstance(each, Query)),
    )


def preset_names() -> list[str]:
    """The presets that come with the kit, sorted; those of nested formats among them."""
    return sorted(file.stem for file in PRESETS.glob("*.yaml"))


def preset_file(name: str) -> dict[str, Any]:
    """What the file of a preset says. Raises FaultyFile for a key that no preset has.

    One for tables says what it is and by what it is recognised; of a nested format its module does.
    """
    path = PRESETS / f"{name}.yaml"
    document = yaml_file(path)
    checked_keys(path, "", document, PRESET_KEYS if "recognise" in document else PRESET_KEYS[-1:])
    if "recognise" in document and document.get("tried") not in TRIED:
        raise FaultyFile(path, "tried", f"unknown value {document.get('tried')!r}", f"write one of: {', '.join(TRIED)}")
    return document


def preset_sources(name: str) -> tuple[MappedSource, ...]:
    """The sources of a preset as they are used on files of its own format, for any file name."""
    path = PRESETS / f"{name}.yaml"
    entries = preset_file(name)["sources"]
    placed = [(_Entry(path, f"sources[{index}]"), entry) for index, entry in enumerate(entries)]
    return tuple(place.preset_source(entry) for place, entry in placed)


@dataclass(frozen=True)
class _Entry:
    """The place of one entry, so that every fault names it."""

    path: Path
    where: str

    def fault(self, below: str, reason: str, remedy: str) -> FaultyFile:
        return FaultyFile(self.path, f"{self.where}.{below}" if below else self.where, reason, remedy)

    def read(self, entry: Any) -> tuple[MappedSource, ...] | Query:
        """The entry as it is used on files, once per source of its preset, or as it asks a database."""
        if not isinstance(entry, dict):
            raise self.fault("", f"expected a mapping, found {kind(entry)}", "write glob, frame and columns")
        checked_keys(self.path, self.where, entry, SOURCE_KEYS)
        if "query" in entry and "glob" not in entry:
            return self.query(entry)
        for key in ("query", "url"):
            if key in entry:
                raise self.fault(key, "an entry is either for files or for a database", "write glob, or query and url")
        glob = self.text(entry, "glob", "*")
        if "glob" not in entry:
            raise self.fault("", "missing key 'glob'", 'say which files it is for, such as glob: "exports/*.csv"')
        try:
            pattern(glob)
        except re.error as error:
            raise self.fault("glob", f"invalid pattern {glob!r}: {error}", "write [a-z] from low to high") from error
        return tuple(replace(source, glob=glob) for source in self.sources(entry))

    def query(self, entry: dict[str, Any]) -> Query:
        text, url = self.text(entry, "query", "").strip(), self.text(entry, "url", "")
        if not text:
            raise self.fault("query", "empty query", "write a select")
        if not url:
            raise self.fault("", "missing key 'url'", IN_THE_ENVIRONMENT)
        if has_password(url):
            raise self.fault("url", "a password must not stand in a file", IN_THE_ENVIRONMENT)
        if entry.get("preset") is None and entry.get("columns") is None:
            by_name = entry | {"columns": {name: name for name in self.frame(entry).required}}
            return Query(text, url, (replace(self.source(by_name), columns={}),))
        sources = self.sources(entry)
        if (fault := sources[0].fault) is not None:
            raise fault
        return Query(text, url, sources)

    def sources(self, entry: dict[str, Any]) -> tuple[MappedSource, ...]:
        """What the entry says of the rows, or each source of its preset."""
        if entry.get("preset") is None:
            return (self.source(entry),)
        preset = self.text(entry, "preset", "")
        if preset not in preset_names():
            remedy = ", ".join(preset_names()) or "no preset comes with this version; write frame and columns"
            fault = self.fault("preset", f"unknown preset {preset!r}", remedy)
            return (MappedSource("", {}, file=str(self.path), where=self.where, fault=fault),)
        document = preset_file(preset)
        if "recognise" not in document:
            reason = f"preset {preset!r} is not a table: its files are recognised by what they hold"
            raise self.fault("preset", reason, "leave this entry out")
        merged = self.over(document["sources"], entry)
        return tuple(replace(self.source(each), any_case=True) for each in merged)

    def preset_source(self, entry: dict[str, Any]) -> MappedSource:
        """One source of a preset file; ``record`` says for which records of a nested format it is."""
        checked_keys(self.path, self.where, entry, [*ROW_KEYS, "record"])
        return replace(self.source(entry), any_case=True, record=self.text(entry, "record", ""))

    def source(self, entry: dict[str, Any]) -> MappedSource:
        frame = self.frame(entry)
        common, times = self.times(self.mapping(entry, "time"), frame)
        return MappedSource(
            frame=frame.name,
            columns=self.columns(entry.get("columns"), frame),
            time=common,
            times=times,
            null=self.null(entry.get("null")),
            status=self.status(self.mapping(entry, "status"), frame),
            only=self.chosen(entry, "only"),
            unless=self.chosen(entry, "unless"),
            errors_inside=self.names("errors_inside", entry.get("errors_inside") or [], at_least=0),
            file=str(self.path),
            where=self.where,
            **self.csv(self.mapping(entry, "csv")),
        )

    def over(self, presets: list[dict[str, Any]], entry: dict[str, Any]) -> list[dict[str, Any]]:
        """The entry over each source of its preset: its own keys win, inside columns, time, status and csv key by key.

        With a frame it is over the sources of that frame, if there are any; a column that only other frames of the
        preset have is left to those.
        """
        own = {key: value for key, value in entry.items() if key in ROW_KEYS}
        presets = [each for each in presets if each["frame"] == own.get("frame", each["frame"])] or presets[:1]
        frames = [frame_schema(own.get("frame", each["frame"])) for each in presets]
        all_columns = {name for frame in frames if frame is not None for name in frame.columns}
        merged = []
        for each, frame in zip(presets, frames, strict=True):
            foreign = all_columns - set(frame.columns if frame is not None else ())
            merged.append(each | {key: _over(each.get(key), value, foreign) for key, value in own.items()})
        return merged

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
            return Column(_plain(value))
        if value.keys() == {"value"} and not isinstance(value["value"], dict | list) and value["value"] is not None:
            return Constant(_plain(value["value"]))
        if "first" in value and value.keys() <= {"first", "else"}:
            otherwise = None if value.get("else") is None else _plain(value["else"])
            return First(self.names(f"{below}.first", value["first"], at_least=1), otherwise)
        if "add" in value and value.keys() <= {"add", "unit"}:
            if dtype != TIME:
                raise self.fault(
                    f"{below}.add", "only times can be added to", "use it for a column such as finished_at"
                )
            unit = value.get("unit", "ms")
            if unit not in UNITS_US:
                raise self.fault(f"{below}.unit", f"unknown unit {unit!r}", nearest(unit, UNITS_US))
            return Sum(self.names(f"{below}.add", value["add"], at_least=2), unit)
        if "join" in value and value.keys() <= {"join", "with"}:
            return Joined(self.names(f"{below}.join", value["join"], at_least=2), self.text(value, "with", " "))
        if "of" in value and value.keys() <= {"of", "map", "else"}:
            words = self.mapping(value, "map")
            otherwise = None if value.get("else") is None else _plain(value["else"])
            return Translated(
                _plain(value["of"]), {_plain(word): _plain(meaning) for word, meaning in words.items()}, otherwise
            )
        if value.keys() == {"hash"} and not isinstance(value["hash"], dict | list):
            return Hashed(_plain(value["hash"]))
        if value.keys() == {"host"} and not isinstance(value["host"], dict | list):
            return Host(_plain(value["host"]))
        raise self.fault(below, "unknown form", FORMS)

    def chosen(self, entry: dict[str, Any], key: str) -> dict[str, tuple[str, ...]]:
        """Columns with the words that choose rows; ``"*"`` is any word."""
        words_of = self.mapping(entry, key)
        lists = {_plain(name): words if isinstance(words, list) else [words] for name, words in words_of.items()}
        for name, words in lists.items():
            if any(isinstance(word, dict | list) or word is None for word in words):
                raise self.fault(
                    f"{key}.{name}", "expected a list of words", f'write {{column: [word, ...]}}, or "{ANY}"'
                )
        return {name: tuple(_plain(word) for word in words) for name, words in lists.items()}

    def names(self, below: str, value: Any, *, at_least: int) -> tuple[str, ...]:
        if (
            not isinstance(value, list)
            or len(value) < at_least
            or any(isinstance(each, dict | list) or each is None for each in value)
        ):
            raise self.fault(below, f"expected a list of {at_least} or more columns", "write it as [a, b]")
        return tuple(_plain(each) for each in value)

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
        return tuple(dict.fromkeys(["", *(_plain(token) for token in tokens)]))

    def status(self, entry: dict[Any, Any], frame: Frame) -> dict[str, str]:
        allowed = (*STATUSES, BEGUN) if frame is EVENTS else STATUSES
        for written, status in entry.items():
            if status not in allowed:
                raise self.fault(f"status.{_plain(written)}", f"unknown status {status!r}", nearest(status, allowed))
        return {_plain(written): status for written, status in entry.items()}

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


def _over(below: Any, above: Any, foreign: set[str]) -> Any:
    """`above`, key by key over `below` where both have keys, without the keys that are `foreign` columns."""
    if not isinstance(above, dict):
        return above
    kept = {key: value for key, value in above.items() if key not in foreign}
    return below | kept if isinstance(below, dict) else kept


def _plain(value: Any) -> str:
    """A YAML scalar as the text that stood in the file: true, 53."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
