"""Answers of Prometheus' HTTP API to a query or a range query, or the bare list of results that its clients keep.

A record is a sample, ``[seconds, "value"]`` of a series, or a whole answer that says the query failed. ``log_line`` is
its ordinal in the file, or its line where answers stand one to a line. Columns are those of the text format; a result
without a name (of a sum or a rate) is called after the file. Native histograms are
no single number, and refused.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed, stem
from integrhealth.reading.files.lines import refusals
from integrhealth.reading.json.values import field, json_values
from integrhealth.reading.metrics.prometheus_series import Families
from integrhealth.reading.metrics.samples import FILLED, FRAME, SAMPLES, judged, metrics
from integrhealth.reading.metrics.series import escaped
from integrhealth.reading.records.nested import Note, Refused, shown, text

SERIES = re.compile(rb'"metric"\s*:\s*\{')
VALUES = re.compile(rb'"(?:values?|histograms?)"\s*:\s*\[')
ANSWER = re.compile(rb'"resultType"\s*:\s*"(?:matrix|vector|scalar|string)"')
FAILED = re.compile(rb'"status"\s*:\s*"error".*"errorType"', re.DOTALL)


LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class _Sample(NamedTuple):
    line: int | None
    head: str
    pair: list[Any]


def recognises(head: Head) -> bool:
    """Series with their values, or an answer without any."""
    start = head.start
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) and bool(
        (SERIES.search(start) and VALUES.search(start)) or ANSWER.search(start) or FAILED.search(start)
    )


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The samples of one file."""
    rows, refused, notes, ordinal = [], [], {}, 0
    for each in _found(path, stem(log_file)):
        if isinstance(each, Note):
            notes[each.sentence] = None
            continue
        ordinal += 1
        line = ordinal if each.line is None else each.line
        if isinstance(each, Refused):
            refused.append((line, each.reason, shown(each.raw)))
        else:
            stamp, value = each.pair
            rows.append((line, text(each.pair), each.head, value, stamp))
    return [
        metrics(
            [judged(pl.DataFrame(rows, schema=SAMPLES, orient="row"), Families())],
            format=FORMAT.name,
            log_file=log_file,
            unit="s",
            written=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            refused=refusals(refused),
            notes=notes,
        )
    ]


def _found(path: Path, name: str) -> Iterator[_Sample | Refused | Note]:
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        line, answer = value
        for sentence in _list(field(answer, "warnings")) + _list(field(answer, "infos")):
            yield Note(f"Prometheus says: {sentence}")
        if field(answer, "status") == "error":
            yield Refused(line, f"query_failed: {field(answer, 'errorType')}: {field(answer, 'error')}", answer)
            continue
        if field(answer, "data", "resultType") in ("scalar", "string"):
            yield from _samples({"metric": {}, "value": field(answer, "data", "result")}, line, name)
            continue
        results = _results(answer)
        if results is None:
            yield Refused(line, "no_result", answer)
        for each in results or []:
            yield from _samples(each, line, name)


def _results(answer: Any) -> list[Any] | None:
    """The series in an answer: the list of results, what an answer wraps, or a single one."""
    if isinstance(answer, dict) and "metric" in answer:
        return [answer]
    for results in (answer, field(answer, "data", "result"), field(answer, "result")):
        if isinstance(results, list):
            return results
    return None


def _samples(each: Any, line: int | None, name: str) -> Iterator[_Sample | Refused | Note]:
    """The samples of one series, as a range query and as a query gives them."""
    labels = field(each, "metric")
    if not isinstance(labels, dict):
        yield Refused(line, "no_series", each)
        return
    if "__name__" not in labels:
        yield Note(f"results without a name are called after the file, {name}")
    head = _head({"__name__": name} | labels)
    values = _list(each.get("values")) + ([each["value"]] if each.get("value") is not None else [])
    for pair in values:
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
            yield _Sample(line, head, pair)
        else:
            yield Refused(line, "no_sample", pair)
    for pair in _list(each.get("histograms")) + _list(each.get("histogram"))[:1]:
        yield Refused(line, "native_histogram", pair)


def _head(labels: dict[str, Any]) -> str:
    """Labels as the text format writes them."""
    written = (f'{_label(label)}="{escaped(text(value) or "")}"' for label, value in labels.items())
    return "{" + ",".join(written)


def _label(label: str) -> str:
    return label if LABEL.fullmatch(label) else f'"{escaped(label)}"'


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


FORMAT = Format(
    name="prometheus_api",
    description="Prometheus query results (query, query_range), whole answers or the list of results",
    recognises=recognises,
    read=read,
    fills=lambda: {FRAME.name: FILLED},
)
