"""Labelled incidents for root causes: PetShop, Nezha and simulated systems, and what can be done to their data.

PetShop (Hardt et al., CLeaR 2024): a scenario without normal data of its own (temporal traffic) gets that of others.
Nezha (Yu et al., FSE 2023): an incident sees all spans, logs and metrics of its day, other incidents included.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from simulated_systems import FAULTS, simulated

from integrhealth.evidence import Evidence

# Simulated systems from here on were never looked at while root causes were written.
FIRST_SEED = 1000
SERIES = ["system", "metric", "statistic"]
# Counts have no unit.
COUNTS = ("requests", "errors")

Change = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Case:
    """One incident, or a quiet moment where ``cause`` is "". ``groups``: what its score is shown by (fault, culprit).

    ``ways``: the real ways of calls from the system with the symptom to the cause, where they are known.
    """

    name: str
    evidence: Evidence
    at: datetime
    cause: str
    groups: dict[str, str]
    baseline: tuple[datetime, datetime] | None = None
    symptom: str | None = None
    ways: tuple[tuple[str, ...], ...] = ()


def as_they_are(metrics: pl.DataFrame) -> pl.DataFrame:
    """No change."""
    return metrics


def lost(share: float, seed: int) -> Change:
    """That part of all values is not there."""
    return lambda metrics: metrics.sample(fraction=1 - share, seed=seed)


def every(seconds: int) -> Change:
    """Means over so many seconds, sums where a metric is a sum."""
    bucket, value = pl.col("time").dt.truncate(f"{seconds}s"), pl.col("value")
    summed = pl.when(pl.col("statistic").first() == "Sum").then(value.sum()).otherwise(value.mean())
    return lambda metrics: metrics.group_by(*SERIES, bucket).agg(summed).sort("time", *SERIES)


def without_names(metrics: pl.DataFrame) -> pl.DataFrame:
    """Every metric under a name that says nothing."""
    names = metrics["metric"].unique().sort()
    return metrics.with_columns(pl.col("metric").replace({name: f"m{place}" for place, name in enumerate(names)}))


def times(factors: dict[str, float]) -> Change:
    """Other units: the values of each metric times its factor."""
    factor = pl.col("metric").replace_strict(factors, default=1.0, return_dtype=pl.Float64)
    return lambda metrics: metrics.with_columns(pl.col("value") * factor)


def any_units(metrics: pl.DataFrame) -> pl.DataFrame:
    """Every metric but counts times a factor between a millionth and a million, the same for all systems."""
    names = metrics["metric"].unique().sort().to_list()
    drawn = 10 ** np.random.default_rng(5).uniform(-6, 6, len(names))
    return times({name: each for name, each in zip(names, drawn, strict=True) if name not in COUNTS})(metrics)


def petshop(
    data: Path,
    change: Change = as_they_are,
    *,
    graph: bool = True,
    symptom: bool = False,
    late: timedelta = timedelta(0),
    usual: timedelta | None = None,
) -> Iterator[Case]:
    """The labelled issues; CHANGE is done to the metrics. USUAL: the baseline is only so long, and given."""
    truth = json.loads((data / "truth.json").read_text())
    normal = {path.parent.name: pl.read_parquet(path) for path in sorted(data.glob("*/normal.parquet"))}
    for name, issue in truth.items():
        own = [normal[name.split("/")[0]]] if issue["normal"] else list(normal.values())
        baseline = None
        if usual is not None:
            end = own[-1]["time"].max()
            own, baseline = [own[-1].filter(pl.col("time") > end - usual)], (end - usual, end + timedelta(minutes=5))
        metrics = change(pl.concat([*own, pl.read_parquet(data / issue["metrics"])]))
        edges = pl.read_csv(data / issue["edges"]) if graph else None
        yield Case(
            name,
            Evidence(metrics=metrics, dependencies=edges),
            datetime.fromisoformat(issue["reported_at"]) + late,
            issue["root_cause"],
            {
                "culprit": issue["root_cause"].split("_")[0],
                "symptom in": issue["metric"],
                "traffic": name.split("_")[0],
            },
            baseline,
            issue["target"] if symptom else None,
            tuple(tuple(way) for way in issue["call_paths"]),
        )


def quiet_petshop(data: Path, moments: int) -> Iterator[Case]:
    """Moments drawn from the normal data, where nobody injected anything."""
    for path in sorted(data.glob("*/normal.parquet")):
        metrics = pl.read_parquet(path)
        evidence = Evidence(metrics=metrics, dependencies=pl.read_csv(path.parent / "edges.csv"))
        possible = metrics["time"].unique().sort()[24:-24]
        drawn = np.random.default_rng(7).choice(len(possible), moments, replace=False)
        for place in sorted(drawn):
            at = possible[int(place)] + timedelta(seconds=150)
            yield Case(f"{path.parent.name} {place}", evidence, at, "", {})


def nezha(
    data: Path,
    change: Change = as_they_are,
    *,
    spans: bool = True,
    logs: bool = True,
    metrics: bool = True,
    late: timedelta = timedelta(0),
) -> Iterator[Case]:
    """The labelled faults, day by day, with all that was recorded on the day; CHANGE is done to the metrics."""
    truth = json.loads((data / "truth.json").read_text())
    for day in sorted({f"{fault['system']}/{fault['day']}" for fault in truth.values()}):
        folders = sorted(path for path in (data / day).iterdir() if path.is_dir())
        messages = [_messages(path / "spans.parquet") for path in folders if (path / "spans.parquet").exists()]
        lines = [_lines(path / "logs.parquet") for path in folders if (path / "logs.parquet").exists()]
        measured = pl.read_parquet(data / day / "metrics.parquet").with_columns(statistic=pl.lit(None, pl.String))
        evidence = Evidence(
            messages=pl.concat(messages) if spans else None,
            logs=pl.concat(lines) if logs and lines else None,
            metrics=change(measured) if metrics else None,
        )
        for name, fault in truth.items():
            if name.startswith(day):
                yield Case(
                    name,
                    evidence,
                    datetime.fromisoformat(fault["injected_at"]) + late,
                    fault["root_cause"],
                    {
                        "system": fault["system"],
                        "fault": f"{fault['fault_type']}, {fault['system']}",
                        "culprit": fault["root_cause"],
                    },
                )


def _messages(path: Path) -> pl.DataFrame:
    """Spans as messages: one per span, from the system of its parent to its own; ids are unique in their folder."""
    spans, folder = pl.read_parquet(path), path.parent.name
    parents = spans.select(parent_id="span_id", source="service").unique("parent_id")
    ended = pl.col("start") + pl.duration(microseconds="duration_us")
    began, ended = (moment.dt.cast_time_unit("us") for moment in (pl.col("start"), ended))
    return spans.join(parents, on="parent_id", how="left").select(
        message_id=pl.format("{}/{}", pl.lit(folder), "span_id"),
        parent_id=pl.format("{}/{}", pl.lit(folder), "parent_id"),
        trace_id=pl.format("{}/{}", pl.lit(folder), "trace_id"),
        source=pl.coalesce("source", "service"),
        target="service",
        operation="operation",
        kind=pl.when(pl.coalesce("source", "service") == pl.col("service"))
        .then(pl.lit("internal"))
        .otherwise(pl.lit("request")),
        sent_at=began,
        received_at=began,
        finished_at=ended,
        answered_at=ended,
        status=pl.lit("ok"),
    )


def _lines(path: Path) -> pl.DataFrame:
    folder = path.parent.name
    return pl.read_parquet(path).select(
        time=pl.col("time").dt.cast_time_unit("us"),
        system="service",
        level="level",
        site="site",
        text="message",
        trace_id=pl.format("{}/{}", pl.lit(folder), "trace_id"),
        parent_id=pl.format("{}/{}", pl.lit(folder), "span_id"),
    )


def simulations(
    seeds: int,
    change: Change = as_they_are,
    *,
    graph: bool = False,
    late: timedelta = timedelta(0),
    before: int = 600,
    given: bool = True,
    dose: float = 1,
    quiet: bool = False,
    symptom: bool = False,
) -> Iterator[Case]:
    """SEEDS systems of each fault (or of none) after BEFORE usual seconds, which are GIVEN as the baseline or not.

    A baseline that is given ends at the moment asked about, even where that is late and holds some of the fault.
    """
    for fault in (None,) if quiet else FAULTS:
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            system = simulated(seed, fault, before=before, dose=dose)
            at = system.at + late
            yield Case(
                f"{fault} {seed}",
                Evidence(metrics=change(system.metrics), dependencies=system.edges if graph else None),
                at,
                system.culprit,
                {"fault": fault or "none"},
                (system.at - timedelta(seconds=before), at) if given else None,
                system.entry if symptom else None,
                (_way(system.edges, system.entry, system.culprit),) if fault else (),
            )


def _way(edges: pl.DataFrame, entry: str, culprit: str) -> tuple[str, ...]:
    """The only way down a tree."""
    caller, way = dict(edges.select("target", "source").iter_rows()), [culprit]
    while way[-1] != entry:
        way.append(caller[way[-1]])
    return tuple(reversed(way))
