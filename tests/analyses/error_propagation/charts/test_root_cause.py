"""Charts of root causes: what they say, and a sentence where there is nothing to draw."""

from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.analyses.error_propagation.charts.root_cause import (
    LETTERS,
    LINES,
    blast_radius_chart,
    root_cause_chart,
)
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import COLUMNS
from integrhealth.analyses.error_propagation.spreading.blast_radius import SCHEMA

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_ranking_names_the_first_and_wraps_its_evidence():
    rows = [
        (1, "erp", 3.0, 0.75, ["word " * 100], ["shop", "erp"], AT, AT, 300, 41, 2.0, True),
        (2, "x'] || alert(1)", 1.0, 0.25, [], ["x"], AT, AT, 300, 41, 2.0, True),
    ]
    spec = root_cause_chart(pl.DataFrame(rows, schema=COLUMNS, orient="row")).to_dict()
    assert spec["title"]["text"] == "Look at erp first: 75% of what stood out lies there"
    (shown,) = spec["datasets"].values()
    assert [row["way"] for row in shown] == ["shop → erp", "x"]
    lines = shown[0]["sentence"].split("\n")
    assert len(lines) == LINES
    assert max(map(len, lines)) <= LETTERS
    assert lines[-1].endswith("…")
    assert shown[1]["sentence"] == ""
    # A name from a log is never part of an expression.
    assert spec["layer"][0]["encoding"]["color"]["condition"]["test"] == "datum.first"


def test_the_hour_of_the_trouble_is_said_and_a_moment_that_was_asked_for_is_no_hour():
    def subtitle(began_at: datetime) -> str:
        row = (1, "erp", 3.0, 1.0, ["slow"], ["erp"], AT, began_at, 300, 41, 2.0, True)
        return root_cause_chart(pl.DataFrame([row], schema=COLUMNS, orient="row")).to_dict()["title"]["subtitle"]

    began = AT - timedelta(minutes=7)
    assert "from 2026-03-02 11:53 UTC on, where the trouble of the hour from 12:00 began; 1 " in subtitle(began)
    assert "from 2026-03-02 12:00 UTC on; 1 " in subtitle(AT)


def test_the_radius_says_what_was_seen_and_what_is_expected():
    rows = [("carrier", 74, 74, 3.4, 3.0, 3.8, 5.6, 7.0, None, None), ("erp", 9, 9, *[None] * 7)]
    spec = blast_radius_chart(pl.DataFrame(rows, schema=SCHEMA, orient="row")).to_dict()
    assert spec["title"]["text"] == "An error at carrier hit 5.6 systems on average"
    unseen = pl.DataFrame([(*rows[0][:6], *[None] * 4)], schema=SCHEMA, orient="row")
    assert blast_radius_chart(unseen).to_dict()["title"]["text"].endswith("is expected to hit 3.4 systems on average")


def test_without_suspects_or_errors_a_sentence_stands_there():
    nothing = pl.DataFrame(schema=COLUMNS)
    assert root_cause_chart(nothing, "No hour stands out.").to_dict()["description"] == "No hour stands out."
    assert "Too few errors" in blast_radius_chart(pl.DataFrame(schema=SCHEMA)).to_dict()["description"]
