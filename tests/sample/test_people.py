"""People in the sample companies: truth.json against plain walks over contacts, stages, metrics and the catalog."""

import csv
import gzip
import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations
from math import factorial
from pathlib import Path
from statistics import mean

import pytest
import yaml

from integrhealth.sample import write_sample

SAMPLES = Path(__file__).parents[2] / "sample_logs"
SMALLEST, MOST = 5, 25
GO_LIVE = date(2025, 11, 28)


def rows(folder: Path, name: str) -> list[dict]:
    return list(csv.DictReader(gzip.decompress((folder / name / f"{name}.csv.gz").read_bytes()).decode().splitlines()))


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module", params=["a", "b"])
def company(request):
    """Name, folder, catalog and planted mechanisms of a committed sample."""
    folder = SAMPLES / f"company_{request.param}"
    catalog = yaml.safe_load((folder / "catalog.yaml").read_text())
    return request.param, folder, catalog, json.loads((folder / "truth.json").read_text())


def talks(folder: Path, catalog: dict) -> list[dict]:
    """Contacts of two teams of five and more, without broadcasts: pair, day, about."""
    people = {team["name"]: team["people"] for team in catalog["teams"]}
    return [
        {"pair": tuple(sorted((row["team_a"], row["team_b"]))), "day": time(row["at"]).date(), "about": row["about"]}
        for row in rows(folder, "contacts")
        if int(row["people"]) <= MOST and min(people[row["team_a"]], people[row["team_b"]]) >= SMALLEST
    ]


def needed(catalog: dict) -> dict[tuple[str, str], set[str]]:
    """The integrations between systems of two teams."""
    team = {system["name"]: system["team"] for system in catalog["systems"]}
    pairs = defaultdict(set)
    for made in catalog["integrations"]:
        pair = tuple(sorted((team[made["source"]], team[made["target"]])))
        if pair[0] != pair[1]:
            pairs[pair].add(made["name"])
    return pairs


def test_contacts_are_rows_of_their_own(company):
    _, folder, catalog, _ = company
    every = rows(folder, "contacts")
    assert len({tuple(row.values()) for row in every}) == len(every)
    teams = {team["name"] for team in catalog["teams"]}
    assert all(row["team_a"] != row["team_b"] and {row["team_a"], row["team_b"]} <= teams for row in every)
    first = sum(row["team_a"] < row["team_b"] for row in every)
    assert 0.4 < first / len(every) < 0.6


def test_who_should_talk_hardly_does_in_a_and_does_every_week_in_b(company):
    key, folder, catalog, truth = company
    counted, days, last = Counter(), defaultdict(set), {}
    for talk in talks(folder, catalog):
        counted[talk["pair"]] += 1
        days[talk["pair"]].add(talk["day"])
        last[talk["pair"]] = max(talk["day"], last.get(talk["pair"], talk["day"]))
    need = needed(catalog)
    planted = truth["mechanisms"]["contacts"]
    for pair in planted["pairs"]:
        teams = (pair["team_a"], pair["team_b"])
        assert (pair["contacts"], pair["contact_days"]) == (counted[teams], len(days[teams]))
        assert pair["integrations"] == len(need.get(teams, ()))
        assert pair["last"] == (str(last[teams]) if teams in last else None)
    assert planted["contacts"] == sum(counted.values())
    length = planted["days"]
    congruence = truth["answers"]["collaboration"]["congruence"]
    assert congruence["needed"] == len(need) == 10
    assert congruence["with_contact"] == sum(pair in counted for pair in need)
    assert congruence["with_contact_on_a_day_in_thirty"] == sum(len(days[pair]) * 30 >= length for pair in need)
    end = max(last.values())
    assert congruence["with_contact_lately"] == sum(last.get(pair, date.min) > end - timedelta(30) for pair in need)
    if key == "b":
        weeks = {pair: {day - timedelta(day.weekday()) for day in on} for pair, on in days.items()}
        assert all(len(weeks[pair]) == 22 for pair in need)
    else:
        assert congruence["with_contact_on_a_day_in_thirty"] == 4


def test_christmas_halves_the_contacts_of_all(company):
    _, folder, catalog, truth = company
    away = truth["mechanisms"]["contacts"]["away"]
    start, end = date.fromisoformat(away["from"]), date.fromisoformat(away["to"])
    weeks = defaultdict(list)
    for talk in talks(folder, catalog):
        if talk["about"] != "weekly alignment":
            weeks[talk["pair"]].append(talk["day"])
    steady = [days for days in weeks.values() if len({day.isocalendar()[:2] for day in days}) == 22]
    inside = sum(start <= day <= end for days in steady for day in days)
    outside = sum(map(len, steady)) - inside
    assert (away["contacts"], away["contacts_else"], away["pairs_in_every_week"]) == (inside, outside, len(steady))
    assert 0.4 < (inside / 2) / (outside / 20) < 0.6


