"""How long a copy may differ from the record: the sync limits of the integrations that lead from one to the other."""

import polars as pl

EDGE = ["element", "source", "target"]


def sync_limits(exposures: pl.DataFrame, homes: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """One row per element and system that its record reaches: element, system, limit_ms.

    The limits of the integrations on the shortest way add up; of several ways as short the most patient counts. Ways
    are made of the integrations that brought the element (`exposures`), and, to systems that these do not reach, of all
    that the catalog's `integrations` declare. Null where one of them has no sync limit.
    """
    limit = integrations.select("integration", "sync_limit_ms").unique("integration", keep="first", maintain_order=True)
    carried = exposures.drop_nulls("source").select("element", "source", "integration", target="system").unique()
    carried = carried.join(limit, on="integration", how="left").select(*EDGE, "sync_limit_ms")
    records = homes.select("element", "record").drop_nulls()
    declared = integrations.select("source", "target", "sync_limit_ms").drop_nulls(["source", "target"])
    declared = records.select("element").join(declared, how="cross").select(*EDGE, "sync_limit_ms")
    near = _reached(records, carried)
    return pl.concat([near, _reached(records, declared).join(near, on=["element", "system"], how="anti")])


def _reached(records: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    edges = edges.group_by(EDGE).agg(edge_ms=_most("sync_limit_ms"))
    frontier = records.select("element", system="record", limit_ms=pl.lit(0.0))
    reached = frontier
    while frontier.height:
        frontier = (
            frontier.join(edges, left_on=["element", "system"], right_on=["element", "source"])
            .select("element", system="target", limit_ms=pl.col("limit_ms") + pl.col("edge_ms"))
            .join(reached, on=["element", "system"], how="anti")
            .group_by("element", "system")
            .agg(limit_ms=_most("limit_ms"))
        )
        reached = pl.concat([reached, frontier])
    return reached.join(records, left_on=["element", "system"], right_on=["element", "record"], how="anti")


def _most(column: str) -> pl.Expr:
    """The largest, or null where one is null: nobody said how long it may take."""
    return pl.when(pl.col(column).null_count() == 0).then(pl.col(column).max())
