"""The charts of the audit: frame in, chart out, a module per subject."""

from integrhealth.analyses.audit.charts.answers import audit_chart, interest_chart
from integrhealth.analyses.audit.charts.outcomes import outcomes_chart

__all__ = [
    "audit_chart",
    "interest_chart",
    "outcomes_chart",
]
