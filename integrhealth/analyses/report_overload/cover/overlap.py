"""Reports that show the same: what the fields and metrics of every pair mean and share, exactly.

Names are compared by meaning (``names``), never those of the reports. Reports that share a metric and differ in the
filter or the grain that their items name show different numbers: they overlap, and are no near-duplicates.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from integrhealth.analyses.report_overload.cover.names import COMPARISON, GRAINS, meanings
from integrhealth.language.thresholds import NEAR_DUPLICATE, OVERLAPPING

# Pairs are computed in stripes of this many reports, which bounds memory where all share a common field.
STRIPE = 512

PAIRS = {"left": pl.Int64, "right": pl.Int64, "shared": pl.Int64, "overlap": pl.Float64}


def overlaps(inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of reports with an overlap of at least 0.5, in groups, the largest group first.

    ``overlap`` = shared / all of the distinct meanings among ``fields`` and ``metrics`` of the two (Jaccard);
    ``differs``: filter, where the comparisons that their items hold are not the same; grain, where both name a grain of
    time and none in common. ``kind``: near-duplicate from 0.8 where nothing differs, else overlapping (own). A
    ``group`` is what near-duplicates connect, numbered from 1, the largest first; a report without is its own.
    """
    items = _items(inventory)
    names, pairs = _pairs(items)
    close = pairs.filter((pl.col("overlap") >= OVERLAPPING) & (pl.col("left") < pl.col("right")))
    reports = pl.Series("report", names, dtype=pl.String)
    paired = close.with_columns(report=reports.gather(close["left"]), other=reports.gather(close["right"]))
    alike = (pl.col("overlap") >= NEAR_DUPLICATE) & pl.col("differs").is_null()
    judged = paired.with_columns(differs=_differs(paired, items)).with_columns(
        kind=pl.when(alike).then(pl.lit("near-duplicate")).otherwise(pl.lit("overlapping"))
    )
    groups = _groups(judged.filter(pl.col("kind") == "near-duplicate"), len(names))
    return judged.select(
        *("report", "other", "overlap", "shared", "kind"),
        group=groups.gather(judged["left"]),
        other_group=groups.gather(judged["right"]),
        differs="differs",
    ).sort("group", "report", "other")


def near_duplicates(pairs: pl.DataFrame) -> pl.DataFrame:
    """report, other of the near-duplicates among `pairs`, rows of ``overlaps``, each in both directions."""
    alike = pairs.filter(pl.col("kind") == "near-duplicate").select("report", "other")
    return pl.concat([alike, alike.select(report="other", other="report")]).sort("report", "other")


def nearest(inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per report of `inventory`: the report it overlaps most, by name where several do, and how much.

    Overlap 0 and no nearest: nothing shared with any other; both null: neither fields nor metrics are known.
    """
    names, pairs = _pairs(_items(inventory))
    reports = pl.Series("report", names, dtype=pl.String)
    most = pairs.filter(pl.col("overlap") == pl.col("overlap").max().over("left"))
    best = most.group_by("left").agg(pl.col("right").min(), pl.col("overlap").first())
    closest = best.select(report=reports.gather(best["left"]), nearest=reports.gather(best["right"]), overlap="overlap")
    described = pl.col("report").is_in(names)
    return (
        inventory.select("report")
        .join(closest, on="report", how="left")
        .with_columns(overlap=pl.when(described).then(pl.col("overlap").fill_null(0.0)))
        .sort("report")
    )


def _items(inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per report and meaning that it shows."""
    items = (
        inventory.select("report", name=pl.concat_list(pl.col("fields", "metrics").fill_null([])))
        .explode("name")
        .drop_nulls()
    )
    return items.select("report", item=meanings(items["name"])).unique().sort("report", "item")


def _differs(pairs: pl.DataFrame, items: pl.DataFrame) -> pl.Series:
    """In what the numbers of two reports differ although they share their names; null where nothing says so."""
    item = pl.col("item")
    of_report = items.group_by("report").agg(
        filters=item.filter(item.str.contains(COMPARISON.pattern)).sort(),
        grains=item.filter(item.is_in(GRAINS)).sort(),
    )
    both = pairs.join(of_report, on="report", how="left", maintain_order="left").join(
        of_report, left_on="other", right_on="report", how="left", maintain_order="left", suffix="_other"
    )
    grains, grains_other = pl.col("grains"), pl.col("grains_other")
    apart = grains.list.set_intersection(grains_other).list.len() == 0
    return both.select(
        differs=pl.when(pl.col("filters") != pl.col("filters_other"))
        .then(pl.lit("filter"))
        .when((grains.list.len() > 0) & (grains_other.list.len() > 0) & apart)
        .then(pl.lit("grain"))
    ).to_series()


def _pairs(items: pl.DataFrame) -> tuple[list[str], pl.DataFrame]:
    """The reports that name fields or metrics, and the ordered pairs that overlap or are nearest."""
    names = items["report"].unique(maintain_order=True).to_list()
    if not names:
        return [], pl.DataFrame(schema=PAIRS)
    rows = items["report"].rank("dense").to_numpy().astype(np.int64) - 1
    columns = items["item"].rank("dense").to_numpy().astype(np.int64) - 1
    holds = csr_array((np.ones(items.height, np.int64), (rows, columns)))
    sizes = np.asarray(holds.sum(axis=1)).ravel()
    stripes = [_stripe(holds, sizes, start) for start in range(0, len(names), STRIPE)]
    return names, pl.concat(stripes)


def _stripe(holds: csr_array, sizes: NDArray, start: int) -> pl.DataFrame:
    """The pairs of the STRIPE reports from `start` with all others."""
    shared = coo_array(holds[start : start + STRIPE] @ holds.T)
    left, right = shared.coords[0].astype(np.int64) + start, shared.coords[1].astype(np.int64)
    other = left != right
    left, right, both = left[other], right[other], shared.data[other]
    jaccard = both / (sizes[left] + sizes[right] - both)
    pairs = pl.DataFrame({"left": left, "right": right, "shared": both, "overlap": jaccard}, schema=PAIRS)
    overlap = pl.col("overlap")
    return pairs.filter((overlap >= OVERLAPPING) | (overlap == overlap.max().over("left")))


def _groups(alike: pl.DataFrame, reports: int) -> pl.Series:
    """The group of every report by position: connected by near-duplicates, numbered from the largest, then by name."""
    links = coo_array(
        (np.ones(alike.height), (alike["left"].to_numpy(), alike["right"].to_numpy())), (reports, reports)
    )
    _, labels = connected_components(links, directed=False) if reports else (0, np.empty(0, np.int64))
    order = (
        pl.DataFrame({"label": labels.astype(np.int64)})
        .with_row_index("position")
        .with_columns(size=pl.len().over("label"), first=pl.col("position").min().over("label"))
    )
    return order.select(pl.struct(-pl.col("size").cast(pl.Int64), "first").rank("dense").cast(pl.Int64)).to_series()
