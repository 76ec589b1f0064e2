"""Every record of every file is accounted for, and frames an analyst has are checked like those that were read."""

import gzip
import json
import pickle
from dataclasses import FrozenInstanceError
from datetime import timedelta

import pandas as pd
import polars as pl
import pytest
from drawing.frames import NOON, drawn, messages
from drawing.samples import sample
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.catalog import Catalog, load_catalog
from integrhealth.errors import MissingColumns, NothingToRead, UnknownName, WrongValue
from integrhealth.evidence import Evidence, read
from integrhealth.language.display import html_table
from integrhealth.language.schema import FRAMES, TIME
from integrhealth.reading import copies as copies_of
from integrhealth.traces import links

HEAD = "message_id,source,target,sent_at,status"


def written(folder, name, *lines):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def line(number: int, **changes: object) -> str:
    row = {
        "id": f"m{number}",
        "source": "web",
        "target": "erp",
        "at": f"2026-03-02T12:{number:02d}:00Z",
        "status": "ok",
    }
    return ",".join(str(value) for value in (row | changes).values())


def span(number: int, **changes: object) -> dict:
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "work",
        "kind": 2,
        "startTimeUnixNano": str(1_772_452_800_000_000_000 + number),
        "endTimeUnixNano": str(1_772_452_801_000_000_000 + number),
    } | changes


def otlp(*spans: dict, service: str = "erp") -> str:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]})


def account(evidence: Evidence) -> dict[str, tuple]:
    counts = evidence.sources.select("file", "frame", "rows_in", "rows_out", "rows_rejected", "duplicates")
    return {row[0]: row[1:] for row in counts.rows()}


def test_a_folder_mixes_formats_and_every_file_is_accounted_for(tmp_path):
    written(tmp_path, "messages.csv", HEAD, line(1), line(2), line(3, at="yesterday"))
    written(tmp_path, "deep/down/messages.jsonl.gz", json.dumps({"message_id": "j", "source": "a", "target": "b",
            "sent_at": "2026-03-02T12:00:00Z", "status": "failed"}), "{broken")  # fmt: skip
    written(tmp_path, "traces.json", otlp(span(1), span(2)))
    written(tmp_path, "notes.txt", "nothing here")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    evidence = read(tmp_path)
    assert account(evidence) == {
        "deep/down/messages.jsonl.gz": ("messages", 2, 1, 1, 0),
        "messages.csv": ("messages", 3, 2, 1, 0),
        "notes.txt": (None, None, None, None, None),
        "photo.png": (None, None, None, None, None),
        "traces.json": ("messages", 2, 2, 0, 0),
    }
    assert evidence.messages.height == 5
    assert evidence.rejected.select("file", "line").rows() == [("deep/down/messages.jsonl.gz", 2), ("messages.csv", 4)]
    assert set(evidence.messages["log_file"]) == {"messages.csv", "deep/down/messages.jsonl.gz", "traces.json"}


def test_a_file_given_twice_counts_copies_and_changes_nothing(tmp_path):
    written(tmp_path, "messages.csv", HEAD, line(1), line(2), line(2))
    written(tmp_path, "copy/messages.csv", HEAD, line(1), line(2), line(2))
    written(tmp_path, "t1.json", otlp(span(1), span(1)))
    written(tmp_path, "t2.json", otlp(span(1)))
    once, twice = read(tmp_path / "messages.csv", tmp_path / "t2.json"), read(tmp_path)
    assert_frame_equal(
        once.messages.drop("log_file", "log_line"), twice.messages.drop("log_file", "log_line"), check_row_order=False
    )
    assert account(twice) == {
        "copy/messages.csv": ("messages", 3, 3, 0, 1),
        "messages.csv": ("messages", 3, 3, 0, 3),
        "t1.json": ("messages", 2, 2, 0, 1),
        "t2.json": ("messages", 1, 1, 0, 1),
    }


