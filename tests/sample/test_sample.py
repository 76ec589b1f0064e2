"""The sample companies: the same bytes every time, as many messages as asked, and nothing borrowed from the kit."""

import ast
import gzip
import zlib
from collections import Counter
from pathlib import Path

import pytest

from integrhealth.errors import UnknownName, WrongValue
from integrhealth.sample import landscape, write_sample
from integrhealth.sample.companies import COMPANIES
from integrhealth.sample.journeys import records
from integrhealth.sample.journeys.spread import expected_reproduction, leak_factor
from integrhealth.sample.truth import flow_counts

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_logs"
# The library that packed the committed files; another one packs the same content into other bytes.
PACKED_WITH = "1.2.13"


@pytest.mark.parametrize("key", COMPANIES)
def test_the_committed_sample_is_what_the_code_writes(tmp_path, key):
    write_sample(tmp_path, company=key)
    committed = SAMPLES / f"company_{key}"
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(committed) for path in committed.rglob("*") if path.is_file())
    for name in names:
        written, kept = (tmp_path / name).read_bytes(), (committed / name).read_bytes()
        if name.suffix == ".gz" and zlib.ZLIB_RUNTIME_VERSION != PACKED_WITH:
            written, kept = gzip.decompress(written), gzip.decompress(kept)
        assert written == kept, name


def test_the_committed_samples_are_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 12_000_000


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_seed_decides_every_byte(tmp_path):
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        write_sample(tmp_path / name, company="b", messages=2000, seed=seed)
    one, same, other = (contents(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert one["otlp/traces-2025-12.jsonl.gz"] != other["otlp/traces-2025-12.jsonl.gz"]


def test_a_new_mechanism_disturbs_no_other(tmp_path, monkeypatch):
    def idle(flow, rng):
        rng.random(1000)
        return flow

    write_sample(tmp_path / "before", messages=2000)
    monkeypatch.setattr(records, "MECHANISMS", (idle, *records.MECHANISMS))
    write_sample(tmp_path / "after", messages=2000)
    assert contents(tmp_path / "before") == contents(tmp_path / "after")


@pytest.mark.parametrize("messages", [3000, 25_000])
@pytest.mark.parametrize("key", ["a", "b"])
def test_there_are_about_as_many_messages_as_asked(tmp_path, key, messages):
    truth = write_sample(tmp_path, company=key, messages=messages)
    besides = sum(sum(truth["messages"]["by_log"][log].values()) for log in ("master_data", "parcel_scans"))
    assert truth["messages"]["total"] - besides == pytest.approx(messages, rel=0.03)
    assert 0.05 < besides / messages < 0.09


def test_pieces_of_any_size_hold_every_day(monkeypatch):
    monkeypatch.setattr(records, "MESSAGES_AT_ONCE", 500)
    pieces = list(records.chunks(40_000, 3))
    assert len(pieces) > 60
    for name, count in records.event_counts(40_000, 3).items():
        assert sum(int(piece.counts[name].sum()) for piece in pieces) == int(count.sum())
        numbers = [piece.numbers[name] for piece in pieces]
        assert numbers == sorted(numbers)


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(UnknownName, match="there are: a, b"):
        write_sample(tmp_path, company="c")
    with pytest.raises(WrongValue, match="at least 1000"):
        write_sample(tmp_path, messages=10)


def test_the_sample_knows_nothing_of_the_kit():
    allowed = ("integrhealth.sample", "integrhealth.errors", "integrhealth.language.schema")
    for path in (ROOT / "integrhealth" / "sample").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert not name.startswith("integrhealth") or name.startswith(allowed), f"{path.name} imports {name}"


def test_journeys_hang_together():
    assert len(landscape.SYSTEMS) == 15
    assert len(landscape.INTEGRATIONS) == 36
    assert sum(journey.share for journey in landscape.JOURNEYS) == pytest.approx(1)
    used = {step.integration for journey in landscape.JOURNEYS for step in journey.steps} - {None}
    assert used == set(landscape.INTEGRATIONS)
    for journey in landscape.JOURNEYS:
        for step, parent in enumerate(journey.parents):
            if parent >= 0:
                assert parent < step
                assert journey.system_pair(step)[0] == journey.system_pair(parent)[1]


@pytest.mark.parametrize("company", COMPANIES.values(), ids=lambda company: company.key)
def test_errors_spread_as_often_as_planted(company):
    factor = leak_factor(company.key)
    assert expected_reproduction(company, factor) == pytest.approx(company.reproduction, abs=1e-6)
    assert expected_reproduction(company, 0.0) < 0.02  # what is left is two errors that met by chance
    counts = Counter()
    for chunk in records.chunks(150_000, 11):
        for flow in records.flows(chunk, company, 11):
            counts += flow_counts(flow)
    found = Counter()
    for key, count in counts.items():
        if key[:2] == ("outside_outage", "systems"):
            found[key[3]] += count
    share = found["passed_on"] / (found["passed_on"] + found["own_errors"])
    assert share == pytest.approx(company.reproduction, abs=0.03)
