"""Exports that nobody looked at while the drafts of mappings were made."""

import json
from datetime import timedelta

from drawing.exports import ROWS, Export, at, iso, moments, table, turn


def boomi_csv() -> Export:
    names = (
        "Execution Id|Process Name|Atom Name|Execution Time|Execution Duration (ms)|Execution Status"
        "|Inbound Documents|Inbound Errors|Error Message"
    )
    rows = (
        (
            f"execution-{n:04d}-2026",
            turn(["Order to SAP", "Item sync"], n),
            "atom-prod-1",
            t.strftime("%Y-%m-%d %H:%M:%S"),
            1_200 + n,
            turn(["Complete", "Error", "Complete with warnings"], n),
            10,
            n % 2,
            "" if n % 3 != 1 else "Document cannot be mapped",
        )
        for n, t in moments()
    )
    first = {
        "message_id": "execution-0000-2026",
        "integration": "Order to SAP",
        "sent_at": at(),
        "finished_at": at(1.2),
        "status": "ok",
    }
    return Export(
        "Boomi CSV",
        "process_reporting.csv",
        table(names, rows),
        "messages",
        first,
        {"status": {"failed", "ok", "partial"}},
    )


def as2() -> Export:
    names = "Message-ID|Direction|Partner|AS2 From|AS2 To|Filename|Size|Date|MDN Status"
    rows = (
        (
            f"<{n}@as2.example.com>",
            turn(["Inbound", "Outbound"], n),
            turn(["ACME", "GLOBEX"], n),
            turn(["ACME-AS2", "MYCO-AS2"], n),
            turn(["MYCO-AS2", "GLOBEX-AS2"], n),
            f"850_{n}.edi",
            2_000 + n,
            t.strftime("%m/%d/%Y %I:%M:%S %p"),
            turn(["processed", "processed", "failed"], n),
        )
        for n, t in moments()
    )
    first = {"source": "ACME-AS2", "target": "MYCO-AS2", "status": "ok", "sent_at": at()}
    return Export(
        "AS2 log",
        "as2_messages.txt",
        table(names, rows, separator="|"),
        "messages",
        first,
        {"status": {"ok", "failed"}},
    )


def edi_tracker() -> Export:
    names = "Interchange Control Number;Partner;Direction;Doc Type;Received;997 Status".replace(";", "|")
    rows = (
        (
            f"{n:09d}",
            turn(["WALMART", "TARGET"], n),
            turn(["IN", "OUT"], n),
            turn(["850", "856", "810"], n),
            t.strftime("%d.%m.%Y %H:%M"),
            turn(["Accepted", "Rejected", "Accepted"], n),
        )
        for n, t in moments()
    )
    first = {"message_id": "000000000", "source": "WALMART", "status": "ok", "sent_at": at()}
    return Export(
        "EDI tracker",
        "edi_tracker.csv",
        table(names, rows, separator=";"),
        "messages",
        first,
        {"status": {"ok", "rejected"}},
    )


