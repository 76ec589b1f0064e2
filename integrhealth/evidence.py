"""Evidence: everything that was read, as canonical frames, with what was not understood beside it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import FrozenInstanceError
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import polars as pl

from integrhealth.bad_entries import entries
from integrhealth.catalog import Catalog, load_catalog, read_catalog, write_catalog
from integrhealth.catalog.yaml_file import yaml_bytes
from integrhealth.errors import UnknownName, WrongValue
from integrhealth.language.display import html_table
from integrhealth.language.period import moment
from integrhealth.language.rejections import outcomes
from integrhealth.language.schema import FRAMES, conform
from integrhealth.language.thresholds import MAX_TRACE_MESSAGES
from integrhealth.reading.discovery import CATALOGS, declared_beside, named_file, parsed_files, shown_path
from integrhealth.reading.period import far_off, whole_traces_between
from integrhealth.reading.tidying import (
    OF_INTEGRATIONS,
    SOURCES,
    Tidy,
    given_frame,
    tidied,
    with_rows,
    without_made_names,
)
from integrhealth.traces import journeys, links

SNAPSHOT = "evidence.json"
Answer = TypeVar("Answer")


class Evidence:
    """One polars frame per canonical frame, always there, without rows where nothing was read. It never changes.

    `sources` has one row per file and frame: file, format, frame; in records of the file rows_in = rows_out +
    rows_rejected, and passed_over, which are out and say nothing of the frame; in rows of the frame duplicates, which
    are copies left out, and rows, which the frame has of this file. A file that nothing recognised has nulls.
    `rejected` has one row per record that was not understood: file, line, reason, raw (cut and masked). `warnings` are
    sentences to say once. `catalog` is never None.

    Made by `read`, or from frames that an analyst has: `Evidence(messages=frame)`, polars or pandas. Raises
    MissingColumns or WrongValue when such a frame does not fit the schema; rows that break a rule go to `rejected`.
    They are tidied like rows that were read: copies once, clashing ids rejected, integrations and systems named.

    What several questions need is worked out when it is first asked for, and kept: `linked`, `caused`,
    `journeys`, `bad_entries`, `changes_by_persons`, `entry_steps`.
    """

    messages: pl.DataFrame
    receipts: pl.DataFrame
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
    catalog: Catalog
    sources: pl.DataFrame
    rejected: pl.DataFrame
    warnings: tuple[str, ...]

    def __init__(self, *, catalog: Catalog | str | Path | None = None, **frames: Any) -> None:
        declared, _ = _catalog(catalog, [])
        tidy = _tidied_frames(frames, declared)
        self._hold(tidy.frames, declared, tidy.sources.clear(), tidy.rejected, tidy.warnings)

    def _hold(
        self,
        frames: Mapping[str, pl.DataFrame],
        catalog: Catalog,
        sources: pl.DataFrame,
        rejected: pl.DataFrame,
        warnings: tuple[str, ...],
    ) -> None:
        whole = {name: frames.get(name, frame.empty()) for name, frame in FRAMES.items()}
        account = {"sources": sources, "rejected": rejected}
        # The one place where something is put into evidence: attributes are refused below.
        self.__dict__.update(_frames=whole | account, catalog=catalog, warnings=warnings, _answers={})

    @classmethod
    def _of(
        cls,
        frames: Mapping[str, pl.DataFrame],
        catalog: Catalog,
        sources: pl.DataFrame,
        rejected: pl.DataFrame,
        warnings: tuple[str, ...],
    ) -> "Evidence":
        """Frames that are tidy already, as they are."""
        evidence = cls.__new__(cls)
        evidence._hold(frames, catalog, sources, rejected, warnings)
        return evidence

    def __getattr__(self, name: str) -> pl.DataFrame:
        # Frames are handed out as clones, which cost nothing, so that nobody changes what is kept.
        if name in (frames := self.__dict__.get("_frames", {})):
            return frames[name].clone()
        raise AttributeError(f"evidence has no {name!r}; it has {', '.join(sorted(frames))}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"evidence does not change; evidence.replace({name}=...) gives evidence that has it")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError("evidence does not change; evidence.replace(...) gives evidence without those rows")

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self.__dict__["_frames"]])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_answers": {}}  # they are worked out again where they are asked for

    @property
    def frames(self) -> dict[str, pl.DataFrame]:
        """All canonical frames by name."""
        return {name: getattr(self, name) for name in FRAMES}

    @property
    def is_empty(self) -> bool:
        """Not one good row in any frame: there is nothing to report on."""
        return all(frame.is_empty() for frame in self.frames.values())

    @property
    def linked(self) -> pl.DataFrame:
        """The messages in order plus trace, row, parent_row, depth, in_loop and replaced, as `traces.links.linked`."""
        return self.once(_linked)

    @property
    def outcomes(self) -> pl.DataFrame:
        """The messages, those that were a business rejection with status ``declined``, as `rejections.outcomes`."""
        return self.once(_outcomes)

    @property
    def caused(self) -> pl.DataFrame:
        """`linked` plus own_error, passed_on, stopped, failed_causes and cause_row, as `links.with_causes`.

        A business rejection has status ``declined`` and is no error.
        """
        return self.once(_caused)

    @property
    def journeys(self) -> "journeys.Journeys":
        """Every journey with its critical path, as `traces.journeys.journeys`."""
        return self.once(_journeys)

    @property
    def bad_entries(self) -> pl.DataFrame:
        """One row per record that was wrong from some moment on, as `bad_entries.entries.entries_and_changes`."""
        return self.once(_entries_and_changes)[0].clone()

    @property
    def changes_by_persons(self) -> pl.DataFrame:
        """One row per value that a person replaced, and what says that it was wrong; null: it was amended."""
        return self.once(_entries_and_changes)[1].clone()

    @property
    def entry_steps(self) -> pl.DataFrame:
        """One row per bad entry and message that carried it, as `bad_entries.entries.entry_steps`."""
        return self.once(_entry_steps)

    def once(self, answer: Callable[..., Answer], **options: Any) -> Answer:
        """`answer(evidence, **options)`, worked out the first time it is asked for: evidence never changes.

        For what several tables of one question share. Options must be hashable; frames are handed out as clones.
        """
        key = (answer, *sorted(options.items()))
        if key not in self._answers:
            self._answers[key] = answer(self, **options)
        kept = self._answers[key]
        return kept.clone() if isinstance(kept, pl.DataFrame) else kept

    def replace(self, *, catalog: Catalog | str | Path | None = None, **frames: Any) -> "Evidence":
        """Evidence with other frames, checked and tidied as `Evidence(...)` does it; None stands for no rows.

        What was read and rejected before stays in the account. A `catalog` names the systems and integrations of all
        frames; integrations that had no name of their own are named anew. Raises UnknownName for an unknown frame,
        MissingColumns or WrongValue for one that does not fit.
        """
        _known(frames)
        declared = self.catalog
        if catalog is not None:
            declared, _ = _catalog(catalog, [])
            anew = {name: without_made_names(getattr(self, name), self.catalog) for name in OF_INTEGRATIONS}
            frames = self.frames | anew | frames
        tidy = _tidied_frames(frames, declared)
        emptied = {name: FRAMES[name].empty() for name in frames}
        return Evidence._of(
            self.frames | emptied | tidy.frames,
            declared,
            self.sources,
            pl.concat([self.rejected, tidy.rejected]),
            tuple(dict.fromkeys(self.warnings + tidy.warnings)),
        )

    def filter(
        self, *predicates: Any, frame: str = "messages", whole_traces: bool = False, **constraints: Any
    ) -> "Evidence":
        """Evidence with only the messages (or the rows of another `frame`) that meet all conditions, as in polars.

        Messages whose parents are left out look as if their links were lost; `whole_traces` keeps every message of a
        trace of which one meets them. Raises UnknownName for an unknown frame, WrongValue for whole traces of rows
        that have none.
        """
        _known([frame])
        if not whole_traces:
            return self._with({frame: getattr(self, frame).filter(*predicates, **constraints)})
        if frame != "messages":
            raise WrongValue(f"{frame} have no traces; leave whole_traces out")
        chosen = self.linked.filter(*predicates, **constraints).select("trace").unique()
        kept = self.linked.join(chosen, on="trace", how="semi", maintain_order="left")
        return self._with({"messages": kept.select(self.messages.columns)})

    def with_rows_of(self, other: "Evidence") -> "Evidence":
        """Evidence with the rows of both; catalog, account and warnings are those of this one."""
        return self._with({name: pl.concat([mine, getattr(other, name)]) for name, mine in self.frames.items()})

    def since(self, time: str | datetime) -> "Evidence":
        """Evidence from `time` on: whole traces by their first message, other rows by their own time."""
        return self.between(time, None)

    def until(self, time: str | datetime) -> "Evidence":
        """Evidence before `time`: whole traces by their first message, other rows by their own time."""
        return self.between(None, time)

    def between(self, since: str | datetime | None, until: str | datetime | None) -> "Evidence":
        """Evidence from `since` on and before `until`. Raises WrongValue for an invalid time or an empty period."""
        return self._with(whole_traces_between(self.frames, moment(since), moment(until)))

    def account(self) -> "Evidence":
        """What was read, rejected and warned of, without the rows."""
        return Evidence._of({}, self.catalog, self.sources, self.rejected, self.warnings)

    def _with(self, frames: Mapping[str, pl.DataFrame]) -> "Evidence":
        return Evidence._of(self.frames | frames, self.catalog, self.sources, self.rejected, self.warnings)

    def save(self, folder: Path) -> None:
        """Write the frames as Parquet, with what was read and rejected beside them; `read(folder)` takes it back."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in self.frames.items():
            if frame.height:
                frame.write_parquet(folder / f"{name}.parquet", compression="lz4")
        self.sources.write_parquet(folder / "_sources.parquet")
        self.rejected.write_parquet(folder / "_rejected.parquet")
        write_catalog(self.catalog, folder)
        (folder / SNAPSHOT).write_text(json.dumps({"warnings": self.warnings}))

    def __repr__(self) -> str:
        filled = ", ".join(f"{frame.height:,} {name}" for name, frame in self.frames.items() if frame.height)
        return f"Evidence({filled or 'nothing'}; {self.rejected.height:,} rejected)"

    def _repr_html_(self) -> str:
        rows = [
            (name, f"{frame.height:,}", ", ".join(each.name for each in frame if each.null_count() < frame.height))
            for name, frame in self.frames.items()
            if frame.height
        ]
        files = self.sources["file"].n_unique()
        caption = f"Evidence: {files:,} files read, {self.rejected.height:,} records rejected"
        return html_table(("frame", "rows", "columns with values"), rows, caption=caption)


