"""Without an owner incidents are searched for longer and repaired as fast: measured, and nothing where all is even."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from drawing.incidents import OWNED, company, drawn, generator, lived

from integrhealth.analyses.accountability.incidents import questions
from integrhealth.analyses.accountability.incidents.owner_effect import (
    ALIKE,
    LONGER,
    NOT_ENOUGH,
    SHORTER,
    permuted,
    shift,
)


def effect(incidents):
    found = questions.owner_effect(company(lived(incidents), integrations=OWNED))
    return {row["measure"]: row for row in found.rows(named=True)}


@pytest.mark.parametrize("seed", range(4))
def test_two_more_days_of_search_are_measured_and_the_repair_is_as_long(seed):
    found = effect(drawn(generator(seed), owned=60, ownerless=60, extra_hours=48))
    search, fix = found["search_hours"], found["fix_hours"]
    assert search["low"] <= 48 <= search["high"]
    assert search["extra_hours"] == pytest.approx(48, abs=2)
    assert (search["verdict"], fix["verdict"]) == (LONGER, ALIKE)
    assert (search["owned"], search["ownerless"], search["priorities"], search["left_out"]) == (60, 60, 2, 0)
    assert search["p_value"] == pytest.approx(1 / 1001)


def test_the_priority_is_held_equal():
    # Nine of ten severe ones have an owner and are searched for a third of the time, owner or not.
    incidents = drawn(generator(5), owned=200, ownerless=200, severe=0.9)
    held = effect(incidents)["search_hours"]
    assert held["verdict"] == ALIKE
    pooled = effect([(name, integration, None, hands) for name, integration, _, hands in incidents])["search_hours"]
    assert (pooled["verdict"], pooled["priorities"]) == (LONGER, 0)
    assert pooled["low"] > held["high"]


def test_where_nothing_is_planted_at_most_one_of_twenty_is_said_to_differ():
    said = [effect(drawn(generator(100 + seed), owned=25, ownerless=25)) for seed in range(60)]
    differing = sum(row["verdict"] != ALIKE for found in said for row in found.values())
    assert differing <= 12  # of 120, each 5%: more comes once in a hundred times
    p_values = [row["p_value"] for found in said for row in found.values()]
    assert 0.35 < np.mean(p_values) < 0.65


def test_a_shorter_search_without_an_owner_is_said_as_well():
    found = effect(drawn(generator(3), owned=40, ownerless=40, extra_hours=-1.2, slower_fix=5))
    assert found["fix_hours"]["verdict"] == LONGER
    swapped = [
        (name, "owned" if integration == "ownerless" else "ownerless", priority, hands)
        for name, integration, priority, hands in drawn(generator(3), owned=40, ownerless=40, slower_fix=5)
    ]
    assert effect(swapped)["fix_hours"]["verdict"] == SHORTER


@pytest.mark.parametrize(("owned", "verdict"), [(10, LONGER), (9, NOT_ENOUGH)])
def test_fewer_than_ten_on_one_side_say_nothing_but_their_number(owned, verdict):
    incidents = [
        (name, integration, "3", hands)
        for name, integration, _, hands in drawn(generator(1), owned=owned, ownerless=40, extra_hours=48)
    ]
    found = effect(incidents)["search_hours"]
    assert (found["owned"], found["ownerless"], found["verdict"]) == (owned, 40, verdict)
    assert (found["extra_hours"] is None) == (verdict == NOT_ENOUGH)


def test_priorities_of_one_side_alone_and_none_are_left_out_and_counted():
    incidents = drawn(generator(2), owned=30, ownerless=30, extra_hours=48)
    incidents += [(f"A{n}", "owned", "0", (("IT", 500.0), ("sales", 1.0))) for n in range(20)]
    incidents += [(f"B{n}", "owned", None, (("IT", 500.0), ("sales", 1.0))) for n in range(5)]
    found = effect(incidents)["search_hours"]
    assert (found["owned"], found["ownerless"], found["left_out"]) == (55, 30, 25)
    assert found["extra_hours"] == pytest.approx(48, abs=3)


def test_who_had_no_owner_then_and_whom_the_catalog_does_not_list_are_no_group():
    incidents = [(name, "unlisted", *rest) for name, _, *rest in drawn(generator(2), owned=30, ownerless=30)]
    assert effect(incidents) == {}


def test_the_shift_is_the_median_of_all_differences_and_its_interval_that_of_the_ranks():
    rng = generator(7)
    for size in (6, 15, 40):
        x, y = rng.normal(5, 1, size), rng.normal(0, 1, size + 3)
        differences = np.sort([one - other for one in x for other in y])
        extra, low, high = shift([(x, y)])
        assert extra == pytest.approx(np.median(differences), abs=1e-3)
        # Hollander and Wolfe, Nonparametric Statistical Methods 1999, 4.3: the ranks of the differences.
        n, m = len(x), len(y)
        rank = n * m / 2 - 1.959964 * np.sqrt(n * m * (n + m + 1) / 12)
        assert low == pytest.approx(differences[int(np.floor(rank))], abs=1e-3)
        assert high == pytest.approx(differences[n * m - 1 - int(np.floor(rank))], abs=1e-3)


def test_the_p_value_is_that_of_all_ways_to_deal_the_owners():
    x, y = np.array([7.0, 9.0, 8.0]), np.array([1.0, 2.0, 8.5, 3.0])
    values = np.concatenate([x, y])
    even = len(x) * len(y) / 2

    def wins(chosen):
        others = [value for place, value in enumerate(values) if place not in chosen]
        return sum(values[place] > other for place in chosen for other in others)

    seen = abs(wins((0, 1, 2)) - even)
    dealt = [abs(wins(chosen) - even) >= seen for chosen in combinations(range(7), 3)]
    assert permuted([(x, y)]) == pytest.approx(np.mean(dealt), abs=0.03)


def test_shuffled_incidents_change_nothing():
    incidents = drawn(generator(8), owned=20, ownerless=20, extra_hours=10)
    assert effect(incidents) == effect(incidents[::-1])
    assert isinstance(questions.owner_effect(company(lived(incidents), integrations=OWNED)), pl.DataFrame)
