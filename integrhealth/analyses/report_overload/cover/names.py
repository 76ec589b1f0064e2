"""What the name of a field or metric says, however it is written: case, separators, order of words, and language.

Names of a business are few words. Those of ``business_terms.csv`` are one concept in English, German, Dutch, French and
Spanish, also inside a compound (Kundennummer, factuurbedrag). A word that is not there stays as it is, so it meets
itself only; a column named col_17 says nothing, and nothing is guessed.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import polars as pl

TERMS = Path(__file__).with_name("business_terms.csv")
# Words without a meaning of their own, in the languages of the terms.
EMPTY_WORDS = frozenset(
    [
        *("the", "of", "an", "and", "for"),
        *("der", "die", "das", "des", "dem", "den", "und", "fur", "von", "vom", "zu", "zum", "zur"),
        *("het", "een", "van", "voor"),
        *("le", "la", "les", "de", "du", "un", "une", "et", "pour"),
        *("el", "los", "las", "del", "una", "para"),
    ]
)
# "revenue per customer" is not "customer per revenue"; nor may words around one of the others change places.
PER = frozenset(["per", "by", "je", "pro", "par", "por", "nach"])
DIRECTED = frozenset(["from", "to", "vs", "minus", "before", "after", "bis", "naar", "tot", "depuis", "hasta", "desde"])
# What French leaves of de and le before a vowel.
ELIDED = frozenset(["d", "l"])
# A longer word is no compound; what a compound puts between its parts, its shortest part, and the shorter ones.
LONGEST_COMPOUND = 40
LINKS, SHORTEST_PART = ("", "s", "n", "en", "es", "e"), 4
SHORT_PARTS = frozenset(["id", "nr", "end", "typ", "tag", "dag"])
# Endings of plurals, where the rest is a term; and umlauts written out.
PLURALS, UMLAUT = ("s", "es", "en", "er", "n", "e"), re.compile("([aou])e")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+|[0-9]+|[<>=!]+|[%€$£¥]")
# The same amount in another currency is another number. Of a dollar or a yen nobody can tell whose it is.
CURRENCIES = {"€": "eur", "£": "gbp"}
COMPARISON = re.compile(r"[<>=!]")
# Items that say how fine the rows of a report are.
GRAINS = ("year", "quarter", "month", "week", "day", "hour", "minute")


def meanings(names: pl.Series) -> pl.Series:
    """The meaning of each name; two names of one meaning show the same."""
    distinct = names.drop_nulls().unique().to_list()
    return names.replace_strict(distinct, [meaning(name) for name in distinct], return_dtype=pl.String)


@lru_cache(maxsize=100_000)
def meaning(name: str) -> str:
    """The concepts of one name in alphabetical order, numbers and comparisons in their own; itself if it has none."""
    written = (CURRENCIES.get(each) or _plain(each) for each in WORD.findall(CAMEL.sub(" ", name)))
    words = [word for each in written if each not in ELIDED for word in _translated_word(each)]
    words = [word for word in _phrases(words) if word not in EMPTY_WORDS]
    parts: list[list[str]] = [[]]
    for word in words:
        parts.append([]) if word in PER else parts[-1].append(word)
    if COMPARISON.search(name) or DIRECTED.intersection(words):
        ordered = [" ".join(part) for part in parts]
    else:
        ordered = [
            " ".join([*sorted(filter(str.isalpha, part)), *(w for w in part if not w.isalpha())]) for part in parts
        ]
    return " per ".join(ordered) or name.casefold()


def _plain(word: str) -> str:
    """Without case and accents: Stückpreis as stuckpreis."""
    return "".join(each for each in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(each))


@cache
def _terms() -> dict[tuple[str, ...], str]:
    """The concept of each term, a term being one word or several; of a term with two concepts the first stands."""
    terms: dict[tuple[str, ...], str] = {}
    with TERMS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for term in ";".join(row.values()).split(";"):
                words = (_folded(_plain(word)) for word in WORD.findall(term))
                terms.setdefault(tuple(word for word in words if word not in ELIDED), row["concept"])
    return terms


@cache
def _words_of_terms() -> frozenset[str]:
    return frozenset(word for term in _terms() for word in term)


@cache
def _parts() -> frozenset[str]:
    """Terms that may be part of a compound."""
    return frozenset(term[0] for term in _terms() if len(term) == 1 and len(term[0]) >= SHORTEST_PART) | SHORT_PARTS


@lru_cache(maxsize=100_000)
def _translated_word(word: str) -> list[str]:
    """The word in the form in which a term has it, in the parts of a compound, or without the s of a plural."""
    if word in EMPTY_WORDS:
        return [word]
    for form in _forms(word):
        if form in _words_of_terms():
            return [form]
    parts = _compound(word) if len(word) <= LONGEST_COMPOUND else []
    return parts or [_folded(word)]


def _forms(word: str) -> Iterator[str]:
    """The word, with an umlaut that was written out, and what it is the plural of."""
    for spelling in (word, UMLAUT.sub(r"\1", word)):
        yield _folded(spelling)
        yield from (spelling.removesuffix(ending) for ending in PLURALS if spelling.endswith(ending))
        yield re.sub("ies$", "y", spelling)


def _folded(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "sui" else word


@lru_cache(maxsize=100_000)
def _compound(word: str) -> list[str]:
    """The terms that a word is made of, the longest first part that leaves a rest of terms; none if it is not."""
    for size in range(len(word) - 2, 1, -1):
        if (first := word[:size]) in _parts():
            for link in LINKS:
                rest = word[size:].removeprefix(link) if word[size:].startswith(link) else ""
                last = [form for form in _forms(rest) if form in _parts()]
                if rest and (tail := last[:1] or _compound(rest)):
                    return [first, *tail]
    return []


def _phrases(words: list[str]) -> list[str]:
    """The words with the longest terms replaced by their concepts."""
    concepts, place = [], 0
    while place < len(words):
        for size in (3, 2, 1):
            term = tuple(words[place : place + size])
            if len(term) == size and term in _terms():
                concepts.append(_terms()[term])
                break
        else:
            concepts.append(words[place])
            size = 1
        place += size
    return concepts
