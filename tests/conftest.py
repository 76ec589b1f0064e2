"""Shared settings of the test suite."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from integrhealth.runner.startup import spare_grammar

# Each worker has its share of the cores, before polars is imported: to wake more threads than there are cores takes
# longer than frames this small. The order of groups is still another one in every run.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))

# Every worker imports all tests, some of which import nbformat.
spare_grammar()

# In CI the drawn examples are those of every run, so that a failure is one of the change; elsewhere they are new.
REPEATABLE = os.environ.get("CI") == "true"
settings.register_profile(
    "kit",
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=REPEATABLE,
    database=None if REPEATABLE else settings.default.database,
)
settings.load_profile("kit")


# Files that run whole reports or read much. Begun first, they do not keep one worker busy when all the others are done.
LONG = (
    "analyses/test_false_alarms.py",
    "analyses/test_planted_faults.py",
    "runner/test_run.py",
    "test_hostile_text.py",
    "test_cli.py",
    "reading/json/test_rfc8259.py",
    "reading/test_invariances.py",
    "reading/test_fuzz_readers.py",
    "runner/test_browser.py",
    "sample/test_sample.py",
    "reading/test_bad_input.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {path: place for place, path in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.split("::")[0].removeprefix("tests/"), len(LONG)))


def pytest_collection_finish() -> None:
    """What was collected stays for the whole run; to look through it for garbage all the time costs a twentieth.

    What tests make are frames, few and freed by their counts; to look through these every 700 objects as much again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
