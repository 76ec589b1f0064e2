"""Who writes an element, whose value stands, and what that makes of its home."""

import json
from pathlib import Path

import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.samples import sample
from drawing.truth_homes import ADDRESS, CRM_TO_ERP, DAYS, MINUTES, Log, at, contested, declared, edge, frame, home
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.accountability.truth_home import notes, questions
from integrhealth.analyses.accountability.truth_home.findings import truth_findings
from integrhealth.errors import UnknownName, WrongParameter
from integrhealth.language.statistics import wilson_interval

TABLES = notes.TABLES


def answers(evidence):
    return {name: getattr(questions, name)(evidence) for name in TABLES}


def said(evidence):
    return pl.concat(truth_findings(answers(evidence), integrations=evidence.catalog.integrations))


def only(evidence, element=ADDRESS):
    return questions.elements(evidence).row(by_predicate=pl.col("element") == element, named=True)


# Planted truth


def test_the_record_that_is_edited_elsewhere_has_two_writers_and_loses_what_flows_back():
    evidence = contested().evidence(elements=[home()], integrations=CRM_TO_ERP)
    row = only(evidence)
    assert (row["verdict"], row["writers"], row["outside_writers"]) == ("two truths", ["CRM", "ERP"], ["ERP"])
    assert (row["decided"], row["record_won"], row["open"], row["overwritten"]) == (12, 7, 0, 5)
    assert (row["authority"], row["outside_writes"], row["outside_entities"]) == (pytest.approx(7 / 12), 12, 12)
    low, high = wilson_interval([7], [12])
    assert (row["low"], row["high"]) == (pytest.approx(low[0]), pytest.approx(high[0]))
    fought = questions.conflicts(evidence)
    # Edited after two days; back after two more, or overwritten after three: lag of five minutes is none.
    hours = fought.group_by("record_won").agg(pl.col("hours").unique().round(6)).sort("record_won")
    assert hours["hours"].to_list() == [[pytest.approx(48 + 5 / 60)], [pytest.approx(72 + 5 / 60)]]
    assert fought.select("record_system", "copy_system", "opened_by").unique().rows() == [("CRM", "ERP", "copy")]
    assert set(fought.filter("record_won")["entity"]) == {f"C{number:03d}" for number in range(5, 12)}


def test_two_truths_and_a_losing_record_are_talked_about():
    evidence = contested().evidence(elements=[home()], integrations=CRM_TO_ERP)
    findings = said(evidence)
    assert set(findings["rule"]) == {"two_truths", "record_loses"}
    truths = findings.row(by_predicate=pl.col("rule") == "two_truths", named=True)
    # 40 entered and 35 moved in the CRM, 12 edited in the ERP.
    assert truths["statement"] == (
        "customer.address is written in ERP besides CRM: 12 of 87 values of 12 entities, "
        "and 5 replaced the value of CRM."
    )
    assert (truths["severity"], truths["owner"], truths["n"]) == ("warning", "Ann Lee", 87)
    loses = findings.row(by_predicate=pl.col("rule") == "record_loses", named=True)
    assert loses["statement"] == (
        "In 5 of 12 conflicts about customer.address the value of CRM gave way to that of a copy; 0 are open."
    )
    assert (loses["severity"], loses["n"], loses["value"]) == ("warning", 12, pytest.approx(5 / 12))
    low, high = wilson_interval([5], [12])
    assert (loses["low"], loses["high"]) == (pytest.approx(low[0]), pytest.approx(high[0]))
    assert findings["ask"].str.ends_with("?").all()


def test_a_record_that_nearly_always_loses_is_critical():
    evidence = contested(back=12, overwritten=0).evidence(elements=[home()], integrations=CRM_TO_ERP)
    assert said(evidence).filter(rule="record_loses")["severity"].to_list() == ["critical"]


def test_a_record_that_hardly_ever_loses_is_not_talked_about():
    evidence = contested(back=1, overwritten=29, quiet=0).evidence(elements=[home()], integrations=CRM_TO_ERP)
    assert only(evidence)["authority"] == pytest.approx(29 / 30)
    assert "record_loses" not in said(evidence)["rule"].to_list()


def test_values_on_copies_lead_back_to_the_record():
    log = contested(back=0, overwritten=0, quiet=20)
    for number in range(20):
        log.send("ERP", "BI", f"C{number:03d}", f"{number} moved", 6 * DAYS)
    # One whose message nobody has logged, and one that somebody wrote where it stands.
    log.write("BI", "C100", "x", DAYS, message="lost")
    log.write("Shop", "C101", "y", DAYS)
    row = only(log.evidence(elements=[home()], integrations=CRM_TO_ERP))
    assert (row["copies"], row["traced"]) == (42, 40)
    assert row["trace_share"] == pytest.approx(40 / 42)


