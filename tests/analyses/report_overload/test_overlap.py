"""Shared fields and metrics of reports, against the plain definition."""

from itertools import combinations

import pytest
from drawing.reports import stock
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.analyses.report_overload.cover.overlap import nearest, overlaps


def test_overlap_counts_shared_fields_and_metrics_once():
    reports = stock(
        {"report": "a", "fields": ["1", "2", "3", "3"], "metrics": ["4", "5"]},
        {"report": "b", "fields": ["5", "4", "3"], "metrics": ["2"]},
        {"report": "c", "fields": ["1", "2"], "metrics": ["9"]},
        {"report": "d", "fields": [], "metrics": []},
    )
    pairs = overlaps(reports).select("report", "other", "overlap", "kind").rows()
    assert pairs == [("a", "b", 0.8, "near-duplicate")]
    found = {row[0]: row[1:] for row in nearest(reports).iter_rows()}
    assert found == {"a": ("b", 0.8), "b": ("a", 0.8), "c": ("a", pytest.approx(2 / 6)), "d": (None, None)}


names_of_items = st.lists(st.sampled_from("uvwxyz"), max_size=5)


@given(st.lists(st.tuples(names_of_items, names_of_items), min_size=1, max_size=8))
def test_overlap_is_that_of_the_plain_definition(contents):
    reports = stock(*({"report": f"r{i}", "fields": f, "metrics": m} for i, (f, m) in enumerate(contents)))
    sets = {f"r{i}": {*f, *m} for i, (f, m) in enumerate(contents)}
    jaccard = {
        (a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in combinations(sets, 2) if sets[a] | sets[b]
    }
    expected = {pair: share for pair, share in jaccard.items() if share >= 0.5}
    assert {row[:2]: row[2] for row in overlaps(reports).select("report", "other", "overlap").iter_rows()} == expected
    for name, _, share in nearest(reports).iter_rows():
        others = [value for pair, value in jaccard.items() if name in pair]
        assert share == (max(others, default=0.0) if sets[name] else None)
