"""Latency over many messages: percentiles per integration from buckets that add up, against duckdb's exact quantiles.

Run ``python benchmarks/latency.py [MESSAGES]...``. Reading the Parquet file is included. "all facts" are those of all
other tables as well that need no links between messages. The column "rows" holds the messages that were timed, the same
for all.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measure import in_turns, measured, table

SYSTEMS, EDGES, DAYS = 15, 40, 90
FAILS, TIMES_OUT, WARMUP_MESSAGES, PART = 0.01, 0.002, 10_000, 1_000_000


def write_messages(path: Path, count: int) -> None:
    """Messages of forty integrations over ninety days with nights, lognormal latencies and few failures."""
    random = np.random.default_rng(11)
    source, target = random.integers(0, SYSTEMS, EDGES), random.integers(1, SYSTEMS, EDGES)
    target = (source + target) % SYSTEMS
    usual_ms = 10 ** random.uniform(1, 4, EDGES)
    names = pl.Series([f"system {number}" for number in range(SYSTEMS)])
    edges = pl.Series([f"integration {number}" for number in range(EDGES)])
    kinds = pl.Series(np.where(np.arange(EDGES) % 3 == 0, "queue", "request"))
    parts = []
    for begin in range(0, count, PART):
        size = min(PART, count - begin)
        edge = random.integers(0, EDGES, size)
        hour = 24 * random.integers(0, DAYS, size) + (random.normal(13, 4, size) % 24)
        sent = np.datetime64("2026-01-05T00:00:00", "us") + (hour * 3.6e9).astype("timedelta64[us]")
        took = (usual_ms[edge] * random.lognormal(0, 0.6, size) * 1000).astype("timedelta64[us]")
        ended = random.random(size)
        status = np.where(ended < FAILS, "failed", np.where(ended < FAILS + TIMES_OUT, "timeout", "ok"))
        number = np.arange(begin, begin + size)
        parts.append(path.with_suffix(f".{begin}"))
        frame = pl.DataFrame({"number": number, "trace": number // 5})
        frame.select(
            pl.format("m{}", "number").alias("message_id"),
            pl.format("t{}", "trace").alias("trace_id"),
            names.gather(source[edge]).alias("source"),
            names.gather(target[edge]).alias("target"),
            edges.gather(edge).alias("integration"),
            kinds.gather(edge).alias("kind"),
            pl.Series("sent_at", sent).dt.replace_time_zone("UTC"),
            pl.Series("received_at", sent + took // 4).dt.replace_time_zone("UTC"),
            pl.Series("finished_at", sent + took).dt.replace_time_zone("UTC"),
            pl.Series("answered_at", sent + took).dt.replace_time_zone("UTC"),
            pl.Series("status", status),
            pl.Series("bytes", random.integers(100, 10_000, size)),
        ).write_parquet(parts[-1])
    pl.scan_parquet(parts).sink_parquet(path)
    for part in parts:
        part.unlink()


def _messages(path: Path) -> pl.LazyFrame:
    from integrhealth.language.schema import FRAMES

    scan = pl.scan_parquet(path)
    stored = scan.collect_schema().names()
    lacking = [pl.lit(None, kind).alias(name) for name, kind in FRAMES["messages"].schema.items() if name not in stored]
    return scan.with_columns(lacking)


def ours(path: Path) -> int:
    """Percentiles, their intervals, error shares and counts per integration."""
    from integrhealth.analyses.latency.edge_latencies import integrations, latency_facts

    return integrations(latency_facts(_messages(path)))["measured"].sum()


def facts(path: Path) -> int:
    """What every table of the report needs of messages by themselves: hours, promises, silence, load and latencies."""
    from integrhealth.analyses.latency.capacity.load import load_facts
    from integrhealth.analyses.latency.edge_latencies import latency_facts
    from integrhealth.analyses.latency.promises.bins import promise_facts, spending_facts
    from integrhealth.analyses.latency.shifts.hours import hour_facts
    from integrhealth.analyses.latency.silence.arrivals import arrival_facts, beginning_facts
    from integrhealth.catalog import Catalog

    declared = Catalog().integrations
    for of_promises in (promise_facts, spending_facts):
        of_promises(_messages(path), declared)
    for made in (hour_facts, arrival_facts, beginning_facts):
        made(_messages(path))
    load_facts(_messages(path), declared)
    return latency_facts(_messages(path))["measured"].sum()


QUANTILES = """
select source, target, integration, count(*) as timed, {quantiles}, max(ms)
from (
    select source, target, integration,
        date_diff('microsecond', sent_at, if(kind = 'request', answered_at, finished_at)) / 1000 as ms
    from read_parquet(?) where status in ('ok', 'partial', 'timeout') and source <> target
) group by all
"""


def _duckdb(path: Path, quantile: str) -> int:
    import duckdb

    quantiles = ", ".join(f"{quantile}(ms, {share})" for share in (0.5, 0.9, 0.95, 0.99))
    answered = duckdb.execute(QUANTILES.format(quantiles=quantiles), [str(path)]).fetchall()
    return sum(timed for _, _, _, timed, *_ in answered)


def exact(path: Path) -> int:
    """The same percentiles by duckdb, exact, without intervals and counts."""
    return _duckdb(path, "quantile_cont")


def sketched(path: Path) -> int:
    """The same percentiles by duckdb's t-digest."""
    return _duckdb(path, "approx_quantile")


READERS = {"ours": ours, "all facts": facts, "duckdb exact": exact, "duckdb t-digest": sketched}


def main(counts: list[int]) -> None:
    """Every reader on every number of messages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_messages(folder / "warmup.parquet", WARMUP_MESSAGES)
        for count in counts:
            file = f"{count}.parquet"
            write_messages(folder / file, count)
            runs = in_turns(__file__, [(reader, file) for reader in READERS], folder)
            print(table(runs, f"{count:,} messages") + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        reader, path = sys.argv[2], Path(sys.argv[3])
        measured(READERS[reader], path, warmup=path.parent / "warmup.parquet")
    else:
        main([int(count) for count in sys.argv[1:]] or [10_000_000])
