"""The activity log of Azure: the same operation in every shape in which its events come."""

import csv
import io
import json

import pytest
from drawing.accounts import account, utc
from drawing.shared_data import shared_data

import integrhealth as ih

DISK = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/disks/d1"
STEPS = [("Started", "03:00:00"), ("Accepted", "03:00:01"), ("Failed", "03:00:05")]
REASON = json.dumps({"error": {"code": "Conflict", "message": "the disk is in use"}})


def worded(word):
    return {"value": word, "localizedValue": f"{word}, translated"}


def of_rest(status, time):
    event = {
        "correlationId": "c1",
        "operationId": "o1",
        "eventTimestamp": f"2022-02-09T{time}.123Z",
        "resourceId": DISK,
    }
    event |= {"operationName": worded("Microsoft.Compute/disks/write"), "category": worded("Administrative")}
    event |= {"status": worded(status), "subStatus": worded("Conflict"), "caller": "ann@contoso.com"}
    event |= {"resourceProviderName": worded("Microsoft.Compute"), "properties": {"statusMessage": REASON}}
    return event | {"httpRequest": {"clientIpAddress": "1.2.3.4"}, "resourceType": worded("Microsoft.Compute/disks")}


def of_diagnostics(status, time):
    word = {"Started": "Start", "Accepted": "Accept", "Failed": "Failure"}[status]
    event = {"time": f"2022-02-09T{time}.123Z", "resourceId": DISK, "operationName": "MICROSOFT.COMPUTE/DISKS/WRITE"}
    event |= {"category": "Administrative", "resultType": word, "resultSignature": "Conflict", "correlationId": "c1"}
    return event | {"properties": {"statusMessage": REASON}, "callerIpAddress": "1.2.3.4"}


def of_analytics(status, time):
    event = {"TimeGenerated": f"2022-02-09T{time}.123Z", "CorrelationId": "c1", "CategoryValue": "Administrative"}
    event |= {"OperationNameValue": "Microsoft.Compute/disks/write", "ActivityStatusValue": status, "_ResourceId": DISK}
    return event | {"ActivitySubstatusValue": "Conflict", "Caller": "ann@contoso.com", "Properties": REASON}


def snake(value):
    """The names as the library of Python writes them."""
    if not isinstance(value, dict):
        return value
    names = ("".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in value)
    properties = {"properties": value["properties"]} if "properties" in value else {}
    return dict(zip(names, map(snake, value.values()), strict=True)) | properties


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


SHAPES = {
    "REST": lambda: json.dumps({"value": [of_rest(*each) for each in STEPS]}),
    "command line": lambda: json.dumps([of_rest(*each) for each in STEPS], indent=1),
    "Python, one per line": lambda: "\n".join(json.dumps(snake(of_rest(*each))) for each in STEPS),
    "diagnostic settings": lambda: json.dumps({"records": [of_diagnostics(*each) for each in STEPS]}),
    "Log Analytics": lambda: as_csv([of_analytics(*each) for each in STEPS]),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_an_operation_is_one_message(tmp_path, shape):
    (tmp_path / "log.txt").write_text(SHAPES[shape]())
    evidence = ih.read(tmp_path)
    assert evidence.sources["rows_in"].sum() == evidence.sources["rows_out"].sum() == 3
    (row,) = evidence.messages.to_dicts()
    assert (row["sent_at"], row["finished_at"]) == (utc("2022-02-09T03:00:00.123"), utc("2022-02-09T03:00:05.123"))
    assert (row["trace_id"], row["source"], row["target"].casefold()) == ("c1", "client", "microsoft.compute")
    assert (row["status"], row["error_code"]) == ("failed", "Conflict")
    assert row["error_text"] == ("the disk is in use" if shape != "Log Analytics" else None)
    assert "ann@" not in str(row)
    assert "1.2.3.4" not in str(row)


def test_a_real_log_has_two_operations_in_each_action():
    evidence = ih.read(shared_data("formats_more", "azure_activity", "azure_activity_log.jsonl"))
    assert account(evidence) == [("azure_activity", 4, 4, 0, 0)]
    assert evidence.messages["message_id"].n_unique() == 4
    assert evidence.messages["trace_id"].n_unique() == 2
    assert set(evidence.messages["status"]) == {"pending"}
    assert evidence.messages["sent_at"].max() == utc("2022-02-09T03:04:54.297853")


def test_a_table_of_the_portal(tmp_path):
    rows = [("c1", "Create or Update Disk", "Started"), ("c1", "Create or Update Disk", "Succeeded")]
    names = ("Correlation id", "Operation name", "Status", "Event category", "Level", "Time", "Event initiated by")
    lines = [
        dict(
            zip(
                names,
                (*row, "Administrative", "Informational", f"2022-02-09T03:00:0{second}Z", "ann@b.com"),
                strict=True,
            )
        )
        for second, row in enumerate(rows)
    ]
    (tmp_path / "QueryResult.csv").write_text("\ufeff" + as_csv(lines))
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("azure_activity", 2, 2, 0, 0)]
    columns = ("target", "operation", "sent_at", "finished_at", "status")
    begun, ended = utc("2022-02-09T03:00:00"), utc("2022-02-09T03:00:01")
    assert evidence.messages.select(columns).rows() == [
        ("Azure Resource Manager", "Create or Update Disk", begun, ended, "ok")
    ]


def test_health_and_alerts_are_no_operations_and_a_bad_event_costs_itself(tmp_path):
    events = [of_rest("Started", "03:00:00"), of_rest("Active", "03:00:00") | {"category": worded("ResourceHealth")}]
    events += [
        of_rest("Started", "25:00:00"),
        of_rest("Started", "03:00:00") | {"correlationId": None, "operationId": None},
    ]
    (tmp_path / "log.json").write_text("\n".join([*map(json.dumps, events), "{"]))
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("azure_activity", 5, 2, 3, 0)]
    assert evidence.rejected["reason"].to_list()[:2] == ["bad_time:at", "no_message_id"]
