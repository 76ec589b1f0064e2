"""One question for root causes, cold: 1 million messages between 50 systems and their metrics, one a minute for a day.

Run ``python benchmarks/root_cause_speed.py [MESSAGES]``. The question is asked in a process of its own, three times;
the median is shown. Importing the kit, reading the saved evidence and the question are timed apart, as links and
causes of the messages are worked out by the first question and kept.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

MESSAGES, SYSTEMS, REPEATS = 1_000_000, 50, 3
CALLS = 10  # of a trace, so that a system calls others that call others
DAY, AT = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)
METRICS = ("latency", "requests", "errors", "cpu", "memory")
CULPRIT, SLOWER, SLOW_FOR = 7, 5, timedelta(minutes=30)


def write_evidence(folder: Path, count: int) -> None:
    """COUNT messages in traces of ten over a day, a random tree each, and five metrics of every system; at noon one
    system takes five times as long for half an hour.
    """
    from integrhealth.evidence import Evidence

    random = np.random.default_rng(7)
    number = np.arange(count)
    trace, place = number // CALLS, number % CALLS
    parent = number - place + (random.random(count) * place).astype(np.int64)
    # A system calls those after it, so that calls have one direction.
    system = np.minimum(np.sort(random.integers(0, SYSTEMS, (count // CALLS + 1, CALLS)), axis=1).ravel()[:count], 49)
    seconds = np.sort(random.uniform(0, 86_400, count // CALLS + 1))[trace] + 0.01 * place
    noon = (AT - DAY).total_seconds()
    slow = (system == CULPRIT) & (seconds >= noon) & (seconds < noon + SLOW_FOR.total_seconds())
    took = 0.2 * np.exp(random.normal(0, 0.3, count)) * np.where(slow, SLOWER, 1)
    names, sent = pl.Series([f"system {each}" for each in range(SYSTEMS)]), pl.lit(DAY)
    frame = pl.DataFrame({"number": number, "place": place, "trace": trace, "parent": parent})
    messages = frame.select(
        message_id=pl.format("m{}", "number"),
        trace_id=pl.format("t{}", "trace"),
        parent_id=pl.when(pl.col("place") > 0).then(pl.format("m{}", "parent")),
        source=names.gather(np.where(place > 0, system[parent], system)),
        target=names.gather(system),
        kind=pl.lit("request"),
        sent_at=sent + pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Duration("us")),
        finished_at=sent + pl.Series(((seconds + took) * 1e6).astype(np.int64)).cast(pl.Duration("us")),
        status=pl.Series(np.where(random.random(count) < 0.001, "failed", "ok")),
    )
    minutes = pl.datetime_range(DAY, DAY + timedelta(days=1), "1m", closed="left", time_unit="us", eager=True)
    each = pl.DataFrame({"time": minutes}).join(names.to_frame("system"), how="cross")
    metrics = each.join(pl.Series("metric", METRICS).to_frame(), how="cross")
    slow_minutes = pl.col("time").is_between(AT, AT + SLOW_FOR) & (pl.col("system") == names[CULPRIT])
    metrics = metrics.with_columns(
        value=pl.Series(np.exp(random.normal(3, 0.1, metrics.height)))
        * pl.when(slow_minutes & (pl.col("metric") == "latency")).then(SLOWER).otherwise(1)
    )
    Evidence(messages=messages, metrics=metrics).save(folder)


def asked(folder: Path) -> None:
    """The question in this process: seconds of each step, peak memory in MB and who is named first, as JSON."""
    began = time.perf_counter()
    from integrhealth.analyses.error_propagation.root_cause.ranking import root_causes
    from integrhealth.evidence import read

    imported = time.perf_counter()
    evidence = read(folder)
    was_read = time.perf_counter()
    ranked = root_causes(evidence, at=AT)
    ended = time.perf_counter()
    # Not getrusage: its peak begins with that of the parent process.
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    print(
        json.dumps(
            {
                "imports": imported - began,
                "reading": was_read - imported,
                "question": ended - was_read,
                "all": ended - began,
                "cpu": time.process_time(),
                "peak_mb": peak,
                "first": ranked["system"].to_list()[:1],
            }
        )
    )


def main(count: int) -> None:
    """Make the evidence, ask, print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        write_evidence(Path(folder), count)
        command = [sys.executable, __file__, "--case", folder]
        runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(REPEATS)]
    columns = [name for name in runs[0] if name != "first"]
    print("| messages | " + " | ".join(columns) + " | first |\n" + "|---" * (len(columns) + 2) + "|")
    shown = [f"{statistics.median(run[name] for run in runs):.2f}" for name in columns]
    print(f"| {count:,} | {' | '.join(shown)} | {', '.join(runs[0]['first'])} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        asked(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else MESSAGES)
