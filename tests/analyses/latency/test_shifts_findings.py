"""What shifts ask people: one finding per release, whole, and the pictures just beside its rules."""

import json
from datetime import timedelta

import polars as pl
import pytest
from drawing.findings import table, whole
from drawing.rhythms import MONDAY, from_hour, rhythmic

from integrhealth.analyses import latency
from integrhealth.analyses.latency import charts
from integrhealth.analyses.latency.shifts.findings import shift_findings
from integrhealth.analyses.latency.shifts.levels import SHIFTS
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence

DAY = timedelta(days=1)
NAMES = pl.Series("integration", ["bank", "mail", "pick", "post", "stock"])


def shift(integration, metric="p50_ms", day=12, before=300.0, after=480.0, p_value=0.0001, **columns):
    change = after / before - 1 if before else None
    at = MONDAY + day * DAY
    row = {"integration": integration, "metric": metric, "at": at, "before": before, "after": after, "change": change}
    return row | {"p_value": p_value, "kind": "shift", "n_before": 400, "n_after": 500} | columns


def told(*rows, names=NAMES, integrations=()):
    declared = pl.DataFrame(list(integrations), schema=CATALOG["integrations"])
    return shift_findings(table(SHIFTS, *rows), names, declared)


def test_a_release_that_moved_three_is_one_whole_finding_that_names_the_three():
    rows = told(
        shift("pick", after=900.0),
        shift("pick", "p95_ms", day=15, before=700.0, after=2100.0, p_value=0.0002),
        shift("mail"),
        shift("stock", day=13),
        integrations=[{"integration": "pick", "owner": "Mara"}, {"integration": "mail", "owner": "Otto"}],
    )
    assert rows.rows(named=True) == [
        whole(
            report="latency",
            rule="latency_shift",
            subject="pick, mail and stock since 2026-03-14",
            severity="warning",
            statement="pick, mail and stock became slower around 14 March 2026; "
            "pick: half of the messages take more than 900 ms, 300 ms before.",
            value=2.0,
            unit="change, share of before",
            n=2700,
            threshold=0.1,
            owner="Mara",
            ask="What was changed around 14 March 2026 at pick, mail and stock?",
        )
    ]


def test_two_days_apart_or_in_two_directions_are_two_releases():
    assert told(shift("pick"), shift("mail", day=14)).height == 2
    assert told(shift("pick"), shift("mail", day=13)).height == 1
    assert told(shift("pick"), shift("mail", before=480.0, after=300.0)).height == 2


def test_of_more_than_three_the_rest_is_counted():
    (subject,) = told(*(shift(name) for name in NAMES))["subject"]
    assert subject == "bank, mail and 3 more since 2026-03-14"


@pytest.mark.parametrize(
    ("row", "promise", "severity"),
    [
        (shift("pick"), {}, "warning"),
        (shift("pick", after=449.0), {}, "note"),
        (shift("pick", before=480.0, after=300.0), {}, "note"),
        # Five integrations by two metrics are a family of ten: 0.0025 is the largest that is certain.
        (shift("pick", p_value=0.0025), {}, "warning"),
        (shift("pick", p_value=0.0026), {}, "note"),
        (shift("pick", "p95_ms", before=900.0, after=1100.0), {"slo_p95_ms": 1000.0}, "warning"),
        (shift("pick", "p95_ms", before=900.0, after=1000.0), {"slo_p95_ms": 1000.0}, "note"),
        (shift("pick", "error_share", before=0.01, after=0.02), {}, "warning"),
        (shift("pick", "error_share", before=0.001, after=0.004), {}, "note"),
        (shift("pick", "error_share", before=0.0, after=0.02), {}, "warning"),
        (shift("pick", "error_share", before=0.01, after=0.02), {"slo_success": 0.97}, "note"),
        (shift("pick", "messages", before=10.0, after=90.0), {}, "note"),
        (shift("pick", kind="drift", until=MONDAY + 60 * DAY), {}, "warning"),
    ],
)
def test_a_warning_is_a_certain_large_rise_or_a_broken_promise(row, promise, severity):
    (only,) = told(row, integrations=[{"integration": "pick"} | promise])["severity"]
    assert only == severity


