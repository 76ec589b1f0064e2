"""Which files there are, what each of them is, and reading them one after the other."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from integrhealth.errors import NothingToRead
from integrhealth.locations import sample_logs
from integrhealth.reading.account.parsed import Head, Origin, Parsed, no_rejections
from integrhealth.reading.databases.queries import database_files, read_query
from integrhealth.reading.files.archives import MAGIC_BYTES, Volume, is_packed, read_packed
from integrhealth.reading.files.opened import beginning
from integrhealth.reading.formats import FORMATS, LAST_FORMATS
from integrhealth.reading.mapping.sources import Mapping, Query
from integrhealth.reading.mapping.yaml_entries import load_mapping
from integrhealth.reading.metrics.meanings import idle_meanings, with_meanings
from integrhealth.reading.records.envelopes import Envelope
from integrhealth.reading.table.files import canonical_frame, read_table
from integrhealth.reading.table.presets import preset_of
from integrhealth.reading.text.lines_by_pattern import read_lines
from integrhealth.reading.text.presets import line_preset_of

CATALOGS, MAPPINGS = ("catalog.yaml", "catalog.yml"), ("mapping.yaml", "mapping.yml")
DECLARATIONS = {*CATALOGS, *MAPPINGS}
# A container's log in a pod's in a collector's: nobody wraps lines more often.
MOST_ENVELOPES = 3


def named_file(path: str | Path) -> Path:
    """The file or folder that `path` names; ``sample:a`` is a company of the kit. Raises NothingToRead if absent."""
    if isinstance(path, str) and path.startswith("sample:"):
        return sample_logs(path.removeprefix("sample:"))
    try:
        file = Path(path).expanduser()
        # No path at all is no path to the working folder: a script may have lost its variable.
        there = bool(str(path)) and file.exists()
    except (OSError, RuntimeError):  # too long, or the home of nobody
        there = False
    if not there:
        raise NothingToRead(
            f"{path or repr('')} does not exist; name a file or folder with integration logs, or sample:a"
        )
    return file


def log_files(root: Path) -> list[tuple[Path, str]]:
    """Every file under `root` with its name relative to `root`, sorted; bytes in it that are no UTF-8 are replaced.

    Hidden files, declarations and whatever lies in a report folder of this kit are not logs.
    """
    if root.is_file():
        return [(root, shown_path(root.name))]
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    published = {path.parent for path in paths if path.name == "run.json" and (path.parent / "findings.json").exists()}
    files = ((path, path.relative_to(root)) for path in paths if published.isdisjoint(path.parents))
    return [
        (path, shown_path(name))
        for path, name in files
        if name.name not in DECLARATIONS and not any(part.startswith(".") for part in name.parts)
    ]


def shown_path(path: str | Path) -> str:
    """A path as text that can be written and printed."""
    return os.fsencode(path).decode("utf-8", "replace")


def files_of(roots: Iterable[Path]) -> Iterator[tuple[Path, Path, str]]:
    """Every log file under `roots`: its root, its path, its name. A root given twice is read once; a name that an
    earlier root has too gets the root before it, so that every file has an account of its own.
    """
    taken: set[str] = set()
    for root in {root.resolve(): root for root in roots}.values():
        for path, name in log_files(root):
            if name in taken:
                name = shown_path(path)
            taken.add(name)
            yield root, path, name


def parsed_files(
    roots: list[Path],
    *,
    mapping: str | Path | None,
    strict: bool,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[list[Parsed], tuple[str, ...]]:
    """What each query (asked for `since` to `until`) gave and each file held, one Parsed per file and frame; a file
    that nothing recognised has no format. Beside it a sentence for each entry of a folder's mapping that fits no file.
    """
    given = load_mapping(Path(mapping)) if mapping is not None else None
    beside = {root: given or _mapping_beside(root) for root in roots}
    folders = [declared for root, declared in beside.items() if declared is not None and root.is_dir()]
    idle = {(source.file, source.where): source for declared in folders for source in declared.sources}
    # A mapping beside a file that was named is there for that file.
    queries = named_queries([given] if given is not None else folders)
    parsed = [
        part
        for name, query in queries.items()
        for part in read_query(query, name, since=since, until=until, strict=strict)
    ]
    databases = {path for query in queries.values() for path in database_files(query)}
    for root, path, name in files_of(roots):
        if path.resolve() in databases:
            continue
        try:
            parts = parsed_file(path, name, mapping=beside[root], strict=strict)
        except OSError as error:
            parts = [_unrecognised(f"cannot be read ({error.strerror or error}); check who may read it")]
        # What was packed in a file has names of its own.
        parts = [replace(part, file=part.file or name, origin=Origin(path, name)) for part in parts]
        meanings = declared.metrics if (declared := beside[root]) is not None else {}
        parts = [with_meanings(part, meanings) for part in parts]
        for source in [source for source in idle.values() if any(source.is_for(part.file) for part in parts)]:
            del idle[source.file, source.where]
        parsed += parts
    unfit = [f"{file}: {where}.glob: no file fits {idle[file, where].glob!r}" for file, where in idle]
    for declared in {declared.file: declared for declared in folders}.values():
        unfit += [
            f"{declared.file}: metrics.{name}: no metric is called so"
            for name in idle_meanings(parsed, declared.metrics)
        ]
    return parsed, tuple(unfit)


def named_queries(mappings: Iterable[Mapping]) -> dict[str, Query]:
    """Every query of the mappings once, under its place in the mapping, which is named whole where several have it."""
    queries = {(Path(query.file).resolve(), query.where): query for each in mappings for query in each.queries}
    by_name: dict[str, Query] = {}
    for query in queries.values():
        short, whole = (f"{shown_path(file)} {query.where}" for file in (Path(query.file).name, query.file))
        by_name[whole if short in by_name else short] = query
    return by_name


def declared_beside(root: Path, names: Iterable[str]) -> list[Path]:
    """The files of these `names` that lie beside the logs of `root`: in the folder, or in the folder of the file."""
    folder = root if root.is_dir() else root.parent
    return [folder / name for name in names if (folder / name).is_file()]


def _mapping_beside(root: Path) -> Mapping | None:
    files = declared_beside(root, MAPPINGS)
    return load_mapping(files[0]) if files else None


def parsed_file(
    path: Path,
    name: str,
    *,
    mapping: Mapping | None,
    strict: bool,
    volume: Volume | None = None,
    envelopes: int = 0,
) -> list[Parsed]:
    """What one file held: by its mapping, else by its content, else nothing recognised it. A packed file that no format
    takes as a whole is read as the files in it; `volume` is how much was unpacked to come to this one, `envelopes` how
    many were opened.
    """
    start = beginning(path)
    packed = is_packed(start)
    # The bytes of members tell nothing of the whole: who takes an archive knows it by the names in it.
    head = Head(path, start[:MAGIC_BYTES] if packed else start)
    if not packed and mapping is not None and (sources := mapping.sources_for(name)):
        read = read_lines if sources[0].pattern else read_table
        return read(path, name, sources=sources, strict=strict)
    for format in FORMATS:
        if format.recognises(head):
            if not isinstance(format, Envelope) or envelopes >= MOST_ENVELOPES:
                return format.read(path, name, strict=strict)
            inside = partial(parsed_file, mapping=None, strict=strict, envelopes=envelopes + 1)
            if parts := format.opened(path, name, read_inside=inside, strict=strict):
                return parts
    if packed:
        return read_packed(path, name, read=partial(parsed_file, mapping=mapping, strict=strict), volume=volume)
    if canonical_frame(head) is not None:
        return read_table(path, name, strict=strict)
    if (preset := preset_of(head)) is not None:
        return read_table(path, name, sources=preset.sources, strict=strict, format=preset.name)
    if (lines := line_preset_of(head)) is not None:
        return lines.format.read(path, name, strict=strict)
    if (last := next((format for format in LAST_FORMATS if format.recognises(head)), None)) is not None:
        return last.read(path, name, strict=strict)
    return [_unrecognised()]


def _unrecognised(*warnings: str) -> Parsed:
    return Parsed(None, None, pl.DataFrame(), 0, no_rejections(), warnings)
