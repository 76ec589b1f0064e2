"""One word for one thing: standard terms, variables named for what they hold, parameters in backticks."""

import ast
import re
from pathlib import Path

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


def test_words_are_those_of_the_glossary():
    wrong = {}
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        # The sample companies speak of their business: a shipping notice is one.
        words = names(tree, columns="sample" not in path.parts)
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        variables = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
        old = {name for name in words if REPLACED & set(name.lower().split("_"))} | EMPTY & variables
        wrong |= {str(path.relative_to(ROOT)): sorted(old)} if old else {}
    assert wrong == {}


def test_parameters_stand_in_backticks():
    shouted = []
    for path in MODULES:
        if path.name == "cli.py":
            continue  # what a command says of itself is its help, where arguments are written as on the command line
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node)):
                takes = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                found = [name for name in takes if re.search(rf"(?<!`)\b{name.upper()}\b(?!`)", text)]
                shouted += [f"{path.relative_to(ROOT)} {node.name}: {name}" for name in found]
    assert shouted == []


def test_no_page_leans_on_a_text_that_is_not_here():
    pages = [*MODULES, *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
    assert [path.name for path in pages if re.search(r"methods A\d", path.read_text(encoding="utf-8"))] == []
