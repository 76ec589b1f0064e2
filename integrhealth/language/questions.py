"""A question: one call on evidence, which answers with a frame and is answered once."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar

import polars as pl

from integrhealth.errors import WrongValue

Options = ParamSpec("Options")
Answer = TypeVar("Answer")


def question(
    answer: Callable[Concatenate[Any, Options], Answer],
) -> Callable[Concatenate[Any, Options], Answer]:
    """`answer`(evidence, **options), kept by the evidence for whoever asks the same again: evidence never changes.

    Frames are handed out as clones, which cost nothing, so that nobody changes what is kept. Raises WrongValue when
    something else than evidence is asked.
    """
    takes = signature(answer)

    @wraps(answer)
    def asked(evidence: Any, *args: Options.args, **options: Options.kwargs) -> Answer:
        if not hasattr(evidence, "once"):
            raise WrongValue(
                f"{answer.__name__} takes evidence, not {type(evidence).__name__}; "
                "make it with ih.read(path) or ih.Evidence(messages=frame)"
            )
        bound = takes.bind(evidence, *args, **options)
        bound.apply_defaults()
        given = {name: value for name, value in bound.arguments.items() if value is not evidence}
        kept = evidence.once(answer, **given)
        return kept.clone() if isinstance(kept, pl.DataFrame) else kept

    return asked
