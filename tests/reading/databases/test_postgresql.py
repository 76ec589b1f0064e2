"""PostgreSQL: a real server on loopback, what a query gives, and what one line says of each way to fail."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from glob import glob
from pathlib import Path
from urllib.parse import quote

import pytest
from adbc_driver_postgresql import dbapi
from click.testing import CliRunner
from drawing.runner import chosen_notebooks

from integrhealth.cli import main
from integrhealth.errors import FaultyFile
from integrhealth.reading.databases import postgresql as database_postgresql
from integrhealth.reading.databases import queries as database
from integrhealth.reading.databases import url as database_url
from integrhealth.reading.databases.queries import read_query
from integrhealth.reading.mapping.sources import Column, Constant, MappedSource, Query
from integrhealth.reading.values.times import TimeRule
from integrhealth.runner import plan

SECRET = "h/u@n:t#e?r%2"
COLUMNS = {
    "message_id": Column("id"),
    "source": Constant("Shop"),
    "target": Constant("ERP"),
    "sent_at": Column("at"),
    "status": Constant("ok"),
}
LOG = """create table message_log as
select 'm' || i as message_id, 'Shop' as source, 'ERP' as target,
  timestamptz '2026-03-01' + i * interval '1 hour' as sent_at, 'ok' as status from generate_series(1, 48) as i"""
MAPPING = """
sources:
  - query: "select * from message_log where sent_at >= :since"
    url: ${AUDIT}
    frame: messages
