"""Errors in logs by system and kind: counts that were planted come back, and without errors nothing does."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, drawn

import integrhealth as ih

HOURS = 48


def poisson_logs(seed: int = 7) -> tuple[pl.DataFrame, dict[tuple[str, str], int]]:
    """Lines of two systems as a Poisson process by the hour, errors among them by a coin, one hour with ten times as
    many; and how many errors of each system and kind were written.
    """
    random = np.random.default_rng(seed)
    kinds = {"timeout after # ms": "timeout after {} ms", 'no order "…"': 'no order "A{}"'}
    rows, planted = [], {}
    for system, per_hour, share in (("orders", 200, 0.02), ("billing", 50, 0.01)):
        for hour in range(HOURS):
            for second in random.uniform(0, 3600, random.poisson(per_hour)):
                time = NOON + timedelta(hours=hour, seconds=float(second))
                kind = list(kinds)[random.integers(2)]
                if random.random() < share * (10 if hour == 5 else 1):
                    planted[system, kind] = planted.get((system, kind), 0) + 1
                    text = kinds[kind].format(random.integers(10**6)) + "\n  at Foo.java:1"
                    rows.append((time, system, "error", text, f"t{len(rows) // 2}"))
                else:
                    rows.append((time, system, "INFO", f"order {random.integers(10**6)} done", None))
    order = random.permutation(len(rows)).tolist()
    columns = {"time": pl.Datetime("us", "UTC")} | dict.fromkeys(("system", "level", "text", "trace_id"), pl.String)
    return pl.DataFrame([rows[place] for place in order], schema=columns, orient="row"), planted


def test_planted_errors_come_back_by_system_and_kind():
    logs, planted = poisson_logs()
    found = ih.error_propagation.logged_errors(ih.Evidence(logs=logs))
    assert {(system, text): count for system, text, count in found.select("system", "text", "errors").rows()} == planted
    assert found["errors"].to_list() == sorted(planted.values(), reverse=True)
    assert set(found["level"]) == {"ERROR"}
    lines = dict(logs.group_by("system").len().iter_rows())
    assert all(count == lines[system] for system, count in found.select("system", "lines").rows())
    assert found.filter(pl.col("system") == "orders")["worst_hour"].unique().to_list() == [NOON + timedelta(hours=5)]
    first, last = logs.filter(pl.col("level") == "error").select(first="time", last="time").to_dict().values()
    assert (found["first_at"].min(), found["last_at"].max()) == (first.min(), last.max())
    assert (found["traces"] <= found["errors"]).all()


def test_the_interval_is_that_of_wilson_and_small_systems_have_none():
    # Brown, Cai, DasGupta 2001: 10 of 100 is 0.0552 to 0.1744.
    lines = "time system level text\n" + "1 a ERROR x\n" * 10 + "2 a INFO y\n" * 90 + "3 b ERROR x\n" * 3
    found = ih.error_propagation.logged_errors(ih.Evidence(logs=drawn("logs", lines)))
    assert found.select("system", "error_share").rows() == [("a", 0.1), ("b", None)]
    assert found.row(0, named=True)["low"] == pytest.approx(0.0552, abs=1e-4)
    assert found.row(0, named=True)["high"] == pytest.approx(0.1744, abs=1e-4)
    assert found["low"][1] is None


def test_the_first_of_equally_bad_hours_is_the_worst_and_traces_count_once():
    rows = ["7300 a ERROR x t2", "0 a FATAL x t1", "10 a ERROR x t1", "20 a ERROR x t1", "7200 a ERROR x -"]
    picture = "\n".join(["time system level text trace_id", *rows])
    found = ih.error_propagation.logged_errors(ih.Evidence(logs=drawn("logs", picture)))
    seen = found.select("level", "errors", "worst_hour", "worst_hour_errors", "traces").rows()
    assert seen == [("ERROR", 4, NOON, 2, 2), ("FATAL", 1, NOON, 1, 1)]


def test_logs_without_errors_give_no_rows_and_say_why():
    picture = "time system level text\n0 a INFO error\n1 a - ERROR\n2 b WARN x"
    evidence = ih.Evidence(logs=drawn("logs", picture))
    report = ih.error_propagation.report(evidence)
    assert report.tables["logged_errors"].is_empty()
    assert report.notes["logged_errors"] == (
        "No line of the logs has level error or above, of 3 lines; 1 of them have no level."
    )
    assert "logged_errors" not in ih.error_propagation.report(ih.Evidence()).notes


def test_logs_alone_are_no_finding():
    report = ih.error_propagation.report(ih.Evidence(logs=poisson_logs()[0]))
    assert report.findings.is_empty()
    assert report.missing.startswith("needs messages for all but the logs: traces")


def test_lines_without_text_site_or_trace_still_count():
    evidence = ih.Evidence(logs=drawn("logs", "time system level\n0 a ERROR\n1 a ERROR"))
    (row,) = ih.error_propagation.logged_errors(evidence).select("text", "errors", "worst_hour_errors", "traces").rows()
    assert row == (None, 2, 2, None)


def test_secrets_and_addresses_in_errors_are_masked(tmp_path):
    lines = "2026-03-02 12:00:00,000 ERROR [main] com.acme.Db - login password=hunter2 of ann@example.com failed\n"
    (tmp_path / "db.log").write_text(lines * 3)
    (text,) = ih.error_propagation.logged_errors(ih.read(tmp_path))["text"].to_list()
    assert "hunter2" not in text
    assert "example.com" not in text


def test_over_time_every_line_counts_once():
    logs, planted = poisson_logs()
    over_time = ih.error_propagation.logged_errors_over_time(ih.Evidence(logs=logs))
    assert set(over_time["hours"]) == {1}
    assert over_time.select("errors", "lines").sum().row(0) == (sum(planted.values()), logs.height)
    assert over_time.group_by("system", "at").len()["len"].max() == 1
    assert over_time.sort("errors")["at"][-1] == NOON + timedelta(hours=5)


def test_a_long_period_is_counted_in_days_and_a_time_years_off_does_not_make_it_long():
    days = "\n".join(f"{86400 * day} a ERROR x" for day in range(30))
    long = ih.Evidence(logs=drawn("logs", f"time system level text\n{days}"))
    assert set(ih.error_propagation.logged_errors_over_time(long)["hours"]) == {24}
    minutes = "\n".join(f"{60 * minute} a ERROR x" for minute in range(90))
    epoch = (datetime.fromisoformat("1970-01-01T00:00:00+00:00") - NOON).total_seconds()
    short = ih.Evidence(logs=drawn("logs", f"time system level text\n{epoch} a ERROR x\n{minutes}"))
    assert ih.error_propagation.logged_errors_over_time(short).select("hours", "errors").rows() == [(1, 60), (1, 30)]
