"""Did it work: jumps are credited, trends are not, and what was chosen afterwards proves nothing."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.audit.outcomes.findings import outcome_findings
from integrhealth.analyses.audit.outcomes.notes import outcome_notes
from integrhealth.analyses.audit.outcomes.questions import outcome_days, outcomes
from integrhealth.analyses.audit.outcomes.trend import interrupted, trend_begins
from integrhealth.analyses.audit.outcomes.verdicts import UNDECLARED, VERDICTS, WHYS
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import conform

LIVE = date(2026, 3, 2)
PROMISE = {
    "integration": "shop-orders",
    "source": "Webshop",
    "target": "ERP",
    "owner": "desk-lead",
    "go_live": LIVE,
    "success_metric": "late_share",
    "success_baseline": 0.12,
    "success_target": 0.06,
    "success_due": date(2026, 4, 20),
    "success_declared_on": date(2026, 1, 10),
    "success_better": "lower",
}


def catalog(*rows, timezone="UTC"):
    filled = pl.DataFrame([PROMISE | row for row in rows], schema=CATALOG["integrations"], infer_schema_length=None)
    return Catalog(integrations=filled, timezone=timezone)


def metric(values, *, since=-60, every=1, **columns):
    """A value every so many days, the first so many days from go-live, at noon."""
    noon = datetime(LIVE.year, LIVE.month, LIVE.day, 12, tzinfo=UTC)
    times = [noon + timedelta(days=since + every * place) for place in range(len(values))]
    said = {"system": "ERP", "metric": "late_share"} | columns
    return conform(pl.DataFrame({"time": times, "value": values, **said}), "metrics")


def asked(values, *rows, since=-60, **columns):
    evidence = ih.Evidence(metrics=metric(values, since=since, **columns), catalog=catalog(*(rows or ({},))))
    return outcomes(evidence).row(0, named=True)


def carried_over(count, share, rng):
    """Noise of which each day carries over a share to the next (AR 1), of variance 1."""
    fresh = rng.normal(0, np.sqrt(1 - share**2), count + 100)
    for day in range(1, count + 100):
        fresh[day] += share * fresh[day - 1]
    return fresh[100:]


def noise(count, seed=0, size=0.005):
    return np.random.default_rng(seed).normal(0, size, count)


DAY = np.arange(-60, 60)
JUMP = np.where(DAY < 0, 0.12, 0.05)


# Planted truth


def test_a_jump_to_the_target_is_met():
    row = asked(JUMP + noise(120))
    assert (row["verdict"], row["why"]) == ("met", "target reached")
    assert row["low"] < 0.07 < row["high"]
    assert row["low"] > 0.05
    assert (row["n_before"], row["n_after"], row["system"]) == (60, 60, "ERP")
    assert row["value_now"] == pytest.approx(0.05, abs=0.005)
    assert row["trend_since"] == LIVE - timedelta(days=60)


@pytest.mark.parametrize("seed", range(5))
def test_a_steady_trend_is_not_credited(seed):
    row = asked(0.12 - 0.0006 * (DAY + 60) + noise(120, seed))
    assert row["value_now"] < 0.06
    assert (row["verdict"], row["why"]) == ("no change", "as the trend")
    assert row["trend"] == pytest.approx(-0.0006, abs=0.0001)


def test_a_trend_without_any_noise_is_not_credited():
    row = asked(0.12 - 0.0006 * (DAY + 60))
    assert (row["verdict"], row["effect"], row["low"], row["high"]) == ("no change", 0.0, 0.0, 0.0)


def test_a_jump_without_any_noise_is_exact():
    row = asked(JUMP)
    assert row["verdict"] == "met"
    assert (row["effect"], row["low"], row["high"]) == pytest.approx((0.07, 0.07, 0.07))


def test_a_slope_that_changes_counts_at_the_end_of_the_data():
    row = asked(np.where(DAY < 0, 0.12, 0.12 - 0.0005 * DAY))
    assert row["effect"] == pytest.approx(0.0005 * 59)
    assert row["verdict"] == "improving"


@pytest.mark.parametrize("seed", range(5))
def test_an_improvement_that_was_there_before_is_not_credited(seed):
    """The metric fell a month before go-live and stayed there."""
    row = asked(np.where(DAY < -30, 0.12, 0.05) + noise(120, seed))
    assert (row["verdict"], row["why"]) == ("no change", "as the trend")
    assert row["trend_since"] == LIVE - timedelta(days=30)
    assert row["n_before"] == 60


def test_a_shift_just_before_go_live_leaves_too_few_days_to_tell():
    row = asked(np.where(DAY < -15, 0.12, 0.05) + noise(120))
    assert (row["verdict"], row["why"], row["effect"]) == ("cannot tell", "few before", None)


@pytest.mark.parametrize("direction", [1, -1])
def test_an_improvement_is_positive_whichever_way_it_goes(direction):
    said = {"success_better": "lower" if direction == 1 else "higher", "success_target": direction * 0.06}
    row = asked(direction * (JUMP + noise(120)), said)
    assert (row["verdict"], row["effect"] > 0.05) == ("met", True)
    unsaid = said | {"success_better": None, "success_baseline": direction * 0.12}
    assert asked(direction * (JUMP + noise(120)), unsaid)["effect"] == row["effect"]


def test_the_wrong_way_is_worse():
    row = asked(np.where(DAY < 0, 0.12, 0.19) + noise(120))
    assert (row["verdict"], row["why"]) == ("worse", "worse than the trend")
    assert row["high"] < -0.05


def test_a_fall_that_comes_to_its_floor_is_not_worse():
    """It cannot fall below nothing for ever, and is better than it ever was before."""
    row = asked(np.clip(0.12 - 0.002 * (DAY + 60), 0.0, None) + np.abs(noise(120, size=0.001)))
    assert row["high"] < 0
    assert row["verdict"] == "no change"


@pytest.mark.parametrize(
    ("said", "verdict", "why"),
    [
        ({"success_declared_on": LIVE + timedelta(days=1)}, UNDECLARED, "declared afterwards"),
        ({"success_declared_on": LIVE}, UNDECLARED, "declared afterwards"),
        ({"success_declared_on": LIVE - timedelta(days=1)}, "met", "target reached"),
        ({"success_declared_on": None}, UNDECLARED, "no day of declaration"),
        ({"success_metric": None}, UNDECLARED, "no success metric"),
        ({"go_live": None}, "cannot tell", "no go-live"),
        ({"success_better": None, "success_baseline": None}, "cannot tell", "no direction"),
        ({"success_better": None, "success_baseline": 0.06}, "cannot tell", "no direction"),
        ({"success_metric": "late orders"}, "cannot tell", "no series"),
        ({"target": "WMS"}, "cannot tell", "measured elsewhere"),
        ({"go_live": LIVE + timedelta(days=80)}, "cannot tell", "not live"),
        ({"go_live": LIVE + timedelta(days=40)}, "cannot tell", "few after"),
        ({"go_live": LIVE - timedelta(days=40)}, "cannot tell", "few before"),
        ({"success_due": None}, "met", "target reached"),
        ({"success_due": LIVE - timedelta(days=1)}, "improving", "better than the trend"),
        ({"success_target": 0.02}, "improving", "better than the trend"),
        ({"success_target": None}, "improving", "better than the trend"),
        ({"success_metric": "Late Share"}, "met", "target reached"),
        ({"target": "WMS", "source": "ERP"}, "met", "target reached"),
    ],
)
def test_each_verdict_says_why(said, verdict, why):
    row = asked(JUMP + noise(120), said)
    assert (row["verdict"], row["why"]) == (verdict, why)
    assert WHYS[why][0] == verdict
    assert verdict in VERDICTS


@pytest.mark.parametrize(("days", "verdict"), [(-1, "improving"), (0, "met")])
def test_a_target_that_was_due_and_held_before_go_live_is_no_credit(days, verdict):
    assert (
        asked(JUMP + noise(120), {"success_target": 0.15, "success_due": LIVE + timedelta(days=days)})["verdict"]
        == verdict
    )


def test_the_target_has_to_be_reached_by_the_day_it_was_due():
    falling = np.where(DAY < 0, 0.12, 0.12 - 0.0015 * DAY) + noise(120, size=0.002)
    assert asked(falling, {"success_due": LIVE + timedelta(days=45)})["verdict"] == "met"
    assert asked(falling, {"success_due": LIVE + timedelta(days=35)})["verdict"] == "improving"


@pytest.mark.parametrize(("before", "after", "fitted"), [(21, 21, True), (20, 40, False), (40, 20, False)])
def test_so_many_days_are_needed_on_either_side(before, after, fitted):
    values = np.repeat([0.12, 0.05], [before, after]) + noise(before + after)
    row = asked(values, since=-before)
    assert (row["n_before"], row["n_after"]) == (before, after)
    assert (row["effect"] is not None) == fitted


# Which series


def test_several_statistics_are_no_answer_until_the_catalog_says_which():
    metrics = pl.concat([metric(JUMP + noise(120), statistic="p95"), metric(JUMP * 2, statistic="mean")])
    for name, why in [("late_share", "several series"), ("late share p95", "target reached")]:
        evidence = ih.Evidence(metrics=metrics, catalog=catalog({"success_metric": name}))
        assert outcomes(evidence)["why"].to_list() == [why], name


def test_the_target_is_asked_before_the_source():
    metrics = pl.concat([metric(JUMP + noise(120)), metric(np.full(120, 0.5), system="Webshop")])
    assert outcomes(ih.Evidence(metrics=metrics, catalog=catalog({})))["system"].to_list() == ["ERP"]


@pytest.mark.parametrize(("statistic", "expected"), [(None, 2.0), ("p95", 1.0)])
def test_a_day_is_the_mean_of_its_values_and_of_percentiles_their_median(statistic, expected):
    hours = [1.0, 1.0, 4.0]
    noon = datetime(LIVE.year, LIVE.month, LIVE.day, tzinfo=UTC) - timedelta(days=40)
    times = [noon + timedelta(days=day, hours=8 + hour) for day in range(80) for hour in range(3)]
    frame = pl.DataFrame({"time": times, "value": hours * 80, "system": "ERP", "metric": "late_share"})
    metrics = conform(frame.with_columns(statistic=pl.lit(statistic, pl.String)), "metrics")
    days = outcome_days(ih.Evidence(metrics=metrics, catalog=catalog({})))
    assert days["value"].unique().to_list() == [expected]
    assert days.height == 80


def test_days_are_those_of_the_company():
    """A value at half past eleven in the evening in UTC is one of the next day in Madrid."""
    late = metric(JUMP).with_columns(pl.col("time") + timedelta(hours=11, minutes=30))
    first = {
        zone: outcome_days(ih.Evidence(metrics=late, catalog=catalog({}, timezone=zone)))["day"].min()
        for zone in ("UTC", "Europe/Madrid")
    }
    assert first["Europe/Madrid"] - first["UTC"] == timedelta(days=1)


def test_order_copies_and_a_clock_at_the_epoch_change_nothing():
    metrics = metric(JUMP + noise(120))
    expected = outcomes(ih.Evidence(metrics=metrics, catalog=catalog({})))
    at_epoch = metrics.head(1).with_columns(time=pl.lit(datetime(1970, 1, 1, tzinfo=UTC)).dt.cast_time_unit("us"))
    for other in (metrics.sample(fraction=1, shuffle=True, seed=1), pl.concat([metrics, metrics, at_epoch])):
        assert_frame_equal(outcomes(ih.Evidence(metrics=other, catalog=catalog({}))), expected)


# How sure


@pytest.mark.parametrize(("share", "least"), [(0.0, 0.9), (0.6, 0.9)])
def test_the_interval_holds_where_days_carry_over(share, least):
    """Nothing happened in 200 series of 120 days, each day carrying over a share of its noise to the next."""
    rng, held, credited = np.random.default_rng(20260302), 0, 0
    for _ in range(200):
        value = carried_over(120, share, rng) + 0.02 * DAY
        fit = interrupted(DAY, value, DAY % 7)
        held += abs(fit.effect) <= fit.margin
        credited += fit.effect > fit.margin
    assert held / 200 >= least
    assert credited / 200 <= 0.06


def test_the_interval_is_no_wider_than_it_has_to_be():
    """Half its width lies near 1.96 times how far the effects of the same process lie apart."""
    rng = np.random.default_rng(12)
    fits = [interrupted(DAY, carried_over(120, 0.6, rng), DAY % 7) for _ in range(200)]
    apart = 1.96 * np.std([fit.effect for fit in fits])
    assert 0.8 < np.mean([fit.margin for fit in fits]) / apart < 1.25


def test_days_taken_as_independent_would_be_too_sure():
    """What the blocks are for: the textbook interval of least squares misses half of the time."""
    rng, held = np.random.default_rng(3), 0
    design = np.column_stack([np.ones(120), DAY, DAY >= 0, DAY * (DAY >= 0)]).astype(float)
    at_end = np.array([0, 0, 1, DAY[-1]])
    spread = at_end @ np.linalg.inv(design.T @ design) @ at_end
    for _ in range(200):
        value = carried_over(120, 0.6, rng)
        beta, rest, *_ = np.linalg.lstsq(design, value, rcond=None)
        held += abs(at_end @ beta) <= 1.98 * np.sqrt(spread * rest[0] / 116)
    assert held / 200 < 0.75


def test_a_rhythm_of_the_week_is_no_noise():
    week = np.where(DAY % 7 < 5, 0.0, 0.05)
    plain, rhythmic = (asked(JUMP + added + noise(120, size=0.002)) for added in (0, week))
    assert rhythmic["effect"] == pytest.approx(plain["effect"], abs=1e-6)
    assert rhythmic["high"] - rhythmic["low"] == pytest.approx(plain["high"] - plain["low"], rel=1e-6)


def test_weekly_values_are_read_as_they_are():
    values = np.repeat([0.12, 0.05], [30, 30]) + noise(60)
    evidence = ih.Evidence(
        metrics=metric(values, since=-210, every=7), catalog=catalog({"success_due": date(2026, 9, 1)})
    )
    assert outcomes(evidence).select("verdict", "n_before").row(0) == ("met", 30)


def test_the_line_is_that_of_least_squares():
    """Held against the two lines fitted apart, which is the same without a rhythm of the week."""
    rng = np.random.default_rng(8)
    value, every_week = rng.normal(size=60), np.arange(-30, 30) * 7
    fit = interrupted(every_week, value, np.ones(60))
    before, after = (np.polyfit(every_week[part], value[part], 1) for part in (slice(30), slice(30, None)))
    assert fit.effect == pytest.approx(np.polyval(after, every_week[-1]) - np.polyval(before, every_week[-1]))
    assert fit.slope == pytest.approx(before[0])


def test_shifts_before_go_live_are_seen_and_noise_is_none():
    rng = np.random.default_rng(11)
    day = np.arange(-60, 0)
    shifted = sum(
        trend_begins(day, carried_over(60, 0.6, rng) * 0.3 + np.where(day < -20, 2.0, 0.0), day % 7) == 40
        for _ in range(20)
    )
    none = sum(trend_begins(day, carried_over(60, 0.6, rng) + 0.05 * day, day % 7) == 0 for _ in range(100))
    assert shifted >= 14
    assert none >= 93


# Findings


def several(count, values, **said):
    rows = [{"integration": f"flow-{place}", "success_metric": f"share {place}", **said} for place in range(count)]
    metrics = [metric(values(place), metric=f"share {place}") for place in range(count)]
    return outcomes(ih.Evidence(metrics=pl.concat(metrics), catalog=catalog(*rows)))


def found(table, rule, rows=({},)):
    return pl.concat(outcome_findings(table, catalog(*rows).integrations)).filter(pl.col("rule") == rule)


def test_worse_is_a_warning_with_its_interval_and_owner():
    table = outcomes(ih.Evidence(metrics=metric(np.where(DAY < 0, 0.12, 0.19) + noise(120)), catalog=catalog({})))
    (row,) = found(table, "outcome_worse").rows(named=True)
    assert (row["severity"], row["subject"], row["owner"], row["n"]) == ("warning", "shop-orders", "desk-lead", 120)
    assert row["low"] < row["value"] < row["high"] < 0
    assert "late_share" in row["statement"]


def test_a_change_that_was_promised_and_certainly_did_not_come_is_a_warning():
    table = outcomes(ih.Evidence(metrics=metric(0.12 + noise(120)), catalog=catalog({})))
    (row,) = found(table, "no_effect").rows(named=True)
    assert (row["severity"], row["threshold"]) == ("warning", pytest.approx(0.03))
    assert row["high"] < 0.03


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (0.12 + noise(120, size=0.05), {}),
        (0.12 + noise(120), {"success_due": date(2027, 1, 1)}),
        (0.12 + noise(120), {"success_due": None}),
        (0.12 + noise(120), {"success_target": None}),
        (JUMP + noise(120), {}),
    ],
    ids=["uncertain", "not due yet", "never due", "no target", "met"],
)
def test_what_is_uncertain_not_due_or_better_is_not_told(values, said):
    table = outcomes(ih.Evidence(metrics=metric(values), catalog=catalog(said)))
    assert found(table, "no_effect").is_empty()
    assert found(table, "outcome_worse").is_empty()


def test_one_note_per_owner_of_what_was_not_declared():
    rows = [
        {"integration": "a", "success_metric": None},
        {"integration": "b", "success_declared_on": LIVE},
        {"integration": "c"},
        {"integration": "d", "success_metric": None, "owner": None},
        {"integration": "e", "success_metric": None, "owner": "other", "go_live": None},
    ]
    table = outcomes(ih.Evidence(catalog=catalog(*rows)))
    said = found(table, "outcome_not_declared", rows)
    assert said.select("subject", "severity", "n", "owner").sort("subject").rows() == [
        ("desk-lead", "note", 2, "desk-lead"),
        ("nobody named", "note", 1, None),
    ]


def test_hardly_one_of_many_steady_series_is_accused():
    """Sixty integrations whose metrics go their way, in three landscapes: nothing is certain among all of them."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        table = several(20, lambda _, rng=rng: 0.12 + 0.01 * carried_over(120, 0.6, rng), success_target=0.115)
        assert found(table, "outcome_worse").filter(pl.col("severity") != "note").is_empty()
        assert table.filter(pl.col("verdict").is_in(["met", "improving"])).height <= 2


