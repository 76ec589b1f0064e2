"""Who is blamed first and who was it: incidents over cascades that are built message by message."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy

import integrhealth as ih
from integrhealth.analyses.accountability.blame.cases import CASES
from integrhealth.analyses.accountability.blame.favourites import wrongly_accused as judged
from integrhealth.analyses.accountability.blame.findings import blame_findings
from integrhealth.analyses.accountability.blame.notes import NO_INCIDENTS, NOBODY, blame_notes
from integrhealth.analyses.accountability.blame.questions import (
    accusations,
    blame,
    blame_cases,
    blame_coverage,
    wrongly_accused,
)
from integrhealth.analyses.accountability.blame.roots import measured_roots
from integrhealth.analyses.accountability.incident_lives import LIVES
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import TIME
from integrhealth.language.statistics import wilson_interval

START = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEMS = pl.DataFrame(
    [
        {"system": "ERP", "team": "IT", "owner": "eve", "aliases": ["erp-prod"]},
        {"system": "WMS", "team": "warehouse"},
        {"system": "Shop", "team": "sales"},
    ],
    schema=CATALOG["systems"],
)
DECLARED = Catalog(systems=SYSTEMS)


def cascade(name: str, root: str, at: datetime, *, status: str = "failed") -> list[dict]:
    """The shop orders at WMS, which asks the root: it fails, and so the order does."""
    order = {"source": "Shop", "target": "WMS", "integration": "orders", "message_id": name, "parent_id": None}
    asked = {"source": "WMS", "target": root, "integration": "asks", "message_id": f"{name}-r", "parent_id": name}
    shared = {"trace_id": name, "object_id": name, "kind": "request", "status": status, "sent_at": at}
    ends = [at + timedelta(seconds=2), at + timedelta(seconds=1)]
    return [each | shared | {"finished_at": end} for each, end in zip((order, asked), ends, strict=True)]


def incident(name: str, at: datetime, *teams: str | None, hours: float = 6, **about: str | None) -> list[dict]:
    """An incident that goes from team to team, each of them having it for so many hours; the last one repairs it."""
    about = {"integration": "orders", "object_id": name, "priority": "2"} | about
    steps = [(team, "assigned", "open") for team in teams] + [(teams[-1], "resolved", "resolved")]
    return [
        {"incident": name, "at": at + timedelta(hours=hours * place), "team": team, "action": action, "state": state}
        | about
        for place, (team, action, state) in enumerate(steps)
    ]


def evidence_of(messages: list[list[dict]], incidents: list[list[dict]], catalog: Catalog = DECLARED) -> ih.Evidence:
    frames = [
        pl.DataFrame([row for part in parts for row in part], infer_schema_length=None) if parts else None
        for parts in (messages, incidents)
    ]
    return ih.Evidence(messages=frames[0], incident_events=frames[1], catalog=catalog)


def said(evidence: ih.Evidence) -> pl.DataFrame:
    return blame_findings(wrongly_accused(evidence), blame_cases(evidence), evidence.catalog.systems)


def planted(wrong: int = 30, right: int = 10, unknown: int = 0) -> ih.Evidence:
    """ERP fails a day, and sales calls the warehouse first; of some incidents the failures are not in the data."""
    messages, incidents = [], []
    for number in range(wrong + right + unknown):
        at = START + timedelta(days=number)
        name = f"O{number}"
        if number < wrong + right:
            messages.append(cascade(name, "ERP", at))
        blamed = ("warehouse", "IT") if number < wrong or number >= wrong + right else ("IT",)
        incidents.append(incident(name, at + timedelta(hours=1), "sales", *blamed))
    return evidence_of(messages, incidents)


def test_the_warehouse_is_blamed_in_30_of_40_where_it_was_the_erp():
    evidence = planted()
    low, high = wilson_interval([30], [40])
    columns = ["reporter", "blamed", "root", "cases", "accused", "wrong", "low", "high", "days_lost"]
    assert blame(evidence).select(columns).rows() == [
        ("sales", "warehouse", "IT", 40, 30, 30, low[0], high[0], 30 * 6 / 24),
        ("sales", "IT", "IT", 40, 10, 0, 0.0, wilson_interval([0], [40])[1][0], 0.0),
    ]
    assert accusations(evidence).select("blamed", "root", "wrong").rows() == [("warehouse", "IT", 30), ("IT", "IT", 0)]
    assert blame_cases(evidence)["root_system"].unique().to_list() == ["ERP"]
    accused = wrongly_accused(evidence).row(0, named=True)
    assert (accused["team"], accused["verdict"], accused["cases"], accused["wrong"]) == (
        "warehouse",
        "favourite",
        40,
        30,
    )
    assert accused["expected"] == 20
    finding = said(evidence).row(0, named=True)
    assert (finding["rule"], finding["subject"], finding["severity"]) == ("wrong_blame", "warehouse", "warning")
    assert (finding["value"], finding["n"], finding["owner"]) == (0.75, 40, "eve")
    assert "30 of 40 incidents that began elsewhere, mostly in ERP (IT), mostly by sales" in finding["statement"]
    assert "7.5 days" in finding["statement"]


def test_who_is_blamed_in_half_of_them_is_no_favourite():
    assert said(planted(20, 20)).is_empty()


def test_what_has_no_measured_root_is_unknown_and_never_wrong():
    whole = blame_coverage(planted(30, 10, unknown=50)).row(0, named=True)
    assert [whole[each] for each in ("incidents", "no_root", "compared", "wrong")] == [90, 50, 40, 30]
    assert blame(planted(30, 10, unknown=50)).equals(blame(planted()))
    assert "50 incidents with no failure" in blame_notes(blame_coverage(planted(30, 10, unknown=50)))["blame"]


@pytest.mark.parametrize(
    ("teams", "wrong", "reporter", "blamed"),
    [
        (("sales", "warehouse", "IT"), True, "sales", "warehouse"),
        (("sales", "IT", "warehouse"), False, "sales", "IT"),
        (("sales", "sales", "Team IT"), False, "sales", "IT"),
        (("sales", "ERP"), False, "sales", "IT"),
        (("sales", "ERP-prod"), False, "sales", "IT"),
        (("sales", "wms"), True, "sales", "warehouse"),
        ((None, "warehouse"), True, None, "warehouse"),
        (("sales", None, "sales"), None, "sales", None),
        (("sales",), None, "sales", None),
        (("IT", "warehouse"), True, "IT", "warehouse"),
        (("sales", "legal"), True, "sales", "legal"),
    ],
)
def test_the_first_team_after_the_reporters_is_the_one_that_is_blamed(teams, wrong, reporter, blamed):
    evidence = evidence_of([cascade("O1", "ERP", START)], [incident("O1", START + timedelta(hours=1), *teams)])
    case = blame_cases(evidence).row(0, named=True)
    assert (case["wrong"], case["reporter"], case["blamed"]) == (wrong, reporter, blamed)
    assert blame(evidence).height == (reporter is not None and wrong is not None)


@pytest.mark.parametrize(
    ("earlier", "about", "root"),
    [
        (timedelta(hours=24), {"object_id": None}, "ERP"),
        (timedelta(hours=24, seconds=1), {"object_id": None}, None),
        (timedelta(seconds=-1), {"object_id": None}, None),
        (timedelta(0), {"object_id": None}, "ERP"),
        (timedelta(days=30), {}, "ERP"),
        (timedelta(days=30, seconds=1), {}, None),
        (timedelta(days=3), {"integration": None}, "ERP"),
        (timedelta(days=3), {"integration": "asks"}, "ERP"),
        (timedelta(days=3), {"integration": "other"}, None),
        (timedelta(hours=3), {"object_id": "another"}, None),
        (timedelta(hours=3), {"object_id": None, "integration": None}, None),
    ],
)
def test_a_root_is_of_the_same_time_and_integration(earlier, about, root):
    failed = cascade("O1", "ERP", START + timedelta(days=60) - earlier)
    fine = cascade("O2", "MES", START + timedelta(days=60), status="ok")
    evidence = evidence_of([failed, fine], [incident("O1", START + timedelta(days=60), "sales", "IT", **about)])
    assert blame_cases(evidence)["root_system"].item() == root


@pytest.mark.parametrize(
    ("roots", "root"),
    [(["ERP", "ERP", "WMS"], "ERP"), (["ERP", "WMS"], None), (["ERP", "ERP", "WMS", "MES"], None), (["WMS"], "WMS")],
)
def test_of_several_roots_it_is_that_of_more_than_half(roots, root):
    failed = [cascade(f"O{n}", each, START + timedelta(minutes=n)) for n, each in enumerate(roots)]
    told = incident("I", START + timedelta(hours=1), "sales", "IT", object_id=None)
    assert blame_cases(evidence_of(failed, [told]))["root_system"].item() == root


def test_a_root_without_a_team_and_a_test_are_unknown():
    tested = [row | {"load_test": True} for row in cascade("O2", "ERP", START)]
    plain = [row | {"load_test": False} for row in cascade("O1", "MES", START)]
    later = START + timedelta(hours=1)
    evidence = evidence_of(
        [plain, tested], [incident("O1", later, "sales", "IT"), incident("O2", later, "sales", "IT")]
    )
    whole = blame_coverage(evidence).row(0, named=True)
    assert [whole[each] for each in ("no_team", "no_root", "compared", "wrong")] == [1, 1, 0, 0]
    assert "without a team in the catalog" in blame_notes(blame_coverage(evidence))["blame"]


def test_measured_roots_are_those_of_a_loop():
    rng = np.random.default_rng(7)
    for _ in range(30):
        failed = (
            pl.DataFrame(
                [
                    {
                        "root": int(root),
                        "root_system": str(rng.choice(["A", "B"])),
                        "began_at": START + timedelta(hours=int(rng.integers(0, 60))),
                        "integration": str(rng.choice(["x", "y"])),
                        "object_id": str(rng.choice(["1", "2", "3"])),
                    }
                    for root in range(12)
                ]
            )
            .with_columns(pl.col("began_at").cast(TIME))
            .sort("began_at", "root")
        )
        asked = [
            {
                "incident": f"i{each}",
                "detected_at": START + timedelta(hours=int(rng.integers(0, 80))),
                "integration": [None, "x", "y"][rng.integers(0, 3)],
                "object_id": [None, "1", "2"][rng.integers(0, 3)],
            }
            for each in range(8)
        ]
        lives = pl.DataFrame(asked, schema={name: LIVES[name] for name in asked[0]})
        expected = {}
        for each in asked:
            hours = 24 if each["object_id"] is None else 24 * 30
            near = [
                row["root_system"]
                for row in failed.to_dicts()
                if any(each[name] is not None for name in ("integration", "object_id"))
                and all(each[name] in (None, row[name]) for name in ("integration", "object_id"))
                and timedelta(0) <= each["detected_at"] - row["began_at"] <= timedelta(hours=hours)
            ]
            if near:
                most = max(sorted(set(near)), key=near.count)
                expected[each["incident"]] = (most if 2 * near.count(most) > len(near) else None, len(near))
        found = measured_roots(lives, failed).select("incident", "root_system", "cascades").rows()
        assert {name: (root, count) for name, root, count in found} == expected


TEAMS = ["IT", "warehouse", "sales", "finance", "service", "purchasing"]
OWNED = pl.DataFrame([{"system": f"S{team}", "team": team} for team in TEAMS], schema=CATALOG["systems"])
ENDS = {"a": ("IT", "warehouse"), "b": ("IT", "finance"), "c": ("sales", "IT"), "d": ("service", "purchasing")}
NEAR = pl.DataFrame(
    [(name, team) for name, teams in ENDS.items() for team in teams], schema=["integration", "team"], orient="row"
)


def drawn(seed: int, how: str, count: int = 200, reporter: str | None = "service") -> pl.DataFrame:
    """Incidents of which IT is the root most often, each assigned in one way."""
    rng = np.random.default_rng([seed, count])
    integrations = rng.choice(list(ENDS), count, p=[0.6, 0.2, 0.1, 0.1])
    roots = np.where(
        rng.random(count) < 0.8, [ENDS[each][each == "c"] for each in integrations], rng.choice(TEAMS, count)
    )
    if how == "any team":
        blamed = rng.choice(TEAMS, count)
    elif how == "as often as they are the root":
        blamed = rng.permutation(roots)
    elif how == "one of the two ends":
        blamed = np.array([ENDS[each][rng.integers(0, 2)] for each in integrations])
    elif how == "mostly right":
        blamed = np.where(rng.random(count) < 0.8, roots, rng.choice(TEAMS, count))
    else:
        blamed = np.where(rng.random(count) < 0.4, how, roots)
    rows = pl.DataFrame({"integration": integrations, "root": roots, "blamed": blamed}).with_columns(
        incident=pl.int_range(pl.len()).cast(pl.String),
        priority=pl.Series(rng.choice(["1", "2", "3"], count)),
        reporter=pl.lit(reporter, pl.String),
        root_system=pl.format("S{}", "root"),
        days=pl.lit(0.5),
    )
    others = rows.filter(pl.col("blamed").ne_missing(pl.col("reporter")))
    return others.with_columns(wrong=pl.col("blamed") != pl.col("root")).select(*CASES).cast(CASES)


@pytest.mark.parametrize("how", ["any team", "as often as they are the root", "one of the two ends", "mostly right"])
def test_random_assignment_shows_no_favourite(how):
    favourites = [
        judged(drawn(seed, how, count, "service" if seed % 2 else None), NEAR, OWNED).filter(verdict="favourite").height
        for seed in range(20)
        for count in ((40, 200) if seed % 4 == 0 else (100,))
    ]
    assert sum(favourites) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_a_team_that_is_blamed_in_four_of_ten_is_one(seed):
    found = judged(drawn(seed, "purchasing"), NEAR, OWNED)
    assert found.filter(verdict="favourite")["team"].to_list() == ["purchasing"]


def test_the_desk_that_sorts_incidents_and_owns_nothing_is_not_accused():
    cases = drawn(1, "purchasing").with_columns(pl.col("blamed").replace("purchasing", "desk"))
    found = judged(cases, NEAR, OWNED)
    assert found.row(0, named=True)["team"] == "desk"
    assert found.row(0, named=True)["verdict"] == "no system"
    assert found.filter(verdict="favourite").is_empty()


@pytest.mark.parametrize(("count", "verdict"), [(9, "not enough data"), (10, "favourite")])
def test_fewer_than_ten_say_nothing(count, verdict):
    evidence = planted(count, 0)
    assert wrongly_accused(evidence).filter(team="warehouse")["verdict"].item() == verdict
    assert blame(evidence)["wrong"].item() == count
    assert (blame(evidence)["wrong_share"].item() is None) == (count < 10)


def test_shuffled_rows_and_doubled_files_change_nothing():
    evidence = planted(12, 6)
    mixed = {
        name: pl.concat([evidence.frames[name]] * 2).sample(fraction=1, shuffle=True, seed=5)
        for name in ("messages", "incident_events")
    }
    for question in (blame, accusations, wrongly_accused, blame_coverage):
        assert question(evidence.replace(**mixed)).equals(question(evidence)), question


def test_nothing_says_why():
    nothing = ih.Evidence()
    for question in (blame, accusations, wrongly_accused):
        assert question(nothing).is_empty()
    assert set(blame_notes(blame_coverage(nothing)).values()) == {NO_INCIDENTS}
    alone = evidence_of([], [incident("O1", START, "sales")])
    assert set(blame_notes(blame_coverage(alone)).values()) == {NOBODY}


@pytest.mark.parametrize(
    "events",
    [
        pl.DataFrame({"incident": ["a"], "at": [START]}),
        pl.DataFrame({"incident": ["a", "a"], "at": [START] * 2, "team": [None] * 2, "integration": ["orders", None]}),
        pl.DataFrame({"incident": ["a", "a"], "at": [START, START], "team": ["<script>", "\x00'\""]}),
    ],
)  # fmt: skip
def test_incidents_that_say_little_accuse_nobody(events):
    evidence = evidence_of([cascade("O1", "ERP", START)], []).replace(incident_events=events)
    assert blame_coverage(evidence)["wrong"].item() == 0
    assert said(evidence).is_empty()


def test_without_a_catalog_nobody_is_wrong():
    whole = blame_coverage(planted().replace(catalog=Catalog())).row(0, named=True)
    assert (whole["no_team"], whole["compared"]) == (40, 0)


def test_a_healthy_company_accuses_nobody():
    """It has no incidents; random assignment, above, is the healthy company of blame."""
    assert said(healthy(0)).is_empty()
