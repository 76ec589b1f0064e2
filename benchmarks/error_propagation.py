"""Spreading errors over many messages: links, causes, cascades and every table made of them, against duckdb's joins.

Run ``python benchmarks/error_propagation.py [MESSAGES]...``. duckdb answers the part that SQL says in two joins: own,
passed-on and stopped errors per system; "systems only" is ours for that part. Reading the Parquet file is included.
The column "rows" holds the sum of those three counts, the same for all.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measure import in_turns, measured, table

SYSTEMS = [f"system {number}" for number in range(15)]
LONGEST_TRACE, FAILS, FAILS_TOO, SENT_AWAY = 20, 0.02, 0.6, 0.2
WARMUP_MESSAGES = 10_000


def write_messages(path: Path, count: int) -> None:
    """Traces of 1 to 20 messages in a random tree; a failure takes its requester along six times in ten."""
    random = np.random.default_rng(7)
    sizes = random.integers(1, LONGEST_TRACE + 1, count // 5)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), count) + 1]
    trace = np.repeat(np.arange(len(sizes)), sizes)[:count]
    place = np.arange(count) - np.concatenate([[0], np.cumsum(sizes)])[trace]
    parent = np.arange(count) - place + (random.random(count) * place).astype(np.int64)
    queued = random.random(count) < SENT_AWAY
    failed = random.random(count) < FAILS
    for step in range(LONGEST_TRACE - 1, 0, -1):
        rows = np.flatnonzero((place == step) & ~queued)
        failed[parent[rows[failed[rows] & (random.random(len(rows)) < FAILS_TOO)]]] = True
    for step in range(1, LONGEST_TRACE):
        rows = np.flatnonzero((place == step) & queued)
        failed[rows[failed[parent[rows]] & (random.random(len(rows)) < FAILS_TOO)]] = True
    system = random.integers(0, len(SYSTEMS), count)
    started = np.datetime64("2026-01-05T08:00:00", "us") + trace * 50_000 + place * 1_000
    names, number = pl.Series(SYSTEMS), pl.Series(np.arange(count))
    frame = pl.DataFrame({"number": number, "parent": parent, "place": place, "trace": trace, "failed": failed})
    frame.select(
        pl.format("m{}", "number").alias("message_id"),
        pl.format("t{}", pl.col("trace").hash()).alias("trace_id"),
        pl.when(pl.col("place") > 0).then(pl.format("m{}", "parent")).alias("parent_id"),
        names.gather(np.where(place > 0, system[parent], system)).alias("source"),
        names.gather(system).alias("target"),
        pl.Series("kind", np.where(queued, "queue", "request")),
        pl.Series("sent_at", started).dt.replace_time_zone("UTC"),
        pl.Series("finished_at", started + random.integers(1_000, 900_000, count)).dt.replace_time_zone("UTC"),
        pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")).alias("status"),
    ).with_columns(integration=pl.format("{} > {}", "source", "target")).write_parquet(path)


def _caused(path: Path) -> pl.DataFrame:
    from integrhealth.language.schema import conform
    from integrhealth.traces import links

    return links.with_causes(links.linked(conform(pl.read_parquet(path), "messages")))


def _told(systems: pl.DataFrame) -> int:
    return systems.select(pl.sum_horizontal(pl.col("own_errors", "passed_on", "stopped").sum())).item()


def ours(path: Path) -> int:
    """All tables of spreading errors, without findings."""
    from integrhealth.analyses.error_propagation.spreading import cascade_steps, cascades, spread

    caused = _caused(path)
    systems, links = spread.systems(spread.system_facts(caused)), spread.link_facts(caused)
    spread.edges(spread.edge_facts(caused))
    spread.spread_by_integration(spread.integration_facts(caused), spread.integration_cascades(caused), links)
    found = cascades.cascade_facts(caused)
    spread.spread(found, links)
    cascades.survival(found)
    cascades.reach(cascades.reach_facts(caused))
    cascade_steps.cascade_steps(caused, found, top=3)
    return _told(systems)


def systems_only(path: Path) -> int:
    """Own, passed-on and stopped errors per system."""
    from integrhealth.analyses.error_propagation.spreading.spread import system_facts

    return _told(system_facts(_caused(path)))


def with_duckdb(path: Path) -> int:
    """The same three counts with joins; neither loops nor repeated ids are looked for."""
    import duckdb

    query = f"""
        with messages as (select *, status in ('failed', 'timeout', 'rejected') as failed from '{path}'),
             links as (select child.message_id as child, child.trace_id, parent.message_id as parent,
                              child.kind in ('queue', 'batch', 'file') as away, child.failed as child_failed,
                              parent.failed as parent_failed
                       from messages child join messages parent
                         on child.trace_id = parent.trace_id and child.parent_id = parent.message_id),
             effects as (select distinct trace_id, case when away then child else parent end as message_id from links
                         where case when away then parent_failed else child_failed end)
        select target, count(*) filter (failed and effects.message_id is null) as own_errors,
               count(*) filter (failed and effects.message_id is not null) as passed_on,
               count(*) filter (status = 'ok' and effects.message_id is not null) as stopped
        from messages left join effects using (trace_id, message_id) group by target"""
    return _told(duckdb.sql(query).pl())


READERS = {"ours": ours, "systems only": systems_only, "duckdb": with_duckdb}


def main(counts: list[int]) -> None:
    """Make the files, run every case in turn, print one table per size."""
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_messages(folder / "messages.parquet", count)
            write_messages(folder / "warmup.parquet", WARMUP_MESSAGES)
            cases = [(reader, "messages.parquet") for reader in READERS]
            print(table(in_turns(__file__, cases, folder), f"{count:,} messages"), end="\n\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        path = Path(sys.argv[3])
        measured(READERS[sys.argv[2]], path, warmup=path.with_name("warmup.parquet"))
    else:
        main([int(count) for count in sys.argv[1:]] or [1_000_000, 10_000_000])
