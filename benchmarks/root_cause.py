"""Root causes on labelled incidents, beside the simple rule that everybody would try first.

Run ``python benchmarks/root_cause.py DATA``, DATA holding ``petshop`` and ``nezha`` (long Parquet files, issues.json,
truth.json; the simulated systems need no data). Every case runs with the same settings. ``--only NAME`` runs the tables
whose title holds NAME and may repeat, ``--seeds N`` draws N simulated systems of each fault, ``--misses FILE`` writes
down every case where the cause was not named first.

Printed are, per data set, every change made to its data, ours and the rule's; the parts of each data set (culprits,
faults), which are folds as nothing is fitted here: each is scored by itself, and so is their mean; and how often the
path to the first named is one that calls take.

The simple rule: systems by their largest (value - median) / interquartile range, both of the normal part, 0 counting as
1, over all metrics and over all that follows the moment, 20 minutes at most.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl
from root_cause_cases import (
    Case,
    any_units,
    every,
    lost,
    nezha,
    petshop,
    quiet_petshop,
    simulations,
    times,
    without_names,
)

from integrhealth.analyses.error_propagation.root_cause.ranking import root_causes
from integrhealth.language.statistics import wilson_interval

SEEDS, QUIET_MOMENTS, QUIET_SYSTEMS = 8, 30, 40
LOST, LOST_SEEDS = (0.1, 0.3, 0.5), (11, 12)
RULE_FOLLOWS, RULE_NEAR = timedelta(minutes=20), timedelta(minutes=30)
MINUTE, WEAK = timedelta(minutes=1), 0.2
# Seconds as milliseconds; bytes as megabytes, or the other way round; cores as percent.
PETSHOP_UNITS = {"latency": 1000.0}
NEZHA_UNITS = dict.fromkeys([f"LatencyP{rank}(s)" for rank in (50, 90, 95, 99)], 1000.0)
NEZHA_UNITS |= {f"Pod{side}LatencyP{rank}(s)": 1000.0 for side in ("Client", "Server") for rank in (90, 95, 99)}
NEZHA_UNITS |= dict.fromkeys(("NetworkReceiveBytes", "NetworkTransmitBytes", "NodeNetworkReceiveBytes"), 1e-6)
SIMULATED_UNITS = {"latency": 1000.0, "memory": 1e6, "bytes": 1e3, "cpu": 100.0}


def simple_rule(case: Case) -> list[str]:
    """The systems as the rule orders them; none without metrics that follow the moment."""
    metrics, moment, series = case.evidence.metrics, pl.col("time"), ["system", "metric", "statistic"]
    if case.baseline is not None:
        normal = metrics.filter(moment.is_between(*case.baseline, closed="left"))
    else:
        normal = metrics.filter((moment - case.at).abs() > RULE_NEAR)
        normal = normal if normal.height else metrics.filter(moment < case.at)
    value = pl.col("value")
    usual = normal.group_by(series).agg(middle=value.median(), width=value.quantile(0.75) - value.quantile(0.25))
    following = metrics.filter(moment.is_between(case.at, case.at + RULE_FOLLOWS))
    width = pl.when(pl.col("width") > 0).then("width").otherwise(1.0)
    beyond = following.join(usual, on=series, nulls_equal=True).with_columns(z=(value - pl.col("middle")) / width)
    highest = beyond.group_by("system").agg(pl.col("z").max())
    return highest.sort("z", "system", descending=[True, False], nulls_last=True)["system"].to_list()


@dataclass(frozen=True)
class Answer:
    """What was named for a case, by us and by the rule, and the path to the first."""

    name: str
    cause: str
    groups: dict[str, str]
    ways: tuple[tuple[str, ...], ...]
    edges: frozenset[tuple[str, str]]
    ours: list[str]
    rule: list[str]
    path: tuple[str, ...]
    seconds: float

    @property
    def on_a_way(self) -> bool:
        """The path leads along real calls from a system above the cause to it; alone it may stand at the top only."""
        calls = set(zip(self.path, self.path[1:], strict=False))
        at_top = any(len(way) == 1 for way in self.ways)
        return self.path[-1:] == (self.cause,) and calls <= self.edges and (bool(calls) or at_top)

    @property
    def whole_way(self) -> bool:
        """The path is one of the real ways from the system with the symptom to the cause."""
        return self.path in self.ways


def answered(cases: Iterator[Case]) -> list[Answer]:
    """Every case answered by us and by the rule, without its data."""
    answers = []
    for case in cases:
        began = time.perf_counter()
        ranked = root_causes(case.evidence, at=case.at, baseline=case.baseline, symptom=case.symptom)
        seconds = time.perf_counter() - began
        path = tuple(ranked["path"][0]) if ranked.height else ()
        named = ranked["system"].to_list()
        edges = frozenset(case.evidence.dependencies.select("source", "target").iter_rows())
        answers.append(
            Answer(case.name, case.cause, case.groups, case.ways, edges, named, simple_rule(case), path, seconds)
        )
    return answers


def ours(answer: Answer) -> list[str]:
    """The systems as we rank them."""
    return answer.ours


def rule(answer: Answer) -> list[str]:
    """The systems as the rule ranks them."""
    return answer.rule


def hit(answers: list[Answer], ranked: Callable[[Answer], list[str]], among: int = 1) -> int:
    """In how many of `answers` the cause is `among` the first that were RANKED."""
    return sum(answer.cause in ranked(answer)[:among] for answer in answers)


def rows(name: str, answers: list[Answer]) -> list[str]:
    """Ours and the rule's line of the table of one data set; of quiet moments only how often nobody was named."""
    n, lines = len(answers), []
    for who, ranked in (("ours", ours), ("rule", rule)):
        silent = sum(not ranked(answer) for answer in answers) / n
        if silent == 1 and who == "rule":
            continue
        shown = " | "
        if answers[0].cause:
            low, high = wilson_interval(hit(answers, ranked), n)
            shown = f"{hit(answers, ranked) / n:.2f} ({low:.2f}-{high:.2f}) | {hit(answers, ranked, 3) / n:.2f}"
        seconds = f"{sum(answer.seconds for answer in answers) / n:.2f}" if who == "ours" else ""
        lines.append(f"| {name} | {who} | {n} | {shown} | {silent:.2f} | {seconds} |")
    return lines


