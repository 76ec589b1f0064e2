"""Evidence: everything that was read, as canonical frames, with what was not understood beside it."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.catalog import Catalog, load_catalog, read_catalog, write_catalog
from integrhealth.conservation import Tidy, tidied
from integrhealth.formats.parsed import REJECTED, Parsed
from integrhealth.intake import CATALOGS, declared_beside, named_file, parsed_files, shown_path
from integrhealth.period import moment, whole_traces_between
from integrhealth.schema import FRAMES, STATUSES, TIME, as_polars, conform, split_valid
from integrhealth.thresholds import MAX_TRACE_MESSAGES
from integrhealth.traces import oversized_traces
from integrhealth.yaml_file import yaml_bytes

SNAPSHOT = "evidence.json"


class Evidence:
    """One polars frame per canonical frame, always there, without rows where nothing was read.

    ``sources`` has one row per file and frame: file, format, frame, rows_in, rows_out, rows_rejected, duplicates; a
    file that nothing recognised stands there with nulls. ``rejected`` has one row per record that was not understood:
    file, line, reason, raw (cut and masked). ``warnings`` are sentences to say once. ``catalog`` is never None.

    Made by ``read``, or from frames that an analyst has: ``Evidence(messages=frame)``, polars or pandas. Raises
    MissingColumns or WrongValue when such a frame does not fit the schema; rows that break a rule go to ``rejected``.
    They are tidied like rows that were read: copies once, clashing ids rejected, integrations and systems named.
    """

    messages: pl.DataFrame
    metrics: pl.DataFrame
    dependencies: pl.DataFrame
    logs: pl.DataFrame
    documents: pl.DataFrame
    field_changes: pl.DataFrame
    incident_events: pl.DataFrame
    reports: pl.DataFrame
    deliveries: pl.DataFrame
    reads: pl.DataFrame
    stages: pl.DataFrame
    contacts: pl.DataFrame
    holds: pl.DataFrame

    def __init__(self, *, catalog: Catalog | None = None, **frames: Any) -> None:
        if unknown := sorted(frames.keys() - FRAMES.keys()):
            raise TypeError(f"no frames named {unknown}; there are {sorted(FRAMES)}")
        declared = catalog or Catalog()
        given = [_given(name, frames[name]) for name in FRAMES if frames.get(name) is not None]
        self._hold(tidied(given, declared, show_people=True), declared)
        self.sources = self.sources.clear()
        self.warnings += _constant_traces(self.messages)

    def _hold(self, tidy: Tidy, catalog: Catalog) -> None:
        for name in FRAMES:
            setattr(self, name, tidy.frames.get(name, FRAMES[name].empty()))
        self.catalog, self.sources, self.rejected = catalog, tidy.sources, tidy.rejected
        self.warnings = tidy.warnings

    @classmethod
    def _of(cls, tidy: Tidy, catalog: Catalog) -> "Evidence":
        """What was read and tidied, as it is."""
        evidence = cls.__new__(cls)
        evidence._hold(tidy, catalog)
        return evidence

    def __repr__(self) -> str:
        filled = ", ".join(f"{getattr(self, name).height:,} {name}" for name in FRAMES if getattr(self, name).height)
        return f"Evidence({filled or 'nothing'}; {self.rejected.height:,} rejected)"

    @property
    def is_empty(self) -> bool:
        """Not one good row in any frame: there is nothing to report on."""
        return all(getattr(self, name).is_empty() for name in FRAMES)

    def save(self, folder: Path) -> None:
        """Write the frames as Parquet, with what was read and rejected beside them; ``read(folder)`` takes it back."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in FRAMES:
            if getattr(self, name).height:
                getattr(self, name).write_parquet(folder / f"{name}.parquet", compression="lz4")
        self.sources.write_parquet(folder / "_sources.parquet")
        self.rejected.write_parquet(folder / "_rejected.parquet")
        write_catalog(self.catalog, folder)
        (folder / SNAPSHOT).write_text(json.dumps({"warnings": self.warnings}))


