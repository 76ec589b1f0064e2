"""Which rows of a canonical frame keep its rules."""

import polars as pl

from integrhealth.language.schema import FRAMES, KINDS, STATUSES


def split_valid(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of a canonical frame that keep every rule, and the rest with ``reason``: ``no_<column>`` for a null
    in a required column, the first one in the order of the schema. A message without a known status is ``unknown``,
    one of a kind that is none has none. What a receiver wrote down without a status arrived, whatever came of it.
    """
    canonical_status = pl.col("status").is_in(STATUSES)
    if name == "messages":
        frame = frame.with_columns(
            status=pl.when(canonical_status).then("status").otherwise(pl.lit("unknown")),
            kind=pl.when(pl.col("kind").is_in(KINDS)).then("kind"),
        )
    if name == "receipts":
        said = pl.when(pl.col("status").is_not_null())
        frame = frame.with_columns(
            status=said.then(pl.when(canonical_status).then("status").otherwise(pl.lit("unknown")))
        )
    rules = [pl.when(pl.col(column).is_null()).then(pl.lit(f"no_{column}")) for column in FRAMES[name].required]
    checked = frame.with_columns(reason=pl.coalesce(rules))
    keeps = pl.col("reason").is_null()
    return checked.filter(keeps).drop("reason"), checked.filter(~keeps)
