"""From the rows of all files to one frame per kind, with every record accounted for.

rows_in = rows_out + rows_rejected holds for every file, in records of the file. What is out made ``rows`` of the frame,
or is a copy, counted in ``duplicates``, that stands once in the frame; so is a record that says only a part of what
another says, as an overview does of what is in full elsewhere; or it was ``passed_over``, as it says nothing of the
frame. The same id with other content is a retry when attempt or times differ; otherwise the second is rejected as
``conflicting_id``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from integrhealth.catalog import Catalog, catalog_aliases
from integrhealth.language.masking import cut, masked, masked_secrets, pseudonym, pseudonym_key
from integrhealth.language.schema import FRAMES, STATUSES, TEXT, TIME, as_polars, conform
from integrhealth.language.valid_rows import split_valid
from integrhealth.reading.account.parsed import REJECTED, Parsed, no_rejections
from integrhealth.reading.copies import PLACE, copies_apart, without_clashes, without_lesser
from integrhealth.reading.records import message_events
from integrhealth.reading.spans import to_messages
from integrhealth.reading.spans.pairing import links

SOURCES = {
    "file": pl.String,
    "format": pl.String,
    "frame": pl.String,
    "rows_in": pl.Int64,
    "rows_out": pl.Int64,
    "rows_rejected": pl.Int64,
    "duplicates": pl.Int64,
    "rows": pl.Int64,
    "passed_over": pl.Int64,
}
# Free text, where e-mail addresses are masked; identity columns, where they become pseudonyms; ids, left as they are.
FREE_TEXT = {"error_text", "flag", "text"}
IDENTITIES = {"person", "actor", "object_id", "owner"}
OPAQUE = {"message_id", "trace_id", "parent_id", "payload_hash", "value_hash", "status", "kind", "currency", "log_file"}
# Ids that may be made of an address, which may hold a password; that alone is taken out of them.
ADDRESSED = {"message_id", "trace_id", "parent_id"}
# Frames whose rows went over an integration, which is named where the log does not.
OF_INTEGRATIONS = ("messages", "receipts")
SYSTEM_COLUMNS = {"source", "target", "system", "record_system", "copy_system"}


@dataclass(frozen=True)
class Tidy:
    """Canonical frames with copies and clashes taken out, and the account of every file."""

    frames: dict[str, pl.DataFrame]
    sources: pl.DataFrame
    rejected: pl.DataFrame
    warnings: tuple[str, ...]


def given_frame(name: str, frame: Any) -> Parsed:
    """A frame of an analyst as if one file had held it: rows that keep every rule, the others with their reasons.

    Raises MissingColumns or WrongValue when the frame does not fit the schema.
    """
    table = as_polars(frame, name)
    naive = [
        column
        for column, dtype in FRAMES[name].columns.items()
        if dtype == TIME and isinstance(given := table.schema.get(column), pl.Datetime) and given.time_zone is None
    ]
    warnings = [f"times without a zone are read as UTC: {', '.join(naive)}"] if naive else []
    if extra := [column for column in table.columns if column not in FRAMES[name].schema]:
        warnings.append(f"unknown columns of {name} are ignored: {', '.join(extra)}")
    rows = conform(table, name)
    if name == "messages" and (unknown := rows.filter(~pl.col("status").fill_null("").is_in(STATUSES)).height):
        warnings.append(f"messages whose status is not one of {', '.join(STATUSES)} became unknown: {unknown:,}")
    valid, broken = split_valid(rows, name)
    rejected = broken.select(file=pl.lit(name), line="log_line", reason="reason", raw=pl.lit(None, pl.String))
    return Parsed("frame", name, valid, rows.height, rejected.cast(REJECTED), tuple(warnings), name)


def tidied(parsed: list[Parsed], catalog: Catalog, *, show_people: bool) -> Tidy:
    """All that was parsed as one frame per kind: copies once, clashes rejected, spans joined to messages,
    secrets masked, people under pseudonyms, systems by their catalog names, integrations named.
    """
    frames, clashes, copies = {}, [], []
    for name in sorted({part.frame for part in parsed if part.frame is not None}):
        rows, copied = copies_apart([part for part in parsed if part.frame == name], name)
        rows, lesser = without_lesser(rows, name)
        rows, clashing = without_clashes(rows, name)
        frames[name] = rows
        copies += [each.select(file="log_file", frame=pl.lit(name)) for each in (copied, lesser)]
        clashes.append(_as_rejected(clashing, name))
    sentences = [(part.file, sentence) for part in parsed for sentence in part.warnings]
    shown = pl.DataFrame({"text": [sentence for _, sentence in sentences]}, schema={"text": TEXT})
    shown = shown.select(masked(pl.col("text"))).to_series().to_list()
    warnings = [f"{file}: {sentence}" for (file, _), sentence in zip(sentences, shown, strict=True)]
    if "spans" in frames:
        joined = to_messages.with_whole_trace_ids(frames.pop("spans"))
        linked = links(joined)
        warnings += to_messages.span_notes(joined, linked)
        frames["messages"] = pl.concat([*_there(frames), to_messages.messages(joined, linked)])
    if "message_events" in frames:
        lives = message_events.lives(frames.pop("message_events"))
        warnings += lives.notes
        frames["messages"] = pl.concat([*_there(frames), lives.messages])
    frames = {name: with_inventory_names(rows, frames.get("reports")) for name, rows in frames.items()}
    frames = {name: _private(rows, show_people=show_people) for name, rows in frames.items()}
    frames = {name: _named_by_catalog(rows, catalog) for name, rows in frames.items()}
    for name in [each for each in OF_INTEGRATIONS if each in frames]:
        frames[name] = with_integration(frames[name], catalog)
    clashed = pl.concat([no_rejections().with_columns(frame=pl.lit("")), *clashes])
    return Tidy(
        frames,
        with_rows(_accounts(parsed, copies, clashed), frames),
        _masked_rejections(pl.concat([*(part.rejected for part in parsed), clashed.drop("frame")])),
        tuple(dict.fromkeys(warnings)),
    )


def _there(frames: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
    return [frames["messages"]] if "messages" in frames else []


def _as_rejected(clashing: pl.DataFrame, frame: str) -> pl.DataFrame:
    shown = [name for name, dtype in clashing.schema.items() if name not in PLACE and dtype in (TEXT, TIME)]
    raw = pl.struct(shown).struct.json_encode() if clashing.height else pl.lit(None, pl.String)
    return clashing.select(
        file="log_file", line="log_line", reason=pl.lit("conflicting_id"), raw=raw, frame=pl.lit(frame)
    ).cast(REJECTED | {"frame": pl.String})


def _accounts(parsed: list[Parsed], copies: list[pl.DataFrame], clashes: pl.DataFrame) -> pl.DataFrame:
    """One row per file and frame, in the order of reading."""
    rows = pl.DataFrame(
        [
            (part.file, part.format, part.frame, part.rows_in, part.rows_out, part.rejected.height, 0, 0, part.passed)
            if part.frame is not None
            else (part.file, *[None] * (len(SOURCES) - 1))
            for part in parsed
        ],
        schema=SOURCES,
        orient="row",
    )
    on = ["file", "frame"]
    repeated = pl.concat([clashes.select(on).clear(), *copies]).group_by(on).agg(copied=pl.len().cast(pl.Int64))
    clashed = clashes.group_by(on).agg(clashed=pl.len().cast(pl.Int64))
    counts = rows.join(repeated, on=on, how="left", maintain_order="left")
    counts = counts.join(clashed, on=on, how="left", maintain_order="left").with_columns(
        pl.col("copied", "clashed").fill_null(0)
    )
    counts = counts.with_columns(
        # Spans and events are inner forms: what such a file fills is messages.
        pl.col("frame").replace({"spans": "messages", "message_events": "messages"}),
        rows_out=pl.col("rows_out") - pl.col("clashed"),
        rows_rejected=pl.col("rows_rejected") + pl.col("clashed"),
        duplicates=pl.col("duplicates") + pl.col("copied"),
    ).select(list(SOURCES))
    numbers = [name for name, dtype in SOURCES.items() if dtype.is_numeric()]
    summed = counts.group_by("file", "format", "frame", maintain_order=True).agg(pl.col(numbers).sum())
    return summed.with_columns(pl.when(pl.col("frame").is_not_null()).then(pl.col(numbers)))


def with_rows(sources: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`sources` with the rows that each file has in the frames."""
    counts = [
        rows.group_by(file="log_file").agg(rows=pl.len().cast(pl.Int64)).with_columns(frame=pl.lit(name))
        for name, rows in frames.items()
    ]
    present = pl.concat([pl.DataFrame(schema={"file": pl.String, "rows": pl.Int64, "frame": pl.String}), *counts])
    counted = sources.drop("rows").join(present, on=["file", "frame"], how="left", maintain_order="left")
    rows = pl.when(pl.col("frame").is_not_null()).then(pl.col("rows").fill_null(0))
    return counted.with_columns(rows.alias("rows")).select(list(SOURCES))


