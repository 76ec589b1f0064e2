"""Lines of text to a checked frame, by the patterns of a format: ours against Python's `re` and polars' groups alone.

Run ``python benchmarks/parse_text_lines.py [LINES]``. Each case runs in its own process, the cases take turns, the
median of three is shown. What is compared with takes the groups of the one pattern that fits, as text: it reads no
times, joins no stack traces, refuses nothing and tells no outcome.
"""

import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measure import in_turns, measured, table

TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8},[0-9]{3}"
# The one layout of each file, with a pattern for it.
PATTERNS = {
    "access_log": r'^([^ ]+) [^ ]+ ([^ ]+) \[([^\]]+)\] "([^"]*)" ([0-9]{3}) ([0-9]+|-) "([^"]*)" "([^"]*)"$',
    "java_log": rf"^({TIME}) +([A-Z]+) +\[[^\]]*\] +([^ ]+) - (.*)$",
}
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
# One error of Java in so many lines has a stack trace of three lines below it.
TRACE_EACH = 200


def write_lines(path: Path, lines: int) -> None:
    """A log of the layout that the file is named after."""
    random = np.random.default_rng(7)
    at = np.datetime64("2026-01-05T08:00:00", "ms") + np.cumsum(random.integers(1, 40, lines))
    rows = pl.DataFrame({"at": at, "n": random.integers(0, 100_000, lines), "took": random.integers(1, 900, lines)})
    write = {"access_log": _access_lines, "java_log": _java_lines}[path.stem]
    path.write_text("\n".join(rows.select(write()).to_series()) + "\n")


def _access_lines() -> pl.Expr:
    at = pl.col("at").dt.strftime("%d/%b/%Y:%H:%M:%S +0100")
    status = pl.when(pl.col("took") > 880).then(502).otherwise(200)
    form = '10.0.0.{} - - [{}] "GET /orders/{}/lines?x={} HTTP/1.1" {} {} "https://shop.example/a" "' + AGENT + '"'
    return pl.format(form, pl.col("n") % 250, at, "n", "took", status, pl.col("n") % 5_000)


def _java_lines() -> pl.Expr:
    at = pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S,%3f")
    form = "{} {} [pool-1-thread-{}] com.acme.orders.OrderService - order {} was sent to the warehouse in {} ms"
    line = pl.format(form, at, pl.lit("INFO "), pl.col("n") % 8, "n", "took")
    error = pl.format(form, at, pl.lit("ERROR"), pl.col("n") % 8, "n", "took")
    trace = (
        "\njava.net.SocketTimeoutException: Read timed out" + "\n\tat com.acme.orders.Client.send(Client.java:42)" * 2
    )
    return pl.when(pl.int_range(pl.len()) % TRACE_EACH == 0).then(error + trace).otherwise(line)


def ours(path: Path) -> int:
    """Read, check and reject with integrhealth; the rows that survived."""
    from integrhealth.reading.text.presets import line_presets

    (preset,) = [each for each in line_presets() if each.name == path.stem]
    return sum(part.rows.height for part in preset.format.read(path, path.name))


def with_re(path: Path) -> int:
    """The groups of every line that fits, by `re`, in a frame."""
    fits = re.compile(PATTERNS[path.stem]).match
    with path.open(encoding="utf-8") as lines:
        groups = [match.groups() for line in lines if (match := fits(line.rstrip("\n")))]
    return pl.DataFrame(groups, orient="row").height


def with_polars(path: Path) -> int:
    """The groups of every line that fits, by polars, in a frame."""
    groups = pl.read_lines(path, name="line").select(pl.col("line").str.extract_groups(PATTERNS[path.stem]))
    return groups.unnest("line").drop_nulls().height


READERS = {"ours": ours, "polars groups": with_polars, "re": with_re}
CASES = [(reader, f"{name}.log") for name in PATTERNS for reader in READERS]


def write_warmup(path: Path) -> Path:
    """A file of one hundred lines, so that imports and first calls are not timed."""
    warmup = path.parent / "warmup" / path.name
    if not warmup.exists():
        warmup.parent.mkdir(exist_ok=True)
        write_lines(warmup, 100)
    return warmup


def main(lines: int) -> None:
    """Make the files, run every case three times in turn, print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {}
        for log in PATTERNS:
            write_lines(folder / f"{log}.log", lines)
            write_warmup(folder / f"{log}.log")
            sizes[f"{log}.log"] = (folder / f"{log}.log").stat().st_size / 1e6
        runs = in_turns(__file__, CASES, folder)
    shown = ", ".join(f"{file} {size:.0f} MB" for file, size in sizes.items())
    print(table(runs, f"{lines:,} lines, {shown}"))
    for (reader, file), each in runs.items():
        if reader == "ours":
            cpu = sorted(run["cpu"] for run in each)[len(each) // 2]
            print(f"\n{file}: {sizes[file] / cpu:.0f} MB per processor second.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        reader, file = sys.argv[2], Path(sys.argv[3])
        measured(READERS[reader], file, warmup=write_warmup(file))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 500_000)
