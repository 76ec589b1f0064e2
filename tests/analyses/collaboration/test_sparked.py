"""Red flags and findings that sparked a conversation: about them, between the two teams, within two working days."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.teams import company, declared

from integrhealth.analyses.collaboration.contacts.questions import flag_signals, sparked, sparked_by_findings
from integrhealth.catalog import CATALOG

# Monday, nine o'clock in Madrid.
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The log of contacts begins and ends with two that say nothing of a flag.
EDGES = [(MONDAY - 30 * DAY, "finance", "IT", None), (MONDAY + 60 * DAY, "finance", "IT", None)]


def frame(columns, rows, **types):
    return pl.DataFrame(rows, schema=columns.split(), orient="row", schema_overrides=types) if rows else None


def flagged(flags, contacts, *, owner="sales", catalog=None, **frames):
    """Flags (hours from Monday, person, flag) in the report stock, which `owner` owns; Iris and Ivo are in IT."""
    tickets = [(f"i{n}", MONDAY - DAY, "IT", person) for n, person in enumerate(("iris", "ivo"))]
    talk = [(MONDAY + hours * HOUR, a, b, about) for hours, a, b, about in contacts]
    return company(
        deliveries=frame("report person at flag", [("stock", who, MONDAY + h * HOUR, flag) for h, who, flag in flags]),
        reports=pl.DataFrame({"report": ["stock"], "owner": [owner]}),
        contacts=frame("at team_a team_b about", [*EDGES, *talk], about=pl.String),
        incident_events=frame("incident at team person", tickets),
        catalog=catalog,
        **frames,
    )


def counts(evidence):
    return sparked(evidence).select("team_a", "team_b", "signals", "sparked", "talked").rows()


@pytest.mark.parametrize(
    ("hours", "about", "sparks", "talks"),
    [
        (3, "stock", 1, 1),
        (3, "what the Stock report says", 1, 1),
        (3, "erp-wms again", 1, 1),
        (3, "birthdays", 0, 1),
        (3, "stockings", 0, 1),
        (3, None, 0, 1),
        (-3, "stock", 0, 0),
        # Until Wednesday midnight in Madrid, 63 hours after.
        (62.9, "stock", 1, 1),
        (63.1, "stock", 0, 0),
    ],
)
def test_a_flag_sparks_where_they_spoke_of_it_within_two_working_days(hours, about, sparks, talks):
    evidence = flagged([(0, "iris", "ERP-WMS: 41 orders late")], [(hours, "sales", "IT", about)])
    assert counts(evidence) == [("IT", "sales", 1, sparks, talks)]


@pytest.mark.parametrize(
    ("flag_day", "contact_day", "sparks"), [(4, 8, 1), (4, 9, 0), (5, 8, 1), (5, 9, 0), (3, 7, 1), (3, 8, 0), (6, 8, 1)]
)
def test_saturday_and_sunday_are_no_working_days(flag_day, contact_day, sparks):
    """Days from Monday: after a Friday (4), a Saturday and a Sunday the next two are Monday (7) and Tuesday (8)."""
    evidence = flagged([(24 * flag_day, "iris", "late")], [(24 * contact_day + 1, "sales", "IT", "stock")])
    assert counts(evidence)[0][3] == sparks


def test_a_flag_of_a_day_is_one_signal_however_many_got_it():
    flags = [(0, "iris", "late"), (1, "ivo", "late"), (24, "iris", "late"), (2, "iris", "other"), (3, "nobody", "late")]
    assert flag_signals(flagged(flags, [])).height == 3


def test_whose_team_nobody_knows_or_whose_own_report_it_is_gives_no_signal():
    assert flag_signals(flagged([(0, "stranger", "late")], [])).is_empty()
    assert flag_signals(flagged([(0, "iris", "late")], [], owner="ivo")).is_empty()
    assert flag_signals(flagged([(0, "iris", " ")], [])).is_empty()
    assert flag_signals(flagged([(0, "iris", "late")], [], owner=None)).is_empty()


def test_owners_of_systems_are_of_the_team_of_the_system():
    systems = [{"system": "CRM", "team": "sales", "owner": "sara"}, {"system": "ERP", "team": "IT", "backup": "bo"}]
    catalog = declared()
    object.__setattr__(catalog, "systems", pl.DataFrame(systems, schema=CATALOG["systems"]))
    evidence = flagged([(0, "bo", "late")], [(1, "IT", "sales", "stock")], owner="sara", catalog=catalog)
    assert counts(evidence) == [("IT", "sales", 1, 1, 1)]


def test_whoever_is_said_to_be_of_two_teams_is_of_none():
    systems = [{"system": "CRM", "team": "sales", "owner": "iris"}]
    catalog = declared()
    object.__setattr__(catalog, "systems", pl.DataFrame(systems, schema=CATALOG["systems"]))
    signals = flag_signals(flagged([(0, "iris", "late"), (1, "ivo", "red")], [], owner="finance", catalog=catalog))
    assert signals.select("team_a", "team_b").rows() == [("IT", "finance")]


def test_a_small_team_gives_no_signal():
    catalog = declared(teams={"IT": 4, "sales": 12})
    assert flag_signals(flagged([(0, "iris", "late")], [], catalog=catalog)).is_empty()


def test_flags_whose_days_the_log_of_contacts_does_not_cover_are_not_judged():
    assert counts(flagged([(24 * 59, "iris", "late"), (-24 * 31, "iris", "late")], [])) == []
    assert counts(flagged([(24 * 50, "iris", "late")], [])) == [("IT", "sales", 1, 0, 0)]


def test_the_interval_of_the_share_is_that_of_wilson():
    flags = [(168 * week, "iris", f"late {week}") for week in range(8)]
    talk = [(168 * week + 2, "IT", "sales", "stock") for week in range(2)]
    (row,) = sparked(flagged(flags, talk)).rows(named=True)
    z, n, p = 1.959963984540054, 8, 0.25
    middle, half = (p + z**2 / 16) / (1 + z**2 / n), z * np.sqrt(p * (1 - p) / n + z**2 / 256) / (1 + z**2 / n)
    assert (row["share"], row["low"], row["high"]) == pytest.approx((p, middle - half, middle + half))


def test_the_table_agrees_with_a_loop_over_signals():
    topics = ["stock", "crm-erp", "lunch", None]
    for seed in range(15):
        rng = np.random.default_rng(seed)
        flags = [(float(h), "iris", str(rng.choice(["late", "crm-erp late"]))) for h in rng.integers(0, 900, 12)]
        talk = [(float(h), "sales", "IT", topics[rng.integers(4)]) for h in rng.uniform(0, 900, 25)]
        signals = {}
        for hours, _, flag in sorted(flags):
            signals.setdefault((madrid(hours), flag), hours)
        about, any_talk = 0, 0
        for (day, flag), hours in signals.items():
            last = day
            left = 2
            while left:
                last += DAY
                left -= last.weekday() < 5
            near = [topic for at, _, _, topic in talk if at > hours and madrid(at) <= last]
            any_talk += bool(near)
            about += any(topic == "stock" or (topic == "crm-erp" and "crm-erp" in flag) for topic in near)
        assert counts(flagged(flags, talk)) == [("IT", "sales", len(signals), about, any_talk)]


def madrid(hours):
    """The day in Madrid, in winter or summer; the clocks change on 29 March."""
    at = MONDAY + hours * HOUR
    local = at + (2 if at >= datetime(2026, 3, 29, 1, tzinfo=UTC) else 1) * HOUR
    return date(local.year, local.month, local.day)


# Findings of earlier runs


def history(*rows):
    return pl.DataFrame(
        [(MONDAY + days * DAY, subject, severity) for days, subject, severity in rows],
        schema=["run_at", "subject", "severity"],
        orient="row",
    )


def test_a_critical_finding_about_an_integration_sparks_where_its_two_teams_speak_of_it():
    evidence = flagged([], [(2, "sales", "IT", "CRM is slow"), (24 * 14, "warehouse", "IT", "lunch")])
    earlier = history(
        (0, "crm-erp", "critical"),
        (7, "crm-erp", "critical"),
        (14, "ERP > WMS", "critical"),
        (0, "erp-ledger", "warning"),
        (0, "ERP", "critical"),
        (0, None, None),
    )
    rows = sparked_by_findings(evidence, earlier)
    assert rows.select("team_a", "team_b", "source", "signals", "sparked", "talked").rows() == [
        ("IT", "sales", "finding", 1, 1, 1),
        ("IT", "warehouse", "finding", 1, 0, 0),
    ]


def test_without_contacts_nobody_can_tell():
    evidence = flagged([(0, "iris", "late")], []).replace(contacts=None)
    assert sparked(evidence).is_empty()
    assert sparked_by_findings(evidence, history((0, "crm-erp", "critical"))).schema == sparked(evidence).schema
