"""The charts of latency: frame in, chart out, a module per subject."""

from integrhealth.analyses.latency.charts.capacity import capacity_chart
from integrhealth.analyses.latency.charts.integrations import latency_chart
from integrhealth.analyses.latency.charts.journeys import journey_parts_chart, waterfall_chart
from integrhealth.analyses.latency.charts.measurements import measurements_chart
from integrhealth.analyses.latency.charts.promises import burn_chart
from integrhealth.analyses.latency.charts.shifts import latency_heat_chart, latency_over_time_chart
from integrhealth.analyses.latency.charts.silence import silence_chart
from integrhealth.analyses.latency.charts.steps import drag_chart, journey_chart
from integrhealth.analyses.latency.charts.surge import surge_chart

__all__ = [
    "burn_chart",
    "capacity_chart",
    "drag_chart",
    "journey_chart",
    "journey_parts_chart",
    "latency_chart",
    "latency_heat_chart",
    "latency_over_time_chart",
    "measurements_chart",
    "silence_chart",
    "surge_chart",
    "waterfall_chart",
]
