"""Bank acknowledgements: pain.002 reports that change over days, and what came back in NACHA files."""

from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data
from hypothesis import given
from hypothesis import strategies as st

import integrhealth
from integrhealth.reading.formats import nacha

SPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


def transaction(name: str, status: str, more: str = "") -> str:
    return f"<TxInfAndSts><OrgnlEndToEndId>{name}</OrgnlEndToEndId><TxSts>{status}</TxSts>{more}</TxInfAndSts>"


def payment(*transactions: str, name: str = "P1", status: str = "") -> str:
    told = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{told}{''.join(transactions)}</OrgnlPmtInfAndSts>"


def report(*payments: str, day: int = 1, status: str = "", group: str = "M1", space: str = SPACE) -> str:
    told = f"<GrpSts>{status}</GrpSts>" if status else ""
    header = f"<GrpHdr><MsgId>R{day}</MsgId><CreDtTm>2026-02-0{day}T10:00:00Z</CreDtTm></GrpHdr>"
    original = f"<OrgnlGrpInfAndSts><OrgnlMsgId>{group}</OrgnlMsgId>{told}</OrgnlGrpInfAndSts>"
    return (
        f'<Document xmlns="{space}"><CstmrPmtStsRpt>{header}{original}{"".join(payments)}</CstmrPmtStsRpt></Document>'
    )


def read(folder, *texts: str, name: str = "a.xml"):
    for number, text in enumerate(texts):
        (folder / f"{number}{name}").write_text(text, newline="")
    return integrhealth.read(folder)


def account(found):
    return found.sources.select("rows_in", "rows_out", "rows_rejected").rows()


def statuses(found):
    return dict(found.messages.select("message_id", "status").rows())


def test_a_real_report_accepts_a_group_and_no_more():
    found = integrhealth.read(shared_data("formats", "bank", "pain002-epo_p_0_0_0_2018031510491259.xml"))
    assert account(found) == [(1, 1, 0)]
    (row,) = found.messages.rows(named=True)
    assert (row["message_id"], row["source"], row["target"], row["status"]) == (
        "MsgId-001",
        "customer",
        "POFICHBE",
        "pending",
    )
    assert row["sent_at"] == datetime(2018, 3, 15, 10, 49, 10, tzinfo=UTC)
    assert any("times without a zone" in sentence for sentence in found.warnings)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, "pending") for word in ("RCVD", "PDNG", "ACTC", "PATC", "ACCP", "ACSP", "ACWC", "ACWP")),
        ("ACSC", "ok"),
        ("ACCC", "ok"),
        ("PART", "partial"),
        ("RJCT", "rejected"),
        ("CANC", "cancelled"),
        ("XXXX", "unknown"),
    ],
)
def test_each_word_has_its_status(tmp_path, word, status):
    found = read(tmp_path, report(status=word))
    assert statuses(found) == {"M1": status}
    assert any("XXXX" in sentence for sentence in found.warnings) == (status == "unknown")


def test_levels_have_ids_of_their_own_and_what_they_lie_in_as_parents(tmp_path):
    reason = "<StsRsnInf><Rsn><Cd>AM10</Cd></Rsn><AddtlInf>sum</AddtlInf><AddtlInf>differs</AddtlInf></StsRsnInf>"
    amount = '<OrgnlTxRef><Amt><InstdAmt Ccy="CHF">0012.50</InstdAmt></Amt></OrgnlTxRef>'
    given_payments = [
        payment(transaction("E1", "ACSC"), transaction("E2", "RJCT", reason + amount), status="PART"),
        payment(transaction("E1", "ACSP"), name="P2"),
    ]
    found = read(tmp_path, report(*given_payments, status="PART"))
    columns = ("message_id", "parent_id", "status", "error_code", "error_text", "amount", "currency")
    assert found.messages.select(columns).rows() == [
        ("M1", None, "partial", None, None, None, None),
        ("M1:P1", "M1", "partial", None, None, None, None),
        ("M1:P1:E1", "M1:P1", "ok", None, None, None, None),
        ("M1:P1:E2", "M1:P1", "rejected", "AM10", "sum differs", 12.5, "CHF"),
        ("M1:P2:E1", "M1", "pending", None, None, None, None),
    ]
    assert found.messages["trace_id"].unique().to_list() == ["M1"]


