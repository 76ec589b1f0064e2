"""Histories of tickets: every change is a step, states and groups as they were, never what people wrote."""

import csv
import json

import pytest
from drawing.accounts import account, utc
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import servicenow_tasks

LOG = """\
number,{state},active,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,sys_updated_at,category,\
{category},cmdb_ci,assignment_group,assigned_to,caused_by,closed_at
INC0000045,New,true,0,0,0,true,2403,29/2/2016 01:16,29/2/2016 01:23,55,170,?,56,?,?,5/3/2016 12:00
INC0000045,-100,true,0,0,2,true,2403,29/2/2016 01:16,2/3/2016 08:53,55,170,?,?,89,?,5/3/2016 12:00
INC0000045,Closed,false,1,0,3,true,2403,29/2/2016 01:16,2/3/2016 08:53,55,170,?,24,89,?,5/3/2016 12:00
INC0000046,New,true,0,0,0,true,2403,29/2/2016 04:40,02/29/2016 04:57,55,170,?,70,?,?,
"""


@pytest.fixture
def read(tmp_path):
    """What is read of one file with this content."""

    def read(content, name="a.csv"):
        (tmp_path / name).write_text(content, encoding="utf-8")
        return ih.read(tmp_path / name)

    return read


def real(*parts):
    path = shared_data("formats", *parts)
    with path.open(encoding="utf-8", newline="") as file:
        return ih.read(path), list(csv.DictReader(file))


def steps(evidence, *columns):
    return evidence.incident_events.select(columns).rows()


@pytest.mark.parametrize(("state", "category"), [("incident_state", "subcategory"), ("ident_state", "category")])
def test_a_servicenow_log_is_read_with_its_header_whole_or_damaged(read, state, category):
    evidence = read(LOG.format(state=state, category=category))
    assert account(evidence) == [("servicenow_incident_log", 4, 3, 1, 0)]
    assert steps(evidence, "at", "team", "state", "action") == [
        (utc("2016-02-29 01:23"), "56", "New", "opened"),
        (utc("2016-03-02 08:53"), None, None, "updated"),  # not the third of February; ? and -100 are nothing
        (utc("2016-03-02 08:53"), "24", "Closed", "updated"),  # the same minute: in the order of the file
    ]
    assert evidence.incident_events["person"].null_count() == 1
    assert evidence.rejected["reason"].to_list() == ["bad_time:at"]
    assert any("without a zone" in sentence for sentence in evidence.warnings)
    assert any("category_2" in sentence for sentence in evidence.warnings) == (category == "category")


def test_servicenow_tables_tell_when_tasks_were_opened_and_closed():
    evidence, (task,) = real("servicenow", "task_data.csv")
    assert account(evidence) == [("servicenow_tasks", 1, 1, 0, 0)]
    assert steps(evidence, "incident", "at", "action", "state") == [
        (task["sys_id"], utc(task["opened_at"]), "opened", None),
        (task["sys_id"], utc(task["closed_at"]), "closed", None),
        (task["sys_id"], utc(task["sys_updated_on"]), "updated", task["state"]),
    ]
    people = [task["opened_by_value"], task["closed_by_value"], task["sys_updated_by"]]
    assert evidence.incident_events["person"].to_list() == people
    assert evidence.incident_events["at"].dt.year().min() > 1970  # durations are times since 1970 there


@pytest.mark.parametrize(("table", "state"), [("incident", "1"), ("problem", "101"), ("change_request", "open")])
def test_servicenow_tables_of_one_kind_of_task(table, state):
    evidence, (row,) = real("servicenow", f"{table}_data.csv")
    assert account(evidence) == [("servicenow_tasks", 1, 1, 0, 0)]
    assert steps(evidence, "incident", "at", "action", "state") == [
        (row["sys_id"], utc(row["sys_created_on"]), "opened", None),
        (row["sys_id"], utc(row["sys_updated_on"]), "updated", state),
    ]


