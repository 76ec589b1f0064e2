"""Every question is one call on evidence: documented, with its columns, their types, and an example that runs."""

import doctest
import inspect
import re
from datetime import UTC, datetime

import polars as pl
import pytest
from drawing.samples import sample

import integrhealth as ih
from integrhealth.analyses import OVERVIEW, REPORTS
from integrhealth.errors import UnknownName, WrongValue
from integrhealth.language.questions import is_question
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS

TYPES = {TEXT: "text", COUNT: "count", NUMBER: "number", FLAG: "flag", TIME: "time", WORDS: "list of text"} | {
    pl.Date: "date"
}
QUESTIONS = [
    (report, name)
    for report in REPORTS
    if report != OVERVIEW
    for name in getattr(ih, report).__all__
    if is_question(getattr(getattr(ih, report), name))
]
# "integration, system (text); low, high (number, share)" after "Columns:", to the end of the docstring.
GROUP = re.compile(r"([\w, ]+) \((list of text|\w+)(?:, [^()]+)?\)")


def columns_told(docstring: str) -> list[tuple[str, str]]:
    told = " ".join(docstring.partition("Columns:")[2].split())
    groups = told.split("; ")
    assert all(GROUP.fullmatch(group) for group in groups), [group for group in groups if not GROUP.fullmatch(group)]
    return [(name, kind) for names, kind in GROUP.findall(told) for name in names.strip().split(", ")]


def run_examples(called) -> None:
    """Run what stands behind >>> in a docstring, on the sample company; it must be there, and give what it says."""
    given = {"ih": ih, "evidence": sample("a"), "pl": pl}
    examples = doctest.DocTestParser().get_doctest(called.__doc__, given, called.__name__, None, 0)
    assert examples.examples, f"{called.__name__} has no example"
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert not said, "".join(said)


OTHERS = [
    getattr(getattr(ih, report), name)
    for report in REPORTS
    for name in getattr(ih, report).__all__
    if (report, name) not in QUESTIONS
] + [ih.rootcause.root_causes]


@pytest.mark.parametrize("called", OTHERS, ids=lambda called: f"{called.__module__.split('.')[2]}.{called.__name__}")
def test_whatever_else_an_analyst_calls_has_an_example_that_runs(called):
    run_examples(called)


@pytest.mark.parametrize(("report", "name"), QUESTIONS)
def test_a_question_tells_its_columns_and_its_example_runs(report, name):
    asked = getattr(getattr(ih, report), name)
    assert next(iter(inspect.signature(asked).parameters)) == "evidence"
    run_examples(asked)
    evidence = sample("a")
    answer = asked(evidence)
    assert columns_told(asked.__doc__) == [(column, TYPES[dtype]) for column, dtype in answer.schema.items()]


@pytest.mark.parametrize("report", [report for report in REPORTS if report != OVERVIEW])
def test_every_table_of_a_report_is_a_question_of_its_name(report):
    module = getattr(ih, report)
    tables = module.report(sample("a")).tables
    asked = {name for name in module.__all__ if (report, name) in QUESTIONS}
    filled = {table for table, frame in tables.items() if frame.height}
    assert filled <= asked <= set(tables)
    for name in sorted(asked):
        assert getattr(module, name)(sample("a")).select(tables[name].columns).equals(tables[name]), name


@pytest.mark.parametrize(("report", "name"), QUESTIONS)
def test_a_question_without_rows_to_answer_from_has_its_columns(report, name):
    asked = getattr(getattr(ih, report), name)
    empty = asked(ih.Evidence())
    assert empty.schema == asked(sample("a")).schema
    # The whole is one row, also where there is nothing.
    assert empty.height == (1 if name == "spread" else 0)


def test_a_frame_is_no_evidence_and_the_remedy_is_said():
    with pytest.raises(WrongValue, match=r"retries takes evidence, not DataFrame; make it with ih\.read"):
        ih.error_propagation.retries(pl.DataFrame())


def test_an_answer_is_worked_out_once_and_nobody_can_change_it():
    evidence = ih.Evidence()
    first = ih.error_propagation.retries(evidence)
    first.insert_column(0, pl.Series("mine", [], dtype=pl.String))
    assert ih.error_propagation.retries(evidence, min_messages=30).columns == first.columns[1:]


@pytest.mark.parametrize("wrong", ["30", None, -1, 1.5, True])
def test_a_sample_size_that_cannot_be_is_refused(wrong):
    with pytest.raises(WrongValue, match="integrations: min_messages must be a whole number from 0 on, not"):
        ih.latency.integrations(ih.Evidence(), min_messages=wrong)


def test_an_unknown_option_names_those_that_there_are():
    with pytest.raises(UnknownName, match="unknown option of integrations 'min_msgs'; there are: min_messages"):
        ih.latency.integrations(ih.Evidence(), min_msgs=3)


def test_root_causes_of_a_frame_say_what_to_hand_over():
    with pytest.raises(WrongValue, match="root_causes takes evidence, not DataFrame"):
        ih.rootcause.root_causes(pl.DataFrame(), at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("report", REPORTS)
def test_completion_shows_what_can_be_asked(report):
    assert dir(getattr(ih, report)) == sorted(getattr(ih, report).__all__)
