"""glog, and klog of Kubernetes: ``I0102 10:00:00.123456   12345 file.go:12] text``, with a letter for the level.

The date has no year, which is told as for syslog, unless the program was asked to write it. ``site`` is the place in
the code. https://google.github.io/glog/stable/logging/ and https://pkg.go.dev/k8s.io/klog/v2
"""

import calendar
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.formats.syslog import dated, yearless_note
from integrhealth.reading.mapping.framing import framed
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.mapping.yaml_keys import ANY_LINE
from integrhealth.reading.records.nested import fills
from integrhealth.reading.records.plain_entries import mostly
from integrhealth.reading.text.lines_by_pattern import Form, tables_of_lines

LINE = (
    r"^(?P<letter>[IWEF])(?P<year>20[0-9]{2})?(?P<month>0[1-9]|1[0-2])(?P<day>[0-3][0-9]) "
    r"(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+) +[0-9]+ (?P<place>[^ \]]+:[0-9]+)\] ?(?P<text>.*)$"
)
KNOWN = re.compile(LINE)
LEVELS = {"I": "INFO", "W": "WARN", "E": "ERROR", "F": "FATAL"}
MONTHS = {f"{number:02}": name for number, name in enumerate(calendar.month_abbr) if number}


def recognises(head: Head) -> bool:
    """Most lines have the letter, the date and the place."""
    return mostly(head, KNOWN.match)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The log lines of one file."""
    (table,) = tables_of_lines(path, [Form((LINE,), ANY_LINE)])
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    month = pl.col("month").replace_strict(MONTHS, return_dtype=TEXT)
    dates = dated(table.rows.select("year", "day", "clock", month=month), written)
    rows = table.rows.with_columns(time=dates, level=pl.col("letter").replace_strict(LEVELS, return_dtype=TEXT))
    yearless = rows["year"].null_count()
    notes = [*table.notes, *([yearless_note(yearless, written)] if yearless else [])]
    table = replace(table, rows=rows, names=[*table.names, "time", "level"], notes=tuple(notes))
    return framed(table, preset_sources(FORMAT.name), format=FORMAT.name, log_file=log_file, strict=strict)


FORMAT = Format(
    name="glog",
    description="glog and klog: the logs of Kubernetes and of other programs in Go and C++",
    recognises=recognises,
    read=read,
    tried="documented",
    fills=lambda: fills(preset_sources("glog")),
)
