"""``integrhealth map`` from the command to the mapping beside the logs; and what ``check`` says of unknown files."""

import gzip
import json
import os

import pytest
from click.testing import CliRunner
from drawing.bad_input import ACTING
from drawing.exports_tuned import bracketed, jenkins, mulesoft, pagerduty
from drawing.runner import chosen_notebooks

from integrhealth.cli import main
from integrhealth.evidence import read
from integrhealth.runner import plan

ROWS = "id,from,to,sent,status,size\n" + "".join(f"m{n},A,B,2026-01-0{n}T08:00:00Z,ok,{n}\n" for n in range(1, 8))
COLUMNS = "{message_id: id, source: from, target: to, sent_at: sent, status: status}"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command line in an empty folder with the small notebooks latency and overview."""
    monkeypatch.chdir(tmp_path)
    notebooks = chosen_notebooks(tmp_path / "notebooks", "latency")
    monkeypatch.setattr(plan, "notebooks", lambda: notebooks)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def logs(tmp_path):
    """A folder with exports of four systems that the kit has no format for."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for export in (mulesoft(), jenkins(), pagerduty(), bracketed()):
        (folder / export.file).write_bytes(export.data)
    return folder


def test_two_commands_lead_from_a_folder_of_logs_to_a_report(run, logs, tmp_path):
    nothing = run("report", logs, "--out", "out")
    assert (nothing.exit_code, f"'integrhealth map {logs}' drafts how to read it" in nothing.stderr) == (2, True)
    shown = run("map", logs)
    assert shown.exit_code == 0
    assert f"{logs / 'mapping.yaml'} is written" in shown.output
    assert f"integrhealth report {logs}" in shown.output
    assert run("report", logs, "--out", "out", "-p", "min_messages=5").exit_code == 0
    evidence = read(logs)
    assert evidence.sources["format"].null_count() == 0
    assert (evidence.messages.height, evidence.logs.height) == (60, 30)
    assert [path.name for path in logs.iterdir() if path.name.startswith(".")] == []


def test_the_first_five_rows_are_shown_as_they_would_be_read_without_people_and_secrets(run, tmp_path):
    rows = [f"{ROWS.splitlines()[0]},user,error"]
    rows += [f"{line},ana@example.com,password=hunter2 \x1b[2J" for line in ROWS.splitlines()[1:]]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    shown = run("map", "t.csv")
    assert shown.exit_code == 0
    assert "the first of 7 rows of messages:" in shown.output
    table = shown.output.split("rows of messages:\n")[1].splitlines()
    assert [line.split()[0] for line in table[1:6]] == ["m1", "m2", "m3", "m4", "m5"]
    assert "m6" not in shown.output
    assert "person-" in shown.output
    assert "ana@example.com" not in shown.output
    assert "hunter2" not in shown.output
    assert not ACTING.search(shown.output)


def test_a_mapping_keeps_every_line_it_has(run, tmp_path):
    before = f"# mine\nsources:\n- glob: old.csv\n  frame: messages\n  columns: {COLUMNS}"
    (tmp_path / "mapping.yaml").write_text(before)
    for name in ("old.csv", "new.csv"):
        (tmp_path / name).write_text(ROWS)
    assert run("map", "new.csv").exit_code == 0
    after = (tmp_path / "mapping.yaml").read_text()
    assert after.startswith(f"{before}\n- glob: ")
    assert read(tmp_path / "new.csv").messages.height == 7
    again = run("map", "old.csv", "new.csv")
    assert again.exit_code == 2
    assert again.output.count("mapping.yaml has an entry for it already") == 2
    assert (tmp_path / "mapping.yaml").read_text() == after


@pytest.mark.parametrize(
    "before", ["sources: []\n", "sources: [{glob: x, frame: logs, columns: {time: t, system: s}}]\n"]
)
def test_a_mapping_that_nothing_can_be_added_to_is_left_alone(run, tmp_path, before):
    (tmp_path / "mapping.yaml").write_text(before)
    (tmp_path / "new.csv").write_text(ROWS)
    shown = run("map", "new.csv")
    assert shown.exit_code == 2
    assert "was left alone" in shown.output
    assert '- glob: "new.csv"' in shown.output
    assert (tmp_path / "mapping.yaml").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mapping.yaml", "new.csv", "notebooks"]


