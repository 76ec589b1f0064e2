"""Power BI: what people opened, and how the refreshes of datasets ended, try by try."""

import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

EVENT = {"Id": "e1", "CreationTime": "2024-05-01T07:55:15", "Operation": "ViewReport", "Activity": "ViewReport"}
EVENT |= {"UserId": "ann@contoso.com", "ClientIP": "127.0.0.1", "ReportId": "r1", "ReportName": "Sales"}
COLUMNS = ("message_id", "attempt", "sent_at", "finished_at", "status", "error_code")


@pytest.fixture
def read(tmp_path):
    """What is read of files with these contents, people by their names."""

    def read(*contents):
        for number, content in enumerate(contents):
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / f"{number}.json").write_text(text, encoding="utf-8")
        return ih.read(tmp_path, show_people=True)

    return read


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def account(evidence):
    return evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected").rows()


def example(name):
    path = shared_data("formats", "powerbi", f"{name}.json")
    return ih.read(path, show_people=True), json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(5))
def test_events_of_the_vendor_name_no_report_and_are_refused(number):
    evidence, answer = example(f"activityevents_{number}_200")
    views = [each for each in answer["activityEventEntities"] if each["Activity"].startswith("View")]
    reasons = ["no_person" if "ReportId" in each else "no_report" for each in views]
    assert account(evidence) == [("powerbi_activity", 2, 2 - len(views), len(views))]
    assert evidence.rejected["reason"].to_list() == reasons
    assert any("continuationUri names a next page" in sentence for sentence in evidence.warnings)


def test_opening_and_exporting_are_reads_in_utc(read):
    dashboard = EVENT | {"Activity": "ViewDashboard", "DashboardId": "d1", "ReportId": None}
    named = {key: value for key, value in EVENT.items() if key != "ReportId"} | {"Activity": "ExportReport"}
    events = [
        EVENT,
        dashboard,
        named,
        EVENT | {"Activity": "DeleteReport"},
        EVENT | {"IsSuccess": False, "ReportId": "r9"},
    ]
    events.append(EVENT | {"CreationTime": "{{now}}"})
    evidence = read({"activityEventEntities": events}, "\n".join(json.dumps(EVENT | {"ReportId": "r2"}) for _ in "ab"))
    assert account(evidence) == [("powerbi_activity", 6, 5, 1), ("powerbi_activity", 2, 2, 0)]
    assert sorted(evidence.reads.select("report", "person", "at", "action").rows()) == [
        ("Sales", "ann@contoso.com", utc("2024-05-01 07:55:15"), "ExportReport"),
        ("d1", "ann@contoso.com", utc("2024-05-01 07:55:15"), "ViewDashboard"),
        ("r1", "ann@contoso.com", utc("2024-05-01 07:55:15"), "ViewReport"),
        ("r2", "ann@contoso.com", utc("2024-05-01 07:55:15"), "ViewReport"),
        ("r2", "ann@contoso.com", utc("2024-05-01 07:55:15"), "ViewReport"),
    ]
    assert evidence.rejected["reason"].to_list() == ["bad_time:at"]
    assert not any("zone" in sentence for sentence in evidence.warnings)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("refreshes_0_200", ("9399bb89-25d1-44f8-8576-136d7e9014b1", None, "pending", None)),
        ("refreshes_1_200", ("9399bb89-25d1-44f8-8576-136d7e9014b1", 1, "ok", None)),
        (
            "refreshes_2_200",
            ("11bf290a-346b-48b7-8973-c5df149337ff", 1, "failed", "ModelRefreshFailed_CredentialsNotSpecified"),
        ),
        ("refresh_detail_0_202", ("2021-12-14T03:46:04.833", None, "pending", None)),
        ("refresh_detail_1_200", ("2021-12-10T08:40:31.57", 1, "ok", None)),
        (
            "refresh_detail_2_200",
            ("2021-12-10T08:39:28.517", 1, "failed", "ModelRefresh_ShortMessage_ProcessingError"),
        ),
    ],
)
def test_refreshes_of_the_vendor(name, row):
    evidence, answer = example(name)
    told = answer["value"][0] if "value" in answer else answer
    times = [utc(told[key].removesuffix("Z")) if key in told else None for key in ("startTime", "endTime")]
    assert evidence.messages.select(COLUMNS).rows() == [(*row[:2], *times, *row[2:])]
    assert account(evidence) == [("powerbi_refreshes", 1, 1, 0)]
    naive = any("without a zone" in sentence for sentence in evidence.warnings)
    assert naive == (not told["startTime"].endswith("Z"))
    if row[-1] == "ModelRefresh_ShortMessage_ProcessingError":
        assert evidence.messages.item(0, "error_text").startswith("0xC112001C: Expression.Error: Forced Error.")


