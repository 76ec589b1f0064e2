"""Report overload: a company with sixty-three reports of which eight would do, and the ways in which logs mislead."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from drawing.reports import PEOPLE, delivered, every_day, evidence, opened, stock
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.report_overload import report
from integrhealth.analyses.report_overload.cover.verdicts import VERDICTS
from integrhealth.analyses.report_overload.inventory import inventory
from integrhealth.analyses.report_overload.tables import TABLES
from integrhealth.catalog import Catalog
from integrhealth.language.schema import conform


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
    assert {verdicts[name] for name in [*truth.needed, truth.law]} == {"keep"}
    assert {verdicts[name] for name in truth.copies} == {"merge"}
    assert {verdicts[name] for name in truth.pointless} == {"retire"}
    whys = dict(tables["reports"].select("report", "why").iter_rows())
    assert (whys[truth.law], {whys[name] for name in truth.pointless}) == ("statutory", {"no decision"})
    assert tables["keep"]["gap"].sum() == tables["keep"]["uncovered"].sum() == tables["reports"]["uncovered"].sum() == 0
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


def test_a_flood_of_reports_that_nobody_owns_is_nobodys():
    names = [f"report {number}" for number in range(20)]
    reports = stock(*({"report": name, "owner": "law@example.com" if name == "report 0" else None} for name in names))
    deliveries = every_day(names, PEOPLE, range(10))
    reads = opened(deliveries.filter(pl.col("person") == PEOPLE[0]), 10)
    found = report(evidence(reports=reports, deliveries=deliveries, reads=reads)).findings.row(0, named=True)
    assert (found["rule"], found["severity"], found["owner"]) == ("flood", "critical", None)
    assert found["statement"] == "20 reports a person and day need 33.6 minutes and get 0.6; 5 of 6 people read none."


def test_a_flood_where_nobody_reads_at_all_is_critical_without_a_ratio():
    deliveries = every_day(["a", "b"], PEOPLE, range(10))
    reads = opened(deliveries, 0)
    found = report(
        evidence(reports=stock({"report": "a"}, {"report": "b"}), deliveries=deliveries, reads=reads)
    ).findings
    assert found.filter(pl.col("rule") == "flood").select("severity", "value").row(0) == ("critical", None)


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


# Unopened, undelivered, unknown


def ninety_days(days, *, last_opened):
    deliveries = pl.concat([delivered("dead", "p", range(days)), delivered("alive", "p", range(days))])
    reads = opened(deliveries.filter((pl.col("report") == "alive") | pl.Series(last_opened)), 100)
    return report(evidence(reports=stock({"report": "dead"}, {"report": "alive"}), deliveries=deliveries, reads=reads))


def test_unopened_for_ninety_days_needs_ninety_days_of_data():
    never = [False] * 180
    verdicts = ninety_days(90, last_opened=never).tables["reports"].select("report", "verdict", "why").sort("report")
    assert verdicts.rows() == [("alive", "cannot tell", "not declared"), ("dead", "retire", "unopened 90 days")]
    short = ninety_days(89, last_opened=never[:178])
    assert set(short.tables["reports"]["verdict"]) == {"cannot tell"}
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
    assert {row[0]: row[1:] for row in table.select("report", "verdict", "why").iter_rows()} == {
        "known": ("keep", "only source"),
        "unknown": ("cannot tell", "not in inventory"),
        "shelf": ("cannot tell", "not delivered"),
        "opened only": ("cannot tell", "not in inventory"),
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


CURATED = ("coverage", "curation", "handful", "savings")


@pytest.mark.parametrize(
    ("given_frames", "needs", "filled"),
    [
        ((), ("reports", "deliveries", "reads"), ()),
        (("reports",), ("deliveries", "reads"), ("reports", "overlaps")),
        (("deliveries",), ("reports", "reads"), ("reports", "people", "questionnaire")),
        (("reads",), ("reports", "deliveries"), ("reports", "questionnaire")),
        (("reports", "deliveries"), ("reads",), ("people", "reports", "keep", "overlaps", *CURATED)),
        (("deliveries", "reads"), ("reports",), ("people", "reports", "questionnaire")),
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
    for name, columns in TABLES.items():
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


@cache
def ordered_report():
    return report(flooded_company(days=5)[0])


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    whole, _ = flooded_company(days=5)
    frames = {
        name: getattr(whole, name).sample(fraction=1, shuffle=True, seed=seed)
        for name in ("reports", "deliveries", "reads")
    }
    ordered, shuffled = ordered_report(), report(evidence(**frames))
    for name, table in ordered.tables.items():
        assert_frame_equal(table, shuffled.tables[name])
    assert_frame_equal(ordered.findings, shuffled.findings)


def test_a_catalog_in_another_time_zone_moves_no_delivery_out_of_the_count():
    frames, _ = flooded_company(days=6)
    catalog = replace(Catalog(), timezone="Pacific/Kiritimati")
    moved = frames.replace(catalog=catalog)
    assert report(moved).tables["reports"]["deliveries"].sum() == 63 * len(PEOPLE) * 6
