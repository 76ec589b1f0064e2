"""Charts of red flags and alerts: what they say, in which order, and what they do without data."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import vl_convert

from integrhealth.analyses.report_overload.alerts import causes, load
from integrhealth.analyses.report_overload.charts import alert_hours_chart, red_flag_timeline
from integrhealth.analyses.report_overload.red_flags.announced import announced

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "<script>alert(1)</script>" * 5


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def linked(*flags):
    """`flags` (incident, hours before it, hours after the flag at which it was read or none) as links."""
    return pl.DataFrame(
        [
            {
                "report": "daily",
                "person": "ana",
                "flag": "late",
                "delivered_at": START - hours * HOUR,
                "seen_at": None if read is None else START + (read - hours) * HOUR,
                "linked_by": "system",
                "about": HOSTILE,
                "incident": incident,
                "began": START,
                "chance": 0.0,
                "unread": read is None or read >= hours,
            }
            for incident, hours, read in flags
        ],
        schema_overrides={"seen_at": pl.Datetime("us", "UTC")},
    )


def test_the_timeline_shows_flag_reading_and_incident_the_missed_first():
    frame = announced(linked(("read", 30, 2), ("missed", 14, None), ("too late", 10, 12)))
    spec, svg = drawn(red_flag_timeline(frame))
    points = [row for row in rows(spec) if "what" in row]
    marks = {(row["incident"], row["what"]): row["value"] for row in points}
    assert marks == {
        ("missed", "flag came"): -14,
        ("missed", "incident"): 0,
        ("too late", "flag came"): -10,
        ("too late", "first read"): 2,
        ("too late", "incident"): 0,
        ("read", "flag came"): -30,
        ("read", "first read"): -28,
        ("read", "incident"): 0,
    }
    unread = {row["incident"]: row["until"] - row["came"] for row in rows(spec) if "until" in row}
    assert list(unread.items()) == [("missed", 14), ("too late", 10), ("read", 2)]
    # Half of 14 and 10 hours.
    assert (
        spec["title"]["text"] == "2 of 3 announced incidents had red flags that nobody had read, 12 h before (median)"
    )
    assert "<script" not in svg


def test_the_title_of_the_timeline_says_when_all_is_well():
    spec, _ = drawn(red_flag_timeline(announced(linked(("a", 30, 2), ("b", 20, 2)))))
    assert spec["title"]["text"] == "Somebody had read a red flag before each of 2 announced incidents"


@pytest.mark.parametrize(
    ("acted", "said"), [(True, "1 of 1 episodes led to an action"), (None, "2 repeat what was told")]
)
def test_alerts_by_hour_keep_the_night_in_one_piece_and_repeats_apart(acted, said):
    times = [START.replace(hour=23), START.replace(hour=23, minute=30), START + 17 * HOUR]
    alerts = pl.DataFrame({"at": times, "person": "ana", "source": HOSTILE, "cause": HOSTILE, "acted": acted})
    repeated = causes.repeated(alerts.cast({"acted": pl.Boolean}), timezone="UTC")
    spec, svg = drawn(alert_hours_chart(load.by_hour(repeated), load.in_all(repeated)))
    bars = {(row["hour"], row["kind"]): row["count"] for row in rows(spec) if row.get("count")}
    assert bars == {(23, "first of its cause"): 1, (23, "repeat"): 1, (0, "repeat"): 1}
    assert spec["layer"][1]["encoding"]["x"]["sort"][-8:] == [22, 23, 0, 1, 2, 3, 4, 5]
    assert spec["title"]["text"] == f"3 of 3 alerts came between 22 and 6; {said}"
    assert "n = 3 alerts to 1 people, 1 episodes, in 1 nights" in spec["title"]["subtitle"]
    assert "<script" not in svg


def test_without_data_a_sentence_says_what_is_needed():
    columns = {"at": pl.Datetime("us", "UTC"), **dict.fromkeys(("person", "source", "cause"), pl.String)}
    alerts = pl.DataFrame(schema=columns | {"acted": pl.Boolean})
    empty = causes.repeated(alerts, timezone="UTC")
    hours = alert_hours_chart(load.by_hour(empty), load.in_all(empty))
    for chart in (hours, red_flag_timeline(announced(linked(("a", 1, 2)).clear()))):
        assert "need" in drawn(chart)[0]["description"]
