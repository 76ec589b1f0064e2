"""What metrics measured: planted values come back, counters as rates, pauses, and their chart."""

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, drawn

import integrhealth as ih
from integrhealth.analyses.latency.charts import measurements_chart

SAMPLES = 1000


def series(values, *, metric, system="db", statistic=None, unit=None, step=60.0):
    """`values` of one series, sampled every `step` seconds."""
    times = [NOON + timedelta(seconds=step * place) for place in range(len(values))]
    texts = {"system": system, "metric": metric, "statistic": statistic, "unit": unit}
    frame = pl.DataFrame({"time": times, "value": np.asarray(values, float)})
    return frame.with_columns(pl.lit(text, pl.String).alias(name) for name, text in texts.items())


def evidence(*frames):
    return ih.Evidence(metrics=pl.concat(frames))


def test_a_counter_of_a_poisson_process_gives_back_its_rate():
    random = np.random.default_rng(5)
    counts = random.poisson(3.0 * 60, SAMPLES).cumsum()
    counts[600:] -= counts[599]  # begun anew at zero between two samples
    (row,) = ih.latency.measurements(evidence(series(counts, metric="rows", statistic="cumulative", unit="rows"))).rows(
        named=True
    )
    # The median of a Poisson count of 180 is 180; its 95th percentile 202, of 999 samples within 3.
    assert row["median"] == pytest.approx(3, abs=0.05)
    assert row["p95"] == pytest.approx(202 / 60, abs=0.05)
    assert (row["unit"], row["samples"], row["resets"], row["gaps"]) == ("rows/s", SAMPLES, 1, 1)


def test_values_of_a_gauge_are_described_as_they_are():
    values = np.random.default_rng(6).permutation(np.arange(1, 101))
    (row,) = ih.latency.measurements(evidence(series(values, metric="depth"))).rows(named=True)
    assert (row["median"], row["max"], row["last"], row["resets"]) == (50.5, 100, values[-1], 0)
    assert row["p95"] == pytest.approx(95, abs=1)
    assert (row["first_at"], row["last_at"]) == (NOON, NOON + timedelta(minutes=99))


def test_what_went_furthest_from_its_usual_value_comes_first_and_what_never_moved_last():
    up = series([1] * 99 + [50], metric="up")
    down = series([100] * 99 + [0], metric="sinks")
    flat, zero = series([7] * 100, metric="flat"), series([0] * 100, metric="zero")
    once = series([5], metric="once", statistic="cumulative")
    asked = ih.latency.measurements(evidence(zero, once, flat, down, up))
    assert asked["metric"].to_list() == ["up", "sinks", "flat", "zero", "once"]
    assert asked.row(4, named=True)["max"] is None


def test_few_samples_have_no_percentiles_and_a_pause_is_seen():
    picture = "time value\n0 1\n60 2\n120 3\n1320 4"
    (row,) = ih.latency.measurements(ih.Evidence(metrics=drawn("metrics", picture, system="a", metric="m"))).rows(
        named=True
    )
    assert (row["median"], row["p95"], row["max"], row["gaps"]) == (None, None, 4, 20)


def test_over_time_no_sample_is_lost_and_the_extremes_stay():
    values = [math.sin(place / 50) for place in range(5000)]
    values[2222] = 9
    asked = evidence(series(values, metric="m"), series([1, 2], metric="two"))
    over_time = ih.latency.measurements_over_time(asked).filter(pl.col("metric") == "m")
    assert 200 < over_time.height <= 240
    assert over_time["samples"].sum() == 5000
    assert (over_time["most"].max(), over_time["least"].min()) == (9, min(values))
    assert (over_time["least"] <= over_time["mean"]).all()


def test_metrics_alone_are_no_finding_and_the_report_says_what_it_has():
    report = ih.latency.report(evidence(series([1, 1000], metric="m")))
    assert report.findings.is_empty()
    assert report.missing.startswith("needs messages for all but the metrics: traces")


def chart(*frames):
    asked = evidence(*frames)
    return measurements_chart(ih.latency.measurements_over_time(asked), ih.latency.measurements(asked))


def test_each_series_has_its_own_panel_and_scale():
    labelled = series([0, 60, 240], metric='rows{code="5"}', statistic="cumulative", unit="rows")
    spec = chart(labelled, series([4, 4, 4], metric="depth", unit="ms")).to_dict()
    assert spec["facet"]["field"] == "name"
    assert spec["facet"]["sort"] == ['rows, rate [rows/s]\ndb {code="5"}', "depth [ms]\ndb"]
    assert spec["resolve"]["scale"] == {"x": "independent", "y": "independent"}
    band, line = spec["spec"]["layer"]
    assert [band["encoding"][name]["field"] for name in ("x", "y", "y2")] == ["at", "least", "most"]
    assert line["encoding"]["y"]["field"] == "mean"
    assert spec["title"]["text"] == 'rows, rate [rows/s] of db {code="5"}: 1 to 3'
    assert "2 of 2 series; n = 6 samples, 2026-03-02 to 2026-03-02" in spec["title"]["subtitle"]


def test_of_many_series_twelve_are_drawn():
    spec = chart(*(series([1, number], metric=f"m{number:02}") for number in range(20))).to_dict()
    assert len(spec["facet"]["sort"]) == 12
    assert "12 of 20 series" in spec["title"]["subtitle"]


def test_without_metrics_a_sentence_says_so():
    assert (
        measurements_chart(
            ih.latency.measurements_over_time(ih.Evidence()), ih.latency.measurements(ih.Evidence())
        ).to_dict()["description"]
        == "No metric with a value was read."
    )
