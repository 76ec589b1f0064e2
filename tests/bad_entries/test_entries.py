"""Bad entries and the messages they travelled by, against drawn logs whose truth one can read off."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, drawn, messages
from hypothesis import given, settings
from hypothesis import strategies as st

from integrhealth.bad_entries.entries import ENTRIES, STEPS, entries_and_changes, entry_steps
from integrhealth.language.schema import FRAMES
from integrhealth.traces import links

NO_CHANGES, NO_HOLDS = FRAMES["field_changes"].empty(), FRAMES["holds"].empty()
DAY = 86_400
# An order is entered at the shop and goes on, with the rejection by the bank left to each test.
ORDER = """
    message_id trace_id parent_id source target kind  object_type object_id sent_at finished_at status   payload_hash
    a          t        -         shop   erp    queue order       1         0       10          ok       x
    b          t        a         erp    wms    queue order       1         20      30          ok       x
    c          t        a         erp    bank   queue order       1         40      50          rejected x
"""


def changes(picture: str) -> pl.DataFrame:
    """Field changes, each with a reason that would make a change of a person a correction."""
    return drawn("field_changes", picture, change_reason="correction")


def found(frame: pl.DataFrame, field_changes: pl.DataFrame = NO_CHANGES, holds: pl.DataFrame = NO_HOLDS):
    """Bad entries and steps of a messages frame."""
    caused = links.with_causes(links.linked(frame))
    entries, _ = entries_and_changes(caused, field_changes, holds)
    return entries, entry_steps(caused, entries)


def repeated(size: int) -> pl.DataFrame:
    """SIZE messages all alike."""
    one = messages("message_id source target\nx a b")
    return one.select(pl.all().repeat_by(size).explode(empty_as_null=False))


def seconds(moment) -> float | None:
    return None if moment is None else (moment - NOON).total_seconds()


def told(entries: pl.DataFrame) -> list[tuple]:
    """object_id, origin, entered, detected (seconds after noon), detection, detected_in, needs_release."""
    columns = entries.select(
        "object_id", "origin", "entered_at", "detected_at", "detection", "detected_in", "needs_release"
    )
    return [(row[0], row[1], seconds(row[2]), seconds(row[3]), *row[4:]) for row in columns.iter_rows()]


def walked(steps: pl.DataFrame) -> list[tuple]:
    """entry, message_id, message_id of the step before, before_detection."""
    before = steps.select(before="step", earlier="message_id")
    rows = steps.join(before, on="before", how="left", maintain_order="left")
    return rows.select("entry", "message_id", "earlier", "before_detection").rows()


def test_a_rejected_order_was_wrong_from_its_first_message_on():
    entries, steps = found(messages(ORDER))
    assert told(entries) == [("1", "shop", 0, 50, "rejected", "bank", True)]
    assert entries.select("message_id", "independent_at", "element").row(0) == ("a", None, None)
    assert walked(steps) == [(0, "a", None, True), (0, "b", "a", True)]
    assert (dict(entries.schema), dict(steps.schema)) == (ENTRIES, STEPS)


@pytest.mark.parametrize(
    ("line", "entries"),
    [
        ("d t a erp bank queue order 1 60 70 ok x", 0),  # the same was delivered when it was sent again: technical
        ("d t a erp bank queue order 1 60 70 ok y", 1),  # corrected, then delivered
        ("d t a erp bank queue order 1 60 70 rejected x", 1),
        ("d t a erp bank queue order 2 60 70 ok x", 1),  # another order
    ],
)
def test_a_rejection_is_technical_only_if_the_same_got_through_later(line, entries):
    assert found(messages(ORDER + line))[0].height == entries


@pytest.mark.parametrize(("attempt", "entries"), [("2", 0), ("1", 1), ("-", 1)])
def test_without_hashes_a_second_attempt_says_that_the_same_was_sent_again(attempt, entries):
    frame = messages(f"""
        message_id trace_id source target object_id sent_at finished_at status   attempt
        a          t        shop   erp    1         0       10          ok       1
        c          t        erp    bank   1         40      50          rejected 1
        d          t        erp    bank   1         60      70          ok       {attempt}
    """)
    assert found(frame)[0].height == entries


def test_technical_failures_make_no_entries():
    frame = messages("""
        message_id trace_id parent_id source target kind    object_id sent_at finished_at status  error_code
        a          t        -         shop   erp    queue   1         0       10          ok      -
        retried    t        a         erp    wms    queue   1         20      30          failed  E1
        again      t        a         erp    wms    queue   1         40      50          ok      -
        late       t        a         erp    bank   queue   1         20      30          timeout -
        b          u        -         shop   erp    queue   2         0       10          ok      -
        first      v        -         shop   erp    queue   3         0       10          failed  -
        same       u        b         erp    wms    queue   2         20      30          failed  E1
        outer      w        -         shop   erp    request 4         0       90          failed  -
        inner      w        outer     erp    wms    request -         20      30          failed  E9
        nobody     x        -         erp    wms    queue   -         20      30          rejected -
        e          y        -         shop   erp    queue   5         0       10          ok       -
        outer5     y        e         erp    wms    request 5         20      90          rejected -
        inner5     y        outer5    wms    db     request -         25      30          failed   -
    """)
    entries, steps = found(frame)
    assert (entries.height, steps.height) == (0, 0)


def test_what_fails_for_good_at_a_later_hop_is_an_entry_and_what_it_took_along_is_not():
    frame = messages("""
        message_id trace_id parent_id source target kind    object_id sent_at finished_at status
        a          t        -         shop   erp    queue   1         0       10          ok
        outer      t        a         erp    wms    request 1         20      40          failed
        inner      t        outer     wms    db     request 1         25      30          failed
    """)
    assert told(found(frame)[0]) == [("1", "shop", 0, 30, "failed", "db", True)]


PRICE = """
    message_id trace_id parent_id source target kind  object_type object_id sent_at finished_at status
    m1         t1       -         erp    shop   queue price       1         60      70          ok
    m2         t1       m1        shop   portal queue price       1         80      90          ok
    m3         t1       m1        shop   crm    queue price       1         100     110         ok
    m4         t2       -         erp    shop   queue price       1         3660    3670        ok
