"""Many journeys of one kind at once: arrays with one row per step and one column per journey."""

from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.companies import Company
from integrhealth.sample.landscape import Journey

# Kinds whose sender waits: a failed child is the cause of its parent. For the others the parent is the cause.
WAITED_FOR = ("request", "internal")


@dataclass(frozen=True)
class Plan:
    """A journey as one company runs it: the kinds of its steps and which step's failure causes which."""

    journey: Journey
    company: Company

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.journey.kind_of(step, self.company.key) for step in range(len(self.journey.steps)))

    @cached_property
    def logs(self) -> tuple[str, ...]:
        return tuple(self.journey.log_of(step) for step in range(len(self.journey.steps)))

    @cached_property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.journey.system_pair(step)[1] for step in range(len(self.journey.steps)))

    @cached_property
    def linked_parents(self) -> tuple[int, ...]:
        """The parent of each step that the logs name, or -1: a parent recorded by another tool is not named."""
        parents = self.journey.parents
        return tuple(
            parent if parent >= 0 and self.logs[parent] == self.logs[step] else -1
            for step, parent in enumerate(parents)
        )

    @cached_property
    def causes(self) -> tuple[tuple[int, ...], ...]:
        """For each step the steps whose failure can be its cause."""
        causes_of: list[list[int]] = [[] for _ in self.kinds]
        for step, parent in enumerate(self.linked_parents):
            if parent < 0:
                continue
            if self.kinds[step] in WAITED_FOR:
                causes_of[parent].append(step)
            else:
                causes_of[step].append(parent)
        return tuple(tuple(causes) for causes in causes_of)

    @cached_property
    def causal_order(self) -> tuple[int, ...]:
        """The steps, causes first."""
        return tuple(TopologicalSorter(dict(enumerate(self.causes))).static_order())


@dataclass(frozen=True)
class Flow:
    """What happens in one batch of journeys of one kind; each mechanism returns it with its part filled in.

    All arrays but the first two are steps x journeys. ``retries`` counts the tries before the last one, all of
    which failed; ``gap_ms`` (steps x journeys x try) is the pause after each. ``fault`` numbers the step's own
    failure in ALL_FAULTS, ``failed`` is that or one passed on, ``cut`` steps were never sent because the one before
    was lost, ``fallback`` were served by the fallback.
    """

    plan: Plan
    number: NDArray
    started_us: NDArray
    happens: NDArray
    work_ms: NDArray
    wire_ms: NDArray
    pause_ms: NDArray
    wait_ms: NDArray
    retries: NDArray
    gap_ms: NDArray
    try_ms: NDArray
    fault: NDArray
    try_fault: NDArray
    failed: NDArray
    fallback: NDArray
    sampled_away: NDArray

    @property
    def shape(self) -> tuple[int, int]:
        return self.happens.shape


def begun(plan: Plan, number: NDArray, started_us: NDArray, tries: int) -> Flow:
    """The journeys before anything has happened to them."""
    shape = (len(plan.journey.steps), number.size)
    zeros, flags = np.zeros(shape), np.zeros(shape, bool)
    return Flow(
        plan=plan,
        number=number,
        started_us=started_us,
        happens=~flags,
        work_ms=zeros,
        wire_ms=zeros,
        pause_ms=zeros,
        wait_ms=zeros,
        retries=np.zeros(shape, np.int64),
        gap_ms=np.zeros((*shape, tries)),
        try_ms=zeros,
        fault=np.zeros(shape, np.int64),
        try_fault=np.zeros(shape, np.int64),
        failed=flags,
        fallback=flags,
        sampled_away=flags,
    )
