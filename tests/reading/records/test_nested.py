"""Nested formats: exact JSON values, records that a preset maps, and what a preset may say of a table."""

import json
from pathlib import Path

import pytest

import integrhealth as ih
from integrhealth.errors import FaultyFile
from integrhealth.language.schema import FRAMES
from integrhealth.reading.json.values import flattened, json_values, loaded, unwrapped
from integrhealth.reading.mapping import yaml_entries
from integrhealth.reading.mapping.yaml_entries import preset_names, preset_sources
from integrhealth.reading.records.nested import Note, Record, Refused, fills, nested_format
from integrhealth.reading.table import presets

NO_END = "no JSON: Unterminated string starting at: line 1 column 1 (char 0)"
CUT = "no JSON: Unterminated string starting at: line 1 column 7 (char 6)"


def values(folder: Path, data: bytes) -> list:
    (folder / "x.json").write_bytes(data)
    return [tuple(each)[:2] for each in json_values(folder / "x.json")]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [(1, {"a": "1"}), (2, {"a": "2"})]),
        (b'{"a": 1}\n\n"x\n{"a": 2}', [(1, {"a": "1"}), (3, NO_END), (4, {"a": "2"})]),
        (b'{"a":\n1}', [(None, {"a": "1"})]),
        (b'{"a":\n1}{"a": 2}\n\n{"a":\n3}', [(None, {"a": "1"}), (None, {"a": "2"}), (None, {"a": "3"})]),
        (b'[{"a": 1},\n{"a": 2}]', [(None, [{"a": "1"}, {"a": "2"}])]),
        (b'\xef\xbb\xbf{"a": 1}', [(1, {"a": "1"})]),
        ('{"a": "\u00fc"}'.encode("utf-16"), [(1, {"a": "\u00fc"})]),
        (b'{"a": 1}\n{"a": "\xff"}', [(1, {"a": "1"}), (2, "bad_utf8: invalid start byte")]),
        (b'{"a": 1.50, "b": 10000000000000000000}', [(1, {"a": "1.50", "b": "1" + "0" * 19})]),
        (b'{"c": 1e400}', [(1, {"c": "1e400"})]),
        (b'{"a": NaN}', [(None, "no JSON: NaN is not JSON")]),
        (b'{"a": "\\ud800"}\n{"a": 2}', [(1, "no JSON: half of a surrogate pair"), (2, {"a": "2"})]),
        (b'{"a": "x\n{"a": 2}\n{"a": 3}', [(1, CUT), (2, {"a": "2"}), (3, {"a": "3"})]),
        (b'{"value": [\n{"a": 1},\n{"a": 2},\n{"a"', [(None, "no JSON: Expecting ':' delimiter in line 4")]),
        (b'{"a":\n1} trailing', [(None, {"a": "1"}), (None, "no JSON: Expecting value in line 2")]),
        (b"[" * 100_000, [(None, "no JSON: nested too deeply")]),
        (b"", []),
        (b" \n ", []),
    ],
)  # fmt: skip
def test_json_values_are_exact_and_what_is_none_is_told(tmp_path, data, found):
    assert values(tmp_path, data) == found


def test_an_answer_of_an_api_is_unwrapped_and_a_next_page_is_said():
    assert list(unwrapped({"value": [1, 2]})) == [1, 2]
    assert list(unwrapped({"d": {"results": [1]}})) == [1]
    assert list(unwrapped([1, 2])) == [1, 2]
    assert list(unwrapped({"a": 1})) == [{"a": 1}]
    note, one = unwrapped({"d": {"results": [1], "__next": "there"}})
    assert (type(note), one) == (Note, 1)
    assert "d.__next names a next page" in note.sentence


def test_fields_are_named_by_the_way_to_them():
    assert flattened({"a": {"b": {"c": "1"}}, "d": ["2"], "e": {}}) == {"a.b.c": "1", "d": ["2"]}
    deep = loaded('{"a":' * 200 + "1" + "}" * 200)
    assert list(flattened(deep)) == ["a.a.a.a.a.a"]


@pytest.fixture
def preset(tmp_path, monkeypatch):
    """Writes a preset into a folder of its own, and names it."""
    folder = tmp_path / "presets"
    folder.mkdir()
    monkeypatch.setattr(yaml_entries, "PRESETS", folder)
    presets.table_presets.cache_clear()

    def write(text: str, name: str = "vendor") -> str:
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return name

    yield write
    presets.table_presets.cache_clear()


