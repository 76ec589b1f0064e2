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

MESSAGES, SYSTEMS, CALLS, REPEATS = 1_000_000, 50, 10, 3
DAY, AT = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)
CALLEES, DAY_SECONDS, FAILED = (3, 50), 86_400, 0.001
CULPRIT, SLOWER, SLOW_FOR = 7, 5, timedelta(minutes=30)


def write_evidence(folder: Path, count: int, *, callees: int) -> None:
    """COUNT messages in traces of ten over a day, and metrics of every system; at noon one is slow for half an hour.

    Each system calls the same few others again and again, or nearly any: CALLEES draws of the next dozen.
    """
    from integrhealth.evidence import Evidence

    random = np.random.default_rng(7)
    messages = _messages(random, count, callees)
    Evidence(messages=messages, metrics=_metrics(random, messages)).save(folder)


def _messages(random: np.random.Generator, count: int, callees: int) -> pl.DataFrame:
    """A random tree of calls per trace, each caller waiting for those it calls one after another."""
    traces, place = -(-count // CALLS), np.tile(np.arange(CALLS), -(-count // CALLS))
    parent = np.arange(len(place)) - place + (random.random(len(place)) * place).astype(np.int64)
    # A system calls those after it in the order of their numbers, so that nobody calls itself through others.
    after = np.minimum(np.arange(SYSTEMS)[:, None] + random.integers(1, 13, (SYSTEMS, callees)), SYSTEMS - 1)
    system, drawn = random.integers(0, 10, len(place)), random.integers(0, callees, len(place))
    for each in range(1, CALLS):
        system[each::CALLS] = after[system[parent[each::CALLS]], drawn[each::CALLS]]
    seconds = np.repeat(np.sort(random.uniform(0, DAY_SECONDS, traces)), CALLS)
    noon = (AT - DAY).total_seconds()
    slow = (system == CULPRIT) & (seconds >= noon) & (seconds < noon + SLOW_FOR.total_seconds())
    took = 0.02 * np.exp(random.normal(0, 0.3, len(place))) * np.where(slow, SLOWER, 1)
    for each in range(CALLS - 1, 0, -1):
        took[parent[each::CALLS]] += took[each::CALLS]
    began = seconds + 0.001 * place
    names = pl.Series([f"system {each}" for each in range(SYSTEMS)])
    frame = pl.DataFrame({"number": np.arange(len(place)), "place": place, "parent": parent}).select(
        message_id=pl.format("m{}", "number"),
        trace_id=pl.format("t{}", pl.col("number") // CALLS),
        parent_id=pl.when(pl.col("place") > 0).then(pl.format("m{}", "parent")),
        source=names.gather(np.where(place > 0, system[parent], system)),
        target=names.gather(system),
        kind=pl.lit("request"),
        sent_at=_moment(began),
        finished_at=_moment(began + took),
        status=pl.Series(np.where(random.random(len(place)) < FAILED, "failed", "ok")),
    )
    return frame.head(count)


def _moment(seconds: np.ndarray) -> pl.Expr:
    return pl.lit(DAY) + pl.lit(pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Duration("us")))


def _metrics(random: np.random.Generator, messages: pl.DataFrame) -> pl.DataFrame:
    """Five metrics of every system, once a minute: three that are counted from its calls, two that only wander."""
    took = (pl.col("finished_at") - pl.col("sent_at")).dt.total_microseconds() / 1e6
    counted = messages.group_by(system="target", time=pl.col("sent_at").dt.truncate("1m")).agg(
        latency=took.mean(), requests=pl.len().cast(pl.Float64), errors=(pl.col("status") == "failed").sum()
    )
    wide = counted.sort("system", "time").with_columns(
        cpu=pl.Series(random.normal(0.3, 0.02, counted.height)),
        memory=pl.Series(random.normal(4e8, 1e6, counted.height)),
        errors=pl.col("errors").cast(pl.Float64),
    )
    return wide.unpivot(index=["system", "time"], variable_name="metric", value_name="value")


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
    """Make the evidence, ask, print the medians; with few pairs of systems that call one another, then with many."""
    for callees in CALLEES:
        with tempfile.TemporaryDirectory() as folder:
            write_evidence(Path(folder), count, callees=callees)
            command = [sys.executable, __file__, "--case", folder]
            runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(REPEATS)]
        columns = [name for name in runs[0] if name != "first"]
        if callees == CALLEES[0]:
            print("| messages | callees | " + " | ".join(columns) + " | first |\n" + "|---" * (len(columns) + 3) + "|")
        shown = [f"{statistics.median(run[name] for run in runs):.2f}" for name in columns]
        print(f"| {count:,} | {callees} | {' | '.join(shown)} | {', '.join(runs[0]['first'])} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        asked(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else MESSAGES)