def parts(answers: list[Answer]) -> list[str]:
    """Every part of a data set by itself, and for each way to part it the mean over its parts beside all cases."""
    lines = []
    for grouping in answers[0].groups:
        split: dict[str, list[Answer]] = {}
        for answer in answers:
            split.setdefault(answer.groups[grouping], []).append(answer)
        shares = []
        for part, inside in sorted(split.items()):
            shares.append(_shares(inside))
            lines.append(f"| {grouping}: {part} | {len(inside)} | {_shown(shares[-1])} |")
        mean = [sum(column) / len(shares) for column in zip(*shares, strict=True)]
        lines.append(f"| **{grouping}: mean of {len(shares)}** | {len(answers)} | {_shown(mean)} |")
    return [*lines, f"| **all** | {len(answers)} | {_shown(_shares(answers))} |"]


def _shares(answers: list[Answer]) -> list[float]:
    return [hit(answers, ranked, among) / len(answers) for among in (1, 3) for ranked in (ours, rule)]


def _shown(shares: list[float]) -> str:
    return " | ".join(f"{share:.2f}" for share in shares)


def paths(name: str, answers: list[Answer]) -> str:
    """One line: how often the first path is one that calls take, in all cases and where the first is the cause."""
    right = [answer for answer in answers if answer.cause in answer.ours[:1]]
    n = len(answers)
    shares = [sum(answer.on_a_way for answer in some) / max(len(some), 1) for some in (answers, right)]
    whole = sum(answer.whole_way for answer in answers) / n
    return f"| {name} | {n} | {_shown([*shares, whole])} |"


Variants = dict[str, Callable[[], Iterator[Case]]]


def of_petshop(data: Path) -> Variants:
    """The rows of PetShop."""
    variants: Variants = {
        "with the graph": lambda: petshop(data),
        "without it": lambda: petshop(data, graph=False),
        "symptom given": lambda: petshop(data, symptom=True),
    }
    for share in LOST:
        for seed in LOST_SEEDS:
            variants[f"{share:.0%} of the values lost, seed {seed}"] = lambda share=share, seed=seed: petshop(
                data, lost(share, seed)
            )
    return variants | {
        "`at` 60 s late": lambda: petshop(data, late=MINUTE),
        "milliseconds": lambda: petshop(data, times(PETSHOP_UNITS)),
        "without the graph, milliseconds": lambda: petshop(data, times(PETSHOP_UNITS), graph=False),
        "every 10 minutes": lambda: petshop(data, every(600)),
        "baseline of a day": lambda: petshop(data, usual=timedelta(days=1)),
        "baseline of two hours": lambda: petshop(data, usual=timedelta(hours=2)),
        "metrics under names that say nothing": lambda: petshop(data, without_names),
        "normal moments": lambda: quiet_petshop(data, QUIET_MOMENTS),
    }


def of_nezha(data: Path) -> Variants:
    """The rows of Nezha."""
    return {
        "all": lambda: nezha(data),
        "no logs": lambda: nezha(data, logs=False),
        "no metrics": lambda: nezha(data, metrics=False),
        "metrics only": lambda: nezha(data, spans=False, logs=False),
        "metrics only, `at` 60 s late": lambda: nezha(data, spans=False, logs=False, late=MINUTE),
        "metrics only, megabytes and milliseconds": lambda: nezha(data, times(NEZHA_UNITS), spans=False, logs=False),
        "metrics only, every 2 minutes": lambda: nezha(data, every(120), spans=False, logs=False),
        "metrics only, names that say nothing": lambda: nezha(data, without_names, spans=False, logs=False),
    }


