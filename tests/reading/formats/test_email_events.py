"""Mail events of four vendors against what another program (django-anymail) makes of the same payloads."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

VENDORS = ["sendgrid", "mailjet", "postmark", "amazon_ses"]
MEANINGS = {"delivered": "delivery", "opened": "read", "clicked": "read"}
# Which events of the real payloads are neither, as the vendors write them.
NEITHER = {
    "sendgrid": "bounce (1), deferred (1), dropped (3), processed (1)",
    "mailjet": "blocked (1), bounce (2), spam (1), unsub (1)",
    "postmark": "Bounce (2), SpamComplaint (1), SubscriptionChange (3)",
    "amazon_ses": "Bounce (2), Complaint (1), Received (1), Reject (1), Rendering Failure (1), Send (1)",
}
SENDGRID = {
    "email": "ann@example.com",
    "timestamp": 1461095246,
    "sg_event_id": "e1",
    "sg_message_id": "m1.filter01.2.3",
}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """What is read of one file with this content, people by their names."""

    def read(content):
        (tmp_path / "a.json").write_text(content, encoding="utf-8")
        return ih.read(tmp_path / "a.json", show_people=True)

    return read


def bodies(*events):
    return "\n".join(json.dumps(event) for event in events)


def account(evidence):
    return evidence.sources.select("frame", "rows_in", "rows_out", "rows_rejected", "duplicates").rows()


def cases(vendor):
    return json.loads(shared_data("formats", "email_events", f"anymail_{vendor}.json").read_text(encoding="utf-8"))


def moment(written):
    """A time of the expected values: datetime(2016, 4, 27, 16, 28, 50, microsecond=396393, tzinfo=...)."""
    names = {"datetime": datetime, "timezone": timezone}
    names["get_fixed_timezone"] = lambda minutes: timezone(timedelta(minutes=minutes))
    return eval(written, {"__builtins__": {}}, names).astimezone(UTC)


def expected(vendor):
    """(delivery or read, recipient, time) of every payload that is one; the time where it is told for the payload."""
    for case in cases(vendor):
        told = case["expected"]
        meaning = MEANINGS.get(told.get("event.event_type", "").strip("'"))
        recipient = told.get("event.recipient", "").strip("'")
        if told.get("event.message_id") == "'<152712433591.85282.8340115595767222398@example.com>'":
            meaning, recipient = "delivery", case["raw"][0]["email"]  # the case that checks nothing but its id
        if meaning:
            yield meaning, recipient, told.get("event.timestamp")


def found(evidence):
    rows = [("delivery", *row) for row in evidence.deliveries.sort("log_line").select("person", "at").rows()]
    return rows + [("read", *row) for row in evidence.reads.sort("log_line").select("person", "at").rows()]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("shape", ["lines", "document"])
def test_the_payloads_of_a_vendor_mean_what_another_program_says(read, vendor, shape):
    raw = [case["raw"] for case in cases(vendor)]
    events = [event for body in raw for event in (body if isinstance(body, list) else [body])]
    evidence = read(bodies(*raw) if shape == "lines" else json.dumps(events, indent=1))
    want, got = list(expected(vendor)), found(evidence)
    # Some payloads are of one event.
    again = [sentence for sentence in evidence.warnings if "sent again" in sentence]
    assert len(want) == len(got) + sum(int(sentence.rpartition(" ")[2]) for sentence in again)
    assert {each[:2] for each in got} == {each[:2] for each in want}
    # Amazon's event says itself when it happened; the other program takes when it was notified.
    times = {(*who, moment(told)) for *who, told in want if told} if vendor != "amazon_ses" else set()
    assert times <= set(got)
    assert bool(times) == (vendor != "amazon_ses")
    assert evidence.rejected.is_empty()
    assert sum(rows_in for _, rows_in, *_ in account(evidence)) == len(events)
    # Nothing had to be guessed of the times.
    assert [each.partition("reads: ")[2] for each in evidence.warnings if each not in again] == [NEITHER[vendor]]


def test_times_of_amazon_are_those_of_the_event(read):
    evidence = read(bodies(*(case["raw"] for case in cases("amazon_ses"))))
    assert found(evidence) == [
        ("delivery", "jane@example.com", datetime(2016, 1, 27, 14, 59, 38, 237000, UTC)),
        ("read", "recipient@example.com", datetime(2017, 8, 9, 22, 0, 19, 652000, UTC)),
        ("read", "recipient@example.com", datetime(2017, 8, 9, 23, 51, 25, 570000, UTC)),
    ]


def test_the_report_is_the_tag_else_the_mail_and_never_its_subject(read):
    delivered = SENDGRID | {"event": "delivered"}
    mailjet = {"event": "sent", "time": 1461095246, "email": "a@b.example", "MessageID": 12345678901234567}
    mail = {"messageId": "s1", "destination": ["a@b.example"]}
    amazon = {"eventType": "Delivery", "delivery": {"timestamp": "2016-01-27T14:59:38Z"}}
    evidence = read(
        bodies(
            [delivered | {"category": ["weekly", "sales"]}, delivered | {"category": "stock"}, delivered],
            [mailjet | {"customcampaign": "month", "mj_campaign_id": 7}, mailjet | {"customcampaign": ""}],
            [mailjet | {"mj_campaign_id": 7}, mailjet | {"mj_campaign_id": 0}],
            amazon | {"mail": mail | {"tags": {"ses:from-domain": ["b"], "report": ["p&l"]}}},
            amazon | {"mail": mail | {"commonHeaders": {"subject": "Hello"}}},
            amazon | {"mail": mail | {"messageId": "s2"}},
        )
    )
    reports = ["weekly", "stock", "m1", "month", "12345678901234567", "7", "12345678901234567", "p&l", "s1", "s2"]
    assert evidence.deliveries.sort("log_line")["report"].to_list() == reports
    assert evidence.deliveries["channel"].unique().to_list() == ["email"]


def test_what_a_machine_opened_is_no_read_and_events_told_twice_stand_once(read):
    opened = SENDGRID | {"event": "open"}
    by_machine = opened | {"sg_event_id": "e2", "sg_machine_open": True}
    evidence = read(bodies([opened, by_machine], [opened | {"sg_machine_open": False}, opened]))
    assert account(evidence) == [("deliveries", 3, 3, 0, 0), ("reads", 1, 1, 0, 0)]
    assert "a.json: events that were sent again, by their ids, passed over: 2" in evidence.warnings
    assert evidence.reads.select("person", "action").rows() == [("ann@example.com", "open")]
    assert any("opened by a machine (1)" in sentence for sentence in evidence.warnings)


def test_of_a_mail_to_several_nobody_knows_who_opened_it(read):
    mail = {"messageId": "s1", "destination": ["a@b.example", "c@d.example"]}
    opened = {"eventType": "Open", "mail": mail, "open": {"timestamp": "2016-01-27T14:59:38Z"}}
    arrived = {"recipients": mail["destination"], "timestamp": "2016-01-27T14:59:38Z"}
    evidence = read(bodies(opened, {"eventType": "Delivery", "mail": mail, "delivery": arrived}))
    assert evidence.reads.is_empty()
    assert sorted(evidence.deliveries["person"]) == mail["destination"]
    assert account(evidence)[0][:3] == ("deliveries", 2, 2)


def test_recipients_become_pseudonyms(tmp_path):
    (tmp_path / "a.jsonl").write_text(bodies([SENDGRID | {"event": "open"}]))
    assert "example" not in ih.read(tmp_path).reads.item(0, "person")


def test_notifications_hold_the_event_as_text(read):
    inner = json.dumps({"eventType": "Click", "mail": {"messageId": "s1", "destination": ["a@b.example"]}, "click": {}})
    told = {"Type": "Notification", "Message": inner, "Timestamp": "2018-03-26T17:58:59.675Z"}
    confirm = {"Type": "SubscriptionConfirmation", "Message": "You have chosen ...", "SubscribeURL": "x"}
    subscribed = json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have subscribed"})
    validated = "Successfully validated SNS topic for Amazon SES event publishing."
    alike = [told | {"Message": said} for said in ("{", "7", subscribed, validated)]
    evidence = read(bodies(told, confirm, *alike))
    assert found(evidence) == [("read", "a@b.example", datetime(2018, 3, 26, 17, 58, 59, 675000, UTC))]
    assert any("AmazonSnsSubscriptionSucceeded (2)" in sentence for sentence in evidence.warnings)
    assert evidence.rejected.select("line", "reason").rows() == [(3, "no_mail_event"), (4, "no_mail_event")]


def test_bad_events_are_refused_without_the_text_of_the_mail_and_good_ones_survive(read):
    broken = [
        SENDGRID | {"event": "teleported", "Content": "Dear Ann"},
        7,
        SENDGRID | {"event": "open", "timestamp": "{{time}}"},
        SENDGRID | {"event": "open", "email": None},
        {"Dear": "Ann"},
    ]
    evidence = read(bodies(broken, [SENDGRID | {"event": "open"}]) + '\n[{"Dear Ann"')
    assert evidence.reads.height == 1
    assert evidence.rejected["reason"].sort().to_list() == [
        "bad_time:at",
        "no JSON: Expecting ':' delimiter: line 1 column 13 (char 12)",
        "no_mail_event",
        "no_person",
        "not_an_object",
        "unknown_event",
    ]
    assert not evidence.rejected["raw"].str.contains("Dear").any()


def test_notifications_of_other_things_are_no_mail_events(read):
    assert read(bodies([{"notificationType": "sms", "to": "x"}])).sources["format"].to_list() == [None]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_read_has_the_agent_that_the_other_program_tells(read, vendor):
    evidence = read(bodies(*(case["raw"] for case in cases(vendor))))
    told = [case["expected"] for case in cases(vendor)]
    read_ones = [each for each in told if MEANINGS.get(each.get("event.event_type", "").strip("'")) == "read"]
    want = {each["event.user_agent"].strip("'") for each in read_ones}
    assert set(evidence.reads["agent"]) == want
    assert len(want) == 2, "one opened and one clicked"
