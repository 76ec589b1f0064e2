"""Logs of programs by their usual layouts: when, how serious, where in the code, what, and in which trace."""

# ruff: noqa: E501 -- a line of a log stays on one line

import gzip
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

TRACE, SPAN = "65d5eab9c4c73ec25f5fa1e23817a27a", "2db1c92a9ca868f9"
MULE = "org.mule.runtime.core.internal.processor.LoggerMessageProcessor"
EVENT = "803036e0-fdc9-11ec-ab7a-66bc5810864b"

# Format, line, and what it says: level, site, text. All at 10:00:00 on the first of January 2024, give or take.
LAYOUTS = [
    ("java_log", "2024-01-01 10:00:00,123 ERROR [main] c.acme.Orders - down", "ERROR", "c.acme.Orders", "down"),
    ("java_log", "2024-01-01 10:00:00,123 INFO [main] c.acme.Orders: up: 1", "INFO", "c.acme.Orders", "up: 1"),
    ("java_log", "2024-01-01 10:00:00.123 [main] WARN  c.acme.Orders - slow", "WARN", "c.acme.Orders", "slow"),
    ("java_log", "2024-01-01 10:00:00.123 [main] WARN  c.acme.Orders [a=1] - slow", "WARN", "c.acme.Orders", "slow"),
    ("java_log", "2024-01-01T10:00:00.123Z [main] WARN c.acme.Orders:42 - slow", "WARN", "c.acme.Orders:42", "slow"),
    ("java_log", "2024-01-01 10:00:00,123 WARN  c.acme.Orders - slow", "WARN", "c.acme.Orders", "slow"),
    ("java_log", "2024-01-01 10:00:00,123 INFO  [org.jboss.as] (MSC 1-2) WFLYSRV: up", "INFO", "org.jboss.as", "WFLYSRV: up"),
    ("java_log", "2024-01-01 10:00:00,123 INFO  [main] just a text", "INFO", None, "just a text"),
    ("java_log", "[2024-01-01 10:00:00,289] INFO [Server id=0] started (kafka.server.KafkaServer)", "INFO", "kafka.server.KafkaServer", "[Server id=0] started (kafka.server.KafkaServer)"),
    ("java_log", "[2024-01-01T10:00:00,535][INFO ][o.e.n.Node               ] [node-1] starting", "INFO", "o.e.n.Node", "[node-1] starting"),
    ("java_log", "[2024-01-01 10:00:00,957]  INFO {org.wso2.carbon.Ui} -  URL: https://x", "INFO", "org.wso2.carbon.Ui", "URL: https://x"),
    ("java_log", "TID: [-1234] [] [2024-01-01 10:00:00,957]  INFO {org.wso2.carbon.Ui} - up", "INFO", "org.wso2.carbon.Ui", "up"),
    ("java_log", "2024-01-01 10:00:00,747 - INFO  [QuorumPeer[myid=1]/0:0:0:0:2181:Election@774] - time out: 3200", "INFO", "Election@774", "time out: 3200"),
    ("java_log", "2024-01-01T10:00:00,123 | INFO  | Felix  | Container | 12 - org.apache.aries - 1.0 | created", "INFO", "Container", "created"),
    ("java_log", "2024-01-01 10:00:00,123 | INFO  | Connector | started | org.apache.activemq.Broker | main", "INFO", "org.apache.activemq.Broker", "Connector | started"),
    ("java_log", "01-Jan-2024 10:00:00.484 INFO [main] org.apache.Catalina.start Server startup", "INFO", "org.apache.Catalina.start", "Server startup"),
    ("java_log", "24/01/01 10:00:00 INFO executor.Backend: Registered", "INFO", "executor.Backend", "Registered"),
    ("java_log", "240101 100000 148 INFO dfs.DataNode$PacketResponder: 1 for block", "INFO", "dfs.DataNode$PacketResponder", "1 for block"),
    ("java_log", "Jan 01, 2024 10:00:00 AM a.b.C method\nSEVERE: boom", "SEVERE", "a.b.C", "boom"),
    ("java_log", "Jan 1, 2024, 10:00:00\u202fAM a.b.C method\nINFO: fine", "INFO", "a.b.C", "fine"),
    ("spring_boot_log", "2024-01-01 10:00:00.112  INFO 45469 --- [           main] o.a.Engine  : up", "INFO", "o.a.Engine", "up"),
    ("python_log", "2024-01-01 10:00:00,123 - acme.orders - ERROR - down - again", "ERROR", "acme.orders", "down - again"),
    ("python_log", "[2024-01-01 10:00:00,383: INFO/ForkPoolWorker-1] Task a.b[1] succeeded", "INFO", None, "Task a.b[1] succeeded"),
    ("python_log", "[2024-01-01 10:00:00,123] ERROR in app: Exception on / [GET]", "ERROR", "app", "Exception on / [GET]"),
    ("python_log", "[2024-01-01T10:00:00.901+0000] {taskinstance.py:1132} INFO - met", "INFO", "taskinstance.py:1132", "met"),
    ("python_log", "[2024-01-01, 10:00:00 UTC] {taskinstance.py:1160} INFO - met", "INFO", "taskinstance.py:1160", "met"),
    ("python_log", "[2024-01-01 11:00:00 +0100] [8] [INFO] Booting worker", "INFO", None, "Booting worker"),
    ("python_log", "2024-01-01 10:00:00.123 | WARNING  | acme.orders:main:12 - low", "WARNING", "acme.orders:main:12", "low"),
    ("python_log", "2024-01-01 10:00:00.369 2931 INFO nova.virt.libvirt [req-addc - - - - -] image x", "INFO", "nova.virt.libvirt", "image x"),
    ("python_log", "2024-01-01 10:00:00,123 [WARNING] acme.orders: low", "WARNING", "acme.orders", "low"),
    ("dotnet_log", "2024-01-01 11:00:00.123 +01:00 [ERR] down", "ERROR", None, "down"),
    ("dotnet_log", "2024-01-01 10:00:00.1234|WARN|Acme.Orders|low|1", "WARN", "Acme.Orders", "low|1"),
    ("dotnet_log", "2024-01-01T10:00:00 fail: Acme.Orders[14]\n      down", "ERROR", "Acme.Orders", "down"),
    ("dotnet_log", "2024-01-01T10:00:00.123Z info: Acme.Orders[14] up", "INFO", "Acme.Orders", "up"),
    ("rust_log", "2024-01-01T10:00:00.123456Z  INFO acme::orders: up port=80", "INFO", "acme::orders", "up port=80"),
    ("rust_log", '2024-01-01T10:00:00.123456Z ERROR request{id=1 path="/a"}:db: acme::orders: down', "ERROR", "acme::orders", "down"),
    ("rust_log", "[2024-01-01T10:00:00Z ERROR acme::orders] down", "ERROR", "acme::orders", "down"),
    ("go_log", "2024/01/01 10:00:00 listening on :80", None, None, "listening on :80"),
    ("go_log", "2024/01/01 10:00:00.123456 cmd/main.go:12: down", None, "cmd/main.go:12", "down"),
    ("python_log", "[2024-01-01 10:00:00,011] [INFO] [celery.worker.strategy] Task a.b received", "INFO", "celery.worker.strategy", "Task a.b received"),
    ("go_log", "2024-01-01T10:00:00.123-0400\tINFO\tsetup\tstarting manager".replace("10:", "06:"), "INFO", "setup", "starting manager"),
    ("go_log", '2024-01-01T10:00:00.123Z\tINFO\tStarting server\t{"kind": 1}', "INFO", None, 'Starting server\t{"kind": 1}'),
    ("go_log", '2024-01-01T10:00:00.123Z\tERROR\tserver/main.go:12\tdown\t{"a": 1}', "ERROR", "server/main.go:12", 'down\t{"a": 1}'),
    ("monolog", '[2024-01-01T10:00:00.123456+00:00] app.ERROR: down {"a":1} []', "ERROR", "app", 'down {"a":1} []'),
    ("postgresql_log", "2024-01-01 10:00:00.123 UTC [12345] LOG:  up", "INFO", None, "LOG: up"),
    ("postgresql_log", "2024-01-01 10:00:00.123 UTC [12345] app@orders ERROR:  no", "ERROR", "orders", "ERROR: no"),
    ("postgresql_log", "2024-01-01 10:00:00 UTC [12345-1] app@orders FATAL:  no", "FATAL", "orders", "FATAL: no"),
    ("postgresql_log", "2024-01-01 10:00:00 UTC:10.0.1.123(50322):app@orders:[24298]:WARNING:  no", "WARN", "orders", "WARNING: no"),
    ("postgresql_log", "2024-01-01 10:00:00 UTC::@:[30647]:LOG: checkpoint", "INFO", None, "LOG: checkpoint"),
    ("postgresql_log", "2024-01-01 10:00:00 UTC:10.1.2.3(5000):app@orders:[140]:57014:ERROR:  no", "ERROR", "orders", "ERROR: no"),
    ("postgresql_log", "2024-01-01 10:00:00 UTC-5f1e2b3c.1a2b-STATEMENT:  select 1", "DEBUG", None, "STATEMENT: select 1"),
    ("postgresql_log", "2024-01-01 10:00:00 UTC [1]: [1-1] user=app,db=orders,app=psql x,client=10.0.0.1 ERROR:  no", "ERROR", "orders", "ERROR: no"),
    ("redis_log", "1:M 01 Jan 2024 10:00:00.019 # low", "WARN", None, "low"),
    ("redis_log", "1:M 01 Jan 2024 10:00:00.019 * up", "INFO", None, "up"),
    ("glog", "I20240101 10:00:00.123456   12345 server.go:12] up", "INFO", "server.go:12", "up"),
    ("log_lines", "2024-01-01 11:00:00.502241+01:00 [info] <0.227.0> Feature flags", "info", None, "Feature flags"),
    ("log_lines", "2024-01-01T10:00:00Z [warning  ] low stock    sku=1", "warning", None, "low stock    sku=1"),
    ("log_lines", "2024-01-01 10:00:00,123 - ERROR - down", "ERROR", None, "down"),
    ("log_lines", "2024-01-01 10:00:00 ERROR down", "ERROR", None, "down"),
    ("log_lines", "[2024-01-01 10:00:00] [ERROR] down", "ERROR", None, "down"),
    ("log_lines", "[2024-01-01 10:00:00] ERROR: down", "ERROR", None, "down"),
]  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def read(*lines, name="shop.log", cut=None):
        data = "".join(f"{line}\n" for line in lines).encode()[:cut]
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return ih.read(str(tmp_path))

    return read


