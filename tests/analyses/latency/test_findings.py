"""Every finding of latency as a whole row, and the picture just below its rule, which gives none."""

import numpy as np
import polars as pl
import pytest
from drawing.findings import only_finding, rules, whole
from drawing.frames import messages

from integrhealth.analyses import latency
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import TIME, conform
from integrhealth.language.statistics import wilson_interval


def sent(latencies_ms, *, status="ok", integration="orders to stock", source="orders", target="stock"):
    """One request per latency, a second apart; a latency below zero ended before it was sent."""
    at = pl.int_range(pl.len()) * 1_000_000
    frame = pl.DataFrame({"ms": pl.Series(latencies_ms, dtype=pl.Float64)}).select(
        message_id=pl.format(
            "{} {} {} {}", pl.lit(source), pl.lit(integration), pl.lit(status), pl.int_range(pl.len())
        ),
        source=pl.lit(source),
        target=pl.lit(target),
        integration=pl.lit(integration),
        kind=pl.lit("request"),
        status=pl.lit(status),
        sent_at=at.cast(TIME),
        finished_at=(at + (pl.col("ms") * 1000).cast(pl.Int64)).cast(TIME),
    )
    return conform(frame, "messages")


def answer(*frames, integrations=(), **options):
    declared = pl.DataFrame(list(integrations), schema=CATALOG["integrations"])
    evidence = Evidence(messages=pl.concat(frames), catalog=Catalog(integrations=declared))
    return latency.report(evidence, **options)


def of_stock(**promise):
    """A catalog in which others own other integrations, and what is said twice is said first here."""
    return [
        {"integration": "returns", "owner": "Otto", "slo_p95_ms": 1.0, "slo_success": 0.5},
        {"integration": "orders to stock", "owner": "Mara"} | promise,
        {"integration": "orders to stock", "owner": "Zoe", "slo_p95_ms": 9e9, "slo_success": 0.5},
    ]


def of_traffic(report):
    """The findings without the note that nobody knows of the returns of the catalog."""
    return report.findings.filter(pl.col("rule") != "promise_without_data")


# 10, 20, ... 3,000 ms: the 285th of 300 is p95, the 277th and the 293rd bound it; two failed, eight have not ended.
RISING = (
    sent([10.0 * step for step in range(1, 301)]),
    sent([5.0] * 2, status="failed"),
    sent([5.0] * 8, status="pending"),
)


def test_a_p95_beyond_its_promise_is_a_whole_row():
    report = answer(*RISING, integrations=of_stock(slo_p95_ms=1000.0, slo_success=0.9))
    row = only_finding(report, "slow_integration")
    # Percentiles come from buckets and are up to 1% off.
    assert (row["low"], row["value"], row["high"]) == tuple(pytest.approx(ms, rel=0.0101) for ms in (2770, 2850, 2930))
    assert row == whole(
        report="latency",
        rule="slow_integration",
        subject="orders to stock",
        severity="critical",
        statement="orders to stock: 5 of 100 messages take longer than 2.87 s; the promise is 1 s.",
        value=row["value"],
        unit="ms (p95)",
        low=row["low"],
        high=row["high"],
        n=300,
        threshold=1000.0,
        owner="Mara",
        ask="Who waits for orders to stock, and is 1 s still what they need?",
    )


@pytest.mark.parametrize(
    ("promised", "severity"),
    # Twice 1,420 lies between the lower bound and the estimate: likely beyond twice the promise, not certainly.
    # Between 2,770, the lower bound, and 2,850 it is likely beyond the promise, not certainly.
    [(1350.0, "critical"), (1420.0, "warning"), (2700.0, "warning"), (2800.0, "note"), (3000.0, None)],
)
def test_how_slow_is_judged_by_the_interval(promised, severity):
    report = answer(*RISING, integrations=of_stock(slo_p95_ms=promised, slo_success=0.9))
    assert of_traffic(report)["severity"].to_list() == ([severity] if severity else [])


def test_a_p95_exactly_at_its_promise_keeps_it():
    p95 = answer(*RISING).tables["integrations"]["p95_ms"].item()
    at, below = (of_stock(slo_p95_ms=promise, slo_success=0.9) for promise in (p95, p95 - 0.001))
    assert set(of_traffic(answer(*RISING, integrations=at))["rule"]) == set()
    assert set(of_traffic(answer(*RISING, integrations=below))["rule"]) == {"slow_integration"}


