"""Exports that were written last of all, to see once more what the drafts of mappings are worth."""

import json
from datetime import timedelta

from drawing.exports import ROWS, Export, at, iso, moments, table, turn


def sterling() -> Export:
    names = "Business Process ID|Process Name|State|Status|Start|End|Node"
    rows = (
        (
            8_800 + n,
            turn(["MailboxRoute", "FileGatewayDeliver"], n),
            turn(["Completed", "Halted", "Waiting"], n),
            turn(["Success", "Error", "Success"], n),
            t.strftime("%m/%d/%Y %H:%M:%S"),
            (t + timedelta(seconds=6)).strftime("%m/%d/%Y %H:%M:%S"),
            "node1",
        )
        for n, t in moments()
    )
    first = {"message_id": "8800", "integration": "MailboxRoute", "sent_at": at(), "finished_at": at(6), "status": "ok"}
    return Export("Sterling B2B", "bp_monitor.csv", table(names, rows), "messages", first, {"status": {"ok"}})


def make_scenarios() -> Export:
    runs = [
        {
            "imtId": f"m{n}",
            "timestamp": iso(t),
            "status": turn(["success", "warning", "error"], n),
            "duration": 900 + n,
            "operations": 4,
            "transfer": 2_048,
            "scenario": {"id": 7, "name": turn(["Orders to ERP", "Stock"], n)},
        }
        for n, t in moments()
    ]
    data = json.dumps({"scenarioLogs": runs, "pg": {"limit": 50, "offset": 0}}).encode()
    first = {"sent_at": at(), "status": "ok", "integration": "Orders to ERP", "finished_at": at(0.9)}
    return Export("Make", "scenario_logs.json", data, "messages", first, {"status": {"ok", "partial", "failed"}})


def api_gateway() -> Export:
    lines = (
        json.dumps(
            {
                "requestId": f"r{n}",
                "requestTime": iso(t),
                "httpMethod": "POST",
                "resourcePath": "/orders",
                "status": turn([200, 429, 502], n),
                "responseLatency": 40 + n,
                "apiProxy": "orders-v1",
                "clientApp": turn(["web", "mobile"], n),
                "targetHost": "erp.internal",
            }
        )
        for n, t in moments()
    )
    first = {"message_id": "r0", "target": "erp.internal", "sent_at": at(), "finished_at": at(0.04), "status": "ok"}
    more = {"status": {"ok", "rejected", "failed"}}
    return Export("API gateway", "apigw.log", "\n".join(lines).encode(), "messages", first, more)


def shopify() -> Export:
    names = "webhook_id|topic|shop_domain|address|triggered_at|response_code|delivery_attempt|duration_ms"
    rows = (
        (
            f"w{n}",
            turn(["orders/create", "products/update"], n),
            "x.example.com",
            "https://erp.example.org/hooks",
            iso(t),
            turn([200, 500], n),
            1,
            80 + n,
        )
        for n, t in moments()
    )
    first = {"message_id": "w0", "target": "erp.example.org", "sent_at": at(), "finished_at": at(0.08), "status": "ok"}
    return Export("shop webhooks", "hooks.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def iway() -> Export:
    names = "Nachricht;Absender;Empfänger;Gesendet am;Zustand;Fehlertext".replace(";", "|")
    rows = (
        (
            f"IDOC-{n:06d}",
            turn(["SAP", "Shop"], n),
            turn(["Lager", "CRM"], n),
            t.strftime("%d.%m.%Y %H:%M:%S"),
            turn(["Erledigt", "Fehlerhaft", "Wartend"], n),
            "" if n % 3 != 1 else "Material unbekannt",
        )
        for n, t in moments()
    )
    first = {"source": "SAP", "target": "Lager", "sent_at": at(), "status": "ok"}
    data = table(names, rows, separator=";", encoding="cp1252")
    return Export("German monitor", "nachrichten.csv", data, "messages", first, {"status": {"ok", "failed", "pending"}})


def backup_log() -> Export:
    lines = (
        f"{t:%m/%d/%Y %I:%M:%S %p} - {turn(['Info', 'Warning', 'Error'], n)} -"
        f" Replication of volume {n} to site B ended"
        for n, t in moments(3_600)
    )
    return Export("replication", "replication.txt", "\n".join(lines).encode(), "logs", {"level": "Info", "time": at()})


def power_usage() -> Export:
    names = "ReportName|UserEmail|ViewedAt|DurationSeconds|Device"
    rows = (
        (
            turn(["Sales", "Cash"], n),
            turn(["ana@example.com", "bo@example.com"], n),
            t.strftime("%d/%m/%Y %H:%M"),
            40 + n,
            "web",
        )
        for n, t in moments()
    )
    return Export(
        "report usage", "views.csv", table(names, rows), "reads", {"report": "Sales", "at": at(), "seconds": 40.0}
    )


def servicedesk() -> Export:
    names = "Request ID|Subject|Technician|Group|Request Status|Created Time|Completed Time|Priority"
    rows = (
        (
            n + 1,
            "EDI file missing",
            "Cy Diaz",
            turn(["EAI", "ERP"], n),
            turn(["Open", "Closed"], n),
            t.strftime("%Y-%m-%d %H:%M"),
            (t + timedelta(hours=3)).strftime("%Y-%m-%d %H:%M"),
            "High",
        )
        for n, t in moments()
    )
    return Export(
        "service desk", "requests.csv", table(names, rows), "incident_events", {"incident": "1", "team": "EAI"}
    )


def host_metrics() -> Export:
    names = "time|host|metric|value|unit"
    rows = (
        (
            int(t.timestamp() * 1000),
            turn(["esb01", "esb02"], n),
            turn(["threads", "heap"], n),
            10 + n,
            turn(["1", "MB"], n),
        )
        for n, t in moments(1_937)
    )
    first = {"system": "esb01", "metric": "threads", "value": 10.0, "time": at()}
    return Export("long metrics", "samples.csv", table(names, rows), "metrics", first)


def ibm_mq_dlq() -> Export:
    lines = (
        f"{t:%Y-%m-%d %H:%M:%S} queue=ORDERS.DLQ reason={turn(['MQRC_Q_FULL', 'MQRC_NOT_AUTHORIZED'], n)}"
        f" msgid=414D51{n:06d} putappl=CICS"
        for n, t in moments()
    )
    return Export("dead letters", "dlq_handler.log", "\n".join(lines).encode(), "logs", {"time": at()}, rows=ROWS)


LATER = (
    sterling, make_scenarios, api_gateway, shopify, iway, backup_log, power_usage, servicedesk, host_metrics,
    ibm_mq_dlq,
)  # fmt: skip
