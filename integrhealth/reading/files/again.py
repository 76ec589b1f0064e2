"""The records of a file once more, each as a number made of its bytes: what tells a copy from another record.

Few files hold rows that are alike and have no id, so that this is looked at after all else was read, and only in those.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from integrhealth.reading.account.parsed import Again, Origin, Parsed
from integrhealth.reading.files.archives import Volume, is_packed, read_packed
from integrhealth.reading.files.lines import array_elements_at
from integrhealth.reading.files.opened import beginning, whole
from integrhealth.reading.files.text_lines import text_lines

RECORDS = {"log_line": pl.Int64, "record": pl.UInt64}


def records_again(parts: Sequence[Parsed]) -> pl.DataFrame:
    """The records of the files of `parts`: file, log_line, record, in the order of each file.

    A file that cannot say what its records look like, or is gone by now, has none here.
    """
    wanted: dict[Origin, dict[str, Again]] = {}
    for part in parts:
        if part.origin is not None and part.again is not None:
            wanted.setdefault(part.origin, {})[part.file] = part.again
    frames = [frame for origin, files in wanted.items() for frame in _of_file(origin, files)]
    return pl.concat([pl.DataFrame(schema={"file": pl.String} | RECORDS), *frames])


def _of_file(origin: Origin, files: dict[str, Again]) -> list[pl.DataFrame]:
    """The records of one file of the user, or of those files inside it that are asked for."""
    frames: list[pl.DataFrame] = []

    def look(path: Path, name: str, *, volume: Volume | None = None) -> list[Parsed]:
        if name in files:
            frames.append(files[name](path).select(pl.lit(name).alias("file"), *RECORDS))
        elif is_packed(beginning(path)):
            read_packed(path, name, read=look, volume=volume)
        return []

    try:
        look(origin.path, origin.name)
    except OSError:
        return []  # taken away since it was read: nobody can say any more that its rows are copies
    return frames


def lines_again(path: Path) -> pl.DataFrame:
    """Every line that is not blank, without white space at its end."""
    frames = [lines.select(log_line="line", record=pl.col("text").hash()) for lines, _ in text_lines(path)]
    return pl.concat([pl.DataFrame(schema=RECORDS), *frames])


def elements_again(path: Path) -> pl.DataFrame:
    """Every element of a JSON array, by the line it begins on."""
    numbers, elements = array_elements_at(whole(path)[0])
    return numbered_records(numbers, elements)


def numbered_records(numbers: Iterable[int], records: Sequence[bytes]) -> pl.DataFrame:
    """Records that are at hand as bytes."""
    made = pl.DataFrame({"log_line": pl.Series(numbers, dtype=pl.Int64), "record": pl.Series(records, dtype=pl.Binary)})
    return made.with_columns(pl.col("record").hash())
