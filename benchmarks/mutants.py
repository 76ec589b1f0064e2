"""Mutants of a Python module: the same text with one small fault, such as ``<`` for ``<=`` or ``low`` for ``high``.

The faults are those that slip into analyses and findings: a bound that takes in what it should not, an interval whose
ends change places, a count of other rows, a filter that is gone, the last of equals instead of the first.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

OPERATORS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
PAIRS = (
    ("first", "last"),
    ("min", "max"),
    ("min_horizontal", "max_horizontal"),
    ("any_horizontal", "all_horizontal"),
    ("any", "all"),
    ("arg_min", "arg_max"),
    ("cum_min", "cum_max"),
    ("floor", "ceil"),
    ("head", "tail"),
    ("forward", "backward"),
    ("inner", "left"),
    ("anti", "semi"),
)
OTHER = dict(PAIRS) | {right: left for left, right in PAIRS}
# Keywords whose strings are words of polars, though a column may have the same name.
WORDED = {"keep", "how", "strategy", "closed", "label", "validate", "nulls", "time_unit"}
# Keywords that change no number that a test could see.
QUIET = {"strict", "maintain_order", "frozen", "slots", "rechunk"}
COLUMN = re.compile(r"[a-z][a-z0-9_]*")
BOUND = re.compile(r"(?<![a-z])(low|high)(?![a-z])")


@dataclass(frozen=True, order=True)
class Fault:
    """The bytes from ``start`` to ``end`` of a source give way to ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Mutant:
    """One module with one fault; ``before`` and ``after`` are the first line that differs."""

    module: str
    line: int
    before: str
    after: str
    source: str


def columns_of(package: Path) -> frozenset[str]:
    """Names of columns: whatever is given to ``pl.col`` anywhere in the package."""
    names = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "col":
                names.update(given.value for given in node.args if _is_word(given))
    return frozenset(names)


def faults(source: str, columns: frozenset[str]) -> list[Fault]:
    """All faults that can be made in a source, each once, in the order of the text."""
    return sorted(set(_Source(source, columns).faults()))


def mutant(module: str, source: str, fault: Fault) -> Mutant | None:
    """The module with the fault; none when that is no Python."""
    raw = source.encode()
    changed = (raw[: fault.start] + fault.text.encode() + raw[fault.end :]).decode()
    try:
        compile(changed, module, "exec", dont_inherit=True)
    except SyntaxError:
        return None
    old, new = [*source.splitlines(), ""], [*changed.splitlines(), ""]
    line = next(i for i, (before, after) in enumerate(zip(old, new, strict=False)) if before != after)
    return Mutant(module, line + 1, old[line].strip(), new[line].strip(), changed)


