"""Pages in a real browser without a network: charts live, nothing fetched, nothing said, nothing of the logs run."""

import os
import shutil

import nbformat
import polars as pl
import pytest
from drawing.runner import NOTEBOOKS

from integrhealth.analyses.error_propagation.charts.holds import hold_slider_chart
from integrhealth.charts.theme import MIME
from integrhealth.language.thresholds import HOLD_MINUTES
from integrhealth.runner.execute import Kernels, executed, stamped
from integrhealth.runner.page import METHOD, Link, chart_script, page

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SETTLED = "[...document.querySelectorAll('.ih-chart')].every(figure => figure.dataset.state)"
STATES = "[...document.querySelectorAll('.ih-chart')].map(figure => figure.dataset.state)"


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium; its absence skips the tests, except where CI must have it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "no chromium on the PATH; install it to test pages in a browser"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def script():
    """What draws the charts, made once."""
    return chart_script()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, script):
    """The page of each of two notebooks, executed by the runner."""
    folder = tmp_path_factory.mktemp("pages")
    links = [Link("two_charts.html", "Two charts"), Link("hostile_text.html", "Hostile text")]
    for name in ("two_charts", "hostile_text"):
        outcome = executed(NOTEBOOKS / f"{name}.ipynb", parameters={}, deadline_seconds=60, kernels=Kernels())
        assert outcome.error is None
        html = page(stamped(outcome, parameters={}), title=name, charts=lambda: script, links=links)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser, pages):
    """Open a page; returns it and what it did: requests, console messages, errors, dialogs."""
    contexts = []

    def opened(name, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        tab, seen = context.new_page(), {"requests": [], "console": [], "errors": [], "dialogs": []}
        tab.on("request", lambda request: seen["requests"].append(request.url))
        tab.on("console", lambda message: seen["console"].append(message.text))
        tab.on("pageerror", lambda error: seen["errors"].append(str(error)))
        tab.on("dialog", lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()))
        tab.goto((pages / f"{name}.html").as_uri())
        tab.wait_for_function(SETTLED)
        return tab, seen

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 400)])
def test_charts_are_live_and_nothing_leaves_the_page(visit, pages, scheme, width):
    tab, seen = visit("two_charts", color_scheme=scheme, viewport={"width": width, "height": 800})
    assert tab.evaluate(STATES) == ["live", "live"]
    assert tab.locator(".vega-embed svg").count() == 2
    address = (pages / "two_charts.html").as_uri()
    assert seen == {"requests": [address], "console": [], "errors": [], "dialogs": []}
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    for chart in tab.locator(".vega-embed svg").all():
        assert chart.bounding_box()["width"] <= min(width - 32, 760)


def test_a_chart_shows_the_value_under_the_pointer(visit):
    tab, seen = visit("two_charts")
    tab.locator(".vega-embed .mark-rect path").first.hover()
    tab.locator("#vg-tooltip-element.visible").wait_for()
    assert "system" in tab.locator("#vg-tooltip-element").inner_text()
    assert seen["console"] == seen["errors"] == []


def test_a_slider_tries_another_hold_and_the_numbers_follow(visit, pages, script):
    """The names of the integrations are hostile, and stay names."""
    evil = "<b>'); alert(1) //"
    holds = pl.DataFrame({"minutes": HOLD_MINUTES}).join(pl.DataFrame({"integration": [evil, "orders"]}), how="cross")
    costs = {"saved": 300.0, "delay_cost": pl.col("minutes") * 2.0, "net": 300.0 - pl.col("minutes") * 2.0}
    costs |= {
        "best": False,
        "errors_left": 60.0,
        "total_cost": 60.0 + pl.col("minutes"),
        "total_low": 0.0,
        "entries_caught": 5,
    }
    chart = hold_slider_chart(holds.with_columns(**costs), currency="EUR").to_dict()
    output = nbformat.v4.new_output("display_data", data={MIME: chart})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output], execution_count=1)])
    (pages / "slider.html").write_text(page(notebook, title="slider", charts=lambda: script), encoding="utf-8")
    tab, seen = visit("slider")
    readout = tab.locator(".vega-embed .mark-text text", has_text="A hold of")
    assert readout.text_content() == "A hold of 1 hour: saved 300, delay cost 120, net 180 EUR"
    rule = tab.locator(".vega-embed .mark-rule.role-mark line")
    stood = rule.bounding_box()["x"]
    slider, value = tab.locator(".vega-bind input[type=range]"), tab.locator(".vega-bind output")
    assert (value.inner_text(), slider.get_attribute("aria-label")) == ("1 h", "Hold")
    slider.fill(str(HOLD_MINUTES.index(1440)))
    assert (value.inner_text(), slider.get_attribute("aria-valuetext")) == ("1 day", "1 day")
    slider.fill(str(HOLD_MINUTES.index(240)))
    tab.get_by_text("A hold of 4 hours: saved 300, delay cost 480, net −180 EUR").wait_for()  # noqa: RUF001
    assert rule.bounding_box()["x"] > stood
    assert tab.locator(".vega-bind select:visible option").all_inner_texts() == [evil, "orders"]
    assert seen["console"] == seen["errors"] == seen["dialogs"] == []


