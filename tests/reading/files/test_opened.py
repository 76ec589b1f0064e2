"""Files as they come: encodings, line ends, gzip whole and broken, and gzip that unpacks to far too much."""

import gzip
import json
import struct
import tracemalloc
import zlib

import pytest
from drawing.bad_input import GOOD, HEAD, folder, lines, noise, otlp_line, record

import integrhealth as ih
from integrhealth.reading.files import opened
from integrhealth.reading.files.opened import HEAD_BYTES, beginning

SPAN = {"traceId": "a" * 32, "id": "b" * 16, "timestamp": 1_772_352_000_000_000, "localEndpoint": {"serviceName": "ü"}}
WHOLE = {
    "messages.csv": (GOOD, "csv", 2),
    "messages.jsonl": (lines(record(1), record(2, error_text="größer 𝄞")), "jsonl", 2),
    "messages.json": (json.dumps([record(1), record(2)], indent=1), "json", 2),
    "zipkin.json": (json.dumps([SPAN], ensure_ascii=False), "zipkin", 1),
    "otlp.jsonl": (lines(otlp_line(1), otlp_line(2)), "otlp", 2),
    "otlp.json": (json.dumps(otlp_line(1), indent=1), "otlp", 1),
}
UTF16_LE, UTF16_BE = b"\xff\xfe", b"\xfe\xff"
ENCODINGS = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "utf-16-le": lambda text: UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be": lambda text: UTF16_BE + text.encode("utf-16-be"),
}


@pytest.fixture
def account(tmp_path):
    """What one file of these bytes counts for: format, rows in, rows out, rows rejected; and what was rejected."""

    def read(name, content):
        evidence = ih.read(folder(tmp_path / "logs", {name: content}) / name)
        (row,) = evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected").rows()
        return row, evidence.rejected.select("line", "reason").rows()

    return read


@pytest.fixture
def small_limit(monkeypatch):
    """A limit that a test of milliseconds meets: 300,000 bytes, then 100 to one."""
    monkeypatch.setattr(opened, "FREE_BYTES", 300_000)
    monkeypatch.setattr(opened, "MOST_TO_ONE", 100)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("packed", [False, True])
def test_an_encoding_with_its_mark_and_gzip_change_no_account(account, name, encoding, packed):
    text, format, rows = WHOLE[name]
    content = ENCODINGS[encoding](text)
    assert account(name, gzip.compress(content) if packed else content) == ((format, rows, rows, 0), [])


def test_the_values_of_utf_16_are_those_that_were_written(tmp_path):
    text = lines(record(1, error_text="größer 𝄞"))
    evidence = ih.read(folder(tmp_path, {"messages.jsonl": UTF16_BE + text.encode("utf-16-be")}))
    assert evidence.messages["error_text"].to_list() == ["größer 𝄞"]


def test_the_beginning_of_utf_16_is_as_long_as_that_of_utf_8(tmp_path):
    place = folder(tmp_path, {"a": UTF16_LE + ("x" * 100_000).encode("utf-16-le"), "b": UTF16_LE + b"x\0y\0\x34\xd8"})
    assert beginning(place / "a") == b"x" * HEAD_BYTES
    assert beginning(place / "b") == b"xy"


def test_half_a_character_at_the_end_of_utf_16_costs_its_record(account):
    content = ENCODINGS["utf-16-le"](lines(record(1), record(2)))
    assert account("messages.jsonl", content[:-3]) == (("jsonl", 2, 1, 1), [(2, "bad_encoding")])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_every_age_end_the_rows_of_csv(account, end, last):
    text = GOOD.replace("\n", end)
    assert account("messages.csv", text if last else text.removesuffix(end)) == (("csv", 2, 2, 0), [])


def test_the_rows_of_an_old_mac_keep_their_lines(account):
    text = (GOOD + "m3,A,B,nope,ok\n").replace("\n", "\r")
    assert account("messages.csv", text) == (("csv", 3, 2, 1), [(4, "bad_time:sent_at")])


def test_a_gzip_of_several_members_is_one_file_even_where_a_line_goes_on_in_the_next(account):
    content = b"".join(gzip.compress(part) for part in (HEAD.encode(), GOOD[len(HEAD) :][:20].encode(), b""))
    content += gzip.compress(GOOD[len(HEAD) :][20:].encode())
    assert account("messages.csv.gz", content) == (("csv", 2, 2, 0), [])


@pytest.mark.parametrize("name", ["messages.csv", "messages.jsonl", "otlp.jsonl"])
def test_garbage_behind_a_gzip_is_one_record_and_everything_before_it_is_good(account, name):
    text, format, rows = WHOLE[name]
    found = account(name, gzip.compress(text.encode()) + b"garbage")
    assert found == ((format, rows + 1, rows, 1), [(text.count("\n") + 1, "damaged_gzip")])


