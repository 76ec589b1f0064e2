"""How long it takes at night: to find the person who repairs it, and then to repair it."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.dependency_fragility.repairs import repaired_incidents
from integrhealth.language.period import is_night
from integrhealth.language.thresholds import MIN_NIGHT_REPAIRS, NOBODY_MINUTES, OUTAGE_RUNS, SEED

MINUTE_MS = 60_000
# Which repairs speak for an integration, the first that are enough.
OWN, NIGHT, ANY = "its own at night", "all at night", "all at any hour"


class Drawn(NamedTuple):
    """How long the outages of each integration last: one row per run in ``minutes``, and what they were drawn from."""

    minutes: NDArray
    basis: pl.DataFrame


def repair_times(incident_events: pl.DataFrame, declared: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """One row per repaired incident: integration, night, owned, search_minutes, fix_minutes; by integration and time.

    ``night``: opened from 22 to 6 of the clock in `timezone`. The search ends when the incident came, for the last
    time, to the team (where no team is said: the person) that had it when it was repaired; the fix is the rest. Where
    neither is said the search is null and all of it is the fix. ``owned``: the catalog (`declared`) names an owner.
    """
    incidents = repaired_incidents(incident_events)
    hour = pl.col("began").dt.convert_time_zone(timezone).dt.hour()
    owners = declared.group_by("integration").agg(owned=pl.col("owner").is_not_null().any())
    timed = incidents.join(_reached(incident_events, incidents), on="incident", how="left").join(
        owners, on="integration", how="left"
    )
    search = (pl.col("reached") - pl.col("began")).dt.total_microseconds() / 60_000_000
    return (
        timed.sort("integration", "began", "incident")
        .with_columns(
            night=is_night(hour),
            owned=pl.col("owned").fill_null(False),
            search_minutes=search,
        )
        .with_columns(fix_minutes=pl.col("lasted_ms") / MINUTE_MS - pl.col("search_minutes").fill_null(0))
        .select("integration", "night", "owned", "search_minutes", "fix_minutes")
    )


def _reached(events: pl.DataFrame, incidents: pl.DataFrame) -> pl.DataFrame:
    """incident, reached: when it came to the hands in which it was repaired."""
    before = events.join(incidents.select("incident", "repaired"), on="incident").filter(
        pl.col("at") < pl.col("repaired")
    )
    hands = pl.coalesce("team", "person").forward_fill().over("incident", order_by="at")
    passed = before.sort("incident", "at").with_columns(hands=hands).drop_nulls("hands")
    came = pl.col("hands").ne_missing(pl.col("hands").shift().over("incident"))
    return passed.filter(came).group_by("incident").agg(reached=pl.col("at").max())


def drawn_outages(times: pl.DataFrame, owned: pl.DataFrame) -> Drawn:
    """The outages of the integrations in `owned` (integration, owned): 2,000 each, a search and a fix drawn apart.

    Fixes are those of the integration's own nights, with fewer than 10 those of all nights, with fewer than 10 all.
    Searches are those of nights of integrations that somebody owns, or nobody, as with this one; with fewer than 10 of
    any hour, with fewer than 10 of all, of nights first, and where nobody owns it an hour more. ``find_minutes`` is the
    median search. The draws are the same for every integration, so that one does not change with the others.
    """
    fixes = {ANY: times, NIGHT: times.filter("night")}
    own = times.filter("night").group_by("integration", maintain_order=True).agg("fix_minutes")
    own = own.filter(pl.col("fix_minutes").list.len() >= MIN_NIGHT_REPAIRS)
    pool = NIGHT if fixes[NIGHT].height >= MIN_NIGHT_REPAIRS else ANY
    shared = fixes[pool]["fix_minutes"].to_list()
    searched = times.drop_nulls("search_minutes")
    alike = {whose: searched.filter(pl.col("owned") == whose) for whose in (True, False)}
    enough = {whose: those.height >= MIN_NIGHT_REPAIRS for whose, those in alike.items()}
    # Where no incident says who had it, the search is in the fix.
    searches = {whose: _nights_first(alike[whose] if enough[whose] else searched) for whose in alike}
    more = {True: 0.0, False: 0.0 if enough[False] else float(NOBODY_MINUTES)}
    basis = owned.join(own, on="integration", how="left", maintain_order="left").select(
        "integration",
        "owned",
        repairs_from=pl.when(pl.col("fix_minutes").is_not_null()).then(pl.lit(OWN)).otherwise(pl.lit(pool)),
        repairs=pl.coalesce(pl.col("fix_minutes").list.len(), pl.lit(len(shared))).cast(pl.Int64),
        find_minutes=pl.col("owned").replace_strict(
            {whose: _median(searches[whose], more[whose]) for whose in more}, return_dtype=pl.Float64
        ),
    )
    if not shared:
        empty = basis.with_columns(repairs_from=pl.lit(None, pl.String), find_minutes=pl.lit(None, pl.Float64))
        return Drawn(np.zeros((OUTAGE_RUNS, owned.height)), empty)
    chance = np.random.default_rng(SEED).random((2, OUTAGE_RUNS))
    places = {name: place for place, name in enumerate(own["integration"])}
    starts = np.cumsum([len(shared), *own["fix_minutes"].list.len()])
    fixed = np.concatenate([shared, *own["fix_minutes"].to_list()])
    start = np.array([starts[places[name]] if name in places else 0 for name in owned["integration"]], int)
    fix = fixed[start + (chance[0][:, None] * basis["repairs"].to_numpy()).astype(int)]
    search = {whose: _picked(searches[whose].to_numpy(), chance[1]) + more[whose] for whose in more}
    return Drawn(fix + np.where(owned["owned"].to_numpy(), search[True][:, None], search[False][:, None]), basis)


def _nights_first(searched: pl.DataFrame) -> pl.Series:
    """The searches at night; with fewer than 10 those at any hour."""
    night = searched.filter("night")
    return (night if night.height >= MIN_NIGHT_REPAIRS else searched)["search_minutes"]


def _picked(values: NDArray, chance: NDArray) -> NDArray:
    return values[(chance * len(values)).astype(int)] if len(values) else np.zeros(len(chance))


def _median(searches: pl.Series, more: float) -> float | None:
    """None where nothing says how long a search takes, and nothing is added to it."""
    return (searches.median() or 0.0) + more if len(searches) or more else None
