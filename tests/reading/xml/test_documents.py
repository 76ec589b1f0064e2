"""XML of strangers: document types are refused, damage is one reason, and nothing takes long."""

import pytest

from integrhealth.reading.xml.documents import LINE, RefusedXml, root_name, xml_root, xml_text

BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>\n<log>&c;</log>'
OUTSIDE = '<!DOCTYPE l [<!ENTITY secret SYSTEM "file:///etc/hostname">]><log>&secret;</log>'


def written(folder, text):
    path = folder / "a.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "xml_doctype"),
        (OUTSIDE, "xml_doctype"),
        ('<!DOCTYPE log SYSTEM "log.dtd"><log/>', "xml_doctype"),
        ("<log>&nothing;</log>", "no XML: undefined entity"),
        ("<log>\n<a>", "no XML: no element found"),
        ("<log><a></log>", "no XML: mismatched tag"),
        ("<log><a b='1' b='2'/></log>", "no XML: duplicate attribute"),
        ("<log/><log/>", "no XML: junk after document element"),
        ("", "no XML: no element found"),
        ("no markup", "no XML: syntax error"),
        (b"<log>\xff\xfe</log>", "no XML: not well-formed (invalid token)"),
        ("<log>\0</log>", "no XML: not well-formed (invalid token)"),
        ("<?xml version='1.0' encoding='klingon'?><log/>", "no XML: unknown encoding: klingon"),
        ("<?xml version='1.0' encoding='shift_jis'?><log/>", "no XML: multi-byte encodings are not supported"),
    ],
)
def test_what_is_refused_is_refused_in_one_clear_line(tmp_path, text, reason):
    path = written(tmp_path, text)
    with pytest.raises(RefusedXml) as refused:
        xml_root(path)
    assert refused.value.reason == reason
    assert xml_text(path).fault.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 100_000 + "</a>" * 100_000,
        "<a>" * 100_000,
        f"<log><a b='{'x' * 5_000_000}'/></log>",
        "<log " + " ".join(f"a{number}='1'" for number in range(100_000)) + "/>",
        "<log>" + "<!-- < --><![CDATA[<a>]]>" * 100_000 + "</log>",
    ],
    ids=["deep", "deep_and_cut", "huge_attribute", "many_attributes", "many_comments"],
)
def test_a_strange_shape_takes_no_time(tmp_path, text):
    path = written(tmp_path, text)
    whole = xml_text(path).fault is None
    assert whole == (not text.endswith("<a>"))
    if whole:
        xml_root(path)


@pytest.mark.parametrize("part", ["<?", "<!--", "<![CDATA[", "<!DOCTYPE a [", "< "])
def test_a_root_is_looked_for_once(part):
    assert root_name(part.encode() * 20_000) is None
    assert root_name(f"<?a?><!-- <b> --><!DOCTYPE c><d>{part * 20_000}".encode()) == "d"


def test_a_tree_has_bare_names_and_lines(tmp_path):
    root = xml_root(written(tmp_path, '<x:a xmlns:x="urn:x"\n x:id="1">\n<x:b>two</x:b></x:a>'))
    assert (root.tag, root.get("id"), root.get(LINE)) == ("a", "1", "1")
    assert (root[0].tag, root[0].text, root[0].get(LINE)) == ("b", "two", "3")


def test_text_is_left_without_what_is_no_element_and_keeps_its_lines(tmp_path):
    text = "<?xml version='1.0'?>\n<log><!-- <a>\n--><![CDATA[<b>\n\n]]><c/><?do <d>?></log>\n"
    read = xml_text(written(tmp_path, text))
    assert (read.text, read.fault) == ("\n<log>\n\n\n<c/></log>\n", None)


def test_text_ends_where_the_file_breaks(tmp_path):
    read = xml_text(written(tmp_path, "<log>\n<ä/>\n<b></c></log>"))
    assert read.text.startswith("<log>\n<ä/>\n<b>")
    assert "c>" not in read.text
    assert (read.fault.line, read.fault.reason) == (3, "no XML: mismatched tag")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_every_encoding_that_is_declared_is_read(tmp_path, encoding):
    text = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?><log name='Ünä'/>"
    path = written(tmp_path, text.encode(encoding))
    assert xml_root(path).get("name") == "Ünä"
    assert "<log name='Ünä'/>" in xml_text(path).text


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"<log>", "log"),
        (b"\n<?xml version='1.0'?>\n<!-- <no> -->\n<x:log a='1'", "log"),
        (BOMB.encode(), "log"),
        (b'{"log": "<log>"}', None),
        (b"<", None),
    ],
)
def test_the_root_is_known_by_its_name(start, name):
    assert root_name(start) == name
