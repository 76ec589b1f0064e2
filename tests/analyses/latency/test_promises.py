"""Burn rates in closed form: steps and bursts of a constant rate, edges of every threshold, and what is silent."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.promises import DAY, HOUR, START, bins, levels, promising
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.latency.promises.bins import SPENDING
from integrhealth.analyses.latency.promises.burn_rates import ALERTS, rules
from integrhealth.language.thresholds import BURN_CRITICAL, BURN_FAST

WINDOWS = {rule.window: rule for rule in rules()}


def row(frame, window, *catalog, promise="success", **options):
    return levels(frame, *catalog, **options).row(
        by_predicate=pl.col.window.eq(window) & pl.col.promise.eq(promise), named=True
    )


def at(bin_):
    """When a window ends that ends with this time bin."""
    return START + timedelta(minutes=5 * (bin_ + 1))


@pytest.mark.parametrize(
    ("days", "factors"), [(30, [14.4, 6, 3, 1]), (28, [13.44, 5.6, 2.8, 14 / 15])], ids=["30 days", "28 days"]
)
def test_the_factor_is_the_share_of_the_budget_times_period_by_window(days, factors):
    assert [rule.factor for rule in rules(days)] == pytest.approx(factors, abs=1e-9)
    assert [rule.factor for rule in rules()][:2] == pytest.approx([BURN_FAST, BURN_CRITICAL], abs=1e-9)
    assert [(rule.long / HOUR, rule.short / HOUR) for rule in rules()] == [(1, 1 / 12), (6, 0.5), (24, 2), (72, 6)]
    frame = bins(np.full(4 * DAY, 100), np.full(4 * DAY, 0))
    assert levels(frame, period_days=days)["factor"].to_list() == pytest.approx(factors, abs=1e-9)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_the_burn_of_a_step_rises_with_the_part_of_the_window_that_it_fills(window, share):
    """From the step on a share e of a constant rate is bad: after t a window w burns e / (1 - SLO) x min(t, w) / w."""
    rule, before, rate = WINDOWS[window], 4 * DAY, 200
    for length in (1, rule.short, rule.long // 2, rule.long, rule.long + 7):
        bad = np.concatenate([np.zeros(before), np.full(length, rate * share)])
        found = row(bins(np.full(before + length, rate), bad), window, promising(0.99))
        expected = share / 0.01 * min(length, rule.long) / rule.long
        assert found["burn"] == pytest.approx(expected, rel=1e-9)
        assert found["burn_now"] == pytest.approx(expected, rel=1e-9)
        assert found["burned_at"] == at(before + min(length, rule.long) - 1)
        assert found["verdict"] == (rule.alert if expected > rule.factor else "ok")
        assert found["firing"] == (expected > rule.factor)


def test_nine_of_ten_failing_at_one_message_every_two_seconds_pages_within_the_hour():
    ended, failing = np.full(2 * DAY + HOUR, 150), np.concatenate([np.zeros(2 * DAY), np.full(HOUR, 135)])
    pages = [row(bins(ended[: 2 * DAY + n], failing[: 2 * DAY + n]), "1h/5m")["verdict"] for n in range(1, HOUR + 1)]
    # 0.9 / 0.005 = 180 times what is promised: beyond 14.4 times over the hour from the 4.8th minute on.
    assert pages == ["page"] * HOUR


def test_at_one_message_every_five_minutes_an_hour_says_nothing_and_six_hours_page():
    frame = bins(np.ones(73), np.append(np.tile([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 7), [1, 1, 1]))
    found = {each["window"]: each for each in levels(frame).to_dicts()}
    assert (found["1h/5m"]["verdict"], found["1h/5m"]["burn"]) == ("not enough data", None)
    assert (found["6h/30m"]["verdict"], found["6h/30m"]["firing"]) == ("page", True)


@pytest.mark.parametrize("window", WINDOWS)
def test_exactly_at_the_threshold_is_no_alert_and_one_message_more_is(window):
    """Beyond the factor, as in the workbook: > and not >=. 100,000 messages in every window, evenly."""
    rule = WINDOWS[window]
    ended = np.full(rule.long, 125_000)
    bad = np.full(rule.long, int(125_000 * 0.005 * rule.factor))
    assert bad[0] / 125_000 / 0.005 == pytest.approx(rule.factor, rel=1e-12)
    kept = row(bins(ended, bad), window)
    assert (kept["verdict"], kept["burn"]) == ("ok", pytest.approx(rule.factor, rel=1e-12))
    bad[-rule.short :] += 1
    assert row(bins(ended, bad), window)["verdict"] == rule.alert


@pytest.mark.parametrize(
    ("objective", "window", "least"),
    [
        *((0.999, "1h/5m", 70), (0.999, "6h/30m", 167), (0.999, "3d/6h", 1000)),
        *((0.995, "1h/5m", 14), (0.995, "6h/30m", 34), (0.995, "3d/6h", 200)),
    ],
)
def test_one_failure_too_few_to_say_and_two_of_just_enough_messages(objective, window, least):
    for messages, bad, verdict in (
        (least - 1, 2, "not enough data"),
        (least, 2, WINDOWS[window].alert),
        (least, 1, "ok"),
    ):
        found = row(bins([messages], [bad]), window, promising(objective))
        assert found["verdict"] == verdict, (messages, bad)
        assert (found["burn"] is None) == (messages < least)


def test_both_windows_must_burn_and_a_burst_that_is_over_pages_no_more():
    """Half an hour in which all fails, then ten minutes in which nothing does: five minutes do not burn."""
    bad = np.concatenate([np.zeros(DAY), np.full(6, 100), np.zeros(2)])
    found = row(bins(np.full(DAY + 8, 100), bad), "1h/5m")
    assert (found["verdict"], found["burn"], found["burned_at"]) == ("page", pytest.approx(100), at(DAY + 5))
    assert (found["burn_now"], found["firing"], found["now_bad"]) == (0, False, 600)


def test_windows_are_of_time_where_nothing_is_sent_at_night():
    """Forty messages each midnight: a window of rows would hold those of many nights, one of 24 h holds one night's."""
    ended, bad = np.zeros(10 * DAY), np.zeros(10 * DAY)
    ended[::DAY], bad[4 * DAY] = 40, 10
    found = row(bins(ended, bad), "1d/2h", promising(0.99))
    assert (found["burn"], found["window_messages"], found["window_bad"]) == (pytest.approx(25), 40, 10)
    assert found["burned_at"] == at(4 * DAY)
    found = row(bins(ended, bad), "3d/6h", promising(0.99))
    assert (found["burn"], found["window_messages"]) == (pytest.approx(25 / 3), 120)


