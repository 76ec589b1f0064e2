"""What is wrong with one JSON line: judged one line at a time, for the few lines a whole block failed over."""

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from functools import partial
from json import JSONDecoder, JSONEncoder
from typing import Any

import orjson
import polars as pl

from integrhealth.language.schema import COUNT, FLAG, NUMBER

LARGEST = 2**63
JAVA_NUMBERS = ("Byte", "Short", "Integer", "Long", "BigInteger")
# A key, or a text that ends before a colon inside another text.
KEY = re.compile(rb'"[ \t\r]*:')
# An exponent too long for a decimal gives one that is not a number, instead of an error.
DECIMAL = partial(Decimal, context=Context(traps=[]))
# The standard library keeps integers of any size, the digits of other numbers and repeated keys; orjson does not.
EXACT = JSONDecoder(parse_float=DECIMAL, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
REWRITTEN = JSONEncoder(ensure_ascii=False, default=float)


class Fault(Exception):
    """A value that its column cannot hold unaltered. Never leaves this module."""


def judge(schema: Mapping[str, Any]) -> Callable[[bytes], tuple[str | None, bytes]]:
    """A function that says what is wrong with a line (None: nothing) and gives the line as it is to be read.

    The line comes back changed only where the same value is written another way than its column needs: 2.0 as an
    integer, a list written as text with semicolons. Of a repeated key the first counts, as for the block parser.
    """
    accept = _object(schema, "")

    def judged(line: bytes) -> tuple[str | None, bytes]:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            return ("bad_json" if _is_utf8(line) else "bad_utf8"), line
        if not isinstance(value, dict):
            return "not_an_object", line
        try:
            if accept(value) is value and len(KEY.findall(line)) == len(value):
                return None, line
        except Fault:
            pass  # judged once more, by the digits as they are written
        return _exactly(line, accept)

    return judged


def _exactly(line: bytes, accept: Callable[[Any], Any]) -> tuple[str | None, bytes]:
    """What is wrong with a line of good JSON, and the line as it is to be read."""
    try:
        value = EXACT.decode(line.decode())
        accepted = accept(value)
        return None, line if accepted is value else REWRITTEN.encode(accepted).encode()
    except Fault as fault:
        return str(fault), line
    except RecursionError:
        return "bad_json", line


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _object(schema: Mapping[str, Any], path: str) -> Callable[[Any], Any]:
    takers = {key: _taker(dtype, f"{path}{key}") for key, dtype in schema.items()}

    def take(record: dict[str, Any]) -> dict[str, Any]:
        taken = record
        for key, taker in takers.items():
            value = record.get(key)
            if value is None:
                continue
            accepted = taker(value)
            if accepted is not value:
                taken = taken | {key: accepted}
        return taken

    return take


def _taker(dtype: Any, path: str) -> Callable[[Any], Any]:
    if isinstance(dtype, pl.Struct):
        return _nested(_object({field.name: field.dtype for field in dtype.fields}, f"{path}."), path)
    if isinstance(dtype, pl.List):
        return _list(path)
    return {COUNT: _count, NUMBER: _number, FLAG: _flag}.get(dtype, _text)(path)


def _nested(take: Callable[[Any], Any], path: str) -> Callable[[Any], Any]:
    def nested(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Fault(f"bad_object:{path}")
        return take(value)

    return nested


def _list(path: str) -> Callable[[Any], Any]:
    def listed(value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(";") if part.strip()]
        if not isinstance(value, list) or any(isinstance(part, dict | list) for part in value):
            raise Fault(f"bad_list:{path}")
        return value

    return listed


def _count(path: str) -> Callable[[Any], Any]:
    def count(value: Any) -> Any:
        whole = _whole(value)
        if whole is None or not -LARGEST <= whole < LARGEST:
            raise Fault(f"bad_number:{path}")
        return whole

    return count


def _whole(value: Any) -> int | None:
    """The integer that a number is, to the last digit; None for anything else."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    exact = Decimal(value) if isinstance(value, float) else value
    if not isinstance(exact, Decimal) or not exact.is_finite() or exact != exact.to_integral_value():
        return None
    return int(exact)


def _number(path: str) -> Callable[[Any], Any]:
    def number(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise Fault(f"bad_number:{path}")
        return value

    return number


def _flag(path: str) -> Callable[[Any], Any]:
    def flag(value: Any) -> Any:
        if not isinstance(value, bool):
            raise Fault(f"bad_flag:{path}")
        return value

    return flag


def _text(path: str) -> Callable[[Any], Any]:
    def text(value: Any) -> Any:
        if isinstance(value, dict | list) and not _is_typed(value):
            raise Fault(f"bad_text:{path}")
        return value

    return text


def _is_typed(value: Any) -> bool:
    """A number as Java writes it with its type: ``["Long", 5021]``."""
    return isinstance(value, list) and len(value) == 2 and value[0] in JAVA_NUMBERS and _whole(value[1]) is not None
