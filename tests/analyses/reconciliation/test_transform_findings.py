"""What is said of meaning: planted losses and the edge just below."""

import polars as pl
import pytest
from drawing.transforms import INTEGRATION, evidence, sent

import integrhealth as ih
from integrhealth.analyses.reconciliation.transforms.findings import transform_findings
from integrhealth.analyses.reconciliation.transforms.notes import NO_FIELDS, NO_INTEGRATIONS, transform_notes
from integrhealth.analyses.reconciliation.transforms.questions import transform_fields, transforms

STATUSES = ["new", "packed", "shipped", "returned", "closed"]
MERGED = dict(zip(STATUSES, ["open", "open", "open", "done", "done"], strict=True))


def said(logs):
    tables = transforms(logs), transform_fields(logs)
    return pl.concat(transform_findings(*tables, integrations=logs.catalog.integrations))


def merging(count, **options):
    before = [STATUSES[number % 5] for number in range(count)]
    return sent([("status", "status", before, [MERGED[status] for status in before])], **options)


def test_a_loss_that_nobody_registered_is_a_warning_with_its_bits():
    (row,) = said(evidence(merging(500), owner="ana@example.com")).to_dicts()
    assert (row["rule"], row["subject"], row["severity"], row["n"]) == ("loses_meaning", INTEGRATION, "warning", 500)
    assert (
        row["statement"] == "erp-wms makes 5 values of status into 2 of status: 1.35 of 2.32 bits cannot be read back."
    )
    assert row["value"] == pytest.approx(1.351, abs=5e-4)
    assert row["low"] < row["value"] < row["high"]
    assert (row["owner"], row["unit"]) == ("ana@example.com", "bits per message")


@pytest.mark.parametrize("kind", ["map", "drop"])
def test_a_loss_on_purpose_is_a_note(kind):
    (row,) = said(evidence(merging(500), transforms=[(INTEGRATION, "status", kind, ["status"])])).to_dicts()
    assert (row["rule"], row["severity"]) == ("loses_meaning", "note")
    assert ", as the catalog registers: " in row["statement"]


def test_a_copy_that_loses_is_not_on_purpose():
    (row,) = said(evidence(merging(500), transforms=[(INTEGRATION, "status", "copy", ["status"])])).to_dicts()
    assert row["severity"] == "warning"


@pytest.mark.parametrize(("rare", "rules"), [(50, []), (80, ["loses_meaning"])])
def test_rare_values_that_are_merged_lose_too_little_to_say(rare, rules):
    """Two of three statuses become one: 50 and 50 of 1,000 lose 0.10 bits, 80 and 80 lose 0.16."""
    before = ["a"] * (1000 - 2 * rare) + ["b"] * rare + ["c"] * rare
    after = ["1" if value == "a" else "2" for value in before]
    findings = said(evidence(sent([("status", "status", before, after)])))
    assert findings["rule"].to_list() == rules


def test_all_that_only_copy_are_one_note():
    values = ["a", "b", "c"] * 20
    parts = [sent([("status", "status", values, values)], integration=f"copy {number}") for number in range(5)]
    (row,) = said(evidence(*parts)).to_dicts()
    assert (row["rule"], row["subject"], row["severity"], row["n"], row["value"]) == (
        "passes_through",
        "copies",
        "note",
        300,
        1,
    )
    assert row["statement"] == (
        "Each of 5 integrations passes what it gets on and adds nothing (300 of 300 values arrive as they were): "
        "copy 0, copy 1, copy 2 and others."
    )
    (row,) = said(evidence(parts[0])).to_dicts()
    assert row["statement"].startswith("1 integration passes what it gets on and adds nothing")


def test_fields_for_nothing_are_a_note_with_their_names():
    logs = evidence(fields=[(INTEGRATION, ["a"], ["a", "b", "c", "d", "e"])], owner="ana@example.com")
    (row,) = said(logs).to_dicts()
    assert (row["rule"], row["severity"], row["value"], row["n"]) == ("unused_fields", "note", 0.8, 5)
    assert row["statement"] == "erp-wms sends 4 of 5 fields that its receiver never uses (80%): b, c, d and others."
    assert said(evidence(fields=[(INTEGRATION, ["a"], ["a"])])).is_empty()


def test_the_notes_say_what_would_help():
    def notes(logs):
        return transform_notes({"transforms": transforms(logs), "transform_fields": transform_fields(logs)})

    assert notes(ih.Evidence()) == {"transforms": NO_INTEGRATIONS, "transform_fields": NO_FIELDS}
    assert notes(ih.Evidence(messages=merging(3)[0])) == {"transform_fields": NO_FIELDS}
    assert notes(evidence(merging(3))) == {}
    assert said(ih.Evidence()).is_empty()
