"""When a copy and its record disagree for too long, who wins, and how long such disagreements live."""

import numpy as np
import polars as pl
import pytest
from drawing.truth_homes import ADDRESS, CRM_TO_ERP, Log, at, contested, declared, edge, frame, home
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.accountability.truth_home import questions
from integrhealth.analyses.accountability.truth_home.sync_limits import sync_limits

LIMIT, END = 3, 40


def conflicts(log, **catalog):
    rows = {"elements": [home()], "integrations": CRM_TO_ERP} | catalog
    return questions.conflicts(log.evidence(**rows))


# An oracle that looks at every hour


def value_at(changes, hour):
    """The value that the changes (hour, value) show at this hour and since when, or None."""
    return max(((when, value) for when, value in changes if when <= hour), default=None)


def held(record, hour):
    """What the record shows at this hour, or did less than the limit ago: value -> (from, until) of the latest."""
    times = {}
    for number, (begun, value) in enumerate(record):
        until = record[number + 1][0] if number + 1 < len(record) else None
        if begun <= hour and (until is None or hour < until + LIMIT):
            times[value] = (begun, until)
    return times


def ever(record, value, hour):
    """From when until when the record showed the value last, before this hour."""
    shown = None
    for number, (begun, each) in enumerate(record):
        if begun <= hour and each == value:
            shown = (begun, record[number + 1][0] if number + 1 < len(record) else None)
    return shown


def by_hand(record, copy):
    """The conflicts of one copy: opened, closed, won."""
    rows, opened, disputed = [], None, None
    for hour in range(END + 2 * LIMIT):
        mine, theirs = value_at(copy, hour), value_at(record, hour)
        if mine is None or theirs is None:
            continue
        agrees = mine[1] in held(record, hour)
        if not agrees and opened is None:
            before = ever(record, mine[1], hour)
            opened = hour if before is None else max(before[1], mine[0])
        if agrees and opened is not None:
            if hour - opened > LIMIT:
                crossed = any(hour <= when <= hour + LIMIT and value == disputed for when, value in record)
                rows.append((opened, hour, mine[0] == hour and not crossed))
            opened = None
        disputed = mine[1]
    if opened is not None and END - opened > LIMIT:
        rows.append((opened, None, None))
    return rows


@pytest.mark.parametrize("seed", range(30))
def test_conflicts_are_those_of_somebody_who_looks_every_hour(seed):
    rng = np.random.default_rng(seed)
    rows, expected = [], []
    for number in range(6):
        entity, sides = f"C{number}", {}
        for system in ("CRM", "ERP", "BI"):
            hours = np.sort(rng.choice(END, rng.integers(0, 9), replace=False)).tolist()
            values = rng.choice(list("abc"), len(hours)).tolist()
            rows += [(entity, system, hour, value) for hour, value in zip(hours, values, strict=True)]
            # The same again is no change.
            new = [n for n in range(len(hours)) if n == 0 or values[n] != values[n - 1]]
            sides[system] = [(hours[n], values[n]) for n in new]
        for copy in ("ERP", "BI"):
            expected += [(entity, copy, *row) for row in by_hand(sides["CRM"], sides[copy])]
    # The evidence ends for all at one hour.
    rows.append(("last", "CRM", END, "z"))
    changes = [
        {"element": ADDRESS, "entity": entity, "system": system, "value_hash": value, "at": at(hour)}
        for entity, system, hour, value in rows
    ]
    integrations = [edge("CRM", "ERP", limit_hours=LIMIT), edge("CRM", "BI", limit_hours=LIMIT)]
    evidence = ih.Evidence(
        field_changes=frame("field_changes", changes),
        catalog=declared(elements=[home()], integrations=integrations),
    )
    table = questions.conflicts(evidence).select("entity", "copy_system", "opened_at", "closed_at", "record_won")
    wanted = [
        (entity, copy, at(opened), None if closed is None else at(closed), won)
        for entity, copy, opened, closed, won in expected
    ]
    assert expected or seed
    assert_frame_equal(table, pl.DataFrame(wanted, schema=table.schema, orient="row"), check_row_order=False)