def test_below_a_millisecond_it_is_still_the_ratio_that_counts():
    report = answer(sent([0.5] * 100), integrations=of_stock(slo_p95_ms=0.3))
    assert only_finding(report, "slow_integration")["severity"] == "warning"


def test_an_integration_of_several_pairs_is_a_subject_per_pair():
    pairs = [sent([2000.0] * 40), sent([10.0] * 40, source="erp")]
    row = only_finding(answer(*pairs, integrations=of_stock(slo_p95_ms=1000.0)), "slow_integration")
    assert (row["subject"], row["owner"], row["n"]) == ("orders to stock (orders > stock)", "Mara", 40)


def failing(failed, ended, *, not_ended=17, **options):
    frames = (
        sent([5.0] * (ended - failed)),
        sent([5.0] * failed, status="failed"),
        sent([5.0] * not_ended, status="held"),
    )
    return answer(*frames, **options)


def test_failing_beyond_the_promise_is_a_whole_row():
    report = failing(1300, 20_000, integrations=of_stock(slo_success=0.99))
    low, high = wilson_interval(1300, 20_000)
    assert only_finding(report, "failing_integration") == whole(
        report="latency",
        rule="failing_integration",
        subject="orders to stock",
        severity="critical",
        statement="orders to stock: 1,300 of 20,000 messages failed (6.5%); at most 1% should.",
        value=0.065,
        unit="share of ended messages",
        low=float(low),
        high=float(high),
        n=20_000,
        threshold=0.01,
        owner="Mara",
        ask="What happened to the 1,300 that failed, and who noticed?",
    )


@pytest.mark.parametrize(
    ("failed", "severity"),
    # The default allows 5 of 1,000: 10 are likely beyond it (3.2% by chance), 11 certainly (1.4%). Six times that are
    # 30: 41 are likely beyond it (3%), 42 certainly (2%).
    [(5, None), (6, "note"), (10, "note"), (11, "warning"), (41, "warning"), (42, "critical")],
)
def test_how_badly_it_fails_is_judged_by_the_interval(failed, severity):
    assert failing(failed, 1000).findings["severity"].to_list() == ([severity] if severity else [])


def test_the_promise_of_the_catalog_is_kept_at_the_promise():
    promise = of_stock(slo_success=0.98)
    assert set(of_traffic(failing(20, 1000, integrations=promise))["rule"]) == set()
    assert set(of_traffic(failing(21, 1000, integrations=promise))["rule"]) == {"failing_integration"}
    # A share without rounding: exactly what is promised is kept.
    assert set(of_traffic(failing(250, 1000, integrations=of_stock(slo_success=0.75)))["rule"]) == set()
    assert set(of_traffic(failing(251, 1000, integrations=of_stock(slo_success=0.75)))["rule"]) == {
        "failing_integration"
    }


def test_four_of_729_at_a_promise_of_half_a_percent_are_a_note():
    report = failing(4, 729)
    assert only_finding(report, "failing_integration")["severity"] == "note"


def test_the_interval_of_a_small_skewed_share_is_not_trusted():
    # Wilson's lower bound lies above half a percent, yet 3 of 200 and more come of it by chance in 8 of 100 samples.
    row = only_finding(failing(3, 200), "failing_integration")
    assert row["low"] > 0.005
    assert row["severity"] == "note"


def test_a_failure_is_certain_of_the_integration_where_it_began():
    # Whoever asked failed too, of 100 three times by itself; the shop asks the ERP, which asks the bank.
    lines = ["message_id trace_id parent_id source target integration kind status sent_at finished_at"]
    for n in range(100):
        asked, below = ("failed" if n < 23 else "ok"), ("failed" if n < 20 else "ok")
        lines += [f"a{n} t{n} - shop erp orders request {asked} {n} {n + 0.9}"]
        lines += [f"b{n} t{n} a{n} erp bank payments request {below} {n + 0.1} {n + 0.8}"]
    report = answer(messages("\n".join(lines)), integrations=[{"integration": "orders", "slo_success": 0.98}])
    table = report.tables["integrations"].sort("integration")
    assert table.select("integration", "failed", "passed_on").rows() == [("orders", 23, 20), ("payments", 20, 0)]
    failing = report.findings.filter(pl.col("rule") == "failing_integration")
    assert failing.select("subject", "severity").rows() == [("payments", "critical"), ("orders", "note")]
    assert (
        failing["statement"][1] == "orders: 23 of 100 messages failed (23%, 20 after another had); at most 2% should."
    )


