"""The orders as business sees them: when each paper was made, and which of them went wrong at Christmas.

What failed for good in the messages is made up for by hand a little later. Not so in company A from 15 to 27 December:
there it stays as it is, and more goes wrong than the messages say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.season import DAY_US, FIRST_US, days

HOUR_US, MINUTE_US = 3_600_000_000, 60_000_000
# What is later is not in the export.
EXPORTED_US = FIRST_US + len(days()) * DAY_US
CHRISTMAS = tuple(
    int(moment.timestamp() * 1e6) for moment in (datetime(2025, 12, 15, tzinfo=UTC), datetime(2025, 12, 28, tzinfo=UTC))
)
BALANCED, OPEN = "balanced", "open"
# Hours until people make up by hand for what failed (median), and the share of orders that leave in two to five parts.
BY_HAND_HOURS = {"a": 14.0, "b": 2.0}
PARTIAL_SHARE, MOST_PARTS = 0.15, 5
NEEDS_QUANTITY, NEEDS_AMOUNT = 2, 120.0


@dataclass(frozen=True)
class Fault:
    """One way in which orders of Christmas went wrong: how many for every 60,000 messages, at least `least`; those
    that `likely` says first, and only those that `possible` says."""

    flag: str
    orders: int
    likely: pl.Expr
    possible: pl.Expr = pl.lit(True)
    least: int = 0


_FAILED = {step: ~pl.col(f"{step}_ok").fill_null(False) for step in ("create", "ship", "issue", "invoice")}
_SINGLE = pl.col("lines") == 1
# In the order in which they are chosen, each from what the ones before left.
CHRISTMAS_NIGHT = (
    Fault("invoice without shipment", 23, _FAILED["issue"] & ~_FAILED["invoice"]),
    Fault("shipment without invoice", 17, ~_FAILED["issue"] & _FAILED["invoice"]),
    Fault("never shipped", 100, _FAILED["create"].cast(pl.Int8) * 4 + _FAILED["ship"] * 2 + _FAILED["issue"]),
    Fault("shipped again", 1, pl.col("create_try") > 1, _SINGLE & ~_FAILED["create"], least=1),
    Fault("over-shipped", 8, pl.lit(0), pl.col("least_quantity") >= NEEDS_QUANTITY),
    Fault(
        "over-invoiced",
        6,
        pl.lit(0),
        _SINGLE & (pl.col("least_quantity") >= NEEDS_QUANTITY) & (pl.col("amount") > NEEDS_AMOUNT),
    ),
    Fault("paid twice", 12, pl.lit(0)),
)
FLAGS = (BALANCED, OPEN, *(fault.flag for fault in CHRISTMAS_NIGHT))


def orders(milestones: pl.DataFrame, company: str, *, messages: int, seed: int) -> pl.DataFrame:
    """One row per order: number, amount, flag, parts, when it was ordered, and when each paper was made (``*_us``), the
    ``system`` that has it, its lines with their quantities and amounts, and what was returned of it.

    `milestones` as ``journeys.milestones`` gives them. Times may lie after the export.
    """
    placed = milestones.filter(pl.col("journey").is_in(["order", "quote"]))
    # An order is in the books where it was placed, whether or not the ERP ever got it.
    system = pl.when(pl.col("journey") == "order").then(pl.lit("Webshop")).otherwise(pl.lit("CRM"))
    timed = placed.with_columns(**_paper_times(placed, company, seed)).with_columns(system=system)
    lined = timed.with_columns(**_lines(timed, company, seed))
    flagged = lined.with_columns(flag=_flags(lined, company, messages, seed))
    parted = _parted(flagged, company, seed)
    return _with_returns(parted, milestones.filter(pl.col("journey") == "return"), company, seed)


def _paper_times(placed: pl.DataFrame, company: str, seed: int) -> dict[str, pl.Series]:
    """When each paper was made: with the message that says so, or later by hand where that failed or was never sent."""
    times = {"ordered_us": placed["create_sent_us"].to_numpy()}
    before, usual = times["ordered_us"], {"delivered": 0.1, "issued": 4.0, "invoiced": 0.1, "paid": 24.0}
    for (paper, hours), step, when in zip(
        usual.items(),
        ("ship", "issue", "invoice", "collect"),
        ("ship_us", "issue_sent_us", "invoice_us", "collect_us"),
        strict=True,
    ):
        by_hand = before + _hours(hours + _by_hand(placed.height, company, seed, paper))
        said = placed[when].fill_null(0).to_numpy()
        done = np.where(placed[f"{step}_ok"].fill_null(False).to_numpy(), said, by_hand)
        before = times[f"{paper}_us"] = np.maximum(done, before + MINUTE_US)
    return {name: pl.Series(values) for name, values in times.items()}


def _by_hand(count: int, company: str, seed: int, what: str) -> NDArray:
    drawn = stream(seed, "documents", company, "by hand", what).standard_normal(count)
    return BY_HAND_HOURS[company] * np.exp(0.4 * drawn)


def _hours(hours: NDArray | float) -> NDArray:
    return np.rint(np.asarray(hours) * 3600).astype(np.int64) * 1_000_000


def _lines(timed: pl.DataFrame, company: str, seed: int) -> dict[str, pl.Series]:
    """How many lines each order has, how its amount is split among them (``cuts``), and their quantities."""
    rng = stream(seed, "documents", company, "lines")
    drawn, cuts = rng.random(timed.height), np.sort(rng.random((timed.height, 2)) * 0.6 + 0.2, axis=1)
    quantities = 1 + np.minimum(rng.geometric(0.35, (timed.height, 3)) - 1, 7)
    lines = np.where(timed["amount"].to_numpy() < 12, 1, 1 + (drawn > 0.62).astype(int) + (drawn > 0.9))
    used = np.where(np.arange(3) < lines[:, None], quantities, quantities.max(axis=1, keepdims=True))
    return {
        "lines": pl.Series(lines),
        "cuts": pl.Series(cuts.tolist(), dtype=pl.List(pl.Float64)),
        "quantities": pl.Series(quantities.tolist(), dtype=pl.List(pl.Int64)),
        "least_quantity": pl.Series(used.min(axis=1)),
    }


def _flags(lined: pl.DataFrame, company: str, messages: int, seed: int) -> pl.Series:
    """What went wrong with each order of Christmas in company A; all others balance."""
    at_christmas = pl.col("ordered_us").is_between(*CHRISTMAS, closed="left")
    flags = np.full(lined.height, BALANCED, dtype=object)
    for fault in CHRISTMAS_NIGHT if company == "a" else ():
        count = max(fault.least, round(fault.orders * messages / 60_000))
        draws = stream(seed, "documents", company, fault.flag).random(lined.height)
        ranked = lined.select(
            place=pl.int_range(pl.len()),
            free=pl.Series(flags == BALANCED) & at_christmas & fault.possible,
            likely=fault.likely.cast(pl.Int8).fill_null(0),
            draw=pl.Series(draws),
        ).filter("free")
        chosen = ranked.sort("likely", "draw", descending=[True, False])["place"].head(count)
        flags[chosen.to_numpy()] = fault.flag
    return pl.Series(flags, dtype=pl.String)


def _parted(flagged: pl.DataFrame, company: str, seed: int) -> pl.DataFrame:
    """`flagged` plus the parts in which each order leaves, a day between them."""
    rng = stream(seed, "documents", company, "parts")
    drawn, wanted = rng.random(flagged.height), rng.integers(2, MOST_PARTS + 1, flagged.height)
    several = (pl.col("flag") == BALANCED) & _SINGLE & pl.Series(drawn < PARTIAL_SHARE)
    parts = pl.when(several).then(pl.min_horizontal(pl.Series(wanted), pl.col("least_quantity"))).otherwise(1)
    return flagged.with_columns(parts=parts)


def _with_returns(parted: pl.DataFrame, returns: pl.DataFrame, company: str, seed: int) -> pl.DataFrame:
    """`parted` plus return_number, returned_amount, returned_us and credited_us where the first line came back.

    Each return takes an order that was paid some days before and was worth as much; it has that amount on one line.
    """
    by_hand = _hours(_by_hand(returns.height, company, seed, "return")), _hours(1.0)
    came = returns["receive_us"].fill_null(0).to_numpy()
    hand = returns["register_sent_us"].to_numpy() + 2 * DAY_US + by_hand[0]
    returned = np.where(returns["receive_ok"].fill_null(False).to_numpy(), came, hand)
    said = returns["credit_us"].fill_null(0).to_numpy()
    credited = np.where(returns["credit_ok"].fill_null(False).to_numpy(), said, returned + by_hand[0] + by_hand[1])
    credited = np.maximum(credited, returned + MINUTE_US)
    order = _returned_order(parted, returns)
    back = pl.DataFrame(
        {
            "place": order,
            "return_number": returns["number"],
            "returned_amount": returns["amount"],
            "returned_us": returned,
            "credited_us": credited,
        }
    ).filter(pl.col("place") >= 0)
    return parted.with_columns(place=pl.int_range(pl.len())).join(back, on="place", how="left", maintain_order="left")


def _returned_order(parted: pl.DataFrame, returns: pl.DataFrame) -> NDArray:
    """For each return the place of the order that it sends back, or -1: none was worth as much and not yet returned."""
    whole = (parted["flag"] == BALANCED).to_numpy() & (parted["parts"] == 1).to_numpy()
    places = np.flatnonzero(whole)[np.argsort(parted["paid_us"].to_numpy()[whole], kind="stable")]
    paid, amount = parted["paid_us"].to_numpy()[places], parted["amount"].to_numpy()[places]
    asked, worth = returns["register_sent_us"].to_numpy(), returns["amount"].to_numpy()
    taken, order = np.zeros(places.size, bool), np.full(asked.size, -1)
    for days_before in np.arange(2, 22, 0.25):
        latest = np.searchsorted(paid, asked - int(days_before * DAY_US)) - 1
        fits = (order < 0) & (latest >= 0) & ~taken[latest] & (amount[latest] >= worth + 1)
        tries = np.flatnonzero(fits)
        _, first = np.unique(latest[tries], return_index=True)
        chosen = tries[first]
        order[chosen], taken[latest[chosen]] = places[latest[chosen]], True
    return order
