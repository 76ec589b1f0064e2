"""integrhealth: integration health reports from the logs that your integrations already write.

>>> import integrhealth as ih
>>> evidence = ih.read("sample:a")
>>> ih.error_propagation.report(evidence).tables["spread"]
"""

__version__ = "0.1.0"

# All is loaded when first used, also what this module needs itself, so that the command line answers at once, and to
# an interrupt as well.
_FROM = {
    "Evidence": "integrhealth.evidence",
    "read": "integrhealth.evidence",
    "all_reports": "integrhealth.analyses",
    "publish": "integrhealth.runner.publication",
    "published_reports": "integrhealth.runner.publication",
    "earlier_findings": "integrhealth.runner.history",
    "previous_findings": "integrhealth.runner.publication",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__all__":
        return sorted([*_FROM, *_modules(), "__version__"])
    if name in _FROM:
        return getattr(import_module(_FROM[name]), name)
    if name in _modules():
        return import_module(_modules()[name])
    raise AttributeError(f"integrhealth has no {name!r}; it has {__dir__()}")


def _modules() -> dict[str, str]:
    from integrhealth.analyses import REPORTS

    reports = {report: f"integrhealth.analyses.{report}" for report in REPORTS}
    return reports | {"rootcause": "integrhealth.analyses.error_propagation.root_cause.ranking"}


def __dir__() -> list[str]:
    return __getattr__("__all__")
