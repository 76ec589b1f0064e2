"""JSON lines to a checked frame: ours against duckdb and pandas, with and without three bad lines.

Run ``python benchmarks/parse_jsonl.py [ROWS]``. Each case runs in its own process, the cases take turns, the median
of three is shown. duckdb needs ``ignore_errors`` to survive the bad lines and loses them without a word; pandas
does not survive them.
"""

import gzip
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measure import in_turns, measured, seconds_of, table

SYSTEMS = [
    "Webshop",
    "ERP",
    "WMS",
    "CRM",
    "Bank",
    "Carrier",
    "PIM",
    "BI",
    "HR",
    "EDI",
    "MES",
    "POS",
    "DMS",
    "Tax",
    "SRM",
]
BAD_LINES = {0.5: b'{"message_id": "cut', 0.7: b'{"message_id": "m", "bytes": 1.5}', 0.9: b"not json at all"}


def events(rows: int) -> pl.DataFrame:
    """Synthetic messages: one row is one message between two of fifteen systems."""
    random = np.random.default_rng(7)
    started = np.datetime64("2026-01-05T08:00:00", "us") + np.cumsum(random.integers(1_000, 200_000, rows))
    written = "%Y-%m-%dT%H:%M:%S%.6fZ"

    def pick(names: list[str]) -> pl.Series:
        return pl.Series(random.choice(names, rows))

    frame = pl.DataFrame(
        {
            "number": np.arange(rows),
            "source": pick(SYSTEMS),
            "target": pick(SYSTEMS),
            "status": pick(["ok"] * 19 + ["failed"]),
            "sent_at": started,
            "took": random.lognormal(5, 1, rows),
            "bytes": random.integers(200, 90_000, rows),
            "amount": random.lognormal(4, 1, rows).round(2),
        }
    )
    finished = pl.col("sent_at") + pl.duration(microseconds=(pl.col("took") * 1000).cast(pl.Int64))
    return frame.select(
        pl.format("m{}", "number").alias("message_id"),
        pl.format("{}", (pl.col("number") // 10).hash()).alias("trace_id"),
        pl.format("m{}", pl.col("number") - 1).alias("parent_id"),
        "source",
        "target",
        pl.lit("post order").alias("operation"),
        pl.lit("request").alias("kind"),
        pl.lit("order").alias("object_type"),
        pl.format("{}", pl.col("number") % 90_000 + 4_500_000_000).alias("object_id"),
        pl.lit(1).alias("attempt"),
        pl.col("sent_at").dt.to_string(written),
        finished.dt.to_string(written).alias("answered_at"),
        "status",
        pl.when(pl.col("status") == "failed").then(pl.lit("HTTP 503 from upstream, giving up")).alias("error_text"),
        "bytes",
        "amount",
    )


def write_cases(folder: Path, rows: int) -> None:
    """clean.jsonl, bad.jsonl (three bad lines put in) and clean.jsonl.gz."""
    events(rows).write_ndjson(folder / "clean.jsonl")
    clean = (folder / "clean.jsonl").read_bytes()
    (folder / "clean.jsonl.gz").write_bytes(gzip.compress(clean, 1))
    lines = clean.splitlines()
    for share, line in sorted(BAD_LINES.items(), reverse=True):
        lines.insert(int(share * rows), line)
    (folder / "bad.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def ours(path: Path) -> int:
    """Read, check and reject with integrhealth; the rows that survived."""
    from integrhealth.reading.table.files import read_table

    parsed = read_table(path, path.name)
    return sum(part.rows.height for part in parsed)


def with_duckdb(path: Path) -> int:
    """Read with duckdb, types given, errors ignored."""
    import duckdb

    types = {"attempt": "BIGINT", "sent_at": "TIMESTAMP", "answered_at": "TIMESTAMP", "bytes": "BIGINT"}
    columns = dict.fromkeys(events(1).columns, "VARCHAR") | types | {"amount": "DOUBLE"}
    query = f"select * from read_json('{path}', format='newline_delimited', ignore_errors=true, columns={columns})"
    return duckdb.sql(query).to_arrow_table().num_rows


def with_pandas(path: Path) -> int:
    """Read with pandas, times converted."""
    import pandas

    frame = pandas.read_json(path, lines=True, dtype={"object_id": str, "trace_id": str}, convert_dates=False)
    for column in ("sent_at", "answered_at"):
        frame[column] = pandas.to_datetime(frame[column], format="ISO8601")
    return len(frame)


READERS = {"ours": ours, "duckdb": with_duckdb, "pandas": with_pandas}
CASES = [
    ("ours", "clean.jsonl"),
    ("duckdb", "clean.jsonl"),
    ("pandas", "clean.jsonl"),
    ("ours", "bad.jsonl"),
    ("duckdb", "bad.jsonl"),
    ("ours", "clean.jsonl.gz"),
    ("duckdb", "clean.jsonl.gz"),
]


def write_warmup(path: Path) -> Path:
    """A file of one hundred lines, so that imports and first calls are not timed."""
    warmup = path.with_name("warmup.jsonl")
    if not warmup.exists():
        events(100).write_ndjson(warmup)
    return warmup


def main(rows: int) -> None:
    """Make the files, run every case three times in turn, print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cases(folder, rows)
        write_warmup(folder / "clean.jsonl")
        runs = in_turns(__file__, CASES, folder)
        megabytes = (folder / "clean.jsonl").stat().st_size / 1e6
    print(table(runs, f"{rows:,} rows, {megabytes:.0f} MB"))
    median = seconds_of(runs)
    bad, packed = (median["ours", file] / median["ours", "clean.jsonl"] for file in ("bad.jsonl", "clean.jsonl.gz"))
    print(f"\nThree bad lines cost {bad:.2f}x, gzip {packed:.2f}x of the clean file.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        reader, file = sys.argv[2], Path(sys.argv[3])
        measured(READERS[reader], file, warmup=write_warmup(file))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
