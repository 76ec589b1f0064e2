"""logfmt and syslog: the examples of their standards, dates without years, and texts over several lines."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import logfmt, syslog

WRITTEN = datetime(2026, 3, 2, 12, tzinfo=UTC)


def parsed(format, folder: Path, text: str | bytes, *, written: datetime = WRITTEN, strict: bool = False):
    path = folder / "shop.log"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (written.timestamp(), written.timestamp()))
    assert format.recognises(Head(path, path.read_bytes()))
    (part,) = format.read(path, path.name, strict=strict)
    assert part.rows_in == part.rows.height + part.passed + part.rejected.height
    return part


def told(part, *columns):
    return part.rows.select(columns).rows()


def test_the_examples_of_rfc_5424(tmp_path):
    part = parsed(
        syslog,
        tmp_path,
        "<34>1 2003-10-11T22:14:15.003Z mymachine su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8\n"
        "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.\n"
        '91 <165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [x@32473 iut="3" eventID="1\\]1"][y z="]"] An entry\n'
        "<165>1 2003-10-11T22:14:15.003Z h - - ID47 -\n"
        "<165>1 - h app - ID47 - no time\n",
    )
    assert told(part, "system", "site", "level", "text") == [
        ("su", "mymachine", "ERROR", "'su root' failed for lonvick on /dev/pts/8"),
        ("myproc", "192.0.2.1", "INFO", "%% It's time to make the do-nuts."),
        ("evntslog", "h", "INFO", "An entry"),
        ("h", "h", "INFO", None),
    ]
    assert part.rows["time"][1] == datetime(2003, 8, 24, 12, 14, 15, 3, tzinfo=UTC)
    assert part.rejected.select("line", "reason").rows() == [(5, "no_time")]


def test_dates_without_a_year_lie_in_the_latest_that_is_over(tmp_path):
    part = parsed(
        syslog,
        tmp_path,
        "<34>Oct 11 22:14:15 mymachine su: 'su root' failed\n"
        "Dec 10 06:55:46 LabSZ sshd[24200]: reverse mapping failed\n"
        "Mar  2 11:59:59 h kernel: [1.5] up\n"
        "Feb 29 10:00:00 h cron[1]: leap\n"
        "Mar 20 10:00:00 h last message repeated 2 times\n"
        "Mar 20 2019 10:00:00: fw %ASA-6-302013: built\n"
        "Feb 30 10:00:00 h cron[1]: never\n",
    )
    assert told(part, "time", "system", "level") == [
        (datetime(2025, 10, 11, 22, 14, 15, tzinfo=UTC), "su", "ERROR"),
        (datetime(2025, 12, 10, 6, 55, 46, tzinfo=UTC), "sshd", None),
        (datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC), "kernel", None),
        (datetime(2024, 2, 29, 10, tzinfo=UTC), "cron", None),
        (datetime(2025, 3, 20, 10, tzinfo=UTC), "h", None),
        (datetime(2019, 3, 20, 10, tzinfo=UTC), "%ASA-6-302013", None),
    ]
    assert part.rejected.select("line", "reason").rows() == [(7, "no_time")]
    assert any("before 2026-03-02, when the file was last written: 6" in note for note in part.warnings)
    assert any("times without a zone were read as UTC: time (6)" in note for note in part.warnings)


def test_strict_rejects_times_without_a_zone(tmp_path):
    text = "Mar  2 11:59:59 h a: x\n2026-03-02T11:59:59.5+01:00 h a[1]: y\n"
    part = parsed(syslog, tmp_path, text, strict=True)
    assert part.rejected["reason"].to_list() == ["naive_time:time"]
    assert told(part, "time", "text") == [(datetime(2026, 3, 2, 10, 59, 59, 500_000, tzinfo=UTC), "y")]


def test_a_stack_trace_belongs_to_its_entry_and_strangers_are_refused_one_by_one(tmp_path):
    part = parsed(
        syslog,
        tmp_path,
        b"\tat nowhere.before(Any.java:1)\n"
        b"Mar  2 11:00:00 h shop: order failed\n"
        b"java.lang.IllegalStateException: no stock\n"
        b"\tat shop.Order.push(Order.java:7)\n"
        b"Caused by: java.io.IOException: reset\n"
        b"    ... 3 more\n"
        b"\n"
        b"a stranger\n"
        b"  and what it says\n"
        b"\xff\xfe\n"
        b"Mar  2 11:00:01 h shop: next\n"
        b"Mar  2 11:00:02 h shop: last\n",
    )
    trace = "java.lang.IllegalStateException: no stock\n\tat shop.Order.push(Order.java:7)"
    assert told(part, "log_line", "text") == [
        (2, f"order failed\n{trace}\nCaused by: java.io.IOException: reset\n    ... 3 more"),
        (11, "next"),
        (12, "last"),
    ]
    assert part.passed == 4
    assert part.rejected.select("line", "reason").rows() == [
        (1, "no_entry"),
        (8, "no_entry"),
        (9, "no_entry"),
        (10, "bad_utf8: invalid start byte"),
    ]


def test_a_trace_that_goes_over_blocks_stays_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("integrhealth.reading.files.opened.line_blocks.__kwdefaults__", {"block_bytes": 64})
    frames = "".join(f"\tat shop.Order.push{number}(Order.java)\n" for number in range(50))
    part = parsed(syslog, tmp_path, f"Mar  2 11:00:00 h shop: failed\n{frames}Mar  2 11:00:01 h shop: next\n")
    assert part.rows["text"].to_list() == ["failed\n" + frames.rstrip("\n"), "next"]


def test_logfmt_in_every_way_of_writing(tmp_path):
    part = parsed(
        logfmt,
        tmp_path,
        't=2026-03-02T12:00:00.5Z lvl=info msg="\\"hi\\" C:\\\\x" service=cart logger=http traceID=ab span_id=cd\n'
        'time="2026-03-02T12:00:01Z" level=error debug msg=failed err="no stock" path=/a?b=c empty= last=""\n'
        "ts=1772452802 level=warn level=info msg=twice\n"
        "2026 no pairs at all\n"
        "ts=2026-03-02T12:00:03Z level=error error=alone\n"
        "Traceback (most recent call last):\n"
        '  File "x.py", line 1\n'
        "ValueError: bad\n"
        "level=info msg=timeless\n"
        'ts=2026-03-02T12:00:04Z msg="open\n'
        "ts=2026-03-02T12:00:05Z level=info status=200\n",
    )
    assert told(part, "log_line", "system", "level", "site", "text", "trace_id", "parent_id") == [
        (1, "cart", "info", "http", '"hi" C:\\x', "ab", "ab:cd"),
        (2, "shop", "error", None, "failed: no stock", None, None),
        (3, "shop", "warn", None, "twice", None, None),
        (
            5,
            "shop",
            "error",
            None,
            'alone\nTraceback (most recent call last):\n  File "x.py", line 1\nValueError: bad',
            None,
            None,
        ),
        (11, "shop", "info", None, "ts=2026-03-02T12:00:05Z level=info status=200", None, None),
    ]
    assert part.rows["time"].dt.second().to_list() == [0, 1, 2, 3, 5]
    assert part.rejected.select("line", "reason").rows() == [(4, "no_entry"), (9, "no_time"), (10, "no_entry")]
    assert "keys that stand more than once in their line, of which the first counts: 1" in part.warnings


@pytest.mark.parametrize(
    "text",
    [
        "a=1 b=2\n",
        "hello world\n",
        "time,level,msg\n1,2,3\n",
        '{"time": "x", "msg": "y"}\n',
        "We met in May=maybe and said level=high, msg me\n",
        "Mar 2 was a fine day\n",
        "2026-03-02T12:00:00Z plain text without a tag\n",
        "2026-03-02T12:00:00.123Z ERROR com.example.Shop: order 7 failed\n",
        "2026-03-02T12:00:00.123Z [main] com.example.Shop: order 7 failed\n",
        "",
    ],
)
def test_other_files_are_left_alone(tmp_path, text):
    head = Head(tmp_path / "x", text.encode())
    assert not logfmt.recognises(head)
    assert not syslog.recognises(head)


def test_both_are_read_from_a_folder(tmp_path):
    (tmp_path / "a.log").write_text("ts=2026-03-02T12:00:00Z level=info msg=x token=abcdef123456\n")
    (tmp_path / "b.log").write_text("<34>1 2026-03-02T12:00:00Z h app - - - mail to jo@example.com password=hunter22\n")
    found = ih.read(tmp_path)
    assert found.sources["format"].to_list() == ["logfmt", "syslog"]
    assert found.logs["text"].to_list() == ["x", "mail to *** password=***"]


@pytest.mark.parametrize(
    ("path", "records", "rows", "continued"),
    [
        ("syslog/logfile_syslog.0", 4, 4, 0),
        ("syslog/logfile_syslog.3", 17, 7, 10),
        ("logfmt/logfile_logfmt.0", 5, 5, 0),
        ("logfmt/logfile_grafana.0", 5, 5, 0),
    ],
)
def test_real_logs(path, records, rows, continued):
    sources = ih.read(shared_data("formats_more", *path.split("/"))).sources
    assert sources.select("format", "rows_in", "rows", "passed_over", "rows_rejected").rows() == [
        (path.split("/")[0], records, rows, continued, 0)
    ]
