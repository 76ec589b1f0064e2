"""Which span caused which, and which two are the halves of one message.

Row numbers all along: every lookup is a join against a table with unique keys, so that repeated ids can make a
choice arbitrary but never multiply a row. What is chosen depends on the spans, not on their order.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.reading.spans.references import References, by_content, references
from integrhealth.traces.ancestry import NO_ROW

SENDERS, RECEIVERS = ("client", "producer"), ("server", "consumer")
# Where several spans share an id, the one to hang a child on: the half that did the work, then the one that asked.
PREFERENCE = {**dict.fromkeys(RECEIVERS, 0), **dict.fromkeys(SENDERS, 1)}
LEAST = 2


@dataclass(frozen=True)
class Links:
    """For each span the row of its parent, and for a receiving half the row of its sending half (-1: none).

    The parent of a receiver that shares its id with a sender (Zipkin), or is linked to one, is that sender.
    ``batch``: for each sender whose message was processed with others at once, the row of the span that did.
    ``linked``: the parent comes from a link and did not wait. ``given``, ``absent``: links, and those to spans that
    are not in the data.
    """

    parent: NDArray[np.int64]
    sender: NDArray[np.int64]
    batch: NDArray[np.int64]
    linked: NDArray[np.bool_]
    given: int
    absent: int


def links(spans: pl.DataFrame) -> Links:
    """The parent of each span inside its own trace (without a trace_id: inside its own file), and the pairs.

    A CLIENT or PRODUCER is paired with the SERVER or CONSUMER that has its id, else with the earliest that names
    it as parent, or links to it; what else it caused stands alone. A receiver linked to several senders is paired with
    one of them; it is the batch of the others.
    """
    keyed = _keyed(spans)
    senders, receivers = keyed.filter("sends"), keyed.filter("receives")
    with_id = senders.join(receivers.select("key"), on="key", how="semi")
    shared = _found(receivers, _first_each(with_id, ["key"], spans), ["key"], spans.height)
    shared = _verified(spans, shared, "span_id")
    inside = np.where(shared != NO_ROW, shared, _parents(keyed, spans))
    sends, receives = keyed["sends"].to_numpy(), keyed["receives"].to_numpy()
    elsewhere = references(spans)
    parent = _with_links(inside, elsewhere, spans)
    caused = receives & (parent != NO_ROW) & sends[parent]
    sender = _one_each(np.where(caused & ~_fetches(parent, spans), parent, NO_ROW), shared != NO_ROW, spans)
    # Who came too late for the sender it is linked to keeps the parent it has in its own trace.
    parent = np.where((sender == NO_ROW) & (inside != NO_ROW), inside, parent)
    return Links(
        parent,
        sender,
        _batches(elsewhere, sender, spans),
        (parent != NO_ROW) & (parent != inside),
        elsewhere.given,
        elsewhere.absent,
    )


def _with_links(inside: NDArray[np.int64], elsewhere: References, spans: pl.DataFrame) -> NDArray[np.int64]:
    """The parents `inside` each trace, and those over links: for a receiver the first sender it is linked to, unless
    its parent is a producer; for a span that names no parent whatever it is linked to.
    """
    if not elsewhere.given:
        return inside
    kind = spans["span_kind"]
    produced = (inside != NO_ROW) & (kind == "producer").fill_null(False).to_numpy()[inside]
    first = elsewhere.senders.unique("receiver", keep="first", maintain_order=True)
    sent = np.full(spans.height, NO_ROW)
    sent[first["receiver"].to_numpy()] = first["sender"].to_numpy()
    parent = np.where((sent != NO_ROW) & ~produced, sent, inside)
    unnamed = (parent == NO_ROW) & spans["parent_id"].is_null().to_numpy()
    return np.where(unnamed, elsewhere.followed, parent)


def _fetches(parent: NDArray[np.int64], spans: pl.DataFrame) -> NDArray[np.bool_]:
    """Whether the parent of each span is a CLIENT that fetched for a CONSUMER of its own service: no half of it."""
    service, kind = spans["service"], spans["span_kind"]
    consumers = np.flatnonzero((kind == "consumer").fill_null(False).to_numpy() & (parent != NO_ROW))
    above = parent[consumers]
    fetched = (kind.gather(above) == "client") & (service.gather(above) == service.gather(consumers))
    fetches = np.zeros(spans.height, bool)
    fetches[consumers] = fetched.fill_null(False).to_numpy()
    return fetches


def _batches(elsewhere: References, sender: NDArray[np.int64], spans: pl.DataFrame) -> NDArray[np.int64]:
    """For each sender that is no half of a pair the earliest receiver linked to it that is one; -1 for all others."""
    batch = np.full(spans.height, NO_ROW)
    pairs = elsewhere.senders
    if pairs.is_empty():
        return batch
    taken = np.zeros(spans.height, bool)
    taken[sender[sender != NO_ROW]] = True
    free = pairs.filter(
        pl.Series(~taken[pairs["sender"].to_numpy()] & (sender[pairs["receiver"].to_numpy()] != NO_ROW))
    )
    wanted = free["sender"].is_duplicated()
    rivals = free.filter(wanted)
    ranked = pl.concat([rivals, spans[rivals["receiver"]]], how="horizontal")
    ranked = ranked.sort(by_content(spans), nulls_last=True, maintain_order=True)
    first = ranked.filter(pl.col("sender").is_first_distinct()).select(free.columns)
    for chosen in (free.filter(~wanted), first):
        batch[chosen["sender"].to_numpy()] = chosen["receiver"].to_numpy()
    return batch


def _keyed(spans: pl.DataFrame) -> pl.DataFrame:
    """row, service, sends, receives, and 64-bit keys of (trace, span_id) and (trace, parent_id) to join on."""
    scope = [
        pl.coalesce("trace_id", pl.col("log_file").fill_null("")).alias("scope"),
        pl.col("trace_id").is_null().alias("untraced"),
    ]
    kind = pl.col("span_kind")
    return spans.select(
        pl.int_range(pl.len()).alias("row"),
        "service",
        sends=kind.is_in(SENDERS).fill_null(False),
        receives=kind.is_in(RECEIVERS).fill_null(False),
        key=pl.struct(*scope, id="span_id").hash(),
        parent_key=pl.when(pl.col("parent_id").is_not_null()).then(pl.struct(*scope, id="parent_id").hash()),
    )


def _parents(keyed: pl.DataFrame, spans: pl.DataFrame) -> NDArray[np.int64]:
    """The row of the span each names as parent: one of its own service before one of another."""
    children = keyed.filter(pl.col("parent_key").is_not_null()).select("row", "service", key="parent_key")
    parents = keyed.join(children.select("key").unique(), on="key", how="semi")
    rows = _found(children, _first_each(parents, ["key"], spans), ["key"], spans.height)
    repeated = parents.filter(pl.col("key").is_duplicated())
    if repeated.height:
        home = _first_each(repeated, ["key", "service"], spans)
        at_home = _found(children, home, ["key", "service"], spans.height)
        rows = np.where(at_home != NO_ROW, at_home, rows)
    return _verified(spans, rows, "parent_id")


def _first_each(table: pl.DataFrame, on: list[str], spans: pl.DataFrame) -> pl.DataFrame:
    """One row of `table` per key: the preferred half, then the earliest."""
    repeated = table.select(pl.struct(on).is_duplicated() if len(on) > 1 else pl.col(on).is_duplicated()).to_series()
    if not repeated.any():
        return table.select(*on, "row")
    rank = pl.col("span_kind").replace_strict(PREFERENCE, default=LEAST, return_dtype=pl.Int8)
    again = table.filter(repeated).select(pl.struct(on).alias("key of"), "row")
    content = spans[again["row"]].with_columns(rank=rank)
    ranked = pl.concat([again, content], how="horizontal").sort(
        "rank", *by_content(spans), nulls_last=True, maintain_order=True
    )
    best = ranked.filter(pl.col("key of").is_first_distinct()).select("key of", "row").unnest("key of")
    return pl.concat([table.filter(~repeated).select(*on, "row"), best.select(*on, "row")])


def _found(seekers: pl.DataFrame, table: pl.DataFrame, on: list[str], height: int) -> NDArray[np.int64]:
    """For each row of `seekers` the row of `table` (unique in `on`) with the same key, -1 for all others."""
    matches = seekers.select("row", *on).join(table.rename({"row": "found"}), on=on)
    rows = np.full(height, NO_ROW)
    rows[matches["row"].to_numpy()] = matches["found"].to_numpy()
    return rows


def _verified(spans: pl.DataFrame, rows: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """`rows` without the matches whose 64-bit keys agree and whose ids do not."""
    matched = np.flatnonzero(rows != NO_ROW)
    seeking, at = spans.select("trace_id", name)[matched], spans.select("trace_id", "span_id")[rows[matched]]
    same = (seeking[name] == at["span_id"]) & seeking["trace_id"].eq_missing(at["trace_id"])
    verified = rows.copy()
    verified[matched[~same.to_numpy()]] = NO_ROW
    return verified


def _one_each(candidate: NDArray[np.int64], shared: NDArray[np.bool_], spans: pl.DataFrame) -> NDArray[np.int64]:
    """`candidate` with every sender given to one receiver only: the one that shares its id, then the earliest."""
    rows = np.flatnonzero(candidate != NO_ROW)
    pairs = pl.DataFrame({"row": rows, "sender": candidate[rows], "apart": ~shared[rows]})
    wanted = pairs["sender"].is_duplicated()
    sender = candidate.copy()
    if wanted.any():
        rivals = pairs.filter(wanted)
        content = spans[rivals["row"]]
        ranked = pl.concat([rivals, content], how="horizontal").sort(
            "apart", *by_content(spans), nulls_last=True, maintain_order=True
        )
        sender[ranked.filter(~pl.col("sender").is_first_distinct())["row"].to_numpy()] = NO_ROW
    return sender
