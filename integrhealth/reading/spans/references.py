"""Links of spans to others, in any trace: who sent what a consumer processes, and what a span without a parent follows.

A link is followed from a receiver to a sender; and from a span that names no parent to whatever it is linked to.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.traces.ancestry import NO_ROW


@dataclass(frozen=True)
class References:
    """``senders``: receiver and sender, rows of spans, in the order in which the receivers name them. ``followed``: for
    each span the first row it is linked to (-1: none). ``given`` and ``absent`` count links, and those to spans that
    are not in the data.
    """

    senders: pl.DataFrame
    followed: NDArray[np.int64]
    given: int
    absent: int


def references(spans: pl.DataFrame) -> References:
    """What the links of `spans` lead to. Where spans share an id it is the half that sent, then the earliest."""
    followed = np.full(spans.height, NO_ROW)
    linking = spans.select(pl.int_range(pl.len()).alias("row"), "links", kind="span_kind").drop_nulls("links")
    links = linking.explode("links", empty_as_null=False, keep_nulls=False).rename({"links": "to"})
    if links.is_empty():
        return References(links.select(receiver="row", sender="row"), followed, 0, 0)
    # 64-bit keys join several times as fast as texts; what they bring together is then compared for real.
    links = links.with_columns(key=pl.col("to").hash()).with_row_index("place")
    links = links.filter(pl.struct("row", "key").is_first_distinct())
    name = pl.format("{}:{}", "trace_id", "span_id")
    at = spans.select(pl.int_range(pl.len()).alias("at"), key=name.hash())
    at = at.join(links.select("key"), on="key", how="semi")
    sends = pl.col("span_kind").is_in(("client", "producer")).fill_null(False)
    at = at.with_columns(spans[at["at"]].select(name=name, sends=sends))
    repeated = at["key"].is_duplicated()
    if repeated.any():
        rivals = pl.concat([at.filter(repeated), spans[at["at"].filter(repeated)]], how="horizontal")
        ranked = rivals.sort(~pl.col("sends"), *by_content(spans), nulls_last=True).select(at.columns)
        at = pl.concat([at.filter(~repeated), ranked.filter(pl.col("key").is_first_distinct())])
    matched = links.join(at, on="key").filter(pl.col("to") == pl.col("name"))
    pairs = matched.filter(pl.col("row") != pl.col("at")).sort("place")
    first = pairs.unique("row", keep="first", maintain_order=True)
    followed[first["row"].to_numpy()] = first["at"].to_numpy()
    receives = pl.col("kind").is_in(("server", "consumer")).fill_null(False)
    senders = pairs.filter(receives & pl.col("sends")).select(receiver="row", sender="at")
    return References(senders, followed, links.height, links.height - matched.height)


def by_content(spans: pl.DataFrame) -> list[str | pl.Expr]:
    """What breaks ties between spans that share an id: the earliest first, the place in the log last, which alone may
    tell two copies apart.
    """
    place = ["log_file", "log_line"]
    said = [name for name in spans.columns if name not in ("start", "end", "links", *place)]
    # Lists have no order, their text has.
    links = [pl.col("links").list.join(" ")] if "links" in spans.columns else []
    return ["start", "end", *said, *links, *place]
