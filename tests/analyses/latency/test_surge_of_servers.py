"""From ordinary days to the surge: what a server would do at three times its busiest day, and what it then does."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.servers import MONDAY, messages, poisson, rhythm, worked_off
from drawing.surges import given_up, row

import integrhealth as ih

MU = 200.0


def days(top, *, seed=2, count=3):
    """Arrivals of some days at a server that takes 1 / MU minutes in the mean, and when each is done."""
    rng = np.random.default_rng(seed)
    arrived = poisson(rhythm([top] * count), rng)
    return arrived, worked_off(arrived, rng.exponential(1 / MU, len(arrived)))


def surge(arrived, done, *more, **columns):
    frame = messages(arrived, done, integration="orders", target="erp", **columns)
    return ih.latency.surge(ih.Evidence(messages=pl.concat([frame, *more])))


@pytest.mark.parametrize("multiple", [3, 10])
def test_the_forecast_of_ordinary_days_is_what_the_server_does_in_the_surge(multiple):
    arrived, done = days(180)
    told = row(surge(arrived, done, kind="queue"), multiple)
    begins = (told["day"] - MONDAY) / timedelta(minutes=1)
    day = arrived[(arrived >= begins) & (arrived < begins + 1440)] - begins
    # That day so many times, and itself again on each of the days after.
    came = np.sort(np.concatenate([np.tile(day, multiple), *(day + 1440 * after for after in range(1, 6))]))
    rng = np.random.default_rng(3)
    left = worked_off(came, rng.exponential(1 / MU, len(came)))
    minute = np.arange(6 * 1440)
    waits = np.searchsorted(came, minute) - np.searchsorted(left, minute)
    peak = waits.argmax()
    assert told["peak_backlog"] == pytest.approx(waits[peak], rel=0.1)
    assert told["oldest_minutes"] == pytest.approx((left - came).max(), rel=0.1)
    assert told["drain_minutes"] == pytest.approx(np.argmax(waits[peak:] <= 5), rel=0.15)
    assert told["peak_backlog_low"] < waits[peak] < told["peak_backlog_high"]
    assert (told["verdict"], told["sure"], told["lost"]) == ("slows", True, 0)


def test_requests_to_the_same_server_break():
    """As company A does: no queue, and callers who leave after a minute and try once more, as a few did."""
    told = row(surge(*days(180), given_up(6, day=0, attempts=2), kind="request"), 3)
    assert (told["verdict"], told["sure"], told["queued"]) == ("breaks", True, False)
    assert told["timeouts"] > 100_000
    assert told["duplicates"] == told["retries"] > 100_000
    assert told["lost"] == pytest.approx(told["timeouts"] - told["retries"], rel=0.01)


def test_of_a_quiet_week_nobody_can_tell():
    table = surge(*days(20, count=7), kind="queue")
    assert table["verdict"].to_list() == ["cannot tell"] * 2
    assert table["peak_backlog"].null_count() == table["drain_minutes"].null_count() == 2
    assert row(table, 10)["messages"] > 0
    assert table["why"].str.starts_with("what erp can take: ").all()
