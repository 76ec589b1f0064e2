"""Every finding of dependency fragility as a whole row, and the picture just below its rule, which gives none."""

import polars as pl
import pytest
from drawing.findings import only_finding, rules, whole
from drawing.traffic import report, section

from integrhealth.catalog import Catalog
from integrhealth.language.statistics import beta_interval

OWNERS = Catalog(
    systems=section(
        "systems",
        {"system": "Shop", "owner": "sam"},
        {"system": "ERP", "owner": "ada", "team": "core"},
        {"system": "ERP", "owner": "eve"},
        {"system": "Bank", "team": "finance"},
    )
)


def interval(up, down):
    low, high = beta_interval(up, down)
    return {"low": float(low), "high": float(high)}


def test_a_single_point_is_a_whole_row():
    # 1,000 messages ended at the ERP, 100 of them with its own error; 7 more wait.
    drawn = report("900 Shop>ERP ERP>Bank\n100 Shop>ERP!\n7 Shop>ERP?", catalog=OWNERS)
    assert only_finding(drawn, "single_point") == whole(
        report="dependency_fragility",
        rule="single_point",
        subject="ERP",
        severity="warning",
        statement="Nothing replaces ERP: without it Shop to Bank stops; it was up for 90.0% of 1,000 messages.",
        value=0.9,
        unit="availability",
        **interval(900, 100),
        n=1000,
        threshold=0.995,
        owner="ada",
        ask="What do we do in the hour when ERP is down?",
    )


@pytest.mark.parametrize(
    ("up", "down", "severity"),
    [
        (2000, 0, "note"),
        (1998, 2, "note"),
        # Of 1,000: 10 and more come of 99.5% by chance in 3.2%, 11 in 1.4% of samples.
        (990, 10, "note"),
        (989, 11, "warning"),
        (500, 500, "warning"),
    ],
)
def test_a_single_point_is_a_note_until_its_errors_certainly_cost_the_promise(up, down, severity):
    drawn = report(f"{up} Shop>ERP ERP>Bank\n{down} Shop>ERP!")
    assert only_finding(drawn, "single_point")["severity"] == severity


def test_an_availability_is_rounded_down():
    row = only_finding(report("40 Shop>ERP ERP>Bank\n20 Shop>ERP!"), "single_point")
    assert row["statement"].endswith("; it was up for 66.66% of 60 messages.")


def test_a_single_point_of_several_capabilities_names_three_of_them():
    drawn = report("""
        40  Shop>ERP ERP>Bank order
        40  Shop>ERP ERP>Mail lead
        40  Shop>ERP ERP>Tax tax
        40  Shop>ERP ERP>Van van
        40  CRM>Fax CRM>Print fax
    """)
    statement = (
        "Nothing replaces ERP: without it 4 of 5 capabilities stop (Shop to Bank; Shop to Mail; Shop to Tax; ...); "
    )
    assert only_finding(drawn, "single_point")["statement"] == statement + "it was up for 100.0% of 160 messages."


def test_a_single_point_of_which_too_few_messages_ended_is_named_without_a_figure():
    drawn = report("29 Shop>ERP ERP>Bank\n10 Shop>ERP? ERP>Bank")
    row = only_finding(drawn, "single_point")
    assert row["statement"] == (
        "Nothing replaces ERP: without it Shop to Bank stops; too few messages to say how often it is up."
    )
    assert (row["severity"], row["value"], row["low"], row["high"], row["n"]) == ("note", None, None, None, 29)


@pytest.mark.parametrize("traces", [29, 30])
def test_a_capability_of_few_traces_is_no_finding(traces):
    expected = {"single_point", "fragile_capability"} if traces == 30 else set()
    assert rules(report(f"{traces} Shop>ERP ERP>Bank")) == expected


def test_a_fragile_capability_is_a_whole_row():
    # 80 came through, 20 were lost, 5 are open and count in nothing.
    drawn = report("80 Shop>ERP ERP>Bank\n15 Shop>ERP!\n5 Shop>ERP ERP>Bank!\n5 Shop>ERP ERP>Bank?", catalog=OWNERS)
    assert only_finding(drawn, "fragile_capability") == whole(
        report="dependency_fragility",
        rule="fragile_capability",
        subject="Shop to Bank",
        severity="critical",
        statement="For Shop to Bank, no way from Shop to Bank leads around ERP; 80.0% of 100 traces came through.",
        value=0.8,
        unit="availability",
        **interval(80, 20),
        n=100,
        threshold=0.995,
        owner="ada",
        ask="How would Shop reach Bank without ERP?",
    )


@pytest.mark.parametrize(
    ("up", "down", "severity"),
    # Of 1,000: 10 lost come of 99.5% by chance in 3.2%, 11 in 1.4% of samples, 16 of 99% in 4.8%, 18 in 1.4%.
    [(198, 2, "note"), (990, 10, "note"), (989, 11, "warning"), (984, 16, "warning"), (982, 18, "critical")],
)
def test_a_fragile_capability_is_judged_by_its_promise(up, down, severity):
    assert (
        only_finding(report(f"{up} Shop>ERP ERP>Bank\n{down} Shop>ERP!"), "fragile_capability")["severity"] == severity
    )


