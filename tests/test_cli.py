"""The command line: exit codes, one-line errors, output for people and for machines."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from drawing.runner import chosen_notebooks, logs

from integrhealth.cli import main
from integrhealth.runner import plan

COMMANDS = ["agenda", "check", "formats", "history", "lab", "map", "report", "sample"]
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command line in an empty folder with the small notebooks latency and overview."""
    monkeypatch.chdir(tmp_path)
    notebooks = chosen_notebooks(tmp_path / "notebooks", "latency")
    monkeypatch.setattr(plan, "notebooks", lambda: notebooks)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_every_command_has_help_and_is_in_the_readme(run):
    assert sorted(main.commands) == COMMANDS
    readme = README.read_text(encoding="utf-8")
    for name in COMMANDS:
        shown = run(name, "--help")
        assert shown.exit_code == 0
        assert f"integrhealth {name}" in readme
        assert all(option.help for option in main.commands[name].params if isinstance(option, click.Option))


def test_help_comes_at_once():
    heavy = {"polars", "altair", "papermill", "numpy", "jsonschema"}
    loaded = f"import sys, integrhealth.cli; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_report_says_where_it_is(run, tmp_path):
    shown = run("report", logs(tmp_path / "logs"), "--out", "out", "-p", "min_messages=5")
    assert shown.exit_code == 0
    assert shown.stdout == f"0 critical, 1 warning, 0 note findings; open {tmp_path / 'out' / 'index.html'}\n"
    assert shown.stderr.splitlines()[0] == "[1/4] read 2 rows of messages; 1 rejected"
    assert len(shown.stderr.splitlines()) == 4
    again = run("report", tmp_path / "logs", "--out", "out", "--quiet")
    assert again.output == ""
    third = run("report", tmp_path / "logs", "--out", "out").stdout
    assert third.startswith("Nothing new since 20")
    assert third.count("\n") == 1
    assert ": the same finding is open. 0 critical, 1 warning, 0 note findings; open " in third
    history = run("history", "out")
    assert history.exit_code == 0
    assert "ERP > WMS" in history.output
    assert json.loads(run("history", "out", "--json").output)[0]["change"] == "open"


def test_report_for_machines(run, tmp_path):
    place = logs(tmp_path / "logs")
    quiet = run("report", place, "--out", "out", "--quiet", "--fail-on", "warning")
    assert (quiet.exit_code, quiet.output) == (1, "")
    shown = run("report", place, "--out", "out", "--json", "--only", "latency")
    assert json.loads(shown.stdout) == json.loads((tmp_path / "out" / "run.json").read_text())
    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "latancy"], "unknown report 'latancy'; there are: latency, overview"),
        (["-p", "min_messages"], "is not NAME=VALUE"),
        (["-p", "min_messages=ten"], "is not of type int"),
        (["-p", "logs=elsewhere"], "unknown parameter 'logs'; there are: min_messages"),
        (["--since", "yesterday"], "invalid time 'yesterday'"),
        (["--catalog", "absent.yaml"], "absent.yaml"),
        (["--mapping", "absent.yaml"], "absent.yaml"),
        (["--out", "logs"], "neither empty nor an earlier report"),
    ],
)
def test_what_a_user_can_fix_is_one_line_and_leaves_no_folder(run, tmp_path, arguments, said):
    shown = run("report", logs(tmp_path / "logs"), *arguments)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert said in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "notebooks"]


@pytest.mark.parametrize("arguments", [["--nothing"], ["--jobs", "0"], ["--fail-on", "note"], ["--deadline", "0"]])
def test_options_that_do_not_exist_or_fit_are_exit_2(run, arguments):
    assert run("report", "logs", *arguments).exit_code == 2


def test_a_bug_keeps_its_traceback(run, tmp_path, monkeypatch):
    monkeypatch.setattr("integrhealth.runner.run.report", lambda *_, **__: 1 / 0)
    assert isinstance(run("report", logs(tmp_path / "logs")).exception, ZeroDivisionError)


