"""Blast radius: how much of the landscape an error at a system takes with it, expected beside observed.

A row is a system. Errors travel as in bond percolation (Broadbent and Hammersley 1957): each link between two systems
opens with the probability that an error at the one made the other fail, whatever other links do, and what can be
reached over open links is hit once, however many ways lead there. The expectation also tells of ways that no cascade
in the data took from end to end; where it lies far from what was observed, links do not open independently.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.spreading.spread import link_coverage, link_facts
from integrhealth.language.period import period
from integrhealth.language.schema import is_failed
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import MIN_MESSAGES, RADIUS_BELIEFS, RADIUS_DRAWS, RADIUS_SYSTEMS, RESAMPLES, SEED
from integrhealth.traces.ancestry import NO_ROW, roots
from integrhealth.traces.links import failure_links

SCHEMA = {
    "system": pl.String,
    "errors": pl.Int64,
    "roots": pl.Int64,
    "expected_systems": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "observed_systems": pl.Float64,
    "expected_objects_per_hour": pl.Float64,
    "expected_amount_per_hour": pl.Float64,
    "observed_amount": pl.Float64,
}
EXPECTED = ("expected_systems", "low", "high", "expected_objects_per_hour", "expected_amount_per_hour")
# Systems whose bits fit into one whole number, where the systems that an object passed are a set of bits.
BITS = 62


def error_links(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of systems: source, target, errors, passed, probability that an error at source fails target.

    `caused` as ``links.with_causes`` gives it. An error at a system is a failed message there with those of the same
    system that it brought about (inner work, then the answer to the caller). ``errors`` counts them at the source,
    also those that went nowhere; ``passed`` those that a failed message at the target has among its causes;
    ``probability`` = passed / errors / link coverage, at most 1, as a link that was lost hides a passage.
    """
    failed = caused.filter(is_failed(pl.col("status")))
    place = _errors(failed)
    links = failure_links(failed).select("cause_row", "effect_row")
    cause, effect = (
        links.select(row=end).join(place, on="row", how="left", maintain_order="left")
        for end in ("cause_row", "effect_row")
    )
    passed = (
        pl.DataFrame({"source": cause["system"], "error": cause["error"], "target": effect["system"]})
        .filter(pl.col("source") != pl.col("target"))
        .unique()
        .group_by("source", "target")
        .agg(passed=pl.len().cast(pl.Int64))
    )
    errors = place.group_by(source="system").agg(errors=pl.col("error").n_unique().cast(pl.Int64))
    coverage = link_coverage(link_facts(caused)) or 1.0
    return (
        passed.join(errors, on="source")
        .select(
            "source",
            "target",
            "errors",
            "passed",
            probability=(pl.col("passed") / pl.col("errors") / coverage).clip(upper_bound=1),
        )
        .sort("source", "target")
    )


def _errors(failed: pl.DataFrame) -> pl.DataFrame:
    """The error that each failed message belongs to: row, system, error (the row in `failed` where it began)."""
    here = failed.select("row", "target", "cause_row").with_row_index("place")
    cause = here.select(row="cause_row").join(here, on="row", how="left", maintain_order="left")
    inner = cause["target"] == here["target"]
    above = cause["place"].cast(pl.Int64).fill_null(NO_ROW).to_numpy()
    error, _ = roots(np.where(inner.fill_null(False).to_numpy(), above, NO_ROW))
    return here.select("row", system="target", error=pl.Series(error))


def reached_systems(probability: NDArray, *, draws: int, seed: int = SEED) -> NDArray:
    """What an error at each system reaches in each draw: draws by systems by systems reached, itself included.

    `probability` that a link from row to column opens. Reaching is transitive: a set, so that two ways count once.
    """
    row, column = np.nonzero(probability)
    open_ = np.random.default_rng(seed).random((draws, len(row))) < probability[row, column]
    return _reached(open_, row, column, len(probability))


