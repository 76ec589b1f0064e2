"""The two companies: same systems, same journeys, another philosophy. Every planted parameter stands here."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

FIRST_DAY, DAYS = date(2025, 11, 1), 90
TIMEZONE = "Europe/Madrid"


@dataclass(frozen=True)
class Retrying:
    """What happens after a passing fault: how often one occurs, how often it comes back, when the next try starts.

    ``jitter`` draws the gap from 0 to first_gap * 2 ** attempt (AWS "full jitter"), else the gap is always the same.
    """

    fault_share: float
    again_share: float
    most: int
    first_gap_ms: float
    jitter: bool


@dataclass(frozen=True)
class LatencyStep:
    """From this moment the receiver of one integration takes ``factor`` times as long."""

    integration: str
    at: datetime
    factor: float


@dataclass(frozen=True)
class Outage:
    """One system does not answer from start to end. ``absorbed``: queues hold the work until it is back."""

    system: str
    start: datetime
    end: datetime
    absorbed: bool


@dataclass(frozen=True)
class Company:
    """One company. ``reproduction`` is the number of errors one error causes, outage aside.

    ``error_share`` is the share of messages that fail for a reason of their own; ``leaks`` says how readily a
    system passes an error on, relative to the others; the factor that makes the reproduction number exact follows.
    """

    key: str
    name: str
    reproduction: float
    error_share: float
    leaks: dict[str, float]
    retrying: Retrying
    latency_step: LatencyStep
    outage: Outage
    sampled_away: float
    skewed_system: str
    skew_ms: int


A = Company(
    key="a",
    name="Company A",
    reproduction=0.60,
    error_share=0.012,
    leaks={
        "Webshop": 1.0,
        "ERP": 1.0,
        "WMS": 0.9,
        "CRM": 0.95,
        "Financial system": 0.8,
        "Carrier": 0.9,
        "Tracking": 0.6,
    },
    retrying=Retrying(fault_share=0.002, again_share=0.4, most=3, first_gap_ms=5000, jitter=False),
    latency_step=LatencyStep("crm-accounts", datetime(2025, 11, 26, tzinfo=UTC), 2.6),
    outage=Outage(
        "ERP", datetime(2025, 12, 22, 8, 30, tzinfo=UTC), datetime(2025, 12, 22, 11, 30, tzinfo=UTC), absorbed=False
    ),
    sampled_away=0.04,
    skewed_system="Quality",
    skew_ms=-4200,
)
B = Company(
    key="b",
    name="Company B",
    reproduction=0.25,
    error_share=0.0016,
    leaks={
        "Webshop": 0.6,
        "ERP": 0.5,
        "WMS": 0.9,
        "CRM": 1.0,
        "Financial system": 0.3,
        "Carrier": 1.0,
        "Tracking": 1.0,
    },
    retrying=Retrying(fault_share=0.0012, again_share=0.3, most=4, first_gap_ms=2000, jitter=True),
    latency_step=LatencyStep("invoices-portal", datetime(2026, 1, 8, tzinfo=UTC), 0.45),
    outage=Outage(
        "ERP", datetime(2025, 12, 22, 17, 0, tzinfo=UTC), datetime(2025, 12, 22, 18, 30, tzinfo=UTC), absorbed=True
    ),
    sampled_away=0.04,
    skewed_system="Quality",
    skew_ms=-2600,
)
COMPANIES = {company.key: company for company in (A, B)}
USUAL_LEAK = 0.8
# How often errors begin in a system, relative to the company's error share.
ORIGINS = {"ERP": 1.2, "WMS": 2.0, "Carrier": 2.0, "Financial system": 1.0, "CRM": 0.5, "MES": 1.5}
USUAL_ORIGIN = 0.3
MOST_LEAK = 0.97
