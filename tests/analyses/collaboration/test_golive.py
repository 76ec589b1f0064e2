"""Contact around a go-live: what moves the whole company is no effect, what moves the linked pair alone is one."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from drawing.go_lives import FIRST, LINKED, LIVE, ONE, PAIRS, WEEKS, declared, halved, poisson, steady, talks
from drawing.teams import company
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.collaboration.golive import changes, orders
from integrhealth.analyses.collaboration.golive.findings import silent_golives
from integrhealth.analyses.collaboration.golive.notes import golive_notes
from integrhealth.analyses.collaboration.golive.questions import golive, golive_weeks
from integrhealth.language.schema import conform


def asked(weekly, lives=ONE, **options):
    return golive(company(contacts=talks(weekly), catalog=declared(lives, **options)))


def test_contact_that_halves_company_wide_is_no_effect():
    holiday = {pair: halved(counts) for pair, counts in steady(weekly=8).items()}
    (row,) = asked(holiday).to_dicts()
    assert (row["before"], row["after"], row["control_change"]) == (8, 4, -0.5)
    assert abs(row["effect"]) < 0.02
    assert row["low"] < 0 < row["high"]
    assert row["verdict"] == "no change seen"


def test_contact_that_halves_for_the_linked_pair_alone_is_an_effect():
    weekly = steady(weekly=8)
    (row,) = asked(weekly | {LINKED: halved(weekly[LINKED])}).to_dicts()
    assert row["effect"] == pytest.approx(-0.5, abs=0.02)
    assert row["control_change"] == 0
    assert row["high"] < -0.4
    assert (row["verdict"], row["controls"], row["alike"]) == ("fell", 9, 0)
    assert row["p_value"] < 0.002
    assert (row["weeks_before"], row["weeks_after"], row["contacts_before"], row["contacts_after"]) == (12, 12, 96, 48)


def test_a_pair_that_keeps_talking_while_all_others_halve_talks_twice_as_much():
    weekly = steady(weekly=8)
    (row,) = asked({pair: halved(counts) for pair, counts in weekly.items()} | {LINKED: weekly[LINKED]}).to_dicts()
    assert row["effect"] == pytest.approx(1, abs=0.05)
    assert row["verdict"] == "rose"


def test_an_all_hands_of_sixty_makes_no_contact():
    weekly = steady(weekly=8)
    quiet = weekly | {LINKED: halved(weekly[LINKED])}
    everybody = talks({LINKED: [0] * 14 + [8] * 16}, people=60)
    catalog = declared(ONE)
    with_it = golive(company(contacts=pl.concat([talks(quiet), everybody]), catalog=catalog))
    assert_frame_equal(with_it, golive(company(contacts=talks(quiet), catalog=catalog)))
    # Of 25 people it is a meeting, and the pair has as much contact as ever.
    few = everybody.with_columns(people=pl.lit(25, pl.Int64))
    with_few = golive(company(contacts=pl.concat([talks(quiet), few]), catalog=catalog))
    assert with_few["contacts_after"].item() > with_it["contacts_after"].item()


def test_a_pair_that_never_speaks_again():
    weekly = steady(weekly=4)
    (row,) = asked(weekly | {LINKED: [4] * 14 + [0] * 16}).to_dicts()
    assert (row["effect"], row["low"], row["verdict"]) == (-1, -1, "fell")
    assert -1 < row["high"] < -0.8
    assert row["p_value"] == pytest.approx(0.001, rel=0.01)


def test_tickets_handed_over_are_no_talk():
    weekly = steady(weekly=8)
    steps = [
        {"incident": f"i{number}", "at": datetime(2026, 4, 20, 9, tzinfo=UTC) + timedelta(hours=number), "team": team}
        for number in range(40)
        for team in LINKED
    ]
    with_tickets = company(contacts=talks(weekly), catalog=declared(ONE), incident_events=pl.DataFrame(steps))
    assert_frame_equal(golive(with_tickets), asked(weekly))


@pytest.mark.parametrize(("weeks", "companies"), [(WEEKS, 200), (18, 30)])
def test_of_two_hundred_companies_without_effect_one_in_twenty_at_most_shows_one(weeks, companies):
    """With a season that moves all pairs alike; 18 weeks leave four after the go-live."""
    rng = np.random.default_rng(5)
    lives = pl.DataFrame([("orders", *LINKED, LIVE)], changes.GO_LIVES, orient="row")
    rows = []
    for _ in range(companies):
        season = rng.uniform(0.4, 1.6, weeks)
        season[16:] /= 2
        contacts = talks(poisson(rng, weeks=weeks, season=season))
        period = contacts["at"].min(), contacts["at"].max()
        rows.append(changes.golive(lives, contacts, period, timezone="UTC"))
    judged = pl.concat(rows).drop_nulls("p_value")
    assert judged.filter(pl.col("effect") < pl.col("low")).is_empty()
    assert judged.filter(pl.col("effect") > pl.col("high")).is_empty()
    outside = judged.filter((pl.col("low") > 0) | (pl.col("high") < 0)).height
    assert judged.height > 0.8 * companies
    # A twentieth may lie outside, and three standard deviations of that.
    assert outside <= 0.05 * judged.height + 3 * np.sqrt(0.05 * 0.95 * judged.height)
    assert judged["verdict"].is_in(["fell", "rose"]).sum() <= outside


def test_the_interval_covers_what_was_planted():
    rng = np.random.default_rng(7)
    rows, weeks = 200, 24
    truth = rng.uniform(0.3, 1.5, rows)
    others = rng.poisson(60 * rng.uniform(0.5, 1.5, weeks), (rows, weeks))
    part = others / 12 * np.where(np.arange(weeks) < 12, 1, truth[:, None])
    low, high, _ = orders.intervals(rng.poisson(part).astype(float), others.astype(float), 12)
    covered = np.mean((low <= truth) & (truth <= high))
    assert 0.91 <= covered <= 0.99


def test_the_p_value_is_that_of_all_orders_by_brute_force():
    rng = np.random.default_rng(11)
    for before, after in ((3, 3), (3, 5), (4, 4)):
        contacts, others = rng.poisson(4, before + after), rng.poisson(30, before + after)
        places = range(before + after)
        given = []
        for chosen in combinations(places, after):
            sides = [
                [counts[i] for i in places if (i in chosen) == late] for counts in (contacts, others) for late in (1, 0)
            ]
            a, b, c, d = (sum(side) for side in sides)
            spread = (a + b) * c * d / (c + d) ** 2 * (1 + (a + b) / (c + d))
            given.append((a - (a + b) * c / (c + d)) / spread**0.5)
        came = given[list(combinations(places, after)).index(tuple(range(before, before + after)))]
        tails = [np.mean([side * each >= side * came - 1e-9 for each in given]) for side in (-1, 1)]
        _, _, p_value = orders.intervals(contacts[None].astype(float), others[None].astype(float), before)
        assert p_value.item() == pytest.approx(min(2 * min(tails), 1))


def test_a_loss_that_other_pairs_have_as_well_is_not_laid_to_the_go_live():
    """Three pairs of nine without a go-live fall silent too: whatever it was, it is not this integration."""
    weekly = steady(weekly=8)
    also = {pair: halved(weekly[pair]) for pair in (*PAIRS[:3], LINKED)}
    (row,) = asked(weekly | also).to_dicts()
    assert row["high"] < 0
    assert (row["alike"], row["verdict"]) == (3, "cannot tell")


@pytest.mark.parametrize(
    ("weekly", "lives", "verdict"),
    [
        (steady(), {"orders": (*LINKED, FIRST + timedelta(weeks=2))}, "not enough data"),
        (steady(), {"orders": (*LINKED, FIRST + timedelta(weeks=3))}, "no change seen"),
        (steady(), {"orders": (*LINKED, FIRST + timedelta(weeks=28))}, "not enough data"),
        (steady(), {"orders": (*LINKED, FIRST - timedelta(weeks=90))}, "not enough data"),
        (steady(), {"orders": (*LINKED, FIRST + timedelta(weeks=90))}, "not enough data"),
        (steady() | {LINKED: [0] * 9 + [1] * 21}, ONE, "not enough data"),
        (steady() | {LINKED: [0] * 8 + [1] * 22}, ONE, "rose"),
        (steady(PAIRS[:2]) | {LINKED: [5] * WEEKS}, ONE, "cannot tell"),
        (dict.fromkeys(PAIRS, [0] * 14 + [5] * 16) | {LINKED: [5] * WEEKS}, ONE, "cannot tell"),
        (dict.fromkeys(PAIRS, [5] * 14 + [0] * 16) | {LINKED: [5] * WEEKS}, ONE, "cannot tell"),
        (steady(PAIRS[:3]) | {LINKED: [5] * WEEKS}, ONE, "no change seen"),
    ],
)
def test_what_cannot_be_judged_says_so(weekly, lives, verdict):
    (row,) = asked(weekly, lives).to_dicts()
    assert row["verdict"] == verdict
    assert row["effect"] is None or row["low"] <= row["effect"] <= (row["high"] or np.inf)
    assert (row["effect"] is None) == (row["p_value"] is None) == (verdict in ("not enough data", "cannot tell"))


@pytest.mark.parametrize("weeks", [-90, -1, 31, 90])
def test_a_go_live_outside_the_data_has_no_weeks(weeks):
    (row,) = asked(steady(), {"orders": (*LINKED, FIRST + timedelta(weeks=weeks))}).to_dicts()
    assert (row["weeks_before"], row["weeks_after"], row["before"], row["after"]) == (0, 0, None, None)


def test_pairs_with_a_go_live_of_their_own_are_no_controls():
    lives = {f"link {a} {b}": (a, b, LIVE + timedelta(days=70)) for a, b in PAIRS[:4]} | ONE
    lives["old"] = (*PAIRS[4], LIVE - timedelta(days=84))
    table = asked(steady(), lives)
    assert table.filter(pl.col("integration") == "orders")["controls"].item() == len(PAIRS) - 1 - 4


def test_weeks_are_those_of_the_clocks_of_the_company():
    """In Auckland the evening before the go-live is the day of the go-live."""
    evening = datetime(LIVE.year, LIVE.month, LIVE.day, 20, tzinfo=UTC) - timedelta(days=1)
    extra = talks({LINKED: [0]}).clear()
    extra = pl.concat(
        [extra, conform(pl.DataFrame([{"at": evening, "team_a": "sales", "team_b": "warehouse"}]), "contacts")]
    )
    contacts = pl.concat([talks(steady()), extra])
    for zone, sums in (("Pacific/Auckland", (60, 61)), ("UTC", (61, 60))):
        table = golive(company(contacts=contacts, catalog=declared(ONE, timezone=zone)))
        assert table.select("contacts_before", "contacts_after").row(0) == sums, zone
    assert ZoneInfo("Pacific/Auckland").utcoffset(evening) > timedelta(hours=4)


def test_weeks_for_the_chart_add_up_to_the_table():
    weekly = poisson(np.random.default_rng(3))
    evidence = company(contacts=talks(weekly), catalog=declared(ONE))
    weeks, (row,) = golive_weeks(evidence), golive(evidence).to_dicts()
    assert weeks["week"].to_list() == list(range(-12, 12))
    before = weeks.filter(pl.col("week") < 0)
    assert before["contacts"].sum() == row["contacts_before"] == weekly[LINKED][2:14].sum()
    assert before["others"].to_list() == [
        sum(weekly[pair][week] for pair in PAIRS if pair != LINKED) for week in range(2, 14)
    ]


def test_order_and_copies_of_rows_change_nothing():
    contacts = talks(poisson(np.random.default_rng(4)))
    lives = ONE | {"bills": ("finance", "sales", LIVE + timedelta(days=20))}
    first = golive(company(contacts=contacts, catalog=declared(lives)))
    turned = contacts.rename({"team_a": "team_b", "team_b": "team_a"}).select(contacts.columns)
    shuffled = pl.concat([turned, contacts]).sample(fraction=1, shuffle=True, seed=1)
    assert_frame_equal(golive(company(contacts=shuffled, catalog=declared(lives))), first)


@pytest.mark.parametrize("small", [None, 0, 4])
def test_teams_of_fewer_than_five_are_in_no_row_and_no_count(small):
    contacts = talks(
        poisson(np.random.default_rng(6)) | {("legal", "sales"): [9] * WEEKS, ("finance", "legal"): [9] * WEEKS}
    )
    lives = ONE | {"contracts": ("legal", "sales", LIVE)}
    people = {"legal": small}
    evidence = company(contacts=contacts, catalog=declared(lives, people=people))
    table = golive(evidence)
    assert table["integration"].to_list() == ["orders"]
    without = company(
        contacts=contacts.filter(~pl.any_horizontal(pl.col("team_a", "team_b") == "legal")), catalog=declared(ONE)
    )
    assert_frame_equal(table, golive(without))
    assert_frame_equal(golive_weeks(evidence), golive_weeks(without))
    assert golive(company(contacts=contacts, catalog=declared(lives, people={"legal": 5}))).height == 2


def test_a_silent_golive_is_a_warning_and_asks_both_leads():
    weekly = steady(weekly=8)
    catalog = declared(ONE)
    table = golive(company(contacts=talks(weekly | {LINKED: halved(weekly[LINKED])}), catalog=catalog))
    (row,) = silent_golives(table, integrations=catalog.integrations).to_dicts()
    assert (row["severity"], row["subject"], row["owner"]) == ("warning", "orders: sales and warehouse", "orders owner")
    assert row["statement"].startswith(
        "sales and warehouse spoke 8.0 times a week before orders went live and 4.0 after"
    )
    assert "an association" in row["statement"]
    assert row["ask"] == "The leads of sales and warehouse: what did you tell each other that orders cannot?"
    assert row["n"] == 144


def test_of_many_go_lives_one_that_is_not_certain_among_all_of_them_is_a_note():
    weekly = steady(weekly=8)
    catalog = declared(ONE)
    (row,) = golive(company(contacts=talks(weekly | {LINKED: halved(weekly[LINKED])}), catalog=catalog)).to_dicts()
    unsure = row | {"p_value": 0.02}
    others = [
        row | {"integration": f"i{n}", "p_value": 0.5, "effect": 0.1, "verdict": "no change seen"} for n in range(9)
    ]
    table = pl.DataFrame([unsure, *others], schema=changes.GOLIVE)
    severities = silent_golives(table, integrations=catalog.integrations)["severity"].to_list()
    assert severities == ["note"]
    alone = silent_golives(table.head(1), integrations=catalog.integrations)["severity"].to_list()
    assert alone == ["warning"]


def test_twenty_healthy_companies_with_four_go_lives_each_raise_no_warning():
    rng = np.random.default_rng(21)
    lives = {f"link {a} {b}": (a, b, LIVE + timedelta(days=int(rng.integers(-20, 20)))) for a, b in PAIRS[::3]}
    catalog = declared(lives)
    tested = 0
    for _ in range(20):
        table = golive(company(contacts=talks(poisson(rng)), catalog=catalog))
        tested += table["p_value"].count()
        assert "warning" not in silent_golives(table, integrations=catalog.integrations)["severity"]
    assert tested > 70


def test_a_small_loss_is_no_finding_however_certain():
    weekly = steady(weekly=100)
    catalog = declared(ONE)
    for kept, findings in ((80, 0), (74, 1)):
        one = [100 if week < 14 else kept for week in range(WEEKS)]
        table = golive(company(contacts=talks(weekly | {LINKED: one}), catalog=catalog))
        assert table["verdict"].item() == "fell"
        assert silent_golives(table, integrations=catalog.integrations).height == findings


def test_notes_say_what_is_missing():
    contacts, nothing = talks(steady()), ih.Evidence().contacts
    cases = {
        "contacts (at, team_a, team_b)": (nothing, declared(ONE)),
        "the date of go-live": (contacts, declared({"orders": (*LINKED, None)})),
        "two teams of 5 people": (contacts, declared(ONE, people={"sales": 4})),
    }
    for said, (talked, catalog) in cases.items():
        table = golive(company(contacts=talked, catalog=catalog))
        assert table.is_empty()
        notes = golive_notes(table, contacts=talked, integrations=catalog.integrations)
        assert said in notes["golive"]
        assert notes["golive"] == notes["golive_weeks"]
    table = asked(steady())
    assert golive_notes(table, contacts=contacts, integrations=declared(ONE).integrations) == {}


def test_broken_input_gives_no_rows_and_no_error():
    one = talks({LINKED: [1]})
    for contacts in (one, one.with_columns(team_a=pl.lit("nobody")), one.select("at", "team_a", "team_b")):
        table = golive(company(contacts=contacts, catalog=declared(ONE)))
        assert table["verdict"].to_list() == ["not enough data"]
    assert golive(ih.Evidence()).schema == golive(company(contacts=one, catalog=declared(ONE))).schema
