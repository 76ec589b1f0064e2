"""What must be up for the business to get through, how often it is, and what each system takes from it."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility import dependence, structure, uptime
from integrhealth.analyses.dependency_fragility.availability import composition, ways
from integrhealth.analyses.dependency_fragility.suppositions import suppositions
from integrhealth.language.questions import question
from integrhealth.language.schema import is_business
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

CAME_THROUGH = ("came_through", "came_through_low", "came_through_high")
# Systems that a capability names as its weakest parts.
MOST_WEAK = 3


@question
def systems(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system, single points first: what stops without it, how often it worked, what its errors cost.

    ``single_point``: some capability gets through only where this system works; null when no capability could be
    judged. ``availability`` = 1 - own errors / ended messages at the system, with the interval Beta(up + 1, down +
    1), null where fewer than `min_messages` ended; errors passed on from elsewhere are not its own. ``importance``
    (Birnbaum 1969): how much likelier a capability gets through while the system is up than while it is down, the most
    of any capability. ``value_per_hour``: what its own errors can be expected to cost in an hour, over all capabilities
    whose value the catalog knows.

    >>> seen = "system", "single_point", pl.col("availability").round(4), "own_errors"
    >>> ih.dependency_fragility.systems(evidence).select(seen).head(2).rows()
    [('ERP', True, 0.9749, 434), ('Financial system', True, 0.984, 98)]

    Columns: system (text); single_point (flag); importance (number, share); availability, low, high (number, share);
    value_per_hour, value_low, value_high (number, catalog's currency); messages, ended, own_errors (count);
    capabilities (list of text)
    """
    facts = evidence.once(_facts)
    if evidence.messages.is_empty():
        facts = pl.concat([facts, uptime.unmeasured(evidence.dependencies)])
    return uptime.systems(
        facts,
        capabilities(evidence, min_messages=min_messages),
        parts(evidence, min_messages=min_messages),
        min_messages=min_messages,
        supposed=suppositions(evidence.catalog.supposed),
    )


