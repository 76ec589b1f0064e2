"""Who should talk and who does: needed pairs, contacts that count, small teams hidden, congruence."""

import gzip
import itertools
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from drawing.shared_data import shared_data
from drawing.teams import INTEGRATIONS, NEEDED, START, SYSTEMS, TEAMS, company, declared, heard, met, sent
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.collaboration.contacts.findings import silent_pairs
from integrhealth.analyses.collaboration.contacts.notes import contact_notes
from integrhealth.analyses.collaboration.contacts.questions import bypass, bypass_index, congruence, pairs, sparked
from integrhealth.analyses.collaboration.questions import contacts_of, heard_teams_of, shown_teams_of
from integrhealth.analyses.collaboration.team_contacts import broadcasts, handovers

HALF_YEAR, EVERY_WEEK = range(182), range(0, 182, 7)


def pair(evidence, *teams):
    (row,) = pairs(evidence).filter(pl.col("team_a") == teams[0], pl.col("team_b") == teams[1]).rows(named=True)
    return row


def notes(evidence):
    tables = {q.__name__: q(evidence) for q in (pairs, congruence, bypass, bypass_index, sparked)}
    teams = {"shown_teams": shown_teams_of(evidence), "heard_teams": heard_teams_of(evidence)}
    return contact_notes(tables, contacts=evidence.contacts, **teams)


def steps(rows):
    """Steps of incidents (incident, hours, team, person) in the order in which they were logged."""
    return pl.DataFrame(
        [(incident, START + timedelta(hours=hours), team, person) for incident, hours, team, person in rows],
        schema=["incident", "at", "team", "person"],
        orient="row",
    )


# Planted truth


def test_pairs_that_need_to_talk_are_those_whose_systems_are_integrated_and_contacts_say_who_does():
    talk = pl.concat([met([("sales", "IT"), ("warehouse", "sales")], EVERY_WEEK), met([("IT", "finance")], [0, 90])])
    evidence = company(contacts=talk, messages=sent(INTEGRATIONS, HALF_YEAR))
    rows = pairs(evidence).select("team_a", "team_b", "needed", "contacts", "congruent", "integrations").rows()
    assert rows == [
        ("IT", "finance", True, 2, False, ["erp-ledger"]),
        ("IT", "warehouse", True, 0, False, ["erp-wms"]),
        ("IT", "sales", True, 26, True, ["crm-erp"]),
        ("sales", "warehouse", False, 26, None, []),
    ]
    (whole,) = congruence(evidence).rows(named=True)
    assert (whole["needed"], whole["congruent"], whole["unneeded"]) == (3, 1, 1)
    assert whole["share"] == pytest.approx(1 / 3)
    # Wilson's interval of 1 in 3, by hand.
    z = 1.959963984540054
    middle, half = (1 / 3 + z**2 / 6) / (1 + z**2 / 3), z * np.sqrt(2 / 27 + z**2 / 36) / (1 + z**2 / 3)
    assert (whole["low"], whole["high"]) == pytest.approx((middle - half, middle + half))


def test_an_all_hands_of_sixty_makes_no_congruence():
    every = [(a, b) for a in TEAMS for b in TEAMS if a < b]
    all_hands = met(every, EVERY_WEEK, people=60, about="all hands")
    other = met([("sales", "warehouse")], EVERY_WEEK)
    evidence = company(contacts=pl.concat([all_hands, other]), messages=sent(INTEGRATIONS, HALF_YEAR))
    assert pairs(evidence).filter("needed")["contacts"].to_list() == [0, 0, 0]
    (whole,) = congruence(evidence).rows(named=True)
    assert (whole["congruent"], whole["broadcasts"]) == (0, 26)
    assert broadcasts(all_hands) == 26


