"""Exports that were written after the drafts of mappings were made, to see what those are worth."""

import json
from datetime import timedelta

from drawing.exports import ROWS, Export, at, iso, moments, table, turn


def twilio() -> Export:
    names = "From|To|Body|Status|SentDate|ApiVersion|NumSegments|ErrorCode|AccountSid|Sid|Direction|Price|PriceUnit"
    rows = (
        ("+15550100", f"+1555020{n % 10}", "Your order is on its way", turn(["delivered", "undelivered", "failed"], n),
         t.strftime("%Y-%m-%d %H:%M:%S UTC"), "2010-04-01", 1, "" if n % 3 == 0 else 30005, "AC0001", f"SM{n:08d}",
         "outbound-api", "-0.0075", "USD")
        for n, t in moments()
    )  # fmt: skip
    first = {"message_id": "SM00000000", "sent_at": at(), "status": "ok"}
    return Export("Twilio", "sms-log.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def oic() -> Export:
    items = [
        {"id": f"i{n:06d}", "integrationName": turn(["ORDERS_IN", "STOCK_OUT"], n), "integrationVersion": "01.00.0000",
         "status": turn(["COMPLETED", "FAILED", "ABORTED"], n),
         "receivedDate": iso(t, "+0000"),
         "processingEndDate": iso(t + timedelta(seconds=2), "+0000"), "duration": 2_000, "hasRecoverableFaults": False}
        for n, t in moments()
    ]  # fmt: skip
    data = json.dumps({"items": items, "hasMore": False, "totalResults": ROWS}).encode()
    first = {"message_id": "i000000", "integration": "ORDERS_IN", "sent_at": at(), "finished_at": at(2), "status": "ok"}
    return Export("Oracle OIC", "instances.json", data, "messages", first, {"status": {"ok", "failed"}})


def control_m() -> Export:
    names = "Job Name|Application|Host|Order Date|Start Time|End Time|Ended Status|Elapsed|Run Number"
    rows = (
        (turn(["LOAD_DWH", "SEND_INV"], n), "FIN", turn(["ctm01", "ctm02"], n), t.strftime("%Y%m%d"),
         t.strftime("%Y%m%d%H%M%S"), (t + timedelta(seconds=12)).strftime("%Y%m%d%H%M%S"),
         turn(["Ended OK", "Ended Not OK"], n), "00:00:12", n)
        for n, t in moments()
    )  # fmt: skip
    first = {"integration": "LOAD_DWH", "finished_at": at(12), "status": "ok"}
    return Export("Control-M", "jobs_ended.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def sftp_gateway() -> Export:
    names = "Zeitstempel|Benutzer|Partner|Aktion|Datei|Bytes|Ergebnis|Dauer (s)"
    rows = (
        (t.strftime("%d.%m.%Y %H:%M:%S"), "svc_edi", turn(["ACME", "GLOBEX"], n), turn(["PUT", "GET"], n),
         f"/in/{n}.xml",
         4_000 + n, turn(["erfolgreich", "fehlgeschlagen"], n), f"{n / 8:.3f}".replace(".", ","))
        for n, t in moments()
    )  # fmt: skip
    first = {"target": "ACME", "sent_at": at(), "status": "ok"}
    more = {"status": {"ok", "failed"}}
    return Export("SFTP gateway", "transfers.csv", table(names, rows, separator=";"), "messages", first, more)


def workspace_audit() -> Export:
    names = "Event|Description|Date|User|IP address|Document ID|Document title|Visibility"
    rows = (
        ("View", "viewed an item", iso(t), turn(["ana@example.com", "bo@example.com"], n), "192.0.2.7", f"d{n % 3}",
         turn(["Weekly KPI", "Forecast", "Backlog"], n), "Shared internally")
        for n, t in moments()
    )  # fmt: skip
    return Export(
        "Workspace audit", "drive_audit.csv", table(names, rows), "reads", {"report": "Weekly KPI", "at": at()}
    )


def mirth() -> Export:
    names = "Id|Channel Name|Connector Name|Received Date|Response Date|Status|Send Attempts|Errors"
    rows = (
        (n + 1, turn(["ADT to LIS", "ORU to HIS"], n), turn(["Source", "LIS Sender"], n),
         t.strftime("%m/%d/%Y %H:%M:%S"), (t + timedelta(seconds=1)).strftime("%m/%d/%Y %H:%M:%S"),
         turn(["SENT", "ERROR", "FILTERED", "QUEUED"], n), 1, "")
        for n, t in moments(3_600)
    )  # fmt: skip
    first = {"message_id": "1", "sent_at": at(), "status": "ok"}
    more = {"status": {"ok", "failed", "pending"}}
    return Export("Mirth", "channel_messages.csv", table(names, rows), "messages", first, more)


def broker_wide() -> Export:
    names = "Zeit;CPU %;Heap MB;Nachrichten/s".replace(";", "|")
    rows = (
        (t.strftime("%d.%m.%Y %H:%M"), f"{n / 3:.2f}".replace(".", ","), 512 + n, f"{n / 7:.1f}".replace(".", ","))
        for n, t in moments(3_660)
    )
    first = {"metric": "CPU %", "value": 0.0}
    return Export("broker", "broker01.csv", table(names, rows, separator=";"), "metrics", first, rows=2 * ROWS)


def tibco() -> Export:
    lines = (
        f"{t:%Y-%m-%dT%H:%M:%S},{t.microsecond // 1000:03d} {turn(['INFO ', 'ERROR'], n)} [bwThread:{n % 4}] "
        f"c.t.b.p.g.Log.orders.Main - Order {n} was sent to the warehouse"
        for n, t in moments()
    )
    first = {"level": "INFO", "site": "c.t.b.p.g.Log.orders.Main", "time": at()}
    return Export("TIBCO", "bwappnode.log", "\n".join(lines).encode(), "logs", first)


def mysql_slow() -> Export:
    lines = (
        f"# Time: {t:%Y-%m-%dT%H:%M:%S.%fZ}\n# User@Host: shop[shop] @ db01 [10.0.0.5]  Id:    {n}\n"
        f"# Query_time: {2 + n / 9:.6f}  Lock_time: 0.000100 Rows_sent: 1  Rows_examined: {n}\nSET timestamp=1;\n"
        "SELECT * FROM orders;"
        for n, t in moments()
    )
    return Export("MySQL slow log", "slow.log", "\n".join(lines).encode(), "logs", {"time": at()})


def csvlog() -> Export:
    lines = (
        f'{t:%Y-%m-%d %H:%M:%S}.{t.microsecond // 1000:03d} UTC,"app","orders",{n},"[local]",69b1.{n},{n},"SELECT",'
        f'{t:%Y-%m-%d %H:%M:%S} UTC,3/{n},0,{turn(["LOG", "ERROR"], n)},00000,"duration: {n}.5 ms",,,,,,,,,"psql"'
        for n, t in moments()
    )
    return Export("PostgreSQL csvlog", "postgresql.csv", "\n".join(lines).encode(), "logs", {"time": at()})


def dead_letters() -> Export:
    lines = (
        json.dumps({
            "topic": "dlq-orders", "partition": 0, "offset": n, "timestamp": int(t.timestamp() * 1000),
            "headers": {"__connect.errors.connector.name": turn(["sink-es", "sink-jdbc"], n),
                        "__connect.errors.exception.message": "Failed to deserialize data for topic orders to Avro"},
            "key": f"k{n}",
        })
        for n, t in moments(1_937)
    )  # fmt: skip
    return Export("Kafka Connect DLQ", "dlq.jsonl", "\n".join(lines).encode(), "logs", {"time": at()})


def freshservice() -> Export:
    names = "Ticket Id|Subject|Status|Priority|Source|Type|Agent|Group|Created Time|Resolved Time|Requester Name"
    rows = (
        (f"INC-{n}", "Interface down", turn(["Open", "Closed"], n), "High", "Portal", "Incident", "Di Evans",
         turn(["Middleware", "ERP"], n), t.strftime("%Y-%m-%d %H:%M:%S"),
         "" if n % 2 == 0 else (t + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S"), "Ana Ruiz")
        for n, t in moments()
    )  # fmt: skip
    first = {"incident": "INC-0", "at": at(), "team": "Middleware"}
    return Export("Freshservice", "tickets_export.csv", table(names, rows), "incident_events", first)


def sync_runs() -> Export:
    names = "started;connector;records_read;records_failed;ok;took_seconds;error".replace(";", "|")
    rows = (
        (int(t.timestamp()), turn(["salesforce", "netsuite"], n), 100, n % 2, "true" if n % 3 else "false", 12.5 + n,
         "" if n % 3 else "INVALID_SESSION_ID: Session expired")
        for n, t in moments(1_937)
    )  # fmt: skip
    first = {"sent_at": at(), "finished_at": at(12.5), "status": "failed"}
    return Export("sync runs", "etl-runner.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def only_errors() -> Export:
    names = "Transaction ID|Sender|Receiver|Processed On|Error Message"
    rows = (
        (f"TX{n:06d}", turn(["POS", "WEB"], n), turn(["ERP", "LOY"], n), t.strftime("%Y-%m-%d %H:%M:%S"),
         "" if n % 4 else "Article is not known")
        for n, t in moments()
    )  # fmt: skip
    first = {"message_id": "TX000000", "source": "POS", "target": "ERP", "status": "failed", "sent_at": at()}
    return Export(
        "errors alone", "transactions.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}}
    )


def clickstream_free() -> Export:
    events = [
        {"eventId": f"e{n}", "dateCreated": iso(t), "level": turn(["error", "warning"], n),
         "culprit": "orders.views.pay",
         "title": f"ConnectionError: stock did not answer for order {n}", "project": {"slug": "checkout"}}
        for n, t in moments()
    ]  # fmt: skip
    first = {"level": "error", "time": at()}
    return Export("Sentry", "events.json", json.dumps(events).encode(), "logs", first)


UNSEEN = (
    twilio, oic, control_m, sftp_gateway, workspace_audit, mirth, broker_wide, tibco, mysql_slow, csvlog, dead_letters,
    freshservice, sync_runs, only_errors, clickstream_free,
)  # fmt: skip
