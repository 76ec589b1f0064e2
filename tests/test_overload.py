"""Report overload: a company with sixty-three reports of which eight would do, and the ways in which logs mislead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.overlap import nearest, overlaps
from integrhealth.analyses.overload import VERDICTS, inventory, report
from integrhealth.analyses.reading import READ_CLASSES, assigned_reads, company, people, read_classes
from integrhealth.analyses.smallest_set import cadences, services, smallest_set, stand_ins
from integrhealth.catalog import Catalog
from integrhealth.published import TABLES
from integrhealth.schema import FRAMES, conform

MORNING = datetime(2026, 3, 2, 7, tzinfo=UTC)
PEOPLE = [f"manager {number}" for number in range(6)]


def evidence(**frames):
    """Evidence of these frames, the others empty."""
    catalog = frames.pop("catalog", Catalog())
    empty = {name: frame.empty() for name, frame in FRAMES.items()}
    given_frames = {name: conform(frame, name) for name, frame in frames.items()}
    return SimpleNamespace(**empty | given_frames, catalog=catalog)


def stock(*reports):
    """An inventory; what a report does not say is 400 words, one field of its own, and not statutory."""
    rows = [
        {"words": 400, "fields": [f"field of {row['report']}"], "decisions": [], "statutory": False} | row
        for row in reports
    ]
    return inventory(conform(pl.DataFrame(rows, infer_schema_length=None), "reports"), Catalog().reports)


def delivered(report_name, person, days, hour=7):
    at = [MORNING.replace(hour=hour) + timedelta(days=day) for day in days]
    return conform(pl.DataFrame({"report": report_name, "person": person, "at": at}), "deliveries")


def opened(deliveries, seconds, *, after=timedelta(minutes=5)):
    rows = deliveries.select("report", "person", at=pl.col("at") + after, seconds=pl.lit(seconds, pl.Float64))
    return conform(rows, "reads")


def every_day(names, persons, days):
    """Every report to every person on each of the days, at seven o'clock."""
    return (
        pl.DataFrame({"report": names})
        .join(pl.DataFrame({"person": persons}), how="cross")
        .join(pl.DataFrame({"at": [MORNING + timedelta(days=day) for day in days]}), how="cross")
    )


def flooded_company(days=20, seed=7):
    """63 reports: 7 needed, 40 longer copies of them, 1 statutory that nobody opens, 15 that serve no decision.

    The fifteen and the copies are opened more often than the needed ones, so that openings point the wrong way.
    """
    rng = np.random.default_rng(seed)
    names = [f"Report {number:03d}" for number in rng.permutation(900)[:63]]
    needed, copies, law, pointless = names[:7], names[7:47], names[47], names[48:]
    originals = [
        {
            "report": name,
            "words": 400,
            "decisions": [f"decision {number}"],
            "fields": [f"field {number}.{field}" for field in range(6)],
            "metrics": [f"metric {number}.{metric}" for metric in range(3)],
        }
        for number, name in enumerate(needed)
    ]
    copied = [
        originals[place % 7] | {"report": name, "words": 410 + place, "metrics": originals[place % 7]["metrics"][:2]}
        for place, name in enumerate(copies)
    ]
    others = [
        {"report": name, "words": 400, "decisions": [], "fields": [f"only {name} {n}" for n in range(5)], "metrics": []}
        for name in [law, *pointless]
    ]
    rows = pl.DataFrame([*originals, *copied, *others]).with_columns(
        statutory=pl.col("report") == law, owner=pl.lit("bi-lead@example.com")
    )
    deliveries = every_day(names, PEOPLE, range(days))
    popularity = pl.DataFrame({"report": names, "chance": [0.1] * 7 + [0.5] * 40 + [0.0] + [0.8] * 15})
    reads = (
        deliveries.join(popularity, on="report")
        .filter(pl.Series(rng.random(deliveries.height)) < pl.col("chance"))
        .select("report", "person", at=pl.col("at") + timedelta(minutes=20), seconds=pl.lit(12.0))
    )
    shuffled = evidence(
        reports=rows.sample(fraction=1, shuffle=True, seed=seed),
        deliveries=deliveries.sample(fraction=1, shuffle=True, seed=seed),
        reads=reads.sample(fraction=1, shuffle=True, seed=seed),
    )
    return shuffled, SimpleNamespace(needed=needed, copies=copies, law=law, pointless=pointless)


# Planted truth


