"""What a run is asked for, and that request with everything checked that needs no logs and no kernel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from integrhealth.analyses import OVERVIEW, REPORTS
from integrhealth.errors import UnknownName, WrongValue
from integrhealth.language.period import moment
from integrhealth.locations import notebooks
from integrhealth.reading.discovery import named_file
from integrhealth.runner import folder
from integrhealth.runner.parameters import Parameter, checked, declared

# The page of the overview.
FRONT_PAGE = "index.html"
DEADLINE_SECONDS, LONGEST_SECONDS = 900.0, 604_800

# Called after each step: what was done, how many steps are done, how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What a run is asked for. ``parameters`` go to every notebook that declares the name."""

    paths: tuple[str, ...]
    out: Path
    only: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    catalog: Path | None = None
    mapping: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 2
    fail_on: str | None = None
    deadline_seconds: float = DEADLINE_SECONDS
    strict: bool = False
    show_people: bool = False
    notebooks: Path = field(default_factory=lambda: notebooks())  # looked up at the call


@dataclass(frozen=True)
class Plan:
    """A request without a fault in it: which reports, with which values, from which files, into which folder."""

    request: Request
    declarations: Mapping[str, Mapping[str, Parameter]]
    values: Mapping[str, Mapping[str, Any]]
    roots: tuple[Path, ...]
    since: datetime | None
    until: datetime | None
    out: Path

    @property
    def names(self) -> list[str]:
        """The reports, in the order in which they are shown; the overview last."""
        return list(self.declarations)


def report_names(place: Path) -> list[str]:
    """The reports whose notebooks are in `place`: those of REPORTS in its order, then others; the overview last."""
    there = {path.stem for path in place.glob("*.ipynb")}
    order = {name: position for position, name in enumerate(REPORTS[:-1])}
    return sorted(there, key=lambda name: (name == OVERVIEW, order.get(name, len(order)), name))


def planned(request: Request) -> Plan:
    """`request` checked as far as possible without reading logs or starting a kernel.

    Raises UnknownName, WrongValue or NothingToRead, whichever a person has to fix.
    """
    available = report_names(request.notebooks)
    for name in request.only:
        if name not in available:
            raise UnknownName("report", name, available)
    names = [name for name in available if not request.only or name in (*request.only, OVERVIEW)]
    # A parameter that only a report left out declares is no mistake.
    everything = {name: declared(request.notebooks / f"{name}.ipynb") for name in available}
    values = checked(request.parameters, everything)
    since, until = moment(request.since), moment(request.until)
    for given in values.values():
        moment(given.get("at"))  # refused here, not by a page that failed
    if request.jobs < 1 or not 0 < request.deadline_seconds <= LONGEST_SECONDS:
        raise WrongValue(f"--jobs must be above zero, and --deadline too and at most {LONGEST_SECONDS:,} s, a week")
    roots = tuple(named_file(path) for path in request.paths)
    declarations = {name: everything[name] for name in names}
    return Plan(request, declarations, values, roots, since, until, folder.fit(request.out, roots))
