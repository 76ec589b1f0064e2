"""Answers to queries whose rows are lists: the names of the columns stand once, beside them.

``{"tables": [{"name", "columns": [{"name", "type"}], "rows": [[...]]}]}`` is Azure Monitor's form (Log Analytics,
Application Insights), ``{"Tables": [{"Columns": [{"ColumnName"}], "Rows"}]}`` that of Kusto, and one such table alone
is what Elasticsearch SQL and the cost API of Azure (below ``properties``) answer.
"""

from collections.abc import Iterator
from typing import Any

TABLES = ("tables", "Tables")
COLUMNS, ROWS, NAMES = ("columns", "Columns"), ("rows", "Rows"), ("name", "ColumnName")
# An answer of Azure Monitor holds the table that was asked for, and may hold what the query cost.
ASKED_FOR = ("PrimaryResult", "Table_0")


def rows_as_objects(answer: Any) -> Iterator[Any] | None:
    """The rows of an answer as objects, by column; a row that fits no columns as it is. None for anything else."""
    if not isinstance(answer, dict):
        return None
    tables = _list(answer, TABLES)
    if tables is None:
        tables = [answer.get("properties") if isinstance(answer.get("properties"), dict) else answer]
    by_name = {_text(table, ("name", "TableName")): table for table in tables if isinstance(table, dict)}
    asked = [by_name[name] for name in ASKED_FOR if name in by_name] or tables
    parts = [(_names(table), _list(table, ROWS)) for table in asked]
    if not parts or any(names is None or rows is None for names, rows in parts):
        return None
    return (_object(names, row) for names, rows in parts for row in rows or [])


def _object(names: list[str] | None, row: Any) -> Any:
    if names is None or not isinstance(row, list) or len(row) != len(names):
        return row
    return dict(zip(names, row, strict=True))


def _names(table: Any) -> list[str] | None:
    columns = _list(table, COLUMNS)
    names = [_text(column, NAMES) for column in columns or []]
    return [name for name in names if name is not None] if names and None not in names else None


def _list(value: Any, keys: tuple[str, ...]) -> list[Any] | None:
    lists = (value.get(key) for key in keys) if isinstance(value, dict) else ()
    return next((each for each in lists if isinstance(each, list)), None)


def _text(value: Any, keys: tuple[str, ...]) -> str | None:
    texts = (value.get(key) for key in keys) if isinstance(value, dict) else ()
    return next((each for each in texts if isinstance(each, str)), None)
