"""Which records are told twice: copies, parts of what another row says in full, and clashes of one id.

Messages, spans and most other rows say by their ids what they speak of: of the same id with the same content one row
is kept, wherever it was met. A log line, a sample, a delivery has no id; nor has a receipt, as what arrived twice is
written down twice. There the record as it stands in the file
counts, not the columns that were kept of it: inside one file every record is an event of its own, and the second in
another file is a copy only of the second in this one. So the most often that any one file has it is how often it stays.
"""

from collections.abc import Sequence

import polars as pl

from integrhealth.language.schema import FRAMES, TIME
from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.files.again import records_again
from integrhealth.reading.inner_frames import EVENTS

PLACE = ("log_file", "log_line")
FULL = " in full"
# What makes two records of a frame speak of the same thing; the times and the attempt then tell a retry from a clash.
IDENTITY = {"messages": ["message_id"], "spans": ["trace_id", "span_id", "span_kind", "service"], "reports": ["report"]}
# Rows without an id of their own, whose records must be alike in the files.
WITHOUT_ID = {"receipts", "logs", "metrics", "deliveries", "reads", "contacts"}


def copies_apart(parts: Sequence[Parsed], frame: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of all `parts`, which are of one frame, without copies; and the copies."""
    rows = pl.concat([part.rows for part in parts], how="vertical")
    return _without_copies_between(parts, rows, frame) if frame in WITHOUT_ID else without_copies(rows, frame)


def without_copies(rows: pl.DataFrame, frame: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` with every record once, the first met, and the copies: all columns alike but the place in the log."""
    if not _repeats(rows, frame):
        return rows, rows.clear()
    suspects = rows.select(pl.struct(_identity(rows, frame)).is_duplicated()).to_series()
    numbered = rows.with_row_index("met")
    content = [
        pl.col(name).list.join("\x1f") if isinstance(rows.schema[name], pl.List) else pl.col(name)
        for name in _content(rows)
    ]
    met_before = numbered.filter(suspects).filter(~pl.struct(content).is_first_distinct())
    return _split(numbered, met_before)


def _without_copies_between(
    parts: Sequence[Parsed], rows: pl.DataFrame, frame: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` without those of which an earlier file has the same record as often as this file had it so far."""
    files = list(dict.fromkeys(part.file for part in parts))
    if len(files) < 2:
        return rows, rows.clear()
    numbers = [pl.repeat(files.index(part.file), part.rows.height, dtype=pl.UInt32, eager=True) for part in parts]
    numbered = rows.with_row_index("met").with_columns(pl.concat(numbers).alias("file"))
    # Few columns tell most files apart, and are quicker to look at than all.
    suspects = _in_several_files(_in_several_files(numbered, _identity(rows, frame)), _content(rows))
    if suspects.is_empty():
        return rows, rows.clear()
    alike_in = {files[place] for place in suspects["file"].unique()}
    again = records_again([part for part in parts if part.file in alike_in])
    places = pl.col("file").replace_strict(files, range(len(files)), return_dtype=pl.UInt32)
    suspects = _with_records(suspects, numbered, again.with_columns(places))
    same = [*_content(rows), "record"]
    counted = suspects.with_columns(occurrence=pl.int_range(pl.len()).over("file", *same))
    met_before = counted.filter(~pl.struct(*same, "occurrence").is_first_distinct())
    return _split(numbered.drop("file"), met_before.select("met", *rows.columns))


def _with_records(suspects: pl.DataFrame, numbered: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """`suspects` with the record behind each; null where a line holds more or fewer records than rows came from it."""
    line = ["file", "log_line"]
    order = {"turn": pl.int_range(pl.len()).over(line), "turns": pl.len().over(line)}
    rows = numbered.join(suspects.select(line).unique(), on=line, how="semi", nulls_equal=True, maintain_order="left")
    rows = rows.with_columns(**order).select("met", *line, *order)
    records = again.with_columns(**order)
    behind = rows.join(records, on=[*line, *order], how="left", maintain_order="left").select("met", "record")
    return suspects.join(behind, on="met", how="left", maintain_order="left")


def _in_several_files(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows whose `key` stands in more than one file, and perhaps a few more: keys are compared by their hashes."""
    hashed = rows.select("file", key=pl.struct(key).hash())
    files = hashed.partition_by("file")
    if sum(each["key"].n_unique() for each in files) == hashed["key"].n_unique():
        return rows.clear()
    pairs = hashed.unique()
    shared = pairs.filter(pl.col("key").is_duplicated())["key"].unique()
    return rows.filter(hashed["key"].is_in(shared.implode()))


def _content(rows: pl.DataFrame) -> list[str]:
    """All columns but the place in the log."""
    return [name for name in rows.columns if name not in PLACE]


def without_lesser(rows: pl.DataFrame, frame: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` without those that say of a record only a part of what another row says, and those rows.

    Who sees only the outcome calls ok what is partial; who looks while it runs sees it pending, and no end.
    """
    if frame not in IDENTITY or not _repeats(rows, frame):
        return rows, rows.clear()
    numbered = rows.with_row_index("met")
    key = [*_identity(rows, frame), "sent_at", "attempt"] if frame == "messages" else _occasion(rows, frame)
    one, *more = _identity(rows, frame)
    repeated = numbered.filter(pl.struct(one, *more).is_duplicated() if more else pl.col(one).is_duplicated())
    alike = repeated.filter(pl.struct(key).is_duplicated())
    columns = [name for name in rows.columns if name not in (*PLACE, *key)]
    filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in columns)
    certainty = pl.col("status").replace_strict({"pending": 0, "ok": 1}, default=2) if "status" in columns else filled
    ranked = alike.sort(filled, certainty, "met", descending=[True, True, False])
    fullest = ranked.unique(key, keep="first", maintain_order=True)
    pairs = alike.join(fullest, on=key, how="left", nulls_equal=True, maintain_order="left", suffix=FULL)
    parts = {name: pl.col(name).is_null() | pl.col(name).eq_missing(pl.col(name + FULL)) for name in columns}
    if "status" in columns:
        status, full = pl.col("status"), pl.col(f"status{FULL}")
        parts["status"] |= ((status == "pending") | ((status == "ok") & (full == "partial"))).fill_null(False)
    lesser = pairs.filter(pl.all_horizontal(parts.values()) & (pl.col("met") != pl.col(f"met{FULL}")))
    return _split(numbered, lesser.select(numbered.columns))


def without_clashes(rows: pl.DataFrame, frame: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` without those that repeat an id at the same times with other content, and those rows."""
    if frame not in IDENTITY or not _repeats(rows, frame):
        return rows, rows.clear()
    key = pl.struct(_occasion(rows, frame))
    return _split(rows.with_row_index("met"), rows.with_row_index("met").filter(~key.is_first_distinct()))


def _repeats(rows: pl.DataFrame, frame: str) -> bool:
    """Whether an identity may stand twice: where all hashes differ, so do all identities. Most logs repeat nothing."""
    names = _identity(rows, frame)
    key = pl.col(names[0]) if len(names) == 1 else pl.struct(names)
    return rows.select(key.hash().n_unique()).item() < rows.height


def _identity(rows: pl.DataFrame, frame: str) -> list[str]:
    if frame == "message_events":
        return list(EVENTS.required)
    return IDENTITY.get(frame) or list(FRAMES[frame].required)


def _occasion(rows: pl.DataFrame, frame: str) -> list[str]:
    """The columns by which a record is told from a retry of it."""
    return [*_identity(rows, frame), *(name for name, each in rows.schema.items() if each == TIME or name == "attempt")]


def _split(numbered: pl.DataFrame, out: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    kept = numbered.join(out.select("met"), on="met", how="anti", maintain_order="left") if out.height else numbered
    return kept.drop("met"), out.drop("met")
