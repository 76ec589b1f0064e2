"""ZIP archives of any make, and the account of what was read from them."""

import io
import warnings
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import polars as pl
from drawing.bad_input import GOOD


def zipped(*members, method=ZIP_DEFLATED):
    """A ZIP of (name, content) in this order; names may repeat and be anything."""
    file = io.BytesIO()
    with ZipFile(file, "w", method) as archive, warnings.catch_warnings(action="ignore"):
        for name, content in members:
            entry = ZipInfo("x")
            entry.filename, entry.compress_type = name, method
            archive.writestr(entry, content)
    return file.getvalue()


def good(number):
    """Two good messages that no other number has."""
    return GOOD.replace("m1", f"{number}.1").replace("m2", f"{number}.2")


def damaged(content, at):
    """The bytes with one bit turned."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def accounts(evidence):
    """Each file with its format and its records in, out and rejected, held to the law that they add up."""
    rows = evidence.sources.select("file", "format", "rows_in", "rows_out", "rows_rejected").rows()
    found = {name: tuple(counts) for name, *counts in rows}
    assert len(found) == len(rows)
    for name, (format, rows_in, rows_out, rows_rejected) in found.items():
        listed = evidence.rejected.filter(pl.col("file") == name).height
        assert format is None or (rows_in == rows_out + rows_rejected and rows_rejected == listed), name
    assert set(evidence.rejected["file"]) <= found.keys()
    return found
