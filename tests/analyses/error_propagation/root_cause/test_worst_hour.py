"""The worst hour against planted incidents, chance, busy hours, single wide cascades and nightly maintenance."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.root_causes import reported_of

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.findings import rootcause_findings
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import COLUMNS
from integrhealth.analyses.error_propagation.root_cause.worst_hour import (
    began,
    failures,
    hours,
    standing_out,
    worst_hour,
)
from integrhealth.language.schema import TIME, conform

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


def reported(messages: pl.DataFrame) -> tuple[pl.DataFrame, str | None]:
    return reported_of(ih.Evidence(messages=messages))


def start_of(messages: pl.DataFrame) -> datetime:
    failed = failures(messages)
    worst = standing_out(hours(messages, failed)).row(0, named=True)
    return began(failed, worst["hour"], usual=worst["expected_traces"], reached=worst["traces"])


@pytest.mark.parametrize("seed", range(3))
def test_the_hour_of_an_incident_is_found_and_the_minute_it_began(seed):
    messages = traffic(seed=seed, failing=0.6)
    assert worst_hour(messages) == INCIDENT
    assert abs(start_of(messages) - INCIDENT - timedelta(minutes=20)) <= timedelta(minutes=4)


def test_in_quiet_days_an_hour_stands_out_at_most_as_often_as_the_level_says():
    found = [worst_hour(traffic(seed=seed, days=2)) for seed in range(40)]
    assert sum(hour is not None for hour in found) <= 4


def test_what_is_expected_is_the_share_of_each_integration_in_the_messages_of_the_hour():
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
    told = hours(messages, failures(messages))
    # x loses 10 of 50, y 20 of 50: 40/5 + 10*2/5 = 12 in the first hour, 10/5 + 40*2/5 = 18 in the second.
    assert told.select("messages", "failed", "expected", "excess").rows() == [(50, 10, 12, -2), (50, 20, 18, 2)]


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
    table, why = reported(traffic(failing=0.6))
    assert (table["system"][0], why) == ("b", None)
    assert dict(table.schema) == COLUMNS
    assert table["at"].unique().to_list() == [INCIDENT]
    assert "failed" in table["evidence"][0][0]
    for messages, words in (
        (traffic(), "No hour stands out"),
        (traffic().with_columns(status=pl.lit("ok")), "No message failed"),
        (traffic().clear(), "No message failed"),
    ):
        table, why = reported(messages)
        assert table.is_empty()
        assert words in why
        assert dict(table.schema) == COLUMNS


def test_the_finding_says_where_to_look_first_and_whom_to_ask():
    owners = pl.DataFrame(
        {"system": ["b"], "owner": [None], "team": ["Billing"]}, schema_overrides={"owner": pl.String}
    )
    table, _ = reported(traffic(failing=0.6))
    (found,) = rootcause_findings(table, owners).rows(named=True)
    assert (found["rule"], found["subject"], found["owner"], found["severity"]) == (
        "root_cause",
        "b",
        "Billing",
        "warning",
    )
    assert found["statement"].startswith("For the worst hour, 2026-03-06 10:00 UTC, look at b first: ")
    assert "(n=" not in found["statement"]
    assert found["ask"].startswith("What changed at b at 10:")
    assert rootcause_findings(table.clear(), owners).is_empty()
