"""What becomes of each report: how it was used, and the one word that says whether it must stay."""

from datetime import datetime, timedelta

import polars as pl

from integrhealth.analyses.report_overload.cover.overlap import nearest
from integrhealth.analyses.report_overload.inventory import without_decision
from integrhealth.analyses.report_overload.reading import assigned_reads
from integrhealth.language.period import local_day, outlying
from integrhealth.language.schema import COUNT, FLAG, TIME
from integrhealth.language.thresholds import READING_WPM, UNOPENED_DAYS

# Every word of the column ``verdict``, with what to do.
VERDICTS = {
    "keep": "it must stay as it is",
    "merge": "it shows what another shows; its readers take that one",
    "fewer people": "it stays, and some who get it need not",
    "less often": "it stays, and may come less often",
    "retire": "nobody would lose a decision",
    "cannot tell": "what the log and the catalog hold does not decide it",
}
# Every word of the column ``why``: the verdict that follows from it, and what it says. The first that holds stands.
WHYS = {
    "not in inventory": ("cannot tell", "sent or opened, and not in the inventory"),
    "statutory": ("keep", "the law asks for it; it stays whoever reads it"),
    "others serve some": ("fewer people", "others that stay serve some of its people as often in all that it is for"),
    "never opened by some": (
        "fewer people",
        "some read it, and some opened none and certainly open under one in five",
    ),
    "opened less often": ("less often", "all who open it open so few that the next slower cadence would do"),
    "unchanged between": ("less often", "it is sent more often than its content changes"),
    "only source": ("keep", "somebody has no other report for a decision, as often"),
    "smallest set": ("keep", "in the smallest set: without it somebody would lose a decision, or get it less often"),
    "near-duplicate": ("merge", "it shows at least 80% of what covered_by shows"),
    "covered": ("retire", "others serve its decisions to the same people at least as often"),
    "not delivered": ("cannot tell", "in the inventory, and sent to nobody"),
    "no decision": ("retire", "delivered, and serves no decision"),
    "unopened 90 days": ("retire", "what it is for is not declared, and nobody opened it for 90 days"),
    "not declared": ("cannot tell", "what it is for is not declared: ask its readers"),
    "no deliveries": ("cannot tell", "nothing says whom it reaches"),
    "in a folder": ("cannot tell", "laid in a folder; who looks there no log says"),
}
LESS_OFTEN = [why for why, (verdict, _) in WHYS.items() if verdict == "less often"]


def usage(classes: pl.DataFrame, reads: pl.DataFrame, *, timezone: str = "UTC") -> pl.DataFrame:
    """One row per report delivered or opened: deliveries and their read classes, and other openings.

    `classes` are the rows of ``read_classes``. ``unasked_reads`` belong to no delivery: before the first, or of a
    report never sent to that person. ``unopened``: delivered first 90 days ago or earlier and opened by nobody since;
    null when the data cover fewer days or no reads at all. ``idle_days`` lie between the last
    opening, or the first delivery where there was none, and the last day.
    """
    tracked = not reads.is_empty()
    counted = {word: (pl.col("read_class") == word).sum().cast(COUNT) for word in ("read", "skimmed", "unread")}
    sent = classes.group_by("report").agg(
        deliveries=pl.len().cast(COUNT),
        people=pl.col("person").n_unique().cast(COUNT),
        first_sent=local_day(pl.col("at").min(), timezone),
        **{word: count if tracked else pl.lit(None, COUNT) for word, count in counted.items()},
    )
    unasked = pl.col("delivered_at").is_null().sum().cast(COUNT)
    opened = (
        assigned_reads(classes, reads)
        .group_by("report")
        .agg(
            unasked_reads=unasked,
            last_opened=local_day(pl.col("at").max(), timezone),
            readers=pl.col("person").n_unique().cast(COUNT),
        )
    )
    times = pl.concat([classes.select("at"), reads.select("at")])
    days = times.filter(~outlying(times["at"])).select(local_day(pl.col("at"), timezone))["at"]
    last = days.max()
    quiet_since = None if last is None else last - timedelta(days=UNOPENED_DAYS - 1)
    old = pl.col("first_sent") <= pl.lit(quiet_since, pl.Date)
    quiet = pl.col("last_opened").is_null() | (pl.col("last_opened") < pl.lit(quiet_since, pl.Date))
    covered = tracked and days.min() <= quiet_since
    since = pl.lit(last if tracked else None, pl.Date)
    return (
        sent.join(opened, on="report", how="full", coalesce=True)
        .with_columns(
            pl.col("deliveries", "people", "unasked_reads").fill_null(0),
            readers=pl.col("readers").fill_null(0) if tracked else pl.lit(None, COUNT),
            idle_days=(since - pl.coalesce("last_opened", "first_sent")).dt.total_days().cast(COUNT),
            unopened=(old & quiet) if covered else pl.lit(None, FLAG),
        )
        .sort("report")
    )


