"""The human bypass: what flows between teams that have not spoken for thirty days."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.teams import DAY, INTEGRATIONS, NEEDED, START, company, heard, met, sent

import integrhealth as ih
from integrhealth.analyses.collaboration.contacts.findings import bypassed, contact_findings
from integrhealth.analyses.collaboration.contacts.questions import bypass, bypass_index, congruence

HALF_YEAR, EVERY_WEEK = range(182), range(0, 182, 7)


def said(evidence):
    frames = contact_findings(bypass(evidence), congruence(evidence), integrations=evidence.catalog.integrations)
    return pl.concat(frames)


def by_pair(evidence):
    return {(row["team_a"], row["team_b"]): row for row in bypass(evidence).rows(named=True)}


def fell_silent(last_day=91):
    """Sales and IT meet every week; warehouse and IT until `last_day`; finance and IT never.

    Judged are the 146 messages a pair from day 30 (9:00) to day 175 (9:00), sent at 10:00: days 30 to 174.
    """
    talk = [heard([0]), met([("IT", "sales")], EVERY_WEEK), met([("warehouse", "IT")], range(0, last_day, 7))]
    flow = [sent(["crm-erp"], HALF_YEAR), sent(["erp-ledger"], HALF_YEAR, amount=50.0)]
    return company(contacts=pl.concat(talk), messages=pl.concat([*flow, sent(["erp-wms"], HALF_YEAR, amount=70.0)]))


# Planted truth


def test_the_share_is_the_value_that_flowed_after_thirty_days_without_a_word():
    pairs = by_pair(fell_silent())
    # They last met on day 84 at 9:00: the messages of days 114 to 174, sent at 10:00, are silent.
    silent, total = 61, 145 * (100 + 50 + 70)
    assert pairs["IT", "warehouse"]["silent_messages"] == silent
    assert pairs["IT", "warehouse"]["share"] == pytest.approx(silent * 70 / total)
    assert pairs["IT", "warehouse"]["own_share"] == pytest.approx(silent / 145)
    assert pairs["IT", "warehouse"]["days_since_contact"] == pytest.approx(175 - 84)
    assert pairs["IT", "finance"]["share"] == pytest.approx(145 * 50 / total)
    assert pairs["IT", "finance"]["days_since_contact"] is None
    assert pairs["IT", "sales"]["share"] == 0
    (index,) = bypass_index(fell_silent()).rows(named=True)
    assert index["share"] == pytest.approx((silent * 70 + 145 * 50) / total)
    assert (index["messages"], index["pairs"], index["silent_pairs"], index["currency"]) == (435, 3, 2, "EUR")


def test_the_findings_name_the_pairs_that_carry_much_in_silence():
    rows = said(fell_silent()).filter(pl.col("rule") == "bypass")
    assert rows.select("subject", "severity", "owner", "n").rows() == [
        ("IT and finance", "warning", "erp-ledger owner", 145),
        ("IT and warehouse", "warning", "erp-wms owner", 145),
    ]
    assert rows["statement"][1] == (
        "13% of the value between all teams flowed from IT to warehouse or back while they had not spoken for 30 days; "
        "their longest silence was 91 days."
    )


@pytest.mark.parametrize(("gap", "silent"), [(30, 0), (30.001, 1)])
def test_a_message_is_silent_from_thirty_days_after_the_last_contact_on(gap, silent):
    talk = pl.concat([met([("IT", "sales")], [40]), met([("finance", "sales")], [0, 100])])
    late = sent(["crm-erp"], [0]).with_columns(sent_at=START + (40 + gap) * DAY)
    assert by_pair(company(contacts=talk, messages=late))["IT", "sales"]["silent_messages"] == silent


def test_a_ticket_handed_over_is_no_talk():
    talk = pl.concat([met([("IT", "sales")], EVERY_WEEK, kind="ticket"), met([("finance", "sales")], EVERY_WEEK)])
    assert by_pair(company(contacts=talk, messages=sent(["crm-erp"], HALF_YEAR)))["IT", "sales"]["own_share"] == 1


def test_without_amounts_messages_are_counted():
    messages = pl.concat(
        [sent(["crm-erp"], HALF_YEAR, amount=None), sent(["erp-wms"], HALF_YEAR, amount=None, per_day=3)]
    )
    evidence = company(contacts=pl.concat([heard([0]), met([("IT", "sales")], EVERY_WEEK)]), messages=messages)
    rows = bypass(evidence)
    assert rows["value"].null_count() == rows["currency"].null_count() == 2
    assert rows["share"].to_list() == [0.75, 0.0]
    assert "75% of the messages" in said(evidence)["statement"][0]


def test_failed_messages_and_load_tests_carry_nothing():
    messages = pl.concat([sent(["crm-erp"], HALF_YEAR), sent(["erp-wms"], HALF_YEAR, status="failed")])
    tested = sent(["erp-ledger"], HALF_YEAR).with_columns(load_test=True)
    evidence = company(
        contacts=pl.concat([heard([0]), met([("IT", "sales")], EVERY_WEEK)]),
        messages=pl.concat([messages, tested], how="diagonal"),
    )
    assert list(by_pair(evidence)) == [("IT", "sales")]


def test_messages_before_and_after_the_log_of_contacts_are_not_judged():
    """Nobody wrote down who talked in the first ninety days, nor after day 130."""
    evidence = company(contacts=met([("IT", "sales")], range(90, 131, 10)), messages=sent(["crm-erp"], range(300)))
    (index,) = bypass_index(evidence).rows(named=True)
    assert (index["messages"], index["share"]) == (10, 0.0)


def test_between_teams_that_the_log_of_contacts_never_names_nobody_can_tell():
    evidence = company(contacts=met([("IT", "sales")], EVERY_WEEK), messages=sent(INTEGRATIONS, HALF_YEAR))
    assert list(by_pair(evidence)) == [("IT", "sales")]
    assert said(evidence).is_empty()


def test_a_message_in_another_currency_has_no_value():
    messages = pl.concat([sent(["crm-erp"], HALF_YEAR), sent(["erp-wms"], HALF_YEAR, amount=9e9, currency="JPY")])
    evidence = company(contacts=pl.concat([heard([0]), met([("IT", "sales")], EVERY_WEEK)]), messages=messages)
    row = by_pair(evidence)["IT", "warehouse"]
    assert (row["share"], row["value"], row["own_share"], row["silent_messages"]) == (0.0, None, 1.0, 145)


# Oracle


def test_the_table_agrees_with_a_loop_over_messages():
    for seed in range(15):
        rng = np.random.default_rng(seed)
        talk = pl.concat(
            [met([pair], np.sort(rng.uniform(0, 150, rng.integers(0, 7))).tolist(), people=3) for pair in NEEDED]
            + [met([("finance", "sales")], [0, 150]), heard([0])]
        )
        messages = pl.concat([sent([name], rng.uniform(0, 170, 30).tolist()) for name in INTEGRATIONS])
        values = rng.choice([10.0, 25.0, -5.0], messages.height)
        messages = messages.with_columns(amount=pl.Series(values), message_id=pl.format("m{}", pl.int_range(pl.len())))
        expected, total = dict.fromkeys(NEEDED, 0.0), 0.0
        for row in messages.rows(named=True):
            pair = NEEDED[["erp-ledger", "crm-erp", "erp-wms"].index(row["integration"])]
            if not START + 30 * DAY <= row["sent_at"] <= START + 150 * DAY:
                continue
            mine = talk.filter(pl.col("team_a") == pair[0], pl.col("team_b") == pair[1])["at"].to_list()
            spoke = any(timedelta(0) <= row["sent_at"] - at <= timedelta(days=30) for at in mine)
            expected[pair] += 0 if spoke else abs(row["amount"])
            total += abs(row["amount"])
        rows = by_pair(company(contacts=talk, messages=messages))
        assert {pair: rows[pair]["share"] for pair in rows} == pytest.approx(
            {pair: expected[pair] / total for pair in rows}
        )
        assert rows.keys() == set(NEEDED)


# Null, edge


@pytest.mark.parametrize("seed", range(20))
def test_teams_that_meet_about_every_week_raise_nothing(seed):
    """Three pairs meet on three weeks of four, nobody in a holiday of two weeks, and there is an all-hands."""
    rng = np.random.default_rng(seed)
    weeks = [week for week in range(26) if week not in (11, 12)]
    talk = [met([pair], [7 * week + rng.uniform(0, 5) for week in weeks if rng.random() < 0.75]) for pair in NEEDED]
    hands = met([("finance", "sales")], [0, 60, 120], people=60)
    evidence = company(contacts=pl.concat([*talk, hands]), messages=sent(INTEGRATIONS, HALF_YEAR))
    assert said(evidence).is_empty()


@pytest.mark.parametrize("seed", range(8))
def test_a_healthy_landscape_without_contacts_raises_nothing(seed):
    assert said(healthy(seed)).is_empty()


def rows(**changed):
    row = {"team_a": "A", "team_b": "B", "share": 0.2, "days_since_contact": 10.0, "own_share": 0.5, "messages": 100}
    row |= {"silent_messages": 50, "value": 1.0, "silent_value": 0.5, "currency": "EUR", "longest_silence_days": 61.0}
    return pl.DataFrame([row | {"integration": None} | changed], schema_overrides={"integration": pl.String})


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        ({}, "warning"),
        ({"longest_silence_days": 60.0}, "note"),
        ({"share": 0.05}, None),
        ({"share": 0.051}, "warning"),
        ({"messages": 29}, None),
    ],
)
def test_just_below_each_threshold_nothing_is_said(changed, severity):
    found = bypassed(rows(**changed), ih.Evidence().catalog.integrations)
    assert found["severity"].to_list() == ([severity] if severity else [])


def test_a_pair_that_nobody_owns_is_taken_to_its_first_team():
    found = bypassed(rows(), ih.Evidence().catalog.integrations)
    asked = "When do A and B next sit together over what their integration moves?"
    assert found.select("owner", "ask").rows() == [("A", asked)]


@pytest.mark.parametrize("days", [[0], [0, 29.9]])
def test_a_log_of_less_than_thirty_days_judges_nothing(days):
    evidence = company(contacts=met([("IT", "sales")], days), messages=sent(["crm-erp"], HALF_YEAR))
    assert bypass(evidence).is_empty()
    assert bypass_index(evidence).is_empty()


def test_other_time_zones_change_nothing():
    evidence = fell_silent()
    moved = evidence.messages.with_columns(pl.col("sent_at").dt.convert_time_zone("Asia/Tokyo"))
    assert bypass(evidence.replace(messages=moved)).equals(bypass(evidence))
