"""A draft, pasted as it is, reads the export of a system that the kit has no format for."""

from pathlib import Path

import pytest
from drawing.exports_held_back import HELD_BACK
from drawing.exports_later import LATER
from drawing.exports_of_tools import TOOLS
from drawing.exports_tuned import TUNED
from drawing.exports_unseen import UNSEEN

from integrhealth.evidence import read
from integrhealth.language.schema import FRAMES
from integrhealth.reading.drafting.draft import HEAD, draft_of

EXPORTS = (*TUNED, *HELD_BACK, *UNSEEN, *LATER, *TOOLS)


def written(folder: Path, export) -> Path:
    """The file of an export in a folder of its own."""
    path = folder / "logs" / export.file
    path.parent.mkdir()
    path.write_bytes(export.data)
    return path


@pytest.mark.parametrize("make", EXPORTS, ids=lambda make: make.__name__)
def test_a_draft_pasted_as_it_is_reads_the_export(tmp_path, make):
    export = make()
    path = written(tmp_path, export)
    draft = draft_of(path)
    for entry in draft.entries:
        beyond = entry.columns.keys() - set(FRAMES[entry.frame].required)
        assert beyond or entry.from_the_file >= {"time", "value"}
        assert not {"message_id", "status", "sent_at"} & (entry.columns.keys() - entry.from_the_file)
    (path.parent / "mapping.yaml").write_text("\n".join([*HEAD, draft.yaml(export.file)]), encoding="utf-8")
    evidence = read(path.parent)
    assert [name for name, frame in evidence.frames.items() if frame.height] == [export.frame]
    rows = evidence.frames[export.frame].sort("log_line")
    assert rows.height >= 0.9 * export.rows
    assert {name: rows[name][0] for name in export.first} == export.first
    assert {name: values & set(rows[name]) for name, values in export.more.items()} == export.more
