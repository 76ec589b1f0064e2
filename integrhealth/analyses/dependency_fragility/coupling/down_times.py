"""When a system was down: from failures in a row at it, and from its metrics.

What is seen of a system adds up by the second over disjoint sets of messages (``seen_facts``); only merged facts say
which failures came in a row. A time down lasts from the first to the last sign of it, so that what is sent between
recovery and the first success is nobody's.
"""

import polars as pl

from integrhealth.language.schema import (
    COUNT,
    DECLINED,
    SENT_AWAY,
    TEXT,
    TIME,
    is_business,
    is_delivered,
    is_ended,
    is_failed,
)
from integrhealth.language.thresholds import (
    CHANCE_OF_ROW,
    COUPLING_BIN_MINUTES,
    FAILURES_IN_A_ROW,
    MISSING_SAMPLES,
    REGULAR_SHARE,
)

KEYS = ("system", "at")
COUNTS = ("failed", "down", "answered", "arrived", "accepted")
DOWN_TIMES = {"system": TEXT, "started_at": TIME, "ended_at": TIME, "sign": TEXT, "failures": COUNT}
BOTH = "failures and metrics"


def arrived_at() -> pl.Expr:
    """When a message was there, or its answer back; null where nothing says so."""
    return pl.coalesce("finished_at", "answered_at", "received_at")


def is_sent_away() -> pl.Expr:
    """Whether the sender of a message does not wait for the receiver."""
    return pl.col("kind").is_in(SENT_AWAY).fill_null(False)


def seen_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per system and second in which messages ended at it: what these say of the system.

    ``down`` counts its own failures; ``answered`` what it did for one who waited, ``arrived`` what reached it
    otherwise, ``accepted`` what was accepted on its way and nothing says that it arrived; ``ended`` and ``failed`` are
    all. Failures passed on say neither that it is up nor that it is down, what a fallback served says nothing of it.
    ``min_sent`` to ``max_sent`` is when its own failures were sent, ``min_object`` and ``max_object`` differ where they
    are about several objects.
    """
    status, own = pl.col("status"), pl.col("own_error")
    lived = is_delivered(status) | (status == DECLINED)
    there = arrived_at()
    waited = lived & ~is_sent_away()
    # Names as numbers in their order: grouping and sorting a million of them is three times as fast.
    names = pl.Enum(caused["target"].drop_nulls().unique().sort())
    seen = (
        caused.lazy()
        .filter(is_business(), is_ended(status), ~pl.col("fallback").fill_null(False), pl.col("sent_at").is_not_null())
        .select(
            system=pl.col("target").cast(names),
            at=pl.max_horizontal("sent_at", pl.coalesce(there, "sent_at")).dt.truncate("1s"),
            failed=is_failed(status),
            down=own,
            answered=waited,
            arrived=lived & ~waited & there.is_not_null(),
            accepted=lived & ~waited & there.is_null(),
            sent_at=pl.when(own).then("sent_at"),
            object=pl.when(own).then(pl.coalesce("object_id", "message_id")),
        )
        .collect(engine="streaming")
    )
    counts = pl.col(COUNTS).cast(pl.Int64).sum()
    by_second = seen.lazy().group_by(KEYS).agg(pl.len().cast(pl.Int64).alias("ended"), counts).sort(KEYS)
    # Few messages fail: times and text are compared among those alone.
    failures = (
        seen.filter("down")
        .group_by(KEYS)
        .agg(
            min_sent=pl.col("sent_at").min(),
            max_sent=pl.col("sent_at").max(),
            min_object=pl.col("object").min(),
            max_object=pl.col("object").max(),
        )
    )
    whole = by_second.collect(engine="streaming").join(failures, on=KEYS, how="left", maintain_order="left")
    return whole.with_columns(pl.col("system").cast(pl.String))


def windows(seen: pl.DataFrame, metrics: pl.DataFrame) -> pl.DataFrame:
    """One row per unbroken time down, from the merged `seen` facts and `metrics`: system, started_at, ended_at, outage.

    ``sign`` says what tells of it, ``failures`` how many of its own failures. Times that overlap are one. ``outage`` is
    when the outage began that it is part of: what lies closer together than the longer of the two lasted, or than a
    quarter of an hour, is one outage, in which a few messages got through.
    """
    signs = pl.concat([_in_a_row(seen), _unhealthy(metrics, seen)]).sort("system", "started_at", "ended_at")
    reached = pl.col("ended_at").cum_max().shift().over("system")
    whole = (
        signs.with_columns(time=(pl.col("started_at") > reached).fill_null(True).cum_sum().over("system"))
        .group_by("system", "time")
        .agg(pl.col("started_at").min(), pl.col("ended_at").max(), _sign(), pl.col("failures").sum())
        .sort("system", "started_at")
    )
    lasted = pl.col("ended_at") - pl.col("started_at")
    apart_at_least = pl.duration(minutes=COUPLING_BIN_MINUTES)
    longer = pl.max_horizontal(lasted, lasted.shift().over("system"), apart_at_least)
    apart = (pl.col("started_at") - pl.col("ended_at").shift().over("system")) >= longer
    return (
        whole.with_columns(part=apart.fill_null(True).cum_sum().over("system"))
        .with_columns(outage=pl.col("started_at").min().over("system", "part"))
        .select(*DOWN_TIMES, "outage")
    )


def down_times(windows: pl.DataFrame) -> pl.DataFrame:
    """One row per outage of `windows`: system, started_at, ended_at, sign, failures."""
    return (
        windows.group_by("system", "outage")
        .agg(pl.col("started_at").min(), pl.col("ended_at").max(), _sign(), pl.col("failures").sum())
        .select(*DOWN_TIMES)
        .sort("system", "started_at")
    )


def _sign() -> pl.Expr:
    return pl.when(pl.col("sign").n_unique() > 1).then(pl.lit(BOTH)).otherwise(pl.col("sign").first()).alias("sign")


def _in_a_row(seen: pl.DataFrame) -> pl.DataFrame:
    """Own failures in a row, three at least and not all about one object, which may be what fails.

    Acceptance is a sign of life only where no arrival is ever logged. A second with both signs is one of life. So many
    in a row must be no chance: of n messages that fail one by one with share p, n p^k rows of k are to be expected.
    """
    silent = pl.col("arrived").sum().over("system") == 0
    alive = (pl.col("answered") + pl.col("arrived") + pl.when(silent).then("accepted").otherwise(0)) > 0
    rows = (
        seen.sort(KEYS)
        .with_columns(alive=alive)
        .with_columns(run=pl.col("alive").cum_sum().over("system"))
        .filter(~pl.col("alive"), pl.col("down") > 0)
        .group_by("system", "run")
        .agg(
            started_at=pl.col("min_sent").min(),
            ended_at=pl.col("max_sent").max(),
            sign=pl.lit("failures"),
            failures=pl.col("down").sum(),
            several=pl.col("min_object").min() != pl.col("max_object").max(),
        )
        .filter(pl.col("failures") >= FAILURES_IN_A_ROW, "several")
    )
    # How often it fails otherwise: what happens in rows would excuse the rows.
    inside = rows.group_by("system").agg(inside=pl.col("failures").sum())
    totals = seen.group_by("system").agg(pl.col("ended", "down").sum()).join(inside, on="system")
    otherwise = totals.select(
        "system",
        "ended",
        share=(pl.col("down") - pl.col("inside")) / pl.max_horizontal(pl.col("ended") - pl.col("inside"), 1),
    )
    expected = pl.col("ended") * pl.col("share") ** pl.col("failures")
    return rows.join(otherwise, on="system").filter(expected <= CHANCE_OF_ROW).select(*DOWN_TIMES)


def _unhealthy(metrics: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Health gaps of `metrics`, those left out in which the system answered all the same."""
    gaps = pl.concat([_not_up(metrics), _without_samples(metrics)])
    answered = seen.filter(pl.col("answered") > 0).select("system", answered_at="at").sort("answered_at")
    nearest = (
        gaps.sort("started_at")
        .join_asof(
            answered,
            left_on="started_at",
            right_on="answered_at",
            by="system",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,  # sorted above; polars cannot check within groups
        )
        .filter(~(pl.col("answered_at") < pl.col("ended_at")).fill_null(False))
    )
    return nearest.select(
        "system", "started_at", "ended_at", sign=pl.lit("metrics"), failures=pl.lit(0, pl.Int64)
    ).cast(DOWN_TIMES)


