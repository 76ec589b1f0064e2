"""Messages that one receiver processed at once: each has the outcome of all, what was done for them hangs on the first.

The id of each other one ends in that of the first, as those of spans do.
"""

import polars as pl

IN_BATCH = " in "
PROCESSED = ("target", "received_at", "finished_at")


def batch_rows(messages: pl.DataFrame) -> pl.Series:
    """The row of the message on which the work for each one hangs, or null, in the order of `messages` (with ``row``).

    Only where both were processed by one system at the same time, so that an id that looks like this by chance is none.
    """
    candidates = messages.filter(pl.col("message_id").str.contains(IN_BATCH, literal=True))
    sharing = candidates.select("row", *PROCESSED, message_id=pl.col("message_id").str.extract(f"^.*{IN_BATCH}(.+)$"))
    firsts = messages.join(sharing.select("message_id"), on="message_id", how="semi")
    first = firsts.select("message_id", *PROCESSED, batch_row="row").unique(["message_id", *PROCESSED], keep="first")
    pairs = sharing.join(first, on=["message_id", *PROCESSED])
    nobody = pl.Series("batch_row", [None], dtype=messages["row"].dtype).new_from_index(0, messages.height)
    return nobody.scatter(pairs["row"], pairs["batch_row"]) if pairs.height else nobody
