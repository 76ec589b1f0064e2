"""Temporary folders that hold logs: each belongs to a living process, and what a killed one left can be removed.

The owner keeps a lock on a file in the folder. The system lets it go with the process, however that ends, so that no
id of a process, which may be used again, has to be trusted.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir, mkdtemp

try:
    import fcntl
except ImportError:  # no such locks on this system: folders of killed processes are then not told from others
    fcntl = None  # type: ignore[assignment]

PREFIX = "integrhealth-"
# The file in a folder that says whose it is: another folder of such a name is not ours to remove.
OWNER = ".integrhealth-owner"


@contextmanager
def owned_folder() -> Iterator[Path]:
    """A new temporary folder of this process, removed afterwards."""
    if fcntl is None:
        with TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    place, folder, lock = _created()
    try:
        yield place
    finally:
        # What is written by a child that is just being killed can keep the folder from going: a later run removes it.
        with suppress(OSError):
            _removed(place, folder)
        os.close(lock)
        os.close(folder)


def _created() -> tuple[Path, int, int]:
    """A new folder, opened, and the lock on it."""
    while True:
        place = Path(mkdtemp(prefix=PREFIX))
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        lock = os.open(OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        # Until it was locked another run may have taken it for abandoned: then it is gone, or about to go.
        if _is_ours_now(lock) and os.fstat(lock).st_nlink:
            return place, folder, lock
        os.close(lock)
        os.close(folder)


def remove_abandoned() -> None:
    """Remove the folders of ``owned_folder`` whose process has ended without doing so, as one that is killed does.

    Only folders of this user, never through a link; those that cannot be removed are left for the next time.
    """
    if fcntl is None:
        return
    with os.scandir(gettempdir()) as entries:
        places = [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX)]
    for place in places:
        with suppress(OSError):  # no folder, not ours, without an owner's mark, or gone meanwhile
            _remove_if_abandoned(place)


def _remove_if_abandoned(place: Path) -> None:
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(folder).st_uid != os.getuid():
            return
        lock = os.open(OWNER, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
        try:
            if _is_ours_now(lock):
                _removed(place, folder)
        finally:
            os.close(lock)
    finally:
        os.close(folder)


def _is_ours_now(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _removed(place: Path, folder: int) -> None:
    """Remove the open `folder` at `place`; the owner's mark goes last, so that what was cut short is met again."""
    with os.scandir(folder) as entries:
        inner = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if entry.name != OWNER]
    for name, is_folder in inner:
        if is_folder:
            shutil.rmtree(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
    os.unlink(OWNER, dir_fd=folder)
    os.rmdir(place)
