"""CloudTrail in each of its packings: who called which service, and whether it was let."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import aws_cloudtrail

USER = {"type": "IAMUser", "userName": "ann@example.com", "accountId": "123456789012", "principalId": "AIDA"}
ROLE = {
    "type": "AssumedRole",
    "principalId": "AROA:session7",
    "accountId": "123456789012",
    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "orders-lambda"}},
}


def event(id="e1", who=USER, **more):
    return {
        "eventVersion": "1.08",
        "userIdentity": who,
        "eventTime": "2026-03-02T12:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "sourceIPAddress": "192.0.2.9",
        "eventID": id,
        "eventType": "AwsApiCall",
        "responseElements": None,
    } | more


@pytest.fixture
def read(tmp_path):
    """What is read of a file with this content, people by their names."""

    def read(content, *, name="trail.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        evidence = ih.read(path, show_people=True)
        assert (evidence.sources["rows_in"] == evidence.sources["rows_out"] + evidence.sources["rows_rejected"]).all()
        assert evidence.sources["format"].to_list() == ["aws_cloudtrail"]
        return evidence

    return read


def test_looked_up_events_of_a_real_account():
    evidence = ih.read(shared_data("formats_more", "aws_cloudtrail", "aws_cloudtrail.jsonl"))
    assert evidence.sources.select("format", "rows_in", "rows_out").rows() == [("aws_cloudtrail", 6, 6)]
    account, ec2 = "AWS account 012345678901", "ec2.amazonaws.com"
    columns = ("source", "target", "operation", "sent_at", "status")
    assert evidence.messages.sort("log_line").select(columns).rows()[:4] == [
        (account, ec2, "DescribeInstances", datetime(2022, 2, 7, 22, 23, 37, tzinfo=UTC), "ok"),
        (account, ec2, "TerminateInstances", datetime(2022, 2, 7, 22, 23, 18, tzinfo=UTC), "ok"),
        (account, ec2, "StopInstances", datetime(2022, 2, 7, 22, 23, 3, tzinfo=UTC), "ok"),
        (ec2, ec2, "SharedSnapshotVolumeCreated", datetime(2022, 2, 7, 22, 19, 7, tzinfo=UTC), "ok"),
    ]


@pytest.mark.parametrize(
    "packed",
    [
        lambda events: "\n".join(json.dumps(each) for each in events),
        lambda events: json.dumps({"Records": events}),
        lambda events: json.dumps(events, indent=1),
        lambda events: gzip.compress(json.dumps({"Records": events}).encode()),
        lambda events: "\n".join(
            json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": each}) for each in events
        ),
        lambda events: json.dumps(
            {
                "Events": [
                    {"EventId": each["eventID"], "EventName": "GetObject", "CloudTrailEvent": json.dumps(each)}
                    for each in events
                ]
            }
        ),
    ],
)
def test_every_packing_says_the_same(read, packed):
    evidence = read(packed([event("e1"), event("e2", ROLE, errorCode="ThrottlingException", errorMessage="slow")]))
    assert evidence.messages.sort("message_id").select(
        "message_id", "source", "target", "operation", "status", "error_code", "error_text", "actor"
    ).rows() == [
        ("e1", "AWS account 123456789012", "s3.amazonaws.com", "GetObject", "ok", None, None, "ann@example.com"),
        (
            "e2",
            "orders-lambda",
            "s3.amazonaws.com",
            "GetObject",
            "failed",
            "ThrottlingException",
            "slow",
            "session7",
        ),
    ]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "ok"),
        ({"errorCode": "AccessDenied"}, "rejected"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "rejected"),
        ({"errorCode": "NoSuchKey"}, "failed"),
        ({"errorCode": "RequestTimeout"}, "timeout"),
        ({"errorCode": "Client.DryRunOperation"}, "skipped"),
        ({"errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"}}, "rejected"),
        ({"responseElements": {"ConsoleLogin": "Success"}}, "ok"),
        ({"errorMessage": "went wrong"}, "failed"),
        ({"errorCode": "", "errorMessage": None}, "ok"),
    ],
)
def test_how_it_ended(read, more, status):
    assert read(json.dumps(event(**more))).messages["status"].to_list() == [status]


@pytest.mark.parametrize(
    ("who", "more", "caller", "actor", "kind"),
    [
        ({"type": "AWSService", "invokedBy": "s3.amazonaws.com"}, {}, "s3.amazonaws.com", None, "system"),
        (
            USER | {"invokedBy": "cloudformation.amazonaws.com"},
            {},
            "cloudformation.amazonaws.com",
            USER["userName"],
            "system",
        ),
        ({"type": "Root", "accountId": "1"}, {"eventType": "AwsConsoleSignIn"}, "AWS account 1", "root", "person"),
        ({"type": "AWSAccount", "principalId": "AIDA"}, {"recipientAccountId": "2"}, "AWS account 2", "AIDA", None),
        (None, {}, "AWS", None, None),
        ({}, {"sessionCredentialFromConsole": "true"}, "AWS", None, "person"),
    ],
)
def test_who_called(read, who, more, caller, actor, kind):
    row = read(json.dumps(event(who=who, **more))).messages.row(0, named=True)
    assert (row["source"], row["actor"], row["actor_type"]) == (caller, actor, kind)
    assert row["kind"] == ("internal" if caller == "s3.amazonaws.com" else "request")


def test_what_is_no_call_and_what_is_broken(read):
    insight = {"eventCategory": "Insight", "eventType": "AwsCloudTrailInsight", "eventID": "i", "insightDetails": {}}
    lines = [
        event(),
        insight,
        {"eventName": "none"},
        {"EventId": "e5", "EventName": "Bad", "CloudTrailEvent": "{cut"},
        {"EventId": "e6", "EventName": "PutObject", "EventTime": "2022-02-08 09:23:37+11:00", "Username": "ann"}
        | {"EventSource": "s3.amazonaws.com"},
        event("e7", eventTime=None),
        7,
    ]
    evidence = read("\n".join(map(json.dumps, lines)) + '\n{"eventID": ')
    assert evidence.messages.select("message_id", "status", "sent_at").rows()[1:] == [
        ("e6", "unknown", datetime(2022, 2, 7, 22, 23, 37, tzinfo=UTC))
    ]
    reasons = [reason.split(":")[0] for reason in evidence.rejected["reason"]]
    assert reasons == ["no_cloudtrail_event", "no JSON", "no_sent_at", "no_cloudtrail_event", "no JSON"]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(8, 3, 5)]


def test_a_next_page_is_said(read):
    evidence = read(
        json.dumps(
            {"Events": [{"EventId": "e", "EventName": "x", "CloudTrailEvent": json.dumps(event())}]}
            | {"NextToken": "t"}
        )
    )
    assert evidence.messages.height == 1
    assert any("NextToken names a next page" in sentence for sentence in evidence.warnings)


@pytest.mark.parametrize(
    "neighbour",
    [
        # What S3 and DynamoDB tell of changes has most of the same names.
        {
            "Records": [
                {"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "x", "eventName": "ObjectCreated:Put"}
            ]
        },
        {"Records": [{"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb"}]},
        {"eventName": "click", "eventTime": 1, "eventID": "2"},
    ],
)
def test_neighbours_are_left_alone(tmp_path, neighbour):
    assert not aws_cloudtrail.recognises(Head(tmp_path / "x", json.dumps(neighbour).encode()))


@pytest.mark.parametrize(("code", "status", "error"), [("200", "ok", None), ("403", "rejected", "403")])
def test_the_code_of_an_answer_that_was_good_is_no_error(read, code, status, error):
    evidence = read(json.dumps(event(eventSource="grafana.amazonaws.com", errorCode=code)))
    assert evidence.messages.select("status", "error_code").rows() == [(status, error)]
