"""The weekly meeting about a published report, as Markdown and as a calendar that others read."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import polars as pl
import pytest
from click.testing import CliRunner

from integrhealth.analyses.overview.tables import TABLES
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.cli import main
from integrhealth.errors import NothingToRead, WrongValue
from integrhealth.language.thresholds import FRONT_PAGE_FINDINGS
from integrhealth.runner.agenda import rhythm, written

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
RUN_AT = "2026-03-04T08:00:00+00:00"
MADRID = ZoneInfo("Europe/Madrid")


def starter(**given):
    usual = {
        "report": "latency",
        "rule": "late",
        "subject": "orders",
        "severity": "warning",
        "statement": "orders is late.",
        "ask": "Who waits?",
        "owner_a": "ann@x.example",
        "owner_b": "IT",
        "says_a": "This is how it looks.",
        "says_b": "This is when we need it.",
        "page": "latency.html#rule-late",
        "invite_a": "ann@x.example",
    }
    return usual | given


@pytest.fixture
def published(tmp_path):
    """A published folder with these conversations."""

    def folder(*starters, weekday="tuesday"):
        place = tmp_path / "report"
        (place / "tables" / "overview").mkdir(parents=True, exist_ok=True)
        rows = pl.DataFrame(list(starters), schema=TABLES["starters"])
        rows.write_parquet(place / "tables" / "overview" / "starters.parquet")
        run = {"run_at": RUN_AT, "meeting": {"timezone": "Europe/Madrid", "weekday": weekday}}
        (place / "run.json").write_text(json.dumps(run))
        return place

    return folder


def event_of(path):
    (event,) = icalendar.Calendar.from_ical(path.read_bytes()).events
    return event


def invited(event):
    addresses = event.get("attendee", [])
    return [str(each) for each in (addresses if isinstance(addresses, list) else [addresses])]


def test_a_quarter_of_an_hour_a_finding_and_its_owners_invited(published):
    other = {"owner_a": "IT", "invite_a": None, "owner_b": "bob@x.example", "invite_b": "bob@x.example"}
    markdown, calendar = written(published(starter(), starter(rule="r2", **other)), now=NOW)
    event = event_of(calendar)
    assert event.start == datetime(2026, 3, 10, 10, tzinfo=MADRID)
    assert event.end - event.start == timedelta(minutes=30)
    assert invited(event) == ["mailto:ann@x.example", "mailto:bob@x.example"]
    assert set(event) == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "ATTENDEE"}
    text = markdown.read_text()
    assert "Tuesday 2026-03-10, 10:00 to 10:30 CET" in text
    assert "## 10:00 ann\\@x\\.example and IT" in text
    assert "## 10:15 IT and bob\\@x\\.example" in text
    assert "](<latency.html#rule-late>)" in text


def test_the_front_pages_findings_are_what_a_meeting_has_time_for(published):
    _, calendar = written(published(*(starter(rule=f"r{n}") for n in range(FRONT_PAGE_FINDINGS + 2))), now=NOW)
    event = event_of(calendar)
    assert event.end - event.start == timedelta(minutes=15 * FRONT_PAGE_FINDINGS)
    assert event["DESCRIPTION"].count("\n") == FRONT_PAGE_FINDINGS - 1
    assert invited(event) == ["mailto:ann@x.example"]


def test_the_same_run_is_the_same_meeting(published):
    place = published(starter())
    first = event_of(written(place, now=NOW)[1])
    later = event_of(written(place, now=NOW + timedelta(days=9))[1])
    assert first["UID"] == later["UID"]
    assert later.start - first.start == timedelta(days=7)
    (place / "run.json").write_text((place / "run.json").read_text().replace("08:00:00", "09:00:00"))
    assert event_of(written(place, now=NOW)[1])["UID"] != first["UID"]


@pytest.mark.parametrize(
    ("weekday", "now", "day"),
    [
        ("thursday", NOW, date(2026, 3, 5)),
        ("wednesday", datetime(2026, 3, 4, 8, 59, tzinfo=UTC), date(2026, 3, 4)),
        ("wednesday", datetime(2026, 3, 4, 9, 0, tzinfo=UTC), date(2026, 3, 11)),
        # The clocks of Madrid change on Sunday 29 March.
        ("monday", datetime(2026, 3, 28, 12, tzinfo=UTC), date(2026, 3, 30)),
        ("monday", datetime(2026, 3, 29, 23, tzinfo=UTC), date(2026, 3, 30)),
    ],
)
def test_it_is_on_the_next_such_day_at_ten_by_the_clock_on_the_wall(published, weekday, now, day):
    event = event_of(written(published(starter(), weekday=weekday), now=now)[1])
    local = event.start.astimezone(MADRID)
    assert (local.date(), local.hour, local.minute) == (day, 10, 0)


def test_a_time_given_is_that_of_the_company(published):
    place = published(starter())
    assert event_of(written(place, at="2026-07-01T09:30", now=NOW)[1]).start == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    given = event_of(written(place, at="2026-07-01T09:30:00+00:00", now=NOW)[1])
    assert given.start == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    with pytest.raises(WrongValue, match="invalid time 'soon'"):
        written(place, at="soon", now=NOW)


def test_without_findings_it_says_so_and_invites_nobody(published):
    markdown, calendar = written(published(), now=NOW)
    assert "There is nothing to talk about this week." in markdown.read_text()
    assert "##" not in markdown.read_text()
    event = event_of(calendar)
    assert event["SUMMARY"] == "Integration health: nothing to talk about"
    assert "ATTENDEE" not in event


HOSTILE = (
    "<script>alert(1)</script>",
    "[click](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "http://evil.example/?a=b www.evil.example",
    "=HYPERLINK(1)",
    "a\nATTENDEE:mailto:mallory@evil.example\nEND:VEVENT",
    "# heading\n\n- item\n> quote `code` *bold* _it_ | cell &lt;b&gt;",
    "\u202egnp.exe\x1b[31m",
    "ü" * 400 + "," + ";" * 90,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_logs_stays_text(published, text):
    fields = dict.fromkeys(("subject", "statement", "ask", "owner_a", "owner_b"), text)
    markdown, calendar = written(published(starter(**fields)), now=NOW)
    (event,) = icalendar.Calendar.from_ical(calendar.read_bytes()).events
    assert invited(event) == ["mailto:ann@x.example"]
    assert event["DESCRIPTION"].count("\n") == 0
    assert all(len(line) <= 75 for line in calendar.read_bytes().split(b"\r\n"))
    assert not {"\x1b", "\u202e"} & set(calendar.read_text(encoding="utf-8") + markdown.read_text(encoding="utf-8"))
    shown = markdown.read_text(encoding="utf-8")
    assert sum(line.startswith("#") for line in shown.splitlines()) == 2
    assert "http://" not in shown
    assert "www." not in shown
    # Of the links, HTML, and marks of Markdown none is left but the one link of ours.
    assert shown.count("](") == shown.count("](<latency.html#rule-late>)") == 1
    assert shown.count("<") == 1
    assert not any(line.startswith("=") for line in shown.splitlines())


def test_another_folder_gets_links_that_lead_back(published, tmp_path):
    place = published(starter())
    markdown, calendar = written(place, out=tmp_path / "a b" / "c", now=NOW)
    assert markdown.parent == calendar.parent == tmp_path / "a b" / "c"
    assert "](<../../report/latency.html#rule-late>)" in markdown.read_text()
    assert not (place / "agenda.md").exists()


def test_what_is_no_report_is_said_in_one_line_with_a_remedy(published, tmp_path):
    shown = CliRunner().invoke(main, ["agenda", str(tmp_path)])
    assert shown.exit_code == 2
    assert (
        shown.stderr
        == f"integrhealth: {tmp_path} has no run.json; name a folder that 'integrhealth report --out' wrote\n"
    )
    assert list(tmp_path.iterdir()) == []
    place = published(starter())
    (place / "run.json").write_text(json.dumps({"run_at": RUN_AT}))
    with pytest.raises(NothingToRead, match="older version"):
        written(place, now=NOW)


@pytest.mark.parametrize("damaged", ["run.json", "tables/overview/starters.parquet"])
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff"])
def test_a_folder_that_holds_something_else_is_said_in_one_line(published, damaged, text):
    place = published(starter())
    (place / damaged).write_bytes(text.encode(errors="surrogateescape"))
    shown = CliRunner().invoke(main, ["agenda", str(place)])
    assert shown.exit_code == 2
    assert shown.stderr.startswith(f"integrhealth: {place} ")
    assert shown.stderr.endswith("run 'integrhealth report' into it\n") or "older version" in shown.stderr
    assert not (place / "agenda.md").exists()


def test_conversations_of_another_version_are_said_in_one_line(published):
    place = published(starter())
    path = place / "tables" / "overview" / "starters.parquet"
    pl.read_parquet(path).drop("invite_a").write_parquet(path)
    with pytest.raises(NothingToRead, match="no report that can be read"):
        written(place, now=NOW)


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59", "9999-12-31T23:59:00-14:00"])
def test_a_time_that_no_calendar_has_is_refused(published, at):
    with pytest.raises(WrongValue, match="invalid time"):
        written(published(starter()), at=at, now=NOW)


def test_the_command_says_what_it_wrote(published):
    place = published(starter())
    shown = CliRunner().invoke(main, ["agenda", str(place), "--at", "2026-07-01T09:30"])
    assert shown.exit_code == 0
    assert shown.stdout == f"wrote {place / 'agenda.md'}\nwrote {place / 'agenda.ics'}\n"
    (place / "a file").write_text("")
    refused = CliRunner().invoke(main, ["agenda", str(place), "--out", str(place / "a file")])
    assert refused.exit_code == 2
    assert "name another folder with --out" in refused.stderr


def test_the_weekday_is_that_of_the_first_ritual_that_has_one():
    rituals = [{"ritual": "party"}, {"ritual": "alignment", "weekday": "monday"}, {"ritual": "b", "weekday": "friday"}]
    said = Catalog(timezone="Asia/Tokyo", rituals=pl.DataFrame(rituals, schema=CATALOG["rituals"]))
    assert rhythm(said) == {"timezone": "Asia/Tokyo", "weekday": "monday"}
    assert rhythm(Catalog()) == {"timezone": "UTC", "weekday": "tuesday"}
