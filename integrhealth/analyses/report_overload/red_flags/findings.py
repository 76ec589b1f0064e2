"""Which incidents had been announced, and nobody had read it."""

import polars as pl

from integrhealth.analyses.report_overload.findings import NAME
from integrhealth.language.findings import findings, integration_owners, severity, system_owners
from integrhealth.language.statistics import chance_of_more, wilson_interval
from integrhealth.language.thresholds import (
    CHANCE_LINK,
    FLAG_GRACE_MINUTES,
    RED_FLAG_CRITICAL,
    RED_FLAG_WARNING,
)
from integrhealth.language.wording import spoken_ms


def unread_red_flags(
    announced: pl.DataFrame, *, integrations: pl.DataFrame, systems: pl.DataFrame, stock: pl.DataFrame
) -> pl.DataFrame:
    """``unread_red_flag``: one finding per integration or system of whose incidents nobody had read the flags.

    Incidents of single objects are those of the report that flagged them. Counted are incidents and not deliveries: a
    flag that one of twelve has read did its work. Left out are flags that came less than an hour before, which nobody
    could have been expected to read, and links that are likely by chance. Owners are those of the catalog's
    `integrations` and `systems`, else the one of the report in the inventory `stock`.
    """
    fair = announced.filter(pl.col("minutes_earlier") >= FLAG_GRACE_MINUTES, pl.col("chance") <= CHANCE_LINK)
    share, missed = pl.col("missed") / pl.col("n"), pl.col("missed").cast(pl.Float64)
    of_report = pl.format("objects in {}", "report")
    subjects = (
        fair.with_columns(subject=pl.when(pl.col("linked_by") == "object").then(of_report).otherwise("about"))
        .sort("missed", "minutes_earlier", "incident", descending=[True, True, False])
        .group_by("subject", maintain_order=True)
        .agg(
            pl.col("missed").sum(),
            pl.col("linked_by", "about", "incident", "report", "minutes_earlier").first(),
            n=pl.len().cast(pl.Int64),
        )
        .with_columns(
            value=share,
            severity=severity(
                warning=chance_of_more(missed, pl.col("n"), pl.lit(RED_FLAG_WARNING)),
                critical=chance_of_more(missed, pl.col("n"), pl.lit(RED_FLAG_CRITICAL)),
            ),
        )
        .filter(pl.col("value") > RED_FLAG_WARNING)
    )
    low, high = wilson_interval(subjects["missed"].to_numpy(), subjects["n"].to_numpy())
    earlier = spoken_ms(pl.col("minutes_earlier") * 60_000)
    once = pl.format(
        "Nobody had read the red flag about {} that came {} before incident {}.", "subject", earlier, "incident"
    )
    often = pl.format(
        "Nobody had read the red flags of {} of {} announced incidents about {}, which came up to {} before.",
        *("missed", "n", "subject", earlier),
    )
    rows = _owned(subjects, integrations, systems, stock).with_columns(
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
        statement=pl.when(pl.col("n") == 1).then(once).otherwise(often),
        unit=pl.lit("share of announced incidents"),
        threshold=pl.lit(RED_FLAG_WARNING),
        ask=pl.format("What would have brought the flag in {} to somebody's eyes in time?", "report"),
    )
    return findings(NAME, "unread_red_flag", rows)


def _owned(
    subjects: pl.DataFrame, integrations: pl.DataFrame, systems: pl.DataFrame, stock: pl.DataFrame
) -> pl.DataFrame:
    """`subjects` with owner: of the integration or system that the flags were about, else of the report."""
    by_name = (
        integration_owners(integrations).select(linked_by=pl.lit("integration"), about="integration", whose="owner"),
        system_owners(systems).select(linked_by=pl.lit("system"), about="system", whose="owner"),
    )
    owners = pl.concat(by_name)
    return (
        subjects.join(owners, on=["linked_by", "about"], how="left", maintain_order="left")
        .join(stock.select("report", "owner"), on="report", how="left", maintain_order="left")
        .with_columns(owner=pl.coalesce("whose", "owner"))
        .drop("whose")
    )
