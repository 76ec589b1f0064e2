"""YAML that people write (catalog, mapping): read safely, and checked with errors that name file, path and remedy."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

import yaml

from integrhealth.errors import FaultyFile, NothingToRead

MAX_DEPTH = 20
# Words a person would be surprised to see read as anything but text stay text: no, on, 012, 12:30.
RESOLVED = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", "-+0123456789"),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "0123456789"),
)
KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a whole number", date: "a date"}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """The safe loader with the plain words of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in RESOLVED:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def yaml_file(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds, its keys as text; an empty file is an empty mapping.

    Raises FaultyFile with the line for what is not YAML, for a repeated key, for aliases (a few lines of which can
    stand for gigabytes) and for anything but a mapping at the top; NothingToRead when there is no such file.
    """
    try:
        text = yaml_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FaultyFile(path, "", f"byte {error.start} is not UTF-8", "save the file as UTF-8") from error
    try:
        _refuse_depth(path, text)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return {}
        _check_keys(path, node)
        document = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from error
    except ValueError as error:
        raise FaultyFile(path, "", f"a value cannot be read: {error}", "write dates as 2026-12-31") from error
    if not isinstance(document, dict):
        raise FaultyFile(path, "", f"expected keys and values, found {kind(document)}", "see the README for the keys")
    return document


def yaml_bytes(path: Path) -> bytes:
    """What stands in a file. Raises NothingToRead when there is none, FaultyFile when it cannot be read."""
    if path.is_dir():
        raise NothingToRead(f"{path} is a folder; name the YAML file in it")
    if not path.is_file():
        raise NothingToRead(f"{path} does not exist; name a YAML file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise FaultyFile(path, "", f"cannot be read ({error.strerror})", "check who may read it") from error


def kind(value: object) -> str:
    """What a value is, in the words of someone who writes YAML."""
    if value is None:
        return "nothing"
    words = (name for type_, name in KINDS.items() if isinstance(value, type_))
    return next(words, "a number")


def nearest(name: object, allowed: Iterable[object]) -> str:
    """A remedy for a name that is none of `allowed`: the closest one, or all of them."""
    names = sorted(str(each) for each in allowed)
    close = get_close_matches(str(name), names, n=1) or [
        each for each in names if each.casefold() == str(name).casefold()
    ]
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(names)}"


def checked_keys(path: Path, where: str, entry: Mapping[Any, Any], allowed: Iterable[str]) -> None:
    """Raise FaultyFile for the first key of `entry` that is not `allowed`."""
    allowed = list(allowed)
    for key in entry:
        if key not in allowed:
            place = f"{where}.{key}" if where else str(key)
            raise FaultyFile(path, place, f"unknown key {str(key)!r}", nearest(key, allowed))


def _refuse_depth(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            place = f"line {event.start_mark.line + 1}"
            raise FaultyFile(path, place, f"unsupported alias *{event.anchor}", "write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            place = f"line {event.start_mark.line + 1}"
            raise FaultyFile(path, place, f"nested more than {MAX_DEPTH} deep", "see the README for the keys")


def _check_keys(path: Path, node: yaml.Node) -> None:
    """Refuse repeated keys, and make every key the text that was written: ``null``, ``53`` and ``true`` are words."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        if not isinstance(node, yaml.MappingNode):
            continue
        seen: dict[Any, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise FaultyFile(path, f"line {line}", "key that is not text", "write the key as one word")
            if key.value in seen:
                before = f"also in line {seen[key.value]}"
                raise FaultyFile(path, f"line {line}", f"duplicate key {key.value!r}, {before}", "keep one of the two")
            seen[key.value] = line
            key.tag = "tag:yaml.org,2002:str"
            waiting.append(value)


def _not_yaml(path: Path, error: yaml.YAMLError) -> FaultyFile:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    place = f"{path}:{mark.line + 1}" if mark is not None else path
    return FaultyFile(place, "", f"not YAML: {problem}", "check indentation, colons and quotes there")