def test_eight_of_sixty_three_reports_are_kept():
    company_of_63, truth = flooded_company()
    tables = report(company_of_63).tables
    kept = dict(tables["keep"].select("report", "reason").iter_rows())
    assert sorted(kept) == sorted([*truth.needed, truth.law])
    assert kept.pop(truth.law) == "statutory"
    assert set(kept.values()) == {"smallest set"}
    assert tables["keep"]["proven"].all()

    verdicts = dict(tables["reports"].select("report", "verdict").iter_rows())
    assert {verdicts[name] for name in truth.needed} == {"keep"}
    assert verdicts[truth.law] == "statutory"
    assert {verdicts[name] for name in truth.copies} == {"near-duplicate"}
    assert {verdicts[name] for name in truth.pointless} == {"retire candidate"}
    covered_by = dict(tables["reports"].select("report", "covered_by").iter_rows())
    assert [covered_by[name] for name in truth.copies[:9]] == [[truth.needed[place % 7]] for place in range(9)]


def test_openings_alone_do_not_find_the_needed_reports():
    company_of_63, truth = flooded_company()
    most_opened = report(company_of_63).tables["reports"].sort("unread").head(7)["report"]
    assert not set(most_opened) & set(truth.needed)


def test_findings_name_the_flood_the_spare_reports_and_whom_to_ask():
    company_of_63, _ = flooded_company()
    found = {row["rule"]: row for row in report(company_of_63).findings.iter_rows(named=True)}
    assert found.keys() == {"flood", "spare_reports", "no_decision", "near_duplicates"}
    assert found["flood"]["severity"] == found["spare_reports"]["severity"] == "critical"
    assert found["flood"]["low"] < found["flood"]["value"] < found["flood"]["high"]
    assert found["spare_reports"]["value"] == pytest.approx(55 / 63)
    assert (found["no_decision"]["value"], found["near_duplicates"]["value"]) == (15, 40)
    assert {row["owner"] for row in found.values()} == {"bi-lead@example.com"}
    assert all(row["ask"].endswith("?") and len(row["statement"]) <= 160 for row in found.values())


def test_sixty_three_reports_of_400_words_in_seven_minutes():
    names = [f"report {number}" for number in range(63)]
    deliveries = every_day(names, ["manager"], [0])
    reports = stock(*({"report": name} for name in names))
    classes = read_classes(conform(deliveries, "deliveries"), opened(deliveries, 7 * 60 / 63), reports=reports)
    row = people(classes).row(0, named=True)
    assert row["reports_per_day"] == 63
    assert row["needed_minutes"] == pytest.approx(105.88, abs=0.01)
    assert row["spent_minutes"] == pytest.approx(7)
    assert row["flood_ratio"] == pytest.approx(15.13, abs=0.01)
    assert (row["low"], row["high"]) == (None, None), "one day says nothing about other days"
    assert classes["wpm"].to_numpy() == pytest.approx(3600)
    assert set(classes["read_class"]) == {"unread"}


def test_nothing_is_found_where_every_report_is_read_and_serves_its_own_decision():
    rng = np.random.default_rng(3)
    names = [f"report {number}" for number in range(10)]
    deliveries = every_day(names, PEOPLE, range(30))
    seconds = 400 / rng.uniform(200, 280, deliveries.height) * 60
    reads = deliveries.select("report", "person", at=pl.col("at") + timedelta(hours=1), seconds=pl.Series(seconds))
    answer = report(
        evidence(
            reports=stock(*({"report": name, "decisions": [f"decision {name}"]} for name in names)),
            deliveries=deliveries,
            reads=reads,
        )
    )
    assert answer.tables["keep"]["report"].to_list() == names
    assert set(answer.tables["keep"]["reason"]) == {"only source"}
    assert set(answer.tables["reports"]["verdict"]) == {"keep"}
    assert answer.tables["reports"].select("read", "skimmed", "unread").sum().row(0) == (1800, 0, 0)
    assert answer.tables["overlaps"].is_empty()
    assert answer.findings.is_empty()
    assert answer.missing is None


def test_the_interval_of_the_flood_ratio_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    persons, days = [f"person {number:03d}" for number in range(400)], range(15)
    deliveries = every_day(["a", "b", "c"], persons, days)
    seconds = rng.gamma(1.5, 20 / 1.5, deliveries.height)
    reads = deliveries.select("report", "person", at=pl.col("at") + timedelta(hours=1), seconds=pl.Series(seconds))
    classes = read_classes(
        conform(deliveries, "deliveries"),
        conform(reads, "reads"),
        reports=stock(*({"report": name, "words": 400} for name in "abc")),
    )
    ratio = 400 / 238 * 60 / 20
    held = people(classes).select(((pl.col("low") <= ratio) & (ratio <= pl.col("high"))).mean()).item()
    assert 0.90 < held < 0.98


