"""What the decision on a message that was held means: it was let through, or it was not."""

import polars as pl

# What the words of ``decision`` mean, in any case; all others are undecided.
APPROVED = (
    *("accept", "accepted", "allow", "allowed", "approve", "approved", "confirm", "confirmed", "forward", "forwarded"),
    *("good", "ok", "pass", "passed", "release", "released", "valid", "yes"),
)
CAUGHT = (
    *("bad", "block", "blocked", "cancel", "canceled", "cancelled", "correct", "corrected", "declined", "decline"),
    *("deny", "denied", "discard", "discarded", "fail", "failed", "fix", "fixed", "invalid", "no", "refuse"),
    *("refused", "reject", "rejected", "return", "returned", "stop", "stopped"),
)


def is_approved(decision: pl.Expr) -> pl.Expr:
    """The message was let through."""
    return _word(decision).is_in(APPROVED).fill_null(False)


def is_caught(decision: pl.Expr) -> pl.Expr:
    """The message was not let through as it was."""
    return _word(decision).is_in(CAUGHT).fill_null(False)


def _word(decision: pl.Expr) -> pl.Expr:
    return decision.str.strip_chars().str.to_lowercase()
