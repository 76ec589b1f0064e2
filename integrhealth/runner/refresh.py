"""Run the notebooks in place, so that their committed outputs are those of today's code.

python -m integrhealth.runner.refresh [NOTEBOOK ...]
"""

import sys
from pathlib import Path

import nbformat

from integrhealth.locations import notebooks
from integrhealth.runner.execute import Kernels, executed

DEADLINE_SECONDS = 300


def refreshed(source: Path) -> str:
    """The notebook at `source` with outputs made afresh and nothing else changed. Raises RuntimeError if it fails."""
    outcome = executed(source, parameters={}, deadline_seconds=DEADLINE_SECONDS, kernels=Kernels())
    if outcome.error is not None:
        raise RuntimeError(f"{source.name}: {outcome.error}")
    before = nbformat.read(source, as_version=4)
    for cell, run in zip(before.cells, outcome.notebook.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return nbformat.writes(before) + "\n"


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or sorted(notebooks().glob("*.ipynb")):
        path.write_text(refreshed(path), encoding="utf-8")
        print(path)
