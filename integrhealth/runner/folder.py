"""The output folder: replaced whole or not at all, by one run at a time."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from integrhealth.errors import WrongValue
from integrhealth.reading.discovery import shown_path

try:
    import fcntl
except ImportError:  # no such locks on this system: two runs into one folder are then not told apart
    fcntl = None  # type: ignore[assignment]

RUN = "run.json"


def fit(out: Path, inputs: list[Path]) -> Path:
    """`out` as an absolute path that a report may replace.

    Raises WrongValue when it can be no folder, is a file, holds something that is not an earlier report, is a mount
    point, or holds one of the `inputs`, which replacing it would delete.
    """
    try:
        place = out.expanduser().resolve()
        str(place).encode()
        return _fit(out, place, inputs)
    except (OSError, ValueError, RuntimeError) as error:  # too long, bytes that are no text, an unknown user
        raise _not_writable(out, error) from error


def _fit(out: Path, place: Path, inputs: list[Path]) -> Path:
    if place.exists() and not place.is_dir():
        raise WrongValue(f"{out} is a file; name a folder with --out")
    if place.is_dir() and any(place.iterdir()) and not (place / RUN).is_file():
        raise WrongValue(f"{out} is neither empty nor an earlier report (it has no {RUN}); name another --out")
    if os.path.ismount(place):
        raise WrongValue(f"{out} is a mount point, which cannot be replaced; name a folder inside it with --out")
    for path in inputs:
        if path.resolve().is_relative_to(place):
            raise WrongValue(f"{path} lies in the output folder {out}, which the report replaces; name another --out")
    return place


@contextmanager
def building(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` to build the report in; removed afterwards, published or not.

    A run that was killed left its folder behind: it is cleared, and a good report caught in the middle of the swap
    is put back. Raises WrongValue while another run builds the same report, and where nothing can be written.
    """
    made = _missing_parents(out)
    place = out.parent / f".{out.name}.building"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(place, out)
    except OSError as error:
        _removed(made)
        raise _not_writable(out, error) from error
    try:
        if (place / "old").is_dir() and not out.exists():
            (place / "old").rename(out)
        for left in place.iterdir():
            shutil.rmtree(left)
        (place / "new").mkdir()
        yield place / "new"
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(lock)
        _removed(made)


def replace(out: Path, new: Path) -> None:
    """Put `new`, built in the folder of ``building``, in the place of `out`."""
    if out.exists():
        out.rename(new.parent / "old")
    new.rename(out)


def _not_writable(out: Path, error: Exception) -> WrongValue:
    reason = getattr(error, "strerror", None) or str(error)
    return WrongValue(f"{shown_path(out)} cannot be written ({reason}); name another folder with --out")


def _removed(made: list[Path]) -> None:
    for parent in made:
        with suppress(OSError):  # not empty: the report is in it
            parent.rmdir()


def _missing_parents(out: Path) -> list[Path]:
    return [parent for parent in out.parents if not parent.exists()]


def _locked(place: Path, out: Path) -> int:
    """A descriptor that holds the lock on `place`: it is let go with the process, so that no lock outlives a run."""
    while True:
        place.mkdir(exist_ok=True)
        descriptor = os.open(place, os.O_RDONLY)
        if fcntl is None:
            return descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise WrongValue(
                f"another run is writing {out} at this moment; wait for it or name another --out"
            ) from None
        # The run that held it may have removed the folder between our opening and our locking.
        if place.exists() and os.path.samestat(os.fstat(descriptor), place.stat()):
            return descriptor
        os.close(descriptor)
