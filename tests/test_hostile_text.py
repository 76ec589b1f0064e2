"""Log text that would act on a page, in a notebook or on a terminal: everywhere it stays text, visible and cut."""

import json
from collections import Counter
from html.parser import HTMLParser

import polars as pl
import pytest
from click.testing import CliRunner
from drawing.bad_input import ACTING, ATTACKS, attacked

from integrhealth.cli import main
from integrhealth.language.findings import findings


class Page(HTMLParser):
    """The elements, attributes, addresses, scripts and text of a page as a browser's parser sees them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.addresses = Counter(), Counter(), set()
        self.scripts, self.text, self._script = [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        self.attributes.update((tag, name) for name, _ in attrs)
        self.addresses |= {value for name, value in attrs if name in ("href", "src")}
        self._script = dict(attrs).get("type", "code") if tag == "script" else None

    def handle_endtag(self, tag):
        self._script = None

    def handle_data(self, data):
        (self.text if self._script is None else self.scripts).append((self._script, data))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The report of the attacked landscape and that of its harmless twin: output folder and what was printed."""
    place = tmp_path_factory.mktemp("attacked")
    shown = {}
    for name in ("hostile", "harmless"):
        logs = attacked(place / f"{name} {{logs}} <b>", hostile=name == "hostile")
        arguments = ["report", str(logs), "--out", str(place / name), "--only", "error_propagation"]
        shown[name] = (place / name, CliRunner().invoke(main, arguments))
        assert shown[name][1].exit_code == 0, shown[name][1].output
    return shown


@pytest.mark.parametrize("name", ["error_propagation.html", "index.html"])
def test_log_text_adds_no_element_attribute_address_or_script_to_a_page(pages, name):
    hostile, harmless = (Page((out / name).read_text(encoding="utf-8")) for out, _ in pages.values())
    assert hostile.elements == harmless.elements
    assert hostile.attributes == harmless.attributes
    assert hostile.addresses == harmless.addresses
    code = [[text for kind, text in page.scripts if kind == "code"] for page in (hostile, harmless)]
    assert code[0] == code[1]
    for kind, text in hostile.scripts:
        if kind == "application/json":
            assert not ACTING.search(json.dumps(json.loads(text), ensure_ascii=False))


def test_log_text_reaches_the_page_as_text_visible_and_cut(pages):
    out, shown = pages["hostile"]
    html = (out / "error_propagation.html").read_text(encoding="utf-8")
    text = "".join(data for _, data in Page(html).text)
    for attack in ATTACKS[:15]:
        assert attack.strip() in text, attack
    assert "\ufffdgnp.exe" in text
    assert not ACTING.search(text)
    assert "x" * 1_000 not in html
    assert len(html) < 1_500_000
    assert not ACTING.search(shown.output)


def test_findings_notebooks_and_records_are_inert_and_cut(pages):
    out, _ = pages["hostile"]
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert found
    notebook = (out / "notebooks" / "error_propagation.ipynb").read_text(encoding="utf-8")
    outputs = [output for cell in json.loads(notebook)["cells"] for output in cell.get("outputs", [])]
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    for part in (found, outputs, record):
        assert not ACTING.search(json.dumps(part, ensure_ascii=False))
        assert "x" * 1_000 not in json.dumps(part)
    for output in outputs:
        assert "text/markdown" not in output.get("data", {})
        shown = Page("".join(output.get("data", {}).get("text/html", "")))
        assert not shown.elements.keys() & {"script", "img", "svg", "iframe", "style"}
        assert not [name for _, name in shown.attributes if name.startswith("on")]
    assert record["rejected"] == pl.read_parquet(out / "rejected.parquet").height == len(ATTACKS)


@pytest.mark.parametrize("column", ["subject", "statement", "owner", "ask"])
def test_no_column_of_a_finding_acts_or_goes_on_for_ever(column):
    text = {"subject": "ERP", "statement": "failed", "owner": "it", "ask": "why?", "severity": "warning"}
    hostile = text | {column: "\u202e\x1b[2J\x9b31m" + "x" * 10_000}
    found = findings("latency", "slow", pl.DataFrame([hostile])).row(0, named=True)
    assert found[column].startswith("\ufffd\ufffd[2J\ufffd31mxxx")
    assert len(found[column]) == 500
    assert {name: found[name] for name in text if name != column} == {
        name: said for name, said in text.items() if name != column
    }
