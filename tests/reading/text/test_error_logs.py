"""What web servers log of themselves: the level, the text with what belongs to it, and no address of a client."""

from datetime import UTC, datetime

import pytest

import integrhealth as ih


@pytest.fixture
def logs(tmp_path):
    def logs(*lines):
        (tmp_path / "error.log").write_text("".join(f"{line}\n" for line in lines))
        return ih.read(str(tmp_path)).logs

    return logs


def test_nginx_tells_of_a_request_without_the_client(logs):
    line = (
        "2016/10/25 14:49:34 [error] 54053#0: *1 upstream timed out while connecting to upstream, client: 10.9.8.7, "
        'server: shop, request: "GET /a HTTP/1.1", upstream: "http://orders/a"'
    )
    (row,) = logs(line).to_dicts()
    assert (row["system"], row["level"]) == ("nginx", "error")
    assert row["text"].startswith("upstream timed out while connecting to upstream, server: shop, request: ")
    assert "10.9.8.7" not in row["text"]
    assert row["time"] == datetime(2016, 10, 25, 14, 49, 34, tzinfo=UTC)


def test_an_entry_of_nginx_goes_on_over_lines_and_may_have_no_request(logs):
    rows = logs(
        "2019/10/30 23:26:34 [notice] 1#1: *1 PHP message: a",
        "PHP message: b",
        "2019/10/30 23:26:35 [emerg] 1#0: bind() failed",
    )
    assert rows.select("level", "text").rows() == [
        ("notice", "PHP message: a\nPHP message: b"),
        ("emerg", "bind() failed"),
    ]


@pytest.mark.parametrize(
    ("line", "level", "site", "time"),
    [
        (
            "[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 43] [client 72.15.99.187:4000] No file",
            "error",
            "core",
            datetime(2011, 9, 9, 10, 42, 29, 902022, tzinfo=UTC),
        ),
        (
            "[Mon Dec 26 16:22:08 2016] [warn] [client 192.168.33.1] No file",
            "warn",
            None,
            datetime(2016, 12, 26, 16, 22, 8, tzinfo=UTC),
        ),
        (
            "[Mon Dec  5 16:22:08 2016] [mpm:notice] [pid 1] No file",
            "notice",
            "mpm",
            datetime(2016, 12, 5, 16, 22, 8, tzinfo=UTC),
        ),
    ],
)
def test_apache_by_its_old_and_its_new_form(logs, line, level, site, time):
    (row,) = logs(line).to_dicts()
    assert (row["system"], row["level"], row["site"], row["text"], row["time"]) == (
        "apache",
        level,
        site,
        "No file",
        time,
    )
