"""The bytes of a log file in whole lines: plain or gzip, with or without a byte order mark, damaged or not.

A gzip that unpacks to far more than logs ever do is given up where that shows, so that it fills no memory.
"""

import codecs
import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from isal import igzip_threaded, isal_zlib

from integrhealth.reading.files.marks import newlines

BLOCK_BYTES = 8 << 20
# As much as it takes to see what a file is.
HEAD_BYTES = 1 << 16
WORKERS = 2
GZIP_MAGIC = b"\x1f\x8b"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# 16 + 15: a gzip wrapper and the largest window.
GZIP_WINDOW = 31
# In small steps and small pieces: each step moves what is left of the piece.
RESCUED_BYTES = 1 << 14
PACKED_BYTES = 1 << 16
# Whatever a file packs may be this large. Beyond it, one packed byte may stand for so many: the same line of JSON over
# and over packs 300 to 1, logs up to 200 to 1, and nothing packs more than 1,032 to 1.
FREE_BYTES = 100 << 20
MOST_TO_ONE = 500
TOO_LARGE = "unpacks_too_large"


T = TypeVar("T")


class DamagedFile(Exception):
    """The bytes end or break before the file does; what came before is good. Never leaves the readers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Block:
    """Whole lines of a file: their bytes, the number of the first, and how many line ends there are.

    With ``damage`` the bytes are what stood after the last whole line when the file broke off.
    """

    data: bytes
    first_line: int
    newlines: int
    damage: str | None = None


def is_gzip(path: Path) -> bool:
    """Whether the file is packed, by its first bytes and not by its name."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def beginning(path: Path, *, size: int = HEAD_BYTES) -> bytes:
    """The first `size` bytes of a file, unpacked; of a damaged one what can be unpacked of them. Never more.

    A byte order mark is left out and UTF-16 given as UTF-8, so that whoever recognises a file need not know of them.
    """
    start, _ = _start(path, size)
    if not start.startswith(UTF16):
        return start.removeprefix(codecs.BOM_UTF8)
    wider, _ = _start(path, 2 * size + len(UTF16[0]))
    return codecs.getincrementaldecoder("utf-16")("replace").decode(wider).encode()[:size]


def damage_at_start(path: Path) -> str | None:
    """What is wrong with a packed file that breaks before much of it could be seen, if anything is."""
    return _start(path, HEAD_BYTES)[1]


def _start(path: Path, size: int) -> tuple[bytes, str | None]:
    start, damage = bytearray(), None
    try:
        for part in _rescued(path, 0) if is_gzip(path) else _read(path, size):
            start += part
            if len(start) >= size:
                break
    except DamagedFile as stop:
        damage = stop.reason  # the reader meets it again, and counts it
    return bytes(start[:size]), damage


def most_from(packed: int) -> int:
    """How many bytes so many packed ones may unpack to."""
    return max(FREE_BYTES, MOST_TO_ONE * packed)


def unpacked_size(path: Path, *, most: int) -> int:
    """How many bytes a gzip holds, as far as it can be read, and once there are more than `most` no exact number."""
    size = 0
    try:
        for part in _unpacked(path, PACKED_BYTES):
            size += len(part)
            if size > most:
                break
    except DamagedFile as stop:
        return most + 1 if stop.reason == TOO_LARGE else size  # the reader meets any other damage, and counts it
    return size


def unpack(path: Path, into: Path, *, most: int) -> int:
    """Write what a gzip holds to another file, and say how many bytes it is.

    Raises DamagedFile where it breaks, or has more than `most` bytes.
    """
    with into.open("wb") as file:
        for part in _unpacked(path, PACKED_BYTES):
            if file.tell() + len(part) > most:
                raise DamagedFile(TOO_LARGE)
            file.write(part)
        return file.tell()


