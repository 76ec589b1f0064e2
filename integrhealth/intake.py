"""Which files there are, what each of them is, and reading them one after the other."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from integrhealth.errors import NothingToRead
from integrhealth.formats import FORMATS
from integrhealth.formats.mapping import Mapping, load_mapping
from integrhealth.formats.parsed import Head, Parsed, no_rejections
from integrhealth.formats.tabular import canonical_frame, read_table
from integrhealth.locations import sample_logs

HEAD_BYTES = 65_536
DECLARATIONS = {"catalog.yaml", "catalog.yml", "mapping.yaml", "mapping.yml"}


def named_file(path: str | Path) -> Path:
    """The file or folder that PATH names; ``sample:a`` is a company of the kit. Raises NothingToRead if absent."""
    if isinstance(path, str) and path.startswith("sample:"):
        return sample_logs(path.removeprefix("sample:"))
    found = Path(path).expanduser()
    if not found.exists():
        raise NothingToRead(f"{path} does not exist; name a file or folder with integration logs, or sample:a")
    return found


def log_files(root: Path) -> list[tuple[Path, str]]:
    """Every file under ROOT with its name relative to ROOT, sorted.

    Hidden files, declarations and whatever lies in a report folder of this kit are no logs.
    """
    if root.is_file():
        return [(root, root.name)]
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    published = {path.parent for path in paths if path.name == "run.json" and (path.parent / "findings.json").exists()}
    named = ((path, path.relative_to(root)) for path in paths if published.isdisjoint(path.parents))
    return [
        (path, str(name))
        for path, name in named
        if name.name not in DECLARATIONS and not any(part.startswith(".") for part in name.parts)
    ]


def parsed_files(roots: list[Path], *, mapping: str | Path | None, strict: bool) -> Iterator[Parsed]:
    """What each file held, one Parsed per file and frame; a file that nothing recognised has no format."""
    given = load_mapping(Path(mapping)) if mapping is not None else None
    for root in roots:
        declared = given or _mapping_beside(root)
        for path, name in log_files(root):
            for part in parsed_file(path, name, mapping=declared, strict=strict):
                yield replace(part, file=name)


def _mapping_beside(root: Path) -> Mapping | None:
    folder = root if root.is_dir() else root.parent
    files = [folder / name for name in ("mapping.yaml", "mapping.yml") if (folder / name).is_file()]
    return load_mapping(files[0]) if files else None


def parsed_file(path: Path, name: str, *, mapping: Mapping | None, strict: bool) -> list[Parsed]:
    """What one file held: by its mapping, else by its content, else nothing recognised it."""
    if mapping is not None and (source := mapping.source_for(name)) is not None:
        return read_table(path, name, source=source, strict=strict)
    head = Head(path, beginning(path))
    for format in FORMATS:
        if format.recognises(head):
            return format.read(path, name)
    if canonical_frame(head) is not None:
        return read_table(path, name, source=None, strict=strict)
    return [Parsed(None, None, pl.DataFrame(), 0, no_rejections())]


def beginning(path: Path) -> bytes:
    """The first 64 KiB of a file, unpacked when it is gzipped; as much as can be unpacked when it is damaged."""
    with path.open("rb") as file:
        start = file.read(HEAD_BYTES)
    if start[:2] != b"\x1f\x8b":
        return start
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(start, HEAD_BYTES)
    except zlib.error:
        return b""
