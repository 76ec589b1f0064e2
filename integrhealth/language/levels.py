"""The levels on which integrations stand, each on the one before it."""

import polars as pl

LEVELS = ("foundation", "operations", "intelligence", "experience")


def level_place(column: str = "level") -> pl.Expr:
    """The place of a level, 0 the foundation; null stays null, and another word is an error."""
    return pl.col(column).replace_strict(LEVELS, range(len(LEVELS)), return_dtype=pl.Int64)
