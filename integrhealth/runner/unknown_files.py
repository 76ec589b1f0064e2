"""The files that nothing recognised: what each looks like, what to do next, and the mapping drafted for it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from integrhealth.evidence import Evidence
from integrhealth.reading.discovery import files_of, named_file, shown_path
from integrhealth.reading.drafting.draft import Draft, draft_of
from integrhealth.reading.drafting.entry import HEAD, whole_glob
from integrhealth.reading.drafting.looks import looks_like

# A draft takes longer than a look; for more files than this only the look is taken.
MOST_DRAFTED = 100


@dataclass(frozen=True)
class UnknownFile:
    """A file that nothing recognised; ``mapping`` is a whole mapping.yaml for it, empty where none can be drafted."""

    file: str
    looks_like: str
    next: str
    mapping: str = ""


def unknown_files(evidence: Evidence, paths: Sequence[str]) -> list[UnknownFile]:
    """Each file of the account without a format, in its order."""
    unknown = evidence.sources.filter(pl.col("format").is_null())["file"].to_list()
    if not unknown:
        return []
    by_name = {name: path for _, path, name in files_of(named_file(path) for path in paths)}
    return [_file(name, by_name.get(name), place < MOST_DRAFTED) for place, name in enumerate(unknown)]


def _file(name: str, path: Path | None, drafts: bool) -> UnknownFile:
    if path is None:
        return UnknownFile(name, "a file inside an archive", "unpack the archive, and check what was in it")
    try:
        if drafts:
            return described(name, path, draft_of(path))
        looks = looks_like(path)
    except OSError as error:
        return UnknownFile(name, f"it cannot be read ({error.strerror or error})", "check who may read it")
    return UnknownFile(name, looks.said, f"see {map_command(path)}" if looks.is_table or looks.is_text else looks.next)


def described(name: str, path: Path, draft: Draft) -> UnknownFile:
    """What a draft says of a file."""
    if not draft.entries:
        return UnknownFile(name, draft.looks, draft.missing)
    frames = ", ".join(dict.fromkeys(entry.frame for entry in draft.entries))
    mapping = "\n".join([*HEAD, draft.yaml(whole_glob(path.name))])
    return UnknownFile(name, draft.looks, f"{map_command(path)} writes a mapping that reads it as {frames}", mapping)


def map_command(path: Path) -> str:
    """The command that drafts a mapping for a file."""
    return f"integrhealth map {shlex.quote(shown_path(path))}"
