"""Which teams talk less since an integration went live between them: an association, and no cause."""

import polars as pl

from integrhealth.analyses.collaboration.golive.changes import FELL
from integrhealth.analyses.collaboration.tables import NAME
from integrhealth.language.findings import findings, integration_owners, severity
from integrhealth.language.thresholds import SILENT_GOLIVE
from integrhealth.language.wording import percent


def silent_golives(golive: pl.DataFrame, *, integrations: pl.DataFrame) -> pl.DataFrame:
    """``silent_golive``: one finding per go-live since which its two teams certainly talk less, by a quarter at least.

    Never critical: silence loses no money by itself. Owners are those of the catalog's `integrations`, else the first
    team of the pair.
    """
    one_sided = pl.col("p_value") / 2
    fell = pl.when(pl.col("effect") < 0).then(one_sided).otherwise(1 - one_sided)
    judged = golive.with_columns(severity=severity(warning=fell))
    silent = judged.filter(pl.col("verdict") == FELL, pl.col("effect") <= -SILENT_GOLIVE)
    rows = silent.join(integration_owners(integrations), on="integration", how="left", maintain_order="left")
    teams = pl.format("{} and {}", "team_a", "team_b")
    rows = rows.with_columns(
        subject=pl.format("{}: {}", "integration", teams),
        value=pl.col("effect"),
        n=pl.col("contacts_before") + pl.col("contacts_after"),
        statement=pl.format(
            "{} spoke {} times a week before {} went live and {} after: {} less, once the change of {} other pairs of "
            "teams is taken out; an association and no cause.",
            teams,
            pl.col("before").round(1),
            "integration",
            pl.col("after").round(1),
            percent(-pl.col("effect")),
            "controls",
        ),
        unit=pl.lit("relative change of contact"),
        threshold=pl.lit(0.0),
        owner=pl.coalesce("owner", "team_a"),
        ask=pl.format("The leads of {}: what did you tell each other that {} cannot?", teams, "integration"),
    )
    return findings(NAME, "silent_golive", rows)
