"""What the hierarchy gate asks people: to mend what is below before more is built above it."""

import polars as pl

from integrhealth.analyses.dependency_fragility.findings import NAME
from integrhealth.analyses.dependency_fragility.levels.ladder import ABSENT, HOUSE
from integrhealth.language.findings import findings, integration_owners, ranked
from integrhealth.language.levels import LEVELS, level_place


def level_findings(levels: pl.DataFrame, changes: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One finding per house of cards; where there is none, a note of the lowest level that others wait for.

    `levels` is the table of this name, `changes` as ``standing.changes`` gives them, `declared` the integrations of the
    catalog. A house of cards is a warning where something certainly went wrong on the level that it stands on, a note
    where only an owner is missing there. That an integration fails is told of the integration.
    """
    cracked = levels.filter(pl.col("stable") < pl.col("integrations"), pl.col("verdict") != ABSENT).head(1)
    foot = cracked.select(
        pl.lit("share of its integrations that are stable").alias("unit"),
        foot="level",
        value=pl.col("stable") / pl.col("integrations"),
        n="integrations",
        threshold=pl.lit(1.0),
        severity=pl.when(pl.col("seen_to_fail") > 0).then(pl.lit("warning")).otherwise(pl.lit("note")),
    )
    houses = levels.filter(pl.col("verdict") == HOUSE).join(foot, how="cross")
    return ranked([_houses(houses, changes, declared), *([] if houses.height else [_waiting(levels, foot, declared)])])


def _houses(houses: pl.DataFrame, changes: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    first = changes.unique("level", keep="first", maintain_order=True).select("level", "integration")
    rows = (
        houses.join(first, on="level", how="left", maintain_order="left")
        .join(integration_owners(declared), on="integration", how="left", maintain_order="left")
        .with_columns(
            subject="level",
            statement=pl.format("{}: {}.", "level", "why"),
            ask=pl.format("Who decides that {} goes on before {} is stable?", "integration", "weakest"),
        )
    )
    return findings(NAME, "house_of_cards", rows)


def _waiting(levels: pl.DataFrame, foot: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    above = (
        levels.filter(pl.col("integrations") > 0)
        .join(foot, how="cross")
        .filter(level_place() > level_place("foot"))
        .group_by("foot")
        .agg(above=pl.col("level").str.join(", "))
    )
    rows = (
        foot.join(above, on="foot")
        .join(levels.select(foot="level", why="why", weakest="weakest"), on="foot")
        .join(integration_owners(declared), left_on="weakest", right_on="integration", how="left")
        .with_columns(
            severity=pl.lit("note"),
            subject="foot",
            statement=pl.format("{}: {}. On it stand {}.", "foot", "why", "above"),
            ask=pl.format("Who makes {} stable before more is built on {}?", "weakest", "foot"),
        )
    )
    return findings(NAME, "unstable_level", rows)


def said_of_levels(levels: pl.DataFrame, declared: pl.DataFrame, sending: pl.Series) -> str | None:
    """Why there are no levels, or which integrations (those of the catalog, and `sending`) stand on none."""
    if levels.is_empty():
        return (
            "No integration stands on a level: it takes the key `level` of integrations in the catalog "
            f"({', '.join(LEVELS[:-1])} or {LEVELS[-1]}); it is not guessed."
        )
    placed = declared.filter(pl.col("level").is_in(LEVELS))["integration"].implode()
    every = pl.concat([declared["integration"], sending]).drop_nulls().unique().sort()
    left = every.filter(~every.is_in(placed))
    if left.is_empty():
        return None
    listed = ", ".join(left.head(3)) + (f" and {len(left) - 3:,} more" if len(left) > 3 else "")
    return f"On no level, as the catalog names none of the four for them: {listed}."