def line_blocks(path: Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The file as blocks of whole lines, in order."""
    return _aligned(_plain_utf8(path, block_bytes))


def in_order(work: Callable[[Block], T], blocks: Iterator[Block]) -> Iterator[T]:
    """`work` done on every block, in order, on two threads that read ahead by a few blocks and no more.

    A file of one block, as most are, needs no threads.
    """
    begun = list(islice(blocks, 2))
    if len(begun) < 2:
        yield from map(work, begun)
        return
    blocks = chain(begun, blocks)
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = deque()
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def whole(path: Path, *, encoding: str | None = None) -> tuple[bytes, str | None]:
    """All bytes of a file as UTF-8, and the damage that ended them early, if any.

    A byte order mark decides first, then `encoding`. Bytes that are not UTF-8 stay as they are: the reader rejects
    the lines they are in.
    """
    parts, damage = [], None
    try:
        for part in _plain_utf8(path, BLOCK_BYTES, encoding=encoding):
            parts.append(part)
    except DamagedFile as stop:
        damage = stop.reason
    return b"".join(parts), damage


def lines_at(path: Path, numbers: set[int], *, length: int) -> dict[int, bytes]:
    """The beginnings of the lines with these `numbers`, for showing what was rejected."""
    beginnings, last = {}, max(numbers, default=0)
    for block in line_blocks(path):
        if block.first_line > last:
            break
        if any(block.first_line <= number <= block.first_line + block.newlines for number in numbers):
            beginnings |= numbered(block.data, numbers, first_line=block.first_line, length=length)
    return beginnings


def numbered(data: bytes, numbers: set[int], *, first_line: int = 1, length: int) -> dict[int, bytes]:
    """The beginnings of those lines of `data` whose number is in `numbers`."""
    lines = enumerate(data.split(b"\n"), start=first_line)
    return {number: line[:length] for number, line in lines if number in numbers}


def _aligned(parts: Iterator[bytes]) -> Iterator[Block]:
    # In pieces, which are joined once: a line may be as long as the file.
    pending, line = [], 1
    try:
        for part in parts:
            cut = part.rfind(b"\n") + 1
            if not cut:
                pending.append(part)
                continue
            data = b"".join((*pending, memoryview(part)[:cut]))
            pending = [part[cut:]]
            ends = newlines(data)
            yield Block(data, line, ends)
            line += ends
    except DamagedFile as stop:
        yield Block(b"".join(pending), line, 0, stop.reason)
        return
    if last := b"".join(pending):
        yield Block(last, line, 0)


def _plain_utf8(path: Path, size: int, *, encoding: str | None = None) -> Iterator[bytes]:
    parts = _unpacked(path, size) if is_gzip(path) else _read(path, size)
    first = next(parts, b"")
    if first.startswith(UTF16):
        encoding = "utf-16"
    if encoding is None:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from parts
        return
    # What cannot be decoded passes as bytes that are no UTF-8, so that only its line is rejected.
    passing = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(passing)
    try:
        yield decoder.decode(first).encode("utf-8", passing).removeprefix(codecs.BOM_UTF8)
        for part in parts:
            yield decoder.decode(part).encode("utf-8", passing)
        yield decoder.decode(b"", final=True).encode("utf-8", passing)
    except UnicodeError as error:
        raise DamagedFile("bad_encoding") from error


def _read(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(size):
            yield part


def _unpacked(path: Path, size: int) -> Iterator[bytes]:
    delivered = 0
    try:
        with path.open("rb") as file:
            sipped = _Sipped(file)
            with igzip_threaded.open(sipped, "rb", threads=1) as unpacker:
                while part := unpacker.read(size):
                    most = most_from(sipped.taken)
                    yield part[: max(0, most - delivered)]
                    delivered += len(part)
                    if delivered > most:
                        raise DamagedFile(TOO_LARGE)
    except (EOFError, gzip.BadGzipFile, zlib.error, isal_zlib.IsalError):
        # The threaded reader drops what it had unpacked when it meets the damage: fetch that with the patient one.
        yield from _rescued(path, delivered)


class _Sipped(io.RawIOBase):
    """A file read in sips and how much of it was taken, which tells how much its bytes unpack to."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.file, self.taken = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        read = self.file.readinto(memoryview(buffer)[:PACKED_BYTES])
        self.taken += read
        return read


def _rescued(path: Path, delivered: int) -> Iterator[bytes]:
    unpacker, ahead = zlib.decompressobj(GZIP_WINDOW), delivered
    unpacked, taken, begun = 0, 0, False
    with path.open("rb") as file:
        while packed := file.read(PACKED_BYTES):
            taken += len(packed)
            while packed:
                part, damaged = _step(unpacker, packed)
                unpacked += len(part)
                if unpacked > most_from(taken):
                    yield part[ahead : most_from(taken) - unpacked]
                    raise DamagedFile(TOO_LARGE)
                if len(part) > ahead:
                    yield part[ahead:]
                ahead = max(0, ahead - len(part))
                if damaged:
                    raise DamagedFile("damaged_gzip")
                packed, begun = unpacker.unconsumed_tail, True
                if unpacker.eof:
                    packed, begun = unpacker.unused_data, False
                    unpacker = zlib.decompressobj(GZIP_WINDOW)
    if begun:
        raise DamagedFile("truncated_gzip")


def _step(unpacker: Any, packed: bytes) -> tuple[bytes, bool]:
    """The next bytes, and whether the file breaks after them."""
    before = unpacker.copy()
    try:
        return unpacker.decompress(packed, RESCUED_BYTES), False
    except zlib.error:
        return _up_to_the_damage(before, packed), True


def _up_to_the_damage(unpacker: Any, packed: bytes) -> bytes:
    """What the step would have given, had it not met the damage: in pieces that halve where they meet it."""
    unpacked, size = bytearray(), len(packed) // 2
    while size:
        before = unpacker.copy()
        try:
            unpacked += unpacker.decompress(packed[:size], RESCUED_BYTES)
            packed = packed[size:]
        except zlib.error:
            unpacker, size = before, size // 2
    return bytes(unpacked)