def test_a_faulty_mapping_is_an_error_of_one_line(run, tmp_path):
    (tmp_path / "mapping.yaml").write_text("sources: 5\n")
    (tmp_path / "new.csv").write_text(ROWS)
    shown = run("map", "new.csv")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "mapping.yaml: sources: expected a list" in shown.stderr


def test_daily_files_of_one_shape_share_an_entry(run, tmp_path):
    for day in range(1, 4):
        (tmp_path / f"moves_2026010{day}.csv").write_text(ROWS.replace("\nm", f"\nd{day}m"))
    assert run("map", tmp_path).exit_code == 0
    text = (tmp_path / "mapping.yaml").read_text()
    assert text.count("- glob: ") == 1
    assert '- glob: "moves_*.csv"' in text
    assert read(tmp_path).messages.height == 21


def test_a_glob_for_several_takes_no_other_file(run, tmp_path):
    for day in range(1, 4):
        (tmp_path / f"moves_{day}.csv").write_text(ROWS.replace("\nm", f"\nd{day}m"))
    (tmp_path / "moves_x.csv").write_text("message_id,source,target,sent_at,status\n1,A,B,2026-01-02T03:04:05Z,ok\n")
    assert run("map", tmp_path).exit_code == 0
    assert (tmp_path / "mapping.yaml").read_text().count("- glob: ") == 3
    assert read(tmp_path).messages.height == 22


REFUSED = {
    "a known format": (
        "messages.csv",
        b"message_id,source,target,sent_at,status\n1,A,B,2026-01-02T03:04:05Z,ok\n",
        "csv",
    ),
    "an image": ("x.csv", b"\x89PNG\r\n\x1a\n\0", "an image (PNG); no log: leave it out"),
    "nothing": ("x.csv", b"", "an empty file; export it again"),
    "no times": ("x.csv", b"a,b\n1,2\n3,4\n", "no column is a time"),
    "packed nothing": ("x.gz", gzip.compress(b""), "an empty file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_where_nothing_is_mapped_it_says_why_and_writes_nothing(run, tmp_path, name):
    file, data, said = REFUSED[name]
    (tmp_path / file).write_bytes(data)
    shown = run("map", file)
    assert shown.exit_code == 2
    assert said in shown.output
    assert not (tmp_path / "mapping.yaml").exists()


def test_an_absent_file_is_an_error_of_one_line(run):
    shown = run("map", "absent.csv")
    assert (shown.exit_code, len(shown.stderr.splitlines())) == (2, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everything")
def test_what_may_not_be_read_is_said(run, tmp_path):
    (tmp_path / "new.csv").write_text(ROWS)
    (tmp_path / "new.csv").chmod(0)
    shown = run("map", "new.csv")
    assert (shown.exit_code, "check who may read it" in shown.output) == (2, True)


@pytest.mark.parametrize("name", ["a b.csv", "new\nline.csv", "{braces}.csv", "$(rm).csv", "\x1b[31m.csv", "[1]*?.csv"])
def test_hostile_names_of_files_are_mapped_and_shown_on_one_line(run, tmp_path, name):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / name).write_text(ROWS)
    for command in ("check", "map"):
        shown = run(command, folder)
        assert not ACTING.search(shown.output)
    assert read(folder).messages.height == 7


def test_check_says_what_every_unknown_file_looks_like_whatever_it_is_called(run, logs):
    (logs / "holiday.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (logs / "jobs.png").write_text(ROWS)
    shown = run("check", logs, "--json")
    assert shown.exit_code == 1
    unknown = {each["file"]: each for each in json.loads(shown.output)["unknown"]}
    assert unknown["holiday.txt"] == {
        "file": "holiday.txt",
        "looks_like": "an image (PNG)",
        "next": "no log: leave it out",
    }
    assert unknown["jobs.png"]["looks_like"].startswith("a table with 6 columns")
    assert unknown["jobs.png"]["next"].startswith("integrhealth map ")
    text = run("check", logs)
    assert text.exit_code == 1
    assert "  holiday.txt: an image (PNG)\n      no log: leave it out\n" in text.output
    assert text.output.count("to begin with:") == 3
    assert "2 more could be mapped" in text.output


def test_check_exits_with_nothing_wrong_once_something_is_read(run, logs):
    assert run("map", logs / mulesoft().file).exit_code == 0
    assert run("check", logs).exit_code == 0
