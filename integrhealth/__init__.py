"""integrhealth: integration health reports from the logs that your integrations already write.

>>> import integrhealth as ih
>>> evidence = ih.read("sample:a")
>>> ih.error_propagation.report(evidence).tables["spread"]
"""

from importlib import import_module
from typing import Any

from integrhealth.analyses import REPORTS

__version__ = "0.1.0"

# Loaded when first used, so that the command line answers at once.
_FROM = {
    "Evidence": "integrhealth.evidence",
    "read": "integrhealth.evidence",
    "all_reports": "integrhealth.analyses",
    "publish": "integrhealth.runner.publication",
    "published_reports": "integrhealth.runner.publication",
    "previous_findings": "integrhealth.runner.publication",
}
_MODULES = {
    **{report: f"integrhealth.analyses.{report}" for report in REPORTS},
    "rootcause": "integrhealth.analyses.error_propagation.root_cause.ranking",
}
__all__ = sorted([*_FROM, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(import_module(_FROM[name]), name)
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"integrhealth has no {name!r}; it has {__all__}")


def __dir__() -> list[str]:
    return __all__
