"""Companies in which exactly one thing is wrong, and what a report may say to have named it."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl
from drawing.companies import Call, Company, Flow, Outage, calls, changed, drawn_company
from drawing.landscapes import played, report_frames
from drawing.retries import served

import integrhealth as ih
from integrhealth.analyses.report_overload.reading import EVERYONE
from integrhealth.language.schema import conform, latency_ms

DAY, HOUR = 86_400.0, 3600.0


@dataclass(frozen=True)
class Planted:
    """What the logs hold, and by rule the subjects that name the culprit; ``must`` is said in any case."""

    evidence: ih.Evidence
    names: dict[str, set[str]]
    must: str


def planted(fault: str, seed: int) -> Planted:
    """A healthy company drawn from the seed, with one of FAULTS."""
    return FAULTS[fault](seed)


def failing_gateway(seed: int) -> Planted:
    """The last system that an order waits for fails 3% of its calls, all the time."""
    company = drawn_company(seed)
    gateway = calls(company.flows[0].call.waits_for[0])[-1]
    company = _with(company, gateway.integration, fails=0.03, retries=0)
    subjects = {"failing_integration": {gateway.integration}} | _of_system(gateway.target)
    return Planted(played(company), subjects, "failing_integration")


def bad_evening(seed: int) -> Planted:
    """The system that is asked most fails 40% of all for two hours of one evening."""
    company = _busy(drawn_company(seed))
    asked = [name for flow in company.flows for name in [each.target for each in calls(flow.call)] * flow.roots]
    system = max(sorted(set(asked)), key=asked.count)
    evening = 9 * DAY + 18 * HOUR
    company = replace(company, outages=(Outage(system, 0.4, evening, evening + 2 * HOUR),))
    into = {each.integration for flow in company.flows for each in calls(flow.call) if each.target == system}
    subjects = {"root_cause": {system}, "failing_integration": into} | _of_system(system)
    return Planted(played(company), subjects, "root_cause")


def wrong_master_data(seed: int) -> Planted:
    """Somebody enters a wrong bank account, six systems take it over, and two days later it is written back."""
    company = drawn_company(seed)
    healthy = played(company)
    origin, *holders = company.systems[-7:]
    written = pl.DataFrame({"version": ["right", "wrong", "right"], "seconds": [0.0, 5 * DAY, 7.1 * DAY + 60]})
    by_hand = written.with_row_index("write").with_columns(
        at=pl.lit(company.start) + pl.duration(milliseconds=pl.col("seconds") * 1000)
    )
    sent = (
        by_hand.join(pl.DataFrame({"target": holders}), how="cross")
        .with_row_index("number")
        .with_columns(sent_at=pl.col("at") + pl.duration(seconds=20 + pl.col("number")))
        .with_columns(
            message_id=pl.format("supplier{}", "number"), finished_at=pl.col("sent_at") + timedelta(seconds=2)
        )
    )
    messages = sent.select(
        pl.format("supplier{}", "number").alias("message_id"),
        "target",
        "sent_at",
        "finished_at",
        trace_id=pl.format("supplier{}", "write"),
        source=pl.lit(origin),
        operation=pl.lit("send supplier"),
        integration=pl.format("{}-{} supplier", pl.lit(origin), "target"),
        kind=pl.lit("queue"),
        object_type=pl.lit("supplier"),
        object_id=pl.lit("supplier-7"),
        status=pl.lit("ok"),
    )
    about = {"element": pl.lit("bank_account"), "entity": pl.lit("supplier-7"), "value_hash": pl.col("version")}
    values = pl.concat(
        [
            by_hand.select("at", system=pl.lit(origin), actor=pl.lit("clerk"), actor_type=pl.lit("person"), **about),
            sent.select(
                message_id=pl.format("supplier{}", "number"),
                at="finished_at",
                system="target",
                actor_type=pl.lit("system"),
                **about,
            ),
        ],
        how="diagonal",
    )
    evidence = healthy.replace(
        messages=pl.concat([healthy.messages, conform(messages, "messages")]),
        field_changes=pl.concat([healthy.field_changes, conform(values, "field_changes")]),
    )
    return Planted(evidence, {"wrong_value_spread": {origin}}, "wrong_value_spread")


def no_jitter(seed: int) -> Planted:
    """A feed that fails a quarter of its attempts tries again after five seconds, always."""
    company = drawn_company(seed)
    feed = company.flows[0].call.then[-1]
    company = _with(company, feed.integration, fails=0.25, retries=5, constant_pause=True)
    rules = ("no_jitter", "failing_integration")
    subjects = {key: {feed.integration} for key in rules} | _of_system(feed.target)
    return Planted(played(company), subjects, "no_jitter")


def retry_storm(seed: int) -> Planted:
    """For two minutes a server is asked 2.5 times as much as ever, and its callers' retries then keep it busy."""
    company = drawn_company(seed)
    healthy = played(company)
    storm = served(surge=2.5)
    moved = pl.lit(company.start + timedelta(days=8, hours=12)) - storm["sent_at"].min()
    storm = storm.with_columns(
        pl.col("sent_at", "answered_at") + moved,
        message_id=pl.format("storm{}", "message_id"),
        source=pl.lit(company.flows[0].call.source),
        target=pl.lit("booking"),
        integration=pl.lit("book"),
    )
    evidence = healthy.replace(messages=pl.concat([healthy.messages, storm]))
    subjects = {key: {"book"} for key in ("retry_storm", "vulnerable_to_storm", "failing_integration")}
    return Planted(evidence, subjects | _of_system("booking"), "retry_storm")


