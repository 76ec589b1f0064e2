"""What wrong values ask people to talk about: where they were entered and how far they got unseen."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, ranked, system_owners, written
from integrhealth.language.thresholds import WIDE_CASCADE


def contamination_findings(
    contamination: pl.DataFrame, systems: pl.DataFrame, integrations: pl.DataFrame
) -> pl.DataFrame:
    """One finding per system at which wrong values were entered that travelled on as ok: ``wrong_value_spread``.

    A warning where one got to 5 systems or the catalog prices it, else a note; a note also where a checkpoint stopped
    all of these: that is what it is there for. ``cost``: error_cost of the
    integration by which each left, of one object that went wrong, times its objects; null where the catalog gives
    none. `systems` and `integrations` are those of the catalog.
    """
    prices = integrations.select(first_integration="integration", price="error_cost")
    stopped = (pl.col("detection") == "checkpoint").fill_null(False)
    travelled = (
        contamination.filter(pl.col("systems") > 1)
        .join(prices, on="first_integration", how="left")
        .group_by("origin")
        .agg(
            n=pl.len(),
            most=pl.col("systems").max(),
            slowest=pl.col("held_minutes").max(),
            grave=(~stopped & ((pl.col("systems") >= WIDE_CASCADE) | (pl.col("price") > 0).fill_null(False))).any(),
            cost=pl.when(pl.col("price").is_not_null().any()).then((pl.col("price") * pl.col("objects")).sum()),
        )
        .join(system_owners(systems), left_on="origin", right_on="system", how="left")
    )
    one = pl.col("n") == 1
    rows = travelled.with_columns(
        subject=pl.col("origin"),
        severity=pl.when("grave").then(pl.lit("warning")).otherwise(pl.lit("note")),
        statement=pl.format(
            "{} entered at {} travelled on as ok, to {}{} systems in all{}.",
            pl.when(one).then(pl.lit("One wrong value")).otherwise(pl.format("{} wrong values", written(pl.col("n")))),
            "origin",
            pl.when(one).then(pl.lit("")).otherwise(pl.lit("up to ")),
            "most",
            pl.when(pl.col("slowest").is_null())
            .then(pl.lit(""))
            .when(one)
            .then(pl.format(", and was detected after {}", _lasting(pl.col("slowest"))))
            .otherwise(pl.format(", the slowest detected after {}", _lasting(pl.col("slowest")))),
        ),
        value=pl.col("most"),
        unit=pl.lit("systems that held one wrong value"),
        threshold=pl.lit(WIDE_CASCADE),
        ask=pl.format("Who at {} could see that a value is wrong before it is sent on?", "origin"),
    )
    return ranked([findings(NAME, "wrong_value_spread", rows)])


def _lasting(minutes: pl.Expr) -> pl.Expr:
    """Minutes as people say them: in minutes, hours or days."""
    rounded = [(minutes / size).round().cast(pl.Int64) for size in (1, 60, 1440)]
    return (
        pl.when(minutes < 90)
        .then(pl.format("{} min", rounded[0]))
        .when(minutes < 2880)
        .then(pl.format("{} h", rounded[1]))
        .otherwise(pl.format("{} days", rounded[2]))
    )
