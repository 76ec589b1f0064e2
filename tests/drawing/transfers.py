"""Orders on their way from a shop to a warehouse, as one log or as two, with planted faults."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from integrhealth.language.schema import conform

EVE = datetime(2025, 12, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHOP = {"integration": "shop-orders", "source": "shop", "target": "wms"}
# What is planted in `christmas`, by the number of the order.
LOST, TWICE, ABSORBED, LATE = range(40, 50), range(60, 64), range(70, 73), (80,)
SWAPPED, IN_FLIGHT, SAME_AGAIN = (90, 91), (299,), range(100, 106)
ORDERS = 300


def christmas() -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the shop sent and what the warehouse received: order, number, payload, amount and time.

    An order a minute, received after 5 to 55 seconds. 10 are lost; 4 are sent twice and applied twice, equal on both
    sides; 3 are sent twice and applied once; 2 that nobody sent arrive; 1 arrives after two hours; 2 change places; the
    last one is under way when the warehouse's log ends. 6 customers order the same once more, in orders of their own.
    """
    rng = np.random.default_rng(20251224)
    numbers = np.arange(ORDERS)
    payload = np.where(np.isin(numbers, SAME_AGAIN), numbers - 1, numbers)
    rows = pl.DataFrame(
        {
            "order": [f"{number:05}" for number in numbers],
            "number": numbers,
            "payload": [f"basket of {each}" for each in payload],
            "amount": 10.0 + payload % 7,
            "sent_at": [EVE + MINUTE * int(number) for number in numbers],
        }
    )
    delay = rng.uniform(5, 55, ORDERS)
    delay[list(LATE)] = 7200
    delay[SWAPPED[0]], delay[SWAPPED[1]] = 55, 5
    rows = rows.with_columns(
        received_at=pl.col("sent_at") + pl.duration(microseconds=(pl.Series(delay) * 1e6).cast(int))
    )
    # The second one is sent so that the first arrives after it.
    swapped = pl.col("number") == SWAPPED[1]
    near = pl.duration(seconds=40)
    earlier = pl.when(swapped).then(pl.col("sent_at", "received_at") - near).otherwise(pl.col("sent_at", "received_at"))
    rows = rows.with_columns(earlier.name.keep())
    again = pl.col("number").is_in([*TWICE, *ABSORBED])
    later = pl.duration(seconds=90)
    repeated = rows.filter(again).with_columns(pl.col("sent_at", "received_at") + later)
    sent = pl.concat([rows, repeated]).drop("received_at").sort("sent_at", "number")
    nobody = rows.filter(pl.col("number").is_in([20, 21])).with_columns(
        order=pl.format("1{}", "order"), payload=pl.lit("nobody's basket"), number=pl.col("number") + 5000
    )
    arrived = pl.concat([rows, repeated.filter(pl.col("number").is_in(list(TWICE))), nobody])
    arrived = arrived.filter(~pl.col("number").is_in([*LOST, *IN_FLIGHT])).drop("sent_at").sort("received_at", "number")
    return sent, arrived


def as_two_logs() -> dict[str, pl.DataFrame]:
    """`christmas` as messages of the shop and receipts of the warehouse; both number their content."""
    sent, arrived = christmas()
    content = {"object_id": "order", "seq": "number", "payload_hash": "payload", "amount": "amount"}
    renamed = {each: pl.col(name) for each, name in content.items()}
    same = {name: pl.lit(value) for name, value in SHOP.items()}
    messages = sent.with_row_index("row").select(
        "sent_at", message_id=pl.format("m{}", "row"), status=pl.lit("ok"), kind=pl.lit("queue"), **renamed, **same
    )
    return {
        "messages": conform(messages, "messages"),
        "receipts": conform(arrived.select("received_at", **renamed, **same), "receipts"),
    }


def as_one_log() -> pl.DataFrame:
    """`christmas` without what nobody sent, as messages of a middleware that sees both ends."""
    sent, arrived = christmas()
    turn = pl.int_range(pl.len()).over("order")
    joined = sent.with_columns(turn=turn).join(
        arrived.with_columns(turn=turn).select("order", "turn", "received_at"),
        on=["order", "turn"],
        how="left",
        maintain_order="left",
    )
    return conform(
        joined.with_row_index("row").select(
            "sent_at",
            "received_at",
            "amount",
            message_id=pl.format("m{}", "row"),
            object_id="order",
            seq="number",
            payload_hash="payload",
            finished_at="received_at",
            status=pl.lit("ok"),
            kind=pl.lit("queue"),
            **{name: pl.lit(value) for name, value in SHOP.items()},
        ),
        "messages",
    )
