"""Frames and log text as plain text for a terminal: aligned, on one line, without control characters."""

import re
from typing import Any

import polars as pl

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
MAX_CELL = 60


def one_line(value: Any, *, limit: int = MAX_CELL) -> str:
    """A value on one line: nothing in it can move the cursor or colour the terminal."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    text = CONTROL.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def text_table(frame: pl.DataFrame) -> str:
    """The frame as aligned columns, numbers to the right; the last column is not cut."""
    last = frame.columns[-1]
    rows = [
        [one_line(row[name], limit=200 if name == last else MAX_CELL) for name in frame.columns]
        for row in frame.iter_rows(named=True)
    ]
    heads = [name.replace("_", " ") for name in frame.columns]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    right = [dtype.is_numeric() for dtype in frame.dtypes]
    lines = (
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        )
        for row in [heads, *rows]
    )
    return "\n".join(line.rstrip() for line in lines)
