"""Requests that a web server or a proxy logged: when they were sent, to whom, how they ended, and by which attempts."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl
import pytest
from drawing.requests import only, read_lines
from drawing.shared_data import shared_data

import integrhealth as ih

CLF = '10.0.0.1 - - [21/Jan/2019:08:59:54 +0100] "GET /a/b?c=d HTTP/1.1" {status} 242'
INGRESS = (
    '10.0.0.1 - - [07/Feb/2020:12:00:10 +0000] "GET /v2/some HTTP/1.1" {status} 61 "-" "curl" 348 {took} '
    "[shop-web-80] [] {addresses} {sizes} {times} {statuses} {id}"
)
ENVOY = (
    '[2020-11-25T21:26:18.409Z] "GET /status/{code}?x=1 HTTP/1.1" {code} {flags} via_upstream - "-" 0 135 1500 1 "-" '
    '"curl" "84961386" "httpbin:8000" "10.44.1.27:80" outbound|8000||httpbin.foo.svc.cluster.local - - - - default'
)
UWSGI = (
    "[pid: 28301|app: 0|req: 1/1] 127.0.0.1 () {40 vars in 708 bytes} [Thu Mar  3 06:26:53 2022] GET /x?a=1 => "
    "generated 15 bytes in 12 msecs (HTTP/1.1 502) 2 headers in 79 bytes (1 switches on core 0)"
)


@pytest.fixture
def read(tmp_path):
    return partial(read_lines, tmp_path)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("200", "ok"),
        ("304", "ok"),
        ("404", "rejected"),
        ("408", "timeout"),
        ("429", "rejected"),
        ("499", "cancelled"),
        ("500", "failed"),
        ("504", "timeout"),
    ],
)
def test_a_line_of_the_common_log_format_is_a_message_of_a_client(read, code, status):
    row = only(read(CLF.format(status=code)))
    assert (row["source"], row["target"], row["operation"], row["status"]) == ("client", "web", "GET /a/b", status)
    assert row["sent_at"] == datetime(2019, 1, 21, 7, 59, 54, tzinfo=UTC)
    assert row["finished_at"] is None, "Apache writes when a request came and not how long it took"
    assert row["error_code"] == (code if code >= "400" else None)
    assert row["bytes"] == 242


def test_the_address_of_a_client_is_a_pseudonym_wherever_it_stands(read):
    evidence = read(CLF.format(status=200), CLF.format(status=404), CLF.format(status=200).replace("10.0.0.1", "::1"))
    names = evidence.messages["actor"]
    assert names.n_unique() == 2
    assert names.str.starts_with("client-").all()
    assert "10.0.0.1" not in str(evidence.messages.to_dicts())


def test_equal_lines_are_so_many_requests(read):
    assert read(*[CLF.format(status=200)] * 3).messages.height == 3


@pytest.mark.parametrize(
    "line",
    [
        CLF.format(status=200) + ' 223 0.024 0.001 "-" "-"',
        CLF.format(status=200) + ' "-" "curl" 0.024 0.001',
        CLF.format(status=200) + ' "-" "curl" "10.1.1.1" rt=0.024 uct="0.000" uht="0.001" urt="0.001"',
        CLF.format(status=200) + ' "-" "curl" request_time=0.024 upstream_response_time=0.001',
    ],
)
def test_a_time_taken_in_fractions_is_one_of_nginx_which_logs_the_end(read, line):
    row = only(read(line))
    assert row["finished_at"] == datetime(2019, 1, 21, 7, 59, 54, tzinfo=UTC)
    assert row["took"] == pytest.approx(0.024)


@pytest.mark.parametrize("tail", ["", ' "-" "curl"', ' "http://a" "M (x; y)" "10.1.1.1"', ' "-" "curl" 312 4711'])
def test_whatever_else_a_line_ends_with_tells_no_time(read, tail):
    assert only(read(CLF.format(status=200) + tail))["finished_at"] is None


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", CLF.format(status=200)),
        ("", UWSGI),
        ("#Fields: date time cs-method cs-uri-stem c-ip sc-status\n", "2021-04-01 00:00:21 GET /health 10.0.0.1 200"),
    ],
)
def test_two_servers_that_were_asked_the_same_in_one_second_are_two(tmp_path, before, line):
    for name in ("web1.log", "web2.log"):
        (tmp_path / name).write_text(f"{before}{line}\n")
    evidence = ih.read(str(tmp_path))
    assert sorted(evidence.messages["target"]) == ["web1", "web2"]
    assert evidence.rejected.is_empty()


def test_a_line_that_names_its_host_is_a_copy_in_a_second_file(tmp_path):
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("shop.example " + CLF.format(status=200) + "\n")
    evidence = ih.read(str(tmp_path))
    assert evidence.messages.height == 1
    assert evidence.sources["duplicates"].sum() == 1


FORWARDED = '{} - - [07/Dec/2016:11:05:07 +0100] "GET /ocelot HTTP/1.1" 200 571 "-" "curl"{}'


@pytest.mark.parametrize("tail", ["", ' "-"'])
@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("10.0.0.2, 10.0.0.1, 127.0.0.1", "web"),
        ("10.0.0.2, 10.0.0.1", "web"),
        ('"10.0.0.2, 199.96.1.1" 10.2.1.185', "web"),
        ("10.0.0.2 10.2.1.185", "web"),
        ("shop.example 10.0.0.2, 10.0.0.1, 81.2.69.143", "shop.example"),
        ('shop.example:80 "10.0.0.2, 175.16.199.1" 10.2.1.185', "shop.example"),
        ("1.128.3.4 10.0.0.2, 10.225.192.17 10.2.2.121", "web"),
        ("2a03:0:10ff:f00f::8000, 10.225.192.17 10.2.2.121", "web"),
    ],
)
def test_addresses_that_a_proxy_forwarded_are_shown_nowhere(read, asked, target, tail):
    row = only(read(FORWARDED.format(asked, tail)))
    assert (row["source"], row["target"], row["operation"], row["status"]) == ("client", target, "GET /ocelot", "ok")
    assert row["actor"].startswith("client-")


@pytest.mark.parametrize(("user", "actor"), [("John Doe", "John Doe"), ("bob", "bob")])
def test_a_user_may_have_a_name_of_several_words(read, user, actor):
    row = only(read(CLF.format(status=200).replace("- - ", f"- {user} ")))
    assert (row["target"], row["actor"]) == ("web", actor)


def test_an_empty_user_is_nobody(read):
    assert only(read(CLF.format(status=200).replace("- - ", '- "" ')))["actor"].startswith("client-")


def test_a_host_before_the_line_is_who_was_called(read):
    assert only(read("shop.example:443 " + CLF.format(status=200)))["target"] == "shop.example"


def test_each_upstream_is_an_attempt_one_after_the_other_and_the_last_ends_with_the_request(read):
    line = INGRESS.format(
        status=200,
        took="2.500",
        addresses="10.1.0.1:80, 10.1.0.2:80",
        sizes="0, 61",
        times="2.000, 0.400",
        statuses="502, 200",
        id="r1",
    )
    messages = read(line).messages.sort("attempt")
    end = datetime(2020, 2, 7, 12, 0, 10, tzinfo=UTC)
    assert messages.select("message_id", "target", "attempt", "status").rows() == [
        ("r1", "shop-web-80", 1, "failed"),
        ("r1", "shop-web-80", 2, "ok"),
    ]
    assert messages["sent_at"].to_list() == [end - timedelta(seconds=2.5), end - timedelta(seconds=0.4)]
    assert messages["finished_at"].to_list() == [end - timedelta(seconds=0.4), end]


@pytest.mark.parametrize(
    ("statuses", "times", "expected"),
    [
        ("502, 502", "0.1, 0.1", ["failed", "rejected"]),
        ("-, 404", "-, 0.1", ["failed", "rejected"]),
        ("200 : 404", "0.1 : 0.1", ["ok", "rejected"]),
        ("502, 502, 404", "0.1, 0.1, 0.1", ["failed", "failed", "rejected"]),
        ("404", "0.1", ["rejected"]),
        ("-", "-", ["rejected"]),
    ],
)
def test_what_the_upstreams_answered_and_what_the_request_ended_with(read, statuses, times, expected):
    line = INGRESS.format(status=404, took="1.0", addresses="-", sizes="-", times=times, statuses=statuses, id="r1")
    evidence = read(line)
    assert evidence.messages.sort("attempt")["status"].to_list() == expected
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(1, 1, 0)]


def test_nginx_in_json_by_either_names(read):
    variables = {
        "time_iso8601": "2024-01-01T10:00:10+00:00",
        "remote_addr": "10.0.0.1",
        "request": "GET /a?x HTTP/1.1",
        "status": "200",
        "request_time": "1.5",
        "upstream_response_time": "1.0, 0.5",
        "upstream_status": "504, 200",
        "http_host": "shop.example",
        "request_id": "q",
    }
    evidence = read(json.dumps(variables), name="web.json")
    assert evidence.messages.sort("attempt").select("target", "operation", "status").rows() == [
        ("shop.example", "GET /a", "timeout"),
        ("shop.example", "GET /a", "ok"),
    ]
    assert evidence.messages["sent_at"].min() == datetime(2024, 1, 1, 10, 0, 8, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "flags", "status"),
    [("200", "-", "ok"), ("503", "UF", "failed"), ("504", "UT", "timeout"), ("0", "DC", "cancelled")],
)
def test_envoy_as_istio_writes_it(read, code, flags, status):
    row = only(read(ENVOY.format(code=code, flags=flags)))
    assert (row["target"], row["operation"], row["status"]) == ("httpbin", f"GET /status/{code}", status)
    assert (row["trace_id"], row["took"]) == ("84961386", 1.5)


def test_envoy_in_json(read):
    record = {
        "start_time": "2020-11-25T21:26:18.409Z",
        "method": "GET",
        "path": "/a",
        "response_code": 503,
        "response_flags": "UF",
        "duration": 12,
        "authority": "httpbin:8000",
        "upstream_cluster": "outbound|8000||httpbin.foo.svc.cluster.local",
        "request_id": "q",
        "bytes_sent": 3,
    }
    row = only(read(json.dumps(record), name="envoy.json"))
    assert (row["trace_id"], row["target"], row["status"], row["took"]) == ("q", "httpbin", "failed", 0.012)


def test_calls_under_one_request_id_are_messages_of_one_trace(read):
    called = ENVOY.format(code=200, flags="-")
    other = called.replace("httpbin", "orders").replace("26:18", "26:19")
    messages = read(called, other).messages.sort("sent_at")
    assert messages.select("target", "trace_id", "attempt").rows() == [
        ("httpbin", "84961386", None),
        ("orders", "84961386", None),
    ]
    assert messages["message_id"].n_unique() == 2


def test_what_came_in_was_asked_of_the_service_that_the_caller_named(read):
    inbound = (
        '[2022-08-22T13:08:23.169Z] "GET /productpage HTTP/1.1" 200 - via_upstream - "-" 0 5294 35 34 "10.128.0.161" '
        '"curl" "00bc" "35.222.123.213" "10.124.2.6:9080" inbound|9080|| 127.0.0.6:47203 10.124.2.6:9080 '
        "10.128.0.161:0 outbound_.9080_._.productpage.default.svc.cluster.local default"
    )
    assert only(read(inbound))["target"] == "productpage"


def test_a_connection_that_asked_nothing_has_no_operation(read):
    row = only(read('[2019-04-06T06:20:05.972Z] "- - -" 0 UF,URX 0 0 0 - "-" "-" "-" "-" "es:9200"'))
    assert (row["operation"], row["status"]) == (None, "failed")


def test_inbound_istio_in_json_is_named_by_the_service_and_a_port_makes_no_other_client(read):
    record = {
        "start_time": "2022-09-08T12:51:05.656Z",
        "method": "GET",
        "path": "/reviews/0",
        "response_code": 200,
        "response_flags": "-",
        "duration": 15,
        "authority": "reviews:9080",
        "requested_server_name": "outbound_.9080_._.reviews.default.svc.cluster.local",
        "upstream_cluster": "inbound|9080||",
        "downstream_remote_address": "10.124.0.13:43612",
    }
    later = {"start_time": "2022-09-08T12:51:06.656Z", "downstream_remote_address": "10.124.0.13:43613"}
    messages = read(json.dumps(record), json.dumps(record | later), name="istio.json").messages
    assert messages["target"].to_list() == ["reviews", "reviews"]
    assert messages["actor"].n_unique() == 1


@pytest.mark.parametrize(
    ("router", "target"), [("shop@docker", "shop@docker"), ("-", "172.19.0.3")], ids=["a router", "a server alone"]
)
def test_traefik_logs_the_beginning_and_milliseconds(read, router, target):
    line = CLF.format(status=502) + f' "-" "curl" 262 "{router}" "http://172.19.0.3:5601" 30003ms'
    row = only(read(line))
    assert (row["target"], row["operation"], row["status"]) == (target, "GET /a/b", "failed")
    assert (row["sent_at"], row["took"]) == (datetime(2019, 1, 21, 7, 59, 54, tzinfo=UTC), 30.003)


def test_uwsgi(read):
    row = only(read(UWSGI))
    assert (row["operation"], row["status"], row["took"], row["bytes"]) == ("GET /x", "failed", 0.012, 15)
    assert row["sent_at"] == datetime(2022, 3, 3, 6, 26, 53, tzinfo=UTC)


def test_uwsgi_may_count_in_microseconds(read):
    assert only(read(UWSGI.replace("12 msecs", "680 micros")))["took"] == pytest.approx(0.00068)


def test_cloudflare(read):
    record = {
        "RayID": "41ddf1740f67442d",
        "EdgeStartTimestamp": "2018-09-21T10:00:00Z",
        "EdgeEndTimestamp": "2018-09-21T10:00:02Z",
        "EdgeResponseStatus": 524,
        "ClientRequestHost": "shop.example",
        "ClientRequestMethod": "GET",
        "ClientRequestURI": "/a?b",
        "ClientIP": "10.0.0.1",
        "EdgeResponseBytes": 17,
    }
    row = only(read(json.dumps(record), name="http.json"))
    assert (row["target"], row["operation"], row["status"], row["took"]) == ("shop.example", "GET /a", "timeout", 2.0)


def test_caddy_logs_requests_and_other_things(read):
    request = {"remote_ip": "10.0.0.1", "remote_port": "1", "method": "GET", "host": "shop.example:443", "uri": "/a?b"}
    asked = {
        "level": "error",
        "ts": 1716723772.5,
        "msg": "handled request",
        "request": request,
        "duration": 1.5,
        "status": 502,
        "size": 3,
    }
    evidence = read(
        json.dumps(asked), json.dumps({"level": "warn", "ts": 1716723773, "msg": "slow"}), name="caddy.json"
    )
    row = only(evidence)
    assert (row["target"], row["operation"], row["status"], row["took"]) == ("shop.example", "GET /a", "failed", 1.5)
    assert row["finished_at"] == datetime.fromtimestamp(1716723772.5, UTC)
    assert evidence.logs.select("level", "text").rows() == [("warn", "slow")]


def test_an_error_that_caddy_tells_beside_a_request_is_no_second_request(read):
    request = {"remote_ip": "10.0.0.1", "remote_port": "1", "method": "GET", "host": "shop.example", "uri": "/a"}
    asked = {"level": "error", "ts": 1716723772.5, "request": request, "duration": 1.5, "status": 502}
    error = {"logger": "http.log.error", "msg": "dial tcp: connection refused", "err_trace": "reverseproxy"}
    evidence = read(json.dumps(asked | {"msg": "handled request"}), json.dumps(asked | error), name="caddy.json")
    assert evidence.messages.height == 1
    assert evidence.logs["text"].to_list() == ["dial tcp: connection refused"]


@pytest.mark.parametrize(
    ("path", "records", "rows", "rejected"),
    [
        ("access_combined/apache_access.log", 15, 14, 1),
        ("access_combined/logfile_access_log.0", 3, 3, 0),
        ("nginx_ingress/test.log", 5, 8, 0),
        ("iis_w3c/iis10.log", 5, 1, 0),
        ("iis_w3c/logfile_w3c.3", 7, 3, 0),
        ("caddy/logfile_caddy_log.1", 4, 4, 0),
    ],
)
def test_real_access_logs(path, records, rows, rejected):
    evidence = ih.read(str(shared_data("formats_more", *path.split("/"))))
    assert evidence.messages.height == rows
    assert evidence.rejected.height == rejected
    assert evidence.sources["rows_in"].sum() == records
    assert set(evidence.messages["source"]) == {"client"}


def test_attempts_that_a_request_was_given_in_real_logs():
    messages = ih.read(str(shared_data("formats_more", "nginx_ingress", "test.log"))).messages
    chains = messages.group_by("message_id").agg(pl.col("status").sort_by("attempt"), pl.col("target").first())
    by_id = {row["message_id"]: row for row in chains.to_dicts()}
    assert by_id["835136ae24486dbb4156dcbe21f5d402"]["status"] == ["ok", "ok"]
    assert by_id["3db73c6c673c4256ade033a6ce08c2ab"]["status"] == ["failed", "failed"]
    assert by_id["529a007902362a5f51385a5fa7049884"]["target"] == "default-web-8080"
