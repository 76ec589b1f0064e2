"""The worst hour against planted incidents, chance, busy hours, single wide cascades and nightly maintenance."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from drawing.findings import table
from drawing.root_causes import reported_of
from scipy.stats import nbinom

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.findings import rootcause_findings
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import COLUMNS
from integrhealth.analyses.error_propagation.root_cause.worst_hour import (
    began,
    failures,
    hours,
    standing_out,
    with_chance,
    with_usual,
)
from integrhealth.catalog import CATALOG
from integrhealth.errors import WrongValue
from integrhealth.language.schema import TIME, conform
from integrhealth.language.thresholds import PRIOR_FAILURES

DAY = datetime(2026, 3, 2, tzinfo=UTC)
INCIDENT = DAY + timedelta(days=4, hours=10)


def traffic(*, seed: int = 1, days: int = 7, share: float = 0.02, failing: float = 0.0) -> pl.DataFrame:
    """Sixty traces an hour on each of two edges, of which a SHARE fails; of a to b a FAILING share from 10:20 to 11."""
    random = np.random.default_rng(seed)
    count = days * 24 * 60
    frames = []
    for source, target in (("a", "b"), ("a", "c")):
        minute = random.random(count) * days * 24 * 60
        from_start = minute - (INCIDENT - DAY) / timedelta(minutes=1)
        chance = np.where((from_start >= 20) & (from_start < 60) & (target == "b"), failing, share)
        sent = pl.lit(DAY).cast(TIME) + pl.duration(microseconds=pl.Series(minute * 60e6))
        frames.append(
            pl.DataFrame(
                {
                    "message_id": [f"{target}{place}" for place in range(count)],
                    "trace_id": [f"t{target}{place}" for place in range(count)],
                    "source": source,
                    "target": target,
                    "integration": f"{source} to {target}",
                    "kind": "request",
                    "status": np.where(random.random(count) < chance, "failed", "ok"),
                }
            ).with_columns(sent_at=sent, finished_at=sent + pl.duration(milliseconds=5))
        )
    return conform(pl.concat(frames), "messages")


def by_hour(messages: pl.DataFrame, *promises: tuple[str, float]) -> pl.DataFrame:
    rows = [{"integration": name, "slo_success": success} for name, success in promises]
    return hours(messages, failures(messages), table(CATALOG["integrations"], *rows))


def worst_hour(messages: pl.DataFrame, *promises: tuple[str, float]) -> datetime | None:
    return next(iter(standing_out(by_hour(messages, *promises))["hour"]), None)


def reported(messages: pl.DataFrame) -> tuple[pl.DataFrame, str | None]:
    return reported_of(ih.Evidence(messages=messages))


def start_of(messages: pl.DataFrame) -> datetime:
    worst = standing_out(by_hour(messages)).row(0, named=True)
    return began(failures(messages), worst["hour"], usual=worst["usual"], reached=worst["failed"])


@pytest.mark.parametrize("seed", range(3))
def test_the_hour_of_an_incident_is_found_and_the_minute_it_began(seed):
    messages = traffic(seed=seed, failing=0.6)
    assert worst_hour(messages) == INCIDENT
    assert abs(start_of(messages) - INCIDENT - timedelta(minutes=20)) <= timedelta(minutes=4)


def test_in_quiet_days_an_hour_stands_out_at_most_as_often_as_the_level_says():
    found = [worst_hour(traffic(seed=seed, days=2)) for seed in range(40)]
    assert sum(hour is not None for hour in found) <= 4


def test_what_is_usual_is_the_share_of_each_integration_in_the_hour_times_what_the_others_lost_of_theirs():
    messages = conform(
        pl.DataFrame(
            [
                (f"{hour}{edge}{place}", edge, DAY + timedelta(hours=hour), "failed" if place < bad else "ok")
                for hour, edge, sent, bad in ((0, "x", 40, 10), (0, "y", 10, 0), (1, "x", 10, 0), (1, "y", 40, 20))
                for place in range(sent)
            ],
            schema=["message_id", "integration", "sent_at", "status"],
            orient="row",
        ).with_columns(source=pl.lit("a"), target=pl.lit("b")),
        "messages",
    )
    told = by_hour(messages, ("x", 0.9))
    assert told.select("messages", "failed").rows() == [(50, 10), (50, 20)]
    # x loses 10 of 50, y 20 of 50: dealt out 40/5 + 10*2/5 = 12 and 10/5 + 40*2/5 = 18, drawn together by one failure.
    assert told["usual"].to_list() == pytest.approx([12 * 21 / 19, 18 * 11 / 13])
    assert told["excess"].to_list() == pytest.approx([10 - 12 * 21 / 19, 20 - 18 * 11 / 13])
    assert told["allowed"].to_list() == pytest.approx([4 + 0.05, 1 + 0.2])


def test_the_failures_of_one_trace_are_one_event():
    wide = (
        traffic()
        .with_row_index()
        .with_columns(
            status=pl.when(pl.col("index") < 40).then(pl.lit("failed")).otherwise("status"),
            trace_id=pl.when(pl.col("index") < 40).then(pl.lit("one")).otherwise("trace_id"),
            sent_at=pl.when(pl.col("index") < 40).then(pl.lit(INCIDENT)).otherwise("sent_at"),
        )
    )
    assert worst_hour(wide.drop("index")) is None
    assert worst_hour(wide.drop("index").with_columns(trace_id=None)) == INCIDENT


def test_a_busy_hour_and_a_nightly_maintenance_are_no_incident():
    messages = traffic(share=0.05)
    busy = messages.with_columns(
        sent_at=pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit(INCIDENT)).otherwise("sent_at")
    )
    assert worst_hour(busy) is None
    night = (pl.col("sent_at").dt.hour() == 2) & (pl.col("target") == "b")
    assert worst_hour(messages.with_columns(status=pl.when(night).then(pl.lit("failed")).otherwise("status"))) is None


def test_order_copies_of_the_frame_and_other_chunks_change_nothing():
    messages = traffic(failing=0.6)
    shuffled = messages.sample(fraction=1, shuffle=True, seed=3)
    parts = pl.concat([shuffled[:1000], shuffled[1000:]], rechunk=False)
    assert (worst_hour(parts), start_of(parts)) == (worst_hour(messages), start_of(messages))


def test_the_report_names_who_failed_in_the_worst_hour_and_why_when_it_names_nobody():
    causes, why = reported(traffic(failing=0.6))
    assert causes["system"][0] == "b"
    assert why.startswith("What changed from 2026-03-06 10:")
    assert "was compared with the time from 2026-03-02 00:0" in why
    assert dict(causes.schema) == COLUMNS
    assert causes["at"].unique().to_list() == [INCIDENT]
    assert "failed" in causes["evidence"][0][0]
    for messages, words in (
        (traffic(), "No hour stands out"),
        (traffic().with_columns(status=pl.lit("ok")), "No message failed"),
        (traffic().clear(), "No message failed"),
    ):
        causes, why = reported(messages)
        assert causes.is_empty()
        assert words in why
        assert dict(causes.schema) == COLUMNS


def test_the_finding_says_where_to_look_first_and_whom_to_ask():
    owners = pl.DataFrame(
        {"system": ["b"], "owner": [None], "team": ["Billing"]}, schema_overrides={"owner": pl.String}
    )
    causes, _ = reported(traffic(failing=0.6))
    (found,) = rootcause_findings(causes, owners).rows(named=True)
    assert (found["rule"], found["subject"], found["owner"], found["severity"]) == (
        "root_cause",
        "b",
        "Billing",
        "warning",
    )
    failed, usual, sent = causes.select("failed_traces", "usual_failed_traces", "traces").row(0)
    assert found["statement"].startswith(
        f"Worst hour, 2026-03-06 10:00 UTC: {failed} of {sent} traces failed where hours like it lose {usual:.2g}; "
        "look at b first: "
    )
    assert (found["value"], found["n"]) == (failed - usual, sent)
    assert "(n=" not in found["statement"]
    assert found["ask"].startswith("What changed at b at 10:")
    assert rootcause_findings(causes.clear(), owners).is_empty()


WEEKS = 4
MONDAY_NINE = DAY + timedelta(days=14, hours=9)


def month(
    seed: int,
    *,
    a_day: int = 3000,
    share: float = 0.003,
    bursts_a_day: float = 0.0,
    extra: dict[int, float] | None = None,
    busy: int | None = None,
    nightly: float = 0.0,
) -> pl.DataFrame:
    """Four weeks of messages in daily and weekly cycles that double, of which a SHARE, that doubles too, fails.

    In bursts a partner is away for five minutes and loses half of what is sent then; EXTRA shares fail in single hours,
    a BUSY one has five times the traffic; a NIGHTLY share of what is sent from two to three fails.
    """
    rng = np.random.default_rng(seed)
    hour = np.arange(WEEKS * 7 * 24)
    load = (1 + 0.8 * np.sin((hour % 24 - 8) / 24 * 2 * np.pi)) * np.where(hour // 24 % 7 >= 5, 0.4, 1)
    growth = 2 ** (hour / hour.size)
    mean = a_day / 24 * load * growth
    if busy is not None:
        mean[busy] *= 5
    minute = np.repeat(hour, rng.poisson(mean)) * 60
    minute = np.sort(minute + rng.random(minute.size) * 60)
    place = (minute // 60).astype(int)
    chance = share * growth[place]
    chance = np.where(hour[place] % 24 == 2, np.maximum(chance, nightly), chance)
    begin = rng.random(rng.poisson(bursts_a_day * WEEKS * 7)) * hour.size * 60
    for first, last in np.searchsorted(minute, [begin, begin + 5]).T:
        chance[first:last] = 0.5
    for where, failing in (extra or {}).items():
        chance = np.where(place == where, failing, chance)
    frame = pl.DataFrame({"minute": minute, "failed": rng.random(minute.size) < chance}).with_row_index("id")
    columns = {"message_id": pl.col("id").cast(pl.String), "trace_id": pl.col("id").cast(pl.String)}
    columns |= {"source": pl.lit("a"), "target": pl.lit("b"), "integration": pl.lit("a to b")}
    sent = pl.lit(DAY).cast(TIME) + pl.duration(microseconds=(pl.col("minute") * 60e6).cast(pl.Int64))
    status = pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok"))
    return conform(frame.select(**columns, sent_at=sent, status=status), "messages")


PLANTED = int((MONDAY_NINE - DAY) / timedelta(hours=1))


def test_an_hour_that_fails_far_beyond_hours_like_it_is_named_in_four_weeks_with_cycles_and_bursts():
    seen = [worst_hour(month(seed, bursts_a_day=0.5, extra={PLANTED: 0.3})) for seed in range(20)]
    assert seen.count(MONDAY_NINE) >= 18


def test_of_fifty_quiet_months_with_trend_cycles_and_bursts_hardly_any_has_a_worst_hour():
    plain = [worst_hour(month(seed)) for seed in range(25)]
    bursts = [worst_hour(month(seed, bursts_a_day=2)) for seed in range(25, 50)]
    assert sum(hour is not None for hour in plain + bursts) <= 2


def test_an_hour_within_the_promise_is_no_news_however_far_it_is_from_usual():
    messages = month(3, a_day=8000, share=0.0001, busy=PLANTED, extra={PLANTED: 0.004})
    assert worst_hour(messages) is None
    assert worst_hour(messages, ("a to b", 0.9999)) == MONDAY_NINE


def test_the_busiest_hour_of_the_year_is_no_incident():
    assert [worst_hour(month(seed, share=0.01, busy=PLANTED)) for seed in range(5)] == [None] * 5


def test_nightly_maintenance_is_usual_and_a_night_that_fails_three_times_as_much_is_not():
    night = PLANTED - 7
    for seed in range(3):
        usual = month(seed, a_day=8000, nightly=0.2)
        assert worst_hour(usual) is None
        worse = month(seed, a_day=8000, nightly=0.2, extra={night: 0.6})
        assert worst_hour(worse) == MONDAY_NINE - timedelta(hours=7)


def test_the_attempts_of_a_message_without_a_trace_are_one_event():
    repeated = month(1).with_columns(trace_id=pl.lit(None, pl.String))
    hour = (pl.col("sent_at") >= MONDAY_NINE) & (pl.col("sent_at") < MONDAY_NINE + timedelta(hours=1))
    again = repeated.filter(hour).head(20).with_columns(status=pl.lit("failed"))
    assert worst_hour(pl.concat([repeated, again.with_columns(message_id=pl.lit("one"))])) is None
    assert worst_hour(pl.concat([repeated, again])) == MONDAY_NINE


def test_a_moment_is_asked_for_and_is_a_note_where_its_hour_is_no_news():
    evidence = ih.Evidence(messages=traffic(failing=0.6))
    asked = ih.error_propagation.root_causes(evidence, at="2026-03-06T10:20")
    assert (asked["system"][0], asked["stands_out"][0]) == ("b", True)
    assert asked.select("at", "began_at").row(0) == (INCIDENT + timedelta(minutes=20),) * 2
    elsewhere = datetime(2026, 3, 6, 11, 20, tzinfo=timezone(timedelta(hours=1)))
    same = ih.error_propagation.root_causes(evidence, at=elsewhere)
    assert same.equals(asked)
    note = rootcause_findings(asked.with_columns(stands_out=False), table(CATALOG["systems"]))
    assert note["severity"].to_list() == ["note"]
    assert note["statement"][0].startswith("Moment asked for, 2026-03-06 10:20 UTC: ")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-04T10:00", "Around 2026-03-04 10:00 UTC, no system stands out from its usual self. What"),
        ("2027-01-01", "Nothing was recorded at 2027-01-01 00:00 UTC; ask for a moment from 2026-03-02 00:0"),
    ],
)
def test_a_moment_where_nobody_stands_out_or_nothing_was_recorded_says_so(at, said):
    report = ih.error_propagation.report(ih.Evidence(messages=traffic()), at=at)
    assert report.tables["root_causes"].is_empty()
    assert report.notes["root_causes"].startswith(said)


@pytest.mark.parametrize("at", ["yesterday", "<script>\n", [1], "x" * 5000])
def test_what_is_no_moment_is_refused_in_one_line_with_the_remedy(at):
    with pytest.raises(WrongValue, match="write 2026-01-31 or") as refused:
        ih.error_propagation.report(ih.Evidence(), at=at)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 200


def lost(days: int, failed: pl.Expr) -> tuple[float, int]:
    """Hours of so many days, ten failed traces dealt to each; what is usual and seen at three on the second Monday."""
    hour = pl.datetime_range(DAY, DAY + timedelta(days=days), "1h", closed="left", eager=True).cast(TIME)
    frame = pl.DataFrame({"hour": hour}).with_columns(failed=failed, dealt=pl.lit(10.0))
    return with_usual(frame).filter(hour=DAY + timedelta(days=7, hours=3)).select("usual", "seen").row(0)


def test_an_hour_is_like_that_of_other_weeks_from_three_weeks_on_and_of_other_days_from_three_days_on():
    at_three = pl.col("hour").dt.hour() == 3
    mondays = pl.when(at_three & (pl.col("hour").dt.weekday() == 1)).then(40).otherwise(10)
    assert lost(21, mondays) == (pytest.approx(10 * 81 / 21, rel=0.01), 80)
    assert lost(20, mondays) == (pytest.approx(10 * (2 * 40 + 17 * 10 + 1) / 191, rel=0.01), 2 * 40 + 17 * 10)


def test_what_is_usual_follows_the_trend_and_no_single_day():
    # Ten times as many fail from the fifth day on; and one day of the second week loses a hundred times as much.
    later = pl.when(pl.col("hour") >= DAY + timedelta(days=4)).then(100).otherwise(10)
    usual, _ = lost(28, later)
    assert usual == pytest.approx(100, rel=0.02)
    once = pl.when(pl.col("hour").dt.date() == DAY.date() + timedelta(days=8)).then(1000).otherwise(10)
    assert lost(28, once)[0] == pytest.approx(10, rel=0.01)


def test_the_chance_of_an_hour_by_itself_is_a_negative_binomial_tail_times_the_hours():
    rows = [(0, 0.5, 10, 0.0), (0, 0.0, 0, 0.0), (1, 0.4, 30, 0.0)]
    rows += [(7, 1.5, 40, 0.0), (7, 1.5, 40, 4.0), (30, 2.0, 3, 0.0)]
    by_hour = pl.DataFrame(rows, schema=["failed", "usual", "seen", "allowed"], orient="row")
    by_hour = by_hour.with_columns(hour=pl.lit(DAY) + pl.duration(minutes=pl.int_range(pl.len())))
    expected = []
    for failed, usual, seen, allowed in rows:
        size, mean = seen + PRIOR_FAILURES, max(usual, allowed)
        expected.append(min(1, nbinom.sf(failed - 1, size, size / (size + mean)) * len(rows)))
    assert with_chance(by_hour)["chance"].to_list() == pytest.approx(expected, rel=1e-9)