def formats(evidence):
    return evidence.sources["format"].to_list()


@pytest.mark.parametrize(("format", "line", "level", "site", "text"), LAYOUTS)
def test_a_line_says_when_how_serious_where_and_what(read, format, line, level, site, text):
    evidence = read(line)
    assert formats(evidence) == [format]
    (row,) = evidence.logs.select("time", "system", "level", "site", "text").rows()
    assert row[0].replace(microsecond=0) == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert row[1:] == ("shop", level, site, text)
    lines = line.count("\n") + 1
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(lines, lines, 0)]


@pytest.mark.parametrize(("format", "line"), [each[:2] for each in LAYOUTS])
def test_whatever_follows_a_line_belongs_to_it(read, format, line):
    tail = ("java.lang.IllegalStateException: x", "\tat a.b.C(D.java:1)", "plain words of the text", "Caused by: y")
    evidence = read(line, line, line, *tail)
    assert formats(evidence) == [format]
    text = evidence.logs["text"].to_list()[-1]
    # NGINX writes one line only: what follows is left out with the address.
    assert text.endswith("\n".join(tail)) or "client:" in line
    assert evidence.rejected.is_empty()


@pytest.mark.parametrize(
    ("inside", "system", "trace"),
    [
        (f"[orders,{TRACE},{SPAN}] 1 --- [main]", "orders", (TRACE, SPAN)),
        (f"[orders,{TRACE},{SPAN},true] 1 --- [main]", "orders", (TRACE, SPAN)),
        ("[orders,,] 1 --- [main]", "orders", (None, None)),
        (f"1 --- [orders] [nio-8080-exec-1] [{TRACE}-{SPAN}]", "orders", (TRACE, SPAN)),
        (f"1 --- [orders] [nio-8080-exec-1] [{TRACE},{SPAN}]", "orders", (TRACE, SPAN)),
        (f"1 --- [orders] [           main] [{' ' * 49}]", "orders", (None, None)),
        ("1 --- [orders] [           main] []", "orders", (None, None)),
        ("1 --- [orders] [           main]", "orders", (None, None)),
        (f"1 --- [           main] [{TRACE}-{SPAN}]", "shop", (TRACE, SPAN)),
        ("1 --- [orders] [group] [           main]", "orders", (None, None)),
        (f"1 --- [orders] [group] [           main] [{TRACE}-{SPAN}]", "orders", (TRACE, SPAN)),
    ],
)
def test_spring_boot_names_the_application_and_the_trace(read, inside, system, trace):
    evidence = read(f"2024-01-01T11:00:00.112+01:00  WARN {inside} c.acme.Orders   : low : 1")
    assert formats(evidence) == ["spring_boot_log"]
    (row,) = evidence.logs.drop("log_file", "log_line", strict=False).to_dicts()
    assert (row["system"], row["trace_id"], row["parent_id"]) == (system, *trace)
    assert (row["level"], row["site"], row["text"]) == ("WARN", "c.acme.Orders", "low : 1")
    assert row["time"] == datetime(2024, 1, 1, 10, 0, 0, 112_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("inside", "system", "site", "trace"),
    [
        (f"[[MuleRuntime].uber.20: [orders].main.CPU_LITE @5b] [processor: main/processors/0; event: {EVENT}] {MULE}", "orders", "main/processors/0", EVENT),
        (f"[[MuleRuntime].cpuLight.06: [orders].main.CPU_LITE @33] [event: 0-{EVENT}_17] {MULE}", "orders", MULE, EVENT),
        ("[[orders].main.stage1.02] org.mule.api.LoggerMessageProcessor", "orders", "org.mule.api.LoggerMessageProcessor", None),
        ("[main] org.mule.module.launcher.MuleContainer", "shop", "org.mule.module.launcher.MuleContainer", None),
    ],
)  # fmt: skip
def test_mule_names_the_application_and_the_event(read, inside, system, site, trace):
    evidence = read(f"ERROR 2024-01-01 10:00:00,123 {inside}: down", "more")
    assert formats(evidence) == ["mule_log"]
    row = evidence.logs.select("system", "level", "site", "text", "trace_id").row(0)
    assert row == (system, "ERROR", site, "down\nmore", trace)


