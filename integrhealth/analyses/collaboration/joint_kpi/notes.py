"""Why there is no row about a shared number, and what the rows that there are leave out."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.collaboration.joint_kpi.shares import DELIVERY, LEFT_OUT
from integrhealth.analyses.collaboration.joint_kpi.small_departments import TOGETHER
from integrhealth.language.thresholds import SMALLEST_GROUP
from integrhealth.language.wording import counted

TABLES = ("joint_kpi", "joint_kpi_pairs", "joint_kpi_rates")
NEEDS = (
    "A joint KPI needs stages (order, stage, department, planned_at, finished_at, promised_at); with feasible_at sales "
    "answers for its promises."
)
NO_INVOICE = "The perfect order needs stages of finance that are planned after the delivery, such as the invoice."
HIDDEN = (
    f"Departments that are teams of fewer than {SMALLEST_GROUP} people, or of unknown size, are taken together; "
    "the catalog says how many people are in a team (teams: name, people)."
)
AS_PLANNED = "In no order were two departments off their plans."


def joint_kpi_notes(tables: Mapping[str, pl.DataFrame], *, stages: pl.DataFrame) -> dict[str, str]:
    """The sentence of each empty table, and of departments without a row; `stages` is the canonical frame."""
    if stages.is_empty():
        return dict.fromkeys((*TABLES, "perfect_order"), NEEDS)
    reasons = {"perfect_order": NO_INVOICE, "joint_kpi_pairs": AS_PLANNED}
    hidden = {"joint_kpi": HIDDEN} if TOGETHER in tables["joint_kpi"]["department"] else {}
    return hidden | {table: reason for table, reason in reasons.items() if tables[table].is_empty()}


def joint_kpi_left_out(rates: pl.DataFrame) -> str:
    """One sentence on the orders that are in no number of on-time delivery, or none where all are."""
    row = rates.filter(pl.col("kpi") == DELIVERY)
    if row.is_empty():
        return ""
    counts = [(row[name].item(), why) for name, why in LEFT_OUT.items()]
    said = [f"{count:,} {why}" for count, why in counts if count]
    unknown = row["no_feasible"].item()
    sentences = [f"Left out: {', '.join(said)}."] if said else []
    if unknown:
        sentences.append(
            f"Of {counted(unknown, 'order')} nobody wrote what was feasible, for which sales cannot answer."
        )
    return " ".join(sentences)
