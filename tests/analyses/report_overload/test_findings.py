"""Every finding of report overload as a whole row, and the picture just below its rule, which gives none."""

import numpy as np
import polars as pl
import pytest
from drawing.findings import only_finding, rules, whole
from drawing.reports import delivered, every_day, evidence, opened, stock
from scipy.stats import t

from integrhealth.analyses.report_overload import report

READERS = ["ada", "bob"]
TEN_MINUTES = 2380  # words


def read_for(seconds, *, readers=READERS, owners=("olga", "karl")):
    """Two reports of ten minutes a day, the first to everybody and the second to nobody who reads; SECONDS by day."""
    days = range(len(seconds))
    reports = stock(
        *(
            {"report": f"report of {owner}", "owner": owner, "words": TEN_MINUTES, "decisions": [owner]}
            for owner in owners
        )
    )
    sent = [delivered("report of olga", reader, days) for reader in readers]
    reads = [opened(each.slice(day, 1), float(seconds[day])) for each in sent for day in days]
    sent.append(delivered("report of karl", READERS[0], [0]))
    reads.append(opened(sent[-1], 500.0))
    return report(evidence(reports=reports, deliveries=pl.concat(sent), reads=pl.concat(reads)), min_messages=10)


def test_a_flood_is_a_whole_row():
    by_day = np.array([120, 150, 180, 90, 120, 150, 180, 90, 120, 150])
    needed, spent = np.full(10, 20.0), 2 * by_day / 60
    needed[0], spent[0] = 30, spent[0] + 500 / 60
    ratio = needed.sum() / spent.sum()
    residual = needed - spent * ratio
    half = t.ppf(0.975, 9) * np.sqrt(10 * (residual**2).sum() / 9) / needed.sum()
    assert only_finding(read_for(by_day), "flood") == whole(
        report="report_overload",
        rule="flood",
        subject="all people",
        severity="warning",
        statement="1 report a person and day needs 10.5 minutes and gets 2.7.",
        value=ratio,
        unit="minutes needed per minute spent",
        low=ratio / np.exp(half),
        high=ratio * np.exp(half),
        n=21,
        threshold=300 / 238,
        owner="olga",
        ask="Which report would anybody miss tomorrow, and for which decision?",
    )


def evenly_read(seconds, *, words=TEN_MINUTES):
    """One report (of ten minutes unless said), read so long each day: no interval is wider than the number."""
    sent = pl.concat([delivered("daily", reader, range(10)) for reader in READERS])
    reports = stock({"report": "daily", "owner": "olga", "words": words, "decisions": ["price"]})
    reads = opened(sent, float(seconds))
    return report(evidence(reports=reports, deliveries=sent, reads=reads), min_messages=20)


@pytest.mark.parametrize(
    ("seconds", "severity"),
    # 300 words a minute exactly, a second less; 1,000 words a minute exactly, a little less.
    [(476, None), (475, "warning"), (142.8, "warning"), (142, "critical")],
)
def test_faster_than_reading_is_a_flood_and_faster_than_skimming_a_critical_one(seconds, severity):
    assert evenly_read(seconds).findings["severity"].to_list() == ([severity] if severity else [])


def test_a_report_of_half_a_minute_can_be_a_flood_too():
    row = only_finding(evenly_read(10, words=119), "flood")
    assert (row["severity"], row["value"]) == ("warning", pytest.approx(3.0))
    assert row["statement"] == "1 report a person and day needs 0.5 minutes and gets 0.2."


def test_likely_but_not_certainly_faster_than_skimming_is_a_warning():
    report_of = read_for([60, 180] * 5)
    row = only_finding(report_of, "flood")
    assert row["low"] < 1000 / 238 < row["value"]
    assert row["severity"] == "warning"


def test_under_so_many_deliveries_there_is_no_flood():
    sent = delivered("daily", "ada", range(30))
    reports = stock({"report": "daily", "owner": "olga", "words": TEN_MINUTES, "decisions": ["price"]})
    frames = {"reports": reports, "reads": opened(sent, 60.0)}
    assert rules(report(evidence(deliveries=sent, **frames))) == {"flood"}
    assert rules(report(evidence(deliveries=sent.head(29), **frames))) == set()


# Everybody reads everything, so that nothing is a flood. One report would do for the price; the copies are longer.
def company(*extra, keepers=1):
    prices = {"fields": ["price", "item", "day", "list"], "decisions": ["price"]}
    keeping = [
        {"report": f"keeper {number}", "owner": "ada", "words": 3000, "decisions": [f"decision {number}"]}
        for number in range(keepers - 1)
    ]
    reports = stock({"report": "price list", "owner": "ada", "words": 300} | prices, *keeping, *extra)
    sent = every_day([*reports["report"], "unlisted"], READERS, range(20))
    seconds = pl.col("words").fill_null(400) / 238 * 60
    reads = sent.join(reports.select("report", "words"), on="report", how="left").select(
        "report", "person", "at", seconds=seconds
    )
    return report(evidence(reports=reports, deliveries=sent, reads=reads))


