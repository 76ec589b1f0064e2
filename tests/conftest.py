"""Shared settings of the test suite."""

from hypothesis import HealthCheck, settings

settings.register_profile("kit", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kit")
