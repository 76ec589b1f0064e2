"""Packed files: every member of a ZIP as a file of its own, ``logs.zip/orders.csv``; packed ones in it, one level deep.

The name of a member is shown and never becomes a path. A deflated member is a gzip but for the wrapper: it is wrapped
anew under a name of ours, in a private folder that holds one at a time, and read as any gzip is, with the same limits
and the same account of what is damaged.
"""

import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol
from zipfile import ZipFile, ZipInfo

import polars as pl

from integrhealth.language.safe_text import visible
from integrhealth.language.schema import FRAMES
from integrhealth.reading.account.parsed import REJECTED, Parsed, no_rejections
from integrhealth.reading.files.opened import (
    GZIP_MAGIC,
    TOO_LARGE,
    DamagedFile,
    beginning,
    damage_at_start,
    is_gzip,
    most_from,
    unpack,
    unpacked_size,
)
from integrhealth.scratch import owned_folder

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
MAGIC_BYTES = 4
MAX_MEMBERS = 10_000
# Of a longer name the end is shown, which has the ending that a glob asks for.
NAME_CHARACTERS = 200
PIECE_BYTES = 1 << 20
GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
LOCAL_HEADER = struct.Struct("<4s22xHH")
ENCRYPTED = 1
# What a hostile directory makes the standard library raise.
UNREADABLE = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, EOFError, struct.error)
# A member is read as a gzip, and said to be what it is.
IN_A_ZIP = {"damaged_gzip": "damaged_zip", "truncated_gzip": "truncated_zip"}
# ZIPs that are not archives of logs, by the member that each of them has.
OTHERS = {
    "[Content_Types].xml": "is an Office file and no log; save its tables as CSV",
    "mimetype": "is an OpenDocument file and no log; save its tables as CSV",
    "META-INF/MANIFEST.MF": "is a program and no log",
}


@dataclass
class Volume:
    """How much was unpacked from how little, in one file of the user with all that is packed inside it."""

    packed: int = 0
    unpacked: int = 0

    @property
    def left(self) -> int:
        """How much more may come; negative once it was too much."""
        return most_from(self.packed) - self.unpacked


class Read(Protocol):
    """Reads one file under the name that is shown; what it finds packed in it counts into the volume."""

    def __call__(self, path: Path, name: str, *, volume: Volume) -> list[Parsed]: ...


def is_packed(start: bytes) -> bool:
    """Whether a file that begins so, once any gzip around it is taken off, has files inside."""
    return start.startswith((*ZIP_MAGIC, GZIP_MAGIC))


def read_packed(path: Path, name: str, *, read: Read, volume: Volume | None = None) -> list[Parsed]:
    """What `read` finds in each file inside a packed one, and a rejected record for each that cannot be taken out.

    `volume` is there when the file was inside another itself; what is packed inside this one is refused then.
    """
    nested, volume = volume is not None, volume or Volume()
    with owned_folder() as folder:
        place = _Place(folder, read, volume, nested, path.stat().st_mtime)
        try:
            if is_gzip(path):
                return place.inside(path, name)
            entries = _directory(path)
        except DamagedFile as fault:
            return [_refused(name, fault.reason)]
        present = {entry.filename for entry in entries}
        if other := next((sentence for mark, sentence in OTHERS.items() if mark in present), None):
            return [_nothing(name, other)]
        with path.open("rb") as archive:
            return list(_members(archive, entries, name, place)) or [_nothing(name, "has no file inside")]


@dataclass(frozen=True)
class _Place:
    """Where the members of one packed file are put, one at a time, and how they are read.

    A member is as old as its archive, `written` in seconds since 1970: its own time has no zone.
    """

    folder: Path
    read: Read
    volume: Volume
    nested: bool
    written: float

    def member(self, archive: BinaryIO, entry: ZipInfo, name: str) -> list[Parsed]:
        """What one member of a ZIP held."""
        packed = self._path("packed", name)
        try:
            _wrap(archive, entry, packed)
            os.utime(packed, (self.written, self.written))
            parts = self.inside(packed, name) if is_packed(beginning(packed)) else self._judged(packed, name)
        except DamagedFile as fault:
            parts = [_refused(name, IN_A_ZIP.get(fault.reason, fault.reason))]
        packed.unlink(missing_ok=True)
        return [replace(part, file=part.file or name) for part in parts]

    def inside(self, packed: Path, name: str) -> list[Parsed]:
        """What was in the packed file that a gzip holds. Raises DamagedFile when it cannot be taken out."""
        if self.nested:
            raise DamagedFile("packed_too_deep")
        inner = self._path("inner", name)
        self.volume.packed = self.volume.packed or packed.stat().st_size
        self.volume.unpacked += unpack(packed, inner, most=self.volume.left)
        os.utime(inner, (self.written, self.written))
        if is_gzip(inner) and not self._has_room(inner):
            raise DamagedFile(TOO_LARGE)
        return self.read(inner, name, volume=self.volume)

    def _judged(self, packed: Path, name: str) -> list[Parsed]:
        # Where it is all in one gzip, the reader stops at what is too much by itself, and what it read before is good.
        if not self._has_room(packed) and self.nested:
            raise DamagedFile(TOO_LARGE)
        parts = self.read(packed, name, volume=self.volume)
        unknown = all(part.format is None and part.rejected.is_empty() for part in parts)
        if unknown and (damage := damage_at_start(packed)):
            raise DamagedFile(damage)
        reason = pl.col("reason").replace(IN_A_ZIP)
        return [replace(part, rejected=part.rejected.with_columns(reason)) for part in parts]

    def _has_room(self, packed: Path) -> bool:
        """Whether what a gzip unpacks to, which counts from now on, is still no more than it may be."""
        self.volume.unpacked += unpacked_size(packed, most=max(0, self.volume.left))
        return self.volume.left >= 0

    def _path(self, folder: str, name: str) -> Path:
        """A path for a file: of its name only what makes it the table of a frame, if it is one."""
        stem = name.rpartition("/")[2].split(".")[0].casefold()
        (self.folder / folder).mkdir(exist_ok=True)
        return self.folder / folder / (stem if stem in FRAMES else "member")


