"""Whether what was sent later arrived earlier (RFC 4737: reordered is what is lower than the highest before it)."""

import polars as pl

from integrhealth.analyses.reconciliation.transfers.sends import OBJECT


def numbered_streams(each: pl.DataFrame) -> pl.Series:
    """The integrations that number all they send, no number standing on two transfers: their order is that of all."""
    seq = pl.col("seq")
    counted = each.group_by("integration").agg(once=seq.drop_nulls().n_unique() == seq.count(), numbers=seq.count())
    return counted.filter("once", pl.col("numbers") > 1)["integration"].sort()


def order_facts(each: pl.DataFrame, *, streams: pl.Series) -> pl.DataFrame:
    """One row per integration: out_of_order, pairs.

    `each` as ``sends.transfers_of`` gives it. Of `streams` the sequence numbers of the whole integration count, and the
    facts add up over integrations. Of others those of one object, or when each of its transfers was first sent where
    nothing is numbered: they add up over objects. ``pairs`` are arrivals with one before them.
    """
    arrived = each.filter("arrived", "knows", pl.col("arrived_at").is_not_null())
    streamed = pl.col("integration").is_in(streams.implode())
    objects = [*OBJECT, "object_type"]
    numbers = pl.col("seq").is_not_null()
    stream = arrived.filter(streamed, numbers).with_columns(place=pl.col("seq"), **_no_object(objects))
    several = arrived.filter(~streamed).filter(pl.struct(objects).is_duplicated())
    place = pl.when(numbers.any().over(objects)).then("seq").otherwise(pl.col("first_sent_at").dt.epoch("us"))
    rest = several.with_columns(place=place)
    rows = pl.concat([part.select(*objects, "arrived_at", "place") for part in (stream, rest)]).drop_nulls("place")
    ordered = rows.sort(*objects, "arrived_at", "place", nulls_last=True)
    before = pl.col("place").cum_max().shift(1).over(objects)
    judged = ordered.with_columns(before=before)
    counted = judged.group_by("integration").agg(
        out_of_order=(pl.col("place") < pl.col("before")).sum().cast(pl.Int64),
        pairs=pl.col("before").count().cast(pl.Int64),
    )
    return counted.sort("integration")


def _no_object(objects: list[str]) -> dict[str, pl.Expr]:
    return {name: pl.lit(None, pl.String) for name in objects if name != "integration"}
