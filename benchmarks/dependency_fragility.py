"""Structure of a landscape the size of a large Kubernetes cluster, composed availability over many messages, drills.

Run ``python benchmarks/dependency_fragility.py [MESSAGES]``. The graph has 1,200 systems and 4,300 edges; how many
systems call one is heavy-tailed, as a new edge goes to a system the likelier the more call it already (Price 1976).
"""

import sys
import time

import numpy as np
import polars as pl

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog

SYSTEMS, EDGES = 1_200, 4_300
CAPABILITIES, LONGEST, ENTRIES, WAYS = 12, 12, 6, 8


def dependencies(*, systems: int = SYSTEMS, edges: int = EDGES, seed: int = 11) -> pl.DataFrame:
    """A dependency graph with heavy-tailed numbers of callers; one call in fifty closes a circle."""
    random = np.random.default_rng(seed)
    pairs: set[tuple[int, int]] = set()
    called = np.ones(systems)
    while len(pairs) < edges:
        source = int(random.integers(0, systems - 1))
        backward = random.random() < 0.02 and source > 0
        below = slice(0, source) if backward else slice(source + 1, systems)
        weight = called[below] / called[below].sum()
        target = below.start + int(random.choice(weight.size, p=weight))
        if (source, target) not in pairs:
            pairs.add((source, target))
            called[target] += 1
    ordered = sorted(pairs)
    calls = (10 ** random.uniform(1, 6, len(ordered))).astype(np.int64)
    names = [f"service-{number:04}" for number in range(systems)]
    return pl.DataFrame(
        {"source": [names[a] for a, _ in ordered], "target": [names[b] for _, b in ordered], "calls": calls}
    )


def declared(graph: pl.DataFrame) -> Catalog:
    """Capabilities from the systems that call most to those that are called most."""
    entries = graph.group_by("source").len().sort("len", "source", descending=True)["source"].head(CAPABILITIES)
    goals = graph.group_by("target").len().sort("len", "target", descending=True)["target"].head(CAPABILITIES)
    rows = [
        {"capability": f"{entry} to {goal}", "entry": entry, "goal": goal, "value_per_hour": 100.0}
        for entry, goal in zip(entries, goals, strict=True)
    ]
    return Catalog(capabilities=pl.DataFrame(rows, schema=CATALOG["capabilities"]))


def traffic(graph: pl.DataFrame, count: int, *, seed: int = 3) -> pl.DataFrame:
    """`count` messages of traces that take one of several ways through the graph; one message in 500 fails."""
    random = np.random.default_rng(seed)
    below = dict(graph.sort("target").group_by("source").agg("target").sort("source").iter_rows())
    ways = []
    for start in sorted(below)[:ENTRIES] * WAYS:
        way, here = [], start
        while here in below and len(way) < LONGEST:
            target = below[here][int(random.integers(0, min(2, len(below[here]))))]
            way.append((here, target))
            here = target
        ways.append(way)
    taken = random.integers(0, len(ways), count)
    traces = pl.DataFrame({"trace": np.arange(count), "way": taken})
    steps = pl.DataFrame(
        [(number, step, *edge) for number, way in enumerate(ways) for step, edge in enumerate(way)],
        schema=["way", "step", "source", "target"],
        orient="row",
    )
    rows = traces.join(steps, on="way", maintain_order="left_right").head(count)
    begun = np.datetime64("2026-01-05T00:00:00", "us") + rows["trace"].to_numpy().astype("timedelta64[s]")
    sent = begun + (rows["step"].to_numpy() * 20).astype("timedelta64[ms]")
    return rows.select(
        pl.format("{}.{}", "trace", "step").alias("message_id"),
        pl.format("t{}", "trace").alias("trace_id"),
        pl.when(pl.col("step") > 0).then(pl.format("{}.{}", "trace", pl.col("step") - 1)).alias("parent_id"),
        "source",
        "target",
        pl.lit("request").alias("kind"),
        pl.Series("sent_at", sent).dt.replace_time_zone("UTC"),
        pl.Series("status", np.where(random.random(rows.height) < 0.002, "failed", "ok")),
    )


def drilled(integrations: int, *, seed: int = 5) -> ih.Evidence:
    """Messages of a day, two repaired incidents and a queue for each of so many integrations."""
    random = np.random.default_rng(seed)
    begun, names = np.datetime64("2026-01-05T00:00:00", "us"), [f"feed-{number:05}" for number in range(integrations)]
    sent = pl.DataFrame({"integration": np.repeat(names, 90), "minute": random.integers(0, 1440, integrations * 90)})
    messages = sent.select(
        "integration",
        message_id=pl.format("{}.{}", "integration", pl.int_range(pl.len())),
        source=pl.lit("Shop"),
        target=pl.lit("ERP"),
        sent_at=pl.lit(begun).dt.replace_time_zone("UTC") + pl.duration(minutes="minute"),
        status=pl.lit("ok"),
    )
    opened = pl.DataFrame({"integration": names * 2}).select(
        "integration",
        incident=pl.format("i{}", pl.int_range(pl.len())),
        at=pl.lit(begun).dt.replace_time_zone("UTC") + pl.duration(days=pl.int_range(pl.len()) % 30, hours=23),
        state=pl.lit("new"),
    )
    lasted = pl.duration(minutes=pl.Series(random.integers(20, 100, opened.height)))
    repaired = opened.with_columns(pl.col("at") + lasted, state=pl.lit("resolved"))
    bears = {"queue": True, "tolerance_ms": 3_600_000.0, "value_per_object": 50.0}
    declared = pl.DataFrame([{"integration": name} | bears for name in names], schema=CATALOG["integrations"])
    return ih.Evidence(
        messages=messages, incident_events=pl.concat([opened, repaired]), catalog=Catalog(integrations=declared)
    )


def timed(say: str, ask) -> None:
    """Print how long `ask` takes, how much of a processor, and what it answers."""
    begun, worked = time.perf_counter(), time.process_time()
    answer = ask()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    print(f"{say:<24}{seconds:>8.2f} s {cpu:>8.2f} CPU s  {answer}")


def main() -> None:
    """Measure the graph alone, the graph with capabilities, messages over it, and 2,000 outages of each integration."""
    graph = dependencies()
    callers = graph.group_by("target").len()["len"]
    print(f"{graph.height} edges; most callers of one system {callers.max()}, median {callers.median():.0f}")
    for say, catalog in (("graph alone", None), ("graph and capabilities", declared(graph))):
        evidence = ih.Evidence(dependencies=graph, catalog=catalog)
        timed(say, lambda evidence=evidence: _sizes(ih.dependency_fragility.report(evidence)))
    evidence = ih.Evidence(messages=traffic(graph, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
    timed("linked and caused", lambda: evidence.caused.height)
    timed("messages", lambda: _sizes(ih.dependency_fragility.report(evidence)))
    for integrations in (40, 10_000):
        drill = drilled(integrations)
        timed(f"outages of {integrations}", lambda drill=drill: ih.dependency_fragility.outages(drill).height)


def _sizes(report) -> dict[str, int]:
    return {name: table.height for name, table in report.tables.items() if table.height}


if __name__ == "__main__":
    main()
