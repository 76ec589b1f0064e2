"""Wrong values that travelled with status ok: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.wrong_values import amendments as amended
from integrhealth.analyses.error_propagation.wrong_values import contamination as exposed
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _wrong(evidence: "Evidence") -> pl.DataFrame:
    return exposed.wrong_entries(evidence.bad_entries)


@question
def _taken(evidence: "Evidence") -> pl.DataFrame:
    return exposed.steps_before_detection(_wrong(evidence), evidence.entry_steps)


@question
def _exposures(evidence: "Evidence") -> pl.DataFrame:
    return exposed.system_exposures(_wrong(evidence), _taken(evidence))


@question
def contamination(evidence: "Evidence") -> pl.DataFrame:
    """One row per wrong value, most systems first, then most records, then longest held.

    A record was wrong when a person corrected or reversed it, a later system rejected it, or a checkpoint stopped it,
    at most 30 days after it was entered; until then it travels with status ok. A plain failure says nothing of the
    content and is left out, and so is what people only amended (``amendments``). ``held_minutes`` run from entry to
    detection, ``systems`` held it before the detection, the origin included, and ``reached`` has them in the order in
    which it came to them. ``detection`` is null for a value that a checkpoint let through although it was bad: nobody
    has detected it.

    >>> table = ih.error_propagation.contamination(evidence)
    >>> table.select("origin", "detection", "systems", pl.col("held_minutes").round(1)).head(2).rows()
    [('ERP', 'corrected', 5, 162.4), ('ERP', 'corrected', 5, 99.8)]

    Columns: object_type, object_id, element, origin (text); entered_at, detected_at (time, UTC); detection,
    detected_in (text); needs_release (flag); held_minutes (number, minutes); systems, records (count); reached (list of
    text); amount (number, as logged); entry, objects (count); message_id, first_integration (text)
    """
    return exposed.contamination(_wrong(evidence), _taken(evidence), _exposures(evidence))


@question
def contaminated_systems(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system that held a wrong value before it was detected, most of them first.

    ``entered`` of its ``entries`` were entered there. ``median_minutes`` is for how long it held one, with the order
    statistics that enclose it (Conover 1999, 3.2); null under `min_messages` ``timed`` ones, those with a known end.

    >>> table = ih.error_propagation.contaminated_systems(evidence)
    >>> table.select("system", "entries", "entered", pl.col("median_minutes").round(1)).head(2).rows()
    [('ERP', 172, 72, 71.4), ('Webshop', 118, 0, 33.7)]

    Columns: system (text); entries, entered, timed (count); median_minutes, low, high (number, minutes);
    hours_before_detection (number, hours); amount (number, as logged)
    """
    return exposed.contaminated_systems(_wrong(evidence), _exposures(evidence), min_messages=min_messages)


@question
def contaminated_edges(evidence: "Evidence") -> pl.DataFrame:
    """One row per edge (source -> target) that carried wrong values before their detection, most of them first.

    >>> ih.error_propagation.contaminated_edges(evidence).head(2).rows()
    [('ERP', 'Webshop', 118, 118), ('WMS', 'ERP', 51, 51)]

    Columns: source, target (text); entries, messages (count)
    """
    return exposed.contaminated_edges(_taken(evidence))


@question
def contamination_exposures(evidence: "Evidence") -> pl.DataFrame:
    """One row per system that held the worst wrong value of an origin, for three origins; in the order reached.

    An exposure is the time for which one system held the value: from its arrival to the correction there, else to the
    detection, in minutes since the entry. ``place`` is 0 for the origin. Values that never left it are left out.

    >>> table = ih.error_propagation.contamination_exposures(evidence)
    >>> table.select("entry", "place", "system", "origin").head(2).rows()
    [(41, 0, 'ERP', True), (41, 1, 'Webshop', False)]

    Columns: entry, place (count); system (text); origin (flag); from_minutes, until_minutes, detection_minutes (number,
    minutes since the entry)
    """
    return exposed.worst_exposures(contamination(evidence), _exposures(evidence))


@question
def amendments(evidence: "Evidence") -> pl.DataFrame:
    """One row per element and system in which people changed values, most amendments first.

    A change is a person's direct write over another value. It is one of the ``corrections`` where something says that
    what it replaced was wrong: a reason or a message marks it as a correction, the record was rejected, stopped at a
    checkpoint or named by an incident before, the catalog says that people do not amend the element, no other system
    held the value, or it was taken back. All others are ``amendments``: business, of ``objects`` distinct entities.

    >>> ih.error_propagation.amendments(evidence).head(2).rows()
    [('article.stock', 'WMS', 69, 51, 18, 18), ('article.price', 'ERP', 84, 72, 12, 12)]

    Columns: element, system (text); changes, corrections, amendments, objects (count)
    """
    return amended.amendments(evidence.changes_by_persons)