def test_zeros_behind_a_gzip_are_padding(account):
    assert account("messages.csv", gzip.compress(GOOD.encode()) + bytes(512)) == (("csv", 2, 2, 0), [])


@pytest.mark.parametrize("name", ["messages.csv", "messages.jsonl", "otlp.jsonl"])
@pytest.mark.parametrize("lost", [1, 8])
def test_a_gzip_without_its_end_keeps_what_it_held(account, name, lost):
    text, format, rows = WHOLE[name]
    found = account(name, gzip.compress(text.encode())[:-lost])
    assert found == ((format, rows + 1, rows, 1), [(text.count("\n") + 1, "truncated_gzip")])


@pytest.mark.parametrize("at", [-8, -1])
def test_a_gzip_whose_sum_or_length_is_wrong_is_one_record_more(account, at):
    content = bytearray(gzip.compress(GOOD.encode()))
    content[at] ^= 1
    assert account("messages.csv", bytes(content)) == (("csv", 3, 2, 1), [(4, "damaged_gzip")])


def test_every_byte_before_the_damage_is_rescued(tmp_path):
    text = noise(70_000).hex().encode()
    packed = gzip.compress(text)
    place = folder(tmp_path, {"a.gz": packed[:-4] + bytes(4), "b.gz": packed[:-8]})
    for name in ("a.gz", "b.gz"):
        found, damage = opened.whole(place / name)
        assert (found == text, damage) == (True, "damaged_gzip" if name == "a.gz" else "truncated_gzip")


@pytest.mark.parametrize("name", ["messages.csv", "messages.jsonl"])
def test_what_unpacks_to_far_too_much_ends_as_one_record(account, small_limit, name):
    text = (HEAD if name.endswith("csv") else "") + WHOLE[name][0].removeprefix(HEAD) + "\n" * 3_000_000
    found = account(name, gzip.compress(text.encode()))
    assert found[0] == (WHOLE[name][1], 3, 2, 1)
    assert [reason for _, reason in found[1]] == ["unpacks_too_large"]


def test_no_more_than_the_limit_is_delivered(tmp_path, small_limit):
    place = folder(tmp_path, {"a.gz": gzip.compress(b"\n" * 3_000_000)})
    found, damage = opened.whole(place / "a.gz")
    assert (len(found), damage) == (300_000, "unpacks_too_large")


def test_a_line_without_an_end_is_given_up_too(account, small_limit):
    bomb = gzip.compress(lines(otlp_line(1)).encode() + b'{"resourceSpans": "' + b"x" * 3_000_000)
    assert account("a.jsonl", bomb) == (("otlp", 2, 1, 1), [(2, "unpacks_too_large")])


def test_the_limit_counts_what_was_read_and_not_what_stands_behind(account, small_limit):
    bomb = gzip.compress(GOOD.encode() + b"\n" * 20_000_000) + gzip.compress(noise(300_000))
    assert account("messages.csv", bomb)[1][0][1] == "unpacks_too_large"


def test_logs_that_pack_well_are_no_bomb(account, monkeypatch):
    text = HEAD + "m1,Shop,ERP,2026-03-01T08:00:00Z,ok\n" * 100_000
    packed = gzip.compress(text.encode())
    monkeypatch.setattr(opened, "FREE_BYTES", 300_000)
    assert len(text) / len(packed) > 100
    assert account("messages.csv", packed) == (("csv", 100_000, 100_000, 0), [])


def test_a_broken_bomb_is_given_up_by_the_patient_reader_too(tmp_path, small_limit):
    place = folder(tmp_path, {"a.gz": gzip.compress(bytes(2_000_000))[:-1]})
    assert opened.whole(place / "a.gz")[1] == "unpacks_too_large"


def test_memory_stays_small_while_a_bomb_is_given_up(tmp_path, small_limit):
    place = folder(tmp_path, {"messages.csv": gzip.compress(GOOD.encode() + b"\n" * 60_000_000)})
    tracemalloc.start()
    ih.read(place)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000


def test_many_small_members_take_no_longer_than_their_bytes(tmp_path):
    member = gzip.compress(b"x\n")
    raw = zlib.compressobj(wbits=-15)
    whole = raw.compress(b"y") + raw.flush()
    tail = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + whole + struct.pack("<II", zlib.crc32(b"y") ^ 1, 1)
    place = folder(tmp_path, {"a.gz": member * 100_000 + tail})
    found, damage = opened.whole(place / "a.gz")
    assert (len(found), damage) == (200_001, "damaged_gzip")
