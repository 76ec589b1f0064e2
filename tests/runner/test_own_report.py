"""The run among the reports that it reports on: it writes its rows, and the next run counts them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from drawing.runner import request

import integrhealth as ih
from integrhealth.runner import own_report
from integrhealth.runner.footprint import Footprint
from integrhealth.runner.run import report

FIRST, SECOND = (datetime(2026, 3, day, 8, tzinfo=UTC) for day in (1, 2))
EARLY = SECOND - timedelta(hours=1)


def after(tmp_path, *runs):
    """The folder after these runs, the later ones into what the earlier left."""
    out = tmp_path / "reports of us"
    for number, run_at in enumerate(runs):
        site = tmp_path / f"site {number}"
        site.mkdir()
        before = own_report.earlier_runs(out)
        own_report.written(site, before, out=out, title="Health", asked=Footprint(150 + number, 1), run_at=run_at)
        if out.exists():
            out.rename(tmp_path / f"old {number}")
        site.rename(out)
    return out


def test_without_earlier_runs_there_is_nothing(tmp_path):
    assert own_report.earlier_runs(tmp_path).is_empty


def test_a_run_is_one_report_and_each_run_a_delivery_into_its_folder(tmp_path):
    own = own_report.earlier_runs(after(tmp_path, FIRST, SECOND))
    assert own.reports.select("report", "tool", "words").rows() == [("Health", "integrhealth", 151)]
    assert own.deliveries.select("report", "person", "at", "channel").rows() == [
        ("Health", "reports of us", FIRST, "folder"),
        ("Health", "reports of us", SECOND, "folder"),
    ]
    assert own.rejected.is_empty()
    counted = ih.report_overload.reports(own).row(0, named=True)
    assert (counted["report"], counted["deliveries"], counted["words"]) == ("Health", 2, 151)


def test_names_that_a_spreadsheet_would_run_are_text(tmp_path):
    out = tmp_path / "=cmd()"
    (tmp_path / "site").mkdir()
    asked = Footprint(1)
    own_report.written(tmp_path / "site", ih.Evidence(), out=out, title="=1+1", asked=asked, run_at=FIRST)
    for frame in own_report.FRAMES:
        assert not re.search("(^|,)=", (tmp_path / "site" / "own" / f"{frame}.csv").read_text(), re.MULTILINE)
    assert own_report.earlier_runs(tmp_path / "site").reports.height == 1


class Seen(Exception):
    """The run is over once its notebooks got what they are given."""


def handed_on(tmp_path, monkeypatch, **period):
    """What the notebooks of a run over `period` get after two runs into the same folder."""
    handed = []

    def executed(source, *, parameters, **_):
        handed.append(ih.read(parameters["logs"]))
        raise Seen

    monkeypatch.setattr("integrhealth.runner.site.executed", executed)
    asked = request(tmp_path)
    (asked.out / "own").mkdir(parents=True)
    (asked.out / "run.json").write_text(json.dumps({}))
    for frame, rows in (
        ("reports", {"report": ["Overview"], "words": [99]}),
        ("deliveries", {"report": ["Overview"] * 2, "person": ["out"] * 2, "at": [FIRST, EARLY], "channel": "folder"}),
    ):
        pl.DataFrame(rows).write_csv(asked.out / "own" / f"{frame}.csv")
    with pytest.raises(Seen):
        report(replace(asked, **period))
    return handed[0]


def test_the_next_run_gives_its_notebooks_what_the_last_wrote_of_itself(tmp_path, monkeypatch):
    handed = handed_on(tmp_path, monkeypatch, since="2026-03-02")
    assert handed.reports["words"].to_list() == [99]
    assert handed.deliveries["at"].to_list() == [EARLY]
    assert handed.messages.height == 1


@pytest.mark.parametrize(
    ("since", "words", "times"),
    [("2026-03-02T07:00:00Z", [99], [EARLY]), ("2026-03-02T07:00:01Z", [], [])],
    ids=["from the last run on", "just after it"],
)
def test_a_report_on_a_time_without_runs_does_not_count_them(tmp_path, monkeypatch, since, words, times):
    handed = handed_on(tmp_path, monkeypatch, since=since)
    assert handed.reports["words"].to_list() == words, "else it would be a report that is sent to nobody"
    assert handed.deliveries["at"].to_list() == times
    assert handed.messages.height == 1
