"""What retries ask people to talk about: every finding with its whole row, and the pictures just below each rule."""

import math
from datetime import timedelta

import polars as pl
import pytest
from drawing.findings import finding, table
from drawing.frames import NOON
from drawing.retries import by_minute, feed

from integrhealth.analyses.error_propagation.retrying import questions
from integrhealth.analyses.error_propagation.retrying.chains import attempts
from integrhealth.analyses.error_propagation.retrying.findings import retries_findings
from integrhealth.analyses.error_propagation.retrying.layers import LAYERS
from integrhealth.analyses.error_propagation.retrying.retries import retries
from integrhealth.analyses.error_propagation.retrying.storms import STORMS
from integrhealth.evidence import Evidence
from integrhealth.language.statistics import Z
from integrhealth.traces import links

RETRIES = dict(questions.retries(Evidence()).schema)
DRAINS = {"integration": pl.String, "peak_per_minute": pl.Float64, "drain_per_minute": pl.Float64} | {
    "drain_minutes": pl.Float64
}
OWNERS = pl.DataFrame({"integration": ["calm", "orders", "stock"], "owner": ["cleo", "ann", "sam"]})


def told(*, feeds: tuple = (), storms: tuple = (), layers: tuple = (), **options: int) -> list[dict]:
    """The findings of tables drawn row by row."""
    tables = table(RETRIES, *feeds), table(STORMS, *storms), table(LAYERS, *layers)
    return retries_findings(*tables, OWNERS, **options).rows(named=True)


def of_messages(frame: pl.DataFrame, **options: int) -> list[dict]:
    evidence = Evidence(messages=frame)
    tables = questions.retries(evidence, **options), questions.retry_storms(evidence), questions.retry_layers(evidence)
    return retries_findings(*tables, OWNERS, **options).rows(named=True)


# Constant pauses.


CONSTANT = {"integration": "orders", "attempts": 131, "delivered": 109, "failed": 31, "retries": 27, "retried": 25} | {
    "most": 4, "paused": 24, "amplification": 1.2, "low": 1.15, "high": 1.3, "constant_share": 0.868, "jittered": False,
}  # fmt: skip


def test_a_constant_pause_is_taken_to_the_owner_of_the_integration():
    calm = CONSTANT | {"integration": "calm", "jittered": True}
    assert told(feeds=(calm, CONSTANT)) == [
        finding(
            "no_jitter",
            "orders",
            severity="warning",
            statement="orders: 87 of 100 retries come after the same pause, so all that failed together come back "
            "together.",
            value=0.868,
            unit="share of retries after a constant pause",
            n=24,
            threshold=0.5,
            owner="ann",
            ask="Who can let orders wait a random and growing time before it tries again?",
        )
    ]


@pytest.mark.parametrize(("low", "severity"), [(1.0999, "note"), (1.1001, "warning")])
def test_a_constant_pause_is_a_warning_only_where_it_is_certainly_retried_a_lot(low, severity):
    [found] = told(feeds=(CONSTANT | {"low": low},))
    assert found["severity"] == severity


@pytest.mark.parametrize("other", [{"jittered": True}, {"jittered": None}, {"amplification": None}])
def test_jitter_or_too_little_data_is_no_constant_pause(other):
    assert told(feeds=(CONSTANT | other,)) == []


def paused(constant: int, varied: int) -> pl.DataFrame:
    """110 orders ten seconds apart, some tried twice: CONSTANT of them after 5 s, VARIED after pauses all their own;
    and one second attempt whose first one is missing."""
    pauses = [5.0] * constant + [5 * 1.1 ** (place + 1) for place in range(varied)]
    rows = [(order, 1, order * 10.000007, order < len(pauses)) for order in range(109)]
    rows += [(order, 2, order * 10.000007 + pause, False) for order, pause in enumerate(pauses)]
    rows += [(109, 2, 1090.000763, False)]
    sent = pl.lit(NOON) + pl.duration(microseconds=(pl.col("at") * 1e6).round().cast(pl.Int64))
    failed = pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok"))
    return pl.DataFrame(rows, ["order", "attempt", "at", "failed"], orient="row").select(
        message_id=pl.format("{}/{}", "order", "attempt"), integration=pl.lit("orders"), source=pl.lit("shop"),
        target=pl.lit("erp"), object_type=pl.lit("order"), object_id=pl.format("o{}", "order"), attempt="attempt",
        sent_at=sent, status=failed,
    )  # fmt: skip


def test_half_of_twenty_retries_after_one_pause_are_constant_and_one_less_is_jitter():
    [found] = of_messages(paused(10, 10))
    assert (found["rule"], found["value"], found["n"], found["severity"]) == ("no_jitter", 0.5, 20, "warning")
    assert of_messages(paused(9, 11)) == []
    assert of_messages(paused(19, 0)) == []  # nineteen retries say nothing
    assert [row["rule"] for row in of_messages(paused(20, 0), min_messages=130)] == ["no_jitter"]
    assert of_messages(paused(20, 0), min_messages=131) == []


