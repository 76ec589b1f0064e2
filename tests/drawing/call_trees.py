"""Traces through a random tree of systems, in which one may be ill from a moment on: messages by the textbook process.

A call reaches a system after half of its time on the way, works exponentially, calls each system below with a chance,
and answers after the other half. Nothing of this is taken from the analyses that are asked about it.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import conform

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SYSTEMS, MINUTES, ILL_MINUTES = 12, 90, 8
NAMES = [f"s{place:02}" for place in range(SYSTEMS)]


class Landscape:
    """A tree of systems and its traffic, seventy quiet minutes before AT and some after; then make it ill, and look."""

    def __init__(self, seed: int, *, every_seconds: float = 6.0) -> None:
        self.random = random = np.random.default_rng(seed)
        self.parent = [None, *(int(random.integers(0, place)) for place in range(1, SYSTEMS))]
        count = int(MINUTES * 60 / every_seconds)
        self.start = np.sort(random.uniform(-70 * 60, (MINUTES - 70) * 60, count))
        self.draw(count)

    def draw(self, count: int) -> None:
        """What every trace would do and take on its own, in milliseconds."""
        random = self.random
        self.ill = (self.start >= 0) & (self.start < ILL_MINUTES * 60)
        self.taken = random.random((SYSTEMS, count)) < 0.8
        self.own = random.exponential(random.uniform(5, 40, SYSTEMS)[:, None], (SYSTEMS, count))
        self.way = random.exponential(random.uniform(1, 4, SYSTEMS)[:, None], (SYSTEMS, count))
        self.failed = random.random((SYSTEMS, count)) < 0.001

    def below(self, system: int) -> list[int]:
        return [place for place in range(SYSTEMS) if self.parent[place] == system]

    def edges(self, system: int) -> list[int]:
        """Every edge of a system by its lower end."""
        return [*self.below(system), *([] if self.parent[system] is None else [system])]

    def peak(self, times: int) -> None:
        """Traffic rises to so many times its usual in the ill minutes, and all that is done takes twice as long."""
        first = self.random.uniform(0, ILL_MINUTES * 60, int((times - 1) * self.ill.sum()))
        self.start = np.sort(np.concatenate([self.start, first]))
        self.draw(len(self.start))
        self.own[:, self.ill] *= 2
        self.way[:, self.ill] *= 2

    def messages(self, view: str = "both", skew_ms: float = 0.0) -> pl.DataFrame:
        """The traces as messages: seen from `both` sides, by the `caller` or by the `callee` only."""
        count = len(self.start)
        reached = np.zeros((SYSTEMS, count), bool)
        whole = np.zeros((SYSTEMS, count))
        for system in range(SYSTEMS):
            above = self.parent[system]
            reached[system] = True if above is None else reached[above] & self.taken[system]
        for system in reversed(range(SYSTEMS)):
            whole[system] = self.own[system]
            for child in self.below(system):
                whole[system] += np.where(reached[child], whole[child] + self.way[child], 0)
        sent, received = np.zeros((SYSTEMS, count)), np.zeros((SYSTEMS, count))
        broken = self.failed & reached
        for system in reversed(range(SYSTEMS)):
            for child in self.below(system):
                broken[system] |= broken[child]
        for system in range(SYSTEMS):
            above = self.parent[system]
            sent[system] = self.start * 1000 if above is None else sent[system]
            received[system] = sent[system] + (0 if above is None else self.way[system] / 2)
            at = received[system] + self.own[system] / 2
            for child in self.below(system):
                sent[child] = at
                at = at + np.where(reached[child], whole[child] + self.way[child], 0)
        clock = self.random.uniform(-skew_ms, skew_ms, SYSTEMS)
        frames = [
            self._rows(
                system, reached[system], sent[system], received[system], whole[system], broken[system], clock, view
            )
            for system in range(SYSTEMS)
        ]
        return conform(pl.concat(frames), "messages")

    def _rows(
        self,
        system: int,
        reached: NDArray,
        sent: NDArray,
        received: NDArray,
        whole: NDArray,
        broken: NDArray,
        clock: NDArray,
        view: str,
    ) -> pl.DataFrame:
        above, place = self.parent[system], np.flatnonzero(reached)
        outer = clock[system if above is None else above]
        back = received[place] + whole[place] + (0 if above is None else self.way[system][place] / 2)
        times = {
            "sent_at": sent[place] + outer,
            "received_at": received[place] + clock[system],
            "finished_at": received[place] + whole[place] + clock[system],
            "answered_at": back + outer,
        }
        if view == "callee":
            times |= {"sent_at": times["received_at"], "answered_at": times["finished_at"]}
        elif view == "caller":
            times = {"sent_at": times["sent_at"], "answered_at": times["answered_at"]}
        rows = pl.DataFrame({"place": place, **times, "failed": broken[place]})
        parent = pl.lit(None, pl.String) if above is None else pl.format("{}-{}", pl.lit(NAMES[above]), "place")
        return rows.select(
            message_id=pl.format("{}-{}", pl.lit(NAMES[system]), "place"),
            parent_id=parent,
            trace_id=pl.format("t{}", "place"),
            source=pl.lit("user" if above is None else NAMES[above]),
            target=pl.lit(NAMES[system]),
            operation=pl.lit("do"),
            kind=pl.lit("request"),
            status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")),
            **{name: pl.lit(AT) + pl.duration(microseconds=(pl.col(name) * 1000).cast(pl.Int64)) for name in times},
        )
