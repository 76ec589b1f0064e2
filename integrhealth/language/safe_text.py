"""Text of logs as a person may see it: nothing in it moves a cursor, colours a terminal or turns the reading order."""

import re

import polars as pl

# Control characters but tab and line end, and the marks that turn the direction of the text around them.
ACTING = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
INSTEAD = "�"
_ACTING = re.compile(ACTING)
_ACTING_IN_RUST = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u{202a}-\u{202e}\u{2066}-\u{2069}]"


def visible(text: str) -> str:
    """`text` with a mark in place of every character that acts instead of being seen."""
    return _ACTING.sub(INSTEAD, text)


def escaped(json_text: str) -> str:
    """JSON with those characters as escapes, which mean the same and do nothing on a terminal."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


def visible_and_cut(text: pl.Expr, length: int) -> pl.Expr:
    """A text column as ``visible`` gives it, of at most `length` characters; what was cut ends in an ellipsis."""
    shown = text.str.replace_all(_ACTING_IN_RUST, INSTEAD)
    return pl.when(shown.str.len_chars() > length).then(shown.str.head(length - 1) + "…").otherwise(shown)


# What a spreadsheet takes for the beginning of a formula, in full width too (OWASP, CSV injection).
FORMULA = r"[=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"


def no_formula(text: pl.Expr) -> pl.Expr:
    """A text column that a spreadsheet takes as text: an apostrophe before what would begin a formula."""
    return text.str.replace(f"^({FORMULA})", "'$1")


def formula_restored(text: pl.Expr) -> pl.Expr:
    """The text as it was before ``no_formula``."""
    return text.str.replace(f"^'({FORMULA})", "$1")