def _linked(evidence: Evidence) -> pl.DataFrame:
    return links.linked(evidence.messages)


def _caused(evidence: Evidence) -> pl.DataFrame:
    return links.with_causes(outcomes(evidence.linked, evidence.catalog.integrations))


def _outcomes(evidence: Evidence) -> pl.DataFrame:
    return outcomes(evidence.messages, evidence.catalog.integrations)


def _journeys(evidence: Evidence) -> journeys.Journeys:
    return journeys.journeys(evidence.linked, holds=evidence.holds)


def _entries_and_changes(evidence: Evidence) -> tuple[pl.DataFrame, pl.DataFrame]:
    return entries.entries_and_changes(
        evidence.caused,
        evidence.field_changes,
        evidence.holds,
        incident_events=evidence.incident_events,
        elements=evidence.catalog.elements,
    )


def _entry_steps(evidence: Evidence) -> pl.DataFrame:
    return entries.entry_steps(evidence.caused, evidence.bad_entries)


def read(
    *paths: str | Path | Sequence[str | Path],
    catalog: str | Path | Catalog | None = None,
    mapping: str | Path | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    strict: bool = False,
    show_people: bool = False,
) -> Evidence:
    """Everything that the files and folders of `paths` (or of lists of them) hold, as Evidence. Writes nothing.

    `sample:a` and `sample:b` name the companies that come with the kit. `catalog` and `mapping` default to the
    `catalog.yaml` and `mapping.yaml` beside the logs. `since` (from) and `until` (before) select whole traces by
    their first message, and rows of other frames by their own time. `strict` rejects times without a zone
    instead of reading them as UTC; `show_people` keeps e-mail addresses in identity columns. In a folder that
    `Evidence.save` wrote only `catalog`, `since` and `until` still change anything. Raises NothingToRead for a path
    that does not exist, FaultyFile for a catalog or mapping with a fault, WrongValue for an invalid time.
    """
    listed = [path if isinstance(path, (list, tuple)) else [path] for path in paths]
    roots = [named_file(path) for group in listed for path in group]
    if len(roots) == 1 and (roots[0] / SNAPSHOT).is_file():
        evidence = _snapshot(roots[0])
        if catalog is not None:
            evidence = evidence.replace(catalog=catalog)
    else:
        declared, passed_over = _catalog(catalog, roots)
        parsed, idle = parsed_files(roots, mapping=mapping, strict=strict, since=moment(since), until=moment(until))
        tidy = tidied(parsed, declared, show_people=show_people)
        constant = _constant_traces(tidy.frames)
        warnings = passed_over + idle + tidy.warnings + constant + far_off(tidy.frames)
        evidence = Evidence._of(tidy.frames, declared, tidy.sources, tidy.rejected, warnings)
    if not since and not until:
        return evidence
    within = evidence.between(since, until)
    sources = with_rows(within.sources, within.frames)
    return Evidence._of(within.frames, within.catalog, sources, within.rejected, within.warnings)


