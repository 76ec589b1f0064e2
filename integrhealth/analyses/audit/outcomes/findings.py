"""What became worse since go-live, what did not change as promised, and what nobody said in advance."""

import polars as pl

from integrhealth.analyses.audit.outcomes.verdicts import UNDECLARED
from integrhealth.analyses.audit.tables import NAME
from integrhealth.language.findings import findings, integration_owners, severity
from integrhealth.language.schema import COUNT
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import NO_EFFECT_SHARE

NOBODY = "nobody named"
# Integrations that a statement names.
NAMED = 3


def outcome_findings(outcomes: pl.DataFrame, integrations: pl.DataFrame) -> list[pl.DataFrame]:
    """The findings of each rule from the table ``outcomes``; the owners are those of `integrations`."""
    owned = outcomes.join(integration_owners(integrations), on="integration", how="left")
    rows = owned.with_columns(
        margin=pl.col("high") - pl.col("effect"),
        n=pl.col("n_before") + pl.col("n_after"),
        unit=pl.coalesce("unit", "metric"),
        subject=pl.col("integration"),
        value=pl.col("effect"),
    )
    return [outcome_worse(rows), no_effect(rows), outcome_not_declared(owned)]


def outcome_worse(rows: pl.DataFrame) -> pl.DataFrame:
    """``outcome_worse``: one finding per integration since whose go-live the metric is certainly worse."""
    judged = rows.filter(pl.col("effect").is_not_null(), pl.col("verdict") != UNDECLARED)
    chance = chance_of_distance(-pl.col("effect"), pl.col("margin"))
    worse = judged.with_columns(severity=severity(warning=chance), threshold=pl.lit(0.0)).filter(
        pl.col("verdict") == "worse"
    )
    return findings(
        NAME,
        "outcome_worse",
        worse.with_columns(
            statement=pl.format(
                "Since {} went live, {} is worse than its trend before by {} ({} to {}), seen over {} days.",
                *("integration", "metric", _number(-pl.col("effect")), _number(-pl.col("high"))),
                *(_number(-pl.col("low")), "n"),
            ),
            ask=pl.format("What else changed when {} went live, and what does {} need now?", "integration", "metric"),
        ),
    )


def no_effect(rows: pl.DataFrame) -> pl.DataFrame:
    """``no_effect``: one finding per integration that is due and certainly brought less than half of what it promised.

    What may have brought it is not told, however likely nothing did.
    """
    sign = (pl.col("target") - pl.col("baseline")).sign()
    right_way = (pl.col("better") != "lower") == (sign > 0)
    due = pl.col("due") <= pl.col("go_live") + pl.duration(days=pl.col("n_after"))
    least = NO_EFFECT_SHARE * (pl.col("target") - pl.col("baseline")).abs()
    promised = rows.filter(
        pl.col("effect").is_not_null(),
        pl.col("verdict") != UNDECLARED,
        sign != 0,
        pl.col("better").is_null() | right_way,
        due,
    ).with_columns(threshold=least)
    chance = chance_of_distance(pl.col("threshold") - pl.col("effect"), pl.col("margin"))
    lacking = promised.with_columns(severity=severity(warning=chance)).filter(
        pl.col("verdict") == "no change", pl.col("high") < pl.col("threshold")
    )
    return findings(
        NAME,
        "no_effect",
        lacking.with_columns(
            statement=pl.format(
                "{} was to bring {} from {} to {} by {}; it brought {} beside the trend before ({} to {}).",
                *("integration", "metric", _number(pl.col("baseline")), _number(pl.col("target"))),
                *(pl.col("due").dt.to_string("%Y-%m-%d"), _number(pl.col("effect"))),
                *(_number(pl.col("low")), _number(pl.col("high"))),
            ),
            ask=pl.format("What should change about {}, so that {} improves?", "integration", "metric"),
        ),
    )


def outcome_not_declared(owned: pl.DataFrame) -> pl.DataFrame:
    """``outcome_not_declared``: a note per owner of live integrations whose success was not defined before go-live."""
    late = owned.filter(pl.col("verdict") == UNDECLARED, pl.col("go_live").is_not_null()).sort("integration")
    n = pl.col("n")
    more = pl.when(n > NAMED).then(pl.format(" and {} more", n - NAMED)).otherwise(pl.lit(""))
    return findings(
        NAME,
        "outcome_not_declared",
        late.group_by("owner", maintain_order=True)
        .agg(n=pl.len().cast(COUNT), first=pl.col("integration").head(NAMED).str.join(", "))
        .with_columns(
            subject=pl.col("owner").fill_null(NOBODY),
            severity=pl.lit("note"),
            value=n.cast(pl.Float64),
            unit=pl.lit("integrations"),
            statement=pl.format(
                "Nobody said before go-live how success of {}{} would be measured.", pl.col("first"), more
            ),
            ask=pl.lit("Which metric will improve, by how much, and by when?"),
        ),
    )


def _number(value: pl.Expr) -> pl.Expr:
    return value.round_sig_figs(3).cast(pl.String).str.replace(r"\.0$", "")
