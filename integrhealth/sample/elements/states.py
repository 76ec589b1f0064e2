"""Mechanism: a transformation that loses meaning. The carrier tells five states of a shipment; the portal of company A
shows two of them, three and two together, so that log2(3) or 1 bit of what was known is gone.
"""

from math import log2
from typing import Any

import numpy as np
import polars as pl

from integrhealth.sample.chance import stream
from integrhealth.sample.companies import COMPANIES
from integrhealth.sample.elements.changes import in_order, seen
from integrhealth.sample.journeys.milestones import message_ids
from integrhealth.sample.season import DAY_US, FIRST_US, days

ELEMENT = "shipment.status"
EXPORTED_US = FIRST_US + len(days()) * DAY_US
STATES = ("announced", "collected", "in transit", "at the depot", "out for delivery")
SHOWN = {"a": (0, 0, 0, 1, 1), "b": (0, 1, 2, 3, 4)}
SHIPMENTS = 500


def states(milestones: pl.DataFrame, company: str, *, messages: int, seed: int) -> pl.DataFrame:
    """One row per shipment whose state is in the logs: number, entity, ``state``, ``shown``; each as often."""
    shown = milestones.filter(pl.col("announce_ok").fill_null(False), pl.col("portal_ok").fill_null(False)).filter(
        pl.col("portal_us") < EXPORTED_US
    )
    most = min(shown.height, max(5, round(SHIPMENTS * messages / 60_000)))
    count = most // len(STATES) * len(STATES)
    rng = stream(seed, "elements", ELEMENT, company)
    chosen = shown[np.sort(rng.permutation(shown.height)[:count])]
    state = rng.permutation(np.arange(count) % len(STATES))
    return chosen.with_columns(
        entity=pl.format("SH{}", pl.col("number") + 100_000),
        state=pl.Series(state),
        shown=pl.Series(np.array(SHOWN[company])[state]),
    )


def state_rows(chosen: pl.DataFrame, company: str) -> pl.DataFrame:
    """Every state as it was seen in a system, by time. The same state has the same hash, whatever the shipment."""
    made = COMPANIES[company]
    announce, portal = (message_ids(chosen, step, made) for step in ("announce", "portal"))
    state, shown = (chosen.select("entity", number=pl.col(column).cast(pl.Int64)) for column in ("state", "shown"))
    # The portal of A calls its two states by names of its own.
    words = 0 if SHOWN[company] == SHOWN["b"] else len(STATES)
    sent, came, seen_at = (pl.lit(chosen[column]) for column in ("announce_sent_us", "announce_us", "portal_us"))
    return in_order(
        [
            seen(state, ELEMENT, "Carrier", at=sent - 5_000_000, actor="scanner"),
            seen(state, ELEMENT, "Tracking", at=came, actor="carrier-tracking", message=announce),
            seen(
                shown.with_columns(pl.col("number") + words),
                ELEMENT,
                "Customer portal",
                at=seen_at,
                actor="tracking-portal",
                message=portal,
            ),
        ]
    )


def state_truth(chosen: pl.DataFrame, company: str) -> dict[str, Any]:
    """What was planted: shipments by state and by what was shown of it, and the bits lost, from these counts."""
    pairs = chosen.group_by("state", "shown").len().sort("state").rows()
    together = dict(chosen.group_by("shown").len().rows())
    return {
        "integration": "tracking-portal",
        "shipments": chosen.height,
        "states": {STATES[state]: count for state, _, count in pairs},
        "shown": [together[shown] for shown in sorted(together)],
        "loss_bits": sum(count / chosen.height * log2(together[shown] / count) for _, shown, count in pairs),
    }
