"""The catalogs: what company B says about its integrations, and how little company A does."""

from datetime import date
from typing import Any

import yaml

from integrhealth.sample.landscape import INTEGRATIONS, MONITOR_NAMES, SYSTEMS, TEAMS, Integration
from integrhealth.sample.master_data.feeds import CHECKPOINTS, FEED_INTEGRATIONS, FEEDS
from integrhealth.sample.people.claims import claims
from integrhealth.sample.people.contacts import LEGAL, LEGAL_PEOPLE, RITUAL, RITUAL_TEAMS, SCANS_LIVE, WEEKDAY
from integrhealth.sample.people.outcomes import OUTCOMES_A, success_metric
from integrhealth.sample.purposes import OWNERS_A, PROBLEMS_A, added_fields, purposes
from integrhealth.sample.retry_storm.scans import SCANS

# By level: success objective, 95th percentile of requests and of queues, how late a message may be, cost of an error.
LEVELS = {
    "foundation": (0.998, "2s", "5m", "24h", 400.0),
    "operations": (0.995, "2s", "5m", "8h", 160.0),
    "intelligence": (0.99, "5s", "10m", "48h", 40.0),
    "experience": (0.995, "2s", "5m", "4h", 120.0),
}
SYSTEM_OWNERS = {
    "Webshop": "shop-lead",
    "CRM": "crm-lead",
    "Customer portal": "service-lead",
    "ERP": "erp-lead",
    "Financial system": "finance-lead",
    "Bank": "treasury-lead",
    "Tax authority": "tax-lead",
    "WMS": "wms-lead",
    "Carrier": "logistics-lead",
    "Tracking": "service-lead",
    "MES": "mes-lead",
    "Quality": "quality-lead",
    "Procurement": "purchasing-lead",
    "Planning": "planning-lead",
    "BI": "bi-lead",
}
CAPABILITIES = (
    {"name": "order to cash", "entry": "Webshop", "goal": "Bank", "value_per_hour": 5400},
    {"name": "quote to cash", "entry": "CRM", "goal": "Bank", "value_per_hour": 2100},
    {"name": "return to refund", "entry": "Customer portal", "goal": "Bank", "value_per_hour": 300},
    {"name": "need to goods", "entry": "ERP", "goal": "WMS", "value_per_hour": 900},
)
# What an hour of delay and an error cost where master data is sent on; A knows it of the first edge of each feed.
COSTS = {
    edge.integration.name: {"delay_cost_per_hour": feed.delay_cost_per_hour, "error_cost": feed.error_cost}
    for feed in FEEDS
    for edge in feed.edges
}
# The review before the shop is part of what is promised there.
PROMISED_P95 = {"price-changes": "1h"}
# A scan may need a second try: only attempts are promised less.
PROMISED_SUCCESS = {"parcel-scans": 0.99}
# Where a person waits at a screen or on the phone, less is borne in B than elsewhere on the level.
TOLERANCES = {"credit-check": "15m", "shop-orders": "30m", "portal-orders": "30m"}
QUEUE_LIMIT = 10_000
# All that A knows of outages: what customers, the warehouse and the law bear, and that pick lists can be printed.
OUTAGES_A = {
    "shop-orders": {"tolerance": "30m"},
    "wms-orders": {"queue": False, "fallback": {"kind": "manual", "rate_per_hour": 6}, "tolerance": "4h"},
    "bank-statements": {"tolerance": "24h"},
    "erp-tax": {"tolerance": "4d"},
}
# What A sends and who gets it needs, where somebody once listed it.
FIELDS_A = {
    "shop-orders": (
        ("order_id", "customer_id", "sku", "quantity", "price"),
        ("customer_note", "browser", "campaign", "gift_text", "newsletter", "birth_date", "phone_2"),
    ),
    "crm-orders": (
        ("order_id", "customer_id", "sku", "quantity", "amount"),
        ("quote_history", "probability", "competitor"),
    ),
    "crm-accounts": (("customer_id", "open_orders", "turnover"), ("vat_history", "dunning_text", "bank_account")),
    "bi-sales": (("order_id", "sku", "amount"), ("customer_note", "phone_2", "browser", "gift_text")),
    "wms-orders": (("delivery_id", "sku", "quantity", "address"), ()),
}
FIRST_COSTS = {feed.first: COSTS[feed.first] for feed in FEEDS}
FALLBACK_TESTED, GO_LIVE, DECLARED, INTERVIEWED = (
    date(2025, 10, 14),
    date(2025, 6, 2),
    date(2025, 3, 3),
    date(2025, 2, 11),
)


