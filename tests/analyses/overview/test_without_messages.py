"""The front page where there are only logs or metrics: it says what there is, in its budget of words."""

import polars as pl
from drawing.frames import drawn, messages

import integrhealth as ih
from integrhealth.analyses import overview
from integrhealth.language.findings import findings, no_findings
from integrhealth.language.thresholds import FRONT_PAGE_FRAME, FRONT_PAGE_WORDS

LINES = """
    time  system      level  text
    0     postgresql  FATAL  refused#1
    60    postgresql  FATAL  refused#2
    120   shop        error  lost
    7200  shop        INFO   done
"""
SAMPLES = "time system metric value\n0 db load 1\n10 db load 1\n20 db load 1\n320 db load 2\n0 db idle 9"


def said(**frames):
    return overview.verdict(ih.Evidence(**frames), no_findings())


def test_logs_are_told_with_their_commonest_error_and_worst_hour():
    assert said(logs=drawn("logs", LINES)) == (
        "No messages, but 4 log lines of 2 systems from 2026-03-02 12:00 to 2026-03-02 14:00: 3 errors, "
        "2 of them 'refused#' in postgresql, 3 in the hour from 2026-03-02 12:00. "
        "See error propagation, what the logs say."
    )


def test_metrics_are_told_with_their_longest_pause():
    assert said(metrics=drawn("metrics", SAMPLES)) == (
        "No messages, but 5 samples in 2 series of metrics of 1 system from 2026-03-02 12:00 to 2026-03-02 12:05; "
        "load of db pauses for up to 30 times its usual step. See latency, what was measured."
    )
    steady = drawn("metrics", "time system metric value\n0 db load 1\n10 db load 1\n20 db load 9")
    assert "pauses" not in said(metrics=steady)


def test_quiet_logs_are_said_to_be_quiet_and_lines_without_level_are_not_taken_for_quiet():
    head = "time system level text\n"
    assert ": none is an error." in said(logs=drawn("logs", head + "0 a INFO x\n1 a WARN y"))
    assert ": none of the 1 with a level is an error." in said(logs=drawn("logs", head + "0 a INFO x\n1 a - y"))
    assert ": none says its level." in said(logs=drawn("logs", head + "0 a - x"))
    one = said(logs=drawn("logs", head + "0 a ERROR x\n1 a INFO x"))
    assert ": 1 error, 'x' in a, at 2026-03-02 12:00." in one


def test_both_fit_the_budget_of_the_page_also_with_long_texts():
    long, name = pl.lit("a word that goes on " * 40), pl.lit("a b c d e f g h")
    evidence = ih.Evidence(
        logs=drawn("logs", LINES).with_columns(text=long, system=name),
        metrics=drawn("metrics", SAMPLES).with_columns(system=name, metric=pl.concat_str("metric", name)),
    )
    reports = ih.all_reports(evidence)
    assert all(report.findings.is_empty() for report in reports.values())
    verdict, unsupported = overview.verdict(evidence, no_findings()), overview.unsupported(reports)
    assert len(f"{verdict} {unsupported}".split()) + FRONT_PAGE_FRAME <= FRONT_PAGE_WORDS
    assert "And 5 samples" in verdict
    assert unsupported.count("traces (OTLP, Jaeger, Zipkin)") == 1
    assert "error propagation needs messages for all but the logs: traces" in unsupported
    assert "latency needs messages for all but the metrics;" in unsupported


def test_a_finding_of_something_else_still_comes_first():
    row = pl.DataFrame([{"subject": "x", "severity": "warning", "statement": "S.", "ask": "A?", "n": 3}])
    verdict = overview.verdict(ih.Evidence(logs=drawn("logs", LINES)), findings("a", "r", row))
    assert verdict.startswith("0 critical findings, 1 warning: no messages, but 4 log lines")


def test_where_messages_are_logs_change_nothing_on_the_front_page():
    passed = messages("message_id source target sent_at\na web erp 0")
    alone, both = ih.Evidence(messages=passed), ih.Evidence(messages=passed, logs=drawn("logs", LINES))
    assert overview.verdict(alone, no_findings()) == overview.verdict(both, no_findings())
    assert overview.unsupported(ih.all_reports(alone)) == overview.unsupported(ih.all_reports(both))