def wrong_clock(seed: int) -> Planted:
    """The clock of one system is three minutes behind, so that it gets messages before they were sent."""
    company = drawn_company(seed)
    call = company.flows[0].call.then[0]
    system = call.target
    company = replace(company, clocks=company.clocks | {system: -180.0})
    pairs = {(each.source, each.target) for flow in company.flows for each in calls(flow.call)}
    subjects = {f"{source} > {target}" for source, target in pairs if system in (source, target)}
    return Planted(played(company), {"clock_skew": subjects | {system}}, "clock_skew")


def slow_integration(seed: int) -> Planted:
    """A feed takes four times as long as the catalog promises."""
    company = drawn_company(seed)
    feed = company.flows[0].call.then[-1].integration
    healthy = played(_with(company, feed, work_seconds=2.0), declared=True)
    taken = healthy.messages.filter(pl.col("integration") == feed)
    p95 = taken.select(latency_ms().quantile(0.95)).item()
    promised = healthy.catalog.integrations.with_columns(
        slo_p95_ms=pl.when(pl.col("integration") == feed).then(p95 / 4).otherwise("slo_p95_ms")
    )
    evidence = healthy.replace(catalog=replace(healthy.catalog, integrations=promised))
    return Planted(evidence, {"slow_integration": {feed}}, "slow_integration")


def failing_hub(seed: int) -> Planted:
    """The hub, which all work passes, fails one in fifty times."""
    company = drawn_company(seed, hub=True)
    company = replace(company, outages=(Outage("erp", 0.02),))
    into = {each.integration for flow in company.flows for each in calls(flow.call) if each.target == "erp"}
    through = {f"{name} to {goal}" for name in company.systems for goal in company.systems}
    declared = {f"handle {flow.object_type}" for flow in company.flows}
    subjects = {"failing_integration": into, "fragile_capability": through | declared}
    return Planted(played(company), subjects | _of_system("erp"), "single_point")


def errors_multiply(seed: int) -> Planted:
    """Three systems wait for each other above a last one, whose failures (1.5%) take all of them along."""
    company = drawn_company(seed)
    names = company.systems[-5:]
    edges = list(itertools.pairwise(names))
    below: tuple[Call, ...] = ()
    for source, target in reversed(edges):
        fails = 0.0 if below else 0.015
        below = (Call(f"{source}-{target} ask", source, target, "ask", fails=fails, waits_for=below),)
    last = f"{edges[-1][0]}-{edges[-1][1]} ask"
    company = replace(company, flows=(*company.flows, Flow("question", below[0], 4000)))
    subjects = {
        "errors_multiply": {"all systems"},
        "passes_errors_on": set(names[1:-1]),
        "integration_multiplies": {last},
        "failing_integration": {last},
    }
    return Planted(played(company), subjects | _of_system(names[-1]), "errors_multiply")


def flood(seed: int) -> Planted:
    """Sixty reports a day to people who have seven minutes for them."""
    company = drawn_company(seed)
    frames = report_frames(company, np.random.default_rng([seed, 4]), daily=60, minutes=7.0)
    return Planted(played(company).replace(**frames), {"flood": {EVERYONE}}, "flood")


FAULTS: dict[str, Callable[[int], Planted]] = {
    each.__name__: each
    for each in (
        *(failing_gateway, bad_evening, wrong_master_data, no_jitter, retry_storm),
        *(wrong_clock, slow_integration, failing_hub, errors_multiply, flood),
    )
}


def _of_system(system: str) -> dict[str, set[str]]:
    return {"single_point": {system}, "low_availability": {system}}


def _with(company: Company, integration: str, **options) -> Company:
    """A company with other properties of the calls of one integration."""

    def changes(call: Call) -> Call:
        return replace(call, **options) if call.integration == integration else call

    flows = tuple(replace(flow, call=changed(flow.call, changes)) for flow in company.flows)
    return replace(company, flows=flows)


def _busy(company: Company) -> Company:
    """The same company with twice the work, in two weeks."""
    flows = tuple(replace(flow, roots=2 * flow.roots) for flow in company.flows)
    return replace(company, flows=flows, days=14)