@pytest.mark.parametrize("company", ["a", "b"])
def test_the_sample_companies_show_what_was_planted_in_them(company):
    folder = Path(__file__).parents[3] / "sample_logs" / f"company_{company}"
    planted = json.loads((folder / "truth.json").read_text())["answers"]["accountability"]
    truths, evidence = planted["two_truths"], sample(company)
    row = only(evidence)
    assert (row["record"], row["writers"], row["authority"]) == (
        truths["record"],
        sorted(truths["writers"]),
        truths["authority"],
    )
    lost = row["decided"] - row["record_won"]
    conflicts = {"record_won": row["record_won"], "record_lost": lost, "open": row["open"]}
    assert conflicts == truths["conflicts"]
    assert row["verdict"] == ("two truths" if company == "a" else "home")
    assert questions.laundering(evidence).height == planted["laundered"]


# The edges of who is a writer


def test_what_is_entered_at_the_origin_makes_no_second_writer_and_what_is_changed_there_does():
    log = Log()
    log.write("Shop", "C1", "a", 0)
    log.send("Shop", "CRM", "C1", "a", 0.1)
    log.write("CRM", "C1", "b", 5)
    catalog = {"elements": [home(origin="Shop")], "integrations": [edge("Shop", "CRM")]}
    row = only(log.evidence(**catalog))
    assert (row["verdict"], row["writers"]) == ("home", ["CRM"])
    log.write("Shop", "C1", "c", 9)
    row = only(log.evidence(**catalog))
    assert (row["verdict"], row["writers"], row["outside_writers"]) == ("two truths", ["CRM", "Shop"], [])
    statement = said(log.evidence(**catalog)).filter(rule="two_truths")["statement"].item()
    assert statement == "customer.address is changed in its origin Shop and in its record CRM."
    # What the origin sends replaces the record's value as it should.
    log.send("Shop", "CRM", "C1", "c", 10)
    assert only(log.evidence(**catalog))["overwritten"] == 0


@pytest.mark.parametrize(
    ("written", "writes"),
    [
        ({"value": "a", "machine": True}, False),  # the value that is there already
        ({"value": "b", "machine": True}, False),  # what the record shows: a copy without a message
        ({"value": "b"}, False),  # a clerk types what the record shows
        ({"value": "c", "machine": True}, True),
        ({"value": "c"}, True),
        ({"value": "c", "message": "unknown"}, False),  # brought, nobody knows from where
        ({"value": "c", "message": "inner", "machine": True}, True),  # by work inside the ERP
    ],
)
def test_a_writer_is_who_makes_a_value_of_his_own(written, writes):
    log = Log()
    log.write("CRM", "C1", "a", 0)
    log.send("CRM", "ERP", "C1", "a", 0.1)
    log.write("CRM", "C1", "b", 1)
    log.messages.append({"message_id": "inner", "source": "ERP", "target": "ERP", "sent_at": at(2), "status": "ok"})
    log.write("ERP", "C1", written["value"], 2, **{key: written[key] for key in written if key != "value"})
    row = only(log.evidence(elements=[home()]))
    assert row["writers"] == (["CRM", "ERP"] if writes else ["CRM"])
    assert row["verdict"] == ("two truths" if writes else "home")


@pytest.mark.parametrize(
    ("said_of_it", "verdict"),
    [
        (home(), "home"),
        (home(owner="sales"), "no owner"),
        (home(owner="Sales team"), "no owner"),
        (home(owner="support@example.com"), "no owner"),
        (home(owner=None), "no owner"),
        ({"element": ADDRESS, "owner": "Ann Lee", "record": "CRM"}, "not declared"),
        ({"element": ADDRESS, "owner": "Ann Lee", "origin": "CRM"}, "not declared"),
        (home(writers=["CRM", "ERP"]), "two truths"),
        (home(writers=["CRM"]), "home"),
        (home("customer.phone"), "cannot tell"),
    ],
)
def test_the_first_verdict_that_holds(said_of_it, verdict):
    evidence = contested(back=0, overwritten=0, quiet=3).evidence(elements=[said_of_it], teams=[{"team": "sales"}])
    assert only(evidence, said_of_it["element"])["verdict"] == verdict


def test_owners_are_persons_teams_or_nobody():
    kinds = {"Ann Lee": "person", "ann.lee@example.com": "person", "sales": "team", "it@example.com": "mailbox"}
    rows = [home(f"e{number}", owner=owner) for number, owner in enumerate([*kinds, None])]
    evidence = Log().evidence(elements=rows, teams=[{"team": "Sales"}, {"team": "IT"}])
    assert dict(questions.elements(evidence).select("owner", "owner_kind").rows()) == kinds | {None: "nobody"}
    findings = said(evidence)
    assert findings.select("rule", "severity", "value", "n").rows() == [("element_without_owner", "warning", 3.0, 5)]
    assert findings["statement"].item() == "No person owns 3 of 5 data elements with a home: e2, e3, e4."


