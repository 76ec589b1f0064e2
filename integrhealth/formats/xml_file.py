"""XML that nobody vouches for: parsed without a document type, so that no entity is ever expanded or fetched."""

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from integrhealth.formats.opened import whole


class RefusedXml(Exception):
    """No XML, or XML that this kit does not open. Never leaves the readers."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)
        self.line, self.reason = line, reason


def xml_root(path: Path) -> Element:
    """The root element of an XML file, its names without their namespaces, each with its ``line`` as an attribute.

    Raises RefusedXml for what is no XML, and for a document type: entities can stand for gigabytes, or for files.
    """
    data, damage = whole(path)
    if damage is not None:
        raise RefusedXml(data.count(b"\n") + 1, damage)
    builder = TreeBuilder()
    # UTF-16 has become UTF-8 on the way, whatever its declaration says.
    encoding = "utf-8" if b"utf-16" in data[:200].lower() else None
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        bare = {local(key): value for key, value in attributes.items()}
        builder.start(local(name), bare | {LINE: str(parser.CurrentLineNumber)})

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(local(name))
    parser.CharacterDataHandler = builder.data
    parse_without_doctype(parser, data)
    return builder.close()


# The attribute under which the line of an element stands; no XML name begins with a colon.
LINE = ":line"


def parse_without_doctype(parser: expat.XMLParserType, data: bytes) -> None:
    """Parse all of DATA. Raises RefusedXml for what is no XML and for a document type."""

    def refuse(*_: object) -> None:
        raise RefusedXml(parser.CurrentLineNumber, "xml_doctype")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise RefusedXml(error.lineno, f"no XML: {expat.ErrorString(error.code)}") from error


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]
