"""What is wrong with one JSON line: judged one line at a time, for the few lines a whole block failed over."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import polars as pl

from integrhealth.schema import COUNT, FLAG, NUMBER

LARGEST = 2**63


class Fault(Exception):
    """A value that its column cannot hold unaltered. Never leaves this module."""


def judge(schema: Mapping[str, Any]) -> Callable[[bytes], tuple[str | None, bytes]]:
    """A function that says what is wrong with a line (None: nothing) and gives the line as it is to be read.

    The line comes back changed only where the same value is written another way than its column needs: 2.0 as an
    integer, a list written as text with semicolons.
    """
    accept = _object(schema, "")

    def judged(line: bytes) -> tuple[str | None, bytes]:
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            return ("bad_json" if _is_utf8(line) else "bad_utf8"), line
        if not isinstance(found, dict):
            return "not_an_object", line
        try:
            accepted = accept(found)
        except Fault as fault:
            return str(fault), line
        if accepted is found:
            return None, line
        # The standard library keeps integers of any size, orjson does not.
        exact = json.loads(line)
        return None, json.dumps(accept(exact), ensure_ascii=False).encode()

    return judged


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _object(schema: Mapping[str, Any], path: str) -> Callable[[Any], Any]:
    takers = {key: _taker(dtype, f"{path}{key}") for key, dtype in schema.items()}

    def take(found: dict[str, Any]) -> dict[str, Any]:
        taken = found
        for key, taker in takers.items():
            value = found.get(key)
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
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not -LARGEST <= value < LARGEST:
            raise Fault(f"bad_number:{path}")
        return int(value) if isinstance(value, float) else value

    return count


def _number(path: str) -> Callable[[Any], Any]:
    def number(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
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
        if isinstance(value, dict | list):
            raise Fault(f"bad_text:{path}")
        return value

    return text
