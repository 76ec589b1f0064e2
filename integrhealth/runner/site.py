"""The published folder: every notebook executed and shown as a page, the tables and findings beside them."""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import polars as pl

from integrhealth.analyses import OVERVIEW, REPORTS, published_tables
from integrhealth.language.findings import no_findings, ranked
from integrhealth.language.report_tables import Report, Tables, published_report
from integrhealth.reading.discovery import shown_path
from integrhealth.runner.execute import Kernels, Outcome, executed, stamped
from integrhealth.runner.history import FILE, continued, earlier_findings, news
from integrhealth.runner.page import Link, chart_script, page
from integrhealth.runner.plan import FRONT_PAGE, Plan, Progress
from integrhealth.runner.publication import PREVIOUS, publish, published_reports
from integrhealth.runner.record import strict_json

PUBLISHED = "published"


@dataclass(frozen=True)
class Workshop:
    """Where one run works: what it was asked, the folder to be published, the scratch folder, the living kernels."""

    plan: Plan
    site: Path
    scratch: Path
    titles: Mapping[str, str]
    footer: str
    kernels: Kernels
    charts: Future
    news: str | None = None

    @property
    def published(self) -> Path:
        """Where the notebooks of this run publish."""
        return self.scratch / PUBLISHED


class Built(NamedTuple):
    """What became of each report, in the plan's order, the findings of this run, and those of all runs."""

    outcomes: dict[str, Outcome]
    findings: pl.DataFrame
    over_runs: pl.DataFrame


def site_built(plan: Plan, site: Path, scratch: Path, *, run_at: datetime, progress: Progress) -> Built:
    """Every report of `plan` executed, its page and the findings written under `site`.

    The others run some at a time, then the overview, which reads what they published and finds nothing of its own. An
    interrupted run kills its kernels at once.
    """
    titles = {name: title(plan.request.notebooks / f"{name}.ipynb") for name in plan.names}
    footer = f"integrhealth, {run_at:%Y-%m-%d %H:%M} UTC"
    (site / "notebooks").mkdir()
    (scratch / PUBLISHED / "tables").mkdir(parents=True)
    earlier_findings(plan.out).write_parquet(scratch / PUBLISHED / FILE)  # what did they talk about since?
    others = [name for name in plan.names if name != OVERVIEW]
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(1) as beside:
        # The script of the charts takes a second to make: the first kernels run meanwhile.
        shop = Workshop(plan, site, scratch, titles, footer, Kernels(), beside.submit(chart_script))
        outcomes |= _batch(shop, others, progress, done=1)
        findings = _findings(shop.published)
        done = [name for name, outcome in outcomes.items() if outcome.error is None]
        over_runs = continued(earlier_findings(plan.out), findings, run_at=run_at, reports=done)
        shop = replace(shop, news=news(over_runs))
        outcomes |= _batch(shop, [name for name in plan.names if name == OVERVIEW], progress, done=len(outcomes) + 1)
    shutil.copytree(shop.published / "tables", site / "tables")
    _write_findings(site, findings, over_runs)
    return Built({name: outcomes[name] for name in plan.names}, findings, over_runs)


def _batch(shop: Workshop, names: list[str], progress: Progress, *, done: int) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    if OVERVIEW in names:
        _hand_over_previous(shop)
    with ThreadPoolExecutor(shop.plan.request.jobs) as pool:
        futures = {pool.submit(_one, shop, name): name for name in names}
        try:
            for future in as_completed(futures):
                outcome = future.result()
                outcomes[outcome.name] = outcome
                what = f"{outcome.name} {'failed: ' + outcome.error if outcome.error else 'done'}"
                progress(f"{what} ({outcome.seconds:.1f} s)", done + len(outcomes), len(shop.plan.names) + 2)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            shop.kernels.close()
            raise
    return outcomes


