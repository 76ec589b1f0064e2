"""Healthy companies as evidence: what their logs hold in a few weeks in which nothing is wrong."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
from drawing.companies import Call, Company, calls, changed, drawn_company
from drawing.plays import Play, arrivals, at

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.levels import LEVELS
from integrhealth.language.schema import conform, latency_ms

ELEMENTS = ("quantity", "delivery_address")


def healthy(seed: int) -> ih.Evidence:
    """All that the logs of one healthy company hold, drawn from the seed."""
    return played(drawn_company(seed))


def played(company: Company, *, declared: bool | None = None) -> ih.Evidence:
    """A company at work. Metrics, reports and a catalog are there in some, as the seed decides; a catalog also if
    asked for."""
    rng = np.random.default_rng([company.seed, 2])
    play, placed = Play(company, rng), None
    for flow in company.flows:
        begins = arrivals(company, flow.roots, rng, nightly=flow.nightly)
        play.begin(flow.call, begins, np.arange(begins.size), object_type=flow.object_type, run=flow.object_type)
        placed = begins if placed is None else placed
    values = [_changed_orders(company, play, placed, rng)]
    if rng.random() < 0.5:
        values.append(_amended_prices(company, play, rng))
    messages = play.messages()
    metrics, has_reports, has_catalog = rng.random(3) < (0.4, 0.4, 0.5)
    frames = report_frames(company, np.random.default_rng([company.seed, 3]), daily=5)
    return ih.Evidence(
        messages=messages,
        holds=play.holds(),
        field_changes=_held_values(company, messages, pl.concat(values, how="diagonal")),
        metrics=_metrics(company, rng) if metrics else None,
        catalog=catalog(company, messages, rng) if (has_catalog if declared is None else declared) else None,
        **(frames if has_reports else {}),
    )


def _changed_orders(company: Company, play: Play, placed: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """What customers wrote: both elements of each order, some changed within hours, some of these changed back.

    One row per value written by hand: run, trace (of the messages that carry it), element, entity, system, value, at.
    """
    flow = company.flows[0]
    orders = np.arange(placed.size)
    change = np.flatnonzero(rng.random(placed.size) < rng.uniform(0.01, 0.05))
    when = placed[change] + rng.lognormal(np.log(2 * 3600), 0.8, change.size)
    back = np.flatnonzero(rng.random(change.size) < 0.15)
    later = when[back] + rng.lognormal(np.log(3 * 3600), 0.7, back.size)
    element = rng.integers(0, 2, change.size)
    amend = changed(flow.call, lambda call: replace(call, declined=0.0, held=0.0, operation=f"change {call.operation}"))
    amend = replace(amend, waits_for=())
    moments = np.concatenate([when, later])
    play.begin(amend, moments, np.concatenate([change, change[back]]), object_type=flow.object_type, run="change")
    first = pl.DataFrame({"trace": orders, "order": orders, "seconds": placed, "version": np.zeros(placed.size, int)})
    written = pl.concat(
        [
            first.with_columns(run=pl.lit(flow.object_type), element=pl.lit(each, pl.Int64))
            for each in range(len(ELEMENTS))
        ]
        + [
            pl.DataFrame(
                {
                    "trace": np.arange(moments.size),
                    "order": np.concatenate([change, change[back]]),
                    "seconds": moments,
                    "version": np.repeat([1, 0], [change.size, back.size]),
                    "run": np.full(moments.size, "change"),
                    "element": np.concatenate([element, element[back]]),
                }
            ).select("trace", "order", "seconds", "version", "run", "element")
        ]
    )
    return written.select(
        trace_id=pl.format("{}-{}", "run", "trace"),
        element=pl.col("element").replace_strict(dict(enumerate(ELEMENTS)), return_dtype=pl.String),
        entity=pl.format("{}-{}", pl.lit(flow.object_type), "order"),
        system=pl.lit(flow.call.source),
        value_hash=pl.format("{}:{}:{}", "element", "order", "version"),
        seconds=pl.col("seconds") - 1 + company.clocks[flow.call.source],
        actor=pl.format("customer {}", pl.col("order") % 400),
    )


def _amended_prices(company: Company, play: Play, rng: np.random.Generator) -> pl.DataFrame:
    """New prices of products, each about once in two weeks, sent to the systems that use them."""
    source, *targets = company.systems[-4:]
    count = 40 * company.days // 14
    at_seconds = arrivals(company, count, rng)
    products = rng.integers(0, 40, at_seconds.size)
    rows = []
    for target in targets:
        sending = Call(f"{source}-{target} send price", source, target, "send price", "queue", fails=0.001, retries=2)
        play.begin(sending, at_seconds, products, object_type="product", run="price")
    rows = pl.DataFrame({"trace": np.arange(at_seconds.size), "product": products, "seconds": at_seconds})
    return rows.select(
        trace_id=pl.format("price-{}", "trace"),
        element=pl.lit("price"),
        entity=pl.format("product-{}", "product"),
        system=pl.lit(source),
        value_hash=pl.format("p{}", "trace"),
        seconds=pl.col("seconds") - 1 + company.clocks[source],
        actor=pl.lit("price manager"),
    )


def _held_values(company: Company, messages: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Field changes: what people wrote, and what the messages of the same trace brought to other systems."""
    by_hand = written.with_columns(at=at(company.start, "seconds"), actor_type=pl.lit("person"))
    brought = (
        messages.filter(pl.col("status") == "ok")
        .select("trace_id", "message_id", "target", arrived=pl.coalesce("finished_at", "received_at", "answered_at"))
        .join(written.select("trace_id", "element", "entity", "value_hash"), on="trace_id")
        .select(
            "element", "entity", "value_hash", "message_id", system="target", at="arrived", actor_type=pl.lit("system")
        )
    )
    return conform(pl.concat([by_hand, brought], how="diagonal"), "field_changes")


