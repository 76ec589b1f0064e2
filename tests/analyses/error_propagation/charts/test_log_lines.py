"""The chart of errors in logs: systems with most errors, what is left out is said, and why there is nothing."""

import json

from drawing.frames import drawn

import integrhealth as ih
from integrhealth.analyses.error_propagation.charts import logged_errors_chart


def chart(picture: str):
    evidence = ih.Evidence(logs=drawn("logs", "time system level text\n" + picture))
    asked = ih.error_propagation
    return logged_errors_chart(asked.logged_errors_over_time(evidence), asked.logged_errors(evidence))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def test_errors_stand_by_system_and_hour():
    spec = chart("0 a ERROR x\n10 a ERROR x\n3600 a INFO y\n0 b ERROR z\n0 c INFO y").to_dict()
    quiet, failing = spec["layer"]
    for layer in (quiet, failing):
        assert [layer["encoding"][name]["field"] for name in ("x", "x2", "y")] == ["at", "until", "system"]
    assert failing["encoding"]["color"]["title"] == "errors per hour"
    assert failing["encoding"]["y"]["sort"] == ["a", "b"]
    assert sorted((row["system"], row["errors"], row["lines"]) for row in rows(spec)) == [
        ("a", 0, 1),
        ("a", 2, 2),
        ("b", 1, 1),
    ]
    assert spec["title"]["text"] == "a logged 2 of 3 errors"
    assert "most often: x (2, a). n = 5 lines, 2026-03-02 to 2026-03-02" in spec["title"]["subtitle"]
    assert spec["description"].startswith(spec["title"]["text"])


def test_of_many_systems_twelve_are_drawn_and_the_others_said():
    spec = chart("\n".join(f"0 s{number:02} ERROR x" for number in range(15))).to_dict()
    assert len({row["system"] for row in rows(spec)}) == 12
    assert spec["title"]["subtitle"].endswith("; 3 more systems with errors are not drawn")


def test_long_periods_stand_in_days():
    spec = chart("0 a ERROR x\n2000000 a ERROR x").to_dict()
    assert spec["layer"][1]["encoding"]["color"]["title"] == "errors per day"
    assert [row["hours"] for row in rows(spec)] == [24, 24]


def test_without_lines_or_errors_a_sentence_says_so():
    assert chart("").to_dict()["description"] == "No log lines were read."
    quiet = chart("0 a INFO x\n1 b - error").to_dict()
    assert quiet["description"] == "None of the 2 log lines has level error or above."
    assert quiet["mark"]["type"] == "text"


def test_the_chart_is_the_same_from_run_to_run():
    picture = "0 b ERROR x\n10 a ERROR x\n3600 a INFO y"
    assert json.dumps(chart(picture).to_dict()) == json.dumps(chart(picture).to_dict())
