from integrhealth.analyses import accountability as accountability
from integrhealth.analyses import all_reports as all_reports
from integrhealth.analyses import audit as audit
from integrhealth.analyses import collaboration as collaboration
from integrhealth.analyses import dependency_fragility as dependency_fragility
from integrhealth.analyses import error_propagation as error_propagation
from integrhealth.analyses import latency as latency
from integrhealth.analyses import overview as overview
from integrhealth.analyses import reconciliation as reconciliation
from integrhealth.analyses import report_overload as report_overload
from integrhealth.analyses.error_propagation.root_cause import ranking as rootcause
from integrhealth.evidence import Evidence as Evidence
from integrhealth.evidence import read as read
from integrhealth.runner.history import earlier_findings as earlier_findings
from integrhealth.runner.publication import previous_findings as previous_findings
from integrhealth.runner.publication import publish as publish
from integrhealth.runner.publication import published_reports as published_reports

__all__ = [
    "Evidence",
    "__version__",
    "accountability",
    "all_reports",
    "audit",
    "collaboration",
    "dependency_fragility",
    "earlier_findings",
    "error_propagation",
    "latency",
    "overview",
    "previous_findings",
    "publish",
    "published_reports",
    "read",
    "reconciliation",
    "report_overload",
    "rootcause",
]
__version__: str