def test_what_fails_elsewhere_on_the_way_is_no_fault_of_the_one_system():
    # The Bank refuses 100 of 1,000 orders; the ERP, around which no way leads, does its work.
    drawn = report("900 Shop>ERP ERP>Bank\n100 Shop>ERP ERP>Bank!")
    row = only_finding(drawn, "fragile_capability")
    assert (row["value"], row["severity"]) == (0.9, "note")
    assert only_finding(drawn, "low_availability")["subject"] == "Bank"


def test_a_capability_with_a_second_way_is_not_fragile():
    assert rules(report("40 Shop>ERP ERP>Bank\n3 Shop>EDI EDI>Bank")) == set()
    assert rules(report("40 Shop>ERP ERP>Bank\n2 Shop>EDI EDI>Bank")) == {"single_point", "fragile_capability"}


def test_a_capability_that_comes_through_too_rarely_though_nothing_stops_it_is_a_whole_row():
    # Two ways to the goal, which refuses 10 of 100; before it nothing breaks.
    drawn = report(
        "45 Shop>ERP ERP>Bank\n45 Shop>EDI EDI>Bank\n10 Shop>EDI EDI>Bank!\n3 Shop>EDI EDI>Bank?", catalog=OWNERS
    )
    row = drawn.findings.filter(pl.col("subject") == "Shop to Bank").row(0, named=True)
    assert row == whole(
        report="dependency_fragility",
        rule="low_availability",
        subject="Shop to Bank",
        severity="critical",
        statement="Shop to Bank: 90.0% of 100 traces came through.",
        value=0.9,
        unit="availability",
        **interval(90, 10),
        n=100,
        threshold=0.995,
        owner="finance",
        ask="Where on the way from Shop to Bank do they get stuck, and who notices?",
    )


def test_where_no_way_is_seen_often_enough_availability_is_told_of_the_capability_and_of_the_system():
    # Twenty ways of two traces each: too few to draw any of them, so that nothing is known of what hangs on what.
    ways = [f"2 Shop>M{way} M{way}>Bank" for way in range(20)]
    refused = [f"1 Shop>M{way} M{way}>Bank!" for way in range(10)]
    drawn = report("\n".join([*ways, *refused]), catalog=OWNERS)
    assert drawn.tables["capabilities"]["fragile"].to_list() == [None]
    assert drawn.tables["systems"]["single_point"].null_count() == 22
    assert drawn.findings.select("rule", "subject", "severity", "value", "n", "owner").rows() == [
        ("low_availability", "Bank", "critical", 0.8, 50, "finance"),
        ("low_availability", "Shop to Bank", "critical", 0.8, 50, "finance"),
    ]


@pytest.mark.parametrize(
    ("refused", "severity"),
    # Of 1,000: 99.5% is kept; 99.4% is likely and 98.7% certainly below it. One of four that are judged: the
    # capability, the two ways, and the Bank.
    [(5, None), (6, "note"), (13, "warning"), (14, "warning"), (30, "critical")],
)
def test_a_capability_is_judged_by_its_promise(refused, severity):
    drawn = report(f"500 Shop>ERP ERP>Bank\n{500 - refused} Shop>EDI EDI>Bank\n{refused} Shop>EDI EDI>Bank!")
    found = drawn.findings.filter(pl.col("subject") == "Shop to Bank")
    assert found["severity"].to_list() == ([severity] if severity else [])


def test_a_system_that_fails_by_itself_though_nothing_hangs_on_it_is_a_whole_row():
    # Every trace reaches the Van whatever the ERP does; 4 messages wait.
    drawn = report("1960 Shop>Van Shop>ERP\n40 Shop>Van Shop>ERP!\n4 Shop>Van Shop>ERP?\n40 CRM>Van", catalog=OWNERS)
    row = drawn.findings.filter(pl.col("subject") == "ERP").row(0, named=True)
    assert row == whole(
        report="dependency_fragility",
        rule="low_availability",
        subject="ERP",
        severity="critical",
        statement="ERP failed 40 of 2,000 messages by itself.",
        value=0.98,
        unit="availability",
        **interval(1960, 40),
        n=2000,
        threshold=0.995,
        owner="ada",
        ask="What makes ERP fail, and who waits for it?",
    )


@pytest.mark.parametrize(
    ("failed", "severity"),
    # Of 2,000: 0.8% is likely below 99.5% and not certainly, so that nothing is said; 5% is certainly below 99%.
    [(16, None), (20, "warning"), (100, "critical")],
)
def test_a_system_on_which_nothing_hangs_is_named_when_it_certainly_fails(failed, severity):
    drawn = report(f"{2000 - failed} Shop>Van Shop>ERP\n{failed} Shop>Van Shop>ERP!")
    found = drawn.findings.filter(pl.col("subject") == "ERP")
    assert found["severity"].to_list() == ([severity] if severity else [])
