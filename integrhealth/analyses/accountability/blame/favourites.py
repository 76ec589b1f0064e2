"""Which teams are blamed first, wrongly, more often than chance would have it.

Two kinds of chance know no favourite: whoever sorts incidents at random gives each team of the kind of incident the
same, and whoever blames as often as teams are the root in truth gives each team its own. A favourite is who gets
more than both would give.
"""

import numpy as np
import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import TAIL, chance_of_more, enough, holm, wilson_interval
from integrhealth.language.thresholds import MIN_BLAMED, RANDOM_ASSIGNMENTS, SEED

FAVOURITE, NO_FAVOURITE, TOO_FEW, NO_SYSTEM = "favourite", "no favourite", "not enough data", "no system"
ACCUSED = {
    "team": TEXT,
    "verdict": TEXT,
    "cases": COUNT,
    "wrong": COUNT,
    "wrong_share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "expected": NUMBER,
    "overlooked": COUNT,
    "p_value": NUMBER,
    "days_lost": NUMBER,
    "mostly_root": TEXT,
    "mostly_by": TEXT,
}


def wrongly_accused(cases: pl.DataFrame, near: pl.DataFrame, systems: pl.DataFrame) -> pl.DataFrame:
    """One row per team that was blamed first or was a root, as ACCUSED, most often wrongly blamed first.

    `cases` and `near` as ``cases.cases`` and ``cases.candidates``. ``cases`` are the incidents with another root that
    another team reported, ``wrong`` those in which this team was blamed first, ``overlooked`` those of its own in which
    another one was. ``expected``: so many at most would be wrong if every incident went at random to any team, or to
    any that is near: the root, at one end of the integration, or blamed in an incident of the same integration and
    priority. ``p_value`` is the larger
    of two: of 9,999 such assignments; and of wrong among wrong + overlooked, as likely as heads (McNemar 1947: blamed
    and root change places within an incident, which holds all else equal). A favourite is certain among all teams
    (Holm). Who has none of the catalog's `systems` can be no root: the desk that sorts incidents is not accused.
    """
    compared = cases.drop_nulls("wrong")
    chances = _chances(compared, near).filter(pl.col("team") != pl.col("root"))
    spread = chances.group_by("team", "chance").agg(n=pl.len()).sort("team", "chance")
    counted = chances.group_by("team").agg(
        cases=pl.len(), wrong=(pl.col("blamed") == pl.col("team")).sum(), expected=pl.col("chance").sum()
    )
    # Who reports blames others: where the root is their own, blamed and root cannot change places.
    of_others = compared.filter("wrong", (pl.col("reporter") != pl.col("root")).fill_null(True))
    overlooked = of_others.group_by(team="root").agg(overlooked=pl.len())
    for_another = of_others.group_by(team="blamed").agg(for_another=pl.len())
    wrongly = (
        compared.filter("wrong")
        .group_by(team="blamed")
        .agg(
            days_lost=pl.col("days").sum(),
            mostly_root=pl.col("root").mode().sort().first(),
            mostly_by=pl.col("reporter").drop_nulls().mode().sort().first(),
        )
    )
    rows = (
        pl.concat([compared.select(team=end) for end in ("blamed", "root")])
        .unique()
        .join(counted, on="team", how="left")
        .join(overlooked, on="team", how="left")
        .join(for_another, on="team", how="left")
        .join(wrongly, on="team", how="left")
        .with_columns(
            pl.col("cases", "wrong", "overlooked", "for_another").fill_null(0), pl.col("days_lost").fill_null(0.0)
        )
        .sort("team")
    )
    return _judged(rows.with_columns(random=_as_often_at_random(rows, spread)), systems)


def _chances(compared: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """incident, blamed, root, team, chance: how likely each team but the reporter is blamed where chance sends it.

    One of all teams, and for a team that is near one of those near and the root: what is larger makes no favourite.
    """
    alike = [pl.coalesce("integration", "incident"), pl.col("priority").fill_null("")]
    kinds = compared.select(
        "incident", "integration", "reporter", "blamed", "root", kind=pl.concat_str(alike, separator="\x1f")
    )
    ends = kinds.join(near, on="integration").select("kind", "team")
    by_kind = pl.concat([ends, kinds.select("kind", team="blamed")]).unique().with_columns(near=pl.lit(True))
    every = pl.concat([by_kind.select("team"), compared.select(team="root")]).unique()
    reported = (pl.col("team") == pl.col("reporter")).fill_null(False)
    is_near = pl.col("near").fill_null(False) | (pl.col("team") == pl.col("root"))
    pairs = kinds.join(every, how="cross").filter(~reported).join(by_kind, on=["kind", "team"], how="left")
    pairs = pairs.with_columns(near=is_near)
    whole, part = pl.len().over("incident"), pl.col("near").sum().over("incident")
    return pairs.select(
        *("incident", "blamed", "root", "team"), chance=1 / pl.when(pl.col("near")).then(part).otherwise(whole)
    )


def _judged(rows: pl.DataFrame, systems: pl.DataFrame) -> pl.DataFrame:
    low, high = wilson_interval(rows["wrong"].to_numpy(), rows["cases"].to_numpy())
    owns = pl.col("team").is_in(pl.concat([systems["team"], systems["system"]]).drop_nulls().unique().implode())
    sample = enough(pl.col("cases"), MIN_BLAMED)
    instead, overlooked = pl.col("for_another"), pl.col("overlooked")
    swapped = chance_of_more(instead, instead + overlooked, pl.lit(0.5))
    tested = rows.with_columns(
        p_value=pl.when(owns & sample).then(pl.max_horizontal("random", swapped.fill_null(1.0))),
        wrong_share=pl.when(sample).then(pl.col("wrong") / pl.col("cases")),
        low=pl.when(sample).then(pl.Series(low, dtype=NUMBER)),
        high=pl.when(sample).then(pl.Series(high, dtype=NUMBER)),
    )
    verdict = (
        pl.when(~owns)
        .then(pl.lit(NO_SYSTEM))
        .when(~sample)
        .then(pl.lit(TOO_FEW))
        .when(holm(pl.col("p_value")) <= TAIL)
        .then(pl.lit(FAVOURITE))
        .otherwise(pl.lit(NO_FAVOURITE))
    )
    ordered = tested.with_columns(verdict=verdict).select(*ACCUSED).cast(ACCUSED)
    return ordered.sort("wrong", "team", descending=[True, False])


def _as_often_at_random(rows: pl.DataFrame, spread: pl.DataFrame) -> pl.Series:
    """How likely each team of `rows` is blamed as often or more, when incidents go where chance sends them."""
    rng = np.random.default_rng(SEED)
    placed = spread.join(rows.select("team").with_row_index("place"), on="team", maintain_order="left")
    drawn = rng.binomial(
        placed["n"].to_numpy()[:, None], placed["chance"].to_numpy()[:, None], (placed.height, RANDOM_ASSIGNMENTS)
    )
    sums = np.zeros((rows.height, RANDOM_ASSIGNMENTS), np.int64)
    np.add.at(sums, placed["place"].to_numpy(), drawn)
    as_often = (sums >= rows["wrong"].to_numpy()[:, None]).sum(axis=1)
    return pl.Series((1 + as_often) / (1 + RANDOM_ASSIGNMENTS), dtype=NUMBER)
