"""Attempts at one call: those that nobody answered, and those that something on the way sent to several receivers."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import FAILED
from integrhealth.reading.spans.pairing import Links
from integrhealth.traces.ancestry import NO_ROW

CALL = ("parent", "service", "operation", "peer")


def answered_by(spans: pl.DataFrame, linked: Links) -> NDArray[np.int64]:
    """For each CLIENT without a receiver the receiver of another attempt at the same call; -1 for all others.

    An attempt that nobody answered names a host and a method, one that was answered a service and a route. They are
    one call where they have one parent, service, name and peer, and one of them says that it was sent again.
    """
    answered = np.full(spans.height, NO_ROW)
    clients = (spans["span_kind"] == "client").fill_null(False).to_numpy() & (linked.parent != NO_ROW)
    again = clients & (spans["attempt"] > 1).fill_null(False).to_numpy()
    if not again.any():
        return answered
    retried = np.zeros(spans.height, bool)
    retried[linked.parent[again]] = True
    rows = np.flatnonzero(clients & retried[linked.parent])
    receiver = np.full(spans.height, NO_ROW)
    received = np.flatnonzero(linked.sender != NO_ROW)
    receiver[linked.sender[received]] = received
    calls = (
        spans[rows]
        .select("service", "operation", "peer", "start", "attempt")
        .with_columns(row=pl.Series(rows), parent=pl.Series(linked.parent[rows]), receiver=pl.Series(receiver[rows]))
    )
    calls = calls.filter((pl.col("attempt") > 1).fill_null(False).any().over(CALL))
    heard = calls.filter(pl.col("receiver") != NO_ROW).sort("start", "row").unique(CALL, keep="first")
    unheard = calls.filter(pl.col("receiver") == NO_ROW).select(*CALL, "row")
    pairs = unheard.join(heard.select(*CALL, "receiver"), on=CALL, nulls_equal=True)
    answered[pairs["row"].to_numpy()] = pairs["receiver"].to_numpy()
    return answered


def beside(spans: pl.DataFrame, linked: Links) -> NDArray[np.int64]:
    """For each receiver that got the same as another, the half of their sender: that sender; -1 for all others.

    A CONSUMER of a message that another consumed too; a SERVER of a call that was answered and that another of its
    service and name had served: something on the way, such as a proxy, sent it again. Neither is the other's cause.
    """
    half = np.full(spans.height, NO_ROW)
    received = np.flatnonzero(linked.sender != NO_ROW)
    half[linked.sender[received]] = received
    below = np.flatnonzero((linked.sender == NO_ROW) & (linked.parent != NO_ROW))
    below = below[half[linked.parent[below]] != NO_ROW]
    sender = linked.parent[below]
    columns = ("span_kind", "service", "operation")
    these, halves = spans.select(columns)[below], spans.select(columns)[half[sender]]
    answered = ~spans["status"].gather(sender).is_in(FAILED).fill_null(False)
    same = pl.all_horizontal(pl.col(name).eq_missing(halves[name]) for name in columns)
    also = these.select((pl.col("span_kind") == "consumer") | ((pl.col("span_kind") == "server") & same & answered))
    rows = below[also.to_series().fill_null(False).to_numpy()]
    senders = np.full(spans.height, NO_ROW)
    senders[rows] = linked.parent[rows]
    return senders


def attempts(spans: pl.DataFrame, linked: Links, also: NDArray[np.int64]) -> pl.Series:
    """The attempt of each span: what it says itself, else its place among the SERVERs of one call, as in ``beside``."""
    repeated = also[also != NO_ROW]
    sender = np.where(also != NO_ROW, also, linked.sender)
    serves = (spans["span_kind"] == "server").fill_null(False).to_numpy()
    rows = np.flatnonzero(np.isin(sender, repeated) & (sender != NO_ROW) & serves)
    served = spans[rows].select("start", "attempt", row=pl.Series(rows), call=pl.Series(sender[rows]))
    silent = served.filter(pl.col("attempt").is_null().all().over("call"))
    numbered = silent.sort("start", "row").with_columns(number=pl.int_range(1, pl.len() + 1).over("call"))
    return spans["attempt"].scatter(numbered["row"], numbered["number"])
