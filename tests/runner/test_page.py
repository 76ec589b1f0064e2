"""Pages: one file, offline, in which text from logs can do nothing."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from integrhealth.charts.tables import front_page
from integrhealth.language.findings import findings
from integrhealth.runner.page import CHART_MIME, MAX_TEXT, METHOD, Link, inert_html, json_in_html, page, plain

ATTACKS = (
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(2)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "<p style='background:url(http://example.com)'>x</p>",
    "<style>@import 'http://example.com/x.css'</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<form action='http://example.com'><button>send</button></form>",
    "<meta http-equiv=refresh content='0;url=http://example.com'>",
    "<p onclick=alert(1) id=ih-code>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
)


class Elements(HTMLParser):
    """The elements a browser would make, with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def notebook(*outputs, source="1 + 1"):
    return new_notebook(cells=[new_code_cell(source, outputs=list(outputs), id="only")])


def body(html):
    """The page without its style and its own scripts."""
    return re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("attack", ATTACKS)
def test_html_from_outputs_is_inert(attack):
    for tag, attributes in Elements(inert_html(f"<p class='ih-note'>kept</p>{attack}")).found:
        assert tag not in {"script", "img", "svg", "style", "iframe", "form", "button", "meta", "math", "noscript"}
        assert not {name for name in attributes if name.startswith("on") or name in {"style", "src", "id"}}
        assert not attributes.get("href", "").lower().startswith("java")


def test_our_own_tables_keep_their_form():
    table = (
        '<div class="ih-table" tabindex="0"><table><caption>Hops</caption>'
        '<thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td class="n">1</td></tr></tbody></table></div>'
    )
    assert inert_html(table) == table


@pytest.mark.parametrize("kind", ["text/plain", "text/markdown"])
def test_text_and_markdown_from_outputs_stay_text(kind):
    attacks = "\n".join([*ATTACKS, "{{7*7}}", "{% raw %}", "$(rm -rf /)", "=cmd()", "[x](javascript:alert(1))"])
    html = body(page(notebook(new_output("display_data", {kind: attacks})), title="t"))
    quiet = body(page(notebook(new_output("display_data", {kind: "x"})), title="t"))
    assert Elements(html).found == Elements(quiet).found
    assert "{{7*7}}" in html


def test_scripts_from_outputs_are_left_out():
    html = page(notebook(new_output("display_data", {"application/javascript": "window.__pwned = 1"})), title="t")
    assert "__pwned" not in html


def test_the_error_stands_escaped_at_the_top():
    html = page(notebook(), title="t", error="ValueError: <script>alert(1)</script>")
    assert "ValueError: &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert html.index("This report failed") < html.index("1</span>")


def test_a_chart_cannot_end_the_element_it_stands_in():
    spec = {"title": "</script><script>alert(1)</script><!--", "data": {"values": []}}
    html = page(notebook(new_output("display_data", {CHART_MIME: spec})), title="t", charts=lambda: "let vega;")
    scripts = [attributes for tag, attributes in Elements(html).found if tag == "script"]
    assert scripts == [{"type": "application/json"}, {}, {}]
    assert json_in_html("</script>&") == '"\\u003c/script>\\u0026"'


def test_only_the_scripts_of_the_page_may_run_and_nothing_may_be_fetched():
    html = page(
        notebook(new_output("display_data", {CHART_MIME: {}})), title="t", charts=lambda: "let vega = '\u00e9';"
    )
    policy = next(attributes["content"] for tag, attributes in Elements(html).found if "http-equiv" in attributes)
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(digests) == 2
    assert all(f"'sha256-{digest}'" in policy for digest in digests)
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"https?:|\*", policy)


def test_the_chart_script_comes_once_and_only_with_charts():
    two = notebook(*[new_output("display_data", {CHART_MIME: {}})] * 2)
    assert page(two, title="t", charts=lambda: "let vega;").count("let vega;") == 1
    assert "let vega;" not in page(notebook(), title="t", charts=lambda: "let vega;")


