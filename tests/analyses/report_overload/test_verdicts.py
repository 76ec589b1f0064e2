"""Each reason for a verdict, built in the log, and the picture just beside it."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.landscapes import report_frames
from drawing.reports import MORNING, delivered, evidence, opened, stock

import integrhealth as ih
from integrhealth.analyses.report_overload.cover.verdicts import VERDICTS, WHYS
from integrhealth.language.schema import conform


def judged(reports, deliveries, reads=None, **frames):
    """verdict and why of each report, and the whole table."""
    asked = evidence(reports=reports, deliveries=deliveries, reads=reads, **frames)
    table = ih.report_overload.reports(asked)
    assert set(table["verdict"]) <= set(VERDICTS)
    assert {(WHYS[row["why"]][0], row["why"]) for row in table.iter_rows(named=True)} == {
        (row["verdict"], row["why"]) for row in table.iter_rows(named=True)
    }
    return {row["report"]: (row["verdict"], row["why"]) for row in table.iter_rows(named=True)}, table


def sent(name, persons, days):
    return pl.concat([delivered(name, person, days) for person in persons])


def some(deliveries, every):
    """One in so many deliveries of each person."""
    return deliveries.filter((pl.int_range(pl.len()) % every == 0).over("report", "person"))


def test_six_verdicts_there_are_and_every_reason_leads_to_one():
    assert list(VERDICTS) == ["keep", "merge", "fewer people", "less often", "retire", "cannot tell"]
    assert {verdict for verdict, _ in WHYS.values()} == set(VERDICTS)


def test_a_report_that_some_get_for_nothing_goes_to_fewer_people():
    reports = stock({"report": "price", "decisions": ["price"]}, {"report": "both", "decisions": ["price", "stock"]})
    deliveries = pl.concat([sent("price", "pq", range(30)), sent("both", "p", range(30))])
    verdicts, table = judged(reports, deliveries)
    assert verdicts == {"price": ("fewer people", "others serve some"), "both": ("keep", "only source")}
    assert table["uncovered"].sum() == 0
    alone, _ = judged(reports, pl.concat([sent("price", "q", range(30)), sent("both", "p", range(30))]))
    assert set(alone.values()) == {("keep", "only source")}


# Of so many people, one of whom opens nothing of the report and half of another.
def audience(days, *, reads_other=True, opened_by="p"):
    reports = stock({"report": "a", "decisions": ["x"]}, {"report": "other", "decisions": ["y"]})
    deliveries = pl.concat([sent("a", "pq", range(days)), sent("other", "pq", range(days))])
    mine, other = deliveries.filter(report="a"), deliveries.filter(report="other")
    reads = [opened(mine.filter(pl.col("person").is_in(list(opened_by))), 60.0), opened(some(other, 2), 60.0)]
    reads = pl.concat(reads).filter((pl.col("person") == "p") | reads_other)
    return judged(reports, deliveries, reads)[0]["a"]


def test_who_certainly_never_opens_what_others_read_need_not_get_it():
    # 0.8 to the 17th is 2.3%: the first power within 2.5%, of one person who opens none.
    assert 0.8**17 < 0.025 < 0.8**16
    assert audience(17) == ("fewer people", "never opened by some")
    assert audience(16) == ("keep", "only source")


def test_an_opening_that_may_not_be_logged_is_not_missed():
    assert audience(60, reads_other=False) == ("keep", "only source"), "of that person nothing is logged"
    assert audience(60, opened_by="") == ("keep", "only source"), "of that report nothing is logged"


@pytest.mark.parametrize(
    ("every", "days", "verdict"),
    [(20, 100, "less often"), (20, 30, "keep"), (5, 400, "keep"), (4, 400, "keep")],
    ids=["one in twenty", "too few to be certain", "one in five", "one in four"],
)
def test_a_daily_report_opened_less_often_than_weekly_may_come_weekly(every, days, verdict):
    deliveries = sent("a", "pq", range(days))
    reads = opened(some(deliveries, every), 60.0)
    verdicts, table = judged(stock({"report": "a", "decisions": ["x"]}), deliveries, reads)
    assert verdicts["a"][0] == verdict
    assert table["slower"].item() == ("weekly" if verdict == "less often" else None)


def test_one_who_reads_it_daily_keeps_it_daily():
    deliveries = sent("a", "pq", range(200))
    keen = deliveries.filter(person="q")
    reads = opened(pl.concat([some(deliveries.filter(person="p"), 20), keen]), 60.0)
    assert judged(stock({"report": "a", "decisions": ["x"]}), deliveries, reads)[0]["a"] == ("keep", "only source")


def refreshed(name, days, *, failing=(), tool="Power BI", hashes=None):
    """Refreshes of a report at five o'clock on these days, as its tool logs them; each with a payload of its own."""
    rows = [
        {
            "message_id": f"{name}-{day}",
            "source": tool,
            "target": tool,
            "sent_at": MORNING + timedelta(days=day, hours=-2),
            "status": "failed" if day in failing else "ok",
            "kind": "internal",
            "object_id": name,
            "payload_hash": str(day) if hashes is None else hashes[place],
        }
        for place, day in enumerate(days)
    ]
    return conform(pl.DataFrame(rows, infer_schema_length=None), "messages")