def test_one_pair_of_a_falls_silent_with_a_go_live(company):
    key, folder, catalog, truth = company
    silent = truth["answers"]["collaboration"]["silent"]
    if key == "b":
        assert silent == []
        return
    counts = {"pair": [0, 0], "others": [0, 0]}
    for talk in talks(folder, catalog):
        if talk["day"] >= GO_LIVE - timedelta(weeks=12):
            counts["pair" if talk["pair"] == ("service", "warehouse") else "others"][talk["day"] >= GO_LIVE] += 1
    (planted,) = silent
    assert [planted["contacts"][side] for side in ("before", "after")] == counts["pair"] == [50, 0]
    assert [planted["contacts_of_other_pairs"][side] for side in ("before", "after")] == counts["others"]
    (live,) = [made["go_live"] for made in catalog["integrations"] if made["name"] == planted["integration"]]
    assert live == GO_LIVE
    assert "parcel-scans" in needed(catalog)["service", "warehouse"]


def test_sixty_people_and_three_make_no_contact(company):
    key, folder, catalog, truth = company
    planted = truth["mechanisms"]["contacts"]
    large = [row for row in rows(folder, "contacts") if int(row["people"]) > MOST]
    assert len(large) == planted["all_hands"]["rows"]
    assert {row["at"][:10] for row in large} == set(planted["all_hands"]["days"])
    small = [row for row in rows(folder, "contacts") if "legal" in (row["team_a"], row["team_b"])]
    assert len(small) == (5 + 7 * 5 if key == "a" else 0)
    assert min(team["people"] for team in catalog["teams"]) == (3 if key == "a" else 6)


def test_rituals_are_held_as_planted(company):
    key, folder, catalog, truth = company
    (ritual,) = catalog["rituals"]
    came = defaultdict(set)
    for row in rows(folder, "contacts"):
        if row["about"] == ritual["name"]:
            came[row["at"][:10]] |= {row["team_a"], row["team_b"]}
    planted = truth["mechanisms"]["rituals"][ritual["name"]]
    assert {day: set(teams) for day, teams in planted["weeks"].items()} == came
    assert all(date.fromisoformat(day).strftime("%A").lower() == ritual["weekday"] for day in came)
    complete = sum(teams == set(ritual["teams"]) for teams in came.values())
    numbers = (planted["planned"], planted["held"], planted["complete"])
    assert numbers == (22, len(came), complete) == ((22, 11, 3) if key == "a" else (22, 21, 20))


def test_talks_about_an_integration_follow_its_incident_within_two_working_days(company):
    _, folder, catalog, truth = company
    opened = defaultdict(list)
    for line in (folder / "service_desk" / "tickets.csv").read_text().splitlines()[1:]:
        fields = line.split(";")
        if fields[2] == "opened":
            opened[fields[7]].append(datetime.strptime(fields[1], "%d.%m.%Y %H:%M:%S").date())
    need = needed(catalog)
    sparked = 0
    for talk in talks(folder, catalog):
        if talk["about"] in need.get(talk["pair"], ()):
            sparked += 1
            # Two working days are at most seven days, over a weekend and two holidays.
            assert any(timedelta() <= talk["day"] - day <= timedelta(7) for day in opened[talk["about"]])
    planted = truth["mechanisms"]["contacts"]["about"]
    assert planted["talked_about_within_two_working_days"] == sparked
    assert planted["incidents_between_two_teams"] == sum(len(opened[name]) for names in need.values() for name in names)


def game(stages: list[dict], really: set[str]) -> bool:
    """Whether an order is late, if these departments did as they did: stages one after the other, by clock times."""
    at = now = None
    for stage in stages:
        planned, finished = time(stage["planned_at"]), time(stage["finished_at"])
        started = (planned, finished) if now is None else now
        took = finished - started[1] if stage["department"] in really else planned - started[0]
        at = (planned if stage["department"] not in really else finished) if now is None else at + took
        now = (planned, finished)
        if stage["stage"] == "delivery":
            promised, feasible = time(stage["promised_at"]), time(stage["feasible_at"])
            return at > (promised if "sales" in really else max(promised, feasible))
    raise AssertionError("an order without a delivery")


def test_points_of_the_departments_are_exact_shapley_values(company):
    """By the formula with subsets, where the truth walks through all sequences."""
    _, folder, _, truth = company
    orders = defaultdict(list)
    for row in rows(folder, "stages"):
        orders[row["order"]].append(row)
    planted = truth["mechanisms"]["stages"]
    departments = list(planted["shapley"])
    sums, late = dict.fromkeys(departments, 0.0), 0
    n = len(departments)
    for stages in orders.values():
        value = {
            frozenset(chosen): game(stages, set(chosen))
            for size in range(n + 1)
            for chosen in combinations(departments, size)
        }
        late += value[frozenset(departments)]
        for one in departments:
            for others, before in value.items():
                if one not in others:
                    weight = factorial(len(others)) * factorial(n - len(others) - 1) / factorial(n)
                    sums[one] += weight * (value[others | {one}] - before)
    assert len(orders) == planted["orders"] == 1000
    assert late == planted["late"] == pytest.approx(sum(planted["shapley"].values()), abs=1e-4)
    assert sums == pytest.approx(planted["shapley"], abs=1e-5)
    assert planted["shapley"]["finance"] == 0
    assert planted["late_as_planned"] == 0


