"""Which systems an integration connects, and how many messages it carries between them."""

import polars as pl

from integrhealth.language.schema import COUNT, is_exchanged, is_named


def edge_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and edge between two systems: its messages, load tests left out. The rows add up."""
    return (
        messages.lazy()
        .filter(is_exchanged(), pl.col("integration").is_not_null())
        .group_by("integration", "source", "target")
        .agg(messages=pl.len().cast(COUNT))
        .collect(engine="streaming")
        .sort("integration", "source", "target")
    )


def ends(edges: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and system at one of its ends: of `edges` (``edge_facts``) and the catalog's."""
    either = pl.concat([each.select("integration", "source", "target") for each in (edges, integrations)])
    systems = either.unpivot(on=["source", "target"], index="integration", value_name="system").drop_nulls()
    return systems.filter(is_named(pl.col("system"))).select("integration", "system").unique().sort(pl.all())
