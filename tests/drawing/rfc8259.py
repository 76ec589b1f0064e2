"""JSON texts, good and bad, in the manner of the well-known parsing suites: what RFC 8259 allows, forbids, leaves open.

None says whether it is good: that is for the oracle in the test. ``VALUES`` stand behind a key, ``LINES`` hold the
members of a whole record in place of ``%s``.
"""

NUMBERS = b"""
0 -0 1 -1 7 0.0 -0.0 1.0 2.0 1.5 1.50 -1.5 1e2 1E2 1e+2 1e-2 1E-02 0e0 0e+1 0E1 1.5e1 0.1e1 10e-1 1e00001 0.1
123.456e78 9007199254740993 9007199254740993.0 0.99999999999999999999 3.141592653589793238462643383279 1e18 1e19
1e22 1e400 -1e400 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
9.223372036854775807e18 0e999999999 18446744073709551615 18446744073709551616 100000000000000000000 1e-400 5e-324
1.7976931348623157e308 1e-999999999 340282366920938463463374607431768211455 340282366920938463463374607431768211456
1.7976931348623159e308 1e9999999999999 01 -01 00 007 +1 .5 -.5 1. -1. 1.e1 0.e1 1e 1e+ 1E- 1.0e --1 - + 0x1F 0b1 0o7
1_000 1,5 1e1.5 1.2.3 1a -a 1f 1L 1ea NaN -NaN nan Infinity -Infinity inf +Inf INF 1/2 $1 1% (1) \xef\xbc\x91
\xd9\xa1
""".split()

WORDS = b"""
true false null True TRUE FALSE Null NULL nul tru fals nulll truee t f n None undefined yes tr\\u0075e
""".split()

# Escapes stand as they are in the file.
STRINGS = [
    *rb"""
"" "a" "007" "a\"b" "\\" "\/" "\b\f\n\r\t" "\u0061" "\u00e9" "\u0000" "\u001f" "\u0022" "\u005C" "\uFEFF" "\uFFFF"
"[1" "{" "\uD83D\uDE00" "\ud834\udd1e" "\udbff\udfff" "\\uD800" "\\\\ud83d" "x\\\ud83d\ude00"
"\ud83d\ude00\ud83d\ude00" "\u200B\u2064" "\ud83d" "\ud83dx" "\ud83d\n" "\ud83d\u0061" "\ud83d\\" "\ud83d\\ude00"
"\ude00" "\ude00\ud83d" "\ud83d\ud83d\ude00" "\uD800\uD800" "\uD800\u" "\uD800\u1" "\\\ud83d" "\x41" "\a" "\v" "\0"
"\'" "\u" "\u12" "\u12G4" "\U0001F600" "\u+123" "\u{1}" 'a' "a a" "a""b" "a"b a" `a` "\" "\\\" "\u00"
"http://a/?b={c}&d=[e]" "a:b" "a\":b" ":" ",\"amount\":1" "/*a*/" "//"
""".split(),
    *[
        '"ü"'.encode(),
        '"😀"'.encode(),
        '"\ufeff"'.encode(),
        '"a\u2028b"'.encode(),
        '"\uffff"'.encode(),
        '"a\xa0b"'.encode(),
    ],
    *[b'"\\u 123"', b'"\\ "', b'"\\\xc3\xa9"', b'"a\x7fb"', b'"a b"', b'"a" "b"', "“a”".encode()],
    # Raw control characters, a raw line end among them
    *[b'"a%cb"' % code for code in (0, 1, 8, 9, 10, 11, 12, 13, 27, 31)],
    *[b'"' + b"a" * 61 + b'\x01"', b'"' + b"a" * 200 + b"\n" + b"a" * 200 + b'"', b'"\\\n"'],
    # No UTF-8: a lone byte, cut short, overlong, half a pair, beyond Unicode, Latin-1
    *[
        b'"\xff"',
        b'"\x80"',
        b'"\xc3"',
        b'"\xe2\x82"',
        b'"\xf0\x9f\x98"',
        b'"\xc0\xaf"',
        b'"\xc1\x81"',
        b'"\xe0\x80\x80"',
    ],
    *[b'"\xed\xa0\x80"', b'"\xed\xa0\xbd\xed\xb8\x80"', b'"\xf4\x90\x80\x80"', b'"\xf8\x88\x80\x80\x80"', b'"caf\xe9"'],
]