def test_each_metric_has_its_rule_and_words():
    rows = told(
        shift("pick", "p95_ms", before=700.0, after=350.0),
        shift("mail", "error_share", before=0.004, after=0.021),
        shift("stock", "messages", before=35.2, after=0.5),
        shift("bank", kind="drift", until=MONDAY + 60 * DAY),
    )
    assert dict(rows.select("rule", "statement").rows()) == {
        "latency_shift": "pick: 5 of 100 messages take longer than 350 ms since 14 March 2026; 700 ms before.",
        "errors_shift": "mail: 2.1% of the messages fail since 14 March 2026; 0.4% before.",
        "volume_shift": "stock: 0.5 messages a day since 14 March 2026; 35 before.",
        "drift": "bank drifts: half of the messages take more than 300 ms on 14 March 2026, 480 ms on 1 May 2026, "
        "without a single step.",
    }


def test_a_season_is_one_finding_although_it_comes_to_one_three_days_later():
    season = [shift(name, "messages", day=day, after=900.0) for name, day in (("pick", 12), ("mail", 15))]
    assert told(*season).height == 1
    assert told(season[0], shift("mail", "messages", day=16, after=900.0)).height == 2


def test_nothing_shifted_is_no_finding():
    assert told().height == 0
    assert told(names=NAMES.clear()).height == 0


def test_from_messages_to_the_finding_and_its_charts():
    slow = rhythmic(3, 24, rate=8, slower=from_hour(24 * 24, 12 * 24, 2.0))
    evidence = Evidence(messages=slow)
    report = latency.report(evidence)
    (subject,) = report.findings.filter(pl.col("rule") == "latency_shift")["subject"]
    names, since = subject.split(" since ")
    assert (sorted(names.replace(" and ", ", ").split(", ")), since) == (["i000", "i001", "i002"], "2026-03-14")
    over_time = charts.latency_over_time_chart(latency.latency_over_time(evidence), latency.shifts(evidence)).to_dict()
    assert [panel["title"]["text"] for panel in over_time["vconcat"]] == latency.latency_over_time(evidence)[
        "integration"
    ].unique(maintain_order=True).to_list()
    marked = [row for data in over_time["datasets"].values() for row in data if "said" in row]
    assert {row["said"] for row in marked} == {"shift 14 Mar 2026"}
    assert "went from" in json.dumps(over_time["title"])
    heat = latency.latency_heat(evidence, integration="i001")
    drawn = charts.latency_heat_chart(heat).to_dict()
    assert (drawn["encoding"]["x"]["field"], drawn["encoding"]["color"]["field"]) == ("at", "share")
    assert heat["messages"].sum() == slow.filter(pl.col("integration") == "i001", pl.col("status") == "ok").height
    assert heat.group_by("at").agg(pl.col("share").sum())["share"].to_list() == pytest.approx(
        [1.0] * heat["at"].n_unique()
    )


def test_without_a_latency_the_charts_say_why():
    evidence = Evidence(messages=rhythmic(1, 2, failing=1.0))
    spec = charts.latency_over_time_chart(latency.latency_over_time(evidence), latency.shifts(evidence)).to_dict()
    assert "no message" in json.dumps(spec).lower()
    assert "no message" in json.dumps(charts.latency_heat_chart(latency.latency_heat(evidence)).to_dict()).lower()


def test_catalog_names_the_owner():
    slow = rhythmic(1, 24, rate=8, slower=from_hour(24 * 24, 12 * 24, 2.0))
    declared = pl.DataFrame([{"integration": "i000", "owner": "Mara"}], schema=CATALOG["integrations"])
    report = latency.report(Evidence(messages=slow, catalog=Catalog(integrations=declared)))
    assert report.findings.filter(pl.col("rule") == "latency_shift")["owner"].to_list() == ["Mara"]
