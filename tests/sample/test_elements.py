"""Single values in the sample companies: truth.json against plain walks over the rows of the change logs."""

import csv
import gzip
import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from math import log2
from pathlib import Path

import polars as pl
import pytest
from drawing.samples import sample

from integrhealth.sample import write_sample

SAMPLES = Path(__file__).parents[2] / "sample_logs"
FOLDERS = ("addresses", "order_amounts", "shipment_states")
ELEMENTS = ("customer.address", "order.amount", "shipment.status")
LIMIT = timedelta(hours=24)


def changes(folder: Path, name: str) -> list[dict]:
    """The rows of one change log."""
    rows = csv.DictReader(gzip.decompress((folder / name / "field_changes.csv.gz").read_bytes()).decode().splitlines())
    return [row | {"at": datetime.fromisoformat(row["at"])} for row in rows]


def by_entity(rows: list[dict]) -> dict[str, list[dict]]:
    things = defaultdict(list)
    for row in rows:
        things[row["entity"]].append(row)
    return things


@pytest.fixture(scope="module", params=["a", "b"])
def company(request):
    """Name, folder and planted mechanisms of a committed sample."""
    folder = SAMPLES / f"company_{request.param}"
    return request.param, folder, json.loads((folder / "truth.json").read_text())["mechanisms"]


def test_a_value_comes_with_a_message_for_that_system(company):
    key, folder, _ = company
    messages = {
        row["message_id"]: row
        for row in sample(key)
        .messages.select("message_id", "source", "target", "status", "sent_at", "integration")
        .to_dicts()
    }
    for row in [row for name in FOLDERS for row in changes(folder, name) if row["message_id"]]:
        message = messages[row["message_id"]]
        assert (message["target"], message["integration"], message["status"]) == (row["system"], row["actor"], "ok")
        assert timedelta() <= row["at"] - message["sent_at"] < timedelta(hours=2)


def conflict_ends(folder: Path) -> tuple[Counter, int]:
    """How the conflicts between CRM and ERP of more than a day ended, and how many differences were shorter."""
    ends, within = Counter(), 0
    for rows in by_entity(changes(folder, "addresses")).values():
        shown, since = {}, None
        for row in rows:
            shown[row["system"]] = row["value_hash"]
            differs = "ERP" in shown and "CRM" in shown and shown["ERP"] != shown["CRM"]
            if differs and since is None:
                since = row["at"]
            elif not differs and since is not None:
                if row["at"] - since > LIMIT:
                    ends["record_won" if row["system"] == "ERP" else "record_lost"] += 1
                else:
                    within += 1
                since = None
        ends["open"] += since is not None
    return ends, within


def test_conflicts_end_as_planted(company):
    key, folder, mechanisms = company
    planted = mechanisms["two_truths"]
    ends, within = conflict_ends(folder)
    assert {end: ends[end] for end in planted["conflicts"]} == planted["conflicts"]
    assert within == planted["within_the_limit"]
    expected = {"a": {"record_won": 24, "record_lost": 36, "open": 18}, "b": dict.fromkeys(planted["conflicts"], 0)}
    assert planted["conflicts"] == expected[key]
    assert planted["authority"] == (0.4 if key == "a" else None)


def test_who_writes_where_no_message_came(company):
    key, folder, mechanisms = company
    written = Counter(row["system"] for row in changes(folder, "addresses") if not row["message_id"])
    assert written == mechanisms["two_truths"]["writers"]
    assert set(written) == ({"CRM", "ERP", "Webshop"} if key == "a" else {"CRM"})


def test_amounts_change_where_it_was_planted(company):
    key, folder, mechanisms = company
    planted = mechanisms["laundering"]
    inside, arrived = {}, {}
    for order, rows in by_entity(changes(folder, "order_amounts")).items():
        values = {}
        for row in rows:
            values.setdefault(row["system"], []).append(row)
        first = values["CRM"][0]["value_hash"]
        if values["ERP"][0]["value_hash"] != first:
            arrived[order] = values["ERP"][0]["message_id"]
        elif len(values["ERP"]) > 1:
            assert (values["ERP"][1]["actor"], values["ERP"][1]["message_id"]) == ("discount-workflow", "")
            ledger = values["Financial system"][0]
            assert ledger["value_hash"] == values["ERP"][1]["value_hash"] != first
            inside[order] = {"came": values["ERP"][0]["message_id"], "left": ledger["message_id"]}
        # The ledger and the report show the same, changed or not.
        assert len({row["value_hash"] for system in ("Financial system", "BI") for row in values.get(system, ())}) == 1
    assert inside == planted["by_workflow"]["orders"]
    assert arrived == planted["on_arrival"]["orders"]
    assert (len(inside), len(arrived)) == ((40, 15) if key == "a" else (0, 0))


def test_bits_are_lost_as_planted(company):
    key, folder, mechanisms = company
    pairs = Counter()
    for rows in by_entity(changes(folder, "shipment_states")).values():
        values = {row["system"]: row["value_hash"] for row in rows}
        assert values["Carrier"] == values["Tracking"]
        pairs[values["Tracking"], values["Customer portal"]] += 1
    total, shown = sum(pairs.values()), Counter()
    for (_, after), count in pairs.items():
        shown[after] += count
    lost = -sum(count / total * log2(count / shown[after]) for (_, after), count in pairs.items())
    assert lost == pytest.approx(mechanisms["lost_meaning"]["loss_bits"], abs=1e-6)
    # Five states as likely as each other, three and two of them shown as one.
    assert lost == pytest.approx(0.6 * log2(3) + 0.4 if key == "a" else 0, abs=1e-6)


def test_nothing_of_it_looks_like_a_correction(company):
    """Each first value in a system is what somebody wrote there: other reports learn nothing from these logs."""
    key, _, _ = company
    evidence = sample(key)
    assert evidence.changes_by_persons.filter(pl.col("element").is_in(ELEMENTS)).is_empty()
    assert evidence.bad_entries.filter(pl.col("element").is_in(ELEMENTS)).is_empty()


@pytest.mark.parametrize("company", ["a", "b"])
def test_a_small_company_of_another_seed_is_as_planted(tmp_path, company):
    planted = write_sample(tmp_path, company=company, messages=6000, seed=7)["mechanisms"]
    counts = {"a": (2, 4, 2), "b": (0, 0, 0)}
    conflicts = planted["two_truths"]["conflicts"]
    assert tuple(conflicts[end] for end in ("record_won", "record_lost", "open")) == counts[company]
    ends, within = conflict_ends(tmp_path)
    assert {end: ends[end] for end in conflicts} == conflicts
    assert within == planted["two_truths"]["within_the_limit"]
    assert planted["lost_meaning"]["shipments"] % 5 == 0
    for name in FOLDERS:
        assert changes(tmp_path, name)
