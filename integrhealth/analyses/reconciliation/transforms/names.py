"""Which names mean the same field: the catalog says ``status`` where a log says ``order.status``."""

import polars as pl


def same_field(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether two names are those of one field: equal, or equal without the object of one that the other leaves out.

    Case and blanks around do not matter. ``order.status`` is ``status`` and not ``invoice.status``.
    """
    left, right = _plain(one), _plain(other)
    bare = ~(left.str.contains(".", literal=True) & right.str.contains(".", literal=True))
    return (left == right) | (bare & (_last(left) == _last(right)))


def _plain(name: pl.Expr) -> pl.Expr:
    return name.str.strip_chars().str.to_lowercase()


def _last(name: pl.Expr) -> pl.Expr:
    return name.str.split(".").list.last()


def exactness(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """0 where the names are the same to the letter, else 1: of several that match the first is meant."""
    return (one != other).cast(pl.Int8)
