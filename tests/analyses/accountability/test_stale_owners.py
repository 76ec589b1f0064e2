"""Who has gone stale: owners who stopped, backups who step in, people whom the logs no longer know."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.owners import BOB, ROB, START, catalog, incidents, messages, said, table

import integrhealth as ih
from integrhealth.analyses.accountability.owners.questions import owning_people

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
