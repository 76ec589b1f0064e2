"""What happens in a company, played call by call for all objects of a flow at once: messages and holds."""

from datetime import datetime

import numpy as np
import polars as pl
from drawing.companies import Call, Company

from integrhealth.language.schema import conform

OK, FAILED, TIMEOUT, REJECTED, CANCELLED = range(5)
STATUS = ("ok", "failed", "timeout", "rejected", "cancelled")
CODES = ("", "internal_error", "timeout", "payment_declined", "upstream_failed")
TIMEOUT_SECONDS = 5.0
MOMENTS = ("sent_at", "received_at", "finished_at", "answered_at")


def arrivals(company: Company, roots: int, rng: np.random.Generator, *, nightly: bool = False) -> np.ndarray:
    """Moments of a Poisson process with the rhythm of the day and the week, and of Christmas where there is a peak."""
    hours = np.arange(company.days * 24)
    of_day, day = hours % 24, hours // 24
    rhythm = np.exp(-(((of_day - 14) / 5) ** 2)) + 0.05
    if nightly:
        rhythm = (of_day == 2).astype(float)
    else:
        rhythm = rhythm * np.where(day % 7 >= 5, 0.5, 1.0)
        if company.peak:
            rhythm = rhythm * np.where(day >= company.days - 7, 2.5, 1.0)
    counts = rng.poisson(roots * rhythm / rhythm.sum())
    at = np.repeat(hours, counts) * 3600.0 + rng.random(counts.sum()) * 3600
    return np.sort(at)


