"""Companies in which one address lives in several systems, written event by event as such systems log it."""

from datetime import UTC, datetime, timedelta

import polars as pl

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import FRAMES, conform

START = datetime(2026, 3, 2, tzinfo=UTC)
ADDRESS = "customer.address"
HOURS = 1.0
MINUTES = 1 / 60
DAYS = 24.0


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


class Log:
    """What systems log of the values that they show; times are hours since the start."""

    def __init__(self):
        self.changes, self.messages = [], []

    def write(self, system, entity, value, hours, *, actor="ann", machine=False, element=ADDRESS, message=None):
        """A change that no message brought; a `machine` made it, or a person."""
        kind = "system" if machine else "person"
        self._change(element, entity, system, value, hours, actor=actor, actor_type=kind, message_id=message)

    def send(self, source, target, entity, value, hours, *, after=5 * MINUTES, element=ADDRESS, name=None, **message):
        """A message that brings a value, and the change that it makes at its target."""
        number = f"m{len(self.messages):05d}"
        row = {
            "message_id": number,
            "integration": name or f"{source}-{target}",
            "source": source,
            "target": target,
            "sent_at": at(hours),
            "finished_at": at(hours + after),
            "status": "ok",
            "kind": "queue",
        }
        self.messages.append(row | message)
        kind = {"actor": "interface", "actor_type": "system", "message_id": number}
        self._change(element, entity, target, value, hours + after, **kind)
        return number

    def _change(self, element, entity, system, value, hours, **more):
        row = {"element": element, "entity": entity, "system": system, "value_hash": value, "at": at(hours)}
        self.changes.append(row | more)

    def evidence(self, **catalog):
        """Everything as evidence; `catalog` are rows of its sections."""
        return ih.Evidence(
            field_changes=frame("field_changes", self.changes),
            messages=frame("messages", self.messages),
            catalog=declared(**catalog),
        )


def frame(name, rows):
    if not rows:
        return FRAMES[name].empty()
    return conform(pl.DataFrame(rows, infer_schema_length=None), name)


def declared(**sections):
    """A catalog of these rows; what a row does not say is null."""
    frames = {
        name: pl.DataFrame([dict.fromkeys(CATALOG[name]) | row for row in rows], schema=CATALOG[name])
        for name, rows in sections.items()
    }
    return Catalog(**frames)


def home(element=ADDRESS, record="CRM", *, origin=None, owner="Ann Lee", **more):
    return {"element": element, "origin": origin or record, "record": record, "owner": owner} | more


def edge(source, target, *, limit_hours=1.0, **more):
    limit = None if limit_hours is None else limit_hours * 3_600_000
    return {"integration": f"{source}-{target}", "source": source, "target": target, "sync_limit_ms": limit} | more


CRM_TO_ERP = [edge("CRM", "ERP"), edge("ERP", "CRM")]


def contested(*, back=5, overwritten=7, quiet=28):
    """The CRM owns the address; clerks edit some in the ERP. Some flow back and overwrite the record, some are
    overwritten by its next change, days later; at all others the copy only lags, for five minutes of an hour allowed.
    """
    log = Log()
    for number in range(back + overwritten + quiet):
        entity, day = f"C{number:03d}", DAYS * number / 50
        log.write("CRM", entity, f"{number} entered", day)
        log.send("CRM", "ERP", entity, f"{number} entered", day)
        if number < back + overwritten:
            log.write("ERP", entity, f"{number} of a clerk", 2 * DAYS + day, actor="clerk")
        if number < back:
            log.send("ERP", "CRM", entity, f"{number} of a clerk", 4 * DAYS + day)
        else:
            log.write("CRM", entity, f"{number} moved", 5 * DAYS + day)
            log.send("CRM", "ERP", entity, f"{number} moved", 5 * DAYS + day)
    return log
