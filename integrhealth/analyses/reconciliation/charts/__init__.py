"""The charts of reconciliation: frame in, chart out, a module per subject."""

from integrhealth.analyses.reconciliation.charts.documents import document_gaps_chart, document_waterfall
from integrhealth.analyses.reconciliation.charts.exceptions import exception_chart, variant_chart
from integrhealth.analyses.reconciliation.charts.trail import answers_chart, trail_heat_map
from integrhealth.analyses.reconciliation.charts.transfers import transfer_ages_chart, transfer_fates_chart
from integrhealth.analyses.reconciliation.charts.transforms import meaning_ledger

__all__ = [
    "answers_chart",
    "document_gaps_chart",
    "document_waterfall",
    "exception_chart",
    "meaning_ledger",
    "trail_heat_map",
    "transfer_ages_chart",
    "transfer_fates_chart",
    "variant_chart",
]