COPIES = [
    {"report": name, "owner": owner, "words": words, "fields": ["price", "item", "day", "list"], "decisions": ["price"]}
    for name, owner, words in (("prices b", "bob", 400), ("prices a", "bob", 400), ("prices c", "bob", 350))
]
POINTLESS = [
    {"report": "gossip b", "owner": "eve", "words": 500},
    {"report": "gossip a", "owner": "eve", "words": 500},
    {"report": "rumours", "owner": None, "words": 900},
]


def test_spare_reports_are_a_whole_row():
    # Of 5,450 words a day 3,300 stay, which are ada's; most of the others are bob's.
    minutes = 1 - 3300 / (3300 + 400 + 400 + 350 + 500 + 500)
    assert only_finding(company(*COPIES, *POINTLESS[:2], keepers=2), "spare_reports") == whole(
        report="report_overload",
        rule="spare_reports",
        subject="all reports",
        severity="warning",
        statement=f"2 of 7 delivered reports serve every decision; the other 5 take {minutes:.0%} of the reading time.",
        value=5 / 7,
        unit="share of reports",
        low=5 / 7,
        high=5 / 7,
        n=7,
        threshold=0.25,
        owner="bob",
        ask="Can we pause these 5 reports for two weeks and see who asks for one?",
    )


@pytest.mark.parametrize(
    ("keepers", "spare", "severity"),
    [(3, 1, None), (5, 2, "warning"), (1, 3, "warning"), (1, 4, "critical")],
    ids=["a quarter", "over a quarter", "three quarters", "over three quarters"],
)
def test_a_quarter_that_could_stop_is_no_finding(keepers, spare, severity):
    copies = [COPIES[0] | {"report": f"copy {number}"} for number in range(spare)]
    found = company(*copies, keepers=keepers).findings.filter(pl.col("rule") == "spare_reports")
    assert found["severity"].to_list() == ([severity] if severity else [])


def test_where_no_length_is_known_spare_reports_take_no_share_of_the_reading_time():
    names = ["a", "b", "c"]
    reports = stock(*({"report": name, "words": None, "decisions": ["price"]} for name in names))
    deliveries = pl.concat([delivered(name, "ada", range(10)) for name in names])
    row = only_finding(report(evidence(reports=reports, deliveries=deliveries)), "spare_reports")
    assert row["statement"] == "1 of 3 delivered reports serve every decision; the other 2 add none."


def test_reports_without_a_decision_are_a_whole_row_per_owner():
    found = company(*POINTLESS).findings.filter(pl.col("rule") == "no_decision").sort("subject")
    eve, nobody = found.rows(named=True)
    assert eve == whole(
        report="report_overload",
        rule="no_decision",
        subject="eve",
        severity="warning",
        statement="2 delivered reports serve no decision, first of all gossip a.",
        value=2.0,
        unit="reports",
        n=80,
        owner="eve",
        ask="Which decision is gossip a for, and who takes it?",
    )
    assert (nobody["subject"], nobody["owner"], nobody["n"]) == ("reports without an owner", None, 40)
    assert rules(company(keepers=4)) == set()


def test_near_duplicates_are_a_whole_row():
    assert only_finding(company(*COPIES), "near_duplicates") == whole(
        report="report_overload",
        rule="near_duplicates",
        subject="bob",
        severity="warning",
        statement="3 reports show what others already show; prices a is one of them.",
        value=3.0,
        unit="reports",
        n=120,
        owner="bob",
        ask="What does prices a say that price list does not?",
    )


@pytest.mark.parametrize(("own", "named"), [(["list"], True), (["day", "list"], False)])
def test_from_four_fifths_in_common_on_a_report_is_a_near_duplicate(own, named):
    # Of five names the copy shows four; of six, too few.
    original = {"report": "a", "fields": ["item", "price", "unit", "stock"], "decisions": ["x"], "words": 100}
    copy = {"report": "b", "fields": ["item", "price", "unit", "stock", *own], "decisions": ["x"], "words": 200}
    assert ("near_duplicates" in rules(company(original, copy))) == named


def unopened_for(days, *, opened_on=()):
    """Two reports to keep, one of which nobody opens but on the days drawn."""
    reports = stock(
        {"report": "silent", "owner": "olga", "decisions": ["a"]},
        {"report": "read", "owner": "karl", "decisions": ["b"]},
    )
    silent, seen = (delivered(name, "ada", range(days)) for name in ("silent", "read"))
    reads = pl.concat([opened(seen, 100.0), *(opened(silent.slice(day, 1), 100.0) for day in opened_on)])
    return report(evidence(reports=reports, deliveries=pl.concat([silent, seen]), reads=reads), min_messages=1000)


def test_a_report_that_nobody_opens_is_a_whole_row():
    assert only_finding(unopened_for(90), "unopened") == whole(
        report="report_overload",
        rule="unopened",
        subject="olga",
        severity="note",
        statement="Nobody opened 1 reports for 90 days; silent is one of them.",
        value=1.0,
        unit="reports",
        n=90,
        threshold=90.0,
        owner="olga",
        ask="How is the decision taken that silent is for?",
    )


def test_opened_within_ninety_days_or_known_for_fewer_is_no_finding():
    assert rules(unopened_for(89)) == set()
    assert rules(unopened_for(91, opened_on=[0])) == {"unopened"}
    assert rules(unopened_for(91, opened_on=[1])) == set()