"""
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def missing(reason):
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def port():
    """A server that keeps nothing safe, and so starts within a second; its folder is one that postgres may enter."""
    found = sorted(glob("/usr/lib/postgresql/*/bin"))
    if not found:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    with (
        tempfile.TemporaryDirectory(prefix="ih-postgresql-", ignore_cleanup_errors=True) as folder,
        socket.socket() as free,
    ):
        Path(folder, "password").write_text(SECRET)
        if AS_POSTGRES:
            for path in (folder, f"{folder}/password"):
                shutil.chown(path, "postgres")

        def run(program, *arguments):
            command = [*AS_POSTGRES, f"{found[-1]}/{program}", "-D", f"{folder}/data", *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

        run("initdb", "--no-sync", "-A", "scram-sha-256", "-U", "reader", f"--pwfile={folder}/password", "-E", "UTF8")
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
        free.close()
        settings = f"-F -h 127.0.0.1 -p {number} -k {folder}"
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", settings, "start")
        try:
            with dbapi.connect(url(number)) as connection, connection.cursor() as cursor:
                cursor.execute("create sequence counted")
                cursor.execute(LOG)
                connection.commit()
            yield number
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture
def ask(port, monkeypatch):
    """Ask the server a query of mapping.yaml."""
    monkeypatch.setenv("AUDIT", url(port))

    def answer(text, *, columns=None, time=TimeRule(), template="${AUDIT}", **options):  # noqa: B008
        source = MappedSource("messages", COLUMNS | (columns or {}), time=time, file="mapping.yaml", where="sources[0]")
        (parsed,) = read_query(Query(text, template, (source,)), "mapping.yaml sources[0]", **options)
        assert parsed.rows_in == parsed.rows.height + parsed.rejected.height
        return parsed

    return answer


def url(port, *, user="reader", password=SECRET, host="127.0.0.1", name="postgres"):
    return f"postgresql://{user}:{quote(password, safe='')}@{host}:{port}/{name}"


def one(expression, column="error_text"):
    """A query of one row whose column ``x`` is `expression`, and the column it fills."""
    return f"select 'm' as id, '2026-03-01T00:00Z' as at, {expression} as x", {column: Column("x")}


@pytest.mark.parametrize(
    ("expression", "column", "value"),
    [
        ("100000000000000000000::numeric", "amount", 1e20),
        ("100000000000000000000::numeric", "object_id", "100000000000000000000"),
        ("1.50::numeric(10, 2)", "object_id", "1.50"),
        ("9007199254740993::bigint", "bytes", 9007199254740993),
        ("0.1::float4", "amount", 0.1),
        ("0.1::float8", "amount", 0.1),
        ("true", "fallback", True),
        ("'x '::char(9)", "object_id", "x"),
        ("'a\\nb'::text", "error_text", "a\\nb"),
        ("repeat('x', 3000000)", "error_text", "x" * 3000000),
        ("null::text", "error_text", None),
        ("null", "error_text", None),
        ("'{\"a\": 1}'::json", "error_text", '{"a": 1}'),
        ("'{\"a\":[1,2]}'::jsonb", "error_text", '{"a": [1, 2]}'),
        ("convert_to('Straße', 'UTF8')", "error_text", "Straße"),
        ("'4f2a0f6e-0000-4000-8000-000000000001'::uuid", "object_id", "4f2a0f6e-0000-4000-8000-000000000001"),
        ("'10.0.0.0/8'::inet", "error_text", "10.0.0.0/8"),
        ("interval '90 minutes'", "error_text", "01:30:00"),
        ("row(1, 'a')", "error_text", "(1,a)"),
        ("timestamptz '2026-03-01 10:00+02'", "sent_at", at(2026, 3, 1, 8)),
        ("timestamp '2026-03-01 10:00:00.000001'", "sent_at", at(2026, 3, 1, 10, 0, 0, 1)),
        ("date '2026-03-01'", "sent_at", at(2026, 3, 1)),
    ],
)
def test_every_type_arrives_without_loss(ask, expression, column, value):
    text, columns = one(expression, column)
    parsed = ask(text, columns=columns)
    assert parsed.rejected.is_empty()
    assert parsed.rows[column].to_list() == [value]


def test_json_is_reached_into(ask):
    text, _ = one("""'{"order": {"no": 7}}'::jsonb""")
    assert ask(text, columns={"object_id": Column("x.order.no")}).rows["object_id"].to_list() == ["7"]


def test_arrays_become_lists(port, monkeypatch):
    monkeypatch.setenv("AUDIT", url(port))
    columns = {"report": Column("r"), "fields": Column("w"), "tool": Constant("BI")}
    source = MappedSource("reports", columns, file="mapping.yaml", where="sources[0]")
    text = "select * from (values ('a', array['x;y', null]), ('b', null), ('c', '{}')) as v(r, w)"
    (parsed,) = read_query(Query(text, "${AUDIT}", (source,)), "m")
    assert parsed.rows["fields"].to_list() == [["x;y", None], None, []]
    (parsed,) = read_query(Query("select 'a' as r, array[1.50, 2] as w", "${AUDIT}", (source,)), "m")
    assert parsed.rows["fields"].to_list() == [["1.50", "2"]]


def test_a_time_out_of_reach_or_bytes_that_are_no_text_reject_their_row_alone(ask):
    times = "('infinity'::timestamptz), ('-infinity'), ('0044-03-15 BC'), ('20260-01-01'), ('2026-03-01'), (null)"
    parsed = ask(f"select 'm' || row_number() over () as id, x as at from (values {times}) as v(x)")
    assert parsed.rows["message_id"].to_list() == ["m5"]
    expected = [(line, "bad_time:at") for line in (1, 2, 3, 4)] + [(6, "no_sent_at")]
    assert parsed.rejected.select("line", "reason").rows() == expected
    values = "select i as id, timestamptz '2026-03-01' as at, decode(case i when 2 then 'ff' else '41' end, 'hex') as x"
    parsed = ask(f"{values} from generate_series(1, 3) as i order by i", columns={"object_id": Column("x")})
    assert parsed.rows["message_id"].to_list() == ["1", "3"]
    assert parsed.rejected.select("line", "reason").rows() == [(2, "bad_text:object_id")]


def test_times_without_a_zone_are_counted_or_in_the_declared_zone_and_so_is_the_period(ask):
    query = "select i as id, timestamp '2026-03-01' + i * interval '1 hour' as at from generate_series(0, 5) as i"
    parsed = ask(f"{query} order by i")
    assert "times without a zone were read as UTC: sent_at (6)" in parsed.warnings[0]
    asked = f"select * from ({query}) as q where at >= :since and at < :until order by id"
    period = {"since": at(2026, 3, 1, 2), "until": at(2026, 3, 1, 4)}
    assert ask(asked, **period).rows["message_id"].to_list() == ["2", "3"]
    madrid = ask(asked, time=TimeRule(zone="Europe/Madrid"), **period)
    assert madrid.rows["message_id"].to_list() == ["3", "4"]
    assert madrid.rows["sent_at"].to_list() == [at(2026, 3, 1, 2), at(2026, 3, 1, 3)]


def test_a_period_is_bound_and_never_pasted(ask):
    assert ask("select 'm' as id, :since::timestamptz + interval '5000 years' as at").rows["sent_at"][0].year == 5001
    query = "select 'm' as id, now() as at where now() >= :since - interval '1 hour' and now() < :until;"
    assert ask(query).rows.height == 1
    assert ask(query, since=at(2999, 1, 1)).rows.height == 0
    literal = """select ':since' || $$ :until $$ || E'\\':since' /* :until */ as id, now() as "at" -- :since"""
    assert ask(literal).rows["message_id"].to_list() == [":since :until ':since"]
    twice = "select 'm' as id, now() as at where now() < :until and now() >= :since and :until > :since"
    assert database_postgresql.numbered(twice, {"since": 1, "until": 2}) == (
        "select 'm' as id, now() as at where now() < $1 and now() >= $2 and $1 > $2",
        [2, 1],
    )


