"""JSON lines as RFC 8259 says: every value in to the last digit, or its line rejected with the reason; none altered.

The oracle is Python's own parser made strict, one line at a time; the readers take whole blocks.
"""

import json
import random
import re
from decimal import Decimal

import pytest
from drawing.rfc8259 import LINES, VALUES
from hypothesis import given
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.language.schema import FRAMES, TEXT, TIME
from integrhealth.reading.files.lines import read_json_array, read_json_lines

COLUMNS = ("object_id", "bytes", "amount", "fallback")
SAME = b'"source":"A","target":"B","sent_at":"2026-01-05T08:00:00Z","status":"ok"'
GOOD = b'{"message_id":"good",%s,"object_id":"g","bytes":1,"amount":0.5,"fallback":true}' % SAME
SCHEMA = {name: TEXT if dtype == TIME else dtype for name, dtype in FRAMES["messages"].columns.items()}
MAPPING = """
sources:
  - glob: "*.jsonl"
    frame: messages
    columns: {message_id: message_id, source: source, target: target, sent_at: sent_at, status: status,
              object_id: object_id, bytes: bytes, amount: amount, fallback: fallback}
"""


def cases():
    """Every value in every column and in one that nothing knows, and every line; each record with an id of its own."""
    values = [b'{%%s,"%s":%s}' % (name.encode(), value) for value in VALUES for name in (*COLUMNS, "unknown")]
    for number, line in enumerate(values + LINES):
        yield line.replace(b"%s", b'"message_id":"m%d",%s' % (number, SAME))


CASES = [*cases()]


class Refused(Exception):
    """Why a line is no record."""


class Written(float):
    """A number with its digits."""

    def __new__(cls, digits):
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def first_of_each(pairs):
    return dict(reversed(pairs))


def refuse(constant):
    raise ValueError(constant)


def told(line, *, mapped=False):
    """The id and the values of a line of JSON; None for a blank one. Raises Refused."""
    if not line.strip(b" \t\r"):
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise Refused("bad_utf8") from None
    try:
        found = json.loads(text, parse_constant=refuse, parse_float=Written, object_pairs_hook=first_of_each)
    except (ValueError, RecursionError):
        raise Refused("bad_json") from None
    if any(wide(value) or half_a_pair(value) for value in inside(found)):
        raise Refused("bad_json")
    if not isinstance(found, dict):
        raise Refused("not_an_object")
    # More than 38 digits are too long for the parser, which in a mapped file reads text and leaves the types for later.
    long = any(isinstance(value, int) and not -(2**127) <= value < 2**128 for value in inside(found))
    values = [(as_text if mapped else taken)(name, found.get(name)) for name in COLUMNS]
    if long:
        raise Refused("bad_json")
    if mapped:
        values = [read_from(name, text) for name, text in zip(COLUMNS, values, strict=True)]
    return (found["message_id"], *values)


def inside(found):
    yield found
    if isinstance(found, dict):
        yield from found
    for part in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from inside(part)


def wide(value):
    return isinstance(value, float) and abs(value) == float("inf")


def half_a_pair(value):
    return isinstance(value, str) and re.search("[\ud800-\udfff]", value)


def taken(name, value):
    """A value in a canonical file: of the type of its column and exactly it."""
    if value is None:
        return None
    if name == "object_id":
        return as_text(name, value)
    if name == "fallback":
        if isinstance(value, bool):
            return value
        raise Refused(f"bad_flag:{name}")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and name == "amount":
        return float(value)
    if number and (whole := as_whole(getattr(value, "digits", value))) is not None:
        return whole
    raise Refused(f"bad_number:{name}")


def as_whole(number):
    exact = Decimal(number)
    fits = -(2**63) <= exact < 2**63 and exact == exact.to_integral_value()
    return int(exact) if fits else None


def as_text(name, value):
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise Refused(f"bad_text:{name}")
    if isinstance(value, Written):
        return f"{Decimal(repr(float(value))):f}".removesuffix(".0")
    return (value if isinstance(value, str) else json.dumps(value)) or None


def read_from(name, text):
    """The value that a text in a mapped file means."""
    if text is None or name == "object_id":
        return text
    if name == "fallback":
        meaning = {"true": True, "1": True, "t": True, "yes": True, "false": False, "0": False, "f": False}
        if (flag := meaning.get(text.strip().lower())) is None:
            raise Refused(f"bad_flag:{name}")
        return flag
    try:
        number = float(text)
    except ValueError:
        raise Refused(f"bad_number:{name}") from None
    if name == "amount":
        return number
    if (whole := as_whole(text)) is None:
        raise Refused(f"bad_number:{name}")
    return whole


def expected(data, *, mapped=False):
    """What each line of `data` becomes: its number with the values, or with the reason."""
    rows, refused = [], []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            row = told(line, mapped=mapped)
        except Refused as reason:
            refused.append((number, str(reason)))
        else:
            rows += [(number, *row)] if row else []
    return rows, refused


def shown(rows):
    """Rows that compare to the last bit: -0.0 is not 0.0, True is not 1."""
    return [tuple(repr(value) for value in row) for row in sorted(rows)]


