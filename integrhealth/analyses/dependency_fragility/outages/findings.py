"""The integrations that an outage at the worst moment stops."""

import polars as pl

from integrhealth.analyses.dependency_fragility.findings import NAME
from integrhealth.analyses.dependency_fragility.outages.drill import NO_REPAIRS, STOP, UNKNOWN
from integrhealth.language.findings import findings, integration_owners, severity, written
from integrhealth.language.statistics import chance_of_more
from integrhealth.language.thresholds import MIN_NIGHT_REPAIRS, PAST_SHARE
from integrhealth.language.wording import spoken_ms


def outage_findings(outages: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """A note for each integration that stops; a warning where most outages surely stop it and the catalog says what
    that costs.

    Surely: of the repairs drawn from, so many stop it that with half of them it would be chance (binomial).
    """
    costs = (pl.col("p95_loss") > 0) & (pl.col("repairs") >= MIN_NIGHT_REPAIRS)
    stopping = ((1 - pl.col("worked_share")) * pl.col("repairs")).floor()
    p_value = chance_of_more(pl.when(costs).then(stopping), pl.col("repairs"), pl.lit(0.5))
    judged = outages.filter(pl.col("verdict") != UNKNOWN).with_columns(severity=severity(warning=p_value))
    stops = judged.filter(pl.col("verdict") == STOP).join(
        integration_owners(declared), on="integration", how="left", maintain_order="left"
    )
    past = pl.col("past_tolerance").round(0).cast(pl.Int64)
    of = pl.format(
        "{} of {} messages come too late or not at all",
        written(past),
        written(pl.max_horizontal(past, (pl.col("arrivals") * pl.col("outage_minutes") / 60).round(0).cast(pl.Int64))),
    )
    nobody = pl.when("owned").then(pl.lit("")).otherwise(pl.lit(", and nobody owns it"))
    rows = stops.with_columns(
        subject=pl.col("integration"),
        value=pl.col("past_share"),
        unit=pl.lit("share of the messages of an outage"),
        n=pl.col("repairs"),
        threshold=pl.lit(PAST_SHARE),
        cost=pl.col("median_loss"),
        statement=pl.format(
            "An outage of {} in its busiest hour takes {} at night; it bears {}{}: {}.",
            "integration",
            spoken_ms(pl.col("outage_minutes") * 60_000),
            spoken_ms(pl.col("tolerance_minutes") * 60_000),
            nobody,
            of,
        ),
        ask=pl.format("Who is called when {} is down at 2 AM, and who does what by hand until then?", "integration"),
    )
    return findings(NAME, "outage_stops", rows)


def said_of_outages(outages: pl.DataFrame) -> str | None:
    """The note of the table: why it has no rows or no verdict, or None where it speaks for itself."""
    if outages.is_empty():
        return "No message passed from one system to another: there is no busiest hour for an outage to come in."
    if (outages["verdict"] != UNKNOWN).any():
        return None
    if (outages["repairs"] == 0).all():
        return f"Of no outage can it be told what it does: {NO_REPAIRS}."
    return "Of no outage can it be told what it does: the catalog names no tolerance of any integration."
