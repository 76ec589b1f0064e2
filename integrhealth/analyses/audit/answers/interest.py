"""What open questions cost a year, in parts that share no money.

Every part owns its money: documents own what is wrong with a document, transfers the objects that are no document,
outages only what goes beyond both for the objects that the integration carried, wrong entries what a hold would have
saved, and search the hours of people.
"""

import polars as pl

from integrhealth.analyses.audit.answers.measured import Tables
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.thresholds import MIN_INTEREST_DAYS

ENTRIES, OUTAGES, SEARCH, DOCUMENTS, TRANSFERS = PARTS = (
    "wrong entries",
    "outages",
    "search",
    "documents",
    "transfers",
)
INTEREST = {
    "part": TEXT,
    "subject": TEXT,
    "amount": NUMBER,
    "period_amount": NUMBER,
    "left_to_others": NUMBER,
    "n": COUNT,
    "how": TEXT,
    "report": TEXT,
    "table": TEXT,
}
OBJECT = ("object_type", "object_id")
DAYS_PER_YEAR, HOURS_PER_DAY = 365.25, 24
HOLD, LOST, APPLIED_TWICE = "hold", "lost", "applied twice"
BALANCED, OVER_INVOICED = ("balanced", "open"), "over-invoiced"
# What an order that an outage lost looks like afterwards.
MISSING = ("never shipped", "invoice without shipment", "shipment without invoice")


def interest(
    tables: Tables,
    carried: pl.DataFrame,
    *,
    period_days: float | None,
    currency: str | None,
    hour_cost: float | None = None,
) -> pl.DataFrame:
    """One row per part and subject (INTEREST), the most money first: ``amount`` a year, in `currency`.

    `tables` by name ("report.table"), absent ones say nothing. `carried` is integration, document: one row per
    document, the integration null where no message carried it. `period_days` is what the tables cover; under
    MIN_INTEREST_DAYS there is no amount a year. `hour_cost` is what an hour of search costs.
    """
    of_entries = _entries(tables)
    lines = _lines(tables, currency)
    missed = _missed(tables)
    transfers = _transfers(missed, carried)
    already = _already(lines, transfers, missed, carried)
    parts = [
        of_entries,
        _outages(tables, already, period_days),
        _search(tables, hour_cost),
        _documents(lines, entries_counted=of_entries.height > 0),
        transfers.group_by("subject", maintain_order=True).agg(
            part=pl.lit(TRANSFERS),
            period_amount=pl.col("money").sum(),
            left_to_others=pl.col("left").sum(),
            n=pl.len(),
            how=pl.lit("objects lost or applied twice; those that are documents are counted there"),
            report=pl.lit("reconciliation"),
            table=pl.lit("transfers"),
        ),
    ]
    enough = period_days is not None and period_days >= MIN_INTEREST_DAYS
    yearly = pl.col("period_amount") * (DAYS_PER_YEAR / period_days if enough else None)
    shaped = [
        part.with_columns(pl.lit(None, NUMBER).alias("amount")).select(
            pl.col(name).cast(kind) if name in part.columns else pl.lit(None, kind).alias(name)
            for name, kind in INTEREST.items()
        )
        for part in parts
    ]
    return (
        pl.concat(shaped)
        .with_columns(amount=yearly.cast(NUMBER))
        .sort("amount", "part", "subject", descending=[True, False, False], nulls_last=True)
    )


def _entries(tables: Tables) -> pl.DataFrame:
    """What a hold would have saved where it pays, its delay paid."""
    friction = _table(tables, "error_propagation.friction", "integration", "verdict", "net", "bad_entries")
    return friction.filter(pl.col("verdict") == HOLD, pl.col("net") > 0).select(
        part=pl.lit(ENTRIES),
        subject="integration",
        period_amount="net",
        left_to_others=pl.lit(0.0),
        n="bad_entries",
        how=pl.lit("what the best hold would have saved, less the delay it costs"),
        report=pl.lit("error_propagation"),
        table=pl.lit("friction"),
    )


def _lines(tables: Tables, currency: str | None) -> pl.DataFrame:
    """Document lines with money certainly at stake, in the one currency: document, flag, money."""
    documents = _table(tables, "reconciliation.documents", "document", "flag", "at_stake", "currency", "certain")
    wrong = documents.filter(~pl.col("flag").is_in(BALANCED), "certain", pl.col("at_stake") > 0)
    ours = pl.col("currency").eq_missing(pl.lit(currency, TEXT))
    return wrong.filter(ours).select("document", "flag", money="at_stake")


def _documents(lines: pl.DataFrame, *, entries_counted: bool) -> pl.DataFrame:
    """What is at stake by flag. A wrong amount is what a wrong entry looks like: it counts in one of the two parts."""
    theirs = (pl.col("flag") == OVER_INVOICED) & entries_counted
    return lines.group_by(subject="flag").agg(
        part=pl.lit(DOCUMENTS),
        period_amount=pl.col("money").filter(~theirs).sum(),
        left_to_others=pl.col("money").filter(theirs).sum(),
        n=pl.len(),
        how=pl.lit("money at stake on order lines; amounts over-invoiced are wrong entries where these are counted"),
        report=pl.lit("reconciliation"),
        table=pl.lit("documents"),
    )


