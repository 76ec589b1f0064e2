"""The parameters a notebook declares, and the values given on the command line, checked before a kernel starts.

A notebook declares each in its ``parameters`` cell on one line: ``name: type = literal  # help``.
"""

import ast
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrhealth.errors import UnknownName, WrongValue

# Set by the runner itself; each has an option of its own or no meaning outside a run.
RESERVED = ("logs", "output", "published", "since", "until")
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: what it is called, its type as written, its default and the help beside it."""

    name: str
    type: str
    default: Any
    help: str


def declared(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook by name, in the order of the cell; none when there is no such cell.

    Read with Python's own parser: papermill's inference loses parameters and glues lines together. Raises
    ValueError, naming the line, when a line of the cell is not ``name: type = literal``.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", ())]
    if not tagged:
        return {}
    source = "".join(tagged[0]["source"])
    lines = source.splitlines()
    parameters = [_declaration(statement, lines, notebook) for statement in ast.parse(source).body]
    return {parameter.name: parameter for parameter in parameters}


def _declaration(statement: ast.stmt, lines: list[str], notebook: Path) -> Parameter:
    line = lines[statement.lineno - 1]
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name) or not statement.value:
        raise ValueError(f"{notebook.name}: the parameters cell may only hold 'name: type = literal', not {line!r}")
    comment = line[statement.end_col_offset :].partition("#")[2].strip()
    default = ast.literal_eval(statement.value)
    return Parameter(statement.target.id, ast.unparse(statement.annotation), default, comment)


def checked(given: Mapping[str, Any], notebooks: Mapping[str, Mapping[str, Parameter]]) -> dict[str, dict[str, Any]]:
    """The values each notebook gets, in the types it declares: those of `given` that it knows.

    Raises UnknownName for a name that no notebook declares or that only the runner may set, and WrongValue for a
    value that does not fit the declared type.
    """
    declared_names = {name for parameters in notebooks.values() for name in parameters if name not in RESERVED}
    for name in given:
        if name not in declared_names:
            raise UnknownName("parameter", name, declared_names)
    return {
        notebook: {name: coerced(value, parameters[name]) for name, value in given.items() if name in parameters}
        for notebook, parameters in notebooks.items()
    }


def coerced(value: Any, parameter: Parameter) -> Any:
    """`value` in the type of `parameter`: text is read, anything else must already be of that type.

    Numbers whose default is not below 0 are counts, times and shares: none of them is below 0 either.
    """
    fitting = _read(value, parameter.type) if isinstance(value, str) else _kept(value, parameter.type)
    if fitting is None:
        example = f"for example {parameter.default!r}" if parameter.default != "" else parameter.help
        raise WrongValue(f"parameter {parameter.name}={value!r} is not of type {parameter.type}; {example}")
    if parameter.type in ("int", "float") and fitting < 0 <= (parameter.default or 0):
        raise WrongValue(f"parameter {parameter.name}={value!r} is below 0; {parameter.help or 'give 0 or more'}")
    return fitting


def _read(text: str, kind: str) -> Any:
    if kind == "str":
        return text
    if kind == "bool":
        return TRUTH.get(text.strip().lower())
    if kind == "int":
        return int(text) if re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text, re.ASCII) else None
    if kind == "float":
        return _finite(text)
    if kind == "list[str]":
        return [part.strip() for part in text.split(",") if part.strip()]
    raise ValueError(f"a notebook declares a parameter of type {kind!r}, which cannot be given on the command line")


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _kept(value: Any, kind: str) -> Any:
    if kind == "bool" or isinstance(value, bool):
        return value if kind == "bool" and isinstance(value, bool) else None
    if kind == "float" and isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if kind == "int":
        return value if isinstance(value, int) else None
    if kind == "list[str]" and isinstance(value, list | tuple):
        return list(value) if all(isinstance(item, str) for item in value) else None
    return None


def assignments(pairs: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE pairs from the command line; the value may hold further equals signs. The last of a name counts."""
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise WrongValue(f"{pair!r} is not NAME=VALUE, for example min_messages=50")
        given[name.strip()] = value
    return given