def _one(shop: Workshop, name: str) -> Outcome:
    """One report: executed, published (without rows if it could not), its notebook and its page written."""
    outcome = executed(
        shop.plan.request.notebooks / f"{name}.ipynb",
        parameters=_parameters(shop, name, _inside(shop)),
        deadline_seconds=shop.plan.request.deadline_seconds,
        kernels=shop.kernels,
    )
    if not (shop.published / "notes" / f"{name}.json").exists():
        if outcome.error is None and name in REPORTS:
            outcome = replace(outcome, error="it ended without publishing its tables")
        publish(_empty(name, outcome.error), shop.published)
    notebook = stamped(outcome, parameters=_parameters(shop, name, _outside(shop)))
    nbformat.write(notebook, shop.site / "notebooks" / f"{name}.ipynb")
    (shop.site / _file(name)).write_text(_page(shop, name, notebook, outcome.error), encoding="utf-8")
    return outcome


def _empty(name: str, error: str | None) -> Report:
    missing = f"this report failed: {error}" if error else None
    if name not in REPORTS:
        return Report(name, Tables(), no_findings(), {}, missing)
    return published_report(name, published_tables(name), {}, no_findings(), missing=missing)


def _parameters(shop: Workshop, name: str, places: Mapping[str, Any]) -> dict[str, Any]:
    declared = shop.plan.declarations[name]
    return {key: value for key, value in (places | shop.plan.values[name]).items() if key in declared}


def _bounds(shop: Workshop) -> dict[str, str]:
    plan = shop.plan
    return {
        "since": plan.since.isoformat() if plan.since else "",
        "until": plan.until.isoformat() if plan.until else "",
    }


def _inside(shop: Workshop) -> dict[str, Any]:
    """What the notebooks of this run are given: the logs that were read already, and where to publish."""
    published = str(shop.published)
    return {"logs": str(shop.scratch / "evidence"), "output": published, "published": published} | _bounds(shop)


def _outside(shop: Workshop) -> dict[str, Any]:
    """The same for a reader who runs a published notebook again: the scratch folder is gone by then."""
    paths = [
        path if path.startswith("sample:") else shown_path(root)
        for path, root in zip(shop.plan.request.paths, (root.resolve() for root in shop.plan.roots), strict=True)
    ]
    return {"logs": paths[0] if len(paths) == 1 else paths, "output": "", "published": ""} | _bounds(shop)


def _hand_over_previous(shop: Workshop) -> None:
    """Give the overview the findings of the last run, of those reports that succeeded in this one."""
    before = shop.plan.out / "findings.parquet"
    if before.is_file():
        compared = [name for name, report in published_reports(shop.published).items() if report.missing is None]
        before_now = pl.read_parquet(before).filter(pl.col("report").is_in(compared))
        before_now.write_parquet(shop.published / PREVIOUS)


def _findings(published: Path) -> pl.DataFrame:
    """All findings that the reports have `published`, worst first."""
    reports = published_reports(published).items()
    return ranked(report.findings.filter(pl.col("report") == name) for name, report in reports)


def _write_findings(site: Path, findings: pl.DataFrame, over_runs: pl.DataFrame) -> None:
    """The findings as findings.parquet and findings.json, and the history of the folder."""
    findings.write_parquet(site / "findings.parquet")
    (site / "findings.json").write_text(strict_json(findings.to_dicts()), encoding="utf-8")
    over_runs.write_parquet(site / FILE)


def _page(shop: Workshop, name: str, notebook: Any, error: str | None) -> str:
    order = sorted(shop.titles, key=lambda other: other != OVERVIEW)
    beside = {f"notebooks/{name}.ipynb": "notebook", "findings.json": "findings", "run.json": "run"}
    return page(
        notebook,
        title=shop.titles[name],
        charts=shop.charts.result,
        links=[Link(_file(other), shop.titles[other], other == name) for other in order],
        files=[Link(file, what) for file, what in beside.items()],
        footer=f"{shop.footer} · numbers: tables/{name}",
        news=shop.news if name == OVERVIEW else None,
        error=error,
    )


def _file(name: str) -> str:
    return FRONT_PAGE if name == OVERVIEW else f"{name}.html"


def title(notebook: Path) -> str:
    """The first heading of a notebook; its file's name when it has none."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = (line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).splitlines())
    heading = next((line for line in lines if line.startswith("# ")), None)
    return heading.removeprefix("# ").strip() if heading else notebook.stem.replace("_", " ")
