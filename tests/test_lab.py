"""The notebooks in a folder of the analyst's own: copied, filled, never taken away, and they run."""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from drawing.runner import logs

from integrhealth.cli import main
from integrhealth.locations import notebooks
from integrhealth.runner import lab
from integrhealth.runner.execute import Kernels, executed
from integrhealth.runner.parameters import declared

NAMES = sorted(path.name for path in notebooks().glob("*.ipynb"))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command in an empty folder with small logs in ``logs``; JupyterLab is only said to be opened."""
    monkeypatch.chdir(tmp_path)
    logs(tmp_path / "logs")
    monkeypatch.setattr(lab.os, "execv", lambda *command: print("opened", *command))
    return lambda *arguments: CliRunner().invoke(main, ["lab", *map(str, arguments)])


def source(path: Path) -> str:
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def changed(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source += "\nmy own note"
    nbformat.write(notebook, path)


def test_the_notebooks_are_copied_with_the_logs_filled_in_and_jupyterlab_opens_there(run, tmp_path):
    shown = run("logs", "--dir", "mine")
    assert shown.exit_code == 0
    assert shown.stdout.split() == ["opened", sys.executable, f"['{sys.executable}',", "'-m',", "'jupyterlab',",
                                    f"'{tmp_path / 'mine'}']"]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == NAMES
    for name in NAMES:
        copy, shipped = tmp_path / "mine" / name, notebooks() / name
        assert declared(copy)["logs"].default == str(tmp_path / "logs")
        assert source(copy).replace(str(tmp_path / "logs"), "sample:a") == source(shipped)
        notebook = nbformat.read(copy, as_version=4)
        nbformat.validate(notebook)
        assert not [output for cell in notebook.cells for output in cell.get("outputs", ())]


def test_without_logs_they_show_the_sample_company_in_a_folder_of_their_own(run, tmp_path):
    shown = run("--no-open")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout == f"{sys.executable} -m jupyterlab {tmp_path / 'integrhealth-notebooks'}\n"
    copy = nbformat.read(tmp_path / "integrhealth-notebooks" / NAMES[0], as_version=4)
    shipped = nbformat.read(notebooks() / NAMES[0], as_version=4)
    assert copy.cells == shipped.cells


@pytest.mark.parametrize("place", ["two words", 'a"quote', "back\\slash", "für", "o\udcffut"])
def test_any_path_and_several_of_them_survive(run, tmp_path, place):
    logs(tmp_path / place)
    assert run(place, "sample:b", "--no-open").exit_code == 0
    for name in NAMES:
        given = declared(tmp_path / "integrhealth-notebooks" / name)["logs"]
        assert (given.type, given.default) == ("list[str]", [str(tmp_path / place), "sample:b"])


def test_a_changed_notebook_is_said_and_kept_and_the_others_follow_the_logs(run, tmp_path):
    run("logs", "--no-open")
    mine = tmp_path / "integrhealth-notebooks" / "latency.ipynb"
    changed(mine)
    (mine.parent / "overview.ipynb").write_text("no notebook")
    before = mine.read_bytes()
    shown = run("sample:b", "--no-open")
    assert shown.exit_code == 0
    assert re.findall(r"integrhealth: (\w+)\.ipynb was changed and is left as it is", shown.stderr) == [
        "latency",
        "overview",
    ]
    assert mine.read_bytes() == before
    assert (mine.parent / "overview.ipynb").read_text() == "no notebook"
    assert declared(mine.parent / "report_overload.ipynb")["logs"].default == "sample:b"


def test_a_notebook_that_was_only_run_keeps_its_outputs(run, tmp_path):
    run("logs", "--no-open")
    mine = tmp_path / "integrhealth-notebooks" / "latency.ipynb"
    notebook = nbformat.read(mine, as_version=4)
    notebook.cells[1].execution_count = 7
    nbformat.write(notebook, mine)
    before = mine.read_bytes()
    assert run("logs", "--no-open").stderr == ""
    assert mine.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent"], "absent does not exist; name a file or folder with integration logs"),
        ([""], "does not exist"),
        (["sample:z"], "unknown sample company 'z'; there are: a, b"),
        (["logs", "--dir", "logs/messages.csv"], "logs/messages.csv cannot be written"),
        (["logs", "--dir", "/proc/new"], "/proc/new cannot be written"),
    ],
)
def test_what_a_user_can_fix_is_one_line_and_leaves_nothing(run, tmp_path, arguments, said):
    shown = run(*arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert said in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == ["logs"]


def test_without_jupyterlab_it_says_how_to_install_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    shown = run("logs")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "pip install jupyterlab" in shown.stderr
    assert os.listdir(tmp_path) == ["logs"]
    assert run("logs", "--no-open").exit_code == 0


def test_a_copy_runs_anywhere(run, tmp_path):
    run("logs", "--no-open")
    copy = tmp_path / "integrhealth-notebooks" / "latency.ipynb"
    outcome = executed(copy, parameters={}, deadline_seconds=120, kernels=Kernels())
    assert outcome.error is None
    assert "Read 3 records from 1 file" in str(outcome.notebook)
