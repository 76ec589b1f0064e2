"""Two logs that share a key, and what their transfers are told to be, each against a loop that counts by hand."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from drawing.transfers import ABSORBED, EVE, LOST, MINUTE, ORDERS, SHOP, TWICE, as_two_logs, christmas
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.transfers import two_logs as module
from integrhealth.analyses.reconciliation.transfers.questions import transfers
from integrhealth.analyses.reconciliation.transfers.two_logs import CLASSES, two_logs
from integrhealth.errors import MissingColumns, WrongValue
from integrhealth.language.schema import conform

SECOND = timedelta(seconds=1)


def classes(frame):
    return dict(frame.group_by("class").len().iter_rows())


def test_christmas_by_its_key_alone():
    counted = classes(two_logs(*christmas(), key="order"))
    assert counted == {
        "lost": len(LOST),
        "applied twice": len(TWICE),
        "absorbed": len(ABSORBED),
        "phantom": 2,
        "in flight": 1,
        "once": ORDERS - 10 - 4 - 3 - 1,
    }


def test_a_difference_of_sets_finds_no_duplicate_and_counts_do():
    sent = pl.DataFrame({"key": ["a", "a", "b"], "sent_at": [EVE, EVE, EVE]})
    received = sent.rename({"sent_at": "received_at"})
    assert not set(sent["key"]) ^ set(received["key"])
    assert dict(two_logs(sent, received, key="key").select("key", "class").rows()) == {
        "a": "applied twice",
        "b": "once",
    }


def test_keys_of_several_columns_in_any_kind_of_frame():
    sent, received = christmas()
    whole = two_logs(sent, received, key=["order", "number"])
    assert_frame_equal(two_logs(sent.lazy(), received.lazy(), key=["order", "number"]), whole)
    pandas = two_logs(pd.DataFrame(sent.to_dict(as_series=False)), received, key=["order", "number"])
    assert classes(pandas) == classes(whole)
    naive = two_logs(sent.with_columns(pl.col("sent_at").dt.replace_time_zone(None)), received, key=["order", "number"])
    assert_frame_equal(naive, whole)
    assert whole["order"].is_sorted()


def test_parts_of_disjoint_keys_are_the_whole(monkeypatch):
    whole = two_logs(*christmas(), key=["order", "number"])
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 40)
    assert_frame_equal(two_logs(*christmas(), key=["order", "number"]), whole)


def test_a_null_is_no_key_and_a_wrong_name_is_said():
    sent, received = christmas()
    nameless = sent.head(3).with_columns(order=pl.lit(None, pl.String))
    assert_frame_equal(
        two_logs(pl.concat([sent, nameless]), received, key="order"), two_logs(sent, received, key="order")
    )
    with pytest.raises(MissingColumns, match="reference"):
        two_logs(sent, received, key="reference")
    with pytest.raises(WrongValue, match="make both text"):
        two_logs(sent, received.with_columns(pl.col("number").cast(pl.String)), key="number")
    with pytest.raises(WrongValue, match="holds no times"):
        two_logs(sent, received, key="order", sent_at="amount")
    with pytest.raises(WrongValue, match="at least one"):
        two_logs(sent, received, key=[])


def test_of_an_empty_log_nothing_is_said():
    sent, received = christmas()
    assert set(two_logs(sent, received.clear(), key="order")["class"]) == {"not covered"}
    assert set(two_logs(sent.clear(), received, key="order")["class"]) == {"not covered"}
    assert two_logs(sent.clear(), received.clear(), key="order").is_empty()


@pytest.mark.parametrize(("seconds", "expected"), [(60, "lost"), (59.999, "in flight")])
def test_lost_from_the_limit_on(seconds, expected):
    sent = pl.DataFrame({"key": ["a", "gone", "z"], "sent_at": [EVE, EVE, EVE + seconds * SECOND]})
    received = pl.DataFrame({"key": ["a", "z"], "received_at": [EVE, EVE + seconds * SECOND]})
    assert two_logs(sent, received, key="key").filter(key="gone")["class"].item() == expected
    longer = two_logs(sent, received, key="key", limit=timedelta(hours=1))
    assert longer.filter(key="gone")["class"].item() == "in flight"


@pytest.mark.parametrize(("seconds", "expected"), [(30, "phantom"), (31, "not covered")])
def test_the_last_that_the_senders_log_would_have(seconds, expected):
    """All take half a minute, so what arrives later than that after the last was sent may have been sent after it."""
    times = [EVE + n * MINUTE for n in range(5)]
    sent = pl.DataFrame({"key": ["a", "b", "c", "d", "e"], "sent_at": times})
    received = pl.DataFrame(
        {
            "key": ["a", "b", "c", "d", "e", "nobody's"],
            "received_at": [at + 30 * SECOND for at in times] + [times[-1] + seconds * SECOND],
        }
    )
    assert two_logs(sent, received, key="key").filter(key="nobody's")["class"].item() == expected


def random_logs(seed):
    """A few keys, each sent up to three times and received up to three times, at whole minutes."""
    rng = np.random.default_rng(seed)
    sent, received = [], []
    for number in range(60):
        begin = int(rng.integers(0, 400))
        for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3])):
            sent.append((f"k{number}", EVE + MINUTE * (begin + int(rng.integers(0, 5)))))
        for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3])):
            received.append((f"k{number}", EVE + MINUTE * (begin + int(rng.integers(0, 30)))))
    return sent, received


def class_by_hand(sent, received):
    """The definition of every class, key by key."""
    keys = {key for key, _ in sent + received}
    times = {
        key: ([at for each, at in sent if each == key], [at for each, at in received if each == key]) for key in keys
    }
    delays = sorted(min(got) - min(gave) for gave, got in times.values() if gave and got)
    # The 99th percentile, the next value above where it lies between two.
    limit = max(delays[math.ceil(0.99 * (len(delays) - 1))], timedelta(minutes=1))
    shortest = max(delays[0], timedelta(0))
    all_sent, all_received = [at for _, at in sent], [at for _, at in received]
    result = {}
    for key, (gave, got) in times.items():
        if gave and got:
            result[key] = "applied twice" if len(got) > 1 else "absorbed" if len(gave) > 1 else "once"
        elif gave:
            due = min(gave) + shortest >= min(all_received)
            result[key] = (
                "not covered" if not due else "lost" if min(gave) + limit <= max(all_received) else "in flight"
            )
        else:
            at = min(got)
            begun = at - limit >= min(all_sent) and at - shortest <= max(all_sent)
            result[key] = "phantom" if begun else "not covered"
    return result


@pytest.mark.parametrize("seed", range(12))
def test_every_class_is_what_a_loop_says(seed):
    sent, received = random_logs(seed)
    frames = [
        pl.DataFrame(rows, schema=["key", at], orient="row")
        for rows, at in ((sent, "sent_at"), (received, "received_at"))
    ]
    assert dict(two_logs(*frames, key="key").select("key", "class").rows()) == class_by_hand(sent, received)


def test_the_loop_meets_every_class():
    assert {name for seed in range(12) for name in class_by_hand(*random_logs(seed)).values()} == set(CLASSES)


# One log, by hand


def random_log(seed):
    """Sends of five objects of one queue over four days: (object, content, attempt's status, minute, took minutes)."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(60):
        status = str(rng.choice(["ok", "ok", "ok", "failed", "timeout", "pending", "rejected"]))
        content = rng.choice(["x", "y", None])
        took = None if status in ("failed", "rejected", "pending") or rng.random() < 0.2 else int(rng.integers(0, 9))
        rows.append((f"o{rng.integers(5)}", content, status, 96 * number + int(rng.integers(0, 60)), took, number))
    return sorted(rows, key=lambda row: row[3])


def counted_by_hand(rows):
    """sent, received, failed, duplicate_applied, absorbed, and what is missing, by a loop over each object's sends."""
    runs = []
    for name in {row[0] for row in rows}:
        before = None
        for row in (each for each in rows if each[0] == name):
            same = before is not None and row[3] - before[3] <= 12 * 60
            if same and row[1] is not None and before[1] is not None:
                same = row[1] == before[1]
            elif same:
                same = before[2] != "ok"
            if same:
                runs[-1].append(row)
            else:
                runs.append([row])
            before = row
    counts = dict.fromkeys(("sent", "received", "failed", "duplicate_applied", "absorbed", "missing"), 0)
    for run in runs:
        effects = sum(row[4] is not None for row in run)
        counts["sent"] += 1
        counts["received"] += effects > 0
        counts["failed"] += effects == 0 and run[-1][2] in ("failed", "timeout", "rejected")
        counts["missing"] += effects == 0 and run[-1][2] not in ("failed", "timeout", "rejected")
        counts["duplicate_applied"] += effects > 1
        counts["absorbed"] += effects == 1 and sum(row[2] not in ("failed", "rejected") for row in run) > 1
    return counts


@pytest.mark.parametrize("seed", range(12))
def test_one_log_is_counted_as_a_loop_does(seed):
    rows = random_log(seed)
    frame = pl.DataFrame(
        [
            (
                f"m{number}",
                name,
                content,
                status,
                EVE + MINUTE * at,
                None if took is None else EVE + MINUTE * (at + took),
            )
            for name, content, status, at, took, number in rows
        ],
        schema=["message_id", "object_id", "payload_hash", "status", "sent_at", "finished_at"],
        orient="row",
    ).with_columns(
        received_at="finished_at", kind=pl.lit("queue"), **{name: pl.lit(value) for name, value in SHOP.items()}
    )
    (row,) = transfers(ih.Evidence(messages=conform(frame, "messages"))).rows(named=True)
    missing = row["lost"] + row["in_flight"] + row["no_receipt_known"]
    assert {name: row[name] for name in counted_by_hand(rows) if name != "missing"} | {
        "missing": missing
    } == counted_by_hand(rows)


def test_what_the_receivers_own_log_has_was_received():
    """The warehouse's log has all but ten, and one that is under way; what it absorbed it does not write down again."""
    frames = as_two_logs()
    frames["messages"] = frames["messages"].filter(~pl.col("seq").is_in(list(ABSORBED)))
    alone = ih.reconciliation.trail_whole(ih.Evidence(messages=frames["messages"])).row(0, named=True)
    assert (alone["received"], "received" in alone["never_logged"]) == (0, True)
    both = ih.reconciliation.trail_whole(ih.Evidence(**frames)).row(0, named=True)
    sent = frames["messages"].height
    assert both["received"] == pytest.approx((sent - len(LOST) - 1) / sent)
    assert "received" not in both["never_logged"]
    # What the receiver had before, or refused, is no receipt.
    before = frames["receipts"].with_columns(pl.col("received_at") - timedelta(days=1))
    refused = frames["receipts"].with_columns(status=pl.lit("failed"))
    for receipts in (before, refused):
        row = ih.reconciliation.trail_whole(ih.Evidence(messages=frames["messages"], receipts=receipts))
        assert row["received"].item() == 0
