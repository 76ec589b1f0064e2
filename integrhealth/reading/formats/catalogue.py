"""Everything that can be read, in one list: nested formats, vendor exports, and tables of one's own."""

import polars as pl

from integrhealth.language.schema import FRAMES, TEXT, WORDS
from integrhealth.reading.formats import FORMATS, LAST_FORMATS
from integrhealth.reading.table.presets import table_presets
from integrhealth.reading.text.presets import line_presets

KNOWN = {"format": TEXT, "description": TEXT, "tried": TEXT, "frame": TEXT, "columns": WORDS}
TABLE = "any table (CSV, JSON lines or documents, Parquet), in canonical columns or through a mapping.yaml"
LINES = "lines of text, by a pattern in mapping.yaml"
DATABASE = "the answer to a query: SQLite, PostgreSQL; a query and a url in mapping.yaml"


def known_formats() -> pl.DataFrame:
    """One row per format and canonical frame that it fills, with the columns it can fill; sorted by format.

    ``tried`` is ``real`` where the format was tried on files that nobody here wrote, ``documented`` where it was
    written to what the vendor documents and no such file was to be had.
    """
    whole = {name: tuple(frame.columns) for name, frame in FRAMES.items()}
    formats = [
        *(
            (each.name, each.description, each.tried, each.fills())
            for each in (*FORMATS, *LAST_FORMATS, *(each.format for each in line_presets()))
        ),
        *((each.name, each.description, each.tried, each.fills) for each in table_presets()),
        ("table", TABLE, "real", whole),
        ("lines", LINES, "real", whole),
        ("database", DATABASE, "real", whole),
    ]
    rows = [
        (name, description, tried, frame, list(columns))
        for name, description, tried, filled in formats
        for frame, columns in filled.items()
    ]
    return pl.DataFrame(rows, schema=KNOWN, orient="row").sort("format", maintain_order=True)


def format_list() -> pl.DataFrame:
    """One row per format, for a person: what it is, which frames it fills, and whether a real file was tried."""
    return (
        known_formats()
        .group_by("format", "description", "tried", maintain_order=True)
        .agg(frames=pl.col("frame"))
        .select(
            "format",
            fills=pl.when(pl.col("format").is_in(["table", "lines", "database"]))
            .then(pl.lit("any frame"))
            .otherwise(pl.col("frames").list.join(", ")),
            what_it_is=pl.when(pl.col("tried") == "documented")
            .then(pl.col("description") + " (never tried on a real file)")
            .otherwise("description"),
        )
    )
