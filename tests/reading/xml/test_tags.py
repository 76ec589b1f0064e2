"""The tags of a file by its columns and by the parser: the quick way never takes what the parser refuses."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.reading.xml.tags import _judged_tags, _plain_tags, xml_tags

HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n<!-- a log -->\n<log version="1" xmlns="urn:x">\n'
GOOD = (
    HEAD
    + '<trace>\n\t<string key="a" value="ü > &amp;"/>\n<event>\n<date key="t" value="1"/></event></trace>\n</log>\n'
)
PIECES = ["<", ">", "/>", "</", '"', "'", "&", "&amp;", "&lt", "<!--", "-->", "--", "<![CDATA[", "]]>", "<?", "?>"]
PIECES += [
    "<a>",
    "</a>",
    "<a/>",
    '<a b="1"/>',
    '<a b="1" b="2"/>',
    "<a key='1'>",
    '<x:a key="1" value="2">',
    "\0",
    "\x0b",
]
PIECES += ["<!DOCTYPE a>", '<?xml version="1.0"?>', "text", "\ufffe", "\x01", "\n", "</log>", "<log>", "é", "-", "="]


def both(folder, text):
    """What the columns say, and what the parser says."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    path = folder / "a.xml"
    path.write_bytes(data)
    return _plain_tags(data), _judged_tags(path)


def test_both_ways_come_to_the_same(tmp_path):
    plain, judged = both(tmp_path, GOOD)
    assert judged.fault is None
    assert_frame_equal(plain, judged.tags)
    assert plain.select("line", "depth", "closes", "empty").rows() == [
        (3, 0, False, False),
        (4, 1, False, False),
        (5, 2, False, True),
        (6, 2, False, False),
        (7, 3, False, True),
        (7, 2, True, False),
        (7, 1, True, False),
        (8, 0, True, False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "<a>",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<a/><b/>",
        "<a></a><a></a>",
        "<a></a></a>",
        "x<a/>",
        "<a/>x",
        "<a b='1' b='2'/>",
        "<a>&nothing;</a>",
        "<a>&#1;</a>",
        '<a key="&x;" value="1"/>',
        '<a key="1" key="2"/>',
        '<a key="\x01" value="1"/>',
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        ' <?xml version="1.0"?><a/>',
        '<a><?xml version="1.0"?></a>',
        '<?xml version="1.0"?><?xml version="1.0"?><a/>',
        '<?xml version="1.0" encoding="klingon"?><a/>',
        "<a><!-- -- --></a>",
        "<a><!-- <b> --></a><b>",
        "<a>]]></a>",
        b"<a>\xff</a>",
        b'<a key="\xff" value="1"/>',
        "<a>\0</a>",
        "<\0a\0/\0>\0",
        "<1/>",
        "<a><></a>",
    ],
)
def test_what_the_parser_refuses_is_not_plain(tmp_path, text):
    plain, judged = both(tmp_path, text)
    assert judged.fault is not None
    assert plain is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=4).map("".join), st.integers(0, len(GOOD)), st.integers(0, 6))
@example("", 0, 0)
@example("\0", 1, 0)
@example("<a></b><b></a>", GOOD.index("<event>"), 0)
def test_whatever_is_put_in_or_taken_out_the_quick_way_is_the_parsers(tmp_path_factory, text, at, cut):
    plain, judged = both(tmp_path_factory.mktemp("any"), GOOD[:at] + text + GOOD[at + cut :])
    if plain is not None:
        assert judged.fault is None
        assert_frame_equal(plain, judged.tags)


def test_many_odd_tags_are_judged_together(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text("<a>" + "".join(f"<b c='{number}'/>" for number in range(3_000)) + "</a>")
    assert _plain_tags(path.read_bytes()) is None
    assert xml_tags(path).tags.height == 3_002
