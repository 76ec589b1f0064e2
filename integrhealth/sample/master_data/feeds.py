"""Master data that people enter and that is sent on: three feeds, how their errors come to light, what guards them.

Data only. One feed has errors that are dear and soon detected, one has errors that are cheap while waiting is dear, and
one has errors that nobody detects for days. That decides whether holding a message back for a while would pay.
"""

from dataclasses import dataclass
from functools import cached_property

from integrhealth.sample.landscape import Integration


@dataclass(frozen=True)
class Edge:
    """One step of a value on its way: the edge before it, how often it is taken, and the median pause before it."""

    integration: Integration
    after: int
    probability: float
    pause_s: float


@dataclass(frozen=True)
class Feed:
    """One kind of master data. ``entries`` is how many are entered for each message asked for, ``wrong`` by company the
    share of them that is wrong.

    A wrong value is detected by the people who entered it: at a constant rate with ``half_life_minutes``, or at any
    time between the two hours of ``detected_hours``. Costs are those of the catalog, of one object.
    """

    name: str
    element: str
    object_type: str
    prefix: str
    clerk: str
    entries: float
    wrong: dict[str, float]
    edges: tuple[Edge, ...]
    delay_cost_per_hour: float
    error_cost: float
    half_life_minutes: float | None = None
    detected_hours: tuple[float, float] | None = None

    @cached_property
    def origin(self) -> str:
        """The system where people enter it."""
        return self.edges[0].integration.source

    @cached_property
    def first(self) -> str:
        """The integration that every value takes when it leaves its origin."""
        return self.edges[0].integration.name


@dataclass(frozen=True)
class Checkpoint:
    """A place where a value waits for somebody's decision on the first edge of a feed.

    It holds ``caught`` of the wrong values, which it turns down, and ``held_right`` of the right ones, which it lets go
    after a median review of ``review_s``. One that is ``stamped`` holds everything and turns down nothing.
    """

    name: str
    feed: str
    kind: str
    review_s: float
    caught: float = 0.0
    held_right: float = 0.0
    stamped: bool = False


# By object: integration | source | target | in A | level | after | how often | pause before it, s | ms.
_EDGES = {
    "price": """
price-changes      | ERP         | Webshop          | request | experience   |               | 1.0 |    8 | 120
price-portal       | Webshop     | Customer portal  | queue   | experience   | price-changes | 0.8 |  120 |  60
price-quotes       | Webshop     | CRM              | queue   | experience   | price-changes | 0.6 |  600 |  90
price-insights     | CRM         | BI               | queue   | intelligence | price-quotes  | 0.7 | 1500 | 400
""",
    "availability": """
stock-counts       | WMS         | ERP              | request | operations   |               | 1.0 |    5 |  90
availability-shop  | ERP         | Webshop          | queue   | experience   | stock-counts  | 0.9 |   10 |  60
availability-lines | ERP         | MES              | queue   | operations   | stock-counts  | 0.4 |  900 | 150
""",
    "supplier": """
supplier-accounts  | Procurement | ERP              | queue   | foundation   |                   | 1.0 |   30 | 200
supplier-payables  | ERP         | Financial system | queue   | foundation   | supplier-accounts | 0.9 |  300 | 250
supplier-spend     | ERP         | BI               | queue   | intelligence | supplier-accounts | 0.5 | 7200 | 500
""",
}


def _edges(object_type: str) -> tuple[Edge, ...]:
    edges: dict[str, Edge] = {}
    for line in _EDGES[object_type].strip().splitlines():
        name, source, target, kind_a, level, after, often, pause, work = (cell.strip() for cell in line.split("|"))
        made = Integration(name, source, target, level, kind_a, "queue", "master_data", float(work), object_type)
        edges[name] = Edge(made, list(edges).index(after) if after else -1, float(often), float(pause))
    return tuple(edges.values())


FEEDS = (
    Feed(
        name="prices",
        element="article.price",
        object_type="price",
        prefix="PC",
        clerk="pricing",
        entries=0.006,
        wrong={"a": 0.20, "b": 0.10},
        edges=_edges("price"),
        delay_cost_per_hour=1.2,
        error_cost=90.0,
        half_life_minutes=25,
    ),
    Feed(
        name="stock counts",
        element="article.stock",
        object_type="availability",
        prefix="AV",
        clerk="counting",
        entries=0.0095,
        wrong={"a": 0.09, "b": 0.035},
        edges=_edges("availability"),
        delay_cost_per_hour=6.0,
        error_cost=8.0,
        half_life_minutes=60,
    ),
    Feed(
        name="supplier accounts",
        element="supplier.bank_account",
        object_type="supplier",
        prefix="LF",
        clerk="purchasing",
        entries=0.0045,
        wrong={"a": 0.18, "b": 0.09},
        edges=_edges("supplier"),
        delay_cost_per_hour=1.0,
        error_cost=200.0,
        detected_hours=(60, 84),
    ),
)
FEED_INTEGRATIONS = {edge.integration.name: edge.integration for feed in FEEDS for edge in feed.edges}
_APPROVAL = Checkpoint("account-approval", "supplier accounts", "approval", review_s=4, stamped=True)
CHECKPOINTS = {
    "a": (_APPROVAL,),
    "b": (
        Checkpoint("price-review", "prices", "approval", review_s=1200, caught=0.55, held_right=0.12),
        _APPROVAL,
    ),
}
