"""Which ways the objects of a type take: their steps in order of time, counted per object, whatever was retried."""

import polars as pl

from integrhealth.analyses.reconciliation.tables import TABLES
from integrhealth.language.schema import COUNT, TEXT, WORDS, ended_at, is_business, is_ended, is_failed
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import MOST_VARIANTS, VARIANT_STEPS
from integrhealth.traces.facts import log_bucket, percentiles

OBJECT = ("object_type", "object_id")
STEP = ("source", "target", "operation")
WAYS = {"object_type": TEXT, "way": WORDS, "bucket": pl.Int16, "objects": COUNT, "judged": COUNT, "failed": COUNT}
# What the objects of a log of incidents are that names no types.
INCIDENT = "incident"
HOUR_MS = 3_600_000


def message_ways(messages: pl.DataFrame) -> pl.DataFrame:
    """How many objects of a type took a way, by how long it lasted (a log bucket); adds up over disjoint objects.

    A way is the steps of an object (source > target: operation) in order of time. An attempt after one that failed is
    the same step, and so is what is sent at once again: retries and copies make no way of their own; what is done again
    after other steps is a step again. ``failed`` are objects with a step whose last attempt that ended had failed,
    ``judged`` those with an outcome.
    """
    has_object = pl.all_horizontal(pl.col(OBJECT).is_not_null())
    about = messages.filter(has_object, is_business())
    objects = about.select(OBJECT).unique().with_row_index("object")
    steps = _step_names(about)
    attempts = (
        about.join(objects, on=OBJECT)
        .join(steps, on=STEP, nulls_equal=True)
        .sort("object", "sent_at", "attempt", "message_id")
        .select(
            *("object", "step", "sent_at", "attempt"),
            last_at=pl.max_horizontal(ended_at(), "received_at", "sent_at"),
            failed=pl.when(is_ended(pl.col("status"))).then(is_failed(pl.col("status"))),
        )
    )
    same_step = attempts.with_columns(
        again=~pl.struct("object", "step").is_first_distinct(),
        after_failure=pl.col("failed").shift(1).over("object", "step").fill_null(False),
    )
    retry = pl.col("again") & (pl.col("after_failure") | (pl.col("attempt") > 1).fill_null(False))
    taken = same_step.filter(~retry)
    changed = (pl.col("object") != pl.col("object").shift(1)) | (pl.col("step") != pl.col("step").shift(1))
    ways = taken.filter(changed.fill_null(True)).group_by("object", maintain_order=True).agg(way="step")
    ends = attempts.group_by("object", "step").agg(pl.col("failed").drop_nulls().last())
    outcomes = ends.group_by("object").agg(judged=pl.col("failed").count() > 0, failed=pl.col("failed").any())
    times = attempts.group_by("object").agg(lasted=pl.col("last_at").max() - pl.col("sent_at").min())
    walked = ways.join(outcomes, on="object").join(times, on="object").join(objects, on="object")
    return _counted(walked, steps)


def _step_names(about: pl.DataFrame) -> pl.DataFrame:
    """The steps that there are, numbered, with the text of each (``name``)."""
    edge = (
        pl.when(pl.col("source") == pl.col("target"))
        .then(pl.col("source"))
        .otherwise(pl.format("{} > {}", "source", "target"))
    )
    name = pl.concat_str(edge, "operation", separator=": ", ignore_nulls=True)
    return about.select(STEP).unique().with_row_index("step").with_columns(name=name)


def incident_ways(incident_events: pl.DataFrame) -> pl.DataFrame:
    """The ways of incidents, as ``message_ways``: what was done, else the state, of every event in order of time.

    An object of an event log (OCEL) is an incident with the type of the object. An event of several objects is one step
    in the way of each of them. Whether an incident failed nobody says.
    """
    event = pl.coalesce("action", "state")
    events = incident_events.filter(event.is_not_null()).with_columns(
        name=event, object_type=pl.coalesce("object_type", pl.lit(INCIDENT))
    )
    steps = events.select("name").unique().with_row_index("step")
    ordered = events.sort("incident", "at", "log_file", "log_line", "name", nulls_last=True)
    walked = (
        ordered.join(steps, on="name", maintain_order="left")
        .group_by("object_type", "incident", maintain_order=True)
        .agg(way="step", lasted=pl.col("at").max() - pl.col("at").min())
        .with_columns(judged=False, failed=False)
    )
    return _counted(walked, steps)


def _counted(walked: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Objects with their ways as numbers of `steps`, counted by the names of these."""
    microseconds = pl.col("lasted").dt.total_microseconds()
    counted = walked.group_by("object_type", "way", bucket=log_bucket(microseconds)).agg(
        objects=pl.len(), judged=pl.col("judged").sum(), failed=(pl.col("judged") & pl.col("failed")).sum()
    )
    numbered = counted.select("way").unique().with_row_index("number")
    names = (
        numbered.explode("way")
        .join(steps.select(way="step", name="name"), on="way", maintain_order="left")
        .group_by("number", maintain_order=True)
        .agg(names="name")
    )
    spelled = counted.join(numbered, on="way").join(names, on="number")
    return spelled.with_columns(way="names").select(*WAYS).cast(WAYS)


def variants(ways: pl.DataFrame, *, min_cases: int) -> pl.DataFrame:
    """One row per object type and each of its ten most frequent ways, the most objects first.

    `ways` are facts of ``message_ways`` and ``incident_ways``, of one log or of its parts.
    """
    ways = ways.with_columns(key=pl.col("way").list.join("\x1f"))
    keys = ["object_type", "key"]
    counted = ways.group_by(keys).agg(
        pl.col("way").first(),
        cases=pl.col("objects").sum(),
        judged=pl.col("judged").sum(),
        failed=pl.col("failed").sum(),
    )
    ranked = (
        counted.sort("object_type", "cases", "key", descending=[False, True, False])
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1).over("object_type"),
            objects=pl.col("cases").sum().over("object_type"),
            variants=pl.len().over("object_type"),
        )
        .with_columns(coverage=pl.col("cases").cum_sum().over("object_type") / pl.col("objects"))
        .filter(pl.col("rank") <= MOST_VARIANTS)
    )
    lasting = ways.join(ranked.select(keys), on=keys, how="semi")
    medians = percentiles(lasting, keys, count="objects", quantiles={"median_ms": 0.5})
    rows = ranked.join(medians.select(*keys, "median_ms"), on=keys, how="left", maintain_order="left").with_columns(
        variant=_shortened(),
        steps=pl.col("way").list.len(),
        share=pl.col("cases") / pl.col("objects"),
        failed_share=pl.when(enough(pl.col("judged"), min_cases)).then(pl.col("failed") / pl.col("judged")),
        median_hours=pl.when(enough(pl.col("cases"), min_cases)).then(pl.col("median_ms") / HOUR_MS),
    )
    biggest = ["objects", "object_type", "rank"]
    return rows.sort(biggest, descending=[True, False, False]).select(*TABLES["variants"]).cast(TABLES["variants"])


def _shortened() -> pl.Expr:
    """The steps of a way in a line, those in the middle of a long one only counted."""
    way, ends = pl.col("way"), VARIANT_STEPS // 2
    more = pl.format("{} more", way.list.len() - 2 * ends)
    cut = pl.concat_list(way.list.head(ends), more, way.list.tail(ends))
    return pl.when(way.list.len() > VARIANT_STEPS + 1).then(cut).otherwise(way).list.join(" → ")
