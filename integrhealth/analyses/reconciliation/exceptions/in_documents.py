"""Which business documents are exceptions: returns, credit notes, and order lines that left in parts."""

import polars as pl

from integrhealth.analyses.reconciliation.exceptions.courses import MARKS
from integrhealth.analyses.reconciliation.exceptions.vocabulary import (
    CREDIT_NOTE,
    DELIVERY,
    INVOICE,
    ORDER,
    PARTIAL,
    RETURN,
)

# Types of documents that move the flow.
MOVING = ("order", "delivery", "goods_issue", "invoice")
# What documents show of the five: no document says that it was cancelled or is disputed.
SHOWN = (RETURN, PARTIAL, CREDIT_NOTE)
EXCEPTION_TYPES = {"return": RETURN, "credit_note": CREDIT_NOTE}
# As what a message may call the object of such a document; null: by a name of its own.
OBJECTS = {RETURN: (None, DELIVERY), CREDIT_NOTE: (None, INVOICE), PARTIAL: (ORDER,)}
SENT = ("delivery", "goods_issue")


def exceptions_in(documents: pl.DataFrame) -> pl.DataFrame:
    """One row per document that is an exception: object_id (the document) and exception.

    Returns and credit notes are documents of that type that follow none of it: the order for a return and its delivery
    are one return. A partial shipment is an order of which a line was delivered by several deliveries, each of less
    than was ordered; where no document tells that, of less than they all deliver.
    """
    of_type = documents.filter(pl.col("type").is_in(list(EXCEPTION_TYPES)))
    before = of_type.select("type", preceding="document").unique()
    follows = of_type.join(before, on=["type", "preceding"], how="semi").select("type", "document").unique()
    first = of_type.join(follows, on=["type", "document"], how="anti").select(
        object_id="document", exception=pl.col("type").replace_strict(EXCEPTION_TYPES, return_dtype=pl.String)
    )
    return pl.concat([first, _partial(documents)]).unique().sort("exception", "object_id")


def _partial(documents: pl.DataFrame) -> pl.DataFrame:
    lines = documents.filter(pl.col("type") == "order").select("document", "line", "unit", ordered="quantity")
    lines = lines.unique(["document", "line"], keep="first", maintain_order=True)
    sent = documents.filter(pl.col("type").is_in(SENT), pl.col("preceding").is_not_null())
    # Flows name what came before a goods issue twice, its delivery and the order; only lines of orders are asked for.
    others = documents.filter(pl.col("type") != "order").select(preceding="document").unique()
    of_orders = sent.join(others, on="preceding", how="anti")
    line = ["preceding", "preceding_line"]
    parts = of_orders.group_by("type", *line, "unit", part="document").agg(pl.col("quantity").sum())
    parts = parts.join(
        lines, left_on=line, right_on=["document", "line"], suffix="_ordered", how="left", nulls_equal=True
    )
    same_unit = (pl.col("unit") == pl.col("unit_ordered")).fill_null(True)
    whole = pl.coalesce("ordered", pl.col("quantity").sum().over("type", *line, "unit"))
    return (
        parts.filter(same_unit, pl.col("quantity") > 0, pl.col("quantity") < whole)
        .group_by("type", *line)
        .agg(parts=pl.col("part").n_unique())
        .filter(pl.col("parts") > 1)
        .select(object_id="preceding", exception=pl.lit(PARTIAL))
        .unique()
    )


def marks(exceptions: pl.DataFrame) -> pl.DataFrame:
    """The objects that are `exceptions` by their documents, once for each name that messages may give them."""
    names = [{"exception": name, "flow": flow} for name, flows in OBJECTS.items() for flow in flows]
    objects = exceptions.join(pl.DataFrame(names, schema={"exception": pl.String, "flow": pl.String}), on="exception")
    return objects.select(*MARKS).sort(*MARKS, nulls_last=True)


def moved(documents: pl.DataFrame) -> int:
    """How many documents move the flow: orders, deliveries and invoices."""
    moving = documents.filter(pl.col("type").is_in(MOVING))
    return moving.select("type", "document").unique().height