@pytest.mark.parametrize(("others", "severity"), [(0, "warning"), (1, "note")])
def test_what_is_certain_of_one_integration_is_not_of_one_among_many(others, severity):
    frames = [sent([5.0] * 200, integration=f"healthy {number}") for number in range(others)]
    report = answer(sent([5.0] * 989), sent([5.0] * 11, status="failed"), *frames)
    assert only_finding(report, "failing_integration")["severity"] == severity


@pytest.mark.parametrize(
    ("failed", "ended", "named"),
    [
        (2, 199, False),  # one failure is beyond the promise of 99.5% already
        (2, 200, True),
        (4, 33, False),  # certainly beyond six times it, but with so few that less than one failure makes that
        (4, 34, True),
        (5, 13, False),  # the same for 14.4 times
        (5, 14, True),
    ],
)
def test_with_few_messages_it_takes_certainty(failed, ended, named):
    found = failing(failed, ended, min_messages=1)
    assert ("failing_integration" in rules(found)) == named


JOURNEY = """
    message_id trace_id source target operation sent_at finished_at
    a{n}       t{n}     web    a      book      0       1
    b{n}       t{n}     web    b      pick      1       2
    c{n}       t{n}     web    c      pack      2       {end}
"""
WITHOUT_PACKING = """
    message_id trace_id source target operation sent_at finished_at
    a{n}       t{n}     web    a      book      0       1
    b{n}       t{n}     web    b      pick      1       2
"""


def journeys(ends, *, without=0):
    drawn = [messages(JOURNEY.format(n=number, end=2 + length)) for number, length in enumerate(ends)]
    return drawn + [messages(WITHOUT_PACKING.format(n=len(ends) + number)) for number in range(without)]


def test_a_step_that_takes_most_of_the_time_is_a_whole_row():
    packing = np.array([4 + number % 5 for number in range(40)] + [0] * 10, float)
    whole_journey = packing + 2
    share = packing.sum() / whole_journey.sum()
    margin = 1.959964 * np.sqrt(((packing - share * whole_journey) ** 2).sum()) / whole_journey.sum()
    assert only_finding(answer(*journeys(packing[:40], without=10)), "dominant_step") == whole(
        report="latency",
        rule="dominant_step",
        subject="c: pack",
        severity="note",
        statement="c: pack takes 71% of all the time that journeys wait for; 40 of them pass it.",
        value=share,
        unit="share of critical-path time",
        low=share - margin,
        high=share + margin,
        n=40,
        threshold=0.5,
        ask="What would it take to make c: pack twice as fast, before anything else is tuned?",
    )


@pytest.mark.parametrize(("length", "count", "named"), [(2, 30, False), (2.1, 30, True), (2.1, 29, False)])
def test_half_of_the_time_or_too_few_journeys_dominate_nothing(length, count, named):
    assert ("dominant_step" in rules(answer(*journeys([length] * count)))) == named


def test_a_step_that_may_take_less_than_half_is_told_by_its_estimate():
    # One long journey among many short ones: the interval reaches from below a half to the whole.
    row = only_finding(answer(*journeys([0.1] * 29 + [100])), "dominant_step")
    assert (row["severity"], row["value"]) == ("note", pytest.approx(102.9 / 162.9))
    assert row["low"] < 0.5
    assert row["high"] == 1


def test_of_two_steps_one_always_takes_most():
    frame = pl.concat(journeys([9] * 40)).filter(pl.col("target") != "b")
    assert frame["target"].n_unique() == 2
    assert rules(answer(frame)) == set()


