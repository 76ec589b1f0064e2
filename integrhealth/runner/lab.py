"""The report notebooks in a folder of the analyst's own, with the logs filled in, and JupyterLab opened on it."""

import hashlib
import json
import os
import re
import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from integrhealth.errors import IntegrHealthError, WrongValue
from integrhealth.locations import notebooks
from integrhealth.reading.discovery import named_file, shown_path

SAMPLE = "sample:a"
# The line of the parameters cell that is filled: its type and its value, the comment stays.
LOGS = re.compile(r"^logs: str = \"[^\"]*\"", re.MULTILINE)
# Where a copy keeps the digest of its own cells, so that a later copy knows whether somebody changed them.
STAMP = "copied"


def copied(folder: Path, logs: Sequence[str] = ()) -> list[str]:
    """Copy the report notebooks into `folder` with `logs` as their logs; what was left alone, one sentence each.

    A notebook that the analyst changed is never overwritten: cells that differ from those that were copied, or a file
    of that name that is no copy. One that nobody changed is brought up to date. `logs` are absolute in the copies;
    ``sample:a`` and ``sample:b`` stay names. Raises NothingToRead for a path that does not exist, and WrongValue
    for a folder that cannot be written.
    """
    for path in logs:
        named_file(path)
    places = [path if path.startswith("sample:") else _absolute(path) for path in logs] or [SAMPLE]
    sources = sorted(notebooks().glob("*.ipynb"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        changed = [source.name for source in sources if not _placed(source, folder / source.name, places)]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise WrongValue(f"{shown_path(folder)} cannot be written ({why}); name a folder with --dir") from error
    return [f"{name} was changed and is left as it is; rename it to get a new copy" for name in changed]


def command(folder: Path) -> list[str]:
    """What opens JupyterLab on `folder` with this Python."""
    return [sys.executable, "-m", "jupyterlab", str(folder.absolute())]


def shown_command(folder: Path) -> str:
    """The command as a person types it in a shell."""
    return shown_path(shlex.join(command(folder)))


def opened(folder: Path) -> NoReturn:
    """Become JupyterLab on `folder`, which then owns the terminal and its Ctrl-C."""
    os.execv(sys.executable, command(folder))


def check_installed() -> None:
    """Raises IntegrHealthError, which says how to install it, where JupyterLab is not."""
    if find_spec("jupyterlab") is None:
        raise IntegrHealthError("JupyterLab is not installed; pip install jupyterlab, or only copy with --no-open")


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _placed(source: Path, target: Path, logs: Sequence[str]) -> bool:
    """Whether `target` now is the notebook at `source` with `logs`: False where somebody changed it."""
    notebook = _filled(json.loads(source.read_text(encoding="utf-8")), logs)
    if target.exists():
        there = _notebook(target)
        if there is None or _stamp(there) != _digest(there):
            return False
        if _digest(there) == _digest(notebook):
            return True  # only run since, and its outputs are worth keeping
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    target.write_text(text, encoding="utf-8")
    return True


def _filled(notebook: dict[str, Any], logs: Sequence[str]) -> dict[str, Any]:
    """The notebook with `logs` in its parameters cell; without the outputs of other logs than these."""
    value = f"logs: str = {_literal(logs[0])}" if len(logs) == 1 else f"logs: list[str] = {_literal(list(logs))}"
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            cell["source"] = LOGS.sub(lambda _: value, "".join(cell["source"])).splitlines(keepends=True)
        if cell["cell_type"] == "code" and list(logs) != [SAMPLE]:
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"]["integrhealth"] = {STAMP: _digest(notebook)}
    return notebook


def _literal(value: str | list[str]) -> str:
    """`value` as Python, in double quotes like the other parameters; a path whose bytes are no UTF-8 as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else ascii(value)


def _notebook(path: Path) -> dict[str, Any] | None:
    """The notebook at `path`, or None for a file that is no notebook."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("metadata"), dict):
        return None
    cells = notebook.get("cells")
    return notebook if isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells) else None


def _stamp(notebook: dict[str, Any]) -> Any:
    """The digest that a copy carries; None for a notebook that is no copy."""
    ours = notebook["metadata"].get("integrhealth")
    return ours.get(STAMP) if isinstance(ours, dict) else None


def _digest(notebook: dict[str, Any]) -> str:
    """What the cells of a notebook say, whatever they showed when they ran."""
    said = [(cell.get("cell_type"), "".join(cell.get("source", ""))) for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
