"""Which order lines went wrong, by what is wrong with them, and which books of the first level do not tie out."""

import polars as pl

from integrhealth.analyses.reconciliation.documents.books import BOTH_BOOKS
from integrhealth.analyses.reconciliation.documents.flags import (
    BALANCED,
    FLAGS,
    NEVER_SHIPPED,
    OPEN,
    OVER_INVOICED,
    OVER_SHIPPED,
    PAID_TWICE,
    SHIPPED_AGAIN,
    UNBILLED,
    UNSHIPPED,
)
from integrhealth.analyses.reconciliation.tables import NAME
from integrhealth.language.findings import findings, integration_owners, system_owners, written

# Flags by which money or goods are gone, or a customer was charged for nothing.
LOST = (NEVER_SHIPPED, SHIPPED_AGAIN, PAID_TWICE, OVER_INVOICED, UNSHIPPED)
SAID = {
    NEVER_SHIPPED: ("never shipped", "Who tells these customers, and what let the orders fall through?"),
    SHIPPED_AGAIN: ("shipped again", "What sent the same order line out more than once, and who asks for the goods?"),
    PAID_TWICE: ("paid twice", "Who pays the difference back, and what let the second payment through?"),
    OVER_INVOICED: ("over-invoiced", "Who corrects these invoices, and which step invoices more than was ordered?"),
    UNSHIPPED: ("invoiced and not shipped", "Are these goods still to come, or do the invoices have to go?"),
    OVER_SHIPPED: ("over-shipped", "Were these customers meant to get more than they ordered?"),
    UNBILLED: ("shipped and not invoiced", "Who writes these invoices, and where did the step from shipment stop?"),
}


def document_findings(documents: pl.DataFrame, *, systems: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    """``documents_unbalanced``: one finding per flag, of the lines that have it for certain.

    They are facts of single documents: one is enough. Critical where goods or money are gone and the order is known;
    an invoice of which the evidence has no order may be one of services. ``cost`` is what is at stake in the catalog's
    `currency`. Owner is that of the system with the most of these lines, by the catalog's `systems`.
    """
    sure = documents.filter("certain", ~pl.col("flag").is_in((BALANCED, OPEN)))
    worst = sure.sort("at_stake", "document", "line", descending=[True, False, False], nulls_last=True)
    lost = pl.col("flag").is_in(LOST) & pl.col("ordered").is_not_null()
    rows = (
        worst.with_columns(lost=lost)
        .sort("lost", descending=True, maintain_order=True)
        .group_by("flag", maintain_order=True)
        .agg(
            value=pl.len(),
            critical=pl.col("lost").any(),
            cost=pl.col("at_stake").filter(pl.col("currency") == pl.lit(currency, pl.String)).sum().round(2),
            priced=(pl.col("currency") == pl.lit(currency, pl.String)).any(),
            system=pl.col("system").drop_nulls().mode().sort().first(),
            example=pl.col("document").first(),
            example_line=pl.col("line").first(),
            why=pl.col("why").first(),
        )
        .join(_money(sure), on="flag", how="left", maintain_order="left")
        .join(system_owners(systems), on="system", how="left", maintain_order="left")
    )
    said = {
        place: pl.col("flag").replace_strict({flag: each[place] for flag, each in SAID.items()}) for place in (0, 1)
    }
    lines = pl.when(pl.col("value") == 1).then(pl.lit("order line was")).otherwise(pl.lit("order lines were"))
    at_stake = pl.when(pl.col("money").is_not_null()).then(pl.format(", {} at stake", "money")).otherwise(pl.lit(""))
    name = pl.concat_str("example", pl.concat_str(pl.lit(" line "), "example_line").fill_null(""))
    return findings(
        NAME,
        "documents_unbalanced",
        rows.with_columns(
            subject="flag",
            severity=pl.when("critical").then(pl.lit("critical")).otherwise(pl.lit("warning")),
            statement=pl.format(
                "{} {} {}{}, such as {}: {}.", written(pl.col("value")), lines, said[0], at_stake, name, "why"
            ),
            unit=pl.lit("order lines"),
            cost=pl.when("priced").then("cost"),
            n=pl.lit(documents.height),
            threshold=pl.lit(0.0),
            ask=said[1],
        ).sort(pl.col("flag").replace_strict(FLAGS, range(len(FLAGS)), return_dtype=pl.Int8), descending=True),
    )


def _money(sure: pl.DataFrame) -> pl.DataFrame:
    """flag, money: what is at stake in the two currencies with the most lines, in words."""
    sums = (
        sure.filter(pl.col("at_stake") > 0)
        .group_by("flag", "currency")
        .agg(pl.col("at_stake").sum(), lines=pl.len())
        .sort("lines", "at_stake", "currency", descending=[True, True, False])
    )
    said = pl.concat_str(
        written(pl.col("at_stake").round().cast(pl.Int64)), pl.col("currency"), separator=" ", ignore_nulls=True
    )
    return sums.group_by("flag", maintain_order=True).agg(money=said.head(2).str.join(" and "))


def book_findings(books: pl.DataFrame, *, integrations: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    """``books_apart``: one finding per integration of the first level whose sums differ, by its largest difference.

    By the books of both ends a difference of a sum is critical; where single objects differ and cancel each other a
    warning. Messages alone do not say whether what failed was booked by hand: then it is a note.
    """
    apart = books.filter((pl.col("difference").abs() > pl.col("tolerance")) | (pl.col("apart") > 0)).unique(
        "integration", keep="first", maintain_order=True
    )
    missing, money = pl.col("difference").abs(), pl.col("currency").fill_null("")
    differs = missing > pl.col("tolerance")
    direction = pl.when(pl.col("difference") < 0).then(pl.lit("less")).otherwise(pl.lit("more"))
    by_sum = pl.format(
        "{} does not tie out: of {} {}, {} lost and {} twice, the target holds {} {} {} than was sent.",
        *("integration", written(pl.col("n")), "unit", "lost", "twice", _cents(missing), money, direction),
    )
    cancelling = pl.format(
        "{} ties out only as differences of {} {} in {} of {} {} cancel each other.",
        *("integration", _cents(pl.col("gross")), money, "apart", written(pl.col("n")), "unit"),
    )
    owned = apart.join(integration_owners(integrations), on="integration", how="left", maintain_order="left")
    return findings(
        NAME,
        "books_apart",
        owned.with_columns(
            subject="integration",
            severity=pl.when(pl.col("unit") != BOTH_BOOKS)
            .then(pl.lit("note"))
            .when(differs)
            .then(pl.lit("critical"))
            .otherwise(pl.lit("warning")),
            statement=pl.when(differs).then(by_sum).otherwise(cancelling),
            value="difference",
            unit=pl.coalesce("currency", pl.lit("money")),
            threshold="tolerance",
            cost=pl.when(pl.col("currency") == pl.lit(currency, pl.String)).then(pl.col("gross")),
            ask=pl.lit("Which of these objects does the target lack or hold twice, and who books them right?"),
        ),
    )


def _cents(number: pl.Expr) -> pl.Expr:
    """An amount as people write it: 1,234.50."""
    cents = (number * 100).round().cast(pl.Int64)
    rest = (cents % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}.{}", written(cents // 100), rest)
