"""XES: steps of incidents, against a plain reading of the same files; nested attributes, prefixes and damage."""

import gzip
from collections import Counter
from datetime import UTC, datetime
from xml.etree import ElementTree

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.xes import FORMAT

AT = '<date key="time:timestamp" value="2026-03-29T01:30:00+01:00"/>'
COLUMNS = ("incident", "at", "team", "person", "action", "state")
BPIC = ("xes", "07_bpic2013_incidents.xes.gz")


def event(*attributes: str) -> str:
    return f"<event>{''.join(attributes)}</event>"


def log(*traces: str, name: str = "c1") -> str:
    named = f'<string key="concept:name" value="{name}"/>'
    return "<log>\n" + "\n".join(f"<trace>{named}\n{trace}\n</trace>" for trace in traces) + "\n</log>"


def read(folder, text):
    path = folder / "a.xes"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert FORMAT.recognises(Head(path, path.read_bytes()[:65536]))
    (parsed,) = FORMAT.read(path, path.name)
    assert parsed.rows_in == parsed.rows_out + parsed.rejected.height
    return parsed


def plainly(path):
    """The same columns by a loop over a tree: the oracle."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    root = ElementTree.fromstring(data)
    space = root.tag.rpartition("log")[0]
    for trace in root.findall(f"{space}trace"):
        case = {each.get("key"): each.get("value") for each in trace if each.tag != f"{space}event"}
        for step in trace.findall(f"{space}event"):
            told = {each.get("key"): each.get("value") for each in step}
            at = datetime.fromisoformat(told["time:timestamp"]).astimezone(UTC)
            keys = ("org:group", "org:resource", "concept:name", "lifecycle:transition")
            yield case["concept:name"], at, *(told.get(key) for key in keys)


def test_a_real_log_is_read_as_a_plain_loop_reads_it():
    path = shared_data("formats", *BPIC)
    (parsed,) = FORMAT.read(path, path.name)
    expected = list(plainly(path))
    assert (parsed.rows_in, parsed.rows.height, parsed.rejected.height) == (65_533, 65_533, 0)
    assert parsed.rows["incident"].n_unique() == 7_554
    assert parsed.rows["team"].n_unique() == 649
    machine = Counter(person for *_, person, _, _ in expected)["Siebel"]
    assert machine == 6_162
    assert parsed.rows.select(COLUMNS).rows() == [
        (*row[:3], None if row[3] == "Siebel" else row[3], *row[4:]) for row in expected
    ]
    assert parsed.warnings == (
        "'Siebel' acts for 474 of 649 teams and is taken for a machine: 6,162 events have no person",
    )
    assert parsed.rows["log_line"].head(2).to_list() == [22_502, 22_515]


def test_a_small_real_log_has_no_teams_and_no_states(tmp_path):
    path = shared_data("formats", "xes", "running-example.xes")
    found = integrhealth.read(path, show_people=True)
    assert found.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected").rows() == [
        ("xes", "incident_events", 42, 42, 0)
    ]
    assert sorted(found.incident_events.select(COLUMNS).rows(), key=repr) == sorted(plainly(path), key=repr)


def test_the_impact_of_an_event_is_its_priority(tmp_path):
    rows = read(tmp_path, log(event(AT, '<string key="impact" value="High"/>') + event(AT))).rows
    assert rows["priority"].to_list() == ["High", None]


def test_offsets_become_utc(tmp_path):
    later = AT.replace("01:30:00+01:00", "03:30:00+02:00")
    rows = read(tmp_path, log(event(AT) + event(later))).rows
    assert rows["at"].to_list() == [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]


def test_nested_attributes_and_globals_are_not_those_of_an_event(tmp_path):
    nested = '<string key="org:group" value="A"><string key="concept:name" value="inner"/></string>'
    listed = '<list key="x"><values><string key="org:resource" value="inner"/></values></list>'
    given = log(event(AT, listed, nested)).replace(
        "<log>", f'<log><global scope="event">{AT}<string key="org:group" value="UNKNOWN"/></global>'
    )
    (row,) = read(tmp_path, given).rows.rows(named=True)
    assert (row["team"], row["action"], row["person"]) == ("A", None, None)


@pytest.mark.parametrize(
    "attribute",
    [
        '<string key="org:group" value="A &gt; B &amp;amp; &#67;"/>',
        '<string value="A > B &amp;amp; C" key="org:group"/>',
        "<string key = 'org:group'\n value='A > B &amp;amp; &#x43;' />",
        '<x:string  id="1>" value="A > B &amp;amp; C" key="org:group" ></x:string>',
        '<string value="A > B &amp;amp; C" note=" key=\'concept:name\'" key="org:group"/><!-- <event> -->',
        '<string key="org:group" value="A\t&gt; B &amp;amp; C"><![CDATA[</event>]]></string>',
    ],
)
def test_attributes_in_any_order_and_with_any_quotes(tmp_path, attribute):
    given = log(event(attribute, AT), event(AT)).replace("<log>", '<log xmlns:x="http://www.xes-standard.org/">')
    rows = read(tmp_path, given).rows
    assert rows["team"].to_list() == ["A > B &amp; C", None]
    assert rows["action"].to_list() == [None, None]


def test_names_with_a_prefix_and_values_of_every_type(tmp_path):
    typed = "".join(
        f'<x:{kind} key="{key}" value="{value}"/>'
        for kind, key, value in [
            ("int", "concept:name", "007"),
            ("id", "org:resource", "f81d4fae-7dec"),
            ("boolean", "lifecycle:transition", "true"),
            ("float", "org:group", "1.50"),
        ]
    )
    given = log(event(AT, typed)).replace("<string", "<x:string").replace("<date", "<x:date")
    for name in ("log", "trace", "event"):
        given = given.replace(f"<{name}>", f"<x:{name}>").replace(f"</{name}>", f"</x:{name}>")
    (row,) = read(tmp_path, given.replace("<x:log>", '<x:log xmlns:x="http://www.xes-standard.org/">')).rows.rows()
    assert row[:6] == ("c1", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "1.50", "f81d4fae-7dec", "007", "true")


def test_events_without_a_time_or_a_trace_are_rejected_with_their_line(tmp_path):
    templated = AT.replace("2026-03-29T01:30:00+01:00", "{{time}}")
    lines = [event(AT), event(), "<event/>", event(templated), event(AT)]
    parsed = read(tmp_path, log("\n".join(lines)).replace("</log>", f"{event(AT)}\n</log>"))
    assert parsed.rows["log_line"].to_list() == [3, 7]
    assert parsed.rejected.select("line", "reason").rows() == [
        (4, "no_at"),
        (5, "no_at"),
        (6, "bad_time:at"),
        (9, "no_incident"),
    ]
    assert "{{time}}" in parsed.rejected["raw"][2]


def test_of_a_key_that_comes_twice_the_first_counts(tmp_path):
    twice = '<string key="org:group" value="A"/><string key="org:group" value="B"/>'
    assert read(tmp_path, log(event(AT, twice))).rows["team"].to_list() == ["A"]


@pytest.mark.parametrize("other", ["<log><logentry revision='1'>boxes</logentry></log>", "<logs><trace/></logs>", "{}"])
def test_other_logs_are_no_xes(tmp_path, other):
    assert not FORMAT.recognises(Head(tmp_path, other.encode()))


def test_on_one_line_events_are_counted(tmp_path):
    rows = read(tmp_path, log(event(AT) + event(AT), event(AT)).replace("\n", "")).rows
    assert rows["log_line"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda text: text[: text.rindex("<event>") + 20], 2),
        (lambda text: text[: text.rindex("</event>")], 2),
        (lambda text: text.replace("</log>", ""), 3),
        (lambda text: text[: text.rindex("</trace>")] + "</log>", 3),
        (lambda text: text[: text.rindex("<event>")] + '<event><string key="a" value="1 < 2"/></event>', 2),
    ],
)
def test_of_a_log_that_breaks_off_the_whole_events_stay(tmp_path, damage, kept):
    parsed = read(tmp_path, damage(log("\n".join([event(AT)] * 3))))
    assert (parsed.rows.height, parsed.rejected.height) == (kept, 1)
    assert parsed.rejected["reason"][0].startswith("no XML: ")


def test_a_gzip_that_breaks_off_keeps_its_events(tmp_path):
    packed = gzip.compress(log("\n".join([event(AT)] * 1_000)).encode(), mtime=0)
    path = tmp_path / "a.xes.gz"
    path.write_bytes(packed[:-12])
    (parsed,) = FORMAT.read(path, path.name)
    assert parsed.rejected["reason"].to_list() == ["truncated_gzip"]
    assert parsed.rows.height > 0
    assert parsed.rows_in == parsed.rows.height + 1


def test_nothing_of_a_log_with_a_document_type_is_read(tmp_path):
    parsed = read(tmp_path, '<!DOCTYPE log [<!ENTITY a "x">]>\n' + log(event(AT)))
    assert (parsed.rows.height, parsed.rejected["reason"].to_list()) == (0, ["xml_doctype"])


def test_who_acts_for_few_of_many_teams_is_a_person(tmp_path):
    def steps(person: str, teams: int) -> str:
        return "\n".join(
            event(AT, f'<string key="org:group" value="{team}"/><string key="org:resource" value="{person}"/>')
            for team in range(teams)
        )

    parsed = read(tmp_path, log(steps("router", 10) + steps("anna", 5)))
    assert parsed.rows["person"].value_counts().sort("person").rows() == [(None, 10), ("anna", 5)]
    assert read(tmp_path, log(steps("router", 9))).rows["person"].unique().to_list() == ["router"]


def test_no_rows_have_the_columns(tmp_path):
    rows = read(tmp_path, log("")).rows
    assert rows.is_empty()
    assert rows.schema["at"] == pl.Datetime("us", "UTC")
