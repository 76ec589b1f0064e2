"""What truth.json says of the committed samples, counted another way: from the raw files, with json and csv."""

import csv
import gzip
import json
import statistics
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from drawing.samples import sample

SAMPLES = Path(__file__).parents[2] / "sample_logs"
MONTHS = ("2025-11", "2025-12", "2026-01")
BAD_DATE = "31.11.2025 25:61:00"
ALIASES = {"wms-prod": "WMS", "fin-core": "Financial system", "customer-portal": "Customer portal"}
CALLS, RECEIVES, INTERNAL = (3, 4), (2, 5), 1


@pytest.fixture(scope="module", params=["a", "b"])
def company(request):
    """Folder and truth of a committed sample."""
    folder = SAMPLES / f"company_{request.param}"
    return folder, json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="module")
def raw(company):
    """Folder, truth, the spans once each, and per file the lines, malformed lines, spans and error spans."""
    folder, truth = company
    spans, found = {}, {}
    for path in sorted((folder / "otlp").iterdir()):
        counts = Counter()
        for line in unpacked(path):
            counts["lines"] += 1
            try:
                batch = json.loads(line)
            except ValueError:
                counts["malformed_lines"] += 1
                continue
            for resource in batch["resourceSpans"]:
                service = resource["resource"]["attributes"][0]["value"]["stringValue"]
                for span in resource["scopeSpans"][0]["spans"]:
                    counts["spans"] += 1
                    counts["error_spans"] += span["status"].get("code") == 2
                    counts["repeated_spans"] += span["spanId"] in spans
                    attributes = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
                    spans[span["spanId"]] = span | {"service": ALIASES.get(service, service), "says": attributes}
        found[f"otlp/{path.name}"] = counts
    return folder, truth, spans, found


