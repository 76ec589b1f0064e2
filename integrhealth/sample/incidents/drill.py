"""What an outage at the worst moment does to an integration, in closed form: what a correct analysis should answer.

An outage lasts as long as the search for somebody and the repair, both from the incidents of the nights; messages come
as in the busiest hour. Of a backlog that grows by arrivals - by hand every hour, those have waited too long that came
before the outage was over by the tolerance, and after by-hand work had fallen behind by it.
"""

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.catalogs import all_integrations, declared

HOUR_US, SENT_AT = 3_600_000_000, "%Y-%m-%dT%H:%M:%S%.6fZ"
UNITS = {"m": 1, "h": 60, "d": 1440}
# With fewer incidents of a kind all of them speak for it; where nobody owns it and that is so, an hour more.
ENOUGH, NOBODY_MINUTES = 10, 60
# Messages that may come too late in nineteen of twenty outages.
PAST_SHARE, SURE = 0.001, 0.95


def hourly_counts(rows: pl.DataFrame) -> Counter:
    """First attempts by integration and hour, of records or of a table in canonical columns."""
    sent_us = (
        pl.col("sent_us") if "sent_us" in rows.columns else pl.col("sent_at").str.to_datetime(SENT_AT).dt.epoch("us")
    )
    first = pl.col("attempt") == 1 if "attempt" in rows.columns else pl.col("status") != "cancelled"
    hours = (
        rows.filter(first, pl.col("integration").is_not_null()).group_by("integration", hour=sent_us // HOUR_US).len()
    )
    return Counter({("hour", integration, hour): count for integration, hour, count in hours.rows()})


def arrivals(counts: Counter) -> dict[str, int]:
    """By integration the messages of its busiest hour."""
    busiest: dict[str, int] = {}
    for key, count in counts.items():
        if key[0] == "hour":
            busiest[key[1]] = max(count, busiest.get(key[1], 0))
    return dict(sorted(busiest.items()))


def drill(arrivals: dict[str, int], repaired: pl.DataFrame, company: str) -> dict[str, dict[str, Any]]:
    """By integration its outage: verdict, arrivals an hour, and of the median outage minutes, messages past and loss.

    `repaired` as ``files.repairs`` gives it. What the catalog does not say is null; so are messages and loss where the
    queue overflows, for which there is no short formula.
    """
    said = {entry["name"]: entry for entry in declared(company)["integrations"]}
    sent_away = {made.name: made.kind(company) != "request" for made in all_integrations()}
    return {
        name: _outage(said[name], count, _minutes(repaired, name, said), waits=sent_away[name])
        for name, count in arrivals.items()
    }


def _minutes(repaired: pl.DataFrame, name: str, said: dict[str, dict]) -> NDArray:
    """How long an outage can be, all equally likely, in order: every search with every fix."""
    owned = {each for each, entry in said.items() if "owner" in entry}
    nobody = name not in owned
    night, own = pl.col("night"), pl.col("integration") == name
    alike = pl.col("integration").is_in(list(owned)) != nobody
    fixes = _enough(repaired, night & own, night)
    searches = _enough(repaired, night & alike, alike)
    unlike = repaired.filter(alike).height < ENOUGH
    if unlike:
        searches = _enough(repaired, night)
    more = NOBODY_MINUTES if nobody and unlike else 0
    return np.sort((searches["search_minutes"].to_numpy()[:, None] + fixes["fix_minutes"].to_numpy() + more).ravel())


def _enough(repaired: pl.DataFrame, *kinds: pl.Expr) -> pl.DataFrame:
    """The incidents of the first of these kinds of which there are enough, else all."""
    return next((few for kind in kinds if (few := repaired.filter(kind)).height >= ENOUGH), repaired)


def _outage(entry: dict[str, Any], rate: int, minutes: NDArray, *, waits: bool) -> dict[str, Any]:
    fallback = entry.get("fallback", {})
    covered = "tested_on" in fallback and fallback["kind"] in ("queue", "cache")
    waits = covered or entry.get("queue", waits)
    limit = entry.get("queue_limit", np.inf) if waits else 0
    median = float(np.quantile(minutes, 0.5, method="inverted_cdf")) if minutes.size else None
    facts = {"arrivals": rate, "outage_minutes": median}
    if "tolerance" not in entry or median is None:
        return {"verdict": "cannot tell", **facts}
    borne = float(entry["tolerance"][:-1]) * UNITS[entry["tolerance"][-1]]
    hand = fallback.get("rate_per_hour", 0)

    def bears(by_hand: float) -> bool:
        grows = max(rate - by_hand, 0)
        longest = min(60 * limit / grows, borne * rate / grows / (1 - PAST_SHARE)) if grows else np.inf
        return bool((minutes <= longest).mean() >= SURE)

    verdict = "survive" if bears(0) else "work around" if bears(hand) else "stop"
    grows, hours = rate - (0 if verdict == "survive" else min(hand, rate)), median / 60
    if limit and grows * hours > limit:
        return {"verdict": verdict, **facts, "past_tolerance": None, "median_loss": None}
    behind = borne / 60 * rate / grows if grows else np.inf
    past = rate * max(hours - behind, 0) if limit else grows * hours
    waited = grows * hours**2 / 2 if limit else 0
    value, delay = entry.get("value_per_object"), entry.get("delay_cost_per_hour")
    priced = value is not None or delay is not None
    loss = past * (value or 0) + waited * (delay or 0) if priced else None
    return {"verdict": verdict, **facts, "past_tolerance": past, "median_loss": loss}
