"""What was planted, counted while it is written: sums over the chunks, then one document."""

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.catalogs import FIELDS_A, declared
from integrhealth.sample.companies import DAYS, FIRST_DAY, Company
from integrhealth.sample.journeys.flow import WAITED_FOR, Flow
from integrhealth.sample.journeys.spread import passing_shares
from integrhealth.sample.journeys.texts import ALL_FAULTS, HOSTILE, NO_FAULT, OUT_OF_SERVICE, TIMED_OUT
from integrhealth.sample.landscape import INTEGRATIONS, JOURNEYS, SYSTEMS
from integrhealth.sample.logs.tables import UNMAPPED, WAITING, monitor_state
from integrhealth.sample.master_data.feeds import FEED_INTEGRATIONS
from integrhealth.sample.people.claims import claim_truth
from integrhealth.sample.retry_storm.scans import SCANS
from integrhealth.sample.season import FIRST_US, days

DAY_US = 86_400_000_000


def spread_counts(flow: Flow, kept: NDArray, what: str) -> Counter:
    """Errors by system (the rule of CRISP): own, passed on, stopped; over the steps that `kept` says are in the data.

    Every try is a message. The tries before the last have no message inside them, and explain nothing of the message
    around them; those of a queued message hang on the same parent as the last.
    """
    counts: Counter = Counter()
    plan = flow.plan
    failed, tried = flow.failed & kept, (flow.retries > 0) & kept
    for step, target in enumerate(plan.targets):
        here, tries = kept[step], flow.retries[step] * kept[step]
        caused, retried, parent_failed = np.zeros_like(here), np.zeros_like(here), np.zeros_like(here)
        for cause in plan.causes[step]:
            if cause == plan.linked_parents[step]:
                parent_failed = failed[cause]
                caused |= parent_failed
            else:
                caused |= failed[cause]
                retried |= tried[cause]
        caused &= here
        passed_tries = int(tries[parent_failed].sum()) if plan.kinds[step] not in WAITED_FOR else 0
        passed = int((caused & failed[step]).sum()) + passed_tries
        all_failed = int(failed[step].sum() + tries.sum())
        counts[what, "systems", target, "messages"] += int(here.sum() + tries.sum())
        counts[what, "systems", target, "own_errors"] += all_failed - passed
        counts[what, "systems", target, "passed_on"] += passed
        counts[what, "systems", target, "stopped"] += int(((caused | retried) & here & ~failed[step]).sum())
        parent = plan.linked_parents[step]
        if parent >= 0:
            rows, failing = here + tries, failed[step] + tries
            counts[what, "names_parent"] += int(rows.sum())
            counts[what, "has_parent"] += int((rows * kept[parent]).sum())
            counts[what, "failed_names_parent"] += int(failing.sum())
            counts[what, "failed_has_parent"] += int((failing * kept[parent]).sum())
    return counts


def flow_counts(flow: Flow) -> Counter:
    """Spread in full, in what sampling left, and in journeys the outage did not touch; and how much sampling took."""
    counts = spread_counts(flow, flow.happens, "complete")
    counts += spread_counts(flow, flow.happens & ~flow.sampled_away, "written")
    refused = (flow.fault == OUT_OF_SERVICE) | ((flow.retries > 0) & (flow.try_fault == OUT_OF_SERVICE))
    counts += spread_counts(flow, flow.happens & ~refused.any(axis=0), "outside_outage")
    gone = flow.sampled_away
    counts["sampled_away"] += int((gone * (1 + flow.retries)).sum())
    return counts


