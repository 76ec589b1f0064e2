"""What the tables say of systems: data elements, outages, load, the trail, exceptions, checkpoints and levels."""

import polars as pl

from integrhealth.analyses.audit.answers.measured import (
    NO,
    PARTIAL,
    Measured,
    Tables,
    asked,
    counts,
    graded,
    share,
    unmeasured,
)
from integrhealth.language.levels import LEVELS
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import (
    AUTHORITY_KEPT,
    EXCEPTIONS_HANDLED,
    EXCEPTIONS_HANDLED_PARTLY,
    FALLBACK_TEST_DAYS,
    GRACE_GOOD,
    GRACE_WARNING,
    LOAD_TESTED,
    LOAD_TESTED_PARTLY,
    MIN_OUTAGES,
    SLO_SUCCESS,
)

UNKNOWN, HOME, STOP, HOLD, APPROVAL = "cannot tell", "home", "stop", "hold", "approval"
JUDGED_HOLDS = (HOLD, APPROVAL, "instant", "a hold cannot help")
TRAILS = {"full": "yes", "partial": PARTIAL, "gaps": NO}
NO_FALLBACK = "none"


def truth_has_a_home(tables: Tables) -> Measured:
    """Question 4. Yes: each element is at home, and its record wins; partial: origin, record and owner are named."""
    elements = asked(tables, "accountability.elements")
    triple_of = ("origin", "record", "owner")
    if elements is None:
        return unmeasured("needs elements in the catalog, or field_changes")
    silent = all(elements[each].null_count() == elements.height for each in triple_of)
    triple = elements.filter(*(pl.col(each).is_not_null() for each in triple_of), pl.col("owner_kind") == "person")
    home = elements.filter(pl.col("verdict") == HOME).height
    contested = elements.filter(~pl.col("verdict").is_in([HOME, UNKNOWN])).height
    losing = elements.filter(pl.col("high") < AUTHORITY_KEPT).height
    said = (
        f"accountability.elements: {triple.height:,} of {elements.height:,} have origin, record and a person as owner, "
        f"{home:,} are at home there, in {losing:,} the record loses"
    )
    whole = triple.height == elements.height
    answer = graded(yes=whole and home > 0 and contested == 0 and losing == 0, partly=whole)
    why = "where nobody can tell who writes, nothing contradicts the catalog"
    return Measured(answer, why, (said,), elements.height, silent=silent)


def night_is_decided(tables: Tables) -> Measured:
    """Question 5. Yes: each survives or is worked around, and its fallback was tested in a year; partial: untested."""
    outages, tested = asked(tables, "dependency_fragility.outages"), asked(tables, "dependency_fragility.fallbacks")
    judged = None if outages is None else outages.filter(pl.col("verdict") != UNKNOWN)
    if judged is None or judged.is_empty():
        return unmeasured("needs tolerances in the catalog, and incidents that say how long a repair takes")
    stop = judged.filter(pl.col("verdict") == STOP).height
    undecided = outages.height - judged.height
    fresh = 0
    if tested is not None:
        recent = tested.filter(pl.col("age_days").is_between(0, FALLBACK_TEST_DAYS))
        fresh = outages.join(recent, on="integration", how="semi").height
    said = (
        f"dependency_fragility.outages: {stop:,} of {outages.height:,} stop, of {undecided:,} nobody decided",
        f"dependency_fragility.fallbacks: {fresh:,} of {outages.height:,} were tested in {FALLBACK_TEST_DAYS} days",
    )
    # What nobody decided may stop as well: that is not even half an answer.
    answer = graded(yes=stop == undecided == 0 and fresh == outages.height, partly=stop == undecided == 0)
    return Measured(answer, "a night outage at the busiest hour of each integration, drawn anew", said, outages.height)


def others_degrade(tables: Tables) -> Measured:
    """Question 6. Yes: callers saved 95% of the work in three outages or more; partial: 80%, or it is declared."""
    coupling, declared = asked(tables, "dependency_fragility.coupling"), asked(tables, "catalog.integrations")
    hit = None if coupling is None else coupling.filter(pl.col("outages") > 0)
    kept, work, outages = 0, 0, 0
    if hit is not None:
        kept = int(hit["served"].sum() + hit["deferred"].sum())
        work = kept + int(hit["failed"].sum() + hit["lost"].sum())
        # Each caller of a system counts the same outage.
        outages = int(hit.group_by("target").agg(pl.col("outages").max())["outages"].sum())
    said = [f"dependency_fragility.coupling: {outages:,} outages, {kept:,} of {work:,} saved"] if work else []
    if work and outages >= MIN_OUTAGES:
        answer = graded(yes=kept / work >= GRACE_GOOD, partly=kept / work >= GRACE_WARNING)
        return Measured(answer, "saved is what a fallback served or what was done later", (*said,), work)
    if work and float(wilson_interval(kept, work)[1]) < GRACE_WARNING:
        return Measured(NO, f"fewer than {MIN_OUTAGES} outages, and the work was certainly not saved", (*said,), work)
    ready = 0 if declared is None else declared.filter(pl.col("fallback") != NO_FALLBACK).height
    if declared is None:
        return unmeasured(f"fewer than {MIN_OUTAGES} outages were seen, and no catalog declares fallbacks", *said)
    said.append(f"catalog.integrations: {ready:,} of {declared.height:,} declare a fallback")
    if ready < declared.height:
        return unmeasured(f"fewer than {MIN_OUTAGES} outages were seen, and not all declare a fallback", *said)
    why = f"fewer than {MIN_OUTAGES} outages were seen: what is declared was not proven"
    return Measured(PARTIAL, why, (*said,), declared.height, unproven=True)


