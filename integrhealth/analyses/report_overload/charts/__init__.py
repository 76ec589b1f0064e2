"""The charts of report overload: frame in, chart out, a module per subject."""

from integrhealth.analyses.report_overload.charts.alerts import alert_hours_chart
from integrhealth.analyses.report_overload.charts.attention import class_chart, minutes_chart
from integrhealth.analyses.report_overload.charts.cover import coverage_chart, overlap_heat_map, staleness_chart
from integrhealth.analyses.report_overload.charts.red_flags import red_flag_timeline

__all__ = [
    "alert_hours_chart",
    "class_chart",
    "coverage_chart",
    "minutes_chart",
    "overlap_heat_map",
    "red_flag_timeline",
    "staleness_chart",
]
