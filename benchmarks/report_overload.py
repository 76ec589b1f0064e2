"""The smallest set of reports of a large company: exact, beside greedy covers and the same programme without help.

Usage: python benchmarks/report_overload.py [--reports N] [--people N] [--seed S]

Three companies are drawn. *Departments*: of forty, each with its own decisions and people, originals that serve four
decisions and copies that serve a part of one of these to a part of its people; one copy in twenty crosses to others.
*Crossing*: every report serves one to four decisions of its department to a team of ten and a few people elsewhere,
with nothing copied. *Chance*: every report serves three of thirty decisions to forty people, all drawn from the whole
company: no company looks like that, and no proof is to be expected.
"""

import argparse
import heapq
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from integrhealth.analyses.report_overload.cover.smallest_set import handful, smallest_set
from integrhealth.analyses.report_overload.cover.streams import services, uncovered

Answer = TypeVar("Answer")
DEPARTMENTS, DECISIONS = 40, 12


def company(kind: str, reports: int, people: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Streams (a row per report and person) and an inventory, drawn from `seed`."""
    rng = np.random.default_rng(seed)
    staff = people // DEPARTMENTS
    serves, reaches = [], []
    for number in range(reports):
        home = int(rng.integers(DEPARTMENTS))
        if kind == "chance":
            serves.append(rng.choice(30, 3, replace=False).tolist())
            reaches.append(rng.choice(people, 40, replace=False).tolist())
        elif kind == "crossing":
            serves.append((home * DECISIONS + rng.choice(DECISIONS, rng.integers(1, 5), replace=False)).tolist())
            team = home * staff + 10 * int(rng.integers(staff // 10)) + np.arange(10)
            inside = rng.choice(team, rng.integers(5, 11), replace=False)
            reaches.append([*inside.tolist(), *rng.choice(people, rng.integers(0, 4), replace=False).tolist()])
        elif number < DEPARTMENTS * 10 or rng.random() < 0.1:
            serves.append((home * DECISIONS + rng.choice(DECISIONS, 4, replace=False)).tolist())
            reaches.append((home * staff + rng.choice(staff, rng.integers(staff // 3, staff), replace=False)).tolist())
        else:
            original = int(rng.integers(len(serves)))
            some = int(rng.integers(1, len(serves[original]) + 1))
            part = int(rng.integers(1, len(reaches[original]) + 1))
            serves.append(rng.choice(serves[original], some, replace=False).tolist())
            reaches.append(rng.choice(reaches[original], part, replace=False).tolist())
            if rng.random() < 0.05:
                reaches[-1] += rng.choice(people, 5, replace=False).tolist()
    names = [f"report {number:05d}" for number in range(reports)]
    inventory = pl.DataFrame(
        {
            "report": names,
            "reading_words": rng.integers(100, 900, reports),
            "decisions": [[f"decision {each}" for each in row] for row in serves],
            "statutory": rng.random(reports) < 0.002,
        }
    )
    streams = pl.DataFrame({"report": names, "person": reaches}).explode("person").unique().sort("report", "person")
    streams = streams.with_columns(
        person=pl.format("person {}", "person"), deliveries=pl.lit(60), rank=pl.lit(0), cadence=pl.lit("daily")
    )
    return streams, inventory


def greedy(served: pl.DataFrame, pinned: set[str]) -> int:
    """The size of the textbook's greedy cover (Chvatal 1979): the report with the most open needs, again and again.

    Lazily: what a report would add only becomes less, so that only the first of the heap is counted anew.
    """
    sets: dict[str, set[tuple[str, str]]] = {}
    for report, decision, person in served.select("report", "decision", "person").iter_rows():
        sets.setdefault(report, set()).add((decision, person))
    kept, needs = set(pinned), set().union(*sets.values())
    needs -= set().union(*(sets.get(report, set()) for report in pinned))
    heap = [(-len(each), report) for report, each in sets.items()]
    heapq.heapify(heap)
    while needs:
        _, report = heapq.heappop(heap)
        gain = -len(sets[report] & needs)
        if heap and (gain, report) > heap[0]:
            heapq.heappush(heap, (gain, report))
        else:
            kept.add(report)
            needs -= sets[report]
    return len(kept)


def plain_programme(served: pl.DataFrame, pinned: set[str], seconds: float) -> tuple[int | None, bool]:
    """scipy's milp on every need as it stands, within `seconds`: the size, and whether it is proven."""
    rows = served.select(
        need=pl.struct("decision", "person").rank("dense").cast(pl.Int64) - 1,
        column=pl.col("report").rank("dense").cast(pl.Int64) - 1,
    )
    names = served["report"].unique().sort().to_list()
    covers = coo_array((np.ones(rows.height), (rows["need"].to_numpy(), rows["column"].to_numpy()))).tocsr()
    lowest = np.array([float(name in pinned) for name in names])
    result = milp(
        np.ones(len(names)),
        integrality=np.ones(len(names)),
        bounds=Bounds(lowest, 1),
        constraints=LinearConstraint(covers, lb=1),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    size = None if result.x is None else round(result.x.sum()) + len(pinned - set(names))
    return size, result.status == 0


def timed(call: Callable[..., Answer], *arguments: object) -> tuple[Answer, float]:
    """The answer of a call, and the seconds that it took."""
    begun = perf_counter()
    answer = call(*arguments)
    return answer, perf_counter() - begun


def main() -> None:
    """Draw each company and print what each way makes of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=5000)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for kind in ("departments", "crossing", "chance"):
        streams, inventory = company(kind, asked.reports, asked.people, asked.seed)
        served = services(streams, inventory)
        pinned = set(inventory.filter("statutory")["report"])
        kept, seconds = timed(smallest_set, streams, inventory)
        plan, plan_seconds = timed(handful, streams, inventory, kept)
        simple, simple_seconds = timed(greedy, served, pinned)
        (plain, proven), plain_seconds = timed(plain_programme, served, pinned, 30.0)
        open_needs = uncovered(served, plan).height
        print(
            f"{kind}: {streams.height:,} streams, {served.select('decision', 'person').unique().height:,} needs\n"
            f"  smallest_set {kept.height} of {inventory.height}, gap {kept['gap'].max():.3f}, {seconds:.1f} s; "
            f"handful {plan.height} streams, {plan_seconds:.1f} s, {open_needs} needs uncovered\n"
            f"  greedy {simple}, {simple_seconds:.1f} s; milp alone {plain} proven {proven}, {plain_seconds:.1f} s"
        )


if __name__ == "__main__":
    main()
