"""The tags of an XML file as a column of text, for files too large for a tree.

A file of plain tags is checked as a column: each tag has one of two shapes, or is judged by the parser alone, and
opening and closing tags fit in pairs. Any other file is judged by the parser as a whole, which takes three times as
long; both ways come to the same.
"""

import io
import re
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

import polars as pl

from integrhealth.reading.files.opened import whole
from integrhealth.reading.xml.documents import RefusedXml, parse_without_doctype, xml_text

NAME = r"[A-Za-z_][0-9A-Za-z_.:-]*"
VALUE = r'"[^"<&\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]*"'
# A key and a value, or no attributes; then nothing but white space.
PLAIN = rf"^(?:{NAME} key={VALUE} value={VALUE} ?/?>|/?{NAME}>)[ \t\r\n]*$"
# Up to the end of a tag, past what is quoted.
TAG = r"""(?s)^((?:[^"'>]|"[^"]*"|'[^']*')*>)"""
NO_TAG = re.compile(r"(?s)(?:!--(?:(?!-->).)*-->|\?(?:(?!\?>).)*\?>)[ \t\r\n]*")
DECLARATION = re.compile(r"(?s)\?xml\s[^<>]*\?>\s*")
UTF8 = re.compile(r"(?i)encoding\s*=\s*[\"']utf-8[\"']")
# So many different tags of other shapes are judged one by one, before the file is judged as a whole.
MOST_ODD = 2_000
FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


class XmlTags(NamedTuple):
    """One row per tag, opening or closing: the text after its ``<`` up to the next tag, whether it closes, its line,
    the depth it opens at or closes to, and whether it is empty. Of a file with a ``fault`` the tags before it.
    """

    tags: pl.DataFrame
    fault: RefusedXml | None


def xml_tags(path: Path) -> XmlTags:
    """The tags of an XML file, none of a file with a document type."""
    data, damage = whole(path)
    if damage is None and (tags := _plain_tags(data)) is not None:
        return XmlTags(tags, None)
    return _judged_tags(path)


def _split(data: bytes) -> pl.DataFrame:
    """The tags with their lines. Bytes that are no UTF-8 raise an error of polars; there must be no zero byte."""
    begin = data.find(b"<")
    if begin < 0 or begin + 1 == len(data):
        return pl.DataFrame(schema={"tag": pl.String, "line": pl.Int64})
    tags = pl.read_csv(
        io.BytesIO(data[begin + 1 :]),
        has_header=False,
        new_columns=["tag"],
        schema_overrides=[pl.String],
        infer_schema=False,
        empty_string_is_null=False,
        separator="\0",
        eol_char="<",
        quote_char=None,
    )
    ends = pl.col("tag").str.count_matches("\n", literal=True).cast(pl.Int64)
    return tags.with_columns(line=ends.cum_sum().shift(1, fill_value=0) + 1 + data.count(b"\n", 0, begin))


def _placed(tags: pl.DataFrame) -> pl.DataFrame:
    closes = pl.col("tag").str.starts_with("/")
    tags = tags.with_columns(closes=closes, empty=_is_empty(tags["tag"]))
    step = pl.when("closes").then(-1).when("empty").then(0).otherwise(1).cast(pl.Int64)
    after = step.cum_sum()
    return tags.with_columns(depth=pl.when("closes").then(after).otherwise(after - step))


def _is_empty(tags: pl.Series) -> pl.Series:
    """Whether a tag ends in ``/>``: where there is a second ``>``, its end is looked for past what is quoted."""
    empty = tags.str.contains("/>", literal=True)
    odd = tags.str.count_matches(">", literal=True) > 1
    if not odd.any():
        return empty
    ends = tags.filter(odd).str.extract(TAG).str.ends_with("/>")
    return empty.scatter(odd.arg_true(), ends.fill_null(False))


def _judged_tags(path: Path) -> XmlTags:
    read = xml_text(path)
    # The parser takes a zero byte at the beginning for UTF-16, and goes on.
    text, zero, _ = read.text.partition("\0")
    fault = read.fault or (RefusedXml(text.count("\n") + 1, "no XML: a zero byte") if zero else None)
    tags = _split(text.encode())
    if fault is not None and tags["tag"].tail(1).str.extract(TAG).null_count():
        tags = tags.head(-1)
    return XmlTags(_placed(tags), fault)


def _plain_tags(data: bytes) -> pl.DataFrame | None:
    """The tags of a file that shows by its columns that it is XML without a document type; None where it does not."""
    begin = data.find(b"<")
    if begin < 0 or data[:begin].strip(b" \t\r\n") or b"\0" in data:
        return None
    try:
        tags = _split(data)
    except FAILURES:
        return None
    plain = tags["tag"].str.contains(PLAIN).fill_null(False)
    odd = tags.filter(~plain)
    if odd["tag"].null_count() or not plain[-1]:
        return None
    different = odd["tag"].unique(maintain_order=True).to_list()
    if different and DECLARATION.fullmatch(different[0]):
        declaration = different.pop(0)
        first = begin == 0 and odd["tag"].eq(declaration).sum() == 1 and tags["tag"][0] == declaration
        if (
            not first
            or ("encoding" in declaration and not UTF8.search(declaration))
            or not _is_xml(f"<{declaration}<r/>")
        ):
            return None
    if len(different) > MOST_ODD or not all(map(_is_whole, different)):
        return None
    if odd.height:
        tags = tags.filter(plain | ~tags["tag"].str.contains(r"^[!?]"))
    tags = _placed(tags)
    return tags if _fit(tags) else None


def _is_whole(tag: str) -> bool:
    """Whether the parser takes a tag by itself, with its counterpart if it needs one."""
    if tag.startswith(("!", "?")):
        return NO_TAG.fullmatch(tag) is not None and _is_xml(f"<r><{tag}</r>")
    name = re.split(r"[\s/>]", tag.removeprefix("/"), maxsplit=1)[0]
    if tag.startswith("/"):
        return _is_xml(f"<r><{name}><{tag}</r>")
    end = re.match(TAG, tag)
    return end is not None and _is_xml(f"<r><{tag}{'' if end[1].endswith('/>') else f'</{name}>'}</r>")


def _is_xml(text: str) -> bool:
    try:
        parse_without_doctype(expat.ParserCreate(), text.encode())
    except RefusedXml:
        return False
    return True


def _fit(tags: pl.DataFrame) -> bool:
    """Whether there is one root, and every tag that opens is closed by one of its name at its depth."""
    roots = tags.filter((pl.col("depth") <= 0) & ~pl.col("closes"))
    if roots.height != 1 or tags["depth"].min() != 0 or tags["depth"][0] != 0 or tags["closes"][0]:
        return False
    pairs = tags.filter(~pl.col("empty")).select("closes", "depth", name=pl.col("tag").str.extract(r"^/?([^\s/>]+)"))
    # In the order of a depth they open and close in turn.
    pairs = pairs.sort("depth", maintain_order=True)
    opening, closing = pairs.gather_every(2), pairs.gather_every(2, 1)
    return (
        opening.height == closing.height
        and not opening["closes"].any()
        and bool(closing["closes"].all())
        and bool((opening["depth"] == closing["depth"]).all())
        and bool((opening["name"] == closing["name"]).all())
    )
