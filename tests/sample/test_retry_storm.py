"""The retry storm of the sample companies: truth.json against the raw table, and the storm at other sizes and seeds."""

import csv
import gzip
import json
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from integrhealth.sample.retry_storm.files import retry_storm
from integrhealth.sample.retry_storm.scans import DELIVERED, EVENINGS, storm

SAMPLES = Path(__file__).parents[2] / "sample_logs"
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module", params=["a", "b"])
def evening(request):
    """Company, attempts of the committed sample with their times, and the truth."""
    folder = SAMPLES / f"company_{request.param}"
    text = gzip.decompress((folder / "parcel_scans" / "messages.csv.gz").read_bytes()).decode()
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        row["sent"], row["ended"] = (datetime.fromisoformat(row[name]) for name in ("sent_at", "finished_at"))
        row["attempt"], row["ok"] = int(row["attempt"]), row["status"] == "ok"
    return request.param, rows, json.loads((folder / "truth.json").read_text())


def test_attempts_are_counted_right(evening):
    _, rows, truth = evening
    planted = truth["mechanisms"]["retry_storm"]
    scans = {row["object_id"] for row in rows}
    delivered = {row["object_id"] for row in rows if row["ok"]}
    assert (len(scans), len(rows), len(delivered)) == (planted["messages"], planted["attempts"], planted["delivered"])
    assert (
        len({row["message_id"] for row in rows}) == len(rows) == truth["files"]["parcel_scans/messages.csv.gz"]["rows"]
    )
    assert sum(not row["ok"] for row in rows) == planted["failed"]
    assert truth["messages"]["by_integration"]["parcel-scans"] == {"messages": len(rows), "failed": planted["failed"]}
    assert len(scans) - len(delivered) == planted["never_delivered"]
    assert planted["amplification"] == pytest.approx(len(rows) / len(scans), abs=1e-6)
    assert {bool(row["error_code"]) for row in rows if row["ok"]} == {False}
    assert {row["error_code"] for row in rows if not row["ok"]} == {"ServiceUnavailable", "TooManyRequests"}


def test_nothing_is_delivered_in_the_trigger_and_only_b_recovers_after_it(evening):
    company, rows, truth = evening
    planted = truth["mechanisms"]["retry_storm"]
    start, end = (datetime.fromisoformat(planted[f"trigger_{edge}"]) for edge in ("start", "end"))
    after = end + timedelta(minutes=planted["by_window"]["after"]["minutes"])
    edges = {"before": (start - (after - end), start), "trigger": (start, end), "after": (end, after)}
    for name, (opens, closes) in edges.items():
        inside = [row for row in rows if opens <= row["sent"] < closes]
        told = planted["by_window"][name]
        found = (sum(row["attempt"] == 1 for row in inside), len(inside), sum(row["ok"] for row in inside))
        assert found == (told["new"], told["attempts"], told["delivered"])
    before, trigger, later = planted["by_window"].values()
    assert trigger["delivered"] == 0
    assert before["delivered"] == before["new"] == later["new"]
    assert planted["sustained"] == (company == "a") == (later["delivered"] < before["delivered"] / 2)
    assert later["attempts"] > 4 * later["new"] if company == "a" else later["delivered"] >= later["new"]
    assert [row["error_code"] for row in rows if start <= row["sent"] < end] == ["ServiceUnavailable"] * trigger[
        "attempts"
    ]
    calm = [row for row in rows if row["sent"] >= after + timedelta(minutes=25)]
    assert all(row["ok"] for row in calm)
    assert calm


def test_retries_come_at_a_fixed_gap_in_a_and_with_full_jitter_in_b(evening):
    company, rows, truth = evening
    tries = defaultdict(list)
    for row in rows:
        tries[row["object_id"]].append(row)
    gaps = []
    for attempts in tries.values():
        attempts.sort(key=lambda row: row["attempt"])
        assert [row["attempt"] for row in attempts] == list(range(1, len(attempts) + 1))
        assert not any(row["ok"] for row in attempts[:-1])
        gaps += [(two["sent"] - one["ended"]) / SECOND / 2 ** (one["attempt"] - 1) for one, two in pairwise(attempts)]
    planted = truth["mechanisms"]["retry_storm"]
    assert len(gaps) == planted["retries"] >= 30
    assert max(len(attempts) for attempts in tries.values()) <= planted["most_retries"] + 1
    if company == "b":
        assert planted["jittered"]
        assert 0 <= min(gaps) < 12 < 48 < max(gaps) <= 60
    else:
        exact = [row for attempts in tries.values() for row in attempts if row["attempt"] == 2]
        first = {row["object_id"]: row for row in rows if row["attempt"] == 1}
        assert {round((row["sent"] - first[row["object_id"]]["ended"]) / SECOND, 5) for row in exact} == {5.0}


@pytest.mark.parametrize(("messages", "seed"), [(60_000, 1), (60_000, 2), (300_000, 3)])
def test_only_a_stays_down_at_any_size_and_seed(messages, seed):
    told = {company: retry_storm(storm(company, messages=messages, seed=seed)) for company in "ab"}
    assert (told["a"]["sustained"], told["b"]["sustained"]) == (True, False)
    assert told["a"]["storm_minutes_after_trigger"] == 5
    assert told["a"]["failed"] / messages < 400 / 60_000
    assert told["b"]["failed"] / messages < 80 / 60_000


def test_the_retries_keep_the_storm_alive(monkeypatch):
    """The same evening with one retry, or without the trigger, is no storm: neither load nor server alone make it."""
    monkeypatch.setitem(EVENINGS, "a", replace(EVENINGS["a"], most=1))
    assert not retry_storm(storm("a", messages=60_000, seed=1))["sustained"]
    monkeypatch.undo()
    monkeypatch.setattr(
        "integrhealth.sample.retry_storm.scans.TRIGGER", (datetime.fromtimestamp(0), datetime.fromtimestamp(0))
    )
    assert (storm("a", messages=60_000, seed=1).outcome == DELIVERED).all()


def test_left_alone_it_would_last(monkeypatch):
    monkeypatch.setitem(EVENINGS, "a", replace(EVENINGS["a"], switched_off=None))
    assert retry_storm(storm("a", messages=300_000, seed=3))["storm_minutes_after_trigger"] > 30


def test_the_smallest_company_has_a_storm_file_too():
    evening = storm("b", messages=1000, seed=1)
    assert evening.scan.size >= 15
    assert np.isin(evening.outcome, (0, 1, 2)).all()
