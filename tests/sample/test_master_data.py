"""What truth.json says of the master data, counted another way: from the raw tables, row by row, with csv alone."""

import csv
import gzip
import json
import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from integrhealth.sample import write_sample
from integrhealth.sample.master_data.changes import feeds

SAMPLES = Path(__file__).parents[2] / "sample_logs"
NEVER = datetime.max.replace(tzinfo=UTC)


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines()))


@pytest.fixture(scope="module", params=["a", "b"])
def fed(request):
    """Messages, field changes, holds and truth of a committed sample, and its bad entries found naively."""
    folder = SAMPLES / f"company_{request.param}"
    tables = [table(folder / "master_data" / f"{name}.csv.gz") for name in ("messages", "field_changes", "holds")]
    truth = json.loads((folder / "truth.json").read_text())
    return *tables, truth, bad_entries(*tables)


def bad_entries(messages: list, changes: list, holds: list) -> list[dict]:
    """Values that a person wrote and a person replaced within thirty days, or that a checkpoint turned down."""
    rejected = {row["message_id"]: moment(row["released_at"]) for row in holds if row["decision"] == "rejected"}
    turned_down = {
        row["payload_hash"]: rejected[row["message_id"]] for row in messages if row["message_id"] in rejected
    }
    written = defaultdict(list)
    for row in changes:
        if not row["message_id"] and row["actor_type"] == "person":
            written[row["element"], row["entity"]].append(row)
    found = []
    for (element, entity), rows in written.items():
        rows.sort(key=lambda row: row["at"])
        for row, later in pairwise(rows):
            at, corrected = moment(row["at"]), moment(later["at"])
            if corrected - at <= timedelta(days=30):
                value = row["value_hash"]
                detected = min(corrected, turned_down.get(value, NEVER))
                found.append({"element": element, "entity": entity, "value": value, "at": at, "detected": detected})
    return found


def of_feed(planted: dict, rows: list[dict], column: str) -> list[dict]:
    return [row for row in rows if row[column] == planted["element" if column == "element" else "object_type"]]


def test_feeds_have_the_entries_that_the_truth_counts(fed):
    messages, changes, _, truth, bad = fed
    for name, planted in truth["mechanisms"]["master_data"]["feeds"].items():
        mine = of_feed(planted, bad, "element")
        sent = of_feed(planted, messages, "object_type")
        written = [row for row in of_feed(planted, changes, "element") if not row["message_id"]]
        people = [row for row in written if row["actor_type"] == "person"]
        assert len(mine) == planted["wrong"]
        assert len(people) == planted["entries"] + planted["wrong"]
        assert len(written) - len(people) == planted["written_again_by_a_job"] > 0
        objects = {row["entity"] for row in people}
        assert planted["entries"] - len(objects) == planted["second_entries_of_an_object"] > 0
        assert len(sent) == planted["messages"]
        first = [row for row in sent if row["integration"] == name and row["status"] == "ok"]
        assert len(first) == planted["delivered_on_first"]
        minutes = [(row["detected"] - row["at"]).total_seconds() / 60 for row in mine]
        assert median(minutes) == pytest.approx(planted["median_minutes_to_notice"])
        assert sum(each <= 60 for each in minutes) == planted["noticed_within"]["1h"]
        assert sum(each <= 1440 for each in minutes) == planted["noticed_within"]["24h"]


def test_wrong_values_stood_in_as_many_systems_as_the_truth_says(fed):
    _, changes, _, truth, bad = fed
    arrived = defaultdict(list)
    for row in changes:
        if row["message_id"]:
            arrived[row["entity"], row["value_hash"]].append((row["system"], moment(row["at"])))
    for planted in truth["mechanisms"]["master_data"]["feeds"].values():
        held, hours, sizes, records = Counter(), Counter(), Counter(), 0
        for entry in of_feed(planted, bad, "element"):
            places = [(planted["origin"], entry["at"]), *arrived[entry["entity"], entry["value"]]]
            assert all(at < entry["detected"] for _, at in places)
            sizes[len({system for system, _ in places})] += 1
            records += len(places) - 1
            for system, at in places:
                held[system] += 1
                hours[system] += (entry["detected"] - at).total_seconds() / 3600
        told = planted["contamination"]
        assert {str(size): count for size, count in sizes.items()} == {
            k: v for k, v in told["entries_by_systems"].items() if v
        }
        assert sum(size * count for size, count in sizes.items()) == told["systems"]
        assert (held, records) == (told["entries_held_by_system"], told["messages"])
        assert hours == pytest.approx(told["hours_held_by_system"], abs=1e-5)
        assert len(sizes) > 2  # some went further than others