def rundeck() -> Export:
    executions = [
        {
            "id": 10 + n,
            "href": f"https://rd.example.com/api/40/execution/{10 + n}",
            "status": turn(["succeeded", "failed", "aborted"], n),
            "project": "ops",
            "user": "svc",
            "date-started": {"unixtime": int(t.timestamp() * 1000), "date": t.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "date-ended": {
                "unixtime": int(t.timestamp() * 1000) + 5_000,
                "date": (t + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "job": {"id": "j1", "averageDuration": 4_000, "name": turn(["restart", "backup"], n)},
            "argstring": None,
        }
        for n, t in moments(1_937)
    ]
    data = json.dumps(
        {"paging": {"count": ROWS, "total": ROWS, "offset": 0, "max": 50}, "executions": executions}
    ).encode()
    first = {"message_id": "10", "sent_at": at(), "finished_at": at(5), "status": "ok", "integration": "restart"}
    return Export("Rundeck", "executions.json", data, "messages", first, {"status": {"ok", "failed"}})


def oracle_soa() -> Export:
    names = "COMPOSITE_INSTANCE_ID|COMPOSITE_NAME|STATE|CREATED_TIME|MODIFY_DATE|ECID|SOURCE_NAME|ERROR_CATEGORY"
    rows = (
        (
            3_000 + n,
            turn(["ProcessOrder", "SyncCustomer"], n),
            turn(["Completed", "Faulted", "Running", "Terminated"], n),
            t.strftime("%Y-%m-%d %H:%M:%S.%f"),
            (t + timedelta(seconds=3)).strftime("%Y-%m-%d %H:%M:%S.%f"),
            f"ecid-{n:05d}",
            turn(["EBS", "OTM"], n),
            "" if n % 4 != 1 else "System",
        )
        for n, t in moments()
    )
    first = {"message_id": "3000", "integration": "ProcessOrder", "status": "ok", "sent_at": at()}
    return Export(
        "Oracle SOA",
        "composite_instances.csv",
        table(names, rows),
        "messages",
        first,
        {"status": {"ok", "failed", "pending", "cancelled"}},
    )


def biztalk() -> Export:
    names = "Name|Type|State|Start Time|End Time|Service Instance ID|Host|Error Info"
    rows = (
        (
            turn(["OrderOrchestration", "StockPort"], n),
            turn(["Orchestration", "Send Port"], n),
            turn(["Completed", "Completed", "Terminated", "Suspended"], n),
            t.strftime("%m/%d/%Y %I:%M:%S %p"),
            (t + timedelta(seconds=4)).strftime("%m/%d/%Y %I:%M:%S %p"),
            f"{{7C3A-{n:04d}}}",
            "BTHOST1",
            "" if n % 4 < 2 else "0xC0C01B4C: routing failure",
        )
        for n, t in moments()
    )
    first = {"sent_at": at(), "finished_at": at(4), "status": "ok"}
    return Export(
        "BizTalk",
        "tracked_instances.csv",
        table(names, rows),
        "messages",
        first,
        {"status": {"ok", "cancelled", "held"}},
    )


def zendesk() -> Export:
    names = "Ticket ID|Subject|Requester|Assignee|Group|Status|Priority|Created at|Updated at"
    rows = (
        (
            70 + n,
            "Order stuck in ERP",
            turn(["ana@example.com", "bo@example.com"], n),
            turn(["Cy Diaz", "Di Evans"], n),
            turn(["Integration", "Support"], n),
            turn(["Open", "Solved", "Pending"], n),
            "High",
            t.strftime("%Y-%m-%d %H:%M:%S"),
            (t + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S"),
        )
        for n, t in moments()
    )
    return Export(
        "Zendesk",
        "tickets.csv",
        table(names, rows),
        "incident_events",
        {"incident": "70", "team": "Integration"},
        {"state": {"Open", "Solved", "Pending"}},
        rows=2 * ROWS,
    )


def opsgenie() -> Export:
    names = "Alert ID|Alias|Message|Status|Acknowledged|Priority|Created At|Updated At|Owner|Teams|Source"
    rows = (
        (
            f"a-{n:05d}",
            f"al{n}",
            "Queue depth above limit",
            turn(["open", "closed"], n),
            "true",
            turn(["P1", "P3"], n),
            int(t.timestamp() * 1000),
            int(t.timestamp() * 1000) + 60_000,
            turn(["ana@example.com", "bo@example.com"], n),
            turn(["middleware", "sre"], n),
            "Zabbix",
        )
        for n, t in moments()
    )
    return Export(
        "OpsGenie",
        "alerts.csv",
        table(names, rows),
        "incident_events",
        {"at": at()},
        {"state": {"open", "closed"}},
        rows=2 * ROWS,
    )


def sharepoint() -> Export:
    names = "Time|User|Action|Item|Site URL|Application"
    rows = (
        (
            t.strftime("%Y-%m-%d %H:%M:%S"),
            turn(["ana@example.com", "bo@example.com"], n),
            turn(["Viewed", "Downloaded"], n),
            turn(["Weekly KPI.xlsx", "Forecast.xlsx"], n),
            "https://x.sharepoint.com/sites/fin",
            "SharePoint",
        )
        for n, t in moments()
    )
    return Export("SharePoint", "usage.csv", table(names, rows), "reads", {"report": "Weekly KPI.xlsx", "at": at()})


def netsuite() -> Export:
    names = "Date|Time|Type|Title|Details|Script"
    rows = (
        (
            t.strftime("%m/%d/%Y"),
            t.strftime("%I:%M %p").lower(),
            turn(["Debug", "Error", "Audit"], n),
            turn(["order sync", "ERROR in map"], n),
            f"Record {n} was not saved because of a lock",
            "customscript_order_sync",
        )
        for n, t in moments()
    )
    return Export("NetSuite", "script_log.csv", table(names, rows), "logs", {"level": "Debug", "time": at()})


def hubspot() -> Export:
    names = "Workflow Name|Action Type|Event|Record ID|Time (UTC)|Outcome|Reason"
    rows = (
        (
            turn(["Lead nurture", "Renewal"], n),
            turn(["SEND_EMAIL", "SET_PROPERTY"], n),
            "Action executed",
            5_000 + n,
            t.strftime("%Y-%m-%d %H:%M"),
            turn(["Succeeded", "Failed", "Skipped"], n),
            "" if n % 3 != 1 else "Contact has bounced",
        )
        for n, t in moments()
    )
    return Export(
        "HubSpot",
        "workflow_history.csv",
        table(names, rows),
        "messages",
        {"integration": "Lead nurture", "status": "ok", "sent_at": at()},
        {"status": {"ok", "failed", "skipped"}},
    )


def jitterbit() -> Export:
    names = "Operation Name|Operation Instance ID|Agent|Started|Ended|Status|Records Processed|Message"
    rows = (
        (
            turn(["SF to SAP Account", "SAP to SF Price"], n),
            f"{n:08x}-aaaa",
            "agent-1",
            t.strftime("%Y/%m/%d %H:%M:%S"),
            (t + timedelta(seconds=7)).strftime("%Y/%m/%d %H:%M:%S"),
            turn(["Successful", "Success with Info", "Error"], n),
            12 + n,
            "" if n % 3 != 2 else "Target timed out",
        )
        for n, t in moments()
    )
    first = {"message_id": "00000000-aaaa", "sent_at": at(), "finished_at": at(7), "status": "ok"}
    return Export(
        "Jitterbit",
        "operation_log.csv",
        table(names, rows, separator="\t"),
        "messages",
        first,
        {"status": {"ok", "failed"}},
    )


def informatica() -> Export:
    lines = (
        f"{t:%Y-%m-%d %H:%M:%S} : {turn(['INFO', 'ERROR', 'WARNING'], n)} : (4711 | READER_1_1_1) :"
        f" (IS | IS_PROD) : node01 : RR_{4000 + n} : SQ instance [SQ_ORDERS] read {n} rows"
        for n, t in moments()
    )
    return Export("Informatica", "s_m_orders.log", "\n".join(lines).encode(), "logs", {"level": "INFO", "time": at()})


def xferlog() -> Export:
    lines = (
        f"{t:%a %b %d %H:%M:%S %Y} 1 192.0.2.{n % 5} 896242 /srv/edi/in/order{n}.xml b _ i r edi ftp 0 * c"
        for n, t in moments()
    )
    return Export("xferlog", "xferlog", "\n".join(lines).encode(), "logs", {"time": at()})


def qlik() -> Export:
    names = "SessionStart|UserId|AppName|SheetName|SessionDurationSeconds|Node"
    rows = (
        (iso(t), turn([r"CORP\ana", r"CORP\bo"], n), turn(["Sales", "Supply"], n), "Overview", 60 + n, "QS1")
        for n, t in moments()
    )
    return Export("Qlik", "sessions.tsv", table(names, rows, separator="\t"), "reads", {"report": "Sales", "at": at()})


def kafka_lag() -> Export:
    names = "ts|cluster|group|topic|lag|messages_per_sec"
    rows = (
        (int(t.timestamp()), "kafka-prod", turn(["billing", "search"], n), "orders", 100 + 3 * n, f"{n / 3:.2f}")
        for n, t in moments(1_937)
    )
    return Export(
        "Kafka lag",
        "lag.csv",
        table(names, rows),
        "metrics",
        {"metric": "lag", "value": 100.0, "time": at()},
        rows=2 * ROWS,
    )


def spanish() -> Export:
    names = "Fecha|Hora|Origen|Destino|Interfaz|Estado|Duración (ms)|Mensaje"
    rows = (
        (
            t.strftime("%d/%m/%Y"),
            t.strftime("%H:%M:%S"),
            turn(["ERP", "MES"], n),
            turn(["MES", "SGA"], n),
            turn(["órdenes", "stock"], n),
            turn(["Correcto", "Erróneo", "Pendiente"], n),
            30 + n,
            "" if n % 3 != 1 else "Sin conexión",
        )
        for n, t in moments()
    )
    first = {"source": "ERP", "target": "MES", "status": "ok", "sent_at": at()}
    return Export(
        "Spanish monitor",
        "seguimiento.csv",
        table(names, rows, separator=";", encoding="cp1252"),
        "messages",
        first,
        {"status": {"ok", "failed", "pending"}},
    )


def job_cells() -> Export:
    lines = (
        json.dumps(
            {
                "runId": f"r{n}",
                "payload": json.dumps(
                    {"system": {"from": turn(["POS", "Web"], n), "to": "OMS"}, "outcome": turn(["done", "error"], n)}
                ),
                "occurredAt": iso(t),
                "tookMs": 15 + n,
            }
        )
        for n, t in moments()
    )
    first = {
        "message_id": "r0",
        "source": "POS",
        "target": "OMS",
        "status": "ok",
        "sent_at": at(),
        "finished_at": at(0.015),
    }
    return Export(
        "JSON in JSON", "bridge.ndjson", "\n".join(lines).encode(), "messages", first, {"status": {"ok", "failed"}}
    )


HELD_BACK = (
    boomi_csv, as2, edi_tracker, rundeck, oracle_soa, biztalk, zendesk, opsgenie, sharepoint, netsuite,
    hubspot, jitterbit,
    informatica, xferlog, qlik, kafka_lag, spanish, job_cells,
)  # fmt: skip
