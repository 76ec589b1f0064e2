"""XML that nobody vouches for: parsed without a document type, so that no entity is ever expanded or fetched."""

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from integrhealth.reading.files.opened import whole
from integrhealth.reading.records.nested import Refused

# The attribute under which the line of an element stands; no XML name begins with a colon.
LINE = ":line"
DOCTYPE = "xml_doctype"
# A comment, an instruction, a document type up to its subset: what stands before the root. One without an end goes on
# to the end of the file, so that it is looked for once.
BEFORE_THE_ROOT = re.compile(rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<![^>\[]*", re.DOTALL)
ELEMENT = re.compile(rb"<(?:[^\s<>/:!?]+:)?([^\s<>/:!?]+)")
# What is not an element, by its beginning, and how it ends.
NO_ELEMENT = {b"<!-": b"-->", b"<![": b"]]>", b"<?": b"?>"}


class RefusedXml(Exception):
    """No XML, or XML that this kit does not open. Never leaves the readers."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)
        self.line, self.reason = line, reason


class XmlText(NamedTuple):
    """The elements of an XML file as text: well-formed as far as it goes, and why it goes no further.

    Comments, CDATA and instructions are left out but for their line ends, so that ``<`` begins a tag and nothing else.
    """

    text: str
    fault: RefusedXml | None


def root_name(start: bytes) -> str | None:
    """The name of the root element without its prefix, by the beginning of a file; None for what is not XML."""
    if not start.lstrip().startswith(b"<"):
        return None
    match = ELEMENT.search(BEFORE_THE_ROOT.sub(b"", start))
    return match[1].decode("utf-8", "replace") if match else None


def root_or_refused(path: Path) -> Element | Refused:
    """The root element as ``xml_root`` gives it, or the whole file as one refused record."""
    try:
        return xml_root(path)
    except RefusedXml as refused:
        return Refused(refused.line, refused.reason, b"")


def xml_root(path: Path) -> Element:
    """The root element of an XML file, its names without their namespaces, each with its ``line`` as an attribute.

    Raises RefusedXml for what is not XML, and for a document type: entities can stand for gigabytes, or for files.
    """
    data, damage = whole(path)
    if damage is not None:
        raise RefusedXml(data.count(b"\n") + 1, damage)
    builder = TreeBuilder()
    parser = expat.ParserCreate(_encoding(data), namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        bare = {local(key): value for key, value in attributes.items()}
        builder.start(local(name), bare | {LINE: str(parser.CurrentLineNumber)})

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(local(name))
    parser.CharacterDataHandler = builder.data
    parse_without_doctype(parser, data)
    return builder.close()


def xml_text(path: Path) -> XmlText:
    """The elements of a file as text, for readers that are too many for a tree; nothing of a file with a doctype."""
    data, damage = whole(path)
    encoding = _encoding(data) or "utf-8"
    parser = expat.ParserCreate(_encoding(data))
    offsets: list[int] = []

    def declare(version: str, declared: str | None, standalone: int) -> None:
        nonlocal encoding
        note()
        if _encoding(data) is None and declared is not None:
            b" ".decode(declared)  # raises LookupError for one that is unknown
            encoding = declared

    def note(*_: object) -> None:
        offsets.append(parser.CurrentByteIndex)

    parser.XmlDeclHandler = declare
    parser.CommentHandler = parser.StartCdataSectionHandler = parser.ProcessingInstructionHandler = note
    fault = None
    try:
        parse_without_doctype(parser, data)
    except RefusedXml as refused:
        fault = refused if damage is None else RefusedXml(refused.line, damage)
        data = b"" if refused.reason == DOCTYPE else data[: max(parser.ErrorByteIndex, 0)]
    return XmlText(_elements_only(data, offsets).decode(encoding, "replace"), fault)


def parse_without_doctype(parser: expat.XMLParserType, data: bytes) -> None:
    """Parse all of `data`. Raises RefusedXml for what is not XML and for a document type."""

    def refuse(*_: object) -> None:
        raise RefusedXml(parser.CurrentLineNumber, DOCTYPE)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise RefusedXml(error.lineno, f"no XML: {expat.ErrorString(error.code)}") from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or not for XML
        raise RefusedXml(parser.CurrentLineNumber, f"no XML: {error}") from error


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]


def _encoding(data: bytes) -> str | None:
    """UTF-16 has become UTF-8 on the way, whatever its declaration says."""
    return "utf-8" if b"utf-16" in data[:200].lower() else None


def _elements_only(data: bytes, offsets: list[int]) -> bytes:
    """`data` with nothing but line ends where something that is not an element was found to begin."""
    kept, here = [], 0
    for begin in offsets:
        ending = next((end for start, end in NO_ELEMENT.items() if data.startswith(start, begin)), b">")
        end = data.find(ending, begin + len(ending))
        end = len(data) if end < 0 else end + len(ending)
        kept += [data[here:begin], b"\n" * data.count(b"\n", begin, end)]
        here = end
    return b"".join([*kept, data[here:]]) if kept else data
