"""Shared settings of the test suite."""

import os

from hypothesis import HealthCheck, settings

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
