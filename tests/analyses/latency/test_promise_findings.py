"""What is said of promises: what burns now, days on which a page went off, what nobody knows of; and the strip."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.promises import DAY, HOUR, START, bins, declared, levels, promising

from integrhealth.analyses import latency
from integrhealth.analyses.latency.charts import burn_chart
from integrhealth.analyses.latency.promises.findings import promise_findings
from integrhealth.analyses.latency.promises.over_time import burn_over_time
from integrhealth.analyses.latency.promises.service_levels import judged_windows
from integrhealth.catalog import Catalog
from integrhealth.errors import WrongValue
from integrhealth.evidence import Evidence
from integrhealth.language.schema import TIME, conform


def said(frame, *catalog):
    return promise_findings(levels(frame, *catalog), declared(*catalog))


def steady(days=4, *, name="feed", bad=0, rate=100):
    return bins(np.full(days * DAY, rate), np.full(days * DAY, bad), name=name)


def ending(bad, last, *, name="feed", before=4 * DAY, rate=100):
    """Days without a failure, then `last` bins in which `bad` messages of each bin are."""
    return bins(np.full(before + last, rate), np.concatenate([np.zeros(before), np.full(last, bad)]), name=name)


def test_what_burns_fast_now_is_critical_and_what_burns_slowly_a_warning():
    found = said(
        pl.concat(
            [
                ending(100, HOUR, name="fast", before=7 * DAY - HOUR),
                ending(1, 3 * DAY, name="slow"),
                steady(7, name="well"),
            ]
        )
    )
    assert found.select("rule", "severity", "subject").rows() == [
        ("burning_budget", "critical", "fast"),
        ("burning_budget", "warning", "slow"),
    ]
    fast = found.row(0, named=True)
    assert fast["statement"] == (
        "fast: 1,200 of 1,200 messages failed in the hour up to its last, 2026-03-08 23:55: 200 times what is "
        "promised. The budget is spent."
    )
    assert (fast["value"], fast["n"], fast["threshold"]) == (pytest.approx(200), 1200, pytest.approx(14.4))
    assert 195 < fast["low"] < fast["high"] == pytest.approx(200)


def test_a_few_failures_of_few_messages_are_a_note():
    """Two of the last fourteen alert; among forty others it is not certain that the share is above the promise."""
    ended, bad = np.zeros(DAY), np.zeros(DAY)
    ended[[0, -1]], bad[-1] = 14, 2
    others = [bins(ended, np.zeros(DAY), name=f"feed {n}") for n in range(40)]
    found = said(pl.concat([bins(ended, bad), *others]))
    assert found.select("rule", "severity", "subject").rows() == [("burning_budget", "note", "feed")]


def test_of_several_windows_that_burn_the_most_certain_is_said():
    """As if the hour held fewer messages: it may be chance, and the six hours that hold it are not."""
    table = levels(ending(100, HOUR, before=7 * DAY - HOUR))
    few = pl.when(pl.col("window") == "1h/5m")
    unsure = table.with_columns(now_messages=few.then(14).otherwise("now_messages"))
    unsure = unsure.with_columns(now_bad=few.then(1).otherwise("now_bad"))
    found = promise_findings(unsure, declared())
    assert found.select("severity", "n").rows() == [("critical", 7200)]


def test_what_is_all_there_is_is_said_of_the_integration_on_the_whole():
    ended, bad = np.zeros(DAY), np.zeros(DAY)
    ended[[0, -1]], bad[-1] = (99, 100), 90
    assert levels(bins(ended, bad))["firing"].any()
    assert said(bins(ended, bad)).is_empty()
    ended[0] = 100
    assert said(bins(ended, bad))["rule"].to_list() == ["burning_budget"]


def test_a_latency_that_nobody_could_time_is_no_silence():
    found = levels(steady(), promising(slo_p95_ms=10.0))
    assert set(found.filter(promise="p95")["verdict"]) == {"no data"}
    assert said(steady(), promising(slo_p95_ms=10.0)).is_empty()


def test_a_page_of_last_week_is_a_note_of_its_day_and_not_of_what_goes_on():
    over = [bins(np.full(9 * DAY, 100), np.where(np.arange(9 * DAY) // 6 == 100, 90, 0), name=name) for name in "ab"]
    (found,) = said(pl.concat(over)).rows(named=True)
    assert (found["rule"], found["severity"], found["subject"]) == ("burned_budget", "note", "2026-03-04")
    assert found["statement"] == (
        "On 2026-03-04 2 promises would have paged somebody: a, b, up to 90 times what is promised."
    )


def test_a_slow_integration_says_what_it_promised_and_whose_it_is():
    slow = bins(np.full(DAY, 100), np.zeros(DAY), timed=100, slower=90)
    (found,) = said(slow, promising(slo_p95_ms=2000.0, owner="Ada")).rows(named=True)
    assert (found["subject"], found["severity"], found["owner"]) == ("feed (p95)", "critical", "Ada")
    assert "feed: 1,080 of 1,200 messages took longer than 2 s in the hour" in found["statement"]


def test_promises_without_data_are_one_note_for_each_owner():
    catalog = [promising() | {"integration": f"dead {n}", "owner": owner} for n, owner in enumerate("AABAA")]
    found = said(steady(), *catalog)
    assert found.select("rule", "severity", "subject", "value").rows() == [
        ("promise_without_data", "note", "A", 4),
        ("promise_without_data", "note", "B", 1),
    ]
    assert found["statement"][0].endswith("dead 0, dead 1, dead 3 and 1 more.")


def test_nothing_is_said_of_what_is_well_or_of_nothing():
    assert said(steady(9)).is_empty()
    assert said(steady(0)).is_empty()


def over_time(frame):
    judged = judged_windows(frame, declared())
    return burn_over_time(judged, levels(frame))


@pytest.mark.parametrize(("days", "hours"), [(3, 6), (31, 6), (40, 24), (124, 24), (126, 168), (900, 720)])
def test_a_step_is_the_shortest_of_which_there_are_not_too_many(days, hours):
    frame = bins(np.where(np.arange(days * DAY) % 72 == 0, 10, 0), np.zeros(days * DAY))
    found = over_time(frame)
    assert set(found["hours"]) == {hours}
    assert found.height <= 126
    assert found["messages"].sum() == frame["ended"].sum()


def test_each_step_has_its_burn_its_worst_alert_and_what_was_left():
    found = over_time(bins(np.full(3 * DAY, 100), np.where(np.arange(3 * DAY) < 2 * DAY, 0, 1)))
    assert found["burn"].to_list() == [0] * 8 + [pytest.approx(2)] * 4
    # The last three days burn beyond their factor of 1 when more than half of them burned at 2: not within a day.
    assert found["alert"].null_count() == 12
    assert found["budget_left"].to_list() == pytest.approx([1] * 8 + [1 - 2 * n / (8 + n) for n in (1, 2, 3, 4)])
    found = over_time(bins(np.full(3 * DAY, 100), np.where(np.arange(3 * DAY) < 2 * DAY, 0, 40)))
    assert found["alert"].to_list() == [None] * 8 + ["page"] * 4


def test_the_strip_is_coloured_by_what_alerted_the_worst_first_and_the_budget_stands_beside_it():
    frame = pl.concat([steady(9, name="well"), ending(90, 30, name="worse", before=9 * DAY - 30)])
    chart = burn_chart(over_time(frame), levels(frame))
    spec = chart.to_dict()
    strip, budget = spec["hconcat"]
    assert strip["encoding"]["y"]["sort"] == ["worse", "well"]
    assert strip["encoding"]["color"]["scale"]["domain"] == [
        "within the promise",
        "faster than promised",
        "ticket",
        "page",
    ]
    rows = spec["datasets"][strip["data"]["name"]]
    assert [row["state"] for row in rows if row["name"] == "worse"][-1] == "page"
    (left,) = [row for row in spec["datasets"][budget["data"]["name"]] if row["name"] == "worse"]
    assert (left["bar"], left["said"]) == (-1, "-108%")
    assert spec["title"]["text"].startswith("worse burned its error budget")
    assert len(json.dumps(spec)) < 30_000


def test_the_strip_says_why_there_is_none_and_when_nothing_burned():
    assert "No message that counts" in json.dumps(burn_chart(over_time(steady(0)), levels(steady(0))).to_dict())
    text = burn_chart(over_time(steady()), levels(steady())).to_dict()["title"]["text"]
    assert text == "No promise burned its error budget faster than it may"


def traffic(bad_from):
    """A request every two seconds for five hours; from a second on nine of ten fail."""
    sent = np.arange(9000) * 2
    failed = (sent >= bad_from) & (np.arange(9000) % 10 > 0)
    return conform(
        pl.DataFrame({"s": sent, "failed": failed}).select(
            message_id=pl.format("m{}", "s"),
            source=pl.lit("web"),
            target=pl.lit("erp"),
            kind=pl.lit("request"),
            error_code=pl.when("failed").then(pl.lit("E503")),
            status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")),
            sent_at=(pl.lit(START) + pl.duration(seconds="s")).cast(TIME),
            answered_at=(pl.lit(START) + pl.duration(seconds="s", milliseconds=250)).cast(TIME),
        ),
        "messages",
    )


def test_nine_of_ten_failing_at_a_message_every_two_seconds_is_a_critical_finding_within_the_hour():
    report = latency.report(Evidence(messages=traffic(4 * 3600)))
    found = report.tables["slo"].filter(window="1h/5m").row(0, named=True)
    assert (found["integration"], found["verdict"], found["firing"]) == ("web > erp", "page", True)
    assert found["burn"] == pytest.approx(180)
    assert found["spent_at"] <= START + timedelta(hours=4, minutes=5)
    assert found["spent_on"] == "E503: 100%, 2026-03-02: 100%"
    assert report.findings.filter(rule="burning_budget")["severity"].to_list() == ["critical"]
    well = latency.report(Evidence(messages=traffic(10**6)))
    assert well.findings.filter(pl.col("rule").str.contains("budget")).is_empty()


def test_a_promised_p95_is_held_against_each_message():
    catalog = Catalog(integrations=declared(promising(slo_p95_ms=200.0, source="web", target="erp")))
    found = latency.slo(Evidence(messages=traffic(10**6), catalog=catalog)).filter(promise="p95", window="1h/5m")
    assert found.select("burn", "verdict", "spent_on").row(0) == (
        pytest.approx(20),
        "page",
        "web > erp: 100%, 2026-03-02: 100%",
    )


@pytest.mark.parametrize("wrong", [0, -1, "30", None, True, 10**6, float("nan")])
def test_a_period_that_cannot_be_is_refused(wrong):
    with pytest.raises(WrongValue, match="period_days must be a number of days from 1 to 3650, not"):
        latency.slo(Evidence(), period_days=wrong)
