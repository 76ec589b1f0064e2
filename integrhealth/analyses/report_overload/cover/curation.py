"""What to change for whom, as rows that an administrator can carry out and take back; and the minutes that it saves."""

import polars as pl

from integrhealth.analyses.report_overload.cover.streams import NEED, RARE, uncovered
from integrhealth.analyses.report_overload.reading import STREAM
from integrhealth.language.period import local_day
from integrhealth.language.safe_text import no_formula
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.thresholds import READING_WPM

EVERYONE = "all people"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ACTIONS = {
    "unsubscribe": "the person no longer gets the report",
    "merge": "the person gets what is in `instead` and no longer this report",
    "less often": "the report comes at `cadence_after`",
    "ask": "nothing changes yet: the person never opens it, and would lose a decision without it",
}
CURATION = dict.fromkeys(
    ("report", "person", "action", "cadence_before", "cadence_after", "instead", "would_miss"), TEXT
)
CURATION |= {"opened": COUNT, "deliveries": COUNT, "minutes_per_day": NUMBER, "verdict": TEXT, "why": TEXT}


def stream_minutes(
    streams: pl.DataFrame, classes: pl.DataFrame, inventory: pl.DataFrame, *, timezone: str
) -> pl.DataFrame:
    """`streams` with ``minutes_per_day`` to read each, a mean over the days on which the person gets anything."""
    days = (
        classes.select("person", day=local_day(pl.col("at"), timezone))
        .group_by("person")
        .agg(days=pl.col("day").n_unique())
    )
    minutes = pl.col("reading_words") * pl.col("deliveries") / READING_WPM / pl.col("days")
    return (
        streams.join(days, on="person", how="left")
        .join(inventory.select("report", "reading_words"), on="report", how="left")
        .with_columns(minutes_per_day=minutes)
        .drop("days", "reading_words")
    )


def changes(streams: pl.DataFrame, judged: pl.DataFrame, plan: pl.DataFrame, served: pl.DataFrame) -> pl.DataFrame:
    """One row per stream that should change, the most minutes first; setting ``cadence_before`` again takes it back.

    `streams` are the rows of ``stream_minutes``, `judged` the table ``reports``, `plan` the rows of ``handful``,
    `served` of ``services``. ``action`` is one of ACTIONS. ``would_miss`` names the decisions that nothing in the plan
    would serve the person as often, if the report went: none but for those to ask. It is null where nobody said what
    the report is for; ``opened`` of ``deliveries`` then says who would notice. Text is such that a spreadsheet takes
    it as text.
    """
    staying = pl.lit(True).alias("planned")
    verdict = pl.col("verdict")
    action = (
        pl.when(verdict == "retire")
        .then(pl.lit("unsubscribe"))
        .when(verdict == "merge")
        .then(pl.lit("merge"))
        .when(pl.col("kept") & ~pl.col("planned"))
        .then(pl.lit("unsubscribe"))
        .when((verdict != "cannot tell") & (pl.col("why") != "statutory") & pl.col("never"))
        .then(pl.when(pl.col("serves").list.len() > 0).then(pl.lit("ask")).otherwise(pl.lit("unsubscribe")))
        .when(pl.col("slower").is_not_null() & (verdict.is_in(["less often", "fewer people"])))
        .then(pl.lit("less often"))
    )
    serves = served.filter("covers").group_by(STREAM).agg(serves=pl.col("decision").unique().sort())
    after = (
        pl.when(pl.col("action") == "less often")
        .then("slower")
        .when(pl.col("action") == "ask")
        .then("cadence")
        .otherwise(pl.lit("none"))
    )
    kept_somewhere = plan.select("report").unique().with_columns(kept=pl.lit(True))
    rows = (
        streams.join(judged.select("report", "verdict", "why", "covered_by", "slower", "decisions"), on="report")
        .join(plan.select(STREAM).with_columns(staying), on=STREAM, how="left")
        .join(kept_somewhere, on="report", how="left")
        .join(serves, on=STREAM, how="left")
        .with_columns(pl.col("planned", "kept", "never").fill_null(False), pl.col("serves").fill_null([]))
        .with_columns(action=action)
        .drop_nulls("action")
    )
    needs = served.join(rows.select(STREAM), on=STREAM, how="semi").select(*STREAM, "decision").unique()
    left = served.filter("covers").join(plan, on=STREAM, how="semi").select(*NEED, other="report")
    return (
        rows.join(_missed(needs, left), on=STREAM, how="left")
        .join(_instead(needs, left), on=STREAM, how="left")
        .select(
            *STREAM,
            "action",
            cadence_before="cadence",
            cadence_after=after,
            instead=pl.when(pl.col("served_by").is_null() & (pl.col("action") == "merge"))
            .then(pl.col("covered_by").list.join("; "))
            .otherwise("served_by"),
            would_miss=pl.when(pl.col("decisions").list.len() > 0).then(pl.col("missed").fill_null("")),
            opened="opened",
            deliveries="deliveries",
            minutes_per_day="minutes_per_day",
            verdict="verdict",
            why="why",
        )
        .with_columns(no_formula(pl.col(pl.String)))
        .cast(CURATION)
        .sort("minutes_per_day", *STREAM, descending=[True, False, False], nulls_last=True)
    )


