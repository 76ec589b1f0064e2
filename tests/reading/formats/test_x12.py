"""X12: acknowledgements are told of what they acknowledge, by the sender of that; damaged envelopes cost themselves."""

from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data
from hypothesis import given, settings
from hypothesis import strategies as st

import integrhealth
from integrhealth.reading.formats.x12 import FORMAT

SET = "ST*999*0001~AK1*HC*17~AK2*837*0001~IK5*A~AK9*A*1*1*1~SE*6*0001~"
PARTNER, OWN = "PARTNER", "OWN"


def isa(sender: str = PARTNER, receiver: str = OWN, control: str = "000000009") -> str:
    blank = " " * 10
    return f"ISA*00*{blank}*00*{blank}*ZZ*{sender:15}*ZZ*{receiver:15}*260131*1405*^*00501*{control}*0*P*:~"


def group(*sets: str, kind: str = "FA", control: str = "5") -> str:
    return f"GS*{kind}*A*B*20260131*140530*{control}*X*005010~{''.join(sets)}GE*{len(sets)}*{control}~"


def interchange(*groups: str, control: str = "000000009", **sides: str) -> str:
    return f"{isa(control=control, **sides)}{''.join(groups)}IEA*{len(groups)}*{control}~"


def answer(*segments: str) -> str:
    return "".join(f"{segment}~" for segment in ("ST*997*0001", *segments, "SE*9*0001"))


def read(folder, *texts: str):
    for number, text in enumerate(texts):
        (folder / f"{number}.edi").write_text(text, newline="")
    return integrhealth.read(folder)


def account(found):
    return found.sources.select("rows_in", "rows_out", "rows_rejected").rows()


def statuses(found):
    return found.messages.select("message_id", "status", "error_code").rows()


REAL = [
    ("834_lui_id_5010.999.txt", (4, 4, 0), [("D00XXX>00AA:BE:13360001:834:0001", "ok", None)]),
    ("empty997.edi", (1, 0, 1), []),
    ("simple997.edi", (1, 1, 0), [("Sender>ReceiverID:HC:000001:837:0021", "rejected", "AK4-7")]),
    ("invalid997.edi", (1, 1, 0), [("Sender>ReceiverID:HC NOT IN CODESET:000001:837:0021", "rejected", "AK4-7")]),
    (
        "simple999.edi",
        (3, 3, 0),
        [
            ("987654321>123456789:HC:17456:837:0001", "ok", None),
            ("987654321>123456789:HC:17456:837:0002", "rejected", "AK4-1"),
            ("987654321>123456789:HC:17456:837:0003", "rejected", "AK3-3"),
        ],
    ),
    ("x12_interchange_ack.txt", (1, 1, 0), [("Sender>Receiver:ISA:000000050", "ok", None)]),
]


@pytest.mark.parametrize(("name", "counts", "expected"), REAL)
def test_real_acknowledgements(name, counts, expected):
    found = integrhealth.read(shared_data("formats", "edi", name))
    assert account(found) == [counts]
    assert statuses(found) == expected


def test_a_real_rejection_says_why_and_not_what_the_data_was():
    (row,) = integrhealth.read(shared_data("formats", "edi", "simple997.edi")).messages.rows(named=True)
    assert (row["source"], row["target"], row["object_type"], row["object_id"]) == (
        "Sender",
        "ReceiverID",
        "837",
        "0021",
    )
    assert row["error_text"] == (
        "NM1 in segment 8: segment has data element errors; element 8: invalid code; segments in error"
    )
    assert row["sent_at"] == datetime(2005, 8, 12, 19, 53, 35, tzinfo=UTC)


def test_an_interchange_acknowledgement_knows_when_what_it_answers_was_sent():
    found = integrhealth.read(shared_data("formats", "edi", "x12_interchange_ack.txt"))
    (row,) = found.messages.rows(named=True)
    assert row["sent_at"] == datetime(2020, 2, 29, 12, tzinfo=UTC)
    assert row["finished_at"] == datetime(2020, 3, 1, 14, 30, tzinfo=UTC)
    assert any("years of two digits" in sentence for sentence in found.warnings)
    assert any("times without a zone" in sentence for sentence in found.warnings)


def test_delimiters_are_those_of_each_interchange_and_no_line_ends_are_needed(tmp_path):
    other = interchange(group(SET.replace("17", "18"))).translate(str.maketrans("*~:", "|'>"))
    lines = interchange(group(SET.replace("17", "19"))).replace("~", "\n")
    wrapped = interchange(group(SET.replace("17", "20"))).replace("~", "~\r\n")
    found = read(tmp_path, interchange(group(SET)) + other + lines + wrapped)
    assert account(found) == [(4, 4, 0)]
    assert [row[0].split(":")[2] for row in statuses(found)] == ["17", "18", "19", "20"]


@pytest.mark.parametrize(
    ("word", "status"),
    [("A", "ok"), ("E", "partial"), ("P", "partial"), *((w, "rejected") for w in "RMWX"), ("Q", "unknown")],
)
def test_each_word_has_its_status(tmp_path, word, status):
    found = read(tmp_path, interchange(group(SET.replace("IK5*A", f"IK5*{word}"))))
    assert [row[1] for row in statuses(found)] == [status]
    assert any("'Q'" in sentence for sentence in found.warnings) == (status == "unknown")


