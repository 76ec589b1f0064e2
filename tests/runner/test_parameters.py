"""Parameters of notebooks: what is declared, what may be given, in which type it arrives."""

import nbformat
import pytest

from integrhealth.errors import UnknownName, WrongValue
from integrhealth.runner.parameters import Parameter, assignments, checked, coerced, declared
from integrhealth.runner.plan import Request, planned

LATENCY = {
    "logs": Parameter("logs", "str", "sample:a", ""),
    "min_messages": Parameter("min_messages", "int", 30, ""),
    "order": Parameter("order", "str", "", "an order number"),
}


def parameter(kind, default=None):
    return Parameter("x", kind, default, "")


def notebook_with(tmp_path, source, *tags):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    path = tmp_path / "some.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def test_a_declaration_has_name_type_default_and_help(tmp_path):
    path = notebook_with(tmp_path, 'n: int = 30  # fewer get nothing\nat: str = "#1"  # when', "parameters")
    assert declared(path) == {
        "n": Parameter("n", "int", 30, "fewer get nothing"),
        "at": Parameter("at", "str", "#1", "when"),
    }


def test_a_notebook_without_parameters_declares_none(tmp_path):
    assert declared(notebook_with(tmp_path, "n: int = 30")) == {}


@pytest.mark.parametrize("line", ["import os", "n = 30", "n: int", "n: int = len('abc')"])
def test_any_other_line_in_the_cell_is_a_fault_of_the_notebook(tmp_path, line):
    with pytest.raises(ValueError, match=r"name: type = literal|malformed"):
        declared(notebook_with(tmp_path, line, "parameters"))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("str", "007", "007"),
        ("str", "2026-03-01", "2026-03-01"),
        ("str", "", ""),
        ("int", "007", 7),
        ("int", " +3 ", 3),
        ("int", "0", 0),
        ("float", "1e-3", 0.001),
        ("float", "2", 2.0),
        ("bool", "TRUE", True),
        ("bool", "no", False),
        ("list[str]", "a, b,,c", ["a", "b", "c"]),
        ("list[str]", "", []),
    ],
)
def test_text_becomes_the_declared_type(kind, text, value):
    read = coerced(text, parameter(kind))
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", "3.5"),
        ("int", "1_000"),
        ("int", ""),
        ("int", "9" * 5000),
        ("int", True),
        ("int", 3.0),
        ("float", "nan"),
        ("float", "inf"),
        ("float", "ten"),
        ("float", True),
        ("bool", "maybe"),
        ("bool", 1),
        ("str", 7),
        ("list[str]", [1]),
    ],
)
def test_what_does_not_fit_is_refused(kind, given):
    with pytest.raises(WrongValue, match="x="):
        coerced(given, parameter(kind))


@pytest.mark.parametrize(("kind", "given"), [("int", "-5"), ("int", -1), ("float", "-0.5")])
def test_a_number_below_zero_is_refused_unless_the_default_is_one(kind, given):
    with pytest.raises(WrongValue, match=r"x=.* is below 0"):
        coerced(given, parameter(kind, 30))
    assert coerced(given, parameter(kind, -1)) == float(given)


def test_values_reach_every_notebook_that_declares_the_name():
    notebooks = {"latency": LATENCY, "audit": {"order": LATENCY["order"]}}
    given = {"min_messages": "50", "order": "0042"}
    assert checked(given, notebooks) == {"latency": {"min_messages": 50, "order": "0042"}, "audit": {"order": "0042"}}


@pytest.mark.parametrize("name", ["min_mesages", "logs", "output", "published", "since", "until"])
def test_unknown_names_and_those_of_the_runner_are_refused(name):
    with pytest.raises(UnknownName, match=f"unknown parameter '{name}'; there are: min_messages, order"):
        checked({name: "x"}, {"latency": LATENCY})


def test_a_value_may_hold_equals_signs_and_the_last_one_counts():
    assert assignments(["a=1", "b=x=y", "a=2"]) == {"a": "2", "b": "x=y"}


@pytest.mark.parametrize("pair", ["a", "=1", ""])
def test_a_pair_without_name_or_equals_sign_is_refused(pair):
    with pytest.raises(WrongValue, match="NAME=VALUE"):
        assignments([pair])


def test_the_moment_of_root_causes_is_a_parameter_that_is_checked_before_a_kernel_starts(tmp_path):
    asked = Request(("sample:a",), tmp_path / "out", parameters={"at": "2025-12-22T09:00"})
    given = planned(asked).values
    assert {name: values for name, values in given.items() if values} == {
        "error_propagation": {"at": "2025-12-22T09:00"}
    }
    with pytest.raises(WrongValue, match="invalid time 'nine'; write 2026-01-31"):
        planned(Request(("sample:a",), tmp_path / "out", parameters={"at": "nine"}))
