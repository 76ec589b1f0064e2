"""Diagnostic logs of Azure: requests by category, runs of workflows and pipelines, any other resource."""

import json

import polars as pl
import pytest
from drawing.accounts import account, utc
from drawing.shared_data import shared_data

import integrhealth as ih

TIME = "2024-04-24T12:00:10Z"
VAULT = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV"
EDGE = ("source", "target", "operation", "sent_at", "finished_at", "status", "error_code")


def entry(category, *, resource=VAULT, properties=None, **more):
    return {"time": TIME, "resourceId": resource, "category": category, "operationName": "op"} | (
        ({} if properties is None else {"properties": properties}) | more
    )


@pytest.fixture
def read(tmp_path):
    """What is read of these records, wrapped or one per line."""

    def read(*records, wrapped=True):
        lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
        text = '{"records": [' + ",\n".join(lines) + "]}" if wrapped else "\n".join(lines)
        (tmp_path / "PT1H.json").write_text(text, encoding="utf-8")
        return ih.read(tmp_path, show_people=True)

    return read


def test_a_real_application_gateway_of_the_second_generation():
    evidence = ih.read(shared_data("formats_more", "azure_diagnostics", "azure_application_gateway_access.json"))
    assert account(evidence) == [("azure_diagnostics", 2, 2, 0, 0)]
    end = [utc("2021-10-14T22:17:11"), utc("2021-10-14T22:17:12")]
    start = [utc("2021-10-14T22:17:10.966"), utc("2021-10-14T22:17:11.966")]
    assert evidence.messages.select(EDGE).rows() == [
        ("client", "StaticStorageAccount", "GET /", start[0], end[0], "ok", None),
        ("client", "StaticStorageAccount", "GET /", start[1], end[1], "rejected", "400"),
    ]
    assert set(evidence.messages["message_id"]) == {"592d1649f75a8d480a3c4dc6a975309d"}


def test_a_real_log_of_app_service():
    evidence = ih.read(shared_data("formats_more", "azure_diagnostics", "appservice_httplogs.json"))
    assert account(evidence) == [("azure_diagnostics", 1, 1, 0, 0)]
    start, end = utc("2024-04-24T11:59:40.569337"), utc("2024-04-24T11:59:40.989337")
    assert evidence.messages.select(EDGE).rows() == [("client", "test.com", "GET /api/test/", start, end, "ok", None)]
    assert not evidence.messages["actor"][0].startswith("user@")
    assert "192.0.2.42" not in str(evidence.messages.to_dicts())


def test_the_first_generation_counts_milliseconds(read):
    told = {"instanceId": "ApplicationGatewayRole_IN_0", "httpMethod": "GET", "requestUri": "/a?b=c", "timeTaken": 205}
    told |= {"httpStatus": 504, "originalHost": "www.contoso.com", "clientIP": "67.43.156.7"}
    evidence = read(entry("ApplicationGatewayAccessLog", properties=told), wrapped=False)
    row = ("client", "www.contoso.com", "GET /a", utc("2024-04-24T12:00:09.795"), utc("2024-04-24T12:00:10"))
    assert evidence.messages.select(EDGE).rows() == [(*row, "timeout", "504")]


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({"originName": "app.example:443", "hostName": "e.azurefd.net"}, "app.example"),
        ({"originName": "N/A", "hostName": "e.azurefd.net"}, "e.azurefd.net"),
        ({"backendHostname": "app.example:443"}, "app.example"),
        ({"requestUri": "https://e.azurefd.net/x"}, "e.azurefd.net"),
    ],
)
def test_front_door_writes_when_it_answered(read, properties, target):
    told = {"trackingReference": "T", "httpStatusCode": "200", "timeTaken": "0.230", "errorInfo": "NoError"}
    evidence = read(entry("FrontDoorAccessLog", properties=told | properties))
    assert evidence.messages.select("message_id", "target", "sent_at", "error_text").rows() == [
        ("T", target, utc("2024-04-24T12:00:09.770"), None)
    ]


GATEWAY = "/S/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM1"


