"""The catalog: every key becomes its column, every fault is one line with file, path and remedy."""

from datetime import date

import polars as pl
import pytest
from drawing.shared_data import ROOT, shared_data

from integrhealth.catalog import CATALOG, SECTIONS, Catalog, catalog_aliases, load_catalog, read_catalog, write_catalog
from integrhealth.catalog.yaml_file import yaml_file
from integrhealth.errors import FaultyFile, NothingToRead

WHOLE = """
company: Acme
currency: EUR
timezone: Europe/Madrid
teams:
  - {name: finance, people: 9, line: 2}
  - {name: warehouse, people: 14}
systems:
  - {name: ERP, team: finance, owner: {name: ann@example.com, backup: bob@example.com}}
  - {name: WMS, team: warehouse, owner: carl@example.com, aliases: [wms-prod, wms-adapter]}
integrations:
  - name: shop-orders
    source: Webshop
    target: ERP
    level: experience
    beneficiary: {who: order desk, interviewed_on: 2026-02-10}
    owner: {name: desk@example.com, backup: ann@example.com, since: 2026-01-01}
    queue: true
    rejections: business
    sync_limit: 5m
    slo: {success: 0.995, p95: 2s}
    schedule: null
    fallback: {kind: none, tested_on: 2026-06-01, rate_per_hour: 40}
    tolerance: 4h
    success_metric: {name: late_share, baseline: 0.12, target: 0.06, due: 2026-12-31, better: lower}
    fields: {required: [order_id], sent: [order_id, note]}
elements:
  - {element: customer.address, origin: CRM, record: CRM, owner: crm@example.com, writers: [CRM]}
  - {element: supplier.bank_account, amended: false, correction_codes: [Z1, 7]}
transforms:
  - {integration: shop-orders, field: status_code, kind: map, from: [status]}
reports:
  - {report: daily sales, decisions: [price], statutory: false, owner: {name: ann@example.com}}
checkpoints:
  - {name: credit-check, integration: shop-orders, kind: approval}
rituals:
  - {name: weekly, weekday: tuesday, teams: [sales, warehouse]}
audit:
  - {question: 5, answer: partial, by: coo, on: 2026-09-30}
practices:
  - {name: a week in the warehouse, kind: rotation, teams: [finance, warehouse], on: 2026-05-04, by: coo}
  - {name: a week in the warehouse, kind: rotation, teams: [finance], on: 2026-09-07, by: coo}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "catalog.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def fault(path):
    with pytest.raises(FaultyFile) as caught:
        load_catalog(path)
    return caught.value


def test_every_key_becomes_its_column_in_the_units_of_the_schema(written):
    catalog = load_catalog(written(WHOLE))
    (row,) = catalog.integrations.rows(named=True)
    assert (catalog.company, catalog.currency, catalog.timezone) == ("Acme", "EUR", "Europe/Madrid")
    assert (row["sync_limit_ms"], row["slo_p95_ms"], row["tolerance_ms"]) == (5 * 60_000, 2_000, 4 * 3_600_000)
    assert (row["owner"], row["backup"], row["owner_since"]) == (
        "desk@example.com",
        "ann@example.com",
        date(2026, 1, 1),
    )
    assert (row["beneficiary"], row["interviewed_on"]) == ("order desk", date(2026, 2, 10))
    assert (row["queue"], row["rejections"]) == (True, "business")
    assert (row["fallback"], row["manual_rate_per_hour"], row["schedule_ms"]) == ("none", 40.0, None)
    assert (row["fields_required"], row["fields_sent"]) == (["order_id"], ["order_id", "note"])
    assert catalog.teams.rows() == [("finance", 9, 2), ("warehouse", 14, None)]
    assert catalog.systems.rows()[0] == ("ERP", "finance", "ann@example.com", "bob@example.com", None)
    assert catalog.reports.rows() == [("daily sales", ["price"], False, "ann@example.com")]
    assert catalog.elements.select("amended", "correction_codes").rows() == [(None, None), (False, ["Z1", "7"])]
    assert catalog.audit.rows() == [(5, "partial", "coo", date(2026, 9, 30))]
    assert catalog.practices["on"].to_list() == [date(2026, 5, 4), date(2026, 9, 7)]
    assert catalog.practices.row(0)[:3] == ("a week in the warehouse", "rotation", ["finance", "warehouse"])
    for section, columns in CATALOG.items():
        assert getattr(catalog, section).schema == pl.Schema(columns)


def test_the_example_that_users_copy_loads():
    shared_data("formats")
    catalog = load_catalog(ROOT.parent / "examples" / "catalog.yaml")
    assert catalog.integrations["integration"].to_list() == ["shop-orders"]
    assert catalog.capabilities.rows() == [("order to cash", "Webshop", "Bank", 5400.0)]


def test_an_empty_file_is_a_catalog_without_entries(written):
    catalog = load_catalog(written("# nothing yet\n"))
    assert all(getattr(catalog, section).is_empty() for section in SECTIONS)
    assert catalog.timezone == "UTC"


@pytest.mark.parametrize(
    ("right", "wrong", "where", "remedy"),
    [
        ("success: 0.995", "succes: 0.995", "integrations[0].slo.succes", "did you mean 'success'?"),
        ("success: 0.995", "success: 99.5", "integrations[0].slo.success", "0 to 1"),
        ("success: 0.995", "success: high", "integrations[0].slo.success", "write a number"),
        ("company: Acme", "compnay: Acme", "compnay", "did you mean 'company'?"),
        ("team: finance", "team: finanse", "systems[0].team", "did you mean 'finance'?"),
        ("team: finance", "team: legal", "systems[0].team", "finance, warehouse"),
        ("target: ERP", "target: erp", "integrations[0].target", "did you mean 'ERP'?"),
        ("integration: shop-orders, kind", "integration: shop, kind", "checkpoints[0].integration", "shop-orders"),
        ("integration: shop-orders, field", "integration: x, field", "transforms[0].integration", "shop-orders"),
        ("sync_limit: 5m", "sync_limit: 5 minutes", "integrations[0].sync_limit", "such as 5m"),
        ("sync_limit: 5m", "sync_limit: 300", "integrations[0].sync_limit", "such as 5m"),
        ("due: 2026-12-31", "due: soon", "integrations[0].success_metric.due", "2026-12-31"),
        ("level: experience", "level: experiance", "integrations[0].level", "did you mean 'experience'?"),
        ("Europe/Madrid", "Madrid", "timezone", "Europe/Madrid"),
        ("people: 9", "people: 9.5", "teams[0].people", "whole number"),
        ("line: 2", "line: 4", "teams[0].line", "1, 2, 3"),
        ("line: 2", "line: 2nd", "teams[0].line", "1, 2, 3"),
        ("line: 2", "line: true", "teams[0].line", "1, 2, 3"),
        ("line: 2", "line: 2.0", "teams[0].line", "1, 2, 3"),
        ("queue: true", "queue: yes", "integrations[0].queue", "true or false"),
        ("amended: false", "amended: no", "elements[1].amended", "true or false"),
        ("amended: false", "amendable: false", "elements[1].amendable", "did you mean 'amended'?"),
        ("rejections: business", "rejections: buisness", "integrations[0].rejections", "business"),
        ("aliases: [wms-prod, wms-adapter]", "aliases: [wms-prod, {a: b}]", "systems[1].aliases[1]", "a list"),
        ("name: WMS", "name: ERP", "systems[1]", "keep one"),
        ("kind: rotation", "kind: rotations", "practices[0].kind", "did you mean 'rotation'?"),
        ("kind: rotation, ", "", "practices[0]", "add kind"),
        ("teams: [finance, warehouse], on", "teams: [finanse], on", "practices[0].teams", "did you mean 'finance'?"),
        ("element: customer.address, ", "", "elements[0]", "add element"),
        ("backup: bob@example.com", "bakup: bob@example.com", "systems[0].owner.bakup", "did you mean 'backup'?"),
    ],
)
def test_a_fault_names_file_path_and_remedy(written, right, wrong, where, remedy):
    assert right in WHOLE
    path = written(WHOLE.replace(right, wrong, 1))
    error = fault(path)
    assert (error.file, error.where) == (str(path), where)
    assert remedy in error.remedy
    assert "\n" not in str(error)


def test_a_system_that_the_catalog_does_not_list_is_someone_elses(written):
    catalog = load_catalog(written(WHOLE.replace("source: Webshop", "source: Marketplace")))
    assert catalog.integrations["source"].to_list() == ["Marketplace"]


def test_yaml_that_cannot_be_read_names_its_line(written):
    path = written("company: Acme\nteams: [a, b\n")
    assert str(fault(path)).startswith(f"{path}:3: not YAML")


def test_a_repeated_key_is_refused_with_both_lines(written):
    error = fault(written("company: Acme\ncurrency: EUR\ncompany: Other\n"))
    assert (error.where, "line 1" in error.reason) == ("line 3", True)


@pytest.mark.parametrize(
    "text",
    [
        "company: &x [lol, lol]\nteams: [*x, *x]",
        "company: !!python/object/apply:os.system [echo]",
        "[" * 5_000,
        "- a list\n",
        "company: a\x00b",
        "teams: {name: finance}",
        "teams: [5]",
        "timezone: 2026-13-40",
    ],
)
def test_hostile_yaml_is_one_line_and_never_a_traceback(written, text):
    assert "\n" not in str(fault(written(text)))


def test_words_that_yaml_likes_to_change_stay_words(written):
    found = yaml_file(written("a: no\nb: on\nc: 012\nd: 12:30\ne: true\nf: 2026-01-02\n"))
    assert found == {"a": "no", "b": "on", "c": "012", "d": "12:30", "e": True, "f": date(2026, 1, 2)}


def test_a_catalog_that_is_not_there_is_said(tmp_path):
    with pytest.raises(NothingToRead, match="does not exist"):
        load_catalog(tmp_path / "catalog.yaml")


def test_the_names_that_logs_use_lead_to_the_system(written):
    aliases = catalog_aliases(load_catalog(written(WHOLE)))
    assert aliases.rows() == [("wms-adapter", "WMS"), ("wms-prod", "WMS")]
    assert catalog_aliases(Catalog()).schema == aliases.schema


@pytest.mark.parametrize("text", [WHOLE, ""])
def test_a_written_catalog_reads_back_the_same(written, tmp_path, text):
    catalog = load_catalog(written(text))
    write_catalog(catalog, tmp_path)
    again = read_catalog(tmp_path)
    assert (again.company, again.timezone) == (catalog.company, catalog.timezone)
    for section in SECTIONS:
        assert getattr(again, section).equals(getattr(catalog, section))
        assert getattr(again, section).schema == getattr(catalog, section).schema
