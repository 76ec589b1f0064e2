"""Messages told in several records: their beginnings, ends and attempts, whatever file each event came from."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.language.schema import FRAMES
from integrhealth.reading.inner_frames import EVENTS
from integrhealth.reading.records.message_events import lives

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def events(picture: str) -> pl.DataFrame:
    """One event per line of the picture: message, second, event, and an error code if any."""
    rows = [line.split() for line in picture.strip().splitlines()]
    made = [
        {
            "message_id": message,
            "source": "ERP",
            "target": "WMS",
            "at": START + timedelta(seconds=int(second)),
            "event": event,
            "error_code": error[0] if error else None,
            "log_file": "log",
            "log_line": line,
        }
        for line, (message, second, event, *error) in enumerate(rows, start=1)
    ]
    return pl.DataFrame(made, schema=EVENTS.schema)


def told(picture: str) -> list[tuple]:
    seconds = (pl.col("sent_at", "finished_at") - START).dt.total_seconds()
    return lives(events(picture)).messages.select("message_id", "attempt", seconds, "status", "error_code").rows()


@pytest.mark.parametrize(
    ("picture", "rows"),
    [
        ("a 0 begun\na 5 ok", [("a", None, 0, 5, "ok", None)]),
        ("a 5 ok\na 0 begun", [("a", None, 0, 5, "ok", None)]),
        ("a 0 begun", [("a", None, 0, None, "pending", None)]),
        ("a 0 begun\na 3 held", [("a", None, 0, None, "held", None)]),
        ("a 5 rejected E1", [("a", None, 5, None, "rejected", "E1")]),
        ("a 1 pending\na 5 ok", [("a", None, 1, 5, "ok", None)]),
        ("a 0 begun\na 5 failed E1\na 5 failed E2", [("a", None, 0, 5, "failed", "E2")]),
        (
            "a 0 begun\na 5 failed E1\na 6 begun\na 9 ok",
            [("a", 1, 0, 5, "failed", "E1"), ("a", 2, 6, 9, "ok", None)],
        ),
        (
            "a 0 begun\nb 1 begun\nb 2 ok\na 3 failed",
            [("a", None, 0, 3, "failed", None), ("b", None, 1, 2, "ok", None)],
        ),
    ],
)
def test_events_become_attempts(picture, rows):
    assert told(picture) == rows


def test_what_never_ended_and_what_never_began_is_said():
    notes = lives(events("a 0 begun\nb 1 ok\nc 2 begun\nc 3 ok")).notes
    assert notes == (
        "messages that began and of which no end is logged, still running or lost: 1",
        "messages of which no beginning is logged, sent_at is their first event: 1",
    )


def test_no_events_are_no_messages():
    assert lives(EVENTS.empty()).messages.equals(FRAMES["messages"].empty())


LIVES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 30),
        st.sampled_from(["begun", "ok", "failed", "timeout", "held", "pending", "skipped"]),
    ),
    max_size=25,
)


@given(LIVES)
def test_an_oracle_that_walks_event_by_event_agrees(drawn):
    """The textbook way: per message in the order of time, a new attempt once something follows a failure."""
    picture = "\n".join(" ".join(map(str, event)) for event in drawn)
    expected = {}
    for _row, (message, second, event) in sorted(enumerate(drawn), key=lambda each: (each[1][1], each[0])):
        trials = expected.setdefault(message, [])
        failed = event in ("failed", "timeout")
        if not trials or (trials[-1][-1][1] in ("failed", "timeout") and not failed):
            trials.append([])
        trials[-1].append((second, event))
    status = {}
    for message, trials in expected.items():
        for number, trial in enumerate(trials, start=1):
            ends = [event for _, event in trial if event in ("ok", "failed", "timeout", "skipped")]
            later = [event for _, event in trial if event != "begun"]
            said = ends[-1] if ends else later[-1] if later else "pending"
            status[message, number if len(trials) > 1 else None] = said
    assert {(row[0], row[1]): row[4] for row in told(picture)} == status if drawn else told("") == []


def test_events_of_one_message_in_two_files_come_together(tmp_path):
    (tmp_path / "mapping.yaml").write_text(
        """
sources:
  - glob: "*.csv"
    frame: message_events
    columns: {message_id: ID, source: {value: ERP}, target: {value: BANK}, at: AT, event: STATE, object_id: ORDER}
    status: {SENT: begun, ACK: ok}
"""
    )
    (tmp_path / "outbox.csv").write_text(
        "ID,AT,STATE,ORDER\n7,2026-01-02T03:04:05Z,SENT,4711\n8,2026-01-02T04:00:00Z,SENT,\n"
    )
    (tmp_path / "acks.csv").write_text("ID,AT,STATE\n7,2026-01-02T03:04:15Z,ACK\n9,2026-01-02T05:00:00Z,LOST\n")
    evidence = ih.read(tmp_path)
    assert evidence.messages.sort("message_id").select("message_id", "object_id", "status").rows() == [
        ("7", "4711", "ok"),
        ("8", None, "pending"),
        ("9", None, "unknown"),
    ]
    assert evidence.sources.select("file", "frame", "rows_in", "rows_out").rows() == [
        ("acks.csv", "messages", 2, 2),
        ("outbox.csv", "messages", 2, 2),
    ]
    assert any("'LOST' (1)" in warning for warning in evidence.warnings)
