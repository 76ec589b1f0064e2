"""The service desk of the sample companies: truth.json against raw tickets, messages and what the kit measures."""

import csv
import json
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import yaml
from drawing.samples import sample

import integrhealth as ih
from integrhealth.analyses.dependency_fragility.repairs import repairs as system_repairs
from integrhealth.sample import write_sample

SAMPLES = Path(__file__).parents[2] / "sample_logs"
MADRID = ZoneInfo("Europe/Madrid")
UNITS = {"m": 1, "h": 60, "d": 1440}


@pytest.fixture(scope="module", params=["a", "b"])
def desk(request):
    """Company, its tickets (id to steps in the order of the file) and the truth."""
    folder = SAMPLES / f"company_{request.param}"
    tickets = defaultdict(list)
    with open(folder / "service_desk" / "tickets.csv", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            row["at"] = datetime.strptime(row["CHANGED"], "%d.%m.%Y %H:%M:%S").replace(tzinfo=MADRID)
            tickets[row["TICKET"]].append(row)
    return request.param, dict(tickets), json.loads((folder / "truth.json").read_text())


def repairs(tickets: dict[str, list[dict]]) -> list[dict]:
    """Search and fix of each repaired incident, in minutes: the search ends with the last change of team."""
    found = []
    for steps in tickets.values():
        done = next((row for row in steps if row["STATE"] == "resolved"), None)
        if done is None:
            continue
        opened = came = steps[0]
        for before, row in pairwise(steps[: steps.index(done)]):
            came = row if row["GROUP"] != before["GROUP"] else came
        search, fix = ((b["at"] - a["at"]).total_seconds() / 60 for a, b in ((opened, came), (came, done)))
        night = opened["at"].hour >= 22 or opened["at"].hour < 6
        found.append({"integration": opened["INTERFACE"], "night": night, "search": search, "fix": fix})
    return found


def test_tickets_are_counted_right(desk):
    _, tickets, truth = desk
    planted = truth["mechanisms"]["incidents"]
    assert truth["files"]["service_desk/tickets.csv"] == {"rows": sum(map(len, tickets.values()))}
    handovers = returns = 0
    for steps in tickets.values():
        given = [row["GROUP"] for row in steps if row["ACTION"] in ("opened", "assigned") and row["GROUP"] != "-"]
        changes = [place for place in range(1, len(given)) if given[place] != given[place - 1]]
        handovers += len(changes)
        returns += sum(given[place] in given[:place] for place in changes)
    done = repairs(tickets)
    counted = (len(tickets), len(done), handovers, returns)
    assert counted == tuple(planted[key] for key in ("incidents", "repaired", "handovers", "returns"))
    for part, night in (("night", True), ("day", False)):
        rows = [row for row in done if row["night"] == night]
        assert len(rows) == planted[part]["repaired"] > 10
        for what in ("search", "fix"):
            assert median(row[what] for row in rows) == pytest.approx(planted[part][f"median_{what}_minutes"], abs=1e-5)
    assert sum(row["repaired"] for row in planted["by_system"].values()) == len(done)


def test_search_and_blame_are_counted_right(desk):
    company, tickets, truth = desk
    planted = truth["mechanisms"]["incidents"]
    catalog = yaml.safe_load((SAMPLES / f"company_{company}" / "catalog.yaml").read_text())
    owned = {entry["name"] for entry in catalog["integrations"] if "owner" in entry}
    for part, has_owner in (("owned", True), ("ownerless", False)):
        rows = [row for row in repairs(tickets) if (row["integration"] in owned) == has_owner]
        assert len(rows) == planted[part]["repaired"]
        for what in ("search", "fix"):
            middle = median(row[what] for row in rows) if rows else None
            assert planted[part][f"median_{what}_minutes"] == (middle and pytest.approx(middle, abs=1e-5))
    teams = {entry["name"]: entry["team"] for entry in catalog["systems"]}
    root = {entry["name"]: teams[entry["target"]] for entry in catalog["integrations"]}
    blamed, wrong = defaultdict(int), defaultdict(int)
    for steps in tickets.values():
        given = [row["GROUP"] for row in steps if row["ACTION"] in ("opened", "assigned") and row["GROUP"] != "-"]
        # The desk opens every ticket of company A and is to blame for none by that.
        given = given[1:] if company == "a" else given
        if steps[0]["DOC_NO"] != "-" and given:
            blamed[given[0]] += 1
            wrong[given[0]] += given[0] != root[steps[0]["INTERFACE"]]
    assert {team: row["cases"] for team, row in planted["first_blamed"]["by_team"].items()} == blamed
    assert {team: row["wrong"] for team, row in planted["first_blamed"]["by_team"].items()} == wrong
    assert (sum(blamed.values()), sum(wrong.values())) == tuple(
        planted["first_blamed"][what] for what in ("cases", "wrong")
    )


def test_the_kit_reads_the_priority(desk):
    company, tickets, _ = desk
    seen = sample(company).incident_events.select("incident", "priority").unique().rows()
    assert dict(seen) == {ticket: steps[0]["PRIORITY"] for ticket, steps in tickets.items()}


def test_a_ticket_is_opened_given_to_somebody_resolved_and_closed(desk):
    company, tickets, _ = desk
    people = set()
    for steps in tickets.values():
        assert [row["at"] for row in steps] == sorted(row["at"] for row in steps)
        assert len({row["INTERFACE"] for row in steps}) == 1
        order = [{"opened": 0, "assigned": 1, "resolved": 2, "closed": 3}[row["ACTION"]] for row in steps]
        assert order == sorted(order)
        assert order.count(0) == 1 >= max(order.count(2), order.count(3))
        people |= {row["ASSIGNEE"] for row in steps} - {"-"}
    # Owners are called by the addresses of the catalog, all others are numbers.
    catalog = yaml.safe_load((SAMPLES / f"company_{company}" / "catalog.yaml").read_text())
    said = [entry["owner"] for entry in catalog["integrations"] if "owner" in entry]
    owners = {
        name for owner in said for name in ([owner] if isinstance(owner, str) else [owner["name"], owner["backup"]])
    }
    assert {person for person in people if "@" in person} <= owners
    assert all("@" in person or person.rpartition("-")[2].isdigit() for person in people)


def test_tickets_are_about_messages_that_failed_shortly_before(desk):
    company, tickets, _ = desk
    about = {steps[0]["TICKET"]: steps[0] for steps in tickets.values() if steps[0]["DOC_NO"] != "-"}
    assert len(about) > len(tickets) * 0.9
    failed = sample(company).messages.filter(pl.col("status").is_in(["failed", "timeout", "rejected"]))
    ended = defaultdict(list)
    for integration, object_id, at in failed.select(
        "integration", "object_id", pl.max_horizontal("sent_at", "finished_at", "answered_at")
    ).rows():
        ended[integration, object_id].append(at)
    for row in about.values():
        waited = [row["at"] - at for at in ended[row["INTERFACE"], row["DOC_NO"]]]
        assert any(timedelta(seconds=-1) <= each < timedelta(hours=12) for each in waited), row


def test_the_outage_and_the_storm_have_their_tickets(desk):
    _, tickets, truth = desk
    unplanned = [steps for steps in tickets.values() if steps[0]["DOC_NO"] == "-"]
    first = {steps[0]["INTERFACE"]: steps for steps in unplanned}
    for integration, down in zip(("shop-orders", "parcel-scans"), truth["answers"]["down_times"], strict=True):
        start, end = (datetime.fromisoformat(down[edge]) for edge in ("start", "end"))
        steps = first[integration]
        resolved = next(row["at"] for row in steps if row["STATE"] == "resolved")
        assert start < steps[0]["at"] < end <= resolved <= end + timedelta(minutes=5)
    step = truth["answers"]["latency"]
    slow = first.get(step["integration"])
    # What became slower stayed slow, and its ticket open.
    assert (slow is None) == (step["factor_on_work"] < 1)
    assert slow is None or (slow[0]["at"] > datetime.fromisoformat(step["at"]) and slow[-1]["STATE"] == "in progress")


def test_the_kit_sees_the_planted_times_down(desk):
    company, _, truth = desk
    seen = {row["system"]: row for row in ih.dependency_fragility.down_times(sample(company)).iter_rows(named=True)}
    planted = truth["answers"]["down_times"]
    assert seen.keys() == {down["system"] for down in planted}
    for down in planted:
        start, end = (datetime.fromisoformat(down[edge]) for edge in ("start", "end"))
        row = seen[down["system"]]
        # From the first to the last sign of it; what was refused last may be tried again once more.
        assert start <= row["started_at"] < row["ended_at"] <= end + timedelta(seconds=30)
        assert (row["ended_at"] - row["started_at"]) / (end - start) > 0.5


def test_the_kit_sees_what_became_of_the_work_meanwhile(desk):
    """The kit counts from the first failure to the last, the truth from the start to the end."""
    company, _, truth = desk
    edges = ih.dependency_fragility.coupling(sample(company)).filter(
        pl.col("target") == truth["answers"]["outage"]["system"], pl.col("outages") > 0
    )
    needed = truth["answers"]["outage"]["needed_by"]
    for row in edges.iter_rows(named=True):
        planted = needed[row["source"]]
        assert sum(row[end] for end in ("served", "deferred", "failed", "lost")) <= sum(planted.values())
        assert row["lost"] == 0
    failed, kept = (sum(edges[end].sum() for end in ends) for ends in (("failed",), ("served", "deferred")))
    assert (kept == 0) if company == "a" else (failed == 0 and kept > 10)
    assert {planted["failed"] > 0 for planted in needed.values()} == {company == "a"}


def test_the_kit_sees_how_long_the_repairs_of_a_system_take(desk):
    company, _, truth = desk
    evidence = sample(company)
    measured = system_repairs(evidence.incident_events, evidence.messages, evidence.catalog.integrations)
    planted = truth["mechanisms"]["incidents"]["by_system"]
    assert dict(measured.select("system", pl.col("repair_ms") / 60_000).rows()) == pytest.approx(
        {system: row["median_minutes"] for system, row in planted.items()}, abs=1e-5
    )


def outage_minutes(done: list[dict], integration: str, owned: set[str]) -> list[float]:
    """Every search with every fix; in both samples enough incidents come at night."""
    nights = [row for row in done if row["night"]]
    own = [row["fix"] for row in nights if row["integration"] == integration]
    fixes = own if len(own) >= 10 else [row["fix"] for row in nights]
    alike = [row for row in done if (row["integration"] in owned) == (integration in owned)]
    at_night = [row["search"] for row in (alike if len(alike) >= 10 else done) if row["night"]]
    more = 60 if len(alike) < 10 and integration not in owned else 0
    return sorted(search + fix + more for search in at_night for fix in fixes)


def late_in(minutes: float, *, rate: float, hand: float, borne: float, waits: bool) -> float:
    """Messages too late in an outage, one by one on a fine grid: the oldest by hand, the rest passes at its end."""
    came = np.linspace(0, minutes, 20_001)[1:] - minutes / 40_000
    if not waits:
        return max(rate - hand, 0) * minutes / 60
    served = came * rate / hand if hand else np.full_like(came, np.inf)
    waited = np.minimum(np.maximum(served, came), minutes) - came
    return float((waited > borne).mean() * rate * minutes / 60)


def test_the_drill_is_what_a_walk_through_one_outage_finds(desk):
    company, tickets, truth = desk
    catalog = yaml.safe_load((SAMPLES / f"company_{company}" / "catalog.yaml").read_text())
    said = {entry["name"]: entry for entry in catalog["integrations"]}
    owned, done = {name for name, entry in said.items() if "owner" in entry}, repairs(tickets)
    for name, planted in truth["mechanisms"]["outage_drill"].items():
        entry, minutes = said[name], outage_minutes(done, name, owned)
        assert median(minutes) == pytest.approx(planted["outage_minutes"], abs=1)
        if "tolerance" not in entry:
            assert planted["verdict"] == "cannot tell"
            continue
        borne = float(entry["tolerance"][:-1]) * UNITS[entry["tolerance"][-1]]
        hand = entry.get("fallback", {}).get("rate_per_hour", 0)
        waits = entry.get("queue", True) or "tested_on" in entry.get("fallback", {})
        walk = {"rate": planted["arrivals"], "borne": borne, "waits": waits}
        nineteen_of_twenty = minutes[int(0.95 * len(minutes)) - 1]
        alone, helped = (late_in(nineteen_of_twenty, hand=each, **walk) for each in (0, hand))
        verdict = "survive" if alone == 0 else "work around" if helped == 0 else "stop"
        assert planted["verdict"] == verdict == truth["answers"]["outages"][name]
        typical = late_in(planted["outage_minutes"], hand=0 if verdict == "survive" else hand, **walk)
        assert planted["past_tolerance"] == pytest.approx(typical, rel=1e-3)
        if name == "shop-orders" and company == "a":
            assert planted["median_loss"] == pytest.approx(typical * entry["value_per_object"], rel=1e-3)


def test_the_kit_measures_the_drill_as_planted(desk):
    company, _, truth = desk
    measured = ih.dependency_fragility.outages(sample(company))
    planted = truth["mechanisms"]["outage_drill"]
    verdicts = ("integration", "verdict", "arrivals")
    assert sorted(measured.select(verdicts).rows()) == [
        (name, *(row[key] for key in verdicts[1:])) for name, row in planted.items()
    ]
    for row in measured.filter(pl.col("verdict") != "cannot tell").iter_rows(named=True):
        told = planted[row["integration"]]
        # 2,000 runs draw from what the truth has whole.
        assert row["outage_minutes"] == pytest.approx(told["outage_minutes"], rel=0.06)
        assert row["past_tolerance"] == pytest.approx(told["past_tolerance"], rel=0.06)
        assert row["median_loss"] is None or row["median_loss"] == pytest.approx(told["median_loss"], rel=0.15)
    expected = {"a": {"stop", "survive", "cannot tell"}, "b": {"survive", "work around"}}
    assert set(measured["verdict"]) == expected[company]


@pytest.mark.parametrize("company", ["a", "b"])
def test_a_small_company_of_another_seed_is_drilled_as_planted(tmp_path, company):
    truth = write_sample(tmp_path, company=company, messages=3000, seed=7)
    measured = ih.dependency_fragility.outages(ih.read(tmp_path))
    assert dict(measured.select("integration", "verdict").rows()) == truth["answers"]["outages"]
