"""Contamination against a wrong value planted in the ERP, beside louder systems that are innocent."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.frames import NOON, drawn, messages

from integrhealth.analyses.error_propagation.charts.wrong_values import contamination_map, held_chart, strips_chart
from integrhealth.analyses.error_propagation.wrong_values import questions
from integrhealth.analyses.error_propagation.wrong_values.contamination import nothing_detected
from integrhealth.analyses.error_propagation.wrong_values.findings import contamination_findings
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES

# One wrong price in the ERP; every message of it is ok, also the one after the detection.
SILENT = """
    message_id trace_id parent_id source target integration object_type object_id sent_at finished_at status amount
    p1         p        -         erp    shop   prices      price       1         60      120         ok     50
    p2         p        p1        shop   portal shown       price       1         180     240         ok     50
    p3         p        p1        shop   crm    quoted      quote       9         600     660         ok     70
    p4         p        p3        crm    bi     spent       quote       9         3590    3660        ok     70
    p5         p        p1        shop   mail   told        price       1         3700    3710        ok     50
    q1         q        -         erp    shop   prices      price       1         3605    3610        ok     55
"""
PRICES = """
    element entity system value_hash at   actor_type message_id
    cost    1      erp    wrong      0    person     -
    cost    1      erp    right      3600 person     -
"""
SEEN = (
    PRICES
    + """
    cost    1      shop   wrong      120  system     p1
    cost    1      shop   right      3610 system     q1