def test_the_contents_stay_in_sight_on_wide_screens_and_are_a_list_elsewhere(visit, pages, script):
    long = "\n\n".join(["A paragraph."] * 60)
    cells = [nbformat.v4.new_markdown_cell("# Title\n\nWhy?")]
    cells += [nbformat.v4.new_markdown_cell(f"## {name}\n\n{long}") for name in ("First", "Second")]
    cells.append(nbformat.v4.new_markdown_cell(f"{METHOD}\n\n{long}"))
    html = page(nbformat.v4.new_notebook(cells=cells), title="contents", charts=lambda: script)
    (pages / "contents.html").write_text(html, encoding="utf-8")
    for width in (400, 900, 1100, 1300):
        tab, seen = visit("contents", viewport={"width": width, "height": 800})
        contents, text = tab.locator(".ih-contents"), tab.locator("main > section p").first
        beside = contents.bounding_box()["x"] + contents.bounding_box()["width"] <= text.bounding_box()["x"]
        contents.get_by_text("Second").click()
        assert abs(tab.locator("#second").bounding_box()["y"]) < 20
        stays = 0 <= contents.bounding_box()["y"] < 100
        assert (beside, stays) == (width >= 1100, width >= 1100), width
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        tab.emulate_media(media="print")
        assert contents.evaluate("each => getComputedStyle(each).position") == "static"
        tab.emulate_media(media="screen")
        tab.evaluate("location.hash = '#how-this-is-counted'")
        tab.wait_for_function("document.querySelector('.ih-method').open")
        assert seen["console"] == seen["errors"] == []


def test_charts_follow_when_the_paper_turns_dark(visit):
    tab, _ = visit("two_charts", color_scheme="light")
    title = tab.locator(".vega-embed .role-title-text text").first
    light = title.get_attribute("fill")
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function(f"document.querySelector('.role-title-text text')?.getAttribute('fill') !== '{light}'")
    tab.wait_for_function(SETTLED)
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"


def test_text_from_logs_does_nothing(visit, pages):
    tab, seen = visit("hostile_text")
    tab.wait_for_timeout(200)
    assert tab.evaluate("window.__pwned") is None
    assert seen == {"requests": [(pages / "hostile_text.html").as_uri()], "console": [], "errors": [], "dialogs": []}
    assert tab.evaluate(STATES) == ["live"]
    assert tab.locator("main script:not([type='application/json']), main iframe, .ih-output form").count() == 0
    assert tab.locator("main a[href^='javascript']").count() == 0
    assert tab.locator("p.ih-note", has_text="kept").is_visible()


def test_the_policy_of_the_page_stops_what_its_cleaning_would_miss(visit):
    tab, _ = visit("two_charts")
    tab.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.__pwned = 1";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.__pwned = 1'>");
    }""")
    tab.wait_for_timeout(100)
    assert tab.evaluate("window.__pwned") is None


def test_code_is_one_click_away_and_the_keyboard_reaches_it(visit):
    tab, _ = visit("two_charts")
    code = tab.locator(".ih-code").first
    assert not code.is_visible()
    for _ in range(4):
        tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "ih-code"
    tab.keyboard.press("Enter")
    assert code.is_visible()
    assert tab.locator("#ih-code").get_attribute("aria-pressed") == "true"


def test_a_link_leads_to_the_other_report(visit):
    tab, _ = visit("two_charts")
    tab.locator("nav a", has_text="Hostile text").click()
    tab.wait_for_url("**/hostile_text.html")


def test_print_shows_no_buttons_and_dark_text(visit):
    tab, _ = visit("two_charts", color_scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    assert not tab.locator("#ih-code").is_visible()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    fill = "getComputedStyle(document.querySelector('.role-title-text text')).fill"
    assert tab.evaluate(fill) == "rgb(34, 34, 34)"
