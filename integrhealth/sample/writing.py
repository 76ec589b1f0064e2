"""The folder of a sample company: logs as their tools write them, the same bytes for the same seed."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import polars as pl

from integrhealth.errors import UnknownName, WrongValue
from integrhealth.sample.catalogs import catalog, declared, owned
from integrhealth.sample.chance import stream
from integrhealth.sample.companies import COMPANIES, Company
from integrhealth.sample.documents.orders import orders
from integrhealth.sample.documents.papers import document_rows, order_lines
from integrhealth.sample.documents.truth import document_truth
from integrhealth.sample.elements.addresses import address_rows, address_truth, addresses
from integrhealth.sample.elements.amounts import amount_rows, amount_truth, amounts
from integrhealth.sample.elements.states import state_rows, state_truth, states
from integrhealth.sample.incidents.desk import incident_causes, incidents
from integrhealth.sample.incidents.drill import arrivals, drill, hourly_counts
from integrhealth.sample.incidents.files import INCIDENT_HEADER, incident_lines, incident_truth, repairs
from integrhealth.sample.journeys.milestones import milestones
from integrhealth.sample.journeys.records import Chunk, chunks, flows, named, records, step_table
from integrhealth.sample.logs.mail import mail
from integrhealth.sample.logs.otlp import lines, spans
from integrhealth.sample.logs.tables import BAD_DATE, MAPPING, MONITOR_HEADER, SENT, monitor_lines, webhook_lines
from integrhealth.sample.master_data.changes import feeds
from integrhealth.sample.master_data.files import change_rows, hold_rows, message_rows
from integrhealth.sample.master_data.truth import feed_counts, master_data
from integrhealth.sample.people.about import with_subjects
from integrhealth.sample.people.contacts import contact_rows, contacts
from integrhealth.sample.people.kpi_truth import kpi_truth
from integrhealth.sample.people.outcomes import metric_rows, outcome_truth
from integrhealth.sample.people.stages import made_orders, stage_rows
from integrhealth.sample.people.truth import contact_truth, ritual_truth
from integrhealth.sample.retry_storm.files import retry_storm, scan_rows, storm_counts
from integrhealth.sample.retry_storm.scans import storm
from integrhealth.sample.truth import document, flow_counts, row_counts, step_latencies

MESSAGES, SEED = 60_000, 20251224
COMPRESSION = 9
FASTER_COMPRESSION, MANY = 4, 1_000_000
# Messages whose spans are text in memory at the same time.
TRACED_AT_ONCE = 50_000


def write_sample(folder: Path, *, company: str = "a", messages: int | None = None, seed: int = SEED) -> dict[str, Any]:
    """Write the logs of one sample company into `folder` and return the truth that is planted in them.

    ``company`` is "a" (fragile) or "b" (robust), ``messages`` how many there should be, about. The same arguments
    give the same bytes. Raises UnknownName for another company and WrongValue for less than a message a day.
    """
    if company not in COMPANIES:
        raise UnknownName("company", company, COMPANIES)
    wanted = MESSAGES if messages is None else messages
    if wanted < 1000:
        raise WrongValue(f"a sample company needs at least 1000 messages, not {wanted}")
    chosen, folder = COMPANIES[company], Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongValue(f"{folder} cannot be written ({error.strerror}); name another folder") from error
    level = COMPRESSION if wanted < MANY else FASTER_COMPRESSION
    counts, latencies, causes, done, files = _write_logs(folder, chosen, wanted, seed, level)
    mailed = mail(company, seed)
    (folder / "reports.csv").write_text(mailed.reports.write_csv(), newline="\n")
    fed = feeds(company, messages=wanted, seed=seed)
    evening = storm(company, messages=wanted, seed=seed)
    counts += feed_counts(fed) + storm_counts(evening)
    ordered = order_lines(orders(done, company, messages=wanted, seed=seed))
    lived, sold, moved = (kind(done, company, messages=wanted, seed=seed) for kind in (addresses, amounts, states))
    tickets = incidents(causes, company, seed)
    talked = with_subjects(contacts(company, seed), tickets, company, seed)
    staged = made_orders(company, seed)
    built = declared(company)["integrations"]
    tables = {
        "deliveries": mailed.deliveries,
        "reads": mailed.reads,
        "master_data/messages": message_rows(fed),
        "master_data/field_changes": change_rows(fed),
        "master_data/holds": hold_rows(fed),
        "parcel_scans/messages": scan_rows(evening),
        "documents/documents": document_rows(ordered, company),
        "addresses/field_changes": address_rows(lived, company),
        "order_amounts/field_changes": amount_rows(sold, company),
        "shipment_states/field_changes": state_rows(moved, company),
        "contacts/contacts": contact_rows(talked),
        "stages/stages": stage_rows(staged),
        "metrics/metrics": metric_rows(company, built, seed),
    }
    for name, frame in tables.items():
        path = folder / f"{name}.csv.gz"
        path.parent.mkdir(exist_ok=True)
        with _packed(path, level) as file:
            file.write(frame.write_csv().encode())
        files[f"{name}.csv.gz"] = {"rows": frame.height}
    files["reports.csv"] = {"rows": mailed.reports.height}
    for name in ("master_data/messages", "parcel_scans/messages"):
        counts += hourly_counts(tables[name])
    steps = incident_lines(tickets)
    (folder / "service_desk").mkdir(exist_ok=True)
    (folder / "service_desk" / "tickets.csv").write_text("\n".join([INCIDENT_HEADER, *steps, ""]), newline="\n")
    files["service_desk/tickets.csv"] = {"rows": len(steps)}
    (folder / "mapping.yaml").write_text(MAPPING, newline="\n")
    (folder / "catalog.yaml").write_text(catalog(company), newline="\n")
    more = {
        "report_mail": mailed.truth,
        "master_data": master_data(fed),
        "retry_storm": retry_storm(evening),
        "incidents": incident_truth(tickets, owned(company)),
        "documents": document_truth(ordered, tables["documents/documents"], company),
        "two_truths": address_truth(lived, tables["addresses/field_changes"], company),
        "laundering": amount_truth(sold, company),
        "lost_meaning": state_truth(moved, company),
        "outage_drill": drill(arrivals(counts), repairs(tickets), company),
        "contacts": contact_truth(talked, tickets, company),
        "rituals": ritual_truth(company),
        "stages": kpi_truth(staged),
        "outcomes": outcome_truth(company, built, tables["metrics/metrics"]),
    }
    truth = document(chosen, counts, latencies, more, files, seed=seed, messages=wanted)
    truth = json.loads(json.dumps(truth), parse_float=lambda text: round(float(text), 6))
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", newline="\n")
    return truth


def _write_logs(
    folder: Path, company: Company, messages: int, seed: int, level: int
) -> tuple[Counter, pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """Traces, monitor and webhooks, month by month; counts of what was planted, the milestones of orders and returns,
    and the files' exact contents."""
    steps = step_table(company)
    counts: Counter = Counter()
    latencies, causes, done, files, month = [], [], [], {}, None
    with _Months(folder, level) as logs:
        for chunk in chunks(messages, seed):
            rows = named(pl.concat(_chunk_records(chunk, company, seed, counts)), steps)
            counts += row_counts(rows, company) + hourly_counts(rows)
            latencies.append(step_latencies(rows, company))
            causes.append(incident_causes(rows))
            done.append(milestones(rows))
            first = chunk.month != month
            month = chunk.month
            by_log = rows.partition_by("log", as_dict=True)
            empty = rows.clear()
            traced = by_log.get(("otlp",), empty).sort("finished_us", maintain_order=True)
            for number, piece in enumerate(traced.iter_slices(TRACED_AT_ONCE)):
                batch = spans(piece, company)
                export = _blemished_traces(lines(batch), first and number == 0, files, month, batch)
                logs.write("otlp", f"otlp/traces-{month}.jsonl.gz", export)
            exported = monitor_lines(by_log.get(("monitor",), empty), company.key)
            logs.write("monitor", f"erp_monitor/monitor-{month}.csv", _blemished_rows(exported, first, files, month))
            hooks = webhook_lines(by_log.get(("webhook",), empty))
            logs.write("webhook", f"webhooks/carrier-{month}.jsonl.gz", _blemished_hooks(hooks, first, files, month))
    return counts, pl.concat(latencies), pl.concat(causes), pl.concat(done), files


