"""What an alert is, who got it, and whether anybody acted on it."""

import polars as pl

from integrhealth.analyses.report_overload.reading import STREAM, assigned_reads
from integrhealth.language.log_lines import kinds
from integrhealth.language.schema import FLAG, TEXT, TIME
from integrhealth.language.thresholds import ALERTING_INCIDENTS

ALERTS = {"at": TIME, "person": TEXT, "source": TEXT, "cause": TEXT, "acted": FLAG}
CHANNEL = r"(?i)(^|[^a-z])alerts?([^a-z]|$)"
# What only tools say that alert people: a ticket is opened, an alert is triggered.
ALERTING = r"(?i)\b(trigger(ed)?|ack(nowledged?)?|acked|firing|alerting|paged)\b"
# Reads that are no action: looking at an alert, and making it go away.
LOOKS = (
    r"(?i)^\W*(re)?(open|view|read|see|look|click|show|display|load|preview|deliver|dismiss|ignor|snooz|mut|delet|archiv"
    r"|mark|auto|dashboard|question|card|collection|embed|no(t|ne)?\b)"
)
SOME_TOOL = "incidents"


def alerts_of(deliveries: pl.DataFrame, reads: pl.DataFrame, incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per alert and person: at, person, source, cause, acted; by time.

    Alerts are `deliveries` by a channel of that name; where there are none, the incidents of tools that alert people
    (they say that something was triggered, fires or was acknowledged). ``acted`` is null where the log cannot tell.
    """
    delivered = delivered_alerts(deliveries, reads)
    rows = delivered if delivered.height else incident_alerts(incident_events)
    return rows.select(*ALERTS).cast(ALERTS).sort("at", "source", "cause", "person")


def delivered_alerts(deliveries: pl.DataFrame, reads: pl.DataFrame) -> pl.DataFrame:
    """One row per report, person, time and flag that came as an alert; the report is its source.

    Its cause is the text of the flag without numbers and ids, else the report. Somebody acted on it where a read of it
    says that more was done than looking; where no read of any alert says so, actions are not logged.
    """
    sent = deliveries.filter(pl.col("channel").str.contains(CHANNEL)).select(*STREAM, "at", "flag").unique()
    acts = ~pl.col("action").str.contains(LOOKS)
    acted = assigned_reads(deliveries, reads.filter(acts)).drop_nulls("delivered_at")
    by_whom = acted.select(*STREAM, at="delivered_at", acted=pl.lit(True)).unique()
    logged = not reads.filter(acts).join(sent, on="report", how="semi").is_empty()
    kind = pl.col("flag").map_batches(kinds, return_dtype=pl.String, is_elementwise=True)
    return sent.join(by_whom, on=[*STREAM, "at"], how="left").select(
        "at",
        "person",
        source="report",
        cause=pl.coalesce(kind, "report"),
        acted=pl.col("acted").fill_null(False) if logged else pl.lit(None, FLAG),
    )


def incident_alerts(incident_events: pl.DataFrame) -> pl.DataFrame:
    """One row per incident of a log that alerts people: when it came, to whom first, and about which integration.

    Its cause is the integration; of what names none nobody knows the cause, and it repeats nothing but itself: a team
    is told of many. Somebody acted on it where a person did a later step. A log that names no person there, or the
    same in all steps of every incident, says whose incident it is and not who did what: nobody knows.
    """
    said = pl.concat_str("state", "action", separator=" ", ignore_nulls=True)
    speaking = pl.col("incident").filter(said.str.contains(ALERTING)).n_unique() / pl.col("incident").n_unique()
    alerting = (speaking >= ALERTING_INCIDENTS).over("log_file")
    steps = incident_events.filter(alerting).sort("incident", "at", "person", nulls_last=True)
    later = pl.col("at") > pl.col("at").min().over("incident")
    by_person = later & pl.col("person").is_not_null()
    other = pl.col("person").ne_missing(pl.col("person").first().over("incident", order_by="at"))
    logged = (by_person.any() & other.any()).over("log_file")
    return (
        steps.with_columns(acted=pl.when(logged).then(by_person))
        .group_by("incident")
        .agg(
            pl.col("at").min(),
            pl.col("person", "integration", "team").drop_nulls().first(),
            pl.col("acted").any(ignore_nulls=False),
        )
        .with_columns(
            source=pl.coalesce("integration", "team", pl.lit(SOME_TOOL)), cause=pl.coalesce("integration", "incident")
        )
    )
