"""``integrhealth map``: a mapping drafted for files that nothing recognises, tried, and written beside them."""

import os
import re
import secrets
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import selectors as cs

from integrhealth.errors import FaultyFile, WrongValue
from integrhealth.evidence import Evidence, read
from integrhealth.reading.discovery import MAPPINGS, declared_beside, files_of, named_file, parsed_file, shown_path
from integrhealth.reading.drafting.draft import Draft, draft_of
from integrhealth.reading.drafting.entry import HEAD, whole_glob
from integrhealth.reading.mapping.sources import pattern
from integrhealth.reading.mapping.yaml_entries import load_mapping
from integrhealth.runner.checking import rejections_shown
from integrhealth.runner.textual import one_line, text_table

FIRST_ROWS = 5
PLACE = ("log_file", "log_line")
ITEM = re.compile(r"^( *)- ", re.MULTILINE)


@dataclass(frozen=True)
class Mappable:
    """A file with the draft that reads it: where its mapping stands, and its name relative to what was named."""

    mapping: Path
    path: Path
    name: str
    draft: Draft


def mapped(paths: Sequence[str]) -> tuple[str, bool]:
    """What was written for the files of `paths` and how their first rows are read; and whether anything was written.

    Raises NothingToRead for a path that does not exist, FaultyFile for a mapping with a fault, WrongValue where nothing
    can be written.
    """
    roots = [named_file(path) for path in paths]
    said: list[str] = []
    drafted: dict[Path, list[Mappable]] = {}
    for root, path, name in files_of(roots):
        outcome = _drafted(root, path, name)
        if isinstance(outcome, Mappable):
            drafted.setdefault(outcome.mapping, []).append(outcome)
        else:
            said.append(f"{one_line(name, limit=200)}: {one_line(outcome, limit=400)}")
    names = {root: [name for each, _, name in files_of([root]) if each == root] for root in roots}
    everything = [name for listed in names.values() for name in listed]
    written = [_write(mapping, files, everything, said) for mapping, files in drafted.items()]
    if not said:
        said.append(f"there is no file in {' '.join(one_line(shown_path(path), limit=200) for path in paths)}")
    return "\n\n".join(said), any(written)


def _drafted(root: Path, path: Path, name: str) -> Mappable | str:
    """The file with its draft, or why it needs or gets none."""
    beside = declared_beside(root, MAPPINGS)
    folder = root if root.is_dir() else root.parent
    mapping = (beside[0] if beside else folder / MAPPINGS[0]).resolve()
    if beside and load_mapping(mapping).sources_for(name):
        return f"{mapping.name} has an entry for it already"
    try:
        parts = parsed_file(path, name, mapping=None, strict=False)
        known_as = {part.format for part in parts if part.format is not None}
        if known_as:
            return f"it is read already, as {', '.join(sorted(known_as))}"
        draft = draft_of(path)
    except OSError as error:
        return f"it cannot be read ({error.strerror or error}); check who may read it"
    return Mappable(mapping, path, name, draft) if draft.entries else f"{draft.looks}; {draft.missing}"


def _write(mapping: Path, files: Sequence[Mappable], everything: Sequence[str], said: list[str]) -> bool:
    """Write the entries for these files, unless none of them reads a record; say what came of each."""
    good = []
    for file in files:
        evidence = _tried(file)
        rows = {name: frame for name, frame in evidence.frames.items() if frame.height}
        said.append(_shown(file, evidence, rows))
        if rows:
            good.append(file)
    if not good:
        return False
    entries = "".join(file.draft.yaml(glob) for glob, file in _globs(good, everything).items())
    text = _joined(mapping, entries)
    try:
        with _put_aside(mapping, text) as aside:
            loaded = load_mapping(aside)
            for file in good:
                if not loaded.sources_for(file.name):
                    raise FaultyFile(mapping, "", "no entry fits", f"add one for {file.name}")
            os.replace(aside, mapping)
    except FaultyFile as fault:
        said.append(f"{mapping} was left alone ({fault.reason}); add to it:\n\n{entries}")
        return False
    except OSError as error:
        raise WrongValue(f"{mapping} cannot be written ({error.strerror or error})") from error
    folder = shlex.quote(shown_path(mapping.parent))
    said.append(f"{shown_path(mapping)} is written; see its comments, then: integrhealth report {folder}")
    return True


def _globs(files: Sequence[Mappable], everything: Sequence[str]) -> dict[str, Mappable]:
    """One glob per file, or one for all that are drafted alike and differ in the digits of their names only."""
    alike: dict[tuple[str, str], list[Mappable]] = {}
    for file in files:
        alike.setdefault((re.sub(r"\d+", "*", whole_glob(file.name)), file.draft.yaml("")), []).append(file)
    globs = {}
    for (wide, _), same in alike.items():
        names = {file.name for file in same}
        if len(same) > 1 and {name for name in everything if pattern(wide).search(name)} <= names:
            globs[wide] = same[0]
        else:
            globs |= {whole_glob(file.name): file for file in same}
    return globs


def _joined(mapping: Path, entries: str) -> str:
    """The text of a mapping with the entries at its end, indented as those that are there."""
    text = mapping.read_text(encoding="utf-8") if mapping.is_file() else ""
    if not text.strip():
        return "\n".join([*HEAD, entries])
    item = ITEM.search(text)
    entries = re.sub(r"^  ", item[1] if item else "  ", entries, flags=re.MULTILINE)
    ended = text if text.endswith("\n") else f"{text}\n"
    return ended + ("" if re.search(r"^sources:", text, re.MULTILINE) else "sources:\n") + entries


@contextmanager
def _put_aside(mapping: Path, text: str) -> Iterator[Path]:
    """A hidden file beside `mapping` with this text, gone at the end unless it took the place of `mapping`."""
    aside = mapping.with_name(f".{mapping.name}.{secrets.token_hex(8)}")
    try:
        aside.write_text(text, encoding="utf-8")
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def _tried(file: Mappable) -> Evidence:
    """What the draft reads of its file."""
    text = "\n".join([*HEAD, file.draft.yaml(whole_glob(file.path.name))])
    try:
        with _put_aside(file.mapping, text) as aside:
            return read(str(file.path), mapping=aside)
    except OSError as error:
        raise WrongValue(f"{file.mapping.parent} cannot be written to ({error.strerror or error})") from error


def _shown(file: Mappable, evidence: Evidence, rows: dict[str, pl.DataFrame]) -> str:
    """How the first rows are read, what is rejected, and what was left open."""
    parts = [f"{one_line(file.name, limit=200)}: {one_line(file.draft.looks, limit=200)}"]
    for name, frame in rows.items():
        filled = [column.name for column in frame if column.null_count() < frame.height and column.name not in PLACE]
        first = frame.sort("log_line").head(FIRST_ROWS).select(filled)
        first = first.with_columns(cs.datetime().dt.strftime("%Y-%m-%d %H:%M:%S%.3f"))
        parts.append(f"the first of {frame.height:,} rows of {name}:\n{text_table(first)}")
    if not rows:
        parts.append(f"no record could be read so:\n\n{file.draft.yaml(whole_glob(file.path.name))}")
    parts.append(rejections_shown(evidence.rejected))
    asked = [question for entry in file.draft.entries for question in entry.asked if "?" in question]
    parts.append("\n".join(f"  open: {one_line(question, limit=200)}" for question in asked))
    return "\n".join(part for part in parts if part)
