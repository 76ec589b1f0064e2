"""A document with one list of objects is a table of them, wherever the list lies and whatever stands beside it."""

import json

import pytest
from drawing.shared_data import shared_data

from integrhealth.reading.account.remedies import remedies
from integrhealth.reading.mapping.yaml_entries import load_mapping
from integrhealth.reading.table.files import head_of, read_table
from integrhealth.reading.table.wrapped import wrapped_names

MAPPING = """
sources:
  - glob: "*"
    frame: logs
    columns: {time: at, system: from, text: said}
"""
ROWS = [{"at": "2026-01-02T03:04:05Z", "from": "shop", "said": str(number)} for number in range(3)]
PAGES = [
    {"task_instances": ROWS, "total_entries": 3},
    {"total_count": 3, "workflow_runs": ROWS},
    {"data": {"items": ROWS}},
    {"hits": {"total": {"value": 3}, "hits": ROWS}},
    {"results": ROWS, "took": 5},
    {"payload": {"inner": {"rows": ROWS}}, "kind": "export", "tags": ["a"]},
    {"logs": ROWS, "warnings": []},
]


@pytest.fixture
def read(tmp_path):
    def reading(text, mapping=MAPPING):
        path = tmp_path / "export.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "mapping.yaml").write_text(mapping)
        (parsed,) = read_table(path, path.name, sources=load_mapping(tmp_path / "mapping.yaml").sources_for(path.name))
        assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
        return parsed

    return reading


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("indent", [None, 1])
def test_the_one_list_of_objects_holds_the_records(read, tmp_path, page, indent):
    parsed = read(json.dumps(page, indent=indent))
    assert parsed.rows["text"].to_list() == ["0", "1", "2"]
    assert parsed.rejected.is_empty()
    assert wrapped_names(head_of(tmp_path / "export.json")) == ["at", "from", "said"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("indent", "mark"), [(None, b""), (1, b""), (None, b"\xef\xbb\xbf")])
def test_pages_one_after_the_other_are_all_read(read, page, indent, mark):
    parsed = read(mark + "\n".join([json.dumps(page, indent=indent)] * 2).encode())
    assert parsed.rows["text"].to_list() == ["0", "1", "2"] * 2
    assert parsed.rejected.is_empty()


def test_a_page_that_breaks_off_costs_itself(read):
    page = json.dumps(PAGES[0], indent=1)
    parsed = read(page + "\n" + page[:-30])
    assert parsed.rows.height == 3
    assert parsed.rejected["line"].to_list() == [4]
    line = json.dumps(PAGES[0])
    parsed = read(line + "\n" + line[:-30] + "\n" + line)
    assert parsed.rows.height == 6
    assert parsed.rejected["line"].to_list() == [4]


def test_elements_that_are_no_objects_cost_themselves(read):
    parsed = read(json.dumps({"rows": [ROWS[0], 7, None, ROWS[1]], "total": 4}))
    assert parsed.rows["text"].to_list() == ["0", "1"]
    assert parsed.rejected.select("line", "reason").rows() == [(2, "not_an_object"), (3, "not_an_object")]


def test_of_several_lists_the_names_of_the_mapping_tell_which(read):
    document = {"systems": [{"name": "shop"}], "logs": ROWS}
    assert read(json.dumps(document)).rows["text"].to_list() == ["0", "1", "2"]


def test_several_lists_that_could_be_meant_are_refused_by_their_names(read, tmp_path):
    parsed = read(json.dumps({"before": ROWS, "since": {"then": ROWS}, "more": ROWS[:1]}))
    (reason,) = parsed.rejected["reason"]
    assert reason.startswith("several_lists:")
    assert set(reason.removeprefix("several_lists:").split(", ")) == {"before", "since.then", "more"}
    assert "one list" in remedies(reason)["several_lists"]
    assert wrapped_names(head_of(tmp_path / "export.json")) == []


@pytest.mark.parametrize("indent", [None, 1])
def test_a_record_with_a_list_of_objects_inside_is_a_record(read, indent):
    record = ROWS[0] | {"positions": [{"part": 1}, {"part": 2, "at": "never"}]}
    assert read(json.dumps(record, indent=indent)).rows.height == 1
    assert read("\n".join([json.dumps(record, indent=indent)] * 2)).rows.height == 2


def test_lines_with_a_list_inside_are_records_to_those_who_have_no_mapping(read, tmp_path):
    read("\n".join([json.dumps(ROWS[0] | {"positions": [{"part": 1}]})] * 2))
    assert wrapped_names(head_of(tmp_path / "export.json")) == []


def test_a_list_in_lines_is_meant_where_only_it_has_the_names(read):
    line = json.dumps({"host": "a", "written": "2026", "entries_of_day": ROWS})
    assert read(f"{line}\n{line}").rows.height == 6


def test_a_page_without_records_has_none(read):
    pages = [PAGES[0], {"task_instances": [], "total_entries": 3}]
    parsed = read("\n".join(map(json.dumps, pages)))
    assert (parsed.rows_in, parsed.rows.height) == (3, 3)


def test_a_next_page_is_said_whatever_the_list_is_called(read):
    parsed = read(json.dumps({"rows": ROWS, "nextToken": "abc"}))
    assert any("nextToken names a next page" in warning for warning in parsed.warnings)


def test_the_lists_of_real_answers_are_opened():
    first = {
        "B20/taskInstances.json": "task_id",
        "B24/runs.json": "id",
        "B14c/filter-log-events.json": "logStreamName",
        "B28/executions.json": "id",
    }
    for name, field in first.items():
        assert wrapped_names(head_of(shared_data("cases", *name.split("/"))))[0] == field
