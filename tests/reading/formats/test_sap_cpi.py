"""SAP Cloud Integration: a real log, every status, systems that are not set, and the same log as ATOM."""

import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih


def log(**told):
    return {
        "MessageGuid": "AGAS1",
        "CorrelationId": "C1",
        "ApplicationMessageId": "4711",
        "ApplicationMessageType": "ORDERS",
        "LogStart": "/Date(1611846759005)/",
        "LogEnd": "/Date(1611846759032)/",
        "Sender": "SHOP",
        "Receiver": "ERP",
        "IntegrationFlowName": "orders_in",
        "Status": "COMPLETED",
        "CustomStatus": "COMPLETED",
        "ErrorInformation": {"__deferred": {"uri": "somewhere"}},
    } | told


def read(folder, document, name="logs.json"):
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return ih.read(folder)


def test_a_real_log():
    found = ih.read(shared_data("formats", "sap_cpi", "mpl_1.json"))
    assert found.sources.select("format", "rows_in", "rows_out", "rows_rejected").row(0) == ("sap_cpi", 1, 1, 0)
    row = found.messages.row(0, named=True)
    expected = {
        "message_id": "AGAS1GcWkfBv-ZtpS6j7TKjReO7t",
        "trace_id": "AGAS1GevYrPodxieoYf4YSY4jd-8",
        "integration": "flow1",
        "source": "flow1",
        "target": "flow1",
        "kind": "internal",
        "object_id": None,
        "sent_at": datetime(2021, 1, 28, 15, 12, 39, 5_000, UTC),
        "finished_at": datetime(2021, 1, 28, 15, 12, 39, 32_000, UTC),
        "status": "ok",
        "error_code": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("status", "meaning", "ended"),
    [
        ("COMPLETED", "ok", True),
        ("FAILED", "failed", True),
        ("ESCALATED", "failed", True),
        ("ABANDONED", "failed", True),
        ("RETRY", "pending", False),
        ("PROCESSING", "pending", False),
        ("DISCARDED", "skipped", True),
        ("CANCELLED", "cancelled", True),
        ("DREAMING", "unknown", True),
    ],
)
def test_statuses(tmp_path, status, meaning, ended):
    """What is still open has no end, whatever the log says: it is only its latest entry."""
    found = read(tmp_path, {"d": {"results": [log(Status=status, CustomStatus="OUT_OF_STOCK")]}})
    row = found.messages.row(0, named=True)
    told = None if status in ("COMPLETED", "RETRY", "PROCESSING") else "OUT_OF_STOCK"
    assert (row["status"], row["finished_at"] is not None, row["error_code"]) == (meaning, ended, told)
    assert (row["source"], row["target"], row["object_type"], row["object_id"]) == ("SHOP", "ERP", "ORDERS", "4711")


def test_systems_that_are_not_set(tmp_path):
    several = [
        log(MessageGuid="1", Sender=None),
        log(MessageGuid="2", Receiver=""),
        log(MessageGuid="3", Sender=None, Receiver=None, IntegrationFlowName=None, IntegrationArtifact={"Name": "art"}),
    ]
    found = read(tmp_path, {"d": {"results": several, "__next": "MessageProcessingLogs?$skiptoken=1000"}})
    assert found.messages.select("source", "target", "kind").rows() == [
        ("orders_in", "ERP", None),
        ("SHOP", "orders_in", None),
        ("art", "art", "internal"),
    ]
    assert any("d.__next names a next page" in warning for warning in found.warnings)


@pytest.mark.parametrize("shape", [lambda told: {"d": told}, lambda told: told, lambda told: {"value": [told]}])
def test_a_single_log_and_other_wrappings(tmp_path, shape):
    assert read(tmp_path, shape(log())).messages["message_id"].to_list() == ["AGAS1"]


ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="urn:metadata" xmlns:d="urn:data">
  <entry><content type="application/xml"><m:properties>
    <d:MessageGuid>AGAS1</d:MessageGuid><d:CorrelationId>C1</d:CorrelationId>
    <d:LogStart>2021-01-28T15:12:39.005</d:LogStart><d:LogEnd>2021-01-28T15:12:39.032</d:LogEnd>
    <d:Sender m:null="true"/><d:Receiver>ERP</d:Receiver>
    <d:IntegrationFlowName>orders_in</d:IntegrationFlowName><d:Status>FAILED</d:Status>
  </m:properties></content></entry>
  <entry><content type="application/xml"><m:properties><d:Status>FAILED</d:Status></m:properties></content></entry>
  <link rel="next" href="next"/>
</feed>
"""


def test_atom_tells_the_same_in_times_without_a_zone(tmp_path):
    found = read(tmp_path, ATOM, "logs.xml")
    assert found.messages.select("message_id", "source", "target", "sent_at", "status", "log_line").rows() == [
        ("AGAS1", "orders_in", "ERP", datetime(2021, 1, 28, 15, 12, 39, 5_000, UTC), "failed", 1)
    ]
    assert found.rejected.select("line", "reason").rows() == [(2, "no_message_processing_log")]
    assert any("times without a zone" in warning for warning in found.warnings)
    assert any("a link names a next page" in warning for warning in found.warnings)


def test_bad_records_are_rejected_and_the_good_ones_survive(tmp_path):
    lines = [log(), log(MessageGuid=None), log(MessageGuid="2", LogStart="{{start}}"), [log(MessageGuid="3")], 7]
    found = read(tmp_path, "\n".join(json.dumps(each) for each in lines))
    assert found.messages.select("message_id", "log_line").rows() == [("AGAS1", 1), ("3", 4)]
    assert found.rejected.select("line", "reason").rows() == [
        (2, "no_message_processing_log"),
        (3, "bad_time:sent_at"),
        (5, "no_message_processing_log"),
    ]


@pytest.mark.parametrize("damaged", [ATOM[:-20], ATOM.replace("<feed", "<!DOCTYPE feed><feed")])
def test_damaged_xml_is_one_rejected_record(tmp_path, damaged):
    found = read(tmp_path, damaged, "logs.xml")
    assert found.sources.select("format", "rows_in", "rows_rejected").row(0) == ("sap_cpi", 1, 1)