# Reading


def read_class(seconds, words=400, opens=True):
    deliveries = delivered("a", "p", [0])
    reads = opened(deliveries, seconds) if opens else opened(delivered("a", "someone else", [0]), 60)
    row = read_classes(deliveries, reads, reports=stock({"report": "a", "words": words})).row(0, named=True)
    return row["read_class"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(80, "read"), (79.9, "skimmed"), (24, "skimmed"), (23.9, "unread"), (0.5, "unread"), (0, "unread")],
)
def test_the_class_follows_from_the_implied_speed(seconds, expected):
    assert read_class(seconds) == expected


def test_an_opened_report_of_unknown_speed_is_between_read_and_unread():
    assert read_class(None) == read_class(-5) == read_class(float("nan")) == read_class(60, words=None) == "skimmed"
    assert read_class(60, words=0) == "skimmed"
    assert read_class(60, opens=False) == "unread"


def test_a_read_belongs_to_the_latest_delivery_before_it():
    deliveries = delivered("a", "p", [0, 1, 2])
    times = [MORNING - timedelta(hours=1), MORNING, MORNING + timedelta(days=1, hours=1), MORNING + timedelta(days=1.9)]
    reads = conform(pl.DataFrame({"report": "a", "person": "p", "at": times, "seconds": [9.0, 10, 20, 30]}), "reads")
    classes = read_classes(deliveries, reads, reports=stock({"report": "a"}))
    assert classes["seconds"].to_list() == [10, 50, None]
    assert classes["opens"].to_list() == [1, 2, 0]
    assert assigned_reads(deliveries, reads)["delivered_at"].null_count() == 1
    answer = report(evidence(reports=stock({"report": "a"}), deliveries=deliveries, reads=reads))
    assert answer.tables["reports"]["unasked_reads"].to_list() == [1]


def test_a_window_left_open_is_not_reading():
    deliveries = delivered("a", "p", range(40))
    classes = read_classes(deliveries, opened(deliveries, 8 * 3600), reports=stock({"report": "a"}))
    assert set(classes["seconds"]) == {240.0}
    assert people(classes)["spent_minutes"].item() == 4


def test_days_are_those_of_the_company():
    evening = delivered("a", "p", [0], hour=22)
    night = delivered("a", "p", [1], hour=1)
    classes = read_classes(pl.concat([evening, night]), opened(evening, 90), reports=stock({"report": "a"}))
    assert people(classes)["days"].item() == 2
    assert people(classes, timezone="Asia/Tokyo")["days"].item() == 1


def test_a_person_who_never_reads_has_no_ratio_and_few_deliveries_give_none():
    deliveries = pl.concat([delivered("a", person, range(40)) for person in ("never", "always")])
    few = delivered("a", "few", range(5))
    reads = opened(pl.concat([deliveries.filter(pl.col("person") == "always"), few]), 100)
    classes = read_classes(pl.concat([deliveries, few]), reads, reports=stock({"report": "a"}))
    ratios = dict(people(classes).select("person", "flood_ratio").iter_rows())
    assert ratios == {"never": None, "always": pytest.approx(400 / 238 * 60 / 100), "few": None}
    assert people(classes)["person"].to_list()[0] == "never"
    assert company(classes)["never_reading"].item() == 1


def test_minutes_spent_are_unknown_where_openings_carry_no_time():
    deliveries = delivered("a", "p", range(40))
    reads = pl.concat([opened(deliveries.head(30), None), opened(deliveries.tail(10), 60)])
    classes = read_classes(deliveries, reads, reports=stock({"report": "a"}))
    row = people(classes).row(0, named=True)
    assert row["untimed"] == 30
    assert (row["needed_minutes"], row["spent_minutes"], row["flood_ratio"]) == (pytest.approx(400 / 238), None, None)


# Overlap


def test_overlap_counts_shared_fields_and_metrics_once():
    reports = stock(
        {"report": "a", "fields": ["1", "2", "3", "3"], "metrics": ["4", "5"]},
        {"report": "b", "fields": ["5", "4", "3"], "metrics": ["2"]},
        {"report": "c", "fields": ["1", "2"], "metrics": ["9"]},
        {"report": "d", "fields": [], "metrics": []},
    )
    pairs = overlaps(reports).select("report", "other", "overlap", "kind").rows()
    assert pairs == [("a", "b", 0.8, "near-duplicate")]
    found = {row[0]: row[1:] for row in nearest(reports).iter_rows()}
    assert found == {"a": ("b", 0.8), "b": ("a", 0.8), "c": ("a", pytest.approx(2 / 6)), "d": (None, None)}