# Who wins


def edited(*, hours=30):
    """One address that a clerk changes in the ERP, so many hours ago."""
    log = Log()
    log.write("CRM", "C1", "a", 0)
    log.send("CRM", "ERP", "C1", "a", 0)
    log.write("ERP", "C1", "b", 10, actor="clerk")
    log.write("CRM", "C9", "end", 10 + hours)
    return log


def test_an_open_conflict_has_no_winner():
    (row,) = conflicts(edited()).to_dicts()
    assert (row["opened_at"], row["closed_at"], row["record_won"], row["hours"]) == (at(10), None, None, 30)
    assert (row["record_value"], row["copy_value"], row["limit_hours"]) == ("a", "b", 1)


def test_what_is_under_way_when_the_log_ends_is_no_conflict():
    assert conflicts(edited(hours=1)).is_empty()
    assert conflicts(edited(hours=1.01)).height == 1


def test_the_record_wins_where_the_copy_takes_its_value_and_loses_where_it_takes_the_copys():
    for source, target, value, won in (("CRM", "ERP", "a", True), ("ERP", "CRM", "b", False)):
        log = edited()
        log.send(source, target, "C1", value, 20)
        (row,) = conflicts(log).to_dicts()
        assert (row["closed_at"], row["record_won"]) == (at(20 + 5 / 60), won)


def test_a_record_that_takes_the_disputed_value_just_after_the_copy_gave_it_up_has_lost():
    log = edited(hours=60)
    log.send("ERP", "CRM", "C1", "b", 19.9, after=0.5)
    log.send("CRM", "ERP", "C1", "a", 20)
    assert conflicts(log)["record_won"].to_list()[-1] is False


def test_a_third_value_that_both_take_is_the_records():
    log = edited()
    log.write("CRM", "C1", "c", 20)
    log.send("CRM", "ERP", "C1", "c", 20)
    (row,) = conflicts(log).to_dicts()
    assert (row["closed_at"], row["record_won"]) == (at(20 + 5 / 60), True)


def test_a_copy_that_always_lags_a_little_never_disagrees():
    log = Log()
    for hour in range(0, 40, 1):
        log.write("CRM", "C1", f"{hour}", hour / 2)
        log.send("CRM", "ERP", "C1", f"{hour}", hour / 2, after=0.75)
    assert conflicts(log).is_empty()


def test_a_copy_left_behind_disagrees_from_the_moment_the_record_moved_on():
    log = Log()
    log.write("CRM", "C1", "a", 0)
    log.send("CRM", "ERP", "C1", "a", 0)
    log.write("CRM", "C1", "b", 10)
    log.send("CRM", "ERP", "C1", "b", 20)
    (row,) = conflicts(log).to_dicts()
    assert (row["opened_at"], row["opened_by"], row["record_won"]) == (at(10), "record", True)
    assert (row["record_value"], row["copy_value"]) == ("b", "a")


# How long a copy may lag


def limits(log, integrations):
    evidence = log.evidence(elements=[home()], integrations=integrations)
    exposures = questions._exposures(evidence)
    table = sync_limits(exposures, questions._homes(evidence), evidence.catalog.integrations)
    return {system: limit if limit is None else limit / 3_600_000 for _, system, limit in table.sort("system").rows()}


def test_limits_add_up_along_the_way_that_the_values_took():
    log = Log()
    log.write("CRM", "C1", "a", 0)
    log.send("CRM", "Hub", "C1", "a", 0)
    log.send("Hub", "ERP", "C1", "a", 1)
    # The catalog knows a shorter way, which nothing took.
    edges = [edge("CRM", "Hub", limit_hours=2), edge("Hub", "ERP", limit_hours=3), edge("CRM", "ERP", limit_hours=1)]
    assert limits(log, [*edges, edge("ERP", "BI", limit_hours=5)]) == {"Hub": 2, "ERP": 5, "BI": 6}
    # One that nobody has limited leaves the whole way without a limit, and another way as short may be more patient.
    assert limits(log, [*edges[:1], edge("Hub", "ERP", limit_hours=None)]) == {"Hub": 2, "ERP": None}


