r"""logfmt: lines of ``key=value``, as Go programs, Heroku and Grafana write them. A record is a line.

Values may stand in quotes, with \" and \\ in them; a key without a value is a flag. Of a repeated key the first counts.
``text`` is the message and, behind a colon, the error; the whole line where it has neither.
"""

import re
from pathlib import Path

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Format, Head, Parsed, stem
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.records.plain_entries import entries, mapped, mostly

QUOTED = r'"(?:[^"\\]|\\.)*"'
KEY = r'[^\s="]+'
TOKEN = rf'{KEY}(?:=(?:{QUOTED}|[^\s"]*))?'
LINE = rf'^{KEY}=(?:{QUOTED}|[^\s"]*)(?:\s+{TOKEN})*$'
PAIR = rf'^(?P<key>{KEY})=(?P<said>{QUOTED}|[^\s"]*)$'
ESCAPED, PLAIN = ["\\\\", '\\"', "\\n", "\\t"], ["\\", '"', "\n", "\t"]
# The keys that fill a field, in the order in which they are asked; case does not matter.
KEYS = {
    "time": ("ts", "time", "t", "timestamp", "@timestamp", "datetime", "date"),
    "level": ("level", "lvl", "severity", "loglevel"),
    "message": ("msg", "message"),
    "error": ("err", "error", "exception"),
    "system": ("service", "service.name", "service_name", "app", "application", "system"),
    "site": ("logger", "caller", "component", "module", "source"),
    "trace": ("trace_id", "traceid", "trace.id", "trace"),
    "span": ("span_id", "spanid", "span.id", "parent_id"),
}
WANTED = [key for keys in KEYS.values() for key in keys]
TIMED = re.compile(rf"(?i)(?:^|\s)(?:{'|'.join(map(re.escape, KEYS['time']))})=")
TELLING = re.compile(rf"(?i)(?:^|\s)(?:{'|'.join(KEYS['level'] + KEYS['message'])})=")
FITTING = re.compile(LINE)


def recognises(head: Head) -> bool:
    """Most lines are pairs, with a time, and a level or a message."""
    return mostly(head, lambda line: FITTING.match(line) and TIMED.search(line) and TELLING.search(line))


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The log lines of one file."""
    lines = entries(path, pl.col("text").str.contains(LINE))
    pairs, repeated = _told(lines.rows["text"])
    text = pl.coalesce("message", "error")
    both = pl.when(pl.col("message").is_not_null()).then("error")
    fields = pairs.with_columns(line=lines.rows["text"], tail=lines.rows["tail"]).select(
        "time",
        "level",
        "site",
        system=pl.coalesce("system", pl.lit(stem(log_file))),
        text=pl.concat_str(
            pl.concat_str(pl.coalesce(text, "line"), both, separator=": ", ignore_nulls=True),
            "tail",
            separator="\n",
            ignore_nulls=True,
        ),
        trace_id="trace",
        parent_id=pl.coalesce(pl.format("{}:{}", "trace", "span"), "span"),
    )
    notes = []
    if nameless := pairs["system"].null_count():
        notes.append(f"lines that name no service, whose system is the name of the file: {nameless:,}")
    if repeated:
        notes.append(f"keys that stand more than once in their line, of which the first counts: {repeated:,}")
    return [mapped(lines, fields, preset=FORMAT.name, log_file=log_file, strict=strict, notes=notes)]


def _told(lines: pl.Series) -> tuple[pl.DataFrame, int]:
    """What the known keys of each line say, a column for each of KEYS, and how many of them are repeated."""
    rows = pl.DataFrame({"row": pl.int_range(len(lines), eager=True), "token": lines.str.extract_all(TOKEN)})
    tokens = rows.explode("token", empty_as_null=False)
    pairs = tokens.with_columns(pl.col("token").str.extract_groups(PAIR).struct.unnest())
    pairs = pairs.with_columns(pl.col("key").str.to_lowercase())
    pairs = pairs.filter(pl.col("key").is_in(WANTED), pl.col("said") != "")
    first = pairs.unique(["row", "key"], keep="first", maintain_order=True)
    quoted = pl.col("said").str.starts_with('"')
    inner = pl.col("said").str.slice(1, pl.col("said").str.len_chars() - 2).str.replace_many(ESCAPED, PLAIN)
    first = first.with_columns(said=pl.when(quoted).then(inner).otherwise("said"))
    wide = rows.select("row")
    for name, keys in KEYS.items():
        rank = pl.col("key").replace_strict({key: place for place, key in enumerate(keys)}, return_dtype=pl.Int8)
        mine = first.filter(pl.col("key").is_in(keys)).with_columns(rank=rank).sort("row", "rank")
        best = mine.unique("row", keep="first", maintain_order=True).select("row", pl.col("said").alias(name))
        wide = wide.join(best, on="row", how="left", maintain_order="left")
    return wide.select(pl.col(list(KEYS)).cast(TEXT)), pairs.height - first.height


FORMAT = Format(
    name="logfmt",
    description="logfmt: lines of key=value",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources("logfmt")),
)
