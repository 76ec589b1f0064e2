"""What to change for whom: nothing is lost by it, it can be taken back, and what it saves; and the questionnaire."""

import csv
import json

import polars as pl
import pytest
from drawing.reports import MORNING, delivered, every_day, evidence, opened, stock
from hypothesis import given, settings
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.analyses.report_overload.cover.questionnaire import as_yaml
from integrhealth.analyses.report_overload.cover.streams import cadences, services, uncovered
from integrhealth.catalog import load_catalog
from integrhealth.language.schema import WORDS, conform

DAYS = range(40)
LAID = pl.lit("folder").alias("channel")


def sent(name, persons, days=DAYS):
    return pl.concat([delivered(name, person, days) for person in persons])


def company():
    """Three reports to keep of which q needs one only, a copy, and one for nothing; 238 words are a minute each."""
    reports = stock(
        {"report": "sales", "words": 238, "decisions": ["price", "promotion"], "fields": ["1", "2", "3", "4"]},
        {"report": "copy", "words": 476, "decisions": ["price"], "fields": ["4", "3", "2", "1"]},
        {"report": "stock", "words": 238, "decisions": ["order", "price"]},
        {"report": "gossip", "words": 714, "decisions": []},
    )
    deliveries = pl.concat(
        [
            sent("sales", "pq"),
            sent("copy", "pq"),
            sent("stock", "p"),
            sent("gossip", "q"),
            sent("stock", "r", [0, 7, 14]),
        ]
    )
    return evidence(reports=reports, deliveries=deliveries, reads=opened(deliveries.filter(person="p"), 60.0))


@pytest.mark.parametrize("also", [[], ["original"]], ids=["new to p", "p has it"])
def test_a_copy_whose_reader_does_not_get_the_original_yet_is_replaced_and_saves_nothing(also):
    same = {"words": 238, "decisions": None, "fields": ["1", "2", "3", "4"]}
    reports = conform(
        pl.DataFrame([same | {"report": name} for name in ("copy", "original", "second copy")]), "reports"
    )
    copies = ["copy", "second copy", *also]
    deliveries = pl.concat([sent("original", "qrs"), *(sent(name, "p") for name in copies)])
    log = evidence(reports=reports, deliveries=deliveries)
    assert ih.report_overload.curation(log)["action"].to_list() == ["merge", "merge"]
    saved = {row["person"]: row for row in ih.report_overload.savings(log).iter_rows(named=True)}
    assert saved["p"]["needed_minutes"] == pytest.approx(len(copies))
    assert (saved["p"]["reports_after"], saved["p"]["needed_after"]) == (1, pytest.approx(1.0))
    assert (saved["all people"]["reports"], saved["all people"]["reports_after"]) == (3, 1), (
        "the original alone is left"
    )


def test_each_change_says_what_comes_instead_and_how_to_take_it_back():
    rows = ih.report_overload.curation(company())
    columns = ("report", "person", "action", "cadence_before", "cadence_after", "instead", "would_miss", "opened")
    assert rows.select(columns).rows() == [
        ("gossip", "q", "unsubscribe", "daily", "none", None, None, 0),
        ("copy", "p", "merge", "daily", "none", "sales; stock", "", 40),
        ("copy", "q", "merge", "daily", "none", "sales", "", 0),
    ]
    assert rows["minutes_per_day"].to_list() == [3.0, 2.0, 2.0]


def test_the_handful_of_a_person_is_what_he_needs_and_when_it_comes():
    rows = ih.report_overload.handful(company()).select("person", "report", "decisions", "cadence", "when")
    assert rows.rows() == [
        ("p", "sales", ["price", "promotion"], "daily", "07:00"),
        ("p", "stock", ["order", "price"], "daily", "07:00"),
        ("q", "sales", ["price", "promotion"], "daily", "07:00"),
        ("r", "stock", ["order", "price"], "weekly", "Monday 07:00"),
    ]
    assert MORNING.strftime("%A") == "Monday"