def shuffled(seed):
    """All cases in one file, in any order, with good lines between some of them."""
    lines = CASES + [GOOD.replace(b'"good"', b'"good%d"' % number) for number in range(200)]
    random.Random(seed).shuffle(lines)
    return b"\n".join([GOOD, *lines, GOOD.replace(b'"good"', b'"last"')])


def read(folder):
    """What ih.read makes of a folder: the rows of each file, what it refused of each, and their accounts."""
    evidence = ih.read(folder)
    rows = evidence.messages.select("log_file", "log_line", "message_id", *COLUMNS).rows()
    accounts = evidence.sources.select("file", "rows_in", "rows_out", "rows_rejected", "duplicates").rows()
    return rows, evidence.rejected.select("file", "line", "reason", "raw").rows(), accounts


def check(folder, data, *, mapped):
    (folder / "messages.jsonl").write_bytes(data)
    if mapped:
        (folder / "mapping.yaml").write_text(MAPPING)
    rows, refused, accounts = read(folder)
    expected_rows, expected_refused = expected(data, mapped=mapped)
    assert shown(row[1:] for row in rows) == shown(expected_rows)
    assert [(line, reason) for _, line, reason, _ in refused] == expected_refused
    count = len(expected_rows), len(expected_refused)
    assert accounts == [("messages.jsonl", sum(count), *count, 0)]
    assert len(rows) == count[0]
    lines = data.split(b"\n")
    for _, line, _, raw in refused:
        assert raw[:150] == lines[line - 1].decode("utf-8", "replace")[:150]


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_all_texts_in_one_file_through_read(tmp_path, seed, mapped):
    check(tmp_path, shuffled(seed), mapped=mapped)


@pytest.mark.parametrize("mapped", [False, True])
def test_the_good_texts_alone_in_one_file(tmp_path, mapped):
    good = [line for line in CASES if not expected(line, mapped=mapped)[1]]
    assert len(good) > 250
    check(tmp_path, b"\n".join([GOOD, *good]), mapped=mapped)


def test_a_text_between_good_lines(tmp_path):
    """A file of its own for every third one, so that nothing but the text itself decides how its block is read."""
    path = tmp_path / "messages.jsonl"
    for case in CASES[::3]:
        if b'"amount":' in case or b'"fallback":' in case:
            continue  # these take their turn in the files with all the others
        data = b"\n".join([GOOD, case, GOOD, b""])
        path.write_bytes(data)
        compare(read_json_lines(path, SCHEMA), data)


KEYS = ["message_id", "bytes"]


@pytest.mark.parametrize(
    ("keys", "block_bytes"), [(KEYS, 50), (None, 600), (KEYS, 9_000), (None, 9_000), (KEYS, 1 << 20), (None, 1 << 20)]
)
def test_the_borders_of_blocks_change_nothing(tmp_path, keys, block_bytes):
    path, data = tmp_path / "messages.jsonl", shuffled(block_bytes)
    path.write_bytes(data)
    compare(read_json_lines(path, SCHEMA, block_bytes=block_bytes, keys=keys), data)


def compare(found, data):
    rows, refused = expected(data)
    read = found.rows.with_columns(found.rows["object_id"].replace("", None))
    assert shown(read.select("log_line", "message_id", *COLUMNS).rows()) == shown(rows)
    assert found.rejected.select("line", "reason").rows() == refused
    assert found.rows_in == len(rows) + len(refused)


@given(st.lists(st.tuples(st.sampled_from(CASES), st.integers(0, 400), st.binary(max_size=3)), max_size=12))
def test_any_bytes_in_any_place_are_read_as_the_oracle_reads_them(tmp_path_factory, patches):
    data = b"\n".join([GOOD, *(patched(*each) for each in patches if b"[[[[" not in each[0]), GOOD])
    path = tmp_path_factory.mktemp("patched") / "messages.jsonl"
    path.write_bytes(data)
    compare(read_json_lines(path, SCHEMA, block_bytes=600), data)


def patched(case, at, patch):
    """Bytes put in somewhere behind what every record needs."""
    start = case.rfind(SAME) + len(SAME) if SAME in case else 0
    at = start + at % (len(case) - start + 1)
    return case[:at] + patch + case[at:]


def test_a_record_that_nests_too_deeply_to_be_rewritten_is_refused(tmp_path):
    path = tmp_path / "messages.jsonl"
    deep = b'{"message_id":"m","bytes":%s,"x":' + b"[" * 1_000 + b"]" * 1_000 + b"}"
    path.write_bytes(b"\n".join([GOOD, deep % b"2", deep % b"2.0", GOOD]))
    found = read_json_lines(path, SCHEMA)
    assert found.rows["bytes"].to_list() == [1, 2, 1]
    assert found.rejected.select("line", "reason").rows() == [(3, "bad_json")]


@pytest.mark.parametrize("number", [b"1" * 5_000, b"1e400", b"NaN", b"1." + b"1" * 5_000])
def test_numbers_of_any_length_between_the_elements_of_an_array(number):
    found = read_json_array(b'[{"message_id": "a"}, {"bytes": %s}, {"message_id": "b"}]' % number, SCHEMA)
    assert found.rows["message_id"].to_list() == ["a", "b"]
    assert found.rejected.height == 1
