"""What log services export: Splunk, Datadog, New Relic, Sumo Logic, Papertrail, Graylog."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

ACCESS = '10.0.0.1 - bob [10/Oct/2023:13:55:36 +0000] "GET /a HTTP/1.1" 503 12 "-" "curl"'
AT = datetime(2023, 10, 10, 13, 55, 36, 123000, tzinfo=UTC)
ISO = "2023-10-10T13:55:36.123Z"


def written(tmp_path, *lines, name="export.json"):
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    (tmp_path / name).write_text(text)
    return ih.read(str(tmp_path / name))


def counts(evidence):
    return evidence.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected").rows()


def said(evidence):
    return evidence.logs.select("time", "system", "level", "site", "text").rows()


def test_a_search_of_splunk():
    evidence = ih.read(str(shared_data("formats_more", "splunk_csv", "timeorder.csv")))
    assert counts(evidence) == [("splunk", "logs", 10, 9, 1)]
    assert evidence.rejected.select("line", "reason").rows() == [(9, "bad_quotes")], "its quote is never closed"
    assert evidence.logs["time"][0] == datetime(2015, 8, 18, 23, 28, 54, 695000, tzinfo=UTC)
    assert set(evidence.logs["system"]) == {"host5.foobar.com", "host5"}
    assert evidence.logs["site"].str.contains("/splunk/").all()
    assert evidence.logs["level"].count() == 3


def test_where_splunk_gives_no_time_the_line_does():
    evidence = ih.read(str(shared_data("formats_more", "splunk_csv", "mobilemusic.csv")))
    assert counts(evidence) == [("splunk", "logs", 5, 5, 0)]
    assert evidence.logs["time"].dt.year().unique().to_list() == [2012]
    assert evidence.logs["time"].dt.millisecond().to_list() == [0, 112, 125, 137, 199]


RESULT = {"_time": "2023-10-10 13:55:36.123 UTC", "_raw": "ERROR x", "host": "web1", "source": "/b"}


@pytest.mark.parametrize(
    "lines",
    [
        [{"preview": False, "offset": 0, "result": RESULT}, {"preview": False, "lastrow": True}],
        [{"preview": False, "init_offset": 0, "messages": [], "fields": [{"name": "_raw"}], "results": [RESULT]}],
        [[RESULT]],
        ["\ufeff_time;_raw;host;source;index\r\n2023-10-10T13:55:36.123+0000;ERROR x;web1;/b;main\r\n"],
        ['"_raw","_time",host,source\n"ERROR x","1696946136.123",web1,/b\n'],
    ],
)
def test_every_export_of_splunk_says_the_same(lines, tmp_path):
    assert said(written(tmp_path, *lines)) == [(AT, "web1", "ERROR", "/b", "ERROR x")]


def test_previews_are_no_results_and_files_of_a_host_are_looked_at_by_themselves(tmp_path):
    access = RESULT | {"_raw": ACCESS, "source": "/a"}
    evidence = written(
        tmp_path,
        {"preview": True, "offset": 0, "result": access},
        {"preview": False, "offset": 0, "result": access},
        {"preview": False, "offset": 1, "result": RESULT},
        {"preview": False, "offset": 2, "result": {"_time": "x", "count": "3"}},
    )
    assert evidence.messages.select("source", "target", "status").rows() == [("client", "web1", "failed")]
    assert evidence.logs["text"].to_list() == ["ERROR x"]
    assert evidence.sources["rows_in"].sum() == 4
    assert evidence.rejected.select("line", "reason").rows() == [(4, "no_text")]


ATTRIBUTES = {"timestamp": ISO, "service": "pay", "host": "h1", "status": "error", "message": "boom", "tags": ["env:x"]}
ENTRY = {"id": "A", "type": "log", "attributes": ATTRIBUTES | {"attributes": {"dd": {"trace_id": "7", "span_id": "8"}}}}
ARCHIVED = {"_id": "A", "date": ISO, "service": "pay", "host": "h1", "status": "error", "message": "boom"}


@pytest.mark.parametrize(
    "lines",
    [
        [{"data": [ENTRY], "meta": {"page": {"after": "x"}}}],
        [ENTRY],
        [[ENTRY]],
        [ARCHIVED | {"source": "java", "attributes": {"timestamp": "yesterday"}, "tags": []}],
        [f'Date,Host,Service,Status,Content\n"{ISO}",h1,pay,error,boom\n'],
        [f"date;host;service;status;message\n{ISO};h1;pay;error;boom\n"],
    ],
)
def test_every_export_of_datadog_says_the_same(lines, tmp_path):
    evidence = written(tmp_path, *lines)
    assert evidence.sources["format"].to_list() == ["datadog"]
    assert said(evidence) == [(AT, "pay", "error", "h1", "boom")]


def test_datadog_knows_traces_copies_and_lines_of_others(tmp_path):
    access = {"id": "B", "type": "log", "attributes": ATTRIBUTES | {"service": "web", "message": ACCESS}}
    evidence = written(tmp_path, ENTRY, ENTRY, access, {"id": "C", "type": "log", "attributes": None}, [])
    assert evidence.logs.select("trace_id", "parent_id").rows() == [("7", "7:8")]
    assert evidence.messages["target"].to_list() == ["web"]
    assert evidence.sources["rows_in"].sum() == 4
    assert evidence.rejected["reason"].to_list() == ["no_text"]


LOGGED = {"timestamp": 1696946136123, "message": "boom", "level": "ERROR", "entity.name": "pay", "hostname": "h1"}
OWN = LOGGED | {"newrelic.source": "logs.APM", "trace.id": "t", "span.id": "s"}


@pytest.mark.parametrize(
    "lines",
    [
        [[OWN]],
        [OWN],
        [{"data": {"actor": {"account": {"nrql": {"results": [OWN]}}}}}],
        [{"results": [{"events": [OWN]}], "metadata": {}}],
        ["timestamp,message,level,entity.name,hostname,newrelic.source\n1696946136123,boom,ERROR,pay,h1,logs.APM\n"],
    ],
)
def test_every_answer_of_new_relic_says_the_same(lines, tmp_path):
    evidence = written(tmp_path, *lines)
    assert evidence.sources["format"].to_list() == ["new_relic"]
    assert said(evidence) == [(AT, "pay", "ERROR", "h1", "boom")]


SUMO = {"_messagetime": "1696946136123", "_raw": "ERROR x", "_sourceCategory": "pay", "_sourceName": "/b"}


@pytest.mark.parametrize(
    "lines",
    [
        ["_messageid,_messagetimems,_raw,_sourcehost,_sourcecategory,_sourcename\n"]
        + ["1,1696946136123,ERROR x,h1,pay,/b\n"] * 2,
        [[{"map": SUMO}]],
        [{"fields": [], "messages": [{"map": SUMO}]}],
    ],
)
def test_every_export_of_sumo_logic_says_the_same(lines, tmp_path):
    evidence = written(tmp_path, *lines)
    assert evidence.sources["format"].to_list() == ["sumo_logic"]
    assert said(evidence) == [(AT, "pay", "ERROR", "/b", "ERROR x")]


EVENT = {"id": "5", "received_at": "2011-02-10T00:19:37-08:00", "generated_at": "2011-02-10T00:19:36-08:00"} | {
    "source_name": "web1", "source_id": 2, "source_ip": "10.0.0.1", "hostname": "web1",
    "program": "sshd", "severity": "Error", "facility": "Cron", "message": "boom",
}  # fmt: skip
ROW = "5\t2011-02-10 00:19:36 -0800\t2011-02-10 00:19:37 -0800\t2\tweb1\t10.0.0.1\tCron\tError\tsshd\t"


@pytest.mark.parametrize("content", [{"events": [EVENT], "min_id": "5"}, EVENT, [EVENT], f"{ROW}boom\n{ROW}boom\n"])
def test_every_archive_of_papertrail_says_the_same(content, tmp_path):
    evidence = written(tmp_path, content)
    assert evidence.sources["format"].to_list() == ["papertrail"]
    at = datetime(2011, 2, 10, 8, 19, 36, tzinfo=UTC)
    assert said(evidence) == [(at, "sshd", "Error", "web1", "boom")]


def test_an_archive_of_papertrail_in_gzip_with_a_broken_line(tmp_path):
    text = f"{ROW}a\tb\n{ROW.replace('5', '6', 1)}\nbroken\n{ROW.replace('5', '7', 1)}{ACCESS}\n"
    (tmp_path / "2011-02-10.tsv.gz").write_bytes(gzip.compress(text.encode()))
    evidence = ih.read(str(tmp_path))
    assert evidence.logs["text"].to_list() == ["a\tb", ACCESS]
    assert counts(evidence) == [("papertrail", "logs", 4, 3, 1)]
    assert evidence.rejected.select("line", "reason").rows() == [(3, "too_few_fields")]


def test_a_search_of_graylog(tmp_path):
    text = f'"timestamp","source","message","level","container_name"\r\n"{ISO}","h1","a\nb","3","pay"\r\n'
    evidence = written(tmp_path, f'{text}"{ISO}","h1","fine","",""\r\n"{ISO}","h1"\r\n', name="graylog.csv")
    assert said(evidence) == [(AT, "pay", "ERROR", "h1", "a\nb"), (AT, "h1", None, "h1", "fine")]
    assert counts(evidence) == [("graylog", "logs", 3, 2, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "_time,amount,host\n2023-10-10T13:55:36Z,3,x\n",
        "_raw,amount\nx,3\n",
        '{"preview": false, "result": {"_time": "1", "count": "2"}}\n',
        "timestamp,source,target,message\n2023-10-10T13:55:36Z,a,b,c\n",
        "date,host,amount\n2023-10-10T13:55:36Z,a,3\n",
        '{"data": [{"id": "1", "type": "user", "attributes": {"timestamp": "x"}}]}\n',
        '{"timestamp": 1696946136123, "message": "x"}\n',
        "1\t2011-02-10 00:19:36\tx\n",
        "",
    ],
)
def test_what_only_looks_like_an_export_is_left_to_others(text, tmp_path):
    formats = {"splunk", "datadog", "new_relic", "sumo_logic", "papertrail", "graylog"}
    assert formats.isdisjoint(written(tmp_path, text).sources["format"].to_list())
