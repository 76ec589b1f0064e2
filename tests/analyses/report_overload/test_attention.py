"""The attention that reports need and get: figures and charts, what is opened beside what was sent, and forwarding."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.reports import PEOPLE, delivered, every_day, evidence, opened, stock
from hypothesis import given
from hypothesis import strategies as st

import integrhealth
from integrhealth.analyses.report_overload import report
from integrhealth.analyses.report_overload.attention.alike import with_groups
from integrhealth.analyses.report_overload.reading import people, read_classes
from integrhealth.language.schema import conform


def words_to_read(**sizes):
    return stock({"report": "a"} | sizes)["reading_words"].item()


@pytest.mark.parametrize(
    ("charts", "seconds"), [(0, 0), (1, 12), (2, 23), (3, 33), (9, 72), (10, 75), (11, 78), (110, 375)]
)
def test_charts_take_twelve_seconds_then_one_less_each_and_never_less_than_three(charts, seconds):
    expected = 400 + seconds / 60 * 238
    assert words_to_read(words=400, charts=charts) == pytest.approx(expected)


def test_a_figure_is_a_word_and_a_report_of_nothing_known_takes_an_unknown_time():
    assert words_to_read(words=400) == 400
    assert words_to_read(words=400, figures=38) == 438
    assert words_to_read(words=None, figures=38) == 38
    assert words_to_read(words=None, charts=1) == pytest.approx(47.6)
    assert words_to_read(words=None, figures=0, charts=None) is None


def test_a_page_of_charts_is_read_when_it_is_looked_at_as_long_as_they_take():
    deliveries = delivered("a", "p", range(4))
    reads = pl.concat([opened(deliveries[[place]], seconds) for place, seconds in enumerate([60, 59, 18, 17.8])])
    dashboard = stock({"report": "a", "words": None, "charts": 10})
    classes = read_classes(deliveries, reads, reports=dashboard)
    assert classes["read_class"].to_list() == ["read", "skimmed", "skimmed", "unread"]
    assert people(classes)["needed_minutes"].item() == pytest.approx(75 / 60)
    row = report(evidence(reports=dashboard, deliveries=deliveries, reads=reads)).tables["reports"].row(0, named=True)
    assert row["minutes"] == pytest.approx(4 * 75 / 60)


def passing():
    """A weekly report to two people; one forwards it once, and somebody else opens it twice after that."""
    deliveries = every_day(["a"], PEOPLE[:2], [0, 7])
    own = opened(deliveries, 100)
    forward = opened(delivered("a", PEOPLE[0], [0]), None, after=timedelta(hours=1)).with_columns(
        action=pl.lit("Forward")
    )
    other = opened(delivered("a", "colleague", [0, 7]), 90, after=timedelta(hours=2))
    early = opened(delivered("a", "colleague", [-3]), 30)
    return deliveries, pl.concat([own, forward, other, early])


def test_what_is_passed_on_is_counted_and_not_lost():
    deliveries, reads = passing()
    tables = report(
        evidence(reports=pl.DataFrame({"report": ["a"], "words": [400]}), deliveries=deliveries, reads=reads)
    ).tables
    assert tables["passed_on"].rows() == [("a", 1, 1, 2, 1, 3.0)]
    row = tables["reports"].row(0, named=True)
    assert (row["read"] + row["skimmed"] + row["unread"], row["unasked_reads"]) == (4, 3)
    assert tables["people"].sort("person")["forwards"].to_list() == [1, 0]


def test_what_nobody_passed_on_is_no_row():
    deliveries = every_day(["a"], PEOPLE, range(5))
    tables = report(evidence(deliveries=deliveries, reads=opened(deliveries, 60))).tables
    assert tables["passed_on"].is_empty()
    only_pulled = report(evidence(reads=opened(deliveries, 60))).tables
    assert only_pulled["passed_on"].is_empty(), "where nothing is sent nothing is passed on"


def test_minutes_with_what_was_not_sent_stand_beside_those_with_deliveries():
    deliveries = conform(every_day(["a"], ["p"], range(10)), "deliveries")
    pulled = opened(conform(every_day(["b"], ["p"], range(5)), "deliveries"), 120)
    left_open = opened(conform(every_day(["b"], ["p"], [7]), "deliveries"), 7200)
    untimed = opened(conform(every_day(["b"], ["p"], [8]), "deliveries"), None)
    inventory = pl.DataFrame({"report": ["a", "b"], "words": [400, 400]})
    reads = pl.concat([opened(deliveries, 60), pulled, left_open, untimed])
    row = report(evidence(reports=inventory, deliveries=deliveries, reads=reads)).tables["people"].row(0, named=True)
    assert (row["spent_minutes"], row["unasked_opens"]) == (1, 7)
    assert row["unasked_minutes"] == pytest.approx((5 * 2 + 4) / 10), "four minutes is the slowest reading of 400 words"


def groups(*minutes):
    table = pl.DataFrame(minutes, schema={"needed_minutes": float, "spent_minutes": float}, orient="row")
    return with_groups(table)["group"].to_list()


def test_people_are_alike_while_neither_number_leaps():
    assert groups((100.0, 8.0), (110.0, 10.0), (121.0, 10.1)) == [1, 1, 1]
    assert groups((111.0, 8.0), (100.0, 8.0)) == [1, 2], "over a tenth more to read"
    assert groups((100.0, 8.0), (100.0, 10.1)) == [1, 2], "over a quarter more read"
    assert groups((100.0, 0.0), (100.0, 0.0), (100.0, 0.1)) == [1, 1, 2], "who reads nothing is not like who reads"
    assert groups((2.0, 0.5), (2.9, 1.4), (100.0, 0.5)) == [1, 1, 2], "a minute a day is no difference"
    assert groups((100.0, None), (100.0, 8.0), (None, None), (100.0, None)) == [1, 2, 3, 1]
    assert groups() == []


@given(st.lists(st.tuples(*[st.sampled_from([None, 0.0, 1.0, 1.05, 1.2, 3.0])] * 2), max_size=12))
def test_equal_people_share_a_group_and_the_first_person_is_in_the_first(minutes):
    numbers = groups(*minutes)
    assert sorted(set(numbers)) == list(range(1, len(set(numbers)) + 1))
    assert numbers[:1] in ([], [1])
    assert len({(pair, number) for pair, number in zip(minutes, numbers, strict=True)}) == len(set(minutes))


def written(folder):
    """Three reports to two people, one of whom owns them, as files with their addresses; one of them forwards."""
    lines = [
        f"{report},{person}@example.com,2026-03-{day:02d}T07:00:0{number}Z"
        for day in range(2, 12)
        for number, report in enumerate("abc")
        for person in ("ann", "bob")
    ]
    (folder / "reports.csv").write_text(
        "report,words,decisions,owner\n" + "".join(f"{report},400,d{report},ann@example.com\n" for report in "abc")
    )
    (folder / "deliveries.csv").write_text("\n".join(["report,person,at", *lines]) + "\n")
    reads = [line.replace("T07", "T08") + ",20,forward" for line in lines if "bob" in line]
    (folder / "reads.csv").write_text("\n".join(["report,person,at,seconds,action", *reads]) + "\n")
    (folder / "mapping.yaml").write_text(
        """sources:
  - {glob: reports.csv, frame: reports, columns: {report: report, words: words, decisions: decisions, owner: owner}}
  - {glob: deliveries.csv, frame: deliveries, columns: {report: report, person: person, at: at}}
  - {glob: reads.csv, frame: reads, columns: {report: report, person: person, at: at, seconds: seconds, action: action}}
