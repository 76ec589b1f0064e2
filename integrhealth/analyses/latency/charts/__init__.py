"""The charts of latency: frame in, chart out, a module per subject."""

from integrhealth.analyses.latency.charts.integrations import latency_chart
from integrhealth.analyses.latency.charts.journeys import journey_parts_chart, waterfall_chart
from integrhealth.analyses.latency.charts.measurements import measurements_chart
from integrhealth.analyses.latency.charts.silence import silence_chart

__all__ = ["journey_parts_chart", "latency_chart", "measurements_chart", "silence_chart", "waterfall_chart"]
