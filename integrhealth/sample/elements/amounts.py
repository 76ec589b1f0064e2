"""Mechanism: an amount is laundered. It starts in the CRM and flows to the ERP; a workflow there changes it, or it has
already changed when it arrives; what the ledger and the report show is another number than the one that was agreed.
"""

from typing import Any

import polars as pl

from integrhealth.sample.companies import COMPANIES
from integrhealth.sample.elements.changes import CHANGED, FIRST, drawn, in_order, seen, share
from integrhealth.sample.journeys.milestones import message_ids
from integrhealth.sample.season import DAY_US, FIRST_US, days

ELEMENT = "order.amount"
EXPORTED_US = FIRST_US + len(days()) * DAY_US
KEPT, WORKFLOW, ARRIVED = "kept", "changed by a workflow", "arrived changed"
# Orders for every 60,000 messages.
CASES = {"a": {WORKFLOW: 40, ARRIVED: 15, KEPT: 100}, "b": {KEPT: 155}}
ACTOR = "discount-workflow"
MINUTE_US = 60_000_000


def amounts(milestones: pl.DataFrame, company: str, *, messages: int, seed: int) -> pl.DataFrame:
    """One row per order of a won quote whose amount is in the logs: number, entity, case, and the nightly extract."""
    steps = ("quote", "create", "invoice")
    quotes = milestones.filter(pl.col("journey") == "quote", *(f"{step}_ok" for step in steps)).with_columns(
        entity=pl.format("SO{}", pl.col("number") + 100_000)
    )
    quotes = quotes.filter(
        pl.col("quote_sent_us") > FIRST_US + DAY_US,
        pl.col("invoice_us") < EXPORTED_US - 3 * DAY_US,
        pl.col("invoice_sent_us") - pl.col("create_us") > 30 * MINUTE_US,
    )
    counts = {case: share(count, messages) for case, count in CASES[company].items()}
    chosen = drawn(quotes, counts, seed, ELEMENT, company)
    nightly = milestones.filter("sales_ok").select(
        extract_sent_us="sales_sent_us",
        extract_us="sales_us",
        extract=pl.format("M{}.0.{}", pl.col("number") + 10_000_000, "sales_try"),
    )
    changed = chosen.with_columns(changed_us=pl.col("create_us") + 10 * MINUTE_US).sort("invoice_us")
    return changed.join_asof(
        nightly.sort("extract_sent_us"), left_on="invoice_us", right_on="extract_sent_us", strategy="forward"
    ).sort("number")


def amount_rows(chosen: pl.DataFrame, company: str) -> pl.DataFrame:
    """Every value of the amounts as it was seen in a system, by time."""
    made = COMPANIES[company]
    seller = pl.format("account-{}", pl.col("number") % 5 + 1)
    arrives = pl.when(pl.col("case") == ARRIVED).then(CHANGED).otherwise(FIRST)
    stands = pl.when(pl.col("case") == KEPT).then(FIRST).otherwise(CHANGED)
    reported = chosen.filter(pl.col("extract").is_not_null())
    workflow = chosen.filter(pl.col("case") == WORKFLOW)
    create, invoice = (message_ids(chosen, step, made) for step in ("create", "invoice"))
    rows = [
        seen(chosen, ELEMENT, "CRM", at=pl.col("quote_sent_us") - 2 * MINUTE_US, actor=seller, person=True),
        seen(chosen, ELEMENT, "ERP", at=pl.col("create_us"), value=arrives, actor="crm-orders", message=create),
        seen(workflow, ELEMENT, "ERP", at=pl.col("changed_us"), value=CHANGED, actor=ACTOR),
        seen(
            chosen,
            ELEMENT,
            "Financial system",
            at=pl.col("invoice_us"),
            value=stands,
            actor="erp-invoices",
            message=invoice,
        ),
        seen(
            reported,
            ELEMENT,
            "BI",
            at=pl.col("extract_us"),
            value=stands,
            actor="bi-sales",
            message=pl.col("extract"),
        ),
    ]
    return in_order(rows)


def amount_truth(chosen: pl.DataFrame, company: str) -> dict[str, Any]:
    """What was planted: orders by case, the workflow and the edge that changed them, and the messages around it."""
    made = COMPANIES[company]
    counts = dict(chosen.group_by("case").len().rows())
    workflow, arrived = (chosen.filter(pl.col("case") == case) for case in (WORKFLOW, ARRIVED))

    def ids(rows: pl.DataFrame, step: str) -> list[str]:
        return rows.select(id=message_ids(rows, step, made))["id"].to_list()

    return {
        "orders": chosen.height,
        "by_case": {case: counts[case] for case in CASES[company]},
        "laundered": workflow.height + arrived.height,
        "by_workflow": {
            "system": "ERP",
            "actor": ACTOR,
            "came_by": "crm-orders",
            "left_by": ["erp-invoices", "bi-sales"],
            "orders": {
                order: {"came": came, "left": left}
                for order, came, left in zip(
                    workflow["entity"], ids(workflow, "create"), ids(workflow, "invoice"), strict=True
                )
            },
        },
        "on_arrival": {
            "integration": "crm-orders",
            "orders": dict(zip(arrived["entity"], ids(arrived, "create"), strict=True)),
        },
    }
