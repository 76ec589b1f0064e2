"""What became of what was sent: planted losses, duplicates on both sides, phantoms, and nothing where nothing is."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.frames import drawn
from drawing.landscapes import healthy
from drawing.transfers import ABSORBED, EVE, LATE, LOST, MINUTE, ORDERS, SHOP, TWICE, as_one_log, as_two_logs, christmas
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.transfers import counts, order, reconciled
from integrhealth.analyses.reconciliation.transfers.findings import transfer_findings
from integrhealth.analyses.reconciliation.transfers.notes import transfer_notes
from integrhealth.analyses.reconciliation.transfers.questions import (
    breaks,
    duplicates,
    transfer_ages,
    transfers,
    unmatched,
)
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import FRAMES, conform

NIGHT = {
    "sent": ORDERS,
    "lost": len(LOST),
    "duplicate_applied": len(TWICE),
    "absorbed": len(ABSORBED),
    "in_flight": 1,
    "received": ORDERS - len(LOST) - 1,
    "failed": 0,
    "no_receipt_known": 0,
    "applied_again": len(TWICE),
}
MAPPING = """
sources:
  - glob: shop.csv
    frame: messages
    columns:
      message_id: id
      object_id: order no
      source: {value: shop}
      target: {value: wms}
      status: {value: ok}
      sent_at: sent
      amount: total
    time: {zone: UTC}
  - glob: warehouse.csv
    frame: receipts
    columns:
      object_id: reference
      source: {value: shop}
      target: {value: wms}
      received_at: booked
      amount: value
    time: {zone: UTC}
