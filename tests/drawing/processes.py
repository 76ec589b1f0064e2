"""Processes of the tests: whether one lives, and waiting for what another process does."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest


def is_running(pid: int) -> bool:
    """Whether a process lives; a zombie that nobody has reaped does not."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    """Return as soon as `true()`; fail the test when that takes longer than `seconds`."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            pytest.fail(f"nothing came of it in {seconds} s")
        time.sleep(0.02)