def unpacked(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def monitor_rows(folder: Path) -> list[dict[str, str]]:
    return [
        row
        for path in sorted((folder / "erp_monitor").iterdir())
        for row in csv.DictReader(path.read_text().splitlines(), delimiter=";")
    ]


def fed_rows(folder: Path) -> list[dict[str, str]]:
    """The messages that are in the kit's own columns."""
    logs = ("master_data", "parcel_scans")
    return [row for log in logs for row in csv.DictReader(unpacked(folder / log / "messages.csv.gz"))]


def messages_of(
    spans: dict, rows: list[dict[str, str]], fed: list[dict[str, str]]
) -> dict[str, tuple[str, str, bool, str | None, str]]:
    """By id of the working half: target, kind, failed, id of the parent message, integration; read naively."""
    sender_of = {
        key: span["parentSpanId"]
        for key, span in spans.items()
        if span["kind"] in RECEIVES and spans.get(span.get("parentSpanId"), {}).get("kind") in CALLS
    }
    paired = set(sender_of.values())
    found = {}
    for key, span in spans.items():
        if key in paired:
            continue
        asked = spans[sender_of[key]] if key in sender_of else span
        failed = 2 in (span["status"].get("code"), asked["status"].get("code"))
        kind = "internal" if span["kind"] == INTERNAL else "queue" if span["kind"] in (4, 5) else "request"
        target = asked["says"]["peer.service"] if span["kind"] in CALLS else span["service"]
        found[key] = (target, kind, failed, asked.get("parentSpanId"), asked["says"].get("integration"))
    names = {"BANK01": "Bank", "AEAT": "Tax authority"}
    for row in rows:
        if row["SENT"] == BAD_DATE:
            continue
        parent = None if row["PREDECESSOR"] == "-" else row["PREDECESSOR"]
        target = names.get(row["RECEIVER"], row["RECEIVER"])
        found[row["MSG_ID"]] = (target, row["MODE"], row["STATE"] == "51", parent, row["INTERFACE"])
    for row in fed:
        failed = row["status"] not in ("ok", "cancelled")
        found[row["message_id"]] = (
            row["target"],
            row["kind"],
            failed,
            row.get("parent_id") or None,
            row["integration"],
        )
    return found


def test_spans_and_lines_are_counted_right(raw):
    _, truth, _, found = raw
    for name, counts in found.items():
        assert {key: counts[key] for key in truth["files"][name] if key != "repeated_lines"} == {
            key: value for key, value in truth["files"][name].items() if key != "repeated_lines"
        }
        assert counts["malformed_lines"] == 2


def test_the_other_logs_are_counted_right(company):
    folder, truth = company
    rows = monitor_rows(folder)
    states = Counter(row["STATE"] for row in rows if row["SENT"] != BAD_DATE)
    assert len(rows) == sum(truth["files"][f"erp_monitor/monitor-{m}.csv"]["rows"] for m in MONTHS)
    assert states["51"] == truth["messages"]["by_log"]["monitor"]["failed"]
    assert states["64"] == truth["blemishes"]["monitor_waiting"] > 0
    assert states["68"] == truth["blemishes"]["monitor_unmapped_state"] > 0
    good, bad, failed = 0, 0, 0
    for month in MONTHS:
        for line in unpacked(folder / "webhooks" / f"carrier-{month}.jsonl.gz"):
            try:
                delivery = json.loads(line)["delivery"]
            except ValueError:
                bad += 1
                continue
            good += 1
            failed += not delivery["ok"]
    assert {"failed": failed, "not_failed": good - failed} == truth["messages"]["by_log"]["webhook"]
    assert bad == sum(truth["files"][f"webhooks/carrier-{m}.jsonl.gz"]["malformed_lines"] for m in MONTHS) == 3


def tried_again(spans: dict) -> set[str]:
    """The calls after which the same one was sent again: same caller, name and object, with a higher number."""
    tries = defaultdict(list)
    for key, span in spans.items():
        number = int(span["says"].get("http.request.resend_count", 0))
        tries[span.get("parentSpanId"), span["name"], span["kind"], span["says"].get("object_id")].append((number, key))
    return {key for several in tries.values() for number, key in several if number < max(several)[0]}


def test_error_spread_is_what_a_walk_over_the_raw_spans_finds(raw):
    folder, truth, spans, _ = raw
    messages = messages_of(spans, monitor_rows(folder), fed_rows(folder))
    children = defaultdict(list)
    for key, (_, kind, _, parent, _) in messages.items():
        if parent in messages:
            children[parent].append((key, kind))
    again = tried_again(spans)
    replaced = again | {key for key, span in spans.items() if span.get("parentSpanId") in again}
    own, passed, stopped = Counter(), Counter(), Counter()
    total = Counter(target for target, *_ in messages.values())
    named = present = 0
    for key, (target, kind, failed, parent, _) in messages.items():
        inside = [child for child, how in children[key] if how in ("request", "internal")]
        causes = [messages[child][2] for child in inside]
        explained = any(messages[child][2] for child in inside if child not in replaced)
        if kind in ("queue", "batch", "file") and parent in messages:
            causes.append(messages[parent][2])
            explained |= messages[parent][2]
        if failed and explained:
            passed[target] += 1
        elif failed:
            own[target] += 1
        elif any(causes):
            stopped[target] += 1
        named += parent is not None
        present += parent in messages
    written = truth["mechanisms"]["error_spread"]["written"]
    hooks = truth["messages"]["by_log"]["webhook"]["failed"]
    assert sum(passed.values()) == written["caused"]
    assert sum(own.values()) + hooks == written["roots"]
    assert (named, present) == (written["names_parent"], written["has_parent"])
    for system, planted in written["systems"].items():
        assert (passed[system], stopped[system]) == (planted["passed_on"], planted["stopped"]), system
        if system != "Tracking":
            assert (own[system], total[system]) == (planted["own_errors"], planted["messages"]), system
    rate = sum(passed.values()) / (sum(passed.values()) + sum(own.values()) + hooks)
    assert truth["answers"]["error_propagation"]["reproduction_observed"] == pytest.approx(rate, abs=1e-6)


def test_failures_say_why_as_often_as_planted(company):
    folder, truth = company
    messages = sample(folder.name.removeprefix("company_")).messages
    failed = messages.filter(
        pl.col("source") != pl.col("target"), pl.col("status").is_in(["failed", "timeout", "rejected"])
    )
    planted = truth["answers"]["reconciliation"]["trail"]
    assert (failed.height, failed["error_text"].count()) == (planted["failed"], planted["with_reason"])
    assert 0.5 < planted["with_reason"] / planted["failed"] < 0.9


def test_every_system_and_integration_leaves_messages(raw):
    folder, truth, spans, _ = raw
    messages = messages_of(spans, monitor_rows(folder), fed_rows(folder))
    found = Counter(integration for *_, integration in messages.values())
    for name, planted in truth["messages"]["by_integration"].items():
        scans = sum(truth["messages"]["by_log"]["webhook"].values()) if name == "carrier-tracking" else 0
        assert found[name] + scans == planted["messages"] > 0
    total = sum(sum(log.values()) for log in truth["messages"]["by_log"].values())
    assert len(messages) == total - sum(truth["messages"]["by_log"]["webhook"].values())


def test_the_latency_step_is_in_the_spans(raw):
    _, truth, spans, _ = raw
    planted = truth["mechanisms"]["latency_step"]
    at = datetime.fromisoformat(planted["at"]).timestamp() * 1e9
    before, after = [], []
    for span in spans.values():
        sender = spans.get(span.get("parentSpanId"))
        if span["kind"] != 5 or sender is None or sender["says"].get("integration") != planted["integration"]:
            continue
        if span["status"].get("code") == 2:
            continue
        sent = int(sender["startTimeUnixNano"])
        (before if sent < at else after).append((int(span["endTimeUnixNano"]) - sent) / 1e6)
    assert (len(before), len(after)) == (planted["messages_before"], planted["messages_after"])
    assert statistics.median_low(before) == pytest.approx(planted["p50_before_ms"], rel=0.01)
    assert statistics.median_low(after) == pytest.approx(planted["p50_after_ms"], rel=0.01)
    assert (planted["p50_after_ms"] / planted["p50_before_ms"] > 1.5) == (planted["factor_on_work"] > 1)


def test_the_outage_is_in_the_spans(raw):
    _, truth, spans, _ = raw
    planted = truth["mechanisms"]["outage"]
    start, end = (datetime.fromisoformat(planted[edge]).timestamp() * 1e9 for edge in ("start", "end"))
    refused = lost = 0
    for span in spans.values():
        message = next((e["attributes"][1]["value"]["stringValue"] for e in span.get("events", ())), "")
        if span["kind"] in RECEIVES and "connection refused" in message:
            sender = spans[span["parentSpanId"]]
            refused += start <= int(sender["startTimeUnixNano"]) < end
    assert refused == planted["refused"] > 0
    lost = planted["lost_after_all_tries"]
    assert (lost == 0) == planted["absorbed_by_queues"]
    assert (planted["held_in_queue"] > 0) == planted["absorbed_by_queues"]


def test_retries_come_at_a_fixed_gap_in_a_and_at_random_in_b(raw):
    _, truth, spans, _ = raw
    tries = defaultdict(list)
    for span in spans.values():
        if span["kind"] in CALLS and "parentSpanId" in span:
            tries[span["parentSpanId"], span["name"]].append(span)
    gaps = []
    for attempts in tries.values():
        for first, second in zip(
            attempts, sorted(attempts, key=lambda s: int(s["startTimeUnixNano"]))[1:], strict=False
        ):
            gaps.append((int(second["startTimeUnixNano"]) - int(first["startTimeUnixNano"])) / 1e6)
    policy = truth["mechanisms"]["retries"]
    assert len(gaps) > 50
    near = sum(5000 <= gap <= 6100 for gap in gaps) / len(gaps)
    assert (near > 0.9) == (not policy["jitter"])


def test_the_season_triples_the_orders(company):
    _, truth = company
    season = truth["mechanisms"]["season"]
    assert len(season["orders_per_day"]) == 90
    assert season["peak_multiple"] == pytest.approx(3, abs=0.3)


def test_hostile_texts_are_there_and_people_are_not(company):
    folder, truth = company
    # Hostile texts come as errors do, and the robust company has few.
    kinds = [count > 0 for count in truth["blemishes"]["hostile_texts"].values()]
    assert all(kinds) if folder.name == "company_a" else any(kinds)
    for name in ("deliveries.csv.gz", "reads.csv.gz"):
        rows = list(csv.DictReader(unpacked(folder / name)))
        assert len(rows) == truth["files"][name]["rows"]
        assert {row["person"] for row in rows} <= {f"manager-{number:02}" for number in range(1, 13)}


def test_report_mail_is_read_as_planted(company):
    folder, truth = company
    mail = truth["mechanisms"]["report_mail"]
    reports = {row["report"]: row for row in csv.DictReader((folder / "reports.csv").read_text().splitlines())}
    deliveries = list(csv.DictReader(unpacked(folder / "deliveries.csv.gz")))
    reads = list(csv.DictReader(unpacked(folder / "reads.csv.gz")))
    person_days = len({(row["person"], row["at"][:10]) for row in deliveries})
    needed = sum(int(reports[row["report"]]["words"]) for row in deliveries) / 238 / person_days
    spent = sum(float(row["seconds"]) for row in reads) / 60 / person_days
    assert len(reports) == mail["reports"]
    assert len(deliveries) / person_days == pytest.approx(mail["reports_per_day"])
    assert needed == pytest.approx(mail["needed_minutes_per_day"])
    assert spent == pytest.approx(mail["spent_minutes_per_day"])
    if mail["statutory_unopened"]:
        assert (mail["reports_per_day"], round(spent)) == (63, 7)
        assert mail["statutory_unopened"] not in {row["report"] for row in reads}


def test_no_smaller_set_of_reports_serves_all_decisions(company):
    folder, truth = company
    mail = truth["mechanisms"]["report_mail"]
    rows = list(csv.DictReader((folder / "reports.csv").read_text().splitlines()))
    serves = {row["report"]: set(filter(None, row["decisions"].split(";"))) for row in rows}
    decisions = set().union(*serves.values())
    kept = set(mail["smallest_set"])
    assert set().union(*(serves[report] for report in kept)) == decisions
    # Each kept report decides three things of which every other decides at most one: fewer reports cannot do.
    for report in kept - {"vat-ledger"}:
        others = [serves[other] & serves[report] for other in serves if other != report]
        assert all(len(shared) <= 1 for shared in others)
        assert len(serves[report]) > 1 or not any(others)
    assert {report for report, decided in serves.items() if not decided} - kept == set(mail["serving_no_decision"])


def test_near_duplicates_share_what_they_show(company):
    folder, truth = company
    rows = {row["report"]: row for row in csv.DictReader((folder / "reports.csv").read_text().splitlines())}
    shown = {name: set((row["fields"] + ";" + row["metrics"]).split(";")) for name, row in rows.items()}
    copies = truth["mechanisms"]["report_mail"]["near_duplicates"]
    for report, names in copies.items():
        for name in names:
            assert len(shown[report] & shown[name]) / len(shown[report] | shown[name]) >= 0.8
    grouped = {name: report for report, names in copies.items() for name in (report, *names)}
    for one in shown:
        for other in shown:
            if grouped.get(one, one) != grouped.get(other, other):
                assert len(shown[one] & shown[other]) / len(shown[one] | shown[other]) < 0.5
