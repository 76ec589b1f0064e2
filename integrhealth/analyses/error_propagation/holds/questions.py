"""Where a pause would have paid, and what pauses caught: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.holds import checkpoints as caught
from integrhealth.analyses.error_propagation.holds.friction import friction_and_costs
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _replayed(evidence: "Evidence", *, min_messages: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    return friction_and_costs(
        evidence.caused,
        evidence.bad_entries,
        evidence.entry_steps,
        checkpoints(evidence, min_messages=min_messages),
        evidence.catalog.integrations,
        min_messages=min_messages,
    )


@question
def friction(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration that delivered messages, most money first: the best hold of its messages, and what for.

    Every hold from none to a day, in whole minutes, is replayed over the real errors of the period: it costs
    delay_cost_per_hour x hours x messages, and spares the records that a wrong value had not reached before somebody
    detected it, without its release. ``net`` = ``saved`` - ``delay_cost`` at the best hold; the intervals draw the
    entries anew (bootstrap with Poisson weights). Money is in the catalog's currency, null where it names no costs.

    Verdicts: hold (``net_low`` above 0), approval (a checkpoint here saves more than any hold), instant, "a hold cannot
    help" (none spares a record), "not enough data" (under `min_messages` messages or 10 bad entries, or no costs).

    >>> table = ih.error_propagation.friction(evidence)
    >>> table.select("integration", "best_hold_minutes", pl.col("net").round(2), "verdict").head(2).rows()
    [('price-changes', 97.0, 5289.42, 'hold'), ('wms-carrier', 0.0, 0.0, 'a hold cannot help')]

    Columns: integration (text); best_hold_minutes (number, minutes); saved, delay_cost, net, break_even_error_cost
    (number, money); verdict (text); messages, bad_entries, wrong_entries (count); bad_share, bad_low, bad_high,
    first_share, needs_release_share (number, share); mean_cascade (number, records per entry); objects_touched (count);
    detected_60_minutes (number, share); saved_60_minutes, net_60_minutes (number, money); best_low_minutes,
    best_high_minutes (number, minutes); net_low, net_high (number, money); break_even_delay_hours (number, hours);
    checkpoint (text); checkpoint_net, checkpoint_net_high, hold_instead_net (number, money)
    """
    return _replayed(evidence, min_messages=min_messages)[0]


@question
def hold_costs(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration and hold: 22 holds from none to a day, and the best one.

    ``total_cost`` = ``delay_cost`` + ``errors_left``, its interval with the entries drawn anew. ``expected_cost`` is
    the textbook cost for comparison, messages x (c h + p C (1 - F(h))), F being ``detected_share`` (Kaplan and Meier
    1958). Money is null where the catalog names no costs, and ``best`` where no hold was judged.

    >>> best = ih.error_propagation.hold_costs(evidence).filter("best", pl.col("net") > 0)
    >>> best.select("integration", "minutes", "entries_caught", pl.col("net").round(2)).rows()
    [('price-changes', 97, 67, 5289.42)]

    Columns: integration (text); minutes (count); best (flag); entries_caught, records_spared (count); objects_spared
    (number, objects); detected_share (number, share); saved, delay_cost, net, errors_left, total_cost, total_low,
    total_high, expected_cost (number, money)
    """
    return _replayed(evidence, min_messages=min_messages)[1]


@question
def checkpoints(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per checkpoint that held something, that messages name, or that the catalog declares; by name.

    ``catch_rate`` = bad held / all bad of its population (null under 10 bad), ``stopped_share`` the same without those
    that were approved, ``false_hold_rate`` = held and not bad / held, ``rubber_stamp_share`` = approvals in under 10 s
    / approvals; intervals are Wilson's (1927), rates null under `min_messages`. A message is bad when its checkpoint
    says so, else when another one does, else when its object was a bad entry at the time.

    >>> table = ih.error_propagation.checkpoints(evidence)
    >>> table.select("checkpoint", "held", "bad_held", "catch_rate", "stopped_share").rows()
    [('account-approval', 319, 49, 1.0, 0.0)]

    Columns: checkpoint (text); held, bad_held, bad_total (count); catch_rate, false_hold_rate (number, share);
    median_hold_minutes (number, minutes); rubber_stamp_share (number, share); integration (text); messages (count);
    catch_low, catch_high, stopped_share, stopped_low, stopped_high, false_low, false_high, rubber_low, rubber_high
    (number, share); approvals, rubber_stamps, bad_approved, undecided, still_held (count)
    """
    return caught.checkpoints(
        evidence.messages,
        evidence.holds,
        evidence.bad_entries,
        evidence.catalog.checkpoints,
        min_messages=min_messages,
    )
