"""An executed notebook as one HTML file that opens with no network: charts live, code one click away.

Outputs hold text from logs, which is hostile: HTML is made inert, scripts and markdown from outputs never run, and
the page's own policy lets no other script run and no request leave.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import Any

from integrhealth.language.safe_text import ACTING
from integrhealth.runner.footprint import footprint
from integrhealth.runner.startup import spare_grammar

spare_grammar()

import bleach  # noqa: E402
from nbconvert.exporters.html import HTMLExporter  # noqa: E402
from pygments.formatters import HtmlFormatter  # noqa: E402

TEMPLATES = Path(__file__).parent / "templates"
CHART_MIME = "application/vnd.vegalite.v5+json"
# The heading of the cell of a notebook that a page folds.
METHOD = "## How this is counted"
# A page with fewer sections needs no table of contents.
FEWEST_SECTIONS = 2
# Where the foot of a page states its footprint, once the rest of it can be counted.
STATED = '<p class="ih-footprint"></p>'
HEADING = re.compile(r"## +(.*\S)")
MAX_TEXT = 20_000
BUNDLE = """
import sys
from integrhealth.runner.orphans import end_with_parent
end_with_parent(int(sys.argv[1]))
import vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode())
"""
TAGS = frozenset(
    tag
    for kinds in (
        "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure",
        "h1 h2 h3 h4 h5 h6 hr i kbd li mark meter ol p pre q s section small span strong sub summary sup",
        "table tbody td tfoot th thead time tr u ul",
    )
    for tag in kinds.split()
)
ATTRIBUTES = {
    "*": ["class", "title", "role", "aria-label", "tabindex"],
    "a": ["href"],
    "details": ["open"],
    "meter": ["value", "min", "max"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
    "time": ["datetime"],
}
# No text to a browser, so taken out whole: the sanitiser, which comes after, would leave their words standing.
UNSEEN = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\|\Z)|.)", re.DOTALL)
CONTROL = re.compile(ACTING)


@dataclass(frozen=True)
class Link:
    """A link of the page: the file beside it, what it is called, whether it is this page."""

    file: str
    title: str
    current: bool = False


@dataclass(frozen=True)
class Section:
    """A section of the page: its heading, the anchor made of its words, and the rules of findings that it shows."""

    title: str
    anchor: str
    rules: tuple[str, ...] = ()


@cache
def chart_script() -> str:
    """Vega, Vega-Lite and vega-embed as one script that may stand inside a page; made once per process.

    Takes a second, in a process of its own: vl_convert keeps Python's lock all the while, and kernels would wait.
    """
    command = [sys.executable, "-P", "-c", BUNDLE, str(os.getpid())]
    script = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout.decode()
    return script.replace("\r", "").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def page(
    notebook: Any,
    *,
    title: str,
    charts: Callable[[], str] = chart_script,
    links: Iterable[Link] = (),
    files: Iterable[Link] = (),
    footer: str = "",
    news: str | None = None,
    error: str | None = None,
) -> str:
    """The notebook as HTML; `links` lead to the other reports, `files` to the numbers, `error` stands at the top.

    `news` is a sentence below the title. `charts` gives the script that draws them, so that many pages can share the
    work of making it. The foot states the footprint of the page.
    """
    begun = sections(notebook)
    listed = list(begun.values()) if len(begun) >= FEWEST_SECTIONS else []
    # nbconvert's resources are dictionaries, and a template sees what stands in them.
    scripts = [charts(), _source("page.js")] if _has_charts(notebook) else [_source("page.js")]
    described = {
        "title": title,
        "links": list(links),
        "files": list(files),
        "contents": listed,
        "title_cell": next((n for n, cell in enumerate(notebook.cells) if cell.source.startswith("# ")), None),
        "sections": begun,
        "footer": footer,
        "stated": STATED,
        "news": news,
        "error": plain(error) if error is not None else None,
        "error_cell": "integrhealth-error",
        "method": METHOD,
        "chart_mime": CHART_MIME,
        "style": _source("page.css") + _code_style(),
        "scripts": scripts,
        "policy": _policy(scripts),
    }
    exporter = HTMLExporter(
        template_name="ihreport",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        preprocessors=[],
        default_preprocessors=[],
        filters={"inert_html": inert_html, "json_in_html": json_in_html, "plain": plain},
    )
    exporter.environment.globals["page"] = described
    html, _ = exporter.from_notebook_node(notebook)
    # The last: what came out of cells may hold the same words.
    before, _, after = html.rpartition(STATED)
    return f'{before}<p class="ih-footprint">{footprint(html).stated().sentence}</p>{after}'


def sections(notebook: Any) -> dict[int, Section]:
    """The sections of a notebook by the place of the cell that begins them: markdown that begins with ``## ``.

    Which findings a section shows is declared in the metadata of that cell: ``{"integrhealth": {"rules": [...]}}``.
    """
    begun, taken = {}, set()
    for place, cell in enumerate(notebook.cells):
        heading = HEADING.match(cell.source) if cell.cell_type == "markdown" else None
        if heading:
            anchor = _free(re.sub(r"\W+", "-", heading[1].lower().replace("_", "-")).strip("-") or "section", taken)
            shown = cell.metadata.get("integrhealth", {}).get("rules", ())
            rules = tuple(rule for rule in dict.fromkeys(shown) if f"rule-{rule}" not in taken)
            taken |= {f"rule-{rule}" for rule in rules}
            begun[place] = Section(heading[1], anchor, rules)
    return begun


def _free(word: str, taken: set[str]) -> str:
    """The first of word, word-2, word-3 that is not taken, and takes it."""
    free = next(name for name in chain([word], (f"{word}-{number}" for number in count(2))) if name not in taken)
    taken.add(free)
    return free


def _has_charts(notebook: Any) -> bool:
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return any(CHART_MIME in output.get("data", {}) for output in outputs)


@cache
def _source(name: str) -> str:
    return (TEMPLATES / "ihreport" / name).read_text(encoding="utf-8")


@cache
def _code_style() -> str:
    light, dark = (HtmlFormatter(style=style).get_style_defs(".ih-code") for style in ("default", "github-dark"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n.ih-code .highlight {{ background: none; }}"


def _policy(scripts: list[str]) -> str:
    """Only these very scripts may run, and nothing may be fetched. Vega compiles expressions, hence unsafe-eval."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed} 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )


def inert_html(html: Any) -> str:
    """`html` with nothing left in it that acts or fetches: no script, style, picture, form or event handler."""
    seen = UNSEEN.sub("", "".join(html))
    return bleach.clean(seen, tags=TAGS, attributes=ATTRIBUTES, protocols=["http", "https", "mailto"], strip=True)


def json_in_html(value: Any) -> str:
    """`value` as JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")


def plain(text: Any) -> str:
    """Text as a person may see it: no terminal codes, no invisible characters, at most MAX_TEXT characters."""
    whole = "".join(text)
    shown = CONTROL.sub("", ANSI.sub("", whole[: 2 * MAX_TEXT]))
    cut = len(shown) > MAX_TEXT or len(whole) > 2 * MAX_TEXT
    return f"{shown[:MAX_TEXT]}\n… cut, {len(whole):,} characters in all" if cut else shown
