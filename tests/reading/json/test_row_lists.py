"""Answers whose rows are lists open as tables, whatever was asked; mappings and presets work on them."""

import json

import pytest

import integrhealth as ih
from integrhealth.reading.json.row_lists import rows_as_objects

COLUMNS = [{"name": "id", "type": "string"}, {"name": "at", "type": "datetime"}]
ROWS = [["1", "2026-01-02T03:04:05Z"], ["2", "2026-01-02T03:04:06Z"]]
TABLE = {"columns": COLUMNS, "rows": ROWS}
KUSTO = {"TableName": "Table_0", "Columns": [{"ColumnName": "id"}, {"ColumnName": "at"}], "Rows": ROWS}
COSTS = {"name": "Stats", "columns": [{"name": "cpu"}], "rows": [[1]]}


@pytest.mark.parametrize(
    "answer",
    [
        {"tables": [TABLE | {"name": "PrimaryResult"}]},
        {"tables": [TABLE | {"name": "PrimaryResult"}, COSTS]},
        {"Tables": [KUSTO]},
        TABLE,
        {"id": "x", "properties": TABLE},
    ],
)
def test_rows_by_column(answer):
    assert list(rows_as_objects(answer)) == [{"id": "1", "at": ROWS[0][1]}, {"id": "2", "at": ROWS[1][1]}]


@pytest.mark.parametrize(
    "answer",
    [
        {"columns": ["id"], "rows": ROWS},
        {"columns": [], "rows": []},
        {"tables": []},
        {"tables": [{"name": "a"}]},
        {"columns": COLUMNS},
        [TABLE],
        None,
    ],
)
def test_anything_else_is_no_table(answer):
    assert rows_as_objects(answer) is None


def test_a_mapping_reads_such_an_answer_and_a_row_that_does_not_fit_costs_itself(tmp_path):
    (tmp_path / "answer.json").write_text(json.dumps({"tables": [TABLE | {"rows": [*ROWS, ["3"], "x"]}]}))
    columns = "{message_id: id, source: {value: a}, target: {value: b}, sent_at: at, status: {value: ok}}"
    (tmp_path / "mapping.yaml").write_text(f"sources: [{{glob: '*.json', frame: messages, columns: {columns}}}]")
    evidence = ih.read(tmp_path)
    assert evidence.messages["message_id"].to_list() == ["1", "2"]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").row(0) == (4, 2, 2)
    assert evidence.rejected["reason"].to_list() == ["not_an_object"] * 2
