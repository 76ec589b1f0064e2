"""ZIP archives: every member is a file with an account of its own, whatever it is called, packed in or spoiled by."""

import gzip
import io
import tempfile
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import polars as pl
import pytest
from drawing.bad_input import GOOD, csv_rows, folder, lines, otlp_line, png, record
from drawing.shared_data import shared_data
from drawing.zip_files import accounts, damaged, good, zipped

import integrhealth as ih
from integrhealth.errors import FaultyFile
from integrhealth.reading.account.parsed import Format, Parsed, no_rejections

UNKNOWN = (None, None, None, None)
TWO = ("csv", 2, 2, 0)


MAPPING = """sources:
  - glob: '{}'
    frame: messages
    columns: {{message_id: message_id, source: source, target: target, sent_at: sent_at, status: status}}
"""


@pytest.fixture
def account(tmp_path, monkeypatch):
    """The account of one file of these bytes by name, and what was rejected; nothing stays in the temporary folder."""
    room = folder(tmp_path / "room", {})
    monkeypatch.setattr(tempfile, "tempdir", str(room))

    def read(content, *, name="a.zip", mapping=None):
        files = {name: content} | ({"mapping.yaml": mapping} if mapping else {})
        evidence = ih.read(folder(tmp_path / "logs", files))
        assert not list(room.iterdir())
        assert not list(tmp_path.rglob("*evil*"))
        return accounts(evidence), evidence.rejected.select("file", "reason").rows()

    return read


@pytest.mark.parametrize("method", [ZIP_DEFLATED, ZIP_STORED])
@pytest.mark.parametrize("name", ["a.zip", "a.csv", "a"])
def test_every_member_is_a_file_of_its_own(account, method, name):
    members = [
        ("orders.csv", GOOD),
        ("2026/day.jsonl", lines(record(3), "{")),
        ("spans", lines(otlp_line(1))),
        ("a.png", png()),
    ]
    found, rejected = account(zipped(*members, method=method), name=name)
    assert found == {
        f"{name}/orders.csv": TWO,
        f"{name}/2026/day.jsonl": ("jsonl", 2, 1, 1),
        f"{name}/spans": ("otlp", 1, 1, 0),
        f"{name}/a.png": UNKNOWN,
    }
    assert rejected == [(f"{name}/2026/day.jsonl", "bad_json")]


def test_the_rows_lead_back_to_the_member(tmp_path):
    place = folder(tmp_path, {"a.zip": zipped(("orders.csv", GOOD))})
    rows = ih.read(place).messages.select("log_file", "log_line").rows()
    assert rows == [("a.zip/orders.csv", 2), ("a.zip/orders.csv", 3)]


def test_a_member_is_known_by_the_name_of_a_frame_as_a_file_is(account):
    edges = "source,target,calls,colour,weight,height,depth\nA,B,3,red,1,2,3\n"
    found, _ = account(zipped(("x/dependencies.csv", edges), ("Dependencies.csv.gz", gzip.compress(edges.encode()))))
    assert [format for format, *_ in found.values()] == ["csv", "csv"]


def test_a_mapping_fits_members_by_their_names(account):
    content = zipped(("in/orders.csv", "von,nach,zeit\nA,B,2026-03-01T08:00:00Z\n"), ("other.csv", "von,nach\nA,B\n"))
    columns = "{source: von, target: nach, sent_at: zeit, message_id: von, status: {value: ok}}"
    entry = "  - glob: '{}'\n    frame: messages\n    columns: "
    for glob in ("in/*.csv", "a.zip/in/*", "orders.csv"):
        found, _ = account(content, mapping="sources:\n" + entry.format(glob) + columns)
        assert found == {"a.zip/in/orders.csv": ("csv", 1, 1, 0), "a.zip/other.csv": UNKNOWN}, glob


def test_a_glob_that_fits_a_member_is_not_idle(tmp_path):
    place = folder(tmp_path, {"a.zip": zipped(("orders.csv", GOOD)), "mapping.yaml": MAPPING.format("orders.csv")})
    evidence = ih.read(place)
    assert (accounts(evidence), evidence.warnings) == ({"a.zip/orders.csv": TWO}, ())


def test_nothing_stays_behind_where_a_mapping_is_at_fault(account):
    entry = MAPPING.format("*.csv").replace("    columns:", "    csv: {encoding: klingon}\n    columns:")
    with pytest.raises(FaultyFile):
        account(zipped(("a.csv", GOOD)), mapping=entry)
    assert not list(Path(tempfile.gettempdir()).iterdir())


