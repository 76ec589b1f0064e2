"""Vendor exports that are tables: each is a YAML file in ``presets``, recognised by its columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.mapping.sources import MappedSource
from integrhealth.reading.mapping.yaml_entries import preset_file, preset_names, preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.table.files import column_names
from integrhealth.reading.table.wrapped import document_names, wrapped_names


@dataclass(frozen=True)
class Preset:
    """One vendor export: its name, one line that describes it, and whether it was tried on a real file.

    A table with all columns of one of the lists in ``recognise``, in any case, is such an export.
    """

    name: str
    description: str
    tried: str
    recognise: tuple[frozenset[str], ...]

    @property
    def sources(self) -> tuple[MappedSource, ...]:
        """How its columns become those of frames."""
        return preset_sources(self.name)

    @property
    def fills(self) -> Mapping[str, tuple[str, ...]]:
        """The canonical frames and columns that it fills."""
        return fills(self.sources)


@cache
def table_presets() -> tuple[Preset, ...]:
    """The presets for tables, sorted by name; those of nested formats are known by their module."""
    presets = []
    for name in preset_names():
        document = preset_file(name)
        if lists := document.get("recognise"):
            lists = [each if isinstance(each, list) else lists for each in lists]
            columns = tuple(dict.fromkeys(frozenset(str(word).casefold() for word in each) for each in lists))
            presets.append(Preset(name, document["description"], document["tried"], columns))
    return tuple(presets)


def preset_of(head: Head) -> Preset | None:
    """The vendor export that a table is, by its columns: of several, the one that asks for most of them. A document
    that wraps a list may be one record itself, with a list inside.
    """
    return _asking_for(wrapped_names(head) or column_names(head)) or _asking_for(document_names(head))


def _asking_for(names: Iterable[str]) -> Preset | None:
    there = {name.casefold() for name in names} | {name.casefold().split(".")[0] for name in names}
    fitting = [
        (max(len(columns) for columns in preset.recognise if columns <= there), preset)
        for preset in table_presets()
        if any(columns <= there for columns in preset.recognise)
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None
