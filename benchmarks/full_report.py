"""The full report on the sample logs against its floor: a kernel per notebook with the same imports, and nothing else.

Run ``python benchmarks/full_report.py [LOGS]``. Report and floor take turns, the median of three is shown; memory is
the largest sum over the process and all it started (shared pages counted once), looked at five times a second.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
REPEATS, AT_A_TIME, LOOK_SECONDS, DEADLINE_SECONDS = 3, 2, 0.2, 300


def floor() -> None:
    """Every notebook with its import lines only, in a kernel of its own, two at a time."""
    from integrhealth.runner.execute import Kernels, executed

    def started(path: Path) -> None:
        outcome = executed(path, parameters={}, deadline_seconds=DEADLINE_SECONDS, kernels=kernels)
        if outcome.error is not None:
            raise RuntimeError(f"{path.name}: {outcome.error}")

    kernels = Kernels()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(started, [imports_only(path, Path(name)) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]))


def imports_only(path: Path, folder: Path) -> Path:
    """The notebook at PATH with nothing in its cells but imports."""
    notebook = nbformat.read(path, as_version=4)
    code = [line for cell in notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    imports = [line for line in code if line.startswith(("import ", "from "))]
    notebook.cells = [nbformat.v4.new_code_cell("\n".join(imports))]
    nbformat.write(notebook, folder / path.name)
    return folder / path.name


def measured(command: list[str]) -> dict[str, float]:
    """Seconds, processor seconds and peak memory in MB of a command and all that it starts."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peaks, ended = [0.0], threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peaks, ended))
    watch.start()
    _, said = process.communicate()
    seconds = time.perf_counter() - began
    ended.set()
    watch.join()
    if process.returncode:
        raise RuntimeError(said.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu": cpu, "peak_mb": max(peaks)}


def _watch(pid: int, peaks: list[float], ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        peaks.append(sum(map(_memory_mb, _tree(pid))))


def _tree(pid: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # a process that ended meanwhile
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def _memory_mb(pid: int) -> float:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return 0.0


def main(logs: str) -> None:
    """Report and floor in turn, then the table."""
    runs: dict[str, list[dict[str, float]]] = {"report": [], "floor": []}
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            command = [str(Path(sys.executable).with_name("integrhealth")), "report", logs, "--quiet"]
            command += ["--out", f"{folder}/report"]
            runs["report"].append(measured(command))
        runs["floor"].append(measured([sys.executable, __file__, "--floor"]))
    notebooks = len(list(NOTEBOOKS.glob("*.ipynb")))
    print(f"{logs}, {notebooks} notebooks, median of {REPEATS}, load {os.getloadavg()[0]:.1f}\n")
    print("| what | seconds | CPU s | peak MB | against the floor |\n|---|---|---|---|---|")
    least = statistics.median(run["seconds"] for run in runs["floor"])
    for name, each in runs.items():
        seconds, cpu = (statistics.median(run[key] for run in each) for key in ("seconds", "cpu"))
        peak = max(run["peak_mb"] for run in each)
        print(f"| {name} | {seconds:.1f} | {cpu:.1f} | {peak:.0f} | {seconds / least:.2f}x |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--floor"]:
        floor()
    else:
        main(sys.argv[1] if sys.argv[1:] else "sample:a")
