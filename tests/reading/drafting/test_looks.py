"""What a file looks like is told by its bytes, never by its name."""

import gzip
import json
import zipfile

import pytest

from integrhealth.reading.drafting.looks import looks_like

LINES = "\n".join(f"2026-01-01 08:00:0{n} INFO started" for n in range(5))
ONE_LIST = "a JSON document with a list of objects under"
OBJECT = {"id": 1, "at": "2026-01-01T08:00:00Z"}
LOOKS = {
    "empty": (b"", "an empty file"),
    "blank": (b" \n\n", "a file of blanks"),
    "image": (b"\x89PNG\r\n\x1a\n", "an image (PNG)"),
    "pdf": (b"%PDF-1.7\n", "a PDF"),
    "sqlite": (b"SQLite format 3\0", "an SQLite database"),
    "binary": (b"abc\0\0\0", "binary data"),
    "page": (b"<!DOCTYPE html><html>", "a web page (HTML)"),
    "xml": (b"<?xml version='1.0'?><!-- x --><orders><order/></orders>", "XML with the root element orders"),
    "text": (LINES.encode(), "lines of text, 5 of the first 5 with a time"),
    "sentences": (b"dear all, this\nis nothing, really, to\nlook at, is it\n", "text without times"),
    "csv": (b"a;b,c\n1;2\n3;4\n", "a table with 2 columns, separated by ';' (a, b,c)"),
    "tabs": (b"a\tb\n1\t2\n", "a table with 2 columns, separated by 'tab' (a, b)"),
    "wide": (",".join(f"c{n}" for n in range(40)).encode() + b"\n" + b",".join([b"1"] * 40), "a wide table with 40"),
    "headless": (b"2026-01-01 08:00:00,a,b\n" * 3, "lines with a time, or a table without a line of column names"),
    "json lines": (b'{"a": 1, "b": 2}\n{"a": 1}\n', "JSON lines with the keys a, b"),
    "list": (json.dumps([OBJECT, OBJECT]).encode(), "a list of JSON objects with the keys id, at"),
    "numbers": (b"[1, 2, 3]", "a JSON list of values that are no objects"),
    "wrapped": (json.dumps({"x": {"builds": [OBJECT]}}).encode(), f"{ONE_LIST} x.builds"),
    "pretty": (json.dumps({"n": 1, "y": [OBJECT]}, indent=1).encode(), f"{ONE_LIST} y"),
    "several": (json.dumps({"a": [OBJECT], "b": [OBJECT]}).encode(), "a JSON document with 2 lists"),
    "object": (json.dumps(OBJECT).encode(), "one JSON object with the keys id, at"),
    "broken": (b'{"a": [1, 2', "JSON that is not whole"),
    "deep": (b"[" * 100_000, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("packed", [False, True])
def test_what_a_file_looks_like(tmp_path, name, packed):
    data, said = LOOKS[name]
    path = tmp_path / "messages.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    looks = looks_like(path)
    assert looks.said.startswith(said)
    assert looks.next


def test_a_damaged_gzip_is_said_to_be_one(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"")[:12] + b"\xff" * 9)
    assert looks_like(path).said.startswith("a damaged file")


def test_a_workbook_is_called_one_wherever_its_parts_stand_in_the_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "sheet.xlsx", "w") as workbook:
        workbook.writestr("docProps/app.xml", "<Properties/>")
        workbook.writestr("xl/workbook.xml", "<workbook/>")
        workbook.writestr("[Content_Types].xml", "<Types/>")
    looks = looks_like(tmp_path / "sheet.xlsx")
    assert (looks.said, looks.next) == ("an Excel workbook", "save the sheet with the records as CSV, UTF-8")
