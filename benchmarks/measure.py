"""Measuring: every case in a process of its own, the cases taking turns, the median of the seconds."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPEATS = 3
Case = tuple[str, str]
Runs = dict[Case, list[dict[str, float]]]


def measured(work: Callable[[Path], int], path: Path, *, warmup: Path) -> None:
    """One case in this process, after WARMUP, so that imports and first calls are not timed: seconds, processor
    seconds, peak memory in MB and rows, printed as JSON.
    """
    work(warmup)
    began, worked = time.perf_counter(), time.process_time()
    rows = work(path)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    # Not getrusage: its peak begins with that of the parent process.
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "rows": rows}))


def in_turns(script: str, cases: list[Case], folder: Path, *, repeats: int = REPEATS) -> Runs:
    """What ``python SCRIPT --case READER FILE`` measured for every case (reader, file), several times over."""
    results: Runs = {case: [] for case in cases}
    for _ in range(repeats):
        for reader, file in cases:
            command = [sys.executable, script, "--case", reader, str(folder / file)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results[reader, file].append(json.loads(done.stdout))
    return results


def seconds_of(runs: Runs) -> dict[Case, float]:
    """The median of each case."""
    return {case: statistics.median(run["seconds"] for run in each) for case, each in runs.items()}


def table(runs: Runs, title: str) -> str:
    """The measurements as Markdown; the last columns are the other's time and processor time over ours."""
    median = seconds_of(runs)
    worked = {case: statistics.median(run["cpu"] for run in each) for case, each in runs.items()}
    lines = [
        f"{title}, median of {len(next(iter(runs.values())))}, load {os.getloadavg()[0]:.1f}",
        "",
        "| file | reader | seconds | CPU s | peak MB | rows | against ours | CPU against ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (reader, file), each in runs.items():
        peak, rows = max(run["peak_mb"] for run in each), each[0]["rows"]
        case, mine = (reader, file), ("ours", file)
        lines.append(
            f"| {file} | {reader} | {median[case]:.2f} | {worked[case]:.2f} | {peak:.0f} | {rows:,} "
            f"| {median[case] / median[mine]:.2f}x | {worked[case] / worked[mine]:.2f}x |"
        )
    return "\n".join(lines)
