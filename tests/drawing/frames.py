"""Pictures as frames: the tests draw small tables of text and get canonical frames."""

from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.language.schema import FRAMES, TIME, conform

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def messages(picture: str) -> pl.DataFrame:
    """A drawn table as a messages frame: ``-`` is null, times are seconds after noon; absent times are noon."""
    return drawn("messages", picture, sent_at=NOON, status="ok")


def drawn(frame: str, picture: str, **defaults: object) -> pl.DataFrame:
    """A drawn table as a canonical frame; DEFAULTS fill columns that the picture does not draw."""
    head, *lines = [line.split() for line in picture.strip().splitlines() if line.strip()]
    columns = FRAMES[frame].schema
    rows = [{name: _value(text, columns[name]) for name, text in zip(head, line, strict=True)} for line in lines]
    table = pl.DataFrame(rows, schema={name: columns[name] for name in head})
    absent = {name: pl.lit(value).cast(columns[name]) for name, value in defaults.items() if name not in head}
    return conform(table.with_columns(**absent), frame)


def _value(text: str, dtype: pl.DataType) -> object:
    if text == "-":
        return None
    if dtype == TIME:
        return NOON + timedelta(seconds=float(text))
    if dtype == pl.Boolean:
        return text == "true"
    if dtype.is_numeric():
        return float(text) if dtype.is_float() else int(text)
    return text.split(";") if dtype == pl.List(pl.String) else text
