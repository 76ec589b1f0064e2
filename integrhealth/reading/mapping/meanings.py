"""Words of an export as the words of a canonical column; what has no meaning is counted and listed in a warning."""

import re
from collections.abc import Mapping

import polars as pl

from integrhealth.language.masking import masked
from integrhealth.language.schema import KINDS, STATUSES
from integrhealth.reading.mapping.sources import ANY, Translated
from integrhealth.reading.values.conversions import text_of

# How many values a warning lists, and how much of each.
LISTED, LISTED_CHARACTERS = 10, 40
# Words that stand for many numbers: 5xx, 400-499.
HUNDRED, BETWEEN = re.compile(r"([1-9])xx", re.IGNORECASE), re.compile(r"(\d+)\s*-\s*(\d+)")


def translated(values: pl.Series, origin: Translated, warnings: list[str]) -> pl.Series:
    """The meanings of words, in any case; those that have none are the same word for all of them, and counted.

    A single letter is a code, of which the case counts.
    """
    text = text_of(values).str.strip_chars()
    meanings = meanings_of(text.drop_nulls().unique().to_list(), origin.words)
    strange = text.drop_nulls().value_counts(name="rows").rename({text.name: "value"})
    strange = strange.filter(pl.col("value").is_in([word for word, meaning in meanings.items() if meaning is None]))
    if strange.height and origin.otherwise is None:
        warnings.append(_said(f"with an unknown word in {origin.name} became null", strange))
    meant = text.replace_strict(meanings, default=None, return_dtype=pl.String)
    return meant if origin.otherwise is None else meant.fill_null(origin.otherwise)


def meanings_of(words: list[str], mapped: Mapping[str, str], *canonical: str) -> dict[str, str | None]:
    """What each of the words means: as it is mapped, as it is mapped in another case (a single letter is a code, of
    which the case counts), by the numbers it lies between, as a `canonical` word, by what is mapped from ``"*"``; or
    None.
    """
    folded = {word: word for word in canonical}
    folded |= {word.casefold(): meaning for word, meaning in mapped.items() if len(word) > 1}
    ranges = [(*limits, meaning) for word, meaning in mapped.items() if (limits := limits_of(word))]
    return {
        word: mapped.get(word) or folded.get(word.casefold()) or _between(word, ranges) or mapped.get(ANY)
        for word in words
    }


def limits_of(word: str) -> tuple[float, float] | None:
    """The first and the last number that a word stands for: of ``5xx`` 500 and 599; None for any other word."""
    if hundred := HUNDRED.fullmatch(word.strip()):
        return 100.0 * int(hundred[1]), 100.0 * int(hundred[1]) + 99
    if between := BETWEEN.fullmatch(word.strip()):
        return float(between[1]), float(between[2])
    return None


def _between(word: str, ranges: list[tuple[float, float, str]]) -> str | None:
    try:
        number = float(word) if ranges else 0.0
    except ValueError:
        return None
    return next((meaning for low, high, meaning in ranges if low <= number <= high), None)


def statuses(values: pl.Series, mapped: dict[str, str], warnings: list[str], *more: str) -> pl.Series:
    """Mapped values first (see ``meanings_of``), then the canonical words; all else is unknown."""
    plain = not mapped and not values.null_count() and values.dtype == pl.String
    if plain and values.unique().is_in(STATUSES).all():
        return values
    text = text_of(values).str.strip_chars()
    counts = text.drop_nulls().value_counts(name="rows")
    meanings = meanings_of(counts.to_series(0).to_list(), mapped, *STATUSES, *more)
    if all(written == status for written, status in meanings.items()) and not text.null_count():
        return text
    unmapped = [written for written, status in meanings.items() if status is None]
    if unmapped:
        seen = counts.rename({counts.columns[0]: "value"}).filter(pl.col("value").is_in(unmapped))
        warnings.append(_said("with a status that is not mapped became unknown", seen))
    judged = text.replace_strict(meanings, default=None, return_dtype=pl.String).fill_null("unknown")
    return pl.select(pl.when(text.is_not_null()).then(judged)).to_series()


def kinds(values: pl.Series, warnings: list[str]) -> pl.Series:
    """The canonical words in any case; other words become null, and are named."""
    if values.dtype == pl.String and values.unique().drop_nulls().is_in(KINDS).all():
        return values
    text = text_of(values).str.strip_chars()
    counts = text.drop_nulls().value_counts(name="rows")
    seen = counts.rename({counts.columns[0]: "value"})
    strange = seen.filter(~pl.col("value").str.to_lowercase().is_in(KINDS))
    if strange.height:
        warnings.append(_said(f"with a kind that is not one of {', '.join(KINDS)} became null", strange))
    lowered = text.str.to_lowercase()
    return pl.select(pl.when(lowered.is_in(KINDS)).then(lowered)).to_series()


def _said(what: str, seen: pl.DataFrame) -> str:
    """How many rows, and their values with counts, most frequent first."""
    shown = seen.sort("rows", "value", descending=[True, False]).with_columns(masked(pl.col("value")))
    listed = [f"{quoted(value)} ({rows:,})" for value, rows in shown.head(LISTED).select("value", "rows").rows()]
    more = f" and {seen.height - LISTED} more" if seen.height > LISTED else ""
    return f"{rows_said(seen['rows'].sum())} {what}: {', '.join(listed)}{more}"


def rows_said(count: int) -> str:
    """1 row, or 1,200 rows."""
    return "1 row" if count == 1 else f"{count:,} rows"


def quoted(value: str) -> str:
    """The beginning of a value, in quotes."""
    return repr(value[:LISTED_CHARACTERS])
