"""What errors told by their times ask people to talk about: errors that follow errors."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, ranked, severity, written
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import CONTAINED, RUNAWAY, TIMING_LEVEL


def timing_findings(timing: pl.DataFrame) -> pl.DataFrame:
    """One finding where errors follow errors more than chance explains: 30 of 100 and more. An association."""
    value = pl.col("reproduction")
    shown = timing.filter((pl.col("p_value") <= TIMING_LEVEL) & (value >= CONTAINED))
    warning, critical = (chance_of_distance(value - most, value - pl.col("low")) for most in (CONTAINED, RUNAWAY))
    rows = shown.with_columns(
        subject=pl.lit("all systems"),
        severity=severity(warning=warning, critical=critical),
        statement=pl.format(
            "About {} of 100 errors follow one of a neighbouring system, judged by the times of {} errors.",
            (value * 100).round().cast(pl.Int64),
            written(pl.col("errors_used")),
        ),
        value=value,
        unit=pl.lit("share of errors that follow another"),
        n=pl.col("errors_used"),
        threshold=pl.lit(CONTAINED),
        ask=pl.lit("Could the logs carry a trace and parent id, so that we know which error caused which?"),
    )
    return ranked([findings(NAME, "errors_follow_errors", rows)])
