"""What the input lacks: which file or column would fill which table, and why a table has no rows."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.report_overload.inventory import any_decision


def gaps(stock: pl.DataFrame, deliveries: pl.DataFrame, reads: pl.DataFrame) -> list[tuple[set[str], str]]:
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
            stock.height and not any_decision(stock),
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
    return [(tables, remedy) for absent, tables, remedy in lacks if absent]


def notes(tables: Mapping[str, pl.DataFrame], lacking: list[tuple[set[str], str]]) -> dict[str, str]:
    """Why a table has no rows."""
    empty = {
        "people": "Nobody was sent a report.",
        "reports": "No report is in the inventory, sent or opened.",
        "keep": "No delivered report serves a decision.",
        "overlaps": "No two reports share half of what they show.",
    }
    sentences = {}
    for table in (table for table in empty if tables[table].is_empty()):
        remedies = [remedy for affected, remedy in lacking if table in affected]
        sentences[table] = f"The table {table} needs {'; '.join(remedies)}." if remedies else empty[table]
    return sentences
