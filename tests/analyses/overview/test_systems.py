"""The map of systems and the conversation starters: which systems and owners a finding lies between."""

import re
from types import SimpleNamespace

import polars as pl
import pytest
from drawing.frames import messages

from integrhealth.analyses.overview.charts import system_chart
from integrhealth.analyses.overview.starters import ANY, SAYS, starters
from integrhealth.analyses.overview.systems import system_findings, system_map
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.findings import findings, no_findings, ranked
from integrhealth.language.thresholds import FRONT_PAGE_MAP, FRONT_PAGE_SYSTEMS, MOST_STARTERS

FLOW = """
    message_id  source  target  integration  sent_at
    a           shop    erp     orders       0
    b           erp     wms     picking      1
    c           erp     wms     picking      2
    d           erp     bank    payments     3
    e           wms     wms     own          4
"""


def declared(**sections):
    return Catalog(**{name: pl.DataFrame(rows, schema=CATALOG[name]) for name, rows in sections.items()})


CATALOGUE = declared(
    systems=[
        {"system": "shop", "team": None, "owner": "ann@x.example", "backup": None, "aliases": ["web"]},
        {"system": "erp", "team": "IT", "owner": None, "backup": None, "aliases": None},
        {"system": "wms", "team": "store", "owner": "bob", "backup": None, "aliases": None},
        {"system": "crm", "team": None, "owner": None, "backup": None, "aliases": None},
    ],
    integrations=[
        {"integration": "orders", "source": "web", "target": "erp"},
        {"integration": "visits", "source": "crm", "target": "erp", "owner": "vic@x.example"},
    ],
    checkpoints=[{"checkpoint": "approval", "integration": "orders", "kind": "approval"}],
)
COMPANY = Evidence(messages=messages(FLOW), catalog=CATALOGUE)


def found(report, rule, subject, severity="warning", owner=None, n=1):
    rows = {
        "subject": [subject],
        "severity": severity,
        "statement": f"{subject} S.",
        "ask": "A?",
        "owner": owner,
        "n": n,
    }
    return findings(report, rule, pl.DataFrame(rows, schema_overrides={"owner": pl.String}))


def worst_of(*rows, evidence=COMPANY):
    table = system_findings(evidence, ranked(rows))
    return {row["system"]: (row["worst"], row["findings"]) for row in table.iter_rows(named=True)}


def test_a_finding_speaks_of_its_system_or_of_both_ends_of_its_integration():
    told = worst_of(
        found("latency", "late", "picking", "critical"),
        found("latency", "late", "orders since 2026-03-01"),
        found("error_propagation", "stamps", "approval"),
        found("latency", "skew", "erp > bank"),
        found("latency", "thin", "wms", "note"),
        found("report_overload", "flood", "all people", "critical"),
    )
    assert told == {
        "erp": ("critical", 4),
        "wms": ("critical", 1),
        "shop": ("warning", 2),
        "bank": ("warning", 1),
        "crm": ("nothing", 0),
    }


def test_the_worst_comes_first_with_its_place_in_the_reports():
    table = system_findings(COMPANY, ranked([found("a", "mild", "wms"), found("b", "bad", "wms", "critical")]))
    assert table.row(0) == ("wms", "critical", 2, "b", "bad")
    assert table["system"].to_list() == ["wms", "bank", "crm", "erp", "shop"]


def test_the_map_holds_the_lines_of_logs_and_catalog_once():
    rows = [("crm", "erp", 0), ("erp", "bank", 1), ("erp", "wms", 2), ("shop", "erp", 1)]
    assert system_map(COMPANY).rows() == rows
    shuffled = Evidence(messages=messages(FLOW).sample(fraction=1, shuffle=True, seed=1), catalog=CATALOGUE)
    assert system_map(shuffled).rows() == rows
    assert system_map(Evidence()).is_empty()


def chart_of(*rows, evidence=COMPANY):
    return system_chart(system_map(evidence), system_findings(evidence, ranked(rows))).to_dict()


def places(spec):
    return next(rows for rows in spec["datasets"].values() if "worst" in rows[0])


def test_colour_and_form_of_a_system_say_the_same_and_it_leads_to_its_worst_finding():
    spec = chart_of(found("latency", "late", "wms", "critical"), found("latency", "late", "crm"))
    assert spec["title"]["text"] == "Critical: 1 of 5 systems"
    links = {row["system"]: row["link"] for row in places(spec)}
    assert links == {"wms": "latency.html#rule-late", "crm": "latency.html#rule-late"} | dict.fromkeys(
        ("bank", "erp", "shop"), "#ih-main"
    )
    marks = next(layer["encoding"] for layer in spec["layer"] if layer["encoding"].get("shape", {}).get("legend"))
    assert marks["shape"]["field"] == marks["color"]["field"] == "worst"
    assert marks["shape"]["scale"]["domain"] == marks["color"]["scale"]["domain"] == ["critical", "warning", "nothing"]