def test_nothing_on_a_page_has_an_outside_address():
    html = page(notebook(new_output("display_data", {"text/html": "<p>x</p>"})), title="t")
    found = Elements(html).found
    assert not [tag for tag, attributes in found if tag in {"link", "img", "iframe"} or "src" in attributes]


def test_links_lead_to_the_other_reports_and_mark_this_one():
    links = [Link("index.html", "Overview"), Link("latency.html", "<Latency>", current=True)]
    html = page(notebook(), title="t", links=links)
    found = [attributes for tag, attributes in Elements(html).found if tag == "a"]
    assert found[1:] == [{"href": "index.html"}, {"href": "latency.html", "aria-current": "page"}]
    assert "&lt;Latency&gt;" in html


def test_the_method_is_folded():
    cells = [new_markdown_cell("# Title", id="a"), new_markdown_cell(f"{METHOD}\n\nfailed / ended", id="b")]
    html = body(page(new_notebook(cells=cells), title="t"))
    assert "<summary>How this is counted</summary>\n<p>failed / ended</p>" in html


def sectioned(*headings, rules=()):
    cells = [new_markdown_cell("# Title\n\nWhy?", id="title")]
    cells += [new_markdown_cell(f"## {heading}\n\nRead on.", id=f"c{n}") for n, heading in enumerate(headings)]
    cells[-1].metadata["integrhealth"] = {"rules": list(rules)}
    return new_notebook(cells=cells)


def test_every_section_has_an_anchor_of_its_own_and_stands_in_the_contents():
    html = page(sectioned("The <b>numbers</b>", "Numbers: the_same", "Numbers: the same", METHOD[3:]), title="t")
    anchors = ["the-b-numbers-b", "numbers-the-same", "numbers-the-same-2", "how-this-is-counted"]
    found = Elements(html).found
    assert [attributes["href"] for tag, attributes in found if tag == "a"][1:] == [f"#{name}" for name in anchors]
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert [each for each in ids if not each.startswith("ih-")] == anchors
    assert len(ids) == len(set(ids))
    assert html.index("Why?") < html.index('class="ih-contents"') < html.index('id="the-b-numbers-b"')
    assert "The &lt;b&gt;numbers&lt;/b&gt;</a>" in html


def test_a_page_of_one_section_has_no_contents():
    html = body(page(sectioned("Alone"), title="t"))
    assert "ih-contents" not in html
    assert '<section id="alone">' in html


def test_a_finding_of_the_front_page_leads_to_the_section_that_shows_it():
    rows = pl.DataFrame({"subject": ["a"], "severity": ["warning"], "statement": ["slow"], "ask": ["Why?"]})
    found = findings("latency", "slow_one", rows.with_columns(owner=None)).with_columns(more=pl.lit(0))
    shown = front_page(found)
    front = page(notebook(new_output("display_data", {"text/html": shown.html})), title="t")
    (link,) = re.findall(r'<a href="(latency[^"]*)">slow</a>', front)
    file, _, anchor = link.partition("#")
    assert file == "latency.html"
    report = page(sectioned("One", "Two", rules=["slow_one", "slow_one"]), title="t")
    assert report.count(f'id="{anchor}"') == 1
    assert report.index('id="one"') < report.index(f'id="{anchor}"') < report.index('id="two"')
    assert 'href="latency.ipynb"' in front_page(found, pages=".ipynb").html


def test_the_code_is_on_the_page():
    assert '<div class="ih-code">' in page(notebook(source="answer = 42"), title="t")


def test_long_text_is_cut_and_terminal_codes_are_dropped():
    cut = plain("\x1b[31mred\x1b[0m\x07 \u202e" + "y" * 1_000_000)
    assert cut.startswith("red y")
    assert len(cut) < MAX_TEXT + 100
    assert cut.endswith("1,000,015 characters in all")


def test_the_notebook_is_not_changed():
    given = notebook(new_output("display_data", {"text/plain": "x"}))
    before = nbformat.writes(given)
    page(given, title="t")
    assert nbformat.writes(given) == before
