"""A pattern for lines of text: where the time stands, the level, the logger and the text, and pairs of key=value."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl

from integrhealth.language.schema import FRAMES, TEXT
from integrhealth.reading.drafting.contents import contents_of
from integrhealth.reading.drafting.entry import Entry
from integrhealth.reading.drafting.messages import drafted_messages
from integrhealth.reading.drafting.others import drafted_logs
from integrhealth.reading.drafting.sample import is_nothing
from integrhealth.reading.files.opened import HEAD_BYTES, beginning
from integrhealth.reading.files.text_lines import beginning_lines
from integrhealth.reading.mapping.shorthand import expanded

# The forms of times that begin lines, the longest first.
TIMES = (
    "%{TIMESTAMP_ISO8601}",
    "%{HTTPDATE}",
    "%{DAY},? +%{MONTHDAY} %{MONTH} %{YEAR} %{TIME}(?: %{TZ})?",
    "%{DAY} %{MONTH} +%{MONTHDAY} %{TIME}(?: [A-Z]{3,4})? %{YEAR}",
    "%{MONTHDAY}[- ]%{MONTH}[- ]%{YEAR}[ :T]%{TIME}(?: %{TZ})?",
    "%{MONTH} %{MONTHDAY}, %{YEAR} %{TIME}(?: [AP]M)?",
    "%{DATESTAMP}(?: [AaPp][Mm])?",
    "%{SYSLOGTIMESTAMP}",
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[- ][0-9]{2}[.][0-9]{2}[.][0-9]{2}(?:[.,][0-9]+)?",
    "[0-9]{8}[T ]?[0-9]{6}(?:[.,][0-9]+)?",
    "1[0-9]{9}(?:[.][0-9]+)?|1[0-9]{12}",
)
LEVEL = (
    r"(?:(?i:trace|debug|fine|finer|finest|info|information|notice|warn|warning|error|err|severe|critical|crit|fatal"
    r"|alert|emerg|emergency|panic)|LOG)\b"
)
# What may stand between a level and the text: loggers, threads, modules; the most telling first.
AFTER_LEVEL = (
    r"[\]):>]*[\s|:-]*\[(?P<thread>[^\]]*)\][\s|:-]*(?P<site>[\w$]+(?:\.[\w$]+)+)[\s|:-]+%{GREEDYDATA:text}",
    r"[\]):>]*[\s|:-]*\[(?P<thread>[^\]]*)\][\s|:-]*\[(?P<site>[^\]]*)\][\s|:-]*%{GREEDYDATA:text}",
    r"[\]):>]*[\s|:-]*\{(?P<site>[^}]*)\}[\s|:-]*%{GREEDYDATA:text}",
    r"[\]):>]*[\s|:-]*\[(?P<site>[^\]]*)\][\s|:-]*%{GREEDYDATA:text}",
    r"[\]):>]*[\s|:-]*\((?P<site>[^)]*)\)[\s|:-]*%{GREEDYDATA:text}",
    r"[\]):>]*[\s|:-]*(?P<site>[\w$]+(?:\.[\w$]+)+)(?::\d+)?\s*[|:-]+\s*%{GREEDYDATA:text}",
    r"[\]):>]*[\s|:,;-]+%{GREEDYDATA:text}",
)
# A time ends before the text, not within itself: so the text may be missing where the time ends the line.
NO_LEVEL = (r"(?:[\]):>]*[\s|:,;-]+(?P<text>\S.*))?", r"(?P<text>.*)")
# A line that begins an entry has its time within so many characters, and its level within so many after it.
BEFORE_TIME, BEFORE_LEVEL = 60, 150
# The line of dashes under the names of columns is one of the first.
RULED_WITHIN = 20
# Of the lines at the beginning so many must begin an entry; of those so many must fit a pattern.
BEGIN, FIT = 0.1, 0.9
PAIR = re.compile(r'(?:^|[\s,;|(\[])([A-Za-z][\w.-]{0,40})=("[^"]*"|[^\s,;|)\]"]+)')
MOST_PAIRS = 20
LINES = 500


def drafted_lines(path: Path, system: str, *, where: str) -> list[Entry]:
    """The entry that reads lines of text: as messages where pairs of key=value say enough of them, else as logs."""
    start = beginning(path)
    lines = beginning_lines(start, whole=len(start) < HEAD_BYTES)[:LINES]
    for pattern, begun in [*ruled_patterns(lines), *((each, lines) for each in patterns(lines))]:
        columns = groups(begun, pattern)
        null = sorted({value for values in columns.values() for value in values.unique() if is_nothing(value)})
        columns = {name: values.set(values.is_in(null), None) for name, values in columns.items()}
        contents = contents_of({name: values for name, values in columns.items() if values.drop_nulls().len()})
        drafted = drafted_messages if len(columns) > 5 or "text" not in columns else drafted_logs
        if entries := drafted(contents, system, where=where):
            fitting = max(len(values) for values in columns.values())
            goes_on = fitting < len(begun) and "text" in columns
            for entry in entries:
                entry.keys |= {"null": null} if null else {}
                if "text" not in columns:
                    _without_padding(entry)
                entry.before = {"pattern": pattern} | ({"continues": "any"} if goes_on else {})
            return entries
    return []


def _without_padding(entry: Entry) -> None:
    """Take the words out of columns of a fixed width; times, numbers and statuses are read without their blanks."""
    types = FRAMES[entry.frame].columns
    for name, origin in entry.columns.items():
        if isinstance(origin, str) and types[name] == TEXT and name != "status":
            entry.columns[name] = {"match": origin, "pattern": r"^\s*(.*\S)"}


def patterns(lines: list[str]) -> Iterator[str]:
    """Patterns that nearly all lines fit that begin with a time, the one that names most first."""
    head = time_head(lines)
    if head is None:
        return
    begun = [line for line in lines if re.match(expanded(head), line)]
    rests = [re.sub(expanded(head), "", line, count=1) for line in begun]
    between = level_gap(rests)
    heads = []
    if between is not None:  # a word after a blank or a bracket; else the level itself, among what is no blank
        level = f"(?P<level>{LEVEL})" if between.endswith(r"\S+") else "%{WORD:level}"
        heads = [(head + between + level, AFTER_LEVEL)]
    for beginning_, endings in [*heads, (head, NO_LEVEL)]:
        ending = next((each for each in endings if _share(begun, f"^{beginning_}{each}$") >= FIT), None)
        if ending is None:
            continue
        if pairs := pairs_of(begun):
            chain = "".join(
                rf'.*?\b{re.escape(key)}="?(?P<{re.sub("[^A-Za-z0-9]", "_", key)}>[^\s,;|)"]*)' for key in pairs
            )
            yield f"^{beginning_}(?P<text>{chain}.*)$"
        yield f"^{beginning_}{ending}$"
        return


def ruled_patterns(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """A pattern for columns of a fixed width, under a line of dashes that shows where they stand, and what is below.

    Reports of terminals are written so: sqlcmd, autorep, squeue. The line above the dashes names the columns.
    """
    for place, (above, ruler) in enumerate(pairwise(lines[:RULED_WITHIN])):
        spans = [match.span() for match in re.finditer(r"-+|_+|=+", ruler)]
        if len(spans) < 3 or not re.fullmatch(r"\s*(?:(?:-+|_+|=+)\s*)+", ruler):
            continue
        names = ["_".join(re.findall(r"\w+", above[start:end])) for start, end in spans]
        if not all(re.match("[A-Za-z]", name) for name in names) or len(set(names)) < len(names):
            continue
        parts = [rf".{{{spans[0][0]}}}" if spans[0][0] else ""]
        for name, (start, end), (next_start, _) in zip(names, spans, [*spans[1:], (0, 0)], strict=True):
            inner = ".*" if next_start == 0 else f".{{{end - start}}}"
            parts.append(f"(?P<{name}>{inner})" + (rf"\s{{{next_start - end}}}" if next_start else ""))
        yield f"^{''.join(parts)}$", lines[place + 2 :]
        return


def time_head(lines: list[str]) -> str | None:
    """What lines begin with, up to the end of their time; None where too few have one."""
    best: tuple[float, str] | None = None
    for form in TIMES:
        search = re.compile(rf"^(.{{0,{BEFORE_TIME}}}?)(?:{expanded(form)})")
        before = [match[1] for line in lines if (match := search.match(line))]
        if len(before) >= BEGIN * len(lines) and before:
            share = len(before) / len(lines)
            if best is None or share > best[0] + 0.05:
                best = (share, _common(before) + _as_time(form))
    return best[1] if best else None


def _as_time(form: str) -> str:
    """What takes a time of this form out of a line."""
    word = re.fullmatch(r"%\{(\w+)\}", form)
    return f"%{{{word[1]}:time}}" if word else f"(?P<time>{form})"


def level_gap(rests: list[str]) -> str | None:
    """What stands between the time and the level, as a pattern; None where most lines have no level."""
    search = re.compile(rf"^(.{{0,{BEFORE_LEVEL}}}?[^\w]){LEVEL}")
    gaps = [match[1] for rest in rests if (match := search.match(rest))]
    return _common(gaps) if rests and len(gaps) >= FIT * len(rests) else None


def pairs_of(lines: list[str]) -> list[str]:
    """The keys of key=value that nearly all lines have, in their order; none where they come in several orders."""
    keys = [[match[1] for match in PAIR.finditer(line)] for line in lines]
    counts = Counter(key for each in keys for key in dict.fromkeys(each))
    common = [key for key in (keys[0] if keys else []) if counts[key] >= FIT * len(lines)][:MOST_PAIRS]
    names = {re.sub("[^A-Za-z0-9]", "_", key) for key in common}
    alike = [each for each in keys if [key for key in each if key in common] == common]
    wanted = len(common) >= 3 and len(names) == len(common) and not names & {"time", "level", "text"}
    return common if wanted and len(alike) >= FIT * len(lines) else []


def groups(lines: list[str], pattern: str) -> dict[str, pl.Series]:
    """The groups of a pattern in the lines that fit it; its text goes on in the lines that do not."""
    rows = pl.DataFrame({"line": lines}).with_columns(groups=pl.col("line").str.extract_groups(expanded(pattern)))
    fits = pl.any_horizontal(pl.col("groups").struct.unnest().is_not_null())
    rows = rows.with_columns(fits=fits).with_columns(entry=pl.col("fits").cum_sum()).filter(pl.col("entry") > 0)
    texts = rows.group_by("entry", maintain_order=True).agg(
        pl.col("groups").first(), rest=pl.col("line").filter(~pl.col("fits")).str.join("\n")
    )
    columns = texts["groups"].struct.unnest().to_dict()
    columns = {name: values.str.strip_chars().replace("", None) for name, values in columns.items()}
    if "text" in columns:
        whole = columns["text"].fill_null("") + "\n" + texts["rest"]
        columns["text"] = whole.str.strip_chars().replace("", None)
    return columns


def _common(texts: list[str]) -> str:
    """A pattern for short texts: themselves where all are one, the shape of the first where it fits, else any."""
    if len(set(texts)) == 1:
        return _spaced(texts[0])
    shape = "".join(_shape(texts[0]))
    return shape if _share(texts, f"^{shape}$") >= FIT else r".*?"


def _spaced(text: str) -> str:
    return re.sub(r"(?:\\? )+", r"\\s+", re.escape(text)) if text else ""


def _shape(text: str) -> Iterator[str]:
    for part in re.findall(r"\[[^\]]*\]|\([^)]*\)|\s+|[^\s\[\]()]+|.", text):
        if part[0] == "[" and part[-1] == "]":
            yield r"\[[^\]]*\]"
        elif part[0] == "(" and part[-1] == ")":
            yield r"\([^)]*\)"
        elif part.isspace():
            yield r"\s+"
        elif re.fullmatch(r"\W+", part):
            yield re.escape(part)
        else:
            yield r"\S+"


def _share(texts: list[str], pattern: str) -> float:
    return float(pl.Series(texts, dtype=pl.String).str.contains(expanded(pattern)).mean() or 0)
