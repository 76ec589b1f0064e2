"""The runner: what it publishes, what it does when a notebook fails, and what it leaves alone."""

import fcntl
import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from drawing.processes import is_running
from drawing.runner import NOTEBOOKS, chosen_notebooks, logs, request

from integrhealth.analyses.latency.tables import TABLES
from integrhealth.errors import NothingToRead, UnknownName, WrongParameter, WrongValue
from integrhealth.language.report_tables import FINDING
from integrhealth.runner import execute, folder, site
from integrhealth.runner.execute import Kernels, executed
from integrhealth.runner.plan import Request, planned
from integrhealth.runner.refresh import refreshed
from integrhealth.runner.run import report

DEADLINE_SECONDS = 6
BROKEN = ("exits", "fails", "kernel_dies")
TOGETHER = sorted({path.stem for path in NOTEBOOKS.glob("*.ipynb")} - {"never_ends", "overview", "wrong_parameter"})


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Every notebook of tests/notebooks that ends, run together over two runs of the folder; the second result."""
    notebooks = chosen_notebooks(tmp_path_factory.mktemp("chosen") / "notebooks", *TOGETHER)
    place = tmp_path_factory.mktemp("reports")
    first = Request((str(logs(place / "logs")),), place / "out", only=("latency",), notebooks=notebooks)
    report(first)
    return report(replace(first, only=(), parameters={"min_messages": "7"}))


def text_of(path):
    return path.read_text(encoding="utf-8")


def test_the_folder_holds_what_the_interface_says(published):
    out = published.out
    names = [*TOGETHER, "overview"]
    pages = {"index.html"} | {f"{name}.html" for name in names if name != "overview"}
    files = {"findings.json", "findings.parquet", "history.parquet", "rejected.parquet", "run.json"}
    assert {path.name for path in out.iterdir()} == pages | files | {"notebooks", "tables"}
    assert {path.stem for path in (out / "notebooks").iterdir()} == set(names)
    for table in TABLES:
        assert set(TABLES[table]) <= set(pl.read_parquet_schema(out / f"tables/latency/{table}.parquet"))


def test_failed_reports_say_why_and_the_others_are_complete(published):
    errors = {name: came["error"] for name, came in published.record["reports"].items() if came["error"]}
    assert published.exit_code == 3
    assert set(errors) == set(BROKEN)
    assert "sys.exit" in errors["exits"]
    assert errors["fails"].startswith("ValueError: <script>")
    assert "SIGKILL" in errors["kernel_dies"]
    for name in BROKEN:
        assert "This report failed" in text_of(published.out / f"{name}.html")
    assert "This report failed" not in text_of(published.out / "latency.html")


def test_the_error_is_cut_escaped_and_without_secrets(published):
    page = text_of(published.out / "fails.html")
    notebook = text_of(published.out / "notebooks" / "fails.ipynb")
    assert "abcdefghijklmnop" not in page + notebook + json.dumps(published.record)
    assert "<script>window.__pwned" not in page
    assert "x" * 5000 not in page + notebook
    assert "before the error" in page


def test_notebooks_are_stamped_with_the_truth(published):
    for name, came in published.record["reports"].items():
        notebook = json.loads(text_of(published.out / "notebooks" / f"{name}.ipynb"))
        assert notebook["metadata"]["integrhealth"]["status"] == came["status"]
        assert notebook["metadata"]["papermill"]["exception"] is (True if came["error"] else None)


def test_notebooks_keep_no_scratch_path_and_can_be_run_again(published):
    notebook = json.loads(text_of(published.out / "notebooks" / "latency.ipynb"))
    injected = next(cell for cell in notebook["cells"] if "injected-parameters" in cell["metadata"].get("tags", []))
    assert "".join(injected["source"]).splitlines()[1:] == [
        f"logs = {str(published.out.parent / 'logs')!r}",
        "output = ''",
        "since = ''",
        "until = ''",
        "min_messages = 7",
    ]
    assert "ih-run-" not in text_of(published.out / "notebooks" / "latency.ipynb")
    assert "min_messages is 7" in text_of(published.out / "latency.html")


def test_findings_are_published_as_strict_json_and_parquet(published):
    found = json.loads(text_of(published.out / "findings.json"), parse_constant=pytest.fail)
    assert [row["subject"] for row in found] == ["ERP > WMS"]
    assert list(found[0]) == list(FINDING)
    assert pl.read_parquet(published.out / "findings.parquet").to_dicts() == found


def test_findings_are_compared_with_the_last_run(published):
    changes = pl.read_parquet(published.out / "tables/overview/changes.parquet")
    assert changes.rows() == [("latency", "failed_orders", "ERP > WMS", "open")]
    history = pl.read_parquet(published.out / "history.parquet")
    assert history.filter(pl.col("report") == "latency").height == 2


def test_the_record_says_what_was_read_with_what(published):
    record = json.loads(text_of(published.out / "run.json"), parse_constant=pytest.fail)
    assert record == published.record
    (source,) = record["sources"]
    assert (source["rows_in"], source["rows_out"], source["rows_rejected"]) == (3, 2, 1)
    assert record["inputs"][0]["bytes"] == (published.out.parent / "logs" / "messages.csv").stat().st_size
    assert len(record["inputs"][0]["sha256"]) == 64
    assert record["versions"]["polars"] == pl.__version__
    assert set(record["seconds"]["reports"]) == {*TOGETHER, "overview"}
    assert pl.read_parquet(published.out / "rejected.parquet").height == 1


def test_nothing_is_left_beside_the_folder(published):
    assert sorted(path.name for path in published.out.parent.iterdir()) == ["logs", "out"]


def test_only_publishes_that_report_and_the_front_page(tmp_path):
    result = report(request(tmp_path, "latency", "two_charts", only=("latency",), fail_on="critical"))
    assert result.exit_code == 0
    assert {path.name for path in result.out.glob("*.html")} == {"index.html", "latency.html"}
    assert report(request(tmp_path / "again", "latency", fail_on="warning")).exit_code == 1


def test_a_report_that_publishes_nothing_has_failed_and_its_tables_are_empty(tmp_path):
    asked = request(tmp_path)
    (asked.notebooks / "latency.ipynb").symlink_to(NOTEBOOKS / "two_charts.ipynb")
    result = report(asked)
    assert result.exit_code == 3
    assert "without publishing" in result.record["reports"]["latency"]["error"]
    assert all(pl.read_parquet(result.out / f"tables/latency/{table}.parquet").is_empty() for table in TABLES)


def test_the_deadline_ends_the_kernel_and_what_it_started_and_is_told_in_page_and_record(tmp_path, monkeypatch):
    ended = []

    def noted(source, *, parameters, kernels, deadline_seconds):
        options = {"parameters": parameters, "kernels": kernels}
        if source.stem != "never_ends":
            return executed(source, deadline_seconds=120, **options)
        outcome = executed(source, deadline_seconds=deadline_seconds, **options)
        ended.append((outcome, int(Path(parameters["output"], "child.pid").read_text()), kernels))
        return outcome

    monkeypatch.setattr(site, "executed", noted)
    result = report(request(tmp_path, "never_ends", deadline_seconds=DEADLINE_SECONDS))
    ((outcome, child, kernels),) = ended
    assert not kernels.alive
    assert outcome.seconds < 2 * DEADLINE_SECONDS
    assert not is_running(child)
    assert result.exit_code == 3
    assert f"not finished after {DEADLINE_SECONDS} s" in outcome.error
    assert result.record["reports"]["never_ends"]["error"] == outcome.error
    assert result.record["reports"]["overview"]["error"] is None
    assert "This report failed" in text_of(result.out / "never_ends.html")
    notebook = json.loads(text_of(result.out / "notebooks" / "never_ends.ipynb"))
    assert notebook["metadata"]["integrhealth"]["status"] == result.record["reports"]["never_ends"]["status"]
    assert notebook["metadata"]["papermill"]["exception"] is True


def test_an_interrupted_run_kills_its_kernels_and_leaves_the_last_report(tmp_path):
    asked = request(tmp_path, "never_ends")
    asked.out.mkdir()
    (asked.out / "run.json").write_text("the last good one")

    def interrupt(what, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report(asked, progress=interrupt)
    assert (asked.out / "run.json").read_text() == "the last good one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "notebooks", "out"]


def test_closing_kernels_ends_a_notebook_that_runs(tmp_path):
    kernels = Kernels()
    ended = []
    options = {"parameters": {"output": str(tmp_path)}, "deadline_seconds": 60, "kernels": kernels}
    thread = threading.Thread(target=lambda: ended.append(executed(NOTEBOOKS / "never_ends.ipynb", **options)))
    thread.start()
    while not (tmp_path / "child.pid").exists():
        time.sleep(0.05)
    kernels.close()
    thread.join(20)
    assert "its kernel died" in ended[0].error


def test_kernels_work_without_short_paths_for_sockets(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "LONGEST_SOCKET_FOLDER", 0)
    outcome = executed(NOTEBOOKS / "two_charts.ipynb", parameters={}, deadline_seconds=60, kernels=Kernels())
    assert outcome.error is None


def test_refreshing_a_notebook_changes_its_outputs_only():
    source = json.loads(text_of(NOTEBOOKS / "two_charts.ipynb"))
    made = json.loads(refreshed(NOTEBOOKS / "two_charts.ipynb"))
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4, 5]
    assert sum(len(cell["outputs"]) for cell in code) == 4
    for cell in (*source["cells"], *made["cells"]):
        cell.pop("outputs", None), cell.pop("execution_count", None)
    assert made == source


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"only": ("latancy",)}, UnknownName, "there are: latency, overview"),
        ({"parameters": {"nothing": "1"}}, UnknownName, "there are: min_messages"),
        ({"parameters": {"min_messages": "ten"}}, WrongValue, "min_messages='ten' is not of type int"),
        ({"since": "yesterday"}, WrongValue, "yesterday"),
        ({"until": "2026-13-01"}, WrongValue, "2026-13-01"),
        ({"paths": ("/not/there",)}, NothingToRead, "/not/there"),
        ({"since": "2030-01-01"}, NothingToRead, "2030-01-01"),
    ],
)
def test_a_fault_in_the_request_leaves_no_folder(tmp_path, monkeypatch, options, error, said):
    monkeypatch.setattr(execute, "executed", pytest.fail)
    with pytest.raises(error, match=said):
        report(request(tmp_path, "latency", **options))
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "notebooks"]


def test_a_parameter_of_a_report_left_out_is_no_fault(tmp_path):
    asked = request(tmp_path, "latency", only=("overview",), parameters={"min_messages": 9})
    assert planned(asked).names == ["overview"]


ABOUT_A_DATASET = b"""{"eventTime": "2026-01-02T03:04:05Z", "producer": "https://example.org/scan",
"dataset": {"namespace": "postgres://erp", "name": "orders"}}"""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "there is no file"),
        ({"photo.png": b"\x89PNG\r\n\x1a\n\x00\x00"}, "photo.png line 1 is in no known format"),
        ({"messages.csv": b"message_id,source,target,sent_at,status\nm1,A,B,never,ok\n"}, "messages.csv line 2"),
        ({"lineage.json": ABOUT_A_DATASET}, "the 1 records that were understood say nothing that a report is made of"),
    ],
)
def test_nothing_to_report_on_names_file_line_and_remedy(tmp_path, files, said):
    place = tmp_path / "given"
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    with pytest.raises(NothingToRead, match=said):
        report(request(tmp_path, "latency", paths=(str(place),)))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_report_is_refused(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(WrongValue, match=r"neither empty nor an earlier report"):
        folder.fit(tmp_path / "thesis", [])
    with pytest.raises(WrongValue, match="is a file"):
        folder.fit(tmp_path / "thesis" / "chapter.txt", [])


def test_an_output_folder_around_the_logs_is_refused(tmp_path):
    place = logs(tmp_path / "logs")
    (place / "run.json").write_text("{}")
    with pytest.raises(WrongValue, match="lies in the output folder"):
        folder.fit(place, [place / "messages.csv"])


def test_two_runs_into_one_folder_do_not_mix(tmp_path):
    out = tmp_path / "out"
    with folder.building(out) as first:
        (first / "run.json").write_text("first")
        with pytest.raises(WrongValue, match="another run"), folder.building(out):
            pass
        folder.replace(out, first)
    assert (out / "run.json").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_is_cleared_and_a_report_caught_in_the_swap_put_back(tmp_path):
    out = tmp_path / "out"
    for left in ("old", "new"):
        (tmp_path / ".out.building" / left).mkdir(parents=True)
        (tmp_path / ".out.building" / left / "run.json").write_text(left)
    with folder.building(out) as place:
        assert (out / "run.json").read_text() == "old"
        assert list(place.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_lock_on_a_folder_that_is_gone_is_not_taken_for_ours(tmp_path, monkeypatch):
    removed = []
    lock = fcntl.flock

    def removing(descriptor, operation):
        lock(descriptor, operation)
        if not removed:
            removed.append(os.rmdir(tmp_path / ".out.building"))

    monkeypatch.setattr(folder.fcntl, "flock", removing)
    with folder.building(tmp_path / "out") as place:
        assert place.is_dir()
    assert removed


def test_a_parameter_that_asks_for_what_the_data_do_not_have_is_the_users_to_fix_and_leaves_no_folder(tmp_path):
    with pytest.raises(WrongParameter) as error:
        report(request(tmp_path, "wrong_parameter", parameters={"remove_system": "E\nRP"}))
    assert str(error.value).startswith("remove_system: there is no system")
    assert "did you mean 'ERP'?" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()
