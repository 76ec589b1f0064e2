"""How old the content of a report is: the refreshes that its tool logged, what failed, and the last that changed it."""

import polars as pl

from integrhealth.analyses.report_overload.cover.streams import cadence_rank, cadence_word
from integrhealth.language.schema import COUNT, NUMBER, TIME, is_delivered, is_failed
from integrhealth.language.thresholds import MIN_DAYS

REFRESHES = {
    "report": pl.String,
    "refreshes": COUNT,
    "refresh_failures": COUNT,
    "changed_at": TIME,
    "failed_at": TIME,
    "days_between": NUMBER,
}


def refreshes(messages: pl.DataFrame, tools: pl.DataFrame) -> pl.DataFrame:
    """One row per report of which a refresh was logged: how many, how many failed, and when its content last changed.

    `tools` are report and tool of the inventory. A refresh is a message of the tool that names the report in its
    object, integration or operation; case and separators of a tool's name do not matter. It changed the content when
    it was delivered with another payload than the one before, or no payload was logged. Where none did, it
    is as old as the first. ``failed_at``: the first that failed since. ``days_between`` is the median
    of the days from one change to the next, null under five changes. A tool whose refreshes name no report (Power
    BI's history of a dataset) says nothing about any.
    """
    owned = tools.drop_nulls(["report", "tool"]).select("report", tool=_plain("tool")).unique()
    named_in = ["object_id", "integration", "operation"]
    systems = pl.concat([messages["source"], messages["target"]]).unique().drop_nulls().alias("system").to_frame()
    running = systems.with_columns(tool=_plain("system")).join(owned.select("tool").unique(), on="tool", how="semi")
    inside = (pl.col(end).is_in(running["system"].implode()) for end in ("source", "target"))
    refreshed = (
        messages.filter(pl.any_horizontal(*inside))
        .select("message_id", "sent_at", "status", "payload_hash", *named_in, tool=pl.concat_list("source", "target"))
        .explode("tool")
        .with_columns(tool=_plain("tool"))
        .unpivot(on=named_in, index=["message_id", "sent_at", "status", "payload_hash", "tool"], value_name="report")
        .join(owned, on=["report", "tool"], how="semi")
        .unique(["report", "message_id", "sent_at"])
        .sort("report", "sent_at", "message_id")
    )
    new = pl.col("payload_hash").is_null() | pl.col("payload_hash").ne_missing(
        pl.col("payload_hash").shift().over("report")
    )
    changes = (
        refreshed.filter(is_delivered(pl.col("status")))
        .filter(new)
        .group_by("report")
        .agg(
            changed_at=pl.col("sent_at").max(),
            days_between=pl.when(pl.len() >= MIN_DAYS).then(
                pl.col("sent_at").dt.date().unique().sort().diff().dt.total_days().median()
            ),
        )
    )
    failed = is_failed(pl.col("status"))
    counted = (
        refreshed.group_by("report")
        .agg(refreshes=pl.len().cast(COUNT), refresh_failures=failed.sum().cast(COUNT), first=pl.col("sent_at").min())
        .join(changes, on="report", how="left")
        .with_columns(changed_at=pl.coalesce("changed_at", "first"))
    )
    since = refreshed.filter(failed).join(counted, on="report").filter(pl.col("sent_at") >= pl.col("changed_at"))
    failures = since.group_by("report").agg(failed_at=pl.col("sent_at").min())
    return (
        counted.join(failures, on="report", how="left").cast({"days_between": NUMBER}).select(*REFRESHES).sort("report")
    )


def sent_stale(deliveries: pl.DataFrame, refreshed: pl.DataFrame) -> pl.DataFrame:
    """report, sent_stale: deliveries after the first refresh that failed since the content last changed."""
    late = (pl.col("at") > pl.col("failed_at")).sum().cast(COUNT)
    return deliveries.join(refreshed, on="report").group_by("report").agg(sent_stale=late).sort("report")


def changes_slower(refreshed: pl.DataFrame, streams: pl.DataFrame) -> pl.DataFrame:
    """report, slower (a cadence) of the reports that somebody gets more often than their content changes."""
    fastest = streams.group_by("report").agg(pl.col("rank").min())
    return (
        refreshed.drop_nulls("days_between")
        .with_columns(changes=cadence_rank(pl.col("days_between")))
        .join(fastest, on="report")
        .filter(pl.col("changes") > pl.col("rank"))
        .select("report", slower=cadence_word(pl.col("changes")))
        .sort("report")
    )


def _plain(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")
