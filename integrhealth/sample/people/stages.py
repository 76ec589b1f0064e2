"""Mechanism: orders made for one customer, stage by stage. Sales promises a day, production makes, logistics picks and
delivers, finance invoices; each stage takes as long as planned or longer, and begins when the one before has ended.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.companies import FIRST_DAY
from integrhealth.sample.people.contacts import working_days
from integrhealth.sample.season import DAY_US, FIRST_US

HOUR_US = DAY_US // 24
ORDERS, LAST_ORDERED = 1000, date(2026, 1, 5)
# In the order in which they follow each other: stage, department.
STAGES = (
    ("promise", "sales"),
    ("production", "production"),
    ("picking", "logistics"),
    ("delivery", "logistics"),
    ("invoice", "finance"),
)
# Hours that each stage is planned to take, from and to.
PLANNED = ((2, 6), (48, 120), (12, 24), (24, 48), (12, 24))
DELIVERY = [stage for stage, _ in STAGES].index("delivery")
# What can be promised is a day later than planned; who promises well adds one of these hours, who does not takes some.
RESERVE, ADDED, TAKEN = 24, (0, 12, 24), (12, 24, 36)


@dataclass(frozen=True)
class Lateness:
    """Share of orders that are promised too early, and for each stage the share that is late, by hours from and to."""

    early: float
    late: dict[str, tuple[float, int, int]]


LATENESS = {
    "a": Lateness(
        0.3,
        {"production": (0.2, 12, 72), "picking": (0.15, 6, 36), "delivery": (0.2, 6, 48), "invoice": (0.3, 24, 120)},
    ),
    "b": Lateness(
        0.02,
        {"production": (0.03, 4, 30), "picking": (0.02, 4, 24), "delivery": (0.03, 4, 30), "invoice": (0.02, 24, 48)},
    ),
}


@dataclass(frozen=True)
class Made:
    """The orders of a company in hours since the first day: when they begin, what each stage takes (a row per stage),
    how much longer it took, and the hour that was promised and that was feasible."""

    begin: NDArray
    planned: NDArray
    longer: NDArray
    promised: NDArray
    feasible: NDArray

    def ends(self, longer: NDArray) -> NDArray:
        """When each stage ends, where each takes so much longer."""
        return self.begin + np.cumsum(self.planned + longer, axis=0)


def made_orders(company: str, seed: int) -> Made:
    """The orders of a company, by the hour at which they begin."""
    plan = LATENESS[company]

    def rng(what: str) -> np.random.Generator:
        return stream(seed, "stages", company, what)

    days = [(day - FIRST_DAY).days for day in working_days() if FIRST_DAY <= day <= LAST_ORDERED]
    begin = np.sort(rng("begin").choice(days, ORDERS) * 24 + rng("hour").integers(8, 17, ORDERS))
    planned = np.stack(
        [
            rng(f"{stage} planned").integers(least, most + 1, ORDERS)
            for (stage, _), (least, most) in zip(STAGES, PLANNED, strict=True)
        ]
    )
    longer = np.zeros_like(planned)
    for place, (stage, _) in enumerate(STAGES):
        share, least, most = plan.late.get(stage, (0, 0, 0))
        longer[place] = rng(f"{stage} longer").integers(least, most + 1, ORDERS) * (
            rng(f"{stage} late").random(ORDERS) < share
        )
    feasible = begin + planned[: DELIVERY + 1].sum(axis=0) + RESERVE
    early = rng("early").random(ORDERS) < plan.early
    promised = feasible + np.where(early, -rng("taken").choice(TAKEN, ORDERS), rng("added").choice(ADDED, ORDERS))
    return Made(begin, planned, longer, promised, feasible)


def stage_rows(made: Made) -> pl.DataFrame:
    """One row per stage of each order, as it stands in the file.

    What was promised and what was feasible stand where it was promised and where it had to be kept.
    """
    planned, finished = made.ends(np.zeros_like(made.longer)), made.ends(made.longer)
    number = np.arange(ORDERS)
    parts = [
        pl.DataFrame(
            {
                "number": number,
                "place": place,
                "stage": stage,
                "department": department,
                "planned_at": planned[place],
                "finished_at": finished[place],
                "promised_at": made.promised,
                "feasible_at": made.feasible,
            }
        ).with_columns(pl.when(stage in ("promise", "delivery")).then(pl.col("promised_at", "feasible_at")))
        for place, (stage, department) in enumerate(STAGES)
    ]
    times = ("planned_at", "finished_at", "promised_at", "feasible_at")
    return (
        pl.concat(parts)
        .sort("number", "place")
        .select(
            pl.format("MO{}", pl.col("number") + 10_001).alias("order"),
            "stage",
            "department",
            *(
                (pl.col(time) * HOUR_US + FIRST_US).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:00Z")
                for time in times
            ),
        )
    )
