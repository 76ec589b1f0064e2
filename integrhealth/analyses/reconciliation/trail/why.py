"""Whether a failure says why: a text or a code that tells more than that something went wrong."""

import polars as pl

# A text of these words, of what joins them and of numbers is no reason (own). Other languages: those of our samples.
GENERIC_WORDS = (
    *("error", "errors", "err", "unknown", "generic", "general", "internal", "server", "system", "application"),
    *("unexpected", "unhandled", "unspecified", "occurred", "happened", "exception", "fault", "fatal", "problem"),
    *("fail", "failed", "failure", "rejected", "declined", "cancelled", "aborted", "ok", "partial", "pending", "held"),
    *("something", "went", "wrong", "runtime", "http", "https", "status", "code", "message", "request", "response"),
    *("returned", "n/a", "na", "null", "none", "nil", "undefined"),
    *("fehler", "unbekannt", "unbekannter", "interner", "desconocido", "interno", "erreur", "inconnue", "interne"),
)
JOINING_WORDS = ("a", "an", "any", "some", "the", "has", "have", "was", "with", "of", "no", "not")
# A code is no reason where it is such a word or a status of HTTP: 1104 is a reason of its own, 500 is none.
HTTP_STATUS = r"(?:http)?[1-5][0-9]{2}\b"
BETWEEN = r"[^\p{L}\p{N}]*"


def _only(words: tuple[str, ...]) -> str:
    """A pattern for texts of nothing but these words, with or without something between: InternalServerError."""
    return rf"(?i)^{BETWEEN}(?:(?:{'|'.join(words)}){BETWEEN})*$"


GENERIC_TEXT = _only((*GENERIC_WORDS, *JOINING_WORDS, "[0-9]+"))
GENERIC_CODE = _only((*GENERIC_WORDS, HTTP_STATUS, r"0+\b"))


def tells_why(text: pl.Expr, code: pl.Expr, status: pl.Expr) -> pl.Expr:
    """Whether the text or the code of a failure says why it failed; nothing, or null, says nothing.

    A text that only repeats the status, such as "timeout" of a timeout, does not either; the code TIMEOUT does.
    """
    repeated = text.str.strip_chars().str.to_lowercase() == status
    by_text = ~text.str.contains(GENERIC_TEXT) & ~repeated
    return by_text.fill_null(False) | (~code.str.contains(GENERIC_CODE)).fill_null(False)