def catalog(company: str) -> str:
    """The catalog of a company as YAML."""
    heading = "# What the company says about its integrations. What is missing here is missing there.\n"
    return heading + yaml.dump(
        declared(company), Dumper=_Plain, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110
    )


def declared(company: str) -> dict[str, Any]:
    """What the catalog of a company says."""
    return _few_words() if company == "a" else _complete()


def owned(company: str) -> set[str]:
    """The integrations of which the catalog names an owner."""
    return {entry["name"] for entry in declared(company)["integrations"] if "owner" in entry}


class _Plain(yaml.SafeDumper):
    """Repeats values instead of pointing to an earlier place in the file."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _person(role: str) -> str:
    return f"{role}@example.com"


def _few_words() -> dict[str, Any]:
    """Company A: names and levels, two owners, no backup, no fallback that anyone tried."""
    integrations = []
    for integration in all_integrations():
        entry = _bare(integration)
        if integration.name in PROBLEMS_A:
            entry["problem"] = PROBLEMS_A[integration.name]
        if integration.name in OWNERS_A:
            entry["owner"] = OWNERS_A[integration.name]
        if integration.name == "shop-orders":
            entry |= {"queue": False, "idempotent": False, "value_per_object": 85.0, "error_cost": 120.0}
        if integration.name in FIELDS_A:
            required, unused = FIELDS_A[integration.name]
            entry["fields"] = {"required": [*required], "sent": [*required, *unused]}
        if integration.name == "bank-statements":
            entry["fallback"] = {"kind": "manual"}
        if integration is SCANS:
            entry["go_live"] = SCANS_LIVE
        if integration.name in OUTCOMES_A:
            outcome = OUTCOMES_A[integration.name]
            entry |= {"go_live": outcome.go_live, "success_metric": success_metric(outcome)}
        integrations.append(entry | OUTAGES_A.get(integration.name, {}) | FIRST_COSTS.get(integration.name, {}))
    header = _header("Company A")
    header["teams"].append({"name": LEGAL, "people": LEGAL_PEOPLE})
    return header | {
        "systems": [_system(name) for name in SYSTEMS],
        "integrations": integrations,
        "capabilities": [dict(CAPABILITIES[0])],
        "elements": [
            {"element": "customer.address", "origin": "CRM", "record": "CRM", "writers": ["CRM", "ERP", "Webshop"]},
            *({"element": feed.element, "amended": False} for feed in FEEDS),
        ],
        "transforms": [_map("tracking-portal", "shipment.status")],
        "checkpoints": _checkpoints("a"),
        "rituals": _rituals(),
        "audit": claims("a"),
    }


def _complete() -> dict[str, Any]:
    """Company B: the essay's five questions answered for every integration, a tested fallback for each."""
    return _header("Company B") | {
        "systems": [_system(name) | {"owner": _person(SYSTEM_OWNERS[name])} for name in SYSTEMS],
        "integrations": [_answered(integration) for integration in all_integrations()],
        "capabilities": [dict(capability) for capability in CAPABILITIES],
        "elements": [
            _element("customer.address", "CRM", "CRM"),
            _element("article.price", "ERP", "ERP"),
            _element("article.stock", "WMS", "WMS"),
            _element("order.status", "ERP", "ERP"),
            _element("order.amount", "CRM", "CRM"),
            _element("shipment.status", "Carrier", "Carrier"),
            _element("supplier.bank_account", "Procurement", "Procurement"),
        ],
        "transforms": [
            {"integration": "shop-orders", "field": "order_id", "kind": "copy", "from": ["order_id"]},
            *added_fields(),
        ],
        "checkpoints": [
            {"name": "credit-check", "integration": "shop-orders", "kind": "approval"},
            *_checkpoints("b"),
        ],
        "rituals": _rituals(),
        "audit": claims("b"),
    }


