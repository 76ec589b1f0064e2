"""Orders with their stages, as rows of the canonical frame: hours after a Monday morning."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import polars as pl

from integrhealth.language.schema import conform

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(hours: float | None) -> datetime | None:
    return None if hours is None else MONDAY + timedelta(hours=hours)


def order(name: str, *stages: tuple, promised: float | None, feasible: float | None = None) -> list[dict]:
    """One order; each of the STAGES is stage, department, planned end, actual end (None: not yet)."""
    return [
        {
            "order": name,
            "stage": stage,
            "department": department,
            "planned_at": at(planned),
            "finished_at": at(finished),
            "promised_at": at(promised),
            "feasible_at": at(feasible),
        }
        for stage, department, planned, finished in stages
    ]


def frame(*orders: list[dict]) -> pl.DataFrame:
    """Orders as a canonical frame."""
    rows = [row for each in orders for row in each]
    return conform(pl.DataFrame(rows, infer_schema_length=None), "stages")


def plant(
    orders: int,
    seed: int,
    *,
    slips: dict[str, float],
    hours: float = 20,
    slack: float = 10,
    early: float = 0.0,
    noise: float = 0.0,
) -> pl.DataFrame:
    """Orders through production, logistics and finance, one after the other, each planned to take two days.

    Each of SLIPS takes so many HOURS longer in its share of the orders, and NOISE hours at most in all of them. What
    is promised lies SLACK hours after the planned delivery; sales promises HOURS earlier in the share EARLY.
    """
    rng = np.random.default_rng(seed)
    begins = np.sort(rng.uniform(0, 24 * 90, orders))
    promised_early = rng.random(orders) < early
    rows, planned, done = [], begins.copy(), begins.copy()
    for stage, department in (("make", "production"), ("ship", "logistics"), ("invoice", "finance")):
        planned = planned + 48
        slipped = (rng.random(orders) < slips.get(department, 0)) * hours + rng.uniform(0, 1, orders) * noise
        done = done + 48 + slipped
        rows.append((stage, department, planned, done))
    feasible = rows[1][2] + slack
    promised = feasible - promised_early * hours
    times = {"promised_at": promised, "feasible_at": feasible}
    parts = [
        pl.DataFrame({"order": [f"O{number}" for number in range(orders)]}).with_columns(
            stage=pl.lit(stage),
            department=pl.lit(department),
            **{
                name: pl.lit(MONDAY) + pl.duration(seconds=pl.Series((value * 3600).round().astype(np.int64)))
                for name, value in (times | {"planned_at": ends, "finished_at": actual}).items()
            },
        )
        for stage, department, ends, actual in rows
    ]
    return conform(pl.concat(parts), "stages")


def late_hours(stages: list[tuple], promised: float, feasible: float, happened: set[str]) -> float:
    """By how many hours an order is late with the stages of the departments that HAPPENED, by loops from the words.

    A stage waits for those planned earlier that did not end later than it. As planned it begins with its planned start
    or when they are done; as it happened it takes the time since they were done, and where that was early, any time
    from then to its planned start may be when it began: the one closest to plan.
    """
    done = {}
    for stage, department, planned, finished in sorted(stages, key=lambda each: each[2]):
        before = [each for each in stages if each[2] < planned and each[3] <= finished]
        if not before:
            done[stage] = finished if department in happened else planned
            continue
        planned_start, ready = max(each[2] for each in before), max(each[3] for each in before)
        start, takes = planned_start, planned - planned_start
        if department in happened and ready >= planned_start:
            takes = finished - ready
        elif department in happened:
            # Begun when the others were done, on the planned start, or so that it took as long as planned.
            begun = [each for each in (ready, planned_start, finished - takes) if ready <= each <= planned_start]
            start = min(begun, key=lambda each: abs(finished - each - takes))
            takes = finished - start
        done[stage] = max(start, *(done[each[0]] for each in before)) + takes
    return max(0.0, max(done.values()) - (promised if "sales" in happened else max(promised, feasible)))


def by_permutations(departments: list[str], value) -> dict[str, float]:
    """What each of the DEPARTMENTS adds to VALUE (of a set of departments), averaged over all their orders."""
    sums, orders = dict.fromkeys(departments, 0.0), list(permutations(departments))
    for arrived in orders:
        for place, department in enumerate(arrived):
            before = set(arrived[:place])
            sums[department] += value(before | {department}) - value(before)
    return {department: total / len(orders) for department, total in sums.items()}


def pair_by_permutations(departments: list[str], one: str, other: str, value) -> float:
    """What ONE and OTHER add together beyond what each adds alone, over all orders in which they arrive as one."""
    arriving = [*(each for each in departments if each not in (one, other)), None]
    total, orders = 0.0, list(permutations(arriving))
    for arrived in orders:
        before = set(arrived[: arrived.index(None)])
        total += value(before | {one, other}) - value(before | {one}) - value(before | {other}) + value(before)
    return total / len(orders)
