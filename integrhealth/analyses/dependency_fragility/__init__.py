"""Dependency fragility: what must be up for the business to get through, and how often it is (methods A7)."""

from typing import Any

import polars as pl

from integrhealth.analyses.dependency_fragility import flows as asking
from integrhealth.analyses.dependency_fragility import structure as paths
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.language.findings import findings, ranked, severity, written
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.schema import is_ended, is_failed
from integrhealth.language.statistics import beta_interval
from integrhealth.language.thresholds import (
    BROKEN_AVAILABILITY,
    CRITICAL_DEPENDENCY_AVAILABILITY,
    MIN_MESSAGES,
    PROMISED_AVAILABILITY,
)
from integrhealth.traces import links

REPORT = "dependency_fragility"
ENDS = ("entry", "goal")
# Capabilities named in one sentence; the rest are counted.
NAMED = 3
NOTES = {
    "outages": "The outage drill is not computed yet: it will need incidents, queue limits and manual rates.",
    "coupling": "Coupling is not computed yet: it will need outages of one system seen in the traffic of its callers.",
    "levels": "The hierarchy gate is not computed yet: it will need levels, owners and SLOs in the catalog.",
}
NO_CAPABILITY = (
    "No path from an entry to a goal was found: it takes messages that share a trace_id (or name a parent_id), "
    "or a dependencies file together with capabilities in the catalog."
)
NO_MESSAGES = (
    "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages; "
    "or a dependencies file together with capabilities in the catalog"
)


def system_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per system of CAUSED (from links.with_causes): messages, ended and own_errors at it, as the target.

    A system that only sends is there with zeros.
    """
    at_target = caused.group_by(system="target").agg(
        messages=pl.len().cast(pl.Int64),
        ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
        own_errors=pl.col("own_error").sum().cast(pl.Int64),
    )
    senders = caused.select(system="source").unique()
    counts = pl.col("messages", "ended", "own_errors").fill_null(0)
    return at_target.join(senders, on="system", how="full", coalesce=True).with_columns(counts).sort("system")


def edge_facts(linked: pl.DataFrame) -> pl.DataFrame:
    """One row per hop (source, target; not work inside a system): messages, ended, failed."""
    hops = linked.filter(pl.col("source") != pl.col("target"))
    counted = hops.group_by("source", "target").agg(
        messages=pl.len().cast(pl.Int64),
        ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
        failed=is_failed(pl.col("status")).sum().cast(pl.Int64),
    )
    return counted.sort("source", "target")


def edges(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per hop of FACTS (edge_facts): source, target, messages, ended, failed, failure_share (failed / ended).

    The share is null where fewer than MIN_MESSAGES ended.
    """
    share = pl.when(pl.col("ended") >= min_messages).then(pl.col("failed") / pl.col("ended"))
    return facts.with_columns(failure_share=share)


