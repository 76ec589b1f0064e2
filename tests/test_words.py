"""One word for one thing: standard terms, variables named for what they hold, parameters in backticks."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "integrhealth").rglob("*.py"))
# The standard term stands in its place: edge, time bin, detection, exposure, unhealthy.
REPLACED = {"hop", "hops", "stretch", "stretches", "notice", "notices", "noticed", "stay", "stays", "ill"}
# A name that says how a thing was come by says nothing of what it is.
EMPTY = {"found", "told", "known", "named"}


def names(tree: ast.AST, *, columns: bool) -> set[str]:
    """Every name that the code gives: variables, parameters, functions, keywords; with `columns` those in text too."""
    given = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            given.add(node.id)
        elif isinstance(node, ast.arg | ast.keyword):
            given.add(node.arg or "")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            given.add(node.name)
        elif columns and isinstance(node, ast.Constant) and re.fullmatch(r"[a-z_]+", str(node.value)):
            given.add(str(node.value))
    return given


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "integrhealth")))
def test_words_are_those_of_the_glossary(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # The sample companies speak of their business: a shipping notice is one.
    words = names(tree, columns="sample" not in path.parts)
    assert sorted(name for name in words if REPLACED & set(name.lower().split("_"))) == []
    variables = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert sorted(EMPTY & variables) == []


# What a command says of itself is its help, where arguments are written as on the command line.
@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name != "cli.py"],
    ids=lambda path: str(path.relative_to(ROOT / "integrhealth")),
)
def test_parameters_stand_in_backticks(path):
    shouted = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and (said := ast.get_docstring(node)):
            takes = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            shouted += [f"{node.name}: {name}" for name in takes if re.search(rf"(?<!`)\b{name.upper()}\b(?!`)", said)]
    assert shouted == []


def test_no_page_leans_on_a_text_that_is_not_here():
    pages = [*MODULES, *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
    assert [path.name for path in pages if re.search(r"methods A\d", path.read_text(encoding="utf-8"))] == []
