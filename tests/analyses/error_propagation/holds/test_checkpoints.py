"""Checkpoints whose catch, false holds and rubber stamps one can count on a picture."""

import polars as pl
import pytest
from drawing.frames import drawn, messages
from polars.testing import assert_frame_equal

from integrhealth.analyses.error_propagation.holds.checkpoints import CHECKPOINTS, checkpoints
from integrhealth.analyses.error_propagation.holds.findings import checkpoint_findings
from integrhealth.catalog import CATALOG
from integrhealth.language.schema import FRAMES, TEXT, TIME

ENTRIES = {"entry": pl.Int64, "object_type": TEXT, "object_id": TEXT, "entered_at": TIME, "detected_at": TIME}
NO_ENTRIES = pl.DataFrame(schema=ENTRIES)
NONE_DECLARED = pl.DataFrame(schema=CATALOG["checkpoints"])
NO_HOLDS = FRAMES["holds"].empty()


def declared(name: str = "credit", integration: str = "orders") -> pl.DataFrame:
    return pl.DataFrame([{"checkpoint": name, "integration": integration}], schema=CATALOG["checkpoints"])


def traffic(size: int) -> pl.DataFrame:
    lines = [f"m{i} shop erp orders o{i} {i}" for i in range(size)]
    return messages("message_id source target integration object_id sent_at\n" + "\n".join(lines))


def holds(*lines: str) -> pl.DataFrame:
    return drawn("holds", "checkpoint message_id held_at released_at decision was_bad\n" + "\n".join(lines))


def one(table: pl.DataFrame, name: str = "credit") -> dict:
    return table.row(by_predicate=pl.col("checkpoint") == name, named=True)


def wrong(*numbers: int) -> pl.DataFrame:
    """Objects entered wrong when their message was sent, detected an hour later."""
    sent = traffic(max(numbers) + 1).filter(pl.col("object_id").is_in([f"o{i}" for i in numbers]))
    late = pl.col("sent_at") + pl.duration(hours=1)
    return sent.with_row_index("entry").select(
        pl.col("entry").cast(pl.Int64), "object_type", "object_id", entered_at="sent_at", detected_at=late
    )


def test_catch_rate_false_holds_and_medians_are_exact():
    """Of 200 orders 20 are bad; the check holds 50: the first 15 of the bad, and 35 good ones, for two minutes."""
    bad, stopped = range(20), [*range(15), *range(100, 135)]
    lines = [f"credit m{i} {i} {i + 120} {'Rejected' if i < 20 else 'released'} -" for i in stopped]
    found = one(checkpoints(traffic(200), holds(*lines), wrong(*bad), declared()))
    assert (found["messages"], found["held"], found["bad_held"], found["bad_total"]) == (200, 50, 15, 20)
    assert (found["catch_rate"], found["false_hold_rate"], found["median_hold_minutes"]) == (0.75, 0.7, 2.0)
    assert found["catch_low"] < 0.75 < found["catch_high"]
    assert found["stopped_share"] == 0.75
    assert found["false_low"] < 0.7 < found["false_high"]
    assert (found["approvals"], found["rubber_stamps"], found["rubber_stamp_share"]) == (35, 0, 0.0)
    assert (found["bad_approved"], found["undecided"], found["still_held"]) == (0, 0, 0)


@pytest.mark.parametrize(("quick", "severity"), [(40, "critical"), (28, "warning"), (25, "note")])
def test_approvals_in_less_than_ten_seconds_are_rubber_stamps_as_sure_as_so_few_can_say(quick, severity):
    seconds = [9.999] * quick + [10] * (40 - quick)
    lines = [f"credit m{i} 0 {s} APPROVE -" for i, s in enumerate(seconds)]
    table = checkpoints(traffic(40), holds(*lines, "credit m1 0 1 rejected -"), NO_ENTRIES, declared())
    found = one(table)
    assert (found["approvals"], found["rubber_stamps"], found["rubber_stamp_share"]) == (40, quick, quick / 40)
    assert found["rubber_low"] < quick / 40 <= found["rubber_high"]
    owners = pl.DataFrame([{"integration": "orders", "owner": "ann"}], schema=CATALOG["integrations"])
    [told] = checkpoint_findings(table, owners).rows(named=True)
    assert (told["rule"], told["subject"], told["severity"], told["owner"]) == (
        "rubber_stamps",
        "credit",
        severity,
        "ann",
    )


