"""The charts of accountability: frame in, chart out, a module per subject."""

from integrhealth.analyses.accountability.charts.blame import blame_matrix
from integrhealth.analyses.accountability.charts.incidents import (
    handover_flow,
    handover_matrix,
    incident_days_chart,
    owner_effect_chart,
    wandering_chart,
)
from integrhealth.analyses.accountability.charts.owners import owner_chart
from integrhealth.analyses.accountability.charts.truth_home import (
    disagreement_chart,
    laundering_chart,
    truth_ledger_chart,
    walk_chart,
)

__all__ = [
    "blame_matrix",
    "disagreement_chart",
    "handover_flow",
    "handover_matrix",
    "incident_days_chart",
    "laundering_chart",
    "owner_chart",
    "owner_effect_chart",
    "truth_ledger_chart",
    "walk_chart",
    "wandering_chart",
]
