"""Which exceptions are not handled as well as the rest, and which nobody has ever seen."""

import polars as pl

from integrhealth.analyses.reconciliation.exceptions.readiness import NEVER
from integrhealth.analyses.reconciliation.tables import NAME
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import EXCEPTION_GAP, EXCEPTION_GAP_CRITICAL, MIN_EXCEPTION_CASES
from integrhealth.language.wording import percent

ALL_EXCEPTIONS = "exceptions"


def exception_findings(
    exceptions: pl.DataFrame, failures: pl.DataFrame, *, integrations: pl.DataFrame
) -> list[pl.DataFrame]:
    """The findings of both rules, from the tables of these names and the `integrations` of the catalog."""
    return [exception_not_ready(exceptions, failures, integrations=integrations), never_exercised(exceptions)]


def exception_not_ready(
    exceptions: pl.DataFrame, failures: pl.DataFrame, *, integrations: pl.DataFrame
) -> pl.DataFrame:
    """``exception_not_ready``: one finding per exception that fails at least 10 points more often than the happy path.

    ``cost``: value_per_object of the integration at which each case failed, times these cases. The owner is that of
    the integration at which most failed.
    """
    margin = pl.col("gap") - pl.col("low")
    warning, critical = (
        chance_of_distance(pl.col("gap") - most, margin) for most in (EXCEPTION_GAP, EXCEPTION_GAP_CRITICAL)
    )
    beyond = exceptions.with_columns(severity=severity(warning=warning, critical=critical)).filter(
        pl.col("gap") >= EXCEPTION_GAP
    )
    rows = beyond.join(_places(failures, integrations), on="type", how="left", maintain_order="left").with_columns(
        subject=pl.col("type"),
        value=pl.col("gap"),
        unit=pl.lit("difference in failure share"),
        n=pl.col("judged"),
        threshold=pl.lit(EXCEPTION_GAP),
        statement=pl.format(
            "{} of {} {}s fail for good, on the happy path {} of {}; most fail at {}.",
            *(percent(pl.col("failure_share")), written(pl.col("judged")), "type"),
            *(percent(pl.col("happy_failure_share")), written(pl.col("happy_cases")), "integration"),
        ),
        ask=pl.format("Who finishes a {} that fails at {}, and who tells them?", "type", "integration"),
    )
    return findings(NAME, "exception_not_ready", rows)


def _places(failures: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """type, integration (where most cases fail), its owner, and cost, null where no value is known."""
    prices = integrations.select("integration", price="value_per_object").unique("integration", keep="first")
    each = failures.join(prices, on="integration", how="left", maintain_order="left").join(
        integration_owners(integrations), on="integration", how="left", maintain_order="left"
    )
    cost = pl.col("cases") * pl.col("price")
    return (
        each.sort("cases", "integration", descending=[True, False])
        .group_by("type")
        .agg(pl.col("integration", "owner").first(), cost=pl.when(cost.count() > 0).then(cost.sum()))
    )


def never_exercised(exceptions: pl.DataFrame) -> pl.DataFrame:
    """``never_exercised``: one note for all exceptions of which no case was seen; not where there is little to see."""
    unseen = exceptions.filter(pl.col("verdict") == NEVER, pl.col("happy_cases") >= MIN_EXCEPTION_CASES)
    if unseen.is_empty():
        return findings(NAME, "never_exercised", unseen)
    names = ", ".join(f"{each}s" for each in unseen["type"])
    row = {
        "subject": ALL_EXCEPTIONS,
        "severity": "note",
        "value": float(unseen.height),
        "unit": "exceptions",
        "n": unseen["happy_cases"].max(),
        "statement": f"Never seen in these logs: {names}.",
        "ask": f"Has anybody ever tried one, and what happens with the first {unseen['type'][0]}?",
    }
    return findings(NAME, "never_exercised", pl.DataFrame([row]))
