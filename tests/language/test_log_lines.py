"""Which log lines are errors, and which errors are of one kind."""

import polars as pl
import pytest

from integrhealth.language.log_lines import LONGEST_KIND, errors, is_error, kinds
from integrhealth.language.schema import FRAMES


@pytest.mark.parametrize(
    ("level", "error"),
    [
        *((level, True) for level in ("error", "ERROR", "Err", " SEVERE ", "Critical", "crit", "FATAL", "Panic")),
        *((level, True) for level in ("emergency", "EMERG", "alert", "fail", "dpanic")),
        *((level, False) for level in ("warn", "WARNING", "info", "notice", "debug", "", "errors", None)),
    ],
)
def test_an_error_is_an_error_in_any_case(level, error):
    frame = pl.DataFrame({"level": [level]}, schema={"level": pl.String})
    assert frame.select(is_error(pl.col("level"))).item() is error


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (['password failed for user "ann"', 'password failed for user "bob b"'], 'password failed for user "…"'),
        (["KeyError: 'a'", "KeyError: 'b c'"], "KeyError: '…'"),
        (["no column `x` here", "no column `yy` here"], "no column `…` here"),
        (["took 5 ms", "took 1201 ms", "took 1.5 ms", "took  7,000 ms"], "took # ms"),
        (["order 7e9a1c0b-11d2-4c1f-9a00-0123456789ab lost", "order 12 lost"], "order # lost"),
        (["at 0xDEADBEEF1", "at 0x1f"], "at #"),
        (["refused by 10.0.0.1:5432", "refused by 192.168.1.20:80"], "refused by #"),
        (["read /var/spool/a.xml: gone", "read /b: gone"], "read /…: gone"),
        ([r"read C:\data\a.xml: gone", r"read D:\b.csv: gone"], "read /…: gone"),
        (["GET https://a.example/x?y=1 failed", "GET https://b.example/ failed"], "GET https://… failed"),
        (["key k9aB2xQ7 lost", "key a1Z9 lost"], "key # lost"),
        (["failed\n  at Foo.java:12", "failed\r\n  at Bar.java:9", "\nfailed"], "failed"),
        (['"all of it 5 is quoted"', '"all of it 6 is quoted"'], "all of it # is quoted"),
        (["sizes [1, 2, 3]", "sizes [4]"], "sizes [#]"),
    ],
)
def test_errors_of_one_kind_have_one_text(texts, kind):
    assert kinds(pl.Series(texts)).to_list() == [kind] * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "can't open the user's file",
        "I/O and/or network trouble",
        "decade of cafe",
        "non-fatal: retry later",
        "Größe fehlt",
    ],
)
def test_what_holds_no_value_stays_as_it_is(text):
    assert kinds(pl.Series([text])).to_list() == [text]


def test_errors_of_two_kinds_stay_two():
    assert kinds(pl.Series(["disk 1 is full", "disk 1 is slow"])).n_unique() == 2


def test_a_kind_is_short_and_a_text_of_a_megabyte_costs_little():
    (kind,) = kinds(pl.Series(["word " * 200_000]))
    assert len(kind) == LONGEST_KIND
    assert kind.endswith("…")


def test_a_text_that_says_nothing_has_no_kind():
    assert kinds(pl.Series(["", "  \n ", None], dtype=pl.String)).to_list() == [None] * 3
    assert kinds(pl.Series([], dtype=pl.String)).to_list() == []


def test_a_line_without_text_is_known_by_its_site():
    rows = [("db", "error", "Pool", None), ("db", "INFO", "Pool", None), ("db", None, "Pool", "error 5")]
    logs = pl.DataFrame(rows, schema=["system", "level", "site", "text"], orient="row")
    logs = pl.concat([FRAMES["logs"].empty(), logs], how="diagonal_relaxed")
    assert errors(logs).select("system", "text", "level").rows() == [("db", "Pool", "ERROR")]
