"""The look of the kit's charts, and what draws them: live in JupyterLab and in the pages, with no network.

Only charts that ``titled`` or ``nothing`` made carry it: Altair's own theme and renderer stay as the analyst has
them. Who wants the look for charts of their own says ``alt.theme.enable("integrhealth")``, and to have them live in
pages ``alt.renderers.enable("integrhealth")``.

Colours have one meaning across all reports: NEUTRAL for context, ACCENT for what the title speaks of, FAILURE for
what went wrong. They and CATEGORIES are Okabe and Ito's, told apart by colour-blind readers and in grey print.
"""

import textwrap
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from integrhealth.language.safe_text import visible

NEUTRAL, ACCENT, FAILURE = "#8a93a0", "#0072B2", "#D55E00"
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
# One sequential scale, from little to much; dark means much on paper.
SEQUENTIAL = "viridis"
WIDTH = 620
# Letters that fit beside one another in a title, and in the smaller line below it.
TITLE_LETTERS, SUBTITLE_LETTERS = 64, 90
# The texts of a chart end here, its expressions never.
LONGEST_TEXT = 400
EXPRESSIONS = {"expr", "test", "calculate", "filter", "labelExpr"}
MIME = "application/vnd.vegalite.v5+json"
NAME = "integrhealth"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@alt.theme.register(NAME, enable=False)
def theme() -> alt.theme.ThemeConfig:
    """House style. Ink and paper are left to the page, which knows whether it is dark."""
    return {
        "config": {
            "background": "transparent",
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 260},
            "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleY": -8, "titleX": 0},
            "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
            "title": {
                "anchor": "start",
                "frame": "group",
                "fontSize": 16,
                "fontWeight": 600,
                "subtitleFontSize": 12,
                "offset": 14,
            },
            "range": {"category": list(CATEGORIES)},
            "bar": {"color": ACCENT},
        }
    }


class _OfTheKit:
    """What makes an Altair chart one of the kit: its look, and a display that needs no network."""

    def to_dict(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The Vega-Lite spec in the look of the kit, whichever theme is enabled."""
        with alt.theme.enable(NAME):
            return super().to_dict(*args, **options)

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> Any:
        """What Jupyter shows: the kit's own, or what the analyst enabled in place of Altair's default."""
        spec = self.to_dict()
        chosen = None if alt.renderers.active == "default" else alt.renderers.get()
        return _bundle(spec) if chosen is None else chosen(_shown(spec))


@cache
def _kind(chart: type) -> type:
    """The class of charts of the kit for one of Altair's classes of charts."""
    return type(chart.__name__, (_OfTheKit, chart), {"__module__": __name__})


def _of_the_kit(chart: Any) -> Any:
    """`chart` as one of the kit; everything Altair can do with a chart can still be done with it."""
    drawn = chart.copy(deep=False)
    if not isinstance(drawn, _OfTheKit):
        # Charts take attributes for parts of their spec, the class excepted.
        object.__setattr__(drawn, "__class__", _kind(type(drawn)))
    return drawn


def titled(chart: Any, title: str, subtitle: str) -> Any:
    """`chart` as one of the kit, with a title that says what it says, and a subtitle what it shows: unit, n, period."""
    said = {"title": alt.TitleParams(title, subtitle=subtitle), "description": f"{title}. {subtitle}"}
    return _of_the_kit(chart.properties(**said))


def in_lines(text: str, letters: int) -> str | list[str]:
    """`text` in lines of at most so many `letters`, or as it is where one is enough."""
    lines = textwrap.wrap(text, letters)
    return lines if len(lines) > 1 else text


def nothing(sentence: str) -> alt.Chart:
    """In place of a chart without data: the sentence that says why."""
    text = alt.Chart(pl.DataFrame({"why": [sentence]})).mark_text(align="left", fontSize=13, color=NEUTRAL)
    drawn = text.encode(x=alt.value(0), text="why:N").properties(width=WIDTH, height=24, description=sentence)
    return _of_the_kit(drawn)


def _bundle(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The mime bundle of a chart: the Vega-Lite spec that JupyterLab draws by itself, and its description as text."""
    drawn = _shown(spec) | {"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}
    return {MIME: drawn, "text/plain": f"<chart: {drawn.get('description', 'untitled')}>"}


def _shown(part: Any) -> Any:
    """A part of a spec with its texts, many of them from logs, visible and cut, and titles in lines that fit.

    Expressions are the kit's own.
    """
    if isinstance(part, dict):
        shown = {visible(key): value if key in EXPRESSIONS else _shown(value) for key, value in part.items()}
        return _title_in_lines(shown) if shown.keys() >= {"text", "subtitle"} else shown
    if isinstance(part, list):
        return [_shown(item) for item in part]
    if isinstance(part, str) and len(part) > LONGEST_TEXT:
        part = part[: LONGEST_TEXT - 1] + "…"
    return visible(part) if isinstance(part, str) else part


def _title_in_lines(title: dict[str, Any]) -> dict[str, Any]:
    letters = {"text": TITLE_LETTERS, "subtitle": SUBTITLE_LETTERS}
    return title | {key: in_lines(title[key], most) for key, most in letters.items() if isinstance(title[key], str)}


alt.renderers.register(NAME, _bundle)
