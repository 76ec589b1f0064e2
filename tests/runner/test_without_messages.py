"""A folder with only logs: the page says what is in them, in two steps at most, and nowhere that there is nothing."""

import pytest
from click.testing import CliRunner

from integrhealth.cli import main

ERROR = (
    "ERROR [main] com.acme.Orders - Cannot read /in/{}.xml: gone\njava.io.IOException\n\tat com.acme.Foo(Foo.java:1)\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("only_logs")
    (place / "logs").mkdir()
    lines = [
        f"2026-03-02 12:{minute:02}:00,000 INFO [main] com.acme.Orders - order {minute} done\n" for minute in range(50)
    ]
    lines += [f"2026-03-02 13:{minute:02}:00,000 " + ERROR.format(minute) for minute in range(7)]
    (place / "logs" / "orders.log").write_text("".join(lines))
    return place


def test_the_pages_say_what_the_logs_say(folder):
    out = folder / "out"
    arguments = ["report", str(folder / "logs"), "--only", "error_propagation", "--out", str(out)]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    assert "read 57 rows of logs" in shown.stderr
    assert "othing" not in shown.output
    front = (out / "index.html").read_text(encoding="utf-8")
    assert "No messages, but 57 log lines of 1 system from 2026-03-02 12:00 to 2026-03-02 13:06: 7 errors" in front
    assert "Nothing that needs you" not in front.partition("<body")[2]
    page = (out / "error_propagation.html").read_text(encoding="utf-8")
    assert 'id="what-the-logs-say"' in page
    assert "orders logged 7 of 7 errors" in page
    assert "Cannot read /…: gone" in page


def test_check_says_what_was_read(folder):
    shown = CliRunner().invoke(main, ["check", str(folder / "logs")])
    assert shown.exit_code == 0
    assert "rows: 57 logs" in shown.output
    assert "othing" not in shown.output
