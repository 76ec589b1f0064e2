"""What happens to the journeys, one function per mechanism. Each takes the flow and random numbers of its own.

MECHANISMS is their order. A new mechanism is a function and a line there; the others keep their random numbers.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.companies import ORIGINS, USUAL_ORIGIN
from integrhealth.sample.journeys.flow import Flow
from integrhealth.sample.journeys.schedule import schedule
from integrhealth.sample.journeys.spread import passing_shares
from integrhealth.sample.journeys.texts import ALL_FAULTS, FAULTS, NO_FAULT, OUT_OF_SERVICE, PASSING, TIMED_OUT
from integrhealth.sample.landscape import INTEGRATIONS

INTERNAL_WORK_MS = 35.0
SPREAD_OF_WORK = {"request": 0.45, "queue": 0.55, "batch": 0.35, "file": 0.4, "internal": 0.4}
TIMEOUT_SHARE = 0.12
FALLBACK_AFTER = 2


def branching(flow: Flow, rng: np.random.Generator) -> Flow:
    """Which optional steps happen: a step needs its parent."""
    steps, journeys = flow.shape
    drawn = rng.random((steps, journeys))
    happens = np.ones_like(flow.happens)
    for step, parent in enumerate(flow.plan.journey.parents):
        happens[step] = drawn[step] < flow.plan.journey.steps[step].probability
        if parent >= 0:
            happens[step] &= happens[parent]
    return replace(flow, happens=happens)


def latency(flow: Flow, rng: np.random.Generator) -> Flow:
    """How long everything takes: lognormal, by integration and kind."""
    plan = flow.plan
    median = [
        INTERNAL_WORK_MS if step.integration is None else INTEGRATIONS[step.integration].work_ms
        for step in plan.journey.steps
    ]
    spread = np.array([SPREAD_OF_WORK[kind] for kind in plan.kinds])[:, None]
    work = np.array(median)[:, None] * np.exp(spread * rng.standard_normal(flow.shape))
    wire = 4.0 * np.exp(0.5 * rng.standard_normal(flow.shape))
    after = np.array([step.after_s * 1000 for step in plan.journey.steps])[:, None]
    pause = after * np.exp(0.35 * rng.standard_normal(flow.shape))
    queued = np.array([kind == "queue" for kind in plan.kinds])[:, None]
    wait = np.where(queued, 60.0 * np.exp(0.9 * rng.standard_normal(flow.shape)), 0.0)
    return replace(flow, work_ms=work, wire_ms=wire, pause_ms=pause, wait_ms=wait)


def latency_step(flow: Flow, rng: np.random.Generator) -> Flow:
    """From a known moment one integration's receiver takes longer (or less)."""
    step_at = flow.plan.company.latency_step
    moment = step_at.at.timestamp() * 1e6
    sent_us = schedule(flow).sent_us
    work = flow.work_ms.copy()
    for step, planned in enumerate(flow.plan.journey.steps):
        if planned.integration == step_at.integration:
            work[step] *= np.where(sent_us[step] >= moment, step_at.factor, 1.0)
    return replace(flow, work_ms=work)


def retries(flow: Flow, rng: np.random.Generator) -> Flow:
    """Passing faults and the tries that follow: at a fixed gap, or growing with full jitter."""
    policy, plan = flow.plan.company.retrying, flow.plan
    first, again, try_ms, which = (rng.random(flow.shape) for _ in range(4))
    more = np.floor(np.log(np.maximum(again, 1e-12)) / np.log(policy.again_share)).astype(np.int64)
    retried = np.array([kind in ("request", "queue") for kind in plan.kinds])[:, None]
    count = np.where(retried & (first < policy.fault_share), np.minimum(1 + more, policy.most), 0)
    tries = flow.gap_ms.shape[2]
    growth = policy.first_gap_ms * 2.0 ** np.arange(tries)
    shape = (*flow.shape, tries)
    gap = np.maximum(growth * rng.random(shape), 50.0) if policy.jitter else np.full(shape, policy.first_gap_ms)
    weights = np.array([fault.weight for fault in PASSING])
    kind = np.searchsorted(np.cumsum(weights / weights.sum()), which, side="right")
    first_passing = OUT_OF_SERVICE + 1
    return replace(
        flow,
        retries=np.where(flow.happens, count, 0),
        gap_ms=gap,
        try_ms=80.0 + 900.0 * try_ms**3,
        try_fault=first_passing + np.minimum(kind, len(PASSING) - 1),
    )


