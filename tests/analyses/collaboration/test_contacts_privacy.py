"""Whatever is given and however it is filtered: no team of fewer than five people is in any answer."""

import json
from datetime import timedelta

import polars as pl
from drawing.teams import START, declared
from hypothesis import given, settings
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.analyses.collaboration.charts.contacts import bypass_map, need_matrix
from integrhealth.analyses.collaboration.contacts.findings import contact_findings
from integrhealth.analyses.collaboration.contacts.notes import contact_notes
from integrhealth.analyses.collaboration.contacts.questions import (
    bypass,
    bypass_index,
    congruence,
    pairs,
    sparked,
    sparked_by_findings,
)
from integrhealth.analyses.collaboration.questions import contacts_of, heard_teams_of, shown_teams_of

TEAMS = [f"secret team {letter}" for letter in "ABCDEF"]
team = st.sampled_from(TEAMS)
hours = st.floats(0, 24 * 120, allow_nan=False)
written = st.sampled_from([str, str.upper, lambda name: f" {name} "])


@st.composite
def companies(draw):
    """Teams of any size, or of none that the catalog says; people who meet, tickets, messages, flags."""
    sizes = {name: draw(st.none() | st.integers(0, 9)) for name in draw(st.sets(team))}
    owners = {f"S{n}": draw(st.sampled_from(sorted(sizes))) for n in range(4)} if sizes else {}
    edges = [(f"S{a}", f"S{b}") for a in range(4) for b in range(4) if a != b]
    catalog = declared(
        teams=sizes,
        systems=owners or {"S0": None},
        integrations={f"i{n}": edge for n, edge in enumerate(draw(st.lists(st.sampled_from(edges), max_size=5)))},
    )
    talk = draw(st.lists(st.tuples(hours, team, team, written, st.none() | st.integers(2, 60)), max_size=25))
    steps = draw(st.lists(st.tuples(st.integers(0, 4), hours, team, st.integers(0, 8)), max_size=40))
    flow = draw(st.lists(st.tuples(hours, st.sampled_from(edges)), max_size=40))
    flags = draw(st.lists(st.tuples(hours, st.integers(0, 8), team), max_size=8))
    return ih.Evidence(
        catalog=catalog,
        contacts=pl.DataFrame(
            {
                "at": [START + timedelta(hours=at) for at, *_ in talk],
                "team_a": [spelled(a) for _, a, _, spelled, _ in talk],
                "team_b": [b for _, _, b, _, _ in talk],
                "people": [people for *_, people in talk],
                "about": ["report" for _ in talk],
            },
        )
        if talk
        else None,
        incident_events=pl.DataFrame(
            {
                "incident": [f"n{incident}" for incident, *_ in steps],
                "at": [START + timedelta(hours=at) for _, at, _, _ in steps],
                "team": [name for _, _, name, _ in steps],
                "person": [f"employee {number}" for *_, number in steps],
            }
        )
        if steps
        else None,
        messages=pl.DataFrame(
            {
                "message_id": [f"m{n}" for n in range(len(flow))],
                "source": [source for _, (source, _) in flow],
                "target": [target for _, (_, target) in flow],
                "sent_at": [START + timedelta(hours=at) for at, _ in flow],
                "status": "ok",
                "amount": 10.0,
            }
        )
        if flow
        else None,
        deliveries=pl.DataFrame(
            {
                "report": [f"report of {name}" for _, _, name in flags],
                "person": [f"employee {number}" for _, number, _ in flags],
                "at": [START + timedelta(hours=at) for at, _, _ in flags],
                "flag": "red",
            }
        )
        if flags
        else None,
        reports=pl.DataFrame({"report": [f"report of {name}" for name in TEAMS], "owner": TEAMS}),
    )


def large(evidence):
    """The teams of which the catalog, else the ticket log, names five people or more; counted by hand."""
    declared_sizes = dict(evidence.catalog.teams.select("team", "people").rows())
    logged = {name: set() for name in TEAMS}
    for name, person in evidence.incident_events.select("team", "person").rows():
        logged[name].add(person)
    sizes = {name: declared_sizes.get(name) for name in TEAMS}
    return {name for name, size in sizes.items() if (len(logged[name]) if size is None else size) >= 5}


def everything(evidence):
    """All that the room says: tables, findings, notes and what stands in the charts."""
    tables = {q.__name__: q(evidence) for q in (pairs, congruence, bypass, bypass_index, sparked)}
    history = pl.DataFrame({"run_at": [START + timedelta(days=9)], "subject": ["i0"], "severity": ["critical"]})
    frames = [*tables.values(), sparked_by_findings(evidence, history), contacts_of(evidence).drop("about")]
    frames += contact_findings(tables["bypass"], tables["congruence"], integrations=evidence.catalog.integrations)
    teams = {"shown_teams": shown_teams_of(evidence), "heard_teams": heard_teams_of(evidence)}
    notes = contact_notes(tables, contacts=evidence.contacts, **teams)
    charts = [need_matrix(tables["pairs"]).to_dict(), bypass_map(tables["bypass"]).to_dict()]
    return "\n".join([*(frame.write_json() for frame in frames), json.dumps(charts), *notes.values()]).lower()


@settings(max_examples=40, deadline=None)
@given(companies(), st.sampled_from(["all", "contacts", "tickets", "period"]), hours)
def test_no_team_of_fewer_than_five_is_in_any_answer(evidence, cut, at):
    moment = START + timedelta(hours=at)
    if cut == "contacts":
        evidence = evidence.filter(pl.col("at") >= moment, frame="contacts")
    elif cut == "tickets":
        evidence = evidence.filter(pl.col("at") < moment, frame="incident_events")
    elif cut == "period":
        evidence = evidence.since(moment)
    said = everything(evidence)
    small = set(TEAMS) - large(evidence)
    assert [name for name in small if name in said or name.lower() in said] == []
    assert "employee" not in said


def test_the_property_would_see_a_team_that_is_told():
    catalog = declared(
        teams=dict.fromkeys(TEAMS, 9), systems={"S0": TEAMS[0], "S1": TEAMS[1]}, integrations={"i": ("S0", "S1")}
    )
    assert TEAMS[0].lower() in everything(ih.Evidence(catalog=catalog))
