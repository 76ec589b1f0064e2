"""What is asked about blame: which team is called first although another one's system failed."""

import polars as pl

from integrhealth.analyses.accountability.blame.favourites import FAVOURITE
from integrhealth.analyses.accountability.tables import NAME
from integrhealth.language.findings import findings, severity, system_owners, written
from integrhealth.language.wording import spoken_ms

MS_PER_DAY = 86_400_000


def blame_findings(accused: pl.DataFrame, cases: pl.DataFrame, systems: pl.DataFrame) -> pl.DataFrame:
    """``wrong_blame``: one finding per favourite of `accused` (``favourites.wrongly_accused``).

    The owner is the one of the system of the catalog that was the root most often, by `cases` (``cases.cases``).
    """
    roots = (
        cases.filter("wrong")
        .group_by(team="blamed", mostly_root="root")
        .agg(system=pl.col("root_system").mode().sort().first())
        .join(system_owners(systems), on="system", how="left")
    )
    judged = accused.with_columns(severity=severity(warning=pl.col("p_value")))
    by_whom = pl.format(", mostly by {}", "mostly_by").fill_null("")
    rows = (
        judged.filter(pl.col("verdict") == FAVOURITE)
        .join(roots, on=["team", "mostly_root"], how="left", maintain_order="left")
        .with_columns(
            subject="team",
            statement=pl.format(
                "{} was blamed first in {} of {} incidents that began elsewhere, mostly in {} ({}){}; at random it "
                "would be {} at most. {} were lost with the wrong team.",
                *("team", written(pl.col("wrong")), written(pl.col("cases")), "system", "mostly_root", by_whom),
                *(pl.col("expected").round(0).cast(pl.Int64), spoken_ms(pl.col("days_lost") * MS_PER_DAY)),
            ),
            value="wrong_share",
            unit=pl.lit("share of incidents that began elsewhere"),
            n="cases",
            threshold=pl.col("expected") / pl.col("cases"),
            ask=pl.format("What would show that {} failed before {} is called?", "system", "team"),
        )
    )
    return findings(NAME, "wrong_blame", rows)
