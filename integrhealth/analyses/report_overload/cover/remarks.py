"""What is to be said of each report besides whether it stays: who could do without it, and how often it would do."""

import polars as pl

from integrhealth.analyses.report_overload.cover.streams import uncovered
from integrhealth.analyses.report_overload.reading import STREAM
from integrhealth.language.schema import COUNT


def remarks(
    streams: pl.DataFrame,
    *,
    served: pl.DataFrame,
    kept: pl.DataFrame,
    plan: pl.DataFrame,
    seldom: pl.DataFrame,
    unchanged: pl.DataFrame,
) -> pl.DataFrame:
    """One row per report that reaches somebody: the people who need it least, a slower cadence, and its needs.

    `streams` are the rows of ``audience``, `served` of ``services``, `plan` of ``handful``. ``spare_people`` get a
    report that stays and are served by others of the plan; ``never_people`` never open it; ``slower`` is the cadence
    that would do, for how it is opened or else for how its content changes. ``needs`` counts the decisions and people
    it serves, ``uncovered`` those of them that nothing in the plan serves as often: 0, or the plan is wrong.
    """
    staying = streams.join(kept, on="report", how="semi")
    spare = staying.join(plan, on=STREAM, how="anti").group_by("report").agg(spare_people=pl.len().cast(COUNT))
    never = streams.group_by("report").agg(never_people=pl.col("never").sum().cast(COUNT))
    open_needs = uncovered(served, plan).with_columns(left_open=pl.lit(True))
    needs = (
        served.join(open_needs, on=["decision", "person"], how="left")
        .group_by("report")
        .agg(needs=pl.len().cast(COUNT), uncovered=pl.col("left_open").sum().cast(COUNT))
    )
    return (
        streams.select("report")
        .unique()
        .join(spare, on="report", how="left")
        .join(never, on="report", how="left")
        .join(seldom.rename({"slower": "opened_slower"}), on="report", how="left")
        .join(unchanged.rename({"slower": "changes_slower"}), on="report", how="left")
        .join(needs, on="report", how="left")
        .with_columns(
            pl.col("spare_people", "never_people", "needs", "uncovered").fill_null(0),
            slower=pl.coalesce("opened_slower", "changes_slower"),
        )
        .sort("report")
    )
