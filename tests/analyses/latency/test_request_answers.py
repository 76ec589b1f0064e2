"""What the latency report answers from metrics alone: the same as from the messages of the same requests."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.scrapes import BEGIN, BOUNDS, every, messages, moment, requests, scraped

import integrhealth as ih
from integrhealth.analyses.latency.charts import latency_chart, latency_heat_chart

DAY = 86_400


def catalog(tmp_path, *, name="web-orders", p95="500ms", source="web"):
    path = tmp_path / "catalog.yaml"
    path.write_text(
        "systems: [{name: orders, aliases: [orders-svc]}]\n"
        f"integrations: [{{name: {name}, source: {source}, target: orders, slo: {{success: 0.99, p95: {p95}}}}}]\n",
        encoding="utf-8",
    )
    return path


def outage(stream, since, until, share=0.9):
    """`stream` in which this share of the requests between two seconds fails."""
    inside = pl.col("second").is_between(since, until) & (pl.col("second").hash(7) % 100 < 100 * share)
    return stream.with_columns(code=pl.when(inside).then(pl.lit("500")).otherwise("code"))


def step(stream, since, times):
    """`stream` in which every request takes so many times as long from a second on."""
    return stream.with_columns(took_s=pl.col("took_s") * pl.when(pl.col("second") >= since).then(times).otherwise(1.0))


@pytest.fixture(scope="module")
def month():
    """24 days with a latency that rises on the twelfth, as samples and as messages."""
    stream = step(requests(5, seconds=24 * DAY, rate=0.02, failing=0.01, sigma=0.3), 12 * DAY, 1.6)
    return scraped(stream, every(300, 24 * DAY)), messages(stream)


def test_promises_are_judged_as_from_messages(tmp_path):
    stream = outage(requests(3, seconds=2 * DAY, rate=0.5, failing=0.002), DAY, DAY + 3600)
    declared = catalog(tmp_path)
    by = {
        "metrics": ih.Evidence(metrics=scraped(stream, every(15, 2 * DAY)), catalog=declared),
        "messages": ih.Evidence(messages=messages(stream), catalog=declared),
    }
    tables = {name: ih.latency.slo(evidence).sort("promise", "window") for name, evidence in by.items()}
    assert {name: set(table["measured_by"]) for name, table in tables.items()} == {name: {name} for name in by}
    both = tables["metrics"].join(tables["messages"], on=["integration", "promise", "window"], validate="1:1")
    assert both.height == 8
    assert both["verdict"].to_list() == both["verdict_right"].to_list()
    assert set(both.filter(promise="success")["verdict"]) == {"page", "ticket"}
    success = both.filter(promise="success")
    # What is counted at the end of a scrape may lie in the bin beside.
    assert success.select(((pl.col("burn") / pl.col("burn_right") - 1).abs() < 0.05).all()).item()
    assert success.select(((pl.col("budget_left") - pl.col("budget_left_right")).abs() < 0.02).all()).item()
    assert both.select(((pl.col("messages") - pl.col("messages_right")).abs() < 40).all()).item()
    # The promise is a bound of the histogram: every request is on the right side of it.
    assert BOUNDS.count(0.5) == 1


def test_a_promise_that_is_kept_is_ok(tmp_path):
    stream = requests(9, seconds=2 * DAY, rate=0.5, failing=0.001)
    evidence = ih.Evidence(metrics=scraped(stream, every(60, 2 * DAY)), catalog=catalog(tmp_path, p95="2500ms"))
    assert set(ih.latency.slo(evidence)["verdict"]) == {"ok"}
    assert ih.latency.report(evidence).findings.filter(pl.col("severity") != "note").is_empty()


def test_a_step_of_latency_is_dated_as_from_messages(month):
    by = {"metrics": ih.Evidence(metrics=month[0]), "messages": ih.Evidence(messages=month[1])}
    for name, evidence in by.items():
        table = ih.latency.shifts(evidence)
        latency = table.filter(pl.col("metric").is_in(["p50_ms", "p95_ms"]))
        assert latency.height >= 1, name
        assert set(latency["measured_by"]) == {name}
        assert latency.select((pl.col("at") - moment(12 * DAY)).abs().max()).item() <= timedelta(days=1), name
        assert latency["change"].min() > 0
        assert table.filter(~pl.col("metric").is_in(["p50_ms", "p95_ms"])).is_empty(), name


def test_without_a_step_nothing_shifts():
    stream = requests(6, seconds=24 * DAY, rate=0.02, failing=0.01, sigma=0.3)
    assert ih.latency.shifts(ih.Evidence(metrics=scraped(stream, every(300, 24 * DAY)))).is_empty()


def test_charts_draw_what_metrics_tell(month):
    evidence = ih.Evidence(metrics=month[0])
    over_time = ih.latency.latency_over_time(evidence)
    assert set(over_time["integration"]) == {"orders"}
    assert over_time["timed"].sum() > 30_000
    heat = ih.latency.latency_heat(evidence)
    assert heat["messages"].sum() == over_time["timed"].sum()
    # Ranges are the buckets themselves, and nothing is said of what lies within.
    assert set(heat["low_ms"]) <= {0.0, *(bound * 1000 for bound in BOUNDS)}
    chart = latency_heat_chart(heat).to_dict()["title"]
    assert chart["text"].endswith("% of the messages of orders take 100 ms to 250 ms")
    assert "rows are buckets of a histogram" in chart["subtitle"]
    ends = heat.with_columns(low_ms=pl.lit(0.0))
    assert "take up to" in latency_heat_chart(ends).to_dict()["title"]["text"]
    endless = heat.with_columns(high_ms=pl.lit(None, pl.Float64)).filter(pl.col("low_ms") > 0)
    assert "take over" in latency_heat_chart(endless).to_dict()["title"]["text"]


def test_the_chart_of_latencies_draws_buckets_and_what_has_none():
    quick = scraped(
        requests(1, seconds=3600, rate=1, median_s=0.001), every(30, 3600), system="quick", bounds=(0.1, 1.0)
    )
    slow = scraped(requests(2, seconds=3600, rate=1, median_s=5), every(30, 3600), system="slow")
    endless = scraped(requests(3, seconds=3600, rate=1, median_s=50), every(30, 3600), system="endless")
    table = ih.latency.integrations(ih.Evidence(metrics=pl.concat([quick, slow, endless])))
    assert table.select("integration", "p95_low_ms", "p95_ms", "p99_ms").rows() == [
        ("quick", 0, 100, 100),
        ("endless", 10_000, None, None),
        ("slow", 10_000, None, None),
    ]
    chart = latency_chart(table).to_dict()
    assert chart["title"]["text"] == "quick is slowest: 95 of 100 requests take at most 100 ms"
    assert "bucket (metrics)" in str(chart["title"]["subtitle"])
    both = latency_chart(ih.latency.integrations(ih.Evidence(metrics=slow.with_columns(pl.col("value") * 2))))
    assert "to say how long it takes" in str(both.to_dict())


def test_slow_by_whole_buckets_only(tmp_path):
    stream = requests(2, seconds=7200, rate=2, failing=0, median_s=0.3, sigma=0.5)
    metrics = scraped(stream, every(15, 7200))
    rules = {
        p95: ih.latency.report(ih.Evidence(metrics=metrics, catalog=catalog(tmp_path, p95=p95))).findings
        for p95 in ("200ms", "500ms", "501ms")
    }
    slow = {p95: each.filter(rule="slow_integration")["severity"].to_list() for p95, each in rules.items()}
    # A tenth takes longer than 500 ms; where the promise lies within a bucket nobody knows of those in it.
    assert slow == {"200ms": ["critical"], "500ms": ["warning"], "501ms": []}
    statement = rules["500ms"].filter(rule="slow_integration")["statement"].item()
    assert (
        statement == "web-orders: 5 of 100 requests take longer than 500 ms, by its histogram; the promise is 500 ms."
    )


def test_both_are_compared_and_messages_answer(tmp_path):
    stream = requests(4, seconds=4 * 3600, rate=1)
    metrics = scraped(stream, every(15, 4 * 3600))
    for share, differ in ((0.96, False), (0.93, True)):
        kept = stream.filter(pl.col("second").hash(3) % 1000 < 1000 * share)
        evidence = ih.Evidence(metrics=metrics, messages=messages(kept))
        report = ih.latency.report(evidence)
        assert set(report.tables["integrations"]["measured_by"]) == {"messages"}
        found = report.findings.filter(rule="counted_differently")
        assert found.height == differ, share
        assert ("differ by more than 5%" in report.notes.get("integrations", "")) == differ
        if differ:
            assert found["severity"].item() == "note"
            assert abs(found["value"].item() - (1 - share)) < 0.02
            counts = found["statement"].item()
            assert counts.startswith("orders: messages counted ")
            assert ", metrics 14," in counts


def test_what_messages_tell_and_what_metrics_add_stand_in_one_table():
    stream = requests(8, seconds=3600, rate=1)
    evidence = ih.Evidence(
        metrics=scraped(stream, every(30, 3600), system="stock"), messages=messages(stream, target="orders")
    )
    table = ih.latency.integrations(evidence).sort("integration")
    assert table.select("integration", "measured_by").rows() == [("stock", "metrics"), ("web > orders", "messages")]
    assert table.select(pl.col("passed_on", "two_clocks", "declined").null_count().sum()).row(0) == (0, 0, 0)
    slo = ih.latency.slo(evidence).select("integration", "measured_by").unique().sort("integration")
    assert slo.rows() == table.select("integration", "measured_by").rows()


@pytest.mark.parametrize(
    ("labels", "integration"), [('instance="a"', "web-orders"), ('client="shop",instance="a"', "shop > orders")]
)
def test_the_catalog_names_edges_and_the_only_integration_into_a_system(tmp_path, labels, integration):
    stream = requests(8, seconds=3600, rate=1)
    metrics = scraped(stream, every(30, 3600), labels=labels, system="orders-svc")
    evidence = ih.Evidence(metrics=metrics, catalog=catalog(tmp_path))
    assert ih.latency.integrations(evidence)["integration"].to_list() == [integration]


def test_a_histogram_that_knows_no_callers_stands_beside_a_counter_that_does(tmp_path):
    stream = requests(8, seconds=3600, rate=1)
    counter = scraped(stream, every(30, 3600), histogram=None, labels='client="web",instance="a"')
    histogram = scraped(stream, every(30, 3600), counter=None)
    table = ih.latency.integrations(ih.Evidence(metrics=pl.concat([counter, histogram]), catalog=catalog(tmp_path)))
    counts = table.sort("integration").select("source", "integration", "messages", pl.col("measured") > 0)
    asked, rows = counts["messages"][0], counts.rows()
    assert rows == [(None, "orders", asked, True), ("web", "web-orders", asked, False)]


def test_the_report_says_what_it_was_answered_from():
    stream = requests(8, seconds=3600, rate=1)
    report = ih.latency.report(ih.Evidence(metrics=scraped(stream, every(30, 3600), starts=[1000])))
    assert report.missing.startswith("needs messages for all but the requests that metrics count: traces")
    assert report.notes["integrations"] == (
        "Metrics alone tell of 1 integration: percentiles there are the upper bounds of the buckets of histograms, so "
        "many took at most so long. Counters began anew 1 time."
    )
    one = scraped(stream, [1800.0])
    assert ih.latency.report(ih.Evidence(metrics=one)).notes["integrations"].startswith("Metrics count requests here")


def otlp(stream, pod, scrapes):
    """What the OpenTelemetry SDK of one pod exports: a cumulative histogram per status, every so many seconds."""
    bounds = [0.1, 0.5, 1.0]
    for at in scrapes:
        points = []
        for (code,), rows in stream.filter(pl.col("second") <= at).group_by("code", maintain_order=True):
            took = np.histogram(rows["took_s"], [0, *bounds, np.inf])[0]
            points.append(
                {
                    "timeUnixNano": str(int(moment(at).timestamp()) * 10**9),
                    "count": str(rows.height),
                    "sum": rows["took_s"].sum(),
                    "explicitBounds": bounds,
                    "bucketCounts": [str(count) for count in took],
                    "attributes": [{"key": "http.response.status_code", "value": {"intValue": code}}],
                }
            )
        shared = {"service.name": "orders", "service.instance.id": pod}
        yield {
            "resourceMetrics": [
                {
                    "resource": {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in shared.items()]},
                    "scopeMetrics": [
                        {
                            "metrics": [
                                {
                                    "name": "http.server.request.duration",
                                    "unit": "s",
                                    "histogram": {"aggregationTemporality": 2, "dataPoints": points},
                                }
                            ]
                        }
                    ],
                }
            ]
        }


def test_two_pods_that_export_otlp_are_one_system(tmp_path):
    lines, true = [], []
    for seed, pod in enumerate("ab"):
        stream = requests(seed, seconds=600, rate=1, failing=0.2)
        lines += otlp(stream, pod, every(60, 601, offset=60))
        true.append(stream.filter(pl.col("second") > 60))
    (tmp_path / "metrics.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    (row,) = ih.latency.integrations(ih.read(tmp_path)).rows(named=True)
    whole = pl.concat(true)
    assert (row["integration"], row["messages"]) == ("orders", whole.height)
    assert row["failed"] == whole.filter(pl.col("code") != "200").height
    ok = whole.filter(pl.col("code") == "200")["took_s"].sort().to_list()
    assert row["p95_low_ms"] < ok[-(-95 * len(ok) // 100) - 1] * 1000 <= row["p95_high_ms"]


def test_hostile_names_do_no_harm():
    name = 'http_requests_total{code="200",client="<script>alert(1)</script>\\"}"}'
    rows = [
        (BEGIN + timedelta(minutes=minute), "orders", name, "cumulative", None, 10.0 * minute) for minute in range(9)
    ]
    frame = pl.DataFrame(rows, schema=["time", "system", "metric", "statistic", "unit", "value"], orient="row")
    table = ih.latency.integrations(ih.Evidence(metrics=frame))
    assert table["source"].to_list() == ['<script>alert(1)</script>"}']
