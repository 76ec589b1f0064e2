"""Findings over the runs: new, open, gone."""

from datetime import UTC, datetime

import polars as pl
import pytest

import integrhealth as ih
from integrhealth.errors import NothingToRead
from integrhealth.language.findings import findings, no_findings
from integrhealth.runner.history import FILE, HISTORY, continued, earlier_findings, history, news, tracks

DAYS = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]


def found(*subjects, report="latency"):
    rows = {"subject": list(subjects), "severity": "warning", "statement": "slow", "ask": "why?"}
    return findings(report, "slow", pl.DataFrame(rows, schema_overrides={"subject": pl.String}))


def after(*runs):
    """The history after runs on successive days, each given as findings and the reports that ran."""
    kept = pl.DataFrame(schema=HISTORY)
    for day, (rows, reports) in zip(DAYS, runs, strict=False):
        kept = continued(kept, rows, run_at=day, reports=reports)
    return kept


def changes(kept):
    return {row["subject"]: row["change"] for row in tracks(kept).iter_rows(named=True)}


def test_new_open_and_gone():
    kept = after((found("a", "b"), ["latency"]), (found("b", "c"), ["latency"]))
    assert changes(kept) == {"c": "new", "b": "open", "a": "gone"}
    b = tracks(kept).row(by_predicate=pl.col("subject") == "b", named=True)
    assert (b["seen"], b["runs"], b["first_seen"], b["last_seen"]) == (2, 2, DAYS[0], DAYS[1])


def test_a_run_that_found_nothing_makes_findings_gone():
    assert changes(after((found("a"), ["latency"]), (no_findings(), ["latency"]))) == {"a": "gone"}


def test_a_report_that_did_not_run_keeps_its_findings():
    assert changes(after((found("a"), ["latency"]), (no_findings(), ["audit"]))) == {"a": "new"}


def test_findings_of_a_report_that_failed_are_not_remembered():
    assert after((found("a"), [])).is_empty()


def test_no_runs_no_tracks():
    assert tracks(pl.DataFrame(schema=HISTORY)).is_empty()


BOTH = ["latency", "audit"]


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([], None),
        ([(found("a"), ["latency"])], None),
        (
            [(found("a", "b"), ["latency"])] * 2,
            "Nothing new since 2026-03-01 00:00: the same 2 findings are open.",
        ),
        ([(found("a"), ["latency"])] * 3, "Nothing new since 2026-03-02 00:00: the same finding is open."),
        ([(no_findings(), ["latency"])] * 2, "Nothing new since 2026-03-01 00:00: no finding is open."),
        (
            [(found("a", "b"), ["latency"]), (found("b", "c", "d"), ["latency"])],
            "Since 2026-03-01 00:00: 2 new findings, 1 gone, 1 still open.",
        ),
        (
            [(found("a"), ["latency"]), (no_findings(), ["latency"])],
            "Since 2026-03-01 00:00: 0 new findings, 1 gone, 0 still open.",
        ),
        # What came and went before the last run is no news.
        (
            [(found("a"), ["latency"]), (no_findings(), ["latency"]), (found("a"), ["latency"])],
            "Since 2026-03-02 00:00: 1 new finding, 0 gone, 0 still open.",
        ),
        # A report that was left out, or failed, says nothing of its findings: each is compared with its own last run.
        (
            [(found("a"), BOTH), (found(report="audit"), ["audit"]), (found("a"), BOTH)],
            "Nothing new since 2026-03-02 00:00: the same finding is open.",
        ),
        ([(found("a"), ["latency"]), (no_findings(), ["audit"])], None),
        (
            [(found("a"), ["latency"]), (pl.concat([found("a"), found("b", report="audit")]), BOTH)],
            "Since 2026-03-01 00:00: 1 new finding, 0 gone, 1 still open.",
        ),
    ],
)
def test_the_news_of_the_last_run_is_one_sentence(runs, said):
    assert news(after(*runs)) == said


def test_shuffled_rows_of_the_history_make_no_news():
    kept = after((found("a", "b"), ["latency"]), (found("b"), ["latency"]))
    assert news(kept.sample(fraction=1, shuffle=True, seed=3)) == news(kept)


def test_history_is_kept_in_the_folder(tmp_path):
    after((found("a"), ["latency"])).write_parquet(tmp_path / FILE)
    assert earlier_findings(tmp_path).height == 1
    assert history(tmp_path)["change"].to_list() == ["new"]


def test_a_folder_without_history_is_named(tmp_path):
    assert earlier_findings(tmp_path).is_empty()
    with pytest.raises(NothingToRead, match=FILE):
        history(tmp_path)


def test_a_run_hands_the_findings_of_earlier_runs_to_the_report_on_collaboration(tmp_path):
    """A critical finding about an integration between two teams, and contact about it the next day."""
    catalog = tmp_path / "logs" / "catalog.yaml"
    catalog.parent.mkdir()
    catalog.write_text(
        "teams: [{name: sales, people: 9}, {name: warehouse, people: 9}]\n"
        "systems: [{name: Shop, team: sales}, {name: WMS, team: warehouse}]\n"
        "integrations: [{name: orders, source: Shop, target: WMS}]\n"
    )
    rows = ["at,team_a,team_b,kind,people,about"]
    rows += [f"2026-03-{day:02d}T09:00:00Z,sales,warehouse,meeting,4,orders" for day in (3, 10, 17, 24)]
    (tmp_path / "logs" / "contacts.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text("{}")
    columns = {"report": "latency", "rule": "slo_burn", "subject": "orders", "severity": "critical"}
    run_at = datetime(2026, 3, 9, 12, tzinfo=UTC)
    pl.DataFrame([columns | {"run_at": run_at, "value": 1.0}]).select(*HISTORY).cast(HISTORY).write_parquet(out / FILE)
    assert earlier_findings("").is_empty()
    assert earlier_findings(out)["subject"].to_list() == ["orders"]
    evidence = ih.read(tmp_path / "logs")
    report = ih.collaboration.report(evidence, earlier=earlier_findings(out))
    assert report.tables["sparked"].select("team_a", "team_b", "source", "sparked").rows() == [
        ("sales", "warehouse", "finding", 1)
    ]
    assert ih.collaboration.report(evidence).tables["sparked"].is_empty()
