"""The ladder: what one failing feed blocks and frees, what is built on what, and every check just beyond its edge."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.companies import drawn_company
from drawing.landscapes import played
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.dependency_fragility import charts
from integrhealth.analyses.dependency_fragility.levels import checks, ladder, standing
from integrhealth.analyses.dependency_fragility.levels.findings import level_findings, said_of_levels
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.findings import findings
from integrhealth.language.levels import LEVELS
from integrhealth.language.thresholds import FRONT_PAGE_FRAME, FRONT_PAGE_LADDER, FRONT_PAGE_WORDS
from integrhealth.traces.facts import merged

START, DAYS = datetime(2026, 1, 1, tzinfo=UTC), 80
END = START + timedelta(days=DAYS)
FEEDS = {"bank-feed": 0, "pick-lists": 1, "sales-cube": 2, "shop-orders": 3}


def feed(name: str, *, failed: float = 0.0, a_day: int = 12, first: int = 0, days: int = DAYS) -> pl.DataFrame:
    """`a_day` messages each day from day `first` on, evenly spread, of which every so many fail."""
    n = a_day * (days - first)
    at = START + timedelta(days=first)
    return pl.DataFrame({"message_id": [f"{name} {number}" for number in range(n)]}).with_columns(
        integration=pl.lit(name),
        source=pl.lit(f"{name} sender"),
        target=pl.lit(f"{name} receiver"),
        kind=pl.lit("request"),
        sent_at=pl.lit(at) + pl.duration(seconds=pl.int_range(n) * (86_400 // a_day)),
        answered_at=pl.lit(at) + pl.duration(seconds=pl.int_range(n) * (86_400 // a_day) + 1),
        status=pl.Series(
            np.where(np.floor(np.arange(1, n + 1) * failed) > np.floor(np.arange(n) * failed), "failed", "ok")
        ),
    )


def catalog(*entries: dict) -> Catalog:
    """Integrations with an owner; FEEDS from the foundation up where no `entries` are given."""
    rows = entries or [{"integration": name, "level": LEVELS[place]} for name, place in FEEDS.items()]
    rows = [{"source": "a", "target": "b", "owner": "team"} | row for row in rows]
    return Catalog(integrations=pl.DataFrame(rows, schema=CATALOG["integrations"]))


def entry(name: str, **said: object) -> dict:
    return {"integration": name, "level": LEVELS[FEEDS[name]]} | said


def company(declared: Catalog | None = None, **failed: float) -> ih.Evidence:
    """All FEEDS at work, each with its share of failures."""
    parts = [feed(name, failed=failed.get(name.replace("-", "_"), 0.0)) for name in FEEDS]
    return ih.Evidence(messages=pl.concat(parts), catalog=declared or catalog())


def rungs(evidence: ih.Evidence) -> dict[str, dict]:
    return {row["level"]: row for row in ih.dependency_fragility.levels(evidence).to_dicts()}


def verdicts(evidence: ih.Evidence) -> list[str]:
    return ih.dependency_fragility.levels(evidence)["verdict"].to_list()


def test_a_feed_that_stopped_is_not_stable_because_nothing_failed():
    parts = [feed(name, days=DAYS - (10 if name == "bank-feed" else 0)) for name in FEEDS]
    stopped = ih.Evidence(messages=pl.concat(parts), catalog=catalog())
    results = ih.dependency_fragility.level_checks(stopped).filter(check="silence")["result"].to_list()
    assert (results, verdicts(stopped)) == (["failed", "passed", "passed", "passed"], ["unstable"] * 4)


def test_one_failing_bank_feed_blocks_the_three_levels_above_and_frees_them_when_it_is_fixed():
    broken = rungs(company(bank_feed=0.2))
    assert [broken[level]["verdict"] for level in LEVELS] == ["unstable"] * 4
    assert [broken[level]["blocked_by"] for level in LEVELS] == ["foundation: bank-feed"] * 4
    assert [broken[level]["stable"] for level in LEVELS] == [0, 1, 1, 1]
    assert broken["experience"]["why"] == (
        "stands on foundation, where 1 of 1 is not stable, bank-feed first: "
        "68 of 336 messages failed or came in part, 0.5% may"
    )
    fixed = company()
    assert verdicts(fixed) == ["stable"] * 4
    assert rungs(fixed)["operations"]["blocked_by"] is None
    assert ih.dependency_fragility.report(fixed).findings.is_empty()


def test_what_fails_above_blocks_nothing_below():
    assert verdicts(company(sales_cube=0.2)) == ["stable", "stable", "unstable", "unstable"]


def test_a_level_with_nothing_is_absent_and_what_stands_on_it_is_not_stable():
    without = catalog(*(entry(name) for name in FEEDS if name != "pick-lists"))
    evidence = company(without)
    assert verdicts(evidence) == ["stable", "absent", "unstable", "unstable"]
    seen = rungs(evidence)
    assert seen["operations"] | {"why": None} == dict.fromkeys(seen["operations"]) | {
        "level": "operations",
        "verdict": "absent",
        "integrations": 0,
        "stable": 0,
        "uncertain": 0,
        "seen_to_fail": 0,
        "changes": 0,
    }
    assert seen["experience"]["blocked_by"] == "operations: absent"
    assert seen["experience"]["why"] == "stands on operations, which is absent"


@pytest.mark.parametrize(
    ("go_live", "failed", "verdict"),
    [
        (date(2026, 3, 10), 0.2, "house of cards"),
        (date(2026, 2, 22), 0.2, "house of cards"),
        (date(2026, 2, 21), 0.2, "unstable"),  # the 28 days begin with the day after
        (date(2026, 6, 1), 0.2, "house of cards"),  # it is still to come
        (date(2026, 3, 10), 0.0, "stable"),
        (None, 0.2, "unstable"),
    ],
)
def test_a_new_integration_on_an_unstable_level_is_a_house_of_cards(go_live, failed, verdict):
    declared = catalog(*(entry(name, go_live=go_live if name == "shop-orders" else None) for name in FEEDS))
    seen = rungs(company(declared, bank_feed=failed))
    assert seen["experience"]["verdict"] == verdict
    assert seen["operations"]["verdict"] == ("unstable" if failed else "stable")
    if verdict == "house of cards":
        live = "goes live on" if go_live > END.date() else "live since"
        assert seen["experience"]["why"].startswith(
            f"shop-orders ({live} {go_live}) stands on foundation, where 1 of 1"
        )
        assert seen["experience"]["blocked_by"] == "foundation: bank-feed"
        assert seen["experience"]["weakest"] == "bank-feed"


def test_what_is_new_on_the_foundation_stands_on_nothing():
    declared = catalog(*(entry(name, go_live=date(2026, 3, 10)) for name in FEEDS))
    assert verdicts(company(declared, bank_feed=0.2)) == ["unstable"] + ["house of cards"] * 3
    assert verdicts(company(declared)) == ["stable"] * 4


def spent(**sent: pl.DataFrame) -> dict[str, dict]:
    parts = [sent.get(name.replace("-", "_"), feed(name)) for name in FEEDS]
    evidence = ih.Evidence(messages=pl.concat(parts), catalog=catalog())
    return {row["level"]: row for row in ih.dependency_fragility.level_spend(evidence).to_dicts()}


def test_an_integration_first_seen_in_these_days_is_new_and_one_that_sends_rarely_is_not():
    assert spent(shop_orders=feed("shop-orders", first=60))["experience"]["changed"] == [
        "shop-orders (first message on 2026-03-02)"
    ]
    assert spent(shop_orders=feed("shop-orders", first=40))["experience"]["changes"] == 0
    # 28 of 80 days: (28/80) ^ 5 = 0.5%, ^ 4 = 1.5% that all days of sending lie in them by chance.
    few = feed("shop-orders", first=60)
    days = few["sent_at"].dt.date()
    for kept, new in ((4, 0), (5, 1)):
        rare = few.filter(days.is_in(days.unique().sort().head(kept).implode()))
        assert spent(shop_orders=rare)["experience"]["changes"] == new


def test_a_go_live_long_ago_makes_the_first_message_seen_no_news():
    declared = catalog(*(entry(name, go_live=date(2024, 1, 1)) for name in FEEDS))
    parts = [feed(name, first=60 if name == "shop-orders" else 0) for name in FEEDS]
    evidence = ih.Evidence(messages=pl.concat(parts), catalog=declared)
    assert ih.dependency_fragility.level_spend(evidence)["changes"].sum() == 0


def test_spending_is_told_by_level_with_what_is_red_below():
    seen = spent(bank_feed=feed("bank-feed", failed=0.2), shop_orders=feed("shop-orders", first=60, a_day=24))
    assert [seen[level]["unstable_below"] for level in LEVELS] == [None, "foundation", "foundation", "foundation"]
    assert [seen[level]["change_share"] for level in LEVELS] == [0, 0, 0, 1]
    assert [seen[level]["messages"] for level in LEVELS] == [336, 336, 336, 480]
    assert sum(row["message_share"] for row in seen.values()) == pytest.approx(1)


def test_days_of_parts_add_up_to_those_of_the_whole():
    whole = company().messages.sample(fraction=1, shuffle=True, seed=1)
    parts = [standing.day_facts(whole[:700]), standing.day_facts(whole[700:])]
    assert_frame_equal(merged(parts, ("integration", "day")).sort("integration", "day"), standing.day_facts(whole))


def test_a_first_message_of_1970_makes_nothing_old():
    wrong = (
        feed("shop-orders", first=60)
        .with_row_index("row")
        .with_columns(
            sent_at=pl.when(pl.col("row") == 0).then(pl.lit(datetime(1970, 1, 1, tzinfo=UTC))).otherwise("sent_at")
        )
    )
    assert spent(shop_orders=wrong.drop("row"))["experience"]["changes"] == 1


def test_a_catalog_without_levels_has_no_ladder_and_is_told_which_key_makes_one():
    report = ih.dependency_fragility.report(company(catalog(*({"integration": name} for name in FEEDS))))
    assert report.tables["levels"].is_empty()
    assert "key `level` of integrations in the catalog" in report.notes["levels"]
    overview = ih.overview.report({"dependency_fragility": report})
    assert overview.notes["levels"] == report.notes["levels"]


def test_another_word_than_the_four_is_no_level_and_is_said():
    declared = catalog(*(entry(name) for name in list(FEEDS)[:3]), {"integration": "shop-orders", "level": "platform"})
    report = ih.dependency_fragility.report(company(declared))
    assert report.tables["levels"]["verdict"].to_list() == ["stable", "stable", "stable", "absent"]
    assert report.notes["levels"].endswith("for them: shop-orders.")


def test_integrations_that_the_catalog_does_not_know_stand_nowhere_and_are_named():
    said = said_of_levels(rungs_of(["stable"]), catalog().integrations, pl.Series([f"x{n}" for n in range(5)]))
    assert said.endswith(": x0, x1, x2 and 2 more.")
    assert said_of_levels(rungs_of(["stable"]), catalog().integrations, pl.Series(["bank-feed"])) is None


def rungs_of(verdict: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"level": LEVELS[: len(verdict)], "verdict": verdict})


def test_a_catalog_alone_says_who_has_no_owner_and_nothing_else():
    assert verdicts(ih.Evidence(catalog=catalog())) == ["not enough data"] * 4
    nobody = catalog(*(entry(name, owner=None if name == "bank-feed" else "team") for name in FEEDS))
    evidence = ih.Evidence(catalog=nobody)
    assert verdicts(evidence) == ["unstable"] * 4
    assert ih.dependency_fragility.level_spend(evidence)["changes"].sum() == 0


def test_one_name_twice_in_the_catalog_counts_once():
    declared = catalog(*(entry(name) for name in FEEDS), entry("bank-feed", owner=None))
    assert rungs(company(declared))["foundation"]["integrations"] == 1


def test_the_overview_shows_the_same_ladder():
    reports = ih.all_reports(company(bank_feed=0.2))
    table = reports["dependency_fragility"].tables["levels"]
    assert_frame_equal(ih.overview.report(reports).tables["levels"], table)
    assert_frame_equal(ih.overview.levels(reports), table)
    without = {"latency": reports["latency"]}
    assert ih.overview.levels(without).is_empty()
    assert "not among these reports" in ih.overview.report(without).notes["levels"]


@st.composite
def landscapes(draw: st.DrawFn) -> list[tuple[str, str, bool, bool]]:
    """Integrations with level, whether a check fails, and whether each is new."""
    each = st.tuples(st.sampled_from(LEVELS), st.booleans(), st.booleans())
    return [(f"i{number}", *drawn) for number, drawn in enumerate(draw(st.lists(each, min_size=1, max_size=12)))]


def climbed(rows: list[tuple[str, str, bool, bool]]) -> list[str]:
    """The verdicts, one level after the other."""
    said, red, gap = [], False, False
    for level in LEVELS:
        here = [row for row in rows if row[1] == level]
        broken = any(fails for _, _, fails, _ in here)
        if not here:
            said.append("absent")
        elif red and any(new for *_, new in here):
            said.append("house of cards")
        else:
            said.append("unstable" if broken or red or gap else "stable")
        red, gap = red or broken, gap or not here
    return said


def table_of(rows: list[tuple[str, str, bool, bool]]) -> pl.DataFrame:
    made = [
        {"level": level, "integration": name, "check": "success", "result": "failed" if fails else "passed", "why": "x"}
        for name, level, fails, _ in rows
    ]
    new = [{"integration": name, "level": level, "why": "new"} for name, level, _, fresh in rows if fresh]
    of = pl.DataFrame(made, schema=checks.CHECKS)
    return ladder.levels(of, pl.DataFrame(new, schema={"integration": pl.String, "level": pl.String, "why": pl.String}))


@given(landscapes())
def test_the_ladder_is_what_climbing_it_says(rows):
    table = table_of(rows)
    assert table["verdict"].to_list() == climbed(rows)
    blocked = table.filter(pl.col("blocked_by").is_not_null())["verdict"]
    assert set(blocked) <= {"unstable", "house of cards"}
    assert table["verdict"].is_in(["unstable", "house of cards"]).sum() == len(blocked)
    assert not table.filter(pl.col("why").is_null())["verdict"].is_in(["unstable", "house of cards"]).any()


@given(landscapes(), st.data())
def test_mending_one_integration_never_makes_a_level_worse(rows, data):
    order = {"stable": 0, "unstable": 1, "house of cards": 2, "absent": 3}
    mended = data.draw(st.sampled_from(range(len(rows))))
    after = [(*row[:2], False, row[3]) if place == mended else row for place, row in enumerate(rows)]
    pairs = zip(table_of(rows)["verdict"], table_of(after)["verdict"], strict=True)
    assert all(order[now] <= order[before] for before, now in pairs)


def test_a_house_of_cards_is_a_warning_where_something_failed_and_a_note_where_an_owner_is_missing():
    new = {"go_live": date(2026, 3, 10)}
    declared = catalog(*(entry(name, **(new if name == "shop-orders" else {})) for name in FEEDS))
    said = ih.dependency_fragility.report(company(declared, bank_feed=0.2)).findings
    house = said.filter(rule="house_of_cards").row(0, named=True)
    assert (house["subject"], house["severity"], house["value"], house["n"]) == ("experience", "warning", 0.0, 1)
    assert house["ask"] == "Who decides that shop-orders goes on before bank-feed is stable?"
    assert said.filter(rule="unstable_level").is_empty()
    unowned = catalog(*(entry(n, owner=None) if n == "bank-feed" else entry(n, **new) for n in FEEDS))
    only_owner = ih.dependency_fragility.report(company(unowned)).findings
    assert only_owner.select("rule", "severity").unique().rows() == [("house_of_cards", "note")]
    assert only_owner.height == 3


def test_a_level_that_others_wait_for_is_a_note_and_one_that_nothing_stands_on_is_none():
    said = ih.dependency_fragility.report(company(bank_feed=0.2)).findings.filter(rule="unstable_level")
    assert said.select("subject", "severity").rows() == [("foundation", "note")]
    assert said["statement"][0].endswith("0.5% may. On it stand operations, intelligence, experience.")
    top = ih.dependency_fragility.report(company(shop_orders=0.2)).findings
    assert top.filter(pl.col("rule").is_in(["unstable_level", "house_of_cards"])).is_empty()
    none = level_findings(
        ladder.levels(pl.DataFrame(schema=checks.CHECKS), NO_CHANGES), NO_CHANGES, catalog().integrations
    )
    assert none.is_empty()


NO_CHANGES = pl.DataFrame(schema={"integration": pl.String, "level": pl.String, "why": pl.String})


@pytest.mark.parametrize("seed", [3, 14, 27])
def test_of_a_healthy_company_every_level_is_stable(seed):
    evidence = played(drawn_company(seed), declared=True)
    table = ih.dependency_fragility.levels(evidence)
    assert table["verdict"].to_list() == ["stable"] * 4
    assert table["integrations"].sum() == evidence.catalog.integrations.height > 10
    new = ih.dependency_fragility.level_spend(evidence)["changes"]
    assert new.sum() == 0


def test_the_ladder_is_drawn_with_words_and_without_data_says_why():
    spec = charts.ladder_chart(ih.dependency_fragility.levels(company(bank_feed=0.2))).to_dict()
    said = json.dumps(spec)
    assert spec["title"]["text"] == "Foundation is not stable, and 3 levels stand on it"
    assert spec["layer"][1]["encoding"]["y"]["sort"] == list(reversed(LEVELS))
    assert all(word in said for word in ("unstable", "0/1", "bank-feed first: 68 of 336"))
    bare = charts.ladder_chart(rungs_with("stable", "stable", "absent", "unstable"), reasons=False).to_dict()
    assert len(bare["layer"]) == len(spec["layer"]) - 1
    assert bare["title"]["text"] == "Stable integrations of each level"
    assert "the catalog names no level" in json.dumps(charts.ladder_chart(rungs_with()).to_dict())


def rungs_with(*verdicts: str) -> pl.DataFrame:
    rows = [{"level": level, "verdict": said} for level, said in zip(LEVELS, verdicts, strict=False)]
    return pl.DataFrame(rows, schema=ladder.LADDER).with_columns(integrations=pl.lit(1), stable=pl.lit(0))


@pytest.mark.parametrize(
    ("verdicts", "title"),
    [
        (("stable",) * 4, "Every level stands on stable ones"),
        (("stable", "stable", "absent", "unstable"), "Experience is not stable"),
        (("unstable", "house of cards", "unstable", "house of cards"), "Operations and experience: a house of cards"),
        (("unstable", *["house of cards"] * 3), "Operations, intelligence and experience: a house of cards"),
        (("unstable", "absent", "absent", "unstable"), "Foundation is not stable, and one level stands on it"),
        (("stable", "not enough data", "stable", "stable"), "Too little is known of some levels"),
    ],
)
def test_the_title_of_the_ladder_says_what_it_shows(verdicts, title):
    assert charts.ladder_chart(rungs_with(*verdicts)).to_dict()["title"]["text"] == title


def test_a_system_is_on_the_lowest_level_of_its_integrations():
    ends = [
        {"source": "hub", "target": "shop", "level": "experience"},
        {"source": "bank", "target": "hub", "level": "foundation"},
        {"source": "shop", "target": "cube", "level": "intelligence"},
        {"source": "alone", "target": None, "level": "platform"},
    ]
    declared = catalog(*(each | {"integration": f"i{number}"} for number, each in enumerate(ends)))
    table = ih.dependency_fragility.system_levels(ih.Evidence(catalog=declared))
    assert table.rows() == [
        ("bank", 0, "foundation"),
        ("hub", 0, "foundation"),
        ("cube", 2, "intelligence"),
        ("shop", 2, "intelligence"),
    ]


@pytest.mark.parametrize("verdict", ["stable", "unstable", "house of cards"])
def test_the_ladder_of_the_front_page_takes_no_more_words_than_are_left_for_it(verdict):
    table = rungs_with(*["unstable", verdict, verdict, verdict])
    spec = charts.ladder_chart(table, reasons=False).to_dict()
    title = f"{spec['title']['text']} {spec['title']['subtitle']}"
    (rows,) = [rows for rows in spec["datasets"].values() if "counted" in rows[0]]
    said = " ".join([title, *(f"{row['level']} {row['verdict']} {row['counted']}" for row in rows)])
    assert len(title.split()) <= FRONT_PAGE_LADDER
    many = pl.concat(findings("a", f"rule {number}", SAID) for number in range(5))
    assert ih.overview.worst(many).height == 5
    shown = ih.overview.worst(many, ladder=table)
    assert 0 < shown.height < 5
    # With "nobody named", which stands where there is no owner.
    beside = shown.select(pl.concat_str("severity", "statement", "ask", separator=" ").str.split(" ").list.len() + 2)
    assert len(said.split()) + beside.to_series().sum() + FRONT_PAGE_FRAME <= FRONT_PAGE_WORDS
    assert ih.overview.worst(many, ladder=table.clear()).height == 5


SAID = pl.DataFrame({"subject": "x", "severity": "warning", "statement": "it is ill " * 7, "ask": "Why is it so?"})
