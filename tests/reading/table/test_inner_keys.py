"""Columns inside objects: keys may have dots themselves, and files of one program spell them in several ways."""

import json

import polars as pl
import pytest

from integrhealth.reading.mapping.framing import with_inner
from integrhealth.reading.mapping.yaml_entries import load_mapping
from integrhealth.reading.table.files import read_table
from integrhealth.reading.table.inner_keys import key_places

MAPPING = """
sources:
  - glob: "*"
    frame: logs
    columns: {time: time, system: log.service.name, text: text, level: attributes.http.status}
"""
SPELLINGS = (
    {"log": {"service.name": "shop"}, "attributes": {"http.status": "200"}},
    {"log": {"service": {"name": "shop"}}, "attributes": {"http": {"status": "200"}}},
    {"log.service.name": "shop", "attributes.http": {"status": "200"}},
    {"log.service": {"name": "shop"}, "attributes.http.status": "200"},
)
COMMON = {"time": "2026-01-02T03:04:05Z", "text": "begun"}


def as_lines(records):
    return "\n".join(map(json.dumps, records))


def as_array(records):
    return json.dumps(records)


def as_wrapped(records):
    return json.dumps({"items": records, "nextLink": ""})


@pytest.fixture
def read(tmp_path):
    def reading(text):
        (tmp_path / "app.json").write_text(text)
        (tmp_path / "mapping.yaml").write_text(MAPPING)
        sources = load_mapping(tmp_path / "mapping.yaml").sources_for("app.json")
        (parsed,) = read_table(tmp_path / "app.json", "app.json", sources=sources)
        assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
        return parsed

    return reading


@pytest.mark.parametrize("written", [as_lines, as_array, as_wrapped])
@pytest.mark.parametrize("spelled", [*((each,) for each in SPELLINGS), SPELLINGS])
def test_a_column_is_read_wherever_its_name_is_cut_into_keys(read, written, spelled):
    parsed = read(written([COMMON | each for each in spelled]))
    assert parsed.rejected.is_empty()
    assert parsed.rows.select("system", "level").rows() == [("shop", "200")] * len(spelled)


def test_columns_of_structs_are_read_likewise(tmp_path):
    pl.DataFrame([COMMON | SPELLINGS[0]]).write_parquet(tmp_path / "app.parquet")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    sources = load_mapping(tmp_path / "mapping.yaml").sources_for("app.parquet")
    (parsed,) = read_table(tmp_path / "app.parquet", "app.parquet", sources=sources)
    assert parsed.rows.select("system", "level").rows() == [("shop", "200")]


def test_of_two_values_of_one_name_the_one_under_the_fewest_keys_counts(read):
    record = COMMON | {"log": {"service.name": "dotted", "service": {"name": "nested"}}}
    assert read(as_lines([record])).rows["system"].to_list() == ["dotted"]
    assert list(key_places("log.service.name", record)) == [("log", "service.name"), ("log", "service", "name")]


def test_a_key_that_is_no_object_is_no_place():
    assert list(key_places("a.b", {"a": "text"})) == []
    assert list(key_places("a.b", {"a": None, "a.b": 1})) == [("a.b",)]
    assert list(key_places("a.b", ["a"])) == []


def test_json_text_in_a_column_has_keys_with_dots_too():
    texts = ['{"a": {"b": {"c": 1}}}', '{"a.b": {"c": 2}}', '{"a": {"b.c": 3}}', '{"a.b.c": 4}', "{}", "no JSON", None]
    inner = with_inner(pl.DataFrame({"x": texts}), ["x.a.b.c"])
    assert inner["x.a.b.c"].to_list() == ["1", "2", "3", "4", None, None, None]
    long = with_inner(pl.DataFrame({"x": ['{"a.b.c.d.e": 1}', '{"a":{"b":{"c":{"d":{"e":2}}}}}']}), ["x.a.b.c.d.e"])
    assert long["x.a.b.c.d.e"].to_list() == ["1", "2"]