@pytest.mark.parametrize("as_text", [False, True])
def test_api_management_writes_when_the_request_came(read, as_text):
    told = {"method": "POST", "url": "https://apim1/orders?k=1", "responseCode": 500, "backendMethod": "POST"}
    told |= {"backendUrl": "https://erp.example/orders?k=1", "backendResponseCode": 503, "totalTime": 900}
    told |= {"backendTime": 850, "apiId": "orders", "operationId": "create"}
    told |= {"lastError": {"reason": "BackendConnectionFailure", "message": "no route"}}
    properties = json.dumps(told) if as_text else told
    evidence = read(entry("GatewayLogs", resource=GATEWAY, correlationId="c1", durationMs=900, properties=properties))
    assert account(evidence) == [("azure_diagnostics", 1, 1, 0, 0)]
    begun = utc("2024-04-24T12:00:10")
    ends = utc("2024-04-24T12:00:10.900"), utc("2024-04-24T12:00:10.850")
    assert evidence.messages.select(EDGE).rows() == [
        ("client", "APIM1", "create", begun, ends[0], "failed", "BackendConnectionFailure"),
        ("APIM1", "erp.example", "POST /orders", begun, ends[1], "failed", "503"),
    ]
    assert evidence.messages.select("message_id", "parent_id", "integration").rows() == [
        ("c1", None, "orders"),
        ("c1/backend", "c1", "orders"),
    ]


def test_an_answer_of_the_gateway_itself_calls_no_backend(read):
    told = {"method": "GET", "url": "https://apim1/x", "responseCode": 401, "totalTime": 3}
    evidence = read(entry("GatewayLogs", resource=GATEWAY, correlationId="c1", properties=told))
    assert evidence.messages.select("target", "operation", "status").rows() == [("APIM1", "GET /x", "rejected")]


def test_an_event_that_was_not_delivered(read):
    message = "Message:outcome=NotFound, latencyInMs=2500, id=8a40, systemId=17e8, fqdn=hook.example"
    topic = "/S/PROVIDERS/MICROSOFT.EVENTGRID/TOPICS/ORDERS"
    evidence = read(entry("DeliveryFailures", resource=topic, message=message, eventSubscriptionName="SUB"))
    row = ("ORDERS", "hook.example", "op", utc("2024-04-24T12:00:07.500"), utc("2024-04-24T12:00:10"))
    assert evidence.messages.select(EDGE).rows() == [(*row, "failed", "NotFound")]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"resultType": "Success", "resultSignature": "OK"}, "ok", None),
        ({"resultType": "Failure", "resultSignature": "Forbidden"}, "failed", "Forbidden"),
        ({"resultType": "0"}, "ok", None),
        ({"resultType": "50126"}, "failed", "50126"),
        ({"statusCode": 404, "statusText": "BlobNotFound"}, "rejected", "404"),
        ({"statusCode": 200}, "ok", None),
        ({"resultType": "Success", "resultSignature": "503"}, "failed", "503"),
        ({"resultType": "Odd"}, "unknown", "Odd"),
    ],
)
def test_any_resource_with_a_result(read, more, status, code):
    evidence = read(entry("AuditEvent", durationMs="15", correlationId="c", **more))
    shown = code if code != "Odd" else "Odd"
    row = ("client", "KV", "op", utc("2024-04-24T12:00:10"), utc("2024-04-24T12:00:10.015"))
    assert evidence.messages.select(EDGE).rows() == [(*row, status, shown)]


def test_an_entity_below_a_resource_is_of_that_resource(read):
    blobs = "/S/R/providers/Microsoft.Storage/storageAccounts/acc1/blobServices/default"
    assert read(entry("StorageRead", resource=blobs, statusCode=200)).messages["target"].to_list() == ["acc1"]


def test_operations_of_a_queue_have_times_of_their_own(read):
    told = {"ActivityId": "a", "EventName": "Create Queue", "Status": "Succeeded", "category": "OperationalLogs"}
    told |= {
        "EventTimeString": "11/3/2020 9:06:42 PM +00:00",
        "resourceId": "/S/PROVIDERS/MICROSOFT.SERVICEBUS/NAMESPACES/NS",
    }
    evidence = read(told, told | {"ActivityId": "b", "Status": "Failed", "EventTimeString": "soon"}, wrapped=False)
    assert account(evidence) == [("azure_diagnostics", 2, 1, 1, 0)]
    columns = ("message_id", "target", "operation", "sent_at", "status")
    assert evidence.messages.select(columns).rows() == [("a", "NS", "Create Queue", utc("2020-11-03T21:06:42"), "ok")]