def _masked_rejections(rejected: pl.DataFrame) -> pl.DataFrame:
    if rejected.is_empty():
        return rejected
    return rejected.with_columns(cut(masked(pl.col("raw")), 200)).sort("file", "line", "reason", nulls_last=True)


def _private(rows: pl.DataFrame, *, show_people: bool) -> pl.DataFrame:
    texts = [name for name, dtype in rows.schema.items() if dtype == TEXT and name not in OPAQUE]
    present = [name for name in texts if rows[name].null_count() < rows.height]
    shielded = [
        masked(pl.col(name)) if name in FREE_TEXT else masked_secrets(pl.col(name))
        for name in present
        if show_people or name not in IDENTITIES
    ]
    shielded += [
        masked_secrets(pl.col(name))
        for name in ADDRESSED & set(rows.columns)
        if rows[name].str.contains("://", literal=True).any()
    ]
    people = [name for name in present if name in IDENTITIES and not show_people]
    if people:
        key = pseudonym_key()
        shielded += [pseudonym(pl.col(name), key) for name in people]
    return rows.with_columns(shielded)


def _named_by_catalog(rows: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    if catalog.systems.is_empty():
        return rows
    aliases = catalog_aliases(catalog)
    if aliases.is_empty():
        return rows
    columns = [name for name in rows.columns if name in SYSTEM_COLUMNS]
    return rows.with_columns(pl.col(columns).replace(aliases["alias"], aliases["system"]))


def with_inventory_names(rows: pl.DataFrame, reports: pl.DataFrame | None) -> pl.DataFrame:
    """`rows` with the names of the inventory `reports` for reports that were logged by one of their ``other_names``.

    One tool calls a report by its id in one export and by its address in another. Another name that two reports have,
    or that is the name of a report, stays as it is.
    """
    if reports is None or "report" not in rows.columns:
        return rows
    others = reports.select("report", other="other_names").explode("other").drop_nulls().unique()
    others = others.filter(pl.col("report").n_unique().over("other") == 1)
    others = others.join(reports, left_on="other", right_on="report", how="anti")
    return rows.with_columns(pl.col("report").replace(others["other"], others["report"])) if others.height else rows


def with_integration(messages: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """`messages` or receipts, the integration named by the catalog's (source, target), else "source > target".

    It stays null only where a receiver's log names no source or target.
    """
    edge = pl.format("{} > {}", "source", "target")
    if catalog.integrations.is_empty():
        return messages.with_columns(integration=pl.coalesce("integration", edge))
    declared = catalog.integrations.select("source", "target", declared="integration").drop_nulls()
    declared = declared.unique(["source", "target"], keep="first", maintain_order=True)
    return (
        messages.join(declared, on=["source", "target"], how="left", maintain_order="left")
        .with_columns(integration=pl.coalesce("integration", "declared", edge))
        .drop("declared")
    )


def without_made_names(messages: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """`messages` with null again for the integrations that ``with_integration`` named after this catalog."""
    anew = with_integration(messages.with_columns(integration=pl.lit(None, TEXT)), catalog)["integration"]
    return messages.with_columns(integration=pl.when(pl.col("integration") != anew).then("integration"))