def test_rows_come_in_order_over_many_batches(ask, monkeypatch):
    monkeypatch.setattr(database_postgresql, "BATCH_ROWS", 1_000)
    parsed = ask("select i as id, now() as at from generate_series(1, 2500) as i where now() > :since order by i desc")
    assert parsed.rows.select("message_id", "log_line").rows() == [(str(2501 - line), line) for line in range(1, 2501)]


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("select * from nope", "query", 'relation "nope" does not exist'),
        ("select nope from pg_class", "query", 'column "nope" does not exist'),
        ("selec 1", "query", 'syntax error at or near "selec"'),
        ("select 1; select 2", "query", "cannot insert multiple commands into a prepared statement"),
        ("select 1 as id, 2 as id, now() as at", "query", "the query gives more than one column 'id'"),
        ("select 1 as id", "columns", "the query gives no column 'at'"),
        ("select 1 / (i - 60000) as id, now() as at from generate_series(1, 70000) i", "query", "division by zero"),
        ("create table more (id int)", "query", "the query gives no columns"),
        (
            "with gone as (delete from pg_class returning 1 as id) select id, now() as at from gone",
            "query",
            "WITH clause",
        ),
        (
            "select nextval('counted') as id, now() as at",
            "query",
            "cannot execute nextval() in a read-only transaction",
        ),
        ("select pg_sleep(9) as id, now() as at", "query", "the query took longer than 0.3 s"),
    ],
)
def test_what_is_wrong_with_a_query_is_one_line(ask, monkeypatch, text, where, reason):
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.3)
    with pytest.raises(FaultyFile) as caught:
        ask(text)
    assert caught.value.where == f"sources[0].{where}"
    assert caught.value.reason.startswith(reason)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"password": SECRET + "x"}, "password authentication failed"),
        ({"user": "nobody"}, "password authentication failed"),
        ({"name": "nothing"}, 'database "nothing" does not exist'),
        ({"host": "no-such-host.invalid"}, "could not translate host name"),
        ({"port": 1}, "Connection refused"),
        ({"name": f"postgres?bogus={SECRET[:2]}"}, "invalid URI query parameter"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_one_line_without_the_password(ask, port, monkeypatch, changed, reason):
    monkeypatch.setenv("AUDIT", url(**({"port": port} | changed)))
    with pytest.raises(FaultyFile, match=reason) as caught:
        ask("select 1")
    error = caught.value
    assert error.where == "sources[0].url"
    assert error.__suppress_context__
    for written in (SECRET, quote(SECRET, safe="")):
        assert written not in str(error)
    assert "\n" not in str(error)


def test_a_password_may_stand_in_the_url_as_it_is(ask, port, monkeypatch):
    monkeypatch.setenv("AUDIT", f"postgres://reader:{SECRET}@127.0.0.1:{port}/postgres?connect_timeout=3")
    assert ask("select 'm' as id, now() as at").rows.height == 1
    monkeypatch.setenv("PASSWORD", SECRET)
    apart = f"postgresql://reader:${{PASSWORD}}@127.0.0.1:{port}/postgres"
    assert ask("select 'm' as id, now() as at", template=apart).rows.height == 1


def test_a_server_that_says_nothing_is_given_up(ask, monkeypatch):
    monkeypatch.setattr(database_url, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("AUDIT", url(mute.getsockname()[1]))
        with pytest.raises(FaultyFile, match="timeout expired"):
            ask("select 1")


def test_without_the_driver_the_line_says_what_to_install(ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(FaultyFile, match="not installed; install it with: pip install 'integrhealth\\[postgresql\\]'"):
        ask("select 1")


def test_the_password_is_nowhere_in_what_a_report_says_and_writes(port, tmp_path, monkeypatch):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "mapping.yaml").write_text(MAPPING)
    monkeypatch.setattr(plan, "notebooks", lambda: notebooks)
    notebooks = chosen_notebooks(tmp_path / "notebooks", "latency")
    arguments = ["report", str(logs), "--out", str(tmp_path / "out"), "--since", "2026-03-02", "--json"]
    monkeypatch.setenv("AUDIT", url(port))
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sources"][0] | {"duplicates": 0, "rows": 25} == {
        "file": "mapping.yaml sources[0]",
        "format": "postgresql",
        "frame": "messages",
        "rows_in": 25,
        "rows_out": 25,
        "rows_rejected": 0,
        "duplicates": 0,
        "rows": 25,
        "passed_over": 0,
    }
    said = done.output.encode()
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) > 5
    for secret in (SECRET, quote(SECRET, safe=""), f"127.0.0.1:{port}"):
        assert all(secret.encode() not in content for content in (said, *written))
    monkeypatch.setenv("AUDIT", url(port, password=f"{SECRET}wrong"))
    refused = CliRunner().invoke(main, ["check", str(logs)])
    assert refused.exit_code == 2
    assert "mapping.yaml: sources[0].url: " in refused.output
    assert refused.output.count("\n") == 1
    assert not any(secret in refused.output for secret in (SECRET, quote(SECRET, safe="")))
