"""The look of the kit's charts: titles in lines that fit, texts cut, and the analyst's own charts left alone."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import altair as alt
import polars as pl
import pytest

import integrhealth
from integrhealth.charts.theme import (
    ACCENT,
    LONGEST_TEXT,
    MIME,
    SUBTITLE_LETTERS,
    TITLE_LETTERS,
    nothing,
    theme,
    titled,
)

PACKAGE = Path(integrhealth.__file__).parent
# What an analyst sees of a chart of their own before and after every module of charts is imported.
OWN = """
import altair as alt, sys
from importlib import import_module
own = alt.Chart(alt.InlineData([{"x": 1}])).mark_bar().encode(x="x:Q")
look = lambda: (alt.theme.active, alt.renderers.active, own.to_dict(), sorted(own._repr_mimebundle_()))
before = look()
for name in sys.argv[1:]:
    import_module(name)
assert look() == before, look()
print(*before[:2])
"""


def points() -> alt.Chart:
    return alt.Chart(pl.DataFrame({"x": [1]})).mark_point().encode(x="x:Q")


def drawn(title: str, subtitle: str) -> dict:
    return titled(points(), title, subtitle)._repr_mimebundle_()[MIME]


def test_importing_every_module_of_charts_leaves_the_analysts_own_as_they_were():
    found = chain(PACKAGE.rglob("charts.py"), PACKAGE.rglob("charts/*.py"))
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in found]
    assert len(names) > 10
    shown = subprocess.run([sys.executable, "-c", OWN, *names], capture_output=True, text=True, check=False)
    assert (shown.stdout, shown.stderr) == ("default default\n", "")


@pytest.mark.parametrize("kind", ["plain", "layered", "beside", "below", "faceted", "none"])
def test_every_kind_of_chart_carries_the_look_and_is_still_a_chart(kind):
    kinds = {
        "plain": points(),
        "layered": points() + points(),
        "beside": points() | points(),
        "below": points() & points(),
        "faceted": points().facet("x:N"),
    }
    chart = nothing("no rows") if kind == "none" else titled(kinds[kind], "title", "n = 1")
    assert chart.to_dict()["config"] == theme()["config"]
    bundle = chart._repr_mimebundle_()
    assert bundle[MIME]["config"] == theme()["config"]
    assert bundle["text/plain"] == f"<chart: {chart.to_dict()['description']}>"
    assert chart.properties(description="another")._repr_mimebundle_()["text/plain"] == "<chart: another>"


def test_the_analysts_theme_and_renderer_are_not_in_the_way_and_not_lost():
    with alt.theme.enable("opaque"), alt.renderers.enable("json"):
        own, ours = points(), titled(points(), "title", "n = 1")
        assert own.to_dict()["config"]["background"] == "white"
        assert ours.to_dict()["config"]["background"] == "transparent"
        data, _ = ours._repr_mimebundle_()
        assert data["application/json"]["title"]["text"] == "title"
        beside = (own | ours).to_dict()
        assert beside["config"]["background"] == "white"
        assert (alt.theme.active, alt.renderers.active) == ("opaque", "json")
    assert ACCENT not in str(points().to_dict()["config"])


def test_a_long_title_is_broken_into_lines_and_a_short_one_is_left():
    long = ("ERP " * 40).strip()
    spec = drawn(long, long)
    for key, letters in (("text", TITLE_LETTERS), ("subtitle", SUBTITLE_LETTERS)):
        assert max(len(line) for line in spec["title"][key]) <= letters
        assert " ".join(spec["title"][key]).split() == long.split()
    assert spec["description"] == f"{long}. {long}"
    assert drawn("short", "n = 3")["title"] == {"text": "short", "subtitle": "n = 3"}


def test_a_name_without_end_is_cut_before_it_is_broken():
    lines = drawn("x" * 100_000, "n = 3")["title"]["text"]
    assert sum(len(line) for line in lines) == LONGEST_TEXT
