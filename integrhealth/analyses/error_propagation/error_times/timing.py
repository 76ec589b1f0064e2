"""Error spread where no parent can be found: how many errors follow an error, told by their times.

A count of errors that come soon after others says little: at thirty independent errors an hour nearly every one does.
Here the errors of a system are explained by those of its neighbours only as far as they come nearer than a rate of
their own, with the rhythm that all systems share, would bring them (``timing_fit``), and only where times of systems
turned against each other at random do not do the same. It stays an association: what makes two systems fail one after
the other looks alike. Where parents are found these are better evidence, and this is not computed.
"""

import numpy as np
import polars as pl

from integrhealth.analyses.error_propagation.error_times.fit import (
    Edges,
    Errors,
    Problem,
    fitted,
    intervals,
    shifted,
    widest_horizon,
)
from integrhealth.analyses.error_propagation.spreading.spread import NOT_ENOUGH, spread_verdict
from integrhealth.language.period import outlying
from integrhealth.language.schema import COUNT, KINDS, NUMBER, SENT_AWAY, TEXT, TIME, is_failed
from integrhealth.language.thresholds import (
    CONTAINED,
    MIN_EDGE_ERRORS,
    MIN_ROOTS,
    RUNAWAY,
    SAME_ERROR_MINUTES,
    TIMING_ERRORS,
    TIMING_LEVEL,
    TIMING_SHIFTED_ERRORS,
)

NO_EDGES, NO_SPREAD = "no edges", "no spread shown"
TIMING = {
    "reproduction": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "by_chance": NUMBER,
    "p_value": NUMBER,
    "errors": COUNT,
    "errors_used": COUNT,
    "errors_shifted": COUNT,
    "since": TIME,
    "horizon_minutes": NUMBER,
    "edges": COUNT,
    "roots": COUNT,
    "verdict": TEXT,
}
TIMING_EDGES = {
    "source": TEXT,
    "target": TEXT,
    "errors": COUNT,
    "errors_after": COUNT,
    "caused": NUMBER,
    "caused_per_error": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "mean_delay_ms": NUMBER,
    "verdict": TEXT,
}
FITTED = ("caused", "caused_per_error", "low", "high", "mean_delay_ms")
# What makes two failures attempts of one message, with the object null or not.
SAME = ("system", "source", "operation", "object_type", "object_id")


