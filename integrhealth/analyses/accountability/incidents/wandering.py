"""The way of the incidents that wandered longest, team by team."""

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME

SEARCH, FIX, AFTER, OPEN = "search", "fix", "after the repair", "not repaired yet"
WAYS = {"incident": TEXT, "integration": TEXT, "place": COUNT, "team": TEXT, "since": TIME, "until": TIME} | {
    "days_since_detection": NUMBER,
    "days": NUMBER,
    "part": TEXT,
    "teams": COUNT,
}


def wanderings(touches: pl.DataFrame, lives: pl.DataFrame, *, top: int) -> pl.DataFrame:
    """One row per stay with a team of the `top` incidents that were longest with teams that did not repair them.

    ``part`` is search or fix before the last repair, by whether this team repaired it; after that it is no search. Who
    has an incident that is not repaired has it until the last step of the log.
    """
    about = lives.select(
        "incident", "integration", "detected_at", "repaired_at", "fixed_by", logged_at=pl.col("last_at").max()
    )
    unrepaired, last = pl.col("repaired_at").is_null(), pl.col("place") == pl.col("place").max().over("incident")
    part = (
        pl.when(unrepaired)
        .then(pl.lit(OPEN))
        .when(pl.col("since") >= pl.col("repaired_at"))
        .then(pl.lit(AFTER))
        .when(pl.col("team") == pl.col("fixed_by"))
        .then(pl.lit(FIX))
        .otherwise(pl.lit(SEARCH))
    )
    # What the team that repaired it keeps until it is closed is no repair any more.
    end = (
        pl.when(unrepaired & last)
        .then("logged_at")
        .when(part.is_in([FIX, SEARCH]))
        .then(pl.min_horizontal("until", "repaired_at"))
        .otherwise("until")
    )
    ways = (
        touches.join(about, on="incident")
        .with_columns(part=part, until=end)
        .with_columns(
            days_since_detection=_days(pl.col("since") - pl.col("detected_at")),
            days=_days(pl.col("until") - pl.col("since")),
        )
    )
    order = (
        ways.group_by("incident")
        .agg(
            teams=pl.col("team").n_unique(),
            handovers=pl.col("place").max(),
            lost=pl.col("days").filter(pl.col("part").is_in([SEARCH, OPEN])).sum(),
        )
        .filter(pl.col("handovers") > 0, pl.col("lost") > 0)
        .sort("lost", "incident", descending=[True, False])
        .head(top)
        .with_row_index("rank")
    )
    return (
        ways.join(order, on="incident")
        .sort("rank", "place")
        .select(pl.col(name).cast(dtype) for name, dtype in WAYS.items())
    )


def _days(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 8.64e10
