"""Azure Logic Apps: real pages of runs and runs with actions, and every trap by a small one."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

STATUSES = {"succeeded": "ok", "failed": "failed", "running": "pending", "cancelled": "cancelled"}
RUN = "08585565587643197854783809524CU00"


def read(folder, document, name="runs.json"):
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return ih.read(folder)


def run(actions=None, name=RUN, flow="Orders", **properties):
    told = {
        "startTime": "2026-01-02T03:04:05.1234567Z",
        "endTime": "2026-01-02T03:04:09Z",
        "status": "Succeeded",
        "correlation": {"clientTrackingId": "tracked"},
        "trigger": {"name": "manual", "startTime": "2026-01-02T03:04:04.5Z", "originHistoryName": name},
        "actions": actions or {},
    }
    return {
        "properties": told | properties,
        "id": f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/{flow}/runs/{name}",
        "name": name,
        "type": "Microsoft.Logic/workflows/runs",
    }


def action(**told):
    return {"startTime": "2026-01-02T03:04:06Z", "endTime": "2026-01-02T03:04:07Z", "status": "Succeeded"} | told


def by_operation(evidence, *columns):
    return {row[0]: row[1:] for row in evidence.messages.select("operation", *columns).rows()}


def microseconds(time):
    """100-nanosecond fractions cut to the microsecond."""
    whole, _, fraction = time.removesuffix("Z").partition(".")
    micros = int(fraction[:6].ljust(6, "0") or 0)
    return datetime.fromisoformat(whole).replace(tzinfo=UTC, microsecond=micros)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("run_agent", 2),
        ("run_agent_loop_cancelled", 3),
        ("run_conditional_loading", 2),
        ("run_loops", 4),
        ("run_single", 1),
        ("runs_list_page1", 30),
    ],
)
def test_real_run_histories(name, rows):
    path = shared_data("formats", "logicapps", f"{name}.json")
    document = json.loads(path.read_text())
    runs = document.get("value", [document])
    inside = [(each, told) for each in runs for told in each["properties"].get("actions", {}).values()]
    found = ih.read(path)
    assert found.sources.select("format", "rows_in", "rows_out", "rows_rejected").row(0) == (
        "logic_apps",
        rows,
        rows,
        0,
    )
    every = [each["properties"] for each in runs] + [told for _, told in inside]
    assert len(every) == rows
    assert Counter(found.messages["status"]) == Counter(STATUSES[told["status"].casefold()] for told in every)
    ends = [microseconds(told["endTime"]) for told in every if "endTime" in told]
    assert sorted(found.messages["finished_at"].drop_nulls()) == sorted(ends)
    starts = [microseconds(each["properties"]["trigger"]["startTime"]) for each in runs]
    starts += [microseconds(told["startTime"]) for _, told in inside]
    assert sorted(found.messages["sent_at"]) == sorted(starts)
    assert set(found.messages["trace_id"]) == {each["properties"]["correlation"]["clientTrackingId"] for each in runs}
    assert set(found.messages["integration"]) == {each["id"].split("/")[2] for each in runs}


def test_what_the_real_runs_say():
    cancelled = ih.read(shared_data("formats", "logicapps", "run_agent_loop_cancelled.json")).messages
    assert cancelled.select("operation", "source", "target", "status", "error_code").rows() == [
        ("When_a_HTTP_request_is_received", "multiagent", "multiagent", "cancelled", None),
        ("SalesAgent", "multiagent", "agent", "failed", "AgentLoopChatCompletionFailed"),
        ("TriageAgent", "multiagent", "agent", "failed", "InternalServerError"),
    ]
    assert cancelled["parent_id"].to_list() == [None, cancelled["message_id"][0], cancelled["message_id"][0]]
    assert "sig=" not in "".join(map(str, cancelled.rows()))
    agent = ih.read(shared_data("formats", "logicapps", "run_agent.json"))
    assert "actions that began outside the time of their run" in agent.warnings[0]
    page = ih.read(shared_data("formats", "logicapps", "runs_list_page1.json"))
    assert any("nextLink names a next page" in warning for warning in page.warnings)


def test_skipped_is_neither_failed_nor_ok_and_its_code_tells_why(tmp_path):
    cascade = {"code": "ActionDependencyFailed", "message": "the one before it failed"}
    actions = {
        "Call": action(status="Failed", code="BadGateway", error={"code": "BadGateway", "message": "no answer"}),
        "After": action(status="Skipped", code="ActionSkipped", error=cascade),
        "Else": action(status="SKIPPED", code="ActionBranchingConditionNotSatisfied"),
        "Catch": action(code="OK"),
        "Slow": action(status="TimedOut", code="NotSpecified"),
        "Odd": action(status="Dozing"),
    }
    found = read(tmp_path, {"value": [run(actions)]})
    assert by_operation(found, "status", "error_code", "error_text") == {
        "manual": ("partial", None, None),
        "Call": ("failed", "BadGateway", "no answer"),
        "After": ("skipped", "ActionDependencyFailed", "the one before it failed"),
        "Else": ("skipped", "ActionBranchingConditionNotSatisfied", None),
        "Catch": ("ok", None, None),
        "Slow": ("timeout", None, None),
        "Odd": ("unknown", None, None),
    }
    assert any("'Dozing' (1)" in warning for warning in found.warnings)


def test_times_and_waiting(tmp_path):
    """A run waits from its trigger on; a resubmitted one repeats the trigger of another, long ago."""
    again = run(
        name="0858AGAIN", trigger={"name": "again", "startTime": "2025-12-24T00:00:00Z", "originHistoryName": RUN}
    )
    found = read(tmp_path, [run(), again])
    first, second = datetime(2026, 1, 2, 3, 4, 4, 500_000, UTC), datetime(2026, 1, 2, 3, 4, 5, 123_456, UTC)
    assert by_operation(found, "sent_at", "received_at") == {"manual": (first, second), "again": (second, second)}


def test_attempts_and_sizes(tmp_path):
    tries = [{"code": "BadGateway"}, {"code": "BadGateway"}]
    actions = {
        "Twice": action(code="OK", retryHistory=tries, outputsLink={"contentSize": 5}),
        "Never": action(status="Failed", code="BadGateway", retryHistory=tries, inputsLink={"contentSize": 7}),
        "Once": action(inputsLink={"contentSize": 0}, outputsLink={"contentSize": 9}),
    }
    found = by_operation(read(tmp_path, run(actions)), "attempt", "bytes", "status")
    assert found == {
        "manual": (None, None, "partial"),
        "Twice": (3, 5, "ok"),
        "Never": (2, 7, "failed"),
        "Once": (None, 0, "ok"),
    }


def test_systems_that_the_definition_tells(tmp_path):
    connections = "@parameters('$connections')['office365']['connectionId']"
    inputs = {
        "Mail": {"host": {"connection": {"name": connections}}},
        "Table": {"host": {"connection": {"referenceName": "sql"}}},
        "Queue": {"serviceProviderConfiguration": {"serviceProviderId": "/serviceProviders/serviceBus"}},
        "Child": {"host": {"workflow": {"id": "/subscriptions/s/workflows/Invoices"}}},
        "Web": {"uri": "https://shop.example:8443/orders?x=1"},
        "Hidden": {"uri": "https://@{parameters('host')}/orders"},
        "Compose": "text",
    }
    nested = {
        "Branch": {"type": "If", "actions": {}, "else": {"actions": {n: {"inputs": i} for n, i in inputs.items()}}}
    }
    told = run({name: action() for name in inputs}, workflow={"properties": {"definition": {"actions": nested}}})
    assert by_operation(read(tmp_path, told), "target", "kind") == {
        "manual": ("Orders", "internal"),
        "Mail": ("office365", "request"),
        "Table": ("sql", "request"),
        "Queue": ("serviceBus", "request"),
        "Child": ("Invoices", "request"),
        "Web": ("shop.example", "request"),
        "Hidden": ("Orders", "internal"),
        "Compose": ("Orders", "internal"),
    }


@pytest.mark.parametrize(("kind", "status"), [("Terminate", "ok"), ("terminate", "ok"), ("Compose", "failed")])
def test_a_terminate_action_is_no_error_of_its_own(tmp_path, kind, status):
    error = {"error": {"code": "Stopped", "message": "no answer from the supplier"}}
    actions = {
        "Book": action(status="Failed", endTime="2026-01-02T03:04:06.5Z"),
        "Give_up": action(status="Failed", **error),
    }
    definition = {"actions": {"Book": {"type": "Http"}, "Give_up": {"type": kind, "inputs": {"runStatus": "Failed"}}}}
    found = read(tmp_path, run(actions, status="Failed", workflow={"properties": {"definition": definition}}, **error))
    assert by_operation(found, "status") == {"manual": ("failed",), "Book": ("failed",), "Give_up": (status,)}
    caused = found.caused.filter(operation="manual").row(0, named=True)
    assert caused["failed_causes"] == 1 + (status == "failed")
    assert found.messages["message_id"][caused["cause_row"]].endswith("/Book")


def test_actions_and_repetitions_that_stand_alone(tmp_path):
    base = f"/workflows/Orders/runs/{RUN}/actions/Loop"
    alone = [
        {"properties": action(correlation={"clientTrackingId": "tracked"}), "id": base},
        {"properties": action(correlation={"clientTrackingId": "tracked"}), "id": f"{base}/repetitions/000001"},
    ]
    found = read(tmp_path, {"value": [run({"Loop": action()})]})
    (tmp_path / "actions.json").write_text(json.dumps({"value": alone}))
    found = ih.read(tmp_path)
    assert found.messages.select("message_id", "parent_id").sort("message_id").rows() == [
        (RUN, None),
        (f"{RUN}/actions/Loop", RUN),
        (f"{RUN}/actions/Loop/repetitions/000001", f"{RUN}/actions/Loop"),
    ]
    assert found.sources["duplicates"].sum() == 1


def test_a_bad_record_is_rejected_and_the_good_ones_around_it_survive(tmp_path):
    actions = {"Good": action(), "Bad": action(startTime="{{start}}"), "None": "text"}
    document = {"value": [run(actions), {"properties": {"waitEndTime": None}}, 7, run(name="2", actions=["odd"])]}
    found = read(tmp_path, document)
    assert found.messages["operation"].to_list() == ["manual", "Good", "manual"]
    assert found.rejected.select("line", "reason").rows() == [
        (3, "bad_time:sent_at"),
        (4, "no_action"),
        (5, "no_run_or_action"),
        (6, "no_run_or_action"),
    ]
    assert found.sources.select("rows_in", "rows_out", "rows_rejected").row(0) == (7, 3, 4)


def test_a_document_that_is_cut_off_is_one_rejected_record(tmp_path):
    found = read(tmp_path, json.dumps({"value": [run()]}, indent=1)[:-40])
    assert found.sources.select("format", "rows_in", "rows_rejected").row(0) == ("logic_apps", 1, 1)
