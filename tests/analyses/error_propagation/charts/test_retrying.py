"""Charts of retries: they say what they show, and without data they say why."""

import polars as pl
import pytest
from drawing.retries import feed, full_jitter, served, tables

from integrhealth.analyses.error_propagation.charts.retrying import amplification_chart, storm_chart


def test_attempts_per_message_are_drawn_most_first_with_the_limit():
    both = pl.concat([feed("often", fails=0.5), feed("seldom", fails=0.02, pause=full_jitter)])
    found = tables(both)["retries"]
    spec = amplification_chart(found).to_dict()
    assert spec["title"]["text"] == f"often takes {found['amplification'].max():.2f} attempts per message"
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["often", "seldom"]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"][1] > found["high"].max()


@pytest.mark.parametrize(("retries", "said"), [(3, "ended with its trigger"), (8, "outlived its trigger")])
def test_a_storm_is_drawn_with_its_trigger(retries, said):
    found = tables(served(outage=True, retries=retries, gap=20.0 if retries > 3 else 5.0))
    spec = storm_chart(found["retry_load"], found["retry_storms"]).to_dict()
    assert spec["title"]["text"].endswith(said)
    assert "shaded: the outage" in spec["title"]["subtitle"]
    drawn = [spec["datasets"][layer["data"]["name"]] for layer in spec["layer"]]
    assert len(drawn[1]) == found["retry_load"].height * 3
    assert drawn[0][0]["begin"].startswith("2026-03-02T12:08:00")
    assert len(drawn[2]) == found["retry_storms"]["ended_at"].count() + 1


def test_without_retries_the_charts_say_why():
    found = tables(feed(fails=0.0))
    assert "No integration" in amplification_chart(found["retries"]).to_dict()["description"]
    assert "No retry storm" in storm_chart(found["retry_load"], found["retry_storms"]).to_dict()["description"]
