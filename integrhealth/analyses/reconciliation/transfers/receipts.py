"""Which arrival in the receiver's own log is of which transfer, and which is of none.

An arrival belongs to its object. Where several transfers of one object were under way, it is of the one with the same
content, else of the first that still waits, else it is one more of the last.
"""

import polars as pl

from integrhealth.analyses.reconciliation.receiver_log import OBJECT, PAIRED_BY, SKEW
from integrhealth.analyses.reconciliation.transfers.sends import REPEAT


def with_arrivals(transfers: pl.DataFrame, arrived: pl.DataFrame) -> pl.DataFrame:
    """`transfers` (``sends.transfers_of``) of integrations with two logs, what arrived told by `arrived` alone.

    A business that answered no has been reached, whatever the receiver's log says.
    """
    several = transfers.select(pl.struct(OBJECT).is_duplicated()).to_series()
    one, more = transfers.filter(~several), transfers.filter(several)
    single = one.join(_counted(arrived, OBJECT), on=OBJECT, how="left", maintain_order="left")
    rest = arrived.join(more, on=OBJECT, how="semi")
    paired = _paired(more.with_row_index("transfer"), rest)
    joined = pl.concat([single, paired.select(single.columns)])
    there = pl.col("first_at").is_not_null()
    return joined.with_columns(
        knows=pl.lit(True),
        effects=pl.col("applied").fill_null(0),
        arrived=there | pl.col("declined"),
        arrived_at="first_at",
        one_sided=pl.lit(False),
        # Refused is what the receiver says of it, or the sender where nothing arrived.
        failed=~there & (pl.col("refused").fill_null(0).gt(0) | pl.col("failed")),
    ).select(transfers.columns)


def _counted(arrived: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    return arrived.group_by(key).agg(
        applied=pl.col("applied").sum().cast(pl.Int64),
        refused=pl.col("refused").sum().cast(pl.Int64),
        first_at=pl.col("received_at").filter(~pl.col("refused")).min(),
    )


def _paired(transfers: pl.DataFrame, arrived: pl.DataFrame) -> pl.DataFrame:
    """Transfers whose object has several, each with what is counted of the arrivals that are its own."""
    begun = transfers.sort(*OBJECT, "first_sent_at", "transfer")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in OBJECT)
    near = pl.col("first_sent_at") - pl.col("last_sent_at").shift(1) <= REPEAT
    grouped = begun.with_columns(cluster=(~(same & near).fill_null(False)).cum_sum())
    starts = grouped.group_by("cluster", *OBJECT).agg(start=pl.col("first_sent_at").min())
    at = arrived.with_row_index("arrival").with_columns(start=pl.col("received_at") + SKEW).sort("start")
    on = {"on": "start", "by": list(OBJECT), "check_sortedness": False}
    starts = starts.sort("start")
    first = starts.group_by(OBJECT).agg(earliest=pl.col("cluster").min())
    placed = at.join_asof(starts, strategy="backward", **on).join(first, on=OBJECT, how="left")
    placed = placed.with_columns(pl.coalesce("cluster", "earliest").alias("cluster"))
    own = _by_content(grouped, placed)
    own = pl.concat([own, _by_turn(grouped, placed, own)])
    counted = _counted(placed.join(own, on="arrival"), ("transfer",))
    return grouped.drop("cluster").join(counted, on="transfer", how="left")


def _by_content(transfers: pl.DataFrame, arrived: pl.DataFrame) -> pl.DataFrame:
    """arrival and transfer of the arrivals whose content, type or operation only one transfer of their cluster has."""
    pairs = pl.DataFrame(schema={"arrival": arrived.schema["arrival"], "transfer": transfers.schema["transfer"]})
    for name in PAIRED_BY:
        content = ["cluster", name]
        only = transfers.select(*content, "transfer").drop_nulls(name)
        only = only.filter(~pl.struct(content).is_duplicated())
        left = arrived.drop_nulls(name).join(pairs, on="arrival", how="anti")
        pairs = pl.concat([pairs, left.join(only, on=content).select("arrival", "transfer")])
    return pairs


def _by_turn(transfers: pl.DataFrame, arrived: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """arrival and transfer of the others: each to the next that waits, and one too many to the last of all."""
    turn = pl.int_range(pl.len()).over("cluster")
    waiting = transfers.join(own, on="transfer", how="anti").sort("cluster", "first_sent_at", "transfer")
    waiting = waiting.select("cluster", "transfer", turn=turn)
    # What was refused had no effect: it takes nobody's turn from what did.
    left = arrived.join(own, on="arrival", how="anti").sort("cluster", "refused", "received_at", "arrival")
    left = left.select("cluster", "arrival", turn=turn)
    last = transfers.group_by("cluster").agg(last=pl.col("transfer").sort_by("first_sent_at", "transfer").last())
    turns = left.join(waiting, on=["cluster", "turn"], how="left").join(last, on="cluster", how="left")
    return turns.select("arrival", transfer=pl.coalesce("transfer", "last"))


def of_none(arrived: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """One row per object that arrived and was never sent: integration, object, first_at, times, amount, currency.

    `messages` are all, load tests and what was held back too, so that nothing is of none that anybody ever began.
    """
    begun = messages.select("integration", object=pl.coalesce("object_id", "message_id")).unique()
    unsent = arrived.filter(~pl.col("refused")).join(begun, on=OBJECT, how="anti")
    return (
        unsent.group_by(OBJECT)
        .agg(
            pl.col("object_type", "target", "amount", "currency").max(),
            first_at=pl.col("received_at").min(),
            times=pl.len().cast(pl.Int64),
        )
        .sort(OBJECT)
    )
