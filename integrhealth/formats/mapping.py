"""mapping.yaml: which columns of an export mean which columns of a canonical frame."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import available_timezones

import polars as pl

from integrhealth.errors import FaultyFile
from integrhealth.formats.times import UNITS_US, TimeRule
from integrhealth.schema import FRAMES, STATUSES, TIME, Frame
from integrhealth.yaml_file import checked_keys, kind, nearest, yaml_file

PRESETS = Path(__file__).parent / "presets"
SOURCE_KEYS = ("glob", "frame", "preset", "columns", "time", "null", "status", "csv", "query", "url")
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
SEPARATORS = (",", ";", "\t", "|")
NO_DATABASES = "databases are not read by this version; left out"


class Column(NamedTuple):
    """A column of the file; in JSON ``a.b.c`` reaches into objects."""

    name: str


class Constant(NamedTuple):
    """The same text in every row."""

    value: str


class First(NamedTuple):
    """The first of several columns that is not null."""

    names: tuple[str, ...]


class Sum(NamedTuple):
    """A time column and the durations, in ``unit``, that are added to it."""

    names: tuple[str, ...]
    unit: str


Origin = Column | Constant | First | Sum


@dataclass(frozen=True)
class MappedSource:
    """One entry of mapping.yaml: the files it is for, and how their columns become those of ``frame``.

    ``file`` and ``where`` say where the entry stands, for errors. ``fault`` is what is wrong with an entry for vendor
    exports that this version does not know: raised by ``source_for`` once there is such a file.
    """

    frame: str
    columns: dict[str, Origin]
    glob: str = "*"
    time: TimeRule = TimeRule()
    times: dict[str, TimeRule] = field(default_factory=dict)
    null: tuple[str, ...] = ("",)
    status: dict[str, str] = field(default_factory=dict)
    separator: str | None = None
    encoding: str | None = None
    decimal: str = "."
    file: str = ""
    where: str = ""
    fault: FaultyFile | None = None

    def is_for(self, name: str) -> bool:
        """Whether the glob fits the file, named relative to any folder above it."""
        return _pattern(self.glob).search(Path(name).as_posix()) is not None

    def time_rule(self, column: str) -> TimeRule:
        """How the times of a canonical column are written; a sum without a rule has that of the column it adds to."""
        origin = self.columns.get(column)
        if isinstance(origin, Sum) and column not in self.times:
            declared = (name for name in self.times if name in self.columns)
            column = next((name for name in declared if origin.names[0] in names_of(self.columns[name])), column)
        return self.times.get(column, self.time)

    def names(self) -> list[str]:
        """The columns of the file that are used, each once, in the order of the mapping."""
        return list(dict.fromkeys(name for origin in self.columns.values() for name in names_of(origin)))


@dataclass(frozen=True)
class Mapping:
    """The entries of one mapping.yaml for files, in its order, and a sentence for each entry that is left out."""

    file: str
    sources: tuple[MappedSource, ...]
    left_out: tuple[str, ...] = ()

    def source_for(self, name: str) -> MappedSource | None:
        """The first entry whose glob fits the file, named relative to any folder above it.

        Raises FaultyFile when that entry names a preset that this version does not have.
        """
        found = next((source for source in self.sources if source.is_for(name)), None)
        if found is not None and found.fault is not None:
            raise found.fault
        return found


def names_of(origin: Origin) -> tuple[str, ...]:
    """The columns of the file that a canonical column is made of."""
    if isinstance(origin, Constant):
        return ()
    return (origin.name,) if isinstance(origin, Column) else origin.names


def frame_schema(name: str) -> Frame | None:
    """The canonical frame of that name, or the spans that become messages; None for any other name."""
    if name == "spans":
        from integrhealth.formats.spans import FRAME

        return FRAME
    return FRAMES.get(name)


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file.

    Raises FaultyFile for YAML that cannot be read, an unknown or repeated key, a wrong type, an unknown frame,
    column, status or zone, and a required column without a source. An unknown preset is a fault only once a file
    fits its entry, and an entry that asks for a database is left out: one mapping serves several versions.
    """
    found = yaml_file(Path(path))
    checked_keys(path, "", found, ["sources"])
    entries = found.get("sources") or []
    if not isinstance(entries, list):
        raise FaultyFile(path, "sources", f"is {kind(entries)}, not a list", "start each source with '- '")
    placed = [(_Entry(Path(path), f"sources[{index}]"), entry) for index, entry in enumerate(entries)]
    sources = [(place, place.source(entry)) for place, entry in placed]
    return Mapping(
        str(path),
        tuple(source for _, source in sources if source is not None),
        tuple(f"{path}: {place.where}: {NO_DATABASES}" for place, source in sources if source is None),
    )