def _reached(open_: NDArray, row: NDArray, column: NDArray, size: int) -> NDArray:
    """What is reached over the links from `row` to `column` that are `open_` (draws by links): draws by systems twice.

    The transitive closure of Warshall (1962), the systems reached being bits of whole numbers.
    """
    links = np.zeros((len(open_), size, -(-size // 64) * 64), bool)
    links[:, np.arange(size), np.arange(size)] = True
    links[:, row, column] = open_
    reach = np.packbits(links, axis=2, bitorder="little").view(np.uint64)
    for through in range(size):
        gets = reach[:, :, through // 64] >> np.uint64(through % 64) & np.uint64(1)
        # Minus one is all bits, and zero none.
        reach |= (0 - gets)[:, :, None] & reach[:, through, None, :]
    return np.unpackbits(reach.view(np.uint8), axis=2, count=size, bitorder="little").view(bool)


def blast_radius(caused: pl.DataFrame, cascades: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system that failed, the widest radius first.

    `caused` as ``links.with_causes`` gives it, `cascades` as ``cascade_facts``. ``errors`` that began or arrived there
    and ``roots`` of cascades; ``expected_systems`` that one error hits, itself included, over 1000 draws of the links,
    with an interval for what is not known of their probabilities (Beta, Jeffreys' prior); ``observed_systems`` mean of
    the cascades that began there. ``expected_objects_per_hour`` and ``expected_amount_per_hour``: business objects,
    each once and at its largest amount, that pass any system that is hit, so what is at stake in an hour of trouble;
    ``observed_amount`` mean amount of a cascade. Null under `min_messages` errors, or roots, or without any parent
    link; expected also beyond the 64 systems with most errors.
    """
    links = error_links(caused)
    errors = _errors(caused.filter(is_failed(pl.col("status"))))
    counted = errors.group_by("system").agg(errors=pl.col("error").n_unique().cast(pl.Int64))
    # What is reached grows with the square of the systems: beyond so many those with few errors are left out.
    systems = counted.sort("errors", "system", descending=[True, False])["system"].head(RADIUS_SYSTEMS).sort()
    links = links.filter(pl.col("source").is_in(systems.implode()), pl.col("target").is_in(systems.implode()))
    observed = cascades.group_by(system="root_system").agg(
        roots=pl.len().cast(pl.Int64),
        observed_systems=pl.when(enough(pl.len(), min_messages)).then(pl.col("systems").mean()),
        observed_amount=pl.when(enough(pl.len(), min_messages)).then(pl.col("amount").mean()),
    )
    counts = counted.join(observed, on="system", how="left").with_columns(pl.col("roots").fill_null(0))
    linked = caused["parent_row"].null_count() < caused.height
    nothing = pl.DataFrame(schema={"system": pl.String} | dict.fromkeys(EXPECTED, pl.Float64))
    expected = _expected(caused, links, systems) if linked else nothing
    return (
        counts.join(expected, on="system", how="left")
        .with_columns(pl.when(enough(pl.col("errors"), min_messages)).then(pl.col(EXPECTED)))
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        .sort("expected_systems", "errors", "system", descending=[True, True, False], nulls_last=True)
    )


def _expected(caused: pl.DataFrame, links: pl.DataFrame, systems: pl.Series) -> pl.DataFrame:
    """One row per system: expected_systems, low, high, and the objects and amounts an hour that pass what is hit."""
    size = len(systems)
    row, column = (systems.search_sorted(links[end]).to_numpy() for end in ("source", "target"))
    probability = np.zeros((size, size))
    probability[row, column] = links["probability"]
    reached = reached_systems(probability, draws=RESAMPLES)
    hit = reached.sum(2).mean(0)
    low, high = hit + _interval(links, row, column, size)
    passing, objects, amount = _traffic(caused, systems)
    few = reached[:RADIUS_DRAWS]
    stake = np.array([_at_stake(few[:, place], passing, objects, amount) for place in range(size)]).reshape(-1, 2)
    columns = [hit, np.maximum(low, 1), np.minimum(high, size), *stake.T]
    return pl.DataFrame({"system": systems, **dict(zip(EXPECTED, columns, strict=True))}).fill_nan(None)


def _interval(links: pl.DataFrame, row: NDArray, column: NDArray, size: int) -> NDArray:
    """How far the systems hit may lie from the estimate, low and high: links redrawn from what their counts leave open.

    The same chances decide in every redrawing, so that it alone makes the difference.
    """
    passed, errors, probability = (links[name].to_numpy() for name in ("passed", "errors", "probability"))
    random = np.random.default_rng(SEED)
    beliefs = random.beta(passed + 0.5, errors - passed + 0.5, (RADIUS_BELIEFS, links.height))
    beliefs = beliefs * probability * errors / np.maximum(passed, 1)
    chance = random.random((RADIUS_DRAWS, links.height))
    hit = np.empty((1 + RADIUS_BELIEFS, size))
    for place, belief in enumerate([probability, *beliefs]):
        hit[place] = _reached(chance < belief, row, column, size).sum(2).mean(0)
    low, high = np.quantile(hit[1:] - hit[0], [0.025, 0.975], axis=0)
    return np.stack([np.minimum(low, 0), np.maximum(high, 0)])


def _traffic(caused: pl.DataFrame, systems: pl.Series) -> tuple[NDArray, NDArray, NDArray]:
    """Business objects by what they pass: patterns by systems, and the objects and the amount of a pattern per hour."""
    place, size = np.arange(len(systems)), len(systems)
    names = [f"w{word}" for word in range(size // BITS + 1)]
    bits = {name: np.where(place // BITS == word, 1 << place % BITS, 0) for word, name in enumerate(names)}
    # A 64-bit key groups faster than two texts; any two of a million objects share one in one run of 40 million.
    of_object = (
        caused.filter(pl.col("object_id").is_not_null())
        .select("target", "amount", object=pl.struct("object_type", "object_id").hash())
        .join(pl.DataFrame({"target": systems, **bits}), on="target")
        .group_by("object", *names)
        .agg(pl.col("amount").max())
        .group_by("object")
        .agg(pl.col("amount").max(), pl.col(names).sum())
    )
    covered = period(caused["sent_at"])
    hours = 1 if covered is None else max((covered[1] - covered[0]).total_seconds() / 3600, 1)
    patterns = of_object.group_by(names).agg(
        objects=pl.len(), amount=pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum())
    )
    patterns = patterns.sort(names)
    passing = [patterns[f"w{at // BITS}"].to_numpy() >> (at % BITS) & 1 for at in range(size)]
    passing = np.array(passing, dtype=np.float32).reshape(size, patterns.height).T
    amount = patterns["amount"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return passing, patterns["objects"].to_numpy() / hours, amount / hours


def _at_stake(reached: NDArray, passing: NDArray, objects: NDArray, amount: NDArray) -> tuple[float, float]:
    """Objects and amount an hour that pass what is hit, mean over draws; NaN where no amount is known."""
    sets, times = np.unique(reached, axis=0, return_counts=True)
    # How often each pattern is touched, which both sums share.
    touched = times / times.sum() @ (sets.astype(np.float32) @ passing.T > 0)
    worth = float(touched @ np.nan_to_num(amount)) if (~np.isnan(amount)).any() else np.nan
    return float(touched @ objects), worth