def load_is_tested(tables: Tables) -> Measured:
    """Question 7. Yes: each system was tested at ten times its load within the SLO; partial: at three, or by a law."""
    capacity = asked(tables, "latency.capacity")
    if capacity is None:
        return unmeasured("needs messages of a load test (load_test), or busy minutes")
    within = pl.col("tested_error_share").fill_null(0.0) <= 1 - SLO_SUCCESS
    tested = capacity.filter(pl.col("tested_multiple").is_not_null())
    at_ten, at_three = (
        capacity.filter(pl.col("tested_multiple") >= multiple, within).height
        for multiple in (LOAD_TESTED, LOAD_TESTED_PARTLY)
    )
    holding, failing = (
        capacity.filter(pl.col("at_10x").is_in(words)).height for words in (["holds"], ["slows", "breaks"])
    )
    said = (
        f"latency.capacity: of {capacity.height:,} systems {at_ten:,} were tested at {LOAD_TESTED} times their load "
        f"within the SLO, {at_three:,} at {LOAD_TESTED_PARTLY} times",
        f"latency.capacity: at {LOAD_TESTED} times the load {holding:,} hold and {failing:,} do not",
    )
    if tested.is_empty() and not holding + failing:
        return unmeasured("no load test was logged, and no system was seen near its limit", *said)
    answer = graded(yes=at_ten == capacity.height, partly=not failing and at_three + holding > 0)
    return Measured(answer, "a test that nobody logged is none that can be seen", said, capacity.height)


def trail_is_full(tables: Tables) -> Measured:
    """Question 8. Yes: certainly 99% of the messages answer all that is asked of them; partial: not below 90%."""
    whole = asked(tables, "reconciliation.trail_whole")
    row = None if whole is None else whole.row(0, named=True)
    if row is None or row["verdict"] not in TRAILS:
        return unmeasured("too few messages ended")
    said = f"reconciliation.trail_whole: joint {share(row['joint'])} of {row['messages']:,}"
    why = f"most often missing: {row['missing']}" if row["missing"] else "nothing is missing"
    return Measured(TRAILS[row["verdict"]], why, (said,), row["messages"])


def exceptions_are_handled(tables: Tables) -> Measured:
    """Question 9. Yes: all five kinds of exception are ready; partial: three or four.

    Fewer are a no where one that came is not ready; what never came in the log says nothing.
    """
    exceptions = asked(tables, "reconciliation.exceptions")
    if exceptions is None or exceptions["cases"].sum() == 0:
        return unmeasured("no object of the flow from order to invoice, or no exception among them")
    words = dict(exceptions.select("type", "verdict").iter_rows())
    ready = [kind for kind, verdict in words.items() if verdict == "ready"]
    said = f"reconciliation.exceptions: {len(ready)} of {len(words)} ready"
    rest = ", ".join(f"{kind} {verdict}" for kind, verdict in words.items() if verdict != "ready")
    if len(ready) < EXCEPTIONS_HANDLED_PARTLY and "not ready" not in words.values():
        return unmeasured(f"too few kinds were exercised: {rest}", said)
    answer = graded(yes=len(ready) >= EXCEPTIONS_HANDLED, partly=len(ready) >= EXCEPTIONS_HANDLED_PARTLY)
    return Measured(answer, rest or "all were exercised", (said,), int(exceptions["cases"].sum()))


def checkpoints_catch(tables: Tables) -> Measured:
    """Question 10. Yes: wherever a hold would pay, a checkpoint stopped bad messages; partial: somewhere."""
    friction, checkpoints = asked(tables, "error_propagation.friction"), asked(tables, "error_propagation.checkpoints")
    judged = None if friction is None else friction.filter(pl.col("verdict").is_in(JUDGED_HOLDS))
    if judged is None or judged.is_empty():
        return unmeasured("needs what an error and an hour of delay cost, and wrong entries that were detected")
    high = judged.filter(pl.col("verdict").is_in([HOLD, APPROVAL]))
    said = [f"error_propagation.friction: a pause pays on {high.height:,} of {judged.height:,} integrations"]
    stopping = 0
    if checkpoints is not None and high.height:
        catching = checkpoints.filter(pl.col("bad_held") > pl.col("bad_approved").fill_null(0))
        stopping = high.join(catching, on="integration", how="semi").height
    if high.height:
        said.append(f"error_propagation.checkpoints: on {stopping:,} of these a checkpoint stopped bad messages")
    answer = graded(yes=stopping == high.height, partly=stopping > 0)
    why = "held and then approved is not stopped" if high.height else "nowhere is delay cheaper than error"
    return Measured(answer, why, (*said,), judged.height)


def foundation_ties_out(tables: Tables) -> Measured:
    """Question 12. Yes: every level stands on stable ones; partial: the foundation does."""
    levels = asked(tables, "dependency_fragility.levels")
    there = None if levels is None else levels.filter(pl.col("verdict") != "absent")
    first = None if there is None else there.filter(pl.col("level") == LEVELS[0])
    if first is None or first.is_empty() or first["verdict"].item() == "not enough data":
        return unmeasured("needs a foundation: levels of the integrations in the catalog, and enough messages")
    of = counts(there, "verdict")
    said = "dependency_fragility.levels: " + ", ".join(
        f"{level} {verdict}" for level, verdict in there.select("level", "verdict").iter_rows()
    )
    stands = first["verdict"].item() == "stable"
    answer = graded(yes=of.get("stable", 0) == there.height, partly=stands)
    return Measured(answer, "no level counts before the one below it", (said,), int(there["integrations"].sum()))