def own_errors(flow: Flow, rng: np.random.Generator) -> Flow:
    """Errors that begin at a message: the system that had to do the work could not."""
    plan = flow.plan
    drawn, which, late = rng.random(flow.shape), rng.random(flow.shape), rng.random(flow.shape)
    fault = np.zeros(flow.shape, np.int64)
    for step, (kind, target) in enumerate(zip(plan.kinds, plan.targets, strict=True)):
        share = 0.0 if kind == "internal" else plan.company.error_share * ORIGINS.get(target, USUAL_ORIGIN)
        if share == 0.0:
            continue
        chosen = _fault_of(target, which[step])
        if kind == "request":
            chosen = np.where(late[step] < TIMEOUT_SHARE, TIMED_OUT, chosen)
        fault[step] = np.where(flow.happens[step] & (drawn[step] < share), chosen, NO_FAULT)
    return replace(flow, fault=fault)


def _fault_of(target: str, drawn: NDArray) -> NDArray:
    """The numbers of `target`'s faults, by their weights."""
    faults = FAULTS[target]
    first = next(number for number, fault in enumerate(ALL_FAULTS) if fault is faults[0])
    weights = np.cumsum([fault.weight for fault in faults])
    return first + np.minimum(np.searchsorted(weights / weights[-1], drawn, side="right"), len(faults) - 1)


def outage(flow: Flow, rng: np.random.Generator) -> Flow:
    """One system is away for some hours.

    Not absorbed: every try fails and nothing that would have followed is sent. Absorbed: queues hold the work until
    the system is back and hand it over within ten minutes; calls are answered by the fallback after two tries.
    """
    planned, plan = flow.plan.company.outage, flow.plan
    start, end = planned.start.timestamp() * 1e6, planned.end.timestamp() * 1e6
    sent = schedule(flow).sent_us
    drain = rng.random(flow.shape)
    hit = np.zeros(flow.shape, bool)
    wait, happens, counts, fault = flow.wait_ms.copy(), flow.happens.copy(), flow.retries.copy(), flow.fault.copy()
    fallback, try_fault = flow.fallback.copy(), flow.try_fault.copy()
    lost = np.zeros(flow.shape, bool)
    for step, (kind, target) in enumerate(zip(plan.kinds, plan.targets, strict=True)):
        parent = plan.journey.parents[step]
        if parent >= 0:
            lost[step] = lost[parent]
            happens[step] &= ~lost[parent]
        if target != planned.system or kind not in ("request", "queue"):
            continue
        hit[step] = happens[step] & (sent[step] >= start) & (sent[step] < end)
        if planned.absorbed and kind == "queue":
            held = (end - sent[step]) / 1000 + drain[step] * 600_000
            wait[step] = np.where(hit[step], held, wait[step])
            counts[step] = np.where(hit[step], 0, counts[step])
            continue
        counts[step] = np.where(
            hit[step], FALLBACK_AFTER if planned.absorbed else plan.company.retrying.most, counts[step]
        )
        try_fault[step] = np.where(hit[step], OUT_OF_SERVICE, try_fault[step])
        if planned.absorbed:
            fallback[step] = hit[step]
        else:
            fault[step] = np.where(hit[step], OUT_OF_SERVICE, fault[step])
            lost[step] |= hit[step]
    counts, fault = np.where(happens, counts, 0), np.where(happens, fault, NO_FAULT)
    return replace(
        flow, wait_ms=wait, happens=happens, retries=counts, fault=fault, fallback=fallback, try_fault=try_fault
    )


def spread(flow: Flow, rng: np.random.Generator) -> Flow:
    """Errors travel to what depends on them: each effect of a failed message fails with its system's passing share."""
    plan = flow.plan
    shares = passing_shares(plan.company)
    failed = flow.fault != NO_FAULT
    for step in plan.causal_order:
        for cause in plan.causes[step]:
            passed = rng.random(flow.shape[1]) < shares[plan.targets[step]]
            failed[step] |= passed & failed[cause]
        failed[step] &= flow.happens[step]
    return replace(flow, failed=failed)


def sampling(flow: Flow, rng: np.random.Generator) -> Flow:
    """The middleware keeps not every span of the factory and the status pages: their children lose their parent."""
    dropped = rng.random(flow.shape) < flow.plan.company.sampled_away
    thinned = flow.plan.journey.name in ("production", "purchase", "stock")
    return replace(flow, sampled_away=dropped & flow.happens & thinned)


MECHANISMS = (branching, latency, latency_step, retries, own_errors, outage, spread, sampling)
