"""Bins of five minutes as the facts of promises have them, from counts, and what is said of their promises."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from integrhealth.analyses.latency.promises.bins import BINS, SPENDING
from integrhealth.analyses.latency.promises.service_levels import judged_windows, service_levels
from integrhealth.catalog import CATALOG

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = 12, 288


def bins(ended, bad, *, name="feed", timed=0, slower=0, since=START):
    """One row per five minutes from the start on, those without messages left out as they are in logs."""
    frame = pl.DataFrame({"ended": np.asarray(ended), "bad": np.asarray(bad)}).with_columns(
        timed=pl.lit(np.asarray(timed)) if np.ndim(timed) else pl.lit(timed),
        slower=pl.lit(np.asarray(slower)) if np.ndim(slower) else pl.lit(slower),
        integration=pl.lit(name),
        at=pl.lit(since) + pl.duration(minutes=5 * pl.int_range(pl.len())),
    )
    return frame.filter(pl.col("ended") > 0).select(BINS.keys()).cast(BINS)


def declared(*rows):
    return pl.DataFrame(list(rows), schema=CATALOG["integrations"])


def levels(frame, *catalog, period_days=30, spending=None):
    spent = pl.DataFrame(schema=SPENDING) if spending is None else spending
    return service_levels(judged_windows(frame, declared(*catalog), period_days=period_days), spent)


def promising(success=None, **more):
    return {"integration": "feed", "slo_success": success} | more
