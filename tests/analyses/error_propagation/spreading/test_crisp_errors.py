"""Own, passed-on and stopped errors against the answers that Uber's CRISP embeds in its own test traces."""

import json
from collections import Counter

import pytest
from drawing.shared_data import ROOT, shared_data

from integrhealth.evidence import read
from integrhealth.traces import links

FILES = sorted(path.name for path in (ROOT / "formats" / "jaeger").glob("crisp_errpat*.json"))


@pytest.mark.parametrize("name", FILES or ["crisp_errpat1_1.json"])
def test_errors_are_told_apart_as_crisp_does(name):
    path = shared_data("formats", "jaeger", name)
    expected = json.loads(path.read_text())["testing"]["errCounts"]
    caused = links.with_causes(links.linked(read(path).messages)).rows(named=True)
    found = Counter()
    for row in caused:
        for place, kind in enumerate(("own_error", "passed_on", "stopped")):
            found[call_path(caused, row), place] += row[kind]
    counted = {path for path, _ in found}
    assert {
        path: [found[path, place] for place in range(3)] for path in counted if any(found[path, p] for p in range(3))
    } == expected


def call_path(rows: list[dict], row: dict) -> str:
    """The calls from the root to this message, as CRISP writes them."""
    step = f"[{row['target']}] {row['operation']}"
    return step if row["parent_row"] is None else f"{call_path(rows, rows[row['parent_row']])}->{step}"
