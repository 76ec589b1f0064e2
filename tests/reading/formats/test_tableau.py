"""Tableau REST answers: an inventory of reports without reads, and jobs with their outcome."""

from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth


def read(folder, *parts: str):
    path = folder / "a.xml"
    path.write_text(f'<tsResponse xmlns="http://tableau.com/api">{"".join(parts)}</tsResponse>')
    return integrhealth.read(path)


def real(name: str):
    return integrhealth.read(shared_data("formats", "tableau", name))


def account(found):
    return found.sources.select("frame", "rows_in", "rows_out", "rows_rejected").rows()


def job(**attributes: str) -> str:
    told = {"id": "j1", "createdAt": "2026-01-01T00:00:00Z"} | attributes
    return "<job " + " ".join(f"{name}='{value}'" for name, value in told.items() if value) + "/>"


def test_real_views_are_an_inventory_with_owners():
    found = real("view_get_usage.xml")
    assert ("reports", 2, 2, 0) in account(found)
    assert found.reports.select("report", "tool", "owner").rows() == [
        ("SafariSample/sheets/ENDANGEREDSAFARI", "tableau", "5de011f8-5aa9-4d5b-b991-f462c8dd6bb7"),
        ("Superstore/sheets/Overview", "tableau", "5de011f8-5aa9-4d5b-b991-f462c8dd6bb7"),
    ]


def test_a_view_is_the_same_report_by_its_address_its_page_and_its_id(tmp_path):
    (tmp_path / "views.xml").write_bytes(shared_data("formats", "tableau", "view_get_usage.xml").read_bytes())
    names = ["Superstore/sheets/Overview", "Superstore/Overview", "fd252f73-593c-4c4e-8584-c032b8022adc", "elsewhere"]
    opened = "".join(f"{name},ann,2026-03-02T08:00:0{number}Z\n" for number, name in enumerate(names))
    (tmp_path / "usage.csv").write_text("item,who,when\n" + opened)
    columns = "{report: item, person: who, at: when}"
    (tmp_path / "mapping.yaml").write_text(f"sources:\n  - glob: usage.csv\n    frame: reads\n    columns: {columns}\n")
    found = integrhealth.read(tmp_path)
    assert found.reads["report"].to_list() == [names[0]] * 3 + ["elsewhere"]
    assert found.reports["report"].to_list() == ["SafariSample/sheets/ENDANGEREDSAFARI", names[0]]


@pytest.mark.parametrize("name", ["view_get_usage.xml", "workbook_populate_views_usage.xml"])
def test_counts_without_times_are_no_reads_and_that_is_said(name):
    found = real(name)
    assert found.reads.is_empty()
    assert found.reports.height == {"view_get_usage.xml": 2, "workbook_populate_views_usage.xml": 3}[name]
    assert any("totalViewCount" in sentence for sentence in found.warnings)


def test_a_real_job_has_its_times():
    found = real("job_get.xml")
    assert ("messages", 1, 1, 0) in account(found)
    (row,) = found.messages.rows(named=True)
    assert (row["message_id"], row["operation"], row["status"], row["kind"]) == (
        "2eef4225-aa0c-41c4-8662-a76d89ed7336",
        "single_subscription_notify",
        "ok",
        "internal",
    )
    times = [row[name].astimezone(UTC).time().isoformat() for name in ("sent_at", "received_at", "finished_at")]
    assert times == ["13:00:29", "13:00:37", "13:00:45"]
    assert row["sent_at"].date() == datetime(2018, 5, 22, tzinfo=UTC).date()
    assert not any("pagination" in sentence for sentence in found.warnings)


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"finishCode": "0"}, "ok"),
        ({"finishCode": "1"}, "failed"),
        ({"finishCode": "2"}, "cancelled"),
        ({"finishCode": "3"}, "ok"),
        ({"status": "Failed"}, "failed"),
        ({"status": "InProgress"}, "pending"),
        ({"progress": "50"}, "pending"),
        ({"completedAt": "2026-01-01T00:01:00Z"}, "unknown"),
        ({"finishCode": "7"}, "unknown"),
    ],
)
def test_each_outcome_has_its_status(tmp_path, attributes, status):
    assert read(tmp_path, job(**attributes)).messages["status"].to_list() == [status]


def test_what_a_failed_job_says_is_its_error(tmp_path):
    failed = '<job id="j" createdAt="2026-01-01T00:00:00Z" finishCode="1" type="RefreshExtract">'
    noted = f"{failed}<extractRefreshJob><notes>no connection</notes></extractRefreshJob></job>"
    (row,) = read(tmp_path, noted).messages.rows(named=True)
    assert (row["error_text"], row["operation"]) == ("no connection", "RefreshExtract")
    listed = f'{failed}<statusNotes><statusNote type="x" text="disk full"/></statusNotes></job>'
    assert read(tmp_path, listed).messages["error_text"].to_list() == ["disk full"]


def test_a_workbook_and_its_views_are_reports_each(tmp_path):
    view = '<view id="v1" contentUrl="W/sheets/V"/>'
    workbook = f'<workbook id="w1" contentUrl="W"><owner id="u" name="anna"/><views>{view}</views></workbook>'
    found = read(tmp_path, workbook)
    assert found.reports.select("report", "owner").rows() == [("W", "anna"), ("W/sheets/V", None)]


def test_what_is_missing_is_rejected_and_the_rest_stays(tmp_path):
    found = read(tmp_path, "<views><view name='x'/><view id='v1'/></views>", job(createdAt=""), job(createdAt="{{t}}"))
    assert account(found) == [("reports", 2, 1, 1), ("messages", 2, 0, 2)]
    assert sorted(found.rejected["reason"]) == ["bad_time:sent_at", "no_report", "no_sent_at"]


def test_an_error_and_a_page_of_several_are_said(tmp_path):
    found = read(tmp_path, '<error code="401002"><summary>Unauthorized</summary></error>')
    assert found.rejected.select("reason", "raw").rows() == [("tableau_error", "401002 Unauthorized")]
    paged = read(
        tmp_path, '<pagination pageNumber="1" pageSize="1" totalAvailable="2"/>', "<views><view id='v'/></views>"
    )
    assert any("pagination" in sentence for sentence in paged.warnings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE tsResponse [<!ENTITY a SYSTEM "file:///etc/passwd">]><tsResponse>&a;</tsResponse>', "xml_doctype"),
        ("<tsResponse><views><view id='v'/>", "no XML: no element found"),
    ],
)
def test_xml_that_is_not_opened_is_one_rejection(tmp_path, text, reason):
    (tmp_path / "a.xml").write_text(text)
    found = integrhealth.read(tmp_path / "a.xml")
    assert found.rejected.select("line", "reason").rows() == [(1, reason)]
