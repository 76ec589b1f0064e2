"""SAP tables by preset: IDoc status and control records fold into messages, the document flow becomes documents."""

import csv
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

STATUS_RECORDS = "MANDT;DOCNUM;LOGDAT;LOGTIM;COUNTR;STATUS;UNAME;STATXT;STAPA1;STAMID;STAMNO\n"
CONTROL_RECORDS = "MANDT;DOCNUM;DIRECT;SNDPRN;RCVPRN;MESTYP;IDOCTP;STATUS;CREDAT;CRETIM;UPDDAT;UPDTIM\n"
TYPES = {
    "C": "order",
    "H": "return",
    "J": "delivery",
    "M": "invoice",
    "O": "credit_note",
    "R": "goods_issue",
    "T": "return",
}


def read(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return ih.read(folder)


def told(evidence, *columns):
    return evidence.messages.select(columns).rows()


def test_the_rows_of_an_idoc_fold_into_its_attempts(tmp_path):
    rows = """100;0000000000004711;20260113;101112;2;64;BATCH;ready;;;
100;0000000000004711;20260113;101112;1;50;BATCH;added;;;
100;0000000000004711;20260113;101113;3;51;BATCH;Material &1 is missing;M-1;VG;205
100;0000000000004711;20260114;081112;4;64;ANNA;ready;;;
100;0000000000004711;20260114;081115;5;53;ANNA;Document &1 posted;90;VG;311
"""
    found = read(tmp_path, edids=STATUS_RECORDS + rows)
    assert found.sources["format"].to_list() == ["sap_idoc_status"]
    assert told(found, "message_id", "attempt", "status", "error_code", "error_text", "actor") == [
        ("0000000000004711", 1, "failed", "VG 205", "Material &1 is missing", "BATCH"),
        ("0000000000004711", 2, "ok", None, None, "ANNA"),
    ]
    assert told(found, "sent_at", "finished_at") == [
        (datetime(2026, 1, 13, 10, 11, 12, tzinfo=UTC), datetime(2026, 1, 13, 10, 11, 13, tzinfo=UTC)),
        (datetime(2026, 1, 14, 8, 11, 12, tzinfo=UTC), datetime(2026, 1, 14, 8, 11, 15, tzinfo=UTC)),
    ]
    assert any("times without a zone" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("03", "ok"),
        ("3", "ok"),
        ("12", "ok"),
        ("53", "ok"),
        ("52", "partial"),
        ("2", "failed"),
        ("26", "failed"),
        ("60", "failed"),
        ("17", "rejected"),
        ("39", "pending"),
        ("40", "failed"),
        ("41", "ok"),
        ("30", "pending"),
        ("64", "pending"),
        ("66", "held"),
        ("68", "cancelled"),
        ("70", "skipped"),
        ("99", "unknown"),
    ],
)
def test_what_the_codes_mean(tmp_path, code, status):
    found = read(tmp_path, edids=STATUS_RECORDS + f"100;7;20260113;101112;1;{code};U;text;;VG;1\n")
    assert told(found, "status") == [(status,)]
    failed = status in ("failed", "rejected", "partial", "cancelled")
    assert told(found, "error_text") == [("text" if failed else None,)]
    assert any("not mapped" in warning for warning in found.warnings) is (status == "unknown")


def test_what_the_target_system_reports_back_is_the_end(tmp_path):
    rows = "".join(
        f"100;7;20260113;10111{n};{n};{code};U;text;;VG;1\n" for n, code in enumerate(["01", "03", "39", "40"])
    )
    assert told(read(tmp_path, edids=STATUS_RECORDS + rows), "status", "error_text") == [("failed", "text")]


def test_zeros_that_a_spreadsheet_dropped_and_dates_as_people_see_them(tmp_path):
    """01:11:12 comes as 11112, which must not become 11:11:02."""
    eaten = read(tmp_path, edids=STATUS_RECORDS + "100;7;20260113;11112;1;3;U;;;;\n")
    assert told(eaten, "sent_at") == [(datetime(2026, 1, 13, 1, 11, 12, tzinfo=UTC),)]
    shown = read(tmp_path, edids=STATUS_RECORDS + "100;7;13.01.2026;01:11:12;1;3;U;;;;\n")
    assert told(shown, "sent_at") == told(eaten, "sent_at")


def test_bad_times_are_rejected_and_the_archive_is_passed_over(tmp_path):
    rows = """100;7;20260113;101112;1;01;U;;;;
100;7;20261399;101112;2;03;U;;;;
100;7;00000000;000000;3;03;U;;;;
100;7;20270113;101112;4;38;U;archived;;;
"""
    found = read(tmp_path, edids=STATUS_RECORDS + rows)
    assert told(found, "status") == [("pending",)]
    assert found.rejected.select("line", "reason").rows() == [(3, "bad_time:at"), (4, "no_at")]
    assert found.sources.select("rows_in", "rows_out", "rows_rejected").row(0) == (4, 2, 2)


CONTROL = "100;0000000000004711;2;SHOP;ERP100;ORDERS;ORDERS05;51;20260113;101110;20260113;101112\n"


