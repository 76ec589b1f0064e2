"""The other two logs: the export of the ERP monitor and the webhook deliveries; and the mapping of all logs."""

import polars as pl

from integrhealth.sample.companies import TIMEZONE
from integrhealth.sample.journeys.texts import ALL_FAULTS
from integrhealth.sample.landscape import MONITOR_NAMES
from integrhealth.sample.logs.otlp import trace_id, traces

# The monitor's states: 53 posted, 51 failed, 64 waiting. 68 is in no map, as such things happen.
POSTED, FAILED, WAITING, UNMAPPED = "53", "51", "64", "68"
MONITOR_HEADER = (
    "MSG_ID;CORRELATION;PREDECESSOR;INTERFACE;JOB;SENDER;RECEIVER;MODE;DOC_TYPE;DOC_NO;"
    "SENT;DURATION_MS;STATE;CODE;MESSAGE;AMOUNT;CURR;TRY"
)
SENT = MONITOR_HEADER.split(";").index("SENT")
BAD_DATE = "31.11.2025 25:61:00"

MAPPING = """\
# How the exports of the ERP monitor and the carrier's webhook log become messages, and the service desk's incidents.
sources:
  - glob: "erp_monitor/*.csv"
    frame: messages
    columns:
      message_id: MSG_ID
      trace_id: CORRELATION
      parent_id: PREDECESSOR
      integration: INTERFACE
      operation: JOB
      source: SENDER
      target: RECEIVER
      kind: MODE
      object_type: DOC_TYPE
      object_id: DOC_NO
      attempt: TRY
      sent_at: SENT
      finished_at: {add: [SENT, DURATION_MS], unit: ms}
      status: STATE
      error_code: CODE
      error_text: MESSAGE
      amount: AMOUNT
      currency: CURR
    time: {zone: Europe/Madrid, format: "%d.%m.%Y %H:%M:%S"}
    null: ["", "-"]
    status: {"53": ok, "51": failed, "64": pending}
    csv: {separator: ";", encoding: utf8}
  - glob: "webhooks/*.jsonl.gz"
    frame: messages
    columns:
      message_id: delivery.id
      integration: {value: carrier-tracking}
      source: {value: Carrier}
      target: hook.name
      operation: event
      kind: {value: queue}
      object_type: {value: shipment}
      object_id: delivery.shipment
      attempt: delivery.attempt
      sent_at: delivery.at
      finished_at: {add: [delivery.at, delivery.duration_ms], unit: ms}
      status: delivery.ok
      error_code: delivery.failure
      error_text: delivery.error
    status: {"true": ok, "false": failed}
  - glob: "service_desk/*.csv"
    frame: incident_events
    columns:
      incident: TICKET
      at: CHANGED
      action: ACTION
      state: STATE
      team: GROUP
      person: ASSIGNEE
      integration: INTERFACE
      object_id: DOC_NO
      priority: PRIORITY
    time: {zone: Europe/Madrid, format: "%d.%m.%Y %H:%M:%S"}
    null: ["", "-"]
    csv: {separator: ";", encoding: utf8}
"""


def monitor_state() -> pl.Expr:
    """The state the monitor shows: a few statements still wait, or are in a state that no map knows."""
    statement = pl.col("integration") == "bank-statements"
    return (
        pl.when("failed")
        .then(pl.lit(FAILED))
        .when(statement & (pl.col("number") % 16 == 3))
        .then(pl.lit(WAITING))
        .when(statement & (pl.col("number") % 50 == 7))
        .then(pl.lit(UNMAPPED))
        .otherwise(pl.lit(POSTED))
    )


def monitor_lines(rows: pl.DataFrame, key: str) -> pl.Series:
    """One line per row: seconds in local time, durations in milliseconds, "-" where there is nothing."""
    number = pl.concat_str(pl.lit("M"), (pl.col("number") + 10_000_000).cast(pl.String))
    message = pl.concat_str(number, pl.lit("."), pl.col("position").cast(pl.String), pl.lit("."), "attempt")
    before = pl.concat_str(
        number, pl.lit("."), pl.col("parent_position").cast(pl.String), pl.lit("."), "parent_attempt"
    )
    local = pl.from_epoch("sent_us", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(TIMEZONE)
    duration = (pl.col("finished_us") - pl.col("sent_us")) // 1000
    waiting = pl.col("state") == WAITING
    columns = (
        message,
        pl.when("traced").then(trace_id()),
        pl.when(pl.col("parent_position") >= 0).then(before),
        "integration",
        "operation",
        pl.col("source").replace(MONITOR_NAMES),
        pl.col("target").replace(MONITOR_NAMES),
        "kind",
        "object_type",
        "object_id",
        local.dt.strftime("%d.%m.%Y %H:%M:%S"),
        pl.when(~waiting).then(duration.cast(pl.String)),
        "state",
        _fault("code"),
        _fault("text").str.replace("{id}", pl.col("object_id"), literal=True).str.replace_all(";", ",", literal=True),
        pl.col("amount").cast(pl.String),
        pl.when(pl.col("amount").is_not_null()).then(pl.lit("EUR")),
        pl.col("attempt").cast(pl.String),
    )
    filled = [pl.coalesce(column, pl.lit("-")) for column in columns]
    ordered = rows.with_columns(trace=traces(rows["number"], key), state=monitor_state())
    return ordered.sort("sent_us", "number", "step", "attempt").select(pl.concat_str(filled, separator=";")).to_series()


def webhook_lines(rows: pl.DataFrame) -> pl.Series:
    """One line per delivery attempt, as a webhook sender logs it."""
    at = pl.from_epoch("sent_us", time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    error = _fault("text").str.replace("{id}", pl.col("object_id"), literal=True)
    line = pl.concat_str(
        pl.lit('{"delivery":{"id":"wh_'),
        (pl.col("number") + 10_000_000).cast(pl.String),
        pl.lit("_"),
        pl.col("attempt").cast(pl.String),
        pl.lit('","attempt":'),
        pl.col("attempt").cast(pl.String),
        pl.lit(',"at":"'),
        at,
        pl.lit('","duration_ms":'),
        ((pl.col("finished_us") - pl.col("sent_us")) / 1000).cast(pl.String),
        pl.lit(',"ok":'),
        pl.when("failed").then(pl.lit("false")).otherwise(pl.lit("true")),
        pl.lit(',"http_status":'),
        pl.col("fault").replace_strict([*range(len(ALL_FAULTS))], [f.http for f in ALL_FAULTS]).cast(pl.String),
        pl.lit(',"failure":'),
        pl.coalesce(pl.concat_str(pl.lit('"'), _fault("code"), pl.lit('"')), pl.lit("null")),
        pl.lit(',"error":'),
        pl.coalesce(pl.concat_str(pl.lit('"'), _json_text(error), pl.lit('"')), pl.lit("null")),
        pl.lit(',"shipment":"'),
        "object_id",
        pl.concat_str(
            pl.lit('"},"hook":{"name":"'), "target", pl.lit('","url":"https://hooks.example.net/scans"},"event":"')
        ),
        "operation",
        pl.lit('"}'),
    )
    return rows.sort("sent_us", "number", "attempt").select(line).to_series()


def _fault(what: str) -> pl.Expr:
    """Code or text of the message's own fault, null where there is none."""
    values = [getattr(fault, what) or None for fault in ALL_FAULTS]
    return pl.col("fault").replace_strict([*range(len(values))], values, return_dtype=pl.String)


def _json_text(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
