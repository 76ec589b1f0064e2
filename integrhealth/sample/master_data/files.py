"""The frames of the master data, in canonical columns: messages, field_changes, holds."""

from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.master_data.changes import Entries, Fed, Sent, checkpoint_of, reloaded
from integrhealth.sample.season import DAY_US

# Versions of an object's value: entered, corrected, and both once more; one written by the nightly job.
ENTERED, CORRECTED, RELOADED = 1, 2, 9
CLERKS = 7


def message_rows(fed: list[Fed]) -> pl.DataFrame:
    """One row per message, by time sent; one that a checkpoint turned down is cancelled and was not received."""
    rows = [
        _messages(each.entries, sent, place, version)
        for each in fed
        for sent, version in ((each.first, ENTERED), (each.correction, CORRECTED))
        for place in range(len(each.entries.feed.edges))
    ]
    return pl.concat(rows).sort("sent_at", "message_id")


def change_rows(fed: list[Fed]) -> pl.DataFrame:
    """One row per value seen in a system, by time: written there by a person or a job, or brought by a message."""
    rows = []
    for each in fed:
        entries, entered_us = each.entries, each.entries.entered_us
        everyone, again = np.ones_like(entries.wrong), reloaded(entries)
        rows += [
            _written(entries, everyone, entered_us, ENTERED, by="person"),
            _written(entries, entries.wrong, entries.corrected_us, CORRECTED, by="person"),
            # In the small hours two days later.
            _written(entries, again, entered_us // DAY_US * DAY_US + 2 * DAY_US + 7_200_000_000, RELOADED, by="system"),
        ]
        for sent, version in ((each.first, ENTERED), (each.correction, CORRECTED)):
            rows += [_arrived(entries, sent, place, version) for place in range(len(entries.feed.edges))]
    return pl.concat(rows).sort("at", "entity", "system")


def hold_rows(fed: list[Fed]) -> pl.DataFrame:
    """One row per message that waited at a checkpoint, by time. A stamped one leaves open whether it was bad."""
    holds = []
    for each in fed:
        entries, point = each.entries, checkpoint_of(each.entries.feed, each.entries.company)
        if point is None:
            continue
        for sent, version in ((each.first, ENTERED), (each.correction, CORRECTED)):
            chosen = sent.held & sent.there[0]
            caught = entries.caught[chosen] & (version == ENTERED)
            was_bad = pl.Series(caught) if not point.stamped else pl.Series([None] * caught.size, dtype=pl.Boolean)
            rows = _ids(entries, chosen, version).select(
                checkpoint=pl.lit(point.name),
                message_id=pl.format("{}.1", "value"),
                held_at=_time(sent.sent_us[0][chosen]),
                released_at=_time(sent.released_us[chosen]),
                decision=pl.Series(np.where(caught, "rejected", "released")),
                was_bad=was_bad,
            )
            holds.append(rows)
    return pl.concat(holds).sort("held_at", "message_id")


def _messages(entries: Entries, sent: Sent, place: int, version: int) -> pl.DataFrame:
    feed, edge = entries.feed, entries.feed.edges[place]
    made, chosen = edge.integration, sent.there[place]
    point = checkpoint_of(feed, entries.company)
    ids = _ids(entries, chosen, version)
    caught = pl.Series(entries.caught[chosen] & (version == ENTERED))
    held = pl.Series(sent.held[chosen] & (place == 0))
    return ids.select(
        message_id=pl.format("{}.{}", "value", pl.lit(place + 1)),
        trace_id="value",
        parent_id=pl.format("{}.{}", "value", pl.lit(edge.after + 1)) if edge.after >= 0 else pl.lit(None, pl.String),
        integration=pl.lit(made.name),
        source=pl.lit(made.source),
        target=pl.lit(made.target),
        operation=pl.lit(f"{made.object_type}.changed"),
        kind=pl.lit(made.kind(entries.company)),
        object_type=pl.lit(made.object_type),
        object_id="object_id",
        sent_at=_time(sent.sent_us[place][chosen]),
        received_at=pl.when(~caught).then(_time(sent.received_us[place][chosen])),
        finished_at=pl.when(~caught).then(_time(sent.finished_us[place][chosen])),
        answered_at=_time(sent.answered_us[place][chosen]),
        status=pl.when(caught).then(pl.lit("cancelled")).otherwise(pl.lit("ok")),
        payload_hash="value_hash",
        checkpoint=pl.when(held).then(pl.lit(point.name if point else None, pl.String)),
    )


def _written(entries: Entries, chosen: NDArray, at_us: NDArray, version: int, *, by: str) -> pl.DataFrame:
    """Values written in the system of origin."""
    feed = entries.feed
    clerk = pl.format("{}-{}", pl.lit(feed.clerk), pl.col("number") % CLERKS + 1)
    return _ids(entries, chosen, version).select(
        element=pl.lit(feed.element),
        entity="object_id",
        system=pl.lit(feed.origin),
        value_hash="value_hash",
        at=_time(at_us[chosen]),
        actor=clerk if by == "person" else pl.lit("nightly-load"),
        actor_type=pl.lit(by),
        message_id=pl.lit(None, pl.String),
    )


def _arrived(entries: Entries, sent: Sent, place: int, version: int) -> pl.DataFrame:
    """Values that a message brought to its target."""
    made = entries.feed.edges[place].integration
    chosen = sent.there[place] & ~(entries.caught & (version == ENTERED))
    return _ids(entries, chosen, version).select(
        element=pl.lit(entries.feed.element),
        entity="object_id",
        system=pl.lit(made.target),
        value_hash="value_hash",
        at=_time(sent.finished_us[place][chosen]),
        actor=pl.lit(made.name),
        actor_type=pl.lit("system"),
        message_id=pl.format("{}.{}", "value", pl.lit(place + 1)),
    )


def _ids(entries: Entries, chosen: NDArray, version: int) -> pl.DataFrame:
    """number, object_id, value (the object with its version) and value_hash of the chosen entries."""
    number, versions = entries.number[chosen], version + 2 * entries.again[chosen]
    mixed = (crc32(entries.feed.name.encode()) + number * 2_654_435_761 + versions * 2_246_822_519) % 2**32
    ids = pl.DataFrame({"number": number, "version": versions, "value_hash": np.char.mod("%08x", mixed)})
    object_id = pl.format("{}{}", pl.lit(entries.feed.prefix), pl.col("number") + 100_000)
    return ids.with_columns(object_id=object_id).with_columns(value=pl.format("{}-{}", "object_id", "version"))


def _time(microseconds: NDArray) -> pl.Expr:
    return pl.lit(pl.from_epoch(pl.Series(microseconds), time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
