"""The names of systems and integrations that a parameter lists, looked up in the data."""

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from integrhealth.errors import WrongParameter

# What separates names, unless it is part of one that is there.
SEPARATOR = re.compile("[;,]")
# Names that an error lists.
MOST_LISTED = 5


def listed(text: str, there: Collection[str], *, parameter: str, kind: str) -> list[str]:
    """The names in `text`, separated by semicolons or commas; none where it is empty.

    Raises WrongParameter, with the nearest names, for one that is not `there`; `kind` says of what it is a name.
    """
    names = list(dict.fromkeys(_parts(text, there)))
    for name in names:
        if name not in there:
            raise WrongParameter(f"{parameter}: there is no {kind} {name[:100]!r}; {_nearest(name, there)}")
    return names


def _parts(text: str, there: Collection[str]) -> Iterator[str]:
    """From each separator on the longest text that is a name, else up to the next one."""
    ends, start = [*(each.start() for each in SEPARATOR.finditer(text)), len(text)], 0
    while start <= len(text):
        ahead = [end for end in ends if end >= start]
        end = next((end for end in reversed(ahead) if text[start:end].strip() in there), ahead[0])
        if name := text[start:end].strip():
            yield name
        start = end + 1


def _nearest(name: str, there: Collection[str]) -> str:
    """The names most like `name`, else the first ones; as with any name, letters may be large or small."""
    if not there:
        return "the data name none"
    folded = {each.casefold(): each for each in sorted(there, reverse=True)}
    close = get_close_matches(name[:100].casefold(), folded, n=MOST_LISTED)
    if close:
        return f"did you mean {' or '.join(repr(folded[each]) for each in close)}?"
    first = ", ".join(repr(each) for each in sorted(there)[:MOST_LISTED])
    return f"there are {len(there):,}: {first}{', ...' if len(there) > MOST_LISTED else ''}"
