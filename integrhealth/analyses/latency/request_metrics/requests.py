"""Requests of systems and edges in five minutes, by how they ended and by the bucket of their latency."""

import polars as pl

from integrhealth.analyses.latency.request_metrics.series import tier
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME

ENDS = ("source", "target")
COUNTED_BY = (*ENDS, "side", "traffic", "instrument", "rank")
# How a request ended, besides the words of messages: no label says it.
UNLABELLED = "unlabelled"
# Only these say how long it takes: failing fast is not being fast.
TIMED = ("ok", "partial", "timeout", UNLABELLED)
ENDED = {"source": TEXT, "target": TEXT, "at": TIME, "status": TEXT, "requests": COUNT}
TAKEN = {"source": TEXT, "target": TEXT, "at": TIME, "low_ms": NUMBER, "high_ms": NUMBER, "requests": COUNT}


def ended_requests(counted: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, five minutes and status: requests, counts that add up.

    `counted` as ``increases.binned`` gives it, `series` as ``series.request_series`` does.
    Each traffic is counted once: by the server rather than by who asks, by what tells how requests ended rather than
    by what does not, and then by the first convention of the list. Counters of failures alone divide the requests
    whose end no label tells. Five minutes that were measured and in which nothing was asked have 0 requests.
    """
    whole = _whole(series)
    keys = [*COUNTED_BY, "status", "failed"]
    each = counted.join(whole.select("series", *keys), on="series")
    summed = each.group_by(*keys, "at").agg(requests=pl.col("grown").sum())
    rows = summed.filter(~pl.col("failed"))
    failures = summed.filter("failed").group_by(*ENDS, "traffic", "at").agg(failures=pl.col("requests").sum())
    chosen = _chosen(rows)
    joined = rows.join(chosen, on=list(COUNTED_BY), how="semi", nulls_equal=True)
    divided = _divided(joined, failures)
    return (
        divided.group_by(*ENDS, "at", "status")
        .agg(requests=pl.col("requests").sum().round().cast(COUNT))
        .with_columns(pl.col("status").fill_null("unknown"))
        .group_by(*ENDS, "at", "status")
        .agg(pl.col("requests").sum())
        .sort(*ENDS, "at", "status")
        .select(list(ENDED))
        .cast(ENDED)
    )


def _whole(series: pl.DataFrame) -> pl.DataFrame:
    """The series that count all requests; of a histogram without its count the bucket without an end does."""
    counts = series.filter(pl.col("part") == "count")
    endless = series.filter(pl.col("part") == "bucket", pl.col("le_ms").is_infinite())
    return pl.concat([counts, endless.join(counts, on="histogram", how="anti")])


def _chosen(counted: pl.DataFrame) -> pl.DataFrame:
    """What counts each traffic of each edge: one instrument of those in `counted`."""
    says = pl.col("status").is_null() | (pl.col("status") != UNLABELLED)
    each = counted.group_by(COUNTED_BY).agg(
        says=(pl.col("requests").filter(says).sum() > 0), total=pl.col("requests").sum()
    )
    ordered = each.with_columns(tier=tier(pl.col("traffic")), asked=pl.col("side") == "client").sort(
        *ENDS,
        "asked",
        "tier",
        "traffic",
        pl.col("says").not_(),
        "rank",
        pl.col("total").neg(),
        "instrument",
        nulls_last=True,
    )
    first = [pl.col(name) == pl.col(name).first().over(ENDS) for name in ("asked", "tier")]
    return ordered.filter(first[0]).filter(first[1]).unique([*ENDS, "traffic"], keep="first", maintain_order=True)


def _divided(counted: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """`counted` where the requests whose end no label tells are failed as often as `failures` say, and else ok."""
    on = [*ENDS, "traffic"]
    divided = failures.select(*on, by_failures=pl.lit(True)).unique()
    flagged = counted.join(divided, on=on, how="left", nulls_equal=True)
    untold = (pl.col("status") == UNLABELLED) & pl.col("by_failures")
    rest = flagged.filter(~untold.fill_null(False)).select(counted.columns)
    parted = flagged.filter(untold).join(failures, on=[*on, "at"], how="left", nulls_equal=True)
    failed = pl.min_horizontal(pl.col("failures").fill_null(0), "requests")
    parts = [
        parted.with_columns(status=pl.lit(status), requests=requests).select(counted.columns)
        for status, requests in {"failed": failed, "ok": pl.col("requests") - failed}.items()
    ]
    return pl.concat([rest, *parts])


def taken_requests(counted: pl.DataFrame, series: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row per source, target, five minutes and bucket of latency, (low_ms, high_ms]: requests that add up.

    Beside it how many five minutes of histograms were left out: their buckets do not grow with their bounds, or
    nothing says how many there are in all. Buckets stand apart before they are added, so that histograms with other
    bounds, of another process or after a release, add up too.
    """
    apart, faulty = _apart(counted, series)
    whose = series.select("histogram", *COUNTED_BY, "status").unique("histogram", keep="first")
    timed = apart.join(whose.filter(pl.col("status").is_in(TIMED)), on="histogram")
    keys = [*COUNTED_BY, "low_ms", "high_ms", "at"]
    each = timed.group_by(keys).agg(requests=pl.col("grown").sum())
    chosen = _chosen(each.with_columns(status=pl.lit("ok")))
    joined = each.join(chosen, on=list(COUNTED_BY), how="semi", nulls_equal=True)
    summed = joined.group_by(*ENDS, "at", "low_ms", "high_ms").agg(requests=pl.col("requests").sum().round())
    made = summed.filter(pl.col("requests") > 0).sort(*ENDS, "at", "low_ms", "high_ms")
    return made.select(list(TAKEN)).cast(TAKEN), faulty


def _apart(counted: pl.DataFrame, series: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """histogram, at, low_ms, high_ms, grown: how many fell into each bucket alone; and how many bins are faulty."""
    buckets = series.filter(pl.col("part") == "bucket", pl.col("le_ms") > 0).select("series", "histogram", "le_ms")
    totals = series.filter(pl.col("part") == "count").select("series", "histogram", le_ms=pl.lit(float("inf")))
    endless = buckets.filter(pl.col("le_ms").is_infinite()).select("histogram")
    # A histogram that lost its last bucket has a count, which is the same.
    lost = totals.join(endless, on="histogram", how="anti").join(buckets, on="histogram", how="semi")
    # In one life of a process its buckets have the same bounds.
    bin_keys = ["histogram", "life", "at"]
    rows = counted.join(pl.concat([buckets, lost]), on="series").drop("series").sort(*bin_keys, "le_ms")
    same = pl.all_horizontal(pl.col(key) == pl.col(key).shift(1) for key in bin_keys).fill_null(False)
    split = rows.select(
        *bin_keys,
        low_ms=pl.when(same).then(pl.col("le_ms").shift(1)).otherwise(0.0),
        high_ms="le_ms",
        grown=pl.col("grown") - pl.when(same).then(pl.col("grown").shift(1)).otherwise(0.0),
        open_end=~same.shift(-1, fill_value=False) & pl.col("le_ms").is_finite(),
    )
    # What was spread evenly are no whole numbers.
    faulty = split.filter((pl.col("grown") < -1e-6) | pl.col("open_end")).select(bin_keys).unique()
    kept = split.join(faulty, on=bin_keys, how="anti") if faulty.height else split
    return kept.filter(pl.col("grown") > 0).drop("life", "open_end"), faulty.height