@pytest.mark.parametrize("name", ["refreshables_0_200", "user_subscriptions_0_200", "dataflow_transactions_0_200"])
def test_other_answers_are_no_refreshes(name):
    evidence, _ = example(name)
    assert evidence.sources["format"].to_list() == [None]


def attempt(number, start, end=None, error=None):
    told = {"attemptId": number, "startTime": f"2024-05-01T08:{start:02}:00Z", "type": "Data"}
    told |= {} if end is None else {"endTime": f"2024-05-01T08:{end:02}:00Z"}
    return told | ({} if error is None else {"serviceExceptionJson": json.dumps({"errorCode": error})})


def refresh(status, *attempts, **more):
    told = {"requestId": "q1", "refreshType": "Scheduled", "startTime": "2024-05-01T08:00:00Z", "status": status}
    return told | {"refreshAttempts": list(attempts)} | more


def tries(evidence):
    rows = evidence.messages.sort("sent_at").select(COLUMNS).rows()
    return [(attempt, start.minute, end and end.minute, *rest) for _, attempt, start, end, *rest in rows]


def test_every_try_is_a_message_and_the_last_ends_as_the_refresh_did(read):
    parts = attempt(2, 5, 7), attempt(2, 7, 9)
    evidence = read(
        {"value": [refresh("Completed", attempt(1, 0, 4, "Gateway"), *parts, endTime="2024-05-01T08:09:00Z")]}
    )
    assert tries(evidence) == [(1, 0, 4, "failed", "Gateway"), (2, 5, 9, "ok", None)]
    assert account(evidence) == [("powerbi_refreshes", 1, 1, 0)]


def test_a_refresh_that_runs_is_pending_until_a_later_answer_tells_more(read):
    running = refresh("Unknown", attempt(1, 0, 4, "Gateway"), attempt(2, 5))
    assert tries(read([running])) == [(1, 0, 4, "failed", "Gateway"), (2, 5, None, "pending", None)]
    later = refresh("Completed", attempt(1, 0, 4, "Gateway"), attempt(2, 5, 9))
    assert tries(read([running], [later])) == [(1, 0, 4, "failed", "Gateway"), (2, 5, 9, "ok", None)]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"status": "Completed", "objects": [{"status": "Completed"}, {"status": "Failed"}]}, "partial"),
        ({"status": "Failed", "extendedStatus": "TimedOut"}, "timeout"),
        ({"status": "Disabled"}, "skipped"),
        ({"status": "Cancelled"}, "cancelled"),
        ({"status": "Astonished"}, "unknown"),
    ],
)
def test_statuses(read, more, status):
    evidence = read([refresh("", attempt(1, 0, 4)) | more])
    assert evidence.messages["status"].to_list() == [status]
    assert any("Astonished" in sentence for sentence in evidence.warnings) == (status == "unknown")


def test_errors_that_are_no_json_stay_text_and_bad_refreshes_are_refused(read):
    plain = refresh("Failed", serviceExceptionJson="{oops", endTime="2024-05-01T08:09:00Z")
    bad = {"requestId": "q2", "refreshType": "x", "status": "Failed", "startTime": "yesterday"}
    evidence = read({"value": [plain, bad, {"refreshType": "x"}, 7]})
    assert evidence.messages.select("status", "error_code", "error_text").rows() == [("failed", None, "{oops")]
    assert account(evidence) == [("powerbi_refreshes", 4, 1, 3)]
    assert evidence.rejected["reason"].to_list() == ["bad_time:at", "no_refresh", "no_refresh"]
