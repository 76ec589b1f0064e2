"""Data flood: are the reports read, which show the same, and how few would do (disease number one).

Inventory, deliveries and reads become the published report ``report_overload``. ``reading`` says what was read,
``overlap`` what is shown twice, ``smallest_set`` what must stay.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload.cover import NOTHING_KEPT, cadences, services, smallest_set, stand_ins
from integrhealth.analyses.report_overload.findings import (
    NAME,
    flood,
    near_duplicates,
    no_decision,
    spare_reports,
    unopened,
)
from integrhealth.analyses.report_overload.overlap import nearest, overlaps
from integrhealth.analyses.report_overload.reading import assigned_reads, company, people, read_classes
from integrhealth.analyses.report_overload.tables import TABLES
from integrhealth.language.findings import ranked
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.schema import COUNT, FLAG, TEXT, WORDS
from integrhealth.language.thresholds import MIN_MESSAGES, NEAR_DUPLICATE, READING_WPM, UNOPENED_DAYS

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

RED_FLAGS_LATER = "Flagged deliveries are not compared with incidents yet by this version."

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

INVENTORY = {
    "report": TEXT,
    "words": COUNT,
    "fields": WORDS,
    "metrics": WORDS,
    "decisions": WORDS,
    "statutory": FLAG,
    "owner": TEXT,
}


def inventory(reports: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per report that REPORTS (the inventory) or DECLARED (the catalog's reports) names, by name.

    Entries that repeat a report are merged: the most words, the lists together, statutory if any says so, the first
    owner by name. Decisions and owner of the catalog win over those of the inventory where it names any.
    """
    logged = reports.group_by("report").agg(
        pl.col("words").filter(pl.col("words") > 0).max(),
        *(_together(column) for column in ("fields", "metrics", "decisions")),
        pl.col("statutory").any(),
        pl.col("owner").min(),
    )
    said = declared.group_by("report").agg(_together("decisions"), pl.col("statutory").any(), pl.col("owner").min())
    both = logged.join(said, on="report", how="full", coalesce=True, suffix="_said")
    said_any = pl.col("decisions_said").list.len() > 0
    return (
        both.with_columns(
            pl.col("fields", "metrics").fill_null([]),
            decisions=pl.when(said_any).then("decisions_said").otherwise("decisions").fill_null([]),
            statutory=pl.col("statutory").fill_null(False) | pl.col("statutory_said").fill_null(False),
            owner=pl.coalesce("owner_said", "owner"),
        )
        .select(pl.col(column).cast(dtype) for column, dtype in INVENTORY.items())
        .sort("report")
    )


def _together(column: str) -> pl.Expr:
    return pl.col(column).explode().drop_nulls().unique().sort()