def of_simulations(seeds: int) -> Variants:
    """The rows of the simulated systems; the first is a value every second, ten usual minutes, no graph."""
    return {
        "every second": lambda: simulations(seeds),
        "every 5 s": lambda: simulations(seeds, every(5)),
        "every 15 s": lambda: simulations(seeds, every(15)),
        "every 60 s": lambda: simulations(seeds, every(60)),
        "with the graph": lambda: simulations(seeds, graph=True),
        "with the graph, symptom given": lambda: simulations(seeds, graph=True, symptom=True),
        "`at` 60 s late": lambda: simulations(seeds, late=MINUTE),
        "every 15 s, `at` 60 s late": lambda: simulations(seeds, every(15), late=MINUTE),
        "bytes, milliseconds, percent": lambda: simulations(seeds, times(SIMULATED_UNITS)),
        "any factor per metric": lambda: simulations(seeds, any_units),
        "baseline of two minutes": lambda: simulations(seeds, before=120),
        "baseline of 75 s": lambda: simulations(seeds, before=75),
        "weak faults": lambda: simulations(seeds, dose=WEAK),
        "weak faults, every 15 s": lambda: simulations(seeds, every(15), dose=WEAK),
        "baseline not given": lambda: simulations(seeds, given=False),
        "metrics under names that say nothing": lambda: simulations(seeds, without_names),
        "quiet moments": lambda: simulations(QUIET_SYSTEMS, quiet=True),
        "quiet moments, every 15 s": lambda: simulations(QUIET_SYSTEMS, every(15), quiet=True),
    }


# Rows that are shown in parts: the first of each data set is its score.
IN_PARTS = {"PetShop": ("with the graph", "without it"), "Nezha": ("all",), "Simulated systems": ("every second",)}


def run(title: str, variants: Variants, misses: list[str]) -> list[Answer]:
    """The tables of one data set: all variants, parts, paths. Gives the answers of the row that is its score."""
    by_row: dict[str, list[Answer]] = {}
    print(f"\n### {title}\n\n| case | who | n | top 1 (95%) | top 3 | nobody named | s |\n" + "|---" * 7 + "|")
    for name, cases in variants.items():
        answers = by_row[name] = answered(cases())
        print("\n".join(rows(name, answers)), flush=True)
        wrong = [answer for answer in answers if answer.cause and answer.cause not in answer.ours[:1]]
        misses += [
            f"{title}\t{name}\t{each.name}\t{each.groups}\t{each.cause}\t{each.ours[:3]}\t{each.path}" for each in wrong
        ]
    for name in (row for row in IN_PARTS[title] if row in by_row):
        print(f"\n{title}, {name}\n\n| part | n | top 1 | rule's | top 3 | rule's |\n" + "|---" * 6 + "|")
        print("\n".join(parts(by_row[name])))
    if with_graph := [name for name in by_row if ("graph" in name and "without" not in name) or "symptom" in name]:
        print(f"\n{title}, path\n\n| case | n | on a real way | if first is right | a whole way |\n" + "|---" * 5 + "|")
        print("\n".join(paths(name, by_row[name]) for name in with_graph))
    return by_row.get(IN_PARTS[title][0], [])


def _data_set(title: str, answer: Answer) -> str:
    return f"{title} {answer.groups['system']}" if "system" in answer.groups else title


def main() -> None:
    """The data sets one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", action="append", default=[], help="part of 'data set: row'")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="simulated systems of each fault")
    parser.add_argument("--misses", type=Path)
    asked = parser.parse_args()
    sets = {
        "PetShop": of_petshop(asked.data / "petshop"),
        "Nezha": of_nezha(asked.data / "nezha"),
        "Simulated systems": of_simulations(asked.seeds),
    }
    misses: list[str] = []
    scored: list[Answer] = []
    for title, variants in sets.items():
        wanted = {
            name: cases
            for name, cases in variants.items()
            if not asked.only or any(part in f"{title}: {name}" for part in asked.only)
        }
        if wanted:
            scored += [
                replace(answer, groups={"data set": _data_set(title, answer)}) for answer in run(title, wanted, misses)
            ]
    if scored:
        print("\n### Data sets\n\n| part | n | top 1 | rule's | top 3 | rule's |\n" + "|---" * 6 + "|")
        print("\n".join(parts(scored)))
    if asked.misses:
        asked.misses.write_text("\n".join(misses) + "\n")


if __name__ == "__main__":
    main()
