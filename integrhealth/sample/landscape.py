"""The landscape both companies share: fifteen systems, their integrations, and how work flows through them.

Data only. The two companies have the same systems and the same journeys; what differs is how an integration is
built (a call the sender waits for, or a queue) and how the company lives with it (``companies.py``).
"""

from dataclasses import dataclass
from functools import cached_property

# system: (owning team, the name its logs use, runtime, whether it is outside and writes no spans of its own)
SYSTEMS = {
    "Webshop": ("sales", "Webshop", "nodejs", False),
    "CRM": ("sales", "CRM", "dotnet", False),
    "Customer portal": ("service", "customer-portal", "nodejs", False),
    "ERP": ("IT", "ERP", "java", False),
    "Financial system": ("finance", "fin-core", "java", False),
    "Bank": ("finance", "Bank", "", True),
    "Tax authority": ("finance", "Tax authority", "", True),
    "WMS": ("warehouse", "wms-prod", "java", False),
    "Carrier": ("warehouse", "Carrier", "go", False),
    "Tracking": ("service", "Tracking", "go", False),
    "MES": ("production", "MES", "dotnet", False),
    "Quality": ("production", "Quality", "python", False),
    "Procurement": ("purchasing", "Procurement", "java", False),
    "Planning": ("production", "Planning", "python", False),
    "BI": ("IT", "BI", "python", False),
}
# What the ERP monitor calls the systems; where it differs, the catalog lists it as an alias.
MONITOR_NAMES = {"Bank": "BANK01", "Tax authority": "AEAT"}
TEAMS = {"sales": 12, "service": 8, "finance": 9, "warehouse": 14, "production": 21, "purchasing": 6, "IT": 7}


@dataclass(frozen=True)
class Integration:
    """One connection: who sends to whom, on which level of the essay's hierarchy, and how A and B built it.

    ``log`` is the tool that records it: otlp (the middleware's traces), monitor (the ERP monitor's CSV export) or
    webhook (delivery log). ``work_ms`` is the receiver's median time for one message.
    """

    name: str
    source: str
    target: str
    level: str
    kind_a: str
    kind_b: str
    log: str
    work_ms: float
    object_type: str

    def kind(self, company: str) -> str:
        """How the company sends on it: request, queue, batch or file."""
        return self.kind_a if company == "a" else self.kind_b


# By level of the essay's hierarchy: integration | source | target | in A | in B | log | ms | object.
_TABLE = {
    "foundation": """
credit-check              | ERP              | Financial system | request | request | otlp    |   120 | order
erp-invoices              | ERP              | Financial system | queue   | queue   | otlp    |   200 | invoice
fin-collections           | Financial system | Bank             | queue   | queue   | otlp    |   650 | payment
fin-payments              | Financial system | Bank             | file    | file    | monitor |  8000 | payment
fin-refunds               | Financial system | Bank             | request | queue   | otlp    |   700 | payment
bank-statements           | Bank             | ERP              | file    | file    | monitor | 20000 | statement
erp-tax                   | ERP              | Tax authority    | batch   | batch   | monitor |  4000 | invoice
""",
    "operations": """
wms-orders                | ERP              | WMS              | request | queue   | otlp    |   220 | delivery
wms-goods-issue           | WMS              | ERP              | queue   | queue   | otlp    |   150 | delivery
wms-stock                 | WMS              | ERP              | queue   | queue   | otlp    |    90 | stock
wms-carrier               | WMS              | Carrier          | request | queue   | otlp    |   380 | shipment
mes-orders                | ERP              | MES              | request | queue   | otlp    |   300 | production_order
mes-confirmations         | MES              | ERP              | queue   | queue   | otlp    |   180 | production_order
procurement-orders        | ERP              | Procurement      | request | queue   | otlp    |   350 | purchase_order
procurement-confirmations | Procurement      | ERP              | queue   | queue   | otlp    |   160 | purchase_order
procurement-asn           | Procurement      | WMS              | queue   | queue   | otlp    |   130 | delivery
""",
    "intelligence": """
bi-sales                  | ERP              | BI               | batch   | batch   | monitor | 90000 | extract
bi-customers              | CRM              | BI               | batch   | batch   | monitor | 60000 | extract
bi-stock                  | WMS              | BI               | batch   | batch   | monitor | 50000 | extract
planning-demand           | BI               | Planning         | batch   | batch   | monitor | 70000 | plan
planning-orders           | Planning         | ERP              | batch   | batch   | monitor | 40000 | plan
mes-quality               | MES              | Quality          | request | queue   | otlp    |    75 | lot
quality-release           | Quality          | ERP              | queue   | queue   | otlp    |   110 | lot
""",
    "experience": """
shop-orders               | Webshop          | ERP              | request | queue   | otlp    |   180 | order
shop-stock                | ERP              | Webshop          | request | queue   | otlp    |    60 | stock
shop-prices               | ERP              | Webshop          | batch   | batch   | monitor | 30000 | price_list
shop-customers            | Webshop          | CRM              | request | queue   | otlp    |    90 | customer
crm-orders                | CRM              | ERP              | request | queue   | otlp    |   240 | order
crm-accounts              | ERP              | CRM              | queue   | queue   | otlp    |   240 | customer
carrier-tracking          | Carrier          | Tracking         | queue   | queue   | otlp    |    90 | shipment
tracking-portal           | Tracking         | Customer portal  | queue   | queue   | otlp    |    45 | shipment
tracking-crm              | Tracking         | CRM              | queue   | queue   | otlp    |    80 | shipment
portal-orders             | Customer portal  | ERP              | request | request | otlp    |   140 | enquiry
portal-returns            | Customer portal  | ERP              | request | queue   | otlp    |   260 | return
portal-cases              | Customer portal  | CRM              | request | queue   | otlp    |   110 | case
invoices-portal           | Financial system | Customer portal  | queue   | queue   | otlp    |   300 | invoice
""",
}


