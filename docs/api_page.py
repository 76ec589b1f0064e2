"""Writes docs/api.md: what an analyst can call, from the docstrings themselves."""

import doctest
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import integrhealth as ih
from integrhealth.analyses import REPORTS
from integrhealth.language.report_tables import Report

PAGE = Path(__file__).with_name("api.md")
HEAD = """# What can be called

This page is made by `make docs` from the docstrings. Everything starts with evidence, which never changes:

```python
import integrhealth as ih

evidence = ih.read("sample:a")  # a file or folder of yours, or ih.Evidence(messages=frame)
```

A **question** is one call on evidence and answers with an ordinary polars frame, the published table of the same name
(`tables/<report>/<table>.parquet`); how each column is defined stands in [numbers](numbers.md). Types: text, count
(whole number), number, flag, time (UTC), list of text. `min_messages` is the smallest sample that gets a rate, a
percentile or a verdict; below it counts stay and figures are null.

"""
ON_EVIDENCE = ("replace", "filter", "since", "until", "between", "account", "save")
ON_REPORTS = ("all_reports", "publish", "published_reports", "previous_findings", "earlier_findings")
OF_EVIDENCE = ("linked", "caused", "journeys", "bad_entries", "changes_by_persons", "entry_steps", "frames", "is_empty")


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD, *contents(), "\n## Reading\n\n", call("ih.read", ih.read), call("ih.Evidence", ih.Evidence)]
    parts += [call(f"evidence.{name}", getattr(ih.Evidence, name)) for name in ON_EVIDENCE]
    parts.append("\n### What evidence works out once\n\n")
    for name in OF_EVIDENCE:
        parts.append(f"- `evidence.{name}`: {' '.join(prose(vars(ih.Evidence)[name].__doc__).split())}\n")
    for report in REPORTS:
        module = getattr(ih, report)
        parts.append(f"\n## ih.{report}\n\n{prose(module.__doc__)}\n")
        parts += [call(f"ih.{report}.{name}", asked) for name, asked in questions(report)]
    parts += ["\n## Root causes of any moment\n\n", call("ih.rootcause.root_causes", ih.rootcause.root_causes)]
    parts += ["\n## Reports\n\n", call("Report", Report)]
    parts += [call(f"ih.{name}", getattr(ih, name)) for name in ON_REPORTS]
    return re.sub(r"\n{3,}", "\n\n", "".join(parts))


def questions(report: str) -> Iterator[tuple[str, Callable]]:
    """What a report can be asked, its ``report`` first."""
    module = getattr(ih, report)
    for name in sorted(module.__all__, key=lambda name: name != "report"):
        yield name, getattr(module, name)


def contents() -> list[str]:
    """One line per report: its questions, linked."""
    lines = []
    for report in REPORTS:
        links = [f"[{name}](#{anchor(f'ih.{report}.{name}')})" for name, _ in questions(report)]
        lines.append(f"- **ih.{report}**: {', '.join(links)}\n")
    return lines


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def call(name: str, called: Any) -> str:
    """The section of one thing that can be called: signature, what it says, example, columns."""
    takes = inspect.signature(called)
    shown = str(takes.replace(return_annotation=inspect.Signature.empty)).replace("self, ", "").replace("(self)", "()")
    # Names of types as one writes them: Path, not pathlib.Path.
    shown = re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)|~|(?<=: )'(?=Evidence)|(?<=Evidence)'", "", shown)
    text, _, columns = inspect.getdoc(called).partition("Columns:")
    parts = [f"\n### {name}\n\n```python\n{name}{shown}\n```\n\n", prose(text), "\n"]
    if columns:
        parts.append("\n| columns | type and unit |\n|---|---|\n")
        for names, kind in re.findall(r"([\w, ]+?) \(([^()]+)\)(?:; |$)", " ".join(columns.split())):
            parts.append(f"| {', '.join(f'`{each}`' for each in names.split(', '))} | {kind} |\n")
    return "".join(parts)


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: examples as code, names of code in single backticks."""
    parts = []
    for piece in doctest.DocTestParser().parse(dedent(docstring or "")):
        if isinstance(piece, doctest.Example):
            parts.append(
                f"\n```pycon\n>>> {piece.source.rstrip().replace(chr(10), chr(10) + '... ')}\n{piece.want}```\n"
            )
        else:
            parts.append(piece.replace("``", "`"))
    return re.sub(r"```\n\s*```pycon\n", "", "".join(parts)).strip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