def merged_into(near: pl.DataFrame, used: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """report, into: of reports that show the same, those that give way, and to which.

    `near` are pairs in both directions (``near_duplicates``). The one that stays is in `kept`, else it has the most
    readers, then the most deliveries, then the first name; not one unopened for 90 days. It
    takes its near-duplicates; of what is left the next does.
    """
    order = used.select("report", "readers", "deliveries", "unopened").join(
        near.select("report").unique(), on="report", how="right"
    )
    ranked = order.sort(
        pl.col("report").is_in(kept.implode()),
        ~pl.col("unopened").fill_null(False),
        pl.col("readers").fill_null(0),
        pl.col("deliveries").fill_null(0),
        "report",
        descending=[True, True, True, True, False],
    ).with_row_index("place")
    places = dict(ranked.select("report", "place").iter_rows())
    pairs = near.with_columns(
        place=pl.col("report").replace_strict(places, return_dtype=pl.Int64),
        other_place=pl.col("other").replace_strict(places, return_dtype=pl.Int64),
    )
    rounds = [pl.DataFrame(schema={"report": pl.String, "into": pl.String})]
    while pairs.height:
        first = pairs.filter((pl.col("place") < pl.col("other_place")).all().over("report"))
        giving = first.sort("place").unique("other", keep="first").select(report="other", into="report")
        rounds.append(giving)
        gone = pl.concat([first.select("report"), giving.select("report")])
        pairs = pairs.join(gone, on="report", how="anti").join(gone, left_on="other", right_on="report", how="anti")
    return pl.concat(rounds).sort("report")


def judged_reports(
    stock: pl.DataFrame,
    used: pl.DataFrame,
    *,
    kept: pl.DataFrame,
    covering: pl.DataFrame,
    near: pl.DataFrame,
    remarks: pl.DataFrame,
    refreshed: pl.DataFrame,
    until: datetime | None,
) -> pl.DataFrame:
    """One row per report of the inventory `stock` or the log `used` (rows of ``usage``), most unread deliveries first.

    ``verdict`` is one of VERDICTS and follows from ``why``, the first of WHYS that holds. `kept` are the rows of
    ``smallest_set``, `covering` those of ``stand_ins``, `near` pairs of near-duplicates, `remarks` those of
    ``remarks``, `refreshed` of ``refreshes``; `until` is the end of the log. ``covered_by`` names first those that show
    the same; a copy that stays for other people only covers nobody's decision. ``overlap`` with ``nearest`` is the
    Jaccard index of what fields and metrics mean. Overlap, openings and age judge a report of which nobody said what
    it is for (``without_decision``).
    """
    staying = pl.col("report").is_in(kept["report"].implode())
    twins = merged_into(near, used, kept["report"])
    standing_in = covering.explode("covered_by").rename({"covered_by": "other"})
    copies = near.join(standing_in, on=["report", "other"], how="semi").group_by("report").agg(copies="other")
    aimless = without_decision(stock)
    used_at_all = (pl.col("deliveries") > 0) | (pl.col("unasked_reads") > 0)
    covered = pl.col("covered_by").list.len() > 0
    judged = staying | ((pl.col("decisions").list.len() == 0) & ~aimless & used_at_all)
    why = _first_true(
        {
            "not in inventory": ~pl.col("listed").fill_null(False),
            "statutory": pl.col("statutory"),
            "unopened 90 days": ~staying & judged & pl.col("unopened"),
            "near-duplicate": ~staying & pl.when(covered).then(pl.col("shown")).otherwise(judged & pl.col("twin")),
            "others serve some": judged & pl.col("spare_people").gt(0),
            "never opened by some": judged & pl.col("never_people").gt(0),
            "opened less often": judged & pl.col("opened_slower").is_not_null(),
            "unchanged between": judged & pl.col("changes_slower").is_not_null(),
            "only source": staying & (pl.col("reason") == "only source"),
            "smallest set": staying,
            "covered": covered,
            "not delivered": ~used_at_all & pl.lit(bool((used["deliveries"] > 0).any())),
            "no decision": aimless & used_at_all,
            "not declared": used_at_all,
        }
    )
    return (
        stock.with_columns(listed=pl.lit(True))
        .join(used, on="report", how="full", coalesce=True)
        .join(nearest(stock), on="report", how="left")
        .join(covering, on="report", how="left")
        .join(copies, on="report", how="left")
        .join(twins, on="report", how="left")
        .join(kept.select("report", "reason"), on="report", how="left")
        .join(remarks, on="report", how="left")
        .join(refreshed, on="report", how="left")
        .with_columns(
            pl.col("deliveries", "people", "unasked_reads").fill_null(0),
            pl.col("decisions", "covered_by").fill_null([]),
            pl.col("statutory").fill_null(False),
            twin=pl.col("into").is_not_null(),
            shown=pl.col("copies").is_not_null(),
        )
        .with_columns(
            why=why,
            stale_days=(pl.lit(until, TIME) - pl.col("changed_at")).dt.total_minutes() / 1440,
            minutes=pl.col("reading_words") * pl.col("deliveries") / READING_WPM,
        )
        .with_columns(
            verdict=pl.col("why").replace_strict({word: verdict for word, (verdict, _) in WHYS.items()}),
            slower=pl.when(staying | judged).then("slower"),
            covered_by=pl.when(pl.col("why") != "near-duplicate")
            .then("covered_by")
            .when(covered)
            .then(pl.concat_list("copies", "covered_by").list.unique(maintain_order=True))
            .otherwise(pl.concat_list("into")),
        )
        .select(
            *("report", "deliveries", "read", "skimmed", "unread", "decisions", "nearest", "overlap", "verdict"),
            *("covered_by", "why", "owner", "statutory", "words", "people", "readers", "minutes", "unasked_reads"),
            *("unopened", "idle_days", "refreshes", "refresh_failures", "stale_days", "sent_stale"),
            *("needs", "uncovered", "slower"),
        )
        .sort("unread", "deliveries", "report", descending=[True, True, False], nulls_last=True)
    )


def _first_true(conditions: dict[str, pl.Expr]) -> pl.Expr:
    words = (pl.when(condition).then(pl.lit(word)) for word, condition in conditions.items())
    return pl.coalesce(*words, pl.lit("no deliveries"))