def preset_names() -> list[str]:
    """The presets that come with the kit, sorted."""
    return sorted(file.stem for file in PRESETS.glob("*.yaml"))


@dataclass(frozen=True)
class _Entry:
    """The place of one entry, so that every fault names it."""

    path: Path
    where: str

    def fault(self, below: str, reason: str, remedy: str) -> FaultyFile:
        return FaultyFile(self.path, f"{self.where}.{below}" if below else self.where, reason, remedy)

    def source(self, entry: Any) -> MappedSource | None:
        """The entry as it is used on files; None for one that asks a database."""
        if not isinstance(entry, dict):
            raise self.fault("", f"is {kind(entry)}, not a mapping", "write glob, frame and columns")
        checked_keys(self.path, self.where, entry, SOURCE_KEYS)
        if "query" in entry and "glob" not in entry:
            return None
        for key in ("query", "url"):
            if key in entry:
                raise self.fault(key, "an entry is for files or for a database", "write glob, or query and url")
        glob = self.text(entry, "glob", "*")
        if "glob" not in entry:
            raise self.fault("", "has no 'glob'", 'say which files it is for, such as glob: "exports/*.csv"')
        try:
            _pattern(glob)
        except re.error as error:
            raise self.fault("glob", f"{glob!r} is not a pattern: {error}", "write [a-z] from low to high") from error
        preset = self.text(entry, "preset", "") if entry.get("preset") is not None else None
        if preset is not None and preset not in preset_names():
            known = ", ".join(preset_names()) or "no preset comes with this version; write frame and columns"
            fault = self.fault("preset", f"unknown preset {preset!r}", known)
            return MappedSource(frame="", columns={}, glob=glob, file=str(self.path), where=self.where, fault=fault)
        merged = entry if preset is None else self.merged(entry, preset)
        frame = self.frame(merged)
        columns = self.columns(merged.get("columns"), frame)
        csv = self.csv(self.mapping(merged, "csv"))
        common, times = self.times(self.mapping(merged, "time"), frame)
        return MappedSource(
            frame=frame.name,
            columns=columns,
            glob=glob,
            time=common,
            times=times,
            null=self.null(merged.get("null")),
            status=self.status(self.mapping(merged, "status")),
            file=str(self.path),
            where=self.where,
            **csv,
        )

    def merged(self, entry: dict[str, Any], name: str) -> dict[str, Any]:
        """The entry over its preset: its own keys win, inside columns, time, status and csv key by key."""
        file = PRESETS / f"{name}.yaml"
        preset = yaml_file(file)
        checked_keys(file, "", preset, [key for key in SOURCE_KEYS if key not in ("glob", "preset", "query", "url")])
        parts = {key: preset[key] | entry[key] for key in preset if _both_mappings(preset[key], entry.get(key))}
        return preset | entry | parts

    def mapping(self, entry: dict[str, Any], key: str) -> dict[Any, Any]:
        found = entry.get(key)
        if found is not None and not isinstance(found, dict):
            raise self.fault(key, f"is {kind(found)}, not a mapping", "write keys and values")
        return found or {}

    def text(self, entry: dict[str, Any], key: str, default: str) -> str:
        found = entry.get(key, default)
        if not isinstance(found, str):
            raise self.fault(key, f"is {kind(found)}, not text", "write it in quotes")
        return found

    def frame(self, entry: dict[str, Any]) -> Frame:
        if entry.get("frame") is None:
            raise self.fault("", "has no 'frame'", f"say what a row is: {', '.join(FRAMES)}")
        name = self.text(entry, "frame", "")
        if (frame := frame_schema(name)) is None:
            raise self.fault("frame", f"unknown frame {name!r}", nearest(name, FRAMES))
        return frame

    def columns(self, found: Any, frame: Frame) -> dict[str, Origin]:
        if not isinstance(found, dict):
            raise self.fault("columns", f"is {kind(found)}, not a mapping", "write canonical column: source column")
        for name in found:
            if name not in frame.columns:
                raise self.fault(
                    f"columns.{name}", f"{frame.name} has no column {str(name)!r}", nearest(name, frame.columns)
                )
        given = {name: value for name, value in found.items() if value is not None}
        for name in frame.required:
            if name not in given:
                raise self.fault(
                    "columns", f"{frame.name} needs {name!r}", f"add {name}: <column>, or {name}: {{value: ...}}"
                )
        return {name: self.origin(f"columns.{name}", value, frame.columns[name]) for name, value in given.items()}

    def origin(self, below: str, value: Any, dtype: Any) -> Origin:
        if not isinstance(value, dict):
            if isinstance(value, list):
                raise self.fault(
                    below, "is a list, not a column", "write {first: [a, b]} for the first that is not null"
                )
            return Column(_plain(value))
        if value.keys() == {"value"} and not isinstance(value["value"], dict | list) and value["value"] is not None:
            return Constant(_plain(value["value"]))
        if value.keys() == {"first"}:
            return First(self.names(f"{below}.first", value["first"], at_least=1))
        if "add" in value and value.keys() <= {"add", "unit"}:
            if dtype != TIME:
                raise self.fault(
                    f"{below}.add", "only times can be added to", "use it for a column such as finished_at"
                )
            unit = value.get("unit", "ms")
            if unit not in UNITS_US:
                raise self.fault(f"{below}.unit", f"{unit!r} is not a unit", nearest(unit, UNITS_US))
            return Sum(self.names(f"{below}.add", value["add"], at_least=2), unit)
        raise self.fault(
            below,
            "is none of the known forms",
            "write a column, {value: x}, {first: [a, b]} or {add: [a, b], unit: ms}",
        )

    def names(self, below: str, value: Any, *, at_least: int) -> tuple[str, ...]:
        if (
            not isinstance(value, list)
            or len(value) < at_least
            or any(isinstance(each, dict | list) or each is None for each in value)
        ):
            raise self.fault(below, f"is not a list of {at_least} or more columns", "write it as [a, b]")
        return tuple(_plain(each) for each in value)

    def times(self, found: dict[Any, Any], frame: Frame) -> tuple[TimeRule, dict[str, TimeRule]]:
        columns = [name for name, dtype in frame.columns.items() if dtype == TIME]
        checked_keys(self.path, f"{self.where}.time", found, [*TIME_KEYS, *columns])
        common = self.time_rule("time", {key: value for key, value in found.items() if key in TIME_KEYS}, TimeRule())
        own = {}
        for name in columns:
            if name in found:
                rule = self.mapping(found, name) if found[name] is None else found[name]
                if not isinstance(rule, dict):
                    raise self.fault(
                        f"time.{name}", f"is {kind(rule)}, not a mapping", "write {zone: ..., format: ..., unit: ...}"
                    )
                own[name] = self.time_rule(f"time.{name}", rule, common)
        return common, own

    def time_rule(self, below: str, found: dict[Any, Any], common: TimeRule) -> TimeRule:
        checked_keys(self.path, f"{self.where}.{below}", found, TIME_KEYS)
        given = {key: self.text(found, key, "") for key in found if found[key] is not None}
        if "zone" in given and given["zone"] not in available_timezones():
            raise self.fault(f"{below}.zone", f"unknown time zone {given['zone']!r}", nearest_zone(given["zone"]))
        if "unit" in given and given["unit"] not in UNITS_US:
            raise self.fault(f"{below}.unit", f"{given['unit']!r} is not a unit", nearest(given["unit"], UNITS_US))
        if "format" in given:
            self.check_format(f"{below}.format", given["format"])
        # A column with a format of its own does not keep the common unit, nor the other way round.
        other = {"format": "unit", "unit": "format"}
        freed = {other[key]: None for key in given if key in other and other[key] not in given}
        return replace(common, **freed, **given)

    def check_format(self, below: str, format: str) -> None:
        remedy = 'write it as in strptime, such as "%d.%m.%Y %H:%M:%S", with %.f for fractions of a second'
        if "%" not in format or re.search(r"(?<![.,])%f", format):
            raise self.fault(below, f"{format!r} is not a time format", remedy)
        try:
            pl.Series(["x"]).str.to_datetime(format.replace(".%f", "%.f").replace(",%f", "%.f"), strict=False)
        except pl.exceptions.PolarsError as error:
            raise self.fault(below, f"{format!r} is not a time format", remedy) from error

    def null(self, found: Any) -> tuple[str, ...]:
        if found is None:
            return ("",)
        tokens = found if isinstance(found, list) else [found]
        if any(isinstance(token, dict | list) for token in tokens):
            raise self.fault("null", "is not a list of words", 'write the words that mean nothing, such as ["", "-"]')
        return tuple(dict.fromkeys(["", *(_plain(token) for token in tokens)]))

    def status(self, found: dict[Any, Any]) -> dict[str, str]:
        for written, status in found.items():
            if status not in STATUSES:
                raise self.fault(f"status.{_plain(written)}", f"unknown status {status!r}", nearest(status, STATUSES))
        return {_plain(written): status for written, status in found.items()}

    def csv(self, found: dict[Any, Any]) -> dict[str, Any]:
        checked_keys(self.path, f"{self.where}.csv", found, CSV_KEYS)
        given: dict[str, Any] = {key: self.text(found, key, "") for key in found if found[key] is not None}
        separator = given.get("separator")
        if separator is not None and (len(separator) != 1 or not separator.isascii() or separator in '"\n\r'):
            raise self.fault(
                "csv.separator", f"{separator!r} is not a separator", 'write one character, such as ";" or "\\t"'
            )
        if "encoding" in given:
            encoding = given["encoding"].casefold()
            if encoding not in ENCODINGS:
                raise self.fault(
                    "csv.encoding", f"unknown encoding {given['encoding']!r}", nearest(encoding, ENCODINGS)
                )
            given["encoding"] = ENCODINGS[encoding]
        if given.get("decimal", ".") not in (".", ","):
            raise self.fault("csv.decimal", f"{given['decimal']!r} is not a decimal mark", 'write "." or ","')
        return given


def nearest_zone(name: str) -> str:
    """A remedy for a zone that does not exist."""
    close = nearest(name, available_timezones())
    return close if close.startswith("did you mean") else "write one such as Europe/Madrid or UTC"


def _both_mappings(one: Any, other: Any) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)


def _plain(value: Any) -> str:
    """A YAML scalar as the text that stood in the file: true, 53."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(r"(?:^|/)" + "".join(_translated(glob)) + r"$")


def _translated(glob: str) -> Iterator[str]:
    """``*`` and ``?`` stay within a folder, ``**/`` is any number of them, [abc] one of several characters."""
    for part in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", glob.removeprefix("./").removeprefix("/")):
        wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
        if wild is None:
            wild = part.replace("[!", "[^") if len(part) > 1 else re.escape(part)
        yield wild
