"""Which columns of an export mean which columns of a canonical frame: an entry of mapping.yaml, or of a preset."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from integrhealth.errors import FaultyFile
from integrhealth.language.schema import FRAMES, WORDS
from integrhealth.reading.mapping.upstreams import Upstreams
from integrhealth.reading.values.times import TimeRule

# In ``only`` and ``unless``: any value that is there.
ANY = "*"
# Where a mapping names a column: the name of the file, without folder and endings.
FILE = "$file"


class Column(NamedTuple):
    """A column of the file; in JSON ``a.b.c`` reaches into objects."""

    name: str


class Constant(NamedTuple):
    """The same text in every row."""

    value: str


class First(NamedTuple):
    """The first of several columns that is not null, else a word."""

    names: tuple[str, ...]
    otherwise: str | None = None


class Sum(NamedTuple):
    """A time column and the durations, in ``unit``, that are added to it, or with ``sign`` -1 taken from it."""

    names: tuple[str, ...]
    unit: str
    sign: int = 1


class Joined(NamedTuple):
    """Several columns as one text, ``between`` them; null where one of them is: a date and a time, a composite id."""

    names: tuple[str, ...]
    between: str


class Translated(NamedTuple):
    """A column whose words stand for others; a word that is not listed becomes ``otherwise``, and is counted."""

    name: str
    words: dict[str, str]
    otherwise: str | None


class Part(NamedTuple):
    """What the one group of a pattern takes out of a column; null where the pattern does not fit."""

    name: str
    pattern: str


class IdOf(NamedTuple):
    """An id for records that have none, made of what several columns say; of those that say the same, each is counted.

    A copy of a file gives the same ids, a second event in a file another one.
    """

    names: tuple[str, ...]


class Hashed(NamedTuple):
    """A column of which only equal or not equal may be known."""

    name: str


class Host(NamedTuple):
    """A column of URLs, of which the host is meant: the system that they lead to."""

    name: str


Origin = Column | Constant | First | Sum | Joined | Translated | Part | IdOf | Hashed | Host


@dataclass(frozen=True)
class MappedSource:
    """How the columns of a file become those of ``frame``; an entry of mapping.yaml has one, a preset may have several.

    ``only`` and ``unless`` choose rows by the words of a column, ``record`` those of a kind where a file holds several.
    ``errors_inside`` are counts of errors: above zero, an ok is partial. ``any_case`` finds columns in any case.
    ``pattern`` makes columns of the lines of a text, of which the first that fits counts; ``continues`` is what a line
    looks like that continues the one before. ``make`` are columns made of others, which the rest may use like those of
    the file; ``upstreams`` are lists that make several rows of one. Sources of one ``entry`` share the rows of a file,
    each row going to the first that is for it; every entry has all rows.
    ``file`` and ``where`` say where the entry stands, for errors. ``fault`` is what is wrong with an entry for vendor
    exports that this version does not know: raised by ``sources_for`` once there is such a file.
    """

    frame: str
    columns: dict[str, Origin]
    glob: str = "*"
    time: TimeRule = TimeRule()
    times: dict[str, TimeRule] = field(default_factory=dict)
    null: tuple[str, ...] = ("",)
    status: dict[str, str] = field(default_factory=dict)
    separator: str | None = None
    encoding: str | None = None
    decimal: str = "."
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unless: dict[str, tuple[str, ...]] = field(default_factory=dict)
    errors_inside: tuple[str, ...] = ()
    record: str = ""
    any_case: bool = False
    pattern: tuple[str, ...] = ()
    continues: str | None = None
    upstreams: Upstreams | None = None
    make: dict[str, Origin] = field(default_factory=dict)
    entry: str = ""
    file: str = ""
    where: str = ""
    fault: FaultyFile | None = None

    def is_for(self, name: str) -> bool:
        """Whether the glob fits the file, named relative to any folder above it."""
        return pattern(self.glob).search(Path(name).as_posix()) is not None

    def time_rule(self, column: str) -> TimeRule:
        """How the times of a canonical column are written; a sum without a rule has that of the column it adds to."""
        origin = self.columns.get(column)
        if isinstance(origin, Sum) and column not in self.times:
            declared = (name for name in self.times if name in self.columns)
            column = next((name for name in declared if origin.names[0] in names_of(self.columns[name])), column)
        return self.times.get(column, self.time)

    def names(self) -> list[str]:
        """The columns of the file that are used, each once, in the order of the mapping."""
        used = [name for origin in (*self.make.values(), *self.columns.values()) for name in names_of(origin)]
        of_upstreams = self.upstreams.names if self.upstreams else []
        used += [*self.only, *self.unless, *self.errors_inside, *of_upstreams]
        return [name for name in dict.fromkeys(used) if name not in self.make]


@dataclass(frozen=True)
class Query:
    """One entry of mapping.yaml that asks a database; ``url`` as it is written there, with ``${NAME}``.

    A source without columns takes those of its frame by their own names.
    """

    text: str
    url: str
    sources: tuple[MappedSource, ...]

    @property
    def file(self) -> str:
        """The mapping it stands in."""
        return self.sources[0].file

    @property
    def where(self) -> str:
        """Its place there."""
        return self.sources[0].where


@dataclass(frozen=True)
class Mapping:
    """The entries of one mapping.yaml, those for files and those that ask a database, each in its order.

    ``metrics`` says of metrics, by their names without labels, what they count: one of METRIC_MEANINGS.
    """

    file: str
    sources: tuple[MappedSource, ...]
    queries: tuple[Query, ...] = ()
    metrics: dict[str, str] = field(default_factory=dict)

    def sources_for(self, name: str) -> tuple[MappedSource, ...]:
        """Every entry whose glob fits the file, named relative to any folder above it; empty if none does.

        Raises FaultyFile when one of them names a preset that this version does not have, or when some read the file
        as lines of text and others as a table.
        """
        fitting = tuple(source for source in self.sources if source.is_for(name))
        for source in fitting:
            if source.fault is not None:
                raise source.fault
            if bool(source.pattern) != bool(fitting[0].pattern):
                reason = f"{name!r} is lines of text by one entry, and a table by another"
                raise FaultyFile(source.file, source.where, reason, "give all of them a pattern, or none")
        return fitting


def names_of(origin: Origin) -> tuple[str, ...]:
    """The columns of the file that a canonical column is made of."""
    if isinstance(origin, Constant):
        return ()
    return (origin.name,) if isinstance(origin, Column | Translated | Part | Hashed | Host) else origin.names


def by_entry(sources: Iterable[MappedSource]) -> list[list[MappedSource]]:
    """The sources of each entry, in the order of the mapping."""
    entries: dict[str, list[MappedSource]] = {}
    for source in sources:
        entries.setdefault(source.entry, []).append(source)
    return list(entries.values())


def names_in(sources: Iterable[MappedSource]) -> list[str]:
    """The columns of the file that any of the sources uses, each once."""
    return list(dict.fromkeys(name for source in sources for name in source.names()))


def list_columns(sources: Iterable[MappedSource]) -> set[str]:
    """The columns of the file that fill columns of lists."""
    lists = set()
    for source in sources:
        columns = FRAMES[source.frame].columns if source.frame in FRAMES else {}
        lists |= {getattr(origin, "name", "") for name, origin in source.columns.items() if columns.get(name) == WORDS}
    return lists


def pattern(glob: str) -> re.Pattern[str]:
    """What the ends of paths must be to fit `glob`."""
    return re.compile(r"(?:^|/)" + "".join(_translated(glob)) + r"$")


def _translated(glob: str) -> Iterator[str]:
    """``*`` and ``?`` stay within a folder, ``**/`` is any number of them, [abc] one of several characters."""
    for part in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", glob.removeprefix("./").removeprefix("/")):
        wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
        if wild is None:
            wild = part.replace("[!", "[^") if len(part) > 1 else re.escape(part)
        yield wild
