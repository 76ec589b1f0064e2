"""An outage in the busiest hour: closed forms, a line minute by minute, repairs of nights, and who finds whom."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.outages import MIDNIGHT, arrivals, incidents, repaired
from drawing.traffic import only, section
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility.outages import backlog, drill
from integrhealth.analyses.dependency_fragility.outages.arrivals import busiest_hours, hour_facts
from integrhealth.analyses.dependency_fragility.outages.findings import outage_findings
from integrhealth.analyses.dependency_fragility.outages.repair_times import drawn_outages, repair_times
from integrhealth.analyses.dependency_fragility.structure import fallback_tests
from integrhealth.catalog import Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.thresholds import LATEST_TOLERANCES, PAST_SHARE
from integrhealth.traces.facts import merged

QUEUED = {
    "integration": "orders",
    "source": "Shop",
    "target": "ERP",
    "owner": "ana",
    "queue": True,
    "tolerance_ms": 30 * 60_000.0,
}


def nights(minutes: float, count: int = 10, **said: object) -> pl.DataFrame:
    return incidents(*(repaired(minutes, day=day, **said) for day in range(count)))


def asked(events: pl.DataFrame | None, *, messages: pl.DataFrame | None = None, **said: object) -> Evidence:
    catalog = Catalog(integrations=section("integrations", QUEUED | said))
    sent = arrivals(10, 60, 20) if messages is None else messages
    return Evidence(messages=sent, incident_events=events, catalog=catalog)


def outage(events: pl.DataFrame | None, **said: object) -> dict:
    return only(fragility.outages(asked(events, **said)), integration="orders")


# The closed form: 60 come in the busiest hour, every repair takes two hours.


def test_with_a_constant_repair_the_numbers_are_those_of_the_closed_form():
    row = outage(nights(120), value_per_object=10.0, delay_cost_per_hour=1.0)
    # 120 come, those of the first 90 minutes wait longer than 30; all wait an hour on average.
    assert (row["arrivals"], row["hour"]) == (60, MIDNIGHT + timedelta(hours=1))
    assert row["past_tolerance"] == row["past_low"] == row["past_high"] == pytest.approx(90)
    assert row["past_share"] == pytest.approx(0.75)
    assert row["median_loss"] == row["loss_low"] == row["p95_loss"] == pytest.approx(90 * 10 + 120 * 1)
    assert (row["verdict"], row["outage_minutes"], row["outage_p95_minutes"]) == ("stop", 120, 120)
    assert (row["repairs"], row["repairs_from"], row["staff_hours"]) == (10, "its own at night", None)


def test_hands_take_the_oldest_and_work_for_as_long_as_the_outage_lasts():
    row = outage(nights(120), manual_rate_per_hour=20.0)
    # A message of hour a is done at 3 a: it waits too long from a quarter of an hour on, and until half an hour before.
    assert row["past_tolerance"] == pytest.approx(60 * (1.5 - 0.25))
    assert row["staff_hours"] == pytest.approx(2)
    assert row["median_loss"] is None


@pytest.mark.parametrize(("rate", "verdict"), [(59.0, "stop"), (60.0, "work around"), (61.0, "work around")])
def test_without_a_queue_hands_below_the_arrivals_are_not_enough_and_at_them_they_are(rate, verdict):
    row = outage(nights(120), queue=False, manual_rate_per_hour=rate)
    assert row["verdict"] == verdict
    assert row["past_tolerance"] == pytest.approx(2 * (60 - min(rate, 60)))
    # What was refused is entered afterwards.
    assert row["staff_hours"] == pytest.approx(2 * 60 / rate)


@pytest.mark.parametrize(("rate", "verdict"), [(44.0, "stop"), (45.1, "work around")])
def test_with_a_queue_hands_need_to_take_only_what_cannot_wait(rate, verdict):
    # 60 an hour for two hours, of which the 30 of the last half hour may wait: 90 in two hours, 45 an hour.
    assert outage(nights(120), manual_rate_per_hour=rate)["verdict"] == verdict


@pytest.mark.parametrize(("limit", "verdict"), [(29.0, "stop"), (30.0, "work around")])
def test_a_queue_holds_no_more_than_its_limit(limit, verdict):
    assert outage(nights(120), manual_rate_per_hour=45.0, queue_limit=limit)["verdict"] == verdict


@pytest.mark.parametrize(("minutes", "verdict"), [(30, "survive"), (31, "stop")])
def test_what_is_repaired_within_the_tolerance_is_survived(minutes, verdict):
    row = outage(nights(minutes))
    assert (row["verdict"], row["staff_hours"]) == (verdict, 0 if verdict == "survive" else None)


def test_one_outage_in_twenty_may_be_longer_and_one_in_ten_may_not():
    rare = incidents(*(repaired(20 if day else 600, day=day) for day in range(40)))
    often = incidents(*(repaired(20 if day % 10 else 600, day=day) for day in range(40)))
    assert outage(rare)["verdict"] == "survive"
    assert outage(rare)["survived_share"] == pytest.approx(0.975, abs=0.02)
    assert outage(often)["verdict"] == "stop"


def minute_by_minute(hours: float, arrivals: float, limit: float, by_hand: float, tolerance: float) -> tuple:
    """What a queue of single messages does: served in order, refused where it is full; late, refused, longest wait."""
    step, queue, late, refused, longest, waited, credit = 1 / (20 * arrivals), [], 0, 0, 0.0, 0.0, 0.0
    due = 0.0
    for tick in range(int(hours / step)):
        now = tick * step
        due += arrivals * step
        credit = credit + by_hand * step if queue else min(credit + by_hand * step, 1)
        while credit >= 1 and queue:
            credit -= 1
            wait = now - queue.pop(0)
            late, longest, waited = late + (wait > tolerance), max(longest, wait), waited + wait
        while due >= 1:
            due -= 1
            if len(queue) < limit:
                queue.append(now)
            else:
                refused += 1
    for since in queue:
        wait = hours - since
        late, longest, waited = late + (wait > tolerance), max(longest, wait), waited + wait
    return late, refused, longest, waited


@pytest.mark.parametrize("limit", [0.0, 40.0, 150.0, np.inf])
@pytest.mark.parametrize("by_hand", [0.0, 30.0, 80.0])
@pytest.mark.parametrize("tolerance", [0.2, 1.0, 2.0])
def test_the_line_is_that_of_a_queue_simulated_message_by_message(limit, by_hand, tolerance):
    line = backlog.line(3.0, arrivals=100.0, limit=limit, by_hand=by_hand, tolerance=tolerance)
    late, refused, longest, waited = minute_by_minute(3.0, 100.0, max(limit, 1 if by_hand else 0), by_hand, tolerance)
    assert float(line.late) == pytest.approx(late, abs=6)
    assert float(line.refused) == pytest.approx(refused, abs=5)
    assert float(line.longest_hours) == pytest.approx(longest, abs=0.05)
    assert float(line.waited_hours) == pytest.approx(waited, abs=6)


RATES = st.floats(1, 1000)
MEANS = st.fixed_dictionaries(
    {"arrivals": RATES, "limit": st.floats(0, 5000), "by_hand": st.floats(0, 2000), "tolerance": st.floats(0, 10)}
)


@given(st.floats(0.01, 100), MEANS)
def test_no_more_is_lost_than_came_and_a_longer_outage_a_smaller_queue_or_fewer_hands_never_help(hours, means):
    line = backlog.line(hours, **means)
    assert -1e-9 <= line.past <= line.arrived * (1 + 1e-9)
    assert 0 <= line.longest_hours <= hours * (1 + 1e-9)
    slack = 1e-6 * (1 + line.arrived)
    assert backlog.line(hours * 1.5, **means).past >= line.past - slack
    assert backlog.line(hours, **means | {"by_hand": means["by_hand"] / 2}).past >= line.past - slack
    assert backlog.line(hours, **means | {"tolerance": means["tolerance"] / 2}).past >= line.past - slack
    assert backlog.line(hours, **means | {"limit": means["limit"] / 2}).refused >= line.refused - slack


@given(MEANS)
def test_an_outage_is_borne_up_to_the_longest_that_is_and_no_longer(means):
    def borne(hours: float) -> bool:
        line = backlog.line(hours, **means)
        few = line.past <= PAST_SHARE * line.arrived
        return bool(few and line.refused <= 0 and line.longest_hours <= LATEST_TOLERANCES * means["tolerance"])

    longest = float(backlog.borne_hours(**means))
    assert longest == np.inf or not borne(1e-6 + longest * (1 + 1e-6))
    assert longest < 1e-6 or borne(min(longest * (1 - 1e-6), 1e6))


def test_the_numbers_are_those_of_all_runs_one_by_one():
    """What an outage does grows with its length, so only three lengths are worked out; here all 2,000 are."""
    rng = np.random.default_rng(4)
    events = incidents(*(repaired(float(each), day=day) for day, each in enumerate(rng.lognormal(4, 1, 40))))
    means = {"queue_limit": 40.0, "manual_rate_per_hour": 20.0}
    row = outage(events, **means, value_per_object=3.0, delay_cost_per_hour=2.0)
    times = repair_times(events, section("integrations", QUEUED), timezone="UTC")
    minutes = drawn_outages(times, pl.DataFrame({"integration": ["orders"], "owned": [True]})).minutes[:, 0]
    line = backlog.line(minutes / 60, arrivals=60.0, limit=40.0, by_hand=20.0, tolerance=0.5)
    loss = 3 * line.past + 2 * line.waited_hours
    for values, names in (
        (line.past, ("past_low", "past_tolerance", "past_high")),
        (loss, ("loss_low", "median_loss", "p95_loss")),
        ((line.by_hand + line.refused) / 20, (None, "staff_hours", None)),
        (line.past / line.arrived, (None, "past_share", None)),
    ):
        expected = np.quantile(values, (0.05, 0.5, 0.95), method="inverted_cdf")
        assert [row[name] for name in names if name] == pytest.approx(expected[[name is not None for name in names]])
    held = (line.past <= PAST_SHARE * line.arrived) & (line.refused <= 0) & (line.longest_hours <= 2 * 0.5)
    assert row["worked_share"] == pytest.approx(held.mean())
    assert 0.05 < row["worked_share"] < 0.95


# Whose repairs: nights first.


def test_repairs_of_nights_speak_and_with_fewer_than_ten_all_do():
    days = [repaired(600, day=day, hour=12) for day in range(20)]
    enough = incidents(*days, *(repaired(10, day=day, hour=2) for day in range(10)))
    few = incidents(*days, *(repaired(10, day=day, hour=2) for day in range(9)))
    assert (outage(enough)["repairs"], outage(enough)["outage_p95_minutes"]) == (10, 10)
    assert (outage(few)["repairs"], outage(few)["repairs_from"]) == (29, "all at any hour")
    assert outage(few)["outage_p95_minutes"] == 600


@pytest.mark.parametrize(("hour", "night"), [(21.99, False), (22, True), (5.99, True), (6, False)])
def test_night_is_from_22_to_6_of_the_clock_on_the_wall(hour, night):
    events = nights(10, hour=hour)
    assert (outage(events)["repairs_from"] == "its own at night") == night
    madrid = asked(nights(10, hour=hour - 1))
    there = madrid.replace(catalog=Catalog(timezone="Europe/Madrid", integrations=madrid.catalog.integrations))
    assert (fragility.outages(there)["repairs_from"][0] == "its own at night") == night


def test_nights_of_others_speak_where_its_own_are_few():
    row = outage(incidents(*(repaired(60, day=day, integration="other") for day in range(12))))
    assert (row["repairs"], row["repairs_from"], row["outage_minutes"]) == (12, "all at night", 60)


# Who is there to find.


def test_where_nobody_owns_it_the_outage_is_longer_by_the_search_that_such_incidents_took():
    catalog = section("integrations", QUEUED, QUEUED | {"integration": "stock", "owner": None})
    sent = pl.concat([arrivals(60), arrivals(60, integration="stock")])
    events = [repaired(60, day=day, search=20) for day in range(10)]
    events += [repaired(140, day=day, search=100, integration="stock") for day in range(10)]
    drilled = Evidence(messages=sent, incident_events=incidents(*events), catalog=Catalog(integrations=catalog))
    rows = {row["integration"]: row for row in fragility.outages(drilled).iter_rows(named=True)}
    # The repair itself takes 40 minutes in both.
    assert [(rows[name]["find_minutes"], rows[name]["outage_minutes"]) for name in ("orders", "stock")] == [
        (20, 60),
        (100, 140),
    ]


def test_who_is_searched_at_night_is_not_searched_as_long_as_by_day():
    """By day an incident waits for its turn; with fewer than ten nights all hours speak."""
    days = [repaired(640, day=day, hour=12, search=600) for day in range(20)]
    for nightly, expected in ((10, (20, 60)), (9, (600, 640))):
        events = incidents(*days, *(repaired(60, day=day, search=20) for day in range(nightly)))
        row = outage(events)
        assert (row["find_minutes"], row["outage_minutes"]) == expected


def test_where_no_incident_shows_that_search_it_is_an_hour_longer_and_so_the_verdict_can_change():
    events = nights(25, search=5, integration="others")
    for owner, expected in (("ana", (5, 25, "survive")), (None, (65, 85, "stop"))):
        declared = section("integrations", QUEUED | {"owner": owner}, QUEUED | {"integration": "others"})
        drilled = Evidence(messages=arrivals(60), incident_events=events, catalog=Catalog(integrations=declared))
        row = only(fragility.outages(drilled), integration="orders")
        assert (row["find_minutes"], row["outage_minutes"], row["verdict"]) == expected


# The busiest hour.


def test_the_busiest_hour_counts_a_message_once_and_no_load_test():
    first = arrivals(30, 40)
    again = first.with_columns(message_id=pl.col("message_id") + "r", attempt=pl.lit(2, pl.Int64))
    tested = arrivals(500).with_columns(message_id=pl.col("message_id") + "t", load_test=pl.lit(True))
    [row] = busiest_hours(hour_facts(pl.concat([first, again, tested]))).rows(named=True)
    assert (row["arrivals"], row["hour"]) == (40, MIDNIGHT + timedelta(hours=1))


@pytest.mark.parametrize(
    ("edges", "counted"),
    [
        ([("Shop", "Hub"), ("Hub", "ERP")], 60),  # passed on
        ([("Shop", "Hub"), ("Hub", "ERP"), ("ERP", "Hub")], 60),  # and answered
        ([("Shop", "ERP"), ("ERP", "Shop")], 60),  # asked and answered: nothing leads into the circle
        ([("Admin", "CRM"), ("CRM", "ERP"), ("ERP", "CRM"), ("CRM", "ERP")], 120),  # most begins within
        ([("Shop", "ERP"), ("Market", "ERP")], 120),
    ],
)
def test_what_an_integration_passes_on_from_edge_to_edge_has_arrived_once(edges, counted):
    sent = pl.concat(
        arrivals(10, 60, 20).with_columns(
            pl.col("message_id") + str(place), source=pl.lit(source), target=pl.lit(target)
        )
        for place, (source, target) in enumerate(edges)
    )
    [row] = fragility.outages(asked(nights(120), messages=sent)).rows(named=True)
    assert (row["arrivals"], row["past_tolerance"]) == (counted, pytest.approx(90 * counted / 60))


def test_the_facts_of_parts_add_up_to_those_of_the_whole():
    whole = arrivals(7, 5, 9)
    parts = [hour_facts(whole.filter(pl.int_range(pl.len()) % 2 == part)) for part in (0, 1)]
    keys = ("integration", "source", "target", "hour")
    assert merged(parts, keys).sort(keys).equals(hour_facts(whole))


@pytest.mark.parametrize(
    ("kind", "queue", "waits"),
    [
        ("queue", None, True),
        ("request", None, False),
        (None, None, True),
        ("request", True, True),
        ("file", False, False),
    ],
)
def test_messages_wait_as_the_catalog_says_or_as_they_are_sent(kind, queue, waits):
    assert outage(nights(60), messages=arrivals(60, kind=kind), queue=queue)["waits"] == waits


def test_a_tested_cache_or_queue_takes_over_and_an_untested_one_does_not():
    cache = {"queue": False, "fallback": "cache"}
    assert not outage(nights(20), **cache)["waits"]
    assert outage(nights(20), **cache, fallback_tested_on=MIDNIGHT.date())["verdict"] == "survive"


# What nobody can tell, and what is no finding.


def test_without_tolerance_or_repairs_the_row_says_what_would_answer():
    row = outage(nights(60), tolerance_ms=None)
    assert (row["verdict"], row["past_tolerance"], row["outage_minutes"]) == ("cannot tell", None, 60)
    assert row["why"] == "the catalog names no tolerance of it"
    row = outage(None)
    assert (row["verdict"], row["repairs"], row["outage_minutes"]) == ("cannot tell", 0, None)
    assert row["why"].startswith("no log of incidents says how long a repair takes")
    assert fragility.report(asked(None)).notes["outages"].startswith("Of no outage")
    assert "outages" not in fragility.report(asked(nights(60))).notes


@pytest.mark.parametrize(("state", "verdict"), [("New", "survive"), ("Closed", "cannot tell")])
def test_incidents_of_which_only_the_end_was_logged_are_no_outages_of_no_length(state, verdict):
    ends = nights(20).with_columns(state=pl.when(pl.col("state") == "Resolved").then("state").otherwise(pl.lit(state)))
    assert outage(ends)["verdict"] == verdict


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "; only 1 repair says so"), (9, "; only 9 repairs say so"), (10, "")],
)
def test_a_verdict_on_few_repairs_says_on_how_few(count, said):
    assert outage(nights(20, count))["why"] == f"19 of 20 outages end within 20 min, it bears 30 min{said}"
    assert outage(nights(60, count))["why"].endswith(said or "rate_per_hour)")


def test_nothing_in_nothing_out():
    rows = fragility.outages(Evidence())
    assert rows.is_empty()
    assert rows.columns == fragility.outages(asked(nights(60))).columns
    assert fragility.report(Evidence()).findings.is_empty()


def test_broken_catalogs_and_logs_give_a_verdict_or_none_and_no_number_that_is_none():
    for said in ({"manual_rate_per_hour": 0.0}, {"tolerance_ms": 0.0}, {"queue_limit": 0.0}, {"integration": "other"}):
        row = outage(nights(60), **said)
        assert not any(isinstance(value, float) and np.isnan(value) for value in row.values())
    backwards = incidents(*(repaired(-5, day=day) for day in range(10)))
    assert (outage(backwards)["verdict"], outage(backwards)["repairs"]) == ("cannot tell", 0)
    unsaid = nights(60).with_columns(team=None, person=None)
    assert (outage(unsaid)["find_minutes"], outage(unsaid)["outage_minutes"]) == (None, 60)


def stops(events: pl.DataFrame, **said: object) -> list[dict]:
    drilled = asked(events, **said)
    return outage_findings(fragility.outages(drilled), drilled.catalog.integrations).rows(named=True)


def test_it_is_a_warning_where_most_outages_surely_stop_it_and_the_catalog_says_what_that_costs():
    drilled = fragility.report(asked(nights(120), value_per_object=10.0)).findings
    [row] = drilled.filter(rule="outage_stops").rows(named=True)
    assert (row["severity"], row["subject"], row["cost"], row["n"]) == ("warning", "orders", pytest.approx(900), 10)
    assert row["statement"] == (
        "An outage of orders in its busiest hour takes 2 h at night; it bears 30 min: "
        "90 of 120 messages come too late or not at all."
    )


def test_it_is_a_note_without_money_with_few_repairs_or_where_as_many_outages_are_borne():
    half = incidents(*(repaired(20 if day % 2 else 600, day=day) for day in range(20)))
    for events, said in (
        (nights(120), {}),
        (nights(120, 9), {"value_per_object": 10.0}),
        (half, {"value_per_object": 1.0}),
    ):
        assert [row["severity"] for row in stops(events, **said)] == ["note"]
    assert stops(nights(120), manual_rate_per_hour=60.0) == []


@pytest.mark.parametrize("seed", range(30))
def test_healthy_landscapes_with_repairs_well_within_what_they_bear_raise_no_finding(seed):
    """Queues hold, and what is called for an answer is done by hand: its catalog says so."""
    company, rng = healthy(seed), np.random.default_rng(seed)
    busiest = busiest_hours(hour_facts(company.outcomes))
    comes = dict(busiest.select("integration", "arrivals").iter_rows())
    declared = [
        {
            "integration": name,
            "owner": "ana",
            "tolerance_ms": 8 * 3_600_000.0,
            "value_per_object": 10.0,
            "manual_rate_per_hour": 1.05 * count,
        }
        for name, count in comes.items()
    ]
    names = sorted(comes)
    events = [
        repaired(float(rng.lognormal(np.log(60), 0.5)), day=day, integration=str(rng.choice(names)))
        for day in range(30)
    ]
    catalog = section("integrations", *declared)
    times = repair_times(incidents(*events), catalog, timezone="UTC")
    untested = fallback_tests(catalog, last_sent_at=None)
    table = drill.outages(busiest, times, catalog, untested)
    assert set(table["verdict"]) <= {"survive", "work around"}
    assert outage_findings(table, catalog).is_empty()


def test_of_forty_integrations_none_depends_on_another():
    sent = pl.concat([arrivals(60, 30, integration=f"i{each}") for each in range(40)])
    catalog = section("integrations", *(QUEUED | {"integration": f"i{each}"} for each in range(40)))
    events = incidents(*(repaired(20 + day, day=day, integration=f"i{day % 40}") for day in range(80)))
    given_all = Evidence(messages=sent, incident_events=events, catalog=Catalog(integrations=catalog))
    table = fragility.outages(given_all)
    alone = given_all.filter(pl.col("integration") == "i7")
    assert only(fragility.outages(alone), integration="i7") == only(table, integration="i7")