def test_what_drops_out_of_the_long_window_counts_while_the_short_one_still_holds_the_failures():
    """The burn is highest not with a message but when good ones of an hour ago drop out of the long window."""
    ended, bad = np.zeros(200), np.zeros(200)
    ended[0], ended[70], bad[70], ended[199] = 60, 40, 40, 1
    found = row(bins(ended, bad), "6h/30m", promising(0.9))
    assert (found["burn"], found["burned_at"]) == (pytest.approx(10), at(72))


@pytest.mark.parametrize("slower", [5, 60, 80])
def test_a_p95_is_judged_as_the_share_that_is_slower(slower):
    frame = bins(np.full(DAY, 100), np.zeros(DAY), timed=np.full(DAY, 100), slower=np.full(DAY, slower))
    found = row(frame, "1h/5m", promising(slo_p95_ms=2000.0), promise="p95")
    assert (found["objective"], found["limit_ms"], found["messages"]) == (0.95, 2000, 100 * DAY)
    assert found["burn"] == pytest.approx(slower / 5)
    assert found["verdict"] == ("page" if slower == 80 else "ok")
    assert row(frame, "1h/5m", promising(slo_p95_ms=2000.0))["verdict"] == "ok"
    assert levels(frame, promising()).height == 4


def test_what_is_promised_without_any_budget_cannot_be_measured():
    found = row(bins(np.full(DAY, 100), np.full(DAY, 1)), "1h/5m", promising(1.0))
    assert (found["verdict"], found["burn"], found["budget_left"]) == ("not enough data", None, None)


def test_the_budget_left_and_when_it_was_spent():
    """0.5% of 40 days at a message each bin and a hundred bad ones on one day: the budget goes at the 44th of them."""
    ended, bad = np.ones(40 * DAY), np.zeros(40 * DAY)
    bad[:100] = 1  # so long ago that it counts no more
    bad[30 * DAY : 30 * DAY + 100] = 1
    found = row(bins(ended, bad), "1h/5m")
    allowed = 30 * DAY * 0.005
    assert found["budget_left"] == pytest.approx(1 - 100 / allowed)
    assert found["spent_at"] == at(30 * DAY + int(allowed))
    assert row(bins(ended, bad), "1h/5m", period_days=28)["budget_left"] == pytest.approx(1 - 100 / (28 * DAY * 0.005))
    kept = row(bins(ended, np.zeros(40 * DAY)), "1h/5m")
    assert (kept["budget_left"], kept["spent_at"]) == (1, None)
    exactly = np.zeros(2 * 1000)
    exactly[:10] = 1
    just = row(bins(np.ones(2 * 1000), exactly), "1h/5m")
    assert (just["budget_left"], just["spent_at"]) == (pytest.approx(0, abs=1e-12), None)


