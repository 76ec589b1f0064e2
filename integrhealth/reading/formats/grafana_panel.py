"""The data of a Grafana panel as CSV: a column per series, or a row per value of a series.

A record is a row of the file; each value in it is a row of metrics. The system is the label job, service or instance of
a series, else the series as it is called. Values that the panel had formatted ("1.2 K", "10 ms", "3.4%") are read back
in seconds, bytes or percent; a value that is missing says nothing. ``log_line`` is the line of the row.
"""

import re
from pathlib import Path

import polars as pl

from integrhealth.language.schema import FRAMES, TEXT
from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.files.opened import numbered, whole
from integrhealth.reading.mapping.columns import identity
from integrhealth.reading.mapping.framing import Table, framed
from integrhealth.reading.metrics.prometheus_series import Families, series
from integrhealth.reading.table.csv_rows import Header, header, read_csv_rows
from integrhealth.reading.table.files import utf8_start

FRAME = FRAMES["metrics"]
COLUMNS = ("time", "system", "metric", "statistic", "unit", "value")
TIME, LONG = "time", ["series", "time", "value"]
# Series are named as in Prometheus, with their labels: nothing else looks like that.
LABELS = r'\{\s*[a-zA-Z_][a-zA-Z0-9_.]*\s*=\s*"[^"]*".*\}$'
# How such a file begins, so that no other has to be taken for a table.
BEGINS = re.compile(rb'\s*(?:sep=.\s+)?"?(?:time|series)"?\s*[,;\t]', re.IGNORECASE)
NOTHING = ("", "nan", "null", "undefined", "none", "-", "no data", "n/a")
NUMBER = r"^([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$"
# A number with commas between its thousands, and what it is measured in.
WRITTEN = r"^(?P<number>[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\s*(?P<unit>[^\s0-9.,][^0-9.,]*)?$"
# The units that a panel writes behind a value, each as so many of one unit.
UNITS: dict[str, tuple[float, str | None]] = (
    {"K": (1e3, None), "Mil": (1e6, None), "Bil": (1e9, None), "Tri": (1e12, None), "%": (1.0, "percent")}
    | {"ns": (1e-9, "seconds"), "µs": (1e-6, "seconds"), "μs": (1e-6, "seconds"), "ms": (1e-3, "seconds")}
    | dict.fromkeys(("s", "sec", "second", "seconds"), (1.0, "seconds"))
    | dict.fromkeys(("min", "mins", "minute", "minutes"), (60.0, "seconds"))
    | dict.fromkeys(("hour", "hours"), (3600.0, "seconds"))
    | dict.fromkeys(("day", "days"), (86400.0, "seconds"))
    | dict.fromkeys(("week", "weeks"), (604800.0, "seconds"))
    | {f"{letter}iB": (1024.0**power, "bytes") for power, letter in enumerate("KMGTP", start=1)}
    | {f"{letter}B": (1000.0**power, "bytes") for power, letter in enumerate("kMGTP", start=1)}
    | {"B": (1.0, "bytes"), "req/s": (1.0, "requests per second"), "ops/s": (1.0, "operations per second")}
)


def recognises(head: Head) -> bool:
    """A header that says so: Time and series with labels, or Series, Time, Value."""
    if BEGINS.match(head.start) is None:
        return False
    line = _header(utf8_start(head.start))
    return line is not None and (_is_long(line) or _is_wide(line))


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """One row of metrics per value; a row of the file is refused when none of its values is good."""
    data, damage = whole(path)
    tail: list[tuple[int, str, bytes]] = []
    if damage is not None:
        cut = data.rfind(b"\n") + 1
        tail, data = [(data.count(b"\n") + 1, damage, data[cut:])], data[:cut]
    line = _header(data)
    if line is None:
        raise ValueError(f"{path.name} is no panel of Grafana")
    rows = read_csv_rows(data, line)
    values = _values(rows.rows, line)

    def raw(later: pl.DataFrame) -> pl.DataFrame:
        lines = numbered(data, set(later["log_line"].to_list()), length=RAW_BYTES) if later.height else {}
        return refusals((number, reason, lines.get(number, b"").rstrip(b"\r")) for number, reason in later.rows())

    passed = rows.rows.height - values["log_line"].n_unique()
    refused = pl.concat([rows.rejected, refusals(tail)])
    table = Table(values, refused, COLUMNS, raw, passed=passed, several=True)
    return framed(table, [identity(FRAME, COLUMNS)], format=FORMAT.name, log_file=log_file, strict=strict)


def _header(data: bytes) -> Header | None:
    return header(data, wanted=frozenset(["Time", "time", "Series", "Value"]))


def _is_long(line: Header) -> bool:
    return [name.casefold() for name in line.names] == LONG


def _is_wide(line: Header) -> bool:
    first, *others = line.names
    return first.casefold() == TIME and bool(others) and pl.Series(others).str.contains(LABELS).all()


def _values(rows: pl.DataFrame, line: Header) -> pl.DataFrame:
    """Every value that is there, with its series taken apart, as text."""
    if _is_long(line):
        long = rows.rename(dict(zip(line.names, ["head", "time", "cell"], strict=True)))
    else:
        time, *heads = line.names
        long = rows.rename({time: "time"}).unpivot(
            heads, index=["time", "log_line"], variable_name="head", value_name="cell"
        )
    long = long.with_columns(pl.col("cell").str.strip_chars())
    long = long.filter(~pl.col("cell").str.to_lowercase().is_in(NOTHING)).sort("log_line", maintain_order=True)
    # A name of Prometheus comes without the brace that closes its labels.
    long = long.with_columns(name=pl.col("head").str.strip_chars_end().str.strip_suffix("}"))
    parts = series(long["name"].unique(), Families()).rename({"head": "name", "unit": "named_unit"})
    long = long.join(parts, on="name", how="left", maintain_order="left")
    # What is no name of Prometheus is what the panel calls the series.
    metric = pl.when(pl.col("reason").is_null()).then("metric").otherwise("head")
    long = long.with_columns(metric=metric, system=pl.coalesce("system", "head"))
    return long.with_columns(_number()).select(
        *COLUMNS[:4], pl.coalesce("unit", "named_unit").alias("unit"), "value", "log_line"
    )


def _number() -> list[pl.Expr]:
    """``value`` as a number in text, and its ``unit``; what cannot be told stays as it is written."""
    written = pl.col("cell").str.extract_groups(WRITTEN).struct
    word, number = (
        written.field("unit").str.strip_chars(),
        written.field("number").str.replace_all(",", "", literal=True),
    )
    factors = {name: factor for name, (factor, _) in UNITS.items()}
    units = {name: unit for name, (_, unit) in UNITS.items() if unit}
    factor = (
        pl.when(word.is_null()).then(1.0).otherwise(word.replace_strict(factors, default=None, return_dtype=pl.Float64))
    )
    scaled = number.cast(pl.Float64, strict=False) * factor
    plain = pl.col("cell").str.contains(NUMBER)
    return [
        pl.when(plain).then("cell").otherwise(pl.coalesce(scaled.cast(TEXT), "cell")).alias("value"),
        word.replace_strict(units, default=None, return_dtype=TEXT).alias("unit"),
    ]


FORMAT = Format(
    name="grafana_panel",
    description="The data of a Grafana panel as CSV: series joined by time, or as rows",
    recognises=recognises,
    read=read,
    tried="documented",
    fills=lambda: {FRAME.name: COLUMNS},
)