def step(name, *, status, run="0858", action=None, tracking="t1", start="10", end=None, **more):
    resource = {"workflowName": "Orders", "runId": run} | ({"actionName": action} if action else {})
    properties = {"startTime": f"2024-04-24T12:00:{start}Z", "status": status, "resource": resource} | more
    properties |= {"correlation": {"clientTrackingId": "mine"} | ({"actionTrackingId": tracking} if action else {})}
    properties |= {} if end is None else {"endTime": f"2024-04-24T12:00:{end}Z"}
    return entry("WorkflowRuntime", properties=properties) | {"operationName": f"Microsoft.Logic/workflows/{name}"}


def test_runs_of_logic_apps(read):
    error = {"code": "ActionFailed", "message": "An action failed."}
    evidence = read(
        step("workflowRunStarted", status="Running"),
        step("workflowTriggerCompleted", status="Succeeded", end="11"),
        step("workflowActionStarted", status="Running", action="HTTP"),
        step("workflowActionCompleted", status="Failed", code="NotFound", action="HTTP", end="12"),
        step("workflowActionCompleted", status="Succeeded", action="HTTP", tracking="t2", start="12", end="13"),
        step("workflowRunCompleted", status="Failed", code="ActionFailed", error=error, end="14"),
        step("workflowRunStarted", status="Running", run="0859"),
    )
    assert evidence.sources["rows_in"].sum() == evidence.sources["rows_out"].sum() == 7
    at = {second: utc(f"2024-04-24T12:00:{second}") for second in range(10, 15)}
    columns = ("message_id", "parent_id", "trace_id", "sent_at", "finished_at", "status", "error_code", "error_text")
    assert sorted(evidence.messages.select(columns).rows()) == [
        ("0858", None, "mine", at[10], at[14], "failed", "ActionFailed", "An action failed."),
        ("0858/actions/HTTP/t1", "0858", "mine", at[10], at[12], "failed", "NotFound", None),
        ("0858/actions/HTTP/t2", "0858", "mine", at[12], at[13], "ok", None, None),
        ("0859", None, "mine", at[10], None, "pending", None, None),
    ]
    assert set(evidence.messages["integration"]) == {"Orders"}


def test_runs_of_data_factory(read):
    run = {"pipelineName": "load", "activityName": "Copy", "activityRunId": "a1", "pipelineRunId": "p1"}
    run |= {"start": "2024-04-24T12:00:00Z", "end": "1601-01-01T00:00:00Z", "status": "InProgress"}
    factory = "/S/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF1"
    ended = {"end": "2024-04-24T12:00:05Z", "status": "Failed"}
    reason = {"Error": {"errorCode": "2200", "message": "no such table"}}
    pipeline = {"runId": "p1", "pipelineName": "load", "start": "2024-04-24T12:00:00Z", "status": "Succeeded"}
    evidence = read(
        entry("ActivityRuns", resource=factory, **run),
        entry("ActivityRuns", resource=factory, properties=reason, **(run | ended)),
        entry("PipelineRuns", resource=factory, **(pipeline | {"end": "2024-04-24T12:00:06Z"})),
    )
    columns = ("message_id", "parent_id", "target", "finished_at", "status", "error_code", "error_text")
    assert sorted(evidence.messages.select(columns).rows()) == [
        ("a1", "p1", "ADF1", utc("2024-04-24T12:00:05"), "failed", "2200", "no such table"),
        ("p1", None, "ADF1", utc("2024-04-24T12:00:06"), "ok", None, None),
    ]


