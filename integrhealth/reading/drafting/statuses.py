"""The status of messages: which column says it, and what its words, its codes or its silence mean."""

from typing import Any

import polars as pl

from integrhealth.language.schema import STATUSES
from integrhealth.reading.drafting.contents import MOST_STATUSES, MOSTLY, Content
from integrhealth.reading.drafting.entry import Entry
from integrhealth.reading.drafting.words import name_rank, words_in

HTTP = {"2xx": "ok", "3xx": "ok", "408": "timeout", "499": "cancelled", "4xx": "rejected", "504": "timeout"}
HTTP |= {"5xx": "failed"}
# The share of the status values that must mean something: where the name says status, and where only values do.
BY_NAME, BY_VALUE = 0.3, 0.8
MOST_CODES = 12
# Under a name that says nothing, longer values are texts that tell what happened.
MOST_WORDS = 3
ERRORS = frozenset(["error", "errors", "failed", "rejected", "failures", "faults"])
COUNTED = words_in("count num number records rows row record documents docs errors failures")
# What a text says of how it ended.
ENDED_WELL = r"(?i)\b(succe(ss|eded)|completed|delivered|erfolgreich|correct(o|amente))"
ENDED_EARLY = r"(?i)\b(cancell?ed|aborted by|stopped by|abgebrochen|cancelad[oa])\b"
ENDED_HALF = r"(?i)\b(with warnings?|partial(ly)?|warnings?)\b"
ENDED_BADLY = r"(?i)\b(fail(ed|ure)?|error|exception|refused|timed out|fehler|fall[oó])\b"


def status_column(contents: list[Content]) -> Content | None:
    """The column that says how a message ended: by its name and its words, or by its words alone."""
    scored = []
    for content in contents:
        if content.is_time or not content.statuses:
            continue
        rank = name_rank("status", content.words, content.core)
        http = content.is_http and rank is not None
        if rank is None and any(len(word.split()) > MOST_WORDS for word in content.statuses):
            continue
        meant = meanings(content, contents if rank is not None else [])
        share = 1.0 if http else content.share_of(word for word, meaning in meant.items() if meaning is not None)
        enough = BY_VALUE if rank is None else 0.01 if rank[0] <= 0 and len(meant) <= MOST_CODES else BY_NAME
        if share >= enough and (http or _says_more_than_yes(content, rank, meant)):
            level = content.is_level
            scored.append((level, rank is None, http, -round(share, 1), rank or (9,), -content.filled, content))
    return min(scored, key=lambda each: each[:-1])[-1] if scored else None


def unexplained_status(contents: list[Content]) -> Content | None:
    """A column that is named as a status, with few words of which none means anything to us."""
    few = [each for each in contents if each.statuses and not each.is_time and len(each.statuses) <= MOST_CODES]
    ranked = [(rank, each) for each in few if (rank := name_rank("status", each.words)) is not None]
    return min(ranked, key=lambda each: each[0])[1] if ranked else None


def _says_more_than_yes(content: Content, rank: Any, meant: dict[str, str | None]) -> bool:
    """A flag or a number speaks of success only under a name that does; a level of success only where it is mixed."""
    if content.is_flag or content.is_number:
        says_so = bool({"error", "failed"} & set(content.words)) and not COUNTED & set(content.words)
        return any(meant.values()) and (rank is not None or says_so)
    return rank is not None or content.distinct > 1


def failure_column(contents: list[Content]) -> Content | None:
    """A text of what went wrong, empty where nothing did."""
    texts = [each for each in contents if name_rank("error_text", each.words) and ERRORS & {*each.words}]
    texts += [each for each in contents if {"exception"} & set(each.words)]
    return next((each for each in texts if 0 < each.filled < 0.9 and not each.is_number and not each.is_time), None)


def meanings(status: Content, rest: list[Content]) -> dict[str, str | None]:
    """What each word of a status means; codes that mean nothing by themselves by what stands beside them.

    A text may say how it ended. Where errors are kept for what went wrong alone, a word that always has one is a
    failure, and the most frequent word is none if it never has one.
    """
    meant = dict(status.statuses)
    unknown = [word for word, meaning in meant.items() if meaning is None]
    texts = [each.column for each in rest if each.is_sentence and each is not status] if unknown else []
    well_ended = status.column.is_in([word for word, meaning in meant.items() if meaning == "ok"]).fill_null(False)
    errors = [each.column for each in rest if each is not status and _is_error(each, well_ended)] if unknown else []
    said = pl.select(pl.concat_str(texts or [pl.lit("")], separator=" ", ignore_nulls=True)).to_series()
    faulty = pl.select(pl.any_horizontal(pl.lit(False), *(each.is_not_null() for each in errors))).to_series()
    early, halfway, well, badly = map(said.str.contains, (ENDED_EARLY, ENDED_HALF, ENDED_WELL, ENDED_BADLY))
    signs = {"cancelled": early, "partial": halfway, "ok": well & ~badly, "failed": badly & ~well}
    for place, word in enumerate(meant):
        if meant[word] is not None:
            continue
        rows = (status.column == word).fill_null(False)
        if texts:
            meant[word] = next((each for each, sign in signs.items() if _share(rows, sign) >= BY_VALUE), None)
        if errors and meant[word] is None and _share(rows, faulty) >= BY_VALUE:
            meant[word] = "failed"
        elif errors and meant[word] is None and place == 0 and faulty.any() and _share(rows, faulty) <= 1 - MOSTLY:
            meant[word] = "ok"
    return meant


def _is_error(content: Content, well_ended: pl.Series) -> bool:
    """A column of errors that is empty on most records, and on all that ended well."""
    if (content.column.is_not_null() & well_ended).any():
        return False
    for_errors = any(
        name_rank(canonical, content.words, content.core) is not None for canonical in ("error_text", "error_code")
    )
    return for_errors and 0 < content.filled < 0.5 and not content.is_flag and not content.is_time


def _share(rows: pl.Series, sign: pl.Series) -> float:
    return float((rows & sign).sum()) / max(rows.sum(), 1)


def say_status(entry: Entry, status: Content | None, failure: Content | None, rest: list[Content]) -> None:
    """Write the status and what its words mean; words that mean nothing to us are asked for."""
    if status is None and failure is not None:
        entry.fill("status", {"first": [failure.name], "else": "ok"}, "ok where there is no error")
        entry.keys["status"] = {"ok": "ok", "*": "failed"}
        entry.fill("error_text", failure.name)
        return
    if status is None:
        return
    entry.fill("status", status.origin)
    if status.is_http:
        entry.keys["status"] = HTTP | ({"0": "timeout"} if (status.values == "0").any() else {})
        return
    exit_code = all(word.lstrip("-").isdigit() for word in status.statuses) and not status.is_flag
    statuses = meanings(status, rest)
    meant = {word: meaning for word, meaning in statuses.items() if meaning is not None}
    if exit_code and meant.get("0") == "ok" and set(meant.values()) <= {"ok", "failed"} and len(meant) == len(statuses):
        entry.keys["status"] = {"0": "ok", "*": "failed"}
        return
    if any(word.casefold() not in STATUSES for word in meant):
        entry.keys["status"] = meant
    guessed = [word for word in meant if status.statuses[word] is None]
    if guessed:
        entry.asked.append(f"under status: {', '.join(guessed)} by the errors and texts beside them: check")
    rows = status.values.value_counts(name="rows")
    count = dict(rows.rows())
    entry.asked += [
        f"what does {word!r} mean ({count[word]:,} of the first records)? add it under status:"
        for word, meaning in list(statuses.items())[:MOST_STATUSES]
        if meaning is None
    ]
