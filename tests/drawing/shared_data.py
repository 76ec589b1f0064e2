"""Real files for the tests: beside the checkout, or where INTEGRHEALTH_DATA points. Never committed."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("INTEGRHEALTH_DATA") or Path(__file__).parents[3] / "shared" / "data")


def shared_data(*parts: str) -> Path:
    """The path of a real file or folder; skips the test when it is absent, and fails it where CI must have it."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        reason = f"the real file {'/'.join(parts)} is not here; set INTEGRHEALTH_DATA to the folder that has it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def small_real_files(*, per_folder: int, longest: int) -> list[str]:
    """A few files of every folder of formats that are not longer than LONGEST, by their paths below it.

    Where the data are absent there is one name, so that the tests over these files skip with a reason.
    """
    chosen = []
    for folder in sorted(path for path in (ROOT / "formats").glob("*") if path.is_dir()):
        files = [path for path in sorted(folder.iterdir()) if 0 < path.stat().st_size <= longest]
        step = max(1, len(files) // per_folder)
        chosen += [f"{folder.name}/{path.name}" for path in files[::step][:per_folder]]
    return chosen or ["any"]
