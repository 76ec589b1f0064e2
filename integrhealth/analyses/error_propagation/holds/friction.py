"""Strategic friction: what would one hour of delay have cost, and what an error that flowed at once?

A hold of h on an integration costs delay_cost_per_hour x h for every message delivered on it, and spares the records
that a wrong entry would not have reached before it was detected (``replay.hold_replay``, over the real errors).
An error costs error_cost per distinct object that an entry touched; a hold that spares part of an object's records
saves that part. Beside the replay stands the textbook cost J(h) = c_d h + p C_e (1 - F(h)) per message. Money is in
the catalog's currency, for the whole period.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np
import polars as pl

from integrhealth.analyses.error_propagation.holds.replay import Holds, detections, every_hold, hold_replay
from integrhealth.analyses.error_propagation.tables import TABLES
from integrhealth.language.period import period
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, is_delivered
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import HOLD_MINUTES, MIN_BAD_ENTRIES, MIN_MESSAGES

NOT_ENOUGH = "not enough data"
COSTS = ("delay_cost_per_hour", "error_cost")
HOLD_COSTS = {
    "integration": TEXT,
    "minutes": COUNT,
    "best": FLAG,
    "entries_caught": COUNT,
    "records_spared": COUNT,
    "objects_spared": NUMBER,
    "detected_share": NUMBER,
    "saved": NUMBER,
    "delay_cost": NUMBER,
    "net": NUMBER,
    "errors_left": NUMBER,
    "total_cost": NUMBER,
    "total_low": NUMBER,
    "total_high": NUMBER,
    "expected_cost": NUMBER,
}
FRICTION = TABLES["friction"] | {
    "messages": COUNT,
    "bad_entries": COUNT,
    "wrong_entries": COUNT,
    "bad_share": NUMBER,
    "bad_low": NUMBER,
    "bad_high": NUMBER,
    "first_share": NUMBER,
    "needs_release_share": NUMBER,
    "mean_cascade": NUMBER,
    "objects_touched": COUNT,
    "detected_60_minutes": NUMBER,
    "saved_60_minutes": NUMBER,
    "net_60_minutes": NUMBER,
    "best_low_minutes": NUMBER,
    "best_high_minutes": NUMBER,
    "net_low": NUMBER,
    "net_high": NUMBER,
    "break_even_delay_hours": NUMBER,
    "checkpoint": TEXT,
    "checkpoint_net": NUMBER,
    "checkpoint_net_high": NUMBER,
    "hold_instead_net": NUMBER,
}


@dataclass(frozen=True)
class Traffic:
    """What an integration carried: delivered messages, those that name their object, and what the catalog says that
    an hour of delay and an error cost (None: it does not say)."""

    integration: str
    messages: int
    identified: int
    delay_cost: float | None
    error_cost: float | None

    @property
    def priced(self) -> bool:
        """Whether a hold can be weighed in money."""
        return self.delay_cost is not None and self.error_cost is not None


def friction_and_costs(
    caused: pl.DataFrame,
    entries: pl.DataFrame,
    steps: pl.DataFrame,
    checkpoints: pl.DataFrame,
    declared: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables ``friction`` and ``hold_costs``, which one replay of all holds fills.

    ``friction`` has one row per integration that delivered messages, most money first. ``best_hold_minutes`` is the
    whole number of minutes, none to a day, with the largest ``net`` = ``saved`` - ``delay_cost``, on these very
    errors; its interval and that of ``net`` at that hold draw the entries anew, and their number (Poisson weights).
    ``break_even_error_cost`` is the smallest error cost at which some hold pays that spares at least 10 objects (or
    all that can be spared), ``break_even_delay_hours`` the same as hours of delay of one object.

    ``verdict``, the first that holds: "not enough data" (under `min_messages` delivered); "approval" (a checkpoint here
    stopped so much that what it saved, less the delay of what it held, is positive and more than the best hold would
    net if it had to deal with these errors as well); "instant" (no bad entry passed, and the objects are named, so
    one could have been seen); "not enough data" (under 10 bad entries, or no objects); "a hold cannot help" (no
    record could have been spared within a day); "not enough data" (costs not in the catalog); "hold" (the interval
    of ``net`` lies above zero); else "instant".

    ``hold_costs`` has one row per integration and hold of ``thresholds.HOLD_MINUTES``, and one for the best hold.

    `caused`, `entries`, `steps` as the evidence has them; `checkpoints` the published table; `declared` the
    integrations of the catalog.
    """
    min_messages = max(min_messages, 1)
    replay = hold_replay(steps, entries)
    detected = detections(entries, _last_moment(caused))
    passing = detected.join(replay.select("integration", "entry").unique(), on="entry", maintain_order="left")
    parts = [
        (frame.partition_by("integration", as_dict=True, maintain_order=True), frame.clear())
        for frame in (replay, passing, checkpoints)
    ]
    best, costs = [], []
    for traffic in _traffic(caused, declared):
        records, passed, here = (part.get((traffic.integration,), nothing) for part, nothing in parts)
        holds = every_hold(records, passed, traffic.messages, drawn=traffic.priced)
        best.append(_friction(traffic, holds, records, passed, here, min_messages=min_messages))
        costs.append(_hold_costs(traffic, holds, best=best[-1]["best_hold_minutes"]))
    friction = pl.DataFrame(best, schema=FRICTION, orient="row")
    # One frame of all: an integration each would cost more than the analysis where there are thousands.
    columns = {name: list(chain.from_iterable(rows[name] for rows in costs)) for name in HOLD_COSTS}
    return (
        friction.sort("net", "bad_entries", "integration", descending=[True, True, False], nulls_last=True),
        pl.DataFrame(columns, schema=HOLD_COSTS),
    )