def _integration(level: str, line: str) -> Integration:
    name, source, target, kind_a, kind_b, log, work_ms, object_type = (cell.strip() for cell in line.split("|"))
    return Integration(name, source, target, level, kind_a, kind_b, log, float(work_ms), object_type)


INTEGRATIONS = {
    row.name: row
    for level, table in _TABLE.items()
    for row in (_integration(level, line) for line in table.strip().splitlines())
}


@dataclass(frozen=True)
class Step:
    """One edge of a journey: the step it follows, its integration and how often it happens.

    ``after_s`` is the median pause between the end of the step before and this one (picking, packing, settlement).
    ``inside`` names the system for work without an integration: the start of a journey in its own system.
    """

    name: str
    parent: str | None
    integration: str | None
    operation: str
    probability: float = 1.0
    after_s: float = 0.0
    inside: str | None = None


@dataclass(frozen=True)
class Journey:
    """How one kind of business event runs through the systems: a tree of steps, one trace per event.

    ``share`` is its part of all messages, ``calendar`` says when it happens, ``log`` overrides the integrations'
    own (the carrier's scans come as webhooks), ``traced`` whether its records carry a trace id.
    """

    name: str
    share: float
    calendar: str
    steps: tuple[Step, ...]
    log: str | None = None
    traced: bool = True

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """For each step the position of the step it follows, -1 for the first."""
        position = {step.name: index for index, step in enumerate(self.steps)}
        return tuple(-1 if step.parent is None else position[step.parent] for step in self.steps)

    @cached_property
    def expected_messages(self) -> float:
        """The expected number of messages of one journey, retries aside."""
        expected: list[float] = []
        for step, parent in zip(self.steps, self.parents, strict=True):
            expected.append(step.probability * (1.0 if parent < 0 else expected[parent]))
        return sum(expected)

    def system_pair(self, index: int) -> tuple[str, str]:
        """Source and target of a step."""
        step = self.steps[index]
        if step.inside is not None:
            return step.inside, step.inside
        integration = INTEGRATIONS[step.integration]
        return integration.source, integration.target

    def kind_of(self, index: int, company: str) -> str:
        """request, queue, batch, file or internal."""
        step = self.steps[index]
        return "internal" if step.integration is None else INTEGRATIONS[step.integration].kind(company)

    def object_type(self, index: int) -> str:
        """The business object of a step; work inside a system is about what the next integration carries."""
        step = self.steps[index]
        if step.integration is None:
            step = next(later for later in self.steps[index:] if later.integration is not None)
        return INTEGRATIONS[step.integration].object_type

    def log_of(self, index: int) -> str:
        """Which tool records the step."""
        step = self.steps[index]
        return self.log or ("otlp" if step.integration is None else INTEGRATIONS[step.integration].log)


