"""The other side of a span, as its attributes name it: a declared name before a host, a host before an address."""

import polars as pl

TEXT = pl.String
# Names that somebody gave: a service, a database, a queue, a function. The first that is there and not empty counts.
CALLER = ("peer.service", "service.peer.name")
TOPIC = (
    *("messaging.destination", "messaging.destination.name", "messaging.destination.template"),
    *("messaging.source", "messaging.source.name", "messaging.kafka.topic", "message_bus.destination"),
)
NAMED = (
    *CALLER,
    *("db.name", "db.namespace", "db.instance", "db.system", "db.system.name"),
    *TOPIC,
    *("messaging.system", "faas.invoked_name", "rpc.service"),
)
# Hosts by themselves, and hosts in an address, beside its scheme, user, port and path.
HOST = ("server.address", "net.peer.name", "network.destination.name", "net.sock.peer.name")
ADDRESS = ("peer.hostname", "out.host", "http.host", "url.full", "http.url", "peer.address")
IP = ("network.peer.address", "net.peer.ip", "net.sock.peer.addr", "peer.ipv4", "peer.ipv6")
# The machine that asks, under a name that every machine has: no system.
ITSELF = r"^(?i)(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|::1?|\[::1?\])\.?(?::\d+)?$"
PEERS = frozenset((*NAMED, *HOST, *ADDRESS, *IP))

LONGEST_HOST = 253


def peer(present: list[str], *, sends: pl.Expr, receives: pl.Expr, other_side: pl.Expr | None = None) -> pl.Expr:
    """The target of a span that sends, the source of one that receives; null where its attributes name none.

    ``other_side`` is what the format itself calls the other side. A server's attributes name its own host and its own
    database, a consumer's the queue that it reads.
    """
    given = [] if other_side is None else [other_side]
    hosts = [_first(HOST, present), _host(present), _first(IP, present)]
    asked = [*given, _first(NAMED, present), *(pl.when(~name.str.contains(ITSELF)).then(name) for name in hosts)]
    asking = [*given, _first(CALLER, present)]
    consumes = pl.col("span_kind") == "consumer"
    return (
        pl.when(sends)
        .then(pl.coalesce(asked))
        .when(consumes)
        .then(pl.coalesce(*asking, _first(TOPIC, present)))
        .when(receives)
        .then(pl.coalesce(asking))
    )


def host(address: pl.Expr) -> pl.Expr:
    """The host in an address, in lower case; null where there is none. The port stays where there is nothing else.

    What is left may be no host at all, but part of a password with odd characters: then nothing is taken.
    """
    authority = (
        address.str.strip_chars(" \t\r\n\"'")
        .str.replace(r"^(?i)(?:jdbc:)?[a-z][a-z0-9+.-]*://", "")
        .str.extract(r"^(?://)?([^/?#\\]+)")
        .str.replace(r"^.*@", "")
        .str.to_lowercase()
    )
    bracketed = authority.str.extract(r"^\[([0-9a-f:.]+(?:%[\w.-]+)?)\](?::\d*)?$")
    bare = authority.str.extract(r"^([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:%[\w.-]+)?)$")
    plain = authority.str.extract(r"^([\w.~*-]+)(?::\d*)?$")
    port = authority.str.extract(r"^(:\d+)$")
    of_any = pl.coalesce(bracketed, bare, plain, port)
    return pl.when(of_any.str.len_chars() <= LONGEST_HOST).then(of_any)


def _first(names: tuple[str, ...], present: list[str]) -> pl.Expr:
    columns = [pl.col(name) for name in names if name in present]
    return pl.coalesce(pl.when(text != "").then(text) for text in columns) if columns else pl.lit(None, TEXT)


def _host(present: list[str]) -> pl.Expr:
    hosts = [host(pl.col(name)) for name in ADDRESS if name in present]
    return pl.coalesce(hosts) if hosts else pl.lit(None, TEXT)
