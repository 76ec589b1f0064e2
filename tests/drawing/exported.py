"""What a vendor exported, written to a file and read back: as which format, and with every record accounted for."""

import json
from pathlib import Path

import integrhealth as ih


def read_as(format: str, folder: Path, document: object, name: str = "export.json") -> ih.Evidence:
    """The evidence in a `document` (text, or what becomes JSON) that must be taken for the `format`."""
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    evidence = ih.read(folder)
    assert set(evidence.sources["format"]) == {format}
    for counts in evidence.sources.rows(named=True):
        assert counts["rows_in"] == counts["rows_out"] + counts["rows_rejected"]
    return evidence


def seen(evidence: ih.Evidence, *columns: str) -> list[tuple]:
    """The columns of its messages, row by row."""
    return evidence.messages.select(columns).rows()
