"""Which team hands incidents to which, what comes back, and the hours that are lost there."""

import polars as pl

from integrhealth.analyses.accountability.incidents.phases import held_until
from integrhealth.language.schema import COUNT, NUMBER, TEXT

HANDOVERS = {"from_team": TEXT, "to_team": TEXT, "handovers": COUNT, "returns": COUNT, "incidents": COUNT} | {
    "lost_hours": NUMBER,
    "from_line": COUNT,
    "to_line": COUNT,
    "returns_to_repair": COUNT,
}
LINES = {"from_line": COUNT, "to_line": COUNT, "direction": TEXT, "handovers": COUNT, "returns": COUNT} | {
    "incidents": COUNT,
    "lost_hours": NUMBER,
}
UP, SIDEWAYS, DOWN = "up", "sideways", "back down"


def passes(touches: pl.DataFrame, lives: pl.DataFrame, teams: pl.DataFrame) -> pl.DataFrame:
    """One row per handover: incident, from_team, to_team, from_line, to_line, returned, searching, lost_hours.

    ``lost_hours``: how long the team that got it had it before the repair, where it was another that repaired it;
    null where it was not repaired, or nobody knows by whom. ``searching``: it was not repaired yet. Lines are those of
    the catalog's `teams`.
    """
    lines = teams.select("team", "line").unique("team", keep="first", maintain_order=True)
    given = touches.with_columns(from_team=pl.col("team").shift().over("incident", order_by="place")).filter(
        pl.col("place") > 0
    )
    lost = pl.when(pl.col("team") != pl.col("fixed_by")).then(held_until("repaired_at")).otherwise(0.0)
    return (
        given.join(lives.select("incident", "fixed_by", "repaired_at"), on="incident", maintain_order="left")
        .with_columns(
            lost_hours=pl.when(pl.col("fixed_by").is_not_null()).then(lost),
            searching=(pl.col("since") <= pl.col("repaired_at")).fill_null(True),
        )
        .join(lines.rename({"line": "to_line"}), on="team", how="left", maintain_order="left")
        .join(lines.select(from_team="team", from_line="line"), on="from_team", how="left", maintain_order="left")
        .select(
            "incident",
            *("from_team", "returned", "searching", "lost_hours", "from_line", "to_line"),
            to_team="team",
        )
    )


def handovers(passes: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of teams, the most handovers first: handovers, returns, incidents, lost_hours, and the lines."""
    counted = passes.group_by("from_team", "to_team").agg(
        *_counts(),
        pl.col("from_line", "to_line").first(),
        returns_to_repair=(pl.col("returned") & pl.col("searching")).sum(),
    )
    return counted.sort("handovers", "from_team", "to_team", descending=[True, False, False]).select(
        pl.col(name).cast(dtype) for name, dtype in HANDOVERS.items()
    )


def lines(passes: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of lines between which incidents went: direction, handovers, returns, incidents, lost_hours.

    Only handovers between teams of which the catalog says the line; back down is to a line with a smaller number.
    """
    start, end = pl.col("from_line"), pl.col("to_line")
    direction = pl.when(end > start).then(pl.lit(UP)).when(end < start).then(pl.lit(DOWN)).otherwise(pl.lit(SIDEWAYS))
    counted = passes.drop_nulls(["from_line", "to_line"]).group_by("from_line", "to_line").agg(*_counts())
    return (
        counted.with_columns(direction=direction)
        .sort("from_line", "to_line")
        .select(pl.col(name).cast(dtype) for name, dtype in LINES.items())
    )


def _counts() -> list[pl.Expr]:
    lost = pl.col("lost_hours")
    return [
        pl.len().alias("handovers"),
        pl.col("returned").sum().alias("returns"),
        pl.col("incident").n_unique().alias("incidents"),
        pl.when(lost.count() > 0).then(lost.sum()).alias("lost_hours"),
    ]
