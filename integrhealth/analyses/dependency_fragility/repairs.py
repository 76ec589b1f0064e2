"""How long the incidents of a system lasted, and which integrations cannot wait so long."""

import polars as pl

from integrhealth.analyses.dependency_fragility.structure import tested_fallbacks
from integrhealth.language.schema import NUMBER, TEXT

# How tickets say that the work was done (ServiceNow, Jira, Zendesk).
REPAIRED = ("resolved", "solved", "closed", "done", "completed")
REPAIRS = {"system": TEXT, "down_ms": NUMBER, "period_ms": NUMBER, "down_share": NUMBER, "repair_ms": NUMBER} | {
    "helpless": TEXT,
    "tolerance_ms": NUMBER,
}


def repairs(incident_events: pl.DataFrame, messages: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per system with a repaired incident: down_ms, period_ms, down_share, repair_ms, helpless, tolerance_ms.

    An incident lasts from its first event to the first one after it that says it was repaired, and is one of the
    system into which its integration leads. ``down_ms`` counts overlapping incidents once, ``down_share`` is its part
    of ``period_ms``, the time that `messages` cover. ``repair_ms`` is the median incident. ``helpless`` is the
    integration of the catalog (`declared`) that bears the least, ``tolerance_ms``, of those that bear less than that,
    have no queue, and no fallback tested within a year.
    """
    sent = messages["sent_at"]
    into = pl.concat([frame.select("integration", system="target") for frame in (messages, declared)])
    lasted = repaired_incidents(incident_events).join(into.drop_nulls().unique(), on="integration")
    inside = lasted.with_columns(pl.col("began", "repaired").clip(sent.min(), sent.max())).sort("system", "began")
    # What an earlier incident of the system covers is not counted again.
    start = pl.max_horizontal("began", pl.col("repaired").cum_max().shift(1).over("system"))
    alone = pl.max_horizontal("repaired", start) - start
    period_ms = (sent.max() - sent.min()).total_seconds() * 1000 if sent.len() else 0.0
    counted = (
        inside.with_columns(alone=_in_ms(alone))
        .group_by("system")
        .agg(down_ms=pl.col("alone").sum(), repair_ms=pl.col("lasted_ms").median())
    )
    rated = counted.with_columns(
        period_ms=pl.lit(period_ms), down_share=pl.when(period_ms > 0).then(pl.col("down_ms") / period_ms)
    )
    unguarded = _unguarded(declared, last_sent_at=sent.max())
    late = rated.join(unguarded, on="system").filter(pl.col("repair_ms") > pl.col("tolerance_ms"))
    worst = (
        late.sort("tolerance_ms", "helpless")
        .unique("system", keep="first")
        .select("system", "helpless", "tolerance_ms")
    )
    return rated.join(worst, on="system", how="left").select(*REPAIRS).sort("system")


def repaired_incidents(events: pl.DataFrame) -> pl.DataFrame:
    """incident, integration, began, repaired, lasted_ms; those still open, or that name no integration, left out.

    Left out as well are those of which the log has only the end, and those entered when all was over, at one moment:
    they say that there was something, and not how long it took.
    """
    over = pl.col("state").str.to_lowercase().is_in(REPAIRED).fill_null(False)
    at = pl.col("at")
    began = at.filter(~over).min()
    ordered = (
        events.sort("at")
        .group_by("incident")
        .agg(pl.col("integration").drop_nulls().first(), began=began, repaired=at.filter(over & (at > began)).min())
    )
    return ordered.drop_nulls().with_columns(lasted_ms=_in_ms(pl.col("repaired") - pl.col("began")))


def _in_ms(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 1000


def _unguarded(declared: pl.DataFrame, *, last_sent_at: object) -> pl.DataFrame:
    """system, helpless, tolerance_ms: integrations that say how long they can wait, and have nothing to wait with."""
    waiting = declared.drop_nulls(["target", "tolerance_ms"]).filter(~pl.col("queue").fill_null(False))
    tested = tested_fallbacks(declared, last_sent_at=last_sent_at)
    bare = waiting.join(tested, on=["source", "target"], how="anti")
    return bare.select(system="target", helpless="integration", tolerance_ms="tolerance_ms")