def test_the_best_hold_is_the_bottom_of_its_cost_curve(fed):
    truth = fed[3]
    for name, planted in truth["mechanisms"]["master_data"]["feeds"].items():
        hold = planted["hold"]
        share, delay, error = (hold[key] for key in ("released_wrong_share", "delay_cost_per_hour", "error_cost"))
        rate, late = hold["notice_rate_per_hour"], hold["noticed_after_hours"]

        def cost(hours, share=share, delay=delay, error=error, rate=rate, late=late):
            still = math.exp(-rate * hours) if rate else 1.0 - np.clip((hours - late[0]) / (late[1] - late[0]), 0, 1)
            return delay * hours + share * error * still

        best = min(np.linspace(0, 240, 240 * 60 + 1), key=cost)
        assert best * 60 == pytest.approx(hold["best_hold_minutes"], abs=1)
        assert cost(hold["best_hold_minutes"] / 60) == pytest.approx(
            hold["cost_per_message_with_the_best_hold"], abs=1e-4
        )
        assert truth["answers"]["friction"][name]["verdict"] == hold["verdict"]
    told = [row["verdict"] for row in truth["answers"]["friction"].values()]
    assert told == ["hold", "instant", "a hold cannot help"]


def test_people_notice_when_the_feed_says(fed):
    truth = fed[3]
    prices, stock, suppliers = truth["mechanisms"]["master_data"]["feeds"].values()
    assert 15 < prices["median_minutes_to_notice"] < 35
    assert 40 < stock["median_minutes_to_notice"] < 85
    assert 66 * 60 < suppliers["median_minutes_to_notice"] < 78 * 60
    assert suppliers["noticed_within"] == {"1h": 0, "24h": 0}


def test_checkpoints_hold_and_catch_as_the_truth_counts(fed):
    messages, _, holds, truth, bad = fed
    value_of = {row["message_id"]: row["payload_hash"] for row in messages}
    wrong = {entry["value"] for entry in bad}
    by_name = defaultdict(list)
    for row in holds:
        by_name[row["checkpoint"]].append(row)
    assert by_name.keys() == truth["mechanisms"]["master_data"]["checkpoints"].keys()
    for name, planted in truth["mechanisms"]["master_data"]["checkpoints"].items():
        rows = by_name[name]
        took = [(moment(row["released_at"]) - moment(row["held_at"])).total_seconds() for row in rows]
        rejected = [row["decision"] == "rejected" for row in rows]
        held_wrong = sum(value_of[row["message_id"]] in wrong for row in rows)
        assert (len(rows), held_wrong) == (planted["held"], planted["held_wrong"])
        assert sum(rejected) == planted["caught"]
        assert len(rows) - held_wrong == planted["held_right"]
        assert planted["catch_rate"] == pytest.approx(held_wrong / planted["wrong"], abs=1e-6)
        assert planted["caught_share"] == pytest.approx(sum(rejected) / planted["wrong"], abs=1e-6)
        assert planted["false_hold_rate"] == pytest.approx(1 - held_wrong / len(rows), abs=1e-6)
        assert median(took) / 60 == pytest.approx(planted["median_hold_minutes"], abs=1e-6)
        quick = sum(each < 10 and not turned for each, turned in zip(took, rejected, strict=True))
        assert quick == planted["released_within_10_s"]
        assert (quick / len(rows) > 0.9) == planted["stamped"]
        assert {row["was_bad"] for row in rows} == ({""} if planted["stamped"] else {"true", "false"})
        assert all((row["was_bad"] == "true") <= (value_of[row["message_id"]] in wrong) for row in rows)


def test_messages_hang_together_and_none_failed(fed):
    messages, changes, holds, *_ = fed
    by_id = {row["message_id"]: row for row in messages}
    assert len(by_id) == len(messages)
    for row in messages:
        if row["parent_id"]:
            parent = by_id[row["parent_id"]]
            assert (parent["trace_id"], parent["target"]) == (row["trace_id"], row["source"])
            assert moment(parent["finished_at"]) <= moment(row["sent_at"])
            assert parent["payload_hash"] == row["payload_hash"]
        times = [moment(row[name]) for name in ("sent_at", "received_at", "finished_at") if row[name]]
        assert times == sorted(times)
    cancelled = {row["message_id"] for row in messages if row["status"] == "cancelled"}
    assert {row["status"] for row in messages} <= {"ok", "cancelled"}
    assert cancelled == {row["message_id"] for row in holds if row["decision"] == "rejected"}
    brought = [row["message_id"] for row in changes if row["message_id"]]
    assert sorted(brought) == sorted(by_id.keys() - cancelled)
    assert {row["checkpoint"] for row in messages} - {""} == {row["checkpoint"] for row in holds}


def test_the_outage_and_the_end_of_the_period_touch_none_of_it(fed):
    messages, changes, _, truth, _ = fed
    outage = truth["mechanisms"]["outage"]
    start, end = (datetime.fromisoformat(outage[edge]) for edge in ("start", "end"))
    assert not [row for row in messages if start <= moment(row["sent_at"]) < end]
    assert max(row["at"] for row in changes) < truth["period"]["last_day"] + "T24"


def test_every_size_has_the_same_shares(tmp_path):
    small, large = (feeds("a", messages=count, seed=3) for count in (1000, 300_000))
    for few, many in zip(small, large, strict=True):
        assert few.entries.wrong.sum() >= 0
        share = many.entries.feed.wrong["a"]
        assert many.entries.wrong.mean() == pytest.approx(share, abs=1e-3)
        assert np.unique(many.entries.number + 10**9 * many.entries.again).size == many.entries.wrong.size
    truth = write_sample(tmp_path, company="b", messages=1000, seed=3)
    assert truth["mechanisms"]["master_data"]["feeds"]["price-changes"]["entries"] == 6
