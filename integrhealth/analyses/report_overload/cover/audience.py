"""Who opens what they are sent: per report and person, and what can be said for certain of it."""

import polars as pl

from integrhealth.analyses.report_overload.cover.streams import cadence_word
from integrhealth.analyses.report_overload.reading import STREAM
from integrhealth.language.schema import COUNT
from integrhealth.language.statistics import TAIL, chance_of_more, holm
from integrhealth.language.thresholds import NEVER_OPENED, SLOWER_EVERY


def audience(classes: pl.DataFrame, streams: pl.DataFrame) -> pl.DataFrame:
    """One row per stream, a report and a person: how many deliveries were opened and read, and whether it is too many.

    ``never``: nothing was opened, and certainly less than one in five would be (exact binomial, Holm over all streams).
    That is said only of a person who opens something else and a report that somebody opens: else openings may not be
    logged. ``seldom``: opened so rarely that certainly the next slower cadence would do, one in five of a daily report,
    one in four of a weekly, one in three of a monthly. Both are null where no opening is logged at all.
    """
    opens = pl.col("opens") > 0
    counted = classes.group_by(STREAM).agg(
        opened=opens.sum().cast(COUNT),
        read=pl.col("read_class").is_in(["read", "skimmed"]).sum().cast(COUNT),
        sent=pl.len().cast(COUNT),
        tracked=pl.col("opens").is_not_null().any(),
    )
    unopened = pl.col("sent") - pl.col("opened")
    every = pl.col("cadence").replace_strict(SLOWER_EVERY, default=None, return_dtype=pl.Float64)
    logged = (pl.col("opened").sum().over("report") > 0) & (pl.col("opened").sum().over("person") > 0)
    silent = pl.when((pl.col("opened") == 0) & logged).then(
        chance_of_more(unopened, pl.col("sent"), pl.lit(1 - NEVER_OPENED))
    )
    seldom = pl.when(pl.col("opened") > 0).then(chance_of_more(unopened, pl.col("sent"), 1 - 1 / every))
    tracked = pl.col("tracked")
    return (
        streams.join(counted, on=STREAM, how="left")
        .with_columns(tracked.fill_null(False))
        .with_columns(silent=silent, seldom=seldom)
        .with_columns(
            never=pl.when(tracked).then((holm(pl.col("silent")) <= TAIL).fill_null(False)),
            seldom_chance=pl.when(tracked).then("seldom"),
        )
        .select(*STREAM, "deliveries", "rank", "cadence", "opened", "read", "never", "seldom_chance")
        .sort(STREAM)
    )


def opened_too_seldom(streams: pl.DataFrame) -> pl.DataFrame:
    """report, slower (a cadence) of the reports that everybody who opens them opens too seldom for their cadence.

    `streams` are the rows of ``audience``. Every one of the readers has to be certain, which needs no correction;
    Holm's is for the number of reports. The slower cadence is the next to the fastest that anybody gets.
    """
    reading = streams.filter(pl.col("opened") > 0)
    return (
        reading.group_by("report")
        .agg(
            chance=pl.when(pl.col("seldom_chance").is_not_null().all()).then(pl.col("seldom_chance").max()),
            rank=pl.col("rank").min(),
        )
        .filter(holm(pl.col("chance")) <= TAIL)
        .select("report", slower=cadence_word(pl.col("rank") + 1))
        .sort("report")
    )