@pytest.mark.parametrize("table", ["cmdb_ci_service", "sys_choice", "sys_user_group", "sys_user_grmember", "task_sla"])
def test_servicenow_tables_of_other_things_are_no_tasks(table):
    evidence, _ = real("servicenow", f"{table}_data.csv")
    assert evidence.sources["format"].to_list() == [None]


def test_servicenow_references_come_as_objects_and_in_two_ways(read):
    both = {"value": "2024-05-01 08:00:00", "display_value": "01.05.2024 10:00:00"}
    group = {"link": "https://x.service-now.com/api/now/table/sys_user_group/g1", "value": "g1"}
    named = {"number": "INC1", "opened_at": both, "sys_updated_on": "2024-05-02 08:00:00", "assignment_group": group}
    bare = {"sys_id": "a2", "sys_updated_on": ""}
    evidence = read(json.dumps({"result": [named, bare, 7]}), "a.json")
    assert account(evidence) == [("servicenow_tasks", 3, 1, 2, 0)]
    assert steps(evidence, "incident", "at", "action", "team") == [
        ("INC1", utc("2024-05-01 08:00"), "opened", None),
        ("INC1", utc("2024-05-02 08:00"), "updated", "g1"),
    ]
    assert evidence.rejected.select("line", "reason").rows() == [(1, "no_at"), (1, "not_an_object")]


def test_a_step_whose_time_is_bad_is_said_while_the_others_are_good(read):
    evidence = read("sys_id,opened_at,closed_at,sys_updated_on\na1,2024-05-01 08:00:00,soon,2024-05-02 08:00:00\n")
    assert steps(evidence, "action") == [("opened",), ("updated",)]
    assert any("a part was left out, while the rest is good: 1 (bad_time:at)" in each for each in evidence.warnings)


def test_broken_lines_of_a_servicenow_table_do_not_take_the_good_ones_along(read):
    evidence = read("Number,Opened_At,Sys_Updated_On\nINC1,2024-05-01 08:00:00,2024-05-02 08:00:00\nINC2\n")
    assert account(evidence) == [("servicenow_tasks", 2, 1, 1, 0)]
    assert evidence.rejected["line"].to_list() == [3]


@pytest.mark.parametrize(("encoding", "said"), [("cp1252", True), ("utf-8", False)])
def test_servicenow_exports_in_windows_1252(tmp_path, encoding, said):
    rows = "number,opened_at,assignment_group,sys_updated_on\nINC1,2026-03-01 10:00:00,Büro,2026-03-01 11:00:00\n"
    (tmp_path / "incident.csv").write_bytes(rows.encode(encoding))
    evidence = ih.read(tmp_path)
    assert evidence.incident_events["team"].to_list() == [None, "Büro"]
    assert any("windows-1252" in sentence for sentence in evidence.warnings) is said


def test_a_damaged_line_makes_no_other_encoding(tmp_path):
    rows = "number,opened_at,assignment_group,sys_updated_on\nINC1,2026-03-01 10:00:00,Büro,2026-03-01 11:00:00\n"
    (tmp_path / "incident.csv").write_bytes(rows.encode() + b"INC2,2026-03-01 10:00:00,B\xfc,2026-03-01 11:00:00\n")
    evidence = ih.read(tmp_path)
    assert evidence.incident_events["team"].to_list() == [None, "Büro"]
    assert evidence.rejected.select("line", "reason").rows() == [(3, "bad_utf8")]


def test_jira_changes_are_steps_without_what_was_written():
    evidence, rows = real("jira", "issue_field_history.csv")
    assert account(evidence) == [("jira_field_history", 10, 10, 0, 0)]
    assert steps(evidence, "incident", "at", "action", "state", "person") == [
        (row["issue_id"], utc(row["time"]), row["field_id"], None, row["author_id"]) for row in rows
    ]
    assert len({row["time"] for row in rows}) == 10  # all within the same second
    assert not evidence.warnings


