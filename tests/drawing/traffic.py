"""Traces drawn as text, and the report on them."""

import itertools
from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def traffic(drawn: str) -> pl.DataFrame:
    """Messages drawn as one kind of trace per line: how many, then its edges, e.g. ``30  Shop>ERP ERP>Bank! order``.

    ``!`` after an edge: it failed; ``?``: it is pending; a last word without ``>`` is the object type. The edges of a
    trace are sent a second apart, each the child of the one before.
    """
    rows = []
    for kind, line in enumerate(filter(None, map(str.strip, drawn.splitlines()))):
        count, *words = line.split()
        edges = [word for word in words if ">" in word]
        object_type = words[-1] if ">" not in words[-1] else None
        for trace, (step, edge) in itertools.product(range(int(count)), enumerate(edges)):
            source, target = edge.rstrip("!?").split(">")
            rows.append(
                {
                    "message_id": f"{kind}.{trace}.{step}",
                    "trace_id": f"{kind}.{trace}",
                    "parent_id": f"{kind}.{trace}.{step - 1}" if step else None,
                    "source": source,
                    "target": target,
                    "kind": "internal" if source == target else "request",
                    "object_type": object_type,
                    "sent_at": NOON + timedelta(minutes=trace, seconds=step),
                    "status": {"!": "failed", "?": "pending"}.get(edge[-1], "ok"),
                }
            )
    return conform(pl.DataFrame(rows, schema_overrides={"object_type": pl.String}), "messages")


def section(name: str, *rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CATALOG[name])


def evidence(messages: pl.DataFrame, *, catalog: Catalog | None = None, dependencies: pl.DataFrame | None = None):
    return Evidence(messages=messages, dependencies=dependencies, catalog=catalog)


def report(drawn: str, **options):
    return fragility.report(evidence(traffic(drawn), **options))


def single_points(answers) -> set[str]:
    return set(answers.tables["systems"].filter("single_point")["system"])


def only(table: pl.DataFrame, **where) -> dict:
    return table.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in where.items()), named=True)
