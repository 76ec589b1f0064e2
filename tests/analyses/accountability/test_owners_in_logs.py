"""Owners that logs name: the ownership facet of OpenLineage, and tables of ownerships."""

import json
from datetime import date

from drawing.owners import ROB, catalog, table, verdicts
from drawing.shared_data import shared_data

import integrhealth as ih


def lineage(folder, *owned: tuple[str, str, list[str]]) -> None:
    """Run events as the specification shapes them: a job that reads one system and writes another, and its owners."""
    events = [
        {
            "eventType": "COMPLETE",
            "eventTime": at,
            "run": {"runId": f"{job}-{at}"},
            "job": {
                "namespace": "etl",
                "name": job,
                "facets": {"ownership": {"owners": [{"name": each} for each in names]}},
            },
            "inputs": [{"namespace": "shop", "name": "t"}],
            "outputs": [{"namespace": "lake", "name": "t"}],
        }
        for at, job, names in owned
    ]
    (folder / "events.jsonl").write_text("\n".join(json.dumps(each) for each in events))


def test_the_ownership_facet_names_the_owner_unless_the_catalog_does(tmp_path):
    first, later = "2026-03-01T10:00:00Z", "2026-03-05T10:00:00Z"
    lineage(
        tmp_path,
        (first, "load", ["team:data", "user:ann", "user:bob"]),
        (first, "moved", ["user:ann"]),
        (later, "moved", ["user:bob"]),
        (first, "group", ["team:data"]),
        (first, "robot", ["application:etl"]),
        (first, "said", ["user:ann"]),
        (first, "bare", []),
    )
    evidence = ih.read(tmp_path, catalog=catalog({"integration": "said", "owner": ROB}))
    found = {
        name: tuple(row[each] for each in ("owner", "backup", "verdict", "named_by"))
        for name, row in table(evidence).items()
    }
    assert found == {
        "load": ("user:ann", "user:bob", "owned", "logs"),
        "moved": ("user:bob", None, "owned", "logs"),
        "group": ("team:data", None, "team only", "logs"),
        "robot": ("application:etl", None, "nobody", "logs"),
        "said": (ROB, None, "owned", "catalog"),
        "bare": (None, None, "nobody", None),
    }
    assert table(evidence)["moved"]["owner_since"] == date(2026, 3, 5)
    assert table(evidence)["load"]["owner_since"] is None


def test_a_table_of_owners_names_them_too(tmp_path):
    (tmp_path / "ownerships.csv").write_text("kind,subject,owner\nintegration,load,ann@example.com\ndataset,t,bob\n")
    lineage(tmp_path, ("2026-03-01T10:00:00Z", "load", []))
    found = table(ih.read(tmp_path))["load"]
    assert (found["verdict"], found["named_by"], found["owner"][:7]) == ("owned", "logs", "person-")


def test_no_real_lineage_names_an_owner():
    folder = shared_data("formats/openlineage")
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if "SCHEMA" not in path.name]
    assert not any('"owners"' in text for text in texts)
    evidence = ih.read(folder)
    assert evidence.ownerships.is_empty()
    assert set(verdicts(evidence).values()) == {"nobody"}
