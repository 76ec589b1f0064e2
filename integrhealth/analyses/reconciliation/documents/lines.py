"""The lines of business documents, each once, with what they say of quantity and money."""

from typing import Any

import polars as pl

# What a document can be, in the order in which goods and money go. A payment is looked for behind an invoice first.
ORDER, DELIVERY, GOODS_ISSUE, INVOICE = "order", "delivery", "goods_issue", "invoice"
RETURN, CREDIT_NOTE, PAYMENT = "return", "credit_note", "payment"
TYPES = (ORDER, DELIVERY, GOODS_ISSUE, INVOICE, RETURN, CREDIT_NOTE, PAYMENT)
# What goes the other way, and by many tools is written with a minus.
BACKWARDS = (RETURN, CREDIT_NOTE)
NODE = ("type", "document", "line")
LINES: dict[str, Any] = {
    "row": pl.UInt32,
    "node": pl.UInt32,
    "type": pl.String,
    "document": pl.String,
    "line": pl.String,
    "preceding": pl.String,
    "preceding_line": pl.String,
    "system": pl.String,
    "object_type": pl.String,
    "quantity": pl.Float64,
    "unit": pl.String,
    "amount": pl.Float64,
    "currency": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
}


def document_lines(documents: pl.DataFrame) -> pl.DataFrame:
    """One row per line of a document and line that it follows (LINES), numbered; ``node`` numbers the lines alone.

    A copy of a row counts once, and so does a document that several systems hold: as the system says that knows what it
    follows, or else had it first. What is said anew of a line is what counts of it; parts of the same moment, and
    reversals (negative quantities or amounts), add up. Where most returns or credit notes of a system have a minus,
    that is how it writes them. A type that is none of TYPES is left out, and so is a number that is none.
    """
    read = documents.filter(pl.col("type").is_in(TYPES)).unique(set(LINES) - {"row", "node"}, keep="any")
    numbers = pl.col("quantity", "amount")
    read = read.with_columns(pl.when(numbers.is_finite()).then(numbers).name.keep())
    ordered = read.sort(*(name for name in LINES if name not in ("row", "node")), nulls_last=True)
    current = _latest(_of_one_system(ordered)).with_columns(_forwards("quantity"), _forwards("amount"))
    nodes = current.select(NODE).unique().sort(NODE).with_row_index("node")
    return current.with_row_index("row").join(nodes, on=NODE, maintain_order="left").select(*LINES).cast(LINES)


def _of_one_system(lines: pl.DataFrame) -> pl.DataFrame:
    """The rows of each line that one system wrote."""
    chosen = (
        lines.group_by(*NODE, "system")
        .agg(follows=pl.col("preceding").is_not_null().any(), first=pl.col("created_at").min())
        .sort("follows", "first", "system", descending=[True, False, False], nulls_last=True)
        .unique(NODE, keep="first", maintain_order=True)
        .select(*NODE, "system")
    )
    return lines.join(chosen, on=[*NODE, "system"], how="semi", nulls_equal=True, maintain_order="left")


def _latest(lines: pl.DataFrame) -> pl.DataFrame:
    """Without what was said of the same line before, unless it goes the other way."""
    reverses = ((pl.col("quantity") < 0) | (pl.col("amount") < 0)).fill_null(False) & ~pl.col("type").is_in(BACKWARDS)
    latest = pl.col("created_at").filter(~reverses).max().over(*NODE, "preceding", "preceding_line")
    return lines.filter(reverses | (pl.col("created_at") == latest))


def _forwards(column: str) -> pl.Expr:
    """The numbers of `column`, what goes backwards with a plus where its system usually writes a minus."""
    number = pl.col(column)
    minus = ((number < 0).sum() > (number > 0).sum()).over("system", "type")
    return pl.when(minus & pl.col("type").is_in(BACKWARDS)).then(-number).otherwise(number)
