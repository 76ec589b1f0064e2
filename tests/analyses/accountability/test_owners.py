"""Who owns each integration, whether they ever answered, and who has gone stale, in companies built step by step."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.analyses.accountability.names import owner_kind, team_key
from integrhealth.analyses.accountability.owners.findings import owner_findings
from integrhealth.analyses.accountability.owners.notes import NOBODY_NAMED, owner_notes
from integrhealth.analyses.accountability.owners.questions import owners, owning_people
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.masking import pseudonym, pseudonym_key
from integrhealth.language.statistics import wilson_interval

START = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BOB, EVE, ROB = (f"{name}@example.com" for name in ("ann", "bob", "eve", "rob"))
SYSTEMS = [{"system": "ERP", "team": "IT", "owner": EVE}, {"system": "WMS", "team": "warehouse"}]


def catalog(*integrations: dict, systems: list[dict] = SYSTEMS, teams: tuple[str, ...] = ("IT", "sales")) -> Catalog:
    edges = [{"source": "WMS", "target": "ERP", "level": "operations"} | each for each in integrations]
    return Catalog(
        integrations=pl.DataFrame(edges, schema=CATALOG["integrations"]),
        systems=pl.DataFrame(systems, schema=CATALOG["systems"]),
        teams=pl.DataFrame([{"team": team} for team in teams], schema=CATALOG["teams"]),
    )


def incidents(integration: str, count: int, *hands: tuple[str, str | None], day: float = 0, every: float = 1) -> list:
    """So many incidents, one `every` days from a day on: opened by the desk, then in these hands, three hours each."""
    rows = []
    for number in range(count):
        opened = START + timedelta(days=day + number * every)
        name = f"{integration}-{day}-{number}"
        steps = [("desk", "kim@example.com", "opened", "new")]
        steps += [(team, person, "assigned", "in progress") for team, person in hands]
        steps += [(*hands[-1], "resolved", "resolved")]
        rows += [
            {"incident": name, "integration": integration, "at": opened + timedelta(hours=3 * place)}
            | dict(zip(("team", "person", "action", "state"), step, strict=True))
            for place, step in enumerate(steps)
        ]
    return rows


def messages(*edges: tuple[str, str, str], days: int = 1) -> pl.DataFrame:
    rows = [
        {"message_id": f"{name}-{day}", "integration": name, "source": source, "target": target, "status": "ok"}
        | {"sent_at": START + timedelta(days=day)}
        for name, source, target in edges
        for day in range(days)
    ]
    return pl.DataFrame(rows)


def hidden(events: list[dict]) -> pl.DataFrame:
    """Events as they are read of files: a pseudonym in place of every address."""
    frame = pl.DataFrame(events, infer_schema_length=None)
    return frame.with_columns(pseudonym(pl.col("person"), pseudonym_key()))


def table(evidence: ih.Evidence) -> dict[str, dict]:
    return {row["integration"]: row for row in owners(evidence).to_dicts()}


def verdicts(evidence: ih.Evidence) -> dict[str, str]:
    return {name: row["verdict"] for name, row in table(evidence).items()}


def said(evidence: ih.Evidence) -> pl.DataFrame:
    return owner_findings(owners(evidence), owning_people(evidence), integrations=evidence.catalog.integrations)


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


SEASON = {"integration": "stock", "owner": ROB, "backup": BOB}


def over(*parts: list) -> pl.DataFrame:
    return pl.DataFrame([row for part in parts for row in part], infer_schema_length=None)


def stale(events: pl.DataFrame, **frames) -> dict[str, tuple]:
    evidence = ih.Evidence(incident_events=events, catalog=catalog(SEASON, systems=[{"system": "ERP"}]), **frames)
    return {row["name"]: (row["asked"], row["idle"], row["gone"]) for row in owning_people(evidence).to_dicts()}


OTHERS = (("IT", "max@example.com"),)


def test_an_owner_who_stopped_is_stale_and_the_backup_who_steps_in_is_not():
    events = over(incidents("stock", 5, ("IT", ROB)), incidents("stock", 6, ("IT", BOB), day=110, every=2))
    found = stale(events)
    assert found[ROB][:2] == (6, True)
    assert found[BOB][:2] == (6, False)
    evidence = ih.Evidence(incident_events=events, catalog=catalog(SEASON))
    findings = said(evidence).filter(rule="stale_owner")
    assert findings.select("subject", "severity").rows() == [(ROB, "warning")]
    assert "6 incidents of theirs" in findings["statement"].item()
    assert table(evidence)["stock"]["stale"]
    assert table(evidence)["stock"]["verdict"] == "owned"


def test_a_backup_is_not_asked_while_the_owner_answers():
    assert stale(over(incidents("stock", 20, ("IT", ROB), every=6))) == {
        ROB: (15, False, False),
        BOB: (0, False, False),
    }


@pytest.mark.parametrize(
    ("events", "idle"),
    [
        # Just 90 days and a bit, and just under: then nobody can say that they did nothing for 90.
        (over(incidents("stock", 1, ("IT", ROB)), incidents("stock", 3, *OTHERS, day=91)), True),
        (over(incidents("stock", 1, ("IT", ROB)), incidents("stock", 3, *OTHERS, day=87)), None),
        (over(incidents("stock", 1, ("IT", ROB)), incidents("orders", 3, *OTHERS, day=120)), False),
        (
            over(
                *(incidents("stock", 1, ("IT", ROB), day=day) for day in (0, 40)),
                incidents("stock", 3, *OTHERS, day=120),
            ),
            False,
        ),
    ],
    ids=["season", "short", "nothing happened", "touched"],
)
def test_ninety_days_without_a_touch_while_something_happened(events, idle):
    assert stale(events)[ROB][1] is idle


@pytest.mark.parametrize("how", ["changed a value", "sent a message", "carried by a message"])
def test_other_acts_than_incidents_are_touches(how):
    events = over(incidents("stock", 1, ("IT", ROB)), incidents("stock", 3, *OTHERS, day=110))
    at = START + timedelta(days=100)
    change = {"element": "x", "entity": "e", "value_hash": "v", "at": at, "actor": ROB, "actor_type": "person"}
    carried = {"message_id": "stock-0"} if how == "carried by a message" else {}
    system = {"system": "elsewhere" if carried else "ERP"}
    sent = messages(("stock", "WMS", "ERP"))
    if how == "sent a message":
        sent = sent.with_columns(actor=pl.lit(ROB), sent_at=pl.lit(at))
        frames = {"messages": sent}
    else:
        frames = {"messages": sent, "field_changes": pl.DataFrame([change | carried | system])}
    assert stale(events, **frames)[ROB][1] is False
    if how != "sent a message":
        robot = pl.DataFrame([change | carried | system | {"actor_type": "system"}])
        assert stale(events, messages=sent, field_changes=robot)[ROB][1] is True


def test_whom_the_logs_no_longer_know():
    """Rob read a report every third day for 100 days, and no more for 95; the others go on."""

    def reads(person: str, days: range) -> list[dict]:
        return [{"report": "r", "person": person, "at": START + timedelta(days=day)} for day in days]

    everybody = pl.DataFrame(reads(BOB, range(0, 195, 3)) + reads(ROB, range(0, 100, 3)))
    quiet = over(incidents("orders", 1, *OTHERS, day=194))
    assert {name: row[2] for name, row in stale(quiet, reads=everybody).items()} == {ROB: True, BOB: False}
    seldom = pl.DataFrame(reads(BOB, range(0, 195, 3)) + reads(ROB, range(0, 100, 60)))
    assert not stale(quiet, reads=seldom)[ROB][2]
    ended = pl.DataFrame(reads(BOB, range(0, 100, 3)) + reads(ROB, range(0, 100, 3)))
    assert not stale(quiet, reads=ended)[ROB][2]


def test_everybody_who_goes_on_at_random_is_hardly_ever_called_gone():
    called = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        owned = [{"integration": f"i{each}", "owner": f"p{each}@example.com"} for each in range(8)]
        rows = [
            {"report": "r", "person": f"p{each}@example.com", "at": START + timedelta(days=float(day))}
            for each in range(8)
            for day in rng.uniform(0, 180, rng.integers(1, 15))
        ]
        evidence = ih.Evidence(
            reads=pl.DataFrame(rows), messages=messages(("m", "A", "B"), days=181), catalog=catalog(*owned)
        )
        called += owning_people(evidence)["gone"].sum()
    assert called <= 1


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


@pytest.mark.parametrize(("without", "severity"), [(1, "note"), (2, "warning")])
def test_a_tenth_without_an_owner_is_a_note(without, severity):
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


def lineage(folder, *owned: tuple[str, str, list[str]]) -> None:
    """Run events as the specification shapes them: a job that reads one system and writes another, and its owners."""
    events = [
        {
            "eventType": "COMPLETE",
            "eventTime": at,
            "run": {"runId": f"{job}-{at}"},
            "job": {
                "namespace": "etl",
                "name": job,
                "facets": {"ownership": {"owners": [{"name": each} for each in names]}},
            },
            "inputs": [{"namespace": "shop", "name": "t"}],
            "outputs": [{"namespace": "lake", "name": "t"}],
        }
        for at, job, names in owned
    ]
    (folder / "events.jsonl").write_text("\n".join(json.dumps(each) for each in events))


def test_the_ownership_facet_names_the_owner_unless_the_catalog_does(tmp_path):
    first, later = "2026-03-01T10:00:00Z", "2026-03-05T10:00:00Z"
    lineage(
        tmp_path,
        (first, "load", ["team:data", "user:ann", "user:bob"]),
        (first, "moved", ["user:ann"]),
        (later, "moved", ["user:bob"]),
        (first, "group", ["team:data"]),
        (first, "robot", ["application:etl"]),
        (first, "said", ["user:ann"]),
        (first, "bare", []),
    )
    evidence = ih.read(tmp_path, catalog=catalog({"integration": "said", "owner": ROB}))
    found = {
        name: tuple(row[each] for each in ("owner", "backup", "verdict", "named_by"))
        for name, row in table(evidence).items()
    }
    assert found == {
        "load": ("user:ann", "user:bob", "owned", "logs"),
        "moved": ("user:bob", None, "owned", "logs"),
        "group": ("team:data", None, "team only", "logs"),
        "robot": ("application:etl", None, "nobody", "logs"),
        "said": (ROB, None, "owned", "catalog"),
        "bare": (None, None, "nobody", None),
    }
    assert table(evidence)["moved"]["owner_since"] == date(2026, 3, 5)
    assert table(evidence)["load"]["owner_since"] is None


def test_no_real_lineage_names_an_owner():
    folder = shared_data("formats/openlineage")
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if "SCHEMA" not in path.name]
    assert not any('"owners"' in text for text in texts)
    evidence = ih.read(folder)
    assert evidence.ownerships.is_empty()
    assert set(verdicts(evidence).values()) == {"nobody"}
