"""Text with log lines of Loki: what ``logcli`` prints, and what Grafana downloads as TXT.

``logcli`` writes the time and the labels before a line, Grafana the time twice; each may say above what is the same
for all. What begins neither way goes on with the line above it.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.text_lines import beginning_lines, text_lines
from integrhealth.reading.json.values import loaded
from integrhealth.reading.records.nested import Found, Record, Refused
from integrhealth.reading.records.plain_entries import MOST

AT = r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
LABEL = r'(?P<name>\w+)="(?P<value>(?:[^"\\]|\\.)*)"'
PAIR = re.sub(r"\(\?P<\w+>", "(?:", LABEL)
LOGCLI = rf"{AT} (?P<labels>\{{(?:{PAIR}(?:, ?{PAIR})*)?\}})(?: +|$)"
GRAFANA = rf"\d{{13}}\t{AT.replace('time', 'iso')}\t"
BEGINS = re.compile(f"(?:{LOGCLI}|{GRAFANA})(?P<text>.*)$")
LABELS = re.compile(LABEL)
ABOVE = re.compile(r"(?:Common labels|Line limit|Total bytes processed|Limit|Query)\b[^:]*:(?P<labels>.*)$")


def is_text(head: Head) -> bool:
    """Most lines begin as one of the two writes them, or at least the first that is no remark above."""
    lines = beginning_lines(head.start)
    own = [line for line in lines if not ABOVE.match(line)]
    fitting = sum(BEGINS.match(line) is not None for line in own)
    return bool(own) and BEGINS.match(own[0]) is not None and fitting >= MOST * len(own)


def labels_of(value: Any) -> dict[str, Any] | None:
    """Labels as an object, from one, from its JSON, or from ``{name="value"}``; None where there are none."""
    if not isinstance(value, str):
        return value if isinstance(value, dict) else None
    if pairs := LABELS.findall(value):
        return dict(pairs)
    try:
        inner = loaded(value)
    except ValueError:
        return None
    return inner if isinstance(inner, dict) else None


def text_records(path: Path, record: Callable[[int, str, str, dict[str, Any], Any], Found]) -> Iterator[Found]:
    """One record per line of a program, as `record` makes it of the number of its first line, time, text and labels."""
    common: dict[str, Any] = {}
    begun: tuple[int, str, list[str], dict[str, Any]] | None = None
    for lines, refused in text_lines(path):
        yield from (Refused(*each) for each in refused)
        for number, line in lines.rows():
            if match := BEGINS.match(line):
                if begun is not None:
                    yield _made(begun, record)
                own = labels_of(match["labels"]) or {}
                begun = number, match["time"] or match["iso"], [match["text"]], common | own
            elif begun is not None:
                begun[2].append(line)
                yield Record(number)
            elif match := ABOVE.match(line):
                common |= labels_of(match["labels"].strip()) or {}
                yield Record(number)
            else:
                yield Refused(number, "no_entry", line.encode())
    if begun is not None:
        yield _made(begun, record)


def _made(begun: tuple[int, str, list[str], dict[str, Any]], record: Callable[..., Found]) -> Found:
    number, time, texts, labels = begun
    return record(number, time, "\n".join(texts), labels, texts[0].encode())
