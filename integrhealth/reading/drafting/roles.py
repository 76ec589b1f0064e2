"""Which column of a file can be which canonical column: by its name, and only where its values allow it."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS, Frame
from integrhealth.reading.drafting.contents import Content
from integrhealth.reading.drafting.words import ENDS, name_rank, words_in

# An id that stands on more records than this share of them names no single one.
DIFFERENT = 0.5
# An id of letters and digits has so many of them.
SHORTEST_ID = 5
# What an optional column must be filled with to be worth a line.
LEAST_FILLED = 0.01
# Numbers that are the names of kinds are few.
MOST_CODES = 30
SYSTEMS = ("source", "target", "system")
TEXTS = ("error_text", "text")
IDS = ("trace_id", "parent_id", "object_id", "incident", "document")
NAMES_OF_FEW = ("integration", "operation", "object_type", "site", "metric", "unit", "statistic", "channel", "team")
# What started something, and the stages that software is in: no systems.
NO_SYSTEMS = words_in(
    "push web schedule scheduled scheduler manual trigger timer cron webhook merge_request_event api user automatic"
    " production prod prd test tst staging stage development dev qa uat sandbox"
)
PEOPLE = ("person", "actor", "owner")


def roles(
    frame: Frame, contents: Iterable[Content], *, without: Iterable[str] = (), only: Iterable[str] | None = None
) -> dict[str, Content]:
    """Canonical column to the column that can say it; each column serves once, the best names first."""
    wanted = [name for name in frame.columns if name not in without and (only is None or name in only)]
    there = list(contents)
    ranked = sorted(
        (
            (rank, place, order, canonical, content)
            for place, canonical in enumerate(wanted)
            for order, content in enumerate(there)
            if (rank := name_rank(canonical, content.words, content.core)) is not None
            and allows(canonical, frame.columns[canonical], content)
        ),
        key=lambda each: each[:3],
    )
    chosen: dict[str, Content] = {}
    for _, _, _, canonical, content in ranked:
        if canonical not in chosen and all(content is not other for other in chosen.values()):
            chosen[canonical] = content
    return {name: chosen[name] for name in frame.columns if name in chosen}


def _names_no_system(content: Content) -> bool:
    return bool(content.values.str.to_lowercase().is_in(list(NO_SYSTEMS)).mean() > 0.5)


def allows(canonical: str, dtype: Any, content: Content) -> bool:
    """Whether the values of a column can be what a canonical column holds."""
    if isinstance(content.origin, dict) or dtype == TIME:
        return dtype == TIME and content.is_time
    if content.is_time or content.is_clock:
        return False
    if dtype in (NUMBER, COUNT):
        return content.is_number or content.is_comma_number
    if dtype in (FLAG, WORDS):
        return False
    if canonical == "message_id":
        return identifies(content)
    if canonical in SYSTEMS:
        return content.is_system and not content.is_person and not _names_no_system(content)
    if canonical == "level":
        return content.is_level
    if canonical in PEOPLE:
        return not content.is_url and not content.is_address and not content.is_flag
    if canonical in TEXTS:
        return not content.is_number and not content.is_flag and not content.is_url
    if canonical in IDS:
        return not content.is_flag and content.length < 200
    if canonical == "object_type" and content.is_number:  # an 850, an 810
        return content.distinct <= MOST_CODES and not content.is_flag
    if canonical in NAMES_OF_FEW:
        few = content.distinct <= max(3, 0.6 * len(content.values))
        return few and not content.is_number and not content.is_address and not content.is_flag and not content.is_url
    if canonical == "report":
        return not content.is_flag and not content.is_address and content.length < 300
    return not content.is_url


def two_ends(contents: Iterable[Content]) -> tuple[Content, Content] | None:
    """Two columns of systems whose names differ by the words for the two ends of a message only."""
    there = [each for each in contents if allows("source", TEXT, each) and isinstance(each.origin, str)]
    for one, other in ENDS:
        for source in there:
            wanted = [other if word == one else word for word in source.words]
            if one in source.words and (target := next((each for each in there if each.words == wanted), None)):
                return source, target
    return None


def ends_by_values(contents: list[Content]) -> tuple[Content, Content] | None:
    """Two columns of names that are the same names, never the same one in a record: the first is where it came from."""
    names = [each for each in contents if each.is_system and not each.is_person and each.filled >= 0.9]
    names = [each for each in names if each.distinct > 1 and each.length > 1 and not name_rank("status", each.words)]
    for first, second in combinations(names, 2):
        shared = set(first.values.unique()) & set(second.values.unique())
        if len(shared) * 2 >= min(first.distinct, second.distinct) and not (first.column == second.column).any():
            return first, second
    return None


def looks_like_ids(content: Content) -> bool:
    """Whether values look like ids whatever the column is called: one word each, with a digit, none twice."""
    one_word = content.is_unique and content.filled == 1 and content.share(r"^[^\s/]*\d[^\s/]*$") == 1
    return one_word and content.length >= SHORTEST_ID and not content.is_number and identifies(content)


def identifies(content: Content) -> bool:
    """Whether a column can be the id of a record: there on nearly all of them, and different."""
    if content.is_time or content.is_url or content.is_flag or content.filled < 0.9 or content.length > 200:
        return False
    fractions = (content.is_number and bool(content.values.str.contains(".", literal=True).any())) or (
        content.is_comma_number
    )
    return not fractions and content.distinct >= DIFFERENT * len(content.values)
