"""Which incidents wander and come back, and whether those that nobody owns are searched for longer."""

import polars as pl

from integrhealth.analyses.accountability.incidents.owner_effect import LONGER
from integrhealth.analyses.accountability.tables import NAME
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.statistics import chance_of_distance, ratio_margin
from integrhealth.language.thresholds import (
    MIN_INCIDENTS,
    OWNERLESS_HOURS,
    PING_PONG_CRITICAL,
    PING_PONG_WARNING,
    WANDERING_CRITICAL,
    WANDERING_HOURS,
    WANDERING_WARNING,
)
from integrhealth.language.wording import percent, spoken_ms

ALL_INCIDENTS = "all incidents"
HOUR_MS, WEEK_MS = 3_600_000, 604_800_000


def incident_findings(
    incidents: pl.DataFrame, handovers: pl.DataFrame, effect: pl.DataFrame, *, integrations: pl.DataFrame
) -> list[pl.DataFrame]:
    """The findings of each rule; `integrations` are those of the catalog, for owners and what an hour costs."""
    return [
        wandering(incidents, integrations),
        ping_pong(incidents, handovers),
        ownerless_search(incidents, effect),
    ]


def wandering(incidents: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """``wandering``: most of the time between detection and repair goes to teams that do not repair the incident.

    One finding for all incidents, with the integration on which they were searched for longest; where they are well as
    a whole, one for each integration on which they are not. Counted are repaired incidents, whose searches differ in
    length. The cost is what the catalog says an hour costs on the integration, for one object an incident.
    """
    costs = integrations.select("integration", "delay_cost_per_hour").unique("integration", keep="first")
    owners = integration_owners(integrations)
    every = pl.concat(
        [
            incidents.with_columns(subject=pl.lit(ALL_INCIDENTS)),
            incidents.drop_nulls("integration").with_columns(subject=pl.col("integration")),
        ]
    ).join(costs, on="integration", how="left")
    timed = every.drop_nulls("search_hours").with_columns(
        whole=pl.col("wait_hours") + pl.col("search_hours") + pl.col("fix_hours"),
        cost=pl.col("search_hours") * pl.col("delay_cost_per_hour"),
    )
    widest = every.group_by("subject").agg(pl.col("teams").max(), pl.col("weeks_open").max())
    judged = (
        _ratios(timed, "search_hours", "whole")
        .with_columns(severity=severity(warning=_beyond(WANDERING_WARNING), critical=_beyond(WANDERING_CRITICAL)))
        .join(widest, on="subject", maintain_order="left")
        .filter(pl.col("value") > WANDERING_WARNING, pl.col("mean_top") > WANDERING_HOURS, pl.col("severity") != "note")
    )
    whole = judged.filter(pl.col("subject") == ALL_INCIDENTS)
    longest = (
        timed.filter(pl.col("subject") != ALL_INCIDENTS)
        .group_by(longest="subject")
        .agg(pl.col("search_hours").sum())
        .sort("search_hours", "longest", descending=[True, False])
        .head(1)
        .select("longest")
    )
    of_all = whole.join(longest, how="cross") if longest.height else whole.with_columns(longest=pl.lit(None, pl.String))
    each = judged.with_columns(longest=pl.col("subject"))
    rows = (of_all if whole.height else each).join(
        owners.rename({"integration": "longest"}), on="longest", how="left", maintain_order="left"
    )
    about = pl.when(pl.col("subject") == ALL_INCIDENTS).then(pl.lit("")).otherwise(pl.format(" of {}", "subject"))
    most = pl.when(pl.col("subject") != pl.col("longest")).then(pl.format(", most on {}", "longest"))
    return findings(
        NAME,
        "wandering",
        rows.with_columns(
            statement=pl.format(
                "{} repaired incidents{} spent {} of the time from detection to repair with teams that did not repair"
                " them, {} each{}; the widest went through {} teams, the longest lasted {}.",
                *("n", about, percent(pl.col("value")), spoken_ms(pl.col("mean_top") * HOUR_MS), most.fill_null("")),
                *("teams", spoken_ms(pl.col("weeks_open") * WEEK_MS)),
            ),
            unit=pl.lit("share of time"),
            threshold=pl.lit(WANDERING_WARNING),
            ask=pl.format(
                "Who gets an incident{} at once, without asking around?",
                pl.when(pl.col("longest").is_not_null()).then(pl.format(" of {}", "longest")).otherwise(pl.lit("")),
            ),
        ),
    )


def ping_pong(incidents: pl.DataFrame, handovers: pl.DataFrame) -> pl.DataFrame:
    """``ping_pong``: one finding where many handovers bring an incident back to a team that had it.

    Those up to the repair: a desk that gets back what is repaired, to ask and to close it, is no ping-pong.
    """
    passed = incidents.filter(pl.col("handovers_to_repair") > 0).with_columns(
        subject=pl.lit(ALL_INCIDENTS),
        cost=pl.lit(None, pl.Float64),
        back=pl.col("returns_to_repair").cast(pl.Float64),
        given=pl.col("handovers_to_repair").cast(pl.Float64),
    )
    judged = _ratios(passed, "back", "given").with_columns(
        severity=severity(warning=_beyond(PING_PONG_WARNING), critical=_beyond(PING_PONG_CRITICAL))
    )
    worst = handovers.sort("returns_to_repair", "from_team", "to_team", descending=[True, False, False]).head(1)
    beyond = judged.filter(pl.col("value") > PING_PONG_WARNING, pl.col("severity") != "note").join(
        worst.select("from_team", "to_team", most="returns_to_repair"), how="cross"
    )
    rows = beyond.with_columns(
        owner=pl.col("to_team"),
        statement=pl.format(
            "{} of {} handovers up to the repair ({}) brought an incident back to a team that had had it; most often,"
            " {} times, {} gave it back to {}.",
            *(
                written(pl.col("top").cast(pl.Int64)),
                written(pl.col("bottom").cast(pl.Int64)),
                percent(pl.col("value")),
                "most",
                "from_team",
                "to_team",
            ),
        ),
        unit=pl.lit("share of handovers"),
        threshold=pl.lit(PING_PONG_WARNING),
        ask=pl.format("What does {} need to know to keep what {} hands over?", "to_team", "from_team"),
    )
    return findings(NAME, "ping_pong", rows)


def ownerless_search(incidents: pl.DataFrame, effect: pl.DataFrame) -> pl.DataFrame:
    """``ownerless_search``: one finding where incidents without an owner are certainly searched for longer.

    It says that the two go together, not that one makes the other, and whether the repair differs as well.
    """
    searched, fixed = (effect.filter(pl.col("measure") == measure) for measure in ("search_hours", "fix_hours"))
    distance = chance_of_distance(pl.col("extra_hours") - OWNERLESS_HOURS, pl.col("extra_hours") - pl.col("low"))
    most = (
        incidents.filter(~pl.col("owned"))
        .drop_nulls("integration")
        .group_by("integration")
        .agg(pl.len())
        .sort("len", "integration", descending=[True, False])
        .head(1)
    )
    beyond = (
        searched.with_columns(severity=severity(warning=pl.max_horizontal(distance, "p_value")))
        .filter(pl.col("severity") == "warning")
        .join(fixed.select(fix="verdict"), how="cross")
        .join(most.select("integration"), how="cross")
    )
    rows = beyond.with_columns(
        subject=pl.lit("incidents without an owner"),
        value="extra_hours",
        n=pl.col("owned") + pl.col("ownerless") - pl.col("left_out"),
        statement=pl.format(
            "Incidents that nobody owned were searched for {} longer than those with an owner ({} to {}{}); {}. The two"
            " go together, which is no proof that one makes the other.",
            *(spoken_ms(pl.col(name) * HOUR_MS) for name in ("extra_hours", "low", "high")),
            pl.when(pl.col("priorities") > 0)
            .then(pl.lit(", of the same priority"))
            .otherwise(pl.lit(", whatever their priority")),
            pl.when(pl.col("fix") == LONGER)
            .then(pl.lit("their repair took longer too, so they may be harder"))
            .otherwise(pl.lit("their repair took no longer")),
        ),
        unit=pl.lit("hours"),
        threshold=pl.lit(OWNERLESS_HOURS),
        ask=pl.format("Who will own {}, which had the most incidents without an owner?", "integration"),
    )
    return findings(NAME, "ownerless_search", rows)


def _ratios(rows: pl.DataFrame, top: str, bottom: str) -> pl.DataFrame:
    """value = `top` / `bottom`, each summed over the incidents of a subject that has enough, with its 95% interval."""
    x, y, value, cost = pl.col(top), pl.col(bottom), pl.col("value"), pl.col("cost")
    summed = rows.group_by("subject").agg(
        n=pl.len(),
        top=x.sum(),
        bottom=y.sum(),
        mean_top=x.mean(),
        cost=pl.when(cost.count() > 0).then(cost.sum()),
        top_sq=(x * x).sum(),
        cross=(x * y).sum(),
        bottom_sq=(y * y).sum(),
    )
    ratio = summed.filter(pl.col("n") >= MIN_INCIDENTS, pl.col("bottom") > 0).with_columns(
        value=pl.col("top") / pl.col("bottom")
    )
    margin = ratio_margin(pl.col("top_sq"), pl.col("cross"), pl.col("bottom_sq"), ratio=value, bottom=pl.col("bottom"))
    return (
        ratio.with_columns(margin=margin)
        .with_columns(low=(value - pl.col("margin")).clip(0), high=(value + pl.col("margin")).clip(None, 1))
        .sort("subject")
    )


def _beyond(threshold: float) -> pl.Expr:
    return chance_of_distance(pl.col("value") - threshold, pl.col("margin"))
