"""Charts of owners and of blame: what they say, and what they do without data and with hostile names."""

import json

import polars as pl
import pytest
import vl_convert

from integrhealth.analyses.accountability.blame.ledger import ACCUSATIONS
from integrhealth.analyses.accountability.charts.blame import blame_matrix
from integrhealth.analyses.accountability.charts.owners import owner_chart
from integrhealth.analyses.accountability.owners.verdicts import OWNERS, VERDICTS

HOSTILE = "<script>alert(1)</script>"


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def owned(*verdicts: tuple[str, str | None]) -> pl.DataFrame:
    made = [
        {"integration": f"{HOSTILE}{place}", "verdict": verdict, "level": level, "messages": place, "incidents": 1}
        for place, (verdict, level) in enumerate(verdicts)
    ]
    return pl.DataFrame(made, schema=OWNERS)


@pytest.mark.parametrize(
    ("verdicts", "title"),
    [
        (["owned", "nobody", "nobody", "never answered"], "Nobody owns 2 of 4 integrations"),
        (["owned", "never answered"], "The owners of 1 of 2 integrations never answered"),
        (["owned", "team only"], "A person owns 1 of 2 integrations"),
    ],
)
def test_owners_are_bars_by_level_and_the_worst_is_the_title(verdicts, title):
    levels = ["foundation", "experience", None, "foundation"]
    spec, svg = drawn(owner_chart(owned(*zip(verdicts, levels, strict=False))))
    assert spec["title"]["text"] == title
    assert f"n = {len(verdicts)} integrations" in spec["description"]
    assert sum(row["integrations"] for row in rows(spec)) == len(verdicts)
    assert svg.index("experience") < svg.index(">foundation")
    assert "<script" not in svg


def test_every_verdict_has_its_colour():
    spec, _ = drawn(owner_chart(owned(*((verdict, "operations") for verdict in VERDICTS))))
    assert set(spec["encoding"]["color"]["scale"]["domain"]) == set(VERDICTS)
    assert len(set(spec["encoding"]["color"]["scale"]["range"])) == len(VERDICTS)


def accused(*told: tuple[str, str, int, int]) -> pl.DataFrame:
    made = [
        {"blamed": blamed, "root": root, "accused": count, "cases": cases, "wrong": 0 if blamed == root else count}
        | {"days_lost": 1.0, "wrong_share": None if cases < 10 else 0.0 if blamed == root else count / cases}
        for blamed, root, count, cases in told
    ]
    return pl.DataFrame(made, schema=ACCUSATIONS)


def test_the_matrix_names_who_is_wrongly_accused_most():
    table = accused(("warehouse", "IT", 30, 40), ("IT", "IT", 10, 40), (HOSTILE, "sales", 2, 3), ("IT", "sales", 1, 3))
    spec, svg = drawn(blame_matrix(table))
    said = spec["title"]["text"]
    title = " ".join(said) if isinstance(said, list) else said
    assert "33 of 43 incidents went to the wrong team first; most often warehouse was blamed for IT (30 of 40)" in title
    assert {row["said"] for row in rows(spec)} == {"30 of 40", "10 of 40", "2 of 3", "1 of 3"}
    assert "30 of 40" in svg
    assert "<script" not in svg


def test_a_matrix_of_many_teams_shows_those_with_most():
    table = accused(*((f"team {place}", "IT", 20 - place, 400) for place in range(12)))
    spec, _ = drawn(blame_matrix(table))
    assert len(rows(spec)) == 8
    assert "8 of 12 teams" in spec["description"]


def test_without_a_wrong_accusation_all_were_right():
    spec, _ = drawn(blame_matrix(accused(("IT", "IT", 10, 10))))
    assert "right one in all 10 incidents" in spec["description"]


@pytest.mark.parametrize(("chart", "table"), [(owner_chart, OWNERS), (blame_matrix, ACCUSATIONS)])
def test_without_rows_a_sentence_stands_in_place_of_the_chart(chart, table):
    spec, _ = drawn(chart(pl.DataFrame(schema=table)))
    assert spec["description"].startswith("No ")
