"""Openings by machines: a program that opens everything changes nothing, and no reader is taken for one."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.reports import MORNING, PEOPLE, delivered, every_day, evidence, opened, stock
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.report_overload import report
from integrhealth.analyses.report_overload.attention.left_out import machine_openings
from integrhealth.analyses.report_overload.machines import by_people, kind_of_agent, opening_every_report, openings
from integrhealth.language.schema import conform

NAMES = [f"report {number:02d}" for number in range(24)]
DAYS = range(12)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
APPLE, GMAIL = (
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
)
GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)


def company():
    """24 reports a day to six people, who open every second one: a third is read, a third skimmed, a third not read."""
    deliveries = every_day(NAMES, PEOPLE, DAYS)
    place = pl.int_range(pl.len())
    rows = deliveries.with_columns(place=place).filter(pl.col("place") % 2 == 0)
    reads = rows.select(
        "report",
        "person",
        at=pl.col("at") + pl.duration(seconds=307 + pl.col("place") * 11),
        seconds=(pl.col("place") % 3).replace_strict([0, 1, 2], [90.0, 40.0, 3.0]),
        agent=pl.lit(FIREFOX),
    )
    reports = pl.DataFrame(
        {"report": NAMES, "words": 400, "decisions": [[f"decision {number % 9}"] for number in range(24)]}
    )
    return {"reports": reports, "deliveries": deliveries, "reads": conform(reads, "reads")}


def by_account(person, *, seconds=None, agent=None, step=timedelta(minutes=3)):
    """An account that nothing is sent to and that opens every report on every day, one after the other."""
    at = [MORNING + timedelta(days=day) + step * place for day in DAYS for place in range(24)]
    rows = pl.DataFrame({"report": NAMES * len(DAYS), "person": person, "at": at})
    return conform(rows.with_columns(seconds=pl.lit(seconds, pl.Float64), agent=pl.lit(agent, pl.String)), "reads")


def of_every_delivery(after, *, seconds=None, agent=None):
    rows = opened(every_day(NAMES, PEOPLE, DAYS), seconds, after=after)
    return rows.with_columns(agent=pl.lit(agent, pl.String))


MACHINES = {
    "bot": by_account("search-indexer", agent="Mozilla/5.0 (compatible; SearchBot/2.1)"),
    "prefetch": of_every_delivery(timedelta(hours=3, seconds=7), agent=APPLE),
    "at delivery": of_every_delivery(timedelta(seconds=2)),
    "all at once": of_every_delivery(timedelta(hours=2, seconds=1)),
    "every report": by_account("screen-in-the-hall", seconds=30.0),
}
SWEEPING = by_account("archive", step=timedelta(milliseconds=900))


@pytest.mark.parametrize(("kind", "by_machine"), [*MACHINES.items(), ("every report", SWEEPING)])
def test_a_machine_that_opens_everything_changes_nothing(kind, by_machine):
    frames = company()
    alone = report(evidence(**frames))
    joined = report(evidence(**frames | {"reads": pl.concat([frames["reads"], by_machine])}))
    assert alone.tables["machine_openings"].is_empty()
    counted = joined.tables["machine_openings"]
    assert (set(counted["machine"]), counted["opens"].sum()) == ({kind}, by_machine.height)
    assert not counted["counted"].any()
    assert alone.tables.keys() == joined.tables.keys()
    for name in alone.tables.keys() - {"machine_openings"}:
        assert_frame_equal(joined.tables[name], alone.tables[name])
    assert_frame_equal(joined.findings, alone.findings)
    left = {"machine_openings"}
    assert {k: v for k, v in joined.notes.items() if k not in left} == {
        k: v for k, v in alone.notes.items() if k not in left
    }


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "bot"),
        ("TelegramBot (like TwitterBot)", "bot"),
        ("facebookexternalhit/1.1", "bot"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) SkypeUriPreview Preview/0.5", "bot"),
        ("Microsoft Office Existence Discovery", "bot"),
        ("Python-urllib/3.12", "bot"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 20) Chrome/120.0 Mobile Safari/537.36", None),
        (APPLE, "prefetch"),
        (GMAIL_PREFETCH, "prefetch"),
        (GMAIL, "proxy"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "proxy"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
        ("python-requests/2.26.0", "bot"),
        ("Barracuda Sentinel (EE)", "bot"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/113.0", "bot"),
        (FIREFOX, None),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_3 like Mac OS X) AppleWebKit/603.3.8 Mobile/14G60", None),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT X19 Build/PPR1) AppleWebKit/537.36 Chrome/79.0", None),
        ("Microsoft Office/16.0 (Microsoft Outlook 16.0.5215; Pro)", None),
        ("", None),
        (None, None),
    ],
)
def test_what_an_agent_says(agent, kind):
    assert pl.DataFrame({"agent": [agent]}, schema={"agent": str}).select(kind_of_agent(pl.col("agent"))).item() == kind


def test_what_a_proxy_of_pictures_opens_is_the_readers():
    deliveries = delivered("a", "p", range(3))
    reads = opened(deliveries, None).with_columns(agent=pl.lit(GMAIL))
    tables = report(evidence(reports=stock_frame(), deliveries=deliveries, reads=reads)).tables
    assert tables["reports"]["skimmed"].to_list() == [3]
    assert tables["machine_openings"].select("machine", "counted", "opens").rows() == [("proxy", True, 3)]


def stock_frame():
    return pl.DataFrame({"report": ["a"], "words": [400]})


def kinds(reads, deliveries, known=("a",)):
    marked = openings(conform(reads, "reads"), deliveries, stock(*({"report": name} for name in known)))
    return marked.sort("at", "report")["machine"].to_list()


@pytest.mark.parametrize(
    ("after", "seconds", "machine"),
    [
        (timedelta(0), None, "at delivery"),
        (timedelta(seconds=2), None, "at delivery"),
        (timedelta(seconds=2, microseconds=1), None, None),
        (timedelta(seconds=1), 2.0, "at delivery"),
        (timedelta(seconds=1), 2.1, None),
    ],
)
def test_two_seconds_after_delivery(after, seconds, machine):
    deliveries = delivered("a", "p", [0])
    other = opened(delivered("b", "q", [0]), None, after=timedelta(seconds=31))
    reads = pl.concat([opened(deliveries, seconds, after=after), other])
    assert kinds(reads, deliveries) == [machine, None]


def test_a_log_of_whole_minutes_does_not_tell_two_seconds_from_sixty():
    names = [f"r{number}" for number in range(8)]
    deliveries = conform(every_day(names, ["p"], [0]), "deliveries")
    assert set(kinds(opened(deliveries, None, after=timedelta(0)), deliveries, names)) == {None}
    minutes = opened(deliveries, None, after=timedelta(0)).with_columns(log_file=pl.lit("minutes.csv"))
    exact = opened(delivered("r0", "q", [0]), None, after=timedelta(seconds=9)).with_columns(log_file=pl.lit("s.csv"))
    assert set(kinds(pl.concat([minutes, exact]), deliveries, names)) == {None}


@pytest.mark.parametrize(("count", "gap", "machine"), [(5, 2, "all at once"), (4, 2, None), (5, 3, None)])
def test_five_reports_within_two_seconds_of_each_other(count, gap, machine):
    names = [f"r{number}" for number in range(count)]
    at = [MORNING + timedelta(hours=1, seconds=1 + gap * place) for place in range(count)]
    reads = pl.DataFrame({"report": names, "person": "p", "at": at})
    deliveries = conform(every_day(names, ["p"], [0]), "deliveries")
    assert set(kinds(reads, deliveries, names)) == {machine}
    again = reads.with_columns(report=pl.lit("r0"))
    assert set(kinds(again, deliveries, names)) == {None}, "one report reloaded is no machine"
    assert set(kinds(reads, delivered("x", "p", [0]), names)) == {None}, (
        "pages that a browser opens again are a person's"
    )


def sweeping(reports, days, people=("sweeper",), action=None):
    """`people` open every one of so many reports on so many days, none of them sent to them; three others read one."""
    names = [f"r{number:02d}" for number in range(reports)]
    deliveries = conform(every_day(["r00"], PEOPLE[:3], range(days)), "deliveries")
    swept = opened(conform(every_day(names, list(people), range(days)), "deliveries"), 20, after=timedelta(hours=2))
    reads = pl.concat([opened(deliveries, 60), swept.with_columns(action=pl.lit(action, pl.String))])
    return opening_every_report(reads, deliveries, stock(*({"report": name} for name in names)))["person"].to_list()


def test_who_opens_every_report_day_after_day_is_a_machine_where_there_are_many():
    assert sweeping(20, 3) == ["sweeper"]
    assert sweeping(19, 30) == []
    assert sweeping(20, 30, action="dashboard") == [], "a dashboard of twenty cards is opened by one hand"
    assert sweeping(20, 30, action="question") == ["sweeper"]
    assert sweeping(20, 1) == [], "of twenty reports on one day nobody can be certain"
    assert sweeping(20, 3, people=["s1", "s2", "s3", "s4"]) == [], "where half do it, it is how people work there"


def test_who_opens_every_report_that_she_is_sent_is_a_diligent_reader():
    deliveries = conform(every_day(NAMES, PEOPLE, DAYS), "deliveries")
    hers = deliveries.filter(pl.col("person") == PEOPLE[0])
    reads = opened(hers, 6.67, after=timedelta(minutes=5, seconds=7))
    assert opening_every_report(reads, deliveries, stock({"report": "a"})).is_empty()
    assert set(kinds(reads, deliveries, NAMES)) == {None}


def test_where_only_machines_opened_reading_is_unknown_and_the_report_says_why():
    deliveries = delivered("a", "p", range(3))
    reads = opened(deliveries, None).with_columns(agent=pl.lit(APPLE))
    answer = report(evidence(reports=stock_frame(), deliveries=deliveries, reads=reads))
    assert answer.tables["reports"]["unread"].to_list() == [None]
    assert "reads by people: those logged are all by machines" in answer.missing


events = st.lists(
    st.tuples(
        st.sampled_from("abcdefg"),
        st.sampled_from("pq"),
        st.integers(-3, 12),
        st.sampled_from([None, 0.5, 60.0]),
        st.sampled_from([None, APPLE, GMAIL, FIREFOX]),
    ),
    max_size=25,
)


@given(events)
def test_every_opening_is_a_persons_or_counted_as_a_machines(rows):
    table = pl.DataFrame(
        rows, schema={"report": str, "person": str, "second": int, "seconds": float, "agent": str}, orient="row"
    )
    reads = conform(table.with_columns(at=pl.lit(MORNING) + pl.duration(seconds="second")), "reads").unique()
    marked = openings(reads, delivered("a", "p", [0]), stock({"report": "a"}))
    counted = machine_openings(marked).filter(~pl.col("counted"))["opens"].sum()
    assert marked.height == reads.height
    assert by_people(marked).height + counted == reads.height
    assert by_people(marked).columns == reads.columns