def _not_up(metrics: pl.DataFrame) -> pl.DataFrame:
    """From the first to the last of samples in a row that say ``up`` = 0, of all instances of the system."""
    samples = (
        metrics.filter(pl.col("metric") == "up", pl.col("value").is_finite())
        .group_by("system", "time")
        .agg(down=pl.col("value").max() <= 0)
        .sort("system", "time")
        .with_columns(run=pl.col("down").rle_id().over("system"))
    )
    down = samples.filter("down").group_by("system", "run")
    return down.agg(started_at=pl.col("time").min(), ended_at=pl.col("time").max()).drop("run")


def _without_samples(metrics: pl.DataFrame) -> pl.DataFrame:
    """From the first to the last sample missing, three at least, at a system that is measured regularly.

    Where others are measured too, one of them must be there for most of it: else it was the collector that was down.
    """
    times = metrics.select("system", "time").unique().sort("system", "time")
    spaced = times.with_columns(step=pl.col("time").diff().over("system")).with_columns(
        usual=pl.col("step").median().over("system")
    )
    regular = (pl.col("step") <= 1.5 * pl.col("usual")).mean().over("system") >= REGULAR_SHARE
    gaps = spaced.filter(regular, pl.col("step") >= (MISSING_SAMPLES + 1) * pl.col("usual")).select(
        "system",
        started_at=pl.col("time") - pl.col("step") + pl.col("usual"),
        ended_at=pl.col("time") - pl.col("usual"),
    )
    if times["system"].n_unique() < 2:
        return gaps
    others = (
        gaps.join_where(
            times.rename({"system": "other"}),
            pl.col("time") >= pl.col("started_at"),
            pl.col("time") <= pl.col("ended_at"),
            pl.col("system") != pl.col("other"),
        )
        .group_by("system", "started_at", "ended_at", "other")
        .agg(samples=pl.len())
        .join(spaced.select("usual", other="system").drop_nulls().unique("other"), on="other")
    )
    # One sample at the edge of a gap is no sign: a collector comes back to one system after the other.
    there = pl.col("samples") * pl.col("usual") * 2 > pl.col("ended_at") - pl.col("started_at")
    return gaps.join(others.filter(there), on=["system", "started_at"], how="semi")
