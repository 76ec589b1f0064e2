"""Temporal: real histories of workflow runs, and pictures of the turns that a run can take."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl
import pytest
from drawing.exported import read_as, seen
from drawing.shared_data import shared_data

import integrhealth as ih

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# The two writings of the type of an event.
OLD, NEW = "old", "new"


def event(number: int, kind: str, style: str = NEW, **said: object) -> dict:
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in kind).lstrip("_").upper()
    name = kind if style == OLD else f"EVENT_TYPE_{words}"
    at = (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    return {
        "eventId": str(number),
        "eventTime": at,
        "eventType": name,
        f"{kind[0].lower()}{kind[1:]}EventAttributes": said,
    }


def started(style: str = NEW, run: str = "run-1", **said: object) -> dict:
    own = {"workflowType": {"name": "Order"}, "taskQueue": {"name": "orders"}, "originalExecutionRunId": run}
    return event(1, "WorkflowExecutionStarted", style, **(own | {"firstExecutionRunId": run, "attempt": 1} | said))


def scheduled(number: int, style: str = NEW, queue: str = "payments") -> dict:
    kind = {"activityType": {"name": "Charge"}, "taskQueue": {"name": queue}}
    return event(number, "ActivityTaskScheduled", style, activityId=str(number), **kind)


def step(number: int, kind: str, of: int, style: str = NEW, **said: object) -> dict:
    return event(number, kind, style, scheduledEventId=str(of), **said)


read = partial(read_as, "temporal")


def second(number: int) -> datetime:
    return START + timedelta(seconds=number)


@pytest.mark.parametrize("style", [OLD, NEW])
def test_an_activity_is_a_message_from_the_queue_of_the_workflow_to_its_own(tmp_path, style):
    events = [
        started(style, workflowId="order-7"),
        event(2, "WorkflowTaskScheduled", style, taskQueue={"name": "sticky"}),
        scheduled(3, style),
        step(4, "ActivityTaskStarted", 3, style, attempt=1),
        step(5, "ActivityTaskCompleted", 3, style, startedEventId="4"),
        event(6, "TimerStarted", style, timerId="1"),
        event(7, "WorkflowExecutionSignaled", style, signalName="go"),
        scheduled(8, style, queue="orders"),
        event(9, "WorkflowExecutionCompleted", style),
    ]
    evidence = read(tmp_path, {"events": events})
    assert seen(evidence, "message_id", "parent_id", "trace_id", "source", "target", "operation", "kind", "status") == [
        ("run-1", None, "run-1", "orders", "orders", "Order", "internal", "ok"),
        ("run-1/3", "run-1", "run-1", "orders", "payments", "Charge", "request", "ok"),
        ("run-1/8", "run-1", "run-1", "orders", "orders", "Charge", "internal", "pending"),
    ]
    assert seen(evidence, "sent_at", "received_at", "finished_at", "attempt") == [
        (second(1), None, second(9), 1),
        (second(3), second(4), second(5), 1),
        (second(8), None, None, None),
    ]
    assert evidence.sources.select("rows_in", "rows_out").rows() == [(9, 9)]


def test_an_activity_that_failed_says_why_and_how_often_it_was_tried(tmp_path):
    cause = {"message": "card declined", "applicationFailureInfo": {"type": "CardError"}}
    last = {"message": "no answer", "cause": cause, "applicationFailureInfo": {"type": "GatewayError"}}
    events = [
        started(),
        scheduled(2),
        step(3, "ActivityTaskStarted", 2, attempt=3, lastFailure={"message": "no answer"}),
        step(4, "ActivityTaskFailed", 2, failure=last, retryState="RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED"),
        scheduled(5),
        step(
            6,
            "ActivityTaskTimedOut",
            5,
            failure={"message": "late", "timeoutFailureInfo": {"timeoutType": "HEARTBEAT"}},
        ),
        scheduled(7),
        step(8, "ActivityTaskCanceled", 7),
        event(9, "WorkflowExecutionCompleted"),
    ]
    evidence = read(tmp_path, {"events": events})
    assert seen(evidence, "message_id", "status", "attempt", "error_code", "error_text") == [
        # The run caught what failed inside.
        ("run-1", "partial", 1, None, None),
        ("run-1/2", "failed", 3, "CardError", "no answer: card declined"),
        ("run-1/5", "timeout", None, "HEARTBEAT", "late"),
        ("run-1/7", "cancelled", None, None, None),
    ]
    assert any("keeps no times: 2" in warning for warning in evidence.warnings)


@pytest.mark.parametrize(
    ("end", "status"),
    [("Completed", "ok"), ("ContinuedAsNew", "ok"), ("Failed", "failed"), ("TimedOut", "timeout"),
     ("Canceled", "cancelled"), ("Terminated", "cancelled"), ("CancelRequested", "pending")],
)  # fmt: skip
def test_how_a_run_can_end(tmp_path, end, status):
    evidence = read(tmp_path, {"events": [started(), event(2, f"WorkflowExecution{end}", reason="by hand")]})
    assert seen(evidence, "status") == [(status,)]


def test_a_child_workflow_is_a_message_and_its_own_history_lies_inside(tmp_path):
    initiated = {"workflowType": {"name": "Ship"}, "taskQueue": {"name": "shipping"}, "workflowId": "ship-7"}
    parent = [
        started(),
        event(2, "StartChildWorkflowExecutionInitiated", **initiated),
        event(3, "ChildWorkflowExecutionStarted", initiatedEventId="2", workflowExecution={"runId": "run-2"}),
        event(5, "ChildWorkflowExecutionFailed", initiatedEventId="2", failure={"message": "no truck"}),
        event(6, "StartChildWorkflowExecutionInitiated", **initiated),
        event(7, "StartChildWorkflowExecutionFailed", initiatedEventId="6", cause="WORKFLOW_ALREADY_EXISTS"),
        event(8, "WorkflowExecutionFailed", failure={"message": "not shipped", "cause": {"message": "no truck"}}),
    ]
    above = {"parentWorkflowExecution": {"runId": "run-1"}, "parentInitiatedEventId": "2"}
    child = [started(run="run-2", workflowType={"name": "Ship"}, taskQueue={"name": "shipping"}, **above)]
    child.append(event(2, "WorkflowExecutionFailed", failure={"message": "no truck"}))
    # As lines of histories, of which each begins with its first event again.
    evidence = read(tmp_path, "\n".join(json.dumps({"history": {"events": each}}) for each in (parent, child)))
    assert seen(evidence, "message_id", "parent_id", "trace_id", "source", "target", "status", "error_text") == [
        ("run-1", None, "run-1", "orders", "orders", "failed", "not shipped: no truck"),
        ("run-1/2", "run-1", "run-1", "orders", "shipping", "failed", "no truck"),
        ("run-1/6", "run-1", "run-1", "orders", "shipping", "failed", "WORKFLOW_ALREADY_EXISTS"),
        ("run-2", "run-1/2", "run-1", "shipping", "shipping", "failed", "no truck"),
    ]
    assert evidence.sources.select("rows_in", "rows_out").rows() == [(9, 9)]


@pytest.mark.parametrize("shape", ["document", "array", "lines", "pages", "gzip", "backwards"])
def test_the_same_history_in_any_wrapping(tmp_path, shape):
    events = [started(), scheduled(2), step(3, "ActivityTaskCompleted", 2), event(4, "WorkflowExecutionCompleted")]
    if shape == "gzip":
        (tmp_path / "history.json.gz").write_bytes(gzip.compress(json.dumps({"events": events}).encode()))
        evidence = ih.read(tmp_path)
    else:
        pages = [{"history": {"events": events[:2]}, "nextPageToken": ""}, {"history": {"events": events[2:]}}]
        text = {
            "document": json.dumps({"events": events}, indent=1),
            "array": json.dumps(events),
            "lines": "\n".join(map(json.dumps, events)),
            "pages": "\n".join(map(json.dumps, pages)),
            "backwards": json.dumps({"events": events[::-1]}),
        }
        evidence = read(tmp_path, text[shape])
    assert sorted(seen(evidence, "message_id", "status")) == [("run-1", "ok"), ("run-1/2", "ok")]


def test_records_that_are_no_events_cost_themselves_and_a_page_alone_says_what_it_lacks(tmp_path):
    events = [
        started(),
        {"eventId": "x", "eventType": "ActivityTaskStarted"},
        7,
        None,
        {"eventType": ["x"], "eventId": 1},
    ]
    events += [step(9, "ActivityTaskCompleted", 4), event(10, "WorkflowExecutionCompleted")]
    evidence = read(tmp_path, {"history": {"events": events}, "nextPageToken": "abc"})
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(7, 3, 4)]
    assert sorted(evidence.rejected["reason"]) == ["bad_id", "no_event", "no_event", "no_event"]
    assert any("nextPageToken names a next page" in each for each in evidence.warnings)
    assert any("scheduled outside of this file: 1" in each for each in evidence.warnings)


def test_a_run_that_was_reset_has_the_id_it_goes_on_with(tmp_path):
    reset = event(2, "WorkflowTaskFailed", cause="RESET_WORKFLOW", baseRunId="run-1", newRunId="run-9")
    evidence = read(tmp_path, {"events": [started(), reset, scheduled(3)]})
    assert seen(evidence, "message_id", "parent_id") == [("run-9", None), ("run-9/3", "run-9")]


def test_events_of_other_things_are_no_histories(tmp_path):
    (tmp_path / "audit.json").write_text(
        json.dumps([{"eventType": "UserLogin", "eventId": 1, "eventTime": "2026-01-01"}])
    )
    assert "temporal" not in set(ih.read(tmp_path).sources["format"])


def test_the_real_history_of_an_activity_that_was_tried_twice():
    evidence = ih.read(shared_data("formats_more", "temporal", "testAsyncActivityRetryHistory.json"))
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(11, 11, 0)]
    activity = evidence.messages.filter(pl.col("parent_id").is_not_null()).row(0, named=True)
    assert (activity["operation"], activity["status"], activity["attempt"]) == ("HeartbeatAndThrowIO", "failed", 2)
    assert (activity["error_code"], activity["error_text"]) == ("java.io.IOException", "simulated IO problem")
    assert (activity["finished_at"] - activity["sent_at"]).total_seconds() == 2
    run = evidence.messages.filter(pl.col("parent_id").is_null()).row(0, named=True)
    assert (run["operation"], run["status"], run["error_text"]) == ("TestWorkflow1", "failed", "simulated IO problem")


def test_the_real_history_of_a_child_workflow_is_one_in_two_files(tmp_path):
    folder = shared_data("formats_more", "temporal")
    for name in ("complexHistory1.json", "testChildWorkflowRetryHistory.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    evidence = ih.read(tmp_path)
    assert evidence.sources.select("rows_in", "rows_out", "duplicates").rows() == [(14, 14, 0), (14, 14, 2)]
    assert evidence.messages.select("operation", "status").rows() == [
        ("TestWorkflow1", "failed"),
        ("ITestChild", "failed"),
    ]
    causes = ih.error_propagation.report(evidence).tables["cascades"]
    assert causes["root_id"].str.ends_with("/5").to_list() == [True]
