"""Charts of trail and meaning: what they say, in which order, and what they do without data."""

import json

import polars as pl
import pytest
import vl_convert
from drawing.transforms import evidence, sent

import integrhealth as ih
from integrhealth.analyses.reconciliation.charts.trail import answers_chart, trail_heat_map
from integrhealth.analyses.reconciliation.charts.transforms import meaning_ledger
from integrhealth.analyses.reconciliation.trail.questions import trail, trail_integrations
from integrhealth.analyses.reconciliation.transforms.questions import transforms

HOSTILE = "<script>alert(1)</script>"
STATUSES = ["new", "packed", "shipped", "returned", "closed"] * 20


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def logs(*, months=1):
    """An integration without gaps, one of which every fifth message has no actor, and one with a hostile name."""
    parts = []
    for name, every in (("whole", 10**9), ("gaps", 5), (HOSTILE, 3)):
        number = pl.int_range(60 * months, eager=True)
        parts.append(
            pl.DataFrame({"number": number}).select(
                message_id=pl.format("{}-{}", pl.lit(name), "number"),
                integration=pl.lit(name),
                source=pl.lit("ERP"),
                target=pl.lit("WMS"),
                sent_at=pl.datetime(2020, 1, 2, time_zone="UTC").dt.offset_by(
                    pl.format("{}mo", pl.col("number") // 60)
                ),
                received_at=pl.datetime(2020, 1, 2, time_zone="UTC"),
                status=pl.lit("ok"),
                payload_hash=pl.lit("c0ffee"),
                actor=pl.when(pl.col("number") % every != every - 1).then(pl.lit("ana")),
            )
        )
    return ih.Evidence(messages=pl.concat(parts))


def test_the_largest_gaps_come_first_and_the_title_counts_all():
    spec, svg = drawn(trail_heat_map(trail(logs())))
    assert spec["title"]["text"] == "82.22% of 180 messages leave a full trail"
    assert "3 of 3 integrations, n = 180 messages" in spec["description"]
    assert {(row["name"], row["said"], row["band"]) for row in rows(spec)} == {
        (HOSTILE, "66.6%", "less"),
        ("gaps", "80%", "less"),
        ("whole", "100%", "99% or more"),
    }
    assert svg.index("alert(1)") < svg.index(">gaps<") < svg.index(">whole<")
    assert HOSTILE not in svg


def test_years_are_drawn_without_numbers_and_the_latest_of_them():
    spec, _ = drawn(trail_heat_map(trail(logs(months=30)), top=2))
    assert len(rows(spec)) == 48
    assert {row["month"] for row in rows(spec)} >= {"2022-06"}
    assert len(spec["layer"]) == 1


def test_the_chart_of_answers_names_the_one_that_is_missing_most():
    spec, svg = drawn(answers_chart(trail_integrations(logs())))
    assert spec["title"]["text"] == "Missing most: who, at 2 of 3 integrations"
    (cell,) = (row for row in rows(spec) if row["name"] == "gaps" and row["answer"] == "who")
    assert (cell["said"], cell["band"], cell["who_by"]) == ("80%", "less", "actor")
    assert {row["band"] for row in rows(spec) if row["answer"] == "why"} == {"too few to tell"}
    assert "why it failed" in svg


def test_the_ledger_says_who_loses_adds_and_sends_for_nothing():
    merged = ["open" if status in ("new", "packed", "shipped") else "done" for status in STATUSES]
    zones = list("AB") * 50
    company = evidence(
        sent([("status", "status", STATUSES, merged)], integration=HOSTILE),
        sent([("status", "status", STATUSES, STATUSES), (None, "zone", None, zones)], integration="adding"),
        sent([("status", "status", STATUSES, STATUSES)], integration="copying"),
        fields=[("copying", ["a"], ["a", "b", "c"]), ("unseen", ["a"], ["a"])],
    )
    spec, svg = drawn(meaning_ledger(transforms(company)))
    assert spec["title"]["text"] == "Meaning is lost by 1, added by 1, passed through by 1 of 3 integrations"
    assert "3 of 4 integrations, n = 300 values" in spec["description"]
    said = {row["name"]: row["said"] for row in rows(spec) if "said" in row}
    assert said == {HOSTILE: "loses 1.35 bits", "adding": "adds zone", "copying": "2 of 3 fields sent for nothing"}
    assert sum(row["values"] for row in rows(spec) if "part" in row) == 300
    assert HOSTILE not in svg


@pytest.mark.parametrize(
    "chart",
    [
        lambda nothing: trail_heat_map(trail(nothing)),
        lambda nothing: answers_chart(trail_integrations(nothing)),
        lambda nothing: meaning_ledger(transforms(nothing)),
    ],
)
def test_without_data_a_sentence_says_what_it_needs(chart):
    spec, _ = drawn(chart(ih.Evidence()))
    assert "needs" in spec["description"]
    only_young = logs().messages.with_columns(
        status=pl.lit("pending"), sent_at=pl.datetime(2026, 1, 2, time_zone="UTC")
    )
    drawn(chart(ih.Evidence(messages=only_young)))
