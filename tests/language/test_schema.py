"""Canonical frames: what is failed and ended, how long a message took, what a frame must have, what is put right."""

from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pytest

from integrhealth.errors import MissingColumns, WrongValue
from integrhealth.language import schema
from integrhealth.language.schema import FRAMES, STATUSES, TIME, WORDS, conform
from integrhealth.language.valid_rows import split_valid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "yes"),
    [
        (schema.is_failed, ["failed", "timeout", "rejected"]),
        (schema.is_delivered, ["ok", "partial"]),
        (schema.is_ended, ["ok", "partial", "failed", "timeout", "rejected"]),
    ],
)
def test_a_status_is_delivered_failed_or_not_ended(question, yes):
    assert pl.DataFrame({"status": STATUSES}).filter(question(pl.col("status")))["status"].to_list() == yes


@pytest.mark.parametrize(
    ("kind", "finished", "answered", "milliseconds"),
    [
        ("request", 2000, 3000, 3.0),
        ("request", 2000, None, 2.0),
        ("queue", 2000, 3000, 2.0),
        ("queue", None, 3000, 3.0),
        (None, 2000, 3000, 2.0),
        ("queue", 0, None, 0.0),
        ("queue", -1, None, None),  # the clocks disagree
        ("queue", None, None, None),
    ],
)
def test_a_request_takes_until_it_is_answered_and_all_else_until_it_is_finished(kind, finished, answered, milliseconds):
    row = pl.DataFrame({"kind": [kind], "sent_at": [0], "finished_at": [finished], "answered_at": [answered]})
    timed = row.cast({"kind": pl.String, "sent_at": TIME, "finished_at": TIME, "answered_at": TIME})
    assert timed.select(schema.latency_ms()).item() == milliseconds


def test_conform_gives_every_column_its_type_and_drops_what_it_does_not_know():
    given = pl.DataFrame({"report": [7], "words": ["120"], "fields": [" price ;; day;"], "mood": ["good"]})
    reports = conform(given, "reports")
    assert dict(reports.schema) == FRAMES["reports"].schema
    assert reports.select("report", "words", "fields", "owner").rows() == [("7", 120, ["price", "day"], None)]


@pytest.mark.parametrize(
    "at",
    [
        pl.Series(["2026-03-01T12:00:00Z"]),
        pl.Series([NOON.replace(tzinfo=None)], dtype=pl.Datetime("ms")),
        pl.Series(["2026-03-01T13:00:00+01:00"]).str.to_datetime(time_zone="Europe/Berlin"),
    ],
)
def test_a_time_is_utc_in_microseconds_whatever_it_was(at):
    times = conform(pl.DataFrame({"time": at, "system": ["erp"]}), "logs")["time"]
    assert (times.dtype, times.to_list()) == (TIME, [NOON])


def test_a_column_that_is_missing_or_does_not_fit_is_named():
    with pytest.raises(MissingColumns, match="system"):
        conform(pl.DataFrame({"time": [NOON]}), "logs")
    with pytest.raises(WrongValue, match=r"dependencies: a column does not fit its type: .*many"):
        conform(pl.DataFrame({"source": ["a"], "target": ["b"], "calls": ["many"]}), "dependencies")


def test_a_frame_is_lazy_eager_or_of_pandas_and_nothing_else():
    rows = pl.DataFrame({"source": ["a"], "target": ["b"]})
    for frame in (rows, rows.lazy(), pd.DataFrame({"source": ["a"], "target": ["b"]})):
        assert schema.as_polars(frame, "dependencies").equals(rows)
    with pytest.raises(WrongValue, match="dependencies: not a frame of plain columns"):
        schema.as_polars(7, "dependencies")


def test_words_are_split_at_semicolons():
    text = pl.DataFrame({"text": ["a; b c ;;", "", None]})
    split = text.select(schema.words(pl.col("text"))).to_series()
    assert split.dtype == WORDS
    assert split.to_list() == [["a", "b c"], [], None]


def test_rows_that_lack_what_they_need_are_apart_with_the_first_thing_that_they_lack():
    rows = pl.DataFrame(
        [
            {"message_id": "1", "source": "a", "target": "b", "sent_at": NOON, "status": "ok", "kind": "queue"},
            {"message_id": "2", "source": "a", "target": "b", "sent_at": NOON, "status": "fine", "kind": "pigeon"},
            {"message_id": "3", "source": "a", "target": "b", "sent_at": NOON, "status": None, "kind": None},
            {"message_id": "4", "source": "a", "target": None, "sent_at": None, "status": "ok", "kind": "queue"},
            {"message_id": None, "source": "a", "target": "b", "sent_at": NOON, "status": "ok", "kind": "queue"},
        ]
    )
    valid, rest = split_valid(conform(rows, "messages"), "messages")
    assert valid.select("message_id", "status", "kind").rows() == [
        ("1", "ok", "queue"),
        ("2", "unknown", None),
        ("3", "unknown", None),
    ]
    assert rest.select("message_id", "reason").rows() == [("4", "no_target"), (None, "no_message_id")]
    assert dict(valid.schema) == FRAMES["messages"].schema


def test_other_frames_keep_their_kind_and_status():
    contacts = pl.DataFrame({"at": [NOON], "team_a": ["a"], "team_b": ["b"], "kind": ["call"]})
    valid, rest = split_valid(conform(contacts, "contacts"), "contacts")
    assert (valid["kind"].to_list(), rest.height) == (["call"], 0)


def test_an_empty_frame_has_its_columns_and_the_way_back_to_the_log():
    empty = FRAMES["dependencies"].empty()
    assert empty.columns == ["source", "target", "kind", "calls", "log_file", "log_line"]
    assert empty.is_empty()


def test_numbers_given_as_times_are_refused_and_a_column_without_any_is_empty():
    names = FRAMES["messages"].required
    frame = pl.DataFrame({name: ["2026-01-01T00:00:00Z"] for name in names})
    with pytest.raises(WrongValue, match="finished_at: numbers are no times"):
        conform(frame.with_columns(finished_at=1713248499.0), "messages")
    nothing = conform(frame.with_columns(finished_at=float("nan")), "messages")
    assert nothing["finished_at"].to_list() == [None]
