"""The charts of report overload: frame in, chart out, a module per subject."""

from integrhealth.analyses.report_overload.charts.attention import class_chart, minutes_chart
from integrhealth.analyses.report_overload.charts.cover import coverage_chart, overlap_heat_map, staleness_chart

__all__ = ["class_chart", "coverage_chart", "minutes_chart", "overlap_heat_map", "staleness_chart"]
