"""The sample companies say what was planted in their documents: counted line by line, with the money."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from drawing.samples import sample

from integrhealth.analyses.reconciliation.documents.questions import books, documents

SAMPLES = Path(__file__).parents[3] / "sample_logs"


@pytest.mark.parametrize("company", ["a", "b"])
def test_the_flags_of_a_sample_company_are_those_planted(company):
    truth = json.loads((SAMPLES / f"company_{company}" / "truth.json").read_text())["mechanisms"]["documents"]
    rows = documents(sample(company))
    assert Counter(rows["flag"]) == Counter(truth["lines_by_flag"])
    for flag, orders in truth["orders_of"].items():
        flagged = rows.filter(pl.col("flag") == flag)
        assert sorted(set(flagged["document"])) == orders, flag
        assert flagged["at_stake"].sum() == pytest.approx(truth["at_stake"][flag], abs=0.005), flag
    assert rows["certain"].all()


def test_the_books_of_the_healthy_one_tie_out_and_those_of_the_other_do_not():
    healthy, broken = books(sample("b")), books(sample("a"))
    assert set(healthy["unit"]) == {"documents"}
    assert set(healthy["gross"]) == {0.0}
    assert (broken["difference"] < 0).all()
