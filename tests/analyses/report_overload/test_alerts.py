"""Alerts: which led to an action, how many one message per cause would have been, and what comes at night."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.reports import evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.catalog import Catalog
from integrhealth.language.thresholds import ALERT_GAP_HOURS

# Midnight in Madrid, in winter.
START = datetime(2026, 1, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = {"alert_fatigue", "repeated_alerts", "broken_nights"}


def company(alerts, acts=(), *, channel="alert", owner="monitoring-lead"):
    """`alerts` are (source, person, hours since midnight in Madrid, text), `acts` (number of the alert, action)."""
    sent = [(source, person, START + hours * HOUR, text, channel) for source, person, hours, text in alerts]
    done = [(*sent[place][:2], sent[place][2] + HOUR / 60, action) for place, action in acts]
    columns = ["report", "person", "at"]
    return evidence(
        deliveries=pl.DataFrame(sent, schema=[*columns, "flag", "channel"], orient="row"),
        reads=pl.DataFrame(done, schema=[*columns, "action"], orient="row") if done else None,
        reports=pl.DataFrame({"report": sorted({row[0] for row in sent}), "owner": owner}),
        catalog=Catalog(timezone="Europe/Madrid"),
    )


def said(logs, rule):
    return ih.report_overload.report(logs).findings.filter(pl.col("rule") == rule)


def planted():
    """Thirty days of three sources.

    Disk: every day at 1:00, 1:10 ... 2:30, ten times the same to Ana, each about another host; nobody ever acts. Queue:
    every day at 10:00 one alert to Ana and Bo, acted on by Bo. Payments: every third day at 23:30 one to Bo, who acts.
    """
    alerts, acts = [], []
    for day in range(30):
        alerts += [
            ("disk", "ana", 24 * day + 1 + n / 6, f"disk of host-{day + n} is {80 + n}% full") for n in range(10)
        ]
        alerts += [("queue", person, 24 * day + 10, "queue is long") for person in ("ana", "bo")]
        acts.append((len(alerts) - 1, "acknowledged"))
        acts += [(len(alerts) - 2, "open")]
        if day % 3 == 0:
            alerts.append(("payments", "bo", 24 * day + 23.5, f"{day} payments failed"))
            acts.append((len(alerts) - 1, "restarted the gateway"))
    return company(alerts, acts)


# Planted truth


def test_planted_alerts_are_counted_by_cause():
    columns = ["source", "alerts", "people", "episodes", "repeats", "acted", "ignored", "night"]
    assert ih.report_overload.alerts(planted()).select(columns).rows() == [
        ("disk", 300, 1, 30, 270, 0, 30, 300),
        ("queue", 60, 2, 30, 0, 30, 0, 0),
        ("payments", 10, 1, 10, 0, 10, 0, 10),
    ]


def test_planted_alerts_are_counted_by_person_and_in_all():
    people = ih.report_overload.alert_people(planted())
    columns = ["person", "alerts", "days", "busiest_day", "repeats", "acted", "night", "nights", "busiest_night"]
    assert people.select(columns).rows() == [
        ("ana", 330, 30, 11, 270, 0, 300, 30, 10),
        ("bo", 40, 30, 2, 0, 40, 10, 10, 1),
    ]
    assert people["per_day"].to_list() == pytest.approx([11, 40 / 30])
    (whole,) = ih.report_overload.alert_totals(planted()).to_dicts()
    counts = {"alerts": 370, "people": 2, "person_days": 60, "episodes": 70, "repeats": 270, "acted": 40, "ignored": 30}
    # The night of the first alert began on the evening before it, the last one before the last day.
    counts |= {"night": 310, "nights": 30, "disturbed": 30, "overloaded": 30}
    assert {name: whole[name] for name in counts} == counts
    assert whole["per_person_day"] == pytest.approx(370 / 60)
    assert whole["actionable_share"] == pytest.approx(4 / 7)
    # Wilson's interval of 40 of 70, by his formula.
    assert (whole["low"], whole["high"]) == pytest.approx((0.4548, 0.6806), abs=1e-4)


def test_planted_alerts_come_at_their_hours_of_the_clock_on_the_wall():
    hours = ih.report_overload.alert_hours(planted())
    assert hours["hour"].to_list() == list(range(24))
    counts = dict(hours.filter(pl.col("alerts") > 0).select("hour", "alerts").rows())
    assert counts == {1: 180, 2: 120, 10: 60, 23: 10}
    assert hours.filter("night")["hour"].to_list() == [0, 1, 2, 3, 4, 5, 22, 23]


def test_planted_alerts_are_talked_about():
    logs = planted()
    (fatigue,) = said(logs, "alert_fatigue").to_dicts()
    assert (fatigue["subject"], fatigue["severity"], fatigue["value"], fatigue["n"]) == ("disk", "warning", 1.0, 30)
    assert fatigue["statement"] == "Nobody acted on 30 of 30 episodes that disk alerted to, in 300 alerts."
    assert (fatigue["owner"], fatigue["ask"]) == (
        "monitoring-lead",
        "What should anybody do when disk alerts, and what if it did not?",
    )
    (repeats,) = said(logs, "repeated_alerts").to_dicts()
    assert repeats["statement"] == "270 of 300 alerts of disk repeat; one message per cause and person would be 30."
    (nights,) = said(logs, "broken_nights").to_dicts()
    assert (nights["severity"], nights["value"], nights["n"]) == ("critical", 1.0, 30)
    assert "In 30 of 30 nights somebody got more than 2 alerts between 22 and 6" in nights["statement"]
    everything = [nights, repeats, fatigue]
    assert not [each for each in everything if "ana" in each["statement"] + each["ask"]]


def test_the_same_alerts_shuffled_and_sent_twice_give_the_same():
    logs = planted()
    doubled = logs.replace(
        deliveries=pl.concat([logs.deliveries, logs.deliveries]).sample(fraction=1, shuffle=True, seed=1),
        reads=pl.concat([logs.reads, logs.reads]).sample(fraction=1, shuffle=True, seed=3),
    )
    for table in ("alerts", "alert_people", "alert_hours", "alert_totals"):
        asked = getattr(ih.report_overload, table)
        assert_frame_equal(asked(doubled), asked(logs))


# Nulls


@pytest.mark.parametrize("seed", range(6))
def test_few_alerts_on_which_people_act_are_no_finding(seed):
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.uniform(0, 90 * 24, 120))
    alerts = [(f"source {n % 3}", f"person {n % 4}", when, f"alert {n % 7}") for n, when in enumerate(hours)]
    acts = [(n, "resolved") for n in range(120) if rng.random() < 0.8]
    logs = company(alerts, acts)
    assert not set(ih.report_overload.report(logs).findings["rule"]) & RULES
    assert ih.report_overload.alert_totals(logs)["alerts"].to_list() == [120]


def test_where_no_action_is_logged_nobody_is_said_to_have_ignored_alerts():
    alerts = [("disk", "ana", 24.0 * day + 12, "disk full") for day in range(40)]
    logs = company(alerts, [(n, "open") for n in range(40)])
    (row,) = ih.report_overload.alerts(logs).to_dicts()
    assert (row["episodes"], row["acted"], row["ignored"], row["actionable_share"], row["low"]) == (40, *[None] * 4)
    assert said(logs, "alert_fatigue").is_empty()


def test_what_is_done_with_other_reports_does_not_say_that_alerts_are_ignored():
    alerts = [("disk", "ana", 24.0 * day + 12, "disk full") for day in range(40)]
    logs = company(alerts, [(n, "open") for n in range(40)])
    export = pl.DataFrame({"report": "sales", "person": "bo", "at": [START], "action": "exportreport"})
    logs = logs.replace(reads=pl.concat([logs.reads, export], how="diagonal"))
    assert ih.report_overload.alerts(logs)["ignored"].to_list() == [None]
    assert said(logs, "alert_fatigue").is_empty()


# Edges


@pytest.mark.parametrize(("hours", "repeats"), [(ALERT_GAP_HOURS, 1), (ALERT_GAP_HOURS + 0.001, 0)])
def test_one_cause_lasts_while_alerts_follow_each_other(hours, repeats):
    (row,) = ih.report_overload.alerts(company([("disk", "ana", at, "full") for at in (10, 10 + hours)])).to_dicts()
    assert (row["repeats"], row["episodes"]) == (repeats, 2 - repeats)


def test_a_cause_is_the_text_without_its_numbers_and_another_person_is_no_repeat():
    alerts = [
        ("disk", "ana", 10, "host-1 at 81%"),
        ("disk", "ana", 11, "host-2 at 95%"),
        ("disk", "bo", 11, "host-2 at 9%"),
    ]
    alerts += [("disk", "ana", 11, "fan is loud"), ("queue", "ana", 11, "host-1 at 81%"), ("queue", "ana", 12, None)]
    rows = ih.report_overload.alerts(company(alerts)).select("source", "cause", "alerts", "people", "repeats").rows()
    assert rows == [
        ("disk", "host-# at #%", 3, 2, 1),
        ("disk", "fan is loud", 1, 1, 0),
        ("queue", "host-# at #%", 1, 1, 0),
        ("queue", "queue", 1, 1, 0),
    ]


@pytest.mark.parametrize(
    ("channel", "alert"),
    [
        ("alert", True),
        ("Alerts", True),
        ("slack-alerts", True),
        ("email", False),
        ("alertness course", False),
        (None, False),
    ],
)
def test_an_alert_comes_by_a_channel_of_that_name(channel, alert):
    logs = company([("disk", "ana", 10, "full")], channel=channel)
    assert ih.report_overload.alerts(logs).height == alert


@pytest.mark.parametrize(
    ("action", "acted"),
    [
        ("acknowledged", 1),
        ("Forwarded", 1),
        ("restarted", 1),
        ("opened", 0),
        ("ViewReport", 0),
        ("Dismissed", 0),
        ("no action", 0),
    ],
)
def test_looking_at_an_alert_is_no_action(action, acted):
    logs = company([("disk", "ana", 10, "full"), ("queue", "bo", 10, "long")], [(0, action), (1, "resolved")])
    assert ih.report_overload.alerts(logs).filter(source="disk")["acted"].to_list() == [acted]


@pytest.mark.parametrize(("hour", "night"), [(21.99, 0), (22, 1), (5.99, 1), (6, 0)])
def test_the_night_is_from_22_to_6_of_the_clock_on_the_wall_in_summer_too(hour, night):
    winter, summer = ("disk", "ana", hour, "full"), ("disk", "ana", 24 * 200 + hour - 1, "full")
    assert ih.report_overload.alert_people(company([winter]))["night"].to_list() == [night]
    assert ih.report_overload.alert_people(company([summer]))["night"].to_list() == [night]


def test_one_night_goes_from_evening_to_morning():
    late = [("disk", "ana", hours, f"{'abcd'[n]} is full") for n, hours in enumerate((22, 23.5, 24.5, 29.9))]
    (row,) = ih.report_overload.alert_people(company(late)).to_dicts()
    assert (row["nights"], row["busiest_night"], row["days"], row["busiest_day"]) == (1, 4, 2, 2)
    (whole,) = ih.report_overload.alert_totals(company(late)).to_dicts()
    assert (whole["nights"], whole["disturbed"], whole["overloaded"]) == (1, 1, 1)


@pytest.mark.parametrize(("a_night", "overloaded"), [(2, 0), (3, 30)])
def test_two_alerts_a_night_are_what_a_shift_may_bring(a_night, overloaded):
    alerts = [("disk", "ana", 24 * day + 1 + n, f"{'abc'[n]} is full") for day in range(30) for n in range(a_night)]
    logs = company(alerts)
    assert ih.report_overload.alert_totals(logs)["overloaded"].to_list() == [overloaded]
    assert said(logs, "broken_nights").height == bool(overloaded)


@pytest.mark.parametrize(("ignored", "severity"), [(39, []), (40, ["warning"]), (59, ["warning"]), (60, ["critical"])])
def test_certainly_more_than_half_ignored_is_a_warning(ignored, severity):
    """Binomial tails of sixty at a half and at nine tenths, times two sources: 2.7% of 39, 1.3% of 40; 2.8% of 59."""
    alerts = [("disk", "ana", 24.0 * day + 12, "full") for day in range(60)]
    acts = [(n, "resolved") for n in range(60 - ignored)]
    logs = company([*alerts, ("queue", "bo", 1.0, "long")], [*acts, (60, "resolved")])
    assert said(logs, "alert_fatigue")["severity"].to_list() == severity


# Incident tools


def incidents(rows, columns="incident at person action state integration team"):
    rows = [(name, START + hours * HOUR, *rest) for name, hours, *rest in rows]
    frame = pl.DataFrame(rows, schema=columns.split(), orient="row", infer_schema_length=None)
    return evidence(incident_events=frame, catalog=Catalog(timezone="Europe/Madrid"))


PAGES = [
    ("P1", 1, "ana", "created", "triggered", "checkout", "sre"),
    ("P1", 1.5, "ana", "acknowledged", "acknowledged", "checkout", "sre"),
    ("P2", 2, "ana", "created", "triggered", "checkout", "sre"),
    ("P2", 2.5, None, "resolved", "resolved", "checkout", "sre"),
    ("P3", 30, "bo", "created", "triggered", None, "sre"),
]


def test_incidents_of_a_tool_that_alerts_are_alerts():
    rows = ih.report_overload.alerts(incidents(PAGES))
    columns = ["source", "alerts", "episodes", "repeats", "acted", "ignored", "night"]
    assert rows.select(columns).rows() == [("checkout", 2, 1, 1, 1, 0, 2), ("sre", 1, 1, 0, 0, 1, 0)]
    assert ih.report_overload.alert_people(incidents(PAGES)).select("person", "alerts", "acted").rows() == [
        ("ana", 2, 1),
        ("bo", 1, 0),
    ]


def test_incidents_of_a_team_do_not_repeat_each_other():
    pages = [(f"P{n}", 3.0 * n, "ana", "created", "triggered", None, "sre") for n in range(40)]
    rows = ih.report_overload.alerts(incidents(pages))
    assert set(rows["source"]) == {"sre"}
    assert rows.select(pl.col("alerts", "episodes", "repeats").sum()).row(0) == (40, 40, 0)
    assert said(incidents(pages), "repeated_alerts").is_empty()
    one = [(name, *rest[:4], "checkout", "sre") for name, *rest in pages]
    assert said(incidents(one), "repeated_alerts").height == 1


def test_a_log_that_says_whose_incident_it_is_does_not_say_who_acted():
    one_for_all = [(*row[:2], "ana", *row[3:]) for row in PAGES]
    assert ih.report_overload.alerts(incidents(one_for_all))["acted"].to_list() == [None, None]
    assert ih.report_overload.alerts(incidents(PAGES[2:]))["acted"].to_list() == [None, None]


def test_tickets_are_no_alerts_and_alerts_that_were_delivered_come_first():
    tickets = [(*row[:3], "opened", "in progress", *row[5:]) for row in PAGES]
    assert ih.report_overload.alerts(incidents(tickets)).is_empty()
    both = incidents(PAGES).replace(deliveries=company([("disk", "ana", 10, "full")]).deliveries)
    assert ih.report_overload.alerts(both)["source"].to_list() == ["disk"]


@pytest.mark.parametrize(("speaking", "alerts"), [(1, 0), (9, 0), (10, 100)])
def test_tickets_some_of_which_speak_of_alerts_are_none(speaking, alerts):
    said = ["the trigger of the job is gone"] * speaking + ["the job is slow"] * (100 - speaking)
    tickets = [(f"T{n}", n, "ana", text, "open", "erp-wms", "sre") for n, text in enumerate(said)]
    assert ih.report_overload.alerts(incidents(tickets))["alerts"].sum() == alerts


def test_without_alerts_the_tables_say_what_would_make_them():
    report = ih.report_overload.report(evidence())
    for table in ("alerts", "alert_people", "alert_hours", "alert_totals"):
        assert report.notes[table].startswith("What people are alerted to needs deliveries whose channel is alert")


# The textbook process


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 60)), min_size=1, max_size=25))
def test_repeats_are_those_of_a_walk_through_all_alerts(drawn):
    """One by one: an alert of the same source within five hours goes on; whom it told already, it tells again."""
    alerts = [
        (source, person, float(hours), "full") for source, person, hours in sorted(set(drawn), key=lambda d: d[2])
    ]
    last, heard, repeats = {}, {}, 0
    for source, person, hours, _ in alerts:
        if hours - last.get(source, -100) > ALERT_GAP_HOURS:
            heard[source] = set()
        repeats += person in heard[source]
        heard[source].add(person)
        last[source] = hours
    assert ih.report_overload.alert_totals(company(alerts))["repeats"].to_list() == [repeats]