def read(
    *paths: str | Path | Sequence[str | Path],
    catalog: str | Path | Catalog | None = None,
    mapping: str | Path | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    strict: bool = False,
    show_people: bool = False,
) -> Evidence:
    """Everything that the files and folders of PATHS (or of lists of them) hold, as Evidence. Writes nothing.

    ``sample:a`` and ``sample:b`` name the companies that come with the kit. CATALOG and MAPPING default to the
    ``catalog.yaml`` and ``mapping.yaml`` beside the logs. SINCE (from) and UNTIL (before) select whole traces by
    their first message, and rows of other frames by their own time. STRICT rejects times without a zone instead of
    reading them as UTC; SHOW_PEOPLE keeps e-mail addresses in identity columns. Raises NothingToRead for a path that
    is not there, FaultyFile for a catalog or mapping with a fault, WrongValue for a time that is none.
    """
    listed = [path if isinstance(path, (list, tuple)) else [path] for path in paths]
    roots = [named_file(path) for group in listed for path in group]
    if len(roots) == 1 and (roots[0] / SNAPSHOT).is_file():
        evidence = _snapshot(roots[0])
        if catalog is not None:
            evidence.catalog, _ = _catalog(catalog, [])
    else:
        declared, passed_over = _catalog(catalog, roots)
        parsed, idle = parsed_files(roots, mapping=mapping, strict=strict, since=moment(since), until=moment(until))
        evidence = Evidence._of(tidied(parsed, declared, show_people=show_people), declared)
        evidence.warnings = passed_over + idle + evidence.warnings + _constant_traces(evidence.messages)
    return whole_traces_between(evidence, since, until) if since or until else evidence


def _catalog(catalog: str | Path | Catalog | None, roots: list[Path]) -> tuple[Catalog, tuple[str, ...]]:
    """The catalog given, else the first beside the logs, and a sentence for each other one that says something else."""
    if isinstance(catalog, Catalog):
        return catalog, ()
    if catalog is not None:
        return load_catalog(Path(catalog)), ()
    beside = list(dict.fromkeys(path for root in roots for path in declared_beside(root, CATALOGS)))
    if not beside:
        return Catalog(), ()
    first, *others = beside
    differing = [other for other in others if yaml_bytes(other) != yaml_bytes(first)]
    return load_catalog(first), tuple(
        f"{shown_path(other)} is not read, as {shown_path(first)} comes first; put both into one file for --catalog"
        for other in differing
    )


def _snapshot(folder: Path) -> Evidence:
    files = {name: folder / f"{name}.parquet" for name in FRAMES}
    frames = {name: pl.read_parquet(file) for name, file in files.items() if file.exists()}
    sources, rejected = (pl.read_parquet(folder / f"_{account}.parquet") for account in ("sources", "rejected"))
    warnings = tuple(json.loads((folder / SNAPSHOT).read_text())["warnings"])
    return Evidence._of(Tidy(frames, sources, rejected, warnings), read_catalog(folder))


def _given(name: str, frame: Any) -> Parsed:
    """A frame of an analyst as if one file had held it: rows that keep every rule, the others with their reasons."""
    table = as_polars(frame, name)
    naive = [
        column
        for column, dtype in FRAMES[name].columns.items()
        if dtype == TIME and isinstance(found := table.schema.get(column), pl.Datetime) and found.time_zone is None
    ]
    said = [f"times without a zone are read as UTC: {', '.join(naive)}"] if naive else []
    rows = conform(table, name)
    if name == "messages" and (unknown := rows.filter(~pl.col("status").fill_null("").is_in(STATUSES)).height):
        said.append(f"messages whose status is none of {', '.join(STATUSES)} became unknown: {unknown:,}")
    valid, broken = split_valid(rows, name)
    rejected = broken.select(file=pl.lit(name), line="log_line", reason="reason", raw=pl.lit(None, pl.String))
    return Parsed("frame", name, valid, rows.height, rejected.cast(REJECTED), tuple(said), name)


def _constant_traces(messages: pl.DataFrame) -> tuple[str, ...]:
    """A sentence for each trace_id that too many messages share to be a trace."""
    if messages.height <= MAX_TRACE_MESSAGES:
        return ()
    return tuple(
        f"trace_id {trace!r:.80} stands on {count:,} messages: a constant and no trace, it is treated as null"
        for trace, count in oversized_traces(messages).rows()
    )
