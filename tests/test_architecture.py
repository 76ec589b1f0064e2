"""Imports point one way, heavy libraries keep their place, and no room grows past what one can take in."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "integrhealth"
LANGUAGE = {
    "ancestry",
    "errors",
    "schema",
    "published",
    "thresholds",
    "statistics",
    "findings",
    "locations",
    "publication",
}
LANGUAGE |= {"visible"}
IN = {"yaml_file", "catalog_values", "catalog", "formats"}
REDUCE = {"traces", "facts", "critical_path", "journeys"}
READING = {"conservation", "intake", "period", "evidence"}
MAY_IMPORT = {
    "language": LANGUAGE,
    "in": LANGUAGE | IN,
    "reduce": LANGUAGE | REDUCE,
    "reading": LANGUAGE | IN | REDUCE | READING,
    "analyses": LANGUAGE | REDUCE,
    "charts": LANGUAGE,
    "sample": LANGUAGE,
    "reports": LANGUAGE | IN | READING | {"reports"},
    "cli": LANGUAGE | IN | READING | {"reports", "sample"},
    "__init__": set(),
}
# Inside a folder neighbours may import each other, but one question's analysis not another's.
WITHIN = {"formats", "charts", "reports", "sample"}
PARTS_OF_ONE_QUESTION = {
    "__init__": {"propagation", "latency", "fragility", "overload"},
    "blast_radius": {"spread"},
    "entries": {"corrections", "entry_trees", "first_values", "rejections", "wrong_values"},
    "entry_trees": {"corrections", "rejections"},
    "first_values": {"corrections", "rejections"},
    "rejections": {"checkpoints"},
    "wrong_values": {"corrections", "rejections"},
    "fragility": {"capabilities", "paths"},
    "paths": {"capabilities"},
    "cascade_steps": {"cascades"},
    "spread": {"cascades", "swallowed"},
    "timing": {"spread", "timing_fit"},
    "propagation": {
        *("blast_radius", "cascade_steps", "cascades", "propagation_findings", "spread", "timing"),
        *("rootcause_report", "retries", "retry_findings"),
        *("entries", "contamination", "friction", "friction_findings", "checkpoints"),
    },
    "latency": {"latency_findings"},
    "rootcause": {"entries", "rootcause_damage", "rootcause_messages", "rootcause_metrics", "rootcause_windows"},
    "rootcause_damage": {"rootcause_windows"},
    "rootcause_messages": {"rootcause_windows"},
    "rootcause_report": {"rootcause", "rootcause_damage", "worst_hour"},
    "rootcause_metrics": {"rootcause_windows"},
    "friction": {"hold_replay"},
    "retries": {"retry_bins", "retry_chains", "retry_layers", "retry_pauses", "retry_storms"},
    "overload": {"overload_findings", "overlap", "reading", "smallest_set"},
}
ONLY_IN = {"altair": {"charts"}, "papermill": {"reports"}, "click": {"cli"}, "pandas": set()}


def layer(room: str) -> str:
    for name, rooms in (("language", LANGUAGE), ("in", IN), ("reduce", REDUCE), ("reading", READING)):
        if room in rooms:
            return name
    return room


def imported(path: Path) -> set[str]:
    """Every module a file imports when it runs; what it names for the type checker only is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively; write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_keep_their_place(path):
    parts = path.relative_to(PACKAGE).parts
    room, here = parts[0].removesuffix(".py"), layer(parts[0].removesuffix(".py"))
    allowed = MAY_IMPORT[here] | ({room} if room in WITHIN else set())
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "integrhealth" and rest:
            target, _, inner = rest.partition(".")
            if target == room == "analyses":
                neighbour = inner.split(".")[0]
                assert neighbour in PARTS_OF_ONE_QUESTION.get(path.stem, set()), f"{path.stem} imports {neighbour}"
            else:
                assert target in allowed or target == "__version__", f"{room} may not import {target}"
        if top in ONLY_IN:
            assert room in ONLY_IN[top], f"{top} is imported outside {ONLY_IN[top]}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_longer_than_one_can_take_in(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