NESTED = """
sources:
  - frame: messages
    record: run
    columns: {message_id: id, source: {value: ERP}, target: to, sent_at: at, status: state}
    status: {done: ok}
  - frame: reports
    record: report
    columns: {report: name, fields: fields}
"""


def test_records_become_rows_of_their_frames_and_all_are_counted(preset, tmp_path):
    """Three good records, of which one says nothing and one makes two rows; one bad time; one the format refuses."""
    at = "2026-01-02T03:04:05Z"
    found = [
        Record(None, (("run", {"id": "1", "to": "WMS", "at": at, "state": "done"}),)),
        Note("a sentence"),
        Record(None),
        Refused(None, "no_start", {"id": "2"}),
        Record(None, (("run", {"id": "3", "to": "WMS", "at": "{{ now }}", "state": "done"}),)),
        Record(None, tuple(("report", {"name": name, "fields": ["a", "b"]}) for name in "xy")),
    ]
    format = nested_format(preset(NESTED), "", recognises=lambda head: True, records=lambda path: found)
    messages, reports = format.read(tmp_path, "log")
    assert (messages.frame, messages.rows_in, messages.rows_out, messages.passed) == ("messages", 4, 2, 1)
    assert messages.rows.select("message_id", "target", "status", "log_file", "log_line").rows() == [
        ("1", "WMS", "ok", "log", 1)
    ]
    assert messages.rejected.select("line", "reason").rows() == [(3, "no_start"), (4, "bad_time:sent_at")]
    assert messages.rejected["raw"][1] == '{"id": "3", "to": "WMS", "at": "{{ now }}", "state": "done"}'
    assert messages.warnings == ("a sentence",)
    assert (reports.frame, reports.rows_in, reports.rows_out) == ("reports", 1, 1)
    assert reports.rows.select("report", "fields", "log_line").rows() == [("x", ["a", "b"], 5), ("y", ["a", "b"], 5)]


TABLE = """
description: an export
tried: documented
recognise: [job, when, outcome]
sources:
  - frame: messages
    only: {type: [flow, "sub flow"]}
    unless: {test: "*"}
    columns:
      message_id: {join: [job, part], with: "/"}
      source: {of: from, map: {A: ERP, B: WMS}, else: other}
      target: to
      actor_type: {of: who, map: {bot: system, human: person}}
      payload_hash: {hash: payload}
      error_text: detail.error.text
      sent_at: {join: [when, clock]}
      status: outcome
    time: {format: "%Y%m%d %H%M%S", zone: UTC}
    status: {GOOD: ok, BAD: failed}
    errors_inside: [errors]
  - frame: reads
    only: {type: [view]}
    columns: {report: to, person: who, at: {join: [when, clock]}}
    time: {format: "%Y%m%d %H%M%S"}
"""
EXPORT = """JOB,part,from,to,who,payload,detail,when,clock,OUTCOME,type,test,errors
1,a,A,WMS,bot,x,"{""error"": {""text"": ""late""}}",20260102,030405,GOOD,flow,,0
2,a,B,ERP,human,x,no JSON,20260102,030405,GOOD,Sub Flow,,3
3,,A,WMS,bot,y,,20260102,030405,BAD,flow,,
4,a,A,WMS,robot,y,,20260102,030405,BAD,flow,,none
5,a,A,WMS,robot,z,,20260102,,bad,flow,,
6,a,C,WMS,robot,z,,20260102,030405,odd,flow,,
7,a,C,WMS,bot,z,,20260102,030405,GOOD,flow,yes,
8,a,C,sales,ann,z,,20260102,030405,GOOD,view,,
9,a,C,sales,ann,z,,20260102,030405,GOOD,login,,
"""


def test_a_preset_knows_its_export_by_the_columns_and_takes_what_is_for_it(preset, tmp_path):
    preset(TABLE)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "any name").write_text(EXPORT)
    evidence = ih.read(tmp_path / "logs")
    assert evidence.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected").rows() == [
        ("vendor", "messages", 8, 5, 3),
        ("vendor", "reads", 1, 1, 0),
    ]
    hashes = evidence.messages["payload_hash"].to_list()
    assert hashes[0] == hashes[1] != hashes[2]
    columns = ("message_id", "source", "actor_type", "error_text", "status", "log_line")
    assert evidence.messages.select(columns).rows() == [
        ("1/a", "ERP", "system", "late", "ok", 2),
        ("2/a", "WMS", "person", None, "partial", 3),
        ("6/a", "other", None, None, "unknown", 7),
    ]
    assert evidence.rejected.select("line", "reason").rows() == [
        (4, "no_message_id"),
        (5, "bad_number:errors"),
        (6, "no_sent_at"),
    ]
    said = " ".join(evidence.warnings)
    assert "records that say nothing of messages, reads, passed over: 2" in said
    assert "1 row with a status that is not mapped became unknown: 'odd' (1)" in said
    assert "with an unknown word in who became null: 'robot'" in said
    assert "times without a zone were read as UTC: at (1)" in said


