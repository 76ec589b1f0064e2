"""Exports of systems that the kit has no format for, as people mail them around: small, in the words of each system.

`TUNED` were looked at while the drafts were made better, `HELD_BACK` were not.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
ROWS = 30


@dataclass(frozen=True)
class Export:
    """A file of a system, and what must be read of it: the frame, and values of the first record by column.

    ``more`` are different values that a column must have over all records.
    """

    system: str
    file: str
    data: bytes
    frame: str
    first: dict[str, Any]
    more: dict[str, set[str]] = field(default_factory=dict)
    rows: int = ROWS


def moments(step_s: float = 1_937.25, count: int = ROWS) -> Iterator[tuple[int, datetime]]:
    """Numbers and times, over half a day and more."""
    return ((n, START + timedelta(seconds=n * step_s)) for n in range(count))


def turn(values: Iterable[Any], n: int) -> Any:
    """The n-th of values that repeat."""
    values = list(values)
    return values[n % len(values)]


def table(names: str, rows: Iterable[Iterable[Any]], *, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV file: names separated by bars."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(names.split("|"))
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def iso(time: datetime, zone: str = "Z") -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}{zone}"


def at(second: float = 0) -> datetime:
    return START + timedelta(seconds=second)


def mulesoft() -> Export:
    names = "Event ID|Correlation ID|Application|Flow Name|Source System|Target System|Start Time|End Time|Status|Error Message"
    rows = (
        (f"ev-{n:05d}", f"c-{n // 2:05d}", "orders-api", turn(["create-order", "sync-stock"], n), turn(["Shop", "ERP"], n),
         turn(["ERP", "WMS"], n), iso(t), iso(t + timedelta(seconds=1.5)), turn(["SUCCESS", "SUCCESS", "FAILURE"], n),
         "" if n % 3 < 2 else "HTTP:CONNECTIVITY: connection refused")
        for n, t in moments()
    )
    first = {"message_id": "ev-00000", "source": "Shop", "target": "ERP", "sent_at": at(), "finished_at": at(1.5), "status": "ok"}
    return Export("MuleSoft", "mule_events.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def sap_pi() -> Export:
    names = "Status|Start Time|Run End|Sender Component|Receiver Component|Interface|Message ID|Quality of Service|Error Category"
    rows = (
        (turn(["DLVD", "DLVD", "FAIL", "Successful"], n), t.strftime("%d.%m.%Y %H:%M:%S"),
         (t + timedelta(seconds=2)).strftime("%d.%m.%Y %H:%M:%S"), turn(["ECC_100", "CRM_200"], n), turn(["WMS_P", "EDI_GW"], n),
         turn(["OrderCreate_Out", "DesAdv_In"], n), f"005056{n:026X}", "Exactly Once", "" if n % 4 != 2 else "XI_J2EE_ADAPTER")
        for n, t in moments()
    )
    first = {"source": "ECC_100", "target": "WMS_P", "sent_at": at(), "finished_at": at(2)}
    return Export("SAP PI", "Nachrichtenmonitor.csv", table(names, rows, separator=";", encoding="cp1252"), "messages", first,
                  {"status": {"failed", "ok"}})


def talend() -> Export:
    names = "moment|pid|father_pid|root_pid|system_pid|project|job|job_repository_id|job_version|context|origin|message_type|message|duration"
    rows = (
        (t.strftime("%Y-%m-%d %H:%M:%S"), f"p{n:05d}", f"p{n:05d}", f"p{n:05d}", 4711, "DWH", turn(["load_orders", "load_stock"], n),
         f"_{n % 2}abc", "0.1", "PROD", "", "end", turn(["success", "success", "failure"], n), 1000 + n)
        for n, t in moments()
    )
    first = {"integration": "load_orders", "status": "ok"}
    return Export("Talend", "stat_catcher.csv", table(names, rows, separator=";"), "messages", first, {"status": {"ok", "failed"}})


def zapier() -> Export:
    names = "Zap Name|Task ID|Status|Timestamp|Trigger App|Action App|Tasks Used|Error"
    rows = (
        (turn(["Lead to CRM", "Invoice to Sheet"], n), f"018f-{n:08x}", turn(["success", "filtered", "errored"], n), iso(t),
         turn(["Typeform", "Stripe"], n), turn(["HubSpot", "Google Sheets"], n), 1, "" if n % 3 != 2 else "Invalid email")
        for n, t in moments()
    )
    first = {"message_id": "018f-00000000", "sent_at": at(), "status": "ok", "source": "Typeform", "target": "HubSpot"}
    return Export("Zapier", "zap_history.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def sql_agent() -> Export:
    names = "server|job_name|step_id|step_name|run_status|run_date|run_time|run_duration|message"
    rows = (
        ("SQL01", turn(["Nightly ETL", "Index rebuild"], n), 0, "(Job outcome)", turn([1, 1, 0], n), t.strftime("%Y%m%d"),
         int(t.strftime("%H%M%S")), 130, turn(["The job succeeded.", "The job succeeded.", "The job failed."], n))
        for n, t in moments()
    )
    first = {"sent_at": at(), "integration": "Nightly ETL", "source": "SQL01"}
    return Export("SQL Server Agent", "sysjobhistory.csv", table(names, rows), "messages", first)


def jenkins() -> Export:
    builds = [
        {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "fullDisplayName": f"deploy #{n}", "id": str(n), "number": n,
         "building": False, "duration": 60_000 + n, "result": turn(["SUCCESS", "FAILURE", "ABORTED", "UNSTABLE"], n),
         "timestamp": int(t.timestamp() * 1000), "url": f"https://ci.example.com/job/deploy/{n}/"}
        for n, t in moments()
    ]
    data = json.dumps({"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "builds": builds}, indent=1).encode()
    first = {"message_id": "0", "sent_at": at(), "finished_at": at(60), "status": "ok"}
    return Export("Jenkins", "builds.json", data, "messages", first, {"status": {"ok", "failed", "cancelled", "partial"}})


def gitlab() -> Export:
    pipelines = [
        {"id": 900 + n, "iid": n, "project_id": 7, "sha": f"{n:040x}", "ref": turn(["main", "release"], n),
         "status": turn(["success", "failed", "canceled", "running"], n), "source": "push", "created_at": iso(t),
         "updated_at": iso(t + timedelta(seconds=90)), "web_url": f"https://git.example.com/x/-/pipelines/{900 + n}"}
        for n, t in moments()
    ]
    first = {"message_id": "900", "sent_at": at(), "finished_at": at(90), "status": "ok"}
    return Export("GitLab", "pipelines.json", json.dumps(pipelines).encode(), "messages", first, {"status": {"ok", "failed", "pending"}})


def webhooks() -> Export:
    names = "event_id|event_type|endpoint_url|created|http_status|attempt|response_ms"
    rows = (
        (f"evt_{n:06d}", turn(["invoice.paid", "charge.failed"], n), turn(["https://shop.example.com/hook", "https://erp.example.org/in"], n),
         int(t.timestamp()), turn([200, 204, 500, 404], n), 1 + n % 2, 100 + n)
        for n, t in moments(1_937)
    )
    first = {"message_id": "evt_000000", "target": "shop.example.com", "sent_at": at(), "finished_at": at(0.1), "status": "ok"}
    return Export("payment webhooks", "payhub_deliveries.csv", table(names, rows), "messages", first, {"status": {"ok", "failed", "rejected"}})


def pagerduty() -> Export:
    names = "id|incident_number|description|service_id|service_name|escalation_policy_name|created_on|resolved_on|urgency|status|assigned_to_user_names|acknowledge_count"
    rows = (
        (f"Q{n:010d}", 500 + n, "High error rate on checkout", "PSVC1", turn(["checkout", "stock"], n), "SRE primary", iso(t),
         iso(t + timedelta(minutes=40)), "high", turn(["resolved", "acknowledged", "triggered"], n), turn(["Ana Ruiz", "Bo Chen"], n), 1)
        for n, t in moments()
    )
    return Export("PagerDuty", "incidents.csv", table(names, rows), "incident_events", {"at": at(), "state": "resolved"})


def looker() -> Export:
    names = "History ID|User Name|Dashboard Title|Created Time|Runtime in Seconds|Source|Status"
    rows = (
        (10_000 + n, turn(["Ana Ruiz", "Bo Chen", "Cy Diaz"], n), turn(["Sales daily", "Stock"], n), t.strftime("%Y-%m-%d %H:%M:%S"), 1.5 + n,
         "dashboard", "complete")
        for n, t in moments()
    )
    return Export("Looker", "history.csv", table(names, rows), "reads", {"report": "Sales daily", "at": at()})


def iis_like() -> Export:
    names = "date|time|s-computername|c-ip|cs-method|cs-uri-stem|sc-status|time-taken"
    rows = (
        (t.strftime("%Y-%m-%d"), t.strftime("%H:%M:%S"), "WEB01", f"10.0.0.{n % 9}", turn(["GET", "POST"], n), turn(["/api/orders", "/api/stock"], n),
         turn([200, 201, 404, 503], n), 31 + n)
        for n, t in moments()
    )
    first = {"source": "client", "target": "WEB01", "status": "ok", "operation": "GET"}
    return Export("web server CSV", "weblog.csv", table(names, rows), "messages", first, {"status": {"ok", "rejected", "failed"}})


def vsftpd() -> Export:
    lines = (
        f'{t:%a %b %d %H:%M:%S %Y} [pid {400 + n}] [edi] {turn(["OK", "FAIL"], n)} UPLOAD: Client "192.0.2.7", "/in/order{n}.xml", 896 bytes, 34.55Kbyte/sec'
        for n, t in moments()
    )
    return Export("vsftpd", "vsftpd.log", "\n".join(lines).encode(), "logs", {"time": at()})


def queue_statistics() -> Export:
    names = "Timestamp|Queue|Depth|Enqueue Rate|Consumers"
    rows = ((t.strftime("%Y-%m-%d %H:%M:%S"), turn(["ORDERS.IN", "STOCK.OUT"], n), 10 * n, f"{n / 7:.2f}", n % 4) for n, t in moments())
    first = {"system": "ORDERS.IN", "metric": "Depth", "value": 0.0, "time": at()}
    return Export("queue statistics", "queue_stats.csv", table(names, rows), "metrics", first, rows=2 * ROWS)


def wso2() -> Export:
    lines = (
        f"TID: [-1234] [] [{t:%Y-%m-%d %H:%M:%S},{t.microsecond // 1000:03d}]  {turn(['INFO', 'ERROR', 'WARN'], n)} {{org.apache.synapse.mediators.builtin.LogMediator}} -  To: /orders, MessageID: urn:uuid:{n}"
        for n, t in moments()
    )
    text = "\n".join(lines) + "\norg.apache.axis2.AxisFault: Connection refused\n\tat org.apache.Foo.bar(Foo.java:1)\n"
    return Export("WSO2", "wso2carbon.log", text.encode(), "logs", {"time": at(), "level": "INFO", "site": "org.apache.synapse.mediators.builtin.LogMediator"})


def key_values() -> Export:
    lines = (
        f"{t:%Y-%m-%d %H:%M:%S} INFO transfer id=T{n:04d} from={turn(['ERP', 'CRM'], n)} to={turn(['WMS', 'DWH'], n)} status={turn(['OK', 'ERROR'], n)} duration_ms={20 + n}"
        for n, t in moments()
    )
    first = {"message_id": "T0000", "source": "ERP", "target": "WMS", "status": "ok"}
    return Export("pairs in lines", "transfer.log", "\n".join(lines).encode(), "messages", first, {"status": {"ok", "failed"}})


def bracketed() -> Export:
    lines = (f"[{t:%d-%b-%Y %H:%M:%S} UTC] {turn(['WARNING', 'NOTICE'], n)}: cache miss for key {n} in /srv/app.php on line 12" for n, t in moments())
    return Export("PHP errors", "php_errors.log", "\n".join(lines).encode(), "logs", {"level": "WARNING", "time": at()})


def boomi_csv() -> Export:
    names = "Execution Id|Process Name|Atom Name|Execution Time|Execution Duration (ms)|Execution Status|Inbound Documents|Inbound Errors|Error Message"
    rows = (
        (f"execution-{n:04d}-2026", turn(["Order to SAP", "Item sync"], n), "atom-prod-1", t.strftime("%Y-%m-%d %H:%M:%S"), 1_200 + n,
         turn(["Complete", "Error", "Complete with warnings"], n), 10, n % 2, "" if n % 3 != 1 else "Document cannot be mapped")
        for n, t in moments()
    )
    first = {"message_id": "execution-0000-2026", "integration": "Order to SAP", "sent_at": at(), "finished_at": at(1.2), "status": "ok"}
    return Export("Boomi CSV", "process_reporting.csv", table(names, rows), "messages", first, {"status": {"failed", "ok", "partial"}})


def as2() -> Export:
    names = "Message-ID|Direction|Partner|AS2 From|AS2 To|Filename|Size|Date|MDN Status"
    rows = (
        (f"<{n}@as2.example.com>", turn(["Inbound", "Outbound"], n), turn(["ACME", "GLOBEX"], n), turn(["ACME-AS2", "MYCO-AS2"], n), turn(["MYCO-AS2", "GLOBEX-AS2"], n),
         f"850_{n}.edi", 2_000 + n, t.strftime("%m/%d/%Y %I:%M:%S %p"), turn(["processed", "processed", "failed"], n))
        for n, t in moments()
    )
    first = {"source": "ACME-AS2", "target": "MYCO-AS2", "status": "ok", "sent_at": at()}
    return Export("AS2 log", "as2_messages.txt", table(names, rows, separator="|"), "messages", first, {"status": {"ok", "failed"}})


def edi_tracker() -> Export:
    names = "Interchange Control Number;Partner;Direction;Doc Type;Received;997 Status".replace(";", "|")
    rows = (
        (f"{n:09d}", turn(["WALMART", "TARGET"], n), turn(["IN", "OUT"], n), turn(["850", "856", "810"], n), t.strftime("%d.%m.%Y %H:%M"), turn(["Accepted", "Rejected", "Accepted"], n))
        for n, t in moments()
    )
    first = {"message_id": "000000000", "source": "WALMART", "status": "ok", "sent_at": at()}
    return Export("EDI tracker", "edi_tracker.csv", table(names, rows, separator=";"), "messages", first, {"status": {"ok", "rejected"}})


def rundeck() -> Export:
    executions = [
        {"id": 10 + n, "href": f"https://rd.example.com/api/40/execution/{10 + n}", "status": turn(["succeeded", "failed", "aborted"], n), "project": "ops", "user": "svc",
         "date-started": {"unixtime": int(t.timestamp() * 1000), "date": t.strftime("%Y-%m-%dT%H:%M:%SZ")},
         "date-ended": {"unixtime": int(t.timestamp() * 1000) + 5_000, "date": (t + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")},
         "job": {"id": "j1", "averageDuration": 4_000, "name": turn(["restart", "backup"], n)}, "argstring": None}
        for n, t in moments(1_937)
    ]
    data = json.dumps({"paging": {"count": ROWS, "total": ROWS, "offset": 0, "max": 50}, "executions": executions}).encode()
    first = {"message_id": "10", "sent_at": at(), "finished_at": at(5), "status": "ok", "integration": "restart"}
    return Export("Rundeck", "executions.json", data, "messages", first, {"status": {"ok", "failed"}})


def oracle_soa() -> Export:
    names = "COMPOSITE_INSTANCE_ID|COMPOSITE_NAME|STATE|CREATED_TIME|MODIFY_DATE|ECID|SOURCE_NAME|ERROR_CATEGORY"
    rows = (
        (3_000 + n, turn(["ProcessOrder", "SyncCustomer"], n), turn(["Completed", "Faulted", "Running", "Terminated"], n), t.strftime("%d-%b-%y %I.%M.%S.%f %p").upper() if False else t.strftime("%Y-%m-%d %H:%M:%S.%f"),
         (t + timedelta(seconds=3)).strftime("%Y-%m-%d %H:%M:%S.%f"), f"ecid-{n:05d}", turn(["EBS", "OTM"], n), "" if n % 4 != 1 else "System")
        for n, t in moments()
    )
    first = {"message_id": "3000", "integration": "ProcessOrder", "status": "ok", "sent_at": at()}
    return Export("Oracle SOA", "composite_instances.csv", table(names, rows), "messages", first, {"status": {"ok", "failed", "pending", "cancelled"}})


def biztalk() -> Export:
    names = "Name|Type|State|Start Time|End Time|Service Instance ID|Host|Error Info"
    rows = (
        (turn(["OrderOrchestration", "StockPort"], n), turn(["Orchestration", "Send Port"], n), turn(["Completed", "Completed", "Terminated", "Suspended"], n),
         t.strftime("%m/%d/%Y %I:%M:%S %p"), (t + timedelta(seconds=4)).strftime("%m/%d/%Y %I:%M:%S %p"), f"{{7C3A-{n:04d}}}", "BTHOST1", "" if n % 4 < 2 else "0xC0C01B4C: routing failure")
        for n, t in moments()
    )
    first = {"sent_at": at(), "finished_at": at(4), "status": "ok"}
    return Export("BizTalk", "tracked_instances.csv", table(names, rows), "messages", first, {"status": {"ok", "cancelled", "held"}})


def zendesk() -> Export:
    names = "Ticket ID|Subject|Requester|Assignee|Group|Status|Priority|Created at|Updated at"
    rows = (
        (70 + n, "Order stuck in ERP", turn(["ana@example.com", "bo@example.com"], n), turn(["Cy Diaz", "Di Evans"], n), turn(["Integration", "Support"], n),
         turn(["Open", "Solved", "Pending"], n), "High", t.strftime("%Y-%m-%d %H:%M:%S"), (t + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S"))
        for n, t in moments()
    )
    return Export("Zendesk", "tickets.csv", table(names, rows), "incident_events", {"incident": "70", "state": "Open", "team": "Integration"})


def opsgenie() -> Export:
    names = "Alert ID|Alias|Message|Status|Acknowledged|Priority|Created At|Updated At|Owner|Teams|Source"
    rows = (
        (f"a-{n:05d}", f"al{n}", "Queue depth above limit", turn(["open", "closed"], n), "true", turn(["P1", "P3"], n), int(t.timestamp() * 1000), int(t.timestamp() * 1000) + 60_000,
         turn(["ana@example.com", "bo@example.com"], n), turn(["middleware", "sre"], n), "Zabbix")
        for n, t in moments()
    )
    return Export("OpsGenie", "alerts.csv", table(names, rows), "incident_events", {"state": "open"})


def sharepoint() -> Export:
    names = "Time|User|Action|Item|Site URL|Application"
    rows = (
        (t.strftime("%Y-%m-%d %H:%M:%S"), turn(["ana@example.com", "bo@example.com"], n), turn(["Viewed", "Downloaded"], n), turn(["Weekly KPI.xlsx", "Forecast.xlsx"], n), "https://x.sharepoint.com/sites/fin", "SharePoint")
        for n, t in moments()
    )
    return Export("SharePoint", "usage.csv", table(names, rows), "reads", {"report": "Weekly KPI.xlsx", "at": at()})


def netsuite() -> Export:
    names = "Date|Time|Type|Title|Details|Script"
    rows = (
        (t.strftime("%m/%d/%Y"), t.strftime("%I:%M %p").lower(), turn(["Debug", "Error", "Audit"], n), turn(["order sync", "ERROR in map"], n), f"Record {n} was not saved because of a lock", "customscript_order_sync")
        for n, t in moments()
    )
    return Export("NetSuite", "script_log.csv", table(names, rows), "logs", {"level": "Debug", "time": at()})


def hubspot() -> Export:
    names = "Workflow Name|Action Type|Event|Record ID|Time (UTC)|Outcome|Reason"
    rows = (
        (turn(["Lead nurture", "Renewal"], n), turn(["SEND_EMAIL", "SET_PROPERTY"], n), "Action executed", 5_000 + n, t.strftime("%Y-%m-%d %H:%M"), turn(["Succeeded", "Failed", "Skipped"], n), "" if n % 3 != 1 else "Contact has bounced")
        for n, t in moments()
    )
    return Export("HubSpot", "workflow_history.csv", table(names, rows), "messages", {"integration": "Lead nurture", "status": "ok", "sent_at": at()}, {"status": {"ok", "failed", "skipped"}})


def jitterbit() -> Export:
    names = "Operation Name|Operation Instance ID|Agent|Started|Ended|Status|Records Processed|Message"
    rows = (
        (turn(["SF to SAP Account", "SAP to SF Price"], n), f"{n:08x}-aaaa", "agent-1", t.strftime("%Y/%m/%d %H:%M:%S"), (t + timedelta(seconds=7)).strftime("%Y/%m/%d %H:%M:%S"),
         turn(["Successful", "Success with Info", "Error"], n), 12 + n, "" if n % 3 != 2 else "Target timed out")
        for n, t in moments()
    )
    first = {"message_id": "00000000-aaaa", "sent_at": at(), "finished_at": at(7), "status": "ok"}
    return Export("Jitterbit", "operation_log.csv", table(names, rows, separator="\t"), "messages", first, {"status": {"ok", "failed"}})


def informatica() -> Export:
    lines = (f"{t:%Y-%m-%d %H:%M:%S} : {turn(['INFO', 'ERROR', 'WARNING'], n)} : (4711 | READER_1_1_1) : (IS | IS_PROD) : node01 : RR_{4000 + n} : SQ instance [SQ_ORDERS] read {n} rows" for n, t in moments())
    return Export("Informatica", "s_m_orders.log", "\n".join(lines).encode(), "logs", {"level": "INFO", "time": at()})


def xferlog() -> Export:
    lines = (f"{t:%a %b %d %H:%M:%S %Y} 1 192.0.2.{n % 5} 896242 /home/edi/in/order{n}.xml b _ i r edi ftp 0 * c" for n, t in moments())
    return Export("xferlog", "xferlog", "\n".join(lines).encode(), "logs", {"time": at()})


def qlik() -> Export:
    names = "SessionStart|UserId|AppName|SheetName|SessionDurationSeconds|Node"
    rows = ((iso(t), turn([r"CORP\ana", r"CORP\bo"], n), turn(["Sales", "Supply"], n), "Overview", 60 + n, "QS1") for n, t in moments())
    return Export("Qlik", "sessions.tsv", table(names, rows, separator="\t"), "reads", {"report": "Sales", "at": at()})


def kafka_lag() -> Export:
    names = "ts|cluster|group|topic|lag|messages_per_sec"
    rows = ((int(t.timestamp()), "kafka-prod", turn(["billing", "search"], n), "orders", 100 + 3 * n, f"{n / 3:.2f}") for n, t in moments(1_937))
    return Export("Kafka lag", "lag.csv", table(names, rows), "metrics", {"metric": "lag", "value": 100.0, "time": at()}, rows=2 * ROWS)


def spanish() -> Export:
    names = "Fecha|Hora|Origen|Destino|Interfaz|Estado|Duración (ms)|Mensaje"
    rows = (
        (t.strftime("%d/%m/%Y"), t.strftime("%H:%M:%S"), turn(["ERP", "MES"], n), turn(["MES", "SGA"], n), turn(["órdenes", "stock"], n), turn(["Correcto", "Erróneo", "Pendiente"], n), 30 + n, "" if n % 3 != 1 else "Sin conexión")
        for n, t in moments()
    )
    first = {"source": "ERP", "target": "MES", "status": "ok", "sent_at": at()}
    return Export("Spanish monitor", "seguimiento.csv", table(names, rows, separator=";", encoding="cp1252"), "messages", first, {"status": {"ok", "failed", "pending"}})


def job_cells() -> Export:
    lines = (
        json.dumps({"runId": f"r{n}", "payload": json.dumps({"system": {"from": turn(["POS", "Web"], n), "to": "OMS"}, "outcome": turn(["done", "error"], n)}), "occurredAt": iso(t), "tookMs": 15 + n})
        for n, t in moments()
    )
    first = {"message_id": "r0", "source": "POS", "target": "OMS", "status": "ok", "sent_at": at(), "finished_at": at(0.015)}
    return Export("JSON in JSON", "bridge.ndjson", "\n".join(lines).encode(), "messages", first, {"status": {"ok", "failed"}})


TUNED = (
    mulesoft, sap_pi, talend, zapier, sql_agent, jenkins, gitlab, webhooks, pagerduty, looker, iis_like, vsftpd,
    queue_statistics, wso2, key_values, bracketed,
)  # fmt: skip
HELD_BACK = (
    boomi_csv, as2, edi_tracker, rundeck, oracle_soa, biztalk, zendesk, opsgenie, sharepoint, netsuite, hubspot, jitterbit,
    informatica, xferlog, qlik, kafka_lag, spanish, job_cells,
)  # fmt: skip
