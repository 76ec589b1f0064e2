"""What containers and services wrote, as runtimes, Docker Compose and systemd's journal keep it."""

# ruff: noqa: E501 -- a line of a log stays on one line

import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

POD = "shop-5d4f_prod_web-" + "0f" * 32


@pytest.fixture
def read(tmp_path):
    def read(*lines, name="c.log"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines))
        return ih.read(str(tmp_path))

    return read


def account(evidence):
    return evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected").rows()


def test_parts_join_the_whole_line_of_their_stream(read):
    evidence = read(
        "2024-05-01T10:00:00.000000001Z stdout P one ",
        "2024-05-01T10:00:01.000000001Z stderr P aside ",
        "2024-05-01T10:00:02.000000001Z stdout P two ",
        "2024-05-01T10:00:03.000000001Z stdout F three",
        "2024-05-01T10:00:04.000000001Z stderr F done",
        "2024-05-01T10:00:05.000000001Z stdout F",
        "2024-05-01T10:00:06.000000001Z stdout P cut off",
    )
    assert evidence.logs["text"].to_list() == ["one two three", "aside done", "cut off"]
    assert evidence.logs["time"].dt.second().to_list() == [0, 1, 6], "a line was written when it began"
    assert account(evidence) == [("cri", 7, 7, 0)]


def test_a_line_of_no_container_costs_itself(read):
    evidence = read("2024-05-01T10:00:00Z stdout F one", "not of a runtime", "2024-05-01T10:00:01Z stdout F two")
    assert evidence.rejected.select("line", "reason").rows() == [(2, "no_entry")]
    assert account(evidence) == [("cri", 3, 2, 1)]


@pytest.mark.parametrize(
    ("name", "system"),
    [
        (f"containers/{POD}.log", "web"),
        ("pods/prod_shop-5d4f_12ab/web/0.log", "web"),
        ("pods/prod_shop-5d4f_12ab/web-app/12.log", "web-app"),
        ("web.log", "web"),
    ],
)
def test_the_container_is_named_by_the_file_or_its_folder(read, name, system):
    assert read("2024-05-01T10:00:00Z stdout F one", name=name).logs["system"].to_list() == [system]


def test_what_a_container_wrote_is_read_by_its_own_layout(read):
    line = "2024-05-01T10:00:0{}Z stdout F 2024-01-01 10:00:00,123 ERROR [main] c.acme.Orders - down {}"
    evidence = read(*[line.format(n, n) for n in range(3)], name="web.log")
    assert evidence.logs.select("level", "site", "text").row(0) == ("ERROR", "c.acme.Orders", "down 0")
    assert evidence.logs["time"].min() == datetime(2024, 5, 1, 10, tzinfo=UTC), "the clock inside has no zone"


@pytest.mark.parametrize(
    ("line", "system", "text"),
    [
        ("web-1  | 2024-05-01T10:00:00.000000001Z hello", "web", "hello"),
        ("shop_web_1  | 2024-05-01T10:00:00.000000001Z hello", "shop_web", "hello"),
        ("web-api-12  | 2024-05-01T10:00:00.000000001Z  * hello | you", "web-api", " * hello | you"),
        ("\x1b[36mweb-1  | \x1b[0m2024-05-01T10:00:00.000000001Z \x1b[31mhello\x1b[0m", "web", "hello"),
        ("\x1b[2Kdb  | 2024-05-01T10:00:00.000000001Z hello", "db", "hello"),
    ],
)
def test_services_of_compose_without_numbers_and_colours(read, line, system, text):
    evidence = read(line)
    assert evidence.logs.select("system", "text").rows() == [(system, text)]
    assert evidence.logs["time"][0] == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert account(evidence) == [("docker_compose", 1, 1, 0)]


def test_without_times_a_line_of_compose_cannot_be_placed(read):
    evidence = read("web-1  | hello", "web-1  |", "db-1   | world")
    assert evidence.rejected.select("line", "reason").rows() == [(1, "no_time"), (3, "no_time")]
    assert account(evidence) == [("docker_compose", 3, 1, 2)]


def test_tables_with_bars_are_no_services(read):
    assert read("name | value", "-----|------", "a | 1", "b | 2").sources["format"].to_list() == [None]


def entry(**fields):
    return json.dumps({"__REALTIME_TIMESTAMP": "1714557600000001", "MESSAGE": "hello"} | fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"SYSLOG_IDENTIFIER": "sshd", "_COMM": "x", "PRIORITY": "3", "_HOSTNAME": "box"}, ("sshd", "ERROR", "box", "hello")),
        ({"_SYSTEMD_UNIT": "web.service", "_COMM": "x", "PRIORITY": 6}, ("web.service", "INFO", None, "hello")),
        ({"_COMM": "cron", "PRIORITY": "9"}, ("cron", None, None, "hello")),
        ({"MESSAGE": [104, 105, 255]}, ("c", None, None, "hi\ufffd")),
        ({"MESSAGE": ["first", "second"], "SYSLOG_IDENTIFIER": ["a", "b"]}, ("a", None, None, "first")),
        ({"MESSAGE": None}, ("c", None, None, None)),
    ],
)  # fmt: skip
def test_an_entry_of_the_journal(read, fields, said):
    evidence = read(entry(**fields))
    assert evidence.logs.select("system", "level", "site", "text").rows() == [said]
    assert evidence.logs["time"][0] == datetime(2024, 5, 1, 10, 0, 0, 1, tzinfo=UTC)


def test_an_entry_without_a_time_costs_itself(read):
    evidence = read(entry(), json.dumps({"MESSAGE": "x"}), "{broken", entry(MESSAGE="more"))
    assert evidence.rejected["line"].to_list() == [2, 3]
    assert account(evidence) == [("journald", 4, 2, 2)]


@pytest.mark.parametrize(
    ("path", "account_of"),
    [
        ("kubernetes_cri/cri.log", [("cri", 17, 17, 0)]),
        ("docker_compose/logfile_docker_compose_with_ts.0", [("docker_compose", 22, 22, 0)]),
        ("journald/logfile_journald.json", [("journald", 2, 2, 0)]),
        ("docker_json/container-json.log", [("docker_json", 10, 10, 0)]),
        ("caddy/logfile_caddy_log.0", [("docker_compose", 35, 35, 0), ("docker_compose", 4, 4, 0)]),
    ],
)
def test_real_files(path, account_of):
    assert account(ih.read(str(shared_data("formats_more", *path.split("/"))))) == account_of


def test_what_real_files_say():
    compose = ih.read(str(shared_data("formats_more", "docker_compose", "logfile_docker_compose_with_ts.0"))).logs
    assert set(compose["system"]) == {"web", "redis"}
    assert compose["time"].min() == datetime(2024, 4, 25, 5, 32, 35, 19_558, tzinfo=UTC)
    journal = ih.read(str(shared_data("formats_more", "journald", "logfile_journald.json"))).logs
    assert set(journal.select("system", "site", "level").rows()) == {
        ("python", "imx6ul-medusa", "ERROR"),
        ("python", "imx6ul-medusa", "INFO"),
    }
    pod = ih.read(str(shared_data("formats_more", "kubernetes_cri", "cri.log"))).logs
    (joined,) = [text for text in pod["text"] if text.startswith("log content 1")]
    assert "GET /readiness" in joined, "a part joins the next whole line of its stream"