def test_the_same_id_is_a_retry_at_another_time_and_a_clash_at_the_same(tmp_path):
    written(
        tmp_path,
        "messages.csv",
        HEAD,
        line(1),
        line(1, at="2026-03-02T13:00:00Z", status="failed"),
        line(1, status="failed"),
    )
    evidence = read(tmp_path)
    assert account(evidence) == {"messages.csv": ("messages", 3, 2, 1, 0)}
    assert evidence.messages["status"].to_list() == ["ok", "failed"]
    assert evidence.rejected.select("line", "reason").rows() == [(4, "conflicting_id")]
    assert '"m1"' in evidence.rejected["raw"].item()


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["ok", "failed"]), st.integers(0, 2)), max_size=30))
def test_copies_and_clashes_are_told_apart_as_by_a_walk(rows):
    frame = messages("message_id status sent_at source target\n" + "\n".join(f"m{i} {s} {t} a b" for i, s, t in rows))
    kept, copies = copies_of.without_copies(frame, "messages")
    kept, clashes = copies_of.without_clashes(kept, "messages")
    seen, times, expected = set(), set(), [0, 0, 0]
    for i, status, at in rows:
        if (i, status, at) in seen:
            expected[1] += 1
        elif (i, at) in times:
            expected[2] += 1
        else:
            expected[0] += 1
        seen.add((i, status, at))
        times.add((i, at))
    assert [kept.height, copies.height, clashes.height] == expected


def test_frames_of_an_analyst_are_checked_and_pandas_is_welcome():
    frame = messages("message_id source target status\nm1 web erp ok\nm2 web erp nonsense")
    for given_frame in (frame, frame.lazy(), frame.to_pandas()):
        evidence = Evidence(messages=given_frame, reads=None)
        assert evidence.messages["status"].to_list() == ["ok", "unknown"]
        assert evidence.messages.schema == FRAMES["messages"].schema
        assert evidence.reads.is_empty()
    assert isinstance(evidence.messages.to_pandas(), pd.DataFrame)


def test_naive_times_given_in_python_are_read_as_utc_and_other_zones_are_converted():
    naive = pd.DataFrame(
        {
            "message_id": ["m"],
            "source": ["a"],
            "target": ["b"],
            "status": ["ok"],
            "sent_at": [NOON.replace(tzinfo=None)],
        }
    )
    madrid = naive.assign(sent_at=naive["sent_at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Madrid"))
    for frame in (naive, madrid):
        assert Evidence(messages=frame).messages["sent_at"].to_list() == [NOON]


def test_a_frame_that_does_not_fit_says_how():
    with pytest.raises(MissingColumns, match=r"messages lacks the columns .*status"):
        Evidence(messages=pl.DataFrame({"message_id": ["m"]}))
    fitting = messages("message_id source target\nm a b")
    with pytest.raises(WrongValue, match="does not fit its type"):
        Evidence(messages=fitting.with_columns(attempt=pl.lit("many")))
    with pytest.raises(UnknownName, match="unknown frame"):
        Evidence(mesages=fitting)


def test_rows_without_what_every_row_must_have_are_rejected_by_name():
    frame = messages("message_id source target\nm a b\nn - b\n- a b")
    evidence = Evidence(messages=frame)
    assert evidence.messages["message_id"].to_list() == ["m"]
    assert sorted(evidence.rejected["reason"]) == ["no_message_id", "no_source"]


def test_a_saved_folder_is_read_back_as_it_was(tmp_path):
    written(tmp_path, "logs/messages.csv", HEAD, line(1), line(2, at="never"))
    evidence = read(tmp_path / "logs")
    evidence.save(tmp_path / "saved")
    again = read(tmp_path / "saved")
    for name in FRAMES:
        assert_frame_equal(getattr(again, name), getattr(evidence, name))
    assert_frame_equal(again.sources, evidence.sources)
    assert_frame_equal(again.rejected, evidence.rejected)
    assert again.warnings == evidence.warnings


def test_a_folder_that_was_saved_before_a_column_came_has_it_empty(tmp_path):
    changes = drawn("field_changes", "entity element value_hash at system change_reason\n1 price h 0 erp typo")
    Evidence(field_changes=changes).save(tmp_path / "saved")
    file = tmp_path / "saved" / "field_changes.parquet"
    pl.read_parquet(file).drop("change_reason").write_parquet(file)
    again = read(tmp_path / "saved").field_changes
    assert_frame_equal(again, changes.with_columns(change_reason=pl.lit(None, pl.String)))


