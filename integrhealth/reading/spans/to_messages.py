"""Spans, and how they become messages (design: "Spans become messages")."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import FLAG, FRAMES, NAMELESS, TEXT, is_failed
from integrhealth.reading.inner_frames import SPAN_FRAME, SPANS
from integrhealth.reading.spans.attempts import answered_by, attempts, beside
from integrhealth.reading.spans.pairing import RECEIVERS, SENDERS, Links, links
from integrhealth.reading.spans.references import by_content
from integrhealth.traces.ancestry import NO_ROW, roots
from integrhealth.traces.batches import IN_BATCH

QUEUED = ("producer", "consumer")
# Who called a root SERVER that nobody else is known to have called
USER = "user"

# Digits of a trace id of 64 and of 128 bits
SHORT_ID, LONG_ID = 16, 32
# What a message takes over from either half
CARRIED = (
    *("integration", "object_type", "object_id", "attempt", "actor", "actor_type", "payload_hash", "bytes"),
    *("amount", "currency", "seq", "checkpoint", "fallback", "load_test"),
)
# What is looked at in the sending half
HALF = (
    *("service", "operation", "span_kind", "start", "end", "status", "error_code", "error_text"),
    *CARRIED,
)
COUNTED = {
    "status_inferred": "messages without a status, HTTP, gRPC or error mark, read as ok (status inferred): {:,}",
    "missing_parents": "spans that name a parent that is not in the data: {:,} of {:,}",
    "loops": "spans that are their own ancestor, or descend from one that is: {:,} of {:,}",
    "outside_parent": "spans that begin before or end after the span that waited for them: {:,} of {:,}",
    "repeated_ids": "spans that repeat the id, kind and service of another: {:,} of {:,}",
    "skewed_pairs": "messages received before they were sent, by clocks that disagree: {:,}",
    "ends_before_start": "spans that end before they start: {:,} of {:,}",
    "no_end": "spans without an end: {:,} of {:,}",
    "nameless": f"calls that do not say to whom, their target is {NAMELESS.format('<caller>')!r}: {{:,}}",
    "batched": "messages that were processed in a batch with others, each counted for itself: {:,}",
    "absent_links": "links to spans that are not in the data: {:,}",
}


def messages(spans: pl.DataFrame, linked: Links | None = None) -> pl.DataFrame:
    """One row per message, in the order of the receiving spans; the columns of the canonical frame.

    (1) A CLIENT or PRODUCER and the SERVER or CONSUMER it caused are one message with four times. Of those whose
    messages one span processed as a batch, each is such a message; what the batch did hangs on one of them. Another
    CONSUMER of the same, or SERVER that it was sent to again, has a message beside the first, below the same parent.
    (2) One alone goes to the peer it names, else to one that is unknown; an attempt at a call to whoever answered
    another. (3) A SERVER or CONSUMER alone comes from its parent's service, a CONSUMER else from its queue. (4) Any
    other span is work asked for by its parent's service. Spans = messages + pairs, whatever ids repeat. ``message_id``
    is the trace id and the receiving span's id; a parent that is not in the data is still named in ``parent_id``.

    `linked` are the links of spans with whole trace ids, where somebody has them already.
    """
    spans = with_whole_trace_ids(spans)
    linked = links(spans) if linked is None else linked
    also = beside(spans, linked)
    spans = spans.with_columns(attempts(spans, linked, also))
    halves = _halves(spans, linked, also)
    halves_named = halves.with_columns(_message_ids(halves))
    # The message that each span became, to lead from the parent's row to the parent's message.
    message = np.full(spans.height, NO_ROW)
    message[halves_named["row"].to_numpy()] = np.arange(halves_named.height)
    paired = halves_named["sender_row"] != NO_ROW
    message[halves_named["sender_row"].filter(paired).to_numpy()] = np.flatnonzero(paired.to_numpy())
    halves_named = halves_named.with_columns(_ids_in_batches(halves_named, linked, message))
    above = halves_named["parent_row"].to_numpy()
    parent = _gathered(halves_named["message_id"], np.where(above == NO_ROW, NO_ROW, message[above]))
    absent = (
        pl.when(pl.col("trace_above").is_null()).then("above").otherwise(pl.format("{}:{}", "trace_above", "above"))
    )
    return (
        halves_named.with_columns(_source(), _target(), *map(_carried, CARRIED), *_outcome(), parent_message=parent)
        .with_columns(
            parent_id=pl.coalesce("parent_message", absent),
            operation=pl.coalesce("operation_answered", "operation", "operation_sent"),
            kind=_kind(),
            received_at="start",
            finished_at="end",
            sent_at=pl.coalesce("start_sent", "start"),
            answered_at=pl.when("paired").then("end_sent").otherwise("end"),
        )
        .select(*FRAMES["messages"].schema)
        .cast(FRAMES["messages"].schema)
    )


def with_whole_trace_ids(spans: pl.DataFrame) -> pl.DataFrame:
    """`spans` with 64-bit trace ids made whole where the data have the one 128-bit id that ends in them.

    Some systems of a landscape log only the lower half of an id.
    """
    length = pl.col("trace_id").str.len_bytes()
    if not spans.select((length == SHORT_ID).any() & (length == LONG_ID).any()).item():
        return spans
    whole = spans.select(whole="trace_id").filter(pl.col("whole").str.len_bytes() == LONG_ID).unique()
    whole = whole.with_columns(trace_id=pl.col("whole").str.tail(SHORT_ID)).unique("trace_id", keep="none")
    joined = spans.join(whole, on="trace_id", how="left", maintain_order="left")
    return joined.with_columns(trace_id=pl.coalesce("whole", "trace_id")).drop("whole")


def _halves(spans: pl.DataFrame, linked: Links, also: NDArray[np.int64]) -> pl.DataFrame:
    """One row per message: the columns of its receiving (or only) span, with ``_sent`` those of the sending half.

    ``row``, ``sender_row``, ``parent_row``: their rows in `spans` and that of the message's parent. ``above``: the
    id of that parent as the span names it, ``trace_above`` its trace. ``service_above``: the service of what sent it.
    ``service_below``: the service of what a call caused where nothing names whom it called. ``service_answering``,
    ``operation_answered``: who answered another attempt at a call that nobody answered. `also` as in ``beside``.
    """
    alone = np.ones(spans.height, bool)
    alone[linked.sender[linked.sender != NO_ROW]] = False
    own = np.flatnonzero(alone)
    batch = linked.batch[own]
    batched = batch != NO_ROW
    sender = np.where(batched, own, linked.sender[own])
    above = np.where(sender == NO_ROW, own, sender)
    # Who received the same as another hangs where that one does: on what the sender hangs on.
    asked = np.where(also[own] == NO_ROW, above, also[own])
    halved = (sender != NO_ROW).any()
    received = _received(spans, own, batch) if batched.any() else spans.filter(alone) if halved else spans
    received = received.with_columns(
        row=pl.Series(own),
        sender_row=pl.Series(sender),
        parent_row=pl.Series(linked.parent[asked]),
        paired=pl.Series(sender != NO_ROW),
        by_link=pl.Series(linked.linked[own]),
        service_above=_gathered(spans["service"], linked.parent[above]),
        service_below=_service_below(spans, linked).gather(own),
    )
    # Most columns of most logs are empty, and a null literal costs nothing.
    filled = [column for column in HALF if halved and spans[column].null_count() < spans.height]
    empty = [column for column in HALF if column not in filled]
    answer = answered_by(spans, linked)[own]
    return received.with_columns(
        *(_gathered(spans[column], sender).alias(f"{column}_sent") for column in filled),
        *(pl.lit(None, SPAN_FRAME.columns[column]).alias(f"{column}_sent") for column in empty),
        above=_gathered(spans["parent_id"], asked),
        trace_above=_gathered(spans["trace_id"], asked),
        service_answering=_gathered(spans["service"], answer),
        operation_answered=_gathered(spans["operation"], answer),
    )


def _received(spans: pl.DataFrame, own: NDArray[np.int64], batch: NDArray[np.int64]) -> pl.DataFrame:
    """The spans that received each message: of those in a batch the span that processed it, under their own names."""
    receiving = spans[np.where(batch == NO_ROW, own, batch)]
    return receiving.with_columns(spans[own].select("trace_id", "span_id", *CARRIED, "log_file", "log_line"))


def _service_below(spans: pl.DataFrame, linked: Links) -> pl.Series:
    """For each call that names nobody and is no half of a message the other service that worked for it first."""
    services = pl.Series("service_below", [None], dtype=TEXT).new_from_index(0, spans.height)
    nameless = _nameless(spans, linked)
    children = np.flatnonzero((linked.parent != NO_ROW) & nameless[linked.parent])
    if not len(children):
        return services
    below = spans[children].select("service", "start", row=pl.Series(linked.parent[children]))
    others = below.filter(pl.col("service") != spans["service"].gather(below["row"])).sort("start", "service")
    first = others.unique("row", keep="first", maintain_order=True)
    return services.scatter(first["row"], first["service"]) if first.height else services


def _nameless(spans: pl.DataFrame, linked: Links) -> NDArray[np.bool_]:
    """Whether each span is a call that no other half answers and that does not say to whom."""
    nameless = spans.select(pl.col("span_kind").is_in(SENDERS) & pl.col("peer").is_null()).to_series()
    nameless = nameless.fill_null(False).to_numpy() & (linked.batch == NO_ROW)
    nameless[linked.sender[linked.sender != NO_ROW]] = False
    return nameless


def _gathered(column: pl.Series, rows: NDArray[np.int64]) -> pl.Series:
    """The values at `rows`, null for -1."""
    index = pl.Series(rows)
    return column.gather(pl.select(pl.when(index != NO_ROW).then(index)).to_series())


def _message_ids(halves: pl.DataFrame) -> pl.Series:
    """Trace id and span id; with kind and service where that is taken twice; with a number where even that is."""
    short = pl.when(pl.col("trace_id").is_null()).then("span_id").otherwise(pl.format("{}:{}", "trace_id", "span_id"))
    ids = halves.select(message_id=short).to_series()
    if ids.hash().n_unique() == len(ids):
        return ids
    taken = ids.is_duplicated()
    rows = pl.Series(np.flatnonzero(taken.to_numpy()))
    kind = pl.col("span_kind").fill_null("span")
    longer = halves[rows].with_columns(id=pl.format("{}:{}:{}", short, kind, "service"))
    numbered = longer.with_columns(place=pl.Series(rows)).sort(
        "id", *by_content(pl.DataFrame(schema=SPANS)), nulls_last=True, maintain_order=True
    )
    count = pl.int_range(pl.len()).over("id")
    distinct = numbered.with_columns(id=pl.when(count == 0).then("id").otherwise(pl.format("{}:{}", "id", count + 1)))
    return ids.scatter(distinct["place"], distinct["id"])


def _ids_in_batches(halves: pl.DataFrame, linked: Links, message: NDArray[np.int64]) -> pl.Series:
    """The message ids, each that was processed with others followed by that of the message on which the work hangs."""
    ids = halves["message_id"]
    batch = linked.batch[halves["row"].to_numpy()]
    first = _gathered(ids, np.where(batch == NO_ROW, NO_ROW, message[batch]))
    return pl.select(pl.coalesce(ids + IN_BATCH + first, ids)).to_series().alias("message_id")


def _source() -> pl.Expr:
    alone, kind = ~pl.col("paired"), pl.col("span_kind")
    root_server = (kind == "server") & pl.col("above").is_null()
    user = pl.when(root_server).then(pl.lit(USER))
    return (
        pl.when("paired")
        .then("service_sent")
        .when(alone & kind.is_in(SENDERS))
        .then("service")
        .when(alone & kind.is_in(RECEIVERS))
        .then(pl.coalesce("service_above", "peer", user, "service"))
        .otherwise(pl.coalesce("service_above", "service"))
        .alias("source")
    )


def _target() -> pl.Expr:
    sends = pl.col("span_kind").is_in(SENDERS)
    asked = pl.coalesce("service_answering", "peer", "service_below", pl.format(NAMELESS, "service"))
    return pl.when(sends).then(asked).otherwise("service").alias("target")


def _kind() -> pl.Expr:
    # A call over a link is still one that somebody waits for.
    called = (pl.col("span_kind") == "server") & (pl.col("span_kind_sent") == "client")
    by_link = pl.col("by_link") & ~called.fill_null(False)
    sides = pl.col("span_kind").is_in(QUEUED).fill_null(False) | pl.col("span_kind_sent").is_in(QUEUED).fill_null(False)
    queued = sides | pl.col("async_parent").fill_null(False) | by_link
    return (
        pl.when(pl.col("source") == pl.col("target"))
        .then(pl.lit("internal"))
        .when(queued)
        .then(pl.lit("queue"))
        .otherwise(pl.lit("request"))
    )


def _outcome() -> list[pl.Expr]:
    """Failed if either half failed, with the error of the half that did; unset is ok."""
    received, sent = pl.col("status"), pl.col("status_sent")
    sender_only = (is_failed(sent) & ~is_failed(received).fill_null(False)).fill_null(False)
    errors = [
        pl.when(sender_only)
        .then(pl.coalesce(f"{column}_sent", column))
        .otherwise(pl.coalesce(column, f"{column}_sent"))
        .alias(column)
        for column in ("error_code", "error_text")
    ]
    status = pl.when(sender_only).then(sent).otherwise(pl.coalesce(received, sent, pl.lit("ok")))
    return [status.alias("status"), *errors]


def _carried(column: str) -> pl.Expr:
    """What either half says, the receiver first; of a flag, whether either says yes."""
    received, sent = pl.col(column), pl.col(f"{column}_sent")
    yes = [pl.when(received | sent).then(True)] if SPAN_FRAME.columns[column] == FLAG else []
    return pl.coalesce(*yes, received, sent).alias(column)


def span_counts(spans: pl.DataFrame, linked: Links | None = None) -> dict[str, int]:
    """What is odd about the spans, counted; see COUNTED for what each count says."""
    spans = with_whole_trace_ids(spans)
    linked = links(spans) if linked is None else linked
    above = spans.select(
        start_above=_gathered(spans["start"], linked.parent), end_above=_gathered(spans["end"], linked.parent)
    )
    received = np.flatnonzero(linked.sender != NO_ROW)
    sent = linked.sender[received]
    unset = spans["status"].is_null().to_numpy()
    batched = np.flatnonzero(linked.batch != NO_ROW)
    batch = linked.batch[batched]
    nameless = _nameless(spans, linked) & _service_below(spans, linked).is_null().to_numpy()
    counts = pl.concat([spans, above], how="horizontal").select(
        outside_parent=(
            _waited()
            & ~pl.lit(pl.Series(linked.linked))
            & ((pl.col("start") < pl.col("start_above")) | (pl.col("end") > pl.col("end_above")))
        ).sum(),
        repeated_ids=pl.len() - pl.struct("trace_id", "span_id", "span_kind", "service").hash().n_unique(),
        ends_before_start=(pl.col("end") < pl.col("start")).sum(),
        no_end=pl.col("end").null_count(),
    )
    return {
        "spans": spans.height,
        "pairs": len(received),
        # Each half without a status, but a pair counts once, and only when both have none.
        "status_inferred": int(
            unset.sum() - (unset[received] | unset[sent]).sum() - (unset[batched] & ~unset[batch]).sum()
        ),
        "missing_parents": int((spans["parent_id"].is_not_null().to_numpy() & (linked.parent == NO_ROW)).sum()),
        "loops": int(roots(linked.parent)[1].sum()),
        "skewed_pairs": int((spans["start"].gather(received) < spans["start"].gather(sent)).sum())
        + int((spans["start"].gather(batch) < spans["start"].gather(batched)).sum()),
        "nameless": int(nameless.sum()),
        "batched": len(batched),
        "absent_links": linked.absent,
    } | {name: int(count) for name, count in counts.row(0, named=True).items()}


def _waited() -> pl.Expr:
    """Somebody waited for the span: no queue lies between it and its parent."""
    queued = pl.col("async_parent") | pl.col("span_kind").is_in(("producer", "consumer"))
    return ~queued.fill_null(False)


def span_notes(spans: pl.DataFrame, linked: Links | None = None) -> list[str]:
    """The counts of ``span_counts`` that are not zero, as sentences."""
    counts = span_counts(spans, linked)
    return [sentence.format(counts[name], counts["spans"]) for name, sentence in COUNTED.items() if counts[name]]
