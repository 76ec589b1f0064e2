"""Whoever reads why a record was rejected reads what to do about it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from integrhealth.cli import main
from integrhealth.reading.account.remedies import remedies

READERS = Path(__file__).parents[3] / "integrhealth" / "reading"


@pytest.mark.parametrize(
    ("reason", "kinds"),
    [
        ("bad_time:sent_at; bad_time:finished_at", ["bad_time"]),
        ("bad_time:at; no_person", ["bad_time", "no_person"]),
        ("no JSON: unexpected end of data: line 1", ["no JSON"]),
        ("no_start", ["no_start"]),
        ("4 values where the header names 5", []),
    ],
)
def test_a_reason_is_told_by_its_kinds(reason, kinds):
    assert list(remedies(reason)) == kinds


def test_a_required_column_is_named_in_its_remedy():
    assert remedies("no_target")["no_target"].startswith("every record needs target: map a column to it")


def test_every_word_that_a_reader_rejects_with_has_a_remedy():
    source = "\n".join(path.read_text(encoding="utf-8") for path in READERS.rglob("*.py") if path.stem != "remedies")
    ways = (r'DamagedFile\("(\w+)"\)', r'fault\(f"(\w+?):', r'Refused\([^")\n]*?f?"([a-z_A-Z ]{5,})[":]')
    words = set(re.findall("|".join(ways), source))
    said = {word for found in words for word in found if word and word != "no_"}
    assert {"bad_time", "no_refresh", "truncated_gzip"} <= said
    assert {word for word in said if not remedies(word)} == set()


def test_a_record_of_another_kind_is_not_asked_for_a_column():
    for reason in ("no_refresh", "no CloudEvent", "no OpenLineage event"):
        (said,) = remedies(reason).values()
        assert said.startswith("keep records of another kind in a file of their own")


def test_check_says_what_to_do(tmp_path):
    (tmp_path / "messages.csv").write_text(
        "message_id,source,target,sent_at,status\nm,a,b,soon,ok\nn,a,,2026-03-02T12:00:00Z,ok\n"
    )
    said = CliRunner().invoke(main, ["check", str(tmp_path)]).output
    assert "What to do" in said
    assert "bad_time: declare time: {format: ..., zone: ...}" in said
    assert "no_target: every record needs target" in said