def test_lines_of_text_and_what_says_nothing(read):
    site = "/S/PROVIDERS/MICROSOFT.WEB/SITES/APP"
    evidence = read(
        entry("AppServiceConsoleLogs", resource=site, level="Error", resultDescription="Unhandled"),
        entry("ResourceHealth", resultType="Updated"),
        entry("Policy2"),
        {"time": TIME, "resourceId": site, "category": "x", "metricName": "cpu", "average": 3, "status": "ok"},
    )
    assert evidence.logs.select("system", "level", "site", "text").rows() == [
        ("APP", "Error", "AppServiceConsoleLogs", "Unhandled")
    ]
    assert evidence.sources["rows_in"].sum() == evidence.sources["rows_out"].sum() == 4
    assert evidence.messages.is_empty()


def test_a_bad_record_costs_itself(read):
    good = entry("AuditEvent", resultType="Success")
    evidence = read(
        good, "7", entry("AuditEvent", resultType="Success") | {"time": "x"}, entry("AuditEvent", resultType=[])
    )
    assert account(evidence)[0][1:4] == (4, 2, 2)
    evidence = read(good, '{"broken', good, wrapped=False)
    assert account(evidence) == [("azure_diagnostics", 3, 2, 1, 0)]
    assert evidence.messages["message_id"].n_unique() == 2


def test_properties_of_any_type_are_no_reason_to_fail(read):
    categories = ("WorkflowRuntime", "ApplicationGatewayAccessLog", "FrontDoorAccessLog", "AppServiceHTTPLogs")
    categories += ("GatewayLogs", "DeliveryFailures", "ActivityRuns", "PipelineRuns", "Administrative", "Other")
    odd = (None, [], "text", 3, {"resource": 1}, {"timeTaken": {}, "originName": [], "requestUri": "http://["})
    records = [entry(category, properties=each) for category in categories for each in odd]
    evidence = read(*records)
    assert evidence.sources["rows_in"].sum() == len(records)
    assert evidence.sources.select((pl.col("rows_in") == pl.col("rows_out") + pl.col("rows_rejected")).all()).item()


def test_json_of_others_is_left_alone(read):
    assert read({"time": TIME, "category": "x", "status": "ok"}).sources["format"].to_list() == [None]


