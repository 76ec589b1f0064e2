"""Spans drawn as tables, and messages as rows of a table."""

from datetime import timedelta

import polars as pl
from drawing.frames import NOON

from integrhealth.reading.inner_frames import SPANS


def spans(picture: str, **columns: object) -> pl.DataFrame:
    """A drawn table of spans of one trace: ``-`` is null, times are seconds after noon."""
    head, *lines = [line.split() for line in picture.strip().splitlines() if line.strip()]
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    return frame([{"trace_id": "t", **columns, **row} for row in rows])


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows with absent columns as a spans frame."""
    typed = [{name: value(name, row.get(name)) for name in SPANS} for row in rows]
    return pl.DataFrame(typed, schema=SPANS, orient="row")


def value(name: str, written: object) -> object:
    if written in ("-", None):
        return None
    if name in ("start", "end"):
        return NOON + timedelta(seconds=float(written))
    if name == "links":
        return str(written).split(",")
    return written == "true" if SPANS[name] == pl.Boolean else written


def drawn(found: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    """Rows of some columns, in the order of message_id; times as seconds after noon."""
    times = pl.selectors.datetime()
    seconds = (times - pl.lit(NOON)).dt.total_microseconds() / 1e6
    return found.sort("message_id").with_columns(seconds.name.keep()).select(columns).rows()
