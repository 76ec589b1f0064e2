"""Calendars: when teams met, however the time is written and the series told, and never what about."""

from datetime import UTC, datetime

import pytest

import integrhealth as ih
from integrhealth.reading.formats import icalendar

ZONE = """\
BEGIN:VTIMEZONE
TZID:Our Office
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
"""
ANN = "ORGANIZER;CN=Ann:mailto:ann@sales.example"
BOB = "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Bob@finance.example"
# 2024-03-31 is the day on which the clocks of Berlin go forward.
BERLIN = "DTSTART;TZID=Europe/Berlin:20240327T100000"


def event(*lines, uid="u1", people=(ANN, BOB)):
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "SUMMARY:a secret", *people, *lines, "END:VEVENT", ""])


def calendar(*events, zone=""):
    return "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n" + zone + "".join(events) + "END:VCALENDAR\n"


@pytest.fixture
def read(tmp_path):
    """What is read of one calendar, or of several files of this content."""

    def read(*contents):
        for number, content in enumerate(contents):
            (tmp_path / f"{number}.ics").write_bytes(content if isinstance(content, bytes) else content.encode())
        return ih.read(tmp_path)

    return read


def starts(evidence):
    return [f"{at:%m-%d %H:%M}" for at in evidence.contacts.sort("at")["at"]]


def account(evidence):
    return evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected", "duplicates").rows()


def talks(evidence):
    return sorted(evidence.contacts.select("team_a", "team_b", "people").rows())


@pytest.mark.parametrize(
    ("written", "at", "naive"),
    [
        ("DTSTART:20240327T100000Z", "03-27 10:00", False),
        (BERLIN, "03-27 09:00", False),
        ("DTSTART;TZID=W. Europe Standard Time:20240327T100000", "03-27 09:00", False),
        ("DTSTART;TZID=Our Office:20240327T100000", "03-27 04:30", False),
        ("DTSTART;TZID=Nowhere:20240327T100000", "03-27 10:00", True),
        ("DTSTART:20240327T100000", "03-27 10:00", True),
        ("DTSTART;VALUE=DATE:20240327", "03-27 00:00", True),
    ],
)
def test_times_of_any_zone_and_of_none(read, written, at, naive):
    evidence = read(calendar(event(written), zone=ZONE))
    assert starts(evidence) == [at]
    assert any("without a zone" in sentence for sentence in evidence.warnings) == naive


def test_zones_that_cannot_be_read_are_said(read):
    evidence = read(calendar(event("DTSTART;TZID=Our Street:20240327T100000"), zone="END:VTIMEZONE\n"))
    assert starts(evidence) == ["03-27 10:00"]
    assert any("the zones that the calendar describes cannot be read" in sentence for sentence in evidence.warnings)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([BERLIN, "RRULE:FREQ=WEEKLY;COUNT=3"], ["03-27 09:00", "04-03 08:00", "04-10 08:00"]),
        ([BERLIN, "RRULE:FREQ=WEEKLY;UNTIL=20240403T080000Z"], ["03-27 09:00", "04-03 08:00"]),
        ([BERLIN, "RRULE:FREQ=WEEKLY;UNTIL=20240403"], ["03-27 09:00", "04-03 08:00"]),
        ([BERLIN, "RRULE:FREQ=WEEKLY;UNTIL=20240403T075959Z"], ["03-27 09:00"]),
        (
            [BERLIN, "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20240403T100000"],
            ["03-27 09:00", "04-10 08:00"],
        ),
        ([BERLIN, "RDATE:20240401T120000Z"], ["03-27 09:00", "04-01 12:00"]),
        ([BERLIN, "RDATE;VALUE=PERIOD:20240401T120000Z/PT1H"], ["03-27 09:00", "04-01 12:00"]),
        ([BERLIN, "RRULE:FREQ=MONTHLY;BYDAY=-1WE;COUNT=2"], ["03-27 09:00", "04-24 08:00"]),
        (["DTSTART;VALUE=DATE:20240330", "RRULE:FREQ=DAILY;COUNT=2"], ["03-30 00:00", "03-31 00:00"]),
        ([BERLIN, "DTSTAMP:20240411T000000Z", "RRULE:FREQ=WEEKLY"], ["03-27 09:00", "04-03 08:00", "04-10 08:00"]),
    ],
)
def test_a_series_is_expanded_in_the_time_of_its_zone(read, lines, expected):
    evidence = read(calendar(event(*lines)))
    assert starts(evidence) == expected
    assert account(evidence) == [("icalendar", 1, 1, 0, 0)]
    said = "series without an end are followed until 2024-04-11"
    assert any(said in sentence for sentence in evidence.warnings) == ("DTSTAMP:20240411T000000Z" in lines)


