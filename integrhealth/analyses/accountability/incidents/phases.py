"""Where the time of an incident went: unseen, waiting, searching, being repaired, being confirmed; and with whom."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.accountability.incidents.owning import OWNED_BY
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME

# In the order in which an incident goes through them.
PHASES = ("unseen", "wait", "search", "fix", "confirm")
TO_REPAIR = ("wait", "search", "fix")
OPEN, REPAIRED = "open", "repaired"
INCIDENTS = {
    "incident": TEXT,
    "entered_at": TIME,
    "detected_at": TIME,
    "search_hours": NUMBER,
    "fix_hours": NUMBER,
    "handovers": COUNT,
    "returns": COUNT,
    "teams": COUNT,
    "owner": TEXT,
    "owned": FLAG,
    "integration": TEXT,
    "priority": TEXT,
    "state": TEXT,
    "unseen_hours": NUMBER,
    "wait_hours": NUMBER,
    "confirm_hours": NUMBER,
    "weeks_open": NUMBER,
    "ping_pong": NUMBER,
    "first_team": TEXT,
    "first_by": TEXT,
    "fixed_by": TEXT,
    "repairs": COUNT,
    "handovers_to_repair": COUNT,
    "returns_to_repair": COUNT,
}
BY_PHASE = {"by": TEXT, "group": TEXT, "phase": TEXT, "incidents": COUNT, "hours": NUMBER, "share": NUMBER} | {
    "mean_hours": NUMBER,
    "median_hours": NUMBER,
}
# What incidents are told apart by: all of them, whether somebody owned the integration, and the priority.
ALL, OWNER, PRIORITY = "all", "owner", "priority"


def incidents(
    lives: pl.DataFrame, touches: pl.DataFrame, *, entered: pl.DataFrame, owners: pl.DataFrame
) -> pl.DataFrame:
    """One row per incident, in the order of detection: the hours of each phase, its handovers, and its owner.

    `lives` and `touches` are those of ``incident_lives``, `entered` as ``entering.entered`` gives it, `owners` as
    ``owning.owners_at``. Search and fix need a team that had the incident when it was repaired, later than detected.
    """
    handed = pl.col("place") > 0
    searching = (pl.col("since") <= pl.col("repaired_at")).fill_null(True)
    passed = (
        touches.join(lives.select("incident", "repaired_at"), on="incident")
        .group_by("incident")
        .agg(
            handovers=handed.sum(),
            returns=pl.col("returned").sum(),
            teams=pl.col("team").n_unique(),
            handovers_to_repair=(handed & searching).sum(),
            returns_to_repair=(pl.col("returned") & searching).sum(),
        )
    )
    whole = lives
    for more in (passed, _held_hours(lives, touches), entered, owners):
        whole = whole.join(more, on="incident", how="left", maintain_order="left")
    begun = (pl.col("last_at") > pl.col("detected_at")) & pl.col("held_at").is_not_null()
    known_repair = pl.col("repaired_at") > pl.col("detected_at")
    until = pl.coalesce("repaired_at", pl.col("last_at").max())
    counts = ("handovers", "returns", "teams", "handovers_to_repair", "returns_to_repair")
    return whole.select(
        pl.all().exclude(counts),
        pl.col(counts).fill_null(0),
        state=pl.when(pl.col("repaired_at").is_null()).then(pl.lit(OPEN)).otherwise(pl.lit(REPAIRED)),
        unseen_hours=_hours(pl.col("detected_at") - pl.col("entered_at")),
        wait_hours=pl.when(begun).then(_hours(pl.col("held_at") - pl.col("detected_at"))),
        confirm_hours=pl.when(known_repair).then(_hours(pl.col("closed_at") - pl.col("repaired_at"))),
        weeks_open=pl.when(known_repair | pl.col("repaired_at").is_null()).then(
            _hours(until - pl.col("detected_at")) / (7 * 24)
        ),
        ping_pong=pl.when(pl.col("handovers") > 0).then(pl.col("returns") / pl.col("handovers")),
    ).select(pl.col(name).cast(dtype) for name, dtype in INCIDENTS.items())


def _held_hours(lives: pl.DataFrame, touches: pl.DataFrame) -> pl.DataFrame:
    """incident, search_hours, fix_hours of the repaired incidents of which is known who had them."""
    timed = lives.filter(pl.col("repaired_at") > pl.col("detected_at"), pl.col("fixed_by").is_not_null())
    held = touches.join(timed.select("incident", "fixed_by", "repaired_at"), on="incident").with_columns(
        hours=held_until("repaired_at"), fixing=pl.col("team") == pl.col("fixed_by")
    )
    hours = pl.col("hours")
    return held.group_by("incident").agg(
        search_hours=hours.filter(~pl.col("fixing")).sum(), fix_hours=hours.filter("fixing").sum()
    )


def held_until(end: str) -> pl.Expr:
    """The hours that a team had an incident (since, until) before the moment in the column `end`."""
    return _hours(pl.min_horizontal("until", end) - pl.min_horizontal("since", end))


def _hours(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 3.6e9


def by_phase(incidents: pl.DataFrame) -> pl.DataFrame:
    """One row per phase of the repaired incidents of each group: incidents, hours, share, mean_hours, median_hours.

    Groups are all incidents, those with and without an owner, and those of each priority. Counted are incidents of
    which search and fix are known. ``hours`` and ``mean_hours`` add up over the phases; ``share`` is of the time from
    detection to repair, null for phases outside it. ``unseen`` and ``confirm`` are not known of every incident: there
    they count as none, but not in the median.
    """
    timed = incidents.drop_nulls("search_hours")
    owned = pl.col("owned").replace_strict(OWNED_BY, return_dtype=pl.String)
    grouped = pl.concat(
        [
            timed.with_columns(by=pl.lit(by), group=group.cast(pl.String))
            for by, group in ((ALL, pl.lit("all incidents")), (OWNER, owned), (PRIORITY, pl.col("priority")))
        ]
    ).drop_nulls("group")
    long = grouped.unpivot(
        on=[f"{phase}_hours" for phase in PHASES], index=["by", "group", "incident"], variable_name="phase"
    ).with_columns(pl.col("phase").str.strip_suffix("_hours"))
    counted = long.group_by("by", "group", "phase").agg(
        incidents=pl.len(),
        hours=pl.col("value").sum(),
        mean_hours=pl.col("value").sum() / pl.len(),
        median_hours=pl.col("value").median(),
    )
    inside = pl.col("phase").is_in(TO_REPAIR)
    total = pl.col("hours").filter(inside).sum().over("by", "group")
    order: Mapping[str, int] = {phase: place for place, phase in enumerate(PHASES)}
    return (
        counted.with_columns(share=pl.when(inside & (total > 0)).then(pl.col("hours") / total))
        .sort("by", "group", pl.col("phase").replace_strict(order, return_dtype=pl.Int64))
        .select(pl.col(name).cast(dtype) for name, dtype in BY_PHASE.items())
    )