class _Source:
    """A source, and where in its bytes the nodes of its tree are."""

    def __init__(self, source: str, columns: frozenset[str]) -> None:
        self.raw, self.columns, self.tree = source.encode(), columns, ast.parse(source)
        self.lines = [0]
        for line in self.raw.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def faults(self) -> Iterator[Fault]:
        for node in self._said(self.tree):
            match node:
                case ast.Compare():
                    for (left, right), how in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
                        yield from self._operator(left, right, how)
                case ast.BinOp():
                    yield from self._operator(node.left, node.right, node.op)
                case ast.BoolOp():
                    for left, right in pairwise(node.values):
                        yield from self._operator(left, right, node.op)
                case ast.UnaryOp(op=ast.Invert() | ast.Not()):
                    yield Fault(self._start(node), self._start(node.operand), "(" * self._opened(node))
                case ast.Constant():
                    yield from self._constant(node)
                case ast.Call():
                    yield from self._call(node)
                case ast.Tuple(elts=[ast.Name() as left, ast.Name() as right]) if _turned(left.id) == right.id:
                    yield Fault(self._start(left), self._end(right), f"{right.id}, {left.id}")
                case ast.Name(ctx=ast.Load()) if (other := _turned(node.id)) and other in self._names(node):
                    yield Fault(self._start(node), self._end(node), other)

    def _said(self, node: ast.AST) -> Iterator[ast.AST]:
        """Nodes that do something: no annotations, no docstrings, no names to export, nothing inside of f-strings."""
        yield node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                prose = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                exported = isinstance(child, ast.Assign) and ast.unparse(child.targets[0]) == "__all__"
                quiet = isinstance(child, ast.keyword) and child.arg in QUIET
                if isinstance(child, ast.AST) and not (prose or exported or quiet or isinstance(child, ast.JoinedStr)):
                    yield from self._said(child)

    def _operator(self, left: ast.expr, right: ast.expr, how: ast.AST) -> Iterator[Fault]:
        if type(how) not in OPERATORS:
            return
        here, there = OPERATORS[type(how)]
        between = self.raw[self._end(left) : self._start(right)].decode()
        blank = re.sub(r"#[^\n]*", lambda comment: " " * len(comment[0]), between)
        at = self._end(left) + blank.index(here)
        yield Fault(at, at + len(here), there)

    def _opened(self, node: ast.UnaryOp) -> int:
        """Brackets between a sign and what it stands before."""
        return self.raw[self._start(node) : self._start(node.operand)].count(b"(")

    def _constant(self, node: ast.Constant) -> Iterator[Fault]:
        start, end, keyword = self._start(node), self._end(node), self._keyword(node)
        if isinstance(node.value, bool):
            yield Fault(start, end, str(not node.value))
        elif isinstance(node.value, int | float):
            # One more is nothing to a large number.
            yield Fault(start, end, repr(node.value + 1 if node.value < 100 else node.value * 2))
        elif not _is_word(node):
            return
        elif keyword in WORDED:
            if node.value in OTHER:
                yield Fault(start, end, f'"{OTHER[node.value]}"')
        elif node.value in self.columns:
            if other := _turned(node.value):
                yield Fault(start, end, f'"{other}"')
            if another := self._neighbour(node):
                yield Fault(start, end, f'"{another}"')

    def _call(self, node: ast.Call) -> Iterator[Fault]:
        keywords = {keyword.arg: keyword for keyword in node.keywords if keyword.arg}
        for name, keyword in keywords.items():
            other = keywords.get(_turned(name) or "")
            if other and self._start(keyword) < self._start(other):
                between = self.raw[self._start(keyword) + len(name) : self._start(other)].decode()
                yield Fault(self._start(keyword), self._start(other) + len(other.arg), other.arg + between + name)
        function = node.func
        if isinstance(function, ast.Name) and function.id in ("min", "max"):
            yield Fault(self._start(function), self._end(function), OTHER[function.id])
        if not isinstance(function, ast.Attribute):
            return
        name, end = function.attr, self._end(function)
        dot = self.raw.rindex(b".", 0, end - len(name))
        if name in OTHER:
            yield Fault(end - len(name), end, OTHER[name])
        if name in ("fill_null", "filter"):
            yield Fault(dot, self._end(node), "")
        if name == "filter" and len(node.args) == 1 and not node.keywords:
            start, stop = self._start(node.args[0]), self._end(node) - 1
            yield Fault(start, stop, f"~({self.raw[start:stop].decode()})")

    def _neighbour(self, node: ast.Constant) -> str | None:
        """The next other column of the call that NODE stands in, or of the calls around it, or of the function."""
        around = node
        while around := self.parents.get(around):
            if not isinstance(around, ast.Call | ast.FunctionDef):
                continue
            inside = [*around.args, *around.keywords] if isinstance(around, ast.Call) else [around]
            said = [
                word
                for part in inside
                for word in ast.walk(part)
                if _is_word(word) and word.value in self.columns and self._keyword(word) not in WORDED
            ]
            said.sort(key=self._start)
            later = [word for word in said if self._start(word) > self._start(node)]
            if others := [word.value for word in (*later, *said) if word.value != node.value]:
                return others[0]
        return None

    def _names(self, node: ast.AST) -> set[str]:
        """Names in the function around NODE."""
        while node and not isinstance(node, ast.FunctionDef):
            node = self.parents.get(node)
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()
        return names | ({a.arg for a in ast.walk(node) if isinstance(a, ast.arg)} if node else set())

    def _keyword(self, node: ast.AST) -> str | None:
        above = self.parents.get(node)
        return above.arg if isinstance(above, ast.keyword) else None

    def _start(self, node: ast.AST) -> int:
        return self.lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.AST) -> int:
        return self.lines[node.end_lineno - 1] + node.end_col_offset


def _is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(COLUMN.fullmatch(node.value))


def _turned(name: str) -> str | None:
    """A name with low for high, or high for low; none when it has neither."""
    turned = BOUND.sub(lambda bound: "high" if bound[0] == "low" else "low", name.replace("_", " ")).replace(" ", "_")
    return turned if turned != name else None