def missing_costs(declared: pl.DataFrame) -> str | None:
    """The sentence that says what the catalog lacks, when it gives no integration both costs."""
    if declared.drop_nulls(COSTS).height:
        return None
    return (
        "What a hold saves in money needs delay_cost_per_hour (of one object) and error_cost (of one object that went "
        "wrong, found late) of integrations in catalog.yaml; without them break_even_delay_hours says how many hours "
        "of delay an error must cost before a hold pays."
    )


def _traffic(caused: pl.DataFrame, declared: pl.DataFrame) -> list[Traffic]:
    carried = (
        caused.filter(is_delivered(pl.col("status")), pl.col("source") != pl.col("target"))
        .group_by("integration")
        .agg(messages=pl.len(), identified=pl.col("object_id").is_not_null().sum())
        .join(declared.select("integration", *COSTS), on="integration", how="left")
        .sort("integration")
    )
    return [Traffic(*row) for row in carried.select("integration", "messages", "identified", *COSTS).iter_rows()]


def _last_moment(caused: pl.DataFrame) -> pl.Expr:
    """Until when there is data: entries not detected by then are still open."""
    ends = caused.select(pl.max_horizontal("sent_at", "received_at", "finished_at", "answered_at")).to_series()
    _, last = period(ends) or (None, None)
    return pl.lit(last, ends.dtype)


def _hold_costs(traffic: Traffic, holds: Holds, *, best: float | None) -> dict[str, list]:
    """The rows of one integration in ``hold_costs``, by column."""
    judged = holds.entries >= MIN_BAD_ENTRIES
    at = np.searchsorted(holds.minutes, np.union1d(HOLD_MINUTES, [] if best is None else [best]))
    rows = {
        "integration": np.full(len(at), traffic.integration, dtype=object),
        "minutes": holds.minutes[at],
        "best": None if best is None else holds.minutes[at] == best,
        "entries_caught": holds.caught[at],
        "records_spared": holds.records[at],
        "objects_spared": holds.spared[at],
        "detected_share": holds.detected[at] if judged else None,
    }
    if traffic.priced:
        delay, saved = traffic.delay_cost * holds.delay_hours[at], traffic.error_cost * holds.spared[at]
        all_errors = traffic.error_cost * holds.objects
        left = np.maximum(all_errors - saved, 0)
        rows |= {"saved": saved, "delay_cost": delay, "net": saved - delay, "errors_left": left}
        rows |= {"total_cost": delay + left}
        if judged:
            drawn_left = traffic.error_cost * np.maximum(holds.drawn_objects - holds.drawn[at], 0)
            low, high = np.quantile(drawn_left, [0.025, 0.975], axis=1)
            expected = delay + all_errors * (1 - holds.detected[at])
            rows |= {"total_low": delay + low, "total_high": delay + high, "expected_cost": expected}
    unknown = [None] * len(at)
    return {name: unknown if rows.get(name) is None else rows[name].tolist() for name in HOLD_COSTS}


def _friction(
    traffic: Traffic,
    holds: Holds,
    records: pl.DataFrame,
    passed: pl.DataFrame,
    checkpoints: pl.DataFrame,
    *,
    min_messages: int,
) -> dict[str, object]:
    """One row of ``friction``."""
    bad = passed.height
    enough_messages = traffic.messages >= min_messages
    enough_bad = enough_messages and bad >= MIN_BAD_ENTRIES
    row: dict[str, object] = dict.fromkeys(FRICTION) | {
        "integration": traffic.integration,
        "messages": traffic.messages,
        "bad_entries": bad,
        "wrong_entries": passed["wrong"].sum(),
        "objects_touched": round(holds.objects),
        "verdict": NOT_ENOUGH,
    }
    if enough_messages:
        low, high = wilson_interval(bad, traffic.messages)
        row |= {"bad_share": bad / traffic.messages, "bad_low": float(low), "bad_high": float(high)}
    if enough_bad:
        row |= {
            "first_share": records.filter("first")["entry"].n_unique() / bad,
            "needs_release_share": passed["needs_release"].mean(),
            "mean_cascade": records.height / bad,
            "detected_60_minutes": float(holds.detected[_at(holds, 60)]),
            "break_even_delay_hours": _break_even(holds),
        }
    row |= _in_money(traffic, holds, checkpoints, enough_bad=enough_bad)
    row |= {"verdict": _verdict(row, holds, traffic, enough_messages=enough_messages, min_messages=min_messages)}
    # Nothing could be saved whatever it costs: true without costs as well.
    if row["net"] is None and row["verdict"] in ("instant", "a hold cannot help"):
        row |= {"best_hold_minutes": 0.0, "saved": 0.0, "delay_cost": 0.0, "net": 0.0}
    return row


