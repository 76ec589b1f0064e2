"""The names of systems and integrations that a parameter lists, looked up in the data."""

from collections.abc import Collection
from difflib import get_close_matches

from integrhealth.errors import WrongParameter

# What separates names, the first that is there first; a name that holds one itself is taken whole.
SEPARATORS = ";,"
# Names that an error lists.
MOST_LISTED = 5


def listed(text: str, there: Collection[str], *, parameter: str, kind: str) -> list[str]:
    """The names in `text`, separated by semicolons or commas; none where it is empty.

    Raises WrongParameter, with the nearest names, for one that is not `there`; `kind` says of what it is a name.
    """
    names = list(dict.fromkeys(_parts(text, there, SEPARATORS)))
    for name in names:
        if name not in there:
            raise WrongParameter(f"{parameter}: there is no {kind} {name[:100]!r}; {_nearest(name, there)}")
    return names


def _parts(text: str, there: Collection[str], separators: str) -> list[str]:
    whole = text.strip()
    if whole in there or not separators:
        return [whole] if whole else []
    return [name for part in whole.split(separators[0]) for name in _parts(part, there, separators[1:])]


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
