"""Feeds that retry, drawn message by message: independent ones, and a server that falls behind."""

import heapq
from functools import cache

import numpy as np
import polars as pl
from drawing.frames import NOON

from integrhealth.analyses.error_propagation.retrying import questions
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform

CAPACITY, LOAD, MINUTES, TRIGGER = 800, 480, 20, (8, 10)


QUESTIONS = ("retries", "retry_storms", "retry_load", "retry_layers")


def tables(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What retries made of the messages of FRAME, by table."""
    evidence = Evidence(messages=frame)
    return {name: getattr(questions, name)(evidence) for name in QUESTIONS}


def feed(
    name: str = "feed",
    *,
    count: int = 1000,
    fails: float = 0.3,
    retries: int = 5,
    pause=lambda k, rng, n: 5.0,
    seed: int = 1,
) -> pl.DataFrame:
    """Messages four seconds apart, each tried again after PAUSE seconds until delivered or given up."""
    rng = np.random.default_rng(seed)
    alive, at, parts = np.arange(count), np.arange(count) * 4.0 + rng.random(count), []
    for k in range(1, retries + 2):
        failed, took = rng.random(alive.size) < fails, 0.1 + 0.8 * rng.random(alive.size)
        parts.append(pl.DataFrame({"order": alive, "attempt": k, "at": at, "took": took, "failed": failed}))
        waits = pause(k, rng, alive.size)
        alive, at = alive[failed], (at + took + waits)[failed]
    sent = pl.lit(NOON) + pl.duration(microseconds=(pl.col("at") * 1e6).cast(pl.Int64))
    done = sent + pl.duration(microseconds=(pl.col("took") * 1e6).cast(pl.Int64))
    return conform(
        pl.concat(parts).select(
            message_id=pl.format("{}-{}-{}", pl.lit(name), "order", "attempt"),
            integration=pl.lit(name), source=pl.lit("shop"), target=pl.lit("erp"), operation=pl.lit("book"),
            kind=pl.lit("request"), object_type=pl.lit("order"), object_id=pl.format("o{}", "order"),
            attempt=pl.col("attempt"), sent_at=sent, finished_at=done, answered_at=done,
            status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")),
        ),
        "messages",
    )  # fmt: skip


def full_jitter(k: int, rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(0, 5 * 2**k, n)


@cache
def served(
    *, surge: float = 1.0, outage: bool = False, gap: float = 5.0, retries: int = 3, sheds: bool = False
) -> pl.DataFrame:
    """Twenty minutes of one server that works off requests in the order of their arrival.

    Whoever waits for ten seconds gives up and tries again after GAP seconds; the server does the work all the same,
    unless it SHEDS what would have to wait for more than five. In the two minutes of the trigger SURGE times as many
    come, or nobody answers (OUTAGE).
    """
    rng = np.random.default_rng(1)
    begins, ends = TRIGGER[0] * 60, TRIGGER[1] * 60
    due, at = [], 0.0
    while at < MINUTES * 60:
        at += rng.exponential(60 / (LOAD * (surge if begins <= at < ends else 1)))
        due.append((at, len(due), 1))
    free, rows = 0.0, []
    while due:
        at, order, attempt = heapq.heappop(due)
        if at > MINUTES * 60:
            break
        if outage and begins <= at < ends:
            status, answered = "failed", at + 0.1
        elif sheds and free > at + 5:
            status, answered = "timeout", at + 10
        else:
            free = max(at, free) + rng.exponential(60 / CAPACITY)
            status, answered = ("ok", free) if free <= at + 10 else ("timeout", at + 10)
        rows.append((order, attempt, at, answered, status))
        if status != "ok" and attempt <= retries:
            heapq.heappush(due, (answered + gap, order, attempt + 1))
    drawn = pl.DataFrame(rows, ["order", "attempt", "at", "answered", "status"], orient="row")
    moments = {
        name: pl.lit(NOON) + pl.duration(microseconds=(pl.col(column) * 1e6).cast(pl.Int64))
        for name, column in (("sent_at", "at"), ("answered_at", "answered"))
    }
    return conform(
        drawn.with_columns(
            message_id=pl.format("{}-{}", "order", "attempt"), integration=pl.lit("orders"), source=pl.lit("shop"),
            target=pl.lit("erp"), operation=pl.lit("book"), kind=pl.lit("request"), object_type=pl.lit("order"),
            object_id=pl.format("o{}", "order"), **moments,
        ),
        "messages",
    )  # fmt: skip


def by_minute(minutes: list[tuple[int, int, int]]) -> pl.DataFrame:
    """Per minute: so many new messages, so many of them delivered, so many retries of each of the others."""
    rows = []
    for minute, (new, good, tries) in enumerate(minutes):
        for i in range(new):
            status = "ok" if (i + 1) * good // new > i * good // new else "failed"
            for k in range(1 if status == "ok" else 1 + tries):
                rows.append((f"{minute}-{i}", k + 1, minute * 60 + i * 60 / new + k * 3, status))
    table = pl.DataFrame(rows, ["object_id", "attempt", "at", "status"], orient="row")
    sent = pl.lit(NOON) + pl.duration(milliseconds=(pl.col("at") * 1000).cast(pl.Int64))
    return conform(
        table.with_columns(
            message_id=pl.format("{}/{}", "object_id", "attempt"), integration=pl.lit("orders"), source=pl.lit("a"),
            target=pl.lit("b"), sent_at=sent, finished_at=sent, object_type=pl.lit("order"),
        ),
        "messages",
    )  # fmt: skip
