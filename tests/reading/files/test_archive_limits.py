"""Archives made to do harm: what unpacks to far too much is given up, and no bytes make a reading crash or hang."""

import gzip
import random
import struct
import tempfile
from pathlib import Path
from zipfile import ZIP_STORED

import pytest
from drawing.bad_input import GOOD, HEAD, folder, lines, noise, record
from drawing.zip_files import accounts, good, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.reading.files import archives, opened

UNKNOWN = (None, None, None, None)
TWO = ("csv", 2, 2, 0)
TOO_LARGE = "unpacks_too_large"
BOMB = GOOD + "\n" * 3_000_000


@pytest.fixture
def account(tmp_path, monkeypatch):
    """The account of one archive by name, and what was rejected, under a limit of 300,000 bytes, then 100 to one."""
    monkeypatch.setattr(opened, "FREE_BYTES", 300_000)
    monkeypatch.setattr(opened, "MOST_TO_ONE", 100)

    def read(content, name="a.zip"):
        evidence = ih.read(folder(tmp_path / "logs", {name: content}))
        return accounts(evidence), evidence.rejected.select("file", "reason", "raw").rows()

    return read


def test_a_bomb_keeps_what_came_before_it_and_those_behind_it_are_one_record(account):
    content = zipped(("0.csv", good(0)), ("bomb.csv", BOMB), ("1.csv", good(1)), ("2.csv", good(2)))
    found, rejected = account(content)
    assert found == {"a.zip/0.csv": TWO, "a.zip/bomb.csv": ("csv", 3, 2, 1), "a.zip": UNKNOWN}
    assert [row[:2] for row in rejected] == [("a.zip", TOO_LARGE), ("a.zip/bomb.csv", TOO_LARGE)]
    assert rejected[0][2] == "2 members were not read"


def test_many_members_that_are_each_just_small_enough_are_a_bomb_together(account):
    part = HEAD + "\n" * 200_000
    found, rejected = account(zipped(*((f"{number}.csv", part) for number in range(9))))
    assert found == {"a.zip/0.csv": ("csv", 0, 0, 0), "a.zip/1.csv": ("csv", 0, 0, 0), "a.zip": UNKNOWN}
    assert rejected == [("a.zip", TOO_LARGE, "7 members were not read")]


def test_a_directory_that_lies_about_sizes_changes_nothing(account):
    content = zipped(("bomb.csv", BOMB), ("1.csv", GOOD))
    at = content.index(b"PK\x01\x02") + 24
    found, rejected = account(content[:at] + struct.pack("<I", 100) + content[at + 4 :])
    assert found == {"a.zip/bomb.csv": ("csv", 3, 2, 1), "a.zip": UNKNOWN}
    assert [reason for _, reason, _ in rejected] == [TOO_LARGE, TOO_LARGE]


@pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.zip"])
def test_a_bomb_one_level_down_is_refused_and_its_neighbours_are_good(account, name):
    inner = gzip.compress(BOMB.encode()) if name.endswith("gz") else zipped(("bomb.csv", BOMB))
    found, rejected = account(zipped(("0.csv", good(0)), (name, inner)))
    bomb = f"a.zip/{name}" + ("" if name.endswith("gz") else "/bomb.csv")
    assert found == {"a.zip/0.csv": TWO, bomb: UNKNOWN}
    assert rejected == [(bomb, TOO_LARGE, None)]


@pytest.mark.parametrize("method", [ZIP_STORED, 8])
def test_archives_of_archives_have_one_limit_together(account, method):
    """Nine archives of which each alone would pass, packed once more to next to nothing."""
    inner = zipped(("a.csv", HEAD + "\n" * 250_000), method=method)
    found, rejected = account(zipped(*((f"{number}.zip", inner) for number in range(9))))
    assert sum(counts == ("csv", 0, 0, 0) for counts in found.values()) <= 1
    assert {reason for _, reason, _ in rejected} == {TOO_LARGE}


@pytest.mark.parametrize("outer", [gzip.compress, lambda inner: zipped(("in.zip", inner))])
def test_an_archive_that_is_packed_again_and_too_large_is_refused_before_it_fills_the_disk(account, outer):
    found, rejected = account(outer(zipped(("a.csv", BOMB), method=ZIP_STORED)))
    assert list(found.values()) == [UNKNOWN]
    assert [reason for _, reason, _ in rejected] == [TOO_LARGE]


def test_members_that_share_their_bytes_are_a_bomb(account):
    assert account(shared(1))[0] == {"a.zip/a.csv": UNKNOWN}
    assert account(shared(10))[1] == [("a.zip", TOO_LARGE, None)]


def shared(copies):
    """An archive whose directory names the one member that it has many times."""
    content = zipped(("a.csv", noise(5_000)))
    directory, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entries = content[directory:end] * copies
    counts = struct.pack("<HHII", copies, copies, len(entries), directory)
    return content[:directory] + entries + content[end : end + 8] + counts + bytes(2)


def test_more_members_than_any_export_has_are_one_record(account, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    found, rejected = account(zipped(("in/", b""), *((f"{number}.csv", good(number)) for number in range(5))))
    assert found == {"a.zip/0.csv": TWO, "a.zip/1.csv": TWO, "a.zip": UNKNOWN}
    assert rejected == [("a.zip", "too_many_members", "3 members were not read")]


def test_ten_thousand_members_of_one_name_are_told_apart_in_time():
    entries = [archives.ZipInfo("a.csv") for _ in range(10_000)]
    shown = list(archives._shown_names(entries))
    assert len(set(shown)) == 10_000


MEMBERS = [
    ("messages.csv", GOOD),
    ("day.jsonl", lines(*map(record, range(3, 9)))),
    ("in.zip", zipped(("x.csv", good(7)))),
    ("more.csv.gz", gzip.compress(good(8).encode())),
]
SEEDS = [zipped(*MEMBERS), zipped(*MEMBERS, method=ZIP_STORED), gzip.compress(zipped(*MEMBERS[:2]))]


@settings(max_examples=40, deadline=5_000)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=8), st.booleans())
def test_no_bytes_make_a_reading_crash_and_every_record_is_accounted_for(seed, changes, cut):
    content = bytearray(seed)
    for place, found in changes:
        at = int(place * len(content))
        content[at : at + len(found)] = found
    if cut:
        del content[-(len(changes) + 1) * 20 :]
    with tempfile.TemporaryDirectory() as place:
        evidence = ih.read(folder(Path(place), {"a.zip": bytes(content)}))
    accounts(evidence)
    assert evidence.sources.height


def test_a_turned_bit_costs_no_more_than_the_member_it_is_in():
    content = zipped(*((f"{number}.csv", good(number)) for number in range(4)))
    directory = content.index(b"PK\x01\x02")
    turns = random.Random(7)
    with tempfile.TemporaryDirectory() as place:
        for _ in range(60):
            at = turns.randrange(directory)
            turned = content[:at] + bytes([content[at] ^ 1 << turns.randrange(8)]) + content[at + 1 :]
            found = accounts(ih.read(folder(Path(place), {"a.zip": turned})))
            assert found.keys() == {f"a.zip/{number}.csv" for number in range(4)}
            assert sum(counts == TWO for counts in found.values()) >= 3