def test_plain_canonical_parquet_is_input_like_any_other(tmp_path):
    messages("message_id source target\nm a b").write_parquet(tmp_path / "messages.parquet")
    assert read(tmp_path).messages["message_id"].to_list() == ["m"]


@pytest.mark.parametrize(
    ("since", "until", "kept"),
    [
        ("", "", "abcd"),
        ("2026-03-02T12:00:30Z", "", "cd"),
        ("", "2026-03-02T12:00:30", "ab"),
        ("2026-03-02T13:00:50+01:00", "", "d"),
    ],
)
def test_a_period_takes_whole_traces_by_their_first_message(since, until, kept, tmp_path):
    frame = messages("""
        message_id trace_id parent_id source target sent_at
        a          t1       -         web    erp    0
        b          t1       a         erp    wms    100
        c          t2       -         web    erp    40
        d          -        -         web    erp    60
    """)
    reads = pl.DataFrame({"report": ["r"], "person": ["p"], "at": [NOON]}, schema_overrides={"at": TIME})
    Evidence(messages=frame, reads=reads).save(tmp_path / "e")
    evidence = read(tmp_path / "e", since=since, until=until)
    assert "".join(evidence.messages["message_id"]) == kept
    assert evidence.reads.height == (0 if since else 1)


@pytest.mark.parametrize(("since", "until"), [("soon", ""), ("", "2026-13-01"), ("2026-03-02", "2026-03-01")])
def test_a_period_that_is_none_says_so(since, until, tmp_path):
    written(tmp_path, "messages.csv", HEAD, line(1))
    with pytest.raises(WrongValue):
        read(tmp_path, since=since, until=until)


def test_an_earlier_report_among_the_logs_is_not_read_as_logs(tmp_path):
    written(tmp_path, "messages.csv", HEAD, line(1))
    written(tmp_path, "report/run.json", "{}")
    written(tmp_path, "report/findings.json", "[]")
    written(tmp_path, "report/tables/messages.csv", HEAD, line(2))
    assert read([tmp_path]).sources["file"].to_list() == ["messages.csv"]


def test_a_missing_path_says_what_to_do():
    with pytest.raises(NothingToRead, match="does not exist; name a file or folder"):
        read("/no/such/folder")


def test_an_empty_folder_is_read_as_nothing(tmp_path):
    evidence = read(tmp_path)
    assert evidence.is_empty
    assert evidence.sources.is_empty()
    assert evidence.messages.schema == FRAMES["messages"].schema


def test_secrets_addresses_and_people_do_not_come_through(tmp_path):
    head = f"{HEAD},error_text,actor,operation"
    text = "Bearer abcdefghijklmnop.qrstuv call maria@example.com"
    written(tmp_path, "messages.csv", head, line(1) + f",{text},maria@example.com,GET /x?sig=0123456789abcdef",
            line(2, at="never") + f",{text},x,y")  # fmt: skip
    shielded = read(tmp_path)
    row = shielded.messages.row(0, named=True)
    said = f"{row['error_text']} {row['actor']} {row['operation']} {shielded.rejected['raw'].item()}"
    for secret in ("abcdefghijklmnop", "maria@example.com", "0123456789abcdef"):
        assert secret not in said
    assert row["actor"] == read(tmp_path).messages["actor"].item()
    assert read(tmp_path, show_people=True).messages["actor"].item() == "maria@example.com"


def test_the_catalog_names_systems_and_integrations(tmp_path):
    declared = ["systems:", "  - {name: ERP, aliases: [erp-prod]}", "  - {name: WMS}", "integrations:"]
    written(tmp_path, "catalog.yaml", *declared, "  - {name: picking, source: ERP, target: WMS}")
    written(
        tmp_path,
        "messages.csv",
        HEAD,
        line(1, source="erp-prod", target="WMS"),
        line(2, source="WMS", target="erp-prod"),
    )
    rows = read(tmp_path).messages.select("source", "target", "integration").rows()
    assert rows == [("ERP", "WMS", "picking"), ("WMS", "ERP", "WMS > ERP")]
    assert read(tmp_path, catalog=Catalog()).messages["source"].to_list() == ["erp-prod", "WMS"]


