"""What a person can fix: exit 2, one line on stderr with file, place and remedy, and nothing left behind."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from drawing.bad_input import ACTING, ALL_BAD, GOOD, HEAD, folder, png

from integrhealth.cli import main

COLUMNS = "{message_id: message_id, source: source, target: target, sent_at: sent_at, status: status}"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


NOTHING = {
    "empty folder": ({}, "there is no file in logs"),
    "pictures": ({"a.png": png()}, "a.png line 1 is in no known format"),
    "all bad": (
        {"messages.csv": ALL_BAD},
        "all 3 rows were rejected, the first in messages.csv line 2: bad_time",
    ),
    "header only": ({"messages.csv": HEAD}, "messages.csv line 1 is followed by no record"),
    "ambiguous dates": (
        {"messages.csv": HEAD + "m1,A,B,03/04/2026 08:00,ok\nm2,A,B,05/06/2026 08:00,ok\n"},
        "messages.csv line 2: undecided_day_or_month:sent_at",
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_report_on_is_one_line_and_no_folder(run, tmp_path, name):
    files, said = NOTHING[name]
    folder(tmp_path / "logs", files)
    shown = run("report", "logs", "--out", "deep/out")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert said in shown.stderr
    assert "integrhealth check logs" in shown.stderr or "sample:a" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


CATALOGS = {
    "key": ("systemz: []\n", "systemz: unknown key 'systemz'; did you mean 'systems'?"),
    "type": ("integrations: 5\n", "integrations: expected a list, found a whole number"),
    "date": ("integrations:\n  - {name: a, go_live: 2026-02-30}\n", "write dates as"),
    "undefined": ("systems:\n  - {name: ERP, team: nobody}\nteams:\n  - {name: it}\n", "systems[0].team"),
    "syntax": ("systems:\n  - [\n", "catalog.yaml:3: not YAML"),
    "tab": ("systems:\n\t- a\n", "catalog.yaml:2: not YAML"),
    "repeated": ("currency: EUR\ncurrency: USD\n", "line 2: duplicate key 'currency', also in line 1"),
    "list": ("- a\n", "expected keys and values, found a list; see the README"),
    "code": ('systems: !!python/object/apply:os.system ["true"]\n', "could not determine a constructor"),
    "alias": ("company: &a x\ncurrency: *a\n", "line 2: unsupported alias *a; write the value out"),
    "bytes": (b"\xff\xfe\x00", "byte 0 is not UTF-8; save the file as UTF-8"),
}


@pytest.mark.parametrize("name", CATALOGS)
def test_a_fault_in_the_catalog_is_one_line_with_file_and_place(run, tmp_path, name):
    text, said = CATALOGS[name]
    folder(tmp_path / "logs", {"messages.csv": GOOD, "catalog.yaml": text})
    for command in (["check", "logs"], ["check", "logs", "--json"], ["report", "logs", "--out", "out"]):
        shown = run(*command)
        assert (shown.exit_code, shown.stdout) == (2, ""), command
        assert shown.stderr.startswith("integrhealth: logs/catalog.yaml")
        assert said in shown.stderr
        assert len(shown.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


MAPPINGS = {
    "frame": (f"frame: mesages\n    columns: {COLUMNS}", "sources[0].frame: unknown frame 'mesages'; did you mean"),
    "column": (
        "frame: messages\n    columns: {massage_id: a}",
        "unknown column 'massage_id' of messages; did you mean 'message_id'?",
    ),
    "zone": (
        f"frame: messages\n    time: {{zone: Mars/Base}}\n    columns: {COLUMNS}",
        "unknown time zone 'Mars/Base'",
    ),
    "required": (
        "frame: messages\n    columns: {message_id: a}",
        "sources[0].columns: missing column 'source' of messages",
    ),
    "status": (f"frame: messages\n    status: {{S: okay}}\n    columns: {COLUMNS}", "sources[0].status.S"),
    "key": (f"frame: messages\n    colums: {COLUMNS}", "unknown key 'colums'; did you mean 'columns'?"),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_fault_in_the_mapping_is_one_line_with_file_and_place(run, tmp_path, name):
    text, said = MAPPINGS[name]
    folder(tmp_path / "logs", {"export.csv": GOOD, "mapping.yaml": f'sources:\n  - glob: "*.csv"\n    {text}\n'})
    for command in (["check", "logs", "--json"], ["report", "logs", "--out", "out"]):
        shown = run(*command)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert shown.stderr.startswith("integrhealth: logs/mapping.yaml: sources[0]")
        assert said in shown.stderr
        assert len(shown.stderr.splitlines()) == 1


OPTIONS = [
    (["--since", "yesterday"], "invalid time 'yesterday'"),
    (["--since", "0001-01-01T00:00:00+14:00"], "outside the years 1 to 9999"),
    (["--until", "9999-12-31T23:59:59-14:00"], "outside the years 1 to 9999"),
    (["--since", "2026-05-01", "--until", "2026-04-01"], "since must come before until"),
    (["--since", "2027-01-01"], "no row lies between --since 2027-01-01 and --until any; widen them"),
    (["-p", "min_messages=1e9"], "min_messages='1e9' is not of type int; for example 30"),
    (["-p", "min_messages=5", "-p", "min_messages=six"], "min_messages='six' is not of type int"),
    (["-p", "min_messages=-5"], "parameter min_messages='-5' is below 0; fewer messages get no percentile"),
    (["-p", "at=yesterday"], "invalid time 'yesterday'; write 2026-01-31 or 2026-01-31T08:00:00+01:00"),
    (["-p", "at=\x1b[2J\n<b>"], "invalid time"),
    (["-p", "output=/elsewhere"], "unknown parameter 'output'"),
    (["-p", "=5"], "'=5' is not NAME=VALUE"),
    (["--only", "../overview"], "unknown report '../overview'; there are:"),
    (["--deadline", "nan"], "--deadline"),
    (["--deadline", "inf"], "--deadline"),
    (["--out", "logs"], "neither empty nor an earlier report"),
    (["--out", "logs/messages.csv"], "is a file; name a folder with --out"),
    (["--out", "logs/messages.csv/out"], "cannot be written"),
    (["--out", "x" * 300], "cannot be written (File name too long)"),
    (["--out", "~nobody-of-that-name/out"], "cannot be written"),
    (["--out", "/proc/new/out"], "cannot be written"),
    (["--out", "o\udcffut"], "cannot be written"),
    (["--catalog", "logs"], "logs is a folder; name the YAML file in it"),
]


@pytest.mark.parametrize(("options", "said"), OPTIONS)
def test_an_option_that_cannot_be_is_one_line_and_leaves_nothing(run, tmp_path, options, said):
    folder(tmp_path / "logs", {"messages.csv": GOOD})
    shown = run("report", "logs", "--out", "deep/out", *options)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert said in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["logs", "messages.csv"]


@pytest.mark.parametrize("path", ["", "absent", "x" * 5000, "~nobody-of-that-name/logs", "\x1b[2Jabsent\nagain"])
def test_a_path_that_is_not_there_is_one_line(run, path):
    for command in (["check", path], ["check", "--json", path], ["report", path]):
        shown = run(*command)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert "does not exist; name a file or folder" in shown.stderr
        assert len(shown.stderr.splitlines()) == 1
        assert not ACTING.search(shown.stderr)


def test_json_is_utf8_whatever_the_locale(tmp_path):
    place = folder(tmp_path / "logs", {"bestellungen_für_märz.csv": GOOD})
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    start = "import sys; from integrhealth.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", start, "check", "--json", str(place)]
    shown = subprocess.run(command, capture_output=True, env=os.environ | locale, check=False)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert json.loads(shown.stdout.decode())["sources"][0]["file"] == "bestellungen_für_märz.csv"
