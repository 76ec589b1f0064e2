"""What is a copy: a record with the same id, or the same record of another file; never a second event of one file."""

import gzip
import itertools
import json
import zipfile

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.catalog import Catalog
from integrhealth.reading.discovery import parsed_files
from integrhealth.reading.tidying import tidied

MAPPING = """sources:
  - glob: "*app*"
    frame: logs
    columns: {time: ts, system: service, level: level, text: message}
"""
LINE = {"ts": "2026-05-01T10:00:00Z", "service": "orders", "level": "ERROR", "message": "db timeout"}


def lines(*pids):
    return "".join(json.dumps(LINE | {"pid": pid}) + "\n" for pid in pids).encode()


@pytest.fixture
def read(tmp_path):
    """What is read of files with these contents, by their names, as logs that leave the process out."""

    def read(**files):
        (tmp_path / "mapping.yaml").write_text(MAPPING)
        for name, content in files.items():
            (tmp_path / name.replace("_", ".", 1)).write_bytes(content)
        evidence = ih.read(tmp_path)
        sources = evidence.sources
        assert sources.filter(pl.col("rows_in") != pl.col("rows_out") + pl.col("rows_rejected")).is_empty()
        assert sources.filter(pl.col("rows_out") != pl.col("rows") + pl.col("duplicates")).is_empty()
        assert sources["rows"].sum() == evidence.logs.height
        return evidence

    return read


def counts(evidence):
    return evidence.sources["rows"].to_list(), evidence.sources["duplicates"].to_list()


def test_lines_that_differ_in_what_is_not_kept_are_all_there():
    evidence = ih.read(shared_data("cases", "D11"))
    assert evidence.logs.height == 40
    assert evidence.sources["duplicates"].to_list() == [0]


def test_a_line_that_a_system_log_repeats_is_an_event_each_time(tmp_path):
    line = "Jun 15 02:04:59 combo sshd(pam_unix)[20882]: authentication failure; logname= uid=0 user=root"
    (tmp_path / "messages.log").write_text(f"{line}\n" * 1_500 + f"{line.replace('02:', '03:')}\n" * 500)
    evidence = ih.read(tmp_path)
    assert evidence.logs.height == 2_000
    assert evidence.sources.select("rows_in", "rows_out", "duplicates", "rows").row(0) == (2_000, 2_000, 0, 2_000)


def test_the_same_bytes_in_a_second_file_are_copies_as_often_as_they_stand_there(read):
    assert counts(read(app_1=lines(1, 1, 2), app_2=lines(1, 1, 2))) == ([3, 0], [0, 3])


def test_of_a_record_that_files_repeat_the_most_stay(read):
    assert counts(read(app_1=lines(1, 1), app_2=lines(1, 1, 1, 2), app_3=lines(1, 2, 2))) == ([2, 2, 1], [0, 2, 2])


def test_replicas_whose_lines_differ_in_what_is_not_kept_stay(read):
    assert counts(read(app_1=lines(1, 2), app_2=lines(3, 4))) == ([2, 2], [0, 0])


def test_exports_that_overlap_are_one(read):
    assert counts(read(app_1=lines(1, 2, 3), app_2=lines(2, 3, 4))) == ([3, 1], [0, 2])


def table(*pids):
    return (
        b"ts,service,level,message,pid\n"
        + "".join(",".join([*LINE.values(), str(pid)]) + "\n" for pid in pids).encode()
    )


def listed(*pids, indent=None):
    return json.dumps([LINE | {"pid": pid} for pid in pids], indent=indent).encode()


def wrapped(*pids):
    return json.dumps({"value": [LINE | {"pid": pid} for pid in pids]}).encode()


@pytest.mark.parametrize(
    "content",
    [table, listed, lambda *pids: listed(*pids, indent=1), wrapped, lambda *pids: gzip.compress(lines(*pids))],
    ids=["csv", "list", "indented", "wrapped", "gzip"],
)
def test_in_every_kind_of_table_it_is_the_record_that_counts(read, content):
    evidence = read(app_1=content(1, 2, 3), app_2=content(3, 4, 5), app_3=content(6, 6))
    assert counts(evidence) == ([3, 2, 2], [0, 1, 0])


def test_rows_of_parquet_are_told_apart_by_all_their_columns(read, tmp_path):
    for name, pids in {"1": (1, 2), "2": (2, 3)}.items():
        pl.DataFrame([LINE | {"pid": pid, "tags": ["a"]} for pid in pids]).write_parquet(tmp_path / f"app.{name}")
    assert counts(read()) == ([2, 1], [0, 1])


def test_a_file_and_its_packed_copies_are_one(read, tmp_path):
    with zipfile.ZipFile(tmp_path / "old.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.9", lines(1, 2, 2, 7))
    evidence = read(app_1=lines(1, 2, 2), app_1_gz=gzip.compress(lines(1, 2, 2)))
    assert evidence.logs.height == 4
    assert evidence.sources["duplicates"].sum() == 6
    assert evidence.sources.filter(file="old.zip/app.9").select("rows", "duplicates").row(0) == (1, 3)


def test_the_same_lines_remain_in_whichever_order_files_are_read(tmp_path):
    contents, left = [lines(1, 1, 2), lines(1, 2, 2, 3), lines(4, 1)], set()
    for place, order in enumerate(itertools.permutations(contents)):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / "mapping.yaml").write_text(MAPPING)
        for number, content in enumerate(order):
            (folder / f"app.{number}").write_bytes(content)
        evidence = ih.read(folder)
        kept = evidence.logs.select(
            pl.struct("log_file", "log_line").map_elements(
                lambda at, folder=folder: (folder / at["log_file"]).read_text().splitlines()[at["log_line"] - 1],
                return_dtype=pl.String,
            )
        )
        left.add(tuple(kept.to_series().sort()))
    assert len(left) == 1
    assert [json.loads(each)["pid"] for each in left.pop()] == [1, 1, 2, 2, 3, 4]


def test_messages_with_the_same_id_are_one_also_inside_a_file(tmp_path):
    row = "m1,Shop,ERP,2026-03-01T08:00:00Z,ok\n"
    (tmp_path / "messages.csv").write_text("message_id,source,target,sent_at,status\n" + row * 3)
    evidence = ih.read(tmp_path)
    assert evidence.messages.height == 1
    assert evidence.sources.select("rows_out", "duplicates", "rows").row(0) == (3, 2, 1)


def test_frames_of_an_analyst_keep_what_they_repeat():
    logs = pl.DataFrame({"time": ["2026-03-01T08:00:00"] * 3, "system": ["a"] * 3}).with_columns(
        pl.col("time").str.to_datetime()
    )
    evidence = ih.Evidence(logs=logs)
    assert evidence.logs.height == 3
    assert evidence.replace(logs=evidence.logs).logs.height == 3


def test_a_file_that_is_gone_by_then_takes_nothing_with_it(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.app.log").write_bytes(lines(1, 2))
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    parts, _ = parsed_files([tmp_path], mapping=None, strict=False)
    (tmp_path / "two.app.log").unlink()
    assert tidied(parts, Catalog(), show_people=False).frames["logs"].height == 4
