"""What became of mails: the webhook events of SendGrid, Amazon SES (alone or in SNS), Postmark and Mailjet.

A record is one event, alone or in the array of one call. A mail that arrived is a delivery per recipient; one that was
opened, or whose link was clicked, a read. Mails that were sent on their way, bounced, dropped, complained about or
unsubscribed from are understood and say nothing of either. The report is the tag (category, campaign) that the sender
gave the mail, else the id of the mail; never its subject or its body. An open is not proof of
a reader: what a machine opened and SendGrid says so is not a read, the ``agent`` of others stands with the read, and
mail programs that load no images are not seen at all.
``log_line`` is the line of the event, or its ordinal in a document.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, loaded
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format, text

DELIVERY, READ = "delivery", "read"
# What each vendor calls it. The others are known: they end no delivery and start no reading.
SENDGRID = {"delivered": DELIVERY, "open": READ, "click": READ} | dict.fromkeys(
    ("processed", "deferred", "bounce", "blocked", "dropped", "spamreport", "unsubscribe"), None
)
SENDGRID |= dict.fromkeys(("group_unsubscribe", "group_resubscribe", "account_status_change"), None)
MAILJET = {"sent": DELIVERY, "open": READ, "click": READ} | dict.fromkeys(("bounce", "blocked", "spam", "unsub"), None)
POSTMARK = {"Delivery": DELIVERY, "Open": READ, "Click": READ} | dict.fromkeys(
    ("Bounce", "SpamComplaint", "SubscriptionChange"), None
)
SES = {"Delivery": DELIVERY, "Open": READ, "Click": READ} | dict.fromkeys(
    ("Send", "Bounce", "Complaint", "Reject", "Rendering Failure", "DeliveryDelay", "Subscription", "Received"), None
)
# What Amazon writes into a topic that mails are to be told to, before any mail.
SUBSCRIBED, VALIDATED = "AmazonSnsSubscriptionSucceeded", "Successfully validated SNS topic"
SES[SUBSCRIBED] = None
# Of a bounced mail the vendors send the text along: of what is refused only this is shown.
SHOWN = ("event", "timestamp", "time", "sg_event_id", "sg_message_id", "MessageID", "RecordType", "eventType", "Type")
# The id of the mail is what stands before the part that its recipient has.
RECIPIENT_OF_SENDGRID = re.compile(r"(?<=.)\.(?:filter|recvd).*")


class Event(NamedTuple):
    """One event: its word, what it means here, where and when it happened, to whom, and the mail. `unix` times are
    seconds since 1970.
    """

    word: str
    meaning: str | None
    report: Any
    people: list[Any]
    at: Any
    unix: bool = False
    machine: bool = False
    agent: Any = None


def recognises(head: Head) -> bool:
    """JSON with the keys that only these vendors write; the text of a notification is JSON once more."""
    start = head.start.replace(b"\\", b"")
    if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return False
    by_name = any(name in start for name in (b"sg_event_id", b"sg_message_id", b"mj_campaign_id"))
    postmark = b'"RecordType"' in start and b'"MessageID"' in start
    event = b'"eventType"' in start or b'"notificationType"' in start
    return by_name or postmark or (event and b'"mail"' in start and b'"destination"' in start)


def records(path: Path) -> Iterator[Found]:
    """The events of every call, and what of them became neither a delivery nor a read. An event comes again until the
    vendor is told that it arrived: with the same id and the same content it is one.
    """
    left_out: Counter[str] = Counter()
    sent: set[tuple[str, str]] = set()
    again = 0
    for record in api_records(path):
        if not isinstance(record, Value):
            yield record._replace(raw=None) if isinstance(record, Refused) else record
            continue
        line, each = record
        read = _event(each)
        if isinstance(read, str):
            yield Refused(line, read, _shown(each))
            continue
        rows, event_id = _rows(read), _id(each)
        if rows and event_id is not None:
            again += (same := (event_id, repr(rows)) in sent)
            sent.add((event_id, repr(rows)))
            rows = () if same else rows
        elif not rows:
            left_out[_why(read)] += 1
        yield Record(line, rows)
    if again:
        yield Note(f"events that were sent again, by their ids, passed over: {again:,}")
    if left_out:
        listed = ", ".join(f"{word} ({count:,})" for word, count in sorted(left_out.items()))
        yield Note(f"events that are neither deliveries nor reads: {listed}")


def _id(event: Fields) -> str | None:
    """The id of an event, where the vendor gives it one: not that of the mail, which may be opened many times."""
    return text(event.get("sg_event_id") or (event.get("MessageId") if "Message" in event else None))


def _why(event: Event) -> str:
    """What kind of event says nothing of deliveries and reads."""
    if event.meaning is None:
        return event.word
    return "opened by a machine" if event.machine else "opened, of several recipients nobody knows by whom"


def _rows(event: Event) -> tuple[tuple[str, Fields], ...]:
    if event.meaning is None or event.machine or (event.meaning == READ and len(event.people) > 1):
        return ()
    kind = f"{event.meaning}_unix" if event.unix else event.meaning
    people = event.people or [None]
    fields = {"report": event.report, "at": event.at, "action": event.word.casefold(), "agent": event.agent}
    return tuple((kind, fields | {"person": person}) for person in people)


def _event(event: Any) -> Event | str:
    """The event, or why it is none."""
    if not isinstance(event, dict):
        return "not_an_object"
    if isinstance(event.get("Message"), str) and "Type" in event:
        return _in_notification(event)
    if "sg_event_id" in event or "sg_message_id" in event:
        return _sendgrid(event)
    if "RecordType" in event:
        return _postmark(event)
    if "notificationType" in event or "mail" in event:
        return _ses(event, None)
    return _mailjet(event) if "event" in event and "MessageID" in event else "no_mail_event"


def _sendgrid(event: Fields) -> Event | str:
    message = event.get("sg_message_id") or event.get("smtp-id")
    message = RECIPIENT_OF_SENDGRID.sub("", message) if isinstance(message, str) else message
    report = _first_of(event.get("category")) or event.get("singlesend_name") or message
    machine = event.get("sg_machine_open") is True
    agent = event.get("useragent")
    read = _told(SENDGRID, event.get("event"), report, [event.get("email")], event.get("timestamp"), True, agent)
    return read._replace(machine=machine) if isinstance(read, Event) else read


def _mailjet(event: Fields) -> Event | str:
    campaign = event.get("mj_campaign_id")
    report = event.get("customcampaign") or (campaign if campaign != "0" else None) or event.get("MessageID")
    return _told(MAILJET, event.get("event"), report, [event.get("email")], event.get("time"), True, event.get("agent"))


def _postmark(event: Fields) -> Event | str:
    report = event.get("Tag") or event.get("MessageID")
    at = event.get("DeliveredAt") or event.get("ReceivedAt")
    return _told(POSTMARK, event.get("RecordType"), report, [event.get("Recipient")], at, False, event.get("UserAgent"))


def _in_notification(event: Fields) -> Event | str:
    """What a notification of SNS holds; what it says of its own subscription tells of no mail."""
    if event["Type"] != "Notification":
        return Event(str(event["Type"]), None, None, [], None)
    if event["Message"].startswith(VALIDATED):
        return Event(SUBSCRIBED, None, None, [], None)
    try:
        inner = loaded(event["Message"])
    except ValueError:
        return "no_mail_event"
    return _ses(inner, event.get("Timestamp")) if isinstance(inner, dict) else "no_mail_event"


def _ses(event: Fields, notified: Any) -> Event | str:
    word = event.get("eventType") or event.get("notificationType")
    mail, own = event.get("mail"), event.get(str(word).casefold())
    tags = field(mail, "tags")
    given = [_first_of(value) for name, value in (tags.items() if isinstance(tags, dict) else ()) if name[:4] != "ses:"]
    report = _first_of(given) or field(mail, "messageId")
    people = field(own, "recipients") or field(mail, "destination")
    people = people if isinstance(people, list) else []
    return _told(SES, word, report, people, field(own, "timestamp") or notified, False, field(own, "userAgent"))


def _told(
    words: dict[str, str | None], word: Any, report: Any, people: list[Any], at: Any, unix: bool, agent: Any
) -> Event | str:
    if not isinstance(word, str) or word not in words:
        return "unknown_event"
    return Event(word, words[word], report, people, at, unix, agent=agent)


def _first_of(value: Any) -> Any:
    """A tag, or the first of several."""
    return next((each for each in value if each), None) if isinstance(value, list) else value


def _shown(event: Any) -> Any:
    return {name: event[name] for name in SHOWN if name in event} if isinstance(event, dict) else None


FORMAT = nested_format(
    "email_events",
    "Webhook events of SendGrid, Amazon SES, Postmark and Mailjet: mails that arrived, were opened or clicked",
    recognises=recognises,
    records=records,
)