def _members(archive: BinaryIO, entries: list[ZipInfo], name: str, place: _Place) -> Iterator[Parsed]:
    files = [(entry, shown) for entry, shown in zip(entries, _shown_names(entries), strict=True) if shown is not None]
    for number, (entry, shown) in enumerate(files):
        fault = "too_many_members" if number >= MAX_MEMBERS else TOO_LARGE if place.volume.left < 0 else None
        if fault is not None:
            yield _refused(name, fault, f"{len(files) - number:,} members were not read")
            return
        if not place.nested:
            place.volume.packed += entry.compress_size
        yield from place.member(archive, entry, f"{name}/{shown}")


def _directory(path: Path) -> list[ZipInfo]:
    """What a ZIP says that it holds."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
    except UNREADABLE as error:
        raise DamagedFile("damaged_zip" if zipfile.is_zipfile(path) else "truncated_zip") from error
    if sum(entry.compress_size for entry in entries) > path.stat().st_size:
        raise DamagedFile(TOO_LARGE)  # members that share their bytes: a bomb
    return entries


def _shown_names(entries: Iterable[ZipInfo]) -> Iterator[str | None]:
    """The name to show for each member, each another; None for folders and what is hidden."""
    taken: set[str] = set()
    copies: dict[str, int] = {}
    for entry in entries:
        *above, leaf = entry.filename.replace("\\", "/").split("/")
        parts = [visible(part) for part in (*above, leaf) if part not in ("", ".", "..")]
        if not leaf or any(part.startswith(".") or part == "__MACOSX" for part in parts):
            yield None
            continue
        name = shown = "/".join(parts)[-NAME_CHARACTERS:] or "unnamed"
        while shown in taken:
            copies[name] = copies.get(name, 1) + 1
            before, dot, after = name.partition(".")
            shown = f"{before} ({copies[name]}){dot}{after}"
        taken.add(shown)
        yield shown


def _wrap(archive: BinaryIO, entry: ZipInfo, into: Path) -> None:
    """Write one member as a gzip, without its end where the archive breaks off. Raises DamagedFile if it cannot be."""
    if entry.flag_bits & ENCRYPTED:
        raise DamagedFile("encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DamagedFile("unknown_packing")
    if not 0 <= entry.header_offset < sys.maxsize:
        raise DamagedFile("damaged_zip")
    archive.seek(entry.header_offset)
    local = archive.read(LOCAL_HEADER.size)
    if len(local) < LOCAL_HEADER.size or not local.startswith(ZIP_MAGIC[0]):
        raise DamagedFile("damaged_zip")
    _, name, extra = LOCAL_HEADER.unpack(local)
    archive.seek(name + extra, os.SEEK_CUR)
    # Level 0 wraps what is stored without packing it.
    packer = zlib.compressobj(0, wbits=-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_STORED else None
    left = entry.compress_size
    with into.open("wb") as file:
        file.write(GZIP_HEADER)
        while left and (piece := archive.read(min(left, PIECE_BYTES))):
            left -= len(piece)
            file.write(packer.compress(piece) if packer else piece)
        if packer:
            file.write(packer.flush())
        if not left:
            file.write(struct.pack("<II", entry.CRC, entry.file_size & 0xFFFFFFFF))


def _refused(name: str, reason: str, raw: str | None = None) -> Parsed:
    rejected = pl.DataFrame([(name, None, reason, raw)], schema=REJECTED, orient="row")
    return Parsed(None, None, pl.DataFrame(), 0, rejected, file=name)


def _nothing(name: str, sentence: str) -> Parsed:
    return Parsed(None, None, pl.DataFrame(), 0, no_rejections(), (sentence,), name)
