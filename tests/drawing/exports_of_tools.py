"""Exports of schedulers, transfers, queues and clouds in shapes of their own: fixed widths, codes, cryptic names."""

import json
from datetime import timedelta

from drawing.exports import ROWS, START, Export, at, iso, moments, table, turn


def fixed_widths() -> Export:
    lines = ["Job Name             Last Start           Last End             ST"]
    lines.append(f"{'_' * 20} {'_' * 20} {'_' * 20} __")
    for n, t in moments():
        end = "-----" if n == ROWS - 1 else f"{t + timedelta(seconds=9):%m/%d/%Y %H:%M:%S}"
        status = "RU" if n == ROWS - 1 else turn(["SU", "FA"], n)
        lines.append(f"{turn([' gl_extract', 'bank_pull'], n):<20} {t:%m/%d/%Y %H:%M:%S}  {end:<20} {status}")
    first = {"integration": "gl_extract", "sent_at": at(), "finished_at": at(9), "status": "ok"}
    more = {"integration": {"gl_extract", "bank_pull"}, "status": {"ok", "failed", "pending"}}
    return Export("AutoSys", "autorep.txt", "\n".join(lines).encode(), "messages", first, more)


def codes_by_errors() -> Export:
    runs = [
        {
            "runId": 400 + n,
            "objectName": "accounts to ERP",
            "startTime": iso(t),
            "endTime": iso(t + timedelta(seconds=8)),
            "state": turn([1, 1, 3], n),
            "failedSourceRows": 0,
            "errorMsg": "Data insert refused" if n % 3 == 2 else None,
        }
        for n, t in moments()
    ]
    first = {"message_id": "400", "integration": "accounts to ERP", "finished_at": at(8), "status": "ok"}
    return Export("IICS", "activity.json", json.dumps(runs).encode(), "messages", first, {"status": {"ok", "failed"}})


def ends_by_their_values() -> Export:
    pairs = [("BOSCH", "HUB"), ("HUB", "RENAULT"), ("TATA", "HUB")]
    rows = (
        (
            f"T{n:06}",
            *turn(pairs, n),
            900 + n,
            f"{t:%Y%m%d%H%M%S}",
            f"{t + timedelta(seconds=3):%Y%m%d%H%M%S}",
            "COMPLETE",
        )
        for n, t in moments()
    )
    data = table("IDTU|SPART|RPART|FILESIZE|DATEHEURE_DEBUT|DATEHEURE_FIN|STATE", rows, separator="|")
    first = {"source": "BOSCH", "target": "HUB", "sent_at": at(), "finished_at": at(3), "bytes": 900, "status": "ok"}
    return Export("Axway CFT", "catalog.txt", data, "messages", first)


def years_of_two_digits() -> Export:
    rows = (
        (f"{t:%m/%d/%y %I:%M %p}", turn(["SO Import", "Stock Export"], n), turn(["Complete", "Failed"], n), f"TASK_{n}")
        for n, t in moments()
    )
    first = {"integration": "SO Import", "sent_at": at(), "status": "ok", "message_id": "TASK_0"}
    data = table("Date Created|Script Name|Status|Task ID", rows)
    return Export("NetSuite", "ScriptStatus.csv", data, "messages", first, {"status": {"ok", "failed"}})


def partner_and_direction() -> Export:
    rows = (
        (
            f"{t:%Y/%m/%d %H:%M:%S}",
            turn(["Lidl", "Kroger"], n),
            turn(["Send", "Receive"], n),
            "Success",
            f"T{n:08x}",
            f"f{n}.edi",
        )
        for n, t in moments()
    )
    first = {"source": "transfers", "target": "Lidl", "sent_at": at(), "status": "ok"}
    data = table("Time|Host|Direction|Status|Transfer ID|File", rows)
    return Export("Cleo", "transfers.csv", data, "messages", first, {"source": {"Kroger", "transfers"}})


def inner_objects() -> Export:
    apps = [
        {
            "metadata": {"name": f"svc-{n}", "creationTimestamp": iso(START - timedelta(days=90))},
            "client": {"geo": {"city": "Miami"}},
            "status": {
                "sync": {"status": turn(["Synced", "OutOfSync"], n)},
                "operation": {
                    "phase": turn(["Succeeded", "Failed"], n),
                    "startedAt": iso(t),
                    "finishedAt": iso(t + timedelta(seconds=6)),
                },
            },
        }
        for n, t in moments()
    ]
    first = {"source": "argocd", "sent_at": at(), "finished_at": at(6), "status": "ok"}
    return Export("Argo CD", "argocd.json", json.dumps({"items": apps}).encode(), "messages", first)


def queues_of_one_namespace() -> Export:
    rows = ((iso(t), "sb-prod", queue, n + 1, 7 * n) for n, t in moments() for queue in ("orders", "invoices"))
    first = {"system": "sb-prod/orders", "value": 1.0, "time": at()}
    data = table("TimeGenerated|Namespace|EntityName|ActiveMessages|SizeInBytes", rows)
    return Export("Service Bus", "queues.csv", data, "metrics", first, {"system": {"sb-prod/invoices"}})


def time_that_ends_its_line() -> Export:
    lines = (f"# Time: {iso(t)}\n# Query_time: 2.{n}\nSELECT {n};" for n, t in moments())
    first = {"time": at(), "text": "# Query_time: 2.0\nSELECT 0;"}
    return Export("MySQL slow log", "slow.log", "\n".join(lines).encode(), "logs", first)


def vorfaelle() -> Export:
    rows = (
        (f"INC{n:05}", "Schnittstelle steht", turn(["offen", "gelöst"], n), "EAI", f"{t:%d.%m.%Y %H:%M:%S}")
        for n, t in moments()
    )
    first = {"incident": "INC00000", "team": "EAI", "at": at(), "state": "offen"}
    data = table("Ticketnummer|Betreff|Status|Bearbeitergruppe|Erstellt am", rows, separator=";")
    return Export("help desk", "stoerungen.csv", data, "incident_events", first)


TOOLS = (
    fixed_widths, codes_by_errors, ends_by_their_values, years_of_two_digits, partner_and_direction, inner_objects,
    queues_of_one_namespace, time_that_ends_its_line, vorfaelle,
)  # fmt: skip
