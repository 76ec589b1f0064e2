"""The documents say what the code does: columns, thresholds, commands, targets, examples and links."""

import ast
import re
import runpy
import sqlite3
import subprocess
from pathlib import Path

import polars as pl
import pytest

import integrhealth as ih
from integrhealth.analyses import REPORTS
from integrhealth.cli import main
from integrhealth.language import thresholds
from integrhealth.language.report_tables import FINDING

ROOT = Path(__file__).parents[1]
README, NUMBERS = ROOT / "README.md", ROOT / "docs" / "numbers.md"
PAGES = [README, *(ROOT / name for name in ("GLOSSARY.md", "CONTRIBUTING.md", "sample_logs/README.md")), NUMBERS]
# Where a committed file must not point: folders of one machine, and the addresses of package registries.
ELSEWHERE = re.compile(r"(?<![\w.])/(?:work|root|home)/\w|pypi\.org|pythonhosted\.org|extra-index[-]url|index[-]url *=")


def section(text: str, heading: str) -> str:
    """What stands under HEADING, up to the next heading of its level or above."""
    level = heading.split(" ")[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"{NUMBERS.name} has no heading {heading!r}"
    return found[1]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in TEXT, without headings and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "`" in line]


def code(text: str, language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def published():
    """Every report, made from nothing: its tables have all their columns."""
    answered = ih.all_reports(ih.Evidence())
    return answered | {"overview": ih.overview.report(answered)}


NUMBERS_TEXT = NUMBERS.read_text(encoding="utf-8")


@pytest.mark.parametrize("report", REPORTS)
def test_every_published_column_is_defined(published, report):
    text = section(NUMBERS_TEXT, f"## {report}")
    tables = {table: frame.columns for table, frame in published[report].tables.items()}
    assert sorted(re.findall(r"^### `(\w+)`$", text, re.MULTILINE)) == sorted(tables)
    for table, columns in tables.items():
        defined = rows(section(text, f"### `{table}`"))
        told = [column for cells in defined for column in names(cells[0])]
        assert sorted(told) == sorted(columns), f"{report}.{table}"
        assert all(len(cells) == 3 and all(cells) for cells in defined), f"{report}.{table} has an empty cell"


def test_columns_and_rules_of_findings_are_defined():
    text = section(NUMBERS_TEXT, "## Findings")
    columns = [column for cells in rows(text) if len(cells) == 3 for column in names(cells[0])]
    assert sorted(columns) == sorted(FINDING)
    rules = {name for cells in rows(text) if len(cells) == 4 for name in names(cells[1])}
    calls = (
        node
        for path in (ROOT / "integrhealth" / "analyses").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "findings" and len(node.args) == 3
    )
    assert rules == {call.args[1].value for call in calls}


def test_every_threshold_is_given_once():
    """A name given twice changes in silence what its first reader is judged by."""
    modules = Path(thresholds.__file__).parent.glob("*.py")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)]
    given = [node.id for node in nodes if isinstance(node.ctx, ast.Store)]
    assert len(given) > 100
    assert sorted({name for name in given if given.count(name) > 1}) == []


def test_every_threshold_is_told_with_its_value():
    told = dict(re.findall(r"`([A-Z_]+)` ([^|`]+?)(?=,? `| \|)", section(NUMBERS_TEXT, "## Thresholds")))
    kept = {name: value for name, value in vars(thresholds).items() if name.isupper()}
    assert told.keys() == kept.keys()
    for name, value in kept.items():
        if isinstance(value, dict):
            assert told[name] == ", ".join(f"{key} {each}" for key, each in value.items())
        elif isinstance(value, tuple):
            assert told[name] == ", ".join(str(each) for each in value)
        else:
            assert float(told[name]) == pytest.approx(value, rel=0.005), name


