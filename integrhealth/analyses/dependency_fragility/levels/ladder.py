"""The ladder: a level is stable where all of it is, and all below it; and what was built on what meanwhile."""

import polars as pl

from integrhealth.analyses.dependency_fragility.findings import MOST_NAMED
from integrhealth.analyses.dependency_fragility.levels.checks import FAILED, OWNER, PASSED, UNKNOWN
from integrhealth.language.levels import LEVELS, level_place
from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS
from integrhealth.language.wording import listed

STABLE, UNSTABLE, ABSENT, HOUSE, TOO_LITTLE = "stable", "unstable", "absent", "house of cards", "not enough data"
LADDER = {
    "level": TEXT,
    "integrations": COUNT,
    "stable": COUNT,
    "blocked_by": TEXT,
    "verdict": TEXT,
    "why": TEXT,
    "uncertain": COUNT,
    "seen_to_fail": COUNT,
    "changes": COUNT,
    "weakest": TEXT,
}
SPENT = {
    "level": TEXT,
    "unstable_below": TEXT,
    "changes": COUNT,
    "change_share": NUMBER,
    "messages": COUNT,
    "message_share": NUMBER,
    "changed": WORDS,
}


def integrations(checks: pl.DataFrame) -> pl.DataFrame:
    """One row per integration of `checks`, those of each level that fail first: stable, and why not.

    ``uncertain``: a check could not be made; ``measured``: something else than its owner is in order; ``seen_to_fail``:
    something else than its owner failed, and such go first. ``why`` is its first check that failed.
    """
    of_owner = pl.col("check") == OWNER
    failed = pl.col("result") == FAILED
    return (
        checks.group_by("level", "integration", maintain_order=True)
        .agg(
            stable=~failed.any(),
            uncertain=(pl.col("result") == UNKNOWN).any(),
            measured=((pl.col("result") == PASSED) & ~of_owner).any(),
            seen_to_fail=(failed & ~of_owner).any(),
            why=pl.col("why").filter(failed).first(),
            beyond=(pl.col("value") / pl.col("limit")).filter(failed).max(),
        )
        .sort(
            level_place(),
            "seen_to_fail",
            "beyond",
            "integration",
            descending=[False, True, True, False],
            nulls_last=True,
        )
        .drop("beyond")
    )