def _header(company: str) -> dict[str, Any]:
    return {
        "company": company,
        "currency": "EUR",
        "timezone": "Europe/Madrid",
        "teams": [{"name": name, "people": people} for name, people in TEAMS.items()],
    }


def _system(name: str) -> dict[str, Any]:
    """A system with its team and the other names by which logs call it."""
    team, logged, _, _ = SYSTEMS[name]
    aliases = [alias for alias in (logged, MONITOR_NAMES.get(name, name)) if alias != name]
    return {"name": name, "team": team} | ({"aliases": aliases} if aliases else {})


def all_integrations() -> list[Integration]:
    """Those of the journeys, of master data and of scans, level by level."""
    return sorted(
        [*INTEGRATIONS.values(), *FEED_INTEGRATIONS.values(), SCANS], key=lambda made: list(LEVELS).index(made.level)
    )


def _checkpoints(company: str) -> list[dict[str, str]]:
    first = {feed.name: feed.first for feed in FEEDS}
    return [{"name": each.name, "integration": first[each.feed], "kind": each.kind} for each in CHECKPOINTS[company]]


def _rituals() -> list[dict[str, Any]]:
    return [{"name": RITUAL, "weekday": WEEKDAY, "teams": list(RITUAL_TEAMS)}]


def _bare(integration: Integration) -> dict[str, Any]:
    return {
        "name": integration.name,
        "source": integration.source,
        "target": integration.target,
        "level": integration.level,
    }


def _answered(integration: Integration) -> dict[str, Any]:
    purpose = purposes()[integration.name]
    objective, request_p95, queue_p95, tolerance, error_cost = LEVELS[integration.level]
    queued = integration.kind_b != "request"
    p95 = PROMISED_P95.get(integration.name, queue_p95 if queued else request_p95)
    fields = [f"{integration.object_type}_id", "status", "changed_at"]
    return _bare(integration) | {
        "problem": purpose["problem"],
        "beneficiary": {"who": purpose["beneficiary"], "interviewed_on": INTERVIEWED},
        "decision": purpose["decision"],
        "owner": {"name": _person(purpose["owner"]), "backup": _person(purpose["backup"]), "since": date(2025, 5, 5)},
        "go_live": GO_LIVE,
        "queue": queued,
        **({"queue_limit": QUEUE_LIMIT} if queued else {}),
        "idempotent": True,
        "sync_limit": "15m" if queued else "1m",
        "slo": {"success": PROMISED_SUCCESS.get(integration.name, objective), "p95": p95},
        "fallback": {
            "kind": "queue" if queued else "cache",
            "tested_on": FALLBACK_TESTED,
            "rate_per_hour": 40 if integration.level != "intelligence" else 4,
        },
        "tolerance": TOLERANCES.get(integration.name, tolerance),
        "value_per_object": 85.0 if integration.object_type in ("order", "invoice", "payment") else 20.0,
        **COSTS.get(integration.name, {"delay_cost_per_hour": 0.4, "error_cost": error_cost}),
        "success_metric": {
            "name": f"{integration.object_type}s late share",
            "baseline": 0.12,
            "target": 0.06,
            "due": date(2026, 6, 30),
            "declared_on": DECLARED,
            "better": "lower",
        },
        "fields": {"required": fields, "sent": fields},
    }


def _map(integration: str, field: str) -> dict[str, Any]:
    """All that A wrote down of a transformation: that the portal has states of its own."""
    return {"integration": integration, "field": field, "kind": "map", "from": [field]}


def _element(element: str, origin: str, record: str) -> dict[str, Any]:
    owner = _person(SYSTEM_OWNERS[record])
    entry = {"element": element, "origin": origin, "record": record, "owner": owner, "writers": [record]}
    # A price, a count and an account stand until the next one is due: what replaces them sooner corrects them.
    return entry | ({"amended": False} if element in [feed.element for feed in FEEDS] else {})
