"""Requests in the logs of HAProxy and in the extended format of W3C, whose forms change within a file."""

from datetime import UTC, datetime
from functools import partial

import pytest
from drawing.requests import only, read_lines

HAPROXY = "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in "


@pytest.fixture
def read(tmp_path):
    return partial(read_lines, tmp_path)


@pytest.mark.parametrize(
    ("tail", "target", "status", "took"),
    [
        (
            'static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a} {} "GET /i?x HTTP/1.1"',
            "static",
            "ok",
            0.109,
        ),
        (
            'static/srv1 shop.example 0/0/0/18/18 200 200 - - ---- 2/2/2/0/0 0/0 "GET /i HTTP/1.1"',
            "static",
            "ok",
            0.018,
        ),
        ('static/<NOSRV> -1/-1/-1/-1/5 503 212 - - SC-- 1/1/1/1/0 0/0 "GET /i HTTP/1.1"', "static", "failed", 0.005),
        ('static/s 0/0/0/-1/+30000 504 212 - - sH-- 1/1/1/1/0 0/0 "GET /i HTTP/1.1"', "static", "timeout", 30.0),
        ('static/s 0/0/0/-1/7 -1 0 - - CH-- 1/1/1/1/0 0/0 "GET /i HTTP/1.1"', "static", "cancelled", 0.007),
        ("bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", "bck", "ok", 5.007),
        ("bck/srv1 0/0/5007 212 sD 0/0/0/0/3 0/0", "bck", "timeout", 5.007),
        ("bck/srv1 0/-1/7 0 SC 0/0/0/0/3 0/0", "bck", "failed", 0.007),
    ],
)
def test_haproxy_behind_syslog(read, tail, target, status, took):
    row = only(read(HAPROXY + tail))
    assert (row["source"], row["target"], row["status"]) == ("client", target, status)
    assert row["sent_at"] == datetime(2009, 2, 6, 12, 14, 14, 655_000, tzinfo=UTC)
    assert row["took"] == pytest.approx(took)


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        ("SSL handshake failure", "rejected"),
        ("Connection closed during SSL handshake", "cancelled"),
        ("Timeout during SSL handshake", "timeout"),
        ("Received something which does not look like a PROXY protocol header", "failed"),
    ],
)
def test_a_connection_to_haproxy_that_ended_before_anything_was_asked(read, ended, status):
    row = only(read(HAPROXY.replace("http-in ", f"http-in~/1: {ended}")))
    assert (row["target"], row["status"], row["error_text"]) == ("http-in", status, ended)


IIS = """#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-username c-ip cs(Host) sc-status time-taken
2021-04-01 00:00:21 10.9.9.9 GET /foo - 10.2.2.2 shop.example 200 65
2021-04-01 00:00:22 10.9.9.9 GET /foo - 10.2.2.2 shop.example 500 1165
cut off
#Fields: date time cs-method cs-uri-stem sc-status
2021-04-01 00:00:23 GET "/with blank" 404
"""


def test_the_fields_of_w3c_may_change_within_a_file(read, tmp_path):
    evidence = read(*IIS.splitlines())
    messages = evidence.messages.sort("sent_at")
    assert messages.select("target", "operation", "status").rows() == [
        ("shop.example", "GET /foo", "failed"),
        ("shop.example", "GET /foo", "ok"),
        ("web", "GET /with blank", "rejected"),
    ]
    assert messages["finished_at"].to_list() == [
        datetime(2021, 4, 1, 0, 0, 22, tzinfo=UTC),
        datetime(2021, 4, 1, 0, 0, 21, tzinfo=UTC),
        None,
    ]
    assert evidence.rejected.select("line", "reason").rows() == [(5, "no_entry")]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(7, 6, 1)]
    assert not [warning for warning in evidence.warnings if "zone" in warning], "W3C logs are in UTC"


def test_the_date_of_a_clock_alone_is_that_of_the_last_directive(read):
    lines = ["#Software: IIS 6.0", "#Date: 2013-07-30 00:00:00", "#Fields: time cs-method cs-uri-stem sc-status"]
    later = [lines[1].replace("30", "31"), "00:00:05 GET /b 404"]
    evidence = read(*lines, "00:00:03 GET /a 200", *later)
    assert evidence.messages.sort("sent_at").select("operation", "sent_at").rows() == [
        ("GET /a", datetime(2013, 7, 30, 0, 0, 3, tzinfo=UTC)),
        ("GET /b", datetime(2013, 7, 31, 0, 0, 5, tzinfo=UTC)),
    ]
    assert not [warning for warning in evidence.warnings if "zone" in warning], "W3C logs are in UTC"


def test_requests_that_http_sys_refused_say_why(read):
    fields = (
        "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename"
    )
    line = "2018-01-01 08:09:10 172.31.77.6 2094 172.31.77.9 80 HTTP/1.1 GET /qos/1k.txt?a=b 503 - ConnLimit -"
    row = only(read("#Software: Microsoft HTTP API 2.0", fields, line))
    assert (row["operation"], row["status"], row["error_text"]) == ("GET /qos/1k.txt", "failed", "ConnLimit")


def test_cloudfront_counts_seconds(read):
    fields = (
        "date time sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status x-edge-request-id x-host-header time-taken"
    )
    line = "2019-12-04\t21:02:31\t392\t10.2.2.2\tGET\td1.cloudfront.net\t/i\t200\tSOX4x\tshop.example\t0.250"
    row = only(read("#Version: 1.0", f"#Fields: {fields}", line))
    assert (row["message_id"], row["target"], row["took"]) == ("SOX4x", "shop.example", 0.25)
