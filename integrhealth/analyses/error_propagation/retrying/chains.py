"""Attempts: which messages are one more try of another, so that tries and messages can be counted apart."""

import polars as pl

from integrhealth.language.schema import is_ended, is_failed
from integrhealth.language.thresholds import MIN_RETRIES, PARENT_DAYS, REPEAT_QUICKER, REPEAT_WINDOW
from integrhealth.traces.ancestry import NO_ROW, depths, roots

EDGE = ("integration", "source", "target", "operation")
OBJECT = ("object_type", "object_id", "payload_hash")
IDS = ("message_id", "trace_id", "parent_id")
TIMES = ("sent_at", "finished_at", "answered_at")


def attempts(linked: pl.DataFrame) -> pl.DataFrame:
    """One row per ended message, in the order of ``row``: integration, times, failed, before, number, chain, new.

    `linked` as ``links.linked`` gives it. A chain is one message with all its attempts: ``before`` is the row of the
    attempt before, ``chain`` the row of the first one that the data have, which is ``new``. Attempts of one chain
    share a message_id, else edge, operation, object and, where it is given, payload. ``number`` is the attempt as
    logged; where an integration never logs it, a repeat is what follows a failed one within 10 times the median gap
    after a failed one. ``retry`` is any attempt but the first, also where the first is missing. Objects without an
    id are single, unless the attempt says otherwise: then attempts of one trace and parent are one message, and
    those that nothing names are paired in the order in which they were sent (``blind``).
    """
    logged = pl.when(pl.col("attempt") >= 0).then("attempt")  # some count from 0; below it nothing is counted
    name = pl.coalesce("integration", pl.concat_str("source", pl.lit(" > "), "target"))
    status = pl.col("status")
    slim = linked.filter(is_ended(status)).select(
        "row", *EDGE[1:], *OBJECT, *IDS, *TIMES, integration=name, logged=logged, failed=is_failed(status)
    )
    near = _near(slim)
    followed = _numbered(near.join(_befores(near), on="row", how="left", maintain_order="left"))
    chained = followed.select("row", "before", "chain", "position", "blind")
    number = pl.max_horizontal(pl.col("logged").fill_null(1), pl.col("position").fill_null(1))
    return slim.join(chained, on="row", how="left", maintain_order="left").select(
        "row",
        "integration",
        *TIMES,
        "failed",
        "before",
        number=number,
        chain=pl.coalesce("chain", "row"),
        new=pl.coalesce("chain", "row") == pl.col("row"),
        retry=number > 1,
        blind=pl.col("blind").fill_null(False),
    )


def _near(slim: pl.DataFrame) -> pl.DataFrame:
    """The rows that may share a chain with another, few as a rule: near a retry or a failure by id, object or trace."""
    logs_attempts = pl.col("integration").is_in(
        slim.filter(pl.col("logged").is_not_null())["integration"].unique().implode()
    )
    suspects = slim.filter("failed" | (pl.col("logged") > 1).fill_null(False))
    unnamed = suspects.filter(pl.col("object_id").is_null() & (pl.col("logged") > 1))
    lost = unnamed.filter(pl.col("trace_id").is_null())["integration"].unique()

    def among(column: str, values: pl.Series) -> pl.Expr:
        return pl.col(column).is_in(values.drop_nulls().unique().implode()).fill_null(False)

    shared = among("message_id", suspects["message_id"]) | among("object_id", suspects["object_id"])
    nameless = pl.col("object_id").is_null()
    traced = nameless & among("trace_id", unnamed["trace_id"])
    untraced = nameless & pl.col("trace_id").is_null() & among("integration", lost)
    return slim.filter(shared | traced | untraced).with_columns(
        logs_attempts=logs_attempts,
        attempt=pl.col("logged").fill_null(1),
        by_id=pl.struct(*EDGE, "message_id").hash(),
        by_object=pl.when(~nameless).then(pl.struct(*EDGE, *OBJECT).hash()),
        parent=pl.when(~(pl.col("trace_id").is_null() & pl.col("parent_id").is_null())).then(
            pl.struct("trace_id", "parent_id").hash()
        ),
    )


def _befores(near: pl.DataFrame) -> pl.DataFrame:
    """row and before: the attempt before, by the strongest tie that holds; no attempt is followed by two."""
    seconds = (pl.col("sent_at") - pl.col("sent_at_before")).dt.total_microseconds() / 1e6
    more = pl.col("attempt") > pl.col("attempt_before")
    windowed = near.join(_windows(near), on="integration", how="left", maintain_order="left")
    quick = (seconds <= pl.col("window")).fill_null(False)
    one_parent = pl.col("parent") == pl.col("parent_before")
    # An attempt that was delivered is followed by another only where the answer was lost, and then soon.
    numbered = pl.col("logs_attempts") & more & (pl.col("failed_before") | quick)
    repeated = ~pl.col("logs_attempts") & pl.col("failed_before") & quick & one_parent.fill_null(True)
    same_id = (seconds <= PARENT_DAYS * 86_400) & (more | (pl.col("attempt") == 1) & pl.col("failed_before"))
    within_parent = pl.when(pl.col("logs_attempts") | pl.col("by_object").is_not_null()).then(
        pl.struct(pl.coalesce("by_object", pl.struct(*EDGE).hash()), "parent").hash()
    )
    ties = (
        (pl.col("by_id"), same_id),
        (pl.when(pl.col("parent").is_not_null()).then(within_parent), numbered | repeated),
        (pl.col("by_object"), numbered | repeated),
    )
    taken = windowed.select("row").clear().with_columns(before=pl.col("row"))
    for key, holds in ties:
        free = windowed.with_columns(key=key).join(taken.select("row"), on="row", how="anti")
        taken = _joined(taken, _previous(free).filter(holds.fill_null(False)).select("row", "before"))
    return _joined(taken, _interleaved(windowed, taken))


