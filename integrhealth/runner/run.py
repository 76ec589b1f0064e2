"""One run: logs read once, every notebook executed, the pages, tables and findings published together."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.analyses import OVERVIEW
from integrhealth.errors import NothingToRead
from integrhealth.evidence import Evidence, read
from integrhealth.language.report_tables import SEVERITIES
from integrhealth.runner import folder, own_report
from integrhealth.runner.agenda import rhythm
from integrhealth.runner.footprint import footprint
from integrhealth.runner.history import news
from integrhealth.runner.plan import FRONT_PAGE, Plan, Progress, Request, planned
from integrhealth.runner.record import inputs, strict_json, versions
from integrhealth.scratch import owned_folder, remove_abandoned

DONE, FOUND, FAILED = 0, 1, 3


@dataclass(frozen=True)
class Result:
    """What came of a run: the folder, the exit code, the findings worst first, and the record (``run.json``)."""

    out: Path
    exit_code: int
    findings: pl.DataFrame
    record: dict[str, Any]


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def report(request: Request, *, progress: Progress = silent) -> Result:
    """Read the logs, run the notebooks, publish the folder ``request.out`` whole.

    A report that fails is told in its page and in the record; the others are complete. Raises an IntegrHealthError,
    and leaves no folder, when the request has a fault or there is nothing to report on.
    """
    plan = planned(request)
    remove_abandoned()
    started, run_at = time.perf_counter(), datetime.now(UTC).replace(microsecond=0)
    total = len(plan.names) + 2
    with (
        folder.building(plan.out) as site,
        owned_folder() as scratch,
        ThreadPoolExecutor(2) as background,
    ):
        background.submit(_tools)
        own = own_report.earlier_runs(plan.out)
        evidence = _saved(plan, own, scratch / "evidence")
        read_seconds = time.perf_counter() - started
        progress(f"read {_amounts(evidence)}", 1, total)
        files = background.submit(inputs, plan.roots, [path for path in (request.catalog, request.mapping) if path])
        outcomes, findings, over_runs = _tools().site_built(plan, site, scratch, run_at=run_at, progress=progress)
        _own_written(plan, site, own, run_at)
        evidence.rejected.write_parquet(site / "rejected.parquet")
        record = _record(plan, evidence, outcomes, findings, files) | {
            "run_at": run_at.isoformat(),
            "news": news(over_runs),
        }
        seconds = {name: round(outcome.seconds, 3) for name, outcome in outcomes.items()}
        record["seconds"] = {"read": round(read_seconds, 3), "reports": seconds}
        record["seconds"]["total"] = round(time.perf_counter() - started, 3)
        (site / folder.RUN).write_text(strict_json(record), encoding="utf-8")
        folder.replace(plan.out, site)
        progress(f"published {plan.out}", total, total)
    return Result(plan.out, record["exit_code"], findings, record)


def _tools() -> Any:
    """The module that drives papermill and nbconvert: half a second to import, while the logs are being read."""
    from integrhealth.runner import site

    return site


def _saved(plan: Plan, own: Evidence, place: Path) -> Evidence:
    """What was read, with the kit's own report, saved at `place`; here only its account is kept, since the notebooks
    need the memory.
    """
    evidence = _evidence(plan)
    evidence.with_rows_of(own_report.within(own, plan.since, plan.until)).save(place)
    return evidence.account()


def _own_written(plan: Plan, site: Path, own: Evidence, run_at: datetime) -> None:
    """The run's own rows, of the front page that lies in `site`; none where the notebooks have no such page."""
    page = site / FRONT_PAGE
    if page.is_file():
        title = _tools().title(plan.request.notebooks / f"{OVERVIEW}.ipynb")
        asked = footprint(page.read_text(encoding="utf-8"))
        own_report.written(site, own, out=plan.out, title=title, asked=asked, run_at=run_at)


def _evidence(plan: Plan) -> Evidence:
    request = plan.request
    evidence = read(
        *request.paths,
        catalog=request.catalog,
        mapping=request.mapping,
        since=plan.since,
        until=plan.until,
        strict=request.strict,
        show_people=request.show_people,
    )
    if evidence.is_empty:
        raise NothingToRead(f"nothing to report on: {_why_nothing(evidence, request)}")
    return evidence


def _why_nothing(evidence: Evidence, request: Request) -> str:
    paths = " ".join(request.paths)
    remedy = f"'integrhealth check {paths}' shows every file"
    draft = f"'integrhealth map {paths}' drafts how to read it, {remedy}"
    understood = evidence.sources["rows_out"].fill_null(0).sum()
    if understood and (request.since or request.until):
        return f"no row lies between --since {request.since or 'any'} and --until {request.until or 'any'}; widen them"
    if evidence.rejected.height:
        first = evidence.rejected.row(0, named=True)
        return (
            f"all {evidence.rejected.height:,} rows were rejected, the first in {first['file']} line {first['line']}: "
            f"{first['reason']}; {remedy}"
        )
    if understood:
        return f"the {understood:,} records that were understood say nothing that a report is made of; {remedy}"
    if evidence.sources["format"].is_not_null().any():
        empty = evidence.sources.drop_nulls("format")["file"][0]
        warning = next((sentence for sentence in evidence.warnings if sentence.startswith(f"{empty}: ")), None)
        return f"{warning or f'{empty} line 1 is followed by no record, and no other file holds any'}; {remedy}"
    if evidence.warnings:
        return f"{evidence.warnings[0]}; {remedy}"
    if evidence.sources.height:
        return f"{evidence.sources['file'][0]} line 1 is in no known format, nor is any other file; {draft}"
    return f"there is no file in {paths}; name a folder with logs, or try sample:a"


def _amounts(evidence: Evidence) -> str:
    rows = evidence.sources.drop_nulls("frame").group_by("frame").agg(pl.col("rows").sum())
    rows = rows.sort("rows", "frame", descending=[True, False])
    said = ", ".join(f"{count:,} rows of {frame}" for frame, count in rows.head(3).iter_rows())
    return f"{said}; {evidence.rejected.height:,} rejected" if evidence.rejected.height else said


def _record(
    plan: Plan, evidence: Evidence, outcomes: Mapping[str, Any], findings: pl.DataFrame, files: Future
) -> dict[str, Any]:
    failed = [name for name, outcome in outcomes.items() if outcome.error is not None]
    counts = {severity: findings.filter(pl.col("severity") == severity).height for severity in SEVERITIES}
    return {
        "exit_code": FAILED if failed else (FOUND if _reached(counts, plan.request.fail_on) else DONE),
        "reports": {
            name: {"status": "done" if outcome.error is None else "failed", "error": outcome.error}
            for name, outcome in outcomes.items()
        },
        "findings": counts,
        "since": plan.since.isoformat() if plan.since else None,
        "until": plan.until.isoformat() if plan.until else None,
        "parameters": dict(plan.request.parameters),
        "meeting": rhythm(evidence.catalog),
        "inputs": files.result(),
        "sources": evidence.sources.to_dicts(),
        "rejected": evidence.rejected.height,
        "warnings": list(evidence.warnings),
        "versions": versions(),
    }


def _reached(counts: Mapping[str, int], fail_on: str | None) -> bool:
    if fail_on is None:
        return False
    return any(counts[severity] for severity in SEVERITIES[: SEVERITIES.index(fail_on) + 1])
