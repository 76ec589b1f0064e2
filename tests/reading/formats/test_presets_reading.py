"""Usage logs of reporting tools: a read is a person who opened a report, once, however many rows that made."""

import pytest
from drawing.accounts import account, utc

import integrhealth as ih

VIEWS = """\
id,user_id,model,model_id,timestamp,metadata,has_access,context
1,7,dashboard,3,2024-05-01 10:00:00.123+02:00,,true,
2,7,card,3,2024-05-01T08:00:01Z,,true,question
3,7,table,9,2024-05-01T08:00:02Z,,true,
4,,dashboard,3,2024-05-01T08:00:03Z,,true,public-dashboard
5,8,card,4,2024-05-01T08:00:04Z,,false,question
6,8,card,,2024-05-01T08:00:05Z,,true,question
7,8,card,4,yesterday,,true,question
8,8
"""
RUNS = """\
id,started_at,running_time,result_rows,native,context,error,executor_id,card_id,dashboard_id,pulse_id
1,2024-05-01T08:00:00.1Z,120,10,false,dashboard,,7,11,3,
2,2024-05-01T08:00:00.2Z,90,10,false,dashboard,,7,12,3,
3,2024-05-01T08:00:09Z,90,10,false,csv-download,,7,12,,
4,2024-05-01T08:00:10Z,90,0,false,question,Timed out,7,12,,
5,2024-05-01T08:00:11Z,90,1,false,pulse,,1,12,,5
6,2024-05-01T08:00:12Z,90,1,true,ad-hoc,,7,,,
7,2024-05-01T08:00:13Z,90,1,false,public-dashboard,,,12,3,
"""
LOGS = """\
id,action,user_id,json,dashboard_id,slice_id,dttm,duration_ms,referrer
1,DashboardRestApi.get,7,"{""path"": ""/api/v1/dashboard/3""}",3,,2024-05-01 08:00:00.123456,30,
2,ChartDataRestApi.data,7,{},3,11,2024-05-01 08:00:00.5,130,
3,log,7,{},3,,2024-05-01 08:00:01,0,
4,DashboardRestApi.get,,{},3,,2024-05-01 08:00:02,30,
5,DashboardRestApi.get,7,{},3,,{{ dttm }},30,
"""


@pytest.fixture
def read(tmp_path):
    """What is read of a table with this content."""

    def read(content):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        return ih.read(tmp_path / "a.csv")

    return read


def reads(evidence):
    return evidence.reads.select("report", "person", "at", "action").rows()


def test_metabase_views_are_reads_where_a_person_saw_something(read):
    evidence = read(VIEWS)
    assert account(evidence) == [("metabase_view_log", 8, 5, 3, 0)]
    assert reads(evidence) == [
        ("dashboard 3", "7", utc("2024-05-01 08:00:00.123"), None),
        ("card 3", "7", utc("2024-05-01 08:00:01"), "question"),
    ]
    assert evidence.rejected["line"].to_list() == [7, 8, 9]
    assert any("passed over: 3" in sentence for sentence in evidence.warnings)


def test_a_log_of_who_uses_which_model_is_no_metabase(read):
    evidence = read("user_id,model,model_id,timestamp,tokens\n7,gpt,m-1,2024-05-01T08:00:01Z,512\n")
    assert evidence.sources["format"].to_list() == [None]


def test_a_metabase_dashboard_reads_each_of_its_cards_once(read):
    evidence = read(RUNS)
    assert account(evidence) == [("metabase_query_execution", 7, 7, 0, 0)]
    assert reads(evidence) == [
        ("card 11", "7", utc("2024-05-01 08:00:00.1"), "dashboard"),
        ("card 12", "7", utc("2024-05-01 08:00:00.2"), "dashboard"),
        ("card 12", "7", utc("2024-05-01 08:00:09"), "csv-download"),
    ]
    assert evidence.reads["seconds"].to_list() == [None] * 3  # the query ran so long, nobody read so long


