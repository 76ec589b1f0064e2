"""Whether the sums that left a system are those that the next one holds."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from integrhealth.analyses.reconciliation.documents.lines import TYPES
from integrhealth.language.levels import LEVELS
from integrhealth.language.period import last_moment
from integrhealth.language.schema import DECLINED, is_delivered, is_ended, is_exchanged
from integrhealth.language.thresholds import BOOKS_OPEN_HOURS, DUE_SHARE

# Sums are made of whole ten-thousandths, so that a difference of nothing is zero; more money than this is none.
PARTS, MOST_MONEY = 10_000, 1e13
# What was compared: what both ends wrote down, or what messages say.
BOTH_BOOKS, MESSAGES = "documents", "objects"
ENTRIES: dict[str, Any] = {
    "integration": pl.String,
    "currency": pl.String,
    "object": pl.String,
    "sent": pl.Int128,
    "received": pl.Int128,
    "unit": pl.String,
}
BOOKS: dict[str, Any] = {
    "integration": pl.String,
    "difference": pl.Float64,
    "tolerance": pl.Float64,
    "sent_total": pl.Float64,
    "received_total": pl.Float64,
    "currency": pl.String,
    "unit": pl.String,
    "n": pl.Int64,
    "lost": pl.Int64,
    "twice": pl.Int64,
    "apart": pl.Int64,
    "gross": pl.Float64,
    "as_of": pl.Datetime("us", "UTC"),
}
SENT = ("integration", "operation", "object_type", "object_id", "currency")


def sent_and_applied(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per object that an integration carries with an amount: what left and what arrived (ENTRIES).

    Of an object that is sent several times the last amount counts, once as sent, and as often as it was delivered as
    received: a repetition that was delivered was applied again, unless something in it is new (payload, seq).
    ``declined`` is no debt, and what is not yet ended, or failed within a day of the end, is still on its way.
    """
    carried = messages.filter(
        pl.col("amount").is_finite() & (pl.col("amount").abs() < MOST_MONEY),
        pl.col("object_id").is_not_null(),
        pl.col("integration").is_not_null(),
        is_exchanged(),
    ).with_columns(_parts("amount"))
    end = last_moment(messages["sent_at"])
    inside = carried.sort("sent_at", "message_id", "attempt", nulls_last=True)
    objects = (
        inside.group_by(SENT, maintain_order=True)
        .agg(sent=pl.col("amount").last(), status=pl.col("status").last(), at=pl.col("sent_at").last())
        .filter(is_ended(pl.col("status")) & (pl.col("status") != DECLINED))
        .join(_applied(inside), on=SENT, how="left", nulls_equal=True)
        .with_columns(pl.col("times").fill_null(0))
    )
    young = pl.lit(end, pl.Datetime("us", "UTC")) - pl.col("at") < timedelta(hours=BOOKS_OPEN_HOURS)
    settled = objects.filter((pl.col("times") > 0) | ~young.fill_null(False))
    name = pl.concat_str(pl.col("object_type", "object_id"), separator=" ", ignore_nulls=True)
    return (
        settled.select(
            "integration",
            "currency",
            "sent",
            object=name,
            received=pl.col("arrived").fill_null(0) * pl.col("times"),
            unit=pl.lit(MESSAGES),
        )
        .select(*ENTRIES)
        .cast(ENTRIES)
    )


def _applied(ordered: pl.DataFrame) -> pl.DataFrame:
    """SENT, arrived (the amount delivered last) and how many times just that was delivered."""
    delivered = ordered.filter(is_delivered(pl.col("status")))
    versions = delivered.group_by(*SENT, "amount", "payload_hash", "seq", maintain_order=True).agg(
        times=pl.len(), place=pl.col("sent_at").last()
    )
    last = versions.sort("place", maintain_order=True).unique(SENT, keep="last", maintain_order=True)
    return last.select(*SENT, "times", arrived="amount")


