"""What is said of gaps in the trail: planted gaps and the edge just below."""

from datetime import UTC, datetime

import polars as pl
import pytest

import integrhealth as ih
from integrhealth.analyses.reconciliation.trail.findings import trail_findings
from integrhealth.analyses.reconciliation.trail.notes import NO_MESSAGES, trail_notes
from integrhealth.analyses.reconciliation.trail.questions import trail, trail_integrations, trail_whole
from integrhealth.catalog import CATALOG, Catalog

FULL = {
    "source": "ERP",
    "target": "WMS",
    "kind": "queue",
    "sent_at": datetime(2026, 3, 2, 8, tzinfo=UTC),
    "received_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
    "status": "ok",
    "error_text": None,
    "actor": "ana",
    "payload_hash": "c0ffee",
}
OWNERS = pl.DataFrame([{"integration": "a", "owner": "ana@example.com"}], schema=CATALOG["integrations"])


def logs(*parts, integration="a"):
    """(count, what differs from a full trail) each as so many messages of one integration."""
    rows = [FULL | {"integration": integration} | gap for count, gap in parts for _ in range(count)]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(
        message_id=pl.format("{}-{}", pl.lit(integration), pl.int_range(pl.len()))
    )


def said(*messages):
    evidence = ih.Evidence(messages=pl.concat(messages, how="diagonal_relaxed"), catalog=Catalog(integrations=OWNERS))
    return pl.concat(trail_findings(trail_integrations(evidence), integrations=evidence.catalog.integrations))


def rules(findings):
    return findings.select("rule", "subject", "severity").rows()


@pytest.mark.parametrize(
    ("lacking", "severity"),
    [(10, None), (11, "note"), (17, "note"), (18, "warning"), (119, "warning"), (120, "critical")],
)
def test_gaps_are_said_from_one_in_a_hundred_on_and_warned_of_where_certain(lacking, severity):
    """18 of 1,000 and more come by chance in 1.4% of logs where one in a hundred is missing, 17 in 2.7%; 120 where one
    in ten is, in 2.2%, 119 in 2.8%."""
    findings = said(logs((lacking, {"received_at": None}), (1000 - lacking, {})))
    assert rules(findings) == ([("trail_gaps", "a", severity)] if severity else [])


def test_a_gap_is_told_with_what_is_missing_most_its_owner_and_a_question():
    (row,) = said(logs((20, {"actor": None}), (30, {"received_at": None}), (950, {}))).to_dicts()
    assert (
        row["statement"]
        == "950 of 1,000 messages of a leave a full trail (95%). Most often missing: whether it was received."
    )
    assert (row["value"], row["n"], row["threshold"], row["owner"]) == (0.95, 1000, 0.99, "ana@example.com")
    assert row["low"] < 0.95 < row["high"]
    assert row["ask"] == "Where could the log of a say whether it was received?"


def test_one_of_many_has_to_be_more_certain():
    """18 of 1,000 is certain by itself, and not as the worst of twenty."""
    others = [logs((1000, {}), integration=f"b{number}") for number in range(20)]
    assert rules(said(logs((18, {"actor": None}), (982, {})), *others)) == [("trail_gaps", "a", "note")]


def test_too_few_messages_are_not_judged():
    assert said(logs((15, {"received_at": None}), (14, {}))).is_empty()
    assert rules(said(logs((15, {"received_at": None}), (15, {})))) == [("trail_gaps", "a", "critical")]


def test_failures_without_a_reason_are_said_once_as_such():
    failed = {"status": "failed", "error_text": "Unknown error"}
    (row,) = said(logs((40, failed), (10, failed | {"error_text": "deadlock"}), (950, {}))).to_dicts()
    assert (row["rule"], row["severity"], row["value"], row["n"]) == ("generic_errors", "warning", 0.8, 50)
    assert row["statement"].startswith("40 of 50 failures of a do not say why (80%)")


@pytest.mark.parametrize(("lacking", "severity"), [(10, None), (11, "note"), (16, "note"), (17, "warning")])
def test_failures_without_a_reason_are_warned_of_where_certainly_more_than_one_in_ten(lacking, severity):
    """Of 100 failures; where one in ten has no reason 17 and more come in 2.1% of logs, 16 in 4.0%."""
    failed = {"status": "failed", "error_text": "deadlock"}
    findings = said(logs((lacking, failed | {"error_text": "500"}), (100 - lacking, failed), (9900, {})))
    assert [row[2] for row in rules(findings)] == ([severity] if severity else [])


def test_what_no_log_ever_records_is_one_note_for_all():
    bare = {"payload_hash": None}
    findings = said(*(logs((40, bare), integration=f"b{number}") for number in range(5)), logs((40, {})))
    (row,) = findings.to_dicts()
    assert (row["rule"], row["subject"], row["severity"], row["n"]) == ("never_logged", "what", "note", 5)
    assert row["value"] == pytest.approx(5 / 6)
    assert said(logs((29, bare))).is_empty()
    assert row["statement"] == "The logs of 5 of 6 integrations never say what was sent: b0, b1, b2 and others."


def test_a_hostile_name_is_shown_and_cut():
    (row,) = said(logs((20, {"actor": None}), (80, {}), integration="<b>\x1b[31m" + "x" * 600)).to_dicts()
    assert "\x1b" not in row["statement"]
    assert len(row["statement"]) <= 500


def said_of(evidence):
    return pl.concat(trail_findings(trail_integrations(evidence), integrations=evidence.catalog.integrations))


def test_without_messages_the_note_says_what_would_help():
    nothing = ih.Evidence()
    tables = {asked.__name__: asked(nothing) for asked in (trail, trail_integrations, trail_whole)}
    assert trail_notes(tables) == dict.fromkeys(tables, NO_MESSAGES)
    some = ih.Evidence(messages=logs((1, {})))
    assert trail_notes({asked.__name__: asked(some) for asked in (trail, trail_integrations, trail_whole)}) == {}
    assert said_of(nothing).is_empty()
