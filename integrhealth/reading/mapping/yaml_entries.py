"""Reading mapping.yaml and the presets: every fault is one error with file, place and remedy."""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from integrhealth.catalog.yaml_file import checked_keys, kind, nearest, yaml_file
from integrhealth.errors import FaultyFile
from integrhealth.language.measured import METRIC_MEANINGS
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.mapping.passwords import IN_THE_ENVIRONMENT, has_password
from integrhealth.reading.mapping.sources import MappedSource, Mapping, Query, pattern
from integrhealth.reading.mapping.yaml_keys import Keys

PRESETS = Path(__file__).parents[1] / "formats" / "presets"
# What an entry says of the rows; an entry of mapping.yaml says besides which files it is for.
LINE_KEYS = ("pattern", "continues")
ROW_KEYS = (
    "frame",
    "columns",
    "time",
    "null",
    "status",
    "csv",
    "only",
    "unless",
    "errors_inside",
    "make",
    "upstreams",
    *LINE_KEYS,
)
SOURCE_KEYS = ("glob", "preset", *ROW_KEYS, "query", "url")
# A preset for a table is recognised by its columns, one for lines by their pattern.
PRESET_KEYS = ("description", "tried", "recognise", "lines", "sources")
TRIED = ("real", "documented")


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file.

    Raises FaultyFile for YAML that cannot be read, an unknown or repeated key, a wrong type, an unknown frame,
    column, status or zone, a required column without a source, and a password in the URL of a database. An unknown
    preset is a fault only once a file fits its entry: one mapping serves several versions.
    """
    document = yaml_file(Path(path))
    checked_keys(path, "", document, ["sources", "metrics"])
    entries = document.get("sources") or []
    if not isinstance(entries, list):
        raise FaultyFile(path, "sources", f"expected a list, found {kind(entries)}", "start each source with '- '")
    placed = [(_Entry(Path(path), f"sources[{index}]"), entry) for index, entry in enumerate(entries)]
    read = [place.read(entry) for place, entry in placed]
    return Mapping(
        str(path),
        tuple(source for each in read if not isinstance(each, Query) for source in each),
        tuple(each for each in read if isinstance(each, Query)),
        _metrics(Path(path), document.get("metrics") or {}),
    )


def _metrics(path: Path, entry: Any) -> dict[str, str]:
    """What each metric that is named counts."""
    if not isinstance(entry, dict):
        remedy = "write name: meaning, such as orders_processed_total: requests"
        raise FaultyFile(path, "metrics", f"expected a mapping, found {kind(entry)}", remedy)
    for name, meaning in entry.items():
        if not isinstance(meaning, str):
            remedy = f"use one of: {', '.join(METRIC_MEANINGS)}"
            raise FaultyFile(path, f"metrics.{name}", f"expected text, found {kind(meaning)}", remedy)
        if meaning not in METRIC_MEANINGS:
            reason = f"unknown meaning {meaning!r}"
            raise FaultyFile(path, f"metrics.{name}", reason, nearest(meaning, METRIC_MEANINGS))
        if "{" in name:
            reason = "a name with labels: all series of a metric have one meaning"
            raise FaultyFile(path, f"metrics.{name}", reason, f"write {name.partition('{')[0]}: {meaning}")
    return dict(entry)


def preset_names() -> list[str]:
    """The presets that come with the kit, sorted; those of nested formats among them."""
    return sorted(file.stem for file in PRESETS.glob("*.yaml"))


def preset_file(name: str) -> dict[str, Any]:
    """What the file of a preset says. Raises FaultyFile for a key that no preset has.

    One for tables or lines says what it is and by what it is recognised; of a nested format its module does.
    """
    path = PRESETS / f"{name}.yaml"
    document = yaml_file(path)
    of_its_own = "recognise" in document or "lines" in document
    checked_keys(path, "", document, PRESET_KEYS if of_its_own else PRESET_KEYS[-1:])
    if "lines" in document:
        checked_keys(path, "lines", document["lines"], LINE_KEYS)
        document["sources"] = [document["lines"] | source for source in document["sources"]]
    if of_its_own and document.get("tried") not in TRIED:
        raise FaultyFile(path, "tried", f"unknown value {document.get('tried')!r}", f"write one of: {', '.join(TRIED)}")
    return document


@cache
def preset_sources(name: str) -> tuple[MappedSource, ...]:
    """The sources of a preset as they are used on files of its own format, for any file name."""
    path = PRESETS / f"{name}.yaml"
    entries = preset_file(name)["sources"]
    placed = [(_Entry(path, f"sources[{index}]"), entry) for index, entry in enumerate(entries)]
    return tuple(place.preset_source(entry) for place, entry in placed)


@dataclass(frozen=True)
class _Entry(Keys):
    """One entry as the sources, or the query, that it stands for."""

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
        return tuple(replace(source, glob=glob, entry=self.where) for source in self.sources(entry))

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
        if "recognise" not in document and "lines" not in document:
            reason = f"preset {preset!r} is neither a table nor lines: its files are recognised by what they hold"
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
            pattern=self.line_patterns(entry),
            continues=self.continues(entry),
            upstreams=self.upstreams(entry),
            make=self.make(entry),
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


def _over(below: Any, above: Any, foreign: set[str]) -> Any:
    """`above`, key by key over `below` where both have keys, without the keys that are `foreign` columns."""
    if not isinstance(above, dict):
        return above
    kept = {key: value for key, value in above.items() if key not in foreign}
    return below | kept if isinstance(below, dict) else kept
