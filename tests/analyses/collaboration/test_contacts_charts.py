"""The charts of contacts: every pair twice, as the tables say, and a sentence where there is nothing."""

import polars as pl
from drawing.teams import INTEGRATIONS, company, heard, met, sent

import integrhealth as ih
from integrhealth.analyses.collaboration.charts.contacts import bypass_map, need_matrix
from integrhealth.analyses.collaboration.contacts.questions import bypass, pairs


def planted():
    talk = pl.concat(
        [met([("IT", "sales"), ("sales", "warehouse")], range(0, 182, 7)), met([("IT", "warehouse")], [0])]
    )
    return company(contacts=pl.concat([heard([0]), talk]), messages=sent(INTEGRATIONS, range(182)))


def values(chart):
    (rows,) = [rows for rows in chart.to_dict()["datasets"].values() if "row" in rows[0]]
    return rows


def test_the_matrix_says_of_every_pair_whether_they_need_to_and_do():
    chart = need_matrix(pairs(planted()))
    states = {(row["row"], row["column"]): (row["state"], row["mark"]) for row in values(chart)}
    assert states["IT", "sales"] == states["sales", "IT"] == ("need to and do", "26")
    assert states["IT", "finance"] == ("need to and do not", "0")
    assert states["warehouse", "sales"] == ("in contact without need", "26")
    assert len(states) == 8
    assert chart.to_dict()["title"]["text"] == "2 of 3 pairs of teams that need to talk do not"


def test_the_title_says_when_all_talk_or_nobody_can_tell():
    whole = company(contacts=met([("IT", "sales"), ("IT", "finance"), ("IT", "warehouse")], range(0, 99, 9)))
    assert need_matrix(pairs(whole)).to_dict()["title"]["text"] == "All 3 pairs of teams that need to talk do"
    unlogged = need_matrix(pairs(company(messages=sent(INTEGRATIONS, range(9))))).to_dict()
    assert unlogged["title"]["text"].endswith("whether all of them do nobody can tell")


def test_the_map_shows_what_flows_and_how_much_of_it_in_silence():
    chart = bypass_map(bypass(planted()))
    circles = {(row["row"], row["column"]): row for row in values(chart)}
    assert circles["IT", "finance"]["own_share"] == 1
    assert circles["finance", "IT"]["since"] == "never"
    assert circles["sales", "IT"]["own_share"] == 0
    assert chart.to_dict()["title"]["text"] == "67% of the value between teams flows while they do not talk"


def test_of_many_teams_those_with_most_are_drawn_and_the_others_counted():
    rows = pl.DataFrame(
        {"team_a": [f"a{n:02}" for n in range(30)], "team_b": "b", "needed": True, "contacts": range(30)}
    ).with_columns(
        congruent=True,
        tickets=0,
        spoken_per_week=1.0,
        last_spoken_at=pl.lit(None, pl.Datetime("us", "UTC")),
        integrations=pl.lit(["i"]),
    )
    chart = need_matrix(rows)
    assert len(values(chart)) == 2 * 19
    assert "11 teams with less are not drawn" in chart.to_dict()["title"]["subtitle"]


def test_without_rows_there_is_a_sentence():
    assert "needs contacts" in need_matrix(pairs(ih.Evidence())).to_dict()["description"]
    assert "needs contacts" in bypass_map(bypass(ih.Evidence())).to_dict()["description"]