def test_halves_of_a_call_in_two_files_become_one_message(tmp_path):
    client = span(1, kind=3, traceId="a" * 32)
    server = span(2, kind=2, traceId="a" * 32, parentSpanId=client["spanId"])
    written(tmp_path, "web.jsonl", otlp(client, service="web"))
    written(tmp_path, "erp.jsonl", otlp(server, service="erp"))
    evidence = read(tmp_path)
    assert evidence.messages.select("source", "target").rows() == [("web", "erp")]
    assert evidence.sources["rows_out"].to_list() == [1, 1]


def test_a_trace_id_that_is_a_constant_is_reported_once(tmp_path):
    size = 100_001
    frame = pl.DataFrame({"message_id": pl.int_range(size, eager=True).cast(pl.String)}).with_columns(
        trace_id=pl.lit("0"), source=pl.lit("web"), target=pl.lit("erp"), sent_at=pl.lit(NOON), status=pl.lit("ok")
    )
    sentence = "trace_id '0' stands on 100,001 messages: a constant and no trace, it is treated as null"
    assert Evidence(messages=frame).warnings == (sentence,)
    assert Evidence(messages=frame.head(size - 1)).warnings == ()
    frame.write_parquet(tmp_path / "messages.parquet")
    from_file = read(tmp_path)
    assert from_file.warnings.count(sentence) == 1
    from_file.save(tmp_path / "saved")
    assert read(tmp_path / "saved").warnings == from_file.warnings


def test_frames_given_in_python_take_their_integrations_from_the_catalog_too(tmp_path):
    (tmp_path / "catalog.yaml").write_text("integrations:\n  - {name: orders, source: web, target: erp}\n")
    frame = messages("""
        message_id source target integration
        a          web    erp    -
        b          erp    wms    -
        c          web    erp    own
    """)
    named = Evidence(messages=frame, catalog=load_catalog(tmp_path / "catalog.yaml"))
    assert named.messages["integration"].to_list() == ["orders", "erp > wms", "own"]
    assert Evidence(messages=frame).messages["integration"].to_list() == ["web > erp", "erp > wms", "own"]


def test_unknown_columns_of_a_frame_are_said_as_those_of_a_file_are(tmp_path):
    frame = messages("message_id source target\nm a b").with_columns(colour=pl.lit("red"), size=pl.lit(3))
    evidence = Evidence(messages=frame)
    assert evidence.warnings == ("messages: unknown columns of messages are ignored: colour, size",)
    assert evidence.messages.columns == list(FRAMES["messages"].schema)
    frame.write_csv(tmp_path / "messages.csv")
    assert [said.partition(": ")[2] for said in read(tmp_path).warnings] == [
        said.partition(": ")[2] for said in evidence.warnings
    ]


def test_evidence_does_not_change_and_says_what_to_do_instead():
    evidence = Evidence(messages=messages("message_id source target\nm a b"))
    with pytest.raises(FrozenInstanceError, match=r"does not change; evidence\.replace\(messages=\.\.\.\) gives"):
        evidence.messages = evidence.messages.clear()
    with pytest.raises(FrozenInstanceError, match=r"does not change; evidence\.replace\(\.\.\.\) gives"):
        del evidence.messages
    assert evidence.messages.height == 1


def test_replacing_a_frame_checks_and_tidies_it_and_keeps_the_account_of_what_was_read(tmp_path):
    written(tmp_path, "messages.csv", HEAD, line(1), line(2, at="never"))
    evidence = read(tmp_path)
    frame = messages("message_id source target status\nn web erp ok\nn web erp ok\nw web erp weird\n- web erp ok")
    other = evidence.replace(messages=frame)
    assert other.messages.select("message_id", "status", "integration").rows() == [
        ("n", "ok", "web > erp"),
        ("w", "unknown", "web > erp"),
    ]
    assert_frame_equal(other.sources, evidence.sources)
    assert [reason.partition(":")[0] for reason in other.rejected["reason"]] == ["bad_time", "no_message_id"]
    assert any("became unknown: 1" in said for said in other.warnings)
    assert evidence.messages["message_id"].to_list() == ["m1"]
    assert other.replace(messages=None).messages.is_empty()
    with pytest.raises(MissingColumns):
        evidence.replace(messages=frame.drop("status"))
    with pytest.raises(UnknownName, match="unknown frame 'mesages'"):
        evidence.replace(mesages=frame)


