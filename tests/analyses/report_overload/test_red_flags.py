"""Red flags: those that lay unread before the incident they announced are counted, and no others."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from drawing.red_flags import HOUR, INTEGRATIONS, START, company, declared, linked
from drawing.reports import evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.language.thresholds import FLAG_DAYS

COUNTED = ["flagged", "linked", "unread", "incidents", "missed"]


def planted(seed=3):
    """Sixty flags to five people, each a day before an incident about the integration, system or object it names:
    every third lies unread, every third is read an hour later and every third half an hour after the incident began.

    Between them reports without a flag, flags that announce nothing, and incidents that nothing announced.
    """
    rng = np.random.default_rng(seed)
    flags, incidents, reads = [], [], []
    texts = ("queue of {} is long", "{}: too many errors!", "please look (at {})")
    for number in range(60):
        name, source, target = INTEGRATIONS[number % 3]
        about, entry = {
            0: (name, (name, None, "opened")),
            1: (target if number % 2 else source, (name, None, "opened")),
            2: (f"4500{number:04d}", (None, f"4500{number:04d}", "opened")),
        }[number // 3 % 3]
        hours = 240 * number + rng.uniform(0, 20)
        flags.append((f"manager {number % 5}", hours, texts[number % 3].format(about)))
        incidents.append((f"INC-{number:03d}", hours + 24, *entry))
        if number % 3:
            reads.append((number, hours + (1 if number % 3 == 1 else 24.5), 90.0))
    for number in range(20):
        flags.append((f"manager {number % 5}", 240 * number + 100, f"nobody can say what {number} is"))
        flags.append((f"manager {number % 5}", 240 * number + 100, None))
        incidents.append((f"SOLO-{number:03d}", 240 * number + 150, "portal-orders", None, "opened"))
    truth = SimpleNamespace(unread={number for number in range(60) if number % 3 != 1})
    return company(flags, incidents, reads, reports=5), truth


# Planted truth


def test_planted_flags_are_counted_one_by_one():
    logs, truth = planted()
    rows = ih.report_overload.red_flags(logs)
    assert sorted(rows["incident"]) == [f"INC-{number:03d}" for number in sorted(truth.unread)]
    assert rows["minutes_earlier"].to_list() == pytest.approx([24 * 60] * 40)
    assert rows["read_at"].count() == 20
    assert (rows["read_at"] > rows["began"]).drop_nulls().all()
    (whole,) = ih.report_overload.red_flag_share(logs).to_dicts()
    assert [whole[column] for column in COUNTED] == [80, 60, 40, 60, 40]
    assert whole["share"] == pytest.approx(2 / 3)
    # Wilson's interval of 40 of 60, by his formula.
    assert (whole["low"], whole["high"]) == pytest.approx((0.5406, 0.7727), abs=1e-4)
    assert whole["minutes_earlier"] == pytest.approx(24 * 60)
    assert set(rows["linked_by"]) == {"object", "integration", "system"}


def test_planted_flags_are_talked_about_by_what_they_were_about():
    logs, _ = planted()
    report = ih.report_overload.report(logs)
    said = report.findings.filter(pl.col("rule") == "unread_red_flag")
    of_erp_wms = said.filter(pl.col("subject") == "erp-wms").row(0, named=True)
    # Every third flag that names an integration names this one, and all of these lay unread. Seven of seven would be
    # critical by themselves, not as the most striking of a dozen subjects.
    assert (of_erp_wms["severity"], of_erp_wms["value"], of_erp_wms["n"]) == ("warning", 1.0, 7)
    assert of_erp_wms["owner"] == "erp-wms owner"
    assert of_erp_wms["statement"] == (
        "Nobody had read the red flags of 7 of 7 announced incidents about erp-wms, which came up to 1 day before."
    )
    assert set(said["subject"]) == {"erp-wms", "portal-orders", "Customer portal", "ERP", "WMS"} | {
        f"objects in report {number}" for number in range(5)
    }
    assert "manager" not in "".join(said["statement"]) + "".join(said["ask"])
    assert said["ask"].str.ends_with("?").all()


def test_an_incident_is_known_to_have_been_announced_from_the_first_flag_to_the_first_reading():
    flags = [("ana", 10, "erp-wms late"), ("bo", 12, "WMS slow"), ("cy", 14, "WMS slow")]
    incident = [("I", 30, "erp-wms", None, "opened")]
    (row,) = ih.report_overload.announced(company(flags, incident, [(2, 20, 90.0), (1, 17, 90.0)])).to_dicts()
    expected = {"linked_by": "integration", "about": "erp-wms", "flag": "erp-wms late", "report": "report 0"}
    expected |= {"flags": 3, "people": 3, "deliveries": 3, "unread": 1, "missed": False}
    expected |= {"flagged_at": START + 10 * HOUR, "read_at": START + 17 * HOUR, "began": START + 30 * HOUR}
    assert {name: row[name] for name in expected} == expected
    assert (row["minutes_earlier"], row["unread_minutes"]) == (20 * 60, 7 * 60)


def test_the_same_flags_shuffled_and_sent_twice_give_the_same():
    logs, _ = planted()
    doubled = logs.replace(
        deliveries=pl.concat([logs.deliveries, logs.deliveries]).sample(fraction=1, shuffle=True, seed=1),
        incident_events=logs.incident_events.sample(fraction=1, shuffle=True, seed=2),
        reads=pl.concat([logs.reads, logs.reads]).sample(fraction=1, shuffle=True, seed=3),
    )
    for table in ("red_flags", "announced", "red_flag_share"):
        asked = getattr(ih.report_overload, table)
        assert_frame_equal(asked(doubled), asked(logs))


# Nulls


def test_a_company_that_reads_all_flags_raises_no_finding():
    flags = [(f"manager {n % 4}", 24 * n, f"{INTEGRATIONS[n % 3][0]} is late") for n in range(40)]
    incidents = [(f"I{n}", 24 * n + 9, INTEGRATIONS[n % 3][0], None, "opened") for n in range(40)]
    logs = company(flags, incidents, [(n, 24 * n + 0.5, 90.0) for n in range(40)])
    report = ih.report_overload.report(logs)
    assert report.tables["red_flags"].is_empty()
    assert report.tables["red_flag_share"]["linked"].to_list() == [40]
    assert report.findings.filter(pl.col("rule") == "unread_red_flag").is_empty()
    assert report.notes["red_flags"] == "Every red flag that announced an incident had been read before it."


def test_a_flag_that_one_of_twelve_has_read_did_its_work():
    flags = [(f"manager {n}", 24 * day, "erp-wms is late") for day in range(10) for n in range(12)]
    incidents = [(f"I{day}", 24 * day + 9, "erp-wms", None, "opened") for day in range(10)]
    logs = company(flags, incidents, [(12 * day, 24 * day + 0.5, 90.0) for day in range(10)])
    (whole,) = ih.report_overload.red_flag_share(logs).to_dicts()
    assert [whole[column] for column in COUNTED] == [120, 120, 110, 10, 0]
    # Ten incidents and not 120 deliveries make the interval.
    assert whole["high"] - whole["low"] > 0.3
    assert ih.report_overload.report(logs).findings.filter(pl.col("rule") == "unread_red_flag").is_empty()


@pytest.mark.parametrize("seed", range(6))
def test_flags_and_incidents_that_have_nothing_to_do_with_each_other_warn_of_nothing(seed):
    rng = np.random.default_rng(seed)
    names = [row[0] for row in INTEGRATIONS]
    flags = [(f"manager {n % 8}", hours, f"{names[n % 3]} late") for n, hours in enumerate(rng.uniform(0, 2160, 200))]
    incidents = [(f"I{n}", hours, names[n % 3], None, "x") for n, hours in enumerate(rng.uniform(0, 2160, 40))]
    reads = [(n, flag[1] + rng.lognormal(0.5, 0.7), 90.0) for n, flag in enumerate(flags)]
    said = ih.report_overload.report(company(flags, incidents, reads)).findings
    assert set(said.filter(pl.col("rule") == "unread_red_flag")["severity"]) <= {"note"}


# Edges


WEEK = FLAG_DAYS * 24


@pytest.mark.parametrize(
    ("hours", "links"), [(WEEK, True), (WEEK + 0.001, False), (0.001, True), (0, False), (-1, False)]
)
def test_a_flag_announces_an_incident_of_the_week_after_it(hours, links):
    assert bool(linked([("ana", 100, "erp-wms late")], [("I", 100 + hours, "erp-wms", None, "opened")])) == links


@pytest.mark.parametrize(
    ("flag", "links"),
    [
        ("CRM is slow", True),
        ("crm: slow", True),
        ("(CRM)", True),
        ("CRM-Ausfall", True),
        ("crm-erp late", True),
        ("CRM2 is slow", False),
        ("SCRM is slow", False),
        ("the CRMs", False),
        ("crm_2x", True),
        ("Customer portal is slow", False),
    ],
)
def test_a_name_is_a_whole_word(flag, links):
    assert bool(linked([("ana", 0, flag)], [("I", 5, "crm-erp", None, "opened")])) == links


def test_a_name_inside_a_longer_one_is_not_meant():
    incidents = [("of the portal", 5, None, None, "Portal does not answer")]
    assert linked([("ana", 0, "Customer portal is slow")], incidents) == []
    assert linked([("ana", 0, "Portal is slow")], incidents) == [("Portal is slow", "of the portal")]
    # A flag about one integration is none about all others of its systems.
    assert linked([("ana", 0, "crm-erp is slow")], [("I", 5, "erp-wms", None, "opened")]) == []


def test_two_systems_beside_each_other_are_no_integration():
    edge = [("ERP > WMS", "ERP", "WMS")]
    logs = company([("ana", 0, "ERP, WMS down"), ("bo", 0, "ERP > WMS down")], [("I", 5, None, None, "WMS down")])
    messages = pl.DataFrame(edge, schema=["integration", "source", "target"], orient="row").with_columns(
        message_id=pl.lit("m"), sent_at=START, status=pl.lit("ok")
    )
    rows = ih.report_overload.red_flags(logs.replace(messages=messages))
    assert rows["flag"].to_list() == ["ERP, WMS down"]


@pytest.mark.parametrize(
    ("object_id", "flag", "links"),
    [
        ("4711", "order 4711 is stuck", True),
        ("471", "471 orders are stuck", False),
        ("A7", "order A7 is stuck", True),
        ("4711", "order 47110 is stuck", False),
        ("4711", "1,471 orders", False),
    ],
)
def test_an_object_links_and_an_amount_does_not(object_id, flag, links):
    assert bool(linked([("ana", 0, flag)], [("I", 5, None, object_id, "opened")])) == links


def test_one_flag_announces_one_incident_the_first_about_the_most_specific_name():
    flag = [("ana", 0, "ERP: order 4711 waits for erp-wms")]
    about_system = ("system", 2, "crm-erp", None, "opened")
    about_edge = [("edge", 3, "erp-wms", None, "opened"), ("edge again", 4, "erp-wms", None, "opened")]
    about_order = ("order", 5, None, "4711", "opened")
    assert linked(flag, [about_system, *about_edge, about_order]) == [(flag[0][2], "order")]
    assert linked(flag, [about_system, *about_edge]) == [(flag[0][2], "edge")]
    assert linked(flag, [about_system]) == [(flag[0][2], "system")]


def test_whom_an_incident_was_handed_to_is_not_what_it_is_about():
    steps = [("I", 5, "erp-wms", None, "opened"), ("I", 6, None, None, "handed to CRM")]
    assert linked([("ana", 0, "CRM slow"), ("ana", 0, "WMS slow")], steps) == [("WMS slow", "I")]


@pytest.mark.parametrize(
    ("reads", "unread"),
    [
        ([], True),
        ([(0, 1, 0.5)], True),
        ([(0, 1, 23.9)], True),
        ([(0, 1, 24.0)], False),  # 400 words at 1,000 a minute: skimmed
        ([(0, 1, 12.0), (0, 2, 12.0)], False),
        ([(0, 1, 12.0), (0, 9, 12.0)], True),  # the second after the incident
        ([(0, 1, None)], False),
        ([(0, 8.999, 60.0)], False),
        ([(0, 9, 60.0)], True),
    ],
)
def test_unread_is_what_was_not_even_skimmed_before_the_incident(reads, unread):
    assert bool(linked([("ana", 0, "ERP down")], [("I", 9, "crm-erp", None, "opened")], reads)) == unread


def test_any_opening_reads_a_report_of_unknown_length():
    assert not linked([("ana", 0, "ERP down")], [("I", 9, "erp-wms", None, "opened")], [(0, 1, 0.5)], words=None)


@pytest.mark.parametrize(("seconds", "unread"), [(0.5, True), (60.0, False)])
def test_charts_take_reading_too(seconds, unread):
    logs = company([("ana", 0, "ERP down")], [("I", 9, "crm-erp", None, "opened")], [(0, 1, seconds)], words=None)
    charts = pl.DataFrame({"report": ["report 0"], "charts": [10]})
    assert ih.report_overload.red_flags(logs.replace(reports=charts)).height == unread


def test_a_flag_that_came_again_was_seen_when_the_later_one_was_read():
    sent = pl.DataFrame({"report": "r", "person": "ana", "at": [START, START + 24 * HOUR], "flag": "erp-wms late"})
    reads = pl.DataFrame({"report": "r", "person": "ana", "at": [START + 25 * HOUR], "seconds": [60.0]})
    incident = pl.DataFrame({"incident": "I", "at": [START + 30 * HOUR], "integration": "erp-wms"})
    logs = evidence(deliveries=sent, reads=reads, incident_events=incident, catalog=declared())
    assert ih.report_overload.red_flags(logs).is_empty()
    other = sent.with_columns(flag=pl.Series(["erp-wms late", "crm-erp late"]))
    assert ih.report_overload.red_flags(logs.replace(deliveries=other))["delivered_at"].to_list() == [START]


@pytest.mark.parametrize("flag", ["", " ", "false", "No", "0", "OK", "green", "n/a", "NaN"])
def test_what_is_no_flag_is_not_counted(flag):
    logs = company([("ana", 0, flag), ("ana", 0, "ERP")], [("I", 9, "erp-wms", None, "opened")])
    assert ih.report_overload.red_flag_share(logs)["flagged"].to_list() == [1]


def test_a_link_that_is_likely_by_chance_is_in_the_table_and_no_finding():
    often = [(f"I{n}", 24 * n + 20, "erp-wms", None, "opened") for n in range(60)]
    rows = ih.report_overload.red_flags(logs := company([("ana", 2, "ERP slow")], often))
    # 59 others in 59 days and 18 hours, 18 hours ahead.
    assert rows["chance"].to_list() == pytest.approx([1 - np.exp(-59 * 18 / (59 * 24 + 18))])
    assert ih.report_overload.report(logs).findings.filter(pl.col("rule") == "unread_red_flag").is_empty()


@pytest.mark.parametrize(("minutes", "findings"), [(59, 0), (60, 1)])
def test_nobody_is_expected_to_read_a_flag_at_once(minutes, findings):
    logs = company([("ana", 0, "ERP slow")], [("I", minutes / 60, "erp-wms", None, "opened")])
    said = ih.report_overload.report(logs).findings.filter(pl.col("rule") == "unread_red_flag")
    assert said["severity"].to_list() == ["note"] * findings
    assert ih.report_overload.red_flags(logs).height == 1


@pytest.mark.parametrize(("times", "severity"), [(1, "note"), (2, "warning"), (5, "warning"), (6, "critical")])
def test_once_is_a_note_and_a_habit_is_more(times, severity):
    flags = [("ana", 100 * n, "erp-wms late") for n in range(times)]
    incidents = [(f"I{n}", 100 * n + 5, "erp-wms", None, "opened") for n in range(times)]
    said = ih.report_overload.report(company(flags, incidents)).findings
    assert said.filter(pl.col("rule") == "unread_red_flag")["severity"].to_list() == [severity]


def test_a_flag_during_an_open_incident_is_about_that_one():
    steps = [("A", 0, "new"), ("A", 30, "Resolved"), ("B", 50, "new"), ("other", 9, "new")]
    at = [START + hours * HOUR for _, hours, _ in steps]
    events = pl.DataFrame({"incident": [row[0] for row in steps], "at": at, "state": [row[2] for row in steps]})
    edges = pl.Series(["erp-wms"] * 3 + ["crm-erp"])
    flags = company([("ana", hours, "erp-wms late") for hours in (1, 29.9, 30, 40)], [])
    logs = flags.replace(incident_events=events.with_columns(integration=edges))
    rows = ih.report_overload.red_flags(logs)
    assert rows.select("incident", "minutes_earlier").rows() == [("B", 20 * 60), ("B", 10 * 60)]
    # Of an incident that nothing ends nobody knows how long it lasted.
    endless = logs.replace(incident_events=logs.incident_events.filter(pl.col("state") == "new"))
    assert ih.report_overload.red_flags(endless)["incident"].to_list() == ["B"] * 4


# Broken input


@pytest.mark.parametrize(
    ("absent", "remedy"), [("deliveries", "deliveries.flag"), ("reads", "reads (report"), ("incident_events", "incid")]
)
def test_what_is_missing_is_said(absent, remedy):
    logs, _ = planted()
    report = ih.report_overload.report(logs.replace(**{absent: None}))
    assert report.tables["red_flags"].is_empty()
    assert f"What red flags announced needs {remedy}" in report.notes["red_flags"]


HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\x1b[2J", "(.*)+$", "\u202egnp.exe", "[", "\\", "{}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_flags_are_text_and_never_a_pattern(name):
    logs = company([("ana", 0, f"{name} crm-erp {'x' * 10_000}")], [(name, 9, "crm-erp", name, name)])
    rows = ih.report_overload.red_flags(logs)
    assert rows.select("incident", "about").rows() in ([(name, "crm-erp")], [(name, name)])
    said = ih.report_overload.report(logs).findings
    assert "\x1b" not in "".join(said["statement"])
    assert said["statement"].str.len_chars().max() <= 500


# The textbook process


def words_of(text):
    """Letters and digits apart from everything else; a comma stays a word."""
    spaced = "".join(each if each.isalnum() else " , " if each in ",;" else " " for each in text.lower())
    return spaced.split()


def holds(text, name):
    words, looked_for = words_of(text), words_of(name)
    return any(words[at : at + len(looked_for)] == looked_for for at in range(len(words)))


HOURS = st.integers(0, 400)
TEXTS = st.sampled_from(["erp-wms", "crm-erp", "portal-orders"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(HOURS, TEXTS, st.booleans()), min_size=1, max_size=12),
    st.lists(st.tuples(HOURS, TEXTS), min_size=1, max_size=12),
)
def test_links_are_those_of_a_walk_through_all_incidents(flags, incidents):
    """One by one: the first later incident within a week whose integration the text holds, unread unless opened."""
    sent = [("ana", hours, f"queue of {name}!") for hours, name, _ in flags]
    begun = [(f"I{place}", hours + 0.5, name, None, "opened") for place, (hours, name) in enumerate(incidents)]
    reads = [(place, hours + 0.25, 90.0) for place, (hours, _, read) in enumerate(flags) if read]
    rows = ih.report_overload.red_flags(company(sent, begun, reads))
    walked = []
    for place, (hours, _, read) in enumerate(flags):
        after = sorted(
            (when, name) for name, when, edge, *_ in begun if holds(sent[place][2], edge) and 0 < when - hours <= WEEK
        )
        if after and not read:
            walked.append((f"report {place}", after[0][1], (after[0][0] - hours) * 60))
    assert sorted(rows.select("report", "incident", "minutes_earlier").rows()) == sorted(walked)