def _missed(tables: Tables) -> pl.DataFrame:
    """Objects lost, or applied again, with their amounts: integration, object_type, object_id, amount."""
    key = ("integration", *OBJECT)
    lost = _table(tables, "reconciliation.unmatched", *key, "class", "amount").filter(pl.col("class") == LOST)
    twice = _table(tables, "reconciliation.duplicates", *key, "class", "amount", "applied")
    again = twice.filter(pl.col("class") == APPLIED_TWICE).with_columns(
        amount=pl.col("amount").abs() * (pl.col("applied") - 1)
    )
    objects = pl.concat([each.select(*key, pl.col("amount").abs()) for each in (lost, again)])
    return objects.filter(pl.col("amount") > 0).sort("amount", *key, descending=[True, False, False, False])


def _transfers(missed: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    """Each object of `missed` once with its larger amount: object_type, object_id, subject, money, left.

    What is `left` belongs to documents.
    """
    once = missed.unique(OBJECT, keep="first", maintain_order=True)
    written = pl.col("object_id").is_in(carried["document"].drop_nulls().unique().implode())
    return once.select(
        *OBJECT,
        subject="integration",
        money=pl.when(written).then(0.0).otherwise("amount"),
        left=pl.when(written).then("amount").otherwise(0.0),
    )


def _already(lines: pl.DataFrame, transfers: pl.DataFrame, missed: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    """integration, already: what documents and transfers count of the objects that it carried, or `missed` as well."""
    missing = lines.filter(pl.col("flag").is_in(MISSING)).group_by("document").agg(pl.col("money").sum())
    of_documents = missing.join(carried.drop_nulls().unique(), on="document").select("integration", "money")
    everywhere = missed.select("integration", *OBJECT).unique()
    of_transfers = everywhere.join(transfers, on=OBJECT, nulls_equal=True).select("integration", "money")
    return pl.concat([of_documents, of_transfers]).group_by("integration").agg(already=pl.col("money").sum())


def _outages(tables: Tables, already: pl.DataFrame, period_days: float | None) -> pl.DataFrame:
    """Outages of the target that were seen x the median loss of one, at an ordinary hour in place of the busiest."""
    drill = _table(tables, "dependency_fragility.outages", "integration", "target", "median_loss", "arrivals")
    down = _table(tables, "dependency_fragility.down_times", "system").group_by("system").agg(outages=pl.len())
    busy = (
        _table(tables, "latency.integrations", "integration", "messages")
        .group_by("integration")
        .agg(pl.col("messages").sum())
    )
    hours = HOURS_PER_DAY * period_days if period_days else None
    ordinary = (pl.col("messages") / hours / pl.col("arrivals")).clip(0, 1)
    expected = pl.col("outages") * pl.col("median_loss") * ordinary
    counted_there = pl.col("already").fill_null(0.0)
    rows = (
        drill.filter(pl.col("median_loss") > 0)
        .join(down, left_on="target", right_on="system")
        .join(busy, on="integration")
        .join(already, on="integration", how="left")
        .with_columns(expected=expected)
    )
    return rows.filter(pl.col("expected") > 0).select(
        part=pl.lit(OUTAGES),
        subject="integration",
        period_amount=(pl.col("expected") - counted_there).clip(lower_bound=0.0),
        left_to_others=pl.min_horizontal("expected", counted_there),
        n="outages",
        how=pl.lit("outages seen x the loss of one at an ordinary hour, beyond what documents and transfers count"),
        report=pl.lit("dependency_fragility"),
        table=pl.lit("outages"),
    )


def _search(tables: Tables, hour_cost: float | None) -> pl.DataFrame:
    """Hours in which teams had an incident that they did not repair; money where an hour has a price."""
    searched = _table(tables, "accountability.incidents", "search_hours").filter(pl.col("search_hours") > 0)
    hours = searched["search_hours"].sum()
    price = "" if hour_cost is not None else "; hour_cost gives them a price"
    return (
        searched.with_columns(subject=pl.lit("incidents"))
        .group_by("subject")
        .agg(
            part=pl.lit(SEARCH),
            period_amount=pl.lit(None if hour_cost is None else hours * hour_cost, NUMBER),
            left_to_others=pl.lit(0.0),
            n=pl.len(),
            how=pl.lit(f"{hours:,.1f} hours of search{price}"),
            report=pl.lit("accountability"),
            table=pl.lit("incidents"),
        )
    )


def _table(tables: Tables, name: str, *columns: str) -> pl.DataFrame:
    """The columns of a table; without rows where it is absent."""
    frame = tables.get(name)
    return (
        pl.DataFrame(schema={each: _KINDS.get(each, TEXT) for each in columns})
        if frame is None
        else frame.select(columns)
    )


_KINDS = {
    "net": NUMBER,
    "bad_entries": COUNT,
    "at_stake": NUMBER,
    "certain": pl.Boolean,
    "amount": NUMBER,
    "applied": COUNT,
    "median_loss": NUMBER,
    "arrivals": COUNT,
    "messages": COUNT,
    "search_hours": NUMBER,
}
