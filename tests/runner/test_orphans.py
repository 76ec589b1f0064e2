"""Children of a run that was killed end with it: kernels with all they started, and the one that bundles charts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from drawing.processes import is_running, wait_until
from drawing.runner import NOTEBOOKS

from integrhealth import scratch
from integrhealth.runner.page import BUNDLE

# Starts a child that is given its parent's number, says the child's, and waits.
PARENT_PROCESS = """
import os, subprocess, sys, time
command = [sys.executable, "-c", sys.argv[1], str(os.getpid())]
child = subprocess.Popen(command, start_new_session=sys.argv[2] == "leads")
time.sleep(300)
"""
CHILD = """
import os, subprocess, sys, time
from pathlib import Path
from integrhealth.runner.orphans import end_with_parent
end_with_parent(int(sys.argv[1]))
{started}
Path({place!r}, "pids.new").write_text(f"{{os.getpid()}} {{inner}}")
Path({place!r}, "pids.new").rename(Path({place!r}, "pids"))
{then}
"""


def killed_parent_of(child: str, how: str, place: Path, **options) -> list[int]:
    """The processes of `child` once it runs and its parent was killed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT_PROCESS, child, how], **options)
    try:
        wait_until((place / "pids").exists)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    return [int(pid) for pid in (place / "pids").read_text().split()]


def test_a_child_that_leads_a_group_takes_all_it_started_along(tmp_path):
    started = 'inner = subprocess.Popen(["sleep", "300"]).pid'
    child = CHILD.format(place=str(tmp_path), started=started, then="time.sleep(300)")
    pids = killed_parent_of(child, "leads", tmp_path)
    assert len(pids) == 2
    wait_until(lambda: not any(map(is_running, pids)), seconds=10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process that holds Python's lock")
def test_a_child_alone_ends_even_while_it_holds_the_lock_of_python(tmp_path):
    then = "import ctypes; ctypes.PyDLL(None).sleep(300)"
    child = CHILD.format(place=str(tmp_path), started="inner = os.getpid()", then=then)
    pids = killed_parent_of(child, "alone", tmp_path)
    wait_until(lambda: not any(map(is_running, pids)), seconds=10)


@pytest.mark.parametrize("how", ["leads", "alone"])
def test_a_child_whose_parent_was_gone_before_it_began_ends_too(tmp_path, how):
    gone = subprocess.Popen(["true"])
    gone.wait()
    child = CHILD.format(place=str(tmp_path), started="inner = os.getpid()", then="time.sleep(300)")
    process = subprocess.Popen([sys.executable, "-c", child, str(gone.pid)], start_new_session=how == "leads")
    assert process.wait(timeout=20) in (1, -signal.SIGKILL)


def test_a_child_lives_while_its_parent_does(tmp_path):
    child = CHILD.format(place=str(tmp_path), started="inner = os.getpid()", then="time.sleep(0.6); sys.exit(7)")
    for options in ({}, {"start_new_session": True}):
        assert subprocess.run([sys.executable, "-c", child, str(os.getpid())], timeout=20, **options).returncode == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process that holds Python's lock")
def test_what_makes_the_script_of_the_charts_ends_with_its_parent(tmp_path):
    slow = "import ctypes, os\nfrom pathlib import Path\ndef javascript_bundle(_):\n    place = Path(__file__).parent\n"
    slow += '    (place / "pids.new").write_text(str(os.getpid()))\n    (place / "pids.new").rename(place / "pids")\n'
    (tmp_path / "vl_convert.py").write_text(slow + "    ctypes.PyDLL(None).sleep(300)\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    pids = killed_parent_of(BUNDLE, "alone", tmp_path, env=os.environ | {"PYTHONPATH": path})
    wait_until(lambda: not any(map(is_running, pids)), seconds=10)


def test_a_run_that_was_killed_leaves_no_kernel_and_its_folder_goes_with_the_next_one(tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    start = f"""
from pathlib import Path
from integrhealth.runner.execute import Kernels, executed
parameters = {{"output": {str(tmp_path)!r}}}
executed(Path({str(NOTEBOOKS / "never_ends.ipynb")!r}), parameters=parameters, deadline_seconds=300, kernels=Kernels())
"""
    process = subprocess.Popen([sys.executable, "-c", start], env=os.environ | {"TMPDIR": str(temporary)})
    try:
        wait_until(lambda: (tmp_path / "child.pid").exists() and bool((tmp_path / "child.pid").read_text()), seconds=60)
        started = int((tmp_path / "child.pid").read_text())
        kernel = os.getpgid(started)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_until(lambda: not is_running(started) and not is_running(kernel), seconds=10)
    assert any(temporary.glob("*/kernel.json"))
    monkeypatch.setattr(scratch, "gettempdir", lambda: str(temporary))
    scratch.remove_abandoned()
    assert list(temporary.iterdir()) == []
