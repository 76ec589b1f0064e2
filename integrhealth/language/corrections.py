"""The words by which systems and people say that a change corrects something that was wrong."""

import polars as pl

# Matched as whole words, in any case, also inside names such as price.corrected, PRICE_FIX and priceCorrection.
CORRECTING = (
    *("correct", "corrected", "correcting", "correction", "corrections", "corrective", "fix", "fixes", "erratum"),
    *("revert", "reverted", "reversal", "reversed", "undo", "undone", "mistake", "typo", "misentry", "mistyped"),
    *("erroneous", "wrong", "incorrect", "storno", "rückgängig", "korrektur", "korrigiert", "berichtigung"),
    *("berichtigt", "tippfehler", "falsch", "corrección", "corregido", "corrigé", "rectification", "rectified"),
)
_WORD = rf"(?i)(?:^|[^\p{{L}}])(?:{'|'.join(CORRECTING)})(?:[^\p{{L}}]|$)"


def says_corrected(text: pl.Expr) -> pl.Expr:
    """The text has one of the words; false for no text."""
    parted = text.str.replace_all(r"(\p{Ll})(\p{Lu})", "$1 $2")
    return parted.str.contains(_WORD).fill_null(False)
