"""Syslog: RFC 5424, RFC 3164 and what rsyslog writes to files. A record is a line, ``log_line`` its number.

``system`` is the application, ``site`` the host. A date without a year has the latest year in which it does not lie
after the time at which the file was last written; it has no zone either. The severity of the priority is the level.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.records.plain_entries import entries, mapped, mostly
from integrhealth.reading.text.presets import line_preset_of

PRIORITY = r"(?:<(?P<priority>\d{1,3})>)"
TAGGED = r"(?P<app>[^\s:\[\]]{1,64})(?:\[[^\]]*\])?:"
DATE = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(?P<day>\d{1,2})(?: (?P<year>\d{4}))?"
CLOCK = r"(?P<clock>\d{2}:\d{2}:\d{2}(?:\.\d+)?)"
INSTANT = r"(?P<instant>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)"
DATA = r'(?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+)'
# A line may begin with its length, where it was framed for TCP.
NAMED = r"(?P<instant>\S+) (?P<host>\S+) (?P<app>\S+) \S+ \S+"
RFC5424 = rf"^(?:\d+ )?{PRIORITY}\d{{1,2}} {NAMED} {DATA}(?: \x{{FEFF}}?(?P<text>.*))?$"
RFC3164 = rf"^{PRIORITY}?{DATE} {CLOCK}:? (?P<host>\S+) (?:{TAGGED})? ?(?P<text>.*)$"
RSYSLOG = rf"^{PRIORITY}?{INSTANT} (?P<host>\S+) {TAGGED} ?(?P<text>.*)$"
PARTS = ("priority", "instant", "month", "day", "year", "clock", "host", "app", "text")
FORMS = (RFC5424, RFC3164, RSYSLOG)
# All forms as one pattern, which is tried once.
ANY = "|".join(re.sub(r"\(\?P<\w+>", "(?:", form) for form in FORMS)
KNOWN = re.compile(ANY.replace(r"\x{FEFF}", "\ufeff"))
# A level or a thread where the host would be: a log of another kind, whose class looks like an application.
NO_HOST = re.compile(
    rf"(?:{INSTANT}|{DATE} {CLOCK}) (?:\[|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|SEVERE|FATAL) )"
)
# The severities of RFC 5424 in OpenTelemetry's words: emergency, alert, critical, error, warning, notice, info, debug.
LEVELS = ("FATAL", "ERROR", "ERROR", "ERROR", "WARN", "INFO", "INFO", "DEBUG")
# Local time may be ahead of UTC, and clocks of each other; 29 February comes every eight years at the least.
AHEAD, YEARS = timedelta(days=1), 9


def recognises(head: Head) -> bool:
    """Most lines are syslog, and not those of one program that is known by itself."""
    return mostly(head, lambda line: KNOWN.match(line) and not NO_HOST.match(line)) and line_preset_of(head) is None


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The log lines of one file."""
    lines = entries(path, pl.col("text").str.contains(ANY))
    one = _parts(lines.rows["text"])
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    severity = pl.col("priority").cast(pl.Int64) % len(LEVELS)
    fields = one.with_columns(tail=lines.rows["tail"], dated=dated(one, written)).select(
        "host",
        "app",
        time=pl.coalesce("instant", "dated", pl.concat_str("year", "month", "day", "clock", separator=" ")),
        level=severity.replace_strict(dict(enumerate(LEVELS)), default=None, return_dtype=TEXT),
        text=pl.concat_str("text", "tail", separator="\n", ignore_nulls=True),
    )
    yearless = one.filter(pl.col("month").is_not_null(), pl.col("year").is_null()).height
    notes = []
    if yearless:
        until = f"{written:%Y-%m-%d}, when the file was last written"
        notes.append(f"dates without a year, which is the latest that puts them before {until}: {yearless:,}")
    return [mapped(lines, fields, preset=FORMAT.name, log_file=log_file, strict=strict, notes=notes)]


def dated(parts: pl.DataFrame, written: datetime) -> pl.Series:
    """Dates as ISO text; one without a year in the latest that puts it before the file was `written`."""
    latest = (written + AHEAD).replace(tzinfo=None)
    dates = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, parts.height)
    for year in range(written.year + 1, written.year - YEARS, -1):
        if not (dates.is_null() & parts["month"].is_not_null()).any():
            break
        given = pl.coalesce("year", pl.lit(str(year)))
        at = pl.concat_str(given, "month", pl.col("day").str.zfill(2), "clock", separator=" ")
        read = parts.select(at.str.to_datetime("%Y %b %d %H:%M:%S%.f", time_unit="us", strict=False)).to_series()
        fits = pl.lit(read).is_not_null() & (pl.lit(parts["year"]).is_not_null() | (pl.lit(read) <= latest))
        dates = pl.select(pl.coalesce(pl.lit(dates), pl.when(fits).then(pl.lit(read)))).to_series()
    return dates.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f")


def _parts(texts: pl.Series) -> pl.DataFrame:
    """What the first form that fits each text finds in it, a column for each of PARTS."""
    left = texts.to_frame("line").with_row_index("row")
    made = [pl.DataFrame(schema={"row": pl.UInt32} | dict.fromkeys(PARTS, TEXT))]
    for form in FORMS:
        groups = left.select("row", pl.col("line").str.extract_groups(form).struct.unnest())
        fitting = groups["host"].is_not_null()
        made.append(groups.filter(fitting))
        left = left.filter(~fitting)
    return pl.concat(made, how="diagonal").sort("row").select(PARTS)


FORMAT = Format(
    name="syslog",
    description="Syslog: RFC 5424, RFC 3164 and the files of rsyslog",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources("syslog")),
)
