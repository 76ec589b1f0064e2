"""How far errors spread along the links between messages: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.spreading import blast_radius as radius
from integrhealth.analyses.error_propagation.spreading import cascade_steps as replay
from integrhealth.analyses.error_propagation.spreading import cascades as trees
from integrhealth.analyses.error_propagation.spreading import spread as rates
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

# The worst cascades that are shown message by message.
SHOWN_CASCADES = 3


@question
def _links(evidence: "Evidence") -> pl.DataFrame:
    return rates.link_facts(evidence.caused)


@question
def _cascades(evidence: "Evidence") -> pl.DataFrame:
    """The table ``cascades`` plus ``failed_causes``, by which messages weigh in the reproduction number."""
    return trees.cascade_facts(evidence.caused, evidence.incident_events)


@question
def spread(evidence: "Evidence") -> pl.DataFrame:
    """One row, the whole: how many errors one error causes, with its 95% interval, and how much of it links show.

    Reproduction number = failed messages that a failed message caused / failed messages, each weighing for causes
    that are not in the data (share of parents that are, ``link_coverage``). Which of two messages is the cause is the
    rule of CRISP (Zhang et al., USENIX ATC 2022), turned round for what is sent away; an attempt that a later one
    replaced is no cause. Verdicts: contained (below 0.3), spreading, runaway risk (above 0.7), runaway (1, where
    ``mean_cascade`` is null); "no links" where no parent is in the data; "not enough data" under 30 roots, where the
    counts stay.

    >>> ih.error_propagation.spread(evidence).select("roots", "failed", "caused", "verdict").row(0)
    (1274, 2472, 1198, 'spreading')

    Columns: reproduction, low, high (number, errors per error); mean_cascade (number, messages); roots (count);
    link_coverage (number, share of parents named); verdict (text); failed, caused (count); at_most (flag, the
    correction is an upper bound); loops (count, links cut)
    """
    return rates.spread(_cascades(evidence), _links(evidence))


@question
def spread_by_integration(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration, the one that caused most first: how many errors one error there causes, anywhere.

    ``caused``: failed messages whose first failed cause is a failure of this integration; ``reproduction`` = caused,
    each weighing as in ``spread``, / failed. It may exceed 1. The interval is that of a ratio over cascades (Cochran,
    Sampling Techniques 1977, 6.3). Verdicts as in ``spread``; "not enough data" under 30 cascades.

    >>> ih.error_propagation.spread_by_integration(evidence).select("integration", "failed", "caused").head(2).rows()
    [('shop-orders', 207, 287), ('wms-orders', 147, 267)]

    Columns: integration (text); messages, ended, failed, roots, cascades, caused (count); reproduction, low, high
    (number, errors per error); verdict (text)
    """
    facts, cascades = rates.integration_facts(evidence.caused), rates.integration_cascades(evidence.caused)
    return rates.spread_by_integration(facts, cascades, _links(evidence))


@question
def cascades(evidence: "Evidence") -> pl.DataFrame:
    """One row per cascade, the largest first: a root error and every message that failed because of it.

    Every failed message is in exactly one cascade, that of the failed cause that ended first; a lone error is a
    cascade of one. ``spread_ms`` runs from the root's end to the last end, null where an end is unknown;
    ``systems_before_detection`` are those that had failed when the first incident about it was opened: one that names
    an object of the cascade, or names none and came on one of its integrations within a day. Null when none was.

    >>> ih.error_propagation.cascades(evidence).select("root_system", "messages", "systems", "depth").head(2).rows()
    [('Carrier', 14, 9, 4), ('Carrier', 12, 9, 4)]

    Columns: root_id, trace_id, root_system, error_code (text); started_at (time, UTC); messages, systems (count);
    depth (count, links below the root); spread_ms (number, ms); amount (number, as logged); links_per_minute (number,
    links per minute); systems_before_detection (count)
    """
    return _cascades(evidence).drop("failed_causes")


