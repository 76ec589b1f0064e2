"""Whether each exception runs as well as the happy path: shares of objects that fail, the gap, and a verdict."""

import polars as pl

from integrhealth.analyses.reconciliation.exceptions.in_documents import SHOWN
from integrhealth.analyses.reconciliation.exceptions.vocabulary import HAPPY_PATHS, TYPES
from integrhealth.language.findings import written
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT
from integrhealth.language.statistics import difference_interval, enough, wilson_interval
from integrhealth.language.thresholds import EXCEPTION_GAP
from integrhealth.language.wording import percent

READY, NOT_READY, TOO_FEW, NEVER = "ready", "not ready", "too few", "never exercised"
READINESS = {
    "type": TEXT,
    "cases": COUNT,
    "straight_through": NUMBER,
    "failure_share": NUMBER,
    "gap": NUMBER,
    "verdict": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "certain": FLAG,
    "judged": COUNT,
    "failed": COUNT,
    "failure_low": NUMBER,
    "failure_high": NUMBER,
    "manual_touches": COUNT,
    "cycle_hours": NUMBER,
    "happy_path": TEXT,
    "happy_cases": COUNT,
    "happy_failed": COUNT,
    "happy_failure_share": NUMBER,
    "why": TEXT,
}
HOUR_US = 3_600_000_000


def readiness(courses: pl.DataFrame, documented: pl.DataFrame, *, moved: int, min_cases: int) -> pl.DataFrame:
    """One row per type of exception, always five; none where no order, delivery or invoice is moved.

    `courses` tell what became of objects, `documented` which documents are exceptions, `moved` how many documents move
    the flow. Rates need `min_cases` cases whose outcome messages tell, and as many on the happy path.
    """
    objects = courses.filter(pl.col("flow").is_not_null()).select("object_type", "object_id").n_unique()
    if objects + moved == 0:
        return pl.DataFrame(schema=READINESS)
    in_documents = pl.col("type").is_in(SHOWN)
    types = pl.DataFrame({"type": TYPES}).with_columns(
        among=pl.max_horizontal(pl.lit(objects), pl.when(in_documents).then(moved).otherwise(0))
    )
    rows = (
        types.join(_cases(courses, documented), on="type", how="left", maintain_order="left")
        .join(_happy_paths(courses, min_cases), on="type", how="left", maintain_order="left")
        .with_columns(pl.col("cases", "judged", "failed", "straight", "happy_cases", "happy_failed").fill_null(0))
    )
    rated = _with_rates(rows, min_cases)
    verdicts = rated.with_columns(verdict=_verdict(), certain=_certain(), why=_why(min_cases))
    return verdicts.select(*READINESS).cast(READINESS)


def _cases(courses: pl.DataFrame, documented: pl.DataFrame) -> pl.DataFrame:
    """One row per type seen: its cases, each object once, those judged (some outcome is there), and what they did."""
    seen = courses.filter(pl.col("exception").is_not_null()).rename({"exception": "type"})
    alone = documented.rename({"exception": "type"}).join(seen, on=["type", "object_id"], how="anti")
    ended, failed = pl.col("ended"), pl.col("failed")
    took = (pl.col("finished_at") - pl.col("started_at")).dt.total_microseconds() / HOUR_US
    straight = ended & ~failed & ~pl.col("retried") & (pl.col("touches").fill_null(0) == 0)
    in_messages = seen.group_by("type").agg(
        objects=pl.len(),
        judged=ended.sum(),
        failed=(ended & failed).sum(),
        straight=straight.sum(),
        manual_touches=pl.when(pl.col("touches").count() > 0).then(pl.col("touches").sum()),
        done=(ended & ~failed).sum(),
        hours=took.filter(ended & ~failed).median(),
    )
    counted = alone.group_by("type").agg(documents=pl.len())
    joined = in_messages.join(counted, on="type", how="full", coalesce=True)
    return joined.with_columns(cases=pl.sum_horizontal("objects", "documents"))


