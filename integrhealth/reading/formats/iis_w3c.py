"""The extended log format of W3C: IIS and CloudFront. ``#Fields`` says which columns the lines below it have.

A record is a line that is no directive. ``date`` and ``time`` are in UTC, ``date-local`` and ``time-local`` in a zone
that nobody tells; either is when a request ended, https://learn.microsoft.com/iis/configuration/system.applicationhost/
sites/site/logfile. IIS 6 writes the clock alone: its date is that of ``#Date``. The time taken is in ms, of CloudFront
in seconds.
"""

import re
from dataclasses import replace
from pathlib import Path

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.opened import line_blocks
from integrhealth.reading.mapping.framing import framed
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.text.lines_by_pattern import Form, tables_of_lines

FIELDS = re.compile(rb"^#Fields:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
VALUE, BETWEEN = r'(?:[^ \t"]|"(?:[^"]|"")*")+', r"[ \t]+"
DIRECTIVE = "^#(?P<directive>.*)$"
DATES, CLOCKS = ("date", "date-local"), ("time", "time-local")
DATED, DATE = re.compile(rb"^#Date:", re.IGNORECASE | re.MULTILINE), r"(?i)^Date:\s*(\d{4}-\d{2}-\d{2})"
# Milliseconds, and seconds: only CloudFront numbers its requests.
TAKEN, NUMBERED = ("time-taken", "TimeTakenMS"), "x-edge-request-id"


def recognises(head: Head) -> bool:
    """The directives come first, and they tell of a date and a time."""
    fields = FIELDS.search(head.start)
    names = _names(fields[1]) if fields else []
    dated = bool({*DATES} & {*names}) or DATED.search(head.start) is not None
    return head.start.lstrip().startswith(b"#") and dated and bool({*CLOCKS} & {*names})


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The requests of one file."""
    columns = dict.fromkeys(tuple(_names(match)) for block in line_blocks(path) for match in FIELDS.findall(block.data))
    forms = [Form((*(_pattern(names, place) for place, names in enumerate(columns)), DIRECTIVE))]
    table = tables_of_lines(path, forms)[0]
    rows = table.rows.sort("log_line").with_columns(day=pl.col("directive").str.extract(DATE).forward_fill())
    rows = rows.filter(pl.col("directive").is_null())
    rows = rows.select("log_line", *_requests(rows, list(columns)))
    passed = table.passed + table.rows.height - rows.height
    table = replace(table, rows=rows, names=rows.columns[1:], passed=passed)
    return framed(table, preset_sources(FORMAT.name), format=FORMAT.name, log_file=log_file, strict=strict)


def _names(fields: bytes) -> list[str]:
    return fields.decode("utf-8", "replace").split()


def _pattern(names: tuple[str, ...], place: int) -> str:
    return "^" + BETWEEN.join(f"(?P<f{place}.{number}>{VALUE})" for number in range(len(names))) + "$"


def _requests(rows: pl.DataFrame, columns: list[tuple[str, ...]]) -> list[pl.Expr]:
    """The columns by their names, of whichever directive; the time as one column, and the time taken in ms."""
    places: dict[str, list[str]] = {}
    for place, names in enumerate(columns):
        for number, name in enumerate(names):
            places.setdefault(name, []).append(f"f{place}.{number}")
    plain = {name: _unquoted(pl.coalesce(groups)) for name, groups in places.items()}

    def first(names: tuple[str, ...], otherwise: pl.Expr) -> pl.Expr:
        return pl.coalesce(*(plain[name] for name in names if name in plain), otherwise)

    nothing = pl.lit(None, pl.String)
    zone = pl.lit("") if DATES[1] in plain else pl.lit("Z")
    taken = first(TAKEN, nothing).cast(pl.Float64, strict=False) * (1_000 if NUMBERED in plain else 1)
    made = {
        "time": pl.concat_str(first(DATES, pl.col("day")), pl.lit("T"), first(CLOCKS, nothing), zone),
        "ms": taken.fill_null(0.0),
        "untimed": pl.when(taken.is_not_null()).then(0.0),
    }
    return [
        each.alias(name) for name, each in ({name: plain[name] for name in plain if name not in made} | made).items()
    ]


def _unquoted(text: pl.Expr) -> pl.Expr:
    inner = text.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
    return pl.when(text.str.starts_with('"')).then(inner).otherwise(text)


FORMAT = Format(
    name="iis_w3c",
    description="W3C extended logs: IIS, CloudFront",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources("iis_w3c")),
)