def _missed(needs: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """Per stream the decisions of `needs` that the rest of the plan, without this stream, serves less often.

    `left` (decision, person, other) is what the plan serves as often as today.
    """
    helped = needs.join(left, on=NEED).filter(pl.col("other") != pl.col("report"))
    open_needs = needs.join(helped, on=[*STREAM, "decision"], how="anti")
    return open_needs.group_by(STREAM).agg(missed=pl.col("decision").sort().str.join("; "))


def _instead(needs: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """Per stream the reports of the person's plan, as ``_missed`` takes it, that serve what it serves."""
    others = needs.join(left, on=NEED).filter(pl.col("other") != pl.col("report"))
    return others.group_by(STREAM).agg(served_by=pl.col("other").unique().sort().str.join("; "))


def savings(streams: pl.DataFrame, curated: pl.DataFrame) -> pl.DataFrame:
    """One row per person, the most minutes saved first, after one for all people together: a day now and a day after.

    `streams` are the rows of ``stream_minutes``, `curated` of ``changes``. A report that comes less often is counted as
    it is: how much less is for its owner to say. A report merged into one that the person does not get yet is replaced:
    it saves nothing, the other being as long, save for a second one merged into the same. Reports of unknown length
    take no minutes and are counted apart; where all are, there is no row.
    """
    stopping = curated.filter(pl.col("action").is_in(["unsubscribe", "merge"])).select(STREAM)
    today = streams.with_columns(no_formula(pl.col("report", "person")))
    # Only where nobody said what a report is for may a person not get yet what it is merged into.
    replaced = (
        curated.filter(pl.col("action") == "merge", pl.col("would_miss").is_null())
        .join(today, left_on=["instead", "person"], right_on=STREAM, how="anti")
        .unique(["instead", "person"], keep="first", maintain_order=True)
        .select(*STREAM, "instead")
    )
    going = today.join(stopping.with_columns(stops=pl.lit(True)), on=STREAM, how="left").join(
        replaced, on=STREAM, how="left"
    )
    stops = pl.col("stops").fill_null(False) & pl.col("instead").is_null()
    each = going.group_by("person").agg(
        reports=pl.len().cast(COUNT),
        reports_after=(~stops).sum().cast(COUNT),
        needed_minutes=pl.col("minutes_per_day").sum(),
        needed_after=pl.col("minutes_per_day").filter(~stops).sum(),
        without_words=pl.col("minutes_per_day").is_null().sum().cast(COUNT),
    )
    whole = each.select(
        person=pl.lit(EVERYONE),
        reports=going["report"].n_unique(),
        reports_after=going.filter(~stops).select(pl.coalesce("instead", "report").n_unique()).item(),
        needed_minutes=pl.col("needed_minutes").sum(),
        needed_after=pl.col("needed_after").sum(),
        without_words=pl.col("without_words").sum(),
    ).cast(each.schema)
    saved = (pl.col("needed_minutes") - pl.col("needed_after")).alias("saved_minutes")
    measured = each.height > 0 and each["without_words"].sum() < streams.height
    rows = pl.concat([whole, each.sort("person")]) if measured else each.clear()
    return rows.with_columns(saved).sort(
        pl.col("person") != EVERYONE, "saved_minutes", "person", descending=[False, True, False]
    )


def timetable(plan: pl.DataFrame, deliveries: pl.DataFrame, streams: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """`plan`, the handful of each person, with its cadence and when it usually comes, in `timezone`.

    ``when`` is the median time of day, and for weekly reports the weekday on which most came.
    """
    local = deliveries.join(plan, on=STREAM, how="semi").with_columns(
        local=pl.col("at").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    )
    usual = local.group_by(STREAM).agg(
        minute=(pl.col("local").dt.hour().cast(pl.Int64) * 60 + pl.col("local").dt.minute()).median(),
        weekday=pl.col("local").dt.weekday().mode().min(),
    )
    clock = pl.col("minute").round().cast(pl.Int64)
    time = pl.format("{}:{}", (clock // 60).cast(TEXT).str.zfill(2), (clock % 60).cast(TEXT).str.zfill(2))
    day = pl.col("weekday").replace_strict(range(1, 8), WEEKDAYS, return_dtype=TEXT)
    return (
        plan.join(streams.select(*STREAM, "cadence", "minutes_per_day"), on=STREAM, how="left")
        .join(usual, on=STREAM, how="left")
        .with_columns(
            cadence=pl.col("cadence").fill_null(RARE),
            when=pl.when(pl.col("cadence") == "weekly").then(pl.format("{} {}", day, time)).otherwise(time),
        )
        .select("person", "report", "decisions", "cadence", "when", "minutes_per_day")
        .sort("person", "report")
    )


def coverage(served: pl.DataFrame, plan: pl.DataFrame) -> pl.DataFrame:
    """One row per decision, those served by the most reports first: by how many today, and by how many of the plan.

    `served` are the rows of ``services``, `plan` of ``handful``. ``people`` get it served; ``uncovered`` counts those
    who would get it less often, or not at all, under the plan.
    """
    after = served.join(plan, on=STREAM, how="semi")
    lost = uncovered(served, plan).group_by("decision").agg(uncovered=pl.len().cast(COUNT))
    today = served.group_by("decision").agg(
        people=pl.col("person").n_unique().cast(COUNT), reports=pl.col("report").n_unique().cast(COUNT)
    )
    return (
        today.join(
            after.group_by("decision").agg(reports_after=pl.col("report").n_unique().cast(COUNT)),
            on="decision",
            how="left",
        )
        .join(lost, on="decision", how="left")
        .with_columns(pl.col("reports_after", "uncovered").fill_null(0))
        .sort("reports", "people", "decision", descending=[True, True, False])
    )