def test_a_report_sent_daily_that_changes_weekly_may_come_weekly():
    reports = stock({"report": "a", "decisions": ["x"], "tool": "powerbi"})
    daily = sent("a", "p", range(60))
    verdicts, table = judged(reports, daily, messages=refreshed("a", range(0, 60, 7)))
    assert verdicts["a"] == ("less often", "unchanged between")
    assert table.select("slower", "refreshes", "refresh_failures").row(0) == ("weekly", 9, 0)
    assert judged(reports, daily, messages=refreshed("a", range(0, 28, 7)))[0]["a"][0] == "keep", "four changes"
    assert judged(reports, daily, messages=refreshed("a", range(60)))[0]["a"][0] == "keep", "changes daily"


def test_a_refresh_that_brings_the_same_again_changes_nothing():
    reports = stock({"report": "a", "decisions": ["x"], "tool": "Power BI"})
    same = refreshed("a", range(60), hashes=["monday" if day < 50 else "later" for day in range(60)])
    _, table = judged(reports, sent("a", "p", range(61)), messages=same)
    assert table.select("refreshes", "sent_stale").row(0) == (60, 0)
    assert table["stale_days"].item() == pytest.approx(10 + 2 / 24)


def test_refreshes_of_another_tool_or_that_name_no_report_say_nothing():
    reports = stock({"report": "a", "decisions": ["x"], "tool": "Power BI"})
    for messages in (refreshed("a", range(60), tool="ERP"), refreshed("dataset 9", range(60))):
        _, table = judged(reports, sent("a", "p", range(60)), messages=messages)
        assert table.select("refreshes", "stale_days").row(0) == (None, None)


@pytest.mark.parametrize(("failed_days", "found"), [(3, True), (2, False)])
def test_a_report_sent_on_while_its_refresh_fails_is_a_finding(failed_days, found):
    reports = stock({"report": "a", "decisions": ["x"], "tool": "Power BI", "owner": "olga"})
    messages = refreshed("a", range(30), failing=range(30 - failed_days, 30))
    asked = evidence(reports=reports, deliveries=sent("a", "p", range(30)), messages=messages)
    rows = ih.report_overload.report(asked, min_messages=1000).findings.filter(rule="stale_reports").rows(named=True)
    assert [(row["subject"], row["severity"], row["value"], row["n"]) for row in rows] == (
        [("olga", "warning", 1.0, 30)] if found else []
    )
    if found:
        assert rows[0]["statement"] == "1 reports are sent with old content, a for 3 days: refreshes fail."


# Where nobody said what a report is for


SAME = {"fields": ["sku", "price", "stock", "region"]}


def undeclared(*reports):
    return stock(*({"decisions": None} | each for each in reports))