def test_commands_options_and_exit_codes_of_the_readme_exist():
    readme = README.read_text(encoding="utf-8")
    commands = set(re.findall(r"integrhealth ([a-z]+)", readme)) - {"import"}
    assert commands >= main.commands.keys()
    options = {name for command in main.commands.values() for each in command.params for name in each.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme)) <= options
    for number in range(4):
        assert re.search(rf"\b{number} ", section(readme, "## Commands").split("Exit codes:")[1])


def test_targets_named_in_the_documents_exist():
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        spoken = code(text, "sh") + "\n".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text))
        assert set(re.findall(r"^make ([a-z]+)", spoken, re.MULTILINE)) <= made, page.name


def test_the_mapping_of_the_readme_reads_such_an_export(tmp_path, monkeypatch):
    database = sqlite3.connect(tmp_path / "audit.db")
    database.execute("create table message_log (message_id, source, target, sent_at, status)")
    database.execute("insert into message_log values ('0003', 'WMS', 'ERP', '2025-12-01T08:00:02Z', 'ok')")
    database.commit()
    database.close()
    monkeypatch.setenv("AUDIT_DATABASE_URL", "sqlite:///audit.db")
    (tmp_path / "mapping.yaml").write_text(code(README.read_text(encoding="utf-8"), "yaml"), encoding="utf-8")
    (tmp_path / "erp_monitor").mkdir()
    (tmp_path / "erp_monitor" / "monitor.csv").write_text(
        "MSG_ID;CORRELATION;PARTNER;SENT;DURATION;STATE;MESSAGE\n"
        "0001;t1;WMS;01.12.2025 08:00:00;1500;53;\n"
        "0002;t2;WMS;01.12.2025 08:00:01;20;51;stock is locked\n"
    )
    messages = ih.read(tmp_path).messages.sort("message_id")
    assert messages.select("message_id", "source", "target", "status", "error_text").rows() == [
        ("0001", "ERP", "WMS", "ok", None),
        ("0002", "ERP", "WMS", "failed", "stock is locked"),
        ("0003", "WMS", "ERP", "ok", None),
    ]
    messages = messages.head(2)
    assert (messages["finished_at"] - messages["sent_at"]).dt.total_milliseconds().to_list() == [1500, 20]
    assert messages["sent_at"].dt.hour().to_list() == [7, 7]


def test_the_lines_for_jupyterlab_run(tmp_path, monkeypatch):
    (tmp_path / "logs").symlink_to(ROOT / "sample_logs" / "company_a")
    monkeypatch.chdir(tmp_path)
    seen = {}
    exec(code(README.read_text(encoding="utf-8"), "python"), seen)
    assert isinstance(seen["evidence"], ih.Evidence)
    assert isinstance(seen["report"].findings, pl.DataFrame)
    assert seen["report"].findings.height


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    absent = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert absent == []


def test_no_committed_file_names_a_machine_or_a_registry():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout, so what is committed is not known")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.exists() and b"\0" not in (content := path.read_bytes()):
            found += [f"{name}: {told[0]}" for told in ELSEWHERE.finditer(content.decode("utf-8", "replace"))]
    assert found == []


def test_the_page_of_what_can_be_called_is_that_of_the_docstrings():
    made = runpy.run_path(str(ROOT / "docs" / "api_page.py"))
    written = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert written == made["page"](), "run make docs"
    for report in REPORTS:
        assert f"### ih.{report}.report\n" in written
    links = set(re.findall(r"\]\(#([^)]+)\)", written))
    assert links <= {made["anchor"](heading) for heading in re.findall(r"^### (.+)$", written, re.MULTILINE)}


def test_the_page_of_formats_is_that_of_the_list_of_formats():
    made = runpy.run_path(str(ROOT / "docs" / "formats_page.py"))
    written = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == made["page"](), "run make docs"
    readers = made["reports_of_frames"]()
    assert readers["reads"] == ["report_overload", "accountability"]
    assert readers["documents"] == ["reconciliation", "audit"]
    assert readers["messages"] == [
        "error_propagation",
        "latency",
        "dependency_fragility",
        "report_overload",
        "accountability",
        "reconciliation",
        "collaboration",
        "audit",
    ]
