"""The lines of a text file as numbered frames, block by block; what is not UTF-8 costs the line it is in."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from integrhealth.reading.files.lines import RAW_BYTES
from integrhealth.reading.files.opened import Block, line_blocks

# Colours and moves of the cursor, as terminals take them.
ESCAPE, CODES = b"\x1b", r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
TEXTS = {"line": pl.Int64, "text": pl.String}
FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
# line, reason, the beginning of a line that was not understood
Refusal = tuple[int | None, str, bytes]


def text_lines(path: Path, *, trimmed: bool = True) -> Iterator[tuple[pl.DataFrame, list[Refusal]]]:
    """The lines that are not blank, with their numbers, and what is not text; `trimmed` of blanks at their ends."""
    for block in line_blocks(path):
        yield block_lines(block, trimmed=trimmed)


def beginning_lines(start: bytes, *, whole: bool | None = None) -> list[str]:
    """The lines of the beginning of a file that are not blank; of one that is not `whole` the last is left out.

    Where nobody says so it is whole if it ends with a line end, or is one line.
    """
    if whole is None:
        whole = start.endswith(b"\n") or b"\n" not in start
    lines = start.decode("utf-8-sig", "replace").split("\n")
    return [text for line in (lines if whole else lines[:-1]) if (text := line.rstrip())]


def block_lines(block: Block, *, trimmed: bool = True) -> tuple[pl.DataFrame, list[Refusal]]:
    """The lines of one block as ``text_lines`` gives them."""
    if block.damage:
        return pl.DataFrame(schema=TEXTS), [(block.first_line, block.damage, block.data[:RAW_BYTES])]
    refused: list[Refusal] = []
    try:
        lines = pl.read_lines(block.data, name="text", row_index_name="line", row_index_offset=block.first_line)
    except FAILURES:
        lines, refused = _decodable(block)
    lines = lines.select(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_chars_end(None if trimmed else "\r\n"))
    return lines.filter(pl.col("text") != ""), refused


def _decodable(block: Block) -> tuple[pl.DataFrame, list[Refusal]]:
    rows, refused = [], []
    for number, line in enumerate(block.data.split(b"\n"), block.first_line):
        try:
            rows.append((number, line.decode()))
        except UnicodeDecodeError as error:
            refused.append((number, f"bad_utf8: {error.reason}", line[:RAW_BYTES]))
    return pl.DataFrame(rows, schema=TEXTS, orient="row"), refused
