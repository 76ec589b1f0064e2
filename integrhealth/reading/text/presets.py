"""Text logs that are read without a mapping: each is a YAML file in ``presets``, recognised by its patterns."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.text_lines import CODES, ESCAPE, beginning_lines
from integrhealth.reading.mapping.shorthand import GROUP, names_of_groups
from integrhealth.reading.mapping.yaml_entries import preset_file, preset_names, preset_sources
from integrhealth.reading.mapping.yaml_keys import ANY_LINE
from integrhealth.reading.records.nested import fills
from integrhealth.reading.records.plain_entries import CONTINUES, MOST
from integrhealth.reading.text.lines_by_pattern import read_lines

# Lines that are looked at to tell what a log is, and how much of each.
SAMPLED, WIDTH = 200, 4_000
# Where whatever follows an entry belongs to it, so many of the lines must begin one, and the first of all.
FEWEST = 0.2
NEARLY = 0.8


@dataclass(frozen=True)
class LinePreset:
    """A text log: its name, one line that describes it, whether it was tried on a real file, and its patterns."""

    name: str
    description: str
    tried: str
    patterns: tuple[str, ...]
    continues: str | None

    @cached_property
    def any_of_them(self) -> str:
        """All patterns as one, without names: one pass over the lines tells which fit."""
        return "|".join(f"(?:{GROUP.sub('(?:', pattern)})" for pattern in self.patterns)

    @property
    def format(self) -> Format:
        """The preset as a format among others."""

        def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
            sources = preset_sources(self.name)
            return read_lines(path, log_file, sources=sources, format=self.name, strict=strict)

        def recognises(head: Head) -> bool:
            return line_preset_of(head) == self

        return Format(
            self.name, self.description, recognises, read, self.tried, lambda: fills(preset_sources(self.name))
        )


@cache
def line_presets() -> tuple[LinePreset, ...]:
    """The presets for lines of text, sorted by name."""
    presets = []
    for name in preset_names():
        document = preset_file(name)
        if "lines" in document:
            first = preset_sources(name)[0]
            presets.append(LinePreset(name, document["description"], document["tried"], first.pattern, first.continues))
    return tuple(presets)


def line_preset_of(head: Head) -> LinePreset | None:
    """The text log that a file is: the preset whose patterns fit most of its first lines; of several that fit nearly as
    well the one that says most of a line, in most groups, and then the one with the fewest patterns.
    """
    lines = pl.Series([line[:WIDTH] for line in beginning_lines(head.start)[:SAMPLED]], dtype=pl.String)
    if ESCAPE in head.start:
        lines = lines.str.replace_all(CODES, "")
    fits = pl.select(pl.lit(lines).str.contains(preset.any_of_them).alias(preset.name) for preset in line_presets())
    shares = {preset: _share(lines, fits[preset.name], preset) for preset in line_presets() if fits[preset.name].any()}
    best = max(shares.values(), default=0.0)
    near = [preset for preset, share in shares.items() if share and share >= NEARLY * best]
    rank = {preset: (_groups(lines, preset), shares[preset], -len(preset.patterns)) for preset in near}
    return max(near, key=lambda preset: rank[preset]) if near else None


def _groups(lines: pl.Series, preset: LinePreset) -> float:
    """In how many groups on average the first pattern that fits a line does."""
    fits, groups = pl.Series([False]).new_from_index(0, len(lines)), 0
    for pattern in preset.patterns:
        more = lines.str.contains(pattern) & ~fits
        fits, groups = fits | more, groups + more.sum() * len(names_of_groups(pattern))
    return groups / fits.sum()


def _share(lines: pl.Series, fits: pl.Series, preset: LinePreset) -> float:
    """How much of the lines that begin something the preset fits; 0 where that is too little to be such a log."""
    anything = preset.continues == ANY_LINE
    looks = CONTINUES if anything else preset.continues or CONTINUES
    share = float(fits.filter(~lines.str.contains(looks) | fits).mean() or 0)
    least = FEWEST if anything and fits.first() else MOST
    return share if share >= least else 0.0