def test_check_lists_every_file_and_why_rows_were_rejected(run, tmp_path):
    place = logs(tmp_path / "logs")
    (place / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    shown = run("check", place)
    assert shown.exit_code == 0
    assert (
        "1 file read, 1 not recognised; records: 3, understood: 2, rejected: 1, passed over: 0, copies: 0, rows: 2"
        in shown.output
    )
    assert "Not recognised\n  photo.png" in shown.output
    rejected = shown.output.split("Rejected\n")[1].splitlines()
    assert rejected[0].startswith("  messages.csv: 1 x ")
    assert rejected[1].startswith("           4: ")
    document = json.loads(run("check", place, "--json").output)
    assert {source["file"] for source in document["sources"]} == {"messages.csv", "photo.png"}
    assert document["rejected"][0]["line"] == 4


def test_check_shows_the_first_lines_of_each_reason_and_counts_the_rest(run, tmp_path):
    good = "1,A,B,2026-01-02T03:04:05Z,ok"
    late = [f"{number},A,B,late {number},ok" for number in range(3, 9)]
    tables = {f"{name}.csv": [good, *late] for name in "abcdefghijklmnopqrstuvw"}
    for name, rows in tables.items():
        (tmp_path / name).write_text("\n".join(["message_id,source,target,sent_at,status", *rows]))
    shown = run("check", tmp_path).output
    assert "  a.csv: 6 x bad_time:sent_at\n           3: 3,A,B,late 3,ok\n" in shown
    assert shown.count("late 5") == 20
    assert "late 6" not in shown
    assert "and 3 more reasons; --json has every record" in shown
    assert "  bad_time: declare time:" in shown


def test_check_of_an_empty_folder_prints_its_document(run, tmp_path):
    (tmp_path / "empty").mkdir()
    shown = run("check", "empty", "--json")
    assert (shown.exit_code, json.loads(shown.output)["sources"]) == (1, [])
    assert run("check", "empty").exit_code == 1
    assert run("check", "absent").exit_code == 2


def test_check_prints_hostile_text_on_one_line_without_control_characters(run, tmp_path):
    place = tmp_path / "logs"
    place.mkdir()
    attack = "\x1b[2J\x1b]0;owned\x07" + "x" * 100_000
    (place / "messages.csv").write_text(f"message_id,source,target,sent_at,status\nm1,A,B,{attack},ok\n")
    shown = run("check", place)
    assert "\x1b" not in shown.output
    assert max(map(len, shown.output.splitlines())) < 500


def test_check_prints_a_mapping_for_an_unknown_table(run, tmp_path):
    place = tmp_path / "logs"
    place.mkdir()
    (place / "monitor.csv").write_text("MsgNo;Sender;Receiver;Time;State\n1;SHOP;ERP;2026-03-01 08:00:00;S\n")
    shown = run("check", place)
    assert shown.exit_code == 1
    assert (
        "  monitor.csv: a table with 5 columns, separated by ';' (MsgNo, Sender, Receiver, Time, State)" in shown.output
    )
    assert f"integrhealth map {place / 'monitor.csv'} writes a mapping that reads it as messages" in shown.output
    assert "A mapping.yaml for monitor.csv" in shown.output


def test_formats_are_listed(run):
    shown = run("formats")
    assert shown.exit_code == 0
    assert "otlp" in shown.output.lower()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_report_ends_with_one_line_and_nothing_left(tmp_path, sent, code):
    notebooks = chosen_notebooks(tmp_path / "notebooks", "never_ends")
    place = logs(tmp_path / "logs")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    # A test run in the background passes on that it ignores SIGINT; a terminal does not.
    start = f"""
import signal, sys
from pathlib import Path
from integrhealth.cli import main
from integrhealth.runner import plan, site
site.chart_script = str  # takes long to make, and nothing is drawn
signal.signal(signal.SIGINT, signal.default_int_handler)
plan.notebooks = lambda: Path({str(notebooks)!r})
main(sys.argv[1:])
"""
    process = subprocess.Popen(
        [sys.executable, "-c", start, "report", str(place), "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    while not list(temporary.rglob("child.pid")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(sent)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said.splitlines()[-1].endswith("nothing was published")
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "notebooks", "tmp"]
