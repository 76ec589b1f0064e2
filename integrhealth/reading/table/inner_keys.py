"""Where the columns ``a.b.c`` of a mapping lie: inside objects, under keys that may have dots themselves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from integrhealth.errors import FaultyFile
from integrhealth.language.schema import TEXT, WORDS
from integrhealth.reading.mapping.sources import MappedSource

# The keys on the way to a value, outermost first: ("log", "service.name").
Place = tuple[str, ...]


def key_places(name: str, value: Any) -> Iterator[Place]:
    """Where `name` lies in an object: every way to cut it at dots that the object allows, the fewest keys first."""
    parts = name.split(".") if isinstance(value, Mapping) else []
    for length in range(len(parts), 0, -1):
        key, below = ".".join(parts[:length]), ".".join(parts[length:])
        if key not in value:
            continue
        if not below:
            yield (key,)
        else:
            yield from ((key, *place) for place in key_places(below, value[key]))


def places_of(names: Iterable[str], objects: Sequence[Any], *, file: MappedSource) -> dict[str, list[Place]]:
    """The places of each column in the first objects of a file, which may spell it in several ways.

    A column that none of them has is looked for in objects, one per dot. Raises FaultyFile, for the entry `file`, when
    a key would be both a value and an object.
    """
    places: dict[str, list[Place]] = {}
    for name in names:
        taken = [place for those in places.values() for place in those]
        seen = dict.fromkeys(place for each in objects for place in key_places(name, each))
        possible = list(seen) or [tuple(name.split("."))]
        free = [place for place in possible if not any(_crosses(place, other) for other in taken)]
        if not free:
            raise _both_value_and_object(file, name)
        places[name] = free
    return places


def nested_schema(places: Mapping[str, list[Place]], lists: set[str]) -> dict[str, Any]:
    """The keys to read, as text or, for columns in `lists`, as lists of texts; structs for what lies inside objects."""
    nested: dict[str, Any] = {}
    for name, those in places.items():
        for *above, leaf in those:
            within = nested
            for key in above:
                within = within.setdefault(key, {})
            within[leaf] = WORDS if name in lists else TEXT
    return {name: _typed(value) for name, value in nested.items()}


def flat_columns(places: Mapping[str, list[Place]]) -> list[pl.Expr]:
    """Each column from the first of its places that has a value."""
    return [pl.coalesce(_column(place) for place in those).alias(name) for name, those in places.items()]


def struct_columns(schema: Mapping[str, Any], names: Iterable[str]) -> list[pl.Expr]:
    """The columns of `names` that lie inside the structs of a table."""
    tree = {name: _fields(dtype) for name, dtype in schema.items()}
    places = {name: list(key_places(name, tree)) for name in names if name not in schema}
    return flat_columns({name: those for name, those in places.items() if those})


def _column(place: Place) -> pl.Expr:
    first, *below = place
    column = pl.col(first)
    for key in below:
        column = column.struct.field(key)
    return column


def _crosses(place: Place, other: Place) -> bool:
    """Whether one of them ends where the other goes on."""
    shorter = min(len(place), len(other))
    return len(place) != len(other) and place[:shorter] == other[:shorter]


def _typed(keys: Any) -> Any:
    if not isinstance(keys, dict):
        return keys
    return pl.Struct({name: _typed(below) for name, below in keys.items()})


def _fields(dtype: Any) -> Any:
    return {field.name: _fields(field.dtype) for field in dtype.fields} if isinstance(dtype, pl.Struct) else None


def _both_value_and_object(source: MappedSource, name: str) -> FaultyFile:
    reason = f"{name!r} and another column use the same key as a value and as an object with keys of its own"
    return FaultyFile(source.file, f"{source.where}.columns", reason, "use either the value or what is inside it")