def _known(names: "Sequence[str] | Mapping[str, Any]") -> None:
    for name in names:
        if name not in FRAMES:
            raise UnknownName("frame", name, FRAMES)


def _tidied_frames(frames: Mapping[str, Any], catalog: Catalog) -> Tidy:
    """Frames of an analyst, checked and tidied, with a warning for each trace_id that is a constant."""
    _known(frames)
    given = [given_frame(name, frames[name]) for name in FRAMES if frames.get(name) is not None]
    tidy = tidied(given, catalog, show_people=True)
    warnings = tidy.warnings + _constant_traces(tidy.frames) + far_off(tidy.frames)
    return Tidy(tidy.frames, tidy.sources, tidy.rejected, warnings)


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
    """What `Evidence.save` wrote. How its logs were read was decided then; only a catalog can still be another."""
    files = {name: folder / f"{name}.parquet" for name in FRAMES}
    # Those that were saved before may lack a column.
    frames = {name: conform(pl.read_parquet(file), name) for name, file in files.items() if file.exists()}
    sources, rejected = (pl.read_parquet(folder / f"_{account}.parquet") for account in ("sources", "rejected"))
    warnings = tuple(json.loads((folder / SNAPSHOT).read_text())["warnings"])
    # Those that were saved before may lack a count.
    sources = with_rows(pl.concat([pl.DataFrame(schema=SOURCES), sources], how="diagonal"), frames)
    return Evidence._of(frames, read_catalog(folder), sources, rejected, warnings)


def _constant_traces(frames: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """A sentence for each trace_id that too many messages share to be a trace."""
    messages = frames.get("messages", FRAMES["messages"].empty())
    if messages.height <= MAX_TRACE_MESSAGES:
        return ()
    return tuple(
        f"trace_id {trace!r:.80} stands on {count:,} messages: a constant and no trace, it is treated as null"
        for trace, count in links.oversized_traces(messages).rows()
    )
