"""The findings of every run, kept from run to run, and what became of each: new, open or gone."""

from datetime import datetime
from pathlib import Path

import polars as pl

from integrhealth.errors import NothingToRead
from integrhealth.language.findings import SAME
from integrhealth.language.schema import NUMBER, TEXT, TIME
from integrhealth.language.wording import counted

HISTORY = {"run_at": TIME, "report": TEXT, "rule": TEXT, "subject": TEXT, "severity": TEXT, "value": NUMBER}
TRACK = {
    "report": TEXT,
    "rule": TEXT,
    "subject": TEXT,
    "severity": TEXT,
    "change": TEXT,
    "first_seen": TIME,
    "last_seen": TIME,
    "seen": pl.Int64,
    "runs": pl.Int64,
    "value": NUMBER,
}
FILE = "history.parquet"


def earlier_findings(folder: str | Path) -> pl.DataFrame:
    """The findings of all runs into the report `folder`, a row per run and finding; none where there was no run."""
    path = Path(folder) / FILE
    return pl.read_parquet(path) if str(folder) and path.is_file() else pl.DataFrame(schema=HISTORY)


def continued(history: pl.DataFrame, findings: pl.DataFrame, *, run_at: datetime, reports: list[str]) -> pl.DataFrame:
    """`history` plus this run: one row per finding, and one without a rule for each of `reports` that found nothing.

    Without that row a report that found nothing could not be told from one that did not run.
    """
    ran = pl.DataFrame({"report": reports}, schema={"report": TEXT})
    present = findings.select(*SAME, "severity", "value").join(ran, on="report", how="semi")
    quiet = ran.join(present, on="report", how="anti")
    now = pl.concat([present, quiet], how="diagonal").with_columns(run_at=pl.lit(run_at).cast(TIME))
    rows = pl.concat([history, now.select(*HISTORY).cast(HISTORY)])
    return rows.sort("run_at", *SAME, nulls_last=False)


def tracks(history: pl.DataFrame) -> pl.DataFrame:
    """One row per finding that any run saw: new (only in the last run of its report), open, or gone.

    ``seen`` of ``runs`` counts the runs of that report in which it stood; severity and value are the last seen.
    """
    runs = history.group_by("report").agg(runs=pl.col("run_at").n_unique(), last_run=pl.col("run_at").max())
    findings = history.filter(pl.col("rule").is_not_null()).sort("run_at")
    each = findings.group_by(SAME, maintain_order=True).agg(
        severity=pl.col("severity").last(),
        value=pl.col("value").last(),
        first_seen=pl.col("run_at").min(),
        last_seen=pl.col("run_at").max(),
        seen=pl.col("run_at").n_unique(),
    )
    gone = pl.col("last_seen") < pl.col("last_run")
    new = pl.col("first_seen") == pl.col("last_run")
    change = pl.when(gone).then(pl.lit("gone")).when(new).then(pl.lit("new")).otherwise(pl.lit("open"))
    order = pl.col("change").replace_strict(["new", "open", "gone"], [0, 1, 2], return_dtype=pl.Int8)
    return each.join(runs, on="report").with_columns(change=change).select(*TRACK).cast(TRACK).sort(order, *SAME)


def news(history: pl.DataFrame) -> str | None:
    """One sentence: what the last run of `history` found that the run before did not; None where there was none before.

    Each report is compared with its own run before: one that was left out or failed then says nothing of its findings.
    Of a report that never ran before all findings are new.
    """
    last = pl.col("run_at") == pl.col("run_at").max()
    now = history.filter(last)
    earlier = history.filter(~last).join(now.select("report").unique(), on="report", how="semi")
    if earlier.is_empty():
        return None
    before = earlier.filter(pl.col("run_at") == pl.col("run_at").max().over("report"))
    present, past = (rows.drop_nulls("rule").select(SAME).unique() for rows in (now, before))
    still = present.join(past, on=SAME).height
    fresh, gone = present.height - still, past.height - still
    since = f"since {before['run_at'].max():%Y-%m-%d %H:%M}"
    if fresh or gone:
        return f"{since.capitalize()}: {counted(fresh, 'new finding')}, {gone:,} gone, {still:,} still open."
    same = {0: "no finding is open", 1: "the same finding is open"}.get(still, f"the same {still:,} findings are open")
    return f"Nothing new {since}: {same}."


def history(out: Path) -> pl.DataFrame:
    """The tracks of the report folder `out`. Raises NothingToRead when no run left a history there."""
    if not (out / FILE).is_file():
        raise NothingToRead(f"{out} has no {FILE}; name a folder that 'integrhealth report --out' wrote")
    return tracks(earlier_findings(out))