def test_of_logs_that_name_no_message_nobody_can_tell_who_writes():
    log = Log()
    for number in range(20):
        log.write("CRM", f"C{number}", f"{number}", number)
        # An interface that changes what it brings, without a word of the message.
        log.write("ERP", f"C{number}", f"{number}!", number + 0.1, machine=True)
    row = only(log.evidence(elements=[home()]))
    assert (row["verdict"], row["writers"], row["unsure_writes"]) == ("cannot tell", ["CRM"], 20)
    log.write("ERP", "C1", "of a clerk", 30)
    assert only(log.evidence(elements=[home()]))["verdict"] == "two truths"


def test_without_a_declared_home_every_system_that_writes_is_a_truth():
    evidence = contested().evidence()
    row = only(evidence)
    assert (row["verdict"], row["writers"], row["main_writer"]) == ("two truths", ["CRM", "ERP"], "CRM")
    assert (row["decided"], row["open"], row["authority"]) == (0, 0, None)
    assert said(evidence)["statement"].to_list() == [
        "customer.address is written in ERP besides CRM: 12 of 87 values of 12 entities."
    ]


def test_one_slip_among_many_values_is_a_note_and_no_warning():
    log = contested(back=0, overwritten=0, quiet=40)
    log.write("ERP", "C001", "slip", 3 * DAYS)
    findings = said(log.evidence(elements=[home()], integrations=CRM_TO_ERP))
    assert findings.select("rule", "severity").rows() == [("two_truths", "note")]


# Nulls


@pytest.mark.parametrize("seed", range(8))
def test_healthy_companies_raise_nothing(seed):
    evidence = healthy(seed)
    assert said(evidence).is_empty()
    assert questions.laundering(evidence).is_empty()
    assert (questions.elements(evidence)["writers"].list.len() == 1).all()


@pytest.mark.parametrize("seed", [10, 13, 16])
def test_healthy_companies_that_say_where_the_truth_lives_have_a_home_for_it(seed):
    evidence = healthy(seed)
    written = questions.elements(evidence).select("element", pl.col("writers").list.first())
    rows = [home(element, record) for element, record in written.rows()]
    evidence = evidence.replace(catalog=declared(elements=rows))
    table = questions.elements(evidence)
    assert set(table["verdict"]) == {"home"}
    assert (table["trace_share"] == 1).all()
    assert said(evidence).is_empty()


def test_lag_inside_the_sync_limit_is_no_conflict_and_just_beyond_it_is():
    for minutes, count in ((60, 0), (61, 1)):
        log = Log()
        log.write("CRM", "C1", "a", 0)
        log.send("CRM", "ERP", "C1", "a", 0)
        log.write("CRM", "C1", "b", 10)
        log.send("CRM", "ERP", "C1", "b", 10, after=minutes * MINUTES)
        evidence = log.evidence(elements=[home()], integrations=CRM_TO_ERP)
        assert questions.conflicts(evidence).height == count


# Whatever the input


def test_order_copies_and_time_zones_change_nothing():
    evidence = contested().evidence(elements=[home()], integrations=CRM_TO_ERP)
    changes = evidence.field_changes
    other = pl.concat([changes, changes]).sample(fraction=1, shuffle=True, seed=7)
    other = other.with_columns(pl.col("at").dt.convert_time_zone("America/New_York"))
    shuffled = evidence.replace(
        field_changes=other, messages=evidence.messages.sample(fraction=1, shuffle=True, seed=3)
    )
    for name, table in answers(evidence).items():
        assert_frame_equal(getattr(questions, name)(shuffled), table)


def test_load_tests_do_not_count():
    evidence = contested().evidence(elements=[home()], integrations=CRM_TO_ERP)
    log = contested()
    for number in range(20, 30):
        log.send("CRM", "ERP", f"C{number:03d}", "load test", 3 * DAYS, load_test=True)
    tested = log.evidence(elements=[home()], integrations=CRM_TO_ERP)
    assert_frame_equal(questions.elements(tested), questions.elements(evidence))