# Storms.


STAYED = {"integration": "orders", "trigger": "outage", "started_at": NOON, "minutes": 7.0, "sustained": True} | {
    "trigger_ended_at": NOON + timedelta(minutes=2), "ended_at": NOON + timedelta(minutes=7),
    "goodput_change": -0.837, "low": -0.92, "high": -0.57, "attempts_per_message": 5.9, "messages_after": 31,
    "offered_before_per_minute": 10.0, "offered_after_per_minute": 11.0, "goodput_before_per_minute": 9.0,
    "goodput_after_per_minute": 1.7, "drain_actual_minutes": 5.0, "drain_predicted_minutes": 8.0, "drain_ratio": 0.6,
}  # fmt: skip
SLOW = STAYED | {"trigger": "surge", "minutes": 90.0, "sustained": False, "drain_ratio": 3.31}
STORM = finding(
    "retry_storm",
    "orders",
    severity="critical",
    statement="orders: the outage of 2026-03-02 12:00 UTC was over, its retries went on, and 84 of 100 messages fewer "
    "got through.",
    value=-0.837,
    unit="change of deliveries per new message",
    low=-0.92,
    high=-0.57,
    n=31,
    threshold=-0.1,
    owner="ann",
    ask="Who may switch off the retries of orders when they do more harm than good?",
)


def test_a_storm_that_outlived_its_trigger_is_told_once_by_the_worst_of_its_integration():
    later = STAYED | {"started_at": NOON + timedelta(hours=1), "goodput_change": -0.5, "messages_after": 99}
    shorter = later | {"started_at": NOON - timedelta(hours=1), "minutes": 6.9}
    assert told(storms=(SLOW, shorter, later, STAYED)) == [STORM]
    assert told(storms=(SLOW | {"sustained": None}, STAYED)) == [STORM]


@pytest.mark.parametrize(("high", "severity"), [(-0.1001, "critical"), (-0.0999, "warning"), (0.1, "note")])
def test_a_storm_is_critical_only_where_the_whole_interval_lies_beyond(high, severity):
    [found] = told(storms=(STAYED | {"high": high},))
    assert (found["severity"], found["high"]) == (severity, high)


def test_a_storm_that_drains_slowly_says_how_much_slower_than_its_backlog():
    assert told(storms=(SLOW | {"sustained": None},)) == [
        STORM
        | {
            "severity": "warning",
            "statement": "orders: the surge of 2026-03-02 12:00 UTC took 3.3 times as long to work off as the backlog "
            "explains.",
            "value": 3.31,
            "unit": "drain time, actual to predicted",
            "low": None,
            "high": None,
            "n": None,
            "threshold": 2.0,
        }
    ]


@pytest.mark.parametrize(
    "other", [{"drain_ratio": 2.0}, {"drain_ratio": None}, {"sustained": None, "drain_ratio": 2.0}]
)
def test_a_storm_that_ends_in_time_is_no_finding(other):
    assert told(storms=(SLOW | other,)) == []


CALM, DOWN = (40, 40, 0), (40, 0, 5)


def test_the_storm_of_a_picture_has_the_figures_that_one_can_count():
    """Thirty minutes with 40 deliveries each, five with none, and then 16 of 40 a minute."""
    frame = by_minute([CALM] * 30 + [DOWN] * 5 + [(40, 16, 5)] * 12 + [CALM] * 13)
    [found] = [row for row in of_messages(frame) if row["rule"] == "retry_storm"]
    margin = math.exp(Z * math.sqrt(1 / 80.5 + 1 / 1200))
    assert found | {"low": None, "high": None} == STORM | {
        "statement": "orders: the outage of 2026-03-02 12:30 UTC was over, its retries went on, and 60 of 100 messages "
        "fewer got through.",
        "value": pytest.approx(-0.6),
        "low": None,
        "high": None,
        "n": 200,
    }
    assert (found["low"], found["high"]) == pytest.approx((80.5 / 200 / margin - 1, 80.5 / 200 * margin - 1))


@pytest.mark.parametrize(("delivered", "severity"), [(160, "critical"), (170, "warning"), (180, None)])
def test_a_loss_is_certain_likely_or_at_most_a_tenth(delivered, severity):
    calm, down = (200, 200, 0), (200, 0, 9)
    frame = by_minute([calm] * 30 + [down] * 4 + [(200, delivered, 9)] * 12 + [calm] * 4)
    found = [row for row in of_messages(frame) if row["rule"] == "retry_storm"]
    assert [row["severity"] for row in found] == ([severity] if severity else [])


# Feeds that a short outage would keep down.


WEAK = CONSTANT | {"jittered": True, "peak_per_minute": 81.6, "drain_per_minute": 60.5, "drain_minutes": 19.6} | {
    "vulnerability": 5.38,
}  # fmt: skip


LAYERED = {"outer": "orders", "inner": "stock", "through": ["calm"], "chains": 30, "attempts_below": 300} | {
    "most_below": 1234, "attempts_per_message": 10.0, "expected": 4096,
}  # fmt: skip