def test_a_control_record_is_a_message_with_its_latest_status(tmp_path):
    outbound = "100;0000000000004712;1;ERP100;BANK;PAYEXT;;64;20260113;101110;00000000;000000\n"
    found = read(tmp_path, edidc=CONTROL_RECORDS + CONTROL + outbound)
    assert found.sources["format"].to_list() == ["sap_idoc_control"]
    assert told(found, "source", "target", "operation", "object_type", "status") == [
        ("SHOP", "ERP100", "inbound", "ORDERS", "failed"),
        ("ERP100", "BANK", "outbound", "PAYEXT", "pending"),
    ]
    created = datetime(2026, 1, 13, 10, 11, 10, tzinfo=UTC)
    updated = datetime(2026, 1, 13, 10, 11, 12, tzinfo=UTC)
    assert told(found, "sent_at", "finished_at") == [(created, updated), (created, None)]


def test_control_and_status_records_tell_one_message(tmp_path):
    """The control record comes at the second of the last status, and adds the partners but no attempt."""
    rows = """100;0000000000004711;20260113;101112;1;50;BATCH;added;;;
100;0000000000004711;20260113;101112;2;64;BATCH;ready;;;
100;0000000000004711;20260113;101112;3;51;BATCH;Material &1 is missing;M-1;VG;205
"""
    found = read(tmp_path, edidc=CONTROL_RECORDS + CONTROL, edids=STATUS_RECORDS + rows)
    assert told(found, "source", "target", "attempt", "status", "error_code") == [
        ("SHOP", "ERP100", None, "failed", "VG 205")
    ]
    assert found.sources["rows_out"].to_list() == [1, 3]


def test_status_records_joined_with_the_partners(tmp_path):
    header = "DOCNUM,LOGDAT,LOGTIM,COUNTR,STATUS,SNDPRN,RCVPRN,MESTYP,DIRECT\n"
    found = read(
        tmp_path, joined=header + "1,20260113,101112,1,50,SHOP,ERP,ORDERS,2\n1,20260113,101113,2,53,SHOP,ERP,ORDERS,2\n"
    )
    assert told(found, "source", "target", "operation", "object_type", "status") == [
        ("SHOP", "ERP", "inbound", "ORDERS", "ok")
    ]


def vbfa():
    with zipfile.ZipFile(shared_data("formats", "sap", "VBFA.zip")) as packed:
        text = packed.read(packed.namelist()[0]).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_real_document_flow_of_167_766_rows():
    """Against a plain count: the case of a code counts (h cancels a goods issue, H is a return)."""
    rows = vbfa()
    kept = [row for row in rows if row["VBTYP_N"] in TYPES]
    found = ih.read(shared_data("formats", "sap", "VBFA.zip"))
    documents = found.documents
    account = found.sources.select("format", "rows_in", "rows_out", "rows_rejected", "duplicates").row(0)
    assert account == ("sap_document_flow", len(rows), len(rows), 0, 0)
    assert (len(rows), len(kept)) == (167_766, 132_039)
    counted = dict(documents.group_by("type").len().rows())
    assert counted == Counter(TYPES[row["VBTYP_N"]] for row in kept)
    assert f"passed over: {len(rows) - len(kept):,}" in " ".join(found.warnings)
    expected = [
        (
            row["VBELN"],
            row["POSNN"],
            row["VBELV"],
            row["POSNV"],
            float(row["RFMNG"]),
            row["MEINS"].strip() or None,
            float(row["RFWRT"]),
            row["WAERS"].strip() or None,
            datetime.strptime(row["ERDAT"] + row["ERZET"], "%Y%m%d%H%M%S").replace(tzinfo=UTC),
        )
        for row in kept
    ]
    columns = (
        "document",
        "line",
        "preceding",
        "preceding_line",
        "quantity",
        "unit",
        "amount",
        "currency",
        "created_at",
    )
    assert documents.select(columns).rows() == expected


def test_a_line_that_follows_itself_stays_and_case_counts(tmp_path):
    flow = """VBELV,POSNV,VBELN,POSNN,VBTYP_N,VBTYP_V,RFMNG,MEINS,RFWRT,WAERS,ERDAT,ERZET,MATNR,BWART,AEDAT,FKTYP
0000000007,000010,0000000007,000010,C,C,1.0,ST,5.0,EUR,20260113,081257, , ,00000000,
0000000008,000010,4900000001,000001,h,J,1.0,ST,5.0,EUR,20260113,081257, ,602,00000000,
0080018922,000010,20260113,223524,Q,J,4.0,ST,0.0, ,20260113,223524, , ,00000000,
0080018922,000010,20260113,223524,R,J,4.0,ST,0.0, ,20260113,223524, , ,00000000,
0000000009,000010,0000000010,000001,J,C,many,ST,5.0,EUR,20260113,081257, , ,00000000,
"""
    found = read(tmp_path, VBFA=flow)
    columns = ("document", "preceding", "type", "currency")
    assert found.documents.select(columns).rows() == [
        ("0000000007", "0000000007", "order", "EUR"),
        ("20260113", "0080018922", "goods_issue", None),
    ]
    assert found.rejected.select("line", "reason").rows() == [(6, "bad_number:quantity")]
    assert found.sources.select("rows_in", "rows_out", "rows_rejected").row(0) == (5, 4, 1)
