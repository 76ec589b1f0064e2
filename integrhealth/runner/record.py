"""run.json: what a run read, with what it ran, how long it took and what came of it."""

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from integrhealth.language.safe_text import escaped
from integrhealth.reading.discovery import DECLARATIONS, log_files, shown_path

PACKAGES = ("integrhealth", "polars", "numpy", "altair", "papermill", "nbconvert", "ipykernel", "vl-convert-python")
CHUNK = 1 << 20


def inputs(roots: Iterable[Path], declarations: Iterable[Path] = ()) -> list[dict[str, Any]]:
    """One entry per file that was there to read, catalogs and mappings included: path, bytes, sha256.

    The digest of a file that cannot be read is null.
    """
    files = {path.resolve() for root in roots for path, _ in log_files(root)}
    folders = {root if root.is_dir() else root.parent for root in roots}
    beside = {folder / name for folder in folders for name in DECLARATIONS}
    files |= {path.resolve() for path in (*beside, *declarations) if path.is_file()}
    return [{"path": shown_path(path), "bytes": path.stat().st_size, "sha256": _digest(path)} for path in sorted(files)]


def _digest(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Python and the packages that a number or a page may depend on."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def strict_json(value: Any) -> str:
    """JSON that every reader takes, no NaN and no infinity, which become null, and that any terminal may show."""
    return escaped(json.dumps(_finite(value), ensure_ascii=False, indent=1, allow_nan=False)) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value
