"""The charts of dependency fragility: frame in, chart out, a module per subject."""

from integrhealth.analyses.dependency_fragility.charts.availability import (
    capability_chart,
    system_availability_chart,
    weakest_parts_chart,
)
from integrhealth.analyses.dependency_fragility.charts.coupling import coupling_chart
from integrhealth.analyses.dependency_fragility.charts.graph import dependency_chart
from integrhealth.analyses.dependency_fragility.charts.levels import ladder_chart
from integrhealth.analyses.dependency_fragility.charts.outages import outage_slider_chart, outage_verdict_chart
from integrhealth.analyses.dependency_fragility.charts.what_if import what_if_chart

__all__ = [
    "capability_chart",
    "coupling_chart",
    "dependency_chart",
    "ladder_chart",
    "outage_slider_chart",
    "outage_verdict_chart",
    "system_availability_chart",
    "weakest_parts_chart",
    "what_if_chart",
]