def errors_in_time(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per error, earliest first: system, the target that failed, and at, when it did.

    Rows of one message, and failures of one object on one edge that follow within SAME_ERROR_MINUTES, are one error, at
    its first: retries would read as spread. Attempt 1 begins a new one; without an object only a later attempt number
    is told to be a repeat. ``at`` is the end, else the answer, else the sending; errors without any are left out.
    """
    failed = messages.filter(is_failed(pl.col("status"))).select(
        "trace_id",
        "message_id",
        "attempt",
        *SAME[1:],
        system="target",
        at=pl.coalesce("finished_at", "answered_at", "sent_at"),
    )
    once = failed.drop_nulls(["system", "at"]).sort("at", "attempt", *SAME, nulls_last=True)
    once = once.unique(["trace_id", "message_id"], keep="first", maintain_order=True)
    waited = pl.col("at") - pl.col("at").shift().over(SAME)
    untold = pl.col("attempt").is_null() & pl.col("object_id").is_null()
    begins = waited.is_null() | (waited > pl.duration(minutes=SAME_ERROR_MINUTES)) | (pl.col("attempt") == 1) | untold
    return once.filter(begins.fill_null(False)).select("system", "at").sort("at", "system")


def failure_edges(messages: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """One row per way a failure can travel between two systems: cause, effect, ties.

    Edges of the messages and declared dependencies. A sender waits for a request and fails after the receiver; what is
    sent away as queue, batch or file makes the receiver fail after the sender; without a kind both ways are candidates
    and time decides. ``ties``: errors at the same moment may be cause and effect, which never holds both ways: without
    a kind the receiver is then the cause, else the smaller name. A system that
    no message reaches cannot be seen failing.
    """
    exchanges = pl.concat([frame.select("source", "target", "kind") for frame in (messages, dependencies)]).unique()
    between = exchanges.filter(pl.col("source") != pl.col("target"))
    away = pl.col("kind").is_in(SENT_AWAY).fill_null(False)
    untold = ~pl.col("kind").is_in(KINDS).fill_null(False)
    ways = [
        between.filter(~away).select(cause="target", effect="source", ties=pl.lit(True)),
        between.filter(away | untold).select(cause="source", effect="target", ties=away),
    ]
    edges = pl.concat(ways).group_by("cause", "effect").agg(pl.col("ties").any())
    back = edges.select(cause="effect", effect="cause", ties_back="ties")
    both = pl.col("ties_back").fill_null(False) & (pl.col("cause") > pl.col("effect"))
    return (
        edges.join(exchanges.select(effect="target").unique(), on="effect", how="semi")
        .join(back, on=["cause", "effect"], how="left")
        .select("cause", "effect", ties=pl.col("ties") & ~both)
        .sort("cause", "effect")
    )


def no_timing() -> dict[str, pl.DataFrame]:
    """The tables ``timing`` and ``timing_edges`` without rows, for rows that name their parents."""
    return {"timing": pl.DataFrame(schema=TIMING), "timing_edges": pl.DataFrame(schema=TIMING_EDGES)}


def timing_tables(messages: pl.DataFrame, dependencies: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """``timing``, one row, the whole, and ``timing_edges``, one row per known edge whose cause had an error.

    ``reproduction`` is the share of errors that follow another with its interval; ``by_chance`` what one
    shift in twenty exceeds; ``p_value`` the rank among the shifts. ``roots`` are errors that follow none; fewer than
    30: "not enough data". Of more than 20,000 errors the latest are used, of more than 3,000 the latest are shifted.
    An edge gets numbers from 100 errors of its cause on; ``source`` and ``target`` are of the failure's travel.
    """
    errors, edges = errors_in_time(messages), failure_edges(messages, dependencies)
    used = errors.filter(~outlying(errors["at"])).tail(TIMING_ERRORS)
    row = {"errors": errors.height, "errors_used": used.height, "since": used["at"].min()}
    counts = used.group_by("system").agg(errors=pl.len().cast(pl.Int64))
    seen = (
        edges.join(counts, left_on="cause", right_on="system")
        .join(counts.rename({"errors": "errors_after"}), left_on="effect", right_on="system", how="left")
        .with_columns(pl.col("errors_after").fill_null(0))
        .sort("cause", "effect")
    )
    row["edges"] = seen.filter(pl.col("errors_after") > 0).height
    if errors.height < MIN_ROOTS or not row["edges"]:
        row["verdict"] = NOT_ENOUGH if errors.height < MIN_ROOTS else NO_EDGES
        unknown = seen.with_columns(verdict=pl.lit(NOT_ENOUGH))
        return {"timing": pl.DataFrame([row], schema=TIMING), "timing_edges": _published_edges(unknown)}
    whole, fitted_edges = _spread(used, seen)
    row |= whole
    judged = fitted_edges.with_columns(verdict=_edge_verdict(row["verdict"]))
    return {"timing": pl.DataFrame([row], schema=TIMING), "timing_edges": _published_edges(judged)}


def _spread(used: pl.DataFrame, seen: pl.DataFrame) -> tuple[dict[str, object], pl.DataFrame]:
    """What the fit says of the whole, and `seen` with what it says of every edge."""
    errors, edges = _numbered(used, seen)
    problem = Problem(errors, edges, widest_horizon(errors, edges))
    fit = fitted(problem)
    low, high = intervals(problem, fit)
    # Fewer errors may be of fewer systems, which are numbered anew.
    latest, between = _numbered(used.tail(TIMING_SHIFTED_ERRORS), seen)
    observed, by_shift = shifted(Problem(latest, between, problem.horizon))
    reproduction = float(fit.caused.sum() / used.height)
    p_value = (1 + int((by_shift >= observed).sum())) / (1 + len(by_shift))
    roots = round(used.height * (1 - reproduction))
    whole = {"errors_shifted": int(latest.count.sum()), "horizon_minutes": problem.horizon / 60, "roots": roots}
    if roots < MIN_ROOTS:
        whole["verdict"] = NOT_ENOUGH
    else:
        whole |= {"reproduction": reproduction, "low": float(low[0]), "high": min(float(high[0]), 1.0)}
        whole |= {"by_chance": float(np.quantile(by_shift, 1 - TIMING_LEVEL)), "p_value": p_value}
        whole["verdict"] = spread_verdict(reproduction) if p_value <= TIMING_LEVEL else NO_SPREAD
    values = (fit.caused, fit.follow, low[1:], high[1:], 1000 / fit.rate)
    columns = (pl.Series(name, each) for name, each in zip(FITTED, values, strict=True))
    return whole, seen.with_columns(columns)


def _numbered(used: pl.DataFrame, seen: pl.DataFrame) -> tuple[Errors, Edges]:
    """Errors and edges as arrays, systems numbered in the order of their names, times in ticks of the logs."""
    names = pl.concat([seen["cause"], seen["effect"], used["system"]]).unique().sort()
    number = {"old": names, "new": pl.int_range(names.len(), eager=True)}
    cause, effect = (seen[end].replace_strict(**number).to_numpy() for end in ("cause", "effect"))
    first = used["at"].cast(pl.Int64).min()
    passed = used["at"].cast(pl.Int64) - first
    # Logs of whole seconds cannot tell who was first within one: their tick is a second, and a millisecond at least.
    tick = max(1000, int(np.gcd.reduce(passed.to_numpy())))
    ticks = used.select(tick=passed // tick, system=pl.col("system").replace_strict(**number))
    together = ticks.group_by("tick", "system").agg(count=pl.len().cast(pl.Int64)).sort("tick", "system")
    errors = Errors(
        *(together[name].to_numpy() for name in together.columns), tick / 1e6, names.len(), first / 1e6 % 86_400
    )
    return errors, Edges(cause, effect, seen["ties"].to_numpy().astype(int))


def _edge_verdict(whole: str) -> pl.Expr:
    follow = pl.col("caused_per_error")
    if whole in (NOT_ENOUGH, NO_SPREAD):
        verdict = pl.lit(whole)
    else:
        verdict = pl.when(follow > RUNAWAY).then(pl.lit("runaway risk")).when(follow >= CONTAINED)
        verdict = verdict.then(pl.lit("spreading")).otherwise(pl.lit("contained"))
    return pl.when(pl.col("errors") >= MIN_EDGE_ERRORS).then(verdict).otherwise(pl.lit(NOT_ENOUGH))


def _published_edges(seen: pl.DataFrame) -> pl.DataFrame:
    """The edges with all columns; rates are null where there is not enough data, the delay where nothing follows."""
    edges = seen.rename({"cause": "source", "effect": "target"})
    absent = [pl.lit(None, pl.Float64).alias(name) for name in FITTED if name not in edges.columns]
    judged = pl.when(pl.col("verdict") != NOT_ENOUGH).then(pl.col(FITTED)).name.keep()
    published = edges.with_columns(absent).with_columns(judged)
    published = published.with_columns(mean_delay_ms=pl.when(pl.col("caused") >= 1).then("mean_delay_ms"))
    most = (pl.col("caused").fill_null(-1.0), "errors")
    return published.select(*TIMING_EDGES).sort(*most, "source", "target", descending=[True, True, False, False])
