"""The charts of collaboration: frame in, chart out, a module per subject."""

from integrhealth.analyses.collaboration.charts.contacts import bypass_map, need_matrix
from integrhealth.analyses.collaboration.charts.golive import golive_contact
from integrhealth.analyses.collaboration.charts.joint_kpi import kpi_pairs, kpi_waterfall
from integrhealth.analyses.collaboration.charts.rituals import ritual_calendar

__all__ = [
    "bypass_map",
    "golive_contact",
    "kpi_pairs",
    "kpi_waterfall",
    "need_matrix",
    "ritual_calendar",
]