names_of_items = st.lists(st.sampled_from("uvwxyz"), max_size=5)


@given(st.lists(st.tuples(names_of_items, names_of_items), min_size=1, max_size=8))
def test_overlap_is_that_of_the_plain_definition(contents):
    reports = stock(*({"report": f"r{i}", "fields": f, "metrics": m} for i, (f, m) in enumerate(contents)))
    sets = {f"r{i}": {*f, *m} for i, (f, m) in enumerate(contents)}
    jaccard = {
        (a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in combinations(sets, 2) if sets[a] | sets[b]
    }
    expected = {pair: share for pair, share in jaccard.items() if share >= 0.5}
    assert {row[:2]: row[2] for row in overlaps(reports).select("report", "other", "overlap").iter_rows()} == expected
    for name, _, share in nearest(reports).iter_rows():
        others = [value for pair, value in jaccard.items() if name in pair]
        assert share == (max(others, default=0.0) if sets[name] else None)


# The smallest set


@pytest.mark.parametrize(
    ("days", "cadence"),
    [
        (range(30), "daily"),
        ([0, 1, 2, 3, 4, 7, 8, 9, 10, 11], "daily"),
        ([0, 7, 14], "weekly"),
        ([0, 31, 59], "monthly"),
        ([0, 90], "rare"),
        ([0], "rare"),
    ],
)
def test_the_cadence_is_the_median_gap_between_days(days, cadence):
    twice_a_day = pl.concat([delivered("a", "p", days), delivered("a", "p", days, hour=16)])
    assert cadences(twice_a_day)["cadence"].to_list() == [cadence]


def kept(reports, deliveries):
    return smallest_set(cadences(deliveries), reports)["report"].to_list()


def test_a_slower_report_cannot_stand_in_for_a_faster_one():
    reports = stock(
        {"report": "daily", "words": 900, "decisions": ["price"]},
        {"report": "weekly", "words": 10, "decisions": ["price"]},
        {"report": "weekly and more", "words": 10, "decisions": ["price", "stock"]},
    )
    deliveries = pl.concat(
        [
            delivered("daily", "p", range(21)),
            delivered("weekly", "p", [0, 7, 14]),
            delivered("weekly and more", "p", [0, 7, 14]),
        ]
    )
    assert kept(reports, deliveries) == ["daily", "weekly and more"]
    served = services(cadences(deliveries), reports)
    assert stand_ins(served, pl.Series(["daily", "weekly and more"])).rows() == [("weekly", ["daily"])]


def test_everybody_who_is_served_today_stays_served():
    reports = stock(
        {"report": "to both", "words": 900, "decisions": ["price"]},
        {"report": "to one", "words": 10, "decisions": ["price"]},
    )
    sent = [
        delivered("to one", "p", range(9)),
        delivered("to both", "p", range(9)),
        delivered("to both", "q", range(9)),
    ]
    assert kept(reports, pl.concat(sent)) == ["to both"]


def test_a_statutory_report_covers_what_it_serves_and_stays_undelivered():
    reports = stock(
        {"report": "law", "words": 9000, "decisions": ["price"], "statutory": True},
        {"report": "law, never sent", "statutory": True},
        {"report": "short", "words": 10, "decisions": ["price"]},
    )
    sent = [delivered("law", "p", range(9)), delivered("short", "p", range(9))]
    assert kept(reports, pl.concat(sent)) == ["law", "law, never sent"]


def test_fewer_reports_come_before_fewer_minutes_and_minutes_before_names():
    reports = stock(
        {"report": "a", "words": 500, "decisions": ["1"]},
        {"report": "b", "words": 500, "decisions": ["2"]},
        {"report": "c", "words": 5000, "decisions": ["1", "2"]},
        {"report": "d", "words": 4999, "decisions": ["1", "2"]},
        {"report": "e", "words": 4999, "decisions": ["1", "2"]},
    )
    deliveries = pl.concat([delivered(name, "p", range(9)) for name in "abcde"])
    assert kept(reports, deliveries) == ["d"]


@settings(max_examples=30)
@given(st.data())
def test_the_smallest_set_is_that_of_trying_all(data):
    size = data.draw(st.integers(2, 7))
    names = [f"r{number}" for number in range(size)]
    some = st.sets(st.sampled_from(["w", "x", "y", "z"]), max_size=3)
    persons = st.sets(st.sampled_from("pq"), max_size=2)
    serves = {name: data.draw(some) for name in names}
    reaches = {name: data.draw(persons) for name in names}
    words = {name: data.draw(st.sampled_from([100, 200, 300])) for name in names}
    law = {name for name in names if data.draw(st.integers(0, 5)) == 0}
    reports = stock(
        *({"report": n, "words": words[n], "decisions": sorted(serves[n]), "statutory": n in law} for n in names)
    )
    sent = [delivered(name, person, range(3)) for name in names for person in reaches[name]]
    deliveries = pl.concat(sent) if sent else FRAMES["deliveries"].empty()
    covers = {name: {(d, p) for d in serves[name] for p in reaches[name]} for name in names}
    everything = set().union(*covers.values())
    choices = [
        (len(chosen), sum(words[n] * len(reaches[n]) for n in chosen), sum(names.index(n) for n in chosen), chosen)
        for count in range(size + 1)
        for chosen in combinations(names, count)
        if law <= set(chosen) and set().union(*(covers[n] for n in chosen)) == everything
    ]
    found = kept(reports, deliveries)
    minutes = sum(words[n] * len(reaches[n]) for n in found)
    assert (len(found), minutes, sum(names.index(n) for n in found)) == min(choices)[:3]


# Unopened, undelivered, unknown


def ninety_days(days, *, last_opened):
    deliveries = pl.concat([delivered("dead", "p", range(days)), delivered("alive", "p", range(days))])
    reads = opened(deliveries.filter((pl.col("report") == "alive") | pl.Series(last_opened)), 100)
    return report(evidence(reports=stock({"report": "dead"}, {"report": "alive"}), deliveries=deliveries, reads=reads))


def test_unopened_for_ninety_days_needs_ninety_days_of_data():
    never = [False] * 180
    verdicts = dict(ninety_days(90, last_opened=never).tables["reports"].select("report", "verdict").iter_rows())
    assert verdicts == {"dead": "unopened 90 days", "alive": "not enough data"}
    short = ninety_days(89, last_opened=never[:178])
    assert set(short.tables["reports"]["verdict"]) == {"not enough data"}
    assert short.tables["reports"]["unopened"].null_count() == 2
    once = ninety_days(90, last_opened=[True] + [False] * 179)
    assert not once.tables["reports"]["unopened"].any()
    assert ninety_days(90, last_opened=never).findings.filter(pl.col("rule") == "unopened")["severity"].item() == "note"


def test_reports_that_are_unknown_or_never_sent_are_named_as_such():
    deliveries = pl.concat([delivered(name, "p", range(9)) for name in ("known", "unknown")])
    reports = stock({"report": "known", "decisions": ["price"]}, {"report": "shelf", "decisions": ["price"]})
    strange = opened(delivered("opened only", "p", [3]), 5)
    reads = pl.concat([opened(deliveries, 100), strange])
    answer = report(evidence(reports=reports, deliveries=deliveries, reads=reads))
    table = answer.tables["reports"]
    assert dict(table.select("report", "verdict").iter_rows()) == {
        "known": "keep",
        "unknown": "not in inventory",
        "shelf": "not delivered",
        "opened only": "not in inventory",
    }
    assert table["read"].sum() + table["skimmed"].sum() + table["unread"].sum() == deliveries.height
    assert answer.tables["people"]["without_words"].to_list() == [9]


def test_the_catalog_adds_decisions_owners_and_reports_and_wins():
    declared = pl.DataFrame(
        {
            "report": ["a", "c"],
            "decisions": [["price"], ["stock"]],
            "statutory": [None, True],
            "owner": ["new@example.com", None],
        },
        schema=Catalog().reports.schema,
    )
    logged = conform(
        pl.DataFrame(
            {"report": ["a", "a", "b"], "decisions": ["old", "", "tax"], "words": [100, 300, -1], "owner": "x"}
        ),
        "reports",
    )
    rows = inventory(logged, declared).select("report", "words", "decisions", "statutory", "owner").rows()
    assert rows == [
        ("a", 300, ["price"], False, "new@example.com"),
        ("b", None, ["tax"], False, "x"),
        ("c", None, ["stock"], True, None),
    ]


# Broken and partial input


@pytest.mark.parametrize(
    ("given_frames", "needs", "filled"),
    [
        ((), ("reports", "deliveries", "reads"), ()),
        (("reports",), ("deliveries", "reads"), ("reports", "overlaps")),
        (("deliveries",), ("reports", "reads"), ("reports", "people")),
        (("reads",), ("reports", "deliveries"), ("reports",)),
        (("reports", "deliveries"), ("reads",), ("people", "reports", "keep", "overlaps")),
        (("deliveries", "reads"), ("reports",), ("people", "reports")),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_answered(given_frames, needs, filled):
    whole, _ = flooded_company(days=6)
    answer = report(evidence(**{name: getattr(whole, name) for name in given_frames}))
    assert answer.missing.startswith("needs ")
    assert {word for word in ("reports (", "deliveries (", "reads (") if word in answer.missing} == {
        f"{name} (" for name in needs
    }
    assert {name for name, table in answer.tables.items() if table.height} == set(filled)
    for name, columns in TABLES["report_overload"].items():
        assert list(answer.tables[name].columns)[: len(columns)] == list(columns)
        assert answer.tables[name].height or answer.notes[name]
    assert set(answer.tables["reports"]["verdict"]) <= set(VERDICTS)


def test_without_reads_nothing_is_called_unread():
    whole, _ = flooded_company(days=6)
    answer = report(evidence(reports=whole.reports, deliveries=whole.deliveries))
    assert answer.tables["reports"].select("read", "skimmed", "unread").null_count().row(0) == (63, 63, 63)
    assert answer.tables["people"]["spent_minutes"].null_count() == len(PEOPLE)
    assert answer.tables["people"]["needed_minutes"].min() > 100
    assert answer.tables["keep"].height == 8
    assert "flood" not in answer.findings["rule"]


def test_copies_of_rows_change_nothing():
    whole, _ = flooded_company(days=6)
    twice = evidence(**{name: pl.concat([getattr(whole, name)] * 2) for name in ("reports", "deliveries", "reads")})
    once, doubled = report(whole), report(twice)
    for name, table in once.tables.items():
        assert_frame_equal(table, doubled.tables[name])
    assert_frame_equal(once.findings, doubled.findings)


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    whole, _ = flooded_company(days=5)
    frames = {
        name: getattr(whole, name).sample(fraction=1, shuffle=True, seed=seed)
        for name in ("reports", "deliveries", "reads")
    }
    ordered, shuffled = report(whole), report(evidence(**frames))
    for name, table in ordered.tables.items():
        assert_frame_equal(table, shuffled.tables[name])
    assert_frame_equal(ordered.findings, shuffled.findings)


arrivals = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("pq"), st.integers(0, 9)), max_size=12)
openings = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from("pq"),
        st.integers(-2, 12),
        st.sampled_from([None, -1.0, 0.0, 0.5, 50.0, 1e6, float("nan"), float("inf")]),
    ),
    min_size=1,
    max_size=12,
)