def test_folders_and_what_is_hidden_are_passed_over(account):
    hidden = ["__MACOSX/._orders.csv", ".DS_Store", "in/.hidden/orders.csv", ".orders.csv"]
    found, _ = account(zipped(("in/", b""), ("back\\", b""), *((name, GOOD) for name in hidden), ("in/a.csv", GOOD)))
    assert found == {"a.zip/in/a.csv": TWO}


@pytest.mark.parametrize("content", [zipped(), zipped(("in/", b""))])
def test_an_archive_without_files_is_listed(account, content):
    assert account(content) == ({"a.zip": UNKNOWN}, [])


def test_hostile_names_are_shown_and_never_become_paths(account):
    names = {
        "../../evil.csv": "evil.csv",
        "/etc/evil.csv": "etc/evil.csv",
        "..\\..\\evil.csv": "evil (2).csv",
        "C:\\evil.csv": "C:/evil.csv",
        "evil\x1b[2J\u202e.csv": "evil\ufffd[2J\ufffd.csv",
        "evil.csv\0.exe": "evil (3).csv",
        "evil" * 10_000 + ".csv": "evil" * 49 + ".csv",
        "evil.csv": "evil (4).csv",
        "..": "unnamed",
        "./a/./../evil.csv": "a/evil.csv",
    }
    found, _ = account(zipped(*((name, good(number)) for number, name in enumerate(names))))
    assert found == {f"a.zip/{shown}": TWO for shown in names.values()}


def test_members_of_the_same_name_have_accounts_of_their_own(account):
    found, _ = account(zipped(*(("a.csv", good(number)) for number in range(3)), ("a (2).csv", good(4))))
    assert found == {f"a.zip/{name}.csv": TWO for name in ("a", "a (2)", "a (3)", "a (2) (2)")}


def test_what_cannot_be_taken_out_is_one_record_each_and_the_rest_is_good(account):
    members = [(f"{number}.csv", good(number)) for number in range(6)]
    content = zipped(*members, ("3.png", png()))
    with ZipFile(io.BytesIO(content)) as archive:
        starts = [entry.header_offset for entry in archive.infolist()]
    directory = content.index(b"PK\x01\x02")
    entries = [at for at in range(directory, len(content)) if content.startswith(b"PK\x01\x02", at)]
    content = damaged(content, entries[1] + 8)  # the flag of what is encrypted
    content = damaged(content, entries[2] + 10)  # the method
    content = damaged(content, entries[3] + 16)  # the sum
    content = damaged(content, starts[4])  # its own header
    content = damaged(content, starts[5] + 36)  # the first of its bytes: a block of a kind that does not exist
    content = damaged(damaged(content, entries[6] + 16), entries[6] + 8)
    found, rejected = account(content)
    assert found == {
        "a.zip/0.csv": TWO,
        "a.zip/3.csv": ("csv", 3, 2, 1),
        **dict.fromkeys([f"a.zip/{number}.csv" for number in (1, 2, 4, 5)], UNKNOWN),
        "a.zip/3.png": UNKNOWN,
    }
    assert rejected == [
        ("a.zip/1.csv", "encrypted"),
        ("a.zip/2.csv", "unknown_packing"),
        ("a.zip/3.csv", "damaged_zip"),
        ("a.zip/3.png", "encrypted"),
        ("a.zip/4.csv", "damaged_zip"),
        ("a.zip/5.csv", "damaged_zip"),
    ]


def test_a_picture_with_a_wrong_sum_is_said_to_be_damaged(account):
    content = zipped(("a.png", png()))
    found, rejected = account(damaged(content, content.index(b"PK\x01\x02") + 16))
    assert (found, rejected) == ({"a.zip/a.png": UNKNOWN}, [("a.zip/a.png", "damaged_zip")])


def test_a_packing_that_logs_are_not_packed_in_is_said(account):
    assert account(zipped(("a.csv", GOOD), method=ZIP_LZMA))[1] == [("a.zip/a.csv", "unknown_packing")]


@pytest.mark.parametrize(("kept", "reason"), [(60, "truncated_zip"), (-1, "truncated_zip"), (4, "truncated_zip")])
def test_an_archive_that_breaks_off_is_one_record(account, kept, reason):
    assert account(zipped(("a.csv", GOOD))[:kept]) == ({"a.zip": UNKNOWN}, [("a.zip", reason)])


def test_a_directory_that_is_damaged_is_one_record(account):
    content = zipped(("a.csv", GOOD))
    assert account(damaged(content, content.index(b"PK\x01\x02")))[1] == [("a.zip", "damaged_zip")]


