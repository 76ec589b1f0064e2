"""What must be up for the business to get through: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility import dependence, uptime
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def systems(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system, single points first: what stops without it, and how often it did its work itself.

    ``single_point``: some capability gets through only where this system works; null when no capability could be
    judged. ``availability`` = 1 - own errors / ended messages at the system, with the interval Beta(up + 1, down +
    1), null where fewer than `min_messages` ended; errors passed on from elsewhere are not its own. ``importance``
    and ``value_per_hour`` are not computed yet.

    >>> seen = "system", "single_point", pl.col("availability").round(4), "own_errors"
    >>> ih.dependency_fragility.systems(evidence).select(seen).head(2).rows()
    [('ERP', True, 0.9749, 434), ('Financial system', True, 0.984, 98)]

    Columns: system (text); single_point (flag); importance (number); availability, low, high (number, share);
    value_per_hour (number, catalog's currency); messages, ended, own_errors (count); capabilities (list of text)
    """
    return uptime.systems(
        uptime.system_facts(evidence.caused),
        capabilities(evidence, min_messages=min_messages),
        min_messages=min_messages,
    )


@question
def capabilities(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per capability, the busiest first: what it depends on, and how often it came through.

    Capabilities are those of the catalog, and without any those that the traffic shows: an entry and a goal that at
    least 5% of the traces of an object type join. ``single_points`` are the systems on every way from entry to goal
    (dominators) and those that answered in nearly every trace; ``cut`` is one smallest set of systems that separates
    the two, null where no way is seen; ``fragile``: the cut is one system. ``availability``: of the traces that begin
    as its own do the share that reached the goal, null under `min_messages` of them.

    >>> seen = "capability", "fragile", "cut", "traces"
    >>> ih.dependency_fragility.capabilities(evidence).select(seen).head(2).rows()
    [('order to cash', True, ['Financial system'], 2178)]

    Columns: capability (text); availability, low, high (number, share); cut (list of text); fragile (flag);
    single_points (list of text); entry, goal (text); object_types (list of text); traces, completed, lost, undecided
    (count)
    """
    return dependence.capabilities(
        evidence.caused, catalog=evidence.catalog, dependencies=evidence.dependencies, min_messages=min_messages
    )


@question
def edges(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per edge, by source and target; work inside a system is none.

    ``error_share`` = failed / ended, null where fewer than `min_messages` ended.

    >>> ih.dependency_fragility.edges(evidence).head(2).rows()
    [('BI', 'Planning', 300, 300, 0, 0.0), ('Bank', 'ERP', 180, 166, 4, 0.024096385542168676)]

    Columns: source, target (text); messages, ended, failed (count); error_share (number, share)
    """
    return uptime.edges(uptime.edge_facts(evidence.caused), min_messages=min_messages)
