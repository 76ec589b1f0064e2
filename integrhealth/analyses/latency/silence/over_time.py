"""What came and what was to be expected, day by day, of the integrations worth looking at."""

import numpy as np
import polars as pl

from integrhealth.analyses.latency.silence.verdicts import Judged
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME

SHOWN = 12
OVER_TIME = {
    "integration": TEXT,
    "at": TIME,
    "messages": COUNT,
    "expected": NUMBER,
    "holiday": FLAG,
    "verdict": TEXT,
}


def arrivals_over_time(seen: Judged | None, silence: pl.DataFrame, silences: pl.DataFrame) -> pl.DataFrame:
    """One row per day, by the company's calendar, of twelve integrations; columns as in ``OVER_TIME``.

    First those that are silent or thin in `silence`, then those that were (`silences`), then those that cannot be told
    although much is missing, then the busiest.
    """
    if seen is None:
        return pl.DataFrame(schema=OVER_TIME)
    came_back = pl.col("integration").is_in(silences["integration"].implode())
    rank = (
        pl.when(pl.col("verdict").is_in(["silent", "thin"]))
        .then(0)
        .when(came_back)
        .then(1)
        .when((pl.col("verdict") == "cannot tell") & (pl.col("missing") > 0))
        .then(2)
        .otherwise(3)
    )
    often = silence.filter(pl.col("integration").is_in(seen.expected.integrations.implode())).with_columns(rank=rank)
    shown = often.sort("rank", "messages", "integration", descending=[False, True, False]).head(SHOWN)
    row = seen.expected.integrations.search_sorted(shown["integration"]).to_numpy()
    came, expected, holiday, starts = seen.expected.by_day(row)
    days = came.shape[1]
    place = np.repeat(np.arange(len(row)), days)
    return (
        shown.select("integration", "verdict")[place]
        .with_columns(
            at=starts.gather(np.tile(np.arange(days), len(row))),
            messages=pl.Series(came.ravel()).cast(COUNT),
            expected=pl.Series(expected.ravel()),
            holiday=pl.Series(holiday.ravel()),
        )
        .select(*OVER_TIME)
    )
