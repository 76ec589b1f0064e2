"""Real histories of incidents, against a plain count of the same files with the standard library."""

import csv
import gzip
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.analyses.accountability.incidents import questions
from integrhealth.analyses.accountability.incidents.findings import incident_findings
from integrhealth.language.findings import ranked

XES = "{http://www.xes-standard.org/}"


def counted(cases):
    """Of cases of steps (time, team): {case: (handovers, returns, teams)}, by a loop over the steps in order."""
    counts = {}
    for name, steps in cases.items():
        seen, before, given, back = set(), None, 0, 0
        for _, team in sorted(steps, key=lambda step: step[0]):
            if team is None:
                continue
            if before is not None and team != before:
                given += 1
                back += team in seen
            seen.add(team)
            before = team
        counts[name] = (given, back, len(seen))
    return counts


@pytest.fixture(scope="module")
def volvo():
    return shared_data("formats", "xes", "07_bpic2013_incidents.xes.gz")


@pytest.fixture(scope="module")
def evidence(volvo):
    return ih.read(volvo)


@pytest.fixture(scope="module")
def cases(volvo):
    """Every case of the file with its steps: time, team, state, as they stand in the XML."""
    cases = {}
    with gzip.open(volvo) as file:
        for _, element in ElementTree.iterparse(file):
            if element.tag == f"{XES}trace":
                name = next(each.get("value") for each in element if each.get("key") == "concept:name")
                cases[name] = [
                    {each.get("key"): each.get("value") for each in event} for event in element.iter(f"{XES}event")
                ]
                element.clear()
    return cases


def test_handovers_and_returns_of_7554_incidents_are_those_of_a_plain_count(evidence, cases):
    plain = counted(
        {
            name: [(datetime.fromisoformat(step["time:timestamp"]), step.get("org:group")) for step in steps]
            for name, steps in cases.items()
        }
    )
    found = questions.incidents(evidence)
    rows = {row[0]: row[1:] for row in found.select("incident", "handovers", "returns", "teams").rows()}
    assert rows == plain
    assert len(rows) == 7554
    pairs = questions.handovers(evidence)
    assert pairs.select("handovers", "returns").sum().row(0) == (
        sum(given for given, _, _ in plain.values()),
        sum(back for _, back, _ in plain.values()),
    )


def test_hours_of_real_incidents_are_those_of_a_loop(evidence, cases):
    found = {row["incident"]: row for row in questions.incidents(evidence).iter_rows(named=True)}
    for name in sorted(cases)[::40]:
        steps = sorted(
            ((datetime.fromisoformat(step["time:timestamp"]), step) for step in cases[name]), key=lambda step: step[0]
        )
        over = [step["concept:name"] == "Completed" or step["lifecycle:transition"] == "Closed" for _, step in steps]
        first_over = max((place for place, each in enumerate(over) if not each), default=-1) + 1
        if first_over >= len(steps) or steps[first_over][0] == steps[0][0]:
            assert found[name]["search_hours"] is None
            continue
        spent = defaultdict(float)
        for (since, step), (until, _) in pairwise(steps[: first_over + 1]):
            spent[step["org:group"]] += (until - since).total_seconds() / 3600
        fixing = steps[first_over][1]["org:group"]
        assert found[name]["fixed_by"] == fixing
        assert found[name]["fix_hours"] == pytest.approx(spent[fixing])
        assert found[name]["search_hours"] == pytest.approx(sum(spent.values()) - spent[fixing])


def test_the_priority_is_the_first_impact_and_machines_are_teams_and_no_persons(evidence, cases):
    found = questions.incidents(evidence)
    impacts = {name: steps[0]["impact"] for name, steps in cases.items()}
    assert dict(found.select("incident", "priority").iter_rows()) == impacts
    assert "Siebel" not in evidence.incident_events["person"].drop_nulls().to_list()
    assert any(step.get("org:resource") == "Siebel" for steps in cases.values() for step in steps)
    assert evidence.incident_events["team"].null_count() == 0


def test_what_is_said_of_real_incidents_is_how_often_they_come_back(evidence):
    said = ranked(
        incident_findings(
            questions.incidents(evidence),
            questions.handovers(evidence),
            questions.owner_effect(evidence),
            integrations=evidence.catalog.integrations,
        )
    )
    assert said.select("rule", "severity").rows() == [("ping_pong", "warning")]
    # BPI Challenge 2013: every third handover goes back.
    assert said["value"].item() == pytest.approx(1 / 3, abs=0.02)


def csv_rows(*parts):
    path = shared_data("formats", *parts)
    with path.open(encoding="utf-8", newline="") as file:
        return path, list(csv.DictReader(file))


def test_tickets_of_zendesk_without_a_group_have_counts_and_no_hours():
    path, rows = csv_rows("zendesk", "ticket_field_history_data.csv")
    found = questions.incidents(ih.read(path)).sort("incident")
    assert found["incident"].to_list() == sorted({row["ticket_id"] for row in rows})
    assert not any(row["field_name"] == "group_id" for row in rows)
    assert found["handovers"].sum() == 0
    assert found["search_hours"].null_count() == found.height
    repaired = set()
    for row in sorted((row for row in rows if row["field_name"] == "status"), key=lambda row: row["updated"]):
        ticket = row["ticket_id"]
        repaired = repaired | {ticket} if row["value"] in ("solved", "closed") else repaired - {ticket}
    assert set(found.filter(state="repaired")["incident"]) == repaired
    first = {}
    for row in sorted((row for row in rows if row["field_name"] == "priority"), key=lambda row: row["updated"]):
        first.setdefault(row["ticket_id"], row["value"])
    assert dict(found.select("incident", "priority").iter_rows()) == {
        ticket: first.get(ticket) for ticket in found["incident"]
    }


def test_issues_of_jira_name_no_team_and_states_by_number():
    path, rows = csv_rows("jira", "issue_field_history.csv")
    found = questions.incidents(ih.read(path))
    assert sorted(found["incident"]) == sorted({row["issue_id"] for row in rows})
    assert found.select("handovers", "teams", "search_hours", "state").unique().rows() == [(0, 0, None, "open")]


def test_the_cases_of_a_process_without_teams_are_counted():
    path = shared_data("formats", "xes", "running-example.xes")
    found = questions.incidents(ih.read(path))
    traces = [each for each in ElementTree.parse(path).getroot().iter() if each.tag.endswith("trace")]
    assert found.height == len(traces)
    assert found.select("handovers", "teams").sum().row(0) == (0, 0)