def test_of_several_ways_as_short_the_most_patient_counts_and_none_where_one_has_no_limit():
    log = Log()
    log.write("CRM", "C1", "a", 0)
    ways = [edge("CRM", "A", limit_hours=2), edge("A", "ERP", limit_hours=3), edge("CRM", "B", limit_hours=4)]
    assert limits(log, [*ways, edge("B", "ERP", limit_hours=4)])["ERP"] == 8
    assert limits(log, [*ways, edge("B", "ERP", limit_hours=None)])["ERP"] is None


def test_without_a_limit_a_day_is_allowed():
    for hours, count in ((24, 0), (24.1, 1)):
        assert conflicts(edited(hours=hours), integrations=[]).height == count


# How long they live


def test_the_curve_is_that_of_the_textbook():
    log = Log()
    # Open for 20, 50 and 100 hours; closed after 10, 30, 30, 60 and 80.
    for number, (hours, ends) in enumerate(
        [(10, True), (20, False), (30, True), (30, True), (50, False), (60, True), (80, True), (100, False)]
    ):
        log.write("CRM", f"C{number}", "a", 0)
        log.send("CRM", "ERP", f"C{number}", "a", 0, after=0)
        log.write("ERP", f"C{number}", "b", 200 - hours if not ends else 50)
        if ends:
            log.send("CRM", "ERP", f"C{number}", "a", 50 + hours, after=0)
    log.write("CRM", "last", "z", 200)
    curve = questions.disagreements(log.evidence(elements=[home()], integrations=CRM_TO_ERP))
    steps = curve.select("hours", "at_risk", "ended", "surviving").rows()
    rest = [7 / 8, 7 / 8 * 4 / 6, 7 / 8 * 4 / 6 * 2 / 3, 7 / 8 * 4 / 6 * 2 / 3 * 1 / 2]
    assert steps == [
        (0, 8, 0, 1),
        (10, 8, 1, pytest.approx(rest[0])),
        (30, 6, 2, pytest.approx(rest[1])),
        (60, 3, 1, pytest.approx(rest[2])),
        (80, 2, 1, pytest.approx(rest[3])),
        (100, 1, 0, pytest.approx(rest[3])),
    ]
    # Greenwood's variance of log(-log S) at 30 hours, by hand.
    variance = 1 / (8 * 7) + 2 / (6 * 4)
    width = 1.959963984540054 * variance**0.5 / -np.log(rest[1])
    row = curve.row(2, named=True)
    assert row["low"] == pytest.approx(rest[1] ** np.exp(width))
    assert row["high"] == pytest.approx(rest[1] ** np.exp(-width))
    assert curve.row(0, named=True)["low"] is None
    table = questions.elements(log.evidence(elements=[home()], integrations=CRM_TO_ERP))
    assert table["median_hours"].item() == 60


def test_a_curve_that_comes_to_nothing_has_numbers_or_nulls_only():
    evidence = contested(back=12, overwritten=0).evidence(elements=[home()], integrations=CRM_TO_ERP)
    curve = questions.disagreements(evidence)
    assert curve["surviving"].to_list() == [1, 0]
    assert curve.select(pl.col("low", "high").is_null().all()).row(0) == (True, True)


def test_few_conflicts_have_counts_and_no_curve():
    log = edited()
    log.send("CRM", "ERP", "C1", "a", 20)
    curve = questions.disagreements(log.evidence(elements=[home()], integrations=CRM_TO_ERP))
    assert curve.select("at_risk", "ended", "surviving").rows() == [(1, 0, None), (1, 1, None)]