def queued(latencies_ms, *, offset_ms=0.0, source="orders", target="stock", kind="queue", name="feed"):
    """One message per latency, a second apart, half of it on the way, the clock of its target so far ahead."""
    at = pl.int_range(pl.len()) * 1_000_000
    ms = pl.col("ms")
    taken = [at, at + ((ms / 2 + offset_ms) * 1000).cast(pl.Int64), at + ((ms + offset_ms) * 1000).cast(pl.Int64)]
    frame = pl.DataFrame({"ms": pl.Series(latencies_ms, dtype=pl.Float64)}).select(
        message_id=pl.format("{} {} {} {}", *map(pl.lit, (source, target, name)), pl.int_range(pl.len())),
        source=pl.lit(source),
        target=pl.lit(target),
        integration=pl.lit(name),
        kind=pl.lit(kind),
        status=pl.lit("ok"),
        **{name: time.cast(TIME) for name, time in zip(("sent_at", "received_at", "finished_at"), taken, strict=True)},
    )
    return conform(frame, "messages")


def test_clocks_further_apart_than_messages_take_are_a_whole_row():
    # The fastest of 100 is on its way for 10 ms and seems to have come 4.99 s before it was sent.
    report = answer(queued([20.0] + [600.0] * 99, offset_ms=-5000), queued([50.0] * 100, target="erp"))
    assert only_finding(report, "clock_skew") == whole(
        report="latency",
        rule="clock_skew",
        subject="orders > stock",
        severity="warning",
        statement="The clock of stock is 4.99 s behind that of orders: 100 of 100 messages between them take less.",
        value=-4990.0,
        unit="ms that the clocks are apart",
        n=100,
        ask="Which of orders and stock does not keep its clock in step?",
    )


@pytest.mark.parametrize(
    ("quicker", "severity"),
    # 20 of 39 and more are no surprise where it is half of them; 26 come of it by chance in 2.7%, 27 in 1.2%.
    [(19, None), (20, "note"), (26, "note"), (27, "warning")],
)
def test_clocks_are_a_finding_where_most_of_what_they_time_takes_less(quicker, severity):
    found = answer(queued([200.0] * quicker + [900.0] * (39 - quicker), offset_ms=-400)).findings
    assert found["severity"].to_list() == ([severity] if severity else [])


def test_requests_are_timed_by_one_clock_and_never_spoilt():
    asked = queued([20.0] * 100, offset_ms=-5000, kind="request").with_columns(
        answered_at=pl.col("sent_at") + pl.duration(milliseconds=20)
    )
    report = answer(asked)
    row = report.tables["integrations"].row(0, named=True)
    assert (row["skewed"], row["two_clocks"], row["p50_corrected_ms"]) == (100, 0, None)
    assert rules(report) == set()


def test_a_pair_is_told_once_by_the_direction_with_more_messages():
    back = queued([20.0] * 50, offset_ms=5000, source="stock", target="orders", name="back")
    found = answer(queued([20.0] * 40, offset_ms=-5000), back).findings
    assert found.select("rule", "subject", "n").rows() == [("clock_skew", "stock > orders", 50)]


@pytest.mark.parametrize(("target", "severity"), [("mail", "note"), ("erp", "critical")])
def test_what_a_clock_times_that_is_off_is_not_certainly_slow(target, severity):
    # The clock of the stock is behind that of the orders; what it sends seems to take five seconds, to whomever.
    promise = [{"integration": "news", "slo_p95_ms": 1000.0}]
    late = queued(
        [20.0] * 100, offset_ms=5000, source="stock" if target == "mail" else "crm", target=target, name="news"
    )
    row = only_finding(answer(queued([20.0] * 100, offset_ms=-5000), late, integrations=promise), "slow_integration")
    assert row["severity"] == severity


def test_few_messages_say_nothing_about_clocks():
    assert rules(answer(queued([20.0] * 29, offset_ms=-5000))) == set()
    assert rules(answer(queued([20.0] * 30, offset_ms=-5000))) == {"clock_skew"}


def test_what_is_slow_by_the_clocks_alone_is_not_slow():
    promise = [{"integration": "feed", "slo_p95_ms": 1000.0}]
    there, back = (
        queued([400.0] * 40, offset_ms=900),
        queued([400.0] * 40, offset_ms=-900, source="stock", target="orders", name="back"),
    )
    assert "slow_integration" not in rules(answer(there, back, integrations=promise))
    still = queued([1400.0] * 40, source="stock", target="orders", name="back")
    # Nothing comes back: nobody can tell a slow way from a clock that is ahead.
    assert "slow_integration" in rules(answer(there, integrations=promise))
    assert "slow_integration" in rules(answer(queued([1400.0] * 40), still, integrations=promise))