def test_a_group_without_sets_is_told_as_a_group(tmp_path):
    accepted = answer("AK1*PO*7", "AK9*A*2*2*2")
    refused = answer("AK1*PO*8", "AK9*R*1*1*0*3*4")
    found = read(tmp_path, interchange(group(accepted, refused)))
    assert statuses(found) == [("OWN>PARTNER:PO:7", "ok", None), ("OWN>PARTNER:PO:8", "rejected", "AK9-3")]
    assert found.messages["error_text"][1] == "group trailer missing; control numbers of the group differ"


def test_a_rejected_group_rejects_its_sets(tmp_path):
    found = read(tmp_path, interchange(group(answer("AK1*PO*7", "AK2*850*1", "AK5*A", "AK9*R*1*1*0*1"))))
    assert statuses(found) == [("OWN>PARTNER:PO:7:850:1", "rejected", "AK9-1")]


def test_sets_that_an_acknowledgement_leaves_out_are_said(tmp_path):
    found = read(tmp_path, interchange(group(answer("AK1*PO*7", "AK2*850*1", "AK5*R", "AK9*P*3*3*2"))))
    assert any("fewer transaction sets than" in sentence for sentence in found.warnings)


def test_what_was_sent_and_not_acknowledged_is_pending(tmp_path):
    sets = [f"ST*850*000{number}~BEG*00~SE*3*000{number}~" for number in (1, 2)]
    sent = interchange(group(*sets, kind="PO", control="7"), sender=OWN, receiver=PARTNER)
    answered = answer("AK1*PO*7", "AK2*850*0001", "AK5*E*5", "AK9*E*1*1*1")
    later = interchange(group(answered)).replace("20260131*140530", "20260201*1405")
    found = read(tmp_path, sent, later)
    assert statuses(found) == [
        ("OWN>PARTNER:PO:7:850:0001", "partial", "AK5-5"),
        ("OWN>PARTNER:PO:7:850:0002", "pending", None),
    ]
    assert found.messages["sent_at"].to_list() == [datetime(2026, 1, 31, 14, 5, 30, tzinfo=UTC)] * 2
    assert found.messages["finished_at"].to_list() == [datetime(2026, 2, 1, 14, 5, tzinfo=UTC), None]


GOOD = interchange(group(SET))


@pytest.mark.parametrize(
    ("damaged", "reasons"),
    [
        (GOOD + "nonsense~" + GOOD, ["no_interchange"]),
        (GOOD + "nonsense", ["no_interchange"]),
        (GOOD.replace("PARTNER    ", "PARTNER") + GOOD, ["bad_isa"]),
        (GOOD + GOOD[: GOOD.index("IEA")], ["no_iea"]),
        (GOOD + GOOD[: GOOD.index("IEA")] + GOOD, ["no_iea"]),
        (GOOD + GOOD[: GOOD.index("GE*")], ["no_ge"]),
        (GOOD + GOOD[: GOOD.index("IK5")], ["no_se"]),
        (GOOD + isa()[:60], ["bad_isa"]),
        (GOOD + interchange(group(SET)).replace("IEA*1*000000009", "IEA*1*8"), ["control_number_of_iea_differs"]),
        (GOOD + interchange(group(SET)).replace("GE*1*5", "GE*1*6"), ["control_number_of_ge_differs"]),
        (GOOD + interchange(group(SET)).replace("SE*6*0001", "SE*6*2"), ["control_number_of_se_differs"]),
        (GOOD + interchange(group(answer("AK1*PO*7"))), ["no_ak9"]),
        (GOOD + interchange(group(answer("AK9*A*0*0*0"))), ["no_ak1"]),
        (GOOD + interchange(group(answer("AK1*PO*7", "AK2*850*1", "AK9*A*1*1*1"))), ["no_ak5"]),
        (GOOD + interchange(group(SET)).replace("20260131", "20261331"), ["bad_time:at"]),
        (GOOD + interchange(group(SET)).replace("20260131", "YYYYMMDD"), ["bad_time:at"]),
    ],
)
def test_damage_costs_what_it_is_in_and_the_rest_stays(tmp_path, damaged, reasons):
    found = read(tmp_path, damaged)
    assert found.rejected["reason"].to_list() == reasons
    assert found.messages["message_id"].to_list() == ["OWN>PARTNER:HC:17:837:0001"]
    ((rows_in, rows_out, rejected),) = account(found)
    assert (rows_in, rejected) == (rows_out + rejected, 1)


def test_the_two_digit_years_of_a_century_ago_and_of_this_one(tmp_path):
    acknowledged = "TA1*000000001*691231*2359*A*000~TA1*000000002*700101*0000*R*005~"
    found = read(tmp_path, interchange(acknowledged))
    assert found.messages["sent_at"].dt.year().to_list() == [2069, 1970]
    assert statuses(found)[1][1:] == ("rejected", "TA1-005")


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="ISAGETK1249*~:\n ", max_size=80), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_whatever_stands_in_it_everything_is_counted(tmp_path_factory, text, at, cut):
    path = tmp_path_factory.mktemp("any") / "a.edi"
    path.write_text(GOOD[:at] + text + GOOD[at + cut :] + GOOD)
    (parsed,) = FORMAT.read(path, path.name)
    assert parsed.rows_in == parsed.rows_out + parsed.rejected.height
    assert parsed.rows_in >= 1
