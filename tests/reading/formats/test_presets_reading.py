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
        ("11", "7", utc("2024-05-01 08:00:00.1"), "dashboard"),
        ("12", "7", utc("2024-05-01 08:00:00.2"), "dashboard"),
        ("12", "7", utc("2024-05-01 08:00:09"), "csv-download"),
    ]
    assert evidence.reads["seconds"].to_list() == [None] * 3  # the query ran so long, nobody read so long


def test_opening_a_superset_dashboard_is_one_read_not_one_per_chart(read):
    evidence = read(LOGS)
    assert account(evidence) == [("superset_logs", 5, 4, 1, 0)]
    assert reads(evidence) == [("3", "7", utc("2024-05-01 08:00:00.123456"), "DashboardRestApi.get")]
    assert any("without a zone" in sentence for sentence in evidence.warnings)  # the local time of the server
