"""What several subjects of the report ask first: the inventory, openings by people, and what became of deliveries."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload import machines, reading
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
def openings_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per opening, with the kind of machine that it was, as ``machines.openings``."""
    return machines.openings(evidence.reads, deliveries_of(evidence), inventory_of(evidence))


@question
def reads_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per opening by a person: what every table of the report counts."""
    return machines.by_people(openings_of(evidence))


@question
def all_people(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row, all people taken together, as ``reading.company``."""
    zone = evidence.catalog.timezone
    return reading.company(read_classes_of(evidence), timezone=zone, min_deliveries=min_messages)


@question
def read_classes_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per delivery and what became of it, as ``reading.read_classes``."""
    return reading.read_classes(deliveries_of(evidence), reads_of(evidence), reports=inventory_of(evidence))
