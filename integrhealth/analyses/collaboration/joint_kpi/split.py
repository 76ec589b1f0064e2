"""What each department and each pair of departments did to every order, by the exact games of the orders."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.collaboration.joint_kpi.orders import (
    CROWDED,
    DAY_US,
    MISSING_STAGE,
    OPEN,
    PROMISES,
    left_out,
)
from integrhealth.analyses.collaboration.joint_kpi.schedule import (
    LONG_AGO,
    Stages,
    Timing,
    delivered,
    in_coalition,
    timing,
    with_earliest_ends,
)
from integrhealth.analyses.collaboration.joint_kpi.shapley import interactions, shapley_values
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT
from integrhealth.language.thresholds import MOST_DEPARTMENTS

# Cells of the largest array that is worked on at once.
AT_ONCE = 2_000_000
ORDER = {"order": TEXT, "why": TEXT, "late": FLAG, "plan_late": FLAG, "days": NUMBER}
PART = {"order": TEXT, "department": TEXT, "orders": NUMBER, "days": NUMBER}
PAIR = {"order": TEXT, "department_a": TEXT, "department_b": TEXT, "orders": NUMBER, "only_both": COUNT}


@dataclass(frozen=True)
class Split:
    """The shared number taken apart.

    ``orders``: one row per order, with ``why`` it was left out, else whether it was late (or not perfect), would have
    been by its plan alone, and by how many days. ``parts``: what a department that was off its plan added to that, in
    orders and days. ``pairs``: what two add together beyond what each adds alone, and whether a late order would have
    been in time with either as planned. ``departments``: all that there are.
    """

    departments: tuple[str, ...]
    orders: pl.DataFrame
    parts: pl.DataFrame
    pairs: pl.DataFrame


@dataclass(frozen=True)
class _Orders:
    """Orders with equally many stages: how these were timed, and what was promised and could be.

    ``player`` is the number of a stage's department among those of its order that were off their plan, and of whoever
    promised (last column); -1: as planned. ``playing`` is which department that is, orders x departments.
    """

    order: NDArray
    stages: Stages
    run: Timing
    promised: NDArray
    feasible: NDArray
    player: NDArray
    playing: NDArray

    def at(self, rows: NDArray) -> "_Orders":
        """Some of the orders."""
        stages = Stages(*(getattr(self.stages, name)[rows] for name in Stages.__dataclass_fields__))
        run = Timing(*(getattr(self.run, name)[rows] for name in Timing.__dataclass_fields__))
        rest = (each[rows] for each in (self.promised, self.feasible, self.player, self.playing))
        return _Orders(self.order[rows], stages, run, *rest)


def promising_department(departments: Iterable[str]) -> str:
    """Who answers for promises: sales, as the `departments` write it."""
    return next((each for each in sorted(set(departments)) if each.lower() == PROMISES), PROMISES)


def split(rows: pl.DataFrame, *, perfect: bool, promises: str | None = None) -> Split:
    """The orders of ``order_stages`` with the part of each department in what made them late.

    The department `promises` answers for what was promised too early; by default that is sales.

    With `perfect` an order is good when it is delivered in time and what follows the delivery took no longer than
    planned; without it those stages are no part of it.
    """
    there = sorted(rows["department"].unique())
    promising = promises or promising_department(there)
    names = tuple(sorted({*there, promising})) if there else ()
    used = rows if perfect else rows.filter(~pl.col("after"))
    reasons = left_out(used)
    judged = used.join(reasons.filter(pl.col("why").is_null()), on="order", how="semi", maintain_order="left")
    lost = rows.select("order").unique().join(reasons, on="order", how="anti").with_columns(why=pl.lit(MISSING_STAGE))
    orders = [reasons.drop_nulls("why"), lost]
    parts, pairs = [], []
    end = used["finished"].max()
    end = LONG_AGO if end is None else end
    for whole, unjudged in _by_stages(judged, names, names.index(promising) if names else 0, end):
        orders.append(unjudged)
        for some in _alike(whole):
            order, part, pair = _games(some, np.array(names, object))
            orders.append(order)
            parts += part
            pairs += pair
    return Split(
        names,
        _stacked(orders, ORDER).sort("order"),
        _stacked(parts, PART).sort("order", "department"),
        _stacked(pairs, PAIR).sort("order", "department_a", "department_b"),
    )


def _stacked(frames: list[pl.DataFrame], schema: dict) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=schema), *frames], how="diagonal")


def _by_stages(
    rows: pl.DataFrame, names: tuple[str, ...], promising: int, end: int
) -> Iterator[tuple[_Orders, pl.DataFrame]]:
    """The orders of `rows` that can be judged, by the number of their stages, and those that cannot, with why.

    An unfinished order is judged once it is late for certain: after what was promised has passed.
    """
    numbered = rows.with_columns(
        pl.col("department").replace_strict(names, range(len(names)), return_dtype=pl.Int64),
        pl.col("feasible").fill_null(pl.col("promised")),
        unfinished=pl.col("finished").is_null(),
        finished=pl.col("finished").fill_null(0),
        stages=pl.len().over("order"),
    )
    for frame in _slices(numbered, len(names)):
        count = frame["stages"][0]
        columns = ("planned", "finished", "unfinished", "after", "department", "promised", "feasible")
        grids = {name: frame[name].to_numpy().reshape(-1, count) for name in columns}
        order = frame["order"].to_numpy().reshape(-1, count)[:, 0]
        unfinished, after = grids["unfinished"], grids["after"]
        finished = with_earliest_ends(grids["planned"], grids["finished"], unfinished, end)
        stages = Stages(grids["department"], grids["planned"], finished, after)
        run, promised = timing(stages), grids["promised"][:, 0]
        feasible = np.maximum(promised, grids["feasible"][:, 0])
        late = np.where(after, promised[:, None], finished).max(axis=1) > promised
        slow = (run.slow & after).any(axis=1)
        on_its_way = (unfinished & ~after).any(axis=1)
        undecided = np.where(on_its_way, end <= promised, unfinished.any(axis=1) & ~late & ~slow)
        player, playing = _players(stages, run, promised < feasible, promising, len(names))
        crowded = playing.sum(axis=1) > MOST_DEPARTMENTS
        why = np.where(undecided, OPEN, np.where(crowded, CROWDED, "")).astype(object)
        out = np.flatnonzero(why != "")
        unjudged = pl.DataFrame((order[out], why[out]), schema={"order": TEXT, "why": TEXT})
        whole = _Orders(order, stages, run, promised, feasible, player, playing)
        yield whole.at(np.flatnonzero(why == "")), unjudged


def _slices(rows: pl.DataFrame, departments: int) -> Iterator[pl.DataFrame]:
    """Orders with equally many ``stages``, as many at once as fit beside all `departments` and pairs of stages."""
    for (count,), frame in rows.group_by("stages", maintain_order=True):
        yield from frame.iter_slices(count * max(1, AT_ONCE // max(count**2, departments)))


def _players(stages: Stages, run: Timing, early: NDArray, promising: int, departments: int) -> tuple[NDArray, NDArray]:
    """``_Orders.player`` and ``_Orders.playing``; `early`: orders that were promised before it was feasible."""
    playing = np.zeros((len(early), departments), bool)
    orders, columns = np.nonzero(run.deviates)
    playing[orders, stages.department[orders, columns]] = True
    playing[early, promising] = True
    number = np.where(playing, np.cumsum(playing, axis=1) - 1, -1)
    department = np.column_stack([stages.department, np.full(len(early), promising)])
    return np.take_along_axis(number, department, axis=1), playing


def _alike(whole: _Orders) -> Iterator[_Orders]:
    """The orders by how many departments play, as many at once as fit."""
    players, count = whole.playing.sum(axis=1), whole.stages.planned.shape[1]
    for number in np.unique(players):
        rows = np.flatnonzero(players == number)
        size = max(1, AT_ONCE // (count * max(count, 2**number)))
        for first in range(0, len(rows), size):
            yield whole.at(rows[first : first + size])


def _games(some: _Orders, names: NDArray) -> tuple[pl.DataFrame, list[pl.DataFrame], list[pl.DataFrame]]:
    """Orders, parts and pairs of `some` orders in which equally many departments play."""
    players = int(some.playing[0].sum())
    everybody = 2**players - 1
    done = delivered(some.stages, some.run, some.player[:, :-1], players)
    promised = in_coalition(some.player[:, -1], players)
    late_by = done - np.where(promised, some.promised[:, None], some.feasible[:, None])
    happened = in_coalition(some.player[:, :-1], players)
    slow = ((some.run.slow & some.stages.after)[:, :, None] & happened).any(axis=1)
    bad, days = ((late_by > 0) | slow).astype(float), np.maximum(late_by, 0) / DAY_US
    columns = {"order": some.order, "late": bad[:, -1] > 0, "plan_late": bad[:, 0] > 0, "days": days[:, -1]}
    orders = pl.DataFrame(columns, schema={name: ORDER[name] for name in columns})
    department = names[np.nonzero(some.playing)[1].reshape(len(some.order), players)]
    phi, phi_days = shapley_values(bad), shapley_values(days)
    parts = [
        pl.DataFrame((some.order, department[:, one], phi[:, one], phi_days[:, one]), schema=PART)
        for one in range(players)
    ]
    pairs = []
    for (one, other), together in interactions(bad).items():
        without = (bad[:, everybody ^ 1 << each] == 0 for each in (one, other))
        both = ((bad[:, -1] > 0) & next(without) & next(without)).astype(np.int64)
        pairs.append(pl.DataFrame((some.order, department[:, one], department[:, other], together, both), schema=PAIR))
    return orders, parts, pairs
