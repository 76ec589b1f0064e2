"""Mechanism: master data entered by people, some of it wrong, sent on, detected and corrected by those who entered it.

Every value is entered once and, where it was wrong, corrected once; both travel the same way. The next value that a
person enters for the same object comes more than thirty days later, so that nothing but a correction looks like one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.companies import DAYS
from integrhealth.sample.master_data.feeds import CHECKPOINTS, FEEDS, Checkpoint, Feed
from integrhealth.sample.season import DAY_US, day_weights, start_times

MINUTE_US = 60_000_000
# Nobody touches master data in the two weeks before Christmas, nor so late that a correction would fall outside.
FREEZE, LAST_DAYS = slice(44, 57), 8
# One in ten objects gets a second value, long after the first was corrected.
AGAIN, AGAIN_US = 10, 37 * DAY_US
# One right value in twelve is written once more by a nightly job, which corrects nothing.
RELOADED = 12
# A wrong value has left its origin before anyone detects it.
SOONEST_US = MINUTE_US
Draws = Callable[[str], np.random.Generator]


@dataclass(frozen=True)
class Entries:
    """What was entered in one feed: arrays with one place per entry, in the order of entering.

    ``again`` counts the earlier entries of the same object ``number``. A wrong one is detected and corrected; the
    two times say nothing of a right one. ``held`` stopped at the checkpoint, ``caught`` were turned down there.
    ``route`` (edges x entries) says which ways the values take.
    """

    feed: Feed
    company: str
    entered_us: NDArray
    number: NDArray
    again: NDArray
    wrong: NDArray
    held: NDArray
    caught: NDArray
    detected_us: NDArray
    corrected_us: NDArray
    route: NDArray


@dataclass(frozen=True)
class Sent:
    """The messages by which one value of each entry travelled: edges x entries, in microseconds.

    ``there`` says which were sent. Where ``held``, the first waited from its ``sent_us`` until ``released_us``.
    """

    there: NDArray
    sent_us: NDArray
    received_us: NDArray
    finished_us: NDArray
    answered_us: NDArray
    held: NDArray
    released_us: NDArray


@dataclass(frozen=True)
class Fed:
    """One feed as it happened: its entries, the travels of what was entered first and of what corrected it."""

    entries: Entries
    first: Sent
    correction: Sent


def checkpoint_of(feed: Feed, company: str) -> Checkpoint | None:
    """The checkpoint that a company has on a feed."""
    return next((point for point in CHECKPOINTS[company] if point.feed == feed.name), None)


def feeds(company: str, *, messages: int, seed: int) -> list[Fed]:
    """What happened in the feeds of a company: about six messages for every hundred asked for."""
    return [_fed(feed, company, messages, seed) for feed in FEEDS]


def _fed(feed: Feed, company: str, messages: int, seed: int) -> Fed:
    def draws(purpose: str) -> np.random.Generator:
        return stream(seed, "master data", feed.name, company, purpose)

    entries = _entries(feed, company, round(messages * feed.entries), draws)
    everyone = np.ones_like(entries.wrong)
    first = _sent(entries, entries.entered_us, everyone, entries.held, draws("first"))
    detected = np.where(entries.caught, first.released_us, entries.detected_us)
    # Who is told by a reviewer has to look up the right value; who detected it alone knows it.
    repair_us = 3 * MINUTE_US * np.exp(0.5 * draws("repair").standard_normal(detected.size))
    corrected = detected + np.where(entries.caught, repair_us, 0).astype(np.int64)
    entries = replace(entries, detected_us=detected, corrected_us=corrected)
    point = checkpoint_of(feed, company)
    stamped = everyone & (point is not None and point.stamped)
    correction = _sent(entries, corrected, entries.wrong, stamped, draws("correction"))
    return Fed(entries, _stopped(first, entries), correction)


def _entries(feed: Feed, company: str, count: int, draws: Draws) -> Entries:
    weights = day_weights("office")
    weights[FREEZE] = weights[DAYS - LAST_DAYS :] = 0
    per_day = draws("days").multinomial(count, weights / weights.sum())
    entered = start_times("office", per_day, 0, draws("start"))
    again, earlier = _again(entered)
    wrong = _some(np.ones(count, bool), feed.wrong[company], draws("wrong"))
    point = checkpoint_of(feed, company)
    caught = _some(wrong, point.caught, draws("caught")) if point else np.zeros(count, bool)
    held = caught | _some(~wrong, point.held_right, draws("held")) if point else caught
    detected = entered + np.maximum(_detection_us(feed, count, draws("notice")), SOONEST_US)
    ways = np.array([edge.probability for edge in feed.edges])[:, None]
    return Entries(
        feed=feed,
        company=company,
        entered_us=entered,
        number=np.where(again, earlier, np.arange(count)),
        again=again,
        wrong=wrong,
        held=np.ones(count, bool) if point and point.stamped else held,
        caught=caught,
        detected_us=detected,
        corrected_us=detected,
        route=draws("route").random((len(feed.edges), count)) < ways,
    )


def _again(entered_us: NDArray) -> tuple[NDArray, NDArray]:
    """Which entries are the second of their object, and the place of the first."""
    place, back = np.arange(entered_us.size), entered_us.size // 2 // AGAIN * AGAIN
    earlier = np.maximum(place - back, 0)
    turn = (place % AGAIN == 3) & (place >= back) & (place < 2 * back)
    return turn & (entered_us - entered_us[earlier] > AGAIN_US), earlier


def _some(among: NDArray, share: float, rng: np.random.Generator) -> NDArray:
    """Exactly that share of the true places of `among`, drawn."""
    places = rng.permutation(np.flatnonzero(among))
    chosen = np.zeros_like(among)
    chosen[places[: round(places.size * share)]] = True
    return chosen


def _detection_us(feed: Feed, count: int, rng: np.random.Generator) -> NDArray:
    """How long it takes people to detect that what they entered is wrong."""
    if feed.detected_hours is not None:
        low, high = feed.detected_hours
        minutes = 60 * (low + (high - low) * rng.random(count))
    else:
        minutes = feed.half_life_minutes / np.log(2) * rng.exponential(size=count)
    return (minutes * MINUTE_US).astype(np.int64)


def _sent(entries: Entries, begun_us: NDArray, sends: NDArray, held: NDArray, rng: np.random.Generator) -> Sent:
    """The travels of the values written at `begun_us`: each edge after the one before, the first after its review."""
    feed, shape = entries.feed, entries.route.shape
    point = checkpoint_of(feed, entries.company)
    pause, wire, work, wait = (np.exp(spread * rng.standard_normal(shape)) for spread in (0.35, 0.5, 0.5, 0.9))
    review = _us((point.review_s if point else 0.0) * 1000 * np.exp(0.4 * rng.standard_normal(shape[1])))
    there = entries.route & sends
    sent, received, finished, answered = (np.zeros(shape, np.int64) for _ in range(4))
    for place, edge in enumerate(feed.edges):
        before, wire_us = edge.after, _us(4.0 * wire[place])
        if before >= 0:
            there[place] &= there[before]
        sent[place] = (begun_us if before < 0 else finished[before]) + _us(edge.pause_s * 1000 * pause[place])
        released = sent[place] + np.where(held & (before < 0), review, 0)
        work_us = _us(edge.integration.work_ms * work[place])
        if edge.integration.kind(entries.company) == "queue":
            answered[place] = sent[place] + 2 * wire_us
            received[place] = released + 2 * wire_us + _us(60.0 * wait[place])
            finished[place] = received[place] + work_us
        else:
            received[place] = released + wire_us
            finished[place] = received[place] + work_us
            answered[place] = finished[place] + wire_us
    return Sent(there, sent, received, finished, answered, held, sent[0] + review)


def _stopped(sent: Sent, entries: Entries) -> Sent:
    """Without what would have arrived after the value was known to be wrong: it is taken back before.

    Of a value that the checkpoint turned down the first message remains, which nobody received.
    """
    late = entries.wrong & (sent.finished_us >= entries.detected_us)
    there = sent.there & ~late
    there[0] |= entries.caught
    return replace(sent, there=there)


def _us(milliseconds: NDArray | float) -> NDArray:
    return np.rint(np.asarray(milliseconds) * 1000).astype(np.int64)


def reloaded(entries: Entries) -> NDArray:
    """Which entries a nightly job writes once more: right ones, of objects that nobody writes to again."""
    written_again = np.isin(entries.number, entries.number[entries.again])
    return ~entries.wrong & ~written_again & (np.arange(entries.wrong.size) % RELOADED == 5)
