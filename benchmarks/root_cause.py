"""Root causes on PetShop and Nezha: how often the injected cause is named first, and nothing on quiet days.

Run ``python benchmarks/root_cause.py DATA``, DATA holding ``petshop`` and ``nezha`` (long Parquet files, issues.json,
truth.json). Every case runs with the same settings; nothing was fitted to the labels but what thresholds.py says.
PetShop: Hardt et al., CLeaR 2024; without normal data of its own (temporal traffic) a scenario gets that of the others.
Nezha: Yu et al., FSE 2023; an issue sees all spans, logs and metrics of its day, other incidents included.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from integrhealth.analyses.error_propagation.root_cause.ranking import root_causes
from integrhealth.evidence import Evidence

PUBLISHED = """\
published: PetShop, graph traversal with the graph 0.57-0.83 per scenario, ranked correlation without 0.43-0.83
published: Nezha, its own method 0.929 (Online Boutique) and 0.867 (TrainTicket); without logs 0.643 and 0.422
"""
QUIET_MOMENTS = 60
LOST = (0.1, 0.3, 0.5)

Case = tuple[str, Evidence, datetime, str | None, str]


def petshop(data: Path, change: Callable[[pl.DataFrame], pl.DataFrame], *, graph: bool = True) -> Iterator[Case]:
    """The labelled issues: name, evidence, moment, symptom, cause; CHANGE is done to the metrics."""
    truth = json.loads((data / "truth.json").read_text())
    normal = {path.parent.name: pl.read_parquet(path) for path in sorted(data.glob("*/normal.parquet"))}
    for name, issue in truth.items():
        usual = [normal[name.split("/")[0]]] if issue["normal"] else list(normal.values())
        metrics = change(pl.concat([*usual, pl.read_parquet(data / issue["metrics"])]))
        edges = pl.read_csv(data / issue["edges"]) if graph else None
        at = datetime.fromisoformat(issue["reported_at"])
        yield name, Evidence(metrics=metrics, dependencies=edges), at, None, issue["root_cause"]


def quiet_petshop(data: Path) -> Iterator[Case]:
    """Moments drawn from the normal data, where nobody injected anything."""
    for path in sorted(data.glob("*/normal.parquet")):
        metrics = pl.read_parquet(path)
        evidence = Evidence(metrics=metrics, dependencies=pl.read_csv(path.parent / "edges.csv"))
        moments = metrics["time"].unique().sort()[24:-24]
        drawn = np.random.default_rng(7).choice(len(moments), QUIET_MOMENTS, replace=False)
        for place in sorted(drawn):
            yield f"{path.parent.name} {place}", evidence, moments[int(place)] + timedelta(seconds=150), None, ""


def nezha(data: Path, *, logs: bool = True, metrics: bool = True) -> Iterator[Case]:
    """The labelled faults, day by day, with all that was recorded on the day."""
    truth = json.loads((data / "truth.json").read_text())
    for day in sorted({f"{fault['system']}/{fault['day']}" for fault in truth.values()}):
        folders = sorted(path for path in (data / day).iterdir() if path.is_dir())
        spans = [_messages(path / "spans.parquet") for path in folders if (path / "spans.parquet").exists()]
        lines = [_lines(path / "logs.parquet") for path in folders if (path / "logs.parquet").exists()]
        evidence = Evidence(
            messages=pl.concat(spans),
            logs=pl.concat(lines) if logs and lines else None,
            metrics=pl.read_parquet(data / day / "metrics.parquet") if metrics else None,
        )
        for name, fault in truth.items():
            if name.startswith(day):
                yield name, evidence, datetime.fromisoformat(fault["injected_at"]), None, fault["root_cause"]


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


def _lost(share: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda metrics: metrics.sample(fraction=1 - share, seed=11)


def _renamed(metrics: pl.DataFrame) -> pl.DataFrame:
    """Every metric under a name that says nothing."""
    names = metrics["metric"].unique().sort()
    return metrics.with_columns(pl.col("metric").replace(dict(zip(names, "abcdefghij", strict=False))))


def scored(name: str, cases: Iterator[Case]) -> None:
    """Print one line: top 1 and top 3 recall, the share of cases without rows, seconds per case."""
    first, third, silent, count, started, missed = 0, 0, 0, 0, time.perf_counter(), []
    for case, evidence, at, symptom, cause in cases:
        ranked = root_causes(evidence, at=at, symptom=symptom)["system"].to_list()
        first, third = first + (ranked[:1] == [cause]), third + (cause in ranked[:3])
        silent, count = silent + (not ranked), count + 1
        if cause and ranked[:1] != [cause]:
            missed.append(case)
    seconds = (time.perf_counter() - started) / max(count, 1)
    print(
        f"| {name:32} | {count:4} | {first / count:.2f} | {third / count:.2f} | {silent / count:.2f} | {seconds:.2f} |"
    )
    if missed:
        print(f"  missed first: {', '.join(missed)}", file=sys.stderr)


def main(data: Path) -> None:
    """Every case and every loss; the misses go to standard error."""
    pets, spans = data / "petshop", data / "nezha"
    print(PUBLISHED)
    print("| case | n | top 1 | top 3 | no rows | seconds |")
    print("|---|---|---|---|---|---|")
    scored("PetShop", petshop(pets, lambda metrics: metrics))
    scored("PetShop, no graph", petshop(pets, lambda metrics: metrics, graph=False))
    for share in LOST:
        scored(f"PetShop, {share:.0%} of values lost", petshop(pets, _lost(share)))
    scored("PetShop, metrics without names", petshop(pets, _renamed))
    scored("PetShop, normal moments", quiet_petshop(pets))
    scored("Nezha", nezha(spans))
    scored("Nezha, no logs", nezha(spans, logs=False))
    scored("Nezha, no metrics", nezha(spans, metrics=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