def test_what_the_checkpoint_says_goes_before_the_later_events():
    entries = wrong(0, 1, 2)
    frame = holds("credit m0 0 60 rejected false", "credit m1 0 60 rejected -", "credit m3 0 60 rejected true")
    found = one(checkpoints(traffic(5), frame, entries, declared()))
    assert (found["bad_held"], found["bad_total"], found["held"]) == (2, 3, 3)


def test_an_object_was_bad_only_from_its_entry_to_its_detection():
    sent = messages("""
        message_id source target integration object_id sent_at
        before     shop   erp    orders      o         0
        while      shop   erp    orders      o         10
        after      shop   erp    orders      o         20
        nameless   shop   erp    orders      -         10
    """)
    at = sent["sent_at"]
    entries = pl.DataFrame([(0, None, "o", at[1], at[2])], schema=ENTRIES, orient="row")
    assert one(checkpoints(sent, NO_HOLDS, entries, declared()))["bad_total"] == 1


def test_unknown_words_open_holds_and_approved_bad_ones_are_counted_apart():
    frame = holds(
        "credit m0 0 60 escalated -",
        "credit m1 0 60 - -",
        "credit m2 0 - - -",
        "credit m3 0 - rejected -",
        "credit m4 0 60 ok true",
    )
    found = one(checkpoints(traffic(10), frame, NO_ENTRIES, declared()))
    assert (found["undecided"], found["still_held"], found["approvals"], found["bad_approved"]) == (2, 1, 1, 1)
    assert found["catch_rate"] is found["false_hold_rate"] is found["rubber_stamp_share"] is None
    assert found["held"] == 5


def test_the_population_is_what_names_the_checkpoint_what_it_held_and_its_integration():
    sent = messages("""
        message_id source target integration checkpoint object_id
        a          shop   erp    orders      credit     1
        b          shop   erp    orders      -          2
        c          erp    bank   payments    four-eyes  3
        d          erp    bank   payments    -          4
    """)
    frame = holds("four-eyes d 0 1 ok -", "four-eyes d 5 9 ok -", "dock gone 0 1 ok -")
    found = checkpoints(sent, frame, NO_ENTRIES, declared())
    told = found.select("checkpoint", "integration", "messages", "held", "approvals").rows()
    assert told == [("credit", "orders", 2, 0, 0), ("dock", None, 1, 1, 1), ("four-eyes", "payments", 2, 1, 2)]


def test_a_checkpoint_that_holds_everything_and_approves_it_catches_all_and_stops_nothing():
    lines = [f"credit m{i} 0 4 approved -" for i in range(60)]
    table = checkpoints(traffic(60), holds(*lines), wrong(*range(12)), declared())
    assert one(table)["catch_rate"] == 1
    assert (one(table)["stopped_share"], one(table)["bad_approved"]) == (0, 12)
    told = checkpoint_findings(table, pl.DataFrame(schema=CATALOG["integrations"]))
    assert set(told["rule"]) == {"rubber_stamps", "checkpoint_catches_nothing"}


def test_a_checkpoint_that_catches_no_bad_message_is_a_finding():
    table = checkpoints(traffic(60), holds("credit m50 0 60 rejected -"), wrong(*range(12)), declared())
    assert one(table)["catch_rate"] == 0
    [told] = checkpoint_findings(table, pl.DataFrame(schema=CATALOG["integrations"])).rows(named=True)
    assert (told["rule"], told["n"], told["owner"]) == ("checkpoint_catches_nothing", 12, None)


def test_where_all_is_well_nothing_is_found():
    """Null: read at leisure, nothing bad."""
    lines = [f"credit m{i} 0 300 approved false" for i in range(40)]
    table = checkpoints(traffic(60), holds(*lines), NO_ENTRIES, declared())
    assert (one(table)["bad_total"], one(table)["catch_rate"], one(table)["false_hold_rate"]) == (0, None, 1.0)
    assert checkpoint_findings(table, pl.DataFrame(schema=CATALOG["integrations"])).is_empty()


