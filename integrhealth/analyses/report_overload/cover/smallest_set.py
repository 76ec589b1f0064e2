"""The fewest reports that still serve every decision to everybody who is served today, as often as today."""

import numpy as np
import polars as pl
from scipy.sparse import coo_array

from integrhealth.analyses.report_overload.cover.solver import Cover, smallest_cover
from integrhealth.analyses.report_overload.cover.streams import NEED, services, uncovered
from integrhealth.analyses.report_overload.reading import STREAM
from integrhealth.language.thresholds import READING_WPM

NOTHING_KEPT = pl.DataFrame(
    schema={"report": pl.String, "reason": pl.String, "proven": pl.Boolean, "gap": pl.Float64, "uncovered": pl.Int64}
)


def smallest_set(streams: pl.DataFrame, inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per report to keep, by name: why, and whether the set is proven to be the smallest.

    Every (decision, person) that a delivered report serves today stays served at least that often (``services``).
    Among all such sets the one with the fewest reports is kept; among those the one with the fewest reading minutes;
    among those the first by name. Exact, by integer programming (HiGHS). Statutory reports are pinned, delivered or
    not, and count as covering what they serve. Reports of unknown length are taken to be as long as the longest.
    ``reason``: statutory; only source (somebody has no other report for a decision, as often); smallest set. Where
    time ran out ``proven`` is false, and ``gap`` the share of the set that a smaller one might do without, at most.
    ``uncovered`` counts the needs that the set leaves open, and is 0.
    """
    served = services(streams, inventory)
    covering = served.filter("covers")
    pinned = inventory.filter("statutory").select("report").sort("report")
    open_needs = covering.join(covering.join(pinned, on="report", how="semi"), on=NEED, how="anti")
    chosen, cover = _chosen(open_needs, _minutes(streams, inventory, by=["report"]), by=["report"])
    kept = pl.concat([pinned, chosen])
    sources = covering.filter(pl.len().over(NEED) == 1)
    statutory, only_source = (pl.col("report").is_in(each["report"].implode()) for each in (pinned, sources))
    spare = len(cover.columns) - cover.fewest
    return kept.select(
        "report",
        reason=pl.when(statutory)
        .then(pl.lit("statutory"))
        .when(only_source)
        .then(pl.lit("only source"))
        .otherwise(pl.lit("smallest set")),
        proven=pl.lit(spare == 0),
        gap=pl.lit(spare / max(kept.height, 1)),
        uncovered=pl.lit(uncovered(served, streams.join(kept, on="report", how="semi")).height, pl.Int64),
    ).sort("report")


def handful(streams: pl.DataFrame, inventory: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """One row per report and person that stays: of the reports to keep the fewest that serve the person as today.

    `kept` are the rows of ``smallest_set``. Each person is a problem of the same kind (exact): fewest reports, then
    fewest minutes, then first by name. Statutory reports stay with everybody who gets them. ``decisions`` are those
    that the report serves the person as often as any.
    """
    staying = streams.join(kept, on="report", how="semi")
    pinned = staying.join(inventory.filter("statutory"), on="report", how="semi").select(STREAM)
    covering = services(streams, inventory).filter("covers").join(staying, on=STREAM, how="semi")
    open_needs = covering.join(covering.join(pinned, on=STREAM, how="semi"), on=NEED, how="anti")
    chosen, _ = _chosen(open_needs, _minutes(staying, inventory, by=STREAM), by=STREAM)
    served = covering.group_by(STREAM).agg(decisions=pl.col("decision").unique().sort())
    return (
        pl.concat([pinned, chosen])
        .join(served, on=STREAM, how="left")
        .select("person", "report", pl.col("decisions").fill_null([]))
        .sort("person", "report")
    )


def stand_ins(served: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """One row per report not in `kept` that serves a decision: the kept reports that serve what it serves.

    `served` are the rows of ``services``; a stand-in reaches the same person at least as often.
    """
    keeping = pl.col("report").is_in(kept.implode())
    serving = served.filter(keeping & pl.col("covers")).select(*NEED, covered_by="report")
    return (
        served.filter(~keeping)
        .join(serving, on=NEED)
        .group_by("report")
        .agg(pl.col("covered_by").unique().sort())
        .sort("report")
    )


def _minutes(streams: pl.DataFrame, inventory: pl.DataFrame, *, by: list[str]) -> pl.DataFrame:
    """The minutes that all deliveries of a report, or of one to a person, take to read."""
    words = pl.col("reading_words").fill_null(pl.col("reading_words").max()).fill_null(0)
    return (
        streams.group_by(by)
        .agg(pl.col("deliveries").sum())
        .join(inventory.select("report", words=words), on="report")
        .select(*by, minutes=pl.col("words") * pl.col("deliveries") / READING_WPM)
    )


def _chosen(needs: pl.DataFrame, minutes: pl.DataFrame, *, by: list[str]) -> tuple[pl.DataFrame, Cover]:
    """What is chosen of `minutes`, a row per candidate, to cover `needs`; needs of the same candidates are one."""
    candidates = minutes.join(needs, on=by, how="semi").sort(by).with_row_index("column")
    rows = (
        needs.join(candidates, on=by)
        .group_by(NEED)
        .agg(pl.col("column").unique().sort())
        .sort(NEED)
        .select("column")
        .unique(maintain_order=True)
        .with_row_index("row")
        .explode("column")
    )
    shape = (rows["row"].n_unique(), candidates.height)
    ones = np.ones(rows.height)
    covers = coo_array((ones, (rows["row"].to_numpy(), rows["column"].to_numpy())), shape).tocsr()
    cover = smallest_cover(covers, candidates["minutes"].to_numpy())
    return candidates.select(by)[cover.columns.tolist()], cover