def test_times_told_anew_replace_those_of_the_series(read):
    series = event(BERLIN, "RRULE:FREQ=WEEKLY;COUNT=3")
    later = event("RECURRENCE-ID:20240403T080000Z", "DTSTART:20240404T110000Z", people=[ANN, BOB, f"{BOB}.au"])
    off = event("RECURRENCE-ID;TZID=Europe/Berlin:20240410T100000", "DTSTART:20240410T080000Z", "STATUS:CANCELLED")
    evidence = read(calendar(series, later, off))
    assert sorted(set(starts(evidence))) == ["03-27 09:00", "04-04 11:00"]
    assert account(evidence) == [("icalendar", 3, 3, 0, 0)]
    assert evidence.contacts.sort("at")["people"].to_list() == [2, 3, 3, 3]


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_what_is_cancelled_or_free_is_no_meeting(read, line):
    evidence = read(calendar(event(BERLIN, line)))
    assert evidence.contacts.is_empty()
    assert account(evidence) == [("icalendar", 1, 1, 0, 0)]


def test_rooms_and_those_who_declined_are_not_there(read):
    people = [
        ANN,
        BOB,
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@sales.example",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:cid@sales.example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:dan@it.example",
        "ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:blue@rooms.example",
        'ATTENDEE;CN="so long a name that its line is folded";PARTSTAT=ACCEP\n TED:mailto:eve@leg\n al.example',
        "ATTENDEE:urn:uuid:7",
    ]
    assert talks(read(calendar(event(BERLIN, people=people)))) == [
        ("finance.example", "legal.example", 5),
        ("finance.example", "sales.example", 5),
        ("finance.example", "unknown", 5),
        ("legal.example", "sales.example", 5),
        ("legal.example", "unknown", 5),
        ("sales.example", "sales.example", 5),
        ("sales.example", "unknown", 5),
    ]


def test_nobody_meets_alone_nor_an_organiser_who_declined(read):
    alone = event(BERLIN, people=[ANN])
    declined = event(BERLIN, people=[ANN, ANN.replace("ORGANIZER", "ATTENDEE;PARTSTAT=DECLINED"), BOB], uid="u2")
    assert read(calendar(alone, declined, event(BERLIN, people=[]))).contacts.is_empty()


def test_one_meeting_in_two_calendars_is_one_and_two_at_a_time_are_two(read):
    evidence = read(calendar(event(BERLIN)), calendar(event(BERLIN), event(BERLIN, uid="u2")))
    assert evidence.contacts.height == 2
    assert evidence.contacts["about"].n_unique() == 2
    assert not evidence.contacts["about"].str.contains("u1|u2|secret").any()
    assert evidence.sources["duplicates"].sum() == 1


def test_bad_events_are_refused_with_their_line_and_good_ones_survive(read):
    bad = [
        event("DTSTART:2024-03-27"),
        event(),
        event(BERLIN, "RRULE:FREQ=SECONDLY", uid="u4"),
        event(BERLIN, "RRULE:FREQ=DAILY;COUNT=20000", uid="u5"),
        event("DTSTART:{{start}}"),
        event(BERLIN).replace("END:VEVENT\n", ""),
    ]
    evidence = read(calendar(*bad, event(BERLIN, "a line that is none", "X;=:\0")))
    assert starts(evidence) == ["03-27 09:00"]
    rejected = evidence.rejected.sort("line")
    assert [reason.split(":")[0] for reason in rejected["reason"]] == [
        "bad_time",
        "no_at",
        "bad_rule",
        "bad_rule",
        "bad_time",
        "unfinished_event",
    ]
    assert rejected["line"].to_list() == [4, 11, 17, 25, 33, 40]
    assert not rejected["raw"].fill_null("").str.contains("secret").any()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0;BYMONTH=2;BYMONTHDAY=30",
        "INTERVAL=2",
        "FREQ=WEEKLY;BYDAY=9XX",
        "FREQ=HOURLY",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=WEEKLY;BYSETPOS=0",
    ],
)
def test_rules_that_make_no_series_are_refused(read, rule):
    evidence = read(calendar(event(BERLIN, f"RRULE:{rule}"), event(BERLIN, uid="u2")))
    assert account(evidence) == [("icalendar", 2, 1, 1, 0)]


def test_a_file_that_breaks_off_and_one_that_is_utf16_with_windows_line_ends(read):
    whole = calendar(event(BERLIN), event(BERLIN, uid="u2"))
    evidence = read(whole[:-40].encode(), whole.replace("\n", "\r\n").encode("utf-16"))
    assert account(evidence) == [("icalendar", 2, 1, 1, 0), ("icalendar", 2, 2, 0, 1)]
    assert evidence.rejected["reason"].to_list() == ["unfinished_event"]


def test_series_that_take_too_long_are_given_up(read, monkeypatch):
    monkeypatch.setattr(icalendar, "PATIENCE_S", -1.0)
    evidence = read(
        calendar(event(BERLIN, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1"), event(BERLIN, uid="u2"))
    )
    assert evidence.rejected["reason"].to_list() == ["too_long_to_expand"]
    assert evidence.contacts.height == 1


def test_a_long_calendar_ends(read):
    events = (event(f"DTSTART:20240327T{n // 60 % 24:02}{n % 60:02}00Z", uid=f"u{n}") for n in range(2_000))
    evidence = read(calendar(*events))
    assert (evidence.contacts.height, evidence.contacts["at"].min()) == (2_000, datetime(2024, 3, 27, tzinfo=UTC))
