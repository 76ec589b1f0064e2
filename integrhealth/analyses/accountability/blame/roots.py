"""The measured root of an incident: where the failures began that it was about, at the same time."""

from datetime import timedelta

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT, is_business, is_named
from integrhealth.language.thresholds import DETECTED_WITHIN_HOURS, PARENT_DAYS

ROOTS = {"incident": TEXT, "root_system": TEXT, "cascades": COUNT, "share": NUMBER}
# What an incident says that it is about, and how long before its detection the error may lie that it is about.
ABOUT = (
    (("integration", "object_id"), timedelta(days=PARENT_DAYS)),
    (("object_id",), timedelta(days=PARENT_DAYS)),
    (("integration",), timedelta(hours=DETECTED_WITHIN_HOURS)),
)
NAMES = ("integration", "object_id")


def failures(members: pl.DataFrame) -> pl.DataFrame:
    """One row per cascade and integration or object in it: root, root_system, began_at, integration, object_id.

    `members` as ``traces.cascades.cascade_members`` gives them. A load test failed nobody's work, and a caller that
    nothing names is no system.
    """
    real = members.filter(is_business())
    heads = real.filter(pl.col("row") == pl.col("root")).filter(is_named(pl.col("target")))
    began = heads.select("root", root_system="target", began_at="sent_at")
    return real.select("root", *NAMES).unique().join(began, on="root").sort("began_at", "root", *NAMES)


def measured_roots(lives: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """One row per incident of `lives` (``incident_lives``) whose failures are in the data, as ROOTS.

    `failed` as ``failures`` gives them. An incident that names an object is about the cascades in which this object
    failed (on its integration, where it names one) in the 30 days before; one that names none, about those on its
    integration in the day before. ``root_system`` is where more than half of these ``cascades`` began; null where they
    began in several places and none of them is that.
    """
    counted = pl.concat(_counted(lives, failed, by, within) for by, within in ABOUT)
    whole = pl.col("counted").sum().over("incident")
    return (
        counted.with_columns(share=pl.col("counted") / whole, cascades=whole)
        .sort("counted", "root_system", descending=[True, False])
        .unique("incident", keep="first", maintain_order=True)
        .with_columns(root_system=pl.when(pl.col("share") > 0.5).then("root_system"))
        .select(*ROOTS)
        .cast(ROOTS)
        .sort("incident")
    )


def _counted(lives: pl.DataFrame, failed: pl.DataFrame, by: tuple[str, ...], within: timedelta) -> pl.DataFrame:
    """incident, root_system, counted: the cascades that began there, in the time that the incident is about."""
    about = lives.filter(pl.col(name).is_not_null() == (name in by) for name in NAMES)
    per_root = failed.drop_nulls(by).unique(["root", *by], keep="first", maintain_order=True)
    running = per_root.select(
        *by, "root_system", at="began_at", before=pl.int_range(1, pl.len() + 1).over(*by, "root_system")
    )
    asked = about.select("incident", *by, at="detected_at").join(
        running.select(*by, "root_system").unique(), on=list(by)
    )
    until = _latest(asked, running, by)
    since = _latest(asked.with_columns(pl.col("at") - within - timedelta(microseconds=1)), running, by)
    return (
        asked.with_columns(counted=until - since)
        .filter(pl.col("counted") > 0)
        .select("incident", "root_system", "counted")
    )


def _latest(asked: pl.DataFrame, running: pl.DataFrame, by: tuple[str, ...]) -> pl.Series:
    """How many had begun by then, one number for each row of `asked`."""
    rows = asked.with_row_index("place").sort("at", "place")
    reached = rows.join_asof(
        running.sort("at", maintain_order=True),
        on="at",
        by=[*by, "root_system"],
        strategy="backward",
        check_sortedness=False,  # sorted above; polars cannot check within groups
    )
    return reached.sort("place")["before"].fill_null(0).cast(COUNT)
