"""What a database gives for a query, and why it may give nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

# Rows that are fetched at a time.
BATCH_ROWS = 50_000

# Which columns of a result are fetched, by their places; raises Unanswered when that cannot be told.
Wanted = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True)
class Answer:
    """The wanted columns of all rows, and the names of all columns.

    ``bad`` has a mask for each reason (``bad_text:payload``) for which rows cannot be taken as they are; the value
    that is at fault is null in ``rows``.
    """

    rows: pl.DataFrame
    names: tuple[str, ...]
    bad: dict[str, pl.Series]


class Unanswered(Exception):
    """Why there is no answer: the key of the entry that is at fault, the reason, what to do. Never leaves the readers,
    since the reason may hold the password still.
    """

    def __init__(self, key: str, reason: str, remedy: str) -> None:
        super().__init__(key, reason, remedy)
        self.key, self.reason, self.remedy = key, reason, remedy
