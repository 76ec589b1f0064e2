"""Whom a span names as its other side: which attribute counts first, and what of an address is the host."""

import polars as pl
import pytest

from integrhealth.reading.spans.peers import host, peer


def named(kind: str, **attributes: str) -> str | None:
    spans = pl.DataFrame({name.replace("__", "."): [text] for name, text in attributes.items()}, height=1)
    spans = spans.with_columns(span_kind=pl.lit(kind))
    sends, receives = pl.lit(kind in ("client", "producer")), pl.lit(kind in ("server", "consumer"))
    return spans.select(peer(list(attributes_of(spans)), sends=sends, receives=receives)).item()


def attributes_of(spans: pl.DataFrame) -> list[str]:
    return [name for name in spans.columns if name != "span_kind"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://pay.example.com/v1/charge?x=1", "pay.example.com"),
        ("HTTPS://Pay.Example.COM:8443/", "pay.example.com"),
        ("pay.example.com:443", "pay.example.com"),
        ("//pay.example.com/x", "pay.example.com"),
        ("http://user:p@ss@pay.example.com/", "pay.example.com"),
        ("http://user:pa/ss@pay.example.com/", None),
        ("http://[::1]:80/x", "::1"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("10.0.0.7:80", "10.0.0.7"),
        ("http://:8080/x", ":8080"),
        ("jdbc:mysql://db-1:3306/orders", "db-1"),
        ("http://münchen.example/", "münchen.example"),
        ("/v1/charge", None),
        ("javascript:alert(1)", None),
        ("http://<script>alert(1)</script>/", None),
        ("http://a b/", None),
        ("http://" + "x" * 300 + "/", None),
        ("", None),
        (None, None),
    ],
)
def test_of_an_address_only_the_host_is_kept(address, expected):
    assert pl.DataFrame({"address": [address]}, schema={"address": pl.String}).select(
        host(pl.col("address"))
    ).item() == (expected)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"peer__service": "erp", "db__name": "orders", "server__address": "h"}, "erp"),
        ({"service__peer__name": "erp", "rpc__service": "Orders"}, "erp"),
        ({"db__namespace": "orders", "server__address": "h"}, "orders"),
        ({"messaging__destination__name": "jobs", "messaging__system": "kafka"}, "jobs"),
        ({"messaging__system": "kafka", "network__peer__address": "10.0.0.7"}, "kafka"),
        ({"faas__invoked_name": "fn1", "faas__invoked_provider": "aws"}, "fn1"),
        ({"rpc__service": "S3", "net__peer__name": "s3.example.com"}, "S3"),
        ({"net__peer__name": "h", "url__full": "http://other/"}, "h"),
        ({"http__url": "http://h:8080/x", "net__peer__ip": "10.0.0.7"}, "h"),
        ({"http__host": "H:8080"}, "h"),
        ({"url__full": "/relative", "net__peer__ip": "10.0.0.7"}, "10.0.0.7"),
        ({"out__host": "cache"}, "cache"),
        ({"peer__hostname": "cache"}, "cache"),
        ({"peer__address": "cache:6379"}, "cache"),
        ({"server__address": "", "peer__ipv4": "10.0.0.7"}, "10.0.0.7"),
        ({"http__method": "GET"}, None),
    ],
)
def test_a_declared_name_comes_before_a_host_and_a_host_before_an_address(attributes, expected):
    assert named("client", **attributes) == expected


def test_a_consumer_names_its_queue_and_a_server_no_more_than_its_caller():
    queue = {"messaging__destination__name": "jobs", "server__address": "me", "db__name": "mine"}
    assert named("consumer", **queue) == "jobs"
    assert named("server", **queue) is None
    assert named("internal", **queue) is None
    assert named("server", peer__service="web") == "web"


@pytest.mark.parametrize("itself", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.1.2.3:80", "0.0.0.0", "::1", "::"])
def test_the_machine_that_asks_is_no_name_of_another(itself):
    assert named("client", server__address=itself) is None
    assert named("client", server__address=itself, url__full="http://pay.example.com/") == "pay.example.com"
    assert named("client", server__address=itself, db__namespace="ledger") == "ledger"
    assert (
        named("client", server__address=f"{itself.split(':')[0]}.example.com" if itself[0] != ":" else "::2")
        is not None
    )


def test_an_address_that_leads_to_the_machine_itself_names_nobody():
    assert named("client", url__full="http://localhost:8083/route", network__peer__address="127.0.0.1") is None