def levels(checks: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """One row per level, foundation first (LADDER); none where no integration stands on a level.

    `checks` and `changes` as the functions of these names give them. A level without an integration is absent, and what
    stands on it is not stable: no level passes before the one below it did (GitLab's service maturity model).
    """
    if checks.is_empty():
        return pl.DataFrame(schema=LADDER)
    rungs = (
        pl.DataFrame({"level": LEVELS})
        .join(_counted(integrations(checks)), on="level", how="left", maintain_order="left")
        .join(_changed(changes), on="level", how="left", maintain_order="left")
        .with_columns(pl.col("integrations", "stable", "uncertain", "measured", "seen_to_fail", "changes").fill_null(0))
    )
    absent, cracked = pl.col("integrations") == 0, pl.col("stable") < pl.col("integrations")
    solid = ~absent & ~cracked & (pl.col("measured") > 0)
    gap = pl.when(absent).then(pl.lit("absent")).when(cracked).then(listed(pl.col("names"), MOST_NAMED))
    count = pl.col("integrations") - pl.col("stable")
    are = pl.when(count == 1).then(pl.lit("is")).otherwise(pl.lit("are"))
    shaky = pl.format("{} of {} {} not stable, {} first: {}", count, "integrations", are, "weakest", "reason")
    return (
        rungs.with_columns(
            absent=absent,
            cracked=cracked,
            solid=solid,
            gaps=pl.format("{}: {}", "level", gap).cumulative_eval(pl.element().drop_nulls().str.join("; ")),
            own=pl.when(cracked).then(shaky),
            on_crack=cracked.cum_max().shift(1, fill_value=False),
            on_nothing=absent.cum_max().shift(1, fill_value=False),
            on_solid=solid.cum_min().shift(1, fill_value=True),
        )
        .with_columns(
            # What is above a crack stands on the lowest one, and that is to be mended first.
            weakest=pl.col("weakest").drop_nulls().first(),
            foot=pl.format("{}, where {}", *(pl.col(each).filter("cracked").first() for each in ("level", "own"))),
            nothing=pl.col("level").filter("absent").first(),
            said=listed(pl.col("changed"), MOST_NAMED),
            stand=pl.when(pl.col("changes") == 1).then(pl.lit("stands")).otherwise(pl.lit("stand")),
        )
        .with_columns(_verdict(), _why())
        .with_columns(
            blocked_by=pl.when(pl.col("verdict").is_in([UNSTABLE, HOUSE])).then("gaps"),
            weakest=pl.when(pl.col("cracked") | pl.col("on_crack"), ~pl.col("absent")).then("weakest"),
        )
        .select(*LADDER)
        .cast(LADDER)
    )


def _verdict() -> pl.Expr:
    blocked = pl.col("cracked") | pl.col("on_crack") | pl.col("on_nothing")
    return (
        pl.when("absent")
        .then(pl.lit(ABSENT))
        .when(pl.col("on_crack") & (pl.col("changes") > 0))
        .then(pl.lit(HOUSE))
        .when(blocked)
        .then(pl.lit(UNSTABLE))
        .when(pl.col("solid") & pl.col("on_solid"))
        .then(pl.lit(STABLE))
        .otherwise(pl.lit(TOO_LITTLE))
        .alias("verdict")
    )


def _why() -> pl.Expr:
    """The reason of the verdict; null where all is stable."""
    return (
        pl.when("absent")
        .then(pl.lit("the catalog puts no integration on it"))
        .when(pl.col("on_crack") & (pl.col("changes") > 0))
        .then(pl.format("{} {} on {}", "said", "stand", "foot"))
        .when("cracked")
        .then("own")
        .when("on_crack")
        .then(pl.format("stands on {}", "foot"))
        .when("on_nothing")
        .then(pl.format("stands on {}, which is absent", "nothing"))
        .when(~pl.col("solid"))
        .then(pl.lit("nothing but its owners could be checked"))
        .when(~pl.col("on_solid"))
        .then(pl.lit("too little is known of what it stands on"))
        .alias("why")
    )


def spend(rungs: pl.DataFrame, changes: pl.DataFrame, standing: pl.DataFrame, promises: pl.DataFrame) -> pl.DataFrame:
    """One row per level of `rungs` (``levels``): its part of the changes and of the messages, and what is red below.

    Red: one of its own integrations is not stable. Messages are those of the period that ended, as `promises`
    (``latency.slo``) count them.
    """
    ended = promises.filter(pl.col("promise") == "success").unique("integration")
    counts = standing.join(ended, on="integration").group_by("level").agg(messages=pl.col("period_messages").sum())
    red = pl.when(pl.col("stable") < pl.col("integrations")).then("level")
    return (
        rungs.with_columns(unstable_below=red.cumulative_eval(pl.element().drop_nulls().str.join("; ")).shift(1))
        .join(counts, on="level", how="left", maintain_order="left")
        .join(_changed(changes).drop("changes"), on="level", how="left", maintain_order="left")
        .with_columns(pl.col("messages").fill_null(0))
        .with_columns(
            (pl.col(each) / pl.col(each).sum()).fill_nan(None).alias(f"{each[:-1]}_share")
            for each in ("changes", "messages")
        )
        .with_columns(pl.col("unstable_below").replace("", None))
        .select(*SPENT)
        .cast(SPENT)
    )


def _changed(changes: pl.DataFrame) -> pl.DataFrame:
    """One row per level with new or changed integrations: how many, and each with its reason."""
    return changes.group_by("level", maintain_order=True).agg(
        changes=pl.len().cast(COUNT), changed=pl.format("{} ({})", "integration", "why")
    )


def _counted(each: pl.DataFrame) -> pl.DataFrame:
    """One row per level: its integrations, and in words those that are not stable."""
    shaky = ~pl.col("stable")
    return each.group_by("level", maintain_order=True).agg(
        pl.col("stable", "uncertain", "measured", "seen_to_fail").sum().cast(COUNT),
        integrations=pl.len().cast(COUNT),
        names=pl.col("integration").filter(shaky),
        weakest=pl.col("integration").filter(shaky).first(),
        reason=pl.col("why").filter(shaky).first(),
    )
