"""The sample companies, read once per process: evidence never changes, so that all tests may share it."""

from functools import cache

import integrhealth as ih


@cache
def sample(company: str) -> ih.Evidence:
    return ih.read(f"sample:{company}")