def test_required_columns_alone_give_tables():
    rows = contested().changes
    few = frame("field_changes", rows).select("element", "entity", "system", "value_hash", "at")
    evidence = ih.Evidence(field_changes=few, catalog=declared(elements=[home()]))
    row = only(evidence)
    assert (row["verdict"], row["writers"]) == ("cannot tell", ["CRM"])
    # Whose value stands can be seen without any message; a day is allowed where nobody declares a limit.
    assert (row["decided"], row["record_won"]) == (12, 7)
    assert questions.carried(evidence).is_empty()
    assert all(frame.columns for frame in answers(evidence).values())


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_and_one_row_have_all_columns_and_a_reason(rows):
    log = Log()
    for _ in range(rows):
        log.write("CRM", "C1", "a", 0)
    evidence = log.evidence()
    tables = answers(evidence)
    full = answers(contested().evidence(elements=[home()], integrations=CRM_TO_ERP))
    assert {name: table.schema for name, table in tables.items()} == {
        name: table.schema for name, table in full.items()
    }
    why = notes.truth_notes(tables, field_changes=evidence.field_changes)
    assert why.keys() == {name for name, table in tables.items() if table.is_empty()}
    assert said(evidence).is_empty()
    if rows:
        assert why["conflicts"] == notes.NO_RECORD
        assert why["laundering"] == notes.NO_MESSAGES
    else:
        assert why["elements"] == notes.NO_CHANGES


def test_notes_tell_agreement_from_what_cannot_be_compared():
    agreeing = contested(back=0, overwritten=0).evidence(elements=[home()], integrations=CRM_TO_ERP)
    why = notes.truth_notes(answers(agreeing), field_changes=agreeing.field_changes)
    assert (why["conflicts"], why["laundering"]) == (notes.NO_CONFLICT, notes.AS_IT_WAS)
    log = Log()
    for number in range(10):
        log.write("CRM", f"C{number}", f"{number}", number)
        log.send("CRM", "ERP", f"C{number}", f"hash of {number}", number)
    apart = log.evidence(elements=[home()], integrations=CRM_TO_ERP)
    assert only(apart)["not_comparable"] == ["ERP"]
    assert questions.conflicts(apart).is_empty()
    why = notes.truth_notes(answers(apart), field_changes=apart.field_changes)
    assert why["conflicts"] == notes.NOT_ALIKE.format(ADDRESS)


def test_hostile_names_stay_text():
    log = contested()
    for row in log.changes:
        row["element"] = "<script>{}</script>\x1b[2J" + "x" * 600
    findings = said(log.evidence(elements=[home(log.changes[0]["element"])], integrations=CRM_TO_ERP))
    assert findings.height == 2
    assert findings["statement"].str.len_chars().max() <= 500
    assert not findings["statement"].str.contains("\x1b", literal=True).any()
    assert findings["statement"].str.contains("<script>{}</script>", literal=True).any()


# Walks


def test_a_walk_tells_every_system_in_turn():
    log = Log()
    log.write("CRM", "C1", "a", 0, actor="ann")
    first = log.send("CRM", "ERP", "C1", "a", 1)
    log.write("ERP", "C1", "b", 2, actor="clerk")
    back = log.send("ERP", "CRM", "C1", "b", 30)
    log.write("ERP", "C1", "c", 40, machine=True, actor="job")
    again = log.send("CRM", "BI", "C1", "z", 50)
    log.write("BI", "C1", "z", 60, machine=True)
    log.write("CRM", "C2", "other", 0)
    walk = questions.walk(log.evidence(elements=[home()]))
    assert walk.select("system", "what", "value_hash", "message_id", "began_in").rows() == [
        ("CRM", "entered", "a", None, "CRM"),
        ("ERP", "brought", "a", first, "CRM"),
        ("ERP", "written", "b", None, "ERP"),
        ("CRM", "overwritten", "b", back, "ERP"),
        ("ERP", "changed inside", "c", None, "ERP"),
        ("BI", "changed on the way", "z", again, "ERP"),
        ("BI", "again", "z", None, None),
    ]
    assert walk["at"].is_sorted()


def test_a_walk_is_that_of_what_is_asked_for_else_of_the_most_contested():
    evidence = contested().evidence(elements=[home()], integrations=CRM_TO_ERP)
    most = questions.walk(evidence)
    worst = questions.conflicts(evidence).row(0, named=True)
    assert most.select("element", "entity").unique().rows() == [(worst["element"], worst["entity"])]
    assert set(questions.walk(evidence, element=ADDRESS, entity="C039")["entity"]) == {"C039"}
    assert set(questions.walk(evidence, entity="C001")["entity"]) == {"C001"}
    with pytest.raises(UnknownName, match=r"unknown element 'price'; there are: customer\.address"):
        questions.walk(evidence, element="price")
    with pytest.raises(WrongParameter, match=r"walk: no change shows an entity 'nobody' of customer\.address"):
        questions.walk(evidence, element=ADDRESS, entity="nobody")
