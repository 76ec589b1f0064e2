"""Temporary folders: kept while their process lives, removed once it was killed, and nothing else is ever removed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from drawing.processes import wait_until

from integrhealth import scratch

OWNER_PROCESS = """
import sys, time
from integrhealth.scratch import owned_folder
with owned_folder() as place:
    (place / "evidence").mkdir()
    (place / "evidence" / "messages.parquet").write_text("what the logs said")
    (place / "out").symlink_to(sys.argv[1])
    print(place, flush=True)
    time.sleep(300)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """An empty folder for temporary files, of this process and of those it starts."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def abandoned(place):
    """A folder as a killed process leaves it."""
    place.mkdir()
    (place / scratch.OWNER).touch()
    (place / "logs").mkdir()
    (place / "logs" / "messages").write_text("text")
    return place


def test_a_folder_lives_as_long_as_its_process_and_is_removed_once_that_was_killed(temporary, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kept").touch()
    command = [sys.executable, "-c", OWNER_PROCESS, str(mine)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    place = temporary / os.path.basename(process.stdout.readline().strip())
    try:
        scratch.remove_abandoned()
        assert (place / "evidence" / "messages.parquet").exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (place / "evidence" / "messages.parquet").exists()
    scratch.remove_abandoned()
    assert list(temporary.iterdir()) == []
    assert (mine / "kept").exists()


def test_a_folder_is_empty_at_first_but_for_its_mark_for_its_user_only_and_gone_at_the_end(temporary):
    with suppress(KeyError), scratch.owned_folder() as place:
        assert place.parent == temporary
        assert os.listdir(place) == [scratch.OWNER]
        assert place.stat().st_mode & 0o077 == 0
        raise KeyError
    assert list(temporary.iterdir()) == []


def test_what_is_not_of_the_kit_stays(temporary, tmp_path):
    elsewhere = abandoned(tmp_path / "elsewhere")
    (temporary / "integrhealth-linked01").symlink_to(elsewhere)
    (temporary / "integrhealth-notebook").mkdir()
    (temporary / "integrhealth-notebook" / "mine.ipynb").touch()
    (temporary / "integrhealth-file0001").touch()
    looks_marked = temporary / "integrhealth-marked01"
    looks_marked.mkdir()
    (looks_marked / scratch.OWNER).symlink_to(elsewhere / scratch.OWNER)
    abandoned(temporary / "another-program")
    before = sorted(temporary.rglob("*"))
    scratch.remove_abandoned()
    assert sorted(temporary.rglob("*")) == before
    assert (elsewhere / "logs" / "messages").exists()


def test_the_folder_of_another_user_stays(temporary, monkeypatch):
    place = abandoned(temporary / "integrhealth-another1")
    monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)
    scratch.remove_abandoned()
    assert (place / "logs" / "messages").exists()


def test_a_folder_taken_for_abandoned_before_it_was_locked_is_not_used(temporary, monkeypatch):
    lock, taken = scratch._is_ours_now, []

    def after_another_run_has_looked(descriptor):
        if len(taken) < 2:
            (place,) = temporary.iterdir()
            taken.append(place)
            # The first is gone before it is locked, the other one is about to go.
            if len(taken) == 2:
                return False
            shutil.rmtree(place)
        return lock(descriptor)

    monkeypatch.setattr(scratch, "_is_ours_now", after_another_run_has_looked)
    with scratch.owned_folder() as place:
        assert place not in taken
        assert (place / scratch.OWNER).exists()
    assert len(taken) == 2


def test_runs_that_start_at_once_remove_each_folder_once_and_none_of_each_other(temporary):
    for number in range(40):
        abandoned(temporary / f"integrhealth-{number:08}")

    def begin(_):
        with scratch.owned_folder() as place:
            scratch.remove_abandoned()
            (place / "evidence").write_text("mine")
            scratch.remove_abandoned()
            return (place / "evidence").read_text()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(begin, range(64))) == ["mine"] * 64
    assert list(temporary.iterdir()) == []


def test_what_could_not_be_removed_whole_is_met_again(temporary, monkeypatch):
    place = abandoned(temporary / "integrhealth-again001")

    def stuck(*_, **__):
        raise OSError("busy")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", stuck)
        scratch.remove_abandoned()
    assert (place / scratch.OWNER).exists()
    scratch.remove_abandoned()
    assert not place.exists()


def test_many_killed_processes_leave_nothing_in_the_end(temporary, tmp_path):
    command = [sys.executable, "-c", OWNER_PROCESS, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]
    wait_until(lambda: len(list(temporary.rglob("out"))) == 4)
    for process in processes[:3]:
        process.send_signal(signal.SIGKILL)
        process.wait()
    scratch.remove_abandoned()
    assert len(list(temporary.iterdir())) == 1
    processes[3].send_signal(signal.SIGKILL)
    processes[3].wait()
    scratch.remove_abandoned()
    assert list(temporary.iterdir()) == []