def test_a_layout_may_change_within_a_file(read):
    evidence = read(
        "2024-01-01 10:00:00,123 ERROR [main] c.acme.Orders - down",
        "\tat a.B(C.java:1)",
        "2024-01-01 10:00:01.123 [main] INFO  c.acme.Orders - up",
        "Jan 01, 2024 10:00:02 AM a.b.C method",
        "INFO: fine",
    )
    assert evidence.logs.sort("time").select("site", "text", "log_line").rows() == [
        ("c.acme.Orders", "down\n\tat a.B(C.java:1)", 1),
        ("c.acme.Orders", "up", 3),
        ("a.b.C", "fine", 4),
    ]


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("2024-01-01 10:00:00,123 INFO [main] c.acme.Orders - up", "2024-01-01 10:00:01,123 ERROR  down, and how"),
        ("2024-01-01 10:00:00,123 - acme - INFO - up", "2024-01-01 10:00:01,123 ERROR down, and how"),
        ("2024-01-01T10:00:00Z  INFO acme::orders: up", "2024-01-01T10:00:01Z ERROR down, and how"),
        ("2024-01-01T10:00:00Z\tINFO\ta.go:1\tup", "2024-01-01T10:00:01Z\tERROR\tdown, and how"),
    ],
)
def test_a_line_of_another_layout_is_no_part_of_the_one_before(read, usual, other):
    logs = read(usual, usual.replace("00:00", "00:02"), other).logs
    assert logs.sort("time").select("level", "site", "text").row(1) == ("ERROR", None, "down, and how")