def test_what_the_budget_was_spent_on():
    rows = [("500", 0, 3), ("500", 300, 2), ("busy", 0, 4), ("old", -40 * DAY, 90)]
    spending = pl.DataFrame(
        [("feed", "success", START + timedelta(minutes=5 * bin_), on, bad) for on, bin_, bad in rows],
        schema=SPENDING,
        orient="row",
    )
    frame = bins(np.full(2 * DAY, 10), np.zeros(2 * DAY))
    assert row(frame, "1h/5m", spending=spending)["spent_on"] == "500: 56%, 2026-03-02: 78%"


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_rows_in_any_order_and_days_merged_give_the_same_levels(data):
    size = data.draw(st.integers(1, 3 * DAY))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ended = rng.poisson(rng.choice([0.1, 3, 40]), (2, size))
    parts = [bins(each, rng.binomial(each, 0.03), name=name) for each, name in zip(ended, "ab", strict=True)]
    whole = pl.concat(parts)
    shuffled = whole.sample(fraction=1, shuffle=True, seed=1)
    assert_frame_equal(levels(whole), levels(shuffled))


def naive(frame, rule, budget):
    """The highest lesser burn over every five minutes, added up afresh for each."""
    rows = [(int((each["at"] - START).total_seconds() // 300), each["ended"], each["bad"]) for each in frame.to_dicts()]
    best = None
    for end in range(rows[-1][0] + 1):
        sums = [
            [sum(each[what] for each in rows if end - width < each[0] <= end) for what in (1, 2)]
            for width in (rule.long, rule.short)
        ]
        (n, bad), (short_n, short_bad) = sums
        if n * rule.factor * budget >= 1 - 1e-9 and short_n:
            burn = min(bad / n, short_bad / short_n) / budget
            best = burn if best is None else max(best, burn)
    return best


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30), st.integers(0, 3)), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_the_highest_burn_is_that_of_a_naive_count(drawn):
    ended, bad = np.zeros(100), np.zeros(100)
    for bin_, n, failures in drawn:
        ended[bin_] += n
        bad[bin_] += min(failures, n)
    frame = bins(ended, bad)
    found = {each["window"]: each for each in levels(frame, promising(0.9)).to_dicts()}
    for window, rule in WINDOWS.items():
        if found[window]["verdict"] not in ALERTS.values():  # else the highest that alerted
            assert found[window]["burn"] == pytest.approx(naive(frame, rule, 0.1))


def test_an_integration_of_the_catalog_without_a_message_has_no_data_and_never_all_of_its_budget():
    frame = bins(np.full(4 * DAY, 100), np.zeros(4 * DAY))
    silent = levels(frame, promising(), promising() | {"integration": "dead", "slo_p95_ms": 10.0}).filter(
        integration="dead"
    )
    assert silent["verdict"].to_list() == ["no data"] * 8
    assert silent.select("burn", "budget_left", "last_at").null_count().row(0) == (8, 8, 8)
    assert silent["messages"].to_list() == [0] * 8
    assert levels(frame.clear(), promising()).is_empty()


def test_an_integration_that_has_stopped_has_no_data_and_nights_and_weekends_are_no_stop():
    working = (np.arange(28 * DAY) // HOUR % 24 > 7) & (np.arange(28 * DAY) // DAY % 7 < 5)
    others = [bins(np.ones(28 * DAY), np.zeros(28 * DAY), name=name) for name in ("always", "ever")]
    for days, verdicts in ((26, {"ok"}), (25, {"ok"}), (23, {"no data"}), (19, {"no data"})):
        office = bins(np.where(np.arange(28 * DAY) < days * DAY, working * 20, 0), np.zeros(28 * DAY), name="office")
        found = levels(pl.concat([office, *others])).filter(integration="office")
        assert set(found["verdict"]) == verdicts, days


@pytest.mark.parametrize(("hours", "verdict"), [(71, "ok"), (73, "no data")])
def test_what_was_never_quiet_is_silent_after_three_days(hours, verdict):
    stopped = np.where(np.arange(12 * DAY) < 12 * DAY - hours * HOUR, 100, 0)
    others = [bins(np.ones(12 * DAY), np.zeros(12 * DAY), name=name) for name in ("always", "ever")]
    found = levels(pl.concat([bins(stopped, np.zeros(12 * DAY)), *others])).filter(integration="feed")
    assert set(found["verdict"]) == {verdict}


def test_an_export_of_whole_traces_ends_with_stragglers_and_nobody_else_is_silent():
    names = ("a", "b", "c")
    traffic = [bins(np.full(20 * DAY, 10), np.zeros(20 * DAY), name=name) for name in names]
    straggler = bins([1], [0], name="a", since=START + timedelta(days=26))
    assert set(levels(pl.concat([*traffic, straggler]))["verdict"]) == {"ok"}


def test_a_message_of_1970_or_2099_leaves_the_rest_as_it_is():
    usual = bins(np.full(5 * DAY, 100), np.concatenate([np.zeros(5 * DAY - 1), [90]]))
    far = [bins([1], [1], since=datetime(year, 1, 1, tzinfo=UTC)) for year in (1970, 2099)]
    assert_frame_equal(levels(pl.concat([usual, *far])), levels(usual))


def test_the_worst_integration_comes_first_and_its_windows_in_order():
    ended, none = np.full(4 * DAY, 100), np.zeros(4 * DAY)
    spent = np.concatenate([np.zeros(4 * DAY - 6), np.full(6, 50)])
    frame = pl.concat([bins(ended, none, name="a"), bins(ended, none + 1, name="b"), bins(ended, spent, name="c")])
    found = levels(frame, promising() | {"integration": "d"})
    assert found["integration"].unique(maintain_order=True).to_list() == ["c", "b", "d", "a"]
    assert found["window"].head(4).to_list() == list(ALERTS)


def random_months(messages_a_day, times_the_budget, *, runs, days=30, seed=1):
    """Integrations by day and night whose messages fail independently, so many times as often as is promised."""
    rng = np.random.default_rng(seed)
    rhythm = np.exp(-(((np.arange(DAY) / 12 - 13) / 4.5) ** 2)) + 0.05
    ended = rng.poisson(np.tile(rhythm / rhythm.mean() * messages_a_day / DAY, days), (runs, days * DAY))
    bad = rng.binomial(ended, times_the_budget * 0.005)
    return pl.concat(bins(n, k, name=f"run {i}") for i, (n, k) in enumerate(zip(ended, bad, strict=True)))


@pytest.mark.parametrize(("messages_a_day", "runs"), [(57, 30), (170, 20), (2000, 8)])
def test_what_spends_a_third_of_its_budget_sets_off_no_alert(messages_a_day, runs):
    """In 200 months at most two; without any floor 94 to 99 of 100 months would alert."""
    found = levels(random_months(messages_a_day, 1 / 3, runs=runs))
    assert found.filter(pl.col("verdict").is_in(["page", "ticket"]))["integration"].n_unique() <= 1


def test_chance_is_asked_only_where_there_was_more_than_one_window():
    """Two failures of two hundred messages: a ticket in the only three days, chance in one of three times."""
    others = bins(np.ones(9 * DAY), np.zeros(9 * DAY), name="other")
    ended, bad = np.zeros(9 * DAY), np.zeros(9 * DAY)
    ended[0], bad[0] = 200, 2
    alone = levels(pl.concat([bins(ended, bad), others])).filter(integration="feed", window="3d/6h")
    ended[3 * DAY :: 3 * DAY] = 200
    often = levels(pl.concat([bins(ended, bad), others])).filter(integration="feed", window="3d/6h")
    assert pl.concat([alone, often]).select("verdict", "burn").rows() == [
        ("ticket", pytest.approx(2)),
        ("not enough data", pytest.approx(2)),
    ]


def test_170_messages_in_three_days_are_too_few_for_a_ticket():
    """Without a floor 34 of 100 healthy services would open one at 99.5%."""
    rng = np.random.default_rng(4)
    bad = rng.binomial(1, 0.0025, (100, 170))
    spread = [np.isin(np.arange(3 * DAY), np.arange(170) * 5).astype(int) for _ in range(100)]
    frames = [
        bins(n, np.where(n > 0, np.pad(np.repeat(k, 5), (0, 14)), 0), name=f"{i}")
        for i, (n, k) in enumerate(zip(spread, bad, strict=True))
    ]
    found = levels(pl.concat(frames)).filter(window="3d/6h")
    assert np.mean(bad.sum(axis=1) / 170 > 0.005) > 0.25
    assert set(found["verdict"]) == {"not enough data"}