@question
def capabilities(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per capability, the busiest first: what it depends on, how often it gets through, how often it came.

    Capabilities are those of the catalog, and without any those that the traffic shows: an entry and a goal that at
    least 5% of the traces of an object type join. ``availability`` is composed of that of the systems: what a trace
    used together is all needed, what other traces of the same operation used instead is an alternative; every state
    of the systems is counted, each system once (``method`` "enumerated"), above 20 systems drawn ("simulated", with
    its ``standard_error``). ``weakest`` are the systems of most importance for it. ``came_through`` is what was seen:
    of the traces that begin as its own do the share that reached the goal. Both are null under `min_messages` traces,
    and of a landscape that is supposed nothing was seen.
    ``single_points`` are the systems on every way from entry to goal (dominators) and those that answered in nearly
    every trace; ``cut`` is one smallest set of systems that separates the two, null where no way is seen; ``fragile``:
    the cut is one system. ``oldest_test_days`` is the age of the oldest fallback test on which that rests.

    >>> seen = "capability", "fragile", "cut", "traces", "method"
    >>> ih.dependency_fragility.capabilities(evidence).select(seen).head(2).rows()
    [('order to cash', True, ['Financial system'], 2178, 'enumerated')]

    Columns: capability (text); availability, low, high (number, share); cut (list of text); fragile (flag);
    single_points (list of text); oldest_test_days (count); entry, goal (text); object_types (list of text);
    traces (count); came_through, came_through_low, came_through_high (number, share); completed, lost, undecided
    (count); method (text); standard_error (number, share); needed_systems (count); weakest (list of text)
    """
    rates, of_systems = evidence.once(_composed)
    rows = dependence.capabilities(evidence.once(_asked), min_messages=min_messages)
    often = enough(pl.col("traces"), min_messages)
    seen = pl.lit(evidence.catalog.supposed.is_empty())
    rated = [column for column in composition.RATES if column != "capability"]
    needed = of_systems.filter(pl.col("importance") > 0).sort("importance", "system", descending=[True, False])
    weakest = needed.group_by("capability", maintain_order=True).agg(weakest=pl.col("system").head(MOST_WEAK))
    whole = rows.join(rates, on="capability", how="left", maintain_order="left").join(
        weakest, on="capability", how="left", maintain_order="left"
    )
    none = pl.lit([], pl.List(pl.String))
    kept = whole.with_columns(
        pl.when(often).then(pl.col(*rated)).name.keep(),
        pl.when(seen).then(pl.col(*CAME_THROUGH)).name.keep(),
        weakest=pl.when(often & pl.col("method").is_not_null()).then(pl.col("weakest").fill_null(none)),
    )
    published = ("capability", "availability", "low", "high")
    return kept.select(*published, *(column for column in kept.columns if column not in published))


@question
def parts(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per capability and system that it may need, by capability, the most important first.

    ``importance`` (Birnbaum 1969) = P(gets through | system up) - P(gets through | system down). ``lost_share`` =
    importance x (1 - availability of the system): the share of the capability that its own errors take;
    ``value_per_hour`` is that times the capability's hourly value in the catalog, null without one. Capabilities with
    fewer than `min_messages` traces have no rows; a system at which fewer ended has no ``lost_share``.

    >>> seen = "system", pl.col("importance").round(2), pl.col("value_per_hour").round(0)
    >>> ih.dependency_fragility.parts(evidence).select(seen).head(2).rows()
    [('WMS', 0.95, 143.0), ('ERP', 0.95, 129.0)]

    Columns: capability, system (text); importance, importance_low, importance_high, lost_share, lost_low, lost_high
    (number, share); value_per_hour, value_low, value_high (number, catalog's currency)
    """
    _, of_systems = evidence.once(_composed)
    traces = capabilities(evidence, min_messages=min_messages).filter(enough(pl.col("traces"), min_messages))
    sampled = evidence.once(_facts).filter(enough(pl.col("ended"), min_messages))["system"].to_list()
    rated = {*sampled, *suppositions(evidence.catalog.supposed).removed}
    worth = evidence.catalog.capabilities.select("capability", worth="value_per_hour").unique("capability")
    lost = pl.col("lost_share", "lost_low", "lost_high")
    priced = {"value_per_hour": "lost_share", "value_low": "lost_low", "value_high": "lost_high"}
    return (
        of_systems.join(traces.select("capability"), on="capability", how="semi")
        .join(worth, on="capability", how="left")
        .with_columns(pl.when(pl.col("system").is_in(sorted(rated))).then(lost).name.keep())
        .with_columns(pl.col(share).mul(pl.col("worth")).alias(value) for value, share in priced.items())
        .drop("worth")
        .sort("capability", "importance", "system", descending=[False, True, False])
    )


@question
def fallbacks(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration of the catalog with a fallback: when it was tested, and whether that counts.

    ``age_days`` lies between the test and the last message. ``verdict``: "fresh" (within 90 days) and "old" (within
    365) count; "expired", "untested" and "later" (after the last message, so planned or made since) count as none.

    >>> ih.dependency_fragility.fallbacks(evidence).select("integration", "fallback", "verdict").rows()
    [('bank-statements', 'manual', 'untested'), ('wms-orders', 'manual', 'untested')]

    Columns: integration, source, target, fallback (text); tested_on (date); age_days (count); verdict (text)
    """
    last = dependence.last_sent_at(evidence.messages)
    return structure.fallback_tests(evidence.catalog.integrations, last_sent_at=last)


def _facts(evidence: "Evidence") -> pl.DataFrame:
    return uptime.system_facts(evidence.caused.filter(is_business()))


def _asked(evidence: "Evidence") -> dependence.Asked:
    return dependence.asked(evidence.caused, catalog=evidence.catalog, dependencies=evidence.dependencies)


def _composed(evidence: "Evidence") -> tuple[pl.DataFrame, pl.DataFrame]:
    asked = evidence.once(_asked)
    taken = ways.way_facts(asked.flows, asked.steps, asked.journeys)
    supposed = suppositions(evidence.catalog.supposed)
    return composition.composed(taken, asked.questions, asked.judged, evidence.once(_facts), supposed=supposed)
