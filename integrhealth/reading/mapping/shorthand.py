"""Patterns for lines of text: regular expressions with named groups, and ``%{WORD:name}`` for what logs are made of.

The words are those of grok that logs need, https://github.com/logstash-plugins/logstash-patterns-core. The engine is
that of Rust, whose time grows with the length of a line and never with its content. A pattern in which no character
can belong to two parts is read three times as fast, so that the words here leave out what usually follows them.
"""

import re

import polars as pl

WORDS = {
    "WORD": r"[A-Za-z0-9_]+",
    "NOTSPACE": r"[^ \t]+",
    "DATA": r".*?",
    "GREEDYDATA": r".*",
    "SPACE": r"[ \t]*",
    "INT": r"[+-]?[0-9]+",
    "NUMBER": r"[+-]?[0-9]+(?:\.[0-9]+)?",
    "BASE16NUM": r"(?:0[xX])?[0-9A-Fa-f]+",
    "UUID": r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    "QUOTEDSTRING": r'"(?:[^"\\]|\\.)*"',
    "INQUOTES": r'(?:[^"\\]|\\.)*',
    "IP": r"[0-9A-Fa-f:.]+",
    "HOSTNAME": r"[0-9A-Za-z][0-9A-Za-z._-]*",
    "IPORHOST": r"[0-9A-Za-z:._-]+",
    "HOSTPORT": r"[0-9A-Za-z._-]+:[0-9]+",
    "USERNAME": r"[A-Za-z0-9._-]+",
    "USER": r"[A-Za-z0-9._@-]+",
    "EMAILADDRESS": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+",
    "PATH": r"[^ \t]+",
    "URI": r"[A-Za-z][A-Za-z0-9+.-]*://[^ \t]+",
    "URIPATH": r"/[^ \t?]*",
    "URIPATHPARAM": r"/[^ \t]*",
    "LOGLEVEL": r"(?i:a(?:lert|ll)|c(?:onfig|rit(?:ical)?)|debug|e(?:merg(?:ency)?|rr(?:or)?)|f(?:atal|ine(?:r|st)?)|"
    r"info(?:rmation)?|notice|off|panic|severe|trace|verbose|warn(?:ing)?)",
    "JAVACLASS": r"[A-Za-z_$][A-Za-z0-9_$.]*",
    "YEAR": r"[0-9]{4}",
    "MONTH": r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*",
    "MONTHNUM": r"(?:0?[1-9]|1[0-2])",
    "MONTHDAY": r"(?:0?[1-9]|[12][0-9]|3[01])",
    "DAY": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*",
    "TIME": r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?",
    "TZ": r"(?:Z|[A-Z]{3,5}|[+-][0-9]{2}:?[0-9]{2})",
    "ISO8601_TIMEZONE": r"(?:Z|[+-][0-9]{2}:?[0-9]{2})",
    "TIMESTAMP_ISO8601": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?",
    # The time of a log line, to the second or finer, with its zone right behind it.
    "LOGTIME": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
    "HTTPDATE": r"[0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?: [+-][0-9]{4})?",
    "SYSLOGTIMESTAMP": r"[A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?",
    "DATESTAMP": r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}[T ,]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?",
}
SHORT = re.compile(r"%\{(?P<word>\w+)(?::(?P<name>[A-Za-z_][\w.]*))?(?::\w+)?\}")
GROUP = re.compile(r"(?<!\\)\(\?P?<(?P<name>[A-Za-z_][\w.]*)>")


def expanded(pattern: str) -> str:
    """`pattern` with its ``%{WORD:name}`` written out. Raises KeyError for a word that is none of WORDS."""

    def written_out(short: re.Match[str]) -> str:
        name = short["name"]
        return f"(?P<{name}>{WORDS[short['word']]})" if name else f"(?:{WORDS[short['word']]})"

    return SHORT.sub(written_out, pattern)


def names_of_groups(pattern: str) -> list[str]:
    """The named groups of an expanded pattern, in their order."""
    return [group["name"] for group in GROUP.finditer(pattern)]


def pattern_fault(pattern: str) -> str | None:
    """Why an expanded pattern cannot be used, in a few words; None if it can."""
    if re.search(r"(?<!\\)\(\?(?:<?[=!])", pattern):
        return "it looks ahead or behind, which takes time that grows without bound"
    if re.search(r"(?<!\\)\\[1-9]", pattern):
        return "it refers back to a group, which takes time that grows without bound"
    try:
        pl.Series(["x"]).str.extract_groups(pattern)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        lines = [line.strip(" ^") for line in str(error).splitlines()]
        return next((line.removeprefix("error: ") for line in reversed(lines) if line), "it is no regular expression")
    return None
