"""From journeys to records: one row per try of each step, as the tools saw it, not yet written in their formats."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.companies import Company
from integrhealth.sample.journeys.flow import Flow, Plan, begun
from integrhealth.sample.journeys.mechanisms import MECHANISMS
from integrhealth.sample.journeys.schedule import Schedule, schedule
from integrhealth.sample.journeys.texts import NO_FAULT, TIMED_OUT
from integrhealth.sample.landscape import JOURNEYS, SYSTEMS
from integrhealth.sample.season import days, event_counts, start_times

# Prefix of the business object's number, and whether it carries an amount.
OBJECTS = {
    "order": ("SO", True),
    "delivery": ("DL", False),
    "shipment": ("SH", False),
    "invoice": ("RE", True),
    "payment": ("ZA", True),
    "return": ("RT", True),
    "customer": ("C", False),
    "case": ("CS", False),
    "enquiry": ("AN", False),
    "stock": ("SKU", False),
    "production_order": ("PO", False),
    "purchase_order": ("BE", True),
    "lot": ("LO", False),
    "extract": ("EX", False),
    "plan": ("PL", False),
    "statement": ("ST", False),
    "price_list": ("PR", False),
}
# How many different ones there are, where the events do not make new ones.
STANDING = {"customer": 4999, "stock": 811}
MESSAGES_AT_ONCE = 150_000


@dataclass(frozen=True)
class Chunk:
    """Days of one month that are simulated together, and how many journeys of each name begin on each of them."""

    month: str
    first_day: int
    counts: dict[str, NDArray]
    numbers: dict[str, int]


def chunks(messages: int, seed: int) -> Iterator[Chunk]:
    """The ninety days in pieces of whole days inside one month, small enough for memory."""
    counts = event_counts(messages, seed)
    load = sum(counts[journey.name] * journey.expected_messages for journey in JOURNEYS)
    groups: list[tuple[str, int]] = []
    part, size, month = 0, 0.0, None
    for number, day in enumerate(days()):
        if day.month != month or size + load[number] > MESSAGES_AT_ONCE:
            part, size, month = part + 1, 0.0, day.month
        size += load[number]
        groups.append((_month(day), part))
    first_number = dict(zip(counts, np.cumsum([0, *(c.sum() for c in counts.values())])[:-1], strict=True))
    for (label, _), members in groupby(enumerate(groups), key=lambda item: item[1]):
        numbers = [number for number, _ in members]
        first, last = numbers[0], numbers[-1] + 1
        yield Chunk(
            month=label,
            first_day=first,
            counts={name: count[first:last] for name, count in counts.items()},
            numbers={name: int(first_number[name] + count[:first].sum()) for name, count in counts.items()},
        )


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def flows(chunk: Chunk, company: Company, seed: int) -> Iterator[Flow]:
    """The journeys of a chunk, kind by kind, after all mechanisms."""
    for journey in JOURNEYS:
        per_day = chunk.counts[journey.name]
        if per_day.sum() == 0:
            continue
        where = (company.key, journey.name, chunk.first_day)
        started = start_times(journey.calendar, per_day, chunk.first_day, stream(seed, "start", *where))
        number = chunk.numbers[journey.name] + np.arange(started.size)
        flow = begun(Plan(journey, company), number, started, company.retrying.most)
        for mechanism in MECHANISMS:
            flow = mechanism(flow, stream(seed, mechanism.__name__, *where))
        yield flow


def step_table(company: Company) -> pl.DataFrame:
    """One row per step of any journey, numbered by `step`: what its records have in common."""
    rows = []
    for journey in JOURNEYS:
        plan = Plan(journey, company)
        for position, step in enumerate(journey.steps):
            source, target = journey.system_pair(position)
            object_type = journey.object_type(position)
            rows.append(
                {
                    "journey": journey.name,
                    "position": position,
                    "name": step.name,
                    "integration": step.integration,
                    "operation": step.operation,
                    "kind": plan.kinds[position],
                    "log": plan.logs[position],
                    "traced": journey.traced,
                    "source": source,
                    "target": target,
                    "outside": SYSTEMS[target][3],
                    "object_type": object_type,
                    "prefix": OBJECTS[object_type][0],
                    "standing": STANDING.get(object_type, 0),
                    "priced": OBJECTS[object_type][1],
                    "parent_position": plan.linked_parents[position],
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None).with_row_index("step")


FIRST_STEP = dict(
    zip(
        (journey.name for journey in JOURNEYS),
        np.cumsum([0, *(len(journey.steps) for journey in JOURNEYS)])[:-1].tolist(),
        strict=True,
    )
)


def records(flow: Flow, amount: NDArray) -> pl.DataFrame:
    """One row per try, in the order of steps, journeys, tries; what sampling dropped is not there."""
    times = schedule(flow)
    kept = flow.happens & ~flow.sampled_away
    step, journey = np.nonzero(kept)
    last = _rows(flow, times, step, journey, amount) | {
        "attempt": flow.retries[step, journey] + 1,
        "sent_us": times.sent_us[step, journey],
        "received_us": times.received_us[step, journey],
        "finished_us": times.finished_us[step, journey],
        "answered_us": times.answered_us[step, journey],
        "failed": flow.failed[step, journey],
        "fault": flow.fault[step, journey],
        "timed_out": flow.fault[step, journey] == TIMED_OUT,
        "fallback": flow.fallback[step, journey],
    }
    frames = [pl.DataFrame(last)]
    passed_ms = np.zeros(flow.shape)
    for attempt in range(int(flow.retries.max(initial=0))):
        step, journey = np.nonzero(kept & (flow.retries > attempt))
        begins = times.sent_us[step, journey] - _us(times.before_ms[step, journey] - passed_ms[step, journey])
        frames.append(
            pl.DataFrame(_rows(flow, times, step, journey, amount) | _try(flow, begins, step, journey, attempt))
        )
        passed_ms += flow.try_ms + flow.gap_ms[:, :, attempt]
    return pl.concat(frames)


def _rows(flow: Flow, times: Schedule, step: NDArray, journey: NDArray, amount: NDArray) -> dict[str, NDArray]:
    parents = np.array(flow.plan.linked_parents)[step]
    parent_attempt = np.where(parents >= 0, flow.retries[parents, journey] + 1, 0)
    return {
        "step": (FIRST_STEP[flow.plan.journey.name] + step).astype(np.uint32),
        "number": flow.number[journey],
        "parent_attempt": parent_attempt,
        "amount": amount[journey],
    }


def _try(flow: Flow, begins: NDArray, step: NDArray, journey: NDArray, attempt: int) -> dict[str, NDArray]:
    """A try that failed: it took try_ms; queues acknowledge at once and fail later."""
    wire = _us(flow.wire_ms[step, journey])
    ends = begins + _us(flow.try_ms[step, journey])
    queued = np.array([kind == "queue" for kind in flow.plan.kinds])[step]
    received = np.minimum(begins + np.where(queued, 3 * wire, wire), ends)
    return {
        "attempt": np.full(step.size, attempt + 1),
        "sent_us": begins,
        "received_us": received,
        "finished_us": np.where(queued, ends, np.maximum(ends - wire, received)),
        "answered_us": np.where(queued, np.minimum(begins + 2 * wire, ends), ends),
        "failed": np.ones(step.size, bool),
        "fault": flow.try_fault[step, journey],
        "timed_out": np.zeros(step.size, bool),
        "fallback": np.zeros(step.size, bool),
    }


def _us(milliseconds: NDArray) -> NDArray:
    return np.rint(milliseconds * 1000).astype(np.int64)


def named(rows: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """`rows` with what their steps have in common, and the number of the business object."""
    standing = pl.when(pl.col("standing") > 0).then(pl.col("number") * 7919 % pl.col("standing").replace(0, 1))
    serial = (standing.otherwise(pl.col("number")) + 100_000).cast(pl.String)
    return rows.join(steps, on="step", how="left", maintain_order="left").with_columns(
        object_id=pl.col("prefix") + serial,
        amount=pl.when("priced").then("amount"),
        caused=pl.col("failed") & (pl.col("fault") == NO_FAULT),
    )
