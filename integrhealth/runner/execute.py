"""One notebook, executed in a kernel of its own, with a deadline: what came of it is never guessed.

papermill's output notebook does not tell the truth when a kernel is killed or leaves early, so the status is taken
from the Python exception and the notebook is stamped afresh.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.errors import WrongParameter
from integrhealth.language.masking import cut, masked
from integrhealth.language.safe_text import visible
from integrhealth.runner.orphans import PARENT
from integrhealth.runner.startup import spare_grammar
from integrhealth.scratch import owned_folder

spare_grammar()

import nbformat  # noqa: E402
import papermill  # noqa: E402
from jupyter_client.kernelspec import KernelSpec  # noqa: E402
from jupyter_client.manager import AsyncKernelManager  # noqa: E402
from nbclient.exceptions import DeadKernelError  # noqa: E402
from papermill.engines import NBClientEngine, papermill_engines  # noqa: E402
from papermill.exceptions import PapermillExecutionError  # noqa: E402

START_SECONDS = 60
MAX_ERROR, MAX_TRACEBACK = 600, 4000
# The path of a UNIX socket has at most 107 bytes; the sockets of a kernel add "/socket-5".
LONGEST_SOCKET_FOLDER = 90
BANNER = "papermill-error-cell-tag"
# Kernels and papermill talk on stderr about what this module reports itself.
logging.getLogger("papermill").addHandler(logging.NullHandler())
logging.getLogger("papermill").propagate = False


class SavedAtTheEnd(NBClientEngine):
    """papermill's way to run the cells, without its saving the whole notebook before and after each of them.

    That would be a third of the time of a long report. It still saves once all has ended, in an error too.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        nb_man.save = lambda **_: None
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            del nb_man.save


ENGINE = "integrhealth"
papermill_engines.register(ENGINE, SavedAtTheEnd)


@dataclass(frozen=True)
class Outcome:
    """What came of one notebook: its cells and outputs, why it failed (None: it did not), and how long it took."""

    name: str
    notebook: Any
    error: str | None
    seconds: float


@dataclass
class Kernels:
    """The kernels that are alive now, so that an interrupted run leaves none behind."""

    alive: set[subprocess.Popen] = field(default_factory=set)
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, process: subprocess.Popen) -> None:
        with self.lock:
            self.alive.add(process)
            if self.closed:
                kill(process)

    def remove(self, process: subprocess.Popen) -> None:
        with self.lock:
            self.alive.discard(process)

    def close(self) -> None:
        """Kill them all, and any that is still about to start."""
        with self.lock:
            self.closed = True
            for process in self.alive:
                kill(process)