"""
)
OWNERS = pl.DataFrame({"system": ["erp"], "team": ["sales"], "owner": ["anna"]})
COSTS = pl.DataFrame({"integration": ["prices"], "error_cost": [40.0]})


def innocent(*, failures: int = 40) -> pl.DataFrame:
    """Two systems that fail often, each time cured by a retry, or hit by the failure of the other."""
    number = pl.int_range(2 * failures, eager=True)
    one = messages("message_id source target status\nx hub van failed").select(pl.all().repeat_by(2 * failures))
    every = one.explode(pl.all(), empty_as_null=False).with_columns(
        message_id=pl.format("x{}", number),
        object_id=pl.format("o{}", number),
        payload_hash=pl.format("h{}", number),
        target=pl.when(number % 2 == 0).then(pl.lit("van")).otherwise(pl.lit("hub")),
        sent_at=pl.lit(NOON) + pl.duration(minutes=number),
        attempt=pl.lit(1, pl.Int64),
    )
    begun = every.with_columns(
        message_id=pl.format("{}.0", "message_id"),
        source=pl.lit("web"),
        target=pl.lit("hub"),
        status=pl.lit("ok"),
        sent_at=pl.col("sent_at") - timedelta(seconds=20),
    )
    again = every.with_columns(
        message_id=pl.format("{}.2", "message_id"),
        status=pl.lit("ok"),
        sent_at=pl.col("sent_at") + timedelta(seconds=20),
        attempt=pl.lit(2, pl.Int64),
    )
    return pl.concat([begun, every, again])


QUESTIONS = ("contamination", "contaminated_systems", "contaminated_edges", "contamination_exposures")


def tables(frame: pl.DataFrame, changes: str = PRICES, holds: pl.DataFrame | None = None, **options: int):
    seen = drawn("field_changes", changes, change_reason="correction") if changes else None
    evidence = Evidence(messages=frame, field_changes=seen, holds=holds)
    asked = {name: options if name == "contaminated_systems" else {} for name in QUESTIONS}
    return {name: getattr(questions, name)(evidence, **given) for name, given in asked.items()}


def test_the_silent_wrong_value_is_found_at_its_origin_and_the_loud_systems_are_innocent():
    found = tables(pl.concat([messages(SILENT), innocent()]))["contamination"]
    assert found.select("origin", "object_type", "object_id", "detection", "detected_in").rows() == [
        ("erp", "price", "1", "corrected", "erp")
    ]
    row = found.row(0, named=True)
    assert (row["held_minutes"], row["systems"], row["reached"]) == (60, 4, ["erp", "shop", "portal", "crm"])
    # What arrived at bi after the detection is no record of it; the quote and the price are two objects.
    assert (row["records"], row["objects"], row["amount"], row["first_integration"]) == (4, 2, 120, "prices")
    assert not row["needs_release"]


def test_each_system_held_it_from_its_arrival_to_the_detection_or_its_own_correction():
    held = tables(messages(SILENT), SEEN, min_messages=1)["contaminated_systems"]
    minutes = {row["system"]: row["median_minutes"] for row in held.iter_rows(named=True)}
    assert minutes == pytest.approx({"erp": 60, "shop": 3490 / 60, "portal": 56, "crm": 49})
    hours = dict(held.select("system", "hours_before_detection").iter_rows())
    assert hours == pytest.approx({"erp": 1, "shop": 3480 / 3600, "portal": 56 / 60, "crm": 49 / 60})
    assert held["amount"].to_list() == [50.0] * 4
    assert held.filter(pl.col("entered") == 1)["system"].to_list() == ["erp"]


def test_each_hop_says_how_many_wrong_values_it_carried():
    found = tables(messages(SILENT))
    assert found["contaminated_edges"].sort("target").rows() == [
        ("shop", "crm", 1, 1),
        ("shop", "portal", 1, 1),
        ("erp", "shop", 1, 1),
    ]
    exposures = found["contamination_exposures"].select("system", "from_minutes", "until_minutes", "detection_minutes")
    assert exposures.rows() == [("erp", 0, 60, 60), ("shop", 2, 60, 60), ("portal", 4, 60, 60), ("crm", 11, 60, 60)]


def test_where_a_later_system_stops_it_it_got_that_far_only():
    stopped = messages(SILENT).with_columns(
        status=pl.when(pl.col("message_id") == "p3").then(pl.lit("rejected")).otherwise("status")
    )
    row = tables(stopped, "")["contamination"].row(0, named=True)
    # p3 is about a quote: the price that it was made from is not known to be wrong, the quote is.
    assert (row["object_type"], row["origin"], row["systems"], row["held_minutes"]) == ("quote", "shop", 1, 1)
    same = stopped.with_columns(object_type=pl.lit("price"), object_id=pl.lit("1"))
    row = tables(same, "")["contamination"].row(0, named=True)
    assert (row["origin"], row["reached"], row["detection"]) == ("erp", ["erp", "shop", "portal"], "rejected")


def test_without_notices_there_is_nothing_to_tell():
    found = tables(pl.concat([messages(SILENT), innocent()]), "")
    assert [frame.height for frame in found.values()] == [0] * 4
    assert contamination_findings(found["contamination"], OWNERS, COSTS).is_empty()
    nothing = tables(FRAMES["messages"].empty(), "")
    assert [frame.schema for frame in nothing.values()] == [frame.schema for frame in found.values()]


def test_an_empty_table_says_what_would_fill_it():
    empty, changes = FRAMES["field_changes"].empty(), drawn("field_changes", PRICES)
    assert "object_id" in nothing_detected(FRAMES["messages"].empty(), empty)
    assert "field_changes" in nothing_detected(messages(SILENT), empty)
    assert nothing_detected(messages(SILENT), changes).startswith("No value was corrected")
    assert "people changed 1,200 in the course of business" in nothing_detected(messages(SILENT), changes, 1200)


def test_a_mere_failure_does_not_say_that_the_value_was_wrong():
    failed = messages(SILENT).with_columns(
        status=pl.when(pl.col("message_id") == "p2").then(pl.lit("failed")).otherwise("status")
    )
    assert tables(failed, "")["contamination"].is_empty()


def test_a_value_that_nobody_has_detected_is_still_there():
    holds = drawn("holds", "checkpoint message_id held_at released_at decision was_bad\nx p1 61 62 released true")
    found = tables(messages(SILENT), "", holds, min_messages=1)
    row = found["contamination"].row(0, named=True)
    assert (row["detection"], row["held_minutes"], row["systems"]) == (None, None, 6)
    assert found["contaminated_systems"]["timed"].to_list() == [0] * 6
    assert strips_chart(found["contamination"], found["contamination_exposures"]).to_dict()


def test_medians_need_messages_and_bring_their_interval():
    size = 40
    number = pl.int_range(size, eager=True)
    copies = messages(SILENT).head(1).select(pl.all().repeat_by(size)).explode(pl.all(), empty_as_null=False)
    copies = copies.with_columns(
        message_id=pl.format("m{}", number), trace_id=pl.format("t{}", number), object_id=pl.format("o{}", number)
    )
    lines = [
        f"cost o{place} erp wrong 0 person -\ncost o{place} erp right {120 + 60 * place} person -"
        for place in range(1, size)
    ]
    changes = "element entity system value_hash at actor_type message_id\n" + "\n".join(lines)
    shop = tables(copies, changes)["contaminated_systems"].row(1, named=True)
    # 39 values, held 1 to 39 minutes: the median is the 20th, ranks 14 and 26 enclose it (binomial tails below 2.5%).
    assert [shop[name] for name in ("system", "entries", "median_minutes", "low", "high")] == ["shop", 39, 20, 13, 27]
    few = tables(copies, changes, min_messages=40)["contaminated_systems"].row(1, named=True)
    assert (few["entries"], few["median_minutes"], few["low"], few["high"]) == (39, None, None, None)


def test_the_finding_says_how_far_how_long_and_what_it_cost():
    found = tables(messages(SILENT))["contamination"]
    row = contamination_findings(found, OWNERS, COSTS).row(0, named=True)
    said = "One wrong value entered at erp travelled on as ok, to 4 systems in all, and was detected after 60 min."
    assert row["statement"] == said
    told = [row[name] for name in ("rule", "subject", "severity", "owner")]
    assert told == ["wrong_value_spread", "erp", "warning", "anna"]
    assert (row["value"], row["n"], row["cost"]) == (4, 1, 80)
    unpriced = contamination_findings(found, OWNERS.clear(), COSTS.clear()).row(0, named=True)
    assert (unpriced["cost"], unpriced["owner"], unpriced["severity"]) == (None, None, "note")
    contained = tables(messages(SILENT).tail(1))["contamination"]
    assert contained["systems"].to_list() == [1]
    assert contamination_findings(contained, OWNERS, COSTS).is_empty()


def test_charts_draw_what_is_there_and_say_when_nothing_is():
    found = tables(messages(SILENT), min_messages=1)
    edges, systems = found["contaminated_edges"], found["contaminated_systems"]
    title = contamination_map(edges, systems).to_dict()["title"]["text"]
    assert title == "erp handed one wrong value to shop, with status ok"
    assert held_chart(systems).to_dict()["title"]["text"].startswith("Half of the wrong values at erp")
    exposures = found["contamination_exposures"]
    strips = strips_chart(found["contamination"], exposures).to_dict()
    assert strips["title"]["text"] == "One wrong value stood in 4 systems until it was detected, after 1 h"
    nothing = [contamination_map(edges.clear(), systems.clear()), held_chart(systems.clear())]
    nothing += [contamination_map(edges.clear(), systems), strips_chart(found["contamination"], exposures.clear())]
    assert all("title" not in chart.to_dict() for chart in nothing)
