"""What a supposed landscape differs in from today's: one row per figure that is another, in numbers and in words."""

from typing import NamedTuple

import polars as pl

from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.language.findings import written
from integrhealth.language.schema import COUNT
from integrhealth.language.statistics import Z
from integrhealth.language.thresholds import LEAST_IMPORTANCE_CHANGE
from integrhealth.language.wording import exact_percent, spoken_ms

COLUMNS = TABLES["what_if"]
FIGURE = ["what", "name", "figure"]
CAPABILITY, SYSTEM, INTEGRATION = "capability", "system", "integration"
# What is compared, and what comes first where it is worse: what stops, then what that costs, then why.
ORDER = (
    (CAPABILITY, "availability"),
    (CAPABILITY, "smallest_cut"),
    (CAPABILITY, "value_per_hour"),
    (INTEGRATION, "verdict"),
    (SYSTEM, "single_point"),
    (INTEGRATION, "median_loss"),
    (INTEGRATION, "past_tolerance"),
    (SYSTEM, "availability"),
    (SYSTEM, "value_per_hour"),
    (SYSTEM, "importance"),
)
MORE_IS_BETTER = ("availability", "smallest_cut", "verdict")
MONTH_MS = 30 * 86_400_000


class Landscape(NamedTuple):
    """The answers about one landscape that are compared: the tables of these names."""

    capabilities: pl.DataFrame
    systems: pl.DataFrame
    parts: pl.DataFrame
    outages: pl.DataFrame


def differences(today: Landscape, then: Landscape, worth: pl.DataFrame) -> pl.DataFrame:
    """One row per figure that differs (TABLES["what_if"]), what gets worse first; of names that both landscapes have.

    `worth` (capability, value_per_hour) is that of the catalog. Importance and values of systems are compared over the
    capabilities that get through in both: where nothing gets through, no other error costs anything. Of simulated
    availabilities only what their errors do not explain is a difference.
    """
    then = then._replace(capabilities=_beyond_chance(today.capabilities, then.capabilities))
    alive = [each.capabilities.filter(pl.col("availability") > 0).select("capability") for each in (today, then)]
    both = alive[0].join(alive[1], on="capability")
    before, after = (_figures(each, both, worth) for each in (today, then))
    joined = before.join(after, on=FIGURE, suffix="_then", maintain_order="left")
    changed = joined.filter(pl.col("state").ne_missing(pl.col("state_then")) | _apart())
    # What its errors cost changes a little wherever anything else does.
    itself = changed.filter(pl.col("what") == SYSTEM, pl.col("figure").is_in(["availability", "importance"]))
    aside = (pl.col("what") == SYSTEM) & (pl.col("figure") == "value_per_hour")
    compared = changed.filter(~aside | pl.col("name").is_in(itself["name"].implode())).with_columns(
        today="value",
        then="value_then",
        difference=pl.col("value_then") - pl.col("value"),
        today_low="low",
        today_high="high",
        then_low="low_then",
        then_high="high_then",
        worse=_worse(),
        place=pl.concat_str("what", "figure", separator=" ").replace_strict(
            [" ".join(each) for each in ORDER], range(len(ORDER)), return_dtype=COUNT
        ),
    )
    return (
        compared.with_columns(in_words=_in_words())
        .sort("worse", "place", pl.col("difference").abs(), "name", descending=[True, False, True, False])
        .select(*COLUMNS)
        .cast(COLUMNS)
    )


