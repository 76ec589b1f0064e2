"""Access logs of AWS load balancers: application, classic and network ones, by what each logs of time and outcome."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import aws_elb

GROUP = "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def alb(
    *,
    code="200",
    answer="200",
    address="10.0.0.1:80",
    parts="0.001 0.100 0.002",
    group=GROUP,
    domain="-",
    reason="-",
    request="GET https://shop.example:443/orders/7?token=abc#x HTTP/2.0",
    trace="Root=1-58337262-36d228ad5d99923122bbe354",
    protocol="h2",
):
    """A line as the documentation of the application load balancer has it; it came at 12:00:00 and took 0.25 s."""
    return (
        f"{protocol} 2026-03-02T12:00:00.250000Z app/shop-lb/50dc6c495c0c9188 192.0.2.9:2817 {address} {parts} {code} "
        f'{answer} 34 366 "{request}" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {group} "{trace}" "{domain}" '
        f'"-" 0 2026-03-02T12:00:00.000000Z "forward" "-" "{reason}" "{address}" "{answer}" "-" "-" TID_1234abcd\n'
    )


def tls(*, handshake="2", alert="-", address="10.0.0.1:443", domain="shop.example"):
    """A line as the documentation of the network load balancer has it."""
    return (
        f"tls 2.0 2026-03-02T12:00:01 net/shop-nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd 192.0.2.9:51341 {address} 250 "
        f"{handshake} 98 246 {alert} arn:aws:acm:us-east-2:671290407336:certificate/2a108f19 - ECDHE-RSA-AES128-SHA "
        f"tlsv12 - {domain} - - - 2026-03-02T12:00:00\n"
    )


CLASSIC = (
    "2026-03-02T12:00:00.500000Z shop-elb 192.0.2.9:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
    '"POST http://shop.example:80/ HTTP/1.1" "curl/7.38.0" - -\n'
)


@pytest.fixture
def read(tmp_path):
    """What is read of a file with these lines."""

    def read(text, *, name="access.log"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        evidence = ih.read(path)
        (account,) = evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected").rows()
        assert account[0] == "aws_elb"
        assert account[1] == account[2] + account[3]
        return evidence

    return read


def test_real_lines_of_all_three():
    path = shared_data("formats_more", "aws_alb", "aws_elb_access.log")
    evidence = ih.read(path)
    assert evidence.sources.select("format", "rows_in", "rows_out").rows() == [("aws_elb", 16, 16)]
    messages = evidence.messages.sort("log_line")
    assert messages["source"].unique().to_list() == ["client"]
    assert set(messages["target"]) == {
        *("www.domain.name", "dev-abc", "my-loadbalancer"),
        "my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com",
    }
    second = messages.row(1, named=True)
    assert second["sent_at"] == datetime(2020, 1, 11, 16, 56, 5, 873_000, tzinfo=UTC)
    assert second["finished_at"] == datetime(2020, 1, 11, 16, 56, 5, 917_294, tzinfo=UTC)
    assert (second["operation"], second["status"], second["bytes"]) == ("GET /", "ok", 44_979)
    assert messages["status"].unique().to_list() == ["ok"]
    text = path.read_text()
    addresses = {word.split(":")[0] for word in text.split() if word.startswith("192.168.")}
    shown = messages.drop("log_file").cast(str).rows()
    assert len(addresses) > 1
    assert not [row for row in shown if any(address in str(row) for address in addresses)]


def test_a_request_came_took_its_parts_and_ended(read):
    row = read(alb()).messages.row(0, named=True)
    assert row["sent_at"] == AT
    assert row["received_at"] == AT + timedelta(milliseconds=1)
    assert row["finished_at"] == row["answered_at"] == AT + timedelta(milliseconds=250)
    assert (row["source"], row["target"], row["operation"]) == ("client", "my-targets", "GET /orders/7")
    assert (row["trace_id"], row["bytes"], row["kind"]) == ("1-58337262-36d228ad5d99923122bbe354", 366, "request")
    assert row["error_code"] is None
    assert row["error_text"] is None
    assert row["actor"].startswith("client-"), "under a pseudonym"


def test_the_time_of_a_classic_one_is_that_of_the_request(read):
    row = read(CLASSIC).messages.row(0, named=True)
    assert row["sent_at"] == AT + timedelta(milliseconds=500)
    assert row["finished_at"] == AT + timedelta(milliseconds=500, microseconds=73 + 1048 + 57)
    assert (row["target"], row["operation"], row["status"]) == ("shop-elb", "POST /", "ok")


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        (alb(code="302"), "ok", None),
        (alb(code="101", protocol="wss"), "ok", None),
        (alb(code="404"), "rejected", "404"),
        (alb(code="408"), "timeout", "408"),
        (alb(code="460", answer="-"), "cancelled", "460"),
        (alb(code="500"), "failed", "500"),
        (alb(code="504", answer="-"), "timeout", "504"),
        (alb(code="561", answer="-"), "failed", "561"),
        (alb(code="000", answer="-"), "unknown", None),
        (alb(code="-", answer="-"), "unknown", None),
        (CLASSIC.replace("200 200", "503 -"), "failed", "503"),
        (CLASSIC.replace("200 200", "- -").replace("POST http://shop.example:80/ HTTP/1.1", "- - - "), "ok", None),
        (
            CLASSIC.replace("10.0.0.1:80", "-").replace("200 200", "- -").replace("POST http://s", "- - - s"),
            "failed",
            None,
        ),
        (tls(), "ok", None),
        (tls(alert="0"), "ok", None),
        (tls(alert="48"), "failed", "TLS alert 48"),
        (tls(handshake="-"), "failed", None),
        (tls(address="-"), "failed", None),
    ],
)
def test_how_it_ended(read, line, status, code):
    assert read(line).messages.select("status", "error_code").rows() == [(status, code)]


def test_why_it_failed(read):
    lines = [
        alb(code="502", answer="-", reason="LambdaInvalidResponse"),
        alb(code="502", answer="-"),
        alb(code="502", answer="502"),
        tls(handshake="-"),
    ]
    assert read("".join(lines)).messages.sort("log_line")["error_text"].to_list() == [
        "LambdaInvalidResponse",
        "no answer from a target",
        None,
        "no TLS handshake",
    ]


def test_who_was_meant(read):
    nobody = {"address": "-", "group": "-", "parts": "-1 -1 -1"}
    lines = [
        alb(domain="shop.example"),
        alb(group="-", domain="shop.example"),
        alb(**nobody, domain="anything.example", code="301", answer="-"),
        alb(**nobody, request="- http://shop.example:80- "),
        tls(),
        tls(domain="-"),
    ]
    messages = read("".join(lines)).messages.sort("log_line")
    targets = ["my-targets", "shop.example", "shop-lb", "shop-lb", "shop.example", "shop-nlb"]
    assert messages["target"].to_list() == targets
    assert messages["received_at"][2] is None, "-1 is a part that never was"
    assert messages["operation"][3] is None
    assert messages["sent_at"][4] == AT + timedelta(milliseconds=750)


def test_a_classic_request_without_all_parts_has_no_end(read):
    row = read(CLASSIC.replace("0.001048", "-1").replace("200 200", "504 0")).messages.row(0, named=True)
    assert (row["finished_at"], row["status"]) == (None, "timeout")


def test_lines_of_other_logs_cost_themselves_alone(read, tmp_path):
    """Connection logs, a broken line, bytes that are no text; a stack trace continues no request."""
    other = "2026-03-02T12:00:00.514108Z 192.0.2.9 36280 443 TLSv1.2 ECDHE 4.036 - - FEF257 Success\n"
    text = alb() + alb()[:150] + "\n" + other + "  at nowhere\n" + "\n" + alb() + CLASSIC + 2 * tls()
    evidence = read(gzip.compress(text.encode() + b"\xff\xfe\n"), name="x.log.gz")
    assert evidence.messages.height == 5
    assert evidence.messages["message_id"].n_unique() == 5, "a line that stands twice is two requests"
    assert evidence.rejected.select("line", "reason").rows() == [
        (2, "no_entry"),
        (3, "no_entry"),
        (4, "no_entry"),
        (10, "bad_utf8: invalid start byte"),
    ]


def test_the_same_lines_in_two_files_are_copies(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.log").write_text(alb() + CLASSIC)
    assert ih.read(tmp_path).messages.height == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        '192.0.2.9 - - [02/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl"\n',
        "2026-03-02T12:00:00.123Z INFO started\n",
        'http 2026-03-02T12:00:00Z "GET /" 200\n',
        CLASSIC.replace("shop-elb", 'shop"elb'),
        "tls 2.0 handshake failed\n",
    ],
)
def test_other_files_are_left_alone(tmp_path, text):
    assert not aws_elb.recognises(Head(tmp_path / "x", text.encode()))
