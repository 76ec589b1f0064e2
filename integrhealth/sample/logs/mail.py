"""Mechanism: the report mail. What is sent to whom each morning, and how long anyone looks at it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from integrhealth.sample.chance import stream
from integrhealth.sample.season import DAY_US, FIRST_US, HOLIDAYS, days

MANAGERS = 12
WORDS_PER_MINUTE = 238
# Seven reports that somebody decides by: decisions, fields.
NEEDED = {
    "orders-at-risk": (
        ("which delivery date to promise", "which order to expedite", "which customer to call"),
        "order_id customer promised_on stock_gap due_days value region planner",
    ),
    "stock-below-minimum": (
        ("what to reorder", "what to take off the shop", "where to move stock"),
        "sku on_hand minimum on_order reach_days supplier site buyer",
    ),
    "cash-due": (
        ("whom to remind", "which payments to release", "whose credit limit to lower"),
        "invoice_id customer due_on overdue_days amount dunning_level bank account",
    ),
    "late-shipments": (
        ("which carrier to escalate", "which customer to warn", "which parcel to resend"),
        "shipment_id carrier handed_over_on scanned_on delay_hours depot zone weight",
    ),
    "production-gap": (
        ("which order to reschedule", "where to add a shift", "what to buy instead of make"),
        "production_order line planned_qty done_qty scrap shift foreman machine",
    ),
    "returns-open": (
        ("what to refund today", "which product to block", "which supplier to claim from"),
        "return_id reason received_on inspected condition value_back batch origin",
    ),
    "margin-by-product": (
        ("which price to change", "which product to drop", "what to promote"),
        "sku revenue cost margin discount channel competitor_price trend",
    ),
}
COPIES = (6, 6, 6, 6, 6, 5, 5)
COPY_NAMES = (
    *("daily", "overview", "morning", "final", "regional", "v2"),
    *("copy-of", "management", "new", "old", "weekly", "pivot"),
)
IDLE = (
    *("activity-digest", "login-digest", "interface-count-digest", "uptime-digest", "newsletter-digest"),
    *("server-load-digest", "user-adoption-digest", "print-volume-digest", "meeting-room-digest", "badge-digest"),
    *("licence-digest", "backup-digest", "ticket-volume-digest", "website-visits-digest", "project-status-digest"),
)
STATUTORY = "vat-ledger"
TOOLS = ("Power BI", "SAP BW", "Excel by mail", "Tableau")


@dataclass(frozen=True)
class Mail:
    """The three frames of report mail in their written form, and what is planted in them."""

    reports: pl.DataFrame
    deliveries: pl.DataFrame
    reads: pl.DataFrame
    truth: dict


def mail(key: str, seed: int) -> Mail:
    """The report mail of a company: a flood in A, nine reports that are read in B."""
    return _flood(seed) if key == "a" else _few(seed)


def working_days() -> list[int]:
    """Days (from 0) on which reports go out: Monday to Friday; the sender knows no holidays."""
    return [number for number, day in enumerate(days()) if day.weekday() < 5]


def _inventory(rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows).select("report", "tool", "words", "fields", "metrics", "decisions", "statutory", "owner")


def _flood(seed: int) -> Mail:
    """63 reports of about 400 words to each of twelve managers every working day, looked at for seven minutes."""
    rng = stream(seed, "mail", "a")
    rows = []

    def add(report: str, fields: str, metrics: str, decisions: tuple[str, ...], owner: str | None = None) -> None:
        rows.append(
            {
                "report": report,
                "tool": TOOLS[len(rows) % len(TOOLS)],
                "words": int(np.clip(rng.normal(400, 45), 260, 560)),
                "fields": ";".join(fields.split()),
                "metrics": metrics,
                "decisions": ";".join(decisions),
                "statutory": report == STATUTORY,
                "owner": owner,
            }
        )

    groups = {}
    for (report, (decisions, fields)), copies in zip(NEEDED.items(), COPIES, strict=True):
        add(report, fields, f"{report}-count;{report}-value", decisions)
        names = rng.choice(COPY_NAMES, size=copies, replace=False)
        groups[report] = [f"{name}-{report}" for name in names]
        for number, copy in enumerate(groups[report]):
            changed = [*fields.split()[:-1], f"extra_{number}"]
            shuffled = " ".join(rng.permutation(changed))
            add(copy, shuffled, f"{report}-count;{report}-value", (decisions[number % 3],))
    for report in IDLE:
        word = report.removesuffix("-digest")
        add(report, " ".join(f"{word}_{part}" for part in ("day", "site", "total", "owner")), f"{word}-count", ())
    add(STATUTORY, "invoice_id tax_code base tax period", "tax-due", (), owner="finance-lead@example.com")

    reports = _inventory(rows)
    sent, people = working_days(), [f"manager-{number + 1:02}" for number in range(MANAGERS)]
    count = reports.height
    day, person, report = (a.ravel() for a in np.meshgrid(sent, range(MANAGERS), range(count), indexing="ij"))
    leaves_s = 5 * 3600 + report * 41 + person
    deliveries = _events(reports, people, report, person, FIRST_US + day * DAY_US + leaves_s * 1_000_000)
    # How often a report is opened has nothing to do with whether it is needed.
    taste = rng.random(count) ** 2
    taste[count - 1] = 0
    opened = rng.random(day.size) < (taste * 18 / taste.sum())[report]
    look = np.where(rng.random(day.size) < 0.3, rng.uniform(30, 90, day.size), rng.uniform(0.4, 6, day.size)) * opened
    total = np.repeat(look.reshape(-1, count).sum(axis=1), count)
    minutes = np.repeat(np.clip(rng.normal(7, 1.2, size=len(sent) * MANAGERS), 3, 12), count)
    seconds = np.round(look / np.maximum(total, 1e-9) * minutes * 60, 1)
    at = FIRST_US + day * DAY_US + ((7.5 + 1.5 * rng.random(day.size)) * 3_600_000_000).astype(np.int64)
    seen = np.flatnonzero(opened)
    reads = _events(reports, people, report[seen], person[seen], at[seen]).with_columns(
        seconds=pl.Series(seconds[seen]), action=pl.lit("view")
    )
    per_day = count * 1.0
    words = float(reports["words"].sum())
    truth = {
        "people": people,
        "reports": count,
        "reports_per_day": per_day,
        "words_per_day": words,
        "needed_minutes_per_day": words / WORDS_PER_MINUTE,
        "spent_minutes_per_day": float(reads["seconds"].sum()) / 60 / (len(sent) * MANAGERS),
        "serving_a_decision": sorted([*groups, *(copy for copies in groups.values() for copy in copies)]),
        "serving_no_decision": sorted(IDLE),
        "near_duplicates": {report: sorted(copies) for report, copies in groups.items()},
        "statutory_unopened": STATUTORY,
        "smallest_set": sorted([*NEEDED, STATUTORY]),
    }
    return Mail(reports, deliveries, reads, truth)


def _few(seed: int) -> Mail:
    """Each needed report in about 120 words to the three managers who decide by it; read, not skimmed."""
    rng = stream(seed, "mail", "b")
    rows, sent = [], working_days()
    people = [f"manager-{number + 1:02}" for number in range(MANAGERS)]
    for number, (report, (decisions, fields)) in enumerate(NEEDED.items()):
        rows.append(
            {
                "report": report,
                "tool": "Power BI",
                "words": int(rng.integers(90, 150)),
                "fields": ";".join(fields.split()[:5]),
                "metrics": f"{report}-count",
                "decisions": ";".join(decisions),
                "statutory": False,
                "owner": f"manager-{number + 1:02}",
            }
        )
    owner = "manager-03"
    plan = {"report": "capacity-week", "words": 180, "fields": "week;line;load", "decisions": "where to plan overtime"}
    rows.append(plan | {"tool": "Excel by mail", "metrics": "load", "statutory": False, "owner": owner})
    ledger = {"report": STATUTORY, "words": 210, "fields": "invoice_id;tax_code;base;tax;period", "decisions": None}
    rows.append(ledger | {"tool": "SAP BW", "metrics": "tax-due", "statutory": True, "owner": owner})
    reports = _inventory(rows)
    day, person, report = [], [], []
    for number, name in enumerate(reports["report"]):
        receivers = sorted({(number * 2 + step * 5) % MANAGERS for step in range(3)})
        for when in sent:
            if name == "capacity-week" and days()[when].weekday() != 0:
                continue
            if name == STATUTORY and not _first_working_day(days()[when]):
                continue
            day += [when] * len(receivers)
            person += receivers
            report += [number] * len(receivers)
    day, person, report = (np.array(values) for values in (day, person, report))
    order = np.lexsort((report, person, day))
    day, person, report = day[order], person[order], report[order]
    at = FIRST_US + day * DAY_US + (6 * 3600 + report * 60 + person) * 1_000_000
    deliveries = _events(reports, people, report, person, at)
    away = np.isin(day, [number for number, when in enumerate(days()) if (when.month, when.day) in HOLIDAYS])
    opened = (rng.random(day.size) < 0.96) & ~away
    words = reports["words"].to_numpy()[report]
    seconds = np.round(words / WORDS_PER_MINUTE * 60 * np.exp(rng.normal(0.25, 0.12, day.size)), 1)
    read_at = at + ((1.0 + 2.0 * rng.random(day.size)) * 3_600_000_000).astype(np.int64)
    reads = _events(reports, people, report[opened], person[opened], read_at[opened]).with_columns(
        seconds=pl.Series(seconds[opened]), action=pl.lit("view")
    )
    person_days = len(set(zip(person.tolist(), day.tolist(), strict=True)))
    truth = {
        "people": sorted({people[number] for number in person.tolist()}),
        "reports": reports.height,
        "reports_per_day": day.size / person_days,
        "words_per_day": float(words.sum()) / person_days,
        "needed_minutes_per_day": float(words.sum()) / WORDS_PER_MINUTE / person_days,
        "spent_minutes_per_day": float(seconds[opened].sum()) / 60 / person_days,
        "serving_a_decision": sorted([*NEEDED, "capacity-week"]),
        "serving_no_decision": [],
        "near_duplicates": {},
        "statutory_unopened": None,
        "smallest_set": sorted([*NEEDED, "capacity-week", STATUTORY]),
    }
    return Mail(reports, deliveries, reads, truth)


def _first_working_day(day: date) -> bool:
    return day.day <= 3 and day.weekday() < 5 and (day.day == 1 or day.weekday() == 0)


def _events(
    reports: pl.DataFrame, people: list[str], report: np.ndarray, person: np.ndarray, at: np.ndarray
) -> pl.DataFrame:
    """Report, person and time of events, in the order of time."""
    return pl.DataFrame(
        {
            "report": reports["report"].gather(report),
            "person": pl.Series(people).gather(person),
            "at": pl.from_epoch(pl.Series(at), time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