def test_another_catalog_names_the_systems_of_all_frames(tmp_path):
    (tmp_path / "catalog.yaml").write_text(
        "systems:\n  - {name: ERP, aliases: [erp-prod]}\nintegrations:\n  - {name: orders, source: web, target: ERP}\n"
    )
    catalog = load_catalog(tmp_path / "catalog.yaml")
    frame = messages("message_id source target integration\nm web erp-prod -\nn erp-prod web own")
    changes = drawn("field_changes", "entity element value_hash at system\n1 price h 0 erp-prod")
    evidence = Evidence(messages=frame, field_changes=changes).replace(messages=frame, catalog=catalog)
    assert evidence.messages.select("source", "target", "integration").rows() == [
        ("web", "ERP", "orders"),
        ("ERP", "web", "own"),
    ]
    assert evidence.field_changes["system"].to_list() == ["ERP"]
    assert evidence.catalog is catalog
    assert evidence.replace(reads=None).catalog is catalog


PERIOD = """
    message_id trace_id parent_id source target sent_at status
    a          t1       -         web    erp    0       ok
    b          t1       a         erp    wms    100     failed
    c          t2       -         web    erp    60      ok
    d          t3       -         web    erp    59      failed
"""


def ids(evidence: Evidence) -> str:
    return "".join(evidence.messages["message_id"])


def test_rows_are_chosen_alone_or_with_their_whole_traces():
    logs = drawn("logs", "system time\nerp 0\nwms 0")
    evidence = Evidence(messages=messages(PERIOD), logs=logs)
    failed = pl.col("status") == "failed"
    assert ids(evidence.filter(failed)) == "bd"
    assert ids(evidence.filter(failed, pl.col("source") == "erp")) == "b"
    whole = evidence.filter(failed, whole_traces=True)
    assert ids(whole) == "abd"
    assert whole.messages.schema == FRAMES["messages"].schema
    assert whole.logs.height == 2
    of_erp = evidence.filter(pl.col("system") == "erp", frame="logs")
    assert (ids(of_erp), of_erp.logs["system"].to_list()) == ("abcd", ["erp"])
    assert ids(evidence.filter(pl.col("status") == "pending", whole_traces=True)) == ""
    with pytest.raises(UnknownName, match="unknown frame 'traces'"):
        evidence.filter(failed, frame="traces")


def test_a_period_begins_at_its_moment_and_ends_before_it():
    reads = pl.DataFrame({"report": ["r"], "person": ["p"], "at": [NOON + timedelta(seconds=60)]})
    evidence = Evidence(messages=messages(PERIOD), reads=reads)
    edge = NOON + timedelta(seconds=60)
    since, until = evidence.since(edge), evidence.until(edge)
    # Message b comes after the moment, but its trace began before.
    assert (ids(since), since.reads.height) == ("c", 1)
    assert (ids(until), until.reads.height) == ("abd", 0)
    assert ids(evidence.since(edge + timedelta(microseconds=1))) == ""
    assert ids(evidence.until(edge + timedelta(microseconds=1))) == "abcd"
    assert ids(evidence.between("2026-03-02T12:00:59Z", "2026-03-02T12:01:00Z")) == "d"
    assert ids(evidence.between(None, None)) == "abcd"
    with pytest.raises(WrongValue, match="since must come before until"):
        evidence.between(edge, edge)


def test_evidence_shows_itself_on_one_screen():
    evidence = Evidence(messages=messages(PERIOD), reads=pl.DataFrame({"report": ["r"], "person": ["p"], "at": [NOON]}))
    assert repr(evidence) == "Evidence(4 messages, 1 reads; 0 rejected)"
    assert repr(Evidence()) == "Evidence(nothing; 0 rejected)"
    assert len(repr(sample("a"))) < 200
    html = evidence._repr_html_()
    assert "0 files read, 0 records rejected" in html
    assert html.count("<tr>") <= 1 + len(FRAMES)
    assert "sent_at" in html
    assert "finished_at" not in html


