"""An interrupt while a command is still being imported: one line, exit code 130, no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import integrhealth
from integrhealth import interrupt

# Interrupts its own process when a module is about to be imported, which is when a user does it at the worst moment.
INTERRUPTED_AT = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, {handler})  # a test run in the background passes on that it ignores them
sys.meta_path.insert(0, Interrupting())
sys.argv[0] = "integrhealth"
from integrhealth.__main__ import main
main()
"""
LINE = "integrhealth: interrupted; nothing was published"


def formats(module, handler="signal.default_int_handler"):
    code = INTERRUPTED_AT.format(module=module, handler=handler)
    return subprocess.run([sys.executable, "-c", code, "formats"], capture_output=True, text=True)


@pytest.mark.parametrize(
    "module",
    [
        "integrhealth.cli",
        "json",
        "click",
        "click.core",
        "integrhealth.errors",
        "integrhealth.reading.formats.catalogue",
        "polars",
        "numpy",
    ],
)
def test_an_interrupt_in_the_midst_of_an_import_is_one_line(module):
    shown = formats(module)
    assert (shown.returncode, shown.stderr.splitlines(), shown.stdout) == (130, [LINE], "")


def test_where_interrupts_are_ignored_they_stay_ignored():
    shown = formats("click", handler="signal.SIG_IGN")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "otlp" in shown.stdout


def printed(code, *options):
    path = str(Path(integrhealth.__file__).parents[1])
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}).stdout


def test_the_guard_is_a_matter_of_the_command_and_no_import_of_the_kit_sets_it():
    code = "from signal import *; signal(SIGINT, default_int_handler); import integrhealth, integrhealth.cli; "
    assert printed(code + "print(getsignal(SIGINT) is default_int_handler)") == "True\n"


def test_little_is_imported_before_the_guard_stands():
    code = "import sys; before = set(sys.modules); import integrhealth.__main__; print(*set(sys.modules) - before)"
    loaded = set(printed(code, "-S").split())
    assert "integrhealth.interrupt" in loaded
    assert not {"typing", "importlib", "click", "integrhealth.cli", "integrhealth.analyses"} & loaded


def test_the_number_is_that_of_an_interrupted_command():
    assert interrupt.EXIT_CODE == 128 + signal.SIGINT
    assert interrupt.SAID == LINE