def kill(process: subprocess.Popen) -> None:
    """Kill a kernel and everything it started. It leads its own process group; where there are none, it alone."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def executed(
    source: Path,
    *,
    parameters: Mapping[str, Any],
    deadline_seconds: float,
    kernels: Kernels,
) -> Outcome:
    """The notebook at `source`, run with `parameters`; an error inside it is an outcome, not an exception.

    Only one that the user made is raised: WrongParameter, for a parameter that asks for what the data do not have.
    """
    started = time.perf_counter()
    # Short and outside the user's folders: it holds sockets, and braces in a path are a template to papermill.
    with owned_folder() as place:
        error = _error(source, place, parameters, deadline_seconds, kernels)
        output = place / "output.ipynb"
        notebook = nbformat.read(output if output.exists() else source, as_version=4)
    error = visible(inert(" ".join(error.split()))) if error is not None else None
    return Outcome(source.stem, notebook, error, time.perf_counter() - started)


def _error(
    source: Path, place: Path, parameters: Mapping[str, Any], deadline_seconds: float, kernels: Kernels
) -> str | None:
    watch = Watch(deadline_seconds, kernels)
    try:
        notebook = papermill.execute_notebook(
            nbformat.read(source, as_version=4),
            str(place / "output.ipynb"),
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            kernel_manager_class=_kernel_manager(place, watch),
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(place)}},
            progress_bar=False,
            start_timeout=START_SECONDS,
        )
    except PapermillExecutionError as error:
        if error.ename == WrongParameter.__name__:
            raise WrongParameter(visible(inert(" ".join(error.evalue.split())))) from None
        return f"{error.ename}: {error.evalue} (cell {error.cell_index + 1})"
    except Exception as error:  # whatever it is: this report failed, says so, and the others go on
        if watch.overdue:
            return f"not finished after {deadline_seconds:g} s and stopped; see --deadline"
        dead = isinstance(error, DeadKernelError) or (isinstance(error, RuntimeError) and "ernel" in str(error))
        return _death(watch.process, place) if dead else f"{type(error).__name__}: {error}"
    finally:
        watch.stop()
    if notebook.metadata.papermill.get("exception"):
        return "the notebook left before its end (sys.exit)"
    return None


def _death(process: subprocess.Popen | None, place: Path) -> str:
    code = process.wait(timeout=START_SECONDS) if process else None
    how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    hint = "; often memory ran out" if how == "SIGKILL" else ""
    log = place / "kernel.log"
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return f"its kernel died ({how}{hint})" + (f": {said[-1]}" if said else "")


class Watch:
    """Kills the kernel of one notebook when its total time is over."""

    def __init__(self, deadline_seconds: float, kernels: Kernels) -> None:
        self.kernels, self.process, self.overdue = kernels, None, False
        self.timer = threading.Timer(deadline_seconds, self.end)
        self.timer.daemon = True
        self.timer.start()

    def started(self, process: subprocess.Popen) -> None:
        self.process = process
        self.kernels.add(process)
        if self.overdue:
            kill(process)

    def end(self) -> None:
        self.overdue = True
        if self.process:
            kill(self.process)

    def stop(self) -> None:
        self.timer.cancel()
        if self.process:
            kill(self.process)
            self.kernels.remove(self.process)


def _kernel_manager(place: Path, watch: Watch) -> type[AsyncKernelManager]:
    """A class, since nbclient makes the instance: this Python, our start-up, our folder, known to `watch`."""

    class ReportKernel(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            command = [sys.executable, "-P", "-m", "integrhealth.runner.kernel", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

        async def start_kernel(self, **options: Any) -> None:
            self.connection_file = str(place / "kernel.json")
            if hasattr(os, "killpg") and len(str(place)) < LONGEST_SOCKET_FOLDER:
                # No port that two kernels could race for; an absolute folder, or a kernel elsewhere never answers.
                self.transport, self.ip = "ipc", str(place / "socket")
            own = {"IPYTHONDIR": str(place / "ipython"), "PYTHONHASHSEED": "0", PARENT: str(os.getpid())}
            with (place / "kernel.log").open("wb") as log:
                await super().start_kernel(stdout=log, stderr=log, env=os.environ | own, **options)
            watch.started(self.provisioner.process)

    return ReportKernel


def inert(text: str, *, limit: int = MAX_ERROR) -> str:
    """Text of an error without secrets and addresses, cut to `limit` characters."""
    return pl.select(cut(masked(pl.lit(text[: 2 * limit])), limit)).item()


def stamped(outcome: Outcome, *, parameters: Mapping[str, Any]) -> Any:
    """The notebook as it is published: what happened, the `parameters` a reader can use again, no scratch paths."""
    notebook = nbformat.from_dict(outcome.notebook)
    cells = [cell for cell in notebook.cells if BANNER not in cell.metadata.get("tags", ())]
    for cell in cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.evalue = visible(inert(output.evalue))
                output.traceback = [inert(line, limit=MAX_TRACEBACK) for line in output.traceback]
        if "injected-parameters" in cell.metadata.get("tags", ()):
            lines = [f"{name} = {value!r}" for name, value in parameters.items()]
            cell.source = "\n".join(["# Parameters of this run", *lines])
    if outcome.error is not None:
        # Indented, hence code: nothing in the error can be markdown or HTML.
        text = f"**This report failed.** What is below is as far as it got.\n\n    {outcome.error}"
        cells.insert(0, nbformat.v4.new_markdown_cell(text, id="integrhealth-error"))
    notebook.cells = cells
    notebook.metadata["papermill"] = {"exception": outcome.error is not None or None, "parameters": dict(parameters)}
    status = "failed" if outcome.error is not None else "done"
    notebook.metadata["integrhealth"] = {"report": outcome.name, "status": status, "error": outcome.error}
    return notebook