def test_a_map_of_many_systems_draws_those_around_the_worst_and_counts_the_rest():
    flow = "\n".join(f"m{n} s{n:02} s{n + 1:02} {n}" for n in range(40))
    many = Evidence(messages=messages(f"message_id source target sent_at\n{flow}"))
    spec = chart_of(found("latency", "late", "s20", "critical"), evidence=many)
    drawn = {row["system"] for row in places(spec)}
    assert len(drawn) == FRONT_PAGE_SYSTEMS
    assert {"s19", "s20", "s21"} <= drawn
    assert spec["title"]["subtitle"].endswith(f"; {41 - FRONT_PAGE_SYSTEMS} left out")
    said = f"{spec['title']['text']} {spec['title']['subtitle']} critical warning nothing"
    assert len(said.split()) <= FRONT_PAGE_MAP


def test_a_map_without_findings_or_lines_says_so():
    assert chart_of()["title"]["text"] == "No system needs you"
    assert "No map" in chart_of(evidence=Evidence())["description"]


def conversations(*rows, evidence=COMPANY):
    table = starters(evidence, ranked(rows))
    return {row["subject"]: SimpleNamespace(**row) for row in table.iter_rows(named=True)}


def test_the_two_owners_are_those_of_both_ends():
    told = conversations(
        found("latency", "r1", "orders"),
        found("latency", "r2", "visits"),
        found("latency", "r3", "approval", owner="erik"),
        found("latency", "r4", "picking", owner="bob"),
        found("latency", "r5", "payments"),
        found("latency", "r6", "wms"),
        found("latency", "r7", "erp"),
        found("report_overload", "r8", "all people"),
    )
    assert {subject: (row.owner_a, row.owner_b) for subject, row in told.items()} == {
        "orders": ("ann@x.example", "IT"),
        "visits": ("vic@x.example", "IT"),
        "approval": ("erik", "IT"),
        "picking": ("bob", "IT"),
        "payments": ("IT", None),
        "wms": ("bob", "IT"),
        "erp": ("IT", "bob"),
        "all people": (None, None),
    }
    assert told["orders"].page == "latency.html#rule-r1"


def test_of_two_teams_that_do_not_talk_the_other_one_is_the_second():
    told = conversations(
        found("collaboration", "r2", "orders: IT and store", owner="bob"),
        found("collaboration", "r4", "shop and store", owner="ann@x.example"),
    )
    rows = [found("collaboration", "r1", "IT and store", owner=who) for who in ("ann@x.example", "bob", "store", "IT")]
    seconds = [starters(COMPANY, row)["owner_b"].item() for row in rows]
    # Bob is of the store.
    assert seconds == ["store", "IT", "IT", "store"]
    both = [{"system": system, "team": "store", "owner": "bob"} for system in ("wms", "scales")]
    of_two = Evidence(catalog=declared(systems=[*both, {"system": "erp", "team": "IT", "owner": None}]))
    assert starters(of_two, rows[1])["owner_b"].item() == "IT"
    assert (told["orders: IT and store"].owner_a, told["orders: IT and store"].owner_b) == ("bob", "IT")
    # No team of the catalog is called shop, and other reports speak of no pair of teams.
    assert told["shop and store"].owner_b is None
    assert starters(COMPANY, found("latency", "r5", "IT and store", owner="ann@x.example"))["owner_b"].item() is None


def test_only_addresses_that_the_catalog_names_are_invited():
    told = conversations(
        found("latency", "r1", "orders"),
        found("latency", "r2", "picking", owner="mallory@x.example"),
        found("latency", "r3", "visits", owner="vic@x.example"),
    )
    assert (told["orders"].invite_a, told["orders"].invite_b) == ("ann@x.example", None)
    assert (told["picking"].owner_a, told["picking"].invite_a) == ("mallory@x.example", None)
    assert told["visits"].invite_a == "vic@x.example"


def test_the_worst_of_each_rule_starts_a_conversation_and_no_note_does():
    rows = [found("latency", f"r{number:02}", "erp") for number in range(MOST_STARTERS + 1)]
    rows += [found("latency", "r00", "wms", "critical"), found("latency", "quiet", "wms", "note")]
    table = starters(COMPANY, ranked(rows))
    assert table.height == MOST_STARTERS
    assert table.select("rule", "subject").row(0) == ("r00", "wms")
    assert table["rule"].is_unique().all()
    assert starters(COMPANY, no_findings()).is_empty()
    assert starters(Evidence(), ranked([found("latency", "r", "erp")])).height == 1


@pytest.mark.parametrize("said", [*(each for both in SAYS.values() for each in both), *ANY])
def test_nobody_blames_or_promises(said):
    assert not re.search(r"\b(your|fault|blame|will|shall|promise|must|should|never|always|guilty|failed)\b", said)
    assert re.fullmatch(r"Th(is|ese) [^.]+\.", said)


def test_hostile_names_stay_names():
    name = "<img src=x>](http://evil)\n=1+1"
    flow = messages("message_id source target sent_at\na x y 0").with_columns(source=pl.lit(name))
    told = conversations(found("latency", "r", name), evidence=Evidence(messages=flow))
    assert [row.page for row in told.values()] == ["latency.html#rule-r"]
    assert places(chart_of(found("latency", "r", name), evidence=Evidence(messages=flow)))