HOUR, DAY = 3600.0, 86400.0
_FULFILMENT = (
    Step("credit", "create", "credit-check", "GET /credit-limit"),
    Step("ship", "create", "wms-orders", "POST /outbound-deliveries"),
    Step("label", "ship", "wms-carrier", "POST /labels"),
    Step("stock", "create", "shop-stock", "PUT /stock", 0.9),
    Step("history", "create", "crm-accounts", "account.order-history", after_s=20),
    Step("announce", "label", "carrier-tracking", "shipment.announced", after_s=2 * HOUR),
    Step("portal", "announce", "tracking-portal", "PUT /shipments", after_s=30),
    Step("alert", "announce", "tracking-crm", "POST /delay-alerts", 0.25, after_s=60),
    Step("issue", "ship", "wms-goods-issue", "goods-issue.posted", after_s=4 * HOUR),
    Step("invoice", "issue", "erp-invoices", "POST /invoices", after_s=120),
    Step("tax", "issue", "erp-tax", "SII_SUPPLY", 0.5, after_s=3 * HOUR),
    Step("show", "invoice", "invoices-portal", "invoice.published", 0.7, after_s=HOUR),
    Step("collect", "invoice", "fin-collections", "POST /collections", after_s=DAY),
)
JOURNEYS = (
    Journey(
        "order",
        0.52,
        "shop",
        (
            Step("checkout", None, None, "checkout", inside="Webshop"),
            Step("create", "checkout", "shop-orders", "POST /orders"),
            *_FULFILMENT,
            Step("customer", "checkout", "shop-customers", "PUT /customers", 0.2),
        ),
    ),
    Journey(
        "quote",
        0.08,
        "office",
        (
            Step("quote", None, None, "win quote", inside="CRM"),
            Step("create", "quote", "crm-orders", "POST /orders"),
            *_FULFILMENT,
        ),
    ),
    Journey(
        "return",
        0.05,
        "returns",
        (
            Step("request", None, None, "request return", inside="Customer portal"),
            Step("register", "request", "portal-returns", "POST /returns"),
            Step("announce", "register", "wms-orders", "POST /inbound-deliveries"),
            Step("receive", "announce", "wms-goods-issue", "goods-receipt.posted", after_s=2 * DAY),
            Step("credit", "receive", "erp-invoices", "POST /credit-notes", after_s=HOUR),
            Step("refund", "credit", "fin-refunds", "POST /refunds", after_s=4 * HOUR),
        ),
    ),
    Journey("status", 0.07, "shop", (Step("ask", None, "portal-orders", "GET /orders"),)),
    Journey("case", 0.02, "office", (Step("open", None, "portal-cases", "POST /cases"),)),
    Journey(
        "stock",
        0.07,
        "office",
        (
            Step("move", None, "wms-stock", "stock.moved"),
            Step("publish", "move", "shop-stock", "PUT /stock", after_s=5),
        ),
    ),
    Journey(
        "production",
        0.07,
        "office",
        (
            Step("release", None, None, "release production order", inside="ERP"),
            Step("order", "release", "mes-orders", "POST /production-orders"),
            Step("measure", "order", "mes-quality", "POST /measurements"),
            Step("confirm", "order", "mes-confirmations", "production.confirmed", after_s=6 * HOUR),
            Step("lot", "measure", "quality-release", "lot.released", after_s=8 * HOUR),
        ),
    ),
    Journey(
        "purchase",
        0.04,
        "office",
        (
            Step("order", None, "procurement-orders", "POST /purchase-orders"),
            Step("confirm", "order", "procurement-confirmations", "purchase-order.confirmed", after_s=5 * HOUR),
            Step("notice", "order", "procurement-asn", "shipping-notice.received", after_s=DAY),
        ),
    ),
    Journey(
        "scan",
        0.05,
        "shop",
        (Step("scan", None, "carrier-tracking", "shipment.scanned"),),
        log="webhook",
        traced=False,
    ),
    Journey(
        "nightly",
        0.015,
        "night",
        (
            Step("sales", None, "bi-sales", "Z_BI_SALES"),
            Step("demand", "sales", "planning-demand", "Z_DEMAND", after_s=600),
            Step("plan", "demand", "planning-orders", "Z_PLANNED_ORDERS", after_s=900),
        ),
        traced=False,
    ),
    Journey("customers", 0.003, "night", (Step("extract", None, "bi-customers", "Z_BI_CUST"),), traced=False),
    Journey("stocks", 0.003, "night", (Step("extract", None, "bi-stock", "Z_BI_STOCK"),), traced=False),
    Journey("prices", 0.003, "night", (Step("load", None, "shop-prices", "Z_PRICES"),), traced=False),
    Journey("payments", 0.003, "office", (Step("run", None, "fin-payments", "PAIN001"),), traced=False),
    Journey("statements", 0.003, "night", (Step("import", None, "bank-statements", "CAMT053"),), traced=False),
)
