"""Imports point one way, heavy libraries keep their place, and no room grows past what one can take in."""

import ast
import importlib.util
import re
import sys
import tomllib
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import integrhealth
from integrhealth.analyses import OVERVIEW, REPORTS
from integrhealth.reading import formats

PACKAGE = Path(__file__).parents[1] / "integrhealth"
LANGUAGE = {"errors", "language"}
IN = {"catalog", "reading", "evidence", "locations", "scratch"}
# What the modules of a room may import besides the rooms' own; a question is a folder of analyses.
MAY_IMPORT = {
    "errors": set(),
    "locations": {"errors"},
    "scratch": set(),
    "interrupt": set(),
    "language": LANGUAGE,
    "catalog": LANGUAGE,
    "traces": LANGUAGE,
    "bad_entries": LANGUAGE | {"traces"},
    "reading": LANGUAGE | {"catalog", "traces", "locations", "scratch"},
    "evidence": LANGUAGE | IN | {"traces", "bad_entries"},
    "charts": LANGUAGE,
    "analyses": LANGUAGE,
    "question": LANGUAGE | {"traces", "bad_entries"},
    "charts of a question": LANGUAGE | {"charts"},
    "runner": LANGUAGE | IN | {"analyses"},
    "sample": LANGUAGE,
    "cli": LANGUAGE | IN | {"runner", "sample", "interrupt"},
    "__main__": {"cli", "interrupt"},
    "__init__": {"analyses"},
}
# A question knows its own folder alone; inside a large one a subject knows its own, the published columns, and these.
SUBJECTS = {
    "answers": {"five_questions", "outcomes"},
    "error_times": {"spreading"},
    "golive": {"contacts"},
    "promises": {"request_metrics"},
    "shifts": {"request_metrics"},
    "surge": {"capacity"},
    "what_if": {"availability", "outages"},
}
# An answer about what other reports say asks these, and nothing behind them; this module alone.
ASKS = {
    "analyses/dependency_fragility/levels/questions.py": {"error_propagation", "latency", "reconciliation"},
    # The audit asks everybody.
    "analyses/audit/answers/questions.py": {
        "accountability",
        "collaboration",
        "dependency_fragility",
        "error_propagation",
        "latency",
        "reconciliation",
        "report_overload",
    },
}
# Which room of reading/ may import which: what a file holds goes down this list until it is canonical frames.
READING = {
    "account": set(),
    "inner_frames": set(),
    "period": set(),
    "files": {"account"},
    "values": set(),
    "mapping": {"account", "inner_frames", "files", "values"},
    "records": {"account", "inner_frames", "files", "mapping"},
    "json": {"account", "files", "records"},
    "xml": {"files", "records"},
    "table": {"account", "inner_frames", "files", "values", "mapping", "records", "json"},
    "text": {"account", "files", "mapping", "records"},
    "spans": {"account", "inner_frames", "json"},
    "metrics": {"account", "files", "values", "records"},
    "databases": {"account", "inner_frames", "files", "values", "mapping"},
    "formats": {"account", "files", "mapping", "records", "json", "xml", "table", "text", "spans", "metrics"},
    "discovery": {"account", "files", "mapping", "metrics", "records", "table", "text", "databases", "formats"},
    "drafting": {"account", "files", "values", "mapping", "records", "json", "table"},
    "copies": {"account", "inner_frames", "files"},
    "tidying": {"account", "inner_frames", "records", "spans", "copies"},
}
# Its import takes longer than most reports; scipy.special has the same distributions.
TOO_SLOW = "scipy.stats"
ONLY_IN = {"altair": "charts", "papermill": "runner", "click": "cli", "pandas": "nowhere"}
# JupyterLab is a command; polars needs the next two for .to_pandas() and pandas frames, and zones where a system has
# none; vl_convert runs in a process of its own.
USED_WITHOUT_IMPORT = {"jupyterlab", "pandas", "pyarrow", "tzdata", "vl-convert-python"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def place(module: str) -> tuple[str, ...]:
    """The room of a module of the kit, and further its question and subject: ("question", "latency")."""
    parts = module.split(".")[1:] or ["__init__"]
    if parts[0] != "analyses" or len(parts) == 1 or parts[1] not in REPORTS:
        return (parts[0],)
    if "charts" in parts[2:]:
        return ("charts of a question", parts[1])
    return ("question", *parts[1:])


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """Every module a file imports when it runs; what it names for the type checker only is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively; write the full name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def subject(here: tuple[str, ...]) -> str | None:
    """The folder inside a question, for questions that have such."""
    return here[2] if len(here) > 2 and (PACKAGE / "analyses" / here[1] / here[2]).is_dir() else None


def out_of_order(here: str, imports: str) -> bool:
    """Whether a module of one room of reading/ imports from another that comes after it."""
    mine, other = here.split(".")[2:3], imports.split(".")[2:3]
    return bool(mine) and mine != other and not READING[mine[0]].issuperset(other)


def faults(path: Path) -> list[str]:
    """What the module at `path` imports although its place does not allow it."""
    here = place(module_name(path))
    wrong = []
    for name in sorted(imported(path)):
        top, _, rest = name.partition(".")
        if top == "integrhealth" and rest and rest != "__version__":
            there = place(name)
            if here == there == ("reading",):
                wrong += [name] if out_of_order(module_name(path), name) else []
            elif there[0] == here[0]:
                if name.removeprefix("integrhealth.analyses.") in ASKS.get(path.relative_to(PACKAGE).as_posix(), ()):
                    continue
                foreign = there[1:2] != here[1:2] and here[0] in ("question", "charts of a question")
                mine, other = subject(here), subject(there)
                distant = mine and other and other not in {mine, *SUBJECTS.get(mine, ())}
                wrong += [name] if foreign or distant else []
            elif there[0] not in MAY_IMPORT[here[0]]:
                wrong.append(name)
        if (top in ONLY_IN and not here[0].startswith(ONLY_IN[top])) or name.startswith(TOO_SLOW):
            wrong.append(name)
    return wrong


def test_imports_keep_their_place():
    assert {str(path.relative_to(PACKAGE)): wrong for path in MODULES if (wrong := faults(path))} == {}


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("language/new.py", "from integrhealth.traces import links"),
        ("reading/new.py", "from integrhealth.evidence import read"),
        ("reading/values/new.py", "from integrhealth.reading.mapping.sources import Translated"),
        ("reading/mapping/new.py", "from integrhealth.reading.databases.url import address"),
        ("reading/tidying.py", "from integrhealth.reading.discovery import log_files"),
        ("traces/new.py", "from integrhealth import catalog"),
        ("bad_entries/new.py", "from integrhealth.analyses import latency"),
        ("analyses/latency/new.py", "from integrhealth.analyses.report_overload.cover.overlap import overlaps"),
        (
            "analyses/dependency_fragility/levels/questions.py",
            "from integrhealth.analyses.latency.promises import bins",
        ),
        ("analyses/dependency_fragility/levels/checks.py", "from integrhealth.analyses import latency"),
        ("analyses/latency/new.py", "from integrhealth.reading.values import times"),
        ("analyses/latency/new.py", "from integrhealth.analyses.latency import charts"),
        ("analyses/latency/new.py", "import altair"),
        ("analyses/latency/charts/new.py", "from integrhealth.analyses.latency import findings"),
        (
            "analyses/error_propagation/holds/new.py",
            "from integrhealth.analyses.error_propagation.spreading import spread",
        ),
        ("runner/new.py", "from integrhealth.analyses.latency import report"),
        ("charts/new.py", "import papermill"),
        ("cli.py", "import pandas"),
        ("language/new.py", "from scipy.stats import t"),
    ],
)
def test_an_import_out_of_place_is_seen(tmp_path, monkeypatch, place, line):
    monkeypatch.setitem(globals(), "imported", lambda path: real(tmp_path / "new.py"))
    (tmp_path / "new.py").write_text(line)
    assert faults(PACKAGE / place) == [line.removeprefix("from ").removeprefix("import ").replace(" import ", ".")]


real = imported


def test_the_rooms_of_reading_have_no_circle():
    assert set(TopologicalSorter(READING).static_order()) == set(READING)
    there = {path.stem for path in (PACKAGE / "reading").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert there - {"__init__", "__pycache__"} == set(READING)


def test_reading_needs_no_import_inside_a_function():
    for path in (PACKAGE / "reading").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node not in tree.body]
        # Heavy libraries that few files need may wait; a room of the kit that has to is in a circle.
        assert [node.module for node in inside if node.module.startswith("integrhealth")] == [], path.name


def test_a_format_is_in_the_list_or_a_part_of_one_that_is():
    modules = {path.stem for path in (PACKAGE / "reading" / "formats").glob("*.py")} - {"__init__", "catalogue"}
    listed = {module.__name__.rpartition(".")[2] for module in vars(formats).values() if hasattr(module, "FORMAT")}
    parts = {"otlp_logs", "otlp_metrics", "otlp_signals", "apm_intake"}
    parts |= {"app_insights_items", "azure_portal", "azure_requests", "azure_runs"}
    parts |= {"discover_table", "log_exports", "loki_texts"}
    assert modules == listed | parts
    assert len(formats.FORMATS) + len(formats.LAST_FORMATS) == len(listed)


def test_no_module_is_longer_than_one_can_take_in():
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_a_report_is_its_folder_and_one_word_in_one_list():
    folders = {path.name for path in (PACKAGE / "analyses").iterdir() if (path / "__init__.py").exists()}
    assert folders == set(REPORTS)
    assert REPORTS[-1] == OVERVIEW


def test_what_is_imported_is_declared_and_what_is_declared_is_used():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {normal(each) for each in project["dependencies"] + project["optional-dependencies"]["postgresql"]}
    tops = {name.partition(".")[0] for path in MODULES for name in imported(path)}
    foreign = tops - sys.stdlib_module_names - {"integrhealth"}
    owners = packages_distributions()
    needed = {module: {normal(owner) for owner in owners[module]} for module in foreign}
    assert [module for module, owned in sorted(needed.items()) if not owned & declared] == []
    assert declared - set().union(*needed.values()) == USED_WITHOUT_IMPORT


def normal(requirement: str) -> str:
    """The name of a distribution, as requirements and metadata write it."""
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")


def test_what_completion_and_type_checkers_see_is_what_there_is():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    (listed,) = [ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign)]
    imports = [alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert listed == sorted([*imports, "__version__"]) == sorted(integrhealth.__all__)
    assert all(hasattr(integrhealth, name) for name in listed)
    assert (PACKAGE / "py.typed").exists()


SCRIPTS = [path for folder in ("benchmarks", "docs") for path in sorted((PACKAGE.parent / folder).glob("*.py"))]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_the_scripts_import_is_there(path):
    for name in imported(path):
        if name.startswith("integrhealth."):
            module, _, member = name.rpartition(".")
            assert hasattr(importlib.import_module(module), member) or importlib.util.find_spec(name), name