"""


def declared(**columns):
    return Catalog(
        currency="EUR", integrations=pl.DataFrame([SHOP | columns], schema=CATALOG["integrations"], orient="row")
    )


def only(frame):
    (row,) = frame.rows(named=True)
    return row


def told(evidence, *names):
    row = only(transfers(evidence))
    return tuple(row[name] for name in names)


# Planted truth


def test_two_logs_of_christmas_tell_what_became_of_every_order():
    row = only(transfers(ih.Evidence(**as_two_logs())))
    assert {name: row[name] for name in NIGHT} == NIGHT
    assert (row["phantom"], row["late"], row["side"]) == (2, len(LATE), "two logs")
    assert (row["surely_lost"], row["uncovered"]) == (10, 0)
    assert row["lost_amount"] == pytest.approx(sum(10.0 + number % 7 for number in LOST))
    assert row["oldest"] == EVE + MINUTE * LOST[0]
    assert row["lost_share"] == pytest.approx(10 / 299)
    assert row["low"] < 10 / 299 < row["high"]


def test_pandas_frames_in_another_zone_tell_the_same():
    frames = as_two_logs()
    away = {
        name: frame.with_columns(pl.col(pl.Datetime).dt.convert_time_zone("Asia/Tokyo")).to_pandas()
        for name, frame in frames.items()
    }
    assert_frame_equal(transfers(ih.Evidence(**away)), transfers(ih.Evidence(**frames)))


def test_one_log_with_both_ends_tells_the_same():
    row = only(transfers(ih.Evidence(messages=as_one_log())))
    assert {name: row[name] for name in NIGHT} == NIGHT
    assert (row["phantom"], row["late"], row["side"]) == (None, len(LATE), "one log")


@pytest.mark.parametrize("content", [("seq",), ("payload_hash",), ("amount",), ()])
def test_equal_duplicates_on_both_sides_show_whatever_the_logs_say_of_the_content(content):
    frames = as_two_logs()
    dropped = {"seq", "payload_hash", "amount"} - set(content)
    row = only(transfers(ih.Evidence(**{name: frame.drop(dropped) for name, frame in frames.items()})))
    assert {name: row[name] for name in NIGHT} == NIGHT
    same = set(frames["messages"]["object_id"]) & set(frames["receipts"]["object_id"])
    assert {f"{number:05}" for number in TWICE} <= same  # a difference of sets shows none of them


@pytest.mark.parametrize("told_by", ["object_type", "operation"])
def test_an_order_that_came_twice_does_not_hide_an_invoice_of_its_number_that_did_not(told_by):
    frames = as_two_logs()
    one = pl.DataFrame({"object_id": ["7", "7"], told_by: ["order", "invoice"], "row": [1, 2]})
    sent = one.select(
        *("object_id", told_by),
        message_id=pl.format("of 7, {}", "row"),
        sent_at=EVE + MINUTE * pl.col("row"),
        status=pl.lit("ok"),
        kind=pl.lit("queue"),
        **{name: pl.lit(value) for name, value in SHOP.items()},
    )
    came = pl.concat([one.head(1), one.head(1)]).select(
        *("object_id", told_by),
        received_at=EVE + MINUTE * (pl.int_range(2) + 3),
        **{name: pl.lit(value) for name, value in SHOP.items()},
    )
    for name, more in (("messages", sent), ("receipts", came)):
        frames[name] = pl.concat([frames[name], conform(more, name)])
    evidence = ih.Evidence(**frames)
    assert told(evidence, "lost", "duplicate_applied") == (len(LOST) + 1, len(TWICE) + 1)
    lost = unmatched(evidence).filter(pl.col("object_id") == "7")
    assert lost.select("class", "message_id").rows() == [("lost", "of 7, 2")]


def test_a_receiver_that_hashes_in_another_way_loses_nothing_by_it():
    frames = as_two_logs()
    frames["receipts"] = frames["receipts"].with_columns(
        payload_hash=pl.format("sha {}", "payload_hash"), seq=pl.lit(None, pl.Int64), amount=pl.col("amount") / 2
    )
    assert told(ih.Evidence(**frames), "lost", "phantom", "duplicate_applied") == (10, 2, 4)


def test_two_exports_and_a_mapping_go_the_whole_way(tmp_path):
    sent, arrived = christmas()
    sent.select(id=pl.int_range(pl.len()), **{"order no": "order"}, sent="sent_at", total="amount").write_csv(
        tmp_path / "shop.csv", datetime_format="%Y-%m-%d %H:%M:%S%.f"
    )
    arrived.select(reference="order", booked="received_at", value="amount").write_csv(
        tmp_path / "warehouse.csv", datetime_format="%Y-%m-%d %H:%M:%S%.f"
    )
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "catalog.yaml").write_text(
        "integrations: [{name: shop-orders, source: shop, target: wms}]\n", encoding="utf-8"
    )
    evidence = ih.read(tmp_path)
    assert evidence.receipts.height == arrived.height
    assert set(evidence.sources["rows_rejected"]) == {0}
    row = only(transfers(evidence))
    assert row["integration"] == "shop-orders"
    assert {name: row[name] for name in NIGHT} == NIGHT
    evidence.save(tmp_path / "canonical")
    assert_frame_equal(transfers(ih.read(tmp_path / "canonical")), transfers(evidence))
    # The same exports once more, beside them, are the same rows and not more of them.
    for name in ("shop.csv", "warehouse.csv"):
        (tmp_path / "again").mkdir(exist_ok=True)
        (tmp_path / "again" / name).write_bytes((tmp_path / name).read_bytes())
    (tmp_path / "canonical" / "evidence.json").unlink()
    for file in (tmp_path / "canonical").iterdir():
        file.unlink()
    assert_frame_equal(transfers(ih.read(tmp_path)), transfers(evidence))


def test_a_file_called_receipts_needs_no_mapping(tmp_path):
    (tmp_path / "receipts.csv").write_text(
        "object_id,received_at,source,target\n00007,2025-12-24T12:00:00Z,shop,wms\n", encoding="utf-8"
    )
    (row,) = ih.read(tmp_path).receipts.select("object_id", "integration").rows()
    assert row == ("00007", "shop > wms")


def test_a_period_cuts_messages_and_receipts_alike():
    whole = ih.Evidence(**as_two_logs())
    half = EVE + 150 * MINUTE
    early, late = (only(transfers(each)) for each in (whole.until(half), whole.since(half)))
    assert (early["sent"], early["lost"], early["phantom"], early["in_flight"]) == (150, 10, 2, 0)
    assert (late["sent"], late["lost"], late["phantom"], late["in_flight"]) == (150, 0, 0, 1)


def test_the_objects_behind_the_counts_are_named():
    evidence = ih.Evidence(**as_two_logs())
    missing = unmatched(evidence)
    by_class = dict(missing.group_by("class").agg("object_id").iter_rows())
    assert sorted(by_class["lost"]) == [f"{number:05}" for number in LOST]
    assert by_class["in flight"] == ["00299"]
    assert sorted(by_class["phantom"]) == ["100020", "100021"]
    again = duplicates(evidence)
    kinds = {name: set(rows) for name, rows in again.group_by("class").agg("object_id").iter_rows()}
    assert kinds["applied twice"] == {f"{number:05}" for number in TWICE}
    assert kinds["absorbed"] == {f"{number:05}" for number in ABSORBED}


def test_who_ordered_the_same_twice_stays_a_customer_with_two_orders():
    frames = as_two_logs()
    unnumbered = {name: frame.with_columns(seq=pl.lit(None, pl.Int64)) for name, frame in frames.items()}
    again = duplicates(ih.Evidence(**unnumbered)).filter(pl.col("class") == "possible")
    # The sixth of them comes after another one of the six.
    assert set(again["object_id"]) <= {f"{number:05}" for number in range(99, 106)}
    assert again.height >= 1
    assert told(ih.Evidence(**unnumbered), "sent", "duplicate_applied") == (ORDERS, len(TWICE))


def test_what_a_checkpoint_held_is_not_late_for_that_time():
    """Twenty changes took two hours, an hour and 55 minutes of which ten of them were held on purpose."""
    sent = pl.datetime(2026, 3, 2, time_zone="UTC") + pl.duration(hours=3 * pl.int_range(20))
    rows = pl.select(
        message_id=pl.format("m{}", pl.int_range(20)),
        object_id=pl.format("o{}", pl.int_range(20)),
        integration=pl.lit("prices"),
        source=pl.lit("erp"),
        target=pl.lit("shop"),
        kind=pl.lit("queue"),
        sent_at=sent,
        received_at=sent + pl.duration(hours=2),
        finished_at=sent + pl.duration(hours=2),
        status=pl.lit("ok"),
    )
    held = rows.head(10).select(
        "message_id",
        checkpoint=pl.lit("approval"),
        held_at="sent_at",
        released_at=pl.col("sent_at") + pl.duration(minutes=115),
    )
    promised = pl.DataFrame(
        {"integration": ["prices"], "sync_limit_ms": [900_000.0]}, schema_overrides={"sync_limit_ms": pl.Float64}
    )
    catalog = Catalog(integrations=pl.DataFrame(promised.to_dicts(), schema=CATALOG["integrations"]))
    assert only(transfers(ih.Evidence(messages=rows, holds=held, catalog=catalog)))["late"] == 10
    assert only(transfers(ih.Evidence(messages=rows, catalog=catalog)))["late"] == 20


def test_ages_tell_the_late_from_the_missing():
    rows = transfer_ages(ih.Evidence(**as_two_logs())).rows_by_key("band", named=True)
    assert [rows[band][0]["arrived"] for band in ("under a minute", "hours")] == [288, 1]
    assert [rows[band][0]["missing"] for band in ("hours",)] == [10]
    assert sum(each["missing"] for row in rows.values() for each in row) == 11


# What a log can tell


def test_a_receiver_that_got_nothing_of_one_integration_was_there_while_it_got_something_of_another():
    frames = as_two_logs()
    half = pl.col("received_at") < EVE + 150 * MINUTE
    other = {name: frame.with_columns(integration=pl.lit("shop-returns")) for name, frame in frames.items()}
    other["messages"] = other["messages"].with_columns(message_id=pl.format("r{}", "message_id"))
    evidence = ih.Evidence(
        messages=pl.concat([frames["messages"], other["messages"]]),
        receipts=pl.concat([frames["receipts"].filter(half), other["receipts"]]),
    )
    rows = transfers(evidence).rows_by_key("integration", named=True)
    # Those of the second half and the late one; the last two were sent within a minute of the end.
    assert rows["shop-orders"][0]["lost"] == 10 + 150 + 1 - 2
    assert rows["shop-orders"][0]["in_flight"] == 2


def test_the_sender_alone_never_says_that_all_is_lost():
    head = "message_id object_id sent_at answered_at status"
    table = drawn("messages", f"{head}\na o 1 2 ok\nb p 3 4 ok\nc q 5 6 failed", kind="queue", **SHOP)
    row = only(transfers(ih.Evidence(messages=table)))
    assert (row["sent"], row["received"], row["failed"], row["no_receipt_known"]) == (3, 0, 1, 2)
    assert {row[name] for name in reconciled.OF_THE_RECEIVER} == {None}
    assert row["side"] == "sender only"
    asked = only(transfers(ih.Evidence(messages=table.with_columns(kind=pl.lit("request")))))
    assert (asked["received"], asked["lost"], asked["no_receipt_known"]) == (2, None, 0)
    assert breaks(ih.Evidence(messages=table)).rows() == [("shop-orders", None)]


def test_spans_of_one_side_tell_nothing_of_the_other():
    frame = as_one_log().with_columns(answered_at="finished_at", received_at="sent_at")
    assert told(ih.Evidence(messages=frame.drop_nulls("finished_at")), "side", "lost") == ("sender only", None)


def test_load_tests_and_what_a_receiver_refused_are_no_losses_and_no_phantoms():
    frames = as_two_logs()
    test = frames["messages"]["object_id"].is_in([f"{number:05}" for number in range(5)])
    loads = frames["messages"].with_columns(load_test=test)
    row = only(transfers(ih.Evidence(messages=loads, receipts=frames["receipts"])))
    assert (row["sent"], row["phantom"], row["lost"]) == (ORDERS - 5, 2, 10)
    refused = frames["receipts"].with_columns(
        status=pl.when(pl.col("object_id") == "00010").then(pl.lit("rejected")).otherwise(pl.lit("ok"))
    )
    row = only(transfers(ih.Evidence(messages=frames["messages"], receipts=refused)))
    assert (row["failed"], row["lost"], row["received"]) == (1, 10, ORDERS - 12)


def test_keys_that_have_nothing_in_common_are_said_to_have_none():
    frames = as_two_logs()
    other = frames["receipts"].with_columns(object_id=pl.format("WMS-{}", "object_id"))
    evidence = ih.Evidence(messages=frames["messages"], receipts=other)
    assert told(evidence, "side", "lost", "phantom", "no_receipt_known") == ("no common key", None, None, ORDERS)
    tables = {"transfers": transfers(evidence), "unmatched": unmatched(evidence)}
    assert "receipts.object_id" in transfer_notes(tables)["unmatched"]


def test_a_receipt_without_integration_is_of_the_only_one_into_its_system():
    frames = as_two_logs()
    bare = frames["receipts"].with_columns(integration=pl.lit(None, pl.String), source=pl.lit(None, pl.String))
    evidence = ih.Evidence(messages=frames["messages"], receipts=bare)
    assert told(evidence, "lost", "phantom") == (10, 2)
    # Named by its edge alone, as there is no catalog; the messages have a name of their own.
    edge = evidence.replace(receipts=bare.with_columns(source=pl.lit("shop")))
    assert set(edge.receipts["integration"]) == {"shop > wms"}
    assert told(edge, "lost", "phantom") == (10, 2)
    second = (
        frames["messages"]
        .head(1)
        .with_columns(message_id=pl.lit("other"), integration=pl.lit("shop-returns"), object_id=pl.lit("r"))
    )
    both = evidence.replace(messages=pl.concat([frames["messages"], second]))
    assert set(transfers(both)["side"]) == {"sender only"}


def test_a_receivers_log_speaks_only_for_its_time():
    frames = as_two_logs()
    begins, ends = EVE + 30 * MINUTE, EVE + 200 * MINUTE
    received = frames["receipts"].filter(pl.col("received_at").is_between(begins, ends))
    row = only(transfers(ih.Evidence(messages=frames["messages"], receipts=received)))
    assert row["lost"] == 10
    assert row["no_receipt_known"] in (29, 30)
    assert row["in_flight"] == 100
    sent = frames["messages"].filter(pl.col("sent_at").is_between(begins, ends))
    row = only(transfers(ih.Evidence(messages=sent, receipts=frames["receipts"])))
    assert (row["phantom"], row["lost"]) == (0, 10)
    assert row["uncovered"] == frames["receipts"].filter(~pl.col("object_id").is_in(sent["object_id"].implode())).height


def test_a_receipt_of_a_far_off_year_arrived_and_ends_no_log():
    frames = as_two_logs()
    far = pl.when(pl.col("object_id") == "00200").then(pl.col("received_at") + timedelta(days=30_000))
    wrong = frames["receipts"].with_columns(received_at=far.otherwise("received_at"))
    row = only(transfers(ih.Evidence(messages=frames["messages"], receipts=wrong)))
    assert {name: row[name] for name in NIGHT} == NIGHT
    assert row["surely_lost"] == 10


def test_an_idempotent_receiver_absorbs():
    evidence = ih.Evidence(**as_two_logs(), catalog=declared(idempotent=True))
    assert told(evidence, "duplicate_applied", "absorbed", "applied_again") == (0, 7, 0)
    assert set(duplicates(evidence)["class"]) == {"absorbed"}


def test_what_is_pending_for_more_than_a_day_is_overdue():
    frame = as_one_log().with_columns(
        status=pl.when(pl.col("object_id") == "00010").then(pl.lit("pending")).otherwise("status"),
        received_at=pl.when(pl.col("object_id") != "00010").then("received_at"),
        finished_at=pl.when(pl.col("object_id") != "00010").then("finished_at"),
    )
    last = frame.tail(1).with_columns(pl.col("sent_at", "received_at", "finished_at") + timedelta(hours=26))
    last = last.with_columns(message_id=pl.lit("last"), object_id=pl.lit("last"), seq=pl.lit(ORDERS, pl.Int64))
    last = last.with_columns(received_at="sent_at", finished_at=pl.col("sent_at") + MINUTE)
    row = only(transfers(ih.Evidence(messages=pl.concat([frame, last]))))
    assert (row["overdue"], row["acknowledged"]) == (1, ORDERS)
    assert row["surely_lost"] == 11  # the one that was in flight is lost by now; the pending one waits
    assert row["lost"] == 12


# Laws


def test_facts_of_disjoint_objects_add_up():
    frames = as_two_logs()
    everything, arrived = frames["messages"], frames["receipts"]
    shared, integrations = counts.with_two_logs(everything, arrived), declared(sync_limit_ms=60_000.0).integrations

    def facts(sent, received):
        made = counts.transfers(sent, received, two_logs=shared)
        return counts.transfer_facts(made, integrations, two_logs=shared, holds=FRAMES["holds"].empty()), made

    whole, made = facts(everything, arrived)
    parts = []
    for part in range(3):
        mine = pl.col("object_id").hash() % 3 == part
        parts.append(facts(everything.filter(mine), arrived.filter(mine))[0])
    merged = counts.merged_facts(parts)
    for name in counts.KEYS:
        expected = getattr(whole, name)
        assert_frame_equal(getattr(merged, name).select(expected.columns), expected, check_row_order=False)
    ordered = order.order_facts(made.each, streams=order.numbered_streams(made.each))
    one, other = (reconciled.reconciled(each, ordered, integrations, two_logs=shared) for each in (whole, merged))
    assert_frame_equal(one, other)


def test_shuffled_rows_change_nothing():
    frames = as_two_logs()
    evidence = ih.Evidence(**frames)
    mixed = ih.Evidence(**{name: frame.sample(fraction=1, shuffle=True, seed=5) for name, frame in frames.items()})
    for asked in (transfers, unmatched, duplicates, transfer_ages, breaks):
        assert_frame_equal(asked(mixed), asked(evidence))


@pytest.mark.parametrize("frame", ["messages", "receipts"])
def test_nothing_and_next_to_nothing_make_no_noise(frame):
    frames = as_two_logs()
    alone = ih.Evidence(**{frame: frames[frame]})
    one = ih.Evidence(**{frame: frames[frame].head(1)})
    for evidence in (ih.Evidence(), alone, one):
        rows = transfers(evidence)
        assert transfer_findings(rows, evidence.catalog.integrations)[0].is_empty()
        assert unmatched(evidence).is_empty()
        for asked in (duplicates, transfer_ages, breaks):
            asked(evidence)


@pytest.mark.parametrize("seed", range(20))
def test_healthy_companies_lose_nothing(seed):
    evidence = healthy(seed)
    rows = transfers(evidence)
    said = pl.concat(transfer_findings(rows, evidence.catalog.integrations))
    assert said.is_empty(), said.select("statement").rows()
    assert set(breaks(evidence)["open"].drop_nulls()) <= {0}


def test_a_log_of_receipts_disturbs_no_message():
    frames = as_two_logs()
    receipts = drawn("receipts", "object_id received_at status\no 1 -\np 2 strange\nq - ok")
    evidence = ih.Evidence(messages=frames["messages"], receipts=receipts)
    assert_frame_equal(evidence.messages, ih.Evidence(messages=frames["messages"]).messages)
    assert evidence.receipts["status"].to_list() == [None, "unknown"]
    assert evidence.rejected["reason"].to_list() == ["no_received_at"]
