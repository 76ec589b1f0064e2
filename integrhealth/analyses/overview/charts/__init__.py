"""What the front page draws."""

from integrhealth.analyses.overview.charts.systems import system_chart

__all__ = ["system_chart"]


def __dir__() -> list[str]:
    return __all__
