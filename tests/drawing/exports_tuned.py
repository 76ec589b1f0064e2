"""Exports that the drafts of mappings were tuned on."""

import json
from datetime import timedelta

from drawing.exports import ROWS, Export, at, iso, moments, table, turn


def mulesoft() -> Export:
    names = (
        "Event ID|Correlation ID|Application|Flow Name|Source System|Target System|Start Time|End Time"
        "|Status|Error Message"
    )
    rows = (
        (
            f"ev-{n:05d}",
            f"c-{n // 2:05d}",
            "orders-api",
            turn(["create-order", "sync-stock"], n),
            turn(["Shop", "ERP"], n),
            turn(["ERP", "WMS"], n),
            iso(t),
            iso(t + timedelta(seconds=1.5)),
            turn(["SUCCESS", "SUCCESS", "FAILURE"], n),
            "" if n % 3 < 2 else "HTTP:CONNECTIVITY: connection refused",
        )
        for n, t in moments()
    )
    first = {
        "message_id": "ev-00000",
        "source": "Shop",
        "target": "ERP",
        "sent_at": at(),
        "finished_at": at(1.5),
        "status": "ok",
    }
    return Export("MuleSoft", "mule_events.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def sap_pi() -> Export:
    names = (
        "Status|Start Time|Run End|Sender Component|Receiver Component|Interface|Message ID"
        "|Quality of Service|Error Category"
    )
    rows = (
        (
            turn(["DLVD", "DLVD", "FAIL", "Successful"], n),
            t.strftime("%d.%m.%Y %H:%M:%S"),
            (t + timedelta(seconds=2)).strftime("%d.%m.%Y %H:%M:%S"),
            turn(["ECC_100", "CRM_200"], n),
            turn(["WMS_P", "EDI_GW"], n),
            turn(["OrderCreate_Out", "DesAdv_In"], n),
            f"005056{n:026X}",
            "Exactly Once",
            "" if n % 4 != 2 else "XI_J2EE_ADAPTER",
        )
        for n, t in moments()
    )
    first = {"source": "ECC_100", "target": "WMS_P", "sent_at": at(), "finished_at": at(2)}
    return Export(
        "SAP PI",
        "Nachrichtenmonitor.csv",
        table(names, rows, separator=";", encoding="cp1252"),
        "messages",
        first,
        {"status": {"failed", "ok"}},
    )


def talend() -> Export:
    names = (
        "moment|pid|father_pid|root_pid|system_pid|project|job|job_repository_id|job_version|context|origin"
        "|message_type|message|duration"
    )
    rows = (
        (
            t.strftime("%Y-%m-%d %H:%M:%S"),
            f"p{n:05d}",
            f"p{n:05d}",
            f"p{n:05d}",
            4711,
            "DWH",
            turn(["load_orders", "load_stock"], n),
            f"_{n % 2}abc",
            "0.1",
            "PROD",
            "",
            "end",
            turn(["success", "success", "failure"], n),
            1000 + n,
        )
        for n, t in moments()
    )
    first = {"integration": "load_orders", "status": "ok"}
    return Export(
        "Talend", "stat_catcher.csv", table(names, rows, separator=";"), "messages", first, {"status": {"ok", "failed"}}
    )


def zapier() -> Export:
    names = "Zap Name|Task ID|Status|Timestamp|Trigger App|Action App|Tasks Used|Error"
    rows = (
        (
            turn(["Lead to CRM", "Invoice to Sheet"], n),
            f"018f-{n:08x}",
            turn(["success", "filtered", "errored"], n),
            iso(t),
            turn(["Typeform", "Stripe"], n),
            turn(["HubSpot", "Google Sheets"], n),
            1,
            "" if n % 3 != 2 else "Invalid email",
        )
        for n, t in moments()
    )
    first = {"message_id": "018f-00000000", "sent_at": at(), "status": "ok", "source": "Typeform", "target": "HubSpot"}
    return Export("Zapier", "zap_history.csv", table(names, rows), "messages", first, {"status": {"ok", "failed"}})


def sql_agent() -> Export:
    names = "server|job_name|step_id|step_name|run_status|run_date|run_time|run_duration|message"
    rows = (
        (
            "SQL01",
            turn(["Nightly ETL", "Index rebuild"], n),
            0,
            "(Job outcome)",
            turn([1, 1, 0], n),
            t.strftime("%Y%m%d"),
            int(t.strftime("%H%M%S")),
            130,
            turn(["The job succeeded.", "The job succeeded.", "The job failed."], n),
        )
        for n, t in moments()
    )
    first = {"sent_at": at(), "integration": "Nightly ETL", "source": "SQL01"}
    return Export("SQL Server Agent", "sysjobhistory.csv", table(names, rows), "messages", first)


def jenkins() -> Export:
    builds = [
        {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "fullDisplayName": f"deploy #{n}",
            "id": str(n),
            "number": n,
            "building": False,
            "duration": 60_000 + n,
            "result": turn(["SUCCESS", "FAILURE", "ABORTED", "UNSTABLE"], n),
            "timestamp": int(t.timestamp() * 1000),
            "url": f"https://ci.example.com/job/deploy/{n}/",
        }
        for n, t in moments()
    ]
    data = json.dumps({"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "builds": builds}, indent=1).encode()
    first = {"message_id": "0", "sent_at": at(), "finished_at": at(60), "status": "ok"}
    return Export("Jenkins", "builds.json", data, "messages", first, {"status": {"ok", "failed", "partial"}})


def gitlab() -> Export:
    pipelines = [
        {
            "id": 900 + n,
            "iid": n,
            "project_id": 7,
            "sha": f"{n:040x}",
            "ref": turn(["main", "release"], n),
            "status": turn(["success", "failed", "canceled", "running"], n),
            "source": "push",
            "created_at": iso(t),
            "updated_at": iso(t + timedelta(seconds=90)),
            "web_url": f"https://git.example.com/x/-/pipelines/{900 + n}",
        }
        for n, t in moments()
    ]
    first = {"message_id": "900", "sent_at": at(), "finished_at": at(90), "status": "ok"}
    return Export(
        "GitLab",
        "pipelines.json",
        json.dumps(pipelines).encode(),
        "messages",
        first,
        {"status": {"ok", "failed", "pending"}},
    )


def webhooks() -> Export:
    names = "event_id|event_type|endpoint_url|created|http_status|attempt|response_ms"
    rows = (
        (
            f"evt_{n:06d}",
            turn(["invoice.paid", "charge.failed"], n),
            turn(["https://shop.example.com/hook", "https://erp.example.org/in"], n),
            int(t.timestamp()),
            turn([200, 204, 500, 404], n),
            1 + n % 2,
            100 + n,
        )
        for n, t in moments(1_937)
    )
    first = {
        "message_id": "evt_000000",
        "target": "shop.example.com",
        "sent_at": at(),
        "finished_at": at(0.1),
        "status": "ok",
    }
    return Export(
        "payment webhooks",
        "payhub_deliveries.csv",
        table(names, rows),
        "messages",
        first,
        {"status": {"ok", "failed", "rejected"}},
    )


def pagerduty() -> Export:
    names = (
        "id|incident_number|description|service_id|service_name|escalation_policy_name|created_on"
        "|resolved_on|urgency|status|assigned_to_user_names|acknowledge_count"
    )
    rows = (
        (
            f"Q{n:010d}",
            500 + n,
            "High error rate on checkout",
            "PSVC1",
            turn(["checkout", "stock"], n),
            "SRE primary",
            iso(t),
            iso(t + timedelta(minutes=40)),
            "high",
            turn(["resolved", "acknowledged", "triggered"], n),
            turn(["Ana Ruiz", "Bo Chen"], n),
            1,
        )
        for n, t in moments()
    )
    return Export(
        "PagerDuty",
        "incidents.csv",
        table(names, rows),
        "incident_events",
        {"at": at()},
        {"state": {"resolved", "acknowledged", "triggered"}},
        rows=2 * ROWS,
    )


def looker() -> Export:
    names = "History ID|User Name|Dashboard Title|Created Time|Runtime in Seconds|Source|Status"
    rows = (
        (
            10_000 + n,
            turn(["Ana Ruiz", "Bo Chen", "Cy Diaz"], n),
            turn(["Sales daily", "Stock"], n),
            t.strftime("%Y-%m-%d %H:%M:%S"),
            1.5 + n,
            "dashboard",
            "complete",
        )
        for n, t in moments()
    )
    return Export("Looker", "history.csv", table(names, rows), "reads", {"report": "Sales daily", "at": at()})


def iis_like() -> Export:
    names = "date|time|s-computername|c-ip|cs-method|cs-uri-stem|sc-status|time-taken"
    rows = (
        (
            t.strftime("%Y-%m-%d"),
            t.strftime("%H:%M:%S"),
            "WEB01",
            f"10.0.0.{n % 9}",
            turn(["GET", "POST"], n),
            turn(["/api/orders", "/api/stock"], n),
            turn([200, 201, 404, 503], n),
            31 + n,
        )
        for n, t in moments()
    )
    first = {"source": "client", "target": "WEB01", "status": "ok", "operation": "/api/orders"}
    return Export(
        "web server CSV", "weblog.csv", table(names, rows), "messages", first, {"status": {"ok", "rejected", "failed"}}
    )


def vsftpd() -> Export:
    lines = (
        f"{t:%a %b %d %H:%M:%S %Y} [pid {400 + n}] [edi] {turn(['OK', 'FAIL'], n)} UPLOAD: Client"
        f' "192.0.2.7", "/in/order{n}.xml", 896 bytes, 34.55Kbyte/sec'
        for n, t in moments()
    )
    return Export("vsftpd", "vsftpd.log", "\n".join(lines).encode(), "logs", {"time": at()})


def queue_statistics() -> Export:
    names = "Timestamp|Queue|Depth|Enqueue Rate|Consumers"
    rows = (
        (t.strftime("%Y-%m-%d %H:%M:%S"), turn(["ORDERS.IN", "STOCK.OUT"], n), 10 * n, f"{n / 7:.2f}", n % 4)
        for n, t in moments()
    )
    first = {"system": "ORDERS.IN", "metric": "Depth", "value": 0.0, "time": at()}
    return Export("queue statistics", "queue_stats.csv", table(names, rows), "metrics", first, rows=2 * ROWS)


def wso2() -> Export:
    lines = (
        f"TID: [-1234] [] [{t:%Y-%m-%d %H:%M:%S},{t.microsecond // 1000:03d}] "
        f" {turn(['INFO', 'ERROR', 'WARN'], n)} {{org.apache.synapse.mediators.builtin.LogMediator}} -"
        f"  To: /orders, MessageID: urn:uuid:{n}"
        for n, t in moments()
    )
    text = "\n".join(lines) + "\norg.apache.axis2.AxisFault: Connection refused\n\tat org.apache.Foo.bar(Foo.java:1)\n"
    return Export(
        "WSO2",
        "wso2carbon.log",
        text.encode(),
        "logs",
        {"time": at(), "level": "INFO", "site": "org.apache.synapse.mediators.builtin.LogMediator"},
    )


def key_values() -> Export:
    lines = (
        f"{t:%Y-%m-%d %H:%M:%S} INFO transfer id=T{n:04d} from={turn(['ERP', 'CRM'], n)}"
        f" to={turn(['WMS', 'DWH'], n)} status={turn(['OK', 'ERROR'], n)} duration_ms={20 + n}"
        for n, t in moments()
    )
    first = {"message_id": "T0000", "source": "ERP", "target": "WMS", "status": "ok"}
    return Export(
        "pairs in lines", "transfer.log", "\n".join(lines).encode(), "messages", first, {"status": {"ok", "failed"}}
    )


def bracketed() -> Export:
    lines = (
        f"[{t:%d-%b-%Y %H:%M:%S} UTC] {turn(['WARNING', 'NOTICE'], n)}: cache miss for key {n} in"
        f" /srv/app.php on line 12"
        for n, t in moments()
    )
    return Export("PHP errors", "php_errors.log", "\n".join(lines).encode(), "logs", {"level": "WARNING", "time": at()})


TUNED = (
    mulesoft, sap_pi, talend, zapier, sql_agent, jenkins, gitlab, webhooks, pagerduty, looker, iis_like, vsftpd,
    queue_statistics, wso2, key_values, bracketed,
)  # fmt: skip