STRUCTURES = [
    *b"""
[] {} [1] ["a"] [[[]]] {"a":1} {"a":{"b":[1]}} [1,] [,1] [1,,2] [,] [1 [}, ]1[ [1] ] {"a":1,} {,"a":1} {"a"} {"a":}
{:1} {"a"::1} {"a";1} {"a"=1} {a:1} {1:1} {null:1} {'a':1} {"a":1,"a":2} {"a":"\\ud83d"} {"\\ud83d":1} ["\\ud83d"]
[NaN] [01] [1e400] [1L] {"a":.5} [1}{"b":2] ["x"}
""".split(),
    *[b"[1 2]", b'{"a":1 "b":2}', b'{"a" 1}', b'[1,"\xff"]', b"[1\x0c]", b"[\n1]", b"[" * 500 + b"]" * 500],
    *[b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000],
]

VALUES = [
    *NUMBERS,
    *WORDS,
    *STRINGS,
    *STRUCTURES,
    b"",
    b" ",
    b"1 000",
    b"1 2",
    b"1\xc2\xa0",
    b"\x0c1",
    b"1\x00",
    b"/**/1",
    b"1//x",
]

LINES = [
    # White space is blank, tab and line ends, and nothing else.
    *[
        b"{%s}",
        b" {%s} ",
        b"\t{%s}\t",
        b"{%s}\r",
        b"\r{%s}\r\r",
        b"{ \t\r%s \t\r}",
        b"{%s}\r\n\r\n",
        b"",
        b" ",
        b"\t \r",
        b"\r",
    ],
    *[
        b"\x0c",
        b"\x0b",
        b"\x00",
        b"\x1c",
        b"\x1a",
        b"\x85",
        b"\xc2\x85",
        b"\xc2\xa0",
        b"\xe2\x80\x83",
        b"\xe3\x80\x80",
        b"\xef\xbb\xbf",
    ],
    *[
        b"\x0c{%s}",
        b"{%s}\x0c",
        b"{\x0c%s}",
        b"{%s\x0b}",
        b"\xc2\xa0{%s}",
        b"{%s}\xc2\xa0",
        b"{%s}\x00",
        b"\x00{%s}",
        b"{%s}\x1a",
    ],
    *[b"\xef\xbb\xbf{%s}", b"{\xef\xbb\xbf%s}", b"{%s}\xef\xbb\xbf", b"{\xe2\x81\xa0%s}"],
    # Commas, comments, brackets, what follows
    *[
        b"{%s,}",
        b"{%s,,}",
        b"{,%s}",
        b"{%s",
        b"%s}",
        b"%s",
        b"{%s}}",
        b"{{%s}",
        b"{%s]",
        b"[%s}",
        b"{%s}]",
        b"{%s},",
        b",{%s}",
    ],
    *[
        b"{%s}//c",
        b"{%s}/*c*/",
        b"{/*c*/%s}",
        b"{%s}#c",
        b"#",
        b"//",
        b"{%s} x",
        b"{%s}x",
        b"{%s}0",
        b"{%s}null",
        b'{%s}"',
        b"{%s};",
    ],
    *[
        b"{%s}{%s}",
        b"{%s} {%s}",
        b"{%s},{%s}",
        b"{%s}\r{%s}",
        b"{%s}{",
        b"{%s}[]",
        b"[{%s}]",
        b"[{%s},{%s}]",
        b"{\n%s\n}",
        b"{%s\n}",
    ],
    *[
        b"{%s}\\",
        b"\\{%s}",
        b"({%s})",
        b"var a={%s}",
        b"data: {%s}",
        b"{%s/}",
        b"<a/>",
        b"---",
        b"a,b,c",
        b'{"a":{%s}',
        b"{%s}\xff",
    ],
    # No object, and no record at all
    *[
        b"[]",
        b"[1]",
        b"[null]",
        b'"a"',
        b"1",
        b"1.5",
        b"null",
        b"true",
        b"false",
        b"nul",
        b"NaN",
        b"[",
        b"]",
        b"{",
        b"}",
        b'"',
        b'"a',
    ],
    # Keys: repeated (the first counts), escaped, empty, of another case
    *[b'{%s,"object_id":"first","object_id":"last"}', b'{%s,"bytes":1,"bytes":1.5}', b'{%s,"bytes":1.5,"bytes":1}'],
    *[
        b'{%s,"bytes":2.0,"bytes":3}',
        b'{%s,"fallback":null,"fallback":true}',
        b'{"bytes":7,%s,"bytes":8,"amount":2.0,"amount":1}',
    ],
    *[
        b'{%s,"\\u0062ytes":5}',
        b'{%s,"":1}',
        b'{%s,"Bytes":1.5}',
        b'{%s,"bytes ":1.5}',
        b'{%s, "bytes" : 5 , "amount"\t:\r1}',
    ],
    *[b'{%s,"x":1,"x":2}', b'{%s,"x":{"bytes":1.5},"bytes":2.0}'],
]
