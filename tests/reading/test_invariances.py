"""What a file holds does not depend on how it is packed, encoded or copied; tried on real files of every format."""

import gzip
import os
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data, small_real_files
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.language.schema import FRAMES

FILES = small_real_files(per_folder=1, longest=200_000)
PLACE = ("log_file", "log_line")


def zipped(data: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.name, data)


WAYS = {
    "gzip": lambda data, path: path.write_bytes(gzip.compress(data)),
    "zip": zipped,
    "byte order mark": lambda data, path: path.write_bytes(b"\xef\xbb\xbf" + data),
    "UTF-16": lambda data, path: path.write_bytes(data.decode().encode("utf-16")),
    "Windows line ends": lambda data, path: path.write_bytes(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")),
}


def counted(evidence: ih.Evidence) -> list[tuple]:
    return evidence.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected").rows()


def frames(evidence: ih.Evidence) -> dict[str, pl.DataFrame]:
    """What was read, without where it stood: the name of a file may name the system that wrote it."""
    made = {name: getattr(evidence, name) for name in FRAMES}
    return {name: frame.drop(PLACE) for name, frame in made.items() if frame.height}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What is read of a file as it is, by its name; each read once for all that is compared with it."""

    @cache
    def read(name: str) -> ih.Evidence:
        original = shared_data("formats", *name.split("/"))
        return ih.read(put(tmp_path_factory.mktemp("plain") / original.name, original.read_bytes()).parent)

    return read


def put(path: Path, data: bytes, write: Callable[[bytes, Path], object] | None = None) -> Path:
    """A file with these bytes. Where a log has no time of its own, that of its file serves: it is always the same."""
    write(data, path) if write else path.write_bytes(data)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("way", WAYS)
def test_packing_and_encoding_change_nothing(way, name, plain, tmp_path):
    original = shared_data("formats", *name.split("/"))
    data = original.read_bytes()
    if data[:2] in (b"PK", b"\x1f\x8b") or not is_text(data):
        pytest.skip("packed, or no UTF-8 to write another way")
    if way == "Windows line ends" and original.suffix in (".ach", ".edi"):
        pytest.skip("line ends are part of the format")
    put(tmp_path / original.name, data, WAYS[way])
    one, two = plain(name), ih.read(tmp_path)
    assert counted(one) == counted(two)
    for frame, rows in frames(one).items():
        assert_frame_equal(rows, frames(two)[frame])


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_stands_twice_is_read_once_and_its_copies_are_counted(name, plain, tmp_path):
    original = shared_data("formats", *name.split("/"))
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        put(tmp_path / folder / original.name, original.read_bytes())
    once, twice = plain(name), ih.read(tmp_path)
    assert frames(once).keys() == frames(twice).keys()
    for frame, rows in frames(once).items():
        assert frames(twice)[frame].height == rows.height, frame
    halves = twice.sources.filter(pl.col("frame").is_not_null()).with_columns(pl.col("file").str.head(1))
    sums = halves.group_by("file", "frame", maintain_order=True).agg(pl.col("rows_in", "duplicates").sum())
    first = sums.filter(pl.col("file") == "a")
    second = sums.filter(pl.col("file") == "b")
    assert first["rows_in"].to_list() == second["rows_in"].to_list()
    if sum(frame.height for frame in frames(once).values()):
        assert second["duplicates"].sum() > 0
