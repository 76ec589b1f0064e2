"""When everything of a flow happens: calls contain the calls they wait for, queues run on after their parent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.journeys.flow import Flow
from integrhealth.sample.journeys.texts import NO_FAULT, TIMED_OUT

TIMEOUT_MS = 30_000.0
FAILING_FAST = 0.3


@dataclass(frozen=True)
class Schedule:
    """The times of the last try of each step (steps x journeys, microseconds), and how long its tries took before."""

    sent_us: NDArray
    received_us: NDArray
    finished_us: NDArray
    answered_us: NDArray
    before_ms: NDArray


def schedule(flow: Flow) -> Schedule:
    """The times of all steps.

    A request is worked on for its own work and the requests inside it, one after the other; a caller gives up after
    30 s while the receiver goes on a little. A queued message is sent when its parent is done, after a pause.
    """
    plan = flow.plan
    parents, kinds = plan.journey.parents, plan.kinds
    steps = range(len(kinds))
    timed_out = flow.fault == TIMED_OUT
    work = np.where((flow.fault != NO_FAULT) & ~timed_out, flow.work_ms * FAILING_FAST, flow.work_ms)
    tries = np.arange(flow.gap_ms.shape[2]) < flow.retries[:, :, None]
    before = np.where(tries, flow.gap_ms, 0.0).sum(axis=2) + flow.retries * flow.try_ms
    busy, taken = work.copy(), np.zeros(flow.shape)
    offset = np.zeros(flow.shape)
    for step in reversed(steps):
        busy[step] = np.where(timed_out[step], np.maximum(busy[step], TIMEOUT_MS + 20), busy[step])
        answer = np.where(timed_out[step], TIMEOUT_MS, busy[step] + 2 * flow.wire_ms[step])
        taken[step] = np.where(flow.happens[step], before[step] + answer, 0.0)
        if parents[step] >= 0 and kinds[step] == "request":
            busy[parents[step]] += taken[step]
    elapsed = np.zeros(flow.shape)
    for step in steps:
        parent = parents[step]
        if parent >= 0 and kinds[step] == "request":
            offset[step] = elapsed[parent] + work[parent] * 0.4
            elapsed[parent] += taken[step]
    sent, received, finished, answered = (np.zeros(flow.shape, np.int64) for _ in range(4))
    for step in steps:
        parent, wire = parents[step], flow.wire_ms[step]
        if parent < 0:
            start = flow.started_us
        elif kinds[step] in ("request", "internal"):
            start = received[parent] + _us(offset[step])
        else:
            start = finished[parent] + _us(1.0 + flow.pause_ms[step])
        sent[step] = start + _us(before[step])
        if kinds[step] == "queue":
            answered[step] = sent[step] + _us(2 * wire)
            received[step] = answered[step] + _us(flow.wait_ms[step])
            finished[step] = received[step] + _us(busy[step])
        elif kinds[step] == "request":
            received[step] = sent[step] + _us(wire)
            finished[step] = received[step] + _us(busy[step])
            answered[step] = np.where(timed_out[step], sent[step] + _us(TIMEOUT_MS), finished[step] + _us(wire))
        else:
            received[step] = sent[step]
            finished[step] = answered[step] = sent[step] + _us(busy[step])
    return Schedule(sent, received, finished, answered, before)


def _us(milliseconds: NDArray | float) -> NDArray:
    return np.rint(np.asarray(milliseconds) * 1000).astype(np.int64)