def _happy_paths(courses: pl.DataFrame, min_cases: int) -> pl.DataFrame:
    """type, happy_path, happy_cases, happy_failed: the objects that most cases are themselves (invoices with a credit
    note), else the first in ``HAPPY_PATHS``, of which there are enough; else those of which there are most."""
    happy = courses.filter(pl.col("exception").is_null(), pl.col("ended"))
    counted = happy.group_by(happy_path="flow").agg(happy_cases=pl.len(), happy_failed=pl.col("failed").sum())
    own = courses.drop_nulls(["exception", "flow"]).group_by(type="exception", happy_path="flow").agg(own=pl.len())
    paths = [(name, flow, rank) for name, flows in HAPPY_PATHS.items() for rank, flow in enumerate(flows)]
    choices = pl.DataFrame(paths, schema=["type", "happy_path", "rank"], orient="row").join(counted, on="happy_path")
    ordered = choices.join(own, on=["type", "happy_path"], how="left").with_columns(
        pl.col("own").fill_null(0), least=pl.min_horizontal("happy_cases", max(min_cases, 1))
    )
    best = ordered.sort("least", "own", "rank", descending=[True, True, False])
    return best.unique("type", keep="first", maintain_order=True).drop("own")


def _with_rates(rows: pl.DataFrame, min_cases: int) -> pl.DataFrame:
    """`rows` with shares, null below `min_cases`, and the gap with its interval."""
    counts = {
        name: rows[name].cast(pl.Float64).to_numpy() for name in ("failed", "judged", "happy_failed", "happy_cases")
    }
    low, high = difference_interval(*counts.values())
    failure_low, failure_high = wilson_interval(counts["failed"], counts["judged"])
    rated, compared = enough(pl.col("judged"), min_cases), enough(pl.col("happy_cases"), min_cases)
    edges = {"low": low, "high": high, "failure_low": failure_low, "failure_high": failure_high}
    share, happy_share = pl.col("failed") / pl.col("judged"), pl.col("happy_failed") / pl.col("happy_cases")
    return rows.with_columns(**{name: pl.Series(edge, nan_to_null=True) for name, edge in edges.items()}).with_columns(
        pl.when(rated).then(pl.col("failure_low", "failure_high")),
        pl.when(rated & compared).then(pl.col("low", "high")),
        straight_through=pl.when(rated).then(pl.col("straight") / pl.col("judged")),
        failure_share=pl.when(rated).then(share),
        happy_failure_share=pl.when(compared).then(happy_share),
        gap=pl.when(rated & compared).then(share - happy_share),
        cycle_hours=pl.when(enough(pl.col("done").fill_null(0), min_cases)).then("hours"),
    )


def _verdict() -> pl.Expr:
    """Ready where the gap is below the threshold, as it was measured; how sure that is stands beside it."""
    return (
        pl.when(pl.col("cases") == 0, pl.col("among") > 0)
        .then(pl.lit(NEVER))
        .when(pl.col("gap").is_null())
        .then(pl.lit(TOO_FEW))
        .when(pl.col("gap") < EXCEPTION_GAP)
        .then(pl.lit(READY))
        .otherwise(pl.lit(NOT_READY))
    )


def _certain() -> pl.Expr:
    """Whether the whole interval of the gap lies on the side of the verdict; null without a gap."""
    return (pl.col("high") < EXCEPTION_GAP) | (pl.col("low") >= EXCEPTION_GAP)


def _why(min_cases: int) -> pl.Expr:
    """The verdict in a sentence."""
    none = pl.format("not one among {} objects of the flow from order to invoice", written(pl.col("among")))
    unseen = pl.lit("documents do not show them, messages about orders, deliveries or invoices would")
    few = pl.format("the outcome of {} of {} cases is known, {} are needed", "judged", "cases", pl.lit(min_cases))
    alone = pl.format(
        "{} objects without an exception to compare with, {} are needed", "happy_cases", pl.lit(min_cases)
    )
    compared = pl.format(
        "{} of {} fail, on the happy path {} of {} ({})",
        *(percent(pl.col("failure_share")), written(pl.col("judged")), percent(pl.col("happy_failure_share"))),
        *(written(pl.col("happy_cases")), "happy_path"),
    )
    return (
        pl.when(pl.col("cases") == 0)
        .then(pl.when(pl.col("among") > 0).then(none).otherwise(unseen))
        .when(pl.col("failure_share").is_null())
        .then(few)
        .when(pl.col("gap").is_null())
        .then(alone)
        .otherwise(compared)
    )


def failures(courses: pl.DataFrame) -> pl.DataFrame:
    """type, integration, cases: where the cases of each exception failed, the most cases first."""
    failed = courses.filter(pl.col("exception").is_not_null(), "failed")
    counted = failed.group_by(type="exception", integration="integration").agg(cases=pl.len())
    order = ["cases", "type", "integration"]
    return counted.sort(order, descending=[True, False, False]).select(
        "type", "integration", pl.col("cases").cast(pl.Int64)
    )