def test_a_feed_whose_peak_with_all_retries_exceeds_its_drain_is_taken_to_its_owner():
    assert told(feeds=(WEAK,)) == [
        finding(
            "vulnerable_to_storm",
            "orders",
            severity="warning",
            statement="orders: 82 new messages a minute with 4 attempts each are 5.4 times what it worked off when it "
            "was behind.",
            value=5.38,
            unit="peak attempts per drain rate",
            n=20,
            threshold=1.0,
            owner="ann",
            ask="What stops orders from keeping itself down after a short outage?",
        )
    ]


def test_a_little_over_its_limit_a_feed_or_a_drain_is_a_finding():
    assert [row["value"] for row in told(feeds=(WEAK | {"vulnerability": 1.01},))] == [1.01]
    assert [row["value"] for row in told(storms=(SLOW | {"drain_ratio": 2.01},))] == [2.01]


@pytest.mark.parametrize(
    "drawn",
    [
        {"feeds": (CONSTANT | {"integration": "other"},)},
        {"feeds": (WEAK | {"integration": "other"},)},
        {"storms": (STAYED | {"integration": "other"},)},
        {"layers": (LAYERED | {"outer": "other"},)},
    ],
)
def test_what_no_catalog_names_is_found_all_the_same_and_has_no_owner(drawn):
    assert [row["owner"] for row in told(**drawn)] == [None]


@pytest.mark.parametrize("vulnerability", [1.0, 0.9, None])
def test_a_feed_that_works_off_its_peak_is_no_finding(vulnerability):
    assert told(feeds=(WEAK | {"vulnerability": vulnerability},)) == []


@pytest.mark.parametrize(
    ("minutes", "fails", "vulnerability"), [(5.0, 0.3, 1.5), (4.99, 0.3, None), (None, 0.3, None), (5.0, 0.0, None)]
)
def test_a_drain_is_judged_from_five_measured_minutes_on_and_only_where_there_are_retries(
    minutes, fails, vulnerability
):
    drain = {"integration": "feed", "peak_per_minute": 15.0, "drain_per_minute": 60.0, "drain_minutes": minutes}
    tried = attempts(links.linked(feed(fails=fails)))
    row = retries(tried, table(STORMS), table(DRAINS, drain)).row(0, named=True)
    assert row["vulnerability"] == vulnerability
    assert (row["verdict"] == "vulnerable") == (vulnerability is not None)


def test_a_single_retry_is_a_retry():
    fed, fifth = feed(count=60, fails=0), pl.col("message_id") == "feed-5-1"
    again = fed.filter(fifth).with_columns(
        pl.col("sent_at", "finished_at", "answered_at") + timedelta(seconds=5), message_id=pl.lit("feed-5-2"),
        attempt=pl.lit(2, pl.Int64),
    )  # fmt: skip
    failed = fed.with_columns(status=pl.when(fifth).then(pl.lit("failed")).otherwise("status"))
    drain = {"integration": "feed", "peak_per_minute": 15.0, "drain_per_minute": 60.0, "drain_minutes": 5.0}
    tried = attempts(links.linked(pl.concat([failed, again])))
    row = retries(tried, table(STORMS), table(DRAINS, drain)).row(0, named=True)
    assert (row["retries"], row["vulnerability"]) == (1, 15 * 2 / 60)


# Layers.


def test_layers_are_told_by_the_path_that_makes_most_of_one_message_to_the_owner_of_the_top():
    fewer = LAYERED | {"inner": "calm", "expected": 64}
    equal = LAYERED | {"inner": "zebra", "most_below": 7}
    less = LAYERED | {"inner": "apple", "attempts_below": 299, "most_below": 9}
    below = LAYERED | {"outer": "calm", "inner": "stock", "expected": 9999}
    itself = LAYERED | {"inner": "orders", "expected": 16}
    assert told(layers=(equal, fewer, less, below, LAYERED, itself)) == [
        finding(
            "layered_retries",
            "orders > stock",
            severity="warning",
            statement="orders and stock both retry: up to 1,234 attempts below for one message above, 4,096 when all "
            "fails.",
            value=10.0,
            unit="attempts below per message above",
            n=30,
            threshold=8.0,
            owner="ann",
            ask="Which one of orders and stock should be the only one to retry?",
        )
    ]


@pytest.mark.parametrize(("per_message", "severity"), [(8.0, "note"), (8.001, "warning")])
def test_two_layers_are_a_warning_above_eight_attempts_for_one_message(per_message, severity):
    [found] = told(layers=(LAYERED | {"attempts_per_message": per_message},))
    assert found["severity"] == severity


def test_too_few_layered_messages_are_no_finding():
    assert told(layers=(LAYERED | {"chains": 29},)) == []
    assert told(layers=(LAYERED,), min_messages=31) == []
    assert told(layers=(LAYERED | {"chains": 1},), min_messages=0)
