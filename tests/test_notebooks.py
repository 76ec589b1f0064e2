"""The shape of a report notebook, and that its committed outputs are there to be compared."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from drawing.samples import sample

import integrhealth as ih
from integrhealth.analyses import REPORTS
from integrhealth.locations import notebooks
from integrhealth.runner.page import sections

NOTEBOOKS = sorted(notebooks().glob("*.ipynb"))
PARAMETER = re.compile(r"\w+: (str|int|float|bool) = (\"[^\"]*\"|[-\d.]+|True|False)  # \S.*")
COMMON = {"logs", "since", "until", "output", "min_messages"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture(scope="module")
def evidence():
    return sample("a")


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook, tag):
    return [cell for cell in code(notebook) if tag in cell.metadata.get("tags", ())]


def headings(notebook):
    """The cells that begin a section."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.startswith("## ")]


def statements(notebook):
    """What the prose of a notebook says: its paragraphs, and each point of its lists as one, on one line."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [" ".join(part.split()) for part in re.split(r"\n\n+|\n(?=- )", prose)]


def test_there_is_one_notebook_per_published_report():
    assert {path.stem for path in NOTEBOOKS} == set(REPORTS)


def test_a_notebook_begins_with_its_title_and_one_question(notebook):
    title, _, question = notebook.cells[0].source.partition("\n\n")
    assert title.startswith("# ")
    assert question.startswith("**")
    assert question.endswith("?**")


def test_every_parameter_has_a_type_a_default_and_a_help(notebook):
    (cell,) = tagged(notebook, "parameters")
    lines = cell.source.splitlines()
    assert all(PARAMETER.fullmatch(line) for line in lines), lines
    assert {line.partition(":")[0] for line in lines} >= COMMON


def test_every_heading_is_followed_by_a_sentence_that_says_how_to_read_on(notebook):
    for cell in headings(notebook):
        sentence = cell.source.split("\n\n")[1]
        assert re.fullmatch(r"[A-Z][^\n]{20,200}\.", sentence), cell.source


def test_nothing_is_said_twice(notebook):
    points = statements(notebook)
    sentences = [sentence for point in points for sentence in re.split(r"(?<=[.?!])\s+", point.lstrip("- "))]
    assert [said for said in {*points, *sentences} if points.count(said) > 1 or sentences.count(said) > 1] == []


def test_every_question_is_asked_in_its_cell(notebook):
    assert not [cell.source for cell in code(notebook) if "report.tables" in cell.source]


def test_there_is_something_to_try_and_it_runs(notebook, evidence):
    (cell,) = tagged(notebook, "try")
    first, *lines = cell.source.splitlines()
    assert first.startswith("# Try it without the signs: ")
    assert lines
    assert all(line.startswith("# ") for line in lines)
    (imports,) = [cell.source for cell in code(notebook) if cell.source.startswith("import integrhealth as ih")]
    variables = {"evidence": evidence}
    exec(imports, variables)
    if "report." in cell.source:
        variables["report"] = ih.overview.report(ih.all_reports(evidence))
    uncommented = ast.parse("\n".join(line.removeprefix("# ") for line in lines))
    shown = ast.Expression(uncommented.body.pop().value)
    exec(compile(uncommented, "try", "exec"), variables)
    answer = eval(compile(shown, "try", "eval"), variables)
    assert "no rows" not in repr(answer)
    assert "<chart: " in str(answer._repr_mimebundle_()) if hasattr(answer, "_repr_mimebundle_") else answer.html


def test_every_rule_of_a_finding_has_a_section_that_shows_it():
    numbers = (Path(__file__).parents[1] / "docs" / "numbers.md").read_text(encoding="utf-8")
    (findings,) = re.findall(r"^## Findings\n(.*?)^## ", numbers, re.DOTALL | re.MULTILINE)
    rules = set(re.findall(r"^\| (\w+) \| `(\w+)` \|", findings, re.MULTILINE))
    shown = [
        (path.stem, rule)
        for path in NOTEBOOKS
        for section in sections(nbformat.read(path, as_version=4)).values()
        for rule in section.rules
    ]
    assert len(shown) > 20
    assert rules == set(shown)
    assert len(set(shown)) == len(shown)


def test_cells_only_arrange(notebook):
    after = code(notebook)[1:]
    assert after
    for cell in after:
        assert len(cell.source.splitlines()) <= 5, cell.source
        nodes = list(ast.walk(ast.parse(cell.source)))
        assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.For | ast.Lambda | ast.ClassDef)]


def test_the_committed_outputs_are_those_of_a_whole_run(notebook):
    assert notebook.metadata.kernelspec.name == "python3"
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert not [output for cell in code(notebook) for output in cell.outputs if output.output_type == "error"]


def test_the_health_numbers_are_compared(notebook):
    compared = tagged(notebook, "nbval-check-output")
    assert len(compared) >= 3
    for cell in compared:
        # An output that says nothing would compare with anything; a sentence that is absent is an empty paragraph.
        assert cell.outputs, cell.source
    said = " ".join(str(output.data.get("text/plain", "")) for cell in compared for output in cell.outputs)
    assert len(re.findall(r"\d", said)) > 20


def test_charts_are_live_and_fixed(notebook):
    charts = [cell for cell in code(notebook) if re.search(r"^charts\.\w+\(", cell.source, re.MULTILINE)]
    outputs = [output for cell in charts for output in cell.outputs]
    assert len(outputs) == len(charts)
    for output in outputs:
        spec = output.data["application/vnd.vegalite.v5+json"]
        assert spec["description"]
        assert "image/svg+xml" not in output.data
