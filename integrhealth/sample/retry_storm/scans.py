"""Mechanism: a retry storm. Parcel scans on the evening of Black Friday, a short fault, and retries that keep it alive.

One server works off what waits for it. What finds no room is refused, and refusing costs work too, so that with enough
tries of everything nearly all work is spent on saying no (Bronson et al., HotOS 2021: a metastable failure). Company A
tries five more times at a fixed gap and stays down until somebody switches the retries off; company B tries three more
times with jitter that doubles, on a server with some room, and recovers as soon as the fault is over.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.landscape import Integration

SCANS = Integration(
    "parcel-scans", "Carrier", "Tracking", "experience", "request", "queue", "parcel_scans", 90.0, "scan"
)
STARTS, MINUTES = datetime(2025, 11, 28, 17, 50, tzinfo=UTC), 120
TRIGGER = (datetime(2025, 11, 28, 18, 40, tzinfo=UTC), datetime(2025, 11, 28, 18, 42, tzinfo=UTC))
# Scans a minute for each message asked for, and the work of a refusal against that of a scan.
SCANS_PER_MINUTE, REFUSAL = 1 / 6000, 0.17
# The server is full when so many seconds of work wait, at least so many scans.
ROOM_S, ROOM = 30, 2
DELIVERED, NOBODY_THERE, NO_ROOM = 0, 1, 2
SECOND_US, NEVER = 1_000_000, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Evening:
    """How a company takes its scans. ``capacity`` is how many its server could take for each that is sent.

    A refused scan is tried again at most ``most`` times: ``gap_s`` after the refusal, or after a random part of a gap
    that doubles with every try (full jitter). At ``switched_off`` somebody drops all that waits for a retry.
    """

    capacity: float
    gap_s: float
    most: int
    jitter: bool
    switched_off: datetime | None = None

    def gaps_us(self, attempt: NDArray, rng: np.random.Generator) -> NDArray:
        """The pause after each of these attempts."""
        grown = 2.0 ** (attempt - 1) * rng.random(attempt.size) if self.jitter else np.ones(attempt.size)
        return (self.gap_s * SECOND_US * grown).astype(np.int64)


EVENINGS = {
    "a": Evening(1.15, 5.0, 5, jitter=False, switched_off=datetime(2025, 11, 28, 18, 47, tzinfo=UTC)),
    "b": Evening(2.0, 60.0, 3, jitter=True),
}


@dataclass(frozen=True)
class Storm:
    """All attempts of one evening: arrays with one place per attempt; how each ended is its ``outcome``."""

    company: str
    scans_per_minute: float
    scan: NDArray
    attempt: NDArray
    sent_us: NDArray
    ended_us: NDArray
    outcome: NDArray


@dataclass
class Server:
    """Works off ``speed`` scans a second; ``waiting`` is the work it has, ``room`` how much may wait."""

    speed: float
    room: float
    waiting: float = 0.0

    def second(self, *, down: bool) -> None:
        """One second passes. While nobody answers, work piles up to the brim."""
        self.waiting = self.room if down else max(0.0, self.waiting - self.speed)

    def answers(self, attempts: int, rng: np.random.Generator, *, down: bool) -> tuple[NDArray, NDArray]:
        """How the attempts of one second end, and after how many seconds."""
        fits = np.arange(attempts) < int(self.room - self.waiting)
        outcome = np.full(attempts, NOBODY_THERE) if down else np.where(fits, DELIVERED, NO_ROOM)
        refused = outcome != DELIVERED
        done_s = (self.waiting + np.cumsum(~refused) - 1) / self.speed + 0.09
        self.waiting += 0.0 if down else float(np.where(refused, REFUSAL, 1.0).sum())
        return outcome, np.where(refused, 0.08 + 0.9 * rng.random(attempts) ** 3, done_s)


def storm(company: str, *, messages: int, seed: int) -> Storm:
    """The evening of one company, second by second, until nothing is left to be tried."""
    plan, rng = EVENINGS[company], stream(seed, "storm", company)
    opens, closes, begins = (us(moment) for moment in (*TRIGGER, STARTS))
    off = us(plan.switched_off) if plan.switched_off else None
    per_minute = messages * SCANS_PER_MINUTE
    speed = per_minute * plan.capacity / 60
    server, attempts = Server(speed, max(ROOM, speed * ROOM_S)), []
    # Parcels come off the belt one after the other, not at random.
    place = np.arange(round(per_minute * MINUTES))
    due = begins + ((place + rng.random(place.size)) * 60 * SECOND_US / per_minute).astype(np.int64)
    attempt = np.ones_like(place)
    for now in count(begins, SECOND_US):
        if (next_due := int(due.min())) == NEVER:
            break
        down = opens <= now < closes
        if now == off:
            due[attempt > 1], server.waiting = NEVER, 0.0
        server.second(down=down)
        if next_due >= now + SECOND_US:
            continue
        # Which of the attempts of one second find room is a matter of luck.
        scan = rng.permutation(np.flatnonzero(due < now + SECOND_US))
        outcome, took_s = server.answers(scan.size, rng, down=down)
        ended = due[scan] + (took_s * SECOND_US).astype(np.int64)
        attempts.append((scan, attempt[scan], due[scan], ended, outcome))
        again = (outcome != DELIVERED) & (attempt[scan] <= plan.most)
        due[scan] = np.where(again, ended + plan.gaps_us(attempt[scan], rng), NEVER)
        attempt[scan] += again
    return Storm(company, per_minute, *(np.concatenate(parts) for parts in zip(*attempts, strict=True)))


def us(moment: datetime) -> int:
    """Microseconds since 1970."""
    return int(moment.timestamp()) * SECOND_US