@question
def systems(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system that had work to do, most errors first: where errors begin, pass and stop.

    Own error: failed, and no cause failed; passed on: failed, and a cause failed; stopped: ok although a cause failed
    (CRISP, Zhang et al., USENIX ATC 2022). ``stopping_power`` = stopped / (stopped + passed on) with its Wilson
    interval, null where fewer than `min_messages` errors of others reached the system. Of the stopped,
    ``saved_by_retry`` had a later attempt delivered, ``swallowed`` had neither that nor a fallback.

    >>> ih.error_propagation.systems(evidence).select("system", "own_errors", "passed_on", "stopped").head(2).rows()
    [('ERP', 434, 335, 41), ('Tracking', 406, 30, 34)]

    Columns: system (text); messages, own_errors, passed_on, stopped (count); stopping_power (number, share); ended,
    swallowed, saved_by_retry, reached (count); stopping_low, stopping_high (number, share)
    """
    return rates.systems(rates.system_facts(evidence.caused), min_messages=min_messages)


@question
def edges(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source and target, most failures first: what each failure there caused elsewhere.

    ``caused_per_error`` = failed messages whose first failed cause lies on this edge / failed messages of the edge,
    null without failures; its interval is that of a ratio over cascades (Cochran, Sampling Techniques 1977, 6.3),
    null under `min_messages` failures. ``error_share`` = failed / ended, null under `min_messages` ended.

    >>> ih.error_propagation.edges(evidence).select("source", "target", "failed", "caused").head(2).rows()
    [('Carrier', 'Tracking', 436, 44), ('WMS', 'ERP', 307, 145)]

    Columns: source, target (text); messages, failed (count); caused_per_error, low, high (number, errors per error);
    ended, caused (count); error_share (number, share)
    """
    return rates.edges(rates.edge_facts(evidence.caused), min_messages=min_messages)


@question
def survival(evidence: "Evidence") -> pl.DataFrame:
    """One row per cascade size that occurs, the smallest first: how many cascades are at least that large.

    >>> ih.error_propagation.survival(evidence).select("messages", "at_least").head(3).rows()
    [(1, 1274), (2, 348), (3, 270)]

    Columns: messages, at_least (count); share (number, share of all cascades)
    """
    return trees.survival(_cascades(evidence))


@question
def reach(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per number of systems: the cascades that hit so many, and how long after the root failed they did.

    A system is hit when the first message to it has failed; the root's own system is the first. ``timed`` are the
    cascades of which every end is known. Median and interval (order statistics) are null under `min_messages` timed.

    >>> ih.error_propagation.reach(evidence).select("systems", "cascades", "timed").head(3).rows()
    [(1, 1274, 1274), (2, 348, 348), (3, 254, 254)]

    Columns: systems, cascades, timed (count); median_ms, low_ms, high_ms (number, ms)
    """
    return trees.reach(trees.reach_facts(evidence.caused), min_messages=min_messages)


@question
def cascade_steps(evidence: "Evidence", *, top: int = SHOWN_CASCADES) -> pl.DataFrame:
    """One row per message of the `top` worst cascades, in the order in which they ended: what failed, and what held.

    Worst is the cascade with most systems, then messages, then amount. A message with status ok is where the cascade
    stopped. ``cause_step`` is the step of the failed cause that ended first, null for the root; times count from the
    moment when the root was sent and are negative for a caller that had been waiting already.

    >>> steps = ih.error_propagation.cascade_steps(evidence, top=1)
    >>> steps.select("step", "cause_step", "target", "status").head(3).rows()
    [(1, None, 'Carrier', 'timeout'), (2, 1, 'WMS', 'failed'), (3, 2, 'ERP', 'failed')]

    Columns: cascade (count); root_id (text); step, cause_step (count); at_ms, ended_ms (number, ms); depth (count,
    links below the root); source, target, integration, operation, status, error_code, message_id, log_file (text);
    log_line (count)
    """
    return replay.cascade_steps(evidence.caused, _cascades(evidence), top=top)


@question
def blast_radius(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system that failed, the widest first: how many systems one error there hits, expected and observed.

    Expected is bond percolation (Broadbent and Hammersley 1957): every link between two systems opens with the share
    of errors at the one that made the other fail, whatever other links do. Observed is the mean of the cascades that
    began there. Null under `min_messages` errors, or roots, and where no message names a parent; expected also beyond
    the 64 systems with most errors.

    >>> ih.error_propagation.blast_radius(evidence).select("system", "errors", "roots").head(2).rows()
    [('Carrier', 74, 74), ('WMS', 173, 109)]

    Columns: system (text); errors, roots (count); expected_systems, low, high, observed_systems (number, systems per
    error); expected_objects_per_hour (number, objects per hour); expected_amount_per_hour (number, as logged per
    hour); observed_amount (number, as logged)
    """
    return radius.blast_radius(evidence.caused, _cascades(evidence), min_messages=min_messages)
