"""Frames, findings and sentences as small HTML, for notebooks and pages. Every cell is escaped: logs are hostile."""

import re
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl

from integrhealth.language.safe_text import visible
from integrhealth.language.wording import duration

MAX_CELL = 160
# What is looked at of a text that may be a megabyte long.
LONGEST = 2_000
NO_VALUE = "-"
# A longer text in a cell is a sentence: it gets a wide column.
SENTENCE = 40
MAX_WARNINGS = 12
# What the name of a column says of its numbers; saved_60_minutes is no time, but what an hour would have saved.
SHARES = ("share", "power", "coverage", "availability", "rate", "overlap", "objective", "budget_left", "change")
TIMED = re.compile(r"(?:^|_)(?P<unit>ms|(?<!\d_)minutes)$")
BOUND = re.compile(r"(?P<of>\w+_)?(low|high)")
MILLISECONDS = {"ms": 1, "minutes": 60_000}


@dataclass(frozen=True)
class Fragment:
    """A piece of a page: `html` for the browser, the same words as plain text for the terminal and for comparison."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def cell(value: Any, column: str = "") -> str:
    """A value as a person reads it: shares in percent, times in the unit a person chooses, at most 160 characters.

    `column` says by its name what a number is: a share, milliseconds, minutes.
    """
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, column)
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value) or NO_VALUE
    if hasattr(value, "strftime"):
        value = value.strftime("%Y-%m-%d %H:%M")
    text = visible(" ".join(str(value)[:LONGEST].split()))
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _number(value: float, column: str) -> str:
    if timed := TIMED.search(column):
        return duration(value * MILLISECONDS[timed["unit"]])
    if isinstance(value, int):
        return f"{value:,}"
    if column.endswith(SHARES):
        return f"{value:.1%}" if value < 0.99 or value == 1 else f"{value:.3%}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"


def _measured(column: str, frame: pl.DataFrame) -> str:
    """The column whose form `column` takes: its own, but a bound (low, share_high) reads as what it bounds.

    That is the number before it, or with a word before the low, the number whose name begins with that word.
    """
    bound = BOUND.fullmatch(column)
    if not bound:
        return column
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_float() and not BOUND.fullmatch(name)]
    if bound["of"]:
        return next((name for name in numbers if f"{name}_".startswith(bound["of"])), column)
    before = set(frame.columns[: frame.columns.index(column)])
    return next((name for name in reversed(numbers) if name in before), column)


def table(frame: pl.DataFrame, caption: str, *, top: int = 12, empty: str = "no rows") -> Fragment:
    """The first `top` rows under a `caption`, which says how many there are; `empty` says why there are none."""
    if frame.is_empty():
        sentence = f"{caption}: {empty}"
        return Fragment(f'<p class="ih-note">{escape(sentence)}</p>', sentence)
    shown = frame.head(top)
    more = f" (first {shown.height} of {frame.height:,})" if frame.height > shown.height else f" ({frame.height})"
    heads = "".join(f'<th scope="col">{escape(_heading(name))}</th>' for name in shown.columns)
    numeric = [dtype.is_numeric() for dtype in shown.dtypes]
    measured = [_measured(name, frame) for name in shown.columns]
    rows = [[cell(value, of) for value, of in zip(row, measured, strict=True)] for row in shown.iter_rows()]
    body = "".join(
        "<tr>"
        + "".join(f"<td{_kind(text, n)}>{escape(text)}</td>" for text, n in zip(row, numeric, strict=True))
        + "</tr>"
        for row in rows
    )
    html = (
        f'<div class="ih-table" tabindex="0"><table><caption>{escape(caption + more)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    lines = [caption + more, " | ".join(shown.columns), *(" | ".join(row) for row in rows)]
    return Fragment(html, "\n".join(lines))


def _kind(text: str, numeric: bool) -> str:
    """The class of a cell: a number, or a sentence, which needs room."""
    return " class=n" if numeric else " class=w" if len(text) > SENTENCE else ""


def _heading(column: str) -> str:
    """The name of a column in words; its unit stands in the cells."""
    return (TIMED.sub("", column) or "time").replace("_", " ")


def findings_list(findings: pl.DataFrame, *, top: int = 5, missing: str | None = None) -> Fragment:
    """The worst `top` findings as sentences with owner and question, the others one click away.

    `missing` says which file or column would make the report possible when the input cannot support it.
    """
    if findings.is_empty():
        none = f"Not enough data: this report {missing}." if missing else "Nothing found that needs you."
        return Fragment(f'<p class="ih-note">{escape(none)}</p>', none)
    first, rest = _list(findings.head(top)), _list(findings[top:])
    if not rest.text:
        return first
    more = f"{findings.height - top} more"
    folded_rest = f'<details class="ih-note"><summary>{more}</summary>{rest.html}</details>'
    return Fragment(first.html + folded_rest, f"{first.text}\n{more}:\n{rest.text}")


def verdict(word: str, why: str, *said: str | None, page: str | None = None) -> Fragment:
    """The verdict of the front page: a word, why in a sentence that leads to its `page`, and what else is `said`."""
    sentence = escape(visible(why))
    shown = sentence if page is None else f'<a href="{escape(page)}">{sentence}</a>'
    html = f'<p class="ih-verdict ih-{escape(word.replace(" ", "-"))}"><b>{escape(word.capitalize())}</b> {shown}</p>'
    rest = sentences(*said)
    return Fragment(html + rest.html, "\n".join(filter(None, [f"{word.capitalize()}: {visible(why)}", rest.text])))


def front_page(worst: pl.DataFrame, *, pages: str = ".html", judged: bool = True) -> Fragment:
    """The findings of the front page; ``more`` further ones of the same rule are only counted.

    Each leads to the section of its report that shows it, in the file beside this one that ends in `pages`. Without
    findings it says so, unless nothing could be `judged`.
    """
    if worst.is_empty():
        return sentences("Nothing found that needs you." if judged else None)
    likewise = pl.when(pl.col("more") > 0).then(pl.format(" (+{} alike)", "more")).otherwise(pl.lit(""))
    return _list(worst.with_columns(statement=pl.col("statement") + likewise), pages=pages)


def _list(findings: pl.DataFrame, *, pages: str | None = None) -> Fragment:
    items, lines = [], []
    for row in findings.iter_rows(named=True):
        statement, ask = cell(row["statement"]), cell(row["ask"])
        owner = cell(row["owner"]) if row["owner"] else "nobody named"
        said = escape(statement)
        if pages is not None:
            # Only the pages have an anchor per rule.
            place = f"#rule-{escape(row['rule'])}" if pages == ".html" else ""
            said = f'<a href="{escape(row["report"])}{pages}{place}">{said}</a>'
        items.append(
            f'<li class="ih-{escape(row["severity"])}"><b>{escape(row["severity"])}</b> {said}<br>'
            f'<span class="ih-ask">{escape(owner)}: {escape(ask)}</span></li>'
        )
        lines.append(f"{row['severity']}: {statement} [{owner}: {ask}]")
    return Fragment(f'<ol class="ih-findings">{"".join(items)}</ol>', "\n".join(lines))


def sentences(*texts: str | None) -> Fragment:
    """Plain sentences, one per paragraph, each once; None is left out."""
    said = [visible(text) for text in dict.fromkeys(texts) if text]
    return Fragment("".join(f"<p>{escape(text)}</p>" for text in said), "\n".join(said))


def reading_summary(evidence: Any) -> Fragment:
    """What was read and what was not: files, what became of their records, the rows of each frame, and the commonest
    reasons for rejection.
    """
    sources = evidence.sources
    read = sources.filter(pl.col("format").is_not_null())
    total = read.select(pl.col(pl.Int64).sum()).row(0, named=True)
    unknown = sources.filter(pl.col("format").is_null())["file"].to_list()
    count = read["file"].n_unique()
    files = "1 file" if count == 1 else f"{count} files"
    said = (
        f"Read {total['rows_in']:,} records from {files}: {total['rows_out']:,} understood, "
        f"{total['rows_rejected']:,} rejected."
    )
    others = {"passed over": total["passed_over"], "copies": total["duplicates"]}
    apart = "".join(f", {word} {number:,}" for word, number in others.items() if number)
    per_frame = read.group_by("frame", maintain_order=True).agg(pl.col("rows").sum())
    rows = ", ".join(f"{number:,} {frame.replace('_', ' ')}" for frame, number in per_frame.iter_rows())
    said += f" Rows: {rows or 'none'}{apart}."
    kind = pl.col("reason").str.split(": ").list.first()
    reasons = evidence.rejected.group_by(reason=kind).len().sort("len", "reason", descending=[True, False]).head(3)
    why = "; ".join(f"{count:,} times {cell(reason)}" for reason, count in reasons.iter_rows())
    details = [
        f"Not recognised and left alone: {cell(unknown)}." if unknown else None,
        *(f"{warning}." for warning in evidence.warnings[:MAX_WARNINGS]),
        f"And {len(evidence.warnings) - MAX_WARNINGS} more notes; integrhealth check lists them."
        if len(evidence.warnings) > MAX_WARNINGS
        else None,
    ]
    return folded(said + (f" Rejected: {why}." if why else ""), sentences(*details), "notes on the reading")


def folded(sentence: str, details: Fragment, name: str) -> Fragment:
    """A sentence, with `details` one click away."""
    if not details.text:
        return sentences(sentence)
    count = details.text.count("\n") + 1
    summary = f"{count} {name}" if count > 1 else f"1 {name.replace('notes', 'note')}"
    html = (
        f'<p class="ih-note">{escape(sentence)}</p>'
        f'<details class="ih-note"><summary>{escape(summary)}</summary>{details.html}</details>'
    )
    return Fragment(html, f"{sentence}\n{details.text}")
