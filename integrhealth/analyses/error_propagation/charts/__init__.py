"""The charts of error propagation: frame in, chart out, a module per subject."""

from integrhealth.analyses.error_propagation.charts.error_times import timing_chart
from integrhealth.analyses.error_propagation.charts.holds import checkpoint_chart, cost_curves_chart, hold_slider_chart
from integrhealth.analyses.error_propagation.charts.log_lines import logged_errors_chart
from integrhealth.analyses.error_propagation.charts.retrying import amplification_chart, storm_chart
from integrhealth.analyses.error_propagation.charts.root_cause import blast_radius_chart, root_cause_chart
from integrhealth.analyses.error_propagation.charts.spreading import (
    cascade_chart,
    edge_heat_map,
    reach_chart,
    reproduction_chart,
    stopping_chart,
    survival_chart,
)
from integrhealth.analyses.error_propagation.charts.wrong_values import contamination_map, held_chart, strips_chart

__all__ = [
    "amplification_chart",
    "blast_radius_chart",
    "cascade_chart",
    "checkpoint_chart",
    "contamination_map",
    "cost_curves_chart",
    "edge_heat_map",
    "held_chart",
    "hold_slider_chart",
    "logged_errors_chart",
    "reach_chart",
    "reproduction_chart",
    "root_cause_chart",
    "stopping_chart",
    "storm_chart",
    "strips_chart",
    "survival_chart",
    "timing_chart",
]