def test_minutes_saved_are_those_of_what_no_longer_comes():
    rows = ih.report_overload.savings(company())
    columns = ("person", "reports", "reports_after", "needed_minutes", "needed_after", "saved_minutes", "without_words")
    assert rows.select(columns).rows() == [
        ("all people", 4, 2, 11.0, 4.0, 7.0, 0),
        ("q", 3, 1, 6.0, 1.0, 5.0, 0),
        ("p", 3, 2, 4.0, 2.0, 2.0, 0),
        ("r", 1, 1, 1.0, 1.0, 0.0, 0),
    ]


def test_decisions_are_served_by_fewer_reports_and_nobody_loses_one():
    assert ih.report_overload.coverage(company()).rows() == [
        ("price", 3, 3, 2, 0),
        ("order", 2, 1, 1, 0),
        ("promotion", 2, 1, 1, 0),
    ]


def test_who_never_opens_what_only_this_report_serves_is_asked_and_keeps_it():
    reports = stock({"report": "a", "decisions": ["x"]}, {"report": "b", "decisions": ["y"]})
    deliveries = every_day(["a", "b"], ["p", "q"], DAYS)
    reads = opened(deliveries.filter((pl.col("person") == "p") | (pl.col("report") == "b")), 60.0)
    asked = evidence(reports=reports, deliveries=deliveries, reads=reads)
    (row,) = ih.report_overload.curation(asked).rows(named=True)
    assert (row["report"], row["person"], row["action"], row["would_miss"]) == ("a", "q", "ask", "x")
    assert row["cadence_after"] == row["cadence_before"] == "daily"
    assert ih.report_overload.savings(asked)["saved_minutes"].sum() == 0


names = st.sampled_from("abcdef")


@settings(max_examples=40)
@given(
    st.dictionaries(names, st.sets(st.sampled_from("wxyz"), max_size=3), min_size=2),
    st.dictionaries(names, st.dictionaries(st.sampled_from("pqr"), st.sampled_from([1, 7, 30])), min_size=2),
    st.sets(names, max_size=1),
)
def test_carried_out_the_plan_leaves_no_decision_unserved_and_taken_back_nothing_changed(serves, reaches, law):
    streams = [(name, person, gap) for name in serves for person, gap in reaches.get(name, {}).items()]
    if not streams:
        return
    reports = stock(*({"report": n, "decisions": sorted(each), "statutory": n in law} for n, each in serves.items()))
    deliveries = pl.concat([delivered(name, person, range(0, 91, gap)) for name, person, gap in streams])
    asked = evidence(reports=reports, deliveries=deliveries)
    changes = ih.report_overload.curation(asked)
    gone = set(changes.filter(cadence_after="none").select("report", "person").iter_rows())
    # Everybody's decisions in plain sets: each gap at which one was served has to be served still.
    best = {}
    for name, person, gap in streams:
        for decision in serves[name]:
            best[decision, person] = min(gap, best.get((decision, person), 99))
    left = [stream for stream in streams if stream[:2] not in gone]
    after = {(d, p): min(g for n, q, g in left if q == p and d in serves[n]) for d, p in best}
    assert after == best
    assert {name for name, *_ in streams} & law <= {name for name, *_ in left}
    assert ih.report_overload.keep(asked)["uncovered"].sum() == 0
    before = dict(zip([(n, p) for n, p, _ in streams], [gap for *_, gap in streams], strict=True))
    words = {1: "daily", 7: "weekly", 30: "monthly"}
    taken_back = changes.select("report", "person", "cadence_before").rows()
    assert all(words[before[name, person]] == cadence for name, person, cadence in taken_back)