def test_the_last_of_several_reports_counts_whatever_their_order_and_namespace(tmp_path):
    reports = [
        report(payment(transaction("E1", "ACSC"), transaction("E2", "RJCT")), day=3, space="urn:bank.ch.02"),
        report(status="ACTC", day=1),
        report(payment(transaction("E1", "ACSP"), transaction("E2", "PDNG")), day=2, status="ACCP"),
    ]
    found = read(tmp_path, *reports)
    assert statuses(found) == {"M1:P1:E1": "ok", "M1:P1:E2": "rejected", "M1": "pending"}
    first = found.messages.filter(message_id="M1:P1:E1").row(0, named=True)
    assert (first["sent_at"].day, first["finished_at"].day) == (2, 3)


def test_transactions_without_ids_of_the_sender_are_told_apart(tmp_path):
    given_ids = [transaction("NOTPROVIDED", "RJCT", f"<OrgnlInstrId>I{number}</OrgnlInstrId>") for number in (1, 2)]
    assert list(statuses(read(tmp_path, report(payment(*given_ids))))) == [
        "M1:P1:NOTPROVIDED:I1",
        "M1:P1:NOTPROVIDED:I2",
    ]


@pytest.mark.parametrize(
    ("text", "counts", "reason"),
    [
        (report(status="RJCT").replace("<OrgnlMsgId>M1</OrgnlMsgId>", ""), (1, 0, 1), "no_original_message"),
        (report(payment("<TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts>"), status="RJCT"), (2, 1, 1), "no_original_tr"),
        (report(status="RJCT").replace("2026-02", "{{date}}"), (1, 0, 1), "bad_time:at"),
        (report(status="RJCT").replace("<CreDtTm>2026-02-01T10:00:00Z</CreDtTm>", ""), (1, 0, 1), "no_at"),
        (report(status="RJCT")[:-20], (1, 0, 1), "no XML: unclosed token"),
        ('<!DOCTYPE Document [<!ENTITY a "b">]>' + report(status="RJCT"), (1, 0, 1), "xml_doctype"),
    ],
)
def test_reports_that_cannot_be_read_are_rejected(tmp_path, text, counts, reason):
    found = read(tmp_path, text)
    assert account(found) == [counts]
    assert found.rejected["reason"][0].startswith(reason)


def test_transactions_may_have_the_id_that_all_banks_share_only(tmp_path):
    text = report(payment(transaction("U1", "ACSC").replace("OrgnlEndToEndId", "OrgnlUETR")))
    assert statuses(read(tmp_path, text)) == {"M1:P1:U1": "ok"}


def test_reports_in_reports_take_no_time(tmp_path):
    deep = 40_000
    text = f"<Document>{'<CstmrPmtStsRpt>' * deep}<a>b</a>{'</CstmrPmtStsRpt>' * deep}</Document>"
    assert account(read(tmp_path, text)) == [(deep, 0, deep)]


def test_a_report_that_says_nothing_is_no_rejection(tmp_path):
    assert account(read(tmp_path, report())) == [(0, 0, 0)]


def placed(*fields: tuple[int, str]) -> str:
    """A line of 94 columns with each text at its column."""
    line = " " * 94
    for at, text in fields:
        line = line[:at] + text + line[at + len(text) :]
    return line


HEADER = placed((0, "101"), (3, " 091400606"), (13, "6910001341"), (23, "2601310306A094101"), (63, "ACME"))
BATCH = placed((0, "5200"), (4, "ACME"), (50, "PPD"), (53, "PAYROLL"))
END = placed((0, "9"), (7, "1"))


def entry(cents: str = "0000001005") -> str:
    return placed((0, "626091400606"), (12, "123456789"), (29, cents), (54, "Paul Jones"), (79, "1"))


def back(kind: str = "99", code: str = "R01", trace: str = "091400600000001") -> str:
    return placed((0, "7"), (1, kind), (3, code), (6, trace), (27, "02100002"), (79, "2"))


