"""One row for each upstream that a proxy asked about a request: their statuses and times stand as lists in one line.

``502, 200`` and ``0.100, 0.016`` are two attempts, of which the second saved the request; `` : `` stands between those
of an internal redirect (NGINX, ``$upstream_status``). One after the other, and the last ended when the request did.
"""

from typing import NamedTuple

import polars as pl

BETWEEN = r"\s*(?:,|\s:)\s+"
NUMBER = r"^[0-9]+(?:\.[0-9]+)?$"
# The columns that an entry with upstreams may name.
ATTEMPT, STATUS, FROM_START, TO_END = "$attempt", "$status", "$from_start", "$to_end"


class Upstreams(NamedTuple):
    """The columns, the first of them that a file has: lists of statuses and of seconds, and those of the request."""

    statuses: tuple[str, ...]
    seconds: tuple[str, ...]
    status: tuple[str, ...]
    total: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """All columns."""
        return [name for each in self for name in each]


def attempts(rows: pl.DataFrame, upstreams: Upstreams) -> pl.DataFrame:
    """`rows` with one row per upstream that was asked, or as they are where that was one or none.

    ``$attempt`` counts from 1; ``$status`` is what the upstream answered, of the last what the request ended with, and
    failed where it gave no answer, as the next one was asked;
    ``$from_start`` and ``$to_end`` are the seconds from the begin and from the end of an attempt to the end of the
    request. Where the line tells no time there is one moment, at which it all was: 0, and no end.
    """
    statuses, seconds, status, total = (_column(rows, names) for names in upstreams)
    whole = rows.with_columns(
        pl.when(pl.coalesce(statuses, seconds).str.contains(BETWEEN))
        .then(pl.coalesce(statuses, seconds.str.replace_all(r"[^,:\s]+", "-")).str.replace_all(BETWEEN, "\n"))
        .alias("statuses "),
        _seconds(total).alias(FROM_START),
        status.alias(STATUS),
    )
    one = whole.filter(pl.col("statuses ").is_null()).with_columns(
        pl.lit("1").alias(ATTEMPT), pl.when(pl.col(FROM_START).is_not_null()).then(0.0).alias(TO_END)
    )
    several = whole.filter(pl.col("statuses ").is_not_null()).with_row_index("request ")
    if several.is_empty():
        return _from_a_moment(one.drop("statuses "))
    lists = several.with_columns(
        pl.col("statuses ").str.split("\n"),
        seconds.str.replace_all(BETWEEN, "\n").str.split("\n").alias("seconds "),
    )
    size = pl.col("statuses ").list.len()
    padded = pl.concat_list("seconds ", pl.lit(None, pl.String).repeat_by(size)).list.head(size)
    each = lists.with_columns(padded).explode("statuses ", "seconds ")
    place, own = pl.int_range(pl.len()).over("request "), _seconds(pl.col("seconds "))
    last = place == pl.len().over("request ") - 1
    each = each.with_columns(own.alias("own "), last.alias("last "), (place + 1).cast(pl.String).alias(ATTEMPT))
    # What came after an attempt; nobody knows it where one of those tells no time.
    later = pl.col("own ").cum_sum(reverse=True).over("request ") - pl.col("own ")
    timed_later = pl.col("own ").is_null().cast(pl.Int64).cum_sum(reverse=True).over("request ") == 0
    each = each.with_columns(pl.when("last ").then(0.0).when(timed_later).then(later).alias(TO_END))
    # The times of upstreams are rounded, or overlap the request's: an attempt does not begin after its end.
    own_begin = pl.col(TO_END) + pl.col("own ")
    begun = pl.when(pl.col(ATTEMPT) == "1").then(pl.max_horizontal(FROM_START, own_begin)).otherwise(own_begin)
    timed = pl.col(FROM_START).is_not_null()
    each = each.with_columns(
        pl.when(timed).then(begun).alias(FROM_START),
        pl.when(timed).then(TO_END).alias(TO_END),
        pl.when("last ")
        .then(STATUS)
        .when(pl.col("statuses ").str.contains(NUMBER))
        .then("statuses ")
        .otherwise(pl.lit("failed"))
        .alias(STATUS),
    )
    one = one.drop("statuses ")
    return _from_a_moment(pl.concat([one, each.select(one.columns)])).sort("log_line", maintain_order=True)


def _from_a_moment(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col(FROM_START).fill_null(0.0))


def _column(rows: pl.DataFrame, names: tuple[str, ...]) -> pl.Expr:
    there = [pl.col(name).cast(pl.String) for name in names if name in rows.columns]
    return pl.coalesce(there) if there else pl.lit(None, pl.String)


def _seconds(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Float64, strict=False)
