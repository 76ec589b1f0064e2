"""What becomes of each report: how it was used, and the one word that says whether it must stay."""

from datetime import timedelta

import polars as pl

from integrhealth.analyses.report_overload.cover.overlap import nearest
from integrhealth.analyses.report_overload.inventory import any_decision
from integrhealth.analyses.report_overload.reading import assigned_reads
from integrhealth.language.period import outlying
from integrhealth.language.schema import COUNT, FLAG
from integrhealth.language.thresholds import NEAR_DUPLICATE, READING_WPM, UNOPENED_DAYS

# Every word of the column ``verdict``, with what it says.
VERDICTS = {
    "statutory": "the law asks for it; it stays whoever reads it",
    "keep": "in the smallest set: without it somebody would lose a decision, or get it served less often",
    "near-duplicate": "others serve its decisions as often, and it shows at least 80% of what another shows",
    "covered": "others serve its decisions to the same people at least as often",
    "retire candidate": "delivered, and serves no decision",
    "unopened 90 days": "what it is for is not known, and nobody opened it for 90 days",
    "not delivered": "in the inventory, and sent to nobody",
    "not in inventory": "sent or opened, and not in the inventory",
    "not enough data": "deliveries or the decisions of the reports are missing",
}


def usage(classes: pl.DataFrame, reads: pl.DataFrame, *, timezone: str = "UTC") -> pl.DataFrame:
    """One row per report delivered or opened: deliveries and their read classes, and other openings.

    `classes` are the rows of ``read_classes``. ``unasked_reads`` belong to no delivery: before the first, or of a
    report never sent to that person. ``unopened``: delivered first 90 days ago or earlier and opened by nobody since;
    null when the data cover fewer days or no reads at all.
    """
    tracked = not reads.is_empty()
    counted = {word: (pl.col("read_class") == word).sum().cast(COUNT) for word in ("read", "skimmed", "unread")}
    sent = classes.group_by("report").agg(
        deliveries=pl.len().cast(COUNT),
        people=pl.col("person").n_unique().cast(COUNT),
        first_sent=_day(pl.col("at").min(), timezone),
        **{word: count if tracked else pl.lit(None, COUNT) for word, count in counted.items()},
    )
    unasked = pl.col("delivered_at").is_null().sum().cast(COUNT)
    opened = (
        assigned_reads(classes, reads)
        .group_by("report")
        .agg(unasked_reads=unasked, last_opened=_day(pl.col("at").max(), timezone))
    )
    times = pl.concat([classes.select("at"), reads.select("at")])
    days = times.filter(~outlying(times["at"])).select(_day(pl.col("at"), timezone))["at"]
    last = days.max()
    quiet_since = None if last is None else last - timedelta(days=UNOPENED_DAYS - 1)
    old = pl.col("first_sent") <= pl.lit(quiet_since, pl.Date)
    quiet = pl.col("last_opened").is_null() | (pl.col("last_opened") < pl.lit(quiet_since, pl.Date))
    covered = tracked and days.min() <= quiet_since
    return (
        sent.join(opened, on="report", how="full", coalesce=True)
        .with_columns(
            pl.col("deliveries", "people", "unasked_reads").fill_null(0),
            unopened=(old & quiet) if covered else pl.lit(None, FLAG),
        )
        .sort("report")
    )


def _day(time: pl.Expr, timezone: str) -> pl.Expr:
    return time.dt.convert_time_zone(timezone).dt.date()


def judged_reports(
    stock: pl.DataFrame, used: pl.DataFrame, *, kept: pl.DataFrame, covering: pl.DataFrame
) -> pl.DataFrame:
    """One row per report of the inventory `stock` or the log `used` (rows of ``usage``), most unread deliveries first.

    ``verdict`` is one of VERDICTS, the first that holds: not in inventory, statutory, keep, not delivered, retire
    candidate, near-duplicate, covered, unopened 90 days, not enough data. `kept` are the rows of ``smallest_set``,
    `covering` those of ``stand_ins``. ``overlap`` with ``nearest`` is the Jaccard index of fields and metrics.
    """
    any_sent = bool((used["deliveries"] > 0).any())
    verdict = _first_true(
        {
            "not in inventory": ~pl.col("listed").fill_null(False),
            "statutory": pl.col("statutory"),
            "keep": pl.col("report").is_in(kept["report"].implode()),
            "not delivered": (pl.col("deliveries") == 0) & any_sent,
            "retire candidate": (pl.col("decisions").list.len() == 0) & any_decision(stock),
            "near-duplicate": (pl.col("covered_by").list.len() > 0) & (pl.col("overlap") >= NEAR_DUPLICATE),
            "covered": pl.col("covered_by").list.len() > 0,
            "unopened 90 days": pl.col("unopened"),
        }
    )
    return (
        stock.with_columns(listed=pl.lit(True))
        .join(used, on="report", how="full", coalesce=True)
        .join(nearest(stock), on="report", how="left")
        .join(covering, on="report", how="left")
        .with_columns(
            pl.col("deliveries", "people", "unasked_reads").fill_null(0),
            pl.col("decisions", "covered_by").fill_null([]),
            pl.col("statutory").fill_null(False),
        )
        .with_columns(verdict=verdict, minutes=pl.col("words") * pl.col("deliveries") / READING_WPM)
        .select(
            *("report", "deliveries", "read", "skimmed", "unread", "decisions", "nearest", "overlap", "verdict"),
            *("covered_by", "owner", "statutory", "words", "people", "minutes", "unasked_reads", "unopened"),
        )
        .sort("unread", "deliveries", "report", descending=[True, True, False], nulls_last=True)
    )


def _first_true(conditions: dict[str, pl.Expr]) -> pl.Expr:
    words = (pl.when(condition).then(pl.lit(word)) for word, condition in conditions.items())
    return pl.coalesce(*words, pl.lit("not enough data"))