@given(arrivals, openings)
def test_every_delivery_has_one_class_and_no_read_is_lost(sent, reads):
    deliveries = conform(
        pl.DataFrame(sent, schema=["report", "person", "hour"], orient="row").select(
            pl.col("report", "person").cast(pl.String), at=pl.lit(MORNING) + pl.duration(hours=pl.col("hour").cast(int))
        ),
        "deliveries",
    )
    reading = conform(
        pl.DataFrame(
            reads, schema={"report": str, "person": str, "hour": int, "seconds": float}, orient="row", strict=False
        ).with_columns(at=pl.lit(MORNING) + pl.duration(hours="hour")),
        "reads",
    )
    classes = read_classes(deliveries, reading, reports=stock({"report": "a"}, {"report": "b", "words": None}))
    assert classes.height == len(set(sent))
    assert set(classes["read_class"]) <= set(READ_CLASSES)
    assert (classes["seconds"].is_finite() & (classes["seconds"] >= 0)).drop_nulls().all()
    distinct = reading.unique(["report", "person", "at", "seconds", "action"])
    unasked = assigned_reads(deliveries, reading)["delivered_at"].null_count()
    assert classes["opens"].sum() + unasked == distinct.height


def test_a_catalog_in_another_time_zone_moves_no_delivery_out_of_the_count():
    whole, _ = flooded_company(days=6)
    whole.catalog = replace(Catalog(), timezone="Pacific/Kiritimati")
    assert report(whole).tables["reports"]["deliveries"].sum() == 63 * len(PEOPLE) * 6