def test_jira_states_and_assignees_are_the_values_of_their_fields(read):
    evidence = read(
        "field_id,issue_id,time,value,author_id\n"
        "status,10027,2020-11-10 19:19:41.472,10003,u1\n"
        "assignee,10027,2020-11-10 19:19:41.473,u2,u1\n"
        "assignee,10027,2020-11-10 19:19:41.474,,u1\n"
        "status,10027,{{time}},10003,u1\n"
    )
    assert steps(evidence, "action", "state", "person") == [
        ("status", "10003", "u1"),
        ("assignee", None, "u2"),
        ("assignee", None, None),
    ]
    assert evidence.rejected["reason"].to_list() == ["bad_time:at"]


def test_jira_values_of_a_list_set_at_once_are_one_step():
    evidence, rows = real("jira", "issue_multiselect_history.csv")
    assert account(evidence) == [("jira_field_history", 8, 8, 0, 2)]
    made = {(row["issue_id"], utc(row["time"]), row["field_id"]) for row in rows}
    assert set(steps(evidence, "incident", "at", "action")) == made


def test_zendesk_changes_are_steps_and_copies_stand_once():
    evidence, rows = real("zendesk", "ticket_field_history_data.csv")
    expected = {
        (
            row["ticket_id"],
            utc(row["updated"]),
            row["field_name"],
            row["value"] if row["field_name"] == "status" else None,
            row["value"] if row["field_name"] == "assignee_id" else None,  # nobody made the others: user_id is empty
        )
        for row in rows
    }
    assert account(evidence) == [("zendesk_field_history", 38, 38, 0, 38 - len(expected))]
    found = steps(evidence, "incident", "at", "action", "state", "person")
    assert (len(found), set(found)) == (len(expected), expected)


def test_zendesk_groups_are_teams_and_subjects_are_not_taken_over(read):
    evidence = read(
        "field_name,ticket_id,updated,user_id,value\n"
        "group_id,007,2020-08-28 11:01:27,u1,360001\n"
        "subject,007,2020-08-28 11:01:28,u1,My private matter\n"
    )
    assert steps(evidence, "incident", "action", "team", "state", "person") == [
        ("007", "group_id", "360001", None, "u1"),
        ("007", "subject", None, None, "u1"),
    ]


def test_priorities_are_read_where_they_change(read):
    columns = ("incident", "action", "state", "person", "priority")
    jira = read("field_id,issue_id,time,value,author_id\npriority,7,2020-11-10 19:19:41.472,2,u1\n")
    assert steps(jira, *columns) == [("7", "priority", None, "u1", "2")]
    zendesk = read("field_name,ticket_id,updated,user_id,value\npriority,7,2020-08-28 11:01:27,u1,high\n")
    assert steps(zendesk, *columns) == [("7", "priority", None, "u1", "high")]


def test_priorities_of_servicenow_are_those_of_the_step_and_of_now(read):
    log = read(
        "number,incident_state,sys_mod_count,sys_updated_at,priority,assignment_group,assigned_to,reassignment_count\n"
        "INC1,New,0,29/2/2016 01:23,3 - Moderate,a,b,0\nINC1,Active,1,29/2/2016 02:23,1 - Critical,a,b,0\n"
    )
    assert steps(log, "priority") == [("3 - Moderate",), ("1 - Critical",)]
    now = read("sys_id,opened_at,priority,severity,sys_updated_on\na1,2024-05-01 08:00:00,4,3,2024-05-02 08:00:00\n")
    assert steps(now, "action", "priority") == [("opened", None), ("updated", "4")]
    severe = read("sys_id,opened_at,severity,sys_updated_on\na1,2024-05-01 08:00:00,3,2024-05-02 08:00:00\n")
    assert steps(severe, "action", "priority") == [("opened", None), ("updated", "3")]


def test_a_document_of_other_things_is_not_read_whole_to_be_told(tmp_path):
    start = b'{"hits": [\n' + b'{"number": 1},\n' * 5_000
    assert not servicenow_tasks.recognises(Head(tmp_path / "not there", start))