def _verdict(
    row: dict[str, object], holds: Holds, traffic: Traffic, *, enough_messages: bool, min_messages: int
) -> str:
    """The verdict of an integration, in the order that ``friction_and_costs`` tells."""
    if not enough_messages:
        return NOT_ENOUGH
    if (row["checkpoint_net"] or 0) > max(row["hold_instead_net"] or 0, 0):
        return "approval"
    if row["bad_entries"] == 0:
        return "instant" if traffic.identified >= min_messages else NOT_ENOUGH
    if row["bad_entries"] < MIN_BAD_ENTRIES:
        return NOT_ENOUGH
    if holds.records[-1] == 0:
        return "a hold cannot help"
    if row["net"] is None:
        return NOT_ENOUGH
    return "hold" if row["net_low"] > 0 else "instant"


def _at(holds: Holds, minutes: int) -> int:
    return int(np.searchsorted(holds.minutes, minutes))


def _break_even(holds: Holds) -> float | None:
    """Hours of delay of one object that an error must cost before a hold pays; null when nothing can be spared.

    Only over holds that spare 10 objects, or all that can be: the one lucky minute would always come cheapest.
    """
    if holds.records[-1] == 0:
        return None
    # A hair less, since parts of objects are added up in floating point.
    enough = holds.spared >= min(MIN_BAD_ENTRIES, holds.spared[-1]) - 1e-9
    return float((holds.delay_hours[enough] / holds.spared[enough]).min())


def _in_money(
    traffic: Traffic, holds: Holds, checkpoints: pl.DataFrame, *, enough_bad: bool
) -> dict[str, float | str | None]:
    """What one hour and the best hold would have saved, and what the best checkpoint did; nothing without costs."""
    if not traffic.priced:
        return {}
    delay, saved = traffic.delay_cost * holds.delay_hours, traffic.error_cost * holds.spared
    net, hour = saved - delay, _at(holds, 60)
    money: dict[str, float | str | None] = {
        "saved_60_minutes": float(saved[hour]),
        "net_60_minutes": float(net[hour]),
    }
    money |= _checkpoint_in_money(traffic, holds, checkpoints)
    if not enough_bad:
        return money
    best = int(net.argmax())  # the shortest of equals
    drawn = traffic.error_cost * holds.drawn - delay[:, None]
    hold_low, hold_high = np.quantile(holds.minutes[drawn.argmax(axis=0)], [0.025, 0.975])
    net_low, net_high = np.quantile(drawn[best], [0.025, 0.975])
    break_even = _break_even(holds)
    return money | {
        "best_hold_minutes": float(holds.minutes[best]),
        "saved": float(saved[best]),
        "delay_cost": float(delay[best]),
        "net": float(net[best]),
        "best_low_minutes": float(hold_low),
        "best_high_minutes": float(hold_high),
        "net_low": float(net_low),
        "net_high": float(net_high),
        "break_even_error_cost": None if break_even is None else traffic.delay_cost * break_even,
    }


def _checkpoint_in_money(traffic: Traffic, holds: Holds, checkpoints: pl.DataFrame) -> dict[str, float | str | None]:
    """The checkpoint of an integration that saved most, if one is measured: what it caught at the cost of an error,
    less the median delay of what it held; at most with the upper bound of the share that it stopped.

    A bad message that was approved all the same was not caught. What was caught reached nothing, so an error counts
    with the objects that entries touch here on average, one where none passed. ``hold_instead_net``: what the best
    hold would net had these passed as well, and been detected like those that did; unknown where too few did.
    """
    measured = checkpoints.drop_nulls(["catch_rate", "median_hold_minutes"])
    if measured.is_empty():
        return {}
    each = traffic.error_cost * (holds.objects / holds.entries if holds.entries else 1)
    delay = traffic.delay_cost * pl.col("median_hold_minutes") / 60 * pl.col("held")
    worth = measured.select(
        "checkpoint",
        stopped=pl.col("bad_held") - pl.col("bad_approved"),
        checkpoint_net=each * (pl.col("bad_held") - pl.col("bad_approved")) - delay,
        checkpoint_net_high=each * pl.col("stopped_high") * pl.col("bad_total") - delay,
    )
    best = worth.sort("checkpoint_net", "checkpoint", descending=[True, False]).row(0, named=True)
    as_many = 1 + best.pop("stopped") / max(holds.entries, 1)
    instead = traffic.error_cost * holds.spared * as_many - traffic.delay_cost * holds.delay_hours
    return best | {"hold_instead_net": float(instead.max()) if holds.entries >= MIN_BAD_ENTRIES else None}