def test_a_broken_time_costs_its_line_only(read):
    evidence = read(
        "2024-01-01 10:00:00,123 ERROR [main] c.acme.Orders - down",
        "2024-13-41 10:00:00,123 ERROR [main] c.acme.Orders - down",
        "2024-01-01 10:00:01,123 ERROR [main] c.acme.Orders - down",
    )
    assert evidence.logs.height == 2
    assert evidence.rejected.select("line", "reason").rows() == [(2, "bad_time:time")]


def test_colours_packing_a_cut_and_a_trace_in_front_change_nothing(read):
    lines = [
        "\tat a.B(C.java:1)",
        *[f"2024-01-01 10:00:0{n},123 \x1b[31mERROR\x1b[0m [main] c.acme.Orders - down" for n in range(9)],
    ]
    evidence = read(*lines, name="shop.log.gz", cut=-30)
    assert formats(evidence) == ["java_log"]
    assert evidence.logs["level"].unique().to_list() == ["ERROR"]
    assert evidence.rejected.select("line", "reason").rows() == [(1, "no_entry")]
    # The last line is cut before its text begins.
    assert evidence.logs.height == 8


def test_of_layouts_that_fit_alike_the_one_that_says_most_is_taken(read):
    line = "2024-01-01 10:00:00.112  INFO 1 --- [main] o.a.Engine  : up"
    assert formats(read(line)) == ["spring_boot_log"], "the lines also begin with a time and a level"


