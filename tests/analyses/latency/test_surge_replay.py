"""The replay of a surge against arithmetic, against a server that works off one message after the other, and laws."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrhealth.analyses.latency.surge.replay import (
    DAY,
    Feeds,
    backlogs,
    drain_minutes,
    longest_waits,
    replayed,
    waiting,
)

NEVER = np.inf


def feeds(*sent, system=None, limit=NEVER, pause=0.0, again=(0.0,)):
    count = len(sent)
    return Feeds(
        sent=np.array(sent, float),
        system=np.zeros(count, int) if system is None else np.array(system),
        limit=np.broadcast_to(np.array(limit, float), count),
        pause=np.broadcast_to(np.array(pause, float), count),
        again=np.tile(np.array(again, float), (count, 1)),
    )


def figures(drawn, multiple, capacity, **options):
    """Peak backlog, drain and longest wait of one feed at one multiple and capacity."""
    replay = replayed(drawn, np.array([multiple]), np.array([[capacity]]), **options)
    peak = backlogs(drawn, replay).max(axis=2)
    return peak.item(), drain_minutes(drawn, replay).item(), longest_waits(drawn, replay).item()


def burst(usual, high, minutes, *, begins=60):
    sent = np.full(DAY, float(usual))
    sent[begins : begins + minutes] = high
    return sent


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_at_constant_rates_the_backlog_is_what_arithmetic_says(usual, spare, above, minutes):
    capacity, high = usual + spare, usual + spare + above
    drain = above * minutes / spare
    sent = burst(usual, high, minutes)
    if 60 + minutes + drain <= DAY:
        peak, drained, oldest = figures(feeds(sent), 1, capacity, days=1)
        assert peak == pytest.approx(above * minutes)
        assert drained == pytest.approx(drain)
        assert oldest == pytest.approx(above * minutes / capacity)


def test_what_is_left_after_the_replay_drains_as_arithmetic_says():
    # Ten times 5 a minute for a day, 12 can be done: (50 - 12) T are left, of which every day after takes (12 - 5) T.
    peak, drained, oldest = figures(feeds(np.full(DAY, 5.0)), 10, 12)
    assert (peak, drained, oldest) == pytest.approx((38 * DAY, 38 * DAY / 7, 38 * DAY / 12))


def test_days_that_repeat_are_drained_to_the_minute():
    """What arithmetic adds to two days of replay is what twenty days of replay show."""
    sent = burst(2, 30, 200)
    short, long = (figures(feeds(sent), 9, 8, days=days) for days in (2, 20))
    assert short == pytest.approx(long)
    assert short[1] > 2 * DAY


def test_a_line_that_every_day_makes_longer_never_ends():
    peak, drained, _ = figures(feeds(np.full(DAY, 10.0)), 1, 9.99)
    assert peak == pytest.approx(0.01 * 2 * DAY)
    assert np.isnan(drained)
    assert figures(feeds(np.full(DAY, 10.0)), 1, 10.01) == (0, 0, 0)


def test_retries_alone_may_keep_a_line_alive():
    """Five a minute of which 12 could be done are 20 if each is tried four times: they go on when the surge is over."""
    drawn = feeds(np.full(DAY, 5.0), limit=1, pause=0.5, again=(1, 1, 1, 0))
    replay = replayed(drawn, np.array([1.0, 3.0]), np.array([[12.0, 12.0]]))
    assert replay.timeouts.sum(axis=2)[0, 0] == 0
    assert replay.arrived[0, 1, -60:] == pytest.approx(20)
    assert np.isnan(drain_minutes(drawn, replay)[0, 1])


@pytest.mark.parametrize(("limit", "ends"), [(300, True), (1500, False)])
def test_what_is_left_of_those_who_came_back_is_drained_as_well(limit, ends):
    """Some gave up and came back before the replay was over; who has yet to come back leaves the end open."""
    drawn = feeds(np.full(DAY, 5.0), limit=limit, pause=1, again=(0.2, 0))
    short, long = (figures(drawn, 3 if ends else 6, 12, days=days) for days in (2, 8))
    assert replayed(drawn, np.array([3.0 if ends else 6.0]), np.array([[12.0]])).timeouts.sum() > 100
    assert short[1] == pytest.approx(long[1]) if ends else np.isnan(short[1])
    assert long[1] > DAY / 3


@pytest.mark.parametrize(("capacity", "waits"), [(29.99, True), (30.01, False)])
def test_just_below_the_load_a_line_grows_and_just_above_it_none(capacity, waits):
    peak, drained, oldest = figures(feeds(burst(1, 10, 100)), 3, capacity, days=1)
    assert (peak > 0, drained > 0, oldest > 0) == (waits, waits, waits)
    assert peak == pytest.approx(100 * max(0, 30 - capacity))


def test_ample_capacity_leaves_nothing_waiting():
    drawn = feeds(burst(3, 9, 100), limit=0.5, pause=1, again=(1, 0))
    replay = replayed(drawn, np.array([1.0, 3.0]), np.array([[50.0, 50.0]]))
    assert replay.backlog.max() == replay.timeouts.max() == replay.lost.max() == replay.retried.max() == 0


loads = st.lists(st.integers(0, 30), min_size=DAY // 60, max_size=DAY // 60)


@settings(max_examples=6, deadline=None)
@given(loads, loads, st.integers(5, 40), st.floats(0.3, 90), st.floats(0, 30), st.floats(0, 1))
def test_every_message_is_served_waits_or_was_given_up(first, second, capacity, limit, pause, share):
    """Every minute: what came is served or waits; whoever gives up is lost or comes again."""
    hours = [np.repeat(np.array(each, float), 60) for each in (first, second)]
    drawn = feeds(*hours, limit=[limit, NEVER], pause=pause, again=(share, share, 0))
    replay = replayed(drawn, np.array([3.0]), np.array([[float(capacity)]]))
    came = replay.arrived.sum(axis=0)[0]
    served = came - np.diff(replay.backlog[0, 0])
    assert served.min() > -1e-6
    assert served.max() < capacity + 1e-6
    assert (served[replay.backlog[0, 0, 1:] > 1e-6] > capacity - 1e-6).all()
    new = np.concatenate([drawn.sent * 3, drawn.sent], axis=1)
    assert replay.arrived[:, 0] - replay.retried[:, 0] == pytest.approx(new)
    assert replay.timeouts[1].max() == replay.retried[1].max() == 0
    back = np.cumsum(replay.timeouts[0, 0] - replay.lost[0, 0])
    tried = np.cumsum(replay.retried[0, 0])
    lag = max(limit + pause, 1)
    early, late = int(np.floor(lag)), int(np.floor(lag)) + 1
    if late < len(tried):
        assert (tried[late:] >= back[:-late] - 1e-6).all()
        assert (tried[early:] <= back[: len(back) - early] + 1e-6).all()
        assert tried[: min(early, len(tried))].max() < 1e-6
    # Of three attempts no message has more than two retries, and none gives up more often than it comes.
    assert replay.retried.sum() <= 2 * new[0].sum() + 1e-6
    assert (replay.timeouts <= replay.arrived + 1e-6).all()


@settings(max_examples=6, deadline=None)
@given(st.lists(loads, min_size=2, max_size=4), st.integers(20, 90), st.permutations(range(3)))
def test_what_waits_is_shared_among_those_who_sent_it(each, capacity, order):
    sent = [np.repeat(np.array(hours, float), 60) for hours in each]
    drawn = feeds(*sent)
    replay = replayed(drawn, np.array([2.0]), np.array([[float(capacity)]]))
    parts = backlogs(drawn, replay)
    assert parts.min() >= 0
    assert np.abs(parts.sum(axis=0)[0] - replay.backlog[0, 0]).max() < 1e-3
    mixed = [sent[place] for place in order if place < len(sent)] + sent[3:]
    again = feeds(*mixed)
    other = replayed(again, np.array([2.0]), np.array([[float(capacity)]]))
    assert other.backlog == pytest.approx(replay.backlog)
    assert sorted(backlogs(again, other).max(axis=2)[:, 0]) == pytest.approx(sorted(parts.max(axis=2)[:, 0]))


def test_a_system_does_not_wait_for_another():
    drawn = feeds(burst(1, 20, 60), burst(1, 5, 60), system=[0, 1])
    replay = replayed(drawn, np.array([1.0]), np.array([[10.0], [10.0]]), days=1)
    assert replay.backlog.max(axis=2)[:, 0].tolist() == [600, 0]
    assert longest_waits(drawn, replay)[:, 0].tolist() == [60, 0]


def test_step_by_step_the_same_line_comes_out_where_nobody_gives_up():
    """Twice the load is below the patience of all, ten times is not: both are replayed minute by minute."""
    drawn = feeds(burst(2, 8, 100), limit=20, pause=1, again=(1, 1, 0))
    capacity = np.array([[15.0, 15.0]])
    both = replayed(drawn, np.array([2.0, 10.0]), capacity)
    assert both.timeouts.sum(axis=2)[0, 1] > 0
    assert both.timeouts.sum(axis=2)[0, 0] == 0
    alone = np.concatenate([drawn.sent * 2, drawn.sent], axis=1)
    assert both.backlog[:, 0] == pytest.approx(waiting(alone, np.array([15.0])))


def one_by_one(sent, multiple, capacity, *, limit, pause, attempts, minutes):
    """A server that takes exactly 1 / capacity minutes for each, in the order in which they come.

    Arrivals of a minute are spread evenly over it. Whoever would wait longer than LIMIT leaves then and comes again
    after PAUSE, ATTEMPTS times in all; his place in the line is worked off all the same.
    """
    due = []
    for minute in range(minutes):
        count = int(sent[minute % DAY] * (multiple if minute < DAY else 1))
        due += [(minute + (place + 0.5) / count, 1) for place in range(count)]
    heapq.heapify(due)
    free, peak, timeouts, retries, lost, oldest = 0.0, 0.0, 0, 0, 0, 0.0
    while due:
        at, attempt = heapq.heappop(due)
        if at >= minutes:
            break
        retries += attempt > 1
        wait = max(0.0, free - at)
        free = max(free, at) + 1 / capacity
        peak, oldest = max(peak, (free - at) * capacity), max(oldest, wait)
        if wait > limit:
            timeouts += 1
            if attempt < attempts:
                heapq.heappush(due, (at + limit + pause, attempt + 1))
            else:
                lost += 1
    return peak, oldest, timeouts, retries, lost


@pytest.mark.parametrize(
    ("multiple", "limit", "pause", "attempts"),
    [(3, NEVER, 0, 1), (3, 4, 2.5, 1), (2, 4, 2.5, 3), (3, 0.5, 1.25, 4), (6, 10, 15, 2), (3, 0.5, 0.1, 2)],
)
def test_it_agrees_with_a_server_that_works_off_one_after_the_other(multiple, limit, pause, attempts):
    chance = np.random.default_rng(7)
    sent = np.where(np.arange(DAY) < 600, 0, chance.poisson(np.where(np.arange(DAY) < 900, 30, 4)))
    drawn = feeds(sent, limit=limit, pause=pause, again=(1,) * (attempts - 1) + (0,))
    replay = replayed(drawn, np.array([float(multiple)]), np.array([[45.0]]))
    expected = one_by_one(sent, multiple, 45.0, limit=limit, pause=pause, attempts=attempts, minutes=2 * DAY)
    got = (
        replay.backlog.max(),
        longest_waits(drawn, replay).item(),
        *(array.sum() for array in (replay.timeouts, replay.retried, replay.lost)),
    )
    assert got == pytest.approx(expected, rel=0.002, abs=15)