def held_by_both(documents: pl.DataFrame, messages: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """One row per document that the source of an integration holds, or its target, of a type that both do (ENTRIES).

    Only for integrations between two systems that hold one document at least in common, and of the types that its
    messages carry, where they say so: of one that carries others there is one row without an object. Compared is the
    time of which both have documents; what the target still lacks no longer than nearly all took to arrive is on its
    way.
    """
    totals = _totals(documents)
    ends = integrations.select("integration", "source", "target").drop_nulls().unique("integration", keep="first")
    here = ends.join(totals, left_on="source", right_on="system").drop("target")
    there = ends.join(totals, left_on="target", right_on="system").drop("source")
    common = here.join(there, on=["integration", "type", "document"], suffix="_there")
    lags = common.group_by("integration", "type").agg(
        lag=(pl.col("created_at_there") - pl.col("created_at")).quantile(DUE_SHARE, "higher").clip(timedelta())
    )
    begun = pl.concat(
        [side.group_by("integration", "type").agg(begun=pl.col("created_at").min()) for side in (here, there)]
    )
    begun = begun.group_by("integration", "type").agg(pl.col("begun").max())
    key = ["integration", "type", "document", "currency"]
    both = here.join(there, on=key, how="full", suffix="_there", coalesce=True, nulls_equal=True)
    end = pl.lit(last_moment(documents["created_at"]), pl.Datetime("us", "UTC"))
    on_its_way = pl.col("amount_there").is_null() & (end - pl.col("created_at") <= pl.col("lag"))
    # What one side holds from before the other's first document is no difference.
    paired = pl.col("amount").is_not_null() & pl.col("amount_there").is_not_null()
    at = pl.coalesce("created_at", pl.col("created_at_there") - pl.col("lag"))
    compared = (
        both.join(_of_carried_types(lags, messages), on=["integration", "type"])
        .join(begun, on=["integration", "type"])
        .filter(paired | ((at >= pl.col("begun")) & ~on_its_way.fill_null(False)))
        .with_columns(object=pl.format("{} {}", "type", "document"))
    )
    others = lags.select("integration").unique().join(compared, on="integration", how="anti")
    rows = pl.concat([compared, others], how="diagonal")
    amounts = {"sent": pl.col("amount").fill_null(0), "received": pl.col("amount_there").fill_null(0)}
    return rows.with_columns(**amounts, unit=pl.lit(BOTH_BOOKS)).select(*ENTRIES).cast(ENTRIES)


def _of_carried_types(pairs: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Those of the `pairs` (integration, type) whose messages carry such objects, or do not say what they carry."""
    carried = messages.drop_nulls(["integration", "object_type"])
    carried = carried.select("integration", type=pl.col("object_type").str.to_lowercase()).unique()
    silent = pairs.join(carried, on="integration", how="anti")
    return pl.concat([silent, pairs.join(carried, on=["integration", "type"], how="semi")])


def _totals(documents: pl.DataFrame) -> pl.DataFrame:
    """system, type, document, currency, amount (ten-thousandths), created_at: each line as it was said last."""
    line = ("system", "type", "document", "line")
    kept = documents.filter(
        pl.col("type").is_in(TYPES), pl.col("amount").is_finite() & (pl.col("amount").abs() < MOST_MONEY)
    ).with_columns(_parts("amount"))
    current = kept.filter(pl.col("created_at") == pl.col("created_at").max().over(*line, "preceding", "preceding_line"))
    # A line that follows several lines says its amount with each of them, or its parts.
    each = current.unique((*line, "preceding", "preceding_line", "amount", "currency"), keep="any")
    lines = each.group_by(*line, "currency").agg(
        amount=pl.when(pl.col("amount").n_unique() == 1)
        .then(pl.col("amount").first())
        .otherwise(pl.col("amount").sum()),
        created_at=pl.col("created_at").min(),
    )
    return lines.group_by("system", "type", "document", "currency").agg(
        pl.col("amount").cast(pl.Int128).sum(), pl.col("created_at").min()
    )


def entries(messages: pl.DataFrame, documents: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """What both ends say of each object (ENTRIES): their documents where both hold some, else the messages.

    Where the books of both ends are there, messages that carry something else, such as a question, are no books.
    """
    held = held_by_both(documents, messages, integrations)
    carried = sent_and_applied(messages).join(held.select("integration").unique(), on="integration", how="anti")
    return pl.concat([held.drop_nulls("object"), carried])


def books(entries: pl.DataFrame, integrations: pl.DataFrame, *, as_of: datetime | None) -> pl.DataFrame:
    """One row per integration of the first level and currency (BOOKS), the largest difference first; `integrations`
    are those of the catalog."""
    first = integrations.filter(pl.col("level") == LEVELS[0]).select("integration").unique()
    apart = pl.col("received") - pl.col("sent")
    sums = (
        entries.join(first, on="integration", how="semi")
        .group_by("integration", "currency", "unit")
        .agg(
            difference=apart.sum(),
            sent_total=pl.col("sent").sum(),
            received_total=pl.col("received").sum(),
            n=pl.len(),
            lost=((pl.col("received") == 0) & (pl.col("sent") != 0)).sum(),
            twice=_twice().sum(),
            apart=(apart != 0).sum(),
            gross=apart.abs().sum(),
        )
    )
    money = pl.col("difference", "sent_total", "received_total", "gross").cast(pl.Float64) / PARTS
    return (
        sums.with_columns(money, tolerance=pl.lit(0.0), as_of=pl.lit(as_of, pl.Datetime("us", "UTC")))
        .sort(pl.col("difference").abs(), "gross", "integration", "currency", descending=[True, True, False, False])
        .select(*BOOKS)
        .cast(BOOKS)
    )


def _twice() -> pl.Expr:
    return (pl.col("sent") != 0) & (pl.col("received").abs() >= 2 * pl.col("sent").abs())


def _parts(column: str) -> pl.Expr:
    return (pl.col(column) * PARTS).round().cast(pl.Int64).alias(column)