def _metrics(company: Company, rng: np.random.Generator) -> pl.DataFrame:
    """Requests, latency and availability of every system each five minutes of three days, in the rhythm of the day."""
    steps = np.arange(3 * 288)
    rhythm = 20 + 180 * np.exp(-((((steps / 12) % 24 - 13) / 4.5) ** 2))
    size = (len(company.systems), steps.size)
    requests = rng.poisson(rhythm * rng.uniform(0.3, 2.0, (size[0], 1)), size)
    latency = rng.lognormal(np.log(60), 0.5, (size[0], 1)) * rng.lognormal(0, 0.08, size)
    up = 1 - rng.binomial(np.maximum(requests, 1), 0.001) / np.maximum(requests, 1)
    frames = [
        pl.DataFrame(
            {
                "system": np.repeat(company.systems, steps.size),
                "seconds": np.tile(steps * 300.0, size[0]),
                "value": values.ravel().astype(float),
            }
        ).with_columns(metric=pl.lit(metric), statistic=pl.lit(statistic), unit=pl.lit(unit))
        for metric, statistic, unit, values in (
            ("requests", "sum", "1", requests),
            ("latency", "p95", "ms", latency),
            ("availability", "mean", "1", up),
        )
    ]
    return conform(pl.concat(frames).with_columns(time=at(company.start, "seconds")), "metrics")


def report_frames(
    company: Company, rng: np.random.Generator, *, daily: int, minutes: float | None = None
) -> dict[str, pl.DataFrame]:
    """An inventory, what was sent each morning, and what was read: `daily` reports to each of eight people.

    Who reads takes the time that the words need, or so many `minutes` a day for all of them together.
    """
    count = daily + 4
    names = [f"report {number}" for number in range(count)]
    inventory = pl.DataFrame(
        {
            "report": names,
            "tool": "mail",
            "words": rng.integers(150, 500, count),
            "fields": [[f"{name} field {field}" for field in range(5)] for name in names],
            "metrics": [[f"{name} figure"] for name in names],
            "decisions": [[f"decision of {name}"] for name in names],
            "owner": [f"owner {number % 4}" for number in range(count)],
        }
    )
    days = np.flatnonzero(np.arange(company.days) % 7 < 5)
    person, slot, day = (grid.ravel() for grid in np.meshgrid(range(8), range(daily), days, indexing="ij"))
    report = (slot + person) % count
    sent = day * 86_400.0 + 6 * 3600 + report * 60
    words = inventory["words"].to_numpy()[report]
    seconds = words / rng.uniform(170, 260, words.size) * 60
    opened = rng.random(words.size) < 0.97
    if minutes is not None:
        seconds = minutes * 60 / daily * rng.lognormal(0, 0.3, words.size)
    rows = pl.DataFrame(
        {"report": np.array(names)[report], "person": person, "sent": sent, "seconds": seconds, "opened": opened}
    ).with_columns(person=pl.format("manager {}", "person"), read=pl.col("sent") + rng.uniform(600, 7200, words.size))
    return {
        "reports": conform(inventory, "reports"),
        "deliveries": conform(rows.with_columns(at=at(company.start, "sent"), channel=pl.lit("mail")), "deliveries"),
        "reads": conform(
            rows.filter("opened").with_columns(at=at(company.start, "read"), action=pl.lit("open")), "reads"
        ),
    }


def catalog(company: Company, messages: pl.DataFrame, rng: np.random.Generator) -> Catalog:
    """Who owns what, and promises with room: twice the latency with true clocks, and at least a second."""
    skew = pl.col("target").replace_strict(company.clocks) - pl.col("source").replace_strict(company.clocks)
    true_ms = latency_ms() - pl.when(pl.col("kind") == "request").then(0.0).otherwise(skew * 1000)
    p95 = dict(messages.group_by("integration").agg(true_ms.quantile(0.95)).iter_rows())
    every = {each.integration: each for flow in company.flows for each in calls(flow.call)}
    integrations = [
        {
            "integration": name,
            "source": each.source,
            "target": each.target,
            "owner": f"team {each.target}",
            "level": LEVELS[len(LEVELS) * place // len(every)],
            "queue": each.kind == "queue",
            "slo_success": 0.995,
            "slo_p95_ms": max(1000.0, 2 * (p95.get(name) or 0.0)),
            "fallback": "queue" if each.kind == "queue" else "manual" if rng.random() < 0.5 else "none",
            "fallback_tested_on": (company.start - timedelta(days=90)).date() if rng.random() < 0.5 else None,
        }
        for place, (name, each) in enumerate(every.items())
    ]
    systems = [{"system": name, "team": f"team {name}", "owner": f"owner of {name}"} for name in company.systems]
    capabilities = [
        {
            "capability": f"handle {flow.object_type}",
            "entry": flow.call.source,
            "goal": calls(flow.call)[-1].target,
        }
        for flow in company.flows
        if flow.call.source != calls(flow.call)[-1].target
    ]
    return Catalog(
        company=f"company {company.seed}",
        systems=_section("systems", systems),
        integrations=_section("integrations", integrations),
        capabilities=_section("capabilities", capabilities),
    )


def _section(name: str, rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=CATALOG[name])