@pytest.mark.parametrize(("people", "contacts"), [(25, 1), (26, 0), (None, 1)])
def test_a_meeting_of_more_than_25_is_a_broadcast(people, contacts):
    logged = pl.concat([met([("IT", "sales")], [50], people=people), met([("sales", "warehouse")], [0, 100])])
    assert pair(company(contacts=logged), "IT", "sales")["contacts"] == contacts


@pytest.mark.parametrize(("days", "congruent"), [([0, 35, 70, 119], True), ([0, 35, 119], False)])
def test_who_needs_to_talk_should_on_one_day_of_thirty(days, congruent):
    """A log of 120 days: four days with a contact are enough, three are not, however often they met on them."""
    logged = pl.concat([met([("IT", "sales")], days), met([("IT", "sales")], [days[0]] * 5, kind="chat", people=2)])
    evidence = company(contacts=pl.concat([logged, met([("sales", "warehouse")], [0, 119])]))
    assert pair(evidence, "IT", "sales")["congruent"] is congruent


def test_the_need_matrix_is_that_of_the_textbook():
    """C_R = T_A T_D T_A', entries above zero off the diagonal, for random teams, systems and integrations."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        owner = rng.integers(0, 4, 9)
        edges = rng.random((9, 9)) < 0.12
        owns = (owner[None, :] == np.arange(4)[:, None]).astype(int)
        need = owns @ (edges | edges.T) @ owns.T
        expected = {(f"t{a}", f"t{b}") for a in range(4) for b in range(a + 1, 4) if need[a, b]}
        catalog = declared(
            teams={f"t{team}": 5 + team for team in range(4)},
            systems={f"s{system}": f"t{owner[system]}" for system in range(9)},
            integrations={f"i{a}{b}": (f"s{a}", f"s{b}") for a, b in zip(*np.nonzero(edges), strict=True)},
        )
        rows = pairs(ih.Evidence(catalog=catalog))
        assert set(rows.select("team_a", "team_b").rows()) == expected
        assert rows["needed"].all()


def test_messages_make_a_need_that_the_catalog_does_not_name_but_load_tests_do_not():
    messages = sent(["crm-erp"], HALF_YEAR)
    bare = declared(integrations={})
    assert pairs(company(messages=messages, catalog=bare)).select("team_a", "team_b").rows() == [("IT", "sales")]
    tested = messages.with_columns(load_test=True)
    assert pairs(company(messages=tested, catalog=bare)).is_empty()


def test_what_flows_on_a_day_is_what_was_delivered_in_the_currency():
    messages = pl.concat(
        [
            sent(["crm-erp"], range(10), amount=50.0, per_day=2),
            sent(["crm-erp"], range(10), amount=1000.0, status="failed"),
            sent(["erp-wms"], range(10), amount=7.0, currency="USD"),
        ]
    )
    evidence = company(messages=messages)
    sales, warehouse = pair(evidence, "IT", "sales"), pair(evidence, "IT", "warehouse")
    assert (sales["messages_per_day"], sales["value_per_day"], sales["currency"]) == (2.0, 100.0, "EUR")
    assert (warehouse["messages_per_day"], warehouse["value_per_day"], warehouse["currency"]) == (1.0, None, None)


# Tickets


def test_each_ticket_that_one_team_hands_to_another_is_a_contact():
    walk = ["sales", "sales", "IT", None, "IT", "warehouse", "IT"]
    logged = steps([("one", hour, team, "p") for hour, team in enumerate(walk)] + [("two", 9, "finance", "p")])
    evidence = company(incident_events=logged)
    rows = contacts_of(evidence).select("team_a", "team_b", "kind", "about").rows()
    assert rows == [
        ("IT", "sales", "ticket", "one"),
        ("IT", "warehouse", "ticket", "one"),
        ("IT", "warehouse", "ticket", "one"),
    ]
    assert pair(evidence, "IT", "warehouse")["tickets"] == 2


def test_tickets_alone_show_who_works_on_the_same_and_never_who_talks():
    logged = steps([("i", 24 * day, team, "p") for day in range(0, 120, 10) for team in ("sales", "IT")])
    evidence = company(incident_events=logged, messages=sent(INTEGRATIONS, range(120)))
    assert pairs(evidence).select("team_b", "contacts", "spoken_days", "congruent").rows() == [
        ("sales", 23, 0, None),
        ("finance", 0, 0, None),
        ("warehouse", 0, 0, None),
    ]
    assert congruence(evidence).is_empty()
    assert bypass(evidence).is_empty()
    assert "contacts (at, team_a, team_b)" in notes(evidence)["congruence"]


def test_tickets_that_wander_between_teams_are_no_talk():
    logged = steps([("i", 24 * day, team, "p") for day in range(1, 120, 10) for team in ("sales", "IT")])
    talk, messages = heard(range(0, 121, 10)), sent(INTEGRATIONS, range(120))
    evidence = company(incident_events=logged, contacts=talk, messages=messages)
    row = pair(evidence, "IT", "sales")
    assert (row["contacts"], row["tickets"], row["spoken_days"], row["congruent"]) == (23, 23, 0, False)
    assert (row["last_spoken_at"], row["spoken_per_week"]) == (None, 0.0)
    assert congruence(evidence)["congruent"].item() == congruence(evidence)["unneeded"].item() == 0


def test_handovers_of_real_tickets_equal_a_plain_count_over_the_xml():
    path = shared_data("formats", "xes", "07_bpic2013_incidents.xes.gz")
    persons, moves, first_moves = defaultdict(set), Counter(), []
    with gzip.open(path) as file:
        for _, element in ElementTree.iterparse(file):
            if not element.tag.endswith("trace"):
                continue
            events = []
            for event in (each for each in element if each.tag.endswith("event")):
                said = {each.get("key"): each.get("value") for each in event}
                events.append((datetime.fromisoformat(said["time:timestamp"]), said.get("org:group")))
                persons[said.get("org:group")].add(said.get("org:resource"))
            events.sort(key=lambda event: event[0])
            for (_, before), (at, after) in itertools.pairwise(events):
                if before != after:
                    first_moves.append((at, *sorted((before, after))))
            element.clear()
    large = {team for team, people in persons.items() if len(people - {"Siebel", None}) >= 5}
    evidence = ih.read(path)
    counted = contacts_of(evidence)
    assert set(shown_teams_of(evidence)["team"]) == large
    moves = Counter((a, b) for _, a, b in first_moves if a in large and b in large)
    assert {(a, b): n for a, b, n in counted.group_by("team_a", "team_b").len().rows()} == dict(moves)
    # All contacts of the log's period; of no pair does anybody know that it has to talk, or does not.
    rows = pairs(evidence)
    assert rows["contacts"].sum() == sum(moves.values())
    assert rows["congruent"].null_count() == rows.height
    assert not rows["needed"].any()
    assert "Who should talk" not in str(notes(evidence))
    assert congruence(evidence).is_empty()


# Privacy


@pytest.mark.parametrize(("people", "shown"), [(5, True), (4, False), (None, False)])
def test_a_team_of_fewer_than_five_or_of_unknown_size_is_hidden(people, shown):
    catalog = declared(teams=TEAMS | {"finance": people})
    talk = pl.concat([heard([0]), met([("IT", "finance")], EVERY_WEEK)])
    evidence = company(contacts=talk, messages=sent(INTEGRATIONS, HALF_YEAR), catalog=catalog)
    teams = set(pairs(evidence)["team_b"]) | set(pairs(evidence)["team_a"])
    assert ("finance" in teams) is shown
    whole = congruence(evidence)
    assert whole["hidden_teams"].item() == (not shown)


def test_the_ticket_log_says_how_many_are_in_a_team_of_which_the_catalog_does_not():
    catalog = declared(teams={"IT": 7, "sales": None, "finance": 3})
    logged = steps([(f"i{n}", n, team, f"{team}-{n}") for n in range(5) for team in ("sales", "finance", "IT")])
    evidence = company(incident_events=logged, catalog=catalog)
    assert shown_teams_of(evidence).rows() == [("IT", 7), ("sales", 5)]
    fewer = company(incident_events=logged.filter(pl.col("person") != "sales-4"), catalog=catalog)
    assert shown_teams_of(fewer).rows() == [("IT", 7)]


def test_one_person_written_in_several_ways_makes_no_team_large_enough():
    written = ["ann", "Ann", " ANN ", "", "  ", "bob", "cem", "dora"]
    logged = steps([(f"i{n}", n, "sales", person) for n, person in enumerate(written)])
    catalog = declared(teams={"sales": None})
    assert shown_teams_of(company(incident_events=logged, catalog=catalog)).is_empty()
    fifth = pl.concat([logged, steps([("i9", 9, "sales", "eve")])], how="diagonal")
    assert shown_teams_of(company(incident_events=fifth, catalog=catalog)).rows() == [("sales", 5)]


def test_a_team_is_the_one_of_the_catalog_however_its_name_is_written():
    logged = met([(" SALES", "It ")], EVERY_WEEK)
    assert pair(company(contacts=logged), "IT", "sales")["contacts"] == 26


@pytest.mark.parametrize("name", ["unknown", "Unknown", " UNKNOWN "])
def test_nobody_is_of_a_team_that_is_called_unknown(name):
    catalog = declared(teams={name: 50, "IT": 7})
    assert contacts_of(company(contacts=met([("IT", name)], EVERY_WEEK), catalog=catalog)).is_empty()


# Null, edge, broken input


def test_without_contacts_the_notes_say_what_is_needed_and_nothing_is_a_finding():
    evidence = company(messages=sent(INTEGRATIONS, HALF_YEAR))
    assert pairs(evidence).height == 3
    assert pairs(evidence)["congruent"].null_count() == 3
    said = notes(evidence)
    assert said.keys() == {"congruence", "bypass", "bypass_index", "sparked"}
    assert all("contacts (at, team_a, team_b)" in sentence for sentence in said.values())
    assert notes(ih.Evidence()).keys() == {"pairs", "congruence", "bypass", "bypass_index", "sparked"}
    assert silent_pairs(congruence(evidence)).is_empty()


def test_slack_teams_of_which_nobody_says_the_size_are_hidden_and_the_note_says_why():
    evidence = ih.read(shared_data("formats", "slack"))
    assert evidence.contacts.height == 5
    assert pairs(evidence).is_empty()
    assert "Slack (the title in the profile)" in notes(evidence)["pairs"]


def test_calendars_tell_of_teams_by_mail_domain_and_a_meeting_in_two_of_them_is_one(tmp_path):
    def event(uid, people, rule=""):
        there = "".join(f"ATTENDEE:mailto:{person}\r\n" for person in people)
        return f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260105T090000Z\r\n{rule}{there}END:VEVENT\r\n"

    weekly = event("w", ["a@sales.example", "b@it.example"], "RRULE:FREQ=WEEKLY;COUNT=10\r\n")
    all_hands = event("all", [f"p{n}@{team}.example" for n in range(15) for team in ("sales", "finance")])
    for name, events in (("one", weekly + all_hands), ("two", weekly)):
        text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"
        (tmp_path / f"{name}.ics").write_text(text, encoding="utf-8", newline="")
    catalog = declared(
        teams={"sales.example": 12, "it.example": 7, "finance.example": 9},
        systems={"CRM": "sales.example", "ERP": "it.example", "Ledger": "finance.example"},
    )
    evidence = ih.read(tmp_path, catalog=catalog)
    assert pairs(evidence).select("team_a", "team_b", "contacts", "congruent").rows() == [
        ("finance.example", "it.example", 0, False),
        ("it.example", "sales.example", 10, True),
    ]
    assert congruence(evidence)["broadcasts"].item() == 1


def test_where_all_people_share_one_mail_domain_nobody_can_tell_and_the_note_says_so():
    talk, messages = met([("example.com", "example.com")], EVERY_WEEK), sent(INTEGRATIONS, HALF_YEAR)
    evidence = company(contacts=talk, messages=messages)
    assert pairs(evidence)["congruent"].null_count() == 3
    assert "where all people share one" in notes(evidence)["congruence"]
    assert "where all people share one" in notes(evidence)["bypass"]


def test_a_log_of_less_than_thirty_days_shows_no_silence():
    short = met([("IT", "sales")], [0, 10, 28.9])
    evidence = company(contacts=short, messages=sent(INTEGRATIONS, range(29)))
    assert dict(pairs(evidence).select("team_b", "congruent").rows())["finance"] is None
    assert congruence(evidence).is_empty()
    assert "more than 30 days" in notes(evidence)["congruence"]


def test_shuffled_rows_copies_and_swapped_teams_change_nothing():
    logged = pl.concat([met(NEEDED, EVERY_WEEK, about="m"), met([("sales", "IT")], [3], kind=None, people=None)])
    evidence = company(contacts=logged, messages=sent(INTEGRATIONS, HALF_YEAR))
    swapped = logged.rename({"team_a": "team_b", "team_b": "team_a"}).select(logged.columns)
    again = pl.concat([logged, swapped]).sample(fraction=1, shuffle=True, seed=4)
    other = company(contacts=again, messages=sent(INTEGRATIONS, HALF_YEAR).reverse())
    assert_frame_equal(pairs(other), pairs(evidence))
    assert_frame_equal(bypass(other), bypass(evidence))


def test_a_contact_of_a_team_with_itself_is_none():
    assert contacts_of(company(contacts=met([("IT", "IT")], EVERY_WEEK))).is_empty()


def test_hostile_names_stay_text():
    name = '=cmd|"<script>alert(1)</script>\x1b[31m'
    catalog = declared(teams=TEAMS | {name: 9}, systems=SYSTEMS | {"X": name}, integrations={"x": ("X", "ERP")})
    evidence = company(contacts=met([(name, "IT")], [0, 100]), catalog=catalog)
    assert name in pairs(evidence)["team_a"].to_list() + pairs(evidence)["team_b"].to_list()


# Findings


def whole(needed, congruent):
    counts = {"judged": [needed], "congruent": [congruent]}
    return pl.DataFrame(counts, schema=dict.fromkeys(counts, pl.Int64))


@pytest.mark.parametrize(
    ("needed", "congruent", "severity"),
    [(10, 3, "warning"), (10, 4, "note"), (10, 7, None), (6, 1, "warning"), (1, 0, "note")],
)
def test_silent_pairs_are_a_warning_where_certainly_more_than_three_in_ten_are(needed, congruent, severity):
    """Seven of ten come by chance in 1.1% where three in ten are silent, six in 4.7%."""
    assert silent_pairs(whole(needed, congruent))["severity"].to_list() == ([severity] if severity else [])


def test_the_finding_on_silent_pairs_says_what_was_seen_and_promises_nothing():
    (found,) = silent_pairs(whole(10, 2)).rows(named=True)
    assert (
        found["statement"] == "8 of 10 pairs of teams whose systems are integrated spoke on fewer than one day in 30."
    )
    assert found["ask"].endswith("?")
    assert (found["n"], found["value"]) == (10, 0.8)
    assert not {"faster", "because", "improve", "32"} & set(found["statement"].split())
    assert "32% faster" in congruence.__doc__
    assert "Mauerer" in congruence.__doc__


def test_handovers_of_one_moment_go_by_the_order_of_the_log():
    logged = steps([("i", 0, "sales", "p"), ("i", 0, "IT", "p"), ("i", 0, "sales", "q")])
    moved = handovers(company(incident_events=logged).incident_events, declared().teams)
    assert moved.select("team_a", "team_b").rows() == [("sales", "IT"), ("IT", "sales")]
