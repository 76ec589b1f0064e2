"""Mechanism: two truths for an address. The CRM is its record; in company A the order desk edits it in the ERP too.

What was edited there is overwritten by the next order from the CRM, or flows back with the account and overwrites the
CRM, or stays as it is. The change logs begin with the period: the first value in each system is what somebody wrote,
or a message brought, so that nobody seems to correct an earlier one.
"""

from typing import Any

import polars as pl

from integrhealth.sample.companies import COMPANIES
from integrhealth.sample.elements.changes import CHANGED, days_later, drawn, in_order, seen, share
from integrhealth.sample.journeys.milestones import message_ids
from integrhealth.sample.journeys.records import STANDING
from integrhealth.sample.season import DAY_US, FIRST_US, days

ELEMENT = "customer.address"
EXPORTED_US = FIRST_US + len(days()) * DAY_US
# Entities for every 60,000 messages, by where their address goes. QUOTED: with the order of a won quote; BOUGHT: with
# one from the shop; CHECKED_OUT: entered anew in the shop, and seen in the ERP before it is in the CRM.
AGREES, OVERWRITTEN, FLOWS_BACK, STANDS, ENTERED = "agrees", "overwritten", "flows back", "stays", "entered in the shop"
QUOTED = {"a": {OVERWRITTEN: 24, AGREES: 60}, "b": {AGREES: 120}}
BOUGHT = {"a": {FLOWS_BACK: 36, STANDS: 18}, "b": {}}
CHECKED_OUT = {"a": {ENTERED: 30}, "b": {}}
# Days from the address in the CRM to the edit in the ERP, and from there to the message that settles it.
EDITED_DAYS, SETTLED_DAYS = (0.2, 2.0), (1.5, 5.0)


def addresses(milestones: pl.DataFrame, company: str, *, messages: int, seed: int) -> pl.DataFrame:
    """One row per customer whose address is in the logs: number, entity, case, and when it was written where."""
    placed = milestones.filter(pl.col("journey").is_in(["order", "quote"]), "create_ok", "history_ok")
    placed = placed.with_columns(
        entity=pl.format("C{}", pl.col("number") * 7919 % STANDING["customer"] + 100_000)
    ).unique("entity", keep="first", maintain_order=True)
    # Early enough that all was written within the period, late enough that it is settled there.
    within = pl.col("create_sent_us").is_between(FIRST_US + 8 * DAY_US, EXPORTED_US - 6 * DAY_US)
    bought = (pl.col("journey") == "order") & pl.col("customer_us").is_null()
    checked_out = pl.col("customer_ok").fill_null(False) & (pl.col("create_us") < pl.col("customer_us"))
    groups = []
    for name, planned, rows in (
        ("quoted", QUOTED, pl.col("journey") == "quote"),
        ("bought", BOUGHT, bought),
        ("checked out", CHECKED_OUT, checked_out),
    ):
        counts = {case: share(count, messages) for case, count in planned[company].items()}
        groups.append(drawn(placed.filter(within, rows), counts, seed, ELEMENT, company, name))
    chosen = pl.concat(groups).sort("number")
    settled = days_later(chosen, *SETTLED_DAYS, seed, ELEMENT, company, "settled")
    edited = days_later(chosen, *EDITED_DAYS, seed, ELEMENT, company, "edited")
    by = pl.when(pl.col("case") == FLOWS_BACK).then("history_sent_us").otherwise("create_sent_us")
    # Where it stays the order desk edits it after the last message about the customer.
    changed = pl.when(pl.col("case") == STANDS).then(pl.col("history_us") + pl.Series(edited)).otherwise(by - settled)
    return chosen.with_columns(edited_us=changed).with_columns(written_us=pl.col("edited_us") - pl.Series(edited))


def address_rows(chosen: pl.DataFrame, company: str) -> pl.DataFrame:
    """Every value of the addresses as it was seen in a system, by time."""
    made = COMPANIES[company]
    clerk = pl.format("account-{}", pl.col("number") % 5 + 1)
    desk = pl.format("order-desk-{}", pl.col("number") % 4 + 1)

    def of(*cases: str) -> pl.DataFrame:
        return chosen.filter(pl.col("case").is_in(cases))

    quoted, back, checked_out = of(AGREES, OVERWRITTEN), of(FLOWS_BACK), of(ENTERED)
    shipped = quoted.filter(pl.col("ship_ok").fill_null(False))
    rows = [
        seen(chosen, ELEMENT, "CRM", at=pl.col("written_us"), actor=clerk, person=True),
        seen(
            of(OVERWRITTEN, FLOWS_BACK, STANDS),
            ELEMENT,
            "ERP",
            at=pl.col("edited_us"),
            value=CHANGED,
            actor=desk,
            person=True,
        ),
        seen(
            quoted,
            ELEMENT,
            "ERP",
            at=pl.col("create_us"),
            actor="crm-orders",
            message=message_ids(quoted, "create", made),
        ),
        seen(
            shipped,
            ELEMENT,
            "WMS",
            at=pl.max_horizontal("ship_us", "create_us"),
            actor="wms-orders",
            message=message_ids(shipped, "ship", made),
        ),
        seen(
            back,
            ELEMENT,
            "CRM",
            at=pl.col("history_us"),
            value=CHANGED,
            actor="crm-accounts",
            message=message_ids(back, "history", made),
        ),
        seen(
            checked_out,
            ELEMENT,
            "Webshop",
            at=pl.col("create_sent_us") - 1000,
            value=CHANGED,
            actor="customer",
            person=True,
        ),
        seen(
            checked_out,
            ELEMENT,
            "ERP",
            at=pl.col("create_us"),
            value=CHANGED,
            actor="shop-orders",
            message=message_ids(checked_out, "create", made),
        ),
        seen(
            checked_out,
            ELEMENT,
            "CRM",
            at=pl.col("customer_us"),
            value=CHANGED,
            actor="shop-customers",
            message=message_ids(checked_out, "customer", made),
        ),
    ]
    return in_order(rows)


def address_truth(chosen: pl.DataFrame, rows: pl.DataFrame, company: str) -> dict[str, Any]:
    """What was planted, with exact counts: conflicts by how they ended, and who writes where no message came."""
    made = COMPANIES[company]
    by_case = dict(chosen.group_by("case").len().rows())
    won, lost = by_case.get(OVERWRITTEN, 0), by_case.get(FLOWS_BACK, 0)
    own = rows.filter(pl.col("message_id").is_null())
    back = chosen.filter(pl.col("case") == FLOWS_BACK)
    hours = chosen.select(
        case="case",
        hours=(pl.when(pl.col("case") == FLOWS_BACK).then("history_us").otherwise("create_us") - pl.col("edited_us"))
        / 3.6e9,
    ).filter(pl.col("case").is_in([OVERWRITTEN, FLOWS_BACK]))["hours"]
    return {
        "record": "CRM",
        "entities": chosen.height,
        "by_case": {case: by_case[case] for case in sorted(by_case)},
        "edited_in_the_erp": won + lost + by_case.get(STANDS, 0),
        "conflicts": {"record_won": won, "record_lost": lost, "open": by_case.get(STANDS, 0)},
        "authority": won / (won + lost) if won + lost else None,
        "within_the_limit": by_case.get(ENTERED, 0),
        "conflict_hours": {"least": hours.min(), "median": hours.median(), "most": hours.max()},
        "writers": dict(own.group_by("system").len().sort("system").rows()),
        "flowed_back_by": sorted(back.select(id=message_ids(back, "history", made))["id"]),
    }
