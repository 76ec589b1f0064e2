"""Values at a source and what a message made of them at its target, by the textbook process."""

from datetime import UTC, datetime, timedelta

import polars as pl

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
INTEGRATION = "erp-wms"


def sent(fields, *, integration=INTEGRATION, source="ERP", target="WMS", entities=None):
    """Messages and field changes: `fields` is (element at the source or None, element at the target, values before,
    values after), each message an hour after the one before and ten minutes after the values before were entered.

    Each message is about an entity of its own, or one of so many `entities` in turn.
    """
    count = max(len(after) for _, _, _, after in fields)
    messages, changes = [], []
    for number in range(count):
        message, entity = f"{integration}-{number}", f"{integration}:{number % (entities or count)}"
        at = START + timedelta(hours=number)
        sending = {"sent_at": at, "received_at": at + timedelta(seconds=1), "status": "ok", "kind": "queue"}
        messages.append(
            {"message_id": message, "integration": integration, "source": source, "target": target} | sending
        )
        for before_name, after_name, before, after in fields:
            if before_name is not None:
                row = {"element": before_name, "system": source, "value_hash": before[number]}
                changes.append(row | {"entity": entity, "at": at - timedelta(minutes=10), "message_id": None})
            if after_name is not None:
                row = {"element": after_name, "system": target, "value_hash": after[number]}
                changes.append(row | {"entity": entity, "at": at + timedelta(seconds=2), "message_id": message})
    return pl.DataFrame(messages), pl.DataFrame(changes, infer_schema_length=None)


def evidence(*parts, transforms=(), fields=(), owner=None):
    """Evidence of such messages and changes; `transforms` are (integration, field, kind, from) of the catalog, `fields`
    (integration, required, sent)."""
    registered = [dict(zip(CATALOG["transforms"], row, strict=True)) for row in transforms]
    declared = [
        {"integration": name, "fields_required": required, "fields_sent": each, "owner": owner}
        for name, required, each in fields or [(INTEGRATION, None, None)]
    ]
    catalog = Catalog(
        transforms=pl.DataFrame(registered, schema=CATALOG["transforms"]),
        integrations=pl.DataFrame(declared, schema=CATALOG["integrations"]),
    )
    frames = {"messages": [part[0] for part in parts], "field_changes": [part[1] for part in parts]}
    whole = {name: pl.concat(each, how="diagonal_relaxed") if each else None for name, each in frames.items()}
    return ih.Evidence(**whole, catalog=catalog)
