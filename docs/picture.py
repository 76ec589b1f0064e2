"""Take the picture that the README shows: the front page of the sample company beside who depends on whom.

Needs chromium on the PATH; no network. Both halves are the pages as a narrow window shows them, side by side.
"""

import base64
import math
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from integrhealth.runner.plan import Request
from integrhealth.runner.run import report

PICTURE = Path(__file__).with_name("report.png")
# The sample company's report, read from its logs each time.
COMPANY, MOST_BYTES = "sample:a", 300_000
WIDTH, MARGIN = 640, 20
# The sharpest that is small enough is taken; 4 pixels of the page are whole pixels of the picture in each.
SHARPNESS = (1.5, 1.25, 1.0)
SETTLED = "[...document.querySelectorAll('.ih-chart')].every(figure => figure.dataset.state)"
# From where to where each half shows its page: the front page down to its last finding, the other page from the
# heading above its first chart to the end of that chart.
FINDINGS = "() => [0, document.querySelector('.ih-findings').getBoundingClientRect().bottom]"
FIRST_CHART = """() => {
    const chart = document.querySelector('.ih-chart').getBoundingClientRect();
    const tops = [...document.querySelectorAll('h2')].map(heading => heading.getBoundingClientRect().top);
    return [Math.max(...tops.filter(top => top < chart.top)), chart.bottom];
}"""
HALVES = {"index": FINDINGS, "dependency_fragility": FIRST_CHART}
SIDE_BY_SIDE = """<style>
    body {{ margin: 0; display: flex; background: white; }}
    img {{ width: {width}px; height: {height}px; display: block; }}
    img + img {{ box-shadow: -1px 0 #d5d9df; }}
</style>{images}"""


def opened(browser: Browser, *, width: int, sharpness: float) -> Page:
    """An empty window in daylight, without a network."""
    window = {"width": width, "height": 800}
    return browser.new_page(offline=True, color_scheme="light", viewport=window, device_scale_factor=sharpness)


def whole(pixels: float) -> int:
    """PIXELS of the page rounded up to whole pixels of the picture, so that nothing is blurred between the two."""
    return math.ceil(pixels / 4) * 4


def picture(browser: Browser, site: Path, *, sharpness: float) -> bytes:
    """Both halves of the site's pages beside each other, as high as the higher one."""
    tabs, extents = [], []
    for name, extent in HALVES.items():
        tab = opened(browser, width=WIDTH, sharpness=sharpness)
        tab.goto((site / f"{name}.html").as_uri())
        tab.wait_for_function(SETTLED)
        tabs.append(tab)
        extents.append(tab.evaluate(extent))
    tops = [max(0, whole(top) - MARGIN) for top, _ in extents]
    height = whole(max(bottom - top for (_, bottom), top in zip(extents, tops, strict=True))) + MARGIN
    shots = [
        tab.screenshot(full_page=True, clip={"x": 0, "y": top, "width": WIDTH, "height": height})
        for tab, top in zip(tabs, tops, strict=True)
    ]
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    both = opened(browser, width=WIDTH * len(shots), sharpness=sharpness)
    both.set_content(SIDE_BY_SIDE.format(width=WIDTH, height=height, images=images))
    return both.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH * len(shots), "height": height})


def main() -> None:
    """Run the report, take the picture, write it when it is small enough for a README."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("the picture needs chromium on the PATH")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        site = Path(folder) / "report"
        if report(Request((COMPANY,), out=site)).exit_code:
            sys.exit(f"a report of {COMPANY} failed; the picture is left as it was")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        pictures = (picture(browser, site, sharpness=sharpness) for sharpness in SHARPNESS)
        taken = next((each for each in pictures if len(each) <= MOST_BYTES), None)
        browser.close()
    if taken is None:
        sys.exit(f"the picture has more than {MOST_BYTES:,} bytes however blurred")
    PICTURE.write_bytes(taken)
    print(f"wrote {PICTURE.name}, {len(taken):,} bytes")


if __name__ == "__main__":
    main()