@pytest.mark.parametrize(
    "lines",
    [
        ["time,level,message", *["2024-01-01 10:00:00,ERROR,down"] * 5],
        ["time;level;message", *["2024-01-01 10:00:00;ERROR;down"] * 5],
        ["time|level|message", *["2024-01-01 10:00:00|ERROR|down"] * 5],
        ["time\tlevel\tmessage", *["2024-01-01 10:00:00\tERROR\tdown"] * 5],
        ['{"time": "2024-01-01 10:00:00", "level": "ERROR"}'] * 5,
        ["# 2024-01-01 10:00:00", "", "ERROR is a level.", "- [x] done", "| a | b |"],
        ["import logging", "", "def main():", '    logging.info("2024-01-01 10:00:00 INFO x")', "main()"],
        ["# Network services", "", "tcpmux 1/tcp # TCP port", "echo 7/tcp", "echo 7/udp", "discard 9/tcp sink null"],
        ["On 2024-01-01 10:00:00 the shop was down.", "ERROR messages were seen.", "Nobody knew why."],
        ["2024-01-01 meeting", "2024-01-02 another", "2024-01-03 and one more"],
        ["2024-01-01 10:00:00 1.5 2.5", "2024-01-01 10:01:00 1.6 2.6", "2024-01-01 10:02:00 1.7 2.7"],
        ["", " ", "\t"],
    ],
)
def test_what_is_no_log_is_none(read, lines):
    assert formats(read(*lines)) == [None]


@pytest.mark.parametrize(
    ("lines", "format"),
    [
        (["Jan  1 10:00:00 box app[1]: ERROR down"] * 3, "syslog"),
        (["2024-01-01T10:00:00+00:00 box app[1]: ERROR down"] * 3, "syslog"),
        (["<34>1 2024-01-01T10:00:00Z box app 1 ID47 - down"] * 3, "syslog"),
        (["time=2024-01-01T10:00:00Z level=error msg=down"] * 3, "logfmt"),
        (['10.0.0.1 - - [01/Jan/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 2'] * 3, "access_log"),
        (["2024-01-01T10:00:00Z stdout F 2024-01-01 10:00:00 ERROR down"] * 3, "cri"),
    ],
)
def test_neighbours_keep_what_is_theirs(read, lines, format):
    assert formats(read(*lines)) == [format]


def test_a_date_without_a_year_is_the_latest_before_the_file_was_written(read):
    lines = [f"E0229 10:00:0{n}.123456       1 reflector.go:150] down" for n in range(1, 3)]
    evidence = read(*lines, "goroutine 1 [running]:")
    row = evidence.logs.select("level", "system", "site", "text").row(1)
    assert row == ("ERROR", "shop", "reflector.go:150", "down\ngoroutine 1 [running]:")
    at = evidence.logs["time"][0]
    assert (at.month, at.day, at.year % 4, at.microsecond) == (2, 29, 0, 123456)
    assert any("without a year" in warning for warning in evidence.warnings)


@pytest.mark.parametrize(
    ("path", "format", "lines", "entries", "levels"),
    [
        ("java_log/logfile_java.0", "java_log", 20, 20, {"INFO"}),
        ("java_log/logfile_spark.0", "java_log", 399, 399, {"INFO"}),
        ("php_monolog/logfile_laravel.1", "monolog", 64, 4, {"EMERGENCY", "INFO"}),
    ],
)
def test_real_application_logs(path, format, lines, entries, levels):
    evidence = ih.read(str(shared_data("formats_more", *path.split("/"))))
    assert formats(evidence) == [format]
    assert evidence.sources.select("rows_in", "rows_out", "rows_rejected").rows() == [(lines, lines, 0)]
    assert set(evidence.logs["level"]) == levels
    assert evidence.logs["log_line"].max() <= lines
    assert evidence.logs.height <= entries


def test_a_real_log_of_postgresql():
    evidence = ih.read(str(shared_data("formats_more", "postgresql_log", "postgresql.log")))
    assert evidence.sources["rows_in"].sum() == 22
    assert evidence.logs["time"].min() == datetime(2022, 4, 12, 0, 16, 5, 526_000, tzinfo=UTC)
    assert evidence.logs.filter(evidence.logs["text"].str.starts_with("LOG: starting PostgreSQL 12.9")).height > 0
