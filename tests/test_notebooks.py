"""The shape of a report notebook, and that its committed outputs are there to be compared."""

import ast
import re

import nbformat
import pytest

from integrhealth.analyses import REPORTS
from integrhealth.locations import notebooks

NOTEBOOKS = sorted(notebooks().glob("*.ipynb"))
PARAMETER = re.compile(r"\w+: (str|int|float|bool) = (\"[^\"]*\"|[-\d.]+|True|False)  # \S.*")
COMMON = {"logs", "since", "until", "output", "min_messages"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook, tag):
    return [cell for cell in code(notebook) if tag in cell.metadata.get("tags", ())]


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
    charts = [cell for cell in code(notebook) if re.search(r"_(chart|map)\(", cell.source)]
    outputs = [output for cell in charts for output in cell.outputs]
    assert len(outputs) == len(charts)
    for output in outputs:
        spec = output.data["application/vnd.vegalite.v5+json"]
        assert spec["description"]
        assert "image/svg+xml" not in output.data
