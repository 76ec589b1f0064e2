"""Requests read from counters and histograms, against the stream of requests that they counted."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.scrapes import BEGIN, BOUNDS, METRICS, every, requests, scraped, seen

import integrhealth as ih
from integrhealth.analyses.latency.request_metrics import answers
from integrhealth.analyses.latency.request_metrics.questions import measured


def evidence(*samples, **frames):
    return ih.Evidence(metrics=pl.concat(samples), **frames)


def samples(rows):
    """Samples from (minute, metric, statistic, value) of the system orders."""
    frame = pl.DataFrame(rows, schema=["minute", "metric", "statistic", "value"], orient="row")
    return frame.select(
        time=pl.lit(BEGIN) + pl.duration(seconds=pl.col("minute") * 60),
        system=pl.lit("orders"),
        metric="metric",
        statistic="statistic",
        unit=pl.lit(None, pl.String),
        value=pl.col("value").cast(pl.Float64),
    )


def table(given, **options):
    read = measured(given)
    return answers.integrations(read.ended, read.taken, min_messages=options.get("min_messages", 1))


def only(given):
    return table(given).row(0, named=True)


def true_quantile(took_s, q):
    ordered = np.sort(took_s)
    return ordered[max(int(np.ceil(q * len(ordered) - 1e-9)), 1) - 1] * 1000


@pytest.mark.parametrize("step", [15, 30, 60])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_stream_is_counted_as_exactly_as_its_scrapes_show_it(seed, step):
    hours = 2 * 3600
    pods = {"a": ([3000.0, 5100.0], every(step, hours, lost=(7, 8, 40))), "b": ([4000.0], every(step, hours, offset=7))}
    parts, truth = [], []
    for number, (pod, (starts, scrapes)) in enumerate(pods.items()):
        stream = requests(10 * seed + number, seconds=hours, rate=2.0)
        parts.append(scraped(stream, scrapes, starts=starts, labels=f'instance="{pod}"'))
        truth.append(seen(stream, scrapes, starts))
    true = pl.concat(truth)
    row = only(evidence(*parts))
    failed = true.filter(pl.col("code") != "200")
    assert (row["source"], row["target"], row["integration"]) == (None, "orders", "orders")
    assert row["messages"] == row["ended"] == true.height
    assert row["failed"] == failed.height
    assert row["rejected"] == true.filter(pl.col("code") == "404").height
    assert row["error_share"] == failed.height / true.height
    ok = true.filter(pl.col("code") == "200")["took_s"].to_numpy()
    assert row["measured"] == len(ok)
    assert row["p95_low_ms"] < true_quantile(ok, 0.95) <= row["p95_high_ms"] == row["p95_ms"]
    assert true_quantile(ok, 0.5) <= row["p50_ms"]
    assert true_quantile(ok, 0.99) <= row["p99_ms"]


def test_the_true_p95_lies_in_the_interval_for_every_share_of_slow_ones():
    for seed in range(25):
        rng = np.random.default_rng(seed)
        stream = requests(
            seed, seconds=600, rate=float(rng.uniform(0.2, 3)), failing=0, median_s=float(rng.uniform(0.002, 4))
        )
        scrapes = every(15, 601)
        true = seen(stream, scrapes)["took_s"].to_numpy()
        row = only(evidence(scraped(stream, scrapes, counter=None)))
        assert row["messages"] == len(true)
        assert row["p95_low_ms"] <= true_quantile(true, 0.95)
        assert row["p95_high_ms"] is None or true_quantile(true, 0.95) <= row["p95_high_ms"] + 1e-9
        # Beyond the last bound nothing is said.
        assert (row["p95_high_ms"] is None) == (true_quantile(true, 0.95) > BOUNDS[-1] * 1000)


def test_without_requests_nothing_is_slow_and_nothing_fails():
    row = only(evidence(samples([(minute, 'http_requests_total{code="200"}', "cumulative", 7) for minute in range(9)])))
    assert (row["messages"], row["failed"], row["error_share"], row["p95_ms"]) == (0, 0, None, None)


def test_one_sample_says_nothing():
    assert table(evidence(samples([(0, 'http_requests_total{code="200"}', "cumulative", 7)]))).is_empty()


def test_no_metrics_no_rows():
    read = measured(ih.Evidence())
    assert table(ih.Evidence()).is_empty()
    assert read.series.is_empty()
    assert answers.over_time(read.ended, read.taken, "1h").is_empty()


def test_what_only_resembles_requests_is_not_counted():
    rows = [
        (minute, name, statistic, 10 * minute)
        for minute in range(3)
        for name, statistic in {
            "kube_pod_container_resource_requests": None,
            "go_gc_duration_seconds": "count",
            "requests": "Average",
            "latency": "p95",
            "rest_client_requests_total": "cumulative",
            "http_server_active_requests": None,
            "process_cpu_seconds_total": "cumulative",
            "prometheus_rule_evaluation_duration_seconds": "count",
        }.items()
    ]
    assert measured(evidence(samples(rows))).series.is_empty()


def test_a_counter_and_the_count_of_a_histogram_are_one_traffic_and_http_and_grpc_are_two():
    rows = []
    for minute in range(3):
        rows += [
            (minute, 'http_requests_total{code="200"}', "cumulative", 100 * minute),
            (minute, "http_request_duration_seconds", "count", 100 * minute),
            (minute, "http_request_duration_seconds", "bucket le=+Inf", 100 * minute),
            (minute, 'http_server_requests_seconds{outcome="SUCCESS",status="200"}', "count", 100 * minute),
            (minute, 'grpc_server_handled_total{grpc_code="OK"}', "cumulative", 7 * minute),
            (minute, 'grpc_server_handled_total{grpc_code="Internal"}', "cumulative", minute),
        ]
    row = only(evidence(samples(rows)))
    assert (row["messages"], row["failed"]) == (216, 2)


def test_client_and_server_see_the_same_requests_once_each():
    rows = []
    for minute in range(3):
        rows += [
            (minute, 'http_server_request_duration_seconds{http_response_status_code="200"}', "count", 50 * minute),
            (
                minute,
                'http_client_request_duration_seconds{http_response_status_code="200",server_address="stock"}',
                "count",
                20 * minute,
            ),
        ]
    assert table(evidence(samples(rows))).sort("target").select("source", "target", "messages").rows() == [
        (None, "orders", 100),
        ("orders", "stock", 40),
    ]


def test_a_mesh_names_both_ends_and_the_side_of_the_server_counts():
    name = 'istio_requests_total{{destination_workload="orders",{},source_workload="web"}}'
    counts = {
        'reporter="destination",response_code="200"': 9,
        'reporter="destination",response_code="503"': 1,
        'reporter="source",response_code="200"': 12,
    }
    rows = [
        (minute, name.format(labels), "cumulative", count * minute)
        for labels, count in counts.items()
        for minute in range(3)
    ]
    row = only(evidence(samples(rows)))
    assert (row["source"], row["target"], row["integration"]) == ("web", "orders", "web > orders")
    assert (row["messages"], row["failed"]) == (20, 2)


def test_failures_that_are_counted_apart_divide_what_no_label_tells():
    labels = '{client="web",server="orders"}'
    rows = []
    for minute in range(5):
        rows += [
            (minute, f"traces_service_graph_request_total{labels}", "cumulative", 100 * minute),
            (minute, f"traces_service_graph_request_failed_total{labels}", "cumulative", 3 * minute),
        ]
    row = only(evidence(samples(rows)))
    assert (row["source"], row["messages"], row["ended"], row["failed"]) == ("web", 400, 400, 12)


def test_what_no_label_or_an_unknown_word_tells_has_not_ended():
    rows = [(minute, "http_requests_total", "cumulative", 50 * minute) for minute in range(3)]
    row = only(evidence(samples(rows)))
    assert (row["messages"], row["ended"], row["unknown"], row["error_share"]) == (100, 0, 100, None)
    rows = [(minute, 'http_requests_total{status="weird"}', "cumulative", 50 * minute) for minute in range(3)]
    row = only(evidence(samples(rows)))
    assert (row["messages"], row["ended"], row["unknown"], row["error_share"]) == (100, 0, 100, None)


def test_deltas_add_up():
    name = 'http.server.request.duration{http.response.status_code="200"}'
    rows = [(minute, name, "delta count", 5) for minute in range(4)]
    row = only(evidence(samples(rows)))
    assert row["messages"] == 20


def test_a_status_that_appears_later_began_at_zero_and_a_process_that_is_scraped_anew_did_not():
    ok = [(minute, 'http_requests_total{code="200",pod="a"}', "cumulative", 1000 + minute) for minute in range(6)]
    bad = [(minute, 'http_requests_total{code="500",pod="a"}', "cumulative", 4) for minute in (3, 4, 5)]
    other = [(minute, 'http_requests_total{code="200",pod="b"}', "cumulative", 9000) for minute in (3, 4, 5)]
    row = only(evidence(samples(ok + bad + other)))
    assert (row["messages"], row["failed"]) == (9, 4)


def test_labels_that_change_everywhere_at_once_begin_nowhere():
    old = [(minute, 'http_requests_total{code="200"}', "cumulative", 1000 + minute) for minute in range(3)]
    new = [(minute, 'http_requests_total{code="200",zone="x"}', "cumulative", 1000 + minute) for minute in range(3, 6)]
    assert only(evidence(samples(old + new)))["messages"] == 4


def test_the_counters_of_a_process_begin_anew_together():
    values = {"200": (100, 200, 50), "500": (3, 3, 4)}
    rows = [
        (minute, f'http_requests_total{{code="{code}"}}', "cumulative", value)
        for code, row in values.items()
        for minute, value in enumerate(row)
    ]
    row = only(evidence(samples(rows)))
    assert (row["messages"], row["failed"]) == (100 + 50 + 4, 4)


def test_while_a_process_is_gone_nothing_is_known_and_it_begins_anew_when_it_is_seen_again():
    name = 'http_requests_total{code="200",instance="a"}'
    counts = [(minute, name, "cumulative", 10 * minute) for minute in range(0, 60, 5)]
    counts += [(minute, name, "cumulative", 7) for minute in range(200, 211, 5)]
    up = [(minute, 'up{instance="a"}', None, float(not 60 <= minute < 200)) for minute in range(0, 211, 5)]
    given = evidence(samples(counts + up))
    read = measured(given)
    asked = read.ended.filter(pl.col("requests") > 0, pl.col("at").dt.hour() > 0)
    assert asked.select(pl.col("at").dt.strftime("%H:%M"), "requests").rows() == [("03:15", 7)]
    assert answers.over_time(read.ended, read.taken, "1h")["at"].dt.hour().to_list() == [0, 3]
    note = ih.latency.report(given).notes["integrations"]
    assert "In 28 samples of up 1 system could not be asked" in note


def histogram(minute, values, name="http_request_duration_seconds"):
    return [(minute, name, f"bucket le={le}", value) for le, value in values.items()]


@pytest.mark.parametrize(
    ("growth", "faulty"),
    [
        ({"0.1": 50, "0.5": 40, "+Inf": 60}, 1),  # not monotone
        ({"0.1": 50, "0.5": 60}, 1),  # without the last bucket, and nothing else says how many there were
        ({"0.1": 50, "0.5": 60, "+Inf": 60}, 0),
    ],
)
def test_buckets_that_cannot_be_are_left_out_and_counted(growth, faulty):
    rows = histogram(0, dict.fromkeys(growth, 0)) + histogram(1, growth)
    read = measured(evidence(samples(rows)))
    assert read.faulty == faulty
    assert read.taken["requests"].sum() == (0 if faulty else 60)


def test_the_count_stands_for_a_last_bucket_that_is_missing():
    rows = histogram(0, {"0.1": 0}) + histogram(1, {"0.1": 50})
    rows += [(minute, "http_request_duration_seconds", "count", 80 * minute) for minute in range(2)]
    read = measured(evidence(samples(rows)))
    assert read.taken.select("low_ms", "high_ms", "requests").rows() == [(0, 100, 50), (100, np.inf, 30)]


def test_bounds_that_change_at_a_release_are_kept_apart_and_add_up():
    hours = 3600
    scrapes = every(30, hours)
    stream = requests(4, seconds=hours, rate=4, failing=0)
    early, late = (pl.col("second") <= 1800), (pl.col("second") > 1800)
    old = scraped(stream.filter(early), [at for at in scrapes if at <= 1800], counter=None, labels='version="1"')
    new = scraped(
        stream.filter(late),
        [at for at in scrapes if at > 1800],
        counter=None,
        labels='version="2"',
        bounds=(0.3, 0.6, 3.0),
    )
    row = only(evidence(old, new))
    true = np.concatenate(
        [
            seen(stream.filter(early), [at for at in scrapes if at <= 1800])["took_s"].to_numpy(),
            seen(stream.filter(late), [at for at in scrapes if at > 1800])["took_s"].to_numpy(),
        ]
    )
    assert row["messages"] == len(true)
    assert row["p95_low_ms"] <= true_quantile(true, 0.95) <= row["p95_high_ms"]


def test_bounds_that_change_as_a_process_begins_anew_are_kept_apart_in_its_five_minutes():
    scrapes, stream = every(30, 3600), requests(4, seconds=3600, rate=4, failing=0)
    early, late = stream.filter(pl.col("second") <= 1930), stream.filter(pl.col("second") > 1930)
    before, after = [at for at in scrapes if at <= 1930], [at for at in scrapes if at > 1930]
    old = scraped(early, before, counter=None)
    read = measured(evidence(old, scraped(late, after, counter=None, bounds=(0.03, 0.1, 0.3))))
    true = pl.concat([seen(early, before), late.filter(pl.col("second") <= after[-1])])
    assert (read.resets, read.faulty) == (1, 0)
    assert read.taken["requests"].sum() == true.height
    buckets = read.taken.filter(pl.col("at") == BEGIN + timedelta(minutes=30)).select("low_ms", "high_ms", "requests")
    inside = true.filter(pl.col("second") > 1800, pl.col("second") <= 2100)
    assert buckets["requests"].sum() == inside.height
    third = inside.filter(pl.col("second") > 1930, pl.col("took_s") > 0.1, pl.col("took_s") <= 0.3)
    assert buckets.filter(low_ms=100, high_ms=300)["requests"].item() == third.height


def test_negative_counters_and_no_numbers_are_no_samples():
    good = [(minute, 'http_requests_total{code="200"}', "cumulative", 10 * minute) for minute in range(4)]
    bad = [
        (1.5, 'http_requests_total{code="200"}', "cumulative", value) for value in (-5.0, float("nan"), float("inf"))
    ]
    assert only(evidence(samples(good + bad[:1])))["messages"] == 30
    assert only(evidence(samples(good + bad[1:])))["messages"] == 30


def test_units_come_from_the_name_the_metric_or_the_convention():
    for name, unit, high in (
        ("http_request_duration_seconds", None, 500),
        ("http_request_duration_ms", None, 0.5),
        ("http.server.request.duration", "s", 500),
        ("http.server.duration", "ms", 0.5),
        ("http.server.duration", None, 0.5),
        ("istio_request_duration_milliseconds", None, 0.5),
    ):
        rows = histogram(0, {"0.5": 0, "+Inf": 0}, name) + histogram(1, {"0.5": 50, "+Inf": 50}, name)
        given = samples(rows).with_columns(
            unit=pl.lit(unit, pl.String),
            metric=pl.col("metric") + ('{reporter="destination",destination_workload="x"}' if "istio" in name else ""),
        )
        assert only(evidence(given))["p95_ms"] == high, name


def test_a_sample_at_the_end_of_five_minutes_belongs_to_them_and_a_gap_is_spread():
    rows = [(minute, 'http_requests_total{code="200"}', "cumulative", 10 * minute) for minute in (0, 5, 20)]
    read = measured(evidence(samples(rows)))
    assert read.ended.select(pl.col("at").dt.minute(), "requests").rows() == [(0, 50), (5, 50), (10, 50), (15, 50)]


def test_an_hour_without_a_sample_has_no_row_and_one_without_requests_has():
    name = 'http_requests_total{{code="200",pod="{}"}}'
    rows = [(minute, name.format("a"), "cumulative", minute) for minute in range(0, 60, 5)]
    rows += [(minute, name.format("b"), "cumulative", 3) for minute in range(120, 181, 5)]
    read = measured(evidence(samples(rows)))
    hours = answers.over_time(read.ended, read.taken, "1h")
    assert hours.select(pl.col("at").dt.hour(), "messages").rows() == [(0, 55), (2, 0)]


def test_bins_judge_a_promise_by_whole_buckets():
    rows = histogram(0, {"0.1": 0, "0.5": 0, "+Inf": 0}) + histogram(1, {"0.1": 50, "0.5": 60, "+Inf": 63})
    read = measured(evidence(samples(rows)))
    for limit, slower in ((99.0, 13), (100.0, 13), (101.0, 3), (500.0, 3), (501.0, 0)):
        promised = pl.DataFrame({"integration": ["orders"], "slo_p95_ms": [limit]})
        assert answers.bins(read.ended, read.taken, promised).select("timed", "slower").rows() == [(63, slower)]
    # Nobody says how these requests ended, and nothing is promised of their time.
    assert answers.bins(read.ended, read.taken, promised.clear()).is_empty()


def test_the_columns_of_metrics_are_those_of_the_frame():
    assert set(METRICS) | {"meaning"} == set(ih.Evidence().metrics.columns) - {"log_file", "log_line"}
