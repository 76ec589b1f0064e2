"""Who owns each integration and whether they ever answered, in companies built step by step."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.owners import ANN, BOB, EVE, ROB, START, catalog, incidents, messages, said, table, verdicts

import integrhealth as ih
from integrhealth.analyses.accountability.names import owner_kind, team_key
from integrhealth.analyses.accountability.owners.notes import NOBODY_NAMED, owner_notes
from integrhealth.analyses.accountability.owners.questions import owners, owning_people
from integrhealth.language.masking import pseudonym, pseudonym_key
from integrhealth.language.statistics import wilson_interval


def hidden(events: list[dict]) -> pl.DataFrame:
    """Events as they are read of files: a pseudonym in place of every address."""
    frame = pl.DataFrame(events, infer_schema_length=None)
    return frame.with_columns(pseudonym(pl.col("person"), pseudonym_key()))


# Ann answers; Rob owns what others repair.
PLANTED = (
    {"integration": "orders", "owner": ANN},
    {"integration": "stock", "owner": ROB, "backup": BOB},
    {"integration": "prices", "owner": "Sales Team"},
    {"integration": "quiet", "owner": ROB},
)
EVENTS = [
    *incidents("orders", 6, ("warehouse", EVE), ("IT", ANN)),
    *incidents("orders", 2, ("IT", ANN), day=10),
    *incidents("stock", 6, ("warehouse", EVE), ("IT", "max@example.com"), day=20),
    *incidents("prices", 1, ("sales", "sue@example.com"), day=30),
]


@pytest.mark.parametrize("events", [pl.DataFrame(EVENTS), hidden(EVENTS)], ids=["addresses", "pseudonyms"])
def test_the_verdict_of_every_owner(events):
    evidence = ih.Evidence(
        incident_events=events,
        messages=messages(("bare", "CRM", "ERP"), ("work", "ERP", "ERP")),
        catalog=catalog(*PLANTED),
    )
    assert verdicts(evidence) == {
        "orders": "owned",
        "stock": "never answered",
        "prices": "team only",
        "quiet": "owned",
        "bare": "nobody",
    }
    found = table(evidence)
    low, high = wilson_interval([2], [8])
    assert found["orders"]["first_touched_by_owner"] == 2 / 8
    assert (found["orders"]["first_touch_low"], found["orders"]["first_touch_high"]) == (low[0], high[0])
    assert [found["orders"][name] for name in ("incidents", "answered", "first_touches")] == [8, 8, 8]
    assert [found["stock"][name] for name in ("incidents", "answered", "first_touched_by_owner")] == [6, 0, 0]
    assert found["orders"]["target_owner"] == EVE
    assert (found["bare"]["messages"], found["bare"]["named_by"]) == (1, None)
    assert found["orders"]["last_touch_at"] == START + timedelta(days=11, hours=6)
    assert "neither the owner nor the backup" in found["stock"]["why"]
    people = owning_people(evidence)
    assert not set(people.columns) & {"who", "person"}
    assert not any("person-" in str(value) for row in people.rows() for value in row)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "never answered"),
        ({"hands": (("IT", BOB),)}, "owned"),
        ({"hands": (("IT", ROB),)}, "owned"),
        ({"count": 4}, "owned"),
        ({"hands": (("IT", None),), "without_people": True}, "cannot tell"),
        ({"since": date(2026, 3, 1)}, "owned"),
        ({"since": date(2025, 3, 1)}, "never answered"),
        ({"owner": "Rob Roe"}, "cannot tell"),
        ({"owner": "rob"}, "cannot tell"),
        ({"elsewhere": (("IT", ROB),)}, "owned"),
        ({"elsewhere": (("legal", ROB),)}, "never answered"),
        ({"systems": [{"system": "CRM", "team": "IT", "owner": ROB}]}, "owned"),
        ({"owner": "warehouse", "backup": None}, "owned by the team"),
        ({"owner": "team legal", "backup": None}, "cannot tell"),
        ({"owner": "sales@example.com", "backup": None}, "never answered"),
    ],
)  # fmt: skip
def test_who_never_answered(change, verdict):
    owner = {"owner": change.get("owner", ROB), "backup": change.get("backup", BOB), "owner_since": change.get("since")}
    hands = change.get("hands", (("warehouse", EVE), ("IT", "max@example.com")))
    events = incidents("stock", change.get("count", 5), *hands)
    events += incidents("orders", 1, ("sales", ANN)) + incidents("orders", 1, *change.get("elsewhere", (("IT", ANN),)))
    if change.get("without_people"):
        events = [row | {"person": None if row["integration"] == "stock" else row["person"]} for row in events]
    declared = catalog(
        {"integration": "orders", "owner": ANN},
        {"integration": "stock"} | owner,
        systems=change.get("systems", [{"system": "ERP"}]),
        teams=("sales", "legal", "warehouse", "IT"),
    )
    evidence = ih.Evidence(incident_events=pl.DataFrame(events, infer_schema_length=None), catalog=declared)
    expected = "team only" if verdict == "owned by the team" else verdict
    assert verdicts(evidence)["stock"] == expected


@pytest.mark.parametrize(("hour", "incidents_of_theirs"), [(22.9, 0), (23.1, 1)])
def test_a_day_begins_where_the_company_is(hour, incidents_of_theirs):
    """Madrid is an hour ahead in January: the second begins at 23:00 of the first."""
    declared = catalog({"integration": "stock", "owner": ROB, "owner_since": date(2026, 1, 2)})
    evidence = ih.Evidence(
        incident_events=pl.DataFrame(incidents("stock", 1, ("IT", ROB), day=hour / 24)),
        catalog=replace(declared, timezone="Europe/Madrid"),
    )
    assert owners(evidence)["incidents"].item() == incidents_of_theirs


@pytest.mark.parametrize("seed", range(6))
def test_who_answered_is_what_a_loop_counts(seed):
    rng = np.random.default_rng(seed)
    teams = {f"p{each}": f"team {each // 2}" for each in range(8)}
    people = list(teams)
    owned = [
        {"integration": f"i{each}", "owner": str(rng.choice(people)), "backup": str(rng.choice(people))}
        | {"owner_since": START.date() + timedelta(days=int(rng.integers(0, 10)))}
        for each in range(3)
    ]
    events = [
        {"incident": f"n{each}", "integration": f"i{each % 3}", "team": teams[who], "person": who}
        | {"action": "note", "at": START + timedelta(hours=6 * each + step)}
        for each in range(60)
        for step, who in enumerate(str(each) for each in rng.choice(people, rng.integers(1, 4)))
    ]
    for row in owners(
        ih.Evidence(incident_events=pl.DataFrame(events), catalog=catalog(*owned, systems=[]))
    ).to_dicts():
        (entry,) = (each for each in owned if each["integration"] == row["integration"])
        lives: dict[str, list[dict]] = {}
        for event in events:
            if event["integration"] == row["integration"]:
                lives.setdefault(event["incident"], []).append(event)
        theirs = [steps for steps in lives.values() if steps[0]["at"].date() >= entry["owner_since"]]
        hands = {entry["owner"], entry["backup"]}
        crews = {teams[who] for who in hands}
        answered = [s for s in theirs if any(e["person"] in hands or e["team"] in crews for e in s)]
        first = [steps for steps in theirs if steps[0]["person"] == entry["owner"]]
        assert (row["incidents"], row["answered"]) == (len(theirs), len(answered))
        assert row["first_touched_by_owner"] == len(first) / len(theirs)


def test_nobody_of_the_catalog_in_the_logs_tells_nothing_of_anybody():
    """Pseudonyms of another key look so, and they accuse nobody."""
    evidence = ih.Evidence(
        incident_events=pl.DataFrame(incidents("stock", 9, ("IT", "max@example.com"))),
        catalog=catalog({"integration": "stock", "owner": ROB}, systems=[{"system": "ERP"}]),
    )
    assert verdicts(evidence) == {"stock": "cannot tell"}
    assert said(evidence).is_empty()
    notes = owner_notes(
        {"owners": owners(evidence), "owning_people": owning_people(evidence)}, incident_events=evidence.incident_events
    )
    assert "1 integration nobody can tell" in notes["owners"]
    assert ROB in notes["owning_people"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ann Miller", "person"), (ANN, "person"), ("treasury-lead@example.com", "person"), ("user:ann", "person"),
        ("sales", "team"), ("Sales Team", "team"), ("team:data", "team"), ("Team IT", "team"), ("service desk", "team"),
        ("sales@example.com", "mailbox"), ("it-support@example.com", "mailbox"), ("info@example.com", "mailbox"),
        ("it-lead@example.com", "person"), ("application:etl", "program"), ("  ", None), (None, None), ("--", None),
    ],
)  # fmt: skip
def test_whom_a_name_means(name, kind):
    teams = pl.Series(["IT", "sales", None])
    assert (
        pl.DataFrame({"name": [name]}, schema={"name": pl.String}).select(owner_kind(pl.col("name"), teams)).item()
        == kind
    )


def test_teams_are_one_whatever_words_for_groups_stand_beside():
    keys = pl.select(team_key(pl.Series(["IT", "Team IT", "it-support@example.com", "sales", "Sales Team", "service"])))
    assert keys.to_series().to_list() == ["it", "it", "it", "sales", "sales", "service"]


def test_no_owner_is_one_finding_that_names_the_busiest():
    edges = (("busy", "A", "B"), ("calm", "A", "C"))
    sent = pl.concat([messages(edges[0], days=9), messages(edges[1])])
    evidence = ih.Evidence(messages=sent, catalog=catalog({"integration": "orders", "owner": ANN}))
    found = said(evidence)
    assert found.select("rule", "subject", "severity", "n").rows() == [("no_owner", "all integrations", "warning", 3)]
    assert "2 of 3 integrations have no owner; the busiest is busy with 9 messages" in found["statement"].item()
    nobody_asked = ih.Evidence(messages=sent)
    assert said(nobody_asked).is_empty()
    tables = {"owners": owners(nobody_asked), "owning_people": owning_people(nobody_asked)}
    assert owner_notes(tables, incident_events=nobody_asked.incident_events)["owners"] == NOBODY_NAMED


@pytest.mark.parametrize(("without", "severity"), [(5, "note"), (6, "warning")])
def test_half_without_an_owner_is_a_note(without, severity):
    owned = [{"integration": f"i{each}", "owner": None if each < without else ANN} for each in range(10)]
    assert said(ih.Evidence(catalog=catalog(*owned)))["severity"].to_list() == [severity]


def test_load_tests_shuffled_rows_and_doubled_files_change_nothing():
    sent = messages(("bare", "CRM", "ERP"), days=3)
    evidence = ih.Evidence(incident_events=pl.DataFrame(EVENTS), messages=sent, catalog=catalog(*PLANTED))
    tested = sent.with_columns(message_id="message_id" + pl.lit("t"), integration=pl.lit("t"), load_test=pl.lit(True))
    shuffled = pl.DataFrame(EVENTS).sample(fraction=1, shuffle=True, seed=3)
    again = evidence.replace(
        incident_events=pl.concat([shuffled, shuffled]),
        messages=pl.concat([sent.with_columns(load_test=None), tested], how="diagonal_relaxed"),
    )
    assert owners(again).equals(owners(evidence))
    assert owning_people(again).equals(owning_people(evidence))


@pytest.mark.parametrize(
    "events",
    [
        pl.DataFrame({"incident": ["a"], "at": [START]}),
        pl.DataFrame({"incident": ["a"], "at": [START], "integration": ["stock"], "team": [None], "person": [None]}),
        pl.DataFrame(EVENTS[:1]),
        pl.DataFrame(EVENTS).with_columns(integration=pl.lit(None, pl.String)),
        pl.DataFrame(EVENTS).with_columns(person=pl.lit("<script>"), team=pl.lit("\x00'\"")),
    ],
)  # fmt: skip
def test_incidents_that_say_little_accuse_nobody(events):
    evidence = ih.Evidence(incident_events=events, catalog=catalog(*PLANTED))
    assert "never answered" not in verdicts(evidence).values()
    assert set(said(evidence)["rule"]) <= {"no_owner"}


def test_nothing_is_no_rows():
    assert owners(ih.Evidence()).is_empty()
    assert owning_people(ih.Evidence()).is_empty()
    assert said(ih.Evidence()).is_empty()


@pytest.mark.parametrize("seed", range(8))
def test_healthy_companies_are_told_nothing_loud(seed):
    assert set(said(healthy(seed))["severity"]) <= {"note"}