@pytest.mark.parametrize("catalog", [NONE_DECLARED, declared()])
def test_without_holds_only_what_is_declared_or_named_has_a_row(catalog):
    found = checkpoints(traffic(3), NO_HOLDS, NO_ENTRIES, catalog)
    assert found.schema == CHECKPOINTS
    assert found["checkpoint"].to_list() == catalog["checkpoint"].to_list()
    assert found.filter(pl.col("held") > 0).is_empty()
    assert checkpoints(traffic(0).clear(), NO_HOLDS, NO_ENTRIES, NONE_DECLARED).is_empty()


def test_rows_that_are_shuffled_or_told_twice_change_nothing():
    lines = [f"credit m{i} {i} {i + 7 * i % 60 + 1} ok -" for i in range(40)]
    frames = [traffic(50), holds(*lines), wrong(3, 30, 45)]
    mixed = [pl.concat([frame] * 2).sample(fraction=1, shuffle=True, seed=4) for frame in frames]
    assert_frame_equal(checkpoints(*frames, declared()), checkpoints(*mixed, declared()))


@pytest.mark.parametrize("named", [(), range(15)])
def test_a_checkpoint_of_which_only_holds_are_known_is_measured_against_its_integration(named):
    """It holds 15 of 20 bad orders and nothing else; a column that names it on those says no more."""
    lines = [f"credit m{i} {i} {i + 60} rejected true" for i in range(15)]
    column = pl.when(pl.col("message_id").is_in([f"m{i}" for i in named])).then(pl.lit("credit"))
    passing = traffic(200).with_columns(checkpoint=column)
    elsewhere = traffic(300).tail(100).with_columns(integration=pl.lit("stock"))
    found = one(checkpoints(pl.concat([passing, elsewhere]), holds(*lines), wrong(*range(20)), NONE_DECLARED))
    assert (found["messages"], found["bad_held"], found["bad_total"], found["catch_rate"]) == (200, 15, 20, 0.75)


def test_a_message_that_is_held_now_was_held_by_the_checkpoint_it_names():
    status = pl.when(pl.col("message_id").is_in([f"m{i}" for i in range(5)])).then(pl.lit("held")).otherwise("status")
    passing = traffic(200).with_columns(checkpoint=pl.lit("credit"), status=status)
    told = holds("credit m0 0 60 released -")
    found = one(checkpoints(passing, told, wrong(*range(20)), NONE_DECLARED))
    assert (found["held"], found["still_held"], found["bad_held"], found["catch_rate"]) == (5, 4, 5, 0.25)


def test_without_a_single_hold_it_is_not_known_what_was_caught():
    table = checkpoints(traffic(200), NO_HOLDS, wrong(*range(20)), declared())
    assert (one(table)["bad_total"], one(table)["catch_rate"], one(table)["stopped_share"]) == (20, None, None)
    assert checkpoint_findings(table, pl.DataFrame(schema=CATALOG["integrations"])).is_empty()


def test_of_entries_of_one_object_that_overlap_each_makes_a_message_bad():
    """o0 is wrong from the start for an hour, and wrong once more for half a minute of it."""
    twice = pl.concat([wrong(0), wrong(0).with_columns(detected_at=pl.col("entered_at") + pl.duration(seconds=30))])
    sent = traffic(100).with_columns(object_id=pl.lit("o0"), checkpoint=pl.lit("credit"))
    assert one(checkpoints(sent, NO_HOLDS, twice, NONE_DECLARED))["bad_total"] == 100
    brief = twice.tail(1).with_columns(entered_at=pl.col("entered_at") + pl.duration(seconds=10))
    assert one(checkpoints(sent, NO_HOLDS, brief, NONE_DECLARED))["bad_total"] == 20
    open_end = brief.with_columns(detected_at=pl.lit(None, TIME))
    assert one(checkpoints(sent, NO_HOLDS, open_end, NONE_DECLARED))["bad_total"] == 90
