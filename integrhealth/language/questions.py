"""A question: one call on evidence, which answers with a frame and is answered once."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import polars as pl

from integrhealth.errors import UnknownName, WrongValue
from integrhealth.language.period import moment

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
# What ``question`` has made.
QUESTIONS: set[Callable[..., Any]] = set()


def question(answer: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """`answer(evidence, **options)`, kept by the evidence for whoever asks the same again: evidence never changes.

    An option `at` is a moment, as text or datetime. Raises WrongValue when something else than evidence is asked, or
    for an option that cannot be; UnknownName for an option that the question does not take.
    """
    takes = signature(answer)
    options = [name for name in takes.parameters if name != "evidence"]

    @wraps(answer)
    def asked(*args: Asked.args, **given: Asked.kwargs) -> Answer:
        if unknown := given.keys() - takes.parameters.keys():
            raise UnknownName(f"option of {answer.__name__}", min(unknown), options)
        bound = takes.bind(*args, **given)
        bound.apply_defaults()
        evidence = only_evidence(answer.__name__, bound.arguments.pop("evidence"))
        for name, value in bound.arguments.items():
            if name.startswith("min_") and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise WrongValue(f"{answer.__name__}: {name} must be a whole number from 0 on, not {value!r}")
            if name == "at":
                bound.arguments[name] = moment(value)
        return evidence.once(answer, **bound.arguments)

    QUESTIONS.add(asked)
    return asked


def is_question(called: Any) -> bool:
    """Whether `called` answers with a table; a report lists other functions on evidence as well."""
    return called in QUESTIONS


def only_evidence(asking: str, evidence: Any) -> Any:
    """`evidence` itself. Raises WrongValue, with the remedy, when it is something else that was handed to `asking`."""
    if not hasattr(evidence, "once"):
        raise WrongValue(
            f"{asking} takes evidence, not {type(evidence).__name__}; "
            "make it with ih.read(path) or ih.Evidence(messages=frame)"
        )
    return evidence


def answers(evidence: Any, package: Mapping[str, Any], **options: Any) -> dict[str, pl.DataFrame]:
    """The table of each question that the `package` of a report lists in ``__all__``, by its name.

    `package` are its globals; each of the `options` goes to the questions that take it.
    """
    tables = {}
    for name in package["__all__"]:
        if is_question(package[name]):
            takes = signature(package[name]).parameters
            tables[name] = package[name](evidence, **{each: options[each] for each in options if each in takes})
    return tables