AT = "4/24/2024, 12:00:10.000 PM"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"TimeGenerated [UTC]": AT, "CsHost": "shop.example", "CsMethod": "GET", "CsUriStem": "/a", "ScStatus": 503}
            | {"TimeTaken": 1000, "CIp": "1.2.3.4", "Type": "AppServiceHTTPLogs", "_ResourceId": "/S/sites/app"},
            (
                "client",
                "shop.example",
                "GET /a",
                utc("2024-04-24T12:00:09"),
                utc("2024-04-24T12:00:10"),
                "failed",
                "503",
            ),
        ),
        (
            {
                "TimeGenerated [UTC]": AT,
                "ResourceId": "/S/APPLICATIONGATEWAYS/GW",
                "OperationName": "ApplicationGatewayAccess",
            }
            | {
                "Category": "ApplicationGatewayAccessLog",
                "httpMethod_s": "GET",
                "requestUri_s": "/",
                "httpStatus_d": "200.0",
            }
            | {"timeTaken_d": 0.5, "backendPoolName_s": "pool", "instanceId_s": "appgw_1", "clientIP_s": "1.2.3.4"},
            ("client", "pool", "GET /", utc("2024-04-24T12:00:09.500"), utc("2024-04-24T12:00:10"), "ok", None),
        ),
        (
            {"TimeGenerated [UTC]": AT, "Category": "StorageRead", "_ResourceId": "/S/storageAccounts/acc"}
            | {"OperationName": "GetBlob", "StatusCode": 404, "DurationMs": 12, "CallerIpAddress": "1.2.3.4"},
            ("client", "acc", "GetBlob", utc("2024-04-24T12:00:10"), utc("2024-04-24T12:00:10.012"), "rejected", "404"),
        ),
        (
            {
                "TimeGenerated [UTC]": AT,
                "CorrelationId": "c",
                "ApiId": "orders",
                "OperationId": "create",
                "ResponseCode": 200,
            }
            | {"TotalTime": 20, "BackendUrl": "", "_ResourceId": "/S/service/apim", "Category": "GatewayLogs"},
            ("client", "apim", "create", utc("2024-04-24T12:00:10"), utc("2024-04-24T12:00:10.020"), "ok", None),
        ),
        (
            {
                "TimeGenerated [UTC]": AT,
                "OperationName": "Microsoft.Logic/workflows/workflowRunCompleted",
                "RunId": "r1",
            }
            | {"WorkflowName": "Orders", "StartTime": "2024-04-24T12:00:08Z", "EndTime": "2024-04-24T12:00:09Z"}
            | {"Status": "Failed", "Code": "ActionFailed", "Type": "LogicAppWorkflowRuntime", "ActionName": ""},
            (
                "Orders",
                "Orders",
                None,
                utc("2024-04-24T12:00:08"),
                utc("2024-04-24T12:00:09"),
                "failed",
                "ActionFailed",
            ),
        ),
        (
            {"TimeGenerated [UTC]": AT, "ResourceId": "/S/WORKFLOWS/ORDERS", "Category": "WorkflowRuntime"}
            | {"OperationName": "Microsoft.Logic/workflows/workflowActionCompleted", "resource_runId_s": "r1"}
            | {"resource_workflowName_s": "Orders", "resource_actionName_s": "HTTP", "status_s": "Failed"}
            | {"startTime_t": "2024-04-24T12:00:08Z", "endTime_t": "2024-04-24T12:00:09Z", "error_code_s": "NotFound"},
            ("Orders", "Orders", "HTTP", utc("2024-04-24T12:00:08"), utc("2024-04-24T12:00:09"), "failed", "NotFound"),
        ),
        (
            {
                "TimeGenerated [UTC]": AT,
                "ActivityRunId": "a",
                "PipelineRunId": "p",
                "PipelineName": "load",
                "Status": "Failed",
            }
            | {
                "ActivityName": "Copy",
                "Start": "2024-04-24T12:00:08Z",
                "End": "2024-04-24T12:00:09Z",
                "ErrorCode": "2200",
            }
            | {"_ResourceId": "/S/factories/adf"},
            ("adf", "adf", "Copy", utc("2024-04-24T12:00:08"), utc("2024-04-24T12:00:09"), "failed", "2200"),
        ),
    ],
    ids=[
        "App Service",
        "AzureDiagnostics",
        "storage",
        "API Management",
        "Logic Apps",
        "workflows in AzureDiagnostics",
        "Data Factory",
    ],
)
@pytest.mark.parametrize("shape", ["csv", "api"])
def test_tables_of_log_analytics(tmp_path, row, expected, shape):
    if shape == "csv":
        quoted = [[f'"{each}"' for each in line] for line in (row, row.values())]
        text = "\n".join(map(",".join, quoted))
    else:
        columns = [{"name": name.removesuffix(" [UTC]"), "type": "string"} for name in row]
        text = json.dumps(
            {"tables": [{"columns": columns, "rows": [["2024-04-24T12:00:10Z", *list(row.values())[1:]]]}]}
        )
    (tmp_path / "query_data").write_text(text)
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("azure_diagnostics", 1, 1, 0, 0)]
    assert evidence.messages.select(EDGE).rows() == [expected]
    assert "1.2.3.4" not in str(evidence.messages.to_dicts())


def test_a_function_app_writes_properties_in_single_quotes_and_the_month_first(read):
    properties = (
        "{'appName':'shop','message':'It isn't 'done', yet: {\\n}','functionName':'f','level':'Warning','levelId':3}"
    )
    resource = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.WEB/SITES/shop"
    line = entry("FunctionAppLogs", resource=resource, properties=properties, level="Warning") | {
        "time": "08/06/2025 14:26:04"
    }
    evidence = read(line, wrapped=False)
    assert evidence.logs.select("time", "system", "level", "text").rows() == [
        (utc("2025-08-06T14:26:04"), "shop", "Warning", "It isn't 'done', yet: {\\n}")
    ]


def test_properties_that_are_no_object_in_any_writing_are_passed_over(read):
    evidence = read(entry("FunctionAppLogs", properties="'message'"), wrapped=False)
    assert account(evidence) == [("azure_diagnostics", 1, 1, 0, 0)]
    assert evidence.logs.height == 0