def test_the_own_keys_of_an_entry_win_over_each_source_of_the_preset(preset, tmp_path):
    preset(TABLE)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.csv").write_text(EXPORT)
    (tmp_path / "logs" / "mapping.yaml").write_text(
        "sources:\n- {glob: "
        "a.csv, preset: vendor, columns: {source: {value: SAP}, report: from}, status: {odd: held}}\n"
    )
    evidence = ih.read(tmp_path / "logs")
    assert evidence.messages.select("source", "status").rows()[-1] == ("SAP", "held")
    assert evidence.reads["report"].to_list() == ["C"]


def test_a_wrapped_document_is_a_table_too(preset, tmp_path):
    preset(TABLE)
    record = {"job": "1", "part": "a", "from": "A", "to": "W", "when": "20260102", "clock": "030405", "outcome": "GOOD"}
    more = {"type": "flow", "detail": {"error": {"text": "late"}}, "errors": 2}
    document = {"nextLink": "there", "value": [record | more, 7, record | more | {"job": "2", "errors": 0}]}
    (tmp_path / "log.json").write_text(json.dumps(document, indent=1))
    evidence = ih.read(tmp_path / "log.json")
    assert evidence.messages.select("message_id", "status", "error_text", "log_line").rows() == [
        ("1/a", "partial", "late", 1),
        ("2/a", "ok", "late", 3),
    ]
    assert evidence.rejected.select("line", "reason", "raw").rows() == [(2, "not_an_object", "7")]
    assert any("nextLink names a next page" in warning for warning in evidence.warnings)


def test_a_wrapped_document_that_is_no_text_is_rejected_whole(preset, tmp_path):
    preset(TABLE)
    record = {"job": "1", "part": "a", "from": "A", "to": "W", "when": "20260102", "clock": "030405", "outcome": "GOOD"}
    document = json.dumps({"value": [record | {"type": "flow"}]}, indent=1).encode().replace(b'"1"', b'"\x80"')
    (tmp_path / "log.json").write_bytes(document)
    assert ih.read(tmp_path / "log.json").rejected["reason"].to_list() == ["bad_utf8: invalid start byte"]


def test_every_preset_loads_and_says_what_it_fills():
    assert preset_names()
    for name in preset_names():
        told = yaml_entries.preset_file(name)
        for frame, columns in fills(preset_sources(name)).items():
            assert set(columns) <= FRAMES[frame].columns.keys(), name
        of_its_own = {"description", "tried", "sources"}
        assert told.keys() in ({"sources"}, of_its_own | {"recognise"}, of_its_own | {"lines"}), name


def test_what_a_template_left_open_is_an_error(tmp_path):
    rows = ["message_id,source,target,sent_at,status", "{{ id }},a,b,2026-01-02T03:04:05Z,ok", "2,a,b,{{ now }},ok"]
    (tmp_path / "messages.csv").write_text("\n".join([*rows, "3,a,b,2026-01-02T03:04:05Z,{{ state }}"]))
    evidence = ih.read(tmp_path)
    assert evidence.rejected.select("line", "reason").rows() == [(2, "template:message_id"), (3, "bad_time:sent_at")]
    assert evidence.messages.select("message_id", "status").rows() == [("3", "unknown")]


def test_no_two_presets_take_the_same_table():
    tables = presets.table_presets()
    for one in tables:
        for other in tables:
            clashes = [(a, b) for a in one.recognise for b in other.recognise if one.name < other.name and a == b]
            assert not clashes, f"{one.name} and {other.name} are known by the same columns"


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("tried: documented", "tried: hardly", "tried"),
        ("description: an export", "describe: an export", "describe"),
        ("outcome]\nsources", "outcome]\nsauces", "sauces"),
        ("frame: reads", "frame: reeds", "sources[1].frame"),
        ("[errors]", "{errors: 1}", "sources[0].errors_inside"),
        ('unless: {test: "*"}', "unless: [test]", "sources[0].unless"),
    ],
)
def test_a_fault_in_a_preset_is_named(preset, right, wrong, place):
    assert right in TABLE
    with pytest.raises(FaultyFile) as caught:
        preset_sources(preset(TABLE.replace(right, wrong)))
    assert caught.value.where == place