def _beyond_chance(today: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    before = today.select(
        "capability", availability_today="availability", low_today="low", high_today="high", error="standard_error"
    )
    joined = then.join(before, on="capability", how="left", maintain_order="left")
    error = (pl.col("error").fill_null(0) ** 2 + pl.col("standard_error").fill_null(0) ** 2).sqrt()
    chance = ((pl.col("availability") - pl.col("availability_today")).abs() <= Z * error) & (error > 0)
    kept = (
        pl.when(chance).then(f"{rate}_today").otherwise(rate).alias(rate) for rate in ("availability", "low", "high")
    )
    return joined.with_columns(kept).select(then.columns)


def _figures(landscape: Landscape, standing: pl.DataFrame, worth: pl.DataFrame) -> pl.DataFrame:
    """what, name, figure, value, low, high, state (a word where the figure is one): of everything in `landscape`."""
    priced = landscape.capabilities.join(worth, on="capability", how="left", maintain_order="left")
    # What gets through at least is lost at most.
    lost = pl.col("availability", "high", "low").neg().add(1).mul(pl.col("value_per_hour"))
    of = landscape.parts.join(standing, on="capability", how="semi")
    most = of.sort("importance", descending=True).unique("system", keep="first")
    cost = of.group_by("system").agg(pl.col("value_per_hour", "value_low", "value_high").sum())
    cost = cost.join(of.drop_nulls("value_per_hour"), on="system", how="semi")
    verdict = pl.when(pl.col("verdict") == "survive").then("survived_share").otherwise("worked_share")
    unpriced = landscape.outages.filter(pl.col("median_loss").is_null())
    return pl.concat(
        [
            _rows(priced, CAPABILITY, "availability", "availability", "low", "high"),
            _rows(priced, CAPABILITY, "smallest_cut", pl.col("cut").list.len()),
            _rows(priced.select("capability", lost), CAPABILITY, "value_per_hour", "availability", "high", "low"),
            _rows(landscape.systems, SYSTEM, "single_point", "single_point"),
            _rows(landscape.systems, SYSTEM, "availability", "availability", "low", "high"),
            _rows(cost, SYSTEM, "value_per_hour", "value_per_hour", "value_low", "value_high"),
            _rows(most, SYSTEM, "importance", "importance", "importance_low", "importance_high"),
            _rows(landscape.outages, INTEGRATION, "verdict", verdict, state="verdict"),
            _rows(landscape.outages, INTEGRATION, "median_loss", "median_loss", "loss_low", "p95_loss"),
            _rows(unpriced, INTEGRATION, "past_tolerance", "past_tolerance", "past_low", "past_high"),
        ]
    )


def _rows(
    frame: pl.DataFrame,
    what: str,
    figure: str,
    value: str | pl.Expr,
    low: str | None = None,
    high: str | None = None,
    *,
    state: str | None = None,
) -> pl.DataFrame:
    numbers = {"value": value, "low": low, "high": high}
    given = {
        name: (pl.col(each) if isinstance(each, str) else pl.lit(None) if each is None else each).cast(pl.Float64)
        for name, each in numbers.items()
    }
    word = pl.col(state) if state else pl.lit(None, pl.String)
    return frame.select(what=pl.lit(what), name=what, figure=pl.lit(figure), **given, state=word)


def _apart() -> pl.Expr:
    """Beyond rounding; of importance, which all systems share, beyond what is worth a look. A verdict is its word."""
    size = (pl.col("value_then") - pl.col("value")).abs()
    least = (
        pl.when(pl.col("figure") == "importance")
        .then(LEAST_IMPORTANCE_CHANGE)
        .otherwise(1e-9 * pl.max_horizontal(pl.col("value").abs(), 1))
    )
    appeared = (pl.col("value").is_null() != pl.col("value_then").is_null()) & (pl.col("figure") == "smallest_cut")
    return (appeared | (size > least).fill_null(False)) & (pl.col("figure") != "verdict")


def _worse() -> pl.Expr:
    """A cut that is null is no way at all; a verdict is worse the earlier it stands in the order of verdicts."""
    ranks = {"stop": 0, "work around": 1, "survive": 2}
    before, after = (
        pl.when(pl.col("figure") == "verdict")
        .then(pl.col(f"state{side}").replace_strict(ranks, default=None, return_dtype=pl.Float64))
        .otherwise(_cut_size(f"value{side}"))
        for side in ("", "_then")
    )
    return pl.when(pl.col("figure").is_in(MORE_IS_BETTER)).then(after < before).otherwise(after > before)


def _cut_size(value: str) -> pl.Expr:
    """An empty cut is the best: no system can close the way. None is the worst."""
    size = pl.when(pl.col(value) == 0).then(float("inf")).otherwise(pl.col(value).fill_null(-1))
    return pl.when(pl.col("figure") == "smallest_cut").then(size).otherwise(value)


def _in_words() -> pl.Expr:
    said = {
        (CAPABILITY, "availability"): pl.when(pl.col("then") == 0)
        .then(pl.lit("falls: nothing gets through any more"))
        .otherwise(_against("gets through {}, today {}", exact_percent)),
        (CAPABILITY, "smallest_cut"): pl.when(pl.col("then").is_null())
        .then(pl.lit("no way is left"))
        .when(pl.col("then") == 0)
        .then(pl.lit("no system in between closes the way any more"))
        .when(pl.col("then") == 1)
        .then(pl.lit("hangs on one system"))
        .otherwise(pl.format("hangs on no single system: {} together close the way", pl.col("then").cast(COUNT))),
        (CAPABILITY, "value_per_hour"): _against("loses {} an hour, today {}", _amount),
        (INTEGRATION, "verdict"): pl.format("in its busiest hour: {}, today {}", pl.col("state_then"), pl.col("state")),
        (SYSTEM, "single_point"): pl.when(pl.col("then") == 1)
        .then(pl.lit("becomes a single point"))
        .otherwise(pl.lit("is a single point no more")),
        (INTEGRATION, "median_loss"): _against("an outage in its busiest hour costs {}, today {}", _amount),
        (INTEGRATION, "past_tolerance"): _against(
            "an outage in its busiest hour: {} messages late or lost, today {}", _amount
        ),
        (SYSTEM, "availability"): pl.when(pl.col("then") == 0)
        .then(pl.lit("is down for good"))
        .otherwise(_against("is down {} in 30 days, today {}", _down)),
        (SYSTEM, "value_per_hour"): _against("its being down costs {} an hour, today {}", _amount),
        (SYSTEM, "importance"): _against("takes {} with it when down, today {}", exact_percent),
    }
    return pl.coalesce(
        pl.when((pl.col("what") == what) & (pl.col("figure") == figure)).then(words)
        for (what, figure), words in said.items()
    )


def _against(words: str, spoken: object) -> pl.Expr:
    nothing = pl.lit("unknown")
    return pl.format(words, *(pl.coalesce(spoken(pl.col(side)), nothing) for side in ("then", "today")))


def _amount(money: pl.Expr) -> pl.Expr:
    return (
        pl.when(money < 10)
        .then(money.round(2).cast(pl.String).str.strip_suffix(".0"))
        .otherwise(written(money.round(0).cast(COUNT, strict=False)))
    )


def _down(availability: pl.Expr) -> pl.Expr:
    return spoken_ms((1 - availability) * MONTH_MS)