def systems(facts: pl.DataFrame, capabilities: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system of FACTS (system_facts): whether it is a single point, of which capabilities, and its uptime.

    ``single_point``: some capability gets through only where this system works; null when no capability could be
    judged. ``availability``: 1 - own errors / ended messages at the system, with the interval Beta(up + 1, down +
    1); null where fewer than MIN_MESSAGES ended. Errors passed on from elsewhere are not its own.
    """
    low, high = beta_interval(facts["ended"] - facts["own_errors"], facts["own_errors"])
    enough = pl.col("ended") >= min_messages
    judged = capabilities["cut"].is_not_null().any()
    stops = (
        capabilities.select("capability", system="single_points")
        .explode("system")
        .drop_nulls("system")
        .group_by("system")
        .agg(pl.col("capability").unique().sort().alias("capabilities"))
    )
    everywhere = facts.join(stops, on="system", how="full", coalesce=True).with_columns(
        pl.col("messages", "ended", "own_errors").fill_null(0)
    )
    rated = facts.select(
        "system",
        availability=pl.when(enough).then(1 - pl.col("own_errors") / pl.col("ended")),
        low=pl.when(enough).then(pl.Series(low, dtype=pl.Float64)),
        high=pl.when(enough).then(pl.Series(high, dtype=pl.Float64)),
    )
    named = pl.col("capabilities").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    return (
        everywhere.join(rated, on="system", how="left")
        .with_columns(
            named,
            single_point=pl.when(pl.lit(judged)).then(pl.col("capabilities").is_not_null()),
            importance=pl.lit(None, pl.Float64),
            value_per_hour=pl.lit(None, pl.Float64),
        )
        .select(*TABLES["systems"], "messages", "ended", "own_errors", "capabilities")
        .sort("single_point", "availability", "system", descending=[True, False, False], nulls_last=True)
    )


def capabilities(
    linked: pl.DataFrame, *, catalog: Any, dependencies: pl.DataFrame, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per capability, the busiest first: what it depends on and how often it came through.

    The capabilities are those of the CATALOG, and only without any those found in the traffic. A capability served
    for several object types is judged for each of them: ``single_points`` are those of any type, ``cut`` is the
    smallest. ``fragile``: the cut is one system. ``traces`` are those whose hops drew the graph; a declared
    capability without any is judged on the DEPENDENCIES frame instead.
    """
    declared = catalog.capabilities.select("capability", "entry", "goal").drop_nulls()
    steps = asking.steps(linked)
    journeys = asking.journeys(steps)
    flows = asking.flows(journeys, steps, asked=declared if declared.height else None)
    counted, hops = asking.flow_facts(flows), asking.hop_facts(flows, steps)
    if declared.height:
        unseen = paths.unseen(declared, counted)
        counted = pl.concat([counted, unseen])
        hops = pl.concat([hops, paths.declared_hops(dependencies, unseen)])
        questions = counted.join(declared, on=["entry", "goal"]).select("capability", *asking.FLOW)
    else:
        questions = asking.found(counted)
        counted = counted.join(questions, on=asking.FLOW, how="semi", nulls_equal=True)
    tested = paths.tested_fallbacks(catalog.integrations, last_sent_at=linked["sent_at"].max())
    judged = paths.structure(hops, asking.call_facts(flows, steps), counted, tested=tested)
    rates = asking.availability_of_capabilities(
        asking.beginning_facts(journeys),
        asking.visit_facts(journeys, steps),
        asked=declared if declared.height else questions,
        min_messages=min_messages,
    )
    return (
        _over_types(questions.join(judged, on=asking.FLOW, nulls_equal=True))
        .join(rates, on="capability", how="left")
        .with_columns(pl.col("completed", "lost", "undecided").fill_null(0))
        .select(*_CAPABILITY)
        .sort("traces", "capability", descending=[True, False])
    )


_CAPABILITY = (
    *TABLES["capabilities"],
    "fragile",
    "single_points",
    "entry",
    "goal",
    "object_types",
    "traces",
    "completed",
    "lost",
    "undecided",
)


def _over_types(judged: pl.DataFrame) -> pl.DataFrame:
    """JUDGED flows brought together per capability."""
    size = pl.col("cut").list.len()
    ordered = judged.sort(pl.when(size > 0).then(size), pl.col("cut").list.join("\0"), nulls_last=True)
    points = pl.col("single_points").explode(empty_as_null=False, keep_nulls=False)
    return (
        ordered.group_by("capability", maintain_order=True)
        .agg(
            pl.col("entry", "goal").first(),
            pl.col("cut").drop_nulls().first(),
            points.unique().sort().alias("single_points"),
            pl.col("object_type").drop_nulls().unique().sort().alias("object_types"),
            pl.col("traces").sum(),
        )
        .with_columns(fragile=pl.col("cut").list.len() == 1)
    )


def report(evidence: Any, *, min_messages: int = MIN_MESSAGES) -> Report:
    """Everything the dependency_fragility report publishes, from the messages, dependencies and catalog of EVIDENCE."""
    caused = links.with_causes(links.linked(evidence.messages))
    asked = capabilities(
        caused, catalog=evidence.catalog, dependencies=evidence.dependencies, min_messages=min_messages
    )
    rated = systems(system_facts(caused), asked, min_messages=min_messages)
    unjudged = evidence.messages.is_empty() and asked["cut"].null_count() == asked.height
    lines = edges(edge_facts(caused), min_messages=min_messages)
    tables = {"systems": rated, "capabilities": asked, "edges": lines}
    notes = NOTES if asked.height else NOTES | {"capabilities": NO_CAPABILITY}
    missing = NO_MESSAGES if unjudged else None
    found = fragility_findings(rated, asked, system_owners=evidence.catalog.systems, min_messages=min_messages)
    return published_report(REPORT, TABLES, tables, found, notes=notes, missing=missing)


def fragility_findings(
    systems: pl.DataFrame, capabilities: pl.DataFrame, *, system_owners: pl.DataFrame, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """What a person should talk about: systems that nothing replaces, capabilities that hang on one, low uptime.

    A capability seen in fewer than MIN_MESSAGES traces has its structure in the tables, and no finding.
    """
    owners = system_owners.select("system", pl.coalesce("owner", "team").alias("owner")).drop_nulls().unique("system")
    seen = capabilities.filter(pl.col("traces") >= min_messages)
    return ranked(
        [
            _single_points(systems, seen, owners),
            _fragile_capabilities(seen, owners),
            _unavailable_capabilities(seen, owners),
            _unavailable_systems(systems, owners),
        ]
    )


def _single_points(systems: pl.DataFrame, seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Below one more nine than is promised (99.95%) a warning, certainly below the promise itself critical."""
    stopped = (
        seen.select("capability", system="single_points")
        .explode("system")
        .group_by("system")
        .agg(
            stopped=pl.len(),
            named=pl.col("capability").sort().head(NAMED).str.join("; "),
        )
    )
    stops = systems.join(stopped, on="system").join(owners, on="system", how="left")
    more = pl.when(pl.col("stopped") > NAMED).then(pl.lit("; ...")).otherwise(pl.lit(""))
    several = pl.format("{} of {} capabilities stop ({}{})", "stopped", pl.lit(seen.height), "named", more)
    rows = _judged(stops, warning=CRITICAL_DEPENDENCY_AVAILABILITY, critical=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("system"),
        n=pl.col("ended"),
        statement=pl.format(
            "Nothing replaces {}: without it {}; {}.",
            "system",
            pl.when(pl.col("stopped") == 1).then(pl.format("{} stops", "named")).otherwise(several),
            _uptime("it was up for {}% of {} messages", pl.col("ended")),
        ),
        ask=pl.format("What do we do in the hour when {} is down?", "system"),
    )
    return findings(REPORT, "single_point", rows)


def _fragile_capabilities(seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    hanging = seen.filter("fragile").with_columns(system=pl.col("cut").list.first())
    rows = _judged(hanging.join(owners, on="system", how="left"), warning=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("capability"),
        n=_begun(),
        statement=pl.format(
            "For {}, no way from {} to {} leads around {}; {}.",
            "capability",
            *ENDS,
            "system",
            _uptime("{}% of {} traces came through", _begun()),
        ),
        ask=pl.format("How would {} reach {} without {}?", *ENDS, "system"),
    )
    return findings(REPORT, "fragile_capability", rows)


def _unavailable_capabilities(seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Capabilities that come through too rarely although no single system stops them."""
    robust = seen.filter(~pl.col("fragile").fill_null(False), pl.col("availability") < PROMISED_AVAILABILITY)
    owned = robust.join(owners, left_on="goal", right_on="system", how="left")
    rows = _judged(owned, warning=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("capability"),
        n=_begun(),
        statement=pl.format("{}: {}.", "capability", _uptime("{}% of {} traces came through", _begun())),
        ask=pl.format("Where on the way from {} to {} do they get stuck, and who notices?", *ENDS),
    )
    return findings(REPORT, "low_availability", rows)


def _unavailable_systems(systems: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Systems that certainly fail too often by themselves although no capability hangs on them."""
    low = systems.filter(~pl.col("single_point").fill_null(False), pl.col("high") < PROMISED_AVAILABILITY)
    rows = _judged(low.join(owners, on="system", how="left"), warning=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("system"),
        n=pl.col("ended"),
        statement=pl.format(
            "{} failed {} of {} messages by itself.",
            "system",
            written(pl.col("own_errors")),
            written(pl.col("ended")),
        ),
        ask=pl.format("What makes {} fail, and who waits for it?", "system"),
    )
    return findings(REPORT, "low_availability", rows)


def _judged(rows: pl.DataFrame, *, warning: float, critical: float = BROKEN_AVAILABILITY) -> pl.DataFrame:
    value = pl.col("availability")
    return rows.with_columns(
        severity=severity(value, pl.col("low"), pl.col("high"), warning=warning, critical=critical),
        value=value,
        unit=pl.lit("availability"),
        threshold=pl.lit(warning),
    )


def _begun() -> pl.Expr:
    return pl.col("completed") + pl.col("lost") + pl.col("undecided")


def _uptime(sentence: str, n: pl.Expr) -> pl.Expr:
    """SENTENCE with the availability in percent (rounded down: 99.999% is not 100%) and n, or that n is too small."""
    percent = ((pl.col("availability") * 10_000).round(6).floor() / 100).round(2)
    return pl.coalesce(pl.format(sentence, percent, written(n)), pl.lit("too few messages to say how often it is up"))
