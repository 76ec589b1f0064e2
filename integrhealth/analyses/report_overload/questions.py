"""Are the reports read: one call on evidence per published table, and what several subjects ask first."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload import reading
from integrhealth.analyses.report_overload.folders import in_folders, to_people
from integrhealth.analyses.report_overload.inventory import inventory
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def whole_inventory(evidence: "Evidence") -> pl.DataFrame:
    """One row per report of the inventory or the catalog, as ``inventory.inventory``."""
    return inventory(evidence.reports, evidence.catalog.reports)


@question
def only_in_folders(evidence: "Evidence") -> pl.DataFrame:
    """One row per report that reaches nobody by itself, as ``folders.in_folders``."""
    return in_folders(evidence.deliveries, evidence.reads)


@question
def inventory_of(evidence: "Evidence") -> pl.DataFrame:
    """The inventory without the reports that only lie in folders: those that can be judged."""
    return whole_inventory(evidence).join(only_in_folders(evidence), on="report", how="anti")


@question
def deliveries_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per delivery to a person."""
    return to_people(evidence.deliveries)


@question
def all_people(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row, all people taken together, as ``reading.company``."""
    zone = evidence.catalog.timezone
    return reading.company(read_classes_of(evidence), timezone=zone, min_deliveries=min_messages)


@question
def read_classes_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per delivery and what became of it, as ``reading.read_classes``."""
    return reading.read_classes(deliveries_of(evidence), evidence.reads, reports=inventory_of(evidence))


@question
def people(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per person who was sent a report, the widest gap between needed and spent minutes first.

    Minutes are means over the days with a delivery: needed at 238 words a minute (Brysbaert, Journal of Memory and
    Language 2019), spent as the openings say. ``flood_ratio`` = needed / spent with its interval over days, null
    under `min_messages` deliveries and when nothing was spent; ``low`` and ``high`` are null under 5 days. ``untimed``
    were opened for an unknown time; when they are over a tenth of what was opened, spent is null.

    >>> seen = "person", pl.col("needed_minutes", "spent_minutes").round(1)
    >>> ih.report_overload.people(evidence).select(seen).head(2).rows()
    [('manager-10', 105.0, 6.7), ('manager-12', 105.0, 6.8)]

    Columns: person (text); reports_per_day (number, reports per day); needed_minutes, spent_minutes (number, minutes
    per day); flood_ratio, low, high (number, ratio); days, deliveries, without_words, untimed (count)
    """
    zone = evidence.catalog.timezone
    return reading.people(read_classes_of(evidence), timezone=zone, min_deliveries=min_messages)
