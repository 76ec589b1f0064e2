"""Missing or merely late: how long what arrived took, beside how long what did not has waited."""

import polars as pl

from integrhealth.analyses.reconciliation.transfers.counts import Facts
from integrhealth.analyses.reconciliation.transfers.reconciled import NO_COMMON_KEY, SENDER_ONLY, is_covered
from integrhealth.traces.facts import bucket_ms

HOUR = 3_600_000
# Where an age band begins, in milliseconds, and what it is called (own).
BANDS = {"under a minute": 0, "minutes": 60_000, "hours": HOUR, "days": 24 * HOUR, "weeks": 7 * 24 * HOUR}


def transfer_ages(facts: Facts, bounds: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and band of age: arrived, and missing by how long it has waited; with the share missing.

    `bounds` as ``reconciled.limits`` gives them. Only integrations of which a receiver's log tells.
    """
    judged = bounds.filter(~pl.col("side").is_in([SENDER_ONLY, NO_COMMON_KEY]))
    arrived = facts.delays.join(judged.select("integration"), on="integration", how="semi")
    arrived = arrived.select("integration", age_ms=bucket_ms(pl.col("bucket")), arrived="count", missing=pl.lit(0))
    waiting = facts.missing.join(judged, on="integration", how="inner").filter(~pl.col("one_sided"), is_covered("at"))
    waited = (pl.col("ends") - pl.col("at")).dt.total_microseconds() / 1000
    waiting = waiting.select("integration", age_ms=waited, arrived=pl.lit(0), missing="missing")
    rows = pl.concat([part.with_columns(pl.col("arrived", "missing").cast(pl.Int64)) for part in (arrived, waiting)])
    from_ms = pl.coalesce(
        pl.when(pl.col("age_ms") >= start).then(pl.lit(float(start))) for start in sorted(BANDS.values(), reverse=True)
    )
    counted = rows.group_by("integration", from_ms=from_ms.fill_null(0.0)).agg(pl.col("arrived", "missing").sum())
    names = {float(start): name for name, start in BANDS.items()}
    return (
        counted.with_columns(band=pl.col("from_ms").replace_strict(names, return_dtype=pl.String))
        .select("integration", "band", "from_ms", "arrived", "missing")
        .sort("integration", "from_ms")
    )