def test_the_proof_sees_what_a_wrong_plan_would_lose():
    reports = stock({"report": "a", "decisions": ["x", "y"]}, {"report": "b", "decisions": ["x"]})
    streams = cadences(pl.concat([sent("a", "p"), sent("b", "p", range(0, 40, 7)), sent("b", "q")]))
    served = services(streams, reports)
    assert uncovered(served, streams.select("report", "person")).is_empty()
    only_b = pl.DataFrame({"report": ["b", "b"], "person": ["p", "q"]})
    assert uncovered(served, only_b).rows() == [("x", "p"), ("y", "p")], "b serves p, but weekly"
    assert uncovered(served, only_b.clear()).height == 3


HOSTILE = ['=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "plain", "it's = 1"]


def test_no_cell_begins_a_formula_and_rows_are_plain_enough_for_csv_and_json(tmp_path):
    hostile = [{"report": name, "decisions": None if place > 1 else ["=x"]} for place, name in enumerate(HOSTILE)]
    rows = pl.DataFrame([*hostile, {"report": "kept", "decisions": ["=x", "y"]}], schema_overrides={"decisions": WORDS})
    reports = conform(rows.with_columns(words=pl.lit(100)), "reports")
    deliveries = every_day([*HOSTILE, "kept"], ["=p", "q"], range(3))
    tables = ih.report_overload.report(evidence(reports=reports, deliveries=deliveries)).tables
    for name in ("curation", "questionnaire", "savings"):
        tables[name].write_csv(tmp_path / f"{name}.csv")
        with (tmp_path / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert len(rows) > 1, name
        assert [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")] == []
        assert json.loads(tables[name].write_json())


def nobody_said(words):
    """An inventory without a word on what the reports are for."""
    return conform(pl.DataFrame({"report": list(words), "words": list(words.values())}), "reports")


def answered(folder, table, answers):
    """The questionnaire as a person hands it back."""
    told = pl.col("report").replace_strict(answers, default=None, return_dtype=pl.String)
    table.with_columns(decisions=told).write_csv(folder / "reports.csv")


def purposes(read):
    judged = ih.report_overload.reports(read).select("report", "decisions", "why").sort("report")
    return {row[0]: row[1:] for row in judged.iter_rows()}


def test_the_questionnaire_comes_back_as_a_csv_file(tmp_path):
    deliveries = pl.concat([sent(name, "pq") for name in ("a", "b", "=c")])
    reports = nobody_said({"a": 9, "b": 500, "=c": 90})
    asked = ih.report_overload.questionnaire(evidence(reports=reports, deliveries=deliveries))
    assert asked.select("report", "readers", "decisions").rows() == [
        ("b", "p; q", None),
        ("'=c", "p; q", None),
        ("a", "p; q", None),
    ]
    assert all("decision" in question and question.endswith(".") for question in asked["question"])
    answered(tmp_path, asked, {"b": "price; stock", "'=c": "none"})
    deliveries.write_parquet(tmp_path / "deliveries.parquet")
    again = ih.read(tmp_path)
    assert purposes(again) == {
        "b": (["price", "stock"], "only source"),
        "=c": ([], "no decision"),
        "a": ([], "not declared"),
    }
    assert ih.report_overload.questionnaire(again)["report"].to_list() == ["a"]


def test_what_people_work_through_is_published_as_csv_and_the_questionnaire_comes_back_from_it(tmp_path):
    reports = nobody_said({"Größe": 9, "=c": 90})
    asked = evidence(reports=reports, deliveries=pl.concat([sent(name, "pq") for name in ("Größe", "=c")]))
    published, logs = tmp_path / "published", tmp_path / "logs"
    ih.publish(ih.report_overload.report(asked), published)
    ih.publish(ih.report_overload.report(company()), tmp_path / "company")
    with (published / "tables" / "report_overload" / "questionnaire.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["report"] for row in rows) == ["'=c", "Größe"]
    logs.mkdir()
    with (logs / "reports.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"decisions": "price; stock"} for row in rows)
    asked.deliveries.write_parquet(logs / "deliveries.parquet")
    assert {name: decisions for name, (decisions, _) in purposes(ih.read(logs)).items()} == {
        "=c": ["price", "stock"],
        "Größe": ["price", "stock"],
    }
    with (tmp_path / "company/tables/report_overload/curation.csv").open(encoding="utf-8-sig", newline="") as file:
        plan = [(row["report"], row["person"], row["action"], row["cadence_before"]) for row in csv.DictReader(file)]
    assert plan == [
        ("gossip", "q", "unsubscribe", "daily"),
        ("copy", "p", "merge", "daily"),
        ("copy", "q", "merge", "daily"),
    ]


def test_without_an_inventory_what_the_log_knows_is_asked_about(tmp_path):
    deliveries = pl.concat([sent("a", "pq"), sent("b", "q"), delivered("page", "folder", DAYS).with_columns(LAID)])
    asked = ih.report_overload.questionnaire(evidence(deliveries=deliveries))
    assert asked.select("report", "readers").rows() == [("a", "p; q"), ("b", "q")]
    answered(tmp_path, asked, {"a": "price"})
    deliveries.write_parquet(tmp_path / "deliveries.parquet")
    again = ih.read(tmp_path)
    assert purposes(again)["a"] == (["price"], "only source")
    assert ih.report_overload.questionnaire(again)["report"].to_list() == ["b"]


@pytest.mark.parametrize(
    ("inventory", "lacking"),
    [({"words": None}, "reports.words"), ({"words": 9}, None), (None, "reports (an inventory")],
    ids=["no length", "a length", "no inventory"],
)
def test_savings_of_unknown_length_say_what_is_missing(inventory, lacking):
    frames = {} if inventory is None else {"reports": stock({"report": "a", "decisions": ["x"]} | inventory)}
    said = ih.report_overload.report(evidence(deliveries=sent("a", "p"), **frames)).notes.get("savings")
    assert (said is None) == (lacking is None)
    assert lacking is None or said.startswith(f"The table savings needs {lacking}"), "somebody does get a report"


def test_the_questionnaire_comes_back_as_a_part_of_the_catalog(tmp_path):
    strange = ["plain", "=formula", "two: words # no comment", 'quote " and \\', "Ünïcode 漢", "- dash", "tab\tand\x85"]
    reports = nobody_said(dict.fromkeys(strange, 100))
    deliveries = every_day(strange, ["p"], range(3))
    asked = ih.report_overload.questionnaire(evidence(reports=reports, deliveries=deliveries))
    path = tmp_path / "catalog.yaml"
    path.write_text(as_yaml(asked), encoding="utf-8")
    assert load_catalog(path).reports.select("report", "decisions").rows() == [
        (name, None) for name in asked["report"].str.strip_prefix("'")
    ]
    path.write_text(as_yaml(asked.with_columns(decisions=pl.lit("price; which: one?"))), encoding="utf-8")
    catalog = load_catalog(path)
    assert sorted(catalog.reports["report"]) == sorted(strange)
    declared = ih.report_overload.reports(evidence(reports=reports, deliveries=deliveries).replace(catalog=catalog))
    assert declared["decisions"].to_list() == [["price", "which: one?"]] * len(strange)
    assert load_catalog(path).reports.height == len(strange)


@pytest.mark.parametrize("people", [5, 6, 40])
def test_a_questionnaire_names_five_readers_and_counts_the_rest(people):
    persons = [f"p{number:02}" for number in range(people)]
    deliveries = every_day(["a"], persons, range(3))
    reads = opened(deliveries.filter(person=persons[-1]), 60.0)
    reports = nobody_said({"a": 100})
    asked = ih.report_overload.questionnaire(evidence(reports=reports, deliveries=deliveries, reads=reads))
    rest = "" if people == 5 else f"; and {people - 5} more"
    assert asked["readers"].item() == f"{persons[-1]}; p00; p01; p02; p03{rest}"