def test_hostile_text_is_escaped_where_evidence_is_shown():
    hostile = messages("message_id source target\nm a b").with_columns(source=pl.lit("<script>alert(1)</script>"))
    # A name of a column or of text never acts on the page that shows it.
    assert "<script" not in Evidence(messages=hostile)._repr_html_()
    table = html_table(("<b>frame</b>",), [("<script>x</script>&\"'",)], caption="<i>read</i>")
    for tag in ("<b>", "<script>", "<i>"):
        assert tag not in table
    assert "&lt;script&gt;x&lt;/script&gt;&amp;" in table


def test_what_several_questions_need_is_worked_out_once(monkeypatch):
    evidence, linkings = Evidence(messages=messages(PERIOD)), []
    linked = links.linked
    monkeypatch.setattr(links, "linked", lambda frame: linkings.append(frame.height) or linked(frame))
    assert evidence.caused.height == evidence.linked.height == evidence.caused.height == 4
    assert linkings == [4]
    asked = []
    count = _counted(asked)
    assert [evidence.once(count), evidence.once(count)] == [4, 4]
    assert asked == [4]
    assert evidence.filter(pl.col("status") == "ok").linked.height == 2


def test_nobody_changes_evidence_in_place():
    evidence = Evidence(messages=messages(PERIOD))
    evidence.messages[0, "source"] = "another"
    evidence.messages.insert_column(0, pl.Series("mine", [1] * 4))
    evidence.linked.insert_column(0, pl.Series("mine", [1] * 4))
    assert evidence.messages.equals(Evidence(messages=messages(PERIOD)).messages)
    assert "mine" not in evidence.linked.columns


def test_evidence_travels_to_another_process_after_it_was_asked():
    evidence = Evidence(messages=messages(PERIOD), catalog=Catalog(currency="EUR"))
    evidence.once(_linked_height)
    copy = pickle.loads(pickle.dumps(evidence))
    assert copy.messages.equals(evidence.messages)
    assert copy.catalog.currency == "EUR"
    assert copy.once(_linked_height) == 4


def _linked_height(evidence: Evidence) -> int:
    return evidence.linked.height


def test_another_catalog_names_what_had_no_name_of_its_own(tmp_path):
    named = messages("message_id source target integration\nm ERP WMS -\nn ERP CRM mine")
    path = tmp_path / "catalog.yaml"
    path.write_text("integrations:\n  - {name: wms-orders, source: ERP, target: WMS}\n")
    bare, whole = Evidence(messages=named), Evidence(messages=named, catalog=path)
    assert whole.messages["integration"].to_list() == ["wms-orders", "mine"]
    assert bare.messages["integration"].to_list() == ["ERP > WMS", "mine"]
    assert bare.replace(catalog=path).messages.equals(whole.messages)
    assert whole.replace(catalog=Catalog()).messages.equals(bare.messages)
    bare.save(tmp_path / "saved")
    assert read(tmp_path / "saved", catalog=path).messages["integration"].to_list() == ["wms-orders", "mine"]


def test_whole_traces_are_of_messages_and_conditions_are_those_of_polars():
    evidence = Evidence(messages=messages(PERIOD))
    with pytest.raises(WrongValue, match="holds have no traces; leave whole_traces out"):
        evidence.filter(pl.lit(True), frame="holds", whole_traces=True)
    assert evidence.filter(status="ok").messages.equals(evidence.filter(pl.col("status") == "ok").messages)


@pytest.mark.parametrize("time", [2025, ["2025-12-01"], "yesterday", 0])
def test_a_time_that_is_none_is_one_line(time):
    with pytest.raises(WrongValue, match="invalid time"):
        Evidence().since(time)


def test_a_date_is_its_first_moment():
    evidence = Evidence(messages=messages(PERIOD))
    day = evidence.messages["sent_at"].dt.date().min()
    assert evidence.since(day).messages.height == 4
    assert evidence.until(day).messages.is_empty()


def _counted(asked: list[int]):
    def count(evidence: Evidence) -> int:
        asked.append(evidence.messages.height)
        return evidence.messages.height

    return count
