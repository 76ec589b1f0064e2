"""The smallest set of reports, against trying all sets; who may stand in for whom; what shows the same."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from drawing.reports import delivered, stock
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from integrhealth.analyses.report_overload.cover.smallest_set import smallest_set, stand_ins
from integrhealth.analyses.report_overload.cover.solver import greedy_cover, smallest_cover
from integrhealth.analyses.report_overload.cover.streams import cadences, services
from integrhealth.language.schema import FRAMES


@pytest.mark.parametrize(
    ("days", "cadence"),
    [
        (range(30), "daily"),
        ([0, 1, 2, 3, 4, 7, 8, 9, 10, 11], "daily"),
        ([0, 7, 14], "weekly"),
        ([0, 31, 59], "monthly"),
        ([0, 90], "rare"),
        ([0], "rare"),
    ],
)
def test_the_cadence_is_the_median_gap_between_days(days, cadence):
    twice_a_day = pl.concat([delivered("a", "p", days), delivered("a", "p", days, hour=16)])
    assert cadences(twice_a_day)["cadence"].to_list() == [cadence]


def kept(reports, deliveries):
    return smallest_set(cadences(deliveries), reports)["report"].to_list()


def test_a_slower_report_cannot_stand_in_for_a_faster_one():
    reports = stock(
        {"report": "daily", "words": 900, "decisions": ["price"]},
        {"report": "weekly", "words": 10, "decisions": ["price"]},
        {"report": "weekly and more", "words": 10, "decisions": ["price", "stock"]},
    )
    deliveries = pl.concat(
        [
            delivered("daily", "p", range(21)),
            delivered("weekly", "p", [0, 7, 14]),
            delivered("weekly and more", "p", [0, 7, 14]),
        ]
    )
    assert kept(reports, deliveries) == ["daily", "weekly and more"]
    served = services(cadences(deliveries), reports)
    assert stand_ins(served, pl.Series(["daily", "weekly and more"])).rows() == [("weekly", ["daily"])]


def test_everybody_who_is_served_today_stays_served():
    reports = stock(
        {"report": "to both", "words": 900, "decisions": ["price"]},
        {"report": "to one", "words": 10, "decisions": ["price"]},
    )
    sent = [
        delivered("to one", "p", range(9)),
        delivered("to both", "p", range(9)),
        delivered("to both", "q", range(9)),
    ]
    assert kept(reports, pl.concat(sent)) == ["to both"]


def test_a_statutory_report_covers_what_it_serves_and_stays_undelivered():
    reports = stock(
        {"report": "law", "words": 9000, "decisions": ["price"], "statutory": True},
        {"report": "law, never sent", "statutory": True},
        {"report": "short", "words": 10, "decisions": ["price"]},
    )
    sent = [delivered("law", "p", range(9)), delivered("short", "p", range(9))]
    assert kept(reports, pl.concat(sent)) == ["law", "law, never sent"]


def test_fewer_reports_come_before_fewer_minutes_and_minutes_before_names():
    reports = stock(
        {"report": "a", "words": 500, "decisions": ["1"]},
        {"report": "b", "words": 500, "decisions": ["2"]},
        {"report": "c", "words": 5000, "decisions": ["1", "2"]},
        {"report": "d", "words": 4999, "decisions": ["1", "2"]},
        {"report": "e", "words": 4999, "decisions": ["1", "2"]},
    )
    deliveries = pl.concat([delivered(name, "p", range(9)) for name in "abcde"])
    assert kept(reports, deliveries) == ["d"]


def test_two_long_reports_come_before_four_short_ones():
    reports = stock(
        *({"report": f"short {need}", "words": 1, "decisions": [need]} for need in "1234"),
        {"report": "left", "words": 5000, "decisions": ["1", "2"]},
        {"report": "middle", "words": 5000, "decisions": ["2", "3"]},
        {"report": "right", "words": 5000, "decisions": ["3", "4"]},
    )
    names = reports["report"].to_list()
    assert kept(reports, pl.concat([delivered(name, "p", range(9)) for name in names])) == ["left", "right"]


@settings(max_examples=60)
@given(st.data())
def test_the_smallest_set_is_that_of_trying_all(data):
    size = data.draw(st.integers(2, 7))
    names = [f"r{number}" for number in range(size)]
    some = st.sets(st.sampled_from(["w", "x", "y", "z"]), max_size=3)
    persons = st.sets(st.sampled_from("pq"), max_size=2)
    serves = {name: data.draw(some) for name in names}
    reaches = {name: data.draw(persons) for name in names}
    words = {name: data.draw(st.sampled_from([1, 200, 5000])) for name in names}
    law = {name for name in names if data.draw(st.integers(0, 5)) == 0}
    reports = stock(
        *({"report": n, "words": words[n], "decisions": sorted(serves[n]), "statutory": n in law} for n in names)
    )
    sent = [delivered(name, person, range(3)) for name in names for person in reaches[name]]
    deliveries = pl.concat(sent) if sent else FRAMES["deliveries"].empty()
    covers = {name: {(d, p) for d in serves[name] for p in reaches[name]} for name in names}
    everything = set().union(*covers.values())
    choices = [
        (len(chosen), sum(words[n] * len(reaches[n]) for n in chosen), sum(names.index(n) for n in chosen), chosen)
        for count in range(size + 1)
        for chosen in combinations(names, count)
        if law <= set(chosen) and set().union(*(covers[n] for n in chosen)) == everything
    ]
    found = kept(reports, deliveries)
    minutes = sum(words[n] * len(reaches[n]) for n in found)
    assert (len(found), minutes, sum(names.index(n) for n in found)) == min(choices)[:3]


@pytest.mark.parametrize("seed", range(60))
def test_the_smallest_cover_is_that_of_trying_all(seed):
    rng = np.random.default_rng(seed)
    rows, columns = 8, 9
    covers = rng.random((rows, columns)) < 0.3
    covers[np.arange(rows), rng.integers(0, columns, rows)] = True
    minutes = rng.integers(1, 4, columns) * 400 / 238
    choices = [
        (len(chosen), round(minutes[list(chosen)].sum(), 9), sum(chosen))
        for count in range(1, columns + 1)
        for chosen in combinations(range(columns), count)
        if covers[:, chosen].any(axis=1).all()
    ]
    best = smallest_cover(csr_array(covers.astype(float)), minutes).columns
    assert (len(best), round(minutes[best].sum(), 9), best.sum()) == min(choices)


@pytest.mark.parametrize("seed", range(12))
def test_integer_programmes_and_trying_all_choices_agree(monkeypatch, seed):
    covers = scattered(60, 24, seed)
    minutes = np.random.default_rng(seed).integers(1, 9, 24) * 1.0
    programmed = smallest_cover(covers, minutes)
    monkeypatch.setattr("integrhealth.analyses.report_overload.cover.solver.FEW_CHOICES", 0)
    again = smallest_cover(covers, minutes)
    assert programmed.columns.tolist() == again.columns.tolist()
    assert programmed.gap == again.gap == 0


def scattered(rows, columns, seed, share=0.1):
    rng = np.random.default_rng(seed)
    covers = rng.random((rows, columns)) < share
    covers[np.arange(rows), rng.integers(0, columns, rows)] = True
    return csr_array(covers.astype(float))


SEED_THAT_MISLEADS_GREED = 1


def test_a_cover_that_takes_too_long_is_greedy_and_says_how_far_it_may_be_from_the_smallest(monkeypatch):
    covers, minutes = scattered(120, 36, SEED_THAT_MISLEADS_GREED), np.ones(36)
    smallest = smallest_cover(covers, minutes)
    assert smallest.gap == 0
    monkeypatch.setattr("integrhealth.analyses.report_overload.cover.solver.PATIENCE_SECONDS", 0.0)
    rough = smallest_cover(covers, minutes)
    assert covers.toarray()[:, rough.columns].any(axis=1).all()
    assert len(rough.columns) > len(smallest.columns) >= rough.fewest
    assert rough.gap == (len(rough.columns) - rough.fewest) / len(rough.columns) > 0
    assert smallest_cover(covers, minutes).columns.tolist() == rough.columns.tolist()


def test_greedy_takes_three_where_two_would_do_and_the_exact_set_does_not():
    # The textbook's trap (Johnson 1974): two rows of seven cover all; blocks of eight, four and two lie across them.
    rows = [{f"{row}{place}" for place in range(7)} for row in "ab"]
    blocks = [{f"{row}{place}" for row in "ab" for place in places} for places in ((0, 1, 2, 3), (4, 5), (6,))]
    serves = {"block 1": blocks[0], "block 2": blocks[1], "block 3": blocks[2], "row a": rows[0], "row b": rows[1]}
    needs = sorted(rows[0] | rows[1])
    covers = csr_array(np.array([[need in each for each in serves.values()] for need in needs], float))
    assert greedy_cover(covers, np.ones(5)).tolist() == [0, 1, 2]
    reports = stock(*({"report": name, "decisions": sorted(each)} for name, each in serves.items()))
    assert kept(reports, pl.concat([delivered(name, "p", range(9)) for name in serves])) == ["row a", "row b"]
