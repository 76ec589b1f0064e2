"""What the input lacks: which file or column would fill which table, and why a table has no rows."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.report_overload.inventory import any_decision

# Tables that say which decision is served by what.
COVERED = ("coverage", "handful")


def gaps(
    stock: pl.DataFrame, deliveries: pl.DataFrame, reads: pl.DataFrame, *, by_people: pl.DataFrame
) -> list[tuple[set[str], str]]:
    """What the input lacks: which tables suffer, and which file or column would help.

    `by_people` are the `reads` that are not those of machines.
    """
    lists = stock.select(shown=pl.col("fields").list.len() + pl.col("metrics").list.len())
    # Whoever is to be asked about which report, the log says too.
    asked = {"questionnaire"} if deliveries.is_empty() and reads.is_empty() else set()
    lacks = [
        (
            stock.is_empty(),
            {"people", "reports", "keep", "overlaps", "savings", *COVERED} | asked,
            "reports (an inventory: report, words, fields, metrics, decisions; what nobody gets or opens is in no log)",
        ),
        (
            stock.height and stock["reading_words"].is_null().all(),
            {"people", "savings"},
            "reports.words, figures or charts to tell the minutes that reading takes",
        ),
        (
            stock.height and lists["shown"].sum() == 0,
            {"overlaps"},
            "reports.fields and reports.metrics to tell which reports show the same",
        ),
        (
            stock.height and not any_decision(stock),
            {"keep", *COVERED},
            "reports.decisions, or those of the catalog, to tell which reports must stay",
        ),
        (
            deliveries.is_empty() and reads.is_empty(),
            {"people", "reports", "keep", "curation", "savings", *COVERED},
            "deliveries (report, person, at) to tell which reports reach whom",
        ),
        (
            deliveries.is_empty() and not reads.is_empty(),
            {"people"},
            "deliveries (report, person, at) to tell what reaches people unasked",
        ),
        (reads.is_empty(), {"people", "reports"}, "reads (report, person, at, seconds) to tell what is read"),
        (
            reads.height and by_people.is_empty(),
            {"people", "reports"},
            "reads by people: those logged are all by machines",
        ),
        (
            by_people.height and by_people["seconds"].is_null().all(),
            {"people"},
            "reads.seconds to tell how long reports are read",
        ),
    ]
    return [(tables, remedy) for absent, tables, remedy in lacks if absent]


def notes(tables: Mapping[str, pl.DataFrame], lacking: list[tuple[set[str], str]]) -> dict[str, str]:
    """Why a table has no rows."""
    empty = {
        "people": "Nobody was sent a report.",
        "reports": "No report is in the inventory, sent or opened.",
        "keep": "No delivered report serves a decision.",
        "overlaps": "No two reports share half of what they show.",
        "coverage": "No delivered report serves a decision.",
        "handful": "No delivered report serves a decision.",
        "curation": "Nothing is to be changed for anybody.",
        "machine_openings": "No opening is known to be that of a machine.",
        "passed_on": "Nothing was forwarded, or opened by others than it was sent to.",
        "savings": "Nobody gets a report.",
        "questionnaire": "Of every report somebody said which decision it is for.",
    }
    sentences = {}
    for table in (table for table in empty if tables[table].is_empty()):
        remedies = [remedy for affected, remedy in lacking if table in affected]
        sentences[table] = f"The table {table} needs {'; '.join(remedies)}." if remedies else empty[table]
    return sentences