class Play:
    """What has happened so far. `begin` plays a flow; `messages` and `holds` are what the logs say of all."""

    def __init__(self, company: Company, rng: np.random.Generator) -> None:
        self.company, self.rng = company, rng
        self.parts: list[pl.DataFrame] = []
        self.held: list[pl.DataFrame] = []
        self.count = 0

    def begin(self, call: Call, at: np.ndarray, objects: np.ndarray, *, object_type: str, run: str) -> None:
        """`call`, and all that it leads to, at these moments for the numbered objects; `run` names the traces."""
        self.labels = {"object_type": object_type, "run": run}
        self._tried(call, at, np.arange(at.size), objects, np.full(at.size, -1))

    def _tried(
        self, call: Call, at: np.ndarray, traces: np.ndarray, objects: np.ndarray, parents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """When the last attempt ended, and how; after a failure the next one comes later, by random amounts."""
        ended, status = at.copy(), np.full(at.size, OK)
        waiting, due = np.arange(at.size), at.copy()
        for attempt in range(1, call.retries + 2):
            if not waiting.size:
                break
            done, result = self._attempted(
                call, due[waiting], traces[waiting], objects[waiting], parents[waiting], attempt
            )
            ended[waiting], status[waiting] = done, result
            pause = 5.0 if call.constant_pause else self.rng.uniform(0.2, 2.0 * 2**attempt, waiting.size)
            due[waiting] = done + pause
            waiting = waiting[(result == FAILED) | (result == TIMEOUT)]
        return ended, status

    def _attempted(
        self, call: Call, sent: np.ndarray, traces: np.ndarray, objects: np.ndarray, parents: np.ndarray, attempt: int
    ) -> tuple[np.ndarray, np.ndarray]:
        rng, n = self.rng, sent.size
        ids = self.count + np.arange(n)
        self.count += n
        work = call.work_seconds * rng.lognormal(0, 0.5, n)
        way = rng.lognormal(np.log(0.004), 0.4, (2, n))
        if call.kind == "queue":
            way[0] *= 75
        own = rng.random(n) < self._failing(call, sent)
        status = np.where(own, np.where(rng.random(n) < 0.4, TIMEOUT, FAILED), OK)
        status[~own & (rng.random(n) < call.declined)] = REJECTED
        code = status.copy()
        received = sent + way[0]
        if call.held:
            received, status = self._looked_at(call, received, status, ids)
        clock = received + np.where(own, 0.2, 0.5) * work
        for below in call.waits_for:
            goes_on = np.flatnonzero(status == OK)
            clock[goes_on], result = self._tried(below, clock[goes_on], traces[goes_on], objects[goes_on], ids[goes_on])
            fails = goes_on[(result == FAILED) | (result == TIMEOUT)]
            status[fails], code[fails] = FAILED, CANCELLED
            if not self.company.handles_declines:
                declined = goes_on[result == REJECTED]
                status[declined], code[declined] = REJECTED, REJECTED
        finished = clock + np.where(own, 0.0, 0.5) * work
        answered = finished + way[1]
        finished[status == TIMEOUT] = np.nan
        answered[status == TIMEOUT] = sent[status == TIMEOUT] + TIMEOUT_SECONDS
        self._written(call, ids, traces, objects, parents, attempt, status, code, (sent, received, finished, answered))
        self._sent_away(call, finished + 0.01, traces, objects, ids, status == OK)
        return answered, status

    def _sent_away(
        self, call: Call, ready: np.ndarray, traces: np.ndarray, objects: np.ndarray, ids: np.ndarray, goes: np.ndarray
    ) -> None:
        """What follows the answer. Behind a checkpoint, which comes first, only what it let through is sent on."""
        for away in call.then:
            goes_on = np.flatnonzero(goes)
            ended, result = self._tried(away, ready[goes_on], traces[goes_on], objects[goes_on], ids[goes_on])
            if away.held:
                ready[goes_on] = ended
                goes[goes_on[result == CANCELLED]] = False

    def _failing(self, call: Call, sent: np.ndarray) -> np.ndarray:
        stays = np.full(sent.size, 1 - call.fails)
        for outage in self.company.outages:
            if outage.system == call.target:
                stays[(sent >= outage.begins) & (sent < outage.ends)] *= 1 - outage.share
        return 1 - stays

    def _looked_at(
        self, call: Call, received: np.ndarray, status: np.ndarray, ids: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Some messages wait for a person, who lets most of them through after some minutes."""
        rng = self.rng
        held = np.flatnonzero((status == OK) & (rng.random(ids.size) < call.held))
        released = received[held] + 60 + rng.lognormal(np.log(600), 0.6, held.size)
        bad = rng.random(held.size) < 0.04
        self.held.append(
            pl.DataFrame({"message": ids[held], "held": received[held], "released": released, "was_bad": bad})
        )
        received, status = received.copy(), status.copy()
        received[held], status[held[bad]] = released, CANCELLED
        return received, status

    def _written(self, call, ids, traces, objects, parents, attempt, status, code, times) -> None:
        sent, received, finished, answered = times
        here, there = self.company.clocks[call.source], self.company.clocks[call.target]
        if call.kind == "queue":
            answered = sent + 0.004
        elif call.kind != "request":
            answered = np.full(sent.size, np.nan)
        if call.seen == "sender":
            received, finished = np.full(sent.size, np.nan), np.full(sent.size, np.nan)
        self.parts.append(
            pl.DataFrame(
                {"id": ids, "parent": parents, "trace": traces, "object": objects, "status": status, "code": code}
                | dict(zip(MOMENTS, (sent + here, received + there, finished + there, answered + here), strict=True))
            ).with_columns(
                attempt=pl.lit(attempt, pl.Int64),
                integration=pl.lit(call.integration),
                source=pl.lit(call.source),
                target=pl.lit(call.target),
                operation=pl.lit(call.operation),
                kind=pl.lit(call.kind),
                checkpoint=pl.lit("credit check" if call.held else None, pl.String),
                object_type=pl.lit(self.labels["object_type"]),
                run=pl.lit(self.labels["run"]),
            )
        )

    def messages(self) -> pl.DataFrame:
        """All that was logged of calls, in canonical columns, by the clocks of those who wrote."""
        written = pl.concat(self.parts)
        return conform(
            written.with_columns(
                message_id=pl.format("m{}", "id"),
                parent_id=pl.when(pl.col("parent") >= 0).then(pl.format("m{}", "parent")),
                trace_id=pl.format("{}-{}", "run", "trace"),
                object_id=pl.format("{}-{}", "object_type", "object"),
                status=pl.col("status").replace_strict(dict(enumerate(STATUS)), return_dtype=pl.String),
                error_code=pl.when(pl.col("code") > 0).then(
                    pl.col("code").replace_strict(dict(enumerate(CODES)), return_dtype=pl.String)
                ),
                **{name: at(self.company.start, name) for name in MOMENTS},
            ),
            "messages",
        )

    def holds(self) -> pl.DataFrame:
        """One row per message that waited for a person."""
        schema = {"message": pl.Int64, "held": pl.Float64, "released": pl.Float64, "was_bad": pl.Boolean}
        rows = pl.concat([pl.DataFrame(schema=schema), *self.held])
        return conform(
            rows.select(
                message_id=pl.format("m{}", "message"),
                checkpoint=pl.lit("credit check"),
                held_at=at(self.company.start, "held"),
                released_at=at(self.company.start, "released"),
                decision=pl.when("was_bad").then(pl.lit("rejected")).otherwise(pl.lit("approved")),
                was_bad="was_bad",
            ),
            "holds",
        )


def at(start: datetime, column: str) -> pl.Expr:
    """Seconds since the start as a moment; no number is no moment."""
    seconds = pl.col(column).fill_nan(None)
    return pl.lit(start) + pl.duration(microseconds=(seconds * 1e6).cast(pl.Int64))
