"""The course of each object: its steps, what became of them, and from which step on it is an exception.

A step is an operation on an edge for one object, however often it was tried: it failed where its last attempt that
ended did. Courses of disjoint objects add up, so that a log may be read in parts that hold whole objects.
"""

import polars as pl

from integrhealth.analyses.reconciliation.exceptions.vocabulary import (
    CANCELLATION,
    exception_named,
    flow_named,
    looks,
)
from integrhealth.language.schema import COUNT, FLAG, TEXT, TIME, ended_at, is_business, is_ended, is_failed

OBJECT = ("object_type", "object_id")
STEP = ("source", "target", "operation")
PERSON = "person"
MARKS: dict[str, pl.DataType] = {"object_id": TEXT, "flow": TEXT, "exception": TEXT}
COURSES: dict[str, pl.DataType] = {
    "object_type": TEXT,
    "object_id": TEXT,
    "flow": TEXT,
    "exception": TEXT,
    "started_at": TIME,
    "finished_at": TIME,
    "ended": FLAG,
    "failed": FLAG,
    "retried": FLAG,
    "touches": COUNT,
    "integration": TEXT,
}


def courses(messages: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """One row per object of the flow that is no exception, and per object and exception that it shows.

    The course of an exception begins with the first step that names it, and ends where another begins; all steps of an
    object whose type names one, or that documents mark as one, belong to it. ``ended``: the outcome of some step is
    there; ``failed``: that of a step is a failure for good; ``retried``: an attempt failed or came again; ``touches``:
    messages by a person after the first step, with which the case is entered; null where no message of the course tells
    who sent it. ``integration`` is that of the last step that failed.

    `messages` with their outcomes; `marks` as ``exceptions_in`` documents gives them.
    """
    steps = _steps(_of_the_flow(messages), marks).sort(*OBJECT, "first_at", *STEP, nulls_last=True)
    steps = steps.with_columns(exception=pl.col("exception").forward_fill().over(OBJECT))
    # What an object did before it became an exception is neither: it is no whole happy path.
    before = pl.col("exception").is_null() & pl.col("exception").is_not_null().any().over(OBJECT)
    failed_by = pl.col("integration").filter("failed").last()
    return (
        steps.filter(~before)
        .group_by(*OBJECT, "exception", maintain_order=True)
        .agg(
            pl.col("flow").first(),
            started_at=pl.col("first_at").min(),
            finished_at=pl.col("last_at").max(),
            ended=pl.col("ended").any(),
            failed=pl.col("failed").any(),
            retried=pl.col("retried").any(),
            touches=pl.when(pl.col("touches").count() > 0).then(pl.col("touches").slice(1).sum()),
            integration=failed_by,
        )
        .select(*COURSES)
        .cast(COURSES)
    )


def _of_the_flow(messages: pl.DataFrame) -> pl.DataFrame:
    """The messages about objects of the flow or named like an exception, with flow and the exception that is named.

    Null is no object. An order that is cancelled is an exception; a return that is cancelled stays one return.
    """
    kinds = messages.select("object_type", "operation").unique().drop_nulls("object_type")
    by_type, by_operation = exception_named(pl.col("object_type")), exception_named(pl.col("operation"))
    kinds = kinds.with_columns(by_type.alias("by_type"), flow=flow_named(pl.col("object_type")))
    counts = ~looks(pl.col("operation")) & (pl.col("flow").is_not_null() | (by_operation != CANCELLATION))
    kinds = kinds.filter(pl.col("flow").is_not_null() | pl.col("by_type").is_not_null()).select(
        "object_type",
        "operation",
        flow=pl.when(pl.col("by_type").is_null()).then("flow"),
        exception=pl.coalesce(pl.when(counts).then(by_operation), "by_type"),
    )
    about = messages.filter(pl.col("object_id").is_not_null(), is_business())
    return about.join(kinds, on=["object_type", "operation"], nulls_equal=True)


def _steps(messages: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """One row per object and step of `messages`, what is not named an exception marked as documents say."""
    status, outcome = pl.col("status"), is_ended(pl.col("status"))
    by_time = messages.select(
        *(*OBJECT, *STEP, "flow", "exception", "integration", "sent_at", "status", "attempt", "message_id"),
        person=pl.col("actor_type") == PERSON,
        last_at=pl.max_horizontal(ended_at(), "received_at", "sent_at"),
    ).sort("sent_at", "attempt", "message_id")
    steps = by_time.group_by(*OBJECT, *STEP, "flow", "exception").agg(
        pl.col("integration").last(),
        first_at=pl.col("sent_at").first(),
        last_at=pl.col("last_at").max(),
        ended=outcome.any(),
        failed=is_failed(status.filter(outcome).last()).fill_null(False),
        retried=(is_failed(status) | (pl.col("attempt") > 1).fill_null(False)).any(),
        touches=pl.when(pl.col("person").count() > 0).then(pl.col("person").sum()),
    )
    marked = marks.rename({"exception": "marked"}).unique(["object_id", "flow"], keep="first", maintain_order=True)
    joined = steps.join(marked, on=["object_id", "flow"], how="left", nulls_equal=True)
    return joined.with_columns(exception=pl.coalesce("exception", "marked")).drop("marked")