def row_counts(rows: pl.DataFrame, company: Company) -> Counter:
    """What the written records show: by log, integration, status and day, retries, the outage, hostile texts."""
    counts: Counter = Counter()
    outage = company.outage
    start, end = (int(moment.timestamp() * 1e6) for moment in (outage.start, outage.end))
    last = (pl.col("attempt") == pl.col("attempt").max().over("step", "number")).alias("last")
    rows = rows.with_columns(last, state=monitor_state(), day=(pl.col("sent_us") - FIRST_US) // DAY_US)
    for log, failed, count in rows.group_by("log", "failed").len().rows():
        counts["log", log, "failed" if failed else "not_failed"] += count
    retried = (
        rows.filter(pl.col("integration").is_not_null())
        .group_by("integration")
        .agg(
            messages=pl.len(),
            failed=pl.col("failed").sum(),
            retries=(~pl.col("last")).sum(),
            gave_up=(pl.col("failed") & pl.col("last") & (pl.col("attempt") > 1)).sum(),
        )
    )
    for integration, *values in retried.rows():
        for name, value in zip(retried.columns[1:], values, strict=True):
            counts["integration", integration, name] += value
    opening = rows.filter((pl.col("journey") == "order") & (pl.col("position") == 0))
    for day, count in opening.group_by("day").len().rows():
        counts["orders", day] += count
    hit = rows.filter((pl.col("target") == outage.system) & (pl.col("sent_us") >= start) & (pl.col("sent_us") < end))
    refused = hit.filter(pl.col("fault") == OUT_OF_SERVICE)
    counts["outage", "messages"] += hit.height
    counts["outage", "refused"] += refused.height
    counts["outage", "held_in_queue"] += hit.filter((pl.col("received_us") >= end) & ~pl.col("failed")).height
    counts["outage", "lost_after_all_tries"] += refused.filter("last").height
    counts["outage", "served_by_fallback"] += int(rows["fallback"].sum())
    for (source, ending), count in _needed_meanwhile(rows, outage.system, start, end).items():
        counts["outage", "needed_by", source, ending] += count
    # A failure that was passed on by another message says nothing, or only that it is one.
    between = rows.filter(pl.col("source") != pl.col("target"), "failed")
    counts["trail", "failed"] += between.height
    counts["trail", "with_reason"] += between.filter(pl.col("fault") != NO_FAULT).height
    for fault, count in rows.group_by("fault").len().rows():
        for name, mark in HOSTILE.items():
            counts["hostile", name] += count * (mark in ALL_FAULTS[fault].text)
        counts["fault", ALL_FAULTS[fault].code or "none"] += count
    counts["timeouts"] += int((rows["fault"] == TIMED_OUT).sum())
    monitor = rows.filter(pl.col("log") == "monitor")
    counts["monitor", "waiting"] += int((monitor["state"] == WAITING).sum())
    counts["monitor", "unmapped"] += int((monitor["state"] == UNMAPPED).sum())
    skew_us = company.skew_ms * 1000
    skewed = rows.filter((pl.col("log") == "otlp") & (pl.col("target") == company.skewed_system))
    counts["skewed"] += int((skewed["received_us"] + skew_us < skewed["sent_us"]).sum())
    return counts


def _needed_meanwhile(rows: pl.DataFrame, system: str, start_us: int, end_us: int) -> dict[tuple[str, str], int]:
    """By source and end, the work that was sent to `system` while it was away, all tries of a message as one."""
    within = (pl.col("sent_us") >= start_us) & (pl.col("sent_us") < end_us)
    needed = rows.filter(pl.col("target") == system, pl.col("source") != system).filter(
        within.any().over("step", "number")
    )
    end = (
        pl.when("fallback")
        .then(pl.lit("served"))
        .when("failed")
        .then(pl.lit("failed"))
        .when(pl.col("received_us") >= end_us)
        .then(pl.lit("deferred"))
        .otherwise(pl.lit("answered"))
    )
    return {row[:2]: row[2] for row in needed.filter("last").group_by("source", end=end).len().rows()}


def step_latencies(rows: pl.DataFrame, company: Company) -> pl.DataFrame:
    """When the messages of the integration with the latency step were sent and how long they took, delivered only."""
    return rows.filter((pl.col("integration") == company.latency_step.integration) & ~pl.col("failed")).select(
        "sent_us", taken_ms=(pl.max_horizontal("finished_us", "answered_us") - pl.col("sent_us")) / 1000
    )


def document(
    company: Company, counts: Counter, latencies: pl.DataFrame, more: dict, files: dict, **given: Any
) -> dict[str, Any]:
    """The whole truth: what was planted, what a correct analysis should answer, and the exact counts.

    `more` holds the truths of mechanisms that count for themselves.
    """
    mail, fed = more["report_mail"], more["master_data"]["feeds"]
    outage = _outage(company, counts)
    claimed = claim_truth(company.key, declared(company.key), {**more, "outage": outage})
    spread = {what: _spread(counts, what) for what in ("complete", "written", "outside_outage")}
    return {
        "company": company.name,
        "about": "Everything planted in these logs. See the README of the samples for what each key means.",
        "given": given,
        "period": {"first_day": str(FIRST_DAY), "last_day": str(days()[-1]), "days": DAYS},
        "answers": {
            "error_propagation": {
                "definition": "failed messages with a failed cause / failed messages; the cause of a waiting parent is "
                "its failed child, the cause of a queued child its failed parent",
                "reproduction": spread["complete"]["reproduction"],
                "reproduction_observed": spread["written"]["reproduction"],
                "link_coverage": spread["written"]["link_coverage"],
                "roots": spread["written"]["roots"],
            },
            "dependency_fragility": _structure(company),
            "latency": _latency_answer(company, latencies),
            "outage": outage,
            "down_times": _down_times(company, more["retry_storm"]),
            "retry_storm": {key: more["retry_storm"][key] for key in ("integration", "sustained", "jittered")},
            "report_overload": {
                "flood_ratio": mail["needed_minutes_per_day"] / mail["spent_minutes_per_day"],
                "smallest_set": mail["smallest_set"],
            },
            "contamination": {name: feed["contamination"]["systems"] for name, feed in fed.items()},
            "friction": {
                name: {key: feed["hold"][key] for key in ("verdict", "best_hold_minutes")} for name, feed in fed.items()
            },
            "outages": {name: outage["verdict"] for name, outage in more["outage_drill"].items()},
            "accountability": {
                "two_truths": {key: more["two_truths"][key] for key in ("record", "writers", "conflicts", "authority")},
                "laundered": more["laundering"]["laundered"],
            },
            "reconciliation": {
                "documents": {key: more["documents"][key] for key in ("lines_by_flag", "orders_by_flag", "at_stake")},
                # Of every refused scan the reason is logged.
                "trail": {
                    what: counts["trail", what] + counts["log", "parcel_scans", "failed"]
                    for what in ("failed", "with_reason")
                },
                "unused_fields": {
                    name: sorted(unused) for name, (_, unused) in FIELDS_A.items() if company.key == "a" and unused
                },
                "loss_bits": {more["lost_meaning"]["integration"]: more["lost_meaning"]["loss_bits"]},
            },
            "collaboration": {
                "congruence": more["contacts"]["congruence"],
                "silent": more["contacts"]["silent"],
                "rituals": {
                    name: {key: ritual[key] for key in ("planned", "held", "complete")}
                    for name, ritual in more["rituals"].items()
                },
                "joint_kpi": {key: more["stages"][key] for key in ("orders", "late", "points")},
            },
            "audit": {
                "claimed": claimed["claimed"],
                "contradicted": sorted(claimed["contradicted"], key=int),
                "outcomes": {name: outcome["verdict"] for name, outcome in more["outcomes"].items()},
            },
        },
        "mechanisms": {
            "season": _season(counts),
            "error_spread": {
                "planted_reproduction": company.reproduction,
                "planted_stopping_power": {s: round(1 - share, 4) for s, share in passing_shares(company).items()},
                "own_error_share": company.error_share,
                **spread,
            },
            "retries": _retries(company, counts),
            "latency_step": _latency_answer(company, latencies),
            "outage": outage,
            **more,
            "claims": claimed,
        },
        "blemishes": {
            "sampled_away_messages": counts["sampled_away"],
            "skewed_system": company.skewed_system,
            "skew_ms": company.skew_ms,
            "pairs_received_before_sent": counts["skewed"],
            "monitor_waiting": counts["monitor", "waiting"],
            "monitor_unmapped_state": counts["monitor", "unmapped"],
            "timeouts": counts["timeouts"],
            "hostile_texts": {name: counts["hostile", name] for name in HOSTILE},
        },
        "messages": {
            "total": sum(value for key, value in counts.items() if key[0] == "log"),
            "failed": sum(value for key, value in counts.items() if key[0] == "log" and key[2] == "failed"),
            "by_log": {
                log: {name: counts["log", log, name] for name in ("failed", "not_failed")}
                for log in ("otlp", "monitor", "webhook", "master_data", "parcel_scans")
            },
            "by_integration": {
                name: {what: counts["integration", name, what] for what in ("messages", "failed")}
                for name in (*INTEGRATIONS, *FEED_INTEGRATIONS, SCANS.name)
            },
        },
        "files": files,
    }


def _spread(counts: Counter, what: str) -> dict[str, Any]:
    names = ("messages", "own_errors", "passed_on", "stopped")
    systems = {system: {name: counts[what, "systems", system, name] for name in names} for system in SYSTEMS}
    for row in systems.values():
        reached = row["stopped"] + row["passed_on"]
        row["stopping_power"] = row["stopped"] / reached if reached else None
    roots = sum(row["own_errors"] for row in systems.values())
    caused = sum(row["passed_on"] for row in systems.values())
    failing = counts[what, "failed_names_parent"] >= 30
    links = ("failed_names_parent", "failed_has_parent") if failing else ("names_parent", "has_parent")
    return {
        "failed": roots + caused,
        "roots": roots,
        "caused": caused,
        "reproduction": caused / (roots + caused) if roots else None,
        "mean_cascade": (roots + caused) / roots if roots else None,
        "names_parent": counts[what, "names_parent"],
        "has_parent": counts[what, "has_parent"],
        "link_coverage": counts[what, links[1]] / counts[what, links[0]] if counts[what, links[0]] else None,
        "systems": systems,
    }


def _structure(company: Company) -> dict[str, Any]:
    """Order to cash: no path leads from shop to bank without ERP and ledger, unless a tested fallback stands in."""
    called = {
        journey.system_pair(step)[1]
        for journey in JOURNEYS
        if journey.name == "order"
        for step in range(len(journey.steps))
        if journey.kind_of(step, company.key) == "request" and _always(journey, step)
    }
    on_every_path = ["ERP", "Financial system"]
    return {
        "capability": "order to cash",
        "entry": "Webshop",
        "goal": "Bank",
        "on_every_path": on_every_path,
        "called_in_every_order": sorted(called),
        "single_points": [] if company.key == "b" else on_every_path,
        "fallbacks_tested": company.key == "b",
    }


def _always(journey: Any, step: int) -> bool:
    while step >= 0:
        if journey.steps[step].probability < 1:
            return False
        step = journey.parents[step]
    return True


def _latency_answer(company: Company, latencies: pl.DataFrame) -> dict[str, Any]:
    step = company.latency_step
    before = pl.col("sent_us") < int(step.at.timestamp() * 1e6)
    return {
        "integration": step.integration,
        "source": INTEGRATIONS[step.integration].source,
        "target": INTEGRATIONS[step.integration].target,
        "at": step.at.isoformat(),
        "factor_on_work": step.factor,
        "p50_before_ms": latencies.filter(before)["taken_ms"].quantile(0.5, "nearest"),
        "p50_after_ms": latencies.filter(~before)["taken_ms"].quantile(0.5, "nearest"),
        "messages_before": latencies.filter(before).height,
        "messages_after": latencies.filter(~before).height,
    }


def _outage(company: Company, counts: Counter) -> dict[str, Any]:
    planned = company.outage
    return {
        "system": planned.system,
        "start": planned.start.isoformat(),
        "end": planned.end.isoformat(),
        "absorbed_by_queues": planned.absorbed,
        **{name: counts["outage", name] for name in OUTAGE_COUNTS},
        "needed_by": {
            source: {end: counts["outage", "needed_by", source, end] for end in ENDS}
            for source in sorted({key[2] for key in counts if key[:2] == ("outage", "needed_by")})
        },
    }


def _down_times(company: Company, evening: dict[str, Any]) -> list[dict[str, str]]:
    """When a system failed whatever came: the outage, and the evening of the storm as long as it lasted."""
    outage, lasted = company.outage, evening["retries_switched_off"] or evening["trigger_end"]
    storm = {"system": SCANS.target, "start": evening["trigger_start"], "end": lasted}
    return [{"system": outage.system, "start": outage.start.isoformat(), "end": outage.end.isoformat()}, storm]


ENDS = ("served", "deferred", "failed", "answered")
OUTAGE_COUNTS = ("messages", "refused", "lost_after_all_tries", "held_in_queue", "served_by_fallback")


def _season(counts: Counter) -> dict[str, Any]:
    per_day = [counts["orders", number] for number in range(DAYS)]
    normal = float(np.median(per_day[:21]))
    peak = float(np.mean(per_day[47:53]))
    return {
        "orders_per_day": per_day,
        "normal_orders_per_day": normal,
        "peak_days": [str(days()[47]), str(days()[52])],
        "peak_multiple": peak / normal if normal else None,
    }


def _retries(company: Company, counts: Counter) -> dict[str, Any]:
    policy = company.retrying
    return {
        "gap": "full jitter, 2 s doubled with every try" if policy.jitter else "always 5 s",
        "first_gap_ms": policy.first_gap_ms,
        "jitter": policy.jitter,
        "most_retries": policy.most,
        "fault_share": policy.fault_share,
        "by_integration": {
            name: {what: counts["integration", name, what] for what in ("retries", "gave_up")} for name in INTEGRATIONS
        },
    }