def test_without_decisions_the_copy_with_fewer_readers_is_merged_into_the_other():
    reports = undeclared({"report": "copy"} | SAME, {"report": "original"} | SAME, {"report": "own"})
    deliveries = pl.concat([sent(name, "pqr", range(30)) for name in ("copy", "original", "own")])
    reads = opened(deliveries.filter((pl.col("report") != "copy") | (pl.col("person") == "p")), 60.0)
    verdicts, table = judged(reports, deliveries, reads)
    assert verdicts == {
        "copy": ("merge", "near-duplicate"),
        "original": ("cannot tell", "not declared"),
        "own": ("cannot tell", "not declared"),
    }
    assert dict(table.select("report", "covered_by").iter_rows())["copy"] == ["original"]


@pytest.mark.parametrize(
    ("persons", "verdict", "covering"),
    [("q", ("retire", "covered"), ["all"]), ("pq", ("merge", "near-duplicate"), ["original", "all"])],
    ids=["for others only", "for the same"],
)
def test_a_copy_is_merged_into_the_original_only_where_its_readers_get_that(persons, verdict, covering):
    reports = stock(
        {"report": "copy", "decisions": ["price"]} | SAME,
        {"report": "original", "decisions": ["price", "stock"]} | SAME,
        {"report": "all", "decisions": ["price", "staff"]},
    )
    deliveries = [sent("copy", "p", range(30)), sent("all", "p", range(30)), sent("original", persons, range(30))]
    verdicts, table = judged(reports, pl.concat(deliveries))
    assert {name for name, (word, _) in verdicts.items() if word == "keep"} == {"all", "original"}
    assert verdicts["copy"] == verdict
    assert dict(table.select("report", "covered_by").iter_rows())["copy"] == covering, "first what shows the same"


def test_a_chain_of_near_duplicates_is_merged_into_what_each_really_resembles():
    # a resembles b and b resembles c, each by four of five; a and c share three of five and more apart.
    fields = {"a": "12345", "b": "1234", "c": "123"}
    near = undeclared(*({"report": name, "fields": list(each)} for name, each in fields.items()))
    deliveries = pl.concat([sent(name, "p", range(30)) for name in "abc"])
    verdicts, _ = judged(near, deliveries)
    assert [verdicts[name][0] for name in "abc"] == ["cannot tell", "merge", "cannot tell"]


def inventory(**decisions):
    """Reports as a file has them: null where the cell is empty."""
    rows = [{"report": name, "words": 400, "decisions": each} for name, each in decisions.items()]
    return conform(pl.DataFrame(rows, schema_overrides={"decisions": pl.String}), "reports")


@pytest.mark.parametrize(
    ("decisions", "verdict"),
    [
        ({"a": "x", "b": None}, ("retire", "no decision")),
        ({"a": "x", "b": None, "c": None}, ("cannot tell", "not declared")),
        ({"a": "x", "b": "None", "c": None}, ("retire", "no decision")),
        ({"a": None, "b": None}, ("cannot tell", "not declared")),
    ],
    ids=["half are declared", "a third is declared", "a third is, and this one is for none", "nobody said anything"],
)
def test_a_report_without_a_decision_goes_where_it_is_known_to_have_none(decisions, verdict):
    deliveries = pl.concat([sent(name, "p", range(30)) for name in decisions])
    assert judged(inventory(**decisions), deliveries)[0]["b"] == verdict


def test_where_only_openings_are_logged_they_are_what_reaches_people():
    reports = stock({"report": "a", "decisions": ["x", "y"]}, {"report": "b", "decisions": ["x"]})
    reads = pl.concat([opened(sent(name, "p", range(30)), 60.0) for name in "ab"])
    verdicts, _ = judged(reports, None, reads)
    assert verdicts == {"a": ("keep", "only source"), "b": ("retire", "covered")}


@pytest.mark.parametrize("seed", range(6))
def test_where_every_report_is_read_and_has_its_decision_nothing_is_found_or_to_be_changed(seed):
    from types import SimpleNamespace

    import numpy as np

    company = SimpleNamespace(days=28, start=MORNING.replace(hour=0))
    frames = report_frames(company, np.random.default_rng(seed), daily=5)
    answer = ih.report_overload.report(evidence(**frames))
    assert answer.findings.is_empty()
    assert answer.tables["curation"].is_empty()
    assert set(answer.tables["reports"]["verdict"]) == {"keep"}
