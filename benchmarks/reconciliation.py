"""Two logs that share a key, the sender's and the receiver's: what became of every key, against duckdb's full join.

Run ``python benchmarks/reconciliation.py [MESSAGES]...``. Reading both Parquet files is included. "full outer join"
counts every key on both sides and joins, which is the same work; "distinct keys" compares sets as a data diff does, and
misses what stands twice on both sides. The column "rows" holds the keys that either log has.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measure import in_turns, measured, table

LOST, TWICE, PHANTOM = 0.001, 0.001, 0.0002
WARMUP_MESSAGES, PART = 10_000, 1_000_000
SENT, RECEIVED = "sent.parquet", "received.parquet"


def write_logs(folder: Path, count: int) -> None:
    """What was sent in thirty days and what of it was received, in another order; some is lost, some stands twice."""
    folder.mkdir()
    random = np.random.default_rng(15)
    sent, received = [], []
    for begin in range(0, count, PART):
        size = min(PART, count - begin)
        at = np.datetime64("2026-01-05", "us") + (random.random(size) * 30 * 86_400e6).astype("timedelta64[us]")
        took = (random.lognormal(3, 1, size) * 1e6).astype("timedelta64[us]")
        keys = pl.select(pl.format("order-{}", pl.int_range(begin, begin + size))).to_series()
        fate = random.random(size)
        here = pl.DataFrame({"key": keys, "sent_at": at, "fate": fate})
        there = pl.DataFrame({"key": keys, "received_at": at + took, "fate": fate})
        twice = pl.col("fate").is_between(LOST, LOST + TWICE)
        nobody = there.filter(pl.col("fate") > 1 - PHANTOM).with_columns(key=pl.format("nobody's {}", "key"))
        arrived = pl.concat([there.filter(pl.col("fate") >= LOST), there.filter(twice), nobody])
        mixed = arrived.sample(fraction=1, shuffle=True, seed=begin)
        for parts, log, name in ((sent, pl.concat([here, here.filter(twice)]), SENT), (received, mixed, RECEIVED)):
            parts.append(folder / f"{begin}-{name}")
            log.drop("fate").write_parquet(parts[-1])
    for parts, name in ((sent, SENT), (received, RECEIVED)):
        pl.scan_parquet(parts).sink_parquet(folder / name)
        for part in parts:
            part.unlink()


def ours(folder: Path) -> int:
    """Every key with its counts, times and class."""
    from integrhealth.analyses.reconciliation.transfers.two_logs import two_logs

    return two_logs(pl.scan_parquet(folder / SENT), pl.scan_parquet(folder / RECEIVED), key="key").height


COUNTED = """
create table reconciled as
select key, coalesce(sent, 0) as sent, coalesce(received, 0) as received,
    first_sent_at, last_sent_at, first_received_at, last_received_at
from (select key, count(*) as sent, min(sent_at) as first_sent_at, max(sent_at) as last_sent_at
    from read_parquet(?) group by key)
full outer join (select key, count(*) as received, min(received_at) as first_received_at,
    max(received_at) as last_received_at from read_parquet(?) group by key) using (key)
"""
DISTINCT = """
create table reconciled as
select key, one.key is not null as sent, other.key is not null as received
from (select distinct key from read_parquet(?)) one
full outer join (select distinct key from read_parquet(?)) other using (key)
"""


def _duckdb(folder: Path, query: str) -> int:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(query, [str(folder / SENT), str(folder / RECEIVED)])
        return connection.execute("select count(*) from reconciled").fetchone()[0]


def counted(folder: Path) -> int:
    """The same counts and times by duckdb, kept in a table in memory; no class and no order."""
    return _duckdb(folder, COUNTED)


def distinct(folder: Path) -> int:
    """Which keys stand in which log, by duckdb."""
    return _duckdb(folder, DISTINCT)


READERS = {"ours": ours, "duckdb full outer join": counted, "duckdb distinct keys": distinct}


def main(counts: list[int]) -> None:
    """Every reader on every number of messages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_logs(folder / "warmup", WARMUP_MESSAGES)
        for count in counts:
            write_logs(folder / str(count), count)
            runs = in_turns(__file__, [(reader, str(count)) for reader in READERS], folder)
            print(table(runs, f"two logs of {count:,} messages") + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        reader, path = sys.argv[2], Path(sys.argv[3])
        measured(READERS[reader], path, warmup=path.parent / "warmup")
    else:
        main([int(count) for count in sys.argv[1:]] or [1_000_000, 10_000_000])