def test_one_archive_in_another_is_opened_and_the_next_is_refused(account):
    packed = gzip.compress(good(2).encode())
    inner = zipped(("1.csv", good(1)), ("deep.zip", zipped(("x.csv", GOOD))), ("deep.gz", packed))
    found, rejected = account(zipped(("in.zip", inner), ("2.csv.gz", packed), ("0.csv", good(0))))
    assert found == {
        "a.zip/in.zip/1.csv": TWO,
        "a.zip/in.zip/deep.zip": UNKNOWN,
        "a.zip/in.zip/deep.gz": UNKNOWN,
        "a.zip/2.csv.gz": TWO,
        "a.zip/0.csv": TWO,
    }
    assert rejected == [("a.zip/in.zip/deep.gz", "packed_too_deep"), ("a.zip/in.zip/deep.zip", "packed_too_deep")]


def test_a_gzip_holds_an_archive_or_another_gzip_and_no_third(account):
    once = gzip.compress(GOOD.encode())
    assert account(gzip.compress(zipped(("a.csv", GOOD))), name="a.gz") == ({"a.gz/a.csv": TWO}, [])
    assert account(gzip.compress(once), name="a.gz") == ({"a.gz": TWO}, [])
    assert account(gzip.compress(gzip.compress(once)), name="a.gz") == (
        {"a.gz": UNKNOWN},
        [("a.gz", "packed_too_deep")],
    )


@pytest.mark.parametrize(("method", "reason"), [(ZIP_DEFLATED, "damaged_zip"), (ZIP_STORED, "truncated_zip")])
def test_a_member_that_is_said_to_go_past_the_end_keeps_its_records(account, method, reason):
    content = zipped(("a.csv", csv_rows(100)), method=method)
    size = content.index(b"PK\x01\x02") + 20
    content = content[:size] + len(content).to_bytes(4, "little") + content[size + 4 :]
    assert account(content) == ({"a.zip/a.csv": ("csv", 101, 100, 1)}, [("a.zip/a.csv", reason)])


@pytest.mark.parametrize("mark", ["[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"])
def test_what_is_a_zip_only_by_its_make_is_left_alone(tmp_path, mark):
    place = folder(tmp_path, {"table.xlsx": zipped((mark, "x"), ("messages.csv", GOOD))})
    evidence = ih.read(place)
    assert accounts(evidence) == {"table.xlsx": UNKNOWN}
    (warning,) = evidence.warnings
    assert warning.startswith("table.xlsx: is a")
    assert warning.endswith("save its tables as CSV") == ("META" not in mark)


def test_a_format_that_wants_the_whole_archive_is_asked_first(account, monkeypatch):
    def named(head):
        return head.start.startswith(b"PK") and "users.json" in ZipFile(head.path).namelist()

    def read(path, log_file, **_):
        return [Parsed("chat", "contacts", pl.DataFrame(), 0, no_rejections())]

    chat = Format.__new__(Format)
    for key, value in {"recognises": named, "read": read}.items():
        object.__setattr__(chat, key, value)
    monkeypatch.setattr("integrhealth.reading.discovery.FORMATS", (chat,))
    whole = zipped(("users.json", "[]"), ("messages.csv", GOOD))
    seen = []
    monkeypatch.setattr("integrhealth.evidence.tidied", lambda parsed, *_, **__: seen.extend(parsed) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        account(zipped(("in.zip", whole), ("messages.csv", GOOD)))
    assert [(part.file, part.format) for part in seen] == [("a.zip/in.zip", "chat"), ("a.zip/messages.csv", "csv")]


def test_the_table_in_the_archive_of_sap_is_read_whole(tmp_path):
    path = shared_data("formats", "sap", "VBFA.zip")
    with ZipFile(path) as archive:
        head, *rows = archive.read("VBFA.zip").decode().splitlines()
    stated = [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows]
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        """sources:
  - glob: VBFA.zip
    frame: documents
    time: {format: "%Y%m%d", zone: UTC}
    columns: {document: VBELN, line: POSNN, type: VBTYP_N, preceding: VBELV, preceding_line: POSNV, created_at: ERDAT}
"""
    )
    evidence = ih.read(path, mapping=mapping)
    assert accounts(evidence) == {"VBFA.zip/VBFA.zip": ("csv", 167_766, 167_766, 0)}
    columns = {"document": "VBELN", "line": "POSNN", "type": "VBTYP_N", "preceding": "VBELV", "preceding_line": "POSNV"}
    read = evidence.documents.sort("log_line")
    for column, name in columns.items():
        assert read[column].to_list() == [row[name].strip() or None for row in stated], column
    assert read["created_at"].dt.strftime("%Y%m%d").to_list() == [row["ERDAT"] for row in stated]