"""
    )
    return folder


def texts(answer):
    frames = [*answer.tables.values(), answer.findings]
    return "".join(frame.write_json() for frame in frames) + str(answer.notes)


def test_no_table_shows_an_address_and_a_person_has_the_same_name_every_time(tmp_path):
    first, again = (report(integrhealth.read(written(tmp_path))) for _ in range(2))
    assert "@" not in texts(first)
    people = first.tables["people"]["person"]
    assert people.str.contains(r"^person-[0-9a-f]{10}$").all()
    assert people.to_list() == again.tables["people"]["person"].to_list()
    assert set(first.tables["reports"]["owner"]) < set(people), "who owns and who reads is one person under one name"
    shown = report(integrhealth.read(tmp_path, show_people=True))
    assert set(shown.tables["people"]["person"]) == {"ann@example.com", "bob@example.com"}
    assert set(shown.tables["reports"]["owner"]) == {"ann@example.com"}


def test_with_views_only_the_report_says_what_cannot_be_known():
    views = opened(conform(every_day(["a", "b"], PEOPLE, range(5)), "deliveries"), None)
    answer = report(evidence(reads=views))
    assert answer.tables["people"].is_empty()
    assert answer.tables["reports"].select("deliveries", "unread", "verdict").unique().rows() == [
        (0, None, "cannot tell")
    ]
    for lacking in ("what nobody gets or opens is in no log", "deliveries", "reads.seconds"):
        assert lacking in answer.missing
    assert answer.findings.is_empty()