def _chunk_records(chunk: Chunk, company: Company, seed: int, counts: Counter) -> Iterable[pl.DataFrame]:
    for flow in flows(chunk, company, seed):
        counts += flow_counts(flow)
        draws = stream(seed, "amount", company.key, flow.plan.journey.name, chunk.first_day)
        amount = np.round(np.exp(4.3 + 0.6 * draws.standard_normal(flow.number.size)), 2)
        yield records(flow, amount)


def _blemished_traces(
    otlp: pl.Series, first: bool, files: dict[str, Any], month: str, batch: pl.DataFrame
) -> Iterator[str]:
    """The lines of a chunk; once a month a line cut off, one of another log, and an export sent twice."""
    entry = files.setdefault(
        f"otlp/traces-{month}.jsonl.gz",
        {"lines": 0, "malformed_lines": 0, "spans": 0, "error_spans": 0, "repeated_lines": 0, "repeated_spans": 0},
    )
    entry["lines"] += len(otlp)
    entry["spans"] += batch.height
    entry["error_spans"] += int(batch["error"].sum())
    middle = len(otlp) // 2
    for number, line in enumerate(otlp):
        yield line
        if first and number == middle:
            yield line[: len(line) // 3]
            yield "2025-12-23 11:04:05,118 WARN  [exporter] queue is full, dropping 12 batches"
            yield line
            entry["lines"] += 3
            entry["malformed_lines"] += 2
            entry["repeated_lines"] += 1
            entry["repeated_spans"] += line.count('{"traceId"')
            entry["error_spans"] += line.count('"status":{"code":2}')
            entry["spans"] += line.count('{"traceId"')


def _blemished_rows(rows: pl.Series, first: bool, files: dict[str, Any], month: str) -> Iterator[str]:
    """The rows of a chunk below the header; once a month a row whose date does not exist."""
    entry = files.setdefault(f"erp_monitor/monitor-{month}.csv", {"rows": 0, "bad_dates": 0})
    entry["rows"] += len(rows)
    if first:
        yield MONITOR_HEADER
    for number, row in enumerate(rows):
        yield row
        if first and number == len(rows) // 2:
            fields = row.split(";")
            fields[0], fields[SENT] = fields[0] + "X", BAD_DATE
            yield ";".join(fields)
            entry["rows"] += 1
            entry["bad_dates"] += 1


def _blemished_hooks(hooks: pl.Series, first: bool, files: dict[str, Any], month: str) -> Iterator[str]:
    """The lines of a chunk; once a month one cut off in the middle."""
    entry = files.setdefault(f"webhooks/carrier-{month}.jsonl.gz", {"lines": 0, "malformed_lines": 0})
    entry["lines"] += len(hooks)
    for number, line in enumerate(hooks):
        yield line
        if first and number == len(hooks) // 2:
            yield line[: len(line) // 2]
            entry["lines"] += 1
            entry["malformed_lines"] += 1


class _Months:
    """The files of the current month, open until the next one begins."""

    def __init__(self, folder: Path, level: int) -> None:
        self.folder, self.level = folder, level
        self.open: dict[str, tuple[str, ExitStack, BinaryIO]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _, stack, _ in self.open.values():
            stack.close()

    def write(self, log: str, name: str, content: Iterator[str]) -> None:
        """Append lines to the file `name`, the only one open for this log."""
        if log not in self.open or self.open[log][0] != name:
            if log in self.open:
                self.open[log][1].close()
            path, stack = self.folder / name, ExitStack()
            path.parent.mkdir(exist_ok=True)
            context = _packed(path, self.level) if path.suffix == ".gz" else path.open("wb")
            self.open[log] = (name, stack, stack.enter_context(context))
        self.open[log][2].writelines(line.encode() + b"\n" for line in content)


@contextmanager
def _packed(path: Path, level: int) -> Iterator[BinaryIO]:
    """A gzip file without name and time in its header, so that the same content gives the same bytes."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", level, raw, mtime=0) as file:
        yield file