def test_opening_a_superset_dashboard_is_one_read_not_one_per_chart(read):
    evidence = read(LOGS)
    assert account(evidence) == [("superset_logs", 5, 4, 1, 0)]
    assert reads(evidence) == [("3", "7", utc("2024-05-01 08:00:00.123456"), "DashboardRestApi.get")]
    assert any("without a zone" in sentence for sentence in evidence.warnings)  # the local time of the server


POWER_BI = """{"@odata.context": "https://api.powerbi.com/v1.0/myorg/admin/$metadata#reports", "value": [
  {"id": "5b2187d8-1", "reportType": "PowerBIReport", "name": "Sales", "webUrl": "https://app.powerbi.com/reports/1",
   "embedUrl": "https://app.powerbi.com/reportEmbed?1", "datasetId": "cf1", "createdBy": "bi"},
  {"id": "5b2187d8-2", "reportType": "PowerBIReport", "name": "Sales", "webUrl": "https://app.powerbi.com/reports/2",
   "embedUrl": "https://app.powerbi.com/reportEmbed?2", "datasetId": "cf2", "createdBy": "bi"},
  {"id": "5b2187d8-3", "reportType": "PowerBIReport", "name": "Cash", "webUrl": "https://app.powerbi.com/reports/3",
   "embedUrl": "https://app.powerbi.com/reportEmbed?3", "datasetId": "cf3", "modifiedBy": "eva"}]}"""
OPENED = """Id,CreationTime,Operation,Activity,UserId,ClientIP,ReportId,ReportName,UserAgent
1,2026-03-02T08:00:01,ViewReport,ViewReport,ann,10.0.0.1,5b2187d8-2,Sales,Mozilla/5.0 (X11) Firefox/128.0
2,2026-03-02T08:00:09,ViewReport,ViewReport,ann,10.0.0.1,,Cash,
3,2026-03-02T08:00:17,ViewReport,ViewReport,ann,10.0.0.1,,Sales,
"""
CARDS = """id,name,description,display,dataset_query,creator_id,archived
3,Revenue,,table,{},1,false
12,Orders,,bar,{},1,f
13,Old,,bar,{},1,true
"""
BOARDS = """id,name,creator_id,parameters,points_of_interest,caveats,archived
3,Morning,1,[],,,false
"""
SUPERSET = """id,dashboard_title,position_json,slug,created_by_fk
3,Morning,{},morning,1
"""


@pytest.fixture
def together(tmp_path):
    """What is read of several files of one tool."""

    def together(**files):
        for name, content in files.items():
            ending = "json" if content.startswith("{") else "csv"
            (tmp_path / f"{name}.{ending}").write_text(content, encoding="utf-8")
        return ih.read(tmp_path)

    return together


def test_power_bi_knows_a_report_by_its_id_and_by_a_name_that_no_other_has(together):
    evidence = together(inventory=POWER_BI, usage=OPENED)
    assert evidence.reports["report"].to_list() == ["Sales 5b2187d8-1", "Sales 5b2187d8-2", "Cash 5b2187d8-3"]
    assert evidence.reports["owner"].to_list() == ["bi", "bi", "eva"]
    assert evidence.reads.sort("at")["report"].to_list() == ["Sales 5b2187d8-2", "Cash 5b2187d8-3", "Sales"]
    assert evidence.reads.sort("at")["agent"].to_list() == ["Mozilla/5.0 (X11) Firefox/128.0", None, None]


def test_the_logs_and_the_inventory_of_metabase_meet(together):
    evidence = together(cards=CARDS, boards=BOARDS, views=VIEWS, runs=RUNS)
    assert sorted(evidence.reports["report"]) == ["card 12", "card 3", "dashboard 3"]
    assert set(evidence.reads["report"]) == {"card 3", "dashboard 3", "card 11", "card 12"}


def test_the_log_and_the_inventory_of_superset_meet(together):
    evidence = together(boards=SUPERSET, log=LOGS)
    assert evidence.reports["report"].to_list() == evidence.reads["report"].to_list() == ["3"]