def test_who_is_blamed_by_the_last_or_first_stage_is_wrong_in_a():
    planted = json.loads((SAMPLES / "company_a" / "truth.json").read_text())["mechanisms"]["stages"]
    fair = planted["shapley"]
    for rule in ("last_stage_blamed", "first_late_stage_blamed"):
        assert sum(planted[rule].values()) == planted["late"]
        assert max(abs(planted[rule][department] - fair[department]) for department in fair) > 50


def test_stages_follow_each_other(company):
    key, folder, _, truth = company
    by_order = defaultdict(list)
    for row in rows(folder, "stages"):
        by_order[row["order"]].append(row)
    early = 0
    for stages in by_order.values():
        planned, finished = ([time(stage[name]) for stage in stages] for name in ("planned_at", "finished_at"))
        assert planned == sorted(set(planned))
        assert all(done >= due for done, due in zip(finished, planned, strict=True))
        early += stages[0]["promised_at"] < stages[0]["feasible_at"]
    assert early == truth["mechanisms"]["stages"]["promised_too_early"]
    assert early / len(by_order) == pytest.approx(0.3 if key == "a" else 0.02, abs=0.03)


def test_numbers_move_as_planted(company):
    key, folder, catalog, truth = company
    daily = defaultdict(list)
    for row in rows(folder, "metrics"):
        daily[row["system"], row["metric"]].append((time(row["time"]).date(), float(row["value"])))
    declared = {made["name"]: made for made in catalog["integrations"] if "success_metric" in made}
    planted = truth["mechanisms"]["outcomes"]
    assert set(planted) == set(declared)
    assert {(outcome["system"], outcome["metric"]) for outcome in planted.values()} == set(daily)
    for name, outcome in planted.items():
        made = declared[name]
        values = daily[made["target"], made["success_metric"]["name"]]
        sides = [[value for day, value in values if (day >= made["go_live"]) == after] for after in (False, True)]
        assert [len(side) for side in sides] == [91, 91]
        assert [mean(side) for side in sides] == pytest.approx(
            [outcome["mean_before"], outcome["mean_after"]], abs=1e-6
        )
        assert max(day for day, _ in values) < date(2025, 11, 1)
        since = made["success_metric"].get("declared_on")
        assert (outcome["verdict"] == "not declared before go-live") == (since is None or since > made["go_live"])
        reached = mean(sides[1]) < made["success_metric"]["target"]
        assert reached or outcome["verdict"] == "no change"
    assert Counter(outcome["verdict"] for outcome in planted.values()) == (
        {"met": 47} if key == "b" else {"not declared before go-live": 2, "no change": 1}
    )


def test_a_steady_trend_has_no_step():
    values = [row for row in rows(SAMPLES / "company_a", "metrics") if row["metric"] == "quotes typed again"]
    numbers = [float(row["value"]) for row in sorted(values, key=lambda row: row["time"])]
    before, after = numbers[:91], numbers[91:]
    # It falls within each half as it falls between them: by a tenth a day.
    for half in (before, after):
        assert mean(half[:45]) - mean(half[-45:]) == pytest.approx(4.6, abs=2)
    assert mean(before) - mean(after) == pytest.approx(9.1, abs=1.5)


def test_claims_are_contradicted_in_a_alone(company):
    key, _, catalog, truth = company
    claimed = {str(entry["question"]): entry["answer"] for entry in catalog["audit"]}
    answers = truth["answers"]["audit"]
    assert answers["claimed"] == claimed
    assert len(claimed) == 14
    assert (len(answers["contradicted"]) > 2) == (key == "a")
    if key == "a":
        counts = truth["mechanisms"]["claims"]["contradicted"]
        made = catalog["integrations"]
        assert counts["1"]["with_problem"] == sum("problem" in each for each in made) == 3
        assert counts["2"]["with_beneficiary"] == sum("beneficiary" in each for each in made) == 0
        assert counts["3"]["with_owner"] == sum("owner" in each for each in made) == 2
        assert counts["4"]["with_origin_record_owner"] == 0
        assert counts["14"] == {"needed_pairs": 10, "congruent": 4, "ritual_planned": 22, "ritual_held": 11}
        assert Counter(claimed.values()) == {"yes": 12, "partial": 2}
    else:
        assert [question for question, answer in claimed.items() if answer != "yes"] == ["9"]


def test_another_size_changes_nobody(tmp_path):
    """Who talks and who is late does not hang on how many messages there are."""
    truth = write_sample(tmp_path, company="a", messages=2000)["mechanisms"]
    committed = json.loads((SAMPLES / "company_a" / "truth.json").read_text())["mechanisms"]
    for name in ("stages", "rituals", "outcomes"):
        assert truth[name] == committed[name]
    assert truth["contacts"]["pairs"] == committed["contacts"]["pairs"]