@pytest.mark.parametrize("seed", range(8))
def test_a_healthy_company_draws_none(seed):
    evidence = healthy(seed)
    table = outcomes(evidence)
    assert pl.concat(outcome_findings(table, evidence.catalog.integrations)).is_empty()
    assert table.height == evidence.catalog.integrations.height


# Little or broken input


def test_without_a_catalog_there_is_nothing_and_the_note_says_what_would_make_it_possible():
    tables = {"outcomes": outcomes(ih.Evidence()), "outcome_days": outcome_days(ih.Evidence())}
    assert [frame.height for frame in tables.values()] == [0, 0]
    assert "success_metric" in outcome_notes(tables)["outcomes"]
    declared = ih.Evidence(catalog=catalog({}))
    tables = {"outcomes": outcomes(declared), "outcome_days": outcome_days(declared)}
    assert outcome_notes(tables).keys() == {"outcome_days"}
    assert tables["outcomes"].schema == outcomes(ih.Evidence()).schema


@pytest.mark.parametrize("values", [[0.1], [None] * 120, [float("nan")] * 120, [0.0] * 120, [1e300] * 120])
def test_values_that_say_nothing_credit_nothing(values):
    row = asked(values)
    assert row["verdict"] in ("cannot tell", "no change")


def test_hostile_names_stay_text():
    evil = "<script>alert(1)</script>=cmd|' /C calc'!A0\x1b[31m"
    row = asked(JUMP + noise(120), {"integration": evil, "success_metric": evil}, metric=evil)
    assert (row["integration"], row["verdict"]) == (evil, "met")