def ach(*lines: str, batch: str = BATCH, end: str = END) -> str:
    return "\n".join(line for line in (HEADER, batch, *lines, placed((0, "8200")), end) if line)


def test_real_returns_are_told_of_the_original_payments():
    found = integrhealth.read(shared_data("formats", "bank", "return-WEB.ach"))
    assert account(found) == [(2, 2, 0)]
    columns = ("message_id", "source", "target", "operation", "status", "error_code", "amount", "currency", "log_line")
    assert found.messages.select(columns).rows() == [
        ("091400600000001", "CoinLion", "09100001", "WEB", "rejected", "R01", 123.54, "USD", 3),
        ("091400600000003", "CoinLion", "02100002", "WEB", "rejected", "R03", 45.65, "USD", 7),
    ]
    assert found.messages["sent_at"].unique().to_list() == [datetime(2018, 10, 17, 3, 6, tzinfo=UTC)]


@pytest.mark.parametrize("shape", [str, lambda text: text.replace("\n", ""), lambda text: text.replace("\n", "\r\n")])
def test_returns_changes_and_entries_in_any_shape_of_file(tmp_path, shape):
    given_lines = [entry(), back(), entry("0000000000"), back("98", "C01", "T2"), entry()]
    found = read(tmp_path, shape(ach(*given_lines)), name="a.ach")
    assert account(found) == [(3, 3, 0)]
    columns = ("message_id", "integration", "status", "error_code", "amount")
    assert found.messages.select(columns).rows() == [
        ("091400600000001", "PAYROLL", "rejected", "R01", 10.05),
        ("T2", "PAYROLL", "partial", "C01", 0.0),
    ]
    assert any("passed over: 1" in sentence for sentence in found.warnings)


def test_stripped_blanks_several_batches_and_padding(tmp_path):
    lines = ach(entry(), back(), placed((0, "8")), BATCH.replace("ACME", "BETA"), entry(), back(trace="T2")).split("\n")
    text = "\n".join([*(line.rstrip() for line in lines), "9" * 94, "9" * 94, ""])
    assert read(tmp_path, text, name="a.ach").messages.select("message_id", "source").rows() == [
        ("091400600000001", "ACME"),
        ("T2", "BETA"),
    ]


@pytest.mark.parametrize(
    ("text", "counts", "reason", "line"),
    [
        (ach(entry(), back(), back(), "x"), (2, 1, 1), "no_nacha_record", 6),
        (ach(entry(), back()) + "\n" + "9" * 95, (2, 1, 1), "more_than_94_columns", 7),
        (ach(back()), (1, 0, 1), "addenda_without_an_entry", 3),
        (ach(entry("12 34"), back()), (1, 0, 1), "bad_amount", 3),
        (ach(entry(), back(), batch=""), (1, 0, 1), "entry_without_a_batch", 2),
        (ach(entry(), back(), end=""), (2, 1, 1), "no_end_of_file", 2),
        ("\n".join([HEADER, BATCH, entry(), back()]), (1, 0, 1), "no_end_of_file", 3),
        (ach(entry(), back()).replace("260131", "261331"), (1, 0, 1), "bad_time:at", 3),
        (ach(entry(), back(trace="")), (1, 0, 1), "no_message_id", 3),
    ],
)
def test_lines_that_cannot_be_read_are_rejected(tmp_path, text, counts, reason, line):
    found = read(tmp_path, text, name="a.ach")
    assert account(found) == [counts]
    assert found.rejected.select("reason", "line").rows() == [(reason, line)]


@given(st.text(max_size=100), st.integers(0, 500), st.integers(0, 100))
def test_whatever_stands_in_it_everything_is_counted(tmp_path_factory, text, at, cut):
    path, good = tmp_path_factory.mktemp("any") / "a.ach", ach(entry(), back())
    path.write_text(good[:at] + text + good[at + cut :])
    for parsed in nacha.FORMAT.read(path, path.name):
        assert parsed.rows_in == parsed.rows_out + parsed.rejected.height
