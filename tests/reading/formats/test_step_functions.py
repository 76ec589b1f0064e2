"""AWS Step Functions: real recorded histories with times put in, and pictures of every turn an execution can take."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SNAPSHOTS = ("test_base", "test_logs", "test_lambda_task_service")
ARN = "arn:aws:states:eu-west-1:111111111111:execution:orders:run-1"


def moment(number):
    return START + timedelta(seconds=number)


def history(picture):
    """One event per line: id, previous id, type, and what its details say, as ``name=Load``."""
    events = []
    for number, before, kind, *details in (line.split() for line in picture.strip().splitlines()):
        told = {"id": int(number), "previousEventId": int(before), "type": kind}
        told["timestamp"] = moment(int(number)).isoformat()
        events.append(told | {"anEventDetails": dict(each.split("=", 1) for each in details)})
    return {"events": events}


def read(folder, document, name="history.json"):
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return ih.read(folder)


def told(evidence, *columns):
    """The rows without the name of the execution, which is made of its events."""
    rows = evidence.messages.select(columns).rows()
    name = evidence.messages["trace_id"][0]
    return [tuple(each.replace(name, "run") if isinstance(each, str) else each for each in row) for row in rows]


def recordings(name):
    """Every history in a snapshot, and every log, with a second of time per event in place of the mask."""
    found, waiting = (
        {"events": [], "logged_execution_events": []},
        [json.loads(shared_data("formats", "stepfunctions", f"{name}.snapshot.json").read_text())],
    )
    while waiting:
        part = waiting.pop()
        for key, value in part.items():
            if key in found and isinstance(value, list):
                found[key].append(value)
            elif isinstance(value, dict):
                waiting.append(value)
    for events in (*found["events"], *found["logged_execution_events"]):
        for event in events:
            at = moment(int(event["id"]))
            event |= {"timestamp": at.isoformat()} if "timestamp" in event else {}
            event |= {"event_timestamp": str(int(at.timestamp()) * 1000)} if "event_timestamp" in event else {}
    return found["events"], found["logged_execution_events"]


@pytest.mark.parametrize(
    ("name", "events", "histories"),
    [("test_base", 98, 24), ("test_logs", 84, 25), ("test_lambda_task_service", 108, 12)],
)
def test_real_histories(tmp_path, name, events, histories):
    """Against the plain reading of each: how the execution ended, and one message per state entered."""
    found, _ = recordings(name)
    assert (len(found), sum(map(len, found))) == (histories, events)
    for number, each in enumerate(found):
        folder = tmp_path / str(number)
        folder.mkdir()
        evidence = read(folder, {"events": each})
        assert evidence.sources.select("rows_in", "rows_out").row(0) == (len(each), len(each))
        ended = "ok" if each[-1]["type"] == "ExecutionSucceeded" else "failed"
        entered = [event["stateEnteredEventDetails"]["name"] for event in each if event["type"].endswith("Entered")]
        # A Fail state is never left: that it was entered is all it has to do.
        done = sum(event["type"].endswith("Exited") or event["type"] == "FailStateEntered" for event in each)
        assert told(evidence, "operation")[1:] == [(name,) for name in entered]
        statuses = Counter(evidence.messages["status"][1:])
        assert evidence.messages["status"][0] == ended
        assert statuses["ok"] == done == len(entered) - statuses["failed"]
        failed = each[-1].get("executionFailedEventDetails", {})
        assert evidence.messages["error_code"][0] == failed.get("error")


def test_real_logs_say_what_their_histories_say(tmp_path):
    """Numbers as text, snake_case and milliseconds; log levels below ALL hold failures only."""
    _, logs = recordings("test_logs")
    assert sum(map(len, logs)) == 42
    for number, events in enumerate(logs):
        folder = tmp_path / str(number)
        folder.mkdir()
        evidence = read(folder, "\n".join(map(json.dumps, events)), "log.jsonl")
        assert evidence.sources.select("format", "rows_in", "rows_out").row(0) == ("step_functions", *[len(events)] * 2)
        ends = Counter(event["type"] for event in events if event["type"].startswith("Execution"))
        executions = evidence.messages.filter(evidence.messages["parent_id"].is_null())
        assert executions.filter(status="failed").height == (1 if ends["ExecutionFailed"] else 0)
        assert set(executions["message_id"]) == {event["execution_arn"] for event in events}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_document_about_something_else_is_not_taken(name):
    """A snapshot of tests holds histories deep inside; nobody exports that."""
    found = ih.read(shared_data("formats", "stepfunctions", f"{name}.snapshot.json"))
    assert found.sources["format"].to_list() == [None]


RETRIED = """
1 0 ExecutionStarted
2 0 TaskStateEntered name=Load
3 2 TaskScheduled resourceType=lambda resource=invoke
5 3 TaskStarted
6 5 TaskFailed error=Throttled cause={"errorMessage":"busy","errorType":"E"}
16 6 TaskScheduled resourceType=lambda resource=invoke
17 16 TaskStarted
18 17 TaskSucceeded
19 18 TaskStateExited name=Load
20 19 ExecutionSucceeded
"""


def test_a_task_that_is_scheduled_again_is_another_attempt(tmp_path):
    found = read(tmp_path, history(RETRIED))
    assert told(
        found, "message_id", "parent_id", "target", "kind", "attempt", "status", "error_code", "error_text"
    ) == [
        ("run", None, "AWS Step Functions", "internal", None, "ok", None, None),
        ("run/2", "run", "lambda", "request", 1, "failed", "Throttled", "busy"),
        ("run/2", "run", "lambda", "request", 2, "ok", None, None),
    ]
    assert told(found, "sent_at", "received_at", "finished_at") == [
        (moment(1), None, moment(20)),
        (moment(3), moment(5), moment(6)),
        (moment(16), moment(17), moment(18)),
    ]


@pytest.mark.parametrize(
    ("picture", "rows"),
    [
        (
            """1 0 ExecutionStarted
            2 0 TaskStateEntered name=Load
            3 2 LambdaFunctionScheduled resource=arn:aws:lambda:eu-west-1:1:function:load
            4 3 LambdaFunctionTimedOut error=States.Timeout
            5 4 TaskStateExited name=Load
            6 5 PassStateEntered name=Catch
            7 6 PassStateExited name=Catch
            8 7 ExecutionSucceeded""",
            [(None, "partial", None), ("Load", "timeout", "States.Timeout"), ("Catch", "ok", None)],
        ),
        (
            """1 0 ExecutionStarted
            2 0 ChoiceStateEntered name=Which
            3 2 ExecutionFailed error=States.Runtime""",
            [(None, "failed", "States.Runtime"), ("Which", "failed", "States.Runtime")],
        ),
        (
            """1 0 ExecutionStarted
            2 0 WaitStateEntered name=Wait
            3 0 ExecutionTimedOut error=States.Timeout""",
            [(None, "timeout", "States.Timeout"), ("Wait", "timeout", "States.Timeout")],
        ),
        (
            """1 0 ExecutionStarted
            2 0 WaitStateEntered name=Wait
            3 2 WaitStateAborted
            4 0 ExecutionAborted error=Stopped""",
            [(None, "cancelled", "Stopped"), ("Wait", "cancelled", None)],
        ),
        (
            """1 0 ExecutionStarted
            2 0 TaskStateEntered name=Load
            3 2 TaskScheduled resourceType=sqs""",
            [(None, "pending", None), ("Load", "pending", None)],
        ),
        ("9 8 TaskFailed error=Late", [(None, "failed", "Late")]),
    ],
)
def test_how_executions_and_states_end(tmp_path, picture, rows):
    assert told(read(tmp_path, history(picture)), "operation", "status", "error_code") == rows


def test_states_lie_in_the_parallel_and_map_states_around_them(tmp_path):
    picture = """1 0 ExecutionStarted
        2 0 ParallelStateEntered name=Both
        3 2 ParallelStateStarted
        4 3 ParallelStateEntered name=Inner
        5 4 ParallelStateStarted
        6 5 PassStateEntered name=Deep
        7 3 WaitStateEntered name=Beside
        8 6 PassStateExited name=Deep
        9 8 ParallelStateSucceeded
        10 9 ParallelStateExited name=Inner
        11 10 MapStateEntered name=Each
        12 11 MapStateStarted
        13 12 MapIterationStarted name=Each
        14 13 FailStateEntered name=Stop
        15 14 MapIterationFailed name=Each
        16 15 MapStateFailed
        17 16 ParallelStateFailed error=Stop
        18 17 ExecutionFailed error=Stop"""
    found = read(tmp_path, history(picture))
    assert told(found, "operation", "parent_id", "status") == [
        (None, None, "failed"),
        ("Both", "run", "failed"),
        ("Inner", "run/2", "ok"),
        ("Deep", "run/4", "ok"),
        ("Beside", "run/2", "cancelled"),
        ("Each", "run/2", "failed"),
        ("Stop", "run/11", "ok"),
    ]


def test_a_state_that_was_left_encloses_nothing_and_what_failed_inside_fails_what_is_around(tmp_path):
    picture = """1 0 ExecutionStarted
        2 0 ParallelStateEntered name=Outer
        3 2 ParallelStateStarted
        4 3 ParallelStateEntered name=Inner
        5 4 ParallelStateStarted
        6 5 PassStateEntered name=Deep
        7 6 PassStateExited name=Deep
        8 7 ParallelStateSucceeded
        9 8 ParallelStateExited name=Inner
        10 9 ParallelStateSucceeded
        11 10 ParallelStateExited name=Outer
        12 11 MapStateEntered name=Each
        13 12 MapStateStarted
        14 13 MapIterationStarted name=Each
        15 14 ChoiceStateEntered name=Which
        16 13 MapIterationStarted name=Each
        17 16 WaitStateEntered name=Wait
        18 15 ExecutionFailed error=States.Runtime"""
    found = read(tmp_path, history(picture))
    assert told(found, "operation", "parent_id", "finished_at", "status")[1:] == [
        ("Outer", "run", moment(10), "ok"),
        ("Inner", "run/2", moment(8), "ok"),
        ("Deep", "run/4", moment(7), "ok"),
        ("Each", "run", moment(18), "failed"),
        ("Which", "run/12", moment(18), "failed"),
        ("Wait", "run/12", moment(18), "cancelled"),
    ]


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ('{"errorMessage": "busy", "trace": []}', "busy"),
        ({"Cause": "stopped"}, "stopped"),
        ('{"errorMessage": cut', '{"errorMessage": cut'),
        ("plain", "plain"),
        ('{"code": 1}', '{"code": 1}'),
    ],
)
def test_a_cause_may_be_json(tmp_path, cause, text):
    document = history("1 0 ExecutionStarted\n2 1 ExecutionFailed")
    document["events"][1]["executionFailedEventDetails"] = document["events"][1].pop("anEventDetails") | {
        "cause": cause
    }
    assert told(read(tmp_path, document), "error_text") == [(text,)]


def log_event(number, kind, arn=ARN, **details):
    at = str(int(moment(number).timestamp()) * 1000 + 7)
    told = {"id": str(number), "type": kind, "details": details, "previous_event_id": str(number - 1)}
    return told | {"event_timestamp": at, "execution_arn": arn, "redrive_count": "0"}


def test_a_log_of_several_executions_and_how_cloudwatch_hands_it_out(tmp_path):
    other = ARN.replace("run-1", "run-2")
    events = [log_event(1, "ExecutionStarted"), log_event(1, "ExecutionStarted", other)]
    events += [log_event(2, "ExecutionSucceeded", other), log_event(2, "ExecutionAborted")]
    lines = read(tmp_path, "\n".join(map(json.dumps, events)))
    expected = [(ARN, "orders", "orders", "cancelled"), (other, "orders", "orders", "ok")]
    assert lines.messages.select("message_id", "integration", "source", "status").rows() == expected
    assert not any("numbers are read" in warning for warning in lines.warnings)
    assert lines.messages["sent_at"][0] == moment(1) + timedelta(milliseconds=7)
    page = {"events": [{"timestamp": 1, "message": json.dumps(each)} for each in events]}
    assert read(tmp_path, page).messages.drop("log_line").equals(lines.messages.drop("log_line"))


@pytest.mark.parametrize(
    "written", [1767323046.25, "2026-01-02T04:04:06.250+01:00", "2026-01-02 03:04:06.250000+00:00"]
)
def test_times_of_the_api_and_of_its_tools(tmp_path, written):
    document = history("1 0 ExecutionStarted") | {"executionArn": ARN}
    document["events"][0]["timestamp"] = written
    assert read(tmp_path, document).messages.select("message_id", "sent_at").rows() == [
        (ARN, moment(1) + timedelta(milliseconds=250))
    ]


def test_the_order_of_the_file_does_not_matter_and_a_copy_counts_once(tmp_path):
    events = history(RETRIED)["events"]
    (tmp_path / "again.json").write_text(json.dumps({"events": events[::-1]}))
    found = read(tmp_path, {"events": events, "nextToken": "more"})
    assert found.messages.height == 3
    assert found.sources["duplicates"].to_list() == [0, len(events) - 1]  # the exit of the state says nothing more
    assert any("nextToken names a next page" in warning for warning in found.warnings)


def test_events_alone_on_lines_are_of_one_history_until_a_number_comes_again(tmp_path):
    other = history(RETRIED.replace("Throttled", "Full"))["events"]
    lines = "\n".join(json.dumps(each) for each in [*history(RETRIED)["events"], *other])
    found = read(tmp_path, lines, "lines.jsonl").messages
    assert found["trace_id"].n_unique() == 2
    assert found["log_line"].to_list() == [1, 2, 6, 11, 12, 16]


def test_masked_times_and_broken_events_are_rejected_and_the_rest_survives(tmp_path):
    document = history(RETRIED)
    document["events"][3]["timestamp"] = "timestamp"
    document["events"] += [{"id": 1, "previousEventId": 0}, 7, {"id": "x", "type": "TaskFailed"}, {"message": "{cut"}]
    found = read(tmp_path, document)
    assert [reason.split(":")[0] for reason in found.rejected["reason"]] == [
        "bad_time",
        "no_event",
        "no_event",
        "bad_id",
        "no JSON",
    ]
    assert found.rejected["line"].to_list() == [4, 11, 12, 13, 14]
    assert told(found, "status") == [("ok",), ("failed",), ("ok",)]
    assert found.sources.select("rows_in", "rows_out", "rows_rejected").row(0) == (14, 9, 5)
