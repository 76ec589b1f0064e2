"""What root causes ask people to talk about: the finding with its whole row, and the hours that are no worst hour."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.findings import finding, table
from drawing.frames import NOON

from integrhealth.analyses.error_propagation.root_cause.findings import rootcause_findings
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import COLUMNS, most_damaged
from integrhealth.analyses.error_propagation.root_cause.worst_hour import standing_out
from integrhealth.catalog import CATALOG

HOUR = timedelta(hours=1)
SYSTEMS = table(
    CATALOG["systems"],
    {"system": "crm", "owner": "carl", "team": "sales"},
    {"system": "erp", "team": "finance"},
    {"system": "wms", "owner": "will", "team": "stock"},
)
AT = {"at": NOON, "began_at": NOON - timedelta(minutes=13), "stands_out": True}
AT |= {"traces": 1300, "failed_traces": 41, "usual_failed_traces": 2.04}
SUSPECTS = [
    {"rank": 2, "system": "crm", "score": 1.0, "share": 0.3, "evidence": ["third"], "path": ["crm"]} | AT,
    {"rank": 1, "system": "erp", "score": 2.0, "share": 0.6, "path": ["crm", "erp"]}
    | {"evidence": ["41 of 50 messages failed; usually 1.0% (n=50, 11:47:00 to 11:57:00 UTC)", "second (n=9)"]}
    | AT,
    {"rank": 3, "system": "wms", "score": 0.4, "share": 0.1, "evidence": [], "path": ["wms"]} | AT,
]


def test_the_first_suspect_is_taken_to_its_owner_with_its_strongest_evidence_and_the_excess_of_the_hour():
    assert rootcause_findings(table(COLUMNS, *SUSPECTS), SYSTEMS).rows(named=True) == [
        finding(
            "root_cause",
            "erp",
            severity="warning",
            statement="Worst hour, 2026-03-02 12:00 UTC: 41 of 1,300 traces failed where hours like it lose 2; "
            "look at erp first: 41 of 50 messages failed; usually 1.0%.",
            value=41 - 2.04,
            unit="failed traces beyond the usual, of n in the hour",
            n=1300,
            owner="finance",
            ask="What changed at erp at 11:47 UTC?",
        )
    ]


def test_without_a_suspect_nobody_is_asked():
    assert rootcause_findings(table(COLUMNS), SYSTEMS).is_empty()


HOURS = {"hour": pl.Datetime("us", "UTC"), "excess": pl.Float64, "chance": pl.Float64}


@pytest.mark.parametrize(
    ("excess", "chance", "stands_out"), [(9.0, 0.05, False), (9.0, 0.0499, True), (0.0, 0.001, False)]
)
def test_an_hour_stands_out_below_the_level_and_with_more_failures_than_expected(excess, chance, stands_out):
    drawn = table(HOURS, {"hour": NOON, "excess": excess, "chance": chance})
    assert standing_out(drawn).height == stands_out


def test_of_hours_with_the_same_excess_the_first_is_the_worst():
    rows = [{"hour": NOON + place * HOUR, "excess": 7.0, "chance": 0.01} for place in (2, 1, 3)]
    rows.append({"hour": NOON, "excess": 6.0, "chance": 0.001})
    assert [(hour - NOON) / HOUR for hour in standing_out(table(HOURS, *rows))["hour"]] == [1, 2, 3, 0]


def damage(*records: tuple[int, int]) -> pl.DataFrame:
    """Wrong values that damaged so many records each: hour after noon, records; entered at half past."""
    rows = [(NOON + (hour + 0.5) * HOUR, count) for hour, count in records]
    return pl.DataFrame(rows, schema={"entered_at": pl.Datetime("us", "UTC"), "records": pl.Int64}, orient="row")


def traffic(hours: int = 1000) -> pl.DataFrame:
    return pl.DataFrame({"sent_at": [NOON + place * HOUR for place in range(hours)]})


def test_an_hour_is_worst_by_wrong_values_where_it_damaged_ten_records_and_over_half_of_all_or_saw_more_than_others():
    half = [(0, 10), (1, 6), (2, 4)]
    assert most_damaged(damage(*half), traffic(3)) is None
    assert most_damaged(damage((0, 11), *half[1:]), traffic(3)) == (NOON, NOON + 0.5 * HOUR)
    assert most_damaged(damage((0, 9)), traffic(3)) is None
    # Nine values in one of a thousand hours, and of equals the first hour.
    often = [(7, 1)] * 9 + [(4, 1)] * 9 + [(hour, 2) for hour in range(20, 30)]
    assert most_damaged(damage(*often), traffic()) == (NOON + 4 * HOUR, NOON + 4.5 * HOUR)
    assert most_damaged(damage(*[(hour, 2) for hour in range(20)] * 3), traffic(30)) is None
    assert most_damaged(damage(), traffic()) is None