def _joined(taken: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    fresh = more.join(taken.select("before"), on="before", how="anti")
    return pl.concat([taken, fresh.sort("row").unique("before", keep="first", maintain_order=True)])


def _previous(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` that have one before them under the same ``key``, with what it was as ``*_before``."""
    keyed = rows.filter(pl.col("key").is_not_null() & pl.col("key").is_duplicated())
    columns = ("sent_at", "attempt", "failed", "parent")
    return (
        keyed.sort("key", "sent_at", "attempt", "message_id", "row")
        .with_columns(
            pl.col("row").shift().alias("before"),
            *(pl.col(name).shift().alias(f"{name}_before") for name in columns),
        )
        .filter((pl.col("key") == pl.col("key").shift()).fill_null(False))
    )


def _windows(near: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: window, the seconds within which the same again is one more attempt.

    None where attempts are not logged and what follows a failed one comes hardly sooner than what follows a delivered
    one, of which there are at least 20: then the object is merely sent often.
    """
    seconds = (pl.col("sent_at") - pl.col("sent_at_before")).dt.total_microseconds() / 1e6
    gaps = _previous(near.with_columns(key=pl.col("by_object")))
    again = pl.col("failed_before") & (~pl.col("logs_attempts") | (pl.col("attempt") > pl.col("attempt_before")))
    measured = gaps.group_by("integration").agg(
        pl.col("logs_attempts").first(),
        again=seconds.filter(again).median(),
        usual=seconds.filter(~pl.col("failed_before")).median(),
        often=(~pl.col("failed_before")).sum() >= MIN_RETRIES,
    )
    sooner = pl.col("logs_attempts") | ~pl.col("often") | (pl.col("again") * REPEAT_QUICKER <= pl.col("usual"))
    return measured.select("integration", window=pl.when(sooner).then(pl.col("again") * REPEAT_WINDOW))


def _interleaved(near: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """row and before of attempts between which one of another chain of the same object lies."""
    logged = near.filter(pl.col("logs_attempts") & pl.col("by_object").is_not_null() & pl.col("sent_at").is_not_null())
    late = logged.filter(pl.col("attempt") > 1).join(taken, on="row", how="anti")
    failed = logged.filter("failed").join(taken, left_on="row", right_on="before", how="anti")
    pairs = (
        late.select("row", "by_object", "sent_at", level="attempt")
        .sort("sent_at", "row")
        .join_asof(
            failed.select("by_object", "sent_at", level=pl.col("attempt") + 1, before="row").sort("sent_at", "before"),
            on="sent_at",
            by=["by_object", "level"],
            allow_exact_matches=False,
            check_sortedness=False,  # sorted above; polars cannot check within groups
        )
    )
    return pairs.drop_nulls("before").select("row", "before")


def _numbered(near: pl.DataFrame) -> pl.DataFrame:
    """`near` plus chain, the row of the first attempt, position in it from 1, and blind: paired by order alone."""
    local = near.select("row").with_row_index("local")
    above = near.select(row="before").join(local, on="row", how="left", maintain_order="left")["local"]
    pointers = above.cast(pl.Int64).fill_null(NO_ROW).to_numpy()
    first, _ = roots(pointers)
    placed = near.with_columns(
        chain=pl.col("row").gather(pl.Series(first)), position=pl.Series(depths(pointers)[0], dtype=pl.Int64) + 1
    )
    nameless = pl.col("by_object").is_null() & pl.col("parent").is_null() & pl.col("logs_attempts")
    alone = pl.col("before").is_null() & ~pl.col("chain").is_duplicated() & nameless
    # The first of the second attempts belongs to the first of the first ones, and so on: as many messages as the
    # most frequent attempt number has, which is what must have been sent.
    turn = pl.int_range(pl.len()).over(*EDGE, "attempt", order_by=["sent_at", "message_id", "row"])
    blind = placed.filter(alone).with_columns(turn=turn).sort("attempt", "row")
    paired = blind.select("row", one=pl.col("row").first().over(*EDGE, "turn"), blind=pl.lit(True))
    return placed.join(paired, on="row", how="left", maintain_order="left").with_columns(
        chain=pl.coalesce("one", "chain")
    )