"""
CORRECTED = """
    element entity system value_hash at   actor_type message_id
    cost    1      erp    bad        0    person     -
    cost    1      erp    good       3600 {by}       -
"""


@pytest.mark.parametrize("by", ["person", "-"])
def test_a_value_that_a_person_corrects_was_wrong_wherever_it_went_until_then(by):
    # A branch that begins after the detection is clean, also by parent links and about something else.
    late = "m5 t1 m1 shop mail queue price 1 3700 3710 ok\nm6 t1 m3 crm mail queue mail 8 3700 3710 ok"
    entries, steps = found(messages(PRICE + late), changes(CORRECTED.format(by=by)))
    assert told(entries) == [("1", "erp", 0, 3600, "corrected", "erp", False)]
    assert entries.select("object_type", "element", "message_id").row(0) == ("price", "cost", "m1")
    assert walked(steps) == [(0, "m1", None, True), (0, "m2", "m1", True), (0, "m3", "m1", True)]


def test_systems_and_time_tell_updates_from_corrections():
    ordinary = "cost 1 erp new {at} {by} -\n"
    start = "element entity system value_hash at actor_type message_id\ncost 1 erp old 0 person -\n"
    kinds = {(31 * DAY, "person"): 0, (30 * DAY, "person"): 1, (60, "system"): 0}
    for (at, by), entries in kinds.items():
        assert found(messages(PRICE), changes(start + ordinary.format(at=at, by=by)))[0].height == entries


def test_a_copy_that_gets_the_correction_by_message_is_no_entry_and_one_corrected_by_hand_needed_the_release():
    arrived = CORRECTED.format(by="person") + "cost 1 shop bad 70 system m1\n"
    assert found(messages(PRICE), changes(arrived + "cost 1 shop good 3670 - m4"))[0].height == 1
    entries, _ = found(messages(PRICE), changes(arrived + "cost 1 shop good 200 person -"))
    assert told(entries) == [("1", "erp", 0, 200, "corrected", "shop", True)]
    assert seconds(entries["independent_at"].item()) == 3600


def test_two_corrections_in_a_row_are_two_wrong_values_one_after_the_other():
    third = CORRECTED.format(by="person") + "cost 1 erp best 7200 person -"
    entries, steps = found(messages(PRICE), changes(third))
    assert [row[2:4] for row in told(entries)] == [(0, 3600), (3600, 7200)]
    assert walked(steps)[-1] == (1, "m4", None, True)
    assert steps["step"].is_unique().all()


def test_a_value_that_was_put_back_was_right_and_what_stood_between_was_wrong():
    back = CORRECTED.format(by="person") + "cost 1 erp bad 7200 person -"
    entries, _ = found(messages(PRICE), changes(back))
    assert told(entries) == [("1", "erp", 3600, 7200, "reversed", "erp", False)]


def test_what_a_job_wrote_and_a_person_corrected_was_entered_by_the_job():
    job = "element entity system value_hash at actor_type message_id\ncost 1 erp bad 0 system -\n"
    # The job writes the same again at 30: nothing changes by that.
    entries, _ = found(messages(PRICE), changes(job + "cost 1 erp bad 30 system -\ncost 1 erp good 3600 person -"))
    assert told(entries) == [("1", "erp", 0, 3600, "corrected", "erp", False)]


def test_a_system_that_shows_another_value_is_clean_and_so_is_what_it_sends_on():
    seen = CORRECTED.format(by="person") + "cost 1 shop bad 70 system m1\ncost 1 crm other 110 system m3\n"
    frame = messages(PRICE + "m5 t1 m3 crm bi queue price 1 120 130 ok\nm6 t3 - shop portal queue price 1 3500 3650 ok")
    entries, steps = found(frame, changes(seen + "cost 1 bi bad 4000 system m6"))
    assert walked(steps) == [(0, "m1", None, True), (0, "m2", "m1", True), (0, "m6", "m1", False)]
    exposures = entries.explode("exposures").unnest("exposures")
    assert exposures.filter(pl.col("from_at").is_null())["system"].to_list() == ["crm"]


def test_hand_corrected_in_the_origin_before_it_went_anywhere_it_has_no_steps():
    entries, steps = found(messages(PRICE).filter(pl.col("message_id") == "m4"), changes(CORRECTED.format(by="person")))
    assert told(entries) == [("1", "erp", 0, 3600, "corrected", "erp", False)]
    assert (entries["object_type"].item(), entries["message_id"].item(), steps.height) == ("price", None, 0)


def test_an_id_of_several_types_is_of_the_type_whose_messages_its_changes_name():
    other = "q t9 - erp mail queue quote 1 10 20 ok\n"
    seen = changes(CORRECTED.format(by="person") + "cost 1 shop bad 70 system m1\n")
    assert found(messages(PRICE + other), seen)[0]["object_type"].to_list() == ["price"]
    unnamed = changes(CORRECTED.format(by="person"))
    entries, steps = found(messages(PRICE + other), unnamed)
    assert (entries["object_type"].to_list(), steps["message_id"].to_list()) == (["quote"], ["q"])


def test_a_rejection_and_the_correction_after_it_are_one_entry_told_by_the_first():
    rejection = "m5 t1 m1 shop bank queue price 1 120 130 rejected"
    entries, _ = found(messages(PRICE + rejection), changes(CORRECTED.format(by="person")))
    assert told(entries) == [("1", "erp", 0, 130, "rejected", "bank", True)]
    assert seconds(entries["independent_at"].item()) == 3600


def test_validation_at_the_origin_needs_no_release():
    frame = messages(ORDER.replace("erp    bank ", "shop   shop "))
    assert told(found(frame)[0]) == [("1", "shop", 0, 50, "rejected", "shop", False)]


def test_what_a_user_sends_is_entered_at_the_system_that_takes_it():
    frame = messages("""
        message_id trace_id parent_id source target kind     object_id sent_at finished_at status
        a          t        -         user   shop   request  1         0       10          ok
        b          t        a         shop   erp    queue    1         20      30          ok
        c          t        a         shop   shop   internal 1         40      50          rejected
    """)
    entries, steps = found(frame)
    assert told(entries) == [("1", "shop", 0, 50, "rejected", "shop", False)]
    assert walked(steps) == [(0, "b", None, True)]


def test_a_message_that_another_one_set_off_carries_what_its_sender_held():
    frame = messages(PRICE + "n t1 - hr crm queue price 1 150 155 ok\nk t1 n crm bi queue price 1 160 170 ok")
    _, steps = found(frame, changes(CORRECTED.format(by="person")))
    assert walked(steps)[3:] == [(0, "k", "m3", True)]


@pytest.mark.parametrize(
    ("decision", "was_bad", "expected"),
    [
        ("rejected", "-", ("checkpoint", "shop", False)),
        ("released", "false", None),
        ("released", "true", (None, None, None)),  # bad, and nobody has detected it
        ("-", "-", None),
    ],
)
def test_a_checkpoint_tells_of_what_it_did_not_let_through(decision, was_bad, expected):
    holds = drawn("holds", f"checkpoint message_id held_at released_at decision was_bad\nx a 1 9 {decision} {was_bad}")
    entries, _ = found(messages(ORDER).head(2), holds=holds)
    assert [row[4:] for row in told(entries)] == ([] if expected is None else [expected])


def test_a_checkpoint_at_a_later_hop_needed_the_release():
    holds = drawn("holds", "checkpoint message_id held_at released_at decision\nx b 21 25 rejected")
    assert told(found(messages(ORDER).head(2), holds=holds)[0])[0][3:] == (25, "checkpoint", "erp", True)


def test_a_record_below_another_bad_one_belongs_to_that_one():
    frame = messages(ORDER + "d t b wms van queue parcel 7 31 35 ok z\ne t d van hub queue parcel 7 36 39 rejected z")
    entries, steps = found(frame)
    assert told(entries) == [("1", "shop", 0, 39, "rejected", "hub", True)]
    assert walked(steps) == [(0, "a", None, True), (0, "b", "a", True), (0, "d", "b", True)]


def test_without_traces_the_record_is_followed_from_system_to_system():
    frame = messages("""
        message_id source target object_id sent_at finished_at status
        old        web    shop   1         -2600000 -2599990   ok
        a          shop   erp    1         0       10          ok
        other      hr     pay    1         5       6           ok
        shadow     pay    erp    1         12      14          ok
        b          erp    wms    1         20      30          ok
        c          wms    bank   1         40      50          rejected
    """)
    entries, steps = found(frame.filter(pl.col("message_id") != "shadow"))
    assert told(entries) == [("1", "shop", 0, 50, "rejected", "bank", True)]
    assert walked(steps) == [(0, "a", None, True), (0, "b", "a", True)]
    # A later message from elsewhere hides where the value came from; one that did not have it does not hide it.
    shadowed, _ = found(frame)
    assert told(shadowed)[0][1] == "hr"
    seen = changes(
        "element entity system value_hash at - -\n".replace("- -", "actor_type message_id")
        + ("x 1 shop bad -1 person -\nx 1 shop good 60 person -")
    )
    corrected, steps = found(frame, seen)
    assert walked(steps) == [(0, "a", None, True), (0, "b", "a", True)]
    assert told(corrected)[0][:3] == ("1", "shop", -1)


def test_an_id_used_again_a_year_later_is_another_record():
    again = ORDER.strip().splitlines()
    later = [line.replace(" t ", " u ").replace("rejected", "ok") for line in again[1:]]
    frame = messages(ORDER)
    year = messages("\n".join([again[0], *later])).with_columns(pl.col(r"^.*_at$") + timedelta(days=365))
    entries, steps = found(pl.concat([frame, year]))
    assert told(entries) == [("1", "shop", 0, 50, "rejected", "bank", True)]
    assert walked(steps) == [(0, "a", None, True), (0, "b", "a", True)]


def test_loops_of_parents_null_types_and_hostile_names_do_no_harm():
    name = "<script>{{x}}</script>"
    frame = messages(f"""
        message_id trace_id parent_id source target object_type object_id sent_at finished_at status
        a          t        b         {name} erp    -           {name}    0       10          ok
        b          t        a         erp    wms    -           {name}    20      30          ok
        c          t        b         wms    {name} -           {name}    40      50          rejected
        d          u        -         {name} erp    typed       {name}    5       6           ok
    """)
    entries, steps = found(frame)
    assert told(entries) == [(name, name, 0, 50, "rejected", name, True)]
    assert steps["message_id"].to_list() == ["a", "b"]


def test_doubled_and_shuffled_rows_change_nothing():
    seen = changes(CORRECTED.format(by="person") + "cost 1 shop bad 70 system m1\ncost 1 crm other 110 system m3\n")
    holds = drawn("holds", "checkpoint message_id held_at released_at decision\nx b 21 25 rejected")
    frame = pl.concat([messages(ORDER), messages(PRICE)], how="diagonal")
    first, steps = found(frame, seen, holds)
    assert first.height == 2
    for seed in range(3):
        mixed = [pl.concat([each] * 2).sample(fraction=1, shuffle=True, seed=seed) for each in (frame, seen, holds)]
        again, same = found(*mixed)
        assert first.drop("exposures").equals(again.drop("exposures"))
        assert walked(steps) == walked(same)


def test_a_chain_of_a_hundred_thousand_messages_is_one_tree():
    size = 100_000
    number = pl.int_range(size, eager=True)
    frame = repeated(size).with_columns(
        message_id=pl.format("m{}", number),
        parent_id=pl.when(number > 0).then(pl.format("m{}", number - 1)),
        trace_id=pl.lit("t"),
        object_id=pl.lit("1"),
        source=pl.format("s{}", number),
        target=pl.format("s{}", number + 1),
        sent_at=pl.lit(NOON) + pl.duration(seconds=number * 2),
        finished_at=pl.lit(NOON) + pl.duration(seconds=number * 2 + 1),
        status=pl.when(number < size - 1).then(pl.lit("ok")).otherwise(pl.lit("rejected")),
    )
    alone = frame.with_columns(pl.lit(None, pl.String).alias("parent_id"), pl.lit(None, pl.String).alias("trace_id"))
    for each in (frame, alone):
        entries, steps = found(each)
        assert entries["origin"].to_list() == ["s0"]
        assert steps.height == size - 1
        assert steps["before"].null_count() == 1


def test_nothing_in_nothing_out():
    entries, steps = found(FRAMES["messages"].empty())
    assert (dict(entries.schema), dict(steps.schema)) == (ENTRIES, STEPS)
    assert found(messages(PRICE))[0].is_empty()


WRITE = st.tuples(st.sampled_from("12"), st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 30))


@st.composite
def traffic(draw) -> pl.DataFrame:
    """Messages about three objects among four systems in a few traces, with parents that may be anybody."""
    size = draw(st.integers(1, 25))
    pick = lambda options: draw(st.lists(st.sampled_from(options), min_size=size, max_size=size))  # noqa: E731
    ids = [f"m{place}" for place in range(size)]
    return repeated(size).with_columns(
        message_id=pl.Series(ids),
        trace_id=pl.Series(pick(["t", "u", None]), dtype=pl.String),
        parent_id=pl.Series(pick([*ids, None]), dtype=pl.String),
        source=pl.Series(pick(["a", "b", "c", "d"])),
        target=pl.Series(pick(["a", "b", "c", "d"])),
        kind=pl.Series(pick(["queue", "request", None]), dtype=pl.String),
        object_type=pl.Series(pick(["o", None]), dtype=pl.String),
        object_id=pl.Series(pick(["1", "2", None]), dtype=pl.String),
        status=pl.Series(pick(["ok", "ok", "partial", "rejected", "failed"])),
        sent_at=pl.lit(NOON) + pl.duration(seconds=pl.Series(pick(list(range(30))))),
    )


@settings(max_examples=15, deadline=None)
@given(traffic(), st.lists(WRITE))
def test_steps_are_disjoint_delivered_timely_trees(frame, writes):
    lines = [f"e {entity} {system} {value} {at} person -" for entity, system, value, at in writes]
    seen = changes("element entity system value_hash at actor_type message_id\n" + "\n".join(lines))
    entries, steps = found(frame, seen if lines else NO_CHANGES)
    assert steps["step"].is_unique().all()
    assert steps["entry"].is_in(entries["entry"].implode()).all()
    assert (entries["detected_at"] >= entries["entered_at"]).all()
    assert entries["object_id"].null_count() == 0
    own = dict(steps.select("step", "entry").iter_rows())
    assert all(own[before] == entry for entry, before in steps.select("entry", "before").drop_nulls().iter_rows())
    rows = np.array(steps["step"].to_list(), dtype=int)
    assert frame["status"].gather(rows).is_in(["ok", "partial"]).all()
