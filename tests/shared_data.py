"""Real files for the tests: beside the checkout, or where INTEGRHEALTH_DATA points. Never committed."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("INTEGRHEALTH_DATA") or Path(__file__).parents[2] / "shared" / "data")


def shared_data(*parts: str) -> Path:
    """The path of a real file or folder; skips the test when it is absent, and fails it where CI must have it."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        reason = f"the real file {'/'.join(parts)} is not here; set INTEGRHEALTH_DATA to the folder that has it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
