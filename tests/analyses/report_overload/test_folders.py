"""Reports that lie in a folder: counted, not judged, and in no number of people."""

from datetime import UTC, datetime

import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.samples import sample
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.report_overload.folders import in_folders, to_people
from integrhealth.language.schema import FOLDER

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OURS = {
    "reports": pl.DataFrame({"report": ["Our page"], "tool": ["integrhealth"], "words": [150]}),
    "deliveries": pl.DataFrame(
        {"report": "Our page", "person": "reports", "at": [NOON.replace(day=day) for day in (2, 3)], "channel": FOLDER}
    ),
}
EMPTY = ih.Evidence()


def with_ours(evidence):
    return evidence.with_rows_of(ih.Evidence(**OURS))


def test_a_delivery_into_a_folder_reaches_nobody():
    rows = pl.DataFrame({"report": list("abcd"), "channel": [FOLDER, "email", None, FOLDER]})
    assert to_people(rows)["report"].to_list() == ["b", "c"]


def test_only_what_no_person_is_sent_or_opens_is_left_to_the_folder():
    rows = pl.DataFrame({"report": list("aabbc"), "channel": [FOLDER, FOLDER, FOLDER, "email", FOLDER]})
    assert in_folders(rows, pl.DataFrame({"report": ["c"]})).rows() == [("a", 2)]


def test_it_is_counted_and_not_judged():
    row = ih.report_overload.reports(with_ours(EMPTY)).row(0, named=True)
    assert (row["report"], row["deliveries"], row["words"]) == ("Our page", 2, 150)
    assert (row["verdict"], row["why"]) == ("cannot tell", "in a folder")
    assert (row["people"], row["read"], row["unread"], row["decisions"]) == (None, None, None, [])


def test_it_is_counted_where_no_inventory_has_it():
    rows = ih.report_overload.reports(ih.Evidence(deliveries=OURS["deliveries"]))
    assert rows.select("report", "deliveries", "words", "why").rows() == [("Our page", 2, None, "in a folder")]


def test_it_is_judged_where_somebody_opens_it():
    reads = pl.DataFrame({"report": ["Our page"], "person": ["ann"], "at": [NOON], "seconds": [50.0]})
    row = ih.report_overload.reports(with_ours(ih.Evidence(reads=reads))).row(0, named=True)
    assert (row["why"], row["unasked_reads"], row["deliveries"]) == ("not declared", 1, 0)


@pytest.mark.parametrize("company", ["a", "b", "healthy", "nothing", "deliveries alone", "one without a decision"])
def test_the_own_report_changes_no_finding_and_no_row_but_its_own(company):
    given = pl.DataFrame({"report": ["x"], "person": ["ann"], "at": [NOON]})
    stock = pl.DataFrame({"report": ["x", "y"], "decisions": [["what to buy"], []], "words": [9, 9]})
    evidence = {
        "healthy": lambda: healthy(6),
        "nothing": lambda: EMPTY,
        "deliveries alone": lambda: ih.Evidence(deliveries=given),
        # Half of the reports name a decision: one more that names none would say that not all were asked.
        "one without a decision": lambda: ih.Evidence(
            reports=stock, deliveries=pl.concat([given, given.with_columns(report=pl.lit("y"))])
        ),
    }.get(company, lambda: sample(company))()
    before, after = (ih.report_overload.report(each) for each in (evidence, with_ours(evidence)))
    assert_frame_equal(after.findings, before.findings)
    assert after.missing == before.missing
    for name, table in before.tables.items():
        apart = after.tables[name]
        rest = apart.filter(pl.col("report") != "Our page") if name == "reports" else apart
        assert_frame_equal(rest, table)
        assert apart.height == table.height + (name == "reports")