def usage(classes: pl.DataFrame, reads: pl.DataFrame, *, timezone: str = "UTC") -> pl.DataFrame:
    """One row per report delivered or opened: deliveries and their read classes, and other openings.

    CLASSES are the rows of ``read_classes``. ``unasked_reads`` belong to no delivery: before the first, or of a report
    never sent to that person. ``unopened``: delivered first 90 days ago or earlier and opened by nobody since; null
    when the data cover fewer days or no reads at all.
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
    days = pl.concat([classes.select("at"), reads.select("at")]).select(_day(pl.col("at"), timezone))["at"]
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
    """One row per report of the inventory STOCK or the log USED (rows of ``usage``), most unread deliveries first.

    ``verdict`` is one of VERDICTS, the first that holds: not in inventory, statutory, keep, not delivered, retire
    candidate, near-duplicate, covered, unopened 90 days, not enough data. KEPT are the rows of ``smallest_set``,
    COVERING those of ``stand_ins``. ``overlap`` with ``nearest`` is the Jaccard index of fields and metrics.
    """
    any_sent = bool((used["deliveries"] > 0).any())
    verdict = _first_true(
        {
            "not in inventory": ~pl.col("listed").fill_null(False),
            "statutory": pl.col("statutory"),
            "keep": pl.col("report").is_in(kept["report"].implode()),
            "not delivered": (pl.col("deliveries") == 0) & any_sent,
            "retire candidate": (pl.col("decisions").list.len() == 0) & _any_decision(stock),
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


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """The published report: people, reports, keep, red_flags (not yet), overlaps, and the findings.

    Days are those of the catalog's time zone. What the input cannot support is left out and named in ``missing``: an
    inventory alone gives overlaps, deliveries alone give reports per day. People with fewer than MIN_MESSAGES
    deliveries get no flood ratio.
    """
    zone = evidence.catalog.timezone
    stock = inventory(evidence.reports, evidence.catalog.reports)
    deliveries, reads = evidence.deliveries, evidence.reads
    classes = read_classes(deliveries, reads, reports=stock)
    streams = cadences(deliveries, timezone=zone)
    kept = smallest_set(streams, stock) if _any_decision(stock) and streams.height else NOTHING_KEPT
    covering = stand_ins(services(streams, stock), kept["report"])
    judged = judged_reports(stock, usage(classes, reads, timezone=zone), kept=kept, covering=covering)
    tables = {
        "people": people(classes, timezone=zone, min_deliveries=min_messages),
        "reports": judged,
        "keep": kept.join(judged.select("report", "decisions", "people", "minutes"), on="report", how="left"),
        "overlaps": overlaps(stock),
    }
    found = [
        flood(company(classes, timezone=zone, min_deliveries=min_messages), judged),
        spare_reports(judged, kept),
        no_decision(judged),
        near_duplicates(judged),
        unopened(judged),
    ]
    gaps = _gaps(stock, deliveries, reads)
    missing = f"needs {'; '.join(remedy for _, remedy in gaps)}" if gaps else None
    return published_report(NAME, TABLES, tables, ranked(found), notes=_notes(tables, gaps), missing=missing)


def _any_decision(stock: pl.DataFrame) -> bool:
    return bool((stock["decisions"].list.len() > 0).any())


def _gaps(stock: pl.DataFrame, deliveries: pl.DataFrame, reads: pl.DataFrame) -> list[tuple[set[str], str]]:
    """What the input lacks: which tables suffer, and which file or column would help."""
    lists = stock.select(shown=pl.col("fields").list.len() + pl.col("metrics").list.len())
    lacks = [
        (
            stock.is_empty(),
            {"people", "reports", "keep", "overlaps"},
            "reports (an inventory: report, words, fields, metrics, decisions)",
        ),
        (
            stock.height and stock["words"].is_null().all(),
            {"people"},
            "reports.words to tell the minutes that reading takes",
        ),
        (
            stock.height and lists["shown"].sum() == 0,
            {"overlaps"},
            "reports.fields and reports.metrics to tell which reports show the same",
        ),
        (
            stock.height and not _any_decision(stock),
            {"keep"},
            "reports.decisions, or those of the catalog, to tell which reports must stay",
        ),
        (
            deliveries.is_empty(),
            {"people", "reports", "keep"},
            "deliveries (report, person, at) to tell which reports reach whom",
        ),
        (reads.is_empty(), {"people", "reports"}, "reads (report, person, at, seconds) to tell what is read"),
        (
            reads.height and reads["seconds"].is_null().all(),
            {"people"},
            "reads.seconds to tell how long reports are read",
        ),
    ]
    return [(tables, remedy) for lacking, tables, remedy in lacks if lacking]


def _notes(tables: Mapping[str, pl.DataFrame], gaps: list[tuple[set[str], str]]) -> dict[str, str]:
    """Why a table has no rows."""
    nothing_found = {
        "people": "Nobody was sent a report.",
        "reports": "No report is in the inventory, sent or opened.",
        "keep": "No delivered report serves a decision.",
        "overlaps": "No two reports share half of what they show.",
    }
    notes = {"red_flags": RED_FLAGS_LATER}
    for table in (table for table, frame in tables.items() if frame.is_empty()):
        remedies = [remedy for affected, remedy in gaps if table in affected]
        notes[table] = f"The table {table} needs {'; '.join(remedies)}." if remedies else nothing_found[table]
    return notes
